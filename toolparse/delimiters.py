"""Delimiters that are regular expressions, found in text that arrives in pieces.

Whether a match stands must not depend on text that may still come. Partial matching tells: an attempt that runs into the end of the
text is undecided, and so is all that stands behind its start. For this the pattern is compiled a second time, in an atomic group
that a failure follows: no match of it is ever whole, and it is partial exactly where the pattern itself would want to see more before
it decides. Anchors that look at the end of the text are rewritten as look-aheads, which want to see more, too.

A delimiter is at most `HEAD_LIMIT` characters long, with all that its pattern looks at: what is longer is text. This bounds what
waits and the work, whatever the pattern. Knows patterns and text, nothing of templates or calls.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from toolparse.lexer import HEAD_LIMIT

CONTEXT = 256
"""How many characters in front of it a delimiter may look back at."""
WINDOW = 4 * HEAD_LIMIT
_TOKEN = re.compile(r"\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\\\]])*\]|\\.|\(\?<[=!]|.", re.DOTALL)
_WORD_EDGES = {
    r"\b": r"(?:(?<=\w)(?!\w)|(?<!\w)(?=\w))",
    r"\B": r"(?:(?<=\w)(?=\w)|(?<!\w)(?!\w))",
    r"\m": r"(?<!\w)(?=\w)",
    r"\M": r"(?<=\w)(?!\w)",
}
_LOOKS_BACK = {"^", r"\A", r"\G", "(?<=", "(?<!", *_WORD_EDGES}
_UNUSUAL = re.compile(r"\\[pPxuUNLXR]|\[[^\]]*[^\x00-\x7f]|\[:|\(\?[a-zA-Z]*i")
_OTHERS = ("\u00e9", "\u20ac", "\u0663")


class Delimiter:
    """One pattern. `firsts` is what a match may begin with, as the inside of a character class; `looks_back` whether the pattern
    depends on what stands in front of a match.

    >>> Delimiter("<a>|<ab>").find("x<a>", 0, False)
    (<regex.Match object; span=(1, 4), match='<a>'>, 1)
    >>> Delimiter(r"<a>\\s*").find("x<a> ", 0, False)
    (None, 1)
    """

    __slots__ = ("firsts", "looks_back", "pattern", "undecided")

    def __init__(self, pattern: str) -> None:
        import regex

        tokens = _TOKEN.findall(pattern)
        self.looks_back = not _LOOKS_BACK.isdisjoint(tokens)
        lines = bool(regex.compile(pattern, regex.DOTALL).flags & regex.MULTILINE)
        ends = {"$": r"(?=\n|(?!.))" if lines else r"(?=\n?+(?!.))", r"\Z": "(?!.)", r"\z": "(?!.)", **_WORD_EDGES}
        pattern = "".join(ends.get(token, token) for token in tokens)
        self.pattern = regex.compile(pattern, regex.DOTALL)
        self.undecided = regex.compile(f"(?>{pattern})(?!)", regex.DOTALL)
        self.firsts = self.may_begin(pattern)

    def may_begin(self, pattern: str) -> str:
        """Each ASCII character is tried; others behave as their kind does, unless the pattern names some."""
        firsts = "".join(re.escape(character) for character in map(chr, range(128)) if self.takes(character))
        named = {character for character in pattern if character > "\x7f"}
        if _UNUSUAL.search(pattern) or any(map(self.takes, (*_OTHERS, *named))):
            return firsts + "\x80-\U0010ffff"
        return firsts + (r"\s" if self.takes("\u3000") else "")

    def takes(self, character: str) -> bool:
        cut = self.undecided.match(character, partial=True)
        return bool(cut or self.pattern.match(character))

    def find(self, text: str, at: int, last: bool) -> tuple[Any, int]:
        """The first match in `text` from `at`, and where it begins; without one, the first place that more text must decide (the end
        of the text when there is none). `last` says that no more text will come.
        """
        length = len(text)
        while True:
            if not last:  # mostly where the search before this one ended undecided
                while at < length and self.undecided.match(text, at, at + HEAD_LIMIT, partial=True):
                    if at + HEAD_LIMIT > length:
                        return None, at
                    at += 1
            end = min(length, at + WINDOW)
            found = self.pattern.search(text, at, end)
            start = end if found is None else found.start()
            if end < length and start > end - HEAD_LIMIT:
                at = end - HEAD_LIMIT + 1
                continue
            if end == length and not last and start > length - HEAD_LIMIT:
                cut = self.undecided.search(text, max(at, length - HEAD_LIMIT + 1), partial=True)
                if cut is not None and cut.start() <= start:
                    return None, cut.start()
            if found is None:
                return None, length
            if start + HEAD_LIMIT <= length and self.undecided.match(text, start, start + HEAD_LIMIT, partial=True):
                at = start + 1
                continue
            return found, start


@lru_cache(maxsize=512)
def delimiter(pattern: str) -> Delimiter:
    """The delimiter of a pattern, compiled at its first use."""
    return Delimiter(pattern)

