"""Tool choice: what the request may say, and the bare JSON that guided decoding writes under it."""

import json

import pytest
import strategies

import toolparse
from toolparse.engine.tool_choice import Choice, read_choice

TOOLS = [{"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": {}}}} for name in ("walk", "swim")]
WALK = {"type": "function", "function": {"name": "walk"}}


def parse(text, choice, fmt="hermes", **options):
    whole = toolparse.parse(text, fmt, tools=TOOLS, tool_choice=choice, **options)
    parser = toolparse.Parser(fmt, tools=TOOLS, tool_choice=choice, **options)
    builder = toolparse.MessageBuilder()
    for character in text:
        for event in parser.feed(character):
            builder.add(event)
    for event in parser.finish():
        builder.add(event)
    assert [(call.name, call.arguments, call.complete) for call in builder.message.tool_calls] == [
        (call.name, call.arguments, call.complete) for call in whole.tool_calls
    ]
    assert (builder.message.content, builder.message.reasoning) == (whole.content, whole.reasoning)
    return whole


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("auto", Choice("auto")),
        ("none", Choice("none")),
        ("required", Choice("required")),
        ("any", Choice("required")),
        ({"type": "any"}, Choice("required")),
        ({"type": "auto"}, Choice("auto")),
        (WALK, Choice("required", frozenset({"walk"}), "walk")),
        ({"type": "function", "name": "walk"}, Choice("required", frozenset({"walk"}), "walk")),
        ({"type": "tool", "name": "walk"}, Choice("required", frozenset({"walk"}), "walk")),
        ({"type": "allowed_tools", "mode": "auto", "tools": [WALK]}, Choice("auto", frozenset({"walk"}))),
        ({"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [WALK]}}, Choice("required", frozenset({"walk"}))),
    ],
)
def test_every_spelling_of_a_tool_choice_is_read(given, expected):
    assert read_choice(given) == expected


@pytest.mark.parametrize("given", ["maybe", 3, None, {"type": "function"}, {"type": "allowed_tools"}, {"type": "walk"}])
def test_an_unknown_tool_choice_says_what_to_use(given):
    with pytest.raises(ValueError, match="tool_choice"):
        toolparse.Parser("hermes", tool_choice=given)


def test_none_leaves_everything_content_but_reasoning():
    text = '<think>\nHm.\n</think>\n\n<tool_call>\n{"name": "walk", "arguments": {}}\n</tool_call>'
    message = parse(text, "none")
    assert message.reasoning == "Hm."
    assert message.content == '<tool_call>\n{"name": "walk", "arguments": {}}\n</tool_call>'
    assert message.tool_calls == []


def test_required_takes_a_bare_list():
    message = parse('[{"name": "walk", "parameters": {"km": 3}}, {"name": "swim", "parameters": {}}]', "required")
    assert [(call.name, call.arguments) for call in message.tool_calls] == [("walk", '{"km": 3}'), ("swim", "{}")]
    assert message.content is None
    assert message.problems == []


def test_required_still_takes_the_models_own_format():
    message = parse('<tool_call>\n{"name": "walk", "arguments": {}}\n</tool_call>', "required")
    assert [call.name for call in message.tool_calls] == ["walk"]


def test_a_named_function_takes_its_bare_arguments():
    message = parse('{"km": 3, "name": "north"}', WALK)
    assert [(call.name, json.loads(call.arguments)) for call in message.tool_calls] == [("walk", {"km": 3, "name": "north"})]


def test_a_named_function_keeps_the_reasoning():
    message = parse('Hm.\n</think>\n\n{"km": 3}', WALK, prompt="<think>\n")
    assert message.reasoning == "Hm."
    assert [call.arguments for call in message.tool_calls] == ['{"km": 3}']


def test_a_cut_bare_call_is_incomplete():
    message = parse('{"km": "thr', WALK)
    assert [(call.arguments, call.complete) for call in message.tool_calls] == [('{"km": "thr', False)]
    assert message.finish_reason == "length"


@pytest.mark.parametrize("choice", ["required", WALK])
def test_no_call_where_one_is_wanted_is_a_problem(choice):
    message = parse("I would rather not.", choice)
    assert message.content == "I would rather not."
    assert [(problem.kind, problem.severity) for problem in message.problems] == [("no_call", "error")]


def test_tools_that_are_not_allowed_are_dropped_and_reported():
    swim = '<tool_call>\n{"name": "swim", "arguments": {"km": 1}}\n</tool_call>'
    text = swim + '\n<tool_call>\n{"name": "walk", "arguments": {}}\n</tool_call>'
    message = parse(text, {"type": "allowed_tools", "mode": "auto", "tools": [WALK]})
    assert [call.name for call in message.tool_calls] == ["walk"]
    assert "swim" in message.problems[0].message
    assert '{"km": 1}' in message.problems[0].message


def test_without_parallel_calls_the_first_one_stays():
    text = '<tool_call>\n{"name": "swim", "arguments": {"km": 1}}\n{"name": "walk", "arguments": {"a": [1]}}\n</tool_call> Done.'
    message = parse(text, "auto", parallel_tool_calls=False)
    assert [call.name for call in message.tool_calls] == ["swim"]
    assert message.content == "Done."
    assert [problem.kind for problem in message.problems] == ["dropped_call"]
    assert 'walk {"a": [1]}' in message.problems[0].message


@pytest.mark.parametrize("fmt", [fmt for fmt in toolparse.formats() if fmt.calls], ids=lambda fmt: fmt.name)
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_the_bare_arguments_of_a_named_function_are_its_call_in_every_format(fmt: toolparse.Format, size: int):
    text = '{"km": 3, "note": "' + "along the river, " * 150 + '"}'
    parser = toolparse.Parser(fmt, tools=TOOLS, tool_choice=WALK, prompt="")
    builder = toolparse.MessageBuilder()
    for at in range(0, len(text), size):
        for event in parser.feed(text[at : at + size]):
            builder.add(event)
        if at > 60:
            assert parser.held < 40
    for event in parser.finish():
        builder.add(event)
    [call] = builder.message.tool_calls
    assert (call.name, call.arguments, builder.message.content) == ("walk", text, None)


FITTING = [
    {
        "name": name,
        "input_schema": {"properties": {"km": {"type": "integer"}, "note": {"type": "string"}}, "required": ["km"]},
    }
    for name in ("walk", "swim")
]
CALLING = [fmt.name for fmt in toolparse.formats() if fmt.calls]


@pytest.mark.parametrize("fmt", CALLING)
@pytest.mark.parametrize(
    ("choice", "written", "calls"),
    [
        ("required", '{"name": "walk", "arguments": {"km": 3}}', [("walk", {"km": 3})]),
        ("required", '{"parameters": {"km": 3}, "name": "walk"}', [("walk", {"km": 3})]),
        ("required", '{"type": "function", "function": {"name": "walk", "arguments": {"km": 3}}}', [("walk", {"km": 3})]),
        (
            "required",
            '[{"name": "walk", "parameters": {"km": 3}}, {"name": "swim", "parameters": {"km": 4}}]',
            [("walk", {"km": 3}), ("swim", {"km": 4})],
        ),
        ("required", '```json\n{"name": "walk", "parameters": {"km": 3}}\n```', [("walk", {"km": 3})]),
        (WALK, '{"km": 3}', [("walk", {"km": 3})]),
        (WALK, '{"note": "a {b} \\"c\\"", "km": 3}', [("walk", {"note": 'a {b} "c"', "km": 3})]),
        (WALK, '```json\n{"km": 3}\n```', [("walk", {"km": 3})]),
        (WALK, '{"name": "walk", "arguments": {"km": 3}}', [("walk", {"km": 3})]),
    ],
)  # fmt: skip
def test_bare_json_behind_words_is_the_call_that_is_asked_for(fmt, choice, written, calls):
    text = f"Sure, with {{km}} and {{}} set: {written}"
    for size in (1, len(text)):
        message = strategies.in_pieces(text, fmt, size, tools=FITTING, tool_choice=choice, prompt="")
        assert [(call.name, call.value()) for call in message.tool_calls if call.complete] == calls
        assert message.content == "Sure, with {km} and {} set:"


@pytest.mark.parametrize("fmt", CALLING)
@pytest.mark.parametrize("choice", ["required", WALK])
@pytest.mark.parametrize(
    "text",
    [
        'The file holds {"a": 1}, [1, 2] and {"name": "fly", "arguments": {"km": 3}} as it should.',
        'A call is an object such as {"name": 3} or {"name": "walk"} or {name}.',
    ],
)
def test_other_json_behind_words_is_content(fmt, choice, text):
    for size in (1, len(text)):
        message = strategies.in_pieces(text, fmt, size, tools=FITTING, tool_choice=choice, prompt="")
        assert (message.content, [call.name for call in message.tool_calls]) == (text, [])
        assert "no_call" in [problem.kind for problem in message.problems]


@pytest.mark.parametrize(("fmt", "before", "behind"), [
    ("hermes", "<tool_call>\n", "\n</tool_call>"), ("glm45", "<tool_call>", "</tool_call>"), ("mistral", "[TOOL_CALLS] ", ""),
    ("apriel", "<tool_calls>[", "]</tool_calls>"), ("qwen3_coder", "<tool_call>\n", "\n</tool_call>"),
    ("deepseek_v31", "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>", "<｜tool▁call▁end｜><｜tool▁calls▁end｜>"),
])  # fmt: skip
def test_the_arguments_of_a_named_function_may_stand_behind_the_formats_own_opener(fmt, before, behind):
    text = f'{before}{{"km": 3, "note": "far"}}{behind}'
    for size in (1, 5, len(text)):
        message = strategies.in_pieces(text, fmt, size, tools=FITTING, tool_choice=WALK, prompt="")
        assert [(call.name, call.value(), call.complete) for call in message.tool_calls] == [("walk", {"km": 3, "note": "far"}, True)]
        assert message.content is None


def test_under_none_the_markers_of_calls_are_content_even_as_special_tokens():
    parser = toolparse.Parser("deepseek_v3", tools=TOOLS, tool_choice="none", prompt="")
    opening = ("<｜tool▁calls▁begin｜>", "<｜tool▁call▁begin｜>", "function", "<｜tool▁sep｜>")
    pieces = (*opening, "walk", "<｜tool▁call▁end｜>", "<｜tool▁calls▁end｜>")
    events = [event for piece in pieces for event in parser.feed(piece, special=piece.startswith("<"))] + parser.finish()
    assert "".join(event.text for event in events if isinstance(event, toolparse.Content)) == "".join(pieces)


TWO_TOOLS = toolparse.Tools([
    {"name": "clock", "input_schema": {}},
    {"name": "ferry", "input_schema": {"properties": {"seats": {"type": "integer"}}}},
])  # fmt: skip
OTHERS = (
    '{"name": "clock", "arguments": {}}',
    '{"tool_call_id": "0", "tool_name": "clock", "parameters": {}}',
    '{"type": "function", "function": {"name": "clock", "arguments": {}}}',
    '{"name": "ferry", "seats": 4}',
)


@pytest.mark.parametrize("arguments", OTHERS)
@pytest.mark.parametrize("size", [1, 5, 200])
def test_arguments_that_name_a_tool_themselves_are_told(arguments: str, size: int) -> None:
    text = f"<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>ferry<｜tool▁sep｜>{arguments}<｜tool▁call▁end｜><｜tool▁calls▁end｜>"
    for given, name in ((text, "deepseek_v31"), (f"ferry\n{arguments}", "glm4")):
        (call,) = strategies.in_pieces(given, name, size, tools=TWO_TOOLS, prompt="").tool_calls
        assert (call.name, call.complete) == ("ferry", False)
    forced = strategies.in_pieces(arguments, "hermes", size, tools=TWO_TOOLS, prompt="", tool_choice={"type": "function", "name": "ferry"})
    assert not [call for call in forced.tool_calls if call.complete]
    assert [problem for problem in forced.problems if problem.severity == "error"]
