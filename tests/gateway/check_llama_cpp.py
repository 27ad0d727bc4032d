"""The gateway in front of a real llama.cpp server, with a tiny model of random weights."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
import tiny_model
import xllamacpp

sys.path.insert(0, str(Path(__file__).parent.parent))
from scripted_upstream import serving

from toolparse.serve.app import make_app
from toolparse.serve.settings import Settings

ASK: Any = [{"role": "user", "content": "Weather?"}]
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string", "enum": ["Oslo", "Bergen"]}},
    "required": ["city"],
    "additionalProperties": False,
}
SERVER: Any = None
TOOL: Any = {"type": "function", "function": {"name": "get_weather", "parameters": SCHEMA}}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("model") / "tiny.gguf"
    tiny_model.write(path)
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.n_ctx = 8192
    params.n_parallel = 2
    params.warmup = False
    params.cpuparams.n_threads = 1
    params.use_jinja = True
    params.endpoint_props = True
    params.verbosity = 0
    params.port = 0
    global SERVER
    SERVER = xllamacpp.Server(params)  # it runs as long as the object lives
    address: str = SERVER.listening_address
    return address


@pytest.fixture(scope="module")
def client(engine: str) -> Iterator[openai.OpenAI]:
    with serving(make_app(Settings(upstream="llama.cpp", url=engine))) as address:  # the format is told by the model's own template
        yield openai.OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0)


def test_a_stream_is_what_the_engine_says(client: openai.OpenAI, engine: str) -> None:
    """Noise, of course, but the same noise: with one seed the engine says one thing."""
    settled = {"seed": 3, "temperature": 0.0, "max_tokens": 40}
    text = finish = ""
    usage = None
    for chunk in client.chat.completions.create(model="m", messages=ASK, stream=True, stream_options={"include_usage": True}, **settled):  # type: ignore[call-overload]
        for choice in chunk.choices:
            text += choice.delta.content or ""
            finish = choice.finish_reason or finish
        usage = chunk.usage or usage
    prompt = httpx.post(f"{engine}/apply-template", json={"messages": ASK}).json()["prompt"]
    alone = httpx.post(f"{engine}/completion", json={"prompt": prompt, "n_predict": 40, "temperature": 0.0, "seed": 3}).json()
    assert text.strip() == alone["content"].strip()
    assert finish == "length"
    assert usage is not None
    assert (usage.completion_tokens, usage.prompt_tokens) == (40, alone["tokens_evaluated"])


def test_probabilities_are_the_engines(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model="m", messages=ASK, max_tokens=20, logprobs=True, top_logprobs=2)
    logprobs = answer.choices[0].logprobs
    assert logprobs is not None
    assert {len(token.top_logprobs) for token in logprobs.content or []} == {2}


def test_a_stop_sequence_stops(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model="m", messages=ASK, max_tokens=400, stop=["e", "a", "i", "o"], seed=1)
    assert answer.choices[0].finish_reason == "stop"


@pytest.mark.parametrize("stream", [False, True])
def test_a_call_that_must_come_comes(client: openai.OpenAI, stream: bool) -> None:
    """Even from random weights: the grammar of the format and of the tool holds the engine to it."""
    for seed in range(3):
        asked: dict[str, Any] = {"model": "m", "messages": ASK, "tools": [TOOL], "tool_choice": "required", "max_tokens": 600, "seed": seed}
        asked["parallel_tool_calls"] = False
        asked["extra_body"] = {"chat_template_kwargs": {"enable_thinking": False}}  # noise would think without end
        if stream:
            with client.chat.completions.stream(**asked) as events:
                for _ in events:
                    pass
                choice: Any = events.get_final_completion().choices[0]
        else:
            choice = client.chat.completions.create(**asked).choices[0]
        assert choice.finish_reason == "tool_calls"
        (call,) = choice.message.tool_calls
        assert call.function.name == "get_weather"
        assert json.loads(call.function.arguments)["city"] in ("Oslo", "Bergen")


def test_a_conversation_with_a_result(client: openai.OpenAI) -> None:
    call: Any = {"id": "1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city": "Oslo"}'}}
    turns = [*ASK, {"role": "assistant", "content": None, "tool_calls": [call]}, {"role": "tool", "tool_call_id": "1", "content": "17 °C"}]
    answer = client.chat.completions.create(model="m", messages=turns, tools=[TOOL], max_tokens=5)
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 5


def test_a_client_that_leaves_frees_the_engine(client: openai.OpenAI, engine: str) -> None:
    for _ in range(6):  # more than the engine can do at once
        stream = client.chat.completions.create(model="m", messages=ASK, max_tokens=3000, stream=True)
        next(iter(stream))
        stream.close()
    answer = client.chat.completions.create(model="m", messages=ASK, max_tokens=3)
    assert answer.choices[0].finish_reason == "length"


def test_models_are_the_engines(client: openai.OpenAI) -> None:
    assert len(list(client.models.list())) == 1


def test_the_page_as_it_stands(engine: str) -> None:
    """The command and the client of docs/serve.md; only the ports are others."""
    page = (Path(__file__).parents[2] / "docs" / "serve.md").read_text(encoding="utf-8")
    typed = re.search(r"^\$ toolparse (serve .*)$", page, re.M)
    client = re.search(r"^```python\n(.*?)^```", page, re.M | re.S)
    assert typed is not None
    assert client is not None
    words = typed[1].replace("http://127.0.0.1:8081", engine).split()
    with subprocess.Popen([sys.executable, "-m", "toolparse", *words, "--port", "0"], stderr=subprocess.PIPE, text=True) as gateway:
        try:
            assert gateway.stderr is not None
            told = re.fullmatch(r"toolparse: (http://127\.0\.0\.1:\d+) in front of llama\.cpp at (\S+)\n", gateway.stderr.readline())
            assert told is not None
            assert told[2] == engine
            names: dict[str, Any] = {}
            exec(client[1].replace("http://127.0.0.1:8080", told[1]), names)
            with names["client"] as made:
                assert made.chat.completions.create(model="m", messages=ASK, max_tokens=3).choices[0].finish_reason == "length"
        finally:
            gateway.terminate()
