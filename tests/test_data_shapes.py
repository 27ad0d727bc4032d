"""Rows of every shape as OpenAI messages, and back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from effort import examples
from hypothesis import given
from hypothesis import strategies as st

from toolparse.data import CannotWrite, Conversation, InvalidRow, messages, read, read_row, write_row
from toolparse.data.shapes import SHAPES, compared

ROWS = Path(__file__).parents[1] / "fixtures" / "rows"


def rows(name: str) -> list[dict[str, Any]]:
    return list(read(ROWS / f"{name}.jsonl"))


def roles(row: dict[str, Any]) -> list[str]:
    return [message["role"] for message in messages(row)["messages"]]


# -- each shape ---------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["openai", "sharegpt", "hermes", "hermes_thinking", "glaive", "xlam", "toolace", "react"])
def test_every_row_of_a_shape_is_recognised_and_read(name: str) -> None:
    for row in rows(name):
        conversation = read_row(row)
        assert conversation.shape == name.removesuffix("_thinking")
        assert conversation.status in ("ok", "repaired", "no_call")
        answered = [message["tool_call_id"] for message in conversation.messages if message["role"] == "tool"]
        called = [call["id"] for message in conversation.messages for call in message.get("tool_calls", ())]
        assert set(answered) <= set(called)
        assert len(set(called)) == len(called)
        for message in conversation.messages:
            for call in message.get("tool_calls", ()):
                assert isinstance(json.loads(call["function"]["arguments"]), dict)


def test_hermes_takes_the_tools_and_what_is_said_of_them_out_of_the_system_text() -> None:
    first, second = map(messages, rows("hermes"))
    assert [tool["function"]["name"] for tool in first["tools"]] == ["get_weather", "clock"]
    assert [message["role"] for message in first["messages"]] == ["user", "assistant", "tool", "tool", "assistant"]
    assert second["messages"][0] == {"role": "system", "content": "You are a helpful assistant for travellers."}
    assert [message.get("name") for message in first["messages"]][2:4] == ["get_weather", "clock"]


def test_the_thinking_variant_has_python_everywhere() -> None:
    row = messages(rows("hermes_thinking")[0])
    assert row["tools"][0]["function"]["parameters"]["required"] == ["city"]
    assert row["messages"][0]["role"] == "user"  # the system text said nothing but how to call and to think
    turn = row["messages"][3]
    assert turn["reasoning_content"] == "Now Rome."
    assert json.loads(turn["tool_calls"][0]["function"]["arguments"]) == {"city": "Rome", "unit": None}


def test_a_closing_tag_in_a_description_does_not_end_the_tools() -> None:
    tool = {"type": "function", "function": {"name": "f", "description": "ends </tools> here", "parameters": {"type": "object"}}}
    row = write_row([{"role": "user", "content": "Hi"}], "hermes", [tool])
    assert messages(row)["tools"] == [tool]


def test_xlam_parameters_become_json_schema() -> None:
    schema = messages(rows("xlam")[0])["tools"][0]["function"]["parameters"]
    assert schema["properties"]["days"] == {"type": "integer", "description": "How many days"}
    assert schema["properties"]["at"]["items"] == {"anyOf": [{"type": "integer"}, {"type": "number"}]}
    assert schema["required"] == ["at", "type"]


def test_toolace_names_may_have_blanks_and_brackets() -> None:
    row = messages(rows("toolace")[0])
    calls = [call["function"] for call in row["messages"][1]["tool_calls"]]
    assert [call["name"] for call in calls] == ["Weather Of City (v2)", "Weather Of City (v2)", "clock"]
    assert json.loads(calls[0]["arguments"]) == {"city": "Oslo", "days": 3}
    assert row["tools"][0]["function"]["parameters"]["type"] == "object"
    assert row["messages"][0]["role"] == "user"  # the system text said nothing but how to call
    assert row["messages"][3]["content"] == "21"


def test_calls_are_found_in_a_content_of_parts() -> None:
    text = '<tool_call>\n{"name": "f", "arguments": {}}\n</tool_call>'
    parts = [{"type": "text", "text": "Look: "}, {"type": "text", "text": text}]
    message = messages({"messages": [{"role": "user", "content": parts}, {"role": "assistant", "content": parts}]})["messages"]
    assert message[0]["content"] == parts
    assert (message[1]["content"], message[1]["tool_calls"][0]["function"]["name"]) == ("Look:", "f")
    said = [{"role": "assistant", "content": parts[:1]}]
    assert messages({"messages": said})["messages"] == said


def test_react_turns_are_calls_and_what_they_brought() -> None:
    assert [roles(row) for row in rows("react")] == [
        ["user", "assistant", "tool", "assistant"],
        ["user", "assistant", "tool", "assistant"],
        ["user", "assistant", "tool", "assistant"],
    ]
    final = messages(rows("react")[0])["messages"][-1]
    assert final == {"role": "assistant", "content": "It is 4 degrees.", "reasoning_content": "I know it now."}


def test_answers_go_to_their_calls_by_id_then_name_then_order() -> None:
    row = messages(rows("openai")[0])["messages"]
    assert [message["tool_call_id"] for message in row[3:5]] == ["c2", "c1"]
    calls = "\n".join(f'<tool_call>\n{{"name": "{name}", "arguments": {{}}}}\n</tool_call>' for name in "ab")
    answers = "\n".join(f"<tool_response>\n{text}\n</tool_response>" for text in ('{"name": "b", "content": 1}', '{"name": "Ann"}'))
    said = [("gpt", calls), ("tool", answers), ("tool", "nobody asked")]
    turns = [{"from": role, "value": text} for role, text in said]
    conversation = read_row({"conversations": turns})
    assert [message.get("name") for message in conversation.messages[1:]] == ["b", "a", None]
    assert [problem.kind for problem in conversation.problems] == ["unmatched_response"]


@pytest.mark.parametrize("name", ["openai", "sharegpt", "hermes", "hermes_thinking", "toolace", "react"])
def test_what_a_turn_says_besides_its_text_is_kept(name: str) -> None:
    """A weight, or whether it counts for the loss, as AgentInstruct has it."""
    for row in rows(name):
        turns = {key: row[key] for key in ("messages", "conversations", "prompt", "completion") if key in row}
        turns = {key: json.loads(value) if isinstance(value, str) else value for key, value in turns.items()}
        given = {**row, **{key: [{**turn, "weight": 0, "masked": True} for turn in value] for key, value in turns.items()}}
        made = messages(given)["messages"]
        for message in made:
            if message["role"] != "system" or "system" not in row:  # a column of its own is no turn
                assert (message.pop("weight"), message.pop("masked")) == (0, True)
        assert made == messages(row)["messages"]


@pytest.mark.parametrize(
    ("content", "calls", "wanted"),
    [
        ("<think>a</think>b", None, {"content": "b", "reasoning_content": "c\na"}),
        ("<think>c</think>b", None, {"content": "b", "reasoning_content": "c"}),
        ('b<tool_call>\n{"name": "f", "arguments": {}}\n</tool_call>', [{"function": {"name": "f", "arguments": "{}"}}], {"content": "b"}),
        ('b<tool_call>\n{"name": "g", "arguments": {}}\n</tool_call>', '[{"function": {"name": "f", "arguments": "{}"}}]', {}),
    ],
)
def test_what_a_turn_says_twice_or_otherwise_is_not_lost(content: str, calls: Any, wanted: dict[str, Any]) -> None:
    turn = {"role": "assistant", "content": content, "reasoning_content": "c", **({"tool_calls": calls} if calls else {})}
    (made,) = messages({"messages": [turn]})["messages"]
    assert {key: made.get(key) for key in ("content", "reasoning_content")} == {"content": content, "reasoning_content": "c", **wanted}
    assert [call["function"]["name"] for call in made.get("tool_calls", ())] == (["f"] if calls else [])


@pytest.mark.parametrize("nothing", ["null", "{}", "[]", "", None, [], {}])
def test_no_tools_are_none_however_it_is_said(nothing: Any) -> None:
    said = [{"role": "user", "content": "q"}]
    assert messages({"messages": said, "tools": nothing}) == {"messages": said}


def test_an_id_that_is_made_is_no_other_calls() -> None:
    given = {"id": "call00000", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    text = '<tool_call>\n{"name": "g", "arguments": {}}\n</tool_call>'
    turns = [{"role": "assistant", "content": text}, {"role": "assistant", "content": None, "tool_calls": [given]}]
    made = messages({"messages": turns})["messages"]
    assert [call["id"] for message in made for call in message["tool_calls"]] == ["call00001", "call00000"]


def test_a_call_that_cannot_be_read_is_no_message() -> None:
    row = {"messages": [{"role": "assistant", "content": '<tool_call>\n{"name": "f", "arguments": {"a": "b'}]}
    assert read_row(row).status == "cut"
    with pytest.raises(InvalidRow, match="'f' is cut off"):
        messages(row)
    odd = {"query": "q", "tools": "[]", "answers": '[{"name": "f", "arguments": [1]}]'}
    with pytest.raises(InvalidRow, match="no JSON object"):
        messages(odd)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({}, "no conversation of a known shape; the row's columns are none"),
        ({"a": 1}, "columns are a"),
        ({"conversations": [{"from": "martian", "value": "x"}]}, "role 'martian'"),
        ({"conversations": [{"from": "gpt", "value": None}]}, "holds no text"),
        ({"messages": [{"role": "assistant", "tool_calls": 7}]}, "no name"),
        ({"query": "q", "answers": "sorry", "tools": "[]"}, "no calls"),
        ({"query": "q", "answers": "[]", "tools": '[{"description": "nameless"}]'}, "name"),
        ({"conversations": [{"from": "system", "value": "<tools>[1]</tools>"}]}, "tools of the system text"),
        ({"chat": "USER: hi\nASSISTANT: ok", "system": "x access to the following functions\n{\"no\": 1}"}, "functions of the system text"),
    ],
)  # fmt: skip
def test_what_is_no_row_says_why(row: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidRow, match=reason):
        messages(row)


ODD = ("<tool_call>{", "<tools>[", "USER: a\nASSISTANT: b", "Action: f\nAction Input: {", "[f(a=1)]", '[{"name": 1}]', "{}")
KEYS = ("role", "from", "value", "content", "tool_calls", "function", "name", "arguments", "parameters", "type", "properties")
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(ODD),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)
WORDS = st.sampled_from(("human", "gpt", "system", "tool", "user", "assistant", "function_call", "observation", "model"))
TURN = st.fixed_dictionaries({"role": WORDS, "content": ANYTHING}, optional={"tool_calls": ANYTHING})
TURNS = st.lists(st.fixed_dictionaries({"from": WORDS, "value": ANYTHING}) | TURN | ANYTHING, max_size=3)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "messages": TURNS | ANYTHING,
            "conversations": TURNS | ANYTHING,
            "system": ANYTHING,
            "tools": ANYTHING,
            "query": ANYTHING,
            "answers": ANYTHING,
            "chat": ANYTHING,
            "prompt": ANYTHING,
            "completion": ANYTHING,
        },
    )
)
@examples(40, 1000)
def test_no_row_raises_anything_but_invalid_row(row: dict[str, Any]) -> None:
    try:
        conversation = read_row(row)
    except InvalidRow:
        return
    json.dumps(conversation.messages, default=str)
    assert conversation.status


# -- there and back -----------------------------------------------------------------------------------------------------------------------

NAME = st.sampled_from(("get_weather", "clock", "search.web"))
TEXT = st.text(
    st.characters(codec="utf-8", exclude_characters="\r\0", exclude_categories=("Cc", "Zs", "Zl", "Zp")), min_size=1, max_size=12
)
SENTENCE = st.lists(TEXT, min_size=1, max_size=3).map(" ".join)
MARKS = ("<tool_call>", "</think>", "Action: f", "USER: x", "\n\nASSISTANT: ", "<tool_response>", "</tools>", "Observation: a", "[f(a=1)]")
WILD = st.text(max_size=30) | st.sampled_from((*MARKS, " x ", ""))
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False) | SENTENCE,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=4,
)
KEY = st.sampled_from(("city", "days", "q", "note"))
SCHEMA = {"type": "object", "properties": {}}
TOOL = NAME.map(lambda name: {"type": "function", "function": {"name": name, "description": "What", "parameters": SCHEMA}})
TOOLS = st.lists(TOOL, max_size=2, unique_by=lambda tool: tool["function"]["name"])


MORE = st.sampled_from(({}, {}, {"weight": 0}, {"loss": True, "note": "x"}))


@st.composite
def conversations(draw: st.DrawFn, text: st.SearchStrategy[str] = SENTENCE) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = [{"role": "system", "content": draw(text)}] if draw(st.booleans()) else []
    number = 0
    for _ in range(draw(st.integers(1, 2))):
        made.append({"role": "user", "content": draw(text)} | draw(MORE))
        calls = []
        for _ in range(draw(st.integers(0, 2))):
            arguments = json.dumps(draw(st.dictionaries(KEY, VALUE, max_size=2)), ensure_ascii=False)
            calls.append({"id": f"id{number}", "type": "function", "function": {"name": draw(NAME), "arguments": arguments}})
            number += 1
        turn: dict[str, Any] = {"role": "assistant", "content": draw(text) if not calls or draw(st.booleans()) else None} | draw(MORE)
        if draw(st.booleans()):
            turn["reasoning_content"] = draw(text)
        if calls:
            turn["tool_calls"] = calls
        made.append(turn)
        made += [{"role": "tool", "tool_call_id": call["id"], "content": draw(text)} | draw(MORE) for call in calls]
        if calls:
            made.append({"role": "assistant", "content": draw(text)})
    return made


def lacks(shape: str, conversation: list[dict[str, Any]]) -> bool:
    """Whether the shape has no place for something in the conversation, by its nature."""
    turns = [message for message in conversation if message["role"] == "assistant"]
    if any("<think>" in (turn["content"] or "") for turn in turns):
        return True  # which opens reasoning
    if shape in ("xlam", "glaive") and any(message.keys() & {"weight", "loss"} for message in conversation):
        return True
    if shape == "xlam":
        return [message["role"] for message in conversation] != ["user", "assistant"] or any(
            turn["content"] or "reasoning_content" in turn for turn in turns
        )
    if shape == "glaive":
        return any("reasoning_content" in turn or len(turn.get("tool_calls", ())) > 1 for turn in turns)
    if shape == "toolace":
        return any("reasoning_content" in turn or (turn["content"] and turn.get("tool_calls")) for turn in turns)
    if shape == "react":
        several = any(turn["content"] and turn.get("tool_calls") and "reasoning_content" in turn for turn in turns)
        return several or (not any(turn.get("tool_calls") for turn in turns) and any("reasoning_content" in turn for turn in turns))
    return False


@pytest.mark.parametrize("shape", [shape.name for shape in SHAPES])
@given(st.data())
@examples(6, 150)
def test_what_a_shape_has_a_place_for_comes_back_from_it(shape: str, data: st.DataObject) -> None:
    conversation, tools = data.draw(conversations()), data.draw(TOOLS)
    if lacks(shape, conversation):
        return
    row = write_row(conversation, shape, tools)
    assert compared(Conversation(conversation, tools), read_row(json.loads(json.dumps(row)))) == ""


@pytest.mark.parametrize("shape", [shape.name for shape in SHAPES])
@given(conversation=conversations(WILD), tools=TOOLS)
@examples(4, 150)
def test_what_a_shape_cannot_say_is_refused_and_never_changed(shape: str, conversation: list[dict[str, Any]], tools: list[Any]) -> None:
    try:
        row = write_row(conversation, shape, tools)
    except CannotWrite:
        return
    assert compared(Conversation(conversation, tools), read_row(row)) == ""


def test_an_unknown_shape_is_a_wrong_use() -> None:
    with pytest.raises(ValueError, match="choose one of xlam"):
        write_row([], "sharegtp")
