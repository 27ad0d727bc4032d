"""What outputs should be read as: the test vectors, public reports and damaged turns that come with the package.

JSON lines, one case each; `case.schema.json` beside them says what a line holds, and docs/conformance.md says it in prose. Which answers
are a choice of ours stands in `policies.json`. Knows the files and no parser.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

KINDS = ("canonical", "quirk", "adversarial", "truncated", "report", "damaged")


def vectors(fmt: str | None = None, *, kinds: Iterable[str] = KINDS) -> list[dict[str, Any]]:
    """The cases of a format, or of all: `canonical`, `quirk`, `adversarial` and `truncated` vectors, each `report` and `damaged` turn.

    Each is a dict of its own: `id`, `format`, `kind`, `text`, `tools`, `prefill`, `expect`, `note`, and where it has them
    `tool_choice`, `response_template`, `source` and `policies`, the choices of ours that its answer rests on.

    >>> case = vectors("hermes", kinds=["canonical"])[1]
    >>> case["id"], case["expect"]["tool_calls"][0]["name"]
    ('hermes/single', 'find_ferry')
    """
    wanted = frozenset(kinds)
    if not wanted <= set(KINDS):
        raise ValueError(f"no such kind of case: {', '.join(sorted(wanted - set(KINDS)))}; there are {', '.join(KINDS)}")
    marked = _policies()
    found = []
    for path in [*sorted((folder() / "vectors").glob("*.jsonl")), folder() / "reports.jsonl", folder() / "damaged.jsonl"]:
        # A format's vectors are in the file of its name. Lines end at \n alone: texts hold other line breaks.
        if fmt is not None and path.parent.name == "vectors" and path.stem != fmt:
            continue
        for line in path.read_text(encoding="utf-8").split("\n"):
            case = json.loads(line) if line else {}
            if case.get("kind") in wanted and fmt in (None, case["format"]):
                found.append({**case, "policies": marked[case["id"]]} if case["id"] in marked else case)
    return found


def schema() -> dict[str, Any]:
    """The JSON schema of a line."""
    return _read("case.schema.json")


def folder() -> Path:
    """Where the files are: in the package, or in `fixtures` of a checkout."""
    packed = Path(__file__).parent / "fixtures"
    return packed if packed.is_dir() else Path(__file__).parents[2] / "fixtures"


@cache
def _policies() -> dict[str, list[str]]:
    """For each case that rests on choices of ours, these choices."""
    marked: dict[str, list[str]] = {}
    for policy, ids in _read("policies.json").items():
        for case in ids:
            marked.setdefault(case, []).append(policy)
    return marked


def _read(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((folder() / name).read_text(encoding="utf-8"))
    return read
