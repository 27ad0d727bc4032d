"""What the request asks for: the `tool_choice` of the chat APIs, read once, and the calls that guided decoding yields under it.

Constrained decoding of a forced call often writes bare JSON instead of the model's own format: a list of `{"name", "parameters"}` when
any tool is required, the bare arguments object when one function is named. Both are described in the words of the grammar.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from toolparse.grammar import Ahead, Calls, Envelope, JsonText, OneOf

_FENCE = OneOf(("```json", "```"))
LISTED = Calls(
    also=((_FENCE,),), body=Envelope(arguments=("parameters", "arguments")), close=(OneOf(("```", "")),), where="line", between="; "
)
"""`[{"name": …, "parameters": …}]`, or one such object."""
ARGUMENTS = Calls(open=(Ahead(("{",)),), also=((_FENCE, Ahead(("{",))),), body=JsonText(), close=(OneOf(("```", "")),), where="line")
"""The arguments of the one function that the request names."""
LISTED_IN_TEXT = replace(LISTED, where="anywhere", needs="tool")
"""The same behind words, where prose may have brackets: of declared tools only."""
_FITTING = Ahead((("{", '"{key}"', ":"),))
ARGUMENTS_IN_TEXT = replace(ARGUMENTS, open=(_FITTING,), also=((_FENCE, _FITTING),), where="anywhere", needs="tool", name=r'[^"\\\n]')
"""Arguments behind words: the first key is a parameter of the function."""
BY_NAME = (ARGUMENTS, ARGUMENTS_IN_TEXT)
FORCED = (LISTED, LISTED_IN_TEXT)
FORCED_BY_NAME = (ARGUMENTS, LISTED, ARGUMENTS_IN_TEXT, LISTED_IN_TEXT)
"""What counts under `required` and behind a named function besides the format's own calls."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Whether calls are looked for, whether one must come, the only tools that may be called, and the one that is forced."""

    mode: Literal["auto", "none", "required"] = "auto"
    allowed: frozenset[str] | None = None
    name: str | None = None


def read_choice(given: object) -> Choice:
    """A `tool_choice` of the OpenAI chat, OpenAI Responses or Anthropic API.

    >>> read_choice({"type": "function", "function": {"name": "f"}}).name
    'f'

    Raises `ValueError` for anything else.
    """
    if isinstance(given, str):
        mode = "required" if given == "any" else given
        if mode in _MODES:
            return _MODES[mode]
    elif isinstance(given, Mapping):
        kind = given.get("type")
        if kind in ("auto", "none", "required", "any"):
            return read_choice(kind)
        if kind in ("function", "tool"):
            name = _name(given)
            if name:
                return Choice("required", frozenset((name,)), name)
        if kind == "allowed_tools":
            inner = given.get("allowed_tools", given)
            tools = inner.get("tools") if isinstance(inner, Mapping) else None
            if isinstance(tools, list):
                names = frozenset(name for tool in tools if isinstance(tool, Mapping) and (name := _name(tool)))
                return Choice("required" if inner.get("mode") == "required" else "auto", names)
    raise ValueError(f"unknown tool_choice {given!r}: use 'auto', 'none', 'required' or an object that names a function")


_MODES = {"auto": Choice("auto"), "none": Choice("none"), "required": Choice("required")}


def _name(tool: Mapping[str, Any]) -> str | None:
    function = tool.get("function", tool)
    name = function.get("name") if isinstance(function, Mapping) else None
    return name if isinstance(name, str) else None
