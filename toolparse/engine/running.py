"""Running text: content or reasoning, and what may stand in it: reasoning's markers, frames, stop tokens, stray markers, suffixes.

The states are `running` and `stopped`. Knows nothing of what a call or a header is: the actions of their rows see to that.
"""

from __future__ import annotations

from toolparse.engine.table import Row
from toolparse.engine.turn import Turn
from toolparse.grammar import Frame, Reasoning
from toolparse.jsontext.characters import SPACE, SPACES, always
from toolparse.wire.damaged_closers import TOKEN
from toolparse.wire.markers import HEAD_LIMIT
from toolparse.wire.spellings import spellings

_PIECE = always(r"[ \t\r\n]{0,8}(\w{0,16})[ \t\r\n]{0,8}")
HELD_SPACE = 64
"""White space up to this length waits with the text instead of in the writer."""


def running(turn: Turn, at: int, last: bool) -> int:
    """Running text, until a marker."""
    text = turn.text
    begin = SPACES.match(text, at).end()
    if begin > at:
        turn.hold_space(at, begin)
        at = begin
    if at == len(text):
        return ~at
    place = turn.place
    rejected = turn.rejected
    untried = rejected[1] if rejected is not None and rejected[0] == turn.base + at else None
    if place.on_line:
        rows = untried if untried is not None else place.anchored.get(text[at]) or place.anchored[""]
        done = turn.what_stands(rows, at, last) if rows else None
        if done is not None:
            return done
    found = place.search(text, at + (untried is not None))
    if found is None:
        turn.say(at, len(text))
        return ~len(text)
    start = found.start()
    kind, marker = found.lastgroup, found[0]
    if kind == "hold" and turn.writer.code and text[start] in place.floating:
        kind, marker = "marker", text[start]  # which in code may count for nothing
    if kind == "hold":
        turn.say(at, start)
        if last and text[start] in SPACE:  # a line may begin behind it
            return start
        return ~(end_in_marker(turn, start) if last else hold_marker(turn, start))
    if start > at:
        end = at + len(text[at:start].rstrip(SPACE))
        turn.say(at, end)
        if start > end:
            turn.hold_space(end, start)
    return start if kind == "line" else floating_marker(turn, marker, start, last)


def hold_marker(turn: Turn, start: int) -> int:
    """What begins at `start` may become a marker. Returns what must wait."""
    writer = turn.writer
    space = SPACES.match(turn.text, start).end()
    if space - start >= HELD_SPACE or (space > start and not writer.block.begun):
        turn.hold_space(start, space)
        start = space
    turn.shortcut = turn.place.waiting
    return start


def end_in_marker(turn: Turn, start: int) -> int:
    """The output ends in what may have become a marker."""
    text = turn.text
    space = SPACES.match(text, start).end()
    turn.hold_space(start, space)
    if not turn.is_fragment(text[space:], space):
        turn.say(space, len(text))
    return len(text)


def floating_marker(turn: Turn, marker: str, start: int, last: bool) -> int:
    """A marker that floats in running text."""
    rows = turn.place.floating.get(marker) or (*turn.place.look_alikes, Row(marker, "stray"))
    if turn.runs is not None and turn.is_typed(start, start + len(marker)):
        rows = tuple(row for row in rows if row.does == "suffix")
    done = turn.what_stands(rows, start, last)
    if done is not None:
        return done
    turn.rejected = (turn.base + start, ())
    return start


def think(turn: Turn, row: Row, at: int, end: int, last: bool) -> int:
    """Reasoning opens; behind a prompt that opened it, it has been open."""
    if turn.place.kind == "echo":
        turn.writer.block.space.clear()
        turn.place = turn.table.thinking(row.of, "echo")
    else:
        turn.enter_reasoning(row.of)
    turn.writer.reasoning_opens(turn.base + at, turn.base + end)
    return end


def close(turn: Turn, row: Row, at: int, end: int, last: bool) -> int:
    """Reasoning closes."""
    turn.writer.reasoning_closes(turn.base + end)
    turn.leave_reasoning("closed" if turn.writer.thought else "unthought")
    return end


def again(turn: Turn, row: Row, at: int, end: int, last: bool) -> int:
    """The closer stands again: it is framing; where the format does not say so, that is damage."""
    writer = turn.writer
    if row.of:
        turn.problem("repaired_markup", f"a closer of reasoning stood twice: {row.marker}", at)
    turn.place = turn.table.place(turn.place.ground, "closed" if writer.thought else "unthought", turn.place.passed)
    writer.border()
    return end


def late(turn: Turn, row: Row, at: int, end: int, last: bool) -> int:
    """A closer of reasoning that is not open: framing, behind a call that has ended reasoning or where the format says so."""
    turn.armed.pop("late", None)
    turn.place = turn.place.behind_closer
    turn.writer.border()
    return end


def frame(turn: Turn, row: Row, at: int, end: int, last: bool) -> int:
    """A tag around the answer."""
    frame: Frame = row.of
    if frame.anywhere:
        if turn.place.pair is not None:
            turn.leave_reasoning()
        else:
            turn.writer.drop_tag_space()
    if frame.close is not None:
        turn.armed["frame"] = frame
    if not frame.anywhere:
        turn.place = turn.place.behind_frame[turn.table.frames.index(frame)]
        turn.writer.border()
    return end


def close_frame(turn: Turn, row: Row, at: int, end: int, last: bool) -> int | None:
    frame: Frame = row.of
    if turn.armed["frame"] is not frame:
        return None
    if turn.table.reads_damaged and frame.close is not None:
        marker = str(row.marker)
        if turn.text.startswith(marker, end):
            turn.problem("repaired_markup", f"a closer stood twice: {marker}", end)
            end += len(marker)
        elif not last and marker.startswith(turn.text[end:]):
            return ~at
    del turn.armed["frame"]
    if not frame.anywhere:
        turn.writer.border()
        turn.place = turn.place.behind_border
    if turn.table.tagged:
        turn.writer.begin_tag_space()
    return end


def damaged_frame(turn: Turn, row: Row, at: int, end: int, last: bool) -> int | None:
    """What reads like the closer of the frame, if a call or nothing follows."""
    text, frames = turn.text, turn.table.damaged_frames
    if "frame" not in turn.armed:
        return None
    found = frames.full.match(text, at)
    if found is not None and found[0] in frames.exact:
        return None
    if not last and frames.begins.match(text, at):  # of a longer one a beginning may read like it, too
        return ~at
    if found is None:
        return None
    behind = SPACES.match(text, found.end()).end()
    if not last and (behind == len(text) or frames.next_begins.match(text, behind)):
        return ~at
    if behind < len(text) and not frames.next.match(text, behind):
        return None
    turn.problem("repaired_markup", f"a damaged closer was dropped: {found[0]}", at)
    return close_frame(turn, Row(found[0], "close frame", turn.armed["frame"]), at, found.end(), last)


def lone_closer(turn: Turn, row: Row, at: int, end: int, last: bool) -> int | None:
    """The closer of a frame whose opener is missing: framing where the answer ends, if it looks like no tag or stands behind a block."""
    text, table, behind = turn.text, turn.table, end
    if not (TOKEN.match(text, at) or turn.writer.at_block):
        return None
    while behind - end < HEAD_LIMIT and (blank := table.stop_run.match(text, behind)) is not None:
        behind = blank.end()
    if behind < len(text) and (last or not table.stop_begins.match(text, behind)):
        return None
    if not last:
        return ~at
    turn.problem("repaired_markup", f"a closer without its opener was dropped: {row.marker}", at)
    turn.writer.border()
    turn.place = turn.place.behind_border
    return end


def closes_nothing(turn: Turn, row: Row, at: int, end: int, last: bool) -> int:
    turn.problem("stray_marker", f"{row.marker} closes what has not been opened, as reasoning is open, and was dropped", at)
    return end


def stop(turn: Turn, row: Row, at: int, end: int, last: bool) -> int:
    """A stop token, which may be text; behind white space that is text it is."""
    if turn.writer.block.overflowed and turn.state == running:
        turn.say(at, end)
        turn.writer.block.overflowed = True
        return end
    turn.state = stopped
    return at


def stray(turn: Turn, row: Row, at: int, end: int, last: bool) -> int | None:
    """A marker that does nothing here is text, but not as a special token."""
    if turn.place.pair is not None and turn.table.reads_damaged:
        done = opener_at_end(turn, turn.place.pair, at, end, last)
        if done is not None:
            return done
    if turn.table.format.fragments and turn.table.reads_damaged and turn.place.pair is None and row.marker in turn.table.pieces:
        return stray_piece(turn, row.marker, at, end, last)
    if turn.runs is None or turn.choice.mode == "none" or not turn.runs.among(turn.base + at, turn.base + end, True):
        return None
    if end - at == 1:  # a bracket, which what follows makes a marker
        return None
    if turn.rejected is not None and turn.rejected[0] == turn.base + at - 1:  # the rest of a marker that opened no call
        return None
    turn.problem("stray_marker", f"the special token {row.marker} closes or wraps nothing here and was dropped", at)
    turn.place = turn.place.behind_space
    return end


def opener_at_end(turn: Turn, pair: Reasoning, at: int, end: int, last: bool) -> int | None:
    """The opener of a call that stands in front of the end of reasoning is framing: the call follows behind it."""
    text = turn.text
    if not turn.table.wrappers[0].fullmatch(text, at, end):
        return None
    behind = SPACES.match(text, end, end + HELD_SPACE).end()
    closers = tuple(closer.strip(SPACE) for closer in spellings(pair.close))
    if text.startswith(closers, behind):
        turn.problem("repaired_markup", f"the opener of a call in front of the end of reasoning was dropped: {text[at:end]}", at)
        return end
    return ~at if not last and any(closer.startswith(text[behind:]) for closer in closers) else None


def stray_piece(turn: Turn, marker: str, at: int, end: int, last: bool) -> int | None:
    """The same where markers are several special tokens and a word: a piece, or a frame's closer made of them, is framing if another
    one follows."""
    text = turn.text
    word = _PIECE.match(text, end)
    rest = text[word.end() : word.end() + HEAD_LIMIT]
    if not last and (not rest or any(token.startswith(rest) for token in turn.table.format.special_tokens)):
        return ~at
    if word[1] not in turn.table.marker_words or not rest.startswith(turn.table.format.special_tokens):
        return None
    ends_call = any(marker in behind.tail.ends.closers for behind in turn.table.behind.values())
    turn.problem("repaired_markup", f"a piece of damaged markup was dropped: {marker}", at, ends_call)
    turn.place = turn.place.behind_space
    return end


def backticks(turn: Turn, row: Row, at: int, end: int, last: bool) -> int:
    """Backticks in content, which open and close code."""
    end = at + len(turn.text) - at - len(turn.text[at:].lstrip("`"))
    if end == len(turn.text) and not last:
        return ~at
    code = turn.writer.code_behind(end - at, turn.place.on_line)
    turn.say(at, end)
    turn.writer.code = code
    return end


def suffix(turn: Turn, row: Row, at: int, end: int, last: bool) -> int | None:
    """A marker whose suffix is not known: it tells the suffix if it counts here."""
    text, place, suffixes = turn.text, turn.place, turn.table.suffixes
    assert suffixes is not None
    found = suffixes.call.match(text, at, at + HEAD_LIMIT) if place.opens_calls else None
    if found is None and place.pair is not None:
        found = suffixes.close.match(text, at)
    elif found is None and place.kind in ("first", "start"):
        found = suffixes.open.match(text, at)
    if found is not None:
        fix_suffix(turn, found[found.lastindex or 0])
        return at
    if suffixes.stop.match(text, at):
        turn.state = stopped
        return at
    return ~at if not last and len(text) - at < HEAD_LIMIT and suffixes.partial.match(text, at) else None


def fix_suffix(turn: Turn, suffix: str) -> None:
    """A marker has told what this checkpoint writes behind the name in all of them."""
    turn.armed.pop("suffix", None)
    turn.table = turn.table.with_suffix(suffix)
    turn.place = turn.table.like(turn.place)


def stopped(turn: Turn, at: int, last: bool) -> int:
    """Behind a stop token: it is text only if other text follows, or if there is more of it than may be held."""
    text, table, most = turn.text, turn.table, turn.sink.rules.max_held
    opens: bool | None = False
    while turn.kept.length <= most and (found := table.stop_run.match(text, at)) is not None:
        opens = opens_again(turn, at, last)
        if opens:
            break
        if opens is None:
            return ~at
        turn.kept.add(text[max(at, -turn.base) : found.end()])
        at = found.end()
    too_long = turn.kept.length > most
    if not too_long and (at == len(text) or (not last and table.stop_begins.match(text, at))):
        return ~at
    turn.state = running
    kept = turn.kept.taken()
    if opens and turn.table.reads_damaged and text.startswith(kept.strip(SPACE), at):
        turn.problem("repaired_markup", f"a marker stood twice: {kept}", at)
        return at
    end = len(kept.rstrip(SPACE)) or len(kept)
    turn.write(kept[:end], turn.base + at - len(kept))
    turn.writer.block.overflowed = too_long
    if end < len(kept):
        turn.hold(kept[end:], turn.base + at)
    return at


def opens_again(turn: Turn, at: int, last: bool) -> bool | None:
    """Whether a further stop token begins the opening of a call (families where a marker is both); None: more must tell."""
    text = turn.text
    for head in turn.table.stop_heads if turn.kept else ():
        if head.full.match(text, at):
            return True
        if not last and len(text) - at < HEAD_LIMIT and head.partial.match(text, at):
            return None
    return False
