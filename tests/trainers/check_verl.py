"""The plug-in inside the installed verl: found by its entry point, made by its registry, asked as its agent loop asks."""

from __future__ import annotations

import asyncio
import json

import pytest
import verl  # noqa: F401, loads the plug-ins
from tokenizers_made import CALL, TOOLS, rendered, tokenizer_of, with_calls
from verl.experimental.agent_loop.tool_parser import ToolParser
from verl.tools.schemas import OpenAIFunctionToolSchema

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


def test_the_agent_loop_reads_its_turns_with_it() -> None:
    """verl's own state machine, from tokens to the tool calls that it will run."""
    from types import SimpleNamespace

    from verl.experimental.agent_loop.tool_agent_loop import ToolAgentLoop

    tokenizer = tokenizer_of("qwen3_coder")
    loop = ToolAgentLoop.__new__(ToolAgentLoop)
    loop.tool_parser = ToolParser.get_tool_parser("toolparse_qwen3_coder", tokenizer)
    ids = tokenizer.encode(rendered("qwen3_coder", tool_calls=[CALL]), add_special_tokens=False)
    content, calls = asyncio.run(loop.tool_parser.extract_tool_calls(ids, SCHEMAS))
    data = SimpleNamespace(tool_calls=calls)
    assert json.loads(data.tool_calls[0].arguments)["days"] == 3
    assert content == ""
