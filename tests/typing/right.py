"""Programs that a type checker must accept."""

from __future__ import annotations

from typing import Any

from anthropic.types import MessageParam
from openai.types.chat import ChatCompletionMessageParam
from openai.types.responses import ResponseInputItemParam

from toolparse import Content, Message, MessageBuilder, Parser, Span, ToolCall, Tools, align, feedback, parse

TOOLS: list[dict[str, Any]] = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]

message: Message = parse("…", "hermes", tools=TOOLS, tool_choice="auto", prompt="", unknown_tools="drop", max_depth=3)
history: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Hi"}]
history.append(message.to_openai())
for call in message.tool_calls:
    violations = call.validate(TOOLS)
    if violations:
        history.append(feedback(call, violations))
turns: list[MessageParam] = [{"role": "user", "content": "Hi"}, message.to_anthropic()]
items: list[ResponseInputItemParam] = [*message.to_responses()]
again: list[Message] = [Message.from_openai(history[-1]), Message.from_anthropic(turns[-1]), Message.from_responses(items)]

parser = Parser("hermes", tools=Tools(TOOLS), tool_choice={"type": "function", "function": {"name": "f"}}, spans=True)
builder = MessageBuilder()
for event in [*parser.feed("x", special=None), *parser.finish(truncated=True)]:
    builder.add(event)
    if isinstance(event, Content):
        print(event.text.upper())
located: Message = parser.locate(builder.message)
spans: list[Span] = located.spans
where: tuple[int, int] | None = located.parts[0].span
mask: list[bool] = align(located, [(0, 1)]).mask("arguments", "name")
by_hand = ToolCall(name="f", arguments="{}")
