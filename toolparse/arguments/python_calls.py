"""Arguments as Python writes them, behind `f(`: keyword literals in, one JSON object out; further calls of a list behind commas.

    argument ──name=──> value ──, )──> argument ... ──)──> after ──,name(──> argument

Strings flow as they arrive. A number, a name or an expression is held until the `,` or closer of its level; what is no literal becomes
a string of its text, with a problem. Nothing is evaluated. Braces are a dict or a set: which of the two shows behind the first element.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from toolparse.arguments.json_text import SPACE, EndsAt, escaped, loose_number
from toolparse.calls import OpenCall
from toolparse.grammar import PythonCalls

_SPACES = re.compile(r"[ \t\r\n]*")
_KEY = re.compile(r"([^\W\d]\w{0,255})[ \t\r\n]*=(?!=)")
_KEY_BEGIN = re.compile(r"[^\W\d]\w{0,255}[ \t\r\n]*=?\Z")
_NAME = re.compile(r"[ \t\r\n]*([^\W\d][\w.\-]{0,255})[ \t\r\n]*\(")
_NAME_BEGIN = re.compile(r"[ \t\r\n]*(?:[^\W\d][\w.\-]{0,255}[ \t\r\n]*)?\Z")
_STOP = {quote: re.compile(rf"[{quote}\\\\\x00-\x1f\"]") for quote in "\"'"}
_EXPRESSION = re.compile(r"""[,)\]}:("'\[{\\<]""")
"""What may end an expression, markers (which begin with `<`) among it."""
_STRING_OPEN = re.compile(r"(?:\"\"\"|'''|[\"'])")
_SIMPLE = {"n": "\\n", "t": "\\t", "r": "\\r", "b": "\\b", "f": "\\f", "\\": "\\\\", "'": "'", '"': '\\"', "a": "\\u0007", "v": "\\u000b"}
_DIGITS = {"x": 2, "u": 4, "U": 8}
_HEXADECIMAL = re.compile("[0-9a-fA-F]*")
_SURROGATE_PAIR = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
_SURROGATE_PAIR_BEGIN = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}(?:\\(?:u(?:[dD](?:[c-fC-F][0-9a-fA-F]?)?)?)?)?\Z")
_OCTAL = re.compile("[0-7]{1,3}")
_WORDS = {"True": "true", "False": "false", "None": "null", "true": "true", "false": "false", "null": "null"}
_RADIX = re.compile(r"[+-]?0(?:[xX][0-9a-fA-F]{1,512}|[oO][0-7]{1,512}|[bB][01]{1,512})")
_CLOSERS = {"(": ")", "[": "]", "{": "}"}
_NEXT_ARGUMENT = re.compile(r"[ \t\r\n]*(?:[^\W\d]\w{0,255}[ \t\r\n]*=(?!=)|\))")
_NEXT_ARGUMENT_BEGIN = re.compile(r"[ \t\r\n]*(?:[^\W\d]\w{0,255}[ \t\r\n]*=?)?\Z")


class Container:
    """An open list, tuple, dict or set. `undecided`: braces whose first element has not shown which of the two they are."""

    __slots__ = ("closer", "count", "held", "is_key", "is_map", "undecided")

    def __init__(self, opener: str) -> None:
        self.closer = _CLOSERS[opener]
        self.undecided = opener == "{"
        self.is_map = False
        self.is_key = False
        self.count = 0
        self.held: list[str] = []


class PythonReader:
    """The calls of a list, the first of which has begun with its header; or that one call."""

    passes = None

    __slots__ = (
        "brackets", "call", "depth", "done", "ends", "given", "json_escapes", "key", "last", "listed", "quote", "raw_quotes", "refused",
        "spilling", "stack", "state", "text", "word", "word_length",
    )  # fmt: skip

    def __init__(self, call: OpenCall, body: PythonCalls, ends: EndsAt, depth: int) -> None:
        self.call = call
        self.listed = body.listed
        self.raw_quotes = body.raw_quotes
        self.json_escapes = body.json_escapes
        self.ends = ends
        self.depth = depth
        self.given: set[str] = set()
        self.key: str | None = None
        self.stack: list[Container] = []
        self.word: list[str] = []
        self.word_length = 0
        self.spilling = False
        self.brackets: list[str] = []
        self.quote = ""
        self.state: Callable[[int], int] = self.argument
        self.done = False
        self.refused = False
        self.text = ""
        self.last = False

    def step(self, text: str, at: int, last: bool) -> int:
        self.text = text
        self.last = last
        while not self.done:
            at = self.state(at)
            if at < 0:
                return ~at
        return at

    @property
    def flow(self) -> Callable[[str], re.Match[str] | None] | None:
        direct = self.state == self.string and self.key is not None and not any(inner.undecided for inner in self.stack)
        return _STOP[self.quote[0]].search if direct else None

    @property
    def held(self) -> int:
        """How many characters have been read and not passed on."""
        return sum(map(len, self.word)) + sum(len(text) for inner in self.stack for text in inner.held)

    def finish(self, at: int) -> None:
        """The output ended; outside the parentheses of a call that leaves nothing open."""
        self.done = True
        if self.call.open:
            self.call.end(False, at)

    # -- output -----------------------------------------------------------------------------------------------------------------------

    def emit(self, text: str) -> None:
        """Write to the arguments, or hold what stands in braces that are not decided yet. A value without a name goes nowhere."""
        if self.key is None:
            return
        for container in reversed(self.stack):
            if container.undecided:
                container.held.append(text)
                return
        self.call.write(text)

    # -- arguments --------------------------------------------------------------------------------------------------------------------

    def argument(self, at: int) -> int:
        """Where an argument or the closing parenthesis may stand."""
        text = self.text
        at = _SPACES.match(text, at).end()  # type: ignore[union-attr]
        if at == len(text):
            return ~at
        ends = self.ends(text, at, self.last)
        if ends is None:
            return ~at
        if ends:
            return self.cut(at, str(ends))
        character = text[at]
        if character == ")":
            self.end_call(at + 1)
            return at + 1
        if character == ",":
            return at + 1
        found = _KEY.match(text, at)
        if found is not None:
            if found.end() == len(text) and not self.last:
                return ~at
            self.begin_value(found[1], at)
            return found.end()
        if not self.last and _KEY_BEGIN.match(text, at):
            return ~at
        self.positional(at)
        return at

    def begin_value(self, key: str | None, at: int) -> None:
        if key is not None and key in self.given:
            self.call.problem("repeated_key", f"the argument {key!r} is given twice; the first one stands", at)
            key = None
        self.key = key
        if key is not None:
            self.emit((", " if self.given else "{") + json.dumps(key, ensure_ascii=False) + ": ")
            self.given.add(key)
        self.state = self.value

    def positional(self, at: int) -> None:
        """A value without a name takes the name of the only parameter; if there are more it is left out."""
        tool = self.call.tool
        keys = tool.keys if tool is not None else ()
        if len(keys) == 1 and not self.given:
            self.begin_value(keys[0], at)
        else:
            self.call.problem("positional_argument", "an argument without a name was left out", at, error=True)
            self.begin_value(None, at)

    def end_call(self, at: int) -> None:
        self.call.write("}" if self.given else "{}")
        self.call.end(True, at)
        self.given = set()
        self.key = None
        self.state = self.after
        self.done = not self.listed

    def cut(self, at: int, how: str) -> int:
        """A marker outside any string ends the text: the call's own closer closes what is open, anything else cuts the call."""
        if how == "close":
            self.close_word(at)
            while self.stack:
                self.close_container(at)
            self.call.problem("missing_closer", "missing closers were added", at)
            self.end_call(at)
        else:
            self.call.end(False, at)
        self.done = True
        return ~at

    def after(self, at: int) -> int:
        """Behind a call of a list: a comma and the next call, the end of the list, or no more of it."""
        text = self.text
        here = _SPACES.match(text, at).end()  # type: ignore[union-attr]
        if here == len(text):
            return ~at
        if text[here] == "]":
            self.done = True
            return here + 1
        if text[here] == ",":
            closing = _SPACES.match(text, here + 1).end()  # type: ignore[union-attr]
            if text[closing : closing + 1] == "]":
                self.done = True
                return closing + 1
            found = _NAME.match(text, here + 1)
            if found is not None:
                self.call.starts_at(found.start(1))
                self.call.begin(found[1], None, found.start(1))
                self.state = self.argument
                return found.end()
            if not self.last and len(text) - here < 1024 and _NAME_BEGIN.match(text, here + 1):
                return ~at
        self.done = True
        return at

    # -- values -----------------------------------------------------------------------------------------------------------------------

    def value(self, at: int) -> int:
        """Where a value may stand: an argument's, an element, a key of a dict."""
        text = self.text
        at = _SPACES.match(text, at).end()  # type: ignore[union-attr]
        if at == len(text):
            return ~at
        ends = self.ends(text, at, self.last)
        if ends is None:
            return ~at
        if ends:
            return self.cut(at, str(ends))
        character = text[at]
        top = self.stack[-1] if self.stack else None
        if top is not None and character == top.closer:
            self.close_container(at)
            return at + 1
        if top is not None and character == ",":
            return at + 1
        if character in "\"'":
            if not self.last and len(text) - at < 3 and text[at:] in (character, character * 2):
                return ~at
            triple = text.startswith(character * 3, at)
            if triple and self.raw_quotes:
                closes = self.closes(at + 2)
                if closes is None:
                    return ~at
                triple = not closes  # else the string is one quote, which nothing escapes
            self.separate()
            self.quote = character * 3 if triple else character
            self.emit('"')
            self.state = self.string
            return at + len(self.quote)
        if character in "([{" and len(self.stack) < self.depth:
            self.separate()
            container = Container(character)
            if not container.undecided:
                self.emit("[")
            self.stack.append(container)
            return at + 1
        self.separate()
        self.word = []
        self.word_length = 0
        self.spilling = False
        self.brackets = []
        self.state = self.expression
        return at

    def separate(self) -> None:
        """An element begins: the comma before it."""
        if self.stack:
            top = self.stack[-1]
            if top.is_map and not top.is_key:
                top.is_key = True
                if top.count:
                    self.emit(", ")
            elif top.is_map:
                top.is_key = False
            elif top.count:
                self.emit(", ")
            top.count += 1

    def ended(self) -> None:
        """A value is complete."""
        self.state = self.after_value

    def after_value(self, at: int) -> int:
        text = self.text
        at = _SPACES.match(text, at).end()  # type: ignore[union-attr]
        if at == len(text):
            return ~at
        ends = self.ends(text, at, self.last)
        if ends is None:
            return ~at
        if ends:
            return self.cut(at, str(ends))
        character = text[at]
        if not self.stack:
            if character in ",)":
                self.state = self.argument
                return at + (character == ",")
        else:
            top = self.stack[-1]
            if character == top.closer:
                self.close_container(at)
                return at + 1
            if character == ":" and top.undecided:
                self.decide(top, is_map=True)
                self.emit(": ")
                self.state = self.value
                return at + 1
            if character == ":" and top.is_map and top.is_key:
                self.emit(": ")
                self.state = self.value
                return at + 1
            if character == ",":
                if top.undecided:
                    self.decide(top, is_map=False)
                elif top.is_map and top.is_key:
                    self.emit(": null")
                    top.is_key = False
                self.state = self.value
                return at + 1
            if character in ")]}" and (character == ")" or any(inner.closer == character for inner in self.stack)):
                self.call.problem("missing_closer", f"a missing {top.closer} was added", at)
                self.close_container(at)
                return at
        self.call.problem("dropped_text", f"text behind a value was dropped: {character!r}", at)
        return at + 1

    def decide(self, container: Container, is_map: bool) -> None:
        """The first element has shown whether braces are a dict or a set."""
        container.undecided = False
        container.is_map = is_map
        container.is_key = is_map
        held, container.held = "".join(container.held), []
        if not is_map:
            self.emit("[" + held)
            return
        if not held.startswith('"'):
            held = json.dumps(held, ensure_ascii=False)
        self.emit("{" + held)

    def close_container(self, at: int) -> None:
        top = self.stack[-1]
        if top.undecided:
            top.undecided = False
            held, top.held = "".join(top.held), []
            self.emit(f"[{held}]" if top.count else "{}")
        elif top.is_map:
            self.emit(": null}" if top.is_key else "}")
        else:
            self.emit("]")
        self.stack.pop()
        self.ended()

    # -- strings ------------------------------------------------------------------------------------------------------------------------

    def string(self, at: int) -> int:
        text = self.text
        found = _STOP[self.quote[0]].search(text, at)
        if found is None:
            self.emit(text[at:])
            return ~len(text)
        stop = found.start()
        self.emit(text[at:stop])
        character = text[stop]
        if character == "\\":
            return self.escape(stop)
        if character != self.quote[0]:
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
        closes = self.closes(stop) if self.raw_quotes else True
        if closes is None:
            return ~stop
        if closes:
            return self.end_string(stop + 1)
        self.call.problem("unescaped_quote", "a quote inside a string was escaped", stop)
        self.emit(escaped(character))
        return stop + 1

    def end_string(self, at: int) -> int:
        self.emit('"')
        self.ended()
        return at

    def closes(self, at: int) -> bool | None:
        """Whether an unescaped quote closes its string, where templates escape none: by what follows it."""
        text = self.text
        here = _SPACES.match(text, at + 1, at + 129).end()  # type: ignore[union-attr]
        if here == len(text):
            return True if self.last else None
        character = text[here]
        if not self.stack:
            if character == ")":
                return True
            if character != ",":
                return False
            found = _NEXT_ARGUMENT.match(text, here + 1, here + 300)
            if found is not None and (found.end() < len(text) or found[0].endswith(")") or self.last):
                return True
            return None if not self.last and _NEXT_ARGUMENT_BEGIN.match(text, here + 1) and len(text) - here < 300 else False
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
        if follows == "\n":
            return at + 2
        if follows == "/" and self.json_escapes:
            self.emit("/")
            return at + 2
        if follows in _DIGITS:
            wanted = _DIGITS[follows]
            digits = _HEXADECIMAL.match(text, at + 2, at + 2 + wanted)[0]  # type: ignore[index]
            if len(digits) == wanted:
                pair = _SURROGATE_PAIR.match(text, at)
                if pair is not None:
                    self.emit(json.loads(f'"{pair[0]}"'))
                    return pair.end()
                if not self.last and _SURROGATE_PAIR_BEGIN.match(text, at):
                    return ~at
                self.emit(character_of(int(digits, 16)))
                return at + 2 + wanted
            if at + 2 + len(digits) == len(text) and not self.last:
                return ~at
        octal = _OCTAL.match(text, at + 1)
        if octal is not None:
            if octal.end() == len(text) and len(octal[0]) < 3 and not self.last:
                return ~at
            self.emit(character_of(int(octal[0], 8)))
            return octal.end()
        self.emit("\\\\")
        return at + 1

    # -- everything else ------------------------------------------------------------------------------------------------------------------

    def expression(self, at: int) -> int:
        """A number, a name or anything else, held until the `,` or the closer of its level."""
        text = self.text
        start = at
        while True:
            found = _EXPRESSION.search(text, at)
            if found is None:
                break
            at = found.start()
            character = found[0]
            top = self.brackets[-1] if self.brackets else ""
            if top in ("'", '"'):
                if character == "\\":
                    if at + 1 == len(text) and not self.last:
                        self.keep(text[start:at])
                        return ~at
                    at += 2
                    continue
                if character == top:
                    self.brackets.pop()
            elif character in "\"'":
                self.brackets.append(character)
            elif character in _CLOSERS:
                self.brackets.append(_CLOSERS[character])
            elif character == top:
                self.brackets.pop()
            elif not self.brackets and (character in ",)]}" or (character == ":" and self.in_key())):
                self.keep(text[start:at])
                self.close_word(at)
                return at
            elif character == "<":
                ends = self.ends(text, at, self.last)
                if ends is not False:
                    self.keep(text[start:at])
                    return ~at if ends is None else self.cut(at, str(ends))
            at += 1
        self.keep(text[start:])
        return ~len(text)

    def keep(self, text: str) -> None:
        """Text of an expression: held, but not without end; a longer one is a string and flows."""
        if self.spilling:
            self.emit(escaped(text))
            return
        self.word.append(text)
        self.word_length += len(text)
        if self.word_length > self.call.max_held:
            held, self.word = "".join(self.word), []
            self.spilling = True
            self.emit(f'"{escaped(held)}')

    def in_key(self) -> bool:
        if not self.stack:
            return False
        top = self.stack[-1]
        return (top.undecided and top.count == 1) or (top.is_map and top.is_key)

    def close_word(self, at: int) -> None:
        """Write the expression that was held, as what it most nearly is."""
        if self.state != self.expression:
            return
        if self.spilling:
            self.call.problem("too_long", "a value that is longer than may be held became a string", at)
            self.emit('"')
            self.ended()
            return
        held = "".join(self.word)
        self.word = []
        value = self.literal(held.strip(SPACE), at - len(held))
        if self.in_key() and not value.startswith('"') and not self.stack[-1].undecided:
            value = json.dumps(value, ensure_ascii=False)
        self.emit(value)
        self.ended()

    def literal(self, word: str, at: int) -> str:
        if word in _WORDS:
            return _WORDS[word]
        number = loose_number(word)
        if number is not None:
            return number
        if _RADIX.fullmatch(word):
            return str(int(word, 0))
        self.call.problem("no_literal", f"{word[:60]!r} is no literal and became a string", at)
        return f'"{escaped(word)}"'


def character_of(code: int) -> str:
    """A character by its code, as JSON text inside a string."""
    if code > 0x10FFFF:
        return "\\ufffd"
    return f"\\u{code:04x}" if 0xD800 <= code < 0xE000 else escaped(chr(code))
