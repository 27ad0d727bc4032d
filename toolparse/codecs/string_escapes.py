"""Escapes and control characters inside JSON strings: what is no JSON there, written as JSON writes it."""

from __future__ import annotations

import re
from typing import Protocol

from toolparse.jsontext.characters import escaped

_TWICE = re.compile(r'\\\\(?:\\(?=[\\"]))?([\\"/bfnrt]|u[0-9a-fA-F]{4})')
"""An escape in text all of which was escaped once more."""
_TWICE_BEGUN = re.compile(r"\\\\(?:\\|u[0-9a-fA-F]{0,3})?\Z")
_WORDS = re.compile(r"\\[A-Za-z][\w.-]{1,48}(?:\\[\w.-]{1,48}){0,8}")
_WORDS_BEGUN = re.compile(r"\\[A-Za-z][\w.-]{0,48}(?:\\[\w.-]{0,48}){0,8}\Z")
"""Words with a backslash in front of each, as of a path or in LaTeX."""
_BROKEN_WORD = re.compile(r"\\[bfnrt][A-Za-z]").search
_NO_ESCAPE = re.compile(r"\\(?![bfnrt]|u[0-9a-fA-F]{4})")
_HEX = re.compile(r"[0-9a-fA-F]{0,4}")


class Patching(Protocol):
    """The reader of a text: whether no more will come, the quote that opened the string, and how text is put in place of other text."""

    text: str
    last: bool
    quote: str

    def repaired(self, kind: str, message: str, at: int) -> None: ...

    def suspect(self, message: str, at: int) -> None: ...

    def patch(self, start: int, end: int, text: str) -> None: ...

    def mend(self, kind: str, message: str, start: int, end: int, text: str) -> int: ...


def odd_character(reader: Patching, at: int) -> int:
    """A backslash, a control character or the other quote inside a string."""
    text = reader.text
    character = text[at]
    if character != "\\":
        if character != '"':
            reader.repaired("control_character", f"a raw {character!r} inside a string was escaped", at)
        reader.patch(at, at + 1, escaped(character))
        return at + 1
    follows = text[at + 1 : at + 2]
    if not follows:
        return cut_escape(reader, at)
    if follows == "\\" == reader.quote:
        return escaped_twice(reader, at)
    if follows in '"\\/bfnrt':
        return at + 2
    if follows == "u":
        digits = len(_HEX.match(text, at + 2)[0])  # type: ignore[index]
        if digits == 4:
            return at + 6
        if at + 2 + digits == len(text):
            return cut_escape(reader, at)
    else:
        moved = odd_escape(reader, follows, at)
        if moved is not None:
            return moved
    if not reader.last and _WORDS_BEGUN.match(text, at):
        return ~at
    words = _WORDS.match(text, at)
    if words is not None and _BROKEN_WORD(words[0]):
        reader.suspect(f"of the backslashes in {words[0]} some begin an escape and others do not", at)
        mended = _NO_ESCAPE.sub(r"\\\\", words[0])
        return reader.mend("escape", "backslashes that begin no JSON escape were escaped", at, words.end(), mended)
    return reader.mend("escape", f"the backslash before {follows!r} begins no JSON escape and was escaped", at, at + 1, "\\\\")


def escaped_twice(reader: Patching, at: int) -> int:
    """Two backslashes at `at` in a string whose own quotes are escaped, too: what they begin is one escape."""
    text = reader.text
    if not reader.last and _TWICE_BEGUN.match(text, at):
        return ~at
    found = _TWICE.match(text, at)
    if found is None:
        return at + 2
    reader.patch(at, found.end(), f"\\{found[1]}")
    return found.end()


def cut_escape(reader: Patching, at: int) -> int:
    """An escape that the text ends in: it waits, or goes where no more will come."""
    if not reader.last:
        return ~at
    reader.patch(at, len(reader.text), "")
    return ~len(reader.text)


def odd_escape(reader: Patching, follows: str, at: int) -> int | None:
    """An escape of another language, or a needless one; None of a backslash that begins none."""
    text = reader.text
    if follows == "x":
        digits = min(2, len(_HEX.match(text, at + 2)[0]))  # type: ignore[index]
        if digits == 2:
            return reader.mend("escape", "a Python escape was written as JSON writes it", at, at + 4, "\\u00" + text[at + 2 : at + 4])
        if at + 2 + digits == len(text) and not reader.last:
            return ~at
    elif follows == "'":
        if reader.quote == '"':
            reader.repaired("escape", "a needless escape was removed", at)
        reader.patch(at, at + 2, "'")
        return at + 2
    elif follows == "\n":
        return reader.mend("control_character", "an escaped raw newline was written as \\n", at, at + 2, "\\n")
    return None
