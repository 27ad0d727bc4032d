"""An object with bare keys, whose strings stand between two of one marker, written as JSON piece by piece.

    between ──key and colon──> value ──> string | quoted | bare | a nested container ──> behind ──,──> between ...

A string flows out as it arrives, since nothing but its own marker ends it. A bare value is held until its end and typed by the schema,
as deep as the schema goes. Models also write `=`, ordinary quotes and parentheses, and leave out closers: all of that is read, too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache

from toolparse.codecs import Rewritten
from toolparse.codecs.bare_words import is_scalar
from toolparse.codecs.codec_base import StateReader
from toolparse.codecs.writer import ArgumentWriter, Level
from toolparse.grammar import BareKeys
from toolparse.jsontext.characters import BRACKETS, ESCAPE, SPACE, SPACES, WS, escaped, quote
from toolparse.jsontext.scalars import SHORT, begun_scalar
from toolparse.schemas.types import UNKNOWN, Type
from toolparse.wire.markers import END, EndMarks, Follow, flow_until
from toolparse.wire.open_call import OpenCall
from toolparse.wire.spellings import any_of, beginnings, cut
from toolparse.wire.trailing_stops import trail

_SURPLUS = ")]}>"
"""Brackets that may stand behind a value and are none of it."""
_RUN = r"[}\])]"
_ITEM = re.compile(rf"{WS}({SHORT}|true|false|null){WS},").match
"""An item of a list that needs no second look, with its comma."""
_ESCAPE = re.compile(ESCAPE)


class Marks:
    """The patterns of a body: its string marker, and what may end a string whose marker is missing."""

    def __init__(self, body: BareKeys, ends: EndMarks) -> None:
        self.quote = quote = body.quote
        closers, stops = ends.closers, ends.stops
        mark = re.escape(quote)
        bare = r"""[^:=,{}()\[\]<>"'\n，：＝]"""
        names = [rf"{mark}([^<\n]{{1,256}}){mark}", r'"([^"\n]{1,256})"', r"'([^'\n]{1,256})'", rf"({bare}{{1,256}})"]
        self.key = re.compile(f"(?:{'|'.join(names)}){WS}[:=：＝]")
        begun = [
            cut(quote), rf"{mark}[^<\n]{{0,256}}(?:\Z|{cut(quote)}){WS}",
            r'"[^"\n]{0,256}(?:"[ \t\r\n]*)?', r"'[^'\n]{0,256}(?:'[ \t\r\n]*)?", rf"{bare}{{0,256}}{WS}",
        ]  # fmt: skip
        self.key_begun = re.compile(rf"(?:{'|'.join(begun)})\Z")
        self.junk = re.compile(rf"{bare}+|{mark}|.", re.DOTALL)
        self.cut_quote = re.compile(beginnings((quote,)))
        close = any_of(closers)
        end = rf"(?P<end>{_RUN}{{0,16}}(?:{close}))"
        held = rf"{_RUN}{{0,16}}(?:{beginnings(closers)})|{_RUN}{{1,16}}\Z|{trail(stops)}"
        self.cuts = tuple(quote[:-left] for left in (1, 2) if '"' in quote[:-left] or left == 1)
        """The marker without its end."""
        short = any_of(self.cuts)
        string = f"(?P<hold>{beginnings((quote, *stops))}|{held})|(?P<quote>{mark})|{end}|(?P<short>{short})"
        self.string = re.compile(string).search
        self.string_of_many = re.compile(rf"{string}|(?P<member>,(?=[\w$]|{re.escape(quote[0])}|\Z))").search
        self.follow = Follow((*ends.openings, END), stops)
        firsts = {quote[0], *(text[0] for text in (*closers, *stops)), "}", "]", ")"}
        self.flow = flow_until(firsts)
        self.flow_of_many = re.compile(rf"{self.flow.__self__.pattern}|,(?:[\w$]|{re.escape(quote[0])}|\Z)").search  # type: ignore[attr-defined]
        self.bare = re.compile(f"[^,，}}\\])<{re.escape(quote[0])}]+")
        self._compile_members(closers, stops, close)
        self._compile_quoted(held, end)
        self._compile_behind(names, begun, closers, stops)

    def _compile_members(self, closers: Iterable[str], stops: Iterable[str], close: str) -> None:
        """What can only stand behind a string whose marker is missing, and what stands between two markers of an empty one."""
        quote = self.quote
        mark = re.escape(quote)
        literal, name = r"(?:-?\d[\d.eE+\-]{0,40}|true|false|null)", r"[\w$][\w$.\-]{0,63}"
        empty = rf"(?:[}}\]),]|{close}|{any_of(stops)}|\Z)"
        opened = rf"{mark}(?!{WS}{empty})"
        self.members = re.compile(rf"((?:,{name}:{literal})*)(?:,({name}):(?:\[?{opened}|{{{name}:)|{_RUN}{{1,4}}{WS}(?:{close}))")
        begun_value = rf"(?:[\w.+\-]{{0,40}}|\[?(?:{cut(quote)})?(?:{WS}\Z)?|{{(?:{name})?)"
        self.members_begun = re.compile(
            rf"(?:,{name}:{literal})*(?:,(?:{name}(?::{begun_value})?)?|{_RUN}{{1,4}}{WS}(?:{beginnings(closers)})?)?\Z"
        )
        self.item = re.compile(f",{opened}")
        self.item_begun = re.compile(rf",(?:\Z|{cut(quote)}{WS}\Z)")
        self.empty = re.compile(f"{mark}{WS}{empty}")
        self.empty_begun = re.compile(f"{cut(quote)}{WS}(?:{beginnings((*closers, *stops))})?\\Z")

    def _compile_quoted(self, held: str, end: str) -> None:
        """What ends a string in other quotes."""
        self.curly = {closer: re.compile(rf"(?P<hold>{held}|\\\Z)|(?P<quote>{closer})|(?P<escape>\\)|{end}").search for closer in "”’"}
        self.single = re.compile(rf"(?P<hold>{held}|\\\Z)|(?P<quote>')|(?P<escape>\\)|{end}").search
        self.double = re.compile(rf'(?P<hold>{held}|\\\Z)|(?P<quote>")|(?P<escape>\\)|{end}').search

    def _compile_behind(self, names: list[str], begun: list[str], closers: Iterable[str], stops: Iterable[str]) -> None:
        """What may follow a value, by which it is known that it has ended."""
        quote = self.quote
        mark, close = re.escape(quote), any_of(closers)
        member = rf"[,，]{WS}(?:{'|'.join(names)}){WS}[:=：＝]"
        self.behind_string = re.compile(rf"{WS}(?:{mark}|{_RUN}|{close}|{any_of(stops)}|{member}|,{WS}{_RUN})")
        self.behind_item = re.compile(rf"{WS}(?:{mark}|{_RUN}|{close}|{any_of(stops)}|,)")
        marks = beginnings((quote, *closers, *stops))
        begun_member = rf"[,，]{WS}(?:{'|'.join(begun)})\Z"
        self.behind_begun = re.compile(rf"{WS}(?:\Z|{marks}|{begun_member})")
        self.member = re.compile(rf"{member}|,{WS}{_RUN}")
        self.member_begun = re.compile(begun_member)
        self.waiting_key = re.compile(f"{WS}{self.key_begun.pattern}").match
        self.waiting_item = re.compile(f"{self.bare.pattern[:-1]}*\\Z").match
        self.waiting_member = re.compile(f"{self.bare.pattern[:-1]}*(?:\\Z|{begun_member})").match


marks_of = lru_cache(maxsize=64)(Marks)
"""The patterns, compiled at their first use."""


class Open(Level):
    """An open container. `keys` are those that its type declares."""

    __slots__ = ("closer", "is_list", "keys", "type")

    def __init__(self, closer: str, kind: Type) -> None:
        super().__init__()
        self.closer = closer
        self.is_list = closer == "]"
        self.type = kind
        self.keys = kind.keys


class BareKeysReader(StateReader):
    """The arguments of one call, whose name stood in front of the opening brace."""

    passes = None

    def __init__(self, call: OpenCall, marks: Marks, ends: EndMarks) -> None:
        super().__init__(call, self.begin)
        self.marks = marks
        self.ends = ends
        self.depth = call.rules.max_depth
        self.stack: list[Open] = []
        self.type: Type = UNKNOWN
        self.key = ""
        self.quote = ""
        self.writer = ArgumentWriter(call)
        self.write = self.writer.write
        self.flowing = False
        self.start = 0
        self.left_at = 0
        self.repeated = ""
        self.levels = 0
        self.quoted_deep = False
        self.many = False
        self.blanks = ""
        self.marked = False

    @property
    def held(self) -> int:
        return self.writer.held.length

    @property
    def flow(self) -> Callable[[str], re.Match[str] | None] | None:
        if self.state != self.string or self.writer.leaving:
            return None
        return self.marks.flow_of_many if self.many else self.marks.flow

    @property
    def rewrites(self) -> Callable[[str], Rewritten | None] | None:
        return self.rewritten if self.state == self.string and not self.writer.leaving else None

    def rewritten(self, text: str) -> Rewritten | None:
        search = self.marks.string_of_many if self.many else self.marks.string
        return (escaped(text), len(text)) if search(text) is None else None

    @property
    def waits(self) -> Callable[[str], object] | None:
        if not self.stack:
            return None
        in_object = not self.stack[-1].is_list
        if self.state == self.bare:
            return None if self.flowing else self.marks.waiting_member if in_object else self.marks.waiting_item
        if self.state != self.between:
            return None
        return self.marks.waiting_key if in_object else None if self.stack[-1].type.has_parts else begun_scalar

    def finish(self, at: int) -> None:
        self.report_junk()
        self.report_left(at)
        self.done = True
        if self.call.open:
            self.call.end(False, at)

    # -- writing ------------------------------------------------------------------------------------------------------------------------

    def report_left(self, at: int) -> None:
        """The second value of a key has ended."""
        self.writer.report_left(f"the second value of {self.repeated!r}", at)

    def begin_value(self, at: int) -> None:
        """What stands before a value, whose first sign has been read."""
        if not self.stack:
            return
        top = self.stack[-1]
        if top.is_list:
            self.write(top.item())
        elif self.key not in top.seen:
            if len(self.stack) == 1:
                self.call.check_key(self.key, at)
            self.write(top.member(self.key))
        elif not self.writer.leaving:
            self.call.problem("repeated_key", f"{self.key!r} is given twice; the first value stands", at, error=True)
            self.writer.leaving = True
            self.left_at = len(self.stack)
            self.repeated = self.key

    def value_ended(self, at: int) -> None:
        self.blanks = ""
        if self.writer.leaving and self.left_at == len(self.stack):
            self.report_left(at)
        self.state = self.behind

    def end(self, complete: bool, at: int) -> None:
        self.report_junk()
        self.done = True
        self.call.end(complete, at)

    def drop(self, at: int) -> int:
        found = self.marks.junk.match(self.text, at)
        end = found.end() if found is not None else at + 1
        self.keep_junk(self.text[at:end], at)
        return end

    # -- structure ----------------------------------------------------------------------------------------------------------------------

    def begin(self, at: int) -> int:
        at = self.skip(at)
        if at == len(self.text):
            return ~at
        tool = self.call.tool
        self.push(self.text[at], tool.arguments if tool is not None else UNKNOWN)
        return at + 1

    def push(self, opener: str, kind: Type) -> None:
        self.stack.append(Open(BRACKETS[opener], kind))
        self.write("[" if opener == "[" else "{")
        self.state = self.between

    def pop(self, at: int) -> None:
        self.write("]" if self.stack.pop().closer == "]" else "}")
        self.value_ended(at)

    def close(self, closer: str, at: int) -> int:
        """A closing bracket: what is open inside what it closes is closed, too."""
        if all(frame.closer != closer for frame in self.stack):
            return self.drop(at)
        self.report_junk()
        while self.stack[-1].closer != closer:
            self.call.problem("missing_closer", f"a missing {self.stack[-1].closer} was added", at)
            self.pop(at)
        self.pop(at)
        if not self.stack:
            self.report_junk()
            self.call.end(True, at + 1)
            self.state = self.surplus
        return at + 1

    def ended(self, at: int) -> bool | None:
        """Whether the call's text ends here, which closes all that is open; None when more text must tell."""
        how = self.ends(self.text, at, self.last)
        if how is None:
            return None
        if not how:
            return False
        self.report_junk()
        if how == "close":
            self.call.problem("missing_closer", "the brackets of the call were not all closed", at)
            while self.stack:
                self.pop(at)
        self.end(how == "close", at)
        return True

    def skip(self, at: int) -> int:
        text = self.text
        if at < len(text) and text[at] > " ":
            return at
        end = SPACES.match(text, at).end()
        if self.junk.pieces:
            self.keep_junk(text[at:end], at)
        return end

    def between(self, at: int) -> int:
        """Where a key may stand, or an item of a list."""
        text = self.text
        top = self.stack[-1]
        if top.is_list and not top.type.has_parts and not self.writer.leaving and not self.junk.pieces:
            at = self.items(top, at)
            if at < 0:
                return at
        at = self.skip(at)
        if at == len(text):
            return ~at
        character = text[at]
        if character in "}])":
            return self.close(character, at)
        if character in ",，":
            return at + 1
        if character == "{" and len(self.stack) == 1 and not self.stack[0].count:
            self.call.problem("repaired_markup", "a brace too many was dropped", at)
            self.stack[0].closer = "}"
            return at + 1
        if self.stack[-1].is_list:
            self.type = self.stack[-1].type.item(self.stack[-1].count)
            self.state = self.value
            return at
        found = self.marks.key.match(text, at)
        if found is not None:
            if self.junk.pieces:
                self.report_junk()
            self.key = next(filter(None, found.groups())).strip(SPACE)
            self.type = self.stack[-1].type.property(self.key)
            self.state = self.value
            return found.end()
        if not self.last and self.marks.key_begun.match(text, at):
            return ~at
        ended = self.ended(at)
        return ~at if ended is None else at if ended else self.drop(at)

    def items(self, top: Open, at: int) -> int:
        """The items of a list that are plain, as far as they go; `~at` when what is left of the text must wait."""
        text = self.text
        found = _ITEM(text, at)
        if found is not None:
            items = []
            while found is not None:
                items.append(found[1])
                at = found.end()
                found = _ITEM(text, at)
            self.call.parts.append((", " if top.count else "") + ", ".join(items))
            top.count += len(items)
        return ~at if len(text) - at < 48 and not self.last and begun_scalar(text, at) else at

    def value(self, at: int) -> int:
        text = self.text
        start, at = at, self.skip(at)
        if at > start:
            self.blanks = (self.blanks + text[start:at])[: self.call.rules.max_held]
        if at == len(text):
            return ~at
        quote = self.marks.quote
        if text.startswith(quote, at):
            return self.open_string(at, at + len(quote))
        if not self.last and self.marks.cut_quote.match(text, at):
            return ~at
        cut_off = next((marker for marker in self.marks.cuts if text.startswith(marker, at)), "")
        if cut_off:
            self.call.problem("repaired_markup", f"{cut_off} was read as {quote}", at)
            return self.open_string(at, at + len(cut_off))
        character = text[at]
        if character in "\"'“”‘’":
            return self.open_quoted(character, at)
        if character in "{[":
            return self.open_container(character, at)
        ended = self.ended(at)
        if ended is None:
            return ~at
        if not ended:
            self.start = self.call.base + at
            self.state = self.bare
        return at

    def open_quoted(self, character: str, at: int) -> int:
        """A string in ordinary quotes begins, or in curly ones."""
        if character not in "\"'":
            self.call.problem("repaired_markup", "curly quotes around a string were read as ASCII", at)
        self.begin_value(at)
        self.write('"')
        self.quote = "”" if character in "“”" else "’" if character in "‘’" else character
        self.state = self.quoted
        return at + 1

    def open_container(self, character: str, at: int) -> int:
        """An object or list begins; one that is too deep is a string of its text."""
        self.begin_value(at)
        if len(self.stack) < self.depth:
            self.push(character, self.type)
            return at + 1
        self.call.problem("too_deep", f"nested deeper than {self.depth}: the value became a string of its text", at)
        self.write('"')
        self.levels = 0
        self.quoted_deep = False
        self.state = self.deep
        return at

    def behind(self, at: int) -> int:
        """Behind a value."""
        text = self.text
        at = self.skip(at)
        if at == len(text):
            return ~at
        character = text[at]
        if character in ",，":
            if self.junk.pieces:
                self.report_junk()
            self.state = self.between
            return at + 1
        if character in "}])":
            return self.close(character, at)
        quote = self.marks.quote
        if text.startswith(quote, at):
            self.call.problem("repaired_markup", f"a {quote} too many was dropped", at)
            return at + len(quote)
        if not self.last and self.marks.cut_quote.match(text, at):
            return ~at
        if not self.stack[-1].is_list:
            if self.marks.key.match(text, at):
                self.state = self.between
                return at
            if not self.last and self.marks.key_begun.match(text, at):
                return ~at
        ended = self.ended(at)
        return ~at if ended is None else at if ended else self.drop(at)

    # -- values -------------------------------------------------------------------------------------------------------------------------

    def open_string(self, at: int, behind: int) -> int:
        """The marker in front of a string has been read."""
        self.begin_value(at)
        self.write('"')
        self.blanks = ""
        top = self.stack[-1]
        self.many = top.is_list or any(key not in top.seen for key in top.keys)
        self.state = self.string_begun if self.text.startswith(self.marks.quote[0], behind) or behind == len(self.text) else self.string
        return behind

    def string_begun(self, at: int) -> int:
        """Right behind the marker: a second one is framing unless it closes an empty string."""
        text = self.text
        marks = self.marks
        if text.startswith(marks.quote, at) and not marks.empty.match(text, at):
            if not self.last and marks.empty_begun.match(text, at):
                return ~at
            self.call.problem("repaired_markup", f"a {marks.quote} too many was dropped", at)
            at += len(marks.quote)
        elif not self.last and (at == len(text) or marks.cut_quote.match(text, at) or self.begun_empty(at)):
            return ~at
        self.state = self.string
        return at

    def begun_empty(self, at: int) -> bool:
        """Whether what stands behind two markers is not there yet: the end of the text is no end of the call."""
        found = self.marks.empty_begun.match(self.text, at)
        return found is not None and found.end() > at

    def string(self, at: int) -> int:
        """Inside a string, which its marker ends, or the end of the call if nothing of the turn's text follows it."""
        text = self.text
        look = at
        search = self.marks.string_of_many if self.many else self.marks.string
        while True:
            found = search(text, look)
            end = len(text) if found is None else found.start()
            kind = None if found is None else found.lastgroup
            if found is not None and kind in ("end", "short", "member"):
                if kind == "end":
                    counts = self.marks.follow(text, found.end(), self.last)
                else:
                    counts = self.closes(found.end()) if kind == "short" else self.lacks_closer(end)
                if counts is False:
                    look = found.end()
                    continue
                if counts is None:
                    kind = None
            self.write(escaped(text[at:end]))
            if found is None or kind in (None, "hold"):
                return ~end
            if kind in ("short", "member"):
                self.call.problem("repaired_markup", "a missing end of a string was added", end)
            if kind == "end":
                said = f"the string of {self.key!r} lacks its end"
                self.call.problem("missing_closer", said, end, error=text[end] not in "}])")
            self.write('"')
            self.value_ended(end)
            return found.end() if kind in ("quote", "short") else end

    def lacks_closer(self, at: int) -> bool | None:
        """Whether the comma at `at` shows that the string's marker is missing: what follows it can only stand outside a string.

        In an object that is members of declared names that were not given, up to the beginning of a string or the end of the call.
        """
        text = self.text
        top = self.stack[-1]
        if top.is_list:
            if self.marks.item.match(text, at):
                return None if not self.last and self.marks.item_begun.match(text, at) else True
            return None if not self.last and self.marks.item_begun.match(text, at) else False
        undecided = not self.last and len(text) - at < 1024 and self.marks.members_begun.match(text, at) is not None
        found = None if undecided else self.marks.members.match(text, at, at + 1024)
        parts = text[at + 1 : at + 1024 if found is None else found.end()].split(",")
        names = [part.partition(":")[0] for part in parts]
        if undecided:
            given = [name for part, name in zip(parts, names, strict=True) if ":" in part]
            begun = names[-1]
            if all(self.is_missing(name) for name in given) and (
                ":" in parts[-1] or any(key.startswith(begun) and key not in top.seen for key in top.keys)
            ):
                return None
            return False
        names = [part.partition(":")[0] for part in (found[1] if found is not None else "").split(",")[1:]]
        if found is not None and found[2]:
            names.append(found[2])
        return bool(names) and all(map(self.is_missing, names))

    def is_missing(self, key: str) -> bool:
        """Whether a declared member has not been given."""
        top = self.stack[-1]
        return key in top.keys and not top.is_list and key not in top.seen

    def quoted(self, at: int) -> int:
        """Inside a string in ordinary quotes."""
        text = self.text
        look = at
        search = self.marks.double if self.quote == '"' else self.marks.single if self.quote == "'" else self.marks.curly[self.quote]
        while True:
            found = search(text, look)
            kind = None if found is None else found.lastgroup
            end = len(text) if found is None else found.start()
            if found is not None and kind == "escape":
                self.write(escaped(text[at:end]))
                at = look = self.escape(end)
                if at < 0:
                    return at
                continue
            counts: bool | None = None
            if found is not None and kind == "end":
                counts = self.marks.follow(text, found.end(), self.last)
            elif found is not None and kind == "quote":
                counts = self.closes(found.end())
            if found is not None and counts is False:
                look = found.end()
                continue
            self.write(escaped(text[at:end]))
            if not counts:
                return ~end
            self.write('"')
            self.value_ended(end)
            return found.end() if found is not None and kind == "quote" else end

    def closes(self, at: int) -> bool | None:
        """Whether an ordinary quote in front of `at` closes its string; None when more text must tell."""
        in_object = not self.stack[-1].is_list
        if (self.marks.behind_string if in_object else self.marks.behind_item).match(self.text, at, at + 320):
            return True
        if self.marks.behind_begun.match(self.text, at):
            return True if self.last else None
        return False

    def escape(self, at: int) -> int:
        """A backslash in a string in ordinary quotes."""
        text = self.text
        found = _ESCAPE.match(text, at)
        if found is not None:
            self.write(found[0])
            return found.end()
        if text.startswith("u", at + 1) and len(text) - at < 6 and not self.last:
            return ~at
        if text.startswith("'", at + 1):
            self.write("'")
            return at + 2
        self.write("\\\\")
        return at + 1

    def bare(self, at: int) -> int:
        """A value without any quotes."""
        text = self.text
        marks = self.marks
        while True:
            run = marks.bare.match(text, at)
            if run is not None:
                self.take(run[0])
                at = run.end()
            if at == len(text):
                return ~at
            character = text[at]
            if character == "," or (character == "，" and not self.stack[-1].is_list):
                counts = self.separates(at)
            elif character in "}])":
                counts = any(frame.closer == character for frame in self.stack)
            elif text.startswith(marks.quote, at):
                ends = self.closes(at + len(marks.quote))
                if ends is None:
                    return ~at
                self.call.problem("repaired_markup", f"a {marks.quote} without another was dropped", at, error=not ends)
                self.marked = ends
                if ends:
                    self.write_bare(at)
                    return at + len(marks.quote)
                at += len(marks.quote)
                continue
            else:
                how = None if not self.last and marks.cut_quote.match(text, at) else self.ends(text, at, self.last)
                counts = None if how is None else bool(how)
            if counts is None:
                return ~at
            if counts:
                self.write_bare(at)
                return at
            self.take(character)
            at += 1

    def take(self, text: str) -> None:
        """Text of a bare value; of one that is too long to be held it is a string, and flows."""
        if self.flowing:
            self.write(escaped(text))
        elif self.writer.hold(text):
            held = self.writer.too_long("a value", self.start)
            self.begin_value(self.start - self.call.base)
            self.write(held)
            self.flowing = True

    def separates(self, at: int) -> bool | None:
        """Whether the comma at `at` ends a bare value; None when more text must tell."""
        top = self.stack[-1]
        found = self.marks.member.match(self.text, at) if not top.is_list else None
        if top.is_list or found is not None:
            return found is None or self.may_be_key(next(filter(None, found.groups()), ""), at)
        return (True if self.last else None) if self.marks.member_begun.match(self.text, at) else False

    def may_be_key(self, key: str, at: int) -> bool:
        """Whether a key behind a bare value is one, as far as the tool tells: `10:00, 11:00` holds none. One that only may be is told."""
        keys = self.stack[-1].keys
        if not key or not keys or key in keys or is_scalar(self.writer.held.text.strip(SPACE)):
            return True
        if not key[0].isdigit():
            self.call.problem("doubtful_value", f"{key!r} behind a value without quotes may be a part of it", at, error=True)
        return not key[0].isdigit()

    def write_bare(self, at: int) -> None:
        if self.flowing:
            self.write('"')
            self.flowing = False
            self.value_ended(at)
            return
        text = self.writer.taken()
        if self.marked and self.type.allows_string:  # the marker behind it makes it a string to the letter
            self.begin_value(at)
            self.write(quote(self.blanks + text))
            self.marked = False
            self.value_ended(at)
            return
        self.marked = False
        text = text.strip(SPACE)
        value, problem = ("null", None) if text == "None" and not self.type.declared else self.type.read(text, True)
        if problem is not None and text[-1:] in _SURPLUS and (found := self.type.read(text.rstrip(_SURPLUS), True))[1] is None:
            value, problem = found
            self.call.problem("surplus_closer", f"{text[len(text.rstrip(_SURPLUS)) :]} behind a value was dropped", at)
        if problem is not None:  # where no string is wanted, what is left of markup is damage
            self.call.problem("wrong_type", problem, at, error=any(sign in text for sign in _SURPLUS + "<`*"))
        self.begin_value(at)
        self.write(value)
        self.value_ended(at)

    def deep(self, at: int) -> int:
        """Inside a container that is too deep: its text, up to the bracket that closes it."""
        text = self.text
        quote = self.marks.quote
        start = at
        while at < len(text):
            if text.startswith(quote, at):
                self.quoted_deep = not self.quoted_deep
                at += len(quote)
                continue
            if not self.last and self.marks.cut_quote.match(text, at):
                break
            character = text[at]
            if not self.quoted_deep:
                ended = self.ends(text, at, self.last)
                if ended is None:
                    break
                if ended:
                    self.write(escaped(text[start:at]) + '"')
                    self.value_ended(at)
                    return at
                self.levels += (character in "{[") - (character in "}]")
            at += 1
            if not self.quoted_deep and not self.levels:
                self.write(escaped(text[start:at]) + '"')
                self.value_ended(at)
                return at
        self.write(escaped(text[start:at]))
        return ~at
