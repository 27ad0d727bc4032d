"""Objects that are calls by their first key, though no opener stands in front of them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from toolparse.jsontext.characters import SPACES
from toolparse.wire.lookalikes import atom, nested
from toolparse.wire.spellings import any_of

_SCAN = json.JSONDecoder().raw_decode


class Edge(NamedTuple):
    """What is noticed at the start of a line: the whole of it, that or a beginning of it at the end of the input, and the
    first character."""

    full: str
    begins: str
    first: str


@lru_cache(maxsize=64)
def names_call(keys: tuple[str, ...]) -> Callable[[str, int], re.Match[str] | None]:
    """Matches the beginning of an object whose first key is one of the keys, up to the name, or what may become it."""
    return re.compile(rf"(?:{_named(keys).full}(?P<name>[^\"]{{0,256}})(?P<end>\"|\Z))|(?:{_named(keys).begins})\Z").match


def _named(keys: tuple[str, ...]) -> Edge:
    """Such an object, up to the quote in front of the name."""
    blank = r"\s{0,64}"
    begins = rf"\{{{blank}(?:\Z|\"(?:\Z|(?:{beginnings_of(keys)})(?:\Z|\"{blank}(?:\Z|:{blank}(?:\Z|\")))))"
    return Edge(rf"\{{{blank}\"(?:{any_of(keys)})\"{blank}:{blank}\"", begins, "{")


def edges_of_objects(keys: tuple[str, ...]) -> tuple[Edge, ...]:
    """Such an object, or a list that begins with one."""
    named = _named(keys)
    return named, Edge(rf"\[\s{{0,8}}{named.full}", rf"\[\s{{0,8}}(?:\Z|{named.begins})", "[")


def closed_object(text: str, at: int, keys: tuple[str, ...], declares: Callable[[str], bool]) -> int | None:
    """Where the object at `at` ends that has one of the keys with a declared name, or the list that begins with such an object; None when
    it is none, -1 when more text must tell."""
    first = SPACES.match(text, at + 1, at + 9).end() if text[at] == "[" else at
    found = names_call(keys)(text, first) if first < len(text) else None
    if found is None:
        return None if first < len(text) else -1
    if not found["end"]:
        return -1
    if not declares(found["name"]):
        return None
    try:
        return int(_SCAN(text, at)[1])
    except (ValueError, RecursionError):
        return -1


def beginnings_of(keys: tuple[str, ...]) -> str:
    """A pattern for the keys, or for a beginning of one at the end of the input."""
    return "|".join(nested(tuple(atom(re.escape(character)) for character in key)) for key in keys)
