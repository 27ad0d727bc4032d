"""The tool definitions of a row, as OpenAI tools: whatever shape they have, as a list, JSON text, Python's `repr`, objects one after
another, or xLAM's flat parameters. And `Tools` made of them, once for each distinct list.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

from toolparse.jsontext.repair import repair
from toolparse.schemas.tools import InvalidTools, Tools

REMEMBERED = 2048
"""So many distinct lists of tools are looked at once; they take some 25 KB each."""
_DECODER = json.JSONDecoder()
_SCALARS = {
    "str": "string", "string": "string", "int": "integer", "integer": "integer", "float": "number", "number": "number",
    "bool": "boolean", "boolean": "boolean", "dict": "object", "object": "object", "list": "array", "array": "array", "set": "array",
    "tuple": "array", "none": "null",
}  # fmt: skip
_GENERIC = re.compile(r"(?i:typing\.)?(\w+)\s*\[(.*)\]", re.DOTALL)


def definitions(given: Any) -> list[dict[str, Any]]:
    """The tools as a list of OpenAI tools. Raises `InvalidTools` for what is none.

    >>> definitions('{"name": "f", "parameters": {"city": {"type": "str"}}}')[0]["function"]["parameters"]["required"]
    ['city']
    """
    if isinstance(given, str):
        return [*_of_text(given)]
    return [_as_openai(tool) for tool in _listed(given)]


@lru_cache(maxsize=REMEMBERED)
def _of_text(text: str) -> tuple[dict[str, Any], ...]:
    return tuple(_as_openai(tool) for tool in _listed(decoded_list(text)))


def prepared(given: Any) -> Tools:
    """`Tools` of a list of tools or its JSON text. Each distinct list is looked at once. Raises `InvalidTools`."""
    if isinstance(given, Tools):
        return given
    return _prepared(given if isinstance(given, str) else json.dumps(given, default=str))


@lru_cache(maxsize=REMEMBERED)
def _prepared(text: str) -> Tools:
    return Tools(_of_text(text))


def decoded_list(text: str) -> list[Any]:
    """Tool definitions in text: a JSON list, JSON objects one after another, or the same as Python writes it."""
    values: list[Any] = []
    at, end = 0, len(text)
    while True:
        while at < end and text[at] in " \t\r\n,":
            at += 1
        if at >= end:
            break
        try:
            value, at = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            value, at = json.loads(repair(text[at:])), end
        if value is not None and value != {}:  # which say that there are none
            values += value if isinstance(value, list) else [value]
    return values


def _listed(given: Any) -> list[Any]:
    if given is None:
        return []
    if isinstance(given, dict):
        return [given]
    if isinstance(given, Tools):
        return list(given)
    try:
        return list(given)
    except TypeError:
        raise InvalidTools(None, "tools", f"expected a list of tools, got {type(given).__name__}") from None


def _as_openai(tool: Any) -> dict[str, Any]:
    """One definition as the chat API has it. One that is so already stays as it is, whatever else stands in it."""
    if isinstance(tool, str):
        tool = next(iter(decoded_list(tool)), None)
    if isinstance(tool, dict):
        tool = _without_nulls(tool)
        inner = tool.get("function")
        if isinstance(inner, str):
            inner = next(iter(decoded_list(inner)), None)
        if isinstance(inner, dict):
            inner = _without_nulls(inner)
        flat = isinstance(inner, dict) and _flat(inner.get("parameters"))
        if isinstance(inner, dict) and not flat:
            parameters = _typed(inner.get("parameters"))
            if parameters is not inner.get("parameters"):
                inner = {**inner, "parameters": parameters}
            return {"type": "function", **tool, "function": inner}
        function = inner if isinstance(inner, dict) else tool
        parameters = function.get("parameters", function.get("arguments"))
        if isinstance(function.get("name"), str) and isinstance(parameters, dict) and _flat(parameters):
            rest = {key: value for key, value in function.items() if key not in ("parameters", "arguments", "type")}
            return {"type": "function", "function": {**rest, "parameters": _schema(parameters)}}
    made = next(iter(Tools([tool])))
    function = {"name": made.name}
    if made.description is not None:
        function["description"] = made.description
    return {"type": "function", "function": {**function, "parameters": _typed(made.parameters)}}


def _typed(schema: Any) -> Any:
    """A schema in JSON Schema's words, where it names types as Python does (`dict`, `int`), and without the nulls with which Parquet fills
    keys that only other schemas have; one without these stays the same object.
    """
    if not isinstance(schema, dict):
        return schema
    filled = any(value is None and key not in ("default", "const") for key, value in schema.items())
    made = _without_nulls(schema) if filled else dict(schema)
    if isinstance(schema.get("type"), str) and schema["type"].lower() in _SCALARS:
        made["type"] = _SCALARS[schema["type"].lower()]
    if isinstance(schema.get("properties"), dict):
        made["properties"] = {name: _typed(value) for name, value in schema["properties"].items() if value is not None}
    if "items" in made:
        made["items"] = _typed(schema["items"])
    return schema if made == schema else made


def _without_nulls(tool: dict[str, Any]) -> dict[str, Any]:
    """Parquet fills keys that a definition, or its parameters, do not have with nulls."""
    parameters = tool.get("parameters")
    if isinstance(parameters, dict) and None in parameters.values():
        tool = {**tool, "parameters": _without_nulls(parameters)}
    return {key: value for key, value in tool.items() if value is not None}


def _flat(parameters: Any) -> bool:
    """Whether parameters are given by name alone, without the schema of an object around them."""
    return (
        isinstance(parameters, dict)
        and bool(parameters)
        and not isinstance(parameters.get("type"), str)
        and not isinstance(parameters.get("$ref"), str)
        and all(isinstance(value, dict) for value in parameters.values())
        and not (isinstance(parameters.get("properties"), dict) and _all_schemas(parameters["properties"]))
    )


def _all_schemas(properties: dict[str, Any]) -> bool:
    return all(isinstance(value, (dict, bool)) for value in properties.values())


def _schema(parameters: dict[str, Any]) -> dict[str, Any]:
    """The JSON Schema of xLAM's parameters, each of which says its type in Python's words and whether it is optional."""
    properties, required = {}, []
    for name, given in parameters.items():
        spelled = given.get("type")
        if isinstance(spelled, str):
            kind, comma, rest = spelled.rpartition(",")
            optional = bool(comma) and rest.strip().lower() == "optional"
            kind = kind if optional else spelled
            typed = _type(kind.strip())
            own = {key: value for key, value in given.items() if key != "type"}
            if "type" not in typed and "anyOf" not in typed:
                own["x-type"] = spelled  # a type in words of its own is no JSON Schema, but it is not lost
            properties[name] = {**typed, **own}
            optional = optional or kind.strip().startswith("Optional")
        else:
            properties[name], optional = given, False
        if not optional and "default" not in given:
            required.append(name)
    return {"type": "object", "properties": properties, "required": required}


def _type(spelled: str) -> dict[str, Any]:
    """The schema of a type that is written as Python writes it; nothing for one that is not known."""
    known = _SCALARS.get(spelled.lower())
    if known is not None:
        return {"type": known}
    generic = _GENERIC.fullmatch(spelled) if spelled.count("[") < 16 else None
    if generic is None:
        return {}
    outer, inner = generic[1].lower(), _arguments(generic[2])
    if outer in ("list", "set", "sequence", "iterable"):
        items = _type(inner[0]) if len(inner) == 1 else {}
        return {"type": "array", "items": items} if items else {"type": "array"}
    if outer == "tuple":
        return {"type": "array"}
    if outer in ("dict", "mapping"):
        return {"type": "object"}
    branches = [_type(branch) for branch in inner]
    if outer == "optional" and len(branches) == 1:
        return branches[0]
    return {"anyOf": branches} if outer == "union" and all(branches) else {}


def _arguments(text: str) -> list[str]:
    """What stands between the commas of the top level."""
    parts, depth, begin = [], 0, 0
    for at, character in enumerate(text):
        depth += (character == "[") - (character == "]")
        if character == "," and not depth:
            parts.append(text[begin:at].strip())
            begin = at + 1
    return [*parts, text[begin:].strip()]
