"""Right behind a call: its closers are framing, the next call may follow, and reasoning may go on; anything else is running text.

The states are `behind_call` and, where the call's text may stand again, `repetition`.
"""

from __future__ import annotations

from toolparse.codecs.echo import Repetition
from toolparse.engine.running import running
from toolparse.engine.table import Row
from toolparse.engine.turn import Opened, Turn
from toolparse.jsontext.characters import SPACE, SPACES
from toolparse.wire.spellings import spellings


def to_behind_call(turn: Turn) -> None:
    turn.kept.clear()
    turn.state = behind_call


def behind_call(turn: Turn, at: int, last: bool) -> int:
    """Right behind a call: closers are framing, and the next call may follow."""
    text, opened = turn.text, turn.opened
    assert opened is not None
    tail = opened.behind.tail
    end = at
    while end < len(text) and (text[end] in SPACE or text[end] in tail.separators):
        end += 1
    if end > at:
        length = turn.kept.add(text[at:end])
        at = end
        if length > turn.sink.rules.max_held:
            turn.state = running
            turn.write_kept(at)
            return at
    if at == len(text):
        return ~at
    if turn.sink.unargued and text[at] in "{(":
        opened.bracket = turn.base + at
    if opened.repeated is not None and opened.repeated.begin(text[at]):
        turn.state = repetition
        return at
    if last and tail.reads_damaged and ends_damaged(turn, opened, at):
        turn.sink.problem("repaired_markup", f"a damaged closer was dropped: {text[at:]}", at)
        turn.sink.closes(len(text))
        return len(text)
    rows = opened.behind.rows[opened.closer][opened.inside]
    done = turn.what_stands(rows.get(text[at]) or rows[""], at, last)
    assert done is not None  # the last row needs no marker
    return done


def ends_damaged(turn: Turn, opened: Opened, at: int) -> bool:
    """Whether the last of the output is what is left of a closer that is still due."""
    tail = opened.behind.tail
    return (
        not opened.closed
        and not turn.text.startswith(turn.table.not_of_calls, at)
        and not any(closer.match(turn.text, at) for closer in tail.closers[opened.closer :])
        and tail.damaged.ends_all(turn.text, at)
    )


def doubt_arguments(turn: Turn, opened: Opened, at: int) -> None:
    """What stands at `at` is no call: behind one without arguments, a bracket may begin them; an object inside the call belongs to it."""
    if opened.bracket == turn.base + at and turn.sink.may_lack_arguments:
        turn.problem("doubtful_value", "the call has no arguments, and what stands behind it may be them", at, error=True)
    elif turn.text.startswith("{", at) and not opened.closed and (opened.behind.tail.closers or not turn.kept):
        turn.problem("not_a_call", "an object stands behind the arguments, inside the call: it is content", at, error=True)


def close_call(turn: Turn, row: Row, at: int, end: int, last: bool) -> int:
    """A closer of the call, or of its wrapper."""
    opened = turn.opened
    assert opened is not None
    tail = opened.behind.tail
    opened.closer = max(row.of, opened.closer)
    turn.sink.closes(end)
    opened.closed = opened.closed or row.of == len(tail.closers) - 1
    if row.of == tail.wrapper_at:
        opened.inside = False
    if tail.echoed and turn.reader is not None:
        opened.repeated = Repetition(turn.reader.text, spellings(opened.behind.calls.open[0]))
    turn.kept.clear()
    return end


def section(turn: Turn, row: Row, at: int, end: int, last: bool) -> int | None:
    """The end of a section of calls, or of a call in one."""
    opened = turn.opened
    if opened is None or not opened.inside or row.marker not in opened.behind.tail.section:
        return None
    opened.inside = row.marker not in spellings(opened.behind.calls.wrapper.close)  # type: ignore[union-attr]
    if opened.inside:
        turn.problem(
            "repaired_markup", f"the closer of a call stands behind text, which may belong to its arguments: {row.marker}", at, error=True
        )
    turn.sink.closes(end)
    turn.writer.border()
    turn.place = turn.place.behind_border
    return end


def think_behind_call(turn: Turn, row: Row, at: int, end: int, last: bool) -> int:
    """Reasoning opens again."""
    turn.state = running
    turn.write_kept(at)
    turn.writer.reasoning_opens(turn.base + at, turn.base + end)
    turn.enter_reasoning(row.of)
    return end


def resume(turn: Turn, row: Row, at: int, end: int, last: bool) -> int:
    """Reasoning that the call stood in goes on."""
    turn.kept.clear()
    turn.state = running
    turn.place = turn.place.behind_break
    turn.enter_reasoning(turn.armed["resume"])
    return at


def late_behind_call(turn: Turn, row: Row, at: int, end: int, last: bool) -> int:
    """The closer of reasoning that the call has ended."""
    del turn.armed["late"]
    turn.place = turn.place.behind_closer
    turn.write_kept(at)
    return end


def go_on(turn: Turn, row: Row, at: int, end: int, last: bool) -> int:
    """Nothing that belongs to the call: running text."""
    turn.state = running
    turn.place = turn.place.behind_break
    turn.write_kept(at)
    return at


def repetition(turn: Turn, at: int, last: bool) -> int:
    """Behind a block, where its text may stand again: with the closer behind it, too, it is dropped."""
    text, opened = turn.text, turn.opened
    assert opened is not None
    repeated, tail = opened.repeated, opened.behind.tail
    assert repeated is not None
    end = repeated.read(text, at)
    if end is not None:
        if repeated.complete:
            end = SPACES.match(text, end).end()
        opened.raw.append(text[at:end])
        at = end
        found = tail.closers[-1].match(text, at) if repeated.complete else None
        if found is not None:
            dropped, opened.raw = "".join(opened.raw), []
            turn.problem("dropped_text", f"a repetition of the calls was dropped: {dropped}{found[0]}", at - len(dropped))
            turn.kept.clear()
            turn.state = behind_call
            return found.end()
        if not last and (at == len(text) or tail.partial[-1].match(text, at)):
            return ~at
    given_back, opened.raw = "".join(opened.raw), []
    opened.repeated = None
    turn.text = given_back + text[at:]
    turn.base += at - len(given_back)
    turn.sink.base = turn.base
    turn.state = behind_call
    return 0
