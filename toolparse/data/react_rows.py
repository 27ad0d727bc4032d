"""ReAct and AgentInstruct: turns of the assistant with `Thought:` and `Action:`; the turn of the user behind an action is what it brought.

`Action Input:` holds JSON. AgentInstruct has none of that: `Act: bash` with a code block, `Action: search[shoes]`, `answer(5)` or plain
words; these become a call with one argument, `input`. `Final Answer:` is the content.
"""

from __future__ import annotations

import re

from toolparse.data.conversation import Conversation, Row, Turns, json_text
from toolparse.data.turns import TURNS, more_in, more_of, role_of, speech, text_of, texts, tools_of, turns_of
from toolparse.grammar import Format
from toolparse.message import Message
from toolparse.parser import parse

COLUMNS = (*TURNS, "tools", "functions")
_ACTION = re.compile(r"^(?:Act|Action|ACTION):[ \t]*", re.MULTILINE)
_INPUT = re.compile(r"^Action Input:", re.MULTILINE)
_THOUGHT = re.compile(r"\s*(?:Thought|Think|THOUGHT):[ \t]*")
_FINAL = re.compile(r"^Final Answer:[ \t]*", re.MULTILINE)
_OBSERVED = re.compile(r"\s*Observation:[ \t]*\n?")
_CODE = re.compile(r"(\w[\w.-]*)\s*```\w*\n(.*?)\n?```\s*", re.DOTALL)
_WITH_INPUT = re.compile(r"(\w[\w.-]*)(?:\((.*)\)|\[(.*)\])\s*", re.DOTALL)
_NAME = re.compile(r"\w[\w.-]*\s*")


def is_shape(row: Row) -> bool:
    """Whether a turn of the assistant has an action, with an input or a thought beside."""
    return any(_ACTION.search(text) and (_INPUT.search(text) or _THOUGHT.match(text)) for text in texts(row, "assistant"))


def read(row: Row, fmt: str | Format | None = None, prompt: str | None = None) -> Conversation:
    turns = Turns("react", tools_of(row), fmt, prompt)
    acting = False
    for turn in turns_of(row):
        word, value = speech(turn)
        role, text, turns.more = role_of(word), text_of(value, word), more_of(turn)
        if role == "assistant":
            if fmt is None:
                _assistant(turns, text)
            else:
                turns.assistant(text)
            acting = bool(turns.conversation.messages[-1].get("tool_calls"))
            continue
        observed = _OBSERVED.match(text)
        if role == "tool" or (role == "user" and (acting or observed)):
            turns.result(text[observed.end() :] if observed else text)
        else:
            turns.say(role, text)
        acting = False
    return turns.conversation


def write(conversation: Conversation) -> Row:
    turns = []
    for message in conversation.messages:
        role, content, more = message["role"], message.get("content"), more_in(message)
        if role == "assistant":
            reasoning, calls = message.get("reasoning_content"), message.get("tool_calls") or []
            parts = [f"Thought: {reasoning}"] if reasoning else []
            if content:
                parts.append(f"Final Answer: {content}" if reasoning and not calls else str(content))
            for call in calls:
                parts += [f"Action: {call['function']['name']}", f"Action Input: {call['function']['arguments']}"]
            turns.append({"from": "gpt", "value": "\n".join(parts), **more})
        elif role == "tool":
            turns.append({"from": "human", "value": f"Observation: {text_of(content, role)}", **more})
        else:
            turns.append({"from": "human" if role == "user" else role, "value": text_of(content, role), **more})
    row: Row = {"conversations": turns}
    if conversation.tools:
        row["tools"] = json_text(conversation.tools)
    return row


def _assistant(turns: Turns, text: str) -> None:
    thought = _THOUGHT.match(text)
    action = _ACTION.search(text)
    final = _FINAL.search(text, thought.end() if thought else 0)
    reasoning = content = None
    begin = action.start() if action else final.start() if final else len(text)
    if thought and (action or final):
        reasoning = text[thought.end() : begin].strip() or None
    else:
        content = text[:begin].strip() if action or final else text
    if action is None:
        said = text[final.end() :].strip() if final else None
        content = "\n".join(part for part in (content, said) if part) or ""
        turns.read(Message(content=content, reasoning=reasoning))
        if not content:
            turns.conversation.messages[-1]["content"] = ""
    elif _INPUT.search(text, action.end()):
        message = parse(text[begin:], "react", tools=turns.tools, new_id=turns.new_id)
        said = "\n".join(part for part in (content, message.content) if part) or None
        read = Message(said, reasoning, message.tool_calls, problems=message.problems, output=text[begin:])
        turns.read(read)
    else:
        name, given = _act(text[action.end() :])
        message_row: Row = {"role": "assistant", "content": content or None}
        if reasoning:
            message_row["reasoning_content"] = reasoning
        turns.add(message_row)
        turns.calls([(name, None if given is None else json_text({"input": given}), None)], message_row)


def _act(text: str) -> tuple[str, str | None]:
    """The name and the input of an action in words of its own; `act` with all of the words where none of them is a name."""
    for pattern in (_CODE, _WITH_INPUT):
        found = pattern.fullmatch(text)
        if found is not None:
            return found[1], next((group for group in found.groups()[1:] if group is not None), "")
    if _NAME.fullmatch(text):
        return text.strip(), None
    return "act", text.strip()
