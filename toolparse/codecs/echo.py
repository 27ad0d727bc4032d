"""Families whose models repeat what stands in a block of calls: a codec that also keeps what it reads, and what is looked for behind it.

Knows nothing of what the text means.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from toolparse.codecs import Reader


class Recorded:
    """Reads as `reader` does. `text` is what has been read, the opening included; "" once it is longer than `limit` characters."""

    __slots__ = ("limit", "pieces", "reader", "search")

    passes = rewrites = None

    def __init__(self, reader: Reader, opening: str, limit: int) -> None:
        self.reader = reader
        self.search = reader.flow
        self.pieces = [opening]
        self.limit = limit - len(opening)

    @property
    def done(self) -> bool:
        return self.reader.done

    @property
    def refused(self) -> bool:
        return self.reader.refused

    @property
    def held(self) -> int:
        return self.reader.held

    @property
    def flow(self) -> Callable[[str], re.Match[str] | None] | None:
        self.search = self.reader.flow
        return self.pass_on if self.search is not None else None

    @property
    def waits(self) -> Callable[[str], object] | None:
        return self.reader.waits

    @property
    def text(self) -> str:
        return "".join(self.pieces) if self.limit >= 0 else ""

    def step(self, text: str, at: int, last: bool) -> int:
        end = self.reader.step(text, at, last)
        self.record(text[at:end])
        return end

    def finish(self, at: int) -> None:
        self.reader.finish(at)

    def pass_on(self, text: str) -> re.Match[str] | None:
        """What stops text from flowing past the codec; None, and then it does."""
        found = self.search(text)  # type: ignore[misc]
        if found is None:
            self.record(text)
        return found

    def record(self, text: str) -> None:
        self.limit -= len(text)
        if self.limit >= 0:
            self.pieces.append(text)
        else:
            self.pieces = []


class Repetition:
    """The text between a block's markers, which may stand again behind it. `text` is the block's, with its opener."""

    __slots__ = ("body", "matched")

    def __init__(self, text: str, openers: tuple[str, ...]) -> None:
        self.body = text[max((len(opener) for opener in openers if text.startswith(opener)), default=0) :].strip(" \t\r\n")
        self.matched = 0

    def begin(self, character: str) -> bool:
        """Whether it may stand where the next character is this one."""
        self.matched = 0
        return self.body.startswith(character)

    def read(self, text: str, at: int) -> int | None:
        """How far `text` goes on repeating the block from `at`; None if it does not."""
        end = min(len(text), at + len(self.body) - self.matched)
        if not self.body.startswith(text[at:end], self.matched):
            return None
        self.matched += end - at
        return end

    @property
    def complete(self) -> bool:
        """Whether all of it has been read."""
        return self.matched == len(self.body)
