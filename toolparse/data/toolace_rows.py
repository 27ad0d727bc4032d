"""ToolACE: `system` with a JSON list of functions, `conversations` in which a turn of calls is `[Func Name(a="x"), Other(b=1)]` as a whole
and a turn of `tool` a JSON list of `name` and `results`.

Names have blanks and other characters that no Python name has. Such declared names are written as Python names before the text is read and
put back behind it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from toolparse.adapters.whole_messages import to_openai
from toolparse.data.conversation import Conversation, InvalidRow, Row, Turns, json_text
from toolparse.data.definitions import definitions
from toolparse.data.turns import TURNS, more_in, more_of, role_of, speech, text_of, texts, tools_of, turns_of
from toolparse.events import Attempt
from toolparse.grammar import Format
from toolparse.jsontext.partial import loaded
from toolparse.parser import parse
from toolparse.schemas.tools import InvalidTools

COLUMNS = (*TURNS, "system", "tools", "functions")
_DECODER = json.JSONDecoder()
_FUNCTIONS = re.compile(r"(?:Here is a list of functions in JSON format|list of functions in JSON format)[^\n]*\n\s*(?=\[)")
_CALLS = re.compile(r"\s*\[[^\[\]{}\n=\"']{1,128}\(.*\)\s*\]\s*", re.DOTALL)
_PLAIN = re.compile(r"[A-Za-z_]\w*\Z", re.ASCII)
_SAYS = "Here is a list of functions in JSON format that you can invoke. Write calls as [name(parameter=value), ...] and nothing else.\n"


def is_shape(row: Row) -> bool:
    """Whether the system text lists functions so, or a turn of the assistant is a list of calls."""
    if not turns_of(row) or not isinstance(row.get("system"), str):
        return False
    return _FUNCTIONS.search(row["system"]) is not None or any(map(_CALLS.fullmatch, texts(row, "assistant")))


def read(row: Row, fmt: str | Format | None = None, prompt: str | None = None) -> Conversation:
    system, tools = row["system"], tools_of(row)
    found = _FUNCTIONS.search(system)
    if found is not None:
        try:
            listed, end = _DECODER.raw_decode(system, found.end())
            tools = tools or definitions(listed)
        except (InvalidTools, ValueError, RecursionError) as error:
            raise InvalidRow(f"the functions of the system text: {error}") from None
        before = _EXPERT.sub("", system[: found.start()]).strip()
        behind = _DECIDE.sub("", system[end:], count=1).strip().lstrip(".").strip()
        system = "\n\n".join(part for part in (before, behind) if part)
    turns = Turns("toolace", tools, fmt, prompt)
    if system:
        turns.say("system", system)
    names = _Names(tools or [])
    for turn in turns_of(row):
        word, value = speech(turn)
        role, text, turns.more = role_of(word), text_of(value, word), more_of(turn)
        if role == "assistant" and fmt is None:
            _assistant(turns, text, names)
        elif role == "assistant":
            turns.assistant(text)
        elif role == "tool":
            for name, content in _results(text):
                turns.result(content, None, name)
        else:
            turns.say(role, text)
    return turns.conversation


def write(conversation: Conversation) -> Row:
    """The row of a conversation. Raises `InvalidRow` for what this shape has no place for."""
    messages, system = conversation.messages, ""
    if messages and messages[0]["role"] == "system":
        system, messages = text_of(messages[0]["content"], "system"), messages[1:]
    if conversation.tools:
        system += ("\n\n" if system else "") + _SAYS + json_text([tool["function"] for tool in conversation.tools])
    turns: list[Row] = []
    waiting: list[str] = []
    for message in messages:
        role, content, more = message["role"], message.get("content"), more_in(message)
        if role == "assistant":
            if message.get("reasoning_content"):
                raise InvalidRow("the shape toolace has no place for reasoning")
            calls = message.get("tool_calls") or []
            waiting = [call["function"]["name"] for call in calls]
            text = "[" + ", ".join(map(_written, calls)) + "]" if calls else content or ""
            if calls and content:
                raise InvalidRow("the shape toolace has no place for text beside calls")
            turns.append({"from": "assistant", "value": text, **more})
        elif role == "tool":
            answer = {"name": message.get("name") or (waiting.pop(0) if waiting else ""), "results": text_of(content, role)}
            if turns and turns[-1]["from"] == "tool" and turns[-1].keys() == {"from", "value"} and not more:
                turns[-1]["value"] = json_text([*json.loads(turns[-1]["value"]), answer])
            else:
                turns.append({"from": "tool", "value": json_text([answer]), **more})
        else:
            turns.append({"from": role, "value": text_of(content, role), **more})
    return {"system": system, "conversations": turns}


class _Names:
    """Declared names that are no Python names, and what is written for them while a text is read."""

    def __init__(self, tools: list[Row]) -> None:
        names = [tool["function"]["name"] for tool in tools]
        odd = sorted((name for name in names if not _PLAIN.match(name)), key=len, reverse=True)
        self.plain = {name: f"tool_no_{number}_of_the_row" for number, name in enumerate(odd)}
        self.own = {plain: name for name, plain in self.plain.items()}
        self.tools = [self._renamed(tool) for tool in tools]
        self.pattern = re.compile(r"(?<=[\[, \n])(?:" + "|".join(map(re.escape, odd)) + r")(?=\()") if odd else None
        self.back = re.compile("|".join(self.own)) if odd else None

    def _renamed(self, tool: Row) -> Row:
        function = tool["function"]
        return {**tool, "function": {**function, "name": self.plain.get(function["name"], function["name"])}}

    def hidden(self, text: str) -> str:
        return text if self.pattern is None else self.pattern.sub(lambda found: self.plain[found[0]], text)

    def shown(self, text: str, quoted: bool = False) -> str:
        """The text with the row's own names; `quoted`: inside JSON text."""
        if self.back is None:
            return text
        return self.back.sub(lambda found: json_text(self.own[found[0]])[1:-1] if quoted else self.own[found[0]], text)


def _assistant(turns: Turns, text: str, names: _Names) -> None:
    if names.pattern is None or _CALLS.fullmatch(text) is None:
        turns.assistant(text, "pythonic")
        return
    message = parse(names.hidden(text), "pythonic", tools=names.tools, new_id=turns.new_id)
    for call in message.tool_calls:
        call.name = names.shown(call.name)
        call.arguments = names.shown(call.arguments, quoted=True)
    attempts = [Attempt(a.status, a.name and names.shown(a.name), names.shown(a.text), 0, 0) for a in message.attempts]
    for problem in message.problems:
        problem.message = names.shown(problem.message)
        problem.attempt = None if problem.attempt is None else next(iter(attempts))
    turns.conversation.attempts += attempts
    turns.conversation.problems += message.problems
    said = to_openai(message)
    said["content"] = None if said["content"] is None else names.shown(said["content"])
    turns.add(said)


def _results(text: str) -> list[tuple[str | None, str]]:
    """Name and content of each answer in a turn of tools."""
    value: Any = loaded(text) if text[:1] == "[" else None
    if not value or not all(isinstance(answer, Mapping) and "results" in answer for answer in value):
        return [(None, text)]
    results = [(answer.get("name"), answer["results"]) for answer in value]
    return [(name, result if isinstance(result, str) else json_text(result)) for name, result in results]


def _written(call: Row) -> str:
    arguments = loaded(call["function"]["arguments"])
    if not isinstance(arguments, dict) or not all(map(_PLAIN.match, arguments)):
        raise InvalidRow(f"the shape toolace writes arguments as Python does, and cannot those of {call['function']['name']!r}")
    return str(call["function"]["name"]) + "(" + ", ".join(f"{key}={json_text(value)}" for key, value in arguments.items()) + ")"


_EXPERT = re.compile(r"You are an expert in composing functions\..*", re.DOTALL)
_DECIDE = re.compile(
    r"\s*\.?\s*(?:Should you decide to return|If you decide to invoke any of the function)[^\n]*\s*"
    r"(?:(?:You MUST put|Put) it in the format of[^\n]*\s*)?"
    r"(?:NO other text MUST be included\.?|You SHOULD NOT include any other text[^\n.]*\.?)?"
)
"""The sentences on how to call, in front of the list and behind it."""
