"""`Toolbox` without servers: what is run and what is not, in which order, for how long, and what the model is told."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import datetime
import decimal
import enum
import json
import logging
import math
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from effort import examples
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel, field_validator

from toolparse import Image, InvalidTools, Message, Problem, Toolbox, ToolCall, ToolResult, Tools, parse
from toolparse.toolbox.results import LARGEST_IMAGE, cut, json_text, parts_of, tool_messages

PNG = b"\x89PNG\r\n\x1a\n and so on"
RAN: list[Any] = []
"""What the tools below have been called with."""


@pytest.fixture(autouse=True)
def _nothing_ran() -> None:
    RAN.clear()


def add(a: int, b: int = 1) -> int:
    """The sum."""
    RAN.append((a, b))
    return a + b


async def later(name: str, seconds: float = 0.0) -> str:
    """Wait."""
    await asyncio.sleep(seconds)
    RAN.append(name)
    return name


class Booking(BaseModel):
    """Book a table."""

    day: datetime.date
    guests: int = 2

    @field_validator("guests")
    @classmethod
    def _even(cls, guests: int) -> int:
        if guests % 2:
            raise ValueError("only pairs")
        return guests


def book(booking: Booking) -> Booking:
    RAN.append(booking)
    return booking


def call(name: str, id: str = "call_1", /, **arguments: Any) -> ToolCall:
    return ToolCall(id=id, name=name, arguments=json.dumps(arguments))


def results(box: Toolbox, *calls: ToolCall) -> list[ToolResult]:
    return asyncio.run(box.results(list(calls)))


def told(box: Toolbox, *calls: ToolCall) -> list[str]:
    return [result.text for result in results(box, *calls)]


# -- what is run ------------------------------------------------------------------------------------------------------------------------


def test_functions_models_and_definitions_are_run_with_what_they_declare() -> None:
    definition = {
        "name": "shout",
        "description": "Loud.",
        "input_schema": {"properties": {"text": {"type": "string"}}, "required": ["text"]},
    }
    box = Toolbox([add, later, (Booking, book), (definition, lambda text: text.upper())])
    calls = [
        call("add", "1", a=2),
        call("later", "2", name="x"),
        call("Booking", "3", day="2024-05-17", guests=4),
        call("shout", "4", text="hey"),
    ]
    assert [(result.status, result.text) for result in results(box, *calls)] == [
        ("ok", "3"),
        ("ok", "x"),
        ("ok", '{"day": "2024-05-17", "guests": 4}'),
        ("ok", "HEY"),
    ]
    assert {(2, 1), "x"} <= {ran for ran in RAN if isinstance(ran, (tuple, str))}
    assert Booking(day=datetime.date(2024, 5, 17), guests=4) in RAN
    assert box.tools.names == ("add", "later", "Booking", "shout")
    assert isinstance(box.tools, Tools)


def test_the_tools_for_each_api() -> None:
    box = Toolbox([add, ({"name": "bare"}, print)])
    schema = box.tools.get("add").parameters  # type: ignore[union-attr]
    empty = {"type": "object", "properties": {}}
    about = {"name": "add", "description": "The sum."}
    assert box.to_openai() == [
        {"type": "function", "function": {**about, "parameters": schema}},
        {"type": "function", "function": {"name": "bare", "parameters": empty}},
    ]
    assert box.to_responses() == [
        {"type": "function", **about, "parameters": schema, "strict": False},
        {"type": "function", "name": "bare", "parameters": empty, "strict": False},
    ]
    assert box.to_anthropic() == [{**about, "input_schema": schema}, {"name": "bare", "input_schema": empty}]


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (ToolCall(name="add", arguments='{"a": 1, "b": 2}', complete=False), "cut off"),
        (ToolCall(name="add", arguments='{"a": 1, "b": 2'), "cut off"),
        (ToolCall(name="add", arguments='{"a": "x"}'), '/a: expected an integer, found "x"'),
        (ToolCall(name="add", arguments='{"b": 1}'), "/a: expected, but missing"),
        (ToolCall(name="add", arguments='{"a": 1, "z": 1}'), "/z"),
        (ToolCall(name="add", arguments="[1, 2]"), "expected an object"),
        (ToolCall(name="ad", arguments='{"a": 1}'), "did you mean add?"),
        (ToolCall(name="Booking", arguments='{"day": "2024-05-17", "guests": 3}'), "/guests: Value error, only pairs"),
        (ToolCall(name="Booking", arguments='{"day": "the 17th"}'), "/day"),
    ],
)
def test_what_is_not_whole_or_does_not_fit_is_not_run(bad: ToolCall, why: str) -> None:
    box = Toolbox([add, (Booking, book)])
    (result,) = results(box, bad)
    assert (result.status, result.ran) == ("invalid", None)
    assert why in result.text
    assert "was not called" in result.text
    assert not RAN


def test_null_is_no_arguments() -> None:
    def ping(word: str = "pong") -> str:
        return word

    call = {"id": "c", "type": "function", "function": {"name": "ping", "arguments": "null"}}
    (told,) = Toolbox([ping]).run_sync({"role": "assistant", "content": None, "tool_calls": [call]})
    assert told["content"] == "pong"


def test_a_call_beside_an_error_is_not_run() -> None:
    good, bad = call("add", "1", a=1), call("add", "2", a=2)
    bad.index = 1
    error = Problem("doubtful_value", "the value may have swallowed a parameter", 1, 0, "error")
    warning = Problem("repaired_json", "a comma was added", 0, 0)
    first, second = asyncio.run(Toolbox([add]).results(Message(tool_calls=[good, bad], problems=[warning, error])))
    assert (first.status, second.status) == ("ok", "invalid")
    assert "swallowed" in second.text
    assert RAN == [(1, 1)]


def test_a_cut_output_of_a_model() -> None:
    box = Toolbox([add])
    message = parse('<tool_call>{"name": "add", "arguments": {"a": 1, "b": 2', "hermes", tools=box.tools, truncated=True)
    (answer,) = box.run_sync(message)
    assert "cut off" in answer["content"]
    assert not RAN


def test_the_answers_of_the_apis_are_taken_as_they_are() -> None:
    box = Toolbox([add])
    chat = {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "c", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}],
    }
    responses = {"output": [{"type": "function_call", "call_id": "c", "name": "add", "arguments": '{"a": 1}', "status": "completed"}]}
    anthropic = {
        "role": "assistant",
        "content": [{"type": "text", "text": "Hm."}, {"type": "tool_use", "id": "c", "name": "add", "input": {"a": 1}}],
    }
    assert box.run_sync(chat) == box.run_sync({"choices": [{"message": chat, "finish_reason": "tool_calls"}]})
    assert box.run_sync(chat) == [{"role": "tool", "tool_call_id": "c", "content": "2"}]
    assert box.run_sync(responses, "responses") == [{"type": "function_call_output", "call_id": "c", "output": "2"}]
    assert box.run_sync(anthropic, "anthropic") == [
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c", "content": "2"}]}
    ]
    cut_off = {**anthropic, "stop_reason": "max_tokens"}
    assert box.run_sync(cut_off, "anthropic")[0]["content"][0]["is_error"] is True
    with pytest.raises(TypeError, match="expected a Message"):
        box.run_sync({"role": "user", "content": "hello"})
    with pytest.raises(ValueError, match="choose one of openai, responses, anthropic"):
        box.run_sync(chat, "chat")  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [3, "add", {"name": "add"}, Booking, (Booking,), object()])
def test_what_cannot_be_run_is_no_tool(wrong: object) -> None:
    with pytest.raises(TypeError, match="a toolbox takes functions"):
        Toolbox([wrong])


def test_two_functions_of_one_name() -> None:
    with pytest.raises(InvalidTools, match="the name is taken"):
        Toolbox([add, ({"name": "add"}, print)])


# -- side by side -----------------------------------------------------------------------------------------------------------------------


def test_results_come_in_the_order_of_the_calls() -> None:
    box = Toolbox([later])
    names = ["slow", "quick"]
    found = results(box, call("later", "1", name="slow", seconds=0.05), call("later", "2", name="quick"))
    assert [result.text for result in found] == names
    assert names[::-1] == RAN
    assert found[0].seconds > found[1].seconds


@pytest.mark.parametrize("asynchronous", [True, False])
def test_only_so_many_run_at_once(asynchronous: bool) -> None:
    lock = threading.Lock()
    running, most = 0, 0

    def count(change: int) -> None:
        nonlocal running, most
        with lock:
            running += change
            most = max(most, running)

    async def wait() -> None:
        count(1)
        while most < 3:
            await asyncio.sleep(0)
        await asyncio.sleep(0.01)  # in which one too many would show
        count(-1)

    def block() -> None:
        count(1)
        while most < 3:
            time.sleep(0.001)
        time.sleep(0.01)
        count(-1)

    box = Toolbox([wait if asynchronous else block], at_once=3)
    name = box.tools.names[0]
    assert told(box, *(call(name, str(number)) for number in range(8))) == ["null"] * 8
    assert most == 3
    with pytest.raises(ValueError, match="at least 1"):
        Toolbox([], at_once=0)


def test_sync_functions_run_in_threads_with_the_callers_context() -> None:
    def where() -> bool:
        return threading.current_thread() is not threading.main_thread()

    assert told(Toolbox([where]), call("where")) == ["true"]


def test_a_call_that_does_not_end_costs_only_itself(caplog: pytest.LogCaptureFixture) -> None:
    stop = threading.Event()

    def hang() -> None:
        stop.wait()

    async def stubborn() -> None:
        while not stop.is_set():
            try:
                await asyncio.sleep(5)
            except asyncio.CancelledError:
                RAN.append("cancelled")
                stop.wait(0.01)

    box = Toolbox([add, Toolbox([hang, stubborn], timeout=0.05)])

    async def run() -> list[ToolResult]:
        found = await box.results([call("hang"), call("add", a=1), call("stubborn")])
        while "cancelled" not in RAN:
            await asyncio.sleep(0.001)
        stop.set()
        return found

    found = asyncio.run(run())
    assert [result.status for result in found] == ["timeout", "ok", "timeout"]
    assert found[0].text == "hang did not end within 0.05 seconds and was given up"


def test_whoever_waits_can_be_cancelled() -> None:
    async def run() -> None:
        task = asyncio.ensure_future(Toolbox([later]).run([call("later", name="x", seconds=30)]))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
    assert not RAN


def test_from_inside_a_running_loop_and_from_outside() -> None:
    box = Toolbox([later])

    async def inside() -> list[dict[str, Any]]:
        return box.run_sync([call("later", name="x")])

    assert asyncio.run(inside()) == box.run_sync([call("later", name="x")]) == [{"role": "tool", "tool_call_id": "call_1", "content": "x"}]


# -- failures ---------------------------------------------------------------------------------------------------------------------------


class Panic(BaseException):
    """As libraries in Rust raise it."""


def raises(error: BaseException) -> Callable[[], None]:
    def tool() -> None:
        raise error

    return tool


def raises_later(error: BaseException) -> Callable[[], Any]:
    async def tool() -> None:
        raise error

    return tool


@pytest.mark.parametrize("make", [raises, raises_later])
@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("no such city\nin the world"), "tool failed: ValueError: no such city"),
        (KeyError(), "tool failed: KeyError"),
        (RuntimeError("x" * 1000), f"tool failed: RuntimeError: {'x' * 300}…"),
        (SystemExit(3), "tool failed: Exited: it wanted to end the program (3)"),
        (Panic("index out of bounds"), "tool failed: Exited: Panic: index out of bounds"),
        (asyncio.TimeoutError("read"), f"tool failed: {asyncio.TimeoutError.__name__}: read"),
    ],
)
def test_an_exception_is_a_short_message(make: Any, error: BaseException, text: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "toolparse.toolbox"):
        (result,) = results(Toolbox([make(error)]), call("tool"))
    assert (result.status, result.text) == ("failed", text)
    assert result.ran is not None
    (record,) = caplog.records
    assert record.name == "toolparse.toolbox"
    assert record.exc_info is not None
    assert "Traceback" not in result.text


def test_odd_exceptions() -> None:
    assert results(Toolbox([raises(StopIteration())]), call("tool"))[0].status == "failed"
    assert told(Toolbox([raises_later(asyncio.CancelledError())]), call("tool")) == ["tool failed: Exited: it was cancelled"]

    class Odd:
        def __str__(self) -> str:
            raise RuntimeError("no text")

    def odd() -> Any:
        return Odd()

    assert told(Toolbox([odd]), call("odd"))[0].startswith("odd failed: ")


def test_a_validator_that_fails_is_no_call() -> None:
    class Broken(BaseModel):
        value: int

        @field_validator("value")
        @classmethod
        def _fail(cls, value: int) -> int:
            raise ZeroDivisionError("oh")

    (result,) = results(Toolbox([(Broken, book)]), call("Broken", value=1))
    assert result.status == "invalid"
    assert "ZeroDivisionError: oh" in result.text


# -- approval ---------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verdict", "status", "text"),
    [
        (True, "ok", "2"),
        (False, "refused", "add was not called, as this was not approved"),
        (None, "refused", "add was not called, as this was not approved"),
        ("too dear", "refused", "add was not called, as this was not approved: too dear"),
        (call("add", a=40), "ok", "41"),
        (call("later", name="instead"), "ok", "instead"),
        (call("add", a="x"), "refused", "add was not called, as this was not approved: it could not be approved"),
    ],
)
@pytest.mark.parametrize("asynchronous", [True, False])
def test_approve(verdict: Any, status: str, text: str, asynchronous: bool) -> None:
    asked = []

    def ask(given: ToolCall) -> Any:
        asked.append(dataclasses.replace(given))
        given.arguments = "{}"  # which changes nothing
        return verdict

    async def ask_later(given: ToolCall) -> Any:
        await asyncio.sleep(0)
        return ask(given)

    box = Toolbox([add, later], approve=ask_later if asynchronous else ask)
    (result,) = results(box, call("add", a=1))
    assert (result.status, result.text) == (status, text)
    assert result.call == call("add", a=1)
    assert asked == [call("add", a=1)]
    assert (result.ran is None) == (status != "ok")


def test_approval_is_asked_for_in_turn_and_only_for_what_can_be_run() -> None:
    asked: list[str] = []

    async def ask(given: ToolCall) -> bool:
        asked.append(given.id)
        await asyncio.sleep(0.01 if given.id == "1" else 0)
        asked.append(given.id)
        return True

    box = Toolbox([add], approve=ask)
    found = results(box, call("add", "1", a=1), call("add", "2", a="x"), call("nope", "3"), call("add", "4", a=4))
    assert [result.status for result in found] == ["ok", "invalid", "invalid", "ok"]
    assert asked == ["1", "1", "4", "4"]


def test_an_approval_that_fails_is_a_refusal() -> None:
    def ask(given: ToolCall) -> bool:
        raise OSError("no terminal")

    (result,) = results(Toolbox([add], approve=ask), call("add", a=1))
    assert (result.status, RAN) == ("refused", [])
    assert "terminal" not in result.text


# -- boxes in boxes ---------------------------------------------------------------------------------------------------------------------


def test_a_box_in_a_box_keeps_its_own_rules() -> None:
    inner = Toolbox([add], approve=lambda given: "not today")
    outer = Toolbox([later, inner])
    assert outer.tools.names == ("later", "add")
    (result,) = results(outer, call("add", a=1))
    assert (result.status, result.text) == ("refused", "add was not called, as this was not approved: not today")
    assert not RAN


# -- results ----------------------------------------------------------------------------------------------------------------------------


class Colour(enum.Enum):
    RED = "red"


@dataclasses.dataclass
class Point:
    x: float
    label: str


class Shown:
    def _repr_png_(self) -> bytes:
        return PNG


class Unknown:
    def __str__(self) -> str:
        return "something"


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        ("Tromsø", ("Tromsø",)),
        ("", ("",)),
        (None, ("null",)),
        (True, ("true",)),
        (7, ("7",)),
        ({"å": [1, 2.5]}, ('{"å": [1, 2.5]}',)),
        ((1, "x"), ('[1, "x"]',)),
        (Point(1.5, "a"), ('{"x": 1.5, "label": "a"}',)),
        ([Point(1.0, "a")], ('[{"x": 1.0, "label": "a"}]',)),
        (Booking(day=datetime.date(2024, 5, 17)), ('{"day": "2024-05-17", "guests": 2}',)),
        ({"at": datetime.datetime(2024, 5, 17, 12), "d": decimal.Decimal("1.10")}, ('{"at": "2024-05-17T12:00:00", "d": "1.10"}',)),
        ({Colour.RED: Colour.RED}, ('{"red": "red"}',)),
        ([math.nan, math.inf, -math.inf], ('["NaN", "Infinity", "-Infinity"]',)),
        (Unknown(), ('"something"',)),
        (b"caf\xc3\xa9", ("café",)),
        (b"\xff\xfe\x00", ("[3 bytes of binary data]",)),
        (PNG, (Image(PNG, "image/png"),)),
        (Image(b"GIF89a"), (Image(b"GIF89a", "image/gif"),)),
        (Shown(), (Image(PNG, "image/png"),)),
        (["look:", PNG, {"n": 1}], ("look:", Image(PNG, "image/png"), '{"n": 1}')),
        ("lone \ud83d", ("lone ?",)),
    ],
)
def test_the_rule_for_results(value: Any, parts: tuple[Any, ...]) -> None:
    assert parts_of(value, 1000) == parts


def test_what_has_no_json() -> None:
    loop: list[Any] = []
    loop.append(loop)
    assert json_text(loop) == "[[...]]"


def test_long_results_are_cut_with_a_note() -> None:
    assert parts_of("x" * 100, 10) == ("x" * 10, "[cut: 10 of 100 characters are shown]")
    assert cut(["aaaa", Image(PNG), "bbbb", "cc"], 6) == ("aaaa", Image(PNG), "bb", "[cut: 6 of 10 characters are shown]")
    box = Toolbox([later], max_result=5)
    assert told(box, call("later", name="x" * 9)) == ["xxxxx\n[cut: 5 of 9 characters are shown]"]


def test_images_stand_where_the_api_permits() -> None:
    result = ToolResult(call=call("see"), status="ok", parts=("look:", Image(PNG)))
    data = base64.b64encode(PNG).decode()
    note = f"look:\n[an image, image/png, {len(PNG)} bytes]"
    assert tool_messages([result], "openai") == [{"role": "tool", "tool_call_id": "call_1", "content": note}]
    (responses,) = tool_messages([result], "responses")
    assert responses["output"] == [
        {"type": "input_text", "text": "look:"},
        {"type": "input_image", "image_url": f"data:image/png;base64,{data}", "detail": "auto"},
    ]
    (anthropic,) = tool_messages([result], "anthropic")
    assert anthropic["content"][0]["content"] == [
        {"type": "text", "text": "look:"},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}},
    ]
    for refused in (Image(PNG + b" " * LARGEST_IMAGE), Image(b"<svg/>", "image/svg+xml")):  # by the APIs, and with it the request
        (anthropic,) = tool_messages([ToolResult(call=call("see"), status="ok", parts=(refused,))], "anthropic")
        assert f"an image, {refused.media_type}" in anthropic["content"][0]["content"]


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.dates() | st.decimals() | st.uuids()
VALUES = st.recursive(
    SCALARS | st.sampled_from(Colour),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4) | st.tuples(inner, inner),
    max_leaves=8,
)  # fmt: skip


@examples(20, 1000)
@given(VALUES, st.integers(0, 200))
def test_any_result_can_be_sent(value: Any, most: int) -> None:
    parts = parts_of(value, most)
    result = ToolResult(call=call("f"), status="ok", parts=parts)
    for api in ("openai", "responses", "anthropic"):
        json.dumps(tool_messages([result], api), allow_nan=False).encode()  # type: ignore[arg-type]
    shown = [part for part in parts if isinstance(part, str) and not part.startswith("[cut: ")]
    assert sum(map(len, shown)) <= most
    if not isinstance(value, (str, bytes)) and not any(not isinstance(part, str) or part.startswith("[cut: ") for part in parts):
        json.loads(result.text)


def take(number: int, words: list[str], flag: bool | None = None, **more: float) -> dict[str, Any]:
    RAN.append((number, words, flag, more))
    return {"number": number}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
ARGUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "number": st.integers() | JSON,
        "words": st.lists(st.text()) | JSON,
        "flag": st.booleans() | JSON,
        "self": JSON,
        "ratio": st.floats(allow_nan=False, allow_infinity=False) | JSON,
    },
)


@examples(20, 1000)
@given(ARGUMENTS)
@example({"number": 1, "words": ["a", ""], "flag": True, "ratio": 1.5})
@example({"number": 10**20, "words": []})
def test_a_function_gets_what_it_declares_or_is_not_run(arguments: dict[str, Any]) -> None:
    RAN.clear()
    (result,) = results(Toolbox([take]), call("take", **arguments))
    if result.status == "ok":
        ((number, words, flag, more),) = RAN
        assert type(number) is int
        assert all(type(word) is str for word in words)
        assert flag is None or type(flag) is bool
        assert all(type(value) in (float, int) for value in more.values())
        assert {"number": number, "words": words, **more} == {key: value for key, value in arguments.items() if key != "flag"}
    else:
        assert result.status == "invalid"
        assert not RAN


@examples(20, 1000)
@given(st.text(alphabet='{}[]":,ab1 .\\tnu-e', max_size=40))
@example('{"a": 1}')
@example('{"a": -1, "b": 2}')
def test_any_text_as_arguments(text: str) -> None:
    RAN.clear()
    (result,) = results(Toolbox([add]), ToolCall(name="add", arguments=text))
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    fits = isinstance(value, dict) and {"a"} <= value.keys() <= {"a", "b"} and all(type(each) is int for each in value.values())
    if not fits:
        assert not RAN or (isinstance(value, dict) and all(float(each).is_integer() for each in value.values()))
    else:
        assert result.status == "ok"
