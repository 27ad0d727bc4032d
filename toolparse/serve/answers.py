"""The answers of three APIs: streamed, whole, and refused.

An answer object is made for one request and knows nothing of how its events come about. `start` opens all its choices; `feed` and
`finish` are given the number of the choice that they belong to. All return text of the stream; `end` closes it, `fail` ends it with an
error in the API's own shape. A stream that failed has no finish reason, no `[DONE]` and no end of an open call, so that no client takes
it for whole.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from toolparse.adapters import ChatChunks, MessageEvents, ResponseEvents, encode
from toolparse.adapters.openai_chat import DONE
from toolparse.adapters.whole_messages import to_anthropic
from toolparse.events import Event
from toolparse.message import Message
from toolparse.serve.requests import Api, Request

_OPENAI_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
}
_ANTHROPIC_TYPES = {**_OPENAI_TYPES, 413: "request_too_large", 504: "timeout_error", 529: "overloaded_error"}
BUSY = {"chat": 503, "responses": 503, "messages": 529}
"""The status by which each API says that it has too much to do."""


@dataclass(slots=True)
class Usage:
    """Tokens, as the upstream counted them; None where it did not."""

    prompt: int | None = None
    completion: int | None = None

    def add(self, prompt: int | None, completion: int | None) -> None:
        """What one choice used. The prompt is the same for all, and counted once."""
        self.prompt = prompt if prompt is not None else self.prompt
        if completion is not None:
            self.completion = (self.completion or 0) + completion

    @property
    def known(self) -> bool:
        """Whether the upstream counted."""
        return self.prompt is not None or self.completion is not None


class Answer(Protocol):
    """What the answers of the three APIs have in common."""

    def start(self) -> str: ...

    def feed(self, index: int, events: Iterable[Event], logprobs: list[dict[str, Any]]) -> str: ...

    def finish(self, index: int, truncated: bool, stop: str | None) -> str: ...

    def end(self, usage: Usage) -> str: ...

    def fail(self, status: int, message: str) -> str: ...

    def whole(
        self, messages: list[Message], stops: list[str | None], logprobs: list[list[dict[str, Any]]], usage: Usage
    ) -> dict[str, Any]: ...


class ChatAnswer:
    """An answer of OpenAI's chat completions."""

    def __init__(self, request: Request, id: str) -> None:
        self._id = f"chatcmpl-{id}"
        self._created = int(time.time())
        self._model = request.model
        self._counts = request.counts
        self._wants_logprobs = request.logprobs is not None
        self._chunks = [ChatChunks(request.model, self._id, self._created) for _ in range(request.n)]
        self._waiting: list[list[dict[str, Any]]] = [[] for _ in range(request.n)]  # probabilities of text that is still held

    def start(self) -> str:
        """The chunks that say whose turn it is, for all choices in their order: clients take the first chunk to be of the first choice."""
        return "".join([self._encoded(index, chunks.start()) for index, chunks in enumerate(self._chunks)])

    def feed(self, index: int, events: Iterable[Event], logprobs: list[dict[str, Any]]) -> str:
        """The chunks for these events. Probabilities go out with the first chunk after their text arrived."""
        chunks = self._chunks[index].feed(events)
        if self._wants_logprobs:
            waiting = self._waiting[index]
            waiting += logprobs
            if chunks and waiting:
                chunks[0]["choices"][0]["logprobs"] = {"content": waiting, "refusal": None}
                self._waiting[index] = []
        return self._encoded(index, chunks) if chunks else ""

    def finish(self, index: int, truncated: bool, stop: str | None) -> str:
        """The chunk with the finish reason."""
        chunks = self._chunks[index].finish(truncated)
        if self._waiting[index]:
            chunks[0]["choices"][0]["logprobs"] = {"content": self._waiting[index], "refusal": None}
        return self._encoded(index, chunks)

    def end(self, usage: Usage) -> str:
        """The chunk that counts tokens, where it was asked for, and the end."""
        if not (self._counts and usage.known):
            return DONE
        head = {"id": self._id, "object": "chat.completion.chunk", "created": self._created, "model": self._model}
        return encode({**head, "choices": [], "usage": _chat_usage(usage)}) + DONE

    def fail(self, status: int, message: str) -> str:
        """The error that ends the stream."""
        return encode(refusal("chat", status, message))

    def whole(self, messages: list[Message], stops: list[str | None], logprobs: list[list[dict[str, Any]]], usage: Usage) -> dict[str, Any]:
        """The completion."""
        choices = [
            {
                "index": index,
                "message": {**message.to_openai(), "refusal": None},
                "finish_reason": message.finish_reason,
                "logprobs": {"content": logprobs[index], "refusal": None} if self._wants_logprobs else None,
            }
            for index, message in enumerate(messages)
        ]
        completion = {"id": self._id, "object": "chat.completion", "created": self._created, "model": self._model, "choices": choices}
        return {**completion, "usage": _chat_usage(usage)} if usage.known else completion

    def _encoded(self, index: int, chunks: list[dict[str, Any]]) -> str:
        if index:
            for chunk in chunks:
                chunk["choices"][0]["index"] = index
        return "".join(map(encode, chunks))


class ResponsesAnswer:
    """An answer of OpenAI's Responses."""

    def __init__(self, request: Request, id: str) -> None:
        self._events = ResponseEvents(request.model, f"resp_{id}", fields=request.echoed)
        self._wants_logprobs = request.logprobs is not None
        self._waiting: list[dict[str, Any]] = []
        self._text: list[dict[str, Any]] = []  # the probabilities of the open text
        self._begun: dict[str, Any] = {}
        self._sent = 0

    def start(self) -> str:
        """The events that open the response."""
        events = self._events.start()
        self._begun = events[0]["response"]
        return self._encoded(events)

    def feed(self, index: int, events: Iterable[Event], logprobs: list[dict[str, Any]]) -> str:
        """The stream events for these events."""
        out = self._events.feed(events)
        if self._wants_logprobs:
            self._waiting += logprobs
            self._place_logprobs(out)
        return self._encoded(out) if out else ""

    def finish(self, index: int, truncated: bool, stop: str | None) -> str:
        """Nothing yet: the last event counts the tokens."""
        self._truncated = truncated
        return ""

    def end(self, usage: Usage) -> str:
        """The last events."""
        return self._encoded(self._last(self._truncated, usage))

    def fail(self, status: int, message: str) -> str:
        """The events that end a response that failed."""
        error = {"code": "server_error", "message": message}
        response = {**self._begun, "status": "failed", "output": [], "error": error}
        return self._encoded(
            [
                {"type": "error", "sequence_number": self._sent, **error, "param": None},
                {"type": "response.failed", "sequence_number": self._sent + 1, "response": response},
            ]
        )

    def whole(self, messages: list[Message], stops: list[str | None], logprobs: list[list[dict[str, Any]]], usage: Usage) -> dict[str, Any]:
        """The response."""
        response: dict[str, Any] = self._last(messages[0].truncated, usage)[-1]["response"]
        return response

    def _last(self, truncated: bool, usage: Usage) -> list[dict[str, Any]]:
        events = self._events.finish(truncated)
        if self._wants_logprobs:
            self._place_logprobs(events)
        if usage.known:
            events[-1]["response"]["usage"] = {
                "input_tokens": usage.prompt or 0,
                "input_tokens_details": {"cached_tokens": 0},
                "output_tokens": usage.completion or 0,
                "output_tokens_details": {"reasoning_tokens": 0},
                "total_tokens": (usage.prompt or 0) + (usage.completion or 0),
            }
        return events

    def _place_logprobs(self, events: list[dict[str, Any]]) -> None:
        """Only text has a place for probabilities; those of calls and of reasoning are dropped."""
        for event in events:
            kind = event["type"]
            if kind == "response.output_text.delta":
                event["logprobs"] = self._waiting
                self._text += self._waiting
                self._waiting = []
            elif kind == "response.output_text.done":
                event["logprobs"] = self._text
            elif kind == "response.content_part.done" and event["part"]["type"] == "output_text":
                event["part"]["logprobs"] = self._text
            elif kind == "response.output_item.done":
                if event["item"]["type"] == "message":
                    event["item"]["content"][0]["logprobs"] = self._text
                self._text, self._waiting = [], []

    def _encoded(self, events: list[dict[str, Any]]) -> str:
        self._sent += len(events)
        return "".join(map(encode, events))


class MessagesAnswer:
    """An answer of Anthropic's Messages."""

    def __init__(self, request: Request, id: str) -> None:
        self._id = f"msg_{id}"
        self._model = request.model
        self._events = MessageEvents(request.model, self._id)
        self._last: list[dict[str, Any]] = []

    def start(self) -> str:
        """The event that opens the message."""
        return "".join(map(encode, self._events.start()))

    def feed(self, index: int, events: Iterable[Event], logprobs: list[dict[str, Any]]) -> str:
        """The stream events for these events. The API has no probabilities."""
        return "".join(map(encode, self._events.feed(events)))

    def finish(self, index: int, truncated: bool, stop: str | None) -> str:
        """Nothing yet: the last event but one counts the tokens."""
        self._last = self._events.finish(truncated)
        delta = self._last[-2]["delta"]
        if stop is not None and delta["stop_reason"] == "end_turn":
            delta.update(stop_reason="stop_sequence", stop_sequence=stop)
        return ""

    def end(self, usage: Usage) -> str:
        """The last events."""
        self._last[-2]["usage"] = _messages_usage(usage)
        return "".join(map(encode, self._last))

    def fail(self, status: int, message: str) -> str:
        """The error that ends the stream."""
        return encode(refusal("messages", status, message))

    def whole(self, messages: list[Message], stops: list[str | None], logprobs: list[list[dict[str, Any]]], usage: Usage) -> dict[str, Any]:
        """The message."""
        (message,), (stop,) = messages, stops
        reason = {"tool_calls": "tool_use", "length": "max_tokens", "stop": "end_turn" if stop is None else "stop_sequence"}[
            message.finish_reason
        ]
        return {
            "id": self._id,
            "type": "message",
            "role": "assistant",
            "model": self._model,
            "content": to_anthropic(message)["content"],
            "stop_reason": reason,
            "stop_sequence": stop if reason == "stop_sequence" else None,
            "usage": _messages_usage(usage),
        }


ANSWERS: dict[Api, type[ChatAnswer] | type[ResponsesAnswer] | type[MessagesAnswer]] = {
    "chat": ChatAnswer,
    "responses": ResponsesAnswer,
    "messages": MessagesAnswer,
}


def refusal(api: Api, status: int, message: str, param: str | None = None) -> dict[str, Any]:
    """An error in the API's own shape."""
    if api == "messages":
        error = {"type": _ANTHROPIC_TYPES.get(status, "api_error" if status >= 500 else "invalid_request_error"), "message": message}
        return {"type": "error", "error": error, "request_id": None}
    kind = _OPENAI_TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")
    return {"error": {"message": message, "type": kind, "param": param, "code": "invalid_api_key" if status == 401 else None}}


def new_id() -> str:
    """What the ids of a request and of its answer have in common."""
    return uuid.uuid4().hex


def _chat_usage(usage: Usage) -> dict[str, int]:
    prompt, completion = usage.prompt or 0, usage.completion or 0
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def _messages_usage(usage: Usage) -> dict[str, int]:
    return {"input_tokens": usage.prompt or 0, "output_tokens": usage.completion or 0}


def as_json(value: object) -> bytes:
    """JSON as it is sent: escapes, because a model may write half of a surrogate pair, which UTF-8 cannot carry."""
    return json.dumps(value, default=str).encode()
