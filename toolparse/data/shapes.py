"""The shapes in which data sets keep conversations: recognised, read, and written. One table; a shape is one module.

`read_row` never lets out anything but `InvalidRow`, whatever a row holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from toolparse.data import glaive_rows, hermes_rows, openai_rows, react_rows, sharegpt, toolace_rows, xlam_rows
from toolparse.data.conversation import LOST, Conversation, InvalidRow, Reader, Row
from toolparse.data.definitions import definitions
from toolparse.grammar import Format
from toolparse.rendering.render import CannotRender, same
from toolparse.rendering.writers import read_arguments
from toolparse.schemas.tools import InvalidTools


class Shape(NamedTuple):
    """A shape of rows: whether a row has it, how it is read and written, and the columns that its conversation takes."""

    name: str
    is_shape: Callable[[Row], bool]
    read: Reader
    write: Callable[[Conversation], Row]
    columns: tuple[str, ...]


SHAPES = (  # the first that fits
    Shape("xlam", xlam_rows.is_shape, xlam_rows.read, xlam_rows.write, xlam_rows.COLUMNS),
    Shape("glaive", glaive_rows.is_shape, glaive_rows.read, glaive_rows.write, glaive_rows.COLUMNS),
    Shape("toolace", toolace_rows.is_shape, toolace_rows.read, toolace_rows.write, toolace_rows.COLUMNS),
    Shape("hermes", hermes_rows.is_shape, hermes_rows.read, hermes_rows.write, hermes_rows.COLUMNS),
    Shape("react", react_rows.is_shape, react_rows.read, react_rows.write, react_rows.COLUMNS),
    Shape("openai", openai_rows.is_shape, openai_rows.read, openai_rows.write, openai_rows.COLUMNS),
    Shape("sharegpt", sharegpt.is_shape, sharegpt.read, sharegpt.write, sharegpt.COLUMNS),
)
_BY_NAME = {shape.name: shape for shape in SHAPES}


class CannotWrite(ValueError):
    """A shape has no place for something in a conversation; the message says for what."""


def shape_of(row: Row) -> Shape | None:
    """The shape of a row; None where it holds no conversation that is known."""
    return next((shape for shape in SHAPES if shape.is_shape(row)), None)


def messages(row: Row, fmt: str | Format | None = None) -> Row:
    """The conversation of a row of any shape, as OpenAI messages: `{"messages": [...], "tools": [...]}`; `tools` only if there are any.

    `fmt` is how the assistant's texts are written, where the shape does not say it. Raises `InvalidRow` for a row that holds no
    conversation, and for one in which a call cannot be read.

    >>> messages({"query": "Time?", "tools": "[]", "answers": '[{"name": "clock", "arguments": {}}]'})["messages"][0]
    {'role': 'user', 'content': 'Time?'}
    """
    conversation = read_row(row, fmt)
    if conversation.status in LOST:
        raise InvalidRow(conversation.fault)
    return conversation.row


def read_row(row: Row, fmt: str | Format | None = None, prompt: str | None = None) -> Conversation:
    """The conversation of a row with what became of each call. Raises `InvalidRow` for a row that holds none."""
    shape = shape_of(row)
    if shape is None:
        raise InvalidRow(f"no conversation of a known shape; the row's columns are {', '.join(map(str, row)) or 'none'}")
    return read_as(shape, row, fmt, prompt)


def read_as(shape: Shape, row: Row, fmt: str | Format | None = None, prompt: str | None = None) -> Conversation:
    """The conversation of a row of a known shape."""
    try:
        return shape.read(row, fmt, prompt)
    except InvalidRow:
        raise
    except (AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError) as error:
        # Rows are data from anywhere: a list where text should be, a number for a role ... are too many to name.
        raise InvalidRow(f"not as rows of the shape {shape.name} are: {type(error).__name__}: {error}") from error


def write_row(messages: Iterable[Row], shape: str, tools: Any = None) -> Row:
    """The row of a shape that holds these OpenAI messages and tools, so that it is read back as they are.

    Raises `CannotWrite` where it would not be, `ValueError` for an unknown shape. Ids are not compared where a shape has none.

    >>> write_row([{"role": "user", "content": "Hi"}], "sharegpt")
    {'conversations': [{'from': 'human', 'value': 'Hi'}]}
    """
    chosen = _BY_NAME.get(shape)
    if chosen is None:
        raise ValueError(f"unknown shape {shape!r}: choose one of {', '.join(_BY_NAME)}")
    wanted = Conversation([dict(message) for message in messages], definitions(tools), shape)
    try:
        row = chosen.write(wanted)
        got = read_row(row)
    except (CannotRender, InvalidRow, InvalidTools) as error:
        raise CannotWrite(str(error)) from error
    difference = compared(wanted, got)
    if difference:
        raise CannotWrite(f"the shape {shape} cannot say this: {difference}")
    return row


def compared(wanted: Conversation, got: Conversation) -> str:
    """The first difference of two conversations, in words; ids, and keys whose value is None, are none."""
    if wanted.tools != got.tools:
        return "the tools would be read otherwise"
    one, other = (_normal(conversation.messages) for conversation in (wanted, got))
    if len(one) != len(other):
        return f"{len(one)} messages would be read as {len(other)}"
    for number, (need, have) in enumerate(zip(one, other, strict=True)):
        for key in sorted(need.keys() | have.keys()):
            if not _alike(need.get(key), have.get(key)):
                return f"{key} of message {number} would be read as {str(have.get(key))[:80]!r}"
    return ""


def _normal(messages: list[Row]) -> list[Row]:
    """Messages with ids by their order, every answer with its tool's name, and without keys that say nothing."""
    ids: dict[str, tuple[int, str]] = {}
    made = []
    for message in messages:
        message = {key: value for key, value in message.items() if value is not None and value != []}
        if message.get("content") == "" and message["role"] == "assistant":
            del message["content"]
        calls = []
        for call in message.get("tool_calls") or ():
            name = call["function"]["name"]
            ids[call["id"]] = (len(ids), name)
            calls.append((len(ids) - 1, name, call["function"]["arguments"]))
        if calls:
            message["tool_calls"] = calls
        if message["role"] == "tool" and message.get("tool_call_id") in ids:
            number, name = ids[message["tool_call_id"]]
            message["tool_call_id"] = number
            message.setdefault("name", name)
        made.append(message)
    return made


def _alike(need: Any, have: Any) -> bool:
    if isinstance(need, list) and isinstance(have, list) and need and have and isinstance(need[0], tuple) and isinstance(have[0], tuple):
        return len(need) == len(have) and all(
            a[:2] == b[:2] and (a[2] == b[2] or same(read_arguments(a[2]), read_arguments(b[2]))) for a, b in zip(need, have, strict=True)
        )
    return bool(need == have)
