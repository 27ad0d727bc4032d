"""The openings of calls: as the format has them, damaged, and missing.

These actions decide whether a call begins at a position; `calls.py` then reads it. What an opening looks like, damaged or not, is the
business of `wire/markers.py` and `wire/damaged_openings.py`.
"""

from __future__ import annotations

import re

from toolparse.engine.behind_calls import to_behind_call
from toolparse.engine.calls import name_of, open_call
from toolparse.engine.table import Row
from toolparse.engine.tool_choice import BY_NAME
from toolparse.engine.turn import Opened, Turn
from toolparse.grammar import Parameters
from toolparse.jsontext.characters import SPACES, always
from toolparse.wire.call_objects import closed_object
from toolparse.wire.damaged_closers import DamagedClosers
from toolparse.wire.damaged_openings import DamagedOpening, Found, Joined
from toolparse.wire.dialects import ARGUMENTS, BEFORE_ELEMENTS
from toolparse.wire.lookalikes import GAP, QUOTES
from toolparse.wire.markers import HEAD_LIMIT, Head, slot_of, slot_texts

_BREAKS = always(GAP)
LONGEST_ASIDE = 192
"""A marker, and words or a comment behind it, are waited for so long."""
_ASIDE = re.compile(r"[ \t\r\n]{0,16}((?:[^<>{}\[\]()=|`\n]{1,80}|<!--[^<>]{0,120}-->)?)([ \t\r\n]{0,16})")
_TAG = re.compile(r"\s{0,64}<(?P<word>[A-Za-z][\w.:\-]*)")
_OF_PARAMETERS = re.compile(rf"(?i:param|arg|(?:{'|'.join(sorted(ARGUMENTS))})\Z)")
LONGEST_OBJECT = 4096
"""An object that may be a call without its opener is held up to this length."""


def opening(turn: Turn, row: Row, at: int, end: int, last: bool) -> int | None:
    """The call whose opening stands at `at`. None when there is none, `~at` when more text must decide."""
    text, sink = turn.text, turn.sink
    head: Head = row.marker  # type: ignore[assignment]
    fence = turn.writer.block.fence
    if (fence is not None and (fence.inside or text.startswith("```", at))) or (turn.writer.code and not head.in_code):
        return None
    found = head.full.match(text, at, at + HEAD_LIMIT + 1) or (head.cut.match(text, at) if last and head.cut is not None else None)
    if found is not None and found.end() - at <= HEAD_LIMIT:
        slots, end = slot_texts(found), found.end()
        sink.name_in(found)
        if turn.choice.name is not None and head.calls in BY_NAME:
            if not fits_choice(turn, slots):
                return None
            slots["name"] = turn.choice.name or ""
        if head.any_name:
            slots["name"] = sink.declared_name(slots["declared"])
        if head.skips and turn.table.reads_damaged:
            damaged = damaged_opening(turn, at, last, True)
            if damaged is not None:
                return damaged
        undeclared = (head.declared or head.any_name) and head.named and not sink.declares(slots["name"])
        quoted = may_be_quoted(turn)
        if (
            undeclared
            or turn.is_typed(at, end)
            or (quoted and head.named and not sink.declares(sink.meant(name_of(turn, head.calls, slots)[0] or "")))
        ):
            return None
        return open_call(turn, row, head, slots, at, end, quoted)
    if not last and len(text) - at < HEAD_LIMIT:
        begun = head.partial.match(text, at)
        if begun is not None and may_be_named(turn, head, begun):
            turn.shortcut = row.waiting if fence is None else None  # where fences count, an opening that begins with one is none
            return ~at
    return None


def may_be_quoted(turn: Turn) -> bool:
    """Whether a call here counts only if it names a declared tool: reasoning quotes the template's examples."""
    return turn.place.pair is not None and turn.table.options.in_reasoning is None and turn.sink.tools is not None


def fits_choice(turn: Turn, slots: dict[str, str]) -> bool:
    """Whether an object may be the arguments of the function that the request names: behind words, by its first key, and not behind
    the beginning of another object, in which it may stand."""
    if "key" not in slots:
        return True
    tool = turn.sink.tools.get(turn.choice.name or "") if turn.sink.tools is not None else None
    fits = tool is not None and tool.declares(slots["key"]) and "object" not in turn.armed
    if not fits:
        turn.armed["object"] = True
    return fits


def may_be_named(turn: Turn, head: Head, begun: re.Match[str]) -> bool:
    """Whether the beginning of an opening that only a declared tool can have may become one."""
    return not head.any_name or turn.sink.may_be_declared(slot_texts(begun).get("declared", ""))


def damaged_call(turn: Turn, row: Row, at: int, end: int, last: bool) -> int | None:
    """An opening whose markup is damaged. Only at the start of a line may a marker be missing."""
    done = damaged_opening(turn, at, last, turn.place.on_line)
    return done if done is not None else words_behind_opener(turn, at, last)


def words_behind_opener(turn: Turn, at: int, last: bool) -> int | None:
    """A wrapper's opener and a few words or a comment in front of a call: the words are content, and the opener is framing."""
    text, sink = turn.text, turn.sink
    openers, heads, keys = turn.table.wrappers
    found = openers.match(text, at)
    if found is None or sink.tools is None or turn.place.pair is not None or turn.writer.in_code:
        return None
    words = _ASIDE.match(text, found.end())
    assert words is not None
    behind = words.end()
    if behind == len(text) or text.startswith("<!", behind) or text[behind:] == "<":
        return ~at if not last and behind - at < LONGEST_ASIDE else None
    lines = turn.place.on_line or "\n" in words[2] or words[1].startswith("<!")
    if not words[1] or not lines or turn.is_typed(at, found.end()):
        return None
    if text[behind] in "{[" and keys:
        closers = turn.table.unopened.of.tail.damaged  # type: ignore[union-attr]
        closed = closed_object(text, behind, keys, sink.declares)
        end = SPACES.match(text, closed).end() if closed is not None and closed >= 0 else -1
        if closed is not None and (end < 0 or (not last and (end == len(text) or closers.begins.match(text, end)))):
            return ~at if not last and len(text) - at < LONGEST_OBJECT else None
        counts = closed is not None and closers.closer(text, end) is not None
    else:
        opening = ((head.full.match(text, behind, behind + HEAD_LIMIT), tail) for head, tail in heads)
        named = ((opened, tail, name_of(turn, tail.calls, slot_texts(opened))[0]) for opened, tail in opening if opened is not None)
        ends = [(opened.end(), tail) for opened, tail, name in named if sink.declares(name or "")]
        closes = closes_at(turn, ends[0][1].damaged, ends[0][0], last) if ends else False
        undecided = not ends and not last and len(text) - behind < HEAD_LIMIT
        if closes is None or (undecided and any(head.partial.match(text, behind) for head, _ in heads)):
            return ~at
        counts = closes
    if not counts:
        return None
    turn.problem("repaired_markup", f"words behind {found[0]} are content", at)
    turn.writer.border()
    turn.write(text[found.end() : behind], turn.base + found.end())
    turn.place = turn.place.behind_break
    return behind


def signed_call(turn: Turn, row: Row, at: int, end: int, last: bool) -> int | None:
    """Quotes or stars in front of an opening, at the start of a line: if it is one, they belong to it."""
    done = damaged_opening(turn, end - 1, last, True, at)
    return ~at if done is not None and done < 0 else done


def damaged_opening(turn: Turn, at: int, last: bool, at_edge: bool, start: int = -1) -> int | None:
    """A damaged opening at `at`, or from `start` on, if all that it holds confirms it; `at_edge`: a marker may be missing."""
    text, sink = turn.text, turn.sink
    if turn.writer.in_code:
        return None
    if text[at] == "<" and turn.table.is_nothing(text, at + 1):
        return None
    marked = is_marked(turn, at)
    for opening, opens in turn.table.damaged:
        if not at_edge and text[at] == "[" and not opening.bracketed:
            continue  # a bracket in prose is no marker
        if not (marked or opening.worded or (at_edge and may_begin(turn, opening, at))):
            continue
        if opening.lead is not None and not opening.lead.first.match(text, at):
            continue
        if not last and len(text) - at < HEAD_LIMIT and opening.waits(text, at):
            return ~at
        found = opening.match(text, at, at + HEAD_LIMIT + 1)
        if found is None or found.end() == at or found.end() - at > HEAD_LIMIT:
            continue
        slots, end = slot_texts(found), found.end()
        sink.name_in(found.body if isinstance(found, Joined) else found)
        if not opening.begins_own(found) and (opening.dialect or not at_edge or not marker_at(turn, end)):
            continue
        before = slots.pop("again", "")
        if before and before != slots["name"] and sink.declares(before) and (not opening.dialect or sink.declares(slots["name"])):
            return open_unclosed(turn, opens.row, opening, before, at, found.end("once"))
        joined = sink.joined_name(slots["name"]) if "name" in slots and not sink.declares(slots["name"]) else ""
        if joined:
            named = [group for group, text in found.groupdict().items() if text is not None and slot_of(group) == "name"]
            slots["name"], end = joined, found.start(named[-1]) + len(joined)
        if not is_confirmed(turn, opening, found, slots, at_edge):
            continue
        closes = closes_at(turn, opens.row.of.tail.damaged, end, last)
        if closes is None:
            return ~at
        declared = "odd" in slots or (opening.dialect and not at_edge)
        opened = open_damaged(turn, opens.row, opening, slots, at if start < 0 else start, end, declared) if closes else None
        if opened is not None:
            return opened
    return None


def next_body(turn: Turn, opened: Opened, at: int, last: bool) -> int | None:
    """A further call inside the markers of the one before, in the same dialect."""
    text = turn.text
    for opening, opens in turn.table.damaged:
        if not opening.dialect or not opening.named or opens.calls is not opened.behind.calls:
            continue
        if not last and len(text) - at < HEAD_LIMIT and opening.may_be_body(text, at):
            return ~at
        found = opening.body(text, at, at + HEAD_LIMIT + 1)
        if found is not None and found.end() > at and turn.sink.declares(slot_texts(found).get("name", "")):
            return open_damaged(turn, opens.row, opening, slot_texts(found), at, found.end(), False)
    return None


def open_damaged(turn: Turn, row: Row, opening: DamagedOpening, slots: dict[str, str], at: int, end: int, declared: bool) -> int | None:
    """A damaged opening is confirmed, from `at` to `end`; a line break that is written out belongs to it. Signs in front of it do if
    some stand behind its marker, too: in those around all of a call it is code."""
    text = turn.text
    sign = text[at]
    if sign in "`*" and sign not in text[at:end].lstrip(sign) and not text.startswith("```", at):
        return None
    gap = _BREAKS.match(text, end)
    if "\\" in gap[0]:
        end = gap.end()
    opened = open_call(turn, row, opening, slots, at, end, declared)
    if opened is not None and not opening.is_empty:
        closes = text.startswith("</", SPACES.match(text, end).end()) and text[at:end].rstrip()[-1:] not in (">", "]")
        if closes and turn.sink.open and turn.sink.may_lack_arguments:
            turn.problem("missing_closer", "a call's opening lacks its end, and arguments do not follow", at, error=True)
        turn.sink.problem("repaired_markup", f"a call's damaged opening was read: {text[at:end]}", at)
        if turn.opened is not None:
            turn.opened.around = sign in "`*" or text[at:end].rstrip()[-1:] in (*QUOTES, "*")
    return opened


def open_unclosed(turn: Turn, row: Row, opening: DamagedOpening, name: str, at: int, end: int) -> int | None:
    """A call without arguments and without its closer: the next call's opening stands right behind its own."""
    opened = open_call(turn, row, opening, {"name": name}, at, end)
    if opened is not None:
        cut = not turn.text[at:end].rstrip().endswith((">", "]"))  # its opening may have held more
        lost = turn.sink.may_lack_arguments
        turn.sink.problem("missing_closer", "a call without arguments ends where the next one begins", end, error=cut or lost)
        turn.sink.write("{}")
        turn.sink.end(True, end)
        to_behind_call(turn)
    return opened


def marker_at(turn: Turn, at: int) -> bool:
    """Whether a marker may begin behind `at`, blanks aside."""
    at = SPACES.match(turn.text, at).end()
    return turn.text[at : at + 1] in ("<", "[")


def may_begin(turn: Turn, opening: DamagedOpening, at: int) -> bool:
    """Whether an opening may begin with a word at `at`: one of its own, or the name of a declared tool, behind what the format writes
    in front of names."""
    text = turn.text[at : at + HEAD_LIMIT]
    calls = opening.calls
    if any(tag.startswith(text[: len(tag)]) for tag in opening.words):
        return True
    return (
        opening.named_first
        and not opening.dialect
        and (calls.prefix.startswith(text) or turn.sink.may_be_name(text.removeprefix(calls.prefix)))
    )


def is_marked(turn: Turn, at: int) -> bool:
    """Whether something other than a word stands behind `at`, blanks aside."""
    at = SPACES.match(turn.text, at).end()
    return not turn.text[at : at + 1].isalnum()


def closes_at(turn: Turn, closers: DamagedClosers, end: int, last: bool) -> bool | None:
    """Whether a closer that stands right behind a damaged opening is one (true where none stands); None when more text must tell."""
    at = SPACES.match(turn.text, end).end()
    closer = closers.closer(turn.text, at)
    if closer is None:
        undecided = not last and (at == len(turn.text) or closers.begins.match(turn.text, at))
        return None if undecided else True
    return closers.ends_with(turn.text, closer[1], closer[0], last)


def is_confirmed(turn: Turn, opening: DamagedOpening, found: Found, slots: dict[str, str], at_edge: bool) -> bool:
    """Whether a damaged opening counts."""
    if turn.runs is not None and any(
        found[f"p{i}"] is not None and turn.runs.among(turn.base + found.start(f"p{i}"), turn.base + found.end(f"p{i}"), False)
        for i in opening.special
    ):
        return False
    intact = opening.intact(found, turn.inside)
    if not at_edge and not (adjoins(turn, opening, found) if opening.dialect else intact or opening.begins_special(found)):
        return False
    if "name" not in slots:
        return intact or not opening.named
    name, _ = name_of(turn, opening.calls, slots)
    if opening.dialect and isinstance(opening.calls.body, Parameters) and not holds_parameter(turn, opening, name or "", found.end()):
        return False
    untold = intact and turn.sink.tools is None and opening.calls.needs != "tool" and "odd" not in slots
    named = name or ""
    return untold or turn.sink.declares(turn.sink.meant(named) if opening.dialect else named)


def holds_parameter(turn: Turn, opening: DamagedOpening, name: str, at: int) -> bool:
    """Whether the tag behind the opening of a call, if one stands there, may open a parameter, or all of them, or close the call. Behind
    nothing but a name it must be that of a declared parameter."""
    tag = _TAG.match(turn.text, at)
    if opening.calls.open != BEFORE_ELEMENTS.open and (tag is None or _OF_PARAMETERS.match(tag["word"])):
        return True
    tool = turn.sink.tools.get(turn.sink.meant(name)) if tag is not None and turn.sink.tools is not None else None
    return tool is not None and tool.declares(tag["word"])  # type: ignore[index]


def adjoins(turn: Turn, opening: DamagedOpening, found: Found) -> bool:
    """Whether the format's own marker in front of another dialect's body is whole, and nothing but a line break stands between them."""
    if any(found[f"p{i}"] is None for i in range(opening.required)):
        return False
    end = found.end(f"p{opening.required - 1}")
    begin = SPACES.match(turn.text, end).end()
    return "\n" in turn.text[end:begin] or (begin == end and opening.in_line)


def lost_opener(turn: Turn, row: Row, at: int, end: int, last: bool) -> int | None:
    """A call without any opener: an object or a list that names a declared tool, or where nothing has been said yet the name of one
    with the right marker behind it."""
    text = turn.text
    if text[at] in "{[":
        return unopened_object(turn, at, last)
    worded = text[at].isalnum() or text[at] == "_"
    named = worded and any(
        before.startswith(text[at:]) or turn.sink.may_be_name(text[at:].removeprefix(before)) for before in turn.table.before_names
    )
    return damaged_opening(turn, at, last, True) if named else None


def unopened_object(turn: Turn, at: int, last: bool) -> int | None:
    """Objects that name declared tools, or a list of them, with the call's closer behind but no opener in front."""
    text, sink, row = turn.text, turn.sink, turn.table.unopened
    if row is None or sink.request is None or turn.writer.in_code:
        return None
    head: Head = row.marker  # type: ignore[assignment]
    closers = row.of.tail.damaged
    end = at
    while end == at or text.startswith("{", end):
        found = closed_object(text, end, head.calls.body.name, sink.declares)  # type: ignore[union-attr]
        if found is None:
            return None
        end = SPACES.match(text, found).end() if found >= 0 else found
        if found < 0 or (not last and (end == len(text) or closers.begins.match(text, end))):
            return ~at if not last and len(text) - at < LONGEST_OBJECT else None
    closer = closers.closer(text, end)
    if closer is None or turn.is_typed(end, closer[1]):
        return None
    opened = open_call(turn, row, head, {}, at, at)
    if opened is not None:
        sink.problem("repaired_markup", "a call without its opener was read", at)
    return opened
