"""DeepSeek-V3-0324 and R1: a section of calls, each a name and JSON in a code fence."""

from dataclasses import replace

from toolparse.grammar import Ahead, Calls, Format, JsonText, OneOf, Reasoning, Wrapper

CALLS_BEGIN = OneOf(("<｜tool▁calls▁begin｜>", "<|tool▁calls▁begin|>", "<|tool_calls_begin|>"))
CALLS_END = OneOf(("<｜tool▁calls▁end｜>", "<|tool▁calls▁end|>", "<|tool_calls_end|>"))
CALL_BEGIN = OneOf(("<｜tool▁call▁begin｜>", "<|tool▁call▁begin|>", "<|tool_call_begin|>"))
CALL_END = OneOf(("<｜tool▁call▁end｜>", "<|tool▁call▁end|>", "<|tool_call_end|>"))
SEPARATOR = OneOf(("<｜tool▁sep｜>", "<|tool▁sep|>", "<|tool_sep|>"))
MISWRITTEN = ("<｜tool_calls_begin｜>", "<｜tool calls begin｜>", "<｜tool\\_calls\\_begin｜>", "<｜tool▁calls｜>")
NAME_END = Ahead(("\n", "```", "{"))

FENCED = Calls(
    wrapper=Wrapper(OneOf(CALLS_BEGIN.spellings + MISWRITTEN), CALLS_END, shared=True),
    needs="nothing",
    open=(CALL_BEGIN, "function", SEPARATOR, "{name}\n", NAME_END),
    also=(("function", SEPARATOR, "{name}\n", NAME_END),),
    lead=(OneOf(("```json\n", "```")),),
    body=JsonText(),
    close=("\n```", CALL_END),
    between="\n",
    name=r"[^<\n`{]",
)
SEPARATED = Calls(
    wrapper=Wrapper(CALLS_BEGIN, CALLS_END, shared=True),
    needs="nothing",
    open=(CALL_BEGIN, "{name}", SEPARATOR),
    body=JsonText(),
    close=(CALL_END,),
)

DEEPSEEK_V3 = Format(
    name="deepseek_v3",
    aliases=("deepseekv3", "deepseek-r1-0528", "cogito"),
    models=("DeepSeek-V3", "DeepSeek-R1", "DeepSeek-R1-0528", "DeepSeek-R1-Distill"),
    reasoning=(Reasoning("<think>\n", "\n</think>\n\n", stray="again"),),
    calls=(FENCED, replace(SEPARATED, open=(*SEPARATED.open, Ahead(("{",))), needs="tool")),
    stop=("<｜end▁of▁sentence｜>",),
    turn=("<｜Assistant｜>", "<｜tool▁outputs▁end｜>"),
    special_tokens=(
        CALLS_BEGIN.spellings[0], CALLS_END.spellings[0], CALL_BEGIN.spellings[0], CALL_END.spellings[0], SEPARATOR.spellings[0],
        "<think>", "</think>",
    ),
    source="deepseek-ai/DeepSeek-V3-0324 and DeepSeek-R1-0528 model pages; vllm-project/vllm examples/tool_chat_template_deepseekv3.jinja",
    quirks=(
        "The section marker, the call marker or both may be missing, and the spellings that distilled models write are read.",
        "A section in open reasoning ends it once a call's header really follows; a mention stays reasoning.",
        "A declared name and bare JSON, as V3.1 writes a call, are read, too.",
        "The object's own brace ends the arguments; fence and end markers behind it are skipped, those inside strings are data.",
    ),
    marks=('<｜tool▁call▁begin｜> & ```json',),
)  # fmt: skip
