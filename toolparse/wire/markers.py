"""Markers: what a format's description means as patterns, and how much text must be held back for them.

Every pattern comes in two halves: what matches, and what may still become a match when the text goes on (a beginning of it at
the end of the text). So a marker in two pieces is found like one in a single piece. All of it is compiled once per format and shared;
nothing here keeps state.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cache
from typing import Literal, NamedTuple

from toolparse.grammar import Ahead, BareKeys, Calls, Closed, Envelope, Frame, OneOf, Part, PythonCalls, Where
from toolparse.jsontext.characters import SPACE, WS, always
from toolparse.wire.damaged_openings import Found
from toolparse.wire.dialects import NAMES
from toolparse.wire.spellings import SLOT, any_of, beginnings, cut, first_texts, inside, longest_first, may_be_missing, spellings
from toolparse.wire.trailing_stops import trailing_stops

HEAD_LIMIT = 1024
"""A call's opening is at most this long, in characters; what is longer is text."""
_CHARACTERS = {
    "id": r"""[^\s<>\[\]{}"]""", "key": r"""[^<>\n"']""", "word": r"""[^\s<>"'=]""", "kind": r"""[^<>\s"']""", "other": r"[^<>\n]",
    "declared": r"[^\n(){}\[\]<>=,\uff08]", "argument": "",
}  # fmt: skip
_KEY_CHARACTERS = r"""[^\s=,:()\[\]{}"'<>，：＝（）]"""
_QUOTED = r"""["'“‘][^"'“”‘’\n]"""
_KEY = rf"""(?:[^\W\d]\w{{0,255}}|{_QUOTED}{{1,256}}["'”’]|{_KEY_CHARACTERS}{{1,256}})"""
ARGUMENT = rf"""(?:{_KEY}{WS}(?:[=＝](?!=)|[:：]{WS}["'“\[{{\-\dTFNtfn])|\*\*{WS}\{{|）)"""
"""A keyword argument of a declared tool, however its key is written; or a dict of them; or none, between full-width brackets."""
_ARGUMENT_BEGUN = rf"""(?:\Z|{_QUOTED}{{0,256}}(?:["'”’]{WS}(?:[:：]{WS})?)?\Z|{_KEY_CHARACTERS}{{1,256}}{WS}(?:[=＝:：]{WS})?\Z)"""
WRITTEN = r"(?:[ \t\r\n]|\\n)*"
"""White space, the two characters backslash and n among it."""
LOOK = 1024
"""How many characters behind a closer may decide whether it is one."""


def flow_until(firsts: Iterable[str], others: Iterable[str] = ()) -> Callable[[str], re.Match[str] | None]:
    """The search that finds nothing in text which flows as it is into a JSON string, where the characters may begin something else, or
    the first two of `others` do."""
    firsts = frozenset(firsts)
    return re.compile(either(rf'{inside(firsts)}"\\\x00-\x1f', (text for text in others if text[0] not in firsts))).search


def either(characters: str, texts: Iterable[str]) -> str:
    """A pattern for one of the characters, given as the inside of a class, or for the first two characters of the texts, of which the end
    may cut off the second. It begins with a class, which `re` looks for quickly."""
    pairs = {text[:2] for text in texts}
    if not pairs:
        return f"[{characters}]"
    firsts = inside(pair[0] for pair in pairs)
    seconds = "|".join(f"(?<={re.escape(pair[0])})(?:\\Z|{re.escape(pair[1])})" for pair in sorted(pairs))
    return f"[{characters}{firsts}](?:(?<![{firsts}])|{seconds})"


class Gate(NamedTuple):
    """What shows, behind the first character of an opening and before all of it is there, that it is none (`refused`), and what may stand
    there while that is not certain (`begun`); patterns, "" where nothing can be said."""

    refused: str
    begun: str


NO_GATE = Gate("", "")
_NAMED_LIST = Gate(r"[^(){}\[\]<>=,\uff08]{0,256}[){}\[\]>=,]", r"(?:[^\W\d][\w.]{0,64})?")
"""A bracket in front of a name, which a parenthesis must follow."""
_PLAIN = r"\w%$.+*&!?@^~|;()\-"
"""The characters that are part of a word where JSON stands, whatever stands beside it."""


@cache
def object_gate(body: Envelope) -> Gate:
    """That of a bare object: its first key is none of a call's, or there is no key in it."""
    keys = any_of((*body.name, *body.arguments, *body.id, "type", "tool_calls"))
    aliases = "|".join("".join(f"[{letter}{letter.upper()}]" if letter != "_" else letter for letter in name) for name in sorted(NAMES))
    first = f"(?!(?:{keys}|{aliases})\\b)"
    words = rf"[{_PLAIN} \t\r\n]{{0,256}}"
    refused = rf'{WS}(?:"{first}[\w .\-]{{1,64}}"{WS}:|{first}[{_PLAIN}]{{1,64}}{WS}:|{words}\}})'
    return Gate(refused, rf'{WS}(?:"[\w .\-]{{0,64}}(?:"{WS})?|{words})')


class Head:
    """One opening of a call: the pattern, where it counts, and which description follows it.

    `wrapped`: the wrapper's own opener is part of it. `named`: the name stands in it. `closed`: the
    call has no arguments. `skips`: what it opens is no call. `cut` is the pattern of an opening at the end of the output, `strict` the
    opening that counts in open reasoning. `any_name`: the name may have any characters, as it is
    a declared one. `in_code`: it counts in code, too, as a marker stands in it. `worded`: a plain word is part of it.
    """

    __slots__ = (
        "any_name", "calls", "closed", "cut", "declared", "firsts", "full", "in_code", "is_empty", "named", "partial", "skips",
        "strict", "where", "worded", "wrapped",
    )  # fmt: skip

    def __init__(
        self,
        calls: Calls,
        parts: tuple[Part, ...],
        where: Where,
        declared: bool | Literal["in_reasoning"],
        wrapped: bool,
        skips: bool = False,
        empty: bool = False,
    ) -> None:
        if isinstance(calls.body, Envelope) and not empty:
            parts = (*parts, Ahead(tuple(start if len(start) == 1 else tuple(start) for start in calls.body.start)))
        self.calls = calls
        self.strict: Head | None = self
        if declared == "in_reasoning":
            self.strict = None if empty else Head(calls, parts, where, True, wrapped, skips)
            declared = False
        self.where = where
        self.declared = declared
        self.wrapped = wrapped
        self.worded = any(isinstance(part, str) and part.isalpha() for part in parts)
        self.skips = skips
        self.is_empty = empty
        self.full = slotted(sequence(parts, calls.name, True))
        self.partial = slotted(sequence(parts, calls.name, False) + r"\Z")
        slots = {slot.partition("_")[0] for slot in self.full.groupindex}
        self.any_name = "declared" in slots
        self.in_code = wrapped or not isinstance(calls.body, PythonCalls) or parts[0] != "["
        self.named = "name" in slots or self.any_name
        self.closed = any(isinstance(part, Closed) for part in parts)
        self.cut = None
        if wrapped and not empty and isinstance(parts[-1], Ahead):
            follows = sequence(("", *parts[-1:]), calls.name, False)
            self.cut = slotted(f"{sequence(parts[:-1], calls.name, True)}(?={follows}\\Z)")
        self.firsts = tuple(first_texts(parts))

    def gate(self, first: str) -> Gate:
        """What stands in it behind its first character."""
        if first == "[" and not self.in_code:
            return _NAMED_LIST
        body = self.calls.body
        bare = first == "{" and isinstance(body, Envelope) and not self.wrapped and self.declared
        return object_gate(body) if bare and body.name else NO_GATE  # type: ignore[union-attr]

    def waits(self, text: str) -> bool:
        """Whether all of `text` is the beginning of such an opening."""
        return self.partial.match(text) is not None and self.full.match(text) is None


def with_any_name(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """The opening of a call to a declared tool, whose name may have any characters, stand in quotes, or without what leads to it."""

    def loosened(part: Part) -> Part:
        if isinstance(part, Ahead):
            return replace(part, starts=tuple("{argument}" if start == "{key}=" else start for start in part.starts))
        texts = spellings(part)
        if part == "(":
            return OneOf(("(", "\uff08"))
        if "{name}" not in texts[0]:
            return part
        whole = tuple(text.replace("{name}", "{declared}") for text in texts)
        leads = part is parts[0] and not texts[0].startswith("{name}")  # without it the opening would begin anywhere
        bare = (f"{{declared}}{text[-1]}" if text[-1] in "({" else "{declared}" for text in texts)
        return OneOf(whole if leads else tuple(dict.fromkeys((*whole, *bare))))

    return tuple(map(loosened, parts))


def openings_of(calls: Calls) -> Iterator[tuple[Part, ...]]:
    """The openings of calls, as they are written, and where that leaves no doubt as a declared name may be written."""
    written = (calls.open, *calls.also)
    yield from written
    if isinstance(calls.body, (PythonCalls, BareKeys)):
        yield from map(with_any_name, written)


def slotted(pattern: str) -> re.Pattern[str]:
    """The compiled pattern; a slot that stands in several alternatives gets a number (`slot_texts` takes it off)."""
    numbers = itertools.count()
    return re.compile(re.sub(r"\(\?P<(\w+)>", lambda slot: f"(?P<{slot[1]}_{next(numbers)}>", pattern))


def slot_texts(found: Found) -> dict[str, str]:
    """The text of each slot, without the white space around it."""
    return {slot_of(group): text.strip(SPACE) for group, text in found.groupdict().items() if text is not None}


@cache
def slot_of(group: str) -> str:
    """The slot that a pattern's group stands for; the groups are numbered in each pattern, so there are few."""
    return group.partition("_")[0]


def sequence(parts: tuple[Part, ...], name: str, whole: bool, blank: str = WS, silent: bool = False) -> str:
    """The parts in their order as one pattern, with any white space between them; not `whole`: the input may end anywhere in it.

    `silent`: the slots' texts are of no interest.
    """
    out = []
    end = "" if whole else r"\Z|" if blank == WS else r"\\?\Z|"
    for i, part in enumerate(parts):
        if isinstance(part, Ahead):
            texts = "|".join(
                slots(start, name, whole, True) if isinstance(start, str) else sequence(start, name, whole, blank, silent)
                for start in part.starts
            )
        else:
            texts = "|".join(slots(text, name, whole, False, silent) for text in spellings(part))
        space = blank if i else ""
        if isinstance(part, Ahead):
            out.append(f"(?={space}(?:{texts}))" if whole else f"(?:{end}{space}(?:{end}{texts}))")
        elif may_be_missing(part):
            out.append(f"(?:{space}(?:{texts}))?")
        else:
            out.append(f"(?:{end}{space}(?:{end}{texts}))")
    return "".join(out)


def slots(text: str, name: str, whole: bool, ahead: bool = False, silent: bool = False) -> str:
    """The pattern of one marker with slots. A slot's text ends where its characters end, so more text never changes a match."""
    pieces = SLOT.split(text)
    out = ""
    for i, piece in enumerate(pieces):
        if i % 2:
            characters = name if piece == "name" or (piece == "key" and name) else _CHARACTERS[piece]
            if piece == "argument":
                out += ARGUMENT if whole else _ARGUMENT_BEGUN
            elif ahead:
                out += (r"[^\W\d]\w{0,255}" if whole else r"(?:\Z|[^\W\d]\w{0,255})") + WS
            elif piece == "other":
                out += f"{'' if whole else '(?:'}{characters}{{0,256}}{'' if whole else ')'}"
            elif whole:
                group = "?:" if silent else f"?P<{'key' if piece == 'word' else piece}>"
                out += rf"({group}(?=[^ \t\r\n]){characters}{{1,256}})(?!{characters})(?=.|\n)"
            else:
                out += rf"(?:\Z|({f'?P<{piece}>' if piece == 'declared' else '?:'}{characters}{{1,256}}))"
        elif piece:
            out += re.escape(piece) if whole else f"(?:\\Z|{cut(piece)})" if i else cut(piece)
    return out


class EndMarks:
    """Where a call's text may end outside strings: at its own closers ("close"), the next opening ("open") or a stop token ("stop").

    `waits` is true of short text behind the arguments, blanks aside, that is only the beginning of such a marker. `trailing` are the stop
    tokens where the output ends inside a string."""

    __slots__ = ("closers", "firsts", "full", "openings", "partial", "signs", "stops", "trailing", "waits")

    def __init__(self, closers: Iterable[str], openings: Iterable[str], stops: Iterable[str]) -> None:
        self.closers = closers = tuple(closers)
        self.openings = openings = tuple(text for text in openings if text not in closers)
        self.stops = stops = tuple(stops)
        self.trailing = trailing_stops(stops)
        self.full = re.compile(f"(?P<close>{any_of(closers)})|(?P<open>{any_of(openings)})|(?P<stop>{any_of(stops)})")
        begun = beginnings((*closers, *openings, *stops))
        self.partial = re.compile(begun)
        self.waits = re.compile(rf"[ \t\r\n]{{0,24}}(?![ \t\r\n]|{any_of(closers)})(?:\Z|{begun})").match
        self.firsts = frozenset(text[0] for text in (*closers, *openings, *stops))
        self.signs = frozenset(first for first in self.firsts if not first.isalnum())

    def __call__(self, text: str, at: int, last: bool) -> str | bool | None:
        """Which kind of marker stands at `at`; None when one may begin there, False when none does."""
        if text[at : at + 1] not in self.firsts:
            return False
        found = self.full.match(text, at)
        kind = found.lastgroup if found is not None else None
        if kind != "close" and not last and self.partial.match(text, at):  # a closer may begin as another marker does
            return None
        return kind or False


END = "end"
"""What may follow a marker besides others: a stop token or the end of the output."""


class Follow:
    """What must stand behind a marker, blanks aside, for it to count; nothing: it always does."""

    __slots__ = ("at_end", "blanks", "full", "partial")

    def __init__(self, before: tuple[str, ...], stops: tuple[str, ...], blank: str = WS) -> None:
        self.blanks = always(blank)
        self.at_end = END in before
        texts = [text for text in before if text != END] + list(stops if self.at_end else ())
        self.full = re.compile(any_of(texts)) if before else None
        self.partial = re.compile(beginnings(texts) if blank == WS else f"{beginnings(texts)}|\\\\\\Z")

    def __call__(self, text: str, at: int, last: bool) -> bool | None:
        """Whether the right thing follows at `at`; None when more text must tell."""
        if self.full is None:
            return True
        end = self.blanks.match(text, at, at + LOOK).end()
        if self.full.match(text, end):
            return True
        if end == len(text) or self.partial.match(text, end):
            return self.at_end if last else None
        return False


def markers_of(calls: Calls) -> Iterator[str]:
    """All markers of a call, up to their slots."""
    wrapper = calls.wrapper
    for part in (*calls.open, *calls.lead, *calls.close, *((wrapper.open, wrapper.close) if wrapper else ())):
        yield from filter(None, (SLOT.split(text)[0] for text in spellings(part)))


def edge_openers(frame: Frame) -> tuple[str, ...]:
    """The openers of a frame, the longest first. One that is a plain word counts only with the white space written behind it."""
    marker = frame.open
    written = marker.spellings if isinstance(marker, OneOf) else (marker,)
    return longest_first(text.lstrip(SPACE) if text.strip(SPACE)[-1].isalnum() else text.strip(SPACE) for text in written)
