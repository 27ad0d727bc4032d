"""Which format fits an output: each reads it, and says what it finds or why it finds nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from toolparse.detect import detect
from toolparse.explain.reading import openers, why_none
from toolparse.formats import formats
from toolparse.grammar import Format
from toolparse.message import Message
from toolparse.parser import parse


@dataclass(slots=True)
class Fit:
    """What a format makes of an output. `score`: the higher, the better it fits; at 0 it finds no call, below 0 it finds faults.
    `absent`: what begins its calls, where nothing in the output does."""

    format: Format
    score: float
    calls: list[str]
    why: str
    absent: str

    @property
    def fits(self) -> bool:
        return self.score > 0


def compare(text: str, tools: Any = None, prompt: str | None = None) -> list[Fit]:
    """All formats with calls, the best first, then those that read calls with errors; of equals, the one that the markers tell."""
    guess = detect(output=text)
    likely = guess.format if guess is not None else ""
    found = [fit(fmt, text, parse(text, fmt, tools=tools, prompt=prompt)) for fmt in formats() if fmt.calls]
    return sorted(
        found, key=lambda one: (not one.fits, not one.calls, bool(one.absent), -one.score, one.format.name != likely, one.format.name)
    )


def fit(fmt: Format, text: str, message: Message) -> Fit:
    calls = [f"{call.name} {call.arguments}" for call in message.tool_calls]
    errors = [problem for problem in message.problems if problem.severity == "error"]
    status = Counter(attempt.status for attempt in message.attempts)
    cut = status["cut"]
    read = status["ok"] + 0.6 * status["repaired"] + 0.3 * cut or 0.1 * status["unknown_tool"]  # which may be no call at all
    markers = openers(fmt)
    absent = markers[0] if markers and not calls and not any(marker in text for marker in markers) else ""
    own = next((problem for problem in errors if problem.kind not in ("other_format", "lost_markers")), None)
    if own is not None and not absent:
        why = own.message
    elif calls and not errors:
        problems = message.problems
        why = "its calls are read" + (f", {len(problems)} repaired" if problems else " as they stand") + f", {cut} cut" * bool(cut)
    else:
        why = why_none(fmt, text)
    return Fit(fmt, read - len(errors), calls, why, absent)
