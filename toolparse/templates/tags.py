"""Parameters in tags that a pattern describes, read as they arrive: its head (with the key), the value, its tail.

Which texts are cast by the schema, and how, is `casts.py`'s business. Knows nothing of regions: where the text of the call ends
it is told by `close` and `finish`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from toolparse.codecs.codec_base import StateReader
from toolparse.codecs.writer import Arguments, ArgumentWriter
from toolparse.grammar import ValueText
from toolparse.jsontext.characters import escaped
from toolparse.schemas.casts import Types, argument, declared_types, may_be_cast
from toolparse.templates.delimiters import delimiter
from toolparse.templates.value_texts import Repairs, Unreadable, read_value
from toolparse.wire.open_call import OpenCall

_PLAIN = re.compile(r'["\\\x00-\x1f]').search


class TagReader(StateReader):
    """The parameters of one call, whose name is known. Values that are lists of all that comes for a key wait for the end."""

    passes = rewrites = waits = None

    __slots__ = (
        "doubtful", "given", "head", "how", "key", "merged", "start", "streaming", "tail", "types", "writer",
    )  # fmt: skip

    def __init__(self, call: OpenCall, how: ValueText) -> None:
        super().__init__(call, self.between)
        self.how = how
        self.head = delimiter(how.head)
        self.tail = delimiter(how.tail)
        self.given = Arguments()
        self.merged: dict[str, list[Any]] = {}
        self.key = ""
        self.types: Types = ()
        self.streaming = False
        self.doubtful = False
        self.writer = ArgumentWriter(call)
        self.start = 0

    @property
    def held(self) -> int:
        return self.writer.held.length

    @property
    def flow(self) -> Callable[[str], re.Match[str] | None] | None:
        return _PLAIN if self.streaming else None

    def close(self, at: int) -> None:
        """The text has ended at `at`, where a closer stands."""
        if self.state == self.value:
            self.call.problem("missing_closer", f"the value of {self.key[:60]!r} has no closer", at)
            self.value_ended(at)
        self.settle(at, True)

    def finish(self, at: int) -> None:
        """The output has ended at `at`."""
        self.settle(at, self.state == self.between)

    def settle(self, at: int, complete: bool) -> None:
        self.report_junk()
        for key, values in self.merged.items():
            self.put(key, argument(values[0] if len(values) == 1 else values, declared_types(self.call.tool, key)))
        if complete:
            self.call.write(self.given.end())
        self.streaming = False
        self.done = True
        self.call.end(complete, at)

    # -- between the tags --------------------------------------------------------------------------------------------------------

    def between(self, at: int) -> int:
        found, where = self.head.find(self.text, at, self.last, self.call.base)
        self.skip(at, where)
        if found is None:
            return ~where
        self.report_junk()
        self.begin(found["key"] or "", where)
        return found.end()  # type: ignore[no-any-return]

    def skip(self, start: int, end: int) -> None:
        """Text that is in no tag is ignored, but for blanks not in silence."""
        text = self.text[start:end]
        if self.junk or text.strip():
            text = text if self.junk else text.lstrip()
            self.keep_junk(text, end - len(text))

    # -- values ------------------------------------------------------------------------------------------------------------------

    def begin(self, key: str, at: int) -> None:
        self.state = self.value
        self.key = key
        self.types = declared_types(self.call.tool, key)
        self.writer.taken()
        self.start = self.call.base + at
        how = self.how.value
        self.streaming = not self.how.merge and not self.types and (how is None or (how.kind == "text" and not how.strip))
        self.doubtful = how is None and not self.how.merge and "string" in self.types
        if self.streaming:
            self.put(key, '"')

    def put(self, key: str, value: str) -> None:
        """A member's key, with what there is of its value. A key may come again: the last value counts, as in any JSON."""
        if key in self.given.seen:
            self.call.problem("repeated_key", f"the parameter {key[:60]!r} was given twice", self.start - self.call.base)
        self.call.write(self.given.member(key) + value)

    def value(self, at: int) -> int:
        found, where = self.tail.find(self.text, at, self.last, self.call.base)
        self.take(self.text[at:where])
        if found is None:
            return ~where
        self.value_ended(where)
        return found.end()  # type: ignore[no-any-return]

    def take(self, text: str) -> None:
        if self.streaming:
            self.call.write(escaped(text))
            return
        too_long = self.writer.hold(text)
        claimed: bool | None = None
        if self.doubtful:
            claimed = may_be_cast(self.writer.held.text, self.types)
            self.doubtful = claimed is None
        if claimed is False or too_long:
            self.streaming = True
            self.put(self.key, f'"{escaped(self.writer.taken())}')

    def value_ended(self, at: int) -> None:
        self.state = self.between
        if self.streaming:
            self.streaming = False
            self.call.write('"')
            return
        text = self.writer.taken()
        value: Any = text
        if self.how.value is not None:
            try:
                value = read_value(text, self.how.value, Repairs(self.call, at), self.call.rules.max_depth)
            except Unreadable as fault:
                self.call.problem("wrong_type", f"{self.key[:60]}: {fault}; kept as a string", at)
        if self.how.merge:
            self.merged.setdefault(self.key, []).append(value)
        else:
            self.put(self.key, argument(value, self.types))
