"""`Conversation` with the official clients over loopback: whole and streamed, sync and async, in all three APIs."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import anthropic
import openai
import pytest
from scripted_api import Cut, Drop, ScriptedApi, client_of, scripted_api, written

from toolparse import (
    CallArguments,
    CallStart,
    Content,
    Conversation,
    Event,
    Message,
    MessageBuilder,
    Reasoning,
    Toolbox,
    ToolResult,
    TooManyRounds,
)

APIS = ["openai", "responses", "anthropic"]
KINDS = ["ask", "stream", "ask_sync", "stream_sync"]


def get_weather(city: str, days: int = 1) -> dict[str, Any]:
    """The forecast for a city."""
    return {"city": city, "days": days}


def client_for(server: ScriptedApi, api: str, asynchronous: bool) -> Any:
    return client_of(anthropic if api == "anthropic" else openai, server.url, asynchronous)


def converse(server: ScriptedApi, api: Any, kind: str, question: str, **options: Any) -> tuple[Conversation, list[Event | ToolResult]]:
    """A conversation after a question, and what was passed on."""
    asynchronous = not kind.endswith("_sync")
    passed: list[Event | ToolResult] = []

    async def run() -> Conversation:
        async with client_for(server, api, True) as client:
            conversation = Conversation(client, [get_weather], model="m", api=api, **options)
            if kind == "ask":
                assert await conversation.ask(question) is conversation.answer
            else:
                passed.extend([event async for event in conversation.stream(question)])
            return conversation

    if asynchronous:
        return asyncio.run(run()), passed
    with client_for(server, api, False) as client:
        conversation = Conversation(client, [get_weather], model="m", api=api, **options)
        if kind == "ask_sync":
            assert conversation.ask_sync(question) is conversation.answer
        else:
            passed.extend(conversation.stream_sync(question))
        return conversation, passed


SCRIPT = [
    "<think>Two cities.</think>\nI will look both up.\n"
    + written("get_weather", {"city": "Tromsø", "days": 2})
    + "\n"
    + written("get_weather", {"city": "Bergen", "days": "two"}),
    written("get_weather", {"city": "Bergen"}),
    "Both are sunny.",
]


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("kind", KINDS)
def test_calls_a_correction_and_the_answer(api: Any, kind: str) -> None:
    with scripted_api(*SCRIPT) as server:
        conversation, passed = converse(server, api, kind, "How is the weather?")
    assert conversation.answer is not None
    assert conversation.answer.content == "Both are sunny."
    assert [(result.status, result.call.value()) for result in conversation.results] == [
        ("ok", {"city": "Tromsø", "days": 2}),
        ("invalid", {"city": "Bergen", "days": "two"}),
        ("ok", {"city": "Bergen"}),
    ]
    first, second, third = (request["input" if api == "responses" else "messages"] for request in server.requests)
    assert first == [{"role": "user", "content": "How is the weather?"}]
    assert second == third[: len(second)]
    assert third == conversation.messages[:-1]
    check_history(api, second[1:])
    assert len(server.requests[0]["tools"]) == 1
    if kind.startswith("stream"):
        check_passed(passed, conversation)


def check_history(api: str, messages: list[dict[str, Any]]) -> None:
    """The first round as the API wants it back."""
    told = '{"city": "Tromsø", "days": 2}'
    wrong = 'get_weather was not called:\n- /days: expected an integer, found "two"\nCall it again with corrected arguments.'
    if api == "openai":
        assistant, good, bad = messages
        assert (assistant["role"], assistant["content"], assistant["reasoning_content"]) == (
            "assistant",
            "I will look both up.",
            "Two cities.",
        )
        ids = [call["id"] for call in assistant["tool_calls"]]
        assert [(message["tool_call_id"], message["content"]) for message in (good, bad)] == [(ids[0], told), (ids[1], wrong)]
    elif api == "responses":
        items = [message for message in messages if message["type"] == "function_call"]
        assert [item["type"] for item in messages] == [
            "reasoning",
            "message",
            "function_call",
            "function_call",
            *["function_call_output"] * 2,
        ]
        outputs = [(message["call_id"], message["output"]) for message in messages[-2:]]
        assert outputs == [(items[0]["call_id"], told), (items[1]["call_id"], wrong)]
    else:
        assistant, user = messages
        assert [block["type"] for block in assistant["content"]] == ["thinking", "text", "tool_use", "tool_use"]
        assert assistant["content"][2]["input"] == {"city": "Tromsø", "days": 2}
        ids = [block["id"] for block in assistant["content"][2:]]
        good, bad = user["content"]
        assert (good["tool_use_id"], good["content"], bad["tool_use_id"], bad["content"]) == (ids[0], told, ids[1], wrong)
        assert (good.get("is_error"), bad["is_error"]) == (None, True)


def check_passed(passed: list[Any], conversation: Conversation) -> None:
    """What a stream passes on: the events of each answer, then the results of its calls."""
    assert [event for event in passed if isinstance(event, ToolResult)] == conversation.results
    rounds: list[MessageBuilder] = [MessageBuilder()]
    for before, event in zip([None, *passed], passed, strict=False):
        if isinstance(event, ToolResult):
            continue
        if isinstance(before, ToolResult):
            rounds.append(MessageBuilder())
        rounds[-1].add(event)
    messages = [builder.message for builder in rounds]
    assert [message.content for message in messages] == ["I will look both up.", None, "Both are sunny."]
    assert messages[0].reasoning == "Two cities."
    assert [len(message.tool_calls) for message in messages] == [2, 1, 0]
    assert messages[-1] == conversation.answer
    assert len([event for event in passed if isinstance(event, (Content, CallArguments, Reasoning))]) > 10  # in pieces, not whole


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_call_that_was_cut_is_not_run(api: Any, kind: str) -> None:
    cut = Cut('<tool_call>\n{"name": "get_weather", "arguments": {"city": "Oslo", "days": 1')
    with scripted_api(cut, "I could not.") as server:
        conversation, _ = converse(server, api, kind, "How?")
    (result,) = conversation.results
    assert result.status == "invalid"
    assert "cut off" in result.text
    json.dumps(server.requests[1])
    for message in server.requests[1]["messages" if api != "responses" else "input"]:
        for call in message.get("tool_calls", ()):
            json.loads(call["function"]["arguments"])  # servers take nothing else back
        if message.get("type") == "function_call":
            json.loads(message["arguments"])


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_limit_on_rounds(api: Any, kind: str) -> None:
    script = [written("get_weather", {"city": "Oslo"})] * 2
    with scripted_api(*script) as server, pytest.raises(TooManyRounds, match="no answer after 2 rounds"):
        converse(server, api, kind, "Oslo?", rounds=2)


@pytest.mark.parametrize("kind", ["stream", "stream_sync"])
def test_a_stream_that_breaks_off_runs_nothing(kind: str) -> None:
    broken = Drop('<tool_call>\n{"name": "get_weather", "arguments": {"city": "Oslo"')
    with scripted_api(broken, "Hm.") as server:
        conversation, passed = converse(server, "openai", kind, "Oslo?")
    assert [result.status for result in conversation.results] == ["invalid"]
    assert any(isinstance(event, CallStart) for event in passed)


def test_questions_follow_each_other_and_options_are_sent() -> None:
    with scripted_api("One.", "Two.") as server, client_for(server, "anthropic", False) as client:
        conversation = Conversation(client, [], model="m", system="Be short.", max_tokens=9)
        assert conversation.ask_sync("First?").content == "One."
        assert conversation.ask_sync("Second?").content == "Two."
    assert [len(request["messages"]) for request in server.requests] == [1, 3]
    assert (server.requests[1]["system"], server.requests[1]["max_tokens"]) == ("Be short.", 9)
    assert "tools" not in server.requests[0]


def test_it_goes_on_after_too_many_rounds() -> None:
    with scripted_api(written("get_weather", {"city": "Oslo"}), "Sunny.") as server, client_for(server, "openai", False) as client:
        conversation = Conversation(client, Toolbox([get_weather]), model="m", rounds=1, messages=[{"role": "system", "content": "Hi."}])
        with pytest.raises(TooManyRounds):
            conversation.ask_sync("Oslo?")
        assert conversation.answer is None
        assert conversation.ask_sync().content == "Sunny."
    assert [message["role"] for message in conversation.messages] == ["system", "user", "assistant", "tool", "assistant"]


def test_a_failure_leaves_a_history_that_can_be_sent() -> None:
    async def wait() -> None:
        await asyncio.sleep(30)

    async def run(server: ScriptedApi) -> None:
        async with client_for(server, "openai", True) as client:
            conversation = Conversation(client, [wait], model="m")
            task = asyncio.ensure_future(conversation.ask("Wait."))
            while not server.requests:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert conversation.messages == [{"role": "user", "content": "Wait."}]
            assert (await conversation.ask()).content == "Well."

    with scripted_api(written("wait", {}), "Well.") as server:
        asyncio.run(run(server))


def test_a_stream_that_is_left_early_gives_its_connection_back() -> None:
    async def run(server: ScriptedApi) -> None:
        async with client_for(server, "openai", True) as client:
            conversation = Conversation(client, [], model="m")
            events = conversation.stream("Hello?")
            async for _ in events:
                break
            await events.aclose()  # type: ignore[attr-defined]
            assert conversation.answer is None

    with scripted_api("A long answer, of which only the beginning is read.") as server:
        asyncio.run(run(server))
        with client_for(server, "openai", False) as client:
            server.script = iter(["Another one."])
            for _ in Conversation(client, [], model="m").stream_sync("Hello?"):
                break


@pytest.mark.parametrize("kind", ["ask", "stream"])
@pytest.mark.parametrize("api", ["openai", "anthropic"])
def test_a_sync_client_in_async_code(api: str, kind: str) -> None:
    async def run(client: Any) -> Message | None:
        conversation = Conversation(client, [get_weather], model="m")
        if kind == "ask":
            return await conversation.ask("Oslo?")
        async for _ in conversation.stream("Oslo?"):
            pass
        return conversation.answer

    with scripted_api(written("get_weather", {"city": "Oslo"}), "Sunny.") as server, client_for(server, api, False) as client:
        answer = asyncio.run(run(client))
    assert answer is not None
    assert answer.content == "Sunny."


def test_an_async_client_in_sync_code_is_told() -> None:
    with scripted_api() as server:
        conversation = Conversation(client_for(server, "openai", True), [], model="m")
        with pytest.raises(TypeError, match=r"await conversation\.ask"):
            conversation.ask_sync("Hello?")


def test_what_the_client_raises_is_raised() -> None:
    with scripted_api() as server:
        url = server.url
    client = openai.OpenAI(base_url=url, api_key="none", max_retries=0)
    with client, pytest.raises(openai.APIConnectionError):
        asyncio.run(Conversation(client, [], model="m").ask("Hello?"))
