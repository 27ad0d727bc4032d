"""A Ray cluster of two worker nodes on this machine; one is killed in the middle of 200,000 rows. Prints what docs/scaling.md shows."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import tempfile
import threading
import time
from pathlib import Path

import ray
from ray.cluster_utils import Cluster

from toolparse.cli import main
from toolparse.data import read

COUNT = int(os.environ.get("ROWS", "200000"))


def run() -> int:
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder) / "rows.jsonl", Path(folder) / "out"
        with path.open("w") as file:
            for n in range(COUNT):
                call = {"name": "get_weather", "arguments": {"city": f"City {n}", "days": n % 7}}
                text = f"I look it up.\n<tool_call>\n{json.dumps(call)}\n</tool_call>" if n % 1000 else 5
                file.write(json.dumps({"n": n, "output": text, "note": "x" * 120}) + "\n")
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
        nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]
        cluster.wait_for_nodes()
        ray.init(address=cluster.address, logging_level="error", log_to_driver=False)
        print(f"rows {COUNT:,}, {path.stat().st_size / 1e6:.0f} MB; worker nodes alive: {alive()}", flush=True)
        status: list[int] = []
        arguments = ["batch", str(path), "--column", "output", "--format", "hermes", "--ray", cluster.address, "-o", str(out)]
        told = io.StringIO()

        def command() -> None:
            status.append(main(arguments))

        began = time.monotonic()
        with contextlib.redirect_stderr(told):
            thread = threading.Thread(target=command)
            thread.start()
            parts = -(-path.stat().st_size // (8 << 20))
            while thread.is_alive() and len(list(out.glob(".toolparse/part-*.json"))) < parts // 2:
                time.sleep(0.05)
            before = len(list(out.glob(".toolparse/part-*.json")))
            cluster.remove_node(nodes[0], allow_graceful=False)
            thread.join()
        print(f"one node killed after {before} of {parts} parts; worker nodes alive: {alive()}")
        lines = [line for line in told.getvalue().splitlines() if line.startswith("toolparse:")]
        print(*lines, sep="\n")
        rows = [row["n"] for row in read(out)]
        rejected = list(read(f"{out}.rejected"))
        assert rows == [n for n in range(COUNT) if n % 1000], "rows are missing, twice or out of order"
        assert [row["line"] for row in rejected] == [n + 1 for n in range(COUNT) if n % 1000 == 0]
        assert before < parts, "the node was killed when all was done"
        print(f"{len(rows):,} rows and {len(rejected):,} rejected, each once, in order; {time.monotonic() - began:.0f} s")
        ray.shutdown()
        cluster.shutdown()
        return 0 if status == [1] else 1


def alive() -> int:
    return sum(node["Alive"] and node["Resources"].get("CPU", 0) > 0 for node in ray.nodes())


if __name__ == "__main__":
    sys.exit(run())
