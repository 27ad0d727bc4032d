"""Stop tokens where the output ends inside a quoted string: they are no part of the value.

A string flows as it arrives, so what may be a stop token at the end of the text waits until more text tells that it is data. Where none
follows, it stays unread. Knows the tokens, and nothing of what the string is part of.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache

from toolparse.compiled import compiled
from toolparse.wire.spellings import any_of, beginnings, inside

_BLANKS = 64
"""So much white space behind a stop token waits with it."""
Search = Callable[[str], "re.Match[str] | None"]


def trail(stops: Iterable[str]) -> str:
    """A pattern for a stop token at the end of the text."""
    return rf"(?:{any_of(stops)})[ \t\r\n]{{0,{_BLANKS}}}\Z"


class TrailingStops:
    """What of the stop tokens may stand at the end of the text.

    `first` is what each of them begins with, if it is the same for all; `any_first` finds what any of them begins with, and `flow` finds
    nothing in what passes through the inside of a JSON string.
    """

    def __init__(self, stops: tuple[str, ...]) -> None:
        self.stops = stops
        firsts = {text[0] for text in stops} or {"\0"}
        self.first = min(firsts) if len(firsts) == 1 else ""
        self.any_first = re.compile(f"[{inside(firsts)}]").search
        self._reach = max(map(len, stops), default=0) + _BLANKS
        self._ending = re.compile(f"[{inside(firsts)}](?:{_behind_first(stops)})").search
        self.flow = flow_before(stops, r'["\\\x00-\x1f]')

    def begin(self, text: str, at: int) -> int:
        """Where they begin in the text from `at` on; its end when there are none."""
        if self.first and self.first not in text:
            return len(text)
        found = self._ending(text, max(at, len(text) - self._reach))
        return len(text) if found is None else found.start()


@lru_cache(maxsize=256)
def flow_before(stops: tuple[str, ...], odd: str) -> Search:
    """The search that finds nothing in text without a character of the class `odd` (whatever follows that in the pattern) and without a
    stop token, or the beginning of one, at its end."""
    if not stops:
        return re.compile(odd).search
    characters, _, more = odd.partition("]")
    firsts = {text[0] for text in stops}
    return re.compile(f"{characters}{inside(firsts)}](?:(?<={characters}]){more}|{_behind_first(stops)})").search


def _behind_first(stops: tuple[str, ...]) -> str:
    """The pattern of a stop token at the end of the text, or of the beginning of one, behind its first character."""
    ways = []
    for first in sorted({text[0] for text in stops}):
        rests = [text[1:] for text in stops if text[0] == first]
        ways.append(rf"(?<={re.escape(first)})(?:\Z|{beginnings(rests)}|{trail(rests)})")
    return "|".join(ways) or "(?!)"


@compiled(maxsize=256)
def trailing_stops(stops: tuple[str, ...]) -> TrailingStops:
    """The patterns of these stop tokens, made once."""
    return TrailingStops(stops)
