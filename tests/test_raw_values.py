"""Readers of one raw value each: every digit kept, spaced as json.dumps does, and nothing that raises or stalls."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from cost import growth
from hypothesis import given
from hypothesis import strategies as st

from toolparse.jsontext.characters import quote
from toolparse.jsontext.raw_values import DEEPEST, mend, read_array, read_boolean, read_json, read_object, respace, value_of
from toolparse.jsontext.scalars import read_integer, read_number, read_whole

JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
CONTAINER = st.lists(JSON) | st.dictionaries(st.text(), JSON)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", "0"),
        ("-17", "-17"),
        ("42.0", "42"),
        ("-42.000", "-42"),
        ("42.", "42"),
        ("1e3", "1000"),
        ("1.50E+2", "150"),
        ("1200e-2", "12"),
        ("0.0e-5", "0"),
        ("0e99", "0"),
        ("+7", "7"),
        ("007", "7"),
        ("-0.0", "-0"),
        ("9" * 10_000, "9" * 10_000),
        ("1e308", "1" + "0" * 308),
        ("42.5", None),
        ("1e-1", None),
        ("1e309", None),
        ("1e999999999999", None),
        ("1e-999999999999", None),
        ("", None),
        ("-", None),
        (".", None),
        ("e5", None),
        (".e5", None),
        ("abc", None),
        ("1_000", None),
        ("1,000", None),
        ("0x1F", None),
        ("nan", None),
        ("Infinity", None),
        ("٤٢", None),
        ("4 2", None),
        ("42\n", None),
    ],
)
def test_read_integer(text: str, expected: str | None) -> None:
    assert read_integer(text) == expected


def test_read_whole_leaves_exponents_to_numbers() -> None:
    assert [read_whole(text) for text in ("7", "42.0", "-0", "1e23", "1E2", "x", "4.2")] == [
        "7",
        "42",
        "-0",
        None,
        None,
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3.14159265358979323846264338327950288", "3.14159265358979323846264338327950288"),
        ("1e5", "1e5"),
        ("-2.50E-300", "-2.50E-300"),
        ("1e400", "1e400"),
        ("42.0", "42.0"),
        ("7" * 6000, "7" * 6000),
        (".5", "0.5"),
        ("-.5e3", "-0.5e3"),
        ("5.", "5"),
        ("+1.5", "1.5"),
        ("01.50", "1.50"),
        ("00", "0"),
        ("nan", None),
        ("-inf", None),
        ("Infinity", None),
        ("", None),
        (".", None),
        ("1e", None),
        ("1.5.2", None),
        ("true", None),
    ],
)
def test_read_number(text: str, expected: str | None) -> None:
    assert read_number(text) == expected
    assert expected is None or isinstance(json.loads(expected, parse_int=float), float)


@given(st.integers() | st.integers(min_value=-(10**300), max_value=10**300))
def test_integers_in_every_spelling(value: int) -> None:
    for text in (str(value), f"{value}.0", f"{value}0e-1"):
        found = read_integer(text)
        assert found is not None
        assert int(found) == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_as_written(value: float) -> None:
    assert read_number(repr(value)) == repr(value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("true", "true"),
        ("False", "false"),
        ("TRUE", "true"),
        ("fAlSe", "false"),
        ("1", None),
        ("yes", None),
        ("", None),
        ("truest", None),
    ],
)
def test_read_boolean(text: str, expected: str | None) -> None:
    assert read_boolean(text) == expected


@given(st.text())
def test_quote_is_a_json_string(text: str) -> None:
    assert quote(text) == json.dumps(text, ensure_ascii=False)


def test_quote_keeps_lone_surrogates_as_escapes() -> None:
    assert quote('a\ud800"é') == '"a\\ud800\\"é"'
    quote("\udfff").encode()


@given(CONTAINER, st.booleans(), st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", "\t:\r\n ")]), st.sampled_from([None, 2]))
def test_respace_writes_what_json_dumps_does(value: Any, escaped: bool, spacing: tuple[str, str], indent: int | None) -> None:
    text = json.dumps(value, ensure_ascii=escaped, separators=spacing, indent=indent)
    assert respace(text) == json.dumps(value, ensure_ascii=False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a":1.50,"b":[ ]}', '{"a": 1.50, "b": []}'),
        (f"[{'9' * 5000},1E400,-0.0]", f"[{'9' * 5000}, 1E400, -0.0]"),
        ('["\\u00e9\\/\\ud83d\\ude00"]', '["é/😀"]'),
        ('["\\ud83d","x\\uDE00"]', '["\\ud83d", "x\\ude00"]'),
        ('{"a":1,"a":2}', '{"a": 1, "a": 2}'),
        ('["a,b:c [","\\\\",":"]', '["a,b:c [", "\\\\", ":"]'),
        ("[NaN]", None),
        ('{"a": -Infinity}', None),
        ("[1,]", None),
        ("{'a': 1}", None),
        ('["\n"]', None),
        ("[1] x", None),
        ("7", None),
        ('"x"', None),
        ("", None),
        ("\ufeff[]", None),
    ],
)
def test_respace(text: str, expected: str | None) -> None:
    assert respace(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7", "7"),
        ("1e5", "1e5"),
        ("null", "null"),
        ("true", "true"),
        ("[1,2]", "[1, 2]"),
        ('"x"', None),
        ("007", None),
        ("True", None),
        ("None", None),
        ("NaN", None),
        ("{'a': 1}", None),
        ("", None),
    ],
)
def test_read_json_takes_valid_json_but_no_strings(text: str, expected: str | None) -> None:
    assert read_json(text) == expected


@pytest.mark.parametrize(
    ("text", "as_object", "as_array"),
    [
        ('{"a":[1]}', '{"a": [1]}', None),
        ("{'a': True, 'b': None, 'c': \"it's\",}", '{"a": true, "b": null, "c": "it\'s"}', None),
        ("['p', 'q',]", None, '["p", "q"]'),
        ("(1, (2.50, 'x'))", None, '[1, [2.50, "x"]]'),
        ("{}", "{}", None),
        ("[]", None, "[]"),
        ("{'a': 1", None, None),
        ("abc", None, None),
        ("5", None, None),
        ("{1, 2}", None, None),
        ('"{}"', None, None),
        ("__import__('os').system('true')", None, None),
        ("[__import__('os')]", None, None),
        ("[1+1]", None, None),
        ("", None, None),
    ],
)
def test_containers_as_json_then_as_python(text: str, as_object: str | None, as_array: str | None) -> None:
    assert read_object(text) == as_object
    assert read_array(text) == as_array


@pytest.mark.parametrize(
    ("text", "openers", "expected"),
    [
        ('{"a": [1, 2}', "{", '{"a": [1, 2]}'),
        ("[1, 2", "[", "[1, 2]"),
        ("[1 2]", "{[", "[1, 2]"),
        ('"{\\"a\\": 1}"', "{", '{"a": 1}'),
        ('```json\n{"a": 1}\n```', "{", '{"a": 1}'),
        ("[1, 2", "{", None),
        ("see [1]", "[", None),
        ('"just text"', "{[", None),
        ("", "{[", None),
    ],
)
def test_mend(text: str, openers: str, expected: str | None) -> None:
    assert mend(text, openers) == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [("7", 7), ("-0", 0), ("1.5", 1.5), ("true", True), ("null", None), ("[1]", [1]), ('{"a": "b"}', {"a": "b"})],
)
def test_value_of(text: str, value: object) -> None:
    assert value_of(text) == value


def test_value_of_a_very_long_integer_is_as_near_as_it_gets() -> None:
    assert value_of("9" * 5000) == float("inf")
    assert value_of("-" + "9" * 5000) == float("-inf")


@pytest.mark.parametrize(("opener", "closer"), [("[", "]"), ('{"a":', "}"), ("{'a':", "}"), ("(", ")")])
@pytest.mark.parametrize("depth", [DEEPEST + 1, 10_000])
def test_deep_nesting_is_left_alone(opener: str, closer: str, depth: int) -> None:
    for text in (opener * depth + "1" + closer * depth, opener * depth):
        for read in (read_object, read_array, read_json, respace):
            assert read(text) is None


def test_depth_counts_no_brackets_in_strings_and_no_neighbours() -> None:
    assert respace('["' + "[{" * 1000 + '\\""]') is not None
    assert respace("[" + ",".join(["[{}]"] * 1000) + "]") is not None
    assert respace("[" * DEEPEST + "]" * DEEPEST) == "[" * DEEPEST + "]" * DEEPEST


@pytest.mark.parametrize(
    "text",
    [
        lambda length: "[" + "[]," * 300 + '"' + '\\"' * length,
        lambda length: "[" + "[]," * 300 + '"\\' * length,
        lambda length: "[" * 300 + '"' * (2 * length + 1),
        lambda length: "[" + "[]," * length + "]x",
        lambda length: "0" * length + "x",
        lambda length: "1" * length + "." + "0" * length + "e",
        lambda length: "[" + " " * length,
    ],
)
def test_long_text_takes_linear_time(text: Callable[[int], str]) -> None:
    def work(length: int) -> None:
        for read in (read_integer, read_number, read_boolean, read_json, respace):
            assert read(text(length)) is None

    assert growth(work, 10_000) < 24
