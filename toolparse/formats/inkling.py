"""Inkling: blocks whose opening token says what they hold; a call is a JSON envelope behind the name of its author."""

from toolparse.grammar import Calls, Channels, Envelope, Format, Reasoning

INKLING = Format(
    name="inkling",
    models=("Inkling",),
    reasoning=(Reasoning("<|content_thinking|>", "<|end_message|>"),),
    channels=Channels(
        start="<|message_model|>",
        to="{name}",
        close=(
            "<|content_thinking|>", "<|content_text|>", "<|content_invoke_tool_json|>", "<|content_invoke_tool_text|>",
            "<|content_tool_error|>",
        ),
        ends=("<|end_message|>",),
        kinds=(
            ("<|content_thinking|>", "reasoning"),
            ("<|content_text|>", "content"),
            ("<|content_invoke_tool_json|>", "call"),
            ("<|content_invoke_tool_text|>", "content"),
            ("<|content_tool_error|>", "content"),
        ),
        inside="opener",
    ),
    calls=(
        Calls(
            open=("<|content_invoke_tool_json|>",),
            body=Envelope(arguments=("args", "arguments", "parameters"), start=("{",)),
            close=("<|end_message|>",),
            between="<|message_model|>",
        ),
    ),
    stop=("<|content_model_end_sampling|>",),
    turn=("<|message_model|>",),
    special_tokens=(
        "<|message_model|>", "<|end_message|>", "<|content_thinking|>", "<|content_text|>", "<|content_invoke_tool_json|>",
        "<|content_invoke_tool_text|>", "<|content_tool_error|>",
    ),
    source="vllm-project/vllm vllm/renderers/inkling_encoding.py; sgl-project/sglang python/sglang/srt/parser/inkling_output.py",
    quirks=(
        "The author's name in front of a call's token is framing, also where it is the first text of the output.",
        "OpenAI's keys, arguments as a JSON string, keys in any order and a missing brace are read.",
        "A role token or a block's token inside an open block ends that block.",
        "Blocks of a call as text and of a tool's error are content.",
    ),
    marks=("<|content_invoke_tool_json|>",),
)  # fmt: skip
