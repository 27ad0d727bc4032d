"""Turns with calls, and what models do to their markup: one function per kind of damage.

A turn is written by a format's `render`; a damage changes one thing outside the values and says which calls a perfect reader still finds.
Where marks, names and values stand is found by looking at the text: it knows nothing of how toolparse reads.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

Call = tuple[str, dict[str, Any]]

PROSE = "Let me look."
WORDS = ("// done", "That should be all.")
"""What a model says in front of a closer."""


def _tool(name: str, **properties: object) -> dict[str, Any]:
    parameters = {"type": "object", "properties": properties}
    return {"type": "function", "function": {"name": name, "description": name, "parameters": parameters}}


_TEXT, _WHOLE, _NUMBER, _FLAG = ({"type": name} for name in ("string", "integer", "number", "boolean"))
TOOLS = [
    _tool("find_ferry", origin=_TEXT, seats=_WHOLE, night=_FLAG),
    _tool("run_query", sql=_TEXT, limit=_WHOLE, columns={"type": "array", "items": _TEXT}),
    _tool("write_file", path=_TEXT, text=_TEXT),
    _tool("book_trip", stops={"type": "array", "items": {"type": "object"}}, options={"type": "object"}),
    _tool("set_price", amount=_NUMBER, count=_WHOLE, rate=_NUMBER, dry=_FLAG),
    _tool("list_ports"),
]
_CODE = 'def small(rows):\n    # keep {"a": [1, 2]} and <b>\n    return [row for row in rows if row < 3]\n'
TURNS: tuple[tuple[Call, ...], ...] = (
    (("find_ferry", {"origin": "Göteborg", "seats": 4, "night": False}), ("run_query", {"sql": "select a\nfrom t", "limit": 10})),
    (("run_query", {"sql": "select 1"}),),
    (("write_file", {"path": "src/small.py", "text": _CODE}),),
    (("book_trip", {"stops": [{"city": "Oslo", "days": 2}, {"city": "Bergen", "days": 1}], "options": {"meal": {"kind": "vegan"}}}),),
    (("set_price", {"amount": 12.5, "count": -3, "rate": 0.07, "dry": True}),),
    (("list_ports", {}),),
    (("list_ports", {}), ("find_ferry", {"origin": "Kiel", "seats": 1, "night": True})),
    (("run_query", {"sql": "a < 3 && b > 2", "columns": ["ident", "label"]}), ("run_query", {"sql": "c == 'x'", "limit": 5})),
)


class Mark(NamedTuple):
    """A piece of markup in a turn."""

    start: int
    end: int
    text: str
    closes: bool


class Turn(NamedTuple):
    """A turn as it should be: its text, its calls, and where its markup is."""

    text: str
    calls: tuple[Call, ...]
    number: int
    start: int  # the end of the prose
    held: list[bool]  # which characters belong to values
    marks: list[Mark]


class Damaged(NamedTuple):
    """A damaged turn: the calls that were meant, and words that it has beyond its prose."""

    text: str
    calls: tuple[Call, ...]
    words: str = ""


Damage = Callable[[Turn], Iterator[Damaged]]

_MARK = re.compile(
    r"\]<\]minimax\[>\[</?[^<>\n]{1,80}>|<\|(?:open|close)\|>[^<>\n]{1,80}<\|sep\|>|</?[^<>\n]{1,80}>"
    r"|\[/?[A-Z_]{3,}\]|```(?:json)?|>>>|functools|Action(?: Input)?:"
)
_CLOSER = re.compile(
    r"(?:\]<\]minimax\[>\[)?</|\[/|<\|close\||.*[_▁|:<][Ee][Nn][Dd][_▁|:｜>]|.*_suffix\||<\w+\|>$|<\|(?:call|eom)\|>$|```$", re.S
)
_VALUE_QUOTE = re.compile(r'<\|"\|>|<escape>')


def message(calls: tuple[Call, ...], content: str | None) -> dict[str, Any]:
    """The turn as an assistant's message."""
    made = [
        {"id": f"functions.{name}:{at}", "type": "function", "function": {"name": name, "arguments": json.dumps(given, ensure_ascii=False)}}
        for at, (name, given) in enumerate(calls)
    ]
    return {"role": "assistant", "content": content, "tool_calls": made}


def turn(text: str, calls: tuple[Call, ...], number: int) -> Turn:
    """A turn's text with its markup found; `number` spreads the places that are damaged over the turns."""
    held = _values(text, calls)
    start = text.find(PROSE) + len(PROSE) if PROSE in text else 0
    found = [match for match in _MARK.finditer(text, start) if not any(held[match.start() : match.end()])]
    marks = [Mark(*match.span(), match[0], bool(_CLOSER.match(match[0]))) for match in found if not _VALUE_QUOTE.fullmatch(match[0])]
    return Turn(text, calls, number, start, held, marks)


def _values(text: str, calls: tuple[Call, ...]) -> list[bool]:
    """Which characters are those of a value: of a string, or of a container that stands in markup rather than in a call's JSON."""
    held = [False] * len(text)
    for _, given in calls:
        for key, value in given.items():
            for leaf in _strings(value) if f'"{key}":' in text else [value, *_strings(value)]:
                for form in _forms(leaf):
                    for match in re.finditer(re.escape(form), text):
                        held[match.start() : match.end()] = [True] * len(form)
    return held


def _strings(value: object) -> list[str]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [value] if isinstance(value, str) else [leaf for part in inner for leaf in _strings(part)]


def _forms(value: object) -> set[str]:
    """How a value may be written; numbers and literals are never damaged and are left out."""
    if isinstance(value, (bool, int, float)):
        return set()
    dumped = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, str):
        return {dumped, repr(value)}
    escaped = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return {value, dumped[1:-1], repr(value)[1:-1], escaped, dumped[1:-1].replace("'", "\\'")} - {""}


def _spread(of: Turn, places: list[Any], count: int = 2) -> list[Any]:
    """A few of the places, others in each turn."""
    return [places[(of.number + step) % len(places)] for step in range(min(count, len(places)))]


def _distinct(marks: list[Mark]) -> list[Mark]:
    """One mark of each spelling, whatever name or key it holds."""
    return list({re.sub(r'(=)"?[^"<>]*', r"\1", mark.text): mark for mark in reversed(marks)}.values())[::-1]


def _put(of: Turn, mark: Mark, text: str) -> Damaged:
    return Damaged(of.text[: mark.start] + text + of.text[mark.end :], of.calls)


def _in_marks(change: Callable[[Mark], str], fits: Callable[[Mark], object] = bool) -> Damage:
    """Changes one mark."""

    def damage(of: Turn) -> Iterator[Damaged]:
        marks = [mark for mark in _distinct(of.marks) if fits(mark) and change(mark) != mark.text]
        for mark in _spread(of, marks):
            yield _put(of, mark, change(mark))

    return damage


def _in_all_marks(change: Callable[[str], str]) -> Damage:
    """Changes every mark in the same way, as a model does that has a habit."""

    def damage(of: Turn) -> Iterator[Damaged]:
        text, end = "", 0
        for mark in of.marks:
            text, end = text + of.text[end : mark.start] + change(mark.text), mark.end
        text += of.text[end:]
        if text != of.text:
            yield Damaged(text, of.calls)

    return damage


def _opens(mark: Mark) -> bool:
    return not mark.closes


def _closes(mark: Mark) -> bool:
    return mark.closes


def _tag(mark: Mark) -> bool:
    return mark.text.endswith(">") and len(mark.text) > 3


# Markers


def _word(change: Callable[[str], str]) -> Callable[[Mark], str]:
    """Changes the word of a mark, not the name or key in it."""
    return lambda mark: re.sub(r"[^\W\d_][\w▁ :.]*?(?=[ =>|｜\[\]]|$)", lambda word: change(word[0]), mark.text, count=1)


def _misspelt(word: str) -> str:
    """A letter doubled where the word has an l or an r, its last letter lost elsewhere."""
    return re.sub(r"[lr]", lambda letter: letter[0] * 2, word, count=1) if re.search("[lr]", word) else word[:-1]


def _bars(text: str) -> Callable[[str], str]:
    return lambda mark: re.sub(r"[|｜]", text, mark) if not mark.startswith("]<]") else mark


def _blank_underscores(mark: str) -> str:
    return re.sub(r"(?<=\w)[_▁](?=\w)", " ", mark) if re.search("[|｜]", mark) and "=" not in mark else mark


# Names and attributes

_EQUALS_NAME = re.compile(r"<([\w.:]+)=([\w.\-]+)>")
_QUOTED_NAME = re.compile(r'([\w:]*)([ =])"([\w.\-]+)"')


def _attribute(shape: str) -> Callable[[Mark], str]:
    """An attribute in quotes with other quotes around its value, or none."""
    return lambda mark: re.sub(r'="([^"<>]+)"', lambda value: "=" + shape.format(value[1]), mark.text, count=1)


def _other_style(mark: Mark) -> str:
    """`<f=x>` as `<f name="x">`, and the other way round."""
    if _EQUALS_NAME.fullmatch(mark.text):
        return _EQUALS_NAME.sub(r'<\1 name="\2">', mark.text)
    return re.sub(r' \w+="([\w.\-]+)".*?(?=>|<\|sep)', r"=\1", mark.text, count=1)


def quoted_bare_names(of: Turn) -> Iterator[Damaged]:
    for name, _ in of.calls[:1]:
        for match in re.finditer(rf"(?<![\w\"'=.]){name}(?![\w\"'])", of.text[of.start :]):
            start, end = match.start() + of.start, match.end() + of.start
            yield Damaged(f'{of.text[:start]}"{name}"{of.text[end:]}', of.calls)
            return


# Closers


def closer_of_another_kind(of: Turn) -> Iterator[Damaged]:
    others = ("</tool>", "</function_call>", "</param>", "</end>")
    for mark in _spread(of, [mark for mark in _distinct(of.marks) if mark.closes and _tag(mark)]):
        other = others[of.number % len(others)]
        yield _put(of, mark, other)


def closers_swapped(of: Turn) -> Iterator[Damaged]:
    pairs = [(one, two) for one, two in zip(of.marks, of.marks[1:], strict=False) if one.closes and two.closes and one.text != two.text]
    for one, two in _spread(of, [pair for pair in pairs if not of.text[pair[0].end : pair[1].start].strip()], 1):
        between = of.text[one.end : two.start]
        yield Damaged(of.text[: one.start] + two.text + between + one.text + of.text[two.end :], of.calls)


def text_before_a_closer(of: Turn) -> Iterator[Damaged]:
    """Behind the arguments only: in front of the closer of a raw value any text is the value's."""
    ends = {mark.end for mark in of.marks}
    places = []
    for mark in of.marks:
        before = len(of.text[: mark.start].rstrip())
        if mark.closes and before > of.start and (before in ends or (of.text[before - 1] in ")}]" and not of.held[before - 1])):
            places.append(mark)
    for mark in _spread(of, _distinct(places)):
        words = WORDS[of.number % len(WORDS)]
        yield Damaged(f"{of.text[: mark.start]}\n{words}\n{of.text[mark.start :]}", of.calls, words)


# White space


def _breaks(of: Turn) -> list[int]:
    """Line breaks that stand between marks and brackets, so not at the edge of a value."""
    starts, ends = {mark.start for mark in of.marks}, {mark.end for mark in of.marks}
    found = [at for at, character in enumerate(of.text) if character == "\n" and at >= of.start and not of.held[at]]
    return [at for at in found if (at in ends or of.text[at - 1] in "}])") and (at + 1 in starts or of.text[at + 1 : at + 2] in ("{", "["))]


def literal_line_breaks(of: Turn) -> Iterator[Damaged]:
    breaks = _breaks(of)
    chosen = [[at] for at in _spread(of, breaks, 1)] + ([breaks] if len(breaks) > 1 else [])
    for places in chosen:
        yield Damaged("".join("\\n" if at in places else character for at, character in enumerate(of.text)), of.calls)


def carriage_returns(of: Turn) -> Iterator[Damaged]:
    places = {at for at, character in enumerate(of.text) if character == "\n" and at >= of.start and not of.held[at]}
    if places:
        yield Damaged("".join("\r\n" if at in places else character for at, character in enumerate(of.text)), of.calls)


def spaced_out(of: Turn) -> Iterator[Damaged]:
    breaks = _breaks(of)
    for between in ("\n\n", "\n  ") if breaks else ():
        yield Damaged("".join(between if at in breaks else character for at, character in enumerate(of.text)), of.calls)


# Envelopes


class Envelope(NamedTuple):
    start: int
    end: int
    name_key: str
    key: str
    others: dict[str, Any]


def _envelopes(of: Turn) -> list[Envelope]:
    """The JSON objects that hold a name and arguments."""
    found, calls, at = [], list(of.calls), of.start
    while calls and (at := of.text.find("{", at)) >= 0:
        try:
            value, end = json.JSONDecoder().raw_decode(of.text, at)
        except ValueError:
            at += 1
            continue
        name, given = calls[0]
        names = [key for key, held in value.items() if held == name]
        keys = [key for key, held in value.items() if held == given]
        if len(names) == 1 and keys:
            others = {key: held for key, held in value.items() if key not in (names[0], keys[0])}
            found.append(Envelope(at, end, names[0], keys[0], others))
            calls.pop(0)
            at = end
        else:
            at += 1
    return found if not calls else []


def _rewritten(change: Callable[[Envelope, str, dict[str, Any]], object]) -> Damage:
    """Writes every envelope of a turn in another way."""

    def damage(of: Turn) -> Iterator[Damaged]:
        text, end = "", 0
        for envelope, (name, given) in zip(_envelopes(of), of.calls, strict=False):
            made = change(envelope, name, given)
            text, end = text + of.text[end : envelope.start] + json.dumps(made, ensure_ascii=False), envelope.end
        if end and text + of.text[end:] != of.text:
            yield Damaged(text + of.text[end:], of.calls)

    return damage


def another_key(keys: tuple[str, ...], name: bool) -> Damage:
    """Another key for the name or for the arguments; a format's own is none."""

    def damage(of: Turn) -> Iterator[Damaged]:
        own = [envelope.name_key if name else envelope.key for envelope in _envelopes(of)]
        for key in _spread(of, [key for key in keys if own and key != own[0]]):
            yield Damaged(of.text[: of.start] + of.text[of.start :].replace(f'"{own[0]}":', f'"{key}":'), of.calls)

    return damage


def flat(envelope: Envelope, name: str, given: dict[str, Any]) -> object:
    return {envelope.name_key: name, **given}


def api_object(envelope: Envelope, name: str, given: dict[str, Any]) -> object:
    return {"type": "function", "function": {"name": name, "arguments": given}}


def name_as_key(envelope: Envelope, name: str, given: dict[str, Any]) -> object:
    return {name: given}


def arguments_as_text(envelope: Envelope, name: str, given: dict[str, Any]) -> object:
    return {**envelope.others, envelope.name_key: name, envelope.key: json.dumps(given, ensure_ascii=False)}


def arguments_first(envelope: Envelope, name: str, given: dict[str, Any]) -> object:
    return {envelope.key: given, **envelope.others, envelope.name_key: name}


# JSON around the values


def _replaced(pattern: str, text: str) -> Damage:
    """Replaces a piece of JSON outside the values, in one place."""

    def damage(of: Turn) -> Iterator[Damaged]:
        found = [match for match in re.finditer(pattern, of.text) if match.start() >= of.start]
        for match in _spread(of, [match for match in found if not any(of.held[match.start() : match.end()])]):
            yield Damaged(of.text[: match.start()] + match.expand(text) + of.text[match.end() :], of.calls)

    return damage


def _typography(signs: dict[str, str]) -> Damage:
    """Every quote, colon or comma of JSON in another type; only where strings cannot be told from structure by a raw value."""

    def damage(of: Turn) -> Iterator[Damaged]:
        if not re.search(r'"[\w]+": ', of.text[of.start :]):
            return
        made, opening = [], True
        quotes = (range(*match.span()) for match in _VALUE_QUOTE.finditer(of.text))
        marked = {at for span in (*(range(mark.start, mark.end) for mark in of.marks), *quotes) for at in span}
        for at, character in enumerate(of.text):
            if at < of.start or of.held[at] or at in marked or character not in signs:
                made.append(character)
            elif character == '"':
                made.append(signs['"'][0 if opening else 1])
                opening = not opening
            elif of.text[at - 1] in '"}]' or character == ",":
                made.append(signs[character])
            else:
                made.append(character)
        if "".join(made) != of.text:
            yield Damaged("".join(made), of.calls)

    return damage


def _ends_of_arguments(of: Turn) -> list[int]:
    """Behind the last closing bracket of each call's body."""
    bounds = [mark.start for mark in of.marks if mark.closes] or [len(of.text)]
    ends = [len(of.text[:at].rstrip()) for at in bounds]
    return [end for end in dict.fromkeys(ends) if end > of.start and of.text[end - 1] in "}])" and not of.held[end - 1]]


def _behind_arguments(text: str) -> Damage:
    def damage(of: Turn) -> Iterator[Damaged]:
        for end in _spread(of, _ends_of_arguments(of)):
            yield Damaged(of.text[:end] + text + of.text[end:], of.calls)

    return damage


def lost_bracket(of: Turn) -> Iterator[Damaged]:
    for end in _spread(of, _ends_of_arguments(of)):
        yield Damaged(of.text[: end - 1] + of.text[end:], of.calls)


# Calls among one another


def next_call_before_the_closers(of: Turn) -> Iterator[Damaged]:
    """All closers between two calls are lost."""
    if len(of.calls) != 2 or of.calls[0][0] == of.calls[1][0]:
        return
    place = re.search(rf"(?<![\w]){of.calls[1][0]}(?![\w])", of.text[of.start :])
    assert place is not None
    last = of.start + place.start()
    between = [mark for mark in of.marks if mark.end <= last]
    group: list[Mark] = []
    for mark in reversed(between):
        if mark.closes:
            group.append(mark)
        elif group:
            break
    text = of.text
    for mark in group:
        text = text[: mark.start] + text[mark.end :]
    if group:
        yield Damaged(text, of.calls)


def _dialect(write: Callable[[str, dict[str, Any]], str], in_opener: bool = False) -> Damage:
    """Another dialect's body between the format's own outer marks; `in_opener`: the last of these is a tag, and has the name as its
    attribute."""

    def damage(of: Turn) -> Iterator[Damaged]:
        name, given = of.calls[0]
        place = re.search(rf"(?<!\w){name}(?!\w)", of.text[of.start :])
        if len(of.calls) > 1 or place is None or "<|message|>" in of.text or "<|role_sep|>" in of.text:
            return  # a header that names the tool says what its body is
        at = of.start + place.start()
        opening = [mark for mark in of.marks if mark.end <= at]
        if not opening or opening[-1].text.startswith("```") or re.search(r"\w", re.sub(r'"\w+"', "", of.text[opening[-1].end : at])):
            return  # a fence or a word in front of the name is part of the body
        end = max((at for at, value in enumerate(of.held) if value), default=at) + 1
        closers = [mark for mark in of.marks if mark.closes and mark.start >= end][-len(opening) :]
        tail = of.text[closers[0].start :] if closers else ""
        before = of.text[: opening[-1].end]
        if in_opener:
            if not re.fullmatch(r"<[\w:]+>", opening[-1].text):
                return
            before = f'{before[:-1]} name="{name}">'
        text = f"{before}\n{write(name, given)}\n{tail}"
        if re.sub(r"\s", "", text) != re.sub(r"\s", "", of.text):
            yield Damaged(text, of.calls)

    return damage


def _as_json(name: str, given: dict[str, Any]) -> str:
    return json.dumps({"name": name, "arguments": given}, ensure_ascii=False)


def _as_fenced_json(name: str, given: dict[str, Any]) -> str:
    return f"```json\n{_as_json(name, given)}\n```"


def _as_name_and_json(name: str, given: dict[str, Any]) -> str:
    return f"{name}\n{json.dumps(given, ensure_ascii=False)}"


def _as_python(name: str, given: dict[str, Any]) -> str:
    return f"{name}({', '.join(f'{key}={value!r}' for key, value in given.items())})"


def _raw(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _as_functions(name: str, given: dict[str, Any]) -> str:
    return (
        f"<function={name}>\n"
        + "".join(f"<parameter={key}>\n{_raw(value)}\n</parameter>\n" for key, value in given.items())
        + "</function>"
    )


def _as_invokes(name: str, given: dict[str, Any]) -> str:
    inner = "".join(f'<parameter name="{key}">{_raw(value)}</parameter>\n' for key, value in given.items())
    return f'<invoke name="{name}">\n{inner}</invoke>'


def _elements(given: dict[str, Any]) -> str:
    return "".join(f"<{key}>{_raw(value)}</{key}>\n" for key, value in given.items())


def _as_element(name: str, given: dict[str, Any]) -> str:
    return f"<{name}>\n{_elements(given)}</{name}>"


def _as_tool(name: str, given: dict[str, Any]) -> str:
    return f'<tool name="{name}">\n{_elements(given)}</tool>'


def _as_named_elements(name: str, given: dict[str, Any]) -> str:
    return f"<tool_name>{name}</tool_name>\n<arguments>{json.dumps(given, ensure_ascii=False)}</arguments>"


def _as_invoke_with_json(name: str, given: dict[str, Any]) -> str:
    return f'<invoke name="{name}">\n<parameters>{json.dumps(given, ensure_ascii=False)}</parameters>\n</invoke>'


# Cuts


def half_a_closer(of: Turn) -> Iterator[Damaged]:
    last = of.marks[-1] if of.marks else None
    if last is not None and last.closes and not of.text[last.end :].strip():
        for length in (1, len(last.text) - 1):
            yield Damaged(of.text[: last.start + length], of.calls)


def cut(of: Turn) -> Iterator[Damaged]:
    """In the last value, and right behind it; a call that has no name yet is none."""
    places = [at + 1 for at, value in enumerate(of.held) if value]
    if places:
        yield Damaged(of.text[: places[-1]], of.calls)
        yield Damaged(of.text[: places[-1] - 2], of.calls)


# Several things at once


def begun_again(of: Turn) -> Iterator[Damaged]:
    """The call is cut in its last value, and written again."""
    places = [at for at, value in enumerate(of.held) if value]
    if len(of.calls) == 1 and places:
        yield Damaged(of.text[: places[-1]] + "\n" + of.text[of.start :].lstrip(), of.calls)


def another_opener(of: Turn) -> Iterator[Damaged]:
    """The opening of a call stands in front, with another tool's name."""
    name = of.calls[0][0]
    place = re.search(rf"(?<!\w){name}(?!\w)", of.text[of.start :])
    opening = [mark for mark in of.marks if place is not None and mark.start <= of.start + place.start()]
    if opening and place is not None:
        mark = opening[-1]
        other = next(call[0] for call in (*TURNS[0], *TURNS[2]) if call[0] not in {name for name, _ in of.calls})
        begun = of.text[mark.start : max(of.start + place.end(), mark.end)].replace(name, other)
        yield Damaged(f"{of.text[: mark.start]}{begun}\n{of.text[mark.start :]}", of.calls)


def _among_marks(text: str) -> Damage:
    """Something between two marks, or between a mark and a bracket."""

    def damage(of: Turn) -> Iterator[Damaged]:
        starts, ends = {mark.start for mark in of.marks}, {mark.end for mark in of.marks}
        before = {at: len(of.text[:at].rstrip()) for at in starts}
        places = [
            at for at, end in before.items() if end > of.start and (end in ends or (of.text[end - 1] in "}])" and not of.held[end - 1]))
        ]
        for mark in _spread(of, _distinct([mark for mark in of.marks if mark.start in places])):
            yield Damaged(of.text[: mark.start] + text + of.text[mark.start :], of.calls, text if text.isprintable() else "")

    return damage


def words_behind_an_opener(of: Turn) -> Iterator[Damaged]:
    place = re.search(rf"(?<!\w){of.calls[0][0]}(?!\w)", of.text[of.start :])
    opening = [mark for mark in of.marks if not mark.closes and place is not None and mark.end <= of.start + place.start()]
    for mark in _spread(of, _distinct(opening)):
        yield Damaged(f"{of.text[: mark.end]}\n{WORDS[1]}\n{of.text[mark.end :]}", of.calls, WORDS[1])


def escaped_once_more(of: Turn) -> Iterator[Damaged]:
    for envelope in _envelopes(of)[:1]:
        inner = json.dumps(of.text[envelope.start : envelope.end], ensure_ascii=False)
        for written in (inner, inner[1:-1]):
            yield Damaged(of.text[: envelope.start] + written + of.text[envelope.end :], of.calls)


def another_bracket(of: Turn) -> Iterator[Damaged]:
    for end in _spread(of, _ends_of_arguments(of)):
        for bracket in {"}": "])", "]": "})", ")": "}]"}[of.text[end - 1]]:
            yield Damaged(of.text[: end - 1] + bracket + of.text[end:], of.calls)


def renamed(change: Callable[[str], str]) -> Damage:
    """The tools' names, written in another way."""

    def damage(of: Turn) -> Iterator[Damaged]:
        head, text = of.text[: of.start], of.text[of.start :]
        for name in dict.fromkeys(name for name, _ in of.calls):
            text = re.sub(rf"(?<![\w\"'.]){name}(?![\w(\[])|(?<=[\"'.]){name}(?=[\"'])", change(name), text)
        if head + text != of.text:
            yield Damaged(head + text, of.calls)

    return damage


def in_two_objects(of: Turn) -> Iterator[Damaged]:
    for envelope in _envelopes(of)[:1]:
        name, given = of.calls[0]
        if given:
            objects = json.dumps({envelope.name_key: name}) + "\n" + json.dumps({envelope.key: given}, ensure_ascii=False)
            yield Damaged(of.text[: envelope.start] + objects + of.text[envelope.end :], of.calls)


def closer_of_reasoning(of: Turn) -> Iterator[Damaged]:
    """In front of a call's closer; in front of a value's it would be data."""
    begin = of.text.find(of.calls[0][0], of.start)
    marks = [mark for mark in _distinct(of.marks) if mark.closes and mark.start > begin and not any(of.held[mark.start - 2 : mark.start])]
    for mark in _spread(of, marks):
        yield _put(of, mark, f"</think>\n{mark.text}")


def unsigned_openers(of: Turn) -> Iterator[Damaged]:
    first, *others = of.marks or [Mark(0, 0, "", False)]
    text, end = of.text[: first.end], first.end
    for mark in others:
        text, end = text + of.text[end : mark.start] + (mark.text[1:] if re.match(r"<[a-z]+[= _]", mark.text) else mark.text), mark.end
    if (text := text + of.text[end:]) != of.text:
        yield Damaged(text, of.calls)


def another_wrapper(of: Turn) -> Iterator[Damaged]:
    """Another family's wrapper around a call that has an opener of its own."""
    marks = of.marks
    if len(marks) < 3 or marks[0].closes or marks[1].closes or len(of.calls) > 1:
        return
    if of.calls[0][0] in of.text[marks[0].start : marks[1].start] or not _tag(marks[0]) or not _tag(marks[1]):
        return
    last = marks[-1]
    if last.closes and marks[-2].closes:
        text = f"{of.text[: marks[0].start]}<function_calls>{of.text[marks[0].end : last.start]}</function_calls>{of.text[last.end :]}"
        yield Damaged(text, of.calls)


def indented(of: Turn) -> Iterator[Damaged]:
    """Each line of markup indented, as by a model that writes tidy XML; values on lines of their own are, too."""
    if not any(value and of.text[at] == "\n" for at, value in enumerate(of.held)):
        text = of.text[: of.start] + of.text[of.start :].replace("\n", "\n    ")
        if text != of.text:
            yield Damaged(text, of.calls)


DAMAGES: dict[str, Damage] = {
    "opener lost": _in_marks(lambda mark: "", _opens),
    "opener doubled": _in_marks(lambda mark: mark.text * 2, _opens),
    "closer lost": _in_marks(lambda mark: "", _closes),
    "closer doubled": _in_marks(lambda mark: mark.text * 2, _closes),
    "last character missing: `<tool_call`": _in_marks(lambda mark: mark.text[:-1], _tag),
    "first character missing: `tool_call>`": _in_marks(lambda mark: mark.text[1:], _tag),
    "`>` doubled": _in_marks(lambda mark: mark.text + ">", _tag),
    "in capitals": _in_marks(_word(str.swapcase), _tag),
    "with a capital": _in_marks(_word(lambda word: word[0].upper() + word[1:]), _tag),
    "misspelt: `<tooll_call>`": _in_marks(_word(_misspelt), _tag),
    "a letter lost: `<tol_call>`": _in_marks(_word(lambda word: word[: len(word) // 2] + word[len(word) // 2 + 1 :]), _tag),
    "plural: `<tool_calls>`": _in_marks(_word(lambda word: word[:-1] if word.endswith("s") else f"{word}s"), _tag),
    "in back quotes": _in_marks(lambda mark: f"`{mark.text}`", _tag),
    "in stars": _in_marks(lambda mark: f"**{mark.text}**", _tag),
    "in a second pair of brackets": _in_marks(lambda mark: f"<{mark.text}>", lambda mark: _tag(mark) and mark.text[0] == "<"),
    "an invisible character in it": _in_marks(lambda mark: f"{mark.text[0]}\u200b{mark.text[1:]}", _tag),
    "escaped as HTML: `&lt;tool_call&gt;`": _in_marks(lambda mark: html.escape(mark.text, quote=False), _tag),
    "slash escaped: `<\\/tool_call>`": _in_marks(lambda mark: mark.text.replace("</", "<\\/", 1), _closes),
    "closer as an empty tag: `<tool_call/>`": _in_marks(lambda mark: re.sub(r"^</([^>]+)>$", r"<\1/>", mark.text), _closes),
    "closer without a name: `</>`": _in_marks(lambda mark: "</>" if mark.text.startswith("</") else mark.text, _closes),
    "blank in front of the word: `< tool_call>`": _in_marks(lambda mark: re.sub(r"(</?)(?=[\w:])", r"\1 ", mark.text, count=1), _tag),
    "blank behind it: `<tool_call >`": _in_marks(lambda mark: re.sub(r"(?<=\w|\")>$", " >", mark.text), _tag),
    "slash lost: `<tool_call>` for its closer": _in_marks(lambda mark: mark.text.replace("/", "", 1), _closes),
    "ASCII bars": _in_all_marks(_bars("|")),
    "full-width bars": _in_all_marks(_bars("｜")),
    "doubled bars": _in_all_marks(_bars("||")),
    "blanks beside bars": _in_marks(lambda mark: re.sub(r"<([|｜])", r"<\1 ", mark.text, count=1), lambda mark: mark.text.startswith("<")),
    "`_` for `▁`": _in_all_marks(lambda mark: mark.replace("▁", "_")),
    "blanks for `_` in special tokens": _in_all_marks(_blank_underscores),
    "closer of another kind: `</tool>`": closer_of_another_kind,
    "closers in the wrong order": closers_swapped,
    "text before a closer": text_before_a_closer,
    'name or key in quotes: `<function="f">`': _in_marks(lambda mark: _EQUALS_NAME.sub(r'<\1="\2">', mark.text)),
    "quotes around a bare name": quoted_bare_names,
    "quotes missing: `<invoke name=f>`": _in_marks(_attribute("{}")),
    "single quotes: `<invoke name='f'>`": _in_marks(_attribute("'{}'")),
    "curly quotes: `<invoke name=“f”>`": _in_marks(_attribute("“{}”")),
    "blanks around `=`": _in_marks(lambda mark: re.sub(r"(?<=\w)=(?=[\w\"])", " = ", mark.text, count=1), _tag),
    'other style: `<function name="f">`, `<invoke=f>`': _in_marks(_other_style, lambda mark: _tag(mark) and "=" in mark.text),
    "literal `\\n` between marks": literal_line_breaks,
    "CRLF": carriage_returns,
    "blank lines, indentation": spaced_out,
    "another key for the arguments": another_key(("arguments", "parameters", "args", "params", "input", "tool_input", "kwargs"), False),
    "another key for the name": another_key(("name", "tool", "tool_name", "function", "function_name"), True),
    "nested object of the API": _rewritten(api_object),
    "flat arguments beside the name": _rewritten(flat),
    "name as the key": _rewritten(name_as_key),
    "arguments as a JSON string": _rewritten(arguments_as_text),
    "arguments before the name": _rewritten(arguments_first),
    "comma missing": _replaced(r'([\w"}\]]), (?=")', r"\1 "),
    "comma missing between calls": _replaced(r"([})]),(\s+)(?=[\w{])", r"\1\2"),
    "colon missing": _replaced(r'(?<=\w"): (?=["{\[\d])', " "),
    "curly quotes in JSON": _typography({'"': "“”"}),
    "full-width punctuation in JSON": _typography({":": "：", ",": "，"}),
    "surplus `}` behind the arguments": _behind_arguments("}"),
    "surplus `]` behind the arguments": _behind_arguments("]"),
    "last bracket lost": lost_bracket,
    "next call before the closers": next_call_before_the_closers,
    "body: a JSON envelope": _dialect(_as_json),
    "body: fenced JSON": _dialect(_as_fenced_json),
    "body: a name and JSON": _dialect(_as_name_and_json),
    "body: `f(key=value)`": _dialect(_as_python),
    "body: `<function=f>`": _dialect(_as_functions),
    'body: `<invoke name="f">`': _dialect(_as_invokes),
    "another bracket at the end": another_bracket,
    "no-break space behind punctuation": _replaced(r"(?<=[,:{\[]) ", "\u00a0"),
    "an invisible character between marks": _among_marks("\u200b"),
    "a comment between marks": _among_marks("<!-- the call -->"),
    "words behind an opener": words_behind_an_opener,
    'attribute: `<function=f type="x">`': _in_marks(
        lambda mark: f'{mark.text[:-1]} type="string">', lambda mark: _tag(mark) and re.match(r"<[\w:]", mark.text) and not mark.closes
    ),
    "closer of another family": _in_marks(lambda mark: "<|tool_call_end|>", _closes),
    "JSON escaped once more": escaped_once_more,
    "cut, and begun again": begun_again,
    "another call's opening in front": another_opener,
    "half a closer at the end": half_a_closer,
    "cut": cut,
    "half of it in front: `<tool_<tool_call>`": _in_marks(lambda mark: mark.text[: len(mark.text) // 2] + mark.text),
    "an invisible character in its middle": _in_marks(
        lambda mark: f"{mark.text[: len(mark.text) // 2]}\u200f{mark.text[len(mark.text) // 2 :]}", _tag
    ),
    "opener doubled on a new line": _in_marks(lambda mark: f"{mark.text}\n{mark.text}", _opens),
    "all escaped as JSON: `\\u003ctool_call\\u003e`": _in_all_marks(lambda mark: mark.replace("<", "\\u003c").replace(">", "\\u003e")),
    "all escaped: `\\<tool_call\\>`": _in_all_marks(lambda mark: mark.replace("<", "\\<").replace(">", "\\>")),
    "blanks around all marks": _in_all_marks(lambda mark: f" {mark} "),
    "lines indented": indented,
    "all closers of another family": _in_all_marks(lambda mark: "</tool_call>" if _CLOSER.match(mark) else mark),
    "another letter in the name: `RunQuery`": renamed(lambda name: name.title().replace("_", "")),
    "a name space in front of the name: `tools.f`": renamed(lambda name: f"tools.{name}"),
    "a number behind the name: `f:0`": renamed(lambda name: f"{name}:0"),
    "the arguments in an object of their own": _rewritten(
        lambda envelope, name, given: {**envelope.others, envelope.name_key: name, envelope.key: {"arguments": given}}
    ),
    "the arguments in a schema": _rewritten(
        lambda envelope, name, given: {**envelope.others, envelope.name_key: name, envelope.key: {"type": "object", "properties": given}}
    ),
    "the arguments in an object behind": in_two_objects,
    "body: `<f><key>`": _dialect(_as_element),
    'body: `<tool name="f"><key>`': _dialect(_as_tool),
    "body: `<tool_name>f</tool_name>`": _dialect(_as_named_elements),
    "body: `<parameters>` around JSON": _dialect(_as_invoke_with_json),
    'the name in the opener: `<tool_call name="f">`': _dialect(lambda name, given: json.dumps(given, ensure_ascii=False), in_opener=True),
    "wrapper of another family: `<function_calls>`": another_wrapper,
    "all slashes escaped: `<\\/tool_call>`": _in_all_marks(lambda mark: mark.replace("</", "<\\/", 1)),
    "all openers but the first without `<`": unsigned_openers,
    "`</think>` in front of a closer": closer_of_reasoning,
    'blank in a key: `" arguments"`': _rewritten(
        lambda envelope, name, given: {**envelope.others, envelope.name_key: name, f" {envelope.key}": given}
    ),
    "no arguments, and these beside them": _rewritten(
        lambda envelope, name, given: {**envelope.others, envelope.name_key: name, envelope.key: {}, **given}
    ),
    "the name in the opener, and tags": _dialect(lambda name, given: _elements(given), in_opener=True),
}
