"""Glaive: <functioncall> in front of one JSON object, whose arguments stand as JSON between single quotes."""

from toolparse.grammar import Calls, Envelope, Format

GLAIVE = Format(
    name="glaive",
    aliases=("glaive-function-calling", "glaive-function-calling-v2"),
    models=("Glaive Function Calling",),
    calls=(
        Calls(
            open=("\n<functioncall> ",),
            body=Envelope(start=("{",)),
            close=("</functioncall>",),
            between="\n",
        ),
    ),
    stop=(" <|endoftext|>",),
    turn=("ASSISTANT:",),
    source="glaiveai/glaive-function-calling-v2 data set page; glaiveai/glaive-function-calling-v1 model page",
    quirks=(
        "Arguments are an object, or JSON between single or double quotes; a quote inside counts as what follows it says.",
        "A closing </functioncall> directly behind the object, which fine-tunes write, is framing, elsewhere content.",
        "A turn that the model goes on to invent (a line with USER: or FUNCTION RESPONSE:) is content.",
    ),
    marks=("<functioncall>",),
)
