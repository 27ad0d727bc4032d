"""Command R and R+: `Action:` and a JSON list of calls in a code fence, behind a plan in words."""

from toolparse.grammar import Calls, Envelope, Format, OneOf

COMMAND_R = Format(
    name="command_r",
    models=("Command R", "Command R+", "C4AI Command R", "C4AI Command R+"),
    calls=(
        Calls(
            open=("\nAction:\n", OneOf(("```json\n", "```", ""))),
            body=Envelope(
                name=("tool_name", "name"),
                arguments=("parameters", "arguments"),
                listed=("[\n    ", ",\n    ", "\n]"),
                start=("[{", "{"),
            ),
            close=("```\n",),
            where="line",
        ),
    ),
    stop=("<|END_OF_TURN_TOKEN|>",),
    turn=("<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>",),
    source="CohereForAI/c4ai-command-r-plus tool_use chat template in ggerganov/llama.cpp models/templates; ollama/ollama#14970",
    quirks=(
        "`Action:` counts at a line start in front of a list of objects, or of an object, with a name; the fence may be missing.",
        "The call `directly-answer`, which the prompt asks for when no tool is needed, is a call to an undeclared tool.",
        "`Plan:` and `Reflection:` and their text are content.",
        "A fence behind the list is framing directly behind it; unclosed lists and trailing commas are repaired.",
    ),
    marks=("Write 'Action:' followed by a json-formatted list of actions",),
)
