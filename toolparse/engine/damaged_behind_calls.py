"""Right behind a call, where what follows is damaged: its closer, words in front of that, the next call's opening.

What a damaged closer looks like is the business of `wire/damaged_closers.py`.
"""

from __future__ import annotations

from toolparse.engine.behind_calls import doubt_arguments
from toolparse.engine.openings import damaged_opening, next_body, unopened_object
from toolparse.engine.table import Row
from toolparse.engine.turn import Opened, Turn
from toolparse.jsontext.characters import SPACE, always
from toolparse.wire.damaged_closers import DamagedClosers, closing_of_any_kind
from toolparse.wire.lookalikes import GAP

_BREAKS = always(GAP)
COMMENTS = ("//", "#", "/*", "<!--")
"""What stands behind one of these is no content."""


def damaged_behind_call(turn: Turn, row: Row, at: int, end: int, last: bool) -> int | None:
    """Right behind a call: an opening or a closer that is damaged, or a few words in front of the call's closer."""
    text, opened = turn.text, turn.opened
    assert opened is not None
    if text.startswith(turn.table.not_of_calls, at):
        return closer_of_another_kind(turn, opened, at, last)
    closers = opened.behind.tail.damaged
    done = damaged_opening(turn, at, last, True)
    if done is None and not opened.closed:
        done = next_body(turn, opened, at, last)
    if done is None and text[at] == "{":
        done = unopened_object(turn, at, last)
    if done is not None:
        return done
    if text[at] == ">" and not turn.kept:
        turn.problem("repaired_markup", "a > too many was dropped", at)
        return at + 1
    if text[at] == "\\":
        return written_break(turn, closers, at, last)
    around = closers.around(text, at, last, opened.around)
    if around is not None:
        if around >= 0:
            opened.around = True
            turn.problem("repaired_markup", f"what stands around a marker was dropped: {text[at:around]}", at)
        return around
    if closers.begins.match(text, at):
        if not last:
            return ~at
        turn.drop_fragment(at)
        return len(text)
    found = damaged_closer(turn, opened, at, last)
    if found is None and not opened.closed:
        found = words_before_closer(turn, closers, at, last)
    if found is None:
        doubt_arguments(turn, opened, at)
    return found


def closer_of_another_kind(turn: Turn, opened: Opened, at: int, last: bool) -> int | None:
    """A closer of reasoning where none is open, behind a call whose own closer has not come; or another end in front of that closer."""
    text, table = turn.text, turn.table
    if opened.closed or text.startswith(tuple(table.opens_reasoning), at):
        return None
    found = max((marker for marker in table.not_of_calls if text.startswith(marker, at)), key=len)
    end = at + len(found)
    behind = _BREAKS.match(text, end).end()
    closers = opened.behind.tail.damaged
    if not last and (behind == len(text) or closers.begins.match(text, behind)):
        return ~at
    if found not in table.closes_reasoning and closers.closer(text, behind) is None:
        return None
    turn.sink.problem("repaired_markup", f"a closer of another kind was dropped: {found}", at)
    turn.kept.clear()
    return end


def damaged_closer(turn: Turn, opened: Opened, at: int, last: bool) -> int | None:
    """A damaged closer of the call that was opened last."""
    text, closers = turn.text, opened.behind.tail.damaged
    closer = closers.closer(text, at)
    found = closer[1] if closer is not None else closers.behind_tag(text, at, last)
    if found is None and "`" not in text[at : at + 3]:
        found = closers.near(text, at, last)
    if found is None and not (opened.closed and closers.ranks):
        found = closing_of_any_kind(text, at, last)
    if found is not None and found >= 0:
        values = opened.behind.tail.values  # the closer of one, which may have been ended too early
        early = values is not None and text.startswith(values.closes, at)
        turn.sink.problem("repaired_markup", f"a damaged closer was dropped: {text[at:found]}", at, error=early)
        turn.sink.closes(found)
        if not closers.ranks or (closer is not None and closer[0] == len(closers.ranks) - 1):
            opened.closed = True
        turn.kept.clear()
    return found


def words_before_closer(turn: Turn, closers: DamagedClosers, at: int, last: bool) -> int | None:
    """A few words in front of the call's closer: they are content, but a comment may have been an argument."""
    text = turn.text
    found = closers.behind_words(text, at, last)
    if found is not None and found >= 0:
        if text.startswith(COMMENTS, at):
            said = f"a comment in front of a call's closer was dropped: {text[at:found].strip()}"
            turn.problem("dropped_text", said, at, error=True)
        elif text[at:found].replace("\\n", "").strip():
            turn.write_kept(at)
            turn.say(at, at + len(text[at:found].rstrip()))
    return found


def written_break(turn: Turn, closers: DamagedClosers, at: int, last: bool) -> int | None:
    """Behind the two characters backslash and n, right behind a call, if a marker of calls or the end follows them."""
    end = _BREAKS.match(turn.text, at).end()
    text = turn.text[end:]
    if not text.strip(SPACE) or text == "\\":
        if not last or text == "\\":
            return None if last else ~at
    elif end == at:
        return None
    elif not last and closers.may_begin(turn.text, end):
        return ~at
    elif not (closers.closer(turn.text, end) or closers.next.match(turn.text, end) or closers.others.match(turn.text, end)):
        return None
    turn.sink.problem("repaired_markup", f"a line break that is written out was dropped: {turn.text[at:end]}", at)
    return end
