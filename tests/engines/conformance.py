"""The parsers of engines on the cases of `toolparse.testing`: the tables of docs/conformance.md.

    python conformance.py ENGINE     prints Markdown: vllm, sglang, transformers, openai-harmony or toolparse; -v says each fault, too
    python conformance.py --page     runs all of them, each in a process of its own, and writes their tables into docs/conformance.md

An engine that is not installed is one line. Nothing is loaded from elsewhere: openai-harmony's vocabulary must be in the folder that
TIKTOKEN_ENCODINGS_BASE names, or harmony is not run.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

from toolparse.testing import KINDS, NotRun, Report, conform
from toolparse.testing.conformance import VERDICTS
from toolparse.testing.engines import READERS

PAGE = Path(__file__).parents[2] / "docs" / "conformance.md"
MARK = "<!-- What follows is written by tests/engines/conformance.py -->\n"


def run(engine: str, verbose: bool) -> Report | str:
    """The report of an engine, or why there is none."""
    logging.disable(logging.CRITICAL)
    try:
        report = conform(READERS[engine]())
    except (ImportError, NotRun) as error:
        return f"### {engine}\n\nNot run: {error}"
    if verbose:
        for outcome in report.outcomes:
            if outcome.verdict == "fault":
                print(outcome.way, outcome.reason, outcome.case["id"], outcome.answer, file=sys.stderr)
    return report


def summary(report: Report) -> list[str]:
    """A line for each way of reading: right · policy · fault, by kind, and the share of what was run that is right."""
    lines = []
    for way in dict.fromkeys(outcome.way for outcome in report.outcomes):
        found = Counter((outcome.case["kind"], outcome.verdict) for outcome in report.outcomes if outcome.way == way)
        cells = [" · ".join(str(found[kind, verdict]) for verdict in VERDICTS) for kind in KINDS]
        lines.append(f"| {report.name} {report.version} | {way} | {' | '.join(cells)} | {sum(found.values())} |")
    return lines


def page() -> None:
    """Runs every engine, and writes the page's tables."""
    head = [f"| right · policy · fault | | {' | '.join(KINDS)} | cases |", "|---" * (len(KINDS) + 3) + "|"]
    bodies = []
    for engine in READERS:
        done = subprocess.run([sys.executable, __file__, "--json", engine], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
        lines, body = json.loads(done.stdout.splitlines()[-1])
        head += lines
        bodies.append(body)
    prose = PAGE.read_text(encoding="utf-8").partition(MARK)[0]
    PAGE.write_text(prose + MARK + "\n" + "\n\n".join(["\n".join(head), *bodies]) + "\n", encoding="utf-8")


def main() -> None:
    chosen = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    if sys.argv[1:] == ["--page"]:
        page()
    elif len(chosen) != 1 or chosen[0] not in READERS:
        sys.exit(f"usage: python conformance.py --page | [-v] {'|'.join(READERS)}")
    else:
        report = run(chosen[0], "-v" in sys.argv)
        lines = summary(report) if isinstance(report, Report) else []
        print(json.dumps([lines, str(report)]) if "--json" in sys.argv else report)


if __name__ == "__main__":
    os.environ.setdefault("SGLANG_FORWARD_UNKNOWN_TOOLS", "1")  # a call of a tool that is not declared is one in most of its detectors
    main()
