"""Ollama's `/api/generate` in raw mode: the prompt is the gateway's, the text is the model's.

Facts: docs/api.md and api/types.go of ollama/ollama.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolparse.serve.upstreams.event_stream import UpstreamError, count_in, entries, names_in, text_in
from toolparse.serve.upstreams.upstream import Generation, Piece, Upstream

_NAMES = {"max_tokens": "num_predict", "repetition_penalty": "repeat_penalty"}


def request(asked: Generation) -> tuple[str, dict[str, Any]]:
    body: dict[str, Any] = {
        "model": asked.model,
        "prompt": asked.prompt,
        "raw": True,
        "stream": True,
        "options": {_NAMES.get(name, name): value for name, value in asked.sampling.items()},
    }
    if asked.logprobs is not None:
        body.update(logprobs=True, top_logprobs=asked.logprobs)
    return "/api/generate", body


def piece(event: dict[str, Any]) -> Piece:
    if "response" not in event and "done" not in event:
        raise UpstreamError("garbage", "the upstream sent a line without a response")
    piece = Piece(text=text_in(event, "response"), reasoning=text_in(event, "thinking"), logprobs=entries(event.get("logprobs")))
    if event.get("done") is True:
        piece.finish = "length" if event.get("done_reason") == "length" else "stop"
        piece.prompt_tokens = count_in(event, "prompt_eval_count")
        piece.completion_tokens = count_in(event, "eval_count")
    return piece


def models(answer: Mapping[str, Any]) -> list[str]:
    """The names in its list of models."""
    return names_in(answer.get("models"), "name")


OLLAMA = Upstream(
    request=request,
    piece=piece,
    models_path="/api/tags",
    models=models,
    lines=True,
    adds_bos=True,
)
