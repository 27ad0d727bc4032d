"""Arguments that are JSON, and calls of them behind a name that is known (`NamedCall`); those in an envelope are in `envelopes.py`.

Both read with the machine of `json_text.py` and add what the value of the arguments means: missing or `null` is `{}`, a string that
holds an object is unwrapped once, a list of one object is that object, any other value passes through with a problem.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection
from typing import Any

from toolparse.codecs.closing_quotes import LOOK
from toolparse.codecs.codec_base import NO_ENDS
from toolparse.codecs.json_text import JsonReader
from toolparse.jsontext.characters import HIGH, SPACE, SPACES, escape_surrogates, quote
from toolparse.jsontext.held_text import HeldText
from toolparse.jsontext.scalars import refuse
from toolparse.wire.dialects import ARGUMENTS, NAMES
from toolparse.wire.markers import EndMarks
from toolparse.wire.open_call import OpenCall
from toolparse.wire.spellings import any_of, beginnings, chained

_HIGH_AT_END = re.compile(rf"(?<!\\)(?:\\\\)*({HIGH})\Z")
"""The first half of a pair, whose backslash no other one escapes."""
FRAMING = frozenset(("type", "id", "index", "call_id", "tool_call_id"))
EMPTY = frozenset(("null", '""', "{}", "[]", ""))
BLANK = r"[ \t\r\n]{0,64}"
_WORDS = ("json", "JSON", "arguments", "parameters", "args", "input")
_LEAD = re.compile(rf"(?:```[\w\-]{{0,16}}|<([A-Za-z][\w:\-]{{0,31}})>|(?:{'|'.join(_WORDS)})[ \t]?[:=]?){BLANK}(?=[{{\[])")
_LEAD_CUT = re.compile(
    rf"(?:`{{1,2}}|```[\w\-]{{0,16}}|<(?:[A-Za-z][\w:\-]{{0,31}}>?)?|(?:{'|'.join(_WORDS)})[ \t]?[:=]?){BLANK}\Z|{beginnings(_WORDS)}"
)
"""What may stand in front of an object: a fence, a tag, or a word that says what comes."""
_EARLY = rf"(?:{BLANK}[}}\])]){{0,8}}{BLANK}"
_MEMBER_BEHIND = re.compile(rf'{_EARLY}[,，]{BLANK}["“”][^"“”\\\n]{{1,64}}["“”]{BLANK}[:：]').match
_MEMBER_BEGINS = re.compile(chained(_EARLY, "[,，]", BLANK, '["“”]', r'[^"“”\\\n]{1,64}', '["“”]', BLANK) + r"\Z").match
SURPLUS = 64
"""How many blanks behind the arguments may stand in front of a surplus bracket."""


def key_cut(keys: frozenset[str]) -> str:
    return f"(?:{any_of(keys)}|{beginnings(keys)})"


_TYPE = rf'"(?:type|tool_call_id)"{BLANK}:{BLANK}"[^"\\]{{1,64}}"{BLANK},{BLANK}'
WRAPPED = re.compile(
    rf'\{{{BLANK}(?:{_TYPE})?(?:"({"|".join(sorted(NAMES))})"{BLANK}:{BLANK}"([^"\\]{{1,256}})"{BLANK},{BLANK})?'
    rf'"({"|".join(sorted(ARGUMENTS, key=len, reverse=True))})"{BLANK}:{BLANK}(?=[{{"])'
).match
"""An envelope where arguments should stand."""
NESTED = frozenset(("function", "tool", "function_call", "tool_call"))
"""Keys whose value may be the call itself, as in the chat API."""
NAMING = re.compile(
    rf'\{{{BLANK}(?:{_TYPE})?(?:"({"|".join(sorted(NESTED))})"{BLANK}:{BLANK}\{{{BLANK})?'
    rf'"({"|".join(sorted(NAMES))})"{BLANK}:{BLANK}"([^"\\]{{1,256}})"{BLANK}[,}}]'
).match
"""Arguments that begin with a name, as an envelope does."""
_TYPE_ATOMS = ('"', key_cut(frozenset(("type", "tool_call_id"))), '"', BLANK, ":", BLANK, '"', r'[^"\\]{1,64}', '"', BLANK, ",", BLANK)
_NAME_ATOMS = ('"', key_cut(NAMES), '"', BLANK, ":", BLANK, '"', r'[^"\\]{1,256}', '"', BLANK, ",", BLANK)
_NESTED_ATOMS = ('"', key_cut(NESTED), '"', BLANK, ":", BLANK, r"\{", BLANK)
WRAPPED_CUT = re.compile(
    "|".join(
        "(?:" + chained(r"\{", BLANK, *kind, *name) + r"\Z)"
        for kind in ((), _TYPE_ATOMS)
        for name in (
            *((*named, '"', key_cut(ARGUMENTS), '"', BLANK, ":", BLANK) for named in ((), _NAME_ATOMS)),
            (*_NESTED_ATOMS, *_NAME_ATOMS),
        )
    )
)
_AGAIN = re.compile(rf'({"|".join(sorted(NAMES))})"{BLANK}:{BLANK}"([^"\\\n]{{1,64}})"')
_AGAIN_CUT = re.compile(chained(key_cut(NAMES), '"', BLANK, ":", BLANK, '"', r'[^"\\\n]{1,64}', '"') + r"\Z")
"""The beginning of a call's object, behind its first quote."""
WRAPPED_LIMIT = 1024
_FIRST_LETTERS = "".join(sorted({key[0] for key in (*NAMES, *ARGUMENTS, *NESTED, "type", "tool_call_id")}))
names_none = re.compile(rf'\{{{BLANK}"[^{_FIRST_LETTERS}"\\\s]').match
"""Matches the beginning of an object that begins neither as an envelope does nor with a name: most do."""


def may_be_wrapped(text: str, at: int) -> bool:
    """Whether the object at `at` begins as an envelope does, or with a name."""
    return (WRAPPED(text, at, at + WRAPPED_LIMIT) or NAMING(text, at, at + WRAPPED_LIMIT)) is not None


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of a scanned value, unless a key stands twice."""
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a key stands twice")
    return members


_scan = json.JSONDecoder(object_pairs_hook=_members, parse_int=str, parse_float=str, parse_constant=refuse).scan_once  # type: ignore[attr-defined]


NO_OBJECT: tuple[int, Collection[str]] = (-1, ())


def whole_object(text: str, at: int, depth: int) -> tuple[int, Collection[str]]:
    """Where the object at `at` ends and its keys, if all of it is there and is strict JSON that passes as it stands; else `NO_OBJECT`.

    This is the short way of a whole value; it tells nothing that the machine would not.
    """
    if "}" not in text:
        return NO_OBJECT
    try:
        members, end = _scan(text, at)
    except (ValueError, StopIteration, RecursionError):
        return NO_OBJECT
    deepest = (end - at) // 2  # as each bracket closes
    fits = deepest <= depth or text.count("{", at, end) + text.count("[", at, end) <= depth
    return (end, members) if fits else NO_OBJECT


def discard(text: str) -> None:
    """The text of an envelope that belongs to no member."""


class Unwrapper:
    """The text of a JSON string that may hold an object: if it does, the object is read and written in its place."""

    def __init__(self, call: OpenCall, out: Callable[[str], Any], depth: int, at: int) -> None:
        self.call = call
        self.start = call.base + at
        self.out = out
        self.reader = JsonReader(self, out, depth=depth)
        self.raw: list[str] = []
        self.kept = ""
        self.decided = False
        self.is_object = False
        self.buffer = ""

    def problem(self, kind: str, message: str, position: int, error: bool = False) -> None:
        """Positions inside the string mean little outside it: all repairs are reported where it begins."""
        self.call.problem(kind, message, self.start - self.call.base, error)

    def write(self, text: str) -> None:
        """A fragment of a valid JSON string, quotes included; fragments never part an escape."""
        if self.decided and not self.is_object:
            self.out(text)
            return
        inside = text[1:] if not self.raw and not self.decided else text
        if not self.decided:
            self.raw.append(text)
        inside = self.kept + self.without_closing_quote(inside)
        pair = _HIGH_AT_END.search(inside)
        self.kept = pair[1] if pair else ""
        self.decoded(json.loads(f'"{inside[: pair.start(1)] if pair else inside}"'))

    @staticmethod
    def without_closing_quote(text: str) -> str:
        if not text.endswith('"'):
            return text
        before = text[:-1]
        return text if (len(before) - len(before.rstrip("\\"))) % 2 else before

    def decoded(self, text: str) -> None:
        if not self.decided:
            first = text.lstrip(SPACE)[:1]
            if not first:
                return
            self.decided = True
            self.is_object = first == "{"
            if not self.is_object:
                self.problem("not_an_object", "the arguments are a string, not an object", 0, error=True)
                for fragment in self.raw:
                    self.out(fragment)
                return
            text = text.lstrip(SPACE)
        self.buffer += escape_surrogates(text)
        self.buffer = self.buffer[self.reader.step(self.buffer, 0, False) :]

    def cut_off(self) -> None:
        """The output ended in the string."""
        if self.is_object:
            self.reader.step(self.buffer, 0, True)
            self.reader.cut_off()

    def close(self) -> None:
        """The string has closed."""
        if not self.decided:
            self.problem("missing_arguments", "the arguments are an empty string and became {}", 0)
            self.out("{}")
        elif self.is_object:
            if self.kept:
                self.decoded(json.loads(f'"{self.kept}"'))
            reader = self.reader
            rest = self.buffer[reader.step(self.buffer, 0, True) :]
            if not reader.done:
                reader.complete(len(reader.text))
            elif rest.strip(SPACE + "}])"):
                reader.lost = True
                self.problem("dropped_text", f"text behind the arguments was dropped: {rest}", 0, error=True)
            elif rest.strip(SPACE):
                self.problem("surplus_closer", f"surplus brackets behind the arguments were dropped: {rest}", 0)


class ArgumentsReader(JsonReader):
    """JSON text in which the value of the arguments begins wherever `arguments` becomes the state."""

    __slots__ = ("begins_at", "call", "doubtful", "framed", "streams", "unwrapper", "waits", "write")

    rewrites = None

    def __init__(self, call: OpenCall, ends: EndMarks) -> None:
        super().__init__(call, call.parts.append, ends, call.rules.max_depth)
        self.max_held = call.rules.max_held
        self.call = call
        self.write: Callable[[str], Any] = call.parts.append
        self.streams = True
        self.doubtful: HeldText | None = None
        self.begins_at = 0
        self.unwrapper: Unwrapper | None = None
        self.framed = ""
        self.waits: Callable[[str], object] | None = None

    @property
    def held(self) -> int:
        return super().held + (self.doubtful.length if self.doubtful is not None else 0)

    def arguments(self, at: int) -> int:
        """Where the value of the arguments begins: its first character says how it is read."""
        here = SPACES.match(self.text, at).end()
        self.copy = here
        self.last_keys = ()
        if here == len(self.text):
            return ~here
        ends = self.ends(self.text, here, self.last)
        if ends is None:
            return ~here
        if ends:
            return self.text_ended(here, str(ends))
        character = self.text[here]
        self.call.arguments_at(here)
        if character == "{":
            self.out = self.write
            self.direct = self.streams
            end = self.whole(here)
            if end > 0:
                self.ended()
                return end
            return self.open("{", here)
        elif character in "\"'":
            self.unwrapper = Unwrapper(self.call, self.write, self.depth, here)
            self.out = self.unwrapper.write
        elif (found := self.lead(here)) is not None:
            return found
        else:
            self.doubtful = HeldText()
            self.begins_at = self.call.base + here
            self.out = self.doubt
        self.state = self.value
        return here

    def whole(self, at: int) -> int:
        """Where the object at `at` ends, if it needs no second look and nothing in it is longer than may be held; else -1."""
        end, self.last_keys = whole_object(self.text, at, self.depth)
        odd = end > 0 and (end - at > self.max_held or self.ends.full.search(self.text, at, end))
        return -1 if odd else end

    def lead(self, at: int) -> int | None:
        """Behind what stands in front of an object and is none of it; `~at` when more text must tell, None when there is no such thing."""
        text = self.text
        found = _LEAD.match(text, at)
        if found is None:
            return ~at if not self.last and _LEAD_CUT.match(text, at) else None
        self.framed = f"</{found[1]}>" if found[1] else "```" if found[0][0] == "`" else ""
        self.call.problem("repaired_markup", f"{found[0].strip(SPACE)} in front of the arguments was dropped", at)
        self.copy = found.end()
        return found.end()

    def beyond(self, at: int) -> int:
        """Behind all calls: brackets that are left over are framing, and so is the end of a frame that stood in front."""
        text = self.text
        here = SPACES.match(text, at, at + SURPLUS).end()
        self.copy = at
        if here == at + SURPLUS:
            return self.leave(at)
        if here == len(text):
            return ~at if not self.last else self.leave(at)
        ends = self.ends(text, here, self.last)
        if ends is None:
            return ~at
        if ends:
            return self.leave(at)
        if text[here] in "}])":
            self.call.problem("surplus_closer", f"a surplus {text[here]} was dropped", here)
            self.copy = here + 1
            return here + 1
        if self.framed and text.startswith(self.framed, here):
            self.call.problem("dropped_text", f"{self.framed} behind the arguments was dropped", here)
            self.copy = here + len(self.framed)
            self.framed = ""
            return self.copy
        if self.framed and not self.last and self.framed.startswith(text[here:]):
            return ~at
        return self.further(at, here)

    def further(self, at: int, here: int) -> int:
        """Behind all calls, at text that is not framing; it begins at `here`."""
        return self.leave(at)

    def leave(self, at: int) -> int:
        self.done = True
        return ~at

    def is_closed_early(self, at: int) -> bool | None:
        """Whether a further member stands behind an object that seems to be whole, so that a brace in it was too many; None when more text
        must tell."""
        text = self.text
        found = _MEMBER_BEHIND(text, at)
        if found is not None:
            self.unreadable("surplus_closer", f"a brace came too early, behind it stands {found[0].strip(SPACE)}", at)
            return True
        return None if not self.last and _MEMBER_BEGINS(text, at) else False

    def stay(self, at: int) -> None:
        """The last call has ended: look at what stands behind it, unless that is somebody else's business."""
        self.copy = at
        self.out = discard
        self.done = self.ends is NO_ENDS
        self.state = self.beyond
        self.waits = self.ends.waits

    def doubt(self, text: str) -> None:
        """Text of a value that is no object: held, as it may be null or a list of one object, but not without end."""
        if self.doubtful is None:
            self.write(text)
        elif self.doubtful.add(text) > self.max_held:
            held, self.doubtful = self.doubtful.text, None
            self.no_object(held[: self.max_held + 1])
            self.write(held)

    def no_object(self, text: str) -> None:
        position = self.begins_at - self.call.base
        self.call.problem("not_an_object", f"the arguments are no object: {text[:60]}", position, error=True)

    def is_envelope(self, found: re.Match[str], name: str) -> bool:
        """Whether what `WRAPPED` found holds the arguments of the tool `name`."""
        keys = self.parameters(name)
        if found[3] in keys or found[1] in keys:
            return False
        return found[2].strip() == name if found[1] else self.call.declares(name)

    def doubt_name(self, at: int, name: str) -> None:
        """Arguments that name a tool, under a key that is none of the call's, may be an envelope's."""
        found = NAMING(self.text, at, at + WRAPPED_LIMIT)
        if found is not None and self.call.declares(found[3].strip()) and (found[1] or found[2]) not in self.parameters(name):
            self.unreadable("doubtful_value", f"the arguments name a tool themselves: {found[0]}", at)

    def arguments_ended(self, at: int) -> None:
        """The value is complete, up to `at`."""
        self.call.arguments_until(at)
        self.pass_on(at)
        self.copy = at
        self.direct = False
        if self.unwrapper is not None:
            self.unwrapper.close()
            self.lost = self.lost or self.unwrapper.reader.lost
            self.last_keys = self.unwrapper.reader.last_keys
            self.unwrapper = None
        if self.last_keys and self.call.open:
            written = isinstance(self.last_keys, set)  # by the machine, which leaves escapes as they are
            self.call.check_keys(map(decoded, self.last_keys) if written else self.last_keys, at)
        if self.doubtful is not None:
            self.write(self.as_object(self.doubtful.text.strip(SPACE), at))
            self.doubtful = None

    def cut_off(self) -> None:
        if self.unwrapper is not None:
            self.unwrapper.cut_off()
        elif self.out == self.write:
            super().cut_off()

    def closes(self, at: int, key: bool) -> bool | None:
        closes = super().closes(at, key)
        undecided = closes is False and not key and not self.last and len(self.text) <= at + LOOK
        return None if undecided and _AGAIN_CUT.match(self.text, at + 1) else closes

    def inner_quote(self, at: int) -> int:
        """A quote inside a string: behind it another call may begin, which no string holds without escapes."""
        found = _AGAIN.match(self.text, at + 1) if self.state == self.string else None
        if found is not None and self.call.declares(found[2]):
            self.unreadable("doubtful_value", f"a string holds the beginning of a call of {found[2]!r}: it may have been cut there", at)
        return super().inner_quote(at)

    def as_object(self, text: str, at: int) -> str:
        """Arguments that are neither an object nor a string."""
        if text in ("", "null"):
            return "{}"
        if text[0] == "[":
            reader = JsonReader(Unheard(), discard)
            inside = text[1:-1].strip(SPACE)
            if inside[:1] == "{" and reader.step(inside, 0, True) == len(inside) and reader.done:
                tool = self.call.tool if self.call.open else None
                strange = tool is not None and len(tool.strange(reader.last_keys)) == len(reader.last_keys) > 0
                said = "the arguments are a list of one object, which was taken for them"
                self.call.problem("not_an_object", said, at, error=strange)
                return inside
        if text[0] == '"':
            self.lost = True
        self.no_object(text)
        return text

    def is_parameter(self, key: str, name: str | None) -> bool:
        """Whether the tool `name` has a parameter `key`; where none is known, whether it looks like one."""
        keys = self.parameters(name)
        return key in keys if keys else super().is_key(key)

    def parameters(self, name: str | None) -> tuple[str, ...]:
        """The declared parameters of the tool `name`."""
        tools = self.call.tools if name else None
        tool = tools.get(name) if tools is not None and name else None
        return tool.keys if tool is not None else ()


def decoded(key: str) -> str:
    """The text of a key as it stands between its quotes."""
    try:
        return str(json.loads(f'"{key}"', strict=False)) if "\\" in key else key
    except ValueError:
        return key


class Unheard:
    """A reporter that does not care: the text has been repaired before."""

    def problem(self, kind: str, message: str, position: int, error: bool = False) -> None: ...


class NamedCall(ArgumentsReader):
    """One call whose name stood in its header: the text is the arguments. `wrapped`: they stand in an envelope after all."""

    __slots__ = ("captured", "closed", "key_read", "refused", "wrapped")

    def __init__(self, call: OpenCall, ends: EndMarks) -> None:
        super().__init__(call, ends)
        self.refused = False
        self.wrapped = False
        self.closed = False
        self.captured: list[str] = []
        self.key_read = ""
        self.state = self.ahead if call.open else self.arguments

    def ahead(self, at: int) -> int:
        """In front of the arguments: an envelope that names the same tool again is unwrapped."""
        text = self.text
        here = SPACES.match(text, at).end()
        self.copy = here
        if here < len(text) and text[here] != "{":
            moved = None if self.ends(text, here, self.last) is not False else self.lead(here)
            if moved is not None:
                return moved
        elif names_none(text, here) is not None:
            self.state = self.arguments
            return self.arguments(here)
        elif not self.last and len(text) - here < WRAPPED_LIMIT and (here == len(text) or WRAPPED_CUT.match(text, here)):
            return ~here
        self.state = self.arguments
        found = WRAPPED(text, here, here + WRAPPED_LIMIT)
        name = self.call.name
        if found is None or not self.is_envelope(found, name):
            self.doubt_name(here, name)
            return here
        self.call.problem("repaired_markup", f"the arguments stood in an envelope, under {found[3]!r}", here)
        self.push("}")
        self.level = 1
        self.wrapped = True
        return found.end()

    def is_key(self, key: str) -> bool:
        if len(self.stack) == self.level + 1:
            return self.is_parameter(key, self.call.name if self.call.open else None)
        return super().is_key(key)

    def on_member(self, key: str, at: int) -> None:
        """A further key of the envelope."""
        self.key_read = key
        self.captured = []
        self.out = self.captured.append
        self.copy = at
        self.state = self.value

    def ended_at_level(self) -> None:
        self.state = self.inner_ended if self.stack else self.member_ended

    def inner_ended(self, at: int) -> int:
        """A member of the envelope is complete."""
        if not self.closed:
            self.arguments_ended(at)
            self.closed = True
        else:
            self.pass_on(at)
            self.further_member(at)
        self.copy = at
        self.out = discard
        self.state = self.after
        return at

    def further_member(self, at: int) -> None:
        text = "".join(self.captured).strip(SPACE)
        if text in EMPTY or self.key_read in FRAMING or (self.key_read in NAMES and text == quote(self.call.name)):
            return
        self.unreadable("dropped_text", f"the key {self.key_read!r} beside the arguments was dropped: {text[:1000]}", at)

    def member_ended(self, at: int) -> int:
        if self.is_closed_early(at) is None:
            return ~at
        if not self.wrapped:
            self.arguments_ended(at)
        self.settle(at, not self.lost)
        if not self.refused:
            self.stay(at)
        return at

    def text_ended(self, at: int, how: str) -> int:
        self.trailing(at)
        self.patch(at, at, "")
        if how == "close":
            if self.state in (self.arguments, self.ahead):
                self.write("{}")
            elif not self.closed:
                self.complete(at)
                self.arguments_ended(at)
        self.settle(at, (how == "close" or self.closed) and not self.lost)
        return ~at

    def finish(self, at: int) -> None:
        between = len(self.stack) == self.level and self.state in (self.after, self.after_comma, self.before_key)
        if self.closed and self.stack and not between:
            rest = self.key_text or f"{self.key_read}: {''.join(self.captured).strip(SPACE)}{self.word.text}"
            self.unreadable("dropped_text", f"text beside the arguments, in which the output ends, was dropped: {rest[:1000]}", at)
        self.cut_off()
        self.settle(at, self.closed and not self.lost)

    def settle(self, at: int, complete: bool) -> None:
        """No more of the arguments will come."""
        self.done = True
        self.call.end(complete, at)
