"""Finds LightLLM in the folder of its source that `LIGHTLLM_SOURCE` names. What only models, images and metrics need are empty modules."""

from __future__ import annotations

import os
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from absent import Absent

NOT_NEEDED = ("atomics", "librosa", "rpyc", "lightllm.models", "lightllm.server.embed_cache", "lightllm.server.httpserver",
              "lightllm.server.httpserver_for_pd_master", "lightllm.server.metrics", "lightllm.server.router")  # fmt: skip


class NotNeeded(MetaPathFinder, Loader):
    """Finds these modules and what is in them, and finds them empty."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        wanted = any(fullname == name or fullname.startswith(f"{name}.") for name in NOT_NEEDED)
        return ModuleSpec(fullname, self, is_package=True) if wanted else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return Absent(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        pass


sys.meta_path.insert(0, NotNeeded())
sys.path.insert(0, os.environ["LIGHTLLM_SOURCE"])
