"""Values made after the skeleton of a response template, and the calls that such a value holds.

Knows `Slot`s and plain values. A skeleton is as deep as a template's author wrote it; what fills it is as deep as its reader
allowed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from toolparse.grammar import Slot


def fill(shape: Any, scope: dict[str, Any]) -> Any:
    """The skeleton with its slots filled; a slot that the scope has no value for is None.

    >>> fill({"name": Slot(("content", "tool"))}, {"content": {"tool": "f"}})
    {'name': 'f'}
    """
    if isinstance(shape, dict):
        return {key: fill(value, scope) for key, value in shape.items()}
    if isinstance(shape, list):
        return [fill(value, scope) for value in shape]
    if not isinstance(shape, Slot):
        return shape
    value: Any = scope
    for word in shape.path:
        value = value.get(word) if isinstance(value, dict) else None
    return value


class Filled(NamedTuple):
    """A call in a value. `arguments` is what stands in their place."""

    name: str
    id: str | None
    arguments: Any


def calls_in(value: Any) -> Iterator[Filled | None]:
    """The calls of a value that is one, or a list of some, `{"function": {"name", "arguments"}}` or the inner object alone;
    None for what is no call.
    """
    for item in value if isinstance(value, list) else [value]:
        call = item if isinstance(item, dict) else {}
        function = call.get("function")
        inner = function if isinstance(function, dict) else call
        name = inner.get("name")
        given = call.get("id") or inner.get("id")
        if isinstance(name, str) and name.strip():
            yield Filled(name.strip(), str(given) if isinstance(given, (str, int)) else None, inner.get("arguments"))
        else:
            yield None
