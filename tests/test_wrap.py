"""`wrap`: an openai client whose server answers with raw text gives the client's own objects, the same whole and streamed."""

from __future__ import annotations

import asyncio
from typing import Any

import openai
import pytest
import strategies
from effort import examples
from hypothesis import given
from hypothesis import strategies as st
from openai.types import CompletionUsage
from openai.types.chat import ChatCompletion, ChatCompletionChunk, ChatCompletionMessageToolCall
from scripted_api import Cut, Drop, client_of, scripted_api, written

from toolparse import Conversation, Message, UnknownFormat, get_format, parse, wrap

TOOLS: Any = [
    {
        "type": "function",
        "function": {"name": name, "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
    }
    for name in ("get_weather", "now")
]
TEXT = f"<think>Hm.</think>\nOn it.\n{written('get_weather', {'city': 'Tromsø'})}\n{written('now', {})}<|im_end|>"
ASK: Any = {"model": "m", "messages": [{"role": "user", "content": "Hello?"}], "tools": TOOLS}


def client(url: str) -> openai.OpenAI:
    return client_of(openai, url)  # type: ignore[no-any-return]


def async_client(url: str) -> openai.AsyncOpenAI:
    return client_of(openai, url, asynchronous=True)  # type: ignore[no-any-return]


def folded(chunks: list[Any], index: int = 0) -> tuple[str, str, list[tuple[str, str, str]], list[str]]:
    """What the chunks of a choice come to: content, reasoning, calls, finish reasons."""
    content = reasoning = ""
    calls: dict[int, list[str]] = {}
    reasons = []
    for chunk in chunks:
        assert type(chunk) is ChatCompletionChunk
        for choice in chunk.choices:
            if choice.index != index:
                continue
            content += choice.delta.content or ""
            reasoning += getattr(choice.delta, "reasoning_content", None) or ""
            for call in choice.delta.tool_calls or ():
                if call.id:
                    calls[call.index] = [call.id, call.function.name, ""]
                calls[call.index][2] += call.function.arguments or ""
            reasons += [choice.finish_reason] if choice.finish_reason else []
    return content, reasoning, [tuple(call) for call in calls.values()], reasons  # type: ignore[misc]


def told(message: Message) -> tuple[str, str, list[tuple[str, str]]]:
    calls = [(call.name, call.arguments) for call in message.tool_calls if call.complete]
    return message.content or "", message.reasoning or "", calls


def test_whole() -> None:
    with scripted_api(TEXT, raw=True) as server, client(server.url) as inner:
        wrapped = wrap(inner, "hermes")
        assert isinstance(wrapped, openai.OpenAI)
        completion = wrapped.chat.completions.create(**ASK)
    assert type(completion) is ChatCompletion
    (choice,) = completion.choices
    assert (choice.finish_reason, choice.message.content) == ("tool_calls", "On it.")
    assert choice.message.reasoning_content == "Hm."  # type: ignore[attr-defined]
    calls = choice.message.tool_calls
    assert calls is not None
    assert all(isinstance(call, ChatCompletionMessageToolCall) for call in calls)
    assert [(call.function.name, call.function.arguments) for call in calls] == [("get_weather", '{"city": "Tromsø"}'), ("now", "{}")]  # type: ignore[union-attr]
    assert completion.usage is not None
    assert completion.usage.total_tokens == 3
    assert server.requests == [ASK]


def test_streamed() -> None:
    with scripted_api(TEXT, raw=True) as server, client(server.url) as inner, wrap(inner, "hermes") as wrapped:
        made = wrapped.chat.completions.create(stream=True, **ASK)
        with made as stream:
            chunks = list(stream)
            assert stream.response.status_code == 200
    content, reasoning, calls, reasons = folded(chunks)
    assert (content, reasoning, [call[1:] for call in calls]) == told(parse(TEXT, "hermes"))
    assert reasons == ["tool_calls"]
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [chunk.usage.total_tokens for chunk in chunks if chunk.usage] == [3]
    assert {chunk.id for chunk in chunks} == {"r"}


@pytest.mark.parametrize("streamed", [False, True])
def test_async(streamed: bool) -> None:
    async def run(url: str) -> Any:
        async with async_client(url) as inner:
            wrapped = wrap(inner, "hermes")
            assert isinstance(wrapped, openai.AsyncOpenAI)
            answer: Any = await wrapped.chat.completions.create(stream=streamed, **ASK)
            if not streamed:
                return answer
            async with answer:
                return [chunk async for chunk in answer]

    with scripted_api(TEXT, raw=True) as server:
        answer = asyncio.run(run(server.url))
    if streamed:
        content, reasoning, calls, reasons = folded(answer)
        assert (content, reasoning, [call[1:] for call in calls], reasons) == (*told(parse(TEXT, "hermes")), ["tool_calls"])
    else:
        assert [call.function.name for call in answer.choices[0].message.tool_calls] == ["get_weather", "now"]


def test_the_clients_own_helper_for_streams() -> None:
    with scripted_api(TEXT, raw=True) as server, client(server.url) as inner:
        helper = wrap(inner, "hermes").chat.completions.stream(**ASK)
        with helper as stream:
            kinds = {event.type for event in stream}
            final = stream.get_final_completion()
    assert "tool_calls.function.arguments.delta" in kinds
    assert [call.function.name for call in final.choices[0].message.tool_calls or ()] == ["get_weather", "now"]


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(("text", "reason"), [(Cut("A long ans"), "length"), (Cut(written("now", {})[:-20]), "length"), ("Hello.", "stop")])
def test_finish_reasons(text: str, reason: str, streamed: bool) -> None:
    with scripted_api(text, raw=True) as server, client(server.url) as inner:
        answer: Any = wrap(inner, "hermes").chat.completions.create(stream=streamed, **ASK)
        if streamed:
            assert folded(list(answer))[3] == [reason]
        else:
            assert answer.choices[0].finish_reason == reason
            assert not answer.choices[0].message.tool_calls


def test_a_stream_that_breaks_off_has_no_whole_call() -> None:
    with scripted_api(Drop(TEXT[:-30]), raw=True) as server, client(server.url) as inner:
        chunks = list(wrap(inner, "hermes").chat.completions.create(stream=True, **ASK))
    assert folded(chunks)[3] == ["length"]


@pytest.mark.parametrize("streamed", [False, True])
def test_several_choices(streamed: bool) -> None:
    with scripted_api(TEXT, raw=True) as server, client(server.url) as inner:
        answer: Any = wrap(inner, "hermes").chat.completions.create(stream=streamed, n=2, **ASK)
        if streamed:
            chunks = list(answer)
            found = [folded(chunks, index) for index in (0, 1)]
            assert found[0][0] == found[1][0] == "On it."
            assert [[call[1] for call in each[2]] for each in found] == [["get_weather", "now"]] * 2
            ids = [call[0] for each in found for call in each[2]]
        else:
            ids = [call.id for choice in answer.choices for call in choice.message.tool_calls]
    assert len(set(ids)) == 4


@pytest.mark.parametrize(
    "texts",
    [
        [(0, "<tool"), (1, "B"), (0, "A")],  # the text of the first is held
        [(2, "C"), (0, "A"), (1, "B")],  # the last comes first
        [(1, "<tool"), (2, "<tool"), (0, "A")],
    ],
)
def test_choices_are_opened_in_their_order(texts: list[tuple[int, str]]) -> None:
    chunks = [chunk_of({"content": text}, index=index) for index, text in texts]
    ends = [chunk_of({}, "stop", index=index) for index in (2, 1, 0)]
    said = ["".join(text for at, text in texts if at == index) or None for index in range(3)]
    streamed = list(wrap(Server(iter(chunks + ends)), "hermes").chat.completions.create(stream=True, n=3))
    seen = list(dict.fromkeys(chunk.choices[0].index for chunk in streamed))
    assert seen == [0, 1, 2]
    assert [folded(streamed, index)[0] or None for index in range(3)] == said
    assert [folded(streamed, index)[3] for index in range(3)] == [["stop"]] * 3


def test_tool_choice_is_for_the_parser() -> None:
    with scripted_api(*["Now. " + written("now", {})] * 3, raw=True) as server, client(server.url) as inner:
        wrapped = wrap(inner, "hermes", server_tool_choice="none")
        none = wrapped.chat.completions.create(tool_choice="none", **ASK)
        auto = wrapped.chat.completions.create(tool_choice="auto", parallel_tool_calls=False, **ASK)
        without = wrapped.chat.completions.create(model="m", messages=[], tool_choice=openai.NOT_GIVEN)
    assert "<tool_call>" in (none.choices[0].message.content or "")
    assert auto.choices[0].message.tool_calls
    assert without.choices[0].message.tool_calls  # a call is read whether or not tools are declared
    assert [request.get("tool_choice") for request in server.requests] == ["none", "none", None]
    assert not any("parallel_tool_calls" in request for request in server.requests)


def test_options_of_the_parser() -> None:
    with scripted_api(written("nope", {}), raw=True) as server, client(server.url) as inner:
        answer = wrap(inner, "hermes", unknown_tools="drop").chat.completions.create(**ASK)
    assert not answer.choices[0].message.tool_calls
    with pytest.raises(UnknownFormat):
        wrap(inner, "hermse")
    with pytest.raises(ValueError, match=" is one of "):
        wrap(inner, "hermes", unknown_tools="keeep")


def test_the_client_itself_stays_as_it_is_and_a_renewed_one_is_wrapped() -> None:
    with scripted_api(*[written("now", {})] * 3, raw=True) as server, client(server.url) as inner:
        wrapped = wrap(inner, get_format("hermes"))
        assert "<tool_call>" in (inner.chat.completions.create(**ASK).choices[0].message.content or "")
        for renewed in (wrapped.with_options(timeout=3), wrapped.copy()):
            assert renewed.chat.completions.create(**ASK).choices[0].message.tool_calls
        with pytest.raises(NotImplementedError, match="use one of them"):
            wrapped.chat.completions.parse(**ASK)


def test_a_conversation_with_a_wrapped_client() -> None:
    def now() -> str:
        return "noon"

    with scripted_api(written("now", {}), "It is noon.", raw=True) as server, client(server.url) as inner:
        conversation = Conversation(wrap(inner, "hermes"), [now], model="m")
        events = list(conversation.stream_sync("What time is it?"))
    assert conversation.answer is not None
    assert conversation.answer.content == "It is noon."
    assert [result.text for result in conversation.results] == ["noon"]
    assert events


class Echo:
    """A client of the same shape that answers with what it is asked, and never leaves the process."""

    class Completions:
        def __init__(self, size: int) -> None:
            self.size = size

        def create(self, *, messages: Any, stream: bool = False, **rest: Any) -> Any:
            text = messages[0]["content"]
            head = {"id": "r", "created": 0, "model": "m"}
            if not stream:
                choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
                return ChatCompletion.model_validate({**head, "object": "chat.completion", "choices": [choice]})
            deltas: list[Any] = [({"content": text[at : at + self.size]}, None) for at in range(0, len(text), self.size)]
            chunks = [{"index": 0, "delta": delta, "finish_reason": reason} for delta, reason in [*deltas, ({}, "stop")]]
            return iter([ChatCompletionChunk.model_validate({**head, "object": "chat.completion.chunk", "choices": [c]}) for c in chunks])

    class Chat:
        completions: Any

    def __init__(self, size: int) -> None:
        self.chat = self.Chat()
        self.chat.completions = self.Completions(size)


@examples(8, 600)
@given(strategies.texts(get_format("hermes")).filter(bool), st.integers(1, 9))
def test_any_text_is_the_same_whole_and_streamed(text: str, size: int) -> None:
    wrapped = wrap(Echo(size), "hermes")
    asked: Any = {"messages": [{"role": "user", "content": text}], "tools": strategies.TOOLS}
    completion = wrapped.chat.completions.create(**asked)
    said = completion.choices[0].message
    content, reasoning, calls, reasons = folded(list(wrapped.chat.completions.create(stream=True, **asked)))
    message = parse(text, "hermes", tools=strategies.TOOLS)
    assert (content, reasoning) == told(message)[:2]
    assert (said.content or "", getattr(said, "reasoning_content", "")) == (content, reasoning)
    assert [(call.function.name, call.function.arguments) for call in said.tool_calls or ()] == told(message)[2]
    assert reasons == [completion.choices[0].finish_reason]
    if reasons != ["length"]:
        assert [call[1:] for call in calls] == told(message)[2]


class Server:
    """A client that gives back chunks or a completion as they are."""

    class Chat:
        completions: Any

    def __init__(self, answer: Any) -> None:
        self.chat = self.Chat()
        self.chat.completions = self.Chat()
        self.chat.completions.create = lambda **request: answer


def completion_of(message: dict[str, Any], reason: str = "stop") -> ChatCompletion:
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": reason}
    return ChatCompletion.model_validate({"id": "r", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice]})


def chunk_of(delta: dict[str, Any], reason: str | None = None, **rest: Any) -> ChatCompletionChunk:
    choice = {"index": 0, "delta": delta, "finish_reason": reason, **rest}
    return ChatCompletionChunk.model_validate(
        {"id": "r", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": [choice]}
    )


def test_reasoning_that_the_server_has_read_already() -> None:
    """The text behind it does not begin inside reasoning, though the format's outputs do."""
    whole = completion_of({"content": "Hello.", "reasoning_content": "Hm."})
    said = wrap(Server(whole), "deepseek_r1").chat.completions.create().choices[0].message
    assert (said.content, said.reasoning_content) == ("Hello.", "Hm.")
    chunks = [chunk_of({"reasoning_content": "Hm."}), chunk_of({"content": "Hello."}), chunk_of({}, "stop")]
    streamed = list(wrap(Server(iter(chunks)), "deepseek_r1").chat.completions.create(stream=True))
    assert folded(streamed)[:2] == ("Hello.", "Hm.")
    alone = wrap(Server(completion_of({"content": "Hm.</think>Hello."})), "deepseek_r1").chat.completions.create().choices[0].message
    assert (alone.content, alone.reasoning_content) == ("Hello.", "Hm.")


def test_calls_that_the_server_has_read_already_stay_as_they_are() -> None:
    call = {"id": "a", "type": "function", "function": {"name": "now", "arguments": "{}"}}
    whole = completion_of({"content": "On it.", "tool_calls": [call]}, "tool_calls")
    assert wrap(Server(whole), "hermes").chat.completions.create() == whole
    chunks = [chunk_of({"tool_calls": [{"index": 0, **call}]}), chunk_of({}, "tool_calls")]
    streamed = list(wrap(Server(iter(chunks)), "hermes").chat.completions.create(stream=True))
    assert [each[1:] for each in folded(streamed)[2]] == [("now", "{}")]
    assert folded(streamed)[3] == ["tool_calls"]
    raw = object()
    assert wrap(Server(raw), "hermes").chat.completions.create() is raw


def test_logprobs_and_usage_are_not_lost_where_text_is_held() -> None:
    def logprobs(token: str) -> dict[str, Any]:
        return {"content": [{"token": token, "logprob": -0.1, "top_logprobs": []}], "refusal": None}

    pieces = ["Hi ", "<tool", "_call>\n", '{"name": "now", ', '"arguments": {}}', "\n</tool_call>"]
    chunks = [chunk_of({"content": piece}, logprobs=logprobs(piece)) for piece in pieces]
    for chunk in chunks:
        chunk.usage = CompletionUsage(prompt_tokens=1, completion_tokens=1, total_tokens=2)
    streamed = list(wrap(Server(iter([*chunks, chunk_of({}, "stop")])), "hermes").chat.completions.create(stream=True))
    tokens = [token.token for chunk in streamed for choice in chunk.choices if choice.logprobs for token in choice.logprobs.content]
    assert tokens == pieces
    assert folded(streamed)[0] == "Hi"
    assert len([chunk for chunk in streamed if chunk.usage]) == len(pieces)
