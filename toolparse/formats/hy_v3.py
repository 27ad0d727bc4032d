"""Hy3: groups of calls with pairs of key and raw value; a checkpoint may put a suffix on every marker."""

from toolparse.grammar import Ahead, Calls, Closed, Format, Parameters, Reasoning, Wrapper

PAIRS = Parameters(
    open=("<arg_key>", "{key}", "</arg_key>\n", "<arg_value>"),
    close="</arg_value>",
    ends="structure",
    between="\n",
)
GROUP = Calls(
    wrapper=Wrapper("<tool_calls>\n", "\n</tool_calls>", shared=True),
    open=("<tool_call>", "{name}", "<tool_sep>\n"),
    also=(("<tool_call>", "{name}", Ahead(("<arg_key>", "</tool_call>"))), ("<tool_call>", "{name}", Closed("</arg_value>"))),
    body=PAIRS,
    close=("</tool_call>",),
    between="\n",
)
TAGS = (
    "<tool_calls>", "</tool_calls>", "<tool_call>", "</tool_call>", "<arg_key>", "</arg_key>", "<arg_value>", "</arg_value>",
    "<think>", "</think>",
)  # fmt: skip

HY_V3 = Format(
    name="hy_v3",
    aliases=("hunyuan",),
    models=("Hy3", "Hy3-preview", "HYV3"),
    reasoning=(Reasoning("<think>", "</think>"),),
    calls=(GROUP,),
    stop=("<｜hy_eos｜>",),
    turn=("<｜hy_Assistant｜>",),
    special_tokens=(*TAGS, "<tool_sep>"),
    suffix=":",
    source="tencent/Hy3 and tencent/Hy3-preview model pages; vllm-project/vllm vllm/tool_parsers/hy_v3_tool_parser.py",
    quirks=(
        "The first marker, of the prompt or of the output, fixes the suffix of all; markers with another one are text.",
        "</arg_value> right behind a name closes a call without arguments.",
        "A missing <tool_sep> is forgiven where a key or the call's end follows the name.",
        "Closing tags inside values are part of them unless what follows shows that they close.",
        "A group inside open reasoning ends it; a late </think> is dropped.",
        "A group that is cut ends in an incomplete call.",
    ),
    marks=("<｜hy_ & <arg_key & <tool_sep", "<tool_call> & <arg_key> & <｜hy_ & <tool_sep>"),
)
