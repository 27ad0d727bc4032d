"""Formats of messages: their headers and ends, as they should be and damaged.

The states are those in which a header may stand, and those right behind one. What a header looks like is the business of
`wire/headers.py` and `wire/damaged_headers.py`.
"""

from __future__ import annotations

from functools import partial

from toolparse.engine.calls import open_call
from toolparse.engine.openings import unopened_object
from toolparse.engine.prose import NOWHERE
from toolparse.engine.running import running, stopped
from toolparse.engine.table import Row
from toolparse.engine.turn import Turn
from toolparse.events import Attempt, Problem
from toolparse.jsontext.characters import SPACES
from toolparse.wire.call_names import named_once, plain_letters, plain_name
from toolparse.wire.damaged_headers import DamagedHeaders, damaged_headers
from toolparse.wire.headers import WAIT, Header, Where
from toolparse.wire.markers import HEAD_LIMIT, Head


def first_header(turn: Turn, at: int, last: bool) -> int:
    """The start of an output of messages."""
    return header_or_text(turn, at, last, True)


def next_header(turn: Turn, at: int, last: bool) -> int:
    """Behind a message and behind a call."""
    return header_or_text(turn, at, last, False)


def header_or_text(turn: Turn, at: int, last: bool, first: bool) -> int:
    """Where a header may stand; `first`: nothing of the output stands before it."""
    text, headers = turn.text, turn.table.headers
    assert headers is not None
    begin = SPACES.match(text, at).end()
    if begin > at:
        turn.hold_space(at, begin)
        at = begin
    if at == len(text):
        if last and not first:
            turn.writer.drop_tag_space()
        return ~at
    found = headers.read(text, at, last, first)
    if found != WAIT and turn.table.reads_damaged:
        found = with_damage(turn, found, at, last)
    if found == WAIT:
        turn.shortcut = turn.table.header_waiting
        return ~at
    if found is not None and not turn.is_typed(at, found.end):
        return begin_message(turn, found, at)
    done = turn.what_stands(turn.table.message_rows.get(text[at], ()), at, last)
    if done is not None:
        return done
    turn.state = running
    turn.writer.tag_space = NOWHERE
    turn.place = turn.table.outside(turn.place)
    return at


def end_message(turn: Turn, row: Row, at: int, end: int, last: bool) -> int:
    to_header(turn, at, end)
    return end


def end_call_message(turn: Turn, row: Row, at: int, end: int, last: bool) -> int:
    """The marker that the format writes behind a call, though no call was open: its header named no tool."""
    if turn.place.ground != "outside":
        where, until = turn.base + at, turn.base + end
        attempt = Attempt("no_name", None, turn.text[at:end], where, until)
        said = f"a message ends as a call does ({turn.text[at:end]}), but its header names no tool"
        turn.writer.events.append(Problem("not_a_call", said, None, where, "error", attempt))
    return end_message(turn, row, at, end, last)


def no_message(turn: Turn, row: Row, at: int, end: int, last: bool) -> int:
    """The end of a message where a header may stand."""
    turn.writer.drop_tag_space()
    to_header(turn, at, end)
    return end


def to_header(turn: Turn, at: int, end: int) -> None:
    """A message has ended, by what stands from `at` to `end`."""
    if turn.place.pair is not None:
        turn.writer.reasoning_closes(turn.base + end)
        turn.leave_reasoning()
    turn.write_kept(at)
    turn.writer.begin_tag_space()
    turn.state = next_header


def stop_message(turn: Turn, row: Row, at: int, end: int, last: bool) -> int:
    turn.writer.drop_tag_space()
    turn.state = stopped
    return at


def header_inside(turn: Turn, row: Row, at: int, end: int, last: bool) -> int | None:
    """What may be a header inside a message, and then ends it."""
    assert turn.table.headers is not None
    return next_message(turn, turn.table.headers.inside(turn.text, at, last, ground_of(turn), partial(is_recipient, turn)), at)


def ground_of(turn: Turn) -> Where:
    return "reasoning" if turn.place.pair is not None else "outside" if turn.place.ground == "outside" else "content"


def next_message(turn: Turn, found: Header | None, at: int) -> int | None:
    """The header at `at`, inside a message, begins the next one."""
    if found is None:
        return None
    if found == WAIT:
        return ~at
    thinking = turn.place.pair is not None
    if turn.is_typed(at, found.end) or (found.kind == "call" and thinking and not turn.table.call_ends_reasoning):
        return None
    turn.writer.begin_tag_space()
    return begin_message(turn, found, at)


def damaged_header(turn: Turn, row: Row, at: int, end: int, last: bool) -> int | None:
    """What reads like a message's end or a header inside a message, if what follows confirms it."""
    headers = damaged_headers(turn.table.format)
    ended = headers.end(turn.text, at, last)
    if ended is not None:
        return end_damaged(turn, headers, at, ended)
    odd = headers.odd_end.match(turn.text, at)
    if odd is not None:
        behind = SPACES.match(turn.text, odd.end()).end()
        if headers.strict.whole.match(turn.text, behind, behind + HEAD_LIMIT):
            return end_damaged(turn, headers, at, odd.end())
        if not last and headers.strict.begun.match(turn.text, behind):
            return ~at
    found = headers.read(turn.text, at, last, partial(is_recipient, turn), partial(may_be_recipient, turn))
    if found is None or found == WAIT:
        return next_message(turn, found, at)
    if is_typed_header(turn, headers, at, found.end):
        return None
    if found.kind == "call":
        begins = headers.begins_call(turn.text, found.end, last) if is_recipient(turn, found.name) or not found.name else False
        return next_message(turn, WAIT if begins is None else found if begins else None, at)
    inside, where = headers.strict.channels.inside, ground_of(turn)
    counts = where == "reasoning" or inside == "header" or (inside == "reasoning" and where == "outside")
    return next_message(turn, found, at) if counts else None


def damaged_end(turn: Turn, row: Row, at: int, end: int, last: bool) -> int | None:
    """The misspelt end of a message, where the output ends."""
    headers = damaged_headers(turn.table.format)
    ended = headers.end(turn.text, at, last)
    return None if ended is None else end_damaged(turn, headers, at, ended)


def end_damaged(turn: Turn, headers: DamagedHeaders, start: int, ended: int) -> int | None:
    """The misspelt end of a message."""
    if ended >= 0:
        if is_typed_header(turn, headers, start, ended):
            return None
        turn.problem("repaired_markup", f"a message's damaged end was read: {turn.text[start:ended]}", start)
        to_header(turn, start, ended)
    return ended


def is_typed_header(turn: Turn, headers: DamagedHeaders, start: int, end: int) -> bool:
    """Whether the engine said that markers from `start` to `end`, in any spelling, came from ordinary tokens."""
    return turn.runs is not None and any(
        turn.runs.among(turn.base + found.start(), turn.base + found.end(), False)
        for found in headers.marker.finditer(turn.text, start, end)
    )


def with_damage(turn: Turn, found: Header | None, at: int, last: bool) -> Header | None:
    """The header at `at` where one may stand, of which `found` is what a reader of proper markup finds."""
    headers = damaged_headers(turn.table.format)
    if found is not None and is_written(turn, headers, found, at):
        return found
    lost = found is None or (found != WAIT and not headers.is_closed(turn.text, found.end))
    damaged = headers.read(turn.text, at, last, partial(is_recipient, turn), partial(may_be_recipient, turn), lost)
    proper = not lost and found != WAIT
    if damaged is None or (proper and damaged == WAIT and not headers.is_closed(turn.text, found.end, "<")):  # type: ignore[union-attr]
        return found
    if damaged == WAIT:
        return damaged
    if found is not None and (found.kind == "again" or turn.text[found.end : damaged.end] == ">") and damaged.end > found.end:
        return found
    if found is not None and proper and damaged.end == found.end:
        known = found.kind != "call" or is_recipient(turn, found.name) or not is_recipient(turn, damaged.name)
        if known and (damaged.kind == found.kind or found.kind != "content"):
            return found
    if damaged.kind == "content" and "<" not in turn.text[at : damaged.end]:
        return found  # words alone are no header
    return found if is_typed_header(turn, headers, at, damaged.end) else damaged


def is_written(turn: Turn, headers: DamagedHeaders, found: Header, at: int) -> bool:
    """Whether a header stands there as the template writes it, for a declared tool if it is a call's: nothing in it can be damage."""
    return headers.strict.whole.fullmatch(turn.text, at, found.end) is not None and (found.kind != "call" or is_recipient(turn, found.name))


def is_recipient(turn: Turn, text: str) -> bool:
    """Whether a message may go to a declared tool under this name."""
    return turn.sink.declares(plain_recipient(turn, text))


def may_be_recipient(turn: Turn, text: str) -> bool:
    """Whether a longer text may be such a name."""
    return turn.sink.may_be_name(plain_recipient(turn, text))


def plain_recipient(turn: Turn, text: str) -> str:
    name = plain_name(text, turn.table.format.calls[0]) if turn.table.format.calls else text
    return named_once(name, (), turn.sink.declares)


def begin_message(turn: Turn, header: Header, at: int) -> int:
    """Behind a header: the message that it announces begins."""
    writer = turn.writer
    if header.kind in ("cut", "lost", "again"):
        return drop_header(turn, header, at)
    if turn.place.pair is not None:
        turn.leave_reasoning()
    else:
        writer.drop_tag_space()
    if header.kind == "call" and turn.table.reads_damaged:
        check_words(turn, header, at)
    writer.tag_space = NOWHERE
    turn.state = running
    turn.place = turn.table.places[("call message" if header.kind == "call" else "answer", turn.place.kind, turn.place.passed)]
    if header.kind == "reasoning":
        turn.writer.reasoning_opens(turn.base + at, turn.base + header.end)
        turn.enter_reasoning(turn.table.format.reasoning[0])
    row = turn.table.addressed
    if header.kind == "call" and row is not None:
        head: Head = row.marker  # type: ignore[assignment]
        if not head.named:
            turn.state = addressed
        elif open_call(turn, row, head, {"name": header.name}, at, header.end) is None:
            return header.end
    if header.repaired:
        turn.sink.problem("repaired_markup", f"a damaged header was read: {turn.text[max(at, -turn.base) : header.end]}", at)
    if turn.table.reads_damaged:
        closed = damaged_headers(turn.table.format).is_closed(turn.text, header.end)
        turn.armed["begins"] = turn.state if closed or header.kind != "content" else unclosed
        turn.state = behind_header
    return header.end


def drop_header(turn: Turn, header: Header, at: int) -> int:
    """A header that announces no message: the output ends in it, it lacks its end, or another one follows at once."""
    dropped = turn.text[max(at, -turn.base) : header.end]
    if header.kind == "cut" and header.name and "{" in dropped:  # a whole call's, of which the end is damaged
        turn.problem("not_a_call", f"a call's header without its end was dropped: {dropped}", at, error=True)
    elif header.kind == "cut":
        turn.problem("cut_marker", f"the output ends inside a header, which was dropped: {dropped}", at)
    elif header.kind == "lost":
        declared = bool(header.name) and is_recipient(turn, header.name)
        said = "a call's header without its end was dropped" if declared else "a header without a message was dropped"
        lost = bool(header.name) or damaged_headers(turn.table.format).speaks(dropped)
        turn.problem("not_a_call" if declared else "dropped_text", f"{said}: {dropped}", at, error=lost)
    turn.writer.drop_tag_space()
    if header.kind == "cut":
        return ~header.end
    to_header(turn, at, header.end)
    return header.end


def check_words(turn: Turn, header: Header, at: int) -> None:
    """Words in a call's header that belong in none are told; another tool's name there may be the one that was meant."""
    headers = damaged_headers(turn.table.format)
    text = turn.text[max(at, -turn.base) : header.end]
    if headers.strict.whole.fullmatch(text) or not (words := headers.strange(text, header.name)):
        return
    others = [word for word in words if is_recipient(turn, word)]
    ends = tuple(plain_letters(name) for name in turn.sink.tools.names) if turn.sink.tools is not None else ()
    parted = any(plain_letters(f"{header.name}{word}").endswith(ends) for word in words)  # it may have been one name
    said = f"the header of a call of {header.name!r} names {others[0]!r}, too" if others else "words in a call's header were dropped"
    turn.problem("doubtful_value" if others else "dropped_text", f"{said}: {text}", at, error=bool(others) or parted or len(words) > 1)


def behind_header(turn: Turn, at: int, last: bool) -> int:
    """Right behind a header, whose end may stand again."""
    headers = damaged_headers(turn.table.format)
    again = headers.again.match(turn.text, at)
    if not last and headers.again_begins.match(turn.text, at) and not (again and headers.is_closed(turn.text, again.end())):
        return ~at
    if again is not None and not is_typed_header(turn, headers, at, again.end()):
        turn.sink.problem("repaired_markup", f"a header's end that stands twice was dropped: {again[0].strip()}", at)
        return again.end()
    if turn.text.startswith(">", at) and turn.place.ground == "call message":
        turn.sink.problem("repaired_markup", "a > too many was dropped", at)
        return at + 1
    turn.state = turn.armed.pop("begins")
    return at


def unclosed(turn: Turn, at: int, last: bool) -> int:
    """Behind a header without its end, where a call's text may begin."""
    begin = SPACES.match(turn.text, at).end()
    if begin == len(turn.text) and not last:
        return ~at
    turn.state = running
    opened = unopened_object(turn, begin, last) if turn.text[begin : begin + 1] == "{" else None
    if opened is not None and opened < 0:
        turn.state = unclosed
        return ~at
    return at if opened is None else opened


def addressed(turn: Turn, at: int, last: bool) -> int:
    """A message that is a call whose name stands in its text."""
    row = turn.table.addressed
    assert row is not None
    turn.state = running
    opened = open_call(turn, row, row.marker, {}, at, at)  # type: ignore[arg-type]
    return at if opened is None else opened


def behind_message(turn: Turn, row: Row, at: int, end: int, last: bool) -> int:
    to_header(turn, at, at)
    return at
