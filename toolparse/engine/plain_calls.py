"""Calls that are spelt as the template spells them, as two patterns and a reader of arguments, for plain turns (`plain_turns.py`).

Everything comes from the description of the calls and from the openings that the table of the format has for it. What a description
says in a way that a pattern cannot hold (`NotPlain`) is left to the machine, and so is a text in which the opening of another description
may stand as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress

from toolparse.codecs.plain_arguments import BLANKS, Read, reader_of
from toolparse.engine.table import Table
from toolparse.grammar import Ahead, Calls, Closed, Envelope, JsonText, Parameters, Part, PythonCalls
from toolparse.jsontext.characters import SPACE
from toolparse.wire.call_markers import Tail
from toolparse.wire.markers import Head
from toolparse.wire.spellings import SLOT, canonical, spellings

Parts = tuple[Part, ...]


class NotPlain(Exception):
    """A description is written in a way that has no plain turns."""


class PlainCalls:
    """One way to write calls.

    `first` matches what stands in front of the first arguments; its group is the name. `read` reads the arguments. `behind` matches what
    stands behind any: its groups are the end of the call, the start of the next one and that one's name, the latter two only if there is
    one, and `ends` is the last of it. `where` is that of the grammar; `declared`: only a declared tool can be called so.
    """

    __slots__ = ("behind", "declared", "ends", "first", "read", "where")

    def __init__(self, calls: Calls, head: Head, read: Read, heads: Iterable[Head], tail: Tail) -> None:
        self.read = read
        self.where = head.where
        self.declared = bool(head.declared)
        opening, again, closing, last = in_order(calls)
        body, name = calls.body, name_of(calls)
        listed = closing == (",",)
        begins = envelope(body) if isinstance(body, Envelope) else ""
        ends = rf"{BLANKS}\}}()" if isinstance(body, Envelope) else f"{BLANKS}()" if isinstance(body, Parameters) else "()"
        self.ends = next(filter(None, reversed(texts_in(last))), "")
        shared = calls.wrapper is not None and calls.wrapper.shared
        others = rivals(heads, calls)
        next_others = "" if listed else rivals(tail.next, calls) if shared else others
        following = row(*spelt(closing, name), f"(){next_others}", *spelt((*again, *calls.lead), name), begins) + BLANKS
        if head.where == "start" and not listed:  # none of these stands behind a call
            following = "(?!)()()"
        first = re.compile(others + row(*spelt((*opening, *calls.lead), name), begins) + BLANKS)
        behind = re.compile(f"{ends}{BLANKS}(?:{following}|{row(*spelt(last, name))}[ \\t\\r\\n]*\\Z)")
        if (first.groups, behind.groups) != (1, 3):  # the characters of a name may be a pattern with groups
            raise NotPlain
        self.first, self.behind = first.match, behind.match


def rivals(heads: Iterable[Head], calls: Calls) -> str:
    """The pattern of a place where no opening stands that another description has, and that means something else."""
    others = [head for head in heads if head.skips or head.is_empty or head.closed or not written_alike(head.calls, calls)]
    patterns = (re.sub(r"\(\?P<\w+>", "(?:", head.full.pattern) for head in others)
    return f"(?!{'|'.join(patterns)})" if others else ""


def written_alike(one: Calls, other: Calls) -> bool:
    """Whether both have the same arguments, and the same markers behind the name."""
    return (one.body, one.lead, one.close, one.wrapper) == (other.body, other.lead, other.close, other.wrapper)


def in_order(calls: Calls) -> tuple[Parts, Parts, Parts, Parts]:
    """What the template writes up to the first name, in front of the next one, between two calls, and behind the last."""
    body, wrapper = calls.body, calls.wrapper
    before: Parts = () if wrapper is None else (wrapper.open,)
    last: Parts = (*calls.close, *(() if wrapper is None else (wrapper.close,)))
    if isinstance(body, (Envelope, PythonCalls)) and body.listed:
        bracket = ("[",) if isinstance(body, Envelope) else ()
        named = next((i for i, part in enumerate(calls.open) if "{name}" in spellings(part)[0]), len(calls.open))
        return (*before, *calls.open[:named], *bracket, *calls.open[named:]), calls.open[named:], (",",), ("]", *last)
    if wrapper is not None and wrapper.shared:
        return (*before, *calls.open), calls.open, (*calls.close, calls.between), last
    return (*before, *calls.open), (*before, *calls.open), (*last, calls.between), last


def row(*patterns: str) -> str:
    """The patterns in their order, with any white space between them."""
    return BLANKS.join(filter(None, patterns))


def texts_in(parts: Parts) -> list[str]:
    """What is written in the parts, as the template spells it."""
    return [canonical(part).strip(SPACE) for part in parts if not isinstance(part, (Ahead, Closed))]


def spelt(parts: Parts, name: str) -> Iterator[str]:
    """The patterns of the parts, with `name` for its slot."""
    for text in texts_in(parts):
        pieces = SLOT.split(text)
        if any(slot not in ("name", "other") for slot in pieces[1::2]):
            raise NotPlain
        yield "".join(re.escape(piece) if i % 2 == 0 else name if piece == "name" else "" for i, piece in enumerate(pieces))


def name_of(calls: Calls) -> str:
    """The pattern of a name that needs no second look where it stands in an opening."""
    if calls.prefix or calls.id_holds_name or not re.fullmatch(f"(?:{calls.name}){{9}}", "get_User2"):
        raise NotPlain
    further = "".join(mark for mark in ".-" if re.fullmatch(f"(?:{calls.name}){{3}}", f"a{mark}b"))
    return rf"([A-Za-z_][A-Za-z0-9_{re.escape(further)}]{{0,63}})"


def envelope(body: Envelope) -> str:
    """The pattern of an object with the name and then the arguments, up to these."""
    if not body.name or body.waits_for_id:
        raise NotPlain
    key, arguments = ("|".join(map(re.escape, texts)) for texts in (body.name, body.arguments))
    return row(r"\{", f'"(?:{key})"', ":", r'"([A-Za-z_][A-Za-z0-9_.\-]{0,63})"', ",", f'"(?:{arguments})"', ":", r"(?=\{)")


def sample(calls: Calls) -> str:
    """The beginning of a call as the template writes it."""
    body = calls.body
    begins = {Envelope: '{"', JsonText: '{"a": 1}', PythonCalls: "a=1)"}.get(type(body), "")
    parts = (*in_order(calls)[0], *calls.lead, *(body.open if isinstance(body, Parameters) else ()))
    text = "".join(canonical(part) for part in parts if not isinstance(part, (Ahead, Closed)))
    return (text + begins).replace("{name}", "f").replace("{key}", "a").replace("{other}", "").lstrip(SPACE)


def is_clear(marker: str, others: Iterable[str]) -> bool:
    """Whether no longer marker begins with this one."""
    return not any(other.startswith(marker) and other != marker for other in others)


def stands_alone(marker: str, others: Iterable[str]) -> bool:
    """Whether, besides, it begins with no other marker that may be looked up before it."""
    return is_clear(marker, others) and not any(other and marker.startswith(other) for other in others if other != marker)


def all_clear(calls: Calls, turns: Table) -> bool:
    """Whether each marker of the calls is one by its place: what a call begins with, and what stands behind it."""
    opening, again, closing, last = in_order(calls)
    begins = [SLOT.split(next(iter(texts_in(parts)), ""))[0] or "{" for parts in (opening, again)]
    texts = {*begins, *(text for part in (*closing, *last) for text in spellings(part) if text)}
    markers = (*turns.grounds[0].searched[0], *texts)
    return stands_alone(begins[0], edges(turns)) and all(is_clear(text, markers) for text in texts)


def edges(turns: Table) -> tuple[str, ...]:
    """What is no call and counts where the text begins."""
    places = (turns.first, turns.place("answer", "closed"))
    rows = (row for place in places for group in place.anchored.values() for row in group)
    return tuple({row.marker for row in rows if isinstance(row.marker, str)})


def plain_calls(turns: Table) -> Iterator[PlainCalls]:
    """The ways to write calls in a format that a pattern can hold."""
    for calls in turns.format.calls:
        behind = turns.behind.get(id(calls))
        read = reader_of(behind.tail) if behind is not None and calls.escaped != "xml" and not calls.echoed else None
        text = sample(calls)
        head = next((head for head in turns.heads if head.calls is calls and head.full.match(text) and not head.skips), None)
        if behind is None or read is None or head is None:
            continue
        with suppress(NotPlain):
            if all_clear(calls, turns):
                yield PlainCalls(calls, head, read, turns.heads, behind.tail)
