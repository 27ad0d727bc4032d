"""Step-3.5, Step-3.7 and Step-5: Qwen3-Coder's calls behind reasoning that is always on."""

from dataclasses import replace

from toolparse.formats.qwen3_coder import FUNCTION, QWEN3_CODER
from toolparse.grammar import Reasoning

JOINED = replace(FUNCTION, between="")
SPACED = replace(JOINED, open=("<function {name}>\n",), needs="tool")

STEP3P5 = QWEN3_CODER.variant(
    name="step3p5",
    aliases=("step5",),
    models=("Step-3.5", "Step-3.5-Flash", "Step-3.7-Flash", "Step-5"),
    reasoning=(Reasoning("<think>\n", "\n</think>\n", assumed=True),),
    calls=(JOINED, SPACED),
    stop=("<|im_end|>",),
    source="ggml-org/llama.cpp models/templates/StepFun3.7-Flash.jinja; vllm-project/vllm vllm/parser/step3p5.py",
    quirks=(
        "A call before a missing or late </think> ends the reasoning.",
        "<function NAME> with a space counts inside the wrapper for a declared tool.",
        "A missing wrapper, </parameter> or </function> and values on the tag's own line are read as in Qwen3-Coder.",
        "Tags in capitals are text.",
    ),
    marks=("<tool_call> & <function= & functions in JSONSchema format",),
)
