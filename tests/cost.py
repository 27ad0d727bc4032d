"""What something costs, without a clock's unit: how it grows with the size, and how many functions are called."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable
from types import FrameType

CLOCK = time.process_time if time.get_clock_info("process_time").resolution < 1e-4 else time.perf_counter


def growth(work: Callable[[int], object], size: int, times: int = 8, runs: int = 3) -> float:
    """How many times as long the work takes when it is so many times as large: linear work takes that many times as long.

    Of each size the best of several runs counts, taken in turns: the machine may be busy with something else.
    """
    small, large = [], []
    for _ in range(runs):
        small.append(_seconds(work, size))
        large.append(_seconds(work, size * times))
    return min(large) / max(min(small), 1e-5)


def _seconds(work: Callable[[int], object], size: int) -> float:
    collects = gc.isenabled()
    gc.disable()  # it walks over all that the suite holds, and at any moment
    try:
        begun = CLOCK()
        work(size)
        return CLOCK() - begun
    finally:
        if collects:
            gc.enable()


def calls(work: Callable[[], object]) -> int:
    """How many functions are called to do it, those written in C among them."""
    count = 0

    def called(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(called)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count
