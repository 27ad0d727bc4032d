"""The one pattern that running text is searched with for the next marker, or for the beginning of one at its end."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from toolparse.jsontext.characters import SPACE, WS
from toolparse.wire.call_objects import Edge
from toolparse.wire.damaged_closers import NO_ENDS
from toolparse.wire.lookalikes import BARS, ODD_OPENERS, UNSEEN, any_alike, any_alike_begins, looks_misspelt, may_be_misspelt
from toolparse.wire.markers import NO_GATE, Gate
from toolparse.wire.spellings import any_of, beginnings, chained, inside


def watch_pattern(
    markers: set[str],
    edges: Mapping[str, Gate],
    alike: tuple[str, ...] = (),
    lost: tuple[Edge, ...] = (),
    ends: tuple[str, str] = NO_ENDS,
) -> str:
    """One pattern for all that running text must be searched for, with the groups `hold`, `marker` and `line`.

    It begins with the set of first characters, which `re` looks for quickly; what follows depends on which of them was found. `alike` are
    the markers whose look-alikes are to be found, too; `edges` are the first characters of what counts at the start of a line, with what
    refuses them, `lost` is what else is found there. `ends`: what else may end a message, behind an angle bracket, and a beginning of it.
    """
    by_first: dict[str, list[str]] = {}
    for text in sorted(markers, key=len, reverse=True):
        by_first.setdefault(text[0], []).append(text[1:])
    held, whole = _branches(by_first, alike, edges)
    for sign, rest in _ODD_BEGINNINGS if any(text[0] == "<" for text in alike) else ():
        by_first.setdefault(sign, []).append(rest)
    seen = _with_ends(by_first, held, whole, ends)
    begins = {*SPACE, *by_first}
    begun_marker = f"[{inside(by_first)}]" if by_first else "(?!)"
    # Nearly all that the first set finds are blanks between words, which go no further than the look at the next character.
    refused = {sign: f"{re.escape(sign)}(?={refused})" for sign, rests in seen.items() if (refused := _refused(sign, rests, alike))}
    at_edge = {*edges, *(edge.first for edge in lost)}
    turns_back = list(refused.values())
    if "" not in edges:
        refused_lines = "".join(f"|{marker}" for sign, marker in refused.items() if sign not in at_edge)
        turns_back.append(rf"\n(?=[^{inside(begins | at_edge)}]{refused_lines})")
    no_marker = "".join(f"|(?={marker})" for marker in refused.values())
    turns_back.append(rf"[ \t\r](?!\Z)(?:(?<=[ \t\r\n]{{2}}){no_marker})")
    goes_on = rf"(?<![ \t\r](?=[^{inside(begins)}]))(?<!{'|'.join(turns_back)})"
    blank = rf"(?<=[ \t\r\n])(?![^{inside(begins)}])(?<![ \t\r\n]{{2}}){WS}(?:\Z|{begun_marker})"
    new_line = r"(?<=[ \t\r\n])(?<![ \t\r\n]{2})(?:(?<=\n)|[ \t\r\n]*\n)[ \t]*"
    begun = [f"{re.escape(first)}(?:{gate.begun})" for first, gate in edges.items() if gate.begun] + [edge.begins for edge in lost]
    at_line = rf"|{new_line}(?:{'|'.join(begun)})\Z" if begun else ""
    branches = [f"(?:(?:{blank}|(?<![ \\t\\r\\n]))(?:(?<=[ \\t\\r\\n])\\Z|{by_sign(held)}){at_line})(?P<hold>)"]
    if edges or lost:
        shown = (re.escape(first) + (f"(?!{gate.refused})" if gate.refused else "") for first, gate in edges.items())
        edge = r"[^ \t\r\n]" if "" in edges else "|".join([*shown, *(edge.full for edge in lost)])
        branches.append(rf"(?<=\n)[ \t]*(?={edge})(?P<line>)")
    if whole:
        branches.append(f"(?<![ \\t\\r\\n])(?:{by_sign(whole)})(?P<marker>)")
    return rf"[ \t\r\n{inside(by_first)}]{goes_on}(?:{'|'.join(branches)})"


def _with_ends(
    by_first: dict[str, list[str]], held: Mapping[str, list[str]], whole: Mapping[str, list[str]], ends: tuple[str, str]
) -> dict[str, list[str]]:
    """What begins with each character, with what else may end a message, which is added to the branches."""
    if ends == NO_ENDS or "<" not in by_first:
        return by_first
    other = f"(?!{any_of(rest for rest in by_first['<'] if rest.endswith('>'))})"
    whole["<"].append(f"{other}{ends[0]}")
    held["<"].append(f"{other}(?:{ends[1]})")
    return by_first | {"<": [*by_first["<"], "/"]}


def _refused(sign: str, rests: Iterable[str], alike: tuple[str, ...]) -> str:
    """What shows, in the first visible characters of ASCII behind the sign, that none of these markers or their look-alikes stands there;
    "" where nothing does."""
    seconds: dict[str, set[str]] = {}
    for rest in rests:
        seconds.setdefault(rest[:1], set()).add(rest[1:2])
    for first, second in ((text[1:2], text[2:3]) for text in alike if text[0] == sign):
        if not (first.isalpha() or first in ("/", *BARS)):
            return ""
        follow = {second.lower(), second.upper()} if second.isalpha() and first not in BARS else {""}
        for case in (first.lower(), first.upper()) if first not in BARS else BARS:
            seconds.setdefault(case, set()).update(follow, " \t" if first == "/" else "")
    refused = []
    if sign == "<" and any(text[0] == sign for text in alike):
        seconds |= {first: {""} for first in "< \t"}
        refused.append(rf"[ \t]{{1,4}}{ascii_but(seconds)}")
    if "" in seconds:
        return ""
    refused += (re.escape(first) + ascii_but(second) for first, second in seconds.items() if "" not in second)
    return "|".join((ascii_but(seconds), *refused))


def ascii_but(characters: Iterable[str]) -> str:
    """The class of the visible characters of ASCII without some."""
    runs, start = "", " "
    for end in (*sorted(character for character in characters if " " <= character <= "~"), "\x7f"):
        if start < end:
            runs += f"{re.escape(start)}-{re.escape(chr(ord(end) - 1))}"
        start = chr(ord(end) + 1)
    return f"[{runs}]"


_ODD_BEGINNINGS = (("&", "lt;"), *((sign, "") for sign in ODD_OPENERS))
"""What stands for an angle bracket: its first character, and the rest."""


def by_sign(branches: Mapping[str, Iterable[str]]) -> str:
    """One branch for what may follow each first character, which has been read; the odd ones share one, as `re` tries all in turn."""
    each = {sign: f"(?<={re.escape(sign)})(?:{'|'.join(patterns)})" for sign, patterns in branches.items()}
    odd = {sign: each.pop(sign) for sign, _ in _ODD_BEGINNINGS if sign in each}
    shared = [f"(?<=[{''.join(odd)}])(?:{'|'.join(odd.values())})"] if odd else []
    return "|".join([*each.values(), *shared]) or "(?!)"


def _branches(
    by_first: Mapping[str, list[str]], alike: tuple[str, ...], edges: Mapping[str, Gate]
) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """What is held and what is found, as patterns, behind each first character of the markers."""
    held: dict[str, list[str]] = {}
    whole: dict[str, list[str]] = {}
    for first, rests in by_first.items():
        like = [text for text in alike if text[0] == first]
        found = tuple(rest for rest in rests if first + rest in alike)  # where it ends, in any spelling behind it
        longer = [rest for rest in rests if rest]
        begun = held.setdefault(first, [])
        if longer:  # what begins like a look-alike is found as one
            unlike = (rest for rest in longer if rest not in found or any(rest != text and rest.startswith(text) for text in found))
            begun.append(f"\\Z|{beginnings(unlike)}")
        if like:
            misspelt, misspelt_begins = looks_misspelt(filter(may_be_misspelt, like))
            begun.append(f"(?!(?:{any_of(found)})[>{UNSEEN}]{{0,3}}\\Z)(?:{any_alike_begins(like, 1)})\\Z")
            begun.append(f"(?!(?:{any_of(rests)})\\Z)(?:{misspelt_begins})\\Z")
            like = [any_alike(like, 1), misspelt]
        gate = edges.get(first, NO_GATE) if "" in rests else NO_GATE
        if gate.begun:
            begun.append(f"(?:{gate.begun})\\Z")
        full = "|".join([*map(re.escape, rests), *like])
        whole[first] = [f"{f'(?!{gate.refused})' if gate.refused else ''}(?:{full})"]
    tags = [text for text in alike if text[0] == "<"]
    for sign, rest in _ODD_BEGINNINGS if tags else ():
        held.setdefault(sign, []).append(f"{chained(*rest, f'(?:{any_alike_begins(tags, 1)})')}\\Z|{beginnings([rest + ' '])}|\\Z")
        whole.setdefault(sign, []).append(f"{rest}(?:{any_alike(tags, 1)})")
    return {sign: patterns for sign, patterns in held.items() if patterns}, whole
