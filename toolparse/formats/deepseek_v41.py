"""DeepSeek-V4.1: DSML with a space in front of every tag's name; V4's tags are read, too."""

from toolparse.formats.deepseek_v4 import DEEPSEEK_V4
from toolparse.formats.deepseek_v32 import QUIRKS, dsml

DEEPSEEK_V41 = DEEPSEEK_V4.variant(
    name="deepseek_v41",
    aliases=("deepseekv41",),
    models=("DeepSeek-V4.1", "DeepSeek-V4.1-Flash"),
    calls=(*dsml("｜DSML｜ ", "calls"), *dsml("｜DSML｜", "tool_calls", "function_calls")),
    source="deepseek-ai/DeepSeek-V4.1-Flash encoding/encoding.py; vllm-project/vllm vllm/parser/deepseek_v41.py",
    quirks=(
        *QUIRKS,
        "A tag without the space is data in a call that has it, and the other way round.",
        "A name with a namespace (`maps::elevation`) is the name as it stands.",
    ),
    marks=("<｜DSML｜ calls>", "｜DSML｜ & ' calls>"),
)
