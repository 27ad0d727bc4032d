"""Print what a whole output costs: `python -m benchmarks.whole_texts`. docs/performance.md says how to read it.

An output of about 400 characters with a sentence and two calls, as the model of each format writes it, is parsed at once. Beside it
stands what a script does that was written for this one format and for outputs without any fault: a regular expression that finds the
calls, and `json.loads` or the like for each. Validation is that of the calls by prepared `Tools`. Knows nothing of the parser.
"""

from __future__ import annotations

import ast
import json
import re
import sys
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import toolparse
from benchmarks.measure import gc_off
from benchmarks.table import mark

GOAL = 3
"""The most that a whole output may cost, in times of the script."""
VALIDATION = 40
"""The most that validation may cost, in microseconds."""
ROUNDS = 3000
WIDTHS = (12, 10, 12, 20, 16)

TOOLS = toolparse.Tools(
    [
        {
            "type": "function",
            "function": {
                "name": name,
                "parameters": {
                    "type": "object",
                    "properties": {key: {"type": kind} for key, kind in types.items()},
                    "required": list(types),
                },
            },
        }
        for name, types in (
            ("find_ferry", {"origin": "string", "destination": "string", "day": "string", "seats": "integer"}),
            ("book_room", {"city": "string", "nights": "integer", "breakfast": "boolean", "note": "string"}),
        )
    ]
)
CONTENT = "Let me look for a ferry and for a room in the same city."
CALLS: list[tuple[str, dict[str, Any]]] = [
    ("find_ferry", {"origin": "Gothenburg", "destination": "Frederikshavn", "day": "2026-05-14", "seats": 4}),
    ("book_room", {"city": "Frederikshavn", "nights": 2, "breakfast": True, "note": "a quiet room, if there is one, on the third floor"}),
]

_HERMES = re.compile(r"<tool_call>\n(.*?)\n</tool_call>", re.DOTALL)
_MISTRAL = re.compile(r"\[TOOL_CALLS\](\w+)\[ARGS\]")
_DEEPSEEK = re.compile(r"<｜tool▁call▁begin｜>(.*?)<｜tool▁sep｜>(.*?)<｜tool▁call▁end｜>", re.DOTALL)
_QWEN = re.compile(r"<function=([^>]+)>\n(.*?)\n</function>", re.DOTALL)
_QWEN_PARAMETER = re.compile(r"<parameter=([^>]+)>\n(.*?)\n</parameter>", re.DOTALL)
_PYTHONIC = re.compile(r"\[\w+\(.*\)\]", re.DOTALL)


def named(found: dict[str, Any]) -> tuple[str, Any]:
    return found["name"], found.get("arguments", found.get("parameters"))


def hermes(text: str) -> list[tuple[str, Any]]:
    return [named(json.loads(call)) for call in _HERMES.findall(text)]


def llama3_json(text: str) -> list[tuple[str, Any]]:
    return [named(json.loads(call)) for call in text[text.index("{") :].split("; ")]


def mistral(text: str) -> list[tuple[str, Any]]:
    pieces = _MISTRAL.split(text)[1:]
    return [(name, json.loads(arguments)) for name, arguments in zip(pieces[::2], pieces[1::2], strict=True)]


def deepseek_v31(text: str) -> list[tuple[str, Any]]:
    return [(name, json.loads(arguments)) for name, arguments in _DEEPSEEK.findall(text)]


def qwen3_coder(text: str) -> list[tuple[str, Any]]:
    return [(name, {key: loaded(value) for key, value in _QWEN_PARAMETER.findall(body)}) for name, body in _QWEN.findall(text)]


def loaded(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value


def pythonic(text: str) -> list[tuple[str, Any]]:
    found = _PYTHONIC.search(text)
    calls: Any = ast.parse(found[0] if found else "[]", mode="eval").body
    return [(call.func.id, {key.arg: ast.literal_eval(key.value) for key in call.keywords}) for call in calls.elts]


SCRIPTS: dict[str, Callable[[str], list[tuple[str, Any]]]] = {
    script.__name__: script for script in (hermes, llama3_json, mistral, deepseek_v31, qwen3_coder, pythonic)
}


def main() -> int:
    wrong = []
    print_row(("format", "characters", "script", f"parse (goal {GOAL}x)", f"validate ({VALIDATION} us)"))
    print_row(tuple("-" * width for width in WIDTHS))
    for name, script in SCRIPTS.items():
        text, wanted = written(name)
        message = toolparse.parse(text, name, tools=TOOLS)
        if [(call.name, call.value()) for call in message.tool_calls if call.complete] != wanted or script(text) != wanted:
            wrong.append(name)
            continue
        by_script, parsed, checked = best_us(
            partial(script, text), partial(toolparse.parse, text, name, tools=TOOLS), partial(validated, message.tool_calls)
        )
        times = parsed / by_script
        cells = (f"{by_script:.1f} us", f"{parsed:.1f} us {times:5.2f}x{mark(times, GOAL)}", f"{checked:.1f} us{mark(checked, VALIDATION)}")
        print_row((name, str(len(text)), *cells))
    for name in wrong:
        print(f"wrong: {name}: the parser or the script did not find what the text holds, so it was not timed")
    return 1 if wrong else 0


def print_row(cells: tuple[str, ...]) -> None:
    print("| " + " | ".join(f"{cell:{width}}" for cell, width in zip(cells, WIDTHS, strict=True)) + " |", flush=True)


def written(name: str) -> tuple[str, list[tuple[str, Any]]]:
    """The output of a format's model and the calls in it: one call where the format has no more."""
    for calls, content in ((CALLS, CONTENT), (CALLS[:1], CONTENT), (CALLS[1:], None)):
        made = [toolparse.ToolCall(id=f"call0000{i}", name=call, arguments=json.dumps(given)) for i, (call, given) in enumerate(calls)]
        try:
            text = toolparse.render(toolparse.Message(content=content, tool_calls=made), name, tools=TOOLS)
        except toolparse.CannotRender:
            continue
        return text, calls
    raise ValueError(f"{name} cannot write a call")


def validated(calls: Iterable[toolparse.ToolCall]) -> None:
    for call in calls:
        call.validate(TOOLS)


def best_us(*functions: Callable[[], object]) -> list[float]:
    """Microseconds of a call of each, best of the rounds, in which they take turns: a call is short, and a busy machine spares some."""
    bests = [float("inf")] * len(functions)
    with gc_off():
        for _ in range(ROUNDS):
            for at, function in enumerate(functions):
                start = time.perf_counter_ns()
                function()
                bests[at] = min(bests[at], (time.perf_counter_ns() - start) / 1000)
    return bests


if __name__ == "__main__":
    sys.exit(main())
