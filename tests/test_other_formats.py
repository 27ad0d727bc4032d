"""Another format's calls are told: a call turn of every format, read with every other one."""

from __future__ import annotations

import json

import pytest
import strategies
from effort import some

import toolparse

TOOLS = toolparse.Tools([
    {"name": "find_ferry", "input_schema": {"type": "object", "properties": {"origin": {"type": "string"}, "seats": {"type": "integer"}}}}
])  # fmt: skip
ARGUMENTS = {"origin": "Bergen", "seats": 4}


def written(fmt: toolparse.Format, content: str | None = None) -> str:
    call = toolparse.ToolCall(id="functions.find_ferry:0", name="find_ferry", arguments=json.dumps(ARGUMENTS))
    return toolparse.render(toolparse.Message(content=content, tool_calls=[call]), fmt, tools=TOOLS)


CALLING = [fmt for fmt in toolparse.formats() if fmt.calls]


def read_right(message: toolparse.Message) -> bool:
    return [(call.name, call.value()) for call in message.tool_calls if call.complete] == [("find_ferry", ARGUMENTS)]


@pytest.mark.parametrize("tools", [TOOLS, None], ids=["tools", "no tools"])
@pytest.mark.parametrize("content", [None, "I will look for a ferry."])
def test_few_pairs_of_formats_are_silent(content: str | None, tools: toolparse.Tools | None) -> None:
    """Silent are those alone whose values differ in white space; without tools a prefix of the name, and code blocks, too."""
    silent = []
    pairs = 0
    for source in some(CALLING, 20, content):
        text = written(source, content)
        for fmt in CALLING:
            pairs += 1
            message = toolparse.parse(text, fmt, tools=tools, prompt="")
            if not read_right(message) and not any(problem.severity == "error" for problem in message.problems):
                silent.append((source.name, fmt.name))
    assert len(silent) <= pairs // (1000 if tools else 100), silent


@pytest.mark.parametrize("tools", [TOOLS, None], ids=["tools", "no tools"])
@pytest.mark.parametrize("source", CALLING, ids=lambda fmt: fmt.name)
def test_the_format_that_is_named_reads_the_text(source: toolparse.Format, tools: toolparse.Tools | None) -> None:
    text = written(source)
    for reader in ("hermes", "pythonic", "kimi_k2"):
        for problem in toolparse.parse(text, reader, tools=tools, prompt="").problems:
            if problem.kind == "other_format":
                named = problem.message.partition("the format '")[2].partition("'")[0]
                assert named == source.name or read_right(toolparse.parse(text, named, tools=TOOLS, prompt=""))


@pytest.mark.parametrize("size", [1, 4, 31])
def test_what_is_told_does_not_depend_on_the_chunking(size: int) -> None:
    for source in CALLING[::4]:
        text = "Let me look.\n" + written(source)
        whole = toolparse.parse(text, "hermes", tools=TOOLS, prompt="").problems
        parser = toolparse.Parser("hermes", tools=TOOLS, prompt="")
        events = [event for at in range(0, len(text), size) for event in parser.feed(text[at : at + size])] + parser.finish()
        assert [event for event in events if isinstance(event, toolparse.Problem)] == whole


PROSE = (
    "A model writes `<tool_call>` in front of a call and `</tool_call>` behind it.",
    'The markers "<function=find_ferry>" and "<parameter=origin>" stand in tags.',
    "Mistral writes `[TOOL_CALLS]`, and Kimi K2 `<|tool_call_begin|>`.",
    'An example:\n\n```xml\n<invoke name="find_ferry">\n<parameter name="origin">Bergen</parameter>\n</invoke>\n```\n\nThat is all.',
    'In JSON:\n```json\n{"tool_name": "find_ferry", "tool_input": {"origin": "Bergen"}}\n```\nThat is how it looks.',
)


@pytest.mark.parametrize("text", PROSE)
def test_documentation_is_no_failed_attempt(text: str) -> None:
    for fmt in CALLING:
        message = toolparse.parse("About tools. " + text, fmt, tools=TOOLS, prompt="")
        told = [p for p in message.problems if p.severity == "error" and p.kind in ("not_a_call", "other_format", "lost_markers")]
        assert not told, (fmt.name, told)


DATA = (
    '{"name": "find_ferry", "parameters": {"type": "object", "properties": {"origin": {"type": "string"}}}}',
    "[Point(x=1, y=2), Point(x=3, y=4)]",
    'Output\n{"a": 1}',
    'json\n{"a_b": 1}',
    ">>>\n{}",
    '[find_ferry(origin="Bergen")] is how one looks for it.',
    '{"name": "Bergen", "parameters": "many"}',
)


@pytest.mark.parametrize("text", DATA)
def test_without_tools_data_is_no_call_of_another_format(text: str) -> None:
    for name in ("hermes", "kimi_k2", "qwen3_coder", "mistral"):
        for before in ("", "This is it:\n"):
            assert not toolparse.parse(before + text, name, prompt="").problems, name


def test_the_format_whose_marks_stand_in_the_text_comes_first() -> None:
    """Others read it, too, and write as much white space around their markers."""
    text = "Let me look.\n" + written(toolparse.get_format("hermes"))
    (problem,) = toolparse.parse(text, "deepseek_v3", tools=TOOLS).problems
    assert "the format 'hermes' writes" in problem.message


def test_of_equal_formats_the_one_that_most_models_write_is_named() -> None:
    message = toolparse.parse('<tool_call>{"name": "find_ferry", "arguments": {}}</tool_call>', "deepseek_v3", tools=TOOLS)
    assert "the format 'hermes' writes" in message.problems[0].message


@pytest.mark.parametrize("content", [None, "I will look for a ferry."])
@pytest.mark.parametrize(("writes", "reads"), [("deepseek_v3", "deepseek_v31"), ("deepseek_v31", "deepseek_v3")])
def test_the_markers_of_v3_are_read_around_either_body(writes: str, reads: str, content: str | None) -> None:
    text = written(toolparse.get_format(writes), content)
    for size in (1, 6, len(text)):
        message = strategies.in_pieces(text, reads, size, tools=TOOLS, prompt="")
        assert read_right(message)
        assert message.content == content


def test_v3_without_a_name_is_no_call_to_function() -> None:
    text = written(toolparse.get_format("deepseek_v3")).replace("find_ferry\n", "")
    for tools in (TOOLS, None):
        message = toolparse.parse(text, "deepseek_v3", tools=tools, prompt="")
        assert not [call for call in message.tool_calls if call.complete]
        assert [problem.severity for problem in message.problems] == ["error"]
