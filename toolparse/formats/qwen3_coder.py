"""Qwen3-Coder and Qwen3.5 and later: raw parameters in <function=…> tags; a JSON body in the same wrapper is read too."""

from toolparse.formats.hermes import HERMES
from toolparse.grammar import Calls, Format, Parameters, Reasoning, Wrapper

PARAMETERS = Parameters(
    open=("<parameter={key}>",),
    close="</parameter>",
    ends="line",
    trim="\n",
    between="\n",
    none="python",
)
FUNCTION = Calls(
    wrapper=Wrapper("<tool_call>\n", "\n</tool_call>"),
    needs="wrapper or tool",
    where="line",
    open=("<function={name}>\n",),
    body=PARAMETERS,
    close=("</function>",),
    between="\n",
    name=r"[^<>\n]",
)

QWEN3_CODER = Format(
    name="qwen3_coder",
    aliases=("qwen3_xml", "qwen3coder", "qwen3-coder", "qwen3.5", "ornith", "nanbeige", "interns2-preview"),
    models=("Qwen3-Coder", "Qwen3-Coder-Next", "Qwen3.5", "Qwen3.6", "Qwen3.8", "Nanbeige4"),
    reasoning=(Reasoning("<think>\n", "\n</think>\n\n"),),
    calls=(FUNCTION, *HERMES.calls),
    stop=("<|im_end|>", "<|endoftext|>"),
    turn=("<|im_start|>assistant\n",),
    special_tokens=("<tool_call>", "</tool_call>", "<think>", "</think>"),
    source="Qwen/Qwen3-Coder-30B-A3B-Instruct model page; ggml-org/llama.cpp models/templates",
    quirks=(
        "A missing <tool_call> is forgiven where <function=…> stands at a line start and names a declared tool.",
        "A closing tag inside a value is part of it unless what follows shows that it closes.",
        "A call inside open reasoning ends it; a late </think> is dropped.",
        "A JSON body in the wrapper is read as in Hermes.",
        "Python's True, False and None are read by the schema.",
        "Only a closing tag or the next call completes a call, never the end of the output.",
    ),
    marks=("<tool_call> & <function=",),
)
