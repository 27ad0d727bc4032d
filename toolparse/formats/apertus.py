"""Apertus: a JSON list of objects whose one key is the tool's name; calls may stand inside the deliberation."""

from toolparse.grammar import LISTED, Calls, Envelope, Format, Reasoning

APERTUS = Format(
    name="apertus",
    aliases=("apertus2509",),
    models=("Apertus",),
    reasoning=(Reasoning("<|inner_prefix|>", "<|inner_suffix|>", where="anywhere", calls="inside"),),
    calls=(
        Calls(
            open=("<|tools_prefix|>",),
            body=Envelope(name=(), arguments=(), listed=LISTED, start=("{", "[")),
            close=("<|tools_suffix|>",),
        ),
    ),
    stop=("<|assistant_end|>", "</s>"),
    turn=("<|assistant_start|>",),
    special_tokens=("<|inner_prefix|>", "<|inner_suffix|>", "<|tools_prefix|>", "<|tools_suffix|>"),
    source="swiss-ai/Apertus-8B-Instruct-2509 chat_template.jinja; vllm-project/vllm vllm/tool_parsers/apertus_tool_parser.py",
    quirks=(
        "A block inside the deliberation is a call, and the reasoning goes on behind it.",
        "Further keys of an element are further calls, in their order.",
        "The block ends where its list closes; a suffix directly behind it is framing, one behind other text is text.",
    ),
    marks=("<|tools_prefix|>",),
)
