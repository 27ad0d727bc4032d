"""The reasoning of QwQ and Qwen3-Thinking-2507 alone: the prompt opens it, the model closes it or a call ends it."""

from toolparse.grammar import Format, Reasoning

QWQ = Format(
    name="qwq",
    reasoning_aliases=("qwen-qwq", "qwen3-thinking"),
    reasoning=(Reasoning("<think>\n", "\n</think>\n\n", assumed=True),),
    stop=("<|im_end|>", "<|endoftext|>"),
    turn=("<|im_start|>assistant\n",),
    special_tokens=("<think>", "</think>"),
    source="Qwen/QwQ-32B and Qwen/Qwen3-235B-A22B-Thinking-2507 model pages; sgl-project/sglang srt/parser/reasoning_parser.py",
    quirks=(
        "Without a prompt the output is taken to start inside reasoning; a repeated opener is dropped.",
        "No calls are looked for: name a tool format and give this one as its reasoning.",
    ),
)
