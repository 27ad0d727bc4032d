"""The spellings of a marker, and the patterns that are made of plain texts: what all that reads markers shares.

Knows the grammar's words for a marker and nothing of where one counts, or of what it may be misspelt as.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from toolparse.grammar import Ahead, Calls, Closed, Format, Marker, OneOf, Part
from toolparse.jsontext.characters import SPACE

SLOT = re.compile(r"\{(name|id|key|word|kind|other|declared|argument)\}")


def spellings(marker: Part) -> tuple[str, ...]:
    """All spellings of a marker, without the white space that the template writes around it."""
    if isinstance(marker, Ahead):
        return tuple(start if isinstance(start, str) else start[0] for start in marker.starts)
    if isinstance(marker, Closed):
        return (marker.marker.strip(SPACE),)
    return tuple(text.strip(SPACE) for text in marker.spellings if text) if isinstance(marker, OneOf) else (marker.strip(SPACE),)


def may_be_missing(marker: Part) -> bool:
    """Whether one of the spellings is nothing."""
    return isinstance(marker, OneOf) and "" in marker.spellings


def canonical(marker: Marker) -> str:
    """The spelling that the template writes, white space included."""
    return marker.spellings[0] if isinstance(marker, OneOf) else marker


def texts_of(part: Part) -> tuple[str, ...]:
    """The spellings of what is written in an opening; none of what only ends it or must follow."""
    return () if isinstance(part, (Ahead, Closed)) else spellings(part)


def opening_parts(calls: Calls) -> tuple[Part, ...]:
    """What stands in front of the arguments of a call, from the outside in."""
    return calls.open if calls.wrapper is None else (calls.wrapper.open, *calls.open)


def closing_parts(calls: Calls) -> tuple[Marker, ...]:
    """What stands behind the arguments of a call, from the inside out."""
    return calls.close if calls.wrapper is None else (*calls.close, calls.wrapper.close)


def first_texts(parts: tuple[Part, ...]) -> Iterator[str]:
    """What the opening may begin with, up to a slot."""
    for part in parts:
        yield from (SLOT.split(text)[0] for text in spellings(part))
        if not may_be_missing(part):
            return


def stop_texts(fmt: Format) -> tuple[str, ...]:
    """The stop tokens, without the white space that the template writes in front of them."""
    return tuple(text.strip(SPACE) for text in fmt.stop)


def frame_closers(fmt: Format) -> tuple[str, ...]:
    """The closers of all frames."""
    return tuple(text for frame in fmt.frames if frame.close is not None for text in spellings(frame.close))


def longest_first(texts: Iterable[str]) -> tuple[str, ...]:
    """The texts in the order in which they are tried, as one may begin with another."""
    return tuple(sorted(texts, key=len, reverse=True))


def beginnings(texts: Iterable[str]) -> str:
    """A pattern for the proper, non-empty beginnings of the texts at the end of the input; one that never matches without any."""
    tree: dict[str, Any] = {}
    for text in texts:
        node = tree
        for character in text:
            node = node.setdefault(character, {})

    def rest(node: dict[str, Any]) -> str:
        longer = "".join(f"|{re.escape(character)}{rest(below)}" for character, below in node.items() if below)
        return f"(?:\\Z{longer})"

    first = [re.escape(character) + rest(below) for character, below in tree.items() if below]
    return f"(?:{'|'.join(first)})" if first else "(?!)"


def any_of(texts: Iterable[str]) -> str:
    """A pattern for any of the texts, the longest first; one that never matches without any."""
    ordered = longest_first(set(texts))
    return "|".join(map(re.escape, ordered)) if ordered else "(?!)"


def inside(characters: Iterable[str]) -> str:
    """The inside of a character class."""
    return "".join(map(re.escape, sorted(characters)))


def chained(*patterns: str) -> str:
    """The patterns in a row, of which the input may end before any but the first."""
    row = ""
    for pattern in reversed(patterns):
        row = pattern + (f"(?:\\Z|{row})" if row else "")
    return row


def cut(text: str) -> str:
    """A pattern for the text, or for a beginning of it at the end of the input."""
    return chained(*map(re.escape, text))
