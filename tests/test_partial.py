"""JSON that arrives in pieces: what is there at every moment, for every value and every cut."""

import json
from decimal import Decimal

import pytest
from cost import growth
from effort import examples
from hypothesis import given
from hypothesis import strategies as st

from toolparse.jsontext.partial import PartialReader, read_json

STRINGS = st.text(alphabet=st.sampled_from('ab"\\/{}[]:, \n\t\b\x00é€😀\ud83d\ude00'), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | STRINGS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(STRINGS, inner, max_size=4),
    max_leaves=12,
)


def fed(*pieces: str) -> object:
    reader = PartialReader()
    for piece in pieces:
        reader.feed(piece)
    return reader.value


def begins(part: object, whole: object) -> bool:
    """Whether `part` may grow into `whole`: only its last member, at every depth, may be unfinished."""
    if isinstance(part, str) and isinstance(whole, str):
        return whole.startswith(part)
    if isinstance(part, list) and isinstance(whole, list):
        done = len(part) - 1
        return not part or (part[:done] == whole[:done] and begins(part[done], whole[done]))
    if isinstance(part, dict) and isinstance(whole, dict):
        names = list(part)
        ready = all(part[name] == whole[name] for name in names[:-1])
        return names == list(whole)[: len(names)] and ready and (not names or begins(part[names[-1]], whole[names[-1]]))
    return part == whole and type(part) is type(whole)


@given(VALUES, st.booleans(), st.sampled_from([None, 1]))
def test_every_prefix_is_a_beginning_of_the_value(value: object, ascii_only: bool, indent: int | None) -> None:
    text = json.dumps({"v": value}, ensure_ascii=ascii_only, indent=indent)
    whole = json.loads(text)
    reader = PartialReader()
    for end in range(1, len(text) + 1):
        reader.feed(text[end - 1 : end])
        assert begins(reader.value, whole), text[:end]
        assert reader.value == fed(text[:end])
    assert reader.value == whole == read_json(text)


@examples(50, 500)
@given(VALUES, st.data())
def test_the_cut_makes_no_difference(value: object, data: st.DataObject) -> None:
    text = json.dumps({"v": value})
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert fed(*pieces) == json.loads(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", {}),
        ("  ", {}),
        ("{", {}),
        ('{"na', {}),
        ('{"name"', {}),
        ('{"name":', {}),
        ('{"name": "', {"name": ""}),
        ('{"name": "Os', {"name": "Os"}),
        ('{"name": "Os\\', {"name": "Os"}),
        ('{"name": "Os\\u00', {"name": "Os"}),
        ('{"name": "Os\\ud83d', {"name": "Os"}),
        ('{"name": "Os\\ud83d\\ude', {"name": "Os"}),
        ('{"name": "Os\\ud83d\\ude00', {"name": "Os😀"}),
        ('{"name": "Os\\ud83d!', {"name": "Os\ud83d!"}),
        ('{"name": "Os\\ud83d\\n', {"name": "Os\ud83d\n"}),
        ('{"name": "Os\\ud83d\\u0041', {"name": "Os\ud83dA"}),
        ('{"days": 12', {}),
        ('{"days": 12,', {"days": 12}),
        ('{"days": 12 ', {"days": 12}),
        ('{"days": 12}', {"days": 12}),
        ('{"ok": tru', {}),
        ('{"ok": [true', {"ok": []}),
        ('{"ok": [true,', {"ok": [True]}),
        ('{"ok": [null, {"a": "b', {"ok": [None, {"a": "b"}]}),
        ("[1, 2, 3", [1, 2]),
        ('"plain', "plain"),
        ('{"a": 1, "a": "tw', {"a": "tw"}),
        ('{"a": 1} and more', {"a": 1}),
    ],
)
def test_what_is_there_when_the_text_breaks_off(text: str, value: object) -> None:
    assert read_json(text) == value
    assert fed(*text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("not json", {}),
        ("{'a': 1}", {}),
        ('{"a": 1, b: 2}', {"a": 1}),
        ('{"a" 1}', {}),
        ('{"a": 1 "b": 2}', {"a": 1}),
        ('{"a": [1}, "b": 2}', {"a": [1]}),
        ('{"a": "x\\q", "b": 2}', {"a": "x"}),
        ('{"a": "x\\u12g4", "b": 2}', {"a": "x"}),
        ('{"a": nil, "b": 2}', {}),
        ('{"a": [1,]}', {"a": [1]}),
        ("}", {}),
    ],
)
def test_what_is_no_json_ends_the_reading(text: str, value: object) -> None:
    assert read_json(text) == value
    assert fed(*text) == value


def test_an_escape_in_a_key_is_not_half_a_key() -> None:
    assert fed('{"a\\', 'u00e9": 1, "b', '": 2}') == {"aé": 1, "b": 2}


def test_numbers_that_python_cannot_read() -> None:
    long = "9" * 5000
    value = read_json(f'{{"long": {long}, "minus": -{long}, "huge": 1e999, "tiny": -1e999, "no": NaN, "neither": -Infinity}}')
    assert value["long"] == Decimal(long)
    assert value["minus"] == Decimal("-" + long)
    assert (value["huge"], value["tiny"], value["no"], value["neither"]) == ("1e999", "-1e999", "NaN", "-Infinity")
    assert fed('{"long": ', long, "}") == {"long": Decimal(long)}
    assert read_json("-" + "9" * 4300) == -int("9" * 4300)


def test_depth_has_no_limit() -> None:
    value = read_json('{"a":[' * 10_000)
    depth = 0
    while value:
        value = value["a"] if isinstance(value, dict) else value[0]
        depth += 1
    assert depth == 19_999  # the innermost list is empty


@pytest.mark.parametrize("character", ["a", "€", "\\n", "\\u00e9", "9"])
def test_a_long_value_costs_its_length_however_often_it_is_asked(character: str) -> None:
    def read(length: int) -> None:
        text = ('{"x": ' if character == "9" else '{"x": "') + character * (length // len(character))
        reader = PartialReader()
        for at in range(0, len(text), 4):
            reader.feed(text[at : at + 4])
            assert "x" in reader.value or character == "9" or at < 8

    assert growth(read, 8_000) < 20
