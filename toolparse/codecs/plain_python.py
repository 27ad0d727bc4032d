"""A short way over Python values that need no second look: plain strings, numbers, literals, lists and dicts, one pattern a token.

It decides nothing: at the first thing that it does not know, `PythonValues` goes on in the same state, and a test holds that the same has
been said after every piece.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from toolparse.jsontext.characters import WS
from toolparse.jsontext.scalars import LONGEST, SHORT, WORDS
from toolparse.wire.trailing_stops import Search, flow_before

if TYPE_CHECKING:
    from toolparse.codecs.python_values import Container, PythonValues

Match = Callable[[str, int], "re.Match[str] | None"]

_TEXT = r"[^\"'\\\x00-\x1f]"
_KEY = rf'"(?P<text>[^"\\\x00-\x1f]{{0,64}})"{WS}:'
_KEY_CUT = rf'"[^"\\\x00-\x1f]{{0,64}}(?:"{WS})?\Z'


class State(NamedTuple):
    """A place in a value: what may stand there, and inside strings their quote and what does not pass there as it is."""

    match: Match
    quote: str = ""
    odd: str = ""


_BEFORE_KEY = State(re.compile(rf"{WS}(?:(?P<hold>\Z|{_KEY_CUT})|{_KEY}(?P<key>))").match)
_VALUE = State(
    re.compile(
        rf"{WS}(?:(?P<hold>\Z|[-+.\w]{{1,80}}[ \t\r\n]{{0,24}}\Z|[\"']\Z)"
        rf"|(?P<literal>{SHORT}|True|False|None|true|false|null)(?={WS}[,\]}}])(?P<word>)|\"(?={_TEXT})(?P<double>)|'(?={_TEXT})(?P<single>)"
        rf"|\[(?P<list>)|\{{(?:{WS}(?:{_KEY}(?P<dict>)|\}}(?P<empty>))|(?P<braces>))|\](?P<close>))"
    ).match
)
_AFTER = State(re.compile(rf"{WS}(?:(?P<hold>\Z)|,(?P<comma>)|[\]}}](?P<close>))").match)


def _string(quote: str, end: str) -> State:
    """The inside of a string, which ends at its quote if `end` follows."""
    odd = rf"[{quote}\"\\\x00-\x1f]"
    held = rf"(?P<hold>{quote}[ \t\r\n]{{0,120}}\Z)|" if end else ""
    return State(re.compile(rf"([^{odd[1:]}*)(?:\Z|{held}{quote}{end}(?P<end>))").match, quote, odd)


_STRINGS = {quote: _string(quote, "") for quote in "\"'"}
_RAW_STRINGS = {(quote, closer): _string(quote, rf"(?={WS}[,\{closer}])") for quote in "\"'" for closer in "]})"}
"""Those of which no template escapes the quotes, by the closer of what is around them."""
STRUCTURE = frozenset(",:[]{}\"'")


class PlainPython:
    """The short way of one machine: `enter`, then `read` until it gives back. While it is `active`, it alone knows the
    `state`. `written` is what has been read, as JSON text."""

    __slots__ = ("active", "machine", "possible", "state", "written")

    def __init__(self, machine: PythonValues) -> None:
        ends = machine.ends
        self.machine = machine
        roomy = machine.call.rules.max_held >= LONGEST
        self.possible = roomy and STRUCTURE.isdisjoint(ends.firsts)
        self.active = False
        self.state = _AFTER
        self.written = ""

    @property
    def flow(self) -> Search | None:
        """The search that finds nothing in text which passes as it is."""
        return flow_before(self.machine.trailing_stops.stops, self.state.odd) if self.state.quote else None

    def enter(self) -> bool:
        """Take over where the machine stands; False where only the machine can go on."""
        machine = self.machine
        if not self.possible or not machine.stack:
            return False
        top = machine.stack[-1]
        begun = top.undecided and not top.count
        if len(machine.kept) > begun or (top.undecided and (not begun or top.closer == ")")) or top.is_key or top.repeated:
            return False
        name = machine.state.__name__
        if name == "string" and machine.quote in _STRINGS:
            self.state = self.string(machine.quote, top)
        elif name == "value":
            self.state = _BEFORE_KEY if begun or (top.is_map and not top.wants) else _VALUE
        elif name == "after_value" and not top.wants and not begun:
            self.state = _AFTER
        else:
            return False
        self.active = True
        return True

    def leave(self) -> None:
        """Give back to the machine."""
        if self.active:
            machine, state = self.machine, self.state
            if state.quote:
                machine.state = machine.string
                machine.quote = state.quote
            else:
                machine.state = machine.after_value if state is _AFTER else machine.value
            self.active = False

    def read(self, text: str, at: int = 0) -> int:
        """How far `text` is read from `at`, with what it is in `written`; what is behind it must wait. `~position` where only the machine
        can go on, which has taken over."""
        state = self.state
        parts: list[str] = []
        while True:
            found = state.match(text, at)
            if found is None:
                break
            outcome = found.lastgroup
            if outcome == "hold":
                if state.quote:
                    parts.append(found[1])
                    at = found.start("hold")
                break
            following: State | None
            if outcome is None:
                end = self.machine.trailing_stops.begin(text, at)
                parts.append(text[at:end])
                at = end
                break
            if state.quote:
                parts.append(f'{found[1]}"')
                following = _AFTER
            else:
                following = self.token(str(outcome), found, parts)
            if following is None:
                found = None
                break
            state = following
            at = found.end()
        self.state = state
        self.written = "".join(parts)
        if found is not None:
            return at
        self.leave()
        return ~at

    def token(self, outcome: str, found: re.Match[str], parts: list[str]) -> State | None:
        """What follows a token that has been read, outside strings; None where only the machine may read it."""
        stack = self.machine.stack
        top = stack[-1]
        if outcome == "comma":
            return _BEFORE_KEY if top.is_map else _VALUE
        if outcome == "key":
            return self.key(top, found["text"], parts)
        if outcome == "close":
            if len(stack) == 1 or top.closer != found[0][-1] or top.wants:
                return None
            stack.pop()
            parts.append("}" if top.is_map else "]")
            return _AFTER
        if outcome in ("list", "dict", "empty", "braces") and len(stack) >= self.machine.depth:
            return None
        parts.append(", " if top.count and not top.wants else "")
        top.wants = False
        top.count += 1
        if outcome == "word":
            parts.append(WORDS.get(found["literal"], found["literal"]))
            return _AFTER
        if outcome == "double" or outcome == "single":
            parts.append('"')
            return self.string('"' if outcome == "double" else "'", top)
        if outcome == "empty":
            parts.append("{}")
            return _AFTER
        inner = self.machine.opened("[" if outcome == "list" else "{")
        if outcome == "list":
            parts.append("[")
            return _VALUE
        self.machine.keep("brackets", inner)
        return _BEFORE_KEY if outcome == "braces" else self.key(inner, found["text"], parts)

    def string(self, quote: str, around: Container) -> State:
        """The inside of a string."""
        return _RAW_STRINGS[quote, around.closer] if self.machine.raw_quotes else _STRINGS[quote]

    def key(self, top: Container, key: str, parts: list[str]) -> State | None:
        """A key with its colon; None where it stands a second time."""
        key = f'"{key}"'
        if top.undecided:
            top.undecided = False
            top.is_map = True
            self.machine.kept_text()
            parts.append("{")
        if key in top.seen:
            return None
        parts.append(f"{', ' if top.seen else ''}{key}: ")
        top.seen.add(key)
        top.count += 1
        top.wants = True
        return _VALUE
