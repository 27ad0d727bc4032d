"""Casts: raw strings by the declared types in their order, and JSON text in which they are cast as it passes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from effort import examples
from hypothesis import given
from hypothesis import strategies as st

from toolparse.schemas.casts import Casts, cast, declared_types, may_be_cast
from toolparse.schemas.tools import Tool


def tool(**properties: Any) -> Tool:
    return Tool("f", parameters={"type": "object", "properties": properties})


@pytest.mark.parametrize(
    ("schema", "types"),
    [
        ({"type": "integer"}, ("integer",)),
        ({"type": ["string", "null"]}, ("string", "null")),
        ({"anyOf": [{"type": "number"}, {"oneOf": [{"type": "array"}, {"type": "string"}]}]}, ("number", "array", "string")),
        ({"type": "boolean", "nullable": True}, ("boolean", "null")),
        ({"type": "string"}, ()),
        ({"type": "date"}, ()),
        ({"enum": [1]}, ()),
        ({"$ref": "#/x"}, ()),
        ({"allOf": [{"type": "integer"}]}, ()),
        ({"type": 7, "anyOf": 8}, ()),
        (True, ()),
    ],
)
def test_what_a_schema_declares(schema: Any, types: tuple[str, ...]) -> None:
    assert declared_types(tool(a=schema), "a") == types


def test_what_declares_nothing() -> None:
    for bare in (None, tool(), Tool("f", parameters={"properties": []})):
        assert declared_types(bare, "a") == ()


@pytest.mark.parametrize(
    ("text", "types", "found"),
    [
        (" 7\n", "integer", "7"),
        ("4.0", "integer", "4"),
        ("+042", "integer", "42"),
        ("4.5", "integer", None),
        ("1e400", "integer", None),
        ("9" * 5000, "integer", "9" * 5000),
        ("+" + "9" * 5000, "integer", None),
        ("7", "number", "7"),
        ("2.50", "number", "2.50"),
        ("1e3", "number", "1000"),
        (".5", "number", "0.5"),
        ("nan", "number", None),
        ("inf", "number", None),
        ("1.0e999", "number", None),
        ("TRUE", "boolean", "true"),
        ("0", "boolean", "false"),
        ("yes", "boolean", None),
        ("None", "null", "null"),
        ("nil", "null", None),
        ('{"a":[1]}', "object", '{"a": [1]}'),
        ("[1]", "object", None),
        ("{'a': 1}", "object", None),
        ("[NaN]", "array", None),
        ("[" * 9999, "array", None),
        ("5", "string integer", "5"),
        ("1", "boolean integer", "true"),
        ("x", "integer null array", None),
    ],
)
def test_the_first_type_that_claims_a_text(text: str, types: str, found: str | None) -> None:
    assert cast(text, tuple(types.split())) == found


@given(
    text=st.text(alphabet="0123456789+-._eE naluNTrf\n{[x", max_size=12),
    types=st.permutations(("integer", "boolean", "null", "object", "string")),
)
def test_a_text_flows_only_when_no_type_can_claim_it(text: str, types: list[str]) -> None:
    if any(may_be_cast(text[:end], tuple(types)) is False for end in range(len(text) + 1)):
        assert cast(text, tuple(types)) is None


TYPES = {"n": "integer", "s": "string", "u": ["string", "boolean"], "o": ["object", "null"], "l": "array"}
TOOL = tool(**{key: {"type": kind} for key, kind in TYPES.items()})
values = st.recursive(
    st.sampled_from(("7", "x", "true", "null", '{"a": 1}', "[1]", 'q"\\\n', "", 7, 1.5, None, True)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(("n", "a}", '"')), inner, max_size=2),
    max_leaves=6,
)


def passed(fragments: list[str], max_held: int = 1000) -> str:
    casts = Casts(TOOL, max_held)
    for fragment in fragments:
        casts.append(fragment)
    assert not casts.held
    return "".join(casts)


@examples(100, 1000)
@given(arguments=st.dictionaries(st.sampled_from((*TYPES, "other", 'a"b')), values, max_size=4), size=st.integers(1, 9))
def test_arguments_are_cast_as_they_pass(arguments: dict[str, Any], size: int) -> None:
    text = json.dumps(arguments)
    whole = passed([text])
    parts, at = [], 0
    while at < len(text):  # no escape is parted
        end = min(at + size, len(text))
        while (end - at - len(text[at:end].rstrip("\\"))) % 2:
            end += 1
        parts.append(text[at:end])
        at = end
    assert json.loads(passed(parts)) == json.loads(whole)
    for key, value in json.loads(whole).items():
        assert value == expected(arguments[key], declared_types(TOOL, key))


def expected(value: Any, types: tuple[str, ...]) -> Any:
    if isinstance(value, str):
        found = cast(value, types)
        return value if found is None else json.loads(found)
    if isinstance(value, list) and types and "array" not in types:
        return [expected(item, types) if isinstance(item, str) else item for item in value]
    return value


def test_a_value_that_is_too_long_to_be_held_stays_a_string() -> None:
    assert passed(['{"n": "', "1" * 50, '", "n": "', "1", '"}'], max_held=20) == '{"n": "' + "1" * 50 + '", "n": 1}'


def test_arguments_that_are_no_object_pass() -> None:
    assert passed(["[", '{"n": "1"}', "]"]) == '[{"n": "1"}]'
    assert passed(['"n"']) == '"n"'
