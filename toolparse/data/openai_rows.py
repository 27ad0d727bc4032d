"""OpenAI messages: `messages` of `role` and `content`, with `tool_calls` and `tool_call_id`, `tools` beside; the old `function_call` too.

The assistant's texts are left as they are, unless a format is named or `<think>` or `<tool_call>` stands in them. TRL's `prompt` and
`completion` of messages are one conversation.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from toolparse.adapters.whole_messages import to_openai
from toolparse.data.conversation import LOST, Conversation, InvalidRow, Row, Turns, as_object
from toolparse.data.turns import TURNS, called, role_of, speech, tools_of, turns_of
from toolparse.grammar import Format
from toolparse.jsontext.partial import loaded
from toolparse.message import Message
from toolparse.parser import parse

COLUMNS = (*TURNS, "prompt", "completion", "tools", "functions")


def is_shape(row: Row) -> bool:
    """Whether the row has messages of `role` and `content`."""
    turns = _messages(row)
    return bool(turns) and all(isinstance(turn, dict) and isinstance(turn.get("role"), str) for turn in turns)


def read(row: Row, fmt: str | Format | None = None, prompt: str | None = None) -> Conversation:
    turns = Turns("openai", tools_of(row), fmt, prompt)
    turns.taken.update(_ids(row))
    for turn in _messages(row):
        word, content = speech(turn)
        role = role_of(word)
        more = {key: value for key, value in turn.items() if value is not None and key not in _OWN}
        if role == "tool":
            if isinstance(turn.get("name"), str):
                more["name"] = turn["name"]
            turns.result(content, turn.get("tool_call_id"), turn.get("name"), **more)
        elif role == "assistant":
            _assistant(turns, turn, content, more, fmt, prompt)
        elif role == "calls":
            raise InvalidRow(f"the role {word!r} is none of the OpenAI API's")
        else:
            turns.say(role, content)
            if turn.get("name") is not None:
                more["name"] = turn["name"]
            turns.conversation.messages[-1].update(more)
    return turns.conversation


def _ids(row: Row) -> Iterator[str]:
    """The ids of the row's calls and answers."""
    for turn in _messages(row):
        if isinstance(turn.get("tool_call_id"), str):
            yield turn["tool_call_id"]
        for _, _, call_id in called(_calls_of(turn) or []):
            if call_id is not None:
                yield call_id


def _calls_of(turn: Row) -> Any:
    given: Any = turn.get("tool_calls") or turn.get("function_call")
    if isinstance(given, str):  # JSON text
        return loaded(given) or given
    return given.tolist() if hasattr(given, "tolist") else given


def write(conversation: Conversation) -> Row:
    return conversation.row


def _assistant(turns: Turns, turn: Row, content: Any, more: Row, fmt: str | Format | None, prompt: str | None) -> None:
    if isinstance(content, list) and content and all(map(_is_text, content)):
        joined = "".join(part["text"] for part in content)
        content = joined if fmt is not None or "<think>" in joined or "<tool_call>" in joined else content
    message: Row = {"role": "assistant", "content": content or None}
    if isinstance(content, str) and (fmt is not None or "<think>" in content or "<tool_call>" in content):
        read = parse(content, fmt or "hermes", tools=turns.tools, prompt=prompt, new_id=turns.new_id)
        if not _calls_of(turn):
            turns.conversation.attempts += read.attempts
            turns.conversation.problems += read.problems
            message = to_openai(read)
        elif _are_among(read, _calls_of(turn)):
            message = {**message, "content": read.content, **({"reasoning_content": read.reasoning} if read.reasoning else {})}
    for key in ("reasoning_content", "reasoning", "thinking"):
        if isinstance(turn.get(key), str) and turn[key]:
            said = message.get("reasoning_content")
            message["reasoning_content"] = turn[key] if said is None or said == turn[key] else f"{turn[key]}\n{said}"
            break
    message.update(more)
    if turn.get("name") is not None:
        message["name"] = turn["name"]
    given = _calls_of(turn)
    turns.add(message)
    if given:
        turns.calls(called(given), message)
    elif not message.get("tool_calls") and message["content"] is None:
        message["content"] = ""


def _are_among(message: Message, given: Any) -> bool:
    """Whether the calls in a turn's text are those, or some of those, that the turn has as data. Others must stay in the text."""
    known = [(name, loaded(as_object(arguments)[0])) for name, arguments, _ in called(given)]
    return all(attempt.status not in LOST for attempt in message.attempts) and all(
        (call.name, loaded(call.arguments)) in known for call in message.tool_calls
    )


_OWN = frozenset(("role", "content", "name", "tool_calls", "tool_call_id", "function_call", "reasoning_content", "reasoning", "thinking"))


def _is_text(part: Any) -> bool:
    """Whether a part of a content is text and nothing else."""
    if not isinstance(part, dict) or part.get("type") != "text" or not isinstance(part.get("text"), str):
        return False
    return all(value is None for key, value in part.items() if key not in ("type", "text"))


def _messages(row: Row) -> list[Any]:
    prompt, completion = row.get("prompt"), row.get("completion")
    if isinstance(prompt, list) and isinstance(completion, list):
        return [*prompt, *completion]
    return turns_of(row)
