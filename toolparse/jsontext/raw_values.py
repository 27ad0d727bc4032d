"""Reading one raw value: text that a model wrote without quotes, as JSON text of one given kind.

Each reader takes text without whitespace around it and gives the JSON text, or None when the text is not of its kind; those of
numbers are in `scalars.py`. Which kinds to try is for `schemas/types.py`; nothing here knows of it.
"""

from __future__ import annotations

import json
import re

from toolparse.jsontext.characters import SPACE, quote
from toolparse.jsontext.scalars import is_integer, is_number, refuse

DEEPEST = 256
"""Nesting at which a container is no longer read; it stays the text that it is."""

# A string that never ends matches to the end of the text: were it to fail, every later quote would be tried anew.
_NESTING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[,:]|[ \t\r\n]+')


def read_boolean(text: str) -> str | None:
    """`true` and `false` in any case."""
    return _BOOLEANS.get(text) or (_BOOLEANS.get(text.lower()) if len(text) < 6 else None)


def read_object(text: str) -> str | None:
    """An object written as JSON or as a Python literal."""
    return _container(text, "{", "{")


def read_array(text: str) -> str | None:
    """An array written as JSON or as a Python list or tuple."""
    return _container(text, "[(", "[")


def read_json(text: str) -> str | None:
    """Any JSON value but a string."""
    if text[:1] in _OPENERS:
        return respace(text)
    return text if is_number(text) or text in _LITERALS else None


def read_string(text: str) -> str | None:
    """A JSON string, without ASCII escapes."""
    try:
        value = _CHECK.decode(text) if text[:1] == '"' else None
    except ValueError:
        return None
    return quote(value) if isinstance(value, str) else None


def mend(text: str, openers: str) -> str | None:
    """A damaged container, repaired into one that begins with one of `openers` (`{`, `[` or both)."""
    # Double encoding and code fences apart, only what opens like a container: prose that mentions one stays prose.
    if not text or text[0] not in openers + '"`' or too_deep(text):
        return None
    from toolparse.jsontext.repair import repair

    mended = respace(repair(text).strip(SPACE))
    return mended if mended is not None and mended[0] in openers else None


def respace(text: str) -> str | None:
    r"""A JSON container spaced as `json.dumps(..., ensure_ascii=False)` would, every digit kept. None when it is no such thing.

    >>> respace('{"a":1.50,"b":[ ]}')
    '{"a": 1.50, "b": []}'
    """
    if text[:1] not in _OPENERS or too_deep(text):
        return None
    try:
        end: int = _SCAN(text, 0)[1]
    except (ValueError, StopIteration, RecursionError):  # the caller's own stack may be nearly full
        return None
    if end < len(text):
        if text[end:].strip(SPACE):
            return None
        text = text[:end]
    return text if _UNUSUAL(text) is None else _TOKEN.sub(_respaced, text)


def value_of(text: str) -> object:
    """The Python value of JSON text that a reader gave, near enough to be compared with a schema's bounds and values.

    Very long integers become floats, as Python refuses to convert them.
    """
    if is_integer(text) and len(text) < 400:
        return int(text)
    return _CHECK.decode(text)


_OPENERS = ("{", "[")
_UNUSUAL = re.compile(r"[,:][^ ]|[^,:] |[\t\r\n\\]").search
"""Finds nothing in JSON that is spaced already: what is inside strings may be taken for more, never for less."""
_LITERALS = frozenset(("true", "false", "null"))
_BOOLEANS = {"true": "true", "false": "false"}
_CHECK = json.JSONDecoder(parse_int=float, parse_constant=refuse)
_SCAN = _CHECK.scan_once  # type: ignore[attr-defined]
_SPACED = {",": ", ", ":": ": "}


def _respaced(found: re.Match[str]) -> str:
    token = found[0]
    if token[0] == '"':
        return quote(_CHECK.decode(token)) if "\\" in token else token
    return _SPACED.get(token, "")


def _container(text: str, openers: str, opener: str) -> str | None:
    if not text or text[0] not in openers:
        return None
    found = respace(text)
    if found is None:
        if too_deep(text):
            return None
        from toolparse.jsontext.python_literals import read_python_literal

        literal = read_python_literal(text)
        found = None if literal is None else respace(literal.strip(SPACE))
    return found if found is not None and found[0] == opener else None


def too_deep(text: str) -> bool:
    """Whether JSON text has more containers open at once than are read."""
    if len(text) <= DEEPEST or text.count("[") + text.count("{") <= DEEPEST:
        return False
    depth = 0
    for found in _NESTING.finditer(text):
        token = found[0]
        if token in _OPENERS:
            depth += 1
            if depth > DEEPEST:
                return True
        elif token[0] != '"':
            depth -= 1
    return False
