"""A codec that also keeps what it reads, for families whose models repeat it; it knows nothing of what the text means."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from toolparse.arguments import Reader


class Recorded:
    """Reads as `reader` does. `text` is what has been read, the opening included; "" once it is longer than `limit` characters."""

    __slots__ = ("limit", "pieces", "reader")

    flow = passes = None
    passes = None
    """Text that flows past the codec would be missing."""

    def __init__(self, reader: Reader, opening: str, limit: int) -> None:
        self.reader = reader
        self.pieces = [opening]
        self.limit = limit - len(opening)

    @property
    def done(self) -> bool:
        return self.reader.done

    @property
    def refused(self) -> bool:
        return self.reader.refused

    @property
    def text(self) -> str:
        return "".join(self.pieces) if self.limit >= 0 else ""

    def step(self, text: str, at: int, last: bool) -> int:
        end = self.reader.step(text, at, last)
        self.limit -= end - at
        if self.limit >= 0:
            self.pieces.append(text[at:end])
        else:
            self.pieces = []
        return end

    @property
    def held(self) -> int:
        return self.reader.held

    def finish(self, at: int) -> None:
        self.reader.finish(at)
