"""The reasoning of MiniCPM-V alone: the prompt opens it when thinking is on."""

from toolparse.grammar import Format, Reasoning

MINICPMV = Format(
    name="minicpmv",
    reasoning=(Reasoning("<think>\n", "\n</think>\n\n"),),
    stop=("<|im_end|>", "<|endoftext|>"),
    turn=("<|im_start|>assistant\n",),
    special_tokens=("<think>", "</think>"),
    source="vllm-project/vllm vllm/reasoning/minicpmv_reasoning_parser.py",
    quirks=(
        "A block that the model writes although thinking is off is reasoning, too; vLLM drops it.",
        "A call of the tool format that this reasoning is combined with ends an open block.",
    ),
)
