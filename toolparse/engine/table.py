"""The table of a format: for each place in a turn the rows that count there, and what each does.

Theory of operation. Whatever may stand in a turn besides text is a *row*: a marker, or the opening of a call, with the word for what
it does (`Row.does`). Where it counts is a *place*. A row may be *anchored* to a place (it counts only at the position where text would
begin, such as the opener of reasoning at the start of the output) or *float* in it (it is found anywhere in the text that follows).
What a flag of a format says ("the closer counts again", "the opener counts anywhere") is the set of places in which a row stands, and
nothing else: the machine (`engine/turn.py`) looks rows up and does what they say, and asks no format what it is like.

    first            the very start of an output of which the prompt says nothing
    start            nothing but white space has come
    closed           directly behind a reasoning block     (`unthought`: behind one that was empty, or that the prompt closed)
    answer           behind a label, or a frame's opener, with nothing said yet     (`unthought answer`: in front of all reasoning, too)
    resumed          at the start of a line, where reasoning or its stray closer came in the middle of the answer
    line             at the start of a line
    text             in a line
    stray            in a line, behind a stray closer

    echo             in reasoning that the prompt opened: the model may repeat the opener
    thinking line    in reasoning, at the start of a line
    thinking         in reasoning, in a line

`KINDS` says what is anchored in each of them and which place follows. What floats depends on the *ground*: the answer, each way to
reason, and for formats of messages also the inside of a call's message and what is outside messages. Behind each kind of call there is
one more place (`Behind`).

All of it is made once for a format and the options that change rows, and shared; nothing here keeps state. What a marker looks like
as a pattern is the business of `wire/markers.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any, NamedTuple

from toolparse.compiled import compiled
from toolparse.engine.shortcuts import CONTENT, REASONING, Flowing, Waiting
from toolparse.grammar import Calls, Envelope, Format, Frame, Reasoning
from toolparse.jsontext.characters import SPACE
from toolparse.wire.call_markers import Tail, heads, must_declare, section_closers
from toolparse.wire.call_objects import Edge, edges_of_objects
from toolparse.wire.damaged_closers import NO_ENDS, DamagedFrames, odd_ends
from toolparse.wire.damaged_openings import DamagedOpening, damaged_openings, opens_nothing, other_wrappers, suspicious
from toolparse.wire.headers import Headers, header_begins, header_markers, headers, message_markers
from toolparse.wire.lookalikes import BARS
from toolparse.wire.marker_rows import is_marker
from toolparse.wire.marker_search import watch_pattern
from toolparse.wire.markers import NO_GATE, Gate, Head, edge_openers, markers_of
from toolparse.wire.spellings import (
    any_of,
    beginnings,
    closing_parts,
    cut,
    frame_closers,
    longest_first,
    opening_parts,
    spellings,
    stop_texts,
    texts_of,
)
from toolparse.wire.suffixes import Suffixes, suffixed


class Closer(NamedTuple):
    """A closer of a call, as patterns: what it is, and what may become it at the end of the text."""

    full: re.Pattern[str]
    partial: re.Pattern[str]
    firsts: tuple[str, ...]


class Row:
    """A marker or an opening, and what it does.

    `does` is the name of the machine's action, `of` what it is done with: the reasoning that opens, the frame. `once`: it counts only
    while the machine has armed it under this word. `cut`: what the end of the output leaves of it is no text, but "dropped", or dropped
    if it is a "fragment". `begins`: what it may begin with, where the marker does not say. `waiting` is the shortcut for text that is only
    the beginning of it.
    """

    __slots__ = ("begins", "cut", "does", "marker", "of", "once", "waiting")

    def __init__(
        self, marker: str | Head | Closer, does: str, of: Any = None, once: str = "", cut: str = "", begins: tuple[str, ...] = ()
    ) -> None:
        self.marker = marker
        self.begins = begins
        self.does = does
        self.of = of
        self.once = once
        self.cut = cut
        if isinstance(marker, str):
            self.waiting: Waiting | None = Waiting(lambda text: marker.startswith(text) and text != marker)
        elif isinstance(marker, Closer):
            self.waiting = Waiting(marker.partial.match)
        elif isinstance(marker, Head) and not marker.any_name:
            self.waiting = Waiting(marker.waits)
        else:
            self.waiting = None

    @property
    def firsts(self) -> tuple[str, ...]:
        """What it may begin with."""
        if self.begins:
            return self.begins
        return (self.marker,) if isinstance(self.marker, str) else self.marker.firsts


Rows = tuple[Row, ...]


def where(row: Row) -> str:
    """Where the opening of a call counts."""
    return row.marker.where if isinstance(row.marker, Head) else ""


class Kind(NamedTuple):
    """A kind of place: the groups of rows that are anchored there, and the kind that follows: text; white space, without a line break
    or with one; a block's border; a call; a stray closer of reasoning."""

    rows: tuple[str, ...]
    text: str
    space: str
    line_break: str
    border: str
    call: str
    closer: str


_OBJECTS = ("{", "[")
"""What a call in an envelope begins with at the start of a line, though its opener is missing."""
_SIGNS = ("`", "``", "*", "**")
"""What may stand in front of a marker at the start of a line, as around code or what is stressed."""
_START = ("any calls", "lost opener", "frames")
KINDS = {
    #                        anchored                                  text    space     line break  border    call    closer
    "first": Kind((*_START, "labels", "again", "openers"), "text", "start", "start", "unthought answer", "line", "unthought answer"),
    "start": Kind((*_START, "again", "openers"), "text", "start", "start", "unthought answer", "line", "unthought answer"),
    "unthought": Kind((*_START, "closers", "open again"), "text", "unthought", "unthought", "unthought", "line", "unthought"),
    "closed": Kind((*_START, "closers", "openers"), "text", "closed", "closed", "closed", "line", "closed"),
    "unthought answer": Kind(
        (*_START, "open again"), "text", "unthought answer", "unthought answer", "unthought answer", "line", "unthought answer"
    ),
    "answer": Kind(_START, "text", "answer", "answer", "answer", "line", "answer"),
    "resumed": Kind(("line calls", "lost object", "frames"), "text", "resumed", "resumed", "resumed", "line", "resumed"),
    "line": Kind(("line calls", "lost object"), "text", "line", "line", "line", "line", "resumed"),
    "text": Kind((), "text", "text", "line", "text", "text", "stray"),
    "stray": Kind((), "text", "stray", "resumed", "stray", "text", "stray"),
}
_NEVER = ""
THINKING_KINDS = {
    "echo": Kind(("line calls", "repeated openers"), "thinking", "echo", "echo", _NEVER, _NEVER, _NEVER),
    "thinking line": Kind(("line calls",), "thinking", "thinking line", "thinking line", _NEVER, _NEVER, _NEVER),
    "thinking": Kind((), "thinking", "thinking", "thinking line", _NEVER, _NEVER, _NEVER),
}


class Place:
    """Where the text stands, and what counts there.

    `anchored` and `floating` are the rows, by the first character and by the whole marker, `look_alikes` those for what may be a marker;
    `search` finds the next marker, or what may become one. `pair` is the reasoning that is open. `on_line`: it is the start of a line, or
    of the output. `flowing` and `waiting` are the shortcuts for text without markers and for the beginning of one. `behind_…` are the
    places that follow, `behind_frame` by the number of frames that come earlier than the one that opens.
    """

    __slots__ = (
        "anchored", "behind_border", "behind_break", "behind_call", "behind_closer", "behind_frame", "behind_space", "behind_text",
        "floating", "flowing", "ground", "kind", "look_alikes", "on_line", "opens_calls", "pair", "passed", "search", "waiting",
    )  # fmt: skip

    behind_text: Place
    behind_space: Place
    behind_break: Place
    behind_border: Place
    behind_call: Place
    behind_closer: Place

    def __init__(self, kind: str, ground: Ground, anchored: Iterable[Row], passed: int) -> None:
        self.kind = kind
        self.ground = ground.name
        self.passed = passed
        self.pair = ground.pair
        self.on_line = kind not in ("text", "stray", "thinking")
        self.anchored = by_first(anchored)
        self.opens_calls = bool(ground.calls)
        self.floating = ground.floating
        self.look_alikes = ground.look_alikes
        self.search = ground.search
        self.flowing = ground.flowing if kind in ("text", "thinking") else None
        self.waiting = ground.waiting
        self.behind_frame: tuple[Place, ...] = ()


class Ground:
    """What floats in a stretch of text: the rows by their markers, and the search for all of them.

    `extra` are further markers that are noticed here (`Table.noticed` everywhere), `alike` those whose look-alikes are noticed, too; for
    these `look_alikes` are the rows.
    """

    def __init__(
        self,
        table: Table,
        name: str,
        pair: Reasoning | None,
        calls: Rows,
        rows: Iterable[Row],
        extra: Iterable[str] = (),
        alike: tuple[str, ...] = (),
    ) -> None:
        self.name = name
        self.pair = pair
        self.calls = tuple(row for row in calls if where(row) == "anywhere")
        edge = tuple(row for row in calls if where(row) != "anywhere")
        firsts = {text[:1] for row in edge for text in row.firsts}
        like_edge = tuple(row for row in self.calls if "" in firsts or any(text[:1] in firsts for text in row.firsts))
        lined = tuple(text for row in edge for text in row.firsts if is_marker(text) and "`" not in text) if table.reads_damaged else ()
        foreign = {text for calls in table.format.calls for text in other_wrappers(calls)}
        tags = [text for text in alike if text[1:2].isalnum() and text not in foreign] if calls else []
        unsigned = tuple(text[1:] for text in tags)  # a tag without its first sign
        damaged_line = (Row("", "damaged call", begins=(*lined, *unsigned)),) if lined or unsigned else ()
        signed = tuple(sign + first for first in {text[0] for text in alike} for sign in _SIGNS) if calls else ()
        lost = [*(table.lost_object if pair is None and calls else ())]
        lost += (Edge(re.escape(text), cut(text), text[0]) for text in (*unsigned, *signed))
        self.any_calls = (*(row for row in calls if row in edge or row in like_edge), *damaged_line)
        gates = {first: gate(self.any_calls, first, table.opens_nothing) for first in firsts}
        self.any_calls += tuple(Row(text, "signed call") for text in signed)
        self.line_calls = tuple(row for row in self.any_calls if where(row) != "start")
        rows = tuple(rows)
        markers = {text for row in (*rows, *self.calls) for text in row.firsts if text}
        markers.update(table.noticed, extra)
        markers.update(text[1:] for text in alike if text[1:2] in tuple(BARS))  # without its first sign it is one, too
        damaged_header = (Row("", "damaged header"),) if table.headers is not None else ()
        damaged_call = (Row("", "damaged call"),) if self.calls else ()
        framed = (Row("", "damaged frame"),) if frame_closers(table.format) and pair is None else ()
        self.look_alikes = (*framed, *damaged_header, *damaged_call) if table.reads_damaged else ()
        self.floating = {text: self.rows_for(text, rows) for text in markers}
        ends = odd_ends(table.format) if table.reads_damaged else NO_ENDS
        self.searched = (markers, gates, alike, tuple(lost), ends)
        self.search = re.compile(watch_pattern(*self.searched)).search
        self.flowing = Flowing(self.search, CONTENT if pair is None else REASONING, waiting_openings(self.floating))
        self.waiting = Waiting(self.is_beginning)

    def rows_for(self, text: str, rows: Rows) -> Rows:
        """The rows for a marker that has been found. Openings may begin with less than all of it."""
        here = [row for row in rows if row.marker == text]
        calls = [row for row in self.calls if any(text.startswith(first) for first in row.firsts)]
        before = [row for row in here if row.does in _BEFORE_CALLS]
        behind = [row for row in here if row.does not in _BEFORE_CALLS]
        damaged = () if any(row.does == "late" for row in here) else self.look_alikes
        return (*before, *calls, *damaged, *behind, Row(text, "stray"))

    def is_beginning(self, text: str) -> bool:
        """Whether all of `text` is the beginning of a marker. White space is not, which may begin a line."""
        found = self.search(text) if text[0] not in SPACE else None
        return found is not None and found.lastgroup == "hold" and not found.start()


def waiting_openings(floating: dict[str, Rows]) -> dict[str, Waiting]:
    """What is true of the beginning of a call's opening, by the markers behind which that is the first thing that may stand."""
    firsts = ((text, rows[0]) for text, rows in floating.items())
    return {text: row.waiting for text, row in firsts if row.does == "call" and row.waiting is not None}


def gate(rows: Rows, first: str, opens_nothing: str) -> Gate:
    """What shows at once that none of these rows counts where text begins with `first`."""
    if first == "<" and opens_nothing:
        return Gate(opens_nothing, "")
    here = (row.marker for row in rows if any(text[:1] in (first, "") for text in row.firsts))
    gates = {marker.gate(first) if isinstance(marker, Head) else NO_GATE for marker in here}
    return gates.pop() if len(gates) == 1 else NO_GATE


def before_names(fmt: Format) -> tuple[str, ...]:
    """What may stand in front of a name that lacks its opener; nothing in formats that write no name right behind one."""
    seconds = ((calls, spellings(part)[:1]) for calls in fmt.calls for part in calls.open[1:2])
    named = ((calls, _NAME_BEHIND_WORD.match(text)) for calls, texts in seconds for text in texts)
    return tuple({found[1] + calls.prefix: None for calls, found in named if found is not None})


_NAME_BEHIND_WORD = re.compile(r"(\w*:?)\{name\}")
"""A name, and a word that may stand in front of it."""


_BEFORE_CALLS = ("suffix", "header", "end message", "end call message", "close")


class Behind:
    """The place behind a call that was described by `calls`, whose `tail` says what closes it.

    `rows` are those that count there, by how many closers have been read; of each two, the first outside the wrapper and the second
    inside it.
    """

    __slots__ = ("calls", "rows", "tail")

    def __init__(self, calls: Calls, tail: Tail) -> None:
        self.calls = calls
        self.tail = tail
        self.rows: list[tuple[dict[str, Rows], dict[str, Rows]]] = []

    def fill(self, calls: Rows, calls_outside: Rows, calls_inside: Rows, others: Rows) -> None:
        """The closers come first, in their order; which may come again is for `tail` to say."""
        tail, closers, fences = self.tail, [], set()
        for number, part in enumerate(closing_parts(self.calls)):
            closer = Closer(tail.closers[number], tail.partial[number], spellings(part))
            closers.append(Row(closer, "close call", number))
            if "`" in spellings(part)[0]:  # which may be anybody's
                fences.add(number)
        if tail.reads_damaged:
            others = (Row("", "damaged behind call"), *others)
        for read in range(max(len(closers), 1)):
            again = [i for i in range(read) if i in tail.again or (tail.reads_damaged and i not in fences)]
            left = (*closers[read:], *(closers[i] for i in again))
            self.rows.append((by_first((*left, *calls_outside, *calls, *others)), by_first((*left, *calls_inside, *calls, *others))))


def by_first(rows: Iterable[Row]) -> dict[str, Rows]:
    """The rows by the first character of their markers, in their order. What may begin with any stands in each group, and in that of ""."""
    found: dict[str, list[Row]] = {"": []}
    for row in rows:
        firsts = {text[:1] for text in row.firsts}
        for first in firsts:
            found.setdefault(first, [*found[""]])
        for first in found if "" in firsts else firsts:
            found[first].append(row)
    return {first: tuple(group) for first, group in found.items()}


def rows_of(does: str, markers: Iterable[tuple[str, Any]], once: str = "", cut: str = "") -> list[Row]:
    """A row for each marker, the longest first, as one may begin with another; of equal ones the last counts."""
    given = dict(markers)
    return [Row(text, does, given[text], once, cut) for text in longest_first(given)]


class Options(NamedTuple):
    """The options that change the rows: whether calls count at all, and bare ones; whether a call ends open reasoning (None: as the format
    has it); further calls, which the request's tool choice adds; whether damaged markup is read."""

    with_calls: bool = True
    bare: bool = True
    in_reasoning: bool | None = None
    forced: tuple[Calls, ...] = ()
    damaged: bool = True


DEFAULT = Options()


class DamagedCall:
    """What a damaged opening opens. Most of them are tried and open nothing, so the row is made when one first does."""

    def __init__(self, table: Table, calls: Calls) -> None:
        self.table = table
        self.calls = calls

    @cached_property
    def row(self) -> Row:
        behind = self.table.behind.get(id(self.calls))
        if behind is None:  # a body of another dialect
            behind = self.table.behind_call(self.calls)
            self.table.fill_behind(behind)
        return Row("", "call", behind)


class Table:
    """The places of a format, with what else the machine needs to know of it."""

    def __init__(self, fmt: Format, options: Options) -> None:
        self.format = fmt
        self.options = options
        self.headers: Headers | None = headers(fmt.channels) if fmt.channels is not None else None
        self.call_ends = frozenset(spellings(part)[0] for calls in fmt.calls for part in calls.close[-1:]) - frozenset(
            fmt.channels.ends[:1] if fmt.channels is not None else ()
        )
        self.suffixes = Suffixes(fmt) if fmt.suffix else None
        self.stop_texts = longest_first(stop_texts(fmt))
        fragments = (text for calls in fmt.calls for text in markers_of(calls) if text.startswith(fmt.fragments))
        self.noticed = (*fmt.special_tokens, *fragments)
        self.frames = tuple(frame for frame in fmt.frames if not frame.anywhere)
        self.tagged = any(frame.anywhere for frame in fmt.frames)
        self.before_stop = {written.strip(SPACE): written[: -len(written.lstrip(SPACE))] for written in fmt.stop}
        self.call_ends_reasoning = options.in_reasoning is not False
        openings = ((calls, parts) for calls in options.forced for parts in (calls.open, *calls.also))
        forced = (Head(calls, parts, calls.where, must_declare(calls), False) for calls, parts in openings)
        known = (*heads(fmt, options.bare), *forced) if options.with_calls else ()
        self.heads = tuple(head for head in known if options.damaged or not head.any_name)
        self.reads_damaged = options.damaged and options.with_calls
        self.alike = suspicious(fmt) if self.reads_damaged else ()
        self.opens_nothing = opens_nothing(fmt)
        self.is_nothing = re.compile(self.opens_nothing or "(?!)").match
        self.header_alike = header_markers(fmt.channels) if fmt.channels is not None and self.reads_damaged else ()
        self.openings = [text for head in self.heads for text in head.firsts if head.where == "anywhere" and len(text) > 1]
        self.openings += header_begins(fmt.channels) if fmt.channels is not None else ()
        self.behind = {id(head.calls): self.behind_call(head.calls) for head in self.heads}
        self.addressed: Row | None = None
        self.message_calls: Rows = ()
        self.calls = tuple(self.call_row(head) for head in self.heads)
        self.opens_reasoning = {text: pair for pair in fmt.reasoning for text in spellings(pair.open)} if self.headers is None else {}
        self.closes_reasoning = tuple(text for pair in fmt.reasoning for text in spellings(pair.close) if text)
        self.not_of_calls = tuple(filter(None, (*self.closes_reasoning, *self.opens_reasoning, *frame_closers(fmt), *self.stop_texts)))
        self.openers = rows_of("think", self.opens_reasoning.items(), cut="fragment")
        self.before_names = before_names(fmt)
        self.grounds = tuple(self.answers())
        self.places = {key: place for ground in self.grounds for key, place in self.places_of(ground).items()}
        self.fill_behind(*self.behind.values())
        self.ground = "answer" if self.headers is None else "call message"
        self.first = self.places["answer", "first", 0]
        self.compile_stops()

    def compile_stops(self) -> None:
        """What ends the output, and what stands where a message could begin and none does."""
        ends = self.format.channels.ends if self.format.channels is not None else ()
        self.header_waiting = Waiting(self.headers.waits) if self.headers is not None else None
        self.message_rows = by_first([*rows_of("no message", ((text, None) for text in ends)), *self.stops("stop message")])
        stop_pattern = any_of(self.stop_texts) if self.suffixes is None else self.suffixes.stop.pattern
        self.stop_heads = tuple(head for head in self.heads if any(text in self.stop_texts for text in head.firsts))
        self.stop_run = re.compile(f"[ \\t\\r\\n]|{stop_pattern}")  # one at a time, as they may be more than may be held
        self.stop_begins = re.compile(beginnings(self.stop_texts) + r"\Z")

    # -- the grounds -----------------------------------------------------------------------------------------------------------------

    def answers(self) -> Iterator[Ground]:
        """What floats in the answer and, for formats of messages, in a call's message and between messages."""
        fmt = self.format
        tags = [*rows_of("frame", self.anywhere_frames()), *self.framing()]
        sections = rows_of("section", ((text, None) for calls in fmt.calls for text in section_closers(calls)))
        if fmt.channels is None:
            stray = "" if any(pair.stray == "anywhere" for pair in fmt.reasoning) else "late"
            roaming = [row for row in self.openers if row.of.where == "anywhere"]
            code = [] if all(head.in_code for head in self.heads) else [Row("`", "backticks")]  # it matters where calls have no markers
            closers = rows_of("late", ((text, None) for pair in fmt.reasoning for text in spellings(pair.close)), stray)
            yield Ground(
                self,
                "answer",
                None,
                self.calls,
                [*self.suffix_rows(), *code, *tags, *sections, *roaming, *closers, *self.stops()],
                (),
                (*self.alike, *(text for text in frame_closers(fmt) if self.reads_damaged and text not in self.alike)),
            )
        else:
            self.addressed = next((row for row in self.calls if row.of.calls.wrapper is None and row.of.calls in fmt.calls), None)
            wrapped = tuple(row for row in self.calls if row.of.calls.wrapper is not None)
            added = tuple(row for row in self.calls if row.of.calls not in fmt.calls)
            inside = message_markers(fmt.channels, False)
            marks = [*self.header_rows(inside), *tags, *self.stops()]
            yield Ground(self, "answer", None, added, marks, (), self.header_alike)
            self.message_calls = (*wrapped, *added)
            alike = (*self.header_alike, *(text for text in self.alike if wrapped and text not in self.header_alike))
            yield Ground(self, "call message", None, self.message_calls, marks, (), alike)
            outside = [*self.header_rows((*inside, *header_begins(fmt.channels))), *tags, *self.stops()]
            yield Ground(self, "outside", None, added, outside, (), self.header_alike)

    @cached_property
    def thinking_grounds(self) -> tuple[Ground, ...]:
        """What floats in each kind of reasoning; made when some is first opened, as patterns are dear."""
        return tuple(self.thinking_ground(str(number), pair) for number, pair in enumerate(self.format.reasoning))

    def thinking_ground(self, name: str, pair: Reasoning) -> Ground:
        """What floats in reasoning. A frame's opener ends it; a frame's closer, where those are special tokens, closes nothing."""
        fmt = self.format
        tags = rows_of("frame", self.anywhere_frames())
        if self.tagged:
            tags += rows_of("closes nothing", ((text, None) for text in frame_closers(fmt)))
        if fmt.channels is not None:
            marks = self.header_rows((*message_markers(fmt.channels, False), *message_markers(fmt.channels, True)))
            return Ground(self, name, pair, (), [*marks, *tags, *self.stops()], (), self.header_alike)
        ended = pair.calls != "ignored" if self.options.in_reasoning is None else self.options.in_reasoning
        calls = tuple(self.call_row(head.strict) for head in self.heads if head.strict is not None) if ended else ()
        closers = rows_of("close", ((text, None) for text in spellings(pair.close)))
        openers = spellings(pair.open)  # which open nothing here
        return Ground(self, name, pair, calls, [*self.suffix_rows(), *closers, *tags, *self.stops()], openers, self.alike if ended else ())

    def call_row(self, head: Head) -> Row:
        return Row(head, "call", self.behind[id(head.calls)])

    def stops(self, does: str = "stop") -> list[Row]:
        return rows_of(does, ((text, None) for text in self.stop_texts))

    def anywhere_frames(self) -> list[tuple[str, Frame]]:
        return [(text, frame) for frame in self.format.frames if frame.anywhere for text in spellings(frame.open)]

    def framing(self) -> list[Row]:
        """The closers of frames, each of which counts while its frame is open."""
        frames = [frame for frame in self.format.frames if frame.close is not None]
        rows = [Row(text, "close frame", frame, "frame") for frame in frames for text in spellings(frame.close or "")]
        return [*rows, *(Row(text, "lone closer") for text in frame_closers(self.format) if self.reads_damaged)]

    def header_rows(self, noticed: Iterable[str]) -> list[Row]:
        """What ends a message: its end markers, and the beginning of a header where one counts."""
        assert self.headers is not None
        noticed = {*noticed, *self.format.special_tokens}
        return [
            *(Row(text, "end call message" if text in self.call_ends else "end message") for text in self.headers.ends if text in noticed),
            *(Row(text, "header") for text in self.headers.begins if text in noticed),
        ]

    def suffix_rows(self) -> list[Row]:
        """What every marker begins with in a family whose suffix is not known yet."""
        return [] if self.suffixes is None else rows_of("suffix", ((text, None) for text in self.suffixes.begins), "suffix")

    # -- the places ------------------------------------------------------------------------------------------------------------------

    def places_of(self, ground: Ground) -> dict[tuple[str, str, int], Place]:
        """The places of one ground, and which of them follows which."""
        kinds = KINDS if ground.pair is None else THINKING_KINDS
        places: dict[tuple[str, str, int], Place] = {}
        groups = self.groups(ground)
        for passed in range(len(self.frames) + 1 if ground.pair is None else 1):
            groups["frames"] = [
                Row(text, "frame", frame, cut="dropped" if frame.close is not None else "")
                for frame in self.frames[passed:]
                for text in edge_openers(frame)
            ]
            for name, kind in kinds.items():
                if not passed or "frames" in kind.rows:
                    anchored = [row for group in kind.rows for row in groups[group]]
                    places[ground.name, name, passed] = Place(name, ground, anchored, passed)
        for (_, name, passed), place in places.items():
            self.link(place, places, kinds, kinds[name], passed)
        return places

    @cached_property
    def thinking_places(self) -> dict[tuple[str, str, int], Place]:
        return {key: place for ground in self.thinking_grounds for key, place in self.places_of(ground).items()}

    def groups(self, ground: Ground) -> dict[str, Iterable[Row]]:
        """The groups of rows that `KINDS` names."""
        pairs = self.format.reasoning
        again = [(text, False) for pair in pairs if pair.stray != "text" for text in spellings(pair.close)]
        closers = [(text, True) for pair in pairs for text in spellings(pair.close)] if self.reads_damaged else []
        return {
            "any calls": ground.any_calls,
            "line calls": ground.line_calls,
            "lost opener": [Row("", "lost opener")] if self.reads_damaged else [],
            "lost object": [Row("", "lost opener", begins=_OBJECTS)] if self.unopened is not None and ground.calls else [],
            "labels": [Row(pair.label, "think", pair) for pair in pairs if pair.label],
            "again": rows_of("again", again),
            "closers": rows_of("again", [*closers, *again]),
            "openers": self.openers,
            "open again": [row for row in self.openers if row.of.where == "again"],
            "repeated openers": rows_of("think", self.opens_reasoning.items()),
        }

    def link(self, place: Place, places: dict[tuple[str, str, int], Place], kinds: dict[str, Kind], kind: Kind, passed: int) -> None:
        """The places that follow. Where frames may stand in both, the same of them may; a stray closer allows all of them again."""

        def to(name: str, left: int = passed) -> Place:
            return places[place.ground, name, left if "frames" in kinds[name].rows else 0]

        place.behind_text, place.behind_space, place.behind_break = to(kind.text), to(kind.space), to(kind.line_break)
        if place.pair is None:
            place.behind_border, place.behind_call, place.behind_closer = to(kind.border), to(kind.call), to(kind.closer, 0)
        if "frames" in kind.rows:
            place.behind_frame = tuple(to(kind.border, i + 1) for i in range(len(self.frames)))

    def place(self, ground: str, kind: str, passed: int = 0) -> Place:
        return self.places[ground, kind, passed]

    def thinking(self, pair: Reasoning, kind: str) -> Place:
        return self.thinking_places[str(self.format.reasoning.index(pair)), kind, 0]

    def behind_call(self, calls: Calls) -> Behind:
        return Behind(calls, Tail(calls, self.format, self.openings, self.options.damaged))

    @cached_property
    def unopened(self) -> Row | None:
        """The call that an object may be which stands in front of a closer, without an opener."""
        for behind in self.behind.values() if self.reads_damaged else ():
            calls = behind.calls
            if isinstance(calls.body, Envelope) and (calls.wrapper or calls.close) and calls in self.format.calls:
                return Row(Head(calls, calls.open, "anywhere", True, True), "call", behind)
        return None

    @cached_property
    def lost_object(self) -> tuple[Edge, ...]:
        """What such a call begins with at the start of a line."""
        return edges_of_objects(self.unopened.of.calls.body.name) if self.unopened is not None else ()

    @cached_property
    def damaged(self) -> tuple[tuple[DamagedOpening, DamagedCall], ...]:
        """The openings whose markup is damaged, each with what it opens; made when the first one may stand somewhere."""
        openings = damaged_openings(self.format) if self.reads_damaged else ()
        return tuple((opening, DamagedCall(self, opening.calls)) for opening in openings)

    @cached_property
    def wrappers(self) -> tuple[re.Pattern[str], tuple[tuple[Head, Tail], ...], tuple[str, ...]]:
        """The openers of wrappers, what opens a call in one with what closes it, and the keys under which objects there name a tool. The
        opener of an object that is a call in itself is one, too."""
        own = [behind for behind in self.behind.values() if behind.calls in self.format.calls]
        closed = [behind for behind in own if behind.calls.open and behind.calls.close and isinstance(behind.calls.body, Envelope)]
        wrapped = list(dict.fromkeys((*(behind for behind in own if behind.calls.wrapper is not None), *closed)))
        openers = [text for behind in wrapped for text in texts_of(opening_parts(behind.calls)[0])]
        heads = tuple((head, behind.tail) for behind in wrapped for head in behind.tail.next if head.named and len(head.firsts[0]) > 1)
        names = tuple(key for behind in wrapped if isinstance(behind.calls.body, Envelope) for key in behind.calls.body.name)
        return re.compile(any_of(text for text in openers if is_marker(text) and len(text) > 3)), heads, names

    @cached_property
    def marker_words(self) -> frozenset[str]:
        """The words in the markers of calls and frames, and none."""
        texts = (*(text for calls in self.format.calls for text in markers_of(calls)), *frame_closers(self.format))
        return frozenset(("", *(word for text in texts for word in re.findall(r"\w+", text))))

    @cached_property
    def pieces(self) -> frozenset[str]:
        """The special tokens, and the closers of frames that are made of them."""
        return frozenset((*self.format.special_tokens, *frame_closers(self.format)))

    @cached_property
    def damaged_frames(self) -> DamagedFrames:
        """The closers of frames with their damage, compiled when the first one may stand somewhere."""
        return DamagedFrames(self.format)

    def fill_behind(self, *places: Behind) -> None:
        """What counts behind a call: the next call, reasoning, what a call inside reasoning leaves open or unclosed, stop tokens; in
        formats of messages only the next call, as the message ends. Whatever else stands there is running text."""
        pairs = self.format.reasoning
        if self.headers is not None:
            followers = self.message_calls
            others: Rows = (Row("", "behind message"),)
        else:
            followers = self.calls
            others = (
                *rows_of("think behind call", self.opens_reasoning.items()),
                Row("", "resume", once="resume"),
                *rows_of("late behind call", ((text, None) for pair in pairs for text in spellings(pair.close)), "late"),
                *self.stops(),
                Row("", "go on"),
            )
        calls = (*(row for row in followers if where(row) == "anywhere"), *(row for row in followers if where(row) == "line"))
        for behind in places:
            behind.fill(calls, tuple(map(self.call_row, behind.tail.follow)), tuple(map(self.call_row, behind.tail.next)), others)

    def with_suffix(self, suffix: str) -> Table:
        """The table of the same format in a checkpoint that puts `suffix` on every marker."""
        return table(suffixed(self.format, suffix), self.options)

    def like(self, place: Place) -> Place:
        """The place here that another table of the family calls so."""
        return (self.places if place.pair is None else self.thinking_places)[place.ground, place.kind, place.passed]

    def behind_prompt(self, place: Place, turn: str, in_text: bool) -> Place:
        """Where the output starts, behind the prompt's part of the turn, which ended in `place`. Text without any reasoning in front of it
        does not count (`in_text`: the prompt ends in running text, and no call came before)."""
        pairs = self.format.reasoning
        if place.pair is not None:
            return self.thinking(place.pair, "echo") if turn.rstrip(SPACE).endswith(spellings(place.pair.open)) else place
        closers = tuple(text for pair in pairs for text in spellings(pair.close))
        if place.kind in ("unthought answer", "answer") and turn.rstrip(SPACE).endswith(closers):
            return self.places[place.ground, "unthought", place.passed]
        reasoned = any(text in turn for pair in pairs for marker in (pair.open, pair.close) for text in spellings(marker))
        if in_text and not reasoned and place.kind in ("text", "line"):
            return self.places[place.ground, "start", len(self.frames)]
        return place

    def outside(self, place: Place) -> Place:
        """The start of text that stands between messages, or in reasoning that the prompt opened."""
        if place.pair is not None:
            return place
        place = place if place.on_line else place.behind_break
        return self.places["outside", place.kind, place.passed]


@compiled(maxsize=512)
def table(fmt: Format, options: Options = DEFAULT) -> Table:
    """The table of a format, made at its first use."""
    return Table(fmt, options)
