"""Kimi K2 and Kimi Linear: a section of calls, each an id that holds the name, and JSON."""

from toolparse.grammar import Calls, Format, JsonText, OneOf, Reasoning, Wrapper

KIMI_K2 = Format(
    name="kimi_k2",
    models=("Kimi-K2", "Kimi-K2-Thinking", "Kimi-K2.5", "Kimi-K2.6", "Kimi-K2.7-Code", "Kimi-Linear"),
    reasoning=(Reasoning("<think>", "</think>"),),
    calls=(
        Calls(
            wrapper=Wrapper(
                OneOf(("<|tool_calls_section_begin|>", "<|tool_call_section_begin|>")),
                OneOf(("<|tool_calls_section_end|>", "<|tool_call_section_end|>")),
                shared=True,
            ),
            needs="nothing",
            open=("<|tool_call_begin|>", "{name}", "<|tool_call_argument_begin|>"),
            prefix="functions.",
            id_holds_name=True,
            body=JsonText(),
            close=("<|tool_call_end|>",),
            name=r"[^\s<]",
        ),
    ),
    stop=("<|im_end|>", "[EOS]", "[EOT]"),
    turn=("<|im_assistant|>assistant<|im_middle|>",),
    special_tokens=(
        "<|tool_calls_section_begin|>", "<|tool_calls_section_end|>", "<|tool_call_begin|>", "<|tool_call_argument_begin|>",
        "<|tool_call_end|>", "<think>", "</think>",
    ),
    source="moonshotai/Kimi-K2-Instruct docs/tool_call_guidance.md; ggml-org/llama.cpp models/templates/moonshotai-Kimi-K2.jinja",
    quirks=(
        "The id is handed out as it was written; the name is what stands between `functions.` and the counter.",
        "An id that is only a counter, or that a client has rewritten, is matched with the declared tools.",
        "The singular spelling of the section markers, several sections, and calls without a section are read.",
        "A section inside open thinking ends it; a </think> behind it is dropped.",
        "A second call begin inside arguments closes the first call; inside a header it makes the first header text.",
    ),
    marks=("<|tool_call_argument_begin|>",),
)  # fmt: skip
