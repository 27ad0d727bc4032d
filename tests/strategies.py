"""Hypothesis strategies: texts that look like a format's output, and how they are cut, asked for and marked.

Texts are made of a format's own markers, names that the tools declare, pieces of JSON, of Python and of prose, and whole outputs
of the vectors, damaged.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import effort
from hypothesis import strategies as st

from toolparse import Format, Message, MessageBuilder, Parser, ToolCall
from toolparse.grammar import Envelope, JsonText
from toolparse.rendering.render import pieces as pieces_of
from toolparse.testing import Vector, markers, mutate, read_vectors

VECTORS = Path(__file__).parent.parent / "fixtures" / "vectors"

TOOLS: list[dict[str, Any]] = [
    {
        "type": "function",
        "function": {
            "name": name,
            "parameters": {"type": "object", "properties": {key: {"type": kind} for key, kind in keys.items()}},
        },
    }
    for name, keys in {
        "get": {"a": "string", "b": "integer", "c": "object", "d": ["number", "null"]},
        "g": {"only": "array"},
        "ping": {},
    }.items()
]

_WORDS = (
    *("get", "g", "ping", "nope", "a", "b", "only", "Hello", "it's", "naïve 日本 🙂", "x < 3", "if (a[0] && b) {", "- item"),
    *("```\n", "```json\n", " ", "\n", "\n\n", "  \n ", "\t", "\r\n", "\u00a0", "\u2028", "\x00", "\x07", "\ufeff", "\ud83d"),
    *("<", ">", "|", "&lt;", "/", "#", "="),
)
_JSON = (
    *('{"name": "get", "arguments": {"a": "x"}}', '{"name": "g", "parameters": {}}', '{"arguments": {"b": 1}, "name": "get"}'),
    *('{"name": "get", "arguments": ', '"arguments": {', '{"name": "', '", "arguments": "{\\"a\\": 1}"', '"id": "c1", '),
    *('"type": "function"', '{"a": "', '{"b": 12', '"c": {"d": [1, 2]}', '"a": "hi"', "{'a': 'x', 'b': None,}", "{a: 1}"),
    *("{", "}", "[", "]", ",", ":", ", ", ": ", '"', "'", '""', "{}", "[]", "}}", "}]", "[[[[", "{{"),
    *("12", "-3.5e2", "0", "007", "1.", "NaN", "-Infinity", "true", "null", "None", "True", "tru", "// x\n", "/* y */"),
    *("\\", "\\n", '\\"', "\\u00e9", "\\ud83d", "\\ude00", "\\u12", "\\\\", "\\x41"),
)
_PYTHON = (
    *("[get(a='x')]", "[", "get(", "g(only=[1, 2])", "ping()", "a=", "b=1", ", ", ")", "('p',)", '"""', "'''", "{1: 2}", ".call(", "-1"),
)


@cache
def vectors(fmt: Format) -> tuple[Vector, ...]:
    """The format's vectors; none when there is no such file."""
    path = VECTORS / f"{fmt.name}.jsonl"
    return tuple(read_vectors(path)) if path.is_file() else ()


@cache
def words(fmt: Format) -> tuple[str, ...]:
    """What texts of a format are made of. Markers count twice: spelled out, and with the white space that the template writes."""
    own = markers(fmt)
    return (*own, *own, *(f"\n{marker}\n" for marker in own), *_WORDS, *_JSON, *_PYTHON)


def texts(fmt: Format) -> st.SearchStrategy[str]:
    """Anything that a model might write, near the format and far from it."""
    pieces = st.lists(st.sampled_from(words(fmt)), max_size=14).map("".join)
    made = [pieces, pieces, st.text(max_size=30)]
    if vectors(fmt):
        made += [damaged(fmt), damaged(fmt)]
    return st.one_of(made)


@st.composite
def damaged(draw: st.DrawFn, fmt: Format) -> str:
    """An output of the vectors with one to four mutations, or two outputs in a row."""
    text: str = draw(st.sampled_from(vectors(fmt)))["text"]
    if draw(st.integers(0, 4)) == 0:
        text += draw(st.sampled_from(vectors(fmt)))["text"]
    random = draw(st.randoms(use_true_random=False))
    for _ in range(draw(st.integers(1, 4))):
        text = mutate(text, words(fmt), random)
    return text


SENTENCE = "Let me look for a ferry."
_SAID = (
    *(SENTENCE, "I'll look:", "Sure, 2 (two) of them.\n\n1. one\n2. two", "OK", "get", "get it", "ping", "call: it", "Action: a"),
    *(
        "find (b=1)",
        "\nget(",
        "\nping()",
        "to=functions.get",
        '"get"',
        "日本",
        "a | b",
        "x = 1",
        "\\n",
        "\n",
        " ",
        "\u00a0",
        "<",
        "{",
        "[1]",
    ),
)
_VALUES: tuple[Any, ...] = (
    *(
        "x",
        "a b",
        "",
        "null",
        "None",
        "5",
        "1.0",
        "[1]",
        '{"a": 1}',
        "a\nb",
        " a\n",
        "\\n",
        "it's",
        'say "x"',
        "é日本",
        "a, b)",
        "c=1",
        "<b>",
        "}",
    ),
    *(1, -3, 2.5, 1e30, True, False, None, [], {}, [1, "x"], {"a": {"b": [None]}}, "\r", "\ud83d", "get", "</parameter>", "| x |", "“q”"),
)
_KEYS = (*"abcdae", "only", "name", "arguments", "parameters", "type", "é", "x y")


@st.composite
def written(draw: st.DrawFn, fmt: Format) -> str:
    """An output as the template writes one, whatever that means when it is read; most are as plain as most are."""
    said = st.one_of(st.just(SENTENCE), st.lists(st.sampled_from(_SAID), min_size=1, max_size=3).map("".join))
    given = st.dictionaries(st.sampled_from(_KEYS), st.sampled_from(_VALUES), max_size=3)
    layout = st.sampled_from(({}, {}, {"separators": (",", ":")}, {"indent": 2}, {"ensure_ascii": False}))
    others = st.sampled_from((*_VALUES, '{"a": "x"}', [{"a": "x"}], {"name": "get", "arguments": {"a": "x"}}, {"arguments": {"a": "x"}}))
    way = draw(st.sampled_from(fmt.calls)) if fmt.calls else None
    passes = way is not None and isinstance(way.body, (Envelope, JsonText)) and draw(st.integers(0, 3)) == 0
    arguments = st.builds(lambda value, how: json.dumps(value, **how), others if passes else given, layout)
    names = st.sampled_from(("get", "get", "g", "ping", "nope", "get-it", "functions.get", "é"))
    calls = draw(st.lists(st.builds(ToolCall, name=names, arguments=arguments, id=st.just("call12345")), max_size=3 if fmt.calls else 0))
    reasoning = draw(st.one_of(st.none(), st.none(), said)) if fmt.reasoning else None
    message = Message(content=draw(st.one_of(st.none(), said)), reasoning=reasoning, tool_calls=calls)
    text = "".join(pieces_of(message, fmt, way if calls else None))
    text += draw(st.sampled_from(("", "", "", "\n", " ", "\nDone.", *fmt.stop)))
    if draw(st.integers(0, 3)) == 0:
        text = mutate(text, words(fmt), draw(st.randoms(use_true_random=False)))
    return text


def asked(fmt: Format) -> st.SearchStrategy[dict[str, Any]]:
    """What a request says: its tools, and where its prompt leaves the output."""
    tools = [None, TOOLS]
    tools += [case["tools"] for case in vectors(fmt)[:1]]
    prompts = ["", *(case["prefill"] for case in vectors(fmt) if case["prefill"])]
    prompts += [turn + word for turn in fmt.turn[:1] for word in ("", *markers(fmt)[:4])]
    return st.fixed_dictionaries({"tools": st.sampled_from(tools), "prompt": st.sampled_from([None, *dict.fromkeys(prompts)])})


NAMED = {"type": "function", "function": {"name": "get"}}
_TURNS: tuple[dict[str, Any], ...] = (
    {"calls_in_reasoning": "ignore"},
    {"tool_choice": "required"},
    {"bare_calls": "never", "calls_in_reasoning": "end"},
    {"tool_choice": NAMED},
    {"tool_choice": "none"},
    {"calls_in_reasoning": "ignore", "tool_choice": "required", "bare_calls": "never"},
)
"""Options that change what may stand in a turn: for each that is new to a format all its patterns are compiled, which takes longest."""


def policies(fmt: Format) -> st.SearchStrategy[dict[str, Any]]:
    """Every option that changes what is a call, and small limits; by default one choice of what may stand in a turn for each format."""
    optional: dict[str, st.SearchStrategy[Any]] = {
        "calls_in_code": st.just("content"),
        "unknown_tools": st.sampled_from(("content", "drop")),
        "parallel_tool_calls": st.just(False),
        "thinking": st.booleans(),
        "max_held": st.sampled_from((1, 16, 100)),
        "max_depth": st.sampled_from((1, 3)),
        "max_calls": st.sampled_from((0, 1, 2)),
    }
    if not effort.THOROUGH:
        mine = _TURNS[sum(map(ord, fmt.name)) % len(_TURNS)]
        return st.tuples(st.sampled_from(({}, mine)), st.fixed_dictionaries({}, optional=optional)).map(lambda both: both[0] | both[1])
    optional |= {
        "calls_in_reasoning": st.sampled_from(("end", "ignore")),
        "bare_calls": st.just("never"),
        "tool_choice": st.sampled_from(("none", "required", NAMED)),
    }
    return st.fixed_dictionaries({}, optional=optional)


def pieces(text: str) -> st.SearchStrategy[list[str]]:
    """Ways to cut a text, empty pieces included."""
    places = st.lists(st.integers(0, len(text)), max_size=8).map(sorted)
    return places.map(lambda at: [text[start:end] for start, end in zip([0, *at], [*at, len(text)], strict=True)])


def in_pieces(text: str, fmt: str | Format, size: int, **options: Any) -> Message:
    """The message that a text is when it comes in pieces of `size` characters."""
    parser, builder = Parser(fmt, **options), MessageBuilder()
    for at in range(0, len(text), size):
        for event in parser.feed(text[at : at + size]):
            builder.add(event)
    for event in parser.finish():
        builder.add(event)
    return builder.message
