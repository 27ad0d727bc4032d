"""The picture for a terminal: coloured lines with the problems under them; letters under plain lines where there are no colours."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from itertools import pairwise

from toolparse.events import Problem
from toolparse.explain.comparing import Fit
from toolparse.explain.reading import KINDS, Kind, Reading, line_starts, read_as

COLOURS: dict[Kind, str] = {
    "content": "0", "reasoning": "35", "name": "1;34", "arguments": "32", "call": "2;36", "marker": "2;35", "framing": "2;7",
}  # fmt: skip
LETTERS: dict[Kind, str] = {
    "content": "c", "reasoning": "r", "name": "n", "arguments": "a", "call": "-", "marker": "~", "framing": ".",
}  # fmt: skip
GUTTER = 6
PICTURES = {chr(code): chr(0x2400 + code) for code in range(32)} | {"\x7f": "\u2421"}


def picture(reading: Reading, width: int, colours: bool) -> Iterator[str]:
    """The lines to print."""
    yield from textwrap.wrap(visible(f"{reading.format.name}: {reading.verdict}"), max(width, 20), break_on_hyphens=False)
    yield from legend(reading, width, colours)
    yield ""
    starts = [*line_starts(reading.text), len(reading.text) + 1]
    for number, (start, behind) in enumerate(pairwise(starts)):
        end = behind - 1
        for at in range(start, max(end, start + 1), max(width - GUTTER, 1)):
            stop = min(at + width - GUTTER, end)
            label = f"{number + 1:>4}  " if at == start else " " * GUTTER
            inside = [(s, max(s.start, at), min(s.end, stop)) for s in reading.stretches if s.start < stop and s.end > at]
            if colours:
                yield label + "".join(paint(visible(reading.text[a:b]), s.kind) for s, a, b in inside)
            else:
                yield label + visible(reading.text[at:stop])
                if reading.text[at:stop].strip() and any(s.kind != "content" for s, _, _ in inside):
                    yield " " * GUTTER + "".join(LETTERS[s.kind] * (b - a) for s, a, b in inside)
        for problem in reading.message.problems:
            if start <= problem.position < behind or (problem.position >= behind and behind == starts[-1]):
                yield from told(problem, problem.position - start, width, colours)
        for call in reading.message.tool_calls:
            if start <= max(call.end - 1, 0) < behind or (call.end > behind and behind == starts[-1]):
                arguments, other = read_as(reading, call)
                said = f"=> call {call.index}: {call.name} {arguments}" + ("" if call.complete else "  (not complete)")
                if other:
                    said += "  (written out afresh)" if arguments != "{}" else "  (nothing stood there)"
                yield from wrapped(said, width, "1" if colours else "")


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
    column = column % max(width - GUTTER, 1)
    yield " " * (GUTTER + column) + "^"
    error = problem.severity == "error"
    yield from wrapped(f"{problem.severity} {problem.kind}: {problem.message}", width, ("1;31" if error else "33") if colours else "")


def wrapped(text: str, width: int, colour: str) -> Iterator[str]:
    """A sentence under a line, in lines that fit."""
    for line in textwrap.wrap(visible(text.replace("\n", "\\n")), max(width - GUTTER, 20), break_on_hyphens=False):
        yield " " * GUTTER + (f"\x1b[{colour}m{line}\x1b[0m" if colour else line)


def used(reading: Reading) -> list[Kind]:
    kinds = {stretch.kind for stretch in reading.stretches}
    return [kind for kind in KINDS if kind in kinds]


def paint(text: str, kind: Kind) -> str:
    return f"\x1b[{COLOURS[kind]}m{text}\x1b[0m" if text else ""


def visible(text: str) -> str:
    """Text without what would move the cursor: a model's output may hold a terminal's commands."""
    return "".join(character if character.isprintable() else PICTURES.get(character, "\ufffd") for character in text)


def comparison(fits: list[Fit], width: int) -> Iterator[str]:
    """Which formats fit, and why the others do not."""
    good = [fit for fit in fits if fit.fits]
    yield f"{len(good)} of {len(fits)} formats read calls in it" + (f"; {good[0].format.name} fits best" if good else "")
    name = max(len(fit.format.name) for fit in fits)
    for fit in fits:
        head = f"{'+' if fit.fits else ' '} {fit.format.name:{name}}  "
        said = "; ".join([*fit.calls, fit.why]) if fit.fits else fit.why
        lines = textwrap.wrap(visible(said.replace("\n", "\\n")), max(width - len(head), 20), max_lines=2, placeholder=" …")
        yield head + lines[0]
        yield from (" " * len(head) + line for line in lines[1:])
