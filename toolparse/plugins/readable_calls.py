"""The calls that a client may carry out, and the text of those that it may not.

A call that could not be read is not complete, or an error says so. The engines' clients see neither, so such a call must not reach them
as one with empty arguments. In a stream a call is therefore passed on from the first of its arguments that means something; one that ends
without any, and is not complete, is content as the model wrote it, and the indices of the calls behind it move up. What has been passed
on stays. A whole output has the complete calls, and the others are content.
"""

from __future__ import annotations

from toolparse.events import CallArguments, CallEnd, CallStart, Content, Event, Problem
from toolparse.jsontext.characters import SPACE
from toolparse.message import Message, TextPart, ToolCall
from toolparse.parser import Parser

NO_FAULT = ("unknown_tool",)
"""Errors about a call that do not say that it was read wrong."""
NEAR = 1024
"""So many characters in front of what a parser holds are kept: the marker in front of a call, which the parser may have done with."""


class ReadableCalls:
    """Feeds a parser one output, and gives those of its events that a client is told."""

    def __init__(self, parser: Parser) -> None:
        self._parser = parser
        self._waiting: list[Event] = []  # the beginning of a call, while its arguments are `{` at most
        self._left_out = 0
        self._faulty = False
        self._answered = False
        self._pieces: list[str] = []  # the end of the output, from where a call may begin
        self._from = 0  # its offset
        self._kept = 0
        self._enough = NEAR

    def feed(self, text: str, special: bool | None = None) -> list[Event]:
        self._pieces.append(text)
        self._kept += len(text)
        told = self._told(self._parser.feed(text, special))
        if self._kept > self._enough and not self._waiting:
            self._forget(min(self._kept, self._parser.held + NEAR))
        return told

    def finish(self, truncated: bool = False) -> list[Event]:
        return self._told(self._parser.finish(truncated))

    def _told(self, events: list[Event]) -> list[Event]:
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
                    told += self._ended(event)
            else:
                self._faulty = self._faulty or (isinstance(event, Problem) and is_fault(event))
                self._answered = self._answered or isinstance(event, Content)
                told.append(event)
        return told

    def _ended(self, end: CallEnd) -> list[Event]:
        """The call that waits has ended without arguments that mean anything."""
        begun, self._waiting = self._waiting, []
        if end.complete and not self._faulty:
            return [*begun, end]
        self._left_out += 1
        start = begun[0].start - self._from  # type: ignore[union-attr]
        text = written("".join(self._pieces), start, end.end - self._from, self._answered)
        self._answered = True
        return [Content(text)]

    def _forget(self, kept: int) -> None:
        """Keep only the last so many characters, until as many more have come."""
        text = "".join(self._pieces)
        self._pieces = [text[len(text) - kept :]]
        self._from += len(text) - kept
        self._kept = kept
        self._enough = 2 * kept + NEAR


def written(output: str, start: int, end: int, answered: bool) -> str:
    """The text of a call that is content; behind other content with the white space between them, which is framing beside a call."""
    start = max(start, 0)
    while answered and start and output[start - 1] in SPACE:
        start -= 1
    return output[start:end]


def readable(message: Message) -> list[ToolCall]:
    """The calls of a whole output that a client may carry out; those that a stream would have passed on, but incomplete ones."""
    wrong = {fault.index for fault in message.problems if is_fault(fault)}
    return [call for call in message.tool_calls if call.complete and (call.index not in wrong or call.arguments.strip(" \t\r\n{}"))]


def content_of(message: Message, output: str) -> str | None:
    """The content of a whole output, calls that a client may not carry out among it."""
    calls = {call.index for call in readable(message)}
    content = ""
    for part in message.parts:
        if isinstance(part, TextPart):
            content += part.text
        elif isinstance(part, ToolCall) and part.index not in calls:
            content += written(output, part.start, part.end, bool(content))
    return content or None


def is_fault(problem: Problem) -> bool:
    """Whether a problem says that a call was not read as it was meant."""
    return problem.severity == "error" and problem.index is not None and problem.kind not in NO_FAULT
