"""The call of a built-in tool whose body is code: all of it is the value of one key. A body that begins with a brace is JSON after all.

It is read by the machine of `json_text.py` only then; code ends at the markers that end the call, wherever they stand.
"""

from __future__ import annotations

from toolparse.codecs.json_calls import NamedCall
from toolparse.jsontext.characters import SPACE, escaped, quote
from toolparse.wire.markers import EndMarks, flow_until
from toolparse.wire.open_call import OpenCall


class CodeCall(NamedCall):
    """One such call, whose name stood in its header. `parameter` is the one that the code is given as."""

    __slots__ = ("blanks", "marks", "parameter", "plain")

    def __init__(self, call: OpenCall, parameter: str, ends: EndMarks) -> None:
        super().__init__(call, ends)
        self.parameter = parameter
        self.marks = ends
        self.blanks: list[str] = []
        self.plain = flow_until(ends.firsts)
        self.state = self.first

    def first(self, at: int) -> int:
        """The first character that is not blank says what the body is."""
        text = self.text
        here = at
        while here < len(text) and text[here] in SPACE:
            here += 1
        self.blanks.append(text[at:here])
        self.copy = here
        if here == len(text):
            return ~here
        ends = self.ends(text, here, self.last)
        if ends is None:
            return ~here
        if ends or text[here] == "{":
            self.state = self.arguments
            return here
        self.write(f'{{{quote(self.parameter)}: "{escaped("".join(self.blanks))}')
        self.flow = self.plain
        self.state = self.code
        return here

    def code(self, at: int) -> int:
        text = self.text
        marks = self.marks
        mark = marks.full.search(text, at)
        held = marks.partial.search(text, at) if mark is None and not self.last else None
        found = mark or held
        end = len(text) if found is None else found.start()
        if end > at:
            self.write(escaped(text[at:end]))
        self.copy = end
        if mark is None:
            return ~end
        self.write('"}')
        self.settle(end, mark.lastgroup == "close")
        return end

    def finish(self, at: int) -> None:
        if self.state == self.code:
            self.settle(at, False)
        else:
            super().finish(at)
