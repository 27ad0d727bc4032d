"""Whole messages in the shapes of the APIs and back: round trips, and what the official packages' types say of them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from anthropic.types import Message as AnthropicMessage
from anthropic.types import MessageParam
from effort import examples
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletionAssistantMessageParam, ChatCompletionMessage
from openai.types.responses import Response, ResponseInputParam
from pydantic import TypeAdapter

from toolparse import Message, ReasoningPart, TextPart, ToolCall, parse, render

CHAT: Any = TypeAdapter(ChatCompletionAssistantMessageParam)
ITEMS: Any = TypeAdapter(ResponseInputParam)
BLOCKS: Any = TypeAdapter(MessageParam)

_TEXT = st.text(min_size=1, max_size=8)
_OBJECTS = st.dictionaries(_TEXT, st.one_of(st.none(), st.booleans(), st.integers(), _TEXT, st.lists(st.integers())), max_size=3)
_CALLS = st.builds(
    lambda id, name, value: ToolCall(id=id, name=name, arguments=json.dumps(value, ensure_ascii=False)), _TEXT, _TEXT, _OBJECTS
)


@st.composite
def messages(draw: st.DrawFn) -> Message:
    """Parts in any order, no two texts of one kind in a row, as the parser writes them."""
    parts: list[Any] = []
    for part in draw(st.lists(st.one_of(_TEXT.map(TextPart), _TEXT.map(ReasoningPart), _CALLS), max_size=6)):
        if parts and isinstance(part, (TextPart, ReasoningPart)) and type(parts[-1]) is type(part):
            continue
        if isinstance(part, ToolCall):
            part.index = sum(isinstance(other, ToolCall) for other in parts)
        parts.append(part)
    return Message(parts=parts)


@examples(40, 500)
@given(message=messages())
def test_round_trips(message: Message) -> None:
    assert Message.from_responses(ITEMS.validate_python(message.to_responses())) == message
    assert Message.from_responses(message.to_responses()) == message
    assert Message.from_anthropic(message.to_anthropic()) == message
    BLOCKS.validate_python(message.to_anthropic())
    again = Message.from_openai(message.to_openai())
    CHAT.validate_python(message.to_openai())
    assert (again.content, again.reasoning, again.tool_calls) == (message.content, message.reasoning, message.tool_calls)


def test_what_the_clients_give_is_read() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
    chat = ChatCompletionMessage.model_validate({"role": "assistant", "content": "Hi", "reasoning_content": "Hm", "tool_calls": [call]})
    expected = Message(content="Hi", reasoning="Hm", tool_calls=[ToolCall(id="c1", name="f", arguments='{"a": 1}')])
    assert Message.from_openai(chat) == expected
    blocks = [
        {"type": "thinking", "thinking": "Hm", "signature": "s"},
        {"type": "text", "text": "Hi"},
        {"type": "tool_use", "id": "c1", "name": "f", "input": {"a": 1}},
    ]
    answer = {
        "id": "m",
        "type": "message",
        "role": "assistant",
        "model": "x",
        "content": blocks,
        "stop_reason": None,
        "stop_sequence": None,
    }
    usage = {"input_tokens": 1, "output_tokens": 1}
    assert Message.from_anthropic(AnthropicMessage.model_validate({**answer, "usage": usage})) == expected
    output = [
        {"type": "reasoning", "id": "r", "summary": [{"type": "summary_text", "text": "Hm"}]},
        {
            "type": "message", "id": "m", "role": "assistant", "status": "completed",
            "content": [{"type": "output_text", "text": "Hi", "annotations": []}],
        },
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": '{"a": 1}'},
    ]  # fmt: skip
    response = Response.construct(output=output)
    assert Message.from_responses(response) == Message.from_responses(output) == expected


def test_history_of_one_api_is_text_of_any_format() -> None:
    history = {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {"a": "é"}}]}
    assert render(Message.from_anthropic(history), "hermes") == '<tool_call>\n{"name": "f", "arguments": {"a": "é"}}\n</tool_call>'


def test_calls_that_are_not_whole_are_left_out_unless_asked_for() -> None:
    message = parse('<tool_call>{"name": "f", "arguments": {"a": "x', "hermes")
    assert "tool_calls" not in message.to_openai()
    assert message.to_responses() == []
    assert message.to_anthropic()["content"] == []
    assert message.to_responses(incomplete=True)[0]["arguments"] == '{"a": "x'  # type: ignore[typeddict-item]
    assert message.to_anthropic(incomplete=True)["content"][0]["input"] == {"a": "x"}  # type: ignore[index]


def test_what_is_no_message() -> None:
    for read in (Message.from_openai, Message.from_anthropic):
        with pytest.raises(TypeError, match="not str"):
            read("Hi")
    with pytest.raises(TypeError, match="list"):
        Message.from_responses({"role": "assistant"})
    with pytest.raises(ValueError, match="no name"):
        Message.from_openai({"tool_calls": [{"function": {"arguments": "{}"}}]})
