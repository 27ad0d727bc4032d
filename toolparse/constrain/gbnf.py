"""llama.cpp's GBNF: rules of characters; text in which words do not occur is spelled out as an automaton."""

from __future__ import annotations

from collections.abc import Mapping

from toolparse.constrain.ebnf import Writer
from toolparse.constrain.tree import Grammar


def gbnf(grammar: Grammar, tokens: Mapping[str, int] | tuple[str, ...] = ()) -> str:
    """The grammar as text. A marker is a token where its id is known, or where it can be named: llama.cpp reads `<...>` as one."""
    if isinstance(tokens, Mapping):
        named = {marker: f"<[{number}]>" for marker, number in tokens.items()}
    else:
        named = {marker: marker for marker in tokens if can_be_named(marker)}
    return GbnfWriter(grammar, named).text()


def can_be_named(marker: str) -> bool:
    return marker.startswith("<") and marker.endswith(">") and marker.count(">") == 1 and "[" not in marker


class GbnfWriter(Writer):
    dispatch = False
