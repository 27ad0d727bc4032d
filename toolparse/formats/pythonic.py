"""Pythonic: one Python list of keyword calls and no marker at all (Llama 3.2 text models, ToolACE)."""

from toolparse.grammar import Ahead, Calls, Format, Maybe, PythonCalls

NAME = r"[\w.\-]"
KEYWORD = Ahead((")", "{key}="))
LITERAL = Ahead((")", '"', "'", "[", "{", "-", *"0123456789", "True", "False", "None"))
TAG = "<|python_tag|>"
LIST = PythonCalls(listed=True)

PYTHONIC = Format(
    name="pythonic",
    models=("Llama 3.2 1B", "Llama 3.2 3B", "ToolACE"),
    calls=(
        Calls(open=("[", "{name}", "(", KEYWORD), where="start", body=LIST, name=NAME, between=", "),
        Calls(open=("[", "{name}", "(", KEYWORD), declared=True, body=LIST, name=NAME),
        Calls(open=(Maybe(TAG), "[", "{name}", "(", LITERAL), where="start", declared=True, body=LIST, name=NAME),
        Calls(open=(TAG, "[", "{name}", "(", KEYWORD), body=LIST, name=NAME),
    ),
    stop=("<|eot_id|>", "<|eom_id|>", "<|end_of_text|>"),
    turn=("<|start_header_id|>assistant<|end_header_id|>\n\n",),
    special_tokens=(TAG,),
    source="vllm-project/vllm examples/tool_chat_template_llama3.2_pythonic.jinja; meta-llama/llama-models text_prompt_format.md",
)
