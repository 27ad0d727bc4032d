"""Llama 4 with the pythonic template: one Python list of calls, often between two special tokens, strings without escaping."""

from toolparse.formats.pythonic import KEYWORD, LITERAL, NAME
from toolparse.grammar import Calls, Envelope, Format, PythonCalls

START = "<|python_start|>"
END = "<|python_end|>"
LIST = PythonCalls(listed=True, raw_quotes=True)

LLAMA4_PYTHONIC = Format(
    name="llama4_pythonic",
    models=("Llama 4", "Llama 4 Scout", "Llama 4 Maverick", "Meta Llama 4"),
    calls=(
        Calls(open=("[", "{name}", "(", KEYWORD), where="start", body=LIST, close=(END,), name=NAME, between=", "),
        Calls(open=(START, "[", "{name}", "("), body=LIST, close=(END,), name=NAME),
        Calls(open=(START,), body=Envelope(arguments=("parameters", "arguments"), start=("{",)), close=(END,)),
        Calls(open=("[", "{name}", "(", KEYWORD), needs="tool", body=LIST, close=(END,), name=NAME),
        Calls(open=("[", "{name}", "(", LITERAL), where="start", needs="tool", body=LIST, close=(END,), name=NAME),
    ),
    stop=("<|eot|>", "<|eom|>", "<|end_of_text|>"),
    turn=("<|header_start|>assistant<|header_end|>\n\n",),
    special_tokens=(START, END),
    source="vllm-project/vllm examples/tool_chat_template_llama4_pythonic.jinja; meta-llama/Llama-4-Scout-17B-16E-Instruct model page",
    quirks=(
        "Prose before a list is content, and so is what follows it.",
        "An object with a name counts as a call only behind the start marker.",
        "A list that is not closed loses no call whose parenthesis is closed.",
        "A marker inside a string is data.",
        "A quote closes a string only where the rest of the call goes on behind it.",
        "Each list of a turn counts, with markers of its own or without.",
    ),
    marks=("<|header_start|> & [func_name1(",),
)
