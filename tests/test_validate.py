"""Whether calls fit their tools, by ordinary schemas and by hostile ones; and arguments as a tool's own types."""

from __future__ import annotations

import datetime
import inspect
import itertools
import json
import socket
from types import SimpleNamespace
from typing import Any, Literal

import pytest
from cost import calls
from effort import examples
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from toolparse.message import Message, ToolCall
from toolparse.schemas import check as schema_check
from toolparse.schemas.tools import Tool, Tools
from toolparse.schemas.validate import Violation

WEATHER = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "minLength": 1},
        "days": {"type": "integer", "minimum": 1, "maximum": 14},
        "unit": {"enum": ["C", "F"]},
    },
    "required": ["city"],
    "additionalProperties": False,
}


def definition(parameters: Any, name: str = "f", strict: bool = False) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "parameters": parameters, "strict": strict}}


def check(parameters: Any, arguments: Any, strict: bool = False) -> list[Violation]:
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return ToolCall(name="f", arguments=text).validate(definition(parameters, strict=strict))


def briefly(violations: list[Violation]) -> list[tuple[str, str]]:
    return [(violation.path, violation.rule) for violation in violations]


def test_a_fitting_call_has_no_violations() -> None:
    assert check(WEATHER, {"city": "Oslo", "days": 3, "unit": "C"}) == []


def test_each_violation_names_path_rule_and_what_was_found() -> None:
    assert check(WEATHER, {"city": 5, "days": 0, "unit": "K", "when": "now"}) == [
        Violation(0, "/city", "type", 5, "expected a string, found 5"),
        Violation(0, "/days", "minimum", 0, "expected at least 1, found 0"),
        Violation(0, "/unit", "enum", "K", 'expected one of "C", "F", found "K"'),
        Violation(0, "/when", "additionalProperties", "now", "not expected; known are city, days, unit"),
    ]
    assert check(WEATHER, {}) == [Violation(0, "/city", "required", None, "expected, but missing")]


@pytest.mark.parametrize(
    ("schema", "value", "message"),
    [
        ({"type": ["integer", "null"]}, "x", 'expected an integer or null, found "x"'),
        ({"anyOf": [{"type": "array"}, {"type": "null"}]}, 1.5, "expected an array or null, found 1.5"),
        ({"const": True}, False, "expected true, found false"),
        ({"exclusiveMinimum": 0}, 0, "expected more than 0, found 0"),
        ({"exclusiveMaximum": 1}, 1, "expected less than 1, found 1"),
        ({"maximum": 1}, 2, "expected at most 1, found 2"),
        ({"multipleOf": 0.01}, 0.075, "expected a multiple of 0.01, found 0.075"),
        ({"minLength": 2}, "a", 'expected at least 2 characters, found "a"'),
        ({"maxLength": 2}, "abc", 'expected at most 2 characters, found "abc"'),
        ({"pattern": r"^\d+$"}, "a1", r'expected a string that matches ^\d+$, found "a1"'),
        ({"format": "date"}, "soon", 'expected a string of the format date, found "soon"'),
        ({"minItems": 1}, [], "expected at least 1 items, found an empty array"),
        ({"maxItems": 1}, [1, 2], "expected at most 1 items, found an array of 2"),
        ({"oneOf": [{"minimum": 1}, {"minimum": 2}]}, 3, "expected to fit exactly one of 2 forms, but 3 fits several"),
        ({"oneOf": [{"minimum": 1}, {"multipleOf": 2}]}, -1, "expected one of 2 forms, and -1 fits none"),
        ({"not": {"type": "string"}}, "x", 'expected to meet not, found "x"'),
        (False, {"a": 1}, "expected to meet a schema that allows nothing, found an object with a"),
        ({"type": "string"}, {}, "expected a string, found an empty object"),
        ({"type": "number"}, "x" * 1000, f'expected a number, found "{"x" * 60}…"'),
    ],
)  # fmt: skip
def test_sentences(schema: Any, value: Any, message: str) -> None:
    assert [violation.message for violation in check({"properties": {"v": schema}}, {"v": value})] == [message]


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [("str", "x", 1), ("int", 1, 1.5), ("float", 1.5, "x"), ("bool", True, 1), ("dict", {}, []), ("list", [], {}), ("tuple", [1], 1)],
)
def test_python_names_of_types(name: str, good: Any, bad: Any) -> None:
    schema = {
        "type": "dict",
        "properties": {"type": {"type": name}, "default": {"anyOf": [{"type": name}], "enum": [{"type": name}, good]}},
    }
    assert check(schema, {"type": good, "default": good}) == []
    assert briefly(check(schema, {"type": bad})) == [("/type", "type")]
    assert schema["type"] == "dict"


def test_any_type_takes_all() -> None:
    assert check({"type": "object", "properties": {"a": {"type": "any"}, "b": {"type": ["any", "null"]}}}, {"a": 1, "b": "x"}) == []


def test_paths_are_json_pointers() -> None:
    schema = {"properties": {"a/b": {"items": {"properties": {"~": {"type": "null"}}}}}}
    assert briefly(check(schema, {"a/b": [{}, {"~": 1}]})) == [("/a~1b/1/~0", "type")]


def test_of_a_union_the_branch_that_is_meant_is_reported() -> None:
    leg = {"type": "object", "properties": {"to": {"type": "string"}, "n": {"type": "integer"}}, "required": ["to"]}
    schema = {"$defs": {"Leg": leg}, "properties": {"leg": {"anyOf": [{"$ref": "#/$defs/Leg"}, {"type": "null"}]}}}
    assert briefly(check(schema, {"leg": {"n": "x"}})) == [("/leg/n", "type"), ("/leg/to", "required")]
    tagged = [{"type": "object", "properties": {"kind": {"const": kind}, "size": {"type": "integer"}}} for kind in ("cat", "dog")]
    assert briefly(check({"properties": {"pet": {"oneOf": tagged}}}, {"pet": {"kind": "dog", "size": "big"}})) == [("/pet/size", "type")]
    assert briefly(check({"properties": {"pet": {"oneOf": tagged}}}, {"pet": {"kind": "cow"}})) == [("/pet", "oneOf")]


def test_strict_asks_for_all_properties_and_no_others() -> None:
    inner = {"type": "object", "properties": {"c": {}, "d": {}}, "required": ["c"], "additionalProperties": False}
    schema = {"type": "object", "properties": {"a": {}, "b": inner}, "required": ["a", "z"]}
    arguments = {"b": {"c": 1, "x": 2}, "y": 3}
    assert briefly(check(schema, arguments, strict=True)) == [
        ("/a", "required"), ("/b/d", "required"), ("/b/x", "additionalProperties"), ("/y", "additionalProperties"),
        ("/z", "required"),
    ]  # fmt: skip
    assert briefly(check(schema, arguments)) == [("/b/x", "additionalProperties"), ("/a", "required"), ("/z", "required")]
    assert check({"properties": {"a": {}}, "patternProperties": {"^x": {}}}, {"a": 1, "xy": 2}, strict=True) == []
    assert briefly(check({"additionalProperties": False}, {"a": 1}, strict=True)) == [("/a", "additionalProperties")]


def test_an_unknown_tool_and_the_closest_one() -> None:
    tools = Tools([definition({}, "get_weather"), definition({}, "get_time")])
    call = ToolCall(index=2, name="get_wether")
    assert call.validate(tools) == [Violation(2, "", "tool", "get_wether", "there is no tool get_wether; did you mean get_weather?")]
    assert ToolCall(name="zzz").validate(tools)[0].message == "there is no tool zzz; there is get_weather, get_time"
    assert ToolCall(name="zzz").validate([])[0].message == "there is no tool zzz, nor any other"


def test_a_cut_call_and_one_without_an_object() -> None:
    assert briefly(ToolCall(name="f", arguments='{"a', complete=False).validate(definition({}))) == [("", "incomplete")]
    for arguments, found in [('"text"', "text"), ("[1]", [1]), ("7", 7)]:
        (violation,) = check({}, arguments)
        assert (violation.path, violation.rule, violation.found) == ("", "type", found)


def test_a_message_reports_its_calls_in_their_order() -> None:
    calls = [ToolCall(index=index, name="f", arguments=text) for index, text in enumerate(['{"city": 1}', '{"city": "a"}', "{}"])]
    message = Message(tool_calls=calls)
    assert [(each.index, each.path) for each in message.validate([definition(WEATHER)])] == [(0, "/city"), (2, "/city")]


def test_tools_may_be_given_in_every_form() -> None:
    call = ToolCall(name="f", arguments='{"city": 1}')
    one: Any
    for one in (definition(WEATHER), [definition(WEATHER)], Tools([definition(WEATHER)]), Tool("f", parameters=WEATHER)):
        assert briefly(call.validate(one)) == [("/city", "type")]


@pytest.mark.parametrize(
    ("dialect", "keyword"),
    [
        ({"$schema": "https://json-schema.org/draft/2020-12/schema"}, "prefixItems"),
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, "items"),
        ({"$schema": "http://json-schema.org/draft-04/schema#"}, "items"),
        ({"$schema": "https://example.com/unknown"}, "prefixItems"),
        ({"$schema": "https://["}, "prefixItems"),
        ({}, "prefixItems"),
    ],
)
def test_the_dialect_is_the_one_that_the_schema_names(dialect: Any, keyword: str) -> None:
    assert briefly(check({**dialect, "properties": {"v": {keyword: [{"type": "string"}]}}}, {"v": [1]})) == [("/v/0", "type")]


@pytest.mark.parametrize("dialect", [5, {}, "no uri"])
def test_a_dialect_that_is_none_is_a_fault_of_the_schema(dialect: Any) -> None:
    (violation,) = check({"$schema": dialect}, {})
    assert violation.rule == "schema"
    assert violation.message.startswith("the tool's schema is at fault: at /$schema, expected a string")


def test_nullable_allows_null() -> None:
    assert check({"properties": {"v": {"type": "string", "nullable": True}}}, {"v": None}) == []
    assert briefly(check({"properties": {"v": {"type": "string", "nullable": True}}}, {"v": 1})) == [("/v", "type")]


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("date", ["2024-02-29"], ["2023-02-29", "2023-2-3", "20230203", "2023-02-03\n"]),
        ("date-time", ["2024-02-29T12:00:00Z", "2024-02-29t12:00:00.123+02:00", "2024-12-31T23:59:60Z"],
         ["2024-02-29T12:00:00", "2024-02-29", "2024-02-29T24:00:00Z", "2024-02-29T12:00:00+2"]),
        ("time", ["12:00:00Z", "23:59:59.5-01:30"], ["12:00", "25:00:00Z"]),
        ("duration", ["P1Y2M3DT4H5M6S", "PT0.5S", "P2W"], ["P", "PT", "1D", "P1S"]),
        ("email", ["a@b.example"], ["a", "a@", "a b@c"]),
        ("hostname", ["a-b.example", "localhost"], ["-a.example", "a..b", "a" * 64, ""]),
        ("ipv4", ["127.0.0.1"], ["127.0.0.256", "1.2.3", ""]),
        ("ipv6", ["::1"], ["::g", "fe80::1%eth0"]),
        ("json-pointer", ["", "/a/~0~1"], ["a", "/~2", "/a~"]),
        ("regex", ["^a+$"], ["(", "(((a{999}){999}){999})"]),
        ("uri", ["https://a.example/b?c#d", "urn:x:y"], ["/a", "a b:c", ""]),
        ("uuid", ["123E4567-e89b-12d3-a456-426614174000"], ["123e4567e89b12d3a456426614174000"]),
        ("anything-else", ["x"], []),
    ],
)  # fmt: skip
def test_formats(name: str, good: list[str], bad: list[str]) -> None:
    schema = {"properties": {"v": {"format": name}}}
    assert [text for text in good if check(schema, {"v": text})] == []
    assert [text for text in bad if not check(schema, {"v": text})] == []
    assert check(schema, {"v": 5}) == []


def test_items_are_unique_by_json_equality() -> None:
    schema = {"properties": {"v": {"uniqueItems": True}}}
    assert check(schema, {"v": [1, True, "1", None, "null", [1], {"a": 1}, {"a": 2}, 1.5]}) == []
    assert briefly(check(schema, {"v": [1, 2, 1.0]})) == [("/v/2", "uniqueItems")]
    assert briefly(check(schema, '{"v": [{"a": 1, "b": [2]}, {"b": [2.0], "a": 1}]}')) == [("/v/1", "uniqueItems")]


@pytest.mark.parametrize(
    ("schema", "value", "paths"),
    [
        ({"allOf": [{"properties": {"a": {}}}], "unevaluatedProperties": False}, {"a": 1, "b": 2}, ["/b"]),
        ({"$ref": "#/$defs/A", "$defs": {"A": {"properties": {"a": {}}}}, "unevaluatedProperties": False},
         {"a": 1, "b": 2}, ["/b"]),
        ({"patternProperties": {"^x": {}}, "unevaluatedProperties": False}, {"x1": 1, "y": 2}, ["/y"]),
        ({"anyOf": [{"required": ["a"], "properties": {"a": {}}}, {"properties": {"b": {}}, "required": ["b"]}],
          "unevaluatedProperties": False}, {"a": 1, "c": 2}, ["/c"]),
        ({"if": {"properties": {"a": {"const": 1}}}, "then": {"properties": {"b": {}}}, "else": {"properties": {"c": {}}},
          "unevaluatedProperties": False}, {"a": 1, "b": 2, "c": 3}, ["/c"]),
        ({"if": {"properties": {"a": {"const": 1}}, "required": ["a"]}, "else": {"properties": {"a": {}, "c": {}}},
          "unevaluatedProperties": False}, {"a": 2, "b": 2, "c": 3}, ["/b"]),
        ({"dependentSchemas": {"a": {"properties": {"a": {}, "b": {}}}}, "unevaluatedProperties": False}, {"a": 1, "b": 2}, []),
        ({"allOf": [{"additionalProperties": True}], "unevaluatedProperties": False}, {"a": 1}, []),
        ({"unevaluatedProperties": {"type": "string"}}, {"a": 1, "b": "x"}, ["/a"]),
        ({"properties": {"v": {"prefixItems": [{}], "unevaluatedItems": False}}}, {"v": [1, 2]}, ["/v/1"]),
        ({"properties": {"v": {"allOf": [{"contains": {"type": "string"}}], "unevaluatedItems": False}}},
         {"v": ["a", 2]}, ["/v/1"]),
        ({"properties": {"v": {"allOf": [{"items": {}}], "unevaluatedItems": False}}}, {"v": [1]}, []),
        ({"patternProperties": {"^x": {"type": "null"}}, "additionalProperties": False}, {"x": 1, "y": 1}, ["/x", "/y"]),
        ({"additionalProperties": {"type": "string"}}, {"x": 1, "y": ""}, ["/x"]),
    ],
)  # fmt: skip
def test_members_that_no_keyword_has_spoken_of(schema: Any, value: Any, paths: list[str]) -> None:
    assert [violation.path for violation in check(schema, value)] == paths


def chain(depth: int, word: str) -> dict[str, Any]:
    """Small, but 2 to the power of `depth` steps to check."""
    links = {f"d{at}": {word: [{"$ref": f"#/$defs/d{at + 1}"}, {"$ref": f"#/$defs/d{at + 1}"}]} for at in range(depth)}
    return {"$defs": {**links, f"d{depth}": {"type": "null"}}, "$ref": "#/$defs/d0"}


def nested(depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    for _ in range(depth):
        schema = {"properties": {"a": schema}}
    return schema


SLOW = "a" * 100 + "b"
DEEP = '{"a":' * 10_000 + "1" + "}" * 10_000
HOSTILE = {
    "a schema that is itself": ({"$ref": "#"}, {}, "limit"),
    "a schema that is itself twice": ({"allOf": [{"$ref": "#"}, {"$ref": "#"}]}, {}, "limit"),
    "two schemas that are each other": (
        {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}, {}, "limit"),
    "an explosion": (chain(60, "anyOf"), {}, "limit"),
    "another explosion": (chain(60, "oneOf"), {}, "limit"),
    "an unknown anchor": ({"$ref": "#nowhere"}, {}, "schema"),
    "a pointer that leads nowhere": ({"$ref": "#/$defs/nothing/at/all"}, {}, "schema"),
    "a ref that is no text": ({"$ref": 5}, {}, "schema"),
    "a slow pattern": ({"properties": {"a": {"pattern": "(a|aa)+$"}}}, {"a": SLOW}, "limit"),
    "a slow pattern in another dialect": (
        {"properties": {"a": {"$schema": "http://json-schema.org/draft-07/schema#", "pattern": "(a|aa)+$"}}},
        {"a": SLOW}, "limit"),
    "a slow pattern for names": ({"patternProperties": {"(a|aa)+$": {}}}, {SLOW: 1}, "limit"),
    "a slow pattern for other names": (
        {"patternProperties": {"(a|aa)+$": {}}, "additionalProperties": False}, {SLOW: 1}, "limit"),
    "a slow pattern for unevaluated names": (
        {"allOf": [{"patternProperties": {"(a|aa)+$": {}}}], "unevaluatedProperties": False}, {SLOW: 1}, "limit"),
    "a pattern that is large once compiled": (
        {"properties": {"a": {"pattern": "((((a{9999}){9999}){9999}){9999})"}}}, {"a": "a"}, "schema"),
    "a large pattern with odd brackets": (
        {"properties": {"a": {"pattern": "(?:(?:a{999}[)]){999}){999}"}}}, {"a": "a"}, "schema"),
    "a long pattern": ({"properties": {"a": {"pattern": "a" * 1_000_000}}}, {"a": "a"}, "schema"),
    "a deep pattern": ({"properties": {"a": {"pattern": "(" * 4000 + ")" * 4000}}}, {"a": "a"}, "schema"),
    "a broken pattern": ({"properties": {"a": {"pattern": "("}}}, {"a": "a"}, "schema"),
    "an unknown type": ({"properties": {"a": {"type": "record"}}}, {"a": {}}, "schema"),
    "keywords of the wrong kind": ({"properties": [], "required": "a", "minimum": "3"}, {}, "schema"),
    "a deep schema": (nested(10_000), DEEP, "schema"),
    "a large schema": ({"properties": {f"p{at}": {"type": "string"} for at in range(20_000)}}, {}, "schema"),
    "deep arguments": ({"additionalProperties": {"$ref": "#"}}, DEEP, "limit"),
    "deep arguments of the wrong type": ({"properties": {"a": {"type": "string"}}}, DEEP, "type"),
    "long arguments": ({"properties": {"a": {"items": {"minimum": 0}}}}, '{"a":[' + "1," * 150_000 + "1]}", "limit"),
    "many objects that must differ": (
        {"properties": {"a": {"uniqueItems": True}}},
        '{"a":[' + ",".join(f'{{"b":{at}}}' for at in range(50_000)) + "]}", "limit"),
    "a long number to be divided": (
        {"properties": {"a": {"type": "integer", "multipleOf": 7}}}, '{"a":' + "9" * 100_000 + "}", "limit"),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_schemas_and_arguments_end_in_a_violation(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = itertools.count()
    monkeypatch.setattr(schema_check, "time", SimpleNamespace(monotonic=lambda: next(ticks) / 2500))
    monkeypatch.setattr("toolparse.schemas.keywords._PATTERN_SECONDS", 0.1)
    schema, arguments, rule = HOSTILE[case]
    violations: list[Violation] = []
    assert calls(lambda: violations.extend(check(schema, arguments))) < 5_000_000
    assert next(ticks) < 2 * 2500 * schema_check.SECONDS  # the schema's own check, and that of the arguments
    assert [violation.rule for violation in violations] == [rule]
    assert len(violations[0].message) < 400


@pytest.mark.parametrize(
    ("schema", "arguments"),
    [
        ({}, DEEP),
        ({"additionalProperties": {"$ref": "#"}}, '{"a":' * 60 + "{}" + "}" * 60),
        ({"properties": {"a": {"type": "string", "pattern": "^[a-z]+$"}}}, '{"a":"' + "a" * 10_000_000 + '"}'),
        ({"properties": {"a": {"type": "integer", "minimum": 7}}}, '{"a":' + "9" * 1_000_000 + "}"),
    ],
)
def test_large_and_deep_arguments_may_be_good(schema: Any, arguments: str) -> None:
    assert check(schema, arguments) == []


def test_no_document_is_fetched() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        port = server.getsockname()[1]
        here = f"http://127.0.0.1:{port}/"
        for schema in ({"$ref": here + "a"}, {"$schema": here + "s", "$id": here, "$dynamicRef": "b"}):
            (violation,) = check(schema, {})
            assert violation.rule == "schema"
            assert "not fetched" in violation.message
        with pytest.raises(BlockingIOError):
            server.accept()


@pytest.mark.parametrize("reference", ["#nowhere", "#/$defs/x", "https://example.com/x"])
def test_a_reference_that_leads_nowhere_is_named(reference: str) -> None:
    (violation,) = check({"properties": {"a": {"$ref": reference}}}, {"a": 1})
    assert f"its $ref {reference.lstrip('#')} leads nowhere" in violation.message


def test_errors_have_an_end() -> None:
    assert len(check({"additionalProperties": False}, {str(at): at for at in range(1000)})) == schema_check.MOST_ERRORS


def test_a_tool_is_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    ready = schema_check.Checker.__init__

    def counted(self: schema_check.Checker, *args: Any) -> None:
        made.append(args)
        ready(self, *args)

    monkeypatch.setattr(schema_check.Checker, "__init__", counted)
    tools = Tools([definition(WEATHER, "f"), definition(WEATHER, "g")])
    for _ in range(3):
        assert ToolCall(name="f", arguments='{"city": "a"}').validate(tools) == []
    assert len(made) == 1


class Leg(BaseModel):
    to: str
    day: datetime.date
    cabin: Literal["economy", "business"] = "economy"


class Trip(BaseModel):
    legs: list[Leg]
    budget: float | None = None


def plan(trip: Trip, seats: int = 1, *, note: str | None = None) -> None:
    """Plan a trip."""


class Desk:
    def plan(self, trip: Trip) -> None:
        """Plan a trip at a desk."""


def test_bind_gives_the_model() -> None:
    call = ToolCall(name="Trip", arguments='{"legs": [{"to": "OSL", "day": "2026-05-17"}]}')
    assert call.validate(Trip) == []
    expected = Trip(legs=[Leg(to="OSL", day=datetime.date(2026, 5, 17))])
    assert call.bind(Trip) == expected
    assert call.bind(Tools([Trip]).get("Trip")) == expected


@pytest.mark.parametrize("function", [plan, Desk().plan])
def test_bind_gives_the_bound_arguments_of_a_function(function: Any) -> None:
    call = ToolCall(name="plan", arguments='{"trip": {"legs": []}}')
    assert call.validate(function) == []
    bound = call.bind(function)
    assert isinstance(bound, inspect.BoundArguments)
    assert bound.arguments["trip"] == Trip(legs=[])
    function(*bound.args, **bound.kwargs)


def test_bind_converts_and_fills_in() -> None:
    bound = ToolCall(name="plan", arguments='{"trip": {"legs": []}, "seats": "3", "note": "x"}').bind(plan)
    assert bound.arguments == {"trip": Trip(legs=[]), "seats": 3, "note": "x"}


def test_bind_says_what_does_not_fit() -> None:
    for arguments in ("{}", '{"trip": 5}', '{"trip": {"legs": []}, "extra": 1}', '{"trip": {"legs": [', "[" * 10_000, '"x"'):
        with pytest.raises(ValidationError):
            ToolCall(name="plan", arguments=arguments).bind(plan)
    with pytest.raises(TypeError, match="bind needs a pydantic model class or a function"):
        ToolCall(name="f").bind(Tools([definition({})]).get("f"))


PLAIN_SCHEMAS = st.recursive(
    st.sampled_from(("string", "integer", "number", "boolean", "null", "any", "integer")).map(lambda kind: {"type": kind}),
    lambda inner: st.one_of(
        st.builds(lambda item: {"type": "array", "items": item}, inner),
        st.builds(
            lambda of, keys: {"type": "object", "properties": of, "required": keys},
            st.dictionaries(st.sampled_from("ab"), inner),
            st.lists(st.sampled_from("abc"), max_size=1),
        ),
    ),
    max_leaves=4,
)
VALUES = st.recursive(
    st.sampled_from((None, True, 1, 1.0, 0.5, "", "x")),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.sampled_from("abc"), inner)),
    max_leaves=4,
)


@given(schema=PLAIN_SCHEMAS, value=VALUES)
@examples(150, 3000)
def test_the_short_check_is_true_of_nothing_that_does_not_fit(schema: dict[str, Any], value: object) -> None:
    checker = schema_check.Checker(schema)
    plain = schema_check.plain_check(schema)
    if plain is not None and plain(value):
        checker._plain = None
        assert checker.check(value) == ([], None)
