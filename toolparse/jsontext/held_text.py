"""Text that waits until more is known of it. Knows nothing of what it is."""

from __future__ import annotations


class HeldText:
    """The pieces of such a text, and how long they are together."""

    __slots__ = ("length", "pieces")

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.length = 0

    def __bool__(self) -> bool:
        return bool(self.pieces)

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    def add(self, text: str) -> int:
        """One piece more; the length with it."""
        self.pieces.append(text)
        self.length += len(text)
        return self.length

    def taken(self) -> str:
        """All of the text, which is then no longer held."""
        pieces = self.pieces
        if not pieces:
            return ""
        self.pieces = []
        self.length = 0
        return "".join(pieces)

    def keep(self, count: int) -> None:
        """Only the first pieces, so many of them, are held any longer."""
        self.length -= sum(map(len, self.pieces[count:]))
        del self.pieces[count:]

    def clear(self) -> None:
        if self.pieces:
            self.pieces = []
            self.length = 0
