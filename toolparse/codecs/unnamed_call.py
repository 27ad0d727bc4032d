"""A call whose header holds an id but no name: the keys of its arguments tell which tool is meant, so it is held until then."""

from __future__ import annotations

from toolparse.codecs.json_calls import NamedCall
from toolparse.wire.call_ids import name_by_keys
from toolparse.wire.markers import EndMarks
from toolparse.wire.open_call import OpenCall


class UnnamedCall(NamedCall):
    """One such call. If its keys fit no single tool, the id stands for the name."""

    __slots__ = ("header", "keys", "waiting")

    def __init__(self, call: OpenCall, ends: EndMarks, header: str) -> None:
        super().__init__(call, ends)
        self.header = header
        self.keys: set[str] = set()
        self.waiting: list[str] = []
        self.out = self.write = self.waiting.append
        self.streams = False

    def whole(self, at: int) -> int:
        return -1  # the keys must be read

    def pop(self) -> None:
        if len(self.stack) == 1 and self.seen:
            self.keys = self.seen[0]
        super().pop()

    def settle(self, at: int, complete: bool) -> None:
        self.done = True
        keys = self.seen[0] if self.seen else self.keys
        if not self.call.begin(name_by_keys(keys, self.call.tools) or self.header, self.header, at):
            self.refused = True
            return
        for text in self.waiting:
            self.call.write(text)
        self.call.end(complete, at)
