"""What an operator must hear of, in the log of the engine's process: problems that no retry of the model heals, and what of an engine is
not where it was. Each is said a few times at most, as a model's text, or every request, can cause it.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable
from typing import Any

from toolparse.events import Event, Problem

_log = logging.getLogger("toolparse")
_said: Counter[str] = Counter()
MOST = 5
"""How often a problem of one kind is logged by one process."""


def report(events: Iterable[Event]) -> None:
    """Warn of calls whose markers the engine has skipped and of a wrong format; say nothing of other problems."""
    for event in events:
        if isinstance(event, Problem) and event.kind in ("lost_markers", "other_format"):
            _said[event.kind] += 1
            if _said[event.kind] <= MOST:
                _log.warning("%s%s", event.message, " (not logged again)" if _said[event.kind] == MOST else "")


def missing(what: str, error: BaseException | None = None) -> None:
    """Say once that a part of the engine is not as the plug-in knows it, and what is done about it."""
    _said[what] += 1
    if _said[what] == 1:
        _log.warning("%s%s", what, f" ({type(error).__name__}: {error})" if error is not None else "")


def unasked(methods: Iterable[str], base: Any, engine: str) -> None:
    """Say once which methods of a class of ours the engine's own class does not have: nothing calls them then."""
    lost = sorted(name for name in methods if not hasattr(base, name))
    if lost:
        missing(f"toolparse is not asked for {', '.join(lost)} in this {engine}: {base.__name__} has no such method")
