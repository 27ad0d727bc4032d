"""Calls whose arguments are JSON: behind a name that is known (`NamedCall`), or in an envelope with it (`EnvelopeCalls`).

Both read with the machine of `json_text.py` and add what the value of the arguments means: missing or `null` is `{}`, a string that
holds an object is unwrapped once, a list of one object is that object, any other value passes through with a problem.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from toolparse.codecs.json_text import SPACE, EndsAt, JsonReader
from toolparse.grammar import Envelope
from toolparse.wire.open_call import OpenCall

_SPACES = re.compile(r"[ \t\r\n]*")
_HIGH_SURROGATE = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\Z")
_SURROGATES = re.compile("[\ud800-\udfff]")


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
        pair = _HIGH_SURROGATE.search(inside)
        self.kept = pair[0] if pair else ""
        self.decoded(json.loads(f'"{inside[: pair.start()] if pair else inside}"'))

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
        self.buffer += _SURROGATES.sub(lambda lone: f"\\u{ord(lone[0]):04x}", text)
        self.buffer = self.buffer[self.reader.step(self.buffer, 0, False) :]

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
            elif rest.strip(SPACE):
                self.problem("dropped_text", f"text behind the arguments was dropped: {rest}", 0)


class ArgumentsReader(JsonReader):
    """JSON text in which the value of the arguments begins wherever `arguments` becomes the state."""

    __slots__ = ("begins_at", "call", "doubtful", "doubtful_length", "streams", "unwrapper", "write")

    rewrites = waits = None

    def __init__(self, call: OpenCall, ends: EndsAt, depth: int) -> None:
        super().__init__(call, call.parts.append, ends, depth)
        self.max_held = call.max_held
        self.call = call
        self.write: Callable[[str], Any] = call.parts.append
        self.streams = True
        self.doubtful: list[str] | None = None
        self.doubtful_length = 0
        self.begins_at = 0
        self.unwrapper: Unwrapper | None = None

    @property
    def held(self) -> int:
        return super().held + sum(map(len, self.doubtful or ()))

    def arguments(self, at: int) -> int:
        """Where the value of the arguments begins: its first character says how it is read."""
        here = _SPACES.match(self.text, at).end()  # type: ignore[union-attr]
        self.copy = here
        if here == len(self.text):
            return ~here
        ends = self.ends(self.text, here, self.last)
        if ends is None:
            return ~here
        if ends:
            return self.text_ended(here, str(ends))
        character = self.text[here]
        if character == "{":
            self.out = self.write
            self.direct = self.streams
        elif character in "\"'":
            self.unwrapper = Unwrapper(self.call, self.write, self.depth, here)
            self.out = self.unwrapper.write
        else:
            self.doubtful = []
            self.doubtful_length = 0
            self.begins_at = self.call.base + here
            self.out = self.doubt
        self.state = self.value
        return here

    def doubt(self, text: str) -> None:
        """Text of a value that is no object: held, as it may be null or a list of one object, but not without end."""
        if self.doubtful is None:
            self.write(text)
            return
        self.doubtful.append(text)
        self.doubtful_length += len(text)
        if self.doubtful_length > self.max_held:
            held, self.doubtful = "".join(self.doubtful), None
            self.no_object(held[: self.max_held + 1])
            self.write(held)

    def no_object(self, text: str) -> None:
        position = self.begins_at - self.call.base
        self.call.problem("not_an_object", f"the arguments are no object: {text[:60]}", position, error=True)

    def arguments_ended(self, at: int) -> None:
        """The value is complete, up to `at`."""
        if self.copy < at:
            self.out(self.text[self.copy : at])
        self.copy = at
        self.direct = False
        if self.unwrapper is not None:
            self.unwrapper.close()
            self.unwrapper = None
        if self.doubtful is not None:
            self.write(self.as_object("".join(self.doubtful).strip(SPACE), at))
            self.doubtful = None

    def as_object(self, text: str, at: int) -> str:
        """Arguments that are neither an object nor a string."""
        if text in ("", "null"):
            return "{}"
        if text[0] == "[":
            reader = JsonReader(Unheard(), discard)
            inside = text[1:-1].strip(SPACE)
            if inside[:1] == "{" and reader.step(inside, 0, True) == len(inside) and reader.done:
                self.call.problem("not_an_object", "the arguments are a list of one object, which was taken for them", at)
                return inside
        self.no_object(text)
        return text


class Unheard:
    """A reporter that does not care: the text has been repaired before."""

    def problem(self, kind: str, message: str, position: int, error: bool = False) -> None: ...


class NamedCall(ArgumentsReader):
    """One call whose name stood in its header: the text is the arguments."""

    __slots__ = ("refused",)

    def __init__(self, call: OpenCall, ends: EndsAt, depth: int) -> None:
        super().__init__(call, ends, depth)
        self.refused = False
        self.state = self.arguments

    def ended_at_level(self) -> None:
        self.state = self.member_ended

    def member_ended(self, at: int) -> int:
        self.arguments_ended(at)
        self.settle(at, True)
        return at

    def text_ended(self, at: int, how: str) -> int:
        self.trailing(at)
        self.patch(at, at, "")
        if how == "close":
            if self.state == self.arguments:
                self.write("{}")
            else:
                self.complete(at)
                self.arguments_ended(at)
        self.settle(at, how == "close")
        return ~at

    def finish(self, at: int) -> None:
        """The output ended inside the call."""
        if self.out == self.write:
            self.cut_off()
        self.settle(at, False)

    def settle(self, at: int, complete: bool) -> None:
        """No more of the arguments will come."""
        self.done = True
        self.call.end(complete, at)


class EnvelopeCalls(ArgumentsReader):
    """One object that holds a name and arguments, or a list of such objects.

    Nothing is a call before its name is known; `refused` says that the text turned out to be none. Arguments that stand before the
    name are kept. `bare`: no marker stands in front, so both keys must be there and no strange ones.
    """

    __slots__ = (
        "bare", "began", "between", "between_start", "call_id", "captured", "closed", "kept_from", "keys", "loose", "name", "pending",
        "refused", "role",
    )  # fmt: skip

    def __init__(self, call: OpenCall, keys: Envelope, ends: EndsAt, depth: int, bare: bool) -> None:
        super().__init__(call, ends, depth)
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

    def refuse(self, at: int) -> int:
        """The text is no call; once one has begun it cannot be taken back, and only ends."""
        self.refused = not self.call.count
        self.done = True
        return ~at

    def open_object(self, at: int) -> int:
        self.begin_object()
        self.kept_from = self.call.base + at
        self.kept_at = at
        self.kept = [] if self.call.count or self.loose else None
        self.out = discard
        self.push("}")
        self.level = len(self.stack)
        self.state = self.before_key
        return at + 1

    def outer(self, at: int) -> int:
        """The opening brace of the object, or the bracket of the list."""
        here = _SPACES.match(self.text, at).end()  # type: ignore[union-attr]
        if here == len(self.text):
            return ~here
        if self.text[here] == "[":
            self.push("]")
            self.state = self.element
            return here + 1
        return self.open_object(here) if self.text[here] == "{" else self.refuse(at)

    def element(self, at: int) -> int:
        """Between the objects of the list."""
        text = self.text
        if not (self.call.count or self.loose):
            here = _SPACES.match(text, at).end()  # type: ignore[union-attr]
            if text[here : here + 1] not in ("{", ""):
                return self.refuse(at)
        character = self.odd(at)
        if isinstance(character, int):
            return character
        at = _SPACES.match(text, at).end()  # type: ignore[union-attr]
        self.copy = at
        if character in "{],":
            self.report_between()
        else:
            self.between.append(character)
            if len(self.between) == 1:
                self.between_start = self.call.base + at
            return at + 1
        if character == "{":
            if self.call.count:
                self.call.starts_at(at)
            return self.open_object(at)
        if character == "]" and not self.call.count:
            return self.refuse(at)
        self.done = character == "]"
        return at + 1

    def report_between(self) -> None:
        """Text between the objects that is none, told once it has ended."""
        if self.between:
            text = "".join(self.between)
            self.between = []
            position = self.between_start - self.call.base
            self.call.problem("dropped_text", f"text between the calls was dropped: {text}", position)

    def ended_at_level(self) -> None:
        self.state = self.member_ended if len(self.stack) == self.level else self.object_ended

    def on_member(self, key: str, at: int) -> None:
        self.out = discard
        self.copy = at
        self.role = ""
        self.state = self.value
        keys = self.keys
        if key in keys.name and self.name is None:
            self.role = "name"
        elif key in keys.arguments and self.pending is None and not self.closed:
            self.role = "arguments"
            self.state = self.arguments
            self.begin_arguments(at)
            return
        elif key in keys.id and self.call_id is None:
            self.role = "id"
        elif key in keys.name or key in keys.arguments:
            self.repaired("repeated_key", f"the key {key!r} stands twice in the call; the first one counts", at)
        elif self.bare and not self.call.count and key not in keys.ignored and key not in keys.id:
            self.refuse(at)
        if self.role:
            self.captured = []
            self.out = self.captured.append

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
            if self.call.begin(self.name or "", self.call_id, at):
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
            if self.copy < at:
                self.out(self.text[self.copy : at])
            if role == "name":
                name = string_value(self.captured)
                self.name = name.strip() if isinstance(name, str) else ""
                if not self.name:
                    self.name = None
                    return self.refuse(at) if not self.call.count else at
            elif role == "id":
                self.call_id = id_value(self.captured)
        self.copy = at
        self.out = discard
        if self.closed and self.name and not self.began and (self.call_id is not None or not self.keys.waits_for_id):
            self.flush(at)
        return ~at if self.refused else at

    def flush(self, at: int) -> None:
        """The name is known at last: the call begins and the arguments that were kept follow."""
        self.begin(at)
        if self.began:
            for text in self.pending or ():
                self.call.write(text)
            self.pending = []
            self.write = self.call.parts.append

    def after(self, at: int) -> int:
        return self.unclosed(at) if self.next_begins(at) else super().after(at)

    def before_key(self, at: int) -> int:
        return self.unclosed(at) if self.next_begins(at) else super().before_key(at)

    def next_begins(self, at: int) -> bool:
        """Whether another object begins where this one, with name and arguments, has not been closed."""
        if not (self.closed and self.name and len(self.stack) == self.level):
            return False
        return self.text.startswith("{", _SPACES.match(self.text, at).end())  # type: ignore[union-attr]

    def unclosed(self, at: int) -> int:
        at = _SPACES.match(self.text, at).end()  # type: ignore[union-attr]
        self.trailing(at)
        self.repaired("missing_closer", "a missing } was added", at)
        self.pop()
        return at

    def object_ended(self, at: int) -> int:
        self.copy = at
        self.settle(at, complete=True)
        if self.refused:
            return ~at
        self.level = -1
        self.out = discard
        if self.stack:
            self.state = self.element
        else:
            self.done = True
        return at

    def settle(self, at: int, complete: bool) -> None:
        """No more of this object will come."""
        if not self.began and self.name and not (self.bare and not self.closed):
            self.flush(at)
            if self.began and not self.closed and complete:
                self.call.write("{}")
        if self.began:
            self.call.end(complete, at)
            self.began = False
        elif self.refused:
            return
        elif self.call.count or (self.loose and self.stack):
            text = "".join(self.kept or ()) + self.text[self.kept_at : at]
            position = self.kept_from - self.call.base
            self.call.problem("dropped_text", f"an object without a name is no call and was dropped: {text}", position)
        else:
            self.refuse(at)

    def text_ended(self, at: int, how: str) -> int:
        self.trailing(at)
        self.patch(at, at, "")
        if self.level >= 0:
            if how == "close" and self.role == "arguments":
                if self.state == self.arguments:
                    self.write("{}")
                else:
                    self.patch(at, at, self.completion(self.level))
                    self.arguments_ended(at)
                self.closed = True
            if len(self.stack) >= self.level:
                self.repaired("missing_closer", "the braces of the call were not all closed", at)
            self.settle(at, complete=self.closed or how == "close")
        if not self.call.count:
            return self.refuse(at)
        self.report_between()
        self.done = True
        return ~at

    def finish(self, at: int) -> None:
        """The output ended inside the text."""
        if self.role == "arguments" and self.out == self.write:
            self.cut_off()
        if self.level >= 0:
            self.settle(at, complete=self.closed)
        if not self.call.count:
            self.refuse(at)
        self.report_between()
        self.done = True


def string_value(parts: list[str]) -> object:
    """The value of a JSON scalar that was captured; not every one is a string."""
    text = "".join(parts).strip(SPACE)
    return json.loads(text) if text[:1] == '"' else None


def id_value(parts: list[str]) -> str | None:
    """An id that was captured: a string that is not empty, or the digits of a counter."""
    found = string_value(parts)
    text = found if isinstance(found, str) else "".join(parts).strip(SPACE)
    return text if isinstance(found, str) or text.isdecimal() else None
