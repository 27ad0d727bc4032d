"""Nemotron Nano v2 and the Llama Nemotrons: one JSON list of calls in <TOOLCALL> tags."""

from toolparse.grammar import LISTED, Calls, Envelope, Format, Reasoning, Wrapper

NEMOTRON_JSON = Format(
    name="nemotron_json",
    aliases=("nemotron_deci",),
    models=(
        "Nemotron Nano v2", "NVIDIA Nemotron Nano v2", "Llama-3.1-Nemotron-Nano", "Llama-3.1-Nemotron-Ultra",
        "Llama-3.3-Nemotron-Super",
    ),
    reasoning=(Reasoning("<think>\n", "\n</think>\n\n", assumed=True, calls="ignored"),),
    calls=(
        Calls(
            wrapper=Wrapper("\n\n<TOOLCALL>", "</TOOLCALL>", shared=True),
            body=Envelope(listed=LISTED),
        ),
    ),
    stop=("\n<SPECIAL_12>", "<|eot_id|>"),
    turn=("<SPECIAL_11>Assistant\n", "<|start_header_id|>assistant<|end_header_id|>\n\n"),
    source="ggml-org/llama.cpp models/templates/NVIDIA-Nemotron-Nano-v2.jinja and nvidia-Llama-3_3-Nemotron-Super-49B-v1_5.jinja; "
    "nvidia/NVIDIA-Nemotron-Nano-9B-v2 model page",
    quirks=(
        "Arguments that are a JSON string holding an object, as the system prompt shows them, are unwrapped.",
        "Inside open reasoning nothing is a call: the prompt names the tag, so thoughts mention it.",
        "A single object instead of the list, and a list that is not closed, are repaired.",
        "<SPECIAL_12> at the end is dropped, with the newline in front of it; the Llama models end with <|eot_id|>.",
    ),
    marks=("<TOOLCALL>",),
)  # fmt: skip
