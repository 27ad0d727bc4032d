"""A server on loopback that answers in the shape of OpenAI's chat API, its Responses API or Anthropic's Messages API, from a script.

Each request gets the script's next output: a model's text in the hermes format, read as an engine would, or as it stands (`raw`). An output
may be a `Cut`, which the token limit has ended, or a `Drop`, whose connection breaks off.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import toolparse
from toolparse.adapters import ChatChunks, MessageEvents, ResponseEvents, encode
from toolparse.adapters.openai_chat import DONE


class Cut(str):
    """An output that the token limit has cut."""

    __slots__ = ()


class Drop(str):
    """An output behind which the connection breaks off."""

    __slots__ = ()


class ScriptedApi(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, script: Iterable[str], raw: bool, size: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script = iter(script)
        self.raw = raw
        self.size = size
        self.requests: list[dict[str, Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def scripted_api(*script: str, raw: bool = False, size: int = 7) -> Iterator[ScriptedApi]:
    """The server, while it runs. Streams come in pieces of `size` characters."""
    server = ScriptedApi(script, raw, size)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: ScriptedApi

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.requests.append(request)
        output = next(self.server.script)
        events = self.chunks(output, request.get("stream", False), request.get("n", 1))
        self.send_response(200)
        if request.get("stream"):
            self.send_header("content-type", "text/event-stream")
            self.end_headers()
            for event in events:
                self.wfile.write(encode(event).encode())
            if self.path.endswith("/chat/completions") and not isinstance(output, Drop):
                self.wfile.write(DONE.encode())
        else:
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(events[-1]).encode())

    def chunks(self, output: str, streamed: bool, count: int) -> list[dict[str, Any]]:
        """The stream events of an answer; of one that is not streamed, the whole as the only one."""
        cut = isinstance(output, Cut)
        message = toolparse.parse(output, "hermes", truncated=cut)
        if self.path.endswith("/chat/completions"):
            chunks = self.raw_chunks(output, cut, count) if self.server.raw else self.fed(ChatChunks("m", id="r"), output, cut)
            if streamed:
                return chunks
            said = {"role": "assistant", "content": str(output)} if self.server.raw else message.to_openai(incomplete=True)
            reason = ("length" if cut else "stop") if self.server.raw else message.finish_reason
            choices = [{"index": index, "message": said, "finish_reason": reason, "logprobs": None} for index in range(count)]
            usage = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
            return [{"id": "r", "object": "chat.completion", "created": 0, "model": "m", "choices": choices, "usage": usage}]
        if self.path.endswith("/responses"):
            events = self.fed(ResponseEvents("m", id="resp_1"), output, cut)
            return events if streamed else [events[-1]["response"]]
        events = self.fed(MessageEvents("m", id="msg_1"), output, cut)
        return events if streamed else [whole_message(events)]

    def fed(self, adapter: Any, output: str, cut: bool) -> list[dict[str, Any]]:
        parser = toolparse.Parser("hermes")
        events = adapter.start()
        for piece in self.pieces(output):
            events += adapter.feed(parser.feed(piece))
        if isinstance(output, Drop):
            return events  # type: ignore[no-any-return]
        return events + adapter.feed(parser.finish(cut)) + adapter.finish(cut)  # type: ignore[no-any-return]

    def raw_chunks(self, output: str, cut: bool, count: int) -> list[dict[str, Any]]:
        head = {"id": "r", "object": "chat.completion.chunk", "created": 0, "model": "m"}
        made = []
        for index in range(count):
            deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}, *({"content": piece} for piece in self.pieces(output))]
            made += [{**head, "choices": [{"index": index, "delta": delta, "finish_reason": None}]} for delta in deltas]
            if not isinstance(output, Drop):
                made.append({**head, "choices": [{"index": index, "delta": {}, "finish_reason": "length" if cut else "stop"}]})
        return [*made, {**head, "choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}}]

    def pieces(self, output: str) -> list[str]:
        return [output[at : at + self.server.size] for at in range(0, len(output), self.server.size)]

    def log_message(self, *args: object) -> None:
        pass


def whole_message(events: list[dict[str, Any]]) -> dict[str, Any]:
    """The Messages answer that its stream events come to."""
    message = events[0]["message"]
    texts: list[str] = []
    for event in events:
        if event["type"] == "content_block_start":
            message["content"].append(event["content_block"])
            texts = []
        elif event["type"] == "content_block_delta":
            texts += [value for key, value in event["delta"].items() if key != "type"]
        elif event["type"] == "content_block_stop":
            block = message["content"][-1]
            block["input" if block["type"] == "tool_use" else block["type"]] = "".join(texts)
            if block["type"] == "tool_use":
                block["input"] = toolparse.ToolCall(name="", arguments="".join(texts)).value()
        elif event["type"] == "message_delta":
            message |= event["delta"]
    return message  # type: ignore[no-any-return]


def client_of(package: Any, url: str, asynchronous: bool = False) -> Any:
    """A client of `openai` or `anthropic` for the server. It reads no certificates, which takes longer than all else."""
    options = {"base_url": f"{url}/v1" if package.__name__ == "openai" else url, "api_key": "none", "max_retries": 0}
    if package.__name__ == "openai":
        made = (package.AsyncOpenAI, package.DefaultAsyncHttpxClient) if asynchronous else (package.OpenAI, package.DefaultHttpxClient)
    else:
        made = (
            (package.AsyncAnthropic, package.DefaultAsyncHttpxClient) if asynchronous else (package.Anthropic, package.DefaultHttpxClient)
        )
    return made[0](http_client=made[1](verify=False), **options)


def written(name: str, arguments: object) -> str:
    """A call as a hermes model writes it."""
    return f"<tool_call>\n{json.dumps({'name': name, 'arguments': arguments}, ensure_ascii=False)}\n</tool_call>"
