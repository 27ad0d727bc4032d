"""The push parser: text in pieces in, events out.

What text means is read by the states of `engine/turn.py`. The parser gives them the text that has arrived and not been settled yet. What
waits is kept and put in front of the next piece, so a decision is only ever made with the text that it needs, and never depends on
where pieces end. The prompt's part of the turn goes through the same states first, and nothing of it is said.

Most pieces change nothing: `feed` looks first whether the text simply flows, or only waits, where it stands (`flow`, `passes`,
`rewrites` and `waits` of the codecs, one search in running text).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from toolparse.codecs import Reader
from toolparse.codecs.strict_json import LONGEST, StrictJson
from toolparse.engine.missed_calls import Start, may_tell, remains
from toolparse.engine.prose import Voice
from toolparse.engine.tool_choice import ARGUMENTS, LISTED, read_choice
from toolparse.engine.turn import HELD_SPACE, TurnMachine
from toolparse.events import CallArguments, Content, Event, Problem, Reasoning
from toolparse.formats import UnknownFormat, get_format, get_reasoning
from toolparse.grammar import Format
from toolparse.message import Message, MessageBuilder
from toolparse.wire.call_watch import CallWatch, looks
from toolparse.wire.markers import SPACE, spellings
from toolparse.wire.open_call import NEW_ID, OpenCall
from toolparse.wire.token_runs import Runs

if TYPE_CHECKING:
    from toolparse.templates.template_machine import RegionMachine

SHORT = 96
"""Text shorter than this may wait unread where a codec would only hold it."""
PREFILL = 4096
"""How many characters of the prompt's end may tell the suffix of the markers."""


class Parser(TurnMachine):
    """Reads one output of a model, in pieces.

    >>> parser = Parser("hermes")
    >>> parser.feed('Hi <tool_call>{"name": "f", "argum')
    [Content(text='Hi')]
    >>> parser.feed('ents": {}}</tool_call>')[1:]
    [CallArguments(index=0, text='{}'), CallEnd(index=0, complete=True, end=49)]

    `fmt` is a format or any of its names, or "auto" with the `chat_template` that tells it. `tools` are OpenAI tool definitions
    or a `toolparse.Tools`. `prompt` is the rendered prompt or its tail: it decides where the output starts; "" says that nothing
    is pre-filled, None that it is unknown (`thinking` is then a hint). `reasoning` replaces the reasoning markers by those of
    another format. The policies are those of the documentation; `new_id` makes call ids. `max_held` (characters), `max_depth` and
    `max_calls` are limits. Raises `UnknownFormat` for an unknown name and `ValueError` for an unknown policy; model output never
    raises.
    """

    __slots__ = (
        "_early", "_finished", "_first", "_flow", "_flow_index", "_held", "_live", "_passes", "_regions", "_rewrites",
        "_total", "_waits",
    )  # fmt: skip

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
        max_held: int = 1_048_576,
        max_depth: int = 256,
        max_calls: int = 4096,
    ) -> None:
        chosen = format_of_template(chat_template) if fmt == "auto" else get_format(fmt) if isinstance(fmt, str) else fmt
        if reasoning is not None:
            chosen = with_reasoning(chosen, get_reasoning(reasoning) if isinstance(reasoning, str) else reasoning)
        for value, known in (
            (calls_in_reasoning, ("format", "end", "ignore")),
            (bare_calls, ("format", "never")),
            (calls_in_code, ("keep", "content")),
            (unknown_tools, ("keep", "content", "drop")),
            (damaged_markup, ("read", "content")),
        ):
            if value not in known:
                raise ValueError(f"unknown policy {value!r}: choose one of {', '.join(known)}")
        in_reasoning = {"format": None, "end": True, "ignore": False}[calls_in_reasoning]
        choice = read_choice(tool_choice)
        forced = () if choice.mode != "required" else (ARGUMENTS, LISTED) if choice.name else (LISTED,)
        sink = OpenCall(
            tools,
            new_id or NEW_ID[chosen.id],
            self._call_begun,
            unknown_tools,
            not parallel_tool_calls,
            choice.allowed,
            max_calls,
            max_held,
        )
        lexicon_options = (choice.mode != "none", bare_calls == "format", in_reasoning, forced, damaged_markup == "read")
        super().__init__(chosen, lexicon_options, choice, sink, Voice(max_held, calls_in_code == "content"), max_depth)
        self._held = ""
        self._total = 0
        self._live: Reader | None = None
        self._passes: StrictJson | None = None
        self._rewrites: Callable[[str], str | None] | None = None
        self._waits: Callable[[str], object] | None = None
        self._flow: Callable[[str], re.Match[str] | None] | None = None
        self._flow_index = -1
        self._early = Start() if tools is not None and choice.mode != "none" and may_tell(chosen) else None
        self._finished = False
        self._first: list[Event] = []
        if choice.mode != "none" and chosen.calls:
            self._voice.watch = CallWatch()
        if self._suffixes is not None and prompt:
            marks = self._suffixes.prompt.findall(prompt, max(len(prompt) - PREFILL, 0))
            if marks:
                self._fix_suffix("".join(marks[-1]))
        self._regions: RegionMachine | None = None
        if chosen.regions is not None:
            from toolparse.templates.template_machine import RegionMachine

            self._regions = RegionMachine(self, chosen.regions, prompt)
            self._state = self._regions.step
        else:
            self._begin(prompt, thinking)

    # -- the outside ----------------------------------------------------------------------------------------------------------------

    def feed(self, text: str, special: bool | None = None) -> list[Event]:
        """Take a piece of the output; return the events that are certain now.

        `special`, from an engine that knows token ids: True, the piece came from special tokens (it may be a marker); False, from
        ordinary ones (it is typed text and never a special-token marker); None, unknown.
        """
        held = self._held
        if special is None:
            flow = self._flow
            if flow is not None:
                joined = held + text if held else text
                found = flow(joined)
                index = self._flow_index
                if found is None:
                    if not joined:
                        return []
                    self._total += len(text)
                    if held:
                        self._held = ""
                    if index == -1 and (early := self._early) is not None and early.limit:
                        early.add(joined)
                    return [Content(joined) if index == -1 else CallArguments(index, joined) if index >= 0 else Reasoning(joined)]
                if index < 0 and found.lastindex == 1:
                    start = found.start()
                    if len(joined) - start < HELD_SPACE:
                        self._total += len(text)
                        self._held = joined[start:]
                        if not start:
                            return []
                        joined = joined[:start]
                        if index == -1 and (early := self._early) is not None and early.limit:
                            early.add(joined)
                        return [Content(joined) if index == -1 else Reasoning(joined)]
                if index < 0 and found.lastgroup == "look":
                    end = self._end_of_said(joined, self._watch.search(joined, found.start()))
                    if end >= 0:
                        self._total += len(text)
                        self._held = joined[end:]
                        if index == -1 and (early := self._early) is not None and early.limit:
                            early.add(joined[:end])
                        self._flow = self._watched
                        if found.end() >= end:
                            self._voice.watch.pending = joined[found.start() : end]  # type: ignore[union-attr]
                        else:
                            self._show(joined[:end], self._total - len(self._held))
                        return [Content(joined[:end]) if index == -1 else Reasoning(joined[:end])]
            reader = self._live
            rewrites = self._rewrites
            if reader is not None and rewrites is not None and text:
                written = rewrites(held + text)
                if written is not None:
                    self._total += len(text)
                    self._held = ""
                    self._flow = reader.flow
                    return [CallArguments(self._flow_index, written)]
            waits = self._waits
            if waits is not None:
                joined = held + text
                if len(joined) < SHORT and waits(joined):
                    self._total += len(text)
                    self._held = joined
                    return []
            if reader is not None:
                joined = held + text if held else text
                passes = self._passes
                if passes is None:
                    return self._feed_call(reader, joined, len(text), 0)
                at = passes.read(joined)
                if at < 0:
                    return self._feed_call(reader, joined, len(text), ~at)
                self._total += len(text)
                self._held = joined[at:]
                self._flow = passes.state.flow
                return [CallArguments(self._flow_index, joined[:at])] if at else []
        if special is not None or self._runs is not None:
            if self._runs is None:
                self._runs = Runs(self._written.special_tokens)
            self._runs.add(self._total, special)
        self._total += len(text)
        events = self._voice.events = self._sink.events = self._first
        self._first = []
        self._text = held + text
        self._run(False)
        if self._early is not None:
            self._remember(self._early, events)
        return events

    def _watched(self, text: str) -> re.Match[str] | None:
        """The search of running text while the watch wants to see all of it: what will be said is shown to it."""
        watch = self._voice.watch
        assert watch is not None
        found = self._watch.search(text)
        end = self._end_of_said(text, found)
        if end < 0:
            return found
        said = text[:end]
        if not watch.open:
            begun = watch.pending + said
            look = looks(begun)
            if look is None:  # the usual case: nothing came of it
                watch.pending = ""
                self._flow = flow = self._watch.flow
                return flow(text)
            if look.end() == len(begun):
                watch.pending = begun
                return found
        self._show(said, self._total - len(self._held) + end)
        return found

    @staticmethod
    def _end_of_said(text: str, found: re.Match[str] | None) -> int:
        """How much of running text is said at once, by what the search found in it; -1 where the machine must look."""
        if found is None:
            return len(text)
        return found.start() if found.lastindex == 1 and len(text) - found.start() < HELD_SPACE else -1

    def _show(self, text: str, end: int) -> None:
        """Show the watch what is said of running text; it ends at the offset `end`."""
        watch = self._voice.watch
        assert watch is not None
        watch.add(text, end, self._flow_index == -2)
        if not watch.open:
            self._flow = self._watch.flow

    def _feed_call(self, reader: Reader, text: str, added: int, at: int) -> list[Event]:
        """The short way for text inside an open call, which is most of what is not prose; it passes as it is up to `at`."""
        sink = self._sink
        total = self._total = self._total + added
        sink.base = total - len(text)
        events: list[Event] = []
        sink.events = events
        if at:
            sink.parts.append(text[:at])
        at = reader.step(text, at, False)
        if reader.done:
            self._voice.events = events
            self._text = text
            self._run(False, at)
            return events
        parts = sink.parts
        if parts and not sink.muted:
            events.append(CallArguments(sink.index, parts[0] if len(parts) == 1 else "".join(parts)))
            parts.clear()
        self._held = text[at:]
        if sink.open and not sink.muted:
            self._follow(reader)
        else:
            self._live = self._passes = self._flow = self._waits = None
        return events

    def finish(self, truncated: bool = False) -> list[Event]:
        """The output has ended; return the last events. `truncated` says that it was cut, by a token limit for instance."""
        events = self._voice.events = self._sink.events = self._first
        self._first = []
        if self._finished:
            return events
        while True:
            self._text = self._held
            self._run(True)
            if self._state != self._call:
                break
            self._sink.base = self._total - len(self._held)
            self._reader.finish(len(self._held))
            self._sink.flush()
            if not self._reader.refused:
                break
            self._text = self._held
            self._raw_from = 0
            at = self._give_back_and_go(len(self._text))
            self._held = self._text[at:]
        self._flow = None
        if self._state == self._stopped and self._voice.tagged:
            self._drop_between()
        if self._pair is None and not self._voice.block and self._voice.gap:
            gap = "".join(self._voice.gap)
            if self._state == self._stopped:
                tail = "".join(self._tail)
                before = (space for stop, space in self._lex.before_stop.items() if tail.startswith(stop))
                gap = gap.removesuffix(next(before, ""))
            if gap:
                events.append(Content(gap))
        if self._choice.mode != "none":
            self._look_for_missed_calls(events)
        if self._choice.mode == "required" and self._sink.index < 0:
            events.append(Problem("no_call", "the request wants a call and none came", None, self._total, "error"))
        self._voice.gap.clear()
        self._tail = []
        self._finished = True
        return events

    def _remember(self, early: Start, events: list[Event]) -> None:
        """Keep the content's start."""
        for event in events:
            if type(event) is Content and early.limit:
                early.add(event.text)

    def _look_for_missed_calls(self, events: list[Event]) -> None:
        """Report content that looks like a call; `events` are the last ones."""
        lost = None
        if self._early is not None and self._sink.index < 0:
            self._remember(self._early, events)
            if not self._knows_special_tokens():
                lost = remains(self._written, self._early.text, lambda: self._sink.tools)
        watch = self._voice.watch
        regions = watch.regions() if watch is not None and watch.noticed else ()
        if regions or lost:
            from toolparse.engine.attempts import judge

            events.extend(judge(self._written, regions, self._sink.tools, self._read_as, lost))

    def _knows_special_tokens(self) -> bool:
        """Whether the output has shown that the engine does not skip special tokens."""
        if self._runs is not None:
            return True
        openers = {text for pair in self._pairs if not pair.assumed for text in spellings(pair.open)}
        return self._voice.thought and not self._prefilled and bool(openers) and openers <= set(self._written.special_tokens)

    def _read_as(self, fmt: Format, text: str) -> Message:
        """The message that a text is in another format."""
        parser = Parser(fmt, tools=self._sink.tools, prompt="")
        parser._voice.watch = parser._early = None
        builder = MessageBuilder()
        for event in (*parser.feed(text), *parser.finish()):
            builder.add(event)
        return builder.message

    @property
    def held(self) -> int:
        """How many characters wait: what may be a marker, framing, an unconfirmed call or a doubtful value."""
        if self._finished:
            return 0
        waiting = sum(map(len, self._voice.gap)) + sum(map(len, self._tail)) + sum(map(len, self._raw))
        if self._state == self._call and not self._sink.trial:
            waiting += self._reader.held
        if self._regions is not None:
            waiting += self._regions.held
        return min(len(self._held) + waiting, self._total)

    @property
    def read(self) -> int:
        """The offset in the output up to which text has been read. Nothing has been decided of the text behind it, all of which waits."""
        return max(self._total - len(self._held), 0)

    @property
    def in_reasoning(self) -> bool:
        """Whether a reasoning block is open."""
        return self._pair is not None or (self._regions is not None and self._regions.in_reasoning)

    # -- running --------------------------------------------------------------------------------------------------------------------

    def _run(self, last: bool, at: int = 0) -> None:
        self._sink.base = self._base = self._total - len(self._text)
        self._raw_from = 0
        self._begun = None
        while True:
            at = self._state(at, last)
            if at < 0:
                at = ~at
                break
        if self._sink.trial and self._state == self._call:
            self._raw.append(self._text[self._raw_from : at])
        elif self._sink.open:
            self._sink.flush()
        self._held = self._text[at:]
        self._base += at
        if self._runs is not None:
            self._runs.forget(self._base)
        self._set_flow()

    def _set_flow(self) -> None:
        """Remember in which way most text would simply flow from here."""
        self._flow = self._live = self._passes = self._rewrites = self._waits = None
        if self._runs is not None or self._base < 0:
            return
        if self._regions is not None:
            self._flow, self._flow_index = self._regions.flow()
            return
        if self._state == self._call:
            sink = self._sink
            if sink.open and not sink.muted:
                self._live = self._reader
                self._follow(self._reader)
        elif self._state == self._prose and len(self._held) < HELD_SPACE and self._voice.flows:
            watch = self._voice.watch
            self._flow = self._watch.search if watch is None else self._watched if watch.open or watch.pending else self._watch.flow
            self._flow_index = -1 if self._pair is None else -2
        if self._live is None and self._max_held >= LONGEST:
            self._waits = self._begun

    def _follow(self, reader: Reader) -> None:
        """Remember the short ways of the codec that reads: it passes text on, or only holds what comes, or lets it flow or rewrites it."""
        self._flow_index = self._sink.index
        self._passes = passes = reader.passes
        if passes is not None:
            self._flow = passes.state.flow
            return
        self._waits = waits = reader.waits if self._max_held >= LONGEST else None
        self._flow = reader.flow if waits is None and not self._held else None
        self._rewrites = reader.rewrites if waits is None else None

    # -- the start --------------------------------------------------------------------------------------------------------------------

    def _begin(self, prompt: str | None, thinking: bool | None) -> None:
        """Where the output starts: what the prompt left open, or what is assumed."""
        if prompt is None:
            pair = next((pair for pair in self._pairs if pair.assumed or (thinking and self._headers is None)), None)
            if pair is not None and thinking is not False:
                self._enter(pair)
                self._voice.echo = True
                self._voice.block = True
            return
        turn = self._turn(prompt)
        if turn is None:
            self._end_of_prompt(prompt)
        elif turn:
            self._replay(turn)

    def _turn(self, prompt: str) -> str | None:
        """What the prompt holds of the assistant's turn; None when its opener is not there."""
        openers = [opener.strip(SPACE) for opener in self._written.turn]
        begin = max((at + len(opener) for opener in openers if (at := prompt.rfind(opener)) >= 0), default=-1)
        return prompt[begin:] if begin >= 0 else None

    def _end_of_prompt(self, prompt: str) -> None:
        """Only a reasoning marker at the very end of the prompt counts."""
        end = prompt.rstrip(SPACE)
        for pair in self._pairs:
            if end.removesuffix(pair.reflection).endswith(spellings(pair.open)):
                self._enter(pair)
                self._voice.echo = self._voice.block = True
                return
            if end.endswith(spellings(pair.close)):
                self._voice.block = self._voice.again = self._prefilled = True
                return
        for frame in self._lex.frame_openers.values():
            if end.endswith(spellings(frame.open)):
                self._frame = frame

    def _replay(self, turn: str) -> None:
        """Run the machine over the prompt's part of the turn; its end is where the output starts, and nothing of it is said.

        Text of the prompt that waits has a negative offset and is cut off where it is said. A call that the prompt leaves open is
        the first call of the output: it begins with the output's first events.
        """
        self._total = -len(turn)
        self._prefilled = True
        events = self.feed(turn)
        sink = self._sink
        if sink.open and not sink.muted:
            self._first = [event for event in events if getattr(event, "index", None) == sink.index]
            for event in self._first:
                event.index = 0  # type: ignore[union-attr]
            sink.index = self._flow_index = 0
        else:
            sink.index = -1
        self._flow = self._live = self._passes = self._rewrites = self._waits = None
        self._tail = []
        self._voice.outer_gap = []
        markers = [text for pair in self._pairs for marker in (pair.open, pair.close) for text in spellings(marker)]
        if sink.index < 0 and self._state == self._prose and not any(marker in turn for marker in markers):
            self._voice.fresh = True
        if self._pair is not None:
            self._voice.echo = turn.rstrip(SPACE).endswith(spellings(self._pair.open))
        else:
            closers = tuple(text for pair in self._pairs for text in spellings(pair.close))
            self._voice.again = self._voice.again or turn.rstrip(SPACE).endswith(closers)


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
        pairs = tuple(replace(pair, ended_by_call=fmt.reasoning[0].ended_by_call) for pair in pairs)
    return fmt.variant(
        reasoning=pairs,
        frames=tuple(dict.fromkeys(fmt.frames + other.frames)),
        turn=tuple(dict.fromkeys(fmt.turn + other.turn)),
        special_tokens=tuple(dict.fromkeys(fmt.special_tokens + other.special_tokens)),
    )


def parse(text: str, fmt: str | Format, *, truncated: bool = False, **options: Any) -> Message:
    """The message that a whole output is. `options` are those of `Parser`; the stream parser is fed once.

    >>> parse("4 < 5", "hermes").content
    '4 < 5'
    """
    parser = Parser(fmt, **options)
    builder = MessageBuilder()
    builder.truncated = truncated
    for event in parser.feed(text):
        builder.add(event)
    for event in parser.finish(truncated):
        builder.add(event)
    message = builder.message
    message.output = text
    return message
