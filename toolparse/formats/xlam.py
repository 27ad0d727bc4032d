"""xLAM 2: the whole message is a JSON list of calls; fine-tunes put it in a code fence, in tags or behind a marker."""

from toolparse.grammar import LISTED, Calls, Envelope, Format, OneOf, Reasoning

XLAM = Format(
    name="xlam",
    models=("xLAM-2", "Llama-xLAM-2", "Qwen-xLAM"),
    reasoning=(Reasoning("<think>", "</think>", calls="ignored"),),
    calls=(
        Calls(where="line", needs="tool", body=Envelope(listed=LISTED)),
        Calls(open=(OneOf(("```json\n", "```")),), where="line", needs="tool", body=Envelope(listed=LISTED), close=("\n```",)),
        Calls(open=("<tool_call>",), body=Envelope(listed=LISTED), close=("</tool_call>",)),
        Calls(open=("[TOOL_CALLS]",), body=Envelope(listed=LISTED)),
    ),
    stop=("<|im_end|>", "<|endoftext|>", "<|eot_id|>"),
    turn=("<|im_start|>assistant\n", "<|start_header_id|>assistant<|end_header_id|>\n\n"),
    source="vllm-project/vllm examples/tool_chat_template_xlam_qwen.jinja and tool_chat_template_xlam_llama.jinja; "
    "Salesforce/xLAM-2-3b-fc-r model page",
    quirks=(
        "A bare list, a bare object or a code fence counts at the start of a line, with a declared name and the arguments' key.",
        "A list or a fence that holds data, and an empty list, are content.",
        "Only the top level of a list's elements counts: a name inside the arguments is data.",
        "The closing fence or tag is framing directly behind the calls and may be missing.",
        "Inside open reasoning nothing opens a call.",
    ),
    marks=("make calls in a single JSON array",),
)
