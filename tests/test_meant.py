"""What a model plainly meant by names, arguments and markers that it wrote in another way, in every format that can express it; and what
may have been meant otherwise is told."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
import strategies
from markup_damage import DAMAGES, PROSE, TOOLS, Call, message, turn

import toolparse
from toolparse.grammar import Reasoning
from toolparse.wire.call_names import meant_name
from toolparse.wire.spellings import spellings

FORMATS = [fmt.name for fmt in toolparse.formats() if fmt.calls]
PREPARED = toolparse.Tools(TOOLS)
CALLS: tuple[Call, ...] = (("run_query", {"sql": "select 1", "limit": 5}),)


def read(name: str, text: str, tools: object = PREPARED) -> toolparse.Message:
    """The message, which is the same whole and by character."""
    given = {"tools": tools, "prompt": "", "new_id": lambda: "id"}
    whole = strategies.in_pieces(text, name, len(text), **given)
    assert strategies.in_pieces(text, name, 1, **given) == whole, text
    assert toolparse.parse(text, name, **given) == whole, text  # type: ignore[arg-type]
    return whole


def written(name: str, calls: tuple[Call, ...] = CALLS) -> str | None:
    """A turn as the format writes it, if it can."""
    for content in (PROSE, None):
        try:
            return toolparse.render(message(calls, content), name, tools=TOOLS)
        except toolparse.CannotRender:
            continue
    return None


def calls_of(got: toolparse.Message) -> list[tuple[str, object]]:
    return [(call.name, call.value()) for call in got.tool_calls if call.complete]


def severities(got: toolparse.Message) -> set[str]:
    return {problem.severity for problem in got.problems}


NAMES = {
    "tools.run_query": "run_query",
    "functions.run_query": "run_query",
    "default_api.run_query": "run_query",
    "functions:run_query": "run_query",
    "run_query:0": "run_query",
    "RunQuery": "run_query",
    "run-query": "run_query",
    "RUN_QUERY": "run_query",
    "functions.runQuery():12": "run_query",
    "run_queries": "",
    "my.run_query": "",
    "run": "",
    "": "",
    "…": "",
}


@pytest.mark.parametrize(("text", "meant"), NAMES.items())
def test_a_name_is_a_declared_one_but_for_case_signs_and_name_spaces(text: str, meant: str) -> None:
    assert meant_name(text, ("run_query", "list_ports")) == meant


def test_a_name_that_two_tools_may_be_is_neither_unless_it_is_one_to_the_letter() -> None:
    assert meant_name("GetTime", ("get_time", "getTime")) == ""
    assert meant_name("tools.getTime", ("get_time", "getTime")) == "getTime"


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("kind", [kind for kind in DAMAGES if "the name: `" in kind])
def test_names_in_another_spelling_are_read_or_told_in_every_format(name: str, kind: str) -> None:
    text = written(name)
    for damaged in DAMAGES[kind](turn(text, CALLS, 0)) if text is not None else ():
        got = read(name, damaged.text)
        assert (calls_of(got) == list(CALLS) and got.problems) or "error" in severities(got), damaged.text


def test_a_name_that_nobody_declares_stays_what_it_is() -> None:
    got = read("hermes", '<tool_call>\n{"name": "RunQueries", "arguments": {}}\n</tool_call>')
    assert [(call.name, problem.kind) for call, problem in zip(got.tool_calls, got.problems, strict=True)] == [
        ("RunQueries", "unknown_tool")
    ]


ENVELOPES = [
    '{"arguments": %s}',
    '{"parameters": %s}',
    '{"kwargs": %s}',
    '{"type": "object", "properties": %s}',
    '{"name": "run_query", "args": %s}',
]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("envelope", ENVELOPES)
def test_arguments_in_an_object_of_their_own_are_taken_out_in_every_format_with_json(name: str, envelope: str) -> None:
    text, given = written(name), json.dumps(CALLS[0][1])
    if text is None or text.count(given) != 1:
        return
    got = read(name, text.replace(given, envelope % given))
    assert calls_of(got) == list(CALLS)
    assert severities(got) == {"warning"}


@pytest.mark.parametrize("name", ["cohere_command", "hermes", "llama3_json", "mistral"])
def test_that_holds_under_another_spelling_of_the_name_too(name: str) -> None:
    text, given = written(name), json.dumps(CALLS[0][1])
    assert text is not None
    got = read(name, text.replace(given, f'{{"arguments": {given}}}').replace('"run_query"', '"tools.RunQuery"'))
    assert calls_of(got) == list(CALLS)


@pytest.mark.parametrize("token", ["<|tool_call_end|>", "<||tool_call_end||>", "<| tool_call_end |>"])
def test_a_special_token_of_any_name_may_stand_for_a_values_closer(token: str) -> None:
    text = written("qwen3_coder")
    assert text is not None
    got = read("qwen3_coder", text.replace("</parameter>", token, 1))
    assert calls_of(got) == list(CALLS)
    assert severities(got) == {"warning"}


def test_a_parameter_of_that_name_is_one() -> None:
    schema = {"type": "object", "properties": {"args": {"type": "object"}, "cwd": {"type": "string"}}}
    tools = [{"type": "function", "function": {"name": "run", "parameters": schema}}]
    text = '<tool_call>\n{"name": "run", "arguments": {"args": {"cwd": "/"}}}\n</tool_call>'
    got = read("hermes", text, tools)
    assert (calls_of(got), got.problems) == ([("run", {"args": {"cwd": "/"}})], [])


def test_nothing_is_taken_out_where_no_tool_is_known() -> None:
    got = read("hermes", '<tool_call>\n{"name": "run", "arguments": {"args": {"cwd": "/"}}}\n</tool_call>', None)
    assert calls_of(got) == [("run", {"args": {"cwd": "/"}})]


SIGNS = ("\u00ad", "\u200b", "\u200f", "\u2060", "\ufeff", "\ufffd")
VALUES = [
    ("deepseek_v32", "</｜DSML｜parameter>"),
    ("dots", "</parameter>"),
    ("glm45", "</arg_value>"),
    ("minicpm5", "</param>"),
    ("qwen3_coder", "</parameter>"),
]


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize(("name", "closer"), VALUES)
def test_a_values_closer_with_a_sign_in_it_that_nobody_sees_is_one(name: str, closer: str, sign: str) -> None:
    text = written(name)
    assert text is not None
    for at in range(3, len(closer) - 1):
        got = read(name, text.replace(closer, closer[:at] + sign + closer[at:], 1))
        assert calls_of(got) == list(CALLS) or "error" in severities(got), at
        assert len(got.tool_calls) == 1


@pytest.mark.parametrize(("name", "closer"), VALUES)
def test_half_a_closer_in_front_of_the_whole_one_is_no_part_of_the_value(name: str, closer: str) -> None:
    text = written(name)
    assert text is not None
    for at in range(3, len(closer)):
        got = read(name, text.replace(closer, closer[:at] + closer, 1))
        assert calls_of(got) == list(CALLS) or "error" in severities(got), at


def test_a_tag_of_another_name_in_front_of_a_closer_is_data() -> None:
    text = written("dots", (("run_query", {"sql": "<p>a</p>"}),))
    assert text is not None
    got = read("dots", text)
    assert (calls_of(got), got.problems) == ([("run_query", {"sql": "<p>a</p>"})], [])


TOLD = [
    # the arguments stand behind the call
    ("gigachat3", 'function call<|role_sep|>\n{"name": "run_query"}\n{"arguments": {"sql": "select 1"}}'),
    ("granite_20b_fc", '<function_call> {"name": "run_query"}\n{"sql": "select 1"}'),
    ("hermes", '<tool_call>\n{"name": "run_query"}\n{"sql": "select 1"}\n</tool_call>'),
    ("hermes", '<tool_call>\n{"name": "run_query"}\n{"arguments": {"sql": "select 1"}}\n</ tool_call>'),
    ("minimax_m1", '<tool_calls>\n{"name": "run_query"}\n{"sql": "select 1"}\n{"name": "list_ports", "arguments": {}}\n</tool_calls>'),
    ("pythonic", '[run_query()(sql="select 1")]'),
    # a value without its own closer holds one that closes nothing in it
    ("kimi_k3", '<|open|>tools<|sep|><|open|>call tool="run_query"<|sep|><|open|>argument key="sql" type="string"<|sep|>select 1'
     "</function_call><|tool_call_end|><|close|>tools<|sep|>"),
    ("k2_horizon", "<ifm|tool_calls>\n<ifm|tool_call>run_query\n<ifm|arg_key>sql</ifm|arg_key>\n<ifm|arg_value>select 1</ifm||arg_value>\n"
     "</function_call>\n</ifm|tool_calls>"),
    # the call's closer stands in a value, and not behind it
    ("deepseek_v32", '<｜DSML｜function_calls>\n<｜DSML｜invoke name="run_query">\n<｜DSML｜parameter name="sql" string="true">select 1'
     "</｜DSML｜invoke>\n</｜DSML｜parameter>\n</｜DSML｜function_calls></｜DSML｜function_calls>"),
    # the last marker of an opener is missing in front of a value, and stands in it
    ("glm45", "<tool_call>run_query\n<arg_key>sql</arg_key>\nso\n</arg_key>\n<arg_value>select 1</arg_value>\n</tool_call>"),
    # blanks around the markup and the value
    ("qwen3_coder", "<tool_call>\n <function=run_query>\n    <parameter=sql>\n    select 1\n    </parameter>\n  </function>\n</tool_call>"),
    ("glm45", "<tool_call>run_query\n<arg_key> sql </arg_key> \n<arg_value> select 1 </arg_value>\n</tool_call>"),
    # no comma and no colon
    ("hermes", '<tool_call>\n{"name": "write_file", "arguments": {"path": "a.py" "text" "x"}}\n</tool_call>'),
    # a header that never ends, with a body
    ("harmony", "<|channel|>commentary to=functions.list_ports <|constrain|>json|mess>{}<|cal|>"),
    # all of it escaped
    ("hermes", '\\u003ctool_call\\u003e\n{"name": "run_query", "arguments": {"sql": "select 1"}}\n\\u003c/tool_call\\u003e'),
    ("qwen3_coder", "\\<tool_call\\>\n\\<function=run_query\\>\n\\<parameter=sql\\>\nselect 1\n\\</parameter\\>\n\\</function\\>"),
    # carriage returns around the name
    ("deepseek_v3", "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>\r\nSo it is.\r\nfunction<｜tool▁sep｜>run_query\r\n```json\r\n"
     '{"sql": "select 1"}\r\n```<｜tool▁call▁end｜>'),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text"), TOLD)
def test_what_may_be_meant_otherwise_is_told(name: str, text: str) -> None:
    assert "error" in severities(read(name, text))


@pytest.mark.parametrize("name", [name for name, _ in VALUES if name != "qwen3_coder"])
def test_an_opener_that_stands_again_on_the_next_line_is_framing(name: str) -> None:
    text = written(name)
    assert text is not None
    openers = re.findall(r"<arg_value>|<[^<>]*param[^<>]*>", text.replace("</", "<\x00"))
    for opener in openers[:1]:
        got = read(name, text.replace(opener, f"{opener}\n{opener}", 1))
        assert calls_of(got) == list(CALLS) or "error" in severities(got)


VERBATIM = [
    ("seed_oss", "<seed:tool_call>\n<function=write_file>\n<parameter=path>a \\n</parameter>\n</function>\n</seed:tool_call>", "a \\n"),
    ("seed_oss", "<seed:tool_call>\n<function=write_file>\n<parameter=path>\\na</parameter>\n</function>\n</seed:tool_call>", "\\na"),
    ("qwen3_coder", "<tool_call>\n<function=write_file>\n<parameter=path>a \\n</parameter>\n</function>\n</tool_call>", "a \\n"),
    ("gemma4", "<|tool_call>call:write_file{path:at 10:00, 11:00 or later}<tool_call|>", "at 10:00, 11:00 or later"),
    ("pythonic", '[write_file(path=("a"))]', "a"),
    ("pythonic", '[write_file(path=(("a, (b)")))]', "a, (b)"),
    ("pythonic", "[write_file(path=[(1), (2, 3), (4,), ()])]", [1, [2, 3], [4], []]),
]


@pytest.mark.parametrize(("name", "text", "path"), VERBATIM)
def test_a_value_that_reads_like_more_is_one(name: str, text: str, path: object) -> None:
    got = read(name, text)
    assert (calls_of(got), got.problems) == ([("write_file", {"path": path})], [])


def test_in_open_reasoning_a_call_counts_if_its_tool_is_declared() -> None:
    quoted = "<think>\nAs in {}\n</think>\n\nFine."
    for name, call in ((name, written(name)) for name in ("hermes", "qwen3_coder", "glm45", "minimax_m2")):
        assert call is not None
        call = call.removeprefix("Let me look.")
        counts, example = quoted.format(call), quoted.format(call.replace("run_query", "example"))
        assert calls_of(read(name, counts)) == list(CALLS)
        found = read(name, example)
        assert (found.content, found.tool_calls, found.problems) == ("Fine.", [], [])
        assert found.reasoning == example.split("</think>")[0].removeprefix("<think>").strip()
        assert [made.name for made in read(name, example, None).tool_calls] == ["example"]
        end = toolparse.parse(example, name, tools=PREPARED, prompt="", calls_in_reasoning="end")
        assert [made.name for made in end.tool_calls] == ["example"]


def test_blanks_in_front_of_a_value_alone_are_data() -> None:
    text = "<tool_call>\n<function=write_file>\n<parameter=path>\n  a\n</parameter>\n</function>\n</tool_call>"
    got = read("qwen3_coder", text)
    assert (calls_of(got), got.problems) == ([("write_file", {"path": "  a"})], [])


@pytest.mark.parametrize("max_held", range(6))
@pytest.mark.parametrize("name", ["hermes", "pythonic", "lfm2", "react", "mistral"])
def test_a_small_limit_of_what_is_held_is_the_same_for_every_chunking(name: str, max_held: int) -> None:
    calls: tuple[Call, ...] = (("set_price", {"amount": 12.5, "count": -3, "dry": True}),)
    text = written(name, calls)
    assert text is not None
    given = {"tools": PREPARED, "prompt": "", "new_id": lambda: "id", "max_held": max_held}
    whole = strategies.in_pieces(text, name, len(text), **given)
    for size in (1, 3):
        assert strategies.in_pieces(text, name, size, **given) == whole


REASONING = [(fmt.name, pair) for fmt in toolparse.formats() for pair in fmt.reasoning if fmt.channels is None and fmt.regions is None]


@pytest.mark.parametrize(("name", "pair"), REASONING, ids=str)
def test_markers_of_reasoning_that_stand_again_are_framing(name: str, pair: Reasoning) -> None:
    opener, closer = spellings(pair.open)[0].strip(), spellings(pair.close)[0].strip()
    found = read(name, f"{opener}\n{opener}\nLet me see.\n{closer}{closer}\n\n{closer}\n\nFine.", None)
    assert (found.reasoning, found.content) == ("Let me see.", "Fine.")


OPENED = re.compile(r"<(?P<tag>[\w:｜]*(?:param(?:eter)?|function|invoke))(?P<told>=\w+| name=\"\w+\")(?P<more>[^<>]*)>")


def in_closers(text: str) -> str:
    """The text with what stands in a tag in its closer, too."""
    for opened in reversed(list(OPENED.finditer(text))):
        at = text.find(closer := f"</{opened['tag']}>", opened.end())
        text = text[: max(at, 0)] + text[max(at, 0) :].replace(closer, f"</{opened['tag']}{opened['told']}>", 1)
    return text


@pytest.mark.parametrize("change", [in_closers, lambda text: OPENED.sub(r'<\g<tag>\g<told>\g<more> type="string">', text)])
@pytest.mark.parametrize("name", [name for name in FORMATS if OPENED.search(written(name) or "")])
def test_attributes_in_closers_and_further_ones_in_openers_are_framing(name: str, change: Callable[[str], str]) -> None:
    text = written(name)
    assert text is not None
    found = read(name, change(text))
    assert [(call.name, call.value(), call.complete) for call in found.tool_calls] == [(*CALLS[0], True)]
    assert found.problems


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("hermes", '{r}<tool_call>\n</think>\n{{"name": "run_query", "arguments": {{"sql": "a"}}}}\n</tool_call>'),
        ("qwen3_coder", "{r}<tool_call>\n</think>\n<function=run_query>\n<parameter=sql>\na\n</parameter>\n</function>\n</tool_call>"),
        (
            "kimi_k2",
            "{r}<|tool_calls_section_begin|></think><|tool_call_begin|>functions.run_query:0<|tool_call_argument_begin|>"
            '{{"sql": "a"}}<|tool_call_end|><|tool_calls_section_end|>',
        ),
    ],
)
def test_an_opener_in_front_of_the_end_of_reasoning_is_framing(name: str, text: str) -> None:
    found = read(name, text.format(r="<think>I read.\n"))
    assert (found.reasoning, found.content) == ("I read.", None)
    assert calls_of(found) == [("run_query", {"sql": "a"})]
    assert severities(found) == {"warning"}
    mention = read(name, "<think>A <tool_call> opens one.</think>Fine.")
    assert mention.reasoning == "A <tool_call> opens one."
