"""A codec that also keeps what it reads, for families whose models repeat it; it knows nothing of what the text means."""

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
