"""The library's own source, parsed once for all tests that look at it."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import toolparse

PACKAGE = Path(toolparse.__file__).parent


@cache
def trees() -> dict[Path, ast.Module]:
    """Each module's syntax tree, by its path."""
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}
