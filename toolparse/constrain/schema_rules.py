"""What a JSON Schema allows, as rules; in the notation in which a format writes values.

A schema is taken apart by `schemas.branches`, as for the types of raw text: unions, references and schemas that hold together. Every schema
becomes a rule of its own, made when its turn comes and not by recursion, so depth costs no stack and what is cyclic refers to itself.
Where a schema says what a grammar cannot, or not at a bearable size, the rule allows more and `left_out` tells what. Rules never allow
less than the schema, but for the order of keys, which is the schema's, and for what the notation cannot write.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from functools import lru_cache, wraps
from typing import Any, TypeVar, cast

from toolparse.constrain.text_automaton import allows
from toolparse.constrain.tree import (
    ANY,
    DIGIT,
    EMPTY,
    HEX,
    LAST,
    WORD,
    Chars,
    Literal,
    Node,
    Ranges,
    Ref,
    Repeat,
    Rules,
    Seq,
    Text,
    alt,
    except_,
    maybe,
    of,
    ranges,
    seq,
)
from toolparse.rendering.writers import Number, bare_value, json_text, python_text
from toolparse.schemas.branches import ANY as ANY_KIND
from toolparse.schemas.branches import Branch, branches_of, choices, common, forms_of, kind_of, mapping, property_parts, standard, target_of

MOST_RULES = 2_000
"""Schemas of one tool that get rules of their own; what is beyond them is any value."""
MOST_NESTED = 100
"""Levels of a schema that get rules of their own: compilers of grammars follow them by recursion, and xgrammar 0.2.9 crashes at 2,000."""
MOST_KEYS = 256
"""Properties of an object that are held to their order and to what is required; rules for them lie one inside the other."""
MOST_CHOICES = 20_000
"""Characters of all values of an enum; a longer one is any value of its type."""
MOST_COUNTED = 64
"""Items or characters that are counted."""
MOST_DEPTH = 64
"""Levels of a value that an enum names."""
MOST_LEADING = 16
"""Items of a list that have schemas of their own."""
_QUOTED_KEY = re.compile(r"[^< \t\r\n](?:[^<\n]{0,254}[^< \t\r\n])?")
"""A key in quotes among bare ones, as it is read."""
_BARE = ranges(*WORD, *except_(of("，：＝“”‘’"), inside=((0xA1, LAST),)))
"""The characters of a bare key."""
CONTROL = ranges((0, 31))
IN_QUOTES = except_(CONTROL, of('"\\'))


@dataclass(frozen=True, slots=True, eq=False)
class Notation:
    """How values are written: as JSON, or as what a format has in its place. There is one object for each, so that what it makes is kept.

    - `quote` stands around a string, whose text is of `chars`, with JSON's escapes if `escapes`, and holds none of `without`;
    - `scalars` are true, false and null; the first spelling is the canonical one;
    - `bare_keys`: keys that are identifiers stand without quotes; `spaced`: white space may stand around punctuation;
    - `text` writes a value that the schema itself names.
    """

    name: str
    text: Callable[[Any], str]
    quote: str = '"'
    scalars: tuple[tuple[str, ...], ...] = (("true",), ("false",), ("null",))
    chars: Ranges = IN_QUOTES
    escapes: bool = True
    pairs: bool = True
    """A character beyond the first plane may be escaped as two surrogates."""
    without: tuple[str, ...] = ()
    bare_keys: bool = False
    spaced: bool = True
    line_breaks: bool = True


JSON = Notation("json", json_text)
PYTHON = Notation("python", python_text, scalars=(("True",), ("False",), ("None",)), pairs=False)


@lru_cache(maxsize=64)
def bare(quote: str) -> Notation:
    """Objects with bare keys, strings between two of a marker without any escapes."""
    return Notation(
        "bare", lambda value: bare_value(value, quote), quote, chars=ANY, escapes=False, without=(quote,), bare_keys=True, spaced=False
    )


Parts = tuple[Any, ...]
"""Schemas that hold together."""

# Keywords that a rule does not hold values to, by the kind that they speak of.
_LEFT_OUT: dict[str, tuple[str, ...]] = {
    "string": ("pattern", "format", "contentEncoding", "contentMediaType"),
    "integer": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "array": ("contains", "minContains", "maxContains", "uniqueItems", "unevaluatedItems"),
    "object": (
        "patternProperties", "propertyNames", "minProperties", "maxProperties", "dependentRequired", "dependentSchemas", "dependencies",
        "unevaluatedProperties",
    ),
}  # fmt: skip
_SAY_NOTHING = frozenset(("type", "title", "description", "default", "examples", "example", "deprecated", "$comment"))
_PLAIN = ("string", "integer", "number", "boolean", "null")
_OF_ANY = ("not", "if", "then", "else", "$dynamicRef", "$recursiveRef")


class SchemaRules:
    """The rules of one tool's schema. `strict`: every object has all of its properties and no others."""

    def __init__(self, rules: Rules, root: object, strict: bool, left_out: Callable[[str], None]) -> None:
        self.rules = rules
        self.root = root
        self.strict = strict
        self.keys: Callable[[str], object] | None = None
        """Which keys the markup can hold; None for all."""
        self.kept: tuple[str, ...] = ()
        """What no raw value may hold."""
        self._left_out = left_out
        self._known: dict[tuple[tuple[int, ...], Notation], Ref] = {}
        self._waiting: deque[tuple[Ref, Parts, Notation, str, int]] = deque()
        self._depth = 0  # of the rule that is being filled in
        self._kept: list[Parts] = []  # the identities above are of these

    # -- what the bodies ask for ------------------------------------------------------------------------------------------------------

    def value(self, parts: Parts, notation: Notation, path: str) -> Node:
        """A value that all of `parts` allow, `path` being its place in the tool's schema."""
        kind = plain_kind(parts)
        if kind is not None:
            return string(self.rules, notation) if kind == "string" else scalar(self.rules, notation, kind)
        key = (tuple(map(id, parts)), notation)
        known = self._known.get(key)
        if known is None:
            if not any(isinstance(part, dict) and part for part in parts):
                return any_value(self.rules, notation)
            if len(self._known) >= MOST_RULES or self._depth >= MOST_NESTED:
                self.leave_out("", f"what is beyond {MOST_RULES} parts of the schema, or {MOST_NESTED} levels deep")
                return any_value(self.rules, notation)
            known = self._known[key] = self.rules.name(path.rpartition("/")[2] or "value")
            self.rules.rules[known.name] = EMPTY
            self._kept.append(parts)
            self._waiting.append((known, parts, notation, path, self._depth + 1))
        return known

    def finish(self) -> None:
        """Fill in the rules that wait."""
        while self._waiting:
            name, parts, notation, path, self._depth = self._waiting.popleft()
            node = alt(*self.ways(parts, notation, path))
            self.rules.rules[name.name] = node

    def leave_out(self, path: str, what: str) -> None:
        self._left_out(f"{path or '/'}: {what}")

    # -- a value ----------------------------------------------------------------------------------------------------------------------

    def branches(self, parts: Parts, path: str) -> list[Branch]:
        """The ways to be of all `parts`; those of one kind without any limits stand for the others of it."""
        schema: Any = parts[0] if len(parts) == 1 else {"allOf": list(parts)}
        found = branches_of(schema, self.root)
        if found == [Branch(ANY_KIND, ())] and any(isinstance(part, dict) and part for part in parts):
            short = [{word: value for word, value in part.items() if word != "enum"} for part in parts if isinstance(part, dict)]
            found = branches_of({"allOf": short}, self.root)
            self.leave_out(path, "enum, or the whole schema, which is too large")
        if not found:
            self.leave_out(path, "no value fits the schema, so any does")
            found = [Branch(ANY_KIND, ())]
        self._tell(parts, found, path)
        return list({(branch.kind, tuple(map(id, branch.schemas))): branch for branch in found}.values())

    def _tell(self, parts: Parts, found: list[Branch], path: str) -> None:
        """What of the schemas the rules do not hold values to."""
        told: dict[str, None] = {}
        for branch in found:
            for schema in branch.schemas:
                words = _OF_ANY + (_LEFT_OUT.get(branch.kind, ()) if branch.kind != ANY_KIND else sum(_LEFT_OUT.values(), ()))
                told.update((word, None) for word in words if word in schema)
                ref = schema.get("$ref")
                if isinstance(ref, str) and target_of(ref, self.root) is True:
                    told[f"$ref {ref[:80]}, which leads nowhere"] = None
                for word in ("oneOf",):
                    if len(forms_of(schema, word)) > 1 and len(found) > len({branch.kind for branch in found}):
                        told["oneOf, which is read as anyOf"] = None
        for what in told:
            self.leave_out(path, what)

    def ways(self, parts: Parts, notation: Notation, path: str) -> list[Node]:
        """The ways to write a value of all `parts`."""
        found: list[Node] = []
        for branch in self.branches(parts, path):
            named = self.named(branch, notation, path)
            if named is not None:
                found += named
            elif branch.kind == ANY_KIND:
                found += [
                    any_scalar(self.rules, notation),
                    self.array(branch.schemas, notation, path),
                    self.object(branch.schemas, notation, path),
                ]
            elif branch.kind == "string":
                found.append(self.string(branch.schemas, notation, path))
            elif branch.kind == "array":
                found.append(self.array(branch.schemas, notation, path))
            elif branch.kind == "object":
                found.append(self.object(branch.schemas, notation, path))
            else:
                found.append(scalar(self.rules, notation, branch.kind))
        if not found:
            self.leave_out(path, "its enum, no value of which can be written in this format")
            found = [any_value(self.rules, notation)]
        return found

    def named(self, branch: Branch, notation: Notation, path: str) -> list[Node] | None:
        """The values that `enum` or `const` names, of the branch's kind; None without such a list."""
        values = self.choices(branch, path)
        if values is None:
            return None
        return [Literal(notation.text(numbers(value))) for value in values if writable(value, notation)]

    def choices(self, branch: Branch, path: str) -> list[Any] | None:
        lists = [values for schema in branch.schemas for values in choices(schema)]
        if not lists:
            return None
        wanted = [value for value in lists[0] if (branch.kind == ANY_KIND or common(kind_of(value), branch.kind)) and not is_deep(value)]
        for others in lists[1:]:
            known = {json_text(numbers(other)) for other in others if not is_deep(other)}
            wanted = [value for value in wanted if json_text(numbers(value)) in known]
        if sum(len(value) if isinstance(value, str) else 8 for value in wanted) > MOST_CHOICES:
            self.leave_out(path, "enum, which is too long")
            return None
        return wanted

    # -- strings, arrays, objects -----------------------------------------------------------------------------------------------------

    def string(self, schemas: Parts, notation: Notation, path: str) -> Node:
        least, most = limits(schemas, "minLength", "maxLength")
        if (least or most is not None) and not notation.without and max(least, most or 0) <= MOST_COUNTED:
            character = alt(Chars(notation.chars), escapes(self.rules, notation)) if notation.escapes else Chars(notation.chars)
            inside = Repeat(self.rules.rule("character", character, lexeme=True), least, most)
            return self.rules.rule("string", seq(notation.quote, inside, notation.quote), lexeme=True)
        if least or most is not None:
            self.leave_out(path, "minLength or maxLength")
        return string(self.rules, notation)

    def array(self, schemas: Parts, notation: Notation, path: str) -> Node:
        space, comma, _ = punctuation(self.rules, notation)
        leading = [forms_of(schema, "prefixItems") or forms_of(schema, "items") for schema in schemas]
        count = max(map(len, leading), default=0)
        if count > MOST_LEADING:
            self.leave_out(path, "prefixItems, which are too many")
            leading, count = [], 0
        least, most = limits(schemas, "minItems", "maxItems")
        if any(_rest_of(schema) is False for schema in schemas):
            most = count if most is None else min(count, most)
        if max(least, most or 0) > MOST_COUNTED:
            self.leave_out(path, "minItems or maxItems")
            least, most = 0, None
        rest = self.value(tuple(part for schema in schemas if isinstance(part := _rest_of(schema), dict)), notation, f"{path}/items")
        if not count:
            if most == 0:
                return seq("[", space, "]")
            some = seq(rest, Repeat(seq(comma, rest), max(least - 1, 0), None if most is None else most - 1))
            return seq("[", space, some if least else maybe(some), space, "]")
        # The leading items one inside the other: each may be missing together with all behind it.
        tail: Node = Repeat(seq(comma, rest), max(least - count, 0), None if most is None else max(most - count, 0))
        for index in reversed(range(count)):
            parts = tuple(items[index] for items in leading if index < len(items) and isinstance(items[index], dict))
            item = self.value(parts, notation, f"{path}/prefixItems/{index}")
            tail = EMPTY if most is not None and index >= most else seq(comma if index else "", item, tail)
            tail = tail if index < least else maybe(tail)
        return seq("[", space, tail, space, "]")

    def object(self, schemas: Parts, notation: Notation, path: str) -> Node:
        space, comma, colon = punctuation(self.rules, notation)
        members, extra = self.members(schemas, path)
        written = []
        for key, parts, needed in members:
            key_text = key_literal(key, notation)
            if key_text is None:
                self.leave_out(f"{path}/properties/{key}", "the property, whose name this format cannot write")
                continue
            value = self.value(parts, notation, f"{path}/properties/{key}")
            written.append((seq(key_text, colon, value), needed))
        more = None
        if extra is not None:
            more = seq(
                extra_key(self.rules, notation, tuple(key for key, _, _ in members)), colon, self.value(extra, notation, f"{path}/*")
            )
        return seq("{", space, listed(self.rules, written, more, comma), space, "}")

    def members(self, schemas: Parts, path: str) -> tuple[list[tuple[str, Parts, bool]], Parts | None]:
        """The properties of an object, each with its schemas and whether it must be there; and the schemas of others, None for none."""
        keys = dict.fromkeys(key for schema in schemas for key in mapping(schema, "properties"))
        required = {name for schema in schemas for name in forms_of(schema, "required") if isinstance(name, str)}
        rest = [schema.get("additionalProperties") for schema in schemas]
        extra: Parts | None = tuple(part for part in rest if isinstance(part, dict))
        if any(part is False for part in rest) or (self.strict and keys):
            extra = None
        missing = [name for schema in schemas for name in forms_of(schema, "required") if isinstance(name, str) and name not in keys]
        if missing and extra is None:
            self.leave_out(path, f"required names {missing[0]!r}, which the schema does not allow")
            missing = []
        members = []
        for key in keys:
            if any(mapping(schema, "properties").get(key) is False for schema in schemas):
                continue
            parts = tuple(part for schema in schemas if key in mapping(schema, "properties") for part in property_parts(schema, key))
            members.append((key, parts, self.strict or key in required))
        members += [(name, extra or (), True) for name in dict.fromkeys(missing)]
        if self.keys is not None:
            for key, _, _ in members:
                if not self.keys(key):
                    self.leave_out(f"{path}/properties/{key[:60]!r}", "the property, whose name this format cannot write")
            members = [member for member in members if self.keys(member[0])]
        if len(members) > MOST_KEYS:
            self.leave_out(path, f"the order of its keys, what is required and that each comes once, as they are more than {MOST_KEYS}")
        if extra is not None:
            self.leave_out("", "that other keys than the listed ones come only once")
        return members, extra


def plain_kind(parts: Parts) -> str | None:
    """The kind of any string, number, boolean or null, where the schemas say no more than that; None where they say anything else."""
    if len(parts) != 1 or not isinstance(parts[0], dict):
        return None
    kind = standard(parts[0].get("type"))
    return kind if isinstance(kind, str) and kind in _PLAIN and parts[0].keys() <= _SAY_NOTHING else None


def _rest_of(schema: dict[str, Any]) -> Any:
    """The schema of a list's items behind its leading ones."""
    items = schema.get("items")
    return schema.get("additionalItems") if isinstance(items, list) else items


def limits(schemas: Parts, low: str, high: str) -> tuple[int, int | None]:
    """The least and the most that the schemas together say."""

    def given(word: str) -> list[int]:
        return [value for schema in schemas if isinstance(value := schema.get(word), int) and not isinstance(value, bool) and value >= 0]

    return max(given(low), default=0), min(given(high), default=None)


def listed(rules: Rules, members: Iterable[tuple[Node, bool]], more: Node | None, comma: Node) -> Node:
    """Members in their order, those that need not be there left out or not, and any number of `more` behind them.

    Two rules for each member: it and what follows it, behind nothing or behind another. So the size is linear.
    """
    members = list(members)
    if len(members) > MOST_KEYS:
        any_member = rules.rule("member", alt(*(member for member, _ in members), *(() if more is None else (more,))))
        return maybe(seq(any_member, Repeat(seq(comma, any_member))))
    behind: Node = EMPTY if more is None else Repeat(seq(comma, more))
    first: Node = EMPTY if more is None else maybe(seq(more, behind))
    for member, needed in reversed(members):
        written, rest = seq(member, behind), seq(comma, member, behind)
        first = written if needed else rules.rule("first", alt(written, first))
        behind = rest if needed else rules.rule("next", alt(rest, behind))
        first, behind = _named(rules, "first", first), _named(rules, "next", behind)
    return first


def _named(rules: Rules, wish: str, node: Node) -> Node:
    """A long sequence behind a name, so that it is written once."""
    return rules.rule(wish, node) if isinstance(node, Seq) else node


# -- the values that every schema is made of -----------------------------------------------------------------------------------------


Maker = TypeVar("Maker", bound=Callable[..., Any])


def once(make: Maker) -> Maker:
    """What a grammar is made of again and again, made once for it."""

    @wraps(make)
    def made(rules: Rules, *given: Hashable) -> Any:
        key = (make, given)
        if key not in rules.made:
            rules.made[key] = make(rules, *given)
        return rules.made[key]

    return cast(Maker, made)


@once
def punctuation(rules: Rules, notation: Notation) -> tuple[Node, Node, Node]:
    """White space inside brackets, the comma and the colon."""
    if not notation.spaced:
        return EMPTY, rules.rule("comma", Literal(","), lexeme=True), Literal(":")
    blanks = alt(" ", seq("\n", Repeat(Chars(of(" \t")), 0, 40))) if notation.line_breaks else Literal(" ")
    space = maybe(rules.rule("blank", blanks, lexeme=True))
    return space, rules.rule("comma", seq(space, ",", space), lexeme=True), rules.rule("colon", seq(space, ":", space), lexeme=True)


@once
def string(rules: Rules, notation: Notation) -> Node:
    inside = Text(notation.without, notation.chars, escapes(rules, notation) if notation.escapes else None)
    return rules.rule(f"{notation.name}-string", seq(notation.quote, inside, notation.quote), lexeme=True)


@once
def escapes(rules: Rules, notation: Notation) -> Node:
    """JSON's escape sequences; none is half of a surrogate pair."""
    digit = Chars(HEX)
    plain = alt(
        seq(Chars(except_(of("dD"), inside=HEX)), digit, digit, digit),
        seq(Chars(of("dD")), Chars(ranges((48, 55))), digit, digit),
    )  # fmt: skip
    high = seq(Chars(of("dD")), Chars(of("89abAB")), digit, digit)
    low = seq(Chars(of("dD")), Chars(of("cdefCDEF")), digit, digit)
    short = Chars(of('"\\/bfnrt' if notation.pairs else '"\\bfnrt'))
    pair = (seq("u", high, "\\u", low),) if notation.pairs else ()
    return rules.rule(f"{notation.name}-escape", seq("\\", alt(short, seq("u", plain), *pair)), lexeme=True)


@once
def scalar(rules: Rules, notation: Notation, kind: str) -> Node:
    """Any value of a kind that is no container and no string."""
    if kind in ("integer", "number"):
        whole = seq(maybe("-"), alt("0", seq(Chars(ranges((49, 57))), Repeat(Chars(DIGIT)))))
        if kind == "integer":
            return rules.rule("integer", whole, lexeme=True)
        part = maybe(seq(".", Repeat(Chars(DIGIT), 1)))
        # Up to e299, so that no number is infinite to those who read it as a float.
        high = seq(maybe("+"), maybe(Chars(of("012"))), maybe(Chars(DIGIT)), Chars(DIGIT))
        power = maybe(seq(Chars(of("eE")), alt(high, seq("-", Repeat(Chars(DIGIT), 1, 3)))))
        return rules.rule("number", seq(whole, part, power), lexeme=True)
    true, false, null = notation.scalars
    return alt(*null) if kind == "null" else alt(*true, *false)


@once
def any_scalar(rules: Rules, notation: Notation) -> Node:
    kinds = ("number", "boolean", "null")
    return alt(string(rules, notation), *(scalar(rules, notation, kind) for kind in kinds))


def any_value(rules: Rules, notation: Notation) -> Node:
    """Any value at all."""
    known = rules.any_values.get(notation)
    if known is None:
        known = rules.any_values[notation] = rules.name(f"any-{notation.name}")
        space, comma, colon = punctuation(rules, notation)
        key = seq(extra_key(rules, notation, ()), colon, known)
        members = maybe(seq(key, Repeat(seq(comma, key))))
        items = maybe(seq(known, Repeat(seq(comma, known))))
        rules.rules[known.name] = alt(any_scalar(rules, notation), seq("[", space, items, space, "]"), seq("{", space, members, space, "}"))
    return known


def key_literal(key: str, notation: Notation) -> Node | None:
    """A declared key as it is written; None when it cannot be."""
    if notation.bare_keys and key.isidentifier():
        return Literal(key)
    return Literal(notation.text(key)) if is_key(key, notation) and writable(key, notation) else None


def is_key(key: str, notation: Notation) -> bool:
    """Whether a key that is written in quotes is read as one."""
    return not notation.bare_keys or _QUOTED_KEY.fullmatch(key) is not None


def extra_key(rules: Rules, notation: Notation, declared: tuple[str, ...]) -> Node:
    """A key that is none of the declared ones. Beside such it has no escapes and no quotes that it can do without, in which it could be one
    in disguise."""
    if notation.bare_keys:
        word = seq(Text(but_not=("", *declared), chars=_BARE))
        inner, ends = Chars(except_(of("<\n"))), Chars(except_(of("< \t\r\n")))  # as `_QUOTED_KEY`
        quoted = seq(notation.quote, ends, maybe(seq(Repeat(inner, 0, 254), ends)), notation.quote)
        return rules.rule("key", word if declared else alt(word, quoted), lexeme=True)
    if not declared:
        return string(rules, notation)
    chars = except_(of("\\"), inside=notation.chars)
    without = notation.without
    if without:
        # One automaton for both would have as many states as the two multiplied: so no such word may begin.
        chars = except_(of("".join(word[0] for word in without)), inside=chars)
        without = ()
    key = Text(without, chars, but_not=tuple(key for key in declared if writable(key, notation)))
    return rules.rule("key", seq(notation.quote, key, notation.quote), lexeme=True)


def writable(value: Any, notation: Notation) -> bool:
    """Whether every string in a value can stand in this notation."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            text = json_text(item)[1:-1] if notation.escapes else item
            chars = ranges(*notation.chars, *of('\\"')) if notation.escapes else notation.chars
            if not allows(Text(notation.without, chars), text):
                return False
        elif isinstance(item, dict):
            if not all(key.isidentifier() or is_key(key, notation) for key in item):
                return False
            waiting += [*item, *item.values()]
        elif isinstance(item, list):
            waiting += item
    return True


def is_deep(value: Any) -> bool:
    """Whether a value is nested too deep to be written out."""
    level = [value]
    for _ in range(MOST_DEPTH):
        level = [item for one in level if isinstance(one, (dict, list)) for item in (one.values() if isinstance(one, dict) else one)]
        if not level:
            return False
    return True


def numbers(value: Any) -> Any:
    """The value with its numbers in the spelling of JSON, as the writers want them."""
    if isinstance(value, dict):
        return {key: numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [numbers(item) for item in value]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return Number(repr(value))
    return value
