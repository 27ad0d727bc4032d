"""The strict path: whatever the text and its pieces, the same as without it."""

import json
import random
from unittest.mock import patch

import pytest
from damage import DAMAGES, samples
from effort import THOROUGH, examples
from hypothesis import given
from hypothesis import strategies as st

from toolparse import Parser
from toolparse.codecs.json_text import JsonReader
from toolparse.codecs.strict_json import _STATES, StrictJson
from toolparse.testing import joined

TOKENS = [
    "{", "}", "[", "]", '["', ",", ", ", '", e', ":", ": ", '"', '"a"', '"b": ', '", "', '": "', '": [', '"}', '"]', "}, {", "], [",
    "\\", '\\"', "\\n", "\\u00e9", "\\u12",
    "\n", " ", " " * 40, "\n" + "\t" * 70, "1", "-2.5e3", "12345678901234567890123456789012345",
    "0.", "-", "true", "null", "fals", "None", "nul", "hello", "NaN",
    "//", "#", "/*", "*/", "=", "'", "é", "\x01", "<", "</tool_call>", "[TOOL_CALLS]", "[TOOL", "<|im_end|>",
]  # fmt: skip
"""Strict JSON in all its forms, what breaks it, and what is strict but longer than the path takes."""

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text('ab\\"\n', max_size=3), inner, max_size=5),
    max_leaves=20,
)


@st.composite
def texts(draw):
    """An object in JSON: strict, strict with a few tokens put in or characters taken out, or tokens only."""
    if draw(st.booleans()):
        return '{"k": ' + "".join(draw(st.lists(st.sampled_from(TOKENS), max_size=20))) + "}"
    text = json.dumps(
        {"k": draw(values)},
        indent=draw(st.sampled_from([None, None, 2, 40])),
        ensure_ascii=draw(st.booleans()),
        separators=draw(st.sampled_from([None, (",", ":"), (" , ", " : ")])),
    )
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(st.sampled_from([*TOKENS, ""])) + text[at + draw(st.integers(0, 2)) :]
    return text


def pieces(text, seed):
    rng = random.Random(seed)
    longest = rng.choice([1, 2, 4, 9, 40, 1000])
    at = 0
    while at < len(text):
        size = rng.randint(1, longest)
        yield text[at : at + size]
        at += size


def cut(text, size):
    return [text[at : at + size] for at in range(0, len(text), size)]


def read(parts, **options):
    """All that can be seen of the machine, driven as the parser does it: what it wrote and reported, how far it got, whether it ended."""
    problems, out, told = [], [], []
    base = 0

    class Report:
        def problem(self, kind, message, position, error=False):
            problems.append((kind, message, base + position, len("".join(out))))

    reader = JsonReader(Report(), out.append, **options)
    text = ""
    for piece in parts:
        text += piece
        at = reader.strict.read(text) if reader.strict.active or reader.strict.enter() else ~0
        out.append(text[: max(at, ~at)])
        if at < 0:
            at = reader.step(text, ~at, False)
        text = text[at:]
        base += at
        told.append(len("".join(out)))
        if reader.done:
            break
    if not reader.done:
        base += reader.step(text, 0, True)
    return ("".join(out), problems, base, reader.done, reader.completion()), told


def without(function, *arguments, **options):
    with patch.object(StrictJson, "enter", lambda self: False):
        return function(*arguments, **options)


@given(texts(), st.integers(), st.sampled_from([256, 2]))
@examples(80, 1500)
def test_the_machine_reads_the_same_with_and_without_it(text, seed, depth):
    expected, _ = without(read, [text], depth=depth)
    assert read([text], depth=depth)[0] == expected
    parts = list(pieces(text, seed))
    seen = read(parts, depth=depth)
    assert seen[0] == expected
    assert seen == without(read, parts, depth=depth)


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_models_damage_is_the_same_with_and_without_it(damage):
    for seed, damaged in enumerate(samples(DAMAGES[damage], 60 if THOROUGH else 8, 1)):
        expected, _ = without(read, [damaged.text])
        assert read([damaged.text])[0] == expected
        for parts in (cut(damaged.text, 1), cut(damaged.text, 4), list(pieces(damaged.text, seed))):
            seen = read(parts)
            assert seen[0] == expected
            assert seen == without(read, parts)


CALLS = {
    "hermes": '<tool_call>{"name": "f", "arguments": %s}</tool_call> Done',
    "mistral": "[TOOL_CALLS]f[ARGS]%s[TOOL_CALLS]g[ARGS]{}",
    "deepseek_v3": "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>f\n```json\n%s\n```"
    "<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
    "llama3_json": '{"parameters": %s, "name": "f"}',
}


def parse(name, parts, **options):
    """The events, and what was held before the end."""
    parser = Parser(name, new_id=lambda: "id", prompt="", **options)
    parts = list(parts)
    events = [event for piece in parts for event in parser.feed(piece)]
    return joined(events + parser.finish(), "".join(parts))


@pytest.mark.parametrize("name", CALLS)
@given(texts(), st.integers(), st.sampled_from([{}, {"max_held": 100}, {"max_held": 150}, {"max_depth": 2}]), st.booleans())
@examples(50, 500)
def test_a_call_is_the_same_with_and_without_it(name, text, seed, options, shortened):
    text = (CALLS[name] % text)[: seed % 100 - 100 if shortened else None]
    expected = without(parse, name, [text], **options)
    assert parse(name, [text], **options) == expected
    assert parse(name, pieces(text, seed), **options) == expected


STRICT = '{"a": "x\\n\\u00e9", "b": [1, -2.5e3, true, null, "y", {"c": []}, {}, [[0]]], "d": {"e": {"f": "é"}}}'


@pytest.mark.parametrize("state", set(_STATES.values()), ids=lambda state: f"{state.name}-{state.in_array}")
def test_no_strict_text_needs_the_machine(state):
    """Wherever a piece ends, the path goes on; it leaves only the brackets of the whole to the machine."""
    seen = set()

    class Spied(StrictJson):
        def read(self, text, at=0):
            end = super().read(text, at)
            assert end >= 0 or text[~end] == "}"
            seen.add(self.state)
            return end

    for size in range(1, 8):
        with patch("toolparse.codecs.json_text.StrictJson", Spied):
            assert read(cut(STRICT, size))[0][:2] == (STRICT, [])
    assert state in seen


def test_a_number_as_long_as_may_be_held_stays_one():
    for digits, written in ((500, "1" * 500), (501, '"' + "1" * 501 + '"')):
        text = "[TOOL_CALLS]f[ARGS][" + "1" * digits + ", 2]"
        for size in (len(text), 1, 7, 50):
            events = parse("mistral", cut(text, size), max_held=500)
            assert "".join(getattr(event, "text", "") for event in events) == f"[{written}, 2]"


def test_many_escapes_in_one_piece_cost_little_memory():
    import tracemalloc

    text = '{"a": "' + "\\n" * 200_000 + '"}'
    tracemalloc.start()
    try:
        assert read([text])[0][0] == text
        assert tracemalloc.get_traced_memory()[1] < 8 * len(text)
    finally:
        tracemalloc.stop()
