"""An engine that says what it is told to, in the language of each upstream, and fails where it is told to; and servers on loopback."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn

Send = Callable[[dict[str, Any]], Awaitable[None]]
PATHS = {
    "/v1/chat/completions": "openai-chat",
    "/v1/completions": "openai-completions",
    "/completion": "llama.cpp",
    "/generate_stream": "tgi",
    "/api/generate": "ollama",
}
FAULTS = ("drop", "end", "half", "garbage", "error", "stall")


@dataclass
class Script:
    """What the engine writes, piece by piece, and how that ends: `finish`, or after `after` pieces with a `fault`.

    With an `order` of seeds, a request is answered when those with the seeds before its own have been `answered`.
    """

    pieces: list[str]
    finish: str = "stop"
    stop: str | None = None
    fault: str | None = None
    after: int = 0
    status: int = 200
    delay: float = 0.0
    special: frozenset[str] = frozenset()
    order: tuple[int, ...] = ()
    answered: list[int | None] = field(default_factory=list)


@dataclass
class Engine:
    """An ASGI application. `requests` are the bodies that it was sent, `headers` theirs; `left` counts clients that went away."""

    script: Script = field(default_factory=lambda: Script(["Hello."]))
    template: str | None = None
    room: dict[str, int] | None = None  # what it says at /tokenize
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    left: int = 0

    async def __call__(self, scope: dict[str, Any], receive: Callable[[], Awaitable[dict[str, Any]]], send: Send) -> None:
        if scope["type"] != "http":
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        path = scope["path"]
        if path not in PATHS:
            await self._other(path, body, send)
            return
        request = json.loads(body)
        self.requests.append(request)
        self.headers.append({name.decode(): value.decode() for name, value in scope["headers"]})
        script = self.script
        if script.order:
            while len(script.answered) < script.order.index(request["seed"]):
                await asyncio.sleep(0.001)
        if script.status != 200:
            await whole(send, script.status, {"error": {"message": "no such luck", "type": "engine"}})
            return
        kind = "application/x-ndjson" if path == "/api/generate" else "text/event-stream"
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind.encode())]})
        write = asyncio.ensure_future(self._write(script, PATHS[path], request, send))
        gone = asyncio.ensure_future(wait_until_left(receive))
        await asyncio.wait((write, gone), return_when=asyncio.FIRST_COMPLETED)
        if not write.done():
            self.left += 1
            write.cancel()
        gone.cancel()
        if write.done() and not write.cancelled():
            write.result()  # a fault breaks the connection
            script.answered.append(request.get("seed"))

    async def _write(self, script: Script, language: str, request: dict[str, Any], send: Send) -> None:
        for number, piece in enumerate(script.pieces):
            if script.fault is not None and number == script.after:
                await self._fail(script.fault, language, piece, send)
                return
            await send({"type": "http.response.body", "body": event(language, piece, request, piece in script.special), "more_body": True})
            await asyncio.sleep(script.delay)
        if script.fault is not None:
            await self._fail(script.fault, language, "more", send)
            return
        await send({"type": "http.response.body", "body": end(language, script, len(script.pieces))})

    async def _fail(self, fault: str, language: str, piece: str, send: Send) -> None:
        data = event(language, piece, {}, False)
        if fault == "stall":
            await asyncio.sleep(600)
        elif fault == "garbage":
            await send({"type": "http.response.body", "body": b"data: {]\n\n{]\n"})
        elif fault == "error":
            wrong = json.dumps({"error": {"message": "out of memory"}}).encode()
            await send({"type": "http.response.body", "body": wrong + b"\n" if language == "ollama" else b"data: " + wrong + b"\n\n"})
        elif fault == "half":
            await send({"type": "http.response.body", "body": data[: len(data) // 2]})
        elif fault == "end":
            await send({"type": "http.response.body", "body": b""})
        else:
            raise ConnectionAbortedError("as the script wants it")

    async def _other(self, path: str, body: bytes, send: Send) -> None:
        answers: dict[str, Any] = {
            "/v1/models": {"object": "list", "data": [{"id": "scripted", "object": "model"}]},
            "/health": {},
            "/info": {"model_id": "scripted"},
            "/api/tags": {"models": [{"name": "scripted"}]},
            "/props": {"chat_template": self.template},
        }
        if path == "/tokenize" and self.room is not None:
            answers[path] = {**self.room, "tokens": []}
        if path == "/apply-template":
            asked = json.loads(body)
            answers[path] = {
                "prompt": "".join(f"<|{message['role']}|>{message['content']}" for message in asked["messages"]) + "<|assistant|>"
            }
        await whole(send, 200 if path in answers else 404, answers.get(path, {"error": "not here"}))


async def wait_until_left(receive: Callable[[], Awaitable[dict[str, Any]]]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def whole(send: Send, status: int, body: object) -> None:
    data = json.dumps(body).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(data)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": data})


def event(language: str, piece: str, request: dict[str, Any], special: bool) -> bytes:
    """A piece of text as one event."""
    top = [{"token": piece, "logprob": -0.5, "bytes": list(piece.encode())}]
    if language == "openai-chat":
        choice: dict[str, Any] = {"index": 0, "delta": {"content": piece}, "finish_reason": None}
        if request.get("logprobs"):
            choice["logprobs"] = {"content": [{**top[0], "top_logprobs": []}]}
        return sse({"id": "c", "object": "chat.completion.chunk", "choices": [choice]})
    if language == "openai-completions":
        choice = {"index": 0, "text": piece, "finish_reason": None}
        if request.get("logprobs") is not None:
            choice["logprobs"] = {"tokens": [piece], "token_logprobs": [-0.5], "top_logprobs": [{piece: -0.5}], "text_offset": [0]}
        return sse({"id": "c", "object": "text_completion", "choices": [choice]})
    if language == "llama.cpp":
        told: dict[str, Any] = {"index": 0, "content": piece, "stop": False}
        if request.get("n_probs"):
            told["completion_probabilities"] = [{"id": 1, **top[0], "top_logprobs": []}]
        return sse(told)
    if language == "tgi":
        token = {"id": 1, "text": piece, "logprob": -0.5, "special": special}
        return sse({"index": 1, "token": token, "generated_text": None, "details": None}).replace(b"data: ", b"data:")
    told = {"model": "m", "response": piece, "done": False}
    if request.get("logprobs"):
        told["logprobs"] = top
    return json.dumps(told, ensure_ascii=False).encode() + b"\n"


def end(language: str, script: Script, count: int) -> bytes:
    """The last events of an answer of `count` tokens to a prompt of 7."""
    usage = {"prompt_tokens": 7, "completion_tokens": count, "total_tokens": count + 7}
    if language == "openai-chat":
        choice: dict[str, Any] = {"index": 0, "delta": {}, "finish_reason": script.finish, "stop_reason": script.stop}
        return sse({"choices": [choice]}) + sse({"choices": [], "usage": usage}) + b"data: [DONE]\n\n"
    if language == "openai-completions":
        choice = {"index": 0, "text": "", "finish_reason": script.finish, "stop_reason": script.stop}
        return sse({"choices": [choice]}) + sse({"choices": [], "usage": usage}) + b"data: [DONE]\n\n"
    if language == "llama.cpp":
        kind = "limit" if script.finish == "length" else "word" if script.stop else "eos"
        return sse(
            {
                "content": "",
                "stop": True,
                "stop_type": kind,
                "stopping_word": script.stop or "",
                "tokens_evaluated": 7,
                "tokens_predicted": count,
            }
        )
    if language == "tgi":
        details = {"finish_reason": "length" if script.finish == "length" else "eos_token", "generated_tokens": count, "input_length": 7}
        token = {"id": 2, "text": "", "logprob": -0.1, "special": True}
        return sse({"index": count, "token": token, "generated_text": "all of it", "details": details}).replace(b"data: ", b"data:")
    return (
        json.dumps(
            {"model": "m", "response": "", "done": True, "done_reason": script.finish, "prompt_eval_count": 7, "eval_count": count}
        ).encode()
        + b"\n"
    )


def sse(value: object) -> bytes:
    return f"data: {json.dumps(value, ensure_ascii=False)}\n\n".encode()


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """Run an application on a port of loopback; gives its address."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(1024)
    config = uvicorn.Config(app, log_config=None, lifespan="on", timeout_graceful_shutdown=1, access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
