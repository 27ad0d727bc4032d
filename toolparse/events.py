"""What a parser says: the events, in output order.

Plain values that know nothing of formats or of parsing. They are made once for nearly every token, so they are small slotted
classes; equality takes the type into account.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Union

SpanField = Literal["content", "reasoning", "name", "arguments"]
Severity = Literal["warning", "error"]
AttemptStatus = Literal["ok", "repaired", "cut", "no_name", "unreadable", "unknown_tool", "dropped"]


@dataclass(slots=True)
class Content:
    """Text for the reader of the answer."""

    text: str


@dataclass(slots=True)
class Reasoning:
    """Text that the model thought. A later block's first event begins with the newline that joins the blocks."""

    text: str


@dataclass(slots=True)
class CallStart:
    """A tool call begins; its name and id are final.

    `index` counts the calls of the output from 0. `start` is the character offset in the output where the call's text begins.
    """

    index: int
    id: str
    name: str
    start: int


@dataclass(slots=True)
class CallArguments:
    """A fragment of the JSON text of a call's arguments. The fragments of one call, joined, are the whole text."""

    index: int
    text: str


@dataclass(slots=True)
class CallEnd:
    """A call ends. `complete` is false when the output was cut inside it. `end` is the offset behind the call's text."""

    index: int
    complete: bool
    end: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """A try at a call. `status` says what became of it, `name` is the tool's as far as one was told, `text` the raw text (as far as it
    is known), `start` and `end` where that stands in the output.

    `ok`: a call as it should be; `repaired`: one that was put right; `cut`: the output ended in it; `no_name`, `unreadable`: it is no
    call, or one without sound arguments; `unknown_tool`: the request has no such tool; `dropped`: left out by a policy or the tool choice.
    """

    status: AttemptStatus
    name: str | None
    text: str
    start: int
    end: int


@dataclass(slots=True)
class Span:
    """A stretch of the output, `start` to `end`, and what it was read as. `part` says which of the message's `parts` it belongs to.

    What no span covers is framing: markers, stop tokens, white space beside them.
    """

    field: SpanField
    part: int
    start: int
    end: int


@dataclass(slots=True)
class Problem:
    """Something that was repaired (`warning`) or is wrong (`error`), beside the result.

    `kind` is a stable word to test for, `message` a sentence that says what was found and what was written instead, `index` the
    call it belongs to (None outside calls), `position` the character offset in the output. docs/problems.md lists the kinds. `attempt`
    is the try at a call that it tells of, where no call came of it.
    """

    kind: str
    message: str
    index: int | None
    position: int
    severity: Severity = "warning"
    attempt: Attempt | None = None


Event = Union[Content, Reasoning, CallStart, CallArguments, CallEnd, Problem]
