"""Hermes function calling and its thinking variant: turns whose texts hold the markup.

The tools stand in `<tools>` of the system text, which also *mentions* `<tools></tools>`; calls in `<tool_call>`, as JSON or as
Python's dicts; answers in `<tool_response>`; roles are ShareGPT's, `model` and `tool` among them. What the system text says about how to
call goes with the tools: another model's template writes its own.
"""

from __future__ import annotations

import re
from typing import Any

from toolparse.data.conversation import Conversation, InvalidRow, Row, Turns, json_text
from toolparse.data.definitions import definitions
from toolparse.data.turns import TURNS, more_in, more_of, role_of, speech, text_of, texts, tools_of, turns_of
from toolparse.grammar import Format
from toolparse.jsontext.partial import loaded
from toolparse.jsontext.repair import repair
from toolparse.rendering.render import render
from toolparse.schemas.tools import InvalidTools

COLUMNS = (*TURNS, "system", "tools", "functions")
_TOOLS = re.compile(r"<tools>\s*(?=[\[{])")
_INTRODUCTION = re.compile(
    r"You are a function[- ]calling AI|You are provided with function signatures within|# Tools\s"
    r"|You may call one or more functions|Here are the available tools"
)
_HOW_TO_CALL = re.compile(r"(?i:for each (?:function|tool) call|return a json object)")
_HOW_TO_THINK = re.compile(r"\s*(?:Also, )?before making a call to a function take the time to plan[^\n]*?(?:</think>|</scratch_pad>)\.?")
_RESPONSE = re.compile(r"<tool_response>\n?(.*?)\n?</tool_response>", re.DOTALL)
_SAYS = (
    "You are provided with function signatures within <tools></tools> tags. For each function call return a JSON object with its name "
    "and arguments within <tool_call></tool_call> tags.\n<tools>\n"
)


def is_shape(row: Row) -> bool:
    """Whether a turn holds the markup, and none holds as data what the markup says."""
    turns = turns_of(row)
    if not turns or any(turn.get(key) for turn in turns for key in ("tool_calls", "tool_call_id", "reasoning_content")):
        return False
    return any("<tool_call>" in text for text in texts(row, "assistant")) or any(map(_TOOLS.search, texts(row, "system")))


def read(row: Row, fmt: str | Format | None = None, prompt: str | None = None) -> Conversation:
    said = [(role_of(word), text_of(text, word), more_of(turn)) for turn in turns_of(row) for word, text in (speech(turn),)]
    if isinstance(row.get("system"), str) and row["system"]:
        said.insert(0, ("system", row["system"], {}))
    tools = tools_of(row)
    for at, (role, text, more) in enumerate(said[:2]):
        if role in ("system", "user") and _TOOLS.search(text):
            listed, rest = without_tools(text)
            tools = tools or listed
            said[at] = (role, rest, more)
            break
    turns = Turns("hermes", tools, fmt, prompt)
    for role, text, turns.more in said:
        if role == "assistant":
            turns.assistant(text, "hermes")
        elif role == "tool" or (role == "user" and text.lstrip().startswith("<tool_response>")):
            for content in responses(text):
                turns.result(content, None, _name(content))
        elif role == "calls":
            raise InvalidRow("a turn holds calls as data, beside turns in Hermes's markup")
        elif text or role != "system":
            turns.say(role, text)
    return turns.conversation


def write(conversation: Conversation) -> Row:
    """The row of a conversation. Raises `CannotRender` for a turn that the markup cannot say."""
    turns: list[Row] = []
    system, system_more = "", {}
    for message in conversation.messages:
        role, content, more = message["role"], message.get("content"), more_in(message)
        if role == "system" and not turns and not system:
            system, system_more = text_of(content, role), more
        elif role == "assistant":
            turns.append({"from": "gpt", "value": render(message, "hermes", tools=conversation.tools or None), **more})
        elif role == "tool":
            text = f"<tool_response>\n{text_of(content, role)}\n</tool_response>"
            if turns and turns[-1]["from"] == "tool" and turns[-1].keys() == {"from", "value"} and not more:
                turns[-1]["value"] += "\n" + text
            else:
                turns.append({"from": "tool", "value": text, **more})
        else:
            turns.append({"from": {"user": "human"}.get(role, role), "value": text_of(content, role), **more})
    if conversation.tools:
        system = (system + "\n\n" if system else "") + _SAYS + "\n".join(map(json_text, conversation.tools)) + "\n</tools>"
    if system:
        turns.insert(0, {"from": "system", "value": system, **system_more})
    return {"conversations": turns}


def without_tools(text: str) -> tuple[list[Row], str]:
    """The tools that a system text lists, and the text without them and without what it says about how they are called."""
    found = _TOOLS.search(text)
    assert found is not None
    end = text.find("</tools>", found.end())
    while end >= 0 and (value := loaded(text[found.end() : end])) is None:  # the closer may stand in a description
        following = text.find("</tools>", end + 1)
        if following < 0:
            break
        end = following
    if end < 0 or value is None:
        end = text.find("</tools>", found.end())
    listed = text[found.end() : end if end >= 0 else len(text)]
    try:
        tools = definitions(listed)
    except InvalidTools as error:
        raise InvalidRow(f"the tools of the system text: {error}") from None
    introduction = _INTRODUCTION.search(text, 0, found.start())
    begin = introduction.start() if introduction is not None else found.start()
    end = end + len("</tools>") if end >= 0 else len(text)
    closer = text.rfind("</tool_call>", end)
    if closer >= 0 and _HOW_TO_CALL.search(text, end, closer):
        end = closer + len("</tool_call>")
    thinking = _HOW_TO_THINK.match(text, end)
    end = thinking.end() if thinking is not None else end
    return tools, "\n\n".join(part for part in (text[:begin].strip(), text[end:].strip()) if part)


def responses(text: str) -> list[str]:
    """The answers in a turn of tools: each block's text, or all of it where there is no block."""
    return _RESPONSE.findall(text) or [text]


def _name(content: str) -> str | None:
    """The tool that an answer names."""
    value: Any = None
    if content[:1] == "{":
        value = loaded(content)
        if value is None and len(content) < 100_000:
            value = loaded(repair(content))
    name = value.get("name") if isinstance(value, dict) else None
    return name if isinstance(name, str) else None
