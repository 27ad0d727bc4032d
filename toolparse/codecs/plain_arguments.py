"""Arguments that are all there and need no second look: what the codecs would make of them, at once.

A short way that decides nothing: each reader takes only what its codec (`json_calls.py`, `parameters.py`, `python_calls.py`) passes through
or converts without a problem, and says None of everything else, which the codec then reads from the start. It looks at nothing behind the
arguments: whoever asks makes sure that what the format writes there does stand there.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from toolparse.codecs.writer import object_of
from toolparse.grammar import Envelope, JsonText, Parameters, PythonCalls
from toolparse.jsontext.characters import escaped
from toolparse.jsontext.scalars import SHORT, WORDS
from toolparse.schemas.tools import Tool
from toolparse.schemas.types import UNKNOWN, Type
from toolparse.wire.call_markers import Tail
from toolparse.wire.spellings import spellings

# A codec is loaded with the first call that it reads, and so is what is needed of it here.
Read = Callable[[str, int, "Tool | None"], "tuple[str, int] | None"]
"""The JSON text of the arguments that begin at an offset, and where they end; `tool` is the definition of the call's tool."""
DEPTH = 256
"""So deep may JSON be that passes, as by default in a parser."""
BLANKS = r"[ \t\r\n]{0,16}"
_PYTHON = re.compile(
    rf"""{BLANKS}([^\W\d]\w{{0,63}})=(?:({SHORT})|(True|False|None)|"([^"\\\x00-\x1f]*)"|'([^'"\\\x00-\x1f]*)')(?:(,)|{BLANKS}\))"""
).match
_CLOSED = re.compile(rf"{BLANKS}\)").match


def reader_of(tail: Tail) -> Read | None:
    """The reader of the arguments that a description's calls have; None where only the codec reads them."""
    body = tail.calls.body
    if isinstance(body, Envelope) or (isinstance(body, JsonText) and not body.code):
        return _json(tail)
    if isinstance(body, PythonCalls):
        return read_python
    if isinstance(body, Parameters) and tail.values is not None and tail.values.plain_open and not (tail.calls.escaped or body.object_key):
        return _parameters(tail, body)
    return None


def _json(tail: Tail) -> Read:
    """JSON that passes as it stands; an envelope in its place would be unwrapped."""
    from toolparse.codecs.json_calls import NO_OBJECT, may_be_wrapped, whole_object

    firsts, markers = tuple(tail.ends.firsts), tail.ends.full.search

    def read(text: str, at: int, tool: Tool | None) -> tuple[str, int] | None:
        end, keys = whole_object(text, at, DEPTH) if text.startswith("{", at) else NO_OBJECT
        if end < 0 or may_be_wrapped(text, at) or (tool is not None and tool.strange(keys)):
            return None
        arguments = text[at:end]
        for first in firsts:
            if first in arguments:
                return None if markers(arguments) else (arguments, end)
        return arguments, end

    return read


def read_python(text: str, at: int, tool: Tool | None) -> tuple[str, int] | None:
    """Keyword arguments that are numbers, words and strings without escapes, up to the closing parenthesis."""
    none = _CLOSED(text, at)
    if none is not None:
        return "{}", none.end()
    written: dict[str, str] = {}
    while (found := _PYTHON(text, at)) is not None:
        key, number, word, double, single, comma = found.groups()
        if key in written or is_strange(key, tool):
            return None
        at = found.end()
        string = single if double is None else double
        written[key] = number or (WORDS[word] if word else f'"{string}"')
        if comma is None:
            return object_of(written), at
    return None


def is_strange(key: str, tool: Tool | None) -> bool:
    """Whether a key is none of those that the tool declares, of which there may be something to tell."""
    return tool is not None and not tool.declares(key) and bool(tool.keys)


def _parameters(tail: Tail, body: Parameters) -> Read:
    """Raw values in which nothing stands that could be markup, typed by the schema."""
    from toolparse.codecs.parameter_openers import ENVELOPES

    values = tail.values
    assert values is not None
    trim, close = re.escape(values.trim), re.escape(spellings(body.close)[0])
    match = re.compile(rf"{BLANKS}{values.plain_opener}([^{values.odd}]*){trim}{close}").match
    none = body.none

    def read(text: str, at: int, tool: Tool | None) -> tuple[str, int] | None:
        written: dict[str, str] = {}
        while (found := match(text, at)) is not None:
            key, value = found[1], found[2]
            if key in written or not (key.isascii() and key.isidentifier()) or key.lower() in ENVELOPES or is_strange(key, tool):
                return None
            kind = UNKNOWN if tool is None else tool.parameter(key)
            made = _typed(kind, value, none)
            if made is None:
                return None
            written[key] = made
            at = found.end()
        return object_of(written), at

    return read


def _typed(kind: Type, text: str, none: str) -> str | None:
    """A value's JSON text; None where there is something to tell of it."""
    if kind.exactly_string or (kind.string_or_null and text not in ("null", "None")):
        return f'"{escaped(text)}"'
    value, problem = kind.read(text, none == "python" or (none == "json" and not kind.allows_string))
    return value if problem is None else None
