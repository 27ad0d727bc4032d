"""Calls in an envelope: a JSON object with the name and the arguments of a call, or a list of such objects.

What models write beside the format's own keys is read where it is plain (`EnvelopeCalls.other_member`): other names of the same keys, the
API's nested object, a tool's name as the key, declared parameters beside the name. What fits none of these is kept until the object
ends and then told; the call is not complete if it may have been an argument.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from toolparse.codecs.closing_quotes import LOOK, SWALLOWED
from toolparse.codecs.json_calls import (
    BLANK,
    EMPTY,
    FRAMING,
    NESTED,
    WRAPPED,
    WRAPPED_CUT,
    WRAPPED_LIMIT,
    ArgumentsReader,
    decoded,
    discard,
    key_cut,
    may_be_wrapped,
    names_none,
)
from toolparse.codecs.writer import object_of
from toolparse.grammar import Envelope
from toolparse.jsontext.characters import SPACE, SPACES, always, quote
from toolparse.wire.dialects import ARGUMENTS, NAMES
from toolparse.wire.markers import EndMarks
from toolparse.wire.open_call import OpenCall
from toolparse.wire.spellings import chained

_KINDS = frozenset(('"function"', '"tool_use"', '"tool_call"', '"function_call"'))
_NAMED = re.compile(r"(\w{1,32})[ \t]*[=:][ \t]*([\w.:/\-]{1,256})")
_FIRST_KEY = re.compile(rf'\{{{BLANK}(?:"([^"\\\n]{{0,64}})"|\}})')
_FIRST_CUT = re.compile(rf'\{{{BLANK}(?:\Z|"[^"\\\n]{{0,64}}\Z)')
_CALL_AHEAD = re.compile(rf'[,;]?{BLANK}\{{{BLANK}"(?:name|tool_name|function)"{BLANK}:')
_CALL_CUT = re.compile(chained("[,;]?", BLANK, r"\{", BLANK, '"', key_cut(frozenset(("name", "tool_name", "function"))), '"', BLANK, ":"))
_NOTHING = re.compile(rf'(?:\{{{BLANK}\}}|null){BLANK}(?=,{BLANK}"([^"\\\n]{{1,64}})"{BLANK}:)').match
_MEMBER = (BLANK, ",", BLANK, '"', r'[^"\\\n]{1,64}', '"', BLANK, ":")
_NOTHING_CUT = re.compile("|".join(chained(*nothing, *_MEMBER) + r"\Z" for nothing in ((r"\{", BLANK, r"\}"), "null"))).match
"""Empty arguments in front of another member of the call."""
_LISTED_ATOMS = (r"\{", BLANK, '"', "tool_calls", '"', BLANK, ":", BLANK, r"\[")
_LISTED, _LISTED_CUT = (
    re.compile("".join(_LISTED_ATOMS)).match,
    re.compile(chained(*_LISTED_ATOMS[:3], *"tool_calls", *_LISTED_ATOMS[4:]) + r"\Z").match,
)
"""The API's list of calls, in its object."""
_END_OF_CALL = re.compile(rf"{BLANK}\}}").match


class Plain(NamedTuple):
    """Matches the beginning of a call as most are written, up to the colon of its arguments (the name and nothing else stands in front of
    them), and what may become one."""

    full: Callable[[str, int], re.Match[str] | None]
    begun: Callable[..., re.Match[str] | None]


@lru_cache(maxsize=256)
def plain_envelope(keys: Envelope, ends: EndMarks) -> Plain | None:
    """The plain calls with these keys; None where a marker that ends the text may stand between their tokens."""
    if not ends.firsts.isdisjoint('{":,'):
        return None
    name, arguments = ("|".join(map(re.escape, texts)) for texts in (keys.name, keys.arguments))
    text = r'[^"\\\x00-\x1f]{1,256}'
    full = rf'\{{{BLANK}"(?:{name})"{BLANK}:{BLANK}"({text})"{BLANK},{BLANK}"(?:{arguments})"{BLANK}:'
    begun_name, begun_arguments = key_cut(frozenset(keys.name)), key_cut(frozenset(keys.arguments))
    member = ('"', begun_name, '"', BLANK, ":", BLANK, '"', text, '"', BLANK, ",", BLANK)
    begun = chained(r"\{", BLANK, *member, '"', begun_arguments, '"', BLANK)
    return Plain(re.compile(full).match, re.compile(rf"{begun}\Z").match)


class EnvelopeCalls(ArgumentsReader):
    """One object that holds a name and arguments, or a list of such objects.

    Nothing is a call before its name is known; `refused` says that the text turned out to be none. Arguments that stand before the
    name are kept. `bare`: no marker stands in front, so both keys must be there and no strange ones.
    """

    __slots__ = (
        "aliased", "bare", "began", "between", "between_start", "call_id", "captured", "closed", "escaped", "extras", "extras_size", "flat",
        "kept_from", "key_at", "key_read", "keys", "loose", "name", "nested", "pending", "refused", "role",
    )  # fmt: skip

    def __init__(self, call: OpenCall, keys: Envelope, ends: EndMarks, bare: bool) -> None:
        super().__init__(call, ends)
        self.keys = keys
        self.bare = bare
        self.loose = "[" in keys.start
        self.refused = False
        self.began = False
        self.level = -1
        self.between: list[str] = []
        self.between_start = 0
        self.out = discard
        self.state = self.outer
        plain = self.plain
        self.waits = plain.begun if plain is not None else None
        self.begin_object()

    @property
    def held(self) -> int:
        return super().held + (0 if self.call.trial else sum(map(len, self.pending or ())))

    def begin_object(self) -> None:
        self.name: str | None = None
        self.call_id: str | None = None
        self.role = ""
        self.captured: list[str] = []
        self.pending: list[str] | None = None
        self.closed = False
        self.began = False
        self.lost = False
        self.aliased = False
        self.nested = 0
        self.flat: set[str] = set()
        self.extras: list[tuple[str, str, int]] = []
        self.extras_size = 0
        self.key_read = ""
        self.key_at = 0
        self.escaped = False

    def refuse(self, at: int) -> int:
        """The text is no call; once one has begun it cannot be taken back, and only ends."""
        self.refused = not self.call.opening.count
        self.done = True
        return ~at

    def open_object(self, at: int) -> int:
        plain = self.plain
        if plain is not None and not (self.last or self.stack) and plain.begun(self.text, at):
            return ~at  # nothing is said before its name is known and the arguments begin
        self.waits = None
        self.begin_object()
        self.kept_from = self.call.base + at
        self.kept_at = at
        self.kept = [] if self.call.opening.count or self.loose else None
        self.out = discard
        found = plain.full(self.text, at) if plain is not None else None
        if found is not None and (name := found[1].strip(SPACE + ",")):
            self.name = name
            self.call.name_at(found.start(1) - 1, found.end(1) + 1)
            return self.behind_name(found.end())
        self.push("}")
        self.level = len(self.stack)
        self.state = self.before_key
        return at + 1

    @property
    def plain(self) -> Plain | None:
        """What the beginning of a call looks like that needs no second look."""
        return plain_envelope(self.keys, self.ends) if not self.keys.waits_for_id and self.max_held >= 2 * WRAPPED_LIMIT else None

    def behind_name(self, at: int) -> int:
        """Behind the colon of the arguments, in front of which only the name stands: all of them may be there, and be strict JSON."""
        text = self.text
        begin = SPACES.match(text, at).end()
        end = self.whole(begin) if text.startswith("{", begin) and not may_be_wrapped(text, begin) else -1
        closed = _END_OF_CALL(text, end) if end > 0 else None
        if closed is None:
            self.push("}")
            self.level = len(self.stack)
            self.quote = '"'
            self.on_member(self.keys.arguments[0], at)
            return at
        self.begin_arguments(at)
        if self.refused:
            return at
        self.call.arguments_at(begin)
        self.call.arguments_until(end)
        self.call.check_keys(self.last_keys, end)
        self.write(text[begin:end])
        self.closed = True
        return self.object_ended(closed.end())

    def outer(self, at: int) -> int:
        """The opening brace of the object, or the bracket of the list."""
        here = SPACES.match(self.text, at).end()
        if here == len(self.text):
            return ~here
        if self.text[here] == "[":
            self.waits = None
            self.push("]")
            self.state = self.element
            return here + 1
        if self.text[here] == "{":
            return self.listed(here)
        moved = self.lead(here)
        return self.refuse(at) if moved is None else moved

    def listed(self, at: int) -> int:
        """The object of a call, or one that holds the list of calls."""
        found = _LISTED(self.text, at)
        if found is None:
            return ~at if not self.last and _LISTED_CUT(self.text, at) else self.open_object(at)
        self.call.problem("repaired_markup", "the calls stood in a list under 'tool_calls'", at)
        self.push("]")
        self.state = self.element
        return found.end()

    def element(self, at: int) -> int:
        """Between the objects of the list."""
        text = self.text
        if not (self.call.opening.count or self.loose):
            here = SPACES.match(text, at).end()
            if text[here : here + 1] not in ("{", ""):
                return self.refuse(at)
        if self.between and text[at : at + 1] in (*SPACE, "\\"):
            self.between.append(text[at])
            return at + 1
        character, at = self.odd(at)
        if not character:
            return at
        self.copy = at
        if character in "{],":
            self.report_between()
            if character == "," != text[at]:
                self.call.problem("separator", f"a {text[at]} between the calls was read as a comma", at)
        elif character in "})" and not self.between:
            self.call.problem("surplus_closer", f"a surplus {character} was dropped", at)
            return at + 1
        else:
            self.between.append(text[at])
            if len(self.between) == 1:
                self.between_start = self.call.base + at
            return at + 1
        if character == "{":
            if self.call.opening.count:
                self.call.starts_at(at)
            return self.open_object(at)
        if character == "]" and not self.call.opening.count:
            return self.refuse(at)
        if character == "]":
            self.stack.clear()
            self.stay(at + 1)
        return at + 1

    def further(self, at: int, here: int) -> int:
        text = self.text
        if self.escaped and not self.bare and text[here] == '"':
            self.repaired("repaired_markup", 'a quote around a call that is escaped was dropped: "', here)
            self.escaped = False
            self.copy = here + 1
            return here + 1
        if not self.bare and not self.framed:
            if _CALL_AHEAD.match(text, here):
                self.done = False
                here = text.index("{", here)
                self.call.starts_at(here)
                return self.open_object(here)
            if not self.last and text[here] in ",;{" and self.call_may_follow(here):
                return ~at
        return self.leave(at)

    def call_may_follow(self, at: int) -> bool:
        found = _CALL_CUT.match(self.text, at)
        return found is not None and found.end() == len(self.text)

    def report_between(self) -> None:
        """Text between the objects that is none, told once it has ended."""
        if self.between:
            text = "".join(self.between).strip(SPACE)
            self.between = []
            position = self.between_start - self.call.base
            lost = any(map(str.isalnum, text))
            self.call.problem("dropped_text", f"text between the calls was dropped: {text}", position, error=lost)

    def close(self, closer: str, at: int) -> int:
        ends_otherwise = closer in self.stack and self.stack[-1] != closer and not self.lost
        if ends_otherwise and self.name and not self.given and (self.call.tools is None or self.parameters(self.name)):
            self.unreadable("missing_value", f"a call without arguments ends with {self.text[at]}: these may stand behind", at)
        return super().close(closer, at)

    def ended_at_level(self) -> None:
        depth = len(self.stack)
        if depth == self.level:
            self.state = self.member_ended
        elif self.nested:
            self.nested -= 1
            self.level = depth
            self.state = self.after
        else:
            self.state = self.object_ended

    @property
    def given(self) -> bool:
        """Whether the arguments have stood in the object, or stand there."""
        return self.pending is not None or self.closed or self.role == "arguments" or bool(self.flat)

    def is_key(self, key: str) -> bool:
        depth = len(self.stack) - self.level
        if depth == 0:
            keys = self.keys
            known = key.lower() in NAMES or key.lower() in ARGUMENTS or key in FRAMING
            return known or key in (*keys.name, *keys.arguments, *keys.id, "type") or key in self.parameters(self.name)
        return self.is_parameter(key, self.name) if depth == 1 and self.role == "arguments" else super().is_key(key)

    def on_member(self, key: str, at: int) -> None:
        self.out = discard
        self.copy = at
        self.role = ""
        self.state = self.value
        keys = self.keys
        if key != (bare := key.strip(SPACE)) and self.is_key(bare):
            self.repaired("repaired_markup", f"blanks around the key {bare!r} were dropped", at)
            key = bare
        if key in keys.name and self.name is None:
            self.role = "name"
        elif key in keys.arguments and self.pending is None and not (self.closed or self.flat):
            self.role = "arguments"
            self.state = self.arguments
            self.begin_arguments(at)
            return
        elif key in keys.id and self.call_id is None:
            self.role = "id"
        else:
            self.other_member(key, at)
        if self.role:
            self.captured = []
            if self.role != "flat":
                self.out = self.captured.append

    def other_member(self, key: str, at: int) -> None:
        """A key that is none of the format's own, or stands a second time."""
        keys = self.keys
        plain = key.lower()
        bare = self.bare and not self.call.opening.count
        again = key in keys.name or key in keys.arguments
        self.key_read = key
        self.key_at = self.call.base + at
        if plain in NESTED and self.name is None and not self.given:
            self.state = self.nested_or_name
        elif plain in NAMES and self.name is None and not again:
            self.role = "name"
            self.aliased = True
        elif plain in ARGUMENTS and not self.given and not again and not (bare and not self.call.declares(self.name or "")):
            self.aliased = True
            self.state = self.alias_value
        elif self.name is None and not self.given and not bare and not self.extras and self.call.declares(key):
            self.repaired("repaired_markup", f"the tool's name {key!r} is the key of the arguments", at)
            self.name = decoded(key)
            self.take_arguments(at)
        elif not bare and self.is_beside(key):
            self.name = self.name or self.only_name
            self.begin_flat(at)
        else:
            if again:
                where = "beside arguments" if self.flat and key in keys.arguments else "twice in the call; the first one counts"
                self.repaired("repeated_key", f"the key {key!r} stands {where}", at)
            elif bare and key != "type" and key not in keys.id:
                self.refuse(at)
            self.role = "extra"

    @property
    def only_name(self) -> str | None:
        """The one tool that the request allows."""
        allowed = self.call.rules.allowed or ()
        return next(iter(allowed)) if len(allowed) == 1 else None

    def is_beside(self, key: str) -> bool:
        """Whether a key is a parameter beside the name, or beside others of the one tool that may be called."""
        free = (not self.given or self.flat) and key not in self.flat and key.lower() != "type"
        return bool(free and key in self.parameters(self.name or self.only_name))

    def take_arguments(self, at: int) -> None:
        self.begin_arguments(at)
        self.role = "arguments"
        self.state = self.arguments

    def nested_or_name(self, at: int) -> int:
        """The value of a key that holds the name, or the whole call."""
        here = SPACES.match(self.text, at).end()
        self.copy = here
        if here == len(self.text):
            return ~here
        if self.text[here] == "{":
            self.repaired("repaired_markup", f"the call stands inside {self.key_read!r}", here)
            self.aliased = True
            self.nest()
            self.state = self.before_key
            return here + 1
        self.role = "name" if self.key_read.lower() in NAMES else "extra"
        self.aliased = True
        self.captured = []
        self.out = self.captured.append
        self.state = self.value
        return here

    def nest(self) -> None:
        """The call goes on inside another object, whose brace has been read."""
        self.push("}")
        self.level = len(self.stack)
        self.nested += 1

    def arguments(self, at: int) -> int:
        """The value of the arguments, which may stand in an object of their own."""
        text = self.text
        here = SPACES.match(text, at).end()
        plain = names_none(text, here) is not None
        name = self.call.meant(self.name) if self.name and not plain and text.startswith("{", here) else ""
        if name and self.call.declares(name):
            if not self.last and len(text) - here < WRAPPED_LIMIT and WRAPPED_CUT.match(text, here):
                self.copy = here
                return ~here
            found = WRAPPED(text, here, here + WRAPPED_LIMIT)
            if found is not None and self.is_envelope(found, name):
                self.repaired("repaired_markup", f"the arguments stood in an envelope, under {found[3]!r}", here)
                self.nest()
                at = self.copy = found.end()
            else:
                self.doubt_name(here, name)
        keys = self.parameters(self.name) if self.began and not self.bare and text[here : here + 1] in ("{", "n") else ()
        if keys:
            empty = _NOTHING(text, here)
            if empty is not None and empty[1] in keys:
                self.role = ""
                self.copy = empty.end()
                self.state = self.after
                return empty.end()
            if empty is None and not self.last and _NOTHING_CUT(text, here):
                self.copy = here
                return ~here
        return super().arguments(at)

    def alias_value(self, at: int) -> int:
        """The value of another name for the arguments, which may be a parameter of the tool instead."""
        text = self.text
        here = SPACES.match(text, at).end()
        self.copy = here
        if here == len(text):
            return ~here
        keys = self.parameters(self.name)
        if self.key_read in keys:
            found = _FIRST_KEY.match(text, here)
            if found is None and not self.last and _FIRST_CUT.match(text, here):
                return ~here
            if found is None or (found[1] is not None and found[1] not in keys):
                self.begin_flat(here)
                return ~here if self.refused else here
        self.repaired("repaired_markup", f"the arguments stood under {self.key_read!r}", here)
        self.take_arguments(here)
        return ~here if self.refused else here

    def begin_flat(self, at: int) -> None:
        """A parameter beside the name."""
        self.begin(at)
        if not self.began:
            return
        self.state = self.value
        self.call.write(f"{', ' if self.flat else '{'}{quote(decoded(self.key_read))}:")
        if not self.flat:
            self.call.arguments_at(at)
            self.repaired("repaired_markup", "the arguments stood beside the name", at)
        self.flat.add(self.key_read)
        self.role = "flat"
        self.write = self.out = self.call.parts.append
        self.direct = True
        self.copy = at

    def inner_quote(self, at: int) -> int:
        if self.role == "name" and self.state == self.string and self.text[at] == '"':
            found = SWALLOWED.match(self.text, at + 1, at + 1 + LOOK)
            if found is not None and self.is_key(found[1]):
                self.mend("repaired_markup", "the name was not closed", at, at, '"')
                self.unpaired = False
                self.ended()
                return at
        return super().inner_quote(at)

    def colon(self, at: int) -> int:
        found = _NAMED.fullmatch(self.key_text) if len(self.stack) == self.level and self.name is None else None
        if found is None or found[1].lower() not in NAMES:
            return super().colon(at)
        character, here = self.odd(at)
        if not character:
            return here
        if character not in ",}":
            return super().colon(at)
        self.repaired("repaired_markup", f"the key {self.key_text!r} was read as the name", at)
        self.key_text = ""
        self.role = "name"
        self.aliased = True
        self.captured = [quote(found[2])]
        return self.member_ended(at)

    def begin_arguments(self, at: int) -> None:
        if self.name is not None and (self.call_id is not None or not self.keys.waits_for_id):
            self.begin(at)
            self.write = self.call.parts.append
        else:
            self.pending = []
            self.write = self.pending.append
        self.streams = self.began

    def begin(self, at: int) -> None:
        if not self.began and not self.refused:
            undeclared = self.bare and self.aliased and not self.call.opening.count and not self.call.declares(self.name or "")
            if not undeclared and self.call.begin(self.name or "", self.call_id, at):
                self.began = True
                self.kept = None
            else:
                self.refuse(at)

    def member_ended(self, at: int) -> int:
        role, self.role = self.role, ""
        self.state = self.after
        if role == "arguments":
            self.arguments_ended(at)
            self.closed = True
        else:
            self.pass_on(at)
            if role == "name":
                name = string_value(self.captured)
                self.call.name_at(at - len("".join(self.captured).strip(SPACE)), at)
                self.name = name.strip(SPACE + ",") if isinstance(name, str) else ""
                if not self.name:
                    self.name = None
                    return self.refuse(at) if not self.call.opening.count else at
            elif role == "id":
                self.call_id = id_value(self.captured)
            elif role == "extra":
                self.keep_extra()
            self.direct = False
        self.copy = at
        self.out = discard
        if self.closed and self.name and not self.began and (self.call_id is not None or not self.keys.waits_for_id):
            self.flush(at)
        return ~at if self.refused else at

    def flush(self, at: int) -> None:
        """The name is known at last: the call begins and the arguments that were kept follow."""
        self.begin(at)
        if self.began:
            if self.pending and self.closed:
                self.call.check_keys(members_of("".join(self.pending).strip(SPACE)), at)
            for text in self.pending or ():
                self.call.write(text)
            self.pending = []
            self.write = self.call.parts.append

    def after(self, at: int) -> int:
        return self.unclosed(at) if self.next_begins(at) else super().after(at)

    def before_key(self, at: int) -> int:
        if self.next_begins(at):
            return self.unclosed(at)
        end = super().before_key(at)
        if self.state == self.key and len(self.stack) == self.level:
            self.key_at = self.call.base + end
            self.escaped = self.quote == "\\"
        return end

    def next_begins(self, at: int) -> bool:
        """Whether another object begins where this one, with name and arguments, has not been closed."""
        if not (self.closed and self.name and len(self.stack) == self.level):
            return False
        return self.text.startswith("{", SPACES.match(self.text, at).end())

    def unclosed(self, at: int) -> int:
        at = SPACES.match(self.text, at).end()
        self.trailing(at)
        self.repaired("missing_closer", "a missing } was added", at)
        self.pop()
        return at

    def object_ended(self, at: int) -> int:
        self.copy = at
        if not self.stack and self.is_closed_early(at) is None:
            self.state = self.object_ended
            return ~at
        self.settle(at, complete=True)
        if self.refused:
            return ~at
        self.level = -1
        self.out = discard
        if self.stack:
            self.state = self.element
        else:
            self.stay(at)
        return at

    def keep_extra(self) -> None:
        text = "".join(self.captured).strip(SPACE)
        room = max(self.max_held - self.extras_size, 0)
        self.extras_size += len(text)
        self.extras.append((self.key_read, text if len(text) <= room else text[:room], self.key_at))

    def given_beside(self) -> bool:
        """Parameters that stood in front of the name are the arguments, if there are no others."""
        keys = self.parameters(self.name)
        found = {key: text for key, text, _ in self.extras if key in keys and not (key == "type" and text in _KINDS)}
        if not found or self.extras_size > self.max_held:
            return False
        self.call.problem("repaired_markup", "the arguments stood beside the name", self.key_at - self.call.base)
        self.extras = [extra for extra in self.extras if extra[0] not in found]
        self.call.write(object_of({decoded(key): text for key, text in found.items()}))
        return True

    def name_among_arguments(self) -> None:
        """The name stands inside the arguments, which were closed too late."""
        members = members_of("".join(self.pending or ()).strip(SPACE))
        for key, text in members.items():
            name = string_value([text])
            if key.lower() in NAMES and isinstance(name, str) and self.call.declares(name) and key not in self.parameters(name):
                self.call.problem("repaired_markup", "the name stood inside the arguments", self.kept_from - self.call.base)
                self.name = name
                rest = {k: v for k, v in members.items() if k != key}
                only = next(iter(rest)) if len(rest) == 1 else ""
                inner = only in ARGUMENTS and only not in self.parameters(name) and rest[only][:1] == "{"
                self.pending = [rest[only] if inner else object_of(rest)]
                return

    def tell_extras(self, given: bool) -> bool:
        """Report the members that were no part of the call; whether none of them may have been an argument."""
        whole = True
        for key, text, position in self.extras:
            plain = key.lower()
            if text in EMPTY or plain in FRAMING or key == "type" or key in self.keys.id:
                continue
            if plain in NAMES and string_value([text]) == self.name:
                continue
            if not given or plain in NAMES or plain in ARGUMENTS or key in self.parameters(self.name) or self.call.declares(key):
                whole = False
            said = f"the key {key!r} is no part of a call and was dropped: {text}"
            self.call.problem("dropped_text", said, position - self.call.base, error=True)
        return whole

    def settle(self, at: int, complete: bool) -> None:
        """No more of this object will come."""
        if self.role == "extra":
            self.keep_extra()
        self.role = ""
        if self.name is None and self.closed and not self.bare:
            self.name_among_arguments()
        given = self.given
        if not self.began and self.name and not (self.bare and not self.closed):
            self.flush(at)
            if self.began and not given:
                given = self.given_beside()
                if not given and complete:
                    self.call.write("{}")
                    self.call.unargued = True
        if self.began:
            if self.flat and complete:
                self.call.write("}")
            whole = self.tell_extras(given)
            self.call.end(complete and whole and not self.lost, at)
            self.began = False
        elif self.refused:
            return
        elif self.call.opening.count or (self.loose and self.stack):
            text = "".join(self.kept or ()) + self.text[self.kept_at : at]
            position = self.kept_from - self.call.base
            self.call.problem("dropped_text", f"an object without a name is no call and was dropped: {text}", position, error=True)
        else:
            self.refuse(at)

    def text_ended(self, at: int, how: str) -> int:
        self.trailing(at)
        self.patch(at, at, "")
        if self.level >= 0:
            if how == "close" and self.role == "arguments":
                if self.state == self.arguments:
                    self.unreadable("missing_value", "the arguments are missing behind their key", at)
                    self.write("{}")
                else:
                    self.complete(at)
                    self.arguments_ended(at)
                self.closed = True
            elif how == "close" and self.role == "flat":
                self.complete(at)
                self.direct = False
            if len(self.stack) >= self.level:
                lost = not self.given and bool(self.parameters(self.name))
                self.call.problem("missing_closer", "the braces of the call were not all closed", at, error=lost)
            self.settle(at, complete=self.closed or how == "close")
        if not self.call.opening.count:
            return self.refuse(at)
        self.report_between()
        self.done = True
        return ~at

    def finish(self, at: int) -> None:
        """The output ended inside the text."""
        if self.role == "arguments":
            self.cut_off()
        elif self.closed and self.state in (self.key, self.colon, self.string, self.value, self.bare_word):
            rest, begin = (self.key_text or self.word.text)[:1000].replace('\\"', '"'), at
            if self.state in (self.key, self.colon) and len(self.stack) == self.level:
                opener = '\\"' if self.quote == "\\" else self.quote
                rest = opener + rest
                begin = self.key_at - self.call.base - len(opener)
            what = "a quote that is not closed" if self.state in (self.key, self.string) else "what is not whole"
            said = f"{what} begins behind the arguments, and what follows is lost: {rest}"
            self.call.problem("dropped_text", said, begin, error=True)
        if self.level >= 0:
            self.settle(at, complete=self.closed)
        if not self.call.opening.count:
            self.refuse(at)
        self.report_between()
        self.done = True


_DECODER = json.JSONDecoder(parse_int=str, parse_float=str)
_COLON = always(r"[ \t\r\n]*:[ \t\r\n]*")
_COMMA = always(r"[ \t\r\n]*,?[ \t\r\n]*")


def members_of(text: str) -> dict[str, str]:
    """The members of an object, the text of each value as it stands; none when it is no object. The first of equal keys counts."""
    found: dict[str, str] = {}
    at = SPACES.match(text, 1).end()
    if text[:1] != "{":
        return found
    while at < len(text) and text[at] == '"':
        key, end = _DECODER.raw_decode(text, at)
        begin = _COLON.match(text, end).end()
        _, end = _DECODER.raw_decode(text, begin)
        found.setdefault(key, text[begin:end])
        at = _COMMA.match(text, end).end()
    return found


def string_value(parts: list[str]) -> object:
    """The value of a JSON scalar that was captured; not every one is a string."""
    text = "".join(parts).strip(SPACE)
    if "\\" not in text and text.find('"', 1) == len(text) - 1 and text[:1] == '"':
        return text[1:-1]
    try:
        return json.loads(text) if text[:1] == '"' else None
    except ValueError:  # the output ended in it
        return None


def id_value(parts: list[str]) -> str | None:
    """An id that was captured: a string that is not empty, or the digits of a counter."""
    found = string_value(parts)
    text = found if isinstance(found, str) else "".join(parts).strip(SPACE)
    return text if isinstance(found, str) or text.isdecimal() else None
