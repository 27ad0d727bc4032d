"""A stream of bytes as JSON objects: server-sent events, or one object a line.

Cuts may fall anywhere, also inside a character or a field's name: only whole lines are decoded. Whatever is no such stream is an
`UpstreamError`, so that a half event is never taken for a whole one.
"""

from __future__ import annotations

import json
from typing import Any

LONGEST = 8 * 1024 * 1024
"""Bytes that an event may have: an upstream that never ends its line must not fill the memory."""
_FIELDS = (b"event:", b"id:", b"retry:", b":")


class UpstreamError(Exception):
    """The upstream cannot be reached, refuses, stalls, or sends what is no answer.

    `kind` is a stable word for the log and the metrics, `status` the HTTP status with which the gateway answers while it still can.
    """

    def __init__(self, kind: str, message: str, status: int = 502) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.status = status


class Lines:
    """The whole lines of a stream, without what ends them."""

    def __init__(self) -> None:
        self._held: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that are whole now."""
        first, newline, rest = data.partition(b"\n")
        self._size += len(first)
        if self._size > LONGEST:
            raise UpstreamError("garbage", "the upstream sent an event without end")
        if not newline:
            if data:
                self._held.append(data)
            return []
        lines = rest.split(b"\n")
        lines.insert(0, b"".join(self._held) + first)
        last = lines.pop()
        self._held = [last] if last else []
        self._size = len(last)
        return [line.removesuffix(b"\r") for line in lines]

    @property
    def cut(self) -> bool:
        """Whether a line has begun and not ended."""
        return bool(self._held)


class EventStream:
    """The data of server-sent events that are JSON objects."""

    def __init__(self) -> None:
        self._lines = Lines()
        self._data: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> list[dict[str, Any]]:
        """The objects of the events that are whole now."""
        found = []
        for line in self._lines.feed(data):
            if not line:
                if self._data:
                    event = b"\n".join(self._data)
                    self._data.clear()
                    self._size = 0
                    if event != b"[DONE]":  # which says no more than the finish reason before it did
                        found.append(json_object(event))
            elif line.startswith((b"data:", b"error:")):
                # llama.cpp once named an error's field "error".
                value = line.partition(b":")[2].removeprefix(b" ")
                self._size += len(value)
                if self._size > LONGEST:
                    raise UpstreamError("garbage", "the upstream sent an event without end")
                self._data.append(value)
            elif not line.startswith(_FIELDS):
                raise UpstreamError("garbage", "the upstream sent something that is no stream of events")
        return found

    @property
    def cut(self) -> bool:
        """Whether an event has begun and not ended."""
        return bool(self._data) or self._lines.cut


class JsonLines:
    """One JSON object a line."""

    def __init__(self) -> None:
        self._lines = Lines()

    def feed(self, data: bytes) -> list[dict[str, Any]]:
        """The objects of the lines that are whole now."""
        return [json_object(line) for line in self._lines.feed(data) if line]

    @property
    def cut(self) -> bool:
        """Whether a line has begun and not ended."""
        return self._lines.cut


def json_object(data: bytes) -> dict[str, Any]:
    """The JSON object in `data`; an error that the upstream reports in it is raised."""
    try:
        value = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        raise UpstreamError("garbage", "the upstream sent an event that is not JSON") from None
    if not isinstance(value, dict):
        raise UpstreamError("garbage", "the upstream sent an event that is no JSON object")
    if value.get("error") or value.get("object") == "error":
        raise UpstreamError("failed", f"the upstream failed: {told(value)}")
    return value


def told(value: object) -> str:
    """What an upstream's error says, in whichever shape it says it: at most 500 characters on one line."""
    while isinstance(value, dict):
        value = value.get("error") or value.get("message") or value.get("detail") or "no reason given"
    return " ".join(str(value)[:500].split()) or "no reason given"


def text_in(event: dict[str, Any], key: str) -> str:
    """The text of a field that may be missing or null."""
    value = event.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise UpstreamError("garbage", f"the upstream sent {key!r} that is no text")
    return value


def count_in(event: dict[str, Any], key: str) -> int | None:
    """A count of tokens, where there is one."""
    value = event.get(key)
    return value if type(value) is int and value >= 0 else None


def names_in(models: object, key: str) -> list[str]:
    """The names in a list of models."""
    known = [model for model in models if isinstance(model, dict)] if isinstance(models, list) else []
    return [model[key] for model in known if isinstance(model.get(key), str)]


def entry(token: object, logprob: object, alternatives: object = (), spelled: object = None) -> dict[str, Any]:
    """A token's probability as OpenAI's chat API writes it. `alternatives` are pairs of a token and its logprob, or such entries."""
    own = {"token": str(token), "logprob": _number(logprob), "bytes": _bytes(token, spelled)}
    others = []
    for given in alternatives if isinstance(alternatives, (list, tuple)) else ():
        if isinstance(given, dict):
            given = (given.get("token"), given.get("logprob"), given.get("bytes"))
        if isinstance(given, tuple):
            text, value, *rest = given
            others.append({"token": str(text), "logprob": _number(value), "bytes": _bytes(text, *rest)})
    return {**own, "top_logprobs": others}


def entries(given: object) -> list[dict[str, Any]]:
    """A list of such entries, as servers of the chat API, llama.cpp and Ollama send it."""
    tokens = [token for token in given if isinstance(token, dict)] if isinstance(given, list) else []
    return [entry(token.get("token"), token.get("logprob"), token.get("top_logprobs"), token.get("bytes")) for token in tokens]


def _number(logprob: object) -> float:
    """JSON has no infinity: OpenAI's API says -9999 for what is as good as impossible."""
    return float(logprob) if isinstance(logprob, (int, float)) and -9999 < logprob < 9999 else -9999.0


def _bytes(token: object, spelled: object = None) -> list[int]:
    """The bytes that the engine tells, since a token may be a part of a character, else those of the text."""
    if isinstance(spelled, list) and all(type(byte) is int and 0 <= byte < 256 for byte in spelled):
        return spelled
    return list(str(token).encode("utf-8", "replace"))
