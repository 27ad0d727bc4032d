"""What every upstream is to the gateway: what it is asked, and how its stream is read. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from toolparse.serve.upstreams.event_stream import EventStream, JsonLines, UpstreamError

Finish = Literal["stop", "length"]


@dataclass(slots=True)
class Piece:
    """What one event of an upstream's stream says.

    `special` is True where the engine tells that the text came from a special token. `reasoning` is text that the engine itself
    took out of the output. `logprobs` are entries as in `choices[].logprobs.content` of OpenAI's chat API.
    """

    text: str = ""
    special: bool | None = None
    reasoning: str = ""
    logprobs: list[dict[str, Any]] = field(default_factory=list)
    finish: Finish | None = None
    stop_sequence: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Generation:
    """What an upstream is asked for. `prompt` is the rendered prompt; an upstream that takes messages gets those instead.

    `sampling` has the names of OpenAI's API and, beyond those, vLLM's. `logprobs` is how many alternatives are wanted for each token,
    None for no probabilities at all. `special_tokens` are the format's markers that the engine must not swallow.
    """

    model: str
    prompt: str = ""
    messages: Sequence[Mapping[str, Any]] = ()
    tools: Sequence[Mapping[str, Any]] = ()
    sampling: Mapping[str, Any] = field(default_factory=dict)
    logprobs: int | None = None
    special_tokens: tuple[str, ...] = ()
    constraint: Mapping[str, Any] = field(default_factory=dict)
    template_options: Mapping[str, Any] = field(default_factory=dict)
    passed_on: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """One kind of engine.

    `request` gives the path and the JSON body that ask for a stream, `piece` reads an event of it, `lines` says that events are lines
    and not server-sent. `models` reads the names in an answer from `models_path`.

    One that `takes_messages` renders the prompt itself; where others offer to, it is at `render_path`. One that `adds_bos` puts the token
    that begins a sequence in front of a prompt, so the rendered one must not have it. `constrains` is the language in which it takes a
    constraint for a call that must come. One that gives an answer a few tokens only, unless it is told how many, says at `count_path` how
    many tokens a prompt has and how many the model takes. One that `takes_response_format` holds an answer to a client's JSON Schema.
    """

    request: Callable[[Generation], tuple[str, dict[str, Any]]]
    piece: Callable[[dict[str, Any]], Piece]
    models_path: str
    models: Callable[[Mapping[str, Any]], list[str]]
    lines: bool = False
    takes_messages: bool = False
    adds_bos: bool = False
    constrains: Literal["gbnf", "structural_tag"] | None = None
    render_path: str | None = None
    count_path: str | None = None
    takes_response_format: bool = False

    def reader(self) -> AnswerReader:
        """A reader for the stream of one answer."""
        return AnswerReader(JsonLines() if self.lines else EventStream(), self.piece)


class AnswerReader:
    """Reads the stream of one answer, given in any pieces of bytes."""

    def __init__(self, events: EventStream | JsonLines, piece: Callable[[dict[str, Any]], Piece]) -> None:
        self._events = events
        self._piece = piece
        self._finished = False

    def feed(self, data: bytes) -> list[Piece]:
        """The pieces of the events that are whole now. Raises `UpstreamError` for what is no event of this upstream."""
        pieces = [self._piece(event) for event in self._events.feed(data)]
        self._finished = self._finished or any(piece.finish is not None for piece in pieces)
        return pieces

    def finish(self) -> None:
        """The stream has ended. Raises `UpstreamError` unless the answer had ended before."""
        if self._events.cut:
            raise UpstreamError("cut", "the upstream's stream ended inside an event")
        if not self._finished:
            raise UpstreamError("cut", "the upstream's stream ended before its answer did")
