"""Folding events into a message, and messages made by hand."""

import json

import pytest
from cost import growth

from toolparse.events import CallArguments, CallEnd, CallStart, Content, Event, Problem, Reasoning
from toolparse.message import Message, MessageBuilder, ReasoningPart, TextPart, ToolCall


def built(*events: Event, truncated: bool = False) -> Message:
    builder = MessageBuilder()
    for event in events:
        builder.add(event)
    builder.truncated = truncated
    return builder.message


def call(index: int, *fragments: str, complete: bool = True) -> list[Event]:
    arguments = [CallArguments(index, fragment) for fragment in fragments]
    return [CallStart(index, f"id_{index}", f"tool_{index}", 10 * index), *arguments, CallEnd(index, complete, 10 * index + 9)]


def test_an_empty_output_is_an_empty_message() -> None:
    message = built()
    assert (message.content, message.reasoning, message.tool_calls, message.parts) == (None, None, [], [])
    assert message.finish_reason == "stop"
    assert message.to_openai() == {"role": "assistant", "content": None}
    assert built(Content(""), Reasoning("")).content is None


def test_parts_are_in_output_order_and_neighbours_are_one() -> None:
    problem = Problem("repaired", "a comma was added", 0, 3)
    message = built(
        Reasoning("Let "), Reasoning("me see."), Content("I will "), problem, Content("look.\n"), *call(0, '{"a"', ": 1}"),
        *call(1, "{}"), Content("Done."), Reasoning("\nWas it"), Reasoning(" right?"),
    )  # fmt: skip
    first = ToolCall(index=0, id="id_0", name="tool_0", arguments='{"a": 1}', start=0, end=9)
    second = ToolCall(index=1, id="id_1", name="tool_1", arguments="{}", start=10, end=19)
    assert message.parts == [
        ReasoningPart("Let me see."), TextPart("I will look.\n"), first, second,
        TextPart("Done."), ReasoningPart("Was it right?"),
    ]  # fmt: skip
    assert message.content == "I will look.\nDone."
    assert message.reasoning == "Let me see.\nWas it right?"
    assert message.tool_calls == [first, second]
    assert message.problems == [problem]


def test_only_the_joining_newline_is_taken_from_a_later_block() -> None:
    message = built(Reasoning("\na"), Content("-"), Reasoning("\n"), Reasoning("\nb"))
    assert [part.text for part in message.parts] == ["\na", "-", "\nb"]  # type: ignore[union-attr]
    assert message.reasoning == "\na\n\nb"


def test_calls_may_be_told_of_in_turns() -> None:
    events = [CallStart(0, "x", "f", 0), CallStart(1, "y", "g", 5), CallArguments(1, "[]"), CallArguments(0, "{}")]
    message = built(*events, CallEnd(1, True, 9), CallEnd(0, True, 9))
    assert [call.arguments for call in message.tool_calls] == ["{}", "[]"]


@pytest.mark.parametrize(
    ("events", "truncated", "reason"),
    [
        ([], True, "length"),
        ([Content("a")], False, "stop"),
        (call(0, "{}"), False, "tool_calls"),
        (call(0, "{}"), True, "length"),
        (call(0, "{", complete=False), False, "length"),
        (call(0, "{}") + call(1, "{", complete=False), False, "length"),
        (call(0, "{}")[:-1], False, "length"),
    ],
)
def test_finish_reason(events: list[Event], truncated: bool, reason: str) -> None:
    assert built(*events, truncated=truncated).finish_reason == reason


def test_the_message_so_far_does_not_change_later() -> None:
    builder = MessageBuilder()
    builder.add(Content("a"))
    before = builder.message
    builder.add(Content("b"))
    builder.add(Problem("k", "m", None, 0))
    assert (before.content, before.problems, builder.message.content) == ("a", [], "ab")


def test_to_openai_leaves_cut_calls_out_unless_asked() -> None:
    message = built(Reasoning("hm"), *call(0, '{"a": 1}'), *call(1, '{"b": "x', complete=False))
    whole = {"id": "id_0", "type": "function", "function": {"name": "tool_0", "arguments": '{"a": 1}'}}
    cut = {"id": "id_1", "type": "function", "function": {"name": "tool_1", "arguments": '{"b": "x'}}
    assert message.to_openai() == {"role": "assistant", "content": None, "reasoning_content": "hm", "tool_calls": [whole]}
    assert message.to_openai(incomplete=True)["tool_calls"] == [whole, cut]
    assert "tool_calls" not in built(*call(0, "{", complete=False)).to_openai()
    json.dumps(message.to_openai())


def test_a_message_made_by_hand_has_parts() -> None:
    call = ToolCall(name="f", arguments='{"a": 1}')
    message = Message(content="text", reasoning="thought", tool_calls=[call])
    assert message.parts == [ReasoningPart("thought"), TextPart("text"), call]
    assert Message(content="", reasoning="").parts == []


def test_a_message_made_of_parts_has_the_rest() -> None:
    call = ToolCall(name="f")
    message = Message(parts=[ReasoningPart("a"), TextPart("b"), call, ReasoningPart("c"), TextPart("d")])
    assert (message.content, message.reasoning, message.tool_calls) == ("bd", "a\nc", [call])


def test_value_of_a_complete_and_of_a_cut_call() -> None:
    assert ToolCall(name="f", arguments='{"a": [1, "é"]}').value() == {"a": [1, "é"]}
    assert ToolCall(name="f", arguments='{"a": 1, "b": "half a sen', complete=False).value() == {"a": 1, "b": "half a sen"}
    assert ToolCall(name="f").value() == {}
    assert ToolCall(name="f", arguments='"a string"').value() == "a string"


def test_partial_grows_with_the_text() -> None:
    builder = MessageBuilder()
    for event in call(0)[:1]:
        builder.add(event)
    assert builder.partial(0) == {}
    builder.add(CallArguments(0, '{"city": "Os'))
    shown = builder.partial(0)
    assert shown == {"city": "Os"}
    builder.add(CallArguments(0, "lo"))
    builder.add(CallArguments(0, '", "days": 3'))
    assert builder.partial(0) == {"city": "Oslo"}
    assert builder.partial(0) is shown
    builder.add(CallArguments(0, "}"))
    assert builder.partial(0) == {"city": "Oslo", "days": 3} == builder.message.tool_calls[0].value()


def test_partial_of_several_calls_and_of_none() -> None:
    builder = MessageBuilder()
    for event in [*call(0, '{"a": "b'), *call(1, '{"c": [1,')]:
        builder.add(event)
    assert (builder.partial(1), builder.partial(0)) == ({"c": [1]}, {"a": "b"})
    with pytest.raises(IndexError, match="no call 2 has started; 2 have"):
        builder.partial(2)


def test_adding_costs_the_same_however_much_there_is() -> None:
    def add(number: int) -> None:
        builder = MessageBuilder()
        builder.add(CallStart(0, "id", "f", 0))
        for _ in range(number):
            builder.add(CallArguments(0, "four"))
            builder.add(Content("four"))
        assert builder.message.content == "four" * number

    assert growth(add, 5_000) < 20
