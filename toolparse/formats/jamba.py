"""Jamba 1.5 to 1.7: one JSON list of calls in <tool_calls> tags."""

from toolparse.grammar import Calls, Envelope, Format, Wrapper

JAMBA = Format(
    name="jamba",
    models=(
        "Jamba 1.5", "Jamba 1.6", "Jamba 1.7", "AI21 Jamba 1.5", "AI21 Jamba 1.6", "AI21 Jamba 1.7", "AI21 Jamba Mini 1.5",
        "AI21 Jamba Large 1.5", "AI21 Jamba Mini 1.6", "AI21 Jamba Large 1.6", "AI21 Jamba Mini 1.7", "AI21 Jamba Large 1.7",
    ),
    calls=(
        Calls(
            wrapper=Wrapper("\n<tool_calls>", "</tool_calls>", shared=True),
            body=Envelope(listed=("[\n    ", ",\n    ", "\n]")),
        ),
    ),
    stop=("<|eom|>", "<|endoftext|>"),
    turn=("<|assistant|>",),
    special_tokens=("<tool_calls>", "</tool_calls>"),
    source="ai21labs/AI21-Jamba-1.5-Mini model page; vllm-project/vllm vllm/tool_parsers/jamba_tool_parser.py",
    quirks=(
        "A space that the tokenizer puts in front of the opening tag is framing.",
        "A single object without the list, Python's quotes and a list that is not closed are repaired.",
        "An opening tag counts only in front of a list that begins with an object, or of an object.",
        "Reasoning markers are content.",
    ),
    marks=("<tool_calls> & <|bom|>",),
)  # fmt: skip
