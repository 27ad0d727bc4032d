"""Hermes: JSON calls in <tool_call> tags (Nous Hermes 2 Pro and later, Qwen2.5, Qwen3, QwQ)."""

from toolparse.grammar import Calls, Envelope, Format, Reasoning, Wrapper

HERMES = Format(
    name="hermes",
    aliases=("qwen", "qwen25", "qwen2d5", "qwen3", "qwen3_json", "qwen3-thinking", "qwen3-vl-instruct", "qwen3-vl-thinking"),
    models=(
        "Hermes 2 Pro",
        "Hermes 2 Theta",
        "Hermes 3",
        "DeepHermes 3",
        "Hermes 4",
        "Hermes 4.3",
        "Qwen2.5",
        "QwQ",
        "Qwen3",
        "Qwen3-VL",
        "Qwen3-Omni",
        "MiMo-7B",
        "MiMo-VL",
    ),
    reasoning=(Reasoning("<think>\n", "\n</think>\n\n"),),
    calls=(
        Calls(
            wrapper=Wrapper("\n<tool_call>\n", "\n</tool_call>"),
            between="\n",
            body=Envelope(),
        ),
    ),
    stop=("<|im_end|>", "<|endoftext|>", "<|eot_id|>"),
    turn=("<|im_start|>assistant\n", "<|start_header_id|>assistant<|end_header_id|>\n\n"),
    special_tokens=("<tool_call>", "</tool_call>", "<think>", "</think>"),
    source="vllm-project/vllm examples/tool_chat_template_hermes.jinja; Qwen/Qwen3-8B and Qwen/Qwen2.5-7B-Instruct model pages",
    quirks=(
        "A tag in prose stays text, or reasoning; a real call later is still found.",
        "Python dicts, `arguments` before `name`, several objects in one block and lists of them are read as calls.",
        "A call inside open reasoning ends it, and the `</think>` that comes late is dropped.",
        "The object's own braces end it: tags inside its strings are data, surplus braces behind it framing, missing ones are added.",
    ),
    marks=(
        '<tool_call>\n & "arguments"',
        '<tool_call>{ & "arguments"',
    ),
)
