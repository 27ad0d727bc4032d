"""What the words in `Row.does` mean, and the turn of a request at its beginning."""

from __future__ import annotations

from toolparse.engine import behind_calls, messages, openings, running
from toolparse.engine.damaged_behind_calls import damaged_behind_call
from toolparse.engine.prose import TextWriter
from toolparse.engine.table import Options, table
from toolparse.engine.tool_choice import Choice
from toolparse.engine.turn import Action, Turn
from toolparse.grammar import Format
from toolparse.wire.open_call import OpenCall

ACTIONS: dict[str, Action] = {
    "again": running.again,
    "backticks": running.backticks,
    "behind message": messages.behind_message,
    "call": openings.opening,
    "close": running.close,
    "close call": behind_calls.close_call,
    "close frame": running.close_frame,
    "closes nothing": running.closes_nothing,
    "damaged behind call": damaged_behind_call,
    "damaged call": openings.damaged_call,
    "damaged end": messages.damaged_end,
    "damaged frame": running.damaged_frame,
    "damaged header": messages.damaged_header,
    "end call message": messages.end_call_message,
    "end message": messages.end_message,
    "frame": running.frame,
    "go on": behind_calls.go_on,
    "header": messages.header_inside,
    "late": running.late,
    "late behind call": behind_calls.late_behind_call,
    "lone closer": running.lone_closer,
    "lost opener": openings.lost_opener,
    "no message": messages.no_message,
    "resume": behind_calls.resume,
    "section": behind_calls.section,
    "signed call": openings.signed_call,
    "stop": running.stop,
    "stop message": messages.stop_message,
    "stray": running.stray,
    "suffix": running.suffix,
    "think": running.think,
    "think behind call": behind_calls.think_behind_call,
}


class TurnMachine(Turn):
    """A turn with what is done in it; nothing of it has been read."""

    __slots__ = ()

    does = ACTIONS

    def __init__(self, fmt: Format, options: Options, choice: Choice, sink: OpenCall, writer: TextWriter) -> None:
        known = table(fmt, options)
        super().__init__(known, choice, sink, writer, messages.first_header if known.headers is not None else running.running)
