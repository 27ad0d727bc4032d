"""Seed-OSS: Qwen3-Coder's body in tags of its own."""

from dataclasses import replace

from toolparse.formats.qwen3_coder import FUNCTION, PARAMETERS
from toolparse.grammar import Format, OneOf, Reasoning, Wrapper

INLINE = replace(
    PARAMETERS,
    trim=OneOf(("", "\n")),
)

SEED_OSS = Format(
    name="seed_oss",
    models=("Seed-OSS",),
    reasoning=(Reasoning("<seed:think>", "</seed:think>\n"),),
    calls=(replace(FUNCTION, wrapper=Wrapper("<seed:tool_call>\n", "\n</seed:tool_call>"), body=INLINE),),
    stop=("<seed:eos>",),
    turn=("<seed:bos>assistant\n",),
    special_tokens=(
        "<seed:tool_call>", "</seed:tool_call>", "<seed:think>", "</seed:think>", "<seed:cot_budget_reflect>",
        "</seed:cot_budget_reflect>",
    ),
    source="ggml-org/llama.cpp models/templates/ByteDance-Seed-OSS.jinja; ByteDance-Seed/Seed-OSS-36B-Instruct model page",
    quirks=(
        "One line break at each end of a value is framing, though the template writes none.",
        "Containers come as Python prints them and are converted by the schema.",
        "Budget reflections are part of the reasoning.",
        "A missing <seed:tool_call> or </parameter> and closing tags inside values are read as in Qwen3-Coder.",
        "Output without a think block is content.",
    ),
    marks=("<seed:tool_call>",),
)  # fmt: skip
