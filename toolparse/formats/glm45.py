"""GLM-4.5 to 5.3: a name, then pairs of key and raw value, each in a tag of its own."""

from toolparse.grammar import Ahead, Calls, Format, Parameters, Reasoning

NAME = r"[A-Za-z0-9_.:/\-]"
PAIRS = Parameters(
    open=("<arg_key>", "{key}", "</arg_key>\n", "<arg_value>"),
    close="</arg_value>",
    ends="structure",
    between="\n",
    none="json",
)
CALL = Calls(
    open=("<tool_call>", "{name}\n", Ahead(("<arg_key>", "</tool_call>"))),
    body=PAIRS,
    close=("</tool_call>",),
    between="\n",
    name=NAME,
)
TAGS = ("<tool_call>", "</tool_call>", "<arg_key>", "</arg_key>", "<arg_value>", "</arg_value>", "<think>", "</think>")

GLM45 = Format(
    name="glm45",
    aliases=("glm", "glm47", "glm-4.7", "glm-ocr"),
    models=(
        "GLM-4.5",
        "GLM-4.5-Air",
        "GLM-4.5V",
        "GLM-4.6",
        "GLM-4.6V",
        "GLM-4.7",
        "GLM-4.7-Flash",
        "GLM-5",
        "GLM-5.1",
        "GLM-5.2",
        "GLM-5.3",
    ),
    reasoning=(Reasoning("<think>", "</think>\n"),),
    calls=(CALL,),
    stop=("<|user|>", "<|observation|>", "<|endoftext|>"),
    turn=("<|assistant|>",),
    special_tokens=TAGS,
    source="ggml-org/llama.cpp models/templates/GLM-4.6.jinja; zai-org/GLM-4.7 model page",
    quirks=(
        "Line breaks between the tags may be there or not; the two characters backslash and n between them count as one.",
        "A missing first <arg_key> is forgiven where a declared name and one of its parameters stand in front of </arg_key>.",
        "</arg_value> and </tool_call> inside a value are part of it unless what follows shows that they close.",
        "<tool_call> counts only in front of a name with <arg_key> or </tool_call> behind it.",
        "A call inside open reasoning ends it; a late </think> is dropped.",
        "No white space of a string is framing; quotes and digits stay as they are.",
    ),
    marks=("<tool_call> & <arg_key>",),
)
