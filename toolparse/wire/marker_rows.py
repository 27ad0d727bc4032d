"""Damaged markers in a row, as patterns: each may be missing or stand up to three times, in any spelling that reads like it.

A row stands around a slot, a name or a key. Which rows a format has is for `damaged_openings.py` and `damaged_parameters.py` to say; what
one sign or letter may be instead of another is the business of `lookalikes.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import count

from toolparse.grammar import Part
from toolparse.wire.lookalikes import (
    BARS,
    GAP,
    ODD_CLOSERS,
    ODD_OPEN,
    ODD_OPENERS,
    QUOTE,
    QUOTES,
    TAG_END,
    UNSEEN,
    Atom,
    any_row,
    any_row_begins,
    atom,
    atoms,
    exact_start,
    may_be_misspelt,
    misspelt,
    misspelt_begins,
    nested,
    one_of,
    whole,
)
from toolparse.wire.spellings import SLOT, any_of, texts_of

GROUP = r"\(\?P<\w+>"
UNNAMED = "(?:"
_WORD = rf"[^\s<>&{ODD_OPENERS}{ODD_CLOSERS}{QUOTES}{{}}()\[\]=,;{BARS}\\]"
ANY_CLOSING = rf"</[\w:.\-{BARS}]{{1,40}}>"
ANY_CLOSING_BEGINS = rf"<(?:\Z|/[\w:.\-{BARS}]{{0,40}}(?:\Z|>))"
_AROUND_MARKER = one_of(":*\"')]\u00a0" + UNSEEN)
_GAP = rf"{GAP}(?:(?:(?<!`)`{{1,2}}(?!`)|{_AROUND_MARKER}){{1,4}}{GAP})?"
"""White space between the markers of an opening, and in it a colon, or some signs around a marker; no more, as names may have them, too."""
GAP_BEGINS = _GAP + r"(?:\\\Z)?"
_QUOTE = atom(f"{QUOTE}?")
_NOT_FIRST = one_of(":*" + UNSEEN)


def _words(slot: str) -> tuple[Atom, ...]:
    blank = r"[ \n]" if slot == "name" else "[ ]"  # a key may stand right behind a name
    # A colon or a star may stand in front of it, as white space does: were it a word's first character, too, rows of them could be split
    # in many ways.
    words = rf"(?!{_NOT_FIRST}){_WORD}{{1,128}}(?:{blank}(?!\w{{1,16}}=){_WORD}{{1,64}}){{0,6}}"  # which is an attribute
    fewest = "?" if slot == "name" else ""  # as the marker behind a name may be words, too
    return (_QUOTE, Atom(f"(?P<{slot}>{words}{fewest})(?!\\w)", f"{words}{blank}?"), _QUOTE)


_SLOTS = {
    "name": _words("name"),
    "key": _words("key"),
    "word": _words("key"),
    "id": (_QUOTE, Atom(rf"(?P<id>{_WORD}{{1,128}})", rf"{_WORD}{{1,128}}"), _QUOTE),
    "kind": (_QUOTE, Atom(rf"(?P<kind>[^<>\s{QUOTES}]{{0,64}})", rf"[^<>\s{QUOTES}]{{0,64}}"), _QUOTE),
    "other": (atom(r"[^<>\n]{0,64}"),),
}


def is_marker(text: str) -> bool:
    """Whether a text is markup by its looks: more than a short word or a bracket."""
    return len(text) > 1 and any(not (character.isalnum() or character in " _\n") for character in text)


def may_be_damaged(text: str) -> bool:
    """Whether what begins a call can be told from prose by what stands in it and behind it."""
    return is_marker(text) or (len(text) > 7 and text.isalpha())


_ATTRIBUTE = re.compile(r"(|[^{} =]*\w)((?:\A(?:name|key)=)| \w+=|=)(\"?\{(?:name|key|word)\}\"?)(.*)", re.S)
SIGN = re.compile(r"(?<=\w)(?:=| \w+=)\"?\Z")
_TAG_END = re.compile(r"(?:>|<\|\w+\|>)\Z")
_LAST_TOKEN = re.compile(r"(?<=[\w\"])<\|\w+\|>\Z")
TWO_TOKENS = re.compile(r"([<\]][^{}\s]*?[>\[])(<[^{}\s]*>)")


def variants(text: str) -> tuple[str, ...]:
    """The ways to write a tag that holds a name: `<f=x>`, `<f name="x">`, and both without further attributes."""
    found = _ATTRIBUTE.fullmatch(text)
    if found is None:
        return (text,)
    tag, equals, slot, rest = found.groups()
    end = _TAG_END.search(rest)
    other = " name=" if equals == "=" else "="
    rests = (rest,) if end is None else (rest, end[0])
    return tuple(dict.fromkeys(f"{tag}{sign}{slot}{tail}" for sign in (equals, other) for tail in rests))


class MarkerRow:
    """One marker of an opening: its look-alikes as patterns, with slots where the name or a key stands in it. `known`: the markers that
    are no misspelling of it; without any, none is read."""

    __slots__ = ("begins", "first", "full", "half", "half_begins", "known", "slots", "texts")

    def __init__(self, texts: tuple[str, ...], known: tuple[str, ...] = ()) -> None:
        self.texts, self.known = texts, known
        rows = [tuple(self.parted(self.atoms_of(variant))) for text in texts for variant in variants(text)]
        full, begins = [any_row(rows)], [any_row_begins(rows)]
        self.slots = frozenset(slot for text in texts for slot in SLOT.findall(text))
        self.first = tuple(dict.fromkeys(SLOT.split(text)[0] for text in texts))
        for text in texts[:1] if known and may_be_misspelt(texts[0].partition("{")[0] or " ") else ():
            first = SLOT.split(text)[0].rstrip('"')
            behind = self.atoms_of(text[len(first) :])
            near = tuple(other for other in known if may_read_as(other, first))  # formats share the pattern if they share the marker
            odd = f"{f'(?!{any_of(near)})' if near else ''}{misspelt(first)}"
            full.append(f"(?P<odd>{odd}){whole(behind)}")
            begins.append(nested((Atom("", odd), *behind)))
            begins.append(f"{misspelt_begins(first)}|{nested(tuple(map(atom, map(re.escape, first[1:]))))}\\Z")
        self.full, self.begins = "|".join(full), "|".join(begins)
        self.half, self.half_begins = (half and f"(?:{half})?" for half in half_in_front(texts))
        if self.slots and self.half:  # what stands in the slot of a half may be longer than what the marker has there
            self.begins += "".join(f"|{re.escape(first)}{IN_HALF}{{0,64}}\\Z" for first in self.first if len(first) > LEAST_HALF)

    @staticmethod
    def parted(row: list[Atom]) -> list[Atom]:
        """The pieces in front of the first slot, and all others as one: which spelling stands there decides how long a name is."""
        at = next((i for i, piece in enumerate(row) if "(?P<" in piece.full), len(row))
        at -= 0 < at < len(row)  # the quote in front of it
        rest = row[at:]
        return [*row[:at], Atom(whole(rest), nested(rest), rest[0].missing)] if rest else row

    @staticmethod
    def atoms_of(text: str) -> list[Atom]:
        out: list[Atom] = []
        pieces = SLOT.split(text)
        for i, piece in enumerate(pieces):
            if i % 2:
                out += _SLOTS[piece]
                continue
            if i and piece[:1] == '"':  # a slot has quotes of its own, of any kind or none
                piece = piece[1:]
            if i < len(pieces) - 1 and piece[-1:] == '"':
                piece = piece[:-1]
            out += atoms(piece)
        if text[:1] == "<":
            out[0] = ODD_OPEN
        if text[-1:] == ">" and (text[1:2].isalpha() if text[0] == "<" else len(pieces) > 1):
            out[-1] = TAG_END
        last = _LAST_TOKEN.search(text)
        if last is not None:  # which may stand twice
            out.append(Atom(f"(?:{re.escape(last[0])})?", f"(?:{nested(map(atom, map(re.escape, last[0])))})?", True))
        return out


LEAST_HALF = 3
"""What is left of a marker in front of the whole one has as many characters at least."""
IN_HALF = r"[^<>{}()\n]"
"""What may stand in it behind its first slot."""


@lru_cache(maxsize=1024)
def half_in_front(texts: tuple[str, ...]) -> tuple[str, str]:
    """The pattern of the first half of a marker, if the whole one stands right behind it; and the same where the input may end in that."""
    full, begins = [], []
    for first, *slots in dict.fromkeys((SLOT.split(text)[0], *SLOT.findall(text)[:1]) for text in texts):
        if len(first) <= LEAST_HALF or first[0].isalnum() or first[0] == "`":
            continue
        start = first[:LEAST_HALF]
        rest = rf"{IN_HALF}{{0,64}}" if slots else ""
        for character in reversed(first[LEAST_HALF:] if slots else first[LEAST_HALF:-1]):
            rest = f"(?:{re.escape(character)}{rest})?"
        full.append(f"{re.escape(start)}{rest}(?={re.escape(start)})")
        begins.append(f"{re.escape(start)}{rest}(?={nested(map(atom, map(re.escape, start)))})")
    return "|".join(full), "|".join(begins)


def damaged_marker(texts: Iterable[str], known: tuple[str, ...] = ()) -> tuple[str, str]:
    """The pattern of one of some markers with any damage that an opening may have, and of a beginning of that at the end of the input."""
    rows = [MarkerRow((text,), tuple(other for other in known if other != text) or ("\0",)) for text in texts]
    full = (re.sub(GROUP, UNNAMED, f"{row.half}(?:{row.full})") for row in rows)
    begins = (f"{row.half_begins}(?:{row.begins})" for row in rows)
    return "|".join(full) or "(?!)", "|".join(begins) or "(?!)"


def may_read_as(other: str, marker: str) -> bool:
    """Whether what begins with one marker may be another one, misspelt."""
    return any(other.startswith(start) or start.startswith(other) for start in (exact_start(marker), marker[1:]))


shared = lru_cache(maxsize=2048)(re.compile)
"""Compiled once for all formats: such patterns are long, and many formats have the same openings."""


def row_pattern(rows: list[MarkerRow], slot: str, follow: str | None, more: bool = False) -> re.Pattern[str]:
    """The pattern of a row of markers, of which all but the one with `slot` may be missing, and each doubled.

    A marker that is there fills the group `p0`, `p1` ... of its place. `follow`: the pattern of what must stand behind. `more`:
    something stands behind: white space belongs to the row, and no word goes on there.
    """
    # White space is only ever looked for behind a marker, never twice in a row, so that nothing can backtrack badly.
    pattern = f"(?={GAP}(?:{follow}))" if follow is not None else r"(?!(?<=\w)\w)" if more else ""
    for i, row in reversed(list(enumerate(rows))):
        gap = _GAP if more or i < len(rows) - 1 else ""
        if slot in row.slots:
            again = doubled(row, rows[:i], "(?P<again>") if slot == "name" else ""
            pattern = f"{again}{row.half}(?:{row.full}){gap}{pattern}"
        elif not any(map(may_be_damaged, row.texts)):  # a bracket or a word, which only counts where it stands
            pattern = f"(?P<p{i}>{row.full}){gap}{pattern}"
        elif gap:
            pattern = f"(?:{row.half}(?P<p{i}>{row.full}){gap}){{0,3}}{pattern}"
        else:
            pattern = f"(?:{row.half}(?P<p{i}>{row.full})(?:{_GAP}(?:{row.full})){{0,2}})?{pattern}"
    numbers, odd = count(), count()
    pattern = re.sub(r"\(\?P<odd>", lambda found: f"(?P<odd_{next(odd)}>", pattern)
    return shared(re.sub(r"\(\?P<(name|id|key|kind|again)>", lambda found: f"(?P<{found[1]}_{next(numbers)}>", pattern))


def doubled(row: MarkerRow, leading: list[MarkerRow], name: str = UNNAMED) -> str:
    """The pattern of a marker with a slot that stands once or twice in front of itself, or nothing where a word alone would be one."""
    if not any(map(is_marker, row.first)):
        return ""
    told = re.sub(GROUP, UNNAMED, row.full.replace("(?P<name>", "(?P_name>")).replace("(?P_name>", name)
    between = "".join(f"(?:{re.sub(GROUP, UNNAMED, other.full)}){_GAP}" for other in leading)
    once = f"(?P<once>{told})" if name != UNNAMED else f"(?:{told})"
    return f"(?:{once}{_GAP}(?:{between})?){{0,2}}"


def begun_pattern(rows: list[MarkerRow], slot: str, follow: str | None, more: bool = False) -> re.Pattern[str]:
    """The pattern of what may become such a row when the text goes on."""
    pattern = f"(?:\\Z|{GAP_BEGINS}(?:\\Z|{follow}))" if follow is not None else "\\Z" if more else ""
    for i, row in reversed(list(enumerate(rows))):
        gap = GAP_BEGINS if more or i < len(rows) - 1 else ""
        if slot in row.slots:
            pattern = f"{row.half_begins}(?:{row.begins})(?:\\Z|{gap}(?:\\Z|{pattern}))"
            again = doubled(row, rows[:i]) if slot == "name" else ""
            for other in reversed(rows[:i]) if again else ():
                pattern = f"(?:(?:{other.begins})(?:\\Z|{GAP_BEGINS}))?(?:\\Z|{pattern})"
            pattern = again + pattern
        elif not any(map(may_be_damaged, row.texts)):
            pattern = f"(?:{row.begins})(?:\\Z|{gap}(?:\\Z|{pattern}))"
        elif gap:
            pattern = f"(?:{row.half_begins}(?:{row.begins})(?:\\Z|{gap})){{0,3}}(?:\\Z|{pattern})"
        else:
            again = f"(?:{GAP_BEGINS}(?:\\Z|(?:{row.begins}))){{0,2}}"
            pattern = f"(?:{row.half_begins}(?:{row.begins})(?:\\Z|{again}))?(?:\\Z|{pattern or '(?!)'})"
    return shared(f"(?:{pattern})\\Z")


@lru_cache(maxsize=256)
def rows_of(parts: tuple[Part, ...]) -> tuple[MarkerRow, ...]:
    """The markers of an opening as it is written."""
    return tuple(MarkerRow(texts) for part in parts if (texts := texts_of(part)))
