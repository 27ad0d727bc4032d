"""LongCat: JSON or pairs of key and raw value in <longcat_tool_call>, by the model's generation."""

from toolparse.formats.glm45 import NAME
from toolparse.grammar import Ahead, Calls, Envelope, Format, Parameters, Reasoning

OPEN, CLOSE = "<longcat_tool_call>", "</longcat_tool_call>"
KEY, KEY_END, VALUE, VALUE_END = "<longcat_arg_key>", "</longcat_arg_key>", "<longcat_arg_value>", "</longcat_arg_value>"

LONGCAT = Format(
    name="longcat",
    models=("LongCat-Flash", "LongCat-2.0"),
    reasoning=(Reasoning("<longcat_think>\n", "\n</longcat_think>\n"),),
    calls=(
        Calls(open=(f"{OPEN}\n",), body=Envelope(start=("{",)), close=(f"\n{CLOSE}",)),
        Calls(
            open=(OPEN, "{name}\n", Ahead((KEY, CLOSE))),
            body=Parameters(
                open=(KEY, "{key}", f"{KEY_END}\n", VALUE),
                close=VALUE_END,
                ends="structure",
                between="\n",
                none="json",
                object_key=(KEY, KEY_END),
            ),
            close=(CLOSE,),
            name=NAME,
        ),
    ),
    stop=("</longcat_s>",),
    turn=("<longcat_assistant>", "ASSISTANT:"),
    special_tokens=(OPEN, CLOSE, KEY, KEY_END, VALUE, VALUE_END, "<longcat_think>", "</longcat_think>"),
    source="vllm-project/vllm vllm/tool_parsers/longcat_tool_parser.py; ml-explore/mlx-lm mlx_lm/tool_parsers/longcat.py",
    quirks=(
        "What follows the opening says which dialect it is, whatever the model: an object, or a name; anything else makes it text.",
        "All arguments may stand as one object in the place of a key that no value follows.",
        "Line breaks between the tags may be there or not.",
        "A call inside open reasoning ends it; a late </longcat_think> is dropped.",
        "Closing tags inside values are part of them unless what follows shows that they close.",
    ),
    marks=("<longcat_tool_call>",),
)
