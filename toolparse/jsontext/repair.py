"""Repair of JSON-like text that is there as a whole.

Knows nothing of formats, tools or streams.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from toolparse.jsontext.characters import ESCAPE, HIGH, WS, escape_surrogates, escaped, quote
from toolparse.jsontext.python_literals import read_python_literal
from toolparse.jsontext.raw_values import DEEPEST, too_deep
from toolparse.jsontext.scalars import NUMBER, read_scalar, refuse


def repair(text: str) -> str:
    """Return the JSON text that `text` was most likely meant to be.

    Takes what models write instead of JSON: other quotes, unquoted keys, comments, missing or surplus commas, quotes and closers,
    Python literals, prose and code fences around. Valid JSON comes back as it is, except that a JSON string which holds an
    object gives the object. Numbers keep their digits; NaN and infinities become strings; a value in more than 256 containers
    becomes a string of its text. What is no object, array or scalar at all becomes a JSON string. Never raises; the time is
    linear in the text.

    >>> repair("Sure: {'a': [1, 2.50, city: 'Oslo',}")
    '{"a": [1, 2.50], "city": "Oslo"}'
    """
    if not isinstance(text, str):
        raise TypeError(f"what is repaired is a str of JSON-like text, not {type(text).__name__}")
    if _is_json(text):
        held = _held_object(text)
        return held if held is not None else escape_surrogates(text)
    document = text.strip()
    literal = read_python_literal(document)
    if literal is not None:
        return _held_object(literal) or literal
    if _ESCAPED.match(document):
        document = json.loads(_string(document))
    found = _search(document)
    if found is None:
        return read_scalar(document, True) or quote(document)
    return found


_ESCAPED = re.compile(r"""["']?[{\[](?:[\s{\[]|\\[nrt]){0,200}\\\"""")  # the inside of a JSON string that holds a document


def _is_json(text: str) -> bool:
    if too_deep(text):
        return False
    try:
        json.loads(text, parse_int=str, parse_float=str, parse_constant=refuse)
    except (ValueError, RecursionError):
        return False
    return True


def _held_object(text: str) -> str | None:
    """The object that a JSON string holds as text, or None."""
    if not text.lstrip().startswith('"'):
        return None
    held: str = json.loads(text).strip()
    if not held.startswith("{"):
        return None
    return escape_surrogates(held) if _is_json(held) else read_python_literal(held)


# The search ------------------------------------------------------------------------------------------------------------------

# One pass over the tokens carries several readings of the text at once, each with its cost: strict JSON is free, and every fault
# that a reading assumes adds to it. Readings in the same state with the same open containers have the same future, so the
# cheapest of them stands for all. What costs least at the end is the result. Whether a quote closes its string or is data,
# whether a closing quote or a closer is missing before a comma: nothing is decided before the rest of the text has shown where
# it leads.
#
# The costs below are a ranking of faults by how likely they are, not measurements. Each one was set against its rivals on the
# documents of tests/damage.py; what models do to whole documents alike (other quotes, bare keys, trailing commas) is free, or a
# long document would be cheaper to read as one string. Where nothing goes wrong for long, one reading goes on alone.
#
# States: "before" and "behind" the document, "beyond" when another seems to have begun there; "key" (expected), "named" (a key
# was read), "value" (expected), "after" (a value was read); a quoted key or value (`key"`, `value'`), a bare one ("key-",
# "value-"); "//after" and "*/after": in a comment that ends with its line or its mark, and the state to go on with; "deep3":
# below the depth limit, three containers open, with a quote behind when in a string.

_TOKEN = re.compile(
    r"""(?P<escape>\\.?) | (?P<quote>["']) | (?P<open>[{\[]) | (?P<close>[}\]]) | (?P<comma>,) | (?P<colon>[:=][:=>]*)
      | (?P<line>//|\#) | (?P<block>/\*) | (?P<unblock>\*/) | (?P<newline>\n\s*) | (?P<space>[^\S\n]+)
      | (?P<word>[^\\"'{}\[\],:=/*\#\s]+ | .)""",
    re.VERBOSE | re.DOTALL,
)
_DOCUMENT = re.compile(r"""\{\s*(?:["'{}]|//|/\*|\#|[\w.$-]+\s*[:=]|\Z)|\[\s*(?:["'{}\[\]]|//|/\*|\#|-?\w[\w.]*\s*[,\]]|\Z)""")
_BEHIND_COMMA = re.compile(r"""\s*(?:["'{}\[\]]|//|\#|/\*|[\w.$-]+\s*[:=,}\]]|\Z)""")
_BEHIND_CLOSER = re.compile(r"""\s*(?:[,}\]"']|//|\#|/\*|`|\Z)|[^\S\n]*\n""")
_BEHIND_KEY = re.compile(r"\s*[:=]")
_BEHIND_LINE = re.compile(r"""["'}\]]""")

_STRICT = re.compile(
    rf"""{WS}(?:(?P<string>"[^"\\\x00-\x1f]*(?:{ESCAPE}[^"\\\x00-\x1f]*){{0,999}}")
      | (?P<scalar>(?:{NUMBER}|true|false|null)(?=[\s,}}\]]))|(?P<mark>[{{}}\[\]:,]))""",
    re.VERBOSE,
)
_WIDTH = 12  # readings carried at most
_MARGIN = 3.0  # a reading that costs this much more than the cheapest is given up
_CALM = 4096  # characters without a new fault after which the cheapest reading goes on alone
_LOOK_BACK = 8192  # characters before the next fault from which several readings are carried again
_BRACKET = {"}": "{", "]": "[", "{": "}", "[": "]"}


class _Out(NamedTuple):
    """What a reading has written, last piece first, so that readings share what they have in common."""

    before: _Out | None
    kind: str  # a bracket, "null", or what text[start:end] is: "key", "string", "bare", "bare key", "raw", "cut" (a string)
    start: int
    end: int


class _Reading(NamedTuple):
    cost: float
    state: str
    open: str  # the brackets of the open containers
    start: int  # where the string, bare word or deep value at hand starts
    out: _Out | None

    def to(self, state: str, cost: float = 0.0) -> _Reading:
        return _Reading(self.cost + cost, state, self.open, self.start, self.out)

    def at(self, state: str, start: int, cost: float = 0.0) -> _Reading:
        return _Reading(self.cost + cost, state, self.open, start, self.out)

    def wrote(self, kind: str, end: int, state: str, cost: float = 0.0) -> _Reading:
        return _Reading(self.cost + cost, state, self.open, self.start, _Out(self.out, kind, self.start, end))

    def opened(self, token: _Token) -> _Reading:
        if len(self.open) == DEEPEST:
            return self.at("deep1", token.start)
        bracket = token.text
        out = _Out(self.out, bracket, 0, 0)
        return _Reading(self.cost, "key" if bracket == "{" else "value", self.open + bracket, 0, out)

    def closed(self, count: int, cost: float = 0.0) -> _Reading:
        out, left = self.out, self.open
        for _ in range(count):
            out = _Out(out, _BRACKET[left[-1]], 0, 0)
            left = left[:-1]
        return _Reading(self.cost + cost, "after" if left else "behind", left, 0, out)


class _Token(NamedTuple):
    kind: str
    text: str
    start: int
    end: int


def _search(text: str) -> str | None:
    """The JSON text of the cheapest reading of the object or array in `text`, or None where none starts."""
    readings, at, fault = [_Reading(0.0, "before", "", 0, None)], 0, 0
    while at < len(text):
        readings, at = _spread(text, readings, at, fault)
        if at < len(text):
            reading, at, fault = _strict(text, readings[0], at)
            readings = [reading]
    ended = [_ended(reading, len(text)) for reading in readings if reading.state != "before"]
    return _write(min(ended, key=_cost).out, text) if ended else None


def _cost(reading: _Reading) -> float:
    return reading.cost


def _spread(text: str, readings: list[_Reading], at: int, fault: int) -> tuple[list[_Reading], int]:
    """The readings at the end of the text, or the best one where no fault has been met for long enough to go on with it alone."""
    in_strings = False
    least, calm = readings[0].cost, fault
    for found in _TOKEN.finditer(text, at):
        kind = found.lastgroup or ""
        if in_strings and kind in ("word", "space", "escape"):
            continue
        token = _Token(kind, found[0], found.start(), found.end())
        best: dict[tuple[str, str], _Reading] = {}
        for reading in readings:
            for result in _step(reading, token, text):
                place = (result.state, result.open)
                if place not in best or result.cost < best[place].cost:
                    best[place] = result
        readings = sorted(best.values(), key=_cost)
        if readings[0].cost > least:
            least, calm = readings[0].cost, max(fault, token.end)
        elif token.end - calm > _CALM and readings[0].state in ("key", "value", "after"):
            return readings[:1], token.end
        readings = [reading for reading in readings[:_WIDTH] if reading.cost <= least + _MARGIN]
        in_strings = all(reading.state[-1] in "\"'" for reading in readings)
    return readings, len(text)


def _strict(text: str, reading: _Reading, at: int) -> tuple[_Reading, int, int]:
    """Follows strict JSON alone, which is fast, up to a fault. Gives a reading some way before it, its offset and the fault's."""
    cost, state, open_, _, out = reading
    passed = deque([(reading, at)], maxlen=64)
    while found := _STRICT.match(text, at):
        kind, start, end = found.lastgroup or "", found.start(found.lastindex or 0), found.end()
        mark = text[start] if kind == "mark" else ""
        if kind == "string" and state in ("key", "value"):
            out = _Out(out, "key" if state == "key" else "string", start + 1, end - 1)
            state = "named" if state == "key" else "after"
        elif kind == "scalar" and state == "value":
            out, state = _Out(out, "bare", start, end), "after"
        elif mark == ":" and state == "named":
            state = "value"
        elif mark == "," and state == "after":
            state = "key" if open_[-1] == "{" else "value"
            passed.append((_Reading(cost, state, open_, 0, out), end))
        elif mark in ("{", "[") and state == "value" and len(open_) < DEEPEST:
            out, open_, state = _Out(out, mark, 0, 0), open_ + mark, "key" if mark == "{" else "value"
        elif mark in ("}", "]") and state in ("key", "value", "after") and len(open_) > 1 and open_[-1] == _BRACKET[mark]:
            if state == "value" and mark == "}":
                break
            out, open_, state = _Out(out, mark, 0, 0), open_[:-1], "after"
        else:
            break
        at = end
    reading, back = next((place for place in passed if at - place[1] <= _LOOK_BACK), passed[-1])
    return reading, back, at


def _step(reading: _Reading, token: _Token, text: str) -> list[_Reading]:
    state = reading.state
    if state in _STATES:
        return _STATES[state](reading, token, text)
    return _comment(reading, token) if state[0] in "/*" else _deep(reading, token)


def _before(reading: _Reading, token: _Token, text: str) -> list[_Reading]:
    if token.kind == "open" and (token.start == 0 or _DOCUMENT.match(text, token.start)):
        return [reading.opened(token), reading.to("before", 3.0 if token.text == "{" else 1.5)]
    return [reading.to("before", 0.3 if token.text == '"' else 0.1 if token.kind in ("comma", "colon") else 0.0)]


def _behind(reading: _Reading, token: _Token, text: str) -> list[_Reading]:
    state = "beyond" if token.kind == "open" else reading.state
    return [reading.to(state, (_BEHIND_COSTS if state == "behind" else _BEYOND_COSTS).get(token.text, 0.0))]


_BEHIND_COSTS = {"}": 0.95, "]": 0.95, '"': 0.7, "'": 0.1, ",": 0.3, ":": 0.3}
_BEYOND_COSTS = {"{": 0.5, "[": 0.5, "}": 0.3, "]": 0.3, '"': 0.2, ",": 0.1, ":": 0.1}


def _key(reading: _Reading, token: _Token, text: str) -> list[_Reading]:
    kind = token.kind
    if kind == "quote":
        return [reading.at("key" + token.text, token.end)]
    if kind == "word":
        return [reading.at("key-", token.start, 0.0 if _BEHIND_KEY.match(text, token.end) else 0.3)]
    if kind == "close":
        return _closing(reading, token, text)
    if kind == "comma" and reading.out is not None and reading.out.kind == "{":
        return _after(reading.to("after", 0.6), token, text)
    if kind in ("line", "block"):
        return [_commented(reading, token, text)]
    return [reading.to("key", {"space": 0.0, "newline": 0.0, "comma": 0.6}.get(kind, 1.0))]


def _named(reading: _Reading, token: _Token, text: str) -> list[_Reading]:
    kind = token.kind
    if kind == "colon":
        return [reading.to("value", 0.0 if token.text in (":", "=") else 0.3)]
    if kind in ("open", "word"):
        return _value(reading.to("value", 1.0), token, text)
    if kind == "quote":
        return [*_value(reading.to("value", 1.0), token, text), reading.to("named", 1.2)]
    if kind in ("comma", "close"):
        return _after(reading.wrote("null", 0, "after", 3.0), token, text)
    if kind in ("line", "block"):
        return [_commented(reading, token, text)]
    return [reading.to("named", 0.0 if kind in ("space", "newline") else 1.0)]


def _value(reading: _Reading, token: _Token, text: str) -> list[_Reading]:
    kind = token.kind
    listed = reading.open[-1] == "["
    if kind == "quote":
        return [reading.at("value" + token.text, token.end)]
    if kind == "open":
        return [reading.opened(token)]
    if kind == "word":
        bare = reading.at("value-", token.start, 1.2)
        if read_scalar(token.text, True) is None:
            return [bare]
        return [reading.at("value", token.start).wrote("bare", token.end, "after"), bare]
    if kind == "close" and listed:
        return _closing(reading, token, text)
    if kind == "comma" and reading.out is not None and reading.out.kind == "[":
        return _after(reading.to("after", 0.6), token, text)
    if kind in ("comma", "close") and not listed:
        return _after(reading.wrote("null", 0, "after", 2.0), token, text)
    if kind in ("line", "block"):
        return [_commented(reading, token, text), reading.at("value-", token.start, 1.5)]
    return [reading.to("value", {"space": 0.0, "newline": 0.0, "comma": 0.6, "colon": 0.6}.get(kind, 1.0))]


def _after(reading: _Reading, token: _Token, text: str) -> list[_Reading]:
    kind = token.kind
    listed = reading.open[-1] == "["
    if kind == "comma":
        results = []
        for count in range(min(4, len(reading.open))):  # the containers whose closers are missing here
            inner = reading.closed(count, count * 1.0)
            results.append(inner.to("key" if inner.open[-1] == "{" else "value"))
        return results
    if kind == "close":
        return _closing(reading, token, text)
    if kind in ("line", "block"):
        return [_commented(reading, token, text)]
    if kind in ("space", "newline"):
        return [reading]
    gap = text[max(0, token.start - 64) : token.start]
    missing = 0.3 if "\n" in gap[len(gap.rstrip()) :] else 1.0  # a comma
    results = [reading.to("after", {"quote": 1.2, "word": 2.5, "colon": 2.0, "open": 2.0}.get(kind, 1.0))]
    if listed and kind in ("quote", "word", "open"):
        results += _value(reading.to("value", missing), token, text)
    elif kind in ("quote", "word"):
        results += _key(reading.to("key", missing), token, text)
    return results


def _closing(reading: _Reading, token: _Token, text: str) -> list[_Reading]:
    """A closer where one may stand: it closes what it fits, or another container by mistake, or is one too many."""
    results = [reading.to(reading.state, 1.0 if text[token.start - 1] in "}]" else 1.15)]
    missing = len(reading.open) - 1 - reading.open.rfind(_BRACKET[token.text])
    if missing < len(reading.open):
        results.append(reading.closed(missing + 1, missing * 1.0))
    if missing:
        results.append(reading.closed(1, 0.8))
    return results


def _quoted(reading: _Reading, token: _Token, text: str) -> list[_Reading]:
    kind = token.kind
    if token.text == reading.state[-1]:
        opening = text[max(0, token.start - 64) : token.start].rstrip().endswith(",")  # looks like the next string's
        closed = reading.wrote("string", token.start, "after", 0.4 if opening else 0.0)
        return [closed, reading.to(reading.state, 1.7 if opening else 0.6 if text[token.end : token.end + 1].isalnum() else 1.0)]
    follows = _BEHIND_STRING.get(kind)
    if follows is None or not follows.match(text, token.end):
        return [reading]
    cost = 1.5 + (token.start - reading.start) * 1e-6  # the first place that fits is the likeliest
    if kind == "close":
        cost += 0.3 if text[token.start - 1].isspace() else 0.1
        within = max(reading.start, token.start - 64)
        if text.rfind(_BRACKET[token.text], within, token.start) > text.rfind(token.text, within, token.start):
            cost += 1.0  # it has its opener in the string
    return [reading, *_after(reading.wrote("string", token.start, "after", cost), token, text)]


_BEHIND_STRING = {"comma": _BEHIND_COMMA, "close": _BEHIND_CLOSER, "newline": _BEHIND_LINE}


def _quoted_key(reading: _Reading, token: _Token, text: str) -> list[_Reading]:
    if token.text == reading.state[-1]:
        named = _BEHIND_KEY.match(text, token.end)
        return [reading.wrote("key", token.start, "named"), reading.to(reading.state, 2.5 if named else 1.0)]
    if token.kind == "colon":
        return [reading, *_named(reading.wrote("key", token.start, "named", 0.9), token, text)]
    return [reading]


def _bare(reading: _Reading, token: _Token, text: str) -> list[_Reading]:
    kind = token.kind
    if kind in ("word", "space"):
        return [reading]
    results = []
    if kind in ("comma", "close", "newline"):
        results = _after(reading.wrote("bare", token.start, "after"), token, text)
    elif kind in ("line", "block") and text[token.start - 1].isspace():
        results = [_commented(reading.wrote("bare", token.start, "after"), token, text)]
    if kind not in ("close", "newline"):
        if kind == "comma":
            cost = 1.3 if reading.open[-1] == "[" else 0.8
        else:
            cost = 0.2 if token.text == "'" else 1.0 if text[token.end : token.end + 1].isspace() else 0.8
        results.append(reading.to("value-", cost))
    return results


def _bare_key(reading: _Reading, token: _Token, text: str) -> list[_Reading]:
    kind = token.kind
    named = reading.wrote("bare key", token.start, "named")
    if kind == "space":
        return [reading, named.to("named", 1.0)]
    if kind in ("colon", "open", "comma", "close"):
        return _named(named, token, text)
    if kind == "quote":
        return [named.to("named", 1.0)]
    return [reading.to("key-", 0.0 if kind in ("word", "newline") else 0.5)]


def _commented(reading: _Reading, token: _Token, text: str) -> _Reading:
    apart = text[token.start - 1] in " \t\n,{[}]\"'"  # as the slashes of a URL are not
    return reading.to(("//" if token.kind == "line" else "*/") + reading.state, 0.2 if apart else 2.0)


def _comment(reading: _Reading, token: _Token) -> list[_Reading]:
    ended = token.kind == ("newline" if reading.state[0] == "/" else "unblock")
    return [reading.to(reading.state[2:])] if ended else [reading]


def _deep(reading: _Reading, token: _Token) -> list[_Reading]:
    state = reading.state
    if token.text == '"':
        return [reading.to(state[:-1] if state[-1] == '"' else state + '"')]
    if state[-1] == '"' or token.kind not in ("open", "close"):
        return [reading]
    count = int(state[4:]) + (1 if token.kind == "open" else -1)
    return [reading.to(f"deep{count}") if count else reading.wrote("raw", token.end, "after")]


_STATES: dict[str, Callable[[_Reading, _Token, str], list[_Reading]]] = {
    "before": _before,
    "behind": _behind,
    "beyond": _behind,
    "key": _key,
    "named": _named,
    "value": _value,
    "after": _after,
    'key"': _quoted_key,
    "key'": _quoted_key,
    'value"': _quoted,
    "value'": _quoted,
    "key-": _bare_key,
    "value-": _bare,
}


def _ended(reading: _Reading, end: int) -> _Reading:
    """The reading with everything closed that the end of the text leaves open."""
    state = reading.state[2:] if reading.state[0] in "/*" else reading.state
    if state in ('value"', "value'"):
        reading = reading.wrote("cut", end, "after", 1.5)
    elif state.startswith("deep"):
        reading = reading.wrote("raw", end, "after")
    elif state == "value-":
        reading = reading.wrote("bare", end, "after")
    elif state in ('key"', "key'"):
        reading = reading.to("after", 2.5)  # the key is lost
    elif state == "named" or (state == "value" and reading.open[-1] == "{"):
        reading = reading.wrote("null", 0, "after", 1.0)
    missing = len(reading.open)
    return reading.closed(missing, 0.7 + 0.2 * missing if missing else 0.0)


def _write(out: _Out | None, text: str) -> str:
    steps = []
    while out is not None:
        steps.append(out)
        out = out.before
    pieces: list[str] = []
    comma = False
    for _, kind, start, end in reversed(steps):
        if kind in "}]":
            pieces.append(kind)
            comma = True
            continue
        if comma:
            pieces.append(", ")
        comma = kind not in ("key", "bare key", "{", "[")
        body = text[start:end]
        if kind in ("{", "[", "null"):
            pieces.append(kind)
        elif kind == "raw":
            pieces.append(quote(body))
        elif kind == "cut":
            pieces.append(_string(_CUT_ESCAPE.sub(lambda found: found[1] or "", body)))
        elif kind == "string":
            pieces.append(_string(body))
        elif kind == "bare":
            pieces.append(read_scalar(body.strip(), True) or _string(body.strip()))
        else:
            pieces.append(_string(body if kind == "key" else body.strip()) + ": ")
    return "".join(pieces)


# Strings and scalars ---------------------------------------------------------------------------------------------------------

_ODD = re.compile(r"""\\(?:u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|["'\\/bfnrt])?|["\x00-\x1f]""")
_CUT_ESCAPE = re.compile(HIGH + r"""(?:\\(?:u[0-9a-fA-F]{0,3})?)?\Z|\\(?:u[0-9a-fA-F]{0,3}|x[0-9a-fA-F]?)?\Z|(\\.)""", re.DOTALL)


def _string(body: str) -> str:
    """A JSON string of what stood between quotes: right escapes stay, what JSON does not allow is escaped."""
    return f'"{escape_surrogates(_ODD.sub(_escaped, body))}"'


def _escaped(found: re.Match[str]) -> str:
    odd = found[0]
    if odd == "\\'":
        return "'"
    if odd.startswith("\\x"):
        return escaped(chr(int(odd[2:], 16)))
    return escaped(odd) if len(odd) == 1 else odd
