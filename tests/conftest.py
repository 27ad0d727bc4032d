"""How the suite is run: the option `--thorough`, and what must not stop it."""

from __future__ import annotations

import gc
import re
import signal
from collections.abc import Iterator
from types import FrameType

import effort
import pytest
from hypothesis import settings

LIMIT = 300
"""Seconds that one test may take, on a busy machine: a parser that stalls must not stop the suite."""


re._MAXCACHE = 100_000  # type: ignore[attr-defined]  # each format's patterns are compiled once, not once for each choice of options


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--thorough", action="store_true", help="look further: more examples, new ones each time; every cut; damaged copies")


def pytest_configure(config: pytest.Config) -> None:
    effort.THOROUGH = config.getoption("--thorough")
    settings.register_profile("toolparse", effort.examples(100, 500))  # for each property that does not say its own number
    settings.load_profile("toolparse")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # so a shell starts what it runs in the background, and that is inherited
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    gc.collect()
    gc.set_threshold(20_000, 20, 20)
    gc.freeze()  # thousands of tests live to the end: the collector need not walk over them again


@pytest.fixture(autouse=True)
def no_test_hangs() -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"the test takes longer than {LIMIT} s")

    if not hasattr(signal, "SIGALRM"):
        yield
        return
    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(LIMIT)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)
