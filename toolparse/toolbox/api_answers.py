"""The answers of the APIs' clients as a `Message`, whole and in pieces, and as what goes into the next request.

Knows the shapes of OpenAI's chat completions, OpenAI's Responses and Anthropic's Messages, as the clients' objects or as plain dicts, and
imports none of the clients. A call is complete when its arguments are JSON text, which no cut one is.

Facts: openai/types/chat/, openai/types/responses/ and anthropic/types/ of the two packages.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any, Protocol

from toolparse.adapters.whole_messages import from_anthropic, from_openai, from_responses, to_openai
from toolparse.events import CallArguments, CallEnd, CallStart, Content, Event, Reasoning
from toolparse.message import Message, MessageBuilder, ToolCall

Turn = list[dict[str, Any]]
"""What stands for an answer in the messages of the next request."""


def is_json(text: str) -> bool:
    """Whether this is one whole JSON text."""
    try:
        json.loads(text, parse_int=str)  # an integer may have more digits than int() takes
    except (ValueError, RecursionError):
        return False
    return True


def message_of(answer: object) -> Message:
    """The message that an answer is: a `Message`, calls, or an object or dict of one of the APIs. Raises `TypeError` for anything else."""
    if isinstance(answer, Message):
        return answer
    if isinstance(answer, (list, tuple)) and all(isinstance(call, ToolCall) for call in answer):
        return Message(tool_calls=list(answer))
    if get(answer, "choices"):
        return chat_message(answer)
    if isinstance(get(answer, "output"), list):
        return responses_message(answer)
    if isinstance(get(answer, "content"), list) and get(answer, "tool_calls") is None:
        return anthropic_message(answer)
    if get(answer, "role") == "assistant":
        return chat_message({"choices": [{"message": answer}]})
    raise TypeError(f"expected a Message, a list of ToolCall or an answer of the OpenAI or Anthropic API, not {type(answer).__name__}")


def get(given: Any, key: str) -> Any:
    """A field of an object or a dict; None where there is none."""
    return given.get(key) if isinstance(given, Mapping) else getattr(given, key, None)


def plain(given: Any) -> Any:
    """An API's object as plain data, without what is not set."""
    return given.model_dump(mode="json", exclude_none=True, by_alias=True) if hasattr(given, "model_dump") else given


class Answer(Protocol):
    """An answer that arrives in pieces. Made for one answer."""

    def feed(self, piece: Any) -> list[Event]:
        """The events of a chunk or stream event."""

    def finish(self) -> tuple[list[Event], Message, Turn]:
        """The last events, the whole message, and what stands for it in the next request."""


class _Pieces:
    """What the three readers share: calls by the API's own keys, which may take turns, and the message that all events make."""

    def __init__(self) -> None:
        self._builder = MessageBuilder()
        self._events: list[Event] = []
        self._open: dict[Any, tuple[int, list[str]]] = {}  # the calls that have not ended: index and arguments so far
        self._count = 0
        self._thought = False

    def _say(self, event: Event) -> None:
        self._events.append(event)
        self._builder.add(event)

    def _taken(self) -> list[Event]:
        events, self._events = self._events, []
        return events

    def _begin(self, key: Any, id: str, name: str) -> None:
        self._open[key] = (self._count, [])
        self._say(CallStart(self._count, id, name, 0))
        self._count += 1

    def _write(self, key: Any, text: str) -> None:
        index, fragments = self._open[key]
        if text:
            fragments.append(text)
            self._say(CallArguments(index, text))

    def _end(self, key: Any, cut: bool = False) -> None:
        """A call ends. No arguments at all are `{}`, unless the answer was cut there."""
        index, fragments = self._open.pop(key)
        text = "".join(fragments)
        if not text.strip() and not cut:
            text = "{}"
            self._say(CallArguments(index, text))
        self._say(CallEnd(index, is_json(text), 0))

    def _end_all(self, cut: bool) -> tuple[list[Event], Message]:
        """The answer ends."""
        for key in list(self._open):
            self._end(key, cut)
        self._builder.truncated = cut
        return self._taken(), self._builder.message


def sound(call: ToolCall) -> str:
    """The arguments as JSON text, also of a call that was cut: servers refuse to take back what is none."""
    return call.arguments if is_json(call.arguments) else json.dumps(call.value(), ensure_ascii=False, default=str)


# -- OpenAI chat completions ------------------------------------------------------------------------------------------------------------


def chat_message(completion: Any) -> Message:
    choices = get(completion, "choices")
    if not choices:
        raise ValueError(f"the answer has no choices: {str(get(completion, 'error') or completion)[:300]}")
    choice = choices[0]
    cut = get(choice, "finish_reason") == "length"
    return _truncated(from_openai(get(choice, "message"), partial(_call, cut=cut)), cut)


def _truncated(message: Message, cut: bool) -> Message:
    message.truncated = cut
    return message


def chat_turn(message: Message) -> Turn:
    turn = to_openai(message, incomplete=True)
    for written, call in zip(turn.get("tool_calls", ()), message.tool_calls, strict=True):
        written["function"]["arguments"] = sound(call)
    return [turn]


class ChatPieces(_Pieces):
    """An answer as chat completion chunks; the first choice of several."""

    def __init__(self) -> None:
        super().__init__()
        self._finished: str | None = None

    def feed(self, piece: Any) -> list[Event]:
        for choice in get(piece, "choices") or ():
            if get(choice, "index"):
                continue
            delta = get(choice, "delta")
            if reasoning := _reasoning(delta):
                self._say(Reasoning(reasoning))
            if content := get(delta, "content"):
                self._say(Content(content))
            for call in get(delta, "tool_calls") or ():
                self._call(call)
            self._finished = get(choice, "finish_reason") or self._finished
        return self._taken()

    def finish(self) -> tuple[list[Event], Message, Turn]:
        events, message = self._end_all(cut=self._finished in (None, "length"))
        return events, message, chat_turn(message)

    def _call(self, delta: Any) -> None:
        key, function = get(delta, "index"), get(delta, "function")
        name = get(function, "name")
        if key is None:  # some servers send whole calls and do not number them
            key = self._count if name else self._count - 1
        if key not in self._open and name:
            self._begin(key, get(delta, "id") or f"call_{self._count}", name)
        if key in self._open:
            self._write(key, get(function, "arguments") or "")


def _reasoning(said: Any) -> str | None:
    """Reasoning, which inference servers send under one name or the other."""
    text = get(said, "reasoning_content") or get(said, "reasoning")
    return text if isinstance(text, str) else None


def _call(index: int, id: Any, name: Any, arguments: Any, cut: bool = False) -> ToolCall:
    text = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    text = text if text.strip() or cut else "{}"
    return ToolCall(index=index, id=id or f"call_{index}", name=name or "", arguments=text, complete=is_json(text))


# -- OpenAI Responses -------------------------------------------------------------------------------------------------------------------


def responses_message(response: Any) -> Message:
    cut = get(response, "status") == "incomplete"
    return _truncated(from_responses(get(response, "output") or (), partial(_call, cut=cut)), cut)


def responses_turn(response: Any) -> Turn:
    """The output items, as the API wants them back: reasoning, too, and calls with JSON in them."""
    return [_item(plain(item)) for item in get(response, "output") or ()]


def _item(item: dict[str, Any]) -> dict[str, Any]:
    if item.get("type") != "function_call" or is_json(item.get("arguments") or ""):
        return item
    return {**item, "arguments": sound(_call(0, "", "", item.get("arguments") or ""))}


class ResponsePieces(_Pieces):
    """An answer as Responses stream events."""

    def __init__(self) -> None:
        super().__init__()
        self._items: list[Any] = []
        self._response: Any = None

    def feed(self, piece: Any) -> list[Event]:
        kind = get(piece, "type")
        if kind in ("response.output_text.delta", "response.refusal.delta"):
            self._say(Content(get(piece, "delta")))
        elif kind in ("response.reasoning_text.delta", "response.reasoning_summary_text.delta"):
            self._say(Reasoning(get(piece, "delta")))
        elif kind == "response.output_item.added":
            item = get(piece, "item")
            if get(item, "type") == "function_call":
                self._begin(get(piece, "output_index"), get(item, "call_id"), get(item, "name"))
        elif kind == "response.function_call_arguments.delta":
            self._write(get(piece, "output_index"), get(piece, "delta"))
        elif kind == "response.output_item.done":
            self._items.append(get(piece, "item"))
            if get(self._items[-1], "type") == "function_call":
                self._end(get(piece, "output_index"), cut=get(self._items[-1], "status") == "incomplete")
        elif kind in ("response.completed", "response.incomplete", "response.failed"):
            self._response = get(piece, "response")
        return self._taken()

    def finish(self) -> tuple[list[Event], Message, Turn]:
        events, message = self._end_all(cut=get(self._response, "status") != "completed")
        return events, message, responses_turn({"output": get(self._response, "output") or self._items})


# -- Anthropic Messages -----------------------------------------------------------------------------------------------------------------


def anthropic_message(answer: Any) -> Message:
    cut = get(answer, "stop_reason") == "max_tokens"
    message = _truncated(from_anthropic(answer, _call), cut)
    if cut and message.parts and isinstance(last := message.parts[-1], ToolCall):
        last.complete = False  # its input is an object, but nobody says how much of it there is
    return message


def anthropic_turn(answer: Any) -> Turn:
    """The blocks, as the API wants them back: signatures of thinking included."""
    content = [plain(block) for block in get(answer, "content") or ()]
    return [{"role": "assistant", "content": content}] if content else []


class MessagePieces(_Pieces):
    """An answer as Messages stream events."""

    def __init__(self) -> None:
        super().__init__()
        self._blocks: dict[int, dict[str, Any]] = {}
        self._inputs: dict[int, list[str]] = {}
        self._reason: str | None = None

    def feed(self, piece: Any) -> list[Event]:
        kind, at = get(piece, "type"), get(piece, "index")
        if kind == "content_block_start":
            for before in list(self._open):
                self._end(before)
            block = self._blocks[at] = dict(plain(get(piece, "content_block")))
            if block["type"] == "tool_use":
                self._begin(at, block["id"], block["name"])
            elif block["type"] == "text" and block["text"]:
                self._say(Content(block["text"]))
        elif kind == "content_block_delta":
            self._delta(at, get(piece, "delta"))
        elif kind == "content_block_stop" and at in self._open:
            if self._open[at][1]:  # without any input, what follows tells whether it was cut
                self._end(at)
        elif kind == "message_delta":
            self._reason = get(get(piece, "delta"), "stop_reason")
        return self._taken()

    def finish(self) -> tuple[list[Event], Message, Turn]:
        events, message = self._end_all(cut=self._reason in (None, "max_tokens"))
        for at, texts in self._inputs.items():
            value = ToolCall(name="", arguments="".join(texts)).value()
            self._blocks[at]["input"] = value if isinstance(value, dict) else {}
        return events, message, anthropic_turn({"content": list(self._blocks.values())})

    def _delta(self, at: int, delta: Any) -> None:
        block, kind = self._blocks[at], get(delta, "type")
        if kind == "text_delta":
            block["text"] += get(delta, "text")
            self._say(Content(get(delta, "text")))
        elif kind == "thinking_delta":
            text = get(delta, "thinking")
            joint = "\n" if self._thought and not block["thinking"] else ""
            self._thought = True
            block["thinking"] += text
            self._say(Reasoning(joint + text))
        elif kind == "signature_delta":
            block["signature"] = (block.get("signature") or "") + get(delta, "signature")
        elif kind == "input_json_delta":
            self._inputs.setdefault(at, []).append(get(delta, "partial_json"))
            if at in self._open:
                self._write(at, get(delta, "partial_json"))
