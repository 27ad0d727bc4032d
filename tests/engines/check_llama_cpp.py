"""The plug-in inside the real Python code of llama-cpp-python; its compiled library is not there, and what it would write is scripted.

`LLAMA_CPP` names the folder of the unpacked source package.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
from collections.abc import Iterator
from typing import Any
from unittest.mock import MagicMock, patch

import pytest

sys.path.insert(0, os.environ["LLAMA_CPP"])
with patch.object(ctypes, "CDLL", lambda *_, **__: MagicMock()), patch("pathlib.Path.exists", return_value=True):
    import llama_cpp
    from llama_cpp import llama_chat_format

from toolparse.plugins.llama_cpp import register
from toolparse.plugins.names import tool_parsers

register()

TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}]
TEXT = '<think>\nHm.\n</think>\n\nLet me see.\n<tool_call>\n{"name": "f", "arguments": {"city": "Oslo"}}\n</tool_call>'
TEMPLATE = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}<|im_start|>assistant{{ '\\n' }}"


class Scripted(llama_cpp.Llama):  # type: ignore[misc]
    """A model whose completions are written down."""

    def __init__(self, text: str, finish: str = "stop") -> None:
        self.text, self.finish = text, finish
        self.metadata = {"tokenizer.chat_template": TEMPLATE}
        self.verbose = False
        self.chat_format = "toolparse_hermes"
        self.chat_handler = None
        self._chat_handlers = {}
        self.prompts: list[str] = []

    def __del__(self) -> None:
        pass

    def close(self) -> None:
        pass

    def token_eos(self) -> int:
        return 2

    def token_bos(self) -> int:
        return 1

    def detokenize(self, tokens: Any, *_: Any, **__: Any) -> bytes:
        return b"<|im_end|>" if list(tokens) == [2] else b""

    def tokenize(self, text: bytes, *_: Any, **__: Any) -> list[int]:
        return list(text)

    def create_completion(self, prompt: Any, stream: bool = False, **_: Any) -> Any:
        self.prompts.append(bytes(prompt).decode() if not isinstance(prompt, str) else prompt)
        whole = {"id": "c", "object": "text_completion", "created": 0, "model": "m"}
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        if not stream:
            return {**whole, "choices": [{"text": self.text, "index": 0, "logprobs": None, "finish_reason": self.finish}], "usage": usage}
        return self._pieces(whole)

    def _pieces(self, whole: dict[str, Any]) -> Iterator[dict[str, Any]]:
        for at in range(0, len(self.text), 5):
            yield {**whole, "choices": [{"text": self.text[at : at + 5], "index": 0, "logprobs": None, "finish_reason": None}]}
        yield {**whole, "choices": [{"text": "", "index": 0, "logprobs": None, "finish_reason": self.finish}]}


def asked(model: Scripted, **options: Any) -> Any:
    return model.create_chat_completion(messages=[{"role": "user", "content": "?"}], tools=TOOLS, **options)


def test_every_name_is_in_its_table() -> None:
    registry = llama_chat_format.LlamaChatCompletionHandlerRegistry()
    assert all(registry.get_chat_completion_handler_by_name(name) for name in tool_parsers())


def test_a_whole_answer() -> None:
    model = Scripted(TEXT)
    choice = asked(model)["choices"][0]
    calls = [(call["function"]["name"], json.loads(call["function"]["arguments"])) for call in choice["message"]["tool_calls"]]
    assert (choice["message"]["content"], choice["message"]["reasoning_content"], calls, choice["finish_reason"]) == (
        "Let me see.", "Hm.", [("f", {"city": "Oslo"})], "tool_calls",
    )  # fmt: skip
    assert model.prompts[0].endswith("<|im_start|>assistant\n")


def test_a_streamed_answer_is_the_whole_one() -> None:
    content, thought, name, arguments, finish = "", "", "", "", None
    for chunk in asked(Scripted(TEXT), stream=True):
        choice = chunk["choices"][0]
        finish = choice["finish_reason"] or finish
        content += choice["delta"].get("content") or ""
        thought += choice["delta"].get("reasoning_content") or ""
        for call in choice["delta"].get("tool_calls") or ():
            name += call["function"].get("name") or ""
            arguments += call["function"].get("arguments") or ""
    assert (content, thought, name, json.loads(arguments), finish) == ("Let me see.", "Hm.", "f", {"city": "Oslo"}, "tool_calls")


def test_an_answer_that_the_length_cuts() -> None:
    choice = asked(Scripted(TEXT[:-20], "length"))["choices"][0]
    assert (choice["finish_reason"], "tool_calls" in choice["message"]) == ("length", False)
    assert choice["message"]["content"] == TEXT[TEXT.index("Let me see.") : -20]


@pytest.mark.parametrize("choice", ["none", "auto", {"type": "function", "function": {"name": "f"}}])
def test_a_choice_of_tools(choice: Any) -> None:
    message = asked(Scripted(TEXT), tool_choice=choice)["choices"][0]["message"]
    assert bool(message.get("tool_calls")) == (choice != "none")
