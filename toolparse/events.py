"""What a parser says: the events, in output order.

Plain values that know nothing of formats or of parsing. They are made once for nearly every token, so they are small slotted
classes; equality takes the type into account.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Union

Severity = Literal["warning", "error"]


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


@dataclass(slots=True)
class Problem:
    """Something that was repaired (`warning`) or is wrong (`error`), beside the result.

    `kind` is a stable word to test for, `message` a sentence that says what was found and what was written instead, `index` the
    call it belongs to (None outside calls), `position` the character offset in the output. docs/problems.md lists the kinds.
    """

    kind: str
    message: str
    index: int | None
    position: int
    severity: Severity = "warning"


Event = Union[Content, Reasoning, CallStart, CallArguments, CallEnd, Problem]
