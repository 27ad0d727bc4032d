"""GLM-4-0414 and GLM-Z1: a call is a message whose first line is the tool's name and whose rest is JSON."""

from toolparse.grammar import Ahead, Calls, Format, JsonText, Reasoning

CALL = ("{name}\n", Ahead(("{", '"{')))

GLM4 = Format(
    name="glm4",
    aliases=("glm4-0414", "chatglm4"),
    models=("GLM-4-0414", "GLM-4-9B-0414", "GLM-4-32B-0414", "GLM-Z1"),
    reasoning=(Reasoning("<think>\n", "\n</think>\n", calls="ignored"),),
    calls=(
        Calls(
            open=CALL,
            also=(("<|assistant|>", *CALL),),
            body=JsonText(),
            where="line",
            needs="tool",
            between="<|assistant|>",
            name=r"[A-Za-z0-9_.\-]",
        ),
    ),
    stop=("<|observation|>", "<|user|>", "<|endoftext|>"),
    turn=("<|assistant|>",),
    special_tokens=("<|assistant|>",),
    source="zai-org/GLM-Z1-9B-0414 chat_template.jinja; modelscope/ms-swift swift/plugin/agent_template/glm4.py; "
    "hiyouga/LLaMA-Factory src/llamafactory/data/tool_utils.py",
    quirks=(
        "A line that is a declared tool's name counts where a brace follows on the next line; nothing else marks a call.",
        "Further calls stand behind <|assistant|>, which opens a message of its own, or on a line of their own.",
        "The first word of a line is held until it is none of letters, digits, `_`, `.` and `-`.",
        "Without tools in the request, and inside open reasoning, nothing is a call.",
    ),
    marks=("可用工具 & <|observation|>",),
)
