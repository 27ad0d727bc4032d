"""The plug-in in a stand-in of SGLang: its detectors, the hooks by which they are told of a request, and what constrains the sampler."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import effort
import pytest
import stand_in_engines as sglang
import strategies

import toolparse
from toolparse import get_format
from toolparse.plugins import reports, sglang_hooks
from toolparse.plugins.names import reasoning_parsers

CALL = '<tool_call>\n{"name": "f", "arguments": {"city": "Oslo"}}\n</tool_call>'
TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}]


@pytest.fixture(autouse=True)
def plugin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """SGLang with the plug-in registered, and the hooks of its start applied."""
    monkeypatch.setattr(sglang_hooks, "_put_in", set())
    monkeypatch.setattr(sglang.HookRegistry, "hooks", [])
    for owner, name in ((sglang.FunctionCallParser, "ToolCallParserEnum"), (sglang.SglangReasoningParser, "DetectorMap")):
        monkeypatch.setattr(owner, name, dict(getattr(owner, name)))
        monkeypatch.setattr(owner, "__init__", owner.__init__)  # which the hooks replace
    monkeypatch.setattr(sglang.ServerArgs, "resolve_once", sglang.ServerArgs.resolve_once)
    monkeypatch.setattr(sglang.OpenAIServingChat, "_build_chat_encoding_adapter", sglang.OpenAIServingChat._build_chat_encoding_adapter)
    reports._said.clear()
    with sglang.installed(sglang.sglang):
        import_module("toolparse.plugins.sglang").register()
        sglang.HookRegistry.apply_hooks()
        yield


def tools_of(tools: list[dict[str, Any]] = TOOLS) -> list[Any]:
    return [sglang.Tool.model_validate(tool) for tool in tools]


def read(
    text: str, fmt: str, tools: list[Any], size: int | None, reasoning: str | None = None, **options: Any
) -> tuple[Any, Any, list[Any]]:
    """As SGLang's server reads an output: reasoning first, where it has a parser for it, and calls in the rest."""
    request = SimpleNamespace(tools=tools)
    thinking = reasoning and sglang.SglangReasoningParser(reasoning, request=request, tool_call_parser_active=True)
    calling = sglang.FunctionCallParser(tools, fmt, tokenizer=None)
    if size is None:
        thought, rest = thinking.parse_non_stream(text) if thinking else (None, text)
        content, items = calling.parse_non_stream(rest) if rest else (rest, [])
        return thought or None, content or None, [(item.name, item.parameters) for item in items]
    thought, content, calls = "", "", {}
    for piece in [*(text[at : at + size] for at in range(0, len(text), size)), None]:
        told, rest = (None, piece) if not thinking else thinking.parse_stream_end() if piece is None else thinking.parse_stream_chunk(piece)
        thought += told or ""
        for said in ((calling.parse_stream_chunk(rest),) if rest else ()) + ((calling.parse_stream_end(),) if piece is None else ()):
            content += said[0]
            for item in said[1]:
                call = calls.setdefault(item.tool_index, [item.name, ""])
                call[1] += item.parameters
    assert sorted(calls) == list(range(len(calls)))
    return thought or None, content or None, [tuple(call) for call in calls.values()]


SIZES = pytest.mark.parametrize("size", [None, 1, 7])


@SIZES
@pytest.mark.parametrize("fmt", ["hermes", "seed_oss", "kimi_k2", "mistral", "deepseek_v3", "llama4_pythonic"])
def test_the_two_detectors_read_the_vectors(fmt: str, size: int | None) -> None:
    known = get_format(fmt)
    reasoning = f"toolparse_{fmt}" if f"toolparse_{fmt}" in reasoning_parsers() else None
    cases = [case for case in strategies.vectors(known) if case["kind"] == "canonical" and case["tools"] and not case["prefill"]]
    assert cases
    for case in effort.some(cases, 6, fmt):
        wanted = toolparse.parse(case["text"], known, tools=case["tools"], unknown_tools="drop")
        calls = [(call.name, call.arguments) for call in wanted.tool_calls]
        got = read(case["text"], f"toolparse_{fmt}", tools_of(case["tools"]), size, reasoning)
        assert got == (wanted.reasoning, wanted.content, calls), case["id"]


@SIZES
def test_calls_to_unknown_tools_are_dropped_unless_sglang_forwards_them(size: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    text = CALL.replace('"f"', '"g"')
    assert read(text, "toolparse_hermes", tools_of(), size)[2] == []
    monkeypatch.setattr(sglang.FORWARDED, "get", lambda: True)
    assert read(text, "toolparse_hermes", tools_of(), size)[2] == [("g", '{"city": "Oslo"}')]


def test_without_the_switch_they_are_dropped_and_that_is_told(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.delattr(sglang.FORWARDED, "get")
    assert read(CALL.replace('"f"', '"g"'), "toolparse_hermes", tools_of(), 1)[2] == []
    assert "SGLang's switch for them is not there" in caplog.text


@SIZES
def test_a_detector_is_sglangs_own_where_it_has_one(size: int | None) -> None:
    made = sglang.FunctionCallParser(tools_of(), "toolparse_qwen25").detector
    assert isinstance(made, sglang.Qwen25Detector)
    assert not isinstance(sglang.FunctionCallParser(tools_of(), "toolparse_mistral").detector, sglang.Qwen25Detector)
    text = f"Hi.\n{CALL}"
    assert (
        read(text, "toolparse_qwen25", tools_of(), size)
        == read(text, "qwen25", tools_of(), size)
        == (None, "Hi.", [("f", '{"city": "Oslo"}')])
    )


@SIZES
def test_pythonic_is_both_of_what_sglang_calls_so(size: int | None) -> None:
    for text in ('[f(city="Oslo")]', '<|python_start|>[f(city="Oslo")]<|python_end|>'):
        assert read(text, "toolparse_pythonic", tools_of(), size)[2] == [("f", '{"city": "Oslo"}')]


# -- reasoning ----------------------------------------------------------------------------------------------------------------------


@SIZES
def test_a_call_of_the_servers_other_format_ends_open_reasoning(size: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    text = f"<think>\nHm.\n{CALL}"
    monkeypatch.setattr(sglang.SERVING, "tool_call_parser", "toolparse_hermes")
    assert read(text, "toolparse_hermes", tools_of(), size, "toolparse_qwen3") == ("Hm.", None, [("f", '{"city": "Oslo"}')])


def test_reasoning_is_kept_back_where_it_is_not_to_be_streamed() -> None:
    parser = sglang.SglangReasoningParser("toolparse_hermes", stream_reasoning=False)
    said = [parser.parse_stream_chunk(piece) for piece in ("<think>\nHm", ", well.", "\n</think>\n\nHi", ".")]
    assert [reasoning for reasoning, _ in said] == ["", "", "Hm, well.", ""]
    assert "".join(rest for _, rest in [*said, parser.parse_stream_end()]) == "Hi."


def test_reasoning_is_content_where_there_is_no_other_and_a_request_wants_it() -> None:
    for text, wanted in (("<think>\nHm.", "Hm."), ("<think>\nHm.\n</think>\n\nHi.", "Hi.")):
        whole = sglang.SglangReasoningParser("toolparse_hermes", force_nonempty_content=True)
        assert whole.parse_non_stream(text)[1] == wanted
        parser = sglang.SglangReasoningParser("toolparse_hermes", force_nonempty_content=True)
        said = [parser.parse_stream_chunk(character) for character in text]
        assert "".join(rest for _, rest in [*said, parser.parse_stream_end()]) == wanted
    assert sglang.SglangReasoningParser("toolparse_hermes").parse_stream_end() == ("", "")


def test_a_detector_that_sglang_does_not_have_takes_the_formats_own_markers() -> None:
    detector = sglang.SglangReasoningParser("toolparse_minimax_m3").detector
    assert (detector.opener, detector.closer) == ("<mm:think>", "</mm:think>")
    assert isinstance(sglang.SglangReasoningParser("toolparse_qwen3").detector, sglang.Qwen3Detector)


def test_ours_start_inside_reasoning_where_sglangs_own_would(monkeypatch: pytest.MonkeyPatch) -> None:
    class StartsInside(sglang.Qwen3Detector):
        def __init__(self, stream_reasoning: bool = True, force_reasoning: bool = True) -> None:
            super().__init__(stream_reasoning=stream_reasoning, force_reasoning=force_reasoning)

    sglang.SglangReasoningParser("toolparse_qwen3")  # which puts in the hooks
    monkeypatch.setitem(sglang.SglangReasoningParser.DetectorMap, "qwen3", StartsInside)
    assert sglang.SglangReasoningParser("toolparse_qwen3").parse_non_stream("Hm.\n</think>\n\nHi.") == ("Hm.", "Hi.")


def test_where_sglangs_own_cannot_be_made_the_format_says_it(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    sglang.SglangReasoningParser("toolparse_qwen3")
    monkeypatch.setitem(sglang.SglangReasoningParser.DetectorMap, "qwen3", sglang.NeedsItsTokenizer)
    assert sglang.SglangReasoningParser("toolparse_qwen3").parse_non_stream("<think>\nHm.\n</think>\n\nHi.") == ("Hm.", "Hi.")
    assert "toolparse starts qwen3 as the format says" in caplog.text


# -- names and hooks ------------------------------------------------------------------------------------------------------------------


def test_a_parser_of_ours_goes_by_both_names_and_keeps_its_tokens_to_itself() -> None:
    arguments = sglang.ServerArgs("toolparse_qwen25", "toolparse_qwen3")
    arguments.resolve_once()
    assert (arguments.tool_call_parser, arguments.reasoning_parser) == ("qwen25", "qwen3")
    assert arguments.tool_call_parser in sglang.FunctionCallParser.ToolCallParserEnum
    assert sglang.OpenAIServingChat(arguments)._build_chat_encoding_adapter() is None
    assert sglang.OpenAIServingChat(sglang.ServerArgs("qwen25"))._build_chat_encoding_adapter() == "an adapter"
    name = pickle.loads(pickle.dumps(arguments.tool_call_parser))
    assert (name == "qwen25", str(name)) == (True, "toolparse_qwen25")
    arguments.resolve_once()  # sealed, and as it was
    assert isinstance(arguments.tool_call_parser, sglang_hooks.ParserName)


def test_other_names_stay_as_they_are() -> None:
    arguments = sglang.ServerArgs("qwen25", "toolparse_minimax_m3")
    arguments.resolve_once()
    assert (type(arguments.tool_call_parser), arguments.reasoning_parser) == (str, "toolparse_minimax_m3")


def test_what_cannot_be_hooked_is_told(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(sglang_hooks, "_put_in", set())
    monkeypatch.setattr(sglang.HookRegistry, "register", None)
    assert read(CALL, "toolparse_hermes", tools_of(), 1)[2] == [("f", '{"city": "Oslo"}')]
    assert "toolparse cannot use SGLang's hooks" in caplog.text
    monkeypatch.setattr(sglang_hooks, "_put_in", set())
    monkeypatch.delattr(sglang.ServerArgs, "resolve_once")
    import_module("toolparse.plugins.sglang").register()
    assert "toolparse cannot hook sglang.srt.server_args.ServerArgs.resolve_once" in caplog.text


def test_types_with_other_fields_give_no_detectors(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(sglang.Tool, "model_fields", {"name"}, raising=False)
    sglang._forget_plugin()
    import_module("toolparse.plugins.sglang").register()
    assert "toolparse has no parsers in this SGLang" in caplog.text
    assert "Tool has no function" in caplog.text


# -- structural tags ------------------------------------------------------------------------------------------------------------------


def detector(fmt: str) -> Any:
    return sglang.FunctionCallParser(tools_of(), f"toolparse_{fmt}", tokenizer=Tokens()).detector


class Tokens:
    """A tokenizer to which a marker of Qwen's is a token."""

    def convert_tokens_to_ids(self, token: str) -> int:
        return 7 if token == "<tool_call>" else 0

    def convert_ids_to_tokens(self, number: int) -> str:
        return "<tool_call>" if number == 7 else "<unk>"


def test_sglangs_own_structural_tag_is_kept_and_ours_stands_where_it_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    own, ours = detector("qwen25"), detector("qwen3_coder")
    assert own.get_structural_tag(tools=tools_of())[0] == "SGLang's own"
    assert (own.supports_structural_tag(), own.parses_required_natively()) == (True, True)
    assert own.get_required_tool_parser("required") == "SGLang's own"
    named = SimpleNamespace(function=SimpleNamespace(name="f"))
    for choice in ("required", named):
        tag = ours.get_structural_tag(tools=tools_of(), tool_choice=choice, thinking_mode=True)
        assert "<function=f>" in json.dumps(tag)
    assert (ours.supports_structural_tag(), ours.parses_required_natively()) == (True, False)
    assert ours.get_required_tool_parser("required") is None
    monkeypatch.setattr(sglang.KERNEL, "grammar_backend", "outlines")
    assert not ours.supports_structural_tag()


def test_a_tag_that_neither_can_make_is_told(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def refused(self: Any, **asked: Any) -> Any:
        raise RuntimeError("it is otherwise here")

    monkeypatch.setattr(sglang.BaseFormatDetector, "get_structural_tag", refused)
    with pytest.raises(RuntimeError):
        detector("qwen25").get_structural_tag(tools=tools_of())
    assert "toolparse has no structural tag of SGLang's own" in caplog.text


def test_the_markers_that_are_tokens_are_known_by_their_ids() -> None:
    ids = import_module("toolparse.plugins.sglang_detectors").token_ids
    assert ids(Tokens(), ("<tool_call>", "<think>")) == {"<tool_call>": 7}
    assert ids(None, ("<tool_call>",)) == {}
