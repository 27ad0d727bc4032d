"""Damaged JSON bodies, over all formats that write them: read as meant or told, the same in any pieces, never silently wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest
from effort import examples
from hypothesis import given
from hypothesis import strategies as st

import toolparse
from toolparse.testing import check_text

TOOLS: list[dict[str, Any]] = [
    {"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": {key: {} for key in keys}}}}
    for name, keys in (("get_weather", ("city", "days")), ("run", ("cmd",)))
]
ENVELOPES = {
    "hermes": "<tool_call>\n{}\n</tool_call>", "granite": "<|tool_call|>[{}]", "mistral": "[TOOL_CALLS][{}]",
    "jamba": "<tool_calls>[{}]</tool_calls>", "llama3_json": "<|python_tag|>{}", "cohere_command": "<|START_ACTION|>[{}]<|END_ACTION|>",
    "longcat": "<longcat_tool_call>{}</longcat_tool_call>",
}  # fmt: skip
NAMED = {
    "deepseek_v31": "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>{}<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
    "mistral": "[TOOL_CALLS]get_weather[ARGS]{}",
    "kimi_k2": "<|tool_calls_section_begin|><|tool_call_begin|>functions.get_weather:0<|tool_call_argument_begin|>{}<|tool_call_end|>"
    "<|tool_calls_section_end|>",
}
MEANT = {"city": "Oslo", "days": 2}
READ = [
    '{"NAME": "get_weather", "Args": {"city": "Oslo", "days": 2}}',
    '{"tool": "get_weather", "tool_input": {"city": "Oslo", "days": 2}}',
    '{"kwargs": {"city": "Oslo", "days": 2}, "function_name": "get_weather"}',
    '{"type": "function", "function": {"name": "get_weather", "arguments": {"city": "Oslo", "days": 2}}}',
    '{"type": "function", "function": {"name": "get_weather", "arguments": "{\\"city\\": \\"Oslo\\", \\"days\\": 2}"}}',
    '{"get_weather": {"city": "Oslo", "days": 2}}',
    '{"name": "get_weather", "city": "Oslo", "days": 2}',
    '{"city": "Oslo", "days": 2, "name": "get_weather"}',
    '{"arguments": {"city": "Oslo", "days": 2, "name": "get_weather"}}',
    '{"name="get_weather", "arguments": {"city": "Oslo", "days": 2}}',
    '{"function=get_weather", "arguments": {"city": "Oslo", "days": 2}}',
    '{"name" "get_weather", "arguments" {"city" "Oslo", "days" 2}}',
    '{"name": "get_weather" "arguments": {"city": "Oslo" "days": 2}}',
    '{"name": "get_weather, "arguments": {"city": "Oslo", "days": 2}}',
    "{“name”：“get_weather”，“arguments”：{“city”：“Oslo”，“days”：2}}",
    '{"name": "get_weather", "arguments": {"city": "Oslo", "days": 2}}}',
    '{"name": "get_weather", "arguments": {"days": 2, "city": "Oslo"]}}',
    '{"recipient_name": "functions.get_weather", "parameters": {"city": "Oslo", "days": 2}}',
]
TOLD = [
    '{"name": "get_weather", "place": "Oslo"}',
    '{"name": "get_weather", "arguments": {"city": }}',
    '{"name": "get_weather", "arguments": {"city": "Oslo, "days": 2}}',
    '{"name": "get_weather", "arguments": Oslo, please}',
    '{"name": "get_weather", "arguments": {}, "arguments": {"city": "Oslo"}}',
]


def read(name: str, text: str) -> toolparse.Message:
    """The message, once it is certain that one character at a time gives the same."""
    check_text(toolparse.get_format(name), text, pieces=list(text), tools=TOOLS, prompt="")
    return toolparse.parse(text, name, tools=TOOLS, prompt="")


def check_read(name: str, text: str) -> None:
    message = read(name, text)
    assert [(call.name, call.value(), call.complete) for call in message.tool_calls] == [("get_weather", MEANT, True)]
    assert not message.content
    assert message.problems
    assert all(problem.severity == "warning" for problem in message.problems)


@pytest.mark.parametrize("body", READ)
@pytest.mark.parametrize("name", ENVELOPES)
def test_a_damaged_envelope_is_read_and_reported(name: str, body: str) -> None:
    check_read(name, ENVELOPES[name].replace("{}", body))


@pytest.mark.parametrize("body", TOLD)
@pytest.mark.parametrize("name", ENVELOPES)
def test_what_cannot_be_read_is_told(name: str, body: str) -> None:
    message = read(name, ENVELOPES[name].replace("{}", body))
    assert not any(call.complete for call in message.tool_calls)
    assert any(problem.severity == "error" for problem in message.problems)


@pytest.mark.parametrize(
    "body",
    [
        '{"city": "Oslo" "days": 2}', '{"city" "Oslo", "days" 2}', "{“city”：“Oslo”，“days”：2}", '{"city": "Oslo", "days": 2}}',
        '{"city": "Oslo", "days": 2}]', '```json\n{"city": "Oslo", "days": 2}\n```', '<json>{"city": "Oslo", "days": 2}</json>',
        '{"name": "get_weather", "arguments": {"city": "Oslo", "days": 2}}', '{"parameters": {"city": "Oslo", "days": 2}}',
        '{\\"city\\": \\"Oslo\\", \\"days\\": 2}', '{"days": 2, "city": "Oslo"]}',
        '{"days": 2, "city": "Oslo")}}', '{"days": 2, "city": "Oslo"] }\n',
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", NAMED)
def test_damaged_arguments_behind_a_name_are_read_and_reported(name: str, body: str) -> None:
    check_read(name, NAMED[name].replace("{}", body))


@pytest.mark.parametrize("name", NAMED)
@pytest.mark.parametrize("city", [r"C:\Users\temp", r"C:\Dev\me\new.rs", r"\alpha\theta"])
def test_words_in_which_only_some_backslashes_begin_an_escape_are_told(name: str, city: str) -> None:
    text = NAMED[name].replace("{}", f'{{"city": "{city}", "days": 2}}')
    message = read(name, text)
    assert {problem.kind for problem in message.problems if problem.severity == "error"} == {"doubtful_value"}
    assert message.tool_calls[0].value()["days"] == 2


@pytest.mark.parametrize("name", NAMED)
@pytest.mark.parametrize("city", [r"C:\\Users\\temp", r"\d+\n", r"\section{a}\nHello", r"C:\Users\Me", r"\tx\d+"])
def test_other_backslashes_that_begin_no_escape_are_a_warning(name: str, city: str) -> None:
    message = read(name, NAMED[name].replace("{}", f'{{"city": "{city}"}}'))
    assert not any(problem.severity == "error" for problem in message.problems)


@pytest.mark.parametrize("name", NAMED)
def test_a_bracket_behind_a_quote_is_data_where_the_quote_may_be(name: str) -> None:
    for city, whole in (('d["x"]', True), ('f("x")', True), ('l: ["x"]', False)):
        arguments = f'{{"city": "{city}{"" if not whole else chr(34)}}}'
        message = read(name, NAMED[name].replace("{}", arguments))
        assert [call.complete for call in message.tool_calls] == [whole]
        assert not whole or message.tool_calls[0].value() == {"city": city}


@pytest.mark.parametrize("behind", ["", "}", " ]\n"])
@pytest.mark.parametrize("name", NAMED)
def test_a_brace_that_came_too_early_is_told(name: str, behind: str) -> None:
    message = read(name, NAMED[name].replace("{}", '{"city": "Oslo", "at": {"days": 2}}' + behind + ', "days": 2}'))
    assert [call.complete for call in message.tool_calls] == [False]
    assert [problem.kind for problem in message.problems if problem.severity == "error"][:1] == ["surplus_closer"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("hermes", '<tool_call>\n{"name": "run", "arguments": {"cmd": [{"b": 1, {"b": 2}]}}\n</tool_call>'),
        ("command_r", 'Action:\n```json\n[{"tool_name": "run", "parameters": ```\n{"a": 1}\n```}]```'),
        ("glm4", 'run\n{"cmd": 1, "b": false<|assistant|>run\n{"cmd": 2}'),
    ],
)
def test_an_opening_brace_among_members_and_a_key_without_arguments_are_told(name: str, text: str) -> None:
    message = read(name, text)
    assert not [call for call in message.tool_calls if call.complete]
    assert [problem for problem in message.problems if problem.severity == "error"]


@pytest.mark.parametrize("between", ["", "\n"])
@pytest.mark.parametrize("name", ["deepseek_v31", "kimi_k2", "hermes"])
def test_an_object_behind_the_arguments_is_told(name: str, between: str) -> None:
    arguments = '{"city": "Oslo", "days": 2}'
    body = f'{{"name": "get_weather", "arguments": {arguments}}}' if name in ENVELOPES else arguments
    text = (ENVELOPES | NAMED)[name].replace("{}", f'{body}{between}{{"city": "Rome"}}')
    assert any(problem.severity == "error" for problem in read(name, text).problems)


@pytest.mark.parametrize(("name", "text"), [("glm4", "run\n{}"), ("functionary_v32", ">>>run\n{}")])
def test_arguments_in_a_string_are_read_behind_a_name(name: str, text: str) -> None:
    (call,) = read(name, text.replace("{}", json.dumps('{"cmd": "a\\n\\"b\\""}'))).tool_calls
    assert (call.value(), call.complete) == ({"cmd": 'a\n"b"'}, True)


@pytest.mark.parametrize(
    "arguments",
    [
        '{"city": "c x"} == \'x\'", "days": 5}',
        '{"city": "c x"} \'x\'", "days": 5}',
        '{"city": "a x",    # keep {\\"a\\": [1]}\\n"}',
    ],
)
@pytest.mark.parametrize("name", ["cohere_command", "hermes"])
def test_a_quote_that_is_not_closed_behind_the_arguments_or_in_a_comment_is_told(name: str, arguments: str) -> None:
    called = (
        '{"tool_name": "get_weather", "parameters": %s}\n' if name == "cohere_command" else '{"name": "get_weather", "arguments": %s}\n'
    )
    message = read(name, ENVELOPES[name].replace("{}", called % arguments))
    told = any(problem.severity == "error" for problem in message.problems) or not message.tool_calls[0].complete
    assert told or message.tool_calls[0].value()["city"].startswith('a x",  ')  # or it is read


def test_a_list_that_breaks_inside_an_element_ends_in_an_incomplete_call() -> None:
    message = toolparse.parse('[{"name": "run", "parameters": {"cmd": ]', "hermes", tools=TOOLS, tool_choice="required")
    assert [(call.name, call.complete) for call in message.tool_calls] == [("run", False)]


PLACES = {**{f"{name} envelope": (name, text) for name, text in ENVELOPES.items()}}
WORDS = ('"', "{", "}", "[", "]", ",", ":", "“", "，", "：", "=", " ", "```", '"city"', '"args": ', "Oslo", "\\")


@given(place=st.sampled_from(sorted(PLACES)), data=st.data())
@examples(60, 500)
def test_any_damage_is_the_same_in_any_pieces_and_loses_no_arguments_silently(place: str, data: st.DataObject) -> None:
    name, frame = PLACES[place]
    body = data.draw(st.sampled_from((*READ, '{"name": "get_weather", "arguments": {"city": "Oslo", "days": 2}}')))
    at = data.draw(st.integers(0, len(body)))
    cut = data.draw(st.integers(0, 1))
    text = frame.replace("{}", body[:at] + data.draw(st.sampled_from(WORDS)) + body[at + cut :])
    message = read(name, text)
    for call in message.tool_calls:
        if call.complete and json.loads(call.arguments) == {}:
            assert any(problem.severity == "error" for problem in message.problems)


@pytest.mark.parametrize("comment", ["# keep", "// keep", "/* keep"])
def test_a_comment_that_nothing_ends_is_doubtful_if_a_quote_of_a_string_is_in_it(comment: str) -> None:
    text = f'<tool_call>{{"name": "f", "arguments": {{"text": "x"}}  {comment} this\\n"}}}}</tool_call>'
    for size in (1, 4, len(text)):
        parser = toolparse.Parser("hermes", prompt="", new_id=lambda: "id")
        events = [event for at in range(0, len(text), size) for event in parser.feed(text[at : at + size])] + parser.finish()
        told = [(event.severity, event.position) for event in events if isinstance(event, toolparse.Problem) and event.kind == "comment"]
        assert told == [("warning", text.index(comment)), ("error", len(text))]


@pytest.mark.parametrize("space", ["\u2028", "\u2029"])
def test_a_separator_of_lines_between_tokens_is_no_name(space: str) -> None:
    message = toolparse.parse(f'<tool_call>{{"name":{space} "f", "arguments": {{"a": "x{space}y"}}}}</tool_call>', "hermes")
    assert [(call.name, call.value()) for call in message.tool_calls] == [("f", {"a": f"x{space}y"})]
    assert [problem.kind for problem in message.problems] == ["repaired_markup"]
