"""`parse_columns` on what needs no library but Arrow; the real ones are in `tests/data`."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from typing import Any

import cloudpickle
import pyarrow
import pytest

import toolparse
from toolparse.data import InvalidRow, parse_columns
from toolparse.data.columns import COLUMNS
from toolparse.schemas import tools as tool_room

TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {"n": {"type": "integer"}}}}}]
TEXTS = [
    '<tool_call>\n{"name": "f", "arguments": {"n": 1}}\n</tool_call>',
    "<think>\nHm.\n</think>\n\nPlain.",
    '<tool_call>\n{"name": "f", "arguments": {"n": ',
    "<tool_call>\n{'name': 'g', 'arguments': {}}\n</tool_call>",
    None,
]
WANTED = {
    "parsed_content": ["", "Plain.", "", "", ""],
    "parsed_reasoning": ["", "Hm.", "", "", ""],
    "parsed_status": ["ok", "no_call", "cut", "unknown_tool", "rejected"],
}


def check(made: Any) -> None:
    for name, values in WANTED.items():
        assert list(made[name]) == values
    assert [len(json.loads(calls)) for calls in made["parsed_tool_calls"]] == [1, 0, 0, 1, 0]
    assert json.loads(made["parsed_problems"][4])[0]["message"] == "column 'output' holds no text, but null"


def test_a_dict_of_lists() -> None:
    batch = {"id": [1, 2, 3, 4, 5], "output": TEXTS}
    made = parse_columns(batch, format="hermes", column="output", tools=TOOLS)
    check(made)
    assert made["id"] == batch["id"]
    assert list(batch) == ["id", "output"]
    assert all(isinstance(value, str) for name in COLUMNS for value in made[name])


def test_arrow_tables_and_batches() -> None:
    table = pyarrow.table({"output": TEXTS})
    made = parse_columns(table, format="hermes", tools=TOOLS, column="output")
    check(made.to_pydict())
    assert {made.schema.field(name).type for name in COLUMNS} == {pyarrow.string()}
    batch = parse_columns(table.to_batches()[0], format="hermes", tools=TOOLS, column="output")
    assert isinstance(batch, pyarrow.RecordBatch)
    check(batch.to_pydict())
    empty = parse_columns(table.slice(0, 0), format="hermes")
    assert empty.schema == made.schema
    again = parse_columns(made, format="hermes", tools=TOOLS, column="output")
    assert again.schema == made.schema


def test_an_iterator_of_batches_as_spark_gives_them() -> None:
    made = parse_columns(iter([{"output": TEXTS}, {"output": TEXTS[:1]}]), format="hermes", column="output", tools=TOOLS)
    first, second = made
    check(first)
    assert second["parsed_status"] == ["ok"]


def test_tools_and_formats_may_be_columns() -> None:
    calls = [
        toolparse.render({"content": None, "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]}, name)
        for name in ("hermes", "mistral")
    ]
    batch = {"text": calls, "model": ["hermes", "Mistral"], "tools": [json.dumps(TOOLS), "[{}]"], "mine": [TOOLS, None]}
    assert parse_columns(batch, format="model", column="text")["parsed_status"] == ["ok", "rejected"]
    assert parse_columns(batch, format="model", column="text", tools="mine")["parsed_status"] == ["ok", "ok"]
    missing = {**batch, "mine": [TOOLS, float("nan")]}
    assert parse_columns(missing, format="model", column="text", tools="mine")["parsed_status"] == ["ok", "ok"]
    assert parse_columns(batch, format="auto", column="text", tools=json.dumps(TOOLS))["parsed_status"] == ["ok", "ok"]
    with pytest.raises(toolparse.UnknownFormat):
        parse_columns(batch, format="modle", column="text")
    with pytest.raises(InvalidRow, match="no column 'txt'"):
        parse_columns(batch, format="hermes", column="txt")
    with pytest.raises(InvalidRow, match="neither JSON text nor a column"):
        parse_columns(batch, format="hermes", column="text", tools="mein")
    with pytest.raises(TypeError, match="not int"):
        parse_columns(7, format="hermes")


def test_each_distinct_list_of_tools_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = []
    whole = tool_room._normalised
    monkeypatch.setattr(tool_room, "_normalised", lambda given, path: looked.append(path) or whole(given, path))
    lists = [json.dumps([{**TOOLS[0], "function": {**TOOLS[0]["function"], "description": f"no. {n}"}}]) for n in range(300)]  # type: ignore[dict-item]
    parse_columns({"output": [TEXTS[0]] * 600, "tools": lists * 2}, format="hermes", column="output")
    assert len(looked) == 300


def test_it_is_pickled_by_name_and_by_value() -> None:
    assert pickle.loads(pickle.dumps(parse_columns)) is parse_columns

    def mine(batch: Any) -> Any:
        return parse_columns(batch, format="hermes", column="output", tools=tools)

    tools = toolparse.Tools(TOOLS)
    before = cloudpickle.dumps(mine)
    check(mine({"output": TEXTS}))
    assert cloudpickle.dumps(mine) == before  # `datasets` names its cache by it
    code = "import cloudpickle, sys; f = cloudpickle.loads(sys.stdin.buffer.read()); print(f({'output': ['Hi']})['parsed_content'])"
    result = subprocess.run([sys.executable, "-c", code], input=before, capture_output=True, check=True)
    assert result.stdout.decode().strip() == "['Hi']"


def test_no_library_is_loaded_that_is_not_there() -> None:
    code = (
        "import sys; from toolparse.data import parse_columns; parse_columns({'output': ['Hi']}, format='hermes');"
        "print([name for name in ('pyarrow', 'pandas', 'polars', 'numpy', 'ray', 'datasets') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
