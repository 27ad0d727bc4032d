"""Numbers and words as JSON, Python and careless writers spell them, as JSON text.

Digits are never taken through Python numbers, so none is lost and none is too many.
"""

from __future__ import annotations

import re
from typing import NoReturn

WORDS = {"True": "true", "False": "false", "None": "null"}
"""What Python calls what JSON calls otherwise."""
INTEGER = r"-?(?:0|[1-9][0-9]*)"
NUMBER = rf"{INTEGER}(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
SHORT = r"-?(?:0|[1-9][0-9]{0,30})(?:\.[0-9]{1,30})?(?:[eE][+-]?[0-9]{1,7})?"
"""A number that needs no second look."""
LONGEST = 128
"""Such a scalar and the spaces behind it are shorter than this: a machine that must not hold as many characters reads on its own."""
begun_scalar = re.compile(r"[ \t\r\n]{0,24}[-+.\w]{1,24}[ \t\r\n]{0,24}\Z").match
"""The beginning of a number or word at the end of the text, which waits there."""
is_integer = re.compile(INTEGER).fullmatch
is_number = re.compile(NUMBER).fullmatch
_LOOSE = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]+))?").fullmatch
_STRAY_UNDERSCORE = re.compile(r"_(?![0-9])|(?<![0-9])_").search
_BASED = re.compile(r"[+-]?0(?:[xX][0-9a-fA-F_]{1,999}|[oO][0-7_]{1,999}|[bB][01_]{1,999})").fullmatch
_LONGEST_SHIFT = 308  # zeros that an exponent may add to an integer: as far as a double reaches


def _parts(text: str) -> tuple[str, str, str, str] | None:
    """Sign, digits in front of the point and behind it, and exponent of a loose number."""
    found = _LOOSE(text)
    if found is None or not (found[2] or found[3]):
        return None
    sign, whole, fraction, exponent = found.groups("")
    return sign, whole, fraction, exponent


def read_integer(text: str) -> str | None:
    """`42`, and what equals an integer: `42.0`, `4.2e1`, `+42`, `042`."""
    if is_integer(text):
        return text
    parts = _parts(text)
    if parts is None:
        return None
    sign, whole, fraction, exponent = parts
    if len(exponent) > 5:
        return None
    digits = whole + fraction
    point = len(whole) + int(exponent or 0)
    if point - len(digits) > _LONGEST_SHIFT or digits[max(point, 0) :].strip("0"):
        return None
    value = (digits[: max(point, 0)] + "0" * (point - len(digits))).lstrip("0") or "0"
    return f"-{value}" if sign == "-" else value


def read_whole(text: str) -> str | None:
    """As `read_integer`, without an exponent: a number, where one is possible too, keeps it (the double 1e23 is not 10**23)."""
    return None if "e" in text or "E" in text else read_integer(text)


def read_number(text: str) -> str | None:
    """A JSON number as it stands; `+1`, `01`, `.5` and `1.` in the nearest JSON spelling."""
    if is_number(text):
        return text
    parts = _parts(text)
    if parts is None:
        return None
    sign, whole, fraction, exponent = parts
    value = "-" * (sign == "-") + (whole.lstrip("0") or "0")
    if fraction:
        value += f".{fraction}"
    return f"{value}e{exponent}" if exponent else value


def loose_number(text: str) -> str | None:
    """As `read_number`, also with underscores between digits: `1_000` is `1000`."""
    if "_" not in text:
        return read_number(text)
    return None if _STRAY_UNDERSCORE(text) else read_number(text.replace("_", ""))


def based_number(text: str) -> str | None:
    """A whole number as Python writes it to another base: `0xff` is `255`."""
    return str(int(text, 0)) if _BASED(text) and not ("_" in text and _STRAY_UNDERSCORE(text)) else None


def read_scalar(word: str, inside: bool) -> str | None:
    """The JSON text of a number or of a word of Python; `inside` a container also of JSON's, and a string for no finite number."""
    number = loose_number(word) or based_number(word)
    if number is not None:
        return number
    if not inside or word in WORDS:
        return WORDS.get(word)
    if word in WORDS.values():
        return word
    bare = word.lstrip("+-").lower()
    if bare == "nan":
        return '"NaN"'
    if bare in ("inf", "infinity"):
        return '"-Infinity"' if word[0] == "-" else '"Infinity"'
    return None


def refuse(word: str) -> NoReturn:
    """What a reader of strict JSON does with a NaN or an infinity (its `parse_constant`)."""
    raise ValueError(f"{word} is no JSON")
