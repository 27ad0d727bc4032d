"""Promises about damaged markup, over all formats: nothing depends on the chunking, nothing is lost silently, and prose makes no call."""

from __future__ import annotations

import html
import json
import re
from functools import cache
from itertools import pairwise
from random import Random

import damage as damage_of_json
import effort
import pytest
import strategies
from hypothesis import given
from hypothesis import strategies as st
from markup_damage import TOOLS, TURNS, Damaged, Turn

import toolparse
from benchmarks.damage_table import damaged_turns, outcome, references
from toolparse.engine.other_formats import call_markers
from toolparse.grammar import Parameters
from toolparse.wire.spellings import spellings

PREPARED = toolparse.Tools(TOOLS)
FORMATS = [fmt.name for fmt in toolparse.formats() if fmt.calls]
PARAGRAPHS = 2000
WORDS = frozenset(word for calls in TURNS for call in calls for word in re.findall(r"[^\W\d_]{4,}", f"{call}"))
"""The words of names, keys and values: what a call must not lose."""


@cache
def turns(name: str) -> tuple[Turn, ...]:
    return tuple(references(name))


@cache
def damaged(name: str) -> tuple[tuple[str, Damaged], ...]:
    return tuple(damaged_turns(name, None))


def read(name: str, text: str, cuts: list[int]) -> toolparse.Message:
    parser = toolparse.Parser(name, tools=PREPARED, prompt="", new_id=lambda: "id")
    builder = toolparse.MessageBuilder()
    for start, end in pairwise([0, *cuts, len(text)]):
        for event in parser.feed(text[start:end]):
            builder.add(event)
    for event in parser.finish():
        builder.add(event)
    return builder.message


@pytest.mark.parametrize("name", FORMATS)
def test_damage_is_read_the_same_in_any_pieces(name: str) -> None:
    for kind, case in effort.some(damaged(name), 1, name, many=150):
        whole = read(name, case.text, [])
        random = Random(case.text)
        few = sorted(random.sample(range(1, len(case.text)), min(8, len(case.text) - 1)))
        for cuts in (list(range(1, len(case.text))), few):
            assert read(name, case.text, cuts) == whole, f"{kind}, cut at {cuts if cuts is few else 'every character'}: {case.text!r}"


@pytest.mark.parametrize("name", FORMATS)
def test_what_closes_in_another_way_does_not_leak(name: str) -> None:
    """Another family's closer in the place of a call's, a message's or a frame's, in front of what must follow; quotes of escaped JSON."""
    kinds = ("closer of another family", "all closers of another family", "closer of another kind: `</tool>`", "JSON escaped once more")
    for case in (case for kind, case in damaged(name) if kind in kinds):
        assert outcome(toolparse.parse(case.text, name, tools=PREPARED, prompt=""), case) != "leaked", case.text


@pytest.mark.parametrize("name", FORMATS)
def test_damage_that_leaves_no_marker_is_told(name: str) -> None:
    """Blanks around all marks, which may be the values', too; and calls of which no marker is left that is one."""
    kinds = ("blanks around all marks", "opener lost", "all escaped: `\\<tool_call\\>`", "all escaped as JSON: `\\u003ctool_call\\u003e`")
    for case in (case for kind, case in damaged(name) if kind in kinds):
        assert outcome(toolparse.parse(case.text, name, tools=PREPARED, prompt=""), case) != "silent", case.text


@pytest.mark.parametrize("between", ["", "x.", "\\u003e\\u003e", "\\>\\>"])
def test_a_call_right_behind_a_name_that_stands_in_a_line_is_told(between: str) -> None:
    text = f'Let me look.{between}list_ports\n{{}} and {between}run_query\n{{"sql": "select 1"}}'
    for cuts in ([], list(range(1, len(text)))):
        told = [problem for problem in read("functionary_v32", text, cuts).problems if problem.severity == "error"]
        assert [problem.kind for problem in told] == ["not_a_call"]
    assert not read("functionary_v32", 'The file:\nlook here\n{"sql": 1}\nand a run_query or two', []).problems


PROSE_THAT_ENDS_IN_MARKUP = (
    ("harmony", "<|channel|>final<|message|>It ends with </tool_call><|end|>", "It ends with </tool_call>"),
    ("harmony", "<|channel|>final<|message|>It ends with </div><|start|>assistant<|channel|>final<|message|>x", "It ends with </div>x"),
    (
        "harmony",
        "<|channel|>final<|message|>A </tool_call> and <|channel|> stand in it<|end|>",
        "A </tool_call> and <|channel|> stand in it",
    ),
    ("cohere_command", "<|START_RESPONSE|>It ends with </tool_call><|END_RESPONSE|>", "It ends with </tool_call>"),
    ("cohere_command", "<|START_RESPONSE|>It is a <|tool_call_end|> here<|END_RESPONSE|>", "It is a <|tool_call_end|> here"),
)


@pytest.mark.parametrize(("name", "text", "content"), PROSE_THAT_ENDS_IN_MARKUP)
def test_a_closer_of_another_family_stays_in_prose(name: str, text: str, content: str) -> None:
    for cuts in ([], list(range(1, len(text)))):
        assert read(name, text, cuts).content == content


FULL_WIDTH, SQUARE = str.maketrans("<>", "＜＞"), str.maketrans("<>", "[]")
PORTS: dict[str, object] = {}
QUERY = "<tool_call>\n<function=run_query>\n<parameter=sql>\n{}\n</function>\n</tool_call>"
CALL = '<tool_call>\n{{"name": "run_query", "arguments": {}}}\n</tool_call>'
SELECT: list[tuple[str, dict[str, object]]] = [("run_query", {"sql": "select 1"})]
READ = [
    # a closer of another kind behind the sign that stands in front of each tag
    (
        "minimax_m3",
        ']<]minimax[>[<tool_call>\n]<]minimax[>[<invoke name="run_query">\n]<]minimax[>[<sql>select 1]<]minimax[>[</sql>\n'
        "]<]minimax[>[</invoke>\n]<]minimax[>[</tool>",
        SELECT,
    ),
    # a special token of no format in the place of a value's closer, in a format whose markers are several tokens
    (
        "kimi_k3",
        '<|open|>tools<|sep|><|open|>call tool="run_query"<|sep|><|open|>argument key="sql" type="string"<|sep|>select 1<|tool_call_end|>'
        '<|open|>argument key="limit" type="number"<|sep|>5<|close|>argument<|sep|><|close|>call<|sep|><|close|>tools<|sep|>',
        [("run_query", {"sql": "select 1", "limit": 5})],
    ),
    # the closers of the tags in which the parameters are written, another format's
    (
        "qwen3_coder",
        '<function name="write_file"><param name="path">a/b</param><param name="text">x</param></function>',
        [("write_file", {"path": "a/b", "text": "x"})],
    ),
    (
        "minicpm5",
        "<function=write_file>\n<parameter=path>a/b</parameter>\n<parameter=text>x</parameter>\n</function>\n</tool_call>",
        [("write_file", {"path": "a/b", "text": "x"})],
    ),
    # white space and brackets of other kinds between the tokens
    (
        "hermes",
        '<tool_call>\n{"name":\u00a0"run_query",\u3000"arguments": {"sql": "select 1"\u00a0,\u00a0"limit": 5\ufeff}}\n</tool_call>',
        [("run_query", {"sql": "select 1", "limit": 5})],
    ),
    ("llama4_pythonic", '[run_query(sql="select 1",\u00a0limit=\u00a05)]', [("run_query", {"sql": "select 1", "limit": 5})]),
    (
        "deepseek_v31",
        '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>run_query<｜tool▁sep｜>{"limit": 5)<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
        [("run_query", {"limit": 5})],
    ),
    ("gemma4", "<|tool_call>call:run_query{limit:5]<tool_call|>", [("run_query", {"limit": 5})]),
    # closers in square brackets, the API's list of calls without a marker, a value that is no string in front of the next opener
    ("mistral", '[TOOL_CALLS]run_query[ARGS]{"sql": "select 1"}[/ARGS][/TOOL_CALLS]', SELECT),
    (
        "llama3_json",
        '```json\n{"tool_calls": [{"type": "function", "function": {"name": "run_query", "arguments": {"sql": "select 1"}}}]}\n```',
        SELECT,
    ),
    (
        "qwen3_coder",
        "<tool_call><function=run_query><parameter=limit>5<parameter=sql>select 1</parameter></function></tool_call>",
        [("run_query", {"limit": 5, "sql": "select 1"})],
    ),
    # an opener of which the word in front of the name is left, at the start and behind reasoning
    ("gemma4", 'call:run_query{sql:<|"|>select 1<|"|>}<tool_call|>', SELECT),
    ("gemma4", '<|channel>thought\nHm.\n<channel|>call:run_query{sql:<|"|>select 1<|"|>}', SELECT),
    # a colon inside a key's quotes, an envelope in its own arguments, a number in quotes
    ("hermes", CALL.format('{"sql:" "select 1"}'), SELECT),
    ("hermes", '<tool_call>\n{"arguments": {"name": "run_query", "arguments": {"sql": "select 1"}}}\n</tool_call>', SELECT),
    (
        "minimax_m2",
        '<minimax:tool_call>\n<invoke name="run_query">\n<parameter name="limit">"5"</parameter>\n</invoke>\n</minimax:tool_call>',
        [("run_query", {"limit": 5})],
    ),
    # a line break that is written out around all of a value
    ("qwen3_coder", "<tool_call>\n<function=run_query>\n<parameter=sql>\\nselect 1\\n</parameter>\n</function>\n</tool_call>", SELECT),
    # attributes behind a key that is an attribute itself
    ("minicpm5", '<function name="run_query"><param name="sql" type="string">select 1</param></function>', SELECT),
    # a closer without its slash, half a fence, another token than the closer, where the output ends
    ("hermes", '<tool_call>\n{"name": "list_ports", "arguments": {}}\n<tool_call>', [("list_ports", PORTS)]),
    ("jamba", '<tool_calls>[{"name": "list_ports", "arguments": {}}]<tool_calls>', [("list_ports", PORTS)]),
    ("command_r", 'Action:\n```json\n[\n    {"tool_name": "list_ports", "parameters": {}}\n]`', [("list_ports", PORTS)]),
    ("apertus", '<|tools_prefix|>[{"list_ports": {}}]<|toolls_suffix|>', [("list_ports", PORTS)]),
    # the token that opens the next call and is a stop token, too, doubled; the one that ends a marker of several; the first one lost behind
    # a call where a word follows it
    (
        "gigachat3",
        'Look.<|message_sep|>\n\nfunction call<|role_sep|>\n{"name": "list_ports", "arguments": {}}<|message_sep|>'
        '<|message_sep|>\n\nfunction call<|role_sep|>\n{"name": "list_ports", "arguments": {}}',
        [("list_ports", PORTS)] * 2,
    ),
    (
        "kimi_k3",
        '<|open|>response<|sep|>Look.<|close|>response<|sep|><|open|>tools<|sep|><|sep|><|open|>call tool="list_ports"<|sep|><|sep|>'
        "<|close|>call<|sep|><|close|>tools<|sep|>",
        [("list_ports", PORTS)],
    ),
    *(
        (
            "step3",
            f'Look.<｜tool_calls_begin｜>\n<｜tool_call_begin｜>\nfunction<｜tool_sep｜><steptml:invoke name="list_ports"></steptml:invoke>'
            f'<｜tool_call_end｜>{between}function<｜tool_sep｜><steptml:invoke name="list_ports"></steptml:invoke><｜tool_call_end｜>\n'
            "<｜tool_calls_end｜>",
            [("list_ports", PORTS)] * 2,
        )
        for between in ("\n", "\n\n", "")
    ),
    # quotes around all of an envelope that is escaped once more
    (
        "hermes",
        '<tool_call>\n"{\\"name\\": \\"list_ports\\", \\"arguments\\": {}}"\n</tool_call>\n'
        '<tool_call>\n{"name": "list_ports", "arguments": {}}\n</tool_call>',
        [("list_ports", PORTS)] * 2,
    ),
    ("granite_20b_fc", '<function_call> "{\\"name\\": \\"list_ports\\", \\"arguments\\": {}}"', [("list_ports", PORTS)]),
    # what nobody sees in front of the next call, of a fence and of a header
    ("functionary_v31", "<function=list_ports>{}</function>\u200b<function=list_ports>{}</function>", [("list_ports", PORTS)] * 2),
    ("command_r", 'Action:\n```json\n[\n    {"tool_name": "list_ports", "parameters": {}}\n]\u200b```', [("list_ports", PORTS)]),
    (
        "react",
        'Look.\nAction: list_ports\nAction Input: {}\n\u200bAction: run_query\nAction Input: {"sql": "select 1"}',
        [("list_ports", PORTS), *SELECT],
    ),
    (
        "harmony",
        "<|channel|>analysis<|message|><|end|>\u200b<|start|>assistant<|channel|>commentary to=functions.list_ports "
        "<|constrain|>json<|message|>{}<|call|>",
        [("list_ports", PORTS)],
    ),
    # a damaged closer of a frame in front of a call, a damaged end of a message in front of a header, a header's marker misspelt
    *(
        (
            "cohere_command",
            f"<|START_RESPONSE|>{closer}<|START_ACTION|>"
            '[\n    {"tool_call_id": "0", "tool_name": "list_ports", "parameters": {}}\n]<|END_ACTION|>',
            [("list_ports", PORTS)],
        )
        for closer in ("<|END_RESPONS|>", "|END_RESPONSE|>", "<|END_RESPONSES|>", "<|END_RES\u200fPONSE|>", "&lt;|END_RESPONSE|&gt;")
    ),
    *(
        ("inkling", f'{markers}{{"name": "list_ports", "args": {{}}}}<|end_message|>', [("list_ports", PORTS)])
        for markers in (
            "<|content_text|><|end_mesage|><|message_model|><|content_invoke_tool_json|>",
            "<|content_text|>&lt;|end_message|&gt;<|message_model|><|content_invoke_tool_json|>",
            "<|content_text|><|end_message|>|message_model|><|content_invoke_tool_json|>",
            "<|message_modell|><|content_invoke_tol_json|>",
        )
    ),
    ("harmony", "<|channel|>commentary to=functions.list_ports <|constrain|>json|message|>{}<|cal|>", [("list_ports", PORTS)]),
    # a token of any name for the end of a message or of a frame, in front of what follows that
    *(
        (
            "harmony",
            f"<|channel|>final<|message|>Look.{end}<|start|>assistant<|channel|>commentary to=functions.list_ports "
            "<|constrain|>json<|message|>{}<|call|>",
            [("list_ports", PORTS)],
        )
        for end in ("<|im_end|>", "<|en|>", "<|e\u200fnd|>\n", "</tool_call>", "</x:function>", "</tool>\n")
    ),
    (
        "cohere_command",
        "<|START_RESPONSE|>Look.<|tool_call_end|><|START_ACTION|>"
        '[\n    {"tool_call_id": "0", "tool_name": "list_ports", "parameters": {}}\n]<|END_ACTION|>',
        [("list_ports", PORTS)],
    ),
    # signs between two messages and around a header's marker
    *(
        (
            "harmony",
            f"<|channel|>analysis<|message|><|end|>{before}<|start|>assistant<|channel|>{behind}commentary to=functions.list_ports "
            "<|constrain|>json<|message|>{}<|call|>",
            [("list_ports", PORTS)],
        )
        for before, behind in ((">", ""), ("`", ""), ("**", "**"))
    ),
    # the half of a closer, of a frame's and of a header's marker in front of the whole one
    ("apertus", '<|tools_prefix|>[{"list_ports": {}}]<|tools_<|tools_suffix|>', [("list_ports", PORTS)]),
    (
        "deepseek_v31",
        "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>list_ports<｜tool▁sep｜>{}<｜tool▁call▁end｜><｜tool▁ca<｜tool▁calls▁end｜>",
        [("list_ports", PORTS)],
    ),
    (
        "cohere_command",
        "<|START_RESPONSE|><|END_RE<|END_RESPONSE|><|START_ACTION|>"
        '[\n    {"tool_call_id": "0", "tool_name": "list_ports", "parameters": {}}\n]<|END_ACTION|>',
        [("list_ports", PORTS)],
    ),
    (
        "inkling",
        '<|message_model|><|content_invo<|content_invoke_tool_json|>{"name": "list_ports", "args": {}}<|end_message|>',
        [("list_ports", PORTS)],
    ),
    (
        "harmony",
        "<|channel|>analysis<|message|><|end|><|sta<|start|>assistant<|channel|>commentary to=functions.list_ports "
        "<|constrain|>json<|message|>{}<|call|>",
        [("list_ports", PORTS)],
    ),
    # a damaged or doubled closer of the frame around the answer, in front of a call
    (
        "cohere_command",
        "<|START_RESPONSE|><｜END_RESPONSE｜><|START_ACTION|>"
        '[\n    {"tool_call_id": "0", "tool_name": "list_ports", "parameters": {}}\n]<|END_ACTION|>',
        [("list_ports", PORTS)],
    ),
    (
        "cohere_command",
        "<|START_RESPONSE|><|END_RESPONSE|><|END_RESPONSE|><|START_ACTION|>"
        '[\n    {"tool_call_id": "0", "tool_name": "list_ports", "parameters": {}}\n]<|END_ACTION|>',
        [("list_ports", PORTS)],
    ),
    # quotes in an opener that begins as a call's does
    (
        "kimi_k3",
        '<|open|>tools<|sep|><|open|>call tool="run_query"<|sep|><|open|>argument key=“sql” type="string"<|sep|>select 1'
        "<|close|>argument<|sep|><|close|>call<|sep|><|close|>tools<|sep|>",
        [("run_query", {"sql": "select 1"})],
    ),
    # a namespace in front of the name
    ("hermes", '<tool_call>\n{"name": "functions.list_ports", "arguments": {}}\n</tool_call>', [("list_ports", PORTS)]),
    ("pythonic", "[functions.list_ports()]", [("list_ports", PORTS)]),
    # a closer or a part of an opener without its first sign
    (
        "qwen3_coder",
        "<tool_call>\n<function=write_file>\n<parameter=path>\na/b\n/parameter>\n<parameter=text>\nx\n</parameter>\n</function>\n</tool_call>",
        [("write_file", {"path": "a/b", "text": "x"})],
    ),
    (
        "minicpm5",
        '<function name="write_file"><param name="path">a/b/param><param name="text">x</param></function>',
        [("write_file", {"path": "a/b", "text": "x"})],
    ),
    (
        "glm45",
        "<tool_call>run_query\n<arg_key>sql</arg_key>\narg_value>select 1</arg_value>\n</tool_call>",
        [("run_query", {"sql": "select 1"})],
    ),
    ("spark25", "<tool_call>list_ports/tool_call>", [("list_ports", PORTS)]),
    # a closing tag of another kind that holds blanks
    (
        "deepseek_v41",
        '<｜DSML｜ calls>\n<｜DSML｜ invoke name="run_query">\n<｜DSML｜ parameter name="sql" string="true">select 1</｜DSM｜ parameter>\n'
        '<｜DSML｜ parameter name="limit" string="false">2</｜DSML｜ parameter>\n</｜DSML｜ invoke>\n</｜DSML｜ calls>',
        [("run_query", {"sql": "select 1", "limit": 2})],
    ),
    # the next call's opening, or the same one, right behind an opening
    (
        "deepseek_v32",
        '<｜DSML｜function_calls>\n<｜DSML｜invoke name="list_ports">\n<｜DSML｜invoke name="run_query">\n'
        '<｜DSML｜parameter name="sql" string="true">select 1</｜DSML｜parameter>\n</｜DSML｜invoke>\n</｜DSML｜function_calls>',
        [("list_ports", PORTS), ("run_query", {"sql": "select 1"})],
    ),
    (
        "minicpm5",
        'Look.<function name="run_query"><function name="run_query"><param name="sql">select 1</param></function>',
        [("run_query", {"sql": "select 1"})],
    ),
    # markers that are words: doubled, missing, with another dialect's body
    ("react", 'Look.\nAction:Action: run_query\nAction Input: {"sql": "select 1"}', [("run_query", {"sql": "select 1"})]),
    ("react", 'Look.\nAction: run_query\n{"sql": "select 1"}', [("run_query", {"sql": "select 1"})]),
    ("react", "Look.\nAction:\nrun_query(sql='select 1')", [("run_query", {"sql": "select 1"})]),
    ("command_r", 'Look.\nAction:\\n```json\\n[\n {"tool_name": "list_ports", "parameters": {}}\n]```', [("list_ports", PORTS)]),
    ("firefunction", 'Look. functoolsfunctools[{"name": "list_ports", "arguments": {}}]', [("list_ports", PORTS)]),
    ("phi4_mini_json", 'Look.\nfunctools\nrun_query\n{"sql": "select 1"}', [("run_query", {"sql": "select 1"})]),
    # an opener with a letter too many, too few or another one, or without its first sign
    ("hermes", 'Look.\n<tooll_call>\n{"name": "list_ports", "arguments": {}}\n</tool_call>', [("list_ports", PORTS)]),
    ("hermes", 'Look. <tool_cal>{"name": "list_ports", "arguments": {}}</tool_call>', [("list_ports", PORTS)]),
    ("hermes", 'Look.\ntool_call>\n{"name": "list_ports", "arguments": {}}\n</tool_call>', [("list_ports", PORTS)]),
    ("qwen3_coder", "Look.<tooll_call>\n<function=list_ports>\n</function>\n</tool_call>", [("list_ports", PORTS)]),
    ("lfm2", "Look.|tool_call_start|>[list_ports()]<|tool_call_end|>", [("list_ports", PORTS)]),
    ("lfm2", "Look.<|tool_call_stert|>[list_ports()]<|tool_call_end|>", [("list_ports", PORTS)]),
    (
        "deepseek_v3",
        "Look.<｜tooll▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>list_ports\n```json\n{}\n```"
        "<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
        [("list_ports", PORTS)],
    ),
    # no opener, but objects of declared tools at the start of a line, and the closer behind them
    ("hermes", 'Look.\n{"name": "list_ports", "arguments": {}}\n</tool_call>', [("list_ports", PORTS)]),
    (
        "minimax_m1",
        'Look.\n{"name": "list_ports", "arguments": {}}\n{"name": "run_query", "arguments": {"sql": "select 1"}}\n</tool_calls>',
        [("list_ports", PORTS), ("run_query", {"sql": "select 1"})],
    ),
    ("apriel", 'Look.\n[{"name": "list_ports", "arguments": {}}]</tool_calls>', [("list_ports", PORTS)]),
    # a value's closer in a second pair of brackets, in full-width ones, with two slashes; a special token in its place
    ("qwen3_coder", QUERY.format("select 1\n<</parameter>>"), SELECT),
    ("qwen3_coder", QUERY.format("select 1\n＜/parameter＞"), SELECT),
    ("qwen3_coder", QUERY.format("select 1\n<//parameter>"), SELECT),
    ("qwen3_coder", QUERY.format("select 1\n<|im_end|>"), SELECT),
    ("glm45", "<tool_call>run_query__\n<arg_key>sql</arg_key>\n<arg_value>select 1</arg_value>\n</tool_call>", SELECT),
    # an opener in other brackets, with an unseen character, without `_`, with attributes, as a closer, with signs behind it
    *(
        ("hermes", f'Look.{opener}\n{{"name": "list_ports", "arguments": {{}}}}\n</tool_call>', [("list_ports", PORTS)])
        for opener in (
            "<<tool_call>>",
            "&lt;tool_call&gt;",
            "＜tool_call＞",
            "<\u200btool_call>",
            "<tool-call>",
            "<toolCall>",
            '<tool_call id="1">',
            "<tool_call/>",
            "<tool_call>:",
            "<tool_call>**",
            "<tool_clal>",
        )
    ),
    ("qwen3_coder", QUERY.format("select 1\n</parameter>").replace("<", "<\u200b"), SELECT),
    # the word of a closer with other signs around it, or with none
    *(
        ("hermes", f'Look.<tool_call>\n{{"name": "list_ports", "arguments": {{}}}}\n{closer}', [("list_ports", PORTS)])
        for closer in (
            "[/tool_call]",
            "＜/tool_call＞",
            "(/tool-calls)",
            "__</tool_call>__",
            "<\u200b/tool_call>",
            "tool_call",
            "[/TOOL_CALLS]",
        )
    ),
    ("qwen3_coder", QUERY.format("select 1\n</parameter>").replace("</function>\n</tool_call>", "[/function]\n[/tool_call]"), SELECT),
    # a statement, and a tag in the place of a fence
    *(
        (name, f"Look.\n{opener}{body}{closer}", SELECT)
        for name, opener, closer in (
            ("hermes", "<tool_call>\n", "\n</tool_call>"),
            ("glm45", "<tool_call>", "</tool_call>"),
            ("deepseek_v31", "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>", "<｜tool▁call▁end｜><｜tool▁calls▁end｜>"),
        )
        for body in (
            'run_query(sql="select 1");',
            'default_api.run_query(sql="select 1")',
            '<json>{"name": "run_query", "arguments": {"sql": "select 1"}}</json>',
            '<name>run_query</name>\n<arguments>{"sql": "select 1"}</arguments>',
            '<function>run_query</function>\n{"sql": "select 1"}',
            '<run_query>{"sql": "select 1"}</run_query>',
        )
    ),
]


@pytest.mark.parametrize(("name", "text", "expected"), READ)
def test_what_is_plainly_meant_is_read(name: str, text: str, expected: list[tuple[str, dict[str, object]]]) -> None:
    message = read(name, text, [])
    assert [(call.name, call.value()) for call in message.tool_calls if call.complete] == expected
    assert {problem.severity for problem in message.problems} == {"warning"}
    assert message.content in (None, "Look.")
    assert read(name, text, list(range(1, len(text)))) == message


def test_the_token_that_opens_the_next_call_closes_no_value() -> None:
    header = "<|start|>assistant to={}<|channel|>analysis <|constrain|>xml<|message|>"
    text = header.format("find_ferry") + '<rfl:parameter name="night">\nfalse\n' + header.format("list_ports") + "<|call|>"
    for cuts in ([], list(range(1, len(text)))):
        calls = read("beam", text, cuts).tool_calls
        assert [(call.name, call.value(), call.complete) for call in calls] == [
            ("find_ferry", {"night": False}, True),
            ("list_ports", {}, True),
        ]


CONTENT = [
    ("hermes", "Look at <tooll_call> and <tool_cal>{name} in the text.\ntool_call> is no marker."),
    ("hermes", 'Look.\n<tooll_call>\n{"title": "list_ports"}\n'),
    ("hermes", 'Look.\n{"name": "list_ports", "arguments": {}}\nis what it writes.'),
    ("lfm2", "| a |tool_call_start|> b |\n|---|---|"),
    ("qwen3_coder", "Write `<tool_call>`, then `<function=name>` and `<parameter=key>` for list_ports, each closed: `</function>`."),
    ("hermes", "An &lt;tool_call&gt; in HTML, a [tool_call] and {tool_call} in running text."),
]


@pytest.mark.parametrize(("name", "text"), CONTENT)
def test_what_is_misspelt_and_not_confirmed_is_content(name: str, text: str) -> None:
    message = read(name, text, [])
    assert (message.content, message.tool_calls) == (text, [])
    assert read(name, text, list(range(1, len(text)))) == message


TOLD = [
    # a misspelt opener of a value: it may belong to the value
    ("glm45", "<tool_call>run_query\n<arg_key>sql</arg_key>\n<arrg_value>select 1</arg_value>\n</tool_call>", "doubtful_value"),
    # no marker, but a declared name at the start of a line, in formats whose markers are words
    ("react", 'Look.\n run_query\nAction Input: {"sql": "select 1"}', "not_a_call"),
    ("glm4", 'Look.\n"run_query"\n{"sql": "select 1"}', "not_a_call"),
    ("glm4", 'list_ports\n{}|assistant|>run_query\n{"sql": "select 1"}', "not_a_call"),
    # a message that is a call by its header
    ("inkling", "<|message_model|><|content_invoke_tool_json|>\nrun_query(sql='select 1')\n<|end_message|>", "not_a_call"),
    # the last thing is a code block with a call in it
    ("command_r", 'Look.\n\n```json\n[{"tool_name": "list_ports", "parameters": {}}]\n```\n', "not_a_call"),
    ("mistral", "Look.list_ports[ARGS]{}", "not_a_call"),
    # all markup is escaped, in other brackets, in back quotes, or has unseen characters in it
    ("qwen3_coder", QUERY.format("select 1\n</parameter>").translate(SQUARE), "not_a_call"),
    ("glm45", "{tool_call}run_query\n{arg_key}sql{/arg_key}\n{arg_value}select 1{/arg_value}\n{/tool_call}", "not_a_call"),
    ("qwen3_coder", re.sub("(<[^>]*>)", r"`\1`", QUERY.format("select 1\n</parameter>")), "not_a_call"),
    ("qwen3_coder", html.escape(QUERY.format("select 1\n</parameter>"), quote=False), "not_a_call"),
    ("qwen3_coder", QUERY.format("select 1\n</parameter>").translate(FULL_WIDTH), "not_a_call"),
    ("harmony", '<start|>assistant to=functions.run_query<channel|>commentary json<message|>{"sql": "select 1"}<call|>', "not_a_call"),
    # what stands around a value's closer stands in the value, too
    ("dots", '<dots_function_call>\n<invoke name="write_file">\n<parameter name="path">a**</parameter>**\n'
     '<parameter name="text">x</parameter>\n</invoke>\n</dots_function_call>', "doubtful_value"),
    ("qwen3_coder", QUERY.format("select 1\n<</parameter>"), "doubtful_value"),
    # another call's opening stands in front, or another tool's name in the header
    ("qwen3_coder", QUERY.replace("<function=", "<function=write_file>\n<function=").format("select 1"), "missing_closer"),
    ("minimax_m3", ']<]minimax[>[<tool_call>\n]<]minimax[>[<invoke name="write_file">\n]<]minimax[>[<invoke name="list_ports">\n'
     "]<]minimax[>[</invoke>\n]<]minimax[>[</tool_call>", "missing_closer"),
    ("harmony", "<|start|>assistant<|channel|>commentary to=functions.write_file\n<|channel|>commentary to=functions.run_query "
     '<|constrain|>json<|message|>{"sql": "select 1"}<|call|>', "doubtful_value"),
    ("harmony", "<|start|>\nLet me check.\nassistant<|channel|>commentary to=functions.run_query "
     '<|constrain|>json<|message|>{"sql": "select 1"}<|call|>', "dropped_text"),
    # a call is cut in a value, and begins again
    ("hermes", '<tool_call>\n{"name": "run_query", "arguments": {"sql": "sele\n<tool_call>\n'
     '{"name": "run_query", "arguments": {"sql": "select 1"}}\n</tool_call>', "doubtful_value"),
    ("glm45", "<tool_call>run_query\n<arg_key>sql</arg_key>\n<arg_value>sele\n<tool_call>run_query\n<arg_key>sql</arg_key>\n"
     "<arg_value>select 1</arg_value>\n</tool_call>", "missing_closer"),
    ("minicpm5", '<function name="run_query"><param name="sql">sele\n'
     '<function name="run_query"><param name="sql">select 1</param></function>', "missing_closer"),
    # the value's own closer stands in the value, in front of what the call's closer follows
    ("glm45", "<tool_call>run_query\n<arg_key>sql</arg_key>\n<arg_value>select 1</arg_value>\n<b></b></tool_call>", "doubtful_value"),
    # a value stands in its tag
    ("dots", '<dots_function_call>\n<invoke name="run_query">\n<parameter name="sql" value="select 1"/>\n</invoke>\n'
     "</dots_function_call>", "dropped_text"),
    # signs around tags, of which one may belong to the value; a closer that is escaped as all values are
    ("minicpm5", '<function name="run_query"><param name="sql">select 1`</param>`</function>', "repaired_markup"),
    ("minicpm5", '<function name="run_query"><param name="sql">select 1&lt;/param&gt;</function>', "doubtful_value"),
    ("minimax_m3", ']<]minimax[>[<tool_call>\n]<]minimax[>[<invoke name="run_query">\n`]<]minimax[>[<sql>`select 1]<]minimax[>[</sql>\n'
     "]<]minimax[>[</invoke>\n]<]minimax[>[</tool_call>", "repaired_markup"),
    # a comment in front of a closer, an invisible character behind one
    ("hermes", '<tool_call>\n{"name": "list_ports", "arguments": {}}\n<!-- done --></tool_call>', "dropped_text"),
    ("hy_v3", "<tool_calls>\n<tool_call>run_query<tool_sep>\n<arg_key>sql</arg_key>\n<arg_value>select 1</arg_value>\u200b\n"
     "<arg_key>limit</arg_key>\n<arg_value>5</arg_value>\n</tool_call>\n</tool_calls>", "repaired_markup"),
    # JSON and a name that are nearly those of a call, where nothing else marks one
    ("llama3_json", 'Look.\n"{\\"name\\": \\"run_query\\", \\"parameters\\": {\\"sql\\": \\"select 1\\"}}"', "not_a_call"),
    ("pythonic", 'Look.[default_api:run_query(sql="select 1")]', "not_a_call"),
    ("functionary_v32", 'Look.>>>run_query()\n{"sql": "select 1"}', "not_a_call"),
    ("spark25", "Look.<tool_call>list_ports**</tool_call>**", "not_a_call"),
    # a code block that nobody closes, with the format's own closer behind
    ("minicpm5", 'Look.```json<param name="sql">select 1 from run_query</param></function>\n{"name": "run_query"}', "not_a_call"),
    # arguments as attributes of the tag with the name
    ("qwen3_coder", '<tool_call>\n<function=run_query limit="5">\n<parameter=sql>\nselect 1\n</parameter>\n</function>\n</tool_call>',
     "dropped_text"),
    ("minimax_m2", '<minimax:tool_call>\n<invoke name="run_query" sql="select 1"/>\n</minimax:tool_call>', "dropped_text"),
    ("hermes", '<tool_call name="run_query" sql="select 1"></tool_call>', "no_call"),
    # a word behind a value without quotes that may be a key
    ("gemma4", "<|tool_call>call:write_file{text:buy milk, note:eggs,path:a}<tool_call|>", "doubtful_value"),
    # keys without their colons, arguments of dots, a value that ends with the closing tag of its key, a call's closer behind text
    ("hermes", '{"tool_call" {"name" "run_query" "arguments" {"sql" "select 1"}}}', "not_a_call"),
    ("hermes", '<tool_call>\n{"name": "run_query", "arguments": {...}}\n</tool_call>', "dropped_text"),
    ("pythonic", "[run_query(sql=...)]", "no_literal"),
    ("qwen3_coder", QUERY.format("select 1\n</sql>\n</parameter>"), "doubtful_value"),
    ("hy_v3", "<tool_calls>\n<tool_call>run_query<tool_sep>\n<arg_key>sql</arg_key>\n<arg_value>a </arg_value></tool_call> b</arg_value>\n"
     "</tool_call>\n</tool_calls>", "repaired_markup"),
    # a call at the start of a line of which only the word in front of its name is left, and one of an undeclared tool in open reasoning
    ("gemma4", 'Look.\ncall:run_query{sql:<|"|>select 1<|"|>}', "not_a_call"),
    ("hermes", '<think>So <tool_call>\n{"name": "example", "arguments": {"sql": "select 1"}}\n</tool_call>', "not_a_call"),
    # keys of JSON arguments that are nearly those of the tool, and a key under which all of them may stand; names that hold one
    ("hermes", CALL.format("{\"'sql'\": \"select 1\"}"), "unknown_key"),
    ("hermes", CALL.format(r'{"\"sql\"": "select 1"}'), "unknown_key"),
    ("hermes", CALL.format('{"SQL": "select 1"}'), "unknown_key"),
    ("mistral", '[TOOL_CALLS]run_query[ARGS]{"s\\_ql": "select 1"}', "unknown_key"),
    ("mistral", '[TOOL_CALLS]run_query[ARGS]{"limit": 5, "arguments": {"sql": "select 1"}}', "unknown_key"),
    ("hermes", '<tool_call>\n{"arguments": {"Sql": "select 1"}, "name": "run_query"}\n</tool_call>', "unknown_key"),
    ("hermes", '<tool_call>\n{"name": "run_query tool", "arguments": {"sql": "select 1"}}\n</tool_call>', "unknown_tool"),
    ("hermes", '<tool_call>\n{"name": "run_quer", "arguments": {"sql": "select 1"}}\n</tool_call>', "unknown_tool"),
    # other quotes, strings that are joined, a list of pairs
    ("hermes", CALL.format("{&quot;sql&quot;: &quot;select 1&quot;}"), "unquoted_key"),
    ("hermes", CALL.format('{"sql": `select 1`}'), "unquoted_string"),
    ("hermes", CALL.format('{"sql": "select" + " 1"}'), "unescaped_quote"),
    ("mistral", '[TOOL_CALLS]run_query[ARGS][{"name": "sql", "value": "select 1"}]', "not_an_object"),
    # what may have been cut: two closers are missing, a string without its end, an opening without its own, a stop token
    ("qwen3_coder", "<tool_call>\n<function=run_query>\n<parameter=sql>\nselect\n</tool_call>", "missing_closer"),
    ("qwen3_coder", "<tool_call>\n<function=run_query</function>\n</tool_call>", "missing_closer"),
    ("gemma4", '<|tool_call>call:run_query{sql:<|"|>sel<tool_call|>', "missing_closer"),
    ("lfm2", "<|tool_call_start|>[run_query(sql=select<|tool_call_end|>", "missing_closer"),
    ("nemotron_json", '<TOOLCALL>[{"name": "run_query"</TOOLCALL>', "missing_closer"),
    ("seed_oss", "<seed:tool_call>\n<function=run_query><|im_end|>", "repaired_markup"),
    # a longer name that a blank parts in a header, escaped underscores, a name behind signs with no object
    ("harmony", '<|channel|>commentary to=functions.run query <|constrain|>json<|message|>{"sql": "select 1"}<|call|>', "dropped_text"),
    ("pythonic", 'Look.[run\\_query(sql="select 1")]', "not_a_call"),
    ("functionary_v32", 'Look.>>>run_query\ndict(sql="select 1")', "not_a_call"),
    # what stands in the place of a name holds one
    ("glm45", "<tool_call>run_query‹id›\n<arg_key>sql</arg_key>\n<arg_value>select 1</arg_value>\n</tool_call>", "not_a_call"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "kind"), TOLD)
def test_what_cannot_be_read_is_told(name: str, text: str, kind: str) -> None:
    message = read(name, text, [])
    assert (kind, "error") in {(problem.kind, problem.severity) for problem in message.problems}
    assert read(name, text, list(range(1, len(text)))) == message


STRICT = [
    QUERY.format("select 1\n< parameter=limit>\n5\n</parameter>"),
    QUERY.format("select 1\n</Parameter>\n<parameter=limit>\n5\n</parameter>"),
    QUERY.format("select 1\n<parameter=limit>\n5\n</parameter>"),
]


@pytest.mark.parametrize("text", STRICT)
def test_the_strict_grammar_tells_of_values_that_hold_what_reads_like_markup(text: str) -> None:
    given = {"tools": PREPARED, "prompt": "", "new_id": lambda: "id", "damaged_markup": "content"}
    whole = strategies.in_pieces(text, "qwen3_coder", len(text), **given)
    assert "error" in {problem.severity for problem in whole.problems}
    assert strategies.in_pieces(text, "qwen3_coder", 1, **given) == whole


@pytest.mark.parametrize("name", FORMATS)
def test_a_mention_of_a_tool_is_no_call(name: str) -> None:
    text = "Look.\nlist_ports() gives all of them, run_query (sql) asks.\nlist_ports: none"
    message = read(name, text, [])
    assert message.content == text
    assert not message.problems


@pytest.mark.parametrize("name", ["hermes", "kimi_k2", "qwen3_coder", "react"])
def test_a_call_in_a_code_block_is_an_example_where_text_follows(name: str) -> None:
    text = 'As JSON:\n```json\n{"name": "list_ports", "arguments": {}}\n```'
    assert not read(name, f"{text}\nis a call.", []).problems
    assert {problem.kind for problem in read(name, text, []).problems} <= {"not_a_call", "lost_markers"}


def test_hardly_any_damage_is_silent() -> None:
    """At most 2 % of complete calls are not what was meant with nothing said; docs/damage.md tells of what kinds."""
    cases = [(name, case) for name in FORMATS for _, case in effort.some(damaged(name), 4, name, many=120)]
    silent = [case.text for name, case in cases if outcome(toolparse.parse(case.text, name, tools=PREPARED, prompt=""), case) == "silent"]
    assert len(silent) <= 0.02 * len(cases), silent


def test_the_strict_grammar_reads_no_damaged_call() -> None:
    """With `damaged_markup="content"` markup that had to be repaired makes no call, or one that is not complete, and says so."""
    for name in FORMATS:
        for kind, case in effort.some(damaged(name), 3, name, many=120):
            got = toolparse.parse(case.text, name, tools=PREPARED, prompt="", damaged_markup="content")
            for problem in got.problems:
                if problem.kind == "repaired_markup" and problem.index is not None:
                    assert problem.severity == "error", (name, kind, case.text, problem)
                    assert not got.tool_calls[problem.index].complete, (name, kind, case.text, got)


OPTIONS: tuple[dict[str, object], ...] = (
    {"damaged_markup": "content"},
    {"damaged_markup": "content", "tool_choice": "required"},
    {"tool_choice": "required"},
    {"tool_choice": {"type": "function", "name": "run_query"}},
    {"calls_in_code": "content"},
    {"unknown_tools": "content"},
    {"parallel_tool_calls": False},
)
QUOTED = Damaged("<tool_call>\n<function=write_file>\n`<parameter=path>`a</parameter>\n</function>\n</tool_call>", ())


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_damage_is_read_the_same_in_any_pieces_under_any_option(options: dict[str, object]) -> None:
    given = {"tools": PREPARED, "prompt": "", "new_id": lambda: "id", **options}
    cases = [(name, case) for name in FORMATS for _, case in effort.some(damaged(name), 1, f"{name} {options}", many=20)]
    for name, case in [*effort.some(cases, 8, options), ("mimo", QUOTED)]:
        whole = strategies.in_pieces(case.text, name, len(case.text), **given)
        for size in (1, 5):
            assert strategies.in_pieces(case.text, name, size, **given) == whole, (name, size, case.text)


def missing(message: toolparse.Message, text: str) -> list[str]:
    """The words of complete calls without an error that stand in their text and nowhere in what came out."""
    if any(problem.severity == "error" for problem in message.problems):
        return []
    out = " ".join(problem.message for problem in message.problems)
    found = []
    for call in message.tool_calls:
        if call.complete:
            kept = f"{call.name} {call.id} {call.arguments} {call.value()} {out}"
            inside = text[call.start : call.end]
            found += [word for word in WORDS if re.search(rf"(?<!\w){word}(?!\w)", inside) and word not in kept]
    return found


@pytest.mark.parametrize("name", FORMATS)
def test_what_stands_in_a_call_comes_out_or_is_told(name: str) -> None:
    """Conservation: with pieces of the turn lost, doubled, moved or replaced, no word of a complete call goes without an error."""

    @effort.examples(2, 40)
    @given(st.data())
    def holds(data: st.DataObject) -> None:
        turn = data.draw(st.sampled_from(turns(name)))
        text = turn.text
        for _ in range(data.draw(st.integers(1, 2))):
            places = sorted({0, len(text), *(at for found in re.finditer(r"\W+|\w+", text) for at in found.span())})
            start, end = sorted(data.draw(st.tuples(st.sampled_from(places), st.sampled_from(places))))
            piece = text[start : min(end, start + 40)]
            end = start + len(piece)
            at = data.draw(st.sampled_from(places))
            written = data.draw(st.sampled_from(["", piece * 2, piece.upper(), "</x>", "\\n", "}", ">"]))
            text = text[:start] + written + text[end:] if at < start or at >= end else text[:at] + piece + text[at:]
        got = toolparse.parse(text, name, tools=PREPARED, prompt="")
        assert not missing(got, text), (missing(got, text), text, got)

    holds()


@pytest.mark.parametrize("name", FORMATS)
def test_no_word_of_a_call_goes_in_any_kind_of_damage(name: str) -> None:
    for kind, case in effort.some(damaged(name), 12, f"words {name}", many=250):
        got = toolparse.parse(case.text, name, tools=PREPARED, prompt="")
        assert not missing(got, case.text), (kind, case.text, got)


AROUND = ("text before", "text after", "text around")
"""What stands around a document of its own is in a call what stands between markers."""


def json_damaged(name: str) -> list[tuple[str, str, Damaged]]:
    """The turns of a format with one call's JSON damaged, and the call of it that is meant."""
    random, found = Random(f"{name} {effort.seed()}"), []
    for turn in turns(name):
        for at, (tool, arguments) in enumerate(turn.calls):
            text = json.dumps(arguments, ensure_ascii=False)
            if not arguments or turn.text.count(text) != 1:
                continue
            for kind, damage in damage_of_json.DAMAGES.items():
                result = damage(random, damage_of_json.tokens(text)) if kind not in AROUND else None
                if result is not None and isinstance(result.value, dict):
                    meant = (*turn.calls[:at], (tool, result.value), *turn.calls[at + 1 :])
                    found.append((name, kind, Damaged(turn.text.replace(text, result.text), meant)))
    return found


def test_hardly_any_damage_to_the_json_of_a_call_is_silent() -> None:
    """At most 1 %: a quote in a string with a closer behind it that fits, and fences in formats whose own closer is one."""
    cases = [case for name in FORMATS for case in effort.some(json_damaged(name), 6, name, many=250)]
    silent = []
    for name, kind, case in cases:
        got = toolparse.parse(case.text, name, tools=PREPARED, prompt="")
        assert not missing(got, case.text), (name, kind, case.text, got)
        if outcome(got, case) == "silent":
            silent.append((name, kind, case.text))
    assert len(silent) <= 0.01 * len(cases), silent


TEXT = "the model asks for a tool by a marker which a parser must find while text still comes in and nobody knows what follows"
PROSE = re.findall(r"\w+", TEXT)


@pytest.mark.parametrize("name", FORMATS)
def test_a_raw_value_that_lacks_its_closer_is_told(name: str) -> None:
    """Whether the next parameter, the call's closer or the next call ends it."""
    bodies = [calls.body for calls in toolparse.get_format(name).calls if isinstance(calls.body, Parameters)]
    for closer in {spellings(body.close)[0].strip() for body in bodies}:
        for turn in turns(name):
            if closer in turn.text:
                message = read(name, turn.text.replace(closer, "", 1), [])
                assert message.problems or not all(call.complete for call in message.tool_calls)


@pytest.mark.parametrize("blank", ["\n", "\n\n"])
def test_words_in_front_of_a_closer_are_content_and_the_closer_is_framing(blank: str) -> None:
    text = f"<tool_call>\n<function=list_ports>\n</function>{blank}That is it.{blank}</tool_call>"
    message = read("qwen3_coder", text, [])
    assert (message.content, message.problems) == ("That is it.", [])
    assert read("qwen3_coder", text, list(range(1, len(text)))) == message


BEHIND_OPENERS = [
    ("nemotron_v3", QUERY.format("select 1").replace("<tool_call>\n", "<tool_call>Let me check.\n"), "Let me check."),
    ("hermes", '<tool_call>\nLet me check.\n{"name": "run_query", "arguments": {"sql": "select 1"}}\n</tool_call>', "Let me check."),
    (
        "deepseek_v31",
        "<｜tool▁calls▁begin｜><!-- now --><｜tool▁call▁begin｜>run_query<｜tool▁sep｜>"
        '{"sql": "select 1"}<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
        "<!-- now -->",
    ),
    (
        "longcat",
        '<longcat_tool_call>\nLet me check.\n{"name": "run_query", "arguments": {"sql": "select 1"}}\n</longcat_tool_call>',
        "Let me check.",
    ),
    (
        "kimi_k2",
        "<|tool_calls_section_begin|>\nLet me check.\n<|tool_call_begin|>functions.run_query:0<|tool_call_argument_begin|>"
        '{"sql": "select 1"}<|tool_call_end|><|tool_calls_section_end|>',
        "Let me check.",
    ),
]


@pytest.mark.parametrize(("name", "text", "words"), BEHIND_OPENERS)
def test_words_between_a_wrappers_opener_and_a_call_are_content(name: str, text: str, words: str) -> None:
    message = read(name, text, [])
    assert (message.content, [(call.name, call.value(), call.complete) for call in message.tool_calls]) == (
        words,
        [("run_query", {"sql": "select 1"}, True)],
    )
    assert read(name, text, list(range(1, len(text)))) == message


@pytest.mark.parametrize(
    ("name", "opener"),
    [
        ("internlm", "<|plugin|>\n"), ("minimax_m3", "<tool_call>\n"), ("minimax_m3", "]<]minimax[>[\n"),
        ("minimax_m3", "]<]minimax[>[]<]minimax[>[<tool_call>\n"), ("minimax_m3", "]<]minimax[>[<tool_call><tool_call>\n"),
    ],
)  # fmt: skip
def test_of_an_opener_of_two_tokens_either_may_be_lost_or_stand_twice(name: str, opener: str) -> None:
    call = toolparse.ToolCall(id="0", name="run_query", arguments='{"sql": "a"}')
    text = toolparse.render(toolparse.Message(content="Let me look.", tool_calls=[call]), name, tools=TOOLS)
    written = {"internlm": "<|action_start|><|plugin|>\n", "minimax_m3": "]<]minimax[>[<tool_call>\n"}[name]
    head, found, rest = text.partition(written)
    assert found
    damaged = f"{head}{opener}{rest}"
    message = read(name, damaged, [])
    assert message.content == "Let me look."
    assert [(each.name, each.complete) for each in message.tool_calls] == [(call.name, True)]
    assert read(name, damaged, list(range(1, len(damaged)))) == message


@pytest.mark.parametrize("name", FORMATS)
def test_the_half_of_a_marker_in_front_of_the_whole_one_is_framing(name: str) -> None:
    of = turns(name)[1]
    opener = next((mark for mark in of.marks if not mark.closes and mark.text[0] in "<["), None)
    if opener is None or "<|message|>" in of.text or " " in opener.text:  # a header has halves of its own; one with blanks is two markers
        return
    letters = [at for at, character in enumerate(re.match(r"[^=\n]*", opener.text)[0]) if character.isalpha()]  # type: ignore[index]
    for end in range(letters[1] + 1, letters[-1]):
        text = of.text[: opener.start] + opener.text[:end] + of.text[opener.start :]
        message = read(name, text, [])
        assert outcome(message, Damaged(text, of.calls)) == "read", text
        assert {problem.kind for problem in message.problems} == {"repaired_markup"}, text
        assert read(name, text, list(range(1, len(text)))) == message, text


def test_half_a_marker_waits_to_the_whole_one_whatever_stands_in_its_slot() -> None:
    half, call = '<cofl:tool_call id="nd"f', '<cofl:tool_call id="1" name="list_ports"></cofl:tool_call>'
    message = read("cohere_cofl", half + call, list(range(1, len(half + call))))
    assert message == read("cohere_cofl", half + call, [])
    assert message.content is None
    assert [problem.kind for problem in message.problems] == ["repaired_markup"]


def test_a_frames_closer_is_waited_for_though_the_half_of_it_reads_like_one() -> None:
    text = "<|START_RESPONSE|>Hi.<|END_RESPONSE|<|EN_RESPONSE|><cofl:tool_calls>"
    whole = read("cohere_cofl", text, [])
    assert "a damaged closer was dropped: <|END_RESPONSE|<|EN_RESPONSE|>" in [problem.message for problem in whole.problems]
    assert all(read("cohere_cofl", text, [cut]) == whole for cut in range(1, len(text)))


def test_a_closer_in_pieces_and_in_other_signs_is_waited_for_in_a_value() -> None:
    text = '<|open|>call tool="run_query"<|sep|><|open|>argument key="sql"<|sep|>abc<|close|>argument<｜sep｜>'
    whole = read("kimi_k3", text, [])
    assert whole.tool_calls[0].arguments == '{"sql": "abc"'
    assert all(read("kimi_k3", text, [cut]) == whole for cut in range(1, len(text)))


@pytest.mark.parametrize("sign", ["`", "``", "*", "**"])
@pytest.mark.parametrize("name", FORMATS)
def test_signs_around_an_opener_at_the_start_of_a_line_are_framing(name: str, sign: str) -> None:
    of = turns(name)[1]
    opener = next((mark for mark in of.marks if not mark.closes and mark.text[0] in "<["), None)
    if opener is None or "<|message|>" in of.text or "<|end_message|>" in of.text or of.text[: of.start] not in ("", "Let me look."):
        return
    text = f"{of.text[: opener.start].rstrip()}\n{sign}{opener.text}{sign}{of.text[opener.end :]}"
    message = read(name, text, [])
    if outcome(message, Damaged(text, of.calls)) != "told":
        assert outcome(message, Damaged(text, of.calls)) == "read", text
    assert read(name, text, list(range(1, len(text)))) == message, text


@pytest.mark.parametrize(
    "text", ["<|im_end|> and <|foo|>", "<|foo|>", "<|foo|>\n\n", "a <|bar|>> <b>", "<|foo|> <|start", "<|foo|><|", "</tool>"]
)
def test_a_token_of_any_name_is_content_where_no_message_follows(text: str) -> None:
    written = f"<|channel|>final<|message|>{text}"
    for cuts in ([], list(range(1, len(written)))):
        assert read("harmony", written, cuts).content == text
    written = "<|channel|>final<|message|><div>a</div><|start|>assistant<|channel|>commentary to=functions.list_ports <|message|>{}<|call|>"
    assert read("harmony", written, []).content == "<div>a</div>"


def test_signs_around_what_is_no_call_are_content() -> None:
    for prose in ("`<tool_call>` opens a call.", "**<tool_call>** opens it.\n", "* one\n* two\n`<b>`\n``\n**"):
        assert read("hermes", prose, list(range(1, len(prose)))).content == prose


def mention(random: Random, marker: str) -> str:
    """A marker as documentation names it."""
    shape = random.choice(("{}", "`{}`", '"{}"', "({})", "| {} |", "\n```\n{}\n```\n", "**{}**", "the tag {}."))
    return shape.format(marker.strip())


def paragraph(number: int) -> str:
    random = Random(number)
    markers = sorted(call_markers(toolparse.get_format(random.choice(FORMATS))))
    words = [mention(random, random.choice(markers)) if markers and random.random() < 0.2 else random.choice(PROSE) for _ in range(60)]
    return "About tools: " + " ".join(word + " " + random.choice(PROSE) for word in words) + "."


def test_documentation_about_tool_calls_makes_no_call() -> None:
    """Markers that are only mentioned, of every format, in running text, code, fences and tables, are content."""
    for number in effort.some(range(PARAGRAPHS), 50, "prose"):
        text = paragraph(number)
        for name in Random(number).sample(FORMATS, 4):
            got = toolparse.parse(text, name, tools=PREPARED, prompt="")
            # By chance a word may stand between two markers: a complete call to a tool that nobody has.
            assert all(call.complete and call.name in PROSE and call.arguments == "{}" for call in got.tool_calls), (name, text)


@pytest.mark.parametrize(
    ("name", "text", "content"),
    [
        ("cohere_command", "Paris.<|END_RESPONSE|>", "Paris."), ("cohere_command", "Paris.<|END_RESPONSE|><|END_OF_TURN_TOKEN|>", "Paris."),
        ("cohere_command", "It is <|END_RESPONSE|> that ends it.", "It is <|END_RESPONSE|> that ends it."),
        ("hunyuan_a13b", '<tool_calls>[{"name": "list_ports", "arguments": {}}]</tool_calls></answer>', None),
        ("ernie45", '<tool_call>\n{"name": "list_ports", "arguments": {}}\n</tool_call>\n</response>', None),
        ("ernie45", "hi\n</response>", "hi\n</response>"),
    ],
)  # fmt: skip
def test_a_frames_closer_without_its_opener_is_framing_at_the_end(name: str, text: str, content: str | None) -> None:
    message = read(name, text, [])
    assert message.content == content
    assert read(name, text, list(range(1, len(text)))) == message


SEVERAL = [
    'set_price(count=1)\nrun_query(sql="a")',
    'set_price(count=1); run_query(sql="a")',
    '[set_price(count=1), run_query(sql="a")]',
    '<invoke name="set_price">\n<parameter name="count">1</parameter>\n</invoke>\n'
    '<invoke name="run_query">\n<parameter name="sql">a</parameter>\n</invoke>',
]


@pytest.mark.parametrize("body", SEVERAL)
@pytest.mark.parametrize(
    ("name", "opener", "closer"),
    [
        ("hermes", "<tool_call>\n", "\n</tool_call>"), ("seed_oss", "<seed:tool_call>\n", "\n</seed:tool_call>"),
        ("deepseek_v31", "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>", "<｜tool▁call▁end｜><｜tool▁calls▁end｜>"),
        ("kimi_k2", "<|tool_calls_section_begin|><|tool_call_begin|>", "<|tool_call_end|><|tool_calls_section_end|>"),
    ],
)  # fmt: skip
def test_several_calls_of_another_dialect_stand_in_one_pair_of_markers(name: str, opener: str, closer: str, body: str) -> None:
    text = f"Look.\n{opener}{body}{closer}"
    message = read(name, text, [])
    assert [(call.name, call.value(), call.complete) for call in message.tool_calls] == [
        ("set_price", {"count": 1}, True),
        ("run_query", {"sql": "a"}, True),
    ]
    assert message.content == "Look."
    assert {problem.severity for problem in message.problems} == {"warning"}
    assert read(name, text, list(range(1, len(text)))) == message


@pytest.mark.parametrize("name", ["qwen3_coder", "mimo", "glm45"])
@pytest.mark.parametrize("size", [1, 2, 1000])
def test_a_name_with_the_key_glued_to_it_is_read_in_whatever_alternative_of_the_opening_it_stands(name: str, size: int) -> None:
    parameters = {"type": "object", "properties": {"city": {"type": "string"}}}
    tools = [{"type": "function", "function": {"name": "get_weather", "parameters": parameters}}]
    parser = toolparse.Parser(name, tools=tools)
    text = "<tool_call><function=get_weathercity</function>"
    events = [event for at in range(0, len(text), size) for event in parser.feed(text[at : at + size])] + parser.finish()
    assert [event.name for event in events if isinstance(event, toolparse.CallStart)] == ["get_weather"]
