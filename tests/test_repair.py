"""Repair of whole texts, and Python literals."""

from __future__ import annotations

import json
import re
from typing import Any

import json_repair
import pytest
from cost import growth
from damage import DAMAGES, samples
from effort import THOROUGH
from hypothesis import given
from hypothesis import strategies as st

from toolparse.jsontext.python_literals import read_python_literal
from toolparse.jsontext.repair import repair

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
JSON_LIKE = st.text(alphabet="{}[]()\"'`,:=\\/*#\n\t ab1-.eu0TNn\ud800\u2028é")


def strict(text: str) -> Any:
    """The value of valid JSON text that can be encoded; fails on anything else."""
    text.encode("utf-8")

    def refuse(constant: str) -> None:
        raise ValueError(constant)

    return json.loads(text, parse_constant=refuse)


def same(left: Any, right: Any) -> bool:
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


# Valid JSON


@given(VALUES, st.sampled_from([None, 2]), st.booleans())
def test_valid_json_comes_back_as_it_is(value: Any, indent: int | None, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    if not (isinstance(value, str) and value.strip().startswith("{")):
        assert repair(text) == text


@pytest.mark.parametrize(
    "text",
    ['  {"a" :1.50}\n', "-0.0", "1E400", '{"n": 123456789012345678901234567890.10}', '{"a": 1, "a": 2}', '"\\ud800"', "9" * 5000],
)
def test_spacing_digits_and_escapes_of_valid_json_stay(text: str) -> None:
    assert repair(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"{\\"a\\": 1.0}"', '{"a": 1.0}'),
        ("\"{'a': True}\"", '{"a": true}'),
        ('"[1]"', '"[1]"'),
        ('"{a"', '"{a"'),
        ('{"a": "{\\"b\\": 1}"}', '{"a": "{\\"b\\": 1}"}'),
        ('"{\\"a\\": 1}', '{"a": 1}'),
    ],
)
def test_a_string_that_holds_an_object_gives_the_object_once(text: str, expected: str) -> None:
    assert repair(text) == expected


# Damage


# What a repair of the whole cannot know either, and how much of it is given back all the same: where an inner closer was, whether
# a bracket in a string whose quote is missing belongs to the string, whether `"a, "b"` in a list is one string or two.
KNOWN_LIMITS = {
    "single quotes, apostrophes bare": 0.97,
    "all closers and a quote missing": 0.97,
    "quote before the last closers missing": 0.9,
    "an inner closer missing": 0.35,
    "a surplus closer inside": 0.9,
    "closing quote of a value missing": 0.92,
    "unescaped quote before a comma": 0.97,
    "unescaped quote before other punctuation": 0.97,
    "unescaped pair of quotes": 0.97,
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_repaired_and_never_less_often_than_by_json_repair(name: str) -> None:
    count, ours, theirs = 100 if THOROUGH or name in KNOWN_LIMITS else 30, 0, 0
    for damaged in samples(DAMAGES[name], count, seed=1):
        ours += same(strict(repair(damaged.text)), damaged.value)
        theirs += same(json_repair.loads(damaged.text), damaged.value)
    assert ours >= theirs
    assert ours / count >= KNOWN_LIMITS.get(name, 1.0)


@pytest.mark.parametrize("name", DAMAGES)
def test_every_damage_damages(name: str) -> None:
    for damaged in samples(DAMAGES[name], 30, seed=2):
        try:
            assert strict(damaged.text) != damaged.value
        except ValueError:
            continue


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": "x, "b": 2}', '{"a": "x", "b": 2}'),
        ('{"a": "one, two, "b": "y"}', '{"a": "one, two", "b": "y"}'),
        ('{"a": {"b": "x}, "c": 1}', '{"a": {"b": "x"}, "c": 1}'),
        ('{"code": "print("hello")", "n": 1}', '{"code": "print(\\"hello\\")", "n": 1}'),
        ('{"a": "x"}", "b": 1}', '{"a": "x\\"}", "b": 1}'),
        ('{"a: "x", "b": 2}', '{"a": "x", "b": 2}'),
        ('{"a": [1, 2, "b": 3}', '{"a": [1, 2], "b": 3}'),
        ('{"a": {"b": [1, 2}, "c": 3}', '{"a": {"b": [1, 2]}, "c": 3}'),
        ('{"a": [{"b": 1]}, "c": 2}', '{"a": [{"b": 1}], "c": 2}'),
        ('{"a": [, "b": 1}', '{"a": [], "b": 1}'),
        ("{a: 1, b: x y, c: http://a.b/c, d: it's}", '{"a": 1, "b": "x y", "c": "http://a.b/c", "d": "it\'s"}'),
        ("{'it's': 'don't'}", '{"it\'s": "don\'t"}'),
        ('{"a": 1, "b"}', '{"a": 1, "b": null}'),
        ('{"a": , "b": 1}', '{"a": null, "b": 1}'),
        ('{"a": "b" "c": 1 "d": [1 2] "e": {}}', '{"a": "b", "c": 1, "d": [1, 2], "e": {}}'),
        ('{"a": 1_000, "b": +007, "c": .5, "d": 12:30, "e": -inf}', '{"a": 1000, "b": 7, "c": 0.5, "d": "12:30", "e": "-Infinity"}'),
        ('{"a": 1} {"b": 2}', '{"a": 1}'),
        ('Use {name}: {"a": 1} and "x" {b}', '{"a": 1}'),
        ("[1, 2,] and more", "[1, 2]"),
        ('{"a": "caf\\u00', '{"a": "caf"}'),
        ('{"a": "\\ud83d\\ude', '{"a": ""}'),
        ('{"a": "a \\"quote\\"', '{"a": "a \\"quote\\""}'),
        ('{"a": "\\x41\\q\\\'"}', '{"a": "A\\\\q\'"}'),
        ('{"a": "\ud800\x01",}', '{"a": "\\ud800\\u0001"}'),
        ('{"a": 12345678901234567890.123456789012345678901,}', '{"a": 12345678901234567890.123456789012345678901}'),
        ("hello", '"hello"'),
        ("", '""'),
        ("```\n+05\n```", '"```\\n+05\\n```"'),
        ("+05", "5"),
        ("NaN", '"NaN"'),
        ("{", "{}"),
        ("}", '"}"'),
    ],
)
def test_what_a_text_was_meant_to_be(text: str, expected: str) -> None:
    assert repair(text) == expected


# Any text


@given(st.text() | JSON_LIKE)
def test_any_text_becomes_valid_json(text: str) -> None:
    strict(repair(text))


@given(JSON_LIKE.map(lambda text: '{"a": ' + text), st.integers(0, 40))
def test_any_end_of_an_object_becomes_valid_json(text: str, cut: int) -> None:
    assert isinstance(strict(repair(text[: 6 + cut])), dict)


@pytest.mark.parametrize("text", ["[" * 10_000, "[" * 10_000 + "]" * 10_000, '{"a":' * 10_000, "{a:[" * 10_000])
def test_what_is_deeper_than_the_limit_becomes_a_string(text: str) -> None:
    repaired = repair(text)
    strict(repaired)
    outside = re.sub(r'"(?:[^"\\]|\\.)*"', "", repaired)
    assert outside.count("[") + outside.count("{") == 256


def test_nesting_up_to_the_limit_stays() -> None:
    text = '[{"a":' * 128 + "1" + "}]" * 128
    assert repair(text) == text
    assert repair(f"[{text}]").count('\\"a\\"') == 1


def test_a_fault_in_a_long_text_is_repaired_where_it_is() -> None:
    rows = [{"name": f"n{at}", "text": 'a, b "c" {d}', "list": [at, 2.50, None]} for at in range(1000)]
    text = json.dumps({"rows": rows})
    for damaged in (text.replace('"n500", ', '"n500" '), text.replace("[500, ", "[500 "), text[:-3], text + "}"):
        assert damaged != text
        assert json.loads(repair(damaged)) == {"rows": rows}


@pytest.mark.parametrize(
    "piece",
    ['"', "{", "[1,", '{"a":"x", ', '"a" ', "it's, ", "a ", "/", "\\", "\n", ' \n{"a":1}', "]}", "{a:", '{"a": [1}', "\\u12", "/*", "1 "],
)
@pytest.mark.parametrize("opening", ["", '{"a": "'])
def test_the_time_is_linear(piece: str, opening: str) -> None:
    def work(length: int) -> None:
        strict(repair(opening + piece * (length // len(piece))))

    assert growth(work, 300) < 20  # quadratic work takes 64 times as long


# Python literals


@given(VALUES)
def test_python_literals_are_read(value: Any) -> None:
    literal = read_python_literal(repr(value))
    assert literal is not None
    assert same(strict(literal), value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{'a': (1, 2.50), 3: None}", '{"a": [1, 2.50], "3": null}'),
        ("()", "[]"),
        ("(1)", "1"),
        ("(1,)", "[1]"),
        ("{1, 2, }", "[1, 2]"),
        ("{}", "{}"),
        ("{1: 2, True: 3, None: 4, 1.0: 5}", '{"1": 2, "true": 3, "null": 4, "1.0": 5}'),
        ("{'a': 1, 'b': [], 'a': {'c': 2}, 'd': 3}", '{"a": 1, "b": [], "d": 3}'),
        ("[+1, -007, 1_000, .5, 5., -1e5, 0xff, 0o17, 0b11]", "[1, -7, 1000, 0.5, 5, -1e5, 255, 15, 3]"),
        ("[123456789012345678901234567890, 0.1000000000000000000001]", "[123456789012345678901234567890, 0.1000000000000000000001]"),
        ("[true, false, null, True, nan, -inf, Infinity]", '[true, false, null, true, "NaN", "-Infinity", "Infinity"]'),
        ("'a\\x41\\u00e9\\U0001F600\\101\\n\\'\\q\\\nb'", '"aAé😀A\\n\'\\\\qb"'),
        ("'''a\n'b\"'''", '"a\\n\'b\\""'),
        ('"""\\ud800"""', '"\\ud800"'),
        (" True ", "true"),
        ("[[1,2],[ ]]", "[[1, 2], []]"),
    ],
)
def test_how_a_python_literal_is_written(text: str, expected: str) -> None:
    assert read_python_literal(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", "true", "null", "nan", "a", "f(1)", "1 2", "[1 2]", "[1,,2]", "[,]", "{,}", "{'a'", "{'a':}", "{'a': 1, 'b'}", "{1, 2: 3}"),
        *("{[1]: 2}", "{(1): 2}", "[1)", "(1", "1)", "1,", "1_", "1__0", "1j", "0x", "--1", "- 1", "1.2.3", "1e", "'a", "'a\nb'", "'\\x4'"),
        *("'\\u12'", "'\\U00110000'", "'\\N{DASH}'", "'a' 'b'", "b'a'", "f'a'", "[1] # x", "[" * 257 + "]" * 257, "9" * 10 + "a"),
    ],
)
def test_what_is_no_python_literal(text: str) -> None:
    assert read_python_literal(text) is None


@given(st.text() | JSON_LIKE)
def test_reading_a_python_literal_never_raises(text: str) -> None:
    literal = read_python_literal(text)
    if literal is not None:
        strict(literal)


def test_a_python_literal_may_be_as_deep_as_the_limit_and_as_long_as_it_likes() -> None:
    assert read_python_literal("[" * 256 + "]" * 256) == "[" * 256 + "]" * 256
    assert read_python_literal("[" * 200_000) is None
    assert read_python_literal("'" + "\\n" * 200_000 + "'") == '"' + "\\n" * 200_000 + '"'
    assert read_python_literal("9" * 200_000) == "9" * 200_000
