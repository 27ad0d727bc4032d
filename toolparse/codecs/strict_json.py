r"""Strict JSON at one pattern match for several tokens: the quick path of the JSON machine, which only says how much may pass.

Theory of operation. Nearly all that models write is strict JSON in ordinary spacing. For each place in it where a piece of text may
begin there is a `State`: one pattern that reads on from there to the next place, tokens and what must follow them at once.
The name of the pattern's last group is the outcome; where no group took part, the text flows to its end and the state stays.

    string   a string begins                 object, list   a container opens
    key      a key begins                    close, empty   the innermost container closes, as an empty list
    value    a value may follow              hold           what begins here may mean one thing or another, so it must wait
    after    a scalar is complete            more           the string goes on, behind so many escapes that a match is cut there

What no pattern matches is left to the repairing machine (`json_text.py`), which goes on from the last token that was read: a state
here bears the name of the machine's state at the same place, and the stack of containers and their keys are the machine's own. So
nothing is read twice, and both give the same text, repairs and positions, whatever the pieces are.

This module writes nothing, repairs nothing and knows no limits but its own: longer numbers and wider spacing are the machine's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from toolparse.jsontext.characters import ESCAPE
from toolparse.jsontext.scalars import LONGEST, SHORT

if TYPE_CHECKING:
    from toolparse.codecs.json_text import JsonReader
    from toolparse.wire.trailing_stops import Search

_WS = r"[ \t\r\n]{0,32}"
_TEXT = r'[^"\\\x00-\x1f]*'
_ESCAPED = ESCAPE + _TEXT
_SCALAR = f"(?:{SHORT}|true|false|null)"
_WORD = r"[-+.\w]{1,80}[ \t\r]{0,32}\Z"
"""What may become a scalar, or is one and what follows it is not there yet."""
_QUOTE = rf'"{_WS}(?:,{_WS})?\Z|\\(?:u[0-9a-fA-F]{{0,3}})?\Z'
"""The same of the quote that closes a string, and of an escape."""
_START = r"(?=[\[{\-0-9tfn])"
_BOTH = frozenset("[tfn")
_SURE = frozenset(("tr", "fa", "nu", *(f"[{character}" for character in '[{"-0123456789] \n')))
"""What begins with the sign or letter of a marker and is none."""
_END = rf"(?P<after>)(?:,{_WS})?\Z"
_MEMBER = rf',{_WS}"(?P<key>)|\}}(?P<close>)'
_ELEMENT = rf',{_WS}(?:"(?P<string>)|{_START}(?P<value>)(?:{_WORD})?)|\](?P<close>)'
_BRACKET = r"\{(?P<object>)|\[(?P<list>)"

PLAIN = re.compile(r'["\\\x00-\x1f]').search
"""Finds nothing in text that passes through the inside of a string as it is."""


def _string(behind: str) -> str:
    """The inside of a string and what follows it. Escapes are counted, as each costs `re` memory until the match is complete."""
    return f'{_TEXT}(?:(?:{_ESCAPED}){{0,63}}(?:\\Z|(?P<hold>{_QUOTE})|"{_WS}(?:{behind}))|(?:{_ESCAPED}){{64}}(?P<more>))'


class State:
    """A place in JSON: the machine's state of the same name, whether the innermost container is a list, and what may follow.

    `quoted`: it is inside a string or key, `flows`: inside a string. `next` are the states behind the outcomes that open and
    close nothing.
    """

    __slots__ = ("flows", "in_array", "match", "name", "next", "quoted")

    def __init__(self, name: str, in_array: bool, pattern: str) -> None:
        self.name = name
        self.in_array = in_array
        self.match = re.compile(pattern, re.ASCII).match
        self.quoted = name in ("string", "key")
        self.flows = name == "string"
        self.next: dict[str, State] = {}


_VALUES = rf'"(?P<string>)|{_SCALAR}{_WS}(?:{_MEMBER}|{_END})|{_BRACKET}'

_BEFORE_KEY = State("before_key", False, rf'{_WS}(?:\Z|"(?P<key>)|\}}(?P<close>))')
_KEY = State("key", False, rf'({_TEXT})(?:(?<![=:{{\[ \t])(?:\Z|(?P<hold>"{_WS}\Z))|"{_WS}:{_WS}(?:(?P<value>)(?:\Z|{_WORD})|{_VALUES}))')
_VALUE = State("value", False, rf"{_WS}(?:\Z|(?P<hold>{_WORD})|{_VALUES})")
_STRING = State("string", False, _string(_MEMBER))
_AFTER = State("after", False, rf"{_WS}(?:\Z|(?P<hold>,{_WS}\Z)|{_MEMBER})")

_VALUE_LISTED = State(
    "value",
    True,
    rf'{_WS}(?:\Z|(?P<hold>{_WORD})|{_SCALAR}{_WS}(?:,{_WS}(?:(?=")|{_START})(?P<value>)(?:{_WORD})?|\](?P<close>)|{_END})'
    rf'|"(?P<string>)|\](?P<empty>)|{_BRACKET})',
)
_STRING_LISTED = State("string", True, _string(_ELEMENT))
_AFTER_LISTED = State("after", True, rf"{_WS}(?:\Z|(?P<hold>,{_WS}\Z)|{_ELEMENT})")

_IN_OBJECT = (_BEFORE_KEY, _KEY, _VALUE, _STRING, _AFTER)
_STATES = {(state.name, state.in_array): state for state in (*_IN_OBJECT, _VALUE_LISTED, _STRING_LISTED, _AFTER_LISTED)}
for _state in _STATES.values():
    if _state.in_array:
        _state.next = {"string": _STRING_LISTED, "more": _STRING_LISTED, "value": _VALUE_LISTED, "after": _AFTER_LISTED}
    else:
        _state.next = {"string": _STRING, "more": _STRING, "value": _VALUE, "key": _KEY, "after": _AFTER}


class StrictJson:
    """The strict path of one machine: `enter`, then `read` until it gives back. While it is `active`, it alone knows the `state`; `flow` is
    the search that finds nothing in text which passes as it is, `marks` what the format's markers and values without quotes begin with."""

    __slots__ = ("active", "flow", "machine", "marks", "state", "stops")

    written: str | None = None
    """What is read passes as it stands."""

    def __init__(self, machine: JsonReader) -> None:
        self.machine = machine
        self.stops = machine.trailing_stops
        self.marks = _BOTH & machine.ends.firsts
        self.state = _VALUE
        self.flow: Search | None = None
        self.active = False

    def enter(self) -> bool:
        """Take over where the machine stands; False where only the machine can go on."""
        machine = self.machine
        if len(machine.stack) <= machine.level or machine.max_held < LONGEST:
            return False
        state = _STATES.get((machine.state.__name__, machine.in_array))
        if state is None or (state.quoted and (machine.quote != '"' or machine.unpaired)):
            return False
        self.state = state
        self.flow = self.stops.flow if state.flows else None
        self.active = True
        return True

    def leave(self) -> None:
        """Give back to the machine."""
        if self.active:
            state, machine = self.state, self.machine
            machine.state = getattr(machine, state.name)
            machine.in_array = state.in_array
            machine.quote = '"'
            self.active = False

    def read(self, text: str, at: int = 0) -> int:
        """How far `text` passes from `at`; what is behind it must wait. `~position` where only the machine can go on, which has taken
        over.
        """
        machine = self.machine
        state = self.state
        while (found := state.match(text, at)) is not None:
            outcome = found.lastgroup
            if outcome is None or outcome == "hold":
                if outcome is not None:
                    end = found.start("hold")
                elif state.quoted and (self.stops.first in text if self.stops.first else self.stops.any_first(text) is not None):
                    end = self.stops.begin(text, at)
                else:
                    end = len(text)
                if state is _KEY:
                    machine.key_text += text[at:end]
                self.state = state
                self.flow = self.stops.flow if state.flows else None
                return end
            end = found.end()
            if state is _KEY:
                keys, key = machine.seen[-1], machine.key_text + found[1]
                if key in keys:
                    break
            following = state.next.get(outcome) or self.across(outcome, text, end)
            if following is None:
                break
            if self.marks and outcome == "value" and following is _VALUE_LISTED:
                begin = found.end("value")
                if text[begin] in self.marks and text[begin : begin + 2] not in _SURE and machine.ends(text, begin, False) is not False:
                    break  # a marker may follow: the comma is one too many then
            if state is _KEY:
                keys.add(key)
                machine.key_text = ""
            state = following
            at = found.end(outcome)
            if end == len(text):
                self.state = state
                self.flow = self.stops.flow if state.flows else None
                return at
        self.state = state
        self.leave()
        return ~at

    def across(self, outcome: str, text: str, end: int) -> State | None:
        """Into or out of a container by the bracket in front of `end`; None where only the machine may do it."""
        machine = self.machine
        depth = len(machine.stack) - machine.level
        if outcome == "close" or outcome == "empty":
            if depth == 1:
                return None
            machine.pop()
            return _AFTER_LISTED if machine.in_array else _AFTER
        if depth >= machine.depth or machine.ends(text, end - 1, False) is not False:
            return None
        machine.push("}" if outcome == "object" else "]")
        return _BEFORE_KEY if outcome == "object" else _VALUE_LISTED
