"""The readers of the upstreams' streams: wherever a stream is cut, the pieces are the same, and what is no stream is an error."""

from __future__ import annotations

import json
from contextlib import suppress
from itertools import pairwise
from typing import Any

import pytest
from effort import examples
from hypothesis import given
from hypothesis import strategies as st
from scripted_upstream import Script, end, event

from toolparse.serve.upstreams import UPSTREAMS
from toolparse.serve.upstreams.event_stream import LONGEST, UpstreamError
from toolparse.serve.upstreams.upstream import Generation, Piece

KINDS = list(UPSTREAMS)
TEXTS = st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6), max_size=5)


def read(kind: str, parts: list[bytes]) -> list[Piece]:
    reader = UPSTREAMS[kind].reader()
    pieces = [piece for part in parts for piece in reader.feed(part)]
    reader.finish()
    return pieces


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:stop] for start, stop in pairwise(edges)]


def stream(kind: str, texts: list[str], line_end: bytes = b"\n", **script: Any) -> bytes:
    data = b"".join(event(kind, text, {}, False) for text in texts) + end(kind, Script(texts, **script), len(texts))
    return data.replace(b"\n", line_end)


@pytest.mark.parametrize("kind", KINDS)
@examples(15, 1000)
@given(texts=TEXTS, places=st.lists(st.integers(0, 10_000), max_size=12), line_end=st.sampled_from([b"\n", b"\r\n"]))
def test_cuts_anywhere_change_nothing(kind: str, texts: list[str], places: list[int], line_end: bytes) -> None:
    data = stream(kind, texts, line_end)
    pieces = read(kind, cut(data, places))
    assert pieces == read(kind, [data]) == read(kind, [bytes([byte]) for byte in data])
    assert "".join(piece.text for piece in pieces) == "".join(texts)
    (finish,) = [piece.finish for piece in pieces if piece.finish is not None]
    assert finish == "stop"
    assert [piece.prompt_tokens for piece in pieces if piece.prompt_tokens is not None] == [7]
    assert [piece.completion_tokens for piece in pieces if piece.completion_tokens is not None] == [len(texts)]


@pytest.mark.parametrize("kind", KINDS)
@examples(15, 1000)
@given(texts=TEXTS, places=st.lists(st.integers(0, 10_000), max_size=5), where=st.integers(0, 10_000))
def test_a_stream_that_breaks_off_is_an_error_and_never_an_end(kind: str, texts: list[str], places: list[int], where: int) -> None:
    data = stream(kind, texts)
    # What may be missing at the end is only what says nothing: the count of tokens and [DONE].
    last = data.index(b"\n", data.rindex(b'"finish_reason": "stop"')) + 2 if kind.startswith("openai") else len(data)
    broken = data[: where % last]
    with pytest.raises(UpstreamError) as raised:
        read(kind, cut(broken, places))
    assert raised.value.kind == "cut"


@pytest.mark.parametrize("kind", KINDS)
@examples(30, 1000)
@given(junk=st.binary(max_size=60), at=st.integers(0, 10_000), places=st.lists(st.integers(0, 10_000), max_size=4))
def test_garbage_is_an_upstream_error_or_passed_over_and_nothing_else(kind: str, junk: bytes, at: int, places: list[int]) -> None:
    data = stream(kind, ["a", "é"])
    at %= len(data) + 1
    with suppress(UpstreamError):
        assert all(isinstance(piece.text, str) for piece in read(kind, cut(data[:at] + junk + data[at:], places)))


WORDS = [
    "choices", "delta", "content", "text", "finish_reason", "usage", "logprobs", "tokens", "token_logprobs", "top_logprobs", "token",
    "logprob", "special", "details", "generated_text", "response", "done", "stop", "completion_probabilities", "top_tokens", "error",
    "tool_calls", "thinking",
]  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(WORDS),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("kind", KINDS)
@examples(20, 1000)
@given(value=JSON)
def test_any_json_is_a_piece_or_an_upstream_error(kind: str, value: Any) -> None:
    data = json.dumps(value).encode()
    reader = UPSTREAMS[kind].reader()
    try:
        pieces = reader.feed(data + b"\n" if UPSTREAMS[kind].lines else b"data: " + data + b"\n\n")
    except UpstreamError:
        return
    for piece in pieces:
        assert isinstance(piece.text, str)
        json.dumps(piece.logprobs, allow_nan=False)


@pytest.mark.parametrize("kind", KINDS)
def test_an_event_without_end_is_refused(kind: str) -> None:
    reader = UPSTREAMS[kind].reader()
    for _ in range(LONGEST // 65536):
        reader.feed(b"x" * 65536)
    with pytest.raises(UpstreamError, match="without end"):
        reader.feed(b"x")


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "ollama"])
def test_comments_and_other_fields_of_an_event_are_passed_over(kind: str) -> None:
    data = b": ping\n\nevent: message\nid: 1\nretry: 3\n" + stream(kind, ["a"])
    assert "".join(piece.text for piece in read(kind, [data])) == "a"


def test_an_error_in_the_stream_is_told_in_its_own_words() -> None:
    for wrong in ({"error": {"message": "out of memory"}}, {"error": "out of memory"}, {"object": "error", "message": "out of memory"}):
        with pytest.raises(UpstreamError, match="out of memory") as raised:
            UPSTREAMS["openai-chat"].reader().feed(b"data: " + json.dumps(wrong).encode() + b"\n\n")
        assert raised.value.kind == "failed"


def test_an_upstream_that_reads_calls_itself_is_told_apart() -> None:
    chunk = {"choices": [{"delta": {"tool_calls": [{"index": 0}]}}]}
    with pytest.raises(UpstreamError, match="without a tool parser"):
        UPSTREAMS["openai-chat"].reader().feed(b"data: " + json.dumps(chunk).encode() + b"\n\n")


def test_a_reason_that_is_no_end_is_an_error() -> None:
    chunk = {"choices": [{"text": "", "finish_reason": "abort"}]}
    with pytest.raises(UpstreamError, match="gave up"):
        UPSTREAMS["openai-completions"].reader().feed(b"data: " + json.dumps(chunk).encode() + b"\n\n")


def test_special_tokens_of_tgi_are_told_to_the_parser() -> None:
    pieces = UPSTREAMS["tgi"].reader().feed(event("tgi", "<tool_call>", {}, True) + event("tgi", "a", {}, False))
    assert [piece.special for piece in pieces] == [True, None]


SAMPLING = {"max_tokens": 9, "temperature": 0.5, "top_p": 0.9, "seed": 3, "stop": ["x"], "repetition_penalty": 1.1}
ASKED = Generation(
    model="m", prompt="p", messages=[{"role": "user", "content": "p"}], sampling=SAMPLING, logprobs=2, special_tokens=("<t>",)
)


@pytest.mark.parametrize(
    ("kind", "path", "holds"),
    [
        (
            "openai-chat",
            "/v1/chat/completions",
            {"max_tokens": 9, "stop": ["x"], "logprobs": True, "top_logprobs": 2, "skip_special_tokens": False},
        ),
        ("openai-completions", "/v1/completions", {"prompt": "p", "max_tokens": 9, "logprobs": 2, "add_special_tokens": False}),
        ("llama.cpp", "/completion", {"prompt": "p", "n_predict": 9, "repeat_penalty": 1.1, "n_probs": 2, "preserved_tokens": ["<t>"]}),
        ("tgi", "/generate_stream", {"inputs": "p"}),
        ("ollama", "/api/generate", {"raw": True, "prompt": "p", "top_logprobs": 2}),
    ],
)
def test_what_an_upstream_is_asked(kind: str, path: str, holds: dict[str, Any]) -> None:
    asked, body = UPSTREAMS[kind].request(ASKED)
    assert asked == path
    assert body["stream"] is True
    assert body | holds == body


def test_parameters_that_an_upstream_calls_otherwise_or_refuses() -> None:
    _, body = UPSTREAMS["ollama"].request(ASKED)
    assert body["options"] == {"num_predict": 9, "temperature": 0.5, "top_p": 0.9, "seed": 3, "stop": ["x"], "repeat_penalty": 1.1}
    _, body = UPSTREAMS["tgi"].request(ASKED)
    assert body["parameters"]["do_sample"] is True
    assert body["parameters"]["max_new_tokens"] == 9
    _, body = UPSTREAMS["tgi"].request(Generation(model="m", sampling={"temperature": 0, "top_p": 1}))
    assert body["parameters"].keys().isdisjoint({"temperature", "top_p", "do_sample"})
    assert body["parameters"]["max_new_tokens"] is None
    _, body = UPSTREAMS["openai-completions"].request(Generation(model="m"))
    assert body["max_tokens"] is None


def test_calls_go_to_an_upstream_with_their_arguments_as_text() -> None:
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": {"a": "é"}}}
    asked = Generation(model="m", messages=[{"role": "assistant", "content": "", "tool_calls": [call]}], tools=[{"type": "function"}])
    _, body = UPSTREAMS["openai-chat"].request(asked)
    assert body["messages"][0]["tool_calls"][0]["function"]["arguments"] == '{"a": "é"}'
    assert call["function"]["arguments"] == {"a": "é"}
    assert body["tool_choice"] == "none"
