"""TRL and transformers: `tokenizer.parse_response`, on which TRL's trainers rest, answered by toolparse.

    from toolparse.plugins.trl import use_toolparse
    use_toolparse(tokenizer, "hermes")          # before the trainer is made
    GRPOTrainer(..., processing_class=tokenizer, tools=[...])

TRL asks the tokenizer for a `response_template` first and knows one for a dozen chat templates; `use_toolparse` makes every format work.
`response_template(NAME)` writes a format as such a template, for tokenizers that go to others, where it can be written as one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from types import MethodType
from typing import Any

from toolparse.data.conversation import LOST
from toolparse.formats import formats, get_format
from toolparse.grammar import Format
from toolparse.message import Message
from toolparse.parser import Parser, parse
from toolparse.plugins.whole_outputs import decoded, presumed_prompt, read_ids
from toolparse.rendering.render import CannotRender, compare, render
from toolparse.templates.response_template import InvalidTemplate, from_response_template


class CannotExport(ValueError):
    """A format that no response template describes; the message says why."""


def use_toolparse(tokenizer: Any, fmt: str | Format | None = None) -> Any:
    """Let this tokenizer's `parse_response` be answered by toolparse; returns the tokenizer.

    Without a format the tokenizer's response template or chat template tells it. Raises `UnknownFormat` where neither does.
    """
    if fmt is None:
        from toolparse.plugins.transformers import format_of

        fmt = format_of(tokenizer)
    chosen = get_format(fmt) if isinstance(fmt, str) else fmt
    tokenizer.parse_response = MethodType(lambda self, *given, **options: parse_response(self, chosen, *given, **options), tokenizer)
    if getattr(tokenizer, "response_template", None) is None:
        try:
            tokenizer.response_template = response_template(chosen)
        except CannotExport:
            tokenizer.response_template = ""  # TRL looks whether there is one, and not at what it says
    return tokenizer


def parse_response(tokenizer: Any, fmt: Format, response: Any, prefix: Any = None, tools: Any = None, **_: Any) -> Any:
    """What `parse_response` of transformers gives: the message as a dict, with the arguments of calls as objects; a list for a batch.

    `response` is text or token ids; `prefix` the prompt, as either; `tools` the request's. A response in which a call was tried and
    none could be read is content as a whole, as TRL takes it: a reward must see it.
    """
    given = response.tolist() if hasattr(response, "tolist") else response
    if isinstance(given, (list, tuple)) and given and not isinstance(given[0], int):
        prompts = prefix if isinstance(prefix, (list, tuple)) and len(prefix) == len(given) else [prefix] * len(given)
        return [parse_response(tokenizer, fmt, one, prompt, tools) for one, prompt in zip(given, prompts, strict=True)]
    prompt = prefix if prefix is None or isinstance(prefix, str) else decoded(tokenizer, prefix)
    if prompt is None:
        prompt = presumed_prompt(fmt, given if isinstance(given, str) else decoded(tokenizer, given))
    definitions = [tool for tool in tools if tool is not None] if tools else None
    if isinstance(given, str):
        message = parse(given, fmt, tools=definitions, prompt=prompt)
    else:
        message = read_ids(Parser(fmt, tools=definitions, prompt=prompt, spans=True), tokenizer, given)
    return _as_transformers(message, fmt)


def _as_transformers(message: Message, fmt: Format) -> dict[str, Any]:
    made: dict[str, Any] = {"role": "assistant", "content": message.content or ""}
    if message.reasoning:
        made["reasoning_content"] = message.reasoning
    calls = []
    for call in message.tool_calls:
        if call.complete:
            value = call.value()
            function = {"name": call.name, "arguments": value if isinstance(value, dict) else call.arguments}
            calls.append({"type": "function", "function": function})
    if calls:
        made["tool_calls"] = calls
    elif any(attempt.status in LOST for attempt in message.attempts):
        made = {"role": "assistant", "content": message.output or ""}
    return made


# -- a format as a response template ----------------------------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def _exported(fmt: Format) -> str:
    return json.dumps(_template(fmt), ensure_ascii=False)


def response_template(fmt: str | Format) -> dict[str, Any]:
    """The format as a `response_template` of transformers. Raises `CannotExport` where it cannot be written as one.

    The template is tried out before it is given: on messages with reasoning, text and calls it reads what the format reads.
    """
    template: dict[str, Any] = json.loads(_exported(get_format(fmt) if isinstance(fmt, str) else fmt))
    return template


def exports() -> dict[str, dict[str, Any] | str]:
    """For every format by name its response template, or in words why there is none."""
    found: dict[str, dict[str, Any] | str] = {}
    for fmt in formats():
        try:
            found[fmt.name] = response_template(fmt)
        except CannotExport as error:
            found[fmt.name] = str(error)
    return found


_NAMES, _KEYS, _VALUES = ("qfx", "qgx"), ("qkx", "qlx"), ("zvx", "zwx", "zux")
"""Words of the examples that stand in no marker."""
_SCHEMA = {"type": "object", "properties": {key: {"type": "string"} for key in _KEYS}}
TOOLS = [{"name": name, "parameters": _SCHEMA} for name in _NAMES]
_ONE = [(_NAMES[0], {_KEYS[0]: _VALUES[0]})]
_TWO = [(_NAMES[0], {_KEYS[0]: _VALUES[0], _KEYS[1]: _VALUES[1]}), (_NAMES[1], {_KEYS[0]: _VALUES[2]})]


def _said(calls: list[tuple[str, dict[str, str]]], content: str | None = None, reasoning: str | None = None) -> Message:
    listed = [{"function": {"name": name, "arguments": json.dumps(arguments)}} for name, arguments in calls]
    return Message.from_openai({"role": "assistant", "content": content, "reasoning_content": reasoning, "tool_calls": listed})


def _template(fmt: Format) -> dict[str, Any]:
    if not fmt.calls:
        raise CannotExport("it has no calls")
    if fmt.channels is not None:
        raise CannotExport("its messages have headers, which a template of regions does not know")
    fields: dict[str, Any] = {}
    for pair in fmt.reasoning[:1]:
        opener, closer = (mark if isinstance(mark, str) else mark.spellings[0] for mark in (pair.open, pair.close))
        fields["reasoning_content"] = {
            "open_pattern": r"\s*" + re.escape(opener.strip()),
            "close_pattern": re.escape(closer.strip()) + r"\s*",
        }
    fields["tool_calls"] = _calls_field(fmt)
    stops = "|".join(re.escape(mark.strip()) for mark in fmt.stop if mark.strip())
    fields["content"] = {"close_pattern": rf"\s*(?:{stops})\s*"} if stops else {}
    anchors = [mark for mark in fmt.turn if mark.strip()]
    template = {"defaults": {"role": "assistant"}, "start_anchor": anchors or ["\0"], "fields": fields}
    try:
        read = from_response_template(template)
    except InvalidTemplate as error:
        raise CannotExport(f"no template describes its markers: {error}") from None
    _tried(fmt, read)
    return template


def _tried(fmt: Format, read: Format) -> None:
    """Compare what the template reads with what the format reads. Raises `CannotExport`."""
    for calls in (_ONE, _TWO, []):
        for content in (None, "Some text."):
            for reasoning in (None, "A thought.") if fmt.reasoning else (None,):
                if not (calls or content):
                    continue
                wanted = _said(calls, content, reasoning)
                try:
                    text = render(wanted, fmt, tools=TOOLS)
                except CannotRender:
                    continue
                difference = compare(wanted, parse(text, read, tools=TOOLS, prompt=""))
                if difference:
                    raise CannotExport(f"a template reads it otherwise: {difference}")


def _calls_field(fmt: Format) -> dict[str, Any]:
    """The region of calls, as rendered examples show it: what stands before the name, between it and the arguments, and behind."""
    try:
        one = render(_said(_ONE), fmt, tools=TOOLS)
    except CannotRender as error:
        raise CannotExport(f"no example of it can be written: {error}") from None
    try:
        two = render(_said([_ONE[0], (_NAMES[1], {_KEYS[0]: _VALUES[1]})]), fmt, tools=TOOLS)
    except CannotRender:  # one call is all that the format has
        two = one
    field: dict[str, Any] = {"repeats": True}
    found = _json_in(one)
    bare = re.search(r"\{" + _KEYS[0] + r":(\W*)" + _VALUES[0] + r"(\W*?)\}", one)
    if found is not None:
        start, end, value = found
        opener, closer = one[:start], one[end:]
        field |= {"content": "json", **_transform(value)}
        if "transform_each" in field:
            del field["repeats"]
    elif bare is not None:
        opener, closer = one[: bare.start()], one[bare.end() :]
        quotes = {"string_delims": [[bare[1], bare[2]]]} if bare[1] else {}
        field |= {"content": "json", "content_args": {"unquoted_keys": True, **quotes}, **_transform(_ONE[0][1])}
    else:
        tags, opener, closer = _tags(one)
        field |= tags
    if not opener.strip():
        raise CannotExport("no marker opens its calls")
    own_open, own_close = (opener, closer) if "transform_each" in field else _own(opener, closer, two)
    field["open_pattern"] = _pattern(opener, own_open)
    if own_close.strip():
        field["close_pattern"] = r"\s*" + re.escape(own_close.strip()) + _optional(closer[len(own_close) :])
    else:  # nothing closes a call but the next one, or the end
        field["close_pattern"] = r"\s*(?=" + re.escape(own_open.strip().partition(_NAMES[0])[0]) + ")"
    return field


def _transform(value: Any) -> dict[str, Any]:
    """Where in the JSON of a call its name and its arguments are."""
    if value == _ONE[0][1]:
        return _function("{name}", "{content}")
    each = isinstance(value, list)
    body = value[0] if isinstance(value, list) and value else value
    if isinstance(body, Mapping):
        names = [key for key, inner in body.items() if inner == _NAMES[0]]
        bodies = [key for key, inner in body.items() if inner == _ONE[0][1]]
        if names and bodies:
            place = "" if each else "content."
            made = _function("{" + place + names[0] + "}", "{" + place + bodies[0] + "}")
            return {**made, "transform_each": True} if each else made
    raise CannotExport("its JSON holds the name or the arguments in a way that a template cannot say")


def _function(name: str, arguments: str) -> dict[str, Any]:
    return {"transform": {"type": "function", "function": {"name": name, "arguments": arguments}}}


def _json_in(text: str) -> tuple[int, int, Any] | None:
    """The first JSON in the text that holds the example's value."""
    decoder = json.JSONDecoder()
    for match in re.finditer(r"[\[{]", text):
        try:
            value, end = decoder.raw_decode(text, match.start())
        except ValueError:
            continue
        if _VALUES[0] in json.dumps(value):
            return match.start(), end, value
    return None


def _tags(text: str) -> tuple[dict[str, Any], str, str]:
    """The field of arguments in tags, a pattern made of what stands around key and value; what opens the call, and what closes it."""
    at, value = text.find(_KEYS[0]), text.find(_VALUES[0])
    before = re.search(r"\s*<[^<>\n]*>?\s*$", text[:at]) if 0 <= at < value else None
    stop = value + len(_VALUES[0])
    behind = re.match(r"\s*</?[^<>\n]*>", text[stop:])
    if before is None or behind is None:
        raise CannotExport("its arguments are neither JSON nor tags around keys and values")
    between = text[at + len(_KEYS[0]) : value]
    pattern = _loose(before[0].strip()) + r"(?P<key>[^<>\n\"]+?)" + _loose(between) + "(?P<value>.*?)" + _loose(behind[0])
    field = {
        "content": "xml-inline",
        "content_args": {"tag_pattern": pattern, "value_parser": {"name": "text", "args": {"strip": False}}},
        **_function("{name}", "{content}"),
    }
    return field, text[: before.start()], text[stop + behind.end() :]


def _loose(text: str) -> str:
    """A pattern of the text in which a line break may be missing."""
    return re.escape(text).replace("\\\n", "\n?")


def _own(opener: str, closer: str, two: str) -> tuple[str, str]:
    """What opens and closes each call, without the wrapper around them all: it stands between two calls, too."""
    between = two[two.find(_VALUES[0]) : two.find(_VALUES[1])].replace(_NAMES[1], _NAMES[0]).replace(":1", ":0")
    if len(between) < len(_VALUES[0]):
        return opener, closer
    own_open, own_close = opener, closer
    while own_open and own_open not in between:
        own_open = own_open[1:]
    while own_close and own_close not in between:
        own_close = own_close[:-1]
    begin = len(opener) - len(own_open)
    while begin < len(opener) and not (begin == 0 or opener[begin - 1] in ">]\n" or opener[begin].isspace()):
        begin += 1  # not in the middle of a marker
    end = len(own_close)
    while end and end < len(closer) and closer[end - 1] not in ">])}\n":
        end -= 1
    if _NAMES[0] in opener and _NAMES[0] not in opener[begin:]:
        raise CannotExport("what opens a call differs from call to call")
    return opener[begin:], closer[:end]


def _pattern(opener: str, own: str) -> str:
    wrapper = opener[: len(opener) - len(own)]
    text = re.escape(own.strip()).replace(_NAMES[0], r"(?P<name>[^\s<>\"'{}()\[\]:]+)", 1).replace(":0", r":\d+")
    return r"\s*" + _optional(wrapper) + text + r"\s*"


def _optional(text: str) -> str:
    return rf"(?:\s*{re.escape(text.strip())}\s*)?" if text.strip() else r"\s*"
