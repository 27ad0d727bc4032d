"""Plain turns: whole outputs that are written just as the format says, read at the speed of a script for that one format.

A short way that decides nothing. It takes an output of which the description alone says what it is: text in which nothing stands that any
row, watch or rule could look at, and behind it calls that are spelt as the template spells them, to the end. Whatever is not that, it
leaves to the machine (`turn.py`), which reads it from the start. So each condition here is stricter than what it stands for there, and
a format of which one cannot be told so simply has no plain turns. A test takes this way away and expects the same messages.

How it works. Text is passed over up to the first character with which a marker of the format may begin, or what looks like a call of
another one. There the first call must open. One pattern for what stands in front of the first arguments, one for what stands behind any
(the closers, and the next opening or the end), and between them a reader of arguments (`codecs/plain_arguments.py`): that is all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property, lru_cache

from toolparse.codecs.plain_arguments import BLANKS, Read, reader_of
from toolparse.engine.missed_calls import remains
from toolparse.engine.table import Ground, Place, Table, table
from toolparse.grammar import Ahead, Calls, Closed, Envelope, Format, JsonText, Parameters, Part, PythonCalls, Reasoning
from toolparse.jsontext.characters import SPACE
from toolparse.message import Message, ReasoningPart, TextPart, ToolCall
from toolparse.message import Part as MessagePart
from toolparse.schemas.tools import Tools
from toolparse.wire.call_watch import FIRSTS, is_silent
from toolparse.wire.markers import Head
from toolparse.wire.open_call import NEW_ID
from toolparse.wire.spellings import SLOT, canonical, inside, spellings

LONGEST = 262_144
"""Longer outputs are not plain, so nothing in one comes near a limit."""
MOST = 256
"""Nor are those with more calls."""


class NotPlain(Exception):
    """A description is written in a way that has no plain turns."""


# -- calls ------------------------------------------------------------------------------------------------------------------------------


class PlainCalls:
    """One way to write calls.

    `first` matches what stands in front of the first arguments; its group is the name. `behind` matches what stands behind any: its groups
    are the end of the call, the start of the next one and that one's name, the latter two only if there is one. `where` is that of the
    grammar; `declared`: only a declared tool can be called so.
    """

    __slots__ = ("behind", "declared", "first", "read", "where")

    def __init__(self, calls: Calls, head: Head, read: Read) -> None:
        self.read = read
        self.where = head.where
        self.declared = bool(head.declared)
        opening, again, closing, last = in_order(calls)
        body = calls.body
        begins = envelope(body) if isinstance(body, Envelope) else ""
        ends = rf"{BLANKS}\}}()" if isinstance(body, Envelope) else f"{BLANKS}()" if isinstance(body, Parameters) else "()"
        name = name_of(calls)
        first, following = (spelt((*parts, *calls.lead), name) + begins + BLANKS for parts in (opening, again))
        between = spelt(closing, name) + BLANKS
        self.first = re.compile(first).match
        self.behind = re.compile(rf"{ends}(?:{between}(){following}|{spelt(last, name)}[ \t\r\n]*\Z)").match


def in_order(calls: Calls) -> tuple[tuple[Part, ...], tuple[Part, ...], tuple[Part, ...], tuple[Part, ...]]:
    """What the template writes up to the first arguments, in front of those of the next call, between two calls, and behind the last."""
    body, wrapper = calls.body, calls.wrapper
    before, after = ((), ()) if wrapper is None else ((wrapper.open,), (wrapper.close,))
    if (isinstance(body, Envelope) and body.listed) or (isinstance(body, PythonCalls) and body.listed):
        named = next((i for i, part in enumerate(calls.open) if "{name}" in spellings(part)[0]), len(calls.open))
        bracket = ("[",) if isinstance(body, Envelope) else ()
        return (*before, *calls.open[:named], *bracket, *calls.open[named:]), calls.open[named:], (",",), ("]", *calls.close, *after)
    last = (*calls.close, *after)
    if wrapper is not None and wrapper.shared:
        return (*before, *calls.open), calls.open, (*calls.close, calls.between), last
    return (*before, *calls.open), (*before, *calls.open), (*last, calls.between), last


def row(*patterns: str) -> str:
    """The patterns in their order, any white space in front of each."""
    return "".join(f"{BLANKS}{pattern}" for pattern in patterns if pattern)


def spelt(parts: Iterable[Part], name: str) -> str:
    """The pattern of the parts as the template spells them, with `name` for the slot."""
    texts = [canonical(part).strip(SPACE) for part in parts if not isinstance(part, (Ahead, Closed))]
    return row(*("".join(slot(piece, name) if i % 2 else re.escape(piece) for i, piece in enumerate(SLOT.split(text))) for text in texts))


def slot(word: str, name: str) -> str:
    if word not in ("name", "other"):
        raise NotPlain
    return name if word == "name" else ""


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
    parts = (r"\{", f'"(?:{key})"', ":", r'"([A-Za-z_][\w.\-]{0,63})"', ",", f'"(?:{arguments})"', ":", r"(?=\{)")
    return row(*parts)


def sample(calls: Calls) -> str:
    """The beginning of a call as the template writes it."""
    begins = {Envelope: '{"name": "f", "arguments": {"a": ', JsonText: '{"a": 1}', PythonCalls: "a=1)"}.get(type(calls.body), "")
    parts = [*in_order(calls)[0], *calls.lead, *(calls.body.open if isinstance(calls.body, Parameters) else ())]
    text = "".join(canonical(part) for part in parts if not isinstance(part, (Ahead, Closed)))
    return (text + begins).replace("{name}", "f").replace("{key}", "a").replace("{other}", "").lstrip(SPACE)


def plain_calls(turns: Table, fmt: Format) -> Iterator[PlainCalls]:
    """The ways to write calls that the machine opens as they are described, and not as something that stands earlier in the table."""
    for calls in fmt.calls:
        read = reader_of(turns.behind[id(calls)].tail)
        if read is None or calls.escaped == "xml" or calls.echoed:
            continue
        try:
            text = sample(calls)
            heads = [head for head in turns.heads if head.full.match(text)]
            own = next((i for i, head in enumerate(heads) if head.calls is calls and not head.skips), len(heads))
            if own < len(heads) and all(written_alike(head.calls, calls) for head in heads[:own]):
                yield PlainCalls(calls, heads[own], read)
        except NotPlain:
            continue


def written_alike(one: Calls, other: Calls) -> bool:
    return (one.body, one.close, one.wrapper) == (other.body, other.close, other.wrapper)


# -- the turn ---------------------------------------------------------------------------------------------------------------------------


class PlainTurns:
    """The plain turns of a format."""

    def __init__(self, fmt: Format, turns: Table) -> None:
        self.format = fmt
        self.turns = turns
        self.named_first = turns.named_first
        self.assumed = any(pair.assumed for pair in fmt.reasoning)
        self.new_id = NEW_ID[fmt.id]
        self.calls = tuple(plain_calls(turns, fmt))
        first, closed = turns.first, turns.place("answer", "closed")
        self.text = silent(turns.grounds[0])
        self.odd_firsts = odd_firsts(first) | odd_firsts(closed)

    @cached_property
    def thoughts(self) -> Callable[[str, int], re.Match[str] | None] | None:
        """Matches reasoning, up to what may be its closer; None for a format that may hold something else at its start."""
        return None

    def read(self, text: str, tools: Tools | None, new_id: Callable[[], str] | None, assumes: bool) -> Message | None:
        """The message that an output is; None where the machine must look. `assumes`: it may begin in reasoning that nobody has opened."""
        if len(text) > LONGEST or (assumes and self.assumed):
            return None
        end = self.text(text).end()
        said = text[:end]
        bare = said.strip(SPACE)
        if bare and (bare[0] in self.odd_firsts or not is_silent(said) or (self.named_first and tools and bare.startswith(tools.names))):
            return None
        if end == len(text):
            return self.without_calls(text, bare, tools)
        calls = self.calls_at(text, end, said, tools)
        if calls is None:
            return None
        parts: list[MessagePart] = [TextPart(said.rstrip(SPACE))] if bare else []
        make_id = new_id or self.new_id
        for index, (name, arguments, start, until) in enumerate(calls):
            parts.append(ToolCall(index=index, id=make_id(), name=name, arguments=arguments, complete=True, start=start, end=until))
        return Message(parts=parts)

    def without_calls(self, text: str, bare: str, tools: Tools | None) -> Message | None:
        if not bare or (tools is not None and remains(self.format, text, lambda: tools)):
            return None
        return Message(parts=[TextPart(text)])

    def calls_at(self, text: str, at: int, said: str, tools: Tools | None) -> list[tuple[str, str, int, int]] | None:
        """The calls from `at` to the end of the output, behind the content `said`: name, arguments, start and end."""
        for calls in self.calls:
            found = calls.first(text, at)
            if found is None or (calls.declared and tools is None):
                continue
            if said and (calls.where == "start" or (calls.where == "line" and said[-1] != "\n")):
                continue
            made = []
            name, start = found[1], at
            while True:
                tool = None if tools is None else tools.get(name)
                if tool is None and tools is not None:
                    return None
                read = calls.read(text, found.end(), tool)
                behind = None if read is None else calls.behind(text, read[1])
                if behind is None:
                    break
                made.append((name, read[0], start, behind.end(1)))
                if behind[3] is None:
                    return made
                if len(made) == MOST:
                    return None
                found, start, name = behind, behind.end(2), behind[3]
        return None


def silent(ground: Ground) -> Callable[[str], re.Match[str]]:
    """Matches text up to the first character that may mean something here."""
    markers, edges, _ = ground.searched
    firsts = {text[:1] for text in markers} | edges | set(FIRSTS)
    if any(not first or first.isalnum() for first in firsts):
        raise NotPlain
    return re.compile(f"[^{inside(firsts)}]*").match


def odd_firsts(place: Place) -> frozenset[str]:
    """The characters with which something may begin that counts where the text begins."""
    if any(row.does != "lost opener" for row in place.anchored[""]):
        raise NotPlain
    return frozenset(place.anchored)


@lru_cache(maxsize=512)
def plain_turns(fmt: Format) -> PlainTurns | None:
    """The plain turns of a format, found out at its first use; None if there are none."""
    if fmt.regions is not None or fmt.channels is not None or fmt.suffix or any(frame.anywhere for frame in fmt.frames):
        return None
    try:
        return PlainTurns(fmt, table(fmt))
    except NotPlain:
        return None
