"""Which format fits an output: each reads it, and says what it finds or why it finds nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from toolparse.detect import detect
from toolparse.explain.reading import why_none
from toolparse.formats import formats
from toolparse.grammar import Format
from toolparse.message import Message
from toolparse.parser import parse


@dataclass(slots=True)
class Fit:
    """What a format makes of an output. `score`: the higher, the better it fits; at 0 it finds no call, below 0 it finds faults."""

    format: Format
    score: float
    calls: list[str]
    why: str

    @property
    def fits(self) -> bool:
        return self.score > 0


def compare(text: str, tools: Any = None, prompt: str | None = None) -> list[Fit]:
    """All formats with calls, the best first; of equals, the one that the markers tell."""
    guess = detect(output=text)
    likely = guess.format if guess is not None else ""
    found = [fit(fmt, text, parse(text, fmt, tools=tools, prompt=prompt)) for fmt in formats() if fmt.calls]
    return sorted(found, key=lambda one: (-one.score, one.format.name != likely, one.format.name))


def fit(fmt: Format, text: str, message: Message) -> Fit:
    calls = [f"{call.name} {call.arguments}" for call in message.tool_calls]
    errors = [problem for problem in message.problems if problem.severity == "error"]
    good = [attempt for attempt in message.attempts if attempt.status == "ok"]
    repaired = [attempt for attempt in message.attempts if attempt.status == "repaired"]
    cut = [attempt for attempt in message.attempts if attempt.status == "cut"]
    score = len(good) + 0.6 * len(repaired) + 0.3 * len(cut) - len(errors)
    own = next((problem for problem in errors if problem.kind not in ("other_format", "lost_markers")), None)
    if own is not None:
        why = own.message
    elif message.tool_calls and not errors:
        problems = message.problems
        why = f"its calls are read, {len(problems)} repaired" if problems else "its calls are read as they stand"
    else:
        why = why_none(fmt, text)
    return Fit(fmt, score, calls, why)
