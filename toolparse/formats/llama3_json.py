"""Llama 3.1 to 3.3 and Llama 4 with the JSON template: bare {"name": …, "parameters": …}, sometimes behind an opener."""

from toolparse.grammar import Calls, Envelope, Format, OneOf, PythonCalls

OBJECT = Envelope(arguments=("parameters", "arguments"), start=("{",))

LLAMA3_JSON = Format(
    name="llama3_json",
    aliases=("llama3", "llama4_json"),
    models=("Llama 3.1", "Llama 3.2", "Llama 3.3", "Meta Llama 3.1", "Meta Llama 3.2", "Meta Llama 3.3"),
    calls=(
        Calls(where="line", needs="tool", close=(OneOf(("", "<|python_end|>")),), body=OBJECT, between="; "),
        Calls(open=(OneOf(("```json\n", "```")),), where="start", needs="tool", close=("\n```",), body=OBJECT, between="; "),
        Calls(
            open=(OneOf(("<|python_tag|>", "<|python_start|>")),),
            close=(OneOf(("", "<|python_end|>")),),
            body=OBJECT,
            between="; ",
        ),
        Calls(open=("<|python_tag|>", "{name}.call("), body=PythonCalls(), name=r"\w"),
    ),
    stop=("<|eot_id|>", "<|eom_id|>", "<|end_of_text|>", "<|eot|>", "<|eom|>"),
    turn=("<|start_header_id|>assistant<|end_header_id|>\n\n", "<|header_start|>assistant<|header_end|>\n\n"),
    special_tokens=("<|python_tag|>", "<|python_start|>", "<|python_end|>"),
    source="vllm-project/vllm examples/tool_chat_template_llama3.1_json.jinja and tool_chat_template_llama4_json.jinja; "
    "Meta's Llama 3.1 and Llama 4 prompt-format pages",
    quirks=(
        "A bare object is a call at a line start if it has a declared name and a parameters key; other JSON is content.",
        "Behind an opener a name is enough, unknown ones included, and missing parameters are {}.",
        "Calls may be separated by `;`, blanks or nothing; `arguments` is read as `parameters`, `type` is ignored.",
        "`name.call(key=value)` behind the python tag is a call; other code there is content.",
    ),
    marks=('"parameters": dictionary of argument name and its value',),
)
