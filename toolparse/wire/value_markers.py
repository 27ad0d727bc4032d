"""The patterns of raw parameter values: what opens a parameter, and what may end its value.

Whether a marker that is found does end the value is for the codec (`codecs/parameters.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property, lru_cache

from toolparse.grammar import Calls, Format, OneOf, Parameters, Part
from toolparse.jsontext.characters import SPACE, WS, always
from toolparse.wire.call_names import escaped_attribute
from toolparse.wire.damaged_closers import TOKEN, TOKEN_BEGINS, respelt, unseen
from toolparse.wire.damaged_openings import writes_lines
from toolparse.wire.damaged_parameters import DamagedParameters
from toolparse.wire.lookalikes import BARS, alike, alike_begins, any_alike, any_alike_begins
from toolparse.wire.markers import END, WRITTEN, Follow, Head, either, flow_until, sequence, slot_of, slot_texts, slotted
from toolparse.wire.spellings import any_of, beginnings, closing_parts, cut, first_texts, inside, longest_first, spellings
from toolparse.wire.trailing_stops import trail

WRITTEN_BREAK = "\\n"
"""A line break as the two characters that stand for one elsewhere."""
SECTION, SECTION_END = "<![CDATA[", "]]>"
"""What XML has around raw text, which no template of these formats reads or writes."""


class Values:
    """Patterns of raw parameter values: their openers, and what may end them."""

    def __init__(self, calls: Calls, fmt: Format, ends: tuple[str, ...], stops: tuple[str, ...], damaged: bool) -> None:
        """`ends` are the markers that end the call. What `before` matches waits between values, what `inside` does in one that is held, and
        what `closed` does (a closer that may not be one) in each.
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
        self.trims = (trim, "\r\n", *((WRITTEN_BREAK,) if self.trim_written else ())) if damaged and trim == "\n" else (trim,)
        self.kinds: dict[str, str] = dict(body.kinds) if body.kinds != "types" else {}
        self.call_closers = tuple(text for part in calls.close for text in spellings(part))
        self.closers = tuple(text for part in closing_parts(calls) for text in spellings(part))
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
        written = tuple(spellings(part)[0] if isinstance(part, OneOf) else part for part in body.open)
        plain = slotted(sequence(written, name, True, blank))
        self.plain_opener = plain.pattern + behind
        only_key = [slot_of(group) for group in plain.groupindex] == ["key"]
        self.plain_open = re.compile(self.plain_opener).match if only_key and "" not in self.kinds else None
        begun = sequence(body.open, name, False, blank, silent=True)
        begun += rf"\Z(?<![{inside(last)}])"  # with such an end it may be all of the opener
        if self.reads_damaged:  # which may stand twice, so it waits, too
            begun += "|" + sequence(written, r"\w", True, blank, silent=True) + r"\Z"
        self.before = re.compile(rf"{blank}(?:\Z|{begun})").match
        self.key_head, _, self.key_tail = "".join(part for part in written if isinstance(part, str)).partition("{key}")

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
        section = (SECTION,) if self.calls.escaped != "xml" else ()
        token, token_begins = f"(?!{any_of((*nexts, *firsts, *ranks, *pieces))}){TOKEN.pattern}", TOKEN_BEGINS  # of any other name
        like = "".join(f"|{alike(text)}" for text in odd)
        like_begins = "".join(f"|{alike_begins(text)}" for text in odd)
        wait = f"<[ \\t]{{0,2}}\\Z|{token_begins}|<[A-Za-z][\\w:.\\-]{{0,40}}\\Z{like_begins}"
        doubled = (f"<{text}" for text in tags)
        return (
            f"|(?P<alike>{token}|<[ \\t]{{0,2}}\\\\?/{like}|{any_of(slashless)}|{odd_tag})",
            f"|(?P<call>{any_of(firsts)})|(?P<rank>{any_of(ranks)})",
            f"|(?P<wait>{wait})|(?P<piece>{any_of((*pieces, *section))})|<(?P<tag>[A-Za-z][\\w:.\\-]{{0,40}})(?![\\w:.\\-]|\\Z)",
            f"{beginnings((*ranks, *slashless, *pieces, *section, *doubled))}|{token_begins}",
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
        following = [text for text in self.openers if self.openers[0].startswith(text)] if body.ends != "closer" else [""]
        self.next_text = min(following, key=len)
        follow = self.follows[""]
        then = f"(?={blank[:-1]}{{0,64}}(?:{follow.full.pattern}))" if follow.full is not None else ""
        self.plain_close = re.compile(f"{lead}(?:{close}){then}").match
        self.flow = flow_until(firsts, (*self.unsigned, *self.respelt))
        self.escaped_marks = re.compile(either("<&", self.unsigned))
        self.escaped_flow = flow_until("<&", self.unsigned)
        closed = "(?!)"
        if follow.full is not None:
            closed = f"(?:{re.escape(self.trim)})?(?:{close}){blank}(?:\\Z|(?!{follow.full.pattern}){follow.partial.pattern})"
        self.closed = re.compile(closed).match
        self.closed_firsts = frozenset(text[0] for text in (*self.closes, self.trim) if text)
        self.inside = re.compile(f"[^{inside(firsts)}]*(?:\\Z|{hold}|{closed})").match

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
        head, end = self.key_head, self.key_tail
        if head.startswith(begun):
            return True
        if end and begun.startswith(head):
            rest = begun[len(head) :]
            key, whole, value = rest.partition(end)
            if value:  # a value has begun
                return False
            if whole and self.reads_damaged and key.isidentifier():
                return True
            if not whole:
                key = rest.partition(end[0])[0]
                if key.isidentifier() and end.startswith(rest[len(key) :]):
                    return True
        elif begun[1:2] != head[1:2]:  # nothing that the template writes in front of a key
            return False
        return self.before(text) is not None

    def waits_inside(self, text: str) -> bool:
        """Whether text of a value that is held merely waits: nothing comes of it before it holds a marker."""
        if self.next_text and self.next_text in text:  # which most often ends it
            return False
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


def tags_of(texts: Iterable[str]) -> tuple[str, ...]:
    """The beginnings of the tags that these markers are, with the slash and without it."""
    begun = {re.split(r"[ =>{]", text)[0].replace("/", "", 1) for text in texts if text[0] == "<"}
    return tuple(sorted(text[:1] + slash + text[1:] for text in begun if len(text) > 3 for slash in ("", "/")))


def part_before(calls: Calls, fmt: Format) -> Part:
    """What stands in front of a call: its wrapper's opener, or what begins a message's header."""
    if calls.wrapper is not None:
        return calls.wrapper.open
    return OneOf((*spellings(fmt.channels.start), "")) if fmt.channels is not None else ""
