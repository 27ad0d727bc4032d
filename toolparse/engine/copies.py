"""Copies of a parser at any moment: `copy.copy`, `copy.deepcopy` and `pickle`.

What a parser keeps is state, tables that all parsers share, and what its user gave it. The state is copied by value, whatever its fields
are called: nothing here knows them. Shared tables stay what they are in a copy; in a pickle they go by how they are made, and their parts
by the way to them. What the user gave (functions, tools) is shared by copies; a pickle must be able to take it.
"""

from __future__ import annotations

import io
import itertools
import pickle
from importlib import import_module
from types import BuiltinMethodType, MethodType
from typing import Any

from toolparse import __version__
from toolparse.compiled import Ways, constants, grown, part, parts, recipe, state
from toolparse.grammar import Format
from toolparse.schemas.tools import Tools

_ATOMS = frozenset((str, int, float, bool, bytes, type(None)))
_CONTAINERS = frozenset((list, dict, tuple, set, frozenset, bytearray))
_SELF = "self"


class _Copier(pickle.Pickler):
    """Writes the state of `owner` for a copy in this process: what is not its own is put into `kept` and goes by its place there."""

    def __init__(self, file: io.BytesIO, owner: Any) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self.owner = owner
        self.kept: list[Any] = []
        self.shared: list[dict[int, Any]] = [constants(), *map(parts, itertools.chain(*_wholes(owner)))]

    def persistent_id(self, thing: Any) -> object:
        """Where the thing stands in `kept`; None when it is copied."""
        if thing is self.owner:
            return _SELF
        kind = type(thing)
        if kind in _ATOMS or (kind in _CONTAINERS and not thing):
            return None
        if not any(id(thing) in shared for shared in self.shared) and self.is_own(thing):
            return None
        self.kept.append(thing)
        return len(self.kept) - 1

    def is_own(self, thing: Any) -> bool:
        """Whether the thing is state of the parser: a container, an object of this package, or a method of one."""
        kind = type(thing)
        if kind in _ATOMS or kind in _CONTAINERS:
            return True
        if kind is MethodType or kind is BuiltinMethodType:
            return self.is_own(thing.__self__)
        return kind.__module__.startswith("toolparse.") and kind is not Tools and kind is not Format and recipe(thing) is None


class _Reader(pickle.Unpickler):
    """Reads what a `_Copier` wrote."""

    def __init__(self, file: io.BytesIO, owner: Any, kept: list[Any]) -> None:
        super().__init__(file)
        self.owner = owner
        self.kept = kept

    def persistent_load(self, place: Any) -> Any:
        return self.owner if place == _SELF else self.kept[place]


class _Packer(pickle.Pickler):
    """Writes the state of `owner` for another process, tables by their recipes and parts of tables by the way to them."""

    def __init__(self, file: io.BytesIO, owner: Any) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self.owner = owner
        self.formats, self.tables = _wholes(owner)
        self.given = {identity for table in self.tables for identity in _given(table)}
        self.known: dict[int, object] = {}  # the same object each time, so that the pickle holds it once

    def persistent_id(self, thing: Any) -> object:
        if thing is self.owner:
            return _SELF
        kind = type(thing)
        if kind in _ATOMS or kind is Format or (kind in _CONTAINERS and not thing) or id(thing) in self.given:
            return None
        known = self.known.get(id(thing))
        if known is None:
            made = recipe(thing)
            if made is not None:
                known = self.known[id(thing)] = (*made, grown(thing))
            else:
                known = self.way_to(id(thing))
                if known is not None:
                    self.known[id(thing)] = known
        return known

    def way_to(self, identity: int) -> object:
        """Where a shared thing is found: in a format, at the top of a module, in a table; each may be made from those before it."""
        for whole in self.formats:
            if identity in parts(whole):
                return whole, parts(whole)[identity]
        constant = constants().get(identity)
        if constant is not None:
            return constant
        return next(((whole, parts(whole)[identity]) for whole in self.tables if identity in parts(whole)), None)


class _Unpacker(pickle.Unpickler):
    """Reads what a `_Packer` wrote."""

    def __init__(self, file: io.BytesIO, owner: Any) -> None:
        super().__init__(file)
        self.owner = owner

    def persistent_load(self, known: Any) -> Any:
        if known == _SELF:
            return self.owner
        if len(known) == 2:
            whole, way = known
            return getattr(import_module(whole), way) if isinstance(whole, str) else part(whole, way)
        make, positional, named, later = known
        table = make(*positional, **named)
        for name in later:
            getattr(table, name)
        return table


def _wholes(owner: Any) -> tuple[list[Any], list[Any]]:
    """The descriptions and the tables that a parser holds, its turn, and what that holds."""
    tables: dict[int, Any] = {}
    formats: dict[int, Any] = {}
    level = [owner]
    for _ in range(3):
        level = [value for each in level for value in state(each).values() if type(value).__module__.startswith("toolparse.")]
        for value in level:
            if type(value) is Format:
                formats[id(value)] = value
            elif recipe(value) is not None:
                tables[id(value)] = value
        level = [value for value in level if id(value) not in formats and id(value) not in tables]
    return [*formats.values()], [*tables.values()]


def _given(table: Any) -> set[int]:
    """What a table was made from, by its identity: that goes by value, as the table cannot be had without it."""
    made = recipe(table)
    assert made is not None
    found: set[int] = set()
    for argument in (*made.positional, *made.named.values()):
        if type(argument) not in _ATOMS and type(argument) is not Format:
            found |= {id(argument), *Ways(argument).ways}
    return found


def _with_state(owner: Any, kept: dict[str, Any]) -> Any:
    for name, value in kept.items():
        setattr(owner, name, value)
    return owner


def copy_of(owner: Any) -> Any:
    """A copy of a parser that goes on independently."""
    file = io.BytesIO()
    copier = _Copier(file, owner)
    copier.dump(state(owner))
    file.seek(0)
    twin = object.__new__(type(owner))
    return _with_state(twin, _Reader(file, twin, copier.kept).load())


def packed(owner: Any) -> bytes:
    """A parser's state as bytes. Raises `pickle.PicklingError` when its user gave it something that cannot be pickled."""
    file = io.BytesIO()
    try:
        _Packer(file, owner).dump(state(owner))
    except Exception as fault:
        raise pickle.PicklingError(
            f"this parser was given something that cannot be pickled ({fault}): as new_id and in tools, pass functions and classes "
            "from the top level of a module"
        ) from fault
    return file.getvalue()


def unpacked(kind: type, version: str, packed_state: bytes) -> Any:
    """The parser of the class `kind` that `packed` made bytes of. Raises `ValueError` for those of another version."""
    if version != __version__:
        raise ValueError(f"pickled by toolparse {version}, not to be read by {__version__}: use one version in all processes")
    owner: Any = object.__new__(kind)
    return _with_state(owner, _Unpacker(io.BytesIO(packed_state), owner).load())
