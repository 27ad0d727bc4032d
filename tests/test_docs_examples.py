"""What the pages show runs: Python blocks, one after the other in the namespace of their page, and the commands of `console` blocks."""

from __future__ import annotations

import contextlib
import doctest
import io
import pkgutil
import re
import shlex
from importlib import import_module
from pathlib import Path

import pytest

import toolparse
from toolparse.cli import main

ROOT = Path(__file__).parent.parent
PAGES = [
    *(ROOT / "docs" / "start").glob("*.md"),
    *(ROOT / "docs" / name for name in ("index.md", "how-to.md", "why-not-a-call.md", "explain.md", "conformance.md", "zh/index.md")),
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_python_blocks_of_a_page_run(page: Path) -> None:
    namespace: dict[str, object] = {"__name__": "page"}
    for block in re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S):
        exec(compile(block, str(page), "exec"), namespace)


COMMANDS = [
    (page, line[2:].removeprefix("toolparse "))
    for page in PAGES
    for block in re.findall(r"^```console\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S)
    for line in block.splitlines()
    if line.startswith("$ toolparse ")
]


@pytest.mark.parametrize(("page", "command"), COMMANDS, ids=[f"{page.stem}: {command}" for page, command in COMMANDS])
def test_the_commands_of_a_page_run(page: Path, command: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fixtures").symlink_to(ROOT / "fixtures")
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        assert main(shlex.split(command)) == 0, output.getvalue()


MODULES = [module.name for module in pkgutil.walk_packages(toolparse.__path__, "toolparse.") if ".plugins." not in module.name]
"""All but the plug-ins, whose packages are not there."""


def test_the_examples_of_docstrings_run() -> None:
    tried = {name: doctest.testmod(import_module(name)) for name in MODULES if not name.endswith("__main__")}
    assert sum(result.attempted for result in tried.values()) > 50
    assert [name for name, result in tried.items() if result.failed] == []


def test_every_public_name_is_in_the_reference() -> None:
    page = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^::: toolparse\.(\w+)$", page, re.M)) == sorted(toolparse.__all__)


def test_every_page_is_on_the_site() -> None:
    """In the navigation, or one of the format pages, which their index lists."""
    navigation = (ROOT / ".mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:")[2]
    listed = set(re.findall(r"([\w/-]+\.md)", navigation))
    pages = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    assert {page for page in pages if not page.startswith("formats/")} | {"formats/index.md", "formats/shapes.md"} == listed
