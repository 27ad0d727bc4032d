"""The reasoning of Kimi-VL Thinking and Kimi k1.5 alone, in triangle brackets."""

from toolparse.grammar import Format, Reasoning

KIMI_VL = Format(
    name="kimi_vl",
    reasoning_aliases=("kimi",),
    reasoning=(Reasoning("◁think▷", "◁/think▷"),),
    stop=("<|im_end|>", "[EOS]"),
    turn=("<|im_assistant|>assistant<|im_middle|>",),
    source="sgl-project/sglang srt/parser/reasoning_parser.py; moonshotai/Kimi-VL-A3B-Thinking model page",
    quirks=("The brackets are ordinary text, several tokens each.", "Output without the opener is content."),
)
