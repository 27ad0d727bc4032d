"""Raw parameter values that are escaped as in XML: by entities, or in a CDATA section.

The escaping makes the closer certain, so nothing behind it is looked at, except behind the `]]>` of a section, which counts only
where the value's closer follows. A value that begins with a line break is laid out: white space at its ends, and around a section, is
framing.

    layout ──> (lead) ──> value ──closer──> between
                            └──<![CDATA[──> section ──]]> and closer──> between
"""

from __future__ import annotations

import re
from collections.abc import Callable

from toolparse.codecs.parameters import ParameterReader
from toolparse.codecs.value_ends import mark_counts
from toolparse.jsontext.characters import SPACE, SPACES, always
from toolparse.wire.markers import LOOK, EndMarks
from toolparse.wire.open_call import OpenCall
from toolparse.wire.value_markers import SECTION, SECTION_END, Values

_BEGIN = always(r"[ \t]*(\r?\n)?")
_SECTION_FLOW = re.compile(r'[\]"\\\x00-\x1f]').search
_ENTITY = re.compile("&(?:lt|gt|amp|quot|apos);")
_ENTITY_BEGIN = re.compile(r"&(?:l|lt|g|gt|a|am|amp|ap|apo|apos|q|qu|quo|quot)?\Z")
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&amp;": "&", "&quot;": '"', "&apos;": "'"}


class XmlParameterReader(ParameterReader):
    """The parameters of one call, whose name stood in its header."""

    __slots__ = ("laid_out", "spaces")

    rewrites = None

    def __init__(self, call: OpenCall, values: Values, ends: EndMarks) -> None:
        super().__init__(call, values, ends)
        self.laid_out = False
        self.spaces: list[str] = []

    @property
    def flow(self) -> Callable[[str], re.Match[str] | None] | None:
        if not self.streaming:
            return super().flow if self.inner is not None else None
        if self.state == self.section:
            return _SECTION_FLOW
        return self.values.escaped_flow if self.state == self.value and not self.laid_out else None

    def open(self, found: re.Match[str], at: int) -> None:
        super().open(found, at)
        self.laid_out = False
        self.spaces = []
        self.state = self.layout

    def layout(self, at: int) -> int:
        """Where a value begins: a line break says that it is laid out."""
        found = _BEGIN.match(self.text, at, at + LOOK)
        end = found.end()
        self.laid_out = found[1] is not None
        if not self.laid_out and not self.last and end - at < LOOK and end + self.text.startswith("\r", end) == len(self.text):
            return ~at
        self.state = self.lead if self.laid_out else self.value
        return at

    def lead(self, at: int) -> int:
        """In front of a value that is laid out."""
        at = SPACES.match(self.text, at).end()
        if at == len(self.text):
            return ~at
        self.state = self.value
        return at

    def value(self, at: int) -> int:
        text = self.text
        found = self.values.escaped_marks.search(text, at)
        if found is None:
            self.say(text[at:])
            return ~len(text)
        start = found.start()
        self.say(text[at:start])
        if text[start] == "&":
            entity = _ENTITY.match(text, start)
            if entity is not None:
                if entity[0] == "&lt;" and self.values.reads_damaged:
                    if entity.end() == len(text) and not self.last:
                        return ~start
                    if text.startswith("/", entity.end()):
                        self.doubts.marks(start)
                self.say(_ENTITIES[entity[0]])
                return entity.end()
            if _ENTITY_BEGIN.match(text, start):
                return ~start
        else:
            if text.startswith(SECTION, start):
                self.spaces = []
                self.state = self.section
                return start + len(SECTION)
            found = self.values.match(text, start)
            kind = found.lastgroup if found is not None else None
            if found is not None and kind is not None:
                if kind == "hold" or (kind == "wait" and not self.last):
                    return ~start
                counts = kind == "close" or text.startswith(self.values.closers, start) or mark_counts(self, found, kind, start, start)
                if counts is None:
                    return ~start
                if counts:
                    return self.end_with(found, kind, start, start, False)
            if SECTION.startswith(text[start : start + len(SECTION)]):
                return ~start
        self.say(text[start])
        return start + 1

    def say(self, text: str) -> None:
        """Text of the value, its white space at the end held back where it is laid out."""
        if self.laid_out:
            inner = text.rstrip(SPACE)
            if not inner:
                self.spaces.append(text)
                return
            blanks, self.spaces = "".join(self.spaces), [text[len(inner) :]]
            text = blanks + inner
        if text:
            self.put(text)

    def section(self, at: int) -> int:
        """Inside a CDATA section."""
        text = self.text
        close = self.values.closes[0]
        look = at
        while True:
            end = text.find(SECTION_END, look)
            if end < 0:
                end = len(text) - (2 if text.endswith("]]", at) else text.endswith("]", at))
                self.put(text[at:end])
                return ~end
            behind = end + len(SECTION_END)
            if self.laid_out:
                behind = SPACES.match(text, behind, behind + LOOK).end()
            if text.startswith(close, behind):
                self.put(text[at:end])
                self.end(end)
                return behind + len(close)
            if close.startswith(text[behind : behind + len(close)]):
                self.put(text[at:end])
                return ~end
            look = end + 1
