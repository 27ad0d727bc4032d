"""llama-cpp-python's chat handlers over `toolparse.Parser`: the model's own template, and calls out of what it writes.

llama-cpp-python has a public table of handlers, which `register` fills; a model then names one, or the server is started with it::

    llama = llama_cpp.Llama("model.gguf", chat_format="toolparse_hermes")      # behind toolparse.plugins.llama_cpp.register()
    python -m toolparse.plugins.llama_cpp --model model.gguf --chat_format toolparse_hermes

How it works. llama-cpp-python's own handler renders the template that the model file holds and gives the text as content. Ours asks it for
that, and puts what the parser reads in the place of the text, whole and streamed. Facts: llama-cpp-python 0.3.36, `llama_chat_format.py`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

from toolparse.adapters.openai_chat import ChatChunks
from toolparse.formats import get_format
from toolparse.grammar import Format
from toolparse.message import folded
from toolparse.parser import Parser
from toolparse.plugins.names import tool_parsers
from toolparse.plugins.readable_calls import ReadableCalls, content_of, readable
from toolparse.plugins.reports import report


def register() -> None:
    """Put every format into llama-cpp-python's table of chat handlers as `toolparse_NAME`. May be called any number of times."""
    registry = import_module("llama_cpp.llama_chat_format").LlamaChatCompletionHandlerRegistry()
    for name, fmt in tool_parsers().items():
        registry.register_chat_completion_handler(name, chat_handler(get_format(fmt)), overwrite=True)


def chat_handler(fmt: Format) -> Callable[..., Any]:
    """A chat handler: takes the request's fields by name, gives a chat completion as a dict, or an iterator of chunks if `stream`."""

    def handler(*, llama: Any, messages: Any, tools: Any = None, tool_choice: Any = None, stream: bool = False, **options: Any) -> Any:
        chat_format = import_module("llama_cpp.llama_chat_format")
        prompts: list[str] = []
        render = _formatter(chat_format, llama)

        def rendered(**given: Any) -> Any:
            made = render(**given)
            prompts.append(made.prompt)
            return made

        own = chat_format.chat_formatter_to_chat_completion_handler(rendered)
        shown = None if tool_choice == "none" else tools
        answer = own(llama=llama, messages=messages, tools=shown, tool_choice=None, stream=stream, **options)
        parser = Parser(fmt, tools=tools or None, tool_choice=tool_choice or "auto" if tools else "none", prompt=prompts[0])
        return _streamed(answer, parser) if stream else _whole(answer, parser)

    return handler


def _formatter(chat_format: Any, llama: Any) -> Any:
    """What renders the template in the model's file."""
    template = llama.metadata.get("tokenizer.chat_template")
    if template is None:
        raise ValueError("the model file holds no chat template (tokenizer.chat_template), which its tools would be shown by")

    def text(token: int) -> str:
        return "" if token < 0 else str(llama.detokenize([token], special=True).decode("utf-8", "replace"))

    eos = llama.token_eos()
    return chat_format.Jinja2ChatFormatter(
        template=template, eos_token=text(eos), bos_token=text(llama.token_bos()), stop_token_ids=[eos]
    )  # fmt: skip


def _whole(answer: dict[str, Any], parser: Parser) -> dict[str, Any]:
    choice = answer["choices"][0]
    cut = choice["finish_reason"] == "length"
    text = choice["message"]["content"] or ""
    events = parser.feed(text) + parser.finish(truncated=cut)
    report(events)
    message = folded(events)
    made: dict[str, Any] = {"role": "assistant", "content": content_of(message, text)}
    if message.reasoning is not None:
        made["reasoning_content"] = message.reasoning
    calls = readable(message)
    if calls:
        made["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}} for call in calls
        ]
    choice["message"] = made
    choice["finish_reason"] = "length" if cut else "tool_calls" if calls else choice["finish_reason"]
    return answer


def _streamed(answer: Iterator[dict[str, Any]], parser: Parser) -> Iterator[dict[str, Any]]:
    """llama-cpp-python's chunks, with the parser's deltas in the place of the text."""
    shape, readable_calls = ChatChunks(id=""), ReadableCalls(parser)
    called = False
    for chunk in answer:
        choice = chunk["choices"][0]
        finish = choice["finish_reason"]
        events = readable_calls.feed(choice["delta"].get("content") or "")
        if finish is not None:
            events += readable_calls.finish(truncated=finish == "length")
            report(events)
        deltas = [made["choices"][0]["delta"] for made in shape.feed(events)]
        called = called or any("tool_calls" in delta for delta in deltas)
        if choice["delta"].get("role"):
            deltas.insert(0, {"role": choice["delta"]["role"]})
        for delta in deltas:
            yield {**chunk, "choices": [{**choice, "delta": delta, "finish_reason": None}]}
        if finish is not None:
            yield {**chunk, "choices": [{**choice, "delta": {}, "finish_reason": "tool_calls" if called and finish == "stop" else finish}]}


if __name__ == "__main__":
    register()
    sys.exit(import_module("llama_cpp.server.__main__").main())
