"""DeepSeek-V3.2: DSML, invokes whose parameters say themselves whether they are strings."""

from dataclasses import replace

from toolparse.formats.deepseek_v31 import DEEPSEEK_V31
from toolparse.grammar import Ahead, Calls, Closed, JsonText, OneOf, Parameters, Reasoning, Wrapper


def parameters(token: str) -> Parameters:
    """The parameters of one dialect; `token` begins every tag."""
    opener = f"<{token}parameter"
    return Parameters(
        open=(
            OneOf(
                (
                    f'{opener} name="{{key}}" string="{{kind}}">',
                    f'{opener} string="{{kind}}" name="{{key}}">',
                    f'{opener} name="{{key}}"{{other}}>',
                )
            ),
        ),
        close=f"</{token}parameter>",
        between="\n",
        kinds=(("true", "string"), ("false", "json_by_schema")),
    )


def dsml(token: str, *blocks: str) -> tuple[Calls, ...]:
    """The calls of one dialect; `blocks` are the names of the tag around them, the canonical one first."""
    invoke, invoke_end = f'<{token}invoke name="{{name}}"', f"</{token}invoke>"
    block_ends = tuple(f"</{token}{block}>" for block in blocks)
    tagged = Calls(
        wrapper=Wrapper(
            OneOf(tuple(f"<{token}{block}>\n" for block in blocks)), OneOf(tuple(f"\n{end}" for end in block_ends)), shared=True
        ),
        needs="nothing",
        open=(f"{invoke}>\n", Ahead((f"<{token}parameter", invoke_end, *block_ends))),
        body=parameters(token),
        close=(invoke_end,),
        between="\n",
        name=r'[^<>"\n]',
    )
    return (
        tagged,
        replace(tagged, open=(f"{invoke}>\n", Ahead(("{",))), body=JsonText()),
        replace(tagged, open=(invoke, Closed("/>")), body=JsonText()),
    )


QUIRKS = (
    "An invoke counts without its block's opener, once a parameter, an end tag or `{` follows; the orphan end of the block is dropped.",
    "A tag that is quoted in prose is text.",
    "An invoke may hold one JSON object in place of parameters, or close itself.",
    "Without the attribute `string` the schema decides what a value is.",
    "A lone parameter `arguments` or `input` that the schema does not have is unwrapped when it holds declared arguments.",
    "A value ends only at its own end tag; an end of the block outside a value closes the invoke.",
    "A call inside open reasoning ends it; a late </think>, and one at the start of the output, is dropped.",
)

DEEPSEEK_V32 = DEEPSEEK_V31.variant(
    name="deepseek_v32",
    aliases=("deepseekv32", "deepseek-v3.2"),
    models=("DeepSeek-V3.2", "DeepSeek-V3.2-Speciale"),
    reasoning=(Reasoning("<think>", "</think>\n\n", stray="again"),),
    calls=dsml("｜DSML｜", "function_calls", "tool_calls"),
    special_tokens=("<think>", "</think>"),
    source="deepseek-ai/DeepSeek-V3.2 encoding/encoding_dsv32.py; ggml-org/llama.cpp models/templates/DeepSeek-V3.2.jinja",
    quirks=QUIRKS,
    marks=("｜DSML｜ & function_calls>",),
)
