"""Beam: gpt-oss's messages; the body of a call is raw parameters in <rfl:parameter> tags."""

from toolparse.formats.harmony import HARMONY
from toolparse.grammar import Calls, Channels, OneOf, Parameters

BEAM = HARMONY.variant(
    name="beam",
    aliases=(),
    models=(),
    channels=Channels(
        start=OneOf(("<|start|>assistant", "<|start|>")),
        channel="<|channel|>",
        to=" to={name}",
        close=("<|message|>",),
        ends=("<|end|>", "<|call|>", "<|return|>"),
        kinds=(("analysis", "reasoning"), ("final", "content"), ("assistant", "nobody"), ("user", "nobody")),
        inside="reasoning",
    ),
    calls=(
        Calls(
            open=(" to={name}<|channel|>analysis <|constrain|>xml<|message|>",),
            body=Parameters(
                open=('<rfl:parameter name="{key}">',),
                close="</rfl:parameter>",
                ends="line",
                trim="\n",
            ),
            close=(OneOf(("<|call|>", "<|end|>", "<|return|>")),),
            between="<|start|>assistant",
        ),
    ),
    stop=("<|return|>", "<|call|>"),
    source="sgl-project/sglang python/sglang/srt/function_call/beam_detector.py; vllm-project/vllm vllm/parser/beam.py",
    quirks=(
        "A closing tag inside a value is part of it unless the next parameter or the end of the call follows.",
        "A value that is not what its parameter is declared as stays the text that it is.",
        "Any end token closes any message, and the end of the output closes a call.",
        "No call opens inside an answer; parameter tags there are text.",
    ),
    marks=("<rfl:parameter name=",),
)
