"""`parse(..., repair="whole")`: calls that the stream had to repair are read again, and nothing else changes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from damage import DAMAGES, samples
from effort import THOROUGH, examples, some
from hypothesis import given
from hypothesis import strategies as st

import toolparse
from toolparse.engine.reread import AGAIN
from toolparse.grammar import Envelope, JsonText

FORMATS = [fmt.name for fmt in toolparse.formats() if any(isinstance(calls.body, (Envelope, JsonText)) for calls in fmt.calls)]
HERMES = '<tool_call>\n{"name": "f", "arguments": %s}\n</tool_call>'


def arguments(text: str, fmt: str = "hermes") -> list[tuple[str, str, bool]]:
    return [(call.name, call.arguments, call.complete) for call in toolparse.parse(text, fmt, repair="whole").tool_calls]


def test_a_quote_that_is_missing_is_found_by_what_follows() -> None:
    assert arguments(HERMES % '{"a": "b, "c": 1}') == [("f", '{"a": "b", "c": 1}', True)]


def test_what_a_call_had_swallowed_comes_back() -> None:
    first, second = HERMES % '{"a": "b}', HERMES.replace('"f"', '"g"') % "{}"
    text = f"One {first} two\n{second}\nthree"
    message = toolparse.parse(text, "hermes", repair="whole")
    assert [(call.index, call.name, call.value()) for call in message.tool_calls] == [(0, "f", {"a": "b"}), (1, "g", {})]
    assert message.content == "One  two\n\nthree"
    assert [(attempt.status, text[attempt.start : attempt.end]) for attempt in message.attempts] == [
        ("repaired", HERMES % '{"a": "b}'),
        ("ok", (HERMES.replace('"f"', '"g"') % "{}").removesuffix("\n</tool_call>")),
    ]
    assert [problem.severity for problem in message.problems] == ["warning"]


def test_a_call_that_is_cut_stays_cut() -> None:
    assert arguments('<tool_call>\n{"name": "f", "arguments": {"a": "b') == [("f", '{"a": "b', False)]


def test_a_closer_in_a_string_is_data_where_another_follows() -> None:
    assert arguments(HERMES % "{'a': 'x </tool_call> y'}") == [("f", '{"a": "x </tool_call> y"}', True)]


@pytest.mark.parametrize("fmt", FORMATS)
def test_sound_calls_are_left_alone(fmt: str) -> None:
    calls = [{"function": {"name": name, "arguments": '{"city": "Oslo", "n": [1, {"k": null}]}'}} for name in ("alpha", "beta")]
    tools = [{"name": "alpha"}, {"name": "beta"}]
    try:
        text = toolparse.render({"content": None, "tool_calls": calls}, fmt, tools=tools)
    except toolparse.CannotRender:
        text = toolparse.render({"content": None, "tool_calls": calls[:1]}, fmt, tools=tools)
    stream = toolparse.parse(text, fmt, tools=tools, new_id=str)
    whole = toolparse.parse(text, fmt, tools=tools, new_id=str, repair="whole")
    assert stream == whole


@pytest.mark.parametrize("damage", some(sorted(DAMAGES), 12))
def test_the_whole_text_gives_what_repair_gives(damage: str) -> None:
    before, behind = "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>f<｜tool▁sep｜>", "<｜tool▁call▁end｜><｜tool▁calls▁end｜>"
    for damaged in samples(DAMAGES[damage], 100 if THOROUGH else 4, 1):
        repaired = json.loads(toolparse.repair(damaged.text))
        (call,) = toolparse.parse(before + damaged.text + behind, "deepseek_v31", repair="whole").tool_calls
        streamed = toolparse.parse(before + damaged.text + behind, "deepseek_v31").tool_calls[0]
        assert call.value() == repaired or (isinstance(repaired, dict) and call.value() == streamed.value() and streamed.complete)


PIECES = ("<tool_call>\n", "\n</tool_call>", '{"name": "f", "arguments": {"a": "b', '"}}', "}", '"', "text", "</think>", " ", "{}")


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
@examples(15, 1000)
def test_no_text_raises_and_all_calls_are_json(text: str) -> None:
    message = toolparse.parse(text, "hermes", repair="whole")
    assert [call.index for call in message.tool_calls] == list(range(len(message.tool_calls)))
    for call in message.tool_calls:
        if call.complete:
            json.loads(call.arguments)
    assert all(0 <= problem.position <= len(text) for problem in message.problems)


def test_what_stands_behind_is_parsed_again_only_so_often(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    class Counted(toolparse.Parser):
        def __init__(self, *given: Any, **options: Any) -> None:
            made.append(1)
            super().__init__(*given, **options)

    monkeypatch.setattr("toolparse.parser.Parser", Counted)
    message = toolparse.parse((HERMES % '{"a": "b}' + "\n") * 60, "hermes", repair="whole")
    assert len(message.tool_calls) > AGAIN
    assert len(made) == AGAIN + 1


def test_an_unknown_word_is_a_wrong_use() -> None:
    with pytest.raises(ValueError, match="choose one of stream, whole"):
        toolparse.parse("", "hermes", repair="best")  # type: ignore[arg-type]
