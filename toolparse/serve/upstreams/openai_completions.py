"""Any server of OpenAI's text completions: vLLM, SGLang, LMDeploy, llama-cpp-python and others.

Facts: openai/types/completion.py of the openai package; the fields beyond it are vLLM's (`CompletionRequest`), which most others
know too or leave unread. An answer has 16 tokens unless the request says more. Null says so to some servers only: vLLM takes it for 16
from 0.33 on, SGLang refuses it. Both tell at `/tokenize` how much is left for an answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice, zip_longest
from typing import Any

from toolparse.serve.upstreams.event_stream import UpstreamError, count_in, entry, names_in, text_in
from toolparse.serve.upstreams.upstream import Generation, Piece, Upstream


def request(asked: Generation) -> tuple[str, dict[str, Any]]:
    body = {
        **asked.passed_on,
        "max_tokens": None,  # or it is 16
        **asked.sampling,
        "model": asked.model,
        "prompt": asked.prompt,
        "stream": True,
        "stream_options": {"include_usage": True},
        "add_special_tokens": False,
        "skip_special_tokens": False,
        "spaces_between_special_tokens": False,
        **asked.constraint,
    }
    if asked.logprobs is not None:
        body["logprobs"] = asked.logprobs
    return "/v1/completions", body


def piece(event: dict[str, Any]) -> Piece:
    choice = only_choice(event)
    piece = Piece(text=text_in(choice, "text"), logprobs=_logprobs(choice.get("logprobs")))
    read_end(piece, choice, event)
    return piece


def only_choice(event: dict[str, Any]) -> dict[str, Any]:
    """The choice of a chunk; empty in one that only counts tokens."""
    choices = event.get("choices")
    if not choices:
        if "usage" in event or "choices" in event:
            return {}
        raise UpstreamError("garbage", "the upstream sent a chunk without choices")
    if not (isinstance(choices, list) and isinstance(choices[0], dict)):
        raise UpstreamError("garbage", "the upstream sent choices that are none")
    return choices[0]


def read_end(piece: Piece, choice: dict[str, Any], event: dict[str, Any]) -> None:
    """What a chunk says of the answer's end and of its tokens."""
    reason = choice.get("finish_reason")
    if reason in ("abort", "error", "cancelled"):
        raise UpstreamError("failed", f"the upstream gave up ({reason})")
    if reason is not None:
        piece.finish = "length" if reason == "length" else "stop"
        # vLLM says which stop string it was; SGLang names the field otherwise, and a number is a token.
        stop = choice.get("stop_reason", choice.get("matched_stop"))
        piece.stop_sequence = stop if isinstance(stop, str) else None
    usage = event.get("usage")
    if isinstance(usage, dict):
        piece.prompt_tokens = count_in(usage, "prompt_tokens")
        piece.completion_tokens = count_in(usage, "completion_tokens")


def listed_models(answer: Mapping[str, Any]) -> list[str]:
    """The names in OpenAI's list of models."""
    return names_in(answer.get("data"), "id")


def _logprobs(given: object) -> list[dict[str, Any]]:
    if not isinstance(given, dict):
        return []
    tokens, values, tops = (
        value if isinstance(value := given.get(name), list) else [] for name in ("tokens", "token_logprobs", "top_logprobs")
    )
    pairs = (list(top.items()) if isinstance(top, dict) else () for top in tops)
    return [entry(token, value, top or ()) for token, value, top in zip_longest(tokens, values[: len(tokens)], islice(pairs, len(tokens)))]


OPENAI_COMPLETIONS = Upstream(
    request=request,
    piece=piece,
    models_path="/v1/models",
    models=listed_models,
    constrains="structural_tag",
    count_path="/tokenize",
    takes_response_format=True,
)
