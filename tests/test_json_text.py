"""The JSON machine: strict text passes through, the rest is repaired as it streams, and nothing is ever taken back."""

import json
import random

import pytest
from effort import examples
from hypothesis import given
from hypothesis import strategies as st

from toolparse.codecs.json_text import JsonReader
from toolparse.jsontext.scalars import loose_number
from toolparse.wire.markers import EndMarks


class Report:
    def __init__(self):
        self.problems = []

    def problem(self, kind, message, position, error=False):
        self.problems.append(kind)


def read(pieces, **options):
    """What the machine wrote for the pieces, what it reported, and whether the value closed."""
    report, out = Report(), []
    reader = JsonReader(report, out.append, **options)
    text = ""
    for piece in pieces:
        text += piece
        text = text[reader.step(text, 0, False) :]
        json.loads("".join(out) + reader.completion(), parse_int=str)
        if reader.done:
            break
    if not reader.done:
        reader.step(text, 0, True)
    return "".join(out), report.problems, reader.done


def cuts(text, seed):
    rng = random.Random(seed)
    at = sorted(rng.randint(0, len(text)) for _ in range(rng.randint(1, 6)))
    return [text[a:b] for a, b in zip([0, *at], [*at, len(text)], strict=True)]


REPAIRS = [
    (r"{\"a\": \"x\\ny\\\"\\\\ \\u00e9\"}", r'{"a": "x\ny\"\\ \u00e9"}', "escape"),
    ('{"a": 1, {"b": 2}}', '{"a": 1, "b": 2}', "dropped_text"),
    ("{'a': 'it\\'s'}", '{"a": "it\'s"}', "single_quotes"),
    ('{"a": True, "b": False, "c": None}', '{"a": true, "b": false, "c": null}', "literal"),
    ("{a: 1, b_2: 2}", '{"a": 1, "b_2": 2}', "unquoted_key"),
    ('{"a": [1, 2, ], }', '{"a": [1, 2]}', "trailing_comma"),
    ('{"a": 1\n"b": 2}', '{"a": 1\n,"b": 2}', "missing_comma"),
    ('{"a": "x"\n "b": 2}', '{"a": "x"\n ,"b": 2}', "missing_comma"),
    ('{"a": {} "b": [] "c": 1}', '{"a": {} ,"b": [] ,"c": 1}', "missing_comma"),
    ('{"a": "one\ntwo\tthree\x01"}', '{"a": "one\\ntwo\\tthree\\u0001"}', "control_character"),
    ('{"a": 1, // one\n "b": 2}', '{"a": 1, \n "b": 2}', "comment"),
    ('{"a": 1, # one\n "b": 2}', '{"a": 1, \n "b": 2}', "comment"),
    ('{"a": /* one, */ 1}', '{"a":  1}', "comment"),
    ('{"a": [1, {"b": 2}', '{"a": [1, {"b": 2}', None),
    ('{"a": [1, {"b": 2}}', '{"a": [1, {"b": 2}]}', "missing_closer"),
    ('{"a": [1]], "b": 2}', '{"a": [1], "b": 2}', "surplus_closer"),
    ('{"a": NaN, "b": -Infinity}', '{"a": "NaN", "b": "-Infinity"}', "not_finite"),
    ('{"a": "say "hi" now"}', '{"a": "say \\"hi\\" now"}', "unescaped_quote"),
    ('{"a": "c:\\dir"}', '{"a": "c:\\\\dir"}', "escape"),
    ('{"a": "\\u12"}', '{"a": "\\\\u12"}', "escape"),
    ('{"a": "\\x41"}', '{"a": "\\u0041"}', "escape"),
    ('{"a": 007, "b": +1, "c": .5, "d": 1_000}', '{"a": 7, "b": 1, "c": 0.5, "d": 1000}', "number"),
    ('{"a": hello there, "b": 1}', '{"a": "hello there", "b": 1}', "unquoted_string"),
    ('{"a":: 1, "b"=2}', '{"a": 1, "b":2}', "separator"),
    ('{"a": , "b": 1}', '{"a": null, "b": 1}', "missing_value"),
    ('{"a": 1, , "b": 2}', '{"a": 1,  "b": 2}', "surplus_comma"),
    ('{"a": 1, "a": 2}', '{"a": 1, "a": 2}', "repeated_key"),
    ('{"a": "x" "b": 1}', '{"a": "x" ,"b": 1}', "missing_comma"),
    ('{"a" "x", "b" {"c" [1]}}', '{"a" : "x", "b" : {"c" : [1]}}', "separator"),
    ('{"a="x", "b: {"c": 1}}', '{"a": "x", "b": {"c": 1}}', "repaired_markup"),
    ('{a": 1, b": "x"}', '{"a": 1, "b": "x"}', "unquoted_key"),
    ("{“a”：“x，y”，“b”：[1，2]}", '{"a":"x，y","b":[1,2]}', "repaired_markup"),
    ('{"a": "“x”，"}', '{"a": "“x”，"}', None),
    ('{\\"a\\": \\"x\\", \\"b\\": 1}', '{"a": "x", "b": 1}', "escape"),
    ('{\\n"a": 1\\n}', '{"a": 1}', "repaired_markup"),
    ('{"a": 1; "b": 2}', '{"a": 1 ,"b": 2}', "repaired_markup"),
]


@pytest.mark.parametrize(("text", "expected", "kind"), REPAIRS, ids=[text for text, _, _ in REPAIRS])
def test_a_repair_is_written_and_reported(text, expected, kind):
    written, problems, _ = read([text])
    assert written == expected
    assert (kind in problems) if kind else not problems
    for size in (1, 2, 3, 5):
        assert read([text[i : i + size] for i in range(0, len(text), size)])[:2] == (written, problems)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@examples(40, 500)
@given(json_values.filter(lambda value: isinstance(value, (dict, list))), st.sampled_from([None, 2]), st.booleans(), st.integers())
def test_strict_json_passes_through_untouched(value, indent, ascii_only, seed):
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    assert read([text]) == (text, [], True)
    assert read(cuts(text, seed)) == (text, [], True)


TOKENS = [
    "{", "}", "[", "]", ",", ",", ":", '"', '"a"', '"b": ', "'", "\\", "\n", " ", "1", "2.5", "true", "None", "nul", "hello", "//", "#",
    "/*", "*/", "=", "u00", "é", '\\"', "\\u12", "-", "NaN", ', "c": "d"', '": "', "'}",
]  # fmt: skip


@given(st.lists(st.sampled_from(TOKENS), max_size=16).map("".join), st.integers())
@examples(150, 1500)
def test_any_text_gives_the_same_in_any_pieces_and_valid_json(text, seed):
    text = '{"k": ' + text + "}"
    whole = read([text])
    assert read(list(text)) == whole
    assert read(cuts(text, seed)) == whole
    if whole[2]:
        json.loads(whole[0], parse_constant=lambda name: pytest.fail(name))


def test_deep_nesting_becomes_a_string_of_its_text():
    text = '{"a":' * 3_000 + "1" + "}" * 3_000
    written, problems, done = read([text])
    assert done
    assert problems == ["too_deep"]
    value = json.loads(written)
    for _ in range(255):
        value = value["a"]
    assert value["a"].startswith('{"a":{"a":')
    assert read([text[i : i + 7] for i in range(0, len(text), 7)]) == (written, problems, done)


def test_an_end_marker_closes_what_is_open():
    ends = EndMarks(("<",), (), ())
    assert read(['{"a": [1, {"b": "x"<'], ends=ends) == ('{"a": [1, {"b": "x"}]}', ["missing_closer"], True)
    assert read(['{"a": "<", "b": <'], ends=ends) == ('{"a": "<", "b": null}', ["missing_closer"], True)


def test_a_comment_behind_a_quote_is_looked_at_for_128_characters_and_no_further():
    assert read(['{"a": "x"' + "/*" + " " * 100 + "*/}"])[2]
    written, problems, done = read(['{"a": "x"' + "/*" + " " * 200 + "*/}"])
    assert (problems, done) == (["unescaped_quote"], False)
    assert written.startswith('{"a": "x\\"/*  ')


@pytest.mark.parametrize("blanks", [100, 126, 127, 128, 129, 300])
@pytest.mark.parametrize("text", ['{"a": "x"%s}', '{"a": ["",%snull]}', '{"a": "x"%s, "b": 1}', '{"a": "x",%s"b": 1}', '{"a"%s: 1}'])
def test_white_space_behind_a_quote_is_as_long_as_it_likes(text: str, blanks: int) -> None:
    text %= " " * blanks
    for pieces in ([text], list(text), [text[:-3], text[-3:]]):
        assert read(pieces) == (text, [], True)


@pytest.mark.parametrize(
    ("word", "number"),
    [("+.5", "0.5"), ("007", "7"), ("1_000", "1000"), ("5.", "5"), ("-0", "-0"), ("1e5", "1e5"), ("", None), (".", None), ("abc", None),
     ("1.2.3", None)],
)  # fmt: skip
def test_loose_numbers(word, number):
    assert loose_number(word) == number


def test_numbers_keep_every_digit():
    digits = "9" * 5000
    assert read([f'{{"a": {digits}, "b": 0.1000000000000000055511151231257827e-300}}'])[0] == (
        f'{{"a": {digits}, "b": 0.1000000000000000055511151231257827e-300}}'
    )
