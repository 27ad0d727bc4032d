"""The type that a JSON Schema gives to a value, and raw text read by it: the one table for every format that writes raw text."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from toolparse.jsontext import raw_values, scalars
from toolparse.jsontext.characters import SPACE, quote
from toolparse.schemas.branches import (
    ANY,
    KINDS,
    Branch,
    branches_of,
    choices,
    common,
    item_parts,
    kind_of,
    mapping,
    patterned,
    property_parts,
)

_PARTS = frozenset(("items", "prefixItems", "additionalItems", "properties", "patternProperties", "additionalProperties"))


class Type:
    """What a schema says of a value's type.

    `schema` is the value's own schema, `root` the one that its `$ref`s point into (by default itself). Nothing in either raises.

    - `kinds`: the possible JSON types in the order of the table, empty when unknown or impossible;
    - `declared`: the schema says something about the type;
    - `exactly_string`: a string and nothing else, so the text can flow at once;
    - `string_or_null`: it can flow once it is no beginning of `null` (or `None`);
    - `allows_string`;
    - `is_array`, `is_object`: the only container that is possible;
    - `has_parts`: it says something of a container's members or items.

    `_sole` are an object's properties, where one schema without patterns lists them.

    >>> Type({"type": ["integer", "null"]}).read("42.0")
    ('42', None)
    """

    __slots__ = (
        "_branches", "_known", "_openers", "_plan", "_root", "_sole", "allows_string", "declared",
        "exactly_string", "has_parts", "is_array", "is_object", "kinds", "string_or_null",
    )  # fmt: skip

    def __init__(self, schema: object, root: object = None, known: dict[tuple[tuple[int, ...], ...], Type] | None = None) -> None:
        """`known` are the types already made for the same root: a recursive schema has finitely many."""
        self._root = schema if root is None else root
        self._known = {} if known is None else known
        self._branches = branches_of(schema, self._root)
        present = {branch.kind for branch in self._branches}
        self.declared = ANY not in present
        self.kinds = tuple(kind for kind in KINDS if kind in present) if self.declared else ()
        self.allows_string = not self.declared or "string" in present
        self.exactly_string = self.kinds == ("string",)
        self.string_or_null = self.kinds == ("null", "string")
        self.is_array = "array" in self.kinds and "object" not in self.kinds
        self.is_object = "object" in self.kinds and "array" not in self.kinds
        schemas = tuple(self._schemas("object"))
        words = {word for branch in self._branches for schema in branch.schemas for word in schema}
        self.has_parts = not words.isdisjoint(_PARTS)
        only = schemas[0] if len(schemas) == 1 and "patternProperties" not in schemas[0] else {}
        self._sole = only["properties"] if type(only.get("properties")) is dict else None
        self._openers = "{" * ("object" in self.kinds) + "[" * ("array" in self.kinds)
        readers = {**_READERS, "integer": scalars.read_whole} if "number" in self.kinds else _READERS
        self._plan = tuple((kind, readers[kind], _conditions(kind, self._branches)) for kind in self.kinds)

    def read(self, text: str, python_scalars: bool = False) -> tuple[str, str | None]:
        """The JSON text of a raw value, spaced as `json.dumps` does, and what is wrong with it (None when nothing is).

        What fits no possible type stays the text, as a JSON string, with a sentence; any other JSON text with a sentence was
        repaired. A number out of its bounds is still a number: to say so is for validation.
        `python_scalars` says that the template prints Python values, so that `None` is null.

        >>> Type({"type": "integer"}).read("abc")
        ('"abc"', "'abc' is not an integer; kept as a string")
        """
        if self.exactly_string:
            return quote(text), None
        if self.string_or_null:
            # The whole text, blanks included: as soon as it differs from null it has flowed as a string.
            return ("null" if text == "null" or (python_scalars and text == "None") else quote(text)), None
        bare = text.strip(SPACE)
        if not self.declared:
            found = raw_values.read_json(bare)
            return (quote(text) if found is None else found), None
        outside = None
        for kind, reader, conditions in self._plan:
            if reader is None:
                if conditions is None or _accepted(text, conditions):
                    return quote(text), None
                continue
            found = reader(bare)
            if found is None and kind == "null" and python_scalars and bare == "None":
                found = "null"
            if found is not None:
                if conditions is None or _accepted(raw_values.value_of(found), conditions):
                    return found, None
                outside = outside or found
        if outside is not None and not self.allows_string:
            return outside, None
        if (unquoted := self._unquoted(bare)) is not None:
            return unquoted, f"{_excerpt(text)} was read without its quotes"
        if self._openers:
            found = raw_values.mend(bare, self._openers)
            if found is not None:
                return found, f"{_excerpt(text)} was repaired to the nearest {'object' if found[0] == '{' else 'array'}"
        return quote(text), f"{_excerpt(text)} is not {self._expected()}; kept as a string"

    def read_json(self, text: str) -> tuple[str, str | None]:
        """The JSON text of a value that the wire calls JSON, and what is wrong with it; as `read`, but the schema only settles conflicts.

        For a parameter that can only be a string the text of a number, boolean or container stays text. `True`, `False` and `None` are
        read where the schema has them. What is no JSON stays text.

        >>> Type({"type": "string"}).read_json("[1]")
        ('"[1]"', None)
        """
        bare = text.strip(SPACE)
        found = raw_values.read_json(bare) or raw_values.read_string(bare)
        if found is not None:
            if (unquoted := self._unquoted(bare)) is not None:
                return unquoted, f"{_excerpt(text)} was read without its quotes"
            return (quote(text) if self.exactly_string and found[0] != '"' and found != "null" else found), None
        if (bare in ("True", "False") and "boolean" in self.kinds) or (bare == "None" and "null" in self.kinds):
            return scalars.WORDS[bare], f"{bare} was read as JSON"
        return quote(text), f"{_excerpt(text)} is not JSON; kept as a string"

    def _unquoted(self, text: str) -> str | None:
        """What a JSON string holds, where no string may stand and it is a value of this type."""
        quoted = raw_values.read_string(text) if not self.allows_string else None
        found, fault = self.read(json.loads(quoted)) if quoted is not None else (None, "")
        return found if fault is None else None

    @property
    def keys(self) -> tuple[str, ...]:
        """The property names that the schema lists, in its order."""
        return tuple(dict.fromkeys(key for schema in self._schemas("object") for key in mapping(schema, "properties")))

    def property(self, key: str) -> Type:
        """The type of the value at `key` of an object of this type."""
        if not self.has_parts:
            return UNKNOWN
        sole = self._sole
        if sole is not None:  # the usual case
            part = sole.get(key)
            if type(part) is dict:
                return self._of(((id(part),),), part)
        return self._part("object", lambda schema: property_parts(schema, key))

    def item(self, index: int) -> Type:
        """The type of the item at `index`, from 0, of an array of this type."""
        if not self.has_parts:
            return UNKNOWN
        return self._part("array", lambda schema: item_parts(schema, index))

    def lists(self, key: str) -> bool:
        """Whether `key` is one of `keys`, without looking at the others."""
        if self._sole is not None and key in self._sole:
            return True
        return any(key in mapping(schema, "properties") for schema in self._schemas("object"))

    def declares(self, key: str) -> bool:
        """Whether the schema lists a property `key` or has a pattern for it."""
        return self.lists(key) or any(patterned(schema, key) for schema in self._schemas("object"))

    def _schemas(self, kind: str) -> Iterator[dict[str, Any]]:
        return (schema for branch in self._branches if branch.kind in (kind, ANY) for schema in branch.schemas)

    def _part(self, kind: str, find: Callable[[dict[str, Any]], list[dict[str, Any]]]) -> Type:
        # A branch that says nothing of the part is passed over: of several object types it is one that has the key.
        groups: dict[tuple[int, ...], list[dict[str, Any]]] = {}
        for branch in self._branches:
            if branch.kind == kind or branch.kind == ANY:
                group = [part for schema in branch.schemas for part in find(schema)]
                if group:
                    groups[tuple(map(id, group))] = group
        if not groups:
            return UNKNOWN
        every = [group[0] if len(group) == 1 else {"allOf": group} for group in groups.values()]
        return self._of(tuple(groups), every[0] if len(every) == 1 else {"anyOf": every})

    def _of(self, key: tuple[tuple[int, ...], ...], schema: dict[str, Any]) -> Type:
        """The type of a part, by the schemas that it is made of."""
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._plain(schema) or Type(schema, self._root, self._known)
        return found

    def _plain(self, schema: dict[str, Any]) -> Type | None:
        """The type of a part that says nothing but its own type, as most do: that has been worked out before."""
        kind = schema.get("type")
        like = _PLAIN.get(kind) if isinstance(kind, str) else None
        if like is None or not schema.keys() <= _SILENT:
            return None
        if not like._openers or schema.keys().isdisjoint(_OF_PARTS):
            return like
        plain = Type.__new__(Type)
        for slot in Type.__slots__:
            setattr(plain, slot, getattr(like, slot))
        plain._branches = [Branch(like.kinds[0], (schema,))]
        plain.has_parts = True
        plain._sole = schema["properties"] if like.is_object and type(schema.get("properties")) is dict else None
        plain._root = self._root
        plain._known = self._known
        return plain

    def _expected(self) -> str:
        if not self.kinds:
            return "possible by its schema, which no value fits"
        return " or ".join(_NOUNS[kind] for kind in self.kinds)


_NOUNS = {
    "null": "null",
    "integer": "an integer",
    "number": "a number",
    "boolean": "a boolean",
    "object": "an object",
    "array": "an array",
    "string": "a string that the schema allows",
}


def read_null(text: str) -> str | None:
    """The text itself if it is null."""
    return text if text == "null" else None


_READERS: dict[str, Callable[[str], str | None] | None] = {
    "null": read_null,
    "integer": scalars.read_integer,
    "number": scalars.read_number,
    "boolean": raw_values.read_boolean,
    "object": raw_values.read_object,
    "array": raw_values.read_array,
    "string": None,  # every text is one
}


def _excerpt(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}…")


_Conditions = tuple[tuple[tuple[Callable[[Any, Any], bool], Any], ...], ...]

_NUMBERS = ("integer", "number")
_BOUNDS: dict[str, tuple[tuple[str, ...], Callable[[Any, Any], bool]]] = {
    "minimum": (_NUMBERS, lambda value, bound: value >= bound),
    "maximum": (_NUMBERS, lambda value, bound: value <= bound),
    "exclusiveMinimum": (_NUMBERS, lambda value, bound: value > bound),
    "exclusiveMaximum": (_NUMBERS, lambda value, bound: value < bound),
    "multipleOf": (_NUMBERS, lambda value, bound: not isinstance(bound, int) or bound <= 0 or value % bound == 0),
    "minLength": (("string",), lambda value, bound: len(value) >= bound),
    "maxLength": (("string",), lambda value, bound: len(value) <= bound),
}


def _conditions(kind: str, branches: list[Branch]) -> _Conditions | None:
    """For each branch of a kind what a value must hold to; None when one of them takes any value of the kind."""
    every = []
    for branch in branches:
        if branch.kind == kind:
            conditions = tuple(condition for schema in branch.schemas for condition in _conditions_in(schema, kind))
            if not conditions:
                return None
            every.append(conditions)
    return tuple(every)


def _conditions_in(schema: dict[str, Any], kind: str) -> Iterator[tuple[Callable[[Any, Any], bool], Any]]:
    for values in choices(schema):
        yield _among, [value for value in values if common(kind_of(value), kind)]
    if _BOUNDS.keys().isdisjoint(schema):
        return
    for word, (kinds, holds) in _BOUNDS.items():
        bound = schema.get(word)
        if kind in kinds and isinstance(bound, (int, float)) and not isinstance(bound, bool):
            yield holds, bound


def _among(value: object, values: list[object]) -> bool:
    return value in values


def _accepted(value: object, conditions: _Conditions) -> bool:
    return any(all(holds(value, bound) for holds, bound in branch) for branch in conditions)


UNKNOWN = Type(True)
"""The type of what no schema describes."""

_OF_PARTS = frozenset(("items", "properties", "additionalProperties"))
_SILENT = frozenset(("type", "title", "description", "default", "examples", "items", "properties", "required", "additionalProperties"))
_PLAIN = {kind: Type({"type": kind}) for kind in KINDS}
