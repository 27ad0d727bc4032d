"""Rendering: what is written is read back as it was, in every format, and little is refused."""

import json
from collections import Counter

import pytest
from effort import examples
from hypothesis import given
from hypothesis import strategies as st
from schemas import VALUES, typed

import toolparse
from toolparse.formats import formats
from toolparse.message import Message, ToolCall
from toolparse.rendering.render import CannotRender, compare, render
from toolparse.wire.spellings import spellings

FORMATS = [fmt for fmt in formats() if fmt.calls]
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": name,
            "parameters": {
                "type": "object",
                "properties": {
                    "text": {"type": "string"},
                    "count": {"type": "integer"},
                    "ratio": {"type": "number"},
                    "flag": {"type": "boolean"},
                    "list": {"type": "array"},
                    "map": {"type": "object"},
                },
            },
        },
    }
    for name in ("look_up", "save-note", "ns.ping")
]


def look_alikes(fmt):
    """Text that the format's own markers are made of."""
    markers = list(fmt.stop)
    for pair in fmt.reasoning:
        markers += [*spellings(pair.open), *spellings(pair.close)]
    for calls in fmt.calls:
        if calls.wrapper is not None:
            markers += [*spellings(calls.wrapper.open), *spellings(calls.wrapper.close)]
        markers += [text for part in calls.close for text in spellings(part)]
    return st.sampled_from([*markers, *(marker[: len(marker) // 2 + 1] for marker in markers), "{", "[", "</", "\n\n"])


def texts(fmt):
    words = st.text(st.characters(blacklist_categories=("Cs",)), max_size=12)
    return st.lists(words | look_alikes(fmt), max_size=4).map("".join)


def arguments(fmt):
    text = texts(fmt)
    numbers = st.integers(-(10**18), 10**18) | st.floats(allow_nan=False, allow_infinity=False, width=32)
    values = st.recursive(
        text | st.booleans() | st.none() | numbers,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
        max_leaves=6,
    )
    return st.fixed_dictionaries(
        {},
        optional={
            "text": text,
            "count": st.integers(-(10**20), 10**20),
            "ratio": st.floats(allow_nan=False, allow_infinity=False),
            "flag": st.booleans(),
            "list": st.lists(values, max_size=3),
            "map": st.dictionaries(text, values, max_size=3),
        },
    )


def messages(fmt):
    stripped = texts(fmt).map(lambda text: text.strip(" \t\r\n"))
    call = st.builds(
        lambda name, value: ToolCall(name=name, arguments=json.dumps(value, ensure_ascii=False)),
        st.sampled_from(("look_up", "save-note", "ns.ping")),
        arguments(fmt),
    )
    reasoning = stripped if fmt.reasoning else st.none()
    return st.builds(
        lambda content, thought, calls: Message(content=content or None, reasoning=thought or None, tool_calls=calls),
        stripped,
        reasoning,
        st.lists(call, max_size=3),
    )


@pytest.mark.parametrize("fmt", FORMATS, ids=lambda fmt: fmt.name)
def test_what_is_rendered_is_read_back(fmt):
    seen = Counter()

    @examples(6, 40)
    @given(messages(fmt))
    def check(message):
        try:
            text = render(message, fmt, tools=TOOLS)
        except CannotRender:
            seen["refused"] += 1
            return
        seen["written"] += 1
        assert compare(message, toolparse.parse(text, fmt, tools=TOOLS, prompt="")) == ""

    check()
    share = seen["refused"] / (seen["refused"] + seen["written"])
    print(f"{fmt.name}: {share:.0%} of the messages were refused")
    # Look-alikes of markers are common here, and functiongemma cannot escape any: half of many examples, and more of a few that are alike.
    assert share < 0.9


@pytest.mark.parametrize("fmt", FORMATS, ids=lambda fmt: fmt.name)
def test_values_of_any_schema_come_back(fmt):
    """The schemas of raw text in all spellings; a refused value is one that this format writes like another."""
    seen = Counter()

    @examples(6, 40)
    @given(typed(list(VALUES)))
    def check(case):
        schema, value = case
        tools = [{"type": "function", "function": {"name": "look_up", "parameters": schema}}]
        message = Message(tool_calls=[ToolCall(name="look_up", arguments=json.dumps({"v": value}, ensure_ascii=False))])
        try:
            text = render(message, fmt, tools=tools)
        except CannotRender:
            seen["refused"] += 1
            return
        seen["written"] += 1
        [call] = toolparse.parse(text, fmt, tools=tools, prompt="").tool_calls
        assert call.name == "look_up"
        found = json.loads(call.arguments)["v"]
        assert found == value
        assert isinstance(found, bool) == isinstance(value, bool)

    check()
    share = seen["refused"] / (seen["refused"] + seen["written"])
    print(f"{fmt.name}: {share:.0%} of the values were refused")
    assert share < 0.6


PLAIN = Message(
    reasoning="The user wants the tide.",
    content="I will look it up.",
    tool_calls=[
        ToolCall(name="look_up", arguments='{"text": "Brest “harbour” <b>", "count": 3, "list": [1, {"a": null}], "flag": true}'),
        ToolCall(name="ns.ping", arguments="{}"),
    ],
)


@pytest.mark.parametrize("fmt", FORMATS, ids=lambda fmt: fmt.name)
def test_an_ordinary_message_is_written(fmt):
    message = Message(reasoning=PLAIN.reasoning if fmt.reasoning else None, content=PLAIN.content, tool_calls=PLAIN.tool_calls)
    text = render(message, fmt, tools=TOOLS)
    assert compare(message, toolparse.parse(text, fmt, tools=TOOLS, prompt="")) == ""


@pytest.mark.parametrize("fmt", FORMATS, ids=lambda fmt: fmt.name)
def test_calls_move_from_one_format_to_another(fmt):
    written = render(Message(tool_calls=PLAIN.tool_calls), "hermes", tools=TOOLS)
    moved = render(toolparse.parse(written, "hermes"), fmt, tools=TOOLS)
    back = toolparse.parse(moved, fmt, tools=TOOLS, prompt="")
    assert [(call.name, json.loads(call.arguments)) for call in back.tool_calls] == [
        (call.name, json.loads(call.arguments)) for call in PLAIN.tool_calls
    ]


def test_an_openai_message_is_rendered():
    message = {
        "role": "assistant",
        "content": "Hm.",
        "reasoning_content": "Why?",
        "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}],
    }
    assert render(message, "deepseek_v31") == (
        '<think>Why?</think>Hm.<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>f<｜tool▁sep｜>{"a": 1}<｜tool▁call▁end｜><｜tool▁calls▁end｜>'
    )


@pytest.mark.parametrize(
    ("message", "fmt", "reason"),
    [
        ({"content": "a", "reasoning": "b"}, "llama3_json", "no reasoning"),
        ({"content": "</think>", "reasoning": "a</think>b"}, "hermes", "reasoning"),
        ({"tool_calls": [{"function": {"name": "f", "arguments": "[1]"}}]}, "hermes", "no JSON object"),
        ({"tool_calls": [{"function": {"name": "f", "arguments": "{"}}]}, "hermes", "no JSON object"),
        ({"tool_calls": [{"function": {"name": "a b<c", "arguments": "{}"}}]}, "deepseek_v31", "calls"),
    ],
)
def test_what_a_format_cannot_say_is_refused_with_the_reason(message, fmt, reason):
    with pytest.raises(CannotRender, match=reason):
        render(message, fmt)


@pytest.mark.parametrize("fmt", ["hermes", "qwen3_coder", "pythonic", "gemma4", "minimax_m3"])
def test_what_is_nested_too_deeply_is_refused(fmt):
    with pytest.raises(CannotRender):
        render(Message(tool_calls=[ToolCall(name="f", arguments='{"a": ' * 900 + "1" + "}" * 900)]), fmt)


def test_numbers_keep_their_spelling():
    call = ToolCall(name="f", arguments='{"a": 1.50, "b": 12345678901234567890123, "c": -0.0}')
    assert call.arguments in render(Message(tool_calls=[call]), "hermes")


def test_an_unknown_format_is_named():
    with pytest.raises(toolparse.UnknownFormat, match="hermes"):
        render(PLAIN, "hermess")


@pytest.mark.parametrize("fmt", FORMATS, ids=lambda fmt: fmt.name)
def test_calls_beyond_the_limit_are_told(fmt):
    calls = [ToolCall(index=index, name="look_up", arguments='{"text": "x"}') for index in range(4)]
    message = toolparse.parse(render(Message(tool_calls=calls), fmt, tools=TOOLS), fmt, tools=TOOLS, prompt="", max_calls=2)
    assert len(message.tool_calls) == 2
    assert {problem.severity for problem in message.problems if problem.kind == "too_many_calls"} == {"error"}
