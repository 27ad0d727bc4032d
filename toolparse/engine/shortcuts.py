"""Shortcuts: what most pieces of text come to, without asking the machine.

A shortcut is given by the place in the turn, or by the call that is open, and holds until the machine or the codec has to read. It decides
nothing: it takes a piece only where the machine would say the same, and a test takes all of them away.

`flow` is the search that finds nothing in text which passes as it is, `index` what it becomes: arguments of the call of that number,
`CONTENT` or `REASONING`. `opens` has, by the markers with which calls open, what is true of the beginning of such an opening.
`rewrites` gives what text becomes if it only has to be written otherwise, and how far: the rest waits. `waits` is true of text shorter
than `SHORT` that only waits. `take` reads all other text: the events and how much is settled, or None where the machine must look.
`passes` reads how far plain text does, and `take` then goes on behind it. `over`: the codec has read to the end of the call, and the
machine goes on behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from re import Match
from typing import Protocol

from toolparse.codecs import Passing, Reader, Rewritten
from toolparse.events import CallArguments, Event
from toolparse.jsontext.scalars import LONGEST
from toolparse.wire.open_call import OpenCall

CONTENT, REASONING = -1, -2
SHORT = 96
"""Text shorter than this may wait unread where it would only be held."""

Search = Callable[[str], "Match[str] | None"]
Taken = tuple[list[Event], int]
OPENS_NOTHING: Mapping[str, Waiting] = {}


class Shortcut(Protocol):
    """What the parser needs of one."""

    flow: Search | None
    index: int
    opens: Mapping[str, Waiting]
    over: bool
    passes: Passing | None
    rewrites: Callable[[str], Rewritten | None] | None
    reader: Reader | None

    @property
    def waits(self) -> Callable[[str], object] | None: ...

    def take(self, text: str, base: int, at: int) -> Taken | None: ...


class Flowing:
    """Running text in which no marker stands."""

    __slots__ = ("flow", "index", "opens")

    over = False
    passes: Passing | None = None
    waits: Callable[[str], object] | None = None
    rewrites: Callable[[str], Rewritten | None] | None = None
    reader: Reader | None = None

    def __init__(self, flow: Search, index: int, opens: Mapping[str, Waiting] = OPENS_NOTHING) -> None:
        self.flow: Search | None = flow
        self.index = index
        self.opens = opens

    def take(self, text: str, base: int, at: int) -> Taken | None:
        """There is a marker, or the beginning of one."""
        return None


class Waiting:
    """Text that is only the beginning of a marker, as long as `waits` says so. Whoever may not hold as much reads it."""

    __slots__ = ("waits",)

    flow: Search | None = None
    index = CONTENT
    opens = OPENS_NOTHING
    over = False
    passes: Passing | None = None
    rewrites: Callable[[str], Rewritten | None] | None = None
    reader: Reader | None = None

    def __init__(self, waits: Callable[[str], object]) -> None:
        self.waits = waits

    def take(self, text: str, base: int, at: int) -> Taken | None:
        """It is more than that."""
        return None


class Reading:
    """The open call: what its codec says of text that it need not read, and else one step of it."""

    __slots__ = ("call", "flow", "index", "over", "passes", "reader", "rewrites", "waits")

    opens = OPENS_NOTHING

    def __init__(self, reader: Reader, call: OpenCall, all_read: bool) -> None:
        self.reader: Reader | None = reader
        self.call = call
        self.flow: Search | None = None
        self.over = False
        self.follow(all_read)

    def follow(self, all_read: bool) -> None:
        """Ask the codec what it says now; `all_read`: it holds nothing back."""
        reader, call = self.reader, self.call
        assert reader is not None
        self.index = call.index
        self.passes = passes = reader.passes
        if passes is not None:
            self.flow = passes.flow
            self.rewrites = self.waits = None
            return
        self.waits = waits = reader.waits if call.rules.max_held >= LONGEST else None
        if waits is not None:
            self.flow = self.rewrites = None
            return
        self.flow = reader.flow if all_read else None
        self.rewrites = reader.rewrites

    def take(self, text: str, base: int, at: int) -> Taken:
        """`text` stands at the offset `base`; the codec reads one step of it, from `at` on."""
        reader, call = self.reader, self.call
        assert reader is not None
        events: list[Event] = []
        call.base, call.events = base, events
        if at:
            written = self.passes.written if self.passes is not None else None
            call.write(text[:at] if written is None else written)
        at = reader.step(text, at, False)
        if reader.done:
            self.over = True
            return events, at
        parts = call.parts
        if parts and not call.muted:
            events.append(CallArguments(call.index, parts[0] if len(parts) == 1 else "".join(parts)))
            parts.clear()
        if call.open and not call.muted:
            self.follow(at == len(text))
        else:
            self.over = True
        return events, at
