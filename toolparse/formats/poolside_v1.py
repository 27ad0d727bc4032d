"""Laguna: GLM's pairs without white space; a JSON body is read, too."""

from dataclasses import replace

from toolparse.formats.glm45 import CALL, NAME, TAGS
from toolparse.grammar import Ahead, Calls, Envelope, Format, JsonText, Parameters, Reasoning

PAIRS = Parameters(
    open=("<arg_key>", "{key}", "</arg_key>", "<arg_value>"),
    close="</arg_value>",
    ends="structure",
    none="json",
)
COMPACT = replace(CALL, open=("<tool_call>", "{name}", Ahead(("<arg_key>", "</tool_call>"))), also=(), body=PAIRS, between="")

POOLSIDE_V1 = Format(
    name="poolside_v1",
    aliases=("laguna", "laguna-v8", "poolside-v1"),
    models=("Laguna-XS.2", "Laguna-XS-2.1", "Laguna-S-2.1", "Laguna", "poolside Laguna"),
    reasoning=(Reasoning("<think>", "</think>", stray="again"),),
    calls=(
        COMPACT,
        Calls(open=("<tool_call>", "{name}", Ahead(("{",))), body=JsonText(), close=("</tool_call>",), name=NAME),
        Calls(open=("<tool_call>",), body=Envelope(start=("{",)), close=("</tool_call>",)),
    ),
    stop=("</assistant>", "〈|EOS|〉"),
    turn=("<assistant>",),
    special_tokens=(*TAGS, "</assistant>"),
    source="ollama/ollama model/renderers/testdata/laguna_v8_chat_template.jinja2; vllm-project/vllm "
    "vllm/tool_parsers/poolside_v1_tool_parser.py",
    quirks=(
        "Doubled </arg_key> are skipped; a key without a value is dropped and reported.",
        "An object with a name, or a name with an object behind it, may stand in place of the pairs.",
        "JSON outside <tool_call> is content, whatever it holds.",
        "A repeated <think> or </think> at the start of the output is dropped.",
        "A call inside open reasoning ends it.",
        "Closing tags inside values are part of them unless what follows shows that they close.",
    ),
    marks=("<tool_call> & <arg_key> & 〈|EOS|〉", "<tool_call> & <arg_key> & unescaped XML-like object"),
)
