"""xLAM / APIGen: `query`, `tools` and `answers`, the last two as JSON text; a question and the calls that answer it."""

from __future__ import annotations

from typing import Any

from toolparse.data.conversation import Conversation, InvalidRow, Row, Turns, json_text
from toolparse.data.sharegpt import as_data
from toolparse.data.turns import called, text_of, tools_of
from toolparse.grammar import Format
from toolparse.jsontext.partial import loaded
from toolparse.jsontext.repair import repair

COLUMNS = ("query", "tools", "answers")


def is_shape(row: Row) -> bool:
    """Whether the row has a query and answers."""
    return isinstance(row.get("query"), str) and row.get("answers") is not None


def read(row: Row, fmt: str | Format | None = None, prompt: str | None = None) -> Conversation:
    """The row's conversation: what the user asks, and the calls."""
    turns = Turns("xlam", tools_of(row), fmt, prompt)
    turns.say("user", row["query"])
    answers: Any = row["answers"]
    if isinstance(answers, str):
        text = answers
        answers = loaded(text)
        if answers is None:
            answers = loaded(repair(text))
        if not isinstance(answers, (list, dict)):
            raise InvalidRow(f"column 'answers' holds no calls: {text[:200]!r}")
    answers = answers.tolist() if hasattr(answers, "tolist") else answers
    if answers:
        turns.calls(called(answers))
    else:
        turns.add({"role": "assistant", "content": ""})
    return turns.conversation


def write(conversation: Conversation) -> Row:
    """The row of a conversation of two messages. Raises `InvalidRow` for any other."""
    roles = [message["role"] for message in conversation.messages]
    if roles != ["user", "assistant"]:
        raise InvalidRow(f"the shape xlam holds a question and its calls, not {', '.join(roles) or 'nothing'}")
    user, assistant = conversation.messages
    return {
        "query": text_of(user["content"], "user"),
        "tools": json_text(conversation.tools),
        "answers": json_text([as_data(call) for call in assistant.get("tool_calls") or ()]),
    }
