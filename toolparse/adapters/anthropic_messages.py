"""Events as the stream events of Anthropic's Messages API.

Facts: the types in anthropic/types/raw_message_stream_event.py of the anthropic package and its accumulator,
anthropic/lib/streaming/_messages.py.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from toolparse.events import CallArguments, CallEnd, CallStart, Content, Event, Reasoning


class MessageEvents:
    """One answer as Messages stream events: `start()`, then `feed(events)` any number of times, then `finish()`.

    Content, reasoning and each call are blocks of their own, in output order. The `id` is made up unless given. Token counts,
    which the API requires and only the engine knows, are 0: write them into the `usage` of the first event's message and of
    the last but one event.

    The API allows only an object as a call's input. Arguments that are another JSON value are sent as `{"arguments": value}`.

    >>> events = MessageEvents(model="m")
    >>> [event["type"] for event in events.start() + events.feed([Content("Hi")])]
    ['message_start', 'content_block_start', 'content_block_delta']
    """

    def __init__(self, model: str = "", id: str | None = None) -> None:
        self._model = model
        self._id = f"msg_{uuid.uuid4().hex}" if id is None else id
        self._index = 0
        self._block: str | None = None  # the type of the open block
        self._thought = False
        self._begun = False  # whether the open call's arguments have begun
        self._wrapped = False  # whether they are wrapped into an object
        self._called = False
        self._cut = False

    def start(self) -> list[dict[str, Any]]:
        """The event that opens the message."""
        message: dict[str, Any] = {
            "id": self._id,
            "type": "message",
            "role": "assistant",
            "model": self._model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {"input_tokens": 0, "output_tokens": 0},
        }
        return [{"type": "message_start", "message": message}]

    def feed(self, events: Iterable[Event]) -> list[dict[str, Any]]:
        """The stream events for these events; often none."""
        out: list[dict[str, Any]] = []
        for event in events:
            match event:
                case Content(text):
                    if self._block != "text":
                        out += self._open({"type": "text", "text": ""})
                    out.append(self._delta({"type": "text_delta", "text": text}))
                case Reasoning(text):
                    out += self._think(text)
                case CallStart(_, id, name):
                    self._called = True
                    self._begun = self._wrapped = False
                    out += self._open({"type": "tool_use", "id": id, "name": name, "input": {}})
                case CallArguments(_, text):
                    out += self._arguments(text)
                case CallEnd(_, complete):
                    if complete and self._wrapped:
                        out.append(self._json("}"))
                    out += self._close()
                    self._cut = self._cut or not complete
        return out

    def finish(self, truncated: bool = False) -> list[dict[str, Any]]:
        """The end of the message; the stop reason is "max_tokens" when `truncated` or when a call is incomplete."""
        reason = "max_tokens" if truncated or self._cut else "tool_use" if self._called else "end_turn"
        return [
            *self._close(),
            {
                "type": "message_delta",
                "delta": {"stop_reason": reason, "stop_sequence": None},
                "usage": {"output_tokens": 0},
            },
            {"type": "message_stop"},
        ]

    def _think(self, text: str) -> list[dict[str, Any]]:
        out: list[dict[str, Any]] = []
        if self._block != "thinking":
            # There is no signature to give, but the type requires one.
            out += self._open({"type": "thinking", "thinking": "", "signature": ""})
            if self._thought:
                text = text.removeprefix("\n")  # it joins blocks of reasoning into one text; here they stay apart
            self._thought = True
        if text:
            out.append(self._delta({"type": "thinking_delta", "thinking": text}))
        return out

    def _arguments(self, text: str) -> list[dict[str, Any]]:
        if self._begun:
            return [self._json(text)]
        text = text.lstrip()  # the client's accumulator refuses white space alone
        if not text:
            return []
        self._begun = True
        self._wrapped = text[0] != "{"
        return [self._json(f'{{"arguments": {text}' if self._wrapped else text)]

    def _open(self, block: dict[str, Any]) -> list[dict[str, Any]]:
        out = self._close()
        self._block = block["type"]
        out.append({"type": "content_block_start", "index": self._index, "content_block": block})
        return out

    def _json(self, text: str) -> dict[str, Any]:
        return self._delta({"type": "input_json_delta", "partial_json": text})

    def _delta(self, delta: dict[str, Any]) -> dict[str, Any]:
        return {"type": "content_block_delta", "index": self._index, "delta": delta}

    def _close(self) -> list[dict[str, Any]]:
        if self._block is None:
            return []
        self._block = None
        self._index += 1
        return [{"type": "content_block_stop", "index": self._index - 1}]
