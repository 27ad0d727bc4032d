"""Pythonic: one Python list of keyword calls and no marker at all (Llama 3.2 text models, ToolACE)."""

from toolparse.grammar import Ahead, Calls, Format, PythonCalls

NAME = r"(?:[^\W\d]|(?<=[\w.\-])[\d.\-])"
"""A name, which may be dotted, begins with a letter."""
KEYWORD = Ahead((")", "{key}="))
LITERAL = Ahead((")", '"', "'", "[", "{", "(", "-", "+", *"0123456789", "True", "False", "None", "true", "false", "null"))
TAG = "<|python_tag|>"
LIST = PythonCalls(listed=True)

PYTHONIC = Format(
    name="pythonic",
    models=("Llama 3.2 1B", "Llama 3.2 3B", "ToolACE"),
    calls=(
        Calls(open=("[", "{name}", "(", KEYWORD), where="start", body=LIST, name=NAME, between=", "),
        Calls(open=(TAG, "[", "{name}", "(", KEYWORD), body=LIST, name=NAME),
        Calls(open=(TAG, "[", "{name}", "(", LITERAL), needs="tool", body=LIST, name=NAME),
        Calls(open=("[", "{name}", "(", KEYWORD), needs="tool", body=LIST, name=NAME),
        Calls(open=("[", "{name}", "(", LITERAL), where="start", needs="tool", body=LIST, name=NAME),
    ),
    stop=("<|eot_id|>", "<|eom_id|>", "<|end_of_text|>"),
    turn=("<|start_header_id|>assistant<|end_header_id|>\n\n",),
    special_tokens=(TAG,),
    source="vllm-project/vllm examples/tool_chat_template_llama3.2_pythonic.jinja; meta-llama/llama-models text_prompt_format.md",
    quirks=(
        "At the start of the output a list counts whatever the name; in the middle of text its first name must be declared.",
        "Once the list is open, later names are taken as they come; a missing bracket at its end changes nothing.",
        "A positional argument takes the name of the tool's only parameter, and is left out where there are more.",
        "What is no literal becomes a string of its text; zero-padded numbers, JSON literals and trailing commas are taken.",
        "Calls without brackets, JSON calls and text that merely begins with a bracket are content.",
        "A python tag in front of a list is framing.",
    ),
    marks=("[func_name1(", "python list"),
)
