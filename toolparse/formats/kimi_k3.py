"""Kimi K3: channels for thinking, the response and the tools, all of whose tags are built from four special tokens."""

from toolparse.grammar import Calls, Format, Frame, OneOf, Parameters, Reasoning, Wrapper

THINK = OneOf(("<|open|>think<|sep|>", "<|open|> think <|sep|>", "<|open|> think<|sep|>", "<|open|>think <|sep|>"))
THINK_END = OneOf(
    ("<|close|>think<|sep|>", "<|close|> think <|sep|>", "<|close|> think<|sep|>", "<|close|>think <|sep|>", "<|close|>think"),
)
RESPONSE = OneOf(("<|open|>response<|sep|>", "<|open|> response <|sep|>", "<|open|> response<|sep|>", "<|open|>response <|sep|>"))
RESPONSE_END = OneOf(
    ("<|close|>response<|sep|>", "<|close|> response <|sep|>", "<|close|> response<|sep|>", "<|close|>response <|sep|>"),
)
TOOLS = OneOf(("<|open|>tools<|sep|>", "<|open|> tools <|sep|>", "<|open|> tools<|sep|>", "<|open|>tools <|sep|>"))
TOOLS_END = OneOf(("<|close|>tools<|sep|>", "<|close|> tools <|sep|>", "<|close|> tools<|sep|>", "<|close|>tools <|sep|>"))
CALL_END = OneOf(("<|close|>call<|sep|>", "<|close|> call <|sep|>", "<|close|> call<|sep|>", "<|close|>call <|sep|>"))
ARGUMENT_END = OneOf(
    ("<|close|>argument<|sep|>", "<|close|> argument <|sep|>", "<|close|> argument<|sep|>", "<|close|>argument <|sep|>"),
)

KIMI_K3 = Format(
    name="kimi_k3",
    models=("Kimi-K3", "Kimi-K3.1"),
    reasoning=(Reasoning(THINK, THINK_END, assumed=True),),
    frames=(Frame(RESPONSE, RESPONSE_END, anywhere=True),),
    calls=(
        Calls(
            wrapper=Wrapper(TOOLS, TOOLS_END, shared=True),
            open=("<|open|>", 'call tool="{name}"{other}', "<|sep|>"),
            body=Parameters(
                open=(
                    "<|open|>",
                    OneOf(
                        ('argument key="{key}" type="{kind}"{other}', 'argument type="{kind}" key="{key}"{other}', 'argument key="{key}"')
                    ),
                    "<|sep|>",
                ),
                close=ARGUMENT_END,
                kinds=(
                    ("string", "string"), ("number", "json"), ("integer", "json"), ("boolean", "json"), ("null", "json"),
                    ("object", "json"), ("array", "json"), ("", "string"),
                ),
                object_key=('<|open|>json type="object"<|sep|>', "<|close|>json<|sep|>"),
            ),
            close=(CALL_END,),
            name=r'[^"\n]',
            escaped="attributes",
        ),
    ),
    stop=(
        "<|close|>message<|sep|>", "<|close|> message <|sep|>", "<|close|> message<|sep|>", "<|close|>message <|sep|>", "<|end_of_msg|>",
        "[EOS]", "[EOT]",
    ),
    fragments=("<|open|>", "<|close|>"),
    turn=('<|open|>message role="assistant"<|sep|>',),
    special_tokens=("<|open|>", "<|close|>", "<|sep|>", "<|end_of_msg|>"),
    source="moonshotai/Kimi-K3 encoding_k3.py; ggml-org/llama.cpp models/templates/Kimi-K3.jinja",
    quirks=(
        "Thinking ends at its close, with or without <|sep|>, at a response opener, or at a tools opener with a call behind it.",
        "A response close inside thinking is dropped, with a problem: what has been said stays reasoning.",
        "A second think opener at the start of the output is dropped.",
        "All arguments may stand as one JSON object in a json tag.",
        "The type attribute says what a value is; without it a value is a string.",
        "Blanks next to the special tokens are allowed in tags; a tag that the end of the output cuts is dropped.",
    ),
    marks=("<|open|> & <|close|> & <|sep|>",),
)  # fmt: skip
