"""The plug-in inside the installed TRL, and the exported templates inside the installed transformers."""

from __future__ import annotations

import json

import pytest
import transformers
from packaging.version import Version
from tokenizers_made import CALL, TOOLS, rendered, tokenizer_of, with_calls
from trl.chat_template_utils import parse_response

import toolparse
from toolparse.plugins.trl import exports, use_toolparse

ARGUMENTS = {"city": "Oslo ☀", "days": 3}
READS_TEMPLATES = Version(transformers.__version__) >= Version("5.15")
FOUND = {name: template for name, template in exports().items() if isinstance(template, dict)}


@pytest.mark.parametrize("fmt", with_calls())
def test_trl_parses_every_format(fmt: str) -> None:
    tokenizer = use_toolparse(tokenizer_of(fmt), fmt)
    text = rendered(fmt, tool_calls=[CALL])
    if not READS_TEMPLATES and not toolparse.parse(text, fmt, prompt="").tool_calls:
        return  # only with the tools, which TRL gives to newer transformers alone
    ids = tokenizer.encode(text, add_special_tokens=False)
    parsed = parse_response(tokenizer, ids, prefix=tokenizer.encode("Hi", add_special_tokens=False), tools=TOOLS)
    assert parsed["tool_calls"] == [{"type": "function", "function": {"name": "get_weather", "arguments": ARGUMENTS}}]
    assert parsed["content"] == ""


def test_a_call_that_is_broken_is_content_that_a_reward_sees() -> None:
    tokenizer = use_toolparse(tokenizer_of("hermes"), "hermes")
    text = 'Look: <tool_call>\n{"name": "get_weather", "arguments": {"city": "Os'
    parsed = parse_response(tokenizer, tokenizer.encode(text, add_special_tokens=False))
    assert parsed == {"role": "assistant", "content": text}


def test_reasoning_and_a_batch() -> None:
    tokenizer = use_toolparse(tokenizer_of("hermes"), "hermes")
    parsed = tokenizer.parse_response(["<think>\nHm.\n</think>\n\nYes.", "No."])
    assert parsed == [{"role": "assistant", "content": "Yes.", "reasoning_content": "Hm."}, {"role": "assistant", "content": "No."}]


def test_the_trainer_finds_a_template_and_asks_no_further() -> None:
    """What GRPOTrainer looks at before it would add a template of its own, and raise for one that it does not know."""
    for fmt in ("hermes", "llama3_json", "harmony"):
        assert getattr(use_toolparse(tokenizer_of(fmt), fmt), "response_template", None) is not None


@pytest.mark.parametrize("fmt", sorted(FOUND))
def test_an_exported_template_reads_in_transformers_what_the_format_reads(fmt: str) -> None:
    if not READS_TEMPLATES:
        assert json.dumps(FOUND[fmt])
        return
    tokenizer = tokenizer_of(fmt)
    tokenizer.response_template = FOUND[fmt]
    call = {"function": {"name": "get_weather", "arguments": '{"city": "Oslo"}'}}
    for message in ({"tool_calls": [call]}, {"content": "Text.", "tool_calls": [call]}, {"content": "Text."}):
        try:
            text = rendered(fmt, **message)
        except toolparse.CannotRender:
            continue
        parsed = tokenizer.parse_response(text, prefix="", tools=TOOLS)
        wanted = [{"type": "function", "function": {"name": "get_weather", "arguments": {"city": "Oslo"}}}]
        assert parsed.get("tool_calls", []) == (wanted if "tool_calls" in message else []), text
        assert (parsed.get("content") or "").strip() == message.get("content", "")
