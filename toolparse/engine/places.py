"""Where what a parser says stands in the output: kept only by a parser that was asked for it (`spans=True`).

The machine tells its writer and its sink where it found things: text that is said, markers of reasoning, a call's name, arguments and
closers. The ordinary ones let that pass; those of this module write it down. Nothing here decides what text means, and all offsets are
those of the output, so they are the same for every chunking.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from toolparse.engine.prose import TextWriter
from toolparse.events import Span, SpanField
from toolparse.jsontext.characters import SPACE
from toolparse.wire.open_call import OpenCall

_DROPPED = "dropped"


class PlacedSpace(str):
    """White space that waits, and where it stands."""

    start = 0


class Places:
    """What has been found, in the order of the output.

    `kinds` are the parts of the message, as a `MessageBuilder` makes them of the events; `bounds` where each stands, markers included.
    `covered` is the offset up to which everything is settled: what is moved from in front of it (white space that stood in front of a
    call and separates two texts) is framing. `text` is the output from `origin` on, as far as a call may still need it.
    """

    __slots__ = ("bounds", "covered", "kinds", "last", "opener", "origin", "spans", "text")

    def __init__(self) -> None:
        self.begin_output(False)

    def begin_output(self, in_call: bool) -> None:
        """What was read so far is the prompt's part of the turn, which may have left a call open."""
        self.kinds: list[str] = []
        self.bounds: list[list[int]] = []
        self.spans: list[Span] = []
        self.covered = self.origin = 0
        self.text = self.last = ""
        self.opener: tuple[int, int] | None = None
        if in_call:
            self.begin_call(0, False)

    def add(self, text: str) -> None:
        """A piece of the output arrives."""
        settled = self.covered - self.origin
        if settled > len(self.text) // 2:
            self.text = self.text[settled:]
            self.origin += settled
        self.text += text

    def said(self, kind: SpanField, space: Iterable[str], start: int, end: int) -> None:
        """Text of the answer or of reasoning, and the white space in front of it that belongs to it."""
        part = self.part(kind, max(start, self.covered))
        for piece in space:
            at = piece.start if isinstance(piece, PlacedSpace) else -1
            if at >= self.covered:
                self.bounds[part][0] = min(self.bounds[part][0], at)
                self.run(kind, part, at, at + len(piece))
        self.run(kind, part, start, end)
        self.bounds[part][1] = max(self.covered, self.bounds[part][1])

    def part(self, kind: str, start: int) -> int:
        """The part that text of this kind belongs to."""
        opener, self.opener = self.opener, None
        self.last = kind
        if not self.kinds or self.kinds[-1] != kind:
            begins = opener[0] if opener is not None and kind == "reasoning" else start
            self.kinds.append(kind)
            self.bounds.append([begins, start])
        return len(self.kinds) - 1

    def run(self, field: SpanField, part: int, start: int, end: int) -> None:
        start = max(start, self.covered)
        if start >= end:
            return
        last = self.spans[-1] if self.spans else None
        if last is not None and last.field == field and last.part == part and last.end == start:
            last.end = end
        else:
            self.spans.append(Span(field, part, start, end))
        self.covered = end

    def opens(self, start: int, end: int) -> None:
        """A marker that opens reasoning."""
        self.opener = (max(start, self.covered), end)
        self.covered = max(self.covered, end)

    def closes(self, kind: str, end: int) -> None:
        """A marker that closes the part that was read last, if that is of this kind."""
        if self.last == kind and (stands := self.trimmed(self.covered, end)) is not None:
            self.bounds[-1][1] = self.covered = stands[1]

    def begin_call(self, start: int, dropped: bool) -> None:
        """A call begins, or one that is dropped and is no part."""
        self.opener = None
        self.last = _DROPPED if dropped else "call"
        if not dropped:
            start = max(start, self.covered)
            self.kinds.append("call")
            self.bounds.append([start, start])

    def end_call(self, name: tuple[int, int] | None, arguments: tuple[int, int] | None, end: int) -> None:
        """The call that is open ends."""
        if self.last == "call":
            part = len(self.kinds) - 1
            found: list[tuple[tuple[int, int], SpanField]] = []
            if name is not None:
                found.append((name, "name"))
            if arguments is not None and not (name is not None and arguments[0] < name[1] and name[0] < arguments[1]):
                found.append((arguments, "arguments"))
            for (begin, stop), field in sorted(found):
                self.run(field, part, begin, stop)
            self.bounds[part][1] = max(end, self.covered)
        self.covered = max(self.covered, end)

    def trimmed(self, start: int, end: int) -> tuple[int, int] | None:
        """The text between two offsets without the white space at its ends; None when there is nothing else."""
        text = self.text[max(start - self.origin, 0) : max(end - self.origin, 0)]
        start = max(start, self.origin) + len(text) - len(text.lstrip(SPACE))
        text = text.strip(SPACE)
        return (start, start + len(text)) if text else None

    def find(self, word: str, start: int, end: int) -> tuple[int, int] | None:
        """The last place of a word between two offsets."""
        at = self.text.rfind(word, max(start - self.origin, 0), max(end - self.origin, 0)) if word else -1
        return (self.origin + at, self.origin + at + len(word)) if at >= 0 else None


class PlacingWriter(TextWriter):
    """Writes content and reasoning, and writes down where each text stands."""

    __slots__ = ("places",)

    def __init__(self, follow_fences: bool, places: Places) -> None:
        super().__init__(follow_fences)
        self.places = places

    def say(self, text: str, end: int, with_space: bool = False) -> None:
        space = self.block.space.pieces.copy() if with_space or self.keeps_space else []
        kind: SpanField = "reasoning" if self.thinking else "content"
        super().say(text, end, with_space)
        self.places.said(kind, space, end - len(text), end)

    def hold_space(self, text: str, end: int, most: int) -> bool:
        placed = PlacedSpace(text)
        placed.start = end - len(text)
        return super().hold_space(placed, end, most)

    def say_space(self, space: str) -> None:
        super().say_space(space)
        pieces = []
        for piece in self.answer.space.pieces:
            kept = PlacedSpace(piece[: len(space)])
            kept.start = piece.start if isinstance(piece, PlacedSpace) else -1
            space = space[len(kept) :]
            pieces.append(kept)
        end = max((piece.start + len(piece) for piece in pieces), default=0)
        self.places.said("content", pieces, end, end)

    def reasoning_opens(self, start: int, end: int) -> None:
        self.places.opens(start, end)

    def reasoning_closes(self, end: int) -> None:
        super().reasoning_closes(end)
        self.places.closes("reasoning", end)


class PlacingCall(OpenCall):
    """The open call, of which it is written down where its name and its arguments stand.

    `hint` is where the name was found, in a slot of the opening, or by a codec, `spelled` perhaps with escapes; `begins` and `ends` are
    the bounds of the arguments as far as they have been told.
    """

    __slots__ = ("begins", "ends", "hint", "places", "spelled")

    def __init__(self, *given: Any, places: Places) -> None:
        super().__init__(*given)
        self.places: Places = places
        self.forget()

    def forget(self) -> None:
        self.hint: tuple[int, int] | None = None
        self.spelled = False
        self.begins: int | None = None
        self.ends: int | None = None

    def begin(self, name: str, wire_id: str | None, at: int) -> bool:
        begun = super().begin(name, wire_id, at)
        if begun:
            self.places.begin_call(self.opening.start, bool(self.muted))
        return begun

    def abandon(self) -> None:
        super().abandon()
        self.forget()

    def name_in(self, found: re.Match[str]) -> None:
        for slot, text in found.groupdict().items():
            if text is not None and slot.partition("_")[0] in ("name", "declared", "joined"):
                self.hint = (self.base + found.start(slot), self.base + found.end(slot))
                self.spelled = False

    def name_at(self, start: int, end: int) -> None:
        self.hint = (self.base + start, self.base + end)
        self.spelled = True

    def arguments_at(self, at: int) -> None:
        self.begins = self.base + at
        self.ends = None

    def arguments_until(self, at: int) -> None:
        self.ends = self.base + at

    def closes(self, end: int) -> None:
        self.places.closes("call", self.base + end)

    def end(self, complete: bool, at: int) -> None:
        places, end, start = self.places, self.base + at, max(self.opening.start, 0)
        arguments = None
        if self.begins is not None and max(self.begins, 0) >= start:
            arguments = places.trimmed(max(self.begins, 0), end if self.ends is None else self.ends)
        places.end_call(self.where_name_stands(start, end, arguments), arguments, max(end, 0))
        super().end(complete, at)
        self.forget()

    def where_name_stands(self, start: int, end: int, arguments: tuple[int, int] | None) -> tuple[int, int] | None:
        places = self.places
        if self.hint is not None and self.hint[0] >= start:
            return places.find(self.name, *self.hint) or (places.trimmed(*self.hint) if self.spelled else None)
        if arguments is None:
            return places.find(self.name, start, end)
        return places.find(self.name, start, arguments[0]) or places.find(self.name, arguments[1], end)
