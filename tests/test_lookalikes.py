"""Look-alikes: what their patterns match, and that they are short enough to be compiled while a request waits."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from toolparse import formats, get_format
from toolparse.wire.damaged_openings import opens_nothing
from toolparse.wire.lookalikes import (
    BARS,
    ODD_CLOSERS,
    ODD_OPENERS,
    QUOTES,
    UNSEEN,
    alike,
    alike_begins,
    any_alike,
    any_alike_begins,
    misspelt,
    one_of,
)

MARKERS = ("<tool_call>", "</tool_call>", "<tool_calls>", "<｜tool▁calls▁begin｜>", "[TOOL_CALLS]", "<function=", '<invoke name="')


@pytest.mark.parametrize("characters", [BARS, QUOTES, UNSEEN, ODD_OPENERS, ODD_CLOSERS, "<" + UNSEEN, "▁_ -", "x", "｜"], ids=ascii)
def test_one_of_some_characters_is_one_of_them(characters: str) -> None:
    match = re.compile(one_of(characters)).fullmatch
    assert {character for character in map(chr, range(0x10000)) if match(character)} == set(characters)


@pytest.mark.parametrize("marker", MARKERS)
def test_each_beginning_of_a_marker_begins_it_in_any_case(marker: str) -> None:
    begins, together = (re.compile(f"(?:{pattern})\\Z") for pattern in (alike_begins(marker), any_alike_begins(MARKERS)))
    for written in (marker, marker.upper(), marker.replace("｜", "|").replace("▁", "_")):
        assert re.fullmatch(alike(marker), written)
        assert re.fullmatch(any_alike(MARKERS), written)
        for end in range(1, len(written) + 1):
            assert begins.match(written[:end])
            assert together.match(written[:end])


@pytest.mark.parametrize("marker", [marker for marker in MARKERS if marker[0] in "<["])
def test_a_marker_may_have_one_wrong_letter_behind_its_second(marker: str) -> None:
    match = re.compile(misspelt(marker)).fullmatch
    letters = [i for i, character in enumerate(marker) if character.isalnum() or character in "_▁"][2:]
    for i in letters:
        assert match(marker[:i] + marker[i + 1 :])
        assert match(f"{marker[:i]}z{marker[i + 1 :]}")
        assert match(f"{marker[:i]}z{marker[i:]}")
        if i + 1 in letters:
            assert match(marker[:i] + marker[i + 1] + marker[i] + marker[i + 2 :])
        assert not match(f"{marker[:i]}zz{marker[i + 1 :]}")


DAMAGED = """
import re
compiled, compile = [0], re.compile
def counted(pattern, flags=0):
    compiled[0] += len(pattern)
    return compile(pattern, flags)
re.compile = counted
from toolparse import Parser
tools = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {"a": {"type": "string"}}}}}]
parser = Parser(FORMAT, tools=tools, prompt="")
parser.feed("Hello there. ")
most = 0
for piece in [*PIECES, None]:
    before = compiled[0]
    parser.feed(piece) if piece is not None else parser.finish()
    most = max(most, compiled[0] - before)
print(most)
"""


@pytest.mark.parametrize(
    ("name", "pieces"),
    [
        (
            "deepseek_v4",
            ('<｜DSML｜tool_calls>\n<｜DSML｜invoke name="f">\n<｜DSML｜parameter name=', '"a" string="true">x</DSML｜parameter></invoke'),
        ),
        ("hermes", ("\n<tool_calls>", "f(a='x')")),
    ],
)
def test_the_first_damaged_text_compiles_little(name: str, pieces: tuple[str, ...]) -> None:
    """A stream waits for it: 40,000 characters of patterns take some 60 ms."""
    script = DAMAGED.replace("FORMAT", repr(name)).replace("PIECES", repr(pieces))
    assert int(subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True).stdout) < 40_000


def test_a_tag_in_prose_is_refused_by_its_first_letters() -> None:
    """Else each tag of a web page is looked at by all patterns of damaged openings."""
    nothing = re.compile(opens_nothing(get_format("hermes")))
    assert nothing.match("div>")
    assert nothing.match("table>")
    assert not any(nothing.match(text) for text in ("tool_call>", "TOOL", "/div>", "t", " tool", "t_call"))
    assert all(opens_nothing(fmt) for fmt in formats() if fmt.calls)
