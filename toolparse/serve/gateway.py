"""From a request to an answer: the prompt, the format, the upstream's stream through a parser.

`Gateway.run` answers one request into a `Sink`. It ends in one of three ways: it returns, and the answer is whole; it raises what the
client is told; or it is cancelled, because the client has left or the time is over, and that closes the connection to the upstream.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import anyio.lowlevel

from toolparse.detect import detect
from toolparse.events import CallEnd, Event, Reasoning
from toolparse.formats import get_format
from toolparse.grammar import Format
from toolparse.message import Message, MessageBuilder
from toolparse.parser import Parser
from toolparse.serve.answers import Answer, Usage
from toolparse.serve.connection import Connection
from toolparse.serve.constraints import constraint
from toolparse.serve.limits import MOST_TEXT
from toolparse.serve.log import Entry
from toolparse.serve.prompts import ChatTemplate, load_template
from toolparse.serve.requests import BadRequest, Request
from toolparse.serve.settings import Settings
from toolparse.serve.upstreams import UPSTREAMS
from toolparse.serve.upstreams.event_stream import UpstreamError
from toolparse.serve.upstreams.openai_chat import on_the_wire
from toolparse.serve.upstreams.upstream import Finish, Generation, Piece


class Choice:
    """One of a request's answers, from pieces of the upstream's text to events.

    The parser is made at the first text: an engine that reads the reasoning itself shows it there, and then the text behind it starts
    outside of it.
    """

    def __init__(self, request: Request, fmt: Format, prompt: str | None, entry: Entry) -> None:
        self._request = request
        self._format = fmt
        self._prompt = prompt
        self._entry = entry
        self._parser: Parser | None = None
        self._size = 0
        self._called = False
        self._cut = False
        self.finish: Finish | None = None
        self.stop: str | None = None
        self.prompt_tokens: int | None = None
        self.completion_tokens: int | None = None

    def feed(self, piece: Piece) -> list[Event]:
        """The events of a piece. Raises `UpstreamError` for an output that never ends."""
        events: list[Event] = []
        if piece.reasoning:
            events.append(Reasoning(piece.reasoning))
            self._parser = self._parser or self._made("")
        if piece.text:
            self._entry.arrived(piece.text)
            self._size += len(piece.text)
            if self._size > MOST_TEXT:
                raise UpstreamError("endless", "the upstream's answer does not end")
            if self._parser is None:
                self._parser = self._made(self._prompt)
            events += self._parser.feed(piece.text, piece.special)
        if piece.finish is not None:
            self.finish = piece.finish
        if piece.stop_sequence is not None:
            self.stop = piece.stop_sequence
        if piece.prompt_tokens is not None:
            self.prompt_tokens = piece.prompt_tokens
        if piece.completion_tokens is not None:
            self.completion_tokens = piece.completion_tokens
        self._saw(events)
        return events

    def end(self) -> list[Event]:
        """The last events: the upstream's answer has ended as it should."""
        parser = self._parser or self._made(self._prompt)
        events = parser.finish(truncated=self.finish == "length")
        self._saw(events)
        self._entry.finish.append("length" if self.finish == "length" or self._cut else "tool_calls" if self._called else "stop")
        return events

    def _saw(self, events: list[Event]) -> None:
        self._entry.saw(events)
        for event in events:
            if isinstance(event, CallEnd):
                self._called = True
                self._cut = self._cut or not event.complete

    def _made(self, prompt: str | None) -> Parser:
        request = self._request
        return Parser(
            self._format,
            tools=request.tools or None,
            tool_choice=request.tool_choice,
            parallel_tool_calls=request.parallel,
            prompt=prompt,
            thinking=thinking if isinstance(thinking := request.template_options.get("enable_thinking"), bool) else None,
        )


class Gateway:
    """One engine and what is known of its model."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.upstream = UPSTREAMS[settings.upstream]
        self.template = None if settings.template is None else load_template(settings.template)
        self._format = None if settings.format == "auto" else get_format(settings.format)
        self._shown_template: str | None = None
        self._asked_for_template = False
        self._counts = self.upstream.count_path is not None
        self.connection = Connection(settings.url, settings.upstream_key, settings.stall)

    async def run(self, request: Request, key: str | None, entry: Entry, sink: Sink, fmt: Format | None = None) -> None:
        """Answer a request. Raises `BadRequest`, `CannotRender` and `UpstreamError`."""
        if not self.upstream.takes_response_format and _asks_for_more_than_text(request.passed_on.get("response_format")):
            raise BadRequest("the engine behind this gateway gives plain text only", "response_format")
        if fmt is None:
            fmt = await self.format_of(request.model, key)
        entry.format = fmt.name
        prompt = await self._prompt(request, key)
        sink.begin(fmt, prompt)
        if entry.keep_text:
            entry.prompt = prompt
        asked = Generation(
            model=self.settings.model or request.model,
            prompt=prompt or "",
            messages=request.messages,
            tools=request.tools if request.tool_choice != "none" else (),
            sampling=await self._sampling(request, prompt, key),
            logprobs=request.logprobs,
            special_tokens=fmt.special_tokens,
            constraint=constraint(self.upstream, fmt, request, prompt) if self.settings.constrain else {},
            template_options=request.template_options,
            passed_on=request.passed_on,
        )
        choices = [Choice(request, fmt, prompt, entry) for _ in range(request.n)]
        if request.n == 1:
            await self._generate(asked, key, choices[0], sink, 0)
        else:
            await _side_by_side([partial(self._generate, asked, key, choice, sink, index) for index, choice in enumerate(choices)])
        for choice in choices:
            entry.usage.add(choice.prompt_tokens, choice.completion_tokens)
        await sink.end(entry.usage)

    async def format_of(self, model: str, key: str | None) -> Format:
        """The format that the model writes: the operator's word, else the template's, else what the model's name tells."""
        if self._format is not None:
            return self._format
        template = self.template.source if self.template is not None else await self._upstreams_template(key)
        guess = detect(chat_template=template, model=self.settings.model or model)
        if guess is None:
            raise UpstreamError(
                "misconfigured", "neither the chat template nor the model's name tells a format; start the gateway with --format", 500
            )
        found = get_format(guess.format)
        if template is not None:
            self._format = found
        return found

    async def models(self, key: str | None) -> list[str]:
        """The names of the models that are served."""
        if self.settings.model is not None:
            return [self.settings.model]
        return self.upstream.models(await self.connection.json(self.upstream.models_path, key))

    async def _upstreams_template(self, key: str | None) -> str | None:
        """The chat template that llama.cpp shows. It is asked for once, as long as the upstream answers."""
        if self.upstream.render_path is not None and not self._asked_for_template:
            properties = await self.connection.json("/props", key)
            self._asked_for_template = True
            template = properties.get("chat_template")
            self._shown_template = template if isinstance(template, str) else None
        return self._shown_template

    async def _prompt(self, request: Request, key: str | None) -> str | None:
        """The rendered prompt; None where only the upstream knows it."""
        tools = request.tools if request.tool_choice != "none" else []
        if self.template is None and self.upstream.render_path is None:
            return None
        if not self.upstream.takes_messages:
            for index, message in enumerate(request.messages):
                if not isinstance(message["content"], str):
                    raise BadRequest("the engine behind this gateway is given text only", f"messages[{index}].content")
        if self.template is not None:
            prompt = self.template.render(_plain_roles(request.messages, self.template), tools, request.template_options)
            begin = self.template.tokens.get("bos_token")
            return prompt.removeprefix(begin) if begin and self.upstream.adds_bos else prompt
        body = {"messages": on_the_wire(_plain_roles(request.messages)), "chat_template_kwargs": request.template_options}
        if tools:
            body["tools"] = tools
        answer = await self.connection.json(str(self.upstream.render_path), key, body)
        if not isinstance(answer.get("prompt"), str):
            raise UpstreamError("garbage", "the upstream rendered no prompt")
        return str(answer["prompt"])

    async def _sampling(self, request: Request, prompt: str | None, key: str | None) -> dict[str, Any]:
        """How the engine is to write. Where nobody limits the answer, it may be as long as the model can make it."""
        sampling = dict(request.sampling)
        if self.settings.max_tokens is not None:
            sampling.setdefault("max_tokens", self.settings.max_tokens)
        if "max_tokens" not in sampling and self._counts:
            asked = {"model": self.settings.model or request.model, "prompt": prompt or "", "add_special_tokens": False}
            try:
                told = await self.connection.json(str(self.upstream.count_path), key, asked)
            except UpstreamError as error:
                if error.kind not in ("refused", "garbage"):
                    raise
                self._counts = error.status != 404  # a server of another make; other refusals are for the request itself to meet
            else:
                count, most = told.get("count"), told.get("max_model_len")
                if type(count) is int and type(most) is int:
                    sampling["max_tokens"] = max(1, most - count)
        return sampling

    async def _generate(self, asked: Generation, key: str | None, choice: Choice, sink: Sink, index: int) -> None:
        if index and isinstance(seed := asked.sampling.get("seed"), int):
            asked = replace(asked, sampling={**asked.sampling, "seed": seed + index})  # or all choices would be the same
        path, body = self.upstream.request(asked)
        reader = self.upstream.reader()
        async with self.connection.stream(path, body, key) as arriving:
            await sink.start()
            async for data in arriving:
                said = [(piece, choice.feed(piece)) for piece in reader.feed(data)]
                await sink.feed(index, said)
                # What has arrived already is read and written without waiting: a flood would keep all others from their turn.
                await anyio.lowlevel.checkpoint()
            reader.finish()
        await sink.finish(index, choice.end(), choice.finish == "length", choice.stop)


class Sink:
    """Where a request's answer goes. This one gathers it whole."""

    _started = False

    def __init__(self, answer: Answer, n: int) -> None:
        self._answer = answer
        self._builders = [MessageBuilder() for _ in range(n)]
        self._stops: list[str | None] = [None] * n
        self._logprobs: list[list[dict[str, Any]]] = [[] for _ in range(n)]
        self.messages: list[Message] = []
        self.body: dict[str, Any] = {}

    def begin(self, fmt: Format, prompt: str | None) -> None:
        """The format is told, and the prompt rendered; None where only the upstream knows it."""

    async def start(self) -> None:
        """The upstream has taken the request, for one of the choices: the first of them opens the answer."""
        if not self._started:
            self._started = True
            await self._open()

    async def feed(self, index: int, said: list[tuple[Piece, list[Event]]]) -> None:
        """Pieces that arrived together, and their events."""
        for piece, events in said:
            self._logprobs[index] += piece.logprobs
            self._add(index, events, piece.logprobs)

    async def finish(self, index: int, events: list[Event], truncated: bool, stop: str | None) -> None:
        """A choice has ended."""
        self._add(index, events, [])
        self._builders[index].truncated = truncated
        self._stops[index] = stop

    async def end(self, usage: Usage) -> None:
        """All choices have ended."""
        self.messages = [builder.message for builder in self._builders]
        self.body = self._answer.whole(self.messages, self._stops, self._logprobs, usage)

    async def _open(self) -> None:
        self._answer.start()

    def _add(self, index: int, events: list[Event], logprobs: list[dict[str, Any]]) -> None:
        for event in events:
            self._builders[index].add(event)
        self._answer.feed(index, events, logprobs)


class StreamingSink(Sink):
    """An answer that is sent as it comes. What arrived in one piece is sent in one piece."""

    def __init__(self, answer: Answer, write: Callable[[str], Awaitable[None]]) -> None:
        self._answer = answer
        self._write = write

    async def feed(self, index: int, said: list[tuple[Piece, list[Event]]]) -> None:
        text = "".join([self._answer.feed(index, events, piece.logprobs) for piece, events in said])
        if text:
            await self._write(text)

    async def finish(self, index: int, events: list[Event], truncated: bool, stop: str | None) -> None:
        text = self._answer.feed(index, events, []) + self._answer.finish(index, truncated, stop)
        if text:
            await self._write(text)

    async def end(self, usage: Usage) -> None:
        await self._write(self._answer.end(usage))

    async def _open(self) -> None:
        await self._write(self._answer.start())


async def _side_by_side(works: list[Callable[[], Awaitable[None]]]) -> None:
    """Do all at once. The first that fails ends the others, and is raised as it is."""
    failures: list[Exception] = []

    async def one(work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except Exception as error:
            failures.append(error)
            group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        for work in works:
            group.start_soon(one, work)
    if failures:
        raise failures[0]


def _asks_for_more_than_text(response_format: object) -> bool:
    return response_format is not None and not (isinstance(response_format, dict) and response_format.get("type") == "text")


def _plain_roles(messages: list[dict[str, Any]], template: ChatTemplate | None = None) -> list[Mapping[str, Any]]:
    """Messages in which a developer is the system, unless the template knows both."""
    if template is not None and "developer" in template.source:
        return list(messages)
    return [{**message, "role": "system"} if message["role"] == "developer" else message for message in messages]
