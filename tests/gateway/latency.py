"""What the gateway adds to an engine's own time: until the first token, and for each token.

The same client reads the same scripted tokens from the engine alone and through the gateway, in turns, each on a server process of its
own. `latency.py URL_OF_ENGINE URL_OF_GATEWAY` prints a table. What the clock says depends on what else the machine does; the processor time
of the gateway (observed_gateway.py tells it) hardly.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from statistics import median

import httpx

ROUNDS = 40
ASK = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "stream": True, "stream_options": {"include_usage": True}}


async def one(client: httpx.AsyncClient, url: str) -> tuple[float, float, int]:
    """Seconds until the first text, seconds for each piece of text after it, and the number of pieces."""
    begun = time.perf_counter()
    first = last = 0.0
    pieces = 0
    async with client.stream("POST", f"{url}/v1/chat/completions", json=ASK) as answer:
        async for line in answer.aiter_lines():
            if line.startswith("data: {") and '"content": "' in line:
                last = time.perf_counter()
                first = first or last
                pieces += 1
                json.loads(line[6:])
    return first - begun, (last - first) / max(pieces - 1, 1), pieces


async def main(engine: str, gateway: str) -> None:
    async with httpx.AsyncClient(timeout=60) as client:
        for _ in range(3):
            await one(client, engine)
            await one(client, gateway)
        taken: dict[str, list[tuple[float, float, int]]] = {engine: [], gateway: []}
        worked = (await client.get(f"{gateway}/state")).json()["cpu"]
        for _ in range(ROUNDS):
            for url in taken:
                taken[url].append(await one(client, url))
        worked = (await client.get(f"{gateway}/state")).json()["cpu"] - worked
    (alone, alone_each), (through, through_each) = (
        (median(run[0] for run in runs) * 1e3, median(run[1] for run in runs) * 1e6) for runs in taken.values()
    )
    print(f"{ROUNDS} answers of {taken[engine][0][2]} pieces each, in turns, medians")
    print("| | engine alone | through the gateway | added |\n|---|---|---|---|")
    print(f"| first token, ms | {alone:.2f} | {through:.2f} | {through - alone:.2f} |")
    print(f"| each further token, us | {alone_each:.0f} | {through_each:.0f} | {through_each - alone_each:.0f} |")
    print(f"processor time of the gateway: {worked / sum(run[2] for run in taken[gateway]) * 1e6:.0f} us for each token, all else included")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3]))
