"""What a raw value holds that may be markup which was taken for text: it is told, as the value may have lost its end there.

Knows nothing of how values are read.
"""

from __future__ import annotations

from collections.abc import Container

from toolparse.schemas.tools import Tool
from toolparse.wire.open_call import OpenCall


class Doubts:
    """The doubts about the values of one call.

    `said` is told when the open value ends; `mark` is where that value holds what reads like its closer and did not count. `closer` is the
    first place of the kind in any value, `end` the last one where a value holds the closer of the call, and `openers` are declared keys
    whose openers stand in the middle of a value's line: they are told only if something is not given in the end.
    """

    __slots__ = ("call", "closer", "end", "mark", "openers", "said")

    def __init__(self, call: OpenCall) -> None:
        self.call = call
        self.said: list[tuple[str, int]] = []
        self.mark = -1
        self.closer = self.end = -1
        self.openers: dict[str, int] = {}

    def add(self, said: str, at: int) -> None:
        """Tell this when the open value ends."""
        if (doubt := (said, self.call.base + at)) not in self.said:  # a value that has to wait begins twice
            self.said.append(doubt)

    def marks(self, at: int, own: bool = False) -> None:
        """What reads like the value's closer stands at `at`; `own`: to the letter."""
        self.mark = self.call.base + at
        if own and self.closer < 0:
            self.closer = self.mark

    def holds_end(self, at: int) -> None:
        """The closer of the call, or of what is around it, stands at `at` in a value."""
        self.end = self.call.base + at

    def opens(self, key: str, at: int) -> None:
        """The opener of a key that is not given stands at `at`, inside a line of the value."""
        self.openers.setdefault(key, self.call.base + at)

    def ends_otherwise(self, key: str, at: int) -> None:
        """The value of `key` ends at `at` without its own closer, or before damage: what reads like markup in it may be left of that."""
        if self.call.rules.strict:
            self.said.append((f"the value of {key!r} ends without its own closer", self.call.base + at))
        elif self.mark >= 0:
            self.said.append((f"the value of {key!r} holds what may be left of its closer", self.mark))

    def tell(self) -> None:
        """The value has ended."""
        for said, position in self.said:
            self.problem(said, position)
        self.said = []

    def tell_closer(self, tool: Tool | None, given: Container[str]) -> None:
        """The call has ended: where a declared parameter is missing, its opener may have been lost in front of the closer in a value."""
        missing = [key for key in tool.keys if key not in given] if tool is not None and self.closer >= 0 else []
        if missing:
            said = f"a value holds the marker that closes values, and {missing[0]!r} is not given: it may have lost its opener there"
            self.problem(said, self.closer)

    def tell_end(self) -> None:
        """The call has ended without its own closer, which a value may hold."""
        if self.end >= 0:
            said = "a value holds the closer of its call, which does not stand behind it"
            self.problem(said, self.end)

    def tell_openers(self, given: Container[str]) -> None:
        """The same of the openers in values."""
        for key, position in self.openers.items():
            if key not in given:
                self.problem(f"a value holds the opener of {key!r}, which is not given: it may have lost its closer there", position)

    def problem(self, said: str, position: int) -> None:
        self.call.problem("doubtful_value", said, position - self.call.base, error=True)
