"""The routes, and what happens when one of the two sides fails.

Every request ends in exactly one line of the log, and its answer in exactly one of: a whole body, a stream with its proper end, an
error in the API's shape (as a body, or as the last event of a stream that had begun), or nothing, to a client that has left.
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import anyio
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from toolparse.jsontext.scalars import refuse
from toolparse.serve import playground
from toolparse.serve.answers import ANSWERS, BUSY, as_json, new_id, refusal
from toolparse.serve.gateway import Gateway, Sink, StreamingSink
from toolparse.serve.limits import SLOW_BODY, Places, Refused, TooMany, check_key, given_key, read_body
from toolparse.serve.log import LOGGER, Entry
from toolparse.serve.metrics import CONTENT_TYPE, Metrics
from toolparse.serve.prompts import CannotRender
from toolparse.serve.requests import Api, BadRequest, read_request
from toolparse.serve.settings import Settings
from toolparse.serve.upstreams.event_stream import UpstreamError

_EVENTS = b"text/event-stream; charset=utf-8"
_LINES = b"application/x-ndjson"
_BUSY = "this gateway has too many requests; come again"
_GRACE = 1.0
"""Seconds that a client has to take the error that ends its stream."""


def make_app(settings: Settings) -> Starlette:
    """The gateway as an ASGI application. Raises `UnusableTemplate`, `UnknownFormat` and `OSError` for settings that cannot work."""
    gateway = Gateway(settings)
    house = House(gateway)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        await gateway.connection.close()

    routes = [
        Route("/v1/chat/completions", Endpoint(house, "chat"), methods=["POST"]),
        Route("/v1/responses", Endpoint(house, "responses"), methods=["POST"]),
        Route("/v1/messages", Endpoint(house, "messages"), methods=["POST"]),
        Route("/v1/models", house.models),
        Route("/", house.page),
        Route("/playground/known", house.known),
        Route("/playground/example", house.example),
        Route("/playground/parse", house.parse, methods=["POST"]),
        Route("/playground/ask", Asking(house), methods=["POST"]),
        Route("/health", house.health),
        Route("/metrics", house.show_metrics),
    ]
    return Starlette(routes=routes, lifespan=lifespan, exception_handlers={HTTPException: _not_found})


class House:
    """What all requests share: the gateway, its places and its metrics, and the small routes."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.settings = gateway.settings
        self.places = Places(gateway.settings.max_requests)
        self.metrics = Metrics()
        self._page = playground.page()

    def upstream_key(self, http: HttpRequest) -> str | None:
        """The client's own key, where it is meant for the upstream and not for this gateway."""
        return given_key(http) if self.settings.api_key is None else None

    async def models(self, http: HttpRequest) -> Response:
        """The models, in a shape that the clients of both makers read."""
        try:
            check_key(http, self.settings.api_key)
            names = await self.gateway.models(self.upstream_key(http))
        except (Refused, UpstreamError) as error:
            return JSONResponse(refusal(_api_of(http), error.status, error.message), error.status)
        return JSONResponse(
            {
                "object": "list",
                "data": [
                    {
                        "id": name, "object": "model", "created": 0, "owned_by": "upstream",
                        "type": "model", "display_name": name, "created_at": "1970-01-01T00:00:00Z",
                    }
                    for name in names
                ],
                "has_more": False,
                "first_id": names[0] if names else None,
                "last_id": names[-1] if names else None,
            }
        )  # fmt: skip

    async def page(self, http: HttpRequest) -> Response:
        """The playground."""
        body, headers = self._page
        return Response(body, headers=headers, media_type="text/html")

    async def known(self, http: HttpRequest) -> Response:
        """What the playground's menus hold. The models are only those that the engine shows without a key."""
        names: list[str] = []
        with suppress(UpstreamError):
            names = await self.gateway.models(None) if self.settings.api_key is None else []
        return JSONResponse(playground.known(self.settings.format, names, self.settings.api_key is not None))

    async def example(self, http: HttpRequest) -> Response:
        """An output in a format, for the playground."""
        try:
            return JSONResponse({"text": playground.example(http.query_params.get("format", ""))})
        except BadRequest as error:
            return JSONResponse(refusal("chat", 400, error.message, error.param), 400)

    async def parse(self, http: HttpRequest) -> Response:
        """A pasted output, as the playground's steps."""
        try:
            check_key(http, self.settings.api_key)
            with self.places.one():
                return Response(as_json(playground.pasted(await read_json(http, self.settings.max_body))), media_type="application/json")
        except TooMany:
            return JSONResponse(refusal("chat", 503, _BUSY), 503)
        except BadRequest as error:
            return JSONResponse(refusal("chat", 400, error.message, error.param), 400)
        except Refused as error:
            return JSONResponse(refusal("chat", error.status, error.message), error.status)

    async def health(self, http: HttpRequest) -> Response:
        """That the gateway runs; it says nothing of the upstream, whose own health is for its own check."""
        return JSONResponse({"status": "ok", "running": self.places.taken})

    async def show_metrics(self, http: HttpRequest) -> Response:
        """The metrics, for who holds the key."""
        try:
            check_key(http, self.settings.api_key)
        except Refused as error:
            return JSONResponse(refusal("chat", error.status, error.message), error.status)
        return Response(self.metrics.text(), media_type=CONTENT_TYPE)


class Reply:
    """What goes back to one client, and whether it has begun."""

    def __init__(self, send: Send, id: str, kind: bytes = _EVENTS) -> None:
        self._send = send
        self._headers = [(b"x-request-id", id.encode())]
        self._kind = kind
        self._lock = anyio.Lock(fast_acquire=True)
        self.begun = False

    async def write(self, text: str) -> None:
        """A part of a stream."""
        async with self._lock:  # several choices may write, and the headers come first
            if not self.begun:
                self.begun = True
                headers = [(b"content-type", self._kind), (b"cache-control", b"no-cache"), (b"x-accel-buffering", b"no"), *self._headers]
                await self._send({"type": "http.response.start", "status": 200, "headers": headers})
            await self._send({"type": "http.response.body", "body": text.encode(), "more_body": True})

    async def close(self, text: str = "") -> None:
        """The end of a stream."""
        await self._send({"type": "http.response.body", "body": text.encode()})

    async def whole(self, status: int, body: dict[str, Any]) -> None:
        """A whole body."""
        self.begun = True
        data = as_json(body)
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(data)).encode())]
        if status in (429, 503, 529):
            headers.append((b"retry-after", b"1"))
        await self._send({"type": "http.response.start", "status": status, "headers": headers + self._headers})
        await self._send({"type": "http.response.body", "body": data})


class Endpoint:
    """One of the three APIs."""

    _kind = _EVENTS

    def __init__(self, house: House, api: Api) -> None:
        self._house = house
        self._api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        house = self._house
        entry = Entry(new_id(), self._api, keep_text=house.settings.log_text)
        reply = Reply(send, entry.id, self._kind)
        house.metrics.running.inc()
        try:
            await self._answer(HttpRequest(scope, receive), receive, reply, entry)
        except ClientDisconnect:
            entry.outcome = "left"
        except BaseException:
            entry.outcome = "failed"  # the server is going down
            raise
        finally:
            house.metrics.running.dec()
            entry.seconds = time.perf_counter() - entry.begun
            house.metrics.count(entry)
            entry.write()

    def _run(self, body: object, key: str | None, reply: Reply, entry: Entry) -> Run:
        """What a body asks for. Raises `BadRequest`."""
        request = read_request(self._api, body)
        entry.model, entry.stream = request.model, request.stream
        answer = ANSWERS[self._api](request, entry.id)
        sink = StreamingSink(answer, reply.write) if request.stream else Sink(answer, request.n)

        async def work() -> None:
            await self._house.gateway.run(request, key, entry, sink)
            await (reply.close() if request.stream else reply.whole(200, sink.body))

        return Run(work, answer.fail)

    async def _answer(self, http: HttpRequest, receive: Receive, reply: Reply, entry: Entry) -> None:
        settings = self._house.settings
        run: Run | None = None
        try:
            check_key(http, settings.api_key)
            with self._house.places.one():
                body = await read_json(http, settings.max_body)
                run = self._run(body, self._house.upstream_key(http), reply, entry)
                if await until_left(receive, settings.timeout, run.work):
                    entry.outcome = "left"
                else:
                    entry.status = 200
                return
        except ClientDisconnect:
            raise
        except Exception as error:
            status, message, param = self._refused(error, entry)
        entry.status = status
        if entry.keep_text:
            entry.error = message
        with anyio.move_on_after(_GRACE):
            if reply.begun and run is not None:
                await reply.close(run.fail(status, message))
            else:
                await reply.whole(status, refusal(self._api, status, message, param))

    def _refused(self, error: Exception, entry: Entry) -> tuple[int, str, str | None]:
        """The status of an answer that could not be given, what it says, and the parameter that is to blame."""
        entry.outcome = "refused"
        if isinstance(error, TooMany):
            return BUSY[self._api], _BUSY, None
        if isinstance(error, Refused):
            return error.status, error.message, None
        if isinstance(error, BadRequest):
            return 400, error.message, error.param
        if isinstance(error, CannotRender):
            return 400, str(error), None
        if isinstance(error, UpstreamError):
            entry.outcome, entry.failure = ("refused" if error.kind == "refused" else "failed"), error.kind
            return (BUSY[self._api] if error.status == 503 else error.status), error.message, None
        entry.outcome = "failed"
        if isinstance(error, TimeoutError):
            entry.failure = "timeout"
            return 504, "the answer took too long", None
        LOGGER.error("a fault of the gateway; please report it", exc_info=error)
        entry.failure = "fault"
        return 500, "a fault of the gateway", None


@dataclass(frozen=True, slots=True)
class Run:
    """The work of one request, and how its stream is ended when that fails."""

    work: Callable[[], Awaitable[None]]
    fail: Callable[[int, str], str]


class Asking(Endpoint):
    """The playground's question to the engine."""

    _kind = _LINES

    def __init__(self, house: House) -> None:
        super().__init__(house, "chat")

    def _run(self, body: object, key: str | None, reply: Reply, entry: Entry) -> Run:
        request, fmt = playground.asked(body)
        entry.model, entry.stream = request.model, True

        async def work() -> None:
            await self._house.gateway.run(request, key, entry, playground.StepSink(reply.write, request), fmt)
            await reply.close()

        return Run(work, lambda status, message: playground.line({"error": message}))


async def read_json(http: HttpRequest, most: int) -> object:
    """The JSON of a body. Raises `Refused` and `BadRequest`."""
    try:
        with anyio.fail_after(SLOW_BODY):
            data = await read_body(http, most)
    except TimeoutError:
        raise Refused(408, "the body did not arrive") from None
    try:
        return json.loads(data, parse_constant=refuse)
    except (ValueError, RecursionError):
        raise BadRequest("the body is not JSON") from None


async def until_left(receive: Receive, seconds: float, work: Callable[[], Awaitable[None]]) -> bool:
    """Do the work, and stop it when the client leaves; returns whether it did. Raises `TimeoutError`, and what the work raises."""
    left = done = False
    failure: Exception | None = None

    async def watch() -> None:
        nonlocal left
        while (await receive())["type"] != "http.disconnect":
            pass
        left = not done  # the server says so too when all has been sent
        group.cancel_scope.cancel()

    with anyio.fail_after(seconds):
        async with anyio.create_task_group() as group:
            group.start_soon(watch)
            try:
                await work()
            except Exception as error:  # raised below as it is, and not as a part of the group's
                failure = error
            done = True
            group.cancel_scope.cancel()
    if failure is not None and not left:
        raise failure
    return left


def _api_of(http: HttpRequest) -> Api:
    """Whose shape an error has where the path does not tell: Anthropic's clients send its version."""
    return "messages" if "anthropic-version" in http.headers or http.url.path.startswith("/v1/messages") else "chat"


async def _not_found(http: HttpRequest, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    message = (
        f"there is no {http.method} {http.url.path}; see /v1/chat/completions, /v1/responses, /v1/messages, /v1/models, /health, /metrics"
    )
    return JSONResponse(refusal(_api_of(http), error.status_code, message), error.status_code, headers=error.headers)
