"""IQuest-Q1: GLM's pairs in <iquest_tool_call>."""

from toolparse.formats.glm45 import NAME
from toolparse.grammar import Ahead, Calls, Format, Parameters, Reasoning

TAGS = ("<iquest_tool_call>", "</iquest_tool_call>")
PAIR = ("<arg_key>", "{key}", "</arg_key>", "<arg_value>")

IQUEST_Q1 = Format(
    name="iquest_q1",
    models=("IQuest-Q1",),
    reasoning=(Reasoning("<think>", "</think>", calls="ignored"),),
    calls=(
        Calls(
            open=(TAGS[0], "{name}", Ahead((PAIR, TAGS[1]))),
            body=Parameters(open=PAIR, close="</arg_value>", ends="structure"),
            close=TAGS[1:],
            name=NAME,
        ),
    ),
    stop=("<|iquest_end|>",),
    turn=("<|iquest_assistant|>",),
    special_tokens=TAGS,
    source="sgl-project/sglang srt/function_call/iquest_q1_detector.py; IQuestLab/IQuest-Q1 model page",
    quirks=(
        "A block without a name is content with its tags, and told.",
        "A second opening tag between pairs closes the call and opens the next; inside a value it is data.",
        "A block inside open reasoning stays reasoning.",
        "Strings keep their white space and quotes.",
    ),
    marks=("<iquest_tool_call>",),
)
