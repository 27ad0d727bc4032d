"""The plug-in inside the installed `renderers`."""

from __future__ import annotations

import pytest
from renderers.base import Renderer, ToolCallParseStatus
from renderers.configs import CustomRendererConfig, DefaultRendererConfig
from renderers.custom import custom_renderer_config, load_custom_renderer
from renderers.default import DefaultRenderer
from tokenizers_made import CALL, TOOLS, rendered, tokenizer_of, with_calls

import toolparse
import toolparse.plugins.renderers as plugin

ARGUMENTS = {"city": "Oslo ☀", "days": 3}


@pytest.mark.parametrize("fmt", with_calls())
def test_a_response_has_its_calls_with_status_text_and_tokens(fmt: str) -> None:
    tokenizer = tokenizer_of(fmt)
    text = rendered(fmt, content="Let me look.", tool_calls=[CALL]) if fmt not in ONLY_CALLS else rendered(fmt, tool_calls=[CALL])
    ids = tokenizer.encode(text, add_special_tokens=False)
    response = plugin.parsed_response(tokenizer, ids, fmt, tools=TOOLS)
    (call,) = response.tool_calls
    assert (call.name, call.arguments, call.status) == ("get_weather", ARGUMENTS, ToolCallParseStatus.OK)
    assert call.raw in text
    start, end = call.token_span
    spanned = tokenizer.decode(ids[start:end], skip_special_tokens=False)
    assert "get_weather" in spanned
    assert "Oslo ☀" in spanned
    assert "Let me look." not in spanned


ONLY_CALLS = set()  # formats that cannot say text in front of a call, or not where nothing is known of the prompt
for name in with_calls():
    try:
        if not toolparse.parse(rendered(name, content="Let me look.", tool_calls=[CALL]), name, tools=TOOLS).tool_calls:
            ONLY_CALLS.add(name)
    except toolparse.CannotRender:
        ONLY_CALLS.add(name)


def test_broken_attempts_are_told_one_by_one() -> None:
    tokenizer = tokenizer_of("hermes")
    good = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Oslo"}}\n</tool_call>'
    other = good.replace("get_weather", "nothing")
    text = f"<think>\nHm.\n</think>\n\n{good}\n{other}\n" + '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Os'
    ids = tokenizer.encode(text, add_special_tokens=False)
    response = plugin.parsed_response(tokenizer, ids, "hermes", tools=TOOLS)
    assert [call.status.value for call in response.tool_calls] == ["ok", "unknown_tool", "unclosed_block"]
    assert (response.content, response.reasoning_content, response.reasoning_complete) == ("", "Hm.", True)
    for call in response.tool_calls:
        start, end = call.token_span
        assert call.raw in tokenizer.decode(ids[start:end], skip_special_tokens=False)


def test_open_reasoning_is_told_and_the_prompt_may_have_opened_it() -> None:
    tokenizer = tokenizer_of("hermes")
    ids = tokenizer.encode("Still thinking", add_special_tokens=False)
    prompt = tokenizer.encode("<|im_start|>assistant\n<think>\n", add_special_tokens=False)
    response = plugin.parsed_response(tokenizer, ids, "hermes", prompt_ids=prompt)
    assert (response.content, response.reasoning_content, response.reasoning_complete) == ("", "Still thinking", False)


def test_the_default_renderer_takes_it_by_name() -> None:
    tokenizer = tokenizer_of("hermes")
    renderer = DefaultRenderer(tokenizer, DefaultRendererConfig(tool_parser="toolparse_hermes", reasoning_parser="think"))
    ids = tokenizer.encode("Look.\n" + rendered("hermes", tool_calls=[CALL]), add_special_tokens=False)
    response = renderer.parse_response(ids)
    assert [(call.name, call.arguments) for call in response.tool_calls] == [("get_weather", ARGUMENTS)]
    assert response.content.strip() == "Look."


def test_the_custom_renderer_is_made_from_its_config() -> None:
    path = "toolparse.plugins.renderers.ToolparseRenderer"
    config = custom_renderer_config(CustomRendererConfig(import_path=path, format="qwen3_coder"))
    tokenizer = tokenizer_of("qwen3_coder")
    renderer = load_custom_renderer(path)(tokenizer, config)
    assert isinstance(renderer, Renderer)
    assert tokenizer.convert_tokens_to_ids("<|im_end|>") in renderer.get_stop_token_ids()
    ids = tokenizer.encode(rendered("qwen3_coder", tool_calls=[CALL]) + "<|im_end|>", add_special_tokens=False)
    response = renderer.parse_response(ids, tools=[tool["function"] for tool in TOOLS])
    assert response.tool_calls[0].arguments == ARGUMENTS
