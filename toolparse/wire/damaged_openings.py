"""Openings of calls whose markup is damaged: misspelt, doubled, with a marker missing, or with another dialect's body behind them.

Derived from a format's description, none of it written there. A damaged opening is a row of markers (`marker_rows.py`) around the name, and
what must follow. It is only looked at where no proper opening stands, and counts only if the name is declared, or if nothing but the
spelling is wrong. Compiled when first needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property, lru_cache
from itertools import chain
from typing import Any

from toolparse.grammar import Ahead, BareKeys, Calls, Elements, Envelope, Format, JsonText, OneOf, Parameters, PythonCalls, Wrapper
from toolparse.wire.dialects import DIALECTS, INVOKE, WRAPPERS
from toolparse.wire.lookalikes import GAP, ODD_OPENERS, Atom, alike, any_alike, any_alike_begins, any_row, any_row_begins, atom, atoms
from toolparse.wire.marker_rows import (
    ANY_CLOSING,
    ANY_CLOSING_BEGINS,
    GAP_BEGINS,
    GROUP,
    SIGN,
    TWO_TOKENS,
    MarkerRow,
    begun_pattern,
    is_marker,
    may_be_damaged,
    row_pattern,
    rows_of,
    shared,
)
from toolparse.wire.spellings import SLOT, closing_parts, opening_parts, spellings, texts_of


class Lead:
    """The format's own markers in front of the body of another dialect, which are the same in front of all of them.

    `first` matches what may be one of them, whole or begun; a short pattern that spares the long ones.
    """

    def __init__(self, rows: list[MarkerRow]) -> None:
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
        rows: list[MarkerRow],
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
        spoken = (row.first[0] for row in rows[1:own] if row.first[0].replace(" ", "").rstrip(":").isalpha())
        self.words = (*(text[1:] for text in firsts), *spoken)
        body = rows[self.skipped :]
        named = next((i for i, row in enumerate(body) if "name" in row.slots), -1)
        bodies = [text[:1] for row in body[: named + 1] for text in row.first]
        self._firsts = frozenset(("", *bodies, *(ODD_BRACKETS if "<" in bodies else ()))) if bodies and "" not in bodies else None
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
        behind = self._behind(found) if found is not None else -1
        return found is not None and self._may_begin(text, behind) and self._partial.match(text, behind) is not None

    def match(self, text: str, at: int, end: int) -> Found | None:
        if self.lead is None:
            return self._full.match(text, at, end)
        found = self.lead.match(text, at, end)
        behind = self._behind(found) if found is not None else -1
        body = self._full.match(text, behind, end) if found is not None and self._may_begin(text, behind) else None
        return Joined(found, body, self.skipped) if found is not None and body is not None else None

    def body(self, text: str, at: int, end: int) -> re.Match[str] | None:
        """The same of the body alone, without the format's own markers in front of it."""
        return self._full.match(text, at, end)

    def may_be_body(self, text: str, at: int) -> bool:
        """Whether what stands at `at` may become one."""
        return self._partial.match(text, at) is not None

    def _may_begin(self, text: str, at: int) -> bool:
        """Whether a body may begin with what stands at `at`: most need no pattern to be refused."""
        return not self._firsts or text[at : at + 1] in self._firsts

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


ODD_BRACKETS = ("&", *ODD_OPENERS)
"""What a bracket that is escaped or of another kind begins with."""
_TAG = re.compile(r"<[\w:.-]+>")


@lru_cache(maxsize=256)
def follow_patterns(calls: Calls) -> tuple[str, str] | None:
    """The patterns of what must stand behind the opening of a call: of all of it, and of a beginning at the end of the input."""
    rows = follows_of(calls)
    if not rows:
        return None
    return re.sub(GROUP, "(?:", any_row(rows)), any_row_begins(rows)


_LIST_OF_OBJECTS = (Atom(r"\[", r"\["), Atom(GAP, GAP_BEGINS), Atom(r"(?!\w)", "(?!)"))
"""A list that is none of calls in Python."""
_ANY_TAG = (
    Atom("<", "<"),
    Atom(r"(?:/|[A-Za-z][\w.:\-]{0,64}[^\w.:\-])", r"(?:/|[A-Za-z][\w.:\-]{0,64}(?:\Z|[^\w.:\-]))"),
)
"""A tag of any name: a parameter may be an element, and so may the call."""


def follows_of(calls: Calls) -> list[tuple[Atom, ...]]:
    """What must stand behind the opening of a call, as rows of patterns."""
    body = calls.body
    closers = [text for part in closing_parts(calls) for text in texts_of(part)]
    closers += [text[1:] for text in closers if text.startswith("</")]
    ahead = [start for part in calls.open if isinstance(part, Ahead) for start in part.starts]
    if ahead and not isinstance(body, JsonText):
        ending = Atom(f"(?:{ANY_CLOSING}{GAP})", f"(?:{ANY_CLOSING_BEGINS})(?:\\Z|{GAP_BEGINS})")
        early = [(ending, *atoms(text)) for text in closers]
        key_closers = [text for part in body.open[2:3] for text in texts_of(part)] if isinstance(body, Parameters) else []
        odd = tag_and_words(calls) if isinstance(body, Parameters) else ()
        return [(*before, *atoms(text)) for text in key_closers for before in ((), odd)] + [
            *(tuple(MarkerRow.atoms_of(start)) if isinstance(start, str) else sequence_atoms(start) for start in ahead),
            *(atoms(first[1:]) for start in ahead if (first := start if isinstance(start, str) else start[0]).startswith("<")),
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
        written = [piece for piece in pieces if is_marker(piece)]
        texts = ["{", "<param", "<arg", *written, *(text[1:] for text in written if text[0] == "<" and text[1:2].isalpha()), *closers]
        if calls in DIALECTS:
            return [_ANY_TAG, *(atoms(text) for text in dict.fromkeys(texts))]
    return [atoms(text) for text in dict.fromkeys(texts)]


def tag_and_words(calls: Calls) -> tuple[Atom, ...]:
    """A tag of any name but the own, and a key: in front of the key's closer it stands for the key's opener."""
    own = texts_of(calls.body.open[0])[0]  # type: ignore[union-attr]
    return tuple(map(atom, ("<", rf"(?!{re.escape(own[1:])})[\w:.\-]{{1,40}}", ">", r"[^<>\n]{1,64}")))


def writes_lines(calls: Calls) -> bool:
    """Whether the template begins each call, and so what stands in it, on a line of its own."""
    wrapper = calls.wrapper
    texts = (calls.between, *((str(wrapper.open), str(wrapper.close)) if wrapper is not None else ()))
    return any("\n" in text or "\\n" in text for text in texts)


def sequence_atoms(texts: tuple[str, ...]) -> tuple[Atom, ...]:
    """Several markers in a row, of which those between the key and the last one may be of another kind or missing."""
    gap = Atom(GAP, GAP_BEGINS)
    out = [*MarkerRow.atoms_of(texts[0]), gap, *MarkerRow.atoms_of(texts[1]), gap]
    for text in texts[2:-1]:
        opening = text.replace("/", "", 1)
        begins = f"(?:(?:{any_alike_begins((text, opening))}|{ANY_CLOSING_BEGINS})(?:\\Z|{GAP_BEGINS}))?"
        out.append(Atom(f"(?:(?:{any_alike((text, opening))}|{ANY_CLOSING}){GAP})?", begins))
    return (*out, *MarkerRow.atoms_of(texts[-1]))


def own_rows(calls: Calls) -> tuple[list[MarkerRow], bool]:
    parts = opening_parts(calls)
    known = tuple(text for part in (*parts, *closing_parts(calls)) for text in texts_of(part) if is_marker(text) and not SLOT.search(text))
    rows = [MarkerRow(with_halves(texts), known or ("\0",)) for part in parts if (texts := texts_of(part))]
    return rows, calls.wrapper is not None


def other_wrappers(calls: Calls) -> tuple[str, ...]:
    """The openers of wrappers in other dialects, where each call has an opener of its own behind the wrapper's."""
    if calls.wrapper is None or not any(is_marker(text.strip()) for part in calls.open for text in texts_of(part)):
        return ()
    own = {text for part in opening_parts(calls) for text in texts_of(part)}
    return tuple(text for text in WRAPPERS if text not in own)


def with_halves(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Markers, and of those that are two tokens the two, either of which may be lost or stand twice."""
    halves = (found.groups() for text in texts if (found := TWO_TOKENS.fullmatch(text)))
    return tuple(dict.fromkeys((*texts, *(half for pair in halves for half in pair))))


def suspicious(fmt: Format) -> tuple[str, ...]:
    """The markers, up to their slots, whose look-alikes a damaged opening may begin with."""
    found: dict[str, None] = {}
    for calls in fmt.calls:
        found |= dict.fromkeys(other_wrappers(calls))
        for row in opening_parts(calls):
            firsts = [SLOT.split(text)[0] for text in with_halves(texts_of(row))]
            found |= dict.fromkeys(SIGN.sub("", text) if text[0] in "<]" else text for text in firsts if is_marker(text))
            if any("{name}" in text for text in texts_of(row)):
                break
    return tuple(found)


def opens_nothing(fmt: Format) -> str:
    """The pattern of what stands behind an angle bracket with which no opening of the format begins, damaged or not: most tags in prose, by
    their first two letters. Empty where any may."""
    wrappers = [calls.wrapper.open for calls in fmt.calls if calls.wrapper is not None]
    openings = [parts for calls in fmt.calls for parts in (calls.open, *calls.also)]  # behind which alone another dialect's bodies stand
    texts = [text for part in (*wrappers, *chain(*openings)) for text in with_halves(texts_of(part))]
    texts += (text for calls in fmt.calls for text in other_wrappers(calls))
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
    behind: list[tuple[Calls, list[MarkerRow], bool]] = []
    for calls in fmt.calls:
        rows, wrapped = own_rows(calls)
        named = next((i for i, row in enumerate(rows) if "name" in row.slots), len(rows))
        markers = [row for row in rows if any(map(may_be_damaged, row.first))]
        if not markers:
            continue
        leading = rows[:named]
        key = tuple(text for row in leading for text in row.texts)
        if any(map(may_be_damaged, key)) and key not in seen:
            seen.add(key)
            behind.append((calls, leading, wrapped))
            yield from named_by_attribute(calls, leading, special)
        if others := other_wrappers(calls):
            rows = [MarkerRow((*rows[0].texts, *others), rows[0].known), *rows[1:]]
        yield DamagedOpening(calls, rows, wrapped, follow_patterns(calls), special, len(rows))
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
            opening.in_line = not isinstance(dialect.body, PythonCalls) and not any(same_keys(other, dialect) for other in fmt.calls)
            yield opening
    for calls, leading, wrapped in behind:
        if wrapped:
            close = texts_of(calls.wrapper.close)  # type: ignore[union-attr]
            block = DamagedOpening(calls, leading[:1], True, (any_alike(close), any_alike_begins(close)), special, 1, Lead(leading[:1]))
            block.is_empty = True
            yield block


def named_by_attribute(calls: Calls, leading: list[MarkerRow], special: frozenset[str]) -> Iterator[DamagedOpening]:
    """The opening that has the name as an attribute of the last tag in front of a body: `<tool_call name="f">`."""
    texts = tuple(f"{text[:-1]}{{other}}={{name}}>" for text in leading[-1].texts if _TAG.fullmatch(text))
    if texts:
        closers = tuple(OneOf((*spellings(part), "")) for part in closing_parts(calls))
        rows = [*leading[:-1], MarkerRow(texts)]
        yield DamagedOpening(replace(INVOKE, close=closers), rows, False, follow_patterns(INVOKE), special, len(rows))


def same_keys(own: Calls, dialect: Calls) -> bool:
    """Whether a format's own parameters are opened as in a dialect."""
    bodies = isinstance(own.body, Parameters) and isinstance(dialect.body, Parameters)
    return bodies and texts_of(own.body.open[0])[:1] == texts_of(dialect.body.open[0])[:1]  # type: ignore[union-attr]
