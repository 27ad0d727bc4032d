"""Functionary v3.1: the name in an opening tag, JSON, a closing tag."""

from toolparse.grammar import Ahead, Calls, Format, JsonText

FUNCTIONARY_V31 = Format(
    name="functionary_v31",
    aliases=("functionary-v3.1", "v3-llama3.1"),
    models=("Functionary Small v3.1", "Functionary Medium v3.1", "Functionary v3.1"),
    calls=(
        Calls(
            open=("<function={name}>", Ahead(("{", "</function>"))),
            body=JsonText(),
            close=("</function>",),
            name=r"[^\s<>=]",
        ),
    ),
    stop=("<|eom_id|>", "<|eot_id|>", "<|end_of_text|>"),
    turn=("<|start_header_id|>assistant<|end_header_id|>\n\n",),
    source="MeetKai/functionary functionary/prompt_template/llama31_prompt_template.py; the chat template of "
    "meetkai/functionary-medium-v3.1 in ggerganov/llama.cpp models/templates",
    quirks=(
        "The tag counts only in front of a brace or its own closer; in prose, or without a name, it is content.",
        "White space around the object may be there or not.",
        "Code for the built-in interpreter behind <|python_tag|> has no name on the wire and is content.",
        "A missing end tag changes nothing: a complete object is a complete call.",
    ),
    marks=("<function=example_function_name>{", "<{start_tag}={function_name}>{parameters}{end_tag}"),
)
