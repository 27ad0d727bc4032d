"""Print how much faster two workers of `toolparse batch` are than one: `python -m benchmarks.batch_workers [--rows N] [--rounds N]`.

One worker and two take turns. Beside them stands what the machine itself gives: two commands of one worker each at the same time, which
share nothing, against one alone. The seconds of processor time do not depend on what else the machine does; from them follows what two
cores that do nothing else would give. The least time of the rounds counts. Exits with 1 when that is under 1.8.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.batch_memory import make

GOAL = 1.8


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m benchmarks.batch_workers")
    options.add_argument("--rows", type=int, default=100_000, help="rows of 1 KB (100,000)")
    options.add_argument("--rounds", type=int, default=3)
    chosen = options.parse_args()
    one: list[tuple[float, float]] = []
    two: list[tuple[float, float]] = []
    both: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.jsonl"
        make(path, chosen.rows)
        for _ in range(chosen.rounds):
            one.append(timed(path, (1,)))
            two.append(timed(path, (2,)))
            both.append(timed(path, (1, 1))[0])
    alone, pair, apart = min(one)[0], min(two)[0], min(both)
    print(f"{chosen.rows:,} rows of 1 KB, least of {chosen.rounds} rounds")
    print(f"one worker               {alone:6.1f} s, {chosen.rows / alone:8,.0f} rows a second")
    print(f"two workers              {pair:6.1f} s, {chosen.rows / pair:8,.0f} rows a second: {alone / pair:.2f} times one")
    print(f"two commands at once     {apart:6.1f} s for twice the rows: {2 * alone / apart:.2f} times one, which is what the machine gave")
    work, shared = min(cpu for _, cpu in one), min(cpu for _, cpu in two)
    possible = 2 * work / shared
    print(f"processor time           {work:6.1f} s with one worker, {shared:.1f} s with two: two free cores give {possible:.2f} times one")
    return 0 if possible >= GOAL else 1


def timed(path: Path, commands: tuple[int, ...]) -> tuple[float, float]:
    """Seconds, by the clock and of the processor, until commands with so many workers each, started at once, have ended."""
    began = time.monotonic()
    processes = []
    for number, workers in enumerate(commands):
        out = path.with_name(f"out{number}.jsonl")
        command = [sys.executable, "-m", "toolparse", "batch", str(path), "--column", "output", "--format", "hermes", "-o", str(out)]
        processes.append(subprocess.Popen([*command, "--workers", str(workers)], stderr=subprocess.DEVNULL))
    spent = 0.0
    for process in processes:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"the command ended with {process.returncode}")
        spent += usage.ru_utime + usage.ru_stime
    return time.monotonic() - began, spent


if __name__ == "__main__":
    sys.exit(main())
