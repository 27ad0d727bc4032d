"""Step3: sections of calls between fullwidth bars, each an invoke in StepFun's own markup."""

from toolparse.grammar import Calls, Format, Parameters, Reasoning, Wrapper

SECTION, SECTION_END = "<｜tool_calls_begin｜>", "<｜tool_calls_end｜>"
CALL, CALL_END, SEPARATOR = "<｜tool_call_begin｜>", "<｜tool_call_end｜>", "<｜tool_sep｜>"
INVOKE = '<steptml:invoke name="{name}">'
NAME = r"""[^<>"\n]"""
PARAMETERS = Parameters(
    open=('<steptml:parameter name="{key}">',),
    close="</steptml:parameter>",
    ends="structure",
)

STEP3 = Format(
    name="step3",
    models=("Step3", "Step3-VL"),
    reasoning=(Reasoning("<think>\n", "\n</think>\n", assumed=True),),
    calls=(
        Calls(
            wrapper=Wrapper(f"{SECTION}\n", f"\n{SECTION_END}", shared=True),
            open=(f"{CALL}\n", "function", SEPARATOR, INVOKE),
            also=((CALL, INVOKE),),
            body=PARAMETERS,
            close=("</steptml:invoke>", CALL_END),
            between="\n",
            name=NAME,
            skipped=(CALL, "{name}", SEPARATOR),
        ),
        Calls(
            wrapper=Wrapper("<steptml:toolcall>", "</steptml:toolcall>", shared=True),
            open=(INVOKE,),
            body=PARAMETERS,
            close=("</steptml:invoke>",),
            name=NAME,
        ),
    ),
    stop=("<|EOT|>",),
    turn=("<|BOT|>assistant\n",),
    special_tokens=(SECTION, SECTION_END, CALL, CALL_END, SEPARATOR, "<think>", "</think>"),
    source="stepfun-ai/step3 model page; vllm-project/vllm vllm/tool_parsers/step3_tool_parser.py",
    quirks=(
        "A call without the header `function` is a call.",
        "An entry of another type among the calls is dropped and reported.",
        "<steptml:toolcall> around invokes is a section, too.",
        "A missing end of the section changes nothing, and an invoke without parameters has {}.",
        "A value may hold any tag that its place does not make structure.",
        "A section inside open reasoning ends it; a late </think> is dropped.",
    ),
    marks=("steptml:invoke", "<｜tool_calls_begin｜>"),
)
