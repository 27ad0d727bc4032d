"""Raw parameter values: what ends them, what they become, and how early they flow."""

from __future__ import annotations

import json

import pytest

from toolparse import Parser, parse
from toolparse.events import CallArguments, Event, Problem

PROPERTIES = {"text": {"type": "string"}, "other": {"type": "string"}, "count": {"type": "integer"}, "label": {"type": ["string", "null"]}}
TOOLS = [{"type": "function", "function": {"name": "save", "parameters": {"type": "object", "properties": PROPERTIES}}}]
QWEN = "<tool_call>\n<function=save>\n<parameter={}>\n"
GLM = "<tool_call>save<arg_key>{}</arg_key><arg_value>"
XML = '<function name="save"><param name="{}">'


def streamed(fmt: str, *pieces: str) -> list[list[Event]]:
    parser = Parser(fmt, tools=TOOLS, prompt="")
    return [parser.feed(piece) for piece in pieces]


@pytest.mark.parametrize(("fmt", "opening"), [("qwen3_coder", QWEN), ("glm45", GLM), ("minicpm5", XML)])
def test_a_string_flows_as_it_arrives(fmt: str, opening: str) -> None:
    *_, last = streamed(fmt, opening.format("text"), "one ", "two")
    assert last == [CallArguments(0, "two")]


@pytest.mark.parametrize(("fmt", "opening"), [("qwen3_coder", QWEN), ("glm45", GLM), ("minicpm5", XML)])
def test_a_nullable_string_flows_once_it_is_not_null(fmt: str, opening: str) -> None:
    *_, waits, flows = streamed(fmt, opening.format("label"), "nul", "ls")
    assert waits == []
    assert flows == [CallArguments(0, '{"label": "nulls')]


def test_a_candidate_for_a_closer_is_held_with_the_blanks_behind_it() -> None:
    _, held, released = streamed("glm45", GLM.format("text"), "a</arg_value> \n", "b\nc")
    assert held == [CallArguments(0, '{"text": "a')]  # the opener might have stood twice
    assert released == [CallArguments(0, "</arg_value> \\nb\\nc")]


def test_a_bracket_in_front_of_a_closer_is_doubtful_only_where_the_template_writes_a_line_break_between_them() -> None:
    body = "<function=save>\n<parameter=text>\n<</parameter>\n</function>\n"
    doubtful = parse(f"<tool_call>\n{body}</tool_call>", "qwen3_coder", tools=TOOLS)
    certain = parse(f"<seed:tool_call>\n{body}</seed:tool_call>", "seed_oss", tools=TOOLS)
    assert [problem.kind for problem in doubtful.problems] == ["doubtful_value"]
    assert certain.problems == []
    assert certain.tool_calls[0].value() == {"text": "<"}


@pytest.mark.parametrize("size", [1, 1000])
@pytest.mark.parametrize(
    ("value", "meant", "faults"),
    [
        ("<![CDATA[a < b]]>", "a < b", ["repaired_markup"]), ("<![CDATA[]]>", "", ["repaired_markup"]),
        ("<![CDATA[a]] > [b]]]>", "a]] > [b]", ["repaired_markup"]), ("In XML: <![CDATA[a < b]]>", "In XML: <![CDATA[a < b]]>", []),
        ("<![CDATA[a]]><![CDATA[b]]>", "a]]><![CDATA[b", ["repaired_markup", "doubtful_value"]), ("<![CDATA[a", "a", ["doubtful_value"]),
    ],
)  # fmt: skip
def test_a_section_of_xml_around_a_value_is_framing(value: str, meant: str, faults: list[str], size: int) -> None:
    for opening, end in ((QWEN, "\n</parameter>\n</function>\n</tool_call>"), (GLM, "</arg_value></tool_call>")):
        text = opening.format("text") + value + end
        events = streamed("qwen3_coder" if opening == QWEN else "glm45", *(text[at : at + size] for at in range(0, len(text), size)))
        found = [event for piece in events for event in piece]
        assert json.loads("".join(event.text for event in found if isinstance(event, CallArguments))) == {"text": meant}
        assert [event.kind for event in found if isinstance(event, Problem)] == faults


def test_a_section_of_xml_around_a_number_is_framing() -> None:
    text = QWEN.format("count") + "<![CDATA[10]]>\n</parameter>\n</function>\n</tool_call>"
    assert parse(text, "qwen3_coder", tools=TOOLS, prompt="").tool_calls[0].value() == {"count": 10}


@pytest.mark.parametrize(
    ("key", "value", "faults"), [("label", "abc", ["doubtful_value"] * 2), ("count", "7" * 60, ["too_long", "repaired_markup"])]
)
def test_whether_a_closer_that_stands_twice_is_data_does_not_depend_on_what_has_arrived(key: str, value: str, faults: list[str]) -> None:
    text = GLM.format(key) + value + "</arg_value>" * 2 + "<arg_key>other</arg_key><arg_value>x</arg_value></tool_call>"
    for size in (1, 3, len(text)):
        parser = Parser("glm45", tools=TOOLS, prompt="", max_held=50)
        events = [event for at in range(0, len(text), size) for event in parser.feed(text[at : at + size])] + parser.finish()
        assert [event.kind for event in events if isinstance(event, Problem)] == faults


@pytest.mark.parametrize(("value", "written"), [("x" * 60, '"' + "x" * 60 + '"'), ("null", "null"), ("nullx", '"nullx"')])
@pytest.mark.parametrize("most", [1, 50])
def test_a_nullable_string_is_never_too_long(most: int, value: str, written: str) -> None:
    text = GLM.format("label") + value + "</arg_value></tool_call>"
    for size in (1, 3, len(text)):
        parser = Parser("glm45", tools=TOOLS, prompt="", max_held=most)
        events = [event for at in range(0, len(text), size) for event in parser.feed(text[at : at + size])] + parser.finish()
        assert "".join(event.text for event in events if isinstance(event, CallArguments)) == f'{{"label": {written}}}'
        assert [event for event in events if isinstance(event, Problem)] == []


def test_a_value_longer_than_may_be_held_becomes_a_string() -> None:
    text = QWEN.format("count") + "7" * 60 + "\n</parameter>\n</function>\n</tool_call>"
    for size in (1, len(text)):
        parser = Parser("qwen3_coder", tools=TOOLS, prompt="", max_held=50)
        events = [event for at in range(0, len(text), size) for event in parser.feed(text[at : at + size])] + parser.finish()
        assert "".join(event.text for event in events if isinstance(event, CallArguments)) == '{"count": "' + "7" * 60 + '"}'
        assert [event.kind for event in events if isinstance(event, Problem)] == ["too_long"]


@pytest.mark.parametrize(
    ("fmt", "text", "faults"),
    [
        (
            "glm45",
            GLM.format("text") + "a</arg_value>stray<arg_key>x</arg_key></tool_call>",
            [("repaired_markup", 77), ("doubtful_value", 67), ("doubtful_value", 50)],
        ),
        ("glm45", GLM.format("text") + "a</arg_value><arg_key>x</arg_key></tool_call>", [("dropped_text", 62)]),
        ("qwen3_coder", QWEN.format("count") + "many\n</parameter>\n</function>\n</tool_call>", [("wrong_type", 50)]),
    ],
)
def test_a_fault_is_reported_where_a_value_ends_or_dropped_text_begins(fmt: str, text: str, faults: list[tuple[str, int]]) -> None:
    found = [(problem.kind, problem.position) for problem in parse(text, fmt, tools=TOOLS, prompt="").problems]
    assert found == faults


def test_the_longest_declared_name_is_split_off_a_joined_key() -> None:
    tools = [{"name": name, "input_schema": {"properties": {key: {}}}} for name, key in (("grep", "_tool"), ("grep_tool", "pattern"))]
    call = parse("<tool_call>grep_toolpattern</arg_key><arg_value>x</arg_value></tool_call>", "glm45", tools=tools, prompt="").tool_calls[0]
    assert (call.name, call.arguments) == ("grep_tool", '{"pattern": "x"}')


def test_a_joined_key_is_given_up_as_soon_as_it_cannot_be_one() -> None:
    parser = Parser("glm45", tools=TOOLS, prompt="")
    assert parser.feed("<tool_call>sav") == []
    assert parser.feed(" x;")[0].text == "<tool_call>sav x;"  # type: ignore[union-attr]


def test_an_unknown_suffix_is_fixed_by_the_first_marker_that_counts() -> None:
    text = "See <tool_calls:a>.\n<tool_calls:b><tool_call:b>save</tool_call:b></tool_calls:b>"
    message = parse(text, "hy_v4", tools=TOOLS, prompt="")
    assert message.content == "See <tool_calls:a>."
    assert [call.name for call in message.tool_calls] == ["save"]
