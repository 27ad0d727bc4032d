"""Formats from declarative response templates, as `transformers` keeps them in a tokenizer's configuration.

A template is checked here, once, and becomes plain data: a `Format` whose `regions` say what it says. How it is read is the
business of `template_machine.py`; nothing here sees output.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from toolparse.grammar import Envelope, Format, Header, Region, Regions, Slot, ValueText
from toolparse.templates.delimiters import delimiter

_TEMPLATE_KEYS = frozenset(("version", "defaults", "fields", "start_anchor", "start_anchor_pattern"))
_DELIMITER_KEYS = ("open", "open_pattern", "close", "close_pattern")
_CONTENT_KEYS = ("content", "content_args", "repeats", "join", "optional", "transform", "transform_each")
_FIELD_KEYS = frozenset((*_DELIMITER_KEYS, *_CONTENT_KEYS))
_KINDS = ("text", "int", "float", "bool", "json", "xml-inline", "kv-lines", "python-call-list")
_ROLES = {"content": "content", "thinking": "reasoning", "reasoning_content": "reasoning", "tool_calls": "calls"}
_PLACEHOLDER = re.compile(r"\{(\w+(?:\.\w+)*)\}")
_TOKEN = re.compile(r"\[\^?\]?(?:\\.|[^\\\]])*\]|\\.|.", re.DOTALL)
_VALUE_GROUP = re.compile(r"\(\?P<value>(?:(?:\.|\[\\s\\S\]|\[\\S\\s\])[*+]\?|(\[\^(?:\\.|[^\\\]])+\])[*+]\??)\)(?![*+?{])")
_DEPENDENT = re.compile(r"\\[1-9gGkK]|\(\?P[=>]|\(\?&|\(\?[a-zA-Z0-9]+[-):]")
_SPECIAL = re.compile(r"<[^<>\s\0]+>|\[/?[A-Z][A-Z_]*\]")


class InvalidTemplate(ValueError):
    """A response template that is broken; the message names the place and the fault."""


def from_response_template(template: Mapping[str, Any]) -> Format:
    """The format that a response template describes. Raises `InvalidTemplate`.

    `template` is the object that `tokenizer_config.json` holds as `response_template`. The fields `content`, `tool_calls` and
    `thinking` or `reasoning_content` make the message; the text of any other is told in a `Problem`.

    >>> fmt = from_response_template({
    ...     "start_anchor": "<|assistant|>",
    ...     "fields": {
    ...         "content": {"close": "<|end|>"},
    ...         "tool_calls": {"open": "<call>", "close": "</call>", "content": "json", "repeats": True,
    ...                        "transform": {"type": "function", "function": "{content}"}},
    ...     },
    ... })
    >>> from toolparse.parser import parse
    >>> parse('<call>{"name": "f", "arguments": {"n": 1}}</call><|end|>', fmt).tool_calls[0].value()
    {'n': 1}
    """
    place = "the response template"
    if not isinstance(template, Mapping):
        raise InvalidTemplate(f"{place} must be an object, not {_kind(template)}")
    if template.get("version", 1) != 1:
        raise InvalidTemplate(f"{place} has the version {template['version']!r}; only 1 is known")
    _check_keys(template, _TEMPLATE_KEYS, place)
    defaults = _typed(template, "defaults", Mapping, {}, place)
    fields = template.get("fields")
    if not isinstance(fields, Mapping) or not fields:
        raise InvalidTemplate(f"{place} needs 'fields', an object that is not empty")
    regions = tuple(_region(str(name), field, defaults.get(name)) for name, field in fields.items())
    implicit = [region.name for region in regions if region.open is None]
    if len(implicit) > 1:
        names = " and ".join(implicit)
        raise InvalidTemplate(f"only one field may have neither 'open' nor 'open_pattern', but {names} have none")
    anchor = _delimiter(template, "start_anchor", place)
    if anchor is None:
        raise InvalidTemplate(f"{place} needs 'start_anchor' or 'start_anchor_pattern'")
    literals = template.get("start_anchor", ())
    return Format(
        name="response_template",
        regions=Regions(regions, anchor),
        turn=(literals,) if isinstance(literals, str) else tuple(literals),
        special_tokens=_special_tokens(regions),
        source="a response_template",
    )


def _region(name: str, field: object, default: object) -> Region:
    place = f"the field {name!r}"
    if not isinstance(field, Mapping):
        raise InvalidTemplate(f"{place} must be an object, not {_kind(field)}")
    _check_keys(field, _FIELD_KEYS, place)
    kind = field.get("content", "text")
    if kind not in _KINDS:
        raise InvalidTemplate(f"{place}: unknown content parser {kind!r}; known are {', '.join(_KINDS)}")
    opened = _delimiter(field, "open", place)
    closed = _delimiter(field, "close", place)
    text = _value_text(kind, _typed(field, "content_args", Mapping, {}, place), place)
    repeats = _typed(field, "repeats", bool, False, place)
    join = _typed(field, "join", str, None, place)
    if join is not None and not repeats:
        raise InvalidTemplate(f"{place}: 'join' needs 'repeats': true")
    each = _typed(field, "transform_each", bool, False, place)
    shape = _shape(field.get("transform"), place)
    groups = _groups(opened)
    if shape is None:
        if each:
            raise InvalidTemplate(f"{place}: 'transform_each' needs a 'transform'")
        if groups | _groups(closed):
            raise InvalidTemplate(f"{place}: the named groups of its patterns reach the output only through a 'transform'")
    if not each:
        unknown = sorted({slot.path[0] for slot in _slots(shape)} - groups - {"content"})
        if unknown:
            raise InvalidTemplate(f"{place}: nothing fills {{{unknown[0]}}}; 'open_pattern' has no group of this name")
    role: Any = _ROLES.get(name, "other")
    return Region(
        name=name,
        role=role,
        open=opened,
        close=closed,
        text=text,
        calls=_calls(shape, each, text, groups) if role == "calls" else None,
        shape=shape,
        each=each,
        join=join,
        default=default if isinstance(default, str) and role in ("content", "reasoning") else "",
        required=not _typed(field, "optional", bool, True, place),
    )


# -- checks ----------------------------------------------------------------------------------------------------------------------


def _kind(value: object) -> str:
    return type(value).__name__


def _check_keys(given: Mapping[str, Any], known: frozenset[str], place: str) -> None:
    unknown = sorted(str(key) for key in given if key not in known)
    if unknown:
        raise InvalidTemplate(f"{place} has unknown keys: {', '.join(unknown)}; known are {', '.join(sorted(known))}")


def _typed(given: Mapping[str, Any], key: str, kind: Any, default: Any, place: str) -> Any:
    value = given.get(key)
    if value is None:
        return default
    if not isinstance(value, kind):
        wanted = {bool: "true or false", str: "a string", Mapping: "an object"}.get(kind, "a list")
        raise InvalidTemplate(f"{place}: {key!r} must be {wanted}, not {_kind(value)}")
    return value


def _delimiter(given: Mapping[str, Any], key: str, place: str) -> str | None:
    """The pattern of a delimiter that is given as a literal, a list of literals or a pattern; None when there is none."""
    pattern_key = f"{key}_pattern"
    if key in given and pattern_key in given:
        raise InvalidTemplate(f"{place} has both {key!r} and {pattern_key!r}; give one of them")
    if key in given:
        literals = [given[key]] if isinstance(given[key], str) else given[key]
        listed = isinstance(literals, (list, tuple)) and literals
        if not listed or not all(isinstance(text, str) and text for text in literals):
            raise InvalidTemplate(f"{place}: {key!r} must be a string or a list of strings, none of them empty")
        return "|".join(map(re.escape, sorted(dict.fromkeys(literals), key=len, reverse=True)))
    return _pattern(given[pattern_key], pattern_key, place) if pattern_key in given else None


def _pattern(pattern: object, key: str, place: str) -> str:
    import regex

    if not isinstance(pattern, str):
        raise InvalidTemplate(f"{place}: {key!r} must be a string, not {_kind(pattern)}")
    try:
        regex.compile(pattern, regex.DOTALL)
        delimiter(pattern)
    except (regex.error, ValueError, OverflowError, RecursionError) as fault:
        raise InvalidTemplate(f"{place}: {key!r} is no regular expression: {fault}") from fault
    return pattern


def _groups(pattern: str | None) -> frozenset[str]:
    import regex

    return frozenset(regex.compile(pattern, regex.DOTALL).groupindex) if pattern is not None else frozenset()


# -- content ---------------------------------------------------------------------------------------------------------------------


def _value_text(kind: Any, options: Mapping[str, Any], place: str) -> ValueText:
    """A content parser with those of its options that it knows."""
    strip = _typed(options, "strip", bool, True, place)
    if kind == "json":
        pairs = _typed(options, "string_delims", (list, tuple), (), place)
        for pair in pairs:
            if not isinstance(pair, (list, tuple)) or len(pair) != 2 or not all(isinstance(text, str) and text for text in pair):
                raise InvalidTemplate(f"{place}: 'string_delims' must be a list of pairs of strings, none of them empty")
        return ValueText(
            kind,
            strip,
            delimiters=tuple((opener, closer) for opener, closer in pairs),
            unquoted_keys=_typed(options, "unquoted_keys", bool, False, place),
            allow_text=_typed(options, "allow_non_json", bool, False, place),
        )
    if kind not in ("xml-inline", "kv-lines"):
        return ValueText(kind, strip)
    inner = _typed(options, "value_parser", Mapping, None, place)
    value = None
    if inner is not None:
        name = inner.get("name", "text")
        if name not in _KINDS:
            raise InvalidTemplate(f"{place}: unknown value parser {name!r}; known are {', '.join(_KINDS)}")
        value = _value_text(name, _typed(inner, "args", Mapping, {}, place), place)
    if kind == "xml-inline":
        tag = _pattern(options.get("tag_pattern"), "tag_pattern", place)
        missing = {"key", "value"} - _groups(tag)
        if missing:
            raise InvalidTemplate(f"{place}: 'tag_pattern' needs the named groups 'key' and 'value'")
        merge = _typed(options, "merge_duplicates", bool, False, place)
        head, tail = _parts(tag)
        return ValueText(kind, strip, tag=tag, head=head, tail=tail, value=value, merge=merge)
    line, separator = (_typed(options, key, str, default, place) for key, default in (("line_sep", "\n"), ("kv_sep", ":")))
    if not line or not separator:
        raise InvalidTemplate(f"{place}: 'line_sep' and 'kv_sep' must not be empty")
    return ValueText(kind, strip, value=value, line=line, separator=separator)


def _parts(tag: str) -> tuple[str, str]:
    """What stands in front of a tag's value and behind it, where the value is any text up to that; two empty texts elsewhere."""
    import regex

    found = _VALUE_GROUP.search(tag)
    if found is None or _DEPENDENT.search(tag):
        return "", ""
    head, tail = tag[: found.start()], tag[found.end() :]
    depth = 0
    for token in _TOKEN.findall(head):
        depth += (token == "(") - (token == ")")
    if depth or any(_alternates(part) for part in (head, tail)) or regex.match(tail, "", regex.DOTALL):
        return "", ""
    ends = delimiter(tail)
    if delimiter(head).looks_back or ends.looks_back or "key" not in _groups(head):
        return "", ""
    characters = re.compile(found[1]) if found[1] else None
    if characters is not None and any(characters.match(chr(code)) and ends.takes(chr(code)) for code in range(128)):
        return "", ""
    return head, tail


def _alternates(pattern: str) -> bool:
    """Whether a pattern has alternatives outside of groups."""
    depth = 0
    for token in _TOKEN.findall(pattern):
        depth += (token == "(") - (token == ")")
        if token == "|" and not depth:
            return True
    return False


# -- shapes ----------------------------------------------------------------------------------------------------------------------


def _shape(transform: Any, place: str) -> Any:
    """A transform with its placeholders as slots."""
    if isinstance(transform, Mapping):
        return {key: _shape(value, place) for key, value in transform.items()}
    if isinstance(transform, (list, tuple)):
        return [_shape(value, place) for value in transform]
    if not isinstance(transform, str):
        return transform
    whole = _PLACEHOLDER.fullmatch(transform)
    if whole is None and _PLACEHOLDER.search(transform):
        raise InvalidTemplate(f"{place}: {transform!r} mixes a placeholder with other text, which cannot be put together")
    return transform if whole is None else Slot(tuple(whole[1].split(".")))


def _slots(shape: Any) -> Iterator[Slot]:
    if isinstance(shape, Slot):
        yield shape
    elif isinstance(shape, (dict, list)):
        for value in shape.values() if isinstance(shape, dict) else shape:
            yield from _slots(value)


def _calls(shape: Any, each: bool, text: ValueText, groups: frozenset[str]) -> Header | Envelope | None:
    """How the calls of a field can be read as they arrive; None when only the whole text tells."""
    if not isinstance(shape, dict):
        return None
    json = text.kind == "json" and not text.allow_text and not any(opener[0] in "\"'" for opener, _ in text.delimiters)
    function = shape.get("function", shape)
    if function == Slot(("content",)) and json and not each:
        function = {"name": Slot(("content", "name")), "arguments": Slot(("content", "arguments"))}
    if not isinstance(function, dict):
        return None
    name, arguments, wire_id = function.get("name"), function.get("arguments"), shape.get("id")
    keys = [_key(slot, each, groups) for slot in (name, arguments, wire_id)]
    if json and keys[0] and keys[1] and (keys[2] or wire_id is None):
        also = ("parameters",) if keys[1] == "arguments" else ()
        return Envelope((keys[0],), (keys[1], *also), (keys[2] or "id",), waits_for_id=wire_id is not None)
    if each or arguments != Slot(("content",)) or not (json or (text.kind == "xml-inline" and text.head)):
        return None
    named, identified = (_group(slot, groups) for slot in (name, wire_id))
    literal = name.strip() if isinstance(name, str) else ""
    if (wire_id is not None and not identified) or not (named or literal):
        return None
    return Header(named or literal, not named, identified)


def _key(slot: object, each: bool, groups: frozenset[str]) -> str:
    """The key of a call's object that fills a slot; "" when something else does."""
    path = slot.path if isinstance(slot, Slot) else ()
    if each:
        return path[0] if len(path) == 1 and path[0] not in groups else ""
    return path[1] if len(path) == 2 and path[0] == "content" else ""


def _group(slot: object, groups: frozenset[str]) -> str:
    """The group of the opener that fills a slot; "" when something else does."""
    return slot.path[0] if isinstance(slot, Slot) and len(slot.path) == 1 and slot.path[0] in groups - {"content"} else ""


def _special_tokens(regions: tuple[Region, ...]) -> tuple[str, ...]:
    """What looks like a special token among the delimiters' fixed texts."""
    patterns = [pattern for region in regions for pattern in (region.open, region.close) if pattern is not None]
    fixed = "\0".join("".join(map(_fixed, _TOKEN.findall(pattern))) for pattern in patterns)
    return tuple(dict.fromkeys(_SPECIAL.findall(fixed)))


def _fixed(token: str) -> str:
    """The character that a part of a pattern stands for; a null where it is not one."""
    if token[0] == "\\":
        return token[1] if not token[1].isalnum() else "\0"
    return token if len(token) == 1 and token not in ".^$*+?{}()|" else "\0"
