"""SGLang's detectors over `toolparse.Parser`.

Where SGLang has a detector of its own for a format, ours is a subclass of it, so how a detector is made remains SGLang's, and so does what
constrains the sampler, where SGLang has a structural tag for the format and `constraints` does not say otherwise.
"""

from __future__ import annotations

from typing import Any, Literal

from sglang.srt.entrypoints.openai.protocol import Tool
from sglang.srt.environ import envs
from sglang.srt.function_call.base_format_detector import BaseFormatDetector
from sglang.srt.function_call.core_types import StreamingParseResult, ToolCallItem
from sglang.srt.function_call.function_call_parser import FunctionCallParser
from sglang.srt.parser.reasoning_parser import BaseReasoningFormatDetector, ReasoningParser
from sglang.srt.parser.reasoning_parser import StreamingParseResult as ReasoningResult

from toolparse.formats import get_format
from toolparse.grammar import Format
from toolparse.parser import parse, with_reasoning
from toolparse.plugins import constraints
from toolparse.plugins.detector import COUNTED, Detector
from toolparse.plugins.names import PREFIX
from toolparse.plugins.reasoning_split import ReasoningSplit
from toolparse.plugins.reports import missing, unasked
from toolparse.plugins.sglang_hooks import first_made, format_of_server, grammar_backend
from toolparse.wire.spellings import spellings

try:
    from xgrammar import StructuralTag
except ImportError:
    StructuralTag = None

_FIELDS: dict[Any, set[str]] = {
    StreamingParseResult: {"normal_text", "calls"},
    ToolCallItem: {"tool_index", "name", "parameters"},
    ReasoningResult: {"normal_text", "reasoning_text"},
    Tool: {"function"},
}
for _made, _fields in _FIELDS.items():  # what has another name would be left out in silence
    if _lost := _fields - set(getattr(_made, "model_fields", _fields)):
        raise AttributeError(f"{_made.__name__} has no {', '.join(sorted(_lost))}")

_STEPS = ("detect_and_parse", "parse_streaming_increment", "finish")
"""What SGLang calls of a detector of either kind."""


_NEVER_EMPTY = "_maybe_apply_force_nonempty_content"


class SglangDetector(Detector):
    """What SGLang adds to the shared contract."""

    result_type = StreamingParseResult
    item_type = ToolCallItem

    def unknown_tools(self) -> str:
        try:
            return "keep" if envs.SGLANG_FORWARD_UNKNOWN_TOOLS.get() else "drop"
        except AttributeError as error:
            missing("toolparse drops calls to unknown tools, as SGLang's switch for them is not there", error)
            return "drop"


class Constrained:
    """A detector's structural tag: SGLang's own, or ours. Mixed in before SGLang's class, whose answers `super()` gives."""

    written_format: Format
    """The one that calls are written in, where SGLang has one name for two."""
    request_tools: Any
    request_tokenizer: Any = None

    def get_structural_tag(
        self, tools: Any = None, tool_choice: Any = "auto", thinking_mode: bool = False, parallel_tool_calls: bool = True
    ) -> Any:
        own: Any = super()
        made = self._our_tag(tools, tool_choice, thinking_mode, parallel_tool_calls) if self._is_ours() else None
        if made is not None:
            return made
        try:
            return own.get_structural_tag(
                tools=tools, tool_choice=tool_choice, thinking_mode=thinking_mode, parallel_tool_calls=parallel_tool_calls
            )
        except Exception as error:
            missing("toolparse has no structural tag of SGLang's own, as it cannot be made", error)
            raise

    def supports_structural_tag(self) -> bool:
        own: Any = super()
        return bool(own.supports_structural_tag()) or (self._is_ours() and self._our_tag(self.request_tools) is not None)

    def parses_required_natively(self) -> bool:
        """Whether SGLang reads a forced call without its structural tag."""
        own: Any = super()
        return bool(own.parses_required_natively()) and not (self._is_ours() and self.supports_structural_tag())

    def get_required_tool_parser(self, tool_choice: Any) -> Any:
        """SGLang's reader of a forced call that is constrained to JSON; none where our tag constrains it."""
        own: Any = super()
        return None if self._is_ours() else own.get_required_tool_parser(tool_choice)

    def _is_ours(self) -> bool:
        own: Any = super()
        return constraints.ours(bool(own.supports_structural_tag() or own.get_structural_tag_name()))

    def _our_tag(self, tools: Any, tool_choice: Any = "auto", thinking_mode: bool = False, parallel: bool = True) -> Any:
        if StructuralTag is None or grammar_backend() not in (None, "xgrammar") or not tools:
            return None
        named = getattr(tool_choice, "function", None)
        choice = tool_choice if named is None else {"type": "function", "function": {"name": named.name}}
        fmt = self.written_format
        reasoning: Literal["auto", "open", "none"] = "none"
        if thinking_mode and fmt.reasoning:
            reasoning = "open" if fmt.reasoning[0].assumed else "auto"
        ids = token_ids(self.request_tokenizer, fmt.special_tokens)
        tag = constraints.structural_tag(fmt, tools, choice, parallel, reasoning, ids)
        return None if tag is None else StructuralTag.model_validate(tag)


def token_ids(tokenizer: Any, markers: tuple[str, ...]) -> dict[str, int]:
    """The ids of the markers that are tokens of a tokenizer."""
    try:
        ids = {marker: tokenizer.convert_tokens_to_ids(marker) for marker in markers}
        return {marker: number for marker, number in ids.items() if tokenizer.convert_ids_to_tokens(number) == marker}
    except Exception:  # no tokenizer, or one that does not tell: then the text alone counts
        return {}


class NoConstraint(BaseFormatDetector):  # type: ignore[misc]
    """For a format that SGLang does not know."""

    def supports_structural_tag(self) -> bool:
        return False

    def structure_info(self) -> Any:
        raise NotImplementedError("no structural tag")

    def has_tool_call(self, text: str) -> bool:
        raise NotImplementedError

    def detect_and_parse(self, text: str, tools: Any) -> Any:
        raise NotImplementedError


def _own(table: dict[str, type], name: str, fmt: Format, base: type) -> type | None:
    """SGLang's class for this name, or for another one of the format."""
    for known in (name.removeprefix(PREFIX), fmt.name, *fmt.aliases, *fmt.reasoning_aliases):
        if known in table and issubclass(table[known], base):
            return table[known]
    return None


def _format(name: str, fmt_name: str) -> Format:
    """The format for a name. SGLang has one name for bare Python calls and for those of Llama 4 between two tokens, so here it is both."""
    fmt = get_format(fmt_name)
    if name != f"{PREFIX}pythonic":
        return fmt
    other = get_format("llama4_pythonic")
    marked = tuple(calls for calls in other.calls if calls.open[0] in other.special_tokens)
    return fmt.variant(calls=(*marked, *fmt.calls), special_tokens=(*fmt.special_tokens, *other.special_tokens))


def own_name(attribute: str, name: str) -> str | None:
    """SGLang's own name for what is called `name` here, as the value of a serving layer's `tool_call_parser` or `reasoning_parser`."""
    table: dict[str, Any] = FunctionCallParser.ToolCallParserEnum if attribute == "tool_call_parser" else ReasoningParser.DetectorMap
    made = table.get(name if attribute == "tool_call_parser" else name.lower())
    fmt = getattr(made, "toolparse_format", None)
    if fmt is None:
        return None
    names = (name.removeprefix(PREFIX), fmt.name, *fmt.aliases, *fmt.reasoning_aliases)
    return next((known for known in names if known in table), None)


def tool_detector(name: str, fmt_name: str) -> type:
    """The detector class to register as `name`."""
    unasked(("has_tool_call", *_STEPS), BaseFormatDetector, "SGLang")
    fmt = _format(name, fmt_name)
    own = _own(FunctionCallParser.ToolCallParserEnum, name, fmt, BaseFormatDetector) or NoConstraint
    members: dict[str, Any] = {
        "toolparse_format": fmt,
        "written_format": get_format(fmt_name),
        "counts_calls": fmt.name in COUNTED,
        "__init__": first_made(own.__init__, own_name),  # type: ignore[misc]
    }
    return type(f"Toolparse_{fmt.name}", (SglangDetector, Constrained, own), members)


class SglangReasoning:
    """A reasoning detector's methods over `ReasoningSplit`, mixed into one of SGLang's."""

    toolparse_format: Format
    stream_reasoning: bool
    _in_reasoning = False
    _force_nonempty_content = False
    _split: ReasoningSplit | None = None
    _thought: list[str]
    _tools: Any = None
    _calls_follow = True

    def told(self, request: Any, calls_follow: bool) -> None:
        """What the request has for tools, and whether a tool parser reads what is not reasoning."""
        tools = getattr(request, "tools", None)
        self._tools = [tool for tool in tools if hasattr(tool, "function")] if isinstance(tools, list) else None
        self._calls_follow = calls_follow

    def detect_and_parse(self, text: str) -> Any:
        split = self._new_split()
        reasoning, rest = split.whole(text)
        if self._calls_follow and not split.called:  # SGLang then asks no tool parser, so what is left is what a client reads
            message = parse(text, self._format_of_output(), thinking=self._in_reasoning, tools=self._tools or None)
            reasoning, rest = message.reasoning or "", message.content or ""
        result = ReasoningResult(normal_text=rest, reasoning_text=reasoning)
        return getattr(self, _NEVER_EMPTY, lambda same: same)(result)

    def parse_streaming_increment(self, new_text: str) -> Any:
        if self._split is None:
            self._split, self._thought = self._new_split(), []
        reasoning, rest = self._split.feed(new_text)
        self._in_reasoning = not self._split.ended and (self._in_reasoning or bool(reasoning))
        return self._said(reasoning, rest, self._split.ended)

    def finish(self) -> Any:
        if self._split is None:
            return ReasoningResult()
        open_reasoning = not self._split.ended
        reasoning, rest = self._split.finish()
        if self._force_nonempty_content and open_reasoning and not rest:
            return ReasoningResult(normal_text="".join(self._thought) + reasoning)
        return self._said(reasoning, rest, ended=True)

    def _said(self, reasoning: str, rest: str, ended: bool) -> Any:
        if not self.stream_reasoning or self._force_nonempty_content:
            self._thought.append(reasoning)
        if not self.stream_reasoning:
            reasoning = "".join(self._thought) if ended else ""
        if ended:
            self._thought = []
        return ReasoningResult(normal_text=rest, reasoning_text=reasoning)

    def _new_split(self) -> ReasoningSplit:
        lost = [name for name in ("_in_reasoning", "_force_nonempty_content") if name not in vars(self)]
        lost += [_NEVER_EMPTY] if not hasattr(self, _NEVER_EMPTY) else []
        if lost:
            missing(f"toolparse does not have {', '.join(lost)} of SGLang's reasoning parser, and does without")
        fmt = self._format_of_output()
        return ReasoningSplit(fmt, thinking=self._in_reasoning, tools=self._tools, calls_follow=self._calls_follow)

    def _format_of_output(self) -> Format:
        """A call of the tool parser's format ends open reasoning, so the two formats are read as one."""
        tool = format_of_server() if self._calls_follow else None
        return self.toolparse_format if tool in (None, self.toolparse_format) else with_reasoning(tool, self.toolparse_format)


def reasoning_detector(name: str, fmt_name: str) -> type:
    """The reasoning detector class to register as `name`."""
    unasked(_STEPS, BaseReasoningFormatDetector, "SGLang")
    fmt = get_format(fmt_name)
    own = _own(ReasoningParser.DetectorMap, name, fmt, BaseReasoningFormatDetector)
    made = _constructor(fmt) if own is None else own.__init__  # type: ignore[misc]
    members: dict[str, Any] = {"toolparse_format": fmt, "__init__": first_made(made, own_name)}
    return type(f"Toolparse_{fmt.name}_reasoning", (SglangReasoning, own or BaseReasoningFormatDetector), members)


def _constructor(fmt: Format) -> Any:
    """For a format without a detector in SGLang: what its detectors take, with the format's own markers."""
    pair = fmt.reasoning[0]
    opener, closer = spellings(pair.open)[0].strip(), spellings(pair.close)[0].strip()

    def __init__(self: Any, stream_reasoning: bool = True, force_reasoning: bool = pair.assumed, **options: Any) -> None:
        BaseReasoningFormatDetector.__init__(
            self, opener, closer, stream_reasoning=stream_reasoning, force_reasoning=force_reasoning, **options
        )

    return __init__
