"""The push parser: text in pieces in, events out.

What text means is read by the states of the turn (`engine/turn.py`). The parser gives them the text that has arrived and not been settled
yet. What waits is kept and put in front of the next piece, so a decision is only ever made with the text that it needs, and never depends
on where pieces end. The prompt's part of the turn goes through the same states first, and nothing of it is said.

Most pieces change nothing: the place in the turn, or the call that is open, gives a shortcut for them (`engine/shortcuts.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from re import Match
from typing import TYPE_CHECKING, Any, Literal

from toolparse.engine.actions import TurnMachine
from toolparse.engine.calls import RESCAN, backtrack, in_call
from toolparse.engine.messages import behind_header
from toolparse.engine.missed_calls import Start, may_tell, remains
from toolparse.engine.plain_turns import plain_turns
from toolparse.engine.prompt import begin_behind, begin_without_prompt, turn_in
from toolparse.engine.prose import TextWriter
from toolparse.engine.running import HELD_SPACE, fix_suffix, running, stopped
from toolparse.engine.shortcuts import CONTENT, SHORT, Flowing, Reading, Shortcut, Waiting
from toolparse.engine.table import Options, Place
from toolparse.engine.tool_choice import FORCED, FORCED_BY_NAME, read_choice
from toolparse.engine.turn import Turn
from toolparse.events import CallArguments, Content, Event, Problem, Reasoning, Span
from toolparse.formats import UnknownFormat, get_format, get_reasoning
from toolparse.grammar import Format, Regions
from toolparse.jsontext.characters import SPACE
from toolparse.jsontext.scalars import LONGEST
from toolparse.message import Message, ReasoningPart, TextPart, ToolCall, folded
from toolparse.schemas.tools import RequestTools, Tools
from toolparse.wire.call_watch import CallWatch
from toolparse.wire.open_call import NEW_ID, CallRules, OpenCall
from toolparse.wire.spellings import spellings
from toolparse.wire.token_runs import Runs

if TYPE_CHECKING:
    from toolparse.engine.places import Places
    from toolparse.templates.template_machine import RegionMachine

PREFILL = 4096
"""How many characters of the prompt's end may tell the suffix of the markers."""
MAX_HELD, MAX_DEPTH, MAX_CALLS = 1_048_576, 256, 4096
"""The limits of a parser: characters of text that wait, levels of nesting, calls."""
UNSEEN = 400
"""So many characters of running text are shown at once to those who look for calls in it."""


PART_KINDS = {TextPart: "content", ReasoningPart: "reasoning", ToolCall: "call"}


class Parser:
    """Reads one output of a model, in pieces.

    >>> parser = Parser("hermes")
    >>> parser.feed('Hi <tool_call>{"name": "f", "argum')
    [Content(text='Hi')]
    >>> parser.feed('ents": {}}</tool_call>')[1:]
    [CallArguments(index=0, text='{}'), CallEnd(index=0, complete=True, end=44)]

    `fmt` is a format or any of its names, or "auto" with the `chat_template` that tells it. `tools` are OpenAI tool definitions
    or a `toolparse.Tools`. `prompt` is the rendered prompt or its tail: it decides where the output starts; "" says that nothing
    is pre-filled, None that it is unknown (`thinking` is then a hint). `reasoning` replaces the reasoning markers by those of
    another format. The policies are those of the documentation; `new_id` makes call ids. `spans` keeps where everything stands, for
    `locate`; text that arrives token by token is then read more slowly. `max_held` (characters), `max_depth` and `max_calls` are limits.
    Raises `UnknownFormat` for an unknown name, `InvalidFormat` for a description that cannot work and `ValueError` for an unknown
    policy; model output never raises.
    """

    __slots__ = ("_early", "_held", "_regions", "_see_at", "_shortcut", "_total", "_turn", "_unseen")

    def __init__(
        self,
        fmt: str | Format,
        *,
        tools: object = None,
        tool_choice: str | dict[str, Any] = "auto",
        parallel_tool_calls: bool = True,
        prompt: str | None = None,
        chat_template: str | None = None,
        thinking: bool | None = None,
        reasoning: str | Format | None = None,
        calls_in_reasoning: Literal["format", "end", "ignore"] = "format",
        bare_calls: Literal["format", "never"] = "format",
        calls_in_code: Literal["keep", "content"] = "keep",
        unknown_tools: Literal["keep", "content", "drop"] = "keep",
        damaged_markup: Literal["read", "content"] = "read",
        new_id: Callable[[], str] | None = None,
        spans: bool = False,
        max_held: int = MAX_HELD,
        max_depth: int = MAX_DEPTH,
        max_calls: int = MAX_CALLS,
    ) -> None:
        chosen = chosen_format(fmt, chat_template, reasoning)
        policies = (calls_in_reasoning, bare_calls, calls_in_code, unknown_tools, damaged_markup)
        if policies != DEFAULTS:
            check(policies)
        if new_id is not None or (max_held, max_depth, max_calls) != LIMITS:
            check_limits(new_id, max_held=max_held, max_depth=max_depth, max_calls=max_calls)
        choice = read_choice(tool_choice)
        make_id, single, strict = new_id or NEW_ID[chosen.id], not parallel_tool_calls, damaged_markup == "content"
        rules = CallRules(make_id, unknown_tools, single, choice.allowed, max_calls, max_held, max_depth, strict)
        keeping = keeping_places if spans else keeping_none
        sink, writer = keeping((tools, rules), calls_in_code == "content")
        options = table_options(choice.mode, choice.name is not None, bare_calls, calls_in_reasoning, damaged_markup)
        self._turn = TurnMachine(chosen, options, choice, sink, writer)
        self._shortcut: Shortcut | None = None
        self._held = ""
        self._total = 0
        self._unseen: list[str] | None = None
        self._see_at = 0
        sink.events = writer.events
        self._early: Start | None = None
        self._regions: RegionMachine | None = None
        if choice.mode != "none" and chosen.calls:
            self._turn.writer.watch = CallWatch()
            if tools is not None and may_tell(chosen):
                self._early = Start()
        self._start(prompt, thinking)

    # -- the outside ----------------------------------------------------------------------------------------------------------------

    def feed(self, text: str, special: bool | None = None) -> list[Event]:
        """Take a piece of the output; return the events that are certain now.

        `special`, from an engine that knows token ids: True, the piece came from special tokens (it may be a marker); False, from
        ordinary ones (it is typed text and never a special-token marker); None, unknown.

        Raises `ValueError` after `finish`: the next output takes a parser of its own.
        """
        shortcut = self._shortcut
        if shortcut is None or special is not None or not text:
            return self._fed(text, special)
        held = self._held
        joined = held + text if held else text
        if (flow := shortcut.flow) is not None:
            found, index = flow(joined), shortcut.index
            if found is None:
                total = self._total = self._total + len(text)
                if held:
                    self._held = ""
                if index >= 0:
                    return [CallArguments(index, joined)]
                if (unseen := self._unseen) is not None:
                    unseen.append(joined)
                    if total > self._see_at:
                        self._see(total)
                return [Content(joined)] if index == CONTENT else [Reasoning(joined)]
            if index < 0:
                if found.lastindex != 1 or len(joined) - (at := found.start()) >= HELD_SPACE:
                    return self._at_marker(shortcut, joined, text, found)
                total = self._total = self._total + len(text)
                self._held = joined[at:]
                if not at:
                    return []
                joined = joined[:at]
                if (unseen := self._unseen) is not None:
                    unseen.append(joined)
                    if total > self._see_at:
                        self._see(total - len(self._held))
                return [Content(joined)] if index == CONTENT else [Reasoning(joined)]
        passes = shortcut.passes
        if passes is None:
            if (waits := shortcut.waits) is not None and len(joined) < SHORT and waits(joined):
                self._total += len(text)
                self._held = joined
                return []
            if (rewrites := shortcut.rewrites) is None or (written := rewrites(joined)) is None:
                return self._read(shortcut, joined, text, 0) if shortcut.reader is not None else self._fed(text, None)
            said, at = written
            self._total += len(text)
            self._held = joined[at:]
            shortcut.flow = shortcut.reader.flow if at == len(joined) else None  # type: ignore[union-attr]
            return [CallArguments(shortcut.index, said)] if said else []
        if (at := passes.read(joined)) < 0:
            return self._read(shortcut, joined, text, ~at)
        self._total += len(text)
        self._held = joined[at:]
        shortcut.flow = passes.flow
        said = joined[:at] if passes.written is None else passes.written
        return [CallArguments(shortcut.index, said)] if said else []

    def _read(self, shortcut: Shortcut, joined: str, text: str, at: int) -> list[Event]:
        """What the shortcut says of a piece that does not simply flow; up to `at` the text passes."""
        total = self._total + len(text)
        taken = shortcut.take(joined, total - len(joined), at)
        if taken is None:
            return self._fed(text, None)
        self._total = total
        events, at = taken
        self._held = joined[at:]
        if shortcut.over:
            self._behind_shortcut(joined, events, at)
        return events

    def _at_marker(self, shortcut: Shortcut, joined: str, text: str, found: Match[str]) -> list[Event]:
        """Running text holds a marker: the beginning of a call's opening only waits, as what may become a marker does."""
        start, total, rejected = found.start(), self._total + len(text), self._turn.rejected
        tried = rejected is not None and rejected[0] >= total - len(joined) + start - 1  # the rest of a marker that opened no call
        waiting = shortcut.opens.get(found[0]) if found.lastgroup == "marker" and not tried else None
        if (
            waiting is None
            or self._turn.sink.rules.max_held < LONGEST
            or len(joined) - start >= HELD_SPACE
            or not waiting.waits(joined[start:])
        ):
            return self._fed(text, None)
        self._total = total
        at = len(joined[:start].rstrip(SPACE))
        self._held = joined[at:]
        if at == start:
            self._shortcut = waiting
        if not at:
            return []
        said = joined[:at]
        if self._unseen is not None:
            self._unseen.append(said)
        return [Content(said)] if shortcut.index == CONTENT else [Reasoning(said)]

    def _fed(self, text: str, special: bool | None) -> list[Event]:
        """The machine takes a piece."""
        if not isinstance(text, str):
            raise TypeError(f"a piece of the output is a str, not {type(text).__name__}: decode it first")
        turn = self._turn
        if special is not None or turn.runs is not None:
            if turn.runs is None:
                turn.runs = Runs(turn.table.format.special_tokens)
            turn.runs.add(self._total, special)
        if (places := turn.sink.places) is not None:
            places.add(text)
        self._total += len(text)
        events = turn.sink.events = turn.writer.events
        turn.text = self._held + text
        self._run(False)
        if events and self._early is not None:
            self._remember(self._early, events)
        turn.writer.events = []  # these are the caller's now
        return events

    def _see(self, end: int) -> None:
        """Show what has been said of running text, up to the offset `end`, to those who look for calls in it."""
        unseen = self._unseen
        assert unseen is not None
        text = "".join(unseen)
        unseen.clear()
        self._see_at = self._total + UNSEEN
        thinking = self._turn.place.pair is not None
        if not thinking and (early := self._early) is not None and early.limit:
            early.add(text)
        if (watch := self._turn.writer.watch) is not None:
            watch.add(text, end, thinking)

    def _behind_shortcut(self, text: str, events: list[Event], at: int) -> None:
        """The codec needs no more of the text that it was given, and the machine goes on at `at`; or what follows is no open call."""
        turn = self._turn
        if turn.reader.done:
            turn.writer.events = events
            turn.text = text
            self._run(False, at)
            turn.writer.events = []
        else:
            self._set_shortcut(turn, turn.sink, turn.place)

    def whole(self, text: str, truncated: bool = False) -> list[Event]:
        """All events of an output that this parser is given at once: nothing of it has to wait for more."""
        if (places := self._turn.sink.places) is not None:
            places.add(text)
        self._total += len(text)
        self._held += text
        return self.finish(truncated)

    def finish(self, truncated: bool = False) -> list[Event]:
        """The output has ended; return the last events. `truncated` says that it was cut, by a token limit for instance."""
        turn, writer = self._turn, self._turn.writer
        if turn.state == over:
            return []
        events = turn.sink.events = writer.events
        while True:
            turn.text = self._held
            self._run(True)
            if turn.state != in_call:
                break
            turn.sink.base = self._total - len(turn.text)
            turn.reader.finish(len(turn.text))
            turn.sink.flush()
            if not turn.reader.refused:
                break
            turn.text = self._held
            at = backtrack(turn, len(turn.text))
            self._held = turn.text[at:]
        self._shortcut = None
        if turn.state == stopped:
            writer.drop_tag_space()
        if turn.place.pair is None and not writer.at_block and writer.answer.space:
            space = writer.answer.space.text
            if turn.state == stopped:
                stops = turn.kept.text
                before = (blanks for stop, blanks in turn.table.before_stop.items() if stops.startswith(stop))
                space = space.removesuffix(next(before, ""))
            if space:
                writer.say_space(space)
        if turn.choice.mode != "none":
            self._look_for_missed_calls(events)
        if turn.choice.mode == "required" and turn.sink.index < 0:
            events.append(Problem("no_call", "the request wants a call and none came", None, self._total, "error"))
        writer.block.space.clear()
        turn.kept.clear()
        turn.state = over
        return events

    def _remember(self, early: Start, events: list[Event]) -> None:
        """Keep the content's start."""
        for event in events:
            if type(event) is Content and early.limit:
                early.add(event.text)

    def _look_for_missed_calls(self, events: list[Event]) -> None:
        """Report content that looks like a call; `events` are the last ones."""
        lost = None
        if self._early is not None and self._turn.sink.index < 0:
            self._remember(self._early, events)
            if not self._knows_special_tokens(self._early):
                lost = remains(self._turn.table.format, self._early.text, lambda: self._turn.sink.tools)
        watch = self._turn.writer.watch
        regions = watch.regions() if watch is not None and self._turn.runs is None else ()  # typed is typed
        if regions or lost:
            from toolparse.engine.attempts import judge

            events.extend(judge(self._turn.table.format, regions, self._turn.sink.tools, self._read_as, lost))

    def _knows_special_tokens(self, early: Start) -> bool:
        """Whether the output has shown that the engine does not skip special tokens."""
        if self._turn.runs is not None:
            return True
        fmt = self._turn.table.format
        openers = {text for pair in fmt.reasoning if not pair.assumed for text in spellings(pair.open)}
        return self._turn.writer.thought and not early.prefilled and bool(openers) and openers <= set(fmt.special_tokens)

    @staticmethod
    def _read_as(fmt: Format, text: str, tools: Tools | None) -> Message:
        """The message that a text is in another format."""
        parser = Parser(fmt, tools=tools, prompt="")
        parser._turn.writer.watch = parser._early = None
        return folded(parser.whole(text))

    def locate(self, message: Message) -> Message:
        """Set the spans of a message that was made of this parser's events, all of them so far; returns the message.

        >>> parser = Parser("hermes", spans=True)
        >>> from toolparse import MessageBuilder
        >>> builder = MessageBuilder()
        >>> for event in parser.feed("Hi."):
        ...     builder.add(event)
        >>> parser.locate(builder.message).parts[0].span
        (0, 3)

        Raises `ValueError` for a parser without `spans=True`, and for another message.
        """
        places: Places | None = self._turn.sink.places
        if places is None:
            raise ValueError("this parser keeps no places: make it with spans=True")
        kinds = [PART_KINDS[type(part)] for part in message.parts]
        if kinds != places.kinds:
            raise ValueError("this is not the message of this parser's events: give a MessageBuilder all of them")
        message.spans = [Span(span.field, span.part, span.start, span.end) for span in places.spans]
        for part, (start, end) in zip(message.parts, places.bounds, strict=True):
            part.span = (start, end)
        for span in message.spans:
            part = message.parts[span.part]
            if isinstance(part, ToolCall):
                if span.field == "name":
                    part.name_span = (span.start, span.end)
                else:
                    part.arguments_span = (span.start, span.end)
        return message

    @property
    def format(self) -> Format:
        """The format that is read, with the reasoning that was asked for."""
        return self._turn.table.format

    @property
    def held(self) -> int:
        """How many characters wait: what may be a marker, framing, an unconfirmed call or a doubtful value."""
        turn = self._turn
        if turn.state == over:
            return 0
        waiting = turn.writer.block.space.length + turn.kept.length + sum(map(len, turn.opened.raw if turn.opened is not None else ()))
        if turn.state == in_call and not turn.sink.trial:
            waiting += turn.reader.held
        if self._regions is not None:
            waiting += self._regions.held
        return min(len(self._held) + waiting, self._total)

    @property
    def read(self) -> int:
        """The offset in the output up to which text has been read. Nothing has been decided of the text behind it, all of which waits."""
        return max(self._total - len(self._held), 0)

    @property
    def decision(self) -> Literal["call", "answer"] | None:
        """What the output turns out to begin with, reasoning aside: a call, or text for the reader; None while that cannot be known.

        Fixed from the first `CallStart` or `Content` on, or from the start where no call may come. An answer may still go on to call, as
        "Let me look." does: only the end of the output tells that it does not. An output of neither is an answer.
        """
        turn = self._turn
        if turn.sink.index >= 0:
            return "answer" if turn.text_first else "call"
        hopeless = self._regions is None and not turn.table.heads
        return "answer" if turn.writer.answer.begun or turn.state == over or hopeless or turn.choice.mode == "none" else None

    @property
    def in_reasoning(self) -> bool:
        """Whether a reasoning block is open."""
        return self._turn.place.pair is not None or (self._regions is not None and self._regions.in_reasoning)

    # -- copies ---------------------------------------------------------------------------------------------------------------------

    def __copy__(self) -> Parser:
        """A parser that goes on independently from here. What the user gave (tools, `new_id`) is shared."""
        from toolparse.engine.copies import copy_of

        twin: Parser = copy_of(self)
        return twin

    def __deepcopy__(self, memo: dict[int, Any]) -> Parser:
        return self.__copy__()

    def __reduce__(self) -> tuple[Any, ...]:
        from toolparse import __version__
        from toolparse.engine.copies import packed, unpacked

        return unpacked, (type(self), __version__, packed(self))

    # -- running --------------------------------------------------------------------------------------------------------------------

    def _run(self, last: bool, at: int = 0) -> None:
        """The machine reads the turn's text from `at` on, until more must tell."""
        turn = self._turn
        sink = turn.sink
        sink.base = turn.base = self._total - len(turn.text)
        if self._unseen:
            self._see(turn.base)
        self._unseen = None
        self._shortcut = turn.shortcut = None
        while True:
            at = turn.state(turn, at, last)
            if at < 0:
                at = ~at
                break
        trial = sink.opening.queue is not None
        if trial and turn.state == in_call:
            assert turn.opened is not None
            turn.opened.raw.append(turn.text[max(sink.opening.start - turn.base, 0) : at])
        elif sink.open:
            sink.flush()
        self._held = turn.text[at:]
        turn.base += at
        if turn.runs is not None:  # what may come back as running text is looked at again
            turn.runs.forget(max(sink.opening.start, turn.base - RESCAN) if trial else turn.base)
        if not last:
            self._set_shortcut(turn, sink, turn.place)

    def _set_shortcut(self, turn: Turn, sink: OpenCall, place: Place) -> None:
        """In which way most text would simply flow from here, or wait."""
        shortcut = turn.shortcut
        if turn.runs is not None or turn.base < 0 or sink.places is not None:
            shortcut = None
        elif self._regions is not None:
            flow, index = self._regions.flow(self._held)
            shortcut = Flowing(flow, index) if flow is not None else None
        elif turn.state == in_call:
            if sink.open:
                shortcut = Reading(turn.reader, sink, not self._held) if not sink.muted else None
            else:
                waits = turn.reader.waits
                shortcut = Waiting(waits) if waits is not None else None
        elif shortcut in (None, place.waiting) and turn.state == running and self._flows(place):
            shortcut = self._flowing(place)
        if sink.rules.max_held >= LONGEST or type(shortcut) is not Waiting:
            self._shortcut = shortcut

    def _flows(self, place: Place) -> bool:
        """Whether running text in which no marker stands is said as it is."""
        return place.flowing is not None and len(self._held) < HELD_SPACE and self._turn.writer.flows

    def _flowing(self, place: Place) -> Shortcut | None:
        """The shortcut of running text."""
        if self._turn.writer.watch is not None:
            self._unseen = []
            self._see_at = self._total + UNSEEN
        return place.flowing

    # -- the start --------------------------------------------------------------------------------------------------------------------

    def _start(self, prompt: str | None, thinking: bool | None) -> None:
        """Where the output starts, in what kind of format."""
        if prompt is not None and not isinstance(prompt, str):
            raise TypeError(f"the prompt is the text that the model was given, or its end, not {type(prompt).__name__}: render it first")
        turn = self._turn
        if turn.table.suffixes is not None and prompt:
            marks = turn.table.suffixes.prompt.findall(prompt, max(len(prompt) - PREFILL, 0))
            if marks:
                fix_suffix(turn, "".join(marks[-1]))
        if (regions := turn.table.format.regions) is not None:
            self._start_regions(regions, prompt)
        elif prompt is None:
            begin_without_prompt(turn, thinking)
        elif (prefix := turn_in(prompt, turn.table.format)) is None:
            if begin_behind(turn, prompt):
                self._is_prefilled()
        elif prefix:
            self._replay(prefix)

    def _start_regions(self, regions: Regions, prompt: str | None) -> None:
        """Where the output of a format starts whose parts are told by a template."""
        from toolparse.templates.template_machine import RegionMachine

        turn = self._turn
        self._regions = machine = RegionMachine(regions, turn.sink, turn.writer, turn.choice, turn.call_begun, turn.is_typed)
        turn.state = self._in_regions
        if prompt:
            prefix, anchored = machine.turn_of(prompt)
            self._total = -len(prefix)
            turn.writer.events = machine.begin_output(self.feed(prefix), anchored)
            self._shortcut = None

    def _in_regions(self, turn: Turn, at: int, last: bool) -> int:
        """The state of such a format."""
        regions = self._regions
        assert regions is not None
        at = regions.step(turn.text, turn.base, at, last)
        if regions.went_back:
            turn.text, turn.base = regions.rest
        return at

    def _is_prefilled(self) -> None:
        """The prompt holds a part of the turn, which tells nothing of the engine."""
        if self._early is not None:
            self._early.prefilled = True

    def _replay(self, prefix: str) -> None:
        """Run the machine over the prompt's part of the turn; its end is where the output starts, and nothing of it is said.

        Text of the prompt that waits has a negative offset and is cut off where it is said. A call that the prompt leaves open is
        the first call of the output: it begins with the output's first events.
        """
        turn = self._turn
        sink, writer = turn.sink, turn.writer
        self._total = -len(prefix)
        self._is_prefilled()
        turn.place = turn.table.place(turn.place.ground, "start")
        events = self.feed(prefix)
        if sink.open and not sink.muted:
            writer.events = [event for event in events if getattr(event, "index", None) == sink.index]
            for event in writer.events:
                event.index = 0  # type: ignore[union-attr]
            sink.index = 0
        else:
            sink.index = -1
        if sink.places is not None:
            sink.places.begin_output(sink.open and not sink.muted)
        self._shortcut = None
        turn.kept.clear()
        if writer.thinking:
            writer.answer.space.clear()
        turn.place = turn.table.behind_prompt(turn.place, prefix, sink.index < 0 and turn.state in (running, behind_header))


def over(turn: Turn, at: int, last: bool) -> int:
    """The state behind the end of the output."""
    raise ValueError("this parser has finished: make a new Parser for each output")


def keeping_places(given: tuple[Any, ...], follows_code: bool) -> tuple[OpenCall, TextWriter]:
    """Where calls and text go, with the places where they stand."""
    from toolparse.engine.places import Places, PlacingCall, PlacingWriter

    places = Places()
    return PlacingCall(*given, places=places), PlacingWriter(follows_code, places)


def keeping_none(given: tuple[Any, ...], follows_code: bool) -> tuple[OpenCall, TextWriter]:
    """Where calls and text go."""
    return OpenCall(*given), TextWriter(follows_code)


POLICIES = {
    "calls_in_reasoning": ("format", "end", "ignore"),
    "bare_calls": ("format", "never"),
    "calls_in_code": ("keep", "content"),
    "unknown_tools": ("keep", "content", "drop"),
    "damaged_markup": ("read", "content"),
}
DEFAULTS = tuple(known[0] for known in POLICIES.values())
LIMITS = (MAX_HELD, MAX_DEPTH, MAX_CALLS)
PLAIN = (*DEFAULTS, "auto", True, None, None, *LIMITS, "stream", False)
"""The options of `parse` with which an output may be plain."""


def check(policies: tuple[str, ...]) -> None:
    """Raises `ValueError` for an unknown policy."""
    for (name, known), value in zip(POLICIES.items(), policies, strict=True):
        if value not in known:
            raise ValueError(f"{name} is one of {', '.join(known)}, not {value!r}")


def check_limits(new_id: object, **limits: object) -> None:
    """Raises `TypeError` for what makes no ids and for a limit that is no number."""
    if new_id is not None and not callable(new_id):
        raise TypeError(f"new_id is a function that makes an id, not {type(new_id).__name__}")
    for name, limit in limits.items():
        if not isinstance(limit, int) or limit < 0:
            raise TypeError(f"{name} is a whole number of 0 or more, not {limit!r}")


@lru_cache(maxsize=512)
def table_options(mode: str, named: bool, bare_calls: str, calls_in_reasoning: str, damaged_markup: str) -> Options:
    """The options of the table; they are the same objects for the same policies, which are quickly compared. `named`: a tool is forced."""
    forced = () if mode != "required" else FORCED_BY_NAME if named else FORCED
    in_reasoning = {"format": None, "end": True, "ignore": False}[calls_in_reasoning]
    return Options(mode != "none", bare_calls == "format", in_reasoning, forced, damaged_markup == "read")


def chosen_format(fmt: str | Format, chat_template: str | None, reasoning: str | Format | None) -> Format:
    """The format that is asked for."""
    chosen = get_format(fmt) if isinstance(fmt, str) and fmt != "auto" else fmt
    if chosen == "auto":
        chosen = format_of_template(chat_template)
    elif chosen is fmt:
        if not isinstance(chosen, Format):
            raise TypeError(f"the format is a name or a Format, not {type(chosen).__name__}; `toolparse.formats()` lists them")
        checked(chosen)
    assert isinstance(chosen, Format)
    if reasoning is None:
        return chosen
    if not isinstance(reasoning, (str, Format)):
        raise TypeError(f"reasoning is the name of a format or a Format, not {type(reasoning).__name__}")
    return with_reasoning(chosen, get_reasoning(reasoning) if isinstance(reasoning, str) else checked(reasoning))


@lru_cache(maxsize=512)
def checked(fmt: Format) -> Format:
    """The format itself, if it can work. Those that have a name were checked when they got it."""
    from toolparse.grammar_check import checked  # which only formats of one's own need

    return checked(fmt)


def format_of_template(chat_template: str | None) -> Format:
    """The format that a chat template's text belongs to. Raises `UnknownFormat` when it tells none."""
    from toolparse.detect import detect  # which stands above the engine; only "auto" needs it

    guess = detect(chat_template=chat_template) if chat_template else None
    if guess is None:
        what = "tells no known format" if chat_template else "is needed"
        raise UnknownFormat(f"for the format 'auto' a chat template {what}; name the format, or see `toolparse formats`")
    return get_format(guess.format)


@lru_cache(maxsize=512)
def with_reasoning(fmt: Format, other: Format) -> Format:
    """The format with the reasoning of another one. Whether a call ends open reasoning stays as the format has it."""
    pairs = other.reasoning
    if fmt.reasoning:
        pairs = tuple(replace(pair, calls=fmt.reasoning[0].calls) for pair in pairs)
    return fmt.variant(
        reasoning=pairs,
        frames=tuple(dict.fromkeys(fmt.frames + other.frames)),
        turn=tuple(dict.fromkeys(fmt.turn + other.turn)),
        special_tokens=tuple(dict.fromkeys(fmt.special_tokens + other.special_tokens)),
    )


def parse(
    text: str,
    fmt: str | Format,
    *,
    truncated: bool = False,
    tools: object = None,
    tool_choice: str | dict[str, Any] = "auto",
    parallel_tool_calls: bool = True,
    prompt: str | None = None,
    chat_template: str | None = None,
    thinking: bool | None = None,
    reasoning: str | Format | None = None,
    calls_in_reasoning: Literal["format", "end", "ignore"] = "format",
    bare_calls: Literal["format", "never"] = "format",
    calls_in_code: Literal["keep", "content"] = "keep",
    unknown_tools: Literal["keep", "content", "drop"] = "keep",
    damaged_markup: Literal["read", "content"] = "read",
    new_id: Callable[[], str] | None = None,
    max_held: int = MAX_HELD,
    max_depth: int = MAX_DEPTH,
    max_calls: int = MAX_CALLS,
    repair: Literal["stream", "whole"] = "stream",
    spans: bool = False,
) -> Message:
    """The message that a whole output is; `truncated` says that it was cut, the other options are those of `Parser`, which is fed once.

    `repair="whole"` gives JSON arguments that the stream had to repair to `toolparse.repair`, which sees all of their text: better
    where a quote is missing, and no longer what a stream would have said. `spans` sets where each part stands.

    >>> parse("4 < 5", "hermes").content
    '4 < 5'

    Raises what `Parser` raises, and `TypeError` for what is no text.
    """
    if not isinstance(text, str):
        raise TypeError(f"the output is a str, not {type(text).__name__}: decode it first")
    if repair not in ("stream", "whole"):
        raise ValueError(f"unknown repair {repair!r}: choose one of stream, whole")
    policies = (calls_in_reasoning, bare_calls, calls_in_code, unknown_tools, damaged_markup)
    given = (tool_choice, parallel_tool_calls, chat_template, reasoning, max_held, max_depth, max_calls, repair, spans)
    if (*policies, *given) == PLAIN and (prompt is None or prompt == "") and not thinking and (new_id is None or callable(new_id)):
        found, tools = plain_message(text, chosen_format(fmt, None, None), tools, new_id, prompt is None and thinking is None)
        if found is not None:
            found.truncated = truncated
            return found
    options: dict[str, Any] = {
        "tools": tools,
        "tool_choice": tool_choice,
        "parallel_tool_calls": parallel_tool_calls,
        "chat_template": chat_template,
        "reasoning": reasoning,
        "calls_in_reasoning": calls_in_reasoning,
        "bare_calls": bare_calls,
        "calls_in_code": calls_in_code,
        "unknown_tools": unknown_tools,
        "damaged_markup": damaged_markup,
        "new_id": new_id,
        "max_held": max_held,
        "max_depth": max_depth,
        "max_calls": max_calls,
    }
    keeps = spans or repair == "whole"
    parser = Parser(fmt, prompt=prompt, thinking=thinking, spans=keeps, **options)
    message = folded(parser.whole(text, truncated), truncated)
    message.output = text
    if keeps:
        parser.locate(message)
    if repair == "whole" and message.tool_calls:
        from toolparse.engine.reread import reread

        chosen = parser.format
        message = reread(text, chosen, message, lambda rest: parse(rest, chosen, truncated=truncated, prompt="", spans=True, **options))
        message.truncated = truncated
    return message


def plain_message(text: str, fmt: Format, tools: object, new_id: Callable[[], str] | None, assumes: bool) -> tuple[Message | None, object]:
    """The message that a text is which the description alone tells, else None; and the tools, which may be prepared by then."""
    plain = plain_turns(fmt)
    request = RequestTools(tools)
    found = plain.read(text, request, new_id, assumes) if plain is not None else None
    return found, request.given
