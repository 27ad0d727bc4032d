"""Single damages whose meaning is plain, and others that look like them and are told: what was read in silence once."""

from __future__ import annotations

from typing import Any

import pytest
import strategies

import toolparse

S = {"type": "string"}
FERRY = {"name": "find_ferry", "parameters": {"type": "object", "properties": {"origin": S, "seats": {"type": "integer"}}}}
QUERY = {"name": "run_query", "parameters": {"type": "object", "properties": {"sql": S, "limit": {"type": "integer"}}}}
BOTH = [{"type": "function", "function": FERRY}, {"type": "function", "function": QUERY}]
OSLO = '{"origin": "Oslo"}'
HERMES = '<tool_call>\n{"name": "find_ferry", "arguments": %s}\n</tool_call>'
QWEN = "<tool_call>\n<function=find_ferry>\n%s\n</function>\n</tool_call>"
INVOKE = '<minimax:tool_call>\n<invoke name="find_ferry">\n%s\n</invoke>\n</minimax:tool_call>'

READ = [
    ("hermes", HERMES % '{""origin"": "Oslo"}', OSLO),
    ("hermes", HERMES % '{"origin": Oslo"}', OSLO),
    ("hermes", (HERMES % OSLO).replace('"find_ferry"', '"find_ferry():"'), OSLO),
    ("hermes", (HERMES % OSLO).replace("</tool_call>", "<\\/tool_call>"), OSLO),
    ("hermes", (HERMES % OSLO).replace("</tool_call>", "<tool_call/>"), OSLO),
    ("hermes", (HERMES % OSLO).replace("</tool_call>", "`</tool_call>`"), OSLO),
    ("hermes", (HERMES % OSLO).replace("</tool_call>", "**</tool_call>**"), OSLO),
    ("hermes", (HERMES % OSLO).replace("</tool_call>", "<</tool_call>>"), OSLO),
    ("hermes", (HERMES % OSLO).replace("</tool_call>", "<\u200b/tool_call>"), OSLO),
    ("minimax_m2", INVOKE % '<parameter name="origin">Oslo</>', OSLO),
    ("minimax_m2", INVOKE % '<parameter name="origin">Oslo<\\/parameter>', OSLO),
    ("minimax_m2", INVOKE % '<parameter name="origin">Oslo<parameter/>', OSLO),
    ("minimax_m2", INVOKE % '<parameter name="origin">Oslo&lt;/parameter&gt;', OSLO),
    ("minimax_m2", INVOKE % '<parameter name="origin">Oslo<\u200b/parameter>', OSLO),
    ("qwen3_coder", QWEN % "<parameter=origin>\nOslo\n<\u200b/parameter>", OSLO),
    ("kimi_k2", f"functions.find_ferry:0<|tool_call_argument_begin|>{OSLO}<|tool_call_end|><|tool_calls_section_end|>", OSLO),
    ("mistral", f"find_ferry[ARGS]{OSLO}", OSLO),
    ("qwen3_coder", QWEN % "<parameters>\n<origin>Oslo</origin>\n</parameters>", OSLO),
    ("hermes", '<tool_call name="find_ferry">\n<parameter=origin>\nOslo\n</parameter>\n</tool_call>', OSLO),
    ("qwen3_coder", "<tool_call=find_ferry>\n<origin>Oslo</origin>\n</tool_call>", OSLO),
    ("hermes", (HERMES % OSLO).replace('{"name"', '{"tool_calls": [{"name"').replace("}\n<", "}]}\n<"), OSLO),
    ("hermes", (HERMES % OSLO).replace("</tool_call>", "</think>\n</tool_call>"), OSLO),
    ("hermes", (HERMES % OSLO).replace("</tool_call>", "<|im_end|>\n</tool_call>"), OSLO),
    ("hermes", (HERMES % OSLO).replace("</tool_call>", "</function>"), OSLO),
    (
        "kimi_k2",
        f"<|tool_calls_section_begin|><|tool_call_begin|>find_ferry:0<|tool_call_argument_begin|>{OSLO}</think><|tool_call_end|>",
        OSLO,
    ),
    ("mistral", f"[TOOL_CALLS]find_ferry[ARGS]{OSLO}</parameter></function>", OSLO),
    ("hermes", '<tool_call>\n{"name": "find_ferry", "arguments": {}, "origin": "Oslo"}\n</tool_call>', OSLO),
    ("hermes", (HERMES % OSLO).replace('"arguments"', '"arguments "'), OSLO),
    ("qwen3_coder", "<tool_call>\n<parameter=find_ferry>\n<parameter=origin>\nOslo\n</parameter>\n</parameter>\n</tool_call>", OSLO),
    ("qwen3_coder", (QWEN % "<parameter=origin>\nOslo\n</parameter>").replace("</", "<\\/"), OSLO),
    ("qwen3_coder", (QWEN % "parameter=origin>\nOslo\n</parameter>").replace("<function", "function"), OSLO),
    ("glm45", "<tool_call>find_ferry<tool_call>origin</arg_key><arg_value>Oslo</arg_value></tool_call>", OSLO),
    ("glm45", "<tool_call>find_ferry\narg_key>origin</arg_key><arg_value>Oslo</arg_value></tool_call>", OSLO),
    ("minimax_m2", (INVOKE % '<parameter name="origin">Oslo</parameter>').replace("minimax:tool_call", "function_calls"), OSLO),
    ("minimax_m2", (INVOKE % '<parameter name="origin">Oslo</parameter>').replace("find_ferry", "ports:mcp:find_ferry"), OSLO),
    ("kimi_k2", "<|tool_calls_section_begin|><|tool_call_begin|>functions.find_ferry\n<origin>Oslo</origin>\n<|tool_call_end|>", OSLO),
    ("hermes", "<tool_call>\n<function>\n<name>find_ferry</name>\n<origin>Oslo</origin>\n</function>\n</tool_call>", OSLO),
]
TOLD = [
    (
        "minimax_m2",
        '<minimax:tool_call>\ninvoke name="find_ferry">\nparameter name="origin">Osloparameter>\ninvoke>\n</minimax:tool_call>',
        "doubtful_value",
    ),
    ("hermes", "<tool_call>\n{“name”：“find_ferry”}，“arguments”：{“origin”：“Oslo”}}\n</tool_call>", "surplus_closer"),
    ("granite", '<|tool_call|>[{"name": "find_ferry"], "arguments": {"origin": "Oslo"}}]', "missing_value"),
    ("granite", '<|tool_call|>[{"name": "find_ferry", "arguments": {]"origin": "Oslo"}}]', "missing_value"),
    ("qwen3_coder", "<tool_call>\n<function=>\n</function>\n</tool_call>", "not_a_call"),
    ("poolside_v1", "<tool_call>find_ferryarg_key>origin</arg_key>arg_value>Oslo</arg_value></tool_call>", "not_a_call"),
    ("hermes", HERMES % '{"origin": "Oslo", "seats: 4, "x": 1}', "unescaped_quote"),
    ("hermes", HERMES % '{"origin": ["Oslo, "Bergen"]}', "unescaped_quote"),
    ("qwen3_coder", QWEN % "<parameter=oirgin>\nOslo\n</parameter>", "unknown_key"),
    ("gemma4", '<|tool_call>call:find_ferry{orign:<|"|>Oslo<|"|>}<tool_call|>', "unknown_key"),
    ("pythonic", '[find_ferry(origins="Oslo")]', "unknown_key"),
    (
        "minimax_m2",
        INVOKE % '<parameter name="origin">Oslo</parameter>\n<parameter name="sql">a</parameter>\n<parameter name="limit">1</parameter>',
        "doubtful_value",
    ),
    ("minimax_m2", INVOKE % '<parameter name="origin">Oslo`</parameter>`\n<parameter name="seats">4</parameter>', "doubtful_value"),
    ("minimax_m2", INVOKE % '`<parameter name="origin">`Oslo</parameter>', "doubtful_value"),
    ("minimax_m2", INVOKE % '<parameter name="origin">\n<parameter name="origin">Oslo</parameter>', "doubtful_value"),
    ("minimax_m2", INVOKE % '<parameter name="seats">4`</parameter>', "wrong_type"),
    ("hermes", "<tool_call>\n<find_ferry>\n<b>Oslo</b>\n</find_ferry>\n</tool_call>", "not_a_call"),
    ("glm45", "<tool_call>find_ferry\n<arg_key>origin</arg_keys>\n<arg_value>Oslo</arg_value>\n</tool_call>", "doubtful_value"),
]


def both_ways(name: str, text: str) -> tuple[toolparse.Message, toolparse.Message]:
    """The message of the whole text, and of its characters one by one."""
    options: dict[str, Any] = {"tools": BOTH, "prompt": ""}
    return toolparse.parse(text, name, **options), strategies.in_pieces(text, name, 1, **options)


@pytest.mark.parametrize(("name", "text", "arguments"), READ)
def test_what_is_plainly_meant_is_read(name: str, text: str, arguments: str) -> None:
    for message in both_ways(name, text):
        assert [(call.name, call.arguments, call.complete) for call in message.tool_calls] == [("find_ferry", arguments, True)]
        assert message.content is None
        assert {problem.severity for problem in message.problems} == {"warning"}


@pytest.mark.parametrize(("name", "text", "kind"), TOLD)
def test_what_may_be_another_thing_is_told(name: str, text: str, kind: str) -> None:
    for message in both_ways(name, text):
        assert kind in {problem.kind for problem in message.problems if problem.severity == "error"}
