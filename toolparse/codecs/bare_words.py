"""Bare words in JSON: numbers, literals and strings without quotes, as what they most nearly are."""

from __future__ import annotations

import re
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Protocol

from toolparse.jsontext.characters import escaped
from toolparse.jsontext.scalars import NUMBER, WORDS, loose_number

_DEBRIS = re.compile(r"(?<![\\nrt; ])(?:\\[nrt]|;| ){1,32}\Z")
_TWO_VALUES = re.compile(r"""[\s,][A-Za-z_$][\w$.\-]{0,63}\s*[:=](?!/)""")
STRICT_SCALAR = re.compile(f"{NUMBER}|true|false|null")
SCALAR_BEGIN = re.compile(
    r"-?(?:(?:0|[1-9]\d*)(?:\.\d*)?|(?:0|[1-9]\d*)(?:\.\d+)?[eE][+-]?\d*|)|t(?:r(?:ue?)?)?|f(?:a(?:l(?:se?)?)?)?|n(?:u(?:ll?)?)?", re.ASCII
)
_COMMENT = re.compile(r"[ \t]*(?://|#|/\*)")
_LITERALS = WORDS | {"undefined": "null", "TRUE": "true", "FALSE": "false", "NULL": "null"}
_NOT_FINITE = {"NaN", "nan", "Infinity", "-Infinity", "+Infinity", "inf", "-inf", "+inf"}


class Repairing(Protocol):
    """Who reports what is done with a word: a repair, or that what comes out is not what was written."""

    def repaired(self, kind: str, message: str, at: int) -> None: ...

    def unreadable(self, kind: str, message: str, at: int) -> None: ...


def scalar(reader: Repairing, word: str, at: int) -> str:
    """The word at `at` as what it most nearly is, in JSON; what was made of it is reported."""
    if STRICT_SCALAR.fullmatch(word):
        return word
    token = word.partition(" ")[0]
    if token != word and _COMMENT.match(word, len(token)) and is_scalar(token):
        reader.repaired("comment", "a comment was removed", at)
        return scalar(reader, token, at)
    for kind, bare in (("repaired_markup", _DEBRIS.sub("", word, count=1)), ("surplus_closer", word.rstrip(")>"))):
        if bare != word and is_scalar(bare):
            reader.repaired(kind, f"{word[len(bare) :]} behind a value was dropped", at)
            return scalar(reader, bare, at)
    if word in _LITERALS:
        reader.repaired("literal", f"{word} was written as {_LITERALS[word]}", at)
        return _LITERALS[word]
    if word in _NOT_FINITE:
        reader.repaired("not_finite", f"{word} is no JSON number and became a string", at)
        return f'"{word}"'
    number = loose_number(word)
    if number is not None:
        reader.repaired("number", f"{word[:40]} was written as {number[:40]}", at)
        return number
    if word.endswith('"') and (opened := opened_string(word[:-1])):
        reader.repaired("unquoted_string", "the missing quote in front of a string was added", at)
        return opened
    if _TWO_VALUES.search(word) or word[0] in "`«&":
        reader.unreadable("unquoted_string", "text in no quotes or odd ones, which may be more than one value, was written as a string", at)
    else:
        reader.repaired("unquoted_string", "unquoted text was written as a string", at)
    return f'"{escaped(word)}"'


def opened_string(word: str) -> str:
    """The string that has lost its opening quote, as JSON; "" when it holds another quote, or an escape that is none."""
    try:
        found = scanstring(word + '"', 0, False) if word else None
    except ValueError:
        return ""
    return f'"{escaped(found[0])}"' if found is not None and found[1] == len(word) + 1 else ""


def is_scalar(word: str) -> bool:
    """Whether the word is a number or a literal, however loosely written."""
    return bool(STRICT_SCALAR.fullmatch(word)) or word in _LITERALS or loose_number(word) is not None
