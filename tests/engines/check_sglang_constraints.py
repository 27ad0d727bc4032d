"""Calls that SGLang's own xgrammar backend is held to by a constraint of ours, in every format that SGLang has none for."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from random import Random
from typing import Any

import pytest
from byte_tokenizer import bytes_of, tokenizer_of
from sglang.srt.constrained.xgrammar_backend import XGrammarGrammarBackend
from sglang.srt.entrypoints.openai.protocol import ChatCompletionRequest, Tool, ToolChoice
from sglang.srt.function_call.function_call_parser import FunctionCallParser
from sglang.srt.plugins import load_plugins

from toolparse import Format, Message, ToolCall, Tools, formats, get_format, render

sys.path.insert(0, str(Path(__file__).parents[1] / "constrain"))
from token_walk import Vocabulary, Walk, closers

load_plugins()

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}, "unit": {"enum": ["C", "F"]}},
    "required": ["city", "days"],
    "additionalProperties": False,
}
TOOLS = [{"type": "function", "function": {"name": name, "parameters": SCHEMA}} for name in ("get", "put")]
FORMATS = [fmt for fmt in formats() if fmt.calls]
CHOICES = {"required": "required", "named": ToolChoice(function={"name": "put"}), "strict": "auto"}


def tools_of(choice: str) -> list[Tool]:
    return [Tool.model_validate({**tool, "function": {**tool["function"], "strict": choice == "strict"}}) for tool in TOOLS]


def parser_of(fmt: Format, choice: str, told: bool = False) -> FunctionCallParser:
    options = {"tool_choice": CHOICES[choice]} if told else {}
    return FunctionCallParser(tools_of(choice), f"toolparse_{fmt.name}", tokenizer=tokenizer_of(fmt), **options)


def constraint_of(fmt: Format, choice: str, **options: Any) -> tuple[str, Any]:
    found = parser_of(fmt, choice).get_structure_constraint(CHOICES[choice], **options)
    assert found is not None
    return found


def is_ours(fmt: Format) -> bool:
    """Whether SGLang has no structural tag for the format."""
    own: Any = super(type(parser_of(fmt, "required").detector).__mro__[2], parser_of(fmt, "required").detector)
    return not (own.supports_structural_tag() or own.get_structural_tag_name())


def grammar_of(fmt: Format, tag: Any) -> Any:
    """The grammar that the server's backend makes of a request's constraint."""
    request = ChatCompletionRequest(model="m", messages=[{"role": "user", "content": "?"}], tools=TOOLS, tool_choice="required")
    params = request.to_sampling_params(stop=[], model_generation_config={}, tool_call_constraint=("structural_tag", tag))
    tokenizer = tokenizer_of(fmt)
    backend = XGrammarGrammarBackend(tokenizer, len(tokenizer), [tokenizer.eos_token_id])
    made = backend.dispatch_structural_tag(params["structural_tag"])
    assert hasattr(made, "accept_token"), made
    return made


def walked(fmt: Format, grammar: Any, random: Random) -> str:
    """A text by the token masks of the grammar."""
    tokenizer = tokenizer_of(fmt)
    tokens = bytes_of(tokenizer)
    mask = grammar.allocate_vocab_mask(len(tokens), 1, "cpu")

    def allowed() -> Any:
        grammar.fill_vocab_mask(mask, 0)
        import torch

        bits = torch.arange(len(tokens))
        return (mask[0][bits // 32] >> (bits % 32) & 1).bool().numpy()

    walk = Walk(Vocabulary(tokens, {}, tokenizer.eos_token_id), closers(fmt), allowed, grammar.accept_token)
    text = walk.walk(random, 30)
    assert text is not None, walk.out
    return text.decode("utf-8", "replace")


@pytest.mark.parametrize("fmt", FORMATS, ids=lambda fmt: fmt.name)
@pytest.mark.parametrize("which", ["missing", "all"])
def test_what_is_written_passes_and_what_passes_is_read(fmt: Format, which: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLPARSE_CONSTRAINTS", which)
    if which == "missing" and not is_ours(fmt):
        return  # SGLang's own tag is SGLang's business
    for choice in CHOICES:
        kind, tag = constraint_of(fmt, choice)
        assert kind == "structural_tag"
        call = ToolCall(name="put", arguments='{"city": "Aix-en-Provence <3", "days": 7, "unit": "C"}')
        text = render(Message(tool_calls=[call]), fmt, tools=Tools(TOOLS))
        grammar = grammar_of(fmt, tag)
        for number in tokenizer_of(fmt).encode(text, add_special_tokens=False):
            grammar.accept_token(number)
        for seed in range(2):
            text = walked(fmt, grammar_of(fmt, tag), Random(seed))
            reader = parser_of(fmt, choice, told=True)
            assert reader.owns_tool_format()
            assert reader.detector.supports_structural_tag()
            content, items = reader.parse_non_stream(text)
            found = Message(tool_calls=[ToolCall(name=item.name, arguments=item.parameters) for item in items])
            assert not found.validate(Tools(TOOLS)), text
            if choice != "strict":
                assert items, text
                assert not content.strip(), text
            if choice == "named":
                assert {item.name for item in items} == {"put"}, text


def test_one_call_where_calls_are_not_parallel() -> None:
    fmt = get_format("xlam")
    for seed in range(4):
        text = walked(fmt, grammar_of(fmt, constraint_of(fmt, "required", parallel_tool_calls=False)[1]), Random(seed))
        assert len(parser_of(fmt, "required").parse_non_stream(text)[1]) == 1


def test_reasoning_that_no_reasoning_parser_keeps_out_of_the_grammar_is_part_of_it() -> None:
    fmt = get_format("seed_oss")
    grammar = grammar_of(fmt, constraint_of(fmt, "required", thinking_mode=True)[1])
    call = ToolCall(name="put", arguments='{"city": "x", "days": 7}')
    text = render(Message(reasoning="Hm.", tool_calls=[call]), fmt, tools=Tools(TOOLS))
    for number in tokenizer_of(fmt).encode(text, add_special_tokens=False):
        grammar.accept_token(number)


def test_the_switch(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = {}
    for which in ("missing", "all", "none"):
        monkeypatch.setenv("TOOLPARSE_CONSTRAINTS", which)
        kinds[which] = [
            (constraint_of(get_format(name), "required")[0], parser_of(get_format(name), "required", told=True).owns_tool_format())
            for name in ("deepseek_v32", "xlam")
        ]
    tag = ("structural_tag", True)
    assert kinds == {"missing": [tag, tag], "all": [tag, tag], "none": [tag, ("json_schema", False)]}
    monkeypatch.setenv("TOOLPARSE_CONSTRAINTS", "all")
    ours = json.dumps(constraint_of(get_format("deepseek_v32"), "required")[1].model_dump())
    assert "Token(" in ours or '"token"' in ours or "TagDispatch" in ours


def test_what_cannot_be_written_is_constrained_to_generic_json() -> None:
    tools = [Tool.model_validate({"type": "function", "function": {"name": "two words", "parameters": {"type": "object"}}})]
    parser = FunctionCallParser(tools, "toolparse_glm4")
    found = parser.get_structure_constraint("required")
    assert found is not None
    assert found[0] == "json_schema"
    assert not FunctionCallParser(tools, "toolparse_glm4", tool_choice="required").owns_tool_format()
