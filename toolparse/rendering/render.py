"""Writing a message as a model would: the inverse of parsing, from the same description.

The canonical spellings of a `Format` give the text; parsing that text again tells whether it means what was to be said. What it does
not say is refused, so `parse(render(message))` is always `message`, made-up ids and framing white space aside.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from toolparse.formats import get_format
from toolparse.grammar import Calls, Channels, Envelope, Format, Part, PythonCalls
from toolparse.message import Message, ReasoningPart, TextPart, ToolCall
from toolparse.parser import parse
from toolparse.rendering.writers import WRITERS, Number, read_arguments, written_part
from toolparse.wire.call_names import escaped_attribute
from toolparse.wire.spellings import canonical


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
    wanted = message if isinstance(message, Message) else Message.from_openai(message)
    for call in wanted.tool_calls:
        if not isinstance(read_arguments(call.arguments), dict):
            raise CannotRender(f"the arguments of {call.name!r} are no JSON object")
    if any(isinstance(part, ReasoningPart) for part in wanted.parts) and not chosen.reasoning:
        raise CannotRender(f"{chosen.name} has no reasoning")
    if wanted.tool_calls and not chosen.calls:
        raise CannotRender(f"{chosen.name} has no calls")
    difference = ""
    for how in chosen.calls if wanted.tool_calls else (None,):
        try:
            text = "".join(pieces(wanted, chosen, how))
            found = compare(wanted, parse(text, chosen, tools=tools, prompt=""))
        except RecursionError:
            raise CannotRender("the arguments are nested too deeply") from None
        if not found:
            return text
        difference = difference or found
    raise CannotRender(f"{chosen.name} cannot say this message: {difference}")


def compare(wanted: Message, got: Message) -> str:
    """The first thing that would be read back differently, in words; nothing when there is none."""
    for label in ("reasoning", "content"):
        have, need = getattr(got, label), getattr(wanted, label)
        if have != need:
            return f"{label} {shortened(need)} would be read as {shortened(have)}"
    if len(got.tool_calls) != len(wanted.tool_calls):
        return f"{len(wanted.tool_calls)} calls would be read as {len(got.tool_calls)}"
    for have_call, need_call in zip(got.tool_calls, wanted.tool_calls, strict=True):
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
    between = "" if fmt.channels is None else canonical(fmt.channels.start)
    written = False
    for i, (kind, parts) in enumerate(groupby(message.parts, type)):
        if i:
            yield between
        if kind is ToolCall and how is not None:
            yield from written_calls([part for part in parts if isinstance(part, ToolCall)], fmt, how, written)
            written = True
            continue
        for j, part in enumerate(parts):
            if j:
                yield between
            if isinstance(part, ReasoningPart):
                yield canonical(fmt.reasoning[0].open) + part.text + canonical(fmt.reasoning[0].close)
            elif isinstance(part, TextPart):
                yield written_content(part.text, fmt)
        written = kind is TextPart and not between


def written_content(text: str, fmt: Format) -> str:
    """Content, in the frame or behind the header that the template gives each piece of it."""
    if fmt.channels is not None:
        return content_header(fmt.channels) + text + fmt.channels.ends[0]
    for frame in fmt.frames:
        if frame.anywhere and frame.close is not None:
            return canonical(frame.open) + text + canonical(frame.close)
    return text


def content_header(channels: Channels) -> str:
    """The header of a message to the reader: of the first kind that is content."""
    kind = next(name for name, route in channels.kinds if route == "content")
    if kind in channels.close:
        return kind
    return (channels.channel + kind if channels.channel else channels.to.replace("{name}", kind)) + channels.close[0]


def written_calls(calls: list[ToolCall], fmt: Format, how: Calls, after_text: bool) -> Iterator[str]:
    """Calls that stand together. White space in front of the first opener is what the template writes behind text."""
    channels = fmt.channels
    if channels is not None and not any(marker in "".join(map(written_part, how.open)) for marker in channels.close):
        for i, call in enumerate(calls):  # the call itself has no header, so its message needs one
            yield canonical(channels.start) if i else ""
            yield channels.to.replace("{name}", call.name) + channels.close[0]
            yield from written_calls([call], fmt.variant(channels=None), how, False)
            yield channels.ends[0]
        return
    before = ""
    if after_text:
        first = canonical(how.wrapper.open) if how.wrapper is not None else written_part(how.open[0]) if how.open else ""
        before = first[: len(first) - len(first.lstrip("\n"))] or ("\n" if how.where == "line" and how.wrapper is None else "")
    opener, closer = ("", "") if how.wrapper is None else (canonical(how.wrapper.open).lstrip("\n"), canonical(how.wrapper.close))
    body = how.body
    write = WRITERS[type(body)]
    if isinstance(body, Envelope) and body.listed is not None:
        begin, between, end = body.listed
        head = opening(how.open, how, calls[0])
        yield before + opener + head + begin + between.join(write(how, call) for call in calls) + end + closing(how) + closer
    elif isinstance(body, PythonCalls) and body.listed:
        named = next(i for i, part in enumerate(how.open) if isinstance(part, str) and "{name}" in part)
        head = opening(how.open[:named], how, calls[0])
        listed = ", ".join(opening(how.open[named:], how, call) + write(how, call) for call in calls)
        yield before + opener + head + listed + "]" + closing(how) + closer
    else:
        lead = "".join(map(canonical, how.lead))
        texts = [opening(how.open, how, call) + lead + write(how, call) + closing(how) for call in calls]
        if how.wrapper is not None and how.wrapper.shared:
            yield before + opener + how.between.join(texts) + closer
        else:
            yield before + how.between.join(opener + text + closer for text in texts)


def opening(parts: tuple[Part, ...], how: Calls, call: ToolCall) -> str:
    text = "".join(map(written_part, parts)).lstrip("\n")
    name = call.name
    if how.id_holds_name:
        name = call.id if call.id.startswith(how.prefix) else f"{how.prefix}{call.name}:{call.index}"
    if how.escaped:
        name = escaped_attribute(name)
    return text.replace("{name}", name).replace("{id}", call.id).replace("{other}", "")


def closing(how: Calls) -> str:
    return "".join(map(canonical, how.close))
