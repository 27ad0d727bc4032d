"""Registers every format with verl's agent loop: `actor_rollout_ref.rollout.multi_turn.format=toolparse_NAME`.

verl loads it in each of its processes, by the entry point `verl.plugins`; where a verl has none of these,
`VERL_USE_EXTERNAL_MODULES=toolparse.plugins.verl` does the same. What the parser gives verl is the text without the calls, reasoning
included, and the calls that are complete: a call that is cut or unreadable is left in the text, as verl's own parsers leave it, so that a
reward sees it.
"""

from __future__ import annotations

from typing import Any

from toolparse.formats import get_format
from toolparse.grammar import Format
from toolparse.message import Message, ToolCall
from toolparse.parser import Parser
from toolparse.plugins.names import tool_parsers
from toolparse.plugins.reports import missing, report
from toolparse.plugins.whole_outputs import decoded, presumed_prompt, read_ids, stop_ids


def register() -> None:
    """Make the formats known to verl. May be called any number of times; never raises."""
    try:
        from verl.experimental.agent_loop.tool_parser import FunctionCall, ToolParser
        from verl.utils.ray_utils import get_event_loop
        from verl.utils.rollout_trace import rollout_trace_op
    except ImportError as error:
        missing("toolparse has no parsers in this verl, as its ToolParser is not where it was", error)
        return

    class ToolparseParser(ToolParser):  # type: ignore[misc]
        """One format, for all of an agent loop's turns."""

        format_name: str

        def __init__(self, tokenizer: Any) -> None:
            super().__init__(tokenizer)
            self.format = get_format(self.format_name)

        @property
        def stop_token_ids(self) -> list[int]:
            """The tokens at which the model hands over, for those that do not end their turn with EOS."""
            return stop_ids(self.format, self.tokenizer)

        @rollout_trace_op  # type: ignore[untyped-decorator]
        async def extract_tool_calls(self, responses_ids: list[int], tools: Any = None) -> tuple[str, list[Any]]:
            """The text without the calls, and the calls."""
            return await get_event_loop().run_in_executor(None, self.read, responses_ids, tools)  # type: ignore[no-any-return]

        def read(self, ids: list[int], tools: Any) -> tuple[str, list[Any]]:
            """The same at once."""
            message = _message(self.format, self.tokenizer, ids, tools)
            calls = [
                FunctionCall(name=call.name, arguments=call.arguments, tool_call_id=call.id or None)
                for call in message.tool_calls
                if call.complete
            ]
            return without_calls(message, self.format.stop), calls

    for name, fmt in tool_parsers().items():
        ToolParser.register(name)(type(f"Toolparse_{fmt}", (ToolparseParser,), {"format_name": fmt}))


def _message(fmt: Format, tokenizer: Any, ids: list[int], tools: Any) -> Message:
    definitions = [_plain(tool) for tool in tools] if tools else None
    prompt = presumed_prompt(fmt, decoded(tokenizer, ids))
    # verl takes ids that the model wrote, and makes none up: `str()` is empty.
    message = read_ids(Parser(fmt, tools=definitions, prompt=prompt, new_id=str, spans=True), tokenizer, ids)
    report(message.problems)
    return message


def without_calls(message: Message, stops: tuple[str, ...]) -> str:
    """The output without the calls that are complete, what frames them, and the stop tokens at its end."""
    text = message.output or ""
    pieces: list[str] = []
    at = 0  # where the last part ends, unless it is a call that is left out
    for part in message.parts:
        assert part.span is not None
        start, end = part.span
        if isinstance(part, ToolCall) and part.complete:
            at = -1
            continue
        pieces.append(text[at if at >= 0 else start : end])
        at = end
    left = "".join([*pieces, text[at:] if at >= 0 else ""]).rstrip()
    stop: str | None = ""
    while stop is not None:
        left = left.removesuffix(stop).rstrip()
        stop = next((mark.strip() for mark in stops if mark.strip() and left.endswith(mark.strip())), None)
    return left


def _plain(tool: Any) -> Any:
    return tool.model_dump(exclude_none=True) if hasattr(tool, "model_dump") else tool


register()
