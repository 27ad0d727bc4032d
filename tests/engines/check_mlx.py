"""The plug-in inside the real mlx-lm and mlx-vlm: what their servers make of a whole output with our modules."""

from __future__ import annotations

import json
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import mlx_lm.tokenizer_utils as tokenizer_utils
import pytest
from mlx_lm.server import ToolCallFormatter
from mlx_vlm.tools import _infer_tool_parser, load_tool_module, process_tool_calls
from vectors import FORMATS, expected, vectors

from toolparse import get_format
from toolparse.plugins.mlx import install, markers

install()

CUT = [fmt for fmt in FORMATS if markers(get_format(fmt))]
TEXT = '<tool_call>\n{"name": "f", "arguments": {"city": "Oslo"}}\n</tool_call>'


def between(text: str, start: str, end: str) -> list[str]:
    """The texts that mlx-lm's state machine hands to its tool parser."""
    parts = text.split(start)[1:]
    return [part.partition(end)[0] if end else part for part in parts]


def cases(fmt: str) -> list[tuple[dict[str, Any], list[tuple[str, Any]]]]:
    found = []
    for case in vectors(fmt):
        want = expected(fmt, case)["calls"]
        # mlx knows one spelling of the markers, looks for them everywhere and takes the reasoning out before.
        if case["kind"] == "canonical" and want and markers(get_format(fmt))[0] in case["text"]:
            found.append((case, [(name, json.loads(arguments)) for name, arguments in want]))
    assert found
    return found


@pytest.mark.parametrize("fmt", CUT)
def test_mlx_lm(fmt: str) -> None:
    module: Any = sys.modules[f"mlx_lm.tool_parsers.toolparse_{fmt}"]
    for case, want in cases(fmt):
        read = ToolCallFormatter(module.parse_tool_call, case["tools"] or None)
        made = read(between(case["text"], module.tool_call_start, module.tool_call_end))
        assert [(call["function"]["name"], json.loads(call["function"]["arguments"])) for call in made] == want, case["id"]


@pytest.mark.parametrize("fmt", CUT)
def test_mlx_vlm(fmt: str) -> None:
    module = load_tool_module(_infer_tool_parser(None, override=f"toolparse_{fmt}"))
    for case, want in cases(fmt):
        made = process_tool_calls(case["text"], module, case["tools"] or None).calls
        assert [(call["function"]["name"], json.loads(call["function"]["arguments"])) for call in made] == want, case["id"]


def test_a_cut_call_is_none() -> None:
    module: Any = sys.modules["mlx_lm.tool_parsers.toolparse_qwen3_coder"]
    read = ToolCallFormatter(module.parse_tool_call, None)
    assert read(["\n<function=f>\n<parameter=city>\nOs"]) == []
    assert len(read(["\n<function=f>\n<parameter=city>\nOslo\n</parameter>\n</function>\n"])) == 1


def test_a_tokenizer_config_names_it(tmp_path: Any) -> None:
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    plain = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.WordLevel({"a": 0, "b": 1}, unk_token="a")), eos_token="b")
    plain.save_pretrained(tmp_path)
    loaded = tokenizer_utils.load(tmp_path, tokenizer_config_extra={"tool_parser_type": "toolparse_hermes"})
    assert loaded.tool_call_start == "<tool_call>"
    assert loaded.tool_parser(TEXT.removeprefix("<tool_call>").removesuffix("</tool_call>"), None)[0]["arguments"] == {"city": "Oslo"}


def test_the_command_line_starts_the_server() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "toolparse.plugins.mlx", "toolparse_hermes", "mlx_lm.server", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "--chat-template" in told.stdout


def test_a_format_without_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="choose another parser"):
        install("toolparse_llama3_json")


def test_the_chosen_one_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokenizer_utils, "_infer_tool_parser", tokenizer_utils._infer_tool_parser)
    import mlx_vlm.tools.registry as registry

    monkeypatch.setattr(registry, "_infer_tool_parser", registry._infer_tool_parser)
    install("toolparse_glm45")
    assert tokenizer_utils._infer_tool_parser(SimpleNamespace(chat_template="<tool_call> tool_call.name")) == "toolparse_glm45"
    assert registry._infer_tool_parser_from_processor(SimpleNamespace(chat_template="<tool_call>")) == "toolparse_glm45"
