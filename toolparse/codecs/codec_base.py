"""A codec that is made of states, each a method that reads on from a position. What stands between the arguments is kept for a report.

Knows nothing of what the states are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from toolparse.jsontext.characters import SPACE, always
from toolparse.jsontext.held_text import HeldText
from toolparse.wire.markers import HEAD_LIMIT, EndMarks, Head, slot_texts
from toolparse.wire.open_call import OpenCall

_SURPLUS = re.compile(r"[)\]}]{1,64}")
_TAG = re.compile(r"<[^<>\n]{0,256}>")
_BEHIND = always(r"[ \t\r\n]{0,256}")

NO_ENDS = EndMarks((), (), ())
"""The markers that end a call, where nothing but its own brackets does."""


class StateReader:
    """Reads the arguments of `call`, from the state `first` on.

    A state takes a position in `text` and returns the next one, or `~position` where more text must come. It sets `state` to
    what follows, and in the end `done`.
    """

    __slots__ = ("call", "done", "junk", "junk_end", "junk_start", "last", "mended", "refused", "state", "text")

    ends: EndMarks

    def __init__(self, call: OpenCall, first: Callable[[int], int]) -> None:
        self.call = call
        self.state = first
        self.done = False
        self.refused = False
        self.text = ""
        self.last = False
        self.junk = HeldText()
        self.junk_start = 0
        self.junk_end = ""
        """Its last character, though more of it may stand there than is kept."""
        self.mended = False
        """Something was wrong in the markup of the arguments."""

    def step(self, text: str, at: int, last: bool) -> int:
        """Read `text` from `at`; returns the position of the first character still needed. `last`: no more will come."""
        self.text = text
        self.last = last
        while not self.done:
            at = self.state(at)
            if at < 0:
                return ~at
        return at

    def surplus(self, at: int) -> int:
        """Right behind complete arguments: brackets too many are framing in front of a marker, the line's end or the output's."""
        text = self.text
        if at == len(text):
            return ~at
        found = _SURPLUS.match(text, at)
        if found is not None:
            end = found.end()
            behind = _BEHIND.match(text, end).end()
            ends: bool | str | None = None if behind == len(text) else self.ends(text, behind, self.last)
            if "\n" in text[end:behind] or (self.last and behind == len(text)):
                ends = True
            if ends is None and behind - end < 256 and not self.last:
                return ~at
            if ends:
                self.call.problem("repaired_markup", f"brackets too many were dropped: {found[0]}", at)
                at = end
        self.done = True
        return at

    def repeated_head(self, at: int, heads: Iterable[Head]) -> int | None:
        """Where the call's own opening, which stands again right behind itself, ends."""
        text = self.text
        for head in heads:
            found = head.full.match(text, at, at + HEAD_LIMIT)
            if found is not None and slot_texts(found)["name"] == self.call.name:
                self.call.problem("repaired_markup", f"the call's opening stood twice: {found[0]}", at)
                return found.end()
            if not self.last and len(text) - at < HEAD_LIMIT and head.partial.match(text, at):
                return ~at
        return None

    def keep_junk(self, text: str, at: int) -> None:
        """`text`, which began at `at` or before, stands between the arguments and is none."""
        if not self.junk:
            self.junk_start = self.call.base + at
        self.junk_end = text[-1:]
        room = self.call.rules.max_held - self.junk.length
        if room > 0 or not self.junk:
            self.junk.add(text[:room])

    def report_junk(self, error: bool = False) -> None:
        """Text between the arguments has ended: tell that it is dropped."""
        text = self.junk.taken().strip(SPACE) if self.junk.pieces else ""
        if text:
            at = self.junk_start - self.call.base
            lost = any(map(str.isalnum, _TAG.sub("", text)))
            kind, what = ("dropped_text", "text between the arguments was") if lost else ("repaired_markup", "stray markup was")
            self.mended = True
            self.call.problem(kind, f"{what} dropped: {text}", at, error=lost or error)
