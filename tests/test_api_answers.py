"""The answers of the APIs, read back: what the adapters write is the message that it was, and what else servers send."""

from __future__ import annotations

from typing import Any

import pytest
import strategies
from effort import examples
from hypothesis import given
from hypothesis import strategies as st

from toolparse import CallEnd, Message, MessageBuilder, Parser, ToolCall, get_format
from toolparse.adapters import ChatChunks, MessageEvents, ResponseEvents
from toolparse.toolbox.api_answers import (
    ChatPieces,
    MessagePieces,
    ResponsePieces,
    anthropic_message,
    chat_message,
    chat_turn,
    is_json,
    message_of,
    responses_message,
)

APIS: list[Any] = [(ChatChunks, ChatPieces), (ResponseEvents, ResponsePieces), (MessageEvents, MessagePieces)]


def read(reader: Any, pieces: list[dict[str, Any]]) -> tuple[Message, list[dict[str, Any]]]:
    """The message, which the events come to as well, and what stands for it in the next request."""
    builder = MessageBuilder()
    for piece in pieces:
        for event in reader.feed(piece):
            builder.add(event)
    events, message, turn = reader.finish()
    for event in events:
        builder.add(event)
    builder.truncated = message.truncated
    assert builder.message == message
    return message, turn


def plain(message: Message) -> tuple[Any, ...]:
    """What the APIs can carry: where text was lost beside arguments that are JSON, only the finish tells that a call is not complete."""
    calls = [(call.id, call.name, call.value(), call.complete or is_json(call.arguments)) for call in message.tool_calls]
    return (message.content or "").strip(), (message.reasoning or "").strip(), calls, message.finish_reason


@pytest.mark.parametrize(("adapter", "pieces"), APIS)
def test_what_the_adapters_write_is_read_back(adapter: Any, pieces: Any) -> None:
    @examples(25, 500)
    @given(strategies.texts(get_format("hermes")), st.booleans())
    def holds(text: str, cut: bool) -> None:
        parser = Parser("hermes", tools=strategies.TOOLS)
        written = adapter()
        builder = MessageBuilder()
        builder.truncated = cut
        events = [*parser.feed(text), *parser.finish(cut)]
        for event in events:
            builder.add(event)
        if any(isinstance(event, CallEnd) and not event.complete for event in events):
            builder.truncated = True
        message, turn = read(pieces(), [*written.start(), *written.feed(events), *written.finish(builder.truncated)])
        expected = builder.message
        if adapter is MessageEvents:  # whose calls take only objects
            for call in expected.tool_calls:
                if not isinstance(call.value(), dict):
                    return
            if any(not call.arguments for call in expected.tool_calls[:-1]):
                return  # a call without input in front of another one is one of `{}` there
        assert plain(message) == plain(expected)
        if turn:
            again = message_of(turn[0] if adapter is not ResponseEvents else {"output": turn})
            assert [call.name for call in again.tool_calls] == [call.name for call in expected.tool_calls]
            assert all(call.complete for call in again.tool_calls) or adapter is ResponseEvents  # servers take nothing else back

    holds()


@pytest.mark.parametrize(("reason", "complete"), [("tool_use", True), ("max_tokens", False)])
def test_a_call_of_messages_that_is_cut_in_front_of_its_input_is_not_complete(reason: str, complete: bool) -> None:
    block = {"type": "tool_use", "id": "toolu_1", "name": "delete_files", "input": {}}
    pieces = [
        {"type": "content_block_start", "index": 0, "content_block": block},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": reason}},
    ]
    message, _ = read(MessagePieces(), pieces)
    assert [(call.name, call.complete) for call in message.tool_calls] == [("delete_files", complete)]


def chunk(delta: dict[str, Any], reason: str | None = None, index: int = 0) -> dict[str, Any]:
    return {"choices": [{"index": index, "delta": delta, "finish_reason": reason}]}


def called(index: int | None, arguments: str | None, name: str | None = None, id: str | None = None) -> dict[str, Any]:
    return {"tool_calls": [{"index": index, "id": id, "function": {"name": name, "arguments": arguments}}]}


@pytest.mark.parametrize(
    ("chunks", "calls"),
    [
        ([chunk(called(0, "", "f", "a")), chunk({}, "tool_calls")], [("a", "f", "{}", True)]),
        ([chunk(called(0, None, "f", "a")), chunk({}, "length")], [("a", "f", "", False)]),
        ([chunk(called(0, "", "f", "a"))], [("a", "f", "", False)]),
        ([chunk(called(0, '{"a": 1', "f", "a")), chunk({}, "stop")], [("a", "f", '{"a": 1', False)]),
        # not numbered, whole
        (
            [chunk(called(None, "{}", "f", "a")), chunk(called(None, '{"b": 1}', "g", "b")), chunk({}, "stop")],
            [("a", "f", "{}", True), ("b", "g", '{"b": 1}', True)],
        ),
        # not numbered, in pieces, without an id
        ([chunk(called(None, "{", "f")), chunk(called(None, "}")), chunk({}, "stop")], [("call_0", "f", "{}", True)]),
        # taking turns
        (
            [chunk(called(*part)) for part in ((0, "{", "f", "a"), (1, "{", "g", "b"), (0, "}"), (1, "}"))] + [chunk({}, "stop")],
            [("a", "f", "{}", True), ("b", "g", "{}", True)],
        ),
        # pieces of a call that never began, and of another choice
        ([chunk(called(3, "{}")), chunk(called(0, "{}", "f", "a"), index=1), chunk({"content": "x"}, "stop")], []),
    ],
)
def test_streams_of_calls_as_servers_write_them(chunks: list[dict[str, Any]], calls: list[tuple[Any, ...]]) -> None:
    message, turn = read(ChatPieces(), chunks)
    assert [(call.id, call.name, call.arguments, call.complete) for call in message.tool_calls] == calls
    assert turn == chat_turn(message)


def test_whole_answers_as_servers_write_them() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert message_of({"role": "assistant", "content": None, "reasoning": "Hm."}).reasoning == "Hm."
    assert message_of({"choices": [{"message": {"role": "assistant", "content": parts}}]}).content == "ab"
    call = {"id": "a", "type": "function", "function": {"name": "f", "arguments": ""}}
    said = {"role": "assistant", "content": None, "tool_calls": [call]}
    assert [(each.arguments, each.complete) for each in message_of(said).tool_calls] == [("{}", True)]
    cut = message_of({"choices": [{"message": said, "finish_reason": "length"}]})
    assert [(each.arguments, each.complete) for each in cut.tool_calls] == [("", False)]
    custom = {"id": "a", "type": "custom", "custom": {"name": "shell", "input": "ls"}}
    assert [(each.name, each.arguments) for each in message_of({**said, "tool_calls": [custom]}).tool_calls] == [("shell", '"ls"')]
    with pytest.raises(ValueError, match="no choices: over the limit"):
        chat_message({"choices": None, "error": "over the limit"})
    refused = {"output": [{"type": "message", "content": [{"type": "refusal", "refusal": "No."}]}], "status": "completed"}
    assert responses_message(refused).content == "No."
    calls = [ToolCall(name="f")]
    assert message_of(calls).tool_calls == calls


def test_what_thinking_is_signed_with_is_kept() -> None:
    pieces: list[dict[str, Any]] = [
        {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": "", "signature": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "Hm."}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "abc"}},
        {"type": "content_block_stop", "index": 0},
        {"type": "content_block_start", "index": 1, "content_block": {"type": "thinking", "thinking": "", "signature": ""}},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "thinking_delta", "thinking": "Well."}},
        {"type": "content_block_stop", "index": 1},
        {"type": "content_block_start", "index": 2, "content_block": {"type": "text", "text": "Hello"}},
        {"type": "content_block_start", "index": 3, "content_block": {"type": "server_tool_use", "id": "s", "name": "search", "input": {}}},
        {"type": "content_block_delta", "index": 3, "delta": {"type": "input_json_delta", "partial_json": '{"q": "x"}'}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}},
    ]
    message, turn = read(MessagePieces(), pieces)
    assert (message.reasoning, message.content, message.tool_calls, message.truncated) == ("Hm.\nWell.", "Hello", [], False)
    (assistant,) = turn
    assert assistant["content"] == [
        {"type": "thinking", "thinking": "Hm.", "signature": "abc"},
        {"type": "thinking", "thinking": "Well.", "signature": ""},
        {"type": "text", "text": "Hello"},
        {"type": "server_tool_use", "id": "s", "name": "search", "input": {"q": "x"}},
    ]
    assert anthropic_message(assistant).content == "Hello"
