"""A run over files: what has been done is on disk at every moment, so that a run that was interrupted goes on where it was.

How it works. While a run lasts, the output grows in `OUT.part` (rejected rows in a file of the same kind), and `OUT.state` says, as of the
last checkpoint, how many rows of the input have been read, how long each of these files was then, and what was counted. A checkpoint writes
the state to another file, which then takes its name: at every moment there is one whole state. Going on cuts the files to the length in the
state, reads over the rows that it counts and does the rest, so each row is in the output once, whatever was written behind the checkpoint.
At the end the state says so, the files get their names, and the state goes. Parquet is written at the end, from Arrow tables that
`OUT.part` holds.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from itertools import chain
from typing import IO, Any, NamedTuple

from toolparse.data.files import STANDARD_INPUT, Block
from toolparse.data.jobs import Job, Summary, encoded, work
from toolparse.data.tables import packed, write_parquet
from toolparse.data.workers import in_order, is_alone

CHECKPOINT = 1.0
"""Seconds between two checkpoints: so much work is done again after an interruption, at most."""
FIRST = 8
"""So many rows are done before workers are started, for what that loads and compiles: as copies of this process they have it all."""
PARQUET = ".parquet"


class CannotResume(Exception):
    """There is a run of this output, and it cannot be gone on with as it was asked for. The message says what to do."""


class Piece(NamedTuple):
    """What a block came to, as it goes into the files."""

    output: bytes
    rejected: bytes
    summary: Summary


@dataclass(frozen=True)
class Plan:
    """A job, and whether its rows become lines of JSON or Arrow tables."""

    job: Job
    parquet: bool = False


def piece(plan: Plan, block: Block) -> Piece:
    """Do the job on a block. Runs in a worker."""
    done = work(plan.job, block)
    tables = plan.parquet and bool(done.rows)
    output = packed(done.rows, block.schema, plan.job.made) if tables else b"".join(map(encoded, done.rows))
    return Piece(output, b"".join(map(encoded, done.rejected)), done.summary)


class Output:
    """The files of a run. `identity` is what a run must share with the one that it goes on with."""

    def __init__(self, name: str, rejected: str | None, identity: dict[str, Any]) -> None:
        self.name = name
        base = name.removesuffix(os.path.splitext(name)[1])
        self.rejected = rejected or f"{base}.rejected.jsonl"
        self._keep_empty = rejected is not None
        self._names = (f"{name}.part", f"{self.rejected}.part")
        self._state = f"{name}.state"
        self._identity = identity
        self._files: list[IO[bytes]] = []
        self._lengths = [0, 0]
        self._saved = 0.0
        self.rows = 0
        self.summary = Summary()

    def begin(self, resume: bool) -> bool:
        """Open the files, for a new run or to go on. Returns whether anything is left to do. Raises `CannotResume`."""
        state = self._read_state()
        if state is None:
            if resume and os.path.exists(self.name):
                return False
        elif not resume:
            said = f"{self.name}: a run of this output was interrupted; go on with --resume, or remove {self._state} to begin again"
            raise CannotResume(said)
        elif state["identity"] != json.loads(json.dumps(self._identity)):
            said = f"{self.name}: the interrupted run had other files or options; give the same, or remove {self._state} to begin again"
            raise CannotResume(said)
        else:
            self.rows, self._lengths = state["rows"], state["lengths"]
            self.summary = Summary.from_json(state["summary"])
            if state["finished"]:
                self._put_in_place()
                return False
        for name, length in zip(self._names, self._lengths, strict=True):
            file = open(name, "r+b" if state is not None else "w+b")  # noqa: SIM115, it stays open for the run
            self._files.append(file)
            file.truncate(length)
            file.seek(length)
        self._save(finished=False)
        return True

    def add(self, done: Piece, rows: int) -> None:
        """Take what the next rows came to."""
        for file, data in zip(self._files, (done.output, done.rejected), strict=True):
            file.write(data)
        self._lengths = [length + len(data) for length, data in zip(self._lengths, (done.output, done.rejected), strict=True)]
        self.rows += rows
        self.summary.add(done.summary)
        if time.monotonic() - self._saved > CHECKPOINT:
            self.checkpoint()

    def checkpoint(self) -> None:
        """Make sure of what has been done."""
        for file in self._files:
            file.flush()
            os.fsync(file.fileno())
        self._save(finished=False)

    def finish(self) -> None:
        """All rows have been done: the files get their names."""
        self.checkpoint()
        for file in self._files:
            file.close()
        self._save(finished=True)
        self._put_in_place()

    def close(self) -> None:
        """Give the files up as they are; what they lack is done again."""
        for file in self._files:
            with suppress(OSError):
                file.close()

    def _put_in_place(self) -> None:
        part, rejected = self._names
        if os.path.exists(part):
            if self.name.endswith(PARQUET):
                with open(f"{self.name}.new", "wb") as file:
                    write_parquet(part, file)
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(f"{self.name}.new", self.name)
                os.remove(part)
            else:
                os.replace(part, self.name)
        if os.path.exists(rejected):
            if os.path.getsize(rejected) or self._keep_empty:
                os.replace(rejected, self.rejected)
            else:
                os.remove(rejected)
                with suppress(FileNotFoundError):
                    os.remove(self.rejected)  # of an earlier run of the same output
        os.remove(self._state)

    def _read_state(self) -> Any:
        try:
            with open(self._state, encoding="utf-8") as file:
                return json.load(file)
        except FileNotFoundError:
            return None
        except ValueError:
            raise CannotResume(f"{self._state}: not the state of a run; remove it to begin again") from None

    def _save(self, finished: bool) -> None:
        state = {
            "identity": self._identity,
            "rows": self.rows,
            "lengths": self._lengths,
            "finished": finished,
            "summary": self.summary.to_json(),
        }
        with open(f"{self._state}.new", "w", encoding="utf-8") as file:
            json.dump(state, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(f"{self._state}.new", self._state)
        self._saved = time.monotonic()


def identity_of(job: Job, files: list[str]) -> dict[str, Any]:
    """What two runs must share for one to go on with the other: the job, and the files as they are."""
    stats = [(name, os.stat(name)) for name in files if name != STANDARD_INPUT]
    return {"job": asdict(job), "files": [[name, stat.st_size, stat.st_mtime_ns] for name, stat in stats]}


def pieces(plan: Plan, given: Iterator[Block], workers: int, skip: int = 0) -> Iterator[tuple[Block, Piece]]:
    """Each of the blocks, behind the first `skip` rows, with what it came to, in order."""
    left = _behind(given, skip)
    if workers > 1 and is_alone() and (first := next(left, None)) is not None:
        work(plan.job, replace(first, lines=first.lines[:FIRST], rows=first.rows[:FIRST]))
        left = chain([first], left)
    return in_order(piece, plan, left, workers)


def run(plan: Plan, given: Iterator[Block], output: Output, workers: int, report: Callable[[int, Block], object]) -> None:
    """Do the rest of a run that has begun. Interrupted, by Ctrl-C or a full disk, it leaves what the last checkpoint says.

    `given` are all blocks of the run. `report` is called with the number of rows done and the last block.
    """
    try:
        for block, done in pieces(plan, given, workers, output.rows):
            output.add(done, len(block.rows))
            report(output.rows, block)
        output.finish()
    finally:
        output.close()


def _behind(given: Iterator[Block], skip: int) -> Iterator[Block]:
    for block in given:
        count = len(block.rows)
        if skip >= count:
            skip -= count
            continue
        if skip:
            block = replace(block, lines=block.lines[skip:], rows=block.rows[skip:])
            skip = 0
        yield block
