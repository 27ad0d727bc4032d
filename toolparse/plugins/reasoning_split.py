"""An output in two: its reasoning, and the rest as it was written, for engines that hand the rest to a tool parser of its own.

Knows no engine. Where one parser can read both, this is not needed.

How it works. One parser reads the whole output. What it says of reasoning is passed on, and so is content as it says it; of calls the text
is passed on, which the tool parser reads again. So the text must be cut exactly where a call or a reasoning block begins and ends. An event
that carries no offset is placed by `Parser.read`, which is exact when the piece that moved it is one character; text that cannot touch a
marker is fed as it comes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import groupby
from typing import Any

from toolparse.events import CallEnd, CallStart, Content, Event, Reasoning
from toolparse.grammar import Format
from toolparse.jsontext.characters import SPACE
from toolparse.parser import Parser
from toolparse.wire.spellings import spellings


@cache
def _framing(fmt: Format) -> frozenset[str]:
    """The markers of reasoning and of frames, bare."""
    pairs = [(pair.open, pair.close) for pair in fmt.reasoning] + [(frame.open, frame.close) for frame in fmt.frames]
    return frozenset(text.strip(SPACE) for pair in pairs for marker in pair if marker for text in spellings(marker)) - {""}


@cache
def _framing_pattern(fmt: Format) -> re.Pattern[str]:
    """A marker of reasoning or of a frame, with the suffix that a checkpoint may give it."""
    suffix = f"(?:{re.escape(fmt.suffix)}[^\\s<>]*)?" if fmt.suffix else ""
    return re.compile("|".join(re.escape(text[:-1]) + suffix + re.escape(text[-1]) for text in sorted(_framing(fmt))) or r"(?!)")


@cache
def _careful(fmt: Format) -> re.Pattern[str]:
    """The characters at which text must be fed one by one: those that can begin what opens or closes reasoning, and white space."""
    if fmt.channels is not None:  # what begins a header need not be a marker
        return re.compile(r"(?s).")
    labels = [pair.label.strip(SPACE) for pair in fmt.reasoning]
    firsts = {text[0] for text in (*_framing(fmt), *labels, *(stop.strip(SPACE) for stop in fmt.stop)) if text}
    return re.compile("[" + "".join(map(re.escape, sorted(firsts))) + r"\s]")


def in_one_piece(events: Iterable[Event]) -> Iterator[Event]:
    """The events, of which those of content that follow one another are one."""
    for kind, run in groupby(events, type):
        if kind is Content:
            yield Content("".join(event.text for event in run))  # type: ignore[union-attr]
        else:
            yield from run


class ReasoningSplit:
    """Takes the text in pieces; says what of it is reasoning, and what is left for the tool parser.

    `calls_follow` says whether a tool parser reads what is left. If none does it goes to the reader, so it is content alone, without the
    format's framing, and markers of calls are text.

    >>> from toolparse import get_format
    >>> split = ReasoningSplit(get_format("hermes"))
    >>> split.feed("<think>Hm.</think>Yes <tool_call>")
    ('Hm.', 'Yes')
    >>> split.feed('{"name": "f", "arguments": {')
    ('', ' <tool_call>{"name": "f", "arguments": {')
    """

    def __init__(
        self, fmt: Format, prompt: str | None = None, thinking: bool | None = None, tools: Any = None, calls_follow: bool = True
    ) -> None:
        self._parser = Parser(fmt, prompt=prompt, thinking=thinking, tools=tools or None, tool_choice="auto" if calls_follow else "none")
        self._calls_follow = calls_follow
        self._markers = _framing_pattern(fmt)
        self._labels = tuple(text.strip(SPACE) for frame in fmt.frames if not frame.close for text in spellings(frame.open))
        self._headed = fmt.channels is not None
        self._ends = () if fmt.channels is None else tuple(end.strip(SPACE) for end in fmt.channels.ends)
        self._careful = _careful(fmt)
        self._waiting = ""
        self._from = 0  # the offset of what waits
        self._fed = 0
        self._open = False  # in a call
        self._space = -1  # behind a call, where its closers come: how much white space in front of it still waits
        self._passed = False
        self._said: list[str] = []
        self._thought: list[str] = []
        self.ended = False
        self.called = False
        """Whether a call has begun."""
        self.calling = False
        """In a call, or right behind one."""

    def feed(self, text: str) -> tuple[str, str]:
        """The reasoning and the rest that are certain now."""
        if not self._calls_follow:
            self._place(self._parser.feed(text), 0)
            return self._taken()
        at = 0
        while at < len(text):
            end = at + 1
            if not self._parser.held:
                found = self._careful.search(text, at)
                end = max(len(text) if found is None else found.start(), end)
            self._advance(text[at:end])
            at = end
        return self._taken()

    def finish(self) -> tuple[str, str]:
        """The output has ended: what was held back."""
        was = self._parser.in_reasoning
        self._place(self._parser.finish(), self._fed)
        if self.calling and not was:
            self._pass(self._fed)
        return self._taken()

    def whole(self, text: str) -> tuple[str, str]:
        """The reasoning and the rest of all of an output."""
        reasoning, rest = self.feed(text)
        more, end = self.finish()
        return reasoning + more, rest + end

    def _advance(self, text: str) -> None:
        parser = self._parser
        was, before = parser.in_reasoning, parser.read
        events = parser.feed(text)
        now, read = parser.in_reasoning, parser.read
        self._fed += len(text)
        self._waiting += text
        start = next((event.start for event in events if isinstance(event, CallStart)), None)
        step = self._waiting[max(before - self._from, 0) : max(read - self._from, 0)]
        if was and not now:
            if self._headed and step.strip(SPACE) not in self._ends:
                self._drop(before)  # the header of another message has ended it
            else:
                self._drop(read if start is None else start)
        elif now and not was and self.calling:  # what stands between a call and the opener are the call's closers
            self._pass(before + len(step) - len(step.lstrip(SPACE)))
        self._place(events, read)
        if now:
            self._drop(min(read, self._fed - parser.held) if was else read)
        elif self._open or (read == self._fed and parser.held <= self._space):
            self._pass(read)

    def _place(self, events: list[Event], read: int) -> None:
        """Pass on what the events say of the text up to the offset `read`."""
        for event in in_one_piece(events):
            if isinstance(event, Reasoning):
                self._thought.append(event.text)
            elif isinstance(event, Content):
                self.ended = True
                if self._calls_follow:
                    self._place_content(event.text, read)
                else:
                    self._said.append(event.text)
            elif isinstance(event, CallStart):
                self.ended = self.called = True
                if self._calls_follow:
                    self._begin_call(event.start)
            elif isinstance(event, CallEnd):
                self._pass(event.end)
                self._open = False
                self._space = -1 if self._headed else max(self._parser.held - (self._fed - read), 0)

    def _place_content(self, text: str, read: int) -> None:
        body = text.lstrip(SPACE)
        silent = self._waiting[: max(self._waiting.rfind(body, 0, max(read - self._from, 0)), 0)] if body else ""
        if self._headed:  # a header says what its text is, so it is kept; white space around it goes with the text
            self._write((silent.strip(SPACE) if text[:1] in SPACE else silent.rstrip(SPACE)) + text)
        elif self.calling and body:
            self._write(self._markers.sub("", silent) + body)
        else:
            label = next((label for label in self._labels if silent.strip(SPACE).endswith(label)), "")
            self._write(("" if self._passed else label) + text)
        self.calling, self._space = False, -1
        self._drop(read)

    def _begin_call(self, start: int) -> None:
        """A call has begun at the offset `start`. In front of it stand white space, which the tool parser wants, and framing."""
        if self.calling:
            self._pass(self._from if self._headed else start)
            self._open = True
            return
        self.calling = self._open = True
        at = 0 if self._headed else max(start - self._from, 0)
        at += len(self._waiting[at:]) - len(self._waiting[at:].lstrip(SPACE))
        before = self._waiting[:at]
        if self._passed:
            self._write(before[len(before.rstrip(SPACE)) :])
        self._drop(self._from + at)

    def _drop(self, until: int) -> None:
        """What waits is no part of the rest up to the offset `until`."""
        if until > self._from:
            self._waiting = self._waiting[until - self._from :]
            self._from = until

    def _pass(self, until: int) -> None:
        """What waits is part of the rest up to the offset `until`. Behind a call a closer of the reasoning that the call ended is not."""
        if until > self._from:
            text = self._waiting[: until - self._from]
            self._write(text if self._open else self._markers.sub("", text))
            self._drop(until)

    def _write(self, text: str) -> None:
        if text:
            self._passed = True
            self._said.append(text)

    def _taken(self) -> tuple[str, str]:
        reasoning, rest = "".join(self._thought), "".join(self._said)
        self._thought, self._said = [], []
        return reasoning, rest
