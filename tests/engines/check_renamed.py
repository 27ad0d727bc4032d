"""Each thing of an engine that a plug-in touches, moved, renamed or broken, one by one: the engine's own parsers go on working."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ENGINES = os.environ.get("RENAMED_ENGINES", "vllm sglang").split()
STEPS = ("own, with the plug-in", "own, beside ours")
WRAPPED = ("_compose_parser broken",)
"""Called by ours in the place of the engine, so "broken for us" would be broken for the engine."""


@pytest.fixture(scope="module", params=ENGINES)
def results(request: pytest.FixtureRequest) -> list[dict[str, Any]]:
    """What `renamed.py` prints; the first is the engine as it is."""
    told = subprocess.run([sys.executable, str(Path(__file__).parent / "renamed.py"), request.param], capture_output=True, check=True)
    return [json.loads(line) for line in told.stdout.decode("utf-8").splitlines()]


def possible(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The changes with which the engine's own parsers work before the plug-in is there."""
    return [got for got in results[1:] if got["own"] == results[0]["own"] and got["change"] not in WRAPPED]


def test_the_engine_as_it_is(results: list[dict[str, Any]]) -> None:
    as_it_is = results[0]
    assert as_it_is["lines"] == []
    assert as_it_is["register"] is None
    assert as_it_is["start"] is None
    assert all(as_it_is[step] == as_it_is["own"] for step in STEPS)
    assert not isinstance(as_it_is["ours"], str)


def test_most_changes_can_be_made(results: list[dict[str, Any]]) -> None:
    assert len(possible(results)) > len(results) * 0.75
    print(f"{len(possible(results))} of {len(results) - 1} changes")


def test_the_engines_own_parsers_go_on(results: list[dict[str, Any]]) -> None:
    harmed = [
        got for got in possible(results)
        if got["register"] is not None or got["start"] is not None or any(got[step] != got["own"] for step in STEPS)
    ]  # fmt: skip
    assert harmed == []


def test_each_is_one_line_of_the_log(results: list[dict[str, Any]]) -> None:
    for got in possible(results):
        assert len(set(got["lines"])) == len(got["lines"]), got["change"]
        assert all(line.startswith("toolparse ") for line in got["lines"]), got["change"]


def test_ours_never_answer_otherwise_in_silence(results: list[dict[str, Any]]) -> None:
    """Ours answer as they do, or a line says what is lost, or the request fails: an error is no wrong answer."""
    other = [got for got in possible(results) if got["ours"] != results[0]["ours"]]
    assert [got["change"] for got in other if not got["lines"] and not isinstance(got["ours"], str)] == []
