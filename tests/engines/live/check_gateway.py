"""`toolparse serve` in front of vLLM's real API server, which has no parser of its own here; only the model is scripted.

Each kind of upstream that the server offers, asked with the official clients for what `check_servers.py` asks the plug-ins for.
`LIVE_MODEL` and `LIVE_LOG` are as there.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest
from check_servers import MODEL, NAMED, SEARCH, THOUGHT, TOOLS, VLLM, WEATHER, answer, given, running, streamed, tidy, whole

sys.path.insert(0, str(Path(__file__).parents[2]))
from scripted_upstream import serving

from toolparse.serve.app import make_app
from toolparse.serve.settings import Settings

CASES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("plain", {}, answer("Two and two is four.")),
    ("one", {}, answer("Let me look.", calls=[WEATHER])),
    ("two", {}, answer(calls=[WEATHER, SEARCH])),
    ("two", {"parallel_tool_calls": False}, answer(calls=[WEATHER])),
    ("no-arguments", {}, answer(calls=[("ping", {})])),
    ("thought", {}, answer("Oslo is cold.", THOUGHT)),
    ("thought-call", {}, answer(reasoning=THOUGHT, calls=[WEATHER])),
    ("call-in-thought", {}, answer(reasoning="I will call it.", calls=[WEATHER])),
    ("long", {}, answer(calls=[("search", {"q": "word " * 400})])),
    ("one", {"stop": ["<|im_start|>user"]}, answer("Let me look.", calls=[WEATHER])),
    ("one", {"tool_choice": "required"}, answer("Let me look.", calls=[WEATHER])),
    ("thought-call", {"tool_choice": "required"}, answer(reasoning=THOUGHT, calls=[WEATHER])),
    ("object", {"tool_choice": NAMED}, answer(calls=[WEATHER])),
]


@pytest.fixture(scope="module")
def engine() -> Iterator[str]:
    with running(*VLLM) as address:
        yield address


@pytest.fixture(scope="module", params=["openai-completions", "openai-chat"])
def gateway(engine: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The format is told by the model's own template."""
    with serving(make_app(Settings(upstream=request.param, url=engine, template=Path(MODEL)))) as address:
        yield address


@pytest.fixture(scope="module")
def client(gateway: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{gateway}/v1", api_key="none", max_retries=0, timeout=120)


@pytest.mark.parametrize(("name", "options", "want"), CASES, ids=[f"{name}-{json.dumps(options)[:40]}" for name, options, _ in CASES])
@pytest.mark.parametrize("read", [whole, streamed])
def test_answers(client: openai.OpenAI, read: Any, name: str, options: dict[str, Any], want: dict[str, Any]) -> None:
    assert tidy(read(client, name, **options)) == want


@pytest.mark.parametrize("read", [whole, streamed])
def test_no_calls_are_looked_for(client: openai.OpenAI, read: Any) -> None:
    assert "<tool_call>" in read(client, "one", tool_choice="none")["content"]
    assert tidy(read(client, "thought", tools=openai.NOT_GIVEN)) == answer("Oslo is cold.", THOUGHT)


@pytest.mark.parametrize("limit", [1, 8, 24, 60])
def test_the_token_limit(client: openai.OpenAI, limit: int) -> None:
    assert streamed(client, "long", max_tokens=limit)["finish"] == "length"
    completion = client.chat.completions.create(**given("long", max_tokens=limit))
    assert completion.choices[0].finish_reason == "length"
    assert not completion.choices[0].message.tool_calls
    assert completion.usage is not None
    assert completion.usage.completion_tokens == limit


def test_several_answers_streamed(client: openai.OpenAI) -> None:
    with client.chat.completions.stream(**given("one", n=3)) as stream:
        for _ in stream:
            pass
        choices = stream.get_final_completion().choices
    assert [[call.function.name for call in choice.message.tool_calls or ()] for choice in choices] == [["get_weather"]] * 3


def test_the_next_turn(client: openai.OpenAI) -> None:
    first = client.chat.completions.create(**given("thought-call")).choices[0].message
    assert first.tool_calls
    messages = [
        {"role": "user", "content": "@@thought-call@@"}, first.model_dump(exclude_none=True),
        {"role": "tool", "tool_call_id": first.tool_calls[0].id, "content": "cold"}, {"role": "user", "content": "@@plain@@"},
    ]  # fmt: skip
    reply = client.chat.completions.create(**{**given("plain"), "messages": messages}).choices[0].message
    assert reply.content == "Two and two is four."


def test_responses(client: openai.OpenAI) -> None:
    tools: Any = [{"type": "function", **each["function"]} for each in TOOLS]
    made = client.responses.create(model="m", input="@@thought-call@@", tools=tools)
    with client.responses.stream(model="m", input="@@thought-call@@", tools=tools) as stream:
        for _ in stream:
            pass
        for response in (made, stream.get_final_response()):
            assert [item.type for item in response.output] == ["reasoning", "function_call"]
            assert [(item.name, json.loads(item.arguments)) for item in response.output if item.type == "function_call"] == [WEATHER]


def test_messages(gateway: str) -> None:
    client = anthropic.Anthropic(base_url=gateway, api_key="none", max_retries=0, timeout=120)
    tools: Any = [{"name": each["function"]["name"], "input_schema": each["function"]["parameters"]} for each in TOOLS]
    asked: Any = [{"role": "user", "content": "@@thought-call@@"}]
    made = client.messages.create(model="m", max_tokens=512, messages=asked, tools=tools)
    with client.messages.stream(model="m", max_tokens=512, messages=asked, tools=tools) as stream:
        for message in (made, stream.get_final_message()):
            assert [block.type for block in message.content] == ["thinking", "tool_use"]
            assert [(block.name, block.input) for block in message.content if block.type == "tool_use"] == [WEATHER]


def test_models_are_the_engines(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["m"]


def test_what_the_engine_refuses_is_told(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="temperature"):
        client.chat.completions.create(**given("plain", temperature=-1))
