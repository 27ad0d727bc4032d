"""The test kit finds what it promises to find: parsers broken on purpose, and JSON that is none."""

from __future__ import annotations

import doctest
import json
from collections.abc import Callable, Iterable

import pytest
import strategies

from toolparse import CallArguments, CallEnd, CallStart, Content, Event, Parser, get_format, testing
from toolparse.testing import JsonPrefix, check_format, check_linear, check_text, equal, markers

TEXT = 'Hi. <tool_call>\n{"name": "f", "arguments": {"a": "x y", "b": [1, true]}}\n</tool_call>\nBye.'


class Broken:
    """Our parser behind an adapter that changes the events of each piece."""

    def __init__(self, change: Callable[[list[Event], str], Iterable[Event]]) -> None:
        self.parser = Parser("hermes", prompt="")
        self.change = change

    def feed(self, text: str, /) -> Iterable[Event]:
        return self.change(self.parser.feed(text), text)

    def finish(self) -> Iterable[Event]:
        return self.change(self.parser.finish(), "")


def without(kind: type) -> Callable[[list[Event], str], Iterable[Event]]:
    return lambda events, text: [event for event in events if not isinstance(event, kind)]


def raises(events: list[Event], text: str) -> Iterable[Event]:
    if "}" in text:
        raise KeyError("arguments")
    return events


def shout_pieces(events: list[Event], text: str) -> Iterable[Event]:
    return [Content(event.text.upper()) if isinstance(event, Content) and len(text) == 1 else event for event in events]


def twice(events: list[Event], text: str) -> Iterable[Event]:
    return [copy for event in events for copy in ([event, event] if isinstance(event, Content) else [event])]


def python_arguments(events: list[Event], text: str) -> Iterable[Event]:
    return [
        CallArguments(event.index, event.text.replace("true", "True")) if isinstance(event, CallArguments) else event for event in events
    ]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (without(Content), "text was lost"),
        (without(CallEnd), "inside call 0"),
        (without(CallStart), "not inside call 0"),
        (without(CallArguments), "its arguments are not"),
        (raises, "raised KeyError"),
        (shout_pieces, "the chunking matters"),
        (twice, "does not hold this"),
        (python_arguments, "no JSON value begins with 'True'"),
        (lambda events, text: [*events, Content("")], "an empty text"),
    ],
)
def test_a_broken_parser_is_found(change: Callable[[list[Event], str], Iterable[Event]], told: str) -> None:
    with pytest.raises(AssertionError, match=told):
        check_text(get_format("hermes"), TEXT, make_parser=lambda fmt, **options: Broken(change))


def test_an_adapter_that_changes_nothing_passes() -> None:
    check_format("hermes", strategies.vectors(get_format("hermes"))[:1], make_parser=lambda fmt, **options: Parser(fmt, **options))


def test_a_vector_that_expects_something_else_is_told_by_its_id() -> None:
    case = {"id": "mine/1", "text": "Hello.", "kind": "canonical", "expect": {"content": "Hi.", "reasoning": None, "tool_calls": []}}
    with pytest.raises(AssertionError, match=r"mine/1: content is 'Hello\.', expected 'Hi\.'"):
        check_format("hermes", [case])


def test_quadratic_work_is_found() -> None:
    class Rescans:
        def __init__(self) -> None:
            self.text = ""

        def feed(self, text: str, /) -> list[Event]:
            self.text += text
            for _ in self.text[::50]:
                len(self.text)
            return []

        def finish(self) -> list[Event]:
            return []

    with pytest.raises(AssertionError, match="function calls for"):
        check_linear(Rescans, "", "x")


@pytest.mark.parametrize("text", ['{"a": [1, -2.5e+3, "x\\n\\u00e9 ", {}, [], null], "b": true}', "[]", '""', "-0.5", '{"": {"": [[]]}}'])
def test_every_beginning_of_json_has_a_completion(text: str) -> None:
    for end in range(len(text) + 1):
        for start in (0, end // 2):
            prefix = JsonPrefix()
            prefix.feed(text[:start])
            prefix.feed(text[start:end])
            json.loads(text[:end] + prefix.completion())
    assert prefix.completion() == ""


NO_JSON = (
    *('{"a"]', "{a", "{'a'", '{"a": 1,}', "[1,]", "01", "1.e", "NaN", "tru ", '"\n"'),
    *('"\\x', '"\\u12g', "[1 2", '{"a" 1', "[]]", "--1"),
)


@pytest.mark.parametrize("text", NO_JSON)
def test_what_is_no_beginning_of_json_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="JSON"):
        read_by_character(text + " ")


def read_by_character(text: str) -> None:
    prefix = JsonPrefix()
    for character in text:
        prefix.feed(character)
        prefix.completion()


def test_json_of_any_depth_is_read() -> None:
    prefix = JsonPrefix()
    prefix.feed('[{"a":' * 50_000)
    assert prefix.completion() == "null" + "}]" * 50_000


def test_equality_of_json_values() -> None:
    assert equal({"a": [1.0, "x"]}, {"a": [1, "x"]})
    assert not equal({"a": True}, {"a": 1})
    assert not equal(2**53 + 1, float(2**53))


def test_the_markers_of_a_format() -> None:
    assert {"<tool_call>", "</tool_call>", "<think>", "</think>", "<|im_end|>"} <= set(markers(get_format("hermes")))


def test_the_examples_in_the_documentation() -> None:
    assert doctest.testmod(testing).failed == 0
