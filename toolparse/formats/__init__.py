"""The registry of formats: by name, loaded at first use.

Each module of this package describes one family and knows nothing but the grammar. A format may be asked for by its own name or by
any name that an engine gives it; case and punctuation do not matter.
"""

from __future__ import annotations

import copyreg
import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import fields
from functools import lru_cache
from weakref import WeakValueDictionary

from toolparse.grammar import Format

_registered: dict[str, Format] = {}
_offered: set[str] = set()
"""The names of formats that packages offer, which every process knows."""
_by_name: dict[str, Format] = {}
LONGEST = 100
"""Characters that the name of a format or a model may have; what is longer is an output."""
_by_reasoning_name: dict[str, Format] = {}


class UnknownFormat(ValueError):
    """No format has this name; the message names the closest ones."""


@lru_cache(maxsize=4096)
def key(name: str) -> str:
    """A name without case and punctuation: `DeepSeek-V3` and `deepseek_v3` are one."""
    return "".join(character for character in name.lower() if character.isalnum())


def register(fmt: Format) -> Format:
    """Add a format of one's own, or replace one of the same name. Returns it.

    Raises `InvalidFormat` if it cannot work, `ValueError` if another format has one of its names.
    """
    from toolparse.grammar_check import checked

    if not isinstance(fmt, Format):
        raise TypeError(f"a format is a toolparse.Format, not {type(fmt).__name__}; docs/adding-a-format.md shows one")
    checked(fmt)
    _offered.discard(fmt.name)
    return _add(fmt)


def _add(fmt: Format) -> Format:
    tables = ((_by_name, (fmt.name, *fmt.aliases)), (_by_reasoning_name, fmt.reasoning_aliases))
    for table, names in tables:
        for name in names:
            known = table.get(key(name))
            if known is not None and known.name != fmt.name:
                raise ValueError(f"the name {name!r} of the format {fmt.name!r} belongs to {known.name!r} already")
    _registered[fmt.name] = fmt
    for table, names in tables:
        for name in [name for name, known in table.items() if known.name == fmt.name]:
            del table[name]
        table.update((key(name), fmt) for name in names)
    return fmt


def _modules() -> list[str]:
    """The modules of this package, one a format or a family."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def _bring_in(module: str) -> None:
    """Register the formats that a module of this package describes (those it imports are registered by their own)."""
    for value in vars(importlib.import_module(f"{__name__}.{module}")).values():
        if isinstance(value, Format) and value.name not in _registered and key(value.name).startswith(key(module)):
            _add(value)
            _offered.add(value.name)


def _bring_in_named(name: str) -> None:
    """Most formats are asked for by the name of their module, so the others need not be read."""
    for module in _modules():
        if key(module) == key(name):
            _bring_in(module)


@lru_cache(maxsize=1)
def _load() -> None:
    """Bring in all of the package's own formats and those that other packages offer as entry points."""
    for module in _modules():
        _bring_in(module)
    from importlib.metadata import entry_points

    for entry in entry_points(group="toolparse.formats"):
        _offered.add(register(entry.load()).name)


def formats() -> tuple[Format, ...]:
    """Every format, in the order of their names."""
    _load()
    return tuple(_registered[name] for name in sorted(_registered))


def get_format(name: str) -> Format:
    """The format of this name. A name that only reasoning parsers have is that of the format with this reasoning.

    Raises `UnknownFormat`, which names the closest ones.
    """
    found = _by_name.get(key(name))
    if found is not None:
        return found
    _bring_in_named(name)
    if key(name) not in _by_name:
        _load()
    found = _by_name.get(key(name)) or _by_reasoning_name.get(key(name))
    if found is None:
        raise unknown(name, _by_name)
    return found


def get_reasoning(name: str) -> Format:
    """The format whose reasoning goes by this name.

    An engine may give one name to a tool parser and to another family's reasoning parser: reasoning parsers' names come first here.
    Raises `UnknownFormat`, which names the closest ones.
    """
    _load()
    found = _by_reasoning_name.get(key(name)) or _by_name.get(key(name))
    if found is None:
        raise unknown(name, _by_name | _by_reasoning_name)
    return found


def unknown(name: str, known: dict[str, Format]) -> UnknownFormat:
    if len(name) > LONGEST or not name.isprintable():  # arguments in the wrong order
        return UnknownFormat(f"no format is called by a text of {len(name)} characters; the output goes first, then the name of its format")
    import difflib  # which only a wrong name needs

    close = [known[match].name for match in difflib.get_close_matches(key(name), list(known), 5, 0.5)]
    hint = f"; did you mean {' or '.join(dict.fromkeys(close))}?" if close else "; `toolparse formats` lists all of them"
    return UnknownFormat(f"no format is called {name!r}{hint}")


# -- pickles ------------------------------------------------------------------------------------------------------------------------

_by_value: WeakValueDictionary[bytes, Format] = WeakValueDictionary()


def _reduced(fmt: Format) -> tuple[Callable[..., Format], tuple[object]]:
    """A pickle holds the name of a format that packages offer, and all of another one: the other process may not have it."""
    if key(fmt.name) not in _by_name:
        _bring_in_named(fmt.name)
    if _registered.get(fmt.name) is fmt and fmt.name in _offered:
        return get_format, (fmt.name,)
    import pickle

    description = pickle.dumps({field.name: getattr(fmt, field.name) for field in fields(fmt)})
    _by_value.setdefault(description, fmt)
    return _described, (description,)


def _described(description: bytes) -> Format:
    """The format of this description, one object however often it is unpickled."""
    fmt = _by_value.get(description)
    if fmt is None:
        import pickle

        fmt = _by_value[description] = Format(**pickle.loads(description))
    return fmt


copyreg.pickle(Format, _reduced)
