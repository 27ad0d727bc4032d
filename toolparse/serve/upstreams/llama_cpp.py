"""llama.cpp's own server: `/completion`, and `/apply-template` for the prompt.

Facts: tools/server/README.md and tools/server/server-task.cpp of ggml-org/llama.cpp.
"""

from __future__ import annotations

from typing import Any

from toolparse.serve.upstreams.event_stream import UpstreamError, count_in, entries, text_in
from toolparse.serve.upstreams.openai_completions import listed_models
from toolparse.serve.upstreams.upstream import Generation, Piece, Upstream

_NAMES = {"max_tokens": "n_predict", "repetition_penalty": "repeat_penalty"}


def request(asked: Generation) -> tuple[str, dict[str, Any]]:
    body = {
        **{_NAMES.get(name, name): value for name, value in asked.sampling.items()},
        "prompt": asked.prompt,
        "stream": True,
        "cache_prompt": True,
        # Without this the text of control tokens is left out.
        "preserved_tokens": list(asked.special_tokens),
        **asked.constraint,
    }
    if asked.logprobs is not None:
        body["n_probs"] = max(asked.logprobs, 1)
    return "/completion", body


def piece(event: dict[str, Any]) -> Piece:
    if "content" not in event:
        raise UpstreamError("garbage", "the upstream sent an event without content")
    piece = Piece(text=text_in(event, "content"), logprobs=entries(event.get("completion_probabilities")))
    if event.get("stop") is True:
        cut = event.get("stop_type") == "limit" or event.get("stopped_limit") is True
        piece.finish = "length" if cut else "stop"
        piece.stop_sequence = text_in(event, "stopping_word") or None
        piece.prompt_tokens = count_in(event, "tokens_evaluated")
        piece.completion_tokens = count_in(event, "tokens_predicted")
    return piece


LLAMA_CPP = Upstream(
    request=request,
    piece=piece,
    models_path="/v1/models",
    models=listed_models,
    adds_bos=True,
    constrains="gbnf",
    render_path="/apply-template",
)
