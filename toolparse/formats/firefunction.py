"""Firefunction v2: the word functools and a JSON list, in a Llama 3 turn."""

from toolparse.formats.phi4_mini_json import LIST
from toolparse.grammar import Calls, Format

FIREFUNCTION = Format(
    name="firefunction",
    aliases=("firefunction-v2", "llama-3-firefunction-v2"),
    models=("Firefunction v2", "Llama 3 Firefunction v2"),
    calls=(Calls(open=(" functools",), body=LIST),),
    stop=("<|eot_id|>", "<|end_of_text|>"),
    turn=("<|start_header_id|>assistant<|end_header_id|>\n\n",),
    source="fireworks-ai/llama-3-firefunction-v2 chat template in ggerganov/llama.cpp models/templates",
    quirks=(
        "The word functools counts only in front of an object, or of a list that begins with one, with a name.",
        "A list without brackets, or with a missing one, is repaired; further lists are further calls.",
        "Calls without the marker are content.",
    ),
    marks=("functools[ & <|start_header_id|>",),
)
