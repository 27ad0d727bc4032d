"""Hunyuan A13B and its dense siblings: a JSON list in <tool_calls> tags, answers in <answer> tags, nothing a special token."""

from toolparse.grammar import LISTED, Calls, Envelope, Format, Frame, Reasoning, Wrapper

HUNYUAN_A13B = Format(
    name="hunyuan_a13b",
    models=("Hunyuan-A13B", "Hunyuan-0.5B", "Hunyuan-1.8B", "Hunyuan-4B", "Hunyuan-7B"),
    reasoning=(Reasoning("<think>\n", "\n</think>\n", calls="ignored"),),
    frames=(Frame("<answer>\n", "\n</answer>"), Frame("助手：\n")),
    calls=(
        Calls(
            wrapper=Wrapper("\n<tool_calls>", "</tool_calls>", shared=True),
            body=Envelope(listed=LISTED),
        ),
    ),
    stop=("<|eos|>", "<|endoftext|>", "<|extra_0|>"),
    turn=("<|extra_0|>",),
    source="tencent/Hunyuan-A13B-Instruct model page; vllm-project/vllm#20820",
    quirks=(
        "<answer> is framing at the start of the turn or behind the think section, as is the first </answer> after it.",
        "The role label that the template writes is framing at the start of the answer, elsewhere text.",
        "A block inside the think section is only a thought, closed or not.",
        "Arguments may be a JSON string that holds an object, and their keys may be called name or arguments.",
        "Trailing commas are repaired; a list that the output cuts ends with an incomplete call.",
    ),
    marks=("<tool_calls> & <|extra_0|>",),
)
