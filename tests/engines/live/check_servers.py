"""The plug-ins in the engines' real servers over HTTP on loopback, driven with the official clients; only the models are scripted.

`LIVE_MODEL` names a folder with a tokenizer and a chat template (`run.sh` brings Qwen3's), `LIVE_ENGINE` the engine, `LIGHTLLM_SOURCE`
LightLLM's source, if it is that.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest
from scripted import ARGUMENTS

from toolparse.plugins.lightllm import SITE

HERE = Path(__file__).parent
ENGINE, MODEL = os.environ["LIVE_ENGINE"], os.environ["LIVE_MODEL"]
VLLM = [
    "serve_vllm.py", "--model", MODEL, "--served-model-name", "m", "--max-model-len", "8192", "--host", "127.0.0.1", "--port", "PORT",
]  # fmt: skip
SGLANG = ["serve_sglang.py", MODEL, "PORT"]
LIGHTLLM = ["serve_lightllm.py", "--model_dir", MODEL, "--model_name", "m", "--host", "127.0.0.1", "--port", "PORT"]
SERVERS = {
    "vllm": [*VLLM, "--enable-auto-tool-choice", "--tool-call-parser", "toolparse_hermes", "--reasoning-parser", "toolparse_qwen3"],
    "sglang": [*SGLANG, "toolparse_qwen25", "toolparse_qwen3"],
    "lightllm": [*LIGHTLLM, "--tool_call_parser", "qwen25", "--reasoning_parser", "qwen3"],
}
"""For each engine a server with both of our parsers. LightLLM takes its own names, which are ours by `PYTHONPATH`."""
NAMED = {"type": "function", "function": {"name": "get_weather"}}


def tool(name: str, **properties: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": properties}}}


TOOLS = [tool("get_weather", city={"type": "string"}, days={"type": "integer"}), tool("search", q={"type": "string"}), tool("ping")]
WEATHER = ("get_weather", json.loads(ARGUMENTS))
SEARCH = ("search", {"q": '<b>bold</b> & "quoted" 🙂'})


@contextmanager
def running(*arguments: str) -> Iterator[str]:
    """A server, with a free port in the place of PORT among its arguments; ended by its own process. Gives its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, *(str(port) if argument == "PORT" else argument for argument in arguments)]
    client = openai.OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="none", max_retries=0, timeout=120)
    with Path(os.environ.get("LIVE_LOG", os.devnull)).open("wb") as log:
        paths = [*([str(SITE)] if ENGINE == "lightllm" else []), os.environ.get("PYTHONPATH", "")]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
        server = subprocess.Popen(command, cwd=HERE, stdout=log, stderr=subprocess.STDOUT, env=environment)
        try:
            while True:
                assert server.poll() is None, "the server ended; LIVE_LOG names a file for what it said"
                try:
                    client.models.list()
                    break
                except openai.APIError:
                    time.sleep(1)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(60)


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """A server of the engine with both of our parsers."""
    with running(*SERVERS[ENGINE]) as address:
        yield address


@pytest.fixture(scope="session")
def client(address: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0, timeout=120)


def given(name: str, **options: Any) -> dict[str, Any]:
    """A request. The model is not to think where its output has no reasoning: SGLang takes text without a closer for reasoning else."""
    template = {"chat_template_kwargs": {"enable_thinking": "thought" in name}}
    return {"model": "m", "messages": [{"role": "user", "content": f"@@{name}@@"}], "tools": TOOLS, "extra_body": template, **options}


def thought(part: Any) -> str:
    return getattr(part, "reasoning", None) or getattr(part, "reasoning_content", None) or ""


def whole(client: openai.OpenAI, name: str, **options: Any) -> dict[str, Any]:
    choice = client.chat.completions.create(**given(name, **options)).choices[0]
    calls = [(call.function.name, json.loads(call.function.arguments)) for call in choice.message.tool_calls or ()]
    return {"content": choice.message.content or "", "reasoning": thought(choice.message), "calls": calls, "finish": choice.finish_reason}


def streamed(client: openai.OpenAI, name: str, **options: Any) -> dict[str, Any]:
    """The same from a stream, whose deltas keep the API's contract."""
    content = reasoning = ""
    calls: dict[int, list[str]] = {}
    ids: list[str] = []
    finish = None
    for chunk in client.chat.completions.create(**given(name, **options), stream=True):
        if not chunk.choices:
            continue
        choice = chunk.choices[0]
        assert finish is None, "a delta behind the finish reason"
        finish = choice.finish_reason
        content += choice.delta.content or ""
        reasoning += thought(choice.delta)
        for call in choice.delta.tool_calls or ():
            if call.index not in calls:
                assert call.index == len(calls)
                assert call.id
                assert call.function.name
                ids.append(call.id)
                calls[call.index] = [call.function.name, call.function.arguments or ""]
            else:
                assert not call.function.name
                calls[call.index][1] += call.function.arguments or ""
    assert len(set(ids)) == len(ids)
    made = [(name, json.loads(arguments)) if finish != "length" else (name, arguments) for name, arguments in calls.values()]
    return {"content": content, "reasoning": reasoning, "calls": made, "finish": finish}


def answer(content: str = "", reasoning: str = "", calls: Any = (), finish: str | None = None) -> dict[str, Any]:
    return {"content": content, "reasoning": reasoning, "calls": list(calls), "finish": finish or ("tool_calls" if calls else "stop")}


THOUGHT = "The user wants the weather."
CASES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("plain", {}, answer("Two and two is four.")),
    ("one", {}, answer("Let me look.", calls=[WEATHER])),
    ("two", {}, answer(calls=[WEATHER, SEARCH])),
    *([("two", {"parallel_tool_calls": False}, answer(calls=[WEATHER]))] if ENGINE == "vllm" else []),  # SGLang does not tell its parsers
    ("no-arguments", {}, answer(calls=[("ping", {})])),
    ("thought", {}, answer("Oslo is cold.", THOUGHT)),
    ("thought-call", {}, answer(reasoning=THOUGHT, calls=[WEATHER])),
    ("call-in-thought", {}, answer(reasoning="I will call it.", calls=[WEATHER])),
    ("prose-typed", {}, answer("Write <tool_call> and </tool_call> around it.")),
    ("long", {}, answer(calls=[("search", {"q": "word " * 400})])),
    ("one", {"stop": ["<|im_start|>user"]}, answer("Let me look.", calls=[WEATHER])),
    ("thought", {"stop": ["<|im_start|>user"]}, answer("Oslo is cold.", THOUGHT)),
    ("one", {"tool_choice": "required"}, answer("Let me look.", calls=[WEATHER])),
    ("thought-call", {"tool_choice": "required"}, answer(reasoning=THOUGHT, calls=[WEATHER])),
    ("one", {"tool_choice": NAMED}, answer("Let me look.", calls=[WEATHER])),
]


def tidy(got: dict[str, Any]) -> dict[str, Any]:
    """Engines differ in white space at the ends, and in the finish reason of a forced call, which OpenAI has as "stop"."""
    finish = "tool_calls" if got["calls"] and got["finish"] == "stop" else got["finish"]
    return {**got, "content": got["content"].strip(), "reasoning": got["reasoning"].strip(), "finish": finish}


@pytest.mark.parametrize(("name", "options", "want"), CASES, ids=[f"{name}-{json.dumps(options)[:40]}" for name, options, _ in CASES])
@pytest.mark.parametrize("read", [whole, streamed])
def test_answers(client: openai.OpenAI, read: Any, name: str, options: dict[str, Any], want: dict[str, Any]) -> None:
    assert tidy(read(client, name, **options)) == want


@pytest.mark.parametrize("read", [whole, streamed])
def test_no_calls_are_looked_for(client: openai.OpenAI, read: Any) -> None:
    assert read(client, "one", tool_choice="none")["calls"] == []
    assert tidy(read(client, "thought", tools=openai.NOT_GIVEN)) == answer("Oslo is cold.", THOUGHT)


@pytest.mark.parametrize("read", [whole, streamed])
def test_a_broken_call_is_not_carried_out(client: openai.OpenAI, read: Any) -> None:
    assert ("get_weather", {}) not in read(client, "broken")["calls"]


@pytest.mark.parametrize("limit", [1, 8, 24, 60])
def test_the_token_limit(client: openai.OpenAI, limit: int) -> None:
    assert streamed(client, "long", max_tokens=limit)["finish"] == "length"
    choice = client.chat.completions.create(**given("long", max_tokens=limit)).choices[0]
    assert choice.finish_reason == "length"
    assert not choice.message.tool_calls


def test_several_answers(client: openai.OpenAI) -> None:
    choices = client.chat.completions.create(**given("one", n=2)).choices
    assert [[call.function.name for call in choice.message.tool_calls or ()] for choice in choices] == [["get_weather"]] * 2


def test_the_next_turn(client: openai.OpenAI) -> None:
    first = client.chat.completions.create(**given("thought-call")).choices[0].message
    call = first.tool_calls[0]
    messages = [
        {"role": "user", "content": "@@thought-call@@"}, first.model_dump(exclude_none=True),
        {"role": "tool", "tool_call_id": call.id, "content": "cold"}, {"role": "user", "content": "@@plain@@"},
    ]  # fmt: skip
    reply = client.chat.completions.create(**{**given("plain"), "messages": messages}).choices[0].message
    assert (reply.content or "").strip() == "Two and two is four."


def test_responses(client: openai.OpenAI) -> None:
    tools = [{"type": "function", **each["function"]} for each in TOOLS]
    made = client.responses.create(model="m", input="@@thought-call@@", tools=tools)
    calls = [(item.name, json.loads(item.arguments)) for item in made.output if item.type == "function_call"]
    assert calls == [WEATHER]
    events = list(client.responses.create(model="m", input="@@thought-call@@", tools=tools, stream=True))
    done = [event.item for event in events if event.type == "response.output_item.done" and event.item.type == "function_call"]
    assert [(item.name, json.loads(item.arguments)) for item in done] == [WEATHER]


RUN = {"type": "function", "name": "run", "parameters": {"type": "object", "properties": {"command": {"type": "string"}}}}
KINDS = [
    (
        "in-namespace",
        {"type": "namespace", "name": "shell", "description": "Commands.", "tools": [RUN]},
        "function_call",
        ("run", '{"command": "ls"}'),
    ),
    ("custom", {"type": "custom", "name": "run"}, "custom_tool_call", ("run", "ls")),
]


@pytest.mark.skipif(ENGINE != "vllm", reason="of vLLM's Responses API")
@pytest.mark.parametrize(("name", "tool", "kind", "want"), KINDS, ids=[name for name, *_ in KINDS])
def test_responses_of_other_kinds_of_tools(client: openai.OpenAI, name: str, tool: Any, kind: str, want: tuple[str, str]) -> None:
    """The only tools of a request are in a namespace, or custom."""

    def called(items: Any) -> list[tuple[str, str]]:
        return [(item.name, item.arguments if kind == "function_call" else item.input) for item in items if item.type == kind]

    assert called(client.responses.create(model="m", input=f"@@{name}@@", tools=[tool]).output) == [want]
    events = client.responses.create(model="m", input=f"@@{name}@@", tools=[tool], stream=True)
    assert called(event.item for event in events if event.type == "response.output_item.done") == [want]


def test_messages(address: str) -> None:
    client = anthropic.Anthropic(base_url=address, api_key="none", max_retries=0, timeout=120)
    tools: Any = [{"name": each["function"]["name"], "input_schema": each["function"]["parameters"]} for each in TOOLS]
    asked: Any = [{"role": "user", "content": "@@one@@"}]
    made = client.messages.create(model="m", max_tokens=512, messages=asked, tools=tools)
    assert [(block.name, block.input) for block in made.content if block.type == "tool_use"] == [WEATHER]
    with client.messages.stream(model="m", max_tokens=512, messages=asked, tools=tools) as stream:
        final = stream.get_final_message()
    assert [(block.name, block.input) for block in final.content if block.type == "tool_use"] == [WEATHER]
