"""Hugging Face's Text Generation Inference: `/generate_stream`.

Facts: router/src/lib.rs and docs/openapi.json of huggingface/text-generation-inference.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolparse.serve.upstreams.event_stream import UpstreamError, count_in, entry, text_in
from toolparse.serve.upstreams.upstream import Generation, Piece, Upstream

_SAME = ("top_k", "typical_p", "repetition_penalty", "frequency_penalty", "seed", "stop")


def request(asked: Generation) -> tuple[str, dict[str, Any]]:
    wanted = asked.sampling
    parameters: dict[str, Any] = {"details": True, "return_full_text": False}
    parameters.update({name: wanted[name] for name in _SAME if name in wanted})
    parameters["max_new_tokens"] = wanted.get("max_tokens")  # null is as many as fit, nothing at all is 100
    # It refuses a temperature of 0 and a top_p of 1, which other APIs take.
    if temperature := wanted.get("temperature"):
        parameters.update(temperature=temperature, do_sample=True)
    if wanted.get("top_p", 1) < 1:
        parameters["top_p"] = wanted["top_p"]
    if asked.logprobs:
        parameters["top_n_tokens"] = asked.logprobs
    return "/generate_stream", {"inputs": asked.prompt, "parameters": parameters, "stream": True}


def piece(event: dict[str, Any]) -> Piece:
    token = event.get("token")
    if not isinstance(token, dict):
        raise UpstreamError("garbage", "the upstream sent an event without a token")
    text = text_in(token, "text")
    # A token that is not special in the tokenizer's sense may still be a format's marker, so only True says something.
    piece = Piece(text=text, special=True if token.get("special") is True else None)
    if "logprob" in token:
        tops = event.get("top_tokens")
        pairs = [(top.get("text"), top.get("logprob")) for top in tops if isinstance(top, dict)] if isinstance(tops, list) else []
        piece.logprobs = [entry(text, token["logprob"], pairs)]
    if event.get("generated_text") is not None:
        details = event.get("details") or {}
        if not isinstance(details, dict):
            raise UpstreamError("garbage", "the upstream sent details that are none")
        piece.finish = "length" if details.get("finish_reason") == "length" else "stop"
        piece.completion_tokens = count_in(details, "generated_tokens")
        piece.prompt_tokens = count_in(details, "input_length")
    return piece


def models(answer: Mapping[str, Any]) -> list[str]:
    """The one model that is served."""
    name = answer.get("model_id")
    return [name] if isinstance(name, str) else []


TGI = Upstream(
    request=request,
    piece=piece,
    models_path="/info",
    models=models,
    adds_bos=True,
)
