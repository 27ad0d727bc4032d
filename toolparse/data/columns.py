"""`parse_columns`: a batch of rows in, the same batch with new columns out, in whatever form the batch comes.

One plain function for `datasets.map(batched=True)`, Ray Data's `map_batches`, Dask's `map_partitions`, Spark's `mapInPandas` and pandas
itself. It knows a batch by the library that made it and imports none; all it makes is text, since a column of structures has no type where
a batch has none of them.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from toolparse.data.conversation import InvalidRow, json_text, worst
from toolparse.data.definitions import prepared
from toolparse.data.jobs import ADDED, Job, read_text, text_column
from toolparse.formats import UnknownFormat, get_format

COLUMNS = tuple(ADDED + name for name in ("content", "reasoning", "tool_calls", "status", "problems"))
"""The new columns, all of text and never null: content and reasoning ("" where there is none), the calls and the problems as JSON text, and
the status of the row, one of `toolparse.data.conversation.STATUSES` or "rejected"."""


def parse_columns(batch: Any, *, format: str, column: str | None = None, tools: Any = None, prompt: str | None = None) -> Any:
    """A batch with the columns `parsed_content`, `parsed_reasoning`, `parsed_tool_calls`, `parsed_status` and `parsed_problems` added.

    `batch` is a dict of lists or of NumPy arrays, an Arrow table or record batch, a pandas or polars frame, or an iterator of any of
    them (Spark). `format` is a format's name, "auto", or a column that names it; `column` holds the text (guessed where only one
    can); `tools` is a list of tools, `Tools`, JSON text, or a column (by default `tools`, where there is one); `prompt` is that of
    `Parser`. A row that cannot be read has the status "rejected" and the reason among its problems.

    >>> parse_columns({"output": ["Hi"]}, format="hermes")["parsed_content"]
    ['Hi']

    Raises `UnknownFormat`, `InvalidRow` where the column cannot be told, and `InvalidTools` for tools that are none.
    """
    if isinstance(batch, Iterator):
        return (parse_columns(part, format=format, column=column, tools=tools, prompt=prompt) for part in batch)
    names = _names(batch)
    job = _job(format, names, tools, prompt)
    if column is None:
        if not _length(batch, names):
            return _with(batch, {name: [] for name in COLUMNS})
        column = text_column({name: _values(batch, name, 1)[0] for name in names if _values(batch, name, 1)})
    elif column not in names:
        raise InvalidRow(f"the batch has no column {column!r}; its columns are {', '.join(map(str, names))}")
    if names.count(column) > 1:
        raise InvalidRow(f"the batch has the column {column!r} twice")
    needed = [name for name in (column, job.format_column, job.tools_column) if name is not None and name in names]
    rows = zip(*(_values(batch, name) for name in needed), strict=True)
    made = [_row(job, dict(zip(needed, row, strict=True)), column) for row in rows]
    return _with(batch, {name: [row[at] for row in made] for at, name in enumerate(COLUMNS)})


def _row(job: Job, row: dict[str, Any], column: str) -> tuple[str, str, str, str, str]:
    """The new columns of one row."""
    text = row[column]
    if text is not None and not isinstance(text, str):
        row[column] = text.item() if hasattr(text, "item") else text  # NumPy's own strings
    try:
        message, _ = read_text(job, row, column)
    except InvalidRow as error:
        return "", "", "[]", "rejected", json_text([{"kind": "rejected", "message": str(error), "position": 0, "severity": "error"}])
    shown = [{"kind": p.kind, "message": p.message, "position": p.position, "severity": p.severity} for p in message.problems]
    calls = [call.to_openai() for call in message.tool_calls if call.complete]
    status = worst(message.attempts, message.problems)
    return message.content or "", message.reasoning or "", json_text(calls), status, json_text(shown)


def _job(fmt: str, names: list[str], tools: Any, prompt: str | None) -> Job:
    column, named = None, fmt
    if fmt != "auto":
        try:
            named = get_format(fmt).name
        except UnknownFormat:
            if fmt not in names:
                raise
            column, named = fmt, ""
    job = Job(format=named, format_column=column, prompt=prompt)
    if tools is None:
        return job
    if isinstance(tools, str) and tools.lstrip()[:1] not in ("[", "{"):
        if tools not in names:
            raise InvalidRow(f"tools: {tools!r} is neither JSON text nor a column; the columns are {', '.join(map(str, names))}")
        return Job(format=named, format_column=column, tools_column=tools, prompt=prompt)
    return Job(format=named, format_column=column, tools=prepared(tools), prompt=prompt)


# -- batches of every library --------------------------------------------------------------------------------------------------------------


def _library(batch: Any) -> str:
    """The library that a batch is of."""
    return type(batch).__module__.partition(".")[0]


def _names(batch: Any) -> list[str]:
    if isinstance(batch, Mapping):
        return list(batch)
    if _library(batch) == "pyarrow":
        return list(batch.schema.names)
    if hasattr(batch, "__len__") and hasattr(batch, "columns"):  # a lazy frame has no length
        return list(batch.columns)
    raise TypeError(f"a batch is a dict of columns, an Arrow table, or a pandas or polars frame, not {type(batch).__name__}")


def _values(batch: Any, name: str, count: int | None = None) -> list[Any]:
    """The values of a column as Python objects, or the first `count` of them."""
    column = batch[name] if count is None else batch[name][:count]
    for method in ("to_pylist", "to_list", "tolist"):
        if hasattr(column, method):
            return list(getattr(column, method)())
    return list(column)


def _length(batch: Any, names: list[str]) -> int:
    return len(batch[names[0]]) if names else 0


def _with(batch: Any, columns: dict[str, list[str]]) -> Any:
    """The batch with these columns, as a batch of the same kind; what was given is not changed."""
    library = _library(batch)
    if library == "pyarrow":
        pyarrow = sys.modules["pyarrow"]
        table = pyarrow.Table.from_batches([batch]) if isinstance(batch, pyarrow.RecordBatch) else batch
        for name, values in columns.items():
            array = pyarrow.array([value.encode("utf-8", "backslashreplace").decode() for value in values], pyarrow.string())
            at = table.schema.get_field_index(name)
            table = table.append_column(name, array) if at < 0 else table.set_column(at, name, array)
        if table is batch or not isinstance(batch, pyarrow.RecordBatch):
            return table
        return table.combine_chunks().to_batches()[0] if table.num_rows else pyarrow.RecordBatch.from_pylist([], schema=table.schema)
    if library == "polars":
        series = sys.modules["polars"]
        return batch.with_columns([series.Series(name, values, dtype=series.String) for name, values in columns.items()])
    if library == "pandas" and not len(batch):  # whose types pandas would otherwise guess: numbers
        return batch.assign(**{name: sys.modules["pandas"].Series([], dtype="str") for name in columns})
    if not isinstance(batch, Mapping):
        return batch.assign(**columns)
    made: Any = copy.copy(batch)  # not `dict(...)`: the lazy batches of `datasets` decode what they are asked for
    like = next(iter(batch.values()), None) if isinstance(batch, dict) else None
    if type(like).__module__ == "numpy":
        numpy = sys.modules["numpy"]
        made.update({name: numpy.array(values, dtype=object) for name, values in columns.items()})
    else:
        for name, values in columns.items():
            made[name] = values
    return made
