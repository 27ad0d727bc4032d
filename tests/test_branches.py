"""Schemas are taken apart into branches: unions, intersections, references; hostile ones end in the unknown type, soon."""

from __future__ import annotations

from typing import Any

import pytest
from cost import calls, growth

from toolparse.schemas.branches import ANY, branches_of, property_parts


def kinds(schema: object) -> list[str]:
    return [branch.kind for branch in branches_of(schema, schema)]


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string"}, ["string"]),
        ({"type": ["null", "integer"]}, ["null", "integer"]),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, ["integer", "null"]),
        ({"oneOf": [{"type": "array"}, {"enum": ["a", "b"]}]}, ["array", "string"]),
        ({"enum": [1, 2.5, 3.0, "a", None, True, [], {}]}, ["integer", "number", "string", "null", "boolean", "array", "object"]),
        ({"const": None}, ["null"]),
        ({"const": False}, ["boolean"]),
        ({"type": "number", "enum": [1, 2]}, ["integer"]),
        ({"type": ["string", "null"], "enum": ["a", "b"]}, ["string"]),
        ({"type": "string", "nullable": True}, ["string", "null"]),
        ({"type": "string", "enum": ["a"], "nullable": True}, ["string", "null"]),
        ({"type": "string", "nullable": False}, ["string"]),
        ({"allOf": [{"type": ["string", "integer"]}, {"type": ["integer", "null"]}]}, ["integer"]),
        ({"allOf": [{"type": "number"}, {"type": "integer"}]}, ["integer"]),
        ({"type": ["integer", "string"], "anyOf": [{"type": "string"}, {"type": "object"}]}, ["string"]),
        ({"anyOf": [{"type": "string"}, {"type": "integer"}], "oneOf": [{"type": "integer"}, {"type": "null"}]}, ["integer"]),
        ({"allOf": [{"type": "string"}, {"type": "integer"}]}, []),
        (False, []),
        ({"anyOf": [False, {"type": "integer"}]}, ["integer"]),
        ({"anyOf": [True, {"type": "integer"}]}, [ANY, "integer"]),
        (True, [ANY]),
        ({}, [ANY]),
        ({"description": "?", "minimum": 3}, [ANY]),
    ],
)
def test_unions_and_intersections(schema: object, expected: list[str]) -> None:
    assert kinds(schema) == expected


REFERENCES: dict[str, Any] = {
    "$defs": {
        "Id": {"type": "integer"},
        "Chain": {"$ref": "#/$defs/Link"},
        "Link": {"$ref": "#/definitions/Old"},
        "a/b": {"type": "boolean"},
        "m~n": {"type": "null"},
        "~1": {"type": "number"},
        "with space": {"type": "array"},
        "Größe": {"type": "string"},
        "": {"type": "object"},
        "Loop": {"$ref": "#/$defs/Pool"},
        "Pool": {"$ref": "#/$defs/Loop"},
        "Sided": {"$ref": "#/$defs/Sided", "type": "integer"},
    },
    "definitions": {"Old": {"type": "string"}},
    "anyOf": [{"type": "integer"}],
}


@pytest.mark.parametrize(
    ("ref", "expected"),
    [
        ("#/$defs/Id", ["integer"]),
        ("#/definitions/Old", ["string"]),
        ("#/$defs/Chain", ["string"]),
        ("#/$defs/a~1b", ["boolean"]),
        ("#/$defs/m~0n", ["null"]),
        ("#/$defs/~01", ["number"]),
        ("#/%24defs/with%20space", ["array"]),
        ("#/$defs/Gr%C3%B6%C3%9Fe", ["string"]),
        ("#/$defs/Größe", ["string"]),
        ("#/$defs/a%7E1b", ["boolean"]),
        ("#/$defs/", ["object"]),
        ("#/anyOf/0", ["integer"]),
        ("#", ["integer"]),
        ("#/$defs/Loop", [ANY]),
        ("#/$defs/Sided", ["integer"]),
        ("#/$defs/Nowhere", [ANY]),
        ("#/anyOf/1", [ANY]),
        ("#/anyOf/" + "9" * 5000, [ANY]),
        ("#/anyOf/²", [ANY]),
        ("#/$defs/Id/type/0", [ANY]),
        ("#anchor", [ANY]),
        ("", [ANY]),
        ("%", [ANY]),
        ("#/%ff%", [ANY]),
        ("other.json#/$defs/Id", [ANY]),
        ("https://example.com/schema.json", [ANY]),
        ("file:///etc/passwd", [ANY]),
        (7, [ANY]),
    ],
)
def test_references(ref: object, expected: list[str]) -> None:
    assert [branch.kind for branch in branches_of({"$ref": ref}, REFERENCES)] == expected


def test_what_stands_beside_a_reference_intersects() -> None:
    root = {"$defs": {"A": {"type": ["integer", "string"]}}}
    assert [branch.kind for branch in branches_of({"$ref": "#/$defs/A", "type": "string"}, root)] == ["string"]
    assert [branch.kind for branch in branches_of({"$ref": "#/$defs/A", "nullable": True}, root)] == ["integer", "string", "null"]


@pytest.mark.parametrize("value", [None, 3, "x", [], {}, [None], [{}], [[]], True, ["string", "sting"], ["string", {}], float("nan")])
@pytest.mark.parametrize("word", ["type", "enum", "anyOf", "oneOf", "allOf", "$ref", "nullable"])
def test_broken_keywords_say_nothing(word: str, value: object) -> None:
    found = kinds({word: value})
    assert found
    assert set(found) <= {ANY, "null", "array", "object", "boolean", "string"}
    assert word in ("enum", "nullable") or set(found) == {ANY}


def nested(word: str, depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "integer"}
    for _ in range(depth):
        schema = {word: [schema]}
    return schema


HOSTILE = {
    "a union of itself": {"anyOf": [{"$ref": "#"}, {"$ref": "#"}]},
    "an intersection of itself": {"allOf": [{"$ref": "#"}, {"$ref": "#"}]},
    "two that hold each other": {
        "$ref": "#/$defs/A",
        "$defs": {"A": {"anyOf": [{"$ref": "#/$defs/B"}] * 50}, "B": {"anyOf": [{"$ref": "#/$defs/A"}] * 50}},
    },
    "10,000 deep": nested("allOf", 10_000),
    "a chain of 100,000": {"$ref": "#/d/0", "d": {str(i): {"$ref": f"#/d/{i + 1}"} for i in range(100_000)}},
    "a product": {"allOf": [{"anyOf": [{"type": "integer"}] * 90}] * 10},
    "a million values": {"enum": list(range(1_000_000))},
    "a million members": {"anyOf": [{"type": "integer"}] * 1_000_000},
    "a reference of 10 MB": {"$ref": "#" + "/a" * 5_000_000},
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_schemas_are_unknown_within_a_bound(name: str) -> None:
    assert kinds(HOSTILE[name]) == [ANY]
    assert calls(lambda: kinds(HOSTILE[name])) < 500_000


def test_real_schemas_are_within_the_bound() -> None:
    assert kinds({"enum": [f"zone{number}" for number in range(4000)]}) == ["string"]
    assert set(kinds({"anyOf": [{"type": "object", "properties": {"kind": {"const": n}}} for n in range(500)]})) == {"object"}
    assert kinds(nested("anyOf", 20)) == ["integer"]


@pytest.mark.parametrize(
    ("pattern", "key", "expected"),
    [
        ("^x-", "x-ray", True),
        ("^x-", "ex-ray", False),
        ("", "anything", True),
        (".*", "anything", True),
        ("^[a-z]+_[0-9]+$", "room_12", True),
        (r"^\d{4}-\d{2}-\d{2}$", "2026-03-09", True),
        ("^(north|south|east|west)$", "east", True),
        ("^(?:a|b)?c$", "c", True),
        ("ray", "x-ray", True),
        # not tried: they may run long, or are none
        ("^(a+)+$", "a", False),
        ("^(a|a)*$", "a", False),
        ("^" + "(a|a)" * 30 + "$", "a" * 30, False),
        ("a?" * 30 + "a" * 30, "a" * 30, False),
        ("a*b*c*d*", "abcd", False),
        ("(", "(", False),
        (r"\p{L}", "p{L}", False),
        ("(" * 300, "", False),
        ("(" * 256, "", False),
        ("a{99999999999}", "a", False),
        (".", "k" * 1000, False),
        ("a" * 257, "a" * 257, False),
        ("|".join("a" * 10), "a" * 10, True),
        ("a" + "b" * 300 + "|a", "a", False),
    ],
)
def test_patterns_for_keys(pattern: str, key: str, expected: bool) -> None:
    part = {"type": "integer"}
    assert property_parts({"patternProperties": {pattern: part}}, key) == [part] * expected


def test_the_costliest_patterns_that_are_tried_are_soon_done() -> None:
    for pattern in ("a*a*$b", "a+a{1,99}$b", "a*" + "a?" * 7 + "$b", "(a|a)" * 14 + "$b", "[a-z]+" + "(a|a)" * 7 + "$b"):

        def work(length: int, pattern: str = pattern) -> None:
            for key in ("a" * (length - 1) + "!", "a" * length):
                assert property_parts({"patternProperties": {pattern: {}}}, key) == []

        assert growth(work, 31, 4) < 64, pattern  # at most the square of the length, not a power of two to it


def test_too_many_patterns_are_not_tried() -> None:
    assert property_parts({"patternProperties": {f"^{number}": {} for number in range(100)}}, "5") == []
