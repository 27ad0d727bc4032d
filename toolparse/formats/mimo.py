"""MiMo-V2: Qwen3-Coder's tags around values that are kept to the character."""

from dataclasses import replace

from toolparse.formats.qwen3_coder import FUNCTION, PARAMETERS, QWEN3_CODER
from toolparse.grammar import Reasoning

MIMO = QWEN3_CODER.variant(
    name="mimo",
    aliases=(),
    models=("MiMo-V2", "MiMo-V2-Flash", "MiMo-V2.5", "MiMo-V2.6"),
    reasoning=(Reasoning("<think>", "</think>", where="again"),),
    calls=(replace(FUNCTION, body=replace(PARAMETERS, trim=""), between=""),),
    stop=("<|im_end|>",),
    source="XiaomiMiMo/MiMo-V2-Flash and MiMo-V2.5 model pages; vllm-project/vllm vllm/parser/mimo.py",
    quirks=(
        "No white space of a value is framing and no entity is decoded.",
        "<think> at the start of the output opens reasoning though the prompt has closed an empty block.",
        "A call inside the think block ends it; a late </think> is dropped.",
        "None is null for a nullable parameter and text for a string.",
    ),
    marks=("<tool_call> & <function= & >value_1</parameter>",),
)
