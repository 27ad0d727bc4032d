"""Arcee Trinity: Hermes JSON or Qwen3-Coder parameters in <tool_call> tags, also inside the think block."""

from toolparse.formats.hermes import HERMES
from toolparse.formats.qwen3_coder import PARAMETERS
from toolparse.grammar import Calls, Envelope, Wrapper

TAGS = Wrapper("\n<tool_call>\n", "\n</tool_call>")

TRINITY = HERMES.variant(
    name="trinity",
    aliases=(),
    models=("Trinity Nano", "Trinity Mini", "Trinity Large"),
    calls=(
        Calls(wrapper=TAGS, between="\n", body=Envelope(start=("{",))),
        Calls(
            wrapper=TAGS,
            open=("<function={name}>\n",),
            body=PARAMETERS,
            close=("</function>",),
            between="\n",
            name=r"[^<>\n]",
        ),
    ),
    stop=("<|im_end|>",),
    source="arcee-ai/Trinity-Large-Thinking model page; sgl-project/sglang srt/function_call/trinity_detector.py",
    quirks=(
        "A call inside the think block ends the reasoning; a late </think> is dropped, other text behind it is content.",
        "What follows the tag says which body it is: `{` JSON, `<function=` parameters.",
    ),
    marks=(),
)
