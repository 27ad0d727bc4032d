"""LLM-jp-4: harmony, with the recipient in front of the channel and several calls in a turn."""

from toolparse.formats.harmony import CHANNELS, HARMONY
from toolparse.grammar import Calls, JsonText, OneOf

LLM_JP = HARMONY.variant(
    name="llm_jp",
    aliases=("llmjp4", "llm-jp-4"),
    models=("LLM-jp-4", "LLM-jp-4.1"),
    channels=CHANNELS,
    calls=(
        Calls(
            open=(" to=functions.{name}<|channel|>commentary json<|message|>",),
            body=JsonText(),
            close=(OneOf(("<|end|>", "<|call|>", "<|return|>")),),
            between="<|start|>assistant",
            prefix="functions.",
        ),
    ),
    source="llm-jp/llm-jp-vllm llm_jp_vllm/llmjp4/tool_parser.py; llm-jp/llm-jp-4-cookbook llmjp4_transformers",
    quirks=(
        "All calls but the last of a turn end with <|end|>, the last one with <|call|>; any of them closes any message.",
        "A recipient makes a call on either side of the channel's name; its prefix `functions.` is no part of the name.",
        "Reasoning may come again between two calls.",
    ),
    marks=(),
)
