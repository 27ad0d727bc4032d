"""The tables of all formats: every place leads to places, and rows stand where the formats say."""

from __future__ import annotations

import itertools
import re
from random import Random
from string import ascii_letters

import pytest
from effort import seed, some

from toolparse import formats, get_format
from toolparse.engine.actions import ACTIONS
from toolparse.engine.table import KINDS, THINKING_KINDS, Options, Place, table
from toolparse.wire import marker_search as markers
from toolparse.wire.marker_search import watch_pattern

NAMES = [fmt.name for fmt in formats() if fmt.regions is None]
LINKS = ("behind_text", "behind_space", "behind_break", "behind_border", "behind_call", "behind_closer")


def anchored(name: str, kind: str) -> set[str]:
    """The markers that count at the position itself."""
    place = table(get_format(name)).place("answer", kind)
    return {row.marker for rows in place.anchored.values() for row in rows if isinstance(row.marker, str) and row.marker}


def floating(name: str, does: str) -> set[str]:
    """The markers in running text that do this."""
    place = table(get_format(name)).place("answer", "text")
    return {text for text, rows in place.floating.items() if any(row.does == does for row in rows)}


@pytest.mark.parametrize("name", NAMES)
def test_each_place_leads_to_places_of_the_table_and_each_row_to_an_action(name: str) -> None:
    known = table(get_format(name)).places
    for place in known.values():
        following: list[Place] = [getattr(place, link) for link in (LINKS if place.pair is None else LINKS[:3])]
        for other in (*following, *place.behind_frame):
            assert known[other.ground, other.kind, other.passed] is other
        groups = (*place.anchored.values(), *place.floating.values(), place.look_alikes)
        assert {row.does for rows in groups for row in rows} <= ACTIONS.keys()


@pytest.mark.parametrize("name", NAMES)
def test_behind_text_stands_text_and_a_line_break_leads_to_a_line(name: str) -> None:
    for place in table(get_format(name)).places.values():
        text = place.behind_text
        assert text.kind in ("text", "thinking")
        assert text.behind_text is text
        assert not text.on_line
        assert text.behind_break.on_line


def test_what_a_format_says_of_its_reasoning_is_where_the_rows_stand() -> None:
    assert "<think>" in anchored("hermes", "start")
    assert "<think>" not in anchored("hermes", "line")
    assert floating("hermes", "think") == set()
    assert "[THINK]" in floating("mistral", "think")  # anywhere
    assert "</think>" in anchored("deepseek_r1", "closed")  # stray="again"
    assert "</think>" in anchored("deepseek_r1", "start")
    assert "</think>" not in anchored("hermes", "start")
    assert "<think>" in anchored("mimo", "unthought")
    assert "thought\n" in anchored("gemma4", "first")  # a label
    assert "thought\n" not in anchored("gemma4", "start")


def test_a_frame_that_has_been_passed_does_not_stand_in_the_places_behind_it() -> None:
    start = table(get_format("hunyuan_a13b")).place("answer", "start")
    assert "<" in start.anchored
    assert "frame" not in {row.does for row in start.behind_frame[0].anchored.get("<", ())}


def test_without_calls_no_row_opens_one() -> None:
    for place in table(get_format("hermes"), Options(with_calls=False)).places.values():
        assert "call" not in {row.does for rows in (*place.anchored.values(), *place.floating.values()) for row in rows}


def test_kinds_lead_to_kinds() -> None:
    assert {name for kind in KINDS.values() for name in kind[1:]} <= set(KINDS)
    assert {name for kind in THINKING_KINDS.values() for name in kind[1:4]} <= set(THINKING_KINDS)


@pytest.mark.parametrize("name", NAMES)
def test_no_opening_begins_where_two_letters_are_said_to_open_nothing(name: str) -> None:
    of = table(get_format(name))
    for two in some(list(map("".join, itertools.product(ascii_letters, (*ascii_letters, *" _=>/\\", "")))), 1200, name):
        if of.is_nothing(two):
            begun = (opening.waits if opening.lead is None else opening.lead.first.match for opening, _ in of.damaged)
            assert not any(begins(f"<{two}", 0) for begins in begun)
            assert not any(row.marker.partial.match(f"<{two}") for row in of.calls if row.marker.firsts[0][:1] == "<")


PIECES = (
    *'<</& [{\n\t|｜＜‹\u200btTaxf1"_=>',
    "&lt;",
    "lt;",
    "  ",
    "to",
    "TO",
    "tool",
    "tool_call",
    "Call",
    "think",
    "/",
    "im",
    "\n  ",
    "name",
)


@pytest.mark.parametrize("name", [name for name in NAMES if get_format(name).calls])
def test_what_turns_a_search_back_at_once_could_not_be_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    random = Random(f"{name}{seed()}")
    ground = random.choice([ground for ground in table(get_format(name)).grounds if any(ground.searched)])
    monkeypatch.setattr(markers, "_refused", lambda *_: "")
    slow = re.compile(watch_pattern(*ground.searched)).search
    own = [text[:i] for text in ground.searched[0] for i in (1, 2, 3, len(text))]
    held = 0
    for _ in range(2000):
        text = "".join(random.choice(own if random.random() < 0.3 else PIECES) for _ in range(random.randint(1, 5)))
        text = text.swapcase() if random.random() < 0.2 else text
        found, expected = ground.search(text), slow(text)
        assert (found and (found.lastgroup, found.span())) == (expected and (expected.lastgroup, expected.span())), text
        held += expected is not None and expected.start() < len(text) - 1
    assert held > 100
