"""A call from its opening, which has been read, to its end: the codec of the format's arguments reads it.

The states are `before_arguments`, `in_call` and, in an entry that is no call, `skipped_entry`. A call that is rejected is given back as
running text.
"""

from __future__ import annotations

import re

from toolparse.codecs import reader_for
from toolparse.codecs.echo import Recorded
from toolparse.engine.behind_calls import behind_call, doubt_arguments, to_behind_call
from toolparse.engine.running import running
from toolparse.engine.table import Row
from toolparse.engine.turn import Opened, Turn
from toolparse.grammar import Calls
from toolparse.wire.call_ids import name_in_id
from toolparse.wire.call_names import named_once, plain_name
from toolparse.wire.damaged_openings import DamagedOpening
from toolparse.wire.lookalikes import QUOTES
from toolparse.wire.markers import HEAD_LIMIT, Head
from toolparse.wire.open_call import Opening

_ATTRIBUTE = re.compile(r"""\s(?P<key>[\w-]{1,64})=["'](?P<value>[^"'<>]{0,256})""")
RESCAN = 1024
"""A rejected opening up to this length is looked at again for other openings; this keeps floods of openings linear."""


def open_call(
    turn: Turn, row: Row, head: Head | DamagedOpening, slots: dict[str, str], at: int, end: int, declared: bool = False
) -> int | None:
    """An opening has been read up to `end`: begin the call, or try it when the name is still to come. `declared`: only that of a
    declared tool."""
    sink, calls, before = turn.sink, head.calls, turn.opened
    if head.skips or head.is_empty:
        return open_no_call(turn, row, head, at, end)
    name, wire_id = name_of(turn, calls, slots)
    sink.opening = Opening(turn.base + at, name is None, declared or bool(head.declared))
    sink.arguments_at(end)
    shares_wrapper = turn.state == behind_call or (calls.wrapper is not None and calls.wrapper.shared)
    turn.opened = Opened(row, head.wrapped or (turn.inside and shares_wrapper), before)
    if name is not None and not (name and sink.begin(name, wire_id, at)):
        turn.opened = before
        return None
    written = slots.get("declared", slots.get("name", ""))
    if name is not None and written and name != written and written[0] in f"{QUOTES}>":
        sink.problem("repaired_markup", f"the name {written} was read as {name!r}", at)
    if isinstance(head, DamagedOpening) or "=" in written:
        tell_attributes(turn, at, end)
    if head.closed:
        sink.write("{}")
        sink.end(True, end)
        to_behind_call(turn)
        return end
    tail = row.of.tail
    unnamed = "" if name is not None or wire_id is None else wire_id
    turn.reader = reader_for(calls, sink, tail, not head.wrapped and bool(head.declared), unnamed)
    if tail.echoed:
        turn.reader = Recorded(turn.reader, turn.text[at:end], sink.rules.max_held)
    turn.state = before_arguments if calls.lead else in_call
    return end


def tell_attributes(turn: Turn, at: int, end: int) -> None:
    """Attributes of the tag with the name that are arguments by their keys: the tag has no place for them, and the call is not complete."""
    sink, tool = turn.sink, turn.sink.tool
    for found in _ATTRIBUTE.finditer(turn.text, at, end) if tool is not None else ():
        if tool.declares(found["key"]) and found["value"] != sink.name:  # type: ignore[union-attr]
            sink.opening.spoilt = True
            sink.problem("dropped_text", f"an attribute beside the name may be an argument: {found[0].strip()}", found.start(), error=True)


def name_of(turn: Turn, calls: Calls, slots: dict[str, str]) -> tuple[str | None, str | None]:
    """The name that stands in an opening, and the call's id."""
    name, wire_id = slots.get("name"), slots.get("id")
    if name is not None and name[0:1] == ">" and turn.table.reads_damaged and len(name) > 1:
        name = name.lstrip("> ")  # of the marker in front of it
    if name is not None and calls.id_holds_name:
        wire_id, name = name, name_in_id(name, calls.prefix, turn.sink.tools)
    elif name is not None:
        name = plain_name(name, calls)
    if name is not None and name[:1] in QUOTES and turn.table.reads_damaged and not turn.sink.declares(name):
        name = name.strip(f"{QUOTES} ")
    if name is not None and turn.table.reads_damaged and not turn.sink.declares(name):
        name = named_once(name, turn.table.format.special_tokens, turn.sink.declares)
    return name, wire_id


def open_no_call(turn: Turn, row: Row, head: Head | DamagedOpening, at: int, end: int) -> int:
    """An entry among the calls that is none, or a block without calls, which is framing."""
    turn.opened = Opened(row, head.wrapped or head.skips, turn.opened)
    turn.call_begun()
    if head.skips:
        turn.sink.starts_at(at)
        turn.kept.clear()
        turn.kept.add(turn.text[at:end])
        turn.state = skipped_entry
        return end
    dropped = turn.text[at:end]
    turn.problem("no_call", f"a block without calls was dropped: {dropped}", at, error=_ATTRIBUTE.search(dropped) is not None)
    turn.reader = None
    to_behind_call(turn)
    return end


def skipped_entry(turn: Turn, at: int, last: bool) -> int:
    """Inside an entry that is no call, up to its closer or what stands for it."""
    text, opened = turn.text, turn.opened
    assert opened is not None
    found = opened.behind.tail.skip_end.search(text, at)
    end = len(text) if found is None else found.start()
    start = turn.sink.opening.start - turn.base
    most = max(at, start + turn.sink.rules.max_held)
    turn.kept.add(text[at : min(end, most)])
    if end <= most and not last and (found is None or found.lastgroup == "hold"):
        return ~end
    skipped = turn.kept.taken()
    if end > most:
        turn.state = running
        turn.writer.say(skipped, turn.base + most)
        turn.place = turn.place.behind_text
        return most
    names = turn.sink.tools.names if turn.sink.tools is not None else ()
    lost = any(name in skipped for name in names) or "=" in skipped or "{" in skipped  # what arguments are written with
    turn.problem("dropped_text", f"an entry that is no call was dropped: {skipped}", start, lost)
    to_behind_call(turn)
    return end


def before_arguments(turn: Turn, at: int, last: bool) -> int:
    """Between a call's opening and its arguments, where markers may stand."""
    assert turn.opened is not None
    tail = turn.opened.behind.tail
    undecided = not last and tail.lead_partial is not None and len(turn.text) - at < HEAD_LIMIT
    if undecided and tail.lead_partial.match(turn.text, at):  # type: ignore[union-attr]
        return ~at
    found = tail.lead.match(turn.text, at, at + HEAD_LIMIT)
    if found is not None:
        return found.end()
    turn.state = in_call
    return at


def in_call(turn: Turn, at: int, last: bool) -> int:
    """Inside a call: the codec reads."""
    reader, sink = turn.reader, turn.sink
    if not reader.done:
        at = reader.step(turn.text, at, last)
    if reader.refused or (sink.trial and turn.base + at - sink.opening.start > sink.rules.max_held):
        return backtrack(turn, at)
    if reader.done:
        sink.closes(at)
        to_behind_call(turn)
        sink.flush()
        return at
    return ~at


def backtrack(turn: Turn, at: int) -> int:
    """What was tried is no call: its text is running text, in which other openings are looked for; positions are set back to it."""
    sink = turn.sink
    opened, start = turn.opened, sink.opening.start
    assert opened is not None
    tried = turn.base + at - start
    turn.text = "".join(opened.raw) + turn.text[max(start - turn.base, 0) :]
    turn.base = sink.base = start
    sink.abandon()
    row = opened.row
    if row is turn.table.addressed:
        turn.problem("not_a_call", "a message is a call by its header and cannot be read as one, so it is content", 0, error=True)
    turn.opened = opened.before
    if opened.before is not None:
        doubt_arguments(turn, opened.before, 0)
    turn.state = running
    turn.write_kept(0)
    rows = turn.place.anchored.get(turn.text[:1], ())
    untried = tuple(other for other in rows[rows.index(row) + 1 :] if other.does == "call") if row in rows else ()
    turn.rejected = None if row is turn.table.addressed else (turn.base, untried)
    if tried > RESCAN:
        end = min(tried, sink.rules.max_held)
        turn.say(0, end)
        return end
    return 0
