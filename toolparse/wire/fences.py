"""Markdown code fences in running text: whether the text so far ends inside one.

A fence opens with three or more backticks or tildes at the start of a line, and closes with as many of its kind on a line of their
own. Text is taken in pieces of any size. What it means besides, and where it comes from, is not known here.
"""

from __future__ import annotations


class Fences:
    """Follows text.

    >>> fences = Fences()
    >>> fences.feed("So:\\n```json")
    >>> fences.inside
    True
    >>> fences.feed("\\n{}\\n```\\n")
    >>> fences.inside
    False
    """

    __slots__ = ("_closing", "_indent", "_length", "_mark", "_opening", "_run", "_tick")

    def __init__(self) -> None:
        self._mark = ""  # of the open fence: its character and how many of them opened it
        self._length = 0
        self._closing = False
        self.end_line()

    @property
    def inside(self) -> bool:
        """Whether a fence is open. A line that is one so far counts as one, though its rest may show that it is none."""
        return bool(self._mark) and not self._closing

    def feed(self, text: str) -> None:
        """Take the next piece of the text."""
        first, *others = text.split("\n")
        self._line(first)
        for other in others:
            self.end_line()
            self._line(other)

    def end_line(self) -> None:
        """What comes next begins a line."""
        if self._closing:
            self._mark = ""
        self._closing = self._opening = False
        self._indent = self._run = 0  # how many characters of them there are; the indent is -1 behind both
        self._tick = ""

    def _line(self, text: str) -> None:
        """More of the line: its indent, a run of backticks or tildes, the rest."""
        if self._indent >= 0 and not self._tick:
            rest = text.lstrip(" ")
            self._indent += len(text) - len(rest)
            if not rest:
                return
            self._tick = rest[0] if rest[0] in "`~" and self._indent < 4 else ""
            if not self._tick:
                self._indent = -1
            text = rest
        if self._indent >= 0:
            rest = text.lstrip(self._tick)
            self._run += len(text) - len(rest)
            self._read_run()
            if not rest:
                return
            self._indent = -1
            text = rest
        if self._opening and self._mark == "`" and "`" in text:
            self._mark = ""
            self._opening = False
        if self._closing and text.strip():
            self._closing = False

    def _read_run(self) -> None:
        if self._opening or (not self._mark and self._run >= 3):
            self._opening = True
            self._mark, self._length = self._tick, self._run
        elif self._mark == self._tick and self._run >= self._length:
            self._closing = True
