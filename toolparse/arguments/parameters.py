"""Raw parameter values in markup, written as one JSON object.

The wire has no escaping, so a closer inside a value can only be told from a real one by what follows it (`Follow`). A declared
string flows out as it arrives; a value of another type is held until its end and typed by the schema.

    between ──opener──> (trim) ──> value ──closer that counts──> between ──the call's closer──> done
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from toolparse.arguments.json_text import EndsAt, escaped
from toolparse.calls import OpenCall
from toolparse.lexer import Values
from toolparse.schema import Type

_SPACES = re.compile(r"[ \t\r\n]*")
_UNTYPED = Type({})
_STRING = Type({"type": "string"})


class ParameterReader:
    """The parameters of one call, whose name stood in its header."""

    __slots__ = (
        "call", "done", "given", "kind", "key", "last", "line", "parts", "refused", "state", "streaming", "text", "type", "values",
        "ends", "junk", "junk_start", "nullable", "repeated",
    )  # fmt: skip

    def __init__(self, call: OpenCall, values: Values, ends: EndsAt) -> None:
        self.call = call
        self.values = values
        self.ends = ends
        self.given: set[str] = set()
        self.key = ""
        self.kind = ""
        self.type: Type = _UNTYPED
        self.parts: list[str] = []
        self.streaming = False
        self.nullable = False
        self.repeated = False
        self.line = True
        self.junk: list[str] = []
        self.junk_start = 0
        self.state: Callable[[int], int] = self.between
        self.done = False
        self.refused = False
        self.text = ""
        self.last = False

    def step(self, text: str, at: int, last: bool) -> int:
        self.text = text
        self.last = last
        while not self.done:
            at = self.state(at)
            if at < 0:
                return ~at
        return at

    @property
    def flow(self) -> Callable[[str], re.Match[str] | None] | None:
        return self.values.flow if self.state == self.value and self.streaming and not self.line else None

    def finish(self, at: int) -> None:
        """The output ended inside the call."""
        self.report_junk()
        self.done = True
        self.call.end(False, at)

    # -- between the parameters -------------------------------------------------------------------------------------------------------

    def between(self, at: int) -> int:
        text = self.text
        at = _SPACES.match(text, at).end()  # type: ignore[union-attr]
        if at == len(text):
            return ~at
        found = self.values.open.match(text, at)
        if found is not None:
            self.report_junk()
            self.open(found, at)
            return found.end()
        if not self.last and self.values.open_partial.match(text, at):
            return ~at
        ends = self.ends(text, at, self.last)
        if ends is None:
            return ~at
        if ends:
            self.close(at, complete=ends != "stop")
            return at
        close = self.values.body.close
        if text.startswith(close, at):
            return at + len(close)
        if not self.last and close.startswith(text[at : at + len(close)]):
            return ~at
        self.junk.append(text[at])
        if len(self.junk) == 1:
            self.junk_start = self.call.base + at
        return at + 1

    def report_junk(self) -> None:
        """Text between the parameters that is none, told once it has ended."""
        if self.junk:
            text = "".join(self.junk)
            self.junk = []
            position = self.junk_start - self.call.base
            self.call.problem("dropped_text", f"text between the parameters was dropped: {text}", position)

    def close(self, at: int, complete: bool) -> None:
        self.report_junk()
        if complete:
            self.call.write("}" if self.given else "{}")
        self.done = True
        self.call.end(complete, at)

    def open(self, found: re.Match[str], at: int) -> None:
        """A parameter begins."""
        groups = found.groupdict()
        self.key = found["key"].strip()
        kind = dict(self.values.body.kinds).get(groups.get("kind") or "", "")
        tool = self.call.tool
        self.type = tool.parameter(self.key) if tool is not None else _UNTYPED
        if kind == "string":
            self.type = _STRING
        self.kind = kind
        self.repeated = self.key in self.given
        self.streaming = self.nullable = False
        if self.repeated:
            self.call.problem("repeated_key", f"the parameter {self.key!r} is given twice; the first one stands", at)
        elif self.type.exactly_string and kind != "json":
            self.begin_string()
        elif self.type.string_or_null and kind != "json":
            self.nullable = True
        self.parts = []
        self.line = True
        self.state = self.trim if self.values.body.trim else self.value

    def begin_string(self) -> None:
        self.call.write(f"{self.prefix()}\"")
        self.streaming = True

    def prefix(self) -> str:
        """What stands before the value."""
        opening = ", " if self.given else "{"
        self.given.add(self.key)
        return f"{opening}{json.dumps(self.key, ensure_ascii=False)}: "

    # -- inside a value -----------------------------------------------------------------------------------------------------------------

    def trim(self, at: int) -> int:
        """What the template writes in front of a value."""
        trim = self.values.body.trim
        if self.text.startswith(trim, at):
            self.state = self.value
            return at + len(trim)
        if not self.last and trim.startswith(self.text[at:]):
            return ~at
        self.state = self.value
        return at

    def value(self, at: int) -> int:
        text = self.text
        look = at
        while True:
            found = self.values.search(text, look)
            if found is None:
                self.take(at, len(text))
                return ~len(text)
            start = found.start()
            kind = found.lastgroup
            if kind == "hold":
                self.take(at, start)
                return ~start
            mark = found.start(kind)  # type: ignore[arg-type]
            counts = self.counts(found, str(kind), mark, at)
            if counts is None:
                self.take(at, start)
                return ~start
            if counts:
                self.take(at, start)
                self.end(start)
                return found.end() if kind == "close" else mark
            look = mark + 1

    def counts(self, found: re.Match[str], kind: str, mark: int, at: int) -> bool | None:
        """Whether a marker inside an open value ends it."""
        values = self.values
        if kind == "close":
            return values.follows[""](self.text, found.end(), self.last)
        if kind == "end":
            return values.follows[found["end"]](self.text, found.end(), self.last)
        opener = values.open.match(self.text, mark)
        if opener is None:
            return None if not self.last and values.open_partial.match(self.text, mark) else False
        if values.body.next == "line" and not self.starts_line(at, mark):
            return False
        key = opener["key"].strip()
        tool = self.call.tool
        return tool is None or (tool.declares(key) and key not in self.given and key != self.key)

    def starts_line(self, at: int, mark: int) -> bool:
        before = self.text[at:mark]
        newline = before.rfind("\n")
        return not before[newline + 1 :].strip(" \t") and (newline >= 0 or self.line)

    def take(self, start: int, end: int) -> None:
        """The text from `start` to `end` belongs to the value."""
        if start >= end:
            return
        text = self.text[start:end]
        newline = text.rfind("\n")
        self.line = not text[newline + 1 :].strip(" \t") and (newline >= 0 or self.line)
        if self.streaming:
            self.call.write(escaped(text))
            return
        self.parts.append(text)
        if self.nullable and not self.may_be_null():
            parts, self.nullable = self.parts, False
            self.begin_string()
            self.parts = []
            self.call.write(escaped("".join(parts)))

    def may_be_null(self) -> bool:
        if len(self.parts) > 16:
            self.parts = ["".join(self.parts)]
        text = "".join(self.parts).strip()
        return "null".startswith(text) or (self.values.body.python_scalars and "None".startswith(text))

    def end(self, at: int) -> None:
        """The value is complete."""
        self.state = self.between
        if self.streaming:
            self.call.write('"')
            return
        text = "".join(self.parts)
        if self.repeated:
            self.call.problem("dropped_text", f"the second value of {self.key!r} was dropped: {text}", at)
            return
        value, problem = self.type.read(text, self.values.body.python_scalars)
        if problem is not None:
            self.call.problem("wrong_type", f"{self.key}: {problem}", at)
        self.call.write(self.prefix() + value)
