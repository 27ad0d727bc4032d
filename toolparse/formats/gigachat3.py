"""GigaChat 3 and 3.1: a JSON object behind a role header (3) or one token (3.1), with no closing marker."""

from toolparse.grammar import Calls, Envelope, Format

OBJECT = Envelope(start=("{",))

GIGACHAT3 = Format(
    name="gigachat3",
    models=("GigaChat3", "GigaChat3.1"),
    calls=(
        Calls(open=("<|message_sep|>\n\n", "function call", "<|role_sep|>\n"), body=OBJECT),
        Calls(open=("<|function_call|>",), body=OBJECT),
    ),
    stop=("</s>", "<|message_sep|>"),
    turn=("assistant<|role_sep|>\n",),
    special_tokens=("<|message_sep|>", "<|role_sep|>", "<|function_call|>"),
    source="ggml-org/llama.cpp models/templates/GigaChat3-10B-A1.8B.jinja; ai-sage/GigaChat3-10B-A1.8B model page",
    quirks=(
        "The newlines that the two separators swallow may be missing.",
        "A second header is a second call, though the templates write one call.",
        "<|message_sep|> opens a call, ends the turn, or is content, as what follows it says.",
        "The words `function call` without the separators are content.",
    ),
    marks=("<|role_sep|> & 'function call'", "<|role_sep|> & <|function_call|>"),
)
