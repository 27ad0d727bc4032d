"""Delimiters: what is found in pieces is what is found in the whole text, and what `regex` finds in it."""

from __future__ import annotations

import random
import re

import pytest
import regex
from cost import growth
from effort import examples
from hypothesis import given
from hypothesis import strategies as st

from toolparse.templates import delimiters
from toolparse.templates.delimiters import CELL, Delimiter, delimiter

PATTERNS = (
    *(r"\s*<t>", "<ab>|<a>", r"<a>(?:x*y)?", "[^<]*<t>", "a.*?b", r"(?=<t>)|</s>", r"<t>\s*$", r"a\b", r"\Bb", "(?<=a)b+", "$"),
    *("(?:ab|a)(?:b|bcd)", "foo(?!bar)", "a(?=b|$)", r"\ba", "^a", "(?i)<A>b?", r"(a|b)\1", "a*?b", "a?", "a++b|ab", r"a\Z|b\n"),
    *(r"\mfoo\M", "[$]a|[\\b^]", "é|[à-ü]b", "x{2,3}", "(?m)a$", r"\p{Lu}b", "(?P<n>[^>]+)>"),
)
WORDS = (*"ab<>xytT\n é\u3000$", "<t>", "<a>", "<ab>", "</s>", "foo", "bar", "Éb")


def found(each: Delimiter, text: str, cuts: list[int]) -> list[tuple[int, int]]:
    """The spans that are found one behind the other, in text that arrives up to each cut."""
    spans = []
    at = 0
    for end in (*cuts, len(text), len(text) + 1):
        last = end > len(text)
        while at <= min(end, len(text)):
            match, where = each.find(text[:end], at, last)
            if match is None:
                at = where
                break
            spans.append(match.span())
            at = match.end() + (match.end() == where)
    return spans


texts = st.lists(st.sampled_from(WORDS), max_size=12).map("".join)


@examples(150, 2000)
@given(pattern=st.sampled_from(PATTERNS), text=texts, seed=st.integers(0, 10_000))
def test_pieces_never_matter(pattern: str, text: str, seed: int) -> None:
    each = delimiter(pattern)
    whole = [match.span() for match in regex.finditer(pattern, text, regex.DOTALL)]
    assert found(each, text, []) == whole
    assert found(each, text, list(range(len(text)))) == whole
    source = random.Random(seed)
    assert found(each, text, sorted(source.sample(range(len(text) + 1), min(3, len(text))))) == whole


@examples(100, 1000)
@given(pattern=st.sampled_from(PATTERNS), text=texts, size=st.sampled_from((2, 3, 5)))
def test_pieces_do_not_matter_at_the_borders_of_cells(pattern: str, text: str, size: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimiters, "CELL", size)
        each = Delimiter(pattern)
        assert found(each, text, list(range(len(text)))) == found(each, text, [])


@examples(100, 1000)
@given(pattern=st.sampled_from(PATTERNS), text=texts)
def test_a_match_begins_where_it_may(pattern: str, text: str) -> None:
    each = delimiter(pattern)
    match, where = each.find(text, 0, False)
    if not each.looks_back and where < len(text) and (match is None or match.end() > where):
        assert re.compile(each.begins).match(text, where)


def test_a_delimiter_is_as_long_as_two_cells_at_most() -> None:
    each = delimiter("<a[^>]*>")
    match, where = each.find("<a" + "x" * (CELL - 3) + ">", 0, False)
    assert (match.span(), where) == ((0, CELL), 0)
    text = "<a" + "x" * (2 * CELL) + "><a>"
    assert each.find(text, 0, False)[1] == len(text) - 3
    assert each.find(text[: 2 * CELL - 1], 0, False) == (None, 0)
    assert each.find(text[: 2 * CELL], 0, False) == (None, 2 * CELL)


def test_a_lazy_pattern_takes_linear_time() -> None:
    each = delimiter("(?:<m>)?[^<]*<t>")

    assert growth(lambda length: each.find("word " * length, 0, True), 10_000) < 24


def test_text_that_no_match_begins_in_is_told_by_one_search() -> None:
    begins = re.compile(delimiter(r"\s*<tool_call>").begins)
    assert not begins.search("if a<b: naïve c</think> жx é")
    for text in ("a <", "a \n<t", "x<t", "x<", "x\u3000", "x\u3000y", "x "):
        found_at = begins.search(text)
        assert found_at is not None
        assert found_at.start() == 1
