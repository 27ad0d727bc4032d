"""Modules that an extra of the package brings."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType


class MissingExtra(ImportError):
    """A module is not installed; the message says what needs it and how it is installed."""


def needed(module: str, what: str, extra: str) -> ModuleType:
    """A module of an extra. Raises `MissingExtra`, one line, where it is not installed."""
    try:
        return import_module(module)
    except ImportError:
        raise MissingExtra(f"{what} needs `pip install toolparse[{extra}]`") from None
