"""The plug-in inside the real vLLM: its managers, its composed parser, its stream processor and its message assembly."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from vectors import CHUNKINGS, FORMATS, Tokenizer, deltas, expected, prompt_of, reports, result, vectors
from vllm.entrypoints.openai.chat_completion.message_assembly import assemble_chat_message_fields
from vllm.entrypoints.openai.chat_completion.protocol import ChatCompletionRequest
from vllm.entrypoints.openai.chat_completion.stream_processor import ChatStreamProcessor
from vllm.entrypoints.openai.responses.protocol import ResponsesRequest
from vllm.parser import ParserManager
from vllm.plugins import load_general_plugins
from vllm.reasoning import ReasoningParserManager
from vllm.tool_parsers import ToolParserManager
from vllm.tool_parsers.utils import resolve_responses_tool_call_name

from toolparse import get_format
from toolparse.plugins import vllm_plugin
from toolparse.plugins.names import reasoning_parsers, tool_parsers

load_general_plugins()  # what each of vLLM's processes does; the entry point must be enough


def request(case: dict[str, Any], **fields: Any) -> ChatCompletionRequest:
    given = {"tools": case["tools"], "tool_choice": "auto"} if case["tools"] else {}
    return ChatCompletionRequest(model="m", messages=[{"role": "user", "content": "?"}], **{**given, **fields})


def composed(fmt: str, reasoning: str | None = None, tool: str | None = None) -> Any:
    return ParserManager.get_parser(
        tool_parser_name=f"toolparse_{fmt}" if tool is None else tool,
        reasoning_parser_name=reasoning,
        enable_auto_tools=True,
    )


def streamed(parser_cls: Any, asked: Any, case: dict[str, Any], chunking: str, fmt: str, **options: Any) -> tuple[dict[str, Any], str, Any]:
    """The stream of an answer folded together, its finish reason, and the tool parser."""
    tokenizer = Tokenizer(fmt, options.get("told", True))
    parser = parser_cls(tokenizer, asked.tools)
    processor = ChatStreamProcessor(asked, parser, enable_auto_tools=True, parser_cls=parser_cls)
    pieces = list(deltas(case["text"], chunking, tokenizer)) or [("", [])]
    prompt = tokenizer.encode(options.get("prompt", prompt_of(fmt, case)))
    content, reasoning, calls, finish = "", "", {}, None
    for at, (text, ids) in enumerate(pieces):
        ended = options.get("finish", "stop") if at == len(pieces) - 1 else None
        step = processor.step(text, ids, ended, prompt)
        finish = step.finish_reason
        if step.delta is None:
            continue
        content += step.delta.content or ""
        reasoning += step.delta.reasoning or ""
        for call in step.delta.tool_calls:
            if call.index not in calls:
                assert call.id
                assert call.type == "function"
                assert call.function.name
                calls[call.index] = [call.function.name, ""]
            else:
                assert call.id is None
                assert call.function.name is None
            calls[call.index][1] += call.function.arguments or ""
    assert sorted(calls) == list(range(len(calls)))
    return result(content, reasoning, [tuple(calls[index]) for index in sorted(calls)]), finish, parser.tool_parser


def whole(parser_cls: Any, asked: Any, case: dict[str, Any], fmt: str, told: bool = True) -> dict[str, Any]:
    tokenizer = Tokenizer(fmt, told)
    parser = parser_cls(tokenizer, asked.tools)
    parser.set_prompt_token_ids(tokenizer.encode(prompt_of(fmt, case)))
    ids = tokenizer.encode(case["text"])
    reasoning, content, calls = parser.parse(case["text"], asked, enable_auto_tools=True, model_output_token_ids=ids)
    fields = assemble_chat_message_fields(asked, reasoning, content, calls, enable_auto_tools=True, parser_cls=parser_cls)
    return result(fields.content, fields.reasoning, [(call.function.name, call.function.arguments) for call in fields.tool_calls])


def complete(answer: dict[str, Any]) -> dict[str, Any]:
    """Without the calls that the output cuts: in a stream they have been sent, in a whole answer they are content."""
    return {**answer, "calls": [call for call in answer["calls"] if _is_json(call[1])]}


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def test_a_server_without_our_parsers_is_as_it_was() -> None:
    assert ParserManager.get_parser() is None
    assert not hasattr(ParserManager.get_parser(tool_parser_name="hermes", enable_auto_tools=True).tool_parser_cls, "toolparse_format")


def test_every_name_is_registered() -> None:
    assert set(tool_parsers()) <= set(ToolParserManager.list_registered())
    assert set(reasoning_parsers()) <= set(ReasoningParserManager.list_registered())


STARTING = """
import sys
import vllm.platforms
from vllm.platforms.cpu import CpuPlatform
vllm.platforms.current_platform = CpuPlatform()
from vllm.entrypoints.common.cli_args import init_parser_plugin, make_arg_parser, validate_api_server_args
from vllm.parser import ParserManager
from vllm.plugins import load_general_plugins
from vllm.utils.argparse_utils import FlexibleArgumentParser
load_general_plugins()
named = ["--enable-auto-tool-choice", "--tool-call-parser", "toolparse_hermes"]
args = make_arg_parser(FlexibleArgumentParser()).parse_args(named + sys.argv[1:])
init_parser_plugin(args)
validate_api_server_args(args)
made = ParserManager.get_parser(args.tool_call_parser, reasoning_parser_name="toolparse_qwen3", enable_auto_tools=True)
print("made:", made.__mro__[1].__name__)
"""


@pytest.mark.parametrize(
    ("allowed", "options", "starts"),
    [
        ("toolparse", [], True),
        ("another", [], False),
        ("another", ["--tool-parser-plugin", vllm_plugin.__file__], True),
        ("another", ["--tool-parser-plugin", "toolparse.plugins.vllm_plugin"], True),
        (None, ["--reasoning-parser", "toolparse_qwen3"], True),
        ("another", ["--reasoning-parser-plugin", vllm_plugin.__file__], True),
    ],
)
def test_the_command_line(allowed: str | None, options: list[str], starts: bool) -> None:
    """As `vllm serve` starts: its plug-ins, its arguments, its checks; `VLLM_PLUGINS` says which plug-ins it may have."""
    environment = {key: value for key, value in os.environ.items() if key != "VLLM_PLUGINS"}
    told = subprocess.run(
        [sys.executable, "-c", STARTING, *options],
        env=environment if allowed is None else {**environment, "VLLM_PLUGINS": allowed},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ("made: OnePassParser" in told.stdout) == starts, told.stderr
    assert ("invalid tool call parser" in told.stderr) != starts


@pytest.mark.parametrize("name", sorted(set(tool_parsers().values())))
def test_every_format_can_be_chosen(name: str) -> None:
    parser = ToolParserManager.get_tool_parser(f"toolparse_{name}")(Tokenizer(name), None)
    assert parser.engine_based_streaming
    assert not parser.supports_required_and_named


@pytest.mark.parametrize("chunking", CHUNKINGS)
@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize("told", [False, True], ids=["text", "token ids"])
def test_vectors_in_the_composed_parser(fmt: str, chunking: str, told: bool) -> None:
    parser_cls = composed(fmt, f"toolparse_{fmt}" if f"toolparse_{fmt}" in reasoning_parsers() else None)
    for case in vectors(fmt):
        wanted = expected(fmt, case, chunking)
        typed = any(token in (wanted["content"] or "") for token in get_format(fmt).special_tokens)  # this tokenizer cannot know
        if not case["tools"] or (told and (typed or case["kind"] != "canonical")):
            continue
        if chunking == "whole":
            assert whole(parser_cls, request(case), case, fmt, told) == wanted, case["id"]
        else:
            got, finish, _ = streamed(parser_cls, request(case), case, chunking, fmt, told=told)
            assert complete(got) == wanted, case["id"]
            assert finish == ("tool_calls" if got["calls"] else "stop"), case["id"]


@pytest.mark.parametrize("fmt", FORMATS)
def test_the_tool_parser_alone(fmt: str) -> None:
    """As older serving layers use it: no reasoning parser, the tool parser called directly."""
    made = ToolParserManager.get_tool_parser(f"toolparse_{fmt}")
    for case in vectors(fmt):
        if not case["tools"] or case["expect"].get("reasoning") or case.get("prefill"):
            continue
        answer = made(Tokenizer(fmt, False), case["tools"]).extract_tool_calls(case["text"], request(case))
        wanted = expected(fmt, case, prompt="")
        if wanted["reasoning"]:
            continue
        assert [(call.function.name, call.function.arguments) for call in answer.tool_calls] == wanted["calls"], case["id"]
        assert answer.tools_called == bool(wanted["calls"])
        assert (answer.content or None) == wanted["content"], case["id"]
        streaming = made(Tokenizer(fmt, False), case["tools"])
        for at in range(0, len(case["text"]), 4):
            streaming.extract_tool_calls_streaming("", "", case["text"][at : at + 4], (), (), (), request(case))
        streaming.finish_streaming()
        assert [call["name"] for call in streaming.prev_tool_call_arr][: len(wanted["calls"])] == [name for name, _ in wanted["calls"]]
        assert streaming.streamed_args_for_tool == [call["arguments"] for call in streaming.prev_tool_call_arr]
        assert streaming.get_remaining_unstreamed_args() == ""


TEXT = 'Let me see.\n<tool_call>\n{"name": "f", "arguments": {"city": "Oslo"}}\n</tool_call>'
TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}]


def case_of(text: str) -> dict[str, Any]:
    return {"text": text, "tools": TOOLS, "prefill": ""}


@pytest.mark.parametrize("chunking", CHUNKINGS[1:])
@pytest.mark.parametrize("fmt", ["hermes", "mistral", "granite_20b_fc"])
def test_forced_calls_as_bare_json(fmt: str, chunking: str) -> None:
    named = {"type": "function", "function": {"name": "f"}}
    listed = case_of('[{"name": "f", "parameters": {"city": "Oslo"}}]')
    got, finish, _ = streamed(composed(fmt), request(listed, tool_choice="required"), listed, chunking, fmt)
    assert (got["calls"], finish) == ([("f", '{"city": "Oslo"}')], "tool_calls")
    assert whole(composed(fmt), request(listed, tool_choice="required"), listed, fmt)["calls"] == [("f", '{"city": "Oslo"}')]
    bare = case_of('{"city": "Oslo"}')
    got, finish, _ = streamed(composed(fmt), request(bare, tool_choice=named), bare, chunking, fmt)
    assert (got["calls"], finish) == ([("f", '{"city": "Oslo"}')], "stop")  # vLLM's own word for a named tool
    assert whole(composed(fmt), request(bare, tool_choice=named), bare, fmt)["calls"] == [("f", '{"city": "Oslo"}')]


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "f"}}])
def test_forced_calls_in_the_native_format(choice: Any) -> None:
    got, _, _ = streamed(composed("hermes"), request(case_of(TEXT), tool_choice=choice), case_of(TEXT), "by token", "hermes")
    assert got["calls"] == [("f", '{"city": "Oslo"}')]
    assert whole(composed("hermes"), request(case_of(TEXT), tool_choice=choice), case_of(TEXT), "hermes")["calls"] == got["calls"]


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "f"}}])
def test_a_forced_call_is_constrained_without_structural_tags(choice: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """`VLLM_ENFORCE_STRICT_TOOL_CALLING=0`: to bare JSON."""
    monkeypatch.setenv("VLLM_ENFORCE_STRICT_TOOL_CALLING", "0")
    asked = composed("hermes")(Tokenizer("hermes"), TOOLS).adjust_request(request(case_of(TEXT), tool_choice=choice))
    assert asked.structured_outputs.structural_tag is None
    assert asked.structured_outputs.json["type"] == ("array" if choice == "required" else "object")


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "f"}}], ids=["required", "named"])
def test_a_forced_call_is_constrained_as_by_vllms_own_parser(fmt: str, choice: Any) -> None:
    """Where vLLM's own parser has a structural tag, to the same one; else to ours (`check_vllm_constraints.py`)."""
    ours = composed(fmt)(Tokenizer(fmt), TOOLS).adjust_request(request(case_of(TEXT), tool_choice=choice)).structured_outputs
    model = ToolParserManager.get_tool_parser(fmt).structural_tag_model
    if model is None:
        assert (ours.structural_tag is not None, ours.json) == (True, None)
    else:
        own = type("Own", (ToolParserManager.get_tool_parser("hermes"),), {"structural_tag_model": model})
        theirs = own(Tokenizer(fmt), TOOLS).get_structural_tag(request(case_of(TEXT), tool_choice=choice))
        assert json.loads(ours.structural_tag)["format"] == json.loads(theirs.model_dump_json())["format"]


def test_what_constrains_a_forced_call() -> None:
    tagged = composed("hermes")(Tokenizer("hermes"), TOOLS).adjust_request(request(case_of(TEXT), tool_choice="required"))
    assert json.loads(tagged.structured_outputs.structural_tag)["format"]["at_least_one"] is True
    assert tagged.skip_special_tokens is False
    plain = composed("xlam")(Tokenizer("xlam"), TOOLS).adjust_request(request(case_of(TEXT), tool_choice="required"))
    assert json.loads(plain.structured_outputs.structural_tag)["format"]["type"] == "sequence"
    free = composed("hermes")(Tokenizer("hermes"), TOOLS).adjust_request(request(case_of(TEXT)))
    assert free.structured_outputs is None
    assert free.skip_special_tokens is False


def test_nothing_of_the_text_before_is_kept() -> None:
    """`engine_based_streaming`: vLLM accumulates neither text nor token ids for the parser."""
    parser_cls = composed("hermes", "toolparse_hermes")
    tokenizer = Tokenizer("hermes")
    asked = request(case_of(TEXT))
    parser = parser_cls(tokenizer, asked.tools)
    for text, ids in deltas(TEXT, "by token", tokenizer):
        parser.parse_delta(text, ids, asked, tokenizer.encode("<|im_start|>assistant\n"), finished=False)
    assert parser._engine_based
    assert (parser._stream_state.previous_text, parser._stream_state.previous_token_ids) == ("", [])


@pytest.mark.parametrize("choice", ["auto", "required", {"type": "function", "name": "f"}], ids=["auto", "required", "named"])
def test_requests_of_the_responses_api(choice: Any) -> None:
    asked = ResponsesRequest(model="m", input="?", tools=[{"type": "function", **TOOLS[0]["function"]}], tool_choice=choice)
    parser = composed("hermes", "toolparse_hermes")(Tokenizer("hermes"), asked.tools)
    asked = parser.adjust_request(asked)
    assert asked.skip_special_tokens is False
    reasoning, content, calls = parser.parse("<think>\nHm.\n</think>\n\n" + TEXT, asked, enable_auto_tools=True)
    assert (reasoning, content) == ("Hm.", "Let me see.")
    assert [(call.name, call.arguments) for call in calls] == [("f", '{"city": "Oslo"}')]


def test_no_calls_when_none_are_wanted() -> None:
    got, finish, _ = streamed(composed("hermes"), request(case_of(TEXT), tool_choice="none"), case_of(TEXT), "by token", "hermes")
    assert (got["content"], got["calls"], finish) == (TEXT, [], "stop")


def test_one_call_when_parallel_calls_are_off() -> None:
    twice = case_of(TEXT + "\n" + TEXT.partition("\n")[2])
    asked = request(twice, parallel_tool_calls=False)
    assert len(streamed(composed("hermes"), request(twice), twice, "by token", "hermes")[0]["calls"]) == 2
    assert len(streamed(composed("hermes"), asked, twice, "by token", "hermes")[0]["calls"]) == 1
    assert len(whole(composed("hermes"), asked, twice, "hermes")["calls"]) == 1


def test_a_cut_call_ends_with_length_and_nothing_is_sent_twice() -> None:
    cut = case_of(TEXT[: TEXT.index("Oslo") + 2])
    got, finish, tool_parser = streamed(composed("hermes"), request(cut), cut, "by token", "hermes", finish="length")
    assert got["calls"] == [("f", '{"city": "Os')]
    assert finish == "length"
    assert tool_parser.get_remaining_unstreamed_args() == ""
    got = whole(composed("hermes"), request(cut), cut, "hermes")
    assert (got["content"], got["calls"]) == (cut["text"], [])


@pytest.mark.parametrize("chunking", CHUNKINGS)
def test_reasoning_and_calls_in_one_pass(chunking: str) -> None:
    """Reasoning that the prompt opened, ended by a call, with a closer that comes late, and a second block behind the call."""
    late = case_of("Hmm.\n" + TEXT.partition("\n")[2] + "\n</think>\n\nDone.")
    parser_cls = composed("hermes", "toolparse_hermes")
    prompt = "<|im_start|>assistant\n<think>\n"
    if chunking == "whole":
        tokenizer = Tokenizer("hermes")
        parser = parser_cls(tokenizer, TOOLS)
        parser.set_prompt_token_ids(tokenizer.encode(prompt))
        reasoning, content, calls = parser.parse(late["text"], request(late), enable_auto_tools=True)
        got = result(content, reasoning, [(call.name, call.arguments) for call in calls])
    else:
        got, _, _ = streamed(parser_cls, request(late), late, chunking, "hermes", prompt=prompt)
    assert got == result("Done.", "Hmm.", [("f", '{"city": "Oslo"}')])


def test_reasoning_can_be_hidden() -> None:
    thought = case_of("<think>\nHmm.\n</think>\n\n" + TEXT)
    got, _, _ = streamed(composed("hermes", "toolparse_hermes"), request(thought, include_reasoning=False), thought, "by token", "hermes")
    assert (got["reasoning"], got["content"]) == (None, "Let me see.")


@pytest.mark.parametrize("chunking", CHUNKINGS)
@pytest.mark.parametrize(("tool", "reasoning"), [("toolparse_hermes", "qwen3"), ("hermes", "toolparse_hermes")])
def test_beside_one_of_vllms_own(tool: str, reasoning: str, chunking: str) -> None:
    thought = case_of("<think>\nHmm.\n</think>\n\n" + TEXT)
    parser_cls = composed("hermes", reasoning, tool)
    if chunking == "whole":
        got = whole(parser_cls, request(thought), thought, "hermes")
    else:
        got, _, _ = streamed(parser_cls, request(thought), thought, chunking, "hermes")
    assert got["reasoning"].strip() == "Hmm."
    assert got["content"].strip() == "Let me see."
    assert [(name, json.loads(arguments)) for name, arguments in got["calls"]] == [("f", {"city": "Oslo"})]


def test_a_typed_marker_is_text() -> None:
    tokenizer = Tokenizer("hermes")
    parser_cls = composed("hermes")
    asked = request(case_of(TEXT))
    parser = parser_cls(tokenizer, asked.tools)
    processor = ChatStreamProcessor(asked, parser, enable_auto_tools=True, parser_cls=parser_cls)
    out = ""
    for at, number in enumerate(ids := tokenizer.typed(TEXT)):
        step = processor.step(tokenizer.decode([number]), [number], "stop" if at == len(ids) - 1 else None, [0])
        out += (step.delta.content or "") if step.delta else ""
    assert out == TEXT


def test_ids_of_a_family_that_counts_calls() -> None:
    model = SimpleNamespace(hf_overrides=None, hf_text_config=None, hf_config=SimpleNamespace(model_type="kimi_k2"))
    parser = composed("kimi_k2")(Tokenizer("kimi_k2"), TOOLS, model_config=model)
    bare = case_of('[{"name": "f", "parameters": {}}, {"name": "f", "parameters": {}}]')
    _, _, calls = parser.parse(bare["text"], request(bare, tool_choice="required"), enable_auto_tools=True)
    assert [call.id for call in calls] == ["functions.f:0", "functions.f:1"]


@pytest.mark.parametrize(
    ("fmt", "text", "begin"),
    [
        (
            "kimi_k2",
            "<|tool_calls_section_begin|><|tool_call_begin|>functions.f:4<|tool_call_argument_begin|>{}<|tool_call_end|>",
            "functions.f:4",
        ),
        ("mistral", "[TOOL_CALLS]f[CALL_ID]8fK2mZq1T[ARGS]{}", "8fK2mZq1T"),
        ("hermes", TEXT, "call_"),
    ],
)
def test_ids_are_the_models_own_where_it_writes_them(fmt: str, text: str, begin: str) -> None:
    model = SimpleNamespace(hf_overrides=None, hf_text_config=None, hf_config=SimpleNamespace(model_type=fmt))
    parser = composed(fmt)(Tokenizer(fmt), TOOLS, model_config=model)
    _, _, calls = parser.parse(text, request(case_of(text)), enable_auto_tools=True)
    assert [call.id[: len(begin)] for call in calls] == [begin]


def test_where_reasoning_ends_in_tokens() -> None:
    tokenizer = Tokenizer("hermes")
    parser = ReasoningParserManager.get_reasoning_parser("toolparse_hermes")(tokenizer)
    opened = tokenizer.encode("<|im_start|>assistant\n<think>\nHm")
    closed = [*opened, *tokenizer.encode("m.\n</think>\n\nYes")]
    turn = tokenizer.encode("<|im_end|>\n<|im_start|>user\n?<|im_end|>\n<|im_start|>assistant\n")
    assert [parser.is_reasoning_end(ids) for ids in (opened, closed, closed + turn)] == [False, True, False]
    assert parser.is_reasoning_end_streaming(closed, closed[-4:])
    assert not parser.is_reasoning_end_streaming(opened, opened[-1:])
    assert tokenizer.decode(parser.extract_content_ids(closed)) == "\n\nYes"
    assert parser.count_reasoning_tokens(tokenizer.encode("<think>\nHmm.\n</think>\n\nYes")) > 0
    assert (parser.reasoning_start_str, parser.reasoning_end_str) == ("<think>", "</think>")


# -- what issue reports had -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", reports("vllm"), ids=lambda case: case["id"])
def test_reports(case: dict[str, Any]) -> None:
    """Whole, and where the report has them in pieces, whose ids come ahead of their text."""
    reasoning = f"toolparse_{case['reasoning']}" if "reasoning" in case else None
    made, asked, tokenizer = composed(case["format"], reasoning), request(case), Tokenizer(case["format"])
    prompt = tokenizer.encode(prompt_of(case["format"], case))
    answers = [whole(made, asked, case, case["format"])]
    parser = made(tokenizer, asked.tools)
    content, thought, calls = "", "", {}
    pieces = case.get("pieces", ())
    for at, (text, tokens) in enumerate(pieces):
        ids = [number for token in tokens for number in tokenizer.encode(token)]
        told = parser.parse_delta(text, ids, asked, prompt if at == 0 else None, finished=at == len(pieces) - 1)
        if told is not None:
            content, thought = content + (told.content or ""), thought + (told.reasoning or "")
            for call in told.tool_calls:
                name, arguments = calls.get(call.index, ("", ""))
                calls[call.index] = name + (call.function.name or ""), arguments + (call.function.arguments or "")
    if pieces:
        answers.append(result(content, thought, list(calls.values())))
    for got in answers:
        assert {**got, "calls": [[name, json.loads(arguments)] for name, arguments in got["calls"]]} == case["expect"]


@pytest.mark.parametrize("part", ["_initialize_history_tool_call_cnt", "_stream_state"])
def test_without_a_private_part_the_pair_of_parsers_reads(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from toolparse.plugins import vllm_parsers

    made = composed("hermes", "toolparse_hermes")
    monkeypatch.setattr(vllm_parsers, "_PARTS", (*vllm_parsers._PARTS, f"{part}_renamed"))
    case = {"tools": [], "text": "<think>Hm.</think>Yes."}
    reasoning, content, _ = made(Tokenizer("hermes", True), []).parse(case["text"], request(case), enable_auto_tools=True)
    assert (reasoning, content) == ("Hm.", "Yes.")


@pytest.mark.parametrize("choice", [{"type": "web_search_preview"}, {"type": "mcp", "server_label": "x"}])
def test_a_choice_that_is_no_function_does_not_raise(choice: dict[str, Any]) -> None:
    tools = [{"type": "function", "name": "run", "parameters": {"type": "object"}}]
    asked = ResponsesRequest(model="m", input="?", tools=tools, tool_choice=choice)
    assert composed("hermes")(Tokenizer("hermes", True), asked.tools).parse("hi", asked)[1:] == ("hi", None)


def test_custom_tools_alone_are_called() -> None:
    asked = ResponsesRequest(model="m", input="?", tools=[{"type": "custom", "name": "run"}])
    text = '<tool_call>\n{"name": "run", "arguments": {"input": "ls"}}\n</tool_call>'
    calls = composed("hermes")(Tokenizer("hermes", True), asked.tools).parse(text, asked)[2]
    assert [(call.name, json.loads(call.arguments)) for call in calls] == [("run", {"input": "ls"})]


NAMESPACES = [
    {"type": "namespace", "name": name, "description": "", "tools": [{"type": "function", "name": "run", "parameters": {"type": "object"}}]}
    for name in ("shell", "remote")
]
CALLED = 'Now.\n<tool_call>\n{"name": "shell__run", "arguments": {"command": "ls"}}\n</tool_call>'


@pytest.mark.parametrize("tool", ["hermes", "toolparse_hermes"], ids=["theirs", "ours"])
@pytest.mark.parametrize("choice", ["auto", "required", {"type": "function", "name": "shell__run"}], ids=["auto", "required", "named"])
def test_tools_in_namespaces_alone_are_called(tool: str, choice: Any) -> None:
    """By the names that vLLM shows the model, whole and streamed; its serving layer finds the namespace by them."""
    asked = ResponsesRequest(model="m", input="?", tools=NAMESPACES, tool_choice=choice)
    made = composed("hermes", tool=tool)
    _, content, calls = made(Tokenizer("hermes", True), asked.tools).parse(CALLED, asked, enable_auto_tools=True)
    assert (content.strip(), [(call.name, json.loads(call.arguments)) for call in calls]) == ("Now.", [("shell__run", {"command": "ls"})])
    found = resolve_responses_tool_call_name(calls[0].name, tools=asked.tools)
    assert (found.name, found.namespace) == ("run", "shell")
    tokenizer = Tokenizer("hermes", True)
    parser = made(tokenizer, asked.tools)
    name = arguments = ""
    for text, ids in (pieces := list(deltas(CALLED, "by token", tokenizer))):
        told = parser.parse_delta(text, ids, asked, [0], finished=(text, ids) is pieces[-1])
        for call in told.tool_calls if told else ():
            name, arguments = name + (call.function.name or ""), arguments + (call.function.arguments or "")
    assert (name, json.loads(arguments)) == ("shell__run", {"command": "ls"})


@pytest.mark.parametrize("choice", ["required", {"type": "function", "name": "shell__run"}], ids=["required", "named"])
def test_tools_in_namespaces_constrain_as_with_vllms_own(choice: Any) -> None:
    asked = [
        composed("hermes", tool=tool)(Tokenizer("hermes"), request.tools).adjust_request(request)
        for tool in ("hermes", "toolparse_hermes")
        if (request := ResponsesRequest(model="m", input="?", tools=NAMESPACES, tool_choice=choice))
    ]
    theirs, ours = (json.loads(each.structured_outputs.structural_tag) for each in asked)
    assert theirs["format"] == ours["format"]
    assert "shell__run" in json.dumps(ours)


def test_a_closer_of_the_turn_before_does_not_end_reasoning() -> None:
    tokenizer = Tokenizer("deepseek_v31", True)
    prompt = "<｜User｜>Hello<｜Assistant｜></think>Hi<｜end▁of▁sentence｜><｜User｜>ok<｜Assistant｜><think>"
    parser = ReasoningParserManager.get_reasoning_parser("toolparse_deepseek_v31")(tokenizer)
    ids = tokenizer.encode(prompt)
    for piece, ended in (("I", False), (" should", False), ("</think>", True)):
        new = tokenizer.encode(piece)
        ids = ids + new
        assert parser.is_reasoning_end_streaming(ids, new) is ended


def test_tokens_of_a_call_are_no_reasoning() -> None:
    tokenizer = Tokenizer("hermes", True)
    text = '<think>\nHm.<tool_call>\n{"name": "f", "arguments": {}}\n</tool_call>'
    parser = ReasoningParserManager.get_reasoning_parser("toolparse_hermes")(tokenizer)
    assert parser.count_reasoning_tokens(tokenizer.encode(text)) <= len(tokenizer.encode("<think>\nHm."))
