"""Headers of messages: which kind of message begins here, and for whom.

The counterpart of `markers.py` for families that write a series of messages (`Channels`). Where a header may stand it is read leniently, as
models garble headers: whatever stands in one is skipped up to the marker that closes it. Inside a message only what is certainly a
header counts. As everywhere, a verdict never depends on text that may still come; nothing here keeps state or says anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal, NamedTuple

from toolparse.compiled import compiled
from toolparse.grammar import Channels
from toolparse.jsontext.characters import SPACE, WS
from toolparse.wire.markers import HEAD_LIMIT
from toolparse.wire.spellings import any_of, beginnings, cut, spellings

_NAME = r"[^\s<]"
MARKERS = 8
"""A header has at most so many markers, garbled ones included; what has more is text. This keeps floods of markers linear."""


class Header(NamedTuple):
    """What was found: the kind and the recipient of the message that begins at `end`.

    Kinds that begin no message: `wait`, more text must decide; `cut`, the output ends in the header; `lost`, the header has no end;
    `again`, it has none either, but another one begins at once. `repaired`: its markup is damaged.
    """

    kind: str
    name: str
    end: int
    repaired: bool = False


Where = Literal["content", "reasoning", "outside"]
"""What the text is that a header may end: a message's, or text between messages."""
WAIT = Header("wait", "", -1)


def header_words(channels: Channels) -> tuple[str, ...]:
    """What is left of a header whose markers are missing: framing between two messages, text elsewhere."""
    roles = (re.sub(r".*\W", "", text) for text in spellings(channels.start))
    words = (*roles, *(word for word, kind in channels.kinds if kind != "nobody")) if channels.channel else ()
    return tuple(dict.fromkeys(filter(None, words)))


class Headers:
    """The patterns of a format's headers. `waits` is true of text, where one may stand, that is only the beginning of one as the template
    writes it."""

    def __init__(self, channels: Channels) -> None:
        self.channels = channels
        self.kinds = {word: kind for word, kind in channels.kinds if kind != "nobody"}
        self.nobody = frozenset(word for word, kind in channels.kinds if kind == "nobody")
        self.words = header_words(channels)
        self.ends = frozenset(channels.ends)
        self.begins = frozenset(message_markers(channels, True)) - self.ends
        starts = spellings(channels.start)
        inner = (channels.channel,) if channels.channel else ()
        begins = any_of((*starts, *inner, *channels.close))
        groups = {"start": starts, "channel": inner, "close": channels.close, "end": channels.ends}
        self.control = re.compile("|".join(f"(?P<{kind}>{any_of(texts)})" for kind, texts in groups.items()))
        begun = beginnings((*starts, *inner, *channels.close))
        self.cut_control = re.compile(f"(?:{beginnings((*starts, *inner, *channels.close, *channels.ends))})\\Z")
        before, _, _ = channels.to.strip().partition("{name}")
        self.marked = bool(before)
        blank = WS if before else ""
        self.name = re.compile(f"{re.escape(before)}({_NAME}{{1,256}})")
        self.name_only = re.compile(f"{blank}(?:{self.name.pattern}{blank})?")
        self.name_begins = re.compile(f"{blank}(?:{cut(before)})?")
        word = rf"(?:[ \t]+{_NAME}{{1,64}})?" if channels.channel else ""
        recipient = rf"(?:{self.name.pattern}(?!{_NAME}){word}{blank})"
        left = rf"(?:(?:{any_of(self.words)}){WS})?" if self.words else ""
        ahead = f"(?={begins})"
        self.first = re.compile(f"{left}{recipient}?{ahead}")
        self.later = self.first if before else re.compile(ahead)
        begins_name = rf"{cut(before)}\Z|" if before else ""
        open_word = rf"(?:[ \t]+{_NAME}{{0,64}})?" if channels.channel else ""
        name_begun = rf"(?:{begins_name}{re.escape(before)}{_NAME}{{0,256}}(?!{_NAME}){open_word}{blank})"
        self.first_begun = re.compile(rf"(?:{beginnings(self.words)}|{left}{name_begun}?(?:{begun})?)\Z")
        self.later_begun = self.first_begun if before else re.compile(f"(?:{begun})?\\Z")
        self.whole, self.begun = self.strict(starts[0], before)
        self.waits = self.strict(starts[0], before, f"(?!{any_of((*starts, *inner, *channels.close, *channels.ends))})")[1].match

    def strict(self, start: str, before: str, other: str = "") -> tuple[re.Pattern[str], re.Pattern[str]]:
        """A header as the template writes it, with or without its start, and the beginning of one at the end of the text. `other`, which
        says that a marker is none of a header's own, makes that a proper beginning: it has no such marker in a wrong place, nor an end."""
        name = f"{re.escape(before)}{_NAME}{{1,256}}(?!{_NAME})"
        begun_name = f"{cut(before)}(?:\\Z|{_NAME}{{1,256}})" if before else f"{_NAME}{{1,256}}"
        opener = (re.escape(start), cut(start))
        recipient = (f"(?:{name})?", f"(?:{begun_name})?")
        closer = (
            any_of(self.channels.close),
            f"{other}{beginnings(self.channels.close)}" if other else "|".join(map(cut, self.channels.close)),
        )
        bare = [(name, begun_name), closer]
        parts = [[opener, recipient, closer], *([bare] if before else [])]
        if self.channels.channel:
            words = any_of(self.kinds)
            kind = (f"(?:{words})(?!\\w)", f"{beginnings(self.kinds)}|(?:{words})(?!\\w)")
            content = (r"(?:(?:<\|\w{1,32}\|>)?\w{1,32})?", rf"(?:{other}<(?:\Z|\|(?:\Z|\w{{1,32}}(?:\Z|\|(?:\Z|>)))))?\w{{0,32}}")
            channel = (re.escape(self.channels.channel), cut(self.channels.channel))
            rest = [channel, kind, recipient, content, closer]
            parts = [[opener, recipient, closer], [opener, recipient, *rest], rest, [(name, begun_name), *rest]]
        whole = "|".join("".join(f"(?:{pattern}){WS}" for pattern, _ in row[:-1]) + f"(?:{row[-1][0]})" for row in parts)
        begun = "|".join("".join(f"(?:\\Z|(?:{pattern}){WS})" for _, pattern in row) for row in parts)
        return re.compile(whole), re.compile(f"(?:{begun})\\Z")

    def read(self, text: str, at: int, last: bool, first: bool) -> Header | None:
        """The header at `at`, where one may stand; None when there is none. `first`: nothing of the output stands before it."""
        found = (self.first if first else self.later).match(text, at, at + HEAD_LIMIT + 1)
        if found is None:
            if len(text) - at >= HEAD_LIMIT or not (self.first_begun if first else self.later_begun).match(text, at):
                return None
            if not last:
                return WAIT
            cut_off = self.cut_control.search(text, at)
            if first and (cut_off is None or (cut_off.start() > at and not self.marked)):
                return None
            return Header("cut", "", len(text))
        control = self.control.match(text, found.end())
        return self.rest(text, at, control, found[1] if found.re.groups else None, last)  # type: ignore[arg-type]

    def rest(self, text: str, at: int, control: re.Match[str], name: str | None, last: bool) -> Header | None:
        """The header from its first marker on."""
        loose = bool(self.channels.channel)
        word = ""
        for _ in range(MARKERS):
            kind = control.lastgroup
            end = control.end()
            if end - at > HEAD_LIMIT:
                return None
            if kind == "end":
                return Header("lost", name or "", control.start())
            if kind == "close":
                return Header(self.kind(name or "", word, control[0]), name or "", end)
            following = self.control.search(text, end, at + HEAD_LIMIT)
            inside = text[end : following.start() if following else at + HEAD_LIMIT]
            if kind == "channel":
                begun = re.match(r"\s*(\w{1,64})", inside)
                word = begun[1] if begun else ""
            given = self.name.search(inside) if loose else self.name_only.fullmatch(inside)
            if given is not None and given[1] and (not name or name in self.nobody):
                name = given[1]
            if following is None:
                if loose or given is not None or self.is_begun(inside):
                    if len(text) - at >= HEAD_LIMIT:
                        return None
                    return Header("cut", name or "", len(text)) if last else WAIT
                return Header("content", "", end)
            if not loose and given is None:
                return Header("content", "", end)
            if following.lastgroup == "start":
                return Header("lost" if name or word else "again", name or "", following.start())
            if following.lastgroup == kind and not name:
                return Header("again", "", following.start())
            control = following
        return None

    def is_begun(self, inside: str) -> bool:
        """Whether a strict header may go on behind `inside`, which ends the text."""
        partial = self.cut_control.search(inside)
        if partial is not None:
            return self.name_only.fullmatch(inside, 0, partial.start()) is not None
        return self.name_begins.fullmatch(inside) is not None

    def kind(self, name: str, word: str, close: str) -> str:
        """Where the message goes."""
        kinds = self.kinds
        if close in kinds:
            return kinds[close]
        if name and name not in self.nobody:
            return kinds.get(name, "call")
        return kinds.get(word, "content")

    def inside(self, text: str, at: int, last: bool, where: Where, declares: Callable[[str], bool]) -> Header | None:
        """The header at `at`, in text; None when the text there is no header."""
        if self.channels.inside == "opener":
            return self.read(text, at, last, False)
        strictly = self.channels.inside == "reasoning" and where != "outside"
        if strictly and where == "content":
            return None
        found = self.whole.match(text, at, at + HEAD_LIMIT + 1)
        if found is None or found.end() - at > HEAD_LIMIT:
            if found is not None or len(text) - at >= HEAD_LIMIT or not self.begun.match(text, at):
                return None
            return None if last and strictly else Header("cut", "", len(text)) if last else WAIT
        header = self.read(text, at, last, True)
        if header is not None and strictly and header.name and header.name not in self.kinds and not declares(header.name):
            return None
        return header


@compiled(maxsize=64)
def headers(channels: Channels) -> Headers:
    """The patterns, compiled at their first use."""
    return Headers(channels)


def header_begins(channels: Channels) -> tuple[str, ...]:
    """What begins a message's header."""
    inner = (channels.channel,) if channels.channel else ()
    return (min(spellings(channels.start), key=len), *inner, *(channels.close if channels.inside == "opener" else ()))


def header_markers(channels: Channels) -> tuple[str, ...]:
    """The markers of headers, and the ends of messages, whose look-alikes must be noticed in running text."""
    start = re.sub(r"\w+\Z", "", min(spellings(channels.start), key=len))
    inner = (channels.channel,) if channels.channel else ()
    return (start, *inner, *channels.ends, *(channels.close if channels.inside == "opener" else ()))


def message_markers(channels: Channels, reasoning: bool) -> tuple[str, ...]:
    """What may end a message of content, or of reasoning: its end markers, and what begins the headers that count inside it."""
    if channels.inside != "reasoning":
        return (*channels.ends, *header_begins(channels))
    bare = channels.to.strip(SPACE).partition("{name}")[0]
    return (*channels.ends, *header_begins(channels), bare) if reasoning else channels.ends
