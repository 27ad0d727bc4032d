"""Mistral, all generations: a JSON list behind [TOOL_CALLS] (tokenizers v2 to v7), or name and arguments (v11 and later)."""

from toolparse.grammar import Ahead, Calls, Envelope, Format, JsonText, Reasoning, Repeated

MISTRAL = Format(
    name="mistral",
    aliases=("ministral",),
    models=("Mistral", "Mixtral", "Ministral", "Pixtral", "Devstral", "Magistral", "Codestral"),
    reasoning=(Reasoning("[THINK]", "[/THINK]", anywhere=True), Reasoning("<think>\n", "\n</think>\n")),
    calls=(
        Calls(
            open=(Repeated("[TOOL_CALLS]"), "{name}[ARGS]"),
            also=(
                (Repeated("[TOOL_CALLS]"), "{name}[CALL_ID]{id}[ARGS]"),
                (Repeated("[TOOL_CALLS]"), "{name}", Ahead(("{",), adjacent=True)),
            ),
            body=JsonText(),
            name="[A-Za-z0-9_.\\-]",
        ),
        Calls(open=(Repeated("[TOOL_CALLS] "),), body=Envelope(listed=True), separators="}]"),
    ),
    stop=("</s>",),
    turn=("[/INST]", "[/TOOL_RESULTS]"),
    special_tokens=("[TOOL_CALLS]", "[ARGS]", "[CALL_ID]", "[THINK]", "[/THINK]"),
    id="alnum9",
    source="mistralai/mistral-common src/mistral_common/tokens/tokenizers/instruct.py and guidance/grammar_factory.py",
)
