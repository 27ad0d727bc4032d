"""What is done with each row of a run: which column holds the text, how it is written, and what comes out.

A `Job` is plain data, so that it goes to workers and to a cluster; it knows nothing of files that are written, of processes or of Ray.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Container, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from functools import partial
from typing import Any

from toolparse.adapters.whole_messages import to_openai
from toolparse.data.conversation import LOST, Conversation, InvalidRow, Row, json_text, unused_ids, worst
from toolparse.data.definitions import prepared
from toolparse.data.files import Block, decoded_row
from toolparse.data.shapes import read_as, read_row, shape_of
from toolparse.data.turns import turns_of
from toolparse.detect import detect
from toolparse.events import Problem
from toolparse.formats import UnknownFormat, get_format
from toolparse.message import Message
from toolparse.parser import parse
from toolparse.rendering.render import CannotRender, render
from toolparse.schemas.tools import InvalidTools, Tools

TEXT_COLUMNS = ("output", "response", "completion", "generated_text", "generation", "prediction", "model_output", "text", "content")
"""Names under which a column of models' texts goes, where a row has several columns of text."""
_TEXTS = frozenset(("prompt", "completion"))
"""Columns that are part of a conversation as messages only; as text they are the row's own."""
ADDED = "parsed_"
"""What stands in front of the names of new columns, so that none of the row's own is lost."""


@dataclass(frozen=True, slots=True)
class Job:
    """How rows are read, and what is made of them.

    `format` is a format's name, "auto", or with `format_column` a column. `fallback` is the format, for "auto", of texts that show none.
    `tools` are those of all rows, `tools_column` is the column that holds each row's. `to` is "rows", "messages", "openai", or a
    format's name.
    """

    to: str = "rows"
    column: str | None = None
    guessed: bool = False
    format: str | None = None
    format_column: str | None = None
    fallback: str | None = None
    tools: str | Tools | None = None
    tools_column: str = "tools"
    prompt: str | None = None

    @property
    def made(self) -> tuple[str, ...]:
        """The columns that are made anew, whatever the row has under their names."""
        return () if self.to == "rows" else ("messages", "tools")


@dataclass(slots=True)
class Summary:
    """Counts of what a run came to. `statuses` and `shapes` count rows, `problems` each kind of problem."""

    rows: int = 0
    written: int = 0
    rejected: int = 0
    calls: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    shapes: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)

    def add(self, other: Summary) -> None:
        """Count what another one counted, too."""
        self.rows += other.rows
        self.written += other.written
        self.rejected += other.rejected
        self.calls += other.calls
        for mine, others in ((self.statuses, other.statuses), (self.shapes, other.shapes), (self.problems, other.problems)):
            mine.update(others)

    def to_json(self) -> dict[str, Any]:
        """The counts as JSON has them."""
        found = ((field.name, getattr(self, field.name)) for field in fields(self))
        return {name: dict(value.most_common()) if isinstance(value, Counter) else value for name, value in found}

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Summary:
        """The counts that `to_json` wrote."""
        counts: dict[str, Any] = {key: Counter(value) if isinstance(value, dict) else value for key, value in given.items()}
        return cls(**counts)


@dataclass(slots=True)
class Done:
    """What a block came to: rows for the output, rows that are rejected (each with file, line and reason), and the counts."""

    rows: list[Row]
    rejected: list[Row]
    summary: Summary


def work(job: Job, block: Block) -> Done:
    """Do the job on a block. No row raises: one that cannot be read is rejected with the reason."""
    done = Done([], [], Summary(rows=len(block.rows)))
    summary = done.summary
    for line, given in zip(block.lines, block.rows, strict=True):
        try:
            row = decoded_row(given)
            made, status, shape, problems, calls = made_of(job, row)
        except InvalidRow as error:
            reason = str(error)
        except Exception as error:  # a fault of ours must not end a run of hours, and the row is not lost
            reason = f"toolparse failed on it, please report this: {type(error).__name__}: {error}"
        else:
            done.rows.append(made)
            summary.written += 1
            summary.calls += calls
            summary.statuses[status] += 1
            summary.shapes[shape] += 1
            summary.problems.update(problem.kind for problem in problems)
            continue
        summary.rejected += 1
        summary.statuses["rejected"] += 1
        done.rejected.append({"file": block.file, "line": line, "reason": reason, "row": _shown(given)})
    return done


def made_of(job: Job, row: Row) -> tuple[Row, str, str, list[Problem], int]:
    """What comes out for a row, with its status, its shape, the problems and the number of calls. Raises `InvalidRow`."""
    if job.column is not None and not job.guessed:
        value = row.get(job.column)
        if isinstance(value, list):
            inner = {"messages": value, "tools": row.get(job.tools_column)}
            return _conversation(job, row, read_row(inner, _format(job, row, None), job.prompt), (job.column, job.tools_column))
    else:
        shape = shape_of(row)
        if shape is not None:
            conversation = read_as(shape, _with_tools(job, row), _format(job, row, None), job.prompt)
            return _conversation(job, row, conversation, shape.columns)
    return _text(job, row)


def _with_tools(job: Job, row: Row) -> Row:
    if job.tools is not None:
        return {**row, "tools": job.tools}
    return row if job.tools_column == "tools" else {**row, "tools": row.get(job.tools_column)}


def _conversation(job: Job, row: Row, conversation: Conversation, taken: Iterable[str]) -> tuple[Row, str, str, list[Problem], int]:
    status, problems = conversation.status, conversation.problems
    messages = conversation.messages
    calls = sum(len(message.get("tool_calls") or ()) for message in messages)
    if job.to == "rows":
        made = {**row, ADDED + "messages": messages, ADDED + "tools": conversation.tools, **_told(status, problems)}
        return made, status, conversation.shape, problems, calls
    if status in LOST:
        raise InvalidRow(conversation.fault)
    if job.to not in ("messages", "openai"):
        messages = [_rendered(job.to, message, conversation.tools) for message in messages]
    made = {"messages": messages}
    if conversation.tools:
        made["tools"] = conversation.tools
    if job.to != "openai":
        kept = {key: value for key, value in row.items() if key not in taken or (key in _TEXTS and isinstance(value, str))}
        made = {**kept, **made}
    return made, status, conversation.shape, problems, calls


def _text(job: Job, row: Row) -> tuple[Row, str, str, list[Problem], int]:
    column = job.column
    if column is None:
        raise InvalidRow(f"no conversation of a known shape; the row's columns are {', '.join(map(str, row)) or 'none'}")
    earlier = _earlier(row, column) if job.to in ("messages", "openai") else Conversation([])
    if earlier.tools and row.get(job.tools_column) is None:
        row = {**row, job.tools_column: earlier.tools}
    message, tools = read_text(job, row, column, {call["id"] for said in earlier.messages for call in said.get("tool_calls") or ()})
    attempts, problems = message.attempts, message.problems
    status = worst(attempts, problems)
    if job.to == "rows":
        said = to_openai(message)
        told = {"content": message.content, "reasoning": message.reasoning, "tool_calls": said.get("tool_calls", [])}
        made = {**row, **{ADDED + key: value for key, value in told.items()}, **_told(status, problems)}
        return made, status, "text", problems, len(message.tool_calls)
    conversation = Conversation([to_openai(message)], [], "text", attempts, problems)
    if status in LOST:
        raise InvalidRow(conversation.fault)
    if job.to in ("messages", "openai"):
        if message.content is None and not message.tool_calls:
            conversation.messages[0]["content"] = ""
        made = {} if job.to == "openai" else {key: value for key, value in row.items() if key not in (column, job.tools_column)}
        made["messages"] = earlier.messages + conversation.messages
        if tools is not None:
            made["tools"] = [_definition(tool) for tool in tools]
    else:
        made = {**row, column: _render(message, job.to, tools)}
    return made, status, "text", problems, len(message.tool_calls)


def _earlier(row: Row, column: str) -> Conversation:
    """The messages to which the text of a row is the answer, where the row has a column of that name. Raises `InvalidRow`."""
    given = row.get("messages") if column != "messages" else None
    if given is None or (hasattr(given, "__len__") and not len(given)):
        return Conversation([])
    if not turns_of({"messages": given}):
        raise InvalidRow("the row has a column 'messages' of its own that holds none; rename it")
    conversation = read_row({"messages": given})
    if conversation.status in LOST:
        raise InvalidRow(f"column 'messages': {conversation.fault}")
    return conversation


def read_text(job: Job, row: Mapping[str, Any], column: str, taken: Container[str] = ()) -> tuple[Message, Tools | None]:
    """The message that the text of a row is, and the row's tools. `taken` are ids that its calls cannot get. Raises `InvalidRow`."""
    if column not in row:
        raise InvalidRow(f"the row has no column {column!r}; its columns are {', '.join(map(str, row)) or 'none'}")
    text = row[column]
    if isinstance(text, bytes):  # Parquet of writers that do not tell text from bytes
        with suppress(UnicodeDecodeError):
            text = text.decode()
    if not isinstance(text, str):
        raise InvalidRow(f"column {column!r} holds no text, but {'null' if text is None else type(text).__name__}")
    chosen = _format(job, row, text)
    if chosen is None:
        raise InvalidRow("the text shows no format")
    given: Any = job.tools if job.tools is not None else row.get(job.tools_column)
    if isinstance(given, float) and given != given:  # what is missing in a frame of pandas
        given = None
    try:
        tools = prepared(given) if given is not None and (not hasattr(given, "__len__") or len(given)) else None
    except (InvalidTools, ValueError, TypeError) as error:
        raise InvalidRow(f"column {job.tools_column!r}: {error}") from None
    return parse(text, chosen, tools=tools, prompt=job.prompt, new_id=partial(next, unused_ids(taken))), tools


def _format(job: Job, row: Mapping[str, Any], text: str | None) -> str | None:
    """The format in which a row's text is written. `text` is None for a conversation, whose shape may say it."""
    if job.format_column is not None:
        name = row.get(job.format_column)
        if not isinstance(name, str):
            raise InvalidRow(f"column {job.format_column!r} names no format")
        try:
            return get_format(name).name
        except UnknownFormat as error:
            raise InvalidRow(f"column {job.format_column!r}: {error}") from None
    if job.format != "auto":
        return job.format
    if text is None:
        return None
    guess = detect(output=text)
    return guess.format if guess is not None else job.fallback


def _told(status: str, problems: list[Problem]) -> Row:
    shown = [{"kind": p.kind, "message": p.message, "position": p.position, "severity": p.severity} for p in problems]
    return {ADDED + "status": status, ADDED + "problems": shown}


def _rendered(fmt: str, message: Row, tools: list[Row]) -> Row:
    """A message as another model is shown it: what an assistant says in one text."""
    if message["role"] != "assistant" or not (message.get("tool_calls") or message.get("reasoning_content")):
        return message
    rest = {key: value for key, value in message.items() if key not in ("content", "tool_calls", "reasoning_content")}
    return {**rest, "content": _render(message, fmt, tools or None)}


def _render(message: Message | Row, fmt: str, tools: Any) -> str:
    try:
        return render(message, fmt, tools=tools)
    except CannotRender as error:
        raise InvalidRow(str(error)) from None


def _definition(tool: Any) -> Row:
    function = {"name": tool.name, **({} if tool.description is None else {"description": tool.description}), "parameters": tool.parameters}
    return {"type": "function", "function": function}


def _shown(given: bytes | Row) -> Any:
    """The row as it is kept among the rejected: the object, or the text that is none."""
    if isinstance(given, dict):
        return given
    try:
        return json.loads(given)
    except (ValueError, RecursionError):
        return given.decode("utf-8", "backslashreplace")


# -- what is not told is found out --------------------------------------------------------------------------------------------------------


def text_column(row: Row) -> str:
    """The column of a row that holds what a model wrote, where only one can. Raises `InvalidRow`."""
    texts = [key for key, value in row.items() if isinstance(value, str)]
    known = [name for name in TEXT_COLUMNS if name in texts]
    if len(known) == 1:
        return known[0]
    if len(texts) == 1 and not known:
        return texts[0]
    if not texts:
        raise InvalidRow("the rows have no column of text and no conversation of a known shape")
    raise InvalidRow(f"several columns may hold the text: {', '.join(known or texts)}; name one with --column")


def voted_format(texts: Iterable[str]) -> str | None:
    """The format that most of these texts show."""
    votes = Counter(guess.format for text in texts if (guess := detect(output=text)) is not None)
    return votes.most_common(1)[0][0] if votes else None


def encoded(row: Row) -> bytes:
    """A row as a line of JSON."""
    text = json_text(row)
    try:
        return text.encode() + b"\n"
    except UnicodeEncodeError:  # a lone surrogate, which only its escape can say
        return json.dumps(row, default=str).encode() + b"\n"
