"""Blocks done by several processes, in the order in which they came, with a bounded look-ahead.

A worker has one block at a time: nothing waits in a pipe while the other end writes. Workers are copies of this process (forked), which
have all modules and tables from the start; where other threads run, which a copy would lack, they are started afresh (spawned). They end
when their pipe does, however the process that started them ended.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from multiprocessing.connection import wait
from typing import Any, Generic, TypeVar

AHEAD = 4
"""So many results for each worker may be there before the one that is due."""
Given = TypeVar("Given")
Made = TypeVar("Made")


class Channel:
    """One end of the way between two processes, for one object at a time. (A `multiprocessing` pipe does the same, and takes six times as
    long to receive a megabyte, which the one process that all others wait for cannot afford.)"""

    def __init__(self, end: socket.socket) -> None:
        self.end = end

    def fileno(self) -> int:
        return self.end.fileno()

    def send(self, thing: object) -> None:
        """Raises `ConnectionError` where nobody receives."""
        data = pickle.dumps(thing, pickle.HIGHEST_PROTOCOL)
        self.end.sendall(len(data).to_bytes(8, "little"))
        self.end.sendall(data)

    def receive(self) -> Any:
        """Raises `EOFError` or `ConnectionError` where nobody sends any more."""
        return pickle.loads(self._read(int.from_bytes(self._read(8), "little")))

    def close(self) -> None:
        self.end.close()

    def _read(self, size: int) -> bytearray:
        data = bytearray(size)
        rest = memoryview(data)
        while rest:
            count = self.end.recv_into(rest)
            if not count:
                raise EOFError
            rest = rest[count:]
        return data


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
        self.pipes: list[Channel] = []
        for _ in range(workers):
            here, there = map(Channel, socket.socketpair())
            self.pipes.append(here)
            process = context.Process(target=_work, args=(there, work, job, self.pipes if forks else ()), daemon=True)
            process.start()
            there.close()
            self.processes.append(process)

    def run(self, blocks: Iterator[Given]) -> Iterator[tuple[Given, Made]]:
        given: dict[int, Given] = {}
        made: dict[int, Made] = {}
        busy: dict[Channel, int] = {}
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
            for ready in wait(list(busy)):  # type: ignore[arg-type]  # whatever has a file number will do
                assert isinstance(ready, Channel)
                try:
                    result = ready.receive()
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


def _work(pipe: Channel, work: Callable[[Any, Any], Any], job: Any, others: Sequence[Channel]) -> None:
    """The life of a worker: Ctrl-C is for the process that started it. `others` are the ends of pipes that are not its own."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for other in others:
        other.close()
    while True:
        try:
            block = pipe.receive()
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
