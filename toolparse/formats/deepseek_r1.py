"""DeepSeek-R1's reasoning alone: the prompt opens it, the model closes it (R1, its distills and other models that always think)."""

from toolparse.grammar import Format, Reasoning

DEEPSEEK_R1 = Format(
    name="deepseek_r1",
    reasoning_aliases=("default",),
    reasoning=(Reasoning("<think>\n", "\n</think>\n\n", assumed=True, stray="again"),),
    stop=("<｜end▁of▁sentence｜>",),
    turn=("<｜Assistant｜>",),
    special_tokens=("<think>", "</think>"),
    source="vllm-project/vllm vllm/reasoning/deepseek_r1_reasoning_parser.py; deepseek-ai/DeepSeek-R1 model page",
    quirks=(
        "Without a prompt the output is taken to start inside reasoning; a repeated opener (R1-0528) is dropped.",
        "A second closer directly behind the first is dropped.",
        "No calls are looked for: name a tool format and give this one as its reasoning.",
    ),
)
