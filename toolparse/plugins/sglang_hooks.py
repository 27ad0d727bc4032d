"""What SGLang's serving layer decides by the *name* of a parser, done for a name of ours as for the name that it stands for.

The hooks are put in through SGLang's own registry of hooks, in the process that makes a detector of ours, and when it makes the first: a
server that does not use toolparse is left as it is. Each hook goes on to SGLang's own function, whatever the arguments are.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

from toolparse.formats import get_format
from toolparse.grammar import Format
from toolparse.plugins.names import PREFIX, tool_parsers
from toolparse.plugins.reports import missing

SERVING = "sglang.srt.entrypoints.openai.serving_chat"
BY_NAME = (
    "_patch_reasoning_skip_special_tokens",
    "_process_tool_call_id",
    "_get_reasoning_from_request",
    "apply_reasoning_enabled",
    "_resolve_chat_encoding_spec",
)
"""The methods of `OpenAIServingChat` that look at a parser's name and may be told another one."""

_put_in: set[str] = set()


class Named:
    """A serving layer whose parsers have SGLang's own names. All else of it is the one that it stands for."""

    def __init__(self, serving: Any, names: dict[str, str]) -> None:
        self._serving = serving
        self._names = names

    def __getattr__(self, name: str) -> Any:
        return self._names[name] if name in self._names else getattr(self._serving, name)


def put_in(own_names: Callable[[str, str], str | None]) -> None:
    """Register the hooks that are not there yet. `own_names` gives SGLang's name for an attribute of a serving layer and its value."""
    targets: dict[str, Callable[..., Any]] = {}
    module = sys.modules.get(SERVING)  # not imported for this: it is there in the process that serves
    serving = getattr(module, "OpenAIServingChat", None)
    if serving is not None:
        targets.update({f"{SERVING}.OpenAIServingChat.{name}": _as_named(own_names) for name in BY_NAME if hasattr(serving, name)})
    targets["sglang.srt.parser.reasoning_parser.ReasoningParser.__init__"] = _told_reasoning(own_names)
    targets["sglang.srt.function_call.function_call_parser.FunctionCallParser.__init__"] = _told_tools
    targets = {target: hook for target, hook in targets.items() if target not in _put_in}
    if not targets:
        return
    _put_in.update(targets)
    try:
        from sglang.srt.plugins.hook_registry import HookRegistry, HookType

        for target, hook in targets.items():
            HookRegistry.register(target, hook, HookType.AROUND)
        HookRegistry.apply_hooks()
    except Exception as error:
        missing("SGLang's hooks are not as expected: what it decides by a parser's name it does not do for toolparse", error)


def _as_named(own_names: Callable[[str, str], str | None]) -> Callable[..., Any]:
    def hook(original: Callable[..., Any], serving: Any, *args: Any, **options: Any) -> Any:
        names: dict[str, str] = {}
        for attribute in ("tool_call_parser", "reasoning_parser"):
            name = getattr(serving, attribute, None)
            own = own_names(attribute, name) if isinstance(name, str) and name.startswith(PREFIX) else None
            if own is not None:
                names[attribute] = own
        return original(Named(serving, names) if names else serving, *args, **options)

    return hook


def _told_reasoning(own_names: Callable[[str, str], str | None]) -> Callable[..., Any]:
    """A detector of ours starts as SGLang's own would, and is told of the request."""

    def hook(original: Callable[..., Any], parser: Any, *args: Any, **options: Any) -> Any:
        try:
            given = inspect.signature(original).bind(parser, *args, **options).arguments
            name = str(given.get("model_type"))
            ours = hasattr(parser.DetectorMap[name.lower()], "toolparse_format")
        except Exception:
            return original(parser, *args, **options)
        if not ours:
            return original(parser, *args, **options)
        own = own_names("reasoning_parser", name)
        if own is not None:
            asked = {key: value for key, value in given.items() if key not in ("self", "parser", "model_type")}
            try:  # SGLang sets by name, for some, whether the output starts inside reasoning
                original(parser, own, **asked)
                options = {**asked, "force_reasoning": parser.detector.force_reasoning}
                args = (name,)
            except Exception as error:
                missing(f"SGLang's own reasoning parser {own} cannot be made, so toolparse_{own} starts as the format says", error)
        original(parser, *args, **options)
        parser.detector.told(given.get("request"), bool(given.get("tool_call_parser_active")))
        return None

    return hook


def _told_tools(original: Callable[..., Any], parser: Any, *args: Any, **options: Any) -> Any:
    """A detector of ours knows the tools before it is asked whether a text has calls."""
    original(parser, *args, **options)
    detector: Any = getattr(parser, "detector", None)
    if hasattr(detector, "toolparse_format"):
        detector.request_tools = getattr(parser, "tools", None)


def first_made(constructor: Callable[..., None], own_names: Callable[[str, str], str | None]) -> Callable[..., None]:
    """A detector's constructor that puts in the hooks first. Its signature, which SGLang looks at, stays."""

    @wraps(constructor)
    def __init__(self: Any, *args: Any, **options: Any) -> None:
        put_in(own_names)
        constructor(self, *args, **options)

    return __init__


def format_of_server() -> Format | None:
    """The format of the tool parser that the server was started with, ours or SGLang's own, where there is one."""
    try:
        from sglang.srt.runtime_context import get_serving

        name = get_serving().tool_call_parser
        known = tool_parsers().get(PREFIX + str(name).removeprefix(PREFIX))
    except Exception:  # no server: a parser that is used by itself
        return None
    return None if known is None else get_format(known)
