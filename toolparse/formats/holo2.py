"""Holo2's reasoning alone: that of DeepSeek-V3.1, on unless it is switched off."""

from toolparse.grammar import Format, Reasoning

HOLO2 = Format(
    name="holo2",
    reasoning=(Reasoning("<think>", "</think>", assumed=True, stray="again"),),
    stop=("<|im_end|>", "<|endoftext|>"),
    turn=("<|im_start|>assistant\n",),
    special_tokens=("<think>", "</think>"),
    source="vllm-project/vllm vllm/reasoning/deepseek_v3_reasoning_parser.py",
    quirks=(
        "Without a prompt the output is taken to start inside reasoning.",
        "When thinking is off the prompt holds a bare </think>, and the output is content.",
    ),
)
