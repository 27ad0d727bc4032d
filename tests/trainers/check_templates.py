"""The exported templates inside an installed transformers that reads them."""

from __future__ import annotations

import pytest
from tokenizers_made import TOOLS, rendered, tokenizer_of

import toolparse
from toolparse.plugins.trl import exports

FOUND = {name: template for name, template in exports().items() if isinstance(template, dict)}


@pytest.mark.parametrize("fmt", sorted(FOUND))
def test_an_exported_template_reads_in_transformers_what_the_format_reads(fmt: str) -> None:
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
