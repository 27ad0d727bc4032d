"""ShareGPT: `conversations` of `from` and `value`, with `function_call` and `observation` as LLaMA-Factory has them, `system` and `tools`.

A turn `function_call` behind one of the assistant belongs to the same message. Its value is JSON, one call or a list, with reasoning
in `<think>` in front of it where there is any.
"""

from __future__ import annotations

from toolparse.data.conversation import Conversation, InvalidRow, Row, Turns, json_text
from toolparse.data.turns import TURNS, called, is_followed, more_in, more_of, role_of, speech, text_of, tools_of, turns_of, without_thought
from toolparse.grammar import Format
from toolparse.jsontext.partial import loaded
from toolparse.jsontext.repair import repair
from toolparse.rendering.render import render

COLUMNS = (*TURNS, "system", "tools", "functions")


def is_shape(row: Row) -> bool:
    """Whether the row has turns of `from` and `value`."""
    turns = turns_of(row)
    return bool(turns) and all(isinstance(turn.get("from"), str) for turn in turns)


def read(row: Row, fmt: str | Format | None = None, prompt: str | None = None) -> Conversation:
    turns = Turns("sharegpt", tools_of(row), fmt, prompt)
    if isinstance(row.get("system"), str) and row["system"]:
        turns.say("system", row["system"])
    for turn in turns_of(row):
        word, value = speech(turn)
        turns.more = more_of(turn)
        role = role_of(word)
        text = text_of(value if value is None or isinstance(value, str) else json_text(value), word)
        if role == "calls":
            _calls(turns, text)
        elif role == "tool":
            turns.result(text, None, turn.get("name"))
        elif role == "assistant":
            turns.assistant(text, "hermes" if "<think>" in text else None)
        else:
            turns.say(role, text)
    return turns.conversation


def write(conversation: Conversation) -> Row:
    turns = []
    for message in conversation.messages:
        role, content, more = message["role"], message.get("content"), more_in(message)
        if role == "assistant":
            calls = message.get("tool_calls") or []
            said = {"content": content, "reasoning_content": message.get("reasoning_content")}
            if content or said["reasoning_content"] or not calls:
                text = render(said, "hermes") if said["reasoning_content"] else content or ""
                turns.append({"from": "gpt", "value": text, **more})
            if calls:
                turns.append({"from": "function_call", "value": json_text([as_data(call) for call in calls]), **more})
        else:
            turns.append({"from": _WORDS.get(role, role), "value": text_of(content, role), **more})
    row: Row = {"conversations": turns}
    if conversation.tools:
        row["tools"] = json_text(conversation.tools)
    return row


_WORDS = {"user": "human", "tool": "observation"}


def _calls(turns: Turns, text: str) -> None:
    reasoning, rest = without_thought(text)
    message = is_followed(turns) if reasoning is None else None
    value = loaded(rest)
    if value is None:
        value = loaded(repair(rest))
        if not isinstance(value, (dict, list)):
            raise InvalidRow(f"a turn of calls holds no JSON: {text[:200]!r}")
    if message is None and reasoning is not None:
        message = {"role": "assistant", "content": None, "reasoning_content": reasoning}
        turns.add(message)
    if message is not None and not message["content"]:
        message["content"] = None
    turns.calls(called(value), message)


def as_data(call: Row) -> Row:
    """A call as data. Arguments that JSON would write otherwise stay the text that they are."""
    function = call["function"]
    value = loaded(function["arguments"])
    same = isinstance(value, dict) and json_text(value) == function["arguments"]
    return {"name": function["name"], "arguments": value if same else function["arguments"]}
