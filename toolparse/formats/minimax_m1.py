"""MiniMax-M1: one JSON object per line in <tool_calls> tags."""

from toolparse.grammar import Calls, Envelope, Format, Reasoning, Wrapper

MINIMAX_M1 = Format(
    name="minimax_m1",
    aliases=("minimax",),
    models=("MiniMax-M1",),
    reasoning=(Reasoning("<think>\n", "\n</think>\n\n", calls="ignored"),),
    calls=(
        Calls(
            wrapper=Wrapper("\n<tool_calls>\n", "\n</tool_calls>", shared=True),
            between="\n",
            body=Envelope(start=("{",)),
        ),
    ),
    stop=("<end_of_sentence>",),
    turn=("<beginning_of_sentence>ai name=assistant\n",),
    source="MiniMaxAI/MiniMax-M1-80k docs/function_call_guide.md; vllm-project/vllm examples/tool_chat_template_minimax_m1.jinja",
    quirks=(
        "Calls inside the think block are rehearsals and stay reasoning, closed or not.",
        "Objects are told apart by their structure, so they may be glued together or lack their last brace.",
        "Unquoted keys, as the prompt's skeleton shows them, are read.",
    ),
    marks=("<tool_calls> & <beginning_of_sentence>",),
)
