"""LFM2 and LFM2.5: Python calls between two special tokens, strings without any escaping; the model often repeats the block."""

from toolparse.formats.pythonic import KEYWORD, LITERAL, NAME
from toolparse.grammar import Calls, Envelope, Format, PythonCalls, Reasoning

START = "<|tool_call_start|>"
END = "<|tool_call_end|>"
LIST = PythonCalls(listed=True, raw_quotes=True)

LFM2 = Format(
    name="lfm2",
    aliases=("lfm2-thinking",),
    models=("LFM2", "LFM2.5"),
    reasoning=(Reasoning("<think>", "</think>"),),
    calls=(
        Calls(
            open=(START, "[", "{name}", "("),
            also=((START, "{name}", "("),),
            body=LIST,
            close=(END,),
            name=NAME,
            between=", ",
            empty=(START, "[", "]"),
            echoed=True,
        ),
        Calls(open=(START,), body=Envelope(), close=(END,), echoed=True),
        Calls(open=("[", "{name}", "(", KEYWORD), needs="tool", body=LIST, close=(END,), name=NAME),
        Calls(open=("[", "{name}", "(", LITERAL), where="start", needs="tool", body=LIST, close=(END,), name=NAME),
    ),
    stop=("<|im_end|>",),
    turn=("<|im_start|>assistant\n",),
    special_tokens=(START, END, "<think>", "</think>"),
    source="ggml-org/llama.cpp models/templates/LFM2.5-8B-A1B.jinja and llama-cpp-lfm2.jinja; LiquidAI/LFM2.5 model pages",
    quirks=(
        "A block repeated behind its end marker, with another end marker behind it, is dropped; what follows it is kept.",
        "A quote closes a string only where the rest of the call goes on behind it, so quotes inside strings may stand raw.",
        "JSON and Python literals mix; zero-padded integers and Python keywords as names are taken.",
        "A JSON list, an object, or one call without brackets between the markers counts, too; an empty list is framing.",
        "Without markers, a list counts whose first name is declared.",
        "A missing end marker changes nothing: a call is complete once its parenthesis is closed.",
        "A block inside an open think section ends it.",
    ),
    marks=("<|tool_call_start|>", "<|tool_list_start|>", "List of tools: [ & keep_past_thinking"),
)
