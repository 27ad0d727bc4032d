"""`toolparse batch PATH... -o OUT`: files of rows, each of which is read and written as asked for.

What is done with a row is in `data/jobs.py`, how a run survives an interruption in `data/runs.py`; here are the options, what they leave
to be found out, and what a person is told.
"""

from __future__ import annotations

import json
import os
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import chain

from toolparse.cli.inputs import CommandError, read_tools, unreadable
from toolparse.cli.options import FAULTY, FINE, Options, positive
from toolparse.cli.output import bar, complain, has_rich
from toolparse.data.conversation import LOST, InvalidRow, Row
from toolparse.data.extras import MissingExtra, needed
from toolparse.data.files import STANDARD_INPUT, Block, UnreadableFile, blocks, decoded_row, found
from toolparse.data.jobs import Job, Summary, text_column, voted_format
from toolparse.data.runs import PARQUET, CannotResume, Output, Plan, identity_of, pieces
from toolparse.data.runs import run as carry_out
from toolparse.data.shapes import shape_of
from toolparse.data.workers import WorkerEnded
from toolparse.formats import UnknownFormat, get_format

LOOKED_AT = 200
"""So many rows tell what is not named: the column, and the format of texts that show none."""
SHOWN = 5
"""So many rejected rows are told of one by one where no file takes them."""
MORE = """\
example:
  toolparse batch rows.jsonl --column output --format hermes -o out.parquet

Rows may be plain columns, of which --column names the one that holds the text, or conversations, recognised by their shape: OpenAI
messages, ShareGPT, Hermes, glaive, xLAM, ToolACE, ReAct. With --to rows a row keeps its columns, and what was read stands in new ones,
parsed_... With messages, openai and a format, rows in which a call cannot be read are rejected.

While a run lasts, OUT.part and OUT.state hold what is done; --resume goes on from there.

exit status:
  0  every row was read, and every call in it
  1  a row was rejected, or a call in one is cut or unreadable
  2  the command was wrong, or the run could not go on
"""


def run(arguments: list[str]) -> int:
    options = batch_options().parse_args(arguments)
    try:
        return _run(options)
    except (CannotResume, InvalidRow, MissingExtra, UnreadableFile, WorkerEnded) as error:
        again = "; run it again with --resume" if isinstance(error, WorkerEnded) and options.output else ""
        raise CommandError(f"{error}{again}") from None
    except OSError as error:
        if isinstance(error, BrokenPipeError) and options.output is None:
            raise
        if error.filename is not None and error.filename in options.paths:
            raise CommandError(unreadable(str(error.filename), error)) from None
        again = "; run it again with --resume" if options.output is not None else ""
        raise CommandError(f"{error.filename or options.output or 'standard output'}: {error.strerror or error}{again}") from None
    except KeyboardInterrupt:
        if options.output is not None:
            complain("interrupted; go on with --resume")
        raise


def batch_options() -> Options:
    parser = Options(prog="toolparse batch", description="Read whole files of what models wrote.", epilog=MORE, allow_abbrev=False)
    parser.add_argument(
        "paths", nargs="+", metavar="PATH",
        help="a file (.jsonl, .json, .txt, also .gz or .zst; .parquet), a folder, a pattern in quotes, or - for lines of JSON",
    )  # fmt: skip
    parser.add_argument("-o", dest="output", metavar="OUT", help="a .jsonl or .parquet file; default: lines of JSON on standard output")
    parser.add_argument("--column", metavar="NAME", help="the column of the text; default: the one that can hold it")
    parser.add_argument("-f", "--format", metavar="NAME", help="the format of the text, a column that names it, or auto")
    parser.add_argument("--tools", metavar="FILE", help="JSON list of the tools, or a column of such lists (default: tools, if any)")
    parser.add_argument("--to", default="rows", metavar="KIND", help="rows (default), messages, openai, or the format to write texts in")
    parser.add_argument("--prompt", metavar="TEXT", help="the rendered prompt or its end, '' if nothing is pre-filled")
    parser.add_argument("--rejected", metavar="FILE", help="rows that cannot be read, as JSON lines; default: beside OUT")
    parser.add_argument("--report", metavar="FILE", help="write the summary as JSON")
    parser.add_argument("--workers", type=positive, default=1, metavar="N", help="processes (1)")
    parser.add_argument("--resume", action="store_true", help="go on with an interrupted run")
    parser.add_argument("--ray", metavar="ADDRESS", help="run on a Ray cluster (auto: the one of this machine); OUT is then a folder")
    return parser


def _run(options: Namespace) -> int:
    target: str | None = options.output
    files = [file for path in options.paths for file in found(path)]
    check_options(options, files)
    given = (block for file in files for block in blocks(file))
    first = _first(given)
    job = job_of(options, first)
    plan = Plan(job, target is not None and target.endswith(PARQUET))
    if plan.parquet:
        needed("pyarrow", "writing Parquet", "data")
    every = chain(first, given)
    if options.ray is not None:
        from toolparse.data.cluster import run_on_ray

        summary = run_on_ray(plan, files, options.output, options.ray, options.resume)
        if summary.rejected:
            complain(f"{summary.rejected:,} of {summary.rows:,} rows were rejected; they are in {options.output.rstrip(os.sep)}.rejected")
        return tell(summary, options.report)
    if target is None:
        return tell(_print(plan, every, options.workers), options.report)
    output = Output(target, options.rejected, identity_of(job, files))
    if not output.begin(options.resume):
        if not output.summary.rows:
            complain(f"{target}: is there, and no run of it was interrupted; nothing to do")
            return FINE
    else:
        with progress(files, output.rows) as show:
            carry_out(plan, every, output, options.workers, show)
    if output.summary.rejected:
        complain(f"{output.summary.rejected:,} of {output.summary.rows:,} rows were rejected; they are in {output.rejected}")
    return tell(output.summary, options.report)


def check_options(options: Namespace, files: list[str]) -> None:
    """What can be wrong with the options before anything is read. Raises `CommandError`."""
    target = options.output
    if target is None and (options.resume or options.rejected):
        raise CommandError("--resume and --rejected are for runs with an output; name it with -o")
    if options.ray is not None:
        if target is None or target.endswith(".jsonl") or options.rejected or options.workers != 1:
            raise CommandError("--ray takes -o FOLDER (FOLDER.parquet for Parquet files in it), and neither --rejected nor --workers")
    elif target is not None and not target.endswith((".jsonl", PARQUET)):
        raise CommandError(f"{target}: the output is a .jsonl or a {PARQUET} file")
    taken = set(map(os.path.abspath, files))
    for name in filter(None, (target, options.rejected, options.report)):
        path = os.path.abspath(name)
        if path in taken:
            inputs = any(path == os.path.abspath(file) for file in files)
            raise CommandError(f"{name}: is one of the inputs" if inputs else f"{name}: is named for two outputs")
        taken.add(path)
        if not os.path.isdir(os.path.dirname(path)):
            raise CommandError(f"{name}: there is no folder {os.path.dirname(name)}")
        if os.path.isdir(path) and options.ray is None:
            raise CommandError(f"{name}: is a folder")
    if options.to not in ("rows", "messages", "openai"):
        try:
            options.to = get_format(options.to).name
        except UnknownFormat as error:
            raise CommandError(f"--to is rows, messages, openai or a format: {error}") from None


def job_of(options: Namespace, first: list[Block]) -> Job:
    """The job that the options and the first rows tell. Says what was found out. Raises `CommandError`."""
    rows = list(_decoded(first))
    job = Job(to=options.to, prompt=options.prompt, column=options.column)
    plain = [row for row in rows if shape_of(row) is None] if options.column is None else []
    if plain and (options.format is not None or plain[0] is rows[0]):
        try:
            job = replace(job, column=text_column(plain[0]), guessed=True)
            complain(f"the text is taken from the column {job.column!r}")
        except InvalidRow as error:
            if plain[0] is rows[0]:
                raise CommandError(str(error)) from None
    if options.column is not None and rows and not any(options.column in row for row in rows):
        raise CommandError(f"--column {options.column}: the rows have no such column; they have {', '.join(rows[0])}")
    if options.tools is not None:
        if os.path.exists(options.tools):
            read_tools(options.tools)  # which says what is wrong with it
            with open(options.tools, encoding="utf-8") as file:
                job = replace(job, tools=json.dumps(json.load(file)))
        elif rows and options.tools not in rows[0]:
            raise CommandError(f"--tools {options.tools}: neither a file nor a column; the columns are {', '.join(rows[0])}")
        else:
            job = replace(job, tools_column=options.tools)
    if options.format == "auto":
        texts = (row[job.column] for row in rows if job.column is not None and isinstance(row.get(job.column), str))
        voted = voted_format(texts)
        if voted is None and job.column is not None and rows:
            raise CommandError(f"the first {len(rows)} rows show no format; name it with --format, see toolparse formats")
        job = replace(job, format="auto", fallback=voted)
        if voted is not None:
            complain(f"where a text shows no format, it is read as {voted}, which most of the first rows show")
    elif options.format is not None:
        try:
            job = replace(job, format=get_format(options.format).name)
        except UnknownFormat as error:
            if not rows or options.format not in rows[0]:
                raise CommandError(f"{error}; nor is it a column") from None
            job = replace(job, format_column=options.format)
    elif job.column is not None and rows and not isinstance(rows[0].get(job.column), list):
        raise CommandError("no format given; name it with --format, or auto, see toolparse formats")
    return job


def _first(given: Iterator[Block]) -> list[Block]:
    """The first blocks, which hold so many rows that they tell what the rest is like."""
    taken: list[Block] = []
    while sum(len(block.rows) for block in taken) < LOOKED_AT and (block := next(given, None)) is not None:
        taken.append(block)
    return taken


def _decoded(first: list[Block]) -> Iterator[Row]:
    for block in first:
        for row in block.rows:
            with suppress(InvalidRow):
                yield decoded_row(row)


def _print(plan: Plan, every: Iterator[Block], workers: int) -> Summary:
    """Write to standard output."""
    summary = Summary()
    for _, done in pieces(plan, every, workers):
        sys.stdout.buffer.write(done.output)
        sys.stdout.buffer.flush()
        for line in done.rejected.splitlines():
            summary.rejected += 1
            if summary.rejected <= SHOWN:
                told = json.loads(line)
                complain(f"{told['file']}, line {told['line']}: {told['reason']}")
        done.summary.rejected = 0
        summary.add(done.summary)
    if summary.rejected > SHOWN:
        complain(f"{summary.rejected:,} of {summary.rows:,} rows were rejected; with -o OUT a file takes them")
    return summary


def tell(summary: Summary, report: str | None) -> int:
    """Say what a run came to, on standard error and in the file `report`; the exit status that this makes."""
    if report is not None:
        with open(report, "w", encoding="utf-8") as file:
            json.dump(summary.to_json(), file, indent=2)
            file.write("\n")
    shapes = ", ".join(f"{name} {count:,}" for name, count in summary.shapes.most_common())
    counts = [f"{count:,} {word}{'s' * (count != 1)}" for count, word in ((summary.rows, "row"), (summary.calls, "call"))]
    complain(counts[0] + (f" ({shapes})" if shapes else "") + f", {counts[1]}")
    order = sorted(summary.statuses.items(), key=lambda item: -item[1])
    if order:
        complain("by status: " + ", ".join(f"{name} {count:,}" for name, count in order))
    lost = summary.rejected or any(summary.statuses[status] for status in LOST)
    return FAULTY if lost else FINE


@contextmanager
def progress(files: list[str], before: int) -> Iterator[Callable[[int, Block], None]]:
    """Show on a terminal how far the run is, at which rate, and how long it will take; give what is called behind each block.

    `before` rows have been done by an earlier run.
    """
    if not (sys.stderr.isatty() and has_rich()):
        yield lambda rows, block: None
        return
    from rich.progress import TaskProgressColumn, TextColumn

    sizes = {file: os.path.getsize(file) for file in files if file != STANDARD_INPUT}
    started = time.monotonic()
    order = {file: number for number, file in enumerate(files)}

    with bar(TaskProgressColumn(), TextColumn("{task.description}")) as shown:
        task = shown.add_task("", total=sum(sizes.values()) or None)

        def show(rows: int, block: Block) -> None:
            read = sum(sizes.get(file, 0) for file in files[: order[block.file]]) + block.position
            rate = (rows - before) / max(time.monotonic() - started, 1e-9)
            shown.update(task, completed=read, description=f"{rows:,} rows, {rate:,.0f} a second")

        yield show
