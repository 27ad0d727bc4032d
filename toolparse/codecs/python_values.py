"""A value as Python writes it in, JSON text out, piece by piece: literals, strings, lists, tuples, sets and dicts.

    value ──"──> string ──"──> after_value ──, :──> value ...
          ──number, name, anything else──> expression ──, )──> after_value

Strings flow as they arrive. A number, a name or an expression is held until the `,` or closer of its level; what is no literal becomes
a string of its text, with a problem. Nothing is evaluated. Three things are kept until more is known: braces, which are a dict or a
set, up to what stands behind their first element; the key of a dict, up to its colon, since a second value of one key is left out; and
what is left out, for the report. This module knows nothing of arguments' names, and of markers only where they end the text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Literal

from toolparse.codecs.codec_base import StateReader
from toolparse.codecs.plain_python import PlainPython
from toolparse.codecs.writer import Level
from toolparse.jsontext.characters import ALL_SPACES, BRACKETS, HIGH, SPACE, escaped, quote
from toolparse.jsontext.held_text import HeldText
from toolparse.jsontext.python_literals import CODE, ESCAPES, code_of
from toolparse.jsontext.scalars import WORDS, based_number, begun_scalar, loose_number
from toolparse.wire.markers import EndMarks
from toolparse.wire.open_call import OpenCall
from toolparse.wire.trailing_stops import Search, TrailingStops, flow_before

WIDE = {"，": ",", "）": ")", "：": ":", "］": "]", "｝": "}"}
"""Full-width punctuation, which is structure where only structure can stand."""
_CURLY = {"“": "”", "”": "”", "‘": "’", "’": "’"}
_KEY_BEGIN = re.compile(r'[ \t\r\n]*(?:"[^"\\\x00-\x1f]*(?:"[ \t\r\n]*)?)?\Z').match
_STOP = {quote: re.compile(rf"[{quote}\\\\\x00-\x1f\"]") for quote in "\"'"}
_STOP |= {"”": re.compile(r"[”\"\\\x00-\x1f]"), "’": re.compile(r"[’'\"\\\x00-\x1f]")}
ODD = {quote: rf'[{quote}"\\\x00-\x1f](?:(?<=[\x00-\x1f])|(?<=\\)(?![ntrbf\\"])|(?<=")(?:(?<!\\")|(?<=\\\\"))|(?<=\'))' for quote in "\"'"}
"""Stands nowhere in the inside of a string that reads the same in JSON."""
_WORD_BEGIN = re.compile(r"[ \t\r\n]*[-+.\w]{0,24}[ \t\r\n]*\Z").match
_EXPRESSION = re.compile(r"""[,)\]}:("'\[{\\<=，）：］｝]""")
"""What may end an expression, markers (which begin with `<`) among it, or be the sign of an argument behind it."""
_SIMPLE = {letter: escaped(character) for letter, character in ESCAPES.items()} | {"/": "/"}
_CODE = re.compile(CODE)
_CODE_BEGIN = re.compile(r"(?:[0-7]{1,2}|x[0-9a-fA-F]?|u[0-9a-fA-F]{0,3}|U[0-9a-fA-F]{0,7})\Z")
_SURROGATE_PAIR = re.compile(HIGH + r"\\u[dD][c-fC-F][0-9a-fA-F]{2}")
_SURROGATE_PAIR_BEGIN = re.compile(HIGH + r"(?:\\(?:u(?:[dD](?:[c-fC-F][0-9a-fA-F]?)?)?)?)?\Z")
_WORDS = WORDS | {word: word for word in WORDS.values()}


class Container(Level):
    """An open list, tuple, dict or set. `seen` are a dict's keys as JSON text.

    `undecided`: braces whose first element has not shown which of the two they are, or parentheses that may be around one value, of
    which a comma makes a tuple. `is_key`: a dict's key is open or has no colon
    yet; `wants`: its value is due; `repeated`: it is left out.
    """

    __slots__ = ("closer", "is_key", "is_map", "repeated", "undecided", "wants")

    def __init__(self, opener: str) -> None:
        super().__init__()
        self.closer = BRACKETS[opener]
        self.undecided = opener in "{("
        self.is_map = False
        self.is_key = False
        self.wants = False
        self.repeated = False


class Kept:
    """Text that is not written yet, or not at all: that of undecided brackets, of a dict's key, or what is left out."""

    __slots__ = ("container", "parts", "what")

    def __init__(self, what: Literal["brackets", "key", "left"], container: Container | None) -> None:
        self.what = what
        self.container = container
        self.parts: list[str] = []


@lru_cache(maxsize=64)
def _flows(stops: TrailingStops) -> dict[str, Search]:
    """Finds nothing in what passes through a string in these quotes as it is."""
    return {quote: flow_before(stops.stops, odd) for quote, odd in ODD.items()}


class PythonValues(StateReader):
    """Reads values; `value` is where one begins, `ended_at_top` is the state behind one that stands in no container."""

    __slots__ = (
        "brackets", "depth", "dropping", "ends", "kept", "kept_length", "plain", "quote", "quotes", "raw_quotes", "spilling", "stack",
        "start", "trailing_stops", "wants", "wide", "word",
    )  # fmt: skip

    def __init__(self, call: OpenCall, ends: EndMarks, raw_quotes: bool) -> None:
        super().__init__(call, self.value)
        self.ends = ends
        self.trailing_stops = ends.trailing
        self.depth = call.rules.max_depth
        self.raw_quotes = raw_quotes
        self.stack: list[Container] = []
        self.wants = False
        self.kept: list[Kept] = []
        self.kept_length = 0
        self.start = 0
        self.quote = ""
        self.quotes = False
        self.word = HeldText()
        self.spilling = False
        self.dropping = False
        self.brackets: list[str] = []
        self.wide = False
        self.plain = PlainPython(self)

    def step(self, text: str, at: int, last: bool) -> int:
        """Read `text` from `at`; returns the position of the first character still needed. `last`: no more will come."""
        self.text = text
        self.last = last
        plain = self.plain
        plain.leave()
        while not self.done:
            if not last and plain.enter():
                at = plain.read(text, at)
                if plain.written:
                    self.call.parts.append(plain.written)
                if at >= 0:
                    plain.leave()
                    return at
                at = ~at
            at = self.state(at)
            if at < 0:
                return ~at
        return at

    @property
    def passes(self) -> PlainPython | None:
        """What reads on from here, if only to say how much of the text is plain."""
        return self.plain if self.plain.enter() else None

    @property
    def flow(self) -> Callable[[str], re.Match[str] | None] | None:
        return _flows(self.trailing_stops).get(self.quote[0]) if self.state == self.string and not self.kept else None

    @property
    def waits(self) -> Callable[[str], object] | None:
        if self.state != self.value:
            return None
        top = self.stack[-1] if self.stack else None
        in_key = (
            top is not None and top.closer == "}" and not top.wants and not top.is_key and (top.is_map or (top.undecided and not top.count))
        )
        return _KEY_BEGIN if in_key else _WORD_BEGIN

    @property
    def held(self) -> int:
        return self.word.length + self.kept_length

    # -- what the owner of the values decides ---------------------------------------------------------------------------------------------

    def ended_at_top(self, character: str, at: int) -> int | None:
        """Behind a value in no container: where to go on, None if `character` does not belong there."""
        raise NotImplementedError

    def cut(self, at: int, how: str) -> int:
        """A marker outside any string ends the text."""
        raise NotImplementedError

    def closes_argument(self, character: str, at: int) -> bool | None:
        """Whether a quote in no container closes its string, with `character` at `at` behind it; None when more text must tell."""
        raise NotImplementedError

    def another(self, at: int) -> int | None:
        """Where the value of a further argument begins, whose sign stands at `at` and whose key ends the expression that is held; None
        where none does."""
        raise NotImplementedError

    def wide_ends(self, at: int) -> bool | None:
        """Whether full-width punctuation at `at` ends the expression that is held."""
        raise NotImplementedError

    # -- output -----------------------------------------------------------------------------------------------------------------------

    def emit(self, text: str) -> None:
        if not self.kept:
            if text:
                self.call.parts.append(text)
            return
        self.kept[-1].parts.append(text)
        self.kept_length += len(text)
        if self.kept_length > self.call.rules.max_held:
            self.overflow()

    def keep(self, what: Literal["brackets", "key", "left"], container: Container | None = None) -> None:
        self.kept.append(Kept(what, container))

    def kept_text(self) -> str:
        text = "".join(self.kept.pop().parts)
        self.kept_length -= len(text)
        return text

    def overflow(self) -> None:
        """More is kept than may be: brackets become a list and keys are written as they are; what is left out is cut."""
        while self.kept and self.kept[0].what != "left":
            first = self.kept.pop(0)
            text = "".join(first.parts)
            self.kept_length -= len(text)
            container = first.container
            assert container is not None
            if first.what == "brackets":
                container.undecided = False
                self.call.write("[" + text)
                if container.closer == ")":
                    self.call.problem("too_long", "a value in parentheses that is longer than may be held became a list", 0, error=True)
            else:
                key = text if text.startswith('"') else quote(text)
                self.call.write((", " if container.seen else "") + key)
                container.seen.add("")  # as it is there, though no other is told from it
        surplus = self.kept_length - self.call.rules.max_held
        if surplus > 0:
            parts = self.kept[-1].parts
            parts[-1] = parts[-1][:-surplus]
            self.kept_length -= surplus

    # -- values -----------------------------------------------------------------------------------------------------------------------

    def token(self, at: int) -> int:
        """Where the next token begins; negative where it is not there yet, or a marker has ended the text."""
        text = self.text
        if not " " < text[at : at + 1] <= "\x7f":
            start, at = at, ALL_SPACES.match(text, at).end()
            if not text[start:at].isascii():
                self.call.problem("repaired_markup", "white space of another kind was read as such", start)
        if at == len(text):
            return ~at
        ends = self.ends(text, at, self.last)
        if ends is None:
            return ~at
        return self.cut(at, str(ends)) if ends else at

    def mark(self, at: int) -> str:
        """The punctuation at `at`, where none but structure can stand: full-width as its ASCII counterpart."""
        character = self.text[at]
        if character not in WIDE:
            return character
        if not self.wide:
            self.wide = True
            self.call.problem("repaired_markup", "full-width punctuation was read as ASCII", at)
        return WIDE[character]

    def value(self, at: int) -> int:
        """Where a value may stand: an argument's, an element, a key of a dict."""
        text = self.text
        top = self.stack[-1] if self.stack else None
        at = self.token(at)
        if at < 0:
            return at
        character = self.mark(at)
        if character in ")]}":
            self.state = self.after_value
            return at
        if character == ",":
            if top is None:
                self.state = self.after_value
                return at
            self.settle(top, at)
            return at + 1
        if character in "\"'":
            return self.open_string(character, at)
        if character in _CURLY:
            return self.open_curly(character, at)
        if not self.last and begun_scalar(text, at):
            return ~at
        self.separate()
        if character in "([{" and len(self.stack) < self.depth and not (top is not None and top.is_key):
            container = self.opened(character)
            if container.undecided:
                self.keep("brackets", container)
            else:
                self.emit("[")
            return at + 1
        self.begin_expression(at, dropping=False)
        return at

    def opened(self, opener: str) -> Container:
        """A container that begins here."""
        container = Container(opener)
        self.stack.append(container)
        return container

    def separate(self) -> None:
        """A value begins: the comma before it, or the place for a key."""
        if not self.stack:
            self.wants = False
            return
        top = self.stack[-1]
        if top.is_map and not top.wants:
            top.is_key = True
            self.keep("key", top)
        elif top.is_map:
            top.wants = False
        elif top.count:
            self.emit(", ")
        top.count += 1

    def ended(self) -> None:
        """A value is complete."""
        self.state = self.after_value

    def after_value(self, at: int) -> int:
        at = self.token(at)
        if at < 0:
            return at
        character = self.mark(at)
        if not self.stack:
            moved = self.ended_at_top(character, at)
            if moved is not None:
                return moved
        else:
            top = self.stack[-1]
            if character == top.closer:
                self.close_container(at)
                return at + 1
            if character == ":" and ((top.undecided and top.closer == "}") or top.is_key):
                self.colon(top)
                return at + 1
            if character == ",":
                if top.undecided:
                    self.decide(top)
                self.settle(top, at)
                self.state = self.value
                return at + 1
            if character == ")" or (character in "]}" and any(inner.closer == character for inner in self.stack)):
                self.call.problem("missing_closer", f"a missing {top.closer} was added", at)
                self.close_container(at)
                return at
        if character in ",)]}":
            self.call.problem("repaired_markup", f"a bracket or comma too many was dropped: {character}", at)
            if self.stack[-1].wants if self.stack else self.wants:
                self.state = self.value
            return at + 1
        self.begin_expression(at, dropping=True)
        return at

    # -- containers -------------------------------------------------------------------------------------------------------------------

    def colon(self, top: Container) -> None:
        """What stands before the colon was a key."""
        if top.undecided:
            top.undecided = False
            top.is_map = top.is_key = True
            text = self.kept_text()
            self.emit("{")
            self.key_read(top, text)
        elif self.kept and self.kept[-1].container is top:
            self.key_read(top, self.kept_text())
        else:  # a key that was too long to be kept
            self.emit(": ")
        top.is_key = False
        top.wants = True
        self.state = self.value

    def key_read(self, top: Container, key: str) -> None:
        if not key.startswith('"'):
            key = quote(key)
        if key in top.seen:
            top.repeated = True
            self.keep("left")
            self.emit(f"{key}: ")
            return
        self.emit((", " if top.seen else "") + key + ": ")
        top.seen.add(key)

    def decide(self, top: Container) -> None:
        """Braces hold a set, and parentheses a tuple."""
        top.undecided = False
        self.emit("[" + self.kept_text())

    def settle(self, top: Container, at: int) -> None:
        """An element of a container has ended: a key without a value gets one, a value of a repeated key is reported."""
        if top.is_key:
            self.colon(top)
        if top.wants:
            top.wants = False
            self.emit("null")
            self.call.problem("missing_value", "a missing value was written as null", at)
        if top.repeated:
            top.repeated = False
            self.call.problem("repeated_key", f"a key stands twice in one dict; the first one counts: {self.kept_text()}", at, error=True)

    def close_container(self, at: int) -> None:
        top = self.stack[-1]
        if top.undecided and not top.count:
            self.kept_text()
            self.emit("{}" if top.closer == "}" else "[]")
        elif top.undecided and top.closer == ")":
            self.emit(self.kept_text())
        else:
            if top.undecided:
                self.decide(top)
            self.settle(top, at)
            self.emit("}" if top.is_map else "]")
        self.stack.pop()
        self.ended()

    # -- strings ------------------------------------------------------------------------------------------------------------------------

    def open_curly(self, quote: str, at: int) -> int:
        self.call.problem("repaired_markup", "curly quotes around a string were read as ASCII", at)
        self.separate()
        self.quote = _CURLY[quote]
        self.quotes = False
        self.emit('"')
        self.state = self.string
        return at + 1

    def open_string(self, quote: str, at: int) -> int:
        text = self.text
        if not self.last and len(text) - at < 3 and text[at:] in (quote, quote * 2):
            return ~at
        triple = text.startswith(quote * 3, at)
        if triple and self.raw_quotes:
            closes = self.closes(at + 2)
            if closes is None:
                return ~at
            triple = not closes  # else the string is one quote, which nothing escapes
        self.separate()
        self.quote = quote * 3 if triple else quote
        self.quotes = False
        self.emit('"')
        self.state = self.string
        return at + len(self.quote)

    def string(self, at: int) -> int:
        text = self.text
        found = _STOP[self.quote[0]].search(text, at)
        if found is None or found[0] in SPACE:
            end = self.trailing_stops.begin(text, at)
            if found is None or end < found.start():
                self.emit(text[at:end])
                return ~end
        stop = found.start()
        if stop > at:
            self.emit(text[at:stop])
        character = text[stop]
        if character == "\\":
            return self.escape(stop)
        curly = self.quote in "”’"
        if character != self.quote[0] and not (curly and character == ("'" if self.quote == "’" else '"')):
            self.emit(escaped(character))
            return stop + 1
        quote = self.quote
        if len(quote) == 3:
            if text.startswith(quote, stop):
                return self.end_string(stop + 3)
            if not self.last and quote.startswith(text[stop:]):
                return ~stop
            self.emit(escaped(character))
            return stop + 1
        closes = self.closes(stop) if self.raw_quotes or curly else True
        if closes is None:
            return ~stop
        if closes:
            return self.end_string(stop + 1)
        if character in "\"'":
            self.call.problem("unescaped_quote", "a quote inside a string was escaped", stop)
            self.quotes = True
        self.emit(escaped(character))
        return stop + 1

    def end_string(self, at: int) -> int:
        self.emit('"')
        self.ended()
        return at

    def closes(self, at: int) -> bool | None:
        """Whether an unescaped quote closes its string, where templates escape none: by what follows it.

        Not the rule of `json_text.py`: Python has parentheses, bare keys with `=`, and code behind a string, but no missing commas.
        """
        text = self.text
        here = ALL_SPACES.match(text, at + 1, at + 129).end()
        if here == len(text):
            return True if self.last else None
        character = WIDE.get(text[here], text[here])
        if not self.stack:
            return self.closes_argument(character, here)
        top = self.stack[-1]
        if top.closer == "}":
            return character in ":,}"
        return character == "," or character == top.closer

    def escape(self, at: int) -> int:
        """A backslash in a string: a Python escape, or itself."""
        text = self.text
        follows = text[at + 1 : at + 2]
        if not follows:
            return ~at
        if follows in _SIMPLE:
            self.emit(_SIMPLE[follows])
            return at + 2
        if not self.last and (_CODE_BEGIN.match(text, at + 1) or _SURROGATE_PAIR_BEGIN.match(text, at)):
            return ~at
        pair = _SURROGATE_PAIR.match(text, at)
        if pair is not None:
            self.emit(json.loads(f'"{pair[0]}"'))
            return pair.end()
        found = _CODE.match(text, at + 1)
        if found is None:
            self.emit("\\\\")
            return at + 1
        code = code_of(*found.groups(""))
        self.emit("\\ufffd" if code > 0x10FFFF else quote(chr(code))[1:-1])
        return found.end()

    # -- everything else ------------------------------------------------------------------------------------------------------------------

    def begin_expression(self, at: int, dropping: bool) -> None:
        self.word.clear()
        self.spilling = False
        self.dropping = dropping
        self.brackets = []
        self.start = self.call.base + at
        self.state = self.expression

    def expression(self, at: int) -> int:
        """A number, a name or anything else, held until the `,` or the closer of its level."""
        text = self.text
        start = at
        while (found := _EXPRESSION.search(text, at)) is not None:
            at = found.start()
            self.hold(text[start:at])  # which may be too long, and that may decide what ends it
            start = at
            if found[0] == "=" and not self.brackets and (moved := self.another(at)) is not None:
                return moved
            ends = self.ends_expression(found[0], at)
            if ends is not False:
                if ends is None:
                    return ~at
                if isinstance(ends, str):
                    return self.cut(at, ends)
                self.close_word()
                return at
            at += 2 if found[0] == "\\" and self.brackets and self.brackets[-1] in "\"'" else 1
        self.hold(text[start:])
        return ~len(text)

    def ends_expression(self, character: str, at: int) -> bool | str | None:
        """Whether the character at `at` ends the expression, or how a marker there does; None when more text must tell."""
        top = self.brackets[-1] if self.brackets else ""
        if self.dropping and character in "\"'([{\\":
            return False
        if top in ("'", '"'):
            if character == top:
                self.brackets.pop()
            return None if character == "\\" and at + 1 == len(self.text) and not self.last else False
        if character in "\"'":
            self.brackets.append(character)
        elif character in BRACKETS:
            self.brackets.append(BRACKETS[character])
        elif character == top:
            self.brackets.pop()
        elif not self.brackets and (character in ",)]}" or (character == ":" and self.in_key())):
            return True
        elif character in WIDE:
            return False if self.brackets or self.dropping else self.wide_ends(at)
        elif character == "<":
            ends = self.ends(self.text, at, self.last)
            return str(ends) if ends else ends
        return False

    def hold(self, text: str) -> None:
        """Text of an expression: held, but not without end; a longer one is a string and flows."""
        if self.spilling:
            if not self.dropping:
                self.emit(escaped(text))
            return
        if self.word.add(text) > self.call.rules.max_held:
            self.spilling = True
            held = self.word.taken()
            if self.dropping:
                self.word.add(held[: self.call.rules.max_held])
            else:
                self.emit(f'"{escaped(held)}')

    def in_key(self) -> bool:
        if not self.stack:
            return False
        top = self.stack[-1]
        return (top.undecided and top.count == 1 and top.closer == "}") or top.is_key

    def close_word(self) -> None:
        """Write the expression that was held, as what it most nearly is."""
        if self.state != self.expression:
            return
        held = self.word.taken().strip(SPACE)
        self.ended()
        at = self.start - self.call.base
        if self.dropping:
            self.call.problem("dropped_text", f"text behind a value was dropped: {held}", at, error=True)
        elif self.spilling:
            self.call.problem("too_long", "a value that is longer than may be held became a string", at)
            self.emit('"')
        else:
            self.emit(self.literal(held, at))

    def literal(self, word: str, at: int) -> str:
        if word in _WORDS:
            return _WORDS[word]
        number = loose_number(word) or based_number(word)
        if number is not None:
            return number
        if word in ("...", "…"):
            self.call.opening.spoilt = True
        self.call.problem("no_literal", f"{word[:60]!r} is no literal and became a string", at, error=self.call.opening.spoilt)
        return f'"{escaped(word)}"'
