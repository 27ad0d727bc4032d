"""Programs that a type checker must refuse. Each wrong line says so, and a checker in strict mode tells of one that is accepted."""

from __future__ import annotations

from openai.types.chat import ChatCompletionMessageParam

from toolparse import Message, Parser, ToolCall, align, parse

message = parse("x", "hermes")
parse("x", "hermes", unknwon_tools="drop")  # type: ignore[call-arg]  # a typo in an option
parse("x", "hermes", unknown_tools="throw")  # type: ignore[arg-type]  # no such policy
parse("x", "hermes", max_depth="3")  # type: ignore[arg-type]  # a limit is a number
parse(b"x", "hermes")  # type: ignore[arg-type]  # bytes
parse("x", None)  # type: ignore[arg-type]  # no format
parse("x")  # type: ignore[call-arg]  # no format
Parser("hermes", tool_choice=1)  # type: ignore[arg-type]  # a choice is a word or a dict
Parser("hermes").feed(3)  # type: ignore[arg-type]  # a number is no text
align(message, [(0, 1)]).mask("argument")  # type: ignore[arg-type]  # no such field
ToolCall("f")  # type: ignore[call-arg, arg-type]  # fields go by name
history: list[ChatCompletionMessageParam] = [message]  # type: ignore[list-item]  # a Message is no dict
history.append(message.to_anthropic())  # type: ignore[arg-type]  # another API's message
Message.from_openai()  # type: ignore[call-arg]  # nothing to read
