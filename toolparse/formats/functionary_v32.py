"""Functionary v3.2: messages behind `>>>` and a recipient on a line of its own, which is `all` for the user."""

from toolparse.grammar import Ahead, Calls, Format, Frame, JsonText, OneOf

FUNCTIONARY_V32 = Format(
    name="functionary_v32",
    aliases=("functionary-v3.2", "v3-llama3"),
    models=("Functionary Small v3.2", "Functionary Medium v3.2", "Functionary v3.2"),
    frames=(Frame(OneOf((">>>all\n", "all\n"))),),
    calls=(
        Calls(
            open=(">>>", "{name}\n", Ahead(("{", '"{'))),
            body=JsonText(),
            close=(OneOf(("", ">>>all")),),
            needs="tool",
            name=r"[A-Za-z0-9_.\-]",
        ),
        Calls(
            open=("{name}\n", Ahead(("{", '"{'))),
            body=JsonText(),
            close=(OneOf(("", ">>>all")),),
            where="start",
            needs="tool",
            name=r"[A-Za-z0-9_.\-]",
        ),
    ),
    stop=("<|eot_id|>", "<|end_of_text|>"),
    turn=("<|start_header_id|>assistant<|end_header_id|>\n\n",),
    source="MeetKai/functionary functionary/prompt_template/llama3_prompt_template_v3.py; the chat template of "
    "meetkai/functionary-medium-v3.2 in ggml-org/llama.cpp models/templates",
    quirks=(
        "The prompt ends with `>>>`, so the first recipient stands alone at the start of the output.",
        "`>>>` and a line count where the line is a declared tool's name and a brace follows; doctests and shift operators are content.",
        "`>>>all` is framing at the start of the output and behind a call.",
        "Code for the built-in interpreter, which is no JSON, is content.",
    ),
    marks=(">>>${recipient}",),
)
