"""What in an output's running text looks like a call, kept for the end: the watch beside the parser.

Theory of operation. A call that the parser did not read is text, and nearly all text is no call. So text is only looked at for the
beginning of markup (`LOOKS`), some hundred characters at once. From such a beginning on a *region* is kept, up to `BEHIND` characters
behind the last one in it and `LONGEST` in all. What the regions hold is judged once, when the output ends (`engine/attempts.py`).

Which characters a region holds depends on the text alone, never on where pieces end: of text in which nothing is found, the end is
looked at again with what follows it. At most `MOST` regions are kept, the first ones and the last, as a call comes at the start of an
answer or at its end.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from toolparse.wire.lookalikes import ODD_OPENERS, UNSEEN

BEHIND = 480
LONGEST = 4096
MOST = 8
LOOK, LOOKED_AT = 256, 1024
"""What `LOOKS` and `_LINE` match is shorter than the first of these, whatever is repeated in it. The second: so much text is looked at at
once, as the end of it is looked at again."""

_KEYS = (
    "name|tool_name|function_name|tool_call|tool|function|type|id|tool_call_id|"
    "recipient_name|method|action|call|arguments|parameters|args|params|tool_calls|jsonrpc"
)
_KEY = f"(?:{_KEYS})"
_QUOTE = r"[\"'“”]"
CALL_WORDS = "tool|func|call|invoke|action|arg_|argu|param"
"""What the words in the markup of calls begin with, in all families."""
_WORD_FIRSTS, _KEY_FIRSTS = ("".join(sorted({word[0] for word in words.split("|")})) for words in (CALL_WORDS, _KEYS))
_IN_ANY_CASE = re.sub("[a-z]", lambda letter: f"[{letter[0]}{letter[0].upper()}]", CALL_WORDS)
_WORD = f"(?=[{_WORD_FIRSTS}{_WORD_FIRSTS.upper()}])(?:{_IN_ANY_CASE})"
_FRAME = "(?:start|end|open|close|sep|message|channel|assistant)[|｜]?>"
_TAG = rf"[|｜\]{UNSEEN}]|[ /]{{0,3}}(?:[a-zA-Z0-9_:.|｜\\-]{{0,24}}[_:.|｜ -]|){_WORD}|{_FRAME}"
_OTHER_TAG = rf"[|｜]\w|[{UNSEEN}]|/?(?:[\w:.|｜-]{{0,24}}[_:.|｜-])?{_WORD}\w{{0,24}}(?:=| name=|[\])}}])"
"""A tag in other brackets."""
_SAID = rf"(?:[A-Z][a-z]{{1,11}} )?{_WORD}[\w ]{{0,12}}(?:: [\w.-]{{1,64}}[ (]|=[\"'])"
"""A call as agents write it into a history: `[Calling tool: name({…`."""
_OF_HTML = (
    "a|article|aside|b|body|button|center|code|dd|details|div|dl|dt|em|figure|font|footer|form|g|h[1-6]|head|header|html|i|label|li|main|"
    "nav|ol|p|pre|section|select|small|span|strong|style|summary|svg|table|tbody|td|tfoot|th|thead|title|tr|u|ul|video"
)
_NAMED_TAG = (
    r"[a-zA-Z][a-zA-Z0-9.-]{0,40}(?:_\w{0,40}[ />\n]|>[ \n]{0,4}\{[ \n]{0,4}[\"']|[ ][a-z]{1,24}_\w{1,40}=[\"']"
    r"|[ ][a-z]{1,24}=[\"'][^\"'<>\n]{0,80}[\"'][ ]?/>)"
    rf"|(?=\w{{2,40}}>[ \n]{{0,4}}<[a-z]\w{{1,40}}>)(?!(?:{_OF_HTML})>)\w"
)
"""A tag with arguments in it or behind it that is none of HTML, or whose name is two words."""
LOOKS = {
    "<": f"{_TAG}|{_NAMED_TAG}",
    "&": f"lt;(?:{_TAG})",
    "\\": f"(?:u003c|<)(?:{_TAG})",
    **dict.fromkeys(ODD_OPENERS, _TAG),
    "[": rf"/?[A-Z][A-Z_]{{2,24}}|[\w\"'][^\[\]()\n]{{0,63}}\(|[ \n]{{0,8}}\{{|{_OTHER_TAG}|{_SAID}",
    "{": (
        rf"[ \t\n]{{0,16}}(?=[\\\"'“”{_KEY_FIRSTS}])"
        rf"(?:\\?{_QUOTE}(?:{_KEY}\\?(?:{_QUOTE}?[ ]{{0,4}}[:=]|{_QUOTE}[ ]{{0,4}}[\"{{])|[\w.-]{{1,64}}{_QUOTE}[ ]{{0,4}}:[ ]{{0,4}}\{{)"
        rf"|{_KEY}{_QUOTE}?[ ]{{0,4}}[:=])|(?![ \t\n\\\"'“”])(?:{_OTHER_TAG})|(?<=\w\n\{{)[\"'}}](?P<behind>)"
    ),
    ">": r">>[^\s<>][^\n<>]{0,80}\n|call:[\w.:-]{1,64}[{(]",
}
"""What follows the first character of a look. `re` is slow where it ignores the case, so it does not, and quick where the next character
tells that nothing follows."""
_LABEL = rf"[ {UNSEEN}]{{0,4}}(?:[|｜]\w{{1,24}}[|｜]>)?(?:Action:[ \n]{{0,4}}){{0,2}}"
_WORDS_OF_HEADER = r"(?:to=functions\.|(?:assistant|analysis|commentary|user)[a-z]{0,12} to=functions\.|(?:invoke|function) name=[\"'])"
"""The header of a call or of a message to a tool, of whose markers only the words are left."""
_NAMED = r"[\"'`]?[\w.:-]{1,64}(?![\w.:-])[\"'`]?[ ]{0,2}(?:\n[ ]{0,2})?"
_LINE = (
    rf"{_LABEL}(?:{_NAMED}"
    r"(?:\{[ \t\n]{0,8}[\"'}“]|\((?:[ \n]{0,8}(?:[\w$-]{1,64}[ ]{0,2}=|[{\"'])|\)[ ]{0,2}\n)|\w{0,16}Action Input:)"
    rf"|{_WORDS_OF_HEADER}|call:[\w.:-]{{1,64}}[{{(]"
    r"|Action Input:[ ]{0,4}[\[{]|(?<=:)[ \n]{0,4}(?:```\w{0,16}[ \n]{0,4})?[\[{])"
)
"""Behind a line break: a name and the beginning of arguments, or what agents write in front of these."""
_IN_TAG = rf"|｜\] /\w:.\-{UNSEEN}"
FOLLOWED = {
    **dict.fromkeys(("<", *ODD_OPENERS), _IN_TAG),
    "&": "l",
    "\\": "u<",
    "[": rf"/\w:.\-\"' \n{{|｜{UNSEEN}",
    "{": rf" \t\n\\\"'“”\w:.\-/|｜}}{UNSEEN}",
    "`": "`",
    ">": ">c",
}
"""What may follow the first character of a look, or of a code fence, as the inside of a character class: most in code are followed by
else."""
_SIGNS = (*LOOKS, "\n")
_any_sign = re.compile(f"[{re.escape(''.join(_SIGNS))}]").search


@lru_cache(maxsize=len(_SIGNS))
def _search(sign: str) -> Callable[..., re.Match[str] | None]:
    """The search for looks that begin with this character, which `re` finds quickly if it is the only one; compiled when a text has it."""
    if sign == "\n":
        return re.compile(rf"\n(?=[ {UNSEEN}]{{0,4}}[\"'`|｜\w.:\-])(?:{_LINE})").search
    return re.compile(f"{re.escape(sign)}(?=[{FOLLOWED[sign]}])(?:{LOOKS[sign]})").search


def _look(text: str, at: int, end: int) -> re.Match[str] | None:
    """The first look in the text from `at` on that ends in front of `end`."""
    first = None
    for sign in _SIGNS:
        if (begin := text.find(sign, at, end)) >= 0 and (first is None or begin < first.start()):
            found = _search(sign)(text, begin, end)
            if found is not None and (first is None or found.start() < first.start()):
                first = found
    return first


_NAME_BEFORE = re.compile(r"\S{1,80}\n\Z")


def _first_of(text: str, look: re.Match[str]) -> int:
    """Where what the look is in begins: an object may stand right behind a name that ends the line in front of it."""
    at = look.start()
    name = _NAME_BEFORE.search(text, max(at - 81, 0), at) if look.lastgroup == "behind" else None
    return at if name is None else name.start()


_BARE = rf"(?:{_WORDS_OF_HEADER}|to=|call:|Action:|[|｜]\w{{1,24}}[|｜]>|>{{0,3}}[\w.:-]{{0,63}}\w(?:[ ]{{0,2}}\n?[({{]|\[|<[|｜]))"
_BLOCK = r"```\w{0,16}[ \t\r\n]{0,8}"
_AT_START = re.compile(
    rf"[ \t\r\n]{{0,64}}(?:(?:{_BARE}|{_BLOCK}(?:{_BARE}|[<\[{{]))(?P<full>)"
    rf"|(?:>{{0,3}}[\w.:-]{{0,64}}=?[ ]{{0,2}}\n?<?|`{{1,2}}"
    rf"|[|｜]\w{{0,24}}[|｜]?|{_BLOCK}(?:[\w.:-]{{0,64}}=?[ ]{{0,2}}\n?<?)?)\Z)"
)
"""What a call without a marker in front of it begins with: a name and a bracket, or a code block. It counts at the start of the text."""

_SENTENCE = re.compile(r"\w{1,64}(?:['’]\w{1,16})?[,.!?]? \w").match


def is_silent(text: str) -> bool:
    """Whether nothing in a text without any sign of `FOLLOWED` looks like a call; quickly, so it may be false of some that is silent."""
    if "\n" in text and ("(" in text or "Action" in text):
        return False
    if "=" not in text and _SENTENCE(text) is not None:  # the words of a header are a sentence, too
        return True
    return (start := _AT_START.match(text)) is None or start["full"] is None


@dataclass(slots=True)
class Region:
    """A stretch of text from the output's offset `start` on. `fenced`: it begins inside a code block; `first`: it is the start of all."""

    start: int
    text: str
    fenced: bool
    first: bool


class CallWatch:
    """Keeps the regions of content and of the reasoning block that is open.

    `_text` ends with the last text that was added, at the offset `_end`: it is the region that is open, or else what may be the beginning
    of a look; it is looked at when it is longer than `_enough`. `_sure` is where the last look in the region begins, -1 when none is open;
    up to `_looked` it has been looked through. `_at_start`: all text so far may still be the beginning of a call without a marker;
    `_first`: the region is one. `_fenced`: `_text` begins inside a code block.
    """

    __slots__ = ("_at_start", "_end", "_enough", "_fenced", "_first", "_looked", "_reasoning", "_regions", "_sure", "_text", "_thinking")

    def __init__(self) -> None:
        self._thinking = self._fenced = self._first = False
        self._at_start = True
        self._text = ""
        self._end = 0
        self._enough = LOOKED_AT
        self._sure = -1
        self._looked = 0
        self._regions: tuple[Region, ...] = ()
        self._reasoning: tuple[Region, ...] = ()

    def regions(self) -> tuple[Region, ...]:
        """All that has been kept; the text has ended."""
        if self._sure < 0 and _any_sign(self._text) is None and (not self._at_start or is_silent(self._text)):
            return (*self._regions, *self._reasoning)
        if self._text.rstrip(" ").endswith(")"):  # the text's end is a line's end, which only such a line needs
            self._look_at()
            line = f"{self._text}\n"
            look = _look(line, 0, len(line)) if self._sure < 0 else None
            if look is not None:
                self._begin(_first_of(line, look), False)
        self._close()
        return (*self._regions, *self._reasoning)

    def add(self, text: str, end: int, thinking: bool) -> None:
        """The next text; it ends at the output's offset `end`."""
        if thinking != self._thinking:
            self.turn_to(thinking)
        elif end - len(text) > self._end:  # a call stood between
            self._close()
        if len(text) <= LONGEST:
            self._take(text, end)
            return
        begin = end - len(text)
        for at in range(0, len(text), LONGEST):  # what is left of a text is copied at each region
            self._take(text[at : at + LONGEST], min(begin + at + LONGEST, end))

    def turn_to(self, thinking: bool) -> None:
        """Reasoning begins or has ended. What was thought in a block that has been closed is no attempt, and the answer begins."""
        self._close()
        self._reasoning = ()
        self._thinking = thinking
        self._at_start = True

    def _take(self, text: str, end: int) -> None:
        self._text += text
        self._end = end
        if len(self._text) > self._enough:
            self._look_at()

    def _look_at(self) -> None:
        while (self._sure >= 0 or self._begins()) and self._ends():
            pass
        self._enough = len(self._text) + LOOKED_AT

    def _begins(self) -> bool:
        """Whether a region begins in the text; of text in which none does, the end is kept."""
        text = self._text
        if self._at_start:
            start = _AT_START.match(text)
            if start is not None and start["full"] is None:
                return False
            self._at_start = False
            if start is not None:
                self._begin(0, True)
                return True
        look = _look(text, 0, len(text))
        if look is None:
            self._leave(max(len(text) - LOOK, 0))
            return False
        self._begin(_first_of(text, look), False)
        return True

    def _begin(self, at: int, first: bool) -> None:
        self._leave(at)
        self._sure = self._looked = 0
        self._first = first

    def _ends(self) -> bool:
        """Whether the region that is open ends in the text. Where it does, a look may begin and not end: it is left for the next region."""
        text = self._text
        while (look := _look(text, self._looked, limit := min(self._sure + BEHIND, LONGEST))) is not None:
            self._sure = look.start()
            self._looked = look.end()
        if len(text) < limit:
            self._looked = max(self._looked, len(text) - LOOK)
            return False
        self._keep(limit)
        self._leave(max(self._looked, limit - LOOK))
        return True

    def _keep(self, length: int) -> None:
        """The open region is so long."""
        region = Region(self._end - len(self._text), self._text[:length], self._fenced, self._first)
        if self._thinking:
            self._reasoning = (*self._reasoning[: MOST - 1], region)
        else:
            self._regions = (*self._regions[: MOST - 1], region)
        self._sure = -1

    def _leave(self, count: int) -> None:
        """So many characters of the text are done with."""
        text = self._text
        if text.startswith("`", count):  # the fences of what is left are counted as if all were there
            count -= (count - len(text[:count].rstrip("`"))) % 3
        self._fenced ^= text.count("```", 0, count) % 2 == 1
        self._text = text[count:]

    def _close(self) -> None:
        """What comes next does not follow the text."""
        if self._text:
            self._look_at()
            if self._sure >= 0:
                self._keep(len(self._text))
            self._at_start = False
            self._leave(len(self._text))


def begins(text: str, at_start: bool) -> int | None:
    """Where what may be a call begins in a region's text; `at_start`: it may do so without markup, too."""
    start = _AT_START.match(text) if at_start else None
    if start is not None and start["full"] is not None:
        return 0
    look = _look(f"{text}\n", 0, len(text) + 1)
    return None if look is None else _first_of(text, look)
