"""Whether a description can work: each format is checked once, when it is registered or a parser is made for it.

A description that cannot be read with, such as an opening that nothing begins, is refused in one sentence that names the place and says
what to write. Whether it is right for a model is for its vectors to show. Knows the grammar and nothing of how it is read.
"""

from __future__ import annotations

import re
import types
from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from functools import cache, lru_cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from toolparse.grammar import (
    Ahead,
    BareKeys,
    Calls,
    Channels,
    Closed,
    Elements,
    Envelope,
    Format,
    Frame,
    OneOf,
    Parameters,
    Part,
    Reasoning,
    Wrapper,
)
from toolparse.jsontext.characters import SPACE

_SLOT = re.compile(r"\{(\w+)\}")
_OPENING = frozenset(("name", "id", "other"))
_PARAMETER = frozenset(("key", "word", "kind", "other"))
_AHEAD = _OPENING | _PARAMETER


class InvalidFormat(ValueError):
    """A format that cannot work; the message names the place and says what to write instead."""


@lru_cache(maxsize=512)
def checked(fmt: Format) -> Format:
    """The format itself, if it can work. Raises `InvalidFormat`."""
    fault = next(_faults(fmt), None)
    if fault is not None:
        place, said = fault
        raise InvalidFormat(f"the format {str(fmt.name)[:60]!r} cannot work: {place} {said}")
    return fmt


Fault = tuple[str, str]


def _faults(fmt: Format) -> Iterator[Fault]:
    """What is wrong, each with its place. What has the wrong type is told before anything looks at it."""
    if fmt.regions is not None:
        return  # made and checked by `from_response_template`
    yield from _mistyped(fmt, "")
    yield from _unnamed(fmt)
    for i, pair in enumerate(fmt.reasoning):
        yield from _of_reasoning(pair, f"reasoning[{i}]")
    for i, frame in enumerate(fmt.frames):
        yield from _of_frame(frame, f"frames[{i}]")
    if fmt.channels is not None:
        yield from _of_channels(fmt.channels, bool(fmt.reasoning))
    for i, calls in enumerate(fmt.calls):
        yield from _of_calls(calls, fmt.channels, f"calls[{i}]")
    if fmt.suffix and not (fmt.calls and all(calls.open for calls in fmt.calls)):
        yield "suffix", "needs an opening with a marker in all calls, which tells it"


def _unnamed(fmt: Format) -> Iterator[Fault]:
    for name in ("name", "aliases", "reasoning_aliases"):
        for text in [fmt.name] if name == "name" else getattr(fmt, name):
            if not any(character.isalnum() for character in text):
                yield name, "holds a name without a letter or a digit, by which nobody can ask for it"
    for name in ("stop", "fragments", "special_tokens", "turn"):
        yield from _empty(getattr(fmt, name), name)


def _of_reasoning(pair: Reasoning, place: str) -> Iterator[Fault]:
    yield from _plain(pair.open, f"{place}.open")
    yield from _plain(pair.close, f"{place}.close")
    if set(_texts(pair.open)) & set(_texts(pair.close)):
        yield f"{place}.close", "is the opener, too, so that nobody can tell where reasoning ends"


def _of_frame(frame: Frame, place: str) -> Iterator[Fault]:
    yield from _plain(frame.open, f"{place}.open")
    if frame.close is not None:
        yield from _plain(frame.close, f"{place}.close")


def _of_channels(channels: Channels, reasons: bool) -> Iterator[Fault]:
    yield from _plain(channels.start, "channels.start")
    if any(_is_word(text) for text in _texts(channels.start)):
        yield "channels.start", "is a word, which any text may hold: take a marker that has a sign in it"
    for name in ("close", "ends"):
        if not getattr(channels, name):
            yield f"channels.{name}", "is empty: name the markers that " + ("end a header" if name == "close" else "end a message")
    for name in ("close", "ends"):
        yield from _empty(getattr(channels, name), f"channels.{name}")
    if channels.to.count("{name}") != 1:
        yield "channels.to", "must hold the slot {name} once, for the recipient of a call"
    if not reasons and any(kind == "reasoning" for _, kind in channels.kinds):
        yield "channels.kinds", "has a kind that is reasoning, but the format has no reasoning markers"


def _of_calls(calls: Calls, channels: Channels | None, place: str) -> Iterator[Fault]:
    openings = {f"{place}.open": calls.open} | {f"{place}.also[{i}]": opening for i, opening in enumerate(calls.also)}
    for where, opening in openings.items():
        addressed = channels is not None and calls.wrapper is None
        yield from _of_opening(opening, calls, addressed, where)
    for name in ("empty", "skipped"):
        parts = getattr(calls, name)
        yield from _parts(parts, _OPENING, f"{place}.{name}")
        if parts and calls.wrapper is None and not _begins(parts):
            yield f"{place}.{name}", "must begin with a marker, or it would be found everywhere"
    for name in ("lead", "close"):
        for i, marker in enumerate(getattr(calls, name)):
            yield from _plain(marker, f"{place}.{name}[{i}]", optional=True)
    if calls.lead and isinstance(calls.body, Envelope):
        yield f"{place}.lead", "stands between a name and its arguments, which one object holds here: put it into the opening"
    if calls.skipped and not (calls.close or calls.wrapper):
        yield f"{place}.skipped", "needs a closer, up to which the entry is dropped"
    if calls.wrapper is not None:
        yield from _of_wrapper(calls.wrapper, f"{place}.wrapper")
    elif calls.needs not in ("wrapper", "tool"):
        yield f"{place}.needs", "says whether openings count without a wrapper, and there is none"
    yield from _characters(calls.name, f"{place}.name")
    yield from _of_body(calls, place)


def _of_wrapper(wrapper: Wrapper, place: str) -> Iterator[Fault]:
    yield from _plain(wrapper.open, f"{place}.open")
    yield from _plain(wrapper.close, f"{place}.close")


def _of_opening(opening: tuple[Part, ...], calls: Calls, addressed: bool, place: str) -> Iterator[Fault]:
    yield from _parts(opening, _OPENING, place)
    slots = [slot for part in opening if not isinstance(part, Ahead) for slot in set(_SLOT.findall(" ".join(_texts(part))))]
    inside = isinstance(calls.body, Envelope)
    if inside and "name" in slots:
        yield place, "holds the name, and so does the object behind it: take JsonText in place of Envelope, or drop the slot"
    if not inside and not {"name", "id"} & set(slots):
        yield place, "does not say where the call's name stands: put the slot {name} into it"
    if len(slots) > len(set(slots)):
        yield place, "holds a slot twice"
    closed = [part for part in opening if isinstance(part, Closed)]
    if closed and (closed != [opening[-1]] or inside):
        yield place, "has a Closed part that is not the last one of an opening with a name: nothing can follow it"
    begins = isinstance(opening[-1], Ahead) and set(_texts(opening[-1])) <= set("{([") if opening else False
    if isinstance(calls.body, BareKeys) and not (begins or closed):
        yield place, 'must end with what the arguments begin with: put Ahead(("{",)) behind it'
    alone = calls.wrapper is None or calls.needs in ("wrapper or tool", "nothing")
    if alone and not addressed and not inside and calls.where == "anywhere" and not _begins(opening):
        yield place, "must begin with a marker, or it would be found everywhere: put one in front, or count it at a line's start only"


def _of_body(calls: Calls, place: str) -> Iterator[Fault]:
    body = calls.body
    if isinstance(body, Envelope):
        for name in ("name", "arguments", "start"):
            if not (getattr(body, name) or (name != "start" and not body.name)):
                yield f"{place}.body.{name}", "is empty: name the keys of the object" if name != "start" else "is empty"
        for name in ("name", "arguments", "id"):
            if not all(getattr(body, name)):
                yield f"{place}.body.{name}", "holds an empty key"
        if set(body.name) & set(body.arguments):
            yield f"{place}.body", "has one key for the name and the arguments"
    elif isinstance(body, Parameters):
        yield from _of_parameters(body, f"{place}.body")
        if not (calls.close or calls.wrapper):
            yield f"{place}.close", "is empty, so that nothing tells where the parameters end"
    elif isinstance(body, BareKeys):
        yield from _plain(body.quote, f"{place}.body.quote")
    elif isinstance(body, Elements):
        yield from _plain(body.prefix, f"{place}.body.prefix")


def _of_parameters(body: Parameters, place: str) -> Iterator[Fault]:
    yield from _parts(body.open, _PARAMETER, f"{place}.open")
    yield from _plain(body.close, f"{place}.close")
    if not any({"key", "word"} & set(_SLOT.findall(text)) for part in body.open if not isinstance(part, Ahead) for text in _texts(part)):
        yield f"{place}.open", "does not say where the key stands: put the slot {key} into it"
    if not _begins(body.open):
        yield f"{place}.open", "must begin with a marker, or it would be found in every value"
    if body.object_key is not None:
        yield from _empty(body.object_key, f"{place}.object_key")
    for text in (body.trim,) if isinstance(body.trim, str) else body.trim.spellings:
        if text.strip(SPACE):
            yield f"{place}.trim", "holds more than white space"


# -- what stands in a place -----------------------------------------------------------------------------------------------------------


def _texts(marker: Part) -> Iterable[str]:
    """All spellings of a marker."""
    if isinstance(marker, Ahead):
        return [text for start in marker.starts for text in ([start] if isinstance(start, str) else start)]
    if isinstance(marker, Closed):
        return [marker.marker]
    return marker.spellings if isinstance(marker, OneOf) else [marker]


def _some(marker: Part) -> Iterable[str]:
    """The spellings of a marker that may be missing, but that it is."""
    return [text for text in _texts(marker) if text] if isinstance(marker, OneOf) else _texts(marker)


def _begins(parts: tuple[Part, ...]) -> bool:
    """Whether everything that the parts may begin with is a marker, up to a slot."""
    for part in parts:
        if isinstance(part, Ahead) or not all(_SLOT.split(text.strip(SPACE))[0] for text in _some(part)):
            return False
        if "" not in _texts(part):
            return True
    return False


def _is_word(text: str) -> bool:
    """Whether a marker is nothing but a word."""
    return text.strip(SPACE).replace("_", "a").isalnum()


def _empty(texts: Iterable[str], place: str) -> Iterator[Fault]:
    """Markers that are nothing but white space."""
    if not all(text.strip(SPACE) for text in texts):
        yield place, "holds an empty marker"


def _plain(marker: Part, place: str, optional: bool = False) -> Iterator[Fault]:
    """A marker without slots; `optional`: it may be missing."""
    texts = list(_some(marker) if optional else _texts(marker))
    if not texts or not all(text.strip(SPACE) for text in texts):
        yield place, "is an empty marker"
    slot = next((slot for text in texts for slot in _SLOT.findall(text) if slot in _AHEAD), None)
    if slot is not None:
        yield place, f"cannot hold the slot {{{slot}}}"


def _parts(parts: tuple[Part, ...], allowed: frozenset[str], place: str) -> Iterator[Fault]:
    """The parts of an opening, whose slots must be among those `allowed`."""
    for i, part in enumerate(parts):
        texts = list(_some(part))
        if isinstance(part, Ahead):
            if not all(texts) or not texts:
                yield f"{place}[{i}]", "is an empty marker"
            if i + 1 < len(parts):
                yield f"{place}[{i}]", "tells what follows the opening, so it must be the last part"
            continue
        if not texts or not all(text.strip(SPACE) for text in texts):
            yield f"{place}[{i}]", "is an empty marker"
        if len({"{name}" in text for text in _texts(part)}) > 1:
            yield f"{place}[{i}]", "has the slot {name} in some of its spellings only: put it into all of them"
        for text in texts:
            slots = _SLOT.findall(text)
            unknown = next((slot for slot in slots if slot not in allowed), None)
            if unknown is not None:
                yield f"{place}[{i}]", f"has the slot {{{unknown}}}, which is none here: there are {', '.join(sorted(allowed))}"
            if "}{" in _SLOT.sub("}{", text).replace(" ", "") and len(_SLOT.split(text)) > 3 and "" in _SLOT.split(text)[2:-1:2]:
                yield f"{place}[{i}]", "has two slots without a marker between them"


def _characters(pattern: str, place: str) -> Iterator[Fault]:
    """A character class: a pattern that takes exactly one character and can be repeated."""
    inner = pattern[3:-1] if pattern.startswith("(?:") and pattern.endswith(")") else pattern
    try:
        re.compile(f"(?<=.|(?:{inner}))")  # which may only look back at a width that is fixed, here that of the dot
        known = re.compile(inner).groups == 0 and (inner is not pattern or _CHARACTER.fullmatch(pattern))
    except re.error:
        known = False
    if not known:
        yield place, rf"must be a character class, such as [^\s<>], not {pattern!r}"


_CHARACTER = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]|\\[wdsWDS]", re.DOTALL)

# -- types ------------------------------------------------------------------------------------------------------------------------------


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _mistyped(value: Any, place: str) -> Iterator[Fault]:
    """Fields that do not hold what they are declared to hold."""
    kind: Any = type(value)
    hints = _hints(kind)
    for field in fields(value):
        where = f"{place}.{field.name}" if place else field.name
        yield from _misfit(getattr(value, field.name), hints[field.name], where)


def _misfit(value: Any, hint: Any, place: str) -> Iterator[Fault]:
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        fitting = [each for each in get_args(hint) if _is_kind(value, each)]
        if not fitting:
            yield place, f"is {_shown(value)}, not {_named(hint)}"
        elif len(fitting) == 1 or not any(next(_misfit(value, each, place), None) is None for each in fitting):
            yield from _misfit(value, fitting[0], place)
    elif not _is_kind(value, hint):
        yield place, f"is {_shown(value)}, not {_named(hint)}"
    elif origin is tuple:
        kinds = get_args(hint)
        each = kinds[:1] * len(value) if kinds[-1] is Ellipsis else kinds
        if len(each) != len(value):
            yield place, f"has {len(value)} members, not {len(each)}"
        for i, (member, kind) in enumerate(zip(value, each, strict=False)):
            yield from _misfit(member, kind, f"{place}[{i}]")
    elif is_dataclass(value):
        yield from _mistyped(value, place)


def _is_kind(value: Any, hint: Any) -> bool:
    """Whether the value is of the type on the outside."""
    origin = get_origin(hint)
    if hint is Any:
        return True
    if origin is Literal:
        return isinstance(value, str | bool) and value in get_args(hint)
    if origin in (Union, types.UnionType):
        return any(_is_kind(value, each) for each in get_args(hint))
    return isinstance(value, origin or (type(None) if hint is None else hint))


def _shown(value: Any) -> str:
    return repr(value) if isinstance(value, str) and len(value) < 40 else f"a {type(value).__name__}"


def _named(hint: Any) -> str:
    if get_origin(hint) is tuple:
        return "a tuple (with one member: write the comma)"
    if get_origin(hint) is Literal:
        return "one of " + ", ".join(map(repr, get_args(hint)))
    if get_origin(hint) in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(_named(each) for each in get_args(hint)))
    return "a str" if hint is str else str(getattr(hint, "__name__", hint))
