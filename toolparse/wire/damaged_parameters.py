"""Openings of parameters whose markup is damaged, or another dialect's, and what may be damaged in a call whose arguments are raw."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property, lru_cache

from toolparse.grammar import Calls, Format, Parameters, Part
from toolparse.wire.damaged_closers import damaged_closers
from toolparse.wire.damaged_openings import follows_of, tag_and_words
from toolparse.wire.lookalikes import GAP, Atom, alike, alike_begins, any_row, any_row_begins, atoms, nested, whole
from toolparse.wire.marker_rows import ANY_CLOSING, ANY_CLOSING_BEGINS, GROUP, UNNAMED, MarkerRow, begun_pattern, row_pattern
from toolparse.wire.spellings import texts_of

_KEYS = (
    ("<parameter={key}>",),
    ('<parameter name="{key}">',),
    ('<parameter name="{key}"{other}>',),
    ("<param={key}>",),
    ('<param name="{key}">',),
    ('<arg name="{key}">',),
    ('<argument name="{key}">',),
    ("<arg_key>", "{key}", "</arg_key>", "<arg_value>"),
    ("<{key}>",),
)
"""Openings of a parameter in the dialects of tool calling."""


class DamagedOpener:
    """One way to open a parameter, with its damage; `calls`: those of a format that opens them so. `tag` is the name of the tag around the
    value, if it has one."""

    def __init__(self, parts: tuple[Part, ...], calls: Calls | None = None) -> None:
        own = calls is not None
        self.rows = [
            MarkerRow(texts if i or not own else with_unsigned(texts)) for i, part in enumerate(parts) if (texts := texts_of(part))
        ]
        for row in self.rows:
            if row.first[0].startswith("</"):  # of another kind it is one, too, and without its slash
                opening = row.first[0].replace("/", "", 1)
                row.full += f"|{ANY_CLOSING}|{alike(opening)}"
                row.begins += f"|{ANY_CLOSING_BEGINS}|{alike_begins(opening)}"
            elif row is not self.rows[0] and row.first[0].startswith("<") and not row.slots:
                row.full += f"|{alike(row.first[0][1:])}"
                row.begins += f"|{alike_begins(row.first[0][1:])}"
        if calls is not None and len(parts) > 2:  # a tag of any name opens the key that its closer follows
            *tag, words = tag_and_words(calls)
            closers = [(words, *atoms(text)) for text in texts_of(parts[2])]
            self.rows[0].full += f"|{whole(tag)}(?={any_row(closers)})"
            self.rows[0].begins += f"|{nested((*tag, Atom('', f'(?={any_row_begins(closers)})')))}"
        self.own = own
        self.tag = self.rows[-1].first[0].strip("<>= ").partition(" ")[0]

    @cached_property
    def full(self) -> re.Pattern[str]:
        return row_pattern(self.rows, "key", None)

    @cached_property
    def partial(self) -> re.Pattern[str]:
        return begun_pattern(self.rows, "key", None)

    def intact(self, found: re.Match[str]) -> bool:
        return all(found[f"p{i}"] is not None for i, row in enumerate(self.rows) if "key" not in row.slots)

    def ends_whole(self, found: re.Match[str]) -> bool:
        """Whether the last marker, behind which the value begins, is there."""
        last = len(self.rows) - 1
        return "key" in self.rows[last].slots or found[f"p{last}"] is not None

    def closed(self, found: re.Match[str]) -> bool:
        """Whether the last marker has its bracket, if it is written with one."""
        return not self.rows[-1].texts[0].endswith(">") or found[0].rstrip().endswith(">")

    def marked(self, found: re.Match[str]) -> bool:
        """Whether a marker is there at all."""
        return any(found[f"p{i}"] is not None if "key" not in row.slots else row.first[0] != "" for i, row in enumerate(self.rows))


def with_unsigned(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Tags, and the same without their first sign."""
    return (*texts, *(text[1:] for text in texts if text[0] == "<" and text[1:2].isalpha()))


ANY_TAG = re.compile(r"<[A-Za-z][\w:.\-]{0,40}>|[^<>\n]{0,32}>")
ANY_TAG_BEGINS = re.compile(r"<(?:[A-Za-z][\w:.\-]{0,40})?\Z|[^<>\n]{0,32}\Z")
"""An opening tag of any name, or the rest of one."""


class DamagedParameters:
    """What may be damaged in a call whose arguments are raw parameters.

    `openers` open a parameter, `calls` is what must stand behind the opening of a call, `closers` are the call's own.
    """

    def __init__(self, calls: Calls, fmt: Format) -> None:
        body = calls.body
        assert isinstance(body, Parameters)
        self.openers = (DamagedOpener(body.open, calls), *any_attribute(body.open), *dialect_openers())
        self.closers = damaged_closers(calls, fmt)
        self._following = [row for calls in fmt.calls for row in follows_of(calls)]

    @cached_property
    def calls(self) -> re.Pattern[str]:
        return re.compile(f"{GAP}(?:{re.sub(GROUP, UNNAMED, any_row(self._following))})")

    @cached_property
    def calls_begin(self) -> re.Pattern[str]:
        return re.compile(f"{GAP}(?:\\\\?\\Z|(?:{any_row_begins(self._following)})\\Z)")


def any_attribute(parts: tuple[Part, ...]) -> Iterator[DamagedOpener]:
    """A parameter's own tag in which the key stands under another attribute."""
    found = re.match(r"(<[^ ={}]+)[ =][^{}]*\{key\}", texts_of(parts[0])[0])
    if found is not None:
        yield DamagedOpener((f"{found[1]}{{other}}={{key}}>",))


@lru_cache(maxsize=1)
def dialect_openers() -> tuple[DamagedOpener, ...]:
    return tuple(DamagedOpener(parts) for parts in _KEYS)
