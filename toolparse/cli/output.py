"""What the command writes: a message, its events or OpenAI chunks as JSON, a table of formats, a progress bar.

Colours, the drawn table and the bar need `rich` and a terminal; without either the text is plain, so that what a pipe gets never
depends on what is installed. Knows events and formats, nothing of options or files' contents.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from gzip import GzipFile
from importlib.util import find_spec
from io import FileIO
from itertools import chain
from typing import Any

from toolparse.adapters.openai_chat import ChatChunks, sse
from toolparse.events import Event
from toolparse.grammar import Format
from toolparse.message import Message, folded
from toolparse.parser import PART_KINDS

LARGE = 4_000_000  # bytes from which on an input gets a progress bar
_ENCODER = json.JSONEncoder(ensure_ascii=False, default=asdict)  # a problem holds the attempt that it is about
_SPAN = re.compile(r"\[\n {2,}(\d+),\n {2,}(\d+)\n {2,}\]")
"""A pair of numbers, which takes one line. No string of JSON has a line break."""


def message_lines(batches: Iterable[list[Event]], label: str | None, located: Callable[[Message], Message]) -> Iterator[str]:
    """The whole message at the end: indented when it is the only one, a line with its file's name when there are several.

    `located` sets where everything in it stands in the output.
    """
    message = located(folded(chain.from_iterable(batches)))
    shown = {
        "content": message.content,
        "reasoning": message.reasoning,
        "tool_calls": [{name: value for name, value in asdict(call).items() if name != "span"} for call in message.tool_calls],
        "parts": [{"type": PART_KINDS[type(part)], "span": part.span} for part in message.parts],
        "finish_reason": message.finish_reason,
        "problems": [asdict(problem) for problem in message.problems],
    }
    if label is None:
        yield _SPAN.sub(r"[\1, \2]", json.dumps(shown, ensure_ascii=False, indent=2)) + "\n"
    else:
        yield to_line({"file": label, "message": shown})


def event_lines(batches: Iterable[list[Event]], label: str | None) -> Iterator[str]:
    """One event a line: its class's name as `type`, and its fields."""
    for events in batches:
        for event in events:
            shown = {"type": type(event).__name__, **{name: getattr(event, name) for name in event.__slots__}}
            yield to_line(shown if label is None else {"file": label, "event": shown})


def chunk_lines(batches: Iterable[list[Event]], label: str | None) -> Iterator[str]:
    """Chat-completion chunks as server-sent events. The file's name is a comment, which clients skip."""
    if label is not None:
        yield f": {json.dumps(label)}\n\n"
    chat = ChatChunks()

    def chunks() -> Iterator[dict[str, Any]]:
        yield from chat.start()
        for events in batches:
            yield from chat.feed(events)
        yield from chat.finish()

    yield from sse(chunks())


def to_line(value: object) -> str:
    """A line of JSON."""
    return _ENCODER.encode(value) + "\n"


def printer() -> Callable[[str], object]:
    """What writes JSON to standard output, in colours where a person looks."""
    if not (sys.stdout.isatty() and has_rich()):
        return sys.stdout.write
    from rich.console import Console
    from rich.highlighter import JSONHighlighter

    console = Console(file=sys.stdout)
    coloured = JSONHighlighter()
    return lambda text: console.print(coloured(text), end="", soft_wrap=True)


def complain(message: str) -> None:
    """Say on one line of standard error what is wrong, behind all that was printed before."""
    sys.stdout.flush()
    print("toolparse:", *message.splitlines(), file=sys.stderr)


def print_formats_json(formats: Iterable[Format]) -> None:
    """A JSON list of the formats."""
    shown = [{"name": fmt.name, "models": fmt.models, "aliases": fmt.aliases} for fmt in formats]
    print(json.dumps(shown, ensure_ascii=False, indent=2))


def print_formats(formats: Iterable[Format]) -> None:
    """A table of the formats: drawn on a terminal, otherwise plain columns, a format a line."""
    rows = [(fmt.name, ", ".join(fmt.models), ", ".join(fmt.aliases)) for fmt in formats]
    header = ("format", "models", "other names")
    if sys.stdout.isatty() and has_rich():
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(*header)
        table.columns[0].style = "bold"
        for row in rows:
            table.add_row(*map(Text, row))
        Console(file=sys.stdout).print(table)
        return
    widths = [max(len(row[column]) for row in (header, *rows)) for column in (0, 1)]
    for name, models, aliases in (header, *rows):
        print(f"{name:{widths[0]}}  {models:{widths[1]}}  {aliases}".rstrip())


@contextmanager
def progress_bar(file: FileIO | GzipFile, name: str, lines_follow: bool) -> Iterator[Callable[[], object]]:
    """Show on standard error how much of a large file has been read; give what moves the bar on.

    There is no bar on a terminal where lines of output follow each other all the while: they would tear it apart.
    """
    size = os.fstat(file.fileno()).st_size  # 0 for a pipe or a terminal
    torn = lines_follow and sys.stdout.isatty()
    if size < LARGE or torn or isinstance(file, GzipFile) or not (sys.stderr.isatty() and has_rich()):
        yield lambda: None
        return
    from rich.progress import DownloadColumn, TextColumn

    with bar(TextColumn("{task.description}", markup=False), DownloadColumn()) as progress:
        task = progress.add_task(name, total=size)
        yield lambda: progress.update(task, completed=file.tell())


def bar(*columns: Any) -> Any:
    """A bar of `rich` on standard error with these columns and the time that is left; it goes when its work is done."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TimeRemainingColumn

    return Progress(BarColumn(), *columns, TimeRemainingColumn(), console=Console(file=sys.stderr), transient=True)


def has_rich() -> bool:
    """Whether the `cli` extra is installed."""
    return find_spec("rich") is not None
