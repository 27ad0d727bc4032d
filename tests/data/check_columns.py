"""`parse_columns` as it is, in the real libraries."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import datasets
import pandas
import polars
import pytest

from toolparse.data import messages, parse_columns, read
from toolparse.data.columns import COLUMNS

FIXTURES = Path(__file__).parents[2] / "fixtures" / "rows"
ROWS = list(read(FIXTURES / "outputs.jsonl")) * 40
TOOLS = json.loads((FIXTURES.parent / "tools.json").read_text())
HOW = {"format": "hermes", "column": "output", "tools": TOOLS}
STATUSES = list(parse_columns({"output": [row["output"] for row in ROWS]}, **HOW)["parsed_status"])


def check(rows: list[dict[str, Any]]) -> None:
    assert [row["parsed_status"] for row in rows] == STATUSES
    assert [row["output"] for row in rows] == [row["output"] for row in ROWS]
    assert all(isinstance(row[name], str) for row in rows for name in COLUMNS)


def test_pandas() -> None:
    frame = pandas.DataFrame(ROWS)
    check(parse_columns(frame, **HOW).to_dict("records"))
    assert list(frame.columns) == ["prompt", "output"]
    check([row for part in parse_columns(iter([frame]), **HOW) for row in part.to_dict("records")])  # Spark's mapInPandas


def test_pandas_without_rows_or_tools() -> None:
    empty = parse_columns(pandas.DataFrame({"output": []}), **HOW)
    full = parse_columns(pandas.DataFrame(ROWS), **HOW)
    assert [empty[name].dtype for name in COLUMNS] == [full[name].dtype for name in COLUMNS]
    frame = pandas.DataFrame({"output": [row["output"] for row in ROWS[:2]], "tools": [json.dumps(TOOLS), float("nan")]})
    assert list(parse_columns(frame, format="hermes", column="output")["parsed_status"]) == STATUSES[:2]


def test_polars() -> None:
    frame = polars.DataFrame(ROWS)
    check(parse_columns(frame, **HOW).to_dicts())
    lazy = frame.lazy().map_batches(lambda part: parse_columns(part, **HOW), validate_output_schema=False)
    check(lazy.collect().to_dicts())
    with pytest.raises(TypeError, match="not LazyFrame"):
        parse_columns(frame.lazy(), **HOW)


@pytest.mark.parametrize("batch_size", [7, 1000])
def test_datasets(batch_size: int) -> None:
    data = datasets.Dataset.from_list(ROWS).map(parse_columns, batched=True, batch_size=batch_size, fn_kwargs=HOW)
    check(data.to_list())
    arrow = datasets.Dataset.from_list(ROWS).with_format("arrow").map(parse_columns, batched=True, batch_size=batch_size, fn_kwargs=HOW)
    check(arrow.with_format(None).to_list())


def test_the_first_batches_may_lack_calls_and_reasoning() -> None:
    """A column that is empty in the first batch must not get a type that a later one does not fit."""
    plain = [{"output": "Hello"}] * 30
    data = datasets.Dataset.from_list(plain + [{"output": row["output"]} for row in ROWS])
    made = data.map(parse_columns, batched=True, batch_size=10, writer_batch_size=10, fn_kwargs=HOW)
    assert made["parsed_status"][30:] == STATUSES


def test_the_cache_of_datasets_is_kept(tmp_path: Path) -> None:
    import toolparse

    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    prints = set()
    for tools in (TOOLS, toolparse.Tools(TOOLS)):
        how = {**HOW, "tools": tools}
        for _ in range(2):
            data = datasets.load_dataset("json", data_files=str(path), cache_dir=str(tmp_path / "cache"), split="train")
            made = data.map(parse_columns, batched=True, fn_kwargs=how)
            prints.add(made._fingerprint)
    assert len(prints) == 2  # one for each way to give the tools, however often they have been used in between


def test_datasets_to_messages() -> None:
    data = datasets.load_dataset("json", data_files=str(FIXTURES / "hermes_thinking.jsonl"), split="train")
    made = data.map(lambda row: {"conversation": json.dumps(messages(row))}, remove_columns=data.column_names)
    assert [json.loads(row)["messages"][1]["tool_calls"][0]["function"]["name"] for row in made["conversation"]] == ["get_weather", "clock"]


def test_dask() -> None:
    import dask.dataframe

    frame = dask.dataframe.from_pandas(pandas.DataFrame(ROWS), npartitions=3)
    check(frame.map_partitions(parse_columns, **HOW).compute().to_dict("records"))


@pytest.mark.parametrize("batch_format", ["default", "numpy", "pandas", "pyarrow"])
def test_ray(batch_format: str) -> None:
    import ray

    if not ray.is_initialized():
        ray.init(num_cpus=2, include_dashboard=False, logging_level="error", log_to_driver=False)
    data = ray.data.from_items([{"n": n, **row} for n, row in enumerate(ROWS)], override_num_blocks=3)
    made = data.map_batches(parse_columns, batch_format=batch_format, fn_kwargs=HOW, batch_size=16)
    check(sorted(made.take_all(), key=lambda row: row["n"]))
