"""The patterns of a body of nested elements: the marker in front of its tags, as it is and misspelt, and what may stand in them."""

from __future__ import annotations

import re
from functools import lru_cache

from toolparse.grammar import Calls, Elements
from toolparse.jsontext.characters import SPACE, WS, always
from toolparse.wire.lookalikes import UNSEEN
from toolparse.wire.markers import EndMarks, Head, flow_until
from toolparse.wire.spellings import any_of, beginnings, chained, inside, texts_of
from toolparse.wire.trailing_stops import trail

TAG_BEGUN = re.compile(r"(?:<(?:/?[^<>\n]{0,256})?)?\Z")


class Marks:
    """The patterns of a body."""

    def __init__(self, body: Elements, ends: EndMarks, calls: Calls | None) -> None:
        """`calls` is how the call is opened, where that may stand twice."""
        self.heads = [Head(calls, calls.open, "anywhere", False, False)] if calls is not None else []
        self.wrapper_closes = texts_of(calls.wrapper.close) if calls is not None and calls.wrapper is not None else ()
        self.prefix = prefix = body.prefix
        self.stray = always(rf"(?:</(?:(?!{re.escape(prefix)}|{beginnings((prefix,))})[^<>\n]){{0,64}})?[ \t\r\n]{{0,256}}")
        self.cut_prefix = re.compile(beginnings((prefix,)))
        odd, odd_begins = odd_spellings(prefix)
        self.odd, self.odd_begins = re.compile(odd), re.compile(odd_begins)
        hold = f"{beginnings((prefix, '</', *ends.stops))}|{trail(ends.stops)}|{odd_begins}"
        self.search = re.compile(f"(?P<hold>{hold})|(?P<prefix>{re.escape(prefix)})|(?P<odd>{odd})|(?P<plain></)").search
        firsts = {prefix[0], "<", *(text[0] for text in ends.stops)}
        self.odd_firsts = frozenset(("<", ">", prefix[0], *SPACE))
        """What the text of an element may begin with that belongs to the markup in front of it."""
        self.flow = flow_until(firsts)
        begun = f"(?!{any_of((*ends.closers, *ends.openings))}){re.escape(prefix)}{TAG_BEGUN.pattern}"
        self.between = re.compile(rf"{WS}(?:\Z|{begun}|{self.cut_prefix.pattern})").match
        self.within = re.compile(rf"[^{inside(firsts)}]*(?:\Z|{begun}|{hold})").match


_FRAMED = re.compile(r"(\W{2,8})(\w+)(\W{2,8})")
"""A word between signs, of which either may be misspelt and still be known by the other."""
_ODD_WORD = r"[^\x00-/:-@\[-^`{-\x7f]"
"""What may stand in that word: letters, and what nobody sees."""


def odd_spellings(prefix: str) -> tuple[str, str]:
    """The pattern of the marker with its word misspelt or in other letters, or with its first or last sign missing, in front of a tag; and
    of a beginning of that at the end of the text."""
    framed = _FRAMED.fullmatch(prefix)
    if framed is None:
        return "(?!)", "(?!)"
    (first, *before), _, (*behind, last) = (map(re.escape, signs) for signs in framed.groups())
    first += f"[{UNSEEN}]{{0,2}}"
    begun = chained(*before, f"{_ODD_WORD}{{0,40}}", *behind, f"{last}?[ \\t]{{0,2}}")
    whole = f"(?:{first})?{''.join(before)}{_ODD_WORD}{{1,40}}{''.join(behind)}{last}?(?=[ \\t]{{0,2}}<)"
    return whole, f"(?:{first}(?:\\Z|{begun})|{begun})\\Z"


marks_for = lru_cache(maxsize=64)(Marks)
"""The patterns, compiled at their first use."""
