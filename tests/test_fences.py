"""Code fences in running text, in pieces of any size."""

from __future__ import annotations

import pytest

from toolparse.wire.fences import Fences


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("", False),
        ("``", False),
        ("```", True),
        ("```json\n{}", True),
        ("a\n   ```\nb", True),
        ("    ```\nb", False),
        ("a ```\nb", False),
        ("```a` b\nc", False),
        ("~~~a` b\nc", True),
        ("```\na\n```", False),
        ("```\na\n``` \t\nb", False),
        ("```\na\n``` b", True),
        ("```\na\n```b\n```\n", False),
        ("````\n```\nb", True),
        ("````\n`````\nb", False),
        ("```\n~~~\nb", True),
        ("```\na\n```\n```\n", True),
        ("```\r\na\r\n```\r\nb", False),
    ],
)
def test_a_fence_is_open_from_its_line_to_its_closing_line(text: str, inside: bool) -> None:
    for size in (1, 2, 3, 5, len(text) + 1):
        fences = Fences()
        for at in range(0, len(text), size):
            fences.feed(text[at : at + size])
        assert fences.inside is inside, size


def test_a_block_ends_the_line() -> None:
    fences = Fences()
    fences.feed("text")
    fences.end_line()
    fences.feed("```")
    assert fences.inside
