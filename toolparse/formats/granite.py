"""Granite 3.0 to 3.3: a marker and one JSON list of calls, with no closing marker."""

from toolparse.grammar import LISTED, Calls, Envelope, Format, Frame, OneOf, Reasoning

GRANITE = Format(
    name="granite",
    models=("Granite 3.0", "Granite 3.1", "Granite 3.2", "Granite 3.3"),
    reasoning=(
        Reasoning("<think>", "</think>"),
        Reasoning(
            OneOf(("Here is my thought process:", "Here's my thought process:")),
            OneOf(("Here is my response:", "Here's my response:")),
        ),
    ),
    frames=(Frame("<response>", "</response>"),),
    calls=(
        Calls(
            open=(OneOf(("\n<|tool_call|>", "<tool_call>")),),
            body=Envelope(listed=LISTED),
            close=(OneOf(("", "</tool_call>")),),
        ),
        Calls(where="start", needs="tool", body=Envelope(listed=LISTED, start=("[{",))),
    ),
    stop=("<|end_of_text|>",),
    turn=("<|start_of_role|>assistant<|end_of_role|>",),
    special_tokens=("<|tool_call|>",),
    source="ibm-granite/granite-3.1-8b-instruct and granite-3.3-8b-instruct model pages; ggml-org/llama.cpp common/chat.cpp; "
    "vllm-project/vllm examples/tool_chat_template_granite.jinja and vllm/reasoning/granite_reasoning_parser.py",
    quirks=(
        "Both markers, the special token and the plain tag, are read in all versions.",
        "A list without a marker counts at the start of the turn, behind reasoning and behind <response>, with a declared name.",
        "An object instead of the list, a </tool_call> behind it and further markers with lists of their own are read.",
        "<response> is framing at the start of the turn or behind reasoning, and so is the first </response> after it; elsewhere not.",
    ),
    marks=("<|start_of_role|> & <|tool_call|>", "<|start_of_role|> & followed by a JSON list"),
)
