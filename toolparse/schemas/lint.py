"""What will go wrong with tool definitions, before a model sees them: one finding for each fault, with its place and the cure.

Definitions are looked at as they were given, so also those that `Tools` refuses. What a provider does with a keyword is what its
documentation says; what a grammar leaves out is what `constrain` leaves out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toolparse.schemas.branches import KINDS, PYTHON_NAMES, forms_of, kind_of, mapping, target_of
from toolparse.schemas.tools import InvalidTools, Tool, Tools

if TYPE_CHECKING:
    from toolparse.grammar import Format

MOST = 200
"""Findings for one tool; a definition with more has one fault in many places."""
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SCHEMAS_BY_NAME = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
_SCHEMAS_LISTED = ("anyOf", "oneOf", "allOf", "prefixItems")
_SCHEMAS = ("items", "additionalProperties", "contains", "not", "if", "then", "else", "propertyNames")

# Keywords that grammars for constrained decoding leave out, and what OpenAI's strict mode refuses.
_NOT_IN_GRAMMARS = {
    "pattern", "format", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "contains", "minContains",
    "maxContains", "uniqueItems", "patternProperties", "propertyNames", "minProperties", "maxProperties", "dependentRequired",
    "dependentSchemas", "dependencies", "unevaluatedProperties", "unevaluatedItems", "not", "if", "then", "else",
}  # fmt: skip
_NOT_STRICT = {
    "not", "if", "then", "else", "allOf", "oneOf", "dependentRequired", "dependentSchemas", "patternProperties", "propertyNames",
    "unevaluatedProperties", "unevaluatedItems", "contains", "minContains", "maxContains", "uniqueItems", "minProperties", "maxProperties",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that will go wrong: the tool's name (or its place in the list), the place in its schema, what, and the cure."""

    tool: str
    path: str
    rule: str
    message: str
    cure: str

    def __str__(self) -> str:
        return f"{self.tool}: {self.path + ': ' if self.path else ''}{self.message}; {self.cure}"


def lint(tools: object, formats: Iterable[Format] | None = None) -> list[Finding]:
    """What will go wrong with these definitions, in their order. `formats` are those to look at, by default all.

    >>> [finding.rule for finding in lint([{"name": "get weather"}], formats=[])]
    ['name']
    """
    from toolparse.formats import formats as all_formats

    chosen = list(all_formats() if formats is None else formats)
    if isinstance(tools, Tools):
        return [finding for tool in tools for finding in _of_tool(tool, chosen)]
    if isinstance(tools, (str, bytes, Mapping)) or not isinstance(tools, Iterable):
        return [Finding("tools", "", "definition", f"expected a list of tools, got {type(tools).__name__}", "put the tools into a list")]
    found: list[Finding] = []
    places: dict[str, int] = {}
    for index, given in enumerate(tools):
        try:
            (tool,) = Tools([given])
        except InvalidTools as error:
            what = str(error).removeprefix("tools[0]").lstrip(".: ")  # it was the only one of the list
            found.append(Finding(f"tools[{index}]", "", "definition", what, "every parser and provider refuses the request"))
            continue
        first = places.setdefault(tool.name, index)
        if first != index:
            found.append(Finding(tool.name, "", "twice", f"tools[{first}] and tools[{index}] have one name", "rename one of them"))
        found += _of_tool(tool, chosen)
    return found


def _of_tool(tool: Tool, formats: list[Format]) -> list[Finding]:
    found: list[Finding] = []
    for path, rule, message, cure in (*_names(tool, formats), *_schema(tool), *_markers(tool, formats)):
        if len(found) == MOST:
            found.append(Finding(tool.name, "", "more", "there is more of this", "mend the above first"))
            break
        found.append(Finding(tool.name, path, rule, message, cure))
    return found


Found = Iterator[tuple[str, str, str, str]]


# -- names ---------------------------------------------------------------------------------------------------------------------------


def _names(tool: Tool, formats: list[Format]) -> Found:
    if not _NAME.fullmatch(tool.name):
        yield "", "name", "OpenAI and Anthropic take names of up to 64 letters, digits, _ and - only", "rename the tool"
    odd = [name for name in (tool.name, *tool.keys) if not _WORD.fullmatch(name)]
    if not odd:
        return
    from toolparse.constrain.constraint import can_write

    for fmt in formats:
        if fmt.calls and not any(can_write(fmt, how, tool) for how in fmt.calls):
            shown = ", ".join(repr(name[:60]) for name in odd[:3])
            yield "", "format", f"{fmt.name} cannot write calls to it ({shown})", "use letters, digits and _ in names and keys"


# -- the schema ----------------------------------------------------------------------------------------------------------------------


def _schema(tool: Tool) -> Found:
    root = tool.parameters
    if root and root.get("type", "object") != "object":
        yield "/type", "type", f"arguments are an object, not {root['type']!r}", 'make it {"type": "object", "properties": ...}'
    for path, schema in _subschemas(root):
        yield from _types(path, schema)
        yield from _references(path, schema, root)
        yield from _objects(path, schema)
        yield from _keywords(path, schema)
        if tool.strict:
            yield from _strict(path, schema)


def _subschemas(root: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The schemas inside a schema, each once, with their places."""
    waiting: list[tuple[str, Any]] = [("", root)]
    seen: set[int] = set()
    while waiting:
        path, schema = waiting.pop()
        if not isinstance(schema, dict) or id(schema) in seen:
            continue
        seen.add(id(schema))
        yield path, schema
        inner = [(f"{path}/{word}", schema.get(word)) for word in _SCHEMAS]
        for word in _SCHEMAS_LISTED:
            inner += [(f"{path}/{word}/{index}", member) for index, member in enumerate(forms_of(schema, word))]
        for word in _SCHEMAS_BY_NAME:
            inner += [(f"{path}/{word}/{name}", member) for name, member in mapping(schema, word).items()]
        waiting += reversed(inner)


def _types(path: str, schema: dict[str, Any]) -> Found:
    types = schema.get("type")
    for name in types if isinstance(types, list) else [types]:
        if name is None or (isinstance(name, str) and name in KINDS):
            continue
        proper = PYTHON_NAMES.get(name) if isinstance(name, str) else None
        if proper is not None:
            yield f"{path}/type", "type", f"{name!r} is Python's name of the type, which providers refuse", f"write {proper!r}"
        else:
            yield (
                f"{path}/type",
                "type",
                f"{name!r} is no type of JSON Schema: it says nothing, or is refused",
                f"use one of {', '.join(KINDS)}",
            )
    values = schema.get("enum")
    if values == []:
        yield f"{path}/enum", "enum", "no value is allowed", "list the values, or leave enum out"
    elif isinstance(values, list) and isinstance(types, str) and types in KINDS:
        wrong = [value for value in values if not (kind_of(value) == types or (types == "number" and kind_of(value) == "integer"))]
        if wrong:
            yield f"{path}/enum", "enum", f"{wrong[0]!r} is not of the type {types}, so it can never be given", "mend the value or the type"


def _references(path: str, schema: dict[str, Any], root: dict[str, Any]) -> Found:
    ref = schema.get("$ref")
    if ref is None:
        return
    if not isinstance(ref, str) or not ref.startswith("#"):
        yield f"{path}/$ref", "$ref", f"{ref!r} is in another document, which is never fetched", "put the schema under $defs"
    elif target_of(ref, root) is True:
        yield f"{path}/$ref", "$ref", f"{ref!r} leads nowhere, so anything is allowed here", "add it under $defs, or mend the pointer"


def _objects(path: str, schema: dict[str, Any]) -> Found:
    properties, required = schema.get("properties"), schema.get("required")
    if required is not None and not isinstance(required, list):
        yield (
            f"{path}/required",
            "required",
            f"expected a list of names, got {type(required).__name__}",
            "list the properties here",
        )
    elif isinstance(properties, dict):
        for name in required or ():
            if name not in properties:
                yield f"{path}/required", "required", f"{name!r} is no property here", "declare it, or leave it out"


def _keywords(path: str, schema: dict[str, Any]) -> Found:
    for word in sorted(_NOT_IN_GRAMMARS & schema.keys()):
        yield (
            f"{path}/{word}",
            "ignored",
            "grammars for constrained decoding leave it out, and models overlook it",
            "check calls with message.validate",
        )


def _strict(path: str, schema: dict[str, Any]) -> Found:
    properties = schema.get("properties")
    if isinstance(properties, dict):
        required = schema.get("required")
        optional = [name for name in properties if name not in (required if isinstance(required, list) else ())]
        if optional:
            shown = ", ".join(map(repr, optional[:5]))
            yield (
                f"{path}/required", "strict",
                f"strict with optional {shown}: OpenAI refuses the request, Anthropic and vLLM leave it optional, toolparse demands it",
                "require it and allow null",
            )  # fmt: skip
        if schema.get("additionalProperties") is not False:
            yield path, "strict", "strict needs additionalProperties: false, or OpenAI and Anthropic refuse the request", "add it"
    for word in sorted(_NOT_STRICT & schema.keys()):
        yield f"{path}/{word}", "strict", "OpenAI refuses it in strict tools", "leave it out, or strict"


# -- descriptions --------------------------------------------------------------------------------------------------------------------


def _markers(tool: Tool, formats: list[Format]) -> Found:
    from toolparse.constrain.bodies import beginning, markup

    texts = [("/description", tool.description)]
    texts += [(f"{path}/description", schema.get("description")) for path, schema in _subschemas(tool.parameters)]
    owners: dict[str, list[str]] = {}
    for fmt in formats:
        written = [beginning(text) for how in fmt.calls for text in markup(how)]
        for marker in dict.fromkeys(text.strip() for text in (*fmt.special_tokens, *fmt.stop, *written)):
            if len(marker) > 3 and not marker.isalnum():
                owners.setdefault(marker, []).append(fmt.name)
    for path, text in texts:
        for marker, names in owners.items():
            if isinstance(text, str) and marker in text:
                shown = ", ".join(names[:3]) + (" and others" if len(names) > 3 else "")
                yield (
                    path,
                    "marker",
                    f"it holds {marker}, a marker of {shown}, which is one in the prompt, too",
                    "spell it in another way",
                )
