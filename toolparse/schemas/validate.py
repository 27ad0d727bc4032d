"""Whether calls fit their tools, in words that a developer or a model can act on; and arguments as a tool's own types.

Knows messages and tools. How a value is checked against a schema is for `schema_check`, which is loaded when a call is checked.
"""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toolparse.message import Message, ToolCall
from toolparse.schemas.tools import Tool, Tools

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError
    from pydantic import TypeAdapter

    from toolparse.schemas.check import Checker

_CACHED = 256  # tools
_SHOWN = 60  # characters of a value in a sentence
_SHOWN_BITS = 10_000
_LISTED = 10  # names or choices in a sentence


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that is wrong with a call.

    - `index`: the call;
    - `path`: a JSON pointer into the arguments, "" for the whole; of a missing argument, where it belongs;
    - `rule`: the JSON Schema keyword that is not met ("type", "required", "additionalProperties" …), or "tool" (unknown name),
      "incomplete" (the output was cut inside the call), "schema" (the tool's own schema is at fault) or "limit" (too large, too
      deep or too slow to check);
    - `found`: the value there, None when there is none;
    - `message`: a sentence fragment that says what was expected and what was found.
    """

    index: int
    path: str
    rule: str
    found: Any
    message: str


def validate_message(message: Message, tools: Any) -> list[Violation]:
    """The violations of a message's calls, in their order. See `ToolCall.validate`."""
    known = _tools(tools)
    return [violation for call in message.tool_calls for violation in validate_call(call, known)]


def validate_call(call: ToolCall, tools: Any) -> list[Violation]:
    """The violations of one call. See `ToolCall.validate`."""
    known = _tools(tools)
    tool = known.get(call.name)
    if tool is None:
        return [Violation(call.index, "", "tool", call.name, _unknown(call.name, known))]
    if not call.complete:
        return [Violation(call.index, "", "incomplete", None, "the call was cut off before its arguments were complete")]
    value = call.value()
    if not isinstance(value, dict):
        return [Violation(call.index, "", "type", value, f"expected an object, found {_shown(value)}")]
    checker = _checker(_Same(tool))
    if checker.fault is not None:
        return [Violation(call.index, "", "schema", None, f"the tool's schema is at fault: {_fault(checker.fault)}")]
    errors, stop = checker.check(value)
    violations = [_violation(call.index, reason) for error in errors for reason in _reasons(error)]
    if stop is not None:
        violations.append(Violation(call.index, "", stop.rule, None, f"this could not be checked to the end: {stop}"))
    return violations


def bind_call(call: ToolCall, tool: Any) -> Any:
    """The arguments as the tool's own types. See `ToolCall.bind`."""
    target = tool.source if isinstance(tool, Tool) else tool
    if isinstance(target, type) and hasattr(target, "model_validate_json"):
        return target.model_validate_json(call.arguments)
    if not inspect.isroutine(target):
        raise TypeError(f"bind needs a pydantic model class or a function, or a Tool made from one, not {target!r}")
    return _binder(target).validate_json(call.arguments)


@functools.lru_cache(maxsize=_CACHED)
def _binder(function: Callable[..., Any]) -> TypeAdapter[Any]:
    """Validates arguments for `function`, and binds them instead of calling it."""
    from pydantic import TypeAdapter

    signature = inspect.signature(function)

    def bind(*args: Any, **kwargs: Any) -> inspect.BoundArguments:
        return signature.bind(*args, **kwargs)

    bound: Any = functools.wraps(function)(bind)  # pydantic reads the signature and the annotations through it
    return TypeAdapter(bound)


class _Same:
    """A tool as the key of a cache: by identity, since schemas have no hash and comparing them takes time."""

    __slots__ = ("tool",)

    def __init__(self, tool: Tool) -> None:
        self.tool = tool

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.tool is other.tool

    def __hash__(self) -> int:
        return id(self.tool)


@functools.lru_cache(maxsize=_CACHED)
def _checker(same: _Same) -> Checker:
    from toolparse.schemas.check import Checker

    return Checker(same.tool.parameters, same.tool.strict)


def _tools(tools: Any) -> Tools:
    if isinstance(tools, Tools):
        return tools
    return Tools(tools if isinstance(tools, (list, tuple, str)) else [tools])


def _unknown(name: str, tools: Tools) -> str:
    closest = tools.closest(name)
    if closest is not None:
        hint = f"; did you mean {closest}?"
    elif tools.names:
        hint = f"; there is {_listed(tools.names)}"
    else:
        hint = ", nor any other"
    return f"there is no tool {shortened(name)}{hint}"


def _fault(fault: ValidationError | Exception) -> str:
    if hasattr(fault, "absolute_path"):
        violation = _violation(0, _reasons(fault)[0])
        return f"at {violation.path or 'its root'}, {violation.message}"
    return str(fault)


def _reasons(error: Any) -> list[Any]:
    """The errors that say most: of a union that nothing fits, those of the one branch that is meant, if one stands out."""
    if not error.context:
        return [error]
    depth = len(error.absolute_path)
    branches = {each.schema_path[0] for each in error.context}
    for each in error.context:
        below = len(each.absolute_path) - depth
        if (each.validator == "type" and below == 0) or (each.validator == "const" and below <= 1):  # another kind, another tag
            branches.discard(each.schema_path[0])
    if len(branches) != 1:
        return [error]
    return [reason for each in error.context if each.schema_path[0] in branches for reason in _reasons(each)]


def _violation(index: int, error: Any) -> Violation:
    path = "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in error.absolute_path)
    return Violation(index, path, error.validator or "false", error.instance, _sentence(error))


def _sentence(error: Any) -> str:
    rule, wanted, found = error.validator, error.validator_value, _shown(error.instance)
    if rule == "required":
        return "expected, but missing"
    if rule in ("additionalProperties", "unevaluatedProperties"):
        known = [shortened(name) for name in error.schema.get("properties", ())]
        return f"not expected; {'known are ' + _listed(known) if known else 'nothing else may stand here'}"
    if rule in ("anyOf", "oneOf"):
        if not error.context:
            return f"expected to fit exactly one of {len(wanted)} forms, but {found} fits several"
        if all(each.validator == "type" for each in error.context):
            return f"expected {' or '.join(_types(each.validator_value) for each in error.context)}, found {found}"
        return f"expected one of {len(wanted)} forms, and {found} fits none"
    expected = _EXPECTED.get(rule)
    if expected is None:
        return f"expected to meet {rule or 'a schema that allows nothing'}, found {found}"
    return f"expected {expected(wanted)}, found {found}"


_EXPECTED: dict[Any, Callable[[Any], str]] = {
    "const": lambda wanted: _shown(wanted),
    "enum": lambda wanted: f"one of {_listed([_shown(each) for each in wanted])}",
    "exclusiveMaximum": lambda wanted: f"less than {_shown(wanted)}",
    "exclusiveMinimum": lambda wanted: f"more than {_shown(wanted)}",
    "format": lambda wanted: f"a string of the format {shortened(str(wanted))}",
    "maxItems": lambda wanted: f"at most {_shown(wanted)} items",
    "maxLength": lambda wanted: f"at most {_shown(wanted)} characters",
    "maximum": lambda wanted: f"at most {_shown(wanted)}",
    "minItems": lambda wanted: f"at least {_shown(wanted)} items",
    "minLength": lambda wanted: f"at least {_shown(wanted)} characters",
    "minimum": lambda wanted: f"at least {_shown(wanted)}",
    "multipleOf": lambda wanted: f"a multiple of {_shown(wanted)}",
    "pattern": lambda wanted: f"a string that matches {shortened(wanted)}",
    "type": lambda wanted: _types(wanted),
    "uniqueItems": lambda wanted: "no item twice",
}


def _types(wanted: Any) -> str:
    names = [wanted] if isinstance(wanted, str) else wanted
    return " or ".join(name if name == "null" else f"{'an' if name[0] in 'aeiou' else 'a'} {name}" for name in names)


def _listed(names: Sequence[str]) -> str:
    if len(names) > _LISTED:
        return f"{', '.join(names[:_LISTED])} and {len(names) - _LISTED} more"
    return ", ".join(names)


def _shown(value: Any) -> str:
    """A value in a few words of JSON, however large it is."""
    if isinstance(value, str):
        return json.dumps(shortened(value), ensure_ascii=False)
    if isinstance(value, dict):
        return f"an object with {_listed([shortened(name) for name in value])}" if value else "an empty object"
    if isinstance(value, list):
        return f"an array of {len(value)}" if value else "an empty array"
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, int) and value.bit_length() > _SHOWN_BITS:
        return "a very long integer"  # which str() may refuse
    return shortened(str(value))


def shortened(text: str) -> str:
    """The beginning of a text that a model wrote, fit to be sent: a lone surrogate is not."""
    cut = text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
    return cut.encode("utf-8", "replace").decode()
