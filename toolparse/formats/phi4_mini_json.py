"""Phi-4-mini and Phi-4-multimodal: the word functools and a JSON list, or the model's own special tokens around it."""

from toolparse.grammar import LISTED, Calls, Envelope, Format, OneOf

LIST = Envelope(listed=LISTED)

PHI4_MINI_JSON = Format(
    name="phi4_mini_json",
    models=("Phi-4-mini", "Phi-4-multimodal"),
    calls=(
        Calls(open=("\nfunctools",), body=LIST),
        Calls(
            open=(OneOf(("<|tool_call|>", "<|tool_calls|>")),),
            body=LIST,
            close=(OneOf(("<|/tool_call|>", "<|/tool_calls|>")),),
        ),
    ),
    stop=("<|end|>", "<|endoftext|>", "<|user|>"),
    turn=("<|assistant|>",),
    special_tokens=("<|tool_call|>", "<|/tool_call|>"),
    source="vllm-project/vllm examples/tool_chat_template_phi4_mini.jinja; microsoft/Phi-4-mini-instruct model page; "
    "ggml-org/llama.cpp models/templates/llama-cpp-microsoft-Phi-4-mini-instruct.jinja",
    quirks=(
        "The word functools counts only in front of an object, or of a list that begins with one, with a name.",
        "The special-token form, which the model writes under other prompts, is read too.",
        "A list without brackets, or with a missing one, is repaired; further lists are further calls.",
        "Calls without a marker are content.",
    ),
    marks=("functools[", "<|/tool|>", "<|/tool_call|>"),
)
