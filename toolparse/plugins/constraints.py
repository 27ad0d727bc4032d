"""What holds a model to its calls inside an engine: a structural tag of `toolparse.constrain`, where the engine has none of its own.

`TOOLPARSE_CONSTRAINTS` says otherwise: `all` takes ours for every format, `none` leaves everything to the engine. Knows no engine.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Literal

from toolparse.constrain.constraint import CannotConstrain, remembered
from toolparse.grammar import Format
from toolparse.plugins.reports import missing
from toolparse.schemas.tools import InvalidTools

SWITCH = "TOOLPARSE_CONSTRAINTS"
Which = Literal["missing", "all", "none"]
_KNOWN: dict[str, Which] = {"missing": "missing", "all": "all", "none": "none"}


def which() -> Which:
    """Where the constraint is ours: where the engine has none, everywhere, or nowhere."""
    asked = os.environ.get(SWITCH, "missing")
    known: Which | None = _KNOWN.get(asked)
    if known is None:
        missing(f"{SWITCH}={asked} is not one of {', '.join(_KNOWN)}: it is taken for missing")
    return known or "missing"


def ours(engine_has_one: bool) -> bool:
    """Whether the constraint of a format is ours."""
    return which() == "all" or (which() == "missing" and not engine_has_one)


def structural_tag(
    fmt: Format,
    tools: list[Any],
    tool_choice: Any,
    parallel: bool,
    reasoning: Literal["auto", "open", "none"],
    vocabulary: Mapping[str, int],
) -> dict[str, Any] | None:
    """The structural tag for a request; None where the calls cannot be constrained. `vocabulary` has the ids of special tokens."""
    tokens = {marker: vocabulary[marker] for marker in fmt.special_tokens if marker in vocabulary}
    try:
        return remembered(fmt, tools, tool_choice, parallel, reasoning, tokens).structural_tag()
    except (CannotConstrain, InvalidTools):
        return None
    except Exception as error:
        missing(f"calls of {fmt.name} are not constrained by toolparse: no grammar can be made", error)
        return None
