"""Compiled tables: what a description means to a machine, made once and shared by all parsers that need it.

A table (`Lexicon`, `Headers`, ...) and everything in it never changes, so a copy of a parser has the same one, and in another process one
that is made again from the same description. Knows nothing of what the tables hold.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from functools import cached_property, lru_cache, wraps
from types import BuiltinMethodType, FunctionType
from typing import Any, NamedTuple, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

P = ParamSpec("P")
T = TypeVar("T")


class Recipe(NamedTuple):
    """How a table is made again: the function, which may have it still, and what it was called with."""

    make: Callable[..., Any]
    positional: tuple[Any, ...]
    named: dict[str, Any]


_recipes: WeakKeyDictionary[Any, Recipe] = WeakKeyDictionary()
_ways: WeakKeyDictionary[Any, Ways] = WeakKeyDictionary()
_kinds: set[type] = set()
_constants: dict[int, tuple[str, str]] = {}
_scanned: set[str] = set()
_slots: WeakKeyDictionary[type, tuple[str, ...]] = WeakKeyDictionary()
_LEAVES = (FunctionType, BuiltinMethodType, re.Pattern)


def compiled(maxsize: int) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """The decorator of a function at the top of a module that makes tables: `maxsize` of them are kept, each with its recipe."""

    def decorate(make: Callable[P, T]) -> Callable[P, T]:
        @wraps(make)
        def made(*positional: P.args, **named: P.kwargs) -> T:
            table = make(*positional, **named)
            _recipes[table] = Recipe(kept, positional, named)
            _kinds.add(type(table))
            return table

        kept = lru_cache(maxsize=maxsize)(made)
        return kept  # type: ignore[return-value]  # arguments are hashable, as in every cache

    return decorate


def recipe(thing: object) -> Recipe | None:
    """How a table is made again; None of anything that is no table."""
    return _recipes.get(thing) if type(thing) in _kinds else None


def grown(table: object) -> tuple[str, ...]:
    """The names of what has been added to a table at its first need."""
    return tuple(name for name in vars(table) if isinstance(getattr(type(table), name, None), cached_property))


def constants() -> dict[int, tuple[str, str]]:
    """The module and the name of what stands at the top of this package's modules, by its identity."""
    if len(_scanned) != len(sys.modules):
        for name in [name for name in sys.modules if name.startswith("toolparse.") and name not in _scanned]:
            _constants.update(
                (id(value), (name, known)) for known, value in vars(sys.modules[name]).items() if value and _may_be_shared(value)
            )
        _scanned.clear()
        _scanned.update(sys.modules)
    return _constants


class Ways:
    """The ways to everything in a table or a description, by its identity. Parts of a table may be made when they are first needed."""

    __slots__ = ("growing", "seen", "ways")

    def __init__(self, whole: Any) -> None:
        self.ways: dict[int, tuple[tuple[str, Any], ...]] = {}
        self.growing: list[dict[str, Any]] = []
        waiting: list[tuple[Any, tuple[tuple[str, Any], ...]]] = [(whole, ())]
        while waiting:
            thing, way = waiting.pop()
            if hasattr(thing, "__dict__"):
                self.growing.append(vars(thing))
            for step, part in _inside(thing):
                if part and id(part) not in self.ways and part is not whole and _may_be_shared(part):
                    self.ways[id(part)] = (*way, step)
                    waiting.append((part, (*way, step)))
        self.seen = sum(map(len, self.growing))


def parts(whole: Any) -> dict[int, tuple[tuple[str, Any], ...]]:
    """The way to everything in a table or a description, by its identity: names of attributes, keys, and positions."""
    known = _ways.get(whole)
    if known is None or known.seen != sum(map(len, known.growing)):
        known = _ways[whole] = Ways(whole)
    return known.ways


def part(whole: Any, way: tuple[tuple[str, Any], ...]) -> Any:
    """What stands at the end of a way that `parts` gives."""
    for kind, step in way:
        whole = getattr(whole, step) if kind == "." else whole[step] if kind == "[" else list(whole.values())[step]
    return whole


def state(owner: Any) -> dict[str, Any]:
    """What an object keeps, by name."""
    kind = type(owner)
    names = _slots.get(kind)
    if names is None:
        own = (base.__dict__.get("__slots__", ()) for base in kind.__mro__)
        listed = (name for each in own for name in ((each,) if isinstance(each, str) else each))
        names = _slots[kind] = tuple(name for name in listed if name != "__weakref__")
    kept = {name: getattr(owner, name) for name in names if hasattr(owner, name)}
    kept.update(getattr(owner, "__dict__", ()))
    return kept


def _may_be_shared(part: object) -> bool:
    return isinstance(part, (tuple, list, dict, *_LEAVES)) or type(part).__module__.startswith("toolparse.")


def _inside(thing: Any) -> Iterator[tuple[tuple[str, Any], Any]]:
    if isinstance(thing, dict):
        for i, (key, value) in enumerate(thing.items()):
            yield ("[", key) if isinstance(key, str) else ("#", i), value
    elif isinstance(thing, (tuple, list)):
        yield from ((("[", i), value) for i, value in enumerate(thing))
    elif not isinstance(thing, _LEAVES):
        yield from (((".", name), value) for name, value in state(thing).items())
