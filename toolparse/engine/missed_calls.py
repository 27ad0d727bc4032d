"""The tell-tale remains of calls whose markers the engine skipped as special tokens.

An engine that decodes with `skip_special_tokens` takes the markers out of the text, and a call comes as content: its name and its
arguments, without what marks them. This module knows what that looks like in a format; it looks at the start of an output's content
once, at the end, and reads nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from toolparse.grammar import Calls, Envelope, Format, JsonText, Parameters, PythonCalls
from toolparse.schemas.tools import Tools
from toolparse.wire.spellings import may_be_missing, spellings, texts_of

_NAME = r"(?<![\w-])(?P<name>[\w-]{1,64})"
_GAP = r"\s{0,8}"
_BARE = r"(?<![\w:,'\"(] )(?<![:,'\"(])(?<!```json\n)"
"""In front of an object: neither prose, which has a word and a blank there, nor a code fence."""
_END_OF_KEY = r"(?!\w)"
_BRACKET = re.compile(r"[{<(]").search
_NEAR = 100  # a name and its bracket are not further apart
_KEPT = 120

LOOKED_AT = 4096
"""How many characters of an output's content may tell."""


def may_tell(fmt: Format) -> bool:
    """Whether calls without their special tokens can be told from other text at all."""
    return bool(fmt.special_tokens) and bool(_patterns(fmt))


class Start:
    """The start of an output's content, as far as it is needed: of text without a bracket only the end, in which a name may stand.

    Content is added while `limit` is not 0. `prefilled`: the turn began in the prompt, whose markers say nothing of the output's.
    """

    __slots__ = ("left_out", "limit", "prefilled", "text")

    def __init__(self) -> None:
        self.text = ""
        self.left_out = 0
        self.limit = _KEPT
        self.prefilled = False

    def add(self, content: str) -> None:
        self.text = text = self.text + content
        if len(text) > self.limit:
            self._settle(text)

    def _settle(self, text: str) -> None:
        """The text is longer than the limit: leave out what is not needed, and everything from `LOOKED_AT` on."""
        rest = LOOKED_AT - self.left_out
        text = text[:rest]
        if _BRACKET(text):
            self.limit = rest if len(text) < rest else 0
        else:
            self.left_out += len(text) - _NEAR
            self.limit = min(_KEPT, LOOKED_AT - self.left_out) if len(text) < rest else 0
            text = text[-_NEAR:]
        self.text = text


def remains(fmt: Format, content: str, request_tools: Callable[[], Tools | None]) -> str | None:
    """What is wrong, as a sentence that says what to change, if the content is what is left of a call; None if it is not.

    `content` is the start of the content of an output in which no call was found. Without the request's tools nothing can be told: a
    name counts when it is declared, and a parameter when the tool has it. They are asked for only when something looks like a call.

    >>> from toolparse.formats import get_format
    >>> tools = Tools([{"name": "clock", "input_schema": {}}])
    >>> remains(get_format("kimi_k2"), 'functions.clock:0{"zone": "UTC"}', lambda: tools)[:48]
    'this looks like a call whose markers are missing'
    >>> remains(get_format("kimi_k2"), "The clock is right.", lambda: tools)
    """
    if not may_tell(fmt) or any(token in content for token in fmt.special_tokens):
        return None
    found = [match for pattern in _patterns(fmt) for match in pattern.finditer(content)]
    tools = request_tools() if found else None
    if tools is None or not any(_fits(match, tools) for match in found):
        return None
    tokens = ", ".join(fmt.special_tokens[:4])
    return (
        f"this looks like a call whose markers are missing: the engine skips special tokens, and {tokens} are such in this format; "
        "set skip_special_tokens=False and spaces_between_special_tokens=False where the output is decoded"
    )


def _fits(found: re.Match[str], tools: Tools) -> bool:
    tool = tools.get(found["name"].removeprefix("function")) or tools.get(found["name"])
    key = found.groupdict().get("key")
    return tool is not None and (key is None or tool.declares(key))


@lru_cache(maxsize=256)
def _patterns(fmt: Format) -> tuple[re.Pattern[str], ...]:
    """What a call of this format looks like without its special tokens. Everything repeated is bounded, so a search is linear."""
    looks: list[str] = []
    if not all(_needs_tokens(fmt, calls) for calls in fmt.calls):
        return ()  # a call without its tokens is a call
    for calls in fmt.calls:
        body = calls.body
        if isinstance(body, Envelope):
            if not body.name:
                looks.append(rf'{_BARE}\{{{_GAP}"{_NAME}"{_GAP}:{_GAP}\{{')
            else:
                key = "|".join(map(re.escape, body.name))
                looks.append(rf'{_BARE}\{{(?:[^{{}}]{{0,256}},)?{_GAP}"(?:{key})"{_GAP}:{_GAP}"{_NAME}"{_GAP}[,}}]')
        elif isinstance(body, JsonText):
            counter = ":[0-9]{1,4}" if calls.id_holds_name else ""
            kind = rf"|[a-z]{{1,16}}{_GAP}" if fmt.channels is not None else ""  # which a header says of its message
            looks.append(rf"{_NAME}{counter}{_GAP}(?:```json{_GAP}{kind})?\{{")
        elif isinstance(body, Parameters):
            looks += [f"{_NAME}[^\\w]{{0,8}}{opener}" for opener in _openers(fmt, body)]
        elif isinstance(body, PythonCalls):
            looks.append(rf"^{_GAP}\[?{_NAME}\((?:\)(?:,|[\])]{{0,2}}[ ]{{0,2}}$)|[^\W\d]\w{{0,64}}{_GAP}=)")
    return tuple(re.compile(look, re.M) for look in dict.fromkeys(looks))


def _needs_tokens(fmt: Format, calls: Calls) -> bool:
    """Whether every way to open such a call has a special token in it."""
    wrapped = (
        calls.wrapper is not None and calls.needs not in ("wrapper or tool", "nothing") and _special(fmt, spellings(calls.wrapper.open))
    )
    return wrapped or all(
        any(_special(fmt, texts_of(part)) for part in opening if texts_of(part) and not may_be_missing(part))
        for opening in (calls.open, *calls.also)
    )


def _special(fmt: Format, markers: tuple[str, ...]) -> bool:
    return any(token in markers[0] for token in fmt.special_tokens)


def _openers(fmt: Format, body: Parameters) -> list[str]:
    """The openings of a parameter without special tokens, as patterns with the group `key`."""
    found = []
    for part in body.open:
        if isinstance(part, str) and "{key}" in part:
            for token in fmt.special_tokens:
                part = part.replace(token, "")
            before, _, after = part.strip().partition("{key}")
            if before or after:  # a name and a bare word behind it may well be prose
                found.append(rf"{re.escape(before)}(?P<key>[^\W\d]\w{{0,64}}?){re.escape(after) or _END_OF_KEY}")
    return found
