"""Reading files of rows, and writing Parquet."""

from __future__ import annotations

import gzip
import json
import os
import threading
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
import zstandard

import toolparse.data.files as files
from toolparse.data import InvalidRow, parse_columns, read
from toolparse.data.files import UnreadableFile, blocks, found
from toolparse.data.tables import packed, write_parquet

ROWS = [{"a": 1, "text": "one\u2028 line"}, {"a": None, "text": "zwei \U0001f600"}, {"b": [1, {"c": 2}]}]
LINES = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS).encode()


@pytest.mark.parametrize(
    "name", ["x.jsonl", "x.json", "x.ndjson", "x.log", "x.jsonl.gz", "x.jsonl.zst", "list.json", "one.json.gz", "x.parquet"]
)
def test_every_kind_of_file_gives_its_rows(tmp_path: Path, name: str) -> None:
    path, wanted = tmp_path / name, ROWS
    data = LINES
    if name.startswith("list"):
        data = json.dumps(ROWS, indent=2).encode()
    elif name.startswith("one"):
        data, wanted = json.dumps(ROWS[2], indent=2).encode(), ROWS[2:]
    if name.endswith(".gz"):
        data = gzip.compress(data)
    elif name.endswith(".zst"):
        data = zstandard.compress(data)
    path.write_bytes(data)
    if name.endswith(".parquet"):
        wanted = ROWS[:2]
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(wanted), path)
    assert list(read(path)) == wanted


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_with_a_name_is_a_file(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(LINES,))
    writer.start()
    assert list(read(path)) == ROWS
    writer.join()


def test_a_byte_order_mark_blank_lines_and_carriage_returns_are_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + b'{"a": 1}\r\n\r\n  \n{"a": 2}')
    assert [line for block in blocks(str(path)) for line in block.lines] == [1, 4]
    assert list(read(path)) == [{"a": 1}, {"a": 2}]


def test_a_text_is_one_row_and_a_folder_gives_them_sorted(tmp_path: Path) -> None:
    for folder in ("sub", ".own", "sub/_own"):
        (tmp_path / folder).mkdir()
    for name in ("b.txt", "a.txt", "sub/c.txt", ".hidden.txt", ".own/d.txt", "sub/_own/e.txt", "readme.md"):
        (tmp_path / name).write_text(name)
    assert [row["text"] for row in read(tmp_path)] == ["a.txt", "b.txt", "sub/c.txt"]
    assert [row["text"] for row in read(str(tmp_path / "?.txt"))] == ["a.txt", "b.txt"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"a": 1', "not JSON"),
        (b'["a"]', "a row is a JSON object, not list"),
        (b'{"a": "\xff"}', "not UTF-8 text .byte 0xff at offset 7"),
        (b"[" * 100_000, "not JSON that can be read|not JSON"),
        (b'{"a": ' + b"1" * 5000 + b"}", "not JSON that can be read"),
        (b'{"a": "\0"}', "not JSON"),
    ],
)
def test_a_line_that_is_no_row_is_told_with_its_place(tmp_path: Path, line: bytes, reason: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(b'{"a": 1}\n' + line + b'\n{"a": 2}\n')
    told: list[tuple[str, int, str]] = []
    assert list(read(path, lambda *fault: told.append(fault))) == [{"a": 1}, {"a": 2}]
    assert [(name, number) for name, number, _ in told] == [(str(path), 2)]
    with pytest.raises(InvalidRow, match=f"line 2: ({reason})"):
        list(read(path))


def test_a_list_of_json_is_read_in_pieces_and_its_fault_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.json"
    rows = [{"n": n, "é": "x" * (n % 50)} for n in range(300)]
    path.write_text(json.dumps(rows, indent=1, ensure_ascii=False), encoding="utf-8")
    for size in (2, 7, 64, 4096):
        monkeypatch.setattr(files, "BYTES", size)
        assert list(read(path)) == rows
    path.write_text('[{"a": 1}, 17, {"b": oops}, {"c": 1}]')
    told: list[Any] = []
    assert list(read(path, lambda *fault: told.append(fault[1:]))) == [{"a": 1}]
    assert [number for number, _ in told] == [2, 3]
    for empty in ("[]", " [ ] ", "[", ""):
        path.write_text(empty)
        assert list(read(path, lambda *_: None)) == []


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("x.jsonl.gz", b"not gzip", "cannot be read"),
        ("x.jsonl.gz", gzip.compress(LINES * 50)[:-20], "cannot be read"),
        ("x.jsonl.zst", b"not zstd", "cannot be read"),
        ("x.parquet", b"not parquet", "cannot be read as Parquet"),
        ("x.dat", b"\x00\x01", "neither its name nor its start"),
        ("x.json", b'["\xff"]', "not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str, data: bytes, reason: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UnreadableFile, match=f"{name}: .*{reason}"):
        list(read(tmp_path / name))


def test_a_column_that_is_there_twice_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    table = pyarrow.table([pyarrow.array(["a"]), pyarrow.array(["b"])], names=["text", "text"])
    pyarrow.parquet.write_table(table, path)
    with pytest.raises(UnreadableFile, match="has the column 'text' twice"):
        list(read(path))
    with pytest.raises(InvalidRow, match="has the column 'text' twice"):
        parse_columns(table, format="hermes", column="text")


def test_long_rows_of_parquet_come_in_short_blocks(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"text": [f"{n:09}" * 100_000 for n in range(20)]}), path, use_dictionary=False)
    assert max(len(block.rows) for block in blocks(str(path))) <= 5
    assert [row["text"][:9] for row in read(path)] == [f"{n:09}" for n in range(20)]


def test_no_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="no file matches"):
        found(str(tmp_path / "*.jsonl"))
    with pytest.raises(UnreadableFile, match=r"no file in this folder ends in \.jsonl"):
        found(str(tmp_path))
    with pytest.raises(FileNotFoundError):
        list(read(tmp_path / "none.jsonl"))


def test_blocks_of_different_types_become_one_parquet_file(tmp_path: Path) -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    first = [{"n": 1, "same": "x", "messages": [{"role": "user", "content": "hi"}]}, {"n": None, "messages": []}]
    second = [
        {
            "n": 2.5,
            "other": {"k": 1},
            "tools": [{"type": "function"}],
            "messages": [{"role": "assistant", "content": None, "tool_calls": [call]}],
        }
    ]
    third = [{"n": "three", "same": "\ud800", "parsed_tool_calls": [], "\udc00": 1}]
    path = tmp_path / "blocks"
    path.write_bytes(b"".join(map(packed, (first, second, third))))
    with open(tmp_path / "x.parquet", "wb") as file:
        write_parquet(str(path), file)
    table = pyarrow.parquet.read_table(tmp_path / "x.parquet")
    assert table.column("n").to_pylist() == ["1", None, "2.5", "three"]
    assert table.column("same").to_pylist() == ["x", None, None, "\\ud800"]
    assert json.loads(table.column("other")[2].as_py()) == {"k": 1}
    assert json.loads(table.column("tools")[2].as_py()) == [{"type": "function"}]
    assert table.column("messages")[2].as_py()[0]["tool_calls"] == [call]
    assert table.column("\\udc00").to_pylist() == [None, None, None, 1]
    assert table.num_rows == 4


def test_a_column_keeps_the_type_that_the_file_has(tmp_path: Path) -> None:
    rows = [{"turns": [{"from": "gpt", "value": "x"}], "when": None}]
    turn = pyarrow.struct([("from", pyarrow.string()), ("value", pyarrow.string())])
    schema = pyarrow.schema([("turns", pyarrow.list_(turn)), ("when", pyarrow.date32())])
    path = tmp_path / "blocks"
    path.write_bytes(packed(rows, schema))
    with open(tmp_path / "x.parquet", "wb") as file:
        write_parquet(str(path), file)
    assert pyarrow.parquet.read_schema(tmp_path / "x.parquet").equals(schema)


def test_no_key_of_a_message_and_no_digit_of_a_number_is_lost(tmp_path: Path) -> None:
    odd = [{"role": "user", "content": "hi", "meta": {"k": 1}}, {"role": "user", "content": [{"type": "text", "text": "x"}]}]
    plain = [{"role": "user", "content": "hi"}]
    first = [{"messages": plain, "n": 2**53 + 1, "big": 1}, {"messages": odd, "n": None, "big": 2**70}]
    second = [{"messages": plain, "n": 1.5, "big": 1}]
    path = tmp_path / "blocks"
    path.write_bytes(packed(first) + packed(second))
    with open(tmp_path / "x.parquet", "wb") as file:
        write_parquet(str(path), file)
    rows = pyarrow.parquet.read_table(tmp_path / "x.parquet").to_pylist()
    assert json.loads(rows[1]["messages"]) == odd
    assert [row["n"] for row in rows] == [str(2**53 + 1), None, "1.5"]
    assert [row["big"] for row in rows] == ["1", str(2**70), "1"]


def test_weights_of_messages_are_a_field_of_their_type(tmp_path: Path) -> None:
    blocks = [[{"messages": [{"role": "user", "content": "hi", **more}]}] for more in ({}, {"weight": 1}, {"weight": 0.5, "loss": True})]
    path = tmp_path / "blocks"
    path.write_bytes(b"".join(map(packed, blocks)))
    with open(tmp_path / "x.parquet", "wb") as file:
        write_parquet(str(path), file)
    rows = pyarrow.parquet.read_table(tmp_path / "x.parquet").to_pylist()
    assert [(row["messages"][0]["weight"], row["messages"][0]["loss"]) for row in rows] == [(None, None), (1.0, None), (0.5, True)]


def test_many_blocks_are_few_row_groups(tmp_path: Path) -> None:
    path = tmp_path / "blocks"
    path.write_bytes(b"".join(packed([{"n": n}]) for n in range(50)))
    with open(tmp_path / "x.parquet", "wb") as file:
        write_parquet(str(path), file)
    with pyarrow.parquet.ParquetFile(tmp_path / "x.parquet") as made:
        assert made.num_row_groups == 1
        assert made.read().column("n").to_pylist() == list(range(50))
