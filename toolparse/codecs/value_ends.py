"""Where an open raw value ends: whether what reads like markup inside it counts.

Values hold code, and code holds markup, so what may end a value is decided by what follows it. These look and report doubts; the reader
of the parameters (`parameters.py`) does what they say. Each returns None when more text must tell.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from toolparse.codecs.parameter_openers import MOST_BLANKS, key_of, may_open, opens_at
from toolparse.jsontext.characters import SPACE
from toolparse.wire.call_names import plain_letters
from toolparse.wire.damaged_closers import CLOSING, CLOSING_BEGINS, ODD_CLOSING, ODD_CLOSING_BEGINS, TOKEN, is_stop
from toolparse.wire.lookalikes import UNSEEN
from toolparse.wire.markers import HEAD_LIMIT, slot_texts
from toolparse.wire.value_markers import SECTION

if TYPE_CHECKING:
    from toolparse.codecs.parameters import ParameterReader

NEAR = 8
"""So near its start a value that holds its own opener has it twice."""
_OF_CLOSER = (">", *UNSEEN)
"""What may stand right behind a closer and belong to it."""


def encloses(reader: ParameterReader, mark: int) -> bool | None:
    """Whether the closer at `mark`, with one bracket too many in front of it, has one behind it, too; None when more text must tell."""
    text = reader.text
    end = text.find(">", mark)
    if end < 0 or end + 1 == len(text):
        return False if reader.last else None
    if text[end + 1] == ">":
        return True
    if reader.values.trim_written:  # between a value and its closer
        reader.doubts.add(f"the value of {reader.key!r} ends with a bracket that may belong to its closer", mark - 1)
    return False


def mark_counts(reader: ParameterReader, found: re.Match[str], kind: str, mark: int, at: int) -> bool | None:
    """Whether a marker inside an open value ends it."""
    values = reader.values
    if kind == "close":
        counts = values.follows[""](reader.text, found.end(), reader.last)
        if counts is False and values.reads_damaged:
            counts = closes_before_damage(reader, found.end(), mark > found.start())
            if counts:
                reader.doubts.ends_otherwise(reader.key, mark)
        return counts
    if kind == "wait":
        return False
    if kind in ("piece", "own"):
        if found[kind] == SECTION:
            return False
        reader.doubts.add(f"the value of {reader.key!r} holds {found[kind]}, which may be left of damaged markup", mark)
        return False
    if kind == "tag":
        tag = found["tag"].lower()
        if len(reader.opened) < 64:
            reader.opened.add(tag)
        if tag in values.words:
            reader.doubts.marks(mark)
        return False
    if kind in ("alike", "rank"):
        return alike_counts(reader, mark)
    if kind == "call":
        return (not values.lined or starts_line(reader, at, mark)) and call_counts(reader, mark)
    return opener_counts(reader, mark, at)


def opener_counts(reader: ParameterReader, mark: int, at: int) -> bool | None:
    """Whether a parameter's opener inside an open value ends it."""
    values = reader.values
    in_line = values.next_by_line and reader.type.allows_string and not starts_line(reader, at, mark)
    if in_line and reader.tool is None:
        return False
    opener = reader.opener(mark)
    if isinstance(opener, bool):
        if not opener:
            reader.doubts.marks(mark)
        return None if opener else False
    key = key_of(reader, opener)
    opens = may_open(reader, key)
    if key == reader.key and reader.call.base + mark - reader.begins_at <= NEAR:
        reader.doubts.add(f"the value of {key!r} begins with its own opener", mark)
    if in_line and opens:
        reader.doubts.opens(key, mark)
    return opens and not in_line


def alike_counts(reader: ParameterReader, mark: int) -> bool | None:
    """Whether a closing tag that is not the value's own ends it: only where structure follows that its closer would have to precede."""
    text = reader.text
    damaged = reader.values.damaged
    closers = damaged.closers
    begun = (CLOSING_BEGINS, ODD_CLOSING_BEGINS, reader.values.alike_begins, closers.begins)
    if not reader.last and any(begins.match(text, mark) for begins in begun):
        return None
    rank = closers.closer(text, mark)
    if rank is not None:
        return closers.ends_with(text, rank[1], rank[0], reader.last)
    found = closing_tag(reader, mark)
    if found is None or (found.re is CLOSING and found["tag"].lower() in reader.opened):
        return False
    again = cut_closer(reader, found)
    if again != 0:
        return reader.values.follows[""](text, again, reader.last) if again > 0 else None
    if found.re is CLOSING and found["tag"] == reader.key and (last := closes_next(reader, found.end())) is not False:
        if last is None:
            return None
        reader.doubts.add(f"the value of {reader.key!r} ends with a closing tag of this name", mark)
    opens = opens_at(reader, found.end())
    if opens is False and reader.dialect and found.re is CLOSING and found["tag"] == (damaged.openers[reader.dialect].tag or reader.key):
        opens = closing_follows(reader, found.end())
    return opens if opens is not False else closers.ends_with(text, found.end(), -1, reader.last)


def closes_next(reader: ParameterReader, at: int) -> bool | None:
    """Whether the value's own closer stands behind `at`, blanks aside; None when more text must tell."""
    text, closes = reader.text, reader.values.closes
    at = reader.values.blanks.match(text, at, at + MOST_BLANKS).end()
    if not reader.last and any(close.startswith(text[at:]) for close in closes):
        return None
    return text.startswith(closes, at)


def closing_follows(reader: ParameterReader, at: int) -> bool | None:
    """Whether a closing tag of any name stands behind `at`, blanks aside, or nothing; None when more text must tell."""
    text = reader.text
    at = reader.values.blanks.match(text, at, at + MOST_BLANKS).end()
    if not reader.last and (at == len(text) or CLOSING_BEGINS.match(text, at)):
        return None
    return at == len(text) or CLOSING.match(text, at) is not None


def swapped(reader: ParameterReader, mark: int) -> bool | None:
    """Whether the value's own closer stands behind the closer of the call at `mark`, and only what belongs behind that one follows."""
    text = reader.text
    closers = reader.values.damaged.closers
    closer = closers.closer(text, mark)
    if closer is None:
        return None if not reader.last and closers.begins.match(text, mark) else False
    rank, at = closer
    at = reader.values.blanks.match(text, at).end()
    if at == len(text):
        return False if reader.last else None
    for close in reader.values.closes:
        if text.startswith(close, at):
            at += len(close)
            behind = reader.values.blanks.match(text, at).end()
            if not reader.last and (behind == len(text) or closers.begins.match(text, behind)):
                return None
            inner = closers.closer(text, behind)
            return (inner is None or inner[0] > rank) and closers.ends_with(text, at, rank, reader.last)
        if not reader.last and close.startswith(text[at:]):
            return None
    return False


def closing_tag(reader: ParameterReader, mark: int) -> re.Match[str] | None:
    """The closing tag at `mark`: what reads like the value's own, or a longer one of any name."""
    alike = reader.values.alike.match(reader.text, mark)
    other = CLOSING.match(reader.text, mark) or TOKEN.match(reader.text, mark) or odd_closing_tag(reader, mark)
    return other if alike is None or (other is not None and other.end() > alike.end()) else alike


def odd_closing_tag(reader: ParameterReader, mark: int) -> re.Match[str] | None:
    """The value's closing tag at `mark` with signs in it that do not belong there."""
    found = ODD_CLOSING.match(reader.text, mark)
    return found if found is not None and plain_letters(found[0]) in map(plain_letters, reader.values.closes) else None


def may_close(reader: ParameterReader, mark: int) -> bool:
    """Whether what stands at `mark` and did not count reads like the value's own closer, or closes what the value has not opened."""
    found = CLOSING.match(reader.text, mark)
    if found is not None and found["tag"].lower() not in reader.opened:
        return True
    return (reader.values.alike.match(reader.text, mark) or TOKEN.match(reader.text, mark)) is not None


def cut_closer(reader: ParameterReader, found: re.Match[str]) -> int:
    """Where the value's own closer ends that stands right behind a beginning of itself; 0 when none does, negative when more text must
    tell."""
    letters = plain_letters(found[0])
    text, end = reader.text, found.end()
    closes = [close for close in reader.values.closes if len(found[0]) < len(close) and close.startswith(found[0])]
    own = next((close for close in closes if text.startswith(close, end)), "")
    if not own:
        return -1 if not reader.last and any(close.startswith(text[end:]) for close in closes) else 0
    if len(letters) > 2:
        return end + len(own)
    reader.doubts.add(f"the value of {reader.key!r} ends with what may be left of its closer", found.start())
    return 0


def is_cut(reader: ParameterReader, mark: int) -> bool:
    """Whether the value that the marker at `mark` ends may have been cut: the call's closer is missing, too."""
    closer = reader.values.damaged.closers.closer(reader.text, mark)
    return closer is not None and closer[0] > 0


def is_stopped(reader: ParameterReader, closing: re.Match[str]) -> bool:
    """Whether what stands for a closer is another family's stop token, behind which the output ends: it may have been cut."""
    return is_stop(closing[0]) and not reader.text[closing.end() :].strip(SPACE)


def is_text(reader: ParameterReader) -> bool:
    """Whether the value is a string by its type, and flows or may come to: what has been taken of it does not tell."""
    typed = reader.type.exactly_string or reader.type.string_or_null
    return typed and reader.kind in ("", "string") and not (reader.writer.leaving or reader.other_layout)


def closes_before_damage(reader: ParameterReader, end: int, trimmed: bool) -> bool | None:
    """Whether the value's own closer, which ends at `end`, counts though what follows is not right: a damaged opener or closer, or
    a few words and a closer of the call. `trimmed`: it stands as the template writes it."""
    text = reader.text
    closers = reader.values.damaged.closers
    if text[end : end + 1] in _OF_CLOSER:
        end += 1
        if end == len(text) and not reader.last:
            return None
        counts = reader.values.follows[""](text, end, reader.last)
        if counts is not False:
            return counts
    at = reader.values.blanks.match(text, end).end()
    counts = opens_at(reader, end)
    if counts is not False:
        return counts
    if not reader.last and (closers.may_begin(text, at) or CLOSING_BEGINS.match(text, at) or closers.broken_begins.match(text, at)):
        return None
    counts = closers.ends_with(text, end, -1, reader.last)
    if counts is not False:
        return counts
    closing = closers.closing(text, at)
    if closing is not None:
        if closing.re is CLOSING and closing["tag"].lower() in reader.opened:
            return False
        again = closing[0] in reader.values.closes
        written = trimmed if reader.values.trim else "\n" in text[end:at]
        if again and is_text(reader) and not written:  # the value may end with what reads like its closer
            reader.doubts.add(f"the value of {reader.key!r} ends with its closer twice, of which one is read as data", at)
            return False
        opens = opens_at(reader, closing.end())
        if opens is not False:
            return opens
        counts = closers.ends_with(text, closing.end(), -1, reader.last)
        return closers.ends_with(text, closing.end(), 0, reader.last) if counts is False and closers.ranks and not again else counts
    counts = call_counts(reader, at)
    if counts is not False:
        return counts
    moved = closers.near(text, at, reader.last)
    if moved is not None:
        return moved >= 0 or None
    moved = closers.behind_words(text, at, reader.last)
    return moved is not None if moved is None or moved >= 0 else None


def call_counts(reader: ParameterReader, mark: int) -> bool | None:
    """Whether another call's opening inside an open value ends the call: a whole one, for a declared tool, with what must follow."""
    text = reader.text
    damaged = reader.values.damaged
    for head in reader.values.heads:
        found = head.full.match(text, mark, mark + HEAD_LIMIT)
        undecided = not reader.last and len(text) - mark < HEAD_LIMIT
        if found is not None and reader.call.declares(slot_texts(found)["name"]):
            if undecided and damaged.calls_begin.match(text, found.end()):
                return None
            if damaged.calls.match(text, found.end()):
                return True
        elif found is None and undecided and head.partial.match(text, mark):
            return None
    return False


def starts_line(reader: ParameterReader, at: int, mark: int) -> bool:
    text = reader.text
    while mark > at and text[mark - 1] in " \t":
        mark -= 1
    return text[mark - 1] == "\n" if mark > at else reader.line
