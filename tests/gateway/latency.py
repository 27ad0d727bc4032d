"""What a gateway adds to an engine's own time: until the first token, and for each token. `latency.py FOLDER` prints a table.

The same client reads the same scripted answer, a text and a call, from an engine alone and through each gateway, in turns; each of them is
a process of its own. Beside this gateway stands `smg`, the Rust gateway of SGLang and vLLM, where it is installed: in front of the same
engine over HTTP, where it forwards what it gets and reads no calls, and in front of a gRPC engine, where it writes the prompt's tokens,
makes text of the answer's and reads the calls. What the clock says depends on what else the machine does; the processor time of a
gateway's process hardly.
"""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import NamedTuple

import httpx
import psutil
from engine import PIECES

HERE = Path(__file__).parent
ROUNDS = 40
TOOL = {"type": "function", "function": {"name": "search", "parameters": {"type": "object", "properties": {"q": {"type": "string"}}}}}
ASK = {"model": "scripted", "messages": [{"role": "user", "content": "Hi"}], "tools": [TOOL], "stream": True}


class Run(NamedTuple):
    """Seconds until the first text, seconds for each token behind it, and how the calls came."""

    first: float
    each: float
    calls: bool


class Contender(NamedTuple):
    """Something that answers: `read` gives a value for each part of an answer, True where it belongs to a call."""

    name: str
    read: Callable[[], AsyncIterator[bool]]
    process: psutil.Process | None
    alone: int  # where the engine stands that it is in front of


async def one(contender: Contender) -> Run:
    begun = time.perf_counter()
    first = last = 0.0
    calls = False
    async for called in contender.read():
        last = time.perf_counter()
        first = first or last
        calls = calls or called
    return Run(first - begun, (last - first) / (len(PIECES) - 1), calls)


def over_http(client: httpx.AsyncClient, port: int) -> Callable[[], AsyncIterator[bool]]:
    async def read() -> AsyncIterator[bool]:
        async with client.stream("POST", f"http://127.0.0.1:{port}/v1/chat/completions", json=ASK) as answer:
            async for line in answer.aiter_lines():
                if line.startswith("data: {"):
                    for choice in json.loads(line[6:])["choices"]:
                        if choice["delta"].get("content") or choice["delta"].get("tool_calls"):
                            yield bool(choice["delta"].get("tool_calls"))

    return read


def over_grpc(port: int) -> Callable[[], AsyncIterator[bool]]:
    import grpc
    from smg_grpc_proto.generated import vllm_engine_pb2 as proto
    from smg_grpc_proto.generated import vllm_engine_pb2_grpc as service

    stub = service.VllmEngineStub(grpc.aio.insecure_channel(f"127.0.0.1:{port}"))

    async def read() -> AsyncIterator[bool]:
        asked = proto.GenerateRequest(request_id="r", stream=True, tokenized=proto.TokenizedInput(input_ids=[1, 2, 3]))
        async for answer in stub.Generate(asked):
            if answer.WhichOneof("response") == "chunk":
                yield False

    return read


def started(stack: ExitStack, *command: object) -> psutil.Process:
    """A process that ends with the stack."""
    process = subprocess.Popen(list(map(str, command)), cwd=HERE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def end() -> None:
        process.terminate()
        process.wait(30)

    stack.callback(end)
    return psutil.Process(process.pid)


async def until_it_answers(contender: Contender) -> None:
    """Raises what it says if it does not in a minute."""
    until = time.monotonic() + 60
    while True:
        try:
            if (await one(contender)).first > 0:
                return
            reason: object = "it says nothing"
        except Exception as error:
            reason = error
        if time.monotonic() > until:
            raise RuntimeError(f"{contender.name} does not answer: {reason!r}")
        await asyncio.sleep(0.2)


def rust_gateway(stack: ExitStack, port: int, metrics_port: int, *options: object) -> psutil.Process:
    smg = Path(sys.executable).with_name("smg")
    quiet = ("--log-level", "error", "--prometheus-host", "127.0.0.1", "--prometheus-port", metrics_port)
    return started(stack, smg, "launch", "--host", "127.0.0.1", "--port", port, *quiet, *options)


async def main(folder: Path) -> None:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(7)]
    engine, ours, theirs, metrics, grpc_engine, theirs_grpc, more_metrics = (one.getsockname()[1] for one in held)
    for one_port in held:
        one_port.close()
    async with httpx.AsyncClient(timeout=60) as client:
        with ExitStack() as stack:
            started(stack, sys.executable, "engine.py", engine, "latency")
            contenders = [Contender("engine, HTTP", over_http(client, engine), None, 0)]
            await until_it_answers(contenders[0])
            process = started(stack, sys.executable, "observed_gateway.py", ours, f"http://127.0.0.1:{engine}")
            contenders.append(Contender("`toolparse serve` before it", over_http(client, ours), process, 0))
            try:
                smg = version("smg")
            except PackageNotFoundError:
                print("left out: smg, which is not installed")
            else:
                process = rust_gateway(stack, theirs, metrics, "--worker-urls", f"http://127.0.0.1:{engine}")
                contenders.append(Contender(f"smg {smg} before it", over_http(client, theirs), process, 0))
                started(stack, sys.executable, "grpc_engine.py", grpc_engine, folder)
                contenders.append(Contender("engine, gRPC", over_grpc(grpc_engine), None, len(contenders)))
                await until_it_answers(contenders[-1])
                options = ("--worker-urls", f"grpc://127.0.0.1:{grpc_engine}", "--model-path", folder, "--tool-call-parser", "qwen")
                process = rust_gateway(stack, theirs_grpc, more_metrics, *options)
                contenders.append(Contender(f"smg {smg} before that", over_http(client, theirs_grpc), process, len(contenders) - 1))
            for contender in contenders:
                await until_it_answers(contender)
            print_table(contenders, await compare(contenders))


async def compare(contenders: list[Contender]) -> list[tuple[list[Run], float]]:
    """The runs of each, in turns, and the processor time that it took for them."""
    for contender in contenders * 3:
        await one(contender)
    runs: list[list[Run]] = [[] for _ in contenders]
    before = list(map(worked, contenders))
    for _ in range(ROUNDS):
        for contender, taken in zip(contenders, runs, strict=True):
            taken.append(await one(contender))
    return [(taken, worked(contender) - was) for contender, taken, was in zip(contenders, runs, before, strict=True)]


def worked(contender: Contender) -> float:
    """Seconds of processor time so far."""
    times = contender.process.cpu_times() if contender.process is not None else None
    return times.user + times.system if times is not None else 0.0


def print_table(contenders: list[Contender], measured: list[tuple[list[Run], float]]) -> None:
    print(f"{ROUNDS} answers of {len(PIECES)} tokens each, in turns, medians; in brackets what the gateway adds to its engine")
    print("| | calls | first token, ms | each further token, us | processor time of the gateway for a token, us |\n|---|---|---|---|---|")
    medians = [(median(run.first for run in runs) * 1e3, median(run.each for run in runs) * 1e6) for runs, _ in measured]
    for contender, (runs, seconds), (first, each) in zip(contenders, measured, medians, strict=True):
        cells = [f"{first:.1f}", f"{each:.0f}", ""]
        if contender.process is not None:
            alone_first, alone_each = medians[contender.alone]
            cells[0] += f" ({first - alone_first:+.1f})"
            cells[1] += f" ({each - alone_each:+.0f})"
            cells[2] = f"{seconds / len(runs) / len(PIECES) * 1e6:.0f}"
        print(f"| {contender.name} | {'read' if runs[0].calls else 'text'} | {' | '.join(cells)} |")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]).resolve()))
