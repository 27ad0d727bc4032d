"""Where a codec says that text merely waits, flows or is rewritten, the parser does not ask it to read. Nothing may come out of that."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import count
from typing import Any
from unittest.mock import patch

import pytest
import strategies
from effort import examples, some
from hypothesis import given
from hypothesis import strategies as st

from toolparse import Event, Format, Message, Parser, ToolCall, Tools, formats, get_format, parse, parser
from toolparse.codecs import json_calls
from toolparse.codecs.bare_keys import BareKeysReader
from toolparse.codecs.echo import Recorded
from toolparse.codecs.elements import ElementsReader
from toolparse.codecs.envelopes import EnvelopeCalls
from toolparse.codecs.parameters import ParameterReader
from toolparse.codecs.plain_python import PlainPython
from toolparse.codecs.python_calls import PythonReader
from toolparse.codecs.python_values import ODD
from toolparse.engine import messages
from toolparse.engine.plain_turns import plain_turns
from toolparse.grammar import Envelope, JsonText
from toolparse.schemas.tools import RequestTools
from toolparse.testing import joined

TOOLS = Tools(strategies.TOOLS)
CODECS = (BareKeysReader, ElementsReader, ParameterReader, PythonReader, Recorded)
WAYS = ("flow", "rewrites", "waits")


@contextmanager
def without(ways: Iterable[str]) -> Iterator[None]:
    with ExitStack() as stack:
        for codec in CODECS:
            for way in ways:
                stack.enter_context(patch.object(codec, way, None))
        stack.enter_context(patch.object(parser, "SHORT", 0))
        stack.enter_context(patch.object(Parser, "_at_marker", lambda self, shortcut, joined, text, found: self._fed(text, None)))
        stack.enter_context(patch.object(PlainPython, "enter", lambda plain: False))
        stack.enter_context(patch.object(ParameterReader, "is_new", lambda reader, key: False))
        stack.enter_context(patch.object(EnvelopeCalls, "plain", None))
        stack.enter_context(patch.object(messages, "is_written", lambda turn, headers, found, at: False))
        stack.enter_context(patch.object(json_calls, "whole_object", lambda text, at, depth: json_calls.NO_OBJECT))
        stack.enter_context(patch.object(parser, "plain_turns", lambda fmt: None))
        yield


def told(reader: Parser, pieces: list[str], text: str) -> list[list[Event]]:
    """What has been said in all after each piece."""
    events: list[Event] = []
    after = []
    for piece in pieces:
        events += reader.feed(piece)
        after.append(joined(events, text))
    return [*after, joined(events + reader.finish(), text)]


@pytest.mark.parametrize("name", [fmt.name for fmt in formats() if fmt.calls])
@examples(3, 30)
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


@pytest.mark.parametrize("name", [fmt.name for fmt in formats() if fmt.calls and strategies.vectors(fmt)])
def test_the_short_ways_say_the_same_after_each_character_of_a_vector(name: str) -> None:
    calls = [case for case in strategies.vectors(get_format(name)) if case["kind"] == "canonical" and case["expect"]["tool_calls"]]
    for case in some(calls, 1, name):
        for tools in (None, case["tools"]):
            with without(WAYS):
                expected = told(Parser(name, tools=tools, prompt=case["prefill"]), list(case["text"]), case["text"])
            assert told(Parser(name, tools=tools, prompt=case["prefill"]), list(case["text"]), case["text"]) == expected


def test_a_line_break_that_is_held_does_not_hold_the_line_behind_it() -> None:
    text = '<totool_call>\n{"name": "find"}'
    with without(WAYS):
        expected = told(Parser("hermes", calls_in_code="content"), list(text), text)
    assert told(Parser("hermes", calls_in_code="content"), list(text), text) == expected


SCALARS = (
    "1",
    "-2.5",
    "007",
    "True",
    "None",
    "foo()",
    '"a b"',
    '"it\'s"',
    "'it'",
    "'say \"x\"'",
    '""',
    '"""t"""',
    '"a\\n"',
    '"é,]}"',
    "“c”",
)
KEYS = ('"a": ', '"b":', "'a' : ", "1: ")


def written(opener: str, parts: list[str], between: str, end: str) -> str:
    return opener + between.join(parts) + (end if parts else "") + {"[": "]", "(": ")", "{": "}"}[opener]


def containers(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    between, end = st.sampled_from((", ", ",", ",\n ")), st.sampled_from(("", "", ",", ", "))
    members = st.tuples(st.sampled_from(KEYS), inner).map("".join)
    lists = st.builds(written, st.sampled_from("[({"), st.lists(inner, max_size=3), between, end)
    return st.one_of(lists, st.builds(written, st.just("{"), st.lists(members, max_size=3), between, end))


PYTHON_VALUES = st.recursive(st.sampled_from(SCALARS), containers, max_leaves=8)
AROUND = {"pythonic": "[{}]", "llama4_pythonic": "[{}]", "lfm2": "<|tool_call_start|>[{}]<|tool_call_end|>"}


@pytest.mark.parametrize("name", AROUND)
@examples(25, 400)
@given(data=st.data())
def test_the_short_way_over_python_values_says_the_same_after_each_piece(name: str, data: st.DataObject) -> None:
    text = AROUND[name].format(f"get(a={data.draw(PYTHON_VALUES)}, c={data.draw(PYTHON_VALUES)})")
    at, damage = data.draw(st.integers(0, len(text))), data.draw(st.sampled_from(("", "", *"[]{}(),:\"' <1")))
    text = text[:at] + damage + text[at:]
    pieces = data.draw(strategies.pieces(text))
    with without(WAYS):
        expected = told(Parser(name), pieces, text)
    assert told(Parser(name), pieces, text) == expected


# -- whole outputs ----------------------------------------------------------------------------------------------------------------------


def all_of(text: str, fmt: str | Format, options: Mapping[str, Any]) -> tuple[Any, ...]:
    """The message that a text is, with what does not count when two are compared, and how many ids were made."""
    ids = count()
    message = parse(text, fmt, new_id=lambda: f"id{next(ids)}", **options)
    return repr(message), message, message.output, message.spans, [part.span for part in message.parts], message.attempts, next(ids)


def same_both_ways(text: str, fmt: str | Format, **options: Any) -> None:
    with patch.object(parser, "plain_turns", lambda fmt: None):
        expected = all_of(text, fmt, options)
    assert all_of(text, fmt, options) == expected


@pytest.mark.parametrize("name", [fmt.name for fmt in formats()])
@examples(4, 60)
@given(data=st.data())
def test_a_whole_output_is_the_same_message_without_its_short_way(name: str, data: st.DataObject) -> None:
    fmt = get_format(name)
    text = data.draw(st.one_of(strategies.written(fmt), strategies.written(fmt), strategies.texts(fmt)))
    options = data.draw(st.one_of(st.just({}), strategies.asked(fmt), st.just({"thinking": False}), strategies.policies(fmt)))
    tools = data.draw(st.sampled_from((None, strategies.TOOLS, TOOLS, [], [{"name": ""}])))
    same_both_ways(text, fmt, **{"tools": tools, "truncated": data.draw(st.booleans()), **options})


@pytest.mark.parametrize("name", [fmt.name for fmt in formats() if strategies.vectors(fmt)])
def test_the_vectors_are_the_same_messages_without_the_short_way(name: str) -> None:
    for case in strategies.vectors(get_format(name)):
        same_both_ways(case["text"], name, tools=case["tools"] or None, prompt=case["prefill"] or "")
    for case in some(strategies.vectors(get_format(name)), 3, name):
        same_both_ways(case["text"], name)


@pytest.mark.parametrize("name", [fmt.name for fmt in formats() if any(isinstance(way.body, (Envelope, JsonText)) for way in fmt.calls)])
def test_arguments_that_are_no_plain_object_are_the_same(name: str) -> None:
    fmt = get_format(name)
    for written in (
        '"{\\"a\\": \\"x\\"}"',
        '[{"a": "x"}]',
        "null",
        "5",
        '"x"',
        '{"a": 1, "a": 2}',
        '{"a": NaN}',
        '{"arguments": {"a": "x"}}',
        "{a: 1}",
        "",
    ):
        calls = [ToolCall(name="get", arguments=written, id="call12345")]
        for way in fmt.calls:
            if isinstance(way.body, (Envelope, JsonText)):
                text = "".join(strategies.pieces_of(Message(content=strategies.SENTENCE, tool_calls=calls), fmt, way))
                same_both_ways(text, fmt, tools=TOOLS)
                same_both_ways(text, fmt)


@pytest.mark.parametrize("name", ["qwen3_coder", "pythonic"])
def test_keys_that_are_nearly_declared_are_told_the_same(name: str) -> None:
    tool = {"type": "function", "function": {"name": "get", "parameters": {"type": "object", "properties": {"origin": {"type": "string"}}}}}
    call = ToolCall(name="get", arguments='{"oirgin": "x"}', id="call12345")
    fmt = get_format(name)
    text = "".join(strategies.pieces_of(Message(content=strategies.SENTENCE, tool_calls=[call]), fmt, fmt.calls[0]))
    same_both_ways(text, fmt, tools=[tool])
    assert "unknown_key" in {problem.kind for problem in parse(text, fmt, tools=[tool]).problems}


@pytest.mark.parametrize("text", ["assistant to=functions.get json", "function name='get' it is"])
def test_a_sentence_that_is_the_header_of_a_call_is_told_the_same(text: str) -> None:
    same_both_ways(text, "hermes", tools=TOOLS)
    assert [problem.kind for problem in parse(text, "hermes", tools=TOOLS).problems] == ["not_a_call"]


def test_most_formats_have_plain_turns() -> None:
    """The six of `benchmarks.whole_texts` among them: the short way must not be lost without anybody's noticing."""
    call = ToolCall(name="get", arguments='{"a": "x"}', id="call12345")
    message = Message(content=strategies.SENTENCE, tool_calls=[call, call])
    found = set()
    for fmt in formats():
        turns = plain_turns(fmt)
        for how in fmt.calls if turns is not None else ():
            text = "".join(strategies.pieces_of(message, fmt, how))
            short = turns.read(text, RequestTools(TOOLS), str, False) if turns is not None else None
            if short is not None and [(call.name, call.arguments) for call in short.tool_calls] == [("get", '{"a": "x"}')] * 2:
                found.add(fmt.name)
    assert found >= {"hermes", "llama3_json", "mistral", "deepseek_v31", "qwen3_coder", "pythonic"}
    assert len(found) >= 35


@given(st.lists(st.sampled_from(("\\", '"', "'", "n", "x", "u", "\n", '\\"', "é")), max_size=7).map("".join), st.sampled_from("\"'"))
@examples(60, 5000)
def test_what_flows_inside_a_python_string_reads_the_same_in_json(text: str, quote: str) -> None:
    if re.search(ODD[quote], text) is None:
        assert json.loads(f'"{text}"') == ast.literal_eval(quote + text + quote)
