"""A small matcher and a sampler of the neutral grammar, so that what is constrained can be tested without any engine."""

from __future__ import annotations

import sys
from random import Random

from toolparse.constrain.text_automaton import START, Automaton
from toolparse.constrain.tree import Alt, Chars, Grammar, Literal, Node, Ref, Repeat, Seq, Text, contains

PLAIN = ["a ", "hello ", "x < 3", "\n", "\n\n", " ", "it's", "é🙂", "- item\n", ", ", "12", "null", "if (a && b) "]


class Matcher:
    """Whether a grammar allows a text."""

    def __init__(self, grammar: Grammar) -> None:
        self.rules = grammar.rules

    def allows(self, text: str) -> bool:
        return self.furthest(text)[0]

    def furthest(self, text: str) -> tuple[bool, int]:
        """Whether the whole text matches, and how far any part of the grammar got."""
        self.text, self.known, self.far = text, {}, 0
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(20_000)
        try:
            return len(text) in self.ends(self.rules["root"], 0), self.far
        finally:
            sys.setrecursionlimit(limit)

    def ends(self, node: Node, at: int) -> frozenset[int]:
        """Where what matches `node` from `at` on may end."""
        key = (id(node), at)
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = frozenset(self._ends(node, at))
            self.far = max(self.far, *found, 0) if found else self.far
        return found

    def _ends(self, node: Node, at: int) -> set[int]:
        if isinstance(node, Literal):
            return {at + len(node.text)} if self.text.startswith(node.text, at) else set()
        if isinstance(node, Chars):
            return {at + 1} if at < len(self.text) and contains(node.ranges, self.text[at]) else set()
        if isinstance(node, Ref):
            return set(self.ends(self.rules[node.name], at))
        if isinstance(node, Alt):
            return {end for item in node.items for end in self.ends(item, at)}
        if isinstance(node, Seq):
            found = {at}
            for item in node.items:
                found = {end for start in found for end in self.ends(item, start)}
            return found
        if isinstance(node, Repeat):
            return self._repeated(node, at)
        return self._text(node, at)

    def _repeated(self, node: Repeat, at: int) -> set[int]:
        found = {at} if node.least == 0 else set()
        current, count, seen = {at}, 0, {at}
        while current and (node.most is None or count < node.most):
            current = {end for start in current for end in self.ends(node.item, start)}
            count += 1
            if count >= node.least:
                found |= current
                current -= seen
                seen |= current
        return found

    def _text(self, node: Text, at: int) -> set[int]:
        automaton = Automaton(node)
        states = {(at, START if node.but_not else ("", None))}
        found: set[int] = set()
        while states:
            place, state = states.pop()
            if automaton.may_end(state):
                found.add(place)
            if place < len(self.text):
                behind = automaton.step(state, self.text[place])
                if behind is not None:
                    states.add((place + 1, behind))
                if node.escapes is not None:
                    states |= {(end, ("", None)) for end in self.ends(node.escapes, place)}
        return found


class Sampler:
    """Texts that a grammar allows. Values are made of `words`, markers and pieces of them among them, running text of plain ones."""

    def __init__(self, grammar: Grammar, words: list[str], random: Random) -> None:
        self.rules, self.words, self.random = grammar.rules, words, random
        self.running = {node for name, node in grammar.rules.items() if name.startswith("text") and isinstance(node, Text)}
        self.cost = dict.fromkeys(self.rules, 1000000)
        changed = True
        while changed:
            changed = False
            for name, node in reversed(list(self.rules.items())):  # what a rule refers to mostly stands behind it
                cost = 1 + self.least(node)
                if cost < self.cost[name]:
                    self.cost[name], changed = cost, True

    def least(self, node: Node) -> int:
        """How deep the shallowest derivation is."""
        if isinstance(node, Ref):
            return self.cost[node.name]
        if isinstance(node, Alt):
            return min(map(self.least, node.items))
        if isinstance(node, Seq):
            return max(map(self.least, node.items))
        if isinstance(node, Repeat):
            return self.least(node.item) if node.least else 0
        return 0

    def sample(self, depth: int = 14) -> str:
        out: list[str] = []
        self.write(self.rules["root"], depth, out)
        return "".join(out)

    def write(self, node: Node, depth: int, out: list[str]) -> None:
        if isinstance(node, Literal):
            out.append(node.text)
        elif isinstance(node, Chars):
            out.append(self.character(node))
        elif isinstance(node, Ref):
            self.write(self.rules[node.name], depth - 1, out)
        elif isinstance(node, Seq):
            self.sequence(node, depth, out)
        elif isinstance(node, Alt):
            costs = [self.least(item) for item in node.items]
            fitting = [item for item, cost in zip(node.items, costs, strict=True) if cost <= max(depth, min(costs))]
            self.write(self.random.choice(fitting), depth, out)
        elif isinstance(node, Repeat):
            more = self.random.choice((0, 0, 1, 1, 2, 3)) if depth > self.least(node.item) else 0
            count = node.least + more
            for _ in range(count if node.most is None else min(count, node.most)):
                self.write(node.item, depth - 2, out)
        else:
            out.append(self.text(node, depth))

    def sequence(self, node: Seq, depth: int, out: list[str]) -> None:
        """The items in their order. A key that stands in an element's opener and its closer is the same, which no grammar can say."""
        keys: dict[str, str] = {}
        for item in node.items:
            if not (isinstance(item, Ref) and item.name.startswith("key")):
                self.write(item, depth, out)
                continue
            if item.name not in keys:
                key: list[str] = []
                self.write(item, depth, key)
                keys[item.name] = "".join(key)
            out.append(keys[item.name])

    def character(self, node: Chars) -> str:
        usual = [character for character in "abcxyz019 ,:<>/é🙂\\\"'\n-_" if contains(node.ranges, character)]
        low, high = self.random.choice(node.ranges)
        return self.random.choice(usual) if usual else chr(self.random.randint(low, min(high, low + 200)))

    def text(self, node: Text, depth: int) -> str:
        automaton = Automaton(node)
        state = START if node.but_not else ("", None)
        out = ""
        count = self.random.choice((0, 1, 1, 2, 4)) if depth > 0 else 0
        while count > 0 or not automaton.may_end(state):
            count -= 1
            if node.escapes is not None and self.random.random() < 0.2:
                piece: list[str] = []
                self.write(node.escapes, depth, piece)
                out, state = out + "".join(piece), ("", None)
                continue
            words = PLAIN if node in self.running else self.words if count > -20 else ["q"]
            for character in self.random.choice(words):
                behind = automaton.step(state, character)
                if behind is None:
                    break
                out, state = out + character, behind
        return out
