"""The markers of a format whose checkpoints put a suffix on all of them, and the format of one such checkpoint.

How a marker is found where its suffix is known is the business of `markers.py`.
"""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from functools import lru_cache
from typing import Any

from toolparse.grammar import Format
from toolparse.jsontext.characters import SPACE, WS
from toolparse.wire.spellings import cut, spellings

_PLACE = re.compile(r"(?<=\w)(?=｜?>)")
_WORD = r"[^\s<>｜]"


class Suffixes:
    """The markers of a format whose checkpoints put a suffix on all of them, while it is not known yet.

    `begins` are the texts that running text is searched for. A pattern's last group is the suffix.
    """

    __slots__ = ("begins", "call", "close", "open", "partial", "prompt", "stop")

    def __init__(self, fmt: Format) -> None:
        openers = [text for pair in fmt.reasoning for text in spellings(pair.open)]
        closers = [text for pair in fmt.reasoning for text in spellings(pair.close)]
        wrapped = [(wrapper, calls) for calls in fmt.calls if calls.wrapper for wrapper in spellings(calls.wrapper.open)]
        pairs = [(wrapper, first) for wrapper, calls in wrapped for first in spellings(calls.open[0])]
        word = f"{re.escape(fmt.suffix)}{_WORD}{{1,64}}"
        self.begins = tuple(parted(text)[0] + fmt.suffix for text in (*openers, *closers, *fmt.stop, *(wrapper for wrapper, _ in pairs)))
        self.open = re.compile("|".join(marked(text, f"({word})") for text in openers))
        self.close = re.compile("|".join(marked(text, f"({word})") for text in closers))
        self.call = re.compile(
            "|".join(f"{marked(wrapper, f'(?P<s{i}>{word})')}{WS}{marked(first, f'(?P=s{i})')}" for i, (wrapper, first) in enumerate(pairs))
        )
        self.stop = re.compile("|".join(marked(text, f"(?:{word})?") for text in fmt.stop))
        self.prompt = re.compile("|".join(marked(text.strip(SPACE), f"({word}|)") for text in (*openers, *closers, *fmt.turn)))
        cuts = [cut_marked(text, fmt.suffix) for text in (*openers, *closers, *fmt.stop)]
        cuts += [f"{cut_marked(wrapper, fmt.suffix)}{WS}(?:\\Z|{cut_marked(first, fmt.suffix)})" for wrapper, first in pairs]
        self.partial = re.compile(f"(?:{'|'.join(cuts)})\\Z")


def parted(marker: str) -> tuple[str, str]:
    """A marker in front of the place of its suffix, and behind it."""
    place = _PLACE.search(marker)
    end = place.end() if place is not None else len(marker)
    return marker[:end], marker[end:]


def marked(marker: str, suffix: str) -> str:
    """The pattern of a marker with the pattern of a suffix in it."""
    before, behind = parted(marker)
    return f"{re.escape(before)}{suffix}{re.escape(behind)}"


def cut_marked(marker: str, suffix: str) -> str:
    """The pattern of a marker with a suffix that begins so, or of a beginning of it."""
    before, behind = parted(marker)
    return f"{cut(before)}(?:\\Z|(?:{re.escape(suffix)}{_WORD}{{0,64}})?(?:\\Z|{cut(behind)}))"


@lru_cache(maxsize=64)
def suffixed(fmt: Format, suffix: str) -> Format:
    """The format of a checkpoint that puts `suffix` on every marker."""

    def put(value: Any) -> Any:
        if isinstance(value, str):
            return _PLACE.sub(lambda _: suffix, value)
        if isinstance(value, tuple):
            return tuple(map(put, value))
        if is_dataclass(value) and not isinstance(value, type):
            return replace(value, **{field.name: put(getattr(value, field.name)) for field in fields(value) if field.name != "name"})
        return value

    marked = ("reasoning", "calls", "stop", "turn", "special_tokens")
    return fmt.variant(suffix="", **{name: put(getattr(fmt, name)) for name in marked})
