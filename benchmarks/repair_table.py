"""Print the repair table: `python -m benchmarks.repair_table [--documents N] [--seed N] [--misses CLASS]`.

Of how many damaged documents the stream, `json_repair.loads` on the whole text and `toolparse.repair` give the original back.
docs/repair.md says how to read it. Exits with 1 when the stream or `repair` wrote anything that is not valid JSON.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import json_repair

import toolparse
from toolparse.repair import repair

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from damage import DAMAGES, Damage, samples

Reader = Callable[[str], Any]  # gives the value, or raises ValueError where there is no valid JSON


def main(arguments: Sequence[str] | None = None) -> int:
    options = argparse.ArgumentParser(
        prog="python -m benchmarks.repair_table", description="Damage random documents and repair them."
    )
    options.add_argument("--documents", type=int, default=2000, help="random documents of each class (2000)")
    options.add_argument("--seed", type=int, default=0, help="of the random documents (0)")
    options.add_argument(
        "--misses", metavar="CLASS", help="print the documents of one class that the stream did not give back instead"
    )
    chosen = options.parse_args(arguments)
    if chosen.misses is not None:
        if chosen.misses not in DAMAGES:
            options.error(f"no class {chosen.misses!r}; the classes are the table's first column")
        print_misses(DAMAGES[chosen.misses], chosen.documents, chosen.seed)
        return 0

    width = max(map(len, DAMAGES))
    print(f"| {'damage':{width}} | stream | json_repair | repair | stream valid | repair valid |")
    print(f"|{'-' * (width + 2)}|-------:|------------:|-------:|-------------:|-------------:|")
    all_valid = True
    for name, damage in DAMAGES.items():
        stream, stream_valid = shares(by_stream, damage, chosen.documents, chosen.seed)
        peer, _ = shares(json_repair.loads, damage, chosen.documents, chosen.seed)
        whole, whole_valid = shares(by_repair, damage, chosen.documents, chosen.seed)
        all_valid = all_valid and stream_valid == whole_valid == 1.0
        cells = f"{stream:6.1%} | {peer:11.1%} | {whole:6.1%} | {stream_valid:12.1%} | {whole_valid:12.1%}"
        print(f"| {name:{width}} | {cells} |", flush=True)
    return 0 if all_valid else 1


def shares(read: Reader, damage: Damage, count: int, seed: int) -> tuple[float, float]:
    """The shares of the documents that came back as they were, and that came back as valid JSON at all."""
    same = valid = 0
    for damaged in samples(damage, count, seed):
        try:
            value = read(damaged.text)
        except ValueError:
            continue
        valid += 1
        same += spelled(value) == spelled(damaged.value)
    return same / count, valid / count


def spelled(value: Any) -> str:
    """A text that is equal for equal JSON values only: 1, 1.0 and true are three."""
    return json.dumps(value, sort_keys=True)


def by_repair(text: str) -> Any:
    return json.loads(repair(text), parse_constant=refuse)


def by_stream(text: str) -> Any:
    """The arguments of the first call when the text streams in pieces of four characters. A missing call is no valid JSON."""
    return json.loads(streamed(text), parse_constant=refuse)


def streamed(text: str) -> str:
    parser = toolparse.Parser("deepseek_v31")
    builder = toolparse.MessageBuilder()
    output = f"<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>f<｜tool▁sep｜>{text}<｜tool▁call▁end｜><｜tool▁calls▁end｜>"
    for start in range(0, len(output), 4):
        for event in parser.feed(output[start : start + 4]):
            builder.add(event)
    for event in parser.finish():
        builder.add(event)
    calls = builder.message.tool_calls
    return calls[0].arguments if calls else ""


def refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def print_misses(damage: Damage, count: int, seed: int) -> None:
    for damaged in samples(damage, count, seed):
        try:
            missed = spelled(by_stream(damaged.text)) != spelled(damaged.value)
        except ValueError:
            missed = True
        if missed:
            print(f"{damaged.text!r}\n  {streamed(damaged.text)!r}")


if __name__ == "__main__":
    sys.exit(main())
