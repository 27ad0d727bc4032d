"""Any server of OpenAI's chat completions that runs without a tool parser, and so returns calls as text.

Facts: openai/types/chat/chat_completion_chunk.py of the openai package; the fields beyond it are vLLM's (`ChatCompletionRequest`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from toolparse.serve.upstreams.event_stream import UpstreamError, entries, text_in
from toolparse.serve.upstreams.openai_completions import listed_models, only_choice, read_end
from toolparse.serve.upstreams.upstream import Generation, Piece, Upstream


def request(asked: Generation) -> tuple[str, dict[str, Any]]:
    body: dict[str, Any] = {
        **asked.passed_on,
        **asked.sampling,
        "model": asked.model,
        "messages": on_the_wire(asked.messages),
        "stream": True,
        "stream_options": {"include_usage": True},
        "skip_special_tokens": False,
        **asked.constraint,
    }
    if asked.tools:
        # The template shall show the tools, but a server without a parser refuses to look for calls.
        body["tools"] = list(asked.tools)
        body["tool_choice"] = "none"
    if asked.template_options:
        body["chat_template_kwargs"] = dict(asked.template_options)
    if asked.logprobs is not None:
        body["logprobs"] = True
        body["top_logprobs"] = asked.logprobs
    return "/v1/chat/completions", body


def piece(event: dict[str, Any]) -> Piece:
    choice = only_choice(event)
    delta = choice.get("delta") or {}
    if not isinstance(delta, dict):
        raise UpstreamError("garbage", "the upstream sent a delta that is none")
    if delta.get("tool_calls"):
        raise UpstreamError("misconfigured", "the upstream reads tool calls itself; start it without a tool parser, or use it directly")
    # Servers that read reasoning themselves call it by one of two names.
    piece = Piece(text=text_in(delta, "content"), reasoning=text_in(delta, "reasoning_content") or text_in(delta, "reasoning"))
    if isinstance(logprobs := choice.get("logprobs"), dict):
        piece.logprobs = entries(logprobs.get("content"))
    read_end(piece, choice, event)
    return piece


def on_the_wire(messages: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Messages with the arguments of calls as text, as the API has them, and not as templates do."""
    return [
        {**message, "tool_calls": [_call(call) for call in message["tool_calls"]]} if "tool_calls" in message else dict(message)
        for message in messages
    ]


def _call(call: Mapping[str, Any]) -> dict[str, Any]:
    function = call["function"]
    arguments = function["arguments"]
    text = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    return {**call, "function": {**function, "arguments": text}}


OPENAI_CHAT = Upstream(
    request=request,
    piece=piece,
    models_path="/v1/models",
    models=listed_models,
    takes_messages=True,
    constrains="structural_tag",
    takes_response_format=True,
)
