"""Registers every format with vLLM. The entry point `vllm.general_plugins` calls `register` in each of vLLM's processes.

Only names are registered here; the classes are made when vLLM asks for one (`vllm_parsers.py`).
"""

from __future__ import annotations

from typing import Any

from toolparse.plugins.names import reasoning_parsers, tool_parsers

_CLASSES = "toolparse.plugins.vllm_parsers"


def register() -> None:
    """Make `--tool-call-parser toolparse_NAME` and `--reasoning-parser toolparse_NAME` known. May be called any number of times."""
    try:
        from vllm.tool_parsers.abstract_tool_parser import ToolParserManager
    except ImportError:  # before vLLM 0.13
        from vllm.entrypoints.openai.tool_parsers import ToolParserManager
    from vllm.reasoning import ReasoningParserManager

    for manager, kind, names in (
        (ToolParserManager, "tool", tool_parsers()),
        (ReasoningParserManager, "reasoning", reasoning_parsers()),
    ):
        for name, fmt in names.items():
            if hasattr(manager, "register_lazy_module"):
                manager.register_lazy_module(name, _CLASSES, f"{kind}:{fmt}")
            else:
                from toolparse.plugins.vllm_parsers import class_for

                manager.register_module(name, module=class_for(f"{kind}:{fmt}"))
    _read_in_one_pass()


def _read_in_one_pass() -> None:
    """Let one parser read reasoning and calls where both, or the only one, are ours.

    vLLM composes a tool parser and a reasoning parser in one private place, where it puts its own one-pass parsers for some models;
    for a plug-in's there is no hook. Without that place the two parsers work side by side.
    """
    try:
        from vllm.parser.parser_manager import ParserManager

        compose = ParserManager._compose_parser
    except (ImportError, AttributeError):
        return
    if getattr(compose, "by_toolparse", False):
        return

    def one_pass(cls: Any, /, **options: Any) -> Any:
        composed = compose(**options)
        if composed is None or options.get("is_harmony"):
            return composed
        if not all(hasattr(each, "toolparse_format") for each in (composed.tool_parser_cls, composed.reasoning_parser_cls) if each):
            return composed
        from toolparse.plugins.vllm_parsers import one_pass_parser

        return one_pass_parser(composed)

    one_pass.by_toolparse = True  # type: ignore[attr-defined]
    ParserManager._compose_parser = classmethod(one_pass)
