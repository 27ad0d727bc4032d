"""The speed table for pytest-benchmark: `pytest benchmarks`, to store runs and to compare them.

Times are recorded, never asserted; what is asserted is that the parser that is timed finds what the text holds.
"""

from __future__ import annotations

from typing import Any

import pytest

import toolparse
from benchmarks.measure import idle_bytes, pieces_of, run_floor, run_stream, start_ms
from benchmarks.table import found, maker, tools
from benchmarks.workloads import FORMATS, SIZES, WORKLOADS, Workload, carries, turn_of, wrap

ROUNDS = {"1 KB": 100, "64 KB": 10, "1 MB": 3}
CARRIED = [
    pytest.param(name, workload, title, id=f"{workload.name}-{name}-{title}")
    for workload in WORKLOADS
    for name in FORMATS
    if carries(toolparse.get_format(name), workload.carrier)
    for title in SIZES
]


@pytest.mark.parametrize("title", SIZES)
def test_floor(benchmark: Any, title: str) -> None:
    pieces = pieces_of(wrap("hermes", WORKLOADS[0], SIZES[title]) or "")
    benchmark.group = f"floor, {title}"
    benchmark.pedantic(run_floor, (pieces,), rounds=ROUNDS[title], warmup_rounds=1)
    assert pieces


@pytest.mark.parametrize(("name", "workload", "title"), CARRIED)
def test_parse(benchmark: Any, name: str, workload: Workload, title: str) -> None:
    text, turn = wrap(name, workload, SIZES[title]) or "", turn_of(workload, SIZES[title])
    pieces, make = pieces_of(text), maker(name, turn)
    benchmark.group = f"{workload.name}, {title}"
    benchmark.pedantic(run_stream, setup=lambda: ((make(), pieces), {}), rounds=ROUNDS[title], warmup_rounds=1)
    assert found(name, text, turn)


@pytest.mark.parametrize("count", [1, 100])
@pytest.mark.parametrize("name", FORMATS)
def test_construction(benchmark: Any, name: str, count: int) -> None:
    many = tools(count)
    benchmark.group = "making a parser"
    benchmark.extra_info["idle bytes"] = idle_bytes(name, many, "")
    assert benchmark(lambda: toolparse.Parser(name, tools=many)).held == 0


def test_import(benchmark: Any) -> None:
    benchmark.group = "import"
    benchmark.pedantic(start_ms, ("import toolparse", 1), rounds=5)
