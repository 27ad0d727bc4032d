"""An engine's own parsers on the cases of `toolparse.testing`: the tables of docs/conformance.md.

`python conformance.py ENGINE` prints Markdown; the engines are vllm, sglang, transformers, openai-harmony and toolparse.
`-v` says each fault, too, on standard error.
"""

from __future__ import annotations

import logging
import os
import sys

from toolparse.testing import conform
from toolparse.testing.engines import READERS


def main(engine: str, verbose: bool) -> None:
    logging.disable(logging.CRITICAL)
    report = conform(READERS[engine]())
    print(report)
    if verbose:
        for outcome in report.outcomes:
            if outcome.verdict == "fault":
                print(outcome.way, outcome.reason, outcome.case["id"], outcome.answer, file=sys.stderr)


if __name__ == "__main__":
    os.environ.setdefault("SGLANG_FORWARD_UNKNOWN_TOOLS", "1")  # a call of a tool that is not declared is one in most of its detectors
    chosen = [argument for argument in sys.argv[1:] if argument != "-v"]
    if len(chosen) != 1 or chosen[0] not in READERS:
        sys.exit(f"usage: python conformance.py [-v] {'|'.join(READERS)}")
    main(chosen[0], "-v" in sys.argv)
