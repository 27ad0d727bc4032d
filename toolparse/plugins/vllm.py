"""Registers every format with vLLM. The entry point `vllm.general_plugins` calls `register` in each of vLLM's processes.

Only names are registered here; the classes are made when vLLM asks for one (`vllm_parsers.py`).
"""

from __future__ import annotations

from functools import wraps
from importlib import import_module
from typing import Any

from toolparse.plugins.names import reasoning_parsers, tool_parsers
from toolparse.plugins.reports import missing

_CLASSES = "toolparse.plugins.vllm_parsers"
_TOOL_MANAGERS = (
    ("vllm.tool_parsers.abstract_tool_parser", "ToolParserManager"),
    ("vllm.entrypoints.openai.tool_parsers", "ToolParserManager"),  # before vLLM 0.13
)
_REASONING_MANAGERS = (("vllm.reasoning", "ReasoningParserManager"),)


def register() -> None:
    """Make `--tool-call-parser toolparse_NAME` and `--reasoning-parser toolparse_NAME` known. May be called any number of times.

    Never raises: vLLM calls it in servers that do not use toolparse, too. What is not where it was is one line in the log.
    """
    for kind, names, places in (
        ("tool", tool_parsers, _TOOL_MANAGERS),
        ("reasoning", reasoning_parsers, _REASONING_MANAGERS),
    ):
        try:
            _register(first_of(*places), kind, names())
        except Exception as error:
            missing(f"toolparse has no {kind} parsers in this vLLM, as its {kind} parser manager is not as expected", error)
    try:
        _read_in_one_pass()
    except Exception as error:
        missing("toolparse reads reasoning and calls one after the other in this vLLM, as its parser manager is not as expected", error)


def first_of(*places: tuple[str, str]) -> Any:
    """The first of these attributes of modules that there is. Where there is none, what is wrong with the first is raised."""
    errors: list[Exception] = []
    for module, name in places:
        try:
            return getattr(import_module(module), name)
        except (ImportError, AttributeError) as error:
            errors.append(error)
    raise errors[0]


def _register(manager: Any, kind: str, names: dict[str, str]) -> None:
    for name, fmt in names.items():
        if hasattr(manager, "register_lazy_module"):
            manager.register_lazy_module(name, _CLASSES, f"{kind}:{fmt}")
        else:
            from toolparse.plugins.vllm_parsers import class_for

            manager.register_module(name, module=class_for(f"{kind}:{fmt}"))


def _read_in_one_pass() -> None:
    """Let one parser read reasoning and calls where both, or the only one, are ours.

    vLLM composes a tool parser and a reasoning parser in one private place, where it puts its own one-pass parsers for some models;
    for a plug-in's there is no hook. Without that place, or what `one_pass_parser` needs, the two parsers work side by side.
    """
    try:
        manager: Any = import_module("vllm.parser.parser_manager").ParserManager
    except ImportError as error:
        missing("toolparse reads reasoning and calls one after the other: vllm.parser.parser_manager is not in this vLLM", error)
        return
    composing = vars(manager).get("_compose_parser")
    if composing is None:
        missing("toolparse reads reasoning and calls one after the other: ParserManager._compose_parser is not in this vLLM")
        return
    own = composing.__func__ if isinstance(composing, classmethod) else None
    if own is None or getattr(own, "by_toolparse", False):
        return

    @wraps(own)
    def one_pass(cls: Any, /, *args: Any, **options: Any) -> Any:
        composed = own(cls, *args, **options)
        try:
            classes = [getattr(composed, name, None) for name in ("tool_parser_cls", "reasoning_parser_cls")]
            if not any(classes) or not all(hasattr(each, "toolparse_format") for each in classes if each is not None):
                return composed
            from toolparse.plugins.vllm_parsers import one_pass_parser

            return one_pass_parser(composed)
        except Exception as error:
            missing("toolparse reads reasoning and calls one after the other, as vLLM's parser is not as expected", error)
            return composed

    one_pass.by_toolparse = True  # type: ignore[attr-defined]
    manager._compose_parser = classmethod(one_pass)
