"""Where a codec says that text merely waits, flows or is rewritten, the parser does not ask it to read. Nothing may come out of that."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from unittest.mock import patch

import pytest
import strategies
from effort import examples
from hypothesis import given
from hypothesis import strategies as st

from toolparse import Event, Parser, formats, get_format
from toolparse.codecs import json_calls
from toolparse.codecs.bare_keys import BareKeysReader
from toolparse.codecs.echo import Recorded
from toolparse.codecs.elements import ElementsReader
from toolparse.codecs.parameters import ParameterReader
from toolparse.codecs.python_calls import PythonReader
from toolparse.codecs.python_values import ODD
from toolparse.engine import shortcuts
from toolparse.testing import joined

CODECS = (BareKeysReader, ElementsReader, ParameterReader, PythonReader, Recorded)
WAYS = ("flow", "rewrites", "waits")


@contextmanager
def without(ways: Iterable[str]) -> Iterator[None]:
    with ExitStack() as stack:
        for codec in CODECS:
            for way in ways:
                stack.enter_context(patch.object(codec, way, None))
        stack.enter_context(patch.object(shortcuts, "SHORT", 0))
        stack.enter_context(patch.object(ParameterReader, "is_new", lambda reader, key: False))
        stack.enter_context(patch.object(json_calls, "whole_object", lambda text, at, depth: -1))
        yield


def told(parser: Parser, pieces: list[str], text: str) -> list[list[Event]]:
    """What has been said in all after each piece."""
    events: list[Event] = []
    after = []
    for piece in pieces:
        events += parser.feed(piece)
        after.append(joined(events, text))
    return [*after, joined(events + parser.finish(), text)]


@pytest.mark.parametrize("name", [fmt.name for fmt in formats() if fmt.calls])
@examples(3, 60)
@given(data=st.data())
def test_the_short_ways_say_the_same_after_each_piece(name: str, data: st.DataObject) -> None:
    fmt = get_format(name)
    text = data.draw(strategies.texts(fmt))
    size = data.draw(st.integers(0, 6))
    pieces = [text[at : at + size] for at in range(0, len(text), size)] if size else data.draw(strategies.pieces(text))
    options = {**data.draw(strategies.asked(fmt)), **data.draw(strategies.policies(fmt))}
    with without(WAYS):
        expected = told(Parser(fmt, **options), pieces, text)
    assert told(Parser(fmt, **options), pieces, text) == expected


@given(st.lists(st.sampled_from(("\\", '"', "'", "n", "x", "u", "\n", '\\"', "é")), max_size=7).map("".join), st.sampled_from("\"'"))
@examples(100, 5000)
def test_what_flows_inside_a_python_string_reads_the_same_in_json(text: str, quote: str) -> None:
    if re.search(ODD[quote], text) is None:
        assert json.loads(f'"{text}"') == ast.literal_eval(quote + text + quote)
