"""The promises, over every registered format at once.

`TOOLPARSE_EXAMPLES=5000 pytest tests/test_promises.py` looks further: that many examples per property and format, new ones each time.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import strategies
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toolparse import CallArguments, Content, Event, Format, Parser, Problem, formats, get_format
from toolparse.testing import check_arguments, check_linear, check_text, check_well_formed, cut, floods, joined

every_format = pytest.mark.parametrize("name", [fmt.name for fmt in formats()])


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
def test_every_promise_holds_for_any_text(name: str, data: st.DataObject) -> None:
    fmt = get_format(name)
    text = data.draw(strategies.texts(fmt))
    check_text(fmt, text, pieces=data.draw(strategies.pieces(text)), **data.draw(strategies.asked(fmt)))


@every_format
@examples(80)
@given(data=st.data())
def test_every_promise_holds_under_any_policy(name: str, data: st.DataObject) -> None:
    fmt = get_format(name)
    text = data.draw(strategies.texts(fmt))
    options = {**data.draw(strategies.asked(fmt)), **data.draw(strategies.policies())}
    check_text(fmt, text, pieces=data.draw(strategies.pieces(text)), **options)


@every_format
@examples(40)
@given(data=st.data())
def test_what_the_engine_knows_of_tokens_does_not_make_pieces_matter(name: str, data: st.DataObject) -> None:
    fmt = get_format(name)
    runs = data.draw(st.lists(st.tuples(st.sampled_from(strategies.words(fmt)), st.sampled_from((None, True, False))), max_size=10))
    text = "".join(run for run, _ in runs)
    random = data.draw(st.randoms(use_true_random=True))
    whole = feed_runs(Parser(fmt, prompt=""), runs)
    pieces = feed_runs(Parser(fmt, prompt=""), [(piece, special) for run, special in runs for piece in cut(run, random)])
    check_well_formed(whole, text)
    check_arguments(whole, text)
    assert joined(pieces, text) == joined(whole, text)


def feed_runs(parser: Parser, runs: list[tuple[str, bool | None]]) -> list[Event]:
    events = [event for run, special in runs for event in parser.feed(run, special)]
    return events + parser.finish()
