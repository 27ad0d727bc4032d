"""What the pages show runs.

Python blocks run one after the other in the namespace of their page; the commands of `sh` and `console` blocks run in a folder that holds
what the page itself writes. Where a block needs a server, a cluster or another package, the line above it says what runs it:
`<!-- run by tests/NAME/check_NAME.py -->`. A block that is neither is a failure, so none is left out silently.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import re
import shlex
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import pytest
from sources import PACKAGE

import toolparse
from toolparse.cli import main
from toolparse.cli.commands import COMMANDS

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(path for path in (ROOT / "docs").rglob("*.md") if path.parent.name != "formats")])
BLOCK = re.compile(r"^(?:<!-- run by ([\w./-]+)(, goes on running)? -->\n)?```(python|sh|console)\n(.*?)^```", re.M | re.S)
WRITTEN = re.compile(r"^cat > (\S+) <<'END'\n(.*?)^END$", re.M | re.S)


class Block(NamedTuple):
    """A block of a page, and what runs it: a path, or None for this module."""

    page: Path
    run_by: str | None
    language: str
    text: str


BLOCKS = [Block(page, found[1], found[3], found[4]) for page in PAGES for found in BLOCK.finditer(page.read_text(encoding="utf-8"))]


def named(pages: list[Path]) -> dict[str, Path]:
    return {page.relative_to(ROOT).as_posix(): page for page in pages}


HERE = [block for block in BLOCKS if block.run_by is None]
WITH_PYTHON = [page for page in PAGES if any(block.page == page and block.language == "python" for block in HERE)]
WITH_COMMANDS = [page for page in PAGES if any(block.page == page and block.language != "python" for block in HERE)]


def test_every_block_is_seen() -> None:
    """No fence of these languages is written so that the pattern misses it: indented, longer, with words behind the language."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        fences = len(re.findall(r"^ *`{3,}(?:py|sh|console|bash|shell|zsh)", text, re.M))
        assert fences == sum(block.page == page for block in BLOCKS), page


@pytest.mark.parametrize("page", WITH_PYTHON, ids=named(WITH_PYTHON))
def test_the_python_blocks_of_a_page_run(page: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    namespace: dict[str, object] = {"__name__": "page"}
    for block in HERE:
        if (block.page, block.language) != (page, "python"):
            continue
        if block.text.startswith(">>>"):
            test = doctest.DocTestParser().get_doctest(block.text, {"toolparse": toolparse}, page.name, str(page), 0)
            assert doctest.DocTestRunner().run(test).failed == 0
        else:
            exec(compile(block.text, str(page), "exec"), namespace)


@pytest.mark.parametrize("page", WITH_COMMANDS, ids=named(WITH_COMMANDS))
def test_the_commands_of_a_page_run(page: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    if page == ROOT / "docs" / "sft.md":  # what is about training has rows of the repository, not made-up ones
        (tmp_path / "fixtures").symlink_to(ROOT / "fixtures")
    extras = set(
        re.findall(r"^(\w+) = \[", (ROOT / "pyproject.toml").read_text(encoding="utf-8").partition("optional-dependencies]")[2], re.M)
    )
    for block in HERE:
        if block.page != page or block.language == "python":
            continue
        for name, text in WRITTEN.findall(block.text):
            (tmp_path / name).write_text(text, encoding="utf-8")
        for line in WRITTEN.sub("", block.text).replace("\\\n", " ").splitlines():
            words = shlex.split(line.removeprefix("$ "), comments=True)
            if words[:2] == ["pip", "install"]:  # tests/start/walk.py does it, with the wheel
                for word in words[2:]:
                    assert word.partition("[")[0] == "toolparse"
                    assert set(re.findall(r"[\w]+(?=[,\]])", word)) <= extras
            elif words:
                assert words[0] == "toolparse", f"{page.name}: nothing runs {line!r}"
                output = io.StringIO()
                with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
                    assert main(words[1:]) == 0, f"{line}: {output.getvalue()}"


ELSEWHERE = [block for block in BLOCKS if block.run_by is not None]


@pytest.mark.parametrize("block", ELSEWHERE, ids=lambda block: f"{block.page.name}: {block.text.splitlines()[0]}")
def test_what_is_run_elsewhere_is_run_there(block: Block) -> None:
    """What is named is run by the default suite, or by the `run.sh` of its folder, and deals with what the block shows."""
    assert block.run_by is not None
    path = ROOT / block.run_by
    told = path.read_text(encoding="utf-8")
    if path.parent == ROOT / "tests":
        assert path.name.startswith("test_")
    elif path != ROOT / ".ci" / "run":
        script = next(folder / "run.sh" for folder in path.parents if (folder / "run.sh").is_file()).read_text(encoding="utf-8")
        assert path.name in script or ("check_$" in script and path.stem.removeprefix("check_") in script)
    if block.page.name not in told:  # it does not read the page, so it must deal with the same things
        for part in re.findall(r"toolparse(?:\.plugins)?\.(\w+)", block.text):
            assert part in told, f"{block.run_by} knows nothing of {part}"


SHELL = [
    (block.page, line)
    for block in BLOCKS
    if block.language != "python"
    for line in WRITTEN.sub("", block.text).replace("\\\n", " ").splitlines()
    if re.match(r"(\$ )?toolparse ", line)
]


@pytest.mark.parametrize(("page", "line"), SHELL, ids=[f"{page.stem}: {line}" for page, line in SHELL])
def test_the_options_of_every_command_are_there(page: Path, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Also where a command needs a server or a cluster."""
    words = shlex.split(line.removeprefix("$ "), comments=True)[1:]
    assert main([*words[: words[0] in COMMANDS], "--help"]) == 0
    told = capsys.readouterr().out
    for word in words:
        if word.startswith("-") and word != "-":
            assert re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", told), word


def test_the_figures_of_the_readme_stand_on_the_pages_that_it_names() -> None:
    rows = re.findall(r"^\| (?!\|)[^|]+ \| ([^|]+) \| ([^|]+) \|$", (ROOT / "README.md").read_text(encoding="utf-8"), re.M)
    assert len(rows) == 8
    for told, where in rows:
        pages = "".join((ROOT / page).read_text(encoding="utf-8") for page in re.findall(r"\(([\w/.-]+\.md)\)", where))
        for figure in re.findall(r"\d[\d.,]*\d%?|\d+", told):
            assert re.search(rf"(?<![\d.,]){re.escape(figure)}(?![\d%])", pages), (figure, told)


SHOWING = [path for path in PACKAGE.rglob("*.py") if ">>> " in path.read_text(encoding="utf-8") and "plugins" not in path.parts]
"""The modules with examples in docstrings, but for the plug-ins, whose packages are not there."""


def test_the_examples_of_docstrings_run() -> None:
    names = [".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__") for path in SHOWING]
    tried = {name: doctest.testmod(import_module(name)) for name in names}
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
