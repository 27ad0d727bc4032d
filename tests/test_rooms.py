"""Imports point one way: no room needs one above it, and no module needs itself back. What is loaded at its first use does not count."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache

from sources import PACKAGE, trees

ROOMS = (
    "events", "compiled", "grammar", "jsontext", "message", "schemas", "grammar_check", "formats", "detect", "wire", "codecs", "engine",
    "templates", "parser", "rendering", "align", "constrain", "adapters", "explain", "data", "toolbox", "plugins", "testing", "serve",
    "cli", "__main__",
)  # fmt: skip
"""From the bottom to the top, as docs/architecture.md has them."""


def imports(body: list[ast.stmt]) -> Iterator[str]:
    """The modules of this package that are loaded with a module."""
    for statement in body:
        if isinstance(statement, ast.ImportFrom) and statement.module is not None:
            yield from (f"{statement.module}.{alias.name}" for alias in statement.names)
        elif isinstance(statement, ast.Import):
            yield from (alias.name for alias in statement.names)
        elif isinstance(statement, ast.If) and "TYPE_CHECKING" in ast.dump(statement.test):
            yield from imports(statement.orelse)
        elif isinstance(statement, (ast.If, ast.Try)):
            yield from imports(statement.body)


MODULES = {".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): path for path in trees()}


@cache
def needs(module: str) -> set[str]:
    names = imports(trees()[MODULES[module]].body)
    found = {name if name in MODULES else name.rpartition(".")[0] for name in names if name.startswith("toolparse.")}
    return found & MODULES.keys() - {"toolparse", module}


def test_every_room_has_its_place() -> None:
    assert {module.split(".")[1] for module in MODULES if "." in module} == set(ROOMS)


def test_no_room_needs_one_above_it() -> None:
    upward = [
        (module, needed)
        for module in MODULES
        if module != "toolparse"
        for needed in needs(module)
        if ROOMS.index(needed.split(".")[1]) > ROOMS.index(module.split(".")[1])
    ]
    assert not upward


def test_no_module_is_longer_than_a_reader_keeps_in_mind() -> None:
    assert {str(path) for path in trees() if len(path.read_text(encoding="utf-8").splitlines()) > 800} == set()


def test_no_module_imports_a_private_name_of_another() -> None:
    private = [
        (str(path.relative_to(PACKAGE)), alias.name)
        for path, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("toolparse")
        for alias in node.names
        if alias.name.startswith("_") and not alias.name.startswith("__")
    ]
    assert not private


def test_no_module_needs_itself_back() -> None:
    waiting = {module: needs(module) for module in MODULES}
    while free := [module for module, needed in waiting.items() if not needed & waiting.keys()]:
        for module in free:
            del waiting[module]
    assert not waiting, "these need each other"
