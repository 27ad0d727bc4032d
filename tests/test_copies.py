"""Copies and pickles of a parser, at any moment, go on independently with the same events; what else of the library survives a pickle."""

from __future__ import annotations

import copy
import itertools
import os
import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import cloudpickle
import pytest
import strategies
from effort import examples, some
from hypothesis import given
from hypothesis import strategies as st

import toolparse
from toolparse import Event, InvalidTools, MessageBuilder, Parser, Tools, UnknownFormat, formats, from_response_template, get_format, parse
from toolparse.testing import cut, read_vectors

NAMES = [fmt.name for fmt in formats()]
TEMPLATES = {case["id"]: case["response_template"] for case in read_vectors(strategies.VECTORS / "response_template.jsonl")}
WAYS: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda parser: pickle.loads(pickle.dumps(parser)),
    "cloudpickle": lambda parser: cloudpickle.loads(cloudpickle.dumps(parser)),
}
every_way = pytest.mark.parametrize("way", WAYS)


def same_id() -> str:
    return "call_same"


def rest_of(parser: Parser, runs: list[tuple[str, bool | None]]) -> list[list[Event]]:
    return [*(parser.feed(piece, special) for piece, special in runs), parser.finish()]


def check_copies(parser: Parser, rest: list[tuple[str, bool | None]]) -> None:
    """Each kind of copy says what the original says, whatever happens to the others, and so does a copy of the copy."""
    copies = {way: of(parser) for way, of in WAYS.items()}
    again = copy.copy(pickle.loads(pickle.dumps(copies["copy"])))
    spoilt = copy.copy(parser)
    rest_of(spoilt, [("}</x> [0] spoilt", None), ("\n", False)])
    expected = rest_of(copies.pop("copy"), rest)
    assert rest_of(parser, rest) == expected
    for way, other in copies.items():
        assert rest_of(other, rest) == expected, way
    assert rest_of(again, rest) == expected


@pytest.mark.parametrize("name", NAMES)
@examples(2, 12)
@given(data=st.data())
def test_a_copy_goes_on_independently(name: str, data: st.DataObject) -> None:
    fmt = get_format(name)
    text = data.draw(strategies.texts(fmt))
    options = {**data.draw(strategies.asked(fmt)), **data.draw(strategies.policies(fmt))}
    pieces = data.draw(strategies.pieces(text))
    at = data.draw(st.integers(0, len(pieces)))
    parser = Parser(fmt, new_id=same_id, **options)
    for piece in pieces[:at]:
        parser.feed(piece)
    check_copies(parser, [(piece, None) for piece in pieces[at:]])


@pytest.mark.parametrize("name", NAMES)
def test_a_copy_may_be_made_between_any_two_characters_of_a_call(name: str) -> None:
    fmt = get_format(name)
    texts = [case["text"] for case in strategies.vectors(fmt) if len(case["text"]) < 400 and case["expect"]["tool_calls"]]
    for text in some(texts, 1, name, many=2) or ["text"]:
        parser = Parser(fmt, tools=Tools(strategies.TOOLS), new_id=same_id)
        copies = []
        places = set(some(range(len(text)), 18, text, many=60))
        for at, character in enumerate(text):
            if at in places:
                copies.append((at, WAYS[("copy", "deepcopy", "pickle")[at % 3]](parser)))
            parser.feed(character)
        events = parse(text, fmt, tools=Tools(strategies.TOOLS), new_id=same_id)
        for at, other in copies:
            builder = MessageBuilder()
            before = Parser(fmt, tools=Tools(strategies.TOOLS), new_id=same_id)
            begun = [event for character in text[:at] for event in before.feed(character)]
            for event in (*begun, *other.feed(text[at:]), *other.finish()):
                builder.add(event)
            assert builder.message == events, (at, text)


def test_a_copy_may_be_made_inside_a_value_that_may_be_null() -> None:
    tools = [{"name": "f", "parameters": {"properties": {"a": {"type": ["integer", "null"]}}}}]
    parser = Parser("qwen3_coder", tools=tools, new_id=same_id)
    parser.feed("<tool_call>\n<function=f>\n<parameter=a>\nnu")
    check_copies(parser, [("ll\n</parameter>\n</function>\n</tool_call>", None)])


@examples(25, 600)
@given(data=st.data())
def test_a_copy_knows_of_tokens_what_the_parser_knew(data: st.DataObject) -> None:
    fmt = get_format(data.draw(st.sampled_from(NAMES)))
    runs = data.draw(st.lists(st.tuples(st.sampled_from(strategies.words(fmt)), st.sampled_from((None, True, False))), max_size=10))
    at = data.draw(st.integers(0, len(runs)))
    parser = Parser(fmt, prompt="", new_id=same_id)
    for piece, special in runs[:at]:
        parser.feed(piece, special)
    check_copies(parser, runs[at:])


@pytest.mark.parametrize("case", TEMPLATES)
@examples(2, 10)
@given(data=st.data())
def test_parsers_of_templates_can_be_copied(case: str, data: st.DataObject) -> None:
    outputs = [case["text"] for case in read_vectors(strategies.VECTORS / "response_template.jsonl")]
    text = data.draw(st.sampled_from(outputs))
    pieces = cut(text, data.draw(st.randoms(use_true_random=True)))
    at = data.draw(st.integers(0, len(pieces)))
    parser = Parser(from_response_template(TEMPLATES[case]), new_id=same_id)
    for piece in pieces[:at]:
        parser.feed(piece)
    check_copies(parser, [(piece, None) for piece in pieces[at:]])


def test_a_pickle_is_read_in_another_process() -> None:
    """There, texts hash to other numbers, nothing is compiled yet, and formats of one's own are not known."""
    mine = get_format("hermes").variant(name="mine_alone", aliases=(), stop=("<end>",))
    parsers = []
    kinds = {(tuple(type(calls.body) for calls in fmt.calls[:1]), fmt.channels is None): fmt for fmt in formats()}
    for fmt in (*some(formats(), 0), *kinds.values(), mine):
        texts = [case["text"] for case in strategies.vectors(fmt) if case["expect"]["tool_calls"]] or [
            '<tool_call>\n{"name": "f", "arguments": {"a": 1}}'
        ]
        text = texts[-1]
        for at in (len(text) // 3, len(text) // 2, len(text) * 3 // 4):
            parser = Parser(fmt)
            parser.feed(text[:at])
            parsers.append((parser, text[at:]))
    code = (
        "import pickle, sys\n"
        "parsers = pickle.load(sys.stdin.buffer)\n"
        "said = [repr(parser.feed(rest) + parser.finish()) for parser, rest in parsers]\n"
        "sys.stdout.buffer.write(pickle.dumps(said))\n"
    )
    given = pickle.dumps(parsers)
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    said = pickle.loads(
        subprocess.run([sys.executable, "-c", code], input=given, stdout=subprocess.PIPE, check=True, env=environment).stdout
    )
    for (parser, rest), theirs in zip(parsers, said, strict=True):
        ours = repr(parser.feed(rest) + parser.finish())
        assert without_ids(ours) == without_ids(theirs), parser.format.name


def without_ids(events: str) -> str:
    return re.sub(r"id='[^']*'", "id", events)


def test_what_the_user_gave_is_shared_by_copies() -> None:
    numbers = itertools.count()
    tools = Tools(strategies.TOOLS)
    parser = Parser("hermes", tools=tools, new_id=lambda: f"call_{next(numbers)}")
    text = '<tool_call>{"name": "get", "arguments": {}}</tool_call>'
    assert [copy.deepcopy(parser).feed(text)[0].id for _ in range(3)] == ["call_0", "call_1", "call_2"]  # type: ignore[union-attr]


@pytest.mark.parametrize("options", [{"new_id": lambda: "id"}, {"tools": [lambda a: a]}])
def test_what_cannot_be_pickled_is_told_in_one_line(options: dict[str, Any]) -> None:
    parser = Parser("hermes", **options)
    parser.feed("Hello")
    assert copy.copy(parser).feed(" world") == parser.feed(" world")
    with pytest.raises(pickle.PicklingError, match=r"^this parser was given something that cannot be pickled .*top level of a module$"):
        pickle.dumps(parser)


def test_functions_of_modules_are_pickled_by_name() -> None:
    other = pickle.loads(pickle.dumps(Parser("hermes", tools=[same_id], new_id=same_id)))
    assert other.feed('<tool_call>{"name": "same_id", "arguments": {}}</tool_call>')[0].id == "call_same"


def test_a_pickle_of_another_version_is_refused() -> None:
    from toolparse.engine.copies import unpacked

    with pytest.raises(ValueError, match=r"^pickled by toolparse 0\.0\.0"):
        unpacked(Parser, "0.0.0", b"")


class MyParser(Parser):
    def __init__(self, note: list[str]) -> None:
        super().__init__("hermes")
        self.note = note


@every_way
def test_a_subclass_keeps_what_it_added(way: str) -> None:
    parser = MyParser(["mine"])
    other = WAYS[way](parser)
    other.note.append("other")
    assert type(other) is MyParser
    assert parser.note == ["mine"]
    assert other.note == ["mine", "other"]


@every_way
def test_builders_can_be_copied(way: str) -> None:
    text = 'Hi <tool_call>{"name": "get", "arguments": {"a": "x", "c": {"d": [1, 2]}}}</tool_call> bye'
    for at in range(len(text)):
        parser, builder = Parser("hermes", new_id=same_id), MessageBuilder()
        for event in parser.feed(text[:at]):
            builder.add(event)
        if at > 60:
            builder.partial(0)
        other = WAYS[way](builder)
        seen = copy.deepcopy(builder.message)
        for event in (*parser.feed(text[at:]), *parser.finish()):
            other.add(event)
        assert builder.message == seen
        assert other.message.tool_calls == parse(text, "hermes", new_id=same_id).tool_calls
        assert other.partial(0) == {"a": "x", "c": {"d": [1, 2]}}


@every_way
@pytest.mark.parametrize("name", NAMES)
def test_a_format_stays_the_same_one(way: str, name: str) -> None:
    fmt = get_format(name)
    assert WAYS[way](fmt) is fmt


@every_way
def test_a_format_of_ones_own_is_pickled_whole_and_stays_one(way: str) -> None:
    mine = get_format("hermes").variant(name="mine", aliases=())
    assert WAYS[way](mine) is mine
    assert len(pickle.dumps(mine)) > 300


def test_a_function_that_uses_the_library_is_pickled_by_value() -> None:
    function = pickle.loads(cloudpickle.dumps(lambda text: toolparse.parse(text, "hermes").content))
    assert function("Hello") == "Hello"


@pytest.mark.parametrize(
    "fault", [InvalidTools("f", "tools[0]", "is none"), InvalidTools(None, "tools", "are none"), UnknownFormat("no such format")]
)
def test_exceptions_survive_a_pickle(fault: Exception) -> None:
    other = pickle.loads(pickle.dumps(fault))
    assert type(other) is type(fault)
    assert str(other) == str(fault)
    assert vars(other) == vars(fault)
