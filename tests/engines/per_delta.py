"""What a delta costs in the engines, at the beginning of an output and far into it: `per_delta.py vllm` or `per_delta.py sglang`.

Prints microseconds of processor time (the median of many deltas) behind 1 KB and behind 4 MB of arguments, the same of reasoning, and
behind one call and behind 4,000, each with its ratio, and fails where a ratio is above 2. Counts, too, what is called in such a delta,
and fails where that is not the same. The engines' classes are real; nothing else of them takes part.
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


def work(feed: Callable[[str], Any], piece: str) -> int:
    """How many calls and returns of functions a piece takes: the fewest of three, as text that is kept is cut off now and then."""
    seen = 0

    def note(*_: Any) -> None:
        nonlocal seen
        seen += 1

    least = sys.maxsize
    for _ in range(3):
        seen = 0
        sys.setprofile(note)
        try:
            feed(piece)
        finally:
            sys.setprofile(None)
        least = min(least, seen)
    return least


def early_and_late(feed: Callable[[str], Any], piece: str, measured: int, longer: list[str]) -> tuple[float, float]:
    cost(feed, [piece] * measured)  # what the first deltas set up is none of this
    early, works = cost(feed, [piece] * measured), work(feed, piece)
    for text in longer:
        feed(text)
    late = cost(feed, [piece] * measured)
    if works != (then := work(feed, piece)):
        sys.exit(f"a delta does more far into an output: {works} steps, then {then}")
    return early, late


def in_text(start: Callable[[], Callable[[str], Any]], *before: str) -> tuple[float, float]:
    """A delta of 40 characters."""
    feed = start()
    for piece in (*before, WORDS * 25):
        feed(piece)
    return early_and_late(feed, WORDS, MEASURED, ["word " * 13_108] * 64)


def behind_calls(start: Callable[[], Callable[[str], Any]]) -> tuple[float, float]:
    """A delta that is a whole call."""
    feed = start()
    feed(THOUGHT)
    return early_and_late(feed, CALL, 100, [CALL] * 3_700)


def main() -> None:
    engine = sys.argv[1]
    places = ("1 KB of arguments", "4 MB", "1 KB of reasoning", "4 MB", "1 call", "4,000")
    print(f"| reading | {' | '.join(f'behind {a} | behind {b} | ratio' for a, b in zip(places[::2], places[1::2], strict=True))} |")
    print("|---" * 10 + "|")
    slow = []
    for name, start in {"vllm": vllm, "sglang": sglang}[engine]().items():
        arguments = in_text(start, THOUGHT, "<tool_call>", '\n{"name": "f", "arguments": {"q": "')
        measured = [arguments, in_text(start, "<think>\n"), behind_calls(start)]
        slow += [name for early, late in measured if late / early > MOST]
        print(f"| {name} | {' | '.join(f'{a:.0f} us | {b:.0f} us | {b / a:.2f}' for a, b in measured)} |", flush=True)
    if slow:
        sys.exit(f"a delta costs more far into an output: {', '.join(slow)}")


if __name__ == "__main__":
    main()
