"""Calls in Python, bare keys and elements as models write them on a bad day: read as meant, or told, the same for every chunking."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolparse import Message, get_format, parse
from toolparse.testing import check_text


def tool(name: str, required: tuple[str, ...] = (), **kinds: str) -> dict[str, Any]:
    parameters = {"type": "object", "properties": {key: {"type": kind} for key, kind in kinds.items()}, "required": list(required)}
    return {"type": "function", "function": {"name": name, "parameters": parameters}}


TOOLS = [
    tool("f", a="integer", b="string"),
    tool("Market Trends API", x="string"),
    tool("获取天气", 城市="string", **{"from-date": "string", "$top": "integer"}),
    tool("ns/do:it", q="string"),
    tool("weather", ("city",), city="string", unit="string"),
    tool("tagged", names="array", size="integer"),
]
PYTHON = {
    "pythonic": ("[", "]"),
    "llama4_pythonic": ("<|python_start|>[", "]<|python_end|>"),
    "lfm2": ("<|tool_call_start|>[", "]<|tool_call_end|>"),
    "olmo3": ("<function_calls>", "</function_calls>"),
}
BARE = {
    "gemma4": ("<|tool_call>call:", "<tool_call|>", '<|"|>'),
    "functiongemma": ("<start_function_call>call:", "<end_function_call>", "<escape>"),
}
NS = "]<]minimax[>["


def read(name: str, text: str) -> Message:
    return parse(text, name, tools=TOOLS, prompt="")


def calls(message: Message) -> list[tuple[str, Any]]:
    return [(call.name, json.loads(call.arguments)) for call in message.tool_calls if call.complete]


def kinds(message: Message) -> set[tuple[str, str]]:
    return {(problem.kind, problem.severity) for problem in message.problems}


REPAIRED = {("repaired_markup", "warning")}


@pytest.mark.parametrize("name", sorted(PYTHON))
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("f(a=1))", ("f", {"a": 1})),
        ("获取天气(城市='北京', from-date='x', $top=3)", ("获取天气", {"城市": "北京", "from-date": "x", "$top": 3})),
        ("获取天气（城市＝“北京”，$top＝3）", ("获取天气", {"城市": "北京", "$top": 3})),
        ("f('a'=1, \"b\"='x')", ("f", {"a": 1, "b": "x"})),
        ("f(a: 1, b: 'x')", ("f", {"a": 1, "b": "x"})),
        ("f(**{'a': 1, 'b': 'x'})", ("f", {"a": 1, "b": "x"})),
        ('f({"a": 1, "b": "x"})', ("f", {"a": 1, "b": "x"})),
        ("weather('Paris', unit='C')", ("weather", {"city": "Paris", "unit": "C"})),
        ('"f"(a=1)', ("f", {"a": 1})),
        ("f(a=1})", ("f", {"a": 1})),
        ("f(b='x' a=1)", ("f", {"b": "x", "a": 1})),
        ("f(a=1 b='x')", ("f", {"a": 1, "b": "x"})),
        ("tagged(names=['x']\n size=1)", ("tagged", {"names": ["x"], "size": 1})),
    ],
)
def test_a_damaged_python_call_is_read(name: str, body: str, expected: tuple[str, Any]) -> None:
    before, behind = PYTHON[name]
    message = read(name, before + body + behind)
    assert (message.content, calls(message)) == (None, [expected])
    assert kinds(message) == REPAIRED


@pytest.mark.parametrize("name", sorted(PYTHON))
@pytest.mark.parametrize("declared", ["Market Trends API", "ns/do:it"])
def test_a_declared_name_is_a_name_whatever_its_characters(name: str, declared: str) -> None:
    before, behind = PYTHON[name]
    key = "x" if " " in declared else "q"
    assert calls(read(name, f'{before}{declared}({key}="1"){behind}')) == [(declared, {key: "1"})]


@pytest.mark.parametrize("name", sorted(set(PYTHON) - {"olmo3"}))
def test_a_call_behind_a_semicolon_is_told(name: str) -> None:
    before, behind = PYTHON[name]
    message = read(name, f"{before}f(a=1); f(a=2){behind}")
    assert calls(message) == [("f", {"a": 1})]
    assert {problem.kind for problem in message.problems if problem.severity == "error"} == {"not_a_call"}


@pytest.mark.parametrize("name", sorted(set(PYTHON) - {"olmo3"}))
@pytest.mark.parametrize("body", ["f(a=1", 'f(a=1, b="x"', "f(a=1), f(a=2", "f(a=1) f(a=2)", "f(a=1)), f(a=2))", "f(a=1)]"])
def test_brackets_of_a_list_may_be_missing_or_too_many(name: str, body: str) -> None:
    before, behind = PYTHON[name]
    message = read(name, before + body + behind)
    assert [(called, arguments["a"]) for called, arguments in calls(message)] == [("f", 1), ("f", 2)][: body.count("f(")]
    assert (message.content, kinds(message)) == (None, REPAIRED)


@pytest.mark.parametrize("name", sorted(PYTHON))
@pytest.mark.parametrize(
    "body", ["f(1, 'x')", "f(a=1, b='x', a=2)", "f(b='x' lost)", "f(b=x y a=1)", "f(a=1 z=2 b='x')", "f(a=1 a=2 b='x')"]
)
def test_what_goes_nowhere_is_an_error(name: str, body: str) -> None:
    before, behind = PYTHON[name]
    message = read(name, before + body + behind)
    assert any(severity == "error" for _, severity in kinds(message)) or not message.tool_calls[0].complete


@pytest.mark.parametrize("name", sorted(PYTHON))
def test_values_without_quotes_or_commas_are_told_apart(name: str) -> None:
    before, behind = PYTHON[name]
    message = read(name, f"{before}weather(city=Paris unit=celsius){behind}")
    assert calls(message) == [("weather", {"city": "Paris", "unit": "celsius"})]
    assert kinds(message) == {*REPAIRED, ("no_literal", "warning")}


@pytest.mark.parametrize("name", ["llama4_pythonic", "lfm2"])
@pytest.mark.parametrize("code", ["print('a', end='')", "plot(x, 'red', label='')\\n", "<p class='x' a='y'>"])
def test_code_with_quotes_in_the_quotes_of_a_template_is_one_value(name: str, code: str) -> None:
    before, behind = PYTHON[name]
    message = read(name, f"{before}f(b='{code}', a=1){behind}")
    assert calls(message) == [("f", {"b": code.replace("\\n", "\n"), "a": 1})]


@pytest.mark.parametrize("name", ["pythonic", "llama4_pythonic", "lfm2"])
@pytest.mark.parametrize("text", ["Use `[f(a=1)]` here", "Use `x = [f(a=1)]`.", "```python\n[f(a=1)]\n```\n", "So: ``[f(a=1)]``"])
def test_a_list_in_code_is_content(name: str, text: str) -> None:
    message = read(name, text)
    assert (message.content, message.tool_calls) == (text, [])
    assert calls(read(name, f"{text}\n[f(a=2)]" if "```" not in text else f"{text}[f(a=2)]")) == [("f", {"a": 2})]


@pytest.mark.parametrize("name", sorted(PYTHON))
def test_typography_inside_strings_is_data(name: str) -> None:
    before, behind = PYTHON[name]
    value = "he said “hi”，（ok）：yes＝no"
    message = read(name, f'{before}f(b="{value}", a=1){behind}')
    assert (calls(message), message.problems) == ([("f", {"b": value, "a": 1})], [])


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('f{b:<|"|>xy<|",a:1}', {"b": "xy", "a": 1}),
        ('f{b:<|"xy<|"|>, a:1}', {"b": "xy", "a": 1}),
        ('f{b:<|"xy<|"}', {"b": "xy"}),
        ('f{b:<|"|>say <|"x<|" so<|"|>,a:1}', {"b": 'say <|"x<|" so', "a": 1}),
    ],
)
def test_a_half_of_the_marker_of_strings_is_one_where_a_string_begins_or_ends(body: str, expected: dict[str, Any]) -> None:
    before, behind, _ = BARE["gemma4"]
    message = read("gemma4", before + body + behind)
    assert (message.content, calls(message)) == (None, [("f", expected)])
    assert kinds(message) == (REPAIRED if "say" not in body else set())


@pytest.mark.parametrize("name", sorted(BARE))
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("f{a:1}}", {"a": 1}),
        ("f{{a:1}}", {"a": 1}),
        ('f{{"a":1,"b":"x"}}', {"a": 1, "b": "x"}),
        ("f{b:QxyQQ,a:1}", {"b": "xy", "a": 1}),
        ("f{b:QQxyQ,a:1}", {"b": "xy", "a": 1}),
        ("f{b:xyQ,a:1}", {"b": "xy", "a": 1}),
        ("f{b:Qxy,a:1}", {"b": "xy", "a": 1}),
        ("f{b:“xy”，a：1}", {"b": "xy", "a": 1}),
        ("f{b:\n xy\nQ,a:1}", {"b": "\n xy\n", "a": 1}),
    ],
)
def test_a_damaged_object_with_bare_keys_is_read(name: str, body: str, expected: dict[str, Any]) -> None:
    before, behind, quote = BARE[name]
    message = read(name, before + body.replace("Q", quote) + behind)
    assert (message.content, calls(message)) == (None, [("f", expected)])
    assert kinds(message) == REPAIRED


@pytest.mark.parametrize("name", sorted(BARE))
def test_white_space_in_front_of_the_bracket_raises_nothing(name: str) -> None:
    before, behind, _ = BARE[name]
    assert calls(read(name, f"{before}f {{a:1}}{behind}")) == [("f", {"a": 1})]


@pytest.mark.parametrize("name", sorted(BARE))
@pytest.mark.parametrize("value", ["x,a:1,b", "x,a:1}", ",a:", "a, b: c", "{x}]"])
def test_structure_inside_a_string_is_data(name: str, value: str) -> None:
    before, behind, quote = BARE[name]
    assert calls(read(name, f"{before}f{{b:{quote}{value}{quote}}}{behind}")) == [("f", {"b": value})]


@pytest.mark.parametrize(
    "damaged",
    [
        f"{NS}<b><b>x{NS}</b>\n{NS}<a>1{NS}</a>",
        f"{NS}<b>x{NS}</tool>\n{NS}<a>1{NS}</a>",
        f"{NS}<b>x{NS}</b\n{NS}<a>1{NS}</a>",
        f"{NS}<b>x{NS}</b>\n{NS}{NS}<a>1{NS}</a>",
        f"{NS}<bx{NS}</b>\n{NS}<a>1{NS}</a>",
        f"{NS}< b>x{NS}</b>\n{NS}<a >1{NS}</a>",
        f"{NS}<b>x]<]MINIMAX[>[</b>\n{NS}<a>1]<]minima[>[</a>",
        f"]<]minimax[><b>x{NS}</b>\n<]minimax[>[<a>1{NS}</a>",
        f'{NS}<parameter name="b">x{NS}</parameter>\n{NS}<parameter name="a">1{NS}</parameter>',
        f"{NS}<parameter=b>x{NS}</parameter>\n{NS}<parameter=a>1{NS}</a>",
    ],
)
def test_damaged_elements_are_read(damaged: str) -> None:
    message = read("minimax_m3", f'{NS}<tool_call>\n{NS}<invoke name="f">\n{damaged}\n{NS}</invoke>\n{NS}</tool_call>')
    assert calls(message) == [("f", {"b": "x", "a": 1})]
    assert kinds(message) == REPAIRED


@pytest.mark.parametrize(
    ("damaged", "kind"),
    [
        (f"{NS}<b>x{NS}</b>\n{NS}<other>{NS}<other>1{NS}</other>", "missing_closer"),
        (f"{NS}<names>{NS}<item>x{NS}</item>{NS}<other>{NS}</names>", "missing_closer"),
        (f"{NS}<names>{NS}<item>x</tool>{NS}</names>", "missing_closer"),
        (f"{NS}<size>1 NS</size>\n{NS}<names>{NS}<item>x{NS}</item>{NS}<names>{NS}</names>", "doubtful_value"),
    ],
)
def test_elements_that_may_be_damaged_are_told(damaged: str, kind: str) -> None:
    message = read("minimax_m3", f'{NS}<tool_call>\n{NS}<invoke name="tagged">\n{damaged}\n{NS}</invoke>\n{NS}</tool_call>')
    assert (kind, "error") in kinds(message)


def test_an_element_that_is_not_closed_ends_at_the_next_parameter() -> None:
    damaged = f"{NS}<names>{NS}<item>x{NS}<item>y{NS}</item>{NS}<size>2{NS}</size>"
    message = read("minimax_m3", f'{NS}<tool_call>\n{NS}<invoke name="tagged">\n{damaged}\n{NS}</invoke>\n{NS}</tool_call>')
    assert calls(message) == [("tagged", {"names": ["x", "y"], "size": 2})]
    assert kinds(message) == {("missing_closer", "warning")}


PIECES = (
    *(
        "f(",
        "[f(",
        "a=1",
        "b='x'",
        " a=1",
        " b=x",
        '"a"=',
        "a: 1",
        "**{",
        "'b': 'x'",
        "，",
        "：",
        "＝",
        "“",
        "”",
        "（",
        "）",
        ")",
        "]",
        "}",
        "{",
        ", ",
        "`",
        "\n",
    ),
    *("获取天气(", "$top=3", "Market Trends API(", '"f"(', "f{", "a:1", ",a:1", "b:", '<|"|>', "<escape>", '<|"|', "call:f{", "x"),
    *(
        f"{NS}<a>",
        f"{NS}</a>",
        f'{NS}<parameter name="b">',
        f"{NS}</parameter>",
        f"{NS}<b>",
        f"{NS}</b>",
        NS,
        f"{NS}<b",
        f"{NS}</x>",
        f"{NS}<names>{NS}<item>",
        f"{NS}</item>",
    ),
)
FORMATS = {
    **PYTHON,
    **{name: written[:2] for name, written in BARE.items()},
    "minimax_m3": (f'{NS}<tool_call>\n{NS}<invoke name="f">', f"{NS}</invoke>\n{NS}</tool_call>"),
}


@pytest.mark.parametrize("name", sorted(FORMATS))
@given(st.data())
@settings(max_examples=25, deadline=None)
def test_every_promise_holds_on_damage(name: str, data: st.DataObject) -> None:
    before, behind = FORMATS[name]
    body = "".join(data.draw(st.lists(st.sampled_from(PIECES), max_size=10)))
    check_text(get_format(name), before + body + data.draw(st.sampled_from((behind, ""))), tools=TOOLS, prompt="")
