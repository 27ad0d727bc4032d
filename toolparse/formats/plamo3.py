"""PLaMo 3: requests in nested begin/end markers, each a name and a JSON object."""

from toolparse.grammar import Calls, Format, JsonText, Reasoning, Wrapper

PLAMO3 = Format(
    name="plamo3",
    models=("PLaMo 3", "PLaMo 3.0 Prime"),
    reasoning=(Reasoning("<|plamo:begin_think:plamo|>", "<|plamo:end_think:plamo|>"),),
    calls=(
        Calls(
            wrapper=Wrapper("<|plamo:begin_tool_requests:plamo|>", "<|plamo:end_tool_requests:plamo|>", shared=True),
            needs="nothing",
            open=(
                "<|plamo:begin_tool_request:plamo|>", "<|plamo:begin_tool_name:plamo|>",
                "{name}", "<|plamo:end_tool_name:plamo|>",
            ),
            lead=("<|plamo:begin_tool_arguments:plamo|>", "<|plamo:constrain|>json", "<|plamo:msg|>"),
            body=JsonText(),
            close=("<|plamo:end_tool_arguments:plamo|>", "<|plamo:end_tool_request:plamo|>"),
        ),
    ),
    stop=("<|plamo:tag|>",),
    fragments=("<|plamo:begin_", "<|plamo:end_"),
    special_tokens=("<|plamo:begin_", "<|plamo:end_", ":plamo|>", "<|plamo:tag|>", "<|plamo:constrain|>", "<|plamo:msg|>"),
    source="vllm-project/vllm vllm/parser/plamo3.py; openclaw/openclaw#62893",
    quirks=(
        "<|plamo:constrain|>json and <|plamo:msg|> in front of the arguments may both be missing.",
        "A request without the group around it counts anywhere.",
        "A marker that the end of the output cuts is dropped if it is certain to be one.",
        "A group or a request inside open reasoning ends it.",
    ),
    marks=("<|plamo:begin_tool_request",),
)  # fmt: skip
