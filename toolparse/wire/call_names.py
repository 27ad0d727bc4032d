"""The tool's name out of the text that stands in its place: models write things around a name that are no part of it.

Pure functions of the text, the format's `Names` and the request's tools.
"""

from __future__ import annotations

from collections.abc import Callable

from toolparse.grammar import Names


def plain_name(text: str, names: Names, declares: Callable[[str], bool]) -> str:
    """The name that `text` means. `declares` tells whether the request has a tool of a name.

    >>> plain_name("functions.shelljson", Names(prefix="functions.", glued=("json",)), {"shell"}.__contains__)
    'shell'
    """
    name = text
    for marker in names.debris:
        name = name.replace(marker, "")
    if names.escaped:
        name = unescaped(name)
    name = name.removeprefix(names.prefix).strip()
    if declares(name):
        return name
    for word in names.glued:
        if name.endswith(word) and declares(name[: -len(word)]):
            return name[: -len(word)]
    half = name[: (len(name) - len(names.doubled)) // 2]
    if names.doubled and name == half + names.doubled + half and declares(half):
        return half
    return name


def unescaped(text: str) -> str:
    """An attribute's value."""
    return text.replace("&quot;", '"').replace("&amp;", "&")
