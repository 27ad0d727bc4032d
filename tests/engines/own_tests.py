"""The engines' own tests of tool parsers and reasoning, with their parsers and with ours in their place.

    own_tests.py vllm FOLDER [PATH...]      own_tests.py sglang FOLDER [PATH...]

FOLDER is the unpacked source of the installed engine (of vLLM's `tests`, without their `conftest.py`, are enough). Prints a row
per test file: how many tests pass with the engine's own classes, how many of those with ours, and why the others do not, by
`own_tests_reasons.jsonl`, where each is put down by hand: it *reaches inside*, or it holds another *policy*, one of those named there. What
has no reason is a *fault*, and fails the run, as does a reason for which no test fails. `own_tests_ENGINE.jsonl` in the working directory
has each with its error.

As a pytest plug-in (`-p own_tests`) it puts a class of ours under every name, in the engine's tables and in the modules of its classes.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter
from importlib import import_module
from pathlib import Path
from typing import Any

PATHS = {
    "vllm": ("tests/tool_parsers", "tests/reasoning", "tests/parser", "tests/tool_use"),
    "sglang": ("test/registered/function_call", "test/registered/unit/function_call", "test/registered/unit/parser"),
}

REASONS = Path(__file__).with_name("own_tests_reasons.jsonl")
KINDS = ("inside", "policy", "fault")


def put_in_vllm() -> None:
    """Our classes in the place of vLLM's, by the names of its tables."""
    from vllm.reasoning import ReasoningParserManager
    from vllm.tool_parsers import ToolParserManager

    from toolparse.formats import formats
    from toolparse.plugins import vllm, vllm_parsers
    from toolparse.plugins.names import PREFIX, reasoning_parsers, tool_parsers
    from toolparse.wire.spellings import spellings

    vllm.register()
    class_for, decoded, start = vllm_parsers.class_for, vllm_parsers._decoded, vllm_parsers.Reading.__init__

    def plainly(tokenizer: Any, ids: Any) -> str:
        """Stand-ins of tokenizers in the tests take less than a tokenizer does."""
        try:
            text = decoded(tokenizer, ids)
        except TypeError:
            text = str(tokenizer.decode(list(ids)))
        except AttributeError:
            return spelt(tokenizer, list(ids)) if hasattr(tokenizer, "encode") else ""
        if len(ids) < 10 and hasattr(tokenizer, "get_vocab"):  # some decode only what a test has encoded
            markers = {number: text for text, number in tokenizer.get_vocab().items() if text[:1] == "<" and number in ids}
            if any(marker not in text for marker in markers.values()):
                return "".join(markers.get(number) or plainly(tokenizer, [number]) for number in ids)
        return text

    pairs = [(pair.open, pair.close) for fmt in formats() for pair in fmt.reasoning]
    markers = {spelling.strip() for pair in pairs for marker in pair for spelling in spellings(marker)} - {""}

    def spelt(tokenizer: Any, ids: list[int]) -> str:
        """The text of ids by a stand-in that only encodes: markers of reasoning, and characters."""
        known = {tuple(tokenizer.encode(marker)): marker for marker in markers if len(tokenizer.encode(marker)) < len(marker)}
        text, at = "", 0
        while at < len(ids):
            found = next((end for end in range(len(ids), at, -1) if tuple(ids[at:end]) in known), at + 1)
            text += known.get(tuple(ids[at:found]), chr(ids[at]))
            at = found
        return text

    def without_vocabulary(self: Any, fmt: Any, request: Any, tools: Any, tokenizer: Any, *rest: Any, **options: Any) -> None:
        start(self, fmt, request, tools, tokenizer if hasattr(tokenizer, "get_vocab") else None, *rest, **options)

    vllm_parsers._decoded = plainly
    vllm_parsers.Reading.__init__ = without_vocabulary  # type: ignore[method-assign]
    for manager, kind, table in (
        (ToolParserManager, "tool", tool_parsers()),
        (ReasoningParserManager, "reasoning", reasoning_parsers()),
    ):
        put = getattr(manager, f"{kind}_parsers")
        # The classes of ours read off vLLM's own, so all are made before the first is put in.
        made = {name: class_for(f"{kind}:{table[PREFIX + name]}") for name in manager.lazy_parsers if PREFIX + name in table}
        for name, cls in made.items():
            module, attribute = manager.lazy_parsers[name]
            put[name] = ours = type(attribute, (cls,), {})  # named as vLLM's, as are tests over classes
            with contextlib.suppress(ImportError):  # a parser whose package is not installed has no tests that run
                setattr(import_module(module), attribute, ours)


def put_in_sglang() -> None:
    """Our classes in the place of SGLang's, by the names of its tables."""
    from sglang.srt.function_call.function_call_parser import FunctionCallParser
    from sglang.srt.parser.reasoning_parser import ReasoningParser

    from toolparse.plugins.names import PREFIX, reasoning_parsers, tool_parsers
    from toolparse.plugins.sglang_detectors import reasoning_detector, tool_detector

    for table, formats, make in (
        (FunctionCallParser.ToolCallParserEnum, tool_parsers(), tool_detector),
        (ReasoningParser.DetectorMap, {name.lower(): fmt for name, fmt in reasoning_parsers().items()}, reasoning_detector),
    ):
        made = {name: make(PREFIX + name, formats[PREFIX + name]) for name in table if PREFIX + name in formats}
        for name, ours in made.items():
            own = table[name]
            table[name] = ours
            setattr(sys.modules[own.__module__], own.__name__, ours)


if os.environ.get("OWN_TESTS") == "sglang":
    import_module("absent")  # before the engine
if "OWN_TESTS_PASSED" in os.environ:
    {"vllm": put_in_vllm, "sglang": put_in_sglang}[os.environ["OWN_TESTS"]]()


def pytest_collection_modifyitems(config: Any, items: list[Any]) -> None:
    """With our classes only the tests that the engine's own pass are run."""
    if "OWN_TESTS_PASSED" in os.environ:
        passed = set(Path(os.environ["OWN_TESTS_PASSED"]).read_text(encoding="utf-8").splitlines())
        items[:] = [item for item in items if _named(item.nodeid) in passed]


def _named(nodeid: str) -> str:
    """A test's name as a report of pytest's has it."""
    file, _, names = nodeid.partition("::")
    names, bracket, parameters = names.partition("[")
    *classes, name = names.split("::")
    return f"{'.'.join([file.removesuffix('.py').replace('/', '.'), *classes])}::{name}{bracket}{parameters}"


def outcomes(folder: Path, paths: list[str], engine: str, passed: list[str] | None = None) -> dict[str, tuple[str, str]]:
    """For each test its outcome and its error: of the engine's own classes, or of ours in those tests that passed."""
    report = Path(f"own_tests_{engine}_{'theirs' if passed is None else 'ours'}.xml").absolute()
    here = Path(__file__).parent
    path = os.pathsep.join([str(here), str(here / "live"), str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": path, "HF_HUB_OFFLINE": "1", "OWN_TESTS": engine}
    if passed is not None:
        only = Path(f"own_tests_{engine}.txt").absolute()
        only.write_text("\n".join(passed), encoding="utf-8")
        environment["OWN_TESTS_PASSED"] = str(only)
    if passed is not None or not report.exists():  # those of the engine's own stay the same
        shown = "no" if passed is None else "short"
        command = [sys.executable, "-m", "pytest", "-q", f"--tb={shown}", "-p", "own_tests", "-p", "no:cacheprovider", "-o", "addopts=",
                   "-o", "filterwarnings=default", "--continue-on-collection-errors", f"--junitxml={report}", *paths]  # fmt: skip
        subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    found = {}
    for case in ElementTree.parse(report).iter("testcase"):
        fault = next((child for kind in ("failure", "error", "skipped") if (child := case.find(kind)) is not None), None)
        error = "" if fault is None else f"{fault.get('message') or ''}\n{fault.text or ''}"
        found[f"{case.get('classname')}::{case.get('name')}"] = ("passed" if fault is None else fault.tag, error)
    return found


def main() -> None:
    engine, folder = sys.argv[1], Path(sys.argv[2]).absolute()
    paths = sys.argv[3:] or list(PATHS[engine])
    passed = [test for test, (outcome, _) in outcomes(folder, paths, engine).items() if outcome == "passed"]
    ours = outcomes(folder, paths, engine, passed)
    lost = [test for test in passed if ours.get(test, ("missing", ""))[0] != "passed"]
    reasons = [json.loads(line) for line in REASONS.read_text(encoding="utf-8").splitlines()]
    known = [(re.compile(each["tests"]), each) for each in reasons if each.get("engine") == engine]
    why = {test: next((each for tests, each in known if tests.search(test)), {"kind": "fault", "why": ""}) for test in lost}

    file = lambda test: test.partition("::")[0].partition(".Test")[0]  # noqa: E731
    counted = Counter((file(test), why[test]["kind"]) for test in lost)
    total = Counter(map(file, passed))
    print("| file | theirs | ours | reaches inside | policy | fault |\n|---|---|---|---|---|---|")
    for name in sorted(total):
        kinds = [counted[name, kind] for kind in KINDS]
        print(f"| {name} | {total[name]} | {total[name] - sum(kinds)} | {' | '.join(map(str, kinds))} |")
    all_kinds = [sum(number for (_, each), number in counted.items() if each == kind) for kind in KINDS]
    print(f"| all | {len(passed)} | {len(passed) - len(lost)} | {' | '.join(map(str, all_kinds))} |\n")

    print("| why ours fails | tests |\n|---|---|")
    named = {each["policy"]: f"Policy *{each['policy']}*. {each['means']}" for each in reasons if "policy" in each}
    for text, number in Counter(
        named.get(each["why"], f"Reaches inside: {each['why']}.") for each in why.values() if each["why"]
    ).most_common():
        print(f"| {text} | {number} |")
    with Path(f"own_tests_{engine}.jsonl").open("w", encoding="utf-8") as out:
        for test in lost:
            row = {"test": test, **{key: why[test][key] for key in ("kind", "why")}, "error": ours.get(test, ("missing", ""))[1]}
            out.write(json.dumps(row, ensure_ascii=False) + "\n")
    faults = [test for test in lost if why[test]["kind"] == "fault"]
    used = {each["tests"] for each in why.values() if each["why"]}
    stale = [each["tests"] for _, each in known if each["tests"] not in used] if not sys.argv[3:] else []
    if faults or stale:
        sys.exit("\n".join(["", *(f"fault: {test}" for test in faults), *(f"no test fails for this reason: {tests}" for tests in stale)]))


if __name__ == "__main__":
    main()
