"""Nested elements, each of whose tags stands behind one marker, written as JSON piece by piece.

    inside ──opening tag──> leaf ──closing tag──> inside ...       inside ──closing tag──> inside (of the element around it)
                              └──opening tag──> inside (the element holds others)

A tag without the marker is data. A declared string flows out as it arrives; another leaf is held until its closing tag and typed by the
schema, as deep as the schema goes. Whether an element is a list or an object its schema says, else the name of its first child.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from toolparse.codecs import Rewritten
from toolparse.codecs.codec_base import StateReader
from toolparse.codecs.element_marks import TAG_BEGUN, Marks
from toolparse.codecs.writer import ArgumentWriter, Level
from toolparse.grammar import ITEM
from toolparse.jsontext.characters import SPACE, SPACES, escaped
from toolparse.schemas.types import UNKNOWN, Type
from toolparse.wire.lookalikes import UNSEEN
from toolparse.wire.markers import EndMarks
from toolparse.wire.open_call import OpenCall

_STRING = Type({"type": "string"})
_TAG = re.compile(r"<[ \t]{0,2}(/?)[ \t]{0,2}([^<>\n/\s](?:[^<>\n]{0,254}[^<>\n\s])?)[ \t]{0,2}>")
_NAMED = re.compile(r"""\w{1,32}(?:[ \t]{1,4}(?:name|key))?[ \t]{0,4}=[ \t]{0,4}(["']?)([^"'<>=]{1,256})\1""")
"""A tag that names its key as other dialects do."""
_MARKED = re.compile(f"[<&`*{UNSEEN}]").search
"""What belongs to markup, or stands around it."""
_JUNK = re.compile(r"[^\]<]+|.", re.DOTALL)


class Element(Level):
    """An open element. `kind` is what it is once that is known, `muted` says that it is left out.

    `more` is the key of a list that is complete but for its closing bracket, as elements of the same key may add to it.
    """

    __slots__ = ("begun", "key", "kind", "more", "more_count", "muted", "type")

    def __init__(self, key: str, of: Type, kind: str = "") -> None:
        self.count = 0
        self.seen: set[str] = set()
        self.key = key
        self.type = of
        self.kind = kind
        self.begun = False
        self.more = ""
        self.more_count = 0
        self.muted = False

    @property
    def collects(self) -> bool:
        """Whether it can be nothing but a list."""
        return self.type.is_array and not self.type.allows_string


class ElementsReader(StateReader):
    """The arguments of one call, whose name stood in its header."""

    passes = None

    def __init__(self, call: OpenCall, marks: Marks, ends: EndMarks) -> None:
        super().__init__(call, self.begin)
        self.marks = marks
        self.ends = ends
        self.depth = call.rules.max_depth
        tool = call.tool
        self.stack = [Element("", tool.arguments if tool is not None else UNKNOWN, "object")]
        self.writer = ArgumentWriter(call)
        self.write = self.writer.write
        self.start = 0
        self.streaming = False
        self.nested = 0
        self.headless = False
        self.fresh = False
        self.spaced = self.led = False
        """Blanks stand around the markup in front of a value, and the value begins with some, too."""
        self.misfits = ""

    @property
    def held(self) -> int:
        return self.writer.held.length

    @property
    def flows(self) -> bool:
        """Whether a string's text is passed on as it comes."""
        return self.state == self.leaf and self.streaming and not self.fresh and not self.stack[-1].muted

    @property
    def flow(self) -> Callable[[str], re.Match[str] | None] | None:
        return self.marks.flow if self.flows else None

    @property
    def rewrites(self) -> Callable[[str], Rewritten | None] | None:
        return self.rewritten if self.flows else None

    def rewritten(self, text: str) -> Rewritten | None:
        return (escaped(text), len(text)) if self.marks.search(text) is None else None

    @property
    def waits(self) -> Callable[[str], object] | None:
        if self.streaming:
            return None
        return self.marks.within if self.state == self.leaf else self.marks.between if self.state == self.inside else None

    def finish(self, at: int) -> None:
        self.report_junk()
        self.report_left(self.stack[-1].key, at)
        self.done = True
        self.call.end(False, at)

    # -- writing ------------------------------------------------------------------------------------------------------------------------

    def report_junk(self, error: bool = False) -> None:
        """Signs beside a tag may stand in the value, too, which is as raw as they are."""
        if self.junk.pieces:
            super().report_junk(error or _MARKED(self.junk.text) is not None)

    def report_left(self, key: str, at: int) -> None:
        """A value that does not count has ended."""
        self.writer.report_left(f"a value of {key!r}", at)

    def begin_value(self) -> None:
        """What stands before the value of the innermost element, once."""
        element = self.stack[-1]
        if element.begun:
            return
        element.begun = True
        parent = self.stack[-2]
        self.write(parent.item() if parent.kind == "list" else parent.member(element.key))

    def end_list(self, element: Element) -> None:
        """A list among an object's members gets no more items."""
        if element.more:
            element.more = ""
            self.write("]")

    def mend(self, kind: str, said: str, at: int, error: bool = False) -> None:
        """Something is wrong in the markup, and has been put right."""
        self.mended = True
        self.call.problem(kind, said, at, error=error)

    def misfit(self, said: str, text: str, at: int) -> None:
        """A value does not fit its type: the model's fault, or that of damaged markup."""
        self.misfits = self.misfits or said
        self.call.problem("wrong_type", said, at, error="<" in text)

    # -- structure ----------------------------------------------------------------------------------------------------------------------

    def begin(self, at: int) -> int:
        self.call.write("{")
        self.state = self.inside
        return at

    def inside(self, at: int) -> int:
        """Between the elements of a container."""
        text = self.text
        start, at = at, SPACES.match(text, at).end()
        self.spaced = self.spaced or (at > start and " " in text[start:at])
        if self.junk.pieces and at > start:
            self.keep_junk(text[start:at], start)
        if at == len(text):
            return ~at
        if not (self.junk.pieces or self.stack[0].seen or len(self.stack) > 1):
            again = self.repeated_head(at, self.marks.heads)
            if again is not None:
                return again
        how = self.ends_call(at)
        if how is None:
            return ~at
        if how:
            return self.ended(str(how), at)
        prefix = self.marks.prefix
        if text.startswith(prefix, at):
            return self.marked(at, at + len(prefix))
        if not self.last and (self.marks.cut_prefix.match(text, at) or self.marks.odd_begins.match(text, at)):
            return ~at
        odd = self.marks.odd.match(text, at)
        if odd is not None:
            return self.marked(at, odd.end())
        closes = self.plain_closer(at)
        if closes is None:
            return ~at
        if closes:
            self.close_element(at)
            return closes
        found = _JUNK.match(text, at)
        end = found.end() if found is not None else at + 1
        self.spaced = self.spaced or " " in text[at:end]
        self.keep_junk(text[at:end], at)
        return end

    def ends_call(self, at: int) -> str | bool | None:
        """What ends the call at `at`, as `ends` says it, but for tags of elements that are called like the tags around calls."""
        text = self.text
        how = self.ends(text, at, self.last)
        if how not in ("open", "close") or len(self.stack) < 2 or self.headless:
            return how
        tag = _TAG.match(text, at + len(self.marks.prefix))
        if tag is None:
            return how
        if how == "close":
            return False if tag[1] and any(element.key == tag[2] for element in self.stack[1:]) else how
        if not self.may_hold(tag[2]):
            return how
        behind = SPACES.match(text, tag.end(), tag.end() + 256).end()
        for head in self.marks.heads:
            if head.full.match(text, behind):
                return how
            if not self.last and (behind == len(text) or head.partial.match(text, behind)):
                return None
        return False

    def marked(self, at: int, behind: int) -> int:
        """The marker of a tag between elements."""
        text = self.text
        tag = _TAG.match(text, behind)
        if tag is None and not self.last and TAG_BEGUN.match(text, behind):
            return ~at
        key = self.cut_tag(tag, behind) if tag is None or not (tag[1] or tag[2].isidentifier()) else ""
        if key:
            self.report_junk()
            self.mend("repaired_markup", f"the tag of {key!r} lacks its end", at)
            self.open_element(key, at)
            return behind + 1 + len(key)
        if tag is None:
            return self.without_tag(at, behind)
        if not tag[1]:
            self.report_junk()
            self.report_spelling(at, tag)
            key = self.key_of(tag[2], at)
            self.make_room(key, at)
            self.open_element(key, at)
            return tag.end()
        if any(element.key == tag[2] for element in self.stack[1:]):
            self.report_junk()
            self.report_spelling(at, tag)
            self.close_to(tag[2], at)
            return tag.end()
        return self.unmatched(tag, at)

    def key_of(self, written: str, at: int) -> str:
        """The key of a tag, which may name it as another dialect does."""
        named = _NAMED.fullmatch(written) if "=" in written else None
        if named is None or self.stack[-1].type.lists(written):
            return written
        self.mend("repaired_markup", f"<{written}> was read as the tag of {named[2]!r}", at)
        return named[2]

    def report_spelling(self, at: int, tag: re.Match[str]) -> None:
        """A tag counts, whose marker stands at `at`: tell how it is spelled, if that is not as it should be."""
        written = self.text[at : tag.end()]
        if written != f"{self.marks.prefix}<{tag[1]}{tag[2]}>":
            self.mend("repaired_markup", f"a damaged tag was read: {written}", at)

    def without_tag(self, at: int, behind: int) -> int:
        """A marker between elements that no tag follows: what is left of a tag, or the text of a value whose opening tag is missing."""
        text = self.text
        follows = self.structure(behind)
        if follows is None:
            return ~at
        if follows:
            self.report_junk()
            self.mend("repaired_markup", f"a {self.marks.prefix} without a tag was dropped", at)
            return behind
        if self.stack[-1].kind == "object" and text[behind : behind + 1] not in ("<", ""):
            self.report_junk()
            self.open_element("", at)
            self.headless = True
        else:
            self.keep_junk(text[at:behind], at)
        return behind

    def structure(self, at: int) -> bool | None:
        """Whether a marker, blanks aside, stands at `at`, of a tag or of the call's end; None when more text must tell."""
        text = self.text
        end = SPACES.match(text, at, at + 256).end()
        if text.startswith(self.marks.prefix, end):
            return True
        if not self.last and (end == len(text) or self.marks.cut_prefix.match(text, end)):
            return None
        ends = self.ends(text, end, self.last)
        return None if ends is None else bool(ends)

    def cut_tag(self, tag: re.Match[str] | None, behind: int) -> str:
        """The declared key that a tag without its end begins with; "" when there is none."""
        text = self.text
        if not text.startswith("<", behind) or (tag is not None and (tag[1] or not any(map(str.isspace, tag[2])))):
            return ""
        element = self.stack[-1]
        if tag is not None and (element.type.lists(tag[2]) or " " not in tag[2]):
            return ""
        keys = (ITEM,) if element.kind == "list" else tuple(key for key in element.type.keys if key not in element.seen)
        return max((key for key in keys if text.startswith(key, behind + 1)), key=len, default="")

    def make_room(self, key: str, at: int) -> None:
        """An element begins: what it cannot stand in, but beside, has ended though its closing tag is missing."""
        stack = self.stack
        element = stack[-1]
        if (element.kind == "list" and key == ITEM) or element.type.lists(key):
            return
        for i in range(len(stack) - 2, -1, -1):
            if stack[i].kind == "object" and stack[i].type.lists(key) and key not in stack[i].seen:
                while len(stack) > i + 1:
                    self.imply_closer(at)
                return

    def unmatched(self, tag: re.Match[str], at: int) -> int:
        """A closing tag between elements that closes none of them."""
        element = self.stack[-1]
        key = tag[2]
        fits = element.type.lists(key) and key not in element.seen if element.kind == "object" else key == ITEM
        text = self.junk.text.lstrip(SPACE).removeprefix(self.marks.prefix)
        if fits and text.strip(SPACE):
            self.junk.clear()
            self.mend("repaired_markup", f"the missing beginning of {key!r} was added", at, error=_MARKED(text) is not None)
            self.open_element(key, at)
            self.take(text)
            self.close_element(at)
            return tag.end()
        self.keep_junk(self.text[at : tag.end()], at)
        return tag.end()

    def open_element(self, key: str, at: int) -> None:
        parent = self.stack[-1]
        element = Element(key, parent.type.item(parent.count) if parent.kind == "list" else parent.type.property(key))
        element.muted = parent.muted
        if parent.kind == "object" and key:
            self.name(element, parent, at)
        self.stack.append(element)
        self.writer.taken()
        self.start = self.call.base + at
        self.nested = 0
        self.headless = False
        self.streaming = bool(key) and element.type.exactly_string
        self.fresh = bool(key)
        if len(self.stack) > self.depth:
            self.call.problem("too_deep", f"nested deeper than {self.depth}: the value became a string of its text", at)
            self.streaming = True
            self.nested = 1
        if self.streaming:
            self.begin_value()
            self.write('"')
        self.state = self.leaf

    def name(self, element: Element, parent: Element, at: int) -> None:
        """The key of a new member is known: it adds to a list of the same key, or begins another value."""
        if parent.more and parent.more == element.key:
            element.begun = True
            element.count = parent.more_count
            return
        self.end_list(parent)
        if parent is self.stack[0]:
            self.call.check_key(element.key, at)
        if element.key in parent.seen and not element.muted:
            self.call.problem("repeated_key", f"the parameter {element.key!r} is given twice; the first one stands", at, error=True)
            element.muted = element.begun = self.writer.leaving = True

    def close_to(self, key: str, at: int) -> None:
        """A closing tag: the elements inside the one that it closes are closed, too."""
        while self.stack[-1].key != key:
            self.imply_closer(at)
        self.close_element(at)

    def imply_closer(self, at: int) -> None:
        """The innermost element has ended, and its closing tag is missing."""
        said = f"the missing end of {self.stack[-1].key!r} was added"
        tagged = self.streaming or "</" in self.writer.held.text  # it may hold what is left of its closing tag
        self.mend("missing_closer", said, at, error=tagged or self.is_doubtful(len(self.stack) - 1))
        self.close_element(at)

    def is_doubtful(self, number: int) -> bool:
        """Whether an element that was not closed may have begun by mistake."""
        element, parent = self.stack[number], self.stack[number - 1]
        return element.key == parent.key or element.key in element.seen or (parent.kind == "list" and element.key != ITEM)

    def close_element(self, at: int) -> None:
        """The innermost element ends, whatever it is."""
        self.report_junk()
        element = self.stack[-1]
        if not element.kind:
            if self.led and element.type.allows_string and not self.call.rules.strict:
                said = f"the value of {element.key!r} begins with blanks, as stand around the markup in front of it, too"
                self.call.problem("doubtful_value", said, at, error=True)
            self.led = False
            self.end_leaf(at)
        elif element.kind == "object":
            self.end_list(element)
            self.write("}")
        else:
            if self.streaming:
                self.write('"')
            if not self.stays_open(element):
                self.write("]")
        self.stack.pop()
        if element.muted and not self.stack[-1].muted:
            self.report_left(element.key, at)
        self.streaming = False
        self.state = self.inside

    def stays_open(self, element: Element) -> bool:
        """Whether a list waits for more elements of its key."""
        parent = self.stack[-2]
        if parent.kind != "object" or not element.collects or element.muted:
            return False
        parent.more = element.key
        parent.more_count = element.count
        return True

    def ended(self, how: str, at: int) -> int:
        """A marker behind which no more arguments come."""
        complete = how == "close"
        self.report_junk()
        if complete:
            if not self.stack[0].seen and len(self.stack) == 1 and not self.closes(at) and self.call.may_lack_arguments:
                self.mend("missing_closer", "the call has neither arguments nor its closer", at, error=True)
            if len(self.stack) > 1:
                undeclared = not self.stack[0].type.lists(self.stack[1].key) and self.call.tool is not None
                outer = self.text.startswith(self.marks.wrapper_closes, at)  # so the call's own closer is missing, too
                strange = (
                    outer or undeclared or not self.closes(at) or any(self.is_doubtful(number) for number in range(1, len(self.stack)))
                )
                self.mend("missing_closer", "the elements of the call were not all closed", at, error=strange)
            if self.headless and not self.stack[-1].key:
                self.keep_junk(self.writer.taken(), at)
                self.report_junk()
                self.stack.pop()
                self.streaming = self.headless = False
                if self.writer.leaving:
                    self.report_left("", at)
            while len(self.stack) > 1:
                self.close_element(at)
            self.end_list(self.stack[0])
            self.write("}")
            if self.mended and self.misfits:
                said = f"a value does not fit its type, and the markup was damaged: {self.misfits}"
                self.call.problem("doubtful_value", said, at, error=True)
        self.done = True
        self.call.end(complete, at)
        return at

    def closes(self, at: int) -> bool:
        """Whether a closing tag stands at `at`, and not another call, which may be this one again."""
        return self.text.startswith(f"{self.marks.prefix}</", at)

    def plain_closer(self, at: int) -> int | None:
        """Where a closing tag without its marker ends, if it counts; 0 when it does not, None when more text must tell.

        It counts when a marker follows, and then anything but the same closing tag.
        """
        text = self.text
        closer = f"</{self.stack[-1].key}>"
        if not self.stack[-1].key or not text.startswith(closer, at):
            return None if not self.last and self.stack[-1].key and closer.startswith(text[at:]) else 0
        end = at + len(closer)
        behind = SPACES.match(text, end).end()
        prefix = self.marks.prefix
        if text.startswith(prefix, behind):
            behind += len(prefix)
            if text.startswith(closer, behind):
                return 0
            return None if not self.last and closer.startswith(text[behind:]) else end
        return None if not self.last and prefix.startswith(text[behind:]) else 0

    def close_with(self, written: str, at: int, end: int) -> int:
        """What stands from `at` to `end` is the closing tag of the innermost element, though it is not that to the letter."""
        self.mend("repaired_markup", f"{written} was read as the end of {self.stack[-1].key!r}", at)
        self.close_element(at)
        return end

    # -- leaves -------------------------------------------------------------------------------------------------------------------------

    def leaf(self, at: int) -> int:
        """The text of an element, which other elements may follow."""
        text = self.text
        if self.fresh:
            at = self.repeated_opener(at)
            if at < 0:
                return at
        look = at
        while True:
            found = self.marks.search(text, look)
            end = len(text) if found is None else found.start()
            self.take(text[at:end])
            at = end
            if found is None or found.lastgroup == "hold":
                return ~at
            closed = self.closed_as_written(at)
            if closed:
                return closed
            moved = self.leaf_closed(at) if found.lastgroup == "plain" else self.leaf_marked(at, found.end())
            if moved is not None:
                return moved
            look = found.end()

    def closed_as_written(self, at: int) -> int:
        """Behind the leaf's own closing tag, which stands at `at` as the template writes it and needs no second look; 0 where none does."""
        key = self.stack[-1].key
        if self.nested or self.headless or not key.isidentifier():
            return 0
        closer = f"{self.marks.prefix}</{key}>"
        if not self.text.startswith(closer, at):
            return 0
        self.close_element(at)
        return at + len(closer)

    def leaf_closed(self, at: int) -> int | None:
        """A closing tag without its marker inside a leaf; None when it is data."""
        closes = self.plain_closer(at)
        if closes:
            self.close_element(at)
        return ~at if closes is None else closes or None

    def repeated_opener(self, at: int) -> int:
        """Where the text of a leaf begins: behind its opening tag, or behind a second one."""
        text = self.text
        if at < len(text) and text[at] not in self.marks.odd_firsts:
            self.led = self.fresh = self.spaced = False
            return at
        if text.startswith(">", at):
            behind = text[at + 1 : at + 2]
            if not behind and not self.last:
                return ~at
            of = self.stack[-1].type
            if not of.allows_string:
                self.mend("repaired_markup", "a > too many was dropped", at)
                self.fresh = False
                return at + 1
            if behind not in " \t=>-" and not behind.isdigit():
                said = f"the value of {self.stack[-1].key!r} begins with a > that may belong to the markup in front of it"
                self.call.problem("doubtful_value", said, at, error=True)
        opener = f"<{self.stack[-1].key}>"
        marked = self.marks.prefix + opener
        beyond = SPACES.match(text, at, at + 256).end()
        for written, start in ((opener, at), (marked, beyond)):
            if text.startswith(written, start) and (written == opener or not self.may_hold(self.stack[-1].key)):
                self.mend("repaired_markup", f"a second {opener} was dropped", at)
                self.fresh = False
                return start + len(written)
            if not self.last and written.startswith(text[start : start + len(written)]):
                return ~at
        self.led = self.spaced and text.startswith(" ", at)
        self.fresh = self.spaced = False
        return at

    def may_hold(self, key: str) -> bool:
        """Whether the innermost element may have an element of this name inside."""
        of = self.stack[-1].type
        return of.lists(key) or not (of.declared and not of.is_object and not of.is_array) or key == ITEM

    def ends_leaf(self, key: str) -> bool:
        """Whether an opening tag inside a leaf shows that the leaf's closing tag is missing: it can only stand beside it."""
        element = self.stack[-1]
        parent = self.stack[-2]
        text = self.streaming or bool(self.writer.held.text.strip(SPACE))
        if not element.key or self.nested:
            return False
        if parent.kind == "list":
            return key == ITEM and text
        missing = parent.type.lists(key) and key not in parent.seen and key != element.key
        return missing and (text or not self.may_hold(key))

    def first_item(self, at: int) -> None:
        """The end of an item in a list whose first item lacks its beginning: what has been read is that item."""
        text = self.writer.taken()
        item = ITEM
        self.to_container(item, at)
        self.mend("repaired_markup", f"the missing beginning of {item!r} was added", at)
        self.open_element(item, at)
        self.take(text.strip(SPACE).removeprefix(self.marks.prefix))
        self.close_element(at)

    def damaged_closer(self, mark: int, behind: int) -> int | None:
        """A marker in a leaf with a closing tag that is cut or closes nothing, or with none: it ends the leaf if a marker follows.

        If what follows is the leaf's own closing tag, the first marker is one too many. None when it is data.
        """
        if self.nested or self.headless:
            return None
        text = self.text
        tag = _TAG.match(text, behind)
        end = tag.end() if tag is not None else self.marks.stray.match(text, behind).end()
        follows = self.structure(end)
        prefix = self.marks.prefix
        next_tag = SPACES.match(text, end).end() + len(prefix)
        closer = f"</{self.stack[-1].key}>"
        if follows and not self.last and closer.startswith(text[next_tag:]):
            follows = None
        if follows is None:
            return ~mark
        if not follows:
            return None
        own = text.startswith(closer, next_tag)
        if own and end > behind:
            return None
        if own:
            self.mend("repaired_markup", f"a {prefix} without a tag was dropped", mark)
            return next_tag - len(prefix)
        return self.close_with(text[mark:end].strip(SPACE), mark, end)

    def leaf_marked(self, mark: int, behind: int) -> int | None:
        """A marker inside a leaf; None when it is data."""
        text = self.text
        how = self.ends_call(mark)
        tag = _TAG.match(text, behind)
        if how is None or (tag is None and not self.last and TAG_BEGUN.match(text, behind)):
            return ~mark
        if how == "close":
            return self.ended("close", mark)
        element = self.stack[-1]
        if element.collects and not self.streaming and not self.headless and not self.nested:
            if tag is None and text.startswith(f"<{ITEM}", behind):
                self.to_container(ITEM, mark)
                return mark
            if tag is not None and tag[1] and tag[2] == ITEM and all(outer.key != ITEM for outer in self.stack[1:]):
                self.first_item(mark)
                return tag.end()
        if tag is None:
            return self.damaged_closer(mark, behind)
        if self.nested:
            self.nested += 0 if tag[2] != element.key else -1 if tag[1] else 1
            if self.nested:
                return None
        return self.closer_in_leaf(mark, behind, tag) if tag[1] else self.opener_in_leaf(mark, tag)

    def closer_in_leaf(self, mark: int, behind: int, tag: re.Match[str]) -> int | None:
        """A closing tag inside a leaf, which ends it unless it closes nothing."""
        element = self.stack[-1]
        if self.headless:
            element.key = tag[2]
            self.headless = False
            element.type = self.stack[-2].type.property(element.key)
            if not element.muted:
                self.name(element, self.stack[-2], mark)
        elif all(outer.key != tag[2] for outer in self.stack[1:]):
            return self.damaged_closer(mark, behind)
        self.report_spelling(mark, tag)
        self.close_to(tag[2], mark)
        return tag.end()

    def opener_in_leaf(self, mark: int, tag: re.Match[str]) -> int | None:
        """An opening tag inside a leaf: the leaf holds elements, or has lost its closing tag; None when it is data."""
        element = self.stack[-1]
        if self.ends_leaf(tag[2]):
            doubtful = self.streaming  # a string may hold what is left of the closing tag
            self.mend("missing_closer", f"the missing end of {element.key!r} was added", mark, error=doubtful)
            self.close_element(mark)
            return mark
        if self.streaming:
            return None
        self.to_container(tag[2], mark)
        return mark

    def to_container(self, first: str, at: int) -> None:
        """The element holds others, the first of them called so."""
        element = self.stack[-1]
        if self.writer.held:
            self.keep_junk(self.writer.taken(), at)
            self.report_junk()
        self.state = self.inside
        if self.headless:
            self.stack.pop()
            return
        known = "list" if element.type.is_array else "object" if element.type.is_object else ""
        element.kind = known or ("list" if first == ITEM else "object")
        fresh = not element.begun
        self.begin_value()
        if fresh:
            self.write("[" if element.kind == "list" else "{")

    def take(self, text: str) -> None:
        if not text:
            return
        self.fresh = False
        if self.streaming:
            self.write(escaped(text))
        elif self.writer.hold(text):
            self.too_long()

    def too_long(self) -> None:
        """More of a leaf is held than may be: it is a string, and flows; without a name it is dropped."""
        element = self.stack[-1]
        if self.headless:
            said = "a value without a name is longer than can be held and is dropped"
            self.call.problem("too_long", said, self.start - self.call.base)
            element.muted = self.writer.leaving = True
            held = f'"{escaped(self.writer.taken())}'
        else:
            held = self.writer.too_long(f"the value of {element.key!r}", self.start)
            fresh = not element.begun
            self.begin_value()
            if element.collects:
                element.kind = "list"
                self.write("[" + element.item() if fresh else element.item())
        self.streaming = True
        self.write(held)

    def end_leaf(self, at: int) -> None:
        """A leaf is complete."""
        if self.streaming:
            self.write('"')
            return
        text = self.writer.taken()
        element = self.stack[-1]
        of = element.type
        if element.muted:
            self.writer.leave(text)
            return
        if element.collects:
            self.collect(text, at)
            return
        if not text and (of.is_array or of.is_object) and not of.allows_string:
            value, problem = ("[]" if of.is_array else "{}"), None
        else:
            value, problem = of.read(text)
        if problem is not None:
            self.misfit(f"{element.key}: {problem}", text, at)
        self.begin_value()
        self.write(value)

    def collect(self, text: str, at: int) -> None:
        """The text of a list: a JSON array, or one item."""
        element = self.stack[-1]
        bare = text.strip(SPACE)
        value = "[]" if not bare else element.type.read(bare)[0]
        fresh = not element.begun
        if value == "null" and fresh:
            self.begin_value()
            self.write(value)
            return
        if value[0] != "[":
            value, problem = element.type.item(element.count).read(text)
            if problem is not None:
                self.misfit(f"{element.key}: {problem}", text, at)
            value = f"[{value}]"
        self.begin_value()
        inner = value[1:-1]
        self.write(("[" if fresh else ", " if element.count and inner else "") + inner)
        element.count += 1 if inner else 0
        if not self.stays_open(element):
            self.write("]")
