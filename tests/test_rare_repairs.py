"""What models seldom write, and what limits make of long and deep values: read the same however it is cut, with all promises kept."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolparse import Parser, get_format, parse
from toolparse.testing import check_chunkings, check_text, read


def tool(name: str, **properties: object) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": properties}}}


STRING, OBJECT = {"type": "string"}, {"type": "object"}
NUMBERS = {"type": "array", "items": {"type": "integer"}}
TOOLS = [tool("f", a=STRING, b=NUMBERS, c=OBJECT, n={"type": "integer"}), tool("g", args=OBJECT, q=STRING)]
JSON = "<tool_call>\n%s\n</tool_call>"
ARGUMENTS = JSON % '{"name": "f", "arguments": %s}'
NAMED = "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>f<｜tool▁sep｜>%s<｜tool▁call▁end｜><｜tool▁calls▁end｜>"
PYTHON = "<|python_start|>[f(%s)]<|python_end|>"
BARE = "<|tool_call>call:f{%s}<tool_call|>"
ELEMENTS = '[<tool_call>[<invoke name="f">%s[</invoke>[</tool_call>'  # each [ stands for the marker
CASES = [
    ("hermes", {}, ARGUMENTS % '"{\\"a\\": \\"x"', ['{"a": "x"}'], "missing_closer"),
    ("hermes", {}, ARGUMENTS % '"{\\"a\\": \\"x\\"} and more"', ['{"a": "x"} …'], "dropped_text!"),
    ("hermes", {}, ARGUMENTS % '"{\\"a\\": \\"\\\\ud83d"', ['{"a": "\\ud83d"}'], "missing_closer"),
    ("hermes", {}, ARGUMENTS % '{"c": ｛"x": 1｝}', ['{"c": {"x": 1}}'], ""),
    ("hermes", {"max_held": 4}, ARGUMENTS % '{"a": abcdefgh"i[j, "n": 1}', [], "not_a_call!"),
    ("hermes", {}, ARGUMENTS % '{"n": 5 // five\n}', ['{"n": 5\n}'], "comment"),
    ("hermes", {}, ARGUMENTS % '{"a": x\\q"}', ['{"a": "x\\\\q\\""}'], "unquoted_string"),
    ("hermes", {}, ARGUMENTS % '{"a\\q": 1}', ['{"a\\\\q": 1}'], "escape"),
    ("hermes", {}, ARGUMENTS % '{"a": 1}, "na\\qme": "f"', ['{"a": 1}'], "escape dropped_text!"),
    ("hermes", {}, JSON % '{"name": "f", "name": "f", "arguments": {}}', ["{}"], "repeated_key"),
    ("hermes", {}, JSON % '{"name": "g", "args": {"q": "x"}}', ['{"q": "x"}'], "repaired_markup"),
    ("hermes", {}, JSON % '{"name": "g", "args": {"z": 1}}', ['{"args":{"z": 1}}'], "repaired_markup"),
    ("hermes", {}, JSON % '{"name": "f", "n": 1', ['{"n": 1}'], "repaired_markup missing_closer"),
    ("hermes", {}, JSON % '{"name=f", "arguments": {}}', ["{}"], "repaired_markup"),
    ("hermes", {}, JSON % '{"name=f": 1, "arguments": {}}', [], "not_a_call!"),
    ("hermes", {}, ARGUMENTS % '{"a": \\"x\\\\y\\"}', ['{"a": "x\\\\y"}'], "escape"),
    ("deepseek_v31", {}, NAMED % '{"a": "x", "name": "f"}', ['{"a": "x", "name": "f"}'], ""),
    ("deepseek_v31", {}, NAMED % '{"name": "f", "arguments": {"n": 1}, "id": "x", "type": "function"}', ['{"n": 1}'], "repaired_markup"),
    ("llama4_pythonic", {}, PYTHON % "a='x',,n=1", ['{"a": "x\',,n=1)]<|python_end|> …'], "unescaped_quote"),
    ("llama4_pythonic", {}, PYTHON % "a=,n=1", ['{"a": null, "n": 1}'], "missing_value"),
    ("llama4_pythonic", {}, PYTHON % "c={'x': (}, n=1", ['{"c": {"x": []}, "n": 1}'], "missing_closer"),
    ("llama4_pythonic", {}, PYTHON % "a='\\101\\7 \\x41'", ['{"a": "A\\u0007 A"}'], ""),
    (
        "llama4_pythonic",
        {"max_held": 8},
        PYTHON % "c={'a long key of it': 1, 'b': 2}",
        ['{"c": ["a long key of it", "b"]}'],
        "dropped_text! dropped_text!",
    ),
    ("llama4_pythonic", {"max_held": 8}, PYTHON % "c={'an element', 'b'}", ['{"c": ["an element", "b"]}'], ""),
    ("llama4_pythonic", {"max_held": 8}, PYTHON % "a=abcdefghijkl", ['{"a": "abcdefghijkl"}'], "too_long"),
    ("llama4_pythonic", {"max_depth": 2}, PYTHON % "c={'x': {'y': {'z': 1}}}", ['{"c": {"x": {"y": "{\'z\': 1}"}}}'], "no_literal"),
    ("llama4_pythonic", {}, PYTHON % "**{'a': 'x'", ['{"a": "x"}'], "repaired_markup missing_closer"),
    ("llama4_pythonic", {}, PYTHON % "{'z': 1}", ["{}"], "positional_argument!"),
    ("llama4_pythonic", {}, PYTHON % "a=x，n=1", ['{"a": "x", "n": 1}'], "no_literal repaired_markup"),
    ("llama4_pythonic", {}, PYTHON % "a=x）", ['{"a": "x）"}'], "no_literal"),
    ("llama4_pythonic", {}, PYTHON % "a='x'))", ['{"a": "x"}'], "repaired_markup"),
    ("llama4_pythonic", {}, "<|python_start|>[f(b=[1, 2<|python_end|>", ['{"b": [1, 2]}'], "missing_closer"),
    ("llama4_pythonic", {}, "<|python_start|>[f(a='x']\n<|python_end|>", ['{"a": "x"}'], "repaired_markup"),
    ("gemma4", {}, BARE % "b:[1,2,c:{x:1}", ['{"b": [1, 2, "c:{x:1"]}'], "wrong_type missing_closer repaired_markup"),
    ("gemma4", {}, BARE % "c:{x:[1,2}", ['{"c": {"x": [1, 2]}}'], "missing_closer"),
    ("gemma4", {}, BARE % 'a:<|"|x<|"|>', ['{"a": "x"}'], "repaired_markup"),
    ("gemma4", {"max_depth": 2}, BARE % 'c:{x:{y:[1,<|"|>}<|"|>]}},n:1', ['{"c": {"x": "{y:[1,<|\\"|>}<|\\"|>]}"}, "n": 1}'], "too_deep"),
    ("gemma4", {"max_depth": 2}, BARE % "c:{x:{y:[1", ['{"c": {"x": "{y:[1}"}}'], "too_deep missing_closer"),
    ("gemma4", {"max_held": 8}, BARE % 'n:abcdefghijkl,a:<|"|>x<|"|>', ['{"n": "abcdefghijkl", "a": "x"}'], "too_long"),
    ("gemma4", {}, BARE % 'a:"it\\\'s \\q \\u00e9"', ['{"a": "it\'s \\\\q \\u00e9"}'], ""),
    (
        "minimax_m3",
        {"max_depth": 2},
        ELEMENTS % "[<c>[<x>[<y>1[</y>[</x>[</c>",
        ['{"c": {"x": "]<]minimax[>[<y>1]<]minimax[>[</y>"}}'],
        "too_deep",
    ),
    ("minimax_m3", {"max_held": 8}, ELEMENTS % "[<n>1234567890123[</n>", ['{"n": "1234567890123"}'], "too_long"),
    ("minimax_m3", {"max_held": 8}, ELEMENTS % "[<b>1, 2, 3, 4, 5, 6[</b>", ['{"b": ["1, 2, 3, 4, 5, 6"]}'], "too_long"),
    ("minimax_m3", {}, ELEMENTS % "[<b>null[</b>", ['{"b": ["null"]}'], "wrong_type"),
    ("minimax_m3", {}, ELEMENTS % "[<b>x[</b>", ['{"b": ["x"]}'], "wrong_type"),
    ("minimax_m3", {}, ELEMENTS % "[<c></b>x[</c>", ['{"c": "</b>x"}'], "wrong_type!"),
    ("minimax_m3", {"max_held": 8}, ELEMENTS % "[1234567890123[</n>", ["{}"], "too_long dropped_text"),
    ("minimax_m3", {}, ELEMENTS % "[text [<x>1[</x>[</c>", ['{"x": 1}'], "dropped_text! repaired_markup!"),
    (
        "kimi_k2",
        {},
        '<|tool_calls_section_begin|><|tool_call_begin|>:0<|tool_call_argument_begin|>{"zz": 1}<|tool_call_end|><|tool_calls_section_end|>',
        ['{"zz": 1}'],
        "unknown_tool",
    ),
    ("apertus", {}, '<|tools_prefix|>[{"": {"a": 1}}, {"f": {"a": "x"}}]<|tools_suffix|>', [], "not_a_call!"),
    ("apertus", {}, '<|tools_prefix|>[{"f": {"a": "x"}}, {"": {"a": 1}}]<|tools_suffix|>', ['{"a": "x"}'], "no_name dropped_text!"),
]
"""A format, options, a text; the arguments of its calls, with a … behind those of a call that is not complete; and the problems, with a !
behind what is an error."""


def marked(name: str, text: str) -> str:
    return text.replace("[", "]<]minimax[>[") if name == "minimax_m3" else text


@pytest.mark.parametrize(("name", "options", "text", "arguments", "problems"), CASES)
def test_rare_repairs(name: str, options: dict[str, Any], text: str, arguments: list[str], problems: str) -> None:
    text = marked(name, text)
    message = parse(text, name, tools=TOOLS, prompt="", **options)
    assert [call.arguments + ("" if call.complete else " …") for call in message.tool_calls] == arguments
    assert " ".join(problem.kind + ("!" if problem.severity == "error" else "") for problem in message.problems) == problems
    check_text(get_format(name), text, tools=TOOLS, prompt="", **options)


@pytest.mark.parametrize("value", ["x😀y", "\\ud83d", "\\\\😀", "\ud83d"])
def test_pairs_that_were_escaped_twice_may_be_cut_anywhere(value: str) -> None:
    """`json.dumps` of JSON text that has escapes: a piece that ended between the halves of a pair was no JSON to the reader."""
    text = ARGUMENTS % json.dumps(json.dumps({"a": value}))
    expected = read(Parser("hermes", prompt=""), [text])
    cuts = [[text[:start], text[start:end], text[end:]] for start in (20, 50, 56) for end in range(start, len(text))]
    check_chunkings(lambda: Parser("hermes", prompt=""), text, expected, cuts)
    assert parse(text, "hermes", prompt="").tool_calls[0].value() == {"a": value}


PIECES = [
    *'{}[],:"',
    '\\"',
    "\\\\",
    "\\",
    "u",
    "\\ud83d",
    "\\ude00",
    "😀",
    "a",
    "1",
    "true",
    "\n",
    " ",
    '\\"a\\":',
    '\\\\\\"',
    '"a":',
    "'",
    "“",
]


@pytest.mark.parametrize("text", [ARGUMENTS, JSON % '{"arguments": %s, "name": "f"}', NAMED])
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_every_promise_holds_for_arguments_in_a_string(text: str, data: st.DataObject) -> None:
    """An object in a string that was not closed was written twice from where it had been read to, and a cut one said more in one piece."""
    inside = "".join(data.draw(st.lists(st.sampled_from(PIECES), max_size=10)))
    before, behind = text.split("%s")
    name = "hermes" if text != NAMED else "deepseek_v31"
    end = data.draw(st.sampled_from(('"' + behind, '}"' + behind, behind, "")))
    check_text(get_format(name), before + '"{' + inside + end, tools=TOOLS, prompt="")
