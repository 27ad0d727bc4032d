"""Raw text read by the one table: by kind, by union, by nesting, and back again for random schemas and values."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cost import growth
from hypothesis import given
from hypothesis import strategies as st
from schemas import JSON, TEXT, VALUES, typed

from toolparse.schemas.types import UNKNOWN, Type

STRING = {"type": "string"}
INTEGER = {"type": "integer"}
NUMBER = {"type": "number"}
BOOLEAN = {"type": "boolean"}
OBJECT = {"type": "object"}
ARRAY = {"type": "array"}
NULL = {"type": "null"}


def either(*schemas: object) -> dict[str, Any]:
    return {"anyOf": list(schemas)}


def read(schema: object, text: str, python_scalars: bool = False) -> str:
    """The JSON text, where nothing is wrong."""
    found, problem = Type(schema).read(text, python_scalars)
    assert problem is None
    return found


def refused(schema: object, text: str) -> str:
    """The problem, where the text stays a string."""
    found, problem = Type(schema).read(text)
    assert found == json.dumps(text, ensure_ascii=False)
    assert problem is not None
    return problem


# What public reports show parsers get wrong, line by line.


@pytest.mark.parametrize(
    ("name", "text", "json_text"),
    [
        ("str", "7", '"7"'),
        ("int", "7", "7"),
        ("float", "7.5", "7.5"),
        ("bool", "True", "true"),
        ("dict", "{'a': 1}", '{"a": 1}'),
        ("list", "[1, 2]", "[1, 2]"),
        ("tuple", "[1, 2]", "[1, 2]"),
        ("any", "7", "7"),
        ("any", "x", '"x"'),
    ],
)
def test_python_names_of_types_mean_those_of_json_schema(name: str, text: str, json_text: str) -> None:
    assert read({"type": name}, text) == json_text
    assert Type({"type": "dict", "properties": {"type": {"type": name}}}).property("type").read(text) == (json_text, None)


def test_python_names_in_unions() -> None:
    assert read({"type": ["int", "null"]}, "null") == "null"
    assert read({"anyOf": [{"type": "int"}, {"type": "str"}]}, "x") == '"x"'
    assert refused({"type": "int"}, "x") == "'x' is not an integer; kept as a string"


@pytest.mark.parametrize(
    "text", ["007", "1e5", "true", "null", "None", "42", "", " x \n", '"quoted"', '{"a": 1}', "[1]", "'a'", "\u00a0x", "\\n"]
)
def test_declared_string_is_the_exact_text(text: str) -> None:
    for schema in (STRING, {"type": ["string"]}, {"enum": ["a", "b"]}, {"const": "a"}, either(STRING, {"enum": ["x"]})):
        assert Type(schema).exactly_string
        assert json.loads(read(schema, text)) == text
        assert json.loads(read(schema, text, python_scalars=True)) == text


@pytest.mark.parametrize(
    "schema",
    [
        {"type": ["string", "null"]},
        either(STRING, NULL),
        {"oneOf": [NULL, STRING]},
        {"type": "string", "nullable": True},
        {"enum": ["a", None]},
        {"allOf": [{"type": ["string", "null", "integer"]}, {"type": ["null", "string"]}]},
    ],
)
def test_string_or_null(schema: dict[str, Any]) -> None:
    kind = Type(schema)
    assert kind.string_or_null
    assert not kind.exactly_string
    assert kind.read("null") == ("null", None)
    assert kind.read("None") == ('"None"', None)
    assert kind.read("None", python_scalars=True) == ("null", None)
    for text in ("", "nul", "nulls", "Null", "null\n", " null", "7", "true", "[]"):
        assert kind.read(text) == (json.dumps(text), None)


def test_null_only_where_it_is_allowed() -> None:
    assert read(either(INTEGER, NULL), "null") == "null"
    assert read(NULL, " null\n") == "null"
    for schema in (INTEGER, NUMBER, BOOLEAN, OBJECT, ARRAY, either(INTEGER, ARRAY)):
        assert "null" in refused(schema, "null")
        assert "None" in refused(schema, "None")


def test_none_is_null_only_where_the_template_prints_python_values() -> None:
    schema = either(INTEGER, NULL)
    assert read(schema, "None", python_scalars=True) == "null"
    assert refused(schema, "None") == "'None' is not null or an integer; kept as a string"


@pytest.mark.parametrize("ref", ["#/$defs/Count", "#/$defs/Chained", "#/definitions/per%20cent", "#/$defs/a~1b", "#/%24defs/til~0de"])
def test_references_are_followed(ref: str) -> None:
    root = {
        "properties": {"n": {"$ref": ref}},
        "$defs": {
            "Count": INTEGER,
            "Chained": {"$ref": "#/$defs/Link"},
            "Link": {"$ref": "#/$defs/Count"},
            "a/b": INTEGER,
            "til~de": INTEGER,
        },
        "definitions": {"per cent": INTEGER},
    }
    assert Type(root).property("n").read("5") == ("5", None)
    assert Type(root).property("n").read("x")[1] is not None


@pytest.mark.parametrize(
    ("schema", "text", "expected"),
    [
        ({"enum": [1, 2, 3]}, "2", "2"),
        ({"enum": [1.5, 2.5]}, "1.50", "1.50"),
        ({"enum": [True, False]}, "True", "true"),
        ({"enum": [None, 3]}, "null", "null"),
        ({"const": 5}, "5", "5"),
        ({"const": "5"}, "5", '"5"'),
        ({"enum": ["1", "2"]}, "1", '"1"'),
        ({"enum": ["auto", 1, 2]}, "1", "1"),
        ({"enum": ["auto", 1, 2]}, "auto", '"auto"'),
        ({"enum": ["1", 2]}, "1", '"1"'),
        ({"enum": [[1, 2], {"a": 1}]}, "[1,2]", "[1, 2]"),
        ({"enum": [[1, 2], {"a": 1}]}, "{'a': 1}", '{"a": 1}'),
        ({"enum": [0, True]}, "true", "true"),
    ],
)
def test_enum_and_const_give_the_type(schema: dict[str, Any], text: str, expected: str) -> None:
    assert read(schema, text) == expected


def test_declared_integer() -> None:
    assert read(INTEGER, "42.0") == "42"
    assert read(INTEGER, "1e3") == "1000"
    assert read(INTEGER, "\n 42 \t") == "42"
    assert read(INTEGER, "-" + "9" * 6000) == "-" + "9" * 6000
    assert refused(INTEGER, "abc") == "'abc' is not an integer; kept as a string"
    assert refused(INTEGER, "") == "'' is not an integer; kept as a string"
    for text in ("4.5", "nan", "inf", "true", "[1]", "1,000", "42 apples"):
        refused(INTEGER, text)


def test_declared_number_keeps_digits_and_exponent() -> None:
    for text in ("3.14159265358979323846264338327950288", "1e5", "6.02E+23", "42.0", "-0.10", "1" * 5000, "1e999"):
        assert read(NUMBER, text) == text
    for text in ("NaN", "nan", "Infinity", "-inf", "1e", "x", ""):
        refused(NUMBER, text)


def test_declared_boolean_in_any_case() -> None:
    assert [read(BOOLEAN, text) for text in ("true", "True", "FALSE", " false\n")] == ["true", "true", "false", "false"]
    for text in ("1", "0", "yes", "on", "null", ""):
        refused(BOOLEAN, text)


def test_declared_containers_are_parsed_once() -> None:
    assert read(OBJECT, '{"a":"{\\"b\\":1}"}') == '{"a": "{\\"b\\":1}"}'
    assert read(ARRAY, '["1",1,true,null,"null"]') == '["1", 1, true, null, "null"]'
    assert read({"type": "array", "items": STRING}, "[1, 2]") == "[1, 2]"
    assert read(ARRAY, "\n[1]\n") == "[1]"
    assert read(OBJECT, "{'a': [True, None, 'x',], \"b\": 1.50}") == '{"a": [true, null, "x"], "b": 1.50}'
    assert read(ARRAY, "('p', 'q')") == '["p", "q"]'
    assert read(OBJECT, f'{{"n":{"9" * 5000},"x":1E400}}') == f'{{"n": {"9" * 5000}, "x": 1E400}}'
    refused(OBJECT, "[1]")
    refused(ARRAY, "{}")
    refused(ARRAY, "see [1] and [2]")


def test_containers_are_repaired_only_where_no_string_is_allowed() -> None:
    found, problem = Type(ARRAY).read('["a", "b"')
    assert found == '["a", "b"]'
    assert problem is not None
    assert "repaired" in problem
    assert read(either(ARRAY, STRING), '["a", "b"') == '"[\\"a\\", \\"b\\""'
    assert read(either(ARRAY, STRING), "['a']") == '["a"]'
    assert Type(OBJECT).read('{"a": NaN}')[0] == '{"a": "NaN"}'
    assert Type(either(ARRAY, NULL)).read("[1, 2")[0] == "[1, 2]"
    assert Type(either(ARRAY, {"enum": ["all"]})).read("[1, 2")[0] == "[1, 2]"


def test_a_value_of_unknown_type_is_never_evaluated() -> None:
    for text in ("__import__('os').getcwd()", "[x for x in (1,)]", "1+1", "open", "{**{}}", "f'{1}'"):
        for schema in ({}, STRING, either(STRING, OBJECT, ARRAY)):
            assert read(schema, text) == json.dumps(text)
        refused(INTEGER, text)


UNTYPED = [
    {},
    True,
    {"description": "x"},
    {"type": "any"},
    {"$ref": "https://example.com/x"},
    {"$ref": "#"},
    None,
    7,
    either({}, STRING),
]


@pytest.mark.parametrize("schema", UNTYPED)
def test_untyped_is_json_when_the_whole_text_is_and_no_string(schema: object) -> None:
    kind = Type(schema)
    assert (kind.declared, kind.exactly_string, kind.string_or_null, kind.kinds) == (False, False, False, ())
    assert (kind.allows_string, kind.is_array, kind.is_object) == (True, False, False)
    for text, expected in (
        ("7", "7"),
        (" 1e5\n", "1e5"),
        ("null", "null"),
        ("true", "true"),
        ('{"a":[1,2]}', '{"a": [1, 2]}'),
        ("9" * 5000, "9" * 5000),
    ):
        assert kind.read(text) == (expected, None)
    for text in ('"x"', "007", "True", "None", "NaN", "[NaN]", "{'a': 1}", "[1,]", "hello", " x ", "", "[1", "7 8"):
        assert kind.read(text) == (json.dumps(text), None)
        assert kind.read(text, python_scalars=True) == (json.dumps(text), None)


# The table.


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("null", "null"),
        ("5", "5"),
        ("5.0", "5"),
        ("5.5", "5.5"),
        ("5e0", "5e0"),
        ("1e+23", "1e+23"),
        ("True", "true"),
        ("{'a': 1}", '{"a": 1}'),
        ("[1]", "[1]"),
        ('"5"', '"\\"5\\""'),
        ("x", '"x"'),
        ("", '""'),
        (" 5 ", "5"),
        (" x ", '" x "'),
    ],
)
def test_the_order_of_the_table(text: str, expected: str) -> None:
    kinds = ["string", "array", "object", "boolean", "number", "integer", "null"]
    assert read({"type": kinds}, text) == expected
    assert read(either(*({"type": kind} for kind in kinds)), text) == expected


@pytest.mark.parametrize(
    ("schema", "text", "expected"),
    [
        (either({"type": "integer", "minimum": 10}, STRING), "5", '"5"'),
        (either({"type": "integer", "minimum": 10}, STRING), "10", "10"),
        (either({"type": "integer", "exclusiveMinimum": 10}, STRING), "10", '"10"'),
        (either({"type": "number", "maximum": 1}, STRING), "1.5", '"1.5"'),
        (either({"type": "number", "exclusiveMaximum": 1}, STRING), "1.0", '"1.0"'),
        (either({"type": "integer", "multipleOf": 5}, STRING), "7", '"7"'),
        (either({"type": "integer", "multipleOf": 5}, STRING), "15", "15"),
        (either({"type": "integer", "maximum": 10}, NUMBER), "11.0", "11.0"),
        (either({"type": "integer", "maximum": 10}, {"type": "integer", "minimum": 20}, STRING), "25", "25"),
        (either({"type": "integer", "maximum": 10}, {"type": "integer", "minimum": 20}, STRING), "15", '"15"'),
        (either({"const": 1}, STRING), "2", '"2"'),
        (either({"const": {"a": 1}}, STRING), '{"a": 2}', '"{\\"a\\": 2}"'),
        (either({"const": True}, STRING), "false", '"false"'),
        (either({"type": "integer", "maximum": 5}, STRING), "9" * 5000, f'"{"9" * 5000}"'),
        (either({"enum": [0, True]}, STRING), "false", '"false"'),
        ({"allOf": [either(INTEGER, STRING), {"maximum": 5}]}, "6", '"6"'),
        # bounds that are none
        (either({"type": "integer", "minimum": True}, STRING), "0", "0"),
        (either({"type": "integer", "minimum": "10"}, STRING), "5", "5"),
        (either({"type": "integer", "multipleOf": 0}, STRING), "5", "5"),
    ],
)
def test_branches_that_reject_the_value_are_passed_over(schema: dict[str, Any], text: str, expected: str) -> None:
    assert read(schema, text) == expected


def test_what_no_branch_takes() -> None:
    problem = refused(either({"type": "integer", "minimum": 10}, {"enum": ["auto"]}), "5")
    assert problem == "'5' is not an integer or a string that the schema allows; kept as a string"
    refused({"allOf": [STRING, INTEGER]}, "5")
    refused(False, "5")
    assert len(refused(INTEGER, "x" * 1_000_000)) < 100


def test_a_number_out_of_its_bounds_is_still_of_its_type() -> None:
    assert read({"type": "integer", "minimum": 0}, "-5") == "-5"
    assert read({"enum": [1, 2]}, "3") == "3"
    assert read(either({"type": "number", "maximum": 1}, NULL), "1.50") == "1.50"


def test_siblings_intersect() -> None:
    schema = {"type": ["integer", "string"], "anyOf": [{"type": "string", "maxLength": 3}, {"type": "object"}]}
    assert Type(schema).exactly_string
    assert read({"type": "number", "allOf": [INTEGER]}, "3.0") == "3"
    refused({"type": "number", "allOf": [INTEGER]}, "3.5")


# Nested types.


def test_items_and_properties() -> None:
    kind = Type(
        {
            "type": "object",
            "properties": {
                "rows": {"type": "array", "items": {"$ref": "#/$defs/Row"}},
                "pair": {"type": "array", "prefixItems": [STRING, INTEGER], "items": BOOLEAN},
                "old": {"type": "array", "items": [STRING, INTEGER], "additionalItems": BOOLEAN},
                "fixed": {"type": "array", "prefixItems": [STRING], "items": False},
            },
            "patternProperties": {"^n_": INTEGER, "_text$": STRING},
            "additionalProperties": NUMBER,
            "$defs": {"Row": {"type": ["object", "null"], "properties": {"zip": STRING}, "additionalProperties": False}},
        }
    )
    row = kind.property("rows").item(3)
    assert row.is_object
    assert "null" in row.kinds
    assert row.property("zip").exactly_string
    assert not row.property("other").declared
    for key in ("pair", "old"):
        assert [kind.property(key).item(index).kinds for index in (0, 1, 2, 9)] == [
            ("string",),
            ("integer",),
            ("boolean",),
            ("boolean",),
        ]
    assert kind.property("fixed").item(0).exactly_string
    assert not kind.property("fixed").item(1).declared
    assert not kind.property("rows").item(-1).exactly_string
    assert kind.property("n_rooms").kinds == ("integer",)
    assert kind.property("a_text").exactly_string
    assert kind.property("n_text").kinds == ()
    assert kind.property("n_text").declared
    assert kind.property("anything").kinds == ("number",)
    assert UNKNOWN.property("x") is UNKNOWN
    assert UNKNOWN.item(0) is UNKNOWN


def test_parts_of_unions_and_intersections() -> None:
    cat = {"type": "object", "properties": {"kind": {"const": "cat"}, "lives": INTEGER, "id": STRING}}
    dog = {"type": "object", "properties": {"kind": {"const": "dog"}, "barks": BOOLEAN, "id": INTEGER}}
    kind = Type(either(cat, dog, NULL))
    assert kind.is_object
    assert kind.keys == ("kind", "lives", "id", "barks")
    assert kind.property("lives").kinds == ("integer",)
    assert kind.property("barks").kinds == ("boolean",)
    assert kind.property("id").kinds == ("integer", "string")
    assert kind.property("kind").exactly_string
    both = Type({"allOf": [{"properties": {"a": {"type": ["string", "null"]}}}, {"properties": {"a": {"type": ["integer", "null"]}}}]})
    assert both.property("a").kinds == ("null",)
    assert Type(either(STRING, {"type": "array", "items": INTEGER})).item(0).kinds == ("integer",)


def test_is_array_and_is_object() -> None:
    cases = [
        (ARRAY, True, False),
        (OBJECT, False, True),
        (either(ARRAY, NULL), True, False),
        (either(ARRAY, STRING), True, False),
    ]
    for schema, is_array, is_object in [
        *cases,
        (either(ARRAY, OBJECT), False, False),
        (STRING, False, False),
        ({}, False, False),
    ]:
        assert (Type(schema).is_array, Type(schema).is_object) == (is_array, is_object)


def test_a_recursive_schema_has_finitely_many_types() -> None:
    root = Type({"properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}, "value": INTEGER}})
    kind, seen = root, set()
    for step in range(2000):
        kind = kind.property("left" if step % 3 else "right")
        seen.add(id(kind))
        assert kind.property("value").read("5") == ("5", None)
    assert len(seen) <= 2


# Nothing raises and nothing stalls.


@pytest.mark.parametrize("schema", [{}, ARRAY, OBJECT, either(ARRAY, STRING), either(OBJECT, ARRAY, NULL), INTEGER, NUMBER, BOOLEAN, NULL])
@pytest.mark.parametrize(("opener", "closer"), [("[", "]"), ('{"a":', ""), ("{'a':", ""), ("(", ""), ("[{", "")])
def test_deep_text_is_a_string(schema: dict[str, Any], opener: str, closer: str) -> None:
    def read(depth: int) -> None:
        text = opener * depth + closer * depth
        assert json.loads(Type(schema).read(text)[0]) == text

    assert growth(read, 1250) < 24


def test_long_text_is_read() -> None:
    def long(length: int) -> None:
        text = "[" + ", ".join(["1.50", '"x"', "true", '{"a": null}'] * length) + "]"
        assert read(ARRAY, text) == text
        assert read({}, text) == text
        assert json.loads(read({}, "x" * 100 * length)) == "x" * 100 * length

    assert growth(long, 500) < 20


SCHEMA_WORDS = [
    "type",
    "enum",
    "const",
    "anyOf",
    "oneOf",
    "allOf",
    "$ref",
    "nullable",
    "properties",
    "items",
    "prefixItems",
    "minimum",
]
SCHEMA_WORDS += ["multipleOf", "maxLength", "additionalProperties", "patternProperties", "additionalItems", "$defs"]
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.floats()
    | st.sampled_from(["string", "integer", "object", "#", "#/$defs/a", "a", "(", ""])
)
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*SCHEMA_WORDS, "a"]), inner, max_size=4),
    max_leaves=25,
)
TEXTS = st.text() | st.sampled_from(
    ["", "5", "-5.0", "1.5", "true", "null", "None", "[1]", "{'a': 1}", '{"a":', "[1 2", "a", "nan", '"{}"', "`"]
)


@given(ANYTHING, TEXTS, st.booleans())
def test_any_schema_and_any_text_give_json_text(schema: Any, text: str, python_scalars: bool) -> None:
    root = Type(schema)
    for kind in (root, root.property("a"), root.property("a").item(1), root.item(0)):
        found, problem = kind.read(text, python_scalars)
        value = json.loads(found)
        assert (isinstance(value, str) and value == text) or not isinstance(value, str)
        assert problem is None or kind.declared
    assert isinstance(root.keys, tuple)
    assert root.declares("a") in (True, False)


# There and back: random schemas with random values that they allow.


def same(found: Any, value: Any) -> bool:
    return bool(found == value) and isinstance(found, bool) == isinstance(value, bool)


@given(typed(list(VALUES)), st.sampled_from([None, (",", ":"), (" , ", " : ")]), st.booleans())
def test_json_values_come_back(case: tuple[dict[str, Any], Any], separators: tuple[str, str] | None, escaped: bool) -> None:
    schema, value = case
    text = value if isinstance(value, str) else json.dumps(value, separators=separators, ensure_ascii=escaped)
    found, problem = Type(schema).property("v").read(text)
    assert problem is None
    assert same(json.loads(found), value)
    if not isinstance(value, float):
        assert found == json.dumps(value, ensure_ascii=False)


@given(typed([kind for kind in VALUES if kind != "string"]))
def test_python_values_come_back(case: tuple[dict[str, Any], Any]) -> None:
    schema, value = case
    found, problem = Type(schema).property("v").read(repr(value), python_scalars=True)
    assert problem is None
    assert same(json.loads(found), value)


@given(TEXT, st.lists(st.sampled_from([kind for kind in VALUES if kind != "string"]), unique=True))
def test_strings_beside_other_types_come_back(text: str, others: list[str]) -> None:
    # No other kind begins with this character.
    assert json.loads(read({"type": [*others, "string"]}, f"§{text}")) == f"§{text}"


@given(JSON.filter(lambda value: not isinstance(value, str)))
def test_untyped_values_come_back(value: Any) -> None:
    found = read({}, json.dumps(value))
    assert found == json.dumps(value, ensure_ascii=False)
