"""Closers of calls, wrappers and frames however they are spelled, what may stand for them, and what shows that a doubtful one is one."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from functools import cached_property, lru_cache

from toolparse.grammar import Calls, Format
from toolparse.wire.call_names import nearly
from toolparse.wire.call_watch import CALL_WORDS
from toolparse.wire.damaged_openings import first_markers, writes_lines
from toolparse.wire.lookalikes import BAR, BARS, GAP, ODD_CLOSERS, ODD_OPENERS, UNSEEN, any_alike, any_alike_begins
from toolparse.wire.marker_rows import damaged_marker, half_in_front
from toolparse.wire.spellings import any_of, beginnings, closing_parts, frame_closers, spellings, stop_texts, texts_of

CLOSING = re.compile(
    rf"<[ \t]{{0,2}}\\?/{{1,2}}[ \t]{{0,2}}(?P<tag>[\w:.{BARS}▁ \\\-]{{1,48}}?|(?=>))[ \t]{{0,2}}/?"
    rf"(?:>{{1,2}}|(?=[\s<]|\Z)(?![\w:.{BARS}▁ \\\-]{{0,48}}>))"
)
"""A closing tag of any name, or of none."""
CLOSING_BEGINS = re.compile(rf"<[ \t]{{0,2}}\\?(?:\Z|/{{1,2}}[ \t]{{0,2}}[\w:.{BARS}▁ \\\-]{{0,48}}[ \t]{{0,2}}/?>{{0,2}}\Z)")
_IN_BRACKETS = re.compile(r"\[/[A-Za-z_]{1,40}\]")
_IN_BRACKETS_BEGINS = re.compile(r"\[(?:/[A-Za-z_]{0,40})?\Z")
"""The same in square brackets."""
ODD_CLOSING = re.compile(r"</[^<>\n]{1,64}>")
"""The same with any signs in it, and the beginning of one."""
ODD_CLOSING_BEGINS = re.compile(r"<(?:/[^<>\n]{0,64})?\Z")
_BLANKS = re.compile(GAP)
_AROUND = re.compile(rf"`{{1,2}}(?!`)|\*{{1,2}}(?!\*)|_{{1,2}}(?!_)|<(?=<)|>|[\"'(\[)\]]|[{UNSEEN}\u00a0]{{1,4}}")
_LEADS = rf"(?:[<\[({{/\\{BARS}*`_\"'{ODD_OPENERS}{UNSEEN}]|&lt;){{0,6}}"
_TRAILS = rf"(?:[>\])}}/\\{BARS}*`_\"'{ODD_CLOSERS}{UNSEEN}]|&gt;){{0,6}}"
_NEAR = re.compile(rf"(?P<before>{_LEADS})(?P<word>[^\W_][\w:.{BARS}{UNSEEN}\-]{{0,47}})(?P<behind>{_TRAILS})")
_NEAR_BEGINS = re.compile(rf"{_LEADS}(?:&|&l|&lt|[^\W_][\w:.{BARS}{UNSEEN}\-]{{0,47}}{_TRAILS}(?:&|&g|&gt)?)?\Z")
"""A word between signs such as those around a marker, and the beginning of that."""
MOST_WORDS = 80
_WORDS = re.compile(f"[^<\\n()[\\]{{}}=]{{1,{MOST_WORDS}}}\\s{{0,3}}")
_REMARK = re.compile(r"<!--[^<>]{0,120}-->\s{0,3}")
_REMARK_BEGINS = re.compile(r"<(?:\Z|!(?:\Z|-(?:\Z|-[^<>]{0,120}\Z)))")
"""A comment of markup, which stands for words, and the beginning of one."""
_ENDING = rf"<[ \t]{{0,2}}{BAR}{{1,2}}(?:(?![Ee][Nn][Dd])[\w:.▁ \-]){{0,40}}[Ee][Nn][Dd][\w:.▁ \-]{{0,24}}{BAR}{{1,2}}>{{1,2}}"
"""A special token that ends something."""
_ENDING_BEGINS = rf"<[ \t]{{0,2}}(?:\Z|{BAR}{{1,2}}[\w:.▁ \-]{{0,67}}{BAR}{{0,2}}>{{0,2}})"
_WORDS_OF_TOKEN = r"[\w:.▁ /\-]"
_TOKEN = rf"<[ \t]{{0,2}}(?:{BAR}{{1,2}}{_WORDS_OF_TOKEN}{{1,64}}{BAR}{{0,2}}|{_WORDS_OF_TOKEN}{{1,64}}{BAR}{{1,2}})>{{1,2}}"
_TOKEN_BEGINS = rf"<[ \t]{{0,2}}(?:\Z|{BAR}{{0,2}}{_WORDS_OF_TOKEN}{{0,64}}{BAR}{{0,2}}>{{0,2}})"
"""What reads like a special token of any name."""
_STOP = re.compile(rf"<{BAR}(?:im_end|end|eot_id|eom_id|endoftext|end_of_text|return|end▁of▁sentence){BAR}>")
TOKEN = re.compile(rf"<{BAR}{{1,2}}[ ]?[\w:.▁-]{{1,40}}[ ]?{BAR}{{1,2}}>")
TOKEN_BEGINS = rf"<(?:\Z|{BAR}{{1,2}}[ ]?[\w:.▁-]{{0,40}}[ ]?{BAR}{{0,2}}\Z)"
"""A special token of any name, and the beginning of one."""
_OTHER_WRAPPER = re.compile(rf"</[\w:.{BARS} \-]{{0,24}}(?:tool|call|func)[\w{BARS} \-]{{0,24}}>")
"""The end of calls in any family."""
_STRANGE = "<[^\\w\\s<>/]{1,3}/?"
"""The beginning of a tag with characters in it that nobody sees, or that belong to nothing."""


def unseen(names: tuple[str, ...]) -> tuple[str, str]:
    """The pattern of a tag of one of the names that begins so, up to its bracket, and of a beginning of it at the end of the input."""
    return rf"{_STRANGE}(?:{any_of(names)})", rf"{_STRANGE}(?:\Z|{beginnings(name + '>' for name in names)})"


def respelt(tag: str) -> tuple[str, ...]:
    """A closing tag as JavaScript and HTML write one that is none, as an empty tag, and in full-width brackets."""
    return f"<\\{tag[1:]}", f"<{tag[2:-1]}/>", html.escape(tag), f"＜{tag[1:-1]}＞"


def broken_ways(text: str) -> Iterator[str]:
    """How else a closer is written: without its bracket, or the slash in it, or as `respelt`."""
    if text[0] in "<[" and len(text) > 3:
        yield text[1:].removeprefix("/")
        yield text[1:]
        if "/" in text:
            yield text.replace("/", "", 1)
        if text.startswith("</") and text.endswith(">"):
            yield from respelt(text)
        elif text[0] == "<":
            yield html.escape(text)
            yield f"＜{text[1:-1]}＞"


class DamagedClosers:
    """The closers of a call and of its wrapper, however they are spelled, and what shows that a doubtful one is one.

    `ranks` are their patterns from the inside out, `begins` their beginnings, `names` their words; `next` is what may begin the next
    call, `others` what else may follow: the closers of frames, stop tokens. `lined`: the template begins calls on lines of their own.
    """

    def __init__(self, calls: Calls, fmt: Format) -> None:
        markers = [texts_of(part) for part in closing_parts(calls)]
        markers = [tuple(text for text in texts if text[:1] in ("<", "[", "]")) for texts in markers]  # a fence may be anybody's
        self.texts = tuple(text for texts in markers for text in texts)
        self.lead = max((text.partition("</")[0] for text in self.texts if "</" in text), key=len, default="")
        """What stands in front of the tag in a closer."""
        self.ranks = tuple(re.compile(f"(?:{any_alike(texts)})(?!\\w)") for texts in markers)
        self.names = tuple(tuple(text for text in texts if sum(map(str.isalpha, text)) > 2) for texts in markers)
        self.in_tokens = fmt.channels is None and any(bar in text for text in self.texts for bar in BARS)
        self.fences = tuple(text for part in calls.close for text in texts_of(part) if text.startswith("`"))
        self.lined = writes_lines(calls)
        self.following = first_markers(fmt)
        others = [*frame_closers(fmt), *(text for pair in fmt.reasoning for text in texts_of(pair.close)), *stop_texts(fmt)]
        self.others = re.compile(any_of(others))
        self._begins = (*self.following, *others)

    @cached_property
    def begins(self) -> re.Pattern[str]:
        return re.compile(f"(?:{any_alike_begins(self.texts)})\\Z")

    @cached_property
    def next(self) -> re.Pattern[str]:
        return re.compile(any_alike(self.following))

    @cached_property
    def next_begins(self) -> re.Pattern[str]:
        return re.compile(f"(?:{any_alike_begins(self._begins)})\\Z")

    @cached_property
    def broken(self) -> re.Pattern[str]:
        """A closer that lacks its bracket, its slash or what else `broken_ways` leaves out, or a token that ends something."""
        broken = any_alike(way for text in self.texts for way in broken_ways(text))
        halved = f"|(?:{self._halves[0]})(?:{any_alike(self.texts)})" if self._halves[0] else ""
        return re.compile(rf"(?:{broken})(?<=[>\];＞])(?!\w)|{self._unseen[0]}>|{_TOKEN if self.in_tokens else _ENDING}{halved}")

    @cached_property
    def broken_begins(self) -> re.Pattern[str]:
        begins = any_alike_begins(way for text in self.texts for way in broken_ways(text))
        halved = f"|(?:{self._halves[1]})(?:{any_alike_begins(self.texts)})\\Z" if self._halves[1] else ""
        return re.compile(rf"(?:{begins}|{_TOKEN_BEGINS if self.in_tokens else _ENDING_BEGINS})\Z|{self._unseen[1]}{halved}")

    @cached_property
    def _halves(self) -> tuple[str, str]:
        """Those of closers that are no tags: half a tag is any closing tag in front of another one."""
        return half_in_front(tuple(text for text in self.texts if not text.startswith("</")))

    @cached_property
    def _unseen(self) -> tuple[str, str]:
        return unseen(tuple(text.strip("</>") for text in self.texts if text.startswith("<")))

    def may_begin(self, text: str, at: int) -> bool:
        """Whether the text from `at` on may become a closer or the next call's opening."""
        return bool(self.begins.match(text, at) or self.next_begins.match(text, at))

    def closer(self, text: str, at: int) -> tuple[int, int] | None:
        """The rank of the closer at `at`, and where it ends."""
        for rank, pattern in enumerate(self.ranks):
            found = pattern.match(text, at)
            if found is not None and found.end() > at:
                return rank, found.end()
        return None

    def closing(self, text: str, at: int) -> re.Match[str] | None:
        """A closing tag of any name at `at`, or a closer of the call that lacks its bracket or its slash."""
        at += len(self.lead) if self.lead and text.startswith(self.lead, at) else 0
        found = CLOSING.match(text, at) or self.broken.match(text, at)
        return found if found is not None and found.end() > at else None

    def ends_all(self, text: str, at: int) -> bool:
        """Whether the last of the output, which begins at `at`, is a broken closer, or the beginning of a fence."""
        if self.closer(text, at) is not None:
            return False
        rest = text[at:].rstrip()
        found = self.broken.match(text, at)
        return (found is not None and found.end() >= at + len(rest) > at) or any(fence.startswith(rest) for fence in self.fences if rest)

    def ends_with(self, text: str, at: int, rank: int, last: bool) -> bool | None:
        """Whether only structure stands behind a closer of this rank (-1: of a value) that ends at `at`: closers of higher ranks, and then
        the next call or the end of the output; behind the last of them a line's end will do where calls stand on lines. None when more
        text must tell."""
        start = at
        at = _BLANKS.match(text, at).end()  # type: ignore[union-attr]
        if rank == len(self.ranks) - 1 and self.lined and "\n" in text[start:at]:
            return True
        if at == len(text):
            return last or None
        if not last and (self.may_begin(text, at) or (at == len(text) - 1 and text[at] == "\\")):
            return None
        found = self.closer(text, at)
        if found is not None and found[0] > rank:
            return self.ends_with(text, found[1], found[0], last)
        if rank < 0:
            return False
        if not last and CLOSING_BEGINS.match(text, at):
            return None
        other = _OTHER_WRAPPER.match(text, at)
        if other is None:
            return self.next.match(text, at) is not None or self.others.match(text, at) is not None
        behind = _BLANKS.match(text, other.end()).end()  # type: ignore[union-attr]
        if behind == len(text):
            return last or None
        if not last and self.may_begin(text, behind):
            return None
        return self.next.match(text, behind) is not None or self.others.match(text, behind) is not None

    def behind_tag(self, text: str, at: int, last: bool) -> int | None:
        """Where a closing tag of another kind ends that only structure follows; None when there is none, `~at` when more text must tell."""
        tag = at + len(self.lead) if self.lead and text.startswith(self.lead, at) else at
        if not last and (CLOSING_BEGINS.match(text, tag) or self.broken_begins.match(text, at)):
            return ~at
        found = self.closing(text, at)
        if found is None:
            return None
        end = found.end()
        for _ in self.ranks[1:] if found[0][-1] == ">" else ():  # it may stand for each of them
            behind = _BLANKS.match(text, end).end()  # type: ignore[union-attr]
            if text.startswith(found[0], behind):
                end = behind + len(found[0])
            elif not last and found[0].startswith(text[behind:]):
                return ~at
        counts = self.ends_with(text, end, -1, last)
        if counts is False and self.ranks:  # it may stand for the call's own closer
            counts = self.ends_with(text, end, 0, last)
        return ~at if counts is None else end if counts else None

    def around(self, text: str, at: int, last: bool, begun: bool) -> int | None:
        """Where quotes, stars or brackets end that stand in front of a closer, or behind one if they have `begun` there; else as above.
        What nobody sees may stand in front of the next call, or of a fence, too."""
        found = _AROUND.match(text, at)
        if found is None:
            return None
        end = found.end()
        if end == len(text):
            return ~at if not last else end if begun else None
        if not last and (self.may_begin(text, end) or self.broken_begins.match(text, end)):
            return ~at
        if self.closer(text, end) or self.broken.match(text, end):
            return end
        if text[at] in UNSEEN:
            if not last and any(fence.startswith(text[end:]) and fence != text[end:] for fence in self.fences):
                return ~at
            if self.next.match(text, end) or text.startswith(self.fences, end):
                return end
        counts = begun and self.ends_with(text, end, len(self.ranks) - 1, last)
        if begun and counts is False:
            counts = self.ends_with(text, end, -1, last)
        return ~at if counts is None else end if counts else None

    def near(self, text: str, at: int, last: bool, above: int = -1) -> int | None:
        """Where a word ends that is that of a closer of a rank `above` that one, but for its signs, its case or a letter, if only structure
        follows or, where it has signs, the line ends; None when there is none, `~at` when more text must tell."""
        if not last and _NEAR_BEGINS.match(text, at):
            return ~at
        found = _NEAR.match(text, at)
        if found is None:
            return None
        ranks = range(above + 1, len(self.names))
        rank = next((rank for rank in ranks if any(nearly(found["word"], name) for name in self.names[rank])), -1)
        if rank < 0:
            return None
        counts = self.ends_with(text, found.end(), rank, last)
        behind = _BLANKS.match(text, found.end()).end()  # type: ignore[union-attr]
        if counts is False and found["before"] and found["behind"] and "\n" in text[found.end() : behind]:
            counts = True
        if counts is False:
            further = self.near(text, behind, last, rank)
            counts = None if further is not None and further < 0 else further is not None
        return ~at if counts is None else found.end() if counts else None

    def behind_words(self, text: str, at: int, last: bool) -> int | None:
        """Where some words end that stand at `at`, right in front of a closer of the call that only structure follows; else as above."""
        words = _WORDS.match(text, at) or _REMARK.match(text, at)
        if words is None:
            return ~at if not last and (at == len(text) or _REMARK_BEGINS.match(text, at)) else None
        end = words.end()
        if end == len(text) or (not last and self.begins.match(text, end)):
            return None if last or (end - at >= MOST_WORDS and text[at] != "<") else ~at
        found = self.closer(text, end)
        if found is None:
            return None
        counts = self.ends_with(text, found[1], found[0], last)
        return ~at if counts is None else end if counts else None


def is_stop(token: str) -> bool:
    """Whether a token ends the turns of some family: behind it nothing comes."""
    return _STOP.fullmatch(token) is not None


def closing_of_any_kind(text: str, at: int, last: bool) -> int | None:
    """Where a closing tag ends, whatever its name; None when none stands at `at`, `~at` when more text must tell."""
    if not last and _IN_BRACKETS_BEGINS.match(text, at):
        return ~at
    found = CLOSING.match(text, at) or _IN_BRACKETS.match(text, at)
    return None if found is None else found.end()


@lru_cache(maxsize=256)
def damaged_closers(calls: Calls, fmt: Format) -> DamagedClosers:
    """The closers of a call with their damage, compiled when the first damaged one may stand somewhere."""
    return DamagedClosers(calls, fmt)


NO_ENDS = "(?!)", "(?!)"


@lru_cache(maxsize=64)
def odd_ends(fmt: Format) -> tuple[str, str]:
    """The pattern of a special token of any name, or of a closing tag of calls or messages, in front of what follows the end of a message
    or of a frame, for which it may stand, behind its first sign; and of a beginning of that at the end of the input."""
    in_tokens = any(bar in text for text in frame_closers(fmt) for bar in BARS)
    followers = spellings(fmt.channels.start) if fmt.channels is not None else first_markers(fmt) if in_tokens else ()
    if not followers:
        return NO_ENDS
    token = rf"{BAR}[^\s<>]{{1,40}}|/(?:[\w:.-]{{0,24}}[_:.-])?(?:{CALL_WORDS}|end|message)\w{{0,24}}"
    behind = rf"{GAP}(?:\Z|(?:{any_alike_begins(followers)})\Z)"
    begins = rf"{BAR}\Z|{BAR}[^\s<>]{{1,40}}\Z|/[\w:.-]{{0,56}}\Z|(?:{token})>{{1,2}}{behind}"
    return rf"(?:{token})>{{1,2}}(?={GAP}(?:{any_alike(followers)}))", begins


class DamagedFrames:
    """The closers of frames around the answer, however they are spelled, in front of a call or of a stop token; `exact` as they are."""

    __slots__ = ("begins", "exact", "full", "next", "next_begins")

    def __init__(self, fmt: Format) -> None:
        closers = frame_closers(fmt)
        self.exact = frozenset(closers)
        full, begins = damaged_marker(closers)
        odd, odd_begins = odd_ends(fmt)
        self.full = re.compile(f"(?:{full})(?!\\w)|<{odd}")
        self.begins = re.compile(f"(?:{begins})\\Z|<(?:{odd_begins})")
        following = (*first_markers(fmt), *stop_texts(fmt))
        self.next = re.compile(any_alike(following))
        self.next_begins = re.compile(f"(?:{any_alike_begins(following)})\\Z")
