"""Load: 500 streams at once through the gateway for a minute, with slow readers, clients that leave and engines that die.

What a stream says follows from its number: text, reasoning and a call, when each token comes, whether its engine dies and how, whether its
client reads slowly or leaves. So the client knows to the character what it must get. It reads bare HTTP, to be light.

    load.py ENGINE_PORT GATEWAY_PORT SECONDS STREAMS

prints what was counted and ends with status 1 where anything does not add up. The engine, the gateway and this client are processes of
their own: engine.py (`load`), observed_gateway.py, and this.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))
from scripted_upstream import PATHS, Script, end, event, wait_until_left, whole

import toolparse

API_PATHS = {"chat": "/v1/chat/completions", "messages": "/v1/messages", "responses": "/v1/responses"}
FATES = ("whole", "drop", "end", "half", "garbage", "error")
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
WORDS = ["the ", "weather ", "in ", "Tromsø ", "is ", "mild, ", "😀 ", "<b>", "\n", "{}", "it ", "seems. "]


@dataclass(frozen=True)
class Plan:
    """What a stream does, by its number."""

    pieces: list[str]
    pause: float
    fate: str
    dies_at: int
    api: str
    slow: bool
    leaves_after: int | None

    @classmethod
    def of(cls, number: int) -> Plan:
        random = Random(number)
        flood = random.random() < 0.01
        words = "".join(random.choice(WORDS) for _ in range(20_000 if flood else random.randint(10, 40)))
        arguments = json.dumps({"city": "".join(random.choice(WORDS) for _ in range(5))}, ensure_ascii=False)
        call = f'\n<tool_call>\n{{"name": "get_weather", "arguments": {arguments}}}\n</tool_call>' if random.random() < 0.7 else ""
        text = f"<think>\n{words[:20]}\n</think>\n\n{words}{call}<|im_end|>"
        size = 60 if flood else random.randint(3, 12)
        pieces = [text[at : at + size] for at in range(0, len(text), size)]
        fate = random.choice(FATES[1:]) if random.random() < 0.2 else "whole"
        return cls(
            pieces=pieces,
            pause=0.0 if flood else min(random.uniform(0.2, 1.2), 30 / len(pieces)),
            fate=fate,
            dies_at=random.randrange(len(pieces)),
            api=random.choice(list(API_PATHS)),
            slow=flood or random.random() < 0.1,
            leaves_after=random.randint(1, 4000) if random.random() < 0.15 else None,
        )


class LoadEngine:
    """The engine: an ASGI application that follows the plans, and counts how they ended."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.running = 0

    async def __call__(self, scope: Any, receive: Any, send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        if scope["path"] not in PATHS:
            await whole(send, 200, {"running": self.running, **self.counts})
            return
        plan = Plan.of(int(json.loads(body)["messages"][-1]["content"]))
        self.running += 1
        self.counts["begun"] += 1
        try:
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
            write = asyncio.ensure_future(self._write(plan, PATHS[scope["path"]], send))
            gone = asyncio.ensure_future(wait_until_left(receive))
            await asyncio.wait((write, gone), return_when=asyncio.FIRST_COMPLETED)
            gone.cancel()
            if not write.done():
                write.cancel()
                self.counts["left"] += 1
            else:
                self.counts["died" if plan.fate != "whole" else "ended"] += 1
                write.result()
        finally:
            self.running -= 1

    async def _write(self, plan: Plan, language: str, send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        for number, piece in enumerate(plan.pieces):
            data = event(language, piece, {}, False)
            if plan.fate != "whole" and number == plan.dies_at:
                if plan.fate == "drop":
                    raise ConnectionAbortedError
                last = {"end": b"", "half": data[: len(data) // 2], "garbage": b"data: {]\n\n", "error": b'data: {"error": "gone"}\n\n'}
                await send({"type": "http.response.body", "body": last[plan.fate]})
                return
            await send({"type": "http.response.body", "body": data, "more_body": True})
            if plan.pause:
                await asyncio.sleep(plan.pause)
        await send({"type": "http.response.body", "body": end(language, Script(plan.pieces), len(plan.pieces))})


@dataclass
class Got:
    """What a client has read of one stream."""

    content: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    arguments: list[str] = field(default_factory=list)
    finish: str | None = None
    error: bool = False
    ended: bool = False
    tokens: int | None = None

    def take(self, api: str, told: dict[str, Any]) -> None:
        if "error" in told and api != "responses":
            self.error = True
        elif api == "chat":
            self._chat(told)
        elif api == "messages":
            self._messages(told)
        else:
            self._responses(told)

    def _chat(self, told: dict[str, Any]) -> None:
        if told.get("usage"):
            self.tokens = told["usage"]["completion_tokens"]
        for choice in told["choices"]:
            delta = choice["delta"]
            self.content.append(delta.get("content") or "")
            self.reasoning.append(delta.get("reasoning_content") or "")
            self.arguments += [call["function"]["arguments"] for call in delta.get("tool_calls", ())]
            self.finish = choice["finish_reason"] or self.finish

    def _messages(self, told: dict[str, Any]) -> None:
        if told["type"] == "content_block_delta":
            delta = told["delta"]
            self.content.append(delta.get("text", ""))
            self.reasoning.append(delta.get("thinking", ""))
            self.arguments.append(delta.get("partial_json", ""))
        elif told["type"] == "message_delta":
            self.finish = {"tool_use": "tool_calls", "end_turn": "stop"}[told["delta"]["stop_reason"]]
            self.tokens = told["usage"]["output_tokens"]

    def _responses(self, told: dict[str, Any]) -> None:
        kind = told["type"]
        if kind == "response.output_text.delta":
            self.content.append(told["delta"])
        elif kind == "response.reasoning_text.delta":
            self.reasoning.append(told["delta"])
        elif kind == "response.function_call_arguments.delta":
            self.arguments.append(told["delta"])
        elif kind == "response.completed":
            calls = [item for item in told["response"]["output"] if item["type"] == "function_call"]
            self.finish = "tool_calls" if calls else "stop"
            self.tokens = told["response"]["usage"]["output_tokens"]
        elif kind == "response.failed":
            self.error = True


class Left(Exception):
    """The client has had enough."""


class Clients:
    """All clients, and what they found."""

    def __init__(self, port: int, until: float) -> None:
        self._port = port
        self._until = until
        self._next = iter(range(10**9))
        self.counts: Counter[str] = Counter()
        self.faults: list[str] = []
        self.first: list[float] = []
        self.running = self.most = 0

    async def work(self) -> None:
        while time.monotonic() < self._until:
            number = next(self._next)
            plan = Plan.of(number)
            self.running += 1
            self.most = max(self.most, self.running)
            try:
                await self._one(number, plan)
            except Left:
                self.counts["left"] += 1
            except Exception as error:
                self.faults.append(f"{number}: {type(error).__name__}: {error}")
            finally:
                self.running -= 1

    async def _one(self, number: int, plan: Plan) -> None:
        begun = time.perf_counter()
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port, limit=65536 if plan.slow else 2**20)
        got = Got()
        try:
            body = json.dumps(_asked(number, plan.api)).encode()
            head = (
                f"POST {API_PATHS[plan.api]} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
            )
            writer.write(head.encode() + body)
            status = await reader.readline()
            if b" 200 " not in status:
                raise ValueError(f"answered {status!r}")
            while await reader.readline() != b"\r\n":
                pass
            await self._read(reader, plan, got, begun)
        finally:
            self.counts["bytes"] += sum(len(part.encode()) for part in (*got.content, *got.reasoning, *got.arguments))
            if not got.ended:
                writer.transport.abort()  # type: ignore[attr-defined]
            writer.close()
        self._check(number, plan, got)

    async def _read(self, reader: asyncio.StreamReader, plan: Plan, got: Got, begun: float) -> None:
        held = b""
        size = 0
        while True:
            length = int(await reader.readline(), 16)
            data = await reader.readexactly(length)
            await reader.readexactly(2)
            if not length:
                break
            size += length
            if plan.leaves_after is not None and size > plan.leaves_after:
                raise Left
            if plan.slow and size % 7 == 0:
                await asyncio.sleep(0.05)
            *lines, held = (held + data).split(b"\n")
            for line in lines:
                if line == b"data: [DONE]":
                    got.ended = True
                elif line.startswith(b"data: "):
                    if not self.counts["events"] % 50:
                        self.first.append(time.perf_counter() - begun)
                    self.counts["events"] += 1
                    got.take(plan.api, json.loads(line[6:]))
        if held:
            raise ValueError("the stream ended inside a line")
        got.ended = True

    def _check(self, number: int, plan: Plan, got: Got) -> None:
        """What was read is what the plan says: all of it, or, where the engine died, a beginning and an error."""
        expected = toolparse.parse("".join(plan.pieces), "hermes")
        calls = expected.tool_calls
        wanted = (expected.content or "", expected.reasoning or "", "".join(call.arguments for call in calls))
        have = ("".join(got.content), "".join(got.reasoning), "".join(got.arguments))
        if plan.fate == "whole":
            right = have == wanted and not got.error and got.finish == expected.finish_reason and got.tokens == len(plan.pieces)
            self.counts["whole"] += 1
            self.counts["tokens"] += len(plan.pieces)
        else:
            right = all(text.startswith(part) for text, part in zip(wanted, have, strict=True)) and got.error and got.finish is None
            self.counts["failed"] += 1
        if not right:
            self.faults.append(f"{number} ({plan.api}, {plan.fate}): got {str(got)[:600]}")


def _asked(number: int, api: str) -> dict[str, Any]:
    tool: dict[str, Any] = {"name": "get_weather", "description": "x"}
    ask = [{"role": "user", "content": str(number)}]
    if api == "chat":
        function = {"type": "function", "function": {**tool, "parameters": SCHEMA}}
        return {"model": "m", "messages": ask, "stream": True, "tools": [function], "stream_options": {"include_usage": True}}
    if api == "messages":
        return {"model": "m", "messages": ask, "stream": True, "max_tokens": 9999, "tools": [{**tool, "input_schema": SCHEMA}]}
    return {"model": "m", "input": ask, "stream": True, "tools": [{"type": "function", **tool, "parameters": SCHEMA}]}


async def get(port: int, path: str) -> dict[str, Any]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    found: dict[str, Any] = json.loads(answer.partition(b"\r\n\r\n")[2])
    return found


async def until_up(*ports: int) -> None:
    for port in ports:
        for _ in range(600):
            try:
                (await asyncio.open_connection("127.0.0.1", port))[1].close()
                break
            except OSError:
                await asyncio.sleep(0.1)


async def main(engine: int, gateway: int, seconds: float, streams: int) -> int:
    await until_up(engine, gateway)
    idle = await get(gateway, "/state")
    clients = Clients(gateway, time.monotonic() + seconds)
    sizes: list[float] = []

    async def watch() -> None:
        while True:
            await asyncio.sleep(1)
            sizes.append((await get(gateway, "/state"))["rss"] / 2**20)

    watching = asyncio.ensure_future(watch())
    await asyncio.gather(*(clients.work() for _ in range(streams)))
    watching.cancel()
    for _ in range(100):  # those who left are noticed a moment later
        after, said = await get(gateway, "/state"), await get(engine, "/counts")
        if not said["running"] and not after["running"] and after["tasks"] <= idle["tasks"]:
            break
        await asyncio.sleep(0.2)
    counts, outcomes = clients.counts, after["outcomes"]
    quarter = len(sizes) // 4
    early, late = median(sizes[quarter : 2 * quarter]), median(sizes[-quarter:])
    checks = {
        "every stream was what it had to be": not clients.faults,
        "so many at once": clients.most == streams,
        "whole answers: clients, gateway": counts["whole"] <= outcomes.get("ok", 0),
        "all requests have a line in the log": counts["whole"] + counts["failed"] + counts["left"] == sum(outcomes.values()),
        "the engine's answers all ended": said["begun"] == said.get("ended", 0) + said.get("died", 0) + said.get("left", 0),
        "no task is left": after["tasks"] <= idle["tasks"],
        "nothing runs": not said["running"] and not after["running"],
        "memory is flat": late < early * 1.1,
    }
    total = counts["whole"] + counts["failed"] + counts["left"]
    print(
        f"{streams} streams at once for {seconds:.0f} s: {total} answers, {counts['events']} events, {counts['bytes'] / 1e6:.1f} MB of text"
    )
    print(f"whole {counts['whole']}, engine died {counts['failed']}, client left {counts['left']}")
    print(f"the gateway's log: {outcomes}; its failures: {after['failures']}")
    print(f"memory of the gateway: {early:.0f} MiB in the second quarter, {late:.0f} MiB in the last")
    print(f"tasks of the gateway: {idle['tasks']} before, {after['tasks']} after; processor time {after['cpu'] - idle['cpu']:.0f} s")
    for what, holds in checks.items():
        print(f"{'ok   ' if holds else 'WRONG'} {what}")
    for fault in clients.faults[:5]:
        print(fault[:1000])
    return 0 if all(checks.values()) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))))
