"""Blocks done by several processes, in the order in which they came, with a bounded look-ahead.

A worker has one block at a time: nothing waits in a pipe while the other end writes. Workers are copies of this process (forked), which
have all modules and tables from the start; where other threads run, which a copy would lack, they are started afresh (spawned). They end
when their pipe does, however the process that started them ended.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, TypeVar

AHEAD = 4
"""So many results for each worker may be there before the one that is due."""
Given = TypeVar("Given")
Made = TypeVar("Made")


class WorkerEnded(RuntimeError):
    """A worker process ended without a result: it was killed, for want of memory, say."""


def in_order(work: Callable[[Any, Given], Made], job: Any, blocks: Iterable[Given], workers: int) -> Iterator[tuple[Given, Made]]:
    """Each block with what `work(job, block)` gives for it, in the order of the blocks. `work` must be known by name."""
    if workers == 1:
        for block in blocks:
            yield block, work(job, block)
        return
    pool: _Pool[Given, Made] = _Pool(work, job, workers)
    try:
        yield from pool.run(iter(blocks))
    finally:
        pool.close()


class _Pool(Generic[Given, Made]):
    def __init__(self, work: Callable[[Any, Given], Made], job: Any, workers: int) -> None:
        forks = is_alone()
        context: Any = multiprocessing.get_context("fork" if forks else "spawn")
        self.limit = workers * AHEAD
        self.processes = []
        self.pipes: list[Connection] = []
        for _ in range(workers):
            here, there = context.Pipe()
            self.pipes.append(here)
            process = context.Process(target=_work, args=(there, work, job, self.pipes if forks else ()), daemon=True)
            process.start()
            there.close()
            self.processes.append(process)

    def run(self, blocks: Iterator[Given]) -> Iterator[tuple[Given, Made]]:
        given: dict[int, Given] = {}
        made: dict[int, Made] = {}
        busy: dict[Connection, int] = {}
        idle = list(self.pipes)
        due = sent = 0
        waiting = next(blocks, None)
        while waiting is not None or due < sent:
            while idle and waiting is not None and sent - due < self.limit:
                pipe = idle.pop()
                try:
                    pipe.send(waiting)
                except (BrokenPipeError, ConnectionError):
                    raise WorkerEnded(_ENDED) from None
                given[sent], busy[pipe] = waiting, sent
                sent += 1
                waiting = next(blocks, None)  # read while the workers work
            if due in made:  # whoever waits for a block has got it
                yield given.pop(due), made.pop(due)
                due += 1
                continue
            for ready in wait(list(busy)):
                assert isinstance(ready, Connection)
                try:
                    result = ready.recv()
                except (EOFError, ConnectionError):
                    raise WorkerEnded(_ENDED) from None
                if isinstance(result, BaseException):
                    raise result
                made[busy.pop(ready)] = result
                idle.append(ready)

    def close(self) -> None:
        for pipe in self.pipes:
            pipe.close()
        for process in self.processes:
            process.join(timeout=5)
            if process.is_alive():
                process.terminate()


_ENDED = "a worker process ended before its time, for want of memory perhaps"


def is_alone() -> bool:
    """Whether this process is known to have no thread but this one."""
    try:
        return len(os.listdir("/proc/self/task")) == 1
    except OSError:
        return False


def _work(pipe: Connection, work: Callable[[Any, Any], Any], job: Any, others: Sequence[Connection]) -> None:
    """The life of a worker: Ctrl-C is for the process that started it. `others` are the ends of pipes that are not its own."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for other in others:
        other.close()
    while True:
        try:
            block = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            result: object = work(job, block)
        except BaseException as error:
            result = error
        try:
            pipe.send(result)
        except OSError:
            return
