"""Print time and memory of `toolparse batch` on rows of 1 KB: `python -m benchmarks.batch_memory [--rows N] [--workers N]`.

Exits with 1 when any process of the run took more than 400 MB.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LIMIT = 400


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m benchmarks.batch_memory")
    options.add_argument("--rows", type=int, default=1_000_000, help="rows of 1 KB (1,000,000)")
    options.add_argument("--workers", type=int, default=1)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.jsonl"
        make(path, chosen.rows)
        began = time.monotonic()
        command = [
            sys.executable,
            "-m",
            "toolparse",
            "batch",
            str(path),
            "--column",
            "output",
            "--format",
            "hermes",
            "-o",
            str(path.with_name("out.jsonl")),
        ]
        subprocess.run([*command, "--workers", str(chosen.workers)], check=True)
        seconds = time.monotonic() - began
        memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        told = f"{chosen.rows:,} rows, {path.stat().st_size / 1e6:,.0f} MB, {chosen.workers} workers"
        print(f"{told}: {seconds:.0f} s, {chosen.rows / seconds:,.0f} rows a second, {memory:.0f} MB of memory")
    return 0 if memory <= LIMIT else 1


def make(path: Path, count: int) -> None:
    words = random.Random(0)
    with path.open("w") as file:
        for n in range(count):
            prose = " ".join(words.choice(("alpha", "beta", "of", "the", "gamma", "and")) for _ in range(160))
            call = {"name": "get_weather", "arguments": {"city": f"City {n}", "days": n % 7}}
            text = f"<think>\n{prose}\n</think>\n\nI look it up.\n<tool_call>\n{json.dumps(call)}\n</tool_call>"
            file.write(json.dumps({"n": n, "output": text}) + "\n")


if __name__ == "__main__":
    sys.exit(main())
