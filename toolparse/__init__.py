"""toolparse: what a language model writes, as tool calls.

Incremental parsers for the wire formats of tool-calling models. The public names are these; each loads with its first use.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from toolparse.align import Alignment, align
    from toolparse.constrain.constraint import CannotConstrain, Constraint, constrain
    from toolparse.detect import Guess, detect
    from toolparse.events import Attempt, CallArguments, CallEnd, CallStart, Content, Event, Problem, Reasoning, Span
    from toolparse.formats import UnknownFormat, formats, get_format, register
    from toolparse.grammar import Format
    from toolparse.grammar_check import InvalidFormat
    from toolparse.jsontext.repair import repair
    from toolparse.message import Message, MessageBuilder, ReasoningPart, TextPart, ToolCall
    from toolparse.parser import Parser, parse
    from toolparse.rendering.render import CannotRender, render
    from toolparse.schemas.feedback import feedback
    from toolparse.schemas.tools import InvalidTools, Tool, Tools
    from toolparse.schemas.validate import Violation
    from toolparse.templates.response_template import InvalidTemplate, from_response_template
    from toolparse.toolbox.conversation import Conversation, TooManyRounds
    from toolparse.toolbox.results import Image, ToolResult
    from toolparse.toolbox.toolbox import Toolbox
    from toolparse.toolbox.wrapped_client import wrap

__version__ = "0.1.0"

_HOMES = {
    "toolparse.constrain.constraint": ("CannotConstrain", "Constraint", "constrain"),
    "toolparse.align": ("Alignment", "align"),
    "toolparse.detect": ("Guess", "detect"),
    "toolparse.events": ("Attempt", "CallArguments", "CallEnd", "CallStart", "Content", "Event", "Problem", "Reasoning", "Span"),
    "toolparse.schemas.feedback": ("feedback",),
    "toolparse.formats": ("UnknownFormat", "formats", "get_format", "register"),
    "toolparse.grammar": ("Format",),
    "toolparse.grammar_check": ("InvalidFormat",),
    "toolparse.message": ("Message", "MessageBuilder", "ReasoningPart", "TextPart", "ToolCall"),
    "toolparse.parser": ("Parser", "parse"),
    "toolparse.rendering.render": ("CannotRender", "render"),
    "toolparse.jsontext.repair": ("repair",),
    "toolparse.templates.response_template": ("InvalidTemplate", "from_response_template"),
    "toolparse.schemas.tools": ("InvalidTools", "Tool", "Tools"),
    "toolparse.schemas.validate": ("Violation",),
    "toolparse.toolbox.conversation": ("Conversation", "TooManyRounds"),
    "toolparse.toolbox.results": ("Image", "ToolResult"),
    "toolparse.toolbox.toolbox": ("Toolbox",),
    "toolparse.toolbox.wrapped_client": ("wrap",),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}
__all__ = [
    "Alignment", "Attempt", "CallArguments", "CallEnd", "CallStart", "CannotConstrain", "CannotRender", "Constraint", "Content",
    "Conversation", "Event", "Format", "Guess", "Image", "InvalidFormat", "InvalidTemplate", "InvalidTools", "Message", "MessageBuilder",
    "Parser", "Problem", "Reasoning", "ReasoningPart", "Span", "TextPart", "TooManyRounds", "Tool", "ToolCall", "ToolResult", "Toolbox",
    "Tools", "UnknownFormat", "Violation", "align", "constrain", "detect", "feedback", "formats", "from_response_template", "get_format",
    "parse", "register", "render", "repair", "wrap",
]  # fmt: skip


class _Package(ModuleType):
    """The package as an object: a module such as `toolparse.repair` must not hide the function of the same name."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOME and isinstance(value, ModuleType)):
            super().__setattr__(name, value)

    def __reduce__(self) -> tuple[Any, ...]:
        """By name, as other modules are pickled by value with a function that uses them."""
        return import_module, (self.__name__,)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'toolparse' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
