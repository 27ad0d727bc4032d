"""What the plug-ins, and the readers of `toolparse.testing.engines`, ask of the engines, as small stand-ins: names, arguments and the order
of calls are the engines', the parsers are a few lines for Hermes. The engines themselves: tests/engines.

`vllm`, `sglang`, `verl`, `renderers`, `transformers` and `openai_harmony` are the modules of each, by their paths; `installed` puts them
where imports look.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from functools import wraps
from pkgutil import resolve_name
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import toolparse
from toolparse import plugins
from toolparse.templates.response_template import from_response_template


@contextmanager
def installed(*engines: dict[str, dict[str, Any]]) -> Iterator[None]:
    """With these modules to import, and with nothing of the plug-ins imported that was made from others."""
    made: dict[str, ModuleType] = {}
    for path, members in ((path, members) for engine in engines for path, members in engine.items()):
        parts = path.split(".")
        for end in range(1, len(parts) + 1):
            made.setdefault(".".join(parts[:end]), ModuleType(".".join(parts[:end])))
        made[path].__dict__.update(members)
    for path, module in made.items():
        module.__dict__.setdefault("__path__", [])
        parent, _, name = path.rpartition(".")
        if parent:
            setattr(made[parent], name, module)
    # Only these are taken out again: what else is imported meanwhile stays.
    before = {path: sys.modules.get(path) for path in made}
    _forget_plugin()
    sys.modules.update(made)
    try:
        yield
    finally:
        _forget_plugin()
        for path, module in before.items():
            sys.modules.pop(path, None)
            if module is not None:
                sys.modules[path] = module


def _forget_plugin() -> None:
    for name in ("vllm", "vllm_parsers", "vllm_plugin", "sglang", "sglang_detectors", "verl", "renderers"):
        sys.modules.pop(f"toolparse.plugins.{name}", None)
        vars(plugins).pop(name, None)  # by which `from toolparse.plugins import` finds it


# -- Hermes, in a few lines -------------------------------------------------------------------------------------------------------------


def split_reasoning(text: str, opened: bool) -> tuple[str | None, str]:
    """The reasoning of a text, and what is behind it."""
    begun = text.lstrip().startswith("<think>")
    if not (begun or opened) or "</think>" not in text:
        return (text.removeprefix("<think>").strip(), "") if begun or opened else (None, text)
    reasoning, _, rest = text.partition("</think>")
    return reasoning.strip().removeprefix("<think>").strip(), rest.lstrip()


def split_calls(text: str) -> tuple[str, list[tuple[str, str]]]:
    """The text in front of the calls, and each call's name and arguments."""
    calls = [json.loads(found) for found in re.findall(r"<tool_call>\s*(\{.*?\})\s*</tool_call>", text, re.S)]
    return text.partition("<tool_call>")[0].strip(), [(call["name"], json.dumps(call["arguments"])) for call in calls]


class Letters:
    """A tokenizer of one token a character, whose vocabulary tells nothing of special tokens."""

    def get_vocab(self) -> dict[str, int]:
        return {}

    def encode(self, text: str, allowed_special: str = "") -> list[int]:
        return list(map(ord, text))

    def decode(self, ids: list[int], skip_special_tokens: bool = False) -> str:
        return "".join(map(chr, ids))


# -- vLLM -------------------------------------------------------------------------------------------------------------------------------


@dataclass
class DeltaFunctionCall:
    name: str | None = None
    arguments: str | None = None


@dataclass
class DeltaToolCall:
    index: int
    id: str | None = None
    type: str | None = None
    function: DeltaFunctionCall | None = None


@dataclass
class DeltaMessage:
    content: str | None = None
    reasoning: str | None = None
    tool_calls: list[DeltaToolCall] = field(default_factory=list)


@dataclass
class FunctionCall:
    name: str
    arguments: str
    id: str | None = None


@dataclass
class ToolCall:
    function: FunctionCall
    id: str | None = None


@dataclass
class ExtractedToolCallInformation:
    tools_called: bool
    tool_calls: list[ToolCall]
    content: str | None


class ValidationError(ValueError):
    """pydantic's, as the engines raise it."""


@dataclass
class ChatCompletionRequest:
    model: str = "m"
    messages: list[dict[str, Any]] = field(default_factory=list)
    tools: list[Any] = field(default_factory=list)
    tool_choice: Any = None
    chat_template_kwargs: dict[str, Any] | None = None
    parallel_tool_calls: bool = True
    include_reasoning: bool = True
    skip_special_tokens: bool = True
    spaces_between_special_tokens: bool = True

    def __post_init__(self) -> None:
        if any("function" not in tool for tool in self.tools):
            raise ValidationError("tools: a function is missing\nand more about it")
        self.tools = [SimpleNamespace(type="function", function=SimpleNamespace(**tool["function"])) for tool in self.tools]


class ToolParser:
    def __init__(self, tokenizer: Any, tools: Any = None) -> None:
        self.model_tokenizer, self.tools = tokenizer, tools
        self.prev_tool_call_arr: list[dict[str, Any]] = []
        self.streamed_args_for_tool: list[str] = []
        self.current_tool_id, self.current_tool_name_sent = -1, False
        self.text = ""

    @property
    def vocab(self) -> dict[str, int]:
        return self.model_tokenizer.get_vocab()  # type: ignore[no-any-return]

    def get_structural_tag(self, request: Any) -> Any:
        return None

    def adjust_request(self, request: Any) -> Any:
        request.structure = self.get_structural_tag(request)
        return request


class HermesToolParser(ToolParser):
    structural_tag_model = "hermes"

    def extract_tool_calls(self, text: str, request: Any) -> ExtractedToolCallInformation:
        content, calls = split_calls(text)
        return ExtractedToolCallInformation(bool(calls), [ToolCall(FunctionCall(*call)) for call in calls], content or None)

    def finish_streaming(self) -> DeltaMessage:
        content, calls = split_calls(self.text)
        deltas = [DeltaToolCall(at, f"call_{at}", "function", DeltaFunctionCall(*call)) for at, call in enumerate(calls)]
        return DeltaMessage(content or None, None, deltas)


class ReasoningParser:
    def __init__(self, tokenizer: Any, *args: Any, chat_template_kwargs: dict[str, Any] | None = None) -> None:
        self.model_tokenizer, self.opened = tokenizer, False

    def set_prompt_token_ids(self, ids: list[int]) -> None:
        self.opened = self.model_tokenizer.decode(ids).rstrip().endswith("<think>")

    def has_engine_confirmed_reasoning_end(self) -> bool:
        return False


class Qwen3ReasoningParser(ReasoningParser):
    def extract_reasoning(self, text: str, request: Any) -> tuple[str | None, str | None]:
        return split_reasoning(text, self.opened)


class _Manager:
    lazy_parsers: ClassVar[dict[str, Any]]

    @classmethod
    def list_registered(cls) -> list[str]:
        return sorted(cls.lazy_parsers)

    @classmethod
    def register_lazy_module(cls, name: str, path: str, class_name: str) -> None:
        cls.lazy_parsers[name] = (path, class_name)

    @classmethod
    def get_tool_parser(cls, name: str) -> Any:
        found = cls.lazy_parsers[name]
        return getattr(importlib.import_module(found[0]), found[1]) if isinstance(found, tuple) else found


class ToolParserManager(_Manager):
    lazy_parsers: ClassVar[dict[str, Any]] = {
        "hermes": HermesToolParser,
        "glm45": ("vllm.tool_parsers.not_installed", "Glm45"),
        "own": ToolParser,
    }


class ReasoningParserManager(_Manager):
    lazy_parsers: ClassVar[dict[str, Any]] = {"qwen3": Qwen3ReasoningParser, "hermes": Qwen3ReasoningParser}


class DelegatingParser:
    """A pair of parsers, one after the other."""

    tool_parser_cls: Any = None
    reasoning_parser_cls: Any = None

    def __init__(self, tokenizer: Any, tools: Any = None, *, chat_template_kwargs: dict[str, Any] | None = None) -> None:
        thinking, calling = self.reasoning_parser_cls, self.tool_parser_cls
        self._reasoning_parser = thinking and thinking(tokenizer, chat_template_kwargs=chat_template_kwargs)
        self._tool_parser = calling and calling(tokenizer, tools)
        self._stream_state = SimpleNamespace(tool_call_id_type="random", history_tool_call_cnt=0)
        self.text = ""

    def _initialize_history_tool_call_cnt(self, request: Any) -> None:
        self._stream_state.history_tool_call_cnt = sum(len(message.get("tool_calls") or ()) for message in request.messages)

    def set_prompt_token_ids(self, ids: list[int]) -> None:
        if self._reasoning_parser:
            self._reasoning_parser.set_prompt_token_ids(ids)

    def parse(
        self, text: str, request: Any, enable_auto_tools: bool = False, model_output_token_ids: Any = ()
    ) -> tuple[str | None, str | None, list[FunctionCall] | None]:
        reasoning, rest = self._reasoning_parser.extract_reasoning(text, request) if self._reasoning_parser else (None, text)
        if not self._tool_parser or not rest:
            return reasoning, rest, None
        told = self._tool_parser.extract_tool_calls(rest, request)
        return reasoning, told.content, [call.function for call in told.tool_calls] or None

    def parse_delta(self, text: str, ids: list[int], request: Any, prompt_token_ids: Any = None, *, finished: bool = False) -> Any:
        if prompt_token_ids is not None and not self.text:
            self.set_prompt_token_ids(prompt_token_ids)
        self.text += text
        if not finished:
            return None
        reasoning, content, calls = self.parse(self.text, request)
        deltas = [DeltaToolCall(at, "id", "function", DeltaFunctionCall(call.name, call.arguments)) for at, call in enumerate(calls or ())]
        return DeltaMessage(content, reasoning, deltas)

    def count_reasoning_tokens(self, ids: list[int]) -> int:
        return -1


class ParserManager:
    @classmethod
    def get_parser(
        cls,
        tool_parser_name: str | None = None,
        reasoning_parser_name: str | None = None,
        enable_auto_tools: bool = False,
        is_harmony: bool = False,
    ) -> Any:
        tools = ToolParserManager.get_tool_parser(tool_parser_name) if tool_parser_name else None
        thinking = ReasoningParserManager.get_tool_parser(reasoning_parser_name) if reasoning_parser_name else None
        return cls._compose_parser(tool_parser_cls=tools, reasoning_parser_cls=thinking)

    @classmethod
    def _compose_parser(cls, **classes: Any) -> Any:
        return type("Composed", (DelegatingParser,), classes)


class ChatStreamProcessor:
    def __init__(self, request: Any, parser: Any, *, enable_auto_tools: bool, parser_cls: Any) -> None:
        self.request, self.parser, self.begun = request, parser, False

    def step(self, text: str, ids: list[int], finish_reason: str | None, prompt_token_ids: list[int]) -> Any:
        prompt, self.begun = None if self.begun else prompt_token_ids, True
        return SimpleNamespace(delta=self.parser.parse_delta(text, ids, self.request, prompt, finished=finish_reason is not None))


class StructuralTag:
    """xgrammar's."""

    @classmethod
    def model_validate(cls, tag: dict[str, Any]) -> dict[str, Any]:
        return tag


COUNTED: list[tuple[bool, bool]] = []


def record_tool_parser_invocation(*, is_tool_called: bool, is_streaming: bool, request: Any) -> None:
    COUNTED.append((is_tool_called, is_streaming))


def make_tool_call_id(id_type: str = "random", func_name: str | None = None, idx: int | None = None) -> str:
    return f"functions.{func_name}:{idx}"


def get_function_tools(tools: Any) -> list[Any]:
    return [tool for tool in tools if tool.type == "function"]


vllm: dict[str, dict[str, Any]] = {
    "vllm.envs": {"VLLM_ENFORCE_STRICT_TOOL_CALLING": True},
    "vllm.tool_parsers": {"ToolParserManager": ToolParserManager},
    "vllm.tool_parsers.abstract_tool_parser": {"ToolParser": ToolParser, "ToolParserManager": ToolParserManager},
    "vllm.tool_parsers.utils": {"get_function_tools": get_function_tools},
    "vllm.reasoning": {"ReasoningParser": ReasoningParser, "ReasoningParserManager": ReasoningParserManager},
    "vllm.parser": {"ParserManager": ParserManager},
    "vllm.parser.parser_manager": {"ParserManager": ParserManager},
    "vllm.parser.abstract_parser": {"DelegatingParser": DelegatingParser},
    "vllm.parser.metrics": {"record_tool_parser_invocation": record_tool_parser_invocation},
    "vllm.renderers.chat_utils": {"make_tool_call_id": make_tool_call_id},
    "vllm.entrypoints.openai.chat_completion.protocol": {"ChatCompletionRequest": ChatCompletionRequest},
    "vllm.entrypoints.openai.chat_completion.stream_processor": {"ChatStreamProcessor": ChatStreamProcessor},
    "xgrammar": {"StructuralTag": StructuralTag},
}


# -- SGLang -----------------------------------------------------------------------------------------------------------------------------


class Tool(SimpleNamespace):
    @classmethod
    def model_validate(cls, tool: dict[str, Any]) -> Tool:
        if "function" not in tool:
            raise ValidationError("a function is missing")
        return cls(type="function", function=SimpleNamespace(**tool["function"]))


@dataclass
class ToolCallItem:
    tool_index: int
    name: str | None = None
    parameters: str = ""


@dataclass
class StreamingParseResult:
    normal_text: str = ""
    calls: list[ToolCallItem] = field(default_factory=list)


@dataclass
class ReasoningResult:
    normal_text: str | None = ""
    reasoning_text: str | None = ""


class BaseFormatDetector:
    def __init__(self) -> None:
        self.prev_tool_call_arr: list[dict[str, Any]] = []
        self.streamed_args_for_tool: list[str] = []
        self.current_tool_id, self.current_tool_name_sent = -1, False
        self.text = ""

    def has_tool_call(self, text: str) -> bool:
        return "<tool_call>" in text

    def detect_and_parse(self, text: str, tools: list[Any]) -> StreamingParseResult:
        content, calls = split_calls(text)
        return StreamingParseResult(content, [ToolCallItem(at, name, text) for at, (name, text) in enumerate(calls)])

    def parse_streaming_increment(self, text: str, tools: list[Any]) -> StreamingParseResult:
        self.text += text
        return StreamingParseResult()

    def finish(self, tools: list[Any]) -> StreamingParseResult:
        return self.detect_and_parse(self.text, tools)

    def supports_structural_tag(self) -> bool:
        return True

    def get_structural_tag_name(self) -> str | None:
        return None

    def get_structural_tag(self, **asked: Any) -> Any:
        return ["SGLang's own", asked]

    def parses_required_natively(self) -> bool:
        return True

    def get_required_tool_parser(self, tool_choice: Any) -> Any:
        return "SGLang's own"


class Qwen25Detector(BaseFormatDetector):
    pass


class NeedsItsTokenizer(BaseFormatDetector):
    def __init__(self) -> None:
        raise RuntimeError("this model's tokenizer is needed")


class BaseReasoningFormatDetector:
    def __init__(
        self,
        opener: str = "<think>",
        closer: str = "</think>",
        stream_reasoning: bool = True,
        force_reasoning: bool = False,
        force_nonempty_content: bool = False,
    ) -> None:
        self.opener, self.closer = opener, closer
        self.stream_reasoning, self.force_reasoning = stream_reasoning, force_reasoning
        self._in_reasoning, self._force_nonempty_content = force_reasoning, force_nonempty_content
        self.text = ""

    def _maybe_apply_force_nonempty_content(self, result: ReasoningResult) -> ReasoningResult:
        if self._force_nonempty_content and not result.normal_text:
            return ReasoningResult(result.reasoning_text, "")
        return result

    def detect_and_parse(self, text: str) -> ReasoningResult:
        reasoning, rest = split_reasoning(text, self._in_reasoning)
        return ReasoningResult(rest, reasoning)

    def parse_streaming_increment(self, text: str) -> ReasoningResult:
        self.text += text
        return ReasoningResult()

    def finish(self) -> ReasoningResult:
        return self.detect_and_parse(self.text)


class Qwen3Detector(BaseReasoningFormatDetector):
    pass


class FunctionCallParser:
    ToolCallParserEnum: ClassVar[dict[str, Any]] = {"qwen25": Qwen25Detector, "glm45": NeedsItsTokenizer}

    def __init__(self, tools: list[Any], tool_call_parser: str, tokenizer: Any = None) -> None:
        self.detector = self.ToolCallParserEnum[tool_call_parser]()
        self.tools = tools

    def parse_non_stream(self, text: str) -> tuple[str, list[Any]]:
        if not self.detector.has_tool_call(text):
            return text, []
        told = self.detector.detect_and_parse(text, self.tools)
        return told.normal_text, told.calls

    def parse_stream_chunk(self, text: str) -> tuple[str, list[Any]]:
        told = self.detector.parse_streaming_increment(text, self.tools)
        return told.normal_text, told.calls

    def parse_stream_end(self) -> tuple[str, list[Any]]:
        told = self.detector.finish(self.tools)
        return told.normal_text, told.calls


class SglangReasoningParser:
    DetectorMap: ClassVar[dict[str, Any]] = {"qwen3": Qwen3Detector}

    def __init__(
        self,
        model_type: str,
        stream_reasoning: bool = True,
        force_reasoning: bool | None = None,
        tokenizer: Any = None,
        request: Any = None,
        tool_call_parser_active: bool = False,
        **options: Any,
    ) -> None:
        opened = {} if force_reasoning is None else {"force_reasoning": force_reasoning}
        self.detector = self.DetectorMap[model_type.lower()](stream_reasoning=stream_reasoning, **opened, **options)

    def parse_non_stream(self, text: str) -> tuple[str | None, str | None]:
        told = self.detector.detect_and_parse(text)
        return told.reasoning_text, told.normal_text

    def parse_stream_chunk(self, text: str) -> tuple[str | None, str | None]:
        told = self.detector.parse_streaming_increment(text)
        return told.reasoning_text, told.normal_text

    def parse_stream_end(self) -> tuple[str | None, str | None]:
        told = self.detector.finish()
        return told.reasoning_text, told.normal_text


class ServerArgs:
    def __init__(self, tool_call_parser: str | None = None, reasoning_parser: str | None = None) -> None:
        self.tool_call_parser, self.reasoning_parser = tool_call_parser, reasoning_parser
        self._resolution_finished = False

    def resolve_once(self) -> None:
        self._resolution_finished = True


class OpenAIServingChat:
    def __init__(self, arguments: ServerArgs) -> None:
        self.tool_call_parser, self.reasoning_parser = arguments.tool_call_parser, arguments.reasoning_parser

    def _build_chat_encoding_adapter(self) -> str | None:
        """Reads tokens itself for a model that it knows by the name of its parser."""
        return "an adapter" if self.tool_call_parser == "qwen25" else None


class HookRegistry:
    hooks: ClassVar[list[tuple[str, Any, str]]] = []

    @classmethod
    def register(cls, target: str, hook: Any, kind: str) -> None:
        cls.hooks.append((target, hook, kind))

    @classmethod
    def apply_hooks(cls) -> None:
        for target, hook, kind in cls.hooks:
            owner = resolve_name(target.rpartition(".")[0])
            original = getattr(owner, target.rpartition(".")[2])
            setattr(owner, original.__name__, cls._hooked(original, hook, kind))
        cls.hooks.clear()

    @staticmethod
    def _hooked(original: Any, hook: Any, kind: str) -> Any:
        @wraps(original)
        def hooked(*args: Any, **options: Any) -> Any:
            if kind == "before":
                hook(*args, **options)
                return original(*args, **options)
            return hook(original, *args, **options)

        return hooked


SERVING = SimpleNamespace(tool_call_parser=None)
KERNEL = SimpleNamespace(grammar_backend="xgrammar")
FORWARDED = SimpleNamespace(get=lambda: False)

sglang: dict[str, dict[str, Any]] = {
    "sglang.srt.entrypoints.openai.protocol": {"ChatCompletionRequest": ChatCompletionRequest, "Tool": Tool},
    "sglang.srt.entrypoints.openai.serving_chat": {"OpenAIServingChat": OpenAIServingChat},
    "sglang.srt.environ": {"envs": SimpleNamespace(SGLANG_FORWARD_UNKNOWN_TOOLS=FORWARDED)},
    "sglang.srt.function_call.base_format_detector": {"BaseFormatDetector": BaseFormatDetector},
    "sglang.srt.function_call.core_types": {"StreamingParseResult": StreamingParseResult, "ToolCallItem": ToolCallItem},
    "sglang.srt.function_call.function_call_parser": {"FunctionCallParser": FunctionCallParser},
    "sglang.srt.parser.reasoning_parser": {
        "BaseReasoningFormatDetector": BaseReasoningFormatDetector,
        "ReasoningParser": SglangReasoningParser,
        "StreamingParseResult": ReasoningResult,
    },
    "sglang.srt.plugins.hook_registry": {"HookRegistry": HookRegistry, "HookType": SimpleNamespace(BEFORE="before", AROUND="around")},
    "sglang.srt.runtime_context": {"get_serving": lambda: SERVING, "get_exec": lambda: SimpleNamespace(kernel=KERNEL)},
    "sglang.srt.server_args": {"ServerArgs": ServerArgs},
    "xgrammar": {"StructuralTag": StructuralTag},
}


# -- trainers ---------------------------------------------------------------------------------------------------------------------------


class VerlToolParser:
    registry: ClassVar[dict[str, Any]] = {}

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer

    @classmethod
    def register(cls, name: str) -> Any:
        def registered(made: Any) -> Any:
            cls.registry[name] = made
            return made

        return registered


verl: dict[str, dict[str, Any]] = {
    "verl.experimental.agent_loop.tool_parser": {"FunctionCall": SimpleNamespace, "ToolParser": VerlToolParser},
    "verl.utils.ray_utils": {"get_event_loop": asyncio.get_running_loop},
    "verl.utils.rollout_trace": {"rollout_trace_op": lambda method: method},
}


class ToolCallParseStatus(Enum):
    OK = "ok"
    UNKNOWN_TOOL = "unknown_tool"
    UNCLOSED_BLOCK = "unclosed_block"
    MISSING_NAME = "missing_name"
    INVALID_JSON = "invalid_json"
    MALFORMED_STRUCTURE = "malformed_structure"


class DefaultRendererConfig(SimpleNamespace):
    pass


class DefaultRenderer:
    def __init__(self, tokenizer: Any, config: Any) -> None:
        self._tokenizer, self.config = tokenizer, config

    def get_stop_token_ids(self) -> list[int]:
        return [self._tokenizer.eos_token_id]


renderers: dict[str, dict[str, Any]] = {
    "renderers.base": {"ParsedResponse": SimpleNamespace, "ParsedToolCall": SimpleNamespace, "ToolCallParseStatus": ToolCallParseStatus},
    "renderers.configs": {"DefaultRendererConfig": DefaultRendererConfig},
    "renderers.default": {"DefaultRenderer": DefaultRenderer},
    "renderers.parsers": {"TOOL_PARSERS": {}},
}


# -- transformers, openai-harmony ---------------------------------------------------------------------------------------------------------


class PreTrainedTokenizerFast:
    def __init__(self, tokenizer_object: Any) -> None:
        self.tokenizer = tokenizer_object

    def parse_response(self, text: str, template: Any, *, prefix: str, tools: Any) -> dict[str, Any]:
        """As transformers' own: a dict of what was found, and an error for an output that the template does not describe."""
        message = toolparse.parse(text, from_response_template(template), tools=tools, prompt=prefix)
        if any(problem.severity == "error" for problem in message.problems):
            raise ValueError("the output does not match")
        calls = [{"type": "function", "function": {"name": call.name, "arguments": call.value()}} for call in message.tool_calls]
        found = {"role": "assistant", "content": message.content, "thinking": message.reasoning, "tool_calls": calls}
        return {key: value for key, value in found.items() if value}


transformers: dict[str, dict[str, Any]] = {
    "tokenizers": {"Tokenizer": SimpleNamespace, "models": SimpleNamespace(BPE=lambda vocab, merges: None)},
    "transformers": {"PreTrainedTokenizerFast": PreTrainedTokenizerFast},
}
transformers["tokenizers"]["Tokenizer"] = lambda model: model


class HarmonyError(Exception):
    pass


class StreamableParser:
    def __init__(self, encoding: Any, role: Any) -> None:
        self.text = "" if role is None else "<|start|>assistant"
        self.messages: list[Any] = []

    def process(self, token: int) -> None:
        self.text += chr(token)

    def process_eos(self) -> None:
        header = r"<\|start\|>assistant(?: to=(?P<before>[\w.]+))?<\|channel\|>(?P<channel>\w+)(?: to=(?P<to>[\w.]+))?[^<]*"
        one = re.compile(header + r"(?:<\|constrain\|>\w+)?<\|message\|>(?P<text>.*?)(?:<\|end\|>|<\|call\|>|<\|return\|>|\Z)", re.S)
        at = 0
        while found := one.match(self.text, at):
            at = found.end()
            said = [SimpleNamespace(text=found["text"])]
            self.messages.append(SimpleNamespace(recipient=found["before"] or found["to"], channel=found["channel"], content=said))
        if at < len(self.text):
            raise HarmonyError("unexpected tokens")


def load_harmony_encoding(name: str) -> Letters:
    return Letters()


openai_harmony: dict[str, dict[str, Any]] = {
    "openai_harmony": {
        "HarmonyError": HarmonyError,
        "Role": SimpleNamespace(ASSISTANT="assistant"),
        "StreamableParser": StreamableParser,
        "load_harmony_encoding": load_harmony_encoding,
    }
}
