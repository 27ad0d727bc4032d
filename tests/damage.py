"""Random JSON objects, and what models do to them: one function per class of fault.

Each damage takes a source of randomness and the tokens of a document's text and gives the damaged text and the value that a
perfect repair returns, or None where the document has no place for that fault. Knows nothing of toolparse.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from random import Random
from typing import NamedTuple, Union

Value = Union[None, bool, int, float, str, list["Value"], dict[str, "Value"]]

_WORDS = ("the", "report", "Berlin", "unit", "fix", "naïve", "日本", "🙂", "x1", "done", "e-mail", "Smith & Co", "50%")
_SPICE = (
    *('say "hi" now', 'a "quote"', '"', '6" pipe', "it's", "rock 'n' roll", "a, b", "one, two, three", "k: v", "a = b"),
    *("{x}", "[1]", "f(x) {", "} else {", "]", "C:\\dir\\new", "\\d+\\.", "http://a.b/c", "# no", "/* x */", "two\nlines"),
    *("tab\there", "end.", "null", "True", "12", "a;b", "\u2028", "\x07"),
)
_KEYS = ("name", "city", "unit", "path", "query", "limit", "items", "options", "user_id", "a", "b", "first name", "größe", "x-y")


def document(random: Random) -> dict[str, Value]:
    """An object as tool calls have them: one to four members, at most three levels deep."""
    return _object(random, 3)


def _object(random: Random, depth: int) -> dict[str, Value]:
    return {key: _value(random, depth - 1) for key in random.sample(_KEYS, random.randint(1, 4))}


def _value(random: Random, depth: int) -> Value:
    roll = random.random()
    if depth and roll < 0.15:
        return _object(random, depth) if random.random() < 0.9 else {}
    if depth and roll < 0.3:
        return [_value(random, depth - 1) for _ in range(random.randint(0, 4))]
    if roll < 0.7:
        return _text(random)
    if roll < 0.85:
        return random.choice((0, 1, -7, 42, 2**40, 0.5, -3.25, 1e20))
    return random.choice((True, False, None))


def _text(random: Random) -> str:
    pieces = [random.choice(_WORDS if random.random() < 0.6 else _SPICE) for _ in range(random.randint(0, 5))]
    return " ".join(pieces)


class Token(NamedTuple):
    kind: str  # "key", "string", "scalar", "space", or the mark itself
    text: str


_TOKEN = re.compile(r'("(?:[^"\\]|\\.)*")(\s*:)?|([{}\[\],:])|(\s+)|([^\s{}\[\],:"]+)')


def tokens(text: str) -> list[Token]:
    """The tokens of a strict JSON text."""
    found: list[Token] = []
    for match in _TOKEN.finditer(text):
        string, colon, mark, space, scalar = match.groups()
        if string:
            found.append(Token("key" if colon else "string", string))
        if colon or mark:
            found.append(Token(colon or mark, colon or mark))
        elif space or scalar:
            found.append(Token("space", space) if space else Token("scalar", scalar))
    return found


class Damaged(NamedTuple):
    text: str
    value: Value  # what the repair should give


Damage = Callable[[Random, list[Token]], Union[Damaged, None]]


def samples(damage: Damage, count: int, seed: int = 0) -> Iterator[Damaged]:
    """`count` random documents with one fault each."""
    random = Random(seed)
    while count:
        damaged = damage(random, tokens(_written(random)))
        if damaged is not None:
            count -= 1
            yield damaged


def _written(random: Random) -> str:
    style = random.choice(({}, {"separators": (",", ":")}, {"indent": 2}))
    return json.dumps(document(random), ensure_ascii=random.random() < 0.1, **style)


def _join(parts: list[Token]) -> str:
    return "".join(part.text for part in parts)


def _meant(parts: list[Token]) -> Value:
    value: Value = json.loads(_join(parts))
    return value


def _places(parts: list[Token], *kinds: str) -> list[int]:
    return [at for at, part in enumerate(parts) if part.kind in kinds]


def _with(parts: list[Token], at: int, text: str) -> str:
    """The text of the tokens with the one at `at` replaced."""
    return _join([*parts[:at], Token("", text), *parts[at + 1 :]])


def _each(parts: list[Token], kinds: tuple[str, ...], change: Callable[[str], str]) -> Damaged | None:
    """Changes every token of some kinds; None where that changes nothing."""
    text = "".join(change(part.text) if part.kind in kinds else part.text for part in parts)
    return Damaged(text, _meant(parts)) if text != _join(parts) else None


def _one(random: Random, parts: list[Token], places: list[int], change: Callable[[str], str]) -> Damaged | None:
    """Changes one token out of some places."""
    if not places:
        return None
    at = random.choice(places)
    return Damaged(_with(parts, at, change(parts[at].text)), _meant(parts))


# Quotes, keys and literals


def single_quotes(random: Random, parts: list[Token]) -> Damaged | None:
    return _each(parts, ("key", "string"), lambda text: "'" + text[1:-1].replace('\\"', '"').replace("'", "\\'") + "'")


def single_quotes_bare_apostrophes(random: Random, parts: list[Token]) -> Damaged | None:
    if not any("'" in part.text for part in parts):
        return None
    return _each(parts, ("key", "string"), lambda text: "'" + text[1:-1].replace('\\"', '"') + "'")


def python_literal(random: Random, parts: list[Token]) -> Damaged | None:
    return Damaged(repr(_meant(parts)), _meant(parts))


def python_words(random: Random, parts: list[Token]) -> Damaged | None:
    words = {"true": "True", "false": "False", "null": "None"}
    return _each(parts, ("scalar",), lambda text: words.get(text, text))


def unquoted_keys(random: Random, parts: list[Token]) -> Damaged | None:
    return _each(parts, ("key",), lambda text: text[1:-1] if text[1:-1].isidentifier() else text)


# Commas and colons


def trailing_commas(random: Random, parts: list[Token]) -> Damaged | None:
    ends = [at for at in _places(parts, "}", "]") if _previous(parts, at).kind not in "{["]
    return Damaged("".join("," + part.text if at in ends else part.text for at, part in enumerate(parts)), _meant(parts))


def _previous(parts: list[Token], at: int) -> Token:
    return next(part for part in reversed(parts[:at]) if part.kind != "space")


def _missing_comma(*kinds: str) -> Damage:
    def damage(random: Random, parts: list[Token]) -> Damaged | None:
        spaced = [part if part.kind != "," else Token(",", ", ") for part in parts]
        places = [at for at in _places(spaced, ",") if _previous(spaced, at).kind in kinds]
        return _one(random, spaced, places, lambda text: " ")

    return damage


def missing_colon(random: Random, parts: list[Token]) -> Damaged | None:
    return _one(random, parts, _places(parts, ":"), lambda text: " ")


def doubled_colon(random: Random, parts: list[Token]) -> Damaged | None:
    return _one(random, parts, _places(parts, ":"), lambda text: random.choice(("::", ": :")))


def equals_for_colon(random: Random, parts: list[Token]) -> Damaged | None:
    return _one(random, parts, _places(parts, ":"), lambda text: random.choice((" = ", "=", "=>")))


def doubled_equals(random: Random, parts: list[Token]) -> Damaged | None:
    return _one(random, parts, _places(parts, ":"), lambda text: random.choice((" == ", ":=", "==")))


# Strings


def raw_controls(random: Random, parts: list[Token]) -> Damaged | None:
    raw = {"\\n": "\n", "\\t": "\t", "\\u0007": "\x07"}
    return _each(parts, ("string",), lambda text: re.sub(r"\\(?:u0007|.)", lambda found: raw.get(found[0], found[0]), text))


def missing_quote_of_value(random: Random, parts: list[Token]) -> Damaged | None:
    return _one(random, parts, [at for at in _places(parts, "string") if len(parts[at].text) > 2], lambda text: text[:-1])


def missing_quote_of_key(random: Random, parts: list[Token]) -> Damaged | None:
    return _one(random, parts, _places(parts, "key"), lambda text: text[:-1])


def _unescaped_quote(inserted: tuple[str, ...]) -> Damage:
    def damage(random: Random, parts: list[Token]) -> Damaged | None:
        places = [at for at in _places(parts, "string") if " " in parts[at].text]
        if not places:
            return None
        at = random.choice(places)
        text = parts[at].text
        spaces = [found.start() for found in re.finditer(" ", text)]
        space, quoted = random.choice(spaces), random.choice(inserted)
        before, behind = text[:space], text[space:]
        right = _with(parts, at, before + quoted.replace('"', '\\"') + behind)
        return Damaged(_with(parts, at, before + quoted + behind), json.loads(right))

    return damage


def short_escape(random: Random, parts: list[Token]) -> Damaged | None:
    places = _places(parts, "string")
    if not places:
        return None
    at, short = random.choice(places), random.choice(("u00", "u1", "u20a "))
    before = parts[at].text[:-1]
    right = _with(parts, at, f'{before}\\\\{short} z"')
    return Damaged(_with(parts, at, f'{before}\\{short} z"'), json.loads(right))


def cut_in_escape(random: Random, parts: list[Token]) -> Damaged | None:
    """The output ends inside an escape: what can be given back is the document up to it."""
    last = max(_places(parts, "string"), default=0)
    if not last or any(part.kind not in ("}", "]", "space") for part in parts[last + 1 :]):
        return None
    escape = random.choice(("\\", "\\u", "\\u00", "\\u20a", "\\ud83d\\ude"))
    return Damaged(_join(parts[:last]) + parts[last].text[:-1] + escape, _meant(parts))


def not_a_number(random: Random, parts: list[Token]) -> Damaged | None:
    places = _places(parts, "scalar")
    if not places:
        return None
    at, word = random.choice(places), random.choice(("NaN", "Infinity", "-Infinity"))
    return Damaged(_with(parts, at, word), json.loads(_with(parts, at, f'"{word}"')))


# Closers


def _closers_at_end(parts: list[Token]) -> int:
    """How many tokens of closers and space end the text."""
    count = 0
    while parts[-1 - count].kind in ("}", "]", "space"):
        count += 1
    return count


def last_closer_missing(random: Random, parts: list[Token]) -> Damaged | None:
    return Damaged(_join(parts[:-1]), _meant(parts))


def all_closers_missing(random: Random, parts: list[Token]) -> Damaged | None:
    left = parts[: -_closers_at_end(parts)]
    return Damaged(_join(left), _meant(parts)) if left[-1].kind not in ("{", "[") else None


def all_closers_and_quote_missing(random: Random, parts: list[Token]) -> Damaged | None:
    left = parts[: -_closers_at_end(parts)]
    return Damaged(_join(left)[:-1], _meant(parts)) if left[-1].kind == "string" else None


def quote_before_closers_missing(random: Random, parts: list[Token]) -> Damaged | None:
    last = len(parts) - _closers_at_end(parts) - 1
    return _one(random, parts, [last] if parts[last].kind == "string" else [], lambda text: text[:-1])


def inner_closer_missing(random: Random, parts: list[Token]) -> Damaged | None:
    return _one(random, parts, _places(parts[: -_closers_at_end(parts)], "}", "]"), lambda text: "")


def surplus_closer_at_end(random: Random, parts: list[Token]) -> Damaged | None:
    return Damaged(_join(parts) + random.choice(("}", "]", "}}", "]}")), _meant(parts))


def surplus_closer_inside(random: Random, parts: list[Token]) -> Damaged | None:
    return _one(random, parts, _places(parts[: -_closers_at_end(parts)], "}", "]"), lambda text: text + random.choice("}]"))


def swapped_closers(random: Random, parts: list[Token]) -> Damaged | None:
    tight = [part for part in parts if part.kind != "space"]
    places = [at for at in range(len(tight) - 1) if tight[at].kind + tight[at + 1].kind in ("]}", "}]")]
    if not places:
        return None
    at = random.choice(places)
    return Damaged(_join([*tight[:at], tight[at + 1], tight[at], *tight[at + 2 :]]), _meant(parts))


# Around the document


def _comment(*written: str) -> Damage:
    def damage(random: Random, parts: list[Token]) -> Damaged | None:
        places = _places(parts, ",", "{", "[")
        return _one(random, parts, places, lambda text: text + " " + random.choice(written))

    return damage


def double_encoding(random: Random, parts: list[Token]) -> Damaged | None:
    return Damaged(json.dumps(_join(parts), ensure_ascii=False), _meant(parts))


def escaped_quotes_only(random: Random, parts: list[Token]) -> Damaged | None:
    return Damaged(json.dumps(_join(parts), ensure_ascii=False)[1:-1], _meant(parts))


def code_fence(random: Random, parts: list[Token]) -> Damaged | None:
    return Damaged(f"```{random.choice(('json', '', 'JSON'))}\n{_join(parts)}\n```", _meant(parts))


def text_before(random: Random, parts: list[Token]) -> Damaged | None:
    return Damaged(random.choice(_BEFORE) + _join(parts), _meant(parts))


def text_after(random: Random, parts: list[Token]) -> Damaged | None:
    return Damaged(_join(parts) + random.choice(_AFTER), _meant(parts))


def text_around(random: Random, parts: list[Token]) -> Damaged | None:
    return Damaged(random.choice(_BEFORE) + _join(parts) + random.choice(_AFTER), _meant(parts))


_BEFORE = ("Here are the arguments: ", "I'll call it with\n\n", 'The "best" {value} is:\n', "Sure! ", "json\n", "[note] so: ")
_AFTER = ("\n\nLet me know.", " I've set it.", '\nThis uses the "default" unit, as asked.', " // done", "\n(see {docs} too)")

DAMAGES: dict[str, Damage] = {
    "single quotes": single_quotes,
    "single quotes, apostrophes bare": single_quotes_bare_apostrophes,
    "a Python literal": python_literal,
    "`True`, `False`, `None`": python_words,
    "unquoted keys": unquoted_keys,
    "trailing commas": trailing_commas,
    "comma missing after a string": _missing_comma("string"),
    "comma missing after a number or literal": _missing_comma("scalar"),
    "comma missing after a container": _missing_comma("}", "]"),
    "raw newlines, tabs, controls": raw_controls,
    "comment `//`": _comment("// note, or so\n", '// it\'s "this"\n', "// {a: 1}\n"),
    "comment `#`": _comment("# note, or so\n", '# it\'s "this"\n', "# {a: 1}\n"),
    "comment `/* */`": _comment("/* note, or so */", '/* it\'s "this" */ ', "/* {a: 1} */"),
    "last closer missing": last_closer_missing,
    "all closers at the end missing": all_closers_missing,
    "all closers and a quote missing": all_closers_and_quote_missing,
    "quote before the last closers missing": quote_before_closers_missing,
    "an inner closer missing": inner_closer_missing,
    "surplus closers at the end": surplus_closer_at_end,
    "a surplus closer inside": surplus_closer_inside,
    "closers in the wrong order": swapped_closers,
    "closing quote of a value missing": missing_quote_of_value,
    "closing quote of a key missing": missing_quote_of_key,
    "unescaped quote before a comma": _unescaped_quote((' x",', '",')),
    "unescaped quote before other punctuation": _unescaped_quote((' x"}', ' x":', ' x"]', ' x".', ' x";')),
    "unescaped quote in the middle": _unescaped_quote((' 6" x', ' x"y')),
    "unescaped pair of quotes": _unescaped_quote((' the "big" one', ' ("x")', ' "a" or')),
    "double encoding": double_encoding,
    "quotes escaped, not enclosed": escaped_quotes_only,
    "code fence": code_fence,
    "text before": text_before,
    "text after": text_after,
    "text around": text_around,
    "`NaN` and infinities": not_a_number,
    "short escape in a string": short_escape,
    "cut inside an escape": cut_in_escape,
    "colon missing": missing_colon,
    "colon doubled": doubled_colon,
    "equals sign for a colon": equals_for_colon,
    "equals sign doubled": doubled_equals,
}
