"""Where text came from: the runs of an output that an engine knows to be special tokens or ordinary ones.

A marker that is a special token counts only if no character of it was typed. Offsets are those of the output.
"""

from __future__ import annotations


class Runs:
    """The runs of the text that has not been settled yet, each with what the engine said of it."""

    __slots__ = ("markers", "runs")

    def __init__(self, markers: tuple[str, ...]) -> None:
        self.markers = markers
        self.runs: list[tuple[int, bool | None]] = []

    def add(self, offset: int, special: bool | None) -> None:
        """From `offset` on the text came from special tokens (True), ordinary ones (False), or nobody knows (None)."""
        self.runs.append((offset, special))

    def forget(self, before: int) -> None:
        """Text up to the offset `before` is settled."""
        keep = 0
        while keep + 1 < len(self.runs) and self.runs[keep + 1][0] <= before:
            keep += 1
        del self.runs[:keep]

    def typed(self, text: str, start: int) -> bool:
        """Whether a special-token marker in `text`, which stands at the offset `start`, was typed."""
        for marker in self.markers:
            at = text.find(marker)
            if at >= 0 and self.among(start + at, start + at + len(marker), False):
                return True
        return False

    def among(self, start: int, end: int, special: bool) -> bool:
        """Whether any character from `start` to `end` is of the kind `special`."""
        for i, (begin, kind) in enumerate(self.runs):
            until = self.runs[i + 1][0] if i + 1 < len(self.runs) else end
            if kind is special and begin < end and until > start:
                return True
        return False
