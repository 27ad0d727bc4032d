"""How far the suite looks: by default at a part of everything, the same each time; with `pytest --thorough` at all of it.

The part holds every promise over every format, with fewer examples, damaged copies and cuts. A thorough run also makes new
examples each time, so it may find what no run before it found; what fails says with which text.
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
    """So many examples by default, and in a thorough run."""
    return settings(
        max_examples=(EXAMPLES or many) if THOROUGH else few,
        derandomize=not THOROUGH,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


def some(cases: Sequence[Case], few: int, seed: object = "") -> Sequence[Case]:
    """A part of the cases, always the same for one seed; all of them in a thorough run."""
    return cases if THOROUGH or len(cases) <= few else Random(f"{seed}").sample(cases, few)


def seed() -> int:
    """What random texts are made from: the same each time by default."""
    return Random().getrandbits(32) if THOROUGH else 0
