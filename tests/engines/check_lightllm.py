"""The plug-in inside LightLLM's own serving layer: its tables, and its chat completions with the model and the rest of the server replaced.

`LIGHTLLM_SOURCE` names the folder of its source: it is in no package. Facts: ModelTC/LightLLM 87881ae, `server/api_openai.py`.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from vectors import CHUNKINGS, Tokenizer, complete, deltas, expected, result, vectors

from toolparse import Message, ToolCall, get_format, render
from toolparse.plugins import lightllm
from toolparse.plugins.names import PREFIX, reasoning_parsers, tool_parsers

sys.path.insert(0, str(Path(__file__).parent / "live"))
os.environ["LIGHTLLM_START_ARGS"] = "{}"

import lightllm_source  # noqa: F401  (before the engine)
from lightllm.server import api_openai, function_call_parser, reasoning_parser
from lightllm.server.api_http import g_objs
from lightllm.server.api_models import ChatCompletionRequest
from lightllm.server.core.objs import FinishStatus
from lightllm.utils import envs_utils

OWN = dict(function_call_parser.FunctionCallParser.ToolCallParserEnum)
OWN_REASONING = dict(reasoning_parser.ReasoningParser.DetectorMap)
STAYS = ("gpt-oss", "minimax-append-think")
"""Reasoning parsers that do not look for a pair of markers, or that keep them in the content."""
lightllm.install()

THINKING = {"qwen25": "qwen3", "deepseekv3": "deepseek-v3", "deepseekv31": "deepseek-v3", "glm47": "glm45", "qwen3_coder": "qwen3"}
"""For tool parsers whose models think the reasoning parser for them."""


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The arguments that the server was started with."""
    arguments = SimpleNamespace(tool_call_parser=None, reasoning_parser=None)

    async def no_prompt(*_: Any) -> str:
        return ""

    for module in (envs_utils, api_openai):
        monkeypatch.setattr(module, "get_env_start_args", lambda: arguments)
    monkeypatch.setattr(api_openai, "build_prompt", no_prompt)
    monkeypatch.setattr(api_openai, "SamplingParams", lambda: SimpleNamespace(init=lambda **_: None, verify=lambda: None))
    monkeypatch.setattr(g_objs, "args", arguments)
    return arguments


def answer(monkeypatch: pytest.MonkeyPatch, pieces: list[str], tools: Any, thinking: bool, **fields: Any) -> dict[str, Any]:
    """What a client reads of these pieces of an output."""

    async def generate(*_: Any, **__: Any) -> AsyncIterator[tuple[int, str, dict[str, int], FinishStatus]]:
        for at, piece in enumerate(pieces):
            ended = FinishStatus.FINISHED_STOP if at == len(pieces) - 1 else FinishStatus.NO_FINISH
            yield 8, piece, {"prompt_tokens": 1}, FinishStatus(ended)

    async def asked() -> dict[str, Any]:
        request = ChatCompletionRequest(model="m", messages=[{"role": "user", "content": "?"}], tools=tools or None, **fields)
        told = await api_openai.chat_completions_impl(request, None)
        return whole(told) if not request.stream else await streamed(told)

    monkeypatch.setattr(g_objs, "httpserver_manager", SimpleNamespace(generate=generate, tokenizer=None))
    monkeypatch.setattr(api_openai, "_is_force_thinking_mode", lambda request: thinking)
    return asyncio.run(asked())


def whole(told: Any) -> dict[str, Any]:
    message = told.choices[0].message
    calls = [(call.function.name, call.function.arguments) for call in message.tool_calls or ()]
    assert told.choices[0].finish_reason == ("tool_calls" if calls else "stop")
    return result(message.content, message.reasoning, calls)


async def streamed(told: Any) -> dict[str, Any]:
    content = reasoning = ""
    calls: dict[int, list[str]] = {}
    async for line in told.body_iterator:
        text = (line if isinstance(line, str) else line.decode()).removeprefix("data: ").strip()
        for choice in json.loads(text)["choices"] if text != "[DONE]" else ():
            content += choice["delta"].get("content") or ""
            reasoning += choice["delta"].get("reasoning") or ""
            for call in choice["delta"].get("tool_calls") or ():
                if call["function"].get("name"):
                    calls[call["index"]] = [call["function"]["name"], ""]
                calls[call["index"]][1] += call["function"].get("arguments") or ""
    return result(content, reasoning, [(name, arguments) for name, arguments in calls.values()])


def tidy(got: dict[str, Any]) -> dict[str, Any]:
    """White space at the ends aside: LightLLM leaves out some of it, and what is held back at the end of a stream."""
    return {**got, "content": (got["content"] or "").strip() or None, "reasoning": (got["reasoning"] or "").strip() or None}


def test_every_name_of_its_tables_is_ours() -> None:
    assert {PREFIX + name for name in OWN} <= set(tool_parsers())
    assert {PREFIX + name for name in OWN_REASONING} - set(reasoning_parsers()) <= {PREFIX + name for name in STAYS}
    table, known = function_call_parser.FunctionCallParser.ToolCallParserEnum, reasoning_parser.ReasoningParser.DetectorMap
    assert all(hasattr(table[name], "toolparse_format") for name in OWN)
    assert {name for name in OWN_REASONING if known[name] is OWN_REASONING[name]} == set(STAYS)


@pytest.mark.parametrize("chunking", CHUNKINGS)
@pytest.mark.parametrize(("name", "thinks"), [*((name, None) for name in sorted(OWN)), *THINKING.items()])
def test_vectors(name: str, thinks: str | None, chunking: str, started: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    """The canonical vectors of the format, stop tokens taken off, as the server does."""
    fmt = tool_parsers()[PREFIX + name]
    started.tool_call_parser, started.reasoning_parser = name, thinks
    seen = 0
    for case in vectors(fmt):
        wanted = tidy(expected(fmt, case, chunking))
        if case["kind"] != "canonical" or not case["tools"] or (wanted["reasoning"] and not thinks):
            continue
        text = case["text"]
        for stop in get_format(fmt).stop:
            text = text.removesuffix(stop)
        opened = thinks is not None and get_format(fmt).reasoning[0].open.strip() in (case.get("prefill") or "")[-20:]
        pieces = [text] if chunking == "whole" else [piece for piece, _ in deltas(text, chunking, Tokenizer(fmt))]
        got = answer(monkeypatch, pieces, case["tools"], opened, stream=chunking != "whole")
        assert complete(tidy(got)) == wanted, case["id"]
        seen += 1
    assert seen


@pytest.mark.parametrize("stream", [False, True])
def test_two_calls_of_one_tool_have_two_ids(stream: bool, started: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    """LightLLM makes the id of a call of Kimi's of its `tool_index`."""
    started.tool_call_parser = "kimi_k2"
    tools = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}]
    text = render(Message(tool_calls=[ToolCall(index=at, name="f", arguments="{}") for at in range(2)]), "kimi_k2", tools=tools)
    ids: list[str] = []
    own = api_openai._process_tool_call_id
    monkeypatch.setattr(api_openai, "_process_tool_call_id", lambda *given: ids.append(own(*given)) or ids[-1])
    assert len(answer(monkeypatch, [text], tools, thinking=False, stream=stream)["calls"]) == 2
    assert ids == ["functions.f:0", "functions.f:1"]
