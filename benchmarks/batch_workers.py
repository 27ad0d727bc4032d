"""Print how much faster two workers of `toolparse batch` are than one: `python -m benchmarks.batch_workers [--rows N] [--rounds N]`.

One worker, two workers, and two commands of one worker each at the same time take turns. The two commands share nothing: they do as much
as this machine lets two processes do, which is seldom twice what one does (cores share memory and clock). What two workers lose against
them is their own; from it follows what they would be on two cores that do not hinder each other. The least time of the rounds counts.
Exits with 1 when that is under 1.8.
"""

from __future__ import annotations

import argparse
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
    one: list[float] = []
    two: list[float] = []
    apart: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.jsonl"
        make(path, chosen.rows)
        for _ in range(chosen.rounds):
            one.append(timed(path, (1,)))
            two.append(timed(path, (2,)))
            apart.append(timed(path, (1, 1)))
    alone, pair, both = min(one), min(two), min(apart)
    free = both / pair
    print(f"{chosen.rows:,} rows of 1 KB, least of {chosen.rounds} rounds")
    print(f"one worker               {alone:6.1f} s, {chosen.rows / alone:8,.0f} rows a second")
    print(f"two workers              {pair:6.1f} s, {chosen.rows / pair:8,.0f} rows a second: {alone / pair:.2f} times one")
    print(
        f"two commands at once     {both:6.1f} s for twice the rows: {2 * alone / both:.2f} times one, which is all that the machine gives"
    )
    print(f"two cores that do not hinder each other would give two workers {free:.2f} times one")
    return 0 if free >= GOAL else 1


def timed(path: Path, commands: tuple[int, ...]) -> float:
    """Seconds by the clock until commands with so many workers each, started at once, have ended."""
    began = time.monotonic()
    processes = []
    for number, workers in enumerate(commands):
        out = path.with_name(f"out{number}.jsonl")
        command = [sys.executable, "-m", "toolparse", "batch", str(path), "--column", "output", "--format", "hermes", "-o", str(out)]
        processes.append(subprocess.Popen([*command, "--workers", str(workers)], stderr=subprocess.DEVNULL))
    for process in processes:
        if process.wait():
            raise SystemExit(f"the command ended with {process.returncode}")
    return time.monotonic() - began


if __name__ == "__main__":
    sys.exit(main())
