"""The characters of JSON text: its white space and brackets, and strings as it writes them."""

from __future__ import annotations

import re
from json.encoder import encode_basestring
from typing import Protocol


class Always(Protocol):
    """A pattern that matches wherever it is tried, if only nothing."""

    def match(self, string: str, pos: int = ..., endpos: int = ..., /) -> re.Match[str]: ...


def always(pattern: str) -> Always:
    """A compiled pattern that can match nothing."""
    return re.compile(pattern)  # type: ignore[return-value]


SPACE = " \t\r\n"
"""JSON's white space, which is that of a turn's markup too."""
WS = r"[ \t\r\n]*"
SPACES = always(WS)
ODD_SPACE = "\u00a0\u1680" + "".join(map(chr, range(0x2000, 0x200E))) + "\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
"""White space of other kinds, and characters that nobody sees."""
ALL_SPACES = always(f"[{SPACE}{ODD_SPACE}]*")
BRACKETS = {"{": "}", "[": "]", "(": ")"}
"""The closer of each opener, Python's parentheses among them."""
ESCAPE = r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})'
"""A pattern for an escape."""
HIGH = r"\\u[dD][89abAB][0-9a-fA-F]{2}"
"""A pattern for the escape of a pair's first half."""
_SURROGATE = re.compile("[\ud800-\udfff]")


def escape_surrogates(text: str) -> str:
    """JSON text whose lone surrogates are escapes, so that it can be encoded."""
    return text if text.isascii() else _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def quote(text: str) -> str:
    r"""`text` as a JSON string, as `json.dumps(text, ensure_ascii=False)` but with lone surrogates escaped.

    >>> quote('"é"')
    '"\\"é\\""'
    """
    quoted: str = encode_basestring(text)
    return quoted if quoted.isascii() else escape_surrogates(quoted)


def escaped(text: str) -> str:
    """Text as the inside of a JSON string, without ASCII escapes: `a"b` gives `a\\"b`."""
    quoted: str = encode_basestring(text)
    return quoted[1:-1]
