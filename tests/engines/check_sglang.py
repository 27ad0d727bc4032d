"""The plug-in inside the real SGLang: its parser tables, `FunctionCallParser`, `ReasoningParser` and its command line's choices."""

from __future__ import annotations

import ast
import asyncio
import json
import os
import pickle
import subprocess
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest
import sglang.srt
from sglang.srt.entrypoints.openai.protocol import ChatCompletionRequest, Tool, ToolChoice
from sglang.srt.function_call.function_call_parser import FunctionCallParser
from sglang.srt.parser.reasoning_parser import ReasoningParser
from sglang.srt.plugins import load_plugins
from sglang.srt.plugins.hook_registry import HookRegistry
from vectors import CHUNKINGS, FORMATS, Tokenizer, complete, deltas, expected, reports, result, vectors

from toolparse import Message, ToolCall, get_format, render
from toolparse.plugins.detector import calls_only
from toolparse.plugins.names import reasoning_parsers, tool_parsers
from toolparse.plugins.sglang_hooks import ADAPTER, _with_plain_names

load_plugins()  # what each of SGLang's processes does; the entry point must be enough

TEXT = 'Let me see.\n<tool_call>\n{"name": "f", "arguments": {"city": "Oslo"}}\n</tool_call>'
TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}]


def tools_of(case: dict[str, Any]) -> list[Tool]:
    return [Tool.model_validate(tool) for tool in case["tools"]]


def answer(parser: FunctionCallParser, text: str, chunking: str, fmt: str) -> dict[str, Any]:
    """The parser's answer, as SGLang's serving layer gets it."""
    if chunking == "whole":
        content, items = parser.parse_non_stream(text)
        return result(content, None, [(item.name, item.parameters) for item in items])
    content, calls = "", {}
    pieces = [piece for piece, _ in deltas(text, chunking, Tokenizer(fmt))]
    for step in [lambda piece=piece: parser.parse_stream_chunk(piece) for piece in pieces] + [parser.parse_stream_end]:
        more, items = step()
        content += more or ""
        for item in items:
            if item.name:
                assert item.tool_index not in calls
                calls[item.tool_index] = [item.name, ""]
            calls[item.tool_index][1] += item.parameters
    assert sorted(calls) == list(range(len(calls)))
    assert parser.detector.streamed_args_for_tool == [call["arguments"] for call in parser.detector.prev_tool_call_arr]
    return result(content, None, [tuple(calls[index]) for index in sorted(calls)])


def test_every_name_is_registered_and_a_choice_of_the_command_line() -> None:
    from sglang.srt.server_args import _reasoning_parser_choices, _tool_call_parser_choices

    assert set(tool_parsers()) <= set(FunctionCallParser.ToolCallParserEnum)
    assert {name.lower() for name in reasoning_parsers()} <= set(ReasoningParser.DetectorMap)
    assert "toolparse_qwen25" in _tool_call_parser_choices()
    assert "toolparse_qwen3" in _reasoning_parser_choices()


@pytest.mark.parametrize(("allowed", "offered"), [(None, True), ("toolparse", True), ("another", False)])
def test_the_command_line(allowed: str | None, offered: bool) -> None:
    """The real start of the server, up to its help; `SGLANG_PLUGINS` says which plug-ins it may have."""
    environment = {key: value for key, value in os.environ.items() if key != "SGLANG_PLUGINS"}
    told = subprocess.run(
        [sys.executable, "-m", "sglang.launch_server", "--help"],
        env=environment if allowed is None else {**environment, "SGLANG_PLUGINS": allowed},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ("toolparse_qwen25" in told.stdout) == offered


@pytest.mark.parametrize("name", sorted(tool_parsers()))
def test_every_name_can_be_chosen(name: str) -> None:
    tools = [Tool.model_validate(tool) for tool in TOOLS]
    assert FunctionCallParser(tools, name, tokenizer=Tokenizer(tool_parsers()[name])).parse_stream_chunk("Hello there.") is not None


@pytest.mark.parametrize("name", sorted(reasoning_parsers()))
def test_every_reasoning_name_can_be_chosen(name: str) -> None:
    parser = ReasoningParser(name, tokenizer=Tokenizer(reasoning_parsers()[name]))
    text = "".join(part or "" for part in (*parser.parse_stream_chunk("Hello there."), *parser.parse_stream_end()))
    assert text == "Hello there."


@pytest.mark.parametrize("chunking", CHUNKINGS)
@pytest.mark.parametrize("fmt", FORMATS)
def test_vectors(fmt: str, chunking: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SGLANG_FORWARD_UNKNOWN_TOOLS", "1")
    for case in vectors(fmt):
        if not case["tools"]:
            continue
        parser = FunctionCallParser(tools_of(case), f"toolparse_{fmt}")
        wanted = expected(calls_only(parser.detector.toolparse_format), case, chunking, prompt="")
        if chunking == "whole" and not wanted["calls"] and not parser.has_tool_call(case["text"]):
            wanted["content"] = case["text"]  # SGLang asks the detector for an answer with calls only
        assert complete(answer(parser, case["text"], chunking, fmt)) == wanted, case["id"]


@pytest.mark.parametrize("chunking", CHUNKINGS)
@pytest.mark.parametrize("fmt", ["hermes", "deepseek_v31", "qwen3_coder", "glm45", "mistral", "minimax_m2"])
def test_reasoning_and_calls(fmt: str, chunking: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both parsers in a row, as the serving layer has them."""
    monkeypatch.setenv("SGLANG_FORWARD_UNKNOWN_TOOLS", "1")
    for case in vectors(fmt):
        wanted = expected(fmt, case)
        if not case["tools"] or case["kind"] != "canonical" or not wanted["reasoning"]:
            continue
        opened = bool(case.get("prefill"))
        splitter = ReasoningParser(f"toolparse_{fmt}", force_reasoning=opened)
        parser = FunctionCallParser(tools_of(case), f"toolparse_{fmt}")
        if chunking == "whole":
            reasoning, rest = splitter.parse_non_stream(case["text"])
        else:
            reasoning, rest = "", ""
            for piece, _ in deltas(case["text"], chunking, Tokenizer(fmt)):
                more, normal = splitter.parse_stream_chunk(piece)
                reasoning, rest = reasoning + (more or ""), rest + (normal or "")
            more, normal = splitter.parse_stream_end()
            reasoning, rest = reasoning + (more or ""), rest + (normal or "")
        if chunking == "whole" and not wanted["calls"]:
            continue  # SGLang asks the detector for an answer with calls only
        got = answer(parser, rest, chunking, fmt)
        assert reasoning == wanted["reasoning"], case["id"]
        assert (got["content"], got["calls"]) == (wanted["content"], wanted["calls"]), case["id"]


@pytest.mark.parametrize("name", ["toolparse_qwen25", "toolparse_hermes", "toolparse_kimi_k2", "toolparse_qwen3_coder", "toolparse_glm47"])
@pytest.mark.parametrize("choice", ["required", ToolChoice(function={"name": "f"})], ids=["required", "named"])
def test_constraints_are_sglangs_own(name: str, choice: Any) -> None:
    tools = [Tool.model_validate(tool) for tool in TOOLS]
    ours = FunctionCallParser(tools, name).get_structure_constraint(choice)
    theirs = FunctionCallParser(tools, name.removeprefix("toolparse_")).get_structure_constraint(choice)
    assert ours is not None
    assert ours[0] == theirs[0]
    assert str(ours[1]) == str(theirs[1])


OWN = sorted(set(FunctionCallParser.ToolCallParserEnum) & {name.removeprefix("toolparse_") for name in tool_parsers()})


@pytest.mark.parametrize("own", OWN)
def test_structures_are_sglangs_own(own: str) -> None:
    tools = [Tool.model_validate(tool) for tool in TOOLS]
    ours, theirs = (FunctionCallParser(tools, name, tokenizer=Tokenizer("hermes")).detector for name in (f"toolparse_{own}", own))
    assert isinstance(ours, type(theirs))
    assert ours.supports_structural_tag() or not theirs.supports_structural_tag()
    try:
        expected = theirs.structure_info()("f")
    except NotImplementedError:
        return
    assert ours.structure_info()("f") == expected


def test_a_format_that_sglang_does_not_know_is_constrained_by_ours() -> None:
    parser = FunctionCallParser([Tool.model_validate(tool) for tool in TOOLS], "toolparse_xlam")
    assert parser.get_structure_constraint("required")[0] == "structural_tag"
    assert parser.owns_tool_format()


def test_what_the_legacy_tag_makes_is_read() -> None:
    tools = [Tool.model_validate(tool) for tool in TOOLS]
    for name in ("toolparse_qwen25", "toolparse_mistral", "toolparse_llama3", "toolparse_deepseekv3", "toolparse_internlm"):
        parser = FunctionCallParser(tools, name)
        structure = parser.get_legacy_structural_tag(at_least_one=True).structures[0]
        _, items = parser.parse_non_stream(structure.begin + '{"city": "Oslo"}' + structure.end)
        assert [(item.name, json.loads(item.parameters)) for item in items] == [("f", {"city": "Oslo"})], name


def test_unknown_tools_follow_sglangs_switch(monkeypatch: pytest.MonkeyPatch) -> None:
    tools = [Tool.model_validate(tool) for tool in TOOLS]
    text = TEXT.replace('"f"', '"g"')
    monkeypatch.setenv("SGLANG_FORWARD_UNKNOWN_TOOLS", "0")
    assert FunctionCallParser(tools, "toolparse_hermes").parse_non_stream(text)[1] == []
    monkeypatch.setenv("SGLANG_FORWARD_UNKNOWN_TOOLS", "1")
    assert [item.name for item in FunctionCallParser(tools, "toolparse_hermes").parse_non_stream(text)[1]] == ["g"]


def test_places_of_tools_in_a_whole_answer() -> None:
    two = [Tool.model_validate(json.loads(json.dumps(TOOLS[0]).replace('"f"', f'"{name}"'))) for name in ("e", "f")]
    _, items = FunctionCallParser(two, "toolparse_hermes").parse_non_stream(TEXT)
    assert [item.tool_index for item in items] == [1]


@pytest.mark.parametrize("own", ["kimi_k2", "kimi_k3"])
def test_two_calls_of_one_tool_have_two_ids(own: str) -> None:
    tools = [Tool.model_validate(TOOLS[0])]
    calls = [ToolCall(index=index, name="f", arguments=json.dumps({"city": city})) for index, city in enumerate(("Oslo", "Bergen"))]
    text = render(Message(tool_calls=calls), own, tools=tools)
    chat = serving(named("tool_call_parser", f"toolparse_{own}"), own)
    found, _, _ = chat._process_tool_calls(text, tools, {"type": "stop", "matched": None})
    assert [json.loads(call.function.arguments)["city"] for call in found] == ["Oslo", "Bergen"]
    assert len({call.id for call in found}) == 2


@pytest.mark.parametrize("chunking", CHUNKINGS)
@pytest.mark.parametrize("case", reports("sglang"), ids=lambda case: case["id"])
def test_reports(case: dict[str, Any], chunking: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both parsers in a row, of two names where the report has two."""
    fmt, tools = case["format"], [Tool.model_validate(tool) for tool in case["tools"] or TOOLS]
    monkeypatch.setattr("toolparse.plugins.sglang_detectors.format_of_server", lambda: get_format(fmt))
    thinking = ReasoningParser(f"toolparse_{case['reasoning']}", request=SimpleNamespace(tools=tools), tool_call_parser_active=True)
    parser = FunctionCallParser(tools, f"toolparse_{fmt}")
    if chunking == "whole":
        reasoning, rest = thinking.parse_non_stream(case["text"])
        got = answer(parser, rest, chunking, fmt) if parser.has_tool_call(rest) else result(rest, None, [])
    else:
        reasoning, content, calls = "", "", {}
        for step in [
            lambda piece=piece: thinking.parse_stream_chunk(piece) for piece, _ in deltas(case["text"], chunking, Tokenizer(fmt))
        ] + [thinking.parse_stream_end]:
            more, rest = step()
            reasoning += more or ""
            text, items = parser.parse_stream_chunk(rest) if rest else ("", [])
            content = content + (text or "")
            for item in items:
                name, arguments = calls.get(item.tool_index, ("", ""))
                calls[item.tool_index] = name + (item.name or ""), arguments + item.parameters
        text, items = parser.parse_stream_end()
        assert not items
        got = result(content + (text or ""), None, list(calls.values()))
    told = {"content": got["content"], "reasoning": reasoning or None, "calls": [[name, json.loads(each)] for name, each in got["calls"]]}
    assert told == case["expect"]


@pytest.mark.parametrize("fmt", ["muse_glimmer", "inkling", "granite", "hunyuan_a13b", "beam"])
def test_an_answer_without_calls_has_no_framing(fmt: str) -> None:
    """SGLang asks no tool parser for it, so what the reasoning parser leaves of a whole answer is what a client reads."""
    seen = 0
    for case in vectors(fmt):
        wanted = expected(fmt, case)
        if case["kind"] == "canonical" and wanted["content"] and not wanted["calls"] and not case.get("prefill"):
            request = SimpleNamespace(tools=tools_of(case))
            _, rest = ReasoningParser(f"toolparse_{fmt}", request=request, tool_call_parser_active=True).parse_non_stream(case["text"])
            assert rest.strip() == wanted["content"].strip(), case["id"]
            seen += 1
    assert seen


def test_reasoning_in_one_piece_when_it_is_not_to_be_streamed() -> None:
    parser = ReasoningParser("toolparse_hermes", stream_reasoning=False)
    said = [parser.parse_stream_chunk(piece) for piece in ("<think>a", "b", "</think>", "c")]
    assert [text for text, _ in said if text] == ["ab"]
    assert "".join(text or "" for _, text in said) == "c"


# -- the serving layer's own functions -------------------------------------------------------------------------------------------


def serving(name: str, fmt: str) -> Any:
    for missing in ("torchvision", "torchvision.transforms", "torchvision.transforms.functional"):  # there is no CPU build
        stub = MagicMock(__spec__=ModuleSpec(missing, None))
        sys.modules.setdefault(missing, stub)
    from sglang.srt.entrypoints.openai.serving_chat import OpenAIServingChat

    chat = OpenAIServingChat.__new__(OpenAIServingChat)
    chat.tool_call_parser = name
    chat.reasoning_parser = None
    chat.tokenizer_manager = SimpleNamespace(tokenizer=Tokenizer(fmt))
    return chat


def served_stream(chat: Any, pieces: list[str], **asked: Any) -> tuple[str, list[list[str]], list[str]]:
    """What `_process_tool_call_stream` sends, flushed with the last piece, and what is added for arguments that were not sent."""
    request = ChatCompletionRequest(model="m", messages=[{"role": "user", "content": "?"}], tools=TOOLS, stream=True, **asked)
    parsers: dict[int, Any] = {}
    chunks: list[str] = []
    about = {"meta_info": {"id": "1"}}

    async def serve() -> None:
        for at, piece in enumerate(pieces):
            last = at == len(pieces) - 1
            async for chunk in chat._process_tool_call_stream(0, piece, parsers, about, request, {}, 0, flush=last):
                chunks.append(chunk)

    asyncio.run(serve())
    left = chat._check_for_unstreamed_tool_args(parsers[0], about, request, 0, created=0)
    assert left is None
    content, calls, ids = "", [], []
    for chunk in chunks:
        delta = json.loads(chunk.removeprefix("data: "))["choices"][0]["delta"]
        content += delta.get("content") or ""
        for call in delta.get("tool_calls") or ():
            if call["function"].get("name"):
                calls.append([call["function"]["name"], ""])
                ids.append(call["id"])
            calls[call["index"]][1] += call["function"].get("arguments") or ""
    return content, calls, ids


@pytest.mark.parametrize("size", [1, 4, 1000])
def test_what_the_serving_layer_streams(size: int) -> None:
    pieces = [TEXT[at : at + size] for at in range(0, len(TEXT), size)]
    content, calls, ids = served_stream(serving("toolparse_qwen25", "hermes"), pieces)
    assert (content.strip(), calls) == ("Let me see.", [["f", '{"city": "Oslo"}']])
    assert all(ids)


def test_what_the_serving_layer_flushes() -> None:
    assert served_stream(serving("toolparse_qwen25", "hermes"), ["a ", "<tool"])[0] == "a <tool"


@pytest.mark.parametrize("size", [1, 1000])
@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "f"}}], ids=["required", "named"])
def test_forced_calls_that_the_serving_layer_streams(choice: Any, size: int) -> None:
    """In the model's format, whosever structural tag it is held to."""
    listed = '[{"name": "f", "arguments": {"city": "Oslo"}}]'
    for name, fmt, text in (("toolparse_qwen25", "hermes", TEXT.partition("\n")[2]), ("toolparse_xlam", "xlam", listed)):
        pieces = [text[at : at + size] for at in range(0, len(text), size)]
        _, calls, _ = served_stream(serving(name, fmt), pieces, tool_choice=choice)
        assert [(call, json.loads(arguments)) for call, arguments in calls] == [("f", {"city": "Oslo"})]


@pytest.mark.parametrize(("reason", "finish"), [("stop", "tool_calls"), ("length", "length")])
def test_a_whole_answer_of_the_serving_layer(reason: str, finish: str) -> None:
    tools = [Tool.model_validate(tool) for tool in TOOLS]
    calls, text, ended = serving("toolparse_qwen25", "hermes")._process_tool_calls(TEXT, tools, {"type": reason, "matched": None})
    assert [(call.function.name, call.function.arguments, bool(call.id)) for call in calls] == [("f", '{"city": "Oslo"}', True)]
    assert (text.strip(), ended["type"]) == ("Let me see.", finish)


@pytest.mark.parametrize("own", ["qwen3_coder", "llama3", "pythonic", "glm45", "xlam"])
def test_an_answer_without_calls_logs_no_warning(own: str, caplog: pytest.LogCaptureFixture) -> None:
    tools = [Tool.model_validate(tool) for tool in TOOLS]
    calls, text, _ = serving(f"toolparse_{own}", "hermes")._process_tool_calls(
        "It is noon (or so).", tools, {"type": "stop", "matched": None}
    )
    assert (calls, text, caplog.messages) == (None, "It is noon (or so).", [])


# -- what SGLang decides by a parser's name ----------------------------------------------------------------------------------------


def named(kind: str, name: str) -> str:
    """A name as SGLang's arguments hold it once they are resolved."""
    arguments = SimpleNamespace(**{kind: name})
    hooked = [hook for _, hook, _ in HookRegistry._hooks["sglang.srt.server_args.ServerArgs.resolve_once"]]
    assert len(hooked) == 1
    hooked[0](arguments)
    return getattr(arguments, kind)  # type: ignore[no-any-return]


@pytest.mark.parametrize("own", ["inkling", "muse", "apertus2509", "kimi_k3"])
def test_special_tokens_are_kept_for_our_names_as_for_sglangs(own: str) -> None:
    chat = serving("toolparse_qwen25", "hermes")
    kept = []
    for name in (own, named("reasoning_parser", f"toolparse_{own}")):
        chat.reasoning_parser, chat.chat_encoding_spec = name, None
        asked = ChatCompletionRequest(model="m", messages=[{"role": "user", "content": "?"}])
        chat._patch_reasoning_skip_special_tokens(asked)
        kept.append(asked.skip_special_tokens)
    assert kept == [False, False]


@pytest.mark.parametrize("own", ["kimi_k2", "kimi_k3"])
def test_ids_of_calls_are_those_of_sglangs_own_name(own: str) -> None:
    item = SimpleNamespace(name="f", tool_index=1)
    names = (own, named("tool_call_parser", f"toolparse_{own}"))
    ids = [serving(name, "kimi_k2")._process_tool_call_id(item, 2) for name in names]
    assert ids[0] == ids[1]


def compared() -> list[tuple[str, str, str, bool]]:
    """Every place in SGLang that compares a parser's name with text: file and line, kind, the text, whether it is by equality."""
    found = []
    home = Path(sglang.srt.__path__[0])
    for file in sorted(home.rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if not isinstance(node, ast.Compare):
                continue
            sides = [node.left, *node.comparators]
            said = {getattr(side, "attr", getattr(side, "id", "")) for side in sides}
            kind = next((kind for kind in ("tool_call_parser", "reasoning_parser") if kind in said), None)
            texts = [
                part.value for side in sides for part in ast.walk(side) if isinstance(part, ast.Constant) and isinstance(part.value, str)
            ]
            hashed = any(isinstance(side, (ast.Set, ast.Dict)) for side in sides)
            if kind is not None:
                place = f"{file.relative_to(home)}:{node.lineno}"
                found += [(place, kind, text, not hashed) for text in texts]
    return found


COMPARED = compared()


def test_the_places_that_compare_names_are_found() -> None:
    assert len(COMPARED) > 25
    assert [place for place, _, _, equality in COMPARED if not equality] == []


@pytest.mark.parametrize(("kind", "own"), sorted({(kind, text) for _, kind, text, _ in COMPARED}))
def test_a_name_of_ours_equals_the_one_that_it_stands_for(kind: str, own: str) -> None:
    """So each of those places decides for it as for SGLang's own. Where no format of ours has the name the docs say so."""
    ours = {name.lower(): name for name in (tool_parsers() if kind == "tool_call_parser" else reasoning_parsers())}
    if f"toolparse_{own}" not in ours:
        assert own in ("auto", "response_template"), own
        return
    name = named(kind, ours[f"toolparse_{own}"])
    assert name == own
    assert (name != own) is False
    assert name in ("?", own)
    assert pickle.loads(pickle.dumps(name)) == own
    table = FunctionCallParser.ToolCallParserEnum if kind == "tool_call_parser" else ReasoningParser.DetectorMap
    assert hasattr(table[name], "toolparse_format")


def test_an_adapter_that_reads_tokens_itself_is_told_our_plain_names() -> None:
    """SGLang's adapters for DeepSeek V4 and Inkling parse the output themselves where the names are theirs."""
    chat = serving(named("tool_call_parser", "toolparse_deepseekv4"), "hermes")
    chat.reasoning_parser = named("reasoning_parser", "toolparse_deepseek-v4")
    told = {}
    original = lambda self: told.update(tool=self.tool_call_parser, reasoning=self.reasoning_parser)  # noqa: E731
    _with_plain_names(original, chat)
    assert [type(name) for name in told.values()] == [str, str]
    assert ADAPTER in HookRegistry._patched


@pytest.mark.parametrize("own", ["qwen3-thinking", "minimax", "qwen3", "deepseek-r1", "deepseek-v3"])
def test_a_reasoning_parser_starts_as_sglangs_own(own: str) -> None:
    ReasoningParser(f"toolparse_{own}")
    text = "Hm.</think>Yes."
    assert ReasoningParser(f"toolparse_{own}").parse_non_stream(text)[0] == ("Hm." if ReasoningParser(own).detector._in_reasoning else "")


def test_without_a_tool_parser_what_is_not_reasoning_is_content() -> None:
    ReasoningParser("toolparse_hunyuan_a13b")
    parser = ReasoningParser("toolparse_hunyuan_a13b", force_reasoning=False, tool_call_parser_active=False)
    assert parser.parse_non_stream("<think>\nA\n</think>\n<answer>\nHello there.\n</answer>") == ("A", "Hello there.")
