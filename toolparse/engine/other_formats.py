"""Whose calls a text holds: the markers of every known format, and the format that reads a text as calls.

The table is made from the formats' own descriptions when it is first needed, which is where a call was missed. Reading is the parser's
business and is handed in: a format wrote a text if its own parser finds calls in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple

from toolparse.formats import formats
from toolparse.grammar import Format, OneOf, Parameters
from toolparse.message import Message, ToolCall
from toolparse.schemas.tools import Tools
from toolparse.wire.headers import header_begins
from toolparse.wire.markers import markers_of
from toolparse.wire.spellings import SLOT, closing_parts, first_texts, opening_parts, spellings

Read = Callable[[Format, str, Tools | None], Message]
MOST_TRIED = 24
_SPEAKING = re.compile(r"[<\[]|\w[:=]\Z|\w{8}")
"""A marker that can be told from prose."""


def call_markers(fmt: Format) -> frozenset[str]:
    """What of a format's markers shows a call: those around calls and of their parameters, and of messages to a tool."""
    found = {text for calls in fmt.calls for text in markers_of(calls)}
    found |= {text for calls in fmt.calls for parts in calls.also for text in first_texts(parts)}
    for calls in fmt.calls:
        if isinstance(calls.body, Parameters):
            found.update(first_texts(calls.body.open))
    if fmt.channels is not None:
        found.update(header_begins(fmt.channels))
    return frozenset(text for text in found if _speaks(text) and text not in fmt.stop)


def _speaks(marker: str) -> bool:
    return len(marker) > 2 and _SPEAKING.search(marker) is not None


def _spaced(fmt: Format) -> Iterator[str]:
    """Those of a format's markers that the template writes with white space, as it writes them: relatives differ in little else."""
    for calls in fmt.calls:
        parts = [*opening_parts(calls), *closing_parts(calls)]
        body = calls.body
        if isinstance(body, Parameters):
            parts += body.open
            yield f"{body.trim if isinstance(body.trim, str) else body.trim.spellings[0]}{spellings(body.close)[0]}{body.between}"
        for part in parts:
            if isinstance(part, (str, OneOf)):
                yield from SLOT.split(part if isinstance(part, str) else part.spellings[0])


@lru_cache(maxsize=1)
def _table(every: tuple[Format, ...]) -> tuple[tuple[Format, frozenset[str], frozenset[str], bool], ...]:
    """Each format with its markers, as they are and as they are written, and whether a call may begin without any."""
    rows = []
    for fmt in every:
        bare = any(calls.wrapper is None and not any(map(_speaks, first_texts(calls.open[:1]))) for calls in fmt.calls)
        markers = call_markers(fmt)
        rows.append((fmt, markers, frozenset(text for text in _spaced(fmt) if text.strip() != text and text.strip()), bare))
    return tuple(rows)


def any_marker(text: str) -> bool:
    """Whether a marker of any format's calls stands in the text."""
    return any(marker in text for _, markers, *_ in _table(formats()) for marker in markers)


@lru_cache(maxsize=1)
def _labels(every: tuple[Format, ...]) -> tuple[str, ...]:
    return tuple({marker.strip() for _, markers, *_ in _table(every) for marker in markers})


def ends_with_marker(text: str) -> bool:
    """Whether the text ends with a marker of any format's calls."""
    return text.endswith(_labels(formats()))


class Written(NamedTuple):
    """The format that reads a text as calls, and the tool that is called first.

    `whole`: it reads all of them without a fault; `marked`: its markers stand there. `lead` is what of its marker stood in front of it.
    """

    format: Format
    tool: str
    whole: bool
    marked: bool
    lead: str


def _defines(calls: list[ToolCall]) -> bool:
    """Whether the arguments are schemas: a tool's definition is written as a call is."""
    return any(isinstance(given := call.value(), dict) and "type" in given and "properties" in given for call in calls)


def written_by(text: str, own: Format, tools: Tools | None, read: Read, supposed: str | None = None) -> Written | None:
    """The format whose calls the text holds.

    `tools`: only calls of these count; without them, only whole ones, and one without a marker only where there is nothing else.
    `supposed` is the name of what may be called then: some formats know a call by its tool alone.
    """
    scored = []
    for fmt, markers, spaced, bare in _table(formats()):
        score = sum(len(marker) for marker in markers if marker in text)
        if fmt.name != own.name and (score or bare) and fmt.calls:
            lead = next((marker[:1] for marker in markers if len(marker) > 2 and text.startswith(marker[1:])), "") if score else ""
            scored.append((score + sum(len(marker) for marker in spaced if marker in text), bool(score), lead, fmt))
    scored.sort(key=lambda row: (not row[3].marks_in(text), -row[0], -len(row[3].models)))  # of equals the one that most models write
    given = Tools([{"name": supposed}]) if supposed is not None else tools
    if supposed is not None and read(own, text, given).tool_calls:
        return None
    best: tuple[tuple[int, ...], Written] | None = None
    for score, marked, lead, fmt in scored[:MOST_TRIED]:
        message = read(fmt, lead + text, given)
        calls = [call for call in message.tool_calls if (call.name in tools if tools is not None else call.complete)]
        left = len((message.content or "").strip())
        clean = not message.problems and all(call.complete for call in message.tool_calls)
        if not calls or (tools is None and not marked and (left or not clean or _defines(calls))):
            continue
        rank = (-len(calls), not clean, left, -score)
        if best is None or rank < best[0]:
            best = rank, Written(fmt, calls[0].name, clean, marked, lead)
        if clean and not left:
            break
    return None if best is None else best[1]
