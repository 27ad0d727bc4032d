"""What the text of an open region is: a body takes it piece by piece and says what it means.

`take(at, end)` gets the machine's text from `at` to `end` and returns how far it is settled; `close(at, closed)` says that the
region has ended, at its closer or by the end of the output. `refused` says that the text is no call after all, `on_trial` that
this is still open. `flows(held)` tells how text that nothing happens in comes out: -1 content, -2 reasoning, else the index of
the call, None when it does not simply come out. Knows nothing of delimiters.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Protocol

from toolparse.codecs.codec_base import NO_ENDS
from toolparse.codecs.envelopes import EnvelopeCalls
from toolparse.codecs.json_calls import NamedCall
from toolparse.codecs.json_text import JsonReader
from toolparse.events import Content, Reasoning
from toolparse.grammar import Envelope, Header, Region
from toolparse.jsontext import raw_values
from toolparse.jsontext.held_text import HeldText
from toolparse.schemas.casts import Casts, written
from toolparse.templates.lax_json import LaxEnvelopeCalls, LaxNamedCall
from toolparse.templates.tags import TagReader
from toolparse.templates.template_fill import Filled, calls_in, fill
from toolparse.templates.value_texts import Repairs, Unreadable, is_whole, read_value
from toolparse.wire.open_call import Opening

if TYPE_CHECKING:
    from toolparse.templates.template_machine import RegionMachine

HELD_SPACE = 64
"""White space up to this length waits with the text instead of in a list."""
_TAGS = re.compile(r"(?:\s|<[^<>\s]{1,64}>|\[/?[A-Z_]{1,64}\])*")
_NOTHING = re.compile(r"\s*")
_CLOSER = re.compile(r"\s*\]?\s*")
_EMPTY_LIST = re.compile(r"\s*\[\s*\]").match
_NOT_BLANK = re.compile(r"\S")
_FURTHER = re.compile(r"[^\s,]")
_LISTED = re.compile(r"\\.|[\"'\[\](){},]", re.DOTALL)


class Body(Protocol):
    refused: bool
    casts: bool
    """Whether the arguments that it writes are still to be cast by the schema."""

    @property
    def on_trial(self) -> bool: ...

    def take(self, at: int, end: int) -> int: ...

    def close(self, at: int, closed: bool) -> None: ...

    def flows(self, held: str) -> int | None: ...

    @property
    def held(self) -> int: ...


class Words:
    """Content or reasoning that is text, in one or more pieces, each without the white space at its ends. `between` is that which
    stands between two pieces of content, blocks left out: it is said if another piece comes.
    """

    refused = False
    on_trial = False
    casts = False

    def __init__(self, machine: RegionMachine, region: Region) -> None:
        self.machine = machine
        self.region = region
        self.pieces = 0
        self.between = ""
        self.gap = HeldText()
        self.begun = False
        self.spilled = False
        self.joined = False

    def open(self) -> None:
        """Another piece begins."""
        self.gap.clear()
        self.begun = self.spilled = self.joined = False

    @property
    def held(self) -> int:
        return self.gap.length

    def flows(self, held: str) -> int | None:
        if self.begun and not self.gap and not self.spilled and len(held) < HELD_SPACE:
            return -1 if self.region.role == "content" else -2
        return None

    def take(self, at: int, end: int) -> int:
        machine = self.machine
        if end == len(machine.text) and not machine.last and self.begun and self.region.text.strip:
            words = len(machine.text[at:end].rstrip())
            if end - at - words < HELD_SPACE and (words or not self.gap):
                self.add(machine.text[at : at + words], machine.base + at)
                return at + words
        self.add(machine.text[at:end], machine.base + at)
        return end

    def add(self, text: str, start: int) -> None:
        """More text of the piece, which begins at the offset `start`. All of a piece stands in one."""
        if not self.region.text.strip:
            self.say(text, start, start + len(text))
            return
        if not self.begun:
            words = text.lstrip()
            self.part(text[: len(text) - len(words)])
            start += len(text) - len(words)
            text = words
        words = text.rstrip()
        end = start + len(words)
        if words:
            blanks = len(words) - len(words.lstrip())
            if blanks:
                self.keep(words[:blanks], start + blanks)
            said = self.gap.taken() + words[blanks:]
            self.say(said, end - len(said), end)
            self.spilled = False
        if len(words) < len(text):
            self.keep(text[len(words) :], start + len(text))

    def keep(self, blanks: str, end: int) -> None:
        """White space up to the offset `end`, which is dropped if the piece ends behind it."""
        length = self.gap.add(blanks)
        if self.spilled or length > self.machine.sink.rules.max_held:
            self.say(self.gap.taken(), end - length, end)
            self.spilled = True

    def part(self, blanks: str) -> None:
        """White space behind a piece and in front of the next one."""
        region = self.region
        if self.pieces and region.role == "content" and region.join is None and region.text.strip:
            self.between = (self.between + blanks)[: self.machine.sink.rules.max_held]

    def join(self, at: int | None) -> None:
        """Put what stands between pieces in front of this one, which begins at the offset `at`."""
        if self.joined:
            return
        self.joined = True
        region, machine = self.region, self.machine
        if region.join is not None:
            if region.default and not self.pieces and region.name not in machine.seen:
                self.emit(region.default, at, at)
                self.pieces = 1
            if self.pieces:
                self.emit(region.join, at, at)
        elif region.role == "reasoning" and machine.reasoned:
            self.emit("\n", at, at)
        elif self.between:
            self.emit(self.between, at, at)
            self.between = ""
        self.pieces += 1

    def say(self, text: str, start: int, end: int) -> None:
        if text:
            self.join(start)
            self.begun = True
            self.emit(text, start, end)

    def emit(self, text: str, start: int | None = None, end: int | None = None) -> None:
        """Say a text that was read from `start` to `end`; without these it stands nowhere in the output."""
        machine = self.machine
        if text and self.region.role == "reasoning":
            machine.reasoned = True
            machine.say(Reasoning(text), start, end)
        elif text:
            machine.say(Content(text), start, end)

    def close(self, at: int, closed: bool) -> None:
        self.part(self.gap.taken())
        if self.region.join is not None:
            self.join(None)


class Released:
    """Text that is content because it was no call, or because no calls are wanted. It goes on the `words` that it stands in."""

    refused = False
    on_trial = False
    casts = False
    held = 0

    def __init__(self, machine: RegionMachine, words: Words | None) -> None:
        self.machine = machine
        self.words = words

    def take(self, at: int, end: int) -> int:
        text, start = self.machine.text[at:end], self.machine.base + at
        if self.words is not None:
            self.words.add(text, start)
        elif text:
            self.machine.say(Content(text), start, start + len(text))
        return end

    def close(self, at: int, closed: bool) -> None:
        """Whatever the text goes on ends by itself."""

    def flows(self, held: str) -> int | None:
        return None


class Dropped:
    """Text that is dropped, told by a problem unless it is framing."""

    def __init__(self, machine: RegionMachine, begin: int, where: str, framing: re.Pattern[str]) -> None:
        self.machine = machine
        self.begin = begin
        self.where = where
        self.framing = framing
        self.kept = HeldText()

    def add(self, text: str) -> None:
        limit = self.machine.sink.rules.max_held
        if self.kept.add(text) > limit:
            whole = self.kept.taken()
            while len(whole) > limit:
                self.tell(whole[:limit])
                whole = whole[limit:]
            self.kept.add(whole)

    def tell(self, text: str) -> None:
        if not self.framing.fullmatch(text):
            self.machine.problem("dropped_text", f"text {self.where} was dropped: {text.strip()}", self.begin)
        self.begin += len(text)

    def end(self) -> None:
        self.tell(self.kept.taken())


class Outside:
    """Text that no field owns. White space and tags there are framing."""

    refused = False
    on_trial = False
    casts = False

    def __init__(self, machine: RegionMachine) -> None:
        self.machine = machine
        self.dropped = Dropped(machine, machine.start, "outside all fields", _TAGS)

    @property
    def held(self) -> int:
        return self.dropped.kept.length

    def take(self, at: int, end: int) -> int:
        self.dropped.add(self.machine.text[at:end])
        return end

    def close(self, at: int, closed: bool) -> None:
        self.dropped.end()

    def flows(self, held: str) -> int | None:
        return None


class CallText:
    """Calls that are read as they arrive. Nothing is a call before its name is known, and JSON has begun where JSON must come."""

    def __init__(self, machine: RegionMachine, region: Region, groups: dict[str, str]) -> None:
        self.machine = machine
        self.region = region
        self.sink = machine.sink
        self.keys = region.calls if isinstance(region.calls, Envelope) else None
        header = region.calls if isinstance(region.calls, Header) else None
        self.name = "" if header is None else header.name if header.literal else groups.get(header.name, "").strip()
        self.id = groups.get(header.id) or None if header is not None else None
        self.reader: NamedCall | EnvelopeCalls | TagReader | None = None
        self.junk: Dropped | None = None
        self.read = 0
        self.at = 0
        self.casts = region.text.kind == "json"
        self.refused = header is not None and not self.name
        self.sink.opening = Opening(max(machine.start, 0), True, False)
        if header is not None and not self.casts and not self.refused:
            behind = machine.start + machine.opener - machine.base
            self.refused = not self.sink.begin(self.name, self.id, behind)
            self.sink.arguments_at(behind)
            self.reader = TagReader(self.sink, region.text)

    @property
    def on_trial(self) -> bool:
        return self.sink.trial

    @property
    def held(self) -> int:
        parts = self.sink.parts
        waiting = parts.held if isinstance(parts, Casts) else 0
        waiting += self.reader.held if self.reader is not None else 0
        return waiting + (self.junk.kept.length if self.junk is not None else 0)

    def flows(self, held: str) -> int | None:
        sink, reader = self.sink, self.reader
        if held or not sink.open or sink.muted or reader is None:
            return None
        passes = reader.passes if isinstance(reader, JsonReader) else None
        if (reader.flow if passes is None else passes.flow) is None:
            return None
        return sink.index if not isinstance(sink.parts, Casts) or sink.parts.passes else None

    def take(self, at: int, end: int) -> int:
        machine = self.machine
        while at < end and not self.refused:
            if self.reader is None:
                at = self.between(at, end)
                continue
            self.sink.base = machine.base + at
            at += self.reader.step(machine.text[at:end], 0, False)
            self.sink.base = machine.base
            if not self.reader.done:
                break
            self.ended(at)
        if self.sink.trial and not self.read and machine.base + at - machine.start > machine.sink.rules.max_held:
            self.refused = True
        self.at = at
        return at

    def between(self, at: int, end: int) -> int:
        """In front of a call, or behind all of them."""
        text = self.machine.text
        found = (_FURTHER if self.read else _NOT_BLANK).search(text, at, end)
        if self.junk is not None or found is None:
            if self.junk is not None:
                self.junk.add(text[at:end])
            return end
        at = found.start()
        if self.read and not (self.keys is not None and found[0] in "{["):
            self.junk = Dropped(self.machine, self.machine.base + at, "behind a call", _NOTHING)
        elif self.keys is None:
            self.refused = found[0] not in "{[\"'n" or not self.sink.begin(self.name, self.id, at)
            if not self.refused:
                self.reader = self.named()
        else:
            if self.read:
                self.machine.raw_from = at
                self.machine.raw = []
                self.sink.opening = Opening(self.machine.base + at, True, False)
            self.reader = self.enveloped(self.keys)
        return at

    def named(self) -> NamedCall:
        how = self.region.text
        if how.delimiters or how.unquoted_keys:
            return LaxNamedCall(self.sink, NO_ENDS, how)
        return NamedCall(self.sink, NO_ENDS)

    def enveloped(self, keys: Envelope) -> EnvelopeCalls:
        how = self.region.text
        if how.delimiters or how.unquoted_keys:
            return LaxEnvelopeCalls(self.sink, keys, NO_ENDS, how)
        return EnvelopeCalls(self.sink, keys, NO_ENDS, False)

    def ended(self, at: int) -> None:
        """The codec has read all that it can; `at` is where it got to."""
        refused, self.reader = self.reader is not None and self.reader.refused, None
        self.read += 1
        if not refused:
            return
        machine = self.machine
        raw = "".join(machine.raw) + machine.text[machine.raw_from : at]
        if self.read > 1:
            self.sink.abandon()
            machine.raw = []
            self.junk = Dropped(machine, machine.base + at - len(raw), "behind a call", _NOTHING)
            self.junk.add(raw)
            return
        rest = machine.text[at : at + 1]
        if _EMPTY_LIST(raw[machine.opener :] + rest):
            self.sink.abandon()
            machine.raw = []
            self.junk = Dropped(machine, machine.base + at, "behind a call", _CLOSER)
        else:
            self.refused = True

    def close(self, at: int, closed: bool) -> None:
        machine, sink = self.machine, self.sink
        text = machine.text[self.at : at]
        reader = self.reader
        if reader is not None:
            sink.base = machine.base + self.at
            if isinstance(reader, TagReader):
                end = reader.step(text, 0, True)
                reader.close(end) if closed else reader.finish(end)
            elif closed:
                end = reader.close_text(text)
            else:
                end = reader.step(text, 0, True)
                if not reader.done:
                    reader.finish(end)
            sink.base = machine.base
            self.ended(self.at + end)
            self.take(self.at + end, at)
        elif not self.read and self.keys is None:
            self.refused = not sink.begin(self.name, self.id, at)
            if not self.refused:
                sink.write("{}" if closed else "")
                sink.end(closed, at)
        elif not self.read and (text.strip() or self.region.open is not None):
            self.refused = True
        if self.junk is not None and not self.refused:
            self.junk.end()


def items_of(text: str) -> list[tuple[int, int]]:
    """Where the items of a list stand, of JSON or of Python, without the white space around them; the last may be cut."""
    begin = len(text) - len(text.lstrip())
    if text[begin : begin + 1] != "[":
        return []
    bounds = [begin + 1]
    depth, quote = 1, ""
    stop = len(text)
    for mark in _LISTED.finditer(text, begin + 1):
        sign = mark[0]
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "\"'":
            quote = sign
        elif sign in "[{(":
            depth += 1
        elif sign in "]})":
            depth -= 1
            if not depth:
                stop = mark.start()
                break
        elif sign == "," and depth == 1:
            bounds += [mark.start(), mark.end()]
    bounds.append(stop)
    items = []
    for start, end in zip(bounds[::2], bounds[1::2], strict=True):
        item = text[start:end]
        if item.strip():
            items.append((start + len(item) - len(item.lstrip()), start + len(item.rstrip())))
    return items


class Whole:
    """A text that means something only once all of it is there."""

    casts = True

    def __init__(self, machine: RegionMachine, region: Region, groups: dict[str, str]) -> None:
        self.machine = machine
        self.region = region
        self.groups = groups
        self.refused = False
        self.on_trial = True
        self.held = 0
        machine.sink.opening = Opening(max(machine.start, 0), region.role == "calls", False)

    def flows(self, held: str) -> int | None:
        return None

    def take(self, at: int, end: int) -> int:
        machine = self.machine
        self.refused = machine.base + end - machine.start > machine.sink.rules.max_held
        return end

    def close(self, at: int, closed: bool) -> None:
        machine, region = self.machine, self.region
        text = ("".join(machine.raw) + machine.text[machine.raw_from : at])[machine.opener :]
        self.on_trial = False
        if not text.strip() and region.open is None:
            return
        if region.role == "other":
            machine.problem("unknown_field", f"a message has no field {region.name!r} for this: {text}", machine.start)
            return
        report = Repairs(machine.sink, machine.start + machine.opener - machine.base)
        try:
            value = self.shaped(read_value(text, region.text, report, machine.sink.rules.max_depth), report)
        except Unreadable as fault:
            if region.role == "calls":
                self.refused = True
            else:
                report.problem("wrong_type", f"{region.name}: {fault}; the text stands as it is", 0)
                self.say(text.strip(), at)
            return
        if region.role == "calls":
            whole = is_whole(text, region.text)
            self.call(value, text, at, whole or (closed and region.text.kind == "json"), report)
        else:
            self.say(value if isinstance(value, str) else written(value), at)

    def say(self, text: str, at: int) -> None:
        """A text that stands for all of the region, which ends at `at`."""
        machine = self.machine
        words = machine.words_of(self.region)
        words.say(text, machine.start + machine.opener, machine.base + at)
        words.close(0, True)

    def shaped(self, value: Any, report: Repairs) -> Any:
        shape = self.region.shape
        if shape is None:
            return value
        if not self.region.each:
            return fill(shape, {**self.groups, "content": value})
        made = []
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                made.append(fill(shape, {**self.groups, **item}))
            else:
                report.problem("dropped_text", f"what is no object in a list of calls was dropped: {written(item)}", 0)
        return made

    def call(self, value: Any, text: str, at: int, complete: bool, report: Repairs) -> None:
        """Say the calls that the value of the text holds. Where several of them stand is known if each is an item of one list; else all
        but the last are one character long.
        """
        machine, sink = self.machine, self.machine.sink
        found = list(calls_in(value))
        calls = [call for call in found if call is not None]
        if not calls:
            self.refused = value != []
            sink.abandon()
            return
        kind = self.region.text.kind
        behind = machine.start + machine.opener - machine.base  # where the text begins
        items = items_of(text) if kind in ("python-call-list", "json") else []
        for number, call in enumerate(calls):
            last = number == len(calls) - 1
            here = machine.start - machine.base + number
            ends = at if last else here + 1
            if len(items) == len(calls) > 1 and len(found) == len(calls):
                begins, ends = (behind + bound for bound in items[number])
                here = begins if number else here
            sink.opening.start = max(machine.base + here, 0)
            if not sink.begin(call.name, call.id, at):
                self.refused = True
                return
            self.place(call.name, text, items[number] if len(items) == len(calls) else (0, len(text)), behind)
            sink.write(self.arguments(call, report))
            sink.end(complete or (not last and kind == "python-call-list"), ends)
        if None in found:
            report.problem("dropped_text", f"what is no call was dropped: {written(value)}", 0)

    def place(self, name: str, text: str, bounds: tuple[int, int], behind: int) -> None:
        """Where a call has its name and its arguments, of the text that begins at `behind`."""
        sink, kind = self.machine.sink, self.region.text.kind
        if kind == "json":  # where its arguments stand is not known: a value of any shape may be read as a call
            found = text.find(f'"{name}"', *bounds)
            if found >= 0:
                sink.name_at(behind + found + 1, behind + found + 1 + len(name))
        elif kind != "python-call-list":
            sink.arguments_at(behind)
        elif (found := text.find("(", *bounds)) >= 0:
            sink.name_at(behind + bounds[0], behind + found)
            sink.arguments_at(behind + found + 1)
            closer = text.rfind(")", found, bounds[1])
            sink.arguments_until(behind + (closer if closer >= 0 and not text[closer + 1 : bounds[1]].strip() else bounds[1]))

    def arguments(self, call: Filled, report: Repairs) -> str:
        """The JSON text of the arguments. A string that holds an object is unwrapped."""
        value = call.arguments
        if isinstance(value, dict):
            return written(value)
        if value is None:
            return "{}"
        if isinstance(value, str):
            found = raw_values.read_object(value.strip()) or raw_values.mend(value.strip(), "{")
            if found is not None:
                return found
        report.problem("not_an_object", f"the arguments are no object: {written(value)[:60]}", 0, error=True)
        return written(value)
