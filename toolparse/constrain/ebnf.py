"""xgrammar's EBNF: character classes, counted repetition, text with exclusions, and tokens by their ids. llama.cpp's GBNF is the same with
other tokens, and text in which words do not occur is spelled out there as an automaton.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from toolparse.constrain.text_automaton import text_rules
from toolparse.constrain.tree import Alt, Chars, Grammar, Literal, Node, Ranges, Ref, Repeat, Seq, Text, except_


def ebnf(grammar: Grammar, tokens: Mapping[str, int] | tuple[str, ...] = ()) -> str:
    """The grammar as text; markers whose ids are known are tokens."""
    ids = tokens if isinstance(tokens, Mapping) else {}
    return Writer(grammar, {marker: f"Token({number})" for marker, number in ids.items()}).text()


def gbnf(grammar: Grammar, tokens: Mapping[str, int] | tuple[str, ...] = ()) -> str:
    """The grammar as llama.cpp's text."""
    return Writer(grammar, in_brackets(tokens), dispatch=False).text()


def in_brackets(tokens: Mapping[str, int] | tuple[str, ...]) -> dict[str, str]:
    """The markers that are tokens where `<...>` is one: those whose ids are known, or those that can be named."""
    if isinstance(tokens, Mapping):
        return {marker: f"<[{number}]>" for marker, number in tokens.items()}
    return {marker: marker for marker in tokens if re.fullmatch(r"<[^>[]*>", marker)}


class Writer:
    """EBNF; and, without `dispatch`, GBNF, which lacks text with exclusions."""

    def __init__(self, grammar: Grammar, tokens: Mapping[str, str], *, dispatch: bool = True) -> None:
        self.grammar = grammar
        self.dispatch = dispatch
        self.tokens = dict(sorted(tokens.items(), key=lambda item: -len(item[0])))
        self._rules: dict[str, tuple[str, list[str]]] = {}
        self._texts: dict[Text, str] = {}
        self._needed: list[str] = []

    def text(self, root: Node | None = None) -> str:
        """The grammar, or the part of it that is `root`. What several parts have in common is written once and used again."""
        line, waiting = self.rule("root", self.grammar.rules["root"] if root is None else root)
        lines = {"root": line}
        while waiting:
            name = waiting.pop()
            if name not in lines:
                if name not in self._rules:
                    self._rules[name] = self.rule(name, self.grammar.rules[name])
                lines[name], needed = self._rules[name]
                waiting = [*waiting, *needed]
        return "".join(lines.values())

    def rule(self, name: str, node: Node) -> tuple[str, list[str]]:
        """A rule as a line, and the names of those that it leads to."""
        self._needed = []
        return f"{name} ::= {self.choices(node)}\n", self._needed

    def choices(self, node: Node) -> str:
        return " | ".join(map(self.written, node.items)) if isinstance(node, Alt) else self.written(node)

    def written(self, node: Node) -> str:
        if isinstance(node, Literal):
            return self.literal(node.text)
        if isinstance(node, Chars):
            return char_class(node.ranges)
        if isinstance(node, Ref):
            self._needed.append(node.name)
            return node.name
        if isinstance(node, Seq):
            return " ".join(map(self.inner, node.items))
        if isinstance(node, Alt):
            return f"({self.choices(node)})"
        if isinstance(node, Repeat):
            return self.repeated(node)
        return self.free(node)

    def inner(self, node: Node) -> str:
        """A node as a part of a larger one."""
        return f"({self.written(node)})" if isinstance(node, Seq) else self.written(node)

    def repeated(self, node: Repeat) -> str:
        item = self.inner(node.item)
        return (f"({item})" if isinstance(node.item, Repeat) or item.endswith("*") else item) + counted(node)

    def literal(self, text: str) -> str:
        parts = split(text, self.tokens)
        return " ".join(self.tokens[part] if part in self.tokens else quoted(part) for part in parts) if parts else '""'

    def free(self, text: Text) -> str:
        """Text in which words do not occur."""
        if text.escapes is None and not text.without and not text.but_not:
            return char_class(text.chars) + "*"
        if not text.without and not text.but_not and text.escapes is not None:
            return f"({char_class(text.chars)} | {self.inner(text.escapes)})*"
        out = left_out(text.chars) if self.dispatch and not text.but_not else None
        if out is None:
            return self.named(text, None)
        # xgrammar's own automaton: it is compiled many times as fast as rules are.
        words = ", ".join(map(quoted, (*text.without, *out)))
        plain = self.named(Text(text.without, text.chars), f"TagDispatch(loop_after_dispatch=false, excludes=({words}))")
        return plain if text.escapes is None else f"({plain} ({self.inner(text.escapes)} {plain})*)"

    def named(self, text: Text, line: str | None) -> str:
        """The name of a text's rules: the line, or an automaton. No rule of the grammar has two dashes in its name."""
        known = self._texts.get(text)
        if known is None:
            known = self._texts[text] = f"without--{len(self._texts) + 1}"
            needed, self._needed = self._needed, []
            lines = [line] if line is not None else [self.state(node, known) for node in text_rules(text)]
            rules = "".join(f"{state_name(known, number)} ::= {state}\n" for number, state in enumerate(lines))
            self._rules[known] = rules, self._needed
            self._needed = needed
        self._needed.append(known)
        return known

    def state(self, node: Node, name: str) -> str:
        assert isinstance(node, Alt)
        ways = []
        for way in node.items:
            items = way.items if isinstance(way, Seq) else (way,)
            ways.append(" ".join(self.part(part, name) for part in items))
        return " | ".join(ways)

    def part(self, node: Node, name: str) -> str:
        """A part of a state's rule: a number is a state of the same text, any other reference a rule of the grammar."""
        return state_name(name, int(node.name)) if isinstance(node, Ref) and node.name.isdigit() else self.inner(node)


MOST_LEFT_OUT = 64


def left_out(chars: Ranges) -> list[str] | None:
    """The characters that are not of a set; None where they are many."""
    inverse = except_(chars)
    if sum(high - low + 1 for low, high in inverse) > MOST_LEFT_OUT:
        return None
    return [chr(code) for low, high in inverse for code in range(low, high + 1)]


def state_name(name: str, number: int) -> str:
    return f"{name}-s{number}" if number else name


def split(text: str, tokens: Iterable[str]) -> list[str]:
    """A text in the tokens that stand in it and what is between them."""
    parts: list[str] = []
    begin = at = 0
    while at < len(text):
        token = next((token for token in tokens if token and text.startswith(token, at)), None)
        if token is None:
            at += 1
            continue
        parts += [text[begin:at], token]
        begin = at = at + len(token)
    return [part for part in (*parts, text[begin:]) if part]


def counted(node: Repeat) -> str:
    if (node.least, node.most) in ((0, None), (1, None), (0, 1)):
        return {(0, None): "*", (1, None): "+", (0, 1): "?"}[node.least, node.most]
    return f"{{{node.least},{'' if node.most is None else node.most}}}" if node.least != node.most else f"{{{node.least}}}"


_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}


def quoted(text: str) -> str:
    return '"' + "".join(_ESCAPES.get(character) or plain(character) for character in text) + '"'


def plain(character: str) -> str:
    """A character as it is where it can be seen, else by its number; never in two digits, as some read on behind them."""
    code = ord(character)
    if 32 <= code < 127:
        return character
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


@lru_cache(maxsize=4096)
def char_class(ranges: Ranges) -> str:
    """A set of characters; by what is not in it, where that is shorter."""
    inverse = except_(ranges)
    negated = len(inverse) < len(ranges)
    if not inverse:
        return "[\\u0000-\\U0010ffff]"
    pairs = inverse if negated else ranges
    body = "".join(_ranged(low, high) for low, high in pairs)
    return f"[{'^' if negated else ''}{body}]"


def _ranged(low: int, high: int) -> str:
    first, last = _in_class(low), _in_class(high)
    return first if low == high else f"{first}-{last}"


def _in_class(code: int) -> str:
    character = chr(code)
    if character in "\\]^-[":
        return "\\\\" if character == "\\" else f"\\u{code:04x}"
    return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(character) or plain(character)
