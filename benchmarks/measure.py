"""How the numbers are taken: the floor, the timed loop, construction, idle memory, import. Knows nothing of how they are shown.

A time is the best of several rounds: whatever disturbs a run makes it longer, so the shortest one is nearest to the truth. The clock
is the wall's, as a virtual machine's processor clock may jump and call a run too short. The floor runs between the parser's own
rounds, on the same pieces.
"""

from __future__ import annotations

import gc
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import toolparse

PIECE = 4
"""Characters in a piece, about a token."""

TURN = 20_000_000
"""Nanoseconds that a text is repeated for in its turn; a long one runs once."""

NEVER = sys.maxsize
ROOT = Path(__file__).resolve().parent.parent


class Stream(Protocol):
    """What is timed: `toolparse.Parser`, or another library made to look like it."""

    def feed(self, piece: str, /) -> object: ...

    def finish(self) -> object: ...


class Wrapped(NamedTuple):
    text: str


@dataclass(frozen=True)
class Cost:
    """Nanoseconds for one piece, best of the rounds: what is measured, and the floor beside it."""

    each: float
    floor: float

    @property
    def ratio(self) -> float:
        return self.each / self.floor


def pieces_of(text: str) -> list[str]:
    return [text[at : at + PIECE] for at in range(0, len(text), PIECE)]


def run_floor(pieces: list[str]) -> None:
    for piece in pieces:
        [Wrapped(piece)]


def run_stream(stream: Stream, pieces: list[str]) -> None:
    feed = stream.feed
    for piece in pieces:
        feed(piece)
    stream.finish()


def parse_cost(timed: Sequence[tuple[Callable[[], Stream], str]], rounds: int) -> list[Cost]:
    """What a piece costs, for each text with what makes its parser. The making is not counted, `finish` is.

    The texts take turns, so that a slow moment of the machine does not fall on one alone; a short one is repeated in its turn.
    """
    all_pieces = [pieces_of(text) for _, text in timed]
    floors = [NEVER] * len(timed)
    bests = [NEVER] * len(timed)
    with gc_off():
        for _ in range(rounds):
            for at, (make, _) in enumerate(timed):
                spent = 0
                while spent < TURN:
                    floors[at] = min(floors[at], elapsed(run_floor, all_pieces[at]))
                    took = elapsed(run_stream, make(), all_pieces[at])
                    bests[at] = min(bests[at], took)
                    spent += took
    return [Cost(best / len(p), floor / len(p)) for best, floor, p in zip(bests, floors, all_pieces, strict=True)]


def elapsed(function: Callable[..., None], *arguments: object) -> int:
    """Nanoseconds that one call takes."""
    start = time.perf_counter_ns()
    function(*arguments)
    return time.perf_counter_ns() - start


@contextmanager
def gc_off() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def construction_us(format_name: str, tools: list[dict[str, Any]], rounds: int) -> float:
    """Microseconds to make one parser of a format that was seen before, from a raw list of tools."""

    def make_many() -> None:
        for _ in range(many):
            toolparse.Parser(format_name, tools=tools)

    many = 200
    with gc_off():
        return min(elapsed(make_many) for _ in range(rounds)) / many / 1000


def idle_bytes(format_name: str, tools: list[dict[str, Any]], fed: str) -> float:
    """Bytes that a parser holds after `fed`, which may be empty; what all parsers of the format share is not counted."""

    def make() -> toolparse.Parser:
        parser = toolparse.Parser(format_name, tools=tools)
        for piece in pieces_of(fed):
            parser.feed(piece)
        return parser

    many = 500
    make()
    kept: list[toolparse.Parser | None] = [None] * many
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for at in range(many):
            kept[at] = make()
        return (tracemalloc.get_traced_memory()[0] - before) / many
    finally:
        tracemalloc.stop()


def start_ms(statement: str, rounds: int) -> float:
    """Milliseconds that `statement` takes in a fresh interpreter, beyond starting it; best of `rounds` processes."""
    script = f"import time; start = time.perf_counter(); {statement}; print(time.perf_counter() - start)"
    command = [sys.executable, "-c", script]
    return min(float(subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout) for _ in range(rounds)) * 1000
