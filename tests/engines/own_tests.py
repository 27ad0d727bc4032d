"""vLLM's own tests of tool parsers and reasoning, with its parsers and with ours in their place: `own_tests.py FOLDER [PATH...]`.

FOLDER is an unpacked source package of the installed vLLM, without `tests/conftest.py`, which wants more than parsers need. Prints a row
per test file: how many tests pass with vLLM's own classes, and how many of those with ours. Every test that only theirs pass is written
to `own_tests.jsonl` in the working directory, with the first line of its error.

As a pytest plug-in (`-p own_tests`) it puts a class of ours under every name, in vLLM's tables and in the modules of its classes.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter
from importlib import import_module
from pathlib import Path

PATHS = ("tests/tool_parsers", "tests/reasoning", "tests/parser")


def put_in() -> None:
    """Our classes in the place of vLLM's, by the names of its tables."""
    from vllm.reasoning import ReasoningParserManager
    from vllm.tool_parsers import ToolParserManager

    from toolparse.plugins.names import PREFIX, reasoning_parsers, tool_parsers
    from toolparse.plugins.vllm_parsers import class_for

    for manager, kind, table in (
        (ToolParserManager, "tool", tool_parsers()),
        (ReasoningParserManager, "reasoning", reasoning_parsers()),
    ):
        put = getattr(manager, f"{kind}_parsers")
        # The classes of ours read off vLLM's own, so all are made before the first is put in.
        made = {name: class_for(f"{kind}:{table[PREFIX + name]}") for name in manager.lazy_parsers if PREFIX + name in table}
        for name, ours in made.items():
            module, attribute = manager.lazy_parsers[name]
            put[name] = ours
            with contextlib.suppress(ImportError):  # a parser whose package is not installed has no tests that run
                setattr(import_module(module), attribute, ours)


if os.environ.get("OWN_TESTS") == "ours":
    put_in()


def outcomes(folder: Path, paths: list[str], which: str) -> dict[str, tuple[str, str]]:
    """For each test its outcome and the last line of its error."""
    report = Path(f"own_tests_{which}.xml").absolute()
    here = Path(__file__).parent
    environment = {**os.environ, "OWN_TESTS": which, "PYTHONPATH": f"{here}{os.pathsep}{folder}", "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "own_tests", "-p", "no:cacheprovider", "-o", "addopts=", "-o",
               "filterwarnings=default", "--continue-on-collection-errors", f"--junitxml={report}", *paths]  # fmt: skip
    subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    found = {}
    for case in ElementTree.parse(report).iter("testcase"):
        fault = next((child for kind in ("failure", "error", "skipped") if (child := case.find(kind)) is not None), None)
        error = "" if fault is None else (fault.get("message") or fault.text or "").strip().partition("\n")[0]
        found[f"{case.get('classname')}::{case.get('name')}"] = ("passed" if fault is None else fault.tag, error[:300])
    return found


def main() -> None:
    folder, paths = Path(sys.argv[1]).absolute(), sys.argv[2:] or list(PATHS)
    theirs, ours = outcomes(folder, paths, "theirs"), outcomes(folder, paths, "ours")
    passed = [test for test, (outcome, _) in theirs.items() if outcome == "passed"]
    lost = [test for test in passed if ours.get(test, ("missing", ""))[0] != "passed"]
    file = lambda test: test.partition("::")[0].removeprefix("tests.")  # noqa: E731
    total, gone = Counter(map(file, passed)), Counter(map(file, lost))
    print("| file | theirs | ours |\n|---|---|---|")
    for name in sorted(total):
        print(f"| {name} | {total[name]} | {total[name] - gone[name]} |")
    print(f"| all | {len(passed)} | {len(passed) - len(lost)} |")
    with Path("own_tests.jsonl").open("w", encoding="utf-8") as out:
        for test in lost:
            out.write(json.dumps({"test": test, "error": ours.get(test, ("missing", ""))[1]}, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
