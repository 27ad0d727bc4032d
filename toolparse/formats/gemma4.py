"""Gemma 4: calls as `call:name{key:value}` with a string marker of their own; thinking in a channel with a label."""

from toolparse.grammar import Ahead, BareKeys, Calls, Format, OneOf, Reasoning

GEMMA4 = Format(
    name="gemma4",
    aliases=("gemma4-no-thinking",),
    models=("Gemma 4",),
    reasoning=(
        Reasoning(OneOf(("<|channel>thought\n", "<|channel>")), "<channel|>", where="anywhere", label="thought\n", stray="anywhere"),
    ),
    calls=(
        Calls(
            open=("<|tool_call>", OneOf(("call:{name}", ":{name}")), Ahead(("{", "("))),
            body=BareKeys('<|"|>'),
            close=("<tool_call|>",),
            name=r"[^\s<{(]",
        ),
    ),
    fragments=("<|channel>",),
    stop=("<turn|>", "<|tool_response>", "<eos>"),
    turn=("<|turn>model\n", "<tool_response|>"),
    special_tokens=("<|channel>", "<channel|>", "<|tool_call>", "<tool_call|>", '<|"|>'),
    source="ggml-org/llama.cpp models/templates/gemma4.jinja; ai.google.dev gemma/docs/core/prompt-formatting-gemma4",
    quirks=(
        "`=`, ordinary quotes, bare strings and parentheses are read; a bare value has the type of its parameter.",
        "The word `call` may be missing, and a declared name may stand twice.",
        "The end of the call closes a string and braces left open, if the next call, a stop token or the end of the output follows.",
        "A call ends open thinking; several thoughts are joined; <channel|> outside a thought is dropped.",
        "The label may be missing; an output that begins with just the label is thinking.",
    ),
    marks=("<|tool_call>",),
)
