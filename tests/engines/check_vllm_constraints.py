"""Calls that vLLM's own xgrammar backend is held to by a constraint of ours, in every format that vLLM has none for."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from byte_tokenizer import bytes_of, tokenizer_of
from vllm.entrypoints.openai.chat_completion.protocol import ChatCompletionRequest
from vllm.parser import ParserManager
from vllm.plugins import load_general_plugins
from vllm.sampling_params import StructuredOutputsParams
from vllm.tool_parsers import ToolParserManager
from vllm.v1.structured_output.backend_types import StructuredOutputOptions
from vllm.v1.structured_output.backend_xgrammar import XgrammarBackend, validate_xgrammar_grammar

from toolparse import Format, Message, ToolCall, Tools, formats, get_format, render
from toolparse.plugins import vllm_parsers

sys.path.insert(0, str(Path(__file__).parents[1] / "constrain"))
from token_walk import Vocabulary, Walk, closers

load_general_plugins()

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}, "unit": {"enum": ["C", "F"]}},
    "required": ["city", "days"],
    "additionalProperties": False,
}
TOOLS = [{"type": "function", "function": {"name": name, "parameters": SCHEMA}} for name in ("get", "put")]
NAMED = {"type": "function", "function": {"name": "put"}}
FORMATS = [fmt for fmt in formats() if fmt.calls]
CHOICES = {"required": "required", "named": NAMED, "strict": "auto"}


@pytest.fixture
def made_anew(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The classes are made once; here they are made for the switch of the test."""
    vllm_parsers.class_for.cache_clear()
    ToolParserManager.tool_parsers.clear()
    yield monkeypatch
    vllm_parsers.class_for.cache_clear()
    ToolParserManager.tool_parsers.clear()


def parser_of(fmt: Format) -> Any:
    made = ParserManager.get_parser(tool_parser_name=f"toolparse_{fmt.name}", reasoning_parser_name=None, enable_auto_tools=True)
    return made(tokenizer_of(fmt), None)


def asked(choice: str, **fields: Any) -> ChatCompletionRequest:
    tools = json.loads(json.dumps(TOOLS))
    for tool in tools:
        tool["function"]["strict"] = choice == "strict"
    message = {"role": "user", "content": "?"}
    return ChatCompletionRequest(model="m", messages=[message], tools=tools, tool_choice=CHOICES[choice], **fields)


def grammar_of(fmt: Format, request: ChatCompletionRequest) -> Any:
    """The grammar of a request, checked as vLLM checks it and compiled by its backend."""
    params = request.to_sampling_params(1000, {})
    validate_xgrammar_grammar(params)
    tokenizer = tokenizer_of(fmt)
    config: Any = SimpleNamespace(
        structured_outputs_config=SimpleNamespace(disable_any_whitespace=False), speculative_config=None, model_config=None
    )
    backend = XgrammarBackend(config, tokenizer=tokenizer, vocab_size=len(tokenizer))
    return backend.compile_grammar(StructuredOutputOptions.STRUCTURAL_TAG, params.structured_outputs.structural_tag)


def walked(fmt: Format, grammar: Any, random: Random) -> str:
    """A text by the token masks of the grammar."""
    tokenizer = tokenizer_of(fmt)
    tokens = bytes_of(tokenizer)
    bitmask = torch.zeros((1, (len(tokens) + 31) // 32), dtype=torch.int32)

    def allowed() -> Any:
        grammar.fill_bitmask(bitmask, 0)
        bits = torch.arange(len(tokens))
        return (bitmask[0][bits // 32] >> (bits % 32) & 1).bool().numpy()

    vocabulary = Vocabulary(tokens, {}, tokenizer.eos_token_id)
    walk = Walk(vocabulary, closers(fmt), allowed, lambda token: grammar.accept_tokens("1", [token]))
    text = walk.walk(random, 30)
    assert text is not None, walk.out
    return text.decode("utf-8", "replace")


def written(fmt: Format) -> str:
    """A canonical text."""
    calls = [ToolCall(name="put", arguments='{"city": "Aix-en-Provence <3", "days": 7, "unit": "C"}')]
    return render(Message(tool_calls=calls), fmt, tools=Tools(TOOLS))


@pytest.mark.parametrize("fmt", FORMATS, ids=lambda fmt: fmt.name)
@pytest.mark.parametrize("which", ["missing", "all"])
def test_what_is_written_passes_and_what_passes_is_read(fmt: Format, which: str, made_anew: pytest.MonkeyPatch) -> None:
    made_anew.setenv("TOOLPARSE_CONSTRAINTS", which)
    for choice in CHOICES:
        parser = parser_of(fmt)
        request = parser.adjust_request(asked(choice))
        own = parser._tool_parser.structural_tag_model != vllm_parsers.OUR_MODEL
        assert request.structured_outputs.structural_tag is not None
        if own:
            assert which == "missing"
            continue  # vLLM's own tag is vLLM's business
        tokenizer = tokenizer_of(fmt)
        text = written(fmt)
        grammar = grammar_of(fmt, request)
        assert grammar.accept_tokens("1", tokenizer.encode(text, add_special_tokens=False)), text
        assert grammar.accept_tokens("1", [tokenizer.eos_token_id]), text
        for seed in range(2):
            text = walked(fmt, grammar_of(fmt, request), Random(seed))
            read = parser_of(fmt)
            _, content, calls = read.parse(text, request, enable_auto_tools=True, model_output_token_ids=())
            found = Message(tool_calls=[ToolCall(name=call.name, arguments=call.arguments) for call in calls or ()])
            assert not found.validate(Tools(TOOLS)), text
            if choice != "strict":
                assert found.tool_calls, text
                assert not content, text
            if choice == "named":
                assert [call.name for call in found.tool_calls] == ["put"], text


@pytest.mark.parametrize("name", ["xlam", "gemma4", "minimax_m3", "poolside_v1"])
def test_one_call_where_calls_are_not_parallel(name: str) -> None:
    fmt = get_format(name)
    for choice in ("required", "strict"):
        request = parser_of(fmt).adjust_request(asked(choice, parallel_tool_calls=False))
        for seed in range(4):
            text = walked(fmt, grammar_of(fmt, request), Random(seed))
            _, _, calls = parser_of(fmt).parse(text, asked(choice), enable_auto_tools=True, model_output_token_ids=())
            assert len(calls or ()) <= 1, text
        assert grammar_of(fmt, request).accept_tokens("1", tokenizer_of(fmt).encode(written(fmt), add_special_tokens=False))


def test_the_switch(made_anew: pytest.MonkeyPatch) -> None:
    models = {}
    for which in ("missing", "all", "none", "nonsense"):
        made_anew.setenv("TOOLPARSE_CONSTRAINTS", which)
        vllm_parsers.class_for.cache_clear()
        models[which] = [vllm_parsers.class_for(f"tool:{name}").structural_tag_model for name in ("hermes", "xlam")]  # type: ignore[attr-defined]
    assert models == {
        "missing": ["hermes", "toolparse"],
        "all": ["toolparse", "toolparse"],
        "none": ["hermes", None],
        "nonsense": ["hermes", "toolparse"],
    }


def test_vllms_switch_turns_ours_off_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VLLM_ENFORCE_STRICT_TOOL_CALLING", "0")
    request = parser_of(get_format("xlam")).adjust_request(asked("required"))
    assert request.structured_outputs.structural_tag is None
    assert request.structured_outputs.json["type"] == "array"


def test_free_calls_and_the_clients_own_constraint_are_left_alone() -> None:
    parser = parser_of(get_format("xlam"))
    free = ChatCompletionRequest(model="m", messages=[{"role": "user", "content": "?"}], tools=TOOLS, tool_choice="auto")
    assert parser.adjust_request(free).structured_outputs is None
    regex = asked("strict", structured_outputs=StructuredOutputsParams(regex="[0-9]+"))
    tag = json.loads(parser_of(get_format("xlam")).adjust_request(regex).structured_outputs.structural_tag)
    assert [element["type"] for element in tag["format"]["elements"]][-1] == "regex"  # a call, or what the client asks for
