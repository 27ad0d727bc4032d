"""What the plug-ins for trainers rest on, without the trainers: exported templates, tokens of calls. `tests/trainers` runs the plug-ins."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import toolparse
from toolparse.plugins.trl import CannotExport, exports, response_template, use_toolparse
from toolparse.plugins.whole_outputs import decoded, presumed_prompt, stop_ids, token_at

PAGE = (Path(__file__).parents[1] / "docs" / "training.md").read_text(encoding="utf-8")


class Bytes:
    """A tokenizer of bytes."""

    def __init__(self) -> None:
        self.special = {"<|im_end|>": 256}

    def get_vocab(self) -> dict[str, int]:
        return self.special

    def decode(self, ids: list[int], skip_special_tokens: bool) -> str:
        text = b"".join(b"<|im_end|>" if number == 256 else bytes([number]) for number in ids)
        return text.decode("utf-8", "replace")


def test_the_page_lists_what_can_be_exported() -> None:
    found = exports()
    listed = re.findall(r"`(\w+)`", PAGE.partition("Can be written")[2].partition("| cannot")[0])
    assert listed == [name for name, template in found.items() if isinstance(template, dict)]
    refused = set(re.findall(r"`(\w+)`", PAGE.partition("| cannot be written")[2].partition("\n\n")[0]))
    assert refused == {name for name, reason in found.items() if isinstance(reason, str)}


def test_a_template_reads_what_the_format_reads() -> None:
    fmt = toolparse.from_response_template(response_template("deepseek_v31"))
    text = toolparse.render({"content": "Hm.", "tool_calls": [{"function": {"name": "f", "arguments": '{"a": [1]}'}}] * 2}, "deepseek_v31")
    message = toolparse.parse(text, fmt)
    assert [(call.name, call.value()) for call in message.tool_calls] == [("f", {"a": [1]})] * 2
    assert message.content == "Hm."
    with pytest.raises(CannotExport, match="headers"):
        response_template("harmony")


def test_parse_response_takes_text_tokens_and_batches() -> None:
    tokenizer = use_toolparse(Bytes(), "hermes")
    text = '<tool_call>\n{"name": "f", "arguments": {"a": "☀"}}\n</tool_call>'
    wanted = {"role": "assistant", "content": "", "tool_calls": [{"type": "function", "function": {"name": "f", "arguments": {"a": "☀"}}}]}
    assert tokenizer.parse_response(text) == wanted
    assert tokenizer.parse_response([*text.encode(), 256], prefix=[*b"Hi"], tools=[{"name": "f"}]) == wanted
    assert tokenizer.parse_response([text, "No."]) == [wanted, {"role": "assistant", "content": "No."}]
    assert tokenizer.parse_response(text[:-20])["content"] == text[:-20]


def test_characters_are_found_among_tokens() -> None:
    ids = [*"a☀b".encode(), 256]
    assert decoded(Bytes(), ids) == "a☀b<|im_end|>"
    assert token_at(Bytes(), ids, [0, 1, 2, 3]) == [0, 3, 4, 5]
    assert stop_ids(toolparse.get_format("hermes"), Bytes()) == [256]


def test_where_no_prompt_is_known() -> None:
    nemotron, hermes = toolparse.get_format("nemotron_json"), toolparse.get_format("hermes")
    assert presumed_prompt(nemotron, "<TOOLCALL>") == ""
    assert presumed_prompt(nemotron, "Hm.</think>") is None
    assert presumed_prompt(hermes, "<tool_call>") is None
