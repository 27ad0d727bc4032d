"""The plug-in inside the installed verl: found by its entry point, made by its registry, asked as its agent loop asks."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace

import pytest
import verl  # noqa: F401, loads the plug-ins
from tokenizers_made import CALL, TOOLS, rendered, tokenizer_of, with_calls
from verl.experimental.agent_loop.tool_agent_loop import AgentData, AgentState, ToolAgentLoop
from verl.experimental.agent_loop.tool_parser import ToolParser
from verl.tools.function_tool import FunctionTool
from verl.tools.schemas import OpenAIFunctionToolSchema
from verl.workers.rollout.replica import TokenOutput

import toolparse

SCHEMAS = [OpenAIFunctionToolSchema.model_validate(tool) for tool in TOOLS]


def extracted(fmt: str, text: str) -> tuple[str, list]:
    parser = ToolParser.get_tool_parser(f"toolparse_{fmt}", tokenizer_of(fmt))
    return asyncio.run(parser.extract_tool_calls(parser.tokenizer.encode(text, add_special_tokens=False), SCHEMAS))


def test_every_format_is_registered_when_verl_is_imported() -> None:
    names = {fmt.name for fmt in toolparse.formats() if fmt.calls or fmt.channels}
    assert {f"toolparse_{name}" for name in names} <= set(ToolParser._registry)
    assert ToolParser._registry["hermes"].__module__.startswith("verl.")


@pytest.mark.parametrize("fmt", with_calls())
def test_calls_are_read_from_tokens(fmt: str) -> None:
    content, calls = extracted(fmt, rendered(fmt, tool_calls=[CALL]))
    assert [(call.name, json.loads(call.arguments)) for call in calls] == [("get_weather", {"city": "Oslo ☀", "days": 3})]
    assert not content.strip() or "get_weather" not in content


def test_the_text_without_the_calls_keeps_reasoning_and_what_is_broken() -> None:
    text = "<think>\nHm.\n</think>\n\nLook: " + rendered("hermes", tool_calls=[CALL]) + "<|im_end|>"
    content, calls = extracted("hermes", text)
    assert (content, len(calls)) == ("<think>\nHm.\n</think>\n\nLook:", 1)
    cut = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Os'
    assert extracted("hermes", cut) == (cut, [])


def test_repaired_calls_count() -> None:
    _, calls = extracted("hermes", "<tool_call>\n{'name': 'get_weather', 'arguments': {'city': 'Oslo',}}\n</tool_call>")
    assert json.loads(calls[0].arguments) == {"city": "Oslo"}


def test_the_tokens_at_which_a_model_hands_over_are_told() -> None:
    tokenizer = tokenizer_of("glm45")
    parser = ToolParser.get_tool_parser("toolparse_glm45", tokenizer)
    assert tokenizer.convert_tokens_to_ids("<|observation|>") in parser.stop_token_ids


def test_ids_of_the_wire_are_kept_and_none_is_made_up() -> None:
    _, calls = extracted("kimi_k2", rendered("kimi_k2", tool_calls=[CALL]))
    assert calls[0].tool_call_id == "functions.get_weather:0"
    _, calls = extracted("hermes", rendered("hermes", tool_calls=[CALL]))
    assert calls[0].tool_call_id is None


def test_the_agent_loop_runs_the_calls_that_it_reads() -> None:
    """verl's own state machine: a turn with two calls, verl's tools, and a turn without one. Only the engine and the merging of tokens
    are ours, as these need a server and a chat template."""
    tokenizer = tokenizer_of("glm45")
    second = {"function": {"name": "get_weather", "arguments": '{"city": "Rome", "days": 2}'}}
    outputs = [rendered("glm45", tool_calls=[CALL, second]) + "<|observation|>", "Cold." + "<|user|>"]
    asked, called = [], []

    class Server:
        async def generate(self, *, sampling_params: dict, **_: object) -> TokenOutput:
            asked.append(sampling_params)
            return TokenOutput(token_ids=tokenizer.encode(outputs.pop(0), add_special_tokens=False))

    async def merged(prompt: list[int], ids: list[int], *_: object, **__: object) -> tuple:
        return SimpleNamespace(token_ids=[*prompt, *ids]), [], None

    async def told(_: object, __: object, prompt: list[int], *___: object, **____: object) -> tuple:
        return SimpleNamespace(token_ids=prompt), [], None

    def get_weather(city: str, days: int) -> str:
        called.append((city, days))
        return f"{days} degrees"

    loop = ToolAgentLoop.__new__(ToolAgentLoop)
    loop.tool_parser = ToolParser.get_tool_parser("toolparse_glm45", tokenizer)
    loop.tools = {"get_weather": FunctionTool("get_weather", get_weather, SCHEMAS[0])}
    loop.tool_schemas, loop.processor, loop.server_manager = TOOLS, None, Server()
    loop.max_user_turns = loop.max_assistant_turns = loop.max_parallel_calls = 5
    loop.response_length = loop.max_tool_response_length = 1000
    loop.tool_response_truncate_side = "left"
    loop.ct_merge_assistant_token, loop.ct_merge_context_msg = merged, told
    data = AgentData([{"role": "user", "content": "Warm?"}], None, None, None, None, {}, "r", {})

    async def turns() -> list[AgentState]:
        return [
            await loop._handle_generating_state(data, {}),
            await loop._handle_processing_tools_state(data),
            await loop._handle_generating_state(data, {}),
        ]

    assert asyncio.run(turns()) == [AgentState.PROCESSING_TOOLS, AgentState.GENERATING, AgentState.TERMINATED]
    assert called == [("Oslo ☀", 3), ("Rome", 2)]
    assert tokenizer.convert_tokens_to_ids("<|observation|>") in asked[0]["stop_token_ids"]
    assert [(message["role"], message["content"]) for message in data.messages] == [
        ("user", "Warm?"),
        ("assistant", ""),
        ("tool", "3 degrees"),
        ("tool", "2 degrees"),
        ("assistant", "Cold."),
    ]
    assert [call["function"]["arguments"]["city"] for call in data.messages[1]["tool_calls"]] == ["Oslo ☀", "Rome"]
