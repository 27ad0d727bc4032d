"""Response templates: the vectors, what a broken template says, the promises on any text, and what streams."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from typing import Any

import effort
import pytest
import strategies
from effort import examples
from hypothesis import given
from hypothesis import strategies as st
from test_spans import places
from test_spans import read as located

from toolparse import CallArguments, CallEnd, CallStart, Content, Message, Parser, Problem, Reasoning, TextPart, ToolCall, parse
from toolparse.grammar import Envelope, Header
from toolparse.message import folded
from toolparse.templates.response_template import InvalidTemplate, from_response_template
from toolparse.testing import (
    check_arguments,
    check_chunkings,
    check_held,
    check_linear,
    check_result,
    check_well_formed,
    chunkings,
    cut,
    mutate,
    read,
    read_vectors,
)

CASES = {case["id"].partition("/")[2]: case for case in read_vectors(strategies.VECTORS / "response_template.jsonl")}
FORMATS = {name: from_response_template(case["response_template"]) for name, case in CASES.items()}


def check_promises(name: str, text: str, pieces: list[str] | None = None, **options: Any) -> None:
    """No exception, well-formed events, valid arguments, the same events in any pieces."""

    def new() -> Parser:
        return Parser(FORMATS[name], **options)

    events = read(new(), [text])
    check_well_formed(events, text)
    check_arguments(events, text)
    check_chunkings(new, text, events, [*chunkings(text), *([pieces] if pieces else [])])
    if not options.get("prompt"):
        check_held(new, text)
    check_places(name, text, pieces or list(text), **options)


def check_places(name: str, text: str, pieces: list[str], **options: Any) -> None:
    """Everything has its place, the same in any pieces; what was said stands there, but for what a template makes of it."""
    options["new_id"] = lambda: "id"
    found = located(FORMATS[name], [text], **options)
    assert places(located(FORMATS[name], pieces, **options)) == places(found), text
    plain, end = Parser(FORMATS[name], **options), 0
    assert folded((*plain.feed(text), *plain.finish())) == found
    for span in found.spans:
        assert end <= span.start < span.end <= len(text), (span, text)
        end = span.end
    fields = CASES[name]["response_template"]["fields"]
    given = CASES[name]["response_template"].get("defaults", {})
    as_it_stands = {"content", "thinking", "reasoning_content"} & fields.keys()
    as_it_stands = {key for key in as_it_stands if not {"content", "transform", "join"} & fields[key].keys() and key not in given}
    end = 0
    for at, part in enumerate(found.parts):
        assert part.span is not None
        assert end <= part.span[0] <= part.span[1] <= len(text), (part, part.span, text)
        end = part.span[1]
        mine = [span for span in found.spans if span.part == at]
        assert all(part.span[0] <= span.start and span.end <= part.span[1] for span in mine), (part, mine, text)
        if isinstance(part, ToolCall):
            assert {span.field for span in mine} <= {"name", "arguments"}
            if part.name_span is not None:
                assert text[slice(*part.name_span)] == part.name or "\\" in text
            continue
        kind = "content" if isinstance(part, TextPart) else "reasoning"
        assert {span.field for span in mine} <= {kind}
        if not options.get("prompt") and (as_it_stands & {"content"} if kind == "content" else as_it_stands - {"content"}):
            said = "".join(text[span.start : span.end] for span in mine)
            assert "".join(said.split()) == "".join(part.text.split()), (part, said, text)


def template(**fields: dict[str, Any]) -> dict[str, Any]:
    return {"start_anchor": "<a>", "fields": fields or {"content": {}}}


def message(text: str, given: dict[str, Any], **options: Any) -> Message:
    return parse(text, from_response_template(given), **options)


WHOLE = {"type": "function", "function": "{content}"}
CALLS = {"open": "<c>", "close": "</c>", "content": "json", "repeats": True, "transform": WHOLE}
NAMED = {"type": "function", "function": {"name": "{name}", "arguments": "{content}"}}
TAGS = {
    "open_pattern": r"<f=(?P<name>\w+)>",
    "close": "</f>",
    "content": "xml-inline",
    "content_args": {"tag_pattern": r"<p=(?P<key>\w+)>(?P<value>.*?)</p>"},
    "repeats": True,
    "transform": NAMED,
}
CALL = '<c>{"name": "f", "arguments": {"a": "x"}}</c>'


# -- vectors ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
def test_vector(name: str) -> None:
    case = CASES[name]
    options = {"tools": case["tools"] or None, "prompt": case["prefill"]}
    check_result(case["expect"], read(Parser(FORMATS[name], **options), [case["text"]]))
    check_promises(name, case["text"], **options)


# -- the promises on any text ----------------------------------------------------------------------------------------------------


def words(name: str) -> list[str]:
    """Delimiters of a template, as far as they are fixed, and what may stand between them."""
    fields = CASES[name]["response_template"]["fields"].values()
    given = [field[key] for field in fields for key in ("open", "close", "open_pattern", "close_pattern") if key in field]
    literals = [text for texts in given for text in ([texts] if isinstance(texts, str) else texts)]
    unescaped = [text.replace("\\s*", "\n").replace("\\", "") for text in literals]
    pieces = ('{"name": "get", "arguments": {"b": "7"}}', '{"a": "x', " ", "\n\n", "é", "\u3000", "null", *'"{}[],:x<\\')
    return [*unescaped, *pieces]


@examples(60, 2000)
@given(data=st.data())
def test_pieces_never_matter(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(CASES)))
    source = random.Random(data.draw(st.integers(0, 2**32)))
    text = "".join(data.draw(st.lists(st.sampled_from(words(name)), max_size=8)))
    if data.draw(st.booleans()):
        text = mutate(CASES[name]["text"], words(name), source)
    options: dict[str, Any] = {"tools": data.draw(st.sampled_from((None, strategies.TOOLS))), "prompt": ""}
    policies = ({}, {"parallel_tool_calls": False}, {"unknown_tools": "content"}, {"unknown_tools": "drop"})
    limits = ({}, {"max_held": 12}, {"tool_choice": "none"}, {"tool_choice": "required"})
    options |= data.draw(st.sampled_from(policies)) | data.draw(st.sampled_from(limits))
    check_promises(name, text, cut(text, source), **options)


SHAPES = ("json-tags-reasoning-two-calls", "xml-inline-schema-typing", "joined-blocks-and-dotted-placeholder")


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("unit", [" ", "x", "<tool_call>", '<tool_call>\n{"a": "', "<parameter=a>", "<|message_model|>"])
def test_the_work_is_linear(name: str, unit: str) -> None:
    check_linear(lambda: Parser(FORMATS[name], tools=strategies.TOOLS, prompt=""), "", unit)


@pytest.mark.parametrize("name", sorted(CASES))
@pytest.mark.parametrize("unit", [" ", "x", '<tool_call>{"a": "'])
def test_what_is_held_is_bounded(name: str, unit: str) -> None:
    parser = Parser(FORMATS[name], prompt="", max_held=1000)
    held = []
    length, size = (4000, 4) if effort.THOROUGH else (2400, 40)
    for _ in range(length // len(unit) // size):
        parser.feed(unit * size)
        held.append(parser.held)
    assert max(held) <= 1000 + 1024 + 200


def test_ten_thousand_levels_are_no_error() -> None:
    deep = "[" * 10_000
    begun = ("", '<tool_call>{"name": "f", "arguments": {"a": ', "[TOOL_CALLS]f[ARGS]", "[T]", "[C]", "<c>call:f{a:")
    for name in CASES:
        for text in (before + deep for before in begun):
            events = read(Parser(FORMATS[name], tools=strategies.TOOLS), [text])
            check_well_formed(events, text)
            check_arguments(events, text)


# -- what streams ----------------------------------------------------------------------------------------------------------------


def before_the_end(given: dict[str, Any], text: str, **options: Any) -> str:
    """The arguments that are out when the text has arrived, in pieces of three characters, and the output goes on."""
    parser = Parser(from_response_template(given), **options)
    events = [event for at in range(0, len(text), 3) for event in parser.feed(text[at : at + 3])]
    assert any(isinstance(event, CallStart) for event in events)
    return "".join(event.text for event in events if isinstance(event, CallArguments))


def test_json_streams() -> None:
    named = {**CALLS, "open_pattern": r"<c (?P<name>\w+)>", "transform": NAMED}
    del named["open"]
    assert before_the_end(template(tool_calls=named), '<c f>{"a": "one two') == '{"a": "one two'
    assert before_the_end(template(tool_calls=CALLS), '<c>{"name": "f", "arguments": {"a": [1, "tw') == '{"a": [1, "tw'


def test_json_with_other_quotes_streams() -> None:
    lax = {**TAGS, "content": "json", "content_args": {"unquoted_keys": True, "string_delims": [["<q>", "<q>"]]}}
    assert before_the_end(template(tool_calls=lax), '<f=g>{a:<q>say "hi') == '{"a":"say \\"hi'


def test_members_of_a_list_stream() -> None:
    shape = {"function": {"name": "{tool}", "arguments": "{args}"}}
    listed = {"open": "<c>", "content": "json", "transform_each": True, "transform": shape}
    assert before_the_end(template(tool_calls=listed), '<c>[{"tool": "f", "args": {"a": "one') == '{"a": "one'


def test_values_in_tags_stream() -> None:
    assert before_the_end(template(tool_calls=TAGS), "<f=g><p=a>1</p><p=b>one two") == '{"a": "1", "b": "one two'


def test_only_what_may_be_cast_waits() -> None:
    types = {"a": "integer", "b": "string", "c": ["null", "string"], "d": ["object", "string"]}
    properties = {key: {"type": kind} for key, kind in types.items()}
    tools = [{"name": "g", "input_schema": {"type": "object", "properties": properties}}]
    for text, out in (
        ("<f=g><p=a>12", ""),
        ("<f=g><p=b>12", '{"b": "12'),
        ("<f=g><p=c>nul", ""),
        ("<f=g><p=c>nullable", '{"c": "nullable'),
        ('<f=g><p=d>{"x": 1} text', ""),
        ("<f=g><p=d>text: {", '{"d": "text: {'),
    ):
        assert before_the_end(template(tool_calls=TAGS), text, tools=tools) == out
    text = '<c>{"name": "g", "arguments": {"b": "7", "x": "7", "a": "7'
    assert before_the_end(template(tool_calls=CALLS), text, tools=tools) == '{"b": "7", "x": "7", "a": '


def test_how_calls_are_read_follows_from_the_transform() -> None:
    def calls(**field: Any) -> object:
        return from_response_template(template(tool_calls={**CALLS, **field})).regions.fields[0].calls  # type: ignore[union-attr]

    assert calls() == Envelope(arguments=("arguments", "parameters"))
    assert calls(transform={"function": {"name": "{content.a}", "arguments": "{content.b}"}}) == Envelope(("a",), ("b",))
    assert calls(transform={"function": {"name": "f", "arguments": "{content}"}}) == Header("f", literal=True)
    for shape in ("{content}", {"function": {"name": "{content.a.b}", "arguments": "{content.c}"}}, [{"function": "{content}"}]):
        assert calls(transform=shape) is None
    assert calls(content_args={"allow_non_json": True}) is None


def test_content_and_reasoning_stream() -> None:
    parser = Parser(from_response_template(template(content={"close": "<e>"}, thinking={"open": "<t>", "close": "</t>"})))
    assert parser.feed("<t> so") == [Reasoning("so")]
    assert parser.in_reasoning
    assert parser.feed(" it") + parser.feed(" is ") == [Reasoning(" it"), Reasoning(" is")]
    assert parser.feed("</t>\nYes, ") == [Content("Yes,")]
    assert not parser.in_reasoning
    assert parser.feed("of <") == [Content(" of")]
    assert parser.held == 2
    assert parser.feed("b") + parser.feed("<e>") + parser.finish() == [Content(" <b")]


def test_a_lazy_opener_does_not_hold_the_answer() -> None:
    lazy = template(content={}, thinking={"open_pattern": "[^<]*<t>", "close": "</t>"})
    parser = Parser(from_response_template(lazy))
    out = "".join(event.text for _ in range(800) for event in parser.feed("word ") if isinstance(event, Content))
    assert len(out) > 4000 - 1024
    assert message("x" * 3000 + "<t>y", lazy).reasoning == "y"


# -- what the rules say ----------------------------------------------------------------------------------------------------------


def test_a_region_that_is_no_call_is_content_with_a_problem() -> None:
    got = message(f"a <c>b</c> c {CALL} d", template(content={}, tool_calls=CALLS))
    assert got.content == "a <c>b</c> c  d"
    assert [(problem.kind, problem.position) for problem in got.problems] == [("not_a_call", 2)]
    assert [call.start for call in got.tool_calls] == [13]


def test_without_a_field_for_content_it_is_content_all_the_same() -> None:
    got = message("x<c>b</c>y", template(tool_calls=CALLS))
    assert got.content == "<c>b</c>"
    assert [problem.kind for problem in got.problems] == ["dropped_text", "not_a_call", "dropped_text"]


def test_text_outside_all_fields_is_told_unless_it_is_tags() -> None:
    fields = template(content={"open": "<r>", "close": "</r>"})
    got = message("\n<|start|> <r>x</r><|end|>\n", fields)
    assert (got.content, got.problems) == ("x", [])
    told = "text outside all fields was dropped: psst"
    assert message("psst <r>x</r>", fields).problems == [Problem("dropped_text", told, None, 0)]


def test_unknown_and_missing_fields_are_problems() -> None:
    needed = {**CALLS, "optional": False}
    got = message("<p>steps</p>x", template(content={}, plan={"open": "<p>", "close": "</p>"}, tool_calls=needed))
    assert got.content == "x"
    assert {problem.kind: problem.severity for problem in got.problems} == {"unknown_field": "warning", "missing_field": "error"}
    assert "steps" in got.problems[0].message
    assert message(f"x{CALL}", template(content={"optional": False}, tool_calls=needed)).problems == []


def test_values_that_cannot_be_read_stand_as_they_are() -> None:
    fields = template(content={"content": "float"}, thinking={"open": "<t>", "close": "</t>", "content": "bool"})
    assert (message("<t> TRUE </t> 2.50 ", fields).reasoning, message("2.50", fields).content) == ("true", "2.5")
    got = message(" much ", fields)
    assert (got.content, [problem.kind for problem in got.problems]) == ("much", ["wrong_type"])


def test_arguments_that_are_no_object() -> None:
    free = {"open": "<c>", "close": "</c>", "repeats": True, "transform": {"function": {"name": "run", "arguments": "{content}"}}}
    got = message('<c>ls -l</c><c>{"a": 1,}</c>', template(tool_calls=free))
    assert [call.arguments for call in got.tool_calls] == ['"ls -l"', '{"a": 1}']
    assert [(problem.kind, problem.index) for problem in got.problems if problem.severity == "error"] == [("not_an_object", 0)]


def test_repeated_parameters_pass_with_a_problem() -> None:
    got = message("<f=g><p=a>1</p><p=a>2</p></f>", template(tool_calls=TAGS))
    assert got.tool_calls[0].value() == {"a": "2"}
    assert [problem.kind for problem in got.problems] == ["repeated_key"]


def test_a_value_without_its_closer_ends_with_the_call() -> None:
    got = message("<f=g><p=a>1</f>x", template(content={}, tool_calls=TAGS))
    assert (got.content, got.tool_calls[0].arguments, got.tool_calls[0].complete) == ("x", '{"a": "1"}', True)
    assert [problem.kind for problem in got.problems] == ["missing_closer"]


def test_what_the_prompt_opened() -> None:
    fields = template(content={}, thinking={"open": "<t>", "close": "</t>"}, tool_calls=CALLS)
    for prompt, text, reasoning, content in (
        (None, "x", None, "x"),
        ("", "x", None, "x"),
        ("before<a>", "x", None, "x"),
        ("before<a><t>", "x</t>y", "x", "y"),
        ("<a><t>first, ", "x</t>y", "first, x", "y"),
        ("<a>old<a>Well, ", "x", None, "Well, x"),
        ("<a><t>done</t>", " x", None, "x"),
        ("no anchor, ", "x", None, "x"),
        ("no anchor <t>so ", "x</t>", "so x", None),
        ("<a><t>x</", "t>y", "x", "y"),
    ):
        got = message(text, fields, prompt=prompt)
        assert (got.reasoning, got.content) == (reasoning, content), prompt


def test_a_call_that_the_prompt_opened() -> None:
    fields = template(content={}, tool_calls=CALLS)
    for length in (6, 10, 30, 35):
        prompt, text = f"<a>{CALL[:length]}", CALL[length:]
        (call,) = message(text, fields, prompt=prompt).tool_calls
        assert (call.index, call.name, call.value(), call.start, call.end) == (0, "f", {"a": "x"}, 0, len(text) - 4)


def test_anchors_may_be_patterns() -> None:
    fields = {"start_anchor_pattern": r"<bot \d+>", "fields": {"thinking": {"open": "<t>", "close": "</t>"}, "content": {}}}
    assert message("x</t>y", fields, prompt="<bot 1><t>a</t>b<user><bot 22><t>").parts == message("<t>x</t>y", fields).parts


# -- the request -----------------------------------------------------------------------------------------------------------------


def test_policies() -> None:
    fields = template(content={}, tool_calls=CALLS)
    assert message(CALL, fields, tool_choice="none") == Message(content=CALL)
    assert message(CALL, fields, tools=strategies.TOOLS, unknown_tools="content").content == CALL
    assert message(CALL, fields, tools=strategies.TOOLS).problems[0].kind == "unknown_tool"
    assert len(message(CALL + CALL, fields, parallel_tool_calls=False).tool_calls) == 1
    fenced = f"So:\n```\n{CALL}\n```\n{CALL}"
    got = message(fenced, fields, calls_in_code="content")
    assert (got.content, len(got.tool_calls)) == (f"So:\n```\n{CALL}\n```", 1)


def test_bare_json_of_guided_decoding() -> None:
    fields = template(content={"close": "<e>"}, thinking={"open": "<t>", "close": "</t>"}, tool_calls=CALLS)
    text = '<t>x</t>\n[{"name": "f", "parameters": {"a": 1}}, {"name": "g", "parameters": {}}]<e>'
    got = message(text, fields, tool_choice="required")
    assert [(call.name, call.value()) for call in got.tool_calls] == [("f", {"a": 1}), ("g", {})]
    got = message('{"a": 1}', fields, tool_choice={"type": "function", "function": {"name": "f"}})
    assert [(call.name, call.value()) for call in got.tool_calls] == [("f", {"a": 1})]
    assert message(CALL, fields, tool_choice="required").tool_calls[0].value() == {"a": "x"}
    assert [problem.kind for problem in message("No.", fields, tool_choice="required").problems] == ["no_call"]


def test_typed_text_is_no_delimiter() -> None:
    spaced = {key: value for key, value in CALLS.items() if key != "open"} | {"open_pattern": r"\s*<c>"}
    fmt = from_response_template(template(content={}, tool_calls=spaced))
    assert fmt.special_tokens == ("<c>", "</c>")
    parser = Parser(fmt)
    events = parser.feed("see <c>", special=False) + parser.feed(CALL[:3], special=True) + parser.feed(CALL[3:-4], special=False)
    events += parser.feed("</c>", special=True) + parser.finish()
    assert "".join(event.text for event in events if isinstance(event, Content)) == "see <c>"
    assert sum(isinstance(event, CallEnd) for event in events) == 1


# -- loading ---------------------------------------------------------------------------------------------------------------------


def broken(**changes: Any) -> dict[str, Any]:
    return {"start_anchor": "<a>", "fields": {"content": {}, "tool_calls": {**CALLS, **changes}}}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ([], "an object, not list"),
        ({**template(), "version": 2}, "version 2"),
        ({**template(), "stop": "<e>"}, "unknown keys: stop"),
        ({**template(), "defaults": []}, "'defaults' must be an object"),
        ({"start_anchor": "<a>"}, "needs 'fields'"),
        ({"start_anchor": "<a>", "fields": {}}, "needs 'fields'"),
        ({"start_anchor": "<a>", "fields": {"content": "text"}}, "field 'content' must be an object"),
        ({"fields": {"content": {}}}, "needs 'start_anchor'"),
        ({**template(), "start_anchor_pattern": "a"}, "both 'start_anchor' and 'start_anchor_pattern'"),
        (template(content={}, thinking={}), "content and thinking"),
        (broken(opens="x"), "unknown keys: opens"),
        (broken(open_pattern="x"), "both 'open' and 'open_pattern'"),
        (broken(close=[]), "'close' must be a string or a list"),
        (broken(close=""), "none of them empty"),
        (broken(close=["x", ""]), "none of them empty"),
        (broken(close=7), "'close' must be a string"),
        (template(content={"close_pattern": "(x"}), "no regular expression"),
        (template(content={"close_pattern": None}), "'close_pattern' must be a string"),
        (broken(content="yaml"), "unknown content parser 'yaml'"),
        (broken(content_args=[]), "'content_args' must be an object"),
        (broken(content_args={"string_delims": [["<q>"]]}), "list of pairs"),
        (broken(content_args={"string_delims": [["<q>", ""]]}), "list of pairs"),
        (broken(repeats="yes"), "'repeats' must be true or false"),
        (template(content={"join": "x"}), "'join' needs 'repeats'"),
        (template(content={"join": 1, "repeats": True}), "'join' must be a string"),
        (broken(transform_each="no"), "'transform_each' must be true or false"),
        (template(content={"content": "json", "transform_each": True}), "needs a 'transform'"),
        (broken(transform={"name": "to {content}"}), "mixes a placeholder"),
        (broken(transform={"name": ["{nobody}"]}), "{nobody}"),
        (template(content={"close_pattern": "(?P<x>e)"}), "named groups"),
        (template(thinking={"open_pattern": "(?P<x>e)"}), "named groups"),
        (broken(content="xml-inline"), "'tag_pattern' must be a string"),
        (broken(content="xml-inline", content_args={"tag_pattern": "<(?P<key>x)>"}), "'key' and 'value'"),
        (broken(content="kv-lines", content_args={"value_parser": {"name": "date"}}), "unknown value parser 'date'"),
        (broken(content="kv-lines", content_args={"kv_sep": ""}), "must not be empty"),
        (broken(optional=1), "'optional' must be true or false"),
    ],
)
def test_a_broken_template_says_what_is_wrong(given: Any, says: str) -> None:
    with pytest.raises(InvalidTemplate) as fault:
        from_response_template(given)
    assert says in str(fault.value)


def test_what_is_no_fault() -> None:
    fields = {"content": {"content_args": {"unknown": 1}}}
    assert from_response_template({"version": 1, "start_anchor": ["<a>", "<b>"], "fields": fields}).turn == ("<a>", "<b>")
    grouped = {key: value for key, value in CALLS.items() if key != "close"} | {"close_pattern": "</(?P<end>c)>"}
    assert message(CALL, template(tool_calls=grouped)).tool_calls[0].name == "f"


def test_regex_is_imported_with_the_first_template_only() -> None:
    script = f"""
import sys, json
import toolparse
toolparse.parse('<tool_call>{{"name": "f", "arguments": {{}}}}</tool_call>', "hermes")
assert "regex" not in sys.modules
from toolparse.templates.response_template import from_response_template
assert "regex" not in sys.modules
from_response_template(json.loads({json.dumps(json.dumps(template()))}))
assert "regex" in sys.modules
"""
    subprocess.run([sys.executable, "-c", script], check=True)
