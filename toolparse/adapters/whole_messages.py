"""Whole messages in the shapes of the public APIs, and back: what stands in a conversation's history.

The streams of the same APIs are the other modules of this room. Facts: the parameter types of the openai and anthropic packages.
The functions take and give plain dicts (and read the packages' own objects), and no client package is imported.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from toolparse.message import Message, Part, ReasoningPart, TextPart, ToolCall

MakeCall = Callable[[int, Any, Any, Any], ToolCall]
"""Makes a call of its index, id, name and arguments, as an API has them."""


def to_openai(message: Message, incomplete: bool = False) -> dict[str, Any]:
    """An assistant message of the chat API; reasoning stands beside the content, as open engines write it."""
    written: dict[str, Any] = {"role": "assistant", "content": message.content}
    if message.reasoning:
        written["reasoning_content"] = message.reasoning
    calls = [call.to_openai() for call in message.tool_calls if call.complete or incomplete]
    if calls:
        written["tool_calls"] = calls
    return written


def to_responses(message: Message, incomplete: bool = False) -> list[dict[str, Any]]:
    """Input items of the Responses API, in the order of the parts."""
    items: list[dict[str, Any]] = []
    for at, part in enumerate(message.parts):
        if isinstance(part, TextPart):
            items.append({"type": "message", "role": "assistant", "content": part.text})
        elif isinstance(part, ReasoningPart):
            content = [{"type": "reasoning_text", "text": part.text}]
            items.append({"type": "reasoning", "id": f"rs_{at}", "summary": [], "content": content})
        elif part.complete or incomplete:
            items.append({"type": "function_call", "call_id": part.id, "name": part.name, "arguments": part.arguments})
    return items


def to_anthropic(message: Message, incomplete: bool = False) -> dict[str, Any]:
    """An assistant message of the Messages API, with a block for each part."""
    blocks: list[dict[str, Any]] = []
    for part in message.parts:
        if isinstance(part, TextPart):
            blocks.append({"type": "text", "text": part.text})
        elif isinstance(part, ReasoningPart):
            blocks.append({"type": "thinking", "thinking": part.text, "signature": ""})
        elif part.complete or incomplete:
            value = part.value()
            inputs = value if isinstance(value, dict) else {"arguments": value}  # the API takes objects only
            blocks.append({"type": "tool_use", "id": part.id, "name": part.name, "input": inputs})
    return {"role": "assistant", "content": blocks}


def called(index: int, id: Any, name: Any, arguments: Any) -> ToolCall:
    """A call with its arguments as JSON text, which some APIs have as an object."""
    if not isinstance(name, str) or not name:
        raise ValueError(f"call {index} has no name")
    if not isinstance(arguments, str):
        arguments = "{}" if arguments is None else json.dumps(arguments, ensure_ascii=False)
    return ToolCall(index=index, id=id if isinstance(id, str) else "", name=name, arguments=arguments or "{}")


def from_openai(message: object, make: MakeCall = called) -> Message:
    """An assistant message of the chat API."""
    given = plain(message)
    if "choices" in given:
        raise TypeError("this is a whole completion: give the message in it, `completion.choices[0].message`")
    reasoning = given.get("reasoning_content") or given.get("reasoning") or None
    parts: list[Part] = [ReasoningPart(text(reasoning))] if reasoning else []
    content = text(given.get("content")) or given.get("refusal")
    if content:
        parts.append(TextPart(content))
    calls = [plain(call) for call in given.get("tool_calls") or ()]
    if not calls and given.get("function_call"):
        calls = [{"function": given["function_call"]}]
    for index, call in enumerate(calls):
        custom = call.get("custom")  # whose input is a text, which is no function's arguments
        function = plain(call.get("function") or custom or call)
        arguments = json.dumps(function.get("input")) if custom else function.get("arguments")
        parts.append(make(index, call.get("id"), function.get("name"), arguments))
    return Message(parts=parts)


def from_responses(items: object, make: MakeCall = called) -> Message:
    """The items of one turn of the Responses API: a response, its output, or what a history holds of it."""
    given = items if isinstance(items, (list, tuple)) else plain(items).get("output")
    if not isinstance(given, Iterable) or isinstance(given, (str, Mapping)):
        raise TypeError("the items are a list, such as a response's `output`")
    parts: list[Part] = []
    index = 0
    for entry in map(plain, given):
        kind = entry.get("type") or "message"
        if kind == "function_call":
            parts.append(make(index, entry.get("call_id") or entry.get("id"), entry.get("name"), entry.get("arguments")))
            index += 1
        elif kind == "reasoning":
            said = text(entry.get("content")) or "\n".join(text([block]) for block in entry.get("summary") or ())
            if said:
                parts.append(ReasoningPart(said))
        elif kind == "message" and entry.get("role", "assistant") == "assistant":
            said = text(entry.get("content"))
            if said:
                parts.append(TextPart(said))
    return Message(parts=parts)


def from_anthropic(message: object, make: MakeCall = called) -> Message:
    """An assistant message of the Messages API."""
    content = plain(message).get("content")
    if isinstance(content, str):
        return Message(content=content or None)
    parts: list[Part] = []
    index = 0
    for block in map(plain, content or ()):
        kind = block.get("type")
        if kind == "text" and block.get("text"):
            parts.append(TextPart(block["text"]))
        elif kind == "thinking" and block.get("thinking"):
            parts.append(ReasoningPart(block["thinking"]))
        elif kind == "tool_use":
            parts.append(make(index, block.get("id"), block.get("name"), block.get("input")))
            index += 1
    return Message(parts=parts)


def text(content: Any) -> str:
    """Content that is a text, or a list of blocks with one."""
    if content is None or isinstance(content, str):
        return content or ""
    found = []
    for block in content:
        entry = {"text": block} if isinstance(block, str) else plain(block)
        found.append(str(entry.get("text") or entry.get("refusal") or ""))
    return "".join(found)


def plain(value: Any) -> Mapping[str, Any]:
    """A mapping, or a client's object as one."""
    if isinstance(value, Mapping):
        return value
    dumped = value.model_dump() if hasattr(value, "model_dump") else None
    if not isinstance(dumped, dict):
        raise TypeError(f"a message is a dict or a client's object, not {type(value).__name__}")
    return dumped
