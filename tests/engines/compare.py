"""An engine's own parsers and ours on the same vectors and chunkings, and the time per token: the tables of docs/engines.md.

`python compare.py vllm` or `python compare.py sglang` prints Markdown. A vector counts as right when the calls (names, and arguments as
JSON values) and the content (blanks at its ends aside) are those of the vector. Vectors with reasoning are left out: here the tool
parsers alone are compared.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable, Iterator
from functools import cache
from importlib.metadata import version
from typing import Any

from vectors import CHUNKINGS, FORMATS, Tokenizer, deltas, prompt_of, vectors

from toolparse import Message, ToolCall, get_format, render

OWN = {
    "vllm": {fmt: fmt for fmt in FORMATS},
    "sglang": {fmt: fmt for fmt in FORMATS}
    | {"llama3_json": "llama3", "deepseek_v3": "deepseekv3", "deepseek_v31": "deepseekv31", "minimax_m2": "minimax-m2"},
}
SIZES = (1, 16, 64)
"""KB of arguments."""
PATIENCE = 10.0
"""Seconds after which a stream is given up; the time per token so far is given with a `>`."""
Answer = tuple[str, list[tuple[str, str]]]
Feed = Callable[[str, list[int], bool], Answer]


@cache
def tokenizer_of(fmt: str) -> Tokenizer:
    """One tokenizer a format: ids mean the same where they are made and where they are read."""
    return Tokenizer(fmt)


def vllm_feed(name: str, fmt: str, tools: list[Any], prompt: str) -> tuple[Feed, Callable[[str], Answer]]:
    """For the streamed and for the whole way through vLLM: what takes text and gives the content and calls."""
    from check_vllm import request
    from vllm.entrypoints.openai.chat_completion.stream_processor import ChatStreamProcessor
    from vllm.parser import ParserManager

    tokenizer = tokenizer_of(fmt)
    tokenizer.told = not name.startswith("toolparse_")  # in the vectors the text alone decides what a marker is
    asked = request({"tools": tools})
    parser_cls = ParserManager.get_parser(tool_parser_name=name, enable_auto_tools=True)
    processor = ChatStreamProcessor(asked, parser_cls(tokenizer, asked.tools), enable_auto_tools=True, parser_cls=parser_cls)
    prompt_ids = tokenizer.encode(prompt)

    def feed(text: str, ids: list[int], last: bool) -> Answer:
        delta = processor.step(text, ids, "stop" if last else None, prompt_ids).delta
        items = delta.tool_calls if delta is not None else []
        return (delta.content or "") if delta is not None else "", [
            (str(item.index), item.function.name or "", item.function.arguments or "") for item in items
        ]

    def whole(text: str) -> Answer:
        parser = parser_cls(tokenizer, asked.tools)
        parser.set_prompt_token_ids(prompt_ids)
        _, content, calls = parser.parse(text, asked, enable_auto_tools=True, model_output_token_ids=tokenizer.encode(text))
        return content or "", [(call.name, call.arguments) for call in calls or ()]

    return feed, whole


def sglang_feed(name: str, fmt: str, tools: list[Any], prompt: str) -> tuple[Feed, Callable[[str], Answer]]:
    """The same for SGLang."""
    from sglang.srt.entrypoints.openai.protocol import Tool
    from sglang.srt.function_call.function_call_parser import FunctionCallParser

    given = [Tool.model_validate(tool) for tool in tools]
    parser = FunctionCallParser(given, name)

    def feed(text: str, ids: list[int], last: bool) -> Answer:
        content, items = parser.parse_stream_chunk(text)
        if last:
            more, ended = parser.parse_stream_end()
            content, items = (content or "") + (more or ""), [*items, *ended]
        return content or "", [(str(item.tool_index), item.name or "", item.parameters) for item in items]

    def whole(text: str) -> Answer:
        content, items = FunctionCallParser(given, name).parse_non_stream(text)
        return content or "", [(item.name, item.parameters) for item in items]

    return feed, whole


def served(fmt: str, text: str) -> str:
    """The text of a vector as a server has it: without the stop tokens at its end."""
    stops = tuple(stop.strip() for stop in get_format(fmt).stop)
    while text.rstrip().endswith(stops):
        text = next(text.rstrip().removesuffix(stop) for stop in stops if text.rstrip().endswith(stop))
    return text


def answer(engine: str, name: str, fmt: str, case: dict[str, Any], chunking: str) -> Answer:
    # The tokenizers of Mistral's older models lack this token, and that is how vLLM's parser tells which syntax is written.
    tokenizer_of(fmt).unknown = "[ARGS]" if fmt == "mistral" and "[ARGS]" not in case["text"] else None
    feed, whole = FEEDS[engine](name, fmt, case["tools"], prompt_of(fmt, case))
    text_served = served(fmt, case["text"])
    if chunking == "whole":
        return whole(text_served)
    content, calls = "", {}
    pieces = list(deltas(text_served, chunking, tokenizer_of(fmt)))
    for at, (text, ids) in enumerate(pieces):
        more, items = feed(text, ids, at == len(pieces) - 1)
        content += more
        for index, called, arguments in items:
            call = calls.setdefault(index, ["", ""])
            call[0] = call[0] or called
            call[1] += arguments
    return content, [tuple(call) for call in calls.values()]


FEEDS = {"vllm": vllm_feed, "sglang": sglang_feed}


def right(got: Answer, expect: dict[str, Any]) -> bool:
    content, calls = got
    wanted = [(call["name"], call["arguments"]) for call in expect["tool_calls"]]
    try:
        values = [(name, json.loads(arguments or "null")) for name, arguments in calls]
    except ValueError:
        return False
    return values == wanted and content.strip() == (expect["content"] or "").strip()


def scores(engine: str, name: str, fmt: str) -> Iterator[str]:
    cases = [
        case
        for case in vectors(fmt)
        if case["tools"]
        and case["kind"] != "truncated"
        and not case["expect"].get("reasoning")
        and not any(opener in (case.get("prefill") or "") for opener in ("<think>\n", "[THINK]"))
        and all("arguments" in call for call in case["expect"]["tool_calls"])
    ]
    for chunking in CHUNKINGS:
        counts = {True: [0, 0], False: [0, 0]}
        for case in cases:
            try:
                good = right(answer(engine, name, fmt, case, chunking), case["expect"])
            except Exception:  # what a request would end with as a server error
                good = False
            count = counts[case["kind"] == "canonical"]
            count[0] += good
            count[1] += 1
        yield f"{counts[True][0]}/{counts[True][1]} + {counts[False][0]}/{counts[False][1]}"


def per_token(engine: str, name: str, fmt: str, kilobytes: int) -> str:
    """Microseconds per piece of 4 characters, in a stream of one call with a long string."""
    words = "the quick brown fox jumps over the lazy dog and then goes home again. "
    value = (words * (kilobytes * 1024 // len(words) + 1))[: kilobytes * 1024]
    parameters = {"type": "object", "properties": {"text": {"type": "string"}}}
    tools = [{"type": "function", "function": {"name": "save", "parameters": parameters}}]
    call = ToolCall(name="save", arguments=json.dumps({"text": value}), id="functions.save:0")
    text = render(Message(tool_calls=[call]), get_format(fmt))
    feed, _ = FEEDS[engine](name, fmt, tools, prompt_of(fmt, {}))
    pieces = list(deltas(text, "by token", tokenizer_of(fmt)))
    begun = time.perf_counter()
    try:
        for at, (piece, ids) in enumerate(pieces):
            feed(piece, ids, at == len(pieces) - 1)
            if time.perf_counter() - begun > PATIENCE:
                return f"> {(time.perf_counter() - begun) / (at + 1) * 1e6:.0f}"
    except Exception as error:
        return type(error).__name__
    return f"{(time.perf_counter() - begun) / len(pieces) * 1e6:.0f}"


def main(engine: str) -> None:
    logging.disable(logging.CRITICAL)
    if engine == "sglang":
        import os

        os.environ["SGLANG_FORWARD_UNKNOWN_TOOLS"] = "1"
        from sglang.srt.plugins import load_plugins
    else:
        from vllm.plugins import load_general_plugins as load_plugins
    load_plugins()
    print(f"{engine} {version(engine)}, toolparse {version('toolparse')}: right answers, canonical + other vectors\n")
    print(f"| format | parser | {' | '.join(CHUNKINGS)} |\n|---|---|{'---|' * len(CHUNKINGS)}")
    for fmt in FORMATS:
        for whose, name in (("own", OWN[engine][fmt]), ("ours", f"toolparse_{fmt}")):
            print(f"| {fmt} | {whose} | {' | '.join(scores(engine, name, fmt))} |", flush=True)
    print(f"\nMicroseconds per token, arguments of {', '.join(map(str, SIZES))} KB\n")
    print(f"| format | parser | {' | '.join(f'{size} KB' for size in SIZES)} |\n|---|---|{'---|' * len(SIZES)}")
    for fmt in FORMATS:
        for whose, name in (("own", OWN[engine][fmt]), ("ours", f"toolparse_{fmt}")):
            print(f"| {fmt} | {whose} | {' | '.join(per_token(engine, name, fmt, size) for size in SIZES)} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
