"""Granite 4.0 and 4.1: Hermes calls between Granite's role markers."""

from toolparse.formats.hermes import HERMES
from toolparse.grammar import Calls, Envelope, Wrapper

GRANITE4 = HERMES.variant(
    name="granite4",
    aliases=(),
    models=("Granite 4.0", "Granite 4.1"),
    reasoning=(),
    calls=(
        Calls(
            wrapper=Wrapper("\n<tool_call>\n", "\n</tool_call>"),
            between="\n",
            body=Envelope(start=("{",)),
        ),
    ),
    stop=("<|end_of_text|>",),
    turn=("<|start_of_role|>assistant<|end_of_role|>",),
    special_tokens=("<tool_call>", "</tool_call>"),
    source="ibm-granite/granite-4.0-h-small model page; vllm-project/vllm vllm/tool_parsers/granite4_tool_parser.py",
    quirks=(
        "Arguments that are a JSON string holding an object are unwrapped once, though the template forbids them.",
        "A missing end tag changes nothing: a complete object is a complete call.",
    ),
    marks=('<tool_call>\n & "arguments" & <|start_of_role|>',),
)
