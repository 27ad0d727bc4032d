"""The dialects of tool calling, as data: bodies that a model may write behind another family's call marker.

They are tried in this order where a format's own grammar does not match what stands behind its own marker. Knows the grammar only.
"""

from __future__ import annotations

from toolparse.grammar import Ahead, Calls, Envelope, JsonText, OneOf, Parameters, PythonCalls

NAMES = frozenset(("name", "tool", "tool_name", "function", "function_name", "recipient_name"))
"""What models call the key of a call's name, in any case."""
ARGUMENTS = frozenset(
    ("arguments", "parameters", "args", "params", "input", "tool_input", "kwargs", "argument", "parameter", "properties")
)  # fmt: skip
"""What models call the keys of a call, in any case; a format's own keys come first."""
ENVELOPE = Envelope(start=("{", "[{"))
_NAME = r"[^<>\n]"

FUNCTION = Calls(
    open=("<function={name}>",),
    body=Parameters(
        open=("<parameter={key}>",),
        close="</parameter>",
        ends="line",
        trim="\n",
        between="\n",
    ),
    close=("</function>",),
    name=_NAME,
)
INVOKE = Calls(
    open=(OneOf(('<invoke name="{name}">', "<{other}={name}>")),),
    body=Parameters(
        open=('<parameter name="{key}">',),
        close="</parameter>",
        ends="line",
        between="\n",
    ),
    close=("</invoke>",),
    name=_NAME,
)
PAIRS = Calls(
    open=("{name}", Ahead(("<arg_key>",))),
    body=Parameters(
        open=("<arg_key>", "{key}", "</arg_key>", "<arg_value>"),
        close="</arg_value>",
        ends="structure",
        between="\n",
    ),
    name=_NAME,
)
ELEMENT = Calls(open=("<{name}>",), body=INVOKE.body, name=_NAME)
WRAPPERS = ("<tool_calls>", "<function_calls>", "<tool_call>", "<function_call>", "<tools>")
"""What stands around calls elsewhere. In front of a call as the format writes it, it stands for the format's own wrapper."""
BEFORE_ELEMENTS = Calls(open=("{name}",), body=INVOKE.body, name=_NAME)
NAMED = Calls(
    open=(
        OneOf(("<function>", "<tool>")),
        OneOf(("<name>{name}</name>", "<tool_name>{name}</tool_name>", "<function>{name}</function>")),
    ),
    body=INVOKE.body,
    close=(OneOf(("</arguments>", "</parameters>", "")),),
    name=_NAME,
)
DIALECTS: tuple[Calls, ...] = (
    Calls(body=ENVELOPE),
    Calls(open=(OneOf(("```json", "```tool_call", "```", "<json>")),), body=ENVELOPE, close=(OneOf(("```", "</json>")),)),
    FUNCTION,
    INVOKE,
    PAIRS,
    NAMED,
    ELEMENT,
    Calls(open=("{name}",), body=JsonText(), name=_NAME),
    BEFORE_ELEMENTS,
    Calls(open=("{name}", "("), body=JsonText(), close=(OneOf((")", "")),), name=_NAME),
    Calls(open=("[", "{name}", "("), body=PythonCalls(listed=True)),
    Calls(open=("{name}", "("), body=PythonCalls()),
    Calls(open=("{name}", Ahead(("{key}=",))), body=PythonCalls()),
)
"""JSON with the name in it, the same in a fence or in a tag, two spellings of tags, of which one stands for tags of any name, keys and
values, a name in a tag or as one, a name before JSON, Python calls."""
