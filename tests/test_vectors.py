"""The vectors of every registered format, and the promises on damaged copies of their texts."""

from __future__ import annotations

import pytest
import strategies

from toolparse import formats, get_format
from toolparse.testing import check_text, check_vector, damaged, read_vectors

FILES = sorted(strategies.VECTORS.glob("*.jsonl"))
CASES = [case for path in FILES for case in read_vectors(path)]
KNOWN = {fmt.name for fmt in formats()}


def test_there_are_vectors_and_their_formats_are_registered() -> None:
    assert CASES
    assert {case["format"] for case in CASES if "response_template" not in case} <= KNOWN


@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in CASES if case["format"] in KNOWN])
def test_vector(case: dict[str, object]) -> None:
    check_vector(get_format(str(case["format"])), case)


@pytest.mark.parametrize("name", sorted({case["format"] for case in CASES} & KNOWN))
def test_damaged_vectors(name: str) -> None:
    fmt = get_format(name)
    for what, text, case in damaged(fmt, strategies.vectors(fmt)):
        try:
            check_text(fmt, text, tools=case["tools"], prompt=case["prefill"])
        except AssertionError as fault:
            raise AssertionError(f"{what}: {fault}") from None
