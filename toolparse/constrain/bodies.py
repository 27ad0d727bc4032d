"""The arguments of a call, as each way of writing them has it: the constrained counterpart of the codecs and of `rendering.writers`.

One function for each body. What it returns begins and ends where `rendering.writers` does. Raw text never holds what the format's own
markup begins with, so no value can end early or swallow what follows it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from toolparse.constrain.schema_rules import (
    JSON,
    PYTHON,
    Notation,
    Parts,
    SchemaRules,
    bare,
    listed,
    numbers,
    once,
    plain_kind,
    scalar,
    string,
)
from toolparse.constrain.text_automaton import allows
from toolparse.constrain.tree import (
    ANY,
    DIGIT,
    EMPTY,
    LETTER,
    WORD,
    Chars,
    Literal,
    Node,
    Repeat,
    Rules,
    Text,
    alt,
    except_,
    maybe,
    of,
    seq,
)
from toolparse.grammar import ITEM, BareKeys, Body, Calls, Elements, Envelope, Format, JsonText, Parameters, Part, PythonCalls
from toolparse.jsontext.characters import quote
from toolparse.rendering.writers import Number, json_text, written_kind, written_part
from toolparse.schemas.branches import ANY as ANY_KIND
from toolparse.schemas.branches import common
from toolparse.schemas.tools import Tool
from toolparse.wire.call_names import escaped_attribute
from toolparse.wire.spellings import canonical, spellings

_SLOT = re.compile(r"\{(name|id|key|word|kind|other)\}")
_KEYS: dict[type[Body], Callable[[str], object]] = {
    Parameters: re.compile(r"""[^\s<>"'][^<>"'\n\r]*(?<!\s)""").fullmatch,
    PythonCalls: re.compile(r"""[^\W\d][\w-]*""").fullmatch,
    Elements: re.compile(r"""[^\W\d][\w.-]*""").fullmatch,
}
"""The keys that markup can hold."""
_STEM = re.compile(r"</?[^\s<>=]+")
_SIGNS_BEHIND = re.compile(r"\w(\W{2,8})\Z")
_SAMPLES: dict[str, Any] = {
    "string": "x", "integer": Number("1"), "number": Number("1"), "boolean": True, "null": None, "object": {}, "array": [],
}  # fmt: skip

ID = Repeat(Chars((*((45, 45),), *WORD)), 1, 64)
COUNTER = Repeat(Chars(DIGIT), 1, 6)
ATTRIBUTE = seq(" ", Repeat(Chars(LETTER), 1, 16), '="', ID, '"')
"""What may stand besides the name: a counter in most templates that write one."""


def spelled(text: str, slots: Mapping[str, Node | str]) -> Node:
    """A marker with its slots filled; one that is not named holds nothing."""
    pieces = _SLOT.split(text)
    return seq(*(slots.get(piece, "") if index % 2 else piece for index, piece in enumerate(pieces)))


def beginning(marker: str) -> str:
    """What a marker's markup begins with, up to its first slot: `<parameter=` of `<parameter={key}>`. Empty for plain words."""
    return _SLOT.split(marker)[0].strip() if stem(marker) else ""


def stem(marker: str) -> str:
    """What a marker's markup begins with, far enough to be known by: `<parameter` of `<parameter={key}>`. Empty for plain words."""
    plain = _SLOT.split(marker)[0].strip()
    found = _STEM.match(plain)
    return found.group() if found else plain if len(plain) > 2 and plain[0] in "<[]" else ""


def markup(how: Calls) -> Iterator[str]:
    """The markup that stands around values and calls, in every spelling, its slots in it."""
    markers: list[Part] = [*how.open, *how.close]
    if how.wrapper is not None:
        markers += [how.wrapper.open, how.wrapper.close]
    body = how.body
    if isinstance(body, Parameters):
        markers += [*body.open, body.close]
    elif isinstance(body, Elements):
        markers.append(body.prefix)
    elif isinstance(body, BareKeys):
        markers.append(body.quote)
    for marker in markers:
        yield from spellings(marker)


def structure(how: Calls, fmt: Format) -> tuple[str, ...]:
    """What no raw value may hold: the beginnings of the markup that stands around values and calls, in each of the format's ways; what
    such markup is read from when it is misspelt; and the special tokens of a format whose markers are made of several: a token alone may be
    left of one."""
    pieces = fmt.special_tokens if fmt.fragments else ()
    odd = misspelt_ends(how.body.prefix) if isinstance(how.body, Elements) else ()
    found = sorted({*(stem(marker) for way in fmt.calls for marker in markup(way)), *odd, *pieces} - {""}, key=len)
    return tuple(word for index, word in enumerate(found) if not any(shorter in word for shorter in found[:index]))


def misspelt_ends(prefix: str) -> Iterator[str]:
    """What a marker such as `]<]x[>[` ends with however its word is spelt, and without its last sign in front of a tag. No part of a value
    that has none of these is read as a damaged marker."""
    signs = _SIGNS_BEHIND.search(prefix)
    if signs is not None:
        yield from (signs[1], f"{signs[1][:-1]}<")


def arguments(fmt: Format, how: Calls, tool: Tool, schema: SchemaRules) -> Node:
    """What a call to `tool` writes for its arguments."""
    body = how.body
    write = _WRITERS[type(body)]
    # The arguments are an object, whatever else the schema would allow.
    roots = [branch.schemas for branch in schema.branches((tool.parameters,), "") if common(branch.kind, "object")]
    schema.keys = _KEYS.get(type(body))
    schema.kept = structure(how, fmt)
    found = [write(body, how, schema, parts) for parts in roots or [()]]
    if isinstance(body, (Parameters, PythonCalls)):
        schema.keys = None  # what is inside a value is JSON, or Python, whose keys are strings
    return alt(*found)


def json_arguments(body: Body, how: Calls, schema: SchemaRules, parts: Parts) -> Node:
    return schema.object(parts, JSON, "")


def python_arguments(body: Body, how: Calls, schema: SchemaRules, parts: Parts) -> Node:
    members, extra = schema.members(parts, "")
    written = [(seq(f"{key}=", schema.value(part, PYTHON, f"/properties/{key}")), needed) for key, part, needed in members]
    other = Text(but_not=("", *(key for key, _, _ in members)), chars=except_(DIGIT, inside=WORD))
    more = None if extra is None else seq(schema.rules.rule("key", seq(other), lexeme=True), "=", schema.value(extra, PYTHON, "/*"))
    return seq(listed(schema.rules, written, more, schema.rules.rule("separator", Literal(", "), lexeme=True)), ")")


def bare_arguments(body: Body, how: Calls, schema: SchemaRules, parts: Parts) -> Node:
    assert isinstance(body, BareKeys)
    return schema.object(parts, bare_inside(body.quote, schema.kept), "")


@lru_cache(maxsize=64)
def bare_inside(quote: str, kept: tuple[str, ...]) -> Notation:
    return replace(bare(quote), without=kept)


# -- raw parameters ------------------------------------------------------------------------------------------------------------------


def raw_arguments(body: Body, how: Calls, schema: SchemaRules, parts: Parts) -> Node:
    assert isinstance(body, Parameters)
    members, extra = schema.members(parts, "")
    kept = schema.kept
    declared = tuple(key for key, _, _ in members)
    written = []
    for key, part, needed in members:
        name = Literal(escaped_attribute(key) if how.escaped else key)
        written.append((parameter(how, kept, schema, name, part, f"/properties/{key}"), needed))
    more = None
    if extra is not None:
        other = schema.rules.rule("key", Text(but_not=("", *declared), chars=WORD), lexeme=True)
        more = parameter(how, kept, schema, other, extra, "/*")
    return listed(schema.rules, written, more, EMPTY)


def parameters_of(how: Calls) -> Parameters:
    assert isinstance(how.body, Parameters)
    return how.body


def parameter(how: Calls, kept: tuple[str, ...], schema: SchemaRules, key: Node, parts: Parts, path: str) -> Node:
    """One parameter; several where the markup says of what kind the value is."""
    body = parameters_of(how)
    opener, rest = parameter_opener(schema.rules, body.open)
    trim = canonical(body.trim)
    values: dict[str, list[Node]] = {}
    for kind, value in raw_values(how, kept, schema, parts, path):
        values.setdefault(written_kind(parameters_of(how), _SAMPLES[kind]), []).append(value)
    if not values:
        values[written_kind(parameters_of(how), "")] = [raw_text(how, kept, schema.rules)]
    ways = []
    for word, found in values.items():
        head = seq(opener, spelled(rest, {"key": key, "word": key, "kind": word}))
        ways.append(seq(head, trim, alt(*found), trim + canonical(body.close) + body.between))
    return schema.rules.rule("parameter", alt(*ways))


@once
def parameter_opener(rules: Rules, parts: tuple[Part, ...]) -> tuple[Node, str]:
    """What stands in front of the key, and from the key on. The first is a rule: a lexer must not take it and the key for one word."""
    first, slot, rest = re.split(r"(\{(?:key|word)\})", "".join(map(written_part, parts)), maxsplit=1)
    return rules.rule("opener", Literal(first), lexeme=True), slot + rest


def raw_values(how: Calls, kept: tuple[str, ...], schema: SchemaRules, parts: Parts, path: str) -> Iterator[tuple[str, Node]]:
    """The texts that a value may be, each with the kind of what it is."""
    plain = plain_kind(parts)
    if plain is not None:
        yield plain, raw_text(how, kept, schema.rules) if plain == "string" else raw_scalar(how, schema.rules, plain)
        return
    branches = schema.branches(parts, path) if any(parts) else schema.branches((True,), path)
    free = any(branch.kind in ("string", ANY_KIND) and schema.choices(branch, path) is None for branch in branches)
    if free and not parameters_of(how).kinds:
        # Any text will do, and what is no string is text, too.
        yield "string", raw_text(how, kept, schema.rules)
        return
    for branch in branches:
        named = schema.choices(branch, path)
        if named is not None:
            words = [(value, raw_word(how, kept, value)) for value in named]
            if not all(word is not None for _, word in words):
                schema.leave_out(path, "values of its enum that hold the format's own markup, which cannot be written")
            for value, word in words:
                if word is not None:
                    yield kind_named(value), Literal(word)
            continue
        kinds = ("string", "number", "boolean", "null", "object", "array") if branch.kind == ANY_KIND else (branch.kind,)
        for kind in kinds:
            if kind == "string":
                if any("minLength" in part or "maxLength" in part for part in branch.schemas):
                    schema.leave_out(path, "minLength or maxLength")
                yield kind, raw_text(how, kept, schema.rules)
            elif kind in ("object", "array"):
                make = schema.object if kind == "object" else schema.array
                yield kind, alt(*(wrap(make(branch.schemas, notation, path)) for notation, wrap in json_inside(how, kept)))
            else:
                yield kind, raw_scalar(how, schema.rules, kind)


def raw_scalar(how: Calls, rules: Rules, kind: str) -> Node:
    return scalar(rules, SCALARS if parameters_of(how).none == "python" else JSON, kind)


SCALARS = replace(JSON, scalars=(("true", "True"), ("false", "False"), ("null", "None")))
"""The scalars of templates that print Python's, JSON's first, as `render` writes them."""


def kind_named(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return "null" if value is None else "boolean"
    return "string" if isinstance(value, str) else "object" if isinstance(value, dict) else "array" if isinstance(value, list) else "number"


def raw_word(how: Calls, kept: tuple[str, ...], value: Any) -> str | None:
    """A value that the schema names, as raw text; None when it would be markup."""
    text = value if isinstance(value, str) else json_text(numbers(value))
    if how.escaped == "xml":
        return text if allows(PLAIN, text) else f"<![CDATA[{text}]]>" if allows(IN_CDATA, text) else None
    return text if allows(raw_without(kept), text) else None


PLAIN = Text(chars=except_(of("<&\n")))
IN_CDATA = Text(("]]>",), ANY)


def raw_text(how: Calls, kept: tuple[str, ...], rules: Rules) -> Node:
    """Any text as the value of a parameter."""
    return text_in_xml(rules) if how.escaped == "xml" else text_without(rules, kept)


@once
def text_without(rules: Rules, kept: tuple[str, ...]) -> Node:
    return rules.rule("raw-text", raw_without(kept))


def raw_without(kept: tuple[str, ...]) -> Text:
    """A beginning of the closer in front of the closer would be read as what is left of a damaged one."""
    return Text(kept, ANY, clear_end=True)


@once
def text_in_xml(rules: Rules) -> Node:
    return rules.rule("raw-text", alt(PLAIN, seq("<![CDATA[", IN_CDATA, "]]>")))


def json_inside(how: Calls, kept: tuple[str, ...]) -> Iterator[tuple[Notation, Callable[[Node], Node]]]:
    """The ways to write a container inside a parameter's markup."""
    if how.escaped != "xml":
        yield json_without(kept), seq
        return
    yield JSON_IN_XML, seq
    yield JSON_IN_CDATA, _in_cdata


@lru_cache(maxsize=64)
def json_without(kept: tuple[str, ...]) -> Notation:
    return replace(JSON, name="inner", without=kept)


JSON_IN_XML = replace(JSON, name="inner", chars=except_(of("<&"), inside=JSON.chars), line_breaks=False)
JSON_IN_CDATA = replace(JSON, name="cdata", without=("]]>",))


def _in_cdata(node: Node) -> Node:
    return seq("<![CDATA[", node, "]]>")


# -- elements ------------------------------------------------------------------------------------------------------------------------


CLOSED_BY_NAME = "that an element whose name the schema does not list is closed by that name"


class ElementRules(SchemaRules):
    """Schemas whose containers are elements inside each other.

    A grammar cannot say that a tag closes what another of the same name opened, so other than declared keys may be closed by any, which
    is told as left out.
    """

    prefix = ""
    item = ""

    def value(self, parts: Parts, notation: Notation, path: str) -> Node:
        if any(isinstance(part, dict) and part for part in parts):
            return super().value(parts, notation, path)
        self.leave_out("", CLOSED_BY_NAME)
        known = self.rules.any_values.get(notation)
        if known is None:
            known = self.rules.any_values[notation] = self.rules.name("any-element")
            inner = self.element(self.other_key(()), known)
            self.rules.rules[known.name] = alt(string(self.rules, notation), Repeat(inner, 1))
        return known

    def element(self, key: Node, value: Node) -> Node:
        # What stands in front of the key is a rule, as for parameters.
        opener = self.rules.rule("opener", Literal(f"{self.prefix}<"), lexeme=True)
        return seq(opener, key, ">", value, f"{self.prefix}</", key, ">")

    def other_key(self, declared: tuple[str, ...]) -> Node:
        return self.rules.rule("key", Text(but_not=("", *declared), chars=WORD), lexeme=True)

    def elements(self, schemas: Parts, notation: Notation, path: str, behind: str = "") -> Node:
        members, extra = self.members(schemas, path)
        written = []
        for key, part, needed in members:
            value = self.value(part, notation, f"{path}/properties/{key}")
            written.append((seq(self.element(Literal(key), value), behind), needed))
        more = None
        if extra is not None:
            self.leave_out("", CLOSED_BY_NAME)
            more = seq(self.element(self.other_key(tuple(key for key, _, _ in members)), self.value(extra, notation, f"{path}/*")), behind)
        return listed(self.rules, written, more, EMPTY)

    def object(self, schemas: Parts, notation: Notation, path: str) -> Node:
        members, _ = self.members(schemas, path)
        found = self.elements(schemas, notation, path)
        return found if any(needed for _, _, needed in members) else alt("{}", found)

    def array(self, schemas: Parts, notation: Notation, path: str) -> Node:
        items = tuple(part for schema in schemas if isinstance(part := schema.get("items"), dict))
        if any(word in schema for schema in schemas for word in ("minItems", "maxItems", "prefixItems")):
            self.leave_out(path, "minItems, maxItems or prefixItems")
        item = self.element(Literal(self.item), self.value(items, notation, f"{path}/items"))
        return alt("[]", Repeat(item, 1))


def element_arguments(body: Body, how: Calls, schema: SchemaRules, parts: Parts) -> Node:
    assert isinstance(body, Elements)
    assert isinstance(schema, ElementRules)
    schema.prefix, schema.item = body.prefix, ITEM
    return schema.elements(parts, element_notation(schema.kept), "", "\n")


@lru_cache(maxsize=64)
def element_notation(kept: tuple[str, ...]) -> Notation:
    return Notation("element", element_text, quote="", chars=ANY, escapes=False, without=kept, spaced=False)


def element_text(value: Any) -> str:
    return value if isinstance(value, str) and not isinstance(value, Number) else json_text(value)


def rules_for(how: Calls) -> type[SchemaRules]:
    """What makes the rules of a body's values."""
    return ElementRules if isinstance(how.body, Elements) else SchemaRules


_WRITERS: dict[type[Body], Callable[[Body, Calls, SchemaRules, Parts], Node]] = {
    Envelope: json_arguments,
    JsonText: json_arguments,
    Parameters: raw_arguments,
    PythonCalls: python_arguments,
    BareKeys: bare_arguments,
    Elements: element_arguments,
}


# -- around the arguments ------------------------------------------------------------------------------------------------------------


def envelope(body: Envelope, name: str, written: Node) -> Node:
    """A call as a JSON object."""
    if not body.name:
        return seq("{" + quote(name) + ": ", written, "}")
    wire_id = maybe(seq(quote(body.id[0]) + ': "', ID, '", ')) if body.waits_for_id else EMPTY
    return seq("{", wire_id, f"{quote(body.name[0])}: {quote(name)}, {quote(body.arguments[0])}: ", written, "}")


def opening(parts: tuple[Part, ...], how: Calls, name: str) -> Node:
    """A call's opening, without the line breaks that separate it from text in front."""
    text = "".join(map(written_part, parts)).lstrip("\n")
    written: Node = Literal(escaped_attribute(name) if how.escaped else name)
    if how.id_holds_name:
        written = seq(f"{how.prefix}{name}:", COUNTER)
    return spelled(text, {"name": written, "id": maybe(ID), "other": maybe(ATTRIBUTE)})
