"""Look-alikes: what a marker reads like when a model misspells it, as patterns.

Bars of any kind are one another, doubled or with blanks around them; so are `▁`, `_` and a blank inside a special token. Letters count in
any case; blanks may stand behind `<` and `</`, before `>` and around `=`, quotes of any kind or none around an attribute's value, and the
last `>` may be missing or doubled. Brackets may be escaped as in HTML, full-width or doubled, and attributes stand in a tag. A look-alike
never counts by itself: what follows must confirm it, which is not decided here.

Each pattern comes in two halves, as in `markers.py`: the whole, and a beginning of it at the end of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from toolparse.wire.spellings import inside, longest_first

BARS = "|｜‖│¦"
QUOTES = "\"'“”‘’`"
UNSEEN = "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
"""Characters that nobody sees."""
ODD_OPENERS, ODD_CLOSERS = "＜〈‹", "＞〉›"
"""What is written in the place of angle brackets."""


def one_of(characters: str) -> str:
    """The pattern of one of some characters. `re` compiles a class ten times slower if it has more than two runs of characters and one of
    them is not Latin-1: such a class is written as several, between which is a flag so that `re` does not make one of them again.

    >>> one_of("!¦‖")
    '(?:[!¦]|(?-i:‖))'
    """
    plain = inside(character for character in characters if character <= "\xff")
    runs: list[str] = []
    for character in sorted(character for character in characters if character > "\xff"):
        if runs and ord(runs[-1][-1]) + 1 == ord(character):
            runs[-1] = f"{runs[-1][0]}-{character}"
        else:
            runs.append(character)
    pieces = [plain] if plain else []
    pieces += ("".join(runs[i : i + 2]) for i in range(0, len(runs), 2))
    classes = [piece if len(piece) == 1 else f"[{piece}]" for piece in pieces]
    return classes[0] if len(classes) == 1 else f"(?:{classes[0]}|(?-i:{classes[1]}){''.join(f'|{more}' for more in classes[2:])})"


BAR, QUOTE = one_of(BARS), one_of(QUOTES)
GAP = r"(?:[ \t\r\n]|\\n){0,64}"
"""White space between two markers, the two characters backslash and n among it."""
_BLANKS = "[ \\t]{0,2}"


class Atom(NamedTuple):
    """A piece of a pattern, and what matches it or a beginning of it at the end of the input; `missing`: it may match nothing."""

    full: str
    begins: str
    missing: bool = False


_ATTRIBUTES = r"""(?: [\w-]{1,16}=["'][^"'<>\n]{0,64}["']){0,2}"""
_ATTRIBUTE_BEGINS = r""" [\w-]{0,16}(?:\Z|=(?:\Z|["'][^"'<>\n]{0,64}\Z))"""
_CLOSE = Atom(f"(?:>|&gt;|{one_of(ODD_CLOSERS)})", f"(?:>|&(?:\\Z|g(?:\\Z|t(?:\\Z|;)))|{one_of(ODD_CLOSERS)})")


def _end(attributes: str, attribute_begins: str) -> Atom:
    behind = one_of(" \t" + UNSEEN) + "{0,2}"
    closed, begun = (f"{close}{{1,3}}{one_of(UNSEEN)}{{0,2}}" for close in _CLOSE[:2])
    return Atom(
        rf"(?:{attributes}{behind}/?{closed})?",
        rf"(?:{attributes}(?:{attribute_begins}{behind}/?(?:\Z|{begun})))?",
        True,
    )


_END = _end("", "")
TAG_END = _end(_ATTRIBUTES, f"{_ATTRIBUTE_BEGINS}|")
"""The end of a marker, and that of an opening tag, in which attributes may stand."""
_CLOSER_END = _end(
    r"""(?:=[\w.-]{1,64}| [\w-]{1,16}=["']?[\w.-]{1,64}["']?)?""",
    r"""=[\w.-]{0,64}\Z| [\w-]{0,16}(?:\Z|=["']?[\w.-]{0,64}["']?\Z)|""",
)
"""That of a closing tag, in which what stood in the opening one may stand again."""
_SLASH = Atom(r"\\?/", r"(?:\\(?:\Z|/)|/)")
"""The slash of a closing tag, which may be escaped."""
ODD_OPEN = Atom(f"(?:<|&lt;|{one_of(ODD_OPENERS)})", f"(?:<|&(?:\\Z|l(?:\\Z|t(?:\\Z|;)))|{one_of(ODD_OPENERS)})")
"""The bracket that a marker begins with, or what stands for it."""


def atom(pattern: str) -> Atom:
    """A piece that is one character, or a run of one kind."""
    return Atom(pattern, pattern, pattern.endswith(("?", "{0,2}", "{0,4}")) and pattern != r"\?")


LETTERS = 5
"""So many letters make one piece: more would be written out too often, in fewer there is too little."""


def _word(letters: str) -> Atom:
    """Some letters in any case."""
    begun = "".join(f"|{letters[:i]}\\Z" for i in range(len(letters) - 1, 0, -1))
    return Atom(f"(?ai:{letters})", f"(?ai:{letters}{begun})")


@lru_cache(maxsize=4096)
def atoms(text: str) -> tuple[Atom, ...]:
    """The marker as a row of small pieces, of which the first is one character and what may stand behind it."""
    special = any(bar in text for bar in BARS)
    out: list[Atom] = []
    at = 0
    while at < len(text):
        character, start, at = text[at], at, at + 1
        pieces: tuple[str | Atom, ...]
        if character == "<":
            pieces = ("<", _BLANKS) if start else ("<", one_of("<" + UNSEEN) + "{0,2}", _BLANKS)
        elif character == "/":
            pieces = (_SLASH if start else "/", _BLANKS)
        elif character == ">":
            inner = ">?" if text[start - 1 : start] in tuple(BARS) else _CLOSE  # a special token in a longer marker
            end = _CLOSER_END if text.startswith("</") else _END
            pieces = (end,) if at == len(text) else (_BLANKS, inner)
        elif character in BARS:
            pieces = (_BLANKS, f"{BAR}{{1,2}}", _BLANKS)
        elif character in "▁_ " if special else character == "_":
            pieces = (r"\\?", one_of("▁_ -") + "?")
        elif character == " ":
            pieces = ("[ \\t]{1,3}",)
        elif character == "=":
            pieces = (_BLANKS, "=", _BLANKS)
        elif character in QUOTES and text[0] == "<":
            pieces = (f"{QUOTE}?",)
        elif character.isascii() and character.isalpha():
            while start and at < min(len(text), start + LETTERS) and text[at].isascii() and text[at].isalpha():
                at += 1
            pieces = (_word(text[start:at]),)
        else:
            pieces = (re.escape(character),)
        if pieces[0] == _BLANKS and out and out[-1].full == _BLANKS:
            out[-1], pieces = atom("[ \\t]{0,4}"), pieces[1:]
        out += (piece if isinstance(piece, Atom) else atom(piece) for piece in pieces)
    return tuple(out)


def whole(row: Iterable[Atom]) -> str:
    """The pattern of the whole row."""
    return "".join(piece.full for piece in row)


def nested(row: Iterable[Atom]) -> str:
    """The pattern of a beginning of the row at the end of the input, or of all of it."""
    pattern, missing = "", True
    for piece in reversed(tuple(row)):
        pattern = piece.begins + (pattern if missing else f"(?:\\Z|{pattern})")
        missing = piece.missing
    return pattern


_SIGNS = r"\x00-/;-@\[-\^`{}~\x7f"
_LETTER, _RUN, _NO_RUN = rf"[^{_SIGNS}:|]", rf"[^{_SIGNS}]", rf"[{_SIGNS}]"
"""What may stand in the place of a letter: what is no ASCII sign, so letters, and what nobody sees. Runs have colons and bars, too."""


def _letters(text: str) -> list[int]:
    return [i for i, character in enumerate(text) if character.isalnum() or character in "_▁"]


def may_be_misspelt(text: str) -> bool:
    """Whether a marker has letters enough to be known with one of them wrong."""
    return len(_letters(text)) > 3 and text[0] in "<["


def exact_start(text: str) -> str:
    """The beginning of the marker in which no letter may be wrong."""
    return text[: _letters(text)[2]]


def misspelt(text: str) -> str:
    """The pattern of the marker with one letter too many, too few or another one, or two in the other order, behind its second; or
    without its first sign."""
    letters = _letters(text)[2:]
    end = letters[-1] + 2  # a letter too many may stand behind the last
    before = "<" if text[1] in BARS else r"\w<[/"  # what is said before a piece's end is gone, but for what begins a marker
    wrong = _one_wrong(text, letters[0], end, frozenset(letters))
    return f"(?:{re.escape(exact_start(text))}{wrong}{re.escape(text[end:])}|(?<![{before}]){re.escape(text[1:])})"


def _one_wrong(text: str, start: int, end: int, letters: frozenset[int]) -> str:
    """The pattern of the text between two places with one of its letters wrong. Halved, as each letter needs all the others beside it."""
    ways = []
    middle = (start + end) // 2
    if end - start > 4:
        ways.append(re.escape(text[start:middle]) + _one_wrong(text, middle, end, letters))
        ways.append(_one_wrong(text, start, middle, letters) + re.escape(text[middle:end]))
    for i in reversed(range(start, end)) if end - start <= 4 else (middle - 1,):
        before, behind = re.escape(text[start:i]), re.escape(text[i + 1 : end])
        if end - start <= 4 and (i in letters or i - 1 in letters):
            ways.append(before + _LETTER + re.escape(text[i:end]))
        if end - start <= 4 and i in letters:
            ways.append(f"{before}{_LETTER}?{behind}")
        if i in letters and i + 1 in letters and i + 1 < end:
            ways.append(before + re.escape(text[i + 1] + text[i] + text[i + 2 : end]))
    return f"(?:{'|'.join(ways)})" if ways else "(?!)"


def misspelt_begins(text: str) -> str:
    """The pattern of a beginning of it at the end of the input; what else has its first two letters and its signs is one, too."""
    second = _letters(text)[1] + 1
    signs = "".join(sorted({*text[second:]} - {*filter(str.isalnum, text)}))
    exact = (atom(re.escape(character)) for character in text[:second])
    any_letter = f"(?:{_LETTER}|[{inside(signs)}])" if signs else _LETTER
    return nested((*exact, Atom("", f"{any_letter}{{0,{len(text) - second + 1}}}"))) + r"\Z"


def looks_misspelt(texts: Iterable[str]) -> tuple[str, str]:
    """Patterns of what may be one of the markers, misspelt, by its beginning, and of a beginning of that at the end of the input; both
    behind the first character, which is the same in all."""
    longest: dict[tuple[str, ...], int] = {}
    for text in texts:
        first, second = _letters(text)[:2]
        head = (*map(re.escape, text[1:first]), re.escape(text[first]), re.escape(text[second]))
        longest[head] = max(longest.get(head, 0), len(text) - second)
    ends = rf"(?:[>\]]|(?={_NO_RUN}))"
    full = "|".join(f"{''.join(head)}{_RUN}{{0,{length}}}{ends}" for head, length in longest.items())
    begun = [nested((*map(atom, head), Atom("", rf"{_RUN}{{0,{length}}}[>\]=]?"))) for head, length in longest.items()]
    return full or "(?!)", "|".join(begun) or "(?!)"


_ODD_SIGN = re.compile(rf"&(?:lt|gt|quot|amp);|\\u003[ce]|\\(?=[<>])|[{ODD_OPENERS}{ODD_CLOSERS}]|[{UNSEEN}]")
_ODD_SIGNS = {
    "&lt;": "<",
    "&gt;": ">",
    "&quot;": '"',
    "&amp;": "&",
    "\\u003c": "<",
    "\\u003e": ">",
    **dict.fromkeys(ODD_OPENERS, "<"),
    **dict.fromkeys(ODD_CLOSERS, ">"),
}


def plain_signs(text: str) -> str:
    """The text with plain brackets and quotes in the place of escaped ones and of those of other alphabets, without unseen characters.

    >>> plain_signs("&lt;tool_call&gt;＜f＞")
    '<tool_call><f>'
    """
    return _ODD_SIGN.sub(lambda sign: _ODD_SIGNS.get(sign[0], ""), text)


def alike(text: str) -> str:
    """The pattern of whatever reads like the marker."""
    return whole(atoms(text))


def alike_begins(text: str) -> str:
    """The pattern of it, or of a beginning of it at the end of the input."""
    return nested(atoms(text))


_Tree = dict["Atom | None", Any]
"""Rows by their pieces; None is an end. Markers of one family begin alike, and a pattern costs by its length when it is compiled."""


def _tree(rows: Iterable[Iterable[Atom]]) -> _Tree:
    root: _Tree = {}
    for row in rows:
        branch = root
        for piece in row:
            branch = branch.setdefault(piece, {})
        branch[None] = {}
    return root


def _full(tree: _Tree) -> str:
    ways = ["" if piece is None else piece.full + _full(below) for piece, below in tree.items()]
    return ways[0] if len(ways) == 1 else f"(?:{'|'.join(ways)})"


def _begins(tree: _Tree) -> list[str]:
    """What may follow, each as it is or cut by the end of the input."""
    out = []
    for piece, below in tree.items():
        if piece is not None:
            ways = _begins(below)
            if None in below:
                ways.append("")
            elif not any(next.missing for next in below if next is not None):
                ways.insert(0, "\\Z")
            out.append(piece.begins + (ways[0] if len(ways) == 1 else f"(?:{'|'.join(ways)})"))
    return out


def any_row(rows: Iterable[tuple[Atom, ...]]) -> str:
    """The pattern of one of the rows; one that never matches without any."""
    rows = tuple(rows)
    ends = _by_end(rows)
    if len(ends) > 1:  # the first that matches counts, so they stay in their order
        return _full(_tree(rows))
    return "".join(_full(_tree(before)) + end.full for end, before in ends.items()) or "(?!)"


def any_row_begins(rows: Iterable[tuple[Atom, ...]]) -> str:
    """The pattern of it, or of a beginning of it at the end of the input."""
    ways = (("|".join(_begins(_tree(before))), end.begins) for end, before in _by_end(rows).items())
    return "|".join(f"(?:{begun}){end}" if end else begun for begun, end in ways) or "(?!)"


def _by_end(rows: Iterable[tuple[Atom, ...]]) -> dict[Atom, list[tuple[Atom, ...]]]:
    """The rows without their ends, by these; an end is long, and most rows have the same."""
    ends: dict[Atom, list[tuple[Atom, ...]]] = {}
    for row in rows:
        end = row[-1] if len(row) > 1 and row[-1] in (_END, TAG_END, _CLOSER_END) else Atom("", "", True)
        ends.setdefault(end, []).append(row[:-1] if end.full else row)
    return ends


def _rows(texts: Iterable[str], skip: int) -> Iterable[tuple[Atom, ...]]:
    return (atoms(text)[skip:] for text in longest_first(dict.fromkeys(texts)))


def any_alike(texts: Iterable[str], skip: int = 0) -> str:
    """The pattern of whatever reads like one of the markers, the longest first; one that never matches without any. `skip`: how many
    characters of each are left out, which are spelt in one way only."""
    return any_row(_rows(texts, skip))


def any_alike_begins(texts: Iterable[str], skip: int = 0) -> str:
    """The pattern of it, or of a beginning of it at the end of the input."""
    return any_row_begins(_rows(texts, skip))
