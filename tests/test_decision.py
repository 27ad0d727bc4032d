"""`parser.decision`, over all formats: once it goes from None to what the output begins with, at the same character in every chunking."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any

import pytest
import strategies
from effort import examples, some
from hypothesis import given
from hypothesis import strategies as st

from toolparse import CallStart, Content, Event, Parser, formats, from_response_template
from toolparse.grammar import Format

TEMPLATES = strategies.read_vectors(strategies.VECTORS / "response_template.jsonl")
EVERY = [pytest.param(fmt, id=fmt.name) for fmt in formats()]


def first_part(events: Iterable[Event]) -> str:
    """What the events begin with, reasoning aside."""
    first = next((event for event in events if isinstance(event, (CallStart, Content))), None)
    return "call" if isinstance(first, CallStart) else "answer"


def by_character(parser: Parser, text: str) -> list[str | None]:
    """The decision before the first character, and after each of them. Checks that it is known with the first event at the latest."""
    events: list[Event] = []
    found: list[str | None] = [parser.decision]
    for character in text:
        events += parser.feed(character)
        found.append(parser.decision)
        if any(isinstance(event, (CallStart, Content)) for event in events):
            assert found[-1] == first_part(events)
    events += parser.finish()
    found.append(parser.decision)
    assert found[-1] == first_part(events)
    return found


def check(new: Callable[[], Parser], text: str, cuts: list[int]) -> None:
    found = by_character(new(), text)
    assert len({decision for decision in found if decision is not None}) == 1
    assert found == sorted(found, key=lambda decision: decision is not None)  # None, then what it is
    parser = new()
    edges = [0, *sorted(cuts), len(text)]
    for begin, end in pairwise(edges):
        parser.feed(text[begin:end])
        assert parser.decision == found[end]


@pytest.mark.parametrize("fmt", EVERY)
def test_vectors(fmt: Format) -> None:
    for case in some(strategies.vectors(fmt), 1, fmt.name):
        text = case["text"]
        cuts = [len(text) // 3, len(text) // 2]
        check(lambda case=case: Parser(fmt, tools=case["tools"] or None, prompt=case["prefill"] or ""), text, cuts)


@pytest.mark.parametrize("fmt", EVERY)
def test_anything(fmt: Format) -> None:
    @examples(2, 30)
    @given(strategies.texts(fmt), st.data())
    def holds(text: str, data: st.DataObject) -> None:
        cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=4))
        check(lambda: Parser(fmt, tools=strategies.TOOLS), text, cuts)

    holds()


@pytest.mark.parametrize("fmt", some(EVERY, 15))
def test_without_calls_it_is_an_answer_from_the_start(fmt: Format) -> None:
    assert Parser(fmt, tools=strategies.TOOLS, tool_choice="none").decision == "answer"
    assert (Parser(fmt, tools=strategies.TOOLS, prompt="").decision == "answer") == (not fmt.calls)


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ('<tool_call>\n{"name": "get", "arguments": {}}\n</tool_call>', '<tool_call>\n{"name": "get", "arguments":'),
        ("<think>Hm.</think>\n\nHello", "<think>Hm.</think>\n\nH"),
        ("<tool", None),
        ("", None),
    ],
)
def test_when_it_is_known(text: str, after: str | None) -> None:
    parser = Parser("hermes", tools=strategies.TOOLS)
    known = next((count for count, character in enumerate(text, 1) if parser.feed(character) is not None and parser.decision), None)
    assert known == (None if after is None else len(after))
    parser.finish()
    assert parser.decision is not None


def test_text_in_front_of_a_call_makes_it_an_answer() -> None:
    parser = Parser("hermes")
    parser.feed('Let me look.\n<tool_call>{"name": "get", "arguments": {}}</tool_call>')
    assert parser.decision == "answer"


def test_a_call_that_the_prompt_began() -> None:
    prompt = '<|im_start|>assistant\n<tool_call>\n{"name": "get", "arguments": {"a": "'
    parser = Parser("hermes", prompt=prompt)
    assert parser.decision == "call"
    assert any(isinstance(event, CallStart) for event in parser.feed('x"}}\n</tool_call>'))


def test_a_dropped_call_decides_nothing() -> None:
    parser = Parser("hermes", tools=strategies.TOOLS, unknown_tools="drop")
    parser.feed('<tool_call>{"name": "nope", "arguments": {}}</tool_call>')
    assert parser.decision is None
    parser.feed('\n<tool_call>{"name": "get", "arguments": {}}')
    assert parser.decision == "call"


def test_a_copy_knows_as_much() -> None:
    parser = Parser("hermes")
    parser.feed("Hello <tool_call>")
    twin = copy.copy(parser)
    twin.feed('{"name": "get", "arguments": {}}')
    assert (parser.decision, twin.decision) == ("answer", "answer")


@pytest.mark.parametrize("case", some(TEMPLATES, 12), ids=lambda case: case["id"])
def test_response_templates(case: dict[str, Any]) -> None:
    fmt = from_response_template(case["response_template"])
    text = case["text"]
    check(lambda: Parser(fmt, tools=case["tools"] or None, prompt=case["prefill"] or None), text, [len(text) // 3, len(text) // 2])
