"""What the conversational shapes share: where a row keeps its turns and tools, roles by all their names, how texts hold reasoning.

Knows the names that data sets use, and no shape.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from toolparse.data.conversation import InvalidRow, Row, Turns
from toolparse.data.definitions import definitions
from toolparse.jsontext.partial import loaded
from toolparse.schemas.tools import InvalidTools

TURNS = ("messages", "conversations", "conversation", "dialog", "dialogue")
"""The columns in which a row may keep its turns."""
TOOLS = ("tools", "functions")
ROLES = {
    "system": "system", "developer": "developer",
    "user": "user", "human": "user",
    "assistant": "assistant", "gpt": "assistant", "model": "assistant", "chatgpt": "assistant", "bot": "assistant", "ai": "assistant",
    "function_call": "calls", "tool_call": "calls", "tool_calls": "calls",
    "tool": "tool", "observation": "tool", "function": "tool", "function_response": "tool", "tool_response": "tool", "ipython": "tool",
}  # fmt: skip
_THOUGHT = re.compile(r"\s*<think>\n?(.*?)\n?</think>\s*", re.DOTALL)


def turns_of(row: Row) -> list[Any]:
    """The row's turns, of the first column that holds some; they may be JSON text."""
    for column in TURNS:
        given: Any = row.get(column)
        if isinstance(given, str) and given[:1] == "[":
            given = loaded(given)
        if hasattr(given, "tolist"):  # NumPy's array of objects, as pandas reads Parquet
            given = given.tolist()
        if isinstance(given, (list, tuple)) and given and all(isinstance(turn, dict) for turn in given):
            return list(given)
    return []


def speech(turn: Row) -> tuple[str, Any]:
    """The role of a turn, in the words of the data set, and what is said in it."""
    for role, text in (("role", "content"), ("from", "value"), ("role", "value"), ("from", "content"), ("role", "text")):
        if isinstance(turn.get(role), str) and text in turn:
            return turn[role], turn[text]
    if isinstance(turn.get("role"), str):
        return turn["role"], None
    raise InvalidRow(f"a turn has no role and text: its keys are {', '.join(map(str, turn))}")


def more_of(turn: Row) -> Row:
    """What a turn has besides its role and text: a weight, a name, whether it counts for the loss ..."""
    return {key: value for key, value in turn.items() if value is not None and key not in _SAID and (value or key not in _OPENAI)}


def more_in(message: Row) -> Row:
    """What a message has that a turn can say only by the same key."""
    derived = ("name",) if message["role"] == "tool" else ()
    return {key: value for key, value in message.items() if value is not None and key not in _OPENAI and key not in derived}


_SAID = frozenset(("role", "from", "content", "value", "text"))
_OPENAI = frozenset(("role", "content", "tool_calls", "tool_call_id", "function_call", "reasoning_content", "reasoning", "thinking"))


def texts(row: Row, role: str | None = None) -> Iterator[str]:
    """The texts of the row's turns; of those in one role, if one is given."""
    for turn in turns_of(row):
        try:
            said_by, text = speech(turn)
        except InvalidRow:
            continue
        if isinstance(text, str) and (role is None or ROLES.get(said_by.lower()) == role):
            yield text


def tools_of(row: Row) -> list[Row] | None:
    """The tools in a column of the row; None where there is no such column, or nothing in it."""
    for column in TOOLS:
        given = row.get(column)
        if given is not None and (not hasattr(given, "__len__") or len(given)):
            try:
                return definitions(given)
            except InvalidTools as error:
                raise InvalidRow(f"column {column!r}: {error}") from None
    return None


def role_of(word: str) -> str:
    """The role that a data set's word for it means."""
    role = ROLES.get(word.lower())
    if role is None:
        raise InvalidRow(f"a turn has the role {word!r}; known are {', '.join(ROLES)}")
    return role


def text_of(turn_text: Any, word: str) -> str:
    """The text of a turn that must have one."""
    if not isinstance(turn_text, str):
        raise InvalidRow(f"the turn of {word!r} holds no text, but {type(turn_text).__name__}")
    return turn_text


def without_thought(text: str) -> tuple[str | None, str]:
    """The reasoning in front of a text, if any, and the rest."""
    found = _THOUGHT.match(text)
    return (None, text) if found is None else (found[1].strip() or None, text[found.end() :])


def called(value: Any) -> Iterator[tuple[str | None, Any, str | None]]:
    """Name, arguments and id of each call in data: an object or a list of them, in any of the spellings that data sets have."""
    for call in value if isinstance(value, list) else [value]:
        if isinstance(call, str):
            call = loaded(call)
        if not isinstance(call, dict):
            yield None, call, None
            continue
        inner = call.get("function")
        inner = inner if isinstance(inner, dict) else call
        name = inner.get("name", inner if isinstance(inner, str) else None)
        arguments = next((inner[key] for key in ("arguments", "parameters", "args", "input") if inner.get(key) is not None), None)
        call_id = call.get("id") or call.get("call_id")
        yield name, arguments, call_id if isinstance(call_id, str) else None


def is_followed(turns: Turns) -> Row | None:
    """The last message, if it is one of the assistant without calls: what a turn of calls behind it belongs to."""
    last = turns.conversation.messages[-1] if turns.conversation.messages else None
    return last if last is not None and last["role"] == "assistant" and "tool_calls" not in last else None
