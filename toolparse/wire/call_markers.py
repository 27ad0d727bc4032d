"""All the openings of a format's calls, and what may stand in and behind a call."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Literal

from toolparse.grammar import BareKeys, Calls, Format, Parameters, Part, PythonCalls
from toolparse.jsontext.characters import WS
from toolparse.wire.damaged_closers import DamagedClosers, damaged_closers
from toolparse.wire.markers import EndMarks, Head, openings_of, with_any_name
from toolparse.wire.spellings import any_of, beginnings, first_texts, frame_closers, spellings, stop_texts
from toolparse.wire.value_markers import Values


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
        surplus = (sign for sign in "}]),;" if damaged and sign not in begun)
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
