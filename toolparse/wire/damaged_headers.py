"""Damaged headers of messages: markers misspelt, lost or doubled, a header without its end, recipients with something glued to them.

The tolerant counterpart of `headers.py`, derived from a format's `Channels`. A header is read piece by piece: markers in any spelling that
reads like them (`lookalikes.py`), the words that a header holds, a recipient. What is found counts only if the rest confirms it: the
header's end, or the beginning of a call's arguments behind a declared recipient. Compiled when first needed; nothing here keeps state.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from toolparse.grammar import Format, Parameters
from toolparse.jsontext.characters import SPACES
from toolparse.wire.damaged import is_marker
from toolparse.wire.headers import WAIT, Header, Headers, headers
from toolparse.wire.lookalikes import BARS, GAP, alike, any_alike, any_alike_begins
from toolparse.wire.markers import HEAD_LIMIT, header_markers
from toolparse.wire.spellings import any_of, spellings, texts_of

PIECES = 16
"""A header has at most so many pieces."""
_WORD = re.compile(r"[\w?.\-]{1,64}")
_NAME = re.compile(r"[^\s<]{1,256}")
_SPACED = re.compile(r"[^<{\n]{1,256}")
_OTHER = rf"<[ \t]{{0,2}}[{BARS}]{{1,2}}\w{{1,32}}[{BARS}]{{1,2}}>?"
_OTHER_BEGINS = rf"<[ \t]{{0,2}}(?:\Z|[{BARS}]{{1,2}}(?:\Z|\w{{1,32}}(?:\Z|[{BARS}]{{1,2}}(?:\Z|>))))"


class DamagedHeaders:
    """The patterns of a format's damaged headers.

    `body` is what the arguments of a call begin with; `again` matches a header's end that stands once more, `heads` what may follow a
    message.
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
        like = [f"(?P<{kind}_>{any_alike(texts)})" for kind, texts in groups.items()]
        like += [f"(?P<close{i}_>{alike(text)})" for i, text in enumerate(self.closes)]
        other = f"|(?P<other>{_OTHER})" if channels.channel else ""
        self.marker = re.compile("|".join((*exact, *like)) + other)
        every = (self.start, *inner, *channels.ends, *self.closes)
        self.marker_begins = re.compile(f"(?:{any_alike_begins(every)}{'|' + _OTHER_BEGINS if channels.channel else ''})\\Z")
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
        self.again = re.compile(f"{GAP}(?:{any_of(self.closes)}|{any_alike(self.closes)})")
        self.again_begins = re.compile(f"{GAP}(?:\\Z|(?:{any_alike_begins(self.closes)})\\Z)")
        heads = header_markers(channels)
        self.heads = re.compile(f"{GAP}(?:{any_alike(heads)})")
        self.heads_begin = re.compile(f"{GAP}(?:\\Z|(?:{any_alike_begins(heads)})\\Z)")

    def is_closed(self, text: str, end: int) -> bool:
        """Whether a header that ends at `end` has its own end."""
        return text.endswith(self.closes, 0, end)

    def recipient(self, text: str, declares: Callable[[str], bool]) -> tuple[str, str] | None:
        """The recipient that `text` names, and the word of a header that is glued to it; None when neither is known."""
        if text in self.kinds or text in self.strict.nobody or declares(text):
            return text, ""
        for word in (*self.kinds, *self.types):
            if text.endswith(word) and declares(text[: -len(word)]):
                return text[: -len(word)], word
        return None

    def spaced(self, text: str, declares: Callable[[str], bool]) -> str:
        """The longest declared name with blanks that `text` begins with; "" when there is none."""
        pieces = text.split(" ")[:8]
        for i in range(len(pieces), 1, -1):
            name = " ".join(pieces[:i]).rstrip()
            if declares(name):
                return name
        return ""

    def end(self, text: str, at: int, last: bool) -> int | None:
        """Where the misspelt end of a message stops that stands at `at`, if a header, another end or the output's end follows; None when it
        is none, `~at` when more text must tell."""
        found = self.marker.match(text, at)
        if found is None or found.lastgroup != "end_":
            return ~at if found is None and not last and self.marker_begins.match(text, at) else None
        if not last and (found.end() == len(text) or self.heads_begin.match(text, found.end())):
            return ~at
        behind = SPACES.match(text, found.end()).end()  # type: ignore[union-attr]
        return found.end() if behind == len(text) or self.heads.match(text, found.end()) else None

    def begins_call(self, text: str, at: int, last: bool) -> bool | None:
        """Whether the arguments of a call begin behind a header that ends at `at`; None when more text must tell."""
        again = self.again.match(text, at)
        at = SPACES.match(text, at if again is None else again.end()).end()  # type: ignore[union-attr]
        if self.body.match(text, at):
            return True
        return None if not last and (at == len(text) or self.body_begins.match(text, at) or self.again_begins.match(text, at)) else False

    def read(
        self, text: str, at: int, last: bool, declares: Callable[[str], bool], may_be_name: Callable[[str], bool], lost: bool = False
    ) -> Header | None:
        """The header at `at`; None when there is none that counts. Its end is where the message begins. `lost`: it has no proper end."""
        name = word = ""
        known = marked = behind_channel = typed = False
        end = at
        for _ in range(PIECES):
            end = SPACES.match(text, end).end()  # type: ignore[union-attr]
            if end - at > HEAD_LIMIT:
                return None
            if known and name not in self.kinds and self.body.match(text, end):
                return Header("call", name, end, True)
            if end == len(text):
                return None if last else WAIT
            found = self.marker.match(text, end)
            if found is not None:
                kind = str(found.lastgroup)
                if not last and kind.endswith(("_", "other")) and self.marker_begins.match(text, end):
                    return WAIT
                if kind.startswith("close"):
                    return self.closed(found, name, known, word, marked)
                if kind.startswith("end"):
                    return None
                if kind.startswith("start") and (name or word or behind_channel):
                    return None
                marked = True
                behind_channel = kind.startswith("channel")
                if behind_channel:
                    word = ""
                typed = kind == "other"
                end = found.end()
                continue
            if not last and (self.marker_begins.match(text, end) or (known and self.body_begins.match(text, end))):
                return WAIT
            if self.before and not name:
                if not last and self.before.startswith(text[end:]):
                    return WAIT
                if text.startswith(self.before, end):
                    given = self.given(text, end + len(self.before), last, declares, may_be_name)
                    if given is None:
                        return WAIT
                    name, end, glued, known = given
                    if not name:
                        return None
                    word = word or (glued if glued in self.kinds else "")
                    behind_channel = False
                    continue
            piece = (_WORD if self.before else _NAME).match(text, end)
            if piece is None:
                return None
            if not last and piece.end() == len(text):
                return WAIT
            said = piece[0]
            if said.removeprefix(next((role for role in self.roles if said.startswith(role)), "")) in self.kinds:
                said = said.removeprefix(next((role for role in self.roles if said.startswith(role)), ""))
            if behind_channel or (said in self.kinds and not word):
                word, behind_channel = said, False
            elif not (typed or said in self.words or (marked and said in self.types) or (not self.before and marked and not name)):
                marked = marked or (name in self.kinds and not self.strict.channels.channel)
                return self.unclosed(text, end, last, name or word) if lost and marked else None
            if not self.before:
                name = said
            end = piece.end()
        return None

    def speaks(self, text: str) -> bool:
        """Whether more stands in a header's text than markers, the words of a header and one that is garbled."""
        words = re.findall(r"\w+", self.marker.sub(" ", text))
        return sum(word not in self.words and word not in self.types for word in words) > 1

    def given(
        self, text: str, at: int, last: bool, declares: Callable[[str], bool], may_be_name: Callable[[str], bool]
    ) -> tuple[str, int, str, bool] | None:
        """The recipient that begins at `at`: its name, its end, a word glued to it, whether it is known. None when more text must tell."""
        found = _NAME.match(text, at)
        if found is None:
            return None if at == len(text) and not last else ("", at, "", False)
        if found.end() == len(text) and not last:
            return None
        known = self.recipient(found[0], declares)
        if known is not None:
            return known[0], found.end(), known[1], True
        if text[found.end() : found.end() + 1] == " " and may_be_name(found[0]):
            words = _SPACED.match(text, at)
            assert words is not None
            if words.end() == len(text) and not last and len(words[0]) < 256:
                return None
            name = self.spaced(words[0], declares)
            if name:
                return name, at + len(name), "", True
        return found[0], found.end(), "", False

    def closed(self, found: re.Match[str], name: str, known: bool, word: str, marked: bool) -> Header | None:
        """A header that has its end."""
        close = self.closes[int(str(found.lastgroup).removeprefix("close").rstrip("_"))]
        if not (known or word or marked or close in self.strict.kinds):
            return None
        if name and not known and not marked:
            return None
        return Header(self.strict.kind(name, word, close), name, found.end(), True)

    def unclosed(self, text: str, end: int, last: bool, word: str) -> Header | None:
        """A header that lacks its end, with a message's text at `end`."""
        if word not in self.kinds:
            return None
        more = re.compile(r"\S+\s").match(text, end)
        ends = self.marker.search(text, end, end + HEAD_LIMIT)
        if more is None and ends is None:
            return None if last or len(text) - end > HEAD_LIMIT else WAIT
        return Header(self.kinds[word], "", end, True)


@lru_cache(maxsize=64)
def damaged_headers(fmt: Format) -> DamagedHeaders:
    """The patterns, compiled at their first use."""
    return DamagedHeaders(fmt)
