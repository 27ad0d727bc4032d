"""Modules that the engines import at the top, that a machine without a GPU lacks and that text does not need: empty ones in their place."""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any
from unittest.mock import MagicMock

import transformers  # noqa: F401  (it looks for torchvision itself, and must find none)

NAMES = ("torchvision", "torchvision.transforms", "torchvision.transforms.functional", "torchvision.transforms.v2", "torchvision.io",
         "datasets", "tml_renderers")  # fmt: skip


class Absent(ModuleType):
    """Has whatever is asked of it: a class for a name in capitals, else a mock."""

    __path__: list[str] = []  # noqa: RUF012  (a module's attribute)
    __version__ = "0"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        made = type(name, (), {"__module__": self.__name__}) if name[0].isupper() else MagicMock(name=f"{self.__name__}.{name}")
        setattr(self, name, made)
        return made


for full in NAMES:
    package, _, child = full.rpartition(".")
    if full not in sys.modules and (isinstance(sys.modules.get(package), Absent) if package else find_spec(full) is None):
        sys.modules[full] = made = Absent(full)
        made.__spec__ = ModuleSpec(full, None)
        if package:
            setattr(sys.modules[package], child, made)
