"""LMDeploy's response parser over `toolparse.Parser`, put into its registries.

LMDeploy looks its parsers up in three registries and loads nothing of other packages, so its server is started by::

    python -m toolparse.plugins.lmdeploy serve api_server MODEL --tool-call-parser toolparse_hermes --reasoning-parser toolparse_hermes

Who embeds LMDeploy calls `install` before the server is made. Facts: lmdeploy 0.18.0, `lmdeploy/serve/parsers/`.

How it works. LMDeploy makes one response parser per request, of the class registered as `default`, which reads reasoning and the borders of
calls and leaves what stands between them to a tool parser. Ours takes its place, is the same parser where the names on the command line are
LMDeploy's, and reads all of the output itself where the tool parser is one of ours.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Any, ClassVar

from toolparse.events import CallArguments, CallStart, Content, Event, Reasoning
from toolparse.formats import get_format
from toolparse.grammar import Format
from toolparse.message import folded
from toolparse.parser import Parser, with_reasoning
from toolparse.plugins.detector import calls_only, marked
from toolparse.plugins.names import PREFIX, reasoning_parsers, tool_parsers
from toolparse.plugins.readable_calls import ReadableCalls, content_of, readable
from toolparse.plugins.reports import report
from toolparse.plugins.token_runs import TokenRuns
from toolparse.wire.spellings import spellings


class ToolNames:
    """One of our formats in LMDeploy's table of tool parsers; mixed into its `ToolParser`, which keeps the request's part."""

    toolparse_format: ClassVar[Format]

    def adjust_request(self, request: Any) -> Any:
        request = super().adjust_request(request)  # type: ignore[misc]
        return request.model_copy(update={"skip_special_tokens": False, "spaces_between_special_tokens": False})

    @classmethod
    def get_tool_open_tag(cls) -> str:
        """Any text will do: LMDeploy asks for one and `Responses` does not look for it."""
        return cls.toolparse_format.name

    get_tool_close_tag = get_tool_open_tag


class ReasoningNames:
    """One of our formats in LMDeploy's table of reasoning parsers.

    LMDeploy's own tool parsers, which may stand beside it, need the pair of markers; so do formats without one have no name there.
    """

    toolparse_format: ClassVar[Format]

    @classmethod
    def validate_tokenizer(cls, tokenizer: Any) -> None:
        """Markers need not be tokens: the text is enough."""

    @classmethod
    def get_reasoning_open_tag(cls) -> str:
        return spellings(cls.toolparse_format.reasoning[0].open)[0].strip()

    @classmethod
    def get_reasoning_close_tag(cls) -> str:
        return spellings(cls.toolparse_format.reasoning[0].close)[0].strip()

    def starts_in_reasoning_mode(self) -> bool:
        return self.toolparse_format.reasoning[0].assumed


class Responses:
    """A response parser's methods over `Parser`, mixed into LMDeploy's `default` one."""

    reasoning_parser_cls: ClassVar[Any]
    tool_parser_cls: ClassVar[Any]
    tokenizer: ClassVar[Any]
    toolparse_vocabulary: ClassVar[dict[str, int] | None] = None
    delta_types: ClassVar[Any]
    """LMDeploy's module of request and response types."""
    request: Any
    enable_thinking: bool | None
    reasoning_enabled: bool
    reasoning_tokens: int | None

    @classmethod
    def set_parsers(cls, reasoning_parser_name: Any = None, tool_parser_name: Any = None, tokenizer: Any = None) -> None:
        super().set_parsers(reasoning_parser_name, tool_parser_name, tokenizer)  # type: ignore[misc]
        cls.toolparse_vocabulary = None
        if any(name and name.startswith(PREFIX) for name in (reasoning_parser_name, tool_parser_name)):
            # With a tokenizer LMDeploy would look its markers up in the vocabulary, where they need not be.
            cls.tokenizer, cls.toolparse_vocabulary = None, None if tokenizer is None else tokenizer.get_vocab()

    def __init__(self, request: Any) -> None:
        super().__init__(request)  # type: ignore[call-arg]
        fmt = self._format(type(self).tool_parser_cls, type(self).reasoning_parser_cls)
        self._parser: Parser | None = None
        if fmt is None:
            return
        tools = self.request.tools if self.request.tools and request.tool_choice != "none" else None
        self._parser = Parser(
            fmt,
            tools=tools,
            tool_choice="auto" if tools else "none",
            parallel_tool_calls=request.parallel_tool_calls is not False,
            thinking=self._thinking(),
            unknown_tools="drop",  # as LMDeploy does
        )
        self._runs = TokenRuns(fmt, (type(self).toolparse_vocabulary or {}) if tools else {})
        self._readable = ReadableCalls(self._parser)
        self._begun = False

    def stream_chunk(self, delta_text: str, delta_token_ids: Sequence[int], **kwargs: Any) -> list[tuple[Any, bool]]:
        """What a piece of the output comes to, in order; each with whether it is of a call."""
        if self._parser is None:
            return super().stream_chunk(delta_text, delta_token_ids, **kwargs)  # type: ignore[misc, no-any-return]
        if not delta_text and not delta_token_ids and not self._begun:
            self._begun = True  # LMDeploy begins a stream with an empty piece, and its clients see an empty content
            return [(self.delta_types.DeltaMessage(role="assistant", content=""), False)]
        self._begun = True
        thought = self._parser.in_reasoning
        events = self._fed(self._readable, delta_text, delta_token_ids, final=bool(kwargs.get("final")))
        if type(self).reasoning_parser_cls is not None and self.enable_thinking is not False:
            self.reasoning_tokens = (self.reasoning_tokens or 0) + (len(delta_token_ids) if thought and self._parser.in_reasoning else 0)
        return self._deltas(events)

    def parse_complete(self, text: str, token_ids: Sequence[int] | None = None, **kwargs: Any) -> tuple[Any, Any, Any]:
        """Content, calls and reasoning of a whole output. Calls that the output cuts, or that could not be read, are content."""
        if self._parser is None:
            return super().parse_complete(text, token_ids, **kwargs)  # type: ignore[misc, no-any-return]
        events = self._fed(self._parser, text, token_ids or [], final=True)
        types, message = self.delta_types, folded(events)
        calls = [
            types.ToolCall(id=call.id, function=types.FunctionCall(name=call.name, arguments=call.arguments)) for call in readable(message)
        ]
        content = content_of(message, text)
        if self.enable_thinking is False:
            return "".join(filter(None, (message.reasoning, content))) or None, calls or None, None
        return content, calls or None, message.reasoning

    def _fed(self, parser: Parser | ReadableCalls, text: str, ids: Sequence[int], final: bool) -> list[Event]:
        """The events of a piece of the output, `final` if it is the last."""
        events = self._runs.feed(parser, text, ids)
        if final:
            events += parser.finish()
            report(events)
        return events

    @staticmethod
    def _format(tools: Any, reasoning: Any) -> Format | None:
        """The format that reads the output, None where LMDeploy's own parsers do."""
        calls = getattr(tools, "toolparse_format", None)
        thought = getattr(reasoning, "toolparse_format", None)
        if calls is None:
            return thought if tools is None else None
        if reasoning is None:
            return calls_only(calls)
        if thought is None:
            return marked(calls, reasoning.get_reasoning_open_tag(), reasoning.get_reasoning_close_tag())
        return calls if calls is thought else with_reasoning(calls, thought)

    def _thinking(self) -> bool | None:
        """What is known of how the output starts: what the request asks of the template, or what LMDeploy's own reasoning parser says."""
        reasoning = type(self).reasoning_parser_cls
        return self.enable_thinking if reasoning is None or hasattr(reasoning, "toolparse_format") else self.reasoning_enabled

    def _deltas(self, events: Iterable[Event]) -> list[tuple[Any, bool]]:
        """The events as LMDeploy's deltas: neighbours of one kind are one."""
        types = self.delta_types
        deltas: list[tuple[str, Any]] = []
        for event in events:
            match event:
                case Content(text):
                    _add(deltas, "content", text)
                case Reasoning(text):
                    _add(deltas, "content" if self.enable_thinking is False else "reasoning_content", text)
                case CallStart(index, id, name):
                    function = types.DeltaFunctionCall(name=name, arguments="")
                    _add(deltas, "tool_calls", [types.DeltaToolCall(id=id, index=index, type="function", function=function)])
                case CallArguments(index, text):
                    function = types.DeltaFunctionCall(arguments=text)
                    _add(deltas, "tool_calls", [types.DeltaToolCall(index=index, type=None, function=function)])
        return [(types.DeltaMessage(role="assistant", **{field: value}), field == "tool_calls") for field, value in deltas]


def _add(deltas: list[tuple[str, Any]], field: str, value: Any) -> None:
    if deltas and deltas[-1][0] == field:
        deltas[-1] = (field, deltas[-1][1] + value)
    else:
        deltas.append((field, value))


def install() -> None:
    """Put every format into LMDeploy's registries as `toolparse_NAME`. May be called any number of times."""
    responses = import_module("lmdeploy.serve.parsers.response_parser")
    tools = import_module("lmdeploy.serve.parsers.tool_parser")
    reasoning = import_module("lmdeploy.serve.parsers.reasoning_parser")
    types = import_module("lmdeploy.serve.openai.protocol")
    own = responses.ResponseParserManager.get("default")
    if issubclass(own, Responses):
        return
    table = tools.ToolParserManager
    for name, fmt_name in tool_parsers().items():
        fmt = get_format(fmt_name)
        known = next((table.module_dict[alias] for alias in (fmt.name, *fmt.aliases) if alias in table.module_dict), None)
        kept = {key: getattr(known, key) for key in ("structural_tag_model", "reasoning_structural_tag_model") if hasattr(known, key)}
        made = type(f"Toolparse_{fmt_name}", (ToolNames, tools.ToolParser), {"toolparse_format": fmt, **kept})
        table.register_module(name=name, module=made, force=True)
    for name, fmt_name in reasoning_parsers().items():
        fmt = get_format(fmt_name)
        if fmt.reasoning[0].open and fmt.reasoning[0].close:
            made = type(f"Toolparse_{fmt_name}_reasoning", (ReasoningNames, reasoning.ReasoningParser), {"toolparse_format": fmt})
            reasoning.ReasoningParserManager.register_module(name=name, module=made, force=True)
    made = type("ToolparseResponses", (Responses, own), {"delta_types": types})
    responses.ResponseParserManager.register_module(name="default", module=made, force=True)


if __name__ == "__main__":
    install()
    sys.exit(import_module("lmdeploy.cli").run())
