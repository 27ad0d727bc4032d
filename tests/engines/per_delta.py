"""What a delta costs in the engines, at the beginning of an output and far into it: `per_delta.py`.

Prints microseconds of processor time (the median of many deltas) behind 1 KB and behind 4 MB of arguments, and behind one call and behind
4,000, each with its ratio, and fails where a ratio is above 2. The engines' classes are real; nothing else of them takes part.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from statistics import median
from time import thread_time_ns
from typing import Any

from vectors import Tokenizer

TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {"q": {"type": "string"}}}}}]
CALL = '<tool_call>\n{"name": "f", "arguments": {"q": "Oslo"}}\n</tool_call>\n'
THOUGHT = "<think>\nHm.\n</think>\n\n"
MEASURED = 400
WORDS = "word " * 8
MOST = 2.0


def vllm() -> dict[str, Callable[[], Callable[[str], Any]]]:
    from vllm.entrypoints.openai.chat_completion.protocol import ChatCompletionRequest
    from vllm.parser import ParserManager

    from toolparse.plugins.vllm import register

    register()
    asked = ChatCompletionRequest(model="m", messages=[{"role": "user", "content": "?"}], tools=TOOLS, tool_choice="auto")
    tokenizer = Tokenizer("hermes")
    ids = cache(tokenizer.encode)
    cls = ParserManager.get_parser("toolparse_hermes", reasoning_parser_name="toolparse_qwen3", enable_auto_tools=True)

    def start() -> Callable[[str], Any]:
        parser = cls(tokenizer, asked.tools)
        return lambda text: parser.parse_delta(text, ids(text), asked, [])

    return {"vLLM, one parser": start}


def sglang() -> dict[str, Callable[[], Callable[[str], Any]]]:
    from sglang.srt.entrypoints.openai.protocol import Tool
    from sglang.srt.function_call.function_call_parser import FunctionCallParser
    from sglang.srt.parser.reasoning_parser import ReasoningParser

    from toolparse.plugins.sglang import register

    register()
    tools = [Tool.model_validate(tool) for tool in TOOLS]

    def detector() -> Callable[[str], Any]:
        return FunctionCallParser(tools, "toolparse_qwen25").parse_stream_chunk

    def halves() -> Callable[[str], Any]:
        thinking, calls = ReasoningParser("toolparse_qwen3", tool_call_parser_active=True), FunctionCallParser(tools, "toolparse_qwen25")

        def feed(text: str) -> None:
            _, rest = thinking.parse_stream_chunk(text)
            if rest:
                calls.parse_stream_chunk(rest)

        return feed

    return {"SGLang, tool parser": detector, "SGLang, both parsers": halves}


def cost(feed: Callable[[str], Any], pieces: list[str]) -> float:
    """The median of what these pieces take, in microseconds."""
    taken = []
    for piece in pieces:
        before = thread_time_ns()
        feed(piece)
        taken.append(thread_time_ns() - before)
    return median(taken) / 1000


def in_arguments(start: Callable[[], Callable[[str], Any]]) -> tuple[float, float]:
    feed = start()
    feed(THOUGHT)
    for piece in ("<tool_call>", '\n{"name": "f", "arguments": {"q": "', WORDS * 25):
        feed(piece)
    cost(feed, [WORDS] * MEASURED)  # what the first deltas set up is none of this
    early = cost(feed, [WORDS] * MEASURED)
    longer = "word " * 13_108
    for _ in range(64):
        feed(longer)
    return early, cost(feed, [WORDS] * MEASURED)


def behind_calls(start: Callable[[], Callable[[str], Any]]) -> tuple[float, float]:
    """A delta that is a whole call."""
    feed = start()
    feed(THOUGHT)
    early = cost(feed, [CALL] * 100)
    for _ in range(3_800):
        feed(CALL)
    return early, cost(feed, [CALL] * 100)


def main() -> None:
    engine = sys.argv[1]
    print("| reading | behind 1 KB | behind 4 MB | ratio | behind 1 call | behind 4,000 | ratio |\n|---|---|---|---|---|---|---|")
    slow = []
    for name, start in {"vllm": vllm, "sglang": sglang}[engine]().items():
        numbers = [*in_arguments(start), *behind_calls(start)]
        ratios = [numbers[1] / numbers[0], numbers[3] / numbers[2]]
        slow += [name for ratio in ratios if ratio > MOST]
        texts = [f"{numbers[0]:.0f} us", f"{numbers[1]:.0f} us", f"{ratios[0]:.2f}", f"{numbers[2]:.0f} us", f"{numbers[3]:.0f} us"]
        print(f"| {name} | {' | '.join(texts)} | {ratios[1]:.2f} |", flush=True)
    if slow:
        sys.exit(f"a delta costs more far into an output: {', '.join(slow)}")


if __name__ == "__main__":
    main()
