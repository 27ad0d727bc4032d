"""Print how damaged markup is read: `python -m benchmarks.damage_table [--write] [--misses KIND] [FORMAT ...]`.

For every format that writes calls, turns are rendered, one thing outside the values is damaged (`tests/markup_damage.py`), and what
comes out is compared with what was meant. `--write` puts both tables into docs/damage.md, which says how to read them.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import toolparse

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from markup_damage import DAMAGES, PROSE, TOOLS, TURNS, Damaged, Turn, message, turn

PAGE = Path(__file__).parents[1] / "docs" / "damage.md"
OUTCOMES = ("read", "told", "leaked", "silent")
BEGINS, ENDS = "<!-- tables: python -m benchmarks.damage_table --write -->", "<!-- end of tables -->"

Table = defaultdict[str, Counter[str]]


def main(arguments: Sequence[str] | None = None) -> int:
    options = argparse.ArgumentParser(prog="python -m benchmarks.damage_table", description="Damage the markup of calls and read them.")
    options.add_argument("formats", nargs="*", metavar="FORMAT", help="only these formats (all)")
    options.add_argument("--write", action="store_true", help=f"put the tables into docs/{PAGE.name}")
    options.add_argument("--misses", metavar="KIND", help="print the turns that are leaked or silent instead, of one kind or of 'all'")
    chosen = options.parse_args(arguments)
    if chosen.write and (chosen.formats or chosen.misses):
        options.error("--write takes all formats and all kinds")
    if chosen.misses not in (None, "all", *DAMAGES):
        options.error(f"no kind {chosen.misses!r}; the kinds are the first table's first column")

    kinds: Table = defaultdict(Counter)
    formats: Table = defaultdict(Counter)
    for name in [toolparse.get_format(name).name for name in chosen.formats] or [fmt.name for fmt in toolparse.formats()]:
        for kind, damaged in damaged_turns(name, chosen.misses):
            got = toolparse.parse(damaged.text, name, tools=PREPARED, prompt="")
            result = outcome(got, damaged)
            kinds[kind][result] += 1
            formats[name][result] += 1
            if chosen.misses and result in ("leaked", "silent"):
                print_miss(name, kind, result, damaged, got)
    if chosen.misses:
        return 0
    made = tables(kinds, formats)
    print(made)
    if chosen.write:
        page = PAGE.read_text(encoding="utf-8")
        before, _, rest = page.partition(BEGINS)
        PAGE.write_text(f"{before}{BEGINS}\n\n{made}\n{ENDS}{rest.partition(ENDS)[2]}", encoding="utf-8")
    return 0


PREPARED = toolparse.Tools(TOOLS)


def damaged_turns(name: str, only: str | None) -> Iterator[tuple[str, Damaged]]:
    """The damaged turns of a format, each text once, with the kind of damage."""
    seen = set()
    for reference in references(name):
        seen.add(reference.text)
        for kind, damage in DAMAGES.items():
            if only not in (None, "all", kind):
                continue
            for damaged in damage(reference):
                if damaged.text not in seen:
                    seen.add(damaged.text)
                    yield kind, damaged


def references(name: str) -> Iterator[Turn]:
    """The turns as the format writes them: those that it can write, and that are read as they were meant."""
    for number, calls in enumerate(TURNS):
        for content in (PROSE, None):
            try:
                text = toolparse.render(message(calls, content), name, tools=TOOLS)
            except toolparse.CannotRender:
                continue
            if outcome(toolparse.parse(text, name, tools=PREPARED, prompt=""), Damaged(text, calls)) != "read":
                raise AssertionError(f"{name} does not read its own turn {number}: {text!r}")
            yield turn(text, calls, number)
            break


def outcome(got: toolparse.Message, damaged: Damaged) -> str:
    """What became of a damaged turn: one of `OUTCOMES`."""
    meant = [(name, spelled(given)) for name, given in damaged.calls]
    whole = [(call.name, spelled(call.value())) for call in got.tool_calls if call.complete]
    if len(whole) == len(got.tool_calls) and whole == meant:
        content = got.content or ""
        if content.replace(damaged.words or PROSE, "").replace(PROSE, "").strip():
            return "leaked"
        prose_is_kept = PROSE in content or PROSE not in damaged.text
        words_are_kept = damaged.words in content or any(damaged.words in problem.message for problem in got.problems)
        if prose_is_kept and words_are_kept:
            return "read"
    if any(problem.severity == "error" for problem in got.problems):
        return "told"
    remaining = iter(meant)
    cut = len(whole) < len(got.tool_calls)
    return "told" if cut and all(call in remaining for call in whole) else "silent"


def spelled(value: object) -> str:
    """A text that is equal for equal JSON values only: 1, 1.0 and true are three."""
    return json.dumps(value, sort_keys=True)


def print_miss(name: str, kind: str, result: str, damaged: Damaged, got: toolparse.Message) -> None:
    calls = [(call.name, call.arguments, call.complete) for call in got.tool_calls]
    print(f"{result} {name} {kind}: {damaged.text!r}\n  -> {calls} content {got.content!r} {[(p.kind, p.severity) for p in got.problems]}")


def tables(kinds: Table, formats: Table) -> str:
    """Both tables and the sum, as Markdown."""
    ordered = {kind: kinds[kind] for kind in DAMAGES if kind in kinds}
    total = sum(kinds.values(), Counter[str]())
    share = ", ".join(f"{total[result] / max(total.total(), 1):.1%} {result}" for result in OUTCOMES)
    summary = f"{total.total():,} damaged turns of {len(formats)} formats, {len(ordered)} kinds of damage: {share}."
    return "\n".join([summary, "", "### By kind", "", *table("damage", ordered), "", "### By format", "", *table("format", formats), ""])


def table(first: str, rows: dict[str, Counter[str]]) -> Iterator[str]:
    width = max(map(len, rows), default=len(first))
    yield f"| {first:{width}} | turns |   read |   told | leaked | silent |"
    yield f"| {'-' * width} | ----: | -----: | -----: | -----: | -----: |"
    for name, counted in rows.items():
        cells = (f"{counted[result] / counted.total():6.1%}" if counted[result] else "     -" for result in OUTCOMES)
        yield f"| {name:{width}} | {counted.total():5} | {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.exit(main())
