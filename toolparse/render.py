"""Writing a message as a model would: the inverse of parsing, from the same description.

The canonical spellings of a `Format` give the text; parsing that text again tells whether it means what was to be said. What it does
not say is refused, so `parse(render(message))` is always `message`, made-up ids and framing white space aside.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from toolparse.formats import get_format
from toolparse.grammar import (
    Ahead,
    Body,
    Calls,
    Closed,
    Envelope,
    Format,
    JsonText,
    Marker,
    Maybe,
    OneOf,
    Parameters,
    Part,
    PythonCalls,
    Repeated,
)
from toolparse.lexer import SPACE
from toolparse.message import Message, ReasoningPart, TextPart, ToolCall
from toolparse.parser import parse


class CannotRender(ValueError):
    """The format cannot say this message so that it would be read back as it is; the message says what would be read."""


def render(message: Message | Mapping[str, Any], fmt: str | Format, *, tools: Any = None) -> str:
    """The text of an assistant's turn in a format.

    `message` is a `Message` or an assistant message of the OpenAI chat API. `tools` are the request's tools, for formats that
    write raw values and read them by their schema.

    >>> render({"content": "Hm.", "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]}, "deepseek_v31")[:3]
    'Hm.'

    Raises `UnknownFormat`, and `CannotRender` for what the format cannot say.
    """
    chosen = get_format(fmt) if isinstance(fmt, str) else fmt
    wanted = message if isinstance(message, Message) else from_openai(message)
    for call in wanted.tool_calls:
        if not isinstance(read_arguments(call.arguments), dict):
            raise CannotRender(f"the arguments of {call.name!r} are no JSON object")
    if any(isinstance(part, ReasoningPart) for part in wanted.parts) and not chosen.reasoning:
        raise CannotRender(f"{chosen.name} has no reasoning")
    if wanted.tool_calls and not chosen.calls:
        raise CannotRender(f"{chosen.name} has no calls")
    difference = ""
    for how in chosen.calls if wanted.tool_calls else (None,):
        text = "".join(pieces(wanted, chosen, how))
        found = compare(wanted, parse(text, chosen, tools=tools, prompt=""))
        if not found:
            return text
        difference = difference or found
    raise CannotRender(f"{chosen.name} cannot say this message: {difference}")


def from_openai(message: Mapping[str, Any]) -> Message:
    """An assistant message of the OpenAI chat API as a `Message`."""
    calls = []
    for index, call in enumerate(message.get("tool_calls") or ()):
        function = call.get("function", call)
        arguments = function.get("arguments") or "{}"
        text = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
        calls.append(ToolCall(index=index, id=call.get("id") or "", name=function["name"], arguments=text))
    reasoning = message.get("reasoning_content") or message.get("reasoning") or None
    return Message(content=message.get("content") or None, reasoning=reasoning, tool_calls=calls)


def read_arguments(text: str) -> Any:
    """The arguments as Python objects whose numbers keep their spelling; None when the text is no JSON."""
    try:
        return json.loads(text, parse_int=Number, parse_float=Number, parse_constant=refuse)
    except (ValueError, RecursionError):
        return None


def refuse(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


class Number(str):
    """A JSON number, as it was written."""


def compare(wanted: Message, got: Message) -> str:
    """The first thing that would be read back differently, in words; nothing when there is none."""
    for label in ("reasoning", "content"):
        have, need = getattr(got, label), getattr(wanted, label)
        if have != need:
            return f"{label} {shortened(need)} would be read as {shortened(have)}"
    if len(got.tool_calls) != len(wanted.tool_calls):
        return f"{len(wanted.tool_calls)} calls would be read as {len(got.tool_calls)}"
    for have_call, need_call in zip(got.tool_calls, wanted.tool_calls):
        if have_call.name != need_call.name:
            return f"the name {shortened(need_call.name)} would be read as {shortened(have_call.name)}"
        have, need = read_arguments(have_call.arguments), read_arguments(need_call.arguments)
        if not have_call.complete or not same(have, need):
            return f"the arguments {shortened(need_call.arguments)} would be read as {shortened(have_call.arguments)}"
    if [type(part) for part in got.parts] != [type(part) for part in wanted.parts]:
        return "the order of reasoning, text and calls would be another"
    return ""


def same(a: Any, b: Any) -> bool:
    """Equality in which a number is its value and not a string, and true is not 1."""
    if isinstance(a, Number) and isinstance(b, Number):
        return str(a) == str(b) or (float(a) == float(b) and not (a.lstrip("-").isdigit() and b.lstrip("-").isdigit()))
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)


def shortened(text: str | None) -> str:
    return repr(text) if text is None or len(text) <= 60 else repr(text[:57]) + "…"


# -- the turn ---------------------------------------------------------------------------------------------------------------------------


def pieces(message: Message, fmt: Format, how: Calls | None) -> Iterator[str]:
    """The text of the parts, in their order; calls that follow each other directly are written together, in the way `how`."""
    waiting: list[ToolCall] = []
    written = False
    for part in message.parts:
        if isinstance(part, ToolCall):
            waiting.append(part)
            continue
        if waiting and how is not None:
            yield from written_calls(waiting, how, written)
            waiting, written = [], True
        if isinstance(part, TextPart):
            yield part.text
        else:
            yield canonical(fmt.reasoning[0].open) + part.text + canonical(fmt.reasoning[0].close)
        written = isinstance(part, TextPart)
    if waiting and how is not None:
        yield from written_calls(waiting, how, written)


def written_calls(calls: list[ToolCall], how: Calls, after_text: bool) -> Iterator[str]:
    """Calls that stand together. White space in front of the first opener is what the template writes behind text."""
    before = ""
    if after_text:
        first = canonical(how.wrapper.open) if how.wrapper is not None else written_part(how.open[0]) if how.open else ""
        before = first[: len(first) - len(first.lstrip(SPACE))] or ("\n" if how.where == "line" and how.wrapper is None else "")
    opener, closer = ("", "") if how.wrapper is None else (canonical(how.wrapper.open).lstrip(SPACE), canonical(how.wrapper.close))
    body = how.body
    write = WRITERS[type(body)]
    if isinstance(body, Envelope) and body.listed:
        begin, between, end = body.layout
        head = opening(how.open, how, calls[0])
        yield before + opener + head + begin + between.join(write(body, call) for call in calls) + end + closing(how) + closer
    elif isinstance(body, PythonCalls) and body.listed:
        named = next(i for i, part in enumerate(how.open) if isinstance(part, str) and "{name}" in part)
        head = opening(how.open[:named], how, calls[0])
        listed = ", ".join(opening(how.open[named:], how, call) + write(body, call) for call in calls)
        yield before + opener + head + listed + "]" + closing(how) + closer
    else:
        texts = [opening(how.open, how, call) + leading(how) + write(body, call) + closing(how) for call in calls]
        if how.wrapper is not None and how.wrapper.shared:
            yield before + opener + how.between.join(texts) + closer
        else:
            yield before + how.between.join(opener + text + closer for text in texts)


def canonical(marker: Marker) -> str:
    """The spelling that the template writes, white space included."""
    return marker.spellings[0] if isinstance(marker, OneOf) else marker


def written_part(part: Part) -> str:
    """What the template writes for one part of an opening."""
    if isinstance(part, (Ahead, Closed)):
        return ""
    if isinstance(part, Maybe):
        return canonical(part.marker) if part.written else ""
    return part.marker if isinstance(part, Repeated) else canonical(part)


def opening(parts: tuple[Part, ...], how: Calls, call: ToolCall) -> str:
    text = "".join(map(written_part, parts)).lstrip(SPACE)
    name = call.name
    if how.name_in_id is not None:
        name = call.id if call.id.startswith(how.name_in_id) else f"{how.name_in_id}{call.name}:{call.index}"
    return text.replace("{name}", name).replace("{id}", call.id)


def leading(how: Calls) -> str:
    return "".join(map(canonical, how.lead))


def closing(how: Calls) -> str:
    return "".join(canonical(part) if not isinstance(part, Maybe) else written_part(part) for part in how.close)


# -- arguments --------------------------------------------------------------------------------------------------------------------------


def json_text(value: Any) -> str:
    """A value as JSON: numbers as they were written, no ASCII escapes but for lone surrogates."""
    out: list[str] = []
    todo: list[Any] = [value]
    while todo:
        item = todo.pop()
        if isinstance(item, Verbatim):
            out.append(item)
        elif isinstance(item, Number):
            out.append(item)
        elif isinstance(item, dict):
            inner: list[Any] = []
            for key, member in item.items():
                inner += [Verbatim(", " if inner else "{"), Verbatim(quoted(key) + ": "), member]
            todo += reversed([*inner, Verbatim("}" if inner else "{}")])
        elif isinstance(item, list):
            inner = []
            for member in item:
                inner += [Verbatim(", " if inner else "["), member]
            todo += reversed([*inner, Verbatim("]" if inner else "[]")])
        else:
            out.append(quoted(item) if isinstance(item, str) else json.dumps(item))
    return "".join(out)


class Verbatim(str):
    """Text that is written as it is."""


def quoted(text: str) -> str:
    plain = json.dumps(text, ensure_ascii=False)
    return json.dumps(text) if any("\ud800" <= character < "\ue000" for character in plain) else plain


def write_json(body: Body, call: ToolCall) -> str:
    return call.arguments


def write_envelope(body: Body, call: ToolCall) -> str:
    assert isinstance(body, Envelope)
    if body.keyed:
        return f"{{{quoted(call.name)}: {call.arguments}}}"
    wire_id = f"{quoted(body.id[0])}: {quoted(call.id)}, " if body.waits_for_id and call.id else ""
    return f"{{{wire_id}{quoted(body.name[0])}: {quoted(call.name)}, {quoted(body.arguments[0])}: {call.arguments}}}"


def write_parameters(body: Body, call: ToolCall) -> str:
    assert isinstance(body, Parameters)
    out = []
    trim = body.trim if body.trim_written else ""
    kinds = {kind: name for name, kind in reversed(body.kinds)}
    for key, value in read_arguments(call.arguments).items():
        is_text = isinstance(value, str) and not isinstance(value, Number)
        text = value if is_text else json_text(value)
        if body.xml:
            text = escaped_for_xml(text)
        kind = kinds.get("string") if is_text else kinds.get("json_by_schema") or kinds.get("json")
        opener = "".join(map(written_part, body.open)).replace("{key}", key).replace("{word}", key).replace("{kind}", kind or "")
        out.append(opener.replace("{other}", "") + trim + text + trim + canonical(body.close) + body.between)
    return "".join(out)


def escaped_for_xml(text: str) -> str:
    """Text as it stands in an element: as it is, or in CDATA where it holds markup or a line break."""
    if not any(character in text for character in "<&\n"):
        return text
    return "<![CDATA[" + text + "]]>"


def write_python(body: Body, call: ToolCall) -> str:
    arguments = read_arguments(call.arguments)
    return ", ".join(f"{key}={python_text(value)}" for key, value in arguments.items()) + ")"


def python_text(value: Any) -> str:
    """A value as a Python literal."""
    if isinstance(value, Number):
        return value
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quoted(key)}: {python_text(member)}" for key, member in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(python_text, value)) + "]"
    return {True: "True", False: "False", None: "None"}[value]


WRITERS: dict[type[Body], Callable[[Body, ToolCall], str]] = {
    JsonText: write_json,
    Envelope: write_envelope,
    Parameters: write_parameters,
    PythonCalls: write_python,
}
