"""OLMo 3: Python calls with JSON values, a line each, in <function_calls> tags that are ordinary text."""

from toolparse.formats.pythonic import NAME
from toolparse.grammar import Ahead, Calls, Format, PythonCalls, Reasoning, Wrapper

OLMO3 = Format(
    name="olmo3",
    aliases=("olmo3-think",),
    models=("OLMo 3", "OLMo 3.1"),
    reasoning=(Reasoning("<think>", "</think>\n\n"),),
    calls=(
        Calls(
            wrapper=Wrapper("<function_calls>", "</function_calls>", shared=True),
            open=("{name}", "("),
            body=PythonCalls(),
            name=NAME,
            needs="tool in reasoning",
            between="\n",
            empty=(Ahead(("</function_calls>",)),),
        ),
    ),
    stop=("<|im_end|>", "<|endoftext|>"),
    turn=("<|im_start|>assistant\n",),
    special_tokens=("<function_calls>", "</function_calls>"),
    source="allenai/Olmo-3-7B-Instruct and Olmo-3-7B-Think model pages; ollama/ollama model/renderers/olmo3.go and parsers/olmo3.go",
    quirks=(
        "JSON and Python literals and escapes are both read, surrogate pairs as one character.",
        "Text before and behind the block is content; anything between the calls that is none ends the block.",
        "A tag that white space and name( do not follow is text; a block that holds only white space is framing.",
        "A block ends open reasoning if the name of its first call is declared.",
        "A call is complete once its parenthesis is closed, whether or not the end tag comes.",
        "Calls may be spread over lines, and commas may stand between them.",
    ),
    marks=("<function_calls> & environment", "<function_calls> & pythonic"),
)
