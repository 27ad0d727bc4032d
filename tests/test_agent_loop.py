"""The agent loop of docs/agent-loop.md, against a scripted OpenAI-compatible server on loopback, with the real client."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import openai
import pytest

import toolparse

PAGE = Path(__file__).parent.parent / "docs" / "agent-loop.md"


class Model(ThreadingHTTPServer):
    """Answers each request with the next output of its script, parsed as an engine would."""

    daemon_threads = True

    def __init__(self, fmt: str, script: list[str]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.fmt = fmt
        self.script = iter(script)
        self.requests: list[dict[str, Any]] = []

    def complete(self, request: dict[str, Any]) -> dict[str, Any]:
        self.requests.append(request)
        message = toolparse.parse(next(self.script), self.fmt, tools=request["tools"])
        choice = {"index": 0, "message": message.to_openai(), "finish_reason": message.finish_reason, "logprobs": None}
        number = len(self.requests)
        return {"id": f"r{number}", "object": "chat.completion", "created": 0, "model": request["model"], "choices": [choice]}


class Handler(BaseHTTPRequestHandler):
    server: Model

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        body = json.dumps(self.server.complete(request)).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def page() -> dict[str, Any]:
    """The names that the page's example defines."""
    found = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    names: dict[str, Any] = {"__name__": "agent_loop"}
    exec(compile(found[1], str(PAGE), "exec"), names)
    return names


@pytest.fixture
def serve() -> Iterator[Any]:
    running = []

    def start(fmt: str, script: list[str]) -> tuple[Model, openai.OpenAI]:
        model = Model(fmt, script)
        thread = threading.Thread(target=model.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        client = openai.OpenAI(base_url=f"http://127.0.0.1:{model.server_port}/v1", api_key="none", max_retries=0)
        running.append((model, thread, client))
        return model, client

    yield start
    for model, thread, client in running:
        client.close()
        model.shutdown()
        thread.join()
        model.server_close()


def written(name: str, arguments: object) -> str:
    return f"<tool_call>\n{json.dumps({'name': name, 'arguments': arguments})}\n</tool_call>"


def test_parallel_calls_a_correction_and_the_answer(page: dict[str, Any], serve: Any) -> None:
    model, client = serve(
        "hermes",
        [
            "I will look both up.\n"
            + written("get_weather", {"city": "Oslo", "days": 2})
            + "\n"
            + written("get_weather", {"city": "Bergen", "days": "two"}),
            written("get_weather", {"city": "Bergen", "days": 2}),
            "Both are sunny.",
        ],
    )
    assert page["answer"](client, "scripted", "How is the weather in Oslo and Bergen?") == "Both are sunny."

    first, second, third = (request["messages"] for request in model.requests)
    assert first == [{"role": "user", "content": "How is the weather in Oslo and Bergen?"}]
    assistant, good, bad = second[1:]
    assert assistant["content"] == "I will look both up."
    names = [call["function"]["name"] for call in assistant["tool_calls"]]
    ids = [call["id"] for call in assistant["tool_calls"]]
    assert names == ["get_weather", "get_weather"]
    assert len(set(ids)) == 2
    assert good == {"role": "tool", "tool_call_id": ids[0], "content": '"Oslo: sunny for 2 days"'}
    assert bad["tool_call_id"] == ids[1]
    assert bad["content"] in PAGE.read_text(encoding="utf-8")
    assert bad["content"].splitlines()[1] == '- /days: expected an integer, found "two"'
    correction, result = third[4:]
    assert correction["tool_calls"][0]["id"] == result["tool_call_id"]
    assert result["tool_call_id"] not in ids
    assert result["content"] == '"Bergen: sunny for 2 days"'


def test_an_unknown_tool_is_named_and_replaced(page: dict[str, Any], serve: Any) -> None:
    model, client = serve("hermes", [written("get_wether", {"city": "Oslo"}), written("get_weather", {"city": "Oslo"}), "Sunny."])
    assert page["answer"](client, "scripted", "Oslo?") == "Sunny."
    assert "did you mean get_weather?" in model.requests[1]["messages"][2]["content"]
    assert model.requests[2]["messages"][4]["content"] == '"Oslo: sunny for 1 days"'


def test_the_loop_has_an_end(page: dict[str, Any], serve: Any) -> None:
    _, client = serve("hermes", [written("get_weather", {})] * 3)
    with pytest.raises(RuntimeError, match="no answer after 3 turns"):
        page["answer"](client, "scripted", "Oslo?", turns=3)
