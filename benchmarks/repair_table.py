"""Print the repair table: `python -m benchmarks.repair_table [--documents N] [--seed N] [--misses CLASS]`.

Of how many damaged documents the stream, `parse(..., repair="whole")`, `json_repair.loads` on the whole text and `toolparse.repair` give
the original back. docs/repair.md says how to read it. Exits with 1 when a complete call of the stream or `repair` gave anything but valid
JSON, or when `repair="whole"` is worse than `json_repair` in any class.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import json_repair

import toolparse
from toolparse.jsontext.repair import repair

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from damage import DAMAGES, Damage, samples

FORMAT = "deepseek_v31"
BEFORE = "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>f<｜tool▁sep｜>"
BEHIND = "<｜tool▁call▁end｜><｜tool▁calls▁end｜>"
"""The stream reads JSON with an end marker behind it, so that a missing closer is a fault and not a call that was cut."""

WIDTHS = (40, 6, 6, 11, 6, 10, 12, 12)


@dataclass
class Score:
    """Of how many documents a reader gave back the value, valid JSON, or only the beginning of a call that it took for cut."""

    same: int = 0
    valid: int = 0
    cut: int = 0


def main(arguments: Sequence[str] | None = None) -> int:
    options = argparse.ArgumentParser(prog="python -m benchmarks.repair_table", description="Damage random documents and repair them.")
    options.add_argument("--documents", type=int, default=2000, help="random documents of each class (2000)")
    options.add_argument("--seed", type=int, default=0, help="of the random documents (0)")
    options.add_argument("--misses", metavar="CLASS", help="print the documents of one class that the stream did not give back instead")
    chosen = options.parse_args(arguments)
    if chosen.misses is not None:
        if chosen.misses not in DAMAGES:
            options.error(f"no class {chosen.misses!r}; the classes are the table's first column")
        print_misses(DAMAGES[chosen.misses], chosen.documents, chosen.seed)
        return 0

    count = chosen.documents
    print_row(("damage", "stream", "whole", "json_repair", "repair", "stream cut", "stream valid", "repair valid"))
    print_row(("-" * WIDTHS[0], *("-" * (width - 1) + ":" for width in WIDTHS[1:])))
    all_valid = True
    worse: list[str] = []
    for name, damage in DAMAGES.items():
        stream, again, peer, whole = scores(damage, count, chosen.seed)
        uncut = count - stream.cut
        all_valid = all_valid and stream.valid == uncut and whole.valid == count
        if again < peer:
            worse.append(name)
        given_back = (f"{same / count:.1%}" for same in (stream.same, again, peer, whole.same, stream.cut))
        print_row((name, *given_back, f"{stream.valid / uncut:.1%}" if uncut else "-", f"{whole.valid / count:.1%}"))
    if worse:
        print(f"\nworse than json_repair with repair='whole': {', '.join(worse)}")
    return 0 if all_valid and not worse else 1


def print_row(cells: tuple[str, ...]) -> None:
    first, *others = (cell.rjust(width) for cell, width in zip(cells, WIDTHS, strict=True))
    print("|", " | ".join([first.strip().ljust(WIDTHS[0]), *others]), "|", flush=True)


def scores(damage: Damage, count: int, seed: int) -> tuple[Score, int, int, Score]:
    """The stream's score, the numbers of values that `parse(..., repair="whole")` and `json_repair` gave back, the score of `repair`."""
    stream, again, peer, whole = Score(), 0, 0, Score()
    for damaged in samples(damage, count, seed):
        value = spelled(damaged.value)
        call = streamed(damaged.text)
        stream.cut += not call.complete
        stream.valid += call.complete and is_json(call.arguments)
        stream.same += spelled(call.value()) == value
        calls = toolparse.parse(BEFORE + damaged.text + BEHIND, FORMAT, repair="whole").tool_calls
        again += bool(calls) and spelled(calls[0].value()) == value
        peer += spelled(json_repair.loads(damaged.text)) == value
        repaired = repair(damaged.text)
        whole.valid += is_json(repaired)
        whole.same += spelled(json.loads(repaired)) == value
    return stream, again, peer, whole


def spelled(value: Any) -> str:
    """A text that is equal for equal JSON values only: 1, 1.0 and true are three."""
    return json.dumps(value, sort_keys=True)


def streamed(text: str) -> toolparse.ToolCall:
    """The first call when the text streams in pieces of four characters; a call that was cut when there is none."""
    parser = toolparse.Parser(FORMAT)
    builder = toolparse.MessageBuilder()
    output = BEFORE + text + BEHIND
    for start in range(0, len(output), 4):
        for event in parser.feed(output[start : start + 4]):
            builder.add(event)
    for event in parser.finish():
        builder.add(event)
    calls = builder.message.tool_calls
    return calls[0] if calls else toolparse.ToolCall(name="f", arguments="", complete=False)


def is_json(text: str) -> bool:
    try:
        json.loads(text, parse_constant=refuse)
    except ValueError:
        return False
    return True


def refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def print_misses(damage: Damage, count: int, seed: int) -> None:
    for damaged in samples(damage, count, seed):
        call = streamed(damaged.text)
        if spelled(call.value()) != spelled(damaged.value):
            print(f"{damaged.text!r}\n  {call.arguments!r}{'' if call.complete else ' (cut)'}")


if __name__ == "__main__":
    sys.exit(main())
