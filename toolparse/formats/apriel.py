"""Apriel: reasoning up to [BEGIN FINAL RESPONSE], and one JSON list of calls in <tool_calls> tags."""

from toolparse.grammar import LISTED, Calls, Envelope, Format, Reasoning, Wrapper

APRIEL = Format(
    name="apriel",
    models=("Apriel 1.5", "Apriel 1.6", "Apriel Nemotron", "Apriel"),
    reasoning=(
        Reasoning("Here are my reasoning steps:\n", "\n[BEGIN FINAL RESPONSE]\n"),
        Reasoning("<thinking>", "</thinking>"),
    ),
    calls=(
        Calls(
            wrapper=Wrapper("\n<tool_calls>", "</tool_calls>", shared=True),
            body=Envelope(listed=LISTED),
        ),
    ),
    stop=("\n<|end|>", "\n[END FINAL RESPONSE]"),
    turn=("<|begin_assistant|>\n", "<|assistant|>\n"),
    source="ggml-org/llama.cpp models/templates/unsloth-Apriel-1.5.jinja and Apriel-1.6-15b-Thinker-fixed.jinja",
    quirks=(
        "Apriel 1.6 writes <|begin_assistant|> and opens the reasoning in the prompt; 1.5 writes <|assistant|>.",
        "Both marker sentences are text in several tokens; elsewhere than around the reasoning they are content.",
        "[END FINAL RESPONSE] is dropped at the end of the output; in front of other text it is content.",
        "An id that stands behind the arguments is too late, and a made-up one stands.",
        "A single object instead of the list, and a list that is not closed, are repaired.",
    ),
    marks=("[BEGIN FINAL RESPONSE]",),
)
