"""Arguments as a format writes them: the inverse of the codecs, one function for each way to write arguments."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from toolparse.grammar import (
    ITEM,
    Ahead,
    BareKeys,
    Body,
    Calls,
    Closed,
    Elements,
    Envelope,
    JsonText,
    Parameters,
    Part,
    PythonCalls,
)
from toolparse.jsontext.characters import quote
from toolparse.jsontext.scalars import refuse
from toolparse.message import ToolCall
from toolparse.wire.call_names import escaped_attribute
from toolparse.wire.spellings import canonical


class Number(str):
    """A JSON number, as it was written."""


def read_arguments(text: str) -> Any:
    """The arguments as Python objects whose numbers keep their spelling; None when the text is no JSON."""
    try:
        return json.loads(text, parse_int=Number, parse_float=Number, parse_constant=refuse)
    except (ValueError, RecursionError):
        return None


def written_part(part: Part) -> str:
    """What the template writes for one part of an opening."""
    return "" if isinstance(part, (Ahead, Closed)) else canonical(part)


def json_text(value: Any, constant: Callable[[Any], str] = json.dumps) -> str:
    """A value as JSON: numbers as they were written, no ASCII escapes but for lone surrogates. `constant` writes true, false and null."""
    if isinstance(value, str):
        return value if isinstance(value, Number) else quote(value)
    if isinstance(value, dict):
        return "{" + ", ".join([f"{quote(key)}: {json_text(member, constant)}" for key, member in value.items()]) + "}"
    if isinstance(value, list):
        return "[" + ", ".join([json_text(member, constant) for member in value]) + "]"
    return constant(value)


def write_json(how: Calls, call: ToolCall) -> str:
    return call.arguments


def write_envelope(how: Calls, call: ToolCall) -> str:
    body = how.body
    assert isinstance(body, Envelope)
    if not body.name:
        return f"{{{quote(call.name)}: {call.arguments}}}"
    wire_id = f"{quote(body.id[0])}: {quote(call.id)}, " if body.waits_for_id and call.id else ""
    return f"{{{wire_id}{quote(body.name[0])}: {quote(call.name)}, {quote(body.arguments[0])}: {call.arguments}}}"


def write_parameters(how: Calls, call: ToolCall) -> str:
    body = how.body
    assert isinstance(body, Parameters)
    out = []
    trim = canonical(body.trim)
    for key, value in read_arguments(call.arguments).items():
        text = value if is_text(value) else json_text(value)
        if how.escaped == "xml":
            text = escaped_for_xml(text)
        name = escaped_attribute(key) if how.escaped else key
        opener = "".join(map(written_part, body.open)).replace("{key}", name).replace("{word}", name)
        opener = opener.replace("{kind}", written_kind(body, value)).replace("{other}", "")
        out.append(opener + trim + text + trim + canonical(body.close) + body.between)
    return "".join(out)


def is_text(value: Any) -> bool:
    return isinstance(value, str) and not isinstance(value, Number)


def written_kind(body: Parameters, value: Any) -> str:
    """What the markup says of a value: the name of its JSON type where there is one, else that it is a string or JSON."""
    wanted = "string" if is_text(value) else "json"
    names = [name for name, kind in body.kinds if name and kind.startswith(wanted)] if body.kinds != "types" else []
    json_type = "string" if is_text(value) else TYPES.get(type(value), "number")
    return json_type if json_type in names else names[0] if names else ""


TYPES: dict[type, str] = {dict: "object", list: "array", bool: "boolean", type(None): "null", Number: "number"}


def escaped_for_xml(text: str) -> str:
    """Text as it stands in an element: as it is, or in CDATA where it holds markup or a line break."""
    if not any(character in text for character in "<&\n"):
        return text
    return "<![CDATA[" + text + "]]>"


def write_python(how: Calls, call: ToolCall) -> str:
    arguments = read_arguments(call.arguments)
    return ", ".join(f"{key}={python_text(value)}" for key, value in arguments.items()) + ")"


def python_text(value: Any) -> str:
    """A value as a Python literal."""
    return json_text(value, repr)


def write_bare_keys(how: Calls, call: ToolCall) -> str:
    body = how.body
    assert isinstance(body, BareKeys)
    return bare_object(read_arguments(call.arguments), body.quote)


def bare_object(value: dict[str, Any], quote: str) -> str:
    members = (f"{key if key.isidentifier() else quote + key + quote}:{bare_value(member, quote)}" for key, member in value.items())
    return "{" + ",".join(members) + "}"


def bare_value(value: Any, quote: str) -> str:
    """A value between bare keys: strings in the format's own quotes, without escapes."""
    if is_text(value):
        return quote + str(value) + quote
    if isinstance(value, dict):
        return bare_object(value, quote)
    if isinstance(value, list):
        return "[" + ",".join(bare_value(member, quote) for member in value) + "]"
    return json_text(value)


def write_elements(how: Calls, call: ToolCall) -> str:
    body = how.body
    assert isinstance(body, Elements)
    return "".join(element(body, key, value) + "\n" for key, value in read_arguments(call.arguments).items())


def element(body: Elements, key: str, value: Any) -> str:
    """A value between its tags; what a list or an object holds is elements again, unless there is nothing in it."""
    if isinstance(value, dict) and value:
        inside = "".join(element(body, name, member) for name, member in value.items())
    elif isinstance(value, list) and value:
        inside = "".join(element(body, ITEM, member) for member in value)
    else:
        inside = str(value) if is_text(value) else json_text(value)
    return f"{body.prefix}<{key}>{inside}{body.prefix}</{key}>"


WRITERS: dict[type[Body], Callable[[Calls, ToolCall], str]] = {
    JsonText: write_json,
    Envelope: write_envelope,
    Parameters: write_parameters,
    PythonCalls: write_python,
    BareKeys: write_bare_keys,
    Elements: write_elements,
}
