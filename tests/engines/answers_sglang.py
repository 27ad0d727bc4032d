"""What SGLang's serving layer makes of one output, whole and streamed, with its own parsers or ours. Stands for it in `renamed.py`."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any

from sglang.srt.entrypoints.openai.protocol import ChatCompletionRequest
from sglang.srt.entrypoints.openai.serving_chat import OpenAIServingChat
from sglang.srt.function_call.function_call_parser import FunctionCallParser
from sglang.srt.parser.reasoning_parser import ReasoningParser
from sglang.srt.plugins import load_plugins
from sglang.srt.server_args import ServerArgs
from vectors import Tokenizer

TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}]
TEXT = '<think>\nHm.\n</think>\n\nLet me see.\n<tool_call>\n{"name": "f", "arguments": {"city": "Oslo"}}\n</tool_call>'


def start() -> None:
    load_plugins()


def answers(ours: bool) -> Any:
    prefix = "toolparse_" if ours else ""
    named = ServerArgs(model_path="m", tool_call_parser=f"{prefix}qwen25", reasoning_parser=f"{prefix}qwen3")
    chat = OpenAIServingChat.__new__(OpenAIServingChat)
    chat.tool_call_parser, chat.reasoning_parser = named.tool_call_parser, named.reasoning_parser
    chat.tokenizer_manager = SimpleNamespace(tokenizer=Tokenizer("hermes"))
    request = ChatCompletionRequest(model="m", messages=[{"role": "user", "content": "?"}], tools=TOOLS, stream=True)
    reasoning, rest = ReasoningParser(chat.reasoning_parser, request=request, tool_call_parser_active=True).parse_non_stream(TEXT)
    calls, text, _ = chat._process_tool_calls(rest, request.tools, {"type": "stop", "matched": None})
    found: list[Any] = [[(reasoning or "").strip(), text.strip(), *([call.function.name, call.function.arguments] for call in calls or ())]]
    constraint = FunctionCallParser(request.tools, chat.tool_call_parser).get_structure_constraint("required")
    found.append(constraint and constraint[0])
    thinking, parsers = ReasoningParser(chat.reasoning_parser, request=request, tool_call_parser_active=True), {}
    chunks: list[str] = []
    thought = ""

    async def serve() -> None:
        nonlocal thought
        pieces = [*(TEXT[at : at + 5] for at in range(0, len(TEXT), 5)), None]
        for piece in pieces:
            more, normal = thinking.parse_stream_chunk(piece) if piece is not None else thinking.parse_stream_end()
            thought += more or ""
            async for chunk in chat._process_tool_call_stream(
                0, normal or "", parsers, {"meta_info": {"id": "1"}}, request, {}, 0, flush=piece is None
            ):
                chunks.append(chunk)

    asyncio.run(serve())
    deltas = [json.loads(chunk.removeprefix("data: "))["choices"][0]["delta"] for chunk in chunks]
    said = "".join(delta.get("content") or "" for delta in deltas)
    made = [call["function"] for delta in deltas for call in delta.get("tool_calls") or ()]
    parts = ["".join(each.get(key) or "" for each in made) for key in ("name", "arguments")]
    found.append([thought.strip(), said.strip(), *parts])
    return found
