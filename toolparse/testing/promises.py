"""The test kit: the promises of the documentation, checked over any format and any vectors.

For authors of formats and of engines: `check_format` runs everything, and each promise is a function of its own that can be used
alone. Knows events and format descriptions; a parser is only what has `feed` and `finish`, so one that is not ours can be checked
through an adapter that yields our events. Needs no test framework: what is broken is an `AssertionError` that says what and where.

    check_format("hermes")
    check_format("hermes", "vectors/hermes.jsonl")
    check_format("hermes", "vectors/hermes.jsonl", make_parser=lambda fmt, **options: MyAdapter(**options))
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from os import PathLike
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any, NoReturn, Protocol, Union

from toolparse.events import CallArguments, CallEnd, CallStart, Content, Event, Problem, Reasoning
from toolparse.formats import get_format
from toolparse.grammar import Channels, Format
from toolparse.jsontext.characters import ESCAPE, SPACE
from toolparse.jsontext.scalars import is_number, refuse
from toolparse.parser import Parser
from toolparse.wire.spellings import spellings

LATE = 40
"""Characters that a whole, valid output may leave to `finish()`: the longest marker and a little framing."""
NOISE = 0.02
"""Seconds that say nothing about growth."""
CLOCK = time.process_time if time.get_clock_info("process_time").resolution < 1e-4 else time.perf_counter
MUTATIONS = 4
"""Damaged copies of each vector that `check_format` makes."""


class StreamParser(Protocol):
    """What is checked: anything that takes pieces of text and gives our events. `held`, if it has one, is checked too."""

    def feed(self, text: str, /) -> Iterable[Event]: ...

    def finish(self) -> Iterable[Event]: ...


MakeParser = Callable[..., StreamParser]
NewParser = Callable[[], StreamParser]
Vector = Mapping[str, Any]
Vectors = Union[str, "PathLike[str]", Iterable[Vector]]


# -- everything -----------------------------------------------------------------------------------------------------------------------


def check_format(fmt: str | Format, vectors: Vectors = (), *, make_parser: MakeParser = Parser, seed: int = 0) -> None:
    """Check every promise over a format; raise `AssertionError` naming what is broken, with the text and the pieces that show it.

    `vectors` is a JSONL file, or its lines as dicts: each has `text`, `tools`, `prefill` (the end of the prompt), `expect` and
    `kind`. `make_parser(fmt, tools=…, prompt=…)` makes the parser to check. `seed` chooses the random chunkings and mutations; the
    same seed checks the same things.
    """
    fmt = get_format(fmt) if isinstance(fmt, str) else fmt
    faults = []
    cases = read_vectors(vectors)
    for case in cases:
        try:
            check_vector(fmt, case, make_parser=make_parser, seed=seed)
        except AssertionError as fault:
            faults.append(f"{case.get('id', 'a vector')}: {fault}")
    for name, text, case in damaged(fmt, cases, seed):
        try:
            check_text(fmt, text, make_parser=make_parser, seed=seed, tools=case.get("tools"), prompt=case.get("prefill") or "")
        except AssertionError as fault:
            faults.append(f"{name}: {fault}")
    for flood in floods(fmt, cases):
        try:
            check_linear(lambda: make_parser(fmt, tools=None, prompt=""), *flood)
        except AssertionError as fault:
            faults.append(f"flood: {fault}")
    if faults:
        raise AssertionError(f"{fmt.name}: {len(faults)} faults\n" + "\n".join(faults))


def check_vector(fmt: Format, case: Vector, *, make_parser: MakeParser = Parser, seed: int = 0) -> None:
    """One vector: the expected result, the promises on its text, and that it streams."""
    text = case["text"]
    options: dict[str, Any] = {"tools": case.get("tools") or None, "prompt": case.get("prefill") or ""}

    def new() -> StreamParser:
        return make_parser(fmt, **options)

    check_result(case["expect"], read(new(), [text]))
    check_text(fmt, text, make_parser=make_parser, seed=seed, **options)
    if case.get("kind") == "canonical":
        check_streams(new, text)


def check_text(
    fmt: Format, text: str, *, make_parser: MakeParser = Parser, seed: int = 0, pieces: Sequence[str] = (), **options: Any
) -> list[Event]:
    """Check the promises that hold for any text whatever; return the events of the whole text.

    `options` are passed to `make_parser` (`tools`, `prompt` and so on); `pieces` is a chunking to try besides the usual ones.
    """

    def new() -> StreamParser:
        return make_parser(fmt, **options)

    events = read(new(), [text])
    check_well_formed(events, text)
    check_arguments(events, text)
    check_spans(fmt, events, text, fenced=options.get("tool_choice", "auto") not in ("auto", "none"))
    check_chunkings(new, text, events, [*chunkings(text, seed), *([list(pieces)] if pieces else [])])
    check_held(new, text)
    return events


# -- reading ----------------------------------------------------------------------------------------------------------------------------


def read_vectors(vectors: Vectors) -> list[Vector]:
    """The vectors of a JSONL file, or those given."""
    if isinstance(vectors, (str, PathLike)):
        lines = Path(vectors).read_text(encoding="utf-8").split("\n")
        return [json.loads(line) for line in lines if line.strip()]
    return list(vectors)


def read(parser: StreamParser, pieces: Iterable[str]) -> list[Event]:
    """All events of an output that arrives in these pieces. What the parser raises is a broken promise."""
    pieces = list(pieces)
    events: list[Event] = []
    try:
        for piece in pieces:
            events.extend(parser.feed(piece))
        events.extend(parser.finish())
    except Exception as error:
        raise AssertionError(f"raised {type(error).__name__}: {error}{shown(''.join(pieces), pieces)}") from error
    return events


def chunkings(text: str, seed: int = 0) -> Iterator[list[str]]:
    """Ways to cut a text: by character, in small equal pieces, and at random with empty pieces. The same seed cuts the same way."""
    yield list(text)
    yield [text[at : at + 4] for at in range(0, len(text), 4)]
    random = Random(f"{seed}:{text!r}")
    for _ in range(2):
        yield cut(text, random)


def cut(text: str, random: Random) -> list[str]:
    """The text in pieces of random lengths, some of them empty."""
    pieces = []
    at = 0
    while at < len(text):
        length = random.choice((0, 1, 1, 2, 3, 5, 8, 13, 40))
        pieces.append(text[at : at + length])
        at += length
    return pieces


def joined(events: Iterable[Event], text: str) -> list[Event]:
    """The events with neighbours of one kind joined, and without the ids that the text does not hold (they are made up)."""
    out: list[Event] = []
    for event in events:
        last = out[-1] if out else None
        if isinstance(event, Content) and isinstance(last, Content):
            out[-1] = Content(last.text + event.text)
        elif isinstance(event, Reasoning) and isinstance(last, Reasoning):
            out[-1] = Reasoning(last.text + event.text)
        elif isinstance(event, CallArguments) and isinstance(last, CallArguments) and last.index == event.index:
            out[-1] = CallArguments(event.index, last.text + event.text)
        elif isinstance(event, CallStart) and event.id not in text:
            out.append(CallStart(event.index, "", event.name, event.start))
        else:
            out.append(event)
    return out


def fail(what: str, text: str, pieces: Sequence[str] = ()) -> NoReturn:
    raise AssertionError(what + shown(text, pieces))


def shown(text: str, pieces: Sequence[str] = ()) -> str:
    """The text of a failure, and how it was cut; the middle of a long one is left out."""

    def short(value: object) -> str:
        full = repr(value)
        return full if len(full) <= 4000 else f"{full[:2000]} … {full[-2000:]}"

    return f"\n  text: {short(text)}" + (f"\n  pieces: {short(list(pieces))}" if len(pieces) > 1 else "")


# -- the promises, one by one -----------------------------------------------------------------------------------------------------------


def check_result(expect: Vector, events: Iterable[Event]) -> None:
    """The content, the reasoning and the calls are those that a vector expects."""
    events = list(events)
    for field, kind in (("content", Content), ("reasoning", Reasoning)):
        got = "".join(event.text for event in events if isinstance(event, kind))
        if got != (expect.get(field) or ""):
            raise AssertionError(f"{field} is {got or None!r}, expected {expect.get(field)!r}")
    starts = [event for event in events if isinstance(event, CallStart)]
    wanted = expect.get("tool_calls") or []
    if [start.name for start in starts] != [call["name"] for call in wanted]:
        raise AssertionError(f"the calls are {[start.name for start in starts]}, expected {[call['name'] for call in wanted]}")
    for start, call in zip(starts, wanted, strict=True):
        text = "".join(event.text for event in events if isinstance(event, CallArguments) and event.index == start.index)
        complete = any(isinstance(event, CallEnd) and event.index == start.index and event.complete for event in events)
        check_call(start, text, complete, call)


def check_call(start: CallStart, text: str, complete: bool, expect: Vector) -> None:
    """One call is the one that a vector expects."""
    where = f"call {start.index} ({start.name})"
    if complete != expect.get("complete", True):
        raise AssertionError(f"{where} is {'' if complete else 'not '}complete: {text!r}")
    if expect.get("id") and start.id != expect["id"]:
        raise AssertionError(f"{where} has the id {start.id!r}, expected {expect['id']!r}")
    if not complete:
        if not without_spaces(text).startswith(without_spaces(expect.get("arguments_text_prefix", ""))):
            raise AssertionError(f"{where}: arguments are {text!r}, expected {expect['arguments_text_prefix']!r} at the start")
    elif not equal(strict_json(text), expect["arguments"]):
        raise AssertionError(f"{where}: arguments are {text}, expected {json.dumps(expect['arguments'], ensure_ascii=False)}")


def check_well_formed(events: Iterable[Event], text: str) -> None:
    """Calls are numbered from 0; between the start and the end of a call is only what belongs to it; no text is empty."""
    calls = 0
    opened: int | None = None
    at = 0
    for event in events:
        if isinstance(event, (Content, Reasoning, CallArguments)) and not event.text:
            fail(f"an empty text: {event}", text)
        if isinstance(event, (Content, Reasoning, CallStart)) and opened is not None:
            fail(f"inside call {opened}: {event}", text)
        if isinstance(event, (CallArguments, CallEnd)) and event.index != opened:
            fail(f"not inside call {event.index}: {event}", text)
        if isinstance(event, CallStart):
            if event.index != calls or not event.name.strip() or not event.id:
                fail(f"call {calls} needs its index, a name and an id: {event}", text)
            if not at <= event.start <= len(text):
                fail(f"a call starts at {event.start}, outside {at} to {len(text)}: {event}", text)
            at, opened, calls = event.start, event.index, calls + 1
        elif isinstance(event, CallEnd):
            if not (at < event.end <= len(text) or at == event.end == 0):  # the prompt may have opened a call that gets no text
                fail(f"a call that starts at {at} ends at {event.end}, in a text of {len(text)} characters: {event}", text)
            at, opened = event.end, None
        elif isinstance(event, Problem):
            if event.index not in (opened, None) or not event.kind or not event.message:
                fail(f"a problem of another call, or without a kind or a message: {event}", text)
            if not 0 <= event.position <= len(text):
                fail(f"a problem outside the text of {len(text)} characters: {event}", text)
    if opened is not None:
        fail(f"call {opened} has no end", text)


def check_arguments(events: Iterable[Event], text: str) -> None:
    """Arguments are valid JSON when the call is complete, an object unless a problem says so, and completable at every moment."""
    arguments = JsonPrefix()
    reported = False
    for event in events:
        if isinstance(event, CallStart):
            arguments, reported = JsonPrefix(), False
        elif isinstance(event, Problem):
            reported = reported or event.severity == "error"
        elif isinstance(event, CallArguments):
            try:
                arguments.feed(event.text)
                arguments.completion()
            except ValueError as error:
                fail(f"call {event.index}: {error}: {arguments.text!r}", text)
        elif isinstance(event, CallEnd) and event.complete:
            if not arguments.text or arguments.completion():
                fail(f"call {event.index} is complete, its arguments are not: {arguments.text!r}", text)
            strict_json(arguments.text)
            if not arguments.text.lstrip(SPACE).startswith("{") and not reported:
                fail(f"call {event.index}: the arguments are no object, and no problem says so: {arguments.text!r}", text)


def check_chunkings(new: NewParser, text: str, events: Iterable[Event], ways: Iterable[Sequence[str]]) -> None:
    """Any chunking gives the events of the whole text, neighbours of one kind joined; and no moment of it is ill-formed."""
    whole = joined(events, text)
    parser = new()
    if isinstance(parser, Parser) and joined(parser.whole(text), text) != whole:
        fail("`parse`, which knows that the text is whole, says something else", text)
    for pieces in ways:
        got = read(new(), pieces)
        check_arguments(got, text)
        check_well_formed(got, text)
        got = joined(got, text)
        if got != whole:
            at = next((at for at, pair in enumerate(zip(got, whole, strict=False)) if pair[0] != pair[1]), min(len(got), len(whole)))
            fail(f"the chunking matters: event {at} is {got[at : at + 1]}, of the whole text {whole[at : at + 1]}", text, pieces)


def check_held(new: NewParser, text: str) -> None:
    """`held` counts what waits: never more than was fed, nothing in the end, and in plain content exactly what is not out yet."""
    parser = new()
    if not hasattr(parser, "held"):
        return
    events: list[Event] = []
    waiting = []
    out = 0
    for fed, character in enumerate(text, 1):
        for event in parser.feed(character):
            events.append(event)
            if isinstance(event, Content):
                out += len(event.text)
        waiting.append((fed, out, parser.held))
        if not 0 <= parser.held <= fed:
            fail(f"{parser.held} characters are held after {fed}", text)
    events.extend(parser.finish())
    if parser.held:
        fail(f"{parser.held} characters are held after finish()", text)
    if joined(events, text) == [Content(text)]:
        wrong = next((moment for moment in waiting if moment[0] != moment[1] + moment[2]), None)
        if wrong is not None:
            fail("of {} characters fed {} are out and {} held".format(*wrong), text)


def check_streams(new: NewParser, text: str) -> None:
    """Fed by character, nearly everything is out before the end."""
    parser = new()
    for character in text:
        parser.feed(character)
    late = sum(len(event.text) for event in parser.finish() if isinstance(event, (Content, Reasoning, CallArguments)))
    if late > LATE:
        fail(f"{late} characters came out only at finish()", text)


def check_spans(fmt: Format, events: Sequence[Event], text: str, *, fenced: bool = False) -> None:
    """Every character is in one span: content, reasoning and calls lie in the text in the order of the events, and what is between
    them is framing: white space, a marker of the format, or text that a problem reports. Where an option dropped a call, its text
    is retold in a problem and not looked for. `fenced`: the request forces a call, which may stand in a code fence.
    """
    problems = [event for event in events if isinstance(event, Problem)]
    if any(problem.kind == "dropped_call" or "one was dropped" in problem.message for problem in problems):
        return
    events = [event for event in joined(events, text) if not isinstance(event, CallArguments)]
    framing = Framing(fmt, text, [problem for problem in problems if problem.index is None])
    framing.markers += ("```json", "```") if fenced else ()
    at = framing.skip({0}, behind_call=False)
    for event in events:
        if isinstance(event, (Content, Reasoning)):
            before, at = at, framing.lay(at, event.text.strip(SPACE), isinstance(event, Reasoning))
            if not at:
                fail(f"from {min(before)} on, the text does not hold this, or something else was lost before it: {event}", text)
            at = framing.skip(at, behind_call=False)
        elif isinstance(event, CallStart):
            if event.start not in at:
                fail(f"between {min(at)} and {event.start} text was lost or used twice, before {event}", text)
        elif isinstance(event, CallEnd):
            at = framing.skip({event.end}, behind_call=True)
    if len(text) not in at:
        fail(f"the end of the text was lost, from {max(at)} on", text)
    if {type(event) for event in events} == {Content} and not any(marker in text for marker in framing.markers):
        (content,) = (event for event in events if isinstance(event, Content))
        if content.text != text and content.text != text.lstrip(SPACE):
            fail(f"the text has no marker, but is not the content: {content}", text)


class Framing:
    """Which characters of a text may be framing. Positions are sets, for a marker may be framing in one place and text in another."""

    def __init__(self, fmt: Format, text: str, problems: Iterable[Problem]) -> None:
        self.text = text
        self.markers = tuple(marker for marker in (*markers(fmt), *suffixed(fmt, text)) if len(marker) > 2)
        self.channels = fmt.channels
        self.separators = separators(fmt)
        self.reported: dict[int, set[int]] = {}
        for problem in problems:
            self.reported.setdefault(problem.position, set()).update(self.told(problem))

    def told(self, problem: Problem) -> Iterator[int]:
        """Where the text ends that a problem quotes at its position, as it stands or as Python writes it; white space aside. A comment
        is not quoted: it goes to the end of its line at most, or to where it is closed.
        """
        message = "".join(problem.message.split())
        plain = message.replace("\\\\", "\\").replace("\\'", "'")
        if problem.kind == "comment":
            close = "*/" if self.text.startswith("/*", problem.position) else "\n"
            end = self.text.find(close, problem.position)
            yield from range(problem.position, len(self.text) + 1 if end < 0 else end + len(close) + 1)
        quoted = ""
        for at in range(problem.position, len(self.text)):
            quoted += self.text[at].strip()
            if not any(written in said for said in (message, plain) for written in (quoted, repr(quoted)[1:-1])):
                break
            yield at + 1

    def steps(self, at: int, separators: str) -> Iterator[int]:
        """Where a piece of framing that begins at `at` may end."""
        yield from (at + len(marker) for marker in self.markers if self.text.startswith(marker, at))
        yield from self.reported.get(at, ())
        if self.channels is not None and (at == 0 or self.text.startswith(header_marks(self.channels), at)):
            ends = [end + len(mark) for mark in self.channels.close if (end := self.text.find(mark, at)) >= 0]
            again = [end for mark in header_marks(self.channels) if (end := self.text.find(mark, at + 1)) >= 0]
            yield from again
            yield min(ends, default=len(self.text))
        if self.text[at : at + 1] and self.text[at] in separators:
            yield at + 1

    def skip(self, positions: set[int], behind_call: bool, edge: bool = True) -> set[int]:
        """All positions that framing leads to. Not at an `edge`, white space is framing only beside a marker."""
        separators = self.separators if behind_call else ""
        reached = set(positions)
        waiting = [(at, edge) for at in positions]
        while waiting:
            at, free = waiting.pop()
            here = at
            while True:
                ends = {(end, True) for end in self.steps(here, separators)}
                if free:
                    ends.add((here, True))
                new = [step for step in ends if step[0] not in reached]
                reached.update(end for end, _ in new)
                waiting.extend(new)
                if here == len(self.text) or self.text[here] not in SPACE:
                    break
                here += 1
        return reached

    def lay(self, positions: set[int], words: str, joints: bool) -> set[int]:
        """Where the words may end that begin at one of the positions. `joints`: a newline may stand for the gap between two blocks."""
        for character in words:
            further = self.skip(positions, behind_call=False, edge=False)
            after = {at + 1 for at in further if self.text[at : at + 1] == character}
            if joints and character == "\n":
                after |= further - positions
            positions = after
        return positions


def check_linear(new: NewParser, prefix: str, unit: str) -> None:
    """The work is linear in the text: eight times a flood costs about eight times as much, fed whole or in small pieces.

    Short floods come first, so that exponential work is told and does not hang. Function calls are counted, which is exact; the
    time is measured for what goes on inside a call, which is not, so that only three times the expected time, by the best of up to
    four measurements, is a fault.
    """
    for few in (6, 12):
        check_growth(new, prefix + unit * few, prefix + unit * 2 * few, sys.maxsize, 100)
    for size in (4, sys.maxsize):
        where = f"of {prefix!r} + {unit!r} * n, in pieces of {min(size, 6400)}"
        for length in (300, 2400):  # what fits into a limit costs less, but the longer text is beyond all limits
            short, long = (prefix + unit * (times * length // len(unit)) for times in (1, 8))
            read(new(), [short])  # what is made once is made now
            few, many = steps(new, short, size), steps(new, long, size)
            if many <= 12 * few + 400:
                break
        else:
            raise AssertionError(f"{few} function calls for {len(short)} characters, {many} for {len(long)} {where}")
        length = max(length, 800)
        short, long = (prefix + unit * (times * length // len(unit)) for times in (1, 8))
        check_growth(new, short, long, size, 24)


def check_growth(new: NewParser, short: str, long: str, size: int, most: float) -> None:
    """The longer text takes at most so many times as long as the shorter one, by the best of up to four measurements."""
    brief = slow = float("inf")
    for _ in range(4):
        brief, slow = min(brief, seconds(new, short, size)), min(slow, seconds(new, long, size))
        if slow <= most * brief + NOISE:
            return
    raise AssertionError(f"{brief:.4f} s for {len(short)} characters, {slow:.4f} s for {len(long)}{shown(short, pieces_of(short, size))}")


def pieces_of(text: str, size: int) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)] if size < len(text) else [text]


def steps(new: NewParser, text: str, size: int) -> int:
    """How many functions are called to read the text in pieces of this size."""
    count = 0

    def called(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += 1

    parser, pieces, before = new(), pieces_of(text, size), sys.getprofile()
    sys.setprofile(called)
    try:
        read(parser, pieces)
    finally:
        sys.setprofile(before)
    return count


def seconds(new: NewParser, text: str, size: int) -> float:
    """How much processor time it takes to read the text in pieces of this size."""
    parser, pieces = new(), pieces_of(text, size)
    begin = CLOCK()
    read(parser, pieces)
    return CLOCK() - begin


# -- texts ------------------------------------------------------------------------------------------------------------------------------

_NO_MARKERS = {"name", "aliases", "models", "id", "arguments", "source", "quirks", "marks", "kinds"}
_NO_MARKERS |= {"where", "needs", "none", "starts", "escaped", "stray", "inside", "suffix"}
_NO_MARKERS |= {"Reasoning.calls", "Parameters.ends", "Envelope.start"}
_NO_MARKERS |= {"listed", "object_key", "code"}
_SLOT = re.compile(r"\{\w+\}")


def markers(fmt: Format) -> tuple[str, ...]:
    """Every fixed text in a format's description, without the slots and the white space around it; the longest first."""
    found: set[str] = set()
    waiting: list[object] = [fmt]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            found.update(piece.strip(SPACE) for piece in _SLOT.split(value))
        elif isinstance(value, tuple):
            waiting.extend(value)
        elif is_dataclass(value):
            names = (field.name for field in fields(value))
            waiting.extend(getattr(value, name) for name in names if not {name, f"{type(value).__name__}.{name}"} & _NO_MARKERS)
        if isinstance(value, Channels):
            waiting.extend(word for word, _ in value.kinds)
    return tuple(sorted(found - {""}, key=lambda marker: (-len(marker), marker)))


def header_marks(channels: Channels) -> tuple[str, ...]:
    """What a header of a message may begin with; all up to the marker that closes it is framing."""
    return (*spellings(channels.start), *filter(None, (channels.channel, _SLOT.split(channels.to)[0].strip(SPACE))))


def suffixed(fmt: Format, text: str) -> set[str]:
    """The markers with the suffixes that stand in a text, of a format whose checkpoints put one on every marker."""
    words = set(re.findall(rf"{re.escape(fmt.suffix)}[^\s<>｜]+(?=[|｜]?>)", text)) if fmt.suffix else set()
    ends = ((marker, re.search(r"[|｜]?>\Z", marker)) for marker in markers(fmt))
    return {marker[: end.start()] + word + end[0] for marker, end in ends if end is not None for word in words}


def separators(fmt: Format) -> str:
    """Characters that may stand between calls and behind them."""
    return "".join(sorted({*"[]}),;", *"".join(calls.between.strip(SPACE) for calls in fmt.calls)}))


def damaged(fmt: Format, cases: Sequence[Vector], seed: int = 0) -> Iterator[tuple[str, str, Vector]]:
    """Damaged copies of the vectors' texts, each with a name and the vector that it comes from."""
    random = Random(f"{seed}:{fmt.name}")
    words = (*markers(fmt), "{", "}", "[", "]", '"', "\\", "\n", ",", "<", "x")
    for case in cases:
        for number in range(MUTATIONS):
            text = case["text"]
            for _ in range(random.randint(1, 3)):
                text = mutate(text, words, random)
            yield f"{case.get('id', 'a vector')}, damage {number}", text, case


def mutate(text: str, words: Sequence[str], random: Random) -> str:
    """The text with a stretch deleted, doubled or moved, a word put in, or the end cut off."""
    start, end = sorted((random.randint(0, len(text)), random.randint(0, len(text))))
    end = min(end, start + random.choice((1, 3, 12, 60)))
    kind = random.randrange(5)
    if kind == 0:
        return text[:start] + text[end:]
    if kind == 1:
        return text[:end] + text[start:]
    if kind == 2:
        place = random.randint(0, len(text))
        rest = text[:start] + text[end:]
        return rest[:place] + text[start:end] + rest[place:]
    if kind == 3:
        return text[:start] + random.choice(words) + text[start:]
    return text[:end]


def floods(fmt: Format, cases: Sequence[Vector] = ()) -> Iterator[tuple[str, str]]:
    """A prefix, and what to repeat behind it: markers and single characters, in prose and inside a call that some vector begins."""
    units = (*markers(fmt), *'{[<"\\', "'", " ", "\n", '{"a":', "a=", "x", "x.", "x, ", "f(", "\\u12", "```\n")
    yield from (("", unit) for unit in units)
    calls = [case for case in cases if case.get("kind") == "canonical" and case["expect"].get("tool_calls")]
    if calls:
        case = min(calls, key=lambda case: len(case["text"]))
        text = case["text"]
        for end in (text.find(case["expect"]["tool_calls"][0]["name"]), len(text) // 2, len(text) * 4 // 5):
            yield from ((text[:end], unit) for unit in units)


# -- JSON -------------------------------------------------------------------------------------------------------------------------------


def strict_json(text: str) -> Any:
    """JSON text as Python objects. Raises `AssertionError` for what is no JSON, `NaN` and infinities among it."""
    try:
        return json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise AssertionError(f"no valid JSON ({error}): {text!r}") from error


def equal(one: Any, other: Any) -> bool:
    """Equality of JSON values: true is not 1, 1.0 is 1, and no digit of a long integer may differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(equal, one, other))
    numbers = {type(one), type(other)} == {int, float}
    return one == other and (type(one) is type(other) or (numbers and abs(one) < 2**53))


def without_spaces(text: str) -> str:
    """JSON text, or a beginning of it, without the white space outside its strings."""
    return re.sub(r'("(?:[^"\\]|\\.)*(?:"|\Z))|[ \t\r\n]+', r"\1", text)


_PLAIN = re.compile(r'[^"\\\x00-\x1f]*')
_SCALAR = re.compile(r"[-+.0-9A-Za-z]*")
_ESCAPE = re.compile(ESCAPE)
_SHORTEST = {"value": "null", "value or ]": "", "key": '"":null', "key or }": "", ":": ":null", ", or closer": ""}
"""What JSON may stop wanting, and the shortest text that it takes then before the closers."""


class JsonPrefix:
    """Strict JSON that arrives in pieces, and what would complete it. Takes any depth, and time linear in the text.

    >>> prefix = JsonPrefix()
    >>> prefix.feed('{"a": [1, tr')
    >>> prefix.completion()
    'ue]}'
    >>> prefix.feed("x")
    >>> prefix.completion()
    Traceback (most recent call last):
    ValueError: no JSON value begins with 'trx'
    """

    def __init__(self) -> None:
        self.closers: list[str] = []
        self.wanted = "value"
        self.word = ""
        self.in_string = False
        self._pieces: list[str] = []

    @property
    def text(self) -> str:
        """All text so far."""
        return "".join(self._pieces)

    def feed(self, text: str) -> None:
        """Take the next piece. Raises `ValueError` where the text cannot be a beginning of JSON."""
        self._pieces.append(text)
        at = 0
        while at < len(text):
            if self.in_string:
                at = self._string(text, at)
            elif self.word:
                at = self._rest_of_word(text, at)
            else:
                at = self._structure(text, at)

    def completion(self) -> str:
        """What would make valid JSON of the text so far. Raises `ValueError` when nothing would."""
        end = ""
        wanted = self.wanted
        if self.in_string:
            end = next((tail for tail in ("", "\\", "0", "00", "000", "0000") if self._whole_escape(tail)), None) or ""
            end += '"'
            wanted = self._after_value(wanted)
        elif self.word:
            end = self._ending(self.word)
            wanted = ", or closer"
        return end + _SHORTEST[wanted] + "".join(reversed(self.closers))

    def _whole_escape(self, tail: str) -> bool:
        return not self.word or _ESCAPE.fullmatch(self.word + tail) is not None

    def _ending(self, word: str) -> str:
        for literal in ("true", "false", "null"):
            if literal.startswith(word):
                return literal[len(word) :]
        for tail in ("", "0"):
            if is_number(word + tail):
                return tail
        raise ValueError(f"no JSON value begins with {word[:60]!r}")

    def _string(self, text: str, at: int) -> int:
        if self.word:
            self.word += text[at]
            if _ESCAPE.fullmatch(self.word):
                self.word = ""
            elif not any(self._whole_escape(tail) for tail in ("0", "00", "000", "0000")):
                raise ValueError(f"no JSON escape begins with {self.word!r}")
            return at + 1
        at = _PLAIN.match(text, at).end()  # type: ignore[union-attr]
        if at < len(text):
            if text[at] == "\\":
                self.word = "\\"
            elif text[at] == '"':
                self.in_string = False
                self.wanted = self._after_value(self.wanted)
            else:
                raise ValueError(f"the raw control character {text[at]!r} in a JSON string")
            at += 1
        return at

    @staticmethod
    def _after_value(wanted: str) -> str:
        return ":" if wanted in ("key", "key or }") else ", or closer"

    def _rest_of_word(self, text: str, at: int) -> int:
        end = _SCALAR.match(text, at).end()  # type: ignore[union-attr]
        self.word += text[at:end]
        if end < len(text):
            if self._ending(self.word):
                raise ValueError(f"{self.word[:60]!r} is no JSON value")
            self.word = ""
            self.wanted = ", or closer"
        return end

    def _structure(self, text: str, at: int) -> int:
        character = text[at]
        wanted = self.wanted
        value = wanted in ("value", "value or ]")
        if character in SPACE:
            return at + 1
        if character == '"' and (value or wanted in ("key", "key or }")):
            self.in_string = True
        elif value and character in "{[":
            self.closers.append("}" if character == "{" else "]")
            self.wanted = "key or }" if character == "{" else "value or ]"
        elif value and _SCALAR.match(character).end():  # type: ignore[union-attr]
            self.word = character
        elif character == ":" == wanted:
            self.wanted = "value"
        elif character == "," and wanted == ", or closer" and self.closers:
            self.wanted = "key" if self.closers[-1] == "}" else "value"
        elif character in "}]" and self.closers[-1:] == [character] and (wanted == ", or closer" or wanted.endswith(f"or {character}")):
            self.closers.pop()
            self.wanted = ", or closer"
        else:
            raise ValueError(f"{character!r} where JSON wants {wanted}")
        return at + 1
