"""The promises, over every registered format at once.

`TOOLPARSE_EXAMPLES=5000 pytest tests/test_promises.py` looks further: that many examples per property and format, new ones each time.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import strategies
from toolparse import Content, Event, Format, Parser, Problem, formats, parse
from toolparse.testing import check_arguments, check_linear, check_text, check_well_formed, floods, joined

FORMATS = [pytest.param(fmt, id=fmt.name) for fmt in formats()]
every_format = pytest.mark.parametrize("fmt", FORMATS)


def examples(count: int) -> settings:
    return settings(
        max_examples=strategies.EXAMPLES or count,
        derandomize=not strategies.EXAMPLES,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


@every_format
@examples(150)
@given(data=st.data())
def test_every_promise_holds_for_any_text(fmt: Format, data: st.DataObject) -> None:
    text = data.draw(strategies.texts(fmt))
    check_text(fmt, text, pieces=data.draw(strategies.pieces(text)), **data.draw(strategies.asked(fmt)))


@every_format
@examples(80)
@given(data=st.data())
def test_every_promise_but_nothing_lost_holds_under_any_policy(fmt: Format, data: st.DataObject) -> None:
    text = data.draw(strategies.texts(fmt))
    options = {**data.draw(strategies.asked(fmt)), **data.draw(strategies.policies())}
    check_text(fmt, text, pieces=data.draw(strategies.pieces(text)), spans=False, **options)
