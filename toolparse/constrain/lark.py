"""llguidance's dialect of Lark: rules of lexemes, which a lexer reads.

The lexer takes as much as it can, so text that goes on until a marker is a lexeme together with that marker, and lazy: `followed` moves
what stands behind open text into it. Special tokens are no text there: a marker that is a token must be named as one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace

from toolparse.constrain.ebnf import counted, in_brackets, split
from toolparse.constrain.tree import EMPTY, Alt, Chars, Grammar, Literal, Node, Ranges, Ref, Repeat, Seq, Text, alt, contains, except_, seq


def lark(grammar: Grammar, tokens: Mapping[str, int] | tuple[str, ...] = ()) -> str:
    """The grammar as text."""
    named = in_brackets(tokens)
    first = Lark(grammar, named)
    text = first.text()
    return Lark(grammar, named, tuple(first.cuts)).text() if first.cuts else text


class Lark:
    """One grammar's rules. `cuts` are the beginnings of markers at which text ends: other markers that begin so are cut there, too, as a
    lexer that has read so far does not know yet which marker it is."""

    def __init__(self, grammar: Grammar, tokens: Mapping[str, str], cuts: tuple[str, ...] = ()) -> None:
        self.grammar = grammar
        self.cuts = dict.fromkeys(cuts)
        self.tokens = dict(sorted(tokens.items(), key=lambda item: -len(item[0])))
        self.lexemes = {name for name in grammar.lexemes if not self.holds_token(name) and not self.is_cut(grammar.rules[name])}
        self.rules: dict[str, Node] = {}
        self.lines: dict[str, str] = {}
        self._lexemes: dict[tuple[Text, str], str] = {}
        self._followed: dict[tuple[str, str], str] = {}

    def text(self) -> str:
        self.lines["start"] = "root"
        waiting = ["root"]
        while waiting:
            name = waiting.pop()
            key = rule_name(name)
            if key in self.lines or terminal_name(name) in self.lines:
                continue
            node = self.rules.get(name) or self.grammar.rules[name]
            if name in self.lexemes:
                self.lines[terminal_name(name)] = self.regular(node)
                continue
            self.lines[key] = ""
            self._needed: list[str] = []
            self.lines[key] = self.choices(self.closed(node))
            waiting += self._needed
        return "%llguidance {}\n" + "".join(f"{name}: {line}\n" for name, line in self.lines.items())

    def holds_token(self, name: str) -> bool:
        """Whether a token stands in a rule, or in one that it leads to: a lexeme is text, which no special token is."""
        names = {name}
        waiting = [name]
        while waiting:
            new = set(self.grammar.leads[waiting.pop()]) - names
            names |= new
            waiting += new
        return any(any(token in text for token in self.tokens) for each in names for text in literals(self.grammar.rules[each]))

    # -- text that goes on until a marker ---------------------------------------------------------------------------------------------

    def node(self, ref: Ref) -> Node:
        return self.rules.get(ref.name) or self.grammar.rules[ref.name]

    def is_open(self, node: Node, begin: str, seen: frozenset[str] = frozenset()) -> bool:
        """Whether a node may end with text that could take `begin` for its own."""
        if isinstance(node, Text):
            return contains(node.chars, begin)
        if isinstance(node, Ref):
            closed = node.name in seen or node.name in self._lexemes.values()
            return not closed and self.is_open(self.node(node), begin, seen | {node.name})
        if isinstance(node, Seq):
            return self.is_open(node.items[-1], begin, seen)
        if isinstance(node, Alt):
            return any(self.is_open(item, begin, seen) for item in node.items)
        return isinstance(node, Repeat) and self.is_open(node.item, begin, seen)

    def closed(self, node: Node) -> Node:
        """The node with every open text joined to the marker behind it."""
        if isinstance(node, Alt):
            return alt(*map(self.closed, node.items))
        if isinstance(node, Repeat):
            return Repeat(self.closed(node.item), node.least, node.most)
        if not isinstance(node, Seq):
            return node
        found: list[Node] = []
        items = list(node.items)
        while items:
            item = items.pop(0)
            behind = items[0] if items else EMPTY
            optional = isinstance(behind, Repeat) and (behind.least, behind.most) == (0, 1) and isinstance(behind.item, Literal)
            marker = behind.item if optional and isinstance(behind, Repeat) else behind
            if isinstance(marker, Literal) and marker.text and self.is_open(item, marker.text[0]):
                parts = split(marker.text, self.tokens)
                if parts[0] not in self.tokens:
                    items.pop(0)
                    joined = self.followed(item, parts[0])
                    rest = seq(joined, *(Literal(part) for part in parts[1:]))
                    found.append(alt(item, rest) if optional else rest)
                    continue
            found.append(self.closed(item))
        return seq_apart(*found)

    def followed(self, node: Node, marker: str) -> Node:
        """The node with a marker behind it, joined to the text that it may end with."""
        if isinstance(node, Text) and contains(node.chars, marker[0]):
            # As little of the marker as tells it from text: what one lexeme begins with must not end another.
            end = min((at + len(word) for word in node.without if (at := marker.find(word)) >= 0), default=len(marker))
            if end == len(marker) and marker not in self.cuts:
                return Ref(self.lazy(node, marker))
            # What else begins so is told from it behind the cut, so both come as the same lexemes: the text is not empty, or not there.
            self.cuts[marker[:end]] = None
            some = replace(node, but_not=(*node.but_not, ""))
            return alt(seq_apart(Ref(self.lazy(some, marker[:end])), Literal(marker[end:])), Literal(marker))
        if isinstance(node, Ref) and self.is_open(node, marker[0]):
            key = (node.name, marker)
            if key not in self._followed:
                name = self._followed[key] = f"{node.name}--until-{len(self._followed) + 1}"
                self.rules[name] = EMPTY
                self.rules[name] = self.followed(self.node(node), marker)
            return Ref(self._followed[key])
        if isinstance(node, Alt):
            return alt(*(self.followed(item, marker) for item in node.items))
        if isinstance(node, Seq) and self.is_open(node, marker[0]):
            return seq_apart(self.closed(seq_apart(*node.items[:-1])), self.followed(node.items[-1], marker))
        if isinstance(node, Repeat) and (node.least, node.most) == (0, 1):
            return alt(Literal(marker), self.followed(node.item, marker))
        return seq_apart(self.closed(node), Literal(marker))

    def lazy(self, text: Text, marker: str) -> str:
        """The rule of a lexeme: text and the marker that ends it."""
        known = self._lexemes.get((text, marker))
        if known is None:
            known = self._lexemes[text, marker] = f"until--{len(self._lexemes) + 1}"
            self.lines[f"{rule_name(known)}[lazy]"] = f"{self.regular(text)} {quoted(marker)}"
        return known

    # -- rules ------------------------------------------------------------------------------------------------------------------------

    def choices(self, node: Node) -> str:
        return " | ".join(map(self.written, node.items)) if isinstance(node, Alt) else self.written(node)

    def written(self, node: Node) -> str:
        if isinstance(node, Literal):
            return " ".join(self.tokens.get(part) or self.pieces(part) for part in split(node.text, self.tokens)) or '""'
        if isinstance(node, Ref):
            if node.name in self._lexemes.values():
                return rule_name(node.name)
            self._needed.append(node.name)
            return terminal_name(node.name) if node.name in self.lexemes else rule_name(node.name)
        if isinstance(node, Seq):
            return " ".join(map(self.inner, node.items))
        if isinstance(node, Alt):
            return f"({self.choices(node)})"
        if isinstance(node, Repeat):
            item = self.inner(node.item)
            return (f"({item})" if isinstance(node.item, Repeat) else item) + counted(node)
        return self.terminal(node)

    def terminal(self, node: Node) -> str:
        """The name of the terminal for text that stands in a rule: only terminals may leave words out."""
        line = self.regular(node)
        known = next((name for name, other in self.lines.items() if other == line and name.isupper()), None)
        if known is None:
            known = f"FREE__{len(self.lines)}"
            self.lines[known] = line
        return known

    def pieces(self, text: str) -> str:
        cut = max((cut for cut in self.cuts if text.startswith(cut)), key=len, default="")
        return f"{quoted(cut)} {lexemes(text[len(cut) :])}" if 0 < len(cut) < len(text) else lexemes(text)

    def is_cut(self, node: Node) -> bool:
        return isinstance(node, Literal) and any(node.text.startswith(cut) and node.text != cut for cut in self.cuts)

    def inner(self, node: Node) -> str:
        return f"({self.written(node)})" if isinstance(node, Seq) else self.written(node)

    # -- lexemes ----------------------------------------------------------------------------------------------------------------------

    def regular(self, node: Node) -> str:
        """A node as a terminal."""
        if isinstance(node, Literal):
            return quoted(node.text)
        if isinstance(node, Ref):
            self.lines.setdefault(terminal_name(node.name), self.regular(self.node(node)))
            return terminal_name(node.name)
        if isinstance(node, Seq):
            return " ".join(self.group(item) for item in node.items)
        if isinstance(node, Alt):
            return " | ".join(map(self.group, node.items))
        if isinstance(node, Repeat):
            return self.group(node.item) + counted(node)
        if isinstance(node, Chars):
            return f"/{char_class(node.ranges)}/"
        every = f"/{char_class(node.chars)}*/" if node.escapes is None else f"(/{char_class(node.chars)}/ | {self.group(node.escapes)})*"
        out = []
        if node.without:
            out.append(f"~/(?s:.*)({'|'.join(map(escaped, node.without))})(?s:.*)/")
        if node.but_not:
            out.append(f"~/{'|'.join(map(escaped, node.but_not))}/" if any(node.but_not) else '~""')
        return f"({every} & {' & '.join(out)})" if out else every

    def group(self, node: Node) -> str:
        text = self.regular(node)
        return f"({text})" if isinstance(node, (Seq, Alt, Repeat)) else text


def literals(node: Node) -> Iterator[str]:
    """The literals that stand in a node itself."""
    if isinstance(node, Literal):
        yield node.text
    elif isinstance(node, (Seq, Alt)):
        for item in node.items:
            yield from literals(item)
    elif isinstance(node, Repeat):
        yield from literals(node.item)


def seq_apart(*items: Node) -> Node:
    """The items one after the other; literals are not joined, as a lexeme ends between them."""
    found = [part for item in items for part in (item.items if isinstance(item, Seq) else (item,)) if part != EMPTY]
    return EMPTY if not found else found[0] if len(found) == 1 else Seq(tuple(found))


def rule_name(name: str) -> str:
    return name.replace("-", "_").lower()


def terminal_name(name: str) -> str:
    return name.replace("-", "_").upper()


def quoted(text: str) -> str:
    """A string of Lark; its escapes are JSON's."""
    return json.dumps(text, ensure_ascii=False)


def lexemes(text: str) -> str:
    """A literal; line breaks in front of it are a lexeme of their own, as what separates calls may also stand in front of a closer."""
    inner = text.lstrip("\n")
    return f"{quoted(text[: -len(inner)])} {quoted(inner)}" if inner and inner != text else quoted(text)


_SPECIAL = "\\^$.|?*+()[]{}/-&~#"


def escaped(text: str) -> str:
    return "".join(f"\\x{{{ord(c):x}}}" if ord(c) < 32 or ord(c) > 126 else "\\" + c if c in _SPECIAL else c for c in text)


def char_class(ranges: Ranges) -> str:
    inverse = except_(ranges)
    if not inverse:
        return "(?s:.)"
    negated = len(inverse) < len(ranges)
    body = "".join(_code(low) if low == high else f"{_code(low)}-{_code(high)}" for low, high in (inverse if negated else ranges))
    return f"[{'^' if negated else ''}{body}]"


def _code(code: int) -> str:
    return chr(code) if chr(code).isascii() and chr(code).isalnum() else f"\\x{{{code:x}}}"
