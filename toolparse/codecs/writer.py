"""Writing converted arguments as JSON text: commas and keys, the first of two equal keys, values that are held and values that go nowhere.

A codec that converts says what it read, in the order of the text, and this module knows how JSON writes it. It knows no wire format
and no types: what a held value is, its codec decides when it is complete.

    arguments = Arguments()
    writer.write(arguments.member("a") + "1")   # {"a": 1
    writer.write(arguments.member("b") + "2")   # , "b": 2
    writer.write(arguments.end())               # }
"""

from __future__ import annotations

from collections.abc import Mapping

from toolparse.jsontext.characters import escaped, quote
from toolparse.jsontext.held_text import HeldText
from toolparse.wire.open_call import OpenCall


def object_of(members: Mapping[str, str]) -> str:
    """An object of members whose values are JSON text.

    >>> object_of({"a": "1", "b": "[]"})
    '{"a": 1, "b": []}'
    """
    return "{" + ", ".join([f"{quote(key)}: {value}" for key, value in members.items()]) + "}"


class Level:
    """An open object or list. `count` are the values that have begun, `seen` the keys of an object."""

    __slots__ = ("count", "seen")

    def __init__(self) -> None:
        self.count = 0
        self.seen: set[str] = set()

    def member(self, key: str) -> str:
        """What stands in front of a value: the comma behind the one before it, and its key.

        >>> level = Level()
        >>> level.member("a"), level.member("b")
        ('"a": ', ', "b": ')
        """
        text = f"{', ' if self.seen else ''}{quote(key)}: "
        self.seen.add(key)
        self.count += 1
        return text

    def item(self) -> str:
        """What stands in front of an item of a list: the comma behind the one before it."""
        self.count += 1
        return ", " if self.count > 1 else ""


class Arguments(Level):
    """The arguments of a call: the brace comes with the first of them, as until then there may be none.

    >>> arguments = Arguments()
    >>> arguments.member("a") + "1" + arguments.end()
    '{"a": 1}'
    """

    __slots__ = ()

    def member(self, key: str) -> str:
        """What stands in front of a value."""
        return super().member(key) if self.seen else f"{{{super().member(key)}"

    def end(self) -> str:
        """What stands behind the last value."""
        return "}" if self.seen else "{}"


class ArgumentWriter:
    """Writes the arguments of `call`.

    `held` is the text of a value whose type is not certain yet. While `leaving` a value out, what is written goes nowhere but into the
    report. Of both at most `max_held` characters are kept: of what is held the codec is told, of what is left out the rest is cut.
    """

    __slots__ = ("call", "held", "leaving", "left")

    def __init__(self, call: OpenCall) -> None:
        self.call = call
        self.held = HeldText()
        self.leaving = False
        self.left = HeldText()

    def write(self, text: str) -> None:
        """A fragment of JSON text."""
        if self.leaving:
            self.leave(text)
        elif text:
            self.call.parts.append(text)

    def hold(self, text: str) -> bool:
        """Text of a value whose type is not certain; True when more of it is held than may be."""
        return self.held.add(text) > self.call.rules.max_held

    def taken(self) -> str:
        """The text that was held, which no longer is."""
        return self.held.taken()

    def too_long(self, what: str, start: int) -> str:
        """More of a value is held than may be, which begins at `start` in the output: the beginning of a string instead, up to here."""
        self.call.problem("too_long", f"{what} is longer than can be held; kept as a string", start - self.call.base)
        return f'"{escaped(self.taken())}'

    def leave(self, text: str) -> None:
        """Text of a value that does not count."""
        self.left.add(text[: self.call.rules.max_held - self.left.length])

    def report_left(self, what: str, at: int) -> None:
        """A value that does not count has ended: tell what it was."""
        self.leaving = False
        if self.left:
            self.call.problem("dropped_text", f"{what} was dropped: {self.left.taken()}", at)
