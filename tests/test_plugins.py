"""The plug-ins' contracts, without the engines: small stand-ins of what each engine asks for. The engines themselves: tests/engines."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from queue import Empty
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import pytest

import toolparse
from toolparse.plugins import lightllm
from toolparse.plugins.names import reasoning_parsers, tool_parsers
from toolparse.plugins.reasoning_split import ReasoningSplit
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


# -- names ------------------------------------------------------------------------------------------------------------------------------


def test_every_name_of_every_format_is_offered() -> None:
    for fmt in toolparse.formats():
        for name in (fmt.name, *fmt.aliases):
            if fmt.calls or fmt.channels:
                assert tool_parsers()[f"toolparse_{name}"] == fmt.name
            if fmt.reasoning:
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


# -- LightLLM: a stand-in of lightllm/server/function_call_parser.py and of what the server does with it ----------------------------------


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

    return SimpleNamespace(
        ToolCallItem=ToolCallItem,
        StreamingParseResult=StreamingParseResult,
        BaseFormatDetector=BaseFormatDetector,
        FunctionCallParser=FunctionCallParser,
        TOOLS_TAG_LIST=["<tool_call>"],
    )


def serve_whole(module: Any, name: str, text: str, tools: Any) -> list[tuple[str, str]]:
    """A whole answer: calls are looked for in all of the output, if one of the tags is in it."""
    if not any(tag in text for tag in module.TOOLS_TAG_LIST):
        return []
    return [(item.name, item.parameters) for item in module.FunctionCallParser(tools, name).detector.detect_and_parse(text, tools).calls]


def serve_stream(module: Any, name: str, pieces: list[str], tools: Any) -> tuple[str, list[list[str]]]:
    """A streamed answer, with the server's rewriting of arguments that come with the finish reason, and its flush at the end."""
    detector = module.FunctionCallParser(tools, name).detector
    content, calls = "", []
    steps = [(detector.parse_streaming_increment, piece) for piece in pieces]
    for at, (step, piece) in enumerate(steps):
        said = step(piece, tools)
        content += said.normal_text
        for item in said.calls:
            index = item.tool_index
            if at == len(steps) - 1 and 0 <= index < min(len(detector.prev_tool_call_arr), len(detector.streamed_args_for_tool)):
                expected = json.dumps(detector.prev_tool_call_arr[index].get("arguments", {}), ensure_ascii=False)
                sent = detector.streamed_args_for_tool[index]
                item.parameters = expected.replace(sent[: len(sent) - len(item.parameters)], "", 1)
            if item.name:
                calls.append([item.name, ""])
            calls[index][1] += item.parameters
    said = detector.finalize_streaming(tools)
    for item in said.calls:
        if item.name:
            calls.append([item.name, ""])
        calls[item.tool_index][1] += item.parameters
    return content + said.normal_text, calls


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
    """A call that the reasoning only mentions is none; the call behind it, and one that ends open reasoning, are."""
    module = lightllm_table()
    lightllm.install(module)
    call = TEXT.partition("\n")[2]
    assert serve_whole(module, "qwen25", "<think>\nA <tool_call> it is.\n</think>\n\n" + call, OBJECTS) == [("f", '{"city": "Oslo"}')]
    assert serve_whole(module, "qwen25", "<think>\nHm.\n" + call, OBJECTS) == [("f", '{"city": "Oslo"}')]
    assert serve_whole(module, "qwen25", "It is noon.", OBJECTS) == []
    assert serve_whole(module, "pythonic", '[f(city="Oslo")]', OBJECTS) == [("f", '{"city": "Oslo"}')]


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
        assert serve_whole(module, fmt, case["text"], tools) == wanted, case["id"]
        content, calls = serve_stream(module, fmt, list(case["text"]), tools)
        assert [tuple(call) for call in calls] == wanted, case["id"]
        assert (content or None) == message.content, case["id"]


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
    hidden = tmp_path / "site"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text("import sys\nsys.was_run = True\n", encoding="utf-8")
    site = subprocess.run([sys.executable, "-m", "toolparse.plugins.lightllm"], capture_output=True, text=True, check=True).stdout.strip()
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; assert sys.was_run; assert not any(name.startswith('toolparse') for name in sys.modules)\n"
            "from lightllm.server.function_call_parser import FunctionCallParser as Table; print(sorted(Table.ToolCallParserEnum)[:2])",
        ],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([site, str(hidden), str(tmp_path)])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == "['apertus', 'apertus2509']"


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
