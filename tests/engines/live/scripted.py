"""What the scripted models write: the outputs that a request asks for by name, and their tokens.

A request's last user message names an output as `@@NAME@@`. An output is text in which special tokens count as such, or, if its name
ends in `-typed`, text that was typed: no special token is in it.
"""

from __future__ import annotations

import json
import re
from typing import Any

CALL = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Oslo", "days": 2}}\n</tool_call>'
OTHER = '<tool_call>\n{"name": "search", "arguments": {"q": "<b>bold</b> & \\"quoted\\" 🙂"}}\n</tool_call>'
BROKEN = '<tool_call>\n{"name": "get_weather", "arguments": [[[}\n</tool_call>'
THOUGHT = "<think>\nThe user wants the weather.\n</think>\n\n"
ARGUMENTS = '{"city": "Oslo", "days": 2}'

OUTPUTS = {
    "plain": "Two and two is four.",
    "one": "Let me look.\n" + CALL,
    "two": CALL + "\n" + OTHER,
    "no-arguments": '<tool_call>\n{"name": "ping", "arguments": {}}\n</tool_call>',
    "thought": THOUGHT + "Oslo is cold.",
    "thought-call": THOUGHT + CALL,
    "call-in-thought": "<think>\nI will call it.\n" + CALL,
    "in-namespace": '<tool_call>\n{"name": "shell__run", "arguments": {"command": "ls"}}\n</tool_call>',
    "custom": '<tool_call>\n{"name": "run", "arguments": {"input": "ls"}}\n</tool_call>',
    "broken": BROKEN,
    "prose-typed": "Write <tool_call> and </tool_call> around it.",
    "object": ARGUMENTS,
    "list": json.dumps([{"name": "get_weather", "parameters": {"city": "Oslo", "days": 2}}]),
    "long": '<tool_call>\n{"name": "search", "arguments": {"q": "' + "word " * 400 + '"}}\n</tool_call>',
}


def asked_for(prompt: str) -> str:
    """The name of the output that the end of a prompt asks for."""
    named = re.findall(r"@@([\w-]+)@@", prompt)
    return named[-1] if named else "plain"


def tokens(name: str, tokenizer: Any) -> list[int]:
    """The ids of an output."""
    text = OUTPUTS[name]
    pieces = list(text) if name.endswith("-typed") else [text]
    return [number for piece in pieces for number in tokenizer.encode(piece, add_special_tokens=False)]
