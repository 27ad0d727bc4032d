"""Calls as objects whose keys are the tools' names and whose values are the arguments: `[{"f": {"a": 1}}, {"g": {}}]`.

Everything around the objects is as in an envelope (`json_calls.py`); only what a key means differs.
"""

from __future__ import annotations

import json

from toolparse.codecs.json_calls import EnvelopeCalls, discard


class KeyedCalls(EnvelopeCalls):
    """One such object, or a list of them. An object with several keys is several calls; each begins where the one before it ended."""

    __slots__ = ("ended_at",)

    def on_member(self, key: str, at: int) -> None:
        self.out = discard
        self.copy = at
        self.state = self.value
        name = decoded(key).strip()
        if not name:
            if self.call.count:
                self.repaired("no_name", "an empty key names no tool, and its value was dropped", at)
            else:
                self.refuse(at)
            return
        if self.name is not None:
            self.call.starts_at(self.ended_at - self.call.base)
        self.name = name
        self.closed = False
        self.begin(at)
        if self.began:
            self.role = "arguments"
            self.write = self.call.parts.append
            self.streams = True
            self.state = self.arguments

    def member_ended(self, at: int) -> int:
        self.state = self.after
        if self.role == "arguments":
            self.role = ""
            self.arguments_ended(at)
            self.call.end(True, at)
            self.ended_at = self.call.base + at
            self.began = False
            self.closed = True
        self.copy = at
        self.out = discard
        return at

    def settle(self, at: int, complete: bool) -> None:
        """The last call of an object ends with its value, so only one that was cut is still open."""
        if self.began or self.name is None:
            super().settle(at, complete)


def decoded(key: str) -> str:
    """The text of a key as it stands between its quotes."""
    try:
        return str(json.loads(f'"{key}"', strict=False))
    except ValueError:
        return key
