"""Calls of built-in tools whose body is code: all of it is the value of one key. A body that begins with a brace is JSON after all."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from toolparse.arguments.json_calls import NamedCall
from toolparse.arguments.json_text import SPACE, escaped
from toolparse.calls import OpenCall
from toolparse.lexer import EndMarks


class CodeReader:
    """The body of one call, whose name stood in its header. `key` is the parameter that the code is given as."""

    __slots__ = ("begun", "blanks", "call", "done", "ends", "json", "key", "refused")

    def __init__(self, call: OpenCall, key: str, ends: EndMarks, depth: int) -> None:
        self.call = call
        self.key = key
        self.ends = ends
        self.json = NamedCall(call, ends, depth)
        self.blanks: list[str] = []
        self.begun = False
        self.done = False
        self.refused = False

    def step(self, text: str, at: int, last: bool) -> int:
        if self.json is not None and not self.begun:
            start = at
            while at < len(text) and text[at] in SPACE:
                at += 1
            if at > start:
                self.blanks.append(text[start:at])
            if at == len(text):
                return at
            ends = self.ends(text, at, last)
            if ends is None:
                return at
            if ends:
                self.call.write("{}" if ends == "close" else "")
                return self.end(ends == "close", at)
            self.begun = True
            if text[at] != "{":
                self.call.write(f'{{{json.dumps(self.key)}: "{escaped("".join(self.blanks))}')
                self.blanks = []
                self.state = self.code
        return self.state(text, at, last)
