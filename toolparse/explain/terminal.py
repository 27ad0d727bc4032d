"""The picture for a terminal: coloured lines with the problems under them; letters under plain lines where there are no colours."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import islice, pairwise
from math import inf
from unicodedata import category, east_asian_width

from toolparse.events import Problem
from toolparse.explain.comparing import Fit
from toolparse.explain.reading import KINDS, Kind, Reading, line_starts, read_as, visible
from toolparse.message import ToolCall

COLOURS: dict[Kind, str] = {
    "content": "0", "reasoning": "35", "name": "1;34", "arguments": "32", "call": "2;36", "marker": "2;35", "framing": "2;7",
}  # fmt: skip
LETTERS: dict[Kind, str] = {
    "content": "c", "reasoning": "r", "name": "n", "arguments": "a", "call": "-", "marker": "~", "framing": ".",
}  # fmt: skip
GUTTER = 6


def picture(reading: Reading, width: int, colours: bool) -> Iterator[str]:
    """The lines to print."""
    yield from wrap(visible(f"{reading.format.name}: {reading.verdict}"), max(width, 20))
    yield from legend(reading, width, colours)
    yield ""
    stretches, first = reading.stretches, 0
    problems = deque(sorted(reading.message.problems, key=lambda problem: problem.position))
    calls = deque(sorted(reading.message.tool_calls, key=lambda call: call.end))
    for number, at, stop, behind in rows(reading.text, max(width - GUTTER, 1)):
        label = f"{number:>4}  " if number else " " * GUTTER
        while first < len(stretches) and stretches[first].end <= at:
            first += 1
        inside, last = [], first
        while last < len(stretches) and stretches[last].start < stop:
            inside.append((stretches[last].kind, reading.text[max(stretches[last].start, at) : min(stretches[last].end, stop)]))
            last += 1
        if colours:
            yield label + "".join(paint(visible(text), kind) for kind, text in inside)
        else:
            yield label + visible(reading.text[at:stop])
            if reading.text[at:stop].strip() and any(kind != "content" for kind, _ in inside):
                yield " " * GUTTER + "".join(LETTERS[kind] * columns(text) for kind, text in inside)
        while problems and problems[0].position < behind:
            column = columns(reading.text[at : min(problems[0].position, stop)])
            yield from told(problems.popleft(), column, width, colours)
        while calls and calls[0].end <= behind:
            yield from result(reading, calls.popleft(), width, colours)


def rows(text: str, room: int) -> Iterator[tuple[int, int, int, float]]:
    """Rows of at most `room` columns: the number of the line (0 where it goes on), where the row starts and stops, and the offset behind
    all that is told under it."""
    starts = line_starts(text)
    if len(starts) > 1 and starts[-1] == len(text):  # nothing stands behind the last line break
        starts.pop()
    for number, start in enumerate(starts, 1):
        end: float = starts[number] if number < len(starts) else inf
        line = text[start : starts[number] if number < len(starts) else None].removesuffix("\n")
        for at, stop in pairwise([0, *breaks(line, room)]):
            yield 0 if at else number, start + at, start + stop, end if stop == len(line) else start + stop


def breaks(line: str, room: int) -> Iterator[int]:
    """Where a line is broken so that each row fits, and its end."""
    if line.isascii():
        yield from range(room, len(line), room)
    else:
        used = 0
        for at, character in enumerate(line):
            size = columns(character)
            if used and used + size > room:
                yield at
                used = 0
            used += size
    yield len(line)


def columns(text: str) -> int:
    """How many columns of a terminal a text takes when it is visible."""
    if text.isascii():
        return len(text)
    return sum(0 if category(one) in ("Mn", "Me") else 2 if east_asian_width(one) in "WF" else 1 for one in visible(text))


def legend(reading: Reading, width: int, colours: bool) -> Iterator[str]:
    """What the colours or the letters mean, as many as fit in a line."""
    line, size = "", 0
    for kind in used(reading):
        said = KINDS[kind] if colours else f"{LETTERS[kind]} {KINDS[kind]}"
        if line and size + 3 + len(said) > width:
            yield line
            line, size = "", 0
        line += ("   " if line else "") + (paint(said, kind) if colours else said)
        size += (3 if size else 0) + len(said)
    if line:
        yield line


def told(problem: Problem, column: int, width: int, colours: bool) -> Iterator[str]:
    yield " " * (GUTTER + min(column, max(width - GUTTER, 1) - 1)) + "^"
    error = problem.severity == "error"
    yield from wrapped(f"{problem.severity} {problem.kind}: {problem.message}", width, ("1;31" if error else "33") if colours else "")


def result(reading: Reading, call: ToolCall, width: int, colours: bool) -> Iterator[str]:
    """What a call was read as."""
    arguments, other = read_as(reading, call)
    said = f"=> call {call.index}: {call.name} {arguments}" + ("" if call.complete else "  (not complete)")
    if other:
        said += "  (written out afresh)" if arguments != "{}" else "  (nothing stood there)"
    yield from wrapped(said, width, "1" if colours else "")


def wrapped(text: str, width: int, colour: str) -> Iterator[str]:
    """A sentence under a line, in lines that fit."""
    for line in wrap(visible(text.replace("\n", "\\n")), max(width - GUTTER, 20)):
        yield " " * GUTTER + (f"\x1b[{colour}m{line}\x1b[0m" if colour else line)


def wrap(text: str, room: int) -> Iterator[str]:
    """A sentence in lines that fit, broken at spaces (for `textwrap` every character has one column)."""
    at = 0
    while at < len(text):
        stop = at + next(breaks(text[at : at + room + 1], room))
        if stop < len(text) and (space := text.rfind(" ", at + 1, stop + 1)) > 0:
            stop = space
        yield text[at:stop].rstrip(" ")
        at = stop
        while text.startswith(" ", at):
            at += 1


def used(reading: Reading) -> list[Kind]:
    kinds = {stretch.kind for stretch in reading.stretches}
    return [kind for kind in KINDS if kind in kinds]


def paint(text: str, kind: Kind) -> str:
    return f"\x1b[{COLOURS[kind]}m{text}\x1b[0m" if text else ""


def comparison(fits: list[Fit], width: int) -> Iterator[str]:
    """Which formats fit, and why the others do not."""
    good = [fit for fit in fits if fit.fits]
    if good:
        said = f"{len(good)} of {len(fits)} formats read calls in it; {good[0].format.name} fits best"
    elif fits[0].calls:
        said = f"none of {len(fits)} formats reads its calls without an error; {fits[0].format.name} comes closest"
    else:
        said = f"none of {len(fits)} formats reads a call in it"
    yield from wrap(said, max(width, 20))
    name = max(len(fit.format.name) for fit in fits)
    absent: dict[str, list[str]] = {}
    for fit in fits:
        if fit.absent:
            absent.setdefault(fit.absent, []).append(fit.format.name)
            continue
        head = f"{'+' if fit.fits else ' '} {fit.format.name:{name}}  "
        said = visible("; ".join([*fit.calls, fit.why] if fit.fits else [fit.why]).replace("\n", "\\n"))
        first, *more = islice(wrap(said, max(width - len(head), 22) - 2), 3)
        yield head + first
        if more:
            yield " " * len(head) + more[0] + " …" * (len(more) > 1)
    if absent:
        yield from wrap("Of the others, what begins a call is not in it:", max(width, 20))
        listed = ", ".join(f"{marker!r} ({', '.join(names)})" for marker, names in absent.items())
        yield from ("  " + line for line in wrap(listed, max(width, 20) - 2))
