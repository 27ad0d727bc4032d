"""Hy4: Hy3's groups without a separator behind the name and without white space."""

from dataclasses import replace

from toolparse.formats.hy_v3 import GROUP, HY_V3, PAIRS, TAGS
from toolparse.grammar import Ahead, Wrapper

HY_V4 = HY_V3.variant(
    name="hy_v4",
    aliases=(),
    models=("Hy4", "Hy4-preview"),
    calls=(
        replace(
            GROUP,
            wrapper=Wrapper("<tool_calls>", "</tool_calls>", shared=True),
            open=("<tool_call>", "{name}", Ahead(("<arg_key>", "</tool_call>"))),
            also=(),
            body=replace(PAIRS, open=("<arg_key>", "{key}", "</arg_key>", "<arg_value>"), between=""),
            between="",
        ),
    ),
    special_tokens=TAGS,
    source="tencent/Hy4-preview model page; vllm-project/vllm vllm/tool_parsers/hy_v4_tool_parser.py",
    quirks=(
        "The first marker, of the prompt or of the output, fixes the suffix of all; markers with another one are text.",
        "White space between the tags is framing.",
        "Closing tags inside values are part of them unless what follows shows that they close.",
        "A group inside open reasoning ends it; a late </think> is dropped.",
    ),
    marks=("<｜hy_ & <arg_key", "<tool_call> & <arg_key> & <｜hy_"),
)
