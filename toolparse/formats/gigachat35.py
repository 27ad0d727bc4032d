"""GigaChat 3.5: GCML, DeepSeek's DSML under another name, with the attribute above the schema."""

from dataclasses import replace

from toolparse.formats.deepseek_v32 import dsml, parameters
from toolparse.grammar import Format, Reasoning

TYPED = replace(parameters("｜GCML｜"), kinds=(("true", "string"), ("false", "json")))

GIGACHAT35 = Format(
    name="gigachat35",
    models=("GigaChat3.5",),
    reasoning=(Reasoning("<think>", "</think>\n\n", calls="ignored"),),
    calls=(replace(dsml("｜GCML｜", "tool_calls")[0], body=TYPED),),
    stop=("</s>", "<|message_sep|>"),
    turn=("assistant<|role_sep|>\n",),
    special_tokens=("<|message_sep|>", "<|role_sep|>"),
    source="ggml-org/llama.cpp models/templates/GigaChat3.5.jinja; sgl-project/sglang srt/function_call/gigachat35_detector.py",
    quirks=(
        "The attribute says what a value is, whatever the schema says; a value that is no JSON stays text.",
        "The attributes may stand in either order, or `string` may be missing, and then the schema decides.",
        "A block inside open reasoning stays reasoning.",
        "A message separator that trails is dropped; text behind the block is content.",
        "Tags with ASCII bars, and those that gateways make up, are text.",
    ),
    marks=("｜GCML｜", "<|role_sep|> & 'function call' & GCML", "<|role_sep|> & <|function_call|> & GCML"),
)
