"""`toolparse.engine.missed_calls`: what is left of calls when the engine skips special tokens, over all formats and their vectors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cost import growth
from effort import some

import toolparse
from toolparse.engine.missed_calls import LOOKED_AT, Start, remains

VECTORS = Path(__file__).parents[1] / "fixtures" / "vectors"
BARE = {"dots/own-damaged-start", "gigachat3/own-bare-words", "hermes/own-bare-json", "jamba/own-tool-calls-marker",
        "mistral/own-bare-array", "mistral/own-bare-name", "olmo3/own-bare-line"}  # fmt: skip
"""Vectors whose text is a call without its markers, which is content and exactly what is to be told."""


def cases(fmt: str) -> Iterator[dict[str, Any]]:
    path = VECTORS / f"{fmt}.jsonl"
    if path.exists():
        yield from map(json.loads, path.read_text(encoding="utf-8").splitlines())


TOLD = ("deepseek_v3", "deepseek_v31", "gigachat3", "granite4", "internlm", "jamba", "kimi_k2", "trinity")


def assert_told(fmt: toolparse.Format, text: str, tools: toolparse.Tools, size: int) -> None:
    parser = toolparse.Parser(fmt, tools=tools, prompt="")
    events = [event for at in range(0, len(text), size) for event in parser.feed(text[at : at + size])]
    events += parser.finish()
    assert [event.kind for event in events if isinstance(event, toolparse.Problem)].count("lost_markers") == 1


@pytest.mark.parametrize("name", TOLD)
def test_a_call_without_its_special_tokens_is_told(name: str) -> None:
    fmt = toolparse.get_format(name)
    told = 0
    for case in cases(name):
        if case["kind"] != "canonical" or not case["expect"]["tool_calls"]:
            continue
        text = case["text"]
        for token in sorted(fmt.special_tokens, key=len, reverse=True):
            text = text.replace(token, "")
        tools = toolparse.Tools(case["tools"])
        message = toolparse.parse(text, fmt, tools=tools, prompt="")
        if message.tool_calls and any(problem.kind == "repaired_markup" for problem in message.problems):
            continue  # enough is left to read it
        assert not message.tool_calls
        said = [problem for problem in message.problems if problem.kind == "lost_markers"]
        assert len(said) == 1, case["id"]
        assert said[0].severity == "error"
        assert "skip_special_tokens=False" in said[0].message
        for size in (1, 7):
            assert_told(fmt, text, tools, size)
        told += 1
    assert told


@pytest.mark.parametrize(
    "text",
    [
        'assistantcommentary to=functions.clock json{"zone": "UTC"}',
        'analysisLet me see.assistantcommentary to=functions.clock json{"zone": ""}',
        'assistantanalysis to=functions.clock code{"zone": "UTC"}', 'commentary to=functions.clock{"zone": "UTC"}',
    ],
)  # fmt: skip
def test_harmonys_headers_without_their_tokens_are_told(text: str) -> None:
    assert_told(toolparse.get_format("harmony"), text, toolparse.Tools([{"name": "clock", "input_schema": {}}]), 5)


@pytest.mark.parametrize("fmt", toolparse.formats(), ids=lambda fmt: fmt.name)
def test_other_content_is_not(fmt: toolparse.Format) -> None:
    for case in some([case for case in cases(fmt.name) if case["tools"] and case["id"] not in BARE], 6, fmt.name):
        tools = toolparse.Tools(case["tools"])
        message = toolparse.parse(case["text"], fmt, tools=tools, prompt=case.get("prefill") or "")
        assert not [problem for problem in message.problems if problem.kind == "lost_markers"], case["id"]


@pytest.mark.parametrize("size", [1, 4, 5000])
def test_a_call_is_told_behind_prose(size: int) -> None:
    tools = toolparse.Tools([{"name": "n" * 50, "input_schema": {}}])
    for before in ("", "Let me look it up.\n", "Long and without any bracket. " * 100):
        assert_told(toolparse.get_format("deepseek_v3"), before + "function" + "n" * 50 + '\n```json\n{"a": 1}\n```', tools, size)


def test_prose_without_brackets_is_not_kept() -> None:
    start = Start()
    for at in range(1, 2000):
        if start.limit:
            start.add("word ")
        assert len(start.text) <= 120
        assert bool(start.limit) == (at * 5 < LOOKED_AT)
    assert start.left_out + len(start.text) == LOOKED_AT


def test_how_it_is_cut_does_not_matter_from_the_first_bracket_on() -> None:
    text = "word " * 300 + "f{" + "x" * 5000
    for size in (1, 7, 100, 10_000):
        start = Start()
        for at in range(0, len(text), size):
            if start.limit:
                start.add(text[at : at + size])
        assert not start.limit
        assert ("word " * 300)[:LOOKED_AT].endswith(start.text.partition("f{")[0])
        assert start.text.partition("f{")[2] == "x" * (LOOKED_AT - 1502)


def test_only_declared_names_count() -> None:
    fmt = toolparse.get_format("hermes")
    text = '{"name": "f", "arguments": {}}'
    assert remains(fmt, text, lambda: toolparse.Tools([{"name": "f", "input_schema": {}}])) is not None
    assert remains(fmt, text, lambda: toolparse.Tools([{"name": "g", "input_schema": {}}])) is None
    assert remains(fmt, text, lambda: None) is None


def test_the_tools_are_asked_for_only_when_something_looks_like_a_call() -> None:
    def refuse() -> None:
        raise AssertionError("nothing here looks like a call")

    for fmt in toolparse.formats():
        assert remains(fmt, "It rains in Oslo, says the office.", refuse) is None


def test_a_long_text_costs_no_more_than_its_start() -> None:
    tools = toolparse.Tools([{"name": "f", "input_schema": {}}])
    for unit in ("{", " ", '{ "', '{"name": ', "a", "{a,", "a:", "f(", "[", "\n"):

        def look(length: int, unit: str = unit) -> None:
            for fmt in toolparse.formats():
                remains(fmt, (unit * length)[:length], lambda: tools)

        assert growth(look, LOOKED_AT // 8, runs=2) < 24, unit
