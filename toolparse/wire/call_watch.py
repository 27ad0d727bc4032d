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

from toolparse.wire.lookalikes import ODD_OPENERS, UNSEEN

BEHIND = 480
LONGEST = 4096
MOST = 8

_KEY = r"(?:name|tool_name|function_name|tool|function|type|id|tool_call_id|recipient_name|arguments|parameters|args|params|tool_calls)"
_QUOTE = r"[\"'“”]"
_WORD = re.sub("[a-z]", lambda letter: f"[{letter[0]}{letter[0].upper()}]", "tool|func|call|invoke|a(?:ction|rg(?:_|u))|param")
_FRAME = "(?:start|end|open|close|sep|message|channel|assistant)[|｜]?>"
_TAG = rf"[|｜\]{UNSEEN}]|[ /]{{0,3}}(?:[a-zA-Z0-9_:.|｜-]{{0,24}}[_:.|｜ -]|)(?:{_WORD})|{_FRAME}"
_TAG_BEGUN = r"[ /]{0,3}[\w:.|｜-]{0,24} ?[\w:.|｜-]{0,11}"
_OTHER_TAG = rf"[|｜]\w|[{UNSEEN}]|/?(?:[\w:.|｜-]{{0,24}}[_:.|｜-])?(?:{_WORD})\w{{0,24}}(?:=| name=|[\])}}])"
_OTHER_TAG_BEGUN = r"/?[\w:.|｜-]{0,64}(?: \w{0,4})?"
"""A tag in other brackets."""
_AFTER = {
    "<": (_TAG, _TAG_BEGUN),
    "&": (f"lt;(?:{_TAG})", f"l?|lt|lt;{_TAG_BEGUN}"),
    **dict.fromkeys(ODD_OPENERS, (_TAG, _TAG_BEGUN)),
    "[": (
        rf"/?[A-Z][A-Z_]{{2,24}}|[\"']?[^\W\d][\w.]{{0,64}}\(|[ \n]{{0,8}}\{{|{_OTHER_TAG}",
        rf"/?[A-Z_]{{0,24}}|[\"']?[\w.]{{0,65}}|[ \n]{{0,8}}|{_OTHER_TAG_BEGUN}",
    ),
    "{": (
        rf"[ \t\n]{{0,16}}(?:{_QUOTE}(?:{_KEY}{_QUOTE}?[ ]{{0,4}}[:=]|[\w.-]{{1,64}}{_QUOTE}[ ]{{0,4}}:[ ]{{0,4}}\{{)"
        rf"|{_KEY}{_QUOTE}?[ ]{{0,4}}[:=])|{_OTHER_TAG}",
        rf"[ \t\n]{{0,16}}(?:{_QUOTE}?[\w.-]{{0,64}}(?![\w.-]){_QUOTE}?[ ]{{0,4}}:?[ ]{{0,4}}|)|{_OTHER_TAG_BEGUN}",
    ),
    "`": ("``", "`?"),
    ">": (r">>[\w.-]{1,64}\n[ ]{0,2}\{", r"(?:>(?:>(?:[\w.-]{1,64}(?:\n[ ]{0,2})?)?)?)?"),
}
"""Behind the first character: the whole of a look, and what may become one at the text's end. Behind a back quote it is a code fence.
`re` is slow where it ignores the case, and where it may give back what it has read; so neither is done here."""
_LABEL = r"[ ]{0,4}(?:[|｜]\w{1,24}[|｜]>)?(?:Action:[ \n]{0,4}){0,2}"
_NAMED = r"[\"'`]?[\w.:-]{1,64}[\"'`]?[ ]{0,2}(?:\n[ ]{0,2})?"
_LINE = (
    rf"{_LABEL}(?:{_NAMED}"
    r"(?:\{[ \t\n]{0,8}[\"'}“]|\((?:[ \n]{0,8}(?:[\w$-]{1,64}[ ]{0,2}=|[{\"'])|\)[ ]{0,2}\n)|Action Input:)"
    r"|(?<=:)[ \n]{0,4}(?:```\w{0,16}[ \n]{0,4})?[\[{])"
)
_LINE_BEGUN = (
    rf"{_LABEL}(?:[\"'`]?[\w.:-]{{0,64}}|{_NAMED}"
    r"(?:\{[ \t\n]{0,8}|\((?:[ \n]{0,8}[\w$-]{0,64}[ ]{0,2}|\)[ ]{0,2})|A[\w ]{0,11}|)"
    r"|(?<=:)[ \n]{0,4}`{0,3}(?<=```)(?:\w{0,16}[ \n]{0,4})|(?<=:)[ \n]{0,4}`{0,2})"
)
"""Behind a line break: a name and the beginning of arguments, or what agents write in front of these; and the beginning of it."""
LINE_LOOK = f"(?:{_LINE}|(?:{_LINE_BEGUN})\\Z)"
_IN_TAG = rf"|｜\] /\w:.\-{UNSEEN}"
FOLLOWED = {
    **dict.fromkeys(("<", *ODD_OPENERS), _IN_TAG),
    "&": "l",
    "[": rf"/\w:.\-\"' \n{{|｜{UNSEEN}",
    "{": rf" \t\n\"'“”\w:.\-/|｜{UNSEEN}",
    "`": "`",
    ">": ">",
}
"""What may follow the first character of a look, as the inside of a character class: most first characters in code are followed by else."""
MARKUP = "(?:" + "|".join(rf"(?<={re.escape(first)})(?:{full}|(?:{cut})\Z)" for first, (full, cut) in _AFTER.items()) + ")"
"""What follows the first character of a look, whole or cut by the end of the text."""

_FULL = tuple(
    re.compile(pattern).search
    for pattern in (
        *(f"{re.escape(first)}(?=[{FOLLOWED[first]}])(?:{full})" for first, (full, _) in _AFTER.items()),
        rf"\n(?=[ \n\"'`|｜\w.:\-])(?:{_LINE})",
    )
)
"""One search for each first character, which `re` looks for quickly if it is the only one."""
_LINE_CUT = re.compile(rf"\n(?=[\s\w|｜>:\"'`.\-{{([$)]*\Z)(?:{_LINE_BEGUN})\Z").search
_CUT = re.compile("(?:" + "|".join(f"{re.escape(first)}(?:{cut})" for first, (_, cut) in _AFTER.items()) + ")\\Z").match


def _look(text: str, at: int) -> re.Match[str] | None:
    """The first look in the text from `at` on."""
    first = None
    for search in _FULL:
        found = search(text, at)
        if found is not None and (first is None or found.start() < first.start()):
            first = found
    return first


def _begun(text: str, at: int) -> int:
    """Where a look begins that the end of the text cuts, behind `at`; -1 when none does. There is no whole one."""
    line = len(text)
    for _ in range(4):
        if (before := text.rfind("\n", at, line)) < 0:
            break
        line = before
    if line < len(text) and (found := _LINE_CUT(text, line)) is not None:
        return found.start()
    last = max(map(text.rfind, _AFTER))  # no other stands behind it, but one of its kind
    for twice in ("``", ">>", ">>"):
        last -= last > at and text.startswith(twice, last - 1)
    return last if last >= at and _CUT(text, last) else -1


_BARE = r"(?:to=|call:|Action:|[|｜]\w{1,24}[|｜]>|>{0,3}[\w.:-]{0,63}\w(?:[ ]{0,2}\n?[({]|\[|<[|｜]))"
_BLOCK = r"```\w{0,16}[ \t\r\n]{0,8}"
_AT_START = re.compile(
    rf"[ \t\r\n]*(?:(?:{_BARE}|{_BLOCK}(?:{_BARE}|[<\[{{]))(?P<full>)"
    rf"|(?:>{{0,3}}[\w.:-]{{0,64}}=?[ ]{{0,2}}\n?<?|`{{1,2}}"
    rf"|[|｜]\w{{0,24}}[|｜]?|{_BLOCK}(?:[\w.:-]{{0,64}}=?[ ]{{0,2}}\n?<?)?)\Z(?P<cut>))"
)
"""What a call without a marker in front of it begins with: a name and a bracket, or a code block. It counts at the start of the text."""

_SENTENCE = re.compile(r"\w{1,64}(?:['’]\w{1,16})?[,.!?]? \w").match


def is_silent(text: str) -> bool:
    """Whether nothing in a text without any sign of `FOLLOWED` looks like a call; quickly, so it may be false of some that is silent."""
    if "\n" in text and ("(" in text or "Action" in text):
        return False
    return _SENTENCE(text) is not None or (start := _AT_START.match(text)) is None or start["full"] is None


@dataclass(slots=True)
class Region:
    """A stretch of text from the output's offset `start` on. `fenced`: it begins inside a code block; `first`: it is the start of all."""

    start: int
    text: str
    fenced: bool
    first: bool


class CallWatch:
    """Keeps the regions of content and of the reasoning block that is open.

    `open`: all text must be shown to it, else only what begins with a look or the beginning of one, and any text behind that; `noticed`:
    there has been a look.
    """

    __slots__ = (
        "_begun",
        "_end",
        "_fenced",
        "_first",
        "_looked",
        "_reasoning",
        "_regions",
        "_sure",
        "_text",
        "_tried",
        "noticed",
        "open",
        "thinking",
    )

    def __init__(self) -> None:
        self.open = self.noticed = self.thinking = False
        self._fenced = self._tried = self._first = False
        self._text = ""
        self._begun = 0
        self._end = 0
        self._sure = -1
        self._looked = 0
        self._regions: tuple[Region, ...] = ()
        self._reasoning: tuple[Region, ...] = ()

    def regions(self) -> list[Region]:
        """All that has been kept; the text has ended."""
        if self.open and self._sure < 0 and _look(f"{self._text}\n", 0) is not None:  # the text's end is a line's end
            self._sure = 0
        self._close()  # what is only begun is no look
        return [*self._regions, *self._reasoning]

    def add(self, text: str, end: int, thinking: bool) -> None:
        """The next text; it ends at the output's offset `end`."""
        if thinking != self.thinking:
            self._close()
            self._reasoning = ()  # of a block that has been closed: what was thought is no attempt
            self.thinking = thinking
        if self.open and end - len(text) > self._end:  # a call stood between
            self._close()
        self._end = end
        at = 0
        if not self._tried:
            self._tried = True
            found = _AT_START.match(text)
            if found is not None:
                self._begin(end - len(text), True, 0 if found["full"] is not None else -1)
        while at < len(text):
            if not self.open:
                look = _look(text, at)
                at = look.start() if look is not None else _begun(text, at)
                if at < 0:
                    return
                self._begin(end - len(text) + at, False, 0 if look is not None and text[at] != "`" else -1)
                if look is None:
                    self._text = text[at:]
                    return
            at = self._grow(text, at)

    def _begin(self, start: int, first: bool, sure: int) -> None:
        self.open = self.noticed = True
        self._begun = start
        self._text = ""
        self._first = first
        self._sure = sure
        self._looked = 0

    def _grow(self, text: str, at: int) -> int:
        """Add to the region what belongs to it; returns how far."""
        limit = min(max(self._sure, 0) + BEHIND, LONGEST)
        upto = min(at + limit - len(self._text), len(text))
        self._text += text[at:upto]
        if self._sure < 0 and not self._confirm():
            return upto
        while (look := _look(self._text, self._looked)) is not None:
            if look[0] != "```":
                self._sure = look.start()
            self._looked = look.end()
        begun = _begun(self._text, self._looked)
        self._looked = begun if begun >= 0 else len(self._text)
        if len(self._text) >= min(self._sure + BEHIND, LONGEST):
            rest = self._text[self._looked :]
            end = self._begun + len(self._text)
            self._close()
            if rest:  # the beginning of a look, which the next region begins with
                self._begin(end - len(rest), False, -1)
                self._text = rest
        return upto

    def _confirm(self) -> bool:
        """Whether the region does begin with a look; if not, it begins at the next one, or is given up."""
        text = self._text
        if self._first:
            start = _AT_START.match(text)
            if start is not None and (start["full"] is not None or len(text) < BEHIND):  # else it is begun without end
                self._sure = 0 if start["full"] is not None else -1
                return self._sure == 0
        at = 0
        while (look := _look(text, at)) is not None and look[0] == "```":
            self._fenced = not self._fenced
            at = look.end()
        at = look.start() if look is not None else _begun(text, at)
        if at < 0:
            self.open = False
            self._text = ""
            return False
        self._first = False
        self._begun += at
        self._text = text[at:]
        self._looked = 0
        if look is None:
            return False
        self._sure = 0
        return True

    def _close(self) -> None:
        if not self.open:
            return
        self.open = False
        fenced = self._fenced
        self._fenced ^= self._text.count("```") % 2 == 1
        if self._sure < 0:
            return
        region = Region(self._begun, self._text, fenced, self._first)
        if self.thinking:
            self._reasoning = (*self._reasoning[: MOST - 1], region)
        else:
            self._regions = (*self._regions[: MOST - 1], region)
        self._sure = -1


def begins(text: str, at_start: bool) -> int | None:
    """Where what may be a call begins in a region's text; `at_start`: it may do so without markup, too."""
    start = _AT_START.match(text) if at_start else None
    if start is not None and start["full"] is not None:
        return 0
    text += "\n"
    look = _look(text, 0)
    while look is not None and look[0] == "```":
        look = _look(text, look.end())
    return None if look is None else look.start()
