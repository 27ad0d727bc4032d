"""xgrammar's structural tag, which vLLM and SGLang take as well: the turn in its own words, the arguments of each tool as EBNF.

Markers that are tokens are named by their ids, or by their text where those are not known: EBNF has no word for that, so then what holds a
token is in the tag's own words, too. An engine that checks a tag without its tokenizer, as vLLM does, takes ids only. Running text is
`any_text`, so engines can tell it apart and count it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from toolparse.constrain.ebnf import Writer, split
from toolparse.constrain.tree import ANY, Alt, Grammar, Literal, Node, Ref, Repeat, Seq, Text


def structural_tag(grammar: Grammar, tokens: Mapping[str, int] | tuple[str, ...] = ()) -> dict[str, Any]:
    """The structural tag as a JSON object."""
    return {"type": "structural_tag", "format": Tag(grammar, tokens).format(grammar.rules["root"])}


class Tag:
    def __init__(self, grammar: Grammar, tokens: Mapping[str, int] | tuple[str, ...]) -> None:
        self.grammar = grammar
        named: Mapping[str, int | str] = tokens if isinstance(tokens, Mapping) else {token: token for token in tokens}
        self.tokens = {token: named[token] for token in sorted(named, key=len, reverse=True)}
        numbered = isinstance(tokens, Mapping)
        self.names_tokens = set() if numbered else self._leading_to({name for name, node in grammar.rules.items() if self.has_token(node)})
        self._written: dict[str, dict[str, Any]] = {}
        self._ebnf = Writer(grammar, {token: f"Token({number})" for token, number in self.tokens.items()} if numbered else {})
        self._inside = False

    def has_token(self, node: Node) -> bool:
        """Whether a token or running text stands in a node itself: EBNF cannot name tokens by their text."""
        if isinstance(node, Literal):
            return any(token in node.text for token in self.tokens)
        if isinstance(node, (Seq, Alt)):
            return any(map(self.has_token, node.items))
        return self.has_token(node.item) if isinstance(node, Repeat) else False

    def format(self, node: Node) -> dict[str, Any]:
        if isinstance(node, Literal):
            return self.literal(node.text)
        if isinstance(node, Text) and node.chars == ANY and node.escapes is None and not node.but_not:
            return {"type": "any_text", "excludes": list(node.without)}
        if isinstance(node, Seq):
            return {"type": "sequence", "elements": list(self.elements(node.items))}
        if isinstance(node, Alt):
            return {"type": "or", "elements": [self.format(item) for item in node.items]}
        if isinstance(node, Repeat):
            return self.repeated(node)
        if isinstance(node, Ref):
            known = self._written.get(node.name)
            if known is None:
                outside, self._inside = self._inside, True
                plain = self.is_plain(node.name)
                known = self._written[node.name] = self.format(self.grammar.rules[node.name]) if plain else self.ebnf(node)
                self._inside = outside
            return known
        return self.ebnf(node)

    def elements(self, items: tuple[Node, ...]) -> Iterator[dict[str, Any]]:
        """The parts of a sequence. Calls that stand together are written once, as a list; nothing inside a call is one, as vLLM ends all
        lists after their first item where calls are not parallel."""
        at = 0
        while at < len(items):
            item, behind = items[at], items[at + 1] if at + 1 < len(items) else None
            again = None if self._inside else separated(item, behind)
            if again is None or self.has_token(Literal(again)):
                yield self.format(item)
            else:
                content = self.format(item)
                if holds_star(content):  # xgrammar demands an end that can be told from it
                    yield content
                else:
                    tag = {"type": "tag", "begin": "", "content": content, "end": ""}
                    yield {"type": "tags_with_separator", "tags": [tag], "separator": again, "at_least_one": True}
                    at += 1
            at += 1

    def _leading_to(self, names: set[str]) -> set[str]:
        """The rules, and all that lead to one of them."""
        behind: dict[str, list[str]] = {}
        for name, others in self.grammar.leads.items():
            for other in others:
                behind.setdefault(other, []).append(name)
        found, waiting = set(names), list(names)
        while waiting:
            for name in behind.get(waiting.pop(), ()):
                if name not in found:
                    found.add(name)
                    waiting.append(name)
        return found

    def is_plain(self, name: str) -> bool:
        """Whether a rule is written in the tag's own words: running text, and what holds a token, unless it refers to itself."""
        if isinstance(self.grammar.rules[name], Text):
            return True
        return name in self.names_tokens and not self._refers_to_itself(name)

    def _refers_to_itself(self, name: str) -> bool:
        reached: set[str] = set()
        waiting = list(self.grammar.leads[name])
        while waiting:
            other = waiting.pop()
            if other not in reached:
                reached.add(other)
                waiting += self.grammar.leads[other]
        return name in reached

    def repeated(self, node: Repeat) -> dict[str, Any]:
        content = self.format(node.item)
        kind = {(0, 1): "optional", (0, None): "star", (1, None): "plus"}.get((node.least, node.most))
        if kind is not None:
            return {"type": kind, "content": content}
        return {"type": "repeat", "min": node.least, "max": -1 if node.most is None else node.most, "content": content}

    def literal(self, text: str) -> dict[str, Any]:
        parts = [self.piece(part) for part in split(text, self.tokens)]
        if not parts:
            return {"type": "const_string", "value": ""}
        return parts[0] if len(parts) == 1 else {"type": "sequence", "elements": parts}

    def piece(self, part: str) -> dict[str, Any]:
        return {"type": "token", "token": self.tokens[part]} if part in self.tokens else {"type": "const_string", "value": part}

    def ebnf(self, node: Node) -> dict[str, Any]:
        """A part of the grammar as EBNF: the rule, and those that it leads to."""
        return {"type": "grammar", "grammar": self._ebnf.text(node)}


def separated(item: Node, behind: Node | None) -> str | None:
    """The separator, where what stands behind an item is any number of the same, each behind a separator."""
    if not isinstance(item, Ref) or not isinstance(behind, Repeat) or (behind.least, behind.most) != (0, None):
        return None
    if behind.item == item:
        return ""
    if (
        isinstance(behind.item, Seq)
        and len(behind.item.items) == 2
        and behind.item.items[1] == item
        and isinstance(behind.item.items[0], Literal)
    ):
        return behind.item.items[0].text
    return None


def holds_star(written: dict[str, Any]) -> bool:
    """Whether something is repeated without end in a part of a tag."""
    waiting = [written]
    while waiting:
        part = waiting.pop()
        if part["type"] in ("star", "plus"):
            return True
        waiting += part.get("elements", ())
        if part["type"] in ("optional", "repeat"):
            waiting.append(part["content"])
    return False
