"""Mistral, all generations: a JSON list behind [TOOL_CALLS] (tokenizers v2 to v7), or name and arguments (v11 and later)."""

from toolparse.grammar import LISTED, Ahead, Calls, Envelope, Format, JsonText, Reasoning

MISTRAL = Format(
    name="mistral",
    aliases=("ministral",),
    models=(
        "Mistral 7B Instruct v0.3",
        "Mixtral 8x22B",
        "Mistral Nemo",
        "Mistral Small",
        "Mistral Medium",
        "Mistral Large",
        "Ministral",
        "Pixtral",
        "Devstral",
        "Magistral",
    ),
    reasoning=(Reasoning("[THINK]", "[/THINK]", where="anywhere"), Reasoning("<think>\n", "\n</think>\n")),
    calls=(
        Calls(
            open=("[TOOL_CALLS]", "{name}[ARGS]"),
            also=(
                ("[TOOL_CALLS]", "{name}[CALL_ID]{id}[ARGS]"),
                ("[TOOL_CALLS]", "{name}", Ahead(("{",))),
            ),
            body=JsonText(),
            name="[A-Za-z0-9_.\\-]",
        ),
        Calls(open=("[TOOL_CALLS] ",), body=Envelope(listed=LISTED)),
    ),
    stop=("</s>",),
    turn=("[/INST]", "[/TOOL_RESULTS]"),
    special_tokens=("[TOOL_CALLS]", "[ARGS]", "[CALL_ID]", "[THINK]", "[/THINK]"),
    id="alnum9",
    source="mistralai/mistral-common src/mistral_common/tokens/tokenizers/instruct.py and guidance/grammar_factory.py",
    quirks=(
        "The first character behind the marker tells the generation: a bracket or brace is JSON, anything else a name.",
        "`[ARGS]` may be missing; text behind the arguments is content.",
        "An id before the arguments is kept; one behind them comes too late, and a made-up one of nine letters and digits stands.",
    ),
    marks=("[TOOL_CALLS]",),
)
