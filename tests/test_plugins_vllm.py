"""The plug-in in a stand-in of today's vLLM: its parser that reads in one pass, the pair of parsers, and what vLLM asks of each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import effort
import pytest
import stand_in_engines as vllm
import strategies

import toolparse
from toolparse import get_format
from toolparse.plugins import reports
from toolparse.plugins.names import reasoning_parsers

CALL = '<tool_call>\n{"name": "f", "arguments": {"city": "Oslo"}}\n</tool_call>'
TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}]
PROMPT = "<|im_start|>assistant\n"


@pytest.fixture(autouse=True)
def plugin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Today's vLLM with the plug-in registered."""
    for manager in (vllm.ToolParserManager, vllm.ReasoningParserManager):
        monkeypatch.setattr(manager, "lazy_parsers", dict(manager.lazy_parsers))
    monkeypatch.setattr(vllm.ParserManager, "_compose_parser", vars(vllm.ParserManager)["_compose_parser"])
    vllm.COUNTED.clear()
    reports._said.clear()
    with vllm.installed(vllm.vllm):
        import_module("toolparse.plugins.vllm").register()
        yield


def composed(tools: str | None = "toolparse_hermes", reasoning: str | None = "toolparse_hermes") -> Any:
    return vllm.ParserManager.get_parser(tools, reasoning)


def asked(**more: Any) -> vllm.ChatCompletionRequest:
    return vllm.ChatCompletionRequest(**{"tools": TOOLS, "tool_choice": "auto", **more})


def encoded(text: str) -> list[int]:
    return vllm.Letters().encode(text)


def parsed(made: Any, text: str, request: Any, prompt: str = PROMPT, **options: Any) -> tuple[Any, Any, list[tuple[str, str]]]:
    parser = made(vllm.Letters(), request.tools, **options)
    parser.set_prompt_token_ids(encoded(prompt))
    reasoning, content, calls = parser.parse(text, request, enable_auto_tools=True, model_output_token_ids=encoded(text))
    return reasoning, content, [(call.name, call.arguments) for call in calls or ()]


def streamed(made: Any, text: str, request: Any, prompt: str = PROMPT, **options: Any) -> tuple[Any, Any, list[tuple[str, str]]]:
    parser = made(vllm.Letters(), request.tools, **options)
    reasoning, content, calls = "", "", {}
    for at, character in enumerate(text):
        delta = parser.parse_delta(character, encoded(character), request, encoded(prompt), finished=at == len(text) - 1)
        if delta is None:
            continue
        reasoning += delta.reasoning or ""
        content += delta.content or ""
        for call in delta.tool_calls:
            if call.index not in calls:
                assert (call.type, bool(call.id), call.index) == ("function", True, len(calls))
                calls[call.index] = [call.function.name, ""]
            calls[call.index][1] += call.function.arguments or ""
    return reasoning or None, content or None, [(name, arguments) for name, arguments in calls.values()]


BOTH_WAYS = pytest.mark.parametrize("ask", [parsed, streamed])


@BOTH_WAYS
@pytest.mark.parametrize("fmt", ["hermes", "glm45", "harmony", "kimi_k2", "mistral", "deepseek_v31"])
def test_one_pass_reads_the_vectors(fmt: str, ask: Any) -> None:
    made = composed(f"toolparse_{fmt}", f"toolparse_{fmt}" if f"toolparse_{fmt}" in reasoning_parsers() else None)
    cases = [case for case in strategies.vectors(get_format(fmt)) if case["kind"] == "canonical" and case["tools"]]
    assert cases
    for case in effort.some(cases, 6, fmt):
        prompt = (get_format(fmt).turn or ("",))[0] + (case["prefill"] or "")
        wanted = toolparse.parse(case["text"], fmt, tools=case["tools"], prompt=prompt)
        calls = [(call.name, call.arguments) for call in wanted.tool_calls]
        request = vllm.ChatCompletionRequest(tools=case["tools"], tool_choice="auto")
        assert ask(made, case["text"], request, prompt) == (wanted.reasoning, wanted.content, calls), case["id"]


@BOTH_WAYS
def test_reasoning_that_nobody_wants_is_left_out_or_is_content(ask: Any) -> None:
    text = f"<think>\nHm.\n</think>\n\nHi.\n{CALL}"
    assert ask(composed(), text, asked()) == ("Hm.", "Hi.", [("f", '{"city": "Oslo"}')])
    if ask is streamed:
        assert ask(composed(), text, asked(include_reasoning=False)) == (None, "Hi.", [("f", '{"city": "Oslo"}')])
    assert ask(composed(reasoning=None), text, asked()) == (None, "<think>\nHm.\n</think>\n\nHi.", [("f", '{"city": "Oslo"}')])
    assert ask(composed(None), text, asked(tools=[], tool_choice=None)) == ("Hm.", f"Hi.\n{CALL}", [])


@BOTH_WAYS
def test_reasoning_is_content_where_there_is_no_other_and_a_request_wants_it(ask: Any) -> None:
    request = asked(chat_template_kwargs={"force_nonempty_content": True})
    reasoning, content, calls = ask(composed(), "<think>\nHm.\n", request)
    assert (reasoning if ask is parsed else content, calls) == (None if ask is parsed else "Hm.", [])
    assert "Hm." in (reasoning, content)
    assert ask(composed(), "<think>\nHm.\n</think>\n\nHi.", request) == ("Hm.", "Hi.", [])


@pytest.mark.parametrize(
    ("options", "in_reasoning"),
    [
        ({"enable_thinking": True}, True),
        ({"thinking": False}, False),
        ({"thinking_mode": "chat"}, False),
        ({"thinking_mode": "enabled"}, True),
        ({"reasoning_effort": "none"}, False),
        ({"enable_thinking": "yes"}, False),
    ],
)
def test_the_options_of_the_template_say_whether_the_model_thinks(options: dict[str, Any], in_reasoning: bool) -> None:
    made = composed("toolparse_deepseek_v31", "toolparse_deepseek_v31")
    for given in ({"chat_template_kwargs": options}, {}):
        request = asked(chat_template_kwargs=None if given else options)
        reasoning, content, _ = parsed(made, "Hm.", request, "", **given)
        assert (reasoning or content, bool(reasoning)) == ("Hm.", in_reasoning), options


def test_calls_without_ids_are_numbered_as_vllm_numbers_those_of_kimi() -> None:
    parser = composed("toolparse_kimi_k2", "toolparse_kimi_k2")(vllm.Letters(), [])
    parser._stream_state.tool_call_id_type = "kimi_k2"
    before = [{"role": "assistant", "tool_calls": [{}, {}]}]
    text = '[{"name": "f", "parameters": {"city": "Oslo"}}, {"name": "f", "parameters": {"city": "Rome"}}]'
    _, _, calls = parser.parse(text, asked(messages=before, tool_choice="required"), model_output_token_ids=encoded(text))
    assert [call.id for call in calls] == ["functions.f:2", "functions.f:3"]


def test_invocations_are_counted_as_vllms_own() -> None:
    parsed(composed(), CALL, asked())
    parsed(composed(), "Hi.", asked())
    parsed(composed(), "Hi.", asked(tool_choice="none"))
    assert vllm.COUNTED == [(True, False), (False, False)]
    vllm.COUNTED.clear()
    streamed(composed(), CALL, asked())
    assert (True, True) in vllm.COUNTED


def test_a_parser_without_what_one_pass_needs_is_a_pair_of_parsers(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delattr(vllm.DelegatingParser, "_initialize_history_tool_call_cnt")
    text = f"<think>\nHm.\n</think>\n\nHi.\n{CALL}"
    wanted = ("Hm.", "Hi.", [("f", '{"city": "Oslo"}')])
    assert parsed(composed(), text, asked()) == wanted
    assert streamed(composed(), text, asked()) == wanted
    assert composed()(vllm.Letters()).count_reasoning_tokens([]) == -1
    assert "one after the other: vLLM's parser has no _initialize_history_tool_call_cnt" in caplog.text


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ("record_tool_parser_invocation", "toolparse is not counted"),
        ("get_function_tools", "toolparse leaves out tools that are no functions"),
        ("_initialize_history_tool_call_cnt", "toolparse does not number calls as vLLM does"),
    ],
)
def test_a_part_that_is_otherwise_is_told_and_calls_are_read(
    broken: str, told: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def raising(*_: Any, **__: Any) -> Any:
        raise RuntimeError("it is otherwise here")

    made = composed()
    parsers = import_module("toolparse.plugins.vllm_parsers")
    for name, attribute in (("_count_invocation", "record_tool_parser_invocation"), ("_function_tools", "get_function_tools")):
        if broken == attribute:
            monkeypatch.setattr(parsers, name, raising)
    if broken.startswith("_"):
        monkeypatch.setattr(vllm.DelegatingParser, broken, raising)
    assert parsed(made, CALL, asked())[2] == [("f", '{"city": "Oslo"}')]
    assert told in caplog.text


@pytest.mark.parametrize(
    ("choice", "called"),
    [
        (None, True),
        ("none", False),
        ("required", True),
        ({"type": "function", "function": {"name": "f"}}, True),
        (SimpleNamespace(type="function", function=SimpleNamespace(name="f")), True),
        ({"type": "custom", "custom": {"name": "f"}}, True),
        ({"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [{"type": "function", "function": {"name": "f"}}]}}, True),
        ({"type": "web_search_preview"}, False),
        (SimpleNamespace(type="mcp", model_dump=lambda: {"type": "mcp"}), False),
        (SimpleNamespace(), True),
    ],
)
def test_a_choice_of_tools_in_any_shape(choice: Any, called: bool) -> None:
    assert bool(parsed(composed(), CALL, asked(tool_choice=choice))[2]) == called


# -- the pair -----------------------------------------------------------------------------------------------------------------------


def test_the_reasoning_parser_alone() -> None:
    made = vllm.ReasoningParserManager.get_tool_parser("toolparse_hermes")
    parser = made(vllm.Letters())
    assert (parser.reasoning_start_str, parser.reasoning_end_str) == ("<think>", "</think>")
    request = parser.adjust_request(asked())
    assert (request.skip_special_tokens, request.spaces_between_special_tokens) == (False, False)
    assert parser.extract_reasoning("<think>\nHm.\n</think>\n\nHi.", request) == ("Hm.", "Hi.")
    assert parser.extract_reasoning("Hi.", request) == (None, "Hi.")
    never_empty = asked(chat_template_kwargs={"force_nonempty_content": True})
    assert parser.extract_reasoning("<think>\nHm.\n</think>\n", never_empty) == (None, "Hm.")
    assert parser.get_streaming_fallback_content("<think>\nHm.", never_empty) == "Hm."
    assert parser.get_streaming_fallback_content("<think>\nHm.", request) is None


def test_a_stream_of_reasoning_ends_where_vllm_is_told_so() -> None:
    parser = vllm.ReasoningParserManager.get_tool_parser("toolparse_hermes")(vllm.Letters())
    parser.set_prompt_token_ids(encoded(PROMPT + "<think>\n"))
    said, text = [], ""
    for character in "Hm.\n</think>\n\nHi.":
        text += character
        delta = parser.extract_reasoning_streaming("", text, character, [], encoded(text), encoded(character))
        said.append(delta)
        assert parser.is_reasoning_end_streaming(encoded(text), encoded(character)) == ("</think>" in text[-len("</think>") - 1 :])
        assert "</think>" in text or not parser.has_engine_confirmed_reasoning_end()
    assert parser.has_engine_confirmed_reasoning_end()
    rest = parser.finish_streaming()
    assert "".join(delta.reasoning or "" for delta in said if delta) == "Hm."
    assert "".join(delta.content or "" for delta in [*said, rest] if delta) == "Hi."


def test_tokens_of_reasoning_are_told_from_those_behind_it() -> None:
    made, text = vllm.ReasoningParserManager.get_tool_parser("toolparse_hermes"), "<think>abc</think>de"
    parser = made(vllm.Letters())
    assert parser.extract_content_ids(encoded(text)) == encoded("de")
    assert parser.extract_content_ids(encoded("<think>abc")) == []
    assert parser.count_reasoning_tokens(encoded(text)) == 3
    assert composed()(vllm.Letters()).count_reasoning_tokens(encoded(text)) == 3
    assert composed(reasoning=None)(vllm.Letters()).count_reasoning_tokens(encoded(text)) == -1
    assert parser.count_reasoning_tokens(encoded(f"<think>abc{CALL}")) == 3  # a call ends it


@pytest.mark.parametrize(
    ("text", "options", "ended"),
    [
        (PROMPT, {}, False),
        (f"{PROMPT}<think>\n", {}, False),
        (f"{PROMPT}<think>\n\n</think>\n\n", {}, True),
        (f"{PROMPT}<think>\n\n</think>\n\nHi.<|im_end|>\n{PROMPT}", {}, False),
        (PROMPT, {"enable_thinking": False}, True),
    ],
)
def test_whether_reasoning_has_ended_in_a_prompt(text: str, options: dict[str, Any], ended: bool) -> None:
    made = vllm.ReasoningParserManager.get_tool_parser("toolparse_hermes")
    assert made(vllm.Letters(), chat_template_kwargs=options).is_reasoning_end(encoded(text)) == ended


def test_the_tool_parser_alone_streams_and_has_nothing_left_to_add() -> None:
    parser = vllm.ToolParserManager.get_tool_parser("toolparse_hermes")(vllm.Letters(), asked().tools)
    calls = []
    for character in f"Hi.\n{CALL}":
        delta = parser.extract_tool_calls_streaming("", "", character, [], [], encoded(character), asked())
        calls += delta.tool_calls if delta else []
    parser.finish_streaming()
    assert "".join(call.function.arguments or "" for call in calls) == '{"city": "Oslo"}'
    assert (parser.get_remaining_unstreamed_args(), parser.streamed_args_for_tool) == ("", [""])
    assert (parser.current_tool_id, parser.current_tool_name_sent) == (0, True)


# -- structural tags ------------------------------------------------------------------------------------------------------------------


def structure(fmt: str, **more: Any) -> Any:
    request = asked(**more)
    parser = vllm.ToolParserManager.get_tool_parser(f"toolparse_{fmt}")(vllm.Letters(), request.tools)
    return parser.adjust_request(request).structure


def test_vllms_own_structural_tag_is_kept_and_ours_stands_where_it_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert vllm.ToolParserManager.get_tool_parser("toolparse_hermes").structural_tag_model == "hermes"
    assert structure("hermes", tool_choice="required") is None  # vLLM makes it itself
    made = structure("qwen3_coder", tool_choice="required")
    assert made["type"] == "structural_tag"
    assert "<function=f>" in json.dumps(made)
    monkeypatch.setattr(import_module("vllm.envs"), "VLLM_ENFORCE_STRICT_TOOL_CALLING", False)
    assert structure("qwen3_coder", tool_choice="required") is None


def test_a_parser_of_vllms_that_cannot_be_loaded_has_no_structural_tag_to_take(caplog: pytest.LogCaptureFixture) -> None:
    made = vllm.ToolParserManager.get_tool_parser("toolparse_glm45")
    assert made.structural_tag_model == "toolparse"
    assert "no structural tag for glm45, as vLLM's own tool parser of that name cannot be loaded" in caplog.text


def test_a_vllm_without_a_table_of_parsers_has_no_tags_to_take(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    parsers = import_module("toolparse.plugins.vllm_parsers")
    monkeypatch.setattr(parsers, "_manager", SimpleNamespace())
    assert parsers.class_for("tool:hermes").structural_tag_model == "toolparse"
    assert "its table of parsers is not as expected" in caplog.text


def test_the_module_has_no_other_names() -> None:
    with pytest.raises(AttributeError, match="nothing"):
        import_module("toolparse.plugins.vllm_parsers").nothing  # noqa: B018
