"""A run on a Ray cluster: Ray Data gives parts of the files to its workers, and does again what a lost node had done.

A part is a range of a file of lines, a row group of Parquet, or a whole file of any other kind. What a part comes to is a file in the
folder OUT, which is written aside and then takes its name, with its counts beside; doing a part twice gives the same file. So each row is
in the output once, the names of the files keep the order, and a part that is there need not be done again. All nodes must see the files
under the same names.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from toolparse.data.extras import needed
from toolparse.data.files import STANDARD_INPUT, Block, UnreadableFile, blocks, check_columns
from toolparse.data.jobs import Summary
from toolparse.data.runs import CannotResume, Plan, piece
from toolparse.data.tables import join

PART = 8 << 20
"""So many bytes of a file of lines are a part."""
Part = dict[str, Any]


def run_on_ray(plan: Plan, files: list[str], folder: str, address: str, resume: bool) -> Summary:
    """Do the job on the files; the rows go to the folder. `address` is the cluster's, or "auto". Raises `CannotResume`."""
    ray = needed("ray", "--ray", "ray")
    needed("ray.data", "--ray", "ray")
    folder = os.path.abspath(folder)
    os.makedirs(folder, exist_ok=True)
    if os.listdir(folder) and not resume:
        raise CannotResume(f"{folder}: is not empty; go on with --resume, or remove it to begin again")
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


def do_parts(batch: Any, plan: Plan, folder: str) -> dict[str, list[str]]:
    """Do the parts of a batch; give their counts. Runs on a node of the cluster."""
    return {"summary": [json.dumps(do_part(part, plan, folder).to_json()) for part in batch.to_pylist()]}


def do_part(part: Part, plan: Plan, folder: str) -> Summary:
    """Do one part, unless it is there already."""
    base = os.path.join(folder, f"part-{part['number']:06}")
    counts = f"{base}.counts.json"
    try:
        with open(counts, encoding="utf-8") as file:
            return Summary.from_json(json.load(file))
    except (FileNotFoundError, ValueError):
        pass
    summary = Summary()
    outputs, rejected = [], []
    for block in blocks_of(part):
        done = piece(plan, block)
        outputs.append(done.output)
        rejected.append(done.rejected)
        summary.add(done.summary)
    if summary.written:
        data = b"".join(outputs)
        if plan.parquet:
            sink = BytesIO()
            join(lambda mode: BytesIO(data), sink)
            data = sink.getvalue()
        _write(base + (".parquet" if plan.parquet else ".jsonl"), data)
    if summary.rejected:
        _write(f"{base}.rejected.jsonl", b"".join(rejected))
    _write(counts, json.dumps(summary.to_json()).encode())  # the last, as it says that the others are there
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
            table = file.read_row_group(part["start"])
            yield Block(name, list(range(part["line"], part["line"] + table.num_rows)), table.to_pylist(), 0, table.schema)
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


def _write(name: str, data: bytes) -> None:
    aside = f"{name}.{os.getpid()}.new"
    with open(aside, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(aside, name)
