"""Python literals as JSON text, and the escapes that all who read Python share. Nothing is evaluated."""

from __future__ import annotations

import re

from toolparse.jsontext.characters import BRACKETS, quote
from toolparse.jsontext.raw_values import DEEPEST
from toolparse.jsontext.scalars import read_scalar

_TOKEN = re.compile(
    r"""[ \t\r\n\f]*(?:
        (?P<mark>[\[\](){},:])
      | (?P<quote>"{3}|'{3}|["'])
      | (?P<number>[+-]?\.?[0-9][0-9A-Za-z_.]*(?:(?<=[eE])[+-][0-9_]+)?)
      | (?P<word>[+-]?[A-Za-z]+)
      | (?P<end>\Z)
    )""",
    re.VERBOSE,
)
_STOP = {mark: re.compile(rf"\\|{mark}" + ("|\n" if len(mark) == 1 else "")) for mark in ('"', "'", '"""', "'''")}
_ESCAPE = re.compile(r"([0-7]{1,3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([^xuUN])", re.DOTALL)
ESCAPES = {
    **{"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "a": "\a", "v": "\v"},
    **{"\n": "", "\\": "\\", "'": "'", '"': '"'},
}


class _Open:
    """A container of a Python literal that is not yet closed."""

    __slots__ = ("closer", "comma", "keys", "mark", "member", "repeated", "role", "start")

    def __init__(self, mark: str, start: int) -> None:
        self.mark = mark
        self.closer = BRACKETS[mark]
        self.start = start  # where its text starts in the output
        self.role = "first" if mark == "{" else "item"  # of the value at hand: "first" of a dict or set, "key", "value", "item"
        self.comma = False
        self.keys: set[str] = set()
        self.member = start  # where its last member starts in the output
        self.repeated = False  # the last member has a key that was there before, and is taken out again at its end


def read_python_literal(text: str) -> str | None:
    """Return the JSON text of a Python literal, or None where `text` is not one or nests deeper than 256.

    Tuples and sets become arrays, and keys that are no strings their text; of a repeated key the first value stands. Numbers
    keep their digits, `nan` and infinities become strings. Nothing is evaluated, and the time is linear.

    >>> read_python_literal("{'a': (1, 2.50), 3: None}")
    '{"a": [1, 2.50], "3": null}'
    """
    out: list[str] = []
    stack: list[_Open] = []
    at = 0
    expected, scalar = True, False  # a value, not what stands between values; the last value was a scalar
    while True:
        token = _TOKEN.match(text, at)
        if token is None:
            return None
        kind, at = token.lastgroup, token.end()
        found = token[kind] if kind else ""
        frame = stack[-1] if stack else None
        if kind == "end":
            return None if frame or expected else "".join(out)
        if kind == "mark" and found in "}])":
            if frame is None or found != frame.closer or frame.role == ("value" if expected else "key"):
                return None
            stack.pop()
            _close(frame, out, empty=expected and not frame.comma)
            expected = scalar = False
        elif not expected:
            if kind != "mark" or frame is None or not _separate(frame, found, scalar, out):
                return None
            expected = True
        else:
            if frame is not None:
                _begin(frame, out)
            if kind == "mark":
                if found not in BRACKETS or len(stack) == DEEPEST:
                    return None
                stack.append(_Open(found, len(out)))
                out.append("{" if found == "{" else "[")
                continue
            if kind == "quote":
                value, at = _read_string(text, at, found)
            else:
                value = read_scalar(found, inside=frame is not None)
            if value is None:
                return None
            out.append(value)
            expected, scalar = False, True


def _begin(frame: _Open, out: list[str]) -> None:
    """A key, a value or an item begins: the comma in front of it."""
    if frame.role != "value":
        frame.member = len(out)
        if frame.comma and len(out) > frame.start + 1:
            out.append(", ")


def _separate(frame: _Open, mark: str, scalar: bool, out: list[str]) -> bool:
    """A comma or colon behind a value, which may be a `scalar`; whether it may stand there."""
    if mark == "," and frame.role != "key":
        _end_member(frame, out)
        frame.comma = True
        frame.role = {"first": "item", "value": "key"}.get(frame.role, "item")
        return True
    if mark == ":" and frame.role in ("first", "key") and scalar:
        _end_key(frame, out)
        frame.role = "value"
        return True
    return False


def _end_key(frame: _Open, out: list[str]) -> None:
    key = out[-1] if out[-1].startswith('"') else f'"{out[-1]}"'
    frame.repeated = key in frame.keys
    frame.keys.add(key)
    out[-1] = key + ": "


def _end_member(frame: _Open, out: list[str]) -> None:
    if frame.repeated:
        del out[frame.member :]
        frame.repeated = False


def _close(frame: _Open, out: list[str], empty: bool) -> None:
    _end_member(frame, out)
    if frame.mark == "(" and not frame.comma and not empty:
        out[frame.start] = ""  # parentheses around one value
    elif frame.mark == "{" and (frame.keys or empty):
        out.append("}")
    else:
        out[frame.start] = "["
        out.append("]")


def _read_string(text: str, at: int, opener: str) -> tuple[str | None, int]:
    """The JSON text of the Python string whose first character is at `at`, None for none, and the offset behind its closing quote."""
    stop = _STOP[opener]
    pieces: list[str] = []
    while True:
        found = stop.search(text, at)
        if found is None or found[0] == "\n":
            return None, at
        pieces.append(text[at : found.start()])
        at = found.end()
        if found[0] == opener:
            return quote("".join(pieces)), at
        escape = _ESCAPE.match(text, at)
        if escape is None:
            return None, at
        octal, two, four, eight, char = escape.groups()
        digits = two or four or eight
        code = int(octal, 8) if octal else int(digits, 16) if digits else 0
        if code > 0x10FFFF:
            return None, at
        pieces.append(ESCAPES.get(char, "\\" + char) if char else chr(code))
        at = escape.end()
