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
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property, lru_cache

from toolparse.engine.missed_calls import Start, may_tell, remains
from toolparse.engine.plain_calls import NotPlain, is_clear, plain_calls, stands_alone
from toolparse.engine.table import Ground, Place, Table, table
from toolparse.grammar import Format
from toolparse.jsontext.characters import SPACE
from toolparse.message import Message, Part, ReasoningPart, TextPart, ToolCall
from toolparse.schemas.tools import InvalidTools, RequestTools, Tools
from toolparse.wire.call_watch import FOLLOWED, is_silent
from toolparse.wire.open_call import NEW_ID
from toolparse.wire.spellings import inside, longest_first, spellings

LONGEST = 262_144
"""Longer outputs are not plain, so nothing in one comes near a limit."""
MOST = 256
"""Nor are those with more calls."""


Silent = Callable[[str, int], "re.Match[str]"]


class PlainTurns:
    """The plain turns of a format."""

    def __init__(self, fmt: Format, turns: Table) -> None:
        self.format = fmt
        self.turns = turns
        self.assumed = next((i for i, pair in enumerate(fmt.reasoning) if pair.assumed), -1)
        self.openers = tuple(spellings(pair.open)[0] for pair in fmt.reasoning)
        self.calls = tuple(plain_calls(turns))
        self.text = silent(turns.grounds[0])
        self.odd_firsts = odd_firsts(turns.first) | odd_firsts(turns.place("answer", "closed"))
        closers = {text for behind in turns.behind.values() for text in behind.tail.ends.closers}
        self.stops = () if turns.stop_heads or closers.intersection(turns.stop_texts) else longest_first(filter(None, turns.stop_texts))
        self.new_id = NEW_ID[fmt.id]
        self.tells = may_tell(fmt)

    def read(self, text: str, request: RequestTools, new_id: Callable[[], str] | None, assumes: bool) -> Message | None:
        """The message that an output is; None where the machine must look. `assumes`: it may begin in reasoning that nobody has opened."""
        output, text = text, self.without_stop(text)
        parts: list[Part] = []
        at: int | None = 0
        if (assumes and self.assumed >= 0) or text.startswith(self.openers):
            at = self.reason(text, assumes, parts)
        if at is None or len(text) > LONGEST:
            return None
        end = self.text(text, at).end()
        said = text[at:end]
        bare = said.strip(SPACE)
        if bare and (bare[0] in self.odd_firsts or not is_silent(said)):
            return None
        calls: list[ToolCall] | None = []
        try:
            if bare and self.turns.before_names and self.begins_with_name(bare, request.prepared()):
                return None  # it may be a call that lacks what stands in front of its name
            if end < len(text):
                calls = self.calls_at(text, end, bare and said[-1], request.prepared())
            elif text is not output and bare and not said.endswith(bare):
                return None  # white space in front of a stop token
            elif request.given and self.tells and self.lacks_markers(said, request):
                return None
        except InvalidTools:
            return None
        if calls is None or not (bare or parts or calls):
            return None
        if bare:
            said = said.lstrip(SPACE) if parts else said
            parts.append(TextPart(said.rstrip(SPACE) if calls else said))
        make_id = new_id or self.new_id
        for call in calls:
            call.id = make_id()
        parts += calls
        return Message(None, None, [], parts, [], False, output, [])

    def begins_with_name(self, text: str, tools: Tools | None) -> bool:
        return tools is not None and any(text.removeprefix(before).startswith(tools.names) for before in self.turns.before_names)

    def without_stop(self, text: str) -> str:
        """The output without the stop token that it may end with."""
        bare = text.rstrip(SPACE)
        return bare.removesuffix(next(filter(bare.endswith, self.stops))) if bare.endswith(self.stops) else text

    def reason(self, text: str, assumes: bool, parts: list[Part]) -> int | None:
        """Behind the reasoning that the output begins with, which is added to the parts; None where that is not plain."""
        opened = next((i for i, opener in enumerate(self.openers) if text.startswith(opener)), -1)
        pair = opened if opened >= 0 else self.assumed
        if assumes and pair != self.assumed >= 0:
            return None
        if (plain := self.thoughts[pair]) is None:
            return None
        thoughts, odd = plain
        begin = len(self.openers[pair]) if opened >= 0 else 0
        end = thoughts(text, begin).end()
        thought = text[begin:end].strip(SPACE)
        closer = spellings(self.format.reasoning[pair].close)[0]
        if not thought or thought[0] in odd or not is_silent(thought) or not text.startswith(closer, end):
            return None
        parts.append(ReasoningPart(thought))
        return end + len(closer)

    def lacks_markers(self, said: str, request: RequestTools) -> bool:
        """Whether text without calls may be what is left of one whose special tokens were skipped."""
        start = Start()
        start.add(said)
        return remains(self.format, start.text, request.prepared) is not None

    @cached_property
    def thoughts(self) -> tuple[tuple[Silent, frozenset[str]] | None, ...]:
        """For each kind of reasoning what matches the text in it, and with what that cannot begin; made when some first comes, as patterns
        are dear."""
        return tuple(map(self.thoughts_in, self.turns.thinking_grounds))

    def thoughts_in(self, ground: Ground) -> tuple[Silent, frozenset[str]] | None:
        pair = ground.pair
        assert pair is not None
        opener, closer = spellings(pair.open)[0], spellings(pair.close)[0]
        rows = [row for row in self.turns.first.anchored.get(opener[:1], ()) if row.does != "lost opener"]
        alone = [row.of for row in rows if opener in row.firsts] == [pair]
        told = alone and stands_alone(opener, [text for row in rows for text in row.firsts]) and is_clear(closer, ground.searched[0])
        with suppress(NotPlain):
            return (silent(ground), odd_firsts(self.turns.thinking(pair, "echo"))) if told and not pair.label else None
        return None

    def calls_at(self, text: str, at: int, before: str, tools: Tools | None) -> list[ToolCall] | None:
        """The calls from `at` to the end of the output, without ids. `before` is the character in front, if content is."""
        bare = text.rstrip(SPACE)
        for calls in self.calls:
            found = calls.first(text, at) if bare.endswith(calls.ends) else None
            if found is None or (before and (calls.where == "start" or (calls.where == "line" and before != "\n"))):
                continue
            made: list[ToolCall] = []
            start = at
            name = found[1]
            while name is not None:
                tool = None if tools is None else tools.get(name)
                if tool is None and (calls.declared or tools is not None):
                    break
                read = calls.read(text, found.end(), tool)
                if read is None or len(made) == MOST:
                    break
                arguments, stop = read
                found = calls.behind(text, stop)
                if found is None:
                    break
                made.append(ToolCall(index=len(made), name=name, arguments=arguments, start=start, end=found.end(1)))
                start, name = found.end(2), found[3]
            else:
                return made
        return None


def silent(ground: Ground) -> Silent:
    """Matches text up to the first character that may mean something here."""
    markers, edges, *_ = ground.searched  # what else is searched for at a line's start has one of the signs of `FOLLOWED` in it
    firsts = {*(text[:1] for text in markers), *edges, *FOLLOWED}
    if any(not first or first.isalnum() for first in firsts):
        raise NotPlain
    return re.compile(f"[^{inside(firsts)}]*").match  # type: ignore[return-value]  # it matches nothing at least


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
