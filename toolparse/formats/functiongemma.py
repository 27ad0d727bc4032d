"""FunctionGemma: calls as `call:name{key:value}` with <escape> around strings."""

from toolparse.grammar import Ahead, BareKeys, Calls, Format

FUNCTIONGEMMA = Format(
    name="functiongemma",
    aliases=("function_gemma",),
    models=("FunctionGemma",),
    calls=(
        Calls(
            open=("<start_function_call>", "call:{name}", Ahead(("{",))),
            body=BareKeys("<escape>"),
            close=("<end_function_call>",),
            name=r"[^\s<{]",
        ),
    ),
    stop=("<end_of_turn>", "<start_function_response>", "<eos>"),
    turn=("<start_of_turn>model\n",),
    special_tokens=("<start_function_call>", "<end_function_call>", "<escape>", "<start_function_response>", "<end_function_response>"),
    source="google/functiongemma-270m-it model page; ollama/ollama model/parsers/functiongemma.go",
    quirks=(
        "Braces, commas and the end marker count only outside strings.",
        "Bare strings are read; a bare value has the type of its parameter.",
        "The end marker closes what is open; a call whose brace has closed needs no end marker.",
    ),
    marks=("<start_function_call>",),
)
