"""How far the suite looks: by default at a part of everything, the same each time; with `pytest --thorough` at more of it, and at
something else each time.

The part holds every promise over every format, with fewer examples, damaged copies and cuts. A thorough run takes all of them where they
are cheap, and elsewhere a part that is chosen anew; its examples are new, too. So it may find what no run before it found; what fails says
with which text.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from random import Random
from typing import TypeVar

from hypothesis import HealthCheck, settings

Case = TypeVar("Case")

THOROUGH = False
"""Set by `conftest.py` before the test files are imported."""
EXAMPLES = int(os.environ.get("TOOLPARSE_EXAMPLES", "0"))
"""How many examples each property takes in a thorough run, instead of its own number: for a search that takes hours."""


def examples(few: int, many: int) -> settings:
    """So many examples by default, and in a thorough run. The first is always the simplest, most often an empty text."""
    return settings(
        max_examples=(EXAMPLES or many) if THOROUGH else few,
        derandomize=not THOROUGH,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


def some(cases: Sequence[Case], few: int, seed: object = "", *, many: int | None = None) -> Sequence[Case]:
    """A part of the cases, always the same for one seed; in a thorough run all of them, or so many, others each time."""
    count = few if not THOROUGH else len(cases) if many is None else many
    return cases if len(cases) <= count else Random(None if THOROUGH else f"{seed}").sample(cases, count)


def seed() -> int:
    """What random texts are made from: the same each time by default."""
    return Random().getrandbits(32) if THOROUGH else 0
