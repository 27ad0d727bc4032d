"""Events as the chunks of OpenAI's streamed chat completions.

Facts: the types in openai/types/chat/chat_completion_chunk.py of the openai package. `reasoning_content` is no part of OpenAI's
own API; it is the name that inference servers agree on.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from toolparse.adapters.sse import encode
from toolparse.events import CallArguments, CallEnd, CallStart, Content, Event, Reasoning

DONE = "data: [DONE]\n\n"


class ChatChunks:
    """One answer as `chat.completion.chunk` dicts: `start()`, then `feed(events)` any number of times, then `finish()`.

    `model` is repeated in every chunk, as are `id` and `created` (seconds since the epoch), which are made up unless given.
    An event makes one chunk; `CallEnd` and `Problem` make none.

    >>> chunks = ChatChunks(model="m")
    >>> [chunk["choices"][0]["delta"] for chunk in chunks.start() + chunks.feed([Content("Hi")])]
    [{'role': 'assistant'}, {'content': 'Hi'}]
    """

    def __init__(self, model: str = "", id: str | None = None, created: int | None = None) -> None:
        self._head = {
            "id": f"chatcmpl-{uuid.uuid4().hex}" if id is None else id,
            "object": "chat.completion.chunk",
            "created": int(time.time()) if created is None else created,
            "model": model,
        }
        self._called = False
        self._cut = False

    def start(self) -> list[dict[str, Any]]:
        """The chunk that says whose turn it is."""
        return [self._chunk({"role": "assistant"})]

    def feed(self, events: Iterable[Event]) -> list[dict[str, Any]]:
        """The chunks for these events; often none."""
        chunks = []
        for event in events:
            match event:
                case Content(text):
                    chunks.append(self._chunk({"content": text}))
                case Reasoning(text):
                    chunks.append(self._chunk({"reasoning_content": text}))
                case CallStart(index, id, name):
                    self._called = True
                    # Empty arguments, as in OpenAI's own streams: clients add the later fragments to them.
                    function = {"name": name, "arguments": ""}
                    chunks.append(self._call({"index": index, "id": id, "type": "function", "function": function}))
                case CallArguments(index, text):
                    chunks.append(self._call({"index": index, "function": {"arguments": text}}))
                case CallEnd(complete=False):
                    self._cut = True
        return chunks

    def finish(self, truncated: bool = False) -> list[dict[str, Any]]:
        """The last chunk, with the finish reason: "length" when `truncated` or when a call is incomplete."""
        if truncated or self._cut:
            return [self._chunk({}, "length")]
        return [self._chunk({}, "tool_calls" if self._called else "stop")]

    def _call(self, delta: dict[str, Any]) -> dict[str, Any]:
        return self._chunk({"tool_calls": [delta]})

    def _chunk(self, delta: dict[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
        return {**self._head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]}


def sse(chunks: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """A whole stream of chunks as server-sent events, with the `[DONE]` that ends it."""
    for chunk in chunks:
        yield encode(chunk)
    yield DONE
