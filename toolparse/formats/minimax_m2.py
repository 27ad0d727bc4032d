"""MiniMax-M2 to M2.7: invokes with raw parameters in <minimax:tool_call>."""

from toolparse.grammar import Calls, Format, OneOf, Parameters, Reasoning, Wrapper

MINIMAX_M2 = Format(
    name="minimax_m2",
    aliases=("minimax-m2", "minimax_m2_append_think", "minimax-append-think"),
    reasoning_aliases=("minimax",),
    models=("MiniMax-M2", "MiniMax-M2.1", "MiniMax-M2.5", "MiniMax-M2.7"),
    reasoning=(Reasoning("<think>\n", "\n</think>\n\n", assumed=True),),
    calls=(
        Calls(
            wrapper=Wrapper("<minimax:tool_call>\n", "\n</minimax:tool_call>", shared=True),
            needs="wrapper or tool",
            where="line",
            open=(OneOf(('<invoke name="{name}">\n', "<invoke name='{name}'>")),),
            body=Parameters(
                open=(OneOf(('<parameter name="{key}">', "<parameter name='{key}'>")),),
                close="</parameter>",
                ends="anywhere",
                between="\n",
            ),
            close=("</invoke>",),
            between="\n",
            name=r"""[^<>"'\n]""",
        ),
    ),
    stop=("[e~[",),
    turn=("]~b]ai\n",),
    special_tokens=("<minimax:tool_call>", "</minimax:tool_call>", "<think>", "</think>"),
    source="MiniMaxAI/MiniMax-M2 model page; ggml-org/llama.cpp models/templates/unsloth-MiniMax-M2.jinja",
    quirks=(
        "A block inside open reasoning ends it; a late </think> is dropped.",
        "A closing tag inside a value is part of it unless what follows shows that it closes.",
        "A bare <invoke> counts at a line start for a declared tool.",
    ),
    marks=("<minimax:tool_call>",),
)
