"""InternLM2 to InternLM3 and Intern-S1: one JSON object between <|action_start|><|plugin|> and <|action_end|>."""

from toolparse.grammar import Calls, Envelope, Format, Reasoning

INTERNLM = Format(
    name="internlm",
    aliases=("interns1", "intern-s1"),
    models=("InternLM2", "InternLM2.5", "InternLM3", "Intern-S1", "Intern-S1-mini", "Intern-S1-Pro"),
    reasoning=(Reasoning("<think>\n", "\n</think>\n\n"),),
    calls=(
        Calls(
            open=("<|action_start|>", "<|plugin|>\n"),
            body=Envelope(arguments=("parameters", "arguments"), start=("{",)),
            close=("<|action_end|>",),
            between="\n",
        ),
    ),
    stop=("<|im_end|>", "</s>"),
    turn=("<|im_start|>assistant\n",),
    special_tokens=("<|action_start|>", "<|plugin|>", "<|action_end|>", "<think>", "</think>"),
    source="InternLM/InternLM chat/chat_format.md; internlm/internlm2_5-7b-chat and internlm/Intern-S1 model pages",
    quirks=(
        "White space between the two opening tokens, which some detokenizers write, changes nothing.",
        "A code-interpreter action is content, markers included.",
        "Several blocks are several calls.",
        "A call inside open reasoning ends it; a </think> behind the call is dropped.",
    ),
    marks=("<|action_start|>",),
)
