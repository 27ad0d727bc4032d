"""An `openai` client whose server answers with raw text, with tool calls in the place of the text.

A copy of the client stands in for it, of its own class, in which `chat.completions.create` alone is another function: requests go out as
they are, answers are read by a `Parser` for each choice and come back as the client's own objects. Whole or streamed, one text gives the
same message.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Any, TypeVar

from toolparse.adapters.openai_chat import ChatChunks
from toolparse.formats import get_format
from toolparse.grammar import Format
from toolparse.message import Message
from toolparse.parser import Parser, parse

Client = TypeVar("Client")


def wrap(client: Client, fmt: str | Format, *, server_tool_choice: str | None = None, **options: Any) -> Client:
    """`client`, an `openai.OpenAI` or `AsyncOpenAI`, with the raw text of its chat completions read in the format `fmt`.

    A request's `tools` go to the server, whose template shows them to the model, and to the parser. Its `tool_choice` and
    `parallel_tool_calls` go to the parser alone, since the server has nothing to choose with; `server_tool_choice` is what the server is
    told ("none" for vLLM without a parser of its own). `options` are those of `Parser`. Raises `UnknownFormat` and what `Parser` raises.

        client = toolparse.wrap(openai.OpenAI(base_url="http://127.0.0.1:8080/v1", api_key="none"), "hermes")
        client.chat.completions.create(model="m", messages=messages, tools=tools).choices[0].message.tool_calls

    Special tokens must not be lost on the way: with vLLM and SGLang add `extra_body={"skip_special_tokens": False}` to requests.
    """
    chosen = get_format(fmt) if isinstance(fmt, str) else fmt
    Parser(chosen, **options)  # which says what is wrong with them before the first answer does
    inner: Any = client
    if not hasattr(inner, "chat"):
        raise TypeError(f"the client is an openai.OpenAI or openai.AsyncOpenAI, not {type(inner).__name__}")
    twin: Any = copy.copy(inner)
    twin.chat = copy.copy(inner.chat)
    twin.chat.completions = completions = copy.copy(inner.chat.completions)
    completions.create = _create(inner.chat.completions.create, _Reading(chosen, server_tool_choice, options))
    completions.parse = _not_here
    for name in ("copy", "with_options"):
        if hasattr(inner, name):
            setattr(twin, name, _again(getattr(inner, name), chosen, server_tool_choice, options))
    return twin  # type: ignore[no-any-return]


class _Reading:
    """How the answers of one wrapped client are read."""

    def __init__(self, fmt: Format, server_tool_choice: str | None, options: dict[str, Any]) -> None:
        self._fmt = fmt
        self._server_tool_choice = server_tool_choice
        self._options = options

    def request(self, request: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The request as the server gets it, and the parser's options for its answer."""
        sent = dict(request)
        options = dict(self._options)
        if tools := _given(sent.get("tools")):
            options["tools"] = tools
        for name in ("tool_choice", "parallel_tool_calls"):
            if (value := _given(sent.pop(name, None))) is not None:
                options[name] = value
        if tools and self._server_tool_choice is not None:
            sent["tool_choice"] = self._server_tool_choice
        return sent, options

    def parser(self, options: dict[str, Any], reasoned: bool) -> Parser:
        """`reasoned`: the server has taken the reasoning out of the text already."""
        return Parser(self._fmt, **{"thinking": False, **options} if reasoned else options)

    def whole(self, completion: Any, options: dict[str, Any]) -> Any:
        """The completion with calls for text; anything that is none (a raw response) as it is."""
        choices = getattr(completion, "choices", None)
        if choices is None:
            return completion
        return completion.model_copy(update={"choices": [self._choice(choice, options) for choice in choices]})

    def _choice(self, choice: Any, options: dict[str, Any]) -> Any:
        said = choice.message
        if not said.content or said.tool_calls:
            return choice
        reasoned = _reasoned(said)
        cut = choice.finish_reason == "length"
        message = parse(said.content, self._fmt, truncated=cut, **{"thinking": False, **options} if reasoned else options)
        update = _message_fields(message, reasoned)
        reason = message.finish_reason if choice.finish_reason in ("stop", "length", None) else choice.finish_reason
        return choice.model_copy(update={"message": said.model_copy(update=update), "finish_reason": reason})

    def chunks(self, options: dict[str, Any], n: int) -> _Chunks:
        """What reads a stream of `n` choices."""
        return _Chunks(self, options, n)


class _Chunks:
    """One streamed answer: the server's chunks in, the client's own chunks out."""

    def __init__(self, reading: _Reading, options: dict[str, Any], n: int) -> None:
        self._reading = reading
        self._options = options
        self._n = n
        self._choices: dict[int, _ChoiceStream] = {}
        self._last: Any = None

    def feed(self, chunk: Any) -> list[Any]:
        if not getattr(chunk, "choices", None):
            return [chunk]  # usage, or a server's own kind of chunk
        self._last = chunk
        made: list[Any] = []
        for choice in chunk.choices:
            # OpenAI's helper for streams appends a choice that it sees for the first time: they are opened in their order, also where the
            # text of one is held, or where a server answers a later one first.
            for index in range(min(choice.index, self._n)):
                if index not in self._choices:
                    self._choices[index] = _ChoiceStream(self._reading, self._options)
                    made.append(_chunk(chunk, choice.model_copy(update={"index": index}), {}, None, logprobs=None))
            is_new = choice.index not in self._choices
            if is_new:
                self._choices[choice.index] = _ChoiceStream(self._reading, self._options)
            for delta, reason in self._choices[choice.index].feed(choice) or [({}, None)] * is_new:
                made.append(_chunk(chunk, choice, delta, reason, logprobs=None))
            if choice.logprobs is not None:
                if not made or made[-1].choices[0].index != choice.index:
                    made.append(_chunk(chunk, choice, {}, None, logprobs=None))
                made[-1].choices[0].logprobs = choice.logprobs
        if made and chunk.usage is not None:
            made[-1].usage = chunk.usage
        return made

    def finish(self) -> list[Any]:
        """The stream has ended. A choice that has no finish reason yet was cut."""
        made = []
        for index, stream in self._choices.items():
            for delta, reason in stream.finish():
                made.append(_chunk(self._last, self._last.choices[0].model_copy(update={"index": index}), delta, reason, logprobs=None))
        return made


class _ChoiceStream:
    """One choice of a streamed answer. Deltas come with their finish reason."""

    def __init__(self, reading: _Reading, options: dict[str, Any]) -> None:
        self._reading = reading
        self._options = options
        self._adapter = ChatChunks()
        self._parser: Parser | None = None
        self._reasoned = self._ended = self._called = False

    def feed(self, choice: Any) -> list[tuple[dict[str, Any], str | None]]:
        delta, reason = choice.delta, choice.finish_reason
        passed = delta.model_dump(exclude_unset=True, exclude={"content"})
        self._reasoned = self._reasoned or _reasoned(delta)
        self._called = self._called or bool(delta.tool_calls)
        made: list[tuple[dict[str, Any], str | None]] = []
        if any(value is not None for value in passed.values()):
            made.append((passed, None))
        if delta.content:
            if self._parser is None:
                self._parser = self._reading.parser(self._options, self._reasoned)
            made += _deltas(self._adapter.feed(self._parser.feed(delta.content)))
        if reason is not None:
            made += self._end(reason)
        return made

    def finish(self) -> list[tuple[dict[str, Any], str | None]]:
        return [] if self._ended else self._end("length")

    def _end(self, reason: str) -> list[tuple[dict[str, Any], str | None]]:
        self._ended = True
        if self._parser is None:
            return [({}, reason)]
        cut = reason == "length"
        made = _deltas(self._adapter.feed(self._parser.finish(truncated=cut)))
        last = _deltas(self._adapter.finish(truncated=cut))[0][1]
        return [*made, ({}, last if reason in ("stop", "length") and not self._called else reason)]


def _create(create: Callable[..., Any], reading: _Reading) -> Callable[..., Any]:
    """The function that stands in for `create`; asynchronous where it is."""

    def read(answer: Any, options: dict[str, Any], n: int) -> Any:
        if hasattr(answer, "__aiter__"):
            return _AsyncStream(answer, reading.chunks(options, n))
        if hasattr(answer, "__next__"):
            return _Stream(answer, reading.chunks(options, n))
        return reading.whole(answer, options)

    async def read_later(answer: Any, options: dict[str, Any], n: int) -> Any:
        return read(await answer, options, n)

    def create_and_read(**request: Any) -> Any:
        sent, options = reading.request(request)
        n = _given(sent.get("n")) or 1
        answer = create(**sent)
        return read_later(answer, options, n) if inspect.isawaitable(answer) else read(answer, options, n)

    return create_and_read


class _Stream:
    """A stream in the place of the client's own, which it still is in everything but its chunks."""

    def __init__(self, stream: Any, chunks: _Chunks) -> None:
        self._stream = stream
        self._iterator = self._read(chunks)

    def _read(self, chunks: _Chunks) -> Iterator[Any]:
        for chunk in self._stream:
            yield from chunks.feed(chunk)
        yield from chunks.finish()

    def __iter__(self) -> Iterator[Any]:
        return self._iterator

    def __next__(self) -> Any:
        return next(self._iterator)

    def __enter__(self) -> _Stream:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        self._stream.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _AsyncStream:
    """The same for an asynchronous client."""

    def __init__(self, stream: Any, chunks: _Chunks) -> None:
        self._stream = stream
        self._iterator = self._read(chunks)

    async def _read(self, chunks: _Chunks) -> AsyncIterator[Any]:
        async for chunk in self._stream:
            for each in chunks.feed(chunk):
                yield each
        for each in chunks.finish():
            yield each

    def __aiter__(self) -> AsyncIterator[Any]:
        return self._iterator

    async def __anext__(self) -> Any:
        return await self._iterator.__anext__()

    async def __aenter__(self) -> _AsyncStream:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self._stream.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _again(renew: Callable[..., Any], fmt: Format, server_tool_choice: str | None, options: dict[str, Any]) -> Callable[..., Any]:
    """`with_options` of a wrapped client gives a wrapped client."""

    def renewed(**changed: Any) -> Any:
        return wrap(renew(**changed), fmt, server_tool_choice=server_tool_choice, **options)

    return renewed


def _not_here(*args: Any, **request: Any) -> Any:
    raise NotImplementedError("a wrapped client reads the answers of `chat.completions.create` and `.stream`; use one of them")


def _given(value: Any) -> Any:
    """A parameter of a request; None for the client's own way of saying that it was not given."""
    return None if type(value).__name__ in ("NotGiven", "Omit") else value


def _reasoned(said: Any) -> bool:
    return bool(getattr(said, "reasoning_content", None) or getattr(said, "reasoning", None))


def _message_fields(message: Message, reasoned: bool) -> dict[str, Any]:
    """What the message says in the place of its raw text, as the client's objects."""
    from openai.types.chat.chat_completion_message_function_tool_call import ChatCompletionMessageFunctionToolCall as Call

    written = message.to_openai()
    fields: dict[str, Any] = {"content": written["content"]}
    if message.reasoning and not reasoned:
        fields["reasoning_content"] = message.reasoning
    if "tool_calls" in written:
        fields["tool_calls"] = [Call.model_validate(call) for call in written["tool_calls"]]
    return fields


def _chunk(chunk: Any, choice: Any, delta: dict[str, Any], reason: str | None, logprobs: Any) -> Any:
    """A chunk like the server's, with another delta."""
    made = type(choice.delta).model_validate(delta)
    changed = choice.model_copy(update={"delta": made, "finish_reason": reason, "logprobs": logprobs})
    return chunk.model_copy(update={"choices": [changed], "usage": None})


def _deltas(chunks: Iterable[dict[str, Any]]) -> list[tuple[dict[str, Any], str | None]]:
    return [(chunk["choices"][0]["delta"], chunk["choices"][0]["finish_reason"]) for chunk in chunks]
