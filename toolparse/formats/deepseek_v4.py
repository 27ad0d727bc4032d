"""DeepSeek-V4: the DSML of V3.2 with another name for the block; V4.1's spaced tags are read, too."""

from toolparse.formats.deepseek_v32 import DEEPSEEK_V32, QUIRKS, dsml

DEEPSEEK_V4 = DEEPSEEK_V32.variant(
    name="deepseek_v4",
    aliases=("deepseekv4",),
    models=("DeepSeek-V4", "DeepSeek-V4-Flash", "DeepSeek-V4-Pro"),
    calls=(*dsml("｜DSML｜", "tool_calls", "function_calls", "toolcalls", "tool"), *dsml("｜DSML｜ ", "calls")),
    source="deepseek-ai/DeepSeek-V4-Pro encoding/encoding_dsv4.py; vllm-project/vllm vllm/parser/deepseek_v4.py",
    quirks=(
        *QUIRKS,
        "The block may have V3.2's name or be misspelled `toolcalls` or `tool`.",
        "Markers with ASCII or doubled bars are text.",
    ),
    marks=("｜DSML｜ & tool_calls>",),
)
