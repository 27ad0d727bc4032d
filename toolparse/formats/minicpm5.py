"""MiniCPM5: calls as XML elements, values escaped by entities or in CDATA."""

from toolparse.grammar import Ahead, Calls, Format, OneOf, Parameters, Reasoning

NAME = r"""[^<>"'\n]"""

MINICPM5 = Format(
    name="minicpm5",
    models=("MiniCPM5",),
    reasoning=(Reasoning("<think>\n", "\n</think>\n\n"),),
    calls=(
        Calls(
            open=(
                OneOf(("<function ", "<functionĠ", "<functionĊ")),
                OneOf(('name="{name}">', "name='{name}'>")),
                Ahead(("<param", "</function>")),
            ),
            body=Parameters(
                open=(OneOf(("<param ", "<paramĠ", "<paramĊ")), OneOf(('name="{key}">', "name='{key}'>"))),
                close="</param>",
            ),
            close=("</function>",),
            name=NAME,
            escaped="xml",
        ),
    ),
    stop=("<|im_end|>",),
    turn=("<|im_start|>assistant\n",),
    special_tokens=("<function", "</function>", "<param", "</param>", "<think>", "</think>"),
    source="openbmb/MiniCPM5-1B model page; ggml-org/llama.cpp common/parsers/minicpm5.cpp",
    quirks=(
        "A missing blank behind <function and <param, and a byte-level one, is forgiven.",
        "CDATA ends only at ]]> in front of </param>; closing tags inside it are data.",
        "The five entities are decoded outside CDATA; a raw & or < stays.",
        "A value that begins with a line break is laid out: white space at its ends is framing.",
        "</function> ends an open value and its call.",
        "A call needs a parameter or its end behind the tag.",
        "Parameters that the schema does not have are kept as they are.",
    ),
    marks=('<function name=" & <param name="',),
)
