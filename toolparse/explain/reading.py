"""An output read for a picture of it: stretches, what was said after each piece, problems by line, what each call was read as."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal

from toolparse.align import stretches
from toolparse.events import CallArguments, CallEnd, CallStart, Content, Event, Problem, Reasoning
from toolparse.grammar import Format
from toolparse.message import Message, MessageBuilder, ReasoningPart, ToolCall
from toolparse.parser import Parser
from toolparse.wire.spellings import spellings

Kind = Literal["content", "reasoning", "name", "arguments", "call", "marker", "framing"]
KINDS: dict[Kind, str] = {
    "content": "the answer",
    "reasoning": "reasoning",
    "name": "the name of a call",
    "arguments": "the arguments of a call",
    "call": "markup of a call",
    "marker": "markup of reasoning",
    "framing": "framing: in no field",
}
MOST_PIECES = 1500
PICTURES = {chr(code): chr(0x2400 + code) for code in range(32)} | {"\x7f": "\u2421"}
_PIECES = re.compile(r"<[^<>\s]{1,40}>|\s*\w{1,8}|\s*[^\w\s]{1,3}|\s+")


@dataclass(slots=True)
class Stretch:
    """Text that was read as one thing."""

    kind: Kind
    start: int
    end: int
    text: str
    call: int | None


@dataclass(slots=True)
class Step:
    """A piece of the output, the events that it brought, and how many characters were held then."""

    text: str
    events: list[Event]
    held: int


@dataclass(slots=True)
class Reading:
    """An output and what a format makes of it."""

    text: str
    format: Format
    message: Message
    stretches: list[Stretch]
    steps: list[Step]

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return all(call.complete for call in self.message.tool_calls) and not any(p.severity == "error" for p in self.message.problems)

    @property
    def verdict(self) -> str:
        """In one sentence what came of it."""
        attempts = self.message.attempts
        if not attempts:
            return f"no call; {why_none(self.format, self.text)}"
        each = Counter(f"{a.name or 'a call without a name'} ({a.status.replace('_', ' ')})" for a in attempts)
        calls = ", ".join(what + f" {times} times" * (times > 1) for what, times in each.items())
        return f"{len(attempts)} attempt{'s' * (len(attempts) > 1)} at a call: {calls}; finish reason {self.message.finish_reason!r}"


def why_none(fmt: Format, text: str) -> str:
    """Why a format finds no call in a text that gives no problem."""
    markers = openers(fmt)
    if not fmt.calls:
        return f"{fmt.name} has no calls"
    if not markers:
        return f"nothing in it begins a call of {fmt.name}, which has no marker for one"
    seen = next((marker for marker in markers if marker in text), None)
    if seen is not None:
        return f"{seen!r} stands in it, but no call of {fmt.name} follows"
    return f"a call of {fmt.name} begins with {markers[0]!r}, which is not in it"


def openers(fmt: Format) -> list[str]:
    """What begins the calls of a format."""
    found: list[str] = []
    for calls in fmt.calls:
        parts = [calls.wrapper.open] if calls.wrapper is not None else []
        for part in (*parts, *calls.open[:1]):
            found += [word for text in spellings(part) if (word := re.split(r"\{\w+\}", text)[0].strip())]
    return list(dict.fromkeys(found))


def visible(text: str, kept: str = "") -> str:
    """Text of the same length without what cannot be seen or moves what stands around it, such as the commands of a terminal."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() or one in kept else PICTURES.get(one, "\ufffd") for one in text)


def line_starts(text: str) -> list[int]:
    return [0, *(found.end() for found in re.finditer("\n", text))]


def read(text: str, fmt: Format, *, tools: Any = None, prompt: str | None = None, size: int | None = None) -> Reading:
    """Read an output in pieces, of `size` characters or about as long as tokens; never raises on what a model wrote."""
    parser = Parser(fmt, tools=tools, prompt=prompt, spans=True)
    builder = MessageBuilder()
    steps = []

    def say(piece: str, events: list[Event]) -> None:
        for event in events:
            builder.add(event)
        steps.append(Step(piece, events, parser.held))

    for piece in pieces(text, size):
        say(piece, parser.feed(piece))
    say("", parser.finish())
    message = parser.locate(builder.message)
    message.output = text
    return Reading(text, fmt, message, drawn(message, text), steps)


def pieces(text: str, size: int | None) -> list[str]:
    if size is None:
        found = _PIECES.findall(text)
        if len(found) <= MOST_PIECES:
            return found
        size = len(text) // MOST_PIECES + 1
    return [text[at : at + size] for at in range(0, len(text), size)]


def drawn(message: Message, text: str) -> list[Stretch]:
    """All of the text, in stretches. Of a response template the parts may not say where they stand: their text is framing here."""
    known = Message(parts=[part for part in message.parts if part.span is not None])
    places = {id(part): at for at, part in enumerate(known.parts)}
    for span in message.spans:
        part = message.parts[span.part]
        known.spans.append(type(span)(span.field, places[id(part)], span.start, span.end))
    found: list[Stretch] = []
    at = 0
    for piece in stretches(known):
        part_of = None if piece.part is None else known.parts[piece.part]
        kind: Kind = piece.field
        if kind == "framing":
            kind = "call" if isinstance(part_of, ToolCall) else "marker" if isinstance(part_of, ReasoningPart) else "framing"
        call = part_of.index if isinstance(part_of, ToolCall) else None
        found.append(Stretch(kind, piece.start, piece.end, text[piece.start : piece.end], call))
        at = piece.end
    if at < len(text):
        found.append(Stretch("framing", at, len(text), text[at:], None))
    return found


def words(event: Event) -> str:
    """An event in words."""
    match event:
        case Content(text):
            return f"content {text!r}"
        case Reasoning(text):
            return f"reasoning {text!r}"
        case CallStart(index, _, name):
            return f"call {index} begins: {name}"
        case CallArguments(index, text):
            return f"arguments of call {index}: {text}"
        case CallEnd(index, complete):
            return f"call {index} ends" + ("" if complete else ", not complete")
        case Problem(kind, message, severity=severity):
            return f"{severity} {kind}: {message}"


def read_as(reading: Reading, call: ToolCall) -> tuple[str, bool]:
    """The arguments of a call, and whether that is other text than what stood there."""
    span = call.arguments_span
    stood = "" if span is None else reading.text[span[0] : span[1]]
    return call.arguments, stood != call.arguments
