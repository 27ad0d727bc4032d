"""Damaged headers of messages: markers misspelt, lost or doubled, a header without its end, recipients with something glued to them.

The tolerant counterpart of `headers.py`, derived from a format's `Channels`. A header is read piece by piece: markers in any spelling that
reads like them (`lookalikes.py`), the words that a header holds, a recipient. What is found counts only if the rest confirms it: the
header's end, or the beginning of a call's arguments behind a declared recipient. Compiled when first needed; nothing here keeps state.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Literal

from toolparse.grammar import Format, Parameters
from toolparse.jsontext.characters import SPACES
from toolparse.wire.damaged_closers import odd_ends
from toolparse.wire.headers import WAIT, Header, Headers, header_markers, headers
from toolparse.wire.lookalikes import BAR, GAP, UNSEEN, any_alike, any_alike_begins, one_of
from toolparse.wire.marker_rows import damaged_marker, is_marker
from toolparse.wire.markers import HEAD_LIMIT
from toolparse.wire.spellings import any_of, spellings, stop_texts, texts_of

PIECES = 16
"""A header has at most so many pieces."""
_BLANK = re.compile(rf"(?:[ \t\r\n>`*]|{one_of(UNSEEN)})*")
_WORD = re.compile(r"[\w?.\-]{1,64}")
_NAME = re.compile(r"[^\s<]{1,256}")
_SPEAKS = re.compile(r"\S+\s")
_SPACED = re.compile(r"[^<{\n]{1,256}")
_OTHER = rf"<[ \t]{{0,2}}{BAR}{{1,2}}\w{{1,32}}{BAR}{{1,2}}>?"
_OTHER_BEGINS = rf"<[ \t]{{0,2}}(?:\Z|{BAR}{{1,2}}(?:\Z|\w{{1,32}}(?:\Z|{BAR}{{1,2}}(?:\Z|>))))"


class DamagedHeaders:
    """The patterns of a format's damaged headers.

    `body` is what the arguments of a call begin with; `odd_end` what may stand for the end of a message in front of a header; `again`
    matches a header's end that stands once more, `heads` what may follow a message.
    """

    def __init__(self, fmt: Format) -> None:
        channels = fmt.channels
        assert channels is not None
        self.strict: Headers = headers(channels)
        written = spellings(channels.start)
        split = re.compile(r"(.*\W)(\w*)")
        parted = [found.groups() for text in written if (found := split.fullmatch(text))]
        self.start = min((text for text, _ in parted), key=len)
        self.roles = frozenset(role for _, role in parted if role)
        self.kinds = {word: kind for word, kind in self.strict.kinds.items() if not is_marker(word)}
        self.words = self.roles | frozenset(self.kinds)
        texts = [text for calls in fmt.calls for part in calls.open for text in texts_of(part)]
        self.types = frozenset(word for text in texts for word in re.findall(r"\w+", text)) - frozenset(self.kinds)
        inner = (channels.channel,) if channels.channel else ()
        self.closes = channels.close
        groups = {"start": (self.start,), "channel": inner, "end": channels.ends}
        exact = [f"(?P<{kind}>{any_of(texts)})" for kind, texts in groups.items()]
        exact += [f"(?P<close{i}>{re.escape(text)})" for i, text in enumerate(self.closes)]
        every = (self.start, *inner, *channels.ends, *self.closes)
        like = [f"(?P<{kind}_>{damaged_marker(texts, every)[0]})" for kind, texts in groups.items()]
        like += [f"(?P<close{i}_>{damaged_marker((text,), every)[0]})" for i, text in enumerate(self.closes)]
        other = f"|(?P<other>{_OTHER})" if channels.channel else ""
        self.marker = re.compile("|".join((*exact, *like)) + other)
        self.marker_begins = re.compile(f"(?:{damaged_marker(every, every)[1]}{'|' + _OTHER_BEGINS if channels.channel else ''})\\Z")
        self.before = channels.to.strip().partition("{name}")[0]
        bodies: dict[str, None] = {}
        for calls in fmt.calls:
            if calls.wrapper is not None:
                bodies |= dict.fromkeys(texts_of(calls.wrapper.open))
            elif isinstance(calls.body, Parameters):
                bodies |= dict.fromkeys(text.partition("{")[0] for part in calls.body.open for text in texts_of(part))
            else:
                bodies["{"] = None
        self.body = re.compile(any_alike(bodies))
        self.body_begins = re.compile(f"(?:{any_alike_begins(bodies)})\\Z")
        self.odd_end = re.compile(f"(?!{any_of((*every, *fmt.special_tokens, *stop_texts(fmt)))})<{odd_ends(fmt)[0]}")
        self.again = re.compile(f"{GAP}(?:{any_of(self.closes)}|{any_alike(self.closes)})")
        self.again_begins = re.compile(f"{GAP}(?:\\\\?\\Z|(?:{any_alike_begins(self.closes)})\\Z)")
        heads = header_markers(channels)
        self.heads = re.compile(f"{GAP}(?:{any_alike(heads)})")
        self.heads_begin = re.compile(f"{GAP}(?:\\\\?\\Z|(?:{any_alike_begins(heads)})\\Z)")

    def is_closed(self, text: str, end: int, before: str = "") -> bool:
        """Whether a header that ends at `end` has its own end, with `before` in front of that."""
        return text.endswith(tuple(before + close for close in self.closes) if before else self.closes, 0, end)

    def end(self, text: str, at: int, last: bool) -> int | None:
        """Where the misspelt end of a message stops that stands at `at`, if a header, another end or the output's end follows; None when it
        is none, `~at` when more text must tell."""
        found = self.marker.match(text, at)
        if found is None or found.lastgroup != "end_":
            return ~at if found is None and not last and self.marker_begins.match(text, at) else None
        if not last and (found.end() == len(text) or self.heads_begin.match(text, found.end())):
            return ~at
        behind = SPACES.match(text, found.end()).end()
        return found.end() if behind == len(text) or self.heads.match(text, found.end()) else None

    def begins_call(self, text: str, at: int, last: bool) -> bool | None:
        """Whether the arguments of a call begin behind a header that ends at `at`; None when more text must tell."""
        again = self.again.match(text, at)
        at = SPACES.match(text, at if again is None else again.end()).end()
        if self.body.match(text, at):
            return True
        return None if not last and (at == len(text) or self.body_begins.match(text, at) or self.again_begins.match(text, at)) else False

    def read(
        self, text: str, at: int, last: bool, declares: Callable[[str], bool], may_be_name: Callable[[str], bool], lost: bool = False
    ) -> Header | None:
        """The header at `at`; None when there is none that counts. Its end is where the message begins. `lost`: it has no proper end."""
        return _Reading(self, text, at, last, declares, may_be_name).header(lost)

    def speaks(self, text: str) -> bool:
        """Whether more stands in a header's text than markers, the words of a header and one that is garbled."""
        return len(self.strange(text, "")) > 1

    def strange(self, text: str, name: str) -> list[str]:
        """The words in a header's text, which names `name`, that no header has."""
        words = re.findall(r"\w[\w.-]*", self.marker.sub(" ", text.replace(name, " ") if name else text))
        return [word for word in words if word not in self.words and word not in self.types and word not in self.strict.nobody]


class _Reading:
    """One header while it is read, and what its pieces have said so far.

    `name` is its recipient, which is `known` if it is declared, and `word` what else it says. `marked`: a marker stood in it; `typed`: the
    last piece was one of another name; `behind_channel`: it was the marker in front of a channel's word.
    """

    def __init__(
        self, headers: DamagedHeaders, text: str, at: int, last: bool, declares: Callable[[str], bool], may_be_name: Callable[[str], bool]
    ) -> None:
        self.headers = headers
        self.text = text
        self.at = self.end = at
        self.last = last
        self.declares = declares
        self.may_be_name = may_be_name
        self.name = self.word = ""
        self.known = self.marked = self.typed = self.behind_channel = False

    def header(self, lost: bool) -> Header | None:
        headers, text = self.headers, self.text
        for _ in range(PIECES):
            end = self.end = _BLANK.match(text, self.end).end()  # type: ignore[union-attr]
            if end - self.at > HEAD_LIMIT:
                return None
            if self.known and self.name not in headers.kinds and headers.body.match(text, end):
                return Header("call", self.name, end, True)
            if end == len(text):
                return None if self.last else WAIT
            found = headers.marker.match(text, end)
            if found is not None:
                read = self.marker(found)
            elif not self.last and self.is_cut():
                return WAIT
            elif headers.before and not self.name and text.startswith(headers.before, end):
                read = self.recipient(end + len(headers.before))
            else:
                read = self.piece(lost)
            if read is not True:
                return read
        return None

    def is_cut(self) -> bool:
        """Whether all that stands there may be the beginning of a marker, of arguments, or of what stands in front of a recipient."""
        headers, text, end = self.headers, self.text, self.end
        if headers.marker_begins.match(text, end) or (self.known and headers.body_begins.match(text, end)):
            return True
        return headers.before != "" and not self.name and headers.before.startswith(text[end:])

    def marker(self, found: re.Match[str]) -> Header | Literal[True] | None:
        """A marker; True when the header goes on behind it."""
        kind = str(found.lastgroup)
        if not self.last and kind.endswith(("_", "other")) and self.headers.marker_begins.match(self.text, self.end):
            return WAIT
        if kind.startswith("close"):
            return self.closed(found)
        if kind.startswith("end") or (kind.startswith("start") and (self.name or self.word or self.behind_channel)):
            return None
        self.marked = True
        self.behind_channel = kind.startswith("channel")
        if self.behind_channel:
            self.word = ""
        self.typed = kind == "other"
        self.end = found.end()
        return True

    def piece(self, lost: bool) -> Header | Literal[True] | None:
        """A word, or a name where nothing stands in front of one; True when the header goes on behind it."""
        headers, text, end = self.headers, self.text, self.end
        piece = (_WORD if headers.before else _NAME).match(text, end)
        if piece is None:
            return None
        if not self.last and piece.end() == len(text):
            return WAIT
        bare = piece[0].removeprefix(next((role for role in headers.roles if piece[0].startswith(role)), ""))
        said = bare if bare in headers.kinds else piece[0]
        known = said in headers.words or (self.marked and said in headers.types) or (not headers.before and self.marked and not self.name)
        if self.behind_channel or (said in headers.kinds and not self.word):
            self.word, self.behind_channel = said, False
        elif not (self.typed or known):
            marked = self.marked or (self.name in headers.kinds and not headers.strict.channels.channel)
            return self.unclosed(self.name or self.word) if lost and marked else None
        if not headers.before:
            self.name = said
        self.end = piece.end()
        return True

    def recipient(self, at: int) -> Header | Literal[True] | None:
        """The recipient that begins at `at`; True when the header goes on behind it."""
        text, last = self.text, self.last
        found = _NAME.match(text, at)
        if found is None:
            return WAIT if at == len(text) and not last else None
        if found.end() == len(text) and not last:
            return WAIT
        name, end, glued = found[0], found.end(), ""
        parted = self.parted(name)
        self.known = parted is not None
        if parted is not None:
            name, glued = parted
        elif text[end : end + 1] == " " and self.may_be_name(name):
            words = _SPACED.match(text, at)
            assert words is not None
            if words.end() == len(text) and not last and len(words[0]) < 256:
                return WAIT
            spaced = self.spaced(words[0])
            if spaced:
                name, end, self.known = spaced, at + len(spaced), True
        self.name, self.end = name, end
        if not self.word and glued in self.headers.kinds:
            self.word = glued
        self.behind_channel = False
        return True

    def parted(self, text: str) -> tuple[str, str] | None:
        """The recipient that `text` names, and the word of a header that is glued to it; None when neither is known."""
        headers = self.headers
        if text in headers.kinds or text in headers.strict.nobody or self.declares(text):
            return text, ""
        for word in (*headers.kinds, *headers.types):
            if text.endswith(word) and self.declares(text[: -len(word)]):
                return text[: -len(word)], word
        return None

    def spaced(self, text: str) -> str:
        """The longest declared name with blanks that `text` begins with; "" when there is none."""
        pieces = text.split(" ")[:8]
        names = (" ".join(pieces[:i]).rstrip() for i in range(len(pieces), 1, -1))
        return next(filter(self.declares, names), "")

    def closed(self, found: re.Match[str]) -> Header | None:
        """A header that has its end."""
        headers = self.headers
        close = headers.closes[int(str(found.lastgroup).removeprefix("close").rstrip("_"))]
        if not (self.known or self.word or self.marked or close in headers.strict.kinds):
            return None
        if self.name and not self.known and not self.marked:
            return None
        return Header(headers.strict.kind(self.name, self.word, close), self.name, found.end(), True)

    def unclosed(self, word: str) -> Header | None:
        """A header that lacks its end, with a message's text behind it."""
        headers, text, end = self.headers, self.text, self.end
        if word not in headers.kinds:
            return None
        more = _SPEAKS.match(text, end)
        ends = headers.marker.search(text, end, end + HEAD_LIMIT)
        if more is None and ends is None:
            return None if self.last or len(text) - end > HEAD_LIMIT else WAIT
        return Header(headers.kinds[word], "", end, True)


@lru_cache(maxsize=64)
def damaged_headers(fmt: Format) -> DamagedHeaders:
    """The patterns, compiled at their first use."""
    return DamagedHeaders(fmt)
