"""Checking a value against a JSON Schema, within bounds whatever the two are: `jsonschema`, made safe.

Neither schema nor value is trusted. No document is fetched, patterns have a time limit (`schema_keywords`), and a check as a
whole has one too. Knows nothing of tools or calls.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Any

import attrs
from jsonschema import validators
from jsonschema.exceptions import ValidationError
from referencing import Registry
from referencing.exceptions import Unresolvable

from toolparse.schemas import keywords
from toolparse.schemas.branches import standard
from toolparse.schemas.keywords import Unchecked

SECONDS = 2.0
"""The time for one check."""

MOST_ERRORS = 100
"""The errors that one check reports at most."""

_SAFE = {
    "additionalProperties": keywords.additional_properties,
    "anyOf": keywords.any_of,
    "format": keywords.string_format,
    "multipleOf": keywords.multiple_of,
    "oneOf": keywords.one_of,
    "pattern": keywords.pattern,
    "patternProperties": keywords.pattern_properties,
    "required": keywords.required,
    "type": keywords.json_type,
    "unevaluatedItems": keywords.unevaluated_items,
    "unevaluatedProperties": keywords.unevaluated_properties,
    "uniqueItems": keywords.unique_items,
}
_VALUES = ("enum", "const", "default", "examples", "example")
"""The words of a schema behind which values stand, not schemas."""
_NAMED = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
"""Those behind which an object stands whose keys are names."""
_STRICT = {
    "additionalProperties": keywords.strict_additional_properties,
    "properties": keywords.strict_properties,
    "required": keywords.strict_required,
}


class Checker:
    """A schema made ready, once for any number of checks.

    `strict` asks of every object that it has all of its schema's properties and no others. `fault` tells what is wrong with the
    schema itself; then nothing is checked by it.
    """

    __slots__ = ("_plain", "_validator", "fault")

    def __init__(self, schema: dict[str, Any], strict: bool = False) -> None:
        schema = _standard(schema)
        dialect = _dialect_of(schema)
        errors, stop = _run(_safe(dialect, False)(dialect.META_SCHEMA, registry=Registry()), schema, most=1)
        self.fault: ValidationError | Unchecked | None = errors[0] if errors else stop
        if self.fault is None:
            self._validator = _safe(dialect, strict)(schema, registry=Registry())
        self._plain = plain_check(schema) if self.fault is None and not strict else None

    def check(self, value: Any) -> tuple[list[ValidationError], Unchecked | None]:
        """The errors found, and why the check had to stop when it did. Not to be asked when there is a `fault`."""
        if self._plain is not None and self._plain(value):
            return [], None
        return _run(self._validator, value, MOST_ERRORS)


_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,), "null": (type(None),),
    "object": (dict,), "array": (list,),
}  # fmt: skip
_PLAIN = frozenset(("type", "title", "description", "default", "examples", "properties", "required", "items"))


def plain_check(schema: Any, depth: int = 0) -> Callable[[Any], bool] | None:
    """The short way for what most schemas are: types, properties, what is required. It is only ever true of a value that fits; what it is
    not true of must be checked. None of a schema with more to it.

    >>> plain_check({"type": "integer"})(7)
    True
    """
    if not isinstance(schema, dict) or depth > 32 or not schema.keys() <= _PLAIN:
        return None
    kind, properties, required = schema.get("type"), schema.get("properties", {}), schema.get("required", [])
    kinds = _TYPES.get(kind) if isinstance(kind, str) else None
    if kinds is None or not isinstance(properties, dict) or not isinstance(required, list):
        return None
    checks = {key: plain_check(part, depth + 1) for key, part in properties.items()}
    item = plain_check(schema["items"], depth + 1) if "items" in schema else None
    if not all(checks.values()) or ("items" in schema and item is None) or not all(isinstance(key, str) for key in required):
        return None

    def fits(value: Any) -> bool:
        if type(value) not in kinds:
            return False
        if kinds == (dict,):
            for key in required:
                if key not in value:
                    return False
            for key, part in value.items():
                check = checks.get(key)
                if check is not None and not check(part):
                    return False
        elif item is not None and kinds == (list,):
            return all(map(item, value))
        return True

    return fits


def _standard(schema: dict[str, Any]) -> dict[str, Any]:
    """A copy of the schema in which types have the names of JSON Schema where Python's stood, and `any` is left out."""
    whole: dict[str, Any] = {}
    copies: dict[int, Any] = {id(schema): whole}  # of all containers, as a schema may hold one twice
    left: list[tuple[Any, Any, bool]] = [(schema, whole, True)]
    while left:
        given, made, has_words = left.pop()
        for key, value in given.items() if isinstance(given, dict) else enumerate(given):
            if has_words and key == "type":
                names = value if isinstance(value, list) else [value]
                if "any" in names:
                    continue
                made[key] = list(map(standard, names)) if isinstance(value, list) else standard(value)
            elif isinstance(value, (dict, list)) and not (has_words and key in _VALUES):
                if id(value) not in copies:
                    copies[id(value)] = {} if isinstance(value, dict) else [None] * len(value)
                    left.append((value, copies[id(value)], isinstance(value, dict) and not (has_words and key in _NAMED)))
                made[key] = copies[id(value)]
            else:
                made[key] = value
    return whole


class _Deadline:
    """When a check ends. `jsonschema` hands the format checker on to every subschema, so this travels as one."""

    __slots__ = ("_end",)

    def __init__(self) -> None:
        self._end = time.monotonic() + SECONDS

    def tick(self) -> None:
        if time.monotonic() > self._end:
            raise Unchecked("limit", f"it would take more than {SECONDS:g} seconds")


def _run(validator: Any, value: Any, most: int) -> tuple[list[ValidationError], Unchecked | None]:
    errors: list[ValidationError] = []
    try:
        for error in validator.evolve(format_checker=_Deadline()).iter_errors(value):
            errors.append(error)
            if len(errors) == most:
                break
    except Unchecked as stop:
        return errors, stop
    except RecursionError:
        return errors, Unchecked("limit", "it is nested too deeply, or the schema refers to itself without end")
    except Unresolvable as error:
        target = getattr(error, "anchor", error.ref)
        return errors, Unchecked("schema", f"its $ref {str(target)[:80]} leads nowhere, and other documents are not fetched")
    except Exception as error:  # what jsonschema raises on a schema that makes no sense can be anything
        return errors, Unchecked("schema", f"{type(error).__name__}: {str(error)[:80]}")
    return errors, None


def _dialect_of(schema: dict[str, Any]) -> Any:
    try:
        return validators.validator_for({"$schema": schema["$schema"]}, default=validators.Draft202012Validator)
    except Exception:  # none is named, or something that is no name
        return validators.Draft202012Validator


@cache
def _safe(dialect: Any, strict: bool) -> Any:
    """The dialect's validator class, with the safe keywords."""
    replaced = {**_SAFE, **_STRICT} if strict else _SAFE
    known = {keyword: function for keyword, function in replaced.items() if keyword in dialect.VALIDATORS}
    integers = dialect.TYPE_CHECKER.redefine("integer", lambda checker, value: _is_integer(dialect, value))
    extend: Any = validators.extend
    safe = extend(dialect, known, type_checker=integers)
    fields = [(field.name, field.alias) for field in attrs.fields(safe) if field.init]

    def evolve(self: Any, **changes: Any) -> Any:
        # The stock method would leave the safe keywords behind at a subschema that names its own "$schema".
        if self.format_checker is not None:
            self.format_checker.tick()
        for name, alias in fields:
            if alias not in changes:
                changes[alias] = getattr(self, name)
        return safe(**changes)

    safe.evolve = evolve
    return safe


def _is_integer(dialect: Any, value: Any) -> bool:
    return isinstance(value, Decimal) or dialect.TYPE_CHECKER.is_type(value, "integer")  # see `partial`: a very long integer
