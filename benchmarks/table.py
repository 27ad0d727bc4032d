"""Print the speed table: `python -m benchmarks.table [--format NAME] [--quick]`. docs/performance.md says how to read it.

Exits with 1 when a parser did not find in a text what was put into it, as the time of a wrong answer is worth nothing. No time
ever decides the exit status.
"""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Callable, Sequence
from typing import Any

import toolparse
from benchmarks.measure import Cost, Stream, construction_us, idle_bytes, parse_cost, pieces_of, start_ms
from benchmarks.peers import Peer, installed
from benchmarks.workloads import FORMATS, SIZES, TOOL, WORKLOADS, Turn, Workload, calling, turn_of, wrap

GROWTH_GOAL = 1.2
"""The most that a piece of the largest text may cost, in pieces of the smallest."""

WIDTHS = (23, 32, 4, 16, 16, 16, 15)


def main(arguments: Sequence[str] | None = None) -> int:
    options = argparse.ArgumentParser(prog="python -m benchmarks.table", description="Time the parser against the floor.")
    every = [fmt.name for fmt in toolparse.formats()]
    options.add_argument("--format", action="append", choices=["all", *every], help="this format; may be repeated; `all` is every one")
    options.add_argument("--quick", action="store_true", help="without the 1 MB texts, in few rounds: a first impression")
    chosen = options.parse_args(arguments)
    formats: list[str] = every if "all" in (chosen.format or ()) else chosen.format or list(FORMATS)
    titles = [title for title in SIZES if not chosen.quick or title != "1 MB"]
    rounds = 2 if chosen.quick else 7

    print(f"{platform.python_implementation()} {platform.python_version()}, {platform.machine()}")
    print("Microseconds for a piece of 4 characters, and how many floors that is; `!` marks what is over its goal.\n")
    right = print_speeds(formats, titles, rounds)
    print()
    print_constants(formats, rounds)
    return 0 if right else 1


def print_speeds(formats: Sequence[str], titles: Sequence[str], rounds: int) -> bool:
    """The main table, a row at a time as it is measured. False when a parse was wrong."""
    wrong: list[str] = []
    costs: list[Cost] = []
    print_row(("workload", "format", "goal", *titles, f"{titles[-1]} : {titles[0]}"))
    print_row(tuple("-" * width for width in WIDTHS[: len(titles) + 4]))
    for workload in WORKLOADS:
        for name in formats:
            texts = [text for title in titles if (text := wrap(name, workload, SIZES[title])) is not None]
            if not texts:
                continue
            turns = [turn_of(workload, SIZES[title]) for title in titles]
            if any(not found(name, text, turn) for text, turn in zip(texts, turns, strict=True)):
                wrong.append(f"{name}, {workload.name}")
                continue
            row = parse_cost([(maker(name, turn), text) for text, turn in zip(texts, turns, strict=True)], rounds)
            costs += row
            cells = [cell(cost) + mark(cost.ratio, workload.goal) for cost in row]
            grown = growth(row)
            print_row((workload.name, name, f"{workload.goal:g}x", *cells, f"{grown:.2f}x{mark(grown, GROWTH_GOAL)}"))
        if "hermes" in formats:
            costs += print_peers(workload, titles, rounds)
    floors = [cost.floor / 1000 for cost in costs]
    if floors:
        print(f"\nThe floor was {min(floors):.3f} us at best and {max(floors):.3f} us at worst.")
    for each in wrong:
        print(f"wrong: {each}: the parser did not find what the text holds, so it was not timed")
    return not wrong


def maker(format_name: str, turn: Turn) -> Callable[[], Stream]:
    tools = [turn.tool] if turn.tool else None
    return lambda: toolparse.Parser(format_name, tools=tools, prompt="")


def found(format_name: str, text: str, turn: Turn) -> bool:
    """Whether the parser, fed by pieces, finds in `text` the turn that it was made from."""
    parser = toolparse.Parser(format_name, tools=[turn.tool] if turn.tool else None, prompt="")
    builder = toolparse.MessageBuilder()
    for piece in pieces_of(text):
        for event in parser.feed(piece):
            builder.add(event)
    for event in parser.finish():
        builder.add(event)
    message = builder.message
    values = [call.value() for call in message.tool_calls if call.complete]
    wanted = [] if turn.arguments is None else [turn.arguments]
    return (message.reasoning, message.content, values) == (turn.reasoning, turn.content, wanted)


def print_peers(workload: Workload, titles: Sequence[str], rounds: int) -> list[Cost]:
    """The other libraries on the texts of hermes, each on the sizes that it can be timed on. They have no goals."""
    costs: list[Cost] = []
    for peer in installed():
        texts = [text for title in titles if (text := peer_text(peer, workload, SIZES[title]))]
        if texts:
            row = parse_cost([(peer.make, text) for text in texts], min(rounds, 2))
            costs += row
            cells = [cell(cost) for cost in row] + [""] * (len(titles) - len(row))
            print_row((workload.name, peer.name, "", *cells, f"{growth(row):.2f}x" if len(row) == len(titles) else ""))
    return costs


def peer_text(peer: Peer, workload: Workload, size: int) -> str | None:
    """What `peer` gets of the workload: None when it is too long for it or holds nothing that it reads."""
    text = wrap("hermes", workload, size)
    if text is None or len(text) > peer.largest:
        return None
    if peer.reads == "output":
        return text
    if turn_of(workload, size).arguments is None:
        return None
    return text[text.index('"arguments": ') + len('"arguments": ') : text.rindex("}")]


def cell(cost: Cost) -> str:
    return f"{cost.each / 1000:.3f} {cost.ratio:5.2f}x"


def growth(row: Sequence[Cost]) -> float:
    """A piece of the largest text over a piece of the smallest."""
    return row[-1].each / row[0].each


def print_constants(formats: Sequence[str], rounds: int) -> None:
    """What does not depend on a text; of several formats the worst."""
    content = wrap(formats[0], WORKLOADS[0], SIZES["1 KB"]) or ""
    print_row(("once", "of the formats", "goal", "measured"))
    print_row(tuple("-" * width for width in WIDTHS[:4]))
    for count in (1, 100):
        many = tools(count)
        print_worst(f"making it, tools: {count}", 10, "us", {name: construction_us(name, many, rounds * 3) for name in formats})
    for what, fed in (("idle, just made", ""), ("idle, behind 1 KB", content)):
        print_worst(what, 2048, "bytes", {name: idle_bytes(name, tools(1), fed) for name in formats})
    print_worst("import toolparse", 40, "ms", {"": start_ms("import toolparse", rounds * 3)})
    first = f"import toolparse; toolparse.Parser({formats[0]!r}).feed('a')"
    print_worst("import and first piece", None, "ms", {formats[0]: start_ms(first, rounds * 3)})


def print_worst(what: str, goal: float | None, unit: str, values: dict[str, float]) -> None:
    worst = max(values, key=values.__getitem__)
    print_row((what, worst, "" if goal is None else f"{goal:g}", f"{values[worst]:.1f} {unit}{mark(values[worst], goal)}"))


def tools(count: int) -> list[dict[str, Any]]:
    """Tool definitions of an ordinary size, each with a name of its own."""
    types = {"title": "string", "count": "integer", "ratio": "number", "urgent": "boolean", "tags": "array"}
    tool = calling({}, types).tool or {}
    return [{**tool, "function": {**tool["function"], "name": f"{TOOL}_{number}"}} for number in range(count)]


def mark(value: float, goal: float | None) -> str:
    return " !" if goal is not None and value > goal else ""


def print_row(cells: Sequence[str]) -> None:
    print("| " + " | ".join(f"{cell:{width}}" for cell, width in zip(cells, WIDTHS, strict=False)) + " |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
