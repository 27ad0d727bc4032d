"""The neutral grammar: what an output may be, in a few words that every engine's language has.

A grammar is a set of named rules over these nodes. Built by `turns`, `bodies` and `schema_rules`, printed by one module per language.
Nothing here knows a format, a schema or a language.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Union

Ranges = tuple[tuple[int, int], ...]
"""A set of characters: code points from..to, sorted, not touching."""


@dataclass(frozen=True, slots=True)
class Literal:
    """Exactly this text."""

    text: str


@dataclass(frozen=True, slots=True)
class Chars:
    """One character of a set."""

    ranges: Ranges


@dataclass(frozen=True, slots=True)
class Text:
    """Text of any length whose characters are of a set, in which none of `without` occurs, and which as a whole is none of `but_not`.

    `clear_end`: nor does it end in more than `BEGUN` characters with which one of `without` begins; not every engine's language can say
    that, and then such an end is allowed. `escapes` are escape sequences that may stand besides the characters; what `without` names does
    not reach across one.
    """

    without: tuple[str, ...] = ()
    chars: Ranges = ()
    escapes: Node | None = None
    but_not: tuple[str, ...] = ()
    clear_end: bool = False


BEGUN = 2
"""So much of a marker says nothing yet: `<` and what is behind it."""


@dataclass(frozen=True, slots=True)
class Seq:
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Alt:
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """`item` from `least` to `most` times; without end when `most` is None."""

    item: Node
    least: int = 0
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Ref:
    """The rule of that name."""

    name: str


Node = Union[Literal, Chars, Text, Seq, Alt, Repeat, Ref]

LAST = 0x10FFFF
SURROGATES = (0xD800, 0xDFFF)


def ranges(*pairs: tuple[int, int]) -> Ranges:
    """The set of the characters from..to, put in order."""
    found: list[tuple[int, int]] = []
    for low, high in sorted(pairs):
        if found and low <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(high, found[-1][1]))
        else:
            found.append((low, high))
    return tuple(found)


def of(characters: str) -> Ranges:
    """The set of these characters."""
    return ranges(*((ord(character), ord(character)) for character in characters))


def except_(*out: Ranges, inside: Ranges = ((0, LAST),)) -> Ranges:
    """The characters of `inside` that are in none of the sets. Surrogates are no characters."""
    found = []
    at = 0
    for low, high in ranges(*(pair for part in out for pair in part), SURROGATES):
        if at < low:
            found.append((at, low - 1))
        at = high + 1
    if at <= LAST:
        found.append((at, LAST))
    return tuple((max(a, c), min(b, d)) for a, b in found for c, d in inside if max(a, c) <= min(b, d))


def contains(found: Ranges, character: str) -> bool:
    return any(low <= ord(character) <= high for low, high in found)


ANY = except_()
DIGIT = ranges((48, 57))
HEX = ranges((48, 57), (65, 70), (97, 102))
WORD = ranges((48, 57), (65, 90), (95, 95), (97, 122))
LETTER = ranges((65, 90), (95, 95), (97, 122))
EMPTY = Literal("")


def seq(*items: Node | str) -> Node:
    """The items one after the other, flat, with neighbouring literals joined."""
    found: list[Node] = []
    for item in items:
        node = Literal(item) if isinstance(item, str) else item
        for part in node.items if isinstance(node, Seq) else (node,):
            if not isinstance(part, Literal):
                found.append(part)
            elif found and isinstance(found[-1], Literal):
                found[-1] = Literal(found[-1].text + part.text)
            elif part.text:
                found.append(part)
    return EMPTY if not found else found[0] if len(found) == 1 else Seq(tuple(found))


def alt(*items: Node | str) -> Node:
    """One of the items, flat, each once."""
    found: dict[Node, None] = {}
    for item in items:
        node = Literal(item) if isinstance(item, str) else item
        found.update(dict.fromkeys(node.items if isinstance(node, Alt) else (node,)))
    return next(iter(found)) if len(found) == 1 else Alt(tuple(found))


def maybe(item: Node | str) -> Node:
    return Repeat(Literal(item) if isinstance(item, str) else item, 0, 1)


@dataclass(frozen=True, slots=True)
class Grammar:
    """Rules by name; `root` is the first. `lexemes` are the rules that are regular and short: a lexer may read them whole; `leads` the
    rules that each refers to."""

    rules: Mapping[str, Node]
    lexemes: frozenset[str]
    leads: Mapping[str, tuple[str, ...]]


_NO_NAME = re.compile(r"[^a-z0-9]+")


class Rules:
    """A grammar being made. Rules that refer to each other are named before they are filled in."""

    __slots__ = ("_named", "_taken", "any_values", "lexemes", "made", "rules")

    def __init__(self) -> None:
        self.rules: dict[str, Node] = {}
        self.lexemes: set[str] = set()
        self._named: dict[tuple[Node, bool], Ref] = {}
        self._taken: dict[str, int] = {"root": 1, "start": 1}
        self.any_values: dict[Hashable, Ref] = {}
        """The rules for any value at all, one for each way to write values."""
        self.made: dict[Hashable, Any] = {}
        """The parts that many schemas have in common, by what they were made from."""

    def name(self, wish: str) -> Ref:
        """A name that no other rule has, near to the wish: letters, digits and single dashes."""
        plain = _NO_NAME.sub("-", wish[:24].lower()).strip("-")
        plain = plain if plain[:1].isalpha() else f"r-{plain}".rstrip("-")
        count = self._taken[plain] = self._taken.get(plain, 0) + 1
        return Ref(f"{plain}-{count}-x" if plain[-1:].isdigit() and count > 1 else plain if count == 1 else f"{plain}-{count}")

    def rule(self, wish: str, node: Node, lexeme: bool = False) -> Ref:
        """The rule that is `node`; one for equal nodes."""
        known = self._named.get((node, lexeme))
        if known is None:
            known = self._named[node, lexeme] = self.name(wish)
            self.rules[known.name] = node
            if lexeme:
                self.lexemes.add(known.name)
        return known

    def grammar(self, root: Node) -> Grammar:
        """The grammar whose outputs are `root`: that rule, and the rules that it leads to."""
        reached: dict[str, Node] = {"root": root}
        leads: dict[str, tuple[str, ...]] = {}
        waiting = ["root"]
        while waiting:
            name = waiting.pop()
            leads[name] = tuple(references(reached[name]))
            for other in leads[name]:
                if other not in reached:
                    reached[other] = self.rules[other]
                    waiting.append(other)
        return Grammar(reached, frozenset(self.lexemes & reached.keys()), leads)


def references(node: Node) -> Iterable[str]:
    """The names of the rules that a node refers to."""
    waiting: list[Node] = [node]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Ref):
            yield item.name
        elif isinstance(item, (Seq, Alt)):
            waiting.extend(reversed(item.items))
        elif isinstance(item, Repeat):
            waiting.append(item.item)
        elif isinstance(item, Text) and item.escapes is not None:
            waiting.append(item.escapes)
