"""Prime Intellect's `renderers`: every format as a tool parser of its `DefaultRenderer`, and a renderer that reads with toolparse.

Three ways in, each the library's own:

- `register()` puts `toolparse_NAME` among `renderers.parsers.TOOL_PARSERS`, for `DefaultRendererConfig(tool_parser="toolparse_NAME")`;
- `ToolparseRenderer`, for `CustomRendererConfig(import_path="toolparse.plugins.renderers.ToolparseRenderer", format="hermes")`, reads
  reasoning, content and calls in one pass, with the request's tools and the prompt;
- `parsed_response(...)` gives the `ParsedResponse` of tokens to whoever has them.

Each attempt at a call is a `ParsedToolCall` with its status, its raw text and its tokens, so that a trainer can mask those that are broken.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from renderers.base import ParsedResponse, ParsedToolCall, ToolCallParseStatus
from renderers.configs import DefaultRendererConfig
from renderers.default import DefaultRenderer
from renderers.parsers import TOOL_PARSERS

from toolparse.events import Attempt
from toolparse.formats import get_format
from toolparse.grammar import Format
from toolparse.jsontext.partial import loaded
from toolparse.message import Message, ReasoningPart, TextPart, ToolCall
from toolparse.parser import Parser
from toolparse.plugins.names import tool_parsers
from toolparse.plugins.whole_outputs import decoded, presumed_prompt, read_ids, stop_ids, token_at

STATUSES = {
    "ok": ToolCallParseStatus.OK,
    "repaired": ToolCallParseStatus.OK,
    "unknown_tool": ToolCallParseStatus.UNKNOWN_TOOL,
    "cut": ToolCallParseStatus.UNCLOSED_BLOCK,
    "no_name": ToolCallParseStatus.MISSING_NAME,
    "unreadable": ToolCallParseStatus.INVALID_JSON,
    "dropped": ToolCallParseStatus.MALFORMED_STRUCTURE,
}
"""What `renderers` calls the statuses of attempts. A call that was repaired is one that a tool can run."""


def parsed_response(
    tokenizer: Any,
    token_ids: Sequence[int],
    fmt: str | Format,
    *,
    tools: Any = None,
    prompt_ids: Sequence[int] | None = None,
    stop_token_ids: Sequence[int] = (),
) -> ParsedResponse:
    """The response that these tokens are. Token spans count from the first of them; stop tokens at their end are left out."""
    ids = list(token_ids)
    chosen = get_format(fmt) if isinstance(fmt, str) else fmt
    stops = {*stop_token_ids, *stop_ids(chosen, tokenizer)}
    while ids and ids[-1] in stops:
        ids.pop()
    if prompt_ids is None:
        prompt = presumed_prompt(chosen, decoded(tokenizer, ids))
    else:
        prompt = decoded(tokenizer, list(prompt_ids)[-PROMPT_TOKENS:])
    parser = Parser(chosen, tools=tools, prompt=prompt, spans=True)
    message = read_ids(parser, tokenizer, ids)
    return ParsedResponse(
        content=message.content or "",
        reasoning_content=message.reasoning,
        tool_calls=_calls(message, tokenizer, ids),
        reasoning_complete=not parser.in_reasoning,
    )


PROMPT_TOKENS = 1024
"""How many tokens of the prompt's end are looked at for where the output starts."""


def _calls(message: Message, tokenizer: Any, ids: list[int]) -> list[Any]:
    whole = {(call.start, call.end): call for call in message.tool_calls}
    made = []
    for attempt in message.attempts:
        call = whole.get((attempt.start, attempt.end))
        start, end = (attempt.start, attempt.end) if call is None or call.span is None else call.span
        made.append(
            ParsedToolCall(
                raw=attempt.text,
                name=attempt.name,
                arguments=_arguments(call, attempt),
                token_span=_tokens(tokenizer, ids, start, end),
                status=STATUSES[attempt.status],
                id=call.id if call is not None else None,
            )
        )
    return made


def _arguments(call: ToolCall | None, attempt: Attempt) -> Any:
    """An object where the arguments are one, their text otherwise."""
    if call is None:
        return None
    value = loaded(call.arguments)
    return value if isinstance(value, dict) else call.arguments


def _tokens(tokenizer: Any, ids: list[int], start: int, end: int) -> tuple[int, int]:
    """The tokens in which a stretch of the text stands, half open."""
    first, last = token_at(tokenizer, ids, [start, max(end - 1, start)])
    return first, min(last + 1, len(ids))


class ToolparseToolParser:
    """A tool parser of `DefaultRenderer`: it gets the tokens behind the reasoning, and neither tools nor the prompt."""

    format: Format

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer

    def extract(self, ids: list[int]) -> tuple[list[int], list[Any]]:
        """The tokens of the content, and the attempts."""
        message = read_ids(Parser(self.format, prompt="", spans=True), self._tokenizer, ids)
        calls = _calls(message, self._tokenizer, ids)
        content: list[int] = []
        for part in message.parts:
            if isinstance(part, (TextPart, ReasoningPart)) and part.span is not None:
                first, last = _tokens(self._tokenizer, ids, *part.span)
                content += ids[first:last]
        return content if calls else ids, calls


def register() -> None:
    """Put every format among the tool parsers, as `toolparse_NAME`. May be called any number of times."""
    for name, fmt in tool_parsers().items():
        TOOL_PARSERS[name] = type(f"Toolparse_{fmt}", (ToolparseToolParser,), {"format": get_format(fmt)})


class ToolparseRendererConfig(DefaultRendererConfig):  # type: ignore[misc]
    """The default renderer's, and the format that the model writes; without one the tokenizer's chat template tells it."""

    name: Literal["custom"] = "custom"
    format: str | None = None
    _internal_fields = frozenset({"tool_parser", "reasoning_parser", "format"})


class ToolparseRenderer(DefaultRenderer):  # type: ignore[misc]
    """The default renderer (the model's own chat template), whose `parse_response` is toolparse."""

    config_class = ToolparseRendererConfig

    def __init__(self, tokenizer: Any, config: Any = None) -> None:
        super().__init__(tokenizer, config or ToolparseRendererConfig())
        named = getattr(self.config, "format", None)
        if named is None:
            from toolparse.plugins.transformers import format_of

            named = format_of(tokenizer)
        self.format = get_format(named) if isinstance(named, str) else named

    @property
    def supports_tools(self) -> bool:
        """Whether the format has calls."""
        return bool(self.format.calls)

    def parse_response(self, token_ids: list[int], *, tools: Any = None, prompt_ids: list[int] | None = None) -> ParsedResponse:
        """The response that these tokens are."""
        return parsed_response(
            self._tokenizer, token_ids, self.format, tools=tools, prompt_ids=prompt_ids, stop_token_ids=super().get_stop_token_ids()
        )

    def get_stop_token_ids(self) -> list[int]:
        """The tokenizer's end of sequence, and the format's own stop tokens."""
        return list(dict.fromkeys([*super().get_stop_token_ids(), *stop_ids(self.format, self._tokenizer)]))


register()
