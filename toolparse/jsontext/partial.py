"""JSON text as Python objects: all of it, or what of it has arrived.

Knows JSON and nothing of calls or events. What is read was written by a model, so nothing here raises, recurses on the depth of
the text or takes more than linear time, and no number becomes a NaN, an infinity or an error of Python's limit on digits.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

_INTEGER_DIGITS = 4300  # Python's default limit on reading an integer, which is there because reading takes quadratic time
_INFINITIES = (float("inf"), float("-inf"))

_visible = re.compile(r"[^ \t\n\r]").search
_not_plain = re.compile(r'["\\]').search
_not_scalar = re.compile(r"[ \t\n\r,\]}]").search
_hex = re.compile(r"[0-9a-fA-F]{4}").fullmatch
_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def _integer(text: str) -> Any:
    if len(text.lstrip("-")) <= _INTEGER_DIGITS:
        try:
            return int(text)
        except ValueError:  # a process may set a lower limit
            pass
    from decimal import Decimal

    return Decimal(text)


def _float(text: str) -> float | str:
    value = float(text)
    return text if value in _INFINITIES else value


_decode = json.JSONDecoder(parse_int=_integer, parse_float=_float, parse_constant=str, strict=False).decode


def loaded(text: str | bytes) -> Any:
    """The value of JSON text; None when it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def read_json(text: str) -> Any:
    """JSON text as Python objects; of text that breaks off or is no JSON, what was readable up to there (`{}` if nothing).

    An integer of more than 4300 digits is a `decimal.Decimal`; a number beyond the range of a float is the text that was written.

    >>> read_json('{"city": "Oslo", "days": 3}')
    {'city': 'Oslo', 'days': 3}
    >>> read_json('{"city": "Oslo", "note": "bring a co')
    {'city': 'Oslo', 'note': 'bring a co'}
    """
    try:
        return _decode(text)
    except (ValueError, RecursionError):
        reader = PartialReader()
        reader.feed(text)
        return reader.value


class PartialReader:
    """Reads JSON that arrives in pieces, and has the objects read so far at any moment.

    An open string is there as far as it goes; a key, a number, a literal or an escape is there once it is whole.

    >>> reader = PartialReader()
    >>> reader.feed('{"days": 3, "city": "Os')
    >>> reader.value
    {'days': 3, 'city': 'Os'}
    """

    # Each state is a bound method that takes the text and an offset and returns the offset behind what it has read. Below the
    # open containers on the stack lies a list that receives the outermost value.

    __slots__ = ("_held", "_key", "_outermost", "_stack", "_state", "_tail")

    def __init__(self) -> None:
        self._outermost: list[Any] = []
        self._stack: list[Any] = [self._outermost]
        self._state: Callable[[str, int], int] = self._value
        self._key = ""
        self._held: list[str] = []  # of a key or a scalar that is not whole
        self._tail = ""  # an escape that is cut off

    @property
    def value(self) -> Any:
        """The objects so far, `{}` before the first. They grow with the text: copy what shall stay as it is."""
        return self._outermost[0] if self._outermost else {}

    def feed(self, text: str) -> None:
        """Read on. Text that is no JSON ends the reading: what was read until then stays."""
        if self._tail:
            text, self._tail = self._tail + text, ""
        at, end = 0, len(text)
        while at < end:
            at = self._state(text, at)

    def _value(self, text: str, at: int) -> int:
        at = _next(_visible, text, at)
        if at == len(text):
            return at
        first = text[at]
        if first == '"':
            self._put("")
            self._state = self._string
        elif first == "{":
            self._open({}, self._first_key)
        elif first == "[":
            self._open([], self._first_item)
        else:
            self._state = self._literal
            return at
        return at + 1

    def _first_item(self, text: str, at: int) -> int:
        at = _next(_visible, text, at)
        if at < len(text):
            self._state = self._behind if text[at] == "]" else self._value
        return at

    def _first_key(self, text: str, at: int) -> int:
        at = _next(_visible, text, at)
        if at < len(text):
            self._state = self._behind if text[at] == "}" else self._next_key
        return at

    def _next_key(self, text: str, at: int) -> int:
        at = _next(_visible, text, at)
        if at == len(text):
            return at
        self._state = self._in_key if text[at] == '"' else self._ended
        return at + 1

    def _in_key(self, text: str, at: int) -> int:
        piece, at, closed = self._characters(text, at)
        self._held.append(piece)
        if closed:
            self._key = self._release()
            self._state = self._colon
        return at

    def _colon(self, text: str, at: int) -> int:
        at = _next(_visible, text, at)
        if at == len(text):
            return at
        self._state = self._value if text[at] == ":" else self._ended
        return at + 1

    def _string(self, text: str, at: int) -> int:
        piece, at, closed = self._characters(text, at)
        if closed:
            self._state = self._behind
        # Taken out of its container, the string has no other owner and grows in place: put together afresh for everyone who
        # asks, a long string would cost its length each time.
        container = self._stack[-1]
        if type(container) is list:
            string = container.pop()
            string += piece
            container.append(string)
        else:
            string = container.pop(self._key)
            string += piece
            container[self._key] = string
        return at

    def _literal(self, text: str, at: int) -> int:
        end = _next(_not_scalar, text, at)
        self._held.append(text[at:end])
        if end < len(text):
            try:
                self._put(_decode(self._release()))
                self._state = self._behind
            except ValueError:
                self._state = self._ended
        return end

    def _behind(self, text: str, at: int) -> int:
        at = _next(_visible, text, at)
        if at == len(text):
            return at
        container = self._stack[-1]
        if container is self._outermost:
            self._state = self._ended
        elif text[at] == ",":
            self._state = self._value if type(container) is list else self._next_key
        elif text[at] == ("]" if type(container) is list else "}"):
            self._stack.pop()
        else:
            self._state = self._ended
        return at + 1

    def _ended(self, text: str, at: int) -> int:
        return len(text)

    def _open(self, container: Any, state: Callable[[str, int], int]) -> None:
        self._put(container)
        self._stack.append(container)
        self._state = state

    def _put(self, value: Any) -> None:
        container = self._stack[-1]
        if type(container) is list:
            container.append(value)
        else:
            container.pop(self._key, None)  # of a repeated key the last value stands, and an open string is last
            container[self._key] = value

    def _release(self) -> str:
        text = "".join(self._held)
        self._held.clear()
        return text

    def _characters(self, text: str, at: int) -> tuple[str, int, bool]:
        """A string's characters from `at` on, the offset behind them, and whether the closing quote was among them."""
        pieces: list[str] = []
        while True:
            end = _next(_not_plain, text, at)
            pieces.append(text[at:end])
            if end == len(text):
                return "".join(pieces), end, False
            if text[end] == '"':
                return "".join(pieces), end + 1, True
            escape, at = _escape(text, end)
            if at == end:
                self._tail = text[end:]
                return "".join(pieces), len(text), False
            if not escape:
                self._state = self._ended
                return "".join(pieces), len(text), False
            pieces.append(escape)


def _next(search: Callable[[str, int], re.Match[str] | None], text: str, at: int) -> int:
    found = search(text, at)
    return found.start() if found else len(text)


def _escape(text: str, at: int) -> tuple[str, int]:
    """The character that an escape stands for ("" for none) and the offset behind it, or `at` when the escape is cut off."""
    kind = text[at + 1 : at + 2]
    if kind != "u":
        return _ESCAPES.get(kind, ""), at + 2 if kind else at
    digits = text[at + 2 : at + 6]
    if not _hex(digits):
        return "", at + 6 if len(digits) == 4 else at
    code = int(digits, 16)
    if not 0xD800 <= code < 0xDC00:
        return chr(code), at + 6
    low = text[at + 6 : at + 12]
    if len(low) < 6 and "\\u".startswith(low[:2]):
        return "", at  # the other half of a pair may follow
    if low.startswith("\\u") and _hex(low[2:]) and 0xDC00 <= (second := int(low[2:], 16)) < 0xE000:
        return chr(0x10000 + (code - 0xD800) * 0x400 + (second - 0xDC00)), at + 12
    return chr(code), at + 6
