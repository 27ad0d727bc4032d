"""The open call: where the codecs say what they read, and where the policies about calls are kept.

A codec says `begin` once it knows the name, `write` for each fragment of the arguments' JSON text, and `end`. This object gives the
index and the id, asks the request's tools whether the name is known, and turns it all into events. It scans no text.
"""

from __future__ import annotations

import os
import re
import string
from collections import deque
from collections.abc import Callable, Iterable
from itertools import repeat
from typing import TYPE_CHECKING, Any, NamedTuple

from toolparse.events import Attempt, CallArguments, CallEnd, CallStart, Event, Problem
from toolparse.schemas.tools import InvalidTools, Tools
from toolparse.wire.call_names import meant_name, nearly
from toolparse.wire.dialects import ARGUMENTS
from toolparse.wire.lookalikes import ODD_CLOSERS, ODD_OPENERS, QUOTES, UNSEEN

if TYPE_CHECKING:
    from toolparse.schemas.tools import Tool

_ALPHANUMERIC = (string.ascii_letters + string.digits).encode()
_LETTERS = bytes(_ALPHANUMERIC[byte % len(_ALPHANUMERIC)] for byte in range(256))


_SHAPES = {"call": ("call_", 24), "alnum9": ("", 9)}
"""What made-up ids begin with, and how many random letters and digits follow."""
_MADE: dict[str, deque[str]] = {kind: deque() for kind in _SHAPES}
"""Ids that nobody has yet: asking for random bytes takes most of the time that an id takes, so it is done for several at once."""
_AT_ONCE = 64


def _made_up(kind: str) -> str:
    try:
        return _MADE[kind].pop()  # which is one step, whatever other threads do
    except IndexError:
        prefix, length = _SHAPES[kind]
        letters = os.urandom(length * _AT_ONCE).translate(_LETTERS).decode()
        first, *others = (prefix + letters[at : at + length] for at in range(0, len(letters), length))
        _MADE[kind].extend(others)
        return first


def _forget() -> None:
    for made in _MADE.values():
        made.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)  # who has them already is the other process


def call_id() -> str:
    """`call_` and 24 random letters and digits, as OpenAI-style clients expect."""
    return _made_up("call")


def alnum9() -> str:
    """Nine random letters and digits, the only ids that Mistral's templates take."""
    return _made_up("alnum9")


NOT_OF_NAMES = frozenset(f"()<>{{}}[]=\"'\n`*|&;\u00a0{ODD_OPENERS}{ODD_CLOSERS}{UNSEEN}")
SPACED_QUOTES = QUOTES + " \t\r\n"
NEW_ID: dict[str, Callable[[], str]] = {"call": call_id, "alnum9": alnum9}


TOO_MANY = "too many calls"


def is_damaged(name: str, tools: Tools) -> bool:
    """Whether a name that no tool has should have been read as more than a name, holds a declared one, or is nearly one."""
    odd = any(character in NOT_OF_NAMES for character in name)
    return odd or any(declared in name or nearly(name, declared) for declared in tools.names)


class CallRules(NamedTuple):
    """What the request and its options say of calls; the limits are those of the parser.

    `unknown` is what becomes of a name that no tool has, `single` says that one call is all, `allowed` has the names that may be called.
    `strict`: damaged markup is not read, so what a codec repaired of it makes no call, or one that is not complete (`Opening.spoilt`).
    """

    new_id: Callable[[], str]
    unknown: str
    single: bool
    allowed: frozenset[str] | None
    max_calls: int
    max_held: int
    max_depth: int
    strict: bool


class Opening:
    """What opens calls, found at the offset `start`; a list opens several, `count` is how many have begun so far.

    While it is on trial, as no name is known, `queue` keeps what was reported of it. `declared_only`: it counts only for a declared tool.
    `spoilt`: the call that has begun is one that a codec had to repair, which strict rules forbid, or its opening held an argument.
    """

    __slots__ = ("count", "declared_only", "queue", "spoilt", "start")

    def __init__(self, start: int, trial: bool, declared_only: bool) -> None:
        self.start = start
        self.queue: list[Problem] | None = [] if trial else None
        self.declared_only = declared_only
        self.count = 0
        self.spoilt = False


class Unread:
    """The tools of a request that nobody has looked into."""

    __slots__ = ("tools",)

    def __init__(self, tools: Any) -> None:
        self.tools = tools


class OpenCall:
    """The calls of one output, one of which may be open; `opening` is what it began with, or what may turn out to open one.

    `parts` takes the fragments of the arguments (a codec may append to it itself); `unargued` says that none stood in the last call. `base`
    is the offset in the output of the text that positions refer to, `places` where things stand, if that is kept. `begun` is told that a
    call's name is confirmed.
    """

    __slots__ = (
        "base", "begun", "events", "index", "muted", "name", "open", "opening", "overflowed", "parts", "request", "rules", "unargued",
    )  # fmt: skip

    places: Any = None

    def __init__(self, tools: Any, rules: CallRules) -> None:
        self.request: Tools | Unread | None = None if not tools else tools if isinstance(tools, Tools) else Unread(tools)
        self.begun: Callable[[], None] | None = None
        self.rules = rules
        self.events: list[Event] = []
        self.base = 0
        self.index = -1
        self.opening = Opening(0, False, False)
        self.name = ""
        self.open = False
        self.unargued = False
        self.muted = ""
        self.overflowed = -1
        self.parts: list[str] = []

    @property
    def trial(self) -> bool:
        """Whether no name is known yet of what was opened."""
        return self.opening.queue is not None

    @property
    def tools(self) -> Tools | None:
        """The request's tools, prepared at the first need; a fault in them is a problem here, not an exception in mid-stream."""
        request = self.request
        if isinstance(request, Unread):
            try:
                self.request = request = Tools.of(request.tools)
            except InvalidTools as fault:
                self.request = None
                self.problem("invalid_tools", f"the request's tools cannot be used: {fault}", 0, error=True)
                return None
        return request

    @property
    def tool(self) -> Tool | None:
        """The definition of the open call's tool."""
        tools = self.tools
        return tools.get(self.name) if tools is not None else None

    def declares(self, name: str) -> bool:
        """Whether the request has a tool of this name; when it has no tools, every name passes only where none must be declared."""
        tools = self.tools
        return tools is not None and name in tools

    @property
    def may_lack_arguments(self) -> bool:
        """Whether the open call's tool has parameters: without any, and without its closer, the call may have lost them."""
        tool = self.tool
        return tool is not None and bool(tool.keys)

    def meant(self, name: str) -> str:
        """The declared name that a name is, or plainly means; else the name itself."""
        tools = self.tools
        return name if tools is None or name in tools or self.rules.strict else meant_name(name, tools.names) or name

    def check_key(self, key: str, at: int) -> None:
        """An argument's key that the tool does not declare is told where it reads like one that it does."""
        tool = self.tool
        if tool is None or self.rules.strict or tool.declares(key):
            return
        meant = next((known for known in tool.keys if nearly(key, known)), "")
        if meant:
            self.problem("unknown_key", f"the tool has no parameter {key!r}; {meant!r} may be meant", at, error=True)

    def check_keys(self, keys: Iterable[str], at: int) -> None:
        """The same of all keys of an object that passes as it stands, which ends at `at`."""
        tool = self.tool
        for key in tool.strange(keys) if tool is not None else ():
            self.check_key(key, at)
            if key in ARGUMENTS:
                self.problem("unknown_key", f"the tool has no parameter {key!r}, under which all of them may stand", at, error=True)

    def declared_name(self, text: str) -> str:
        """The declared name that `text` is, quotes around it aside; "" when it is none."""
        if self.declares(text):
            return text
        bare = text.strip(QUOTES)
        return bare if self.declares(bare) else ""

    def may_be_declared(self, text: str) -> bool:
        """Whether a longer text may be a declared name, in quotes or without."""
        bare = text.lstrip(QUOTES)
        return any(
            tool.name.startswith(bare) or tool.name.startswith(text) or bare.rstrip(SPACED_QUOTES) == tool.name for tool in self.tools or ()
        )

    def joined_name(self, text: str) -> str:
        """The longest declared name that `text` begins with and that a parameter of its tool follows; "" when there is none."""
        fitting = (tool.name for tool in self.tools or () if text.startswith(tool.name) and text[len(tool.name) :].strip() in tool.keys)
        return max(fitting, key=len, default="")

    def may_be_name(self, text: str) -> bool:
        """Whether `text` begins with a declared name, or may when it goes on."""
        names = self.tools.names if self.tools is not None else ()
        return text.startswith(names) or any(map(str.startswith, names, repeat(text)))

    def starts_at(self, at: int) -> None:
        self.opening.start = self.base + at

    def begin(self, name: str, wire_id: str | None, at: int) -> bool:
        """A name is known. False when it makes no call here; the text is then no call."""
        rules, opening = self.rules, self.opening
        queue = opening.queue
        if queue is not None and self.base + at - opening.start > rules.max_held:
            return False
        tools = self.tools
        known = tools is None or name in tools
        meant = name if known else self.meant(name)
        if meant != name:
            self.problem("repaired_markup", f"the name was read as {meant!r}: {name}", at)
            name = meant
            known = tools is None or name in tools
        if not known and (opening.declared_only or rules.unknown == "content") and not opening.count:
            return False
        opening.spoilt = rules.strict and any(problem.kind == "repaired_markup" for problem in queue or ())
        if opening.spoilt and not opening.count:
            return False
        if self.index + 1 >= rules.max_calls and not opening.count:
            self.overflow(f"more than {rules.max_calls} calls: further ones are content", at)
            return False
        self.name = name
        self.muted = self.reason_to_drop(name, known)
        self.open = True
        self.unargued = False
        opening.queue = None
        opening.count += 1
        if self.begun is not None:
            self.begun()
        if self.muted:
            return True
        self.index += 1
        self.events.append(CallStart(self.index, wire_id or rules.new_id(), name, max(opening.start, 0)))
        for problem in queue or ():
            problem.index = self.index
            self.events.append(problem)
        if not known and tools is not None:
            closest = tools.closest(name)
            hint = f"; the closest one is {closest!r}" if closest else ""
            self.problem("unknown_tool", f"no tool is called {name!r}{hint}", at, error=is_damaged(name, tools))
        return True

    def reason_to_drop(self, name: str, known: bool) -> str:
        if self.rules.single and self.index >= 0:
            return "parallel calls are off"
        if self.rules.allowed is not None and name not in self.rules.allowed:
            return "the request does not allow this tool"
        if not known and self.rules.unknown != "keep":
            return "no such tool"
        return TOO_MANY if self.index + 1 >= self.rules.max_calls else ""

    def overflow(self, message: str, at: int) -> None:
        """There are more calls than may be: said even of an opening on trial, which is text then, and once where several match."""
        where = max(self.base + at, 0)
        if where > self.overflowed:
            self.overflowed = where
            self.events.append(Problem("too_many_calls", message, None, where, "error"))

    # -- where it stands, which only a call that keeps places wants to know (`engine/places.py`) ------------------------------------

    def name_in(self, found: re.Match[str]) -> None:
        """An opening with the name in one of its slots has been found."""

    def name_at(self, start: int, end: int) -> None: ...

    def arguments_at(self, at: int) -> None: ...

    def arguments_until(self, at: int) -> None: ...

    def closes(self, end: int) -> None:
        """A closer of the call, or of what is around it, ends here."""

    def abandon(self) -> None:
        """The text that was tried is no call."""
        self.opening.queue = None
        self.parts.clear()

    def write(self, text: str) -> None:
        """A fragment of the arguments' JSON text."""
        if text:
            self.parts.append(text)

    def flush(self) -> None:
        """Say the fragments that came since the last event."""
        if self.parts and not self.muted:
            self.events.append(CallArguments(self.index, "".join(self.parts)))
            self.parts.clear()

    def end(self, complete: bool, at: int) -> None:
        self.open = False
        if self.muted:
            text = f"{self.name} {''.join(self.parts)}"
            self.parts.clear()
            reason, self.muted = self.muted, ""
            if reason == TOO_MANY:
                self.overflow(f"more than {self.rules.max_calls} calls: one was dropped: {text}", at)
                return
            start, end = max(self.opening.start, 0), max(self.base + at, 0)
            dropped = Attempt("dropped", self.name, text, start, end)
            self.events.append(Problem("dropped_call", f"a call was dropped ({reason}): {text}", None, end, "warning", dropped))
            return
        self.flush()
        self.events.append(CallEnd(self.index, complete and not self.opening.spoilt, max(self.base + at, 0)))

    def problem(self, kind: str, message: str, position: int, error: bool = False) -> None:
        """Report a repair or a fault at `position` of the text that is being read."""
        where = max(self.base + position, 0)
        queue = self.opening.queue
        if kind == "repaired_markup" and self.rules.strict and (self.open or queue is not None):
            self.opening.spoilt = error = True
        found = Problem(kind, message, self.index if self.open else None, where, "error" if error else "warning")
        if queue is not None:
            queue.append(found)
        elif not self.muted:
            self.flush()
            self.events.append(found)
