"""Every package that is required is imported by the library, and every import is declared."""

from __future__ import annotations

import ast
import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

from sources import PACKAGE, trees

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parent.parent
HOSTS = {"vllm", "sglang", "lightllm", "transformers", "tokenizers", "openai_harmony", "verl", "renderers", "xgrammar"}
"""Engines and trainers that load our plug-ins: they are there already, and no dependency."""
GIVEN = {"openai": "toolbox"}
"""Packages whose objects a user hands to us, by the room that alone may import them: they are there already, too."""
SERVED = ("anyio", "httpx", "jinja2", "prometheus_client", "starlette", "uvicorn")
ONLY_THERE = {"rich": ("cli", "cli"), **dict.fromkeys(SERVED, ("serve", "serve")), "mcp": ("mcp", "toolbox")}
"""What an extra installs: the extra, and the room that alone may import it."""
PARTS = {"pydantic_core": "pydantic"}
"""What a required package brings along."""


@cache
def imports() -> list[tuple[str, str]]:
    """Each package from elsewhere that a module imports, wherever in it, with the module's path. What only a type checker reads is none."""
    found = []
    for path, tree in trees().items():
        checked = [node for node in ast.walk(tree) if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
        only_for_types = {inner for node in checked for inner in ast.walk(node)}
        for node in ast.walk(tree):
            if node in only_for_types:
                continue
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            else:
                continue
            for name in {name.partition(".")[0] for name in names} - sys.stdlib_module_names - {"toolparse"}:
                found.append((name, path.relative_to(PACKAGE).as_posix()))
    return found


def project() -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return found


def names(requirements: list[str]) -> set[str]:
    """The packages of requirements, as they are imported."""
    return {re.split(r"[^\w.-]", requirement)[0].replace("-", "_") for requirement in requirements}


def test_required_packages_are_those_that_the_library_imports() -> None:
    imported = {PARTS.get(name, name) for name, _ in imports()} - HOSTS - set(ONLY_THERE) - set(GIVEN)
    assert imported == names(project()["dependencies"])


def test_an_extra_is_imported_only_where_it_is_for() -> None:
    extras = project()["optional-dependencies"]
    for package, room in GIVEN.items():
        assert {path.partition("/")[0] for name, path in imports() if name == package} == {room}
    for package, (extra, room) in ONLY_THERE.items():
        assert package in names(extras[extra])
        assert {path.partition("/")[0] for name, path in imports() if name == package} == {room}


def test_engines_are_imported_only_by_their_plugins_and_by_what_runs_them_on_cases() -> None:
    places = {path for name, path in imports() if name in HOSTS}
    assert {path for path in places if not path.startswith("plugins/")} == {"testing/engines.py"}
