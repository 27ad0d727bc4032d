"""Ling 3: GLM's calls between Bailing's turn markers."""

from toolparse.formats.glm45 import GLM45, TAGS
from toolparse.grammar import Reasoning

LING3 = GLM45.variant(
    name="ling3",
    aliases=(),
    models=("Ling-3.0",),
    reasoning=(Reasoning("<think>", "</think>\n"),),
    stop=("<|role_end|>", "<role>HUMAN</role>", "<role>OBSERVATION</role>", "<role>SYSTEM</role>"),
    turn=("<role>ASSISTANT</role>",),
    special_tokens=(*TAGS, "<|role_end|>"),
    source="ggml-org/llama.cpp common/parsers/ling3.cpp; inclusionAI/Ling-3.0-flash model page",
    quirks=(
        "Line breaks behind the name and between the tags may be there or not.",
        "A call in front of </think> ends the reasoning.",
        "The opener of another role that trails is dropped; elsewhere, as other stray tags, it is text.",
        "A missing first <arg_key> and closers inside values are read as in GLM.",
        "A call that is cut is reported as incomplete; nothing is made up for it.",
    ),
    marks=("<tool_call> & <arg_key> & <|role_end|>",),
)
