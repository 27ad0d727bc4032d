"""Writes two files of `fixtures` anew: `damaged.jsonl`, one turn of each format for every few kinds of damage, and `policies.json`.

A case rests on a policy if toolparse, told to choose otherwise, reads it otherwise. Options without which a format's canonical vectors
are not read are part of the format, and no policy there. Canonical vectors rest on none, but may be in another generation's markup.

    PYTHONPATH=. python tests/conformance_cases.py
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from markup_damage import DAMAGES, PROSE, TOOLS, TURNS, message, turn

import toolparse
from toolparse.testing.conformance import DIALECT

FIXTURES = Path(__file__).parent.parent / "fixtures"
EVERY = 7
"""Of so many kinds of damage each format has one, another in the next format."""
OTHERWISE: dict[str, tuple[dict[str, Any], ...]] = {
    "unknown_tools": ({"unknown_tools": "content"}, {"unknown_tools": "drop"}),
    "calls_in_code": ({"calls_in_code": "content"},),
    "calls_in_reasoning": ({"calls_in_reasoning": "end"}, {"calls_in_reasoning": "ignore"}),
    "bare_calls": ({"bare_calls": "never"},),
    "damaged_markup": ({"damaged_markup": "content"},),
}
DIALECTS: dict[str, str] = {
    "granite": r"<response>|<think>",
    "hy_v3": r":opensource|:[0-9a-f]{8}>",
    "llama3_json": r"\}\{",
    "longcat": r"<longcat_arg_key>|<longcat_tool_call>\w",
    "mistral": r"\[TOOL_CALLS\]\s*\[",
}
"""What tells the markup of another generation of a family, which our format reads too, in the formats that do."""
DECIDED = "decided"
"""Cases whose readers disagree with good reasons, and no option of ours says so; of repeated keys the first counts, for example."""


def damaged_turns() -> Iterator[dict[str, Any]]:
    for number, fmt in enumerate(toolparse.formats()):
        for at, (kind, damage) in enumerate(DAMAGES.items()):
            if (at + number) % EVERY:
                continue
            for content in (PROSE, None):
                case = _damaged(fmt.name, kind, damage, content, at)
                if case is not None:
                    yield case
                    break


def _damaged(fmt: str, kind: str, damage: Any, content: str | None, at: int) -> dict[str, Any] | None:
    for number in range(len(TURNS)):
        calls = TURNS[(number + at) % len(TURNS)]
        try:
            text = toolparse.render(message(calls, content), fmt, tools=TOOLS)
        except ValueError:  # a format that renders no calls, or no content beside them
            return None
        found = next(iter(damage(turn(text, calls, at))), None)
        if found is None or found.text == text or found.words:
            continue
        names = {name for name, _ in calls}
        expect: dict[str, Any] = {"content": content, "reasoning": None}
        expect["tool_calls"] = [{"name": name, "arguments": given} for name, given in found.calls]
        tools = [tool for tool in TOOLS if tool["function"]["name"] in names]
        return {"id": f"damaged/{fmt}-{at}", "format": fmt, "kind": "damaged", "text": found.text, "tools": tools,
                "prefill": "", "expect": expect, "note": kind}  # fmt: skip
    return None


def policies_of(case: dict[str, Any], known: dict[str, set[str]]) -> list[str]:
    """The policies that a case rests on; `known` has those that are part of each format."""
    if case["kind"] == "canonical":
        return []
    usual = read(case)
    return [
        policy
        for policy, ways in OTHERWISE.items()
        if policy not in known.get(case["format"], ()) and any(read(case, **way) != usual for way in ways)
    ]


def part_of_the_format(cases: list[dict[str, Any]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for case in cases:
        if case["kind"] == "canonical":
            usual = read(case)
            ways = {policy for policy, ways in OTHERWISE.items() if any(read(case, **way) != usual for way in ways)}
            found.setdefault(case["format"], set()).update(ways)
    return found


def read(case: dict[str, Any], **options: Any) -> tuple[Any, ...]:
    fmt = toolparse.from_response_template(case["response_template"]) if "response_template" in case else case["format"]
    if "tool_choice" in case:
        options["tool_choice"] = case["tool_choice"]
    found = toolparse.parse(case["text"], fmt, tools=case["tools"] or None, prompt=case["prefill"], **options)
    return found.content, found.reasoning, [(call.name, call.arguments) for call in found.tool_calls]


def main() -> None:
    lines = [json.dumps(case, ensure_ascii=False) + "\n" for case in damaged_turns()]
    (FIXTURES / "damaged.jsonl").write_text("".join(lines), encoding="utf-8")
    from toolparse.testing import vectors

    path = FIXTURES / "policies.json"
    cases = vectors()
    known = part_of_the_format(cases)
    table: dict[str, list[str]] = {DECIDED: json.loads(path.read_text(encoding="utf-8"))[DECIDED], **{policy: [] for policy in OTHERWISE}}
    table[DIALECT] = [case["id"] for case in cases if case["format"] in DIALECTS and re.search(DIALECTS[case["format"]], case["text"])]
    for case in cases:
        for policy in policies_of(case, known):
            table[policy].append(case["id"])
    path.write_text(json.dumps(table, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(len(lines), "damaged turns;", {policy: len(ids) for policy, ids in table.items()})


if __name__ == "__main__":
    main()
