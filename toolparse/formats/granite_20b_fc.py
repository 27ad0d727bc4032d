"""Granite 20B FunctionCalling: <function_call> in front of each JSON object, and no closing marker."""

from toolparse.grammar import Calls, Envelope, Format, OneOf

GRANITE_20B_FC = Format(
    name="granite_20b_fc",
    models=("Granite 20B FunctionCalling",),
    calls=(
        Calls(
            open=("\n<function_call> ",),
            body=Envelope(start=("{",)),
            close=(OneOf(("", "</function_call>")),),
        ),
    ),
    stop=("<|endoftext|>",),
    turn=("ASSISTANT:",),
    source="vllm-project/vllm examples/tool_chat_template_granite_20b_fc.jinja; ibm-granite/granite-20b-functioncalling model page",
    quirks=(
        "The call no_function, which the prompt asks for when nothing fits, is a call to an undeclared tool.",
        "A closing </function_call> directly behind the object is framing, elsewhere content.",
        "A turn that the model goes on to invent (a line with USER:) is content.",
    ),
    marks=('<function_call> & "arguments"',),
)
