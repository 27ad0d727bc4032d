"""A conversation as it is put together from a row, turn by turn: OpenAI messages, the tools, and what became of each try at a call.

Row shapes say *user*, *assistant text*, *calls*, *result*; ids, the match of results with calls and the status are decided here. Knows
no shape and no file.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from toolparse.adapters.whole_messages import to_openai
from toolparse.data.definitions import prepared
from toolparse.events import Attempt, AttemptStatus, Problem
from toolparse.grammar import Format
from toolparse.jsontext.partial import loaded
from toolparse.jsontext.repair import repair
from toolparse.message import Message
from toolparse.parser import parse
from toolparse.schemas.tools import Tools

STATUSES = ("no_call", "ok", "repaired", "unknown_tool", "dropped", "cut", "no_name", "unreadable")
"""What a row can come to, from best to worst. A row is as good as the worst try at a call in it; `no_call`: it has none."""
LOST = frozenset(("cut", "no_name", "unreadable"))
"""Statuses of rows whose messages would lack a call that the model tried to make."""
Row = dict[str, Any]


class InvalidRow(ValueError):
    """A row that cannot be read; the message is the reason."""


@dataclass(slots=True)
class Conversation:
    """What a row comes to: messages and tools as the OpenAI chat API has them, with `reasoning_content` where there is reasoning.

    `shape` is the row's shape by name. `attempts` are those of all assistant turns, in their order.
    """

    messages: list[Row]
    tools: list[Row] = field(default_factory=list)
    shape: str = "openai"
    attempts: list[Attempt] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def status(self) -> str:
        """The worst status of the attempts; `no_call` when there is none and nothing looks like one."""
        return worst(self.attempts, self.problems)

    @property
    def fault(self) -> str:
        """Why a call is missing from the messages, in a sentence."""
        said = next((problem.message for problem in self.problems if problem.severity == "error"), None)
        if said is None:
            lost = next(attempt for attempt in self.attempts if attempt.status in LOST)
            said = f"the call of {lost.name!r} is cut off" if lost.status == "cut" else f"a call cannot be read: {lost.text[:200]!r}"
        return said

    @property
    def row(self) -> Row:
        """The conversation as a row of the shape `openai`."""
        return {"messages": self.messages, "tools": self.tools} if self.tools else {"messages": self.messages}


def worst(attempts: Iterable[Attempt], problems: Iterable[Problem]) -> str:
    """The status of what these attempts and problems belong to."""
    found = [STATUSES.index(attempt.status) for attempt in attempts]
    if any(problem.severity == "error" and problem.index is None and problem.attempt is None for problem in problems):
        found.append(STATUSES.index("unreadable"))  # markers are lost, say: there was a try, but nobody can tell where
    return STATUSES[max(found, default=0)]


class Turns:
    """Puts a conversation together from turns. `fmt` is how the assistant's texts are read; None leaves them as they are."""

    def __init__(
        self, shape: str, definitions: list[Row] | None = None, fmt: str | Format | None = None, prompt: str | None = None
    ) -> None:
        self.conversation = Conversation([], definitions or [], shape)
        self.tools: Tools | None = prepared(definitions) if definitions else None
        self._fmt = fmt
        self._prompt = prompt
        self.taken: set[str] = set()
        """Ids that the row has."""
        self.more: Row = {}
        """What the turn has besides its text; it goes to the messages that are made of it."""
        self._ids = unused_ids(self.taken)
        self._open: list[Row] = []  # calls that wait for their result

    def say(self, role: str, content: Any) -> None:
        """A message of the system or the user."""
        self.conversation.messages.append({**self.more, "role": role, "content": content})

    def assistant(self, text: str, fmt: str | Format | None = None) -> None:
        """A turn of the assistant as the model wrote it."""
        chosen = self._fmt or fmt
        if chosen is None:
            self.add({"role": "assistant", "content": text})
        else:
            self.read(parse(text, chosen, tools=self.tools, prompt=self._prompt, new_id=self.new_id))

    def read(self, message: Message) -> None:
        """A turn of the assistant that has been read."""
        self.conversation.attempts += message.attempts
        self.conversation.problems += message.problems
        self.add(to_openai(message))

    def add(self, message: Row) -> None:
        """A message of the assistant; its calls wait for their results from now on."""
        for key, value in self.more.items():
            message.setdefault(key, value)
        self.conversation.messages.append(message)
        if message.get("tool_calls"):
            self._open = list(message["tool_calls"])

    def calls(self, calls: Iterable[tuple[str | None, Any, str | None]], message: Row | None = None) -> None:
        """Calls that a row holds as data: name, arguments (an object, or JSON text) and id of each; for `message`, or a new one."""
        made = []
        for name, arguments, call_id in calls:
            if not isinstance(name, str) or not name:
                self._tried("no_name", None, arguments, "a call has no name")
                continue
            text, status = as_object(arguments)
            if status == "unreadable":
                self._tried(status, name, arguments, f"the arguments of {name!r} are no JSON object: {text[:200]!r}")
                continue
            if status == "repaired":
                said = f"the arguments of {name!r} were repaired"
                self.conversation.problems.append(Problem("repaired_value", said, None, 0))
            if self.tools is not None and name not in self.tools:
                status = "unknown_tool"
                self.conversation.problems.append(Problem("unknown_tool", f"the row declares no tool {name!r}", None, 0))
            self.conversation.attempts.append(Attempt(status, name, text, 0, 0))
            made.append({"id": call_id or self.new_id(), "type": "function", "function": {"name": name, "arguments": text}})
        if message is None:
            message = {"role": "assistant", "content": None}
            self.conversation.messages.append(message)
        for key, value in self.more.items():
            message.setdefault(key, value)
        if made:
            message["tool_calls"] = made
            self._open = list(made)

    def result(self, content: Any, call_id: str | None = None, hint: str | None = None, /, **more: Any) -> None:
        """What a tool answered. It belongs to the call of that id, else of that name, else to the first that waits.

        `hint` is a name that may be the tool's, as a text tells it; a name that a row gives as such is in `more`.
        """
        waiting = self._open
        if call_id is not None:
            call = next((call for call in waiting if call["id"] == call_id), None)
        else:
            named = (call for call in waiting if call["function"]["name"] == hint)
            call = next(named, None) or next(iter(waiting), None)
        called = None
        if call is not None:
            self._open = [other for other in waiting if other is not call]
            call_id, called = call["id"], call["function"]["name"]
        else:
            said = "a tool's answer belongs to no call" + (f" of the id {call_id!r}" if call_id else "")
            self.conversation.problems.append(Problem("unmatched_response", said, None, 0))
        message = {"role": "tool", "tool_call_id": call_id or self.new_id(), "content": content}
        if called:
            message["name"] = called
        self.conversation.messages.append({**message, **self.more, **more})

    def new_id(self) -> str:
        """An id that the row does not have."""
        return next(self._ids)

    def _tried(self, status: AttemptStatus, name: str | None, arguments: Any, said: str) -> None:
        text = arguments if isinstance(arguments, str) else json_text(arguments)
        attempt = Attempt(status, name, text, 0, 0)
        self.conversation.attempts.append(attempt)
        self.conversation.problems.append(Problem("no_name" if name is None else "not_an_object", said, None, 0, "error", attempt))


def unused_ids(taken: Container[str] = ()) -> Iterator[str]:
    """Ids for calls that have none: the same at every run, and of nine letters and digits, which Mistral's templates insist on."""
    return (made for number in count() if (made := f"call{number:05d}") not in taken)


def as_object(arguments: Any) -> tuple[str, AttemptStatus]:
    """The JSON text of an object of arguments, and what had to be done for it."""
    if arguments is None or arguments == "":
        return "{}", "ok"
    if isinstance(arguments, dict):
        return json_text(arguments), "ok"
    if isinstance(arguments, str):
        if isinstance(loaded(arguments), dict):
            return arguments, "ok"
        repaired = repair(arguments)
        if isinstance(loaded(repaired), dict):
            return repaired, "repaired"
        return arguments, "unreadable"
    return json_text(arguments), "unreadable"


def json_text(value: Any) -> str:
    """JSON as the library writes it. What JSON does not know (a date, bytes of Parquet) is its text, and base64 where it has none."""
    return json.dumps(value, ensure_ascii=False, default=_spelled)


def _spelled(value: Any) -> Any:
    if isinstance(value, (bytes, bytearray)):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return b64encode(value).decode()
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value.tolist() if hasattr(value, "tolist") else str(value)


Reader = Callable[[Row, "str | Format | None", "str | None"], Conversation]
