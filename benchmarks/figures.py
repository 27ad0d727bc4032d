"""Print what the library is made of: `python -m benchmarks.figures [--write]`. `--write` puts it into docs/architecture.md.

Lines by room, the words of the grammar and which formats use each, what one output keeps, long functions, and the places of a turn as
the engine's table has them. Knows the sources and the tables, and nothing of how anything is parsed.
"""

from __future__ import annotations

import argparse
import ast
import dataclasses
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import toolparse
from toolparse import grammar
from toolparse.engine.prose import Block, TextWriter
from toolparse.engine.table import KINDS, THINKING_KINDS
from toolparse.engine.turn import Opened, Turn
from toolparse.wire.open_call import CallRules, OpenCall, Opening

ROOT = Path(toolparse.__file__).parent
PAGE = ROOT.parent / "docs" / "architecture.md"
LONG = 40
TEMPLATES = ("Header", "Region", "Regions", "Slot", "ValueText")
"""What describes a `response_template` (`Format.regions`), and no format of ours."""


def between(text: str, name: str, made: str) -> str:
    """The page with what stands between the comments of a name made afresh."""
    begins, ends = f"<!-- {name}: python -m benchmarks.figures --write -->", f"<!-- end of {name} -->"
    before, _, rest = text.partition(begins)
    return f"{before}{begins}\n\n{made}\n\n{ends}{rest.partition(ends)[2]}"


def lines() -> Iterator[str]:
    counted: Counter[str] = Counter()
    for path in ROOT.rglob("*.py"):
        room = path.relative_to(ROOT).parts[0]
        counted[room if room.endswith(".py") else room + "/"] += len(path.read_text(encoding="utf-8").splitlines())
    yield "| room | lines |"
    yield "|---|---|"
    yield from (f"| `{room}` | {count:,} |" for room, count in sorted(counted.items(), key=lambda item: -item[1]))
    yield f"| all | {counted.total():,} |"


def words() -> Iterator[str]:
    """Each word of the grammar, and the formats that set it."""
    users: dict[str, set[str]] = defaultdict(set)

    def walk(value: object, name: str) -> None:
        if isinstance(value, tuple):
            for each in value:
                walk(each, name)
        elif dataclasses.is_dataclass(value):
            for field in dataclasses.fields(value):
                given = getattr(value, field.name)
                if field.default is dataclasses.MISSING or given != field.default:
                    users[f"{type(value).__name__}.{field.name}"].add(name)
                walk(given, name)

    for fmt in toolparse.formats():
        walk(fmt, fmt.name)
    described = [kind for kind in vars(grammar).values() if dataclasses.is_dataclass(kind) and kind.__module__ == grammar.__name__]
    kinds = [kind for kind in described if isinstance(kind, type) and kind.__name__ not in TEMPLATES]
    fields = [f"{kind.__name__}.{field.name}" for kind in kinds for field in dataclasses.fields(kind) if field.name != "regions"]
    alone = [field for field in fields if len(users[field]) == 1]
    unused = [field for field in fields if not users[field]]
    yield f"The grammar has {len(fields)} words, {len(unused)} of them set by no format and {len(alone)} by one alone."
    yield ""
    yield "| word | formats that set it |"
    yield "|---|---|"
    for field in fields:
        names = sorted(users[field])
        yield f"| `{field}` | {', '.join(names) if len(names) <= 4 else len(names)} |"


def kept() -> int:
    """The fields of what one output keeps besides an open call's codec."""
    return sum(len(kind.__slots__) for kind in (toolparse.Parser, Turn, TextWriter, OpenCall))


def long_functions() -> list[tuple[int, str]]:
    """Functions of more than `LONG` lines without their docstrings."""
    found = []
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.end_lineno is not None:
                first = node.body[1] if ast.get_docstring(node) is not None and len(node.body) > 1 else node.body[0]
                count = node.end_lineno - first.lineno + 1
                if count > LONG:
                    found.append((count, f"{path.relative_to(ROOT).as_posix()}: {node.name}"))
    return sorted(found, reverse=True)


def places() -> str:
    """What follows each place of a turn, as a diagram."""
    rows = ["stateDiagram-v2"]
    for kinds in (KINDS, THINKING_KINDS):
        for name, kind in kinds.items():
            ways: dict[str, list[str]] = defaultdict(list)
            for way in ("text", "space", "line_break", "border", "call", "closer"):
                to = getattr(kind, way)
                if to and to != name:
                    ways[to].append(way.replace("_", " "))
            rows += [f"{name.replace(' ', '_')} --> {to.replace(' ', '_')} : {', '.join(said)}" for to, said in ways.items()]
    return "```mermaid\n" + "\n    ".join(rows) + "\n```"


def figures() -> str:
    long = long_functions()
    told = ", ".join(f"`{name}` ({count})" for count, name in long)
    return "\n".join(
        [
            f"One output keeps {kept()} fields, besides the codec of the call that is open. Some hold a value of several: the options of "
            f"its calls ({len(CallRules._fields)}), what opened the last call ({len(Opening.__slots__)}), how far what stands behind that "
            f"has been read ({len(Opened.__slots__)}), the answer and the block of reasoning that is open ({len(Block.__slots__)}).",
            "",
            f"Functions of more than {LONG} lines: {told or 'none'}. None has a cyclomatic complexity over 25 (`ruff` holds that).",
            "",
            *lines(),
            "",
            *words(),
        ]
    )


def main(arguments: Sequence[str] | None = None) -> int:
    options = argparse.ArgumentParser(prog="python -m benchmarks.figures", description="What the library is made of.")
    options.add_argument("--write", action="store_true", help=f"put it into docs/{PAGE.name}")
    if options.parse_args(arguments).write:
        page = between(PAGE.read_text(encoding="utf-8"), "places", places())
        PAGE.write_text(between(page, "figures", figures()), encoding="utf-8")
    else:
        print(places(), figures(), sep="\n\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
