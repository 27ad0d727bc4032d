"""What an operator must hear of: problems that no retry of the model heals, in the log of the engine's process."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from toolparse.events import Event, Problem

_log = logging.getLogger("toolparse")


def report(events: Iterable[Event]) -> None:
    """Warn of calls whose markers the engine has skipped and of a wrong format; say nothing of other problems."""
    for event in events:
        if isinstance(event, Problem) and event.kind in ("lost_markers", "other_format"):
            _log.warning("%s", event.message)
