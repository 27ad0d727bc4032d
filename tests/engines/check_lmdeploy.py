"""The plug-in inside the real LMDeploy: its registries, its response parser and the runner of its chat endpoints."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from lmdeploy.serve.core.chat_runner import ChatRunner
from lmdeploy.serve.openai.protocol import ChatCompletionRequest
from lmdeploy.serve.parsers.reasoning_parser import ReasoningParserManager
from lmdeploy.serve.parsers.response_parser import ResponseParserManager, validate_parser_names
from lmdeploy.serve.parsers.tool_parser import ToolParserManager
from vectors import CHUNKINGS, FORMATS, Tokenizer, complete, deltas, expected, result, vectors

from toolparse import get_format
from toolparse.plugins.lmdeploy import install
from toolparse.plugins.names import tool_parsers

install()

HERMES = '<think>\nHm.\n</think>\nSo:\n<tool_call>\n{"name": "f", "arguments": {"city": "Oslo"}}\n</tool_call>'
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}


def parser_class(tool_parser: str | None, reasoning_parser: str | None, tokenizer: Any = None) -> Any:
    """What LMDeploy's server makes of its command line."""
    validate_parser_names(reasoning_parser, tool_parser)
    made = type("Server", (ResponseParserManager.get("default"),), {})  # the server keeps the names on the class
    made.set_parsers(reasoning_parser_name=reasoning_parser, tool_parser_name=tool_parser, tokenizer=tokenizer)
    return made


def asked(tools: Any, **more: Any) -> ChatCompletionRequest:
    return ChatCompletionRequest(model="m", messages=[{"role": "user", "content": "?"}], tools=tools or None, **more)


def answer(parser: Any, text: str, chunking: str, tokenizer: Tokenizer) -> dict[str, Any]:
    """What a client gets: whole, or put together from the deltas as the openai client does."""
    if chunking == "whole":
        content, calls, reasoning = parser.parse_complete(text, tokenizer.encode(text))
        return result(content, reasoning, [(call.function.name, call.function.arguments) for call in calls or ()])
    texts, calls = {"content": "", "reasoning_content": ""}, {}
    pieces = list(deltas(text, chunking, tokenizer))
    for place, (piece, ids) in enumerate(pieces or [("", [])]):
        for message, _ in parser.stream_chunk(piece, ids, final=place >= len(pieces) - 1):
            for field in texts:
                texts[field] += getattr(message, field) or ""
            for delta in message.tool_calls or ():
                if delta.index not in calls:
                    assert delta.id
                    assert delta.function.name
                    calls[delta.index] = [delta.function.name, ""]
                calls[delta.index][1] += delta.function.arguments or ""
    assert sorted(calls) == list(range(len(calls)))
    return result(texts["content"] or None, texts["reasoning_content"] or None, [tuple(calls[index]) for index in sorted(calls)])


def test_every_name_is_registered() -> None:
    assert set(tool_parsers()) <= set(ToolParserManager.module_dict)
    assert "toolparse_qwen3" in ReasoningParserManager.module_dict


@pytest.mark.parametrize("chunking", CHUNKINGS)
@pytest.mark.parametrize("fmt", FORMATS)
def test_vectors(fmt: str, chunking: str) -> None:
    tokenizer = Tokenizer(fmt, told=False)  # a marker in prose was typed: the text decides
    reasoning = f"toolparse_{fmt}" if get_format(fmt).reasoning else None
    made = parser_class(f"toolparse_{fmt}", reasoning, tokenizer)
    checked = 0
    for case in vectors(fmt):
        if not case.get("tools") or case.get("prefill") or case.get("tool_choice") not in (None, "auto"):
            continue  # LMDeploy reads no calls without tools, and tells a parser no prompt
        want = expected(fmt, case, chunking, prompt=None, parallel_tool_calls=case.get("parallel_tool_calls") is not False)
        known = {tool["function"]["name"] for tool in case["tools"]}
        if any(name not in known for name, _ in want["calls"]):
            continue  # dropped, as LMDeploy's own parsers do
        got = answer(made(asked(case["tools"], parallel_tool_calls=case.get("parallel_tool_calls"))), case["text"], chunking, tokenizer)
        assert complete(got) == want, case["id"]
        checked += 1
    assert checked


def test_beside_lmdeploys_own_reasoning_parser() -> None:
    made = parser_class("toolparse_hermes", "default", None)
    assert answer(made(asked([TOOL])), HERMES, "by 4 characters", Tokenizer("hermes")) == result("So:", "Hm.", [("f", '{"city": "Oslo"}')])


def test_lmdeploys_own_parsers_stay_as_they_are() -> None:
    made = parser_class("qwen3", "default", None)
    text = 'Hm.\n</think>\n<tool_call>\n{"name": "f", "arguments": {"city": "Oslo"}}\n</tool_call>'
    assert answer(made(asked([TOOL])), text, "by token", Tokenizer("hermes"))["calls"] == [("f", '{"city": "Oslo"}')]


def test_lmdeploys_own_tool_parser_beside_our_reasoning() -> None:
    made = parser_class("qwen3", "toolparse_hermes", None)
    got = answer(made(asked([TOOL])), HERMES, "whole", Tokenizer("hermes"))
    assert got["calls"] == [("f", '{"city": "Oslo"}')]
    assert got["reasoning"].strip() == "Hm."


def test_without_tools_markup_is_content() -> None:
    made = parser_class("toolparse_hermes", "toolparse_hermes", None)
    assert answer(made(asked(None)), HERMES, "whole", Tokenizer("hermes"))["calls"] == []


def test_required_tools_are_constrained_as_by_lmdeploys_own_parser() -> None:
    made, own = parser_class("toolparse_qwen3", "toolparse_qwen3"), parser_class("qwen3", "default")
    ours = made(asked([TOOL], tool_choice="required")).request.response_format
    assert ours["type"] == "structural_tag"
    assert own(asked([TOOL], tool_choice="required")).request.response_format["type"] == "structural_tag"


@pytest.mark.parametrize("streamed", [True, False])
def test_in_the_runner_of_the_chat_endpoints(streamed: bool) -> None:
    tokenizer = Tokenizer("hermes")

    class Engine:
        model_name = "m"

        async def preprocess(self, *args: Any, **more: Any) -> None:
            return None

        async def generate(self, *args: Any, **more: Any) -> AsyncIterator[Any]:
            pieces = list(deltas(HERMES, "by token", tokenizer))
            for place, (text, ids) in enumerate(pieces):
                finish = "stop" if place == len(pieces) - 1 else None
                yield SimpleNamespace(
                    response=text, token_ids=ids, finish_reason=finish, logprobs=None, input_token_len=1, generate_token_len=place + 1,
                    cached_tokens=0, routed_experts=None, cache_block_ids=None,
                )  # fmt: skip

    async def run() -> tuple[str | None, str | None, Any, str | None]:
        runner = ChatRunner(
            request=asked([TOOL]), response_parser=parser_class("toolparse_hermes", "toolparse_hermes", tokenizer)(asked([TOOL])),
            gen_config=None, session=SimpleNamespace(), result_generator=Engine().generate(), session_manager=None,
        )  # fmt: skip
        runner._closed = True  # there is no session to end
        if not streamed:
            whole = await runner.collect()
            return whole.text, whole.reasoning_content, [call.function.arguments for call in whole.tool_calls], whole.finish_reason
        content = reasoning = arguments = ""
        finish = None
        async for chunk in runner.stream():
            content += chunk.delta_message.content or ""
            reasoning += chunk.delta_message.reasoning_content or ""
            arguments += "".join(delta.function.arguments or "" for delta in chunk.delta_message.tool_calls or ())
            finish = chunk.finish_reason or finish
        return content, reasoning, [arguments], finish

    assert asyncio.run(run()) == ("So:", "Hm.", ['{"city": "Oslo"}'], "tool_calls")
