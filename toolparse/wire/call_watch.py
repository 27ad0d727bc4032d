"""What in an output's running text looks like a call, kept for the end: the watch beside the parser.

Theory of operation. A call that the parser did not read is text, and nearly all text is no call. So text is only looked at for the
beginning of markup (`MARKUP`), in the same search that looks for the format's own markers: text without a bracket costs nothing.
From such a beginning on a *region* is kept, up to `BEHIND` characters behind the last one in it and `LONGEST` in all. What the regions
hold is judged once, when the output ends (`engine/attempts.py`).

Which characters a region holds depends on the text alone, never on where pieces end. At most `MOST` regions are kept, the first ones
and the last, as a call comes at the start of an answer or at its end.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

BEHIND = 480
LONGEST = 4096
MOST = 8

FIRSTS = "<[{`"
"""What a look begins with."""
_KEY = r"(?:name|tool_name|function_name|tool|function|type|id|tool_call_id|recipient_name|arguments|parameters|args|params|tool_calls)"
_QUOTE = r"[\"'“”]"
_FULL = (
    r"(?<=<)(?:[|｜\]]|(?i:[ ]?/?[ ]?(?:[\w:.|｜-]{0,24}?[_:.|｜-])?(?:tool|func|call|invoke|action|param|arg[_u])))",
    r"(?<=\[)(?:/?[A-Z][A-Z_]{2,24}|[\"']?[^\W\d][\w.]{0,64}\(|[ \n]{0,8}\{)",
    rf"(?<=\{{)[ \t\n]{{0,16}}(?:{_QUOTE}?{_KEY}{_QUOTE}?[ ]{{0,4}}[:=]|{_QUOTE}[\w.-]{{1,64}}{_QUOTE}[ ]{{0,4}}:[ ]{{0,4}}\{{)",
)
_CUT = (
    r"(?<=<)[ ]?/?[ ]?[\w:.|｜-]{0,29}\Z",
    r"(?<=\[)(?:/?[A-Z_]{0,24}|[\"']?[\w.]{0,65}|[ \n]{0,8})\Z",
    rf"(?<=\{{)[ \t\n]{{0,16}}(?:{_QUOTE}?[\w.-]{{0,64}}{_QUOTE}?[ ]{{0,4}}:?[ ]{{0,4}})?\Z",
    r"(?<=`)`?\Z",
)
_FENCE = r"(?<=`)``"
MARKUP = f"(?:{'|'.join((*_FULL, _FENCE))}|(?:{'|'.join(_CUT)}))"
"""What follows one of `FIRSTS` in the beginning of markup, in a beginning of that at the end of the text, and in a code fence."""

_LOOK = re.compile(f"[{re.escape(FIRSTS)}](?:(?:{'|'.join(_FULL)})(?P<full>)|{_FENCE}(?P<fence>)|(?:{'|'.join(_CUT)})(?P<cut>))")
_AT_START = re.compile(
    r"[ \t\r\n]*(?:(?:to=|call:|[\w.:-]{1,64}[ ]{0,2}\n?(?:[({\[]|<[|｜]))(?P<full>)|[\w.:-]{0,64}=?[ ]{0,2}\n?<?\Z(?P<cut>))"
)
"""What a call without a marker in front of it begins with: a name and a bracket. It counts at the start of the text only."""


@dataclass(slots=True)
class Region:
    """A stretch of text from the output's offset `start` on. `fenced`: it begins in a code block; `first`: nothing but that block's
    opener stands in front of it.
    """

    start: int
    text: str
    fenced: bool
    first: bool


class CallWatch:
    """Keeps the regions of content and of the reasoning block that is open. `open`: all text must be shown to it."""

    __slots__ = ("_fenced", "_looked", "_reasoning", "_region", "_regions", "_sure", "_tried", "open", "thinking")

    def __init__(self) -> None:
        self.open = False
        self.thinking = False
        self._regions: list[Region] = []
        self._reasoning: list[Region] = []
        self._region = Region(0, "", False, False)
        self._sure = -1
        self._looked = 0
        self._fenced = False
        self._tried = False

    def regions(self) -> list[Region]:
        """All that has been kept; the text has ended."""
        self._close()
        return self._regions + self._reasoning

    def add(self, text: str, end: int, thinking: bool) -> None:
        """The next text; it ends at the output's offset `end`."""
        if thinking != self.thinking:
            self._close()
            self._reasoning.clear()  # of a block that has been closed: what was thought is no attempt
            self.thinking = thinking
        at = 0
        if not self._tried:
            self._tried = True
            found = _AT_START.match(text)
            if found is not None:
                self._begin(end - len(text), True, 0 if found["full"] is not None else -1)
        while at < len(text):
            if not self.open:
                look = _LOOK.search(text, at)
                if look is None:
                    return
                at = look.start()
                self._begin(end - len(text) + at, False, -1)
            at = self._grow(text, at)

    def _begin(self, start: int, first: bool, sure: int) -> None:
        self.open = True
        self._region = Region(start, "", self._fenced, first)
        self._sure = sure
        self._looked = 0

    def _grow(self, text: str, at: int) -> int:
        """Add to the region what belongs to it; returns how far."""
        region = self._region
        limit = min((max(self._sure, 0)) + BEHIND, LONGEST)
        upto = at + limit - len(region.text)
        region.text += text[at:upto]
        if self._sure < 0 and not self._confirm():
            return min(upto, len(text))
        for look in _LOOK.finditer(region.text, self._looked):
            self._looked = look.start()
            if look["cut"] is not None:
                break
            if look["full"] is not None:
                self._sure = look.start()
            self._looked = look.end()
        else:
            self._looked = max(self._looked, len(region.text))
        limit = min(self._sure + BEHIND, LONGEST)
        if len(region.text) >= limit:
            rest = region.text[self._looked :]
            self._close()
            if rest:  # the beginning of a look, which the next region begins with
                self._begin(region.start + len(region.text) - len(rest), False, -1)
                self._region.text = rest
        return min(upto, len(text))

    def _confirm(self) -> bool:
        """Whether the region does begin with a look; if not, it begins at the next one, or is given up."""
        region = self._region
        if region.first:
            start = _AT_START.match(region.text)
            if start is not None:
                self._sure = 0 if start["full"] is not None else -1
                return self._sure == 0
            region.first = False
        at = 0
        while True:
            look = _LOOK.search(region.text, at)
            if look is None:
                self.open = False
                return False
            if look["fence"] is None:
                break
            self._fenced = not self._fenced
            at = look.end()
        region.start += look.start()
        region.text = region.text[look.start() :]
        region.fenced = self._fenced
        self._looked = 0
        if look["cut"] is not None:
            return False
        self._sure = 0
        return True

    def _close(self) -> None:
        if not self.open:
            return
        self.open = False
        region = self._region
        if region.text.count("```") % 2:
            self._fenced = not self._fenced
        if self._sure < 0:
            return
        kept = self._reasoning if self.thinking else self._regions
        if len(kept) == MOST:
            kept.pop()
        kept.append(region)
        self._sure = -1


def begins(text: str, at_start: bool) -> int | None:
    """Where what may be a call begins in a region's text; `at_start`: it may do so without markup, too."""
    start = _AT_START.match(text) if at_start else None
    if start is not None and start["full"] is not None:
        return 0
    return next((look.start() for look in _LOOK.finditer(text) if look["full"] is not None), None)
