"""The tool's name out of a call's id, for families whose id holds it: `functions.f:0` names `f`.

Clients rewrite such ids when they put them into a conversation, and models copy what they see there; so an id is matched with the
request's tools where it names none of them as it stands. Nothing here reads output.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from toolparse.schemas.tools import Tools

_NAMELESS = re.compile(r"\d*|call_[A-Za-z0-9]+", re.ASCII)


def name_in_id(call_id: str, prefix: str, tools: Tools | None) -> str | None:
    """The name that an id holds behind `prefix` and before a colon and a counter; None if only the arguments can tell.

    >>> name_in_id("functions.get_weather:0", "functions.", None)
    'get_weather'
    """
    rest = call_id.removeprefix(prefix)
    name, colon, _ = rest.rpartition(":")
    name = name or rest or call_id
    if not tools or name in tools:
        return name
    if not colon and _NAMELESS.fullmatch(rest):
        return tools.names[0] if len(tools) == 1 else None
    if colon:
        return _only(known for known in tools.names if folded(known) == folded(name)) or name
    return _rewritten(folded(rest), tools) or _rewritten(folded(rest).removeprefix(folded(prefix)), tools) or name


def name_by_keys(keys: set[str], tools: Tools | None) -> str | None:
    """The one tool whose parameters include all of `keys`; None if there is none, or more than one."""
    return _only(tool.name for tool in tools or () if keys <= set(tool.keys))


def folded(text: str) -> str:
    """Text without case and punctuation, which clients replace."""
    return "".join(character for character in text.lower() if character.isalnum())


def _rewritten(text: str, tools: Tools) -> str | None:
    """The tool whose folded name the text is, aside from a counter behind it; the longest name if several fit."""
    fitting = [known for known in tools.names if re.fullmatch(re.escape(folded(known)) + "[0-9]*", text)]
    longest = max((len(folded(known)) for known in fitting), default=0)
    return _only(known for known in fitting if len(folded(known)) == longest)


def _only(names: Iterable[str]) -> str | None:
    found = list(names)
    return found[0] if len(found) == 1 else None
