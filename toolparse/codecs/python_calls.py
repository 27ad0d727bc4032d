"""Calls as Python writes them, behind `f(`: keyword arguments in, one JSON object out; further calls of a list behind commas.

    argument ──name=──> value ──, )──> argument ... ──)──> after ──, name(──> argument

The values are the business of `python_values.py`. An argument without a name takes that of the tool's only parameter; otherwise it is
left out, as is the second value of a name, with a problem that tells it.
"""

from __future__ import annotations

import re

from toolparse.codecs.json_text import EndsAt
from toolparse.codecs.python_values import SPACES, PythonValues
from toolparse.grammar import PythonCalls
from toolparse.jsontext.raw_values import quote
from toolparse.wire.open_call import OpenCall

BLANKS = 256
"""What belongs together stands at most this many blanks apart; it waits until that is known."""
_SOME = f"[ \\t\\r\\n]{{0,{BLANKS}}}"
_KEY = re.compile(rf"([^\W\d]\w{{0,255}}){_SOME}=(?!=)")
_KEY_BEGIN = re.compile(rf"[^\W\d]\w{{0,255}}{_SOME}=?\Z")
_NAME = re.compile(rf"{_SOME}([^\W\d][\w.\-]{{0,255}}){_SOME}\(")
_NAME_BEGIN = re.compile(rf"{_SOME}(?:[^\W\d][\w.\-]{{0,255}}{_SOME})?\Z")


class PythonReader(PythonValues):
    """The calls of a list, the first of which has begun with its header; or that one call."""

    passes = rewrites = None

    __slots__ = ("given", "left", "listed")

    def __init__(self, call: OpenCall, body: PythonCalls, ends: EndsAt, depth: int) -> None:
        super().__init__(call, ends, depth, body.raw_quotes, body.json_escapes)
        self.listed = body.listed
        self.given: set[str] = set()
        self.left: tuple[str, str] | None = None
        self.state = self.argument

    def finish(self, at: int) -> None:
        """The output ended; outside the parentheses of a call that leaves nothing open."""
        self.done = True
        if self.call.open:
            self.leave_out(at)
            self.call.end(False, at)

    # -- arguments --------------------------------------------------------------------------------------------------------------------

    def argument(self, at: int) -> int:
        """Where an argument or the closing parenthesis may stand."""
        text = self.text
        at = self.token(at)
        if at < 0:
            return at
        character = text[at]
        if character == ")":
            self.end_call(at + 1)
            return at + 1
        if character == ",":
            return at + 1
        found = _KEY.match(text, at)
        if found is not None:
            if found.end() == len(text) and not self.last:
                return ~at
            self.begin_value(found[1])
            return found.end()
        if not self.last and _KEY_BEGIN.match(text, at):
            return ~at
        self.positional()
        return at

    def begin_value(self, key: str) -> None:
        self.state = self.value
        self.wants = True
        if key in self.given:
            self.left = ("repeated_key", f"the argument {key!r} is given twice; the first one stands, and this one was left out")
            self.keep("left")
            return
        self.emit((", " if self.given else "{") + quote(key) + ": ")
        self.given.add(key)

    def positional(self) -> None:
        tool = self.call.tool
        keys = tool.keys if tool is not None else ()
        if len(keys) == 1 and not self.given:
            self.begin_value(keys[0])
        else:
            self.left = ("positional_argument", "an argument without a name was left out")
            self.keep("left")
            self.state = self.value

    def ended_at_top(self, character: str, at: int) -> int | None:
        if character not in ",)":
            return None
        self.end_value(at)
        self.state = self.argument
        return at + (character == ",")

    def end_value(self, at: int) -> None:
        """An argument is complete."""
        if self.wants:
            self.wants = False
            self.emit("null")
            self.call.problem("missing_value", "a missing value was written as null", at)
        self.leave_out(at)

    def leave_out(self, at: int) -> None:
        """Report the argument that went nowhere."""
        if self.left is not None:
            kind, what = self.left
            self.left = None
            text = "".join(part for kept in self.kept for part in kept.parts) + "".join(self.word)
            self.kept.clear()
            self.kept_length = 0
            self.call.problem(kind, f"{what}: {text}", at, error=kind == "positional_argument")

    def end_call(self, at: int) -> None:
        self.call.write("}" if self.given else "{}")
        self.call.end(True, at)
        self.given = set()
        self.state = self.after
        self.done = not self.listed

    def cut(self, at: int, how: str) -> int:
        """A marker outside any string ends the text: the call's own closer closes what is open, anything else cuts the call."""
        if how == "close":
            self.close_word()
            while self.stack:
                self.close_container(at)
            if self.state != self.argument:
                self.end_value(at)
            self.call.problem("missing_closer", "missing closers were added", at)
            self.end_call(at)
        else:
            self.leave_out(at)
            self.call.end(False, at)
        self.done = True
        return ~at

    def after(self, at: int) -> int:
        """Behind a call of a list: a comma and the next call, the end of the list, or no more of it."""
        text = self.text
        here = SPACES.match(text, at, at + BLANKS).end()  # type: ignore[union-attr]
        if here == len(text):
            return ~at
        if text[here] == "]":
            self.done = True
            return here + 1
        if text[here] == ",":
            closing = SPACES.match(text, here + 1, here + 1 + BLANKS).end()  # type: ignore[union-attr]
            if text[closing : closing + 1] == "]":
                self.done = True
                return closing + 1
            found = _NAME.match(text, here + 1)
            if found is not None:
                self.call.starts_at(found.start(1))
                self.call.begin(found[1], None, found.start(1))
                self.state = self.argument
                return found.end()
            if not self.last and _NAME_BEGIN.match(text, here + 1):
                return ~at
        self.done = True
        return at
