"""The loop around a client: a question, the model's calls, their results, until it answers.

Theory of operation. `_steps` is the loop itself and does nothing but decide: it yields what is to be done next (look at the tools, ask the
model, run calls) and is sent what came of it. Two drivers carry the steps out, one that awaits and one that does not, and each of them asks
for answers whole or in pieces. What differs between APIs is a row of `_APIS`.

The messages of a round, the model's and the results of its calls, are kept together: a loop that fails or is cancelled in between leaves
a history that the API takes.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, NamedTuple, Union

from toolparse.events import Event
from toolparse.message import Message
from toolparse.toolbox import api_answers
from toolparse.toolbox.api_answers import Turn
from toolparse.toolbox.results import Api, ToolResult, tool_messages
from toolparse.toolbox.running import run
from toolparse.toolbox.toolbox import Toolbox

MAX_TOKENS = 4096
"""What Anthropic's API is told, which demands a number, where the request says nothing."""


class TooManyRounds(RuntimeError):
    """The model went on calling tools. The conversation can go on: `ask()` without a question gives it more rounds."""


class _Shape(NamedTuple):
    """An API: where the client takes a request, what the request calls things, and how its answers are read."""

    create: Callable[[Any], Callable[..., Any]]
    messages: str
    tools: Callable[[Toolbox], list[dict[str, Any]]]
    message: Callable[[Any], Message]
    turn: Callable[[Any, Message], Turn]
    pieces: Callable[[], api_answers.Answer]
    defaults: dict[str, Any]


_APIS: dict[Api, _Shape] = {
    "openai": _Shape(
        lambda client: client.chat.completions.create,
        "messages",
        Toolbox.to_openai,
        api_answers.chat_message,
        lambda answer, message: api_answers.chat_turn(message),
        api_answers.ChatPieces,
        {},
    ),
    "responses": _Shape(
        lambda client: client.responses.create,
        "input",
        Toolbox.to_responses,
        api_answers.responses_message,
        lambda answer, message: api_answers.responses_turn(answer),
        api_answers.ResponsePieces,
        {},
    ),
    "anthropic": _Shape(
        lambda client: client.messages.create,
        "messages",
        Toolbox.to_anthropic,
        api_answers.anthropic_message,
        lambda answer, message: api_answers.anthropic_turn(answer),
        api_answers.MessagePieces,
        {"max_tokens": MAX_TOKENS},
    ),
}


@dataclass(frozen=True, slots=True)
class _Ask:
    """The model is asked; sent back are its message and what stands for it in the next request."""

    request: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Run:
    """Calls are run; sent back are the results."""

    message: Message


_Steps = Generator[Union[_Ask, _Run, None], Any, Message]  # None: the tools are looked at


class Conversation:
    """A model and a toolbox, talking through a client.

    `client` has the shape of `openai.OpenAI` or `anthropic.Anthropic`, sync or async; `toolbox` is a `Toolbox` or what one is made of.
    `options` go into every request as they are (`temperature`, `system`, `max_tokens` ...). `messages` is the history, in the shape of
    the API, and may be given to begin with; `api` is "openai" or "anthropic" by the client, or "responses" for OpenAI's other API.
    A question takes at most `rounds` requests.

    `results` are all calls so far and what became of them, `answer` is the last answer.

        conversation = toolparse.Conversation(openai.AsyncOpenAI(), [get_weather], model="gpt-5-mini")
        print((await conversation.ask("How is the weather in Oslo?")).content)
    """

    def __init__(
        self,
        client: Any,
        toolbox: Toolbox | Iterable[object],
        *,
        model: str,
        messages: Iterable[dict[str, Any]] = (),
        rounds: int = 10,
        api: Literal["openai", "responses", "anthropic"] | None = None,
        **options: Any,
    ) -> None:
        self.client = client
        self.toolbox = toolbox if isinstance(toolbox, Toolbox) else Toolbox(toolbox)
        self.model = model
        self.messages: list[Any] = list(messages)
        self.rounds = rounds
        self.results: list[ToolResult] = []
        self.answer: Message | None = None
        self._options = options
        self._api: Api = api or ("openai" if hasattr(client, "chat") else "anthropic")
        self._shape = _APIS[self._api]
        try:
            self._create = self._shape.create(client)
        except AttributeError as error:
            raise TypeError(f"the client has the shape of openai.OpenAI or anthropic.Anthropic, which {error}") from None

    async def ask(self, question: str | None = None) -> Message:
        """The model's answer to a question; without one, the conversation goes on from where it is. Calls on the way are run.

        Raises what the client raises, and `TooManyRounds`. An answer that the token limit cut is `truncated`.
        """
        steps = self._steps(question)
        result: Any = None
        while not isinstance(step := _next(steps, result), Message):
            if isinstance(step, _Ask):
                result = self._whole(await self._request(step.request))
            else:
                result = await self._other(step)
        return step

    async def stream(self, question: str | None = None) -> AsyncIterator[Event | ToolResult]:
        """`ask`, with the events of each answer as they come, and between two answers the results of the calls.

        The answer is in `self.answer` when the stream has ended.
        """
        steps = self._steps(question)
        result: Any = None
        while not isinstance(step := _next(steps, result), Message):
            if isinstance(step, _Ask):
                reader = self._shape.pieces()
                pieces = await self._request({**step.request, "stream": True})
                try:
                    async for piece in _each(pieces):
                        for event in reader.feed(piece):
                            yield event
                finally:
                    await _close(pieces)
                events, *result = reader.finish()
                for event in events:
                    yield event
            else:
                result = await self._other(step)
                for each in result or ():
                    yield each

    def ask_sync(self, question: str | None = None) -> Message:
        """`ask` for a synchronous client, in code that is not asynchronous."""
        steps = self._steps(question)
        result: Any = None
        while not isinstance(step := _next(steps, result), Message):
            if isinstance(step, _Ask):
                result = self._whole(self._request_sync(step.request))
            else:
                result = self.toolbox.wait_for(partial(self._other, step))
        return step

    def stream_sync(self, question: str | None = None) -> Iterator[Event | ToolResult]:
        """`stream` for a synchronous client, in code that is not asynchronous."""
        steps = self._steps(question)
        result: Any = None
        while not isinstance(step := _next(steps, result), Message):
            if isinstance(step, _Ask):
                reader = self._shape.pieces()
                pieces = self._request_sync({**step.request, "stream": True})
                try:
                    for piece in pieces:
                        yield from reader.feed(piece)
                finally:
                    if hasattr(pieces, "close"):
                        pieces.close()
                events, *result = reader.finish()
                yield from events
            else:
                result = self.toolbox.wait_for(partial(self._other, step))
                yield from result or ()

    # -- the loop -----------------------------------------------------------------------------------------------------------------------

    def _steps(self, question: str | None) -> _Steps:
        self.answer = None
        if question is not None:
            self.messages.append({"role": "user", "content": question})
        for _ in range(self.rounds):
            yield None
            message, turn = yield _Ask(self._next_request())
            if not message.tool_calls:
                self.messages += turn
                self.answer = message
                return message  # type: ignore[no-any-return]
            results = yield _Run(message)
            self.results += results
            self.messages += [*turn, *tool_messages(results, self._api)]
        raise TooManyRounds(f"no answer after {self.rounds} rounds")

    def _next_request(self) -> dict[str, Any]:
        tools = self._shape.tools(self.toolbox)
        request = {**self._shape.defaults, "model": self.model, self._shape.messages: list(self.messages), **self._options}
        return {**request, "tools": tools} if tools else request

    def _whole(self, answer: Any) -> tuple[Message, Turn]:
        message = self._shape.message(answer)
        return message, self._shape.turn(answer, message)

    async def _other(self, step: _Run | None) -> list[ToolResult] | None:
        if step is None:
            await self.toolbox.refresh()
            return None
        return await self.toolbox.results(step.message)

    # -- the client ---------------------------------------------------------------------------------------------------------------------

    async def _request(self, request: dict[str, Any]) -> Any:
        """The client's answer; a synchronous client waits in a thread."""
        return await run(partial(self._create, **request), None)

    def _request_sync(self, request: dict[str, Any]) -> Any:
        answer = self._create(**request)
        if inspect.isawaitable(answer):
            if inspect.iscoroutine(answer):
                answer.close()
            raise TypeError("the client is asynchronous: `await conversation.ask(...)`, or `async for` over `conversation.stream(...)`")
        return answer


def _next(steps: _Steps, result: Any) -> _Ask | _Run | Message | None:
    """What follows the result of the step before: another step, or the answer."""
    try:
        return steps.send(result)
    except StopIteration as end:
        answer: Message = end.value
        return answer


async def _each(pieces: Any) -> AsyncIterator[Any]:
    """The pieces of an asynchronous client, or of a synchronous one, which is waited for in a thread."""
    if hasattr(pieces, "__aiter__"):
        async for piece in pieces:
            yield piece
        return
    iterator = iter(pieces)
    ended = object()
    while (piece := await run(partial(next, iterator, ended), None)) is not ended:
        yield piece


async def _close(pieces: Any) -> None:
    """Give the connection back, also where the stream was left early."""
    close = getattr(pieces, "close", None) or getattr(pieces, "aclose", None)
    done = close() if close is not None else None
    if inspect.isawaitable(done):
        await done
