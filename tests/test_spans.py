"""Where everything stands: the spans of a message, over all formats, their vectors and any text, however it arrives."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest
import strategies
from effort import examples, some
from hypothesis import given
from hypothesis import strategies as st

from toolparse import Format, Message, MessageBuilder, Parser, TextPart, ToolCall, formats, get_format, parse
from toolparse.grammar import Envelope, JsonText

FORMATS = [fmt.name for fmt in formats()]
Places = list[tuple[Any, ...]]


def read(fmt: Format, pieces: list[str], **options: Any) -> Message:
    parser = Parser(fmt, spans=True, **options)
    builder = MessageBuilder()
    for piece in pieces:
        for event in parser.feed(piece):
            builder.add(event)
    for event in parser.finish():
        builder.add(event)
    return parser.locate(builder.message)


def places(message: Message) -> Places:
    """All that a message says of where things stand."""
    found: Places = [(span.field, span.part, span.start, span.end) for span in message.spans]
    for part in message.parts:
        found.append((type(part).__name__, part.span))
        if isinstance(part, ToolCall):
            found.append((part.start, part.end, part.name_span, part.arguments_span))
    found += [(attempt.status, attempt.start, attempt.end) for attempt in message.attempts]
    return [*found, *((problem.kind, problem.position) for problem in message.problems)]


def check(message: Message, text: str) -> None:
    """Spans stand in order, none in another, each inside its part; what was said stands in them."""
    end = 0
    for span in message.spans:
        assert end <= span.start < span.end <= len(text), (span, text)
        end = span.end
    end = 0
    for at, part in enumerate(message.parts):
        assert part.span is not None, (part, text)
        assert end <= part.span[0] <= part.span[1] <= len(text), (part, part.span, text)
        end = part.span[1]
        mine = [span for span in message.spans if span.part == at]
        assert all(part.span[0] <= span.start and span.end <= part.span[1] for span in mine), (part, part.span, mine, text)
        if isinstance(part, ToolCall):
            assert [span.field for span in mine if span.field not in ("name", "arguments")] == []
            assert len(mine) <= 2
            continue
        kind = "content" if isinstance(part, TextPart) else "reasoning"
        assert {span.field for span in mine} <= {kind}
        said = "".join(text[span.start : span.end] for span in mine)
        # White space in front of a call or of what was dropped, which separates two texts, is said but stands elsewhere.
        assert "".join(said.split()) == "".join(part.text.split()), (part, said, text)
        if isinstance(part, TextPart) and not any(problem.attempt for problem in message.problems):
            assert part.text.endswith(said), (part, said, text)


@pytest.mark.parametrize("name", FORMATS)
def test_vectors(name: str) -> None:
    fmt = get_format(name)
    for case in some(strategies.vectors(fmt), 2, name):
        options: dict[str, Any] = {"tools": case["tools"], "prompt": case["prefill"] or None, "new_id": lambda: "id"}
        text = case["text"]
        message = parse(text, fmt, spans=True, **options)
        check(message, text)
        for call in message.tool_calls:
            if call.name in text:
                assert call.name_span is not None, (call, text)
                assert text[slice(*call.name_span)] == call.name, (call, text)
            if call.complete and call.arguments_span is not None and not message.problems and passes_json(fmt, call):
                value = json.loads(text[slice(*call.arguments_span)])
                assert call.value() in (value, [value], json.loads(value) if isinstance(value, str) else None), (call, text)
        assert places(read(fmt, list(text), **options)) == places(message), text


def passes_json(fmt: Format, call: ToolCall) -> bool:
    """Whether the format's calls carry JSON, and this one carries an object."""
    return all(isinstance(calls.body, (JsonText, Envelope)) for calls in fmt.calls) and call.value() != {}


@pytest.mark.parametrize("name", FORMATS)
@examples(2, 30)
@given(data=st.data())
def test_any_text(name: str, data: st.DataObject) -> None:
    fmt = get_format(name)
    text = data.draw(strategies.texts(fmt))
    options = {**data.draw(strategies.asked(fmt)), **data.draw(strategies.policies(fmt)), "new_id": lambda: "id"}
    message = read(fmt, [text], **options)
    check(message, text)
    assert places(read(fmt, data.draw(strategies.pieces(text)), **options)) == places(message)
    plain = Parser(fmt, **options)
    builder = MessageBuilder()
    for event in [*plain.feed(text), *plain.finish()]:
        builder.add(event)
    assert builder.message == message


def test_what_the_parts_say() -> None:
    text = '<think>Sun?</think>\n\nI look.\n\n<tool_call>\n{"name": "f", "arguments": {"a": 1}}\n</tool_call>\n<|im_end|>'
    message = parse(text, "hermes", spans=True)
    reasoning, content, call = message.parts
    assert isinstance(call, ToolCall)
    assert [text[slice(*span)] for span in (reasoning.span, content.span, call.span) if span] == [
        "<think>Sun?</think>",
        "I look.",
        '<tool_call>\n{"name": "f", "arguments": {"a": 1}}\n</tool_call>',
    ]
    assert [text[slice(*span)] for span in (call.name_span, call.arguments_span) if span] == ["f", '{"a": 1}']
    assert [text[span.start : span.end] for span in message.spans] == ["Sun?", "I look.", "f", '{"a": 1}']


def test_white_space_that_is_too_much_stands_where_it_was() -> None:
    """Pieces of it wait together though a marker that was dropped stands between them."""
    text = "\n<|close|>response<|sep|>\n"
    for pieces in ([text], list(text)):
        message = read(get_format("kimi_k3"), pieces, max_held=1)
        check(message, text)
        assert [(span.start, span.end) for span in message.spans] == [(0, 1), (25, 26)]


def test_a_call_that_the_prompt_opens() -> None:
    message = parse('"f", "arguments": {"a": 1}}</tool_call>', "hermes", prompt='<|im_start|>assistant\n<tool_call>{"name": ', spans=True)
    (call,) = message.tool_calls
    assert (call.span, call.name_span, call.arguments_span) == ((0, 39), (1, 2), (18, 26))


def test_copies_go_on_with_their_places() -> None:
    parser = Parser("hermes", spans=True)
    builder = MessageBuilder()
    for event in parser.feed('Hi <tool_call>{"name": "f", "argum'):
        builder.add(event)
    for twin in (copy.copy(parser), pickle.loads(pickle.dumps(parser))):
        folded = copy.copy(builder)
        for event in [*twin.feed('ents": {"a": 1}}</tool_call>'), *twin.finish()]:
            folded.add(event)
        assert twin.locate(folded.message).tool_calls[0].arguments_span == (41, 49)


def test_places_that_are_not_kept() -> None:
    with pytest.raises(ValueError, match="spans=True"):
        Parser("hermes").locate(Message())
    with pytest.raises(ValueError, match="not the message"):
        Parser("hermes", spans=True).locate(Message(content="Hi"))
