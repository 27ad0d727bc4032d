"""The calls of a stream that a client may carry out.

A call that could not be read is not complete, or an error says so. The engines' clients see neither, so such a call must not reach them
as one with empty arguments. A call is therefore passed on from the first of its arguments that means something; one that ends
without any, and is not complete, is left out, and the indices of the calls behind it move up.
"""

from __future__ import annotations

from toolparse.events import CallArguments, CallEnd, CallStart, Event, Problem
from toolparse.message import Message, ToolCall

NO_FAULT = ("unknown_tool",)
"""Errors about a call that do not say that it was read wrong."""


class ReadableCalls:
    """Takes the events of one output, and gives those that a client is told."""

    def __init__(self) -> None:
        self._waiting: list[Event] = []  # the beginning of a call, while its arguments are `{` at most
        self._left_out = 0
        self._faulty = False

    def feed(self, events: list[Event]) -> list[Event]:
        told: list[Event] = []
        for event in events:
            if isinstance(event, CallStart):
                event.index -= self._left_out
                self._waiting = [event]
                self._faulty = False
            elif isinstance(event, (CallArguments, CallEnd)):
                event.index -= self._left_out
                if not self._waiting:
                    told.append(event)
                elif isinstance(event, CallArguments):
                    self._waiting.append(event)
                    if event.text.strip(" \t\r\n{}"):
                        told += self._waiting
                        self._waiting = []
                else:
                    if event.complete and not self._faulty:
                        told += [*self._waiting, event]
                    else:
                        self._left_out += 1
                    self._waiting = []
            else:
                self._faulty = self._faulty or (isinstance(event, Problem) and is_fault(event))
                told.append(event)
        return told


def readable(message: Message) -> list[ToolCall]:
    """The calls of a whole output that a client may carry out; those that a stream would have passed on, but incomplete ones."""
    wrong = {fault.index for fault in message.problems if is_fault(fault)}
    return [call for call in message.tool_calls if call.complete and (call.index not in wrong or call.arguments.strip(" \t\r\n{}"))]


def is_fault(problem: Problem) -> bool:
    """Whether a problem says that a call was not read as it was meant."""
    return problem.severity == "error" and problem.index is not None and problem.kind not in NO_FAULT
