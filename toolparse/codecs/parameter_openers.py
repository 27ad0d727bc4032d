"""The openers of parameters: what belongs to one, and whether one stands at a position, as the template writes it or damaged.

These look at the text around the reader's position and change nothing of it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from toolparse.jsontext.characters import SPACE, SPACES
from toolparse.schemas.types import Type
from toolparse.wire.dialects import ARGUMENTS
from toolparse.wire.markers import HEAD_LIMIT, slot_texts

if TYPE_CHECKING:
    from toolparse.codecs.parameters import ParameterReader

UNTYPED = Type({})
ODD = re.compile(r"""[<>\n="']""").search
"""What a key has hardly ever."""
ENVELOPES = ARGUMENTS - {"properties"}
"""Keys under which models hide all arguments: an object there is unwrapped if the schema has its keys but not the envelope's."""
_CONTAINER = re.compile(rf"(?ai:<({'|'.join(sorted(ENVELOPES))})>)\s{{0,16}}(?=[{{<])")
_CONTAINER_BEGINS = re.compile(r"<[A-Za-z_]{0,16}(?:\Z|>\s{0,16}\Z)")
MOST_BLANKS = 256
"""Behind a doubtful closer the next opener is looked for behind so many blanks at most."""


def behind_repeats(reader: ParameterReader, found: re.Match[str]) -> tuple[int, bool]:
    """Where an opener ends, with the repetitions of its last marker that stand right behind it, and whether another one may begin the
    value; negative when more text must tell."""
    end = found.end()
    if not reader.values.reads_damaged:
        return end, False
    text = reader.text
    marker = found[0][found[0].rfind("<") :]
    if end < len(text) and text[end] not in ("<", ">", text[end - 1]):
        return (end, False) if text[end] not in SPACE else (behind_repeat(reader, marker, end), False)
    lined = reader.values.trim_written
    doubtful = False
    if text.startswith(">", end):
        counts = repeats_sign(reader, found, end)
        if counts is None:
            return -1, False
        doubtful = counts == "doubtful"
        end += counts is True
    while marker:
        if not text.startswith(marker, end):
            if not reader.last and marker.startswith(text[end:]):
                return -1, False
            break
        behind = text[end + len(marker) : end + len(marker) + 1]
        if not behind and not reader.last:
            return -1, False
        if (not lined and (not behind or behind in " \t\r\n<")) or end - found.end() > HEAD_LIMIT:
            return end, True  # a value that begins so
        end += len(marker)
    return end, doubtful


def behind_repeat(reader: ParameterReader, marker: str, end: int) -> int:
    """Where an opener ends that ends at `end` and whose last marker may stand again behind white space, if no key stands in that;
    negative when more text must tell."""
    text = reader.text
    if not marker or marker.startswith(reader.values.openers):
        return end
    at = SPACES.match(text, end, end + MOST_BLANKS).end()
    if text.startswith(marker, at):
        return at + len(marker)
    return -1 if not reader.last and marker.startswith(text[at:]) else end


def repeats_sign(reader: ParameterReader, found: re.Match[str], at: int) -> bool | str | None:
    """Whether the > at `at`, right behind an opener, belongs to it; None when more text must tell. In front of a string, what follows
    it tells only where the template writes a line break there; elsewhere it stays, and may be "doubtful"."""
    text = reader.text
    behind = text[at + 1 : at + 2]
    if not behind:
        return False if reader.last else None
    if reader.values.trim_written:
        return behind in "\r\n"
    key = slot_texts(found)["key"]
    if not (reader.call.tool.parameter(key) if reader.call.tool is not None else UNTYPED).allows_string:
        return True
    return False if behind in " \t=>-" or behind.isdigit() else "doubtful"


def is_plain(reader: ParameterReader, found: re.Match[str]) -> bool:
    """Whether an opener's key is one: a tag without its end may have swallowed what follows."""
    key = key_of(reader, found)
    if ODD(key) is None or reader.values.calls.escaped == "attributes":
        return True
    tool = reader.tool
    return tool is None or tool.declares(key)


def key_of(reader: ParameterReader, found: re.Match[str]) -> str:
    """The key in an opener as the template writes it."""
    values = reader.values
    return values.key_of(found) if found.re is values.open else slot_texts(found)["key"]


def tag_around(reader: ParameterReader, at: int, undecided: bool) -> re.Match[str] | bool:
    """A tag around all arguments, an object or parameters, that stands at `at`; False when none does, True when more text must tell."""
    if reader.given or reader.junk.pieces or reader.envelope is not None:
        return False
    if undecided and _CONTAINER_BEGINS.match(reader.text, at):
        return True
    found = _CONTAINER.match(reader.text, at)
    return False if found is None or (reader.tool is not None and reader.tool.declares(found[1])) else found


def opens_at(reader: ParameterReader, at: int) -> bool | None:
    """Whether a parameter's opener stands behind `at`, blanks aside, damaged or not; None when more text must tell."""
    text = reader.text
    start = at
    at = reader.values.blanks.match(text, at, at + MOST_BLANKS).end()
    if at - start >= MOST_BLANKS:
        return False
    if at == len(text):
        return False if reader.last else None
    undecided = not reader.last and len(text) - at < HEAD_LIMIT
    written = reader.opener(at)
    if written is True:
        return None
    if written and is_plain(reader, written):
        return may_open(reader, key_of(reader, written))
    openers = reader.values.damaged.openers
    for dialect in {0, reader.dialect}:
        opener = openers[dialect]
        if undecided and opener.partial.match(text, at):
            return None
        found = opener.full.match(text, at, at + HEAD_LIMIT)
        if found is not None and opener.marked(found) and reader.tool is not None and may_open(reader, slot_texts(found)["key"]):
            return True
    return False


def may_open(reader: ParameterReader, key: str) -> bool:
    """Whether a parameter of this name may begin while another one is open."""
    tool = reader.tool
    return tool is None or (tool.declares(key) and key not in reader.given and key != reader.key)
