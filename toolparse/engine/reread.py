"""Calls of a whole text read again: what a stream could not know when it decided, a text that is there as a whole tells.

A call of a message whose arguments are JSON and needed a repair is given to `jsontext.repair`, from where its arguments begin to the
marker that closes it. A call that had swallowed that marker, for want of a closing quote say, gives back what stands behind it, which is
parsed again.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

from toolparse.events import Problem
from toolparse.grammar import Envelope, Format, JsonText, OneOf
from toolparse.jsontext.characters import always
from toolparse.jsontext.partial import loaded
from toolparse.jsontext.repair import repair
from toolparse.message import Message, Part, ReasoningPart, TextPart, ToolCall
from toolparse.wire.spellings import spellings

AGAIN = 16
"""So often what stands behind a call is parsed again: work stays linear, whatever the text."""


def reread(text: str, fmt: Format, message: Message, parse: Callable[[str], Message]) -> Message:
    """The message of a text, with the calls that needed a repair read again. `parse` reads what stands behind a call.

    The message's parts must say where they stand.
    """
    closers = _closers(fmt)
    if closers is None:
        return message
    rereading = _Rereading(text, closers)
    behind = rereading.take(message, 0, True)
    for left in range(AGAIN - 1, -1, -1):
        if behind is None:
            break
        behind = rereading.take(parse(text[behind:]), behind, left > 0)
    if not rereading.changed:
        return message
    problems = sorted(rereading.problems, key=lambda problem: problem.position)
    return Message(parts=_joined(rereading.parts), problems=problems, output=text)


class _Rereading:
    """What has become of the messages of a text so far. `said_to` is where the content in front of a call that was read again ends."""

    def __init__(self, text: str, closers: _Closers) -> None:
        self.text = text
        self.closers = closers
        self.parts: list[Part] = []
        self.problems: list[Problem] = []
        self.changed = False
        self.said_to = -1

    def take(self, message: Message, base: int, again: bool) -> int | None:
        """Take the message of the text from `base` on, or a part of it: what stands behind a call may have to be read `again`, from where
        this says."""
        faulty = {problem.index for problem in message.problems} - {None}
        settled: set[int | None] = set()
        behind = None
        rest, following = self.text[base:], _following(message.parts)
        known = len([part for part in self.parts if isinstance(part, ToolCall)])
        upto = 0  # the text in front has been said
        fresh = base > 0  # no content behind the last call that was read again
        for at, part in enumerate(message.parts):
            if _start(part) < upto:
                continue
            if not isinstance(part, ToolCall):
                fresh = self.take_words(part, base, fresh)
                continue
            fine = part.complete and part.index not in faulty
            call, end = _whole(part, fine, rest, self.closers, following[at])
            if call is None:
                self.parts.append(replace(part, index=part.index + known, start=part.start + base, end=part.end + base))
                continue
            self.changed = True
            settled.add(part.index)
            self.take_call(replace(call, index=part.index + known, start=part.start + base, end=end + base), base)
            if part.end > end and again:
                behind = end
                break
            upto = end
        for problem in message.problems:
            if problem.index not in settled and (behind is None or problem.position < behind):
                index = None if problem.index is None else problem.index + known
                self.problems.append(replace(problem, index=index, position=problem.position + base))
        return None if behind is None else base + behind

    def take_words(self, part: Part, base: int, fresh: bool) -> bool:
        """A part that is no call; whether what follows is still `fresh`."""
        if isinstance(part, TextPart) and part.span is not None:
            if fresh and self.said_to >= 0:
                part = TextPart(_gap(self.text, self.said_to, part.span[0] + base) + part.text, part.span)
            fresh, self.said_to = False, (part.span or (0, 0))[1] + base
        self.parts.append(part)
        return fresh

    def take_call(self, call: ToolCall, base: int) -> None:
        """A call that was read again, in the text from `base` on."""
        self.parts.append(call)
        begun = call.arguments_span[0] if call.arguments_span is not None else call.start - base
        said = "the arguments were repaired, by the whole of their text"
        self.problems.append(Problem("repaired_value", said, call.index, begun + base))


def _whole(part: ToolCall, fine: bool, text: str, closers: _Closers, following: ToolCall | None) -> tuple[ToolCall | None, int]:
    """The call with its arguments read as a whole, and where it ends.

    None where its end, or an object, is not to be found, and for a call that is `fine`, unless text stands between its arguments and
    its closer: a brace too many may have ended them.
    """
    if part.arguments_span is None or (fine and not closers.alone):
        return None, 0
    start, stop = part.arguments_span
    limit = following.start if following is not None else len(text)
    found = None
    for match in closers.closer.finditer(text, start, limit):
        found = found or match
        if closers.behind.match(text, match.end()):
            found = match
            break
    if found is None or (fine and not text[stop : found.start()].strip()):
        return None, 0
    raw = text[start : found.start()].rstrip()
    value = repair(raw if closers.alone else raw.removesuffix("}"))  # the envelope's own brace is none of the arguments'
    if not isinstance(loaded(value), dict):
        return None, 0
    end = found.end()
    while (more := closers.closer.match(text, closers.space.match(text, end).end())) is not None and more.end() <= limit:
        end = more.end()
    return replace(part, arguments=value, complete=True), end


class _Closers:
    """What closes the calls of a format, and what may stand behind it."""

    def __init__(self, closers: list[str], openers: list[str], alone: bool) -> None:
        self.alone = alone  # the arguments stand alone between markers, without an envelope around them
        marks = sorted({mark.strip() for mark in closers} - {""}, key=len, reverse=True)
        begin = sorted({mark.strip() for mark in openers} - {""}, key=len, reverse=True)
        self.closer = re.compile("|".join(map(re.escape, marks)))
        self.behind = re.compile(r"\s*(?:\Z|" + "|".join(map(re.escape, [*marks, *begin])) + ")")
        self.space = always(r"\s*")


@lru_cache(maxsize=256)
def _closers(fmt: Format) -> _Closers | None:
    """The closers of the calls whose arguments are JSON; None where the format has no such calls, or nothing closes them."""
    closers: list[str] = []
    openers: list[str] = []
    for calls in fmt.calls:
        if not isinstance(calls.body, (Envelope, JsonText)) or getattr(calls.body, "listed", False):
            continue
        for close in calls.close:
            closers += spellings(close)
        if calls.wrapper is not None:
            closers += spellings(calls.wrapper.close)
            openers += spellings(calls.wrapper.open)
        for first in calls.open[:1]:
            if isinstance(first, (str, OneOf)):
                openers += [spelling.partition("{name}")[0] for spelling in spellings(first)]
    alone = all(isinstance(calls.body, JsonText) for calls in fmt.calls)
    return _Closers([*closers, *fmt.stop], openers, alone) if any(mark.strip() for mark in closers) else None


def _gap(text: str, end: int, start: int) -> str:
    """The white space behind `end` and in front of `start`, which separates the two pieces of content there."""
    between = text[end:start]
    if not between.strip():
        return between
    return between[: len(between) - len(between.lstrip())] + between[len(between.rstrip()) :]


def _following(parts: list[Part]) -> list[ToolCall | None]:
    """For each part the next call behind it."""
    found: list[ToolCall | None] = []
    call = None
    for part in reversed(parts):
        found.append(call)
        call = part if isinstance(part, ToolCall) else call
    return found[::-1]


def _start(part: Part) -> int:
    if isinstance(part, ToolCall):
        return part.start
    return part.span[0] if part.span is not None else 0


def _joined(parts: list[Part]) -> list[Part]:
    """Parts of one kind that follow each other as one; where they stand is not told any more."""
    made: list[Part] = []
    for part in parts:
        last = made[-1] if made else None
        if isinstance(part, TextPart) and isinstance(last, TextPart):
            made[-1] = TextPart(last.text + part.text)
        elif isinstance(part, ReasoningPart):
            made.append(ReasoningPart(part.text))
        else:
            made.append(part)
    return made
