"""One line of JSON for each request: how it went, without what was said in it, unless that is asked for."""

from __future__ import annotations

import json
import logging
import time
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from toolparse.events import CallEnd, Event, Problem
from toolparse.serve.answers import Usage

LOGGER = logging.getLogger("toolparse.serve")
MOST_PROBLEMS = 20


@dataclass(slots=True)
class Entry:
    """What is known of one request, filled in as it goes on.

    `outcome` is "ok", "refused", "failed" or "left" (by the client); `failure` is the kind of an upstream's error.
    """

    id: str
    api: str
    keep_text: bool = False
    model: str | None = None
    format: str | None = None
    stream: bool = False
    status: int | None = None
    outcome: str = "ok"
    failure: str | None = None
    error: str | None = None
    finish: list[str] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    calls: int = 0
    cut_calls: int = 0
    problems: list[Problem] = field(default_factory=list)
    pieces: int = 0
    first: float | None = None
    seconds: float = 0.0
    prompt: str | None = None
    output: list[str] = field(default_factory=list)
    begun: float = field(default_factory=time.perf_counter)

    def arrived(self, text: str) -> None:
        """A piece of the upstream's text is here."""
        self.pieces += 1
        if self.first is None:
            self.first = time.perf_counter() - self.begun
        if self.keep_text:
            self.output.append(text)

    def saw(self, events: list[Event]) -> None:
        """Events that a parser gave."""
        for event in events:
            if isinstance(event, CallEnd):
                self.calls += 1
                self.cut_calls += not event.complete
            elif isinstance(event, Problem):
                self.problems.append(event)

    def line(self) -> str:
        """The request as one line."""
        # What a problem says quotes the model; its kind does not.
        problems = [
            {"kind": problem.kind, "severity": problem.severity, "position": problem.position} for problem in self.problems[:MOST_PROBLEMS]
        ]
        told: dict[str, Any] = {
            "time": datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
            "id": self.id,
            "api": self.api,
            "model": self.model,
            "format": self.format,
            "stream": self.stream,
            "status": self.status,
            "outcome": self.outcome,
            "failure": self.failure,
            "error": self.error,
            "finish": self.finish,
            "prompt_tokens": self.usage.prompt,
            "completion_tokens": self.usage.completion,
            "calls": self.calls,
            "cut_calls": self.cut_calls,
            "problems": problems,
            "problem_count": len(self.problems),
            "pieces": self.pieces,
            "first_ms": None if self.first is None else round(self.first * 1000, 1),
            "ms": round(self.seconds * 1000, 1),
        }
        if self.keep_text:
            told |= {
                "prompt": self.prompt,
                "output": "".join(self.output),
                "messages": [problem.message for problem in self.problems[:MOST_PROBLEMS]],
            }
        return json.dumps(told)

    def write(self) -> None:
        """Log the line."""
        LOGGER.log(logging.INFO if self.outcome in ("ok", "left") else logging.WARNING, "%s", self.line())
