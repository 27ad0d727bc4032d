"""dots3: invokes, or one JSON object, in <dots_function_call>."""

from toolparse.grammar import Calls, Envelope, Format, OneOf, Parameters, Reasoning, Wrapper

TAGS = Wrapper("<dots_function_call>\n", "\n</dots_function_call>")
NAME = r"""[^<>"'\n]"""

DOTS = Format(
    name="dots",
    models=("dots3-note", "dots3", "dots-3-note"),
    reasoning=(Reasoning("<think>\n", "\n</think>\n\n", calls="ignored"),),
    calls=(
        Calls(
            wrapper=TAGS,
            open=(OneOf(('<invoke name="{name}">\n', "<invoke name='{name}'>", "<invoke name={name}>")),),
            body=Parameters(
                open=(
                    OneOf(
                        (
                            '<parameter name="{key}">',
                            '<parameter name="{key}"{other}>',
                            "<parameter name='{key}'{other}>",
                            "<parameter name={word} {other}>",
                            "<parameter name={key}>",
                        )
                    ),
                ),
                close="</parameter>",
                ends="structure",
                between="\n",
            ),
            close=("</invoke>",),
            between="\n",
            name=NAME,
        ),
        Calls(wrapper=TAGS, body=Envelope(start=("{",))),
    ),
    special_tokens=("<dots_function_call>", "</dots_function_call>"),
    source="vllm-project/vllm vllm/tool_parsers/dots_tool_parser.py; sgl-project/sglang srt/function_call/dots_detector.py",
    quirks=(
        "Attributes behind the name are not part of it.",
        "A JSON object with a name, and `arguments` or `parameters`, may stand in place of the invokes.",
        "A wrapper inside open reasoning stays reasoning.",
        "A closing tag inside a value is part of it unless what follows shows that it closes.",
    ),
    marks=("<dots_function_call>",),
)
