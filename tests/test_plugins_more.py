"""The plug-ins for LMDeploy, mlx, TensorRT-LLM, tabbyAPI and llama-cpp-python, against stand-ins of the places that they use.

`tests/engines/` has the real packages.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import pytest

from toolparse.plugins import llama_cpp, lmdeploy, mlx, tabby, tensorrt_llm
from toolparse.plugins.names import tool_parsers

TEXT = '<think>Hm.</think>So:\n<tool_call>\n{"name": "f", "arguments": {"city": "Oslo"}}\n</tool_call>'
TOOL = {"name": "f", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}


class Registry:
    """As much of mmengine's registry as is used."""

    def __init__(self) -> None:
        self.module_dict: dict[str, Any] = {}

    def get(self, name: str) -> Any:
        return self.module_dict.get(name)

    def register_module(self, name: str, module: Any, force: bool = False) -> None:
        assert force or name not in self.module_dict
        self.module_dict[name] = module


class Request(SimpleNamespace):
    def model_copy(self, update: dict[str, Any]) -> Request:
        return Request(**{**vars(self), **update})


class OwnResponses:
    """LMDeploy's `default` response parser: who is asked, and for what."""

    reasoning_parser_cls: ClassVar[Any] = None
    tool_parser_cls: ClassVar[Any] = None
    tokenizer: ClassVar[Any] = None
    tables: ClassVar[dict[str, Registry]] = {}

    @classmethod
    def set_parsers(cls, reasoning_parser_name: Any, tool_parser_name: Any, tokenizer: Any) -> None:
        cls.tokenizer = tokenizer
        cls.reasoning_parser_cls = cls.tables["reasoning"].get(reasoning_parser_name)
        cls.tool_parser_cls = cls.tables["tool"].get(tool_parser_name)

    def __init__(self, request: Any) -> None:
        self.enable_thinking = request.enable_thinking
        self.reasoning_tokens = None
        self.reasoning_enabled = True
        self.request = self.tool_parser_cls().adjust_request(request)

    def stream_chunk(self, delta_text: str, delta_token_ids: Any, **kwargs: Any) -> Any:
        return ["own", delta_text]


class OwnTools:
    structural_tag_model: ClassVar[str | None] = None

    def adjust_request(self, request: Any) -> Any:
        return request


class OwnReasoning:
    @classmethod
    def get_reasoning_open_tag(cls) -> str:
        return "<think>"

    @classmethod
    def get_reasoning_close_tag(cls) -> str:
        return "</think>"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A stand-in for LMDeploy with the plug-in in it; gives the class that its server makes of its command line."""
    tables = {kind: Registry() for kind in ("response", "tool", "reasoning")}
    monkeypatch.setattr(OwnResponses, "tables", tables)
    tables["response"].register_module("default", OwnResponses)
    tables["reasoning"].register_module("default", OwnReasoning)
    tables["tool"].register_module("qwen3", type("Qwen3", (OwnTools,), {"structural_tag_model": "qwen_3"}))
    types = dict.fromkeys(("DeltaMessage", "DeltaToolCall", "DeltaFunctionCall", "ToolCall", "FunctionCall"), SimpleNamespace)
    modules = {
        "lmdeploy.serve.parsers.response_parser": {"ResponseParserManager": tables["response"]},
        "lmdeploy.serve.parsers.tool_parser": {"ToolParserManager": tables["tool"], "ToolParser": OwnTools},
        "lmdeploy.serve.parsers.reasoning_parser": {"ReasoningParserManager": tables["reasoning"], "ReasoningParser": OwnReasoning},
        "lmdeploy.serve.openai.protocol": types,
    }
    for name, members in modules.items():
        module = ModuleType(name)
        vars(module).update(members)
        for part in range(1, name.count(".") + 1):
            package = ".".join(name.split(".")[:part])
            monkeypatch.setitem(sys.modules, package, sys.modules.get(package) or ModuleType(package))
        monkeypatch.setitem(sys.modules, name, module)
    lmdeploy.install()
    lmdeploy.install()  # a second time changes nothing

    def make(tool_parser: str, reasoning_parser: str | None) -> Any:
        made = type("Server", (tables["response"].get("default"),), {})
        made.set_parsers(reasoning_parser_name=reasoning_parser, tool_parser_name=tool_parser, tokenizer=None)
        return made

    make.tables = tables  # type: ignore[attr-defined]
    return make


def asked(**more: Any) -> Request:
    return Request(**{"tools": [TOOL], "tool_choice": "auto", "parallel_tool_calls": True, "enable_thinking": None, **more})


def test_lmdeploy_has_every_name_and_keeps_its_own(server: Any) -> None:
    table = server.tables["tool"].module_dict
    assert set(tool_parsers()) | {"qwen3"} == set(table)
    assert table["toolparse_qwen3"].structural_tag_model == "qwen_3"
    assert table["toolparse_mistral"].structural_tag_model is None


@pytest.mark.parametrize("size", [1, 5, len(TEXT)])
@pytest.mark.parametrize("reasoning", ["toolparse_hermes", "default"])
def test_lmdeploy_streams(server: Any, reasoning: str, size: int) -> None:
    parser = server("toolparse_hermes", reasoning)(asked())
    assert [delta.content for delta, _ in parser.stream_chunk("", [])] == [""]
    parts = {"content": "", "reasoning_content": "", "arguments": ""}
    for at in range(0, len(TEXT), size):
        for delta, of_call in parser.stream_chunk(TEXT[at : at + size], [], final=at + size >= len(TEXT)):
            assert of_call == hasattr(delta, "tool_calls")
            for field in ("content", "reasoning_content"):
                parts[field] += getattr(delta, field, "")
            for call in getattr(delta, "tool_calls", ()):
                parts["arguments"] += call.function.arguments
    assert parts == {"content": "So:", "reasoning_content": "Hm.", "arguments": '{"city": "Oslo"}'}


def test_lmdeploy_whole(server: Any) -> None:
    made = server("toolparse_hermes", "toolparse_hermes")
    content, calls, reasoning = made(asked()).parse_complete(TEXT, [])
    assert (content, reasoning, [call.function.name for call in calls]) == ("So:", "Hm.", ["f"])
    assert made(asked()).parse_complete(TEXT[:-30], [])[1] is None  # cut in the arguments
    assert made(asked(tools=None)).parse_complete(TEXT, [])[1] is None
    assert made(asked()).request.skip_special_tokens is False


def test_lmdeploys_own_parsers_are_asked_by_their_names(server: Any) -> None:
    assert server("qwen3", "default")(asked()).stream_chunk("x", []) == ["own", "x"]


@pytest.fixture
def packages(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Stand-ins for mlx-lm and mlx-vlm."""
    made: dict[str, Any] = {}
    for name in ("mlx_lm", "mlx_lm.tool_parsers", "mlx_lm.tokenizer_utils", "mlx_vlm", "mlx_vlm.tools", "mlx_vlm.tools.parsers",
                 "mlx_vlm.tools.registry"):  # fmt: skip
        made[name] = ModuleType(name)
        monkeypatch.setitem(sys.modules, name, made[name])
    made["mlx_lm.tokenizer_utils"]._infer_tool_parser = lambda tokenizer: "json_tools"
    vars(made["mlx_vlm.tools.registry"]).update(_BY_NAME={}, ParserSpec=lambda name, markers: name, _infer_tool_parser=None)
    for name in tool_parsers():
        for package in ("mlx_lm.tool_parsers", "mlx_vlm.tools.parsers"):
            monkeypatch.delitem(sys.modules, f"{package}.{name}", raising=False)
    yield made
    for name in [name for name in sys.modules if ".toolparse_" in name]:
        del sys.modules[name]


def test_mlx_finds_a_module_per_format(packages: dict[str, Any]) -> None:
    mlx.install()
    assert packages["mlx_lm.tokenizer_utils"]._infer_tool_parser(None) == "json_tools"
    assert "toolparse_glm45" in packages["mlx_vlm.tools.registry"]._BY_NAME
    module: Any = sys.modules["mlx_lm.tool_parsers.toolparse_hermes"]
    assert (module.tool_call_start, module.tool_call_end) == ("<tool_call>", "</tool_call>")
    (call,) = module.parse_tool_call('\n{"name": "f", "arguments": {"city": "Oslo"}}\n', None)
    assert (call["name"], call["arguments"]) == ("f", {"city": "Oslo"})
    with pytest.raises(ValueError, match=r"."):
        module.parse_tool_call('\n{"name": "f", "arguments": {"city": "Os', None)


def test_mlx_takes_the_chosen_one(packages: dict[str, Any]) -> None:
    mlx.install("toolparse_glm45")
    assert packages["mlx_lm.tokenizer_utils"]._infer_tool_parser(None) == "toolparse_glm45"
    with pytest.raises(ValueError, match="between two markers"):
        mlx.install("toolparse_llama3_json")


class TensorrtBase:
    """As much of TensorRT-LLM's `BaseToolParser` as is used."""

    needs_raw_special_tokens = False

    def __init__(self) -> None:
        self.prev_tool_call_arr: list[dict[str, Any]] = []
        self.streamed_args_for_tool: list[str] = []
        self.current_tool_id = -1
        self.current_tool_name_sent = False

    def supports_structural_tag(self) -> bool:
        return True


class TensorrtResult(SimpleNamespace):
    def __init__(self, normal_text: str = "", calls: Any = ()) -> None:
        super().__init__(normal_text=normal_text, calls=list(calls))


class TensorrtItem(SimpleNamespace):
    name = None


OF_TENSORRT = (
    "qwen3", "qwen3_coder", "kimi_k2", "kimi_k3", "deepseek_v3", "deepseek_v31", "deepseek_v32", "deepseek_v4", "deepseek_v41", "gemma4",
    "glm4", "glm47", "inkling", "minimax_m2", "minimax_m3", "poolside_v1",
)  # fmt: skip
"""The names of its own table, `xing4_0` aside."""


def test_tensorrt_llm_has_every_name(monkeypatch: pytest.MonkeyPatch) -> None:
    own = type("Qwen3ToolParser", (TensorrtBase,), {})
    table: dict[str, Any] = {"qwen3": own, "deepseekv3.1": type("Own31", (TensorrtBase,), {})}
    room = "tensorrt_llm.serve.tool_parser"
    modules = {
        "tensorrt_llm": {}, "tensorrt_llm.serve": {}, room: {}, f"{room}.base_tool_parser": {"BaseToolParser": TensorrtBase},
        f"{room}.core_types": {"StreamingParseResult": TensorrtResult, "ToolCallItem": TensorrtItem},
        f"{room}.tool_parser_factory": {"ToolParserFactory": SimpleNamespace(parsers=table)},
    }  # fmt: skip
    for name, members in modules.items():
        module = ModuleType(name)
        vars(module).update(members)
        monkeypatch.setitem(sys.modules, name, module)
    tensorrt_llm.install()
    assert set(tool_parsers()) < set(table)
    assert {f"toolparse_{name}" for name in OF_TENSORRT} <= set(table)
    assert table["qwen3"] is own
    made: Any = table["toolparse_qwen3"]()
    assert isinstance(made, own)
    assert made.supports_structural_tag()
    assert made.needs_raw_special_tokens
    assert issubclass(table["toolparse_deepseek_v31"], table["deepseekv3.1"])
    assert not table["toolparse_mistral"]().supports_structural_tag()
    tool = SimpleNamespace(function=SimpleNamespace(name="f", parameters={}))
    text = TEXT.partition("</think>")[2]
    assert [(call.name, call.parameters) for call in made.detect_and_parse(text, [tool]).calls] == [("f", '{"city": "Oslo"}')]
    pieces = [made.parse_streaming_increment(text[at : at + 3], [tool]) for at in range(0, len(text), 3)] + [made.finish([tool])]
    assert "".join(piece.normal_text for piece in pieces) == "So:"
    assert "".join(call.parameters for piece in pieces for call in piece.calls) == '{"city": "Oslo"}'


def test_tabby_has_formats_between_markers(monkeypatch: pytest.MonkeyPatch) -> None:
    own = object()
    table: dict[str, Any] = {"qwen3_coder": own}
    for name, members in (
        ("endpoints.OAI.utils.tools", {"ALL_TOOLCALL_FORMATS": table}),
        ("endpoints.OAI.types.tools", {"ToolCall": SimpleNamespace, "Tool": SimpleNamespace}),
    ):
        module = ModuleType(name)
        vars(module).update(members)
        monkeypatch.setitem(sys.modules, name, module)
    tabby.install()
    tabby.install()
    assert table["qwen3_coder"] is own
    assert "toolparse_pythonic" not in table
    made = table["toolparse_hermes"]
    assert (made.TOOLCALL_START, made.TOOLCALL_END) == ("<tool_call>", "</tool_call>")
    text = TEXT[TEXT.index("<tool_call>") :]
    calls = made.parse_toolcalls(text + text)
    assert [(call.function.name, call.function.arguments) for call in calls] == [("f", '{"city": "Oslo"}')] * 2
    assert len({call.id for call in calls}) == 2
    assert made.parse_toolcalls(text[: text.index("Oslo")]) == []
    assert table["toolparse_mistral"].TOOLCALL_END is None


class Llama:
    """As much of `llama_cpp.Llama` as is used."""

    metadata: ClassVar[dict[str, str]] = {"tokenizer.chat_template": "the template"}

    def token_eos(self) -> int:
        return 2

    def token_bos(self) -> int:
        return -1

    def detokenize(self, tokens: list[int], special: bool) -> bytes:
        return b"</s>"


@pytest.fixture
def handlers(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A stand-in for llama-cpp-python's module of chat formats, whose model always writes `TEXT`; gives its table."""
    table: dict[str, Any] = {}

    def add(name: str, chat_handler: Any, overwrite: bool) -> None:
        table[name] = chat_handler

    def formatter(template: str, eos_token: str, bos_token: str, stop_token_ids: list[int]) -> Any:
        assert (template, eos_token, bos_token, stop_token_ids) == ("the template", "</s>", "", [2])
        return lambda **given: SimpleNamespace(prompt="<|im_start|>assistant\n", **given)

    def own(formatter: Any) -> Any:
        def handler(stream: bool, tool_choice: Any, finish: str = "stop", **given: Any) -> Any:
            assert tool_choice is None  # llama-cpp-python would force a call
            formatter(messages=given["messages"], tools=given["tools"])
            if not stream:
                return {"choices": [{"index": 0, "message": {"role": "assistant", "content": TEXT}, "finish_reason": finish}]}
            deltas = [{"role": "assistant"}, *({"content": TEXT[at : at + 5]} for at in range(0, len(TEXT), 5))]
            chunks = [{"choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
            return iter([*chunks, {"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]}])

        return handler

    module = ModuleType("llama_cpp.llama_chat_format")
    vars(module).update(
        LlamaChatCompletionHandlerRegistry=lambda: SimpleNamespace(register_chat_completion_handler=add),
        Jinja2ChatFormatter=formatter, chat_formatter_to_chat_completion_handler=own,
    )  # fmt: skip
    monkeypatch.setitem(sys.modules, "llama_cpp", ModuleType("llama_cpp"))
    monkeypatch.setitem(sys.modules, "llama_cpp.llama_chat_format", module)
    llama_cpp.register()
    return table


def test_llama_cpp_python_answers_with_calls(handlers: dict[str, Any]) -> None:
    assert set(handlers) == set(tool_parsers())
    given: dict[str, Any] = {"llama": Llama(), "messages": [], "tools": [{"type": "function", "function": TOOL}]}
    whole = handlers["toolparse_hermes"](**given)["choices"][0]
    (call,) = whole["message"]["tool_calls"]
    assert (call["function"], whole["finish_reason"]) == ({"name": "f", "arguments": '{"city": "Oslo"}'}, "tool_calls")
    assert (whole["message"]["content"], whole["message"]["reasoning_content"]) == ("So:", "Hm.")

    choices = [chunk["choices"][0] for chunk in handlers["toolparse_hermes"](**given, stream=True)]
    assert choices[0]["delta"] == {"role": "assistant"}
    assert "".join(choice["delta"].get("content", "") for choice in choices) == "So:"
    calls = [call for choice in choices for call in choice["delta"].get("tool_calls", ())]
    assert "".join(call["function"]["arguments"] for call in calls) == '{"city": "Oslo"}'
    assert [choice["finish_reason"] for choice in choices if choice["finish_reason"]] == ["tool_calls"]


def test_llama_cpp_python_without_tools_or_template(handlers: dict[str, Any]) -> None:
    whole = handlers["toolparse_hermes"](llama=Llama(), messages=[], finish="length")["choices"][0]
    assert "tool_calls" not in whole["message"]
    assert whole["finish_reason"] == "length"
    with pytest.raises(ValueError, match="no chat template"):
        handlers["toolparse_hermes"](llama=SimpleNamespace(metadata={}), messages=[])
