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
CODE = r"([0-7]{1,3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})"
"""A pattern for what stands behind the backslash where a character is given by its code."""
_ESCAPE = re.compile(CODE + r"|([^xuUN])", re.DOTALL)
ESCAPES = {
    **{"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "a": "\a", "v": "\v"},
    **{"\n": "", "\\": "\\", "'": "'", '"': '"'},
}


class _Open:
    """A container of a Python literal that is not yet closed: `members` of a dict, or `items` of anything else.

    `key` is the key whose value is due.
    """

    __slots__ = ("closer", "comma", "items", "key", "members")

    def __init__(self, opener: str) -> None:
        self.closer = BRACKETS[opener]
        self.comma = False
        self.items: list[str] = []
        self.members: dict[str, str] = {}
        self.key: str | None = None

    def take(self, value: str, scalar: bool, mark: str) -> bool:
        """Take a value, which may be a `scalar`, with the mark behind it; False where one of them cannot stand here."""
        if mark == ":":
            fits = scalar and self.closer == "}" and self.key is None and not self.items
            self.key = value if value[0] == '"' else f'"{value}"'
            return fits
        self.comma = self.comma or mark == ","
        if self.key is not None:
            self.members.setdefault(self.key, value)
            self.key = None
        else:
            self.items.append(value)
        return mark in (",", self.closer) and not (self.items and self.members)

    @property
    def text(self) -> str:
        """All of it as JSON."""
        if self.closer == "}" and not self.items:
            return "{" + ", ".join([f"{key}: {value}" for key, value in self.members.items()]) + "}"
        if self.closer == ")" and len(self.items) == 1 and not self.comma:
            return self.items[0]  # parentheses around one value
        return f"[{', '.join(self.items)}]"


def read_python_literal(text: str) -> str | None:
    """Return the JSON text of a Python literal, or None where `text` is not one or nests deeper than 256.

    Tuples and sets become arrays, and keys that are no strings their text; of a repeated key the first value stands. Numbers
    keep their digits, `nan` and infinities become strings. Nothing is evaluated, and the time is linear.

    This is for whole texts, and says no to what `codecs/python_values.py` repairs: one reader for both would have to know
    in the middle of a text what the other may decide at its end.

    >>> read_python_literal("{'a': (1, 2.50), 3: None}")
    '{"a": [1, 2.50], "3": null}'
    """
    stack: list[_Open] = []
    value: str | None = None  # the one that has been read last, until what stands behind it is known
    scalar = False  # it is no container
    at = 0
    while (token := _TOKEN.match(text, at)) is not None:
        kind, at = str(token.lastgroup), token.end()
        found = token[kind]
        frame = stack[-1] if stack else None
        if kind == "end":
            return None if frame else value
        if value is not None:
            if frame is None or not frame.take(value, scalar, found):
                return None
            value = None
            if found in ",:":
                continue
        if kind == "mark" and frame is not None and found == frame.closer and frame.key is None:
            value, scalar = stack.pop().text, False
        elif kind == "mark":
            if found not in BRACKETS or len(stack) == DEEPEST:
                return None
            stack.append(_Open(found))
        else:
            value, at = _read_string(text, at, found) if kind == "quote" else (read_scalar(found, inside=frame is not None), at)
            scalar = True
            if value is None:
                return None
    return None


def code_of(octal: str, *hexadecimal: str) -> int:
    """The code of a character by the groups of `CODE`, all but one of which are empty."""
    return int(octal, 8) if octal else int("".join(hexadecimal), 16)


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
        *digits, char = escape.groups("")
        code = 0 if char else code_of(*digits)
        if code > 0x10FFFF:
            return None, at
        pieces.append(ESCAPES.get(char, "\\" + char) if char else chr(code))
        at = escape.end()
