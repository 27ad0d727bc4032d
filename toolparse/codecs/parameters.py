"""Raw parameter values in markup, written as one JSON object.

The wire has no escaping, so a closer inside a value can only be told from a real one by what follows it (`value_ends.py`). A declared
string flows out as it arrives; a value of another type is held until its end and typed by the schema.

    between ──opener──> (trim) ──> value ──closer that counts──> between ──the call's closer──> done
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import lru_cache

from toolparse.codecs import Rewritten
from toolparse.codecs.codec_base import StateReader
from toolparse.codecs.doubts import Doubts
from toolparse.codecs.json_calls import NamedCall
from toolparse.codecs.parameter_openers import ENVELOPES, ODD, UNTYPED, behind_repeats, is_plain, key_of, opens_at, tag_around
from toolparse.codecs.strict_json import StrictJson
from toolparse.codecs.value_ends import closing_tag, encloses, is_cut, is_stopped, mark_counts, may_close, swapped
from toolparse.codecs.writer import Arguments, ArgumentWriter
from toolparse.codecs.xml_section import XmlSection
from toolparse.jsontext import raw_values
from toolparse.jsontext.characters import SPACE, escaped
from toolparse.schemas.types import Type
from toolparse.wire.call_names import unescaped
from toolparse.wire.damaged_closers import CLOSING_BEGINS
from toolparse.wire.damaged_parameters import ANY_TAG, ANY_TAG_BEGINS
from toolparse.wire.lookalikes import QUOTES
from toolparse.wire.markers import HEAD_LIMIT, EndMarks, slot_texts
from toolparse.wire.open_call import OpenCall
from toolparse.wire.value_markers import SECTION, SECTION_END, WRITTEN_BREAK, Values

SHORT = 96
"""Text shorter than this may wait where it would only be held."""
_TWICE = re.compile(r"(?<!\w)(\w{1,32})=(?s:.{0,256}?)(?<!\w)\1=").search
"""An attribute that stands in a tag a second time."""
BLANKS = (" ", "\t")
_MARKUP = re.compile(r"[<>`*\n\u00a0\u200b]|&[a-z]+;").search
"""What a value that is no string has not, unless it holds what is left of markup, or of another value."""
_SIGN = re.compile(r"[<&`*\\\u00a0\u200b-\u200d\ufeff]").match
"""What stands around markup that was taken for text, and in front of more of it."""
_QUOTED = f"{QUOTES} \u00a0\u200b\ufeff"
_STRING = Type({"type": "string"})


_NAMED: dict[str, Type] = {word: Type({"type": word}) for word in ("string", "integer", "number", "boolean", "object", "array", "null")} | {
    "any": _STRING
}


def narrowed(declared: Type, word: str) -> Type:
    """The type that the markup names, if the schema allows it and others; else the schema's."""
    named = _NAMED.get(word)
    if named is None or len(declared.kinds) == 1 or (declared.declared and not set(named.kinds) <= set(declared.kinds)):
        return declared
    return named


@lru_cache(maxsize=512)
def odd_keys(keys: tuple[str, ...]) -> tuple[str, ...]:
    """Those of some keys in which markup stands."""
    return tuple(key for key in keys if ODD(key))


class ParameterReader(StateReader):
    """The parameters of one call, whose name stood in its header."""

    __slots__ = (
        "arguments", "around", "begins_at", "by_line", "closed", "dialect", "doubts", "ended", "ends", "envelope", "given", "in_xml",
        "inner", "key", "kind", "kinds", "line", "lost", "nullable", "odd_keys", "opened", "other_layout", "spaced", "start", "strange",
        "streaming", "tool", "trimmed", "type", "unopened", "values", "writer",
    )  # fmt: skip

    def __init__(self, call: OpenCall, values: Values, ends: EndMarks) -> None:
        super().__init__(call, self.between)
        self.values = values
        self.tool = call.tool
        self.ends = ends
        self.inner: NamedCall | None = None
        self.opened: set[str] = set()
        self.closed = False
        self.around = "\0"
        """The closer of a tag around all arguments."""
        self.dialect = 0
        """Which of the damaged openers opened the value: 0 is the format's own, written well or not."""
        self.other_layout = False
        """The value stands on lines of its own behind a damaged opener, as other families lay it out; it is held."""
        self.in_xml: XmlSection | None = None
        self.doubts = Doubts(call)
        self.begins_at = 0
        self.ended = -1
        """Where the last value's closer ends."""
        self.lost = False
        self.unopened = False
        """The last marker of the value's opener is missing, or its first sign."""
        self.spaced = False
        """Blanks stand around the markup in front of the value, where the template writes none."""
        self.writer = ArgumentWriter(call)
        self.arguments = Arguments()
        self.given = self.arguments.seen
        self.strange = False
        """Some of these may not be declared."""
        self.odd_keys = odd_keys(self.tool.keys) if self.tool is not None else ()
        """The declared keys that need openers of their own."""
        self.key = self.kind = ""
        self.kinds = values.kinds
        self.envelope: str | None = None
        self.type: Type = UNTYPED
        self.streaming = False
        self.nullable = False
        self.by_line = values.body.ends == "line" or values.lined
        self.line = self.by_line
        self.start = 0
        self.trimmed = False  # what the template writes in front of a value stood in front of this one

    @property
    def passes(self) -> StrictJson | None:
        return self.inner.passes if self.inner is not None else None

    @property
    def flow(self) -> Callable[[str], re.Match[str] | None] | None:
        if self.inner is not None:
            return self.inner.flow
        flows = self.state == self.value and self.streaming and not self.line and self.in_xml is None
        return self.values.flow if flows else None

    @property
    def rewrites(self) -> Callable[[str], Rewritten | None] | None:
        return self.rewritten if self.state == self.value and self.streaming and self.in_xml is None else None

    def rewritten(self, text: str) -> Rewritten | None:
        values = self.values
        end = len(text)
        if text[0] in values.closed_firsts and end < SHORT and values.closed(text) is not None:
            return "", 0
        if values.marks(text) is not None and (found := values.search(text, 0)) is not None:
            if found.lastgroup not in ("hold", "wait"):
                return None
            end = found.start()
            text = text[:end]
        if self.by_line and (self.line or "\n" in text):
            self.follow_line(text)
        return escaped(text), end

    @property
    def waits(self) -> Callable[[str], object] | None:
        if self.state == self.value:
            return None if self.streaming or self.nullable else self.values.waits_inside
        return self.values.waits_before if self.state == self.between and not self.junk.pieces else None

    @property
    def held(self) -> int:
        if self.inner is not None:
            return self.inner.held
        return self.writer.held.length + self.writer.left.length + len(self.in_xml.rest if self.in_xml is not None else "")

    def finish(self, at: int) -> None:
        if self.inner is not None:
            self.inner.finish(at)
            self.done = True
            return
        if (self.values.end_closes or self.closed) and self.state == self.between and not self.junk.pieces:
            self.close(at, True)
            return
        self.report_junk()
        if self.in_xml is not None:
            self.end_section(self.in_xml, at)
        self.doubts.tell()
        if self.state == self.between:
            self.unwrap(True, at)
        self.done = True
        self.call.end(False, at)

    def report_junk(self, error: bool = False) -> None:
        """Signs that stand right behind a value's closer may stand in front of it, too, where they are in the value."""
        around = self.junk_start == self.ended and self.values.reads_damaged and self.junk.text.strip(SPACE) != ">"
        super().report_junk(error or (around and self.ended > 0))

    # -- between the parameters -------------------------------------------------------------------------------------------------------

    def between(self, at: int) -> int:
        text = self.text
        values = self.values
        start = at
        at = values.blanks.match(text, at).end()
        if at > start:
            self.spaced = self.spaced or " " in text[start:at] or "\t" in text[start:at]
            if self.junk.pieces:
                self.keep_junk(text[start:at], start)
        if at == len(text):
            return ~at
        if at == start and self.junk.pieces and values.junk.match(self.junk_end):
            run = values.junk.match(text, at)
            if run is not None:  # a word that a piece ended in goes on: nothing begins inside it
                self.keep_junk(run[0], at)
                return run.end()
        if values.plain_open is not None and not self.odd_keys:
            found = values.plain_open(text, at, at + HEAD_LIMIT)
            if found is not None and not self.spaced and self.is_new(found[1]):
                self.other_layout = False
                self.begin_value(found[1], "", "", at)
                self.begins_at = self.call.base + found.end()
                self.state = self.value
                return found.end()
            if found is None and not self.last and not self.junk.pieces and len(text) - at < SHORT and values.waits_before(text[at:]):
                return ~at
        opener = self.opener(at)
        if opener is True:
            return ~at
        if opener and (is_plain(self, opener) or not values.reads_damaged):
            return self.begin(opener, at)
        return self.otherwise(at, not self.last and len(text) - at < HEAD_LIMIT)

    def opener(self, at: int) -> re.Match[str] | bool:
        """The parameter's opener that stands at `at` as the template writes it; False when none does, True when more text must tell."""
        text = self.text
        values = self.values
        undecided = not self.last and len(text) - at < HEAD_LIMIT
        if self.odd_keys:
            whole, begun = values.openers_of(self.odd_keys)
            found = whole.match(text, at, at + HEAD_LIMIT)
            if found is not None or (undecided and begun.match(text, at)):
                return found or True
        found = values.open.match(text, at, at + HEAD_LIMIT)
        return found or (undecided and values.open_partial.match(text, at) is not None)

    def otherwise(self, at: int, undecided: bool) -> int:
        """Between the parameters, where none of them opens."""
        text = self.text
        values = self.values
        if values.object_key is not None and not self.given:
            moved = self.open_object_key(values.object_key, at, undecided)
            if moved is not None:
                return moved
        if values.reads_damaged and not self.given and not self.junk.pieces:
            again = self.repeated_head(at, values.heads)
            if again is not None:
                return again
        ends = self.ends(text, at, self.last)
        if ends is None:
            return ~at
        if ends and values.reads_damaged and not text.startswith(values.closers, at):  # calls and parameters may begin alike
            moved = self.damaged_opener(at, undecided)
            if moved is not None:
                return moved
        if ends:
            if values.call_closers and not text.startswith(values.call_closers, at):
                self.doubts.tell_end()
            self.close(at, complete=ends != "stop", closed=text.startswith(values.closers, at))
            return at
        if values.reads_damaged:
            moved = self.repaired(at, undecided)
            if moved is not None:
                return moved
        for close in values.closes:
            if text.startswith(close, at):
                if values.reads_damaged and self.junk.pieces:  # the value that it closes has lost its opener
                    self.lost = True
                    break
                return at + len(close)
            if not self.last and (close.startswith(text[at : at + len(close)]) or values.blanks_partial.match(text, at)):
                return ~at
        run = values.junk.match(text, at)
        end = at + 1 if run is None else run.end()
        self.keep_junk(text[at:end], at)
        return end

    def is_new(self, key: str) -> bool:
        """Whether a key needs no second look, nor what stands in front of it."""
        return (
            key.isidentifier() and key not in self.given and not self.junk.pieces and self.envelope is None and key.lower() not in ENVELOPES
        )

    def begin(self, found: re.Match[str], at: int, repaired: bool = False) -> int:
        """A parameter's opener stands at `at`; `repaired`: it is damaged."""
        if self.values.reads_damaged and self.junk.pieces and "<" in self.junk.text:  # mere words are no argument
            self.lost = True
        end, doubtful = behind_repeats(self, found)
        spaced, self.spaced = self.spaced or "> " in found[0], False
        behind = end + len(self.values.trim) * self.text.startswith(self.values.trim, max(end, 0))
        if end < 0 or ((self.junk or spaced) and behind == len(self.text) and not self.last):
            self.spaced = spaced
            return ~at
        if self.values.reads_damaged and (signs := found[0].count("=")) > 1 and signs > len(slot_texts(found)) and _TWICE(found[0]):
            said = f"the value of {slot_texts(found)['key']!r} may be another one's: an attribute stands twice in its opener {found[0]}"
            self.call.problem("doubtful_value", said, at, error=True)
        if self.values.reads_damaged and " value=" in found[0]:
            self.call.problem("dropped_text", f"a value that stood as an attribute was dropped: {found[0]}", at, error=True)
            self.lost = True
        if repaired:
            self.call.problem("repaired_markup", f"a parameter's damaged opener was read: {found[0]}", at)
        if end > found.end():
            self.call.problem("repaired_markup", f"a parameter's opener stood twice: {self.text[found.end() : end]}", found.end())
        before, first = self.junk_end if self.junk.pieces else "", self.text[end : end + 1]
        if doubtful or (_SIGN(first) and (repaired or before == first)):
            said = f"the value of {slot_texts(found)['key']!r} begins with what may belong to the markup in front of it"
            self.call.problem("doubtful_value", said, end, error=True)
        self.report_junk(error=self.lost)
        self.other_layout = repaired and not (self.values.trim or self.values.calls.escaped == "xml") and self.text.startswith("\n", end)
        self.open(found, at)
        if spaced and (self.streaming or self.nullable) and self.text[behind : behind + 1] in BLANKS and self.values.reads_damaged:
            self.doubts.add(f"the value of {self.key!r} begins with blanks, as stand around the markup in front of it, too", behind)
        self.begins_at = self.call.base + end
        return end

    # -- damaged markup ---------------------------------------------------------------------------------------------------------------

    def damaged_opener(self, at: int, undecided: bool) -> int | None:
        """A parameter's opener that is damaged, or another dialect's."""
        text = self.text
        for dialect, opener in enumerate(self.values.damaged.openers):
            if undecided and opener.partial.match(text, at):
                return ~at
            found = opener.full.match(text, at, at + HEAD_LIMIT)
            if found is None or not opener.marked(found):
                continue
            key = slot_texts(found)["key"]
            tool = self.tool
            if opener.own and not opener.ends_whole(found):
                follows = opens_at(self, found.end())
                if follows is None:
                    return ~at
                if follows:
                    self.call.problem("dropped_text", f"a key without a value was dropped: {text[at : found.end()]}", at, error=True)
                    return found.end()
            if (tool.declares(key) and key not in self.given) if tool is not None else (opener.own and opener.intact(found)):
                whole = opener.ends_whole(found)
                if not whole or not opener.closed(found):
                    if undecided and ANY_TAG_BEGINS.match(text, found.end()):
                        return ~at
                    tag = ANY_TAG.match(text, found.end())
                    if tag is not None:
                        said = f"the value of {key!r} begins with {tag[0]}, which may be left of damaged markup"
                        self.doubts.add(said, tag.start())
                moved = self.begin(found, at, repaired=True)
                self.dialect = dialect
                self.unopened = not whole or found[0][0].isalnum()
                return moved
        return None

    def repaired(self, at: int, undecided: bool) -> int | None:
        """What stands between values and is damaged: an opener, the arguments as JSON, a closer. None when nothing of the kind does."""
        around = tag_around(self, at, undecided)
        if around is True:
            return ~at
        if around:
            self.call.problem("repaired_markup", f"a tag around all arguments was dropped: <{around[1]}>", at)
            self.around = f"</{around[1]}>"
            return around.end()
        moved = self.damaged_opener(at, undecided)
        if moved is not None:
            return moved
        if self.text[at] == "{" and not self.given and not self.junk.pieces and self.envelope is None:
            self.call.problem("repaired_markup", "the arguments stood as JSON in the place of the markup", at)
            self.inner = NamedCall(self.call, self.ends)
            self.state = self.as_json
            return at
        return self.damaged_closer(at, undecided)

    def damaged_closer(self, at: int, undecided: bool) -> int | None:
        """A closer of the call that is damaged, or a tag of another kind that stands for one, or in front of one."""
        text, closers = self.text, self.values.damaged.closers
        if undecided and (closers.may_begin(text, at) or CLOSING_BEGINS.match(text, at) or closers.broken_begins.match(text, at)):
            return ~at
        if text.startswith(self.around, at) and not self.junk.pieces:
            return at + len(self.around)
        closer = closers.closer(text, at)
        following = closers.next.match(text, at)
        if closer is not None or (following is not None and following.end() > at):
            self.call.problem("repaired_markup", "a damaged marker ends the call", at)
            self.close(at if closer is None else closer[1], complete=True, closed=closer is not None and not closer[0])
            return at if closer is None else closer[1]
        found = closers.closing(text, at)
        if found is not None and not self.junk.pieces:
            counts = closers.ends_with(text, found.end(), 0 if closers.ranks else -1, self.last)
            if counts is False and not text.startswith(self.values.closes, at):
                counts = closers.ends_with(text, found.end(), -1, self.last)
            if counts is None:
                return ~at
            opens = counts or opens_at(self, found.end())
            if opens is None:
                return ~at
            if opens:
                self.call.problem("repaired_markup", f"a closing tag of another kind was dropped: {found[0]}", at, is_stopped(self, found))
                self.closed = True
                return found.end()
        end = closers.near(text, at, self.last) if found is None and not self.junk else None
        if end is not None and end >= 0:
            doubtful = self.ended == self.call.base + at and text[at] != "<" and _SIGN(text[at]) is not None  # it may be the value's
            self.call.problem("repaired_markup", f"a damaged marker ends the call: {text[at:end]}", at, error=doubtful)
            self.close(end, complete=True, closed=False)
        return end

    def as_json(self, at: int) -> int:
        """Inside arguments that stand as JSON."""
        inner = self.inner
        assert inner is not None
        at = inner.step(self.text, at, self.last)
        self.done = inner.done
        return at if inner.done else ~at

    def open_object_key(self, opener: re.Pattern[str], at: int, undecided: bool) -> int | None:
        """Behind the opener of a key at `at` that is the object of all arguments; None where there is none."""
        found = opener.match(self.text, at, at + HEAD_LIMIT)
        if found is None:
            return ~at if undecided and self.values.object_key_partial.match(self.text, at) else None
        self.report_junk()
        self.start = self.call.base + at
        self.writer.taken()
        self.state = self.object_key
        return found.end()

    def object_key(self, at: int) -> int:
        """In the place of a key: the object that holds all arguments."""
        text = self.text
        values = self.values
        look = at
        while True:
            found = values.key_end.search(text, look)
            end = len(text) if found is None else found.start()
            if found is not None and found.lastgroup == "close":
                counts = values.follows["key"](text, found.end(), self.last)
                if counts is False:
                    look = found.end()
                    continue
                if counts:
                    self.writer.hold(text[at:end])
                    self.state = self.between
                    self.whole(self.writer.taken(), self.start - self.call.base)
                    return found.end()
            self.writer.hold(text[at:end])
            return ~end

    def whole(self, text: str, at: int) -> None:
        """All arguments at once."""
        bare = text.strip(SPACE)
        found = raw_values.read_object(bare)
        if found is None:
            found = raw_values.mend(bare, "{")
            if found is None:
                self.call.problem("dropped_text", f"a key that is no object and has no value was dropped: {text}", at)
                return
            self.call.problem("repaired_value", "the object in the place of a key was repaired", at)
        self.merge(found)

    def merge(self, text: str) -> None:
        """The members of an object, as JSON text, are the first parameters."""
        if text != "{}":
            self.call.write(text[:-1])
            self.given.update(keys_of(text))
            self.strange = True

    def unwrap(self, only: bool, at: int) -> None:
        """What follows the parameter that may hold all the others is known: whether it is the `only` one."""
        text, self.envelope = self.envelope, None
        if text is None:
            return
        if only and self.tool is not None:
            found = self.enclosed(text)
            if found is not None and all(map(self.tool.declares, keys_of(found))):
                self.call.problem("unwrapped_arguments", f"the arguments stood in a parameter {self.key!r} and were taken out", at)
                self.merge(found)
                return
        self.given.discard(self.key)
        self.write_value(text, at)

    def enclosed(self, text: str) -> str | None:
        """The object that the text is, or holds as a JSON string."""
        bare = text.strip(SPACE)
        if bare[:1] == '"' and self.kind != "string":
            inner, _ = UNTYPED.read_json(bare)
            bare = json.loads(inner).strip(SPACE) if inner[0] == '"' else ""
        return raw_values.read_object(bare)

    def close(self, at: int, complete: bool, closed: bool = True) -> None:
        """The call ends; `closed`: with its own closer."""
        if self.lost or (self.junk.pieces and not self.given):
            complete = False
        if complete and not closed and not self.given and self.call.may_lack_arguments:
            self.call.problem("missing_closer", "the call has neither arguments nor its closer", at, error=True)
        self.report_junk(error=True)
        self.unwrap(True, at)
        if complete:
            self.doubts.tell_closer(self.tool, self.given)
        if self.strange and self.values.reads_damaged and complete and (other := self.other_tool()):
            said = f"arguments that the tool does not declare are those of {other!r}: the opener of that call may be lost"
            self.call.problem("doubtful_value", said, at, error=True)
        self.doubts.tell_openers(self.given)
        if complete:
            self.call.write(self.arguments.end())
            self.call.unargued = not self.given
        self.done = True
        self.call.end(complete, at)

    def other_tool(self) -> str:
        """The tool whose arguments stand among this call's, several of them or all that it has; "" when there is none."""
        tool = self.tool
        strange = {key for key in self.given if not tool.declares(key)} if tool is not None and tool.keys else set()
        if not strange:
            return ""
        others = (other for other in self.call.tools or () if strange <= set(other.keys))
        return next((other.name for other in others if len(strange) > 1 or strange == set(other.keys)), "")

    def open(self, found: re.Match[str], at: int) -> None:
        """A parameter begins."""
        self.unwrap(False, at)
        values = self.values
        as_written = found.re is values.open or (bool(self.odd_keys) and found.re is values.openers_of(self.odd_keys)[0])
        slots = {"key": key_of(self, found)} if values.only_key and as_written else slot_texts(found)
        key = self.plain_key(unescaped(slots["key"]) if values.calls.escaped else slots["key"], at)
        named = slots.get("kind", "")
        kind = self.kinds.get(named, "") if "kind" in slots or as_written else ""
        self.begin_value(key, kind, named, at)
        self.state = self.trim if values.trim else self.value

    def begin_value(self, key: str, kind: str, named: str, at: int) -> None:
        """The value of a parameter begins; `named` is the type that the markup names, `kind` what the format means by it."""
        body = self.values.body
        self.key = key
        self.kind = kind
        tool = self.tool
        self.type = _STRING if kind == "string" else tool.parameter(key) if tool is not None else UNTYPED
        if body.kinds == "types" and named:
            self.type = narrowed(self.type, named.partition("[")[0])
        self.writer.leaving = key in self.given
        if tool is not None and not tool.declares(key):
            self.strange = True
            self.call.check_key(key, at)
        self.dialect = 0
        self.unopened = False
        self.doubts.mark = -1
        self.streaming = self.nullable = False
        if self.writer.leaving:
            self.call.problem("repeated_key", f"the parameter {key!r} is given twice; the first one stands", at)
        elif (
            self.values.reads_damaged
            and kind != "json"
            and key.lower() in ENVELOPES
            and not self.given
            and tool is not None
            and not tool.declares(key)
        ):
            self.envelope = ""
        elif kind in ("", "string"):
            if self.type.exactly_string and not self.other_layout:
                self.call.write(f'{self.arguments.member(self.key)}"')
                self.streaming = True
            else:
                self.nullable = self.type.string_or_null
        self.writer.taken()
        self.opened.clear()
        self.start = self.call.base + at
        self.line = self.by_line

    def plain_key(self, key: str, at: int) -> str:
        """A key without the quotes that stand around it and are no part of it."""
        bare = key.strip(_QUOTED)
        tool = self.tool
        if bare == key or not bare or not self.values.reads_damaged or (tool is not None and tool.declares(key)):
            return key
        self.call.problem("repaired_markup", f"quotes around the key {bare!r} were dropped", at)
        return bare

    # -- inside a value -----------------------------------------------------------------------------------------------------------------

    def trim(self, at: int) -> int:
        """What the template writes in front of a value."""
        self.trimmed = False
        for trim in self.values.trims:
            if self.text.startswith(trim, at):
                self.state = self.value
                self.trimmed = True
                if trim == WRITTEN_BREAK:
                    self.call.problem("repaired_markup", "a line break that is written out was dropped in front of a value", at)
                return at + len(trim)
            if not self.last and trim.startswith(self.text[at : at + len(trim)]):
                return ~at
        self.state = self.value
        return at

    def value(self, at: int) -> int:
        text = self.text
        mark_at = self.values.marks(text, at)
        if mark_at is None:
            self.take(at, len(text))
            return ~len(text)
        look = mark_at.start()
        found = self.values.plain_close(text, look)
        if found is None:
            return self.marked(at, look)
        self.close_plainly(at, self.behind_written_break(look, found.end()))
        self.ended = self.call.base + found.end()
        return found.end()

    def behind_written_break(self, at: int, mark: int) -> int:
        """Where the value ends, between `at` and its closer at `mark`: a line break that is written out there is data unless one stood in
        front of the value, too, whose template writes them."""
        if not self.text.startswith(WRITTEN_BREAK, at, mark) or WRITTEN_BREAK not in self.values.trims:
            return at
        if not self.trimmed:
            return at + len(WRITTEN_BREAK)
        self.call.problem("repaired_markup", "a line break that is written out was dropped behind a value", at)
        return at

    def close_plainly(self, start: int, end: int) -> None:
        """The value, whose last part stands from `start` to `end`, ends with its own closer. One that is held is written at once."""
        writer = self.writer
        flows = self.streaming or self.nullable or writer.leaving
        odd = self.other_layout or self.envelope is not None or self.in_xml is not None or self.doubts.said
        if flows or odd or writer.held.length + end - start > self.call.rules.max_held:
            self.take(start, end)
            self.end(end)
            return
        text = self.text[start:end]
        self.state = self.between
        self.write_value(writer.taken() + text if writer.held.pieces else text, end)

    def marked(self, at: int, look: int) -> int:
        """Inside a value, which what stands at `look` or behind it may end."""
        text = self.text
        values = self.values
        while True:
            found = values.search(text, look)
            if found is None:
                self.take(at, len(text))
                return ~len(text)
            start, kind = found.start(), str(found.lastgroup)
            if kind == "hold" or (kind == "wait" and not self.last):
                self.take(at, start)
                return ~start
            mark = found.start(kind) - (kind == "tag")
            if kind == "piece" and self.in_section(found[kind], mark):
                return mark + len(SECTION)
            counts = mark_counts(self, found, kind, mark, at)
            if counts is False and kind in ("rank", "end", "alike") and values.reads_damaged:
                counts = swapped(self, mark)
                if counts:  # what the template writes behind a value stands behind its own closer
                    start = mark - len(values.trim) * text.endswith(values.trim, at, mark)
            if counts is None:
                self.take(at, start)
                return ~start
            enclosed: bool | None = False
            if counts and start < mark and text.startswith("<<", mark - 1):
                enclosed = encloses(self, mark)
                if enclosed is None:
                    self.take(at, start)
                    return ~start
                start = start if enclosed else mark
            if counts:
                self.take(at, start := self.behind_written_break(start, mark))
                return self.end_with(found, kind, start, mark, enclosed is True)
            if values.reads_damaged and (kind == "close" or (kind == "alike" and may_close(self, mark))):
                self.doubts.marks(mark, own=kind == "close")
            if values.reads_damaged and kind in ("alike", "rank", "end") and values.damaged.closers.closer(text, mark) is not None:
                self.doubts.holds_end(mark)
            if self.unopened and kind in ("alike", "tag"):
                self.unopened = False
                self.doubts.add(f"the value of {self.key!r} holds a tag, and one was missing in front of it", mark)
            look = found.end() if kind == "close" else mark + 1  # of a closer that is data no part is a damaged one

    def end_with(self, found: re.Match[str], kind: str, at: int, mark: int, enclosed: bool) -> int:
        """The value ends at `at`, with the marker of this kind at `mark`; `enclosed`: between two brackets too many."""
        end = found.end() if kind == "close" else self.behind_closer(mark) if kind == "alike" else mark
        if end == mark or kind == "alike":
            self.doubts.ends_otherwise(self.key, mark)
            if self.unopened:
                self.doubts.add(f"the value of {self.key!r} lacks its closer, and its opener was damaged, too", mark)
        if kind == "call":
            self.cut_by_call(mark)
        elif end == mark and self.values.reads_damaged:
            self.call.problem("missing_closer", f"the value of {self.key!r} was not closed", mark, error=is_cut(self, mark))
        self.end(at)
        if enclosed:
            self.call.problem("repaired_markup", f"brackets around a closer were dropped: {self.text[mark - 1 : end + 1]}", mark)
            end += 1
        self.ended = self.call.base + end
        return end

    def behind_closer(self, mark: int) -> int:
        """Where the closing tag at `mark` ends if it is the value's; the call's own stay."""
        if self.values.damaged.closers.closer(self.text, mark) is not None:
            return mark
        found = closing_tag(self, mark)
        assert found is not None
        self.call.problem("repaired_markup", f"a value was closed by another tag than its own: {found[0]}", mark, is_stopped(self, found))
        return found.end()

    def cut_by_call(self, mark: int) -> None:
        """Another call's opening at `mark` ends the open value; one of the same tool may be this call, which is begun again."""
        found = (head.full.match(self.text, mark, mark + HEAD_LIMIT) for head in self.values.heads)
        again = any(opening is not None and slot_texts(opening)["name"] == self.call.name for opening in found)
        self.lost = self.lost or again
        self.call.problem("missing_closer", f"the value of {self.key!r} ends where the next call begins", mark, error=again)

    def take(self, start: int, end: int) -> None:
        """The text from `start` to `end` belongs to the value."""
        if start >= end:
            return
        text = self.text[start:end]
        if self.by_line and (self.line or "\n" in text):
            self.follow_line(text)
        self.put(text)

    def follow_line(self, text: str) -> None:
        newline = text.rfind("\n")
        if newline >= 0 or self.line:
            self.line = not text[newline + 1 :].strip(" \t")

    def in_section(self, piece: str, mark: int) -> bool:
        """Whether the piece of markup at `mark` opens a section of XML in which the value stands."""
        begins = piece == SECTION and self.call.base + mark - self.begins_at <= len(self.values.trim)
        if begins:
            self.in_xml = XmlSection()
        return begins

    def end_section(self, section: XmlSection, at: int) -> None:
        """The value ends that stands in a section of XML, as its end should."""
        self.in_xml = None
        if section.rest == SECTION_END:
            self.call.problem("repaired_markup", "a section of XML around a value was dropped", at)
        else:
            self.put(section.rest)
        if section.goes_on or section.rest != SECTION_END:
            self.doubts.add(f"the value of {self.key!r} began with {SECTION}, and does not end where that does", at)

    def put(self, text: str) -> None:
        """Text of the value."""
        if self.in_xml is not None:
            text = self.in_xml.passed(text)
        if self.streaming:
            self.call.write(escaped(text))
            return
        if self.writer.leaving:
            self.writer.leave(text)
        elif self.writer.hold(text) and not self.nullable:
            self.envelope = None
            self.release(self.writer.too_long(f"the value of {self.key!r}", self.start))
        elif self.nullable and not self.may_be_null():  # a string that is long in one piece has not been held
            self.release(f'"{escaped(self.writer.taken())}')

    def release(self, begun: str) -> None:
        """The value is a string after all, and what was held of it flows."""
        self.nullable = False
        self.streaming = True
        self.call.write(self.arguments.member(self.key) + begun)

    def may_be_null(self) -> bool:
        text = self.writer.held.text
        return "null".startswith(text) or (self.values.body.none == "python" and "None".startswith(text))

    def end(self, at: int) -> None:
        """The value is complete."""
        if self.in_xml is not None:
            self.end_section(self.in_xml, at)
        self.state = self.between
        if self.streaming:
            self.call.write('"')
        if self.doubts.said:
            self.doubts.tell()
        if self.streaming:
            return
        if self.writer.leaving:
            self.writer.leave("")  # an empty value is told, too
            self.writer.report_left(f"the second value of {self.key!r}", at)
            return
        text = self.writer.taken()
        if self.other_layout:
            text = text.removeprefix("\n").removesuffix("\n")
            self.other_layout = False
        if self.envelope is not None:
            self.envelope = text
            self.given.add(self.key)
        else:
            self.write_value(text, at)

    def write_value(self, text: str, at: int) -> None:
        """A value that was held."""
        kind = self.kind
        if kind and kind.startswith("json"):
            value, problem = self.type.read_json(text) if kind == "json_by_schema" else UNTYPED.read_json(text)
        else:
            body = self.values.body
            none = body.none == "python" or (body.none == "json" and not self.type.allows_string)
            value, problem = self.type.read(text, none)
        if problem is not None:
            # Where no string is wanted, what is left of markup, or of a quote, is damage.
            marked = _MARKUP(text) is not None or text.count('"') % 2 == 1 or (bool(kind) and not self.type.allows_string)
            self.call.problem("wrong_type", f"{self.key}: {problem}", at, error=marked)
        self.call.parts.append(self.arguments.member(self.key) + value)


def keys_of(text: str) -> dict[str, object]:
    """The object that JSON text holds, for its keys."""
    found = raw_values.value_of(text)
    return found if isinstance(found, dict) else {}
