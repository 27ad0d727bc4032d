"""The vectors of every registered format, cut in every way, and the promises on damaged copies of their texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import effort
import pytest
import strategies
from effort import some

from toolparse import Parser, formats, get_format
from toolparse.testing import check_chunkings, check_result, check_streams, check_text, check_vector, damaged, read, read_vectors

FILES = sorted(strategies.VECTORS.glob("*.jsonl"))
CASES = [case for path in FILES for case in read_vectors(path)]
KNOWN = {fmt.name for fmt in formats()}
FORMATS = sorted({case["format"] for case in CASES} & KNOWN)
CASES_OF = {name: [case for case in CASES if case["format"] == name] for name in FORMATS}


def new(case: Mapping[str, Any]) -> Parser:
    return Parser(case["format"], tools=case["tools"] or None, prompt=case["prefill"] or "")


def test_there_are_vectors_and_their_formats_are_registered() -> None:
    assert CASES
    assert {case["format"] for case in CASES if "response_template" not in case} <= KNOWN


@pytest.mark.parametrize("name", FORMATS)
def test_vectors(name: str) -> None:
    """What each says, whole; those that are written as the template writes them by character, too."""
    faults = []
    for case in CASES_OF[name]:
        try:
            check_result(case["expect"], read(new(case), [case["text"]]))
            if case["kind"] == "canonical":
                check_streams(lambda case=case: new(case), case["text"])
        except AssertionError as fault:
            faults.append(f"{case['id']}: {fault}")
    assert not faults, "\n\n".join(faults)


@pytest.mark.parametrize("name", FORMATS)
def test_every_promise_holds_for_the_vectors(name: str) -> None:
    for case in some(strategies.vectors(get_format(name)), 3, name):
        check_vector(get_format(name), case, seed=effort.seed())


@pytest.mark.parametrize("name", FORMATS)
def test_every_cut_in_two_gives_the_same(name: str) -> None:
    for case in some(strategies.vectors(get_format(name)), 2, name):
        text = case["text"]
        cuts = [[text[:at], text[at:]] for at in range(1, len(text))]
        check_chunkings(lambda case=case: new(case), text, read(new(case), [text]), some(cuts, 30, name))


@pytest.mark.parametrize("name", FORMATS)
def test_damaged_vectors(name: str) -> None:
    fmt = get_format(name)
    for what, text, case in some(list(damaged(fmt, strategies.vectors(fmt), effort.seed())), 4, name):
        try:
            check_text(fmt, text, tools=case["tools"], prompt=case["prefill"])
        except AssertionError as fault:
            raise AssertionError(f"{what}: {fault}") from None
