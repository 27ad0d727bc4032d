"""The machine of formats that are described as regions (`grammar.Regions`): one more state of the parser.

    outside ──opener──> region ──its closer, or the end──> outside

Outside, all openers are watched and the closer of the field that owns the text there, if one does; in a region only its own
closer, so that everything else in it is text. The earliest delimiter counts, then the longest, then an opener, then the first
by name. What the text of a region is, is the business of a *body*: words, calls that are read as they arrive, a text that only
means something once it is whole. A body that turns out to be no call is given back: it is content, in which openers are watched
again.

Knows delimiters, bodies and where calls and text go, and nothing of how templates are written, nor of the parser whose state it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from toolparse.compiled import compiled
from toolparse.engine.prose import TextWriter
from toolparse.engine.tool_choice import LISTED, Choice
from toolparse.events import CallArguments, CallEnd, CallStart, Content, Event, Problem, Reasoning, SpanField
from toolparse.grammar import Header, Region, Regions, ValueText
from toolparse.schemas.casts import Casts, declared_types
from toolparse.templates.delimiters import CONTEXT, Delimiter, delimiter
from toolparse.templates.template_fields import Body, CallText, Outside, Released, Whole, Words
from toolparse.wire.open_call import OpenCall

if TYPE_CHECKING:
    from toolparse.engine.places import Places

RESCAN = 1024
"""A region up to this length that is no call is looked at again for other openers; this keeps floods of openers linear."""
_NOT_BLANK = re.compile(r"\S")
Search = Callable[[str], "re.Match[str] | None"]


class Field:
    """A region with its patterns. `flow` finds nothing in text that passes through it."""

    __slots__ = ("close", "flow", "open", "region")

    def __init__(self, region: Region, openers: tuple[Delimiter, ...]) -> None:
        self.region = region
        self.open = delimiter(region.open) if region.open is not None else None
        self.close = delimiter(region.close) if region.close is not None else None
        watched = [each for each in (self.close, *(openers if self.open is None else ())) if each is not None]
        begins = [each.begins for each in watched if each.begins]
        if region.role == "calls":
            how = region.text
            begins += (delimiter(how.tail).begins,) if how.tail else ()
            begins += ('["\\\\\\x00-\\x1f]', *(re.escape(closer[0]) for _, closer in how.delimiters))
            self.flow: Search = re.compile("|".join(begins)).search
        else:
            self.flow = re.compile("|".join((r"(?<!\s)(\s+)\Z", *begins))).search


class Fields:
    """The fields of a format. `looks_back`: some delimiter depends on the text in front of it."""

    def __init__(self, regions: Regions) -> None:
        import regex

        openers = tuple(delimiter(region.open) for region in regions.fields if region.open is not None)
        self.fields = tuple(Field(region, openers) for region in regions.fields)
        with_openers = (field for field in self.fields if field.open is not None)
        self.openers = tuple(sorted(with_openers, key=lambda field: field.region.name))
        self.outside = next((field for field in self.fields if field.open is None), None)
        delimiters = [each for field in self.fields for each in (field.open, field.close) if each is not None]
        self.looks_back = any(each.looks_back for each in delimiters)
        self.anchor = regex.compile(regions.anchor, regex.DOTALL)


@compiled(maxsize=64)
def fields_of(regions: Regions) -> Fields:
    """The patterns of a format, compiled at its first use."""
    return Fields(regions)


class RegionMachine:
    """Reads one output, whose calls go to `sink` and texts to `writer`. `text` is what has arrived and is not settled, with the settled
    text in front of it that delimiters may look back at (`shift` characters); `scanned` says how much of what is kept has been searched
    for delimiters already, `raw` is the settled text of a region on trial, `went_back` that such a region was given back in this step.
    Content outside regions waits in `suspended` while a region may still turn out to be no call, so that it can go on as it was.
    `begun` is told that a call's name is confirmed, `is_typed` whether a marker between two positions came from ordinary tokens, `places`
    where things stand, if anybody asks.
    """

    def __init__(
        self,
        regions: Regions,
        sink: OpenCall,
        writer: TextWriter,
        choice: Choice,
        begun: Callable[[], None],
        is_typed: Callable[[int, int], bool],
    ) -> None:
        self.sink = sink
        self.writer = writer
        self.begun = begun
        self.is_typed = is_typed
        self.places: Places | None = sink.places
        self.raw: list[str] = []
        self.went_back = False
        self.fields = fields_of(regions)
        self.wanted = choice.mode != "none"
        self.forced = choice.mode == "required"
        self.forced_name = choice.name
        self.words: dict[str, Words] = {}
        self.field: Field | None = self.fields.outside
        self.body: Body | None = None
        self.suspended: Words | None = None
        self.opened: int = 0
        self.start: int = 0
        self.opener: int = 0
        self.seen: set[str] = set()
        self.reasoned = False
        self.lead = ""
        self.text = ""
        self.base: int = 0
        self.shift = 0
        self.before = ""
        self.opened_behind = ""
        self.raw_from = 0
        self.scanned = 0
        self.last = False
        self.known: dict[tuple[Field, Delimiter], tuple[Any, int]] = {}
        self.fired: set[tuple[Field, Delimiter]] = set()
        self.fired_at = -1
        sink.begun = self.call_begun

    # -- what the parser asks ----------------------------------------------------------------------------------------------------

    def step(self, text: str, base: int, at: int, last: bool) -> int:
        """Take `text`, which begins at the offset `base`, from `at` on. Returns `~position`, the first character that must wait; where a
        region was given back, of another text (`rest`)."""
        self.last = last
        self.went_back = False
        self.place(text, base)
        at += self.shift
        scan = at + self.scanned
        while True:
            match, where, crossed = self.next(scan)
            if self.forced and self.field is self.fields.outside and (forced := self.forces(at, where)) is not None:
                at = scan = forced
                continue
            at = self.take(at, where)
            if not self.refused and crossed is not None:
                self.cross(*crossed, match, where)
                if not self.refused:
                    at = scan = match.end()
                    continue
            elif not self.refused and last:
                self.leave(where, closed=False)
            if not self.refused:
                break
            at = scan = self.give_back(where)
        if last:
            self.end()
        if self.body is not None and self.body.on_trial:
            self.raw.append(self.text[self.raw_from : at])
        if self.fields.looks_back:
            self.before = self.text[max(0, at - CONTEXT) : at]
        self.scanned = where - at
        self.known.clear()
        return ~(at - self.shift)

    @property
    def rest(self) -> tuple[str, int]:
        """The text that positions refer to, and its offset."""
        return self.text[self.shift :], self.base + self.shift

    def flow(self, held: str) -> tuple[Search | None, int]:
        """The search that finds nothing in text which simply flows from here, behind what is `held`, and what kind of event it makes."""
        field, body = self.field, self.body
        if field is None or body is None or self.fields.looks_back or self.writer.block.fence is not None:
            return None, -1
        index = body.flows(held)
        if index is None:
            return None, -1
        self.scanned = 0
        return field.flow, index

    @property
    def held(self) -> int:
        """How many characters wait besides those that the parser keeps."""
        between = sum(map(len, self.raw)) + sum(len(words.between) for words in self.words.values())
        return between + sum(body.held for body in (self.body, self.suspended) if body is not None)

    @property
    def in_reasoning(self) -> bool:
        return self.field is not None and self.body is not None and self.field.region.role == "reasoning"

    def call_begun(self) -> None:
        """A call's name is confirmed."""
        self.begun()
        self.settle()
        self.forced = False
        sink = self.sink
        tool = sink.tool
        sink.parts = []
        if tool is not None and self.body is not None and self.body.casts and any(declared_types(tool, key) for key in tool.keys):
            sink.parts = Casts(tool, sink.rules.max_held)

    # -- text --------------------------------------------------------------------------------------------------------------------

    def place(self, text: str, base: int) -> None:
        """`text` begins at the offset `base`."""
        self.shift = len(self.before)
        self.text = self.before + text
        self.base = self.sink.base = base - self.shift
        self.raw_from = self.shift
        self.known.clear()

    def say(self, event: Event, start: int | None = None, end: int | None = None) -> None:
        """Say what was read from the offset `start` to `end`; None: what stands nowhere in the output."""
        places = self.places
        if places is not None and isinstance(event, (Content, Reasoning)):
            kind: SpanField = "content" if isinstance(event, Content) else "reasoning"
            places.said(kind, (), *((places.covered,) * 2 if start is None or end is None else (start, end)))
        fence = self.writer.block.fence
        if fence is not None and isinstance(event, (Content, Reasoning)):
            fence.feed(event.text)
        if isinstance(event, Content):
            self.writer.answer.begun = True
        self.writer.events.append(event)

    def problem(self, kind: str, message: str, offset: int, error: bool = False) -> None:
        """A problem outside calls."""
        self.say(Problem(kind, message, None, max(offset, 0), "error" if error else "warning"))

    # -- delimiters --------------------------------------------------------------------------------------------------------------

    def watched(self) -> list[tuple[Field, Delimiter]]:
        """What may come next. A field with its own opener is opened, with its own closer closed."""
        field, outside = self.field, self.fields.outside
        watched: list[tuple[Field, Delimiter]] = []
        if field is outside or isinstance(self.body, Released):
            watched += ((each, each.open) for each in self.fields.openers if each.open is not None)
            if outside is not None and outside.close is not None:
                watched.append((outside, outside.close))
        if field is not outside and field is not None and field.close is not None:
            watched.append((field, field.close))
        return watched

    def next(self, at: int) -> tuple[Any, int, tuple[Field, Delimiter] | None]:
        """The next delimiter: its match, where it begins, whose it is. Without one, how far the text is certainly none."""
        wait = len(self.text)
        best: tuple[int, int] | None = None
        match = crossed = None
        for field, each in self.watched():
            found, where = self.find(field, each, at)
            if found is None:
                wait = min(wait, where)
            elif best is None or (where, where - found.end()) < best:
                best, match, crossed = (where, where - found.end()), found, (field, each)
        if best is None or best[0] > wait or (best[0] == wait and not self.last):
            return None, wait, None
        return match, best[0], crossed

    def find(self, field: Field, each: Delimiter, at: int) -> tuple[Any, int]:
        """Where one delimiter stands next. An empty match counts once in a place, or nothing would ever go on."""
        key = (field, each)
        known = self.known.get(key)
        if known is None or known[1] < at:
            known = each.find(self.text, at, self.last, self.base)
        while known[0] is not None and not self.counts(key, *known):
            at = known[1] + 1
            known = each.find(self.text, at, self.last, self.base) if at <= len(self.text) else (None, len(self.text))
        self.known[key] = known
        return known

    def counts(self, key: tuple[Field, Delimiter], match: Any, where: int) -> bool:
        if match.end() == where:
            return self.base + where != self.fired_at or key not in self.fired
        return not self.is_typed(where - self.shift, match.end() - self.shift)

    def cross(self, field: Field, each: Delimiter, match: Any, where: int) -> None:
        """A delimiter stands at `where`."""
        if match.end() == where:
            if self.fired_at != self.base + where:
                self.fired_at = self.base + where
                self.fired.clear()
            self.fired.add((field, each))
        if each is field.open:
            self.enter(field, match)
        elif isinstance(self.body, Released) and field is self.field:
            self.body.take(where, match.end())
            self.field, self.body, self.suspended = self.fields.outside, self.suspended, None
        else:
            role = self.field.region.role if self.field is not None else "other"
            self.leave(where, closed=True)
            closer = match[0]
            if not self.refused:
                if self.places is not None and role in ("calls", "reasoning"):
                    self.places.closes("call" if role == "calls" else role, self.base + match.end())
                self.part(closer if closer.isspace() else closer[len(closer.rstrip()) :])

    # -- regions -----------------------------------------------------------------------------------------------------------------

    def enter(self, field: Field, match: Any) -> None:
        """A region opens."""
        start = match.start()
        may_be_none = field.region.role == "calls"
        if isinstance(self.body, Words) and may_be_none and self.body.region.role == "content":
            self.suspended, self.body = self.body, None
        elif isinstance(self.body, Released):
            self.body = None
        else:
            self.leave(start, closed=True)
            if self.refused:
                return
        if not may_be_none:
            self.settle()
        opener = match[0]
        self.lead = opener[: len(opener) - len(opener.lstrip())]
        if not may_be_none:
            self.part(self.lead)
            self.lead = ""
        if self.places is not None and field.region.role == "reasoning":
            self.places.opens(self.base + start + len(opener) - len(opener.lstrip()), self.base + match.end())
        self.field = field
        self.begin(start)
        self.opener = match.end() - start
        self.opened_behind = self.text[max(0, start - CONTEXT) : start] if self.fields.looks_back else ""
        fence = self.writer.block.fence
        if may_be_none and not (self.wanted and (fence is None or not fence.inside)):
            self.release(start, match.end())
        else:
            self.body = self.body_of(field.region, {name: text for name, text in match.groupdict().items() if text is not None})

    def begin(self, at: int) -> None:
        """What opens begins at `at`."""
        self.opened = len(self.writer.events)
        self.start = self.base + at
        self.opener = 0
        self.raw_from = at
        self.raw = []

    def body_of(self, region: Region, groups: dict[str, str]) -> Body:
        if region.role == "calls" and region.calls is not None:
            return CallText(self, region, groups)
        if region.role in ("calls", "other") or region.text.kind != "text" or region.shape is not None:
            return Whole(self, region, groups)
        return self.words_of(region)

    def words_of(self, region: Region) -> Words:
        """A new piece of the field's text."""
        words = self.words.setdefault(region.name, Words(self, region))
        words.open()
        return words

    def take(self, at: int, end: int) -> int:
        """The text from `at` to `end` belongs to what is open; returns how much of it is settled."""
        if self.body is None:
            if at == end:
                return at
            self.begin(at)
            self.body = Outside(self) if self.field is None else self.body_of(self.field.region, {})
        return self.body.take(at, end)

    def forces(self, at: int, end: int) -> int | None:
        """Where bare JSON begins, as guided decoding writes it where a call must come: the first text outside regions."""
        found = _NOT_BLANK.search(self.text, at, end)
        if found is None:
            return None
        self.forced = False
        if found[0] not in "[{":
            return None
        if found.start() > at:
            self.take(at, found.start())
        name = self.forced_name
        calls = Header(name, True) if name and found[0] == "{" else LISTED.body
        close = self.fields.outside.region.close if self.fields.outside is not None else None
        region = Region("tool_calls", "calls", close=close, text=ValueText("json"), calls=calls)  # type: ignore[arg-type]
        self.field = Field(region, ())
        self.body = None
        return found.start()

    def leave(self, at: int, closed: bool) -> None:
        """What is open ends at `at`."""
        body, field = self.body, self.field
        if body is not None:
            body.close(at, closed)
            if body.refused:
                return
            if field is not None:
                self.seen.add(field.region.name)
        self.settle()
        self.body = None
        self.field = self.fields.outside

    def settle(self) -> None:
        """The content that was suspended has ended where the region began."""
        words, self.suspended = self.suspended, None
        if words is not None:
            words.close(0, True)
            self.seen.add(words.region.name)
        self.part(self.lead)
        self.lead = ""

    def part(self, blanks: str) -> None:
        """White space that belongs to a delimiter stands between two pieces of content, too."""
        if blanks:
            for words in self.words.values():
                words.part(blanks)

    @property
    def refused(self) -> bool:
        return self.body is not None and self.body.refused

    def give_back(self, at: int) -> int:
        """The region is no call after all: it is content, from its opener on. Returns where the text goes on."""
        tried = min(self.base + at - self.start, self.sink.rules.max_held)
        text = "".join(self.raw) + self.text[self.raw_from :]
        self.sink.abandon()
        self.raw = []
        self.before = self.opened_behind
        self.went_back = True
        self.place(text, self.start)
        self.problem("not_a_call", "what looked like a call cannot be read as one and is content", self.start)
        if self.field is not None and self.field.open is not None:
            self.fired, self.fired_at = {(self.field, self.field.open)}, self.start
        end = self.shift + (self.opener if tried <= RESCAN else max(tried, self.opener))
        self.release(self.shift, end)
        return end

    def release(self, at: int, end: int) -> None:
        """The text from `at` to `end`, and what follows it in the region, is content."""
        self.lead = ""
        outside = self.fields.outside
        region = outside.region if outside is not None else None
        if self.suspended is None and region is not None and region.role == "content" and region.text == ValueText():
            self.suspended = self.words_of(region)
        self.body = Released(self, self.suspended)
        self.body.take(at, end)

    def end(self) -> None:
        """The output has ended."""
        for field in self.fields.fields:
            region = field.region
            if region.name in self.seen:
                continue
            if region.default:
                Words(self, region).emit(region.default)
            elif region.required:
                self.problem("missing_field", f"the output has no {region.name!r}", self.base + len(self.text), error=True)

    # -- the prompt --------------------------------------------------------------------------------------------------------------

    def turn_of(self, prompt: str) -> tuple[str, bool]:
        """The prompt's part of the turn, and whether the prompt says where that begins."""
        anchor = max((match.end() for match in self.fields.anchor.finditer(prompt)), default=None)
        return prompt[anchor or 0 :], anchor is not None

    def begin_output(self, events: list[Event], anchored: bool) -> list[Event]:
        """The prompt's part of the turn has been read and gave `events`. What it leaves open goes on, and its text so far is part of what
        is said of it: these are returned; of a prompt without an anchor only if an opener stands in front of it.
        """
        sink = self.sink
        said = self.body is not None and (anchored or self.field is not self.fields.outside)
        kept = events[self.opened :] if said else []
        if not said:
            self.body = self.suspended = None
            sink.abandon()
        first = next((event.index for event in kept if isinstance(event, CallStart)), sink.index + 1)
        for event in kept:
            if isinstance(event, (CallStart, CallArguments, CallEnd, Problem)) and event.index is not None:
                event.index -= first
            if isinstance(event, Problem):
                event.position = 0
        sink.index -= first
        if self.places is not None:
            self.places.begin_output(False)
            for event in kept:
                if isinstance(event, (Content, Reasoning)):
                    self.places.part("content" if isinstance(event, Content) else "reasoning", 0)
                elif isinstance(event, CallStart):
                    self.places.begin_call(0, False)
        self.writer.answer.begun = any(isinstance(event, Content) for event in kept)
        self.reasoned = any(isinstance(event, Reasoning) for event in kept)
        for words in self.words.values():
            words.pieces = int(words is self.body and words.joined)
            words.between = ""
        return kept
