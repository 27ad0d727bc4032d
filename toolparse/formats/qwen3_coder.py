"""Qwen3-Coder and Qwen3.5 and later: raw parameters in <function=…> tags; a JSON body in the same wrapper is read too."""

from toolparse.formats.hermes import HERMES
from toolparse.grammar import END, Calls, Ends, Format, Parameters, Reasoning, Wrapper

PARAMETERS = Parameters(
    open=("<parameter={key}>",),
    close="</parameter>",
    close_before=("<parameter=", "</function>", "</tool_call>", END),
    damaged_close=True,
    trim="\n",
    between="\n",
    next="line",
    ends=(
        Ends("</function>", before=("</tool_call>", "<tool_call>", "<function=", END)),
        Ends("</tool_call>", before=("<tool_call>", "</think>", END)),
        Ends("<tool_call>", before=("<function=",)),
    ),
    python_scalars=True,
)

QWEN3_CODER = Format(
    name="qwen3_coder",
    aliases=("qwen3_xml", "qwen3coder", "qwen3.5", "nanbeige"),
    models=("Qwen3-Coder", "Qwen3-Coder-Next", "Qwen3.5", "Qwen3.6", "Qwen3.8", "Nanbeige"),
    reasoning=(Reasoning("<think>\n", "\n</think>\n\n"),),
    calls=(
        Calls(
            wrapper=Wrapper("<tool_call>\n", "\n</tool_call>"),
            bare="declared",
            where="line",
            open=("<function={name}>\n",),
            body=PARAMETERS,
            close=("</function>",),
            between="\n",
            name=r"[^<>\n]",
        ),
        *HERMES.calls,
    ),
    stop=("<|im_end|>", "<|endoftext|>"),
    turn=("<|im_start|>assistant\n",),
    special_tokens=("<tool_call>", "</tool_call>", "<think>", "</think>"),
    source="Qwen/Qwen3-Coder-30B-A3B-Instruct model page; ggml-org/llama.cpp models/templates",
)
