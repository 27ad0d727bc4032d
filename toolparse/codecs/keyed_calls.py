"""Calls as objects whose keys are the tools' names and whose values are the arguments: `[{"f": {"a": 1}}, {"g": {}}]`.

Everything around the objects is as in an envelope (`envelopes.py`); only what a key means differs.
"""

from __future__ import annotations

from toolparse.codecs.envelopes import EnvelopeCalls
from toolparse.codecs.json_calls import decoded, discard
from toolparse.wire.dialects import ARGUMENTS, NAMES


class KeyedCalls(EnvelopeCalls):
    """One such object, or a list of them. An object with several keys is several calls; each begins where the one before it ended."""

    __slots__ = ("ended_at", "enveloped")

    def begin_object(self) -> None:
        self.enveloped = False
        super().begin_object()

    @property
    def plain(self) -> None:
        """What a key means must be looked up."""

    def on_member(self, key: str, at: int) -> None:
        """The name of a tool; keys of an envelope make the object one, where they are no tools."""
        if self.name is None and (key.lower() in NAMES or key.lower() in ARGUMENTS):
            self.enveloped = self.enveloped or (self.call.tools is not None and not self.call.declares(key))
        if self.enveloped:
            super().on_member(key, at)
            return
        self.out = discard
        self.copy = at
        self.state = self.value
        name = decoded(key).strip()
        if not name:
            if self.call.opening.count:
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

    def is_key(self, key: str) -> bool:
        return super().is_key(key) or (len(self.stack) == self.level and self.call.declares(key))

    def member_ended(self, at: int) -> int:
        if self.enveloped:
            return super().member_ended(at)
        self.state = self.after
        if self.role == "arguments":
            self.role = ""
            self.arguments_ended(at)
            self.call.end(not self.lost, at)
            self.lost = False
            self.ended_at = self.call.base + at
            self.began = False
            self.closed = True
        self.copy = at
        self.out = discard
        return at

    def settle(self, at: int, complete: bool) -> None:
        """The last call of an object ends with its value, so only one that was cut is still open."""
        if self.began or self.name is None or self.enveloped:
            super().settle(at, complete)
