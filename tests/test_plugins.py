"""The plug-ins' contracts, without the engines: small stand-ins of what each engine asks for. The engines themselves: tests/engines."""

from __future__ import annotations

import copy
import importlib
import json
import os
import pickle
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from queue import Empty
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import effort
import pytest

import toolparse
from toolparse.events import CallEnd, CallStart
from toolparse.parser import with_reasoning
from toolparse.plugins import lightllm, reports
from toolparse.plugins.detector import Detector, calls_only
from toolparse.plugins.names import reasoning_parsers, tool_parsers
from toolparse.plugins.readable_calls import NEAR, ReadableCalls, content_of
from toolparse.plugins.readable_calls import readable as readable_calls
from toolparse.plugins.reasoning_split import ReasoningSplit
from toolparse.plugins.sglang_hooks import ParserName, Plain
from toolparse.plugins.token_runs import TokenRuns
from toolparse.plugins.transformers import EventStreamer, format_of

TEXT = 'Let me see.\n<tool_call>\n{"name": "f", "arguments": {"city": "Oslo"}}\n</tool_call>'
TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}]
OBJECTS = [SimpleNamespace(type="function", function=SimpleNamespace(name="f", parameters=TOOLS[0]["function"]["parameters"]))]  # type: ignore[index]
CASES = [
    json.loads(line)
    for path in sorted((Path(__file__).parents[1] / "fixtures" / "vectors").glob("*.jsonl"))
    for line in path.read_text(encoding="utf-8").splitlines()
]


@pytest.fixture(autouse=True)
def _nothing_logged_yet() -> None:
    reports._said.clear()


# -- names ------------------------------------------------------------------------------------------------------------------------------


def test_every_name_of_every_format_is_offered() -> None:
    for fmt in toolparse.formats():
        for name in (fmt.name, *fmt.aliases):
            if fmt.calls or fmt.channels:
                assert tool_parsers()[f"toolparse_{name}"] == fmt.name
            if fmt.reasoning and "append" not in name:  # such parsers leave reasoning in the content
                assert f"toolparse_{name}" in reasoning_parsers()


def test_entry_points_lead_to_the_plugins() -> None:
    for group, module in (("vllm.general_plugins", "toolparse.plugins.vllm"), ("sglang.srt.plugins", "toolparse.plugins.sglang")):
        found = [entry for entry in entry_points(group=group) if entry.name == "toolparse"]
        assert [entry.value for entry in found] == [f"{module}:register"]
        assert callable(found[0].load())


def test_registering_with_vllm_imports_no_parser_and_compiles_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    registered: dict[str, tuple[str, str]] = {}

    class Manager:
        @staticmethod
        def register_lazy_module(name: str, path: str, class_name: str) -> None:
            registered[name] = (path, class_name)

    class ParserManager:
        @classmethod
        def _compose_parser(cls, **options: Any) -> None:
            return None

    for path, members in {
        "vllm": {},
        "vllm.tool_parsers": {},
        "vllm.tool_parsers.abstract_tool_parser": {"ToolParserManager": Manager},
        "vllm.reasoning": {"ReasoningParserManager": Manager},
        "vllm.parser": {},
        "vllm.parser.parser_manager": {"ParserManager": ParserManager},
    }.items():
        module = ModuleType(path)
        module.__dict__.update(members)
        monkeypatch.setitem(sys.modules, path, module)
    plugin = importlib.import_module("toolparse.plugins.vllm")
    plugin.register()
    composing = ParserManager._compose_parser
    plugin.register()
    assert ParserManager._compose_parser == composing  # registered twice, wrapped once
    assert registered["toolparse_qwen25"][0] == "toolparse.plugins.vllm_parsers"
    assert "toolparse.plugins.vllm_parsers" not in sys.modules
    assert ParserManager._compose_parser() is None


def broken(path: str, monkeypatch: pytest.MonkeyPatch, **members: Any) -> ModuleType:
    module = ModuleType(path)
    module.__dict__.update(members)
    monkeypatch.setitem(sys.modules, path, module)
    return module


def raising(*_: Any, **__: Any) -> Any:
    raise RuntimeError("it is otherwise here")


BROKEN_MANAGERS = {
    "nothing in it": None,
    "no way to register": type("Manager", (), {}),
    "registering raises": type("Manager", (), {"register_lazy_module": staticmethod(raising)}),
    "other arguments": type("Manager", (), {"register_lazy_module": staticmethod(lambda name: None)}),
}


@pytest.mark.parametrize("how", sorted(BROKEN_MANAGERS))
@pytest.mark.parametrize("engine", ["vllm", "sglang"])
def test_registering_never_raises(engine: str, how: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """In an engine whose parts are not where they were: one line in the log for each, once, and nothing else."""
    manager = BROKEN_MANAGERS[how]
    members = {} if manager is None else {"ToolParserManager": manager, "ReasoningParserManager": manager}
    for path in ("vllm", "vllm.tool_parsers", "vllm.parser", "vllm.entrypoints", "vllm.entrypoints.openai", "sglang", "sglang.srt"):
        broken(path, monkeypatch)
    for path in ("vllm.tool_parsers.abstract_tool_parser", "vllm.entrypoints.openai.tool_parsers", "vllm.reasoning"):
        broken(path, monkeypatch, **members)
    broken("vllm.parser.parser_manager", monkeypatch, ParserManager=type("ParserManager", (), {}))
    register = importlib.import_module(f"toolparse.plugins.{engine}").register
    register()
    lines = list(caplog.messages)
    register()
    assert lines
    assert all(line.startswith("toolparse ") for line in lines)
    assert caplog.messages == lines


def test_a_parser_name_equals_the_one_that_it_stands_for_and_is_another_key() -> None:
    name = ParserName("toolparse_glm47", "glm47")
    for each in (name, pickle.loads(pickle.dumps(name)), copy.deepcopy(name)):
        assert each == "glm47"
        assert each == "toolparse_glm47"
        assert each in ("glm45", "glm47")
        assert (each != "glm47") is False
        assert each != "glm45"
        assert each != 5
        assert {"glm47": 1, "toolparse_glm47": 2}[each] == 2
        assert type(str(each)) is str
    plain = Plain(SimpleNamespace(tool_call_parser=name, other=3))
    assert (type(plain.tool_call_parser), plain.tool_call_parser, plain.other) == (str, "toolparse_glm47", 3)


def test_composing_passes_everything_on_and_keeps_vllms_own_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    class ParserManager:
        @classmethod
        def _compose_parser(cls, *args: Any, **options: Any) -> Any:
            return (cls, args, options)

    class Manager:
        @staticmethod
        def register_lazy_module(name: str, path: str, class_name: str) -> None:
            pass

    for path in ("vllm", "vllm.tool_parsers", "vllm.parser"):
        broken(path, monkeypatch)
    broken("vllm.tool_parsers.abstract_tool_parser", monkeypatch, ToolParserManager=Manager)
    broken("vllm.reasoning", monkeypatch, ReasoningParserManager=Manager)
    broken("vllm.parser.parser_manager", monkeypatch, ParserManager=ParserManager)
    importlib.import_module("toolparse.plugins.vllm").register()
    heir = type("Heir", (ParserManager,), {})
    assert heir._compose_parser("a", "b", new=1) == (heir, ("a", "b"), {"new": 1})
    ours = type("Ours", (), {"toolparse_format": toolparse.get_format("hermes")})
    composed = type("Composed", (), {"tool_parser_cls": ours, "reasoning_parser_cls": None})
    monkeypatch.setattr(ParserManager, "_compose_parser", classmethod(lambda cls, **_: composed))
    importlib.import_module("toolparse.plugins.vllm").register()
    monkeypatch.setitem(sys.modules, "toolparse.plugins.vllm_parsers", None)  # as where vLLM's parser module is otherwise
    assert ParserManager._compose_parser() is composed


# -- vLLM as it was: a stand-in of the places and base classes of 0.12 -------------------------------------------------------------

OLD_VLLM = {
    "__init__": "",
    "entrypoints/__init__": "",
    "entrypoints/openai/__init__": "",
    "entrypoints/openai/protocol": """
class Model:
    def __init__(self, **fields):
        self.__dict__.update(fields)
class DeltaMessage(Model):
    content = reasoning = None
    tool_calls = ()
class DeltaFunctionCall(Model): name = arguments = None
class DeltaToolCall(Model): id = type = None
class FunctionCall(Model): pass
class ToolCall(Model): pass
class ExtractedToolCallInformation(Model): pass
""",
    "entrypoints/openai/tool_parsers/__init__": "from .abstract_tool_parser import ToolParser, ToolParserManager\n",
    "entrypoints/openai/tool_parsers/abstract_tool_parser": """
from vllm.entrypoints.openai.protocol import DeltaMessage, ExtractedToolCallInformation
class ToolParser:
    def __init__(self, tokenizer):
        self.prev_tool_call_arr = []
        self.current_tool_id = -1
        self.current_tool_name_sent = False
        self.streamed_args_for_tool = []
        self.model_tokenizer = tokenizer
    def adjust_request(self, request):
        request.constrained = True
        return request
class ToolParserManager:
    made = {}
""",
    "reasoning": """
class ReasoningParser:
    def __init__(self, tokenizer, *args, **kwargs):
        self.model_tokenizer = tokenizer
    @property
    def vocab(self):
        return self.model_tokenizer.get_vocab()
class ReasoningParserManager:
    made = {}
""",
}
LAZY = """
    @classmethod
    def register_lazy_module(cls, name, path, class_name):
        cls.made[name] = (path, class_name)
    @classmethod
    def get(cls, name):
        import importlib
        path, class_name = cls.made[name]
        return getattr(importlib.import_module(path), class_name)
"""
EAGER = """
    @classmethod
    def register_module(cls, name=None, force=True, module=None):
        cls.made[name] = module
    @classmethod
    def get(cls, name):
        return cls.made[name]
"""


class Letters:
    """A tokenizer of one token a character, whose vocabulary tells nothing of special tokens."""

    def get_vocab(self) -> dict[str, int]:
        return {}

    def decode(self, ids: list[int], skip_special_tokens: bool) -> str:
        return "".join(map(chr, ids))


@pytest.fixture(params=[LAZY, EAGER], ids=["lazy", "eager"])
def old_vllm(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, Any]]:
    """Both managers of such a vLLM, with the plug-in registered."""

    def forget() -> None:
        for name in list(sys.modules):
            if name.partition(".")[0] == "vllm" or name.startswith("toolparse.plugins.vllm"):
                del sys.modules[name]

    for path, text in OLD_VLLM.items():
        file = tmp_path / "vllm" / f"{path}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text + (request.param if "made = {}" in text else ""), encoding="utf-8")
    forget()
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module("toolparse.plugins.vllm_plugin")  # as with --tool-parser-plugin
    tools = importlib.import_module("vllm.entrypoints.openai.tool_parsers")
    yield tools.ToolParserManager, importlib.import_module("vllm.reasoning").ReasoningParserManager
    forget()


def old_request() -> SimpleNamespace:
    return SimpleNamespace(tools=OBJECTS, tool_choice="auto", parallel_tool_calls=True, skip_special_tokens=True)


def test_the_tool_parser_of_an_old_vllm(old_vllm: tuple[Any, Any]) -> None:
    made = old_vllm[0].get("toolparse_hermes")
    request = made(Letters()).adjust_request(old_request())
    assert (request.skip_special_tokens, request.constrained) == (False, True)
    told = made(Letters()).extract_tool_calls(TEXT, request)
    assert (told.tools_called, told.content) == (True, "Let me see.")
    assert [(call.function.name, call.function.arguments) for call in told.tool_calls] == [("f", '{"city": "Oslo"}')]
    parser, calls = made(Letters()), []
    for character in TEXT:
        delta = parser.extract_tool_calls_streaming("", "", character, (), (), [ord(character)], request)
        calls += delta.tool_calls if delta else []
    assert "".join(call.function.arguments or "" for call in calls) == '{"city": "Oslo"}'
    assert [call.function.name for call in calls if call.function.name] == ["f"]
    assert [call["name"] for call in parser.prev_tool_call_arr] == ["f"]


def test_an_old_vllm_finds_no_arguments_to_write_anew(old_vllm: tuple[Any, Any]) -> None:
    """It does so where the first call of an output's last delta has arguments."""
    parser = old_vllm[0].get("toolparse_hermes")(Letters())
    delta = parser.extract_tool_calls_streaming("", "", TEXT, (), (), list(map(ord, TEXT)), old_request())
    assert [(call.index, call.function.name, call.function.arguments) for call in delta.tool_calls] == [
        (0, "f", None),
        (0, None, '{"city": "Oslo"}'),
    ]


def old_serving(old_vllm: tuple[Any, Any], prompt: str, text: str) -> tuple[str, str, str]:
    """Reasoning, content and arguments of a stream of characters, with both parsers, asked in the order of an old vLLM."""
    reasoning, tools = old_vllm[1].get("toolparse_hermes")(Letters()), old_vllm[0].get("toolparse_hermes")(Letters())
    told, content, arguments = "", "", ""
    ended, before = False, ""
    for character in (*text, ""):
        ids = list(map(ord, character))
        if ended:
            piece, before = before + character, ""
            delta = tools.extract_tool_calls_streaming("", "", piece, (), (), ids, old_request())
        else:
            delta = reasoning.extract_reasoning_streaming("", "", character, (), (), ids)
            for asked in (list(map(ord, prompt)), ids):
                if reasoning.is_reasoning_end(asked):
                    ended = True
                    before = (delta and delta.content) or ""
                    if before:
                        delta.content = None
        told += (delta and delta.reasoning) or ""
        content += (delta and delta.content) or ""
        arguments += "".join(call.function.arguments or "" for call in delta.tool_calls) if delta else ""
    return told, content, arguments


def test_both_parsers_of_an_old_vllm(old_vllm: tuple[Any, Any]) -> None:
    opened = "<|im_start|>assistant\n"
    call = TEXT.partition("\n")[2]
    assert old_serving(old_vllm, opened, "<think>\nHm.\n</think>\n\n" + TEXT) == ("Hm.", "Let me see.", '{"city": "Oslo"}')
    assert old_serving(old_vllm, opened, "<think>\nHm.\n" + call) == ("Hm.", "", '{"city": "Oslo"}')
    assert old_serving(old_vllm, opened + "<think>\n\n</think>\n\n", call) == ("", "", '{"city": "Oslo"}')
    assert old_serving(old_vllm, opened, "It is noon.") == ("", "It is noon.", "")


# -- token ids --------------------------------------------------------------------------------------------------------------------------

VOCABULARY = {"<tool_call>": 1, "</tool_call>": 2, "<think>": 3, "</think>": 4}


def test_runs_of_special_and_typed_text() -> None:
    runs = TokenRuns(toolparse.get_format("hermes"), VOCABULARY)
    assert runs.split("a <tool_call>\n", [9, 1, 9]) == [("a ", None), ("<tool_call>", True), ("\n", None)]
    assert runs.split("x < y", [9]) == [("x < y", False)]
    assert runs.split("", [1]) == []
    assert runs.split("<tool_call>", []) == [("<tool_call>", None)]


def test_where_text_and_ids_part_the_text_alone_decides() -> None:
    runs = TokenRuns(toolparse.get_format("hermes"), VOCABULARY)
    assert runs.split("<tool", [1]) == [("<tool", None)]
    assert runs.split("_call> < ", [9]) == [("_call> < ", None)]


def test_text_that_comes_later_than_its_ids_decides_by_itself() -> None:
    """As from vLLM with `stop` strings: the ids are ahead by some characters of text, whatever the lag."""
    call = '<tool_call>{"name": "f", "arguments": {}}</tool_call>'
    for text, wanted in ((call, ("", "", [("f", "{}", True)])), ("<think>\nHm.\n</think>\n\nYes.", ("Yes.", "Hm.", []))):
        tokens = [token for token in re.split(r"(</?(?:tool_call|think)>|.)", text, flags=re.DOTALL) if token]
        ids = [VOCABULARY.get(token, 9) for token in tokens]
        for lag in (1, 3, 12, 19, 1000):
            runs, parser = TokenRuns(toolparse.get_format("hermes"), VOCABULARY), toolparse.Parser("hermes", tools=TOOLS, prompt="")
            given, shown, events = "", 0, []
            for at, token in enumerate(tokens):
                given += token
                until = len(text) if at == len(tokens) - 1 else max(shown, len(given) - lag)
                for run, special in runs.split(text[shown:until], [ids[at]]):
                    events += parser.feed(run, special)
                shown = until
            assert told(events + parser.finish()) == wanted, lag


def test_a_vocabulary_without_the_tokens_tells_nothing() -> None:
    runs = TokenRuns(toolparse.get_format("hermes"), {"<tool_call>": 1})
    assert runs.split("<tool_call>", [1]) == [("<tool_call>", None)]


# -- reasoning apart from the rest ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 4, 10_000])
@pytest.mark.parametrize(
    ("text", "reasoning", "rest"),
    [
        ("<think>\nHm.\n</think>\n\n" + TEXT, "Hm.", TEXT),
        ("<think>\nHm.\n" + TEXT.partition("\n")[2], "Hm.", TEXT.partition("\n")[2]),
        (TEXT, "", TEXT),
        ("<think>\nHm.", "Hm.", ""),
        ("", "", ""),
        ("a < b", "", "a < b"),
    ],
)
def test_split(size: int, text: str, reasoning: str, rest: str) -> None:
    split = ReasoningSplit(toolparse.get_format("hermes"), prompt="")
    parts = [split.feed(text[at : at + size]) for at in range(0, len(text), size)] + [split.finish()]
    assert "".join(part for part, _ in parts) == reasoning
    assert "".join(part for _, part in parts) == rest


SPLIT_CASES = [
    case for case in CASES if case["format"] in {fmt.name for fmt in toolparse.formats()} and toolparse.get_format(case["format"]).reasoning
]
PROMPT_TELLS = {"harmony/own-prefilled-call", "hy_v3/own-bare-is-text-with-suffix", "hy_v3/own-suffixed-is-text-when-bare"}
"""Texts that read otherwise without the prompt, which a tool parser is not told: it has opened a call, or fixed the suffix of markers."""
REASONING_TELLS = {
    "glm45/own-call-end-before-think",
    "minimax_m2/own-block-end-in-open-value",
    "qwen3_coder/own-wrapper-end-then-late-think",
    "seed_oss/own-wrapper-end-in-value-then-think",
}
"""Texts in which nothing but a closer of reasoning tells that the marker in front of it ends an open value."""


def halves(fmt: toolparse.Format, case: Any, size: int, tool_half: toolparse.Format | None = None) -> tuple[str, str, Any]:
    """Content, reasoning and calls of a text that a `ReasoningSplit` reads, and then a parser of calls."""
    split = ReasoningSplit(fmt, prompt=case["prefill"], tools=case["tools"])
    parser = toolparse.Parser(calls_only(tool_half or fmt), tools=case["tools"], prompt="")
    text, reasoning, events = case["text"], "", []
    steps = [split.feed(text[at : at + size]) for at in range(0, len(text), size)] + [split.finish()]
    for thought, rest in steps:
        reasoning += thought
        events += parser.feed(rest)
    content, other, calls = told(events + parser.finish())
    assert not other or fmt.channels
    return content, reasoning, calls


def told(events: list[Any]) -> tuple[str, str, Any]:
    builder = toolparse.MessageBuilder()
    for event in events:
        builder.add(event)
    message = builder.message
    return message.content or "", message.reasoning or "", [(call.name, call.arguments, call.complete) for call in message.tool_calls]


def one_parser(fmt: toolparse.Format, case: Any, **options: Any) -> tuple[str, str, Any]:
    parser = toolparse.Parser(fmt, tools=case["tools"], prompt=case["prefill"], **options)
    return told(parser.feed(case["text"]) + parser.finish())


@pytest.mark.parametrize("fmt", sorted({case["format"] for case in SPLIT_CASES}))
def test_two_halves_are_what_one_parser_is(fmt: str) -> None:
    """What the reasoning half passes on, joined with what the tool half makes of it, is what one parser makes of the whole."""
    cases = [case for case in SPLIT_CASES if case["format"] == fmt and case["id"] not in PROMPT_TELLS | REASONING_TELLS]
    for case in effort.some(cases, 5, fmt):
        whole = one_parser(toolparse.get_format(fmt), case)
        for size in (1, 4, 1_000_000) if effort.THOROUGH else (1, 1_000_000):
            assert halves(toolparse.get_format(fmt), case, size) == whole, (case["id"], size)


def test_what_comes_back_from_a_header_that_is_none_is_passed_on_once() -> None:
    case = next(case for case in SPLIT_CASES if case["id"] == "beam/own-header-in-answer")
    assert halves(toolparse.get_format("beam"), case, 1) == one_parser(toolparse.get_format("beam"), case)


@pytest.mark.parametrize("fmt", sorted({case["format"] for case in SPLIT_CASES}))
def test_halves_end_a_call_as_early_as_one_parser(fmt: str) -> None:
    """The reasoning half passes closers on at once: where no word of the end comes, as in LightLLM, no call waits for one."""
    known = toolparse.get_format(fmt)
    cases = [case for case in SPLIT_CASES if case["format"] == fmt and case["kind"] == "canonical"]
    for case in [] if known.channels else effort.some(cases, 5, fmt):
        text = case["text"]
        for stop in known.stop:  # servers take it off
            text = text.removesuffix(stop)
        one = toolparse.Parser(known, tools=case["tools"], prompt=case["prefill"]).feed(text)
        for size in (1, 1_000_000):
            split = ReasoningSplit(known, prompt=case["prefill"], tools=case["tools"])
            parser = toolparse.Parser(calls_only(known), tools=case["tools"], prompt="")
            fed = [event for at in range(0, len(text), size) for event in parser.feed(split.feed(text[at : at + size])[1])]
            assert told(fed)[2] == told(one)[2], (case["id"], size)


def test_what_halves_cannot_know_is_a_vector() -> None:
    assert {case["id"] for case in SPLIT_CASES} >= PROMPT_TELLS | REASONING_TELLS


@pytest.mark.parametrize("size", [1, 4, 1_000_000])
@pytest.mark.parametrize("names", [("qwen3_coder", "qwen3"), ("glm45", "qwen3"), ("kimi_k2", "deepseek_v3"), ("llama3_json", "hermes")])
def test_two_halves_of_different_names(names: tuple[str, str], size: int) -> None:
    tool, reasoning = toolparse.get_format(names[0]), toolparse.get_format(reasoning_parsers()[f"toolparse_{names[1]}"])
    both = with_reasoning(tool, reasoning)
    cases = [case for case in SPLIT_CASES if case["format"] == tool.name and case["id"] not in PROMPT_TELLS | REASONING_TELLS]
    for case in effort.some(cases, 10, size):
        assert halves(both, case, size, tool) == one_parser(both, case), case["id"]


@pytest.mark.parametrize("fmt", sorted({case["format"] for case in SPLIT_CASES}))
def test_without_a_tool_half_the_rest_is_content(fmt: str) -> None:
    for case in effort.some([case for case in SPLIT_CASES if case["format"] == fmt], 8, fmt):
        content, reasoning, _ = one_parser(toolparse.get_format(fmt), case, tool_choice="none")
        for size in (1, 1_000_000):
            split = ReasoningSplit(toolparse.get_format(fmt), prompt=case["prefill"], tools=case["tools"], calls_follow=False)
            text = case["text"]
            steps = [split.feed(text[at : at + size]) for at in range(0, len(text), size)] + [split.finish()]
            assert ("".join(rest for _, rest in steps), "".join(thought for thought, _ in steps)) == (content, reasoning), case["id"]


def test_a_split_costs_the_same_in_a_long_output() -> None:
    """What it keeps does not grow."""
    split = ReasoningSplit(toolparse.get_format("hermes"), prompt="")
    split.feed('<think>Hm.</think>Yes.\n<tool_call>\n{"name": "f", "arguments": {"x": "')
    kept = []
    for _ in range(3000):
        split.feed("ab c <d ")
        kept.append(len(split._waiting))
    assert max(kept) < 100


# -- calls that a client may carry out ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 4, 1_000_000])
def test_a_call_that_could_not_be_read_is_not_passed_on(size: int) -> None:
    """Neither whole nor in a stream; the calls behind it have the indices that an engine expects."""
    lost = '<tool_call>\n{"name": "f", "arguments": {'
    good = '<tool_call>\n{"name": "f", "arguments": {"city": "Oslo"}}\n</tool_call>'
    for text, wanted in ((lost, []), (good, [["f", '{"city": "Oslo"}']]), (good + "\n" + lost, [["f", '{"city": "Oslo"}']])):
        made = detector(toolparse.get_format("hermes"))
        assert [[item.name, item.parameters] for item in made.detect_and_parse(text, OBJECTS).calls] == wanted
        made = detector(toolparse.get_format("hermes"))
        made.prev_tool_call_arr, made.streamed_args_for_tool = [], []
        calls: list[list[str]] = []
        steps = [made.parse_streaming_increment(text[at : at + size], OBJECTS) for at in range(0, len(text), size)] + [made.finish(OBJECTS)]
        for item in (item for step in steps for item in step.calls):
            if getattr(item, "name", None):
                assert item.tool_index == len(calls)
                calls.append([item.name, ""])
            calls[item.tool_index][1] += item.parameters
        assert calls == wanted


def passed_on(parser: toolparse.Parser, text: str, size: int) -> list[toolparse.Event]:
    reading = ReadableCalls(parser)
    return [event for at in range(0, len(text), size) for event in reading.feed(text[at : at + size])] + reading.finish()


@pytest.mark.parametrize("size", [1, 4, 1_000_000])
def test_calls_behind_one_that_is_left_out_move_up(size: int) -> None:
    lost, good = "<tool_call>\n<function=f>\nfoo\n</function>\n</tool_call>", "<tool_call>\n<function=f>\n</function>\n</tool_call>"
    passed = passed_on(toolparse.Parser("qwen3_coder", tools=TOOLS), f"{lost}\n{good}", size)
    start = len(lost) + 1
    assert [(type(event), event.index) for event in passed if isinstance(event, (CallStart, CallEnd))] == [(CallStart, 0), (CallEnd, 0)]
    assert next(event.start for event in passed if isinstance(event, CallStart)) == start


@pytest.mark.parametrize(
    ("fmt", "text", "content"),
    [
        ("llama3_json", 'Well.\n\n{"name": "f", "parameters": {invalid json}', 'Well.\n\n{"name": "f", "parameters": {invalid json}'),
        ("llama3_json", '{"name": "f", "parameters": {invalid json}', '{"name": "f", "parameters": {invalid json}'),
        ("hermes", 'Well. <tool_call>\n{"name": "f", "arguments": {', 'Well. <tool_call>\n{"name": "f", "arguments": {'),
        ("mistral", "[TOOL_CALLS]f[ARGS]{bad", "[TOOL_CALLS]f[ARGS]{bad"),
        ("qwen3_coder", "<tool_call>\n<function=f>\nfoo\n</function>\n</tool_call>\n\nBye.", "<tool_call>\n<function=f>\nfoo\nBye."),
        ("hermes", "a" * 9000 + ' <tool_call>\n{"name": "f", "arguments": {', "a" * 9000 + ' <tool_call>\n{"name": "f", "arguments": {'),
    ],
)
@pytest.mark.parametrize("size", [1, 4, 1_000_000])
def test_a_call_that_is_left_out_is_content(fmt: str, text: str, content: str, size: int) -> None:
    """As the model wrote it, so an answer is not empty; whole and in a stream."""
    message = folded(passed_on(toolparse.Parser(fmt, tools=TOOLS), text, size))
    assert (message.content, message.tool_calls) == (content, [])
    assert content_of(toolparse.parse(text, fmt, tools=TOOLS), text) == content


@pytest.mark.parametrize("fmt", [fmt.name for fmt in toolparse.formats() if fmt.calls])
def test_where_a_stream_passes_no_call_on_the_whole_answer_says_the_same(fmt: str) -> None:
    call = toolparse.ToolCall(index=0, id="a", name="f", arguments='{"city": "Oslo"}')
    text = toolparse.render(toolparse.Message(content="Well.", tool_calls=[call]), fmt, tools=TOOLS)
    for end in effort.some(range(len(text)), 12):
        message = folded(passed_on(toolparse.Parser(fmt, tools=TOOLS), text[:end], 1))
        if not message.tool_calls:
            assert message.content == content_of(toolparse.parse(text[:end], fmt, tools=TOOLS), text[:end]), text[:end]


def test_an_error_about_a_call_keeps_it_from_a_client() -> None:
    for kind, kept in (("not_an_object", 0), ("unknown_tool", 1)):
        call = toolparse.ToolCall(name="f", arguments="{}")
        message = toolparse.Message(tool_calls=[call], problems=[toolparse.Problem(kind, "?", 0, 0, "error")])
        assert len(readable_calls(message)) == kept


def test_a_detector_keeps_nothing_of_the_arguments() -> None:
    """But what arrived last. So a delta costs the same wherever it stands in a call, and in whichever call."""
    made = detector(toolparse.get_format("hermes"))
    made.prev_tool_call_arr, made.streamed_args_for_tool = [], []
    made.parse_streaming_increment('<tool_call>\n{"name": "f", "arguments": {"city": "', OBJECTS)
    before = len(pickle.dumps((made.prev_tool_call_arr, made.streamed_args_for_tool, made._reading)))
    for _ in range(20_000):
        made.parse_streaming_increment("abcd", OBJECTS)
    assert len(pickle.dumps((made.prev_tool_call_arr, made.streamed_args_for_tool, made._reading))) < before + 4 * NEAR


def test_what_a_models_text_causes_is_logged_a_few_times(caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(100):
        reports.report([toolparse.Problem("lost_markers", "again", None, 0, "error")])
        reports.missing("a part of the engine")
    assert caplog.text.count("again") == reports.MOST + 1  # the last says "not logged again"
    assert caplog.text.count("a part of the engine") == 1


# -- what SGLang and LightLLM share ------------------------------------------------------------------------------------------------


def detector(fmt: toolparse.Format) -> Any:
    members = {"toolparse_format": fmt, "result_type": SimpleNamespace, "item_type": SimpleNamespace}
    return type("Made", (Detector,), members)()


def test_a_text_with_calls_is_known_for_one_before_the_tools_are() -> None:
    for case in effort.some([case for case in CASES if case["format"] != "response_template"], 300, "known"):
        tools = [SimpleNamespace(type="function", function=SimpleNamespace(**tool["function"])) for tool in case["tools"] or ()]
        made = detector(toolparse.get_format(case["format"]))
        if made.detect_and_parse(case["text"], tools).calls:
            assert made.has_tool_call(case["text"]), case["id"]


def test_prose_is_known_for_one_without_calls() -> None:
    for fmt in toolparse.formats():
        if fmt.calls or fmt.channels:
            assert not detector(fmt).has_tool_call("It is noon, or so."), fmt.name


def test_a_whole_answer_whose_markers_were_skipped_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    text = 'functions.f:0{"city": "Oslo"}'
    assert detector(toolparse.get_format("kimi_k2")).detect_and_parse(text, OBJECTS).calls == []
    assert "skip_special_tokens=False" in caplog.text


# -- LightLLM: a stand-in of its function_call_parser.py and reasoning_parser.py, and of what the server does with them -------------


def lightllm_table() -> Any:
    """The module's names, with one parser of its own."""

    class ToolCallItem(SimpleNamespace):
        def __init__(self, tool_index: int, parameters: str, name: str | None = None) -> None:
            super().__init__(tool_index=tool_index, parameters=parameters, name=name)

    class StreamingParseResult:
        def __init__(self, normal_text: str = "", calls: Any = None) -> None:
            self.normal_text = normal_text
            self.calls = calls or []

    class BaseFormatDetector:
        def __init__(self) -> None:
            self.prev_tool_call_arr: list[Any] = []
            self.current_tool_id = -1
            self.current_tool_name_sent = False
            self.streamed_args_for_tool: list[str] = []

    class FunctionCallParser:
        ToolCallParserEnum: ClassVar[dict[str, Any]] = {"qwen25": BaseFormatDetector}

        def __init__(self, tools: Any, tool_call_parser: str) -> None:
            self.detector = self.ToolCallParserEnum[tool_call_parser]()
            self.tools = tools

        def parse_non_stream(self, full_text: str) -> tuple[str, list[Any]]:
            said = self.detector.detect_and_parse(full_text, self.tools)
            return (said.normal_text, said.calls) if said.calls else (full_text, [])

    return SimpleNamespace(
        ToolCallItem=ToolCallItem,
        StreamingParseResult=StreamingParseResult,
        BaseFormatDetector=BaseFormatDetector,
        FunctionCallParser=FunctionCallParser,
        TOOLS_TAG_LIST=["<tool_call>"],
    )


def lightllm_reasoning() -> Any:
    """The module's names, with one parser that looks for a pair of markers and one that does something else."""

    class StreamingParseResult:
        def __init__(self, normal_text: str | None = None, reasoning_text: str | None = None) -> None:
            self.normal_text = normal_text or ""
            self.reasoning_text = reasoning_text or ""

    class BaseReasoningFormatDetector:
        def __init__(self, think_start_token: str, think_end_token: str, force_reasoning: bool) -> None:
            self.think_start_token = think_start_token
            self.think_end_token = think_end_token
            self._in_reasoning = force_reasoning

        def detect_and_parse(self, text: str) -> Any:
            return StreamingParseResult(reasoning_text="its own")

        def parse_streaming_increment(self, new_text: str) -> Any:
            return StreamingParseResult(reasoning_text="its own")

        def flush(self) -> Any:
            return StreamingParseResult()

    class Qwen3Detector(BaseReasoningFormatDetector):
        def __init__(self, stream_reasoning: bool = True, force_reasoning: bool = False) -> None:
            super().__init__("<think>", "</think>", force_reasoning)

    class AppendDetector(Qwen3Detector):
        def parse_streaming_increment(self, new_text: str) -> Any:
            return StreamingParseResult(normal_text=new_text)

    return SimpleNamespace(
        StreamingParseResult=StreamingParseResult,
        BaseReasoningFormatDetector=BaseReasoningFormatDetector,
        ReasoningParser=SimpleNamespace(DetectorMap={"qwen3": Qwen3Detector, "minimax-append-think": AppendDetector}),
    )


def serve_whole(module: Any, name: str, text: str, tools: Any) -> tuple[str, list[tuple[str, str]]]:
    """A whole answer, its reasoning taken out before: calls are looked for if one of the tags is in it."""
    if not any(tag in text for tag in module.TOOLS_TAG_LIST):
        return text, []
    content, items = module.FunctionCallParser(tools, name).parse_non_stream(text)
    return content, [(item.name, item.parameters) for item in items]


def serve_stream(module: Any, name: str, pieces: list[str], tools: Any) -> tuple[str, list[list[str]]]:
    """A streamed answer, with the server's rewriting of arguments that come with the finish reason, and without a word at the end."""
    detector = module.FunctionCallParser(tools, name).detector
    content, calls = "", []
    for at, piece in enumerate(pieces):
        said = detector.parse_streaming_increment(piece, tools)
        content += said.normal_text
        for item in said.calls:
            index = item.tool_index
            if at == len(pieces) - 1 and 0 <= index < min(len(detector.prev_tool_call_arr), len(detector.streamed_args_for_tool)):
                expected = json.dumps(detector.prev_tool_call_arr[index].get("arguments", {}), ensure_ascii=False)
                sent = detector.streamed_args_for_tool[index]
                item.parameters = expected.replace(sent[: len(sent) - len(item.parameters)], "", 1)
            if item.name:
                calls.append([item.name, ""])
            calls[index][1] += item.parameters
    return content, calls


def test_lightllm_has_every_format_under_both_names() -> None:
    module = lightllm_table()
    lightllm.install(module)
    lightllm.install(module)
    table = module.FunctionCallParser.ToolCallParserEnum
    for name in tool_parsers():
        assert table[name] is table[name.removeprefix("toolparse_")]
    assert table["qwen25"].toolparse_format.name == "hermes"
    assert module.TOOLS_TAG_LIST.count("") == 1


@pytest.mark.parametrize("size", [1, 4, 10_000])
def test_lightllm_streams_and_adds_nothing_at_the_end(size: int) -> None:
    module = lightllm_table()
    lightllm.install(module)
    pieces = [TEXT[at : at + size] for at in range(0, len(TEXT), size)]
    assert serve_stream(module, "qwen25", pieces, OBJECTS) == ("Let me see.", [["f", '{"city": "Oslo"}']])


def test_lightllm_reads_calls_in_an_output_with_reasoning() -> None:
    """Without a reasoning parser: reasoning is content; a call that it only mentions is none, one that ends open reasoning is."""
    module = lightllm_table()
    lightllm.install(module)
    call = TEXT.partition("\n")[2]
    found = [("f", '{"city": "Oslo"}')]
    thought = "<think>\nA <tool_call> it is.\n</think>"
    assert serve_whole(module, "qwen25", f"{thought}\n\n{call}", OBJECTS) == (thought, found)
    assert serve_whole(module, "qwen25", "<think>\nHm.\n" + call, OBJECTS) == ("<think>\nHm.", found)
    assert serve_whole(module, "qwen25", "It is noon.", OBJECTS) == ("It is noon.", [])
    assert serve_whole(module, "pythonic", '[f(city="Oslo")]', OBJECTS) == ("", found)


@pytest.fixture
def lightllm_started(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The arguments that the server was started with."""
    arguments = SimpleNamespace(tool_call_parser="qwen25")
    module = ModuleType("lightllm.utils.envs_utils")
    module.get_env_start_args = lambda: arguments  # type: ignore[attr-defined]
    for name in ("lightllm", "lightllm.utils"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return arguments


def reasoned(detector: Any, text: str, size: int | None) -> tuple[str, str]:
    """Reasoning and the rest, as the server gets them: whole, or in pieces of this size and a flush."""
    if size is None:
        steps = [detector.detect_and_parse(text)]
    else:
        steps = [detector.parse_streaming_increment(text[at : at + size]) for at in range(0, len(text), size)]
        steps.append(detector.flush())
    return "".join(step.reasoning_text for step in steps), "".join(step.normal_text for step in steps)


@pytest.mark.parametrize("size", [None, 1, 4, 10_000])
def test_lightllms_reasoning_ends_at_a_call(size: int | None, lightllm_started: SimpleNamespace) -> None:
    module = lightllm_reasoning()
    lightllm.install(lightllm_table(), module)
    lightllm.install(lightllm_table(), module)
    made = module.ReasoningParser.DetectorMap["qwen3"]
    call = TEXT.partition("\n")[2]
    assert reasoned(made(), "<think>\nHm.\n" + call, size) == ("Hm.", call)
    assert reasoned(made(force_reasoning=True), "Hm.\n" + call, size) == ("Hm.", call)
    mention = "A <tool_call> it is."
    assert reasoned(made(force_reasoning=True), f"{mention}\n</think>\n\n{TEXT}", size) == (mention, TEXT)
    assert reasoned(made(), "It is noon.", size) == ("", "It is noon.")
    assert reasoned(made(force_reasoning=True), "Hm. </thi", size) == ("Hm. </thi", "")


@pytest.mark.parametrize("size", [1, 4, 10_000])
def test_lightllm_shows_no_markup_of_calls_at_the_end(size: int, lightllm_started: SimpleNamespace) -> None:
    """It shows what its reasoning parser holds back, so that must be no call's."""
    module = lightllm_reasoning()
    lightllm.install(lightllm_table(), module)
    for text in (TEXT, f"{TEXT}\n", TEXT[:-3], TEXT[: TEXT.index("Oslo")]):
        detector = module.ReasoningParser.DetectorMap["qwen3"]()
        for at in range(0, len(text), size):
            detector.parse_streaming_increment(text[at : at + size])
        assert detector.flush().normal_text.strip() in ("", "Let me see.")


def test_lightllm_makes_ids_of_the_place_of_a_call() -> None:
    """Of Kimi's: two calls of one tool are the first and the second, not the tool's place in the request twice."""
    module = lightllm_table()
    lightllm.install(module)
    tools = [SimpleNamespace(type="function", function=SimpleNamespace(**each["function"])) for each in TOOLS]
    calls = [toolparse.ToolCall(index=at, name="f", arguments="{}") for at in range(2)]
    text = toolparse.render(toolparse.Message(tool_calls=calls), "kimi_k2", tools=TOOLS)
    _, items = module.FunctionCallParser(tools, "kimi_k2").parse_non_stream(text)
    assert [item.tool_index for item in items] == [0, 1]


def test_lightllms_reasoning_in_markers_that_the_format_does_not_have(lightllm_started: SimpleNamespace) -> None:
    lightllm_started.tool_call_parser = "kimi_k2"
    module = lightllm_reasoning()
    lightllm.install_reasoning(module)
    made = module.ReasoningParser.DetectorMap["qwen3"]()
    made.think_start_token, made.think_end_token = "[[", "]]"
    assert reasoned(made, "[[Hm.]]Yes.", 1) == ("Hm.", "Yes.")


def test_lightllms_own_reasoning_where_ours_has_nothing_to_add(lightllm_started: SimpleNamespace) -> None:
    module = lightllm_reasoning()
    other = module.ReasoningParser.DetectorMap["minimax-append-think"]
    lightllm.install_reasoning(module)
    assert module.ReasoningParser.DetectorMap["minimax-append-think"] is other
    lightllm_started.tool_call_parser = None
    assert reasoned(module.ReasoningParser.DetectorMap["qwen3"](), "Hm.", None) == ("its own", "")
    assert reasoned(module.ReasoningParser.DetectorMap["qwen3"](), "Hm.", 10) == ("its own", "")


@pytest.mark.parametrize("fmt", ["hermes", "mistral", "deepseek_v3", "deepseek_v31", "qwen3_coder"])
def test_lightllm_reads_the_vectors(fmt: str) -> None:
    module = lightllm_table()
    lightllm.install(module)
    for case in CASES:
        if case["format"] != fmt or not case["tools"] or case["kind"] != "canonical" or case["expect"]["reasoning"]:
            continue
        message = toolparse.parse(case["text"], fmt, tools=case["tools"], prompt="")
        tools = [SimpleNamespace(type="function", function=SimpleNamespace(**tool["function"])) for tool in case["tools"]]
        wanted = [(call.name, call.arguments) for call in message.tool_calls]
        assert serve_whole(module, fmt, case["text"], tools)[1] == wanted, case["id"]
        content, calls = serve_stream(module, fmt, list(case["text"]), tools)
        assert [tuple(call) for call in calls] == wanted, case["id"]
        assert content == (message.content or "").rstrip(), case["id"]  # LightLLM tells no detector of the end of a stream


def test_lightllms_server_process_installs_by_itself(tmp_path: Path) -> None:
    """The folder that is put into PYTHONPATH: a fresh interpreter that imports the table has our parsers in it."""
    package = tmp_path / "lightllm" / "server"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").touch()
    (package / "__init__.py").touch()
    (package / "function_call_parser.py").write_text(
        "TOOLS_TAG_LIST = []\nclass StreamingParseResult: pass\nclass ToolCallItem: pass\nclass BaseFormatDetector: pass\n"
        "class FunctionCallParser:\n    ToolCallParserEnum = {}\n",
        encoding="utf-8",
    )
    (package / "reasoning_parser.py").write_text(
        "class StreamingParseResult: pass\nclass BaseReasoningFormatDetector:\n"
        "    def parse_streaming_increment(self, text): pass\n"
        "class ReasoningParser:\n    DetectorMap = {'qwen3': BaseReasoningFormatDetector}\n",
        encoding="utf-8",
    )
    hidden = tmp_path / "site"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text("import sys\nsys.was_run = True\n", encoding="utf-8")
    site = subprocess.run([sys.executable, "-m", "toolparse.plugins.lightllm"], capture_output=True, text=True, check=True).stdout.strip()
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; assert sys.was_run; assert not any(name.startswith('toolparse') for name in sys.modules)\n"
            "from lightllm.server.function_call_parser import FunctionCallParser as Table\n"
            "from lightllm.server.reasoning_parser import ReasoningParser as Map\n"
            "print(sorted(Table.ToolCallParserEnum)[:2], Map.DetectorMap['qwen3'].__name__)",
        ],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([site, str(hidden), str(tmp_path)])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == "['apertus', 'apertus2509'] Toolparse_BaseReasoningFormatDetector"


# -- transformers -----------------------------------------------------------------------------------------------------------------------


class Tokenizer:
    """One token a byte, and the special tokens; a token at the start of a text loses its blank, as with SentencePiece."""

    def __init__(self, **described: Any) -> None:
        self.init_kwargs = described
        self.chat_template = described.get("chat_template")

    def get_vocab(self) -> dict[str, int]:
        return {token: 256 + number for token, number in VOCABULARY.items()}

    def encode(self, text: str) -> list[int]:
        ids: list[int] = []
        while text:
            token = next((token for token in VOCABULARY if text.startswith(token)), None)
            ids += [256 + VOCABULARY[token]] if token else text[0].encode()
            text = text[len(token or text[0]) :]
        return ids

    def decode(self, ids: list[int], skip_special_tokens: bool, clean_up_tokenization_spaces: bool) -> str:
        assert not skip_special_tokens
        special = {256 + number: token.encode() for token, number in VOCABULARY.items()}
        text = b"".join(special.get(number) or bytes([number]) for number in ids).decode(errors="replace")
        return text.removeprefix(" ")


def folded(streamer: Iterator[Any]) -> toolparse.Message:
    builder = toolparse.MessageBuilder()
    for event in streamer:
        builder.add(event)
    return builder.message


def run(streamer: EventStreamer, prompt: str, text: str) -> toolparse.Message:
    tokenizer = streamer.tokenizer
    streamer.put([tokenizer.encode(prompt)])
    for number in tokenizer.encode(text):
        streamer.put([number])
    streamer.end()
    return folded(streamer)


def test_a_streamer_gives_events() -> None:
    message = run(EventStreamer(Tokenizer(), "hermes", tools=TOOLS), "<|im_start|>assistant\n<think>\n", "Où ? 🧭\n</think>\n\n" + TEXT)
    assert message.reasoning == "Où ? 🧭"
    assert message.content == "Let me see."
    assert message.tool_calls[0].value() == {"city": "Oslo"}


def test_an_output_cut_inside_a_character_ends() -> None:
    streamer = EventStreamer(Tokenizer(), "hermes", prompt_comes_first=False)
    streamer.put("é".encode()[:1])
    streamer.end()
    assert folded(streamer).content == "\ufffd"


def test_a_streamer_waits_no_longer_than_it_may() -> None:
    with pytest.raises(Empty):
        next(EventStreamer(Tokenizer(), "hermes", timeout=0.01))


def test_one_sequence_at_a_time() -> None:
    with pytest.raises(ValueError, match="a batch of one"):
        EventStreamer(Tokenizer(), "hermes").put([[1], [2]])


def test_what_a_tokenizer_tells_of_its_format() -> None:
    template = {
        "start_anchor": "<|assistant|>",
        "fields": {
            "content": {"close": "<|end|>"},
            "tool_calls": {
                "open": "<call>", "close": "</call>", "content": "json", "repeats": True,
                "transform": {"type": "function", "function": "{content}"},
            },
        },
    }  # fmt: skip
    text = '<call>{"name": "f", "arguments": {}}</call><|end|>'
    message = run(EventStreamer(Tokenizer(response_template=template)), "<|assistant|>", text)
    assert [call.name for call in message.tool_calls] == ["f"]
    assert format_of(SimpleNamespace(name_or_path="Qwen/Qwen3-8B")) == "hermes"
    with pytest.raises(toolparse.UnknownFormat, match="name one"):
        format_of(Tokenizer())
