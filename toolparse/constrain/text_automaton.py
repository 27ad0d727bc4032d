"""Text in which certain words do not occur, as an automaton and as rules: languages without a complement need it spelled out.

The states are how much of each word has been seen (Aho and Corasick), beside the place in the words that the whole text may not be. Their
number is at most the words' characters, so the rules are linear in the description.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from toolparse.constrain.tree import ANY, BEGUN, EMPTY, Alt, Chars, Node, Ranges, Ref, Seq, Text, contains, except_, of, seq

State = tuple[str, "str | None"]
"""The longest end of the text that begins a forbidden word, and the whole text as long as it begins a word that it may not be."""
START: State = ("", "")


class Automaton:
    """What `Text` allows, character by character."""

    __slots__ = ("_next", "_whole", "_words", "text")

    def __init__(self, text: Text) -> None:
        self.text = text
        self._words = frozenset(text.without)
        self._next = _continuations(text.without)
        self._whole = _continuations(text.but_not)

    def step(self, state: State, character: str) -> State | None:
        """The state behind a character; None when it may not stand here."""
        if not contains(self.text.chars, character):
            return None
        seen, whole = state
        seen += character
        while seen not in self._next and seen:
            seen = seen[1:]
        # A word may end inside a longer one that has begun.
        if any(seen.endswith(word) for word in self._words):
            return None
        if whole is not None:
            whole += character
        return seen, whole if whole in self._whole else None

    def may_end(self, state: State) -> bool:
        if self.text.clear_end and len(state[0]) > BEGUN:
            return False
        return state[1] is None or state[1] not in self.text.but_not

    def moves(self, state: State) -> Iterator[tuple[Ranges, State]]:
        """The sets of characters that lead on from a state, each with the state behind it."""
        seen, whole = state
        own = {character for start in range(len(seen) + 1) for character in self._next.get(seen[start:], ())}
        own.update(() if whole is None else self._whole.get(whole, ()))
        targets: dict[State, str] = {}
        for character in sorted(own):
            target = self.step(state, character)
            if target is not None:
                targets[target] = targets.get(target, "") + character
        rest = except_(of("".join(own)), inside=self.text.chars)
        if rest:
            yield rest, ("", None)
        for target, characters in targets.items():
            yield of(characters), target


def _continuations(words: Iterable[str]) -> dict[str, set[str]]:
    """Every beginning of a word, the whole word too, with the characters that go on from it."""
    found: dict[str, set[str]] = {}
    for word in words:
        for end, character in enumerate(word):
            found.setdefault(word[:end], set()).add(character)
        found.setdefault(word, set())
    return found


@lru_cache(maxsize=256)
def text_rules(text: Text) -> tuple[Node, ...]:
    """The text as right-linear rules, one for each state; the first is the start. They refer to each other by number: `Ref("0")`."""
    automaton = Automaton(text)
    start = START if text.but_not else ("", None)
    numbers: dict[State, int] = {start: 0}
    rules: list[Node] = []
    waiting = [start]
    for state in waiting:
        ways: list[Node] = []
        for chars, target in automaton.moves(state):
            if target not in numbers:
                numbers[target] = len(numbers)
                waiting.append(target)
            ways.append(Seq((Chars(chars), Ref(str(numbers[target])))))
        if text.escapes is not None:
            target = ("", None)
            if target not in numbers:
                numbers[target] = len(numbers)
                waiting.append(target)
            ways.append(seq(text.escapes, Ref(str(numbers[target]))))
        if automaton.may_end(state):
            ways.append(EMPTY)
        rules.append(Alt(tuple(ways)))
    return tuple(rules)


def allows(text: Text, given: str) -> bool:
    """Whether the text, written without escapes, may be `given`."""
    if any(word in given for word in text.without) or given in text.but_not:
        return False
    if text.clear_end and any(given.endswith(word[:end]) for word in text.without for end in range(BEGUN + 1, len(word))):
        return False
    return (given.isascii() and text.chars == ANY) or all(contains(text.chars, character) for character in set(given))
