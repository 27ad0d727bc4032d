"""Events as the stream events of OpenAI's Responses API.

Facts: the types in openai/types/responses/ of the openai package and its accumulator,
openai/lib/streaming/responses/_responses.py.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from toolparse.events import CallArguments, CallEnd, CallStart, Content, Event, Reasoning

# Of each kind of item that holds text: the prefix of its id, and the type of its part, which also names its events.
_TEXT = {"message": ("msg", "output_text"), "reasoning": ("rs", "reasoning_text")}


class ResponseEvents:
    """One answer as Responses stream events: `start()`, then `feed(events)` any number of times, then `finish()`.

    Content, reasoning and each call are output items of their own, in output order. A call's id is the item's `call_id`; the
    ids of the items derive from the response's `id`, which is made up unless given, as is `created` (seconds since the epoch).
    `fields` is what else the response says of itself, such as the request's `tools` and `tool_choice`.

    >>> events = ResponseEvents(model="m")
    >>> [event["type"] for event in events.start() + events.feed([CallStart(0, "call_1", "now", 0)])]
    ['response.created', 'response.in_progress', 'response.output_item.added']
    """

    def __init__(
        self,
        model: str = "",
        id: str | None = None,
        created: int | None = None,
        fields: Mapping[str, Any] | None = None,
    ) -> None:
        self._id = f"resp_{uuid.uuid4().hex}" if id is None else id
        self._response = {
            "parallel_tool_calls": True,
            "tool_choice": "auto",
            "tools": [],
            **(fields or {}),
            "id": self._id,
            "object": "response",
            "created_at": int(time.time()) if created is None else created,
            "model": model,
        }
        self._number = 0
        self._output: list[dict[str, Any]] = []  # the items that are done
        self._item: dict[str, Any] | None = None  # the open one, as it was added
        self._text: list[str] = []  # what it holds so far
        self._thought = False
        self._cut = False

    def start(self) -> list[dict[str, Any]]:
        """The events that open the response."""
        return [
            self._event("response.created", response=self._snapshot("in_progress")),
            self._event("response.in_progress", response=self._snapshot("in_progress")),
        ]

    def feed(self, events: Iterable[Event]) -> list[dict[str, Any]]:
        """The stream events for these events; often none."""
        out: list[dict[str, Any]] = []
        for event in events:
            match event:
                case Content(text):
                    out += self._say("message", text)
                case Reasoning(text):
                    out += self._say("reasoning", text)
                case CallStart(_, id, name):
                    out += self._add("fc", {"type": "function_call", "call_id": id, "name": name, "arguments": ""})
                case CallArguments(_, text):
                    self._text.append(text)
                    out.append(self._item_event("response.function_call_arguments.delta", delta=text))
                case CallEnd(_, complete):
                    out += self._close("completed" if complete else "incomplete")
                    self._cut = self._cut or not complete
        return out

    def finish(self, truncated: bool = False) -> list[dict[str, Any]]:
        """The end of the response: incomplete when `truncated` or when a call is incomplete."""
        out = self._close("incomplete" if truncated else "completed")
        if truncated or self._cut:
            response = self._snapshot("incomplete")
            response["incomplete_details"] = {"reason": "max_output_tokens"}
            out.append(self._event("response.incomplete", response=response))
        else:
            out.append(self._event("response.completed", response=self._snapshot("completed")))
        return out

    def _say(self, kind: Literal["message", "reasoning"], text: str) -> list[dict[str, Any]]:
        out: list[dict[str, Any]] = []
        if self._item is None or self._item["type"] != kind:
            out += self._open_text(kind)
            if kind == "reasoning":
                if self._thought:
                    text = text.removeprefix("\n")  # it joins blocks of reasoning into one text; here they stay apart
                self._thought = True
        if text:
            self._text.append(text)
            part = _TEXT[kind][1]
            out.append(self._item_event(f"response.{part}.delta", content_index=0, delta=text, **_logprobs(part)))
        return out

    def _open_text(self, kind: Literal["message", "reasoning"]) -> list[dict[str, Any]]:
        prefix, part = _TEXT[kind]
        rest: dict[str, Any] = {"role": "assistant"} if kind == "message" else {"summary": []}
        out = self._add(prefix, {"type": kind, **rest, "content": []})
        out.append(self._item_event("response.content_part.added", content_index=0, part=_part(part, "")))
        return out

    def _add(self, prefix: str, item: dict[str, Any]) -> list[dict[str, Any]]:
        out = self._close("completed")
        id = f"{prefix}_{self._id.removeprefix('resp_')}_{len(self._output)}"
        self._item = {"id": id, "status": "in_progress", **item}
        self._text = []
        out.append(self._event("response.output_item.added", output_index=len(self._output), item=dict(self._item)))
        return out

    def _close(self, status: Literal["completed", "incomplete"]) -> list[dict[str, Any]]:
        if self._item is None:
            return []
        text = "".join(self._text)
        out: list[dict[str, Any]] = []
        if self._item["type"] == "function_call":
            done = {**self._item, "status": status, "arguments": text}
            # Clients run a call when its arguments are done; those of a cut call never are.
            if status == "completed":
                name = self._item["name"]
                out.append(self._item_event("response.function_call_arguments.done", name=name, arguments=text))
        else:
            part = _TEXT[self._item["type"]][1]
            done = {**self._item, "status": status, "content": [_part(part, text)]}
            out.append(self._item_event(f"response.{part}.done", content_index=0, text=text, **_logprobs(part)))
            out.append(self._item_event("response.content_part.done", content_index=0, part=_part(part, text)))
        out.append(self._event("response.output_item.done", output_index=len(self._output), item=done))
        self._output.append(done)
        self._item = None
        return out

    def _item_event(self, type: str, **fields: Any) -> dict[str, Any]:
        assert self._item is not None
        return self._event(type, item_id=self._item["id"], output_index=len(self._output), **fields)

    def _event(self, type: str, **fields: Any) -> dict[str, Any]:
        self._number += 1
        return {"type": type, "sequence_number": self._number - 1, **fields}

    def _snapshot(self, status: str) -> dict[str, Any]:
        return {**self._response, "status": status, "output": list(self._output)}


def _part(type: str, text: str) -> dict[str, Any]:
    return {"type": type, "text": text, "annotations": []} if type == "output_text" else {"type": type, "text": text}


def _logprobs(part: str) -> dict[str, Any]:
    return {"logprobs": []} if part == "output_text" else {}
