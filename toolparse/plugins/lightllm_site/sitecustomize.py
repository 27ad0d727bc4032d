"""Calls `install` of `toolparse.plugins.lightllm` as soon as LightLLM's table of parsers has been imported, and `install_reasoning` as
soon as that of its reasoning parsers has been, in every Python process.

A `sitecustomize` that this one hides is imported first. Nothing else is imported before LightLLM asks for its tables.
"""

import importlib.util
import logging
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

TABLES = {"lightllm.server.function_call_parser": "install", "lightllm.server.reasoning_parser": "install_reasoning"}


class Installing(Loader):
    """Loads the module as its own loader does, then installs the parsers."""

    def __init__(self, loader: Loader) -> None:
        self.loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self.loader.exec_module(module)
        try:
            from toolparse.plugins import lightllm

            getattr(lightllm, TABLES[module.__name__])(module)
        except Exception as error:  # the server starts with its own parsers
            logging.getLogger("toolparse").warning(
                "toolparse has no parsers in this LightLLM: %s is not as expected (%r)", module.__name__, error
            )


class Finder(MetaPathFinder):
    """Finds the tables of parsers, and nothing else."""

    def find_spec(self, fullname, path, target=None):  # type: ignore[no-untyped-def]
        if fullname not in TABLES:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = Installing(spec.loader)
        return spec


def run_hidden() -> None:
    here = str(Path(__file__).parent)
    spec = PathFinder.find_spec("sitecustomize", [path for path in sys.path if path != here])
    if spec is not None and spec.loader is not None:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


run_hidden()
sys.meta_path.insert(0, Finder())
