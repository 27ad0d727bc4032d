"""Spark-X2.5: GLM's pairs without white space."""

from toolparse.formats.glm45 import TAGS
from toolparse.formats.poolside_v1 import COMPACT, POOLSIDE_V1
from toolparse.grammar import Reasoning

SPARK25 = POOLSIDE_V1.variant(
    name="spark25",
    aliases=("spark2_5",),
    models=("Spark-X2.5",),
    reasoning=(Reasoning("<think>", "</think>"),),
    calls=(COMPACT,),
    stop=("<｜end▁of▁sentence｜>",),
    turn=("<|Bot|>",),
    special_tokens=TAGS,
    source="sgl-project/sglang srt/function_call/spark25_detector.py; XHToken/Spark-X2.5-4B model page",
    quirks=(
        "Line breaks behind the name and between the tags may be there or not.",
        "<|tool_call|> with bars is text.",
        "A string parameter never becomes null.",
        "The last call of a cut output is reported as incomplete.",
        "Closing tags inside values are part of them unless what follows shows that they close.",
    ),
    marks=("<tool_call> & <arg_key> & <|Bot|>",),
)
