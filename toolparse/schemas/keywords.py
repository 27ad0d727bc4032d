"""JSON Schema keywords that cannot be made to stall, in place of those of `jsonschema` that can; and the string formats.

Each keyword is a function as `jsonschema` calls it. The replaced ones match patterns with `re`, which may backtrack without end,
compare everything with everything, or keep every error. What dialect a schema is of and when a check ends is for `schema_check`.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from itertools import islice
from typing import Any

import regex
from jsonschema.exceptions import ValidationError

Errors = Iterator[ValidationError]

_BRANCH_ERRORS = 10  # kept of each branch of a union: enough to say what is wrong
_PATTERN_SECONDS = 1.0  # for one match
_PATTERN_LENGTH = 10_000
_PATTERN_SIZE = 200_000  # with its counted repetitions written out, as `regex` does when it compiles


class Unchecked(Exception):
    """A check had to stop. `rule` is "limit" when it takes too long or too much, "schema" when the schema cannot be followed."""

    def __init__(self, rule: str, reason: str) -> None:
        super().__init__(reason)
        self.rule = rule


def matches(validator: Any, wanted: str, text: str) -> bool:
    """Whether the pattern `wanted` is found in `text`. Raises `Unchecked` when that cannot be told within bounds."""
    validator.format_checker.tick()
    try:
        return compiled_pattern(wanted).search(text, timeout=_PATTERN_SECONDS) is not None
    except TimeoutError:
        raise Unchecked("limit", f"the pattern {wanted[:80]} takes too long on a text of {len(text)} characters") from None


@lru_cache(maxsize=1000)
def compiled_pattern(wanted: str) -> regex.Pattern[str]:
    """The compiled pattern. Raises `Unchecked` when it is no regular expression or too large a one."""
    if len(wanted) > _PATTERN_LENGTH or _written_out(wanted) > _PATTERN_SIZE:
        raise Unchecked("schema", f"the pattern {wanted[:80]}... is too large")
    try:
        return regex.compile(wanted)
    except (regex.error, ValueError, OverflowError, RecursionError) as error:
        raise Unchecked("schema", f"the pattern {wanted[:80]} is not a regular expression: {error}") from None


_TOKENS = re.compile(r"\\.|[()]|\{(?P<low>\d+)(?:,(?P<high>\d*))?\}|.", re.DOTALL).finditer


def _written_out(pattern: str) -> int:
    """About how many characters the pattern has when each counted repetition is written out, rather too many than too few."""
    sizes, last = [0], 0
    for token in _TOKENS(pattern):
        text = token.group()
        if text == "(":
            sizes.append(0)
            last = 0
        elif text == ")":
            last = sizes.pop()
            if sizes:
                sizes[-1] += last
            else:
                sizes.append(last)
        elif token["low"] is not None:
            digits = max(token["low"], token["high"] or "", key=len)
            times = max(int(token["low"]), int(token["high"] or 0)) if len(digits) < 8 else _PATTERN_SIZE
            sizes[-1] += last * max(times - 1, 0)
            last *= max(times, 1)
        else:
            sizes[-1] += 1
            last = 1
    return sum(sizes)


def json_type(validator: Any, types: Any, instance: Any, schema: Any) -> Errors:
    """`type`, with OpenAPI's `nullable` beside it, by which raw text is typed too."""
    names = [types] if isinstance(types, str) else types
    allowed = any(validator.is_type(instance, name) for name in names)
    if not allowed and not (instance is None and schema.get("nullable") is True):
        yield ValidationError("is of another type")


def pattern(validator: Any, wanted: str, instance: Any, schema: Any) -> Errors:
    if isinstance(instance, str) and not matches(validator, wanted, instance):
        yield ValidationError("does not match")


def pattern_properties(validator: Any, patterns: dict[str, Any], instance: Any, schema: Any) -> Errors:
    if isinstance(instance, dict):
        for wanted, subschema in patterns.items():
            for name, value in instance.items():
                if matches(validator, wanted, name):
                    yield from validator.descend(value, subschema, path=name, schema_path=wanted)


def additional_properties(validator: Any, subschema: Any, instance: Any, schema: Any) -> Errors:
    if isinstance(instance, dict):
        yield from _rest(validator, subschema, instance, (name for name in instance if not _described(validator, name, schema)))


def unevaluated_properties(validator: Any, subschema: Any, instance: Any, schema: Any) -> Errors:
    if isinstance(instance, dict):
        evaluated = _evaluated(validator, instance, {**schema, "unevaluatedProperties": None})
        yield from _rest(validator, subschema, instance, (name for name in instance if name not in evaluated))


def unevaluated_items(validator: Any, subschema: Any, instance: Any, schema: Any) -> Errors:
    if isinstance(instance, list):
        evaluated = _evaluated(validator, instance, {**schema, "unevaluatedItems": None})
        yield from _rest(validator, subschema, instance, (index for index in range(len(instance)) if index not in evaluated))


def unique_items(validator: Any, wanted: Any, instance: Any, schema: Any) -> Errors:
    if wanted and isinstance(instance, list):
        first: dict[str, int] = {}
        for index, item in enumerate(instance):
            validator.format_checker.tick()
            before = first.setdefault(_canonical(item), index)
            if before != index:
                yield ValidationError("repeats", path=[index], instance=item)


def string_format(validator: Any, name: Any, instance: Any, schema: Any) -> Errors:
    fits = FORMATS.get(name) if isinstance(name, str) else None
    if fits is not None and isinstance(instance, str) and not fits(instance):
        yield ValidationError("does not fit the format")


def any_of(validator: Any, branches: list[Any], instance: Any, schema: Any) -> Errors:
    context: list[ValidationError] = []
    for index, branch in enumerate(branches):
        errors = _some_errors(validator, index, branch, instance)
        if not errors:
            return
        context += errors
    yield ValidationError("fits none", context=context)


def one_of(validator: Any, branches: list[Any], instance: Any, schema: Any) -> Errors:
    context: list[ValidationError] = []
    fitting = 0
    for index, branch in enumerate(branches):
        errors = _some_errors(validator, index, branch, instance)
        fitting += not errors
        context += errors
    if fitting != 1:
        yield ValidationError("fits several" if fitting else "fits none", context=[] if fitting else context)


def _some_errors(validator: Any, index: int, branch: Any, instance: Any) -> list[ValidationError]:
    return list(islice(validator.descend(instance, branch, schema_path=index), _BRANCH_ERRORS))


def multiple_of(validator: Any, divisor: Any, instance: Any, schema: Any) -> Errors:
    if validator.is_type(instance, "number"):
        if isinstance(instance, Decimal):
            raise Unchecked("limit", "a number in it has too many digits to be divided")
        if Fraction(str(instance)) % Fraction(str(divisor)):  # as written: in binary, 0.07 is no multiple of 0.01
            yield ValidationError("is no multiple")


def strict_properties(validator: Any, properties: dict[str, Any], instance: Any, schema: Any) -> Errors:
    """`properties` of a tool with `strict`: each is required, and there are no others."""
    if isinstance(instance, dict):
        for name, subschema in properties.items():
            if name in instance:
                yield from validator.descend(instance[name], subschema, path=name, schema_path=name)
            else:
                yield _missing(name)
        for name in instance:
            if not _described(validator, name, schema):
                yield ValidationError("is not known", path=[name], validator="additionalProperties", instance=instance[name])


def strict_required(validator: Any, names: list[str], instance: Any, schema: Any) -> Errors:
    declared = schema.get("properties", {})
    yield from required(validator, [name for name in names if name not in declared], instance, schema)


def strict_additional_properties(validator: Any, subschema: Any, instance: Any, schema: Any) -> Errors:
    if "properties" not in schema:
        yield from additional_properties(validator, subschema, instance, schema)


def required(validator: Any, names: list[str], instance: Any, schema: Any) -> Errors:
    if isinstance(instance, dict):
        yield from (_missing(name) for name in names if name not in instance)


def _missing(name: str) -> ValidationError:
    return ValidationError("is missing", path=[name], validator="required", instance=None)


def _rest(validator: Any, subschema: Any, instance: Any, keys: Iterable[Any]) -> Errors:
    """Errors of the members that no other keyword has spoken of."""
    for key in keys:
        if subschema is False:
            yield ValidationError("is not known", path=[key], instance=instance[key])
        else:
            yield from validator.descend(instance[key], subschema, path=key)


def _described(validator: Any, name: str, schema: Any) -> bool:
    patterns = schema.get("patternProperties", {})
    return name in schema.get("properties", {}) or any(matches(validator, wanted, name) for wanted in patterns)


def _evaluated(validator: Any, instance: Any, schema: Any) -> set[Any]:
    """The property names or item indexes that some keyword of `schema` has spoken of. A keyword that is None counts as absent."""
    if not isinstance(schema, dict):
        return set()
    given = {keyword for keyword, value in schema.items() if value is not None}
    found: set[Any] = set()
    if isinstance(instance, dict):
        if given & {"additionalProperties", "unevaluatedProperties"}:
            return set(instance)
        found.update(name for name in instance if _described(validator, name, schema))
    else:
        items = schema.get("items")
        leading = items if isinstance(items, list) else schema.get("prefixItems", [])
        if given & {"additionalItems", "unevaluatedItems"} or isinstance(items, (dict, bool)):
            return set(range(len(instance)))
        found.update(range(min(len(leading), len(instance))))
        if "contains" in given:
            contained = validator.evolve(schema=schema["contains"])
            found.update(index for index, item in enumerate(instance) if contained.is_valid(item))
    for subschema in _side_by_side(validator, instance, schema):
        if validator.evolve(schema=subschema).is_valid(instance):
            found |= _evaluated(validator, instance, subschema)
    for keyword in given & {"$ref", "$dynamicRef"}:
        resolved = validator._resolver.lookup(schema[keyword])  # the way of jsonschema's own keywords: there is no public one
        target = validator.evolve(schema=resolved.contents, _resolver=resolved.resolver)
        found |= _evaluated(target, instance, resolved.contents)
    return found


def _side_by_side(validator: Any, instance: Any, schema: Any) -> Iterator[Any]:
    """The subschemas that speak of the same value and count when they are met."""
    for keyword in ("allOf", "anyOf", "oneOf"):
        yield from schema.get(keyword, ())
    for name, subschema in schema.get("dependentSchemas", {}).items():
        if name in instance:
            yield subschema
    if "if" in schema:
        yield schema["if"]
        met = validator.evolve(schema=schema["if"]).is_valid(instance)
        yield schema.get("then" if met else "else", False)


def _canonical(value: Any) -> str:
    """A text that equal JSON values share: 1 and 1.0 are equal, 1 and true are not."""
    if isinstance(value, dict):
        return "{" + ",".join(sorted(f"{json.dumps(name)}:{_canonical(item)}" for name, item in value.items())) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_canonical, value)) + "]"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, Decimal) else json.dumps(value)


_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII).fullmatch
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)", re.ASCII).fullmatch
_LABEL = re.compile(r"[A-Za-z\d]([A-Za-z\d-]{0,61}[A-Za-z\d])?", re.ASCII).fullmatch
_UUID = re.compile(r"[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}", re.ASCII | re.IGNORECASE).fullmatch
_URI = re.compile(r"[a-z][a-z\d+.-]*:[^\s<>\"{}|\\^`]*", re.IGNORECASE).fullmatch
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+").fullmatch
_BAD_POINTER = re.compile(r"[^/]|.*~(?![01])", re.DOTALL).match
_DURATION = re.compile(r"P(?=.)(\d+W|(\d+Y)?(\d+M)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?)", re.ASCII | re.DOTALL).fullmatch


def _is_date(text: str) -> bool:
    try:
        return bool(_DATE(text) and date.fromisoformat(text))
    except ValueError:
        return False


def _is_datetime(text: str) -> bool:
    return text[10:11] in ("T", "t", " ") and _is_date(text[:10]) and bool(_TIME(text[11:]))


def _is_hostname(text: str) -> bool:
    return len(text) <= 253 and all(map(_LABEL, text.split(".")))


def _is_address(address: Callable[[str], object]) -> Callable[[str], bool]:
    def fits(text: str) -> bool:
        try:
            return "%" not in text and bool(address(text))
        except ValueError:
            return False

    return fits


def _is_regex(text: str) -> bool:
    try:
        compiled_pattern(text)
    except Unchecked:
        return False
    return True


FORMATS: dict[str, Callable[[str], object]] = {
    "date": _is_date,
    "date-time": _is_datetime,
    "duration": _DURATION,
    "email": _EMAIL,
    "hostname": _is_hostname,
    "idn-email": _EMAIL,
    "ipv4": _is_address(ipaddress.IPv4Address),
    "ipv6": _is_address(ipaddress.IPv6Address),
    "json-pointer": lambda text: not _BAD_POINTER(text),
    "regex": _is_regex,
    "time": _TIME,
    "uri": _URI,
    "uuid": _UUID,
}
"""The string formats that are checked. A format that is not here says nothing."""
