"""Nemotron 3 and 3.5: Qwen3-Coder's calls in another reasoning frame."""

from toolparse.formats.qwen3_coder import FUNCTION, QWEN3_CODER
from toolparse.grammar import Reasoning

NEMOTRON_V3 = QWEN3_CODER.variant(
    name="nemotron_v3",
    aliases=("nemotron_3", "nemotron-3-nano", "nemotron-3.5-nano"),
    reasoning_aliases=("granite_thinking_parser", "nano_v3"),
    models=(
        "Nemotron 3",
        "Nemotron 3 Nano",
        "Nemotron 3 Super",
        "NVIDIA Nemotron 3",
        "Nemotron 3.5",
        "NVIDIA Nemotron 3.5",
        "Granite 4.2",
    ),
    reasoning=(Reasoning("<think>\n", "\n</think>\n"),),
    calls=(FUNCTION,),
    stop=("<|im_end|>",),
    source="nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B model page; vllm-project/vllm vllm/parser/nemotron_v3.py",
    quirks=(
        "A call without </think> in front of it ends the reasoning.",
        "White space before any tag is framing, also one that indents it.",
        "A <think> repeated at the start of the output is dropped.",
        "A missing <tool_call> or </parameter> and closing tags inside values are read as in Qwen3-Coder.",
    ),
    marks=("<tool_call> & <function= & truncate_history_thinking",),
)
