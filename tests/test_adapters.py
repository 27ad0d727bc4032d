"""The adapters' shapes, and the official clients reading them over HTTP."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import anthropic
import anthropic.types
import openai
import openai.types.chat
import openai.types.responses
import pytest
from pydantic import BaseModel, TypeAdapter

from toolparse.adapters import ChatChunks, MessageEvents, ResponseEvents, astream, encode, stream
from toolparse.adapters.openai_chat import sse
from toolparse.events import CallArguments, CallEnd, CallStart, Content, Event, Problem, Reasoning
from toolparse.message import Message, MessageBuilder, ReasoningPart, TextPart, ToolCall
from toolparse.parser import Parser

EVERYTHING: list[Event] = [
    Reasoning("The user wants "),
    Reasoning("the weather."),
    Content("Let me "),
    Content("look, für dich."),
    CallStart(0, "call_a", "get_weather", 40),
    CallArguments(0, '{"city": "'),
    CallArguments(0, "Troms"),
    CallArguments(0, "ø \\ud83d"),
    CallArguments(0, '\\ude00", "days": 3'),
    Problem("missing_brace", "The object was not closed; it was closed.", 0, 90),
    CallArguments(0, "}"),
    CallEnd(0, True, 91),
    Reasoning("\nAnd the time."),
    CallStart(1, "call_b", "now", 92),
    CallArguments(1, "{}"),
    CallEnd(1, True, 120),
    Content("Done."),
]
CUT_CALL: list[Event] = [
    CallStart(0, "call_a", "now", 0),
    CallArguments(0, "{}"),
    CallEnd(0, True, 20),
    CallStart(1, "call_b", "get_weather", 20),
    CallArguments(1, '{"city": "Oslo", "da'),
    CallEnd(1, False, 60),
]
HERMES = """<think>
Two cities, so two calls.
</think>

On it.
<tool_call>
{"name": "get_weather", "arguments": {"city": "Tromsø \\ud83d\\ude00", "days": [1, 2.50, null]}}
</tool_call>
<tool_call>
{"name": "get_weather", "arguments": {"city": "a \\"quoted\\" </tool_call> \\\\ \\n", "unit": {"name": "C"}}}
</tool_call>"""


def written(text: str, truncated: bool = False) -> list[Event]:
    """The events of a hermes output that comes in pieces of 4 characters."""
    parser = Parser("hermes")
    events = [event for at in range(0, len(text), 4) for event in parser.feed(text[at : at + 4])]
    return events + parser.finish(truncated)


# Of each answer, its events and whether the output was cut.
ANSWERS: dict[str, tuple[list[Event], bool]] = {
    "empty": ([], False),
    "text": ([Content("Hel"), Content("lo <b>"), Content("\n")], False),
    "reasoning": ([Reasoning("Hm."), Content("Yes.")], False),
    "everything": (EVERYTHING, False),
    "hermes": (written(HERMES), False),
    "cut hermes": (written(HERMES[:-32], truncated=True), True),
    "cut text": ([Content("Hel")], True),
    "cut reasoning": ([Content("So."), Reasoning("Hm")], True),
    "cut call": (CUT_CALL, True),
    "cut call, not said": (CUT_CALL, False),
    "cut after call": (CUT_CALL[:3], True),
}
WHOLE = [name for name in ANSWERS if "cut" not in name]
CUT = [name for name in ANSWERS if "cut" in name]
ADAPTERS = {"chat": ChatChunks, "responses": ResponseEvents, "messages": MessageEvents}


def message_of(answer: str) -> Message:
    builder = MessageBuilder()
    events, builder.truncated = ANSWERS[answer]
    for event in events:
        builder.add(event)
    return builder.message


def run(adapter: Any, answer: str) -> list[dict[str, Any]]:
    """The whole stream of an answer, fed event by event."""
    events, truncated = ANSWERS[answer]
    chunks = adapter.start()
    for event in events:
        chunks += adapter.feed([event])
    return chunks + adapter.finish(truncated=truncated)


def undeclared(value: object) -> set[str]:
    """The fields of a client's object, at any depth, that its type does not declare."""
    if isinstance(value, list):
        return set().union(*map(undeclared, value))
    if not isinstance(value, BaseModel):
        return set()
    return set(value.model_extra or {}).union(*(undeclared(inner) for _, inner in value))


# The shapes


@pytest.mark.parametrize("answer", ANSWERS)
def test_chat_chunks_are_the_clients_type(answer: str) -> None:
    for chunk in run(ChatChunks(model="m"), answer):
        parsed = openai.types.chat.ChatCompletionChunk.model_validate(chunk, strict=True)
        assert parsed.to_dict() == chunk
        assert undeclared(parsed) <= {"reasoning_content"}


@pytest.mark.parametrize("answer", ANSWERS)
def test_response_events_are_the_clients_types(answer: str) -> None:
    kinds: TypeAdapter[Any] = TypeAdapter(openai.types.responses.ResponseStreamEvent)
    events = run(ResponseEvents(model="m"), answer)
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    for event in events:
        parsed = kinds.validate_python(event, strict=True)
        assert parsed.to_dict() == event
        # Some versions of the client require the name in function_call_arguments.done, some do not know it.
        assert undeclared(parsed) <= ({"name"} if event["type"] == "response.function_call_arguments.done" else set())


@pytest.mark.parametrize("answer", ANSWERS)
def test_message_events_are_the_clients_types(answer: str) -> None:
    kinds: TypeAdapter[Any] = TypeAdapter(anthropic.types.RawMessageStreamEvent)
    for event in run(MessageEvents(model="m"), answer):
        parsed = kinds.validate_python(event, strict=True)
        assert parsed.to_dict() == event
        assert undeclared(parsed) == set()


def test_chat_deltas() -> None:
    chunks = run(ChatChunks(model="m", id="chatcmpl-1", created=5), "everything")
    assert all(
        (chunk["id"], chunk["created"], chunk["model"], chunk["object"]) == ("chatcmpl-1", 5, "m", "chat.completion.chunk")
        for chunk in chunks
    )
    assert [chunk["choices"][0]["delta"] for chunk in chunks] == [
        {"role": "assistant"},
        {"reasoning_content": "The user wants "},
        {"reasoning_content": "the weather."},
        {"content": "Let me "},
        {"content": "look, für dich."},
        {"tool_calls": [{"index": 0, "id": "call_a", "type": "function", "function": {"name": "get_weather", "arguments": ""}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": '{"city": "'}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": "Troms"}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": "ø \\ud83d"}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": '\\ude00", "days": 3'}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": "}"}}]},
        {"reasoning_content": "\nAnd the time."},
        {"tool_calls": [{"index": 1, "id": "call_b", "type": "function", "function": {"name": "now", "arguments": ""}}]},
        {"tool_calls": [{"index": 1, "function": {"arguments": "{}"}}]},
        {"content": "Done."},
        {},
    ]


@pytest.mark.parametrize("answer", ANSWERS)
def test_chat_finish_reason_comes_once_and_last(answer: str) -> None:
    reasons = [chunk["choices"][0]["finish_reason"] for chunk in run(ChatChunks(), answer)]
    assert reasons == [None] * (len(reasons) - 1) + [message_of(answer).finish_reason]


def test_chat_ids_are_made_up_once_for_each_answer() -> None:
    first, second = run(ChatChunks(), "text"), run(ChatChunks(), "text")
    assert len({chunk["id"] for chunk in first}) == len({chunk["id"] for chunk in second}) == 1
    assert first[0]["id"] != second[0]["id"]


@pytest.mark.parametrize("adapter", ADAPTERS.values())
def test_what_the_api_has_no_word_for_makes_no_chunk(adapter: Any) -> None:
    assert adapter().feed([]) == []
    assert adapter().feed([Problem("odd", "Something was odd.", None, 0)]) == []


@pytest.mark.parametrize("adapter", ADAPTERS.values())
def test_one_feed_or_many_is_the_same(adapter: Any) -> None:
    one, many = adapter(id="x"), adapter(id="x")
    assert one.feed(EVERYTHING) == [chunk for event in EVERYTHING for chunk in many.feed([event])]


def test_response_event_order() -> None:
    events = run(ResponseEvents(id="resp_1", created=5), "everything")
    short = ["output_item.added", "content_part.added", "{0}.delta", "{0}.done", "content_part.done", "output_item.done"]
    text = [*short[:2], "{0}.delta", *short[2:]]
    arguments = "function_call_arguments"
    assert [event["type"].removeprefix("response.") for event in events] == [
        "created",
        "in_progress",
        *(name.format("reasoning_text") for name in text),
        *(name.format("output_text") for name in text),
        "output_item.added",
        *[f"{arguments}.delta"] * 5,
        f"{arguments}.done",
        "output_item.done",
        *(name.format("reasoning_text") for name in short),
        "output_item.added",
        f"{arguments}.delta",
        f"{arguments}.done",
        "output_item.done",
        *(name.format("output_text") for name in short),
        "completed",
    ]


def test_response_events_of_a_call() -> None:
    adapter = ResponseEvents(model="m", id="resp_1", created=5)
    adapter.start()
    added, delta, done, item_done = adapter.feed(CUT_CALL[:3])
    ids = {"item_id": "fc_1_0", "output_index": 0}
    item = {"id": "fc_1_0", "type": "function_call", "call_id": "call_a", "name": "now"}
    assert added == {
        "type": "response.output_item.added",
        "sequence_number": 2,
        "output_index": 0,
        "item": {**item, "status": "in_progress", "arguments": ""},
    }
    assert delta == {"type": "response.function_call_arguments.delta", "sequence_number": 3, **ids, "delta": "{}"}
    assert done == {
        "type": "response.function_call_arguments.done",
        "sequence_number": 4,
        **ids,
        "name": "now",
        "arguments": "{}",
    }
    assert item_done == {
        "type": "response.output_item.done",
        "sequence_number": 5,
        "output_index": 0,
        "item": {**item, "status": "completed", "arguments": "{}"},
    }


@pytest.mark.parametrize("answer", CUT)
def test_a_cut_response_is_incomplete(answer: str) -> None:
    events = run(ResponseEvents(), answer)
    last = events[-1]
    assert last["type"] == "response.incomplete"
    assert last["response"]["status"] == "incomplete"
    assert last["response"]["incomplete_details"] == {"reason": "max_output_tokens"}
    *before, item = last["response"]["output"]
    assert {item["status"] for item in before} <= {"completed"}
    assert item["status"] == ("completed" if answer == "cut after call" else "incomplete")


def test_the_arguments_of_a_cut_call_are_never_done() -> None:
    done = [event for event in run(ResponseEvents(), "cut call") if event["type"] == "response.function_call_arguments.done"]
    assert [event["name"] for event in done] == ["now"]


def test_the_response_repeats_what_it_is_told_of_the_request() -> None:
    tool = {"type": "function", "name": "now", "parameters": {}, "strict": False}
    adapter = ResponseEvents(id="resp_1", fields={"tools": [tool], "tool_choice": "required", "id": "not this"})
    for event in (*adapter.start(), *adapter.finish()):
        response = event["response"]
        assert (response["id"], response["tools"], response["tool_choice"]) == ("resp_1", [tool], "required")


def test_a_cut_call_counts_even_when_a_whole_one_follows() -> None:
    events: list[Event] = [
        CallStart(0, "call_a", "f", 0),
        CallArguments(0, '{"a'),
        CallEnd(0, False, 9),
        CallStart(1, "call_b", "f", 9),
        CallArguments(1, "{}"),
        CallEnd(1, True, 18),
    ]
    chat, responses, messages = ChatChunks(), ResponseEvents(), MessageEvents()
    for adapter in (chat, responses, messages):
        adapter.feed(events)
    assert chat.finish()[-1]["choices"][0]["finish_reason"] == "length"
    assert responses.finish()[-1]["type"] == "response.incomplete"
    assert messages.finish()[-2]["delta"]["stop_reason"] == "max_tokens"


def test_message_event_order() -> None:
    events = run(MessageEvents(model="m", id="msg_1"), "cut call")
    assert events == [
        {
            "type": "message_start",
            "message": {
                "id": "msg_1",
                "type": "message",
                "role": "assistant",
                "model": "m",
                "content": [],
                "stop_reason": None,
                "stop_sequence": None,
                "usage": {"input_tokens": 0, "output_tokens": 0},
            },
        },
        {
            "type": "content_block_start",
            "index": 0,
            "content_block": {"type": "tool_use", "id": "call_a", "name": "now", "input": {}},
        },
        {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": "{}"}},
        {"type": "content_block_stop", "index": 0},
        {
            "type": "content_block_start",
            "index": 1,
            "content_block": {"type": "tool_use", "id": "call_b", "name": "get_weather", "input": {}},
        },
        {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": CUT_CALL[4].text}},
        {"type": "content_block_stop", "index": 1},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "max_tokens", "stop_sequence": None},
            "usage": {"output_tokens": 0},
        },
        {"type": "message_stop"},
    ]


@pytest.mark.parametrize("answer", ANSWERS)
def test_message_blocks_open_and_close_one_after_the_other(answer: str) -> None:
    events = run(MessageEvents(), answer)
    last = -1
    open_block = None
    for event in events:
        if event["type"] == "content_block_start":
            assert open_block is None
            open_block = event["index"]
            assert open_block == last + 1
        elif event["type"] == "content_block_delta":
            assert event["index"] == open_block
        elif event["type"] == "content_block_stop":
            assert event["index"] == open_block
            last, open_block = open_block, None
    assert open_block is None
    assert last + 1 == len(message_of(answer).parts)


@pytest.mark.parametrize("answer", ANSWERS)
def test_message_stop_reason(answer: str) -> None:
    reasons = {"stop": "end_turn", "tool_calls": "tool_use", "length": "max_tokens"}
    assert run(MessageEvents(), answer)[-2]["delta"]["stop_reason"] == reasons[message_of(answer).finish_reason]


@pytest.mark.parametrize("complete", [True, False])
def test_a_message_block_ends_with_its_call(complete: bool) -> None:
    adapter = MessageEvents()
    adapter.feed([CallStart(0, "call_a", "now", 0)])
    assert adapter.feed([CallEnd(0, complete, 9)]) == [{"type": "content_block_stop", "index": 0}]


def test_the_newline_between_blocks_of_reasoning_belongs_to_neither() -> None:
    events: list[Event] = [Reasoning("One."), Content("So."), Reasoning("\n"), Reasoning("Two."), Reasoning("\nThree.")]
    thoughts = [
        event["delta"]["thinking"]
        for event in MessageEvents().feed(events)
        if event["type"] == "content_block_delta" and event["delta"]["type"] == "thinking_delta"
    ]
    deltas = [event["delta"] for event in ResponseEvents().feed(events) if event["type"] == "response.reasoning_text.delta"]
    assert thoughts == deltas == ["One.", "Two.", "\nThree."]


def test_chat_sse() -> None:
    lines = list(sse(run(ChatChunks(), "everything")))
    assert lines[-1] == "data: [DONE]\n\n"
    assert all(line.startswith("data: {") and line.endswith("}\n\n") and line.count("\n") == 2 for line in lines[:-1])


def test_half_a_surrogate_pair_can_be_sent() -> None:
    (chunk,) = ChatChunks().feed([Content("\ud83d")])
    assert json.loads(encode(chunk).encode().removeprefix(b"data: ")) == chunk


# From pieces to chunks


class Words:
    """A parser whose every piece is content."""

    def __init__(self) -> None:
        self.truncated: bool | None = None

    def feed(self, text: str) -> list[Event]:
        return [Content(text)]

    def finish(self, truncated: bool = False) -> list[Event]:
        self.truncated = truncated
        return [Content("!")]


async def later(pieces: list[str]) -> AsyncIterator[str]:
    for piece in pieces:
        await asyncio.sleep(0)
        yield piece


@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize("adapter", ADAPTERS.values())
def test_stream_and_astream(adapter: Any, cut: bool) -> None:
    async def collect() -> list[dict[str, Any]]:
        return [chunk async for chunk in astream(last, later(["a", "b"]), adapter(id="x"), lambda: cut)]

    parser, last, by_hand = Words(), Words(), adapter(id="x")
    expected = [
        *by_hand.start(),
        *by_hand.feed([Content("a"), Content("b"), Content("!")]),
        *by_hand.finish(truncated=cut),
    ]
    for chunks in (list(stream(parser, ["a", "b"], adapter(id="x"), lambda: cut)), asyncio.run(collect())):
        assert without_time(chunks) == without_time(expected)
    assert parser.truncated is last.truncated is cut


def without_time(chunks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    text = json.dumps(chunks)
    return json.loads(text, object_hook=lambda value: {k: v for k, v in value.items() if k not in ("created", "created_at")})


def test_stream_does_not_read_ahead() -> None:
    read = []

    def pieces() -> Iterator[str]:
        for piece in ("a", "b"):
            read.append(piece)
            yield piece

    chunks = stream(Words(), pieces(), ChatChunks())
    assert next(chunks)["choices"][0]["delta"] == {"role": "assistant"}
    assert read == []
    assert next(chunks)["choices"][0]["delta"] == {"content": "a"}
    assert read == ["a"]


# The official clients


class Answers(BaseHTTPRequestHandler):
    """Streams the answer that the request names as its model."""

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert request["stream"] is True
        adapter = {"/v1/chat/completions": ChatChunks, "/v1/responses": ResponseEvents, "/v1/messages": MessageEvents}[self.path]
        chunks = run(adapter(model=request["model"], id="answer_1"), request["model"])
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for line in sse(chunks) if self.path == "/v1/chat/completions" else map(encode, chunks):
            self.wfile.write(line.encode())
            self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def opener(address: str, api: str, kind: str) -> tuple[Any, Any]:
    """A client of an API, and what opens its stream of an answer."""
    if api == "messages":
        client = {"sync": anthropic.Anthropic, "async": anthropic.AsyncAnthropic}[kind](base_url=address, api_key="none", max_retries=0)
        return client, lambda answer: client.messages.stream(model=answer, max_tokens=9, messages=[{"role": "user", "content": "Hi"}])
    client = {"sync": openai.OpenAI, "async": openai.AsyncOpenAI}[kind](base_url=f"{address}/v1", api_key="none", max_retries=0)
    if api == "chat":
        return client, lambda answer: client.chat.completions.stream(model=answer, messages=[{"role": "user", "content": "Hi"}])
    return client, lambda answer: client.responses.stream(model=answer, input="Hi")


FINAL = {"chat": "get_final_completion", "responses": "get_final_response", "messages": "get_final_message"}


def read(address: str, api: str, kind: str, answer: str) -> tuple[list[Any], Any]:
    """What a client sees of an answer: each event of its stream, and its final object or the exception in its place."""

    def read_now() -> tuple[list[Any], Any]:
        client, open_stream = opener(address, api, kind)
        with client, open_stream(answer) as opened:
            events = list(opened)
            try:
                return events, getattr(opened, FINAL[api])()
            except (openai.LengthFinishReasonError, RuntimeError) as error:
                return events, error

    async def read_async() -> tuple[list[Any], Any]:
        client, open_stream = opener(address, api, kind)
        async with client, open_stream(answer) as opened:
            events = [event async for event in opened]
            try:
                return events, await getattr(opened, FINAL[api])()
            except (openai.LengthFinishReasonError, RuntimeError) as error:
                return events, error

    return read_now() if kind == "sync" else asyncio.run(read_async())


def as_message(final: Any) -> Message:
    """A client's final object, whichever it is, as our message."""
    if isinstance(final, openai.types.chat.ChatCompletion):
        told = final.choices[0].message
        return Message(
            content=told.content,
            reasoning=getattr(told, "reasoning_content", None),
            tool_calls=[
                ToolCall(index=i, id=call.id, name=call.function.name, arguments=call.function.arguments)
                for i, call in enumerate(told.tool_calls or [])
            ],
        )
    blocks = final.output if isinstance(final, openai.types.responses.Response) else final.content
    message = Message()
    for block in blocks:
        match block.type:
            case "text":
                message.parts.append(TextPart(block.text))
            case "thinking":
                message.parts.append(ReasoningPart(block.thinking))
            case "message":
                message.parts.append(TextPart("".join(part.text for part in block.content)))
            case "reasoning":
                message.parts.append(ReasoningPart("".join(part.text for part in block.content)))
            case "tool_use":
                arguments = json.dumps(block.input)
                message.parts.append(ToolCall(id=block.id, name=block.name, arguments=arguments))
            case "function_call":
                message.parts.append(ToolCall(id=block.call_id, name=block.name, arguments=block.arguments))
    return Message(parts=message.parts)


def told(message: Message, api: str) -> object:
    """What of a message an API can tell: the chat API not the order of its parts, Messages only the arguments' values."""
    calls = [(call.id, call.name, call.value() if api == "messages" else call.arguments) for call in message.tool_calls]
    if api == "chat":
        return message.content, message.reasoning, calls
    return calls, [None if isinstance(part, ToolCall) else part for part in message.parts]


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("answer", WHOLE)
@pytest.mark.parametrize("api", ADAPTERS)
def test_the_client_ends_with_the_message(address: str, api: str, answer: str, kind: str) -> None:
    _, final = read(address, api, kind, answer)
    expected = message_of(answer)
    assert (final.id, final.model) == ("answer_1", answer)
    assert told(as_message(final), api) == told(expected, api)
    reason = {
        "chat": lambda: final.choices[0].finish_reason == expected.finish_reason,
        "responses": lambda: final.status == "completed",
        "messages": lambda: final.stop_reason == ("tool_use" if expected.tool_calls else "end_turn"),
    }
    assert reason[api]()


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("answer", CUT)
@pytest.mark.parametrize("api", ADAPTERS)
def test_the_client_sees_that_the_answer_was_cut(address: str, api: str, answer: str, kind: str) -> None:
    events, final = read(address, api, kind, answer)
    if api == "chat":
        assert isinstance(final, openai.LengthFinishReasonError)
        final = final.completion
        assert final.choices[0].finish_reason == "length"
    elif api == "responses":
        assert isinstance(final, RuntimeError)  # the client has no final object for an incomplete response
        final = events[-1].response
        assert final.incomplete_details.reason == "max_output_tokens"
    else:
        assert final.stop_reason == "max_tokens"
    assert told(as_message(final), api) == told(message_of(answer), api)


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_the_chat_client_reports_each_call_as_it_comes_and_when_it_is_done(address: str, kind: str) -> None:
    events, _ = read(address, "chat", kind, "everything")
    deltas = [event for event in events if event.type == "tool_calls.function.arguments.delta"]
    assert ["".join(event.arguments_delta for event in deltas if event.index == index) for index in (0, 1)] == [
        call.arguments for call in message_of("everything").tool_calls
    ]
    done = [(event.index, event.name, event.arguments) for event in events if event.type == "tool_calls.function.arguments.done"]
    assert done == [(call.index, call.name, call.arguments) for call in message_of("everything").tool_calls]


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_the_deltas_of_a_response_add_up_to_its_output(address: str, kind: str) -> None:
    events, final = read(address, "responses", kind, "everything")
    snapshots = {event.output_index: event.snapshot for event in events if hasattr(event, "snapshot")}
    whole = {
        place: item.arguments if item.type == "function_call" else item.content[0].text
        for place, item in enumerate(final.output)
        if item.type != "reasoning"  # the client keeps no snapshot of reasoning
    }
    assert snapshots == whole
    items = [event.item.to_dict() for event in events if event.type == "response.output_item.done"]
    output = events[-1].response.to_dict()["output"]
    for item in output:
        item.pop("parsed_arguments", None)
        for part in item.get("content", []):
            part.pop("parsed", None)
    assert items == output


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_the_deltas_of_a_message_add_up_to_its_text(address: str, kind: str) -> None:
    events, _ = read(address, "messages", kind, "everything")
    assert "".join(event.text for event in events if event.type == "text") == message_of("everything").content
    json_text = "".join(event.partial_json for event in events if event.type == "input_json")
    assert json_text == "".join(call.arguments for call in message_of("everything").tool_calls)


# What the Messages API requires beyond the events


@pytest.mark.parametrize("fragments", [['"ab', 'c"'], ["[1,", " 2]"], ["-", "1"], ["nu", "ll"], [" ", '\n{"a"', ": 1}"], [" {}"]])
def test_the_input_of_a_message_is_an_object_at_every_moment(fragments: list[str]) -> None:
    from anthropic.lib.streaming._messages import accumulate_event

    adapter = MessageEvents()
    buffers: dict[int, bytes] = {}
    kinds: TypeAdapter[Any] = TypeAdapter(anthropic.types.RawMessageStreamEvent)
    snapshot: Any = None
    events: list[Event] = [CallStart(0, "call_a", "f", 0), *(CallArguments(0, text) for text in fragments), CallEnd(0, True, 9)]
    for event in (*adapter.start(), *adapter.feed(events), *adapter.finish()):
        snapshot = accumulate_event(event=kinds.validate_python(event), current_snapshot=snapshot, json_bufs=buffers)
        assert all(isinstance(block.input, dict) for block in snapshot.content)
    value = json.loads("".join(fragments))
    assert snapshot.content[0].input == (value if isinstance(value, dict) else {"arguments": value})
    assert json.loads(buffers[0]) == snapshot.content[0].input


def test_each_call_decides_for_itself_whether_its_input_is_wrapped() -> None:
    adapter = MessageEvents()
    events: list[Event] = []
    for index, arguments in enumerate(["[]", "{}", "1"]):
        events += [CallStart(index, f"call_{index}", "f", 0), CallArguments(index, arguments), CallEnd(index, True, 9)]
    pieces = [""] * 3
    for event in adapter.feed(events):
        if event["type"] == "content_block_delta":
            pieces[event["index"]] += event["delta"]["partial_json"]
    assert pieces == ['{"arguments": []}', "{}", '{"arguments": 1}']


def test_a_wrapped_input_that_is_cut_stays_open() -> None:
    events = MessageEvents().feed([CallStart(0, "call_a", "f", 0), CallArguments(0, '"ab'), CallEnd(0, False, 9)])
    deltas = [event["delta"]["partial_json"] for event in events if event["type"] == "content_block_delta"]
    assert deltas == ['{"arguments": "ab']
