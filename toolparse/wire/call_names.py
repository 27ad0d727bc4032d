"""The tool's name out of the text that stands in its place: models write things around a name that are no part of it.

Pure functions of the text, what the format says of names, and the request's tools.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from toolparse.grammar import Calls
from toolparse.wire.lookalikes import ODD_CLOSERS, ODD_OPENERS, UNSEEN

_SIGNS = re.compile(r"[\W_]+")
_AROUND = f" \t\r\n\u00a0\"'`*_-:,.;=()[]{{}}<>{ODD_OPENERS}{ODD_CLOSERS}/|{UNSEEN}"


def plain_name(text: str, calls: Calls) -> str:
    """The name in `text`, which stands in the place of one."""
    name = unescaped(text) if calls.escaped else text
    return name.removeprefix(calls.prefix).strip() if calls.prefix else name


def named_once(name: str, tokens: tuple[str, ...], declares: Callable[[str], bool]) -> str:
    """The declared name that `name` is but for special tokens in it, or that stands there twice with a dot or a colon between; else the
    text itself.

    >>> named_once("shell.shell", (), {"shell"}.__contains__)
    'shell'
    """
    bare = name
    for token in tokens:
        bare = bare.replace(token, "")
    if bare != name and declares(bare):
        return bare
    half, middle = name[: len(name) // 2], name[len(name) // 2 :][:1]
    return half if middle in (".", ":") and name == f"{half}{middle}{half}" and declares(half) else name


_SPACE_OF_NAMES = re.compile(r"\A(?:functions?|tools?|default_api|api|multi_tool_use)(?:\.|:{1,2}|/)|:\d{1,4}\Z", re.ASCII | re.IGNORECASE)
_LAST_PART = re.compile(r"(?:[\w\-]{1,64}[:/]){1,8}([\w\-]{1,64})")
_ATTRIBUTES = re.compile(r"""(?:\s[\w-]{1,16}=(?:"[^"<>\n]{0,64}"|'[^'<>\n]{0,64}'|[\w.-]{1,64})){1,4}\Z""")
"""What may stand behind a name in its tag."""


def plain_letters(text: str) -> str:
    """The letters and digits of a text, in lower case."""
    return _SIGNS.sub("", text.lower())


def meant_name(name: str, names: Iterable[str]) -> str:
    """The declared name that a name is but for what models write around names: punctuation, name spaces in front, a number or attributes
    behind. Case and signs may differ, too, if only one name reads so; "" when there is none.

    >>> meant_name("functions.getWeather():0", ("get_weather", "get_time"))
    'get_weather'
    """
    bare = _SPACE_OF_NAMES.sub("", _ATTRIBUTES.sub("", name).strip(_AROUND))
    last = _LAST_PART.fullmatch(bare)
    if last is not None and last[1] in names:
        return last[1]
    plain = plain_letters(bare)
    meant = [declared for declared in names if plain and plain_letters(declared) == plain]
    return bare if bare in meant else meant[0] if len(meant) == 1 else ""


def nearly(text: str, name: str) -> bool:
    """Whether `text` is the name but for signs, case, or one letter: lost, added, another one, or in the other order.

    >>> nearly("**origin", "origin"), nearly("oirgin", "origin"), nearly("sort", "order")
    (True, True, False)
    """
    a, b = plain_letters(text), plain_letters(name)
    if a == b or min(len(a), len(b)) < 4 or abs(len(a) - len(b)) > 1:
        return a == b != ""
    at = next((i for i, (one, other) in enumerate(zip(a, b, strict=False)) if one != other), min(len(a), len(b)))
    swapped = a[at : at + 2] == b[at : at + 2][::-1] and a[at + 2 :] == b[at + 2 :]
    return swapped or a[at + 1 :] == b[at + 1 :] or a[at + 1 :] == b[at:] or a[at:] == b[at + 1 :]


def unescaped(text: str) -> str:
    """An attribute's value."""
    return text.replace("&quot;", '"').replace("&amp;", "&")


def escaped_attribute(text: str) -> str:
    """The same, as it is written."""
    return text.replace("&", "&amp;").replace('"', "&quot;")
