"""What SGLang decides by the *name* of a parser, done for a name of ours as for the name that it stands for.

Where the server's arguments are resolved a name of ours is made one that equals SGLang's own: SGLang compares names in some thirty places,
many of them in the middle of a function. As a key it stays ours, so tables give our classes. Two more hooks tell our detectors of the
request. All are put in through SGLang's own registry of hooks; in a server that names no parser of ours only the first, which does nothing.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from pkgutil import resolve_name
from typing import Any

from toolparse.formats import get_format
from toolparse.grammar import Format
from toolparse.plugins.names import PREFIX, tool_parsers
from toolparse.plugins.reports import missing

ADAPTER = "sglang.srt.entrypoints.openai.serving_chat.OpenAIServingChat._build_chat_encoding_adapter"
ARGUMENTS = "sglang.srt.server_args.ServerArgs.resolve_once"
KINDS = ("tool_call_parser", "reasoning_parser")
"""The names of parsers, as attributes of SGLang's arguments and of its serving layer."""

_put_in: set[str] = set()


class ParserName(str):
    """A name of ours that equals the name of SGLang's that it stands for, too, but as a key is only itself.

    >>> name = ParserName("toolparse_glm47", "glm47")
    >>> name == "glm47", name in ("glm45", "glm47"), name in {"glm47": 1}, name in {"toolparse_glm47": 1}
    (True, True, False, True)
    """

    own: str

    def __new__(cls, name: str, own: str) -> ParserName:
        made = super().__new__(cls, name)
        made.own = own
        return made

    def __eq__(self, other: object) -> bool:
        return str.__eq__(self, other) is True or self.own == other

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = str.__hash__

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        return ParserName, (str(self), self.own)


class Plain:
    """A serving layer whose parsers have plain names. All else of it is the one that it stands for."""

    def __init__(self, serving: Any) -> None:
        self._serving = serving

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._serving, name)
        return str(value) if isinstance(value, ParserName) else value


def name_parsers(own_names: Callable[[str, str], str | None]) -> None:
    """Let SGLang's arguments hold a `ParserName` where they name a parser of ours. SGLang applies the hook when all plug-ins are loaded."""
    if ARGUMENTS in _put_in or not _there(ARGUMENTS):
        return
    _put_in.add(ARGUMENTS)
    from sglang.srt.plugins.hook_registry import HookRegistry, HookType

    def hook(arguments: Any, *args: Any, **options: Any) -> None:
        try:
            _name_parsers(arguments, own_names)
        except Exception as error:
            missing(
                "toolparse cannot name its parsers in SGLang's arguments: what it decides by a parser's name it does not do for them", error
            )

    HookRegistry.register(ARGUMENTS, hook, HookType.BEFORE)


def _name_parsers(arguments: Any, own_names: Callable[[str, str], str | None]) -> None:
    if getattr(arguments, "_resolution_finished", False):
        return  # they are sealed; a child process has them as they were pickled
    ours = False
    for kind in KINDS:
        name = getattr(arguments, kind, None)
        own = own_names(kind, name) if isinstance(name, str) and name.startswith(PREFIX) else None
        if own is not None:
            ours = True
            setattr(arguments, kind, ParserName(str(name), own))
    if ours:
        # An adapter of SGLang's that reads tokens itself would go by the name and leave our parsers out.
        _apply({ADAPTER: _with_plain_names})


def put_in(own_names: Callable[[str, str], str | None]) -> None:
    """Put in the hooks that tell our detectors of a request. `own_names` gives SGLang's name for a kind of parser and a name of ours."""
    _apply(
        {
            "sglang.srt.parser.reasoning_parser.ReasoningParser.__init__": _told_reasoning(own_names),
            "sglang.srt.function_call.function_call_parser.FunctionCallParser.__init__": _told_tools,
        }
    )


def _apply(hooks: dict[str, Callable[..., Any]]) -> None:
    """Register and apply the hooks that are not there yet; SGLang applies those of its start itself, when all plug-ins have been loaded."""
    new = {target: hook for target, hook in hooks.items() if target not in _put_in and _there(target)}
    if not new:
        return
    _put_in.update(new)
    try:
        from sglang.srt.plugins.hook_registry import HookRegistry, HookType

        for target, hook in new.items():
            HookRegistry.register(target, hook, HookType.AROUND)
        HookRegistry.apply_hooks()
    except Exception as error:
        missing("toolparse cannot use SGLang's hooks: what it decides by a parser's name it does not do for toolparse", error)


def _there(target: str) -> bool:
    """Whether SGLang has what is to be hooked; its registry would log an exception where it has not."""
    try:
        resolve_name(target)
    except (ImportError, AttributeError) as error:
        missing(f"toolparse cannot hook {target}: what SGLang does there it does not do for toolparse", error)
        return False
    return True


def _with_plain_names(original: Callable[..., Any], serving: Any, *args: Any, **options: Any) -> Any:
    return original(Plain(serving), *args, **options)


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
                missing(f"toolparse starts {own} as the format says, as SGLang's own reasoning parser cannot be made", error)
        original(parser, *args, **options)
        detector = getattr(parser, "detector", None)
        if detector is None:
            missing("toolparse is not told of requests in this SGLang, as ReasoningParser has no detector")
        else:
            detector.told(given.get("request"), bool(given.get("tool_call_parser_active")))
        return None

    return hook


def _told_tools(original: Callable[..., Any], parser: Any, *args: Any, **options: Any) -> Any:
    """A detector of ours knows the tools before it is asked whether a text has calls."""
    original(parser, *args, **options)
    detector: Any = getattr(parser, "detector", None)
    if hasattr(detector, "toolparse_format"):
        detector.request_tools = getattr(parser, "tools", None)
        detector.request_tokenizer = options.get("tokenizer", args[2] if len(args) > 2 else None)


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
    except ImportError as error:
        missing("toolparse does not know which tool parser this SGLang has, so its reasoning parsers read their own format's calls", error)
        return None
    try:
        name = get_serving().tool_call_parser
        known = tool_parsers().get(PREFIX + str(name).removeprefix(PREFIX))
    except Exception:  # no server: a parser that is used by itself
        return None
    return None if known is None else get_format(known)


def grammar_backend() -> str | None:
    """What the server's `--grammar-backend` is; None where that is not known."""
    try:
        from sglang.srt.runtime_context import get_exec

        return str(get_exec().kernel.grammar_backend)
    except Exception:  # no server
        return None
