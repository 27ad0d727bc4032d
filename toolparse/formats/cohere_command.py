"""Cohere Command R7B, Command A and later: a JSON list of calls in an action block, text in response or text blocks."""

from toolparse.grammar import Calls, Envelope, Format, Frame, OneOf, Reasoning

COHERE_COMMAND = Format(
    name="cohere_command",
    aliases=("cohere_command3", "cohere_command4", "cohere"),
    models=(
        "Command R7B", "C4AI Command R7B", "Command A", "C4AI Command A", "Command A Reasoning", "Command A Vision",
        "Command A Translate", "Command A+", "North Mini Code",
    ),
    reasoning=(Reasoning("<|START_THINKING|>", "<|END_THINKING|>"),),
    frames=(
        Frame(
            OneOf(("<|START_RESPONSE|>", "<|START_TEXT|>")), OneOf(("<|END_RESPONSE|>", "<|END_TEXT|>")), anywhere=True,
        ),
    ),
    calls=(
        Calls(
            open=("<|START_ACTION|>",),
            body=Envelope(
                name=("tool_name",),
                arguments=("parameters",),
                id=("tool_call_id",),
                waits_for_id=True,
                listed=("[\n    ", ",\n    ", "\n]"),
                start=("{", "["),
            ),
            close=("<|END_ACTION|>",),
        ),
    ),
    stop=("<|END_OF_TURN_TOKEN|>",),
    turn=("<|CHATBOT_TOKEN|>",),
    special_tokens=(
        "<|START_THINKING|>", "<|END_THINKING|>", "<|START_RESPONSE|>", "<|END_RESPONSE|>", "<|START_TEXT|>", "<|END_TEXT|>",
        "<|START_ACTION|>", "<|END_ACTION|>",
    ),
    source="ggml-org/llama.cpp models/templates/CohereForAI-c4ai-command-r7b-12-2024-tool_use.jinja; "
    "ollama/ollama model/parsers/cohere.go",
    quirks=(
        "RESPONSE and TEXT markers are the same; the one that opens ends reasoning even if END_THINKING is missing.",
        "A call without an id in front of its parameters waits for the end of its object.",
        "A single object instead of the list, missing commas and unquoted values are repaired; one bad entry loses no other.",
        "Citation tags are left as they are.",
    ),
    marks=("<|START_ACTION|>",),
)  # fmt: skip
