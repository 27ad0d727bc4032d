"""A JSON Schema taken apart into branches: the ways in which a value may be of it, each of one kind.

Unions list branches; `$ref`, `allOf` and keywords side by side intersect them. Only what bears on typing is looked at: whether a
value is valid is for `validate`. Nothing here knows of text. A schema comes from outside as much as text does: what is broken,
cyclic or remote in it says nothing, and one that takes too many steps is not read at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

KINDS = ("null", "integer", "number", "boolean", "object", "array", "string")
"""The JSON types, in the order in which a text is tried as each of them."""
PYTHON_NAMES = {
    "str": "string", "bool": "boolean", "int": "integer", "float": "number", "dict": "object", "list": "array", "tuple": "array",
}  # fmt: skip
"""What data sets call the types. They write `any` too, which says nothing, as every name does that is not known."""

ANY = "any"
"""The kind of a branch that may be of every kind."""

_STEPS = 10_000  # schemas, enum values and pairs of branches looked at for one type
_DEPTH = 32  # unions and intersections inside each other
_PATTERNS = 64  # patternProperties of one schema
_FURTHER = frozenset(("anyOf", "oneOf", "allOf", "nullable", "$ref"))  # what bears on branches besides a schema's own type and values


class Branch(NamedTuple):
    """One way to be of a type: a kind, and the schemas that hold together there."""

    kind: str
    schemas: tuple[dict[str, Any], ...]


class _TooLarge(Exception):
    """A schema takes more steps than a type is worth."""


class _Budget:
    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = _STEPS

    def spend(self, steps: int) -> None:
        self.left -= steps
        if self.left < 0:
            raise _TooLarge


def branches_of(schema: object, root: object) -> list[Branch]:
    """The branches of `schema`, whose `$ref`s point into `root`. None are left when no value fits."""
    try:
        return _branches(schema, root, _Budget(), 0)
    except _TooLarge:
        return [Branch(ANY, ())]


def _branches(schema: object, root: object, budget: _Budget, depth: int) -> list[Branch]:
    if depth > _DEPTH:
        raise _TooLarge
    found = [Branch(ANY, ())]
    nullable = False
    seen: set[str] = set()
    while True:  # once for each $ref of a chain
        budget.spend(1)
        if schema is False:
            found = []
        if not isinstance(schema, dict):
            break
        found = _meet(found, _own(schema, budget), budget)
        if _FURTHER.isdisjoint(schema):
            break
        for word in ("anyOf", "oneOf"):
            members = forms_of(schema, word)
            if members:
                union = [branch for member in members for branch in _branches(member, root, budget, depth + 1)]
                found = _meet(found, union, budget)
        for member in forms_of(schema, "allOf"):
            found = _meet(found, _branches(member, root, budget, depth + 1), budget)
        nullable = nullable or schema.get("nullable") is True
        ref = schema.get("$ref")
        if not isinstance(ref, str) or ref in seen:
            break
        seen.add(ref)
        schema = target_of(ref, root)
    if nullable:
        found.append(Branch("null", ()))
    return found


def _own(schema: dict[str, Any], budget: _Budget) -> list[Branch]:
    """The branches by a schema's own `type`, `enum` and `const`."""
    here = (schema,)
    types = schema.get("type")
    names = [standard(name) for name in (types if isinstance(types, list) else [types])]
    budget.spend(len(names))
    known = bool(names) and all(isinstance(name, str) and name in KINDS for name in names)
    found = [Branch(kind, here) for kind in dict.fromkeys(names)] if known else [Branch(ANY, here)]
    for values in choices(schema):
        budget.spend(len(values))
        found = _meet(found, [Branch(kind, ()) for kind in dict.fromkeys(map(kind_of, values))], budget)
    return found


def standard(name: Any) -> Any:
    """A type's name in JSON Schema, where Python's own may stand instead."""
    return PYTHON_NAMES.get(name, name) if isinstance(name, str) else name


def choices(schema: dict[str, Any]) -> Iterator[list[object]]:
    """The lists of values that a schema confines its own to."""
    if forms_of(schema, "enum"):
        yield schema["enum"]
    if "const" in schema:
        yield [schema["const"]]


def kind_of(value: object) -> str:
    """The narrowest kind of a value in a schema."""
    if value is None:
        return "null"
    if isinstance(value, float):
        return "integer" if value.is_integer() else "number"
    for known, kind in ((bool, "boolean"), (int, "integer"), (str, "string"), (dict, "object"), (list, "array")):
        if isinstance(value, known):
            return kind
    return ANY


def _meet(left: list[Branch], right: list[Branch], budget: _Budget) -> list[Branch]:
    """The branches that are in both."""
    budget.spend(len(left) * len(right))
    return [Branch(kind, a.schemas + b.schemas) for a in left for b in right if (kind := common(a.kind, b.kind))]


def common(a: str, b: str) -> str | None:
    """The kind of what is of both kinds; None when nothing is."""
    if a == b or b == ANY:
        return a
    if a == ANY:
        return b
    return "integer" if {a, b} == {"integer", "number"} else None


def target_of(ref: str, root: object) -> object:
    """What a `$ref` into the same document points to; True, which says nothing, when there is no such place."""
    if "%" in ref:
        from urllib.parse import unquote

        ref = unquote(ref)
    if ref == "#":
        return root
    if not ref.startswith("#/"):
        return True  # another document is never fetched
    node = root
    for step in ref[2:].split("/"):
        step = step.replace("~1", "/").replace("~0", "~")
        if isinstance(node, dict):
            node = node.get(step, True)
        elif isinstance(node, list) and step.isascii() and step.isdigit() and len(step) < 10 and int(step) < len(node):
            node = node[int(step)]
        else:
            return True
    return node


def forms_of(schema: dict[str, Any], word: str) -> list[Any]:
    members = schema.get(word)
    return members if isinstance(members, list) else []


def mapping(schema: dict[str, Any], word: str) -> dict[str, Any]:
    """The mapping at a keyword, empty where there is none."""
    found = schema.get(word)
    return found if isinstance(found, dict) else {}


def property_parts(schema: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """What a schema says of the value at `key`: nothing, or schemas that hold together."""
    found = patterned(schema, key)
    properties = mapping(schema, "properties")
    if key in properties:
        found.append(properties[key])
    elif not found:
        found.append(schema.get("additionalProperties"))
    return [part for part in found if isinstance(part, dict)]


def item_parts(schema: dict[str, Any], index: int) -> list[dict[str, Any]]:
    """What a schema says of the item at `index`: nothing, or one schema."""
    rest = schema.get("items")
    first = forms_of(schema, "prefixItems")
    if isinstance(rest, list):  # as tuples were written before draft 2020-12
        first, rest = rest, schema.get("additionalItems")
    part = first[index] if 0 <= index < len(first) else rest
    return [part] if isinstance(part, dict) else []


def patterned(schema: dict[str, Any], key: str) -> list[Any]:
    """The schemas whose pattern `key` matches."""
    patterns = mapping(schema, "patternProperties")
    if not patterns or len(patterns) > _PATTERNS:
        return []
    return [part for pattern, part in patterns.items() if isinstance(pattern, str) and _matches(pattern, key)]


# How many ways a pattern can try, in powers of two: a repetition as many as the key is long, an option or an alternative two. A
# repeated group may multiply with itself, so it is out.
_CHOICE = re.compile(r"\)[*+{]|[*+?|]|\{[0-9]*,")
_BITS = {")": 99, "*": 7, "+": 7, "{": 7, "?": 1, "|": 1}


def _matches(pattern: str, key: str) -> bool:
    """Whether a schema's regular expression is found in a key. One that might run long is not tried: no."""
    if len(key) > 127 or len(pattern) > 256 or sum(_BITS[choice[0]] for choice in _CHOICE.findall(pattern)) > 14:
        return False
    try:
        return re.search(pattern, key) is not None
    except (re.error, RecursionError, OverflowError, Warning):  # no regular expression, or none of Python's
        return False
