"""Strings that the schema declares to be something else, as response templates cast them.

The rules differ from the table of `types.py`: the declared types are tried in the order of their declaration, a string never
claims a text, what nothing claims stays a string, and of the schema's words only `type`, `anyOf`, `oneOf` and `nullable` count.
Knows schemas and JSON text, nothing of regions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from toolparse.jsontext import raw_values
from toolparse.jsontext.characters import escape_surrogates, quote
from toolparse.jsontext.partial import read_json
from toolparse.jsontext.scalars import INTEGER, is_integer
from toolparse.schemas.branches import standard
from toolparse.schemas.tools import Tool

_NUMBER = re.compile(rf"{INTEGER}\.[0-9]+(?:[eE][+-]?[0-9]+)?").fullmatch
_SCALAR_BEGINS = re.compile(r"\s*[+-]?(?:[0-9_]*\.?[0-9_]*(?:[eE][+-]?[0-9_]*)?|[a-zA-Z]{0,5})\s*").fullmatch
_LONGEST_SCALAR = 512
_LONGEST_INTEGER = 4000  # digits that Python converts
_KINDS = frozenset(("integer", "number", "boolean", "null", "object", "array"))
_INSIDE = re.compile(r'"|\\.', re.DOTALL).search
_NESTED = re.compile(r'["{}\[\]]').search
_VALUE = re.compile(r"[^\s:]").search

Types = tuple[str, ...]


def declared_types(tool: Tool | None, key: str) -> Types:
    """The types that a tool's schema declares for a parameter, in their order; () when a text stays a string."""
    properties = tool.parameters.get("properties") if tool is not None else None
    types = tuple(_types_in(properties.get(key))) if isinstance(properties, dict) else ()
    return types if _KINDS.intersection(types) else ()


def _types_in(schema: object, depth: int = 0) -> list[str]:
    if not isinstance(schema, dict) or depth > 16:
        return []
    declared = schema.get("type")
    names = map(standard, declared if isinstance(declared, list) else [declared])
    types = [kind for kind in names if isinstance(kind, str)]
    for word in ("anyOf", "oneOf"):
        choices = schema.get(word)
        for choice in choices if isinstance(choices, list) else ():
            types += _types_in(choice, depth + 1)
    if schema.get("nullable") and "null" not in types:
        types.append("null")
    return types


def cast(text: str, types: Types) -> str | None:
    """The JSON text of a raw text that one of the types claims; None when it stays a string.

    >>> cast("4.0", ("integer",)), cast("5", ("string", "integer")), cast("x", ("number",))
    ('4', '5', None)
    """
    bare = text.strip()
    for kind in types:
        found = None
        if kind in ("integer", "number"):
            found = _number(bare, kind == "integer")
        elif kind == "boolean":
            found = {"true": "true", "1": "true", "false": "false", "0": "false"}.get(bare.lower())
        elif kind == "null":
            found = "null" if bare in ("null", "None") else None
        elif kind in ("object", "array") and bare[:1] == ("{" if kind == "object" else "["):
            found = raw_values.respace(bare)
        if found is not None:
            return found
    return None


def _number(text: str, whole: bool) -> str | None:
    if is_integer(text) or (not whole and _NUMBER(text) and abs(float(text)) < float("inf")):
        return text
    if len(text) > _LONGEST_INTEGER:
        return None
    try:
        return str(int(text))
    except ValueError:
        pass
    try:
        value = float(text)
        as_integer = int(value)
    except (ValueError, OverflowError):
        return None
    if whole:
        return str(as_integer) if value == as_integer else None
    return str(as_integer) if value == as_integer and "." not in text else repr(value)


def may_be_cast(text: str, types: Types) -> bool | None:
    """Whether a type will have to be asked about a text that begins like this, for a parameter that may also be a string; None
    when more of it must tell."""
    bare = text.lstrip()
    if len(text) - len(bare) > _LONGEST_SCALAR:
        return False
    if bare[:1] in ("{", "["):
        return "object" in types or "array" in types
    return None if len(text) <= _LONGEST_SCALAR and _SCALAR_BEGINS(text) else False


def argument(value: object, types: Types) -> str:
    """The JSON text of an argument of which strings are cast: itself, or the items of a list that is not declared one."""
    if isinstance(value, str) and types:
        return cast(value, types) or quote(value)
    if isinstance(value, list) and types and "array" not in types:
        items = (argument(item, types) if isinstance(item, str) else written(item) for item in value)
        return f"[{', '.join(items)}]"
    return written(value)


def written(value: object) -> str:
    """A value as JSON text, without ASCII escapes but for lone surrogates."""
    return escape_surrogates(json.dumps(value, ensure_ascii=False, default=str))


class Casts(list[str]):
    """Fragments of the JSON text of one call's arguments, in which declared values are cast as they pass.

    Fragments are valid JSON and never part an escape. A string, and a list of strings that is declared no list, waits until it
    ends.

    >>> tool = Tool("f", parameters={"properties": {"n": {"type": "integer"}}})
    >>> casts = Casts(tool, 1000)
    >>> for fragment in ('{"n"', ': "4', '2"}'):
    ...     casts.append(fragment)
    >>> "".join(casts)
    '{"n": 42}'
    """

    def __init__(self, tool: Tool, max_held: int) -> None:
        super().__init__()
        self.tool = tool
        self.max_held = max_held
        self.state: Callable[[str, int], int] = self.between
        self.key = ""
        self.types: Types = ()
        self.depth = 0
        self.quoted = False
        self.waiting: list[str] = []
        self.held = 0

    @property
    def passes(self) -> bool:
        """Whether text inside a string goes through as it is."""
        return self.quoted and self.state == self.inside

    def append(self, text: str) -> None:
        at = 0
        while at < len(text):
            at = self.state(text, at)

    def put(self, text: str) -> None:
        if text:
            super().append(text)

    def between(self, text: str, at: int) -> int:
        """Before the object, or between its members."""
        if not self.depth:
            self.depth = int(text[at] == "{")
            if not self.depth and not text[at].isspace():
                self.state = self.rest
                return at
            self.put(text[at])
            return at + 1
        quote = text.find('"', at)
        end = len(text) if quote < 0 else quote + 1
        self.put(text[at:end])
        if quote >= 0:
            self.key = ""
            self.state = self.in_key
        return end

    def rest(self, text: str, at: int) -> int:
        """Arguments that are no object."""
        self.put(text[at:])
        return len(text)

    def in_key(self, text: str, at: int) -> int:
        end = string_end(text, at)
        self.put(text[at : abs(end)])
        self.key += text[at : abs(end)]
        if end > 0:
            self.state = self.before_value
        return abs(end)

    def before_value(self, text: str, at: int) -> int:
        found = _VALUE(text, at)
        end = len(text) if found is None else found.start()
        self.put(text[at:end])
        if found is not None:
            types = self.types = declared_types(self.tool, read_json(f'"{self.key}'))
            held = types and (found[0] == '"' or (found[0] == "[" and "array" not in types))
            self.state = self.holding if held else self.inside
            self.depth, self.quoted = 1, False
        return end

    def inside(self, text: str, at: int) -> int:
        """A value that passes."""
        end = self.value_end(text, at)
        self.put(text[at:end])
        return end

    def holding(self, text: str, at: int) -> int:
        """A value that waits."""
        end = self.value_end(text, at)
        self.waiting.append(text[at:end])
        self.held += end - at
        if self.state != self.holding:
            self.settle()
        elif self.held > self.max_held:
            self.put("".join(self.waiting))
            self.waiting, self.held = [], 0
            self.state = self.inside
        return end

    def settle(self) -> None:
        """The value that waits is whole."""
        text = "".join(self.waiting)
        self.waiting, self.held = [], 0
        value = read_json(text)
        if isinstance(value, list):
            changed = any(isinstance(item, str) and cast(item, self.types) for item in value)
            self.put(argument(value, self.types) if changed else text)
        else:
            self.put(cast(value, self.types) or text)

    def value_end(self, text: str, at: int) -> int:
        """Where what is read of the value ends; `state` is `between` when all of it has been read."""
        while at < len(text):
            if self.quoted:
                end = string_end(text, at)
                if end <= 0:
                    return len(text)
                at = end
                self.quoted = False
            elif self.depth == 1:
                character = text[at]
                if character in ",}":
                    self.state = self.between
                    return at
                self.depth += character in "[{"
                self.quoted = character == '"'
                at += 1
                continue
            else:
                found = _NESTED(text, at)
                if found is None:
                    return len(text)
                at = found.end()
                self.quoted = found[0] == '"'
                self.depth += (found[0] in "[{") - (found[0] in "]}")
            if self.depth == 1 and not self.quoted:
                self.state = self.between
                return at
        return at


def string_end(text: str, at: int) -> int:
    """Behind the quote that closes the string which is open at `at`; minus the length of the text when it does not close."""
    while True:
        found = _INSIDE(text, at)
        if found is None:
            return -len(text)
        at = found.end()
        if found[0] == '"':
            return at
