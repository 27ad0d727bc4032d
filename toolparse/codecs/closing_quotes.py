"""The closing-quote rule of JSON strings: whether a quote ends its string, by what follows it.

Texts of models forget to escape quotes, so a quote closes only where structure follows: the end of the call, a closer of what is open, a
colon behind a key, a comma and what may stand behind one, another key. What follows is looked at for `LOOK` characters.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Protocol

from toolparse.jsontext.characters import ODD_SPACE, SPACES, WS, always

LOOK = 128
"""How many characters behind a quote may decide whether it closes."""
QUOTE_CLASS = "\"'“”„‟＂‘’‚‛＇"
WIDE = {"，": ",", "：": ":", "｛": "{", "｝": "}", "［": "[", "］": "]", "＝": "="}
"""Full-width punctuation, which is structure where JSON has structure."""
BARE_MEMBER = re.compile(r"[A-Za-z_$][\w$.\-]{0,63}[ \t\r\n]{0,256}(?:[:=]|\Z)|\Z")
_BRACKETS = always(rf"(?:[)\]}}]{WS})*")
_ELEMENT_START = re.compile(rf"[{QUOTE_CLASS}\[{{\-\dtfnTFNI]")
_INSIDE_KEY = rf"[{QUOTE_CLASS}]([^{QUOTE_CLASS}\n]{{0,128}})"
_LISTED_KEY = re.compile(rf"{_INSIDE_KEY}[{QUOTE_CLASS}]{WS}[:：]")
_LISTED_CUT = re.compile(rf"{_INSIDE_KEY}(?:[{QUOTE_CLASS}]{WS})?\Z")
_INSIDE_STRING = rf"[{QUOTE_CLASS}][^\s{QUOTE_CLASS}\\](?:[^{QUOTE_CLASS}\\\n]{{0,128}})"
_LISTED_STRING = re.compile(rf"{_INSIDE_STRING}[{QUOTE_CLASS}]{WS}[,\]]")
_LISTED_STRING_CUT = re.compile(rf"[{QUOTE_CLASS}]\Z|{_INSIDE_STRING}(?:[{QUOTE_CLASS}]{WS})?\Z")
_SWALLOWED_CUT = re.compile(rf'[\w$.\-]{{0,64}}(?:"{WS})?\Z')
SWALLOWED = re.compile(rf'([\w$.\-]{{1,64}})"{WS}[:：]')
_SWALLOWED_KEY = re.compile(rf'([\w$.\-]{{1,64}})"{WS}["“{{\[]')
BEGINS_VALUE = QUOTE_CLASS + "{[-0123456789"


class Quoted(Protocol):
    """What the rule asks of the reader of a text: the text and whether no more will come, the brackets that close what is open, the quote
    that opened the string, whether it holds an odd number of quotes, the text of the key that is open, where the call's text ends, and
    which keys may stand there."""

    text: str
    last: bool
    stack: list[str]
    in_array: bool
    quote: str
    unpaired: bool
    key_text: str

    @property
    def ends(self) -> Callable[[str, int, bool], str | bool | None]: ...

    def is_key(self, key: str) -> bool: ...


def closes(reader: Quoted, at: int, key: bool) -> bool | None:
    """Whether the quote at `at` closes its string, by what follows it; None when that is not there yet."""
    text = reader.text
    limit = at + 1 + LOOK
    here = past_space(reader, at + 1, limit)
    if here >= limit:  # white space without end is not a string's
        return True
    if here == len(text):
        return True if reader.last else None
    if not reader.stack:
        ends = reader.ends(text, here, reader.last)
        return ends if ends is None else bool(ends)
    character = WIDE.get(text[here], text[here])
    if key and (character in ":=" or (character in BEGINS_VALUE and len(reader.key_text) <= LOOK and reader.is_key(reader.key_text))):
        return True
    ends = reader.ends(text, here, reader.last)
    if ends is None:
        return None
    if ends or (character in "}]" and character in reader.stack):
        return True
    if character in ")]}" and not key and not reader.unpaired:
        return surplus(reader, here, limit)
    if character == ",":
        if text[here] != "," and not reader.in_array:
            return listed_key(reader, past_space(reader, here + 1, limit), limit)
        following = goes_on(reader, here + 1, limit)
        if following is not False:
            return following
    elif character in QUOTE_CLASS and (not reader.in_array or "\n" in text[at:here]):
        listed = listed_key(reader, here, limit)
        if listed is not False and (listed is None or "\n" in text[at:here] or reader.is_key(_LISTED_KEY.match(text, here)[1])):  # type: ignore[index]
            return listed
    if character in QUOTE_CLASS and reader.in_array and not key and here > at + 1:  # a comma is missing between two strings
        if _LISTED_STRING.match(text, here, limit):
            return True
        if not reader.last and len(text) < limit and _LISTED_STRING_CUT.match(text, here):
            return None
    if text[at] != '"' or key:
        return False
    if not reader.last and len(text) < limit and _SWALLOWED_CUT.match(text, at + 1):
        return None
    return False


def swallowed_key(text: str, at: int) -> re.Match[str] | None:
    """The key at `at`, behind a quote that closes no string, which the string may have swallowed with its colon or without."""
    return SWALLOWED.match(text, at, at + LOOK) or _SWALLOWED_KEY.match(text, at, at + LOOK)


def surplus(reader: Quoted, at: int, limit: int) -> bool | None:
    """Whether nothing but brackets stands between `at`, where one of them is too many, and what ends the text."""
    text = reader.text
    end = _BRACKETS.match(text, at, limit).end()
    if end == limit:
        return False
    if end == len(text):
        return True if reader.last else None
    ends = reader.ends(text, end, reader.last)
    return ends if ends is None else bool(ends)


def listed_key(reader: Quoted, at: int, limit: int) -> bool | None:
    """Whether a quoted key and a colon stand at `at`."""
    if _LISTED_KEY.match(reader.text, at, limit):
        return True
    return (
        None if not reader.last and len(reader.text) < limit and (at == len(reader.text) or _LISTED_CUT.match(reader.text, at)) else False
    )


def goes_on(reader: Quoted, at: int, limit: int) -> bool | None:
    """Whether what stands behind a comma goes on with the container."""
    text = reader.text
    at = past_space(reader, at, limit)
    if at >= limit:
        return True
    if at == len(text):
        return True if reader.last else None
    character = WIDE.get(text[at], text[at])
    if character in QUOTE_CLASS or (character in "}]" and character in reader.stack) or (character == "\\" == reader.quote):
        return True
    if reader.in_array:
        return _ELEMENT_START.match(character) is not None
    found = BARE_MEMBER.match(text, at, limit)
    if found is None:
        return False
    if found.end() < len(text) or found[0][-1:] in (":", "="):
        return found[0][-1:] in (":", "=")
    return False if reader.last else None


def past_space(reader: Quoted, at: int, limit: int) -> int:
    """The position behind white space and finished comments; the end of the text if a comment may still finish before `limit`."""
    text = reader.text
    while True:
        at = SPACES.match(text, at, limit).end()
        if text.startswith(("//", "#"), at):
            end = text.find("\n", at, limit)
        elif text.startswith("/*", at):
            end = text.find("*/", at + 2, limit)
            end = end + 1 if end >= 0 else end
        elif at < limit and text[at : at + 1] > "\x7f" and text[at] in ODD_SPACE:
            end = at
        else:
            return at + 1 if at + 1 == len(text) < limit and text[at] == "/" else at
        if end < 0:
            return len(text) if len(text) < limit else at
        at = end + 1
