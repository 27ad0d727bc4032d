"""The plug-ins of verl and of `renderers`, in stand-ins of both. The trainers themselves: tests/trainers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
import stand_in_engines as stand_ins

import toolparse
from toolparse import Message, ToolCall, render
from toolparse.plugins.names import tool_parsers
from toolparse.testing.engines import Words

PROPERTIES = {"city": {"type": "string"}, "days": {"type": "integer"}}
TOOLS = [{"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object", "properties": PROPERTIES}}}]
ARGUMENTS = {"city": "Oslo ☀", "days": 3}
CALL = ToolCall(name="get_weather", arguments=json.dumps(ARGUMENTS, ensure_ascii=False))
CUT = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Os'


class Tokens(Words):
    """A tokenizer of one format: its special tokens are one each, whatever the text."""

    def __init__(self, fmt: str) -> None:
        super().__init__({"format": fmt, "prefill": "", "text": ""})
        self.eos_token_id = self.vocab[toolparse.get_format(fmt).stop[0].strip()]


@pytest.fixture(autouse=True)
def trainers_are_there() -> Iterator[None]:
    with stand_ins.installed(stand_ins.verl, stand_ins.renderers):
        stand_ins.VerlToolParser.registry.clear()
        stand_ins.renderers["renderers.parsers"]["TOOL_PARSERS"].clear()
        yield


def written(fmt: str, **more: Any) -> str:
    return render(Message(tool_calls=[CALL], **more), fmt, tools=TOOLS)


# -- verl -----------------------------------------------------------------------------------------------------------------------------


def extracted(fmt: str, text: str) -> tuple[str, list[Any]]:
    import_module("toolparse.plugins.verl")
    parser = stand_ins.VerlToolParser.registry[f"toolparse_{fmt}"](Tokens(fmt))
    return asyncio.run(parser.extract_tool_calls(parser.tokenizer.encode(text), TOOLS))  # type: ignore[no-any-return]


@pytest.mark.parametrize("fmt", ["hermes", "glm45", "kimi_k2", "mistral", "harmony"])
def test_verl_reads_calls_from_tokens(fmt: str) -> None:
    content, calls = extracted(fmt, written(fmt))
    assert [(call.name, json.loads(call.arguments)) for call in calls] == [("get_weather", ARGUMENTS)]
    assert "get_weather" not in content
    assert set(stand_ins.VerlToolParser.registry) == set(tool_parsers())


def test_verl_keeps_reasoning_and_what_is_broken() -> None:
    said = f"<think>\nHm.\n</think>\n\nLook: {written('hermes')}"
    assert extracted("hermes", said + "<|im_end|>")[0] == "<think>\nHm.\n</think>\n\nLook:"
    assert extracted("hermes", f"{said} then.<|im_end|>\n<|im_end|>")[0] == "<think>\nHm.\n</think>\n\nLook: then."
    assert extracted("hermes", CUT) == (CUT, [])


def test_verl_gets_the_ids_of_the_wire_and_none_that_is_made_up() -> None:
    (call,) = extracted("kimi_k2", written("kimi_k2"))[1]
    assert call.tool_call_id == "functions.get_weather:0"
    (call,) = extracted("hermes", written("hermes"))[1]
    assert call.tool_call_id is None


def test_verl_is_told_the_tokens_at_which_a_model_hands_over() -> None:
    import_module("toolparse.plugins.verl")
    tokenizer = Tokens("glm45")
    assert tokenizer.vocab["<|observation|>"] in stand_ins.VerlToolParser.registry["toolparse_glm45"](tokenizer).stop_token_ids


def test_another_verl_has_no_parsers_and_that_is_told(caplog: pytest.LogCaptureFixture) -> None:
    stand_ins.sys.modules.pop("verl.utils.ray_utils")
    import_module("toolparse.plugins.verl").register()
    assert stand_ins.VerlToolParser.registry == {}
    assert "toolparse has no parsers in this verl" in caplog.text


# -- renderers ------------------------------------------------------------------------------------------------------------------------


def test_renderers_are_told_of_each_attempt_with_its_tokens() -> None:
    tokenizer = Tokens("hermes")
    good = written("hermes")
    text = f"<think>\nHm.\n</think>\n\nSo.\n{good}\n{good.replace('get_weather', 'nothing')}\n{CUT}"
    plugin = import_module("toolparse.plugins.renderers")
    response = plugin.parsed_response(tokenizer, tokenizer.encode(text), "hermes", tools=TOOLS)
    assert [call.status.value for call in response.tool_calls] == ["ok", "unknown_tool", "unclosed_block"]
    assert (response.content, response.reasoning_content, response.reasoning_complete) == ("So.", "Hm.", True)
    assert [(call.name, call.arguments) for call in response.tool_calls[:2]] == [("get_weather", ARGUMENTS), ("nothing", ARGUMENTS)]
    for call in response.tool_calls:
        start, end = call.token_span
        spanned = tokenizer.decode(tokenizer.encode(text)[start:end])
        assert call.raw in spanned
        assert "So." not in spanned


def test_a_prompt_that_has_opened_reasoning_leaves_it_open() -> None:
    tokenizer = Tokens("hermes")
    ids, prompt = tokenizer.encode("Still thinking<|im_end|>"), tokenizer.encode("<|im_start|>assistant\n<think>\n")
    response = import_module("toolparse.plugins.renderers").parsed_response(tokenizer, ids, "hermes", prompt_ids=prompt)
    assert (response.content, response.reasoning_content, response.reasoning_complete) == ("", "Still thinking", False)


def test_the_default_renderer_gets_the_tokens_of_the_content() -> None:
    import_module("toolparse.plugins.renderers")
    table = stand_ins.renderers["renderers.parsers"]["TOOL_PARSERS"]
    assert set(table) == set(tool_parsers())
    tokenizer = Tokens("hermes")
    parser = table["toolparse_hermes"](tokenizer)
    content, calls = parser.extract(tokenizer.encode(f"Look.\n{written('hermes')}"))
    assert tokenizer.decode(content).strip() == "Look."
    assert [(call.name, call.arguments) for call in calls] == [("get_weather", ARGUMENTS)]
    ids = tokenizer.encode("Look.\n")
    assert parser.extract(ids) == (ids, [])


@pytest.mark.parametrize("named", [True, False])
def test_the_custom_renderer_reads_with_the_format_that_is_named_or_that_the_template_tells(named: bool) -> None:
    plugin = import_module("toolparse.plugins.renderers")
    tokenizer: Any = Tokens("qwen3_coder")
    tokenizer.chat_template = "<tool_call>\n<function={{ name }}>\n<parameter={{ key }}>\n"
    renderer = plugin.ToolparseRenderer(tokenizer, plugin.ToolparseRendererConfig(format="qwen3_coder") if named else None)
    assert (renderer.format.name, renderer.supports_tools) == ("qwen3_coder", True)
    assert set(renderer.get_stop_token_ids()) >= {tokenizer.vocab["<|im_end|>"]}
    response = renderer.parse_response(tokenizer.encode(written("qwen3_coder") + "<|im_end|>"), tools=TOOLS)
    assert [call.arguments for call in response.tool_calls] == [ARGUMENTS]
