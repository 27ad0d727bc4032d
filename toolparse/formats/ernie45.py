"""ERNIE 4.5 Thinking: Hermes calls, and answers in <response> tags."""

from toolparse.formats.hermes import HERMES
from toolparse.grammar import Calls, Envelope, Frame, Reasoning, Wrapper

ERNIE45 = HERMES.variant(
    name="ernie45",
    aliases=(),
    models=("ERNIE-4.5-21B-A3B-Thinking",),
    reasoning=(Reasoning("<think>\n", "\n</think>\n\n", assumed=True),),
    frames=(Frame("<response>\n", "\n</response>\n"),),
    calls=(
        Calls(
            wrapper=Wrapper("\n\n<tool_call>\n", "\n</tool_call>\n"),
            between="\n",
            body=Envelope(start=("{",)),
        ),
    ),
    stop=("</s>", "<|end_of_sentence|>", "<|im_end|>"),
    special_tokens=(*HERMES.special_tokens, "<response>", "</response>"),
    source="baidu/ERNIE-4.5-21B-A3B-Thinking model page; vllm-project/vllm vllm/tool_parsers/ernie45_tool_parser.py",
    quirks=(
        "<response> is framing at the start of the turn or behind reasoning, and so is the first </response> after it; elsewhere not.",
        "A response and calls in one turn are both kept; blank lines around the blocks vary and are framing.",
        "A call inside open reasoning ends it; a </think> behind the call is dropped.",
    ),
    marks=('<tool_call>\n & "arguments" & <response>',),
)
