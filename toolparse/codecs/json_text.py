r"""JSON text in, valid JSON text out, piece by piece.

Theory of operation. The machine walks over the text with one pattern per state. What is good JSON is never rebuilt: the machine only moves
a cursor over it, and everything between the last copied character and the cursor is passed on in one slice. A repair copies up to the
fault, writes something else and moves the copy mark behind it. What cannot be decided yet (a quote that may not be the closing one, a
number that may get more digits, a comma that may be a trailing one) stays in front of the cursor or is kept in `word`/`gap`, so what has
been passed on is at every moment the beginning of a valid document and is never taken back.

    value ──"──> string ──"──> after ──,──> key (objects) / value (lists) ──}]──> after ... ──> done
                                            key ──":──> value

Each state is a method that takes the position and returns where it got to; `~position` says that more text must tell. Strict JSON is
matched by the patterns at the top, which also look at what follows a quote or a comma; the rest is mended (`odd`, ...).

One closing-quote rule serves all strings (`closing_quotes.py`). Nesting deeper than `depth` becomes a string that holds the raw text.
This module knows nothing of formats, names or markers: `ends` tells it where the call's text stops.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Any, Protocol

from toolparse.codecs.bare_words import SCALAR_BEGIN, STRICT_SCALAR, scalar
from toolparse.codecs.closing_quotes import BARE_MEMBER, BEGINS_VALUE, LOOK, QUOTE_CLASS, WIDE, closes, past_space, swallowed_key
from toolparse.codecs.codec_base import NO_ENDS
from toolparse.codecs.strict_json import PLAIN, StrictJson
from toolparse.codecs.string_escapes import odd_character
from toolparse.jsontext.characters import ODD_SPACE, SPACE, SPACES, escaped
from toolparse.jsontext.held_text import HeldText
from toolparse.wire.markers import EndMarks

_STOPS = {
    '"': PLAIN, "\\": PLAIN, "'": re.compile(r"""['"\\\x00-\x1f]""").search,
    "“": re.compile(r'["“”„‟＂\\\x00-\x1f]').search, "‘": re.compile(r"""["'‘’‚‛＇\\\x00-\x1f]""").search,
}  # fmt: skip
"""What stops a string that was opened so: by either straight quote, a curly double or single one, or an escaped double one."""
_CLOSERS = {'"': '"', "\\": '"', "'": "'", "“": '"“”„‟＂', "‘": "'‘’‚‛＇"}
_OPENED = {mark: kind for kind, marks in (("“", "“”„‟＂"), ("‘", "‘’‚‛＇")) for mark in marks} | {'"': '"', "'": "'", "\\": "\\"}
_BLANK = SPACE + ODD_SPACE
_TYPOGRAPHY = WIDE | {mark: '"' if kind == "“" else "'" for mark, kind in _OPENED.items() if mark > "\x7f"}
_BARE_KEY = re.compile(rf"[^\s{QUOTE_CLASS}{{}}\[\],:=<>，：｛｝＝]{{1,128}}")
_ASSIGNED = re.compile(r"([\w$.\-]{1,64})[ ]{0,8}([=:])[ ]{0,8}([{\[]?)[ ]{0,8}\Z")
_ASSIGNING = re.compile(r"(?<![ \t=:{\[])[ ]{0,8}(?:[=:][ ]{0,8}(?:[{\[][ ]{0,8})?)?\Z")
_ODD_KEY = re.compile(r"[^\w$.\-]")
_PLAIN_KEY = re.compile(r"[A-Za-z_$][\w$.\-]{0,63}")
_WORD_END = re.compile(rf"[,}}\]\n{QUOTE_CLASS}{{\[，｝］]")
_DEEP = re.compile(r'["\\{}\[\]]')

MAX_HELD = 1_048_576
"""How many characters of an unquoted value are held, unless `max_held` is set; a longer one becomes a string."""


class Reporter(Protocol):
    """Where repairs are reported. `position` is an index into the text of the running step."""

    def problem(self, kind: str, message: str, position: int, error: bool = False) -> None: ...


Search = Callable[[str], "re.Match[str] | None"]


class JsonReader:
    """One JSON value, read incrementally.

    `out` receives valid JSON text, `report` the repairs. `step` returns how far it got; `done` says that the value has closed, or that an
    end marker has ended the text. `direct`: `out` is where the text finally goes, so `passes` may read in place of `step`; `flow` is for
    further codecs, `level` the depth whose values are watched. `kept`, a list, takes the text as it was read. `lost`: what only the writer
    knows was dropped or made up. One of the `trailing_stops` may end the output in a string.
    """

    __slots__ = (
        "after_comment", "commented_quotes", "copy", "deep", "depth", "direct", "done", "ends", "flow", "gap", "in_array", "kept",
        "kept_at", "key_text", "last", "last_keys", "level", "lost", "max_held", "out", "quote", "report", "seen", "stack", "state",
        "strict", "text", "trailing_stops", "unpaired", "word",
    )  # fmt: skip

    def __init__(
        self,
        report: Reporter,
        out: Callable[[str], Any],
        ends: EndMarks = NO_ENDS,
        depth: int = 256,
    ) -> None:
        self.report = report
        self.out = out
        self.ends = ends
        self.trailing_stops = ends.trailing
        self.depth = depth
        self.state: Callable[[int], int] = self.value
        self.stack: list[str] = []
        self.seen: list[set[str]] = []
        self.last_keys: Collection[str] = ()
        self.in_array = False
        self.level = 0
        self.quote = '"'
        self.key_text = ""
        self.word = HeldText()
        self.max_held = MAX_HELD
        self.gap = HeldText()
        self.deep = (0, False)
        self.after_comment: Callable[[int], int] = self.value
        self.commented_quotes = 0
        self.kept: list[str] | None = None
        self.kept_at = 0
        self.direct = False
        self.flow: Search | None = None
        self.strict = StrictJson(self)
        self.done = False
        self.lost = False
        self.text = ""
        self.last = False
        self.copy = 0
        self.unpaired = False
        """An odd number of quotes has been escaped in the open string."""

    def step(self, text: str, at: int, last: bool) -> int:
        """Read `text` from `at`; `last` says that no more will come. Returns the position of the first character still needed."""
        self.text = text
        self.last = last
        self.copy = at
        if self.done:
            return at
        if self.kept is not None:
            self.kept_at = at
        end = len(text)
        strict = self.strict
        strict.leave()
        while at < end or last:
            at = self.state(at)
            if at < 0:
                at = ~at
                break
            if self.done:
                break
            if not last and strict.enter():
                at = strict.read(text, at)
                if at >= 0:
                    strict.leave()
                    break
                at = ~at
        self.pass_on(at)
        if self.kept is not None:
            self.kept.append(text[self.kept_at : at])
            self.kept_at = at
        return at

    def close_text(self, text: str) -> int:
        """Read the rest of a text whose end something else has found, and close what is open there. Returns where the value ends."""
        at = self.step(text, 0, True)
        if not self.done and self.state == self.bare_word:
            at = self.step(text, self.word_ended(at, at), True)
        if not self.done:
            self.text_ended(at, "close")
        return at

    @property
    def passes(self) -> StrictJson | None:
        """What reads on from here, if only to say how much of the text passes as it is."""
        return self.strict if self.direct and self.strict.enter() else None

    # -- copying ------------------------------------------------------------------------------------------------------------------

    def pass_on(self, at: int) -> None:
        """Pass on what stands before `at`."""
        if self.copy < at:
            self.out(self.text[self.copy : at])
            self.copy = at

    def patch(self, start: int, end: int, text: str) -> None:
        """Pass on all before `start`, then `text` in place of what stands up to `end`."""
        self.pass_on(start)
        if text:
            self.out(text)
        self.copy = end

    def repaired(self, kind: str, message: str, at: int) -> None:
        """Report a repair at `at`, behind what stands before it."""
        self.pass_on(at)
        self.report.problem(kind, message, at)

    def mend(self, kind: str, message: str, start: int, end: int, text: str) -> int:
        """Report a repair: `text` in place of what stands from `start` to `end`, which is returned."""
        self.repaired(kind, message, start)
        self.patch(start, end, text)
        return end

    def suspect(self, message: str, at: int) -> None:
        """Report that a value may have been meant otherwise."""
        self.pass_on(at)
        self.report.problem("doubtful_value", message, at, error=True)

    def unreadable(self, kind: str, message: str, at: int) -> None:
        """Report what no repair can bring back: what comes out is not what was written."""
        self.pass_on(at)
        self.lost = True
        self.report.problem(kind, message, at, error=True)

    # -- structure ----------------------------------------------------------------------------------------------------------------

    def push(self, closer: str) -> None:
        self.stack.append(closer)
        self.in_array = closer == "]"
        if closer == "}":
            self.seen.append(set())

    def pop(self) -> None:
        if self.stack.pop() == "}":
            self.last_keys = self.seen.pop()
        self.in_array = bool(self.stack) and self.stack[-1] == "]"
        self.ended()

    def ended(self) -> None:
        """A value is complete."""
        if len(self.stack) > self.level:
            self.state = self.after
        else:
            self.ended_at_level()

    def ended_at_level(self) -> None:
        """The value that is read, or a watched member of it, is complete (see `level`)."""
        self.done = True

    def on_key(self, key: str, at: int) -> None:
        """A key and its colon have been read up to `at`; the value follows."""
        if len(self.stack) == self.level:
            self.on_member(key, at)
            return
        seen = self.seen[-1]
        if key in seen:
            self.repeated(key, at)
        seen.add(key)
        self.state = self.value

    def on_member(self, key: str, at: int) -> None:
        """A key of the object at the watched depth has been read."""
        self.state = self.value

    def repeated(self, key: str, at: int) -> None:
        self.repaired("repeated_key", f"the key {key[:60]!r} stands twice in one object", at)

    def open(self, opener: str, at: int) -> int:
        """`at` is the position of the opening bracket."""
        if len(self.stack) - max(self.level, 0) >= self.depth:
            self.mend("too_deep", f"nested deeper than {self.depth}: the value became a string of its text", at, at, '"')
            self.deep = (0, False)
            self.state = self.too_deep
            return at
        if self.text[at] != opener:
            self.patch(at, at + 1, opener)
        self.push("}" if opener == "{" else "]")
        self.state = self.before_key if opener == "{" else self.value
        return at + 1

    def string(self, at: int) -> int:
        text = self.text
        quote = self.quote
        found = _STOPS[quote](text, at)
        if found is None or found[0] in SPACE:
            end = self.trailing_stops.begin(text, at)
            if found is None or end < found.start():
                return ~end
        at = found.start()
        character = text[at]
        width = 1
        if character == "\\" and quote == "\\" and text.startswith('"', at + 1):
            width = 2
        elif character not in _CLOSERS[quote]:
            return odd_character(self, at)
        closes = self.closes(at + width - 1, key=False)
        if closes is None:
            return ~at
        if not closes:
            return self.inner_quote(at) if width == 1 else at + 2
        if self.unpaired:
            self.unpaired = False
            if self.in_array:
                self.unreadable("unescaped_quote", "a quote inside a list's string was escaped: another one may be missing", at)
        if character != '"':
            self.patch(at, at + width, '"')
        self.ended()
        return at + width

    def key(self, at: int) -> int:
        text = self.text
        quote = self.quote
        found = _STOPS[quote](text, at)
        if found is None:
            end = self.trailing_stops.begin(text, at)
            if not self.last and (assigning := _ASSIGNING.search(text, max(at, len(text) - 32))) is not None:
                end = min(end, assigning.start())
            self.key_text += text[at:end]
            return ~end
        end = found.start()
        self.key_text += text[at:end]
        at = end
        character = text[at]
        width = 1
        if character == "\\" and quote == "\\" and text.startswith('"', at + 1):
            width = 2
        elif character not in _CLOSERS[quote]:
            end = odd_character(self, at)
            if end > at:
                self.key_text += text[at:end]
            return end if end >= 0 else ~self.before_assignment(~end)
        doubled = text.startswith('""', at) and self.doubled_quote(at)
        closes = doubled if doubled is not False else self.closes(at + width - 1, key=True)
        if closes is None:
            return ~self.before_assignment(at)
        if closes:
            width += doubled is True
            if text[at : at + width] != '"':
                self.patch(at, at + width, '"')
            self.state = self.colon
            return at + width
        if width == 1 and character == '"' and (assigned := self.assigned()) and self.is_key(assigned[1]):
            return self.unclosed_key(assigned, at)
        if not self.key_text and character == '"':
            return self.drop("repaired_markup", "a doubled quote in front of a key was dropped", at)
        self.key_text += '\\"' if character == '"' else character
        return self.inner_quote(at) if width == 1 else at + 2

    def assigned(self) -> re.Match[str] | None:
        """The key and the sign with which the text of the key that is open ends."""
        return _ASSIGNED.search(self.key_text, max(0, len(self.key_text) - LOOK))

    def before_assignment(self, at: int) -> int:
        """A key must wait at `at`: so must the sign of an assignment in front of that, which is given back. Where it stands."""
        assigned = self.assigned()
        size = 0 if assigned is None else len(self.key_text) - assigned.end(1)
        if not 0 < size <= at:
            return at
        self.key_text = self.key_text[:-size]
        return at - size

    def doubled_quote(self, at: int) -> bool | None:
        """Whether the two quotes at `at` both close a key; None when more text must tell."""
        here = past_space(self, at + 2, at + 2 + LOOK)
        if here == len(self.text) and not self.last:
            return None
        closes = bool(self.key_text) and self.text[here : here + 1] in (":", "：")
        if closes:
            self.repaired("repaired_markup", "a doubled quote behind a key was dropped", at)
        return closes

    def unclosed_key(self, assigned: re.Match[str], at: int) -> int:
        """A key without its closing quote, as in `{"name="f"` or `{"name: "f"`: the quote at `at` opens what follows, unless that does."""
        size = len(self.key_text)
        begin = at - (size - assigned.end(1))
        after = (here := SPACES.match(self.text, at + 1).end()) > at + 1 and self.text[here : here + 1] in tuple(BEGINS_VALUE)
        end = at + 1 if after else at - (size - assigned.start(3)) if assigned[3] else at
        self.mend("repaired_markup", f"the key {assigned[1]!r} was not closed", begin, end, '": ')
        self.key_text = ""
        self.on_key(assigned[1], end)
        return end

    def is_key(self, key: str) -> bool:
        """Whether `key` is one that may stand here, for where a damaged key must be told from data."""
        return _PLAIN_KEY.fullmatch(key) is not None

    def closes(self, at: int, key: bool) -> bool | None:
        """Whether the quote at `at` closes its string, by what follows it; None when that is not there yet."""
        return closes(self, at, key)

    def inner_quote(self, at: int) -> int:
        if self.text[at] == '"':
            swallowed = swallowed_key(self.text, at + 1) if self.state == self.string and self.stack else None
            if swallowed is not None and self.is_key(swallowed[1]):
                said = f"a string was not closed before the key {swallowed[1]!r}, which became part of it"
                self.unreadable("unescaped_quote", said, at)
            elif self.state == self.key:
                self.unreadable("unescaped_quote", "a quote inside a key was escaped: another quote may be missing", at)
            else:
                joined = not self.unpaired and self.text[at + 1 :].lstrip(SPACE)[:1] == "+"  # by it to another one
                self.unpaired = not self.unpaired
                (self.unreadable if joined else self.repaired)("unescaped_quote", "a quote inside a string was escaped", at)
            self.patch(at, at + 1, '\\"')
        return at + 1

    # -- repairs between the tokens -----------------------------------------------------------------------------------------------------

    def odd(self, at: int) -> tuple[str, int]:
        """What every place between tokens must look at first: the character that decides there and where it stands; no character where
        the step got to. Skips white space; reads comments; stops where the call's text ends.
        """
        text = self.text
        here = SPACES.match(text, at).end()
        if here == len(text):
            return "", ~here
        ends = self.ends(text, here, self.last)
        if ends is None:
            return "", ~here
        if ends:
            return "", self.text_ended(here, str(ends))
        character = text[here]
        if character in "/#":
            opener = text[here : here + 2]
            if opener == "/" and not self.last:
                return "", ~here
            if character == "#" or opener in ("//", "/*"):
                self.repaired("comment", "a comment was removed", here)
                end = here + (1 if character == "#" else 2)
                self.patch(here, end, "")
                self.after_comment = self.state
                self.commented_quotes = 0
                self.state = self.block_comment if opener == "/*" else self.line_comment
                return "", end
        elif character == "\\":
            follows = text[here + 1 : here + 2]
            if not follows and not self.last:
                return "", ~here
            if follows == '"':
                return '"', here
            if follows and follows in "nrt":
                said = f"white space that was written as an escape was dropped: {text[here : here + 2]}"
                return "", self.mend("repaired_markup", said, here, here + 2, "")
        elif character > "\x7f":
            if character in ODD_SPACE:
                return "", self.mend("repaired_markup", f"a {character!r} between the tokens of JSON was dropped", here, here + 1, "")
            return _TYPOGRAPHY.get(character, character), here
        return character, here

    def line_comment(self, at: int) -> int:
        """A comment to the end of its line. If it holds an odd number of quotes, it may be text of a string."""
        end = self.text.find("\n", at)
        self.copy = len(self.text) if end < 0 else end
        self.commented_quotes += self.text.count('"', at, self.copy)
        if end >= 0 or self.last:
            self.doubt_comment()
        if end < 0:
            return ~len(self.text)
        self.state = self.after_comment
        return end

    def doubt_comment(self) -> None:
        """A comment has ended, or the output in it: nobody knows its end where a string's quote is in it."""
        if self.commented_quotes % 2:
            said = "a comment that holds a single quote was removed: it may be text of a string"
            self.report.problem("comment", said, self.copy, error=True)
        self.commented_quotes = 0

    def block_comment(self, at: int) -> int:
        end = self.text.find("*/", at)
        if end < 0:
            keep = len(self.text) - (self.text.endswith("*") and not self.last)
            self.copy = max(at, keep)
            self.commented_quotes += self.text.count('"', at, self.copy)
            if self.last:
                self.doubt_comment()
            return ~self.copy
        self.copy = end + 2
        self.state = self.after_comment
        return end + 2

    def text_ended(self, at: int, how: str) -> int:
        """An end marker outside any string: what is open is closed in the right order, unless the output was cut there."""
        self.trailing(at)
        if how == "close":
            self.complete(at)
        self.done = True
        return ~at

    def complete(self, at: int) -> None:
        """Write what makes the text so far a whole document."""
        missing = self.completion(max(self.level, 0))
        if missing:
            report = self.unreadable if "null" in missing else self.repaired
            report("missing_closer", f"missing text was added at the end: {missing[:20]}", at)
            self.patch(at, at, missing)

    @property
    def held(self) -> int:
        return self.word.length + self.gap.length

    def cut_off(self) -> None:
        """The output ended here: pass on what was held and is the beginning of valid JSON."""
        word = self.word.taken()
        text = self.gap.taken() + (word if SCALAR_BEGIN.fullmatch(word) else "")
        if text:
            self.out(text)

    def completion(self, floor: int = 0) -> str:
        """The shortest text that makes a valid document of what has been passed on, down to the container at depth `floor`."""
        if self.done:
            return ""
        state = self.after_comment if self.state in (self.line_comment, self.block_comment) else self.state
        open_token = ""
        if state in (self.string, self.too_deep, self.long_word):
            open_token = '"'
        elif state == self.key:
            open_token = '": null'
        elif state == self.colon:
            open_token = ": null"
        elif state in (self.value, self.bare_word):
            open_token = "null"
        return open_token + "".join(reversed(self.stack[floor:]))

    def close(self, closer: str, at: int) -> int:
        """A closing bracket that is not simply the next one."""
        if closer not in self.stack:
            return self.drop("surplus_closer", f"a surplus {closer} was dropped", at)
        self.trailing(at)
        if self.stack[-1] == closer:
            if self.text[at] != closer:
                self.patch(at, at + 1, closer)
            self.pop()
            return at + 1
        if self.state == self.before_key and not self.in_array and not self.seen[-1]:  # what was in it may stand behind
            self.unreadable("missing_value", f"an empty object ends with {self.text[at]}", at)
        self.mend("missing_closer", f"a missing {self.stack[-1]} was added", at, at, self.stack[-1])
        self.pop()
        return at

    def before_key(self, at: int) -> int:
        """Where a key or the end of the object may stand."""
        character, at = self.odd(at)
        if not character:
            return at
        text = self.text
        if character in "\"'":
            at = self.begin_quoted(at)
            self.state = self.key
            return at
        if character in "}]":
            return self.close(character, at)
        found = _BARE_KEY.match(text, at)
        if found is not None:
            if found.end() == len(text) and found.end() - at < 128 and not self.last:
                return ~at
            here = past_space(self, found.end(), found.end() + LOOK)
            if here == len(text) and not self.last:
                return ~at
            end = found.end()
            if text[here : here + 1] == '"' == text[end : end + 1]:
                end += 1
                here = past_space(self, end, end + LOOK)
                if here == len(text) and not self.last:
                    return ~at
            if text[here : here + 1] in (":", "=", "：", "＝") and here < len(text):
                if _ODD_KEY.search(found[0]) is None or self.is_key(found[0]):
                    self.repaired("unquoted_key", f"the key {found[0][:60]} was quoted", at)
                else:
                    self.unreadable("unquoted_key", f"the key {found[0][:60]} was quoted, and may have other quotes", at)
                self.begin_token(at)
                self.patch(at, end, f'"{escaped(found[0])}"')
                self.key_text = found[0]
                self.state = self.colon
                return end
        if character == ",":
            return self.drop("surplus_comma", "a surplus comma was dropped", at)
        self.junk(at, found.end() if found else at + 1)
        return self.copy

    def drop(self, kind: str, message: str, at: int) -> int:
        """The character at `at` is one too many."""
        return self.mend(kind, message, at, at + 1, "")

    def junk(self, start: int, end: int) -> None:
        dropped = self.text[start:end]
        amid = dropped[0] in "{[" and bool(self.seen) and bool(self.seen[-1])  # another object's members, for all that is known
        lost = amid or dropped[0] in ".…" or any(map(str.isalnum, dropped))
        (self.unreadable if lost else self.repaired)("dropped_text", f"text that is no JSON was dropped: {dropped}", start)
        self.patch(start, end, "")

    def colon(self, at: int) -> int:
        """Behind a key."""
        character, at = self.odd(at)
        if not character:
            return at
        key, self.key_text = self.key_text, ""
        if character == ":":
            if self.text[at] != ":":
                self.mend("separator", "a full-width colon was replaced", at, at + 1, ":")
            self.on_key(key, at + 1)
            return at + 1
        if character == "=":
            length = 2 if self.text.startswith("=>", at) else 1
            if length == 1 and at + 1 == len(self.text) and not self.last:
                self.key_text = key
                return ~at
            self.mend("separator", "an equals sign behind a key was replaced by a colon", at, at + length, ":")
            self.on_key(key, at + length)
            return at + length
        self.mend("separator", "a missing colon was added", at, at, ": ")
        self.on_key(key, at)
        return at

    def value(self, at: int) -> int:
        """Where a value may stand."""
        character, at = self.odd(at)
        if not character:
            return at
        if character in "\"'":
            at = self.begin_quoted(at)
            self.state = self.string
            return at
        if character in "{[":
            self.begin_token(at)
            return self.open(character, at)
        if character in "}]," and not self.in_array and self.stack:
            self.unreadable("missing_value", "a missing value was written as null", at)
            self.patch(at, at, "null")
            self.ended()
            return at
        if character in "}]":
            return self.close(character, at)
        if character == ",":
            return self.drop("surplus_comma", "a surplus comma was dropped", at)
        if character in ":=":
            return self.drop("separator", f"a surplus {character} was dropped", at)
        self.begin_token(at)
        self.patch(at, at, "")
        self.word.clear()
        self.state = self.bare_word
        return at

    def bare_word(self, at: int) -> int:
        """A number, a literal or an unquoted string: held until what ends it has been seen."""
        text = self.text
        here = at
        while True:
            found = _WORD_END.search(text, here)
            end = len(text) if found is None else found.start()
            stop, ends = self.marker_between(here, end)
            if ends is None:
                end = stop
                break
            if ends:
                return self.word_ended(at, stop)
            if found is None:
                if self.last:
                    return ~self.keep_word(at, end)
                break
            if found[0] not in ",}]\n" and self.inside_word(at, end):
                here = end + 1
                continue
            return self.word_ended(at, end)
        return ~self.keep_word(at, end)

    def inside_word(self, at: int, end: int) -> bool:
        """Whether a quote or bracket at `end` belongs to the unquoted text before it, as in `it's` or `a[0]`."""
        before = self.text[end - 1 : end] if end > at else self.word.text[-1:]
        return bool(before) and before not in SPACE and not STRICT_SCALAR.fullmatch(self.word.text + self.text[at:end])

    def marker_between(self, start: int, end: int) -> tuple[int, str | bool | None]:
        """The first place from `start` to `end` where the call's text ends or may end: at a marker that begins with a sign, as a word goes
        on with the letters of one."""
        text = self.text
        signs = self.ends.signs
        for here in range(start, end):
            if text[here] in signs:
                ends = self.ends(text, here, self.last)
                if ends or ends is None:
                    return here, ends
        return end, False

    def keep_word(self, at: int, end: int) -> int:
        if at < end:
            self.word.add(self.text[at:end])
        self.copy = end
        if self.word.length > self.max_held:
            self.too_long(end)
        return end

    def too_long(self, at: int) -> None:
        """An unquoted value is longer than may be held: it is a string, and flows from here on."""
        held = self.word.taken()
        self.repaired("too_long", "a value that is longer than may be held became a string", at - len(held))
        self.out(f'"{escaped(held)}')
        self.state = self.long_word

    def long_word(self, at: int) -> int:
        """The rest of such a value, up to what ends an unquoted one."""
        text = self.text
        found = _WORD_END.search(text, at)
        end = len(text) if found is None else found.start()
        stop, ends = self.marker_between(at, end)
        if stop > at:
            self.patch(at, stop, escaped(text[at:stop]))
        if found is not None and found[0] not in ",}]\n" and stop == end and not ends:
            self.patch(end, end + 1, escaped(found[0]))
            return end + 1
        if ends or (found is not None and stop == end):
            self.patch(stop, stop, '"')
            self.ended()
            return stop
        return ~stop

    def word_ended(self, at: int, end: int) -> int:
        """Write the scalar that has been held, as what it most nearly is."""
        held = self.word.taken() + self.text[at:end]
        if len(held) > self.max_held:
            self.word.add(held)
            self.copy = end
            self.too_long(end)
            return end
        word = held.rstrip(_BLANK)
        behind = held[len(word) :]
        self.copy = end
        self.out(scalar(self, word, end - len(held)) + (behind if behind.isascii() else ""))
        self.ended()
        return end

    def after(self, at: int) -> int:
        """Behind a value."""
        character, at = self.odd(at)
        if not character:
            return at
        if character == ",":
            if self.text[at] != ",":
                self.repaired("separator", "a full-width comma was replaced", at)
            self.patch(at, at + 1, "")
            self.hold_comma()
            return at + 1
        if character in "}]":
            return self.close(character, at)
        if character in ":=;":
            self.junk(at, at + 1)
            return at + 1
        if not self.in_array and character not in "\"'":
            found = BARE_MEMBER.match(self.text, at)
            if found is not None and found[0][-1:] not in (":", "=") and found.end() == len(self.text) and not self.last:
                return ~at
            if found is None or found[0][-1:] not in (":", "="):
                word = _BARE_KEY.match(self.text, at)
                if word is not None and word.end() == len(self.text) and word.end() - at < 128 and not self.last:
                    return ~at
                self.junk(at, word.end() if word else at + 1)
                return self.copy
        self.mend("missing_comma", "a missing comma was added", at, at, "")
        self.hold_comma()
        return at

    def hold_comma(self) -> None:
        self.gap.add(",")
        self.state = self.after_comma

    def after_comma(self, at: int) -> int:
        """A comma that is written only when a key or a value follows it, with no more of the blanks than may be held."""
        text = self.text
        here = SPACES.match(text, at).end()
        self.gap.add(text[at : min(here, at + max(self.max_held + 1 - self.gap.length, 0))])
        self.copy = here
        return self.value(here) if self.in_array else self.before_key(here)

    def begin_quoted(self, at: int) -> int:
        """A string or key in quotes begins; returns where its text does."""
        opener = self.text[at]
        self.quote = kind = _OPENED[opener]
        if kind == "'":
            self.repaired("single_quotes", "single quotes were replaced by double ones", at)
        elif kind == "\\":
            self.repaired("escape", "an escaped quote was read as a quote", at)
        elif kind != '"':
            self.repaired("repaired_markup", "curly quotes were replaced by straight ones", at)
        self.begin_token(at)
        end = at + (2 if kind == "\\" else 1)
        self.patch(at, end, '"')
        return end

    def begin_token(self, at: int) -> None:
        """A key or a value begins at `at`: the comma that was held for it is written."""
        if self.gap.pieces:
            self.patch(at, at, self.gap.taken())

    def trailing(self, at: int) -> None:
        """A closer stands where the comma that was held wanted a key or a value."""
        if self.gap.pieces:
            self.repaired("trailing_comma", "a trailing comma was dropped", at)
            self.gap.clear()

    # -- too deep -------------------------------------------------------------------------------------------------------------------

    def too_deep(self, at: int) -> int:
        """Raw text of a value that is nested too deeply, written as the inside of a string until its brackets balance."""
        text = self.text
        level, quoted = self.deep
        start = at
        while (found := _DEEP.search(text, at)) is not None:
            character, at = found[0], found.end()
            if character == '"':
                quoted = not quoted
            elif character == "\\":
                if at == len(text) and not self.last:
                    at -= 1
                    break
                at += quoted
            elif not quoted:
                level += 1 if character in "{[" else -1
                if level == 0:
                    self.patch(start, at, escaped(text[start:at]) + '"')
                    self.ended()
                    return at
        else:
            at = len(text)
        at = min(at, len(text))
        self.deep = (level, quoted)
        self.patch(start, at, escaped(text[start:at]))
        return ~at
