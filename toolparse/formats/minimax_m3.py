"""MiniMax-M3: nested elements behind a namespace marker; objects and lists are elements, too."""

from toolparse.grammar import Calls, Elements, Format, OneOf, Reasoning, Wrapper

NS = "]<]minimax[>["

MINIMAX_M3 = Format(
    name="minimax_m3",
    aliases=("minimax-m3",),
    models=("MiniMax-M3",),
    reasoning=(Reasoning("<mm:think>", "</mm:think>", stray="again"),),
    calls=(
        Calls(
            wrapper=Wrapper(f"{NS}<tool_call>\n", f"{NS}</tool_call>", shared=True),
            open=(OneOf((f'{NS}<invoke name="{{name}}">\n', f'{NS}invoke name="{{name}}">')),),
            body=Elements(NS),
            close=(OneOf((f"{NS}</invoke>\n", "</invoke>")),),
            name=r'[^"<>\n]',
        ),
    ),
    stop=("[e~[",),
    turn=("]~b]ai\n",),
    special_tokens=(NS, "<tool_call>", "</tool_call>", "<mm:think>", "</mm:think>"),
    source="ggml-org/llama.cpp common/parsers/minimax-m3.cpp; hf-tiny-v2/tiny-random-MiniMaxM3VLModel chat_template.jinja",
    quirks=(
        "A value without its opening tag is named by the closing tag.",
        "The < of an invoke's tag may be missing.",
        "Elements of one list's key that follow each other add to it; of another repeated key the first value stands.",
        "Text beside child elements is dropped, with a problem.",
        "A closing tag without the marker closes its element only if the marker follows, and then not the same closing tag.",
        "A </mm:think> at the very start is dropped, and so is the first one behind a call that has ended thinking.",
    ),
    marks=("]<]minimax[>[",),
)
