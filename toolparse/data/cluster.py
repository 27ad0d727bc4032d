"""A run on a Ray cluster: Ray Data gives parts of the files to its workers, and does again what a lost node had done.

A part is a range of a file of lines, a row group of Parquet, or a whole file of any other kind. What a part comes to is a file in the
folder OUT, which is written aside and then takes its name; doing a part twice gives the same file. So each row is in the output once, the
names of the files keep the order, and a part that is there need not be done again. What was counted, and what run it is, stand in
OUT/.toolparse; rows that are rejected in the folder OUT.rejected, so that OUT holds rows and nothing else. All nodes must see the files
under the same names.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from typing import Any, NamedTuple

from toolparse.data.extras import needed
from toolparse.data.files import STANDARD_INPUT, Block, UnreadableFile, blocks, check_columns, rows_at_once
from toolparse.data.jobs import Summary
from toolparse.data.runs import CannotResume, Plan, identity_of, piece
from toolparse.data.tables import write_parquet

PART = 8 << 20
"""So many bytes of a file of lines are a part."""
OWN = ".toolparse"
Part = dict[str, Any]


def run_on_ray(plan: Plan, files: list[str], folder: str, address: str, resume: bool) -> Summary:
    """Do the job on the files; the rows go to the folder. `address` is the cluster's, or "auto". Raises `CannotResume`."""
    ray = needed("ray", "--ray", "ray")
    needed("ray.data", "--ray", "ray")
    folder = os.path.abspath(folder)
    _begin(folder, identity_of(plan.job, files), resume)
    parts = [{**part, "number": number} for number, part in enumerate(parts_of(files))]
    if not ray.is_initialized():
        try:
            ray.init(address=address, log_to_driver=False)
        except ConnectionError as error:
            raise CannotResume(f"--ray {address}: no Ray cluster answers ({str(error).splitlines()[0]})") from None
    summary = Summary()
    if parts:
        given = ray.data.from_items(parts, override_num_blocks=len(parts))
        done = given.map_batches(do_parts, batch_size=None, batch_format="pyarrow", fn_kwargs={"plan": plan, "folder": folder})
        for row in done.iter_rows():
            summary.add(Summary.from_json(json.loads(row["summary"])))
    return summary


def _begin(folder: str, identity: dict[str, Any], resume: bool) -> None:
    """Make the folder of a run, or see that it is one of this run. Raises `CannotResume`."""
    os.makedirs(os.path.join(folder, OWN), exist_ok=True)
    told = os.path.join(folder, OWN, "run.json")
    others = [name for name in os.listdir(folder) if name != OWN]
    if (others or os.path.exists(told)) and not resume:
        raise CannotResume(f"{folder}: is not empty; go on with --resume, or remove it to begin again")
    try:
        with open(told, encoding="utf-8") as file:
            known = json.load(file)
    except FileNotFoundError:
        if others:
            raise CannotResume(f"{folder}: holds files, and no run that can be gone on with; name another folder") from None
        _write(folder, told, json.dumps(identity).encode())
        return
    if known != json.loads(json.dumps(identity)):
        raise CannotResume(f"{folder}: the interrupted run had other files or options; give the same, or remove it to begin again")


def do_parts(batch: Any, plan: Plan, folder: str) -> dict[str, list[str]]:
    """Do the parts of a batch; give their counts. Runs on a node of the cluster."""
    return {"summary": [json.dumps(do_part(part, plan, folder).to_json()) for part in batch.to_pylist()]}


def do_part(part: Part, plan: Plan, folder: str) -> Summary:
    """Do one part, unless it is there already."""
    name = f"part-{part['number']:06}"
    counts = os.path.join(folder, OWN, f"{name}.json")
    try:
        with open(counts, encoding="utf-8") as file:
            return Summary.from_json(json.load(file))
    except (FileNotFoundError, ValueError):
        pass
    summary = Summary()
    output = _aside(folder, os.path.join(folder, name + (".parquet" if plan.parquet else ".jsonl")))
    rejected = _aside(folder, os.path.join(f"{folder}.rejected", f"{name}.jsonl"))
    with open(output.path, "wb") as rows, open(rejected.path, "wb") as others:
        for block in blocks_of(part):
            done = piece(plan, block)
            rows.write(done.output)
            others.write(done.rejected)
            summary.add(done.summary)
    if plan.parquet and summary.written:
        tables, output = output, _Aside(output.name, f"{output.path}.parquet")
        with open(output.path, "wb") as file:
            write_parquet(tables.path, file)
        os.remove(tables.path)
    output.take_place(keep=summary.written > 0)
    rejected.take_place(keep=summary.rejected > 0)
    _write(folder, counts, json.dumps(summary.to_json()).encode())  # the last, as it says that the others are there
    return summary


def parts_of(files: list[str]) -> Iterator[Part]:
    """The parts of the files, in order."""
    for name in files:
        if name == STANDARD_INPUT:
            raise UnreadableFile("-: a cluster cannot read standard input; name files that all nodes see")
        path = os.path.abspath(name)
        if name.endswith((".jsonl", ".ndjson")):
            yield from _ranges(path)
        elif name.endswith(".parquet"):
            parquet = needed("pyarrow.parquet", f"{name}: reading Parquet", "data")
            with parquet.ParquetFile(path) as file:
                check_columns(name, file.schema_arrow.names)
                first = 1
                for group in range(file.num_row_groups):
                    yield {"file": path, "kind": "group", "start": group, "end": group + 1, "line": first}
                    first += file.metadata.row_group(group).num_rows
        else:
            yield {"file": path, "kind": "file", "start": 0, "end": 0, "line": 1}


def blocks_of(part: Part) -> Iterator[Block]:
    """The blocks of a part."""
    name = part["file"]
    if part["kind"] == "group":
        parquet = needed("pyarrow.parquet", f"{name}: reading Parquet", "data")
        with parquet.ParquetFile(name) as file:
            line = part["line"]
            for batch in file.iter_batches(batch_size=rows_at_once(file), row_groups=[part["start"]]):
                yield Block(name, list(range(line, line + batch.num_rows)), batch.to_pylist(), 0, batch.schema)
                line += batch.num_rows
    elif part["kind"] == "range":
        with open(name, "rb") as file:
            file.seek(part["start"])
            given = file.read(part["end"] - part["start"]).split(b"\n")
        if part["line"] == 1:
            given[0] = given[0].removeprefix(b"\xef\xbb\xbf")
        rows: list[tuple[int, bytes]] = [(part["line"] + at, row) for at, row in enumerate(map(bytes.strip, given)) if row]
        yield Block(name, [line for line, _ in rows], [row for _, row in rows])
    else:
        yield from blocks(name)


def _ranges(path: str) -> Iterator[Part]:
    """Ranges of a file of lines that end where lines end. The lines in front are counted, as a rejected row is told with its own."""
    with open(path, "rb") as file:
        start, line = 0, 1
        while data := file.read(PART):
            data += file.readline()
            yield {"file": path, "kind": "range", "start": start, "end": start + len(data), "line": line}
            start += len(data)
            line += data.count(b"\n")


class _Aside(NamedTuple):
    """A file that is written among the run's own files, under a name that no other process has, and then takes its place."""

    name: str
    path: str

    def take_place(self, keep: bool) -> None:
        """Put it in its place, whole; or, where nothing is in it, nowhere."""
        if not keep:
            os.remove(self.path)
            return
        with open(self.path, "rb") as file:
            os.fsync(file.fileno())
        os.makedirs(os.path.dirname(self.name), exist_ok=True)
        os.replace(self.path, self.name)


def _aside(folder: str, name: str) -> _Aside:
    own = os.path.join(folder, OWN)
    os.makedirs(own, exist_ok=True)
    beside = f"{os.path.basename(os.path.dirname(name))}-{os.path.basename(name)}"
    return _Aside(name, os.path.join(own, f"{beside}.{socket.gethostname()}.{os.getpid()}.new"))


def _write(folder: str, name: str, data: bytes) -> None:
    aside = _aside(folder, name)
    with open(aside.path, "wb") as file:
        file.write(data)
    aside.take_place(keep=True)
