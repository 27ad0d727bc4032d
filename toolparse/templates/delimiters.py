"""Delimiters that are regular expressions, found in text that arrives in pieces.

Whether a match stands must not depend on text that may still come. Partial matching tells: an attempt that runs into the end of
the text is undecided, and so is all that stands behind its start. For this the pattern is compiled a second time, in an atomic
group that a failure follows: no match of it is ever whole, and it is partial exactly where the pattern itself would want to see
more before it decides. Anchors that look at the end of the text are rewritten as look-aheads, which want to see more, too.

What a delimiter looks at ends at the second next border of a grid of `CELL` characters, which is laid over the output: what is
not decided there is text. So a delimiter has 512 to 1024 characters, and whatever the pattern, what waits and the work are
bounded, as all places of a cell are searched at once. Knows patterns and text, nothing of templates or calls.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from toolparse.wire.spellings import inside

CELL = 512
CONTEXT = 256
"""How many characters in front of it a delimiter may look back at."""
_TOKEN = re.compile(r"\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\\\]])*\]|\\.|\(\?<[=!]|.", re.DOTALL)
_WORD_EDGES = {
    r"\b": r"(?:(?<=\w)(?!\w)|(?<!\w)(?=\w))",
    r"\B": r"(?:(?<=\w)(?=\w)|(?<!\w)(?!\w))",
    r"\m": r"(?<!\w)(?=\w)",
    r"\M": r"(?<=\w)(?!\w)",
}
_LOOKS_BACK = {"^", r"\A", r"\G", "(?<=", "(?<!", *_WORD_EDGES}
_UNUSUAL = re.compile(r"\\[pPxuUNLXR]|\[[^\]]*[^\x00-\x7f]|\[:|\(\?[a-zA-Z]*i")
_ASCII = tuple(map(chr, range(128)))
_FEW = 32
_KINDS = ("\u00e9", "\u20ac", "\u0663")
"""A letter, a digit and something else."""
_SPACES = "".join(chr(code) for code in range(128, 0x3001) if chr(code).isspace())


class Delimiter:
    """One pattern. `begins` is a pattern of `re` for the places where a match may begin, as far as two characters tell;
    `looks_back` says that a match depends on what stands in front of it.

    >>> Delimiter("<a>|<ab>").find("x<a>", 0, False)
    (<regex.Match object; span=(1, 4), match='<a>'>, 1)
    >>> Delimiter(r"<a>\\s*").find("x<a> ", 0, False)
    (None, 1)
    """

    __slots__ = ("begins", "candidate", "looks_back", "pattern", "undecided")

    def __init__(self, pattern: str) -> None:
        import regex

        tokens = _TOKEN.findall(pattern)
        self.looks_back = not _LOOKS_BACK.isdisjoint(tokens)
        lines = bool(regex.compile(pattern, regex.DOTALL).flags & regex.MULTILINE)
        ends = {"$": r"(?=\n|(?!.))" if lines else r"(?=\n?+(?!.))", r"\Z": "(?!.)", r"\z": "(?!.)", **_WORD_EDGES}
        pattern = "".join(ends.get(token, token) for token in tokens)
        self.pattern = regex.compile(pattern, regex.DOTALL)
        self.undecided = regex.compile(f"(?>{pattern})(?!)", regex.DOTALL)
        self.begins = "|".join(beginnings(self, pattern))
        anywhere = self.looks_back or self.pattern.match("")
        self.candidate = None if anywhere else re.compile(self.begins or "(?!)").search

    def takes(self, text: str) -> bool:
        """Whether a match may begin with the text."""
        return bool(self.undecided.match(text, partial=True) or self.pattern.match(text))

    def find(self, text: str, at: int, last: bool, base: int = 0) -> tuple[Any, int]:
        """The first match in `text` from `at`, and where it begins; without one, the first place that more text must decide
        (the end of the text when there is none). `last` says that no more text will come, `base` is the offset of the text in
        the output.
        """
        length = len(text)
        while True:
            if self.candidate is not None:
                candidate = self.candidate(text, at)
                if candidate is None:
                    return None, length
                at = candidate.start()
            border = ((base + at) // CELL + 1) * CELL - base
            end = border + CELL
            if end > length:
                break
            found = self.pattern.search(text, at, end)
            start = border if found is None else found.start()
            if start >= border:
                at = border
            elif self.undecided.match(text, start, end, partial=True):
                at = start + 1
            else:
                return found, start
        if not last and at < length and self.undecided.match(text, at, partial=True):
            return None, at
        found = self.pattern.search(text, at)
        start = length if found is None else found.start()
        if not last:
            cut = self.undecided.search(text, at, partial=True)
            if cut is not None and cut.start() <= start:
                return None, cut.start()
        return found, start


def beginnings(each: Delimiter, pattern: str) -> Iterator[str]:
    """Patterns for the first two characters of a match."""
    firsts = [character for character in _ASCII if each.takes(character)]
    seconds: dict[str, list[str]] = {}
    for first in firsts if len(firsts) <= _FEW else ():
        following = [character for character in _ASCII if each.takes(first + character)]
        seconds.setdefault(inside(following) + others(each, first, pattern), []).append(first)
    for characters, some in seconds.items():
        yield f"[{inside(some)}](?:[{characters}]|\\Z)" if characters else f"[{inside(some)}]\\Z"
    rest = (inside(firsts) if len(firsts) > _FEW else "") + others(each, "", pattern)
    if rest:
        yield f"[{rest}]"


def others(each: Delimiter, text: str, pattern: str) -> str:
    """The same for what may follow the text in a match and is not ASCII. Such a character behaves as its kind does, unless the
    pattern names some.
    """
    named = {character for character in pattern if character > "\x7f"}
    if _UNUSUAL.search(pattern) or any(each.takes(text + character) for character in (*_KINDS, *named)):
        return "\x80-\U0010ffff"
    return _SPACES if each.takes(text + "\u3000") else ""


@lru_cache(maxsize=512)
def delimiter(pattern: str) -> Delimiter:
    """The delimiter of a pattern, compiled at its first use."""
    return Delimiter(pattern)
