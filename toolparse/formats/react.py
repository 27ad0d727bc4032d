"""ReAct: `Action:` with a tool's name, `Action Input:` with JSON, in running text (Qwen 1, LLaMA-Factory's default, agents' prompts)."""

from toolparse.grammar import Ahead, Calls, Format, JsonText, OneOf

INPUT = Ahead(("{", "[", '"', "'", "-", *"0123456789", "{name}"))
"""What an input begins with: anything but a fence, `{name}` being a word."""

REACT = Format(
    name="react",
    aliases=("react_en", "react_zh"),
    models=(),
    calls=(
        Calls(
            open=("\nAction: ", "{name}\n", "Action Input: ", INPUT),
            also=(("Action:", "{name}", "Action Input:", OneOf(("```json", "```")), Ahead(("{",))),),
            body=JsonText(),
            close=(OneOf(("", "```")),),
            where="line",
            between="\n",
            name=r"[^\s<>`:]",
        ),
    ),
    stop=("\nObservation:",),
    source="hiyouga/LLaMA-Factory src/llamafactory/data/tool_utils.py; modelscope/ms-swift swift/plugin/agent_template/react.py",
    quirks=(
        "Both labels must be there, the first one at a line start; `Thought:` and `Final Answer:` are content.",
        "`Observation:`, at which agents stop the model, is dropped at the end of the output.",
        "A code fence around the input is framing.",
        "An input that is no JSON object is an error, and the text is in the arguments.",
    ),
    marks=("Action Input: ",),
)
