"""Markers: what a format's description means as patterns, and how much text must be held back for them.

Every pattern comes in two halves: what matches, and what may still become a match when the text goes on (a beginning of it at
the end of the text). So a marker in two pieces is found like one in a single piece. All of it is compiled once per format and shared;
nothing here keeps state.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from functools import cache, cached_property, lru_cache
from typing import Any, Literal, NamedTuple

from toolparse.grammar import (
    Ahead,
    BareKeys,
    Calls,
    Channels,
    Closed,
    Envelope,
    Format,
    Frame,
    Marker,
    OneOf,
    Parameters,
    Part,
    PythonCalls,
    Where,
)
from toolparse.jsontext.characters import SPACE, WS, always
from toolparse.wire.call_names import escaped_attribute
from toolparse.wire.damaged import (
    TOKEN,
    TOKEN_BEGINS,
    DamagedClosers,
    DamagedParameters,
    Edge,
    Found,
    damaged_closers,
    respelt,
    unseen,
    writes_lines,
)
from toolparse.wire.dialects import NAMES
from toolparse.wire.lookalikes import BARS, ODD_OPENERS, alike, alike_begins, any_alike, any_alike_begins, looks_misspelt, may_be_misspelt
from toolparse.wire.spellings import (
    SLOT,
    any_of,
    beginnings,
    chained,
    cut,
    first_texts,
    frame_closers,
    inside,
    longest_first,
    may_be_missing,
    spellings,
    stop_texts,
)
from toolparse.wire.trailing_stops import trail, trailing_stops

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
    keys = any_of((*body.name, *body.arguments, *body.id, "type"))
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

    `trailing` are the stop tokens where the output ends inside a string."""

    __slots__ = ("closers", "firsts", "full", "openings", "partial", "stops", "trailing")

    def __init__(self, closers: Iterable[str], openings: Iterable[str], stops: Iterable[str]) -> None:
        self.closers = closers = tuple(closers)
        self.openings = openings = tuple(text for text in openings if text not in closers)
        self.stops = stops = tuple(stops)
        self.trailing = trailing_stops(stops)
        self.full = re.compile(f"(?P<close>{any_of(closers)})|(?P<open>{any_of(openings)})|(?P<stop>{any_of(stops)})")
        self.partial = re.compile(beginnings((*closers, *openings, *stops)))
        self.firsts = frozenset(text[0] for text in (*closers, *openings, *stops))

    def __call__(self, text: str, at: int, last: bool) -> str | bool | None:
        """Which kind of marker stands at `at`; None when one may begin there, False when none does."""
        if text[at : at + 1] not in self.firsts:
            return False
        found = self.full.match(text, at)
        if found is not None:
            return found.lastgroup or False
        return None if not last and self.partial.match(text, at) else False


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


class Values:
    """Patterns of raw parameter values: their openers, and what may end them."""

    def __init__(self, calls: Calls, fmt: Format, ends: tuple[str, ...], stops: tuple[str, ...], damaged: bool) -> None:
        """`ends` are the markers that end the call. What `before` matches waits between values, what `inside` does in one that is held.
        `plain_open` and `plain_close` match what needs no second look: an opener, if all that it has is a key, and a value's closer.
        """
        body = calls.body
        assert isinstance(body, Parameters)
        self.calls, self.format, self.reads_damaged = calls, fmt, damaged
        self.body = body
        blank = WRITTEN if damaged else WS
        trims = body.trim.spellings if isinstance(body.trim, OneOf) else (body.trim,)
        self.trim_written = bool(trims[0])
        self.trim = trim = max(trims, key=len)
        self.trims = (trim, "\r\n", "\\n") if damaged and trim == "\n" else (trim,)
        self.kinds: dict[str, str] = dict(body.kinds) if body.kinds != "types" else {}
        self.call_closers = tuple(text for part in calls.close for text in spellings(part))
        self.closers = (*self.call_closers, *(text for part in wrapper_closers(calls) for text in spellings(part)))
        self.end_closes = any(text in stops for part in calls.close for text in spellings(part))
        self.blanks = always(blank)
        self.blanks_partial = re.compile("(?!)" if blank == WS else r"\\\Z")
        self.closes = closes = body.close.spellings if isinstance(body.close, OneOf) else (body.close,)
        self.lined = damaged and writes_lines(calls)
        by_line = body.ends in ("closer", "structure") and len(body.open) == 1 and "\n" in body.between + trim
        self.next_by_line = body.ends == "line" or by_line
        heads = [
            Head(calls, parts, "anywhere", False, False)
            for calls in fmt.calls
            for parts in (calls.open, (part_before(calls, fmt), *calls.open))
        ]
        self.heads = [head for head in heads if damaged and head.named and len(head.firsts[0]) > 1]
        self.openers = openers = tuple(first_texts(body.open))
        before = (*openers, *self.closers, END)
        self.follows = {"": Follow(before if body.ends != "closer" else (), stops, blank)}
        self._compile_openers(body, blank)
        self._compile_object_key(body, ends, stops)
        self._compile_values(body, blank, stops)
        self.junk = re.compile(f"[^ \\t\\r\\n\\\\{''.join(re.escape(text[0]) for text in (*closes, *openers, *ends, *stops))}]+")

    def _compile_openers(self, body: Parameters, blank: str) -> None:
        name = self.calls.name if self.calls.escaped == "attributes" else ""  # a key has what a name has
        self.open = slotted(sequence(body.open, name, True, blank))
        self.open_partial = slotted(sequence(body.open, name, False, blank) + r"\Z")
        keys = [number for group, number in self.open.groupindex.items() if slot_of(group) == "key"]
        self.key_group = keys[0] if len(keys) == 1 else 0
        self.only_key = len(keys) == len(self.open.groupindex) == 1
        last = "".join(text[-1] for part in body.open for text in spellings(part))
        behind = re.escape(self.trim) if self.trim else f"(?=[^{inside({'<', *SPACE, *last})}])"
        plain = self.only_key and "" not in self.kinds
        self.plain_opener = self.open.pattern + behind
        self.plain_open = re.compile(self.plain_opener).match if plain else None
        begun = sequence(body.open, name, False, blank, silent=True)
        self.before = slotted(rf"{blank}(?:\Z|{begun}\Z(?<![{inside(last)}]))").match  # with such an end it may be all of the opener
        written = "".join(part for part in body.open if isinstance(part, str))
        self.key_head, _, self.key_tail = written.partition("{key}")

    def _compile_object_key(self, body: Parameters, ends: tuple[str, ...], stops: tuple[str, ...]) -> None:
        key = body.object_key or ("", "")
        self.object_key = re.compile(f"{re.escape(key[0])}{WS}(?={{)") if key[0] else None
        self.object_key_partial = re.compile(f"(?:{cut(key[0])}{WS})\\Z")
        self.key_end = re.compile(f"(?P<hold>{beginnings(key[1:])})|(?P<close>{any_of(key[1:])})")
        self.follows["key"] = Follow((key[0], *ends, END), stops)

    def _compile_values(self, body: Parameters, blank: str, stops: tuple[str, ...]) -> None:
        """What may end a value: its closer, another marker, what may become one."""
        closes, damaged = self.closes, self.reads_damaged
        tags = [text for text in closes if damaged and text.startswith("</")]
        self._spell_tags(tags)
        nexts = self.openers if body.ends in ("line", "anywhere") or damaged else ()
        firsts = {text for head in self.heads for text in head.firsts if not text[0].isalnum()}  # a word may be anybody's
        slashless = [*(text.replace("/", "", 1) for text in closes if damaged and "/" in text), *self.unsigned, *self.respelt]
        odd_tag, odd_tag_begins = unseen(tuple(text[2:-1] for text in tags))
        held = beginnings((*closes, *nexts, *firsts, *stops))
        if damaged:
            alike, others, rest, more, begins = self._damaged_ends(tags, nexts, firsts, slashless, odd_tag)
            held += f"|{more}|{odd_tag_begins}"
        else:  # what reads like the tags around keys and values is data, and told
            own = tags_of((*self.openers, *closes))
            alike, others, rest, begins = "", "", f"|(?P<own>{any_alike(own)})", {"<"}
            held += f"|(?:{any_alike_begins(own)})\\Z"
        if stops:  # they trail: what is open when the output ends does not hold them
            held = f"(?:{held}|{trail(stops)})"
        begins.update(text[0] for text in (*closes, *nexts, *firsts, *stops) if text)
        spelt = (*closes, *slashless)
        self.alike = re.compile(f"{any_alike(spelt)}|{odd_tag}>?")
        self.alike_begins = re.compile(f"(?:{any_alike_begins(spelt)})\\Z")
        behind = self.trim + (body.between if damaged else "")
        lead, far, hold = self._with_trims(body.between, behind, held)
        twice = "(?:<(?=</))?" if tags else ""
        close = any_of(closes)
        ends = f"{lead}{twice}(?:(?P<close>{close}){alike})|(?:{far}|{lead})(?:(?P<next>{any_of(nexts)}){others}){rest}"
        self.match = re.compile(f"(?P<hold>{hold})|{ends}").match
        self._compile_ways(body, blank, begins, {*(text[0] for text in (*closes, *nexts, *stops)), *behind[:1]}, close, lead, hold)

    def _damaged_ends(
        self, tags: list[str], nexts: tuple[str, ...], firsts: set[str], slashless: list[str], odd_tag: str
    ) -> tuple[str, str, str, str, set[str]]:
        """What else may end a value where markup is damaged: patterns for what reads like its closer, for other markers, for what is only
        noted, for what may become one of these, and the characters with which they begin."""
        odd = [text for text in self.closes if not text.startswith("</")]
        ranks = self.closers
        pieces = self.format.special_tokens if self.format.fragments else ()  # of which several make a marker
        token, token_begins = (TOKEN.pattern, TOKEN_BEGINS) if not pieces else ("(?!)", "(?!)")
        token = f"(?!{any_of((*nexts, *firsts, *ranks))}){token}"  # of any other name
        like = "".join(f"|{alike(text)}" for text in odd)
        like_begins = "".join(f"|{alike_begins(text)}" for text in odd)
        wait = f"<[ \\t]{{0,2}}\\Z|{token_begins}|<[A-Za-z][\\w:.\\-]{{0,40}}\\Z{like_begins}"
        doubled = (f"<{text}" for text in tags)
        return (
            f"|(?P<alike>{token}|<[ \\t]{{0,2}}\\\\?/{like}|{any_of(slashless)}|{odd_tag})",
            f"|(?P<call>{any_of(firsts)})|(?P<rank>{any_of(ranks)})",
            f"|(?P<piece>{any_of(pieces)})|<(?P<tag>[A-Za-z][\\w:.\\-]{{0,40}})(?![\\w:.\\-]|\\Z)|(?P<wait>{wait})",
            f"{beginnings((*ranks, *slashless, *pieces, *doubled))}|{token_begins}",
            {"<", *(text[0] for text in (*ranks, *slashless, *pieces)), *(BARS for text in odd if text[0] in BARS)},
        )

    def _spell_tags(self, tags: list[str]) -> None:
        """What damage makes of the closing tags of values."""
        self.unsigned = [text[1:] for text in tags]
        ways = [way for text in tags for way in respelt(text)]
        self.respelt = [way for way in ways if self.calls.escaped != "xml" or way[0] != "&"]  # in XML an escape is data
        self.words = frozenset(re.findall(r"[\w:.-]{3,}(?=[> =])", " ".join((*self.openers, *tags)).lower()))
        """The names of the tags around keys and values."""

    def _with_trims(self, between: str, behind: str, held: str) -> tuple[str, str, str]:
        """Patterns for what the template writes behind a value, in front of the marker that ends it and of one that implies the value's own
        closer (`behind` is all of that), and for what is `held` with it."""
        either = "|".join(map(re.escape, self.trims))
        further = f"(?:{either}){re.escape(between)}" if self.reads_damaged else either
        lead, far = (f"(?:{text})?" if text else "" for text in (either, further))
        hold = f"(?:{far}|{lead})(?:{held})|{beginnings([*self.trims, behind + ' '])}" if behind else held
        return lead, far, f"{hold}|(?:{either})\\Z" if either else hold

    def _compile_ways(self, body: Parameters, blank: str, begins: set[str], firsts: set[str], close: str, lead: str, hold: str) -> None:
        """The short ways of a value. What may end it begins with one of `begins`, what must be looked at with one of `firsts`."""
        written = {*self.trims, body.between}
        lines = {text[0] for text in written if text}
        starts = inside(begins | lines)
        self.odd = inside({*begins, *lines, "\\", "\r"} - {"\n"})
        """What may be markup, or be left of it, in a value; a line break matters only at its ends."""
        pattern = f"[{starts}]"
        if written <= {"", "\n", "\r\n", "\\n"} and begins.isdisjoint(
            lines
        ):  # a line break matters in front of something else, or at the end
            pattern += rf"(?:(?<=[{inside(begins)}])|n?(?![^{starts}]))"
        self.marks = re.compile(pattern).search
        self.tags_only = begins <= {"<", "/"}
        self.next_text = self.openers[0] if body.ends != "closer" else ""
        follow = self.follows[""]
        then = f"(?={blank[:-1]}{{0,64}}(?:{follow.full.pattern}))" if follow.full is not None else ""
        self.plain_close = re.compile(f"{lead}(?:{close}){then}").match
        self.flow = flow_until(firsts, (*self.unsigned, *self.respelt))
        self.escaped_marks = re.compile(either("<&", self.unsigned))
        self.escaped_flow = flow_until("<&", self.unsigned)
        closed = f"|(?:{re.escape(self.trim)})?(?:{close}){blank}(?:\\Z|{follow.partial.pattern})" if follow.full is not None else ""
        self.inside = re.compile(f"[^{inside(firsts)}]*(?:\\Z|{hold}{closed})").match

    @lru_cache(maxsize=256)  # noqa: B019 - there is one such object for a format
    def openers_of(self, keys: tuple[str, ...]) -> tuple[re.Pattern[str], re.Pattern[str]]:
        """The openers of just these keys, whatever their characters, and the beginnings of such."""
        written = {*keys, *map(escaped_attribute, keys)} if self.calls.escaped else keys
        whole, begun = (f"(?:{'|'.join(make(key) for key in longest_first(written))})" for make in (re.escape, cut))
        blank = WRITTEN if self.reads_damaged else WS
        parts = self.body.open
        return slotted(sequence(parts, whole, True, blank)), slotted(sequence(parts, begun, False, blank) + r"\Z")

    def key_of(self, found: re.Match[str]) -> str:
        """The key in an opener that `open` has found."""
        return str(found[self.key_group]).strip(SPACE) if self.key_group else slot_texts(found)["key"]

    def waits_before(self, text: str) -> bool:
        """Whether text between values merely waits."""
        begun = text.lstrip(SPACE)
        head = self.key_head
        if head.startswith(begun):
            return True
        if begun.startswith(head):
            key, tag, tail = begun[len(head) :].partition("<")
            if key.isidentifier() and (not tag or (self.key_tail.startswith(tag + tail) and len(tag + tail) < len(self.key_tail))):
                return True
        return self.before(text) is not None

    def waits_inside(self, text: str) -> bool:
        """Whether text of a value that is held merely waits: nothing comes of it before it holds a marker."""
        if self.tags_only:
            at = text.find("<")
            if at < 0:
                return True
            tail, close, follow = text[at:], self.closes[0], self.next_text
            if close.startswith(tail):
                return len(tail) < len(close) or bool(follow)
            if tail.startswith(close):
                behind = tail[len(close) :].lstrip(SPACE)
                if len(behind) < len(follow) and follow.startswith(behind):
                    return True
        return self.inside(text) is not None

    def search(self, text: str, at: int) -> re.Match[str] | None:
        """The first thing from `at` on that may end a value. All of them begin with one of a few characters, which are found quickly."""
        while (mark := self.marks(text, at)) is not None:
            found = self.match(text, mark.start())
            if found is not None:
                return found
            at = mark.end()
        return None

    @cached_property
    def damaged(self) -> DamagedParameters:
        """What may be damaged, compiled when the first such thing may stand somewhere."""
        return DamagedParameters(self.calls, self.format)


def wrapper_closers(calls: Calls) -> tuple[Marker, ...]:
    return (calls.wrapper.close,) if calls.wrapper is not None else ()


def tags_of(texts: Iterable[str]) -> tuple[str, ...]:
    """The beginnings of the tags that these markers are, with the slash and without it."""
    begun = {re.split(r"[ =>{]", text)[0].replace("/", "", 1) for text in texts if text[0] == "<"}
    return tuple(sorted(text[:1] + slash + text[1:] for text in begun if len(text) > 3 for slash in ("", "/")))


def part_before(calls: Calls, fmt: Format) -> Part:
    """What stands in front of a call: its wrapper's opener, or what begins a message's header."""
    if calls.wrapper is not None:
        return calls.wrapper.open
    return OneOf((*spellings(fmt.channels.start), "")) if fmt.channels is not None else ""


def watch_pattern(
    markers: set[str],
    edges: Mapping[str, Gate],
    alike: tuple[str, ...] = (),
    lost: tuple[Edge, ...] = (),
) -> str:
    """One pattern for all that running text must be searched for, with the groups `hold`, `marker` and `line`.

    It begins with the set of first characters, which `re` looks for quickly; what follows depends on which of them was found. `alike` are
    the markers whose look-alikes are to be found, too; `edges` are the first characters of what counts at the start of a line, with what
    refuses them, `lost` is what else is found there.
    """
    by_first: dict[str, list[str]] = {}
    for text in sorted(markers, key=len, reverse=True):
        by_first.setdefault(text[0], []).append(text[1:])
    held, whole = _branches(by_first, alike, edges)
    for sign, rest in _ODD_BEGINNINGS if any(text[0] == "<" for text in alike) else ():
        by_first.setdefault(sign, []).append(rest)
    begins = {*SPACE, *by_first}
    begun_marker = f"[{inside(by_first)}]" if by_first else "(?!)"
    # Nearly all that the first set finds are blanks between words, which go no further than the look at the next character.
    refused = {sign: f"{re.escape(sign)}(?={refused})" for sign, rests in by_first.items() if (refused := _refused(sign, rests, alike))}
    at_edge = {*edges, *(edge.first for edge in lost)}
    turns_back = list(refused.values())
    if "" not in edges:
        refused_lines = "".join(f"|{marker}" for sign, marker in refused.items() if sign not in at_edge)
        turns_back.append(rf"\n(?=[^{inside(begins | at_edge)}]{refused_lines})")
    no_marker = "".join(f"|(?={marker})" for marker in refused.values())
    turns_back.append(rf"[ \t\r](?!\Z)(?:(?<=[ \t\r\n]{{2}}){no_marker})")
    goes_on = rf"(?<![ \t\r](?=[^{inside(begins)}]))(?<!{'|'.join(turns_back)})"
    blank = rf"(?<=[ \t\r\n])(?![^{inside(begins)}])(?<![ \t\r\n]{{2}}){WS}(?:\Z|{begun_marker})"
    new_line = r"(?<=[ \t\r\n])(?<![ \t\r\n]{2})(?:(?<=\n)|[ \t\r\n]*\n)[ \t]*"
    begun = [f"{re.escape(first)}(?:{gate.begun})" for first, gate in edges.items() if gate.begun] + [edge.begins for edge in lost]
    at_line = rf"|{new_line}(?:{'|'.join(begun)})\Z" if begun else ""
    branches = [f"(?:(?:{blank}|(?<![ \\t\\r\\n]))(?:(?<=[ \\t\\r\\n])\\Z|{by_sign(held)}){at_line})(?P<hold>)"]
    if edges or lost:
        shown = (re.escape(first) + (f"(?!{gate.refused})" if gate.refused else "") for first, gate in edges.items())
        edge = r"[^ \t\r\n]" if "" in edges else "|".join([*shown, *(edge.full for edge in lost)])
        branches.append(rf"(?<=\n)[ \t]*(?={edge})(?P<line>)")
    if whole:
        branches.append(f"(?<![ \\t\\r\\n])(?:{by_sign(whole)})(?P<marker>)")
    return rf"[ \t\r\n{inside(by_first)}]{goes_on}(?:{'|'.join(branches)})"


def _refused(sign: str, rests: Iterable[str], alike: tuple[str, ...]) -> str:
    """What shows, in the first visible characters of ASCII behind the sign, that none of these markers or their look-alikes stands there;
    "" where nothing does."""
    seconds: dict[str, set[str]] = {}
    for rest in rests:
        seconds.setdefault(rest[:1], set()).add(rest[1:2])
    for first, second in ((text[1:2], text[2:3]) for text in alike if text[0] == sign):
        if not (first.isalpha() or first in ("/", *BARS)):
            return ""
        follow = {second.lower(), second.upper()} if second.isalpha() and first not in BARS else {""}
        for case in (first.lower(), first.upper()) if first not in BARS else BARS:
            seconds.setdefault(case, set()).update(follow, " \t" if first == "/" else "")
    refused = []
    if sign == "<" and any(text[0] == sign for text in alike):
        seconds |= {first: {""} for first in "< \t"}
        refused.append(rf"[ \t]{{1,4}}{ascii_but(seconds)}")
    if "" in seconds:
        return ""
    refused += (re.escape(first) + ascii_but(second) for first, second in seconds.items() if "" not in second)
    return "|".join((ascii_but(seconds), *refused))


def ascii_but(characters: Iterable[str]) -> str:
    """The class of the visible characters of ASCII without some."""
    runs, start = "", " "
    for end in (*sorted(character for character in characters if " " <= character <= "~"), "\x7f"):
        if start < end:
            runs += f"{re.escape(start)}-{re.escape(chr(ord(end) - 1))}"
        start = chr(ord(end) + 1)
    return f"[{runs}]"


_ODD_BEGINNINGS = (("&", "lt;"), *((sign, "") for sign in ODD_OPENERS))
"""What stands for an angle bracket: its first character, and the rest."""


def by_sign(branches: Mapping[str, Iterable[str]]) -> str:
    """One branch for what may follow each first character, which has been read; the odd ones share one, as `re` tries all in turn."""
    each = {sign: f"(?<={re.escape(sign)})(?:{'|'.join(patterns)})" for sign, patterns in branches.items()}
    odd = {sign: each.pop(sign) for sign, _ in _ODD_BEGINNINGS if sign in each}
    shared = [f"(?<=[{''.join(odd)}])(?:{'|'.join(odd.values())})"] if odd else []
    return "|".join([*each.values(), *shared]) or "(?!)"


def _branches(
    by_first: Mapping[str, list[str]], alike: tuple[str, ...], edges: Mapping[str, Gate]
) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """What is held and what is found, as patterns, behind each first character of the markers."""
    held: dict[str, list[str]] = {}
    whole: dict[str, list[str]] = {}
    for first, rests in by_first.items():
        like = [text for text in alike if text[0] == first]
        found = tuple(rest for rest in rests if first + rest in alike)  # where it ends, in any spelling behind it
        longer = [rest for rest in rests if rest]
        begun = held.setdefault(first, [])
        if longer:  # what begins like a look-alike is found as one
            unlike = (rest for rest in longer if rest not in found or any(rest != text and rest.startswith(text) for text in found))
            begun.append(f"\\Z|{beginnings(unlike)}")
        if like:
            misspelt, misspelt_begins = looks_misspelt(filter(may_be_misspelt, like))
            begun.append(f"(?!(?:{any_of(found)})>?\\Z)(?:{any_alike_begins(like, 1)})\\Z")
            begun.append(f"(?!(?:{any_of(rests)})\\Z)(?:{misspelt_begins})\\Z")
            like = [any_alike(like, 1), misspelt]
        gate = edges.get(first, NO_GATE) if "" in rests else NO_GATE
        if gate.begun:
            begun.append(f"(?:{gate.begun})\\Z")
        full = "|".join([*map(re.escape, rests), *like])
        whole[first] = [f"{f'(?!{gate.refused})' if gate.refused else ''}(?:{full})"]
    tags = [text for text in alike if text[0] == "<"]
    for sign, rest in _ODD_BEGINNINGS if tags else ():
        held.setdefault(sign, []).append(f"{chained(*rest, f'(?:{any_alike_begins(tags, 1)})')}\\Z|{beginnings([rest + ' '])}|\\Z")
        whole.setdefault(sign, []).append(f"{rest}(?:{any_alike(tags, 1)})")
    return {sign: patterns for sign, patterns in held.items() if patterns}, whole


class Tail:
    """What may stand in and behind a call: its values, its closers in their order, the openings that may follow inside the wrapper."""

    def __init__(self, calls: Calls, fmt: Format, openings: Iterable[str], damaged: bool) -> None:
        markers = [*calls.close, *([calls.wrapper.close] if calls.wrapper else ())]
        self.calls, self.format, self.reads_damaged = calls, fmt, damaged
        self.wrapper_at = len(calls.close)
        self.again = tuple(i for i, marker in enumerate(markers) if spellings(marker)[0] in fmt.special_tokens)
        self.closers = tuple(re.compile(any_of(spellings(marker))) for marker in markers)
        texts = [text for marker in markers for text in spellings(marker)]
        self.partial = tuple(re.compile(beginnings(spellings(marker))) for marker in markers)
        stops = stop_texts(fmt)
        self.section = frozenset(section_closers(calls))
        following = [text for text in first_texts(calls.open) if len(text) > 1] if damaged and calls.wrapper else []
        self.ends = EndMarks((*texts, *following), openings, (*stops, *frame_closers(fmt)))  # the next call ends one without a closer
        ends = (*texts, *openings)
        self.values = Values(calls, fmt, ends, stops, damaged) if isinstance(calls.body, Parameters) else None
        begun = {text[0] for text in ends}
        surplus = (bracket for bracket in "}])" if damaged and bracket not in begun)
        self.separators = "".join(
            (*(mark for mark in ",;" if mark in calls.between or (mark == "," and isinstance(calls.body, PythonCalls))), *surplus)
        )
        self.echoed = calls.echoed
        lead = [text for marker in calls.lead for text in spellings(marker)]
        self.lead = re.compile(f"{WS}(?:{any_of(lead)})")
        self.lead_partial = re.compile(f"{WS}(?:\\Z|{beginnings(lead)})") if lead else None
        skip_ends = (*markers[-2:], *calls.skipped[:1], *stops)
        skip_texts = [text for marker in skip_ends for text in spellings(marker)]
        self.skip_end = re.compile(f"(?P<hold>{beginnings(skip_texts)})|(?P<end>{any_of(skip_texts)})")
        self.next = tuple(head for other in fmt.calls if calls.wrapper and other.wrapper == calls.wrapper for head in inner_heads(other))
        self.follow: tuple[Head, ...] = ()
        if isinstance(calls.body, BareKeys):  # the marker in front of a further call may be missing
            self.follow = (Head(calls, with_any_name(calls.open[1:]), "anywhere", True, False),)

    @cached_property
    def damaged(self) -> DamagedClosers:
        """The closers with their damage, compiled when the first damaged one may stand somewhere."""
        return damaged_closers(self.calls, self.format)


def must_declare(calls: Calls) -> bool | Literal["in_reasoning"]:
    """Whether an opening counts only for a tool that the request declares, always or where it would end open reasoning."""
    return "in_reasoning" if calls.needs == "tool in reasoning" else calls.needs == "tool"


def inner_heads(calls: Calls, before: tuple[Part, ...] = ()) -> Iterator[Head]:
    """The openings in a wrapper, `before` which its own opener may stand."""
    for parts in openings_of(calls):
        yield Head(calls, (*before, *parts), "anywhere", must_declare(calls), bool(before))
    if calls.skipped:
        yield Head(calls, (*before, *calls.skipped), "anywhere", False, bool(before), skips=True)
    if calls.empty:
        yield Head(calls, (*before, *calls.empty), "anywhere", must_declare(calls), bool(before), empty=True)


def section_closers(calls: Calls) -> Iterator[str]:
    """What is framing anywhere in a section of calls that have markers of their own: the ends of the section and of a call."""
    if calls.wrapper is not None and calls.wrapper.shared and calls.close:
        for part in (*calls.close[-1:], calls.wrapper.close):
            yield from spellings(part)


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


def header_begins(channels: Channels) -> tuple[str, ...]:
    """What begins a message's header."""
    inner = (channels.channel,) if channels.channel else ()
    return (min(spellings(channels.start), key=len), *inner, *(channels.close if channels.inside == "opener" else ()))


def header_markers(channels: Channels) -> tuple[str, ...]:
    """The markers of headers, and the ends of messages, whose look-alikes must be noticed in running text."""
    start = re.sub(r"\w+\Z", "", min(spellings(channels.start), key=len))
    inner = (channels.channel,) if channels.channel else ()
    return (start, *inner, *channels.ends, *(channels.close if channels.inside == "opener" else ()))


def message_markers(channels: Channels, reasoning: bool) -> tuple[str, ...]:
    """What may end a message of content, or of reasoning: its end markers, and what begins the headers that count inside it."""
    if channels.inside != "reasoning":
        return (*channels.ends, *header_begins(channels))
    bare = channels.to.strip(SPACE).partition("{name}")[0]
    return (*channels.ends, *header_begins(channels), bare) if reasoning else channels.ends


_PLACE = re.compile(r"(?<=\w)(?=｜?>)")
_WORD = r"[^\s<>｜]"


class Suffixes:
    """The markers of a format whose checkpoints put a suffix on all of them, while it is not known yet.

    `begins` are the texts that running text is searched for. A pattern's last group is the suffix.
    """

    __slots__ = ("begins", "call", "close", "open", "partial", "prompt", "stop")

    def __init__(self, fmt: Format) -> None:
        openers = [text for pair in fmt.reasoning for text in spellings(pair.open)]
        closers = [text for pair in fmt.reasoning for text in spellings(pair.close)]
        pairs = [(wrapper, first) for calls in fmt.calls for wrapper in wrapper_openers(calls) for first in spellings(calls.open[0])]
        word = f"{re.escape(fmt.suffix)}{_WORD}{{1,64}}"
        self.begins = tuple(parted(text)[0] + fmt.suffix for text in (*openers, *closers, *fmt.stop, *(wrapper for wrapper, _ in pairs)))
        self.open = re.compile("|".join(marked(text, f"({word})") for text in openers))
        self.close = re.compile("|".join(marked(text, f"({word})") for text in closers))
        self.call = re.compile(
            "|".join(f"{marked(wrapper, f'(?P<s{i}>{word})')}{WS}{marked(first, f'(?P=s{i})')}" for i, (wrapper, first) in enumerate(pairs))
        )
        self.stop = re.compile("|".join(marked(text, f"(?:{word})?") for text in fmt.stop))
        self.prompt = re.compile("|".join(marked(text.strip(SPACE), f"({word}|)") for text in (*openers, *closers, *fmt.turn)))
        cuts = [cut_marked(text, fmt.suffix) for text in (*openers, *closers, *fmt.stop)]
        cuts += [f"{cut_marked(wrapper, fmt.suffix)}{WS}(?:\\Z|{cut_marked(first, fmt.suffix)})" for wrapper, first in pairs]
        self.partial = re.compile(f"(?:{'|'.join(cuts)})\\Z")


def wrapper_openers(calls: Calls) -> tuple[str, ...]:
    return spellings(calls.wrapper.open) if calls.wrapper else ()


def parted(marker: str) -> tuple[str, str]:
    """A marker in front of the place of its suffix, and behind it."""
    place = _PLACE.search(marker)
    end = place.end() if place is not None else len(marker)
    return marker[:end], marker[end:]


def marked(marker: str, suffix: str) -> str:
    """The pattern of a marker with the pattern of a suffix in it."""
    before, behind = parted(marker)
    return f"{re.escape(before)}{suffix}{re.escape(behind)}"


def cut_marked(marker: str, suffix: str) -> str:
    """The pattern of a marker with a suffix that begins so, or of a beginning of it."""
    before, behind = parted(marker)
    return f"{cut(before)}(?:\\Z|(?:{re.escape(suffix)}{_WORD}{{0,64}})?(?:\\Z|{cut(behind)}))"


@lru_cache(maxsize=64)
def suffixed(fmt: Format, suffix: str) -> Format:
    """The format of a checkpoint that puts `suffix` on every marker."""

    def put(value: Any) -> Any:
        if isinstance(value, str):
            return _PLACE.sub(lambda _: suffix, value)
        if isinstance(value, tuple):
            return tuple(map(put, value))
        if is_dataclass(value) and not isinstance(value, type):
            return replace(value, **{field.name: put(getattr(value, field.name)) for field in fields(value) if field.name != "name"})
        return value

    marked = ("reasoning", "calls", "stop", "turn", "special_tokens")
    return fmt.variant(suffix="", **{name: put(getattr(fmt, name)) for name in marked})


def heads(fmt: Format, bare: bool) -> list[Head]:
    """Every opening of the format's calls, in the order of its description; a written word goes before a name in its place."""
    return sorted(written_heads(fmt, bare), key=lambda head: not head.worded)


def written_heads(fmt: Format, bare: bool) -> Iterator[Head]:
    for calls in fmt.calls:
        openings = tuple(openings_of(calls))
        if calls.wrapper is None:
            if bare or not (must_declare(calls) or calls.where != "anywhere"):
                yield from (Head(calls, parts, calls.where, must_declare(calls), False) for parts in openings)
                if calls.empty:
                    yield Head(calls, calls.empty, calls.where, must_declare(calls), False, empty=True)
            continue
        yield from inner_heads(calls, (calls.wrapper.open,))
        if bare and calls.needs in ("nothing", "wrapper or tool"):
            yield Head(calls, calls.open, calls.where, calls.needs == "wrapper or tool", False)
