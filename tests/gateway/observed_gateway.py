"""The gateway with one more route, `/state`: its memory, its tasks, and how its requests ended. `observed_gateway.py PORT ENGINE_URL`."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections import Counter

import psutil
import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from toolparse.serve.app import make_app
from toolparse.serve.settings import Settings

OUTCOMES: Counter[str] = Counter()
FAILURES: Counter[str] = Counter()
PROCESS = psutil.Process()


class Lines(logging.Handler):
    """Counts the lines of the log by how the requests ended."""

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        line = json.loads(message) if message.startswith("{") else {"outcome": "a fault", "failure": message}
        OUTCOMES[line["outcome"]] += 1
        if line["failure"]:
            FAILURES[line["failure"]] += 1


async def state(request: Request) -> Response:
    tasks = len(asyncio.all_tasks())
    cpu = PROCESS.cpu_times()
    running = json.loads((await request.app.state.health(request)).body)["running"]
    told = {"rss": PROCESS.memory_info().rss, "tasks": tasks, "running": running, "cpu": cpu.user + cpu.system}
    return JSONResponse({**told, "outcomes": OUTCOMES, "failures": FAILURES})


if __name__ == "__main__":
    log = logging.getLogger("toolparse.serve")
    log.setLevel(logging.INFO)
    log.addHandler(Lines())
    log.propagate = False
    app = make_app(Settings(upstream="openai-chat", url=sys.argv[2], format="hermes", max_requests=2000))
    app.state.health = next(route.endpoint for route in app.routes if getattr(route, "path", "") == "/health")  # type: ignore[attr-defined]
    app.routes.append(Route("/state", state))
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="critical", access_log=False)
