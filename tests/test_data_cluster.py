"""Parts of a run on a cluster, done here; the cluster itself is in `tests/data`."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from toolparse.cli import main
from toolparse.data import cluster, read
from toolparse.data.files import UnreadableFile
from toolparse.data.jobs import Job
from toolparse.data.runs import CannotResume, Plan

JOB = Job(column="output", format="hermes")


def made(path: Path, count: int) -> Path:
    rows = [{"n": n, "output": f"Text {n}" if n % 5 else None} for n in range(count)]
    if path.suffix == ".parquet":
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path, row_group_size=7)
    else:
        path.write_text("\ufeff" + "".join(json.dumps(row) + "\n" + "\n" * (row["n"] == 3) for row in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.parquet", "rows.json"])
@pytest.mark.parametrize("parquet", [False, True])
def test_the_parts_have_each_row_once_in_order(tmp_path: Path, name: str, parquet: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "PART", 100)
    path, folder = made(tmp_path / name, 40), tmp_path / "out"
    folder.mkdir()
    parts = [{**part, "number": number} for number, part in enumerate(cluster.parts_of([str(path)]))]
    assert (len(parts) > 3) == (name != "rows.json")
    rows = 0
    for part in (*reversed(parts), parts[0]):  # in any order, and one of them twice
        rows += cluster.do_part(part, Plan(JOB, parquet), str(folder)).rows
    assert rows == 40 + cluster.do_part(parts[0], Plan(JOB, parquet), str(folder)).rows
    if parquet:
        found = [row for file in sorted(folder.glob("*.parquet")) for row in pyarrow.parquet.read_table(file).to_pylist()]
    else:
        found = list(read(folder))
    assert [row["n"] for row in found] == [n for n in range(40) if n % 5]
    rejected = [json.loads(line) for file in sorted((tmp_path / "out.rejected").iterdir()) for line in file.read_text().splitlines()]
    blank = name != "rows.parquet"
    assert [row["line"] for row in rejected] == [n + 1 + (blank and n > 3) for n in range(0, 40, 5)]


def test_a_part_that_broke_off_is_done_again(tmp_path: Path) -> None:
    part = {**next(cluster.parts_of([str(made(tmp_path / "rows.jsonl", 10))])), "number": 0}
    (tmp_path / "part-000000.jsonl").write_text("half a ro")
    (tmp_path / ".toolparse").mkdir()
    (tmp_path / ".toolparse" / "part-000000.json").write_text("")
    assert cluster.do_part(part, Plan(JOB), str(tmp_path)).written == 8
    assert len((tmp_path / "part-000000.jsonl").read_text().splitlines()) == 8


def test_another_run_is_not_gone_on_with(tmp_path: Path) -> None:
    folder = str(tmp_path / "out")
    cluster._begin(folder, {"job": 1}, resume=False)
    cluster._begin(folder, {"job": 1}, resume=True)
    with pytest.raises(CannotResume, match="had other files or options"):
        cluster._begin(folder, {"job": 2}, resume=True)
    with pytest.raises(CannotResume, match="is not empty"):
        cluster._begin(folder, {"job": 1}, resume=False)
    (tmp_path / "x.jsonl").write_text("{}")
    with pytest.raises(CannotResume, match="no run that can be gone on with"):
        cluster._begin(str(tmp_path), {"job": 1}, resume=True)


def test_a_wrong_use_is_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = made(tmp_path / "rows.jsonl", 3)
    assert main(["batch", str(path), "--format", "hermes", "--ray", "auto", "-o", "out.jsonl"]) == 2
    assert "--ray takes -o FOLDER" in capsys.readouterr().err
    with pytest.raises(UnreadableFile, match="cannot read standard input"):
        list(cluster.parts_of(["-"]))
