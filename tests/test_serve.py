"""The gateway as its users meet it: the official clients over loopback, engines of every kind that say what a script has them say."""

from __future__ import annotations

import json
import logging
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import anthropic
import httpx
import openai
import pytest
from effort import some
from scripted_upstream import FAULTS, Engine, Script, serving

from toolparse.serve.app import make_app
from toolparse.serve.settings import Settings
from toolparse.serve.upstreams import UPSTREAMS

KINDS = list(UPSTREAMS)
COMMAND = [sys.executable, "-m", "toolparse"]
CALL = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Tromsø 😀"}}\n</tool_call>'
OUTPUT = f"<think>\nWarm?\n</think>\n\nLet me look.\n{CALL}<|im_end|>"
PIECES = [OUTPUT[at : at + 5] for at in range(0, len(OUTPUT), 5)]
ARGUMENTS = {"city": "Tromsø 😀"}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
CHAT_TOOL: Any = {"type": "function", "function": {"name": "get_weather", "description": "The weather", "parameters": SCHEMA}}
RESPONSES_TOOL: Any = {"type": "function", "name": "get_weather", "description": "The weather", "parameters": SCHEMA, "strict": False}
MESSAGES_TOOL: Any = {"name": "get_weather", "description": "The weather", "input_schema": SCHEMA}
ASK: Any = [{"role": "user", "content": "Weather?"}]
TEMPLATE = """\
{{ bos_token }}{% for message in messages %}<|im_start|>{{ message.role }}
{{ message.content }}{% for call in message.tool_calls or [] %}<tool_call>{{ call.function | tojson }}</tool_call>{% endfor %}<|im_end|>
{% endfor %}{% if tools %}<tools>{{ tools | tojson }}</tools> <tool_call>{% endif %}{{ '<|im_start|>assistant\\n' }}"""


class House:
    """One engine, and one gateway in front of it for each language that the engine speaks; and some that are set up otherwise."""

    def __init__(self, engine: Engine, gateways: dict[str, str]) -> None:
        self.engine = engine
        self.gateways = gateways
        self.http = httpx.Client(timeout=30)
        self._openai = openai.OpenAI(api_key="client", base_url="http://unused", max_retries=0)
        self._anthropic = anthropic.Anthropic(api_key="client", base_url="http://unused", max_retries=0)

    def openai(self, kind: str = "openai-completions") -> openai.OpenAI:
        return self._openai.with_options(base_url=f"{self.gateways[kind]}/v1")

    def anthropic(self, kind: str = "openai-completions") -> anthropic.Anthropic:
        return self._anthropic.with_options(base_url=self.gateways[kind])

    def says(self, *pieces: str, **script: Any) -> None:
        self.engine.script = Script(list(pieces), **script)
        self.engine.requests.clear()
        self.engine.headers.clear()
        self.engine.left = 0

    def post(self, path: str, body: object, kind: str = "openai-completions", **headers: str) -> httpx.Response:
        return self.http.post(self.gateways[kind] + path, json=body, headers=headers)

    def close(self) -> None:
        self.http.close()
        self._openai.close()
        self._anthropic.close()


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("model")
    (directory / "tokenizer_config.json").write_text(json.dumps({"bos_token": {"content": "<s>"}, "chat_template": TEMPLATE}))
    return directory / "tokenizer_config.json"


@pytest.fixture(scope="module")
def house(template: Path) -> Iterator[House]:
    engine = Engine(template='<tool_call>{"name": "f", "arguments": {}}</tool_call>')
    with ExitStack() as stack:
        url = stack.enter_context(serving(engine))
        common: dict[str, Any] = {"url": url, "format": "hermes"}
        settings = {
            kind: Settings(upstream=kind, **common, template=template if kind in ("openai-completions", "tgi", "ollama") else None)
            for kind in KINDS
        }
        # Short times end the answers of a loaded machine anywhere, so these are for answers that shall end so.
        settings |= {
            f"{kind}, short of patience": Settings(upstream=kind, **common, stall=0.2) for kind in ("openai-chat", "llama.cpp", "ollama")
        }
        settings["short of time"] = Settings(upstream="openai-chat", **common, timeout=0.2)
        settings["strict"] = Settings(
            upstream="openai-completions", url=url, format="hermes", template=template, api_key="secret", upstream_key="theirs",
            max_body=2000, max_requests=2, model="real", max_tokens=77, log_text=True,
        )  # fmt: skip
        settings["down"] = Settings(upstream="openai-chat", url="http://127.0.0.1:9", format="hermes")
        house = House(engine, {name: stack.enter_context(serving(make_app(given))) for name, given in settings.items()})
        stack.callback(house.close)
        yield house


@pytest.mark.parametrize("kind", KINDS)
def test_a_call_reaches_the_clients_of_every_api_streamed_and_whole(house: House, kind: str) -> None:
    house.says(*PIECES)
    chat = house.openai(kind)
    with chat.chat.completions.stream(model="m", messages=ASK, tools=[CHAT_TOOL], stream_options={"include_usage": True}) as stream:
        for _ in stream:
            pass
        streamed = stream.get_final_completion()
    for completion in (streamed, chat.chat.completions.create(model="m", messages=ASK, tools=[CHAT_TOOL])):
        (choice,) = completion.choices
        assert choice.finish_reason == "tool_calls"
        assert choice.message.content == "Let me look."
        assert choice.message.reasoning_content == "Warm?"  # type: ignore[attr-defined]
        (call,) = choice.message.tool_calls or []
        assert json.loads(call.function.arguments) == ARGUMENTS
        assert completion.usage is not None
        assert (completion.usage.prompt_tokens, completion.usage.completion_tokens) == (7, len(PIECES))

    with chat.responses.stream(model="m", input="Weather?", tools=[RESPONSES_TOOL]) as responses:
        for _ in responses:
            pass
        streamed_response = responses.get_final_response()
    for response in (streamed_response, chat.responses.create(model="m", input="Weather?", tools=[RESPONSES_TOOL])):
        assert response.status == "completed"
        assert [item.type for item in response.output] == ["reasoning", "message", "function_call"]
        assert json.loads(response.output[2].arguments) == ARGUMENTS
        assert response.usage is not None
        assert response.usage.output_tokens == len(PIECES)

    client = house.anthropic(kind)
    with client.messages.stream(model="m", max_tokens=99, messages=ASK, tools=[MESSAGES_TOOL]) as messages:
        streamed_message = messages.get_final_message()
    for message in (streamed_message, client.messages.create(model="m", max_tokens=99, messages=ASK, tools=[MESSAGES_TOOL])):
        assert message.stop_reason == "tool_use"
        assert [block.type for block in message.content] == ["thinking", "text", "tool_use"]
        assert message.content[2].input == ARGUMENTS
        assert (message.usage.input_tokens, message.usage.output_tokens) == (7, len(PIECES))


PATHS = {"chat": "/v1/chat/completions", "responses": "/v1/responses", "messages": "/v1/messages"}


def body(api: str, stream: bool = True, **more: Any) -> dict[str, Any]:
    if api == "responses":
        return {"model": "m", "input": "Weather?", "tools": [RESPONSES_TOOL], "stream": stream, **more}
    tool = CHAT_TOOL if api == "chat" else MESSAGES_TOOL
    return {"model": "m", "messages": ASK, "tools": [tool], "stream": stream, "max_tokens": 50, **more}


def data(answer: httpx.Response) -> list[Any]:
    """What a stream says; None for `[DONE]`."""
    told = [line[6:] for line in answer.text.splitlines() if line.startswith("data: ")]
    return [None if line == "[DONE]" else json.loads(line) for line in told]


def says_that_all_is_well(api: str, told: list[Any]) -> bool:
    """Whether a client may take the answer, or a call in it, for complete."""
    if api == "chat":
        return None in told or any(chunk["choices"][0]["finish_reason"] for chunk in told if chunk and chunk.get("choices"))
    types = [event["type"] for event in told]
    if api == "responses":
        return bool({"response.completed", "response.incomplete", "response.function_call_arguments.done"}.intersection(types))
    blocks = [event["content_block"]["type"] for event in told if event["type"] == "content_block_start"]
    stopped = [event["index"] for event in told if event["type"] == "content_block_stop"]
    return bool({"message_delta", "message_stop"}.intersection(types)) or any(blocks[index] == "tool_use" for index in stopped)


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault != "stall"])
@pytest.mark.parametrize("kind", ["openai-chat", "llama.cpp", "ollama"])
def test_an_upstream_that_fails_ends_the_stream_with_an_error(house: House, kind: str, fault: str) -> None:
    house.says(*PIECES, fault=fault, after=len(PIECES) - 7)  # in the middle of the arguments
    for api, path in PATHS.items():
        told = data(house.post(path, body(api), kind))
        assert not says_that_all_is_well(api, told)
        last = told[-1]
        if api == "responses":
            assert [event["type"] for event in told[-2:]] == ["error", "response.failed"]
            assert last["response"]["status"] == "failed"
            assert last["response"]["error"]["message"].startswith("the upstream")
        else:
            assert last["error"]["message"].startswith("the upstream")


@pytest.mark.parametrize("kind", ["openai-chat", "llama.cpp", "ollama"])
def test_an_upstream_that_stalls_ends_the_answer_with_an_error(house: House, kind: str) -> None:
    house.says(*PIECES, fault="stall", after=len(PIECES) - 7)
    answer = house.post(PATHS["chat"], body("chat"), f"{kind}, short of patience")
    told = data(answer) if answer.status_code == 200 else [answer.json()]  # it may take no time at all to lose patience
    assert not says_that_all_is_well("chat", told)
    assert told[-1]["error"]["message"] == "the upstream has stalled"
    assert answer.status_code in (200, 504)


@pytest.mark.parametrize("fault", ["drop", "garbage"])
def test_a_whole_answer_of_a_failing_upstream_is_an_error_of_the_api(house: House, fault: str) -> None:
    house.says(*PIECES, fault=fault, after=len(PIECES))  # the call is complete, but the answer is not
    for api, path in PATHS.items():
        answer = house.post(path, body(api, stream=False))
        assert answer.status_code == 502
        assert answer.json()["error"]["message"].startswith("the upstream")
    with pytest.raises(openai.InternalServerError):
        house.openai().chat.completions.create(model="m", messages=ASK)
    with pytest.raises(anthropic.InternalServerError):
        house.anthropic().messages.create(model="m", max_tokens=9, messages=ASK)


def test_the_official_clients_raise_when_a_stream_fails(house: House) -> None:
    house.says(*PIECES, fault="drop", after=8)
    with pytest.raises(openai.APIError, match="the upstream"):
        list(house.openai().chat.completions.create(model="m", messages=ASK, stream=True))
    stream = house.anthropic().messages.create(model="m", max_tokens=9, messages=ASK, stream=True)
    with pytest.raises(anthropic.APIStatusError, match="the upstream"):
        list(stream)


@pytest.mark.parametrize(("status", "told"), [(400, 400), (404, 404), (422, 400), (429, 429), (401, 401), (500, 502), (302, 502)])
def test_what_an_upstream_refuses(house: House, status: int, told: int) -> None:
    house.says(status=status)
    answer = house.post(PATHS["chat"], body("chat"))
    assert answer.status_code == told
    assert "no such luck" in answer.json()["error"]["message"]


def test_a_busy_or_missing_upstream(house: House) -> None:
    house.says(status=503)
    assert house.post(PATHS["chat"], body("chat")).status_code == 503
    answer = house.post(PATHS["messages"], body("messages"))
    assert answer.status_code == 529
    assert answer.json()["error"]["type"] == "overloaded_error"
    answer = house.post(PATHS["chat"], body("chat"), "down")
    assert answer.status_code == 502
    assert answer.json()["error"]["message"] == "the upstream cannot be reached"


def test_text_flows_as_it_is_written(house: House) -> None:
    house.says("a", "b", fault="stall", after=2)
    with house.http.stream("POST", house.gateways["openai-chat"] + PATHS["chat"], json=body("chat")) as answer:
        lines = (line for line in answer.iter_lines() if line)
        first = [json.loads(next(lines)[6:])["choices"][0]["delta"] for _ in range(3)]
    assert first == [{"role": "assistant"}, {"content": "a"}, {"content": "b"}]  # while the engine has not ended


def test_a_client_that_leaves_takes_the_upstream_with_it(house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "toolparse.serve")
    house.says(*["word "] * 1000, delay=0.01)
    url = house.gateways["openai-chat"] + PATHS["chat"]
    with house.http.stream("POST", url, json=body("chat", model="leaver")) as answer:
        next(answer.iter_lines())
    address = httpx.URL(url)
    asked = json.dumps(body("chat", stream=False, model="leaver")).encode()
    with socket.create_connection((address.host, address.port or 80)) as waiting:
        head = f"POST {address.path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {len(asked)}\r\n\r\n"
        waiting.sendall(head.encode() + asked)
        wait_for(lambda: len(house.engine.requests) == 2)

    def outcomes() -> list[str]:
        told = [json.loads(record.message) for record in caplog.records]
        return [line["outcome"] for line in told if line["model"] == "leaver"]

    wait_for(lambda: len(outcomes()) == 2)
    assert outcomes() == ["left", "left"]
    wait_for(lambda: house.engine.left >= 2)


def wait_for(so: Any) -> None:
    until = time.monotonic() + 60
    while not so():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_finish_reasons(house: House) -> None:
    def reasons(*pieces: str, **script: Any) -> tuple[Any, Any, Any]:
        house.says(*pieces, **script)
        chat = house.post(PATHS["chat"], body("chat", stream=False)).json()["choices"][0]["finish_reason"]
        response = house.post(PATHS["responses"], body("responses", stream=False)).json()
        message = house.post(PATHS["messages"], body("messages", stream=False)).json()
        streamed = data(house.post(PATHS["messages"], body("messages")))[-2]["delta"]
        assert streamed == {"stop_reason": message["stop_reason"], "stop_sequence": message["stop_sequence"]}
        return chat, response["status"], message["stop_reason"]

    assert reasons("Hello.") == ("stop", "completed", "end_turn")
    assert reasons("Hello.", stop="END") == ("stop", "completed", "stop_sequence")
    assert reasons("Hello.", finish="length") == ("length", "incomplete", "max_tokens")
    assert reasons(*PIECES) == ("tool_calls", "completed", "tool_use")
    assert reasons(*PIECES[:-5], finish="length") == ("length", "incomplete", "max_tokens")


def test_a_cut_call_is_not_in_the_message(house: House) -> None:
    house.says(*PIECES[:-5], finish="length")
    message = house.post(PATHS["chat"], body("chat", stream=False)).json()["choices"][0]["message"]
    assert "tool_calls" not in message
    blocks = house.post(PATHS["messages"], body("messages", stream=False)).json()["content"]
    assert "tool_use" not in [block["type"] for block in blocks]


def test_several_choices_each_with_their_own_call(house: House) -> None:
    house.says(*PIECES)
    completion = several(house)
    assert [choice.finish_reason for choice in completion.choices] == ["tool_calls"] * 3
    assert len({choice.message.tool_calls[0].id for choice in completion.choices if choice.message.tool_calls}) == 3
    assert sorted(request["seed"] for request in house.engine.requests) == [5, 6, 7]
    whole = house.openai().chat.completions.create(model="m", messages=ASK, n=2)
    assert whole.usage is not None
    assert (whole.usage.prompt_tokens, whole.usage.completion_tokens) == (7, 2 * len(PIECES))


@pytest.mark.parametrize("order", [(7, 6, 5), (6, 7, 5), (7, 5, 6)])
def test_choices_are_opened_in_their_order_whichever_is_answered_first(house: House, order: tuple[int, ...]) -> None:
    """OpenAI's client takes the first chunk of a stream to be of the first choice, and appends a choice that it sees for the first time."""
    house.says(*PIECES, order=order)
    completion = several(house)
    assert house.engine.script.answered[:2] == list(order[:2])
    assert [choice.index for choice in completion.choices] == [0, 1, 2]
    assert [choice.message.content for choice in completion.choices] == ["Let me look."] * 3


def several(house: House) -> Any:
    """Three choices, as OpenAI's client puts them together."""
    with house.openai().chat.completions.stream(model="m", messages=ASK, tools=[CHAT_TOOL], n=3, seed=5) as stream:
        for _ in stream:
            pass
        return stream.get_final_completion()


def test_one_choice_that_fails_fails_the_answer(house: House) -> None:
    house.says(*PIECES, fault="drop", after=3)
    told = data(house.post(PATHS["chat"], body("chat", n=2)))
    assert not says_that_all_is_well("chat", told)
    assert "error" in told[-1]


@pytest.mark.parametrize("kind", KINDS)
def test_probabilities_are_passed_on(house: House, kind: str) -> None:
    house.says("Hel", "lo", " you")
    for stream in (True, False):
        asked = body("chat", stream, logprobs=True, top_logprobs=1)
        answer = house.post(PATHS["chat"], asked, kind)
        choices = [chunk["choices"][0] for chunk in data(answer) if chunk] if stream else answer.json()["choices"]
        entries = [entry for choice in choices if choice.get("logprobs") for entry in choice["logprobs"]["content"]]
        assert [(entry["token"], entry["logprob"]) for entry in entries[:3]] == [("Hel", -0.5), ("lo", -0.5), (" you", -0.5)]


def test_probabilities_in_responses(house: House) -> None:
    house.says("Hel", "lo")
    asked = body("responses", False, include=["message.output_text.logprobs"])
    (item,) = house.post(PATHS["responses"], asked).json()["output"]
    assert [entry["token"] for entry in item["content"][0]["logprobs"]] == ["Hel", "lo"]


def test_a_conversation_goes_into_the_prompt(house: House) -> None:
    house.says("It is warm.")
    chat_call = {"id": "1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city": "Oslo"}'}}
    asked = {
        "chat": [
            *ASK,
            {"role": "assistant", "content": None, "tool_calls": [chat_call]},
            {"role": "tool", "tool_call_id": "1", "content": "17 °C"},
        ],
        "responses": [
            *ASK,
            {"type": "function_call", "call_id": "1", "name": "get_weather", "arguments": '{"city": "Oslo"}'},
            {"type": "function_call_output", "call_id": "1", "output": "17 °C"},
        ],
        "messages": [
            *ASK,
            {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "get_weather", "input": {"city": "Oslo"}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": [{"type": "text", "text": "17 °C"}]}]},
        ],
    }
    for api, path in PATHS.items():
        assert house.post(path, body(api, False, **{"input" if api == "responses" else "messages": asked[api]})).status_code == 200
    prompts = {request["prompt"] for request in house.engine.requests}
    (prompt,) = prompts
    assert '<tool_call>{"name": "get_weather", "arguments": {"city": "Oslo"}}</tool_call>' in prompt
    assert "<|im_start|>tool\n17 °C<|im_end|>" in prompt
    assert prompt.startswith("<s>")
    assert prompt.endswith("<|im_start|>assistant\n")
    house.post(PATHS["chat"], body("chat"), "tgi")
    assert house.engine.requests[-1]["inputs"].startswith("<|im_start|>")  # this engine writes the <s> itself


def test_half_a_surrogate_pair_of_an_earlier_turn(house: House) -> None:
    """A model may write one, and gets it back in the history."""
    house.says("Well.")
    raw = json.dumps(body("chat", False, messages=[*ASK, {"role": "assistant", "content": "\ud83d!"}, *ASK])).encode()
    for kind in KINDS:
        answer = house.http.post(house.gateways[kind] + PATHS["chat"], content=raw, headers={"content-type": "application/json"})
        assert answer.status_code == 200
        assert "?!" in json.dumps(house.engine.requests[-1])
    for wrong in (b'{"model": "m", "messages": [], "temperature": NaN}', b"\xff"):
        answer = house.http.post(house.gateways["tgi"] + PATHS["chat"], content=wrong, headers={"content-type": "application/json"})
        assert answer.json()["error"]["message"] == "the body is not JSON"


def test_the_tool_choice(house: House) -> None:
    house.says('{"city": "Oslo"}')  # as constrained decoding has it
    named = {"type": "function", "function": {"name": "get_weather"}}
    choice = house.post(PATHS["chat"], body("chat", False, tool_choice=named)).json()["choices"][0]
    assert choice["message"]["tool_calls"][0]["function"] == {"name": "get_weather", "arguments": '{"city": "Oslo"}'}
    house.says(*PIECES)
    for kind in ("openai-completions", "openai-chat"):
        choice = house.post(PATHS["chat"], body("chat", False, tool_choice="none"), kind).json()["choices"][0]
        assert "<tool_call>" in choice["message"]["content"]
        assert "get_weather" not in json.dumps(house.engine.requests[-1])


def test_a_call_that_must_come_is_what_the_engine_is_held_to(house: House) -> None:
    house.says(CALL)

    def sent(kind: str, **more: Any) -> dict[str, Any]:
        choice = house.post(PATHS["chat"], body("chat", False, **more), kind).json()["choices"][0]
        assert choice["finish_reason"] == "tool_calls"
        return house.engine.requests[-1]

    assert "root ::=" in sent("llama.cpp", tool_choice="required")["grammar"]
    for kind in ("openai-chat", "openai-completions"):
        assert sent(kind, tool_choice="required")["response_format"]["type"] == "structural_tag"
    assert {"grammar", "response_format"}.isdisjoint(sent("llama.cpp"))
    assert {"grammar", "response_format"}.isdisjoint(sent("ollama", tool_choice="required"))


def test_the_keys(house: House) -> None:
    house.says("Hello.")
    for headers in ({"authorization": "Bearer secret"}, {"x-api-key": "secret"}):
        assert house.post(PATHS["chat"], body("chat", False), "strict", **headers).status_code == 200
        assert house.engine.headers[-1]["authorization"] == "Bearer theirs"
        assert house.engine.requests[-1]["model"] == "real"
        assert house.http.get(house.gateways["strict"] + "/v1/models", headers=headers).json()["data"][0]["id"] == "real"
        assert b"toolparse_requests_total" in house.http.get(house.gateways["strict"] + "/metrics", headers=headers).content
    for given in ("", "Bearer wrong", "Bearer sécret", "Basic secret", "Bearer"):
        answer = house.post(PATHS["chat"], body("chat"), "strict", authorization=given.encode())  # type: ignore[arg-type]
        assert answer.status_code == 401
        assert answer.json()["error"]["code"] == "invalid_api_key"
    for path in ("/v1/models", "/metrics"):
        assert house.http.get(house.gateways["strict"] + path).status_code == 401
    # A request goes on for a moment after its last byte.
    wait_for(lambda: house.http.get(house.gateways["strict"] + "/health").json() == {"status": "ok", "running": 0})
    house.openai().chat.completions.create(model="m", messages=ASK)
    assert house.engine.headers[-1]["authorization"] == "Bearer client"  # passed on


def test_the_limits(house: House) -> None:
    key = {"authorization": "Bearer secret"}
    url = house.gateways["strict"] + PATHS["chat"]
    large = json.dumps(body("chat", user="x" * 3000)).encode()
    json_type = {"content-type": "application/json", **key}
    assert house.http.post(url, content=large, headers=json_type).status_code == 413
    assert house.http.post(url, content=iter([large[:1500], large[1500:]]), headers=json_type).status_code == 413
    assert house.http.post(url, content=large[:100], headers=json_type).status_code == 400
    assert house.http.post(url, content=b"[" * 1999, headers=json_type).status_code == 400
    assert house.http.post(url, content=large, headers={**key, "content-type": "text/plain"}).status_code == 415

    house.says("Hello.", fault="stall", after=1)
    with ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(house.http.stream("POST", url, json=body("chat"), headers=key))
        answer = house.post(PATHS["chat"], body("chat"), "strict", **key)
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "1"
    house.says("Hello.")
    wait_for(lambda: house.http.get(house.gateways["strict"] + "/health").json()["running"] == 0)
    assert house.post(PATHS["chat"], body("chat"), "strict", **key).status_code == 200
    assert house.engine.requests[-1]["max_tokens"] == 50
    house.post(PATHS["responses"], body("responses"), "strict", **key)
    assert house.engine.requests[-1]["max_tokens"] == 77


def test_an_answer_that_takes_too_long(house: House) -> None:
    house.says("Hello.", fault="stall", after=1)
    answer = house.post(PATHS["chat"], body("chat"), "short of time")
    assert '"the answer took too long"' in answer.text
    assert "[DONE]" not in answer.text


def test_a_request_is_one_line_of_the_log_without_its_text(house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "toolparse.serve")
    house.says('<tool_call>{"name": "get_weather", "arguments": {"city": "hidden",}}</tool_call>')

    def logged(**given: Any) -> dict[str, Any]:
        """What a request leaves in the log, which may be a moment after its answer."""
        id = house.post(PATHS["chat"], **given).headers["x-request-id"]

        def found() -> list[Any]:
            return [line for record in caplog.records if (line := json.loads(record.message))["id"] == id]

        wait_for(found)
        (told,) = found()
        assert isinstance(told, dict)
        return told

    asked = body("chat", False, messages=[{"role": "user", "content": "private"}])
    told = logged(body=asked)
    assert told["outcome"] == "ok"
    assert told["finish"] == ["tool_calls"]
    assert (told["calls"], told["prompt_tokens"], told["completion_tokens"]) == (1, 7, 1)
    assert [problem["severity"] for problem in told["problems"]] == ["warning"]
    assert not any(word in json.dumps(told) for word in ("hidden", "private", "get_weather"))
    told = logged(body=asked, kind="strict", authorization="Bearer secret")
    assert "hidden" in told["output"]
    assert "private" in told["prompt"]
    told = logged(body={"model": "m", "messages": []})
    assert (told["outcome"], told["status"]) == ("refused", 400)


def test_the_metrics_count(house: House) -> None:
    url = house.gateways["ollama"] + "/metrics"

    def value(line: str) -> float:
        found = [told.rpartition(" ")[2] for told in house.http.get(url).text.splitlines() if told.startswith(line)]
        return float(found[0]) if found else 0.0

    lines = (
        'toolparse_calls_total{complete="true"}',
        'toolparse_requests_total{api="chat",outcome="ok"}',
        'toolparse_tokens_total{kind="completion"}',
    )
    wait_for(lambda: value("toolparse_requests_running") == 0)  # those of the tests before are counted now
    before = [value(line) for line in lines]
    house.says(*PIECES)
    house.post(PATHS["chat"], body("chat"), "ollama")
    wait_for(lambda: [value(line) - was for line, was in zip(lines, before, strict=True)] == [1, 1, len(PIECES)])
    assert value("toolparse_requests_running") == 0


def test_the_format_is_told_by_the_template_or_by_the_name(house: House, template: Path) -> None:
    house.says("<think>a</think>b")
    with ExitStack() as stack:
        engine = stack.enter_context(serving(house.engine))
        shown = stack.enter_context(serving(make_app(Settings(upstream="llama.cpp", url=engine))))
        named = stack.enter_context(serving(make_app(Settings(upstream="openai-chat", url=engine))))
        assert house.http.post(shown + PATHS["chat"], json=body("chat", False)).json()["choices"][0]["message"]["content"] == "b"
        asked = body("chat", False, model="Qwen/Qwen3-8B")
        assert house.http.post(named + PATHS["chat"], json=asked).json()["choices"][0]["message"]["reasoning_content"] == "a"
        answer = house.http.post(named + PATHS["chat"], json=body("chat"))
        assert answer.status_code == 500
        assert "--format" in answer.json()["error"]["message"]


def test_reasoning_that_the_engine_took_out_itself(house: House) -> None:
    class Reasons(Engine):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "http":
                await receive()
                chunks = [{"delta": {"reasoning_content": "hm"}}, {"delta": {"content": "Hi"}}, {"delta": {}, "finish_reason": "stop"}]
                lines = b"".join(b"data: " + json.dumps({"choices": [{"index": 0, **chunk}]}).encode() + b"\n\n" for chunk in chunks)
                await send({"type": "http.response.start", "status": 200, "headers": []})
                await send({"type": "http.response.body", "body": lines})

    with serving(Reasons()) as url, serving(make_app(Settings(upstream="openai-chat", url=url, format="deepseek_r1"))) as gateway:
        message = house.http.post(gateway + PATHS["chat"], json=body("chat", False)).json()["choices"][0]["message"]
    assert (message["reasoning_content"], message["content"]) == ("hm", "Hi")


def test_unknown_paths_and_methods_are_errors_in_the_api_s_shape(house: House) -> None:
    gateway = house.gateways["tgi"]
    assert house.http.get(gateway + "/v1/nothing").json()["error"]["type"] == "not_found_error"
    answer = house.http.get(gateway + "/v1/messages")
    assert answer.status_code == 405
    assert answer.json()["type"] == "error"
    with pytest.raises(openai.NotFoundError):
        house.openai("tgi").files.list()


def test_models_are_listed_for_both_makers_clients(house: House) -> None:
    for kind in KINDS:
        assert [model.id for model in house.openai(kind).models.list()] == ["scripted"]
        assert [model.id for model in house.anthropic(kind).models.list()] == ["scripted"]
    assert house.http.get(house.gateways["down"] + "/v1/models").status_code == 502


def test_the_page_loads_nothing_from_elsewhere(house: House) -> None:
    answer = house.http.get(house.gateways["tgi"] + "/")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    assert "://" not in answer.text
    assert " style=" not in answer.text  # which the policy would not let in


def test_the_steps_of_a_pasted_output(house: House) -> None:
    gateway = house.gateways["tgi"]
    known = house.http.get(gateway + "/playground/known").json()
    assert {"hermes", "mistral", "harmony"} <= {fmt["name"] for fmt in known["formats"]}
    for fmt in some(known["formats"], 4):
        example = house.http.get(gateway + "/playground/example", params={"format": fmt["name"]}).json()["text"]
        assert example or fmt["name"] in ("passthrough",)
    example = house.http.get(gateway + "/playground/example", params={"format": "hermes"}).json()["text"]
    steps = house.post("/playground/parse", {"text": example, "format": "hermes", "piece": 3, "tools": known["tools"]}, "tgi").json()
    assert "".join(step["text"] for step in steps) == example
    kinds = [event["type"] for step in steps for event in step["events"]]
    assert kinds[0] == "Reasoning"
    assert kinds[-1] == "CallEnd"
    drawn = steps[-1]["picture"]
    assert '<span class="sr">[the name of a call 0]</span>get_weather<' in drawn
    assert " style=" not in drawn  # which the policy would not let in
    for wrong in ({}, {"text": "a", "format": "no"}, {"text": "a", "format": "hermes", "piece": 0}, {"text": "a" * 200_001}):
        assert house.post("/playground/parse", {"piece": 1, "format": "hermes", **wrong}, "tgi").status_code == 400
    assert house.post("/playground/parse", {"text": "a"}, "strict").status_code == 401


def test_a_question_of_the_page(house: House) -> None:
    house.says(*PIECES)
    asked = {"question": "Weather?", "format": "hermes", "tools": [CHAT_TOOL], "model": "m"}
    steps = [json.loads(line) for line in house.post("/playground/ask", asked).text.splitlines() if line]
    assert "".join(step["text"] for step in steps) == OUTPUT
    assert [event["name"] for step in steps for event in step["events"] if event["type"] == "CallStart"] == ["get_weather"]
    house.says(*PIECES, fault="drop", after=3)
    assert "error" in json.loads(house.post("/playground/ask", asked).text.splitlines()[-1])
    assert house.post("/playground/ask", {**asked, "question": ""}).status_code == 400
    assert house.post("/playground/ask", asked, "strict").status_code == 401


def test_a_response_format_is_passed_on_or_refused(house: House) -> None:
    house.says('{"a": 1}')
    wanted = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}}
    for kind in KINDS:
        asked = {"model": "m", "messages": ASK, "response_format": wanted}
        answer = house.post(PATHS["chat"], asked, kind)
        if kind.startswith("openai"):
            assert house.engine.requests[-1]["response_format"] == wanted
        else:
            assert (answer.status_code, answer.json()["error"]["param"]) == (400, "response_format")
        assert house.post(PATHS["chat"], {**asked, "response_format": {"type": "text"}}, kind).status_code == 200


def test_an_answer_is_as_long_as_the_model_can_make_it(house: House, template: Path) -> None:
    """vLLM and SGLang end a completion after 16 tokens where the request does not say how many."""
    engine = Engine(Script(["Hello."]), room={"count": 100, "max_model_len": 4096})
    with serving(engine) as url, serving(make_app(Settings(upstream="openai-completions", url=url, template=template))) as gateway:

        def limit(**more: Any) -> int | None:
            assert house.http.post(gateway + PATHS["chat"], json={"model": "Qwen/Qwen3-8B", "messages": ASK, **more}).status_code == 200
            limit: int | None = engine.requests[-1]["max_tokens"]
            return limit

        assert limit() == limit(n=2, seed=1) == 3996
        assert limit(max_tokens=5) == 5
        engine.room = {"count": 5000, "max_model_len": 4096}
        assert limit() == 1  # the engine says itself that the prompt is too long
        engine.room = None
        assert limit() is None


def test_an_engine_that_is_given_text_only(house: House) -> None:
    picture = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]}]
    house.says("A cat.")
    answer = house.post(PATHS["chat"], body("chat", messages=picture), "llama.cpp")
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "messages[0].content"
    assert house.post(PATHS["chat"], body("chat", messages=picture), "openai-chat").status_code == 200
    assert house.engine.requests[-1]["messages"] == picture


# -- the command ------------------------------------------------------------------------------------------------------------------------


def test_the_command_serves_until_it_is_told_to_stop() -> None:
    arguments = ["serve", "--upstream", "openai-chat", "--format", "hermes", "--port", "0", "--log-text", "--url"]
    engine = Engine()
    engine.script = Script(list(PIECES))
    with serving(engine) as url, subprocess.Popen([*COMMAND, *arguments, url], stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            begun = re.match(r"toolparse: (http://127\.0\.0\.1:\d+) in front of openai-chat", process.stderr.readline())
            assert begun is not None
            client = openai.OpenAI(api_key="client", base_url=f"{begun[1]}/v1", max_retries=0)
            message = client.chat.completions.create(model="m", messages=ASK, tools=[CHAT_TOOL]).choices[0].message
            process.send_signal(signal.SIGINT)
            told = [json.loads(line) for line in process.stderr.read().splitlines()]
            assert process.wait(60) == 0
        finally:
            process.kill()
    assert message.tool_calls is not None
    assert [json.loads(call.function.arguments) for call in message.tool_calls] == [ARGUMENTS]
    assert [line["output"] for line in told] == [OUTPUT]


def test_a_port_that_is_taken_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        taken_port = str(taken.getsockname()[1])
        arguments = ["serve", "--upstream", "openai-chat", "--url", "http://127.0.0.1:1", "--format", "hermes", "--port", taken_port]
        told = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=120)
    assert told.returncode == 2
    assert told.stderr.startswith(f"toolparse: 127.0.0.1:{taken_port}: Address already in use")
    assert len(told.stderr.splitlines()) == 1
