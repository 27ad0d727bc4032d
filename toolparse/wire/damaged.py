"""Openings of calls whose markup is damaged: misspelt, doubled, with a marker missing, or with another dialect's body behind them.

Derived from a format's description, none of it written there. A damaged opening is a row of markers, each of which may be missing or stand
up to three times in any spelling that reads like it (`lookalikes.py`), around the name, and what must follow. It is only looked at where
no proper opening stands, and counts only if the name is declared, or if nothing but the spelling is wrong. Compiled when first needed.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cached_property, lru_cache
from itertools import chain, count
from typing import Any, NamedTuple

from toolparse.grammar import (
    Ahead,
    BareKeys,
    Calls,
    Elements,
    Envelope,
    Format,
    JsonText,
    OneOf,
    Parameters,
    Part,
    Wrapper,
)
from toolparse.jsontext.characters import SPACES
from toolparse.wire.call_names import nearly
from toolparse.wire.call_watch import CALL_WORDS
from toolparse.wire.dialects import DIALECTS
from toolparse.wire.lookalikes import (
    BAR,
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
    alike,
    alike_begins,
    any_alike,
    any_alike_begins,
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
from toolparse.wire.spellings import SLOT, any_of, beginnings, frame_closers, spellings, stop_texts, texts_of

_GROUP = r"\(\?P<\w+>"
_UNNAMED = "(?:"
_WORD = rf"[^\s<>&{ODD_OPENERS}{ODD_CLOSERS}{QUOTES}{{}}()\[\]=,;{BARS}\\]"
_ANY_CLOSING = rf"</[\w:.\-{BARS}]{{1,40}}>"
_ANY_CLOSING_BEGINS = rf"<(?:\Z|/[\w:.\-{BARS}]{{0,40}}(?:\Z|>))"
_AROUND_MARKER = one_of(":*\"')]\u00a0" + UNSEEN)
_GAP = rf"{GAP}(?:(?:(?<!`)`{{1,2}}(?!`)|{_AROUND_MARKER}){{1,4}}{GAP})?"
"""White space between the markers of an opening, and in it a colon, or some signs around a marker; no more, as names may have them, too."""
_GAP_BEGINS = _GAP + r"(?:\\\Z)?"
_QUOTE = atom(f"{QUOTE}?")
_NOT_FIRST = one_of(":*" + UNSEEN)


def _words(slot: str) -> tuple[Atom, ...]:
    blank = r"[ \n]" if slot == "name" else "[ ]"  # a key may stand right behind a name
    # A colon or a star may stand in front of it, as white space does: were it a word's first character, too, rows of them could be split
    # in many ways.
    words = rf"(?!{_NOT_FIRST}){_WORD}{{1,128}}(?:{blank}{_WORD}{{1,64}}){{0,6}}"
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
_SIGN = re.compile(r"(?<=\w)(?:=| \w+=)\"?\Z")
_TAG_END = re.compile(r"(?:>|<\|\w+\|>)\Z")


_LAST_TOKEN = re.compile(r"(?<=[\w\"])<\|\w+\|>\Z")
_TWO_TOKENS = re.compile(r"([<\]][^{}\s]*?[>\[])(<[^{}\s]*>)")


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


class Row:
    """One marker of an opening: its look-alikes as patterns, with slots where the name or a key stands in it. `known`: the markers that
    are no misspelling of it; without any, none is read."""

    __slots__ = ("begins", "first", "full", "half", "half_begins", "slots", "texts")

    def __init__(self, texts: tuple[str, ...], known: tuple[str, ...] = ()) -> None:
        self.texts = texts
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


@lru_cache(maxsize=1024)
def half_in_front(texts: tuple[str, ...]) -> tuple[str, str]:
    """The pattern of the first half of a marker, if the whole one stands right behind it; and the same where the input may end in that."""
    full, begins = [], []
    for first, *slots in dict.fromkeys((SLOT.split(text)[0], *SLOT.findall(text)[:1]) for text in texts):
        if len(first) <= LEAST_HALF or first[0].isalnum() or first[0] == "`":
            continue
        start = first[:LEAST_HALF]
        rest = r"[^<>\n]{0,64}" if slots else ""
        for character in reversed(first[LEAST_HALF:] if slots else first[LEAST_HALF:-1]):
            rest = f"(?:{re.escape(character)}{rest})?"
        full.append(f"{re.escape(start)}{rest}(?={re.escape(start)})")
        begins.append(f"{re.escape(start)}{rest}(?={nested(map(atom, map(re.escape, start)))})")
    return "|".join(full), "|".join(begins)


def damaged_marker(texts: Iterable[str], known: tuple[str, ...] = ()) -> tuple[str, str]:
    """The pattern of one of some markers with any damage that an opening may have, and of a beginning of that at the end of the input."""
    rows = [Row((text,), tuple(other for other in known if other != text) or ("\0",)) for text in texts]
    full = (re.sub(_GROUP, _UNNAMED, f"{row.half}(?:{row.full})") for row in rows)
    begins = (f"{row.half_begins}(?:{row.begins})" for row in rows)
    return "|".join(full) or "(?!)", "|".join(begins) or "(?!)"


def may_read_as(other: str, marker: str) -> bool:
    """Whether what begins with one marker may be another one, misspelt."""
    return any(other.startswith(start) or start.startswith(other) for start in (exact_start(marker), marker[1:]))


shared = lru_cache(maxsize=2048)(re.compile)
"""Compiled once for all formats: such patterns are long, and many formats have the same openings."""


def row_pattern(rows: list[Row], slot: str, follow: str | None, more: bool = False) -> re.Pattern[str]:
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


def doubled(row: Row, leading: list[Row], name: str = _UNNAMED) -> str:
    """The pattern of a marker with a slot that stands once or twice in front of itself, or nothing where a word alone would be one."""
    if not any(map(is_marker, row.first)):
        return ""
    told = re.sub(_GROUP, _UNNAMED, row.full.replace("(?P<name>", "(?P_name>")).replace("(?P_name>", name)
    between = "".join(f"(?:{re.sub(_GROUP, _UNNAMED, other.full)}){_GAP}" for other in leading)
    once = f"(?P<once>{told})" if name != _UNNAMED else f"(?:{told})"
    return f"(?:{once}{_GAP}(?:{between})?){{0,2}}"


def begun_pattern(rows: list[Row], slot: str, follow: str | None, more: bool = False) -> re.Pattern[str]:
    """The pattern of what may become such a row when the text goes on."""
    pattern = f"(?:\\Z|{_GAP_BEGINS}(?:\\Z|{follow}))" if follow is not None else "\\Z" if more else ""
    for i, row in reversed(list(enumerate(rows))):
        gap = _GAP_BEGINS if more or i < len(rows) - 1 else ""
        if slot in row.slots:
            pattern = f"{row.half_begins}(?:{row.begins})(?:\\Z|{gap}(?:\\Z|{pattern}))"
            again = doubled(row, rows[:i]) if slot == "name" else ""
            for other in reversed(rows[:i]) if again else ():
                pattern = f"(?:(?:{other.begins})(?:\\Z|{_GAP_BEGINS}))?(?:\\Z|{pattern})"
            pattern = again + pattern
        elif not any(map(may_be_damaged, row.texts)):
            pattern = f"(?:{row.begins})(?:\\Z|{gap}(?:\\Z|{pattern}))"
        elif gap:
            pattern = f"(?:{row.half_begins}(?:{row.begins})(?:\\Z|{gap})){{0,3}}(?:\\Z|{pattern})"
        else:
            again = f"(?:{_GAP_BEGINS}(?:\\Z|(?:{row.begins}))){{0,2}}"
            pattern = f"(?:{row.half_begins}(?:{row.begins})(?:\\Z|{again}))?(?:\\Z|{pattern or '(?!)'})"
    return shared(f"(?:{pattern})\\Z")


class Lead:
    """The format's own markers in front of the body of another dialect, which are the same in front of all of them.

    `first` matches what may be one of them, whole or begun; a short pattern that spares the long ones.
    """

    def __init__(self, rows: list[Row]) -> None:
        self.rows = rows

    @cached_property
    def first(self) -> re.Pattern[str]:
        return shared("|".join(row.begins for row in self.rows))

    @cached_property
    def _full(self) -> re.Pattern[str]:
        return row_pattern(self.rows, "name", None, more=True)

    @cached_property
    def partial(self) -> re.Pattern[str]:
        return begun_pattern(self.rows, "name", None, more=True)

    def match(self, text: str, at: int, end: int) -> re.Match[str] | None:
        """The markers that stand at `at`, if there is one."""
        found = self._full.match(text, at, end)
        return found if found is not None and found.end() > at else None


class Joined:
    """A body of another dialect and the format's own markers in front of it, `own` in number, as one match."""

    __slots__ = ("body", "lead", "own")

    def __init__(self, lead: re.Match[str], body: re.Match[str], own: int) -> None:
        self.lead, self.body, self.own = lead, body, own

    def _place(self, group: str) -> tuple[re.Match[str], str]:
        if group[0] != "p":
            return self.body, group
        i = int(group[1:])
        return (self.lead, group) if i < self.own else (self.body, f"p{i - self.own}")

    def __getitem__(self, group: str) -> str | Any:
        found, group = self._place(group)
        return found[group]

    def groupdict(self) -> dict[str, str | Any]:
        return self.lead.groupdict() | self.body.groupdict()

    def start(self, group: str) -> int:
        found, group = self._place(group)
        return found.start(group)

    def end(self, group: str = "") -> int:
        found, group = self._place(group) if group else (self.body, group)
        return found.end(group or 0)


Found = re.Match[str] | Joined


class DamagedOpening:
    """One opening with its damage.

    A match has a group `p0`, `p1` ... for each of the `rows` around the name. `lead`: what stands in front of another dialect's body, of
    which the others are; `skipped` is how many it has. `wrapped`: the first is
    the wrapper's own opener, `bracketed`: one begins with a bracket. `special` are the rows that are special
    tokens of the format, which never count when typed. `worded`: the first marker is a word.
    `words`: tags without their first sign and words between the markers, with which it may begin at the start of a line.
    `in_line`: as a body of another dialect it may stand behind a marker in a line.
    """

    closed = skips = False

    def __init__(
        self,
        calls: Calls,
        rows: list[Row],
        wrapped: bool,
        follow: tuple[str, str] | None,
        special: frozenset[str],
        own: int,
        lead: Lead | None = None,
    ) -> None:
        """`own` is how many of the rows are the format's own markers; at least one of these must be there."""
        self.calls = calls
        self.lead = lead
        self.dialect = lead is not None
        self.is_empty = False
        self.rows = rows
        self.named = any("name" in row.slots for row in rows)
        self.wrapped = wrapped
        self.special = frozenset(i for i, row in enumerate(rows) if special & set(row.texts))
        self.required = own
        self.skipped = own if lead is not None else 0
        self.declared = False
        self.in_line = False
        self.follow = follow
        self.bracketed = any(text.startswith("[") and is_marker(text) for row in rows for text in row.first)
        self.worded = rows[0].first[0][:1].isalnum() and may_be_damaged(rows[0].first[0])
        firsts = (text for row in rows[:2] for text in row.first if text[:1] == "<" and text[1:2].isalnum())
        spoken = (row.first[0] for row in rows[1:own] if row.first[0].replace(" ", "").isalpha())
        self.words = (*(text[1:] for text in firsts), *spoken)
        self.named_first = next(("" in row.first for row in rows if "name" in row.slots), False)

    @cached_property
    def _full(self) -> re.Pattern[str]:
        return row_pattern(self.rows[self.skipped :], "name", self.follow and self.follow[0])

    @cached_property
    def _partial(self) -> re.Pattern[str]:
        return begun_pattern(self.rows[self.skipped :], "name", self.follow and self.follow[1])

    def waits(self, text: str, at: int) -> bool:
        """Whether what stands at `at` may become one."""
        if self.lead is None:
            return self._partial.match(text, at) is not None
        if self.lead.partial.match(text, at) is not None:
            return True
        found = self.lead.match(text, at, len(text))
        return found is not None and self._partial.match(text, self._behind(found)) is not None

    def match(self, text: str, at: int, end: int) -> Found | None:
        if self.lead is None:
            return self._full.match(text, at, end)
        found = self.lead.match(text, at, end)
        body = self._full.match(text, self._behind(found), end) if found is not None else None
        return Joined(found, body, self.skipped) if found is not None and body is not None else None

    def body(self, text: str, at: int, end: int) -> re.Match[str] | None:
        """The same of the body alone, without the format's own markers in front of it."""
        return self._full.match(text, at, end)

    def may_be_body(self, text: str, at: int) -> bool:
        """Whether what stands at `at` may become one."""
        return self._partial.match(text, at) is not None

    def _behind(self, found: re.Match[str]) -> int:
        """Where the body begins behind the markers: one that has none of its own takes no white space in front of it."""
        return found.end() if len(self.rows) > self.skipped else found.end(found.lastindex or 0)

    def intact(self, found: Found, inside: bool) -> bool:
        """Whether no marker is missing; `inside`: the wrapper is open, and its opener need not stand again."""
        rows = enumerate(self.rows[self.wrapped and inside :], self.wrapped and inside)
        return all(found[f"p{i}"] is not None for i, row in rows if "name" not in row.slots)

    def begins_special(self, found: Found) -> bool:
        """Whether the special token that a call begins with is there, in its wrapper or without it; any of them where none holds a name."""
        return any(found[f"p{i}"] is not None for i in self.special if i <= self.wrapped or not self.named)

    def begins_own(self, found: Found) -> bool:
        """Whether one of the format's own markers is there."""
        for i, row in enumerate(self.rows[: self.required]):
            if "name" in row.slots:
                if any(is_marker(piece) for text in row.texts for piece in SLOT.split(text)[::2]):
                    return True
            elif found[f"p{i}"] is not None and any(map(may_be_damaged, row.texts)):
                return True
        return False


@lru_cache(maxsize=256)
def rows_of(parts: tuple[Part, ...]) -> tuple[Row, ...]:
    """The markers of an opening as it is written."""
    return tuple(Row(texts) for part in parts if (texts := texts_of(part)))


@lru_cache(maxsize=256)
def follow_patterns(calls: Calls) -> tuple[str, str] | None:
    """The patterns of what must stand behind the opening of a call: of all of it, and of a beginning at the end of the input."""
    rows = follows_of(calls)
    if not rows:
        return None
    return re.sub(_GROUP, "(?:", any_row(rows)), any_row_begins(rows)


_LIST_OF_OBJECTS = (Atom(r"\[", r"\["), Atom(GAP, _GAP_BEGINS), Atom(r"(?!\w)", "(?!)"))
"""A list that is none of calls in Python."""


def follows_of(calls: Calls) -> list[tuple[Atom, ...]]:
    """What must stand behind the opening of a call, as rows of patterns."""
    body = calls.body
    closers = [text for part in calls.close for text in texts_of(part)]
    closers += texts_of(calls.wrapper.close) if calls.wrapper is not None else ()
    closers += [text[1:] for text in closers if text.startswith("</")]
    ahead = [start for part in calls.open if isinstance(part, Ahead) for start in part.starts]
    if ahead and not isinstance(body, JsonText):
        ending = Atom(f"(?:{_ANY_CLOSING}{GAP})", f"(?:{_ANY_CLOSING_BEGINS})(?:\\Z|{_GAP_BEGINS})")
        early = [(ending, *atoms(text)) for text in closers]
        key_closers = [text for part in body.open[2:3] for text in texts_of(part)] if isinstance(body, Parameters) else []
        return [atoms(text) for text in key_closers] + [
            *(tuple(Row.atoms_of(start)) if isinstance(start, str) else sequence_atoms(start) for start in ahead),
            *(atoms(start[1:]) for start in ahead if isinstance(start, str) and start.startswith("</")),
            *early,
        ]
    texts: list[str] = []
    if isinstance(body, Envelope):
        firsts = dict.fromkeys(start[0] for start in body.start)
        return [atoms(first) if first != "[" else _LIST_OF_OBJECTS for first in firsts]
    elif isinstance(body, JsonText):
        texts = ["{", "```", *(text for part in calls.lead for text in texts_of(part))]
    elif isinstance(body, BareKeys):
        texts = ["{", "("]
    elif isinstance(body, Elements):
        texts = [body.prefix, *closers]
    elif isinstance(body, Parameters):
        pieces = (SLOT.split(text)[0] for part in body.open for text in texts_of(part))
        texts = ["{", "<param", "<arg", *filter(is_marker, pieces), *closers]
    return [atoms(text) for text in dict.fromkeys(texts)]


def writes_lines(calls: Calls) -> bool:
    """Whether the template begins each call, and so what stands in it, on a line of its own."""
    wrapper = calls.wrapper
    texts = (calls.between, *((str(wrapper.open), str(wrapper.close)) if wrapper is not None else ()))
    return any("\n" in text or "\\n" in text for text in texts)


def sequence_atoms(texts: tuple[str, ...]) -> tuple[Atom, ...]:
    """Several markers in a row, of which those between the key and the last one may be of another kind or missing."""
    gap = Atom(GAP, _GAP_BEGINS)
    out = [*Row.atoms_of(texts[0]), gap, *Row.atoms_of(texts[1]), gap]
    for text in texts[2:-1]:
        opening = text.replace("/", "", 1)
        begins = f"(?:(?:{any_alike_begins((text, opening))}|{_ANY_CLOSING_BEGINS})(?:\\Z|{_GAP_BEGINS}))?"
        out.append(Atom(f"(?:(?:{any_alike((text, opening))}|{_ANY_CLOSING}){GAP})?", begins))
    return (*out, *Row.atoms_of(texts[-1]))


def own_rows(calls: Calls) -> tuple[list[Row], bool]:
    parts = ([calls.wrapper.open] if calls.wrapper is not None else []) + list(calls.open)
    markers = [*parts, *calls.close, *([calls.wrapper.close] if calls.wrapper is not None else [])]
    known = tuple(text for part in markers for text in texts_of(part) if is_marker(text) and not SLOT.search(text))
    rows = [Row(with_halves(texts), known or ("\0",)) for part in parts if (texts := texts_of(part))]
    return rows, calls.wrapper is not None


def with_halves(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Markers, and of those that are two tokens the two, either of which may be lost or stand twice."""
    halves = (found.groups() for text in texts if (found := _TWO_TOKENS.fullmatch(text)))
    return tuple(dict.fromkeys((*texts, *(half for pair in halves for half in pair))))


def suspicious(fmt: Format) -> tuple[str, ...]:
    """The markers, up to their slots, whose look-alikes a damaged opening may begin with."""
    found: dict[str, None] = {}
    for calls in fmt.calls:
        for row in ([calls.wrapper.open] if calls.wrapper is not None else []) + list(calls.open):
            firsts = [SLOT.split(text)[0] for text in with_halves(texts_of(row))]
            found |= dict.fromkeys(_SIGN.sub("", text) if text[0] in "<]" else text for text in firsts if is_marker(text))
            if any("{name}" in text for text in texts_of(row)):
                break
    return tuple(found)


def opens_nothing(fmt: Format) -> str:
    """The pattern of what stands behind an angle bracket with which no opening of the format begins, damaged or not: most tags in prose, by
    their first two letters. Empty where any may."""
    wrappers = [calls.wrapper.open for calls in fmt.calls if calls.wrapper is not None]
    openings = [parts for calls in (*fmt.calls, *DIALECTS) for parts in (calls.open, *calls.also)]
    texts = [text for part in (*wrappers, *chain(*openings)) for text in with_halves(texts_of(part))]
    begun = sorted({text[1:3].lower() for text in texts if text.startswith("<")})
    if any("{" in two for two in begun):
        return ""
    first = (f"{alike(two[0])}(?:{alike(two[1:]) if two[1:].isalpha() else ''}|[^A-Za-z]|\\Z)" for two in begun if two[0].isalpha())
    return f"(?!{'|'.join(first)})[A-Za-z]"


def first_markers(fmt: Format) -> tuple[str, ...]:
    """The markers, up to their slots, that a call begins with, in its wrapper or without it."""
    parts = [part for calls in fmt.calls for part in (*((calls.wrapper.open,) if calls.wrapper is not None else ()), *calls.open[:1])]
    firsts = [SLOT.split(text)[0] for part in parts for text in texts_of(part)]
    if fmt.channels is not None:
        firsts += (*texts_of(fmt.channels.start), fmt.channels.channel)
    return tuple(dict.fromkeys(filter(is_marker, firsts)))


def damaged_openings(fmt: Format) -> Iterator[DamagedOpening]:
    """Every damaged opening of the format's calls, its own bodies first, then those of the other dialects behind its markers."""
    special = frozenset(fmt.special_tokens)
    seen: set[tuple[str, ...]] = set()
    behind: list[tuple[Calls, list[Row], bool]] = []
    for calls in fmt.calls:
        rows, wrapped = own_rows(calls)
        named = next((i for i, row in enumerate(rows) if "name" in row.slots), len(rows))
        markers = [row for row in rows if any(map(may_be_damaged, row.first))]
        if not markers:
            continue
        yield DamagedOpening(calls, rows, wrapped, follow_patterns(calls), special, len(rows))
        leading = rows[:named]
        key = tuple(text for row in leading for text in row.texts)
        if any(map(may_be_damaged, key)) and key not in seen:
            seen.add(key)
            behind.append((calls, leading, wrapped))
    for calls, leading, wrapped in behind:
        lead = Lead(leading)
        for dialect in DIALECTS:
            if any(
                other.body == dialect.body and other.open == dialect.open and not isinstance(dialect.body, Envelope) for other in fmt.calls
            ):
                continue
            closers = tuple(OneOf((*spellings(part), "")) for part in (*dialect.close, *calls.close))
            there = replace(dialect, wrapper=calls.wrapper and Wrapper(calls.wrapper.open, calls.wrapper.close, True), close=closers)
            opening = DamagedOpening(
                there, [*leading, *rows_of(dialect.open)], wrapped, follow_patterns(dialect), special, len(leading), lead
            )
            opening.in_line = dialect.open[:1] != ("{name}",) and not any(same_keys(other, dialect) for other in fmt.calls)
            yield opening
    for calls, leading, wrapped in behind:
        if wrapped:
            close = texts_of(calls.wrapper.close)  # type: ignore[union-attr]
            block = DamagedOpening(calls, leading[:1], True, (any_alike(close), any_alike_begins(close)), special, 1, Lead(leading[:1]))
            block.is_empty = True
            yield block


def same_keys(own: Calls, dialect: Calls) -> bool:
    """Whether a format's own parameters are opened as in a dialect."""
    bodies = isinstance(own.body, Parameters) and isinstance(dialect.body, Parameters)
    return bodies and texts_of(own.body.open[0])[:1] == texts_of(dialect.body.open[0])[:1]  # type: ignore[union-attr]


_SCAN = json.JSONDecoder().raw_decode


class Edge(NamedTuple):
    """What is noticed at the start of a line: the whole of it, that or a beginning of it at the end of the input, and the
    first character."""

    full: str
    begins: str
    first: str


@lru_cache(maxsize=64)
def names_call(keys: tuple[str, ...]) -> Callable[[str, int], re.Match[str] | None]:
    """Matches the beginning of an object whose first key is one of the keys, up to the name, or what may become it."""
    return re.compile(rf"(?:{_named(keys).full}(?P<name>[^\"]{{0,256}})(?P<end>\"|\Z))|(?:{_named(keys).begins})\Z").match


def _named(keys: tuple[str, ...]) -> Edge:
    """Such an object, up to the quote in front of the name."""
    blank = r"\s{0,64}"
    begins = rf"\{{{blank}(?:\Z|\"(?:\Z|(?:{beginnings_of(keys)})(?:\Z|\"{blank}(?:\Z|:{blank}(?:\Z|\")))))"
    return Edge(rf"\{{{blank}\"(?:{any_of(keys)})\"{blank}:{blank}\"", begins, "{")


def edges_of_objects(keys: tuple[str, ...]) -> tuple[Edge, ...]:
    """Such an object, or a list that begins with one."""
    named = _named(keys)
    return named, Edge(rf"\[\s{{0,8}}{named.full}", rf"\[\s{{0,8}}(?:\Z|{named.begins})", "[")


def closed_object(text: str, at: int, keys: tuple[str, ...], declares: Callable[[str], bool]) -> int | None:
    """Where the object at `at` ends that has one of the keys with a declared name, or the list that begins with such an object; None when
    it is none, -1 when more text must tell."""
    first = SPACES.match(text, at + 1, at + 9).end() if text[at] == "[" else at
    found = names_call(keys)(text, first) if first < len(text) else None
    if found is None:
        return None if first < len(text) else -1
    if not found["end"]:
        return -1
    if not declares(found["name"]):
        return None
    try:
        return int(_SCAN(text, at)[1])
    except (ValueError, RecursionError):
        return -1


def beginnings_of(keys: tuple[str, ...]) -> str:
    """A pattern for the keys, or for a beginning of one at the end of the input."""
    return "|".join(nested(tuple(atom(re.escape(character)) for character in key)) for key in keys)


CLOSING = re.compile(
    rf"<[ \t]{{0,2}}\\?/{{1,2}}[ \t]{{0,2}}(?P<tag>[\w:.{BARS}▁ \\\-]{{1,48}}?|(?=>))[ \t]{{0,2}}/?"
    rf"(?:>{{1,2}}|(?=[\s<]|\Z)(?![\w:.{BARS}▁ \\\-]{{0,48}}>))"
)
"""A closing tag of any name, or of none."""
CLOSING_BEGINS = re.compile(rf"<[ \t]{{0,2}}\\?(?:\Z|/{{1,2}}[ \t]{{0,2}}[\w:.{BARS}▁ \\\-]{{0,48}}[ \t]{{0,2}}/?>{{0,2}}\Z)")
ODD_CLOSING = re.compile(r"</[^<>\n]{1,64}>")
"""The same with any signs in it, and the beginning of one."""
ODD_CLOSING_BEGINS = re.compile(r"<(?:/[^<>\n]{0,64})?\Z")
_BLANKS = re.compile(GAP)
_AROUND = re.compile(rf"`{{1,2}}(?!`)|\*{{1,2}}(?!\*)|_{{1,2}}(?!_)|<(?=<)|>|[\"'(\[)\]]|[{UNSEEN}\u00a0]{{1,4}}")
_LEADS = rf"(?:[<\[({{/\\{BARS}*`_\"'{ODD_OPENERS}{UNSEEN}]|&lt;){{0,6}}"
_TRAILS = rf"(?:[>\])}}/\\{BARS}*`_\"'{ODD_CLOSERS}{UNSEEN}]|&gt;){{0,6}}"
_NEAR = re.compile(rf"(?P<before>{_LEADS})(?P<word>[^\W_][\w:.{BARS}{UNSEEN}\-]{{0,47}})(?P<behind>{_TRAILS})")
_NEAR_BEGINS = re.compile(rf"{_LEADS}(?:&|&l|&lt|[^\W_][\w:.{BARS}{UNSEEN}\-]{{0,47}}{_TRAILS}(?:&|&g|&gt)?)?\Z")
"""A word between signs such as those around a marker, and the beginning of that."""
MOST_WORDS = 80
_WORDS = re.compile(f"[^<\\n()[\\]{{}}=]{{1,{MOST_WORDS}}}\\s{{0,3}}")
_REMARK = re.compile(r"<!--[^<>]{0,120}-->\s{0,3}")
_REMARK_BEGINS = re.compile(r"<(?:\Z|!(?:\Z|-(?:\Z|-[^<>]{0,120}\Z)))")
"""A comment of markup, which stands for words, and the beginning of one."""
_KEYS = (
    ("<parameter={key}>",),
    ('<parameter name="{key}">',),
    ('<parameter name="{key}"{other}>',),
    ("<param={key}>",),
    ('<param name="{key}">',),
    ('<arg name="{key}">',),
    ('<argument name="{key}">',),
    ("<arg_key>", "{key}", "</arg_key>", "<arg_value>"),
    ("<{key}>",),
)
"""Openings of a parameter in the dialects of tool calling."""


class DamagedOpener:
    """One way to open a parameter, with its damage; `own`: the format's. `tag` is the name of the tag around the value, if it has one."""

    def __init__(self, parts: tuple[Part, ...], own: bool) -> None:
        self.rows = [Row(texts) for part in parts if (texts := texts_of(part))]
        for row in self.rows:
            if row.first[0].startswith("</"):  # of another kind it is one, too, and without its slash
                opening = row.first[0].replace("/", "", 1)
                row.full += f"|{_ANY_CLOSING}|{alike(opening)}"
                row.begins += f"|{_ANY_CLOSING_BEGINS}|{alike_begins(opening)}"
            elif row is not self.rows[0] and row.first[0].startswith("<") and not row.slots:
                row.full += f"|{alike(row.first[0][1:])}"
                row.begins += f"|{alike_begins(row.first[0][1:])}"
        self.own = own
        self.tag = self.rows[-1].first[0].strip("<>= ").partition(" ")[0]

    @cached_property
    def full(self) -> re.Pattern[str]:
        return row_pattern(self.rows, "key", None)

    @cached_property
    def partial(self) -> re.Pattern[str]:
        return begun_pattern(self.rows, "key", None)

    def intact(self, found: re.Match[str]) -> bool:
        return all(found[f"p{i}"] is not None for i, row in enumerate(self.rows) if "key" not in row.slots)

    def ends_whole(self, found: re.Match[str]) -> bool:
        """Whether the last marker, behind which the value begins, is there."""
        last = len(self.rows) - 1
        return "key" in self.rows[last].slots or found[f"p{last}"] is not None

    def closed(self, found: re.Match[str]) -> bool:
        """Whether the last marker has its bracket, if it is written with one."""
        return not self.rows[-1].texts[0].endswith(">") or found[0].rstrip().endswith(">")

    def marked(self, found: re.Match[str]) -> bool:
        """Whether a marker is there at all."""
        return any(found[f"p{i}"] is not None if "key" not in row.slots else row.first[0] != "" for i, row in enumerate(self.rows))


ANY_TAG = re.compile(r"<[A-Za-z][\w:.\-]{0,40}>|[^<>\n]{0,32}>")
ANY_TAG_BEGINS = re.compile(r"<(?:[A-Za-z][\w:.\-]{0,40})?\Z|[^<>\n]{0,32}\Z")
"""An opening tag of any name, or the rest of one."""
_ENDING = rf"<[ \t]{{0,2}}{BAR}{{1,2}}(?:(?![Ee][Nn][Dd])[\w:.▁ \-]){{0,40}}[Ee][Nn][Dd][\w:.▁ \-]{{0,24}}{BAR}{{1,2}}>{{1,2}}"
"""A special token that ends something."""
_ENDING_BEGINS = rf"<[ \t]{{0,2}}(?:\Z|{BAR}{{1,2}}[\w:.▁ \-]{{0,67}}{BAR}{{0,2}}>{{0,2}})"
_WORDS_OF_TOKEN = r"[\w:.▁ /\-]"
_TOKEN = rf"<[ \t]{{0,2}}(?:{BAR}{{1,2}}{_WORDS_OF_TOKEN}{{1,64}}{BAR}{{0,2}}|{_WORDS_OF_TOKEN}{{1,64}}{BAR}{{1,2}})>{{1,2}}"
_TOKEN_BEGINS = rf"<[ \t]{{0,2}}(?:\Z|{BAR}{{0,2}}{_WORDS_OF_TOKEN}{{0,64}}{BAR}{{0,2}}>{{0,2}})"
"""What reads like a special token of any name."""


TOKEN = re.compile(rf"<{BAR}{{1,2}}[ ]?[\w:.▁-]{{1,40}}[ ]?{BAR}{{1,2}}>")
TOKEN_BEGINS = rf"<(?:\Z|{BAR}{{1,2}}[ ]?[\w:.▁-]{{0,40}}[ ]?{BAR}{{0,2}}\Z)"
"""A special token of any name, and the beginning of one."""
_STRANGE = "<[^\\w\\s<>/]{1,3}/?"
"""The beginning of a tag with characters in it that nobody sees, or that belong to nothing."""


def unseen(names: tuple[str, ...]) -> tuple[str, str]:
    """The pattern of a tag of one of the names that begins so, up to its bracket, and of a beginning of it at the end of the input."""
    return rf"{_STRANGE}(?:{any_of(names)})", rf"{_STRANGE}(?:\Z|{beginnings(name + '>' for name in names)})"


def respelt(tag: str) -> tuple[str, ...]:
    """A closing tag as JavaScript and HTML write one that is none, as an empty tag, and in full-width brackets."""
    return f"<\\{tag[1:]}", f"<{tag[2:-1]}/>", html.escape(tag), f"＜{tag[1:-1]}＞"


def broken_ways(text: str) -> Iterator[str]:
    """How else a closer is written: without its bracket, or the slash in it, or as `respelt`."""
    if text[0] in "<[" and len(text) > 3:
        yield text[1:].removeprefix("/")
        yield text[1:]
        if "/" in text:
            yield text.replace("/", "", 1)
        if text.startswith("</") and text.endswith(">"):
            yield from respelt(text)
        elif text[0] == "<":
            yield html.escape(text)
            yield f"＜{text[1:-1]}＞"


class DamagedClosers:
    """The closers of a call and of its wrapper, however they are spelled, and what shows that a doubtful one is one.

    `ranks` are their patterns from the inside out, `begins` their beginnings, `names` their words; `next` is what may begin the next
    call, `others` what else may follow: the closers of frames, stop tokens. `lined`: the template begins calls on lines of their own.
    """

    def __init__(self, calls: Calls, fmt: Format) -> None:
        markers = [texts_of(part) for part in (*calls.close, *((calls.wrapper.close,) if calls.wrapper is not None else ()))]
        markers = [tuple(text for text in texts if text[:1] in ("<", "[", "]")) for texts in markers]  # a fence may be anybody's
        self.texts = tuple(text for texts in markers for text in texts)
        self.lead = max((text.partition("</")[0] for text in self.texts if "</" in text), key=len, default="")
        """What stands in front of the tag in a closer."""
        self.ranks = tuple(re.compile(f"(?:{any_alike(texts)})(?!\\w)") for texts in markers)
        self.names = tuple(tuple(text for text in texts if sum(map(str.isalpha, text)) > 2) for texts in markers)
        self.in_tokens = fmt.channels is None and any(bar in text for text in self.texts for bar in BARS)
        self.fences = tuple(text for part in calls.close for text in texts_of(part) if text.startswith("`"))
        self.lined = writes_lines(calls)
        self.following = first_markers(fmt)
        others = [*frame_closers(fmt), *(text for pair in fmt.reasoning for text in texts_of(pair.close)), *stop_texts(fmt)]
        self.others = re.compile(any_of(others))
        self._begins = (*self.following, *others)

    @cached_property
    def begins(self) -> re.Pattern[str]:
        return re.compile(f"(?:{any_alike_begins(self.texts)})\\Z")

    @cached_property
    def next(self) -> re.Pattern[str]:
        return re.compile(any_alike(self.following))

    @cached_property
    def next_begins(self) -> re.Pattern[str]:
        return re.compile(f"(?:{any_alike_begins(self._begins)})\\Z")

    @cached_property
    def broken(self) -> re.Pattern[str]:
        """A closer that lacks its bracket, its slash or what else `broken_ways` leaves out, or a token that ends something."""
        broken = any_alike(way for text in self.texts for way in broken_ways(text))
        halved = f"|(?:{self._halves[0]})(?:{any_alike(self.texts)})" if self._halves[0] else ""
        return re.compile(rf"(?:{broken})(?<=[>\];＞])(?!\w)|{self._unseen[0]}>|{_TOKEN if self.in_tokens else _ENDING}{halved}")

    @cached_property
    def broken_begins(self) -> re.Pattern[str]:
        begins = any_alike_begins(way for text in self.texts for way in broken_ways(text))
        halved = f"|(?:{self._halves[1]})(?:{any_alike_begins(self.texts)})\\Z" if self._halves[1] else ""
        return re.compile(rf"(?:{begins}|{_TOKEN_BEGINS if self.in_tokens else _ENDING_BEGINS})\Z|{self._unseen[1]}{halved}")

    @cached_property
    def _halves(self) -> tuple[str, str]:
        """Those of closers that are no tags: half a tag is any closing tag in front of another one."""
        return half_in_front(tuple(text for text in self.texts if not text.startswith("</")))

    @cached_property
    def _unseen(self) -> tuple[str, str]:
        return unseen(tuple(text.strip("</>") for text in self.texts if text.startswith("<")))

    def may_begin(self, text: str, at: int) -> bool:
        """Whether the text from `at` on may become a closer or the next call's opening."""
        return bool(self.begins.match(text, at) or self.next_begins.match(text, at))

    def closer(self, text: str, at: int) -> tuple[int, int] | None:
        """The rank of the closer at `at`, and where it ends."""
        for rank, pattern in enumerate(self.ranks):
            found = pattern.match(text, at)
            if found is not None and found.end() > at:
                return rank, found.end()
        return None

    def closing(self, text: str, at: int) -> re.Match[str] | None:
        """A closing tag of any name at `at`, or a closer of the call that lacks its bracket or its slash."""
        at += len(self.lead) if self.lead and text.startswith(self.lead, at) else 0
        found = CLOSING.match(text, at) or self.broken.match(text, at)
        return found if found is not None and found.end() > at else None

    def ends_all(self, text: str, at: int) -> bool:
        """Whether the last of the output, which begins at `at`, is a broken closer, or the beginning of a fence."""
        if self.closer(text, at) is not None:
            return False
        rest = text[at:].rstrip()
        found = self.broken.match(text, at)
        return (found is not None and found.end() >= at + len(rest) > at) or any(fence.startswith(rest) for fence in self.fences if rest)

    def ends_with(self, text: str, at: int, rank: int, last: bool) -> bool | None:
        """Whether only structure stands behind a closer of this rank (-1: of a value) that ends at `at`: closers of higher ranks, and then
        the next call or the end of the output; behind the last of them a line's end will do where calls stand on lines. None when more
        text must tell."""
        start = at
        at = _BLANKS.match(text, at).end()  # type: ignore[union-attr]
        if rank == len(self.ranks) - 1 and self.lined and "\n" in text[start:at]:
            return True
        if at == len(text):
            return last or None
        if not last and (self.may_begin(text, at) or (at == len(text) - 1 and text[at] == "\\")):
            return None
        found = self.closer(text, at)
        if found is not None and found[0] > rank:
            return self.ends_with(text, found[1], found[0], last)
        return rank >= 0 and (self.next.match(text, at) is not None or self.others.match(text, at) is not None)

    def behind_tag(self, text: str, at: int, last: bool) -> int | None:
        """Where a closing tag of another kind ends that only structure follows; None when there is none, `~at` when more text must tell."""
        tag = at + len(self.lead) if self.lead and text.startswith(self.lead, at) else at
        if not last and (CLOSING_BEGINS.match(text, tag) or self.broken_begins.match(text, at)):
            return ~at
        found = self.closing(text, at)
        if found is None:
            return None
        end = found.end()
        for _ in self.ranks[1:] if found[0][-1] == ">" else ():  # it may stand for each of them
            behind = _BLANKS.match(text, end).end()  # type: ignore[union-attr]
            if text.startswith(found[0], behind):
                end = behind + len(found[0])
            elif not last and found[0].startswith(text[behind:]):
                return ~at
        counts = self.ends_with(text, end, -1, last)
        if counts is False and self.ranks:  # it may stand for the call's own closer
            counts = self.ends_with(text, end, 0, last)
        return ~at if counts is None else end if counts else None

    def around(self, text: str, at: int, last: bool, begun: bool) -> int | None:
        """Where quotes, stars or brackets end that stand in front of a closer, or behind one if they have `begun` there; else as above.
        What nobody sees may stand in front of the next call, or of a fence, too."""
        found = _AROUND.match(text, at)
        if found is None:
            return None
        end = found.end()
        if end == len(text):
            return ~at if not last else end if begun else None
        if not last and (self.may_begin(text, end) or self.broken_begins.match(text, end)):
            return ~at
        if self.closer(text, end) or self.broken.match(text, end):
            return end
        if text[at] in UNSEEN:
            if not last and any(fence.startswith(text[end:]) and fence != text[end:] for fence in self.fences):
                return ~at
            if self.next.match(text, end) or text.startswith(self.fences, end):
                return end
        counts = begun and self.ends_with(text, end, len(self.ranks) - 1, last)
        if begun and counts is False:
            counts = self.ends_with(text, end, -1, last)
        return ~at if counts is None else end if counts else None

    def near(self, text: str, at: int, last: bool, above: int = -1) -> int | None:
        """Where a word ends that is that of a closer of a rank `above` that one, but for its signs, its case or a letter, if only structure
        follows or, where it has signs, the line ends; None when there is none, `~at` when more text must tell."""
        if not last and _NEAR_BEGINS.match(text, at):
            return ~at
        found = _NEAR.match(text, at)
        if found is None:
            return None
        ranks = range(above + 1, len(self.names))
        rank = next((rank for rank in ranks if any(nearly(found["word"], name) for name in self.names[rank])), -1)
        if rank < 0:
            return None
        counts = self.ends_with(text, found.end(), rank, last)
        behind = _BLANKS.match(text, found.end()).end()  # type: ignore[union-attr]
        if counts is False and found["before"] and found["behind"] and "\n" in text[found.end() : behind]:
            counts = True
        if counts is False:
            further = self.near(text, behind, last, rank)
            counts = None if further is not None and further < 0 else further is not None
        return ~at if counts is None else found.end() if counts else None

    def behind_words(self, text: str, at: int, last: bool) -> int | None:
        """Where some words end that stand at `at`, right in front of a closer of the call that only structure follows; else as above."""
        words = _WORDS.match(text, at) or _REMARK.match(text, at)
        if words is None:
            return ~at if not last and (at == len(text) or _REMARK_BEGINS.match(text, at)) else None
        end = words.end()
        if end == len(text) or (not last and self.begins.match(text, end)):
            return None if last or (end - at >= MOST_WORDS and text[at] != "<") else ~at
        found = self.closer(text, end)
        if found is None:
            return None
        counts = self.ends_with(text, found[1], found[0], last)
        return ~at if counts is None else end if counts else None


@lru_cache(maxsize=256)
def damaged_closers(calls: Calls, fmt: Format) -> DamagedClosers:
    """The closers of a call with their damage, compiled when the first damaged one may stand somewhere."""
    return DamagedClosers(calls, fmt)


NO_ENDS = "(?!)", "(?!)"


@lru_cache(maxsize=64)
def odd_ends(fmt: Format) -> tuple[str, str]:
    """The pattern of a special token of any name, or of a closing tag of calls or messages, in front of what follows the end of a message
    or of a frame, for which it may stand, behind its first sign; and of a beginning of that at the end of the input."""
    in_tokens = any(bar in text for text in frame_closers(fmt) for bar in BARS)
    followers = spellings(fmt.channels.start) if fmt.channels is not None else first_markers(fmt) if in_tokens else ()
    if not followers:
        return NO_ENDS
    token = rf"{BAR}[^\s<>]{{1,40}}|/(?:[\w:.-]{{0,24}}[_:.-])?(?:{CALL_WORDS}|end|message)\w{{0,24}}"
    behind = rf"{GAP}(?:\Z|(?:{any_alike_begins(followers)})\Z)"
    begins = rf"{BAR}\Z|{BAR}[^\s<>]{{1,40}}\Z|/[\w:.-]{{0,56}}\Z|(?:{token})>{{1,2}}{behind}"
    return rf"(?:{token})>{{1,2}}(?={GAP}(?:{any_alike(followers)}))", begins


class DamagedFrames:
    """The closers of frames around the answer, however they are spelled, in front of a call or of a stop token; `exact` as they are."""

    __slots__ = ("begins", "exact", "full", "next", "next_begins")

    def __init__(self, fmt: Format) -> None:
        closers = frame_closers(fmt)
        self.exact = frozenset(closers)
        full, begins = damaged_marker(closers)
        odd, odd_begins = odd_ends(fmt)
        self.full = re.compile(f"(?:{full})(?!\\w)|<{odd}")
        self.begins = re.compile(f"(?:{begins})\\Z|<(?:{odd_begins})")
        following = (*first_markers(fmt), *stop_texts(fmt))
        self.next = re.compile(any_alike(following))
        self.next_begins = re.compile(f"(?:{any_alike_begins(following)})\\Z")


class DamagedParameters:
    """What may be damaged in a call whose arguments are raw parameters.

    `openers` open a parameter, `calls` is what must stand behind the opening of a call, `closers` are the call's own.
    """

    def __init__(self, calls: Calls, fmt: Format) -> None:
        body = calls.body
        assert isinstance(body, Parameters)
        self.openers = (DamagedOpener(body.open, True), *dialect_openers())
        self.closers = damaged_closers(calls, fmt)
        self._following = [row for calls in fmt.calls for row in follows_of(calls)]

    @cached_property
    def calls(self) -> re.Pattern[str]:
        return re.compile(f"{GAP}(?:{re.sub(_GROUP, _UNNAMED, any_row(self._following))})")

    @cached_property
    def calls_begin(self) -> re.Pattern[str]:
        return re.compile(f"{GAP}(?:\\\\?\\Z|(?:{any_row_begins(self._following)})\\Z)")


@lru_cache(maxsize=1)
def dialect_openers() -> tuple[DamagedOpener, ...]:
    return tuple(DamagedOpener(parts, False) for parts in _KEYS)
