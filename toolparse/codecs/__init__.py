"""The codecs: one incremental machine for each way to write arguments, text in and JSON text out.

A codec reads with `step(text, at, last)`, says what it reads to the `OpenCall`, and sets `done` or `refused` (the text is no call).
`finish(at)` tells it that the output ended inside the call. Most text needs no step, and a codec says so in up to four ways, each of
which is None where it does not apply: `flow` is the search that finds nothing in text that passes as it is, `passes` reads how far text
does, `rewrites` gives what becomes of text in which nothing ends and how far it goes, as its end may wait (or None), and `waits` tells
whether all of a short text is still held.
"""

from __future__ import annotations

from collections.abc import Callable
from re import Match
from typing import Protocol

from toolparse.grammar import BareKeys, Calls, Elements, Envelope, JsonText, PythonCalls
from toolparse.wire.call_markers import Tail
from toolparse.wire.markers import EndMarks
from toolparse.wire.open_call import OpenCall

Rewritten = tuple[str, int]


class Passing(Protocol):
    """A short way over text that needs no second look. `written` is what has been read as JSON text, None where it is that as it stands."""

    @property
    def flow(self) -> Callable[[str], Match[str] | None] | None: ...

    @property
    def written(self) -> str | None: ...

    def read(self, text: str, at: int = 0) -> int: ...


class Reader(Protocol):
    """What the parser needs of a codec."""

    done: bool
    refused: bool

    def step(self, text: str, at: int, last: bool) -> int: ...

    def finish(self, at: int) -> None: ...

    @property
    def held(self) -> int:
        """How many characters have been read and not passed on."""

    @property
    def flow(self) -> Callable[[str], Match[str] | None] | None: ...

    @property
    def passes(self) -> Passing | None: ...

    @property
    def rewrites(self) -> Callable[[str], Rewritten | None] | None: ...

    @property
    def waits(self) -> Callable[[str], object] | None: ...


def reader_for(calls: Calls, call: OpenCall, tail: Tail, bare: bool, unnamed: str = "") -> Reader:
    """The codec for the arguments of `calls`, ready to read behind the opening; `unnamed` is the id of a call without a name.

    A codec is loaded with the first call that it reads: most programs need one.
    """
    body = calls.body
    ends = tail.ends
    if tail.values is not None:
        if calls.escaped == "xml":
            from toolparse.codecs.xml_parameters import XmlParameterReader

            return XmlParameterReader(call, tail.values, ends)
        from toolparse.codecs.parameters import ParameterReader

        return ParameterReader(call, tail.values, ends)
    if isinstance(body, JsonText):
        return _json_reader(body, call, ends, unnamed)
    if isinstance(body, Envelope):
        if not body.name:
            from toolparse.codecs.keyed_calls import KeyedCalls

            return KeyedCalls(call, body, ends, bare)
        from toolparse.codecs.envelopes import EnvelopeCalls

        return EnvelopeCalls(call, body, ends, bare)
    if isinstance(body, PythonCalls):
        from toolparse.codecs.python_calls import PythonReader

        return PythonReader(call, body, ends)
    if isinstance(body, BareKeys):
        from toolparse.codecs.bare_keys import BareKeysReader, marks_of

        return BareKeysReader(call, marks_of(body, ends), ends)
    if isinstance(body, Elements):
        from toolparse.codecs.element_marks import marks_for
        from toolparse.codecs.elements import ElementsReader

        return ElementsReader(call, marks_for(body, ends, calls if tail.reads_damaged else None), ends)
    raise TypeError(f"no codec reads {type(body).__name__}")


def _json_reader(body: JsonText, call: OpenCall, ends: EndMarks, unnamed: str) -> Reader:
    """The codec for arguments that are JSON, or code in their place."""
    key = dict(body.code).get(call.name) if body.code else None
    if key is not None:
        from toolparse.codecs.code import CodeCall

        return CodeCall(call, key, ends)
    if unnamed:
        from toolparse.codecs.unnamed_call import UnnamedCall

        return UnnamedCall(call, ends, unnamed)
    from toolparse.codecs.json_calls import NamedCall

    return NamedCall(call, ends)
