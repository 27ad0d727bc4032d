"""Tools of every shape come down to one; what is malformed says which and where."""

from __future__ import annotations

import json
from types import MappingProxyType, SimpleNamespace
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field

from toolparse import parse
from toolparse.schemas.tools import InvalidTools, Tool, Tools

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}, "required": ["city"]}

CHAT = {"type": "function", "function": {"name": "weather", "description": "Looks out.", "parameters": SCHEMA, "strict": True}}
RESPONSES = {"type": "function", "name": "weather", "description": "Looks out.", "parameters": SCHEMA, "strict": True}
ANTHROPIC = {"name": "weather", "description": "Looks out.", "input_schema": SCHEMA}
MCP = {"name": "weather", "title": "Weather", "description": "Looks out.", "inputSchema": SCHEMA}


class Booking(BaseModel):
    """Books a room."""

    guests: int = Field(description="how many sleep there")
    note: str | None = None


def book_table(place: str, seats: int = 2, tags: list[str] | None = None) -> str:
    """Books a table.

    Args:
        place: where to eat
    """
    return f"{place}, {seats}, {tags}"


@pytest.mark.parametrize(
    ("given", "strict"),
    [
        (CHAT, True),
        (RESPONSES, True),
        (ANTHROPIC, False),
        (MCP, False),
        (MappingProxyType(MCP), False),
        (SimpleNamespace(name="weather", description="Looks out.", inputSchema=SCHEMA, annotations=None), False),
        (SimpleNamespace(name="weather", description="Looks out.", input_schema=SCHEMA, meta=None), False),
        (SimpleNamespace(type="function", function=SimpleNamespace(**CHAT["function"])), True),  # type: ignore[arg-type]
    ],
)
def test_every_shape_is_the_same_tool(given: object, strict: bool) -> None:
    (tool,) = Tools([given])
    assert tool == Tool("weather", "Looks out.", SCHEMA, strict)
    assert tool.source is None
    assert tool.keys == ("city", "days")


def test_pydantic_model() -> None:
    tool = Tools([Booking]).get("Booking")
    assert tool is not None
    assert (tool.description, tool.source, tool.keys) == ("Books a room.", Booking, ("guests", "note"))
    assert tool.parameters["required"] == ["guests"]
    assert tool.parameter("guests").kinds == ("integer",)
    assert tool.parameter("note").string_or_null


def test_function() -> None:
    tool = Tools([book_table]).get("book_table")
    assert tool is not None
    assert tool.source is book_table
    assert tool.description == "Books a table.\n\nArgs:\n    place: where to eat"
    assert tool.parameters["required"] == ["place"]
    assert tool.parameter("place").exactly_string
    assert tool.parameter("seats").read("4") == ("4", None)
    assert tool.parameter("tags").item(0).exactly_string
    assert not tool.declares("self")


def test_method_coroutine_and_annotations() -> None:
    class Desk:
        def ring(self, times: Annotated[int, Field(ge=1, description="rings")]) -> None: ...

    async def wait(seconds: float) -> None: ...

    ring, late = Tools([Desk().ring, wait])
    assert ring.keys == ("times",)
    assert ring.parameters["properties"]["times"]["description"] == "rings"
    assert ring.description is None
    assert late.parameter("seconds").kinds == ("number",)


def test_mixed_and_mapping_like() -> None:
    bare = {"type": "function", "function": {"name": "ping"}}
    tools = Tools(iter([CHAT, Booking, book_table, bare, Tool("own")]))
    assert tools.names == ("weather", "Booking", "book_table", "ping", "own")
    assert len(tools) == 5
    assert [tool.name for tool in tools] == list(tools.names)
    assert "ping" in tools
    assert "pong" not in tools
    assert None not in tools
    assert tools.get("pong") is None
    ping = tools.get("ping")
    assert ping is not None
    assert (ping.parameters, ping.description, ping.strict, ping.keys) == ({}, None, False, ())
    assert repr(tools) == "Tools(weather, Booking, book_table, ping, own)"
    assert Tools.of(tools) is tools
    assert Tools.of([CHAT]).names == ("weather",)
    assert len(Tools([])) == 0


def test_shares_the_schema_and_leaves_it_alone() -> None:
    before = repr(SCHEMA)
    (tool,) = Tools([CHAT])
    tool.parameter("city").read("x")
    assert tool.parameters is SCHEMA
    assert repr(SCHEMA) == before


def positional(a: int, /) -> None: ...


def variadic(*names: str, **rest: int) -> None: ...


def unheard(a: Unheard) -> None: ...  # type: ignore[name-defined]  # noqa: F821


@pytest.mark.parametrize(
    ("tools", "tool", "path"),
    [
        ([{}], None, "tools[0].name"),
        ([CHAT, {"type": "function"}], None, "tools[1].name"),
        ([{"type": "web_search"}], None, "tools[0].name"),
        ([{"type": "function", "function": "weather"}], None, "tools[0].function.name"),
        ([{"type": "function", "function": {"name": ""}}], None, "tools[0].function.name"),
        ([{"name": 3}], None, "tools[0].name"),
        ([{"name": "a", "description": ["x"]}], "a", "tools[0].description"),
        ([{"name": "a", "parameters": "{}"}], "a", "tools[0].parameters"),
        ([{"type": "function", "function": {"name": "a", "parameters": []}}], "a", "tools[0].function.parameters"),
        ([{"name": "a", "input_schema": True}], "a", "tools[0].input_schema"),
        ([{"name": "a", "inputSchema": 1}], "a", "tools[0].inputSchema"),
        ([CHAT, ANTHROPIC], "weather", "tools[1]"),
        (["weather"], None, "tools[0].name"),
        ([None], None, "tools[0].name"),
        ([int], None, "tools[0].name"),
        ([len], "len", "tools[0]"),
        ([positional], "positional", "tools[0]"),
        ([variadic], "variadic", "tools[0]"),
        ([unheard], "unheard", "tools[0]"),
        (CHAT, None, "tools"),
        ("weather", None, "tools"),
        (None, None, "tools"),
    ],
)
def test_malformed_tools_name_the_tool_and_the_path(tools: Any, tool: str | None, path: str) -> None:
    with pytest.raises(InvalidTools) as caught:
        Tools(tools)
    assert isinstance(caught.value, ValueError)
    assert (caught.value.tool, caught.value.path) == (tool, path)
    assert path in str(caught.value)
    assert tool is None or repr(tool) in str(caught.value)


def test_messages_say_what_was_expected() -> None:
    with pytest.raises(InvalidTools, match=r"^tool 'a', tools\[0\]\.parameters: expected a JSON Schema object, got a list$"):
        Tools([{"name": "a", "parameters": []}])
    with pytest.raises(InvalidTools, match=r"the name is taken by tools\[0\]"):
        Tools([CHAT, CHAT])
    with pytest.raises(InvalidTools, match=r"^tools\[0\]\.name: expected a non-empty string, got an empty one$"):
        Tools([{"name": ""}])


def test_tools_as_json_text() -> None:
    plain = Tools([CHAT, {**ANTHROPIC, "name": "other"}])
    texts = [json.dumps(CHAT), json.dumps({**ANTHROPIC, "name": "other"})]
    for given in (f"[{', '.join(texts)}]", texts, [CHAT, texts[1]]):
        assert list(Tools(given)) == list(plain)
    assert list(Tools(texts[0])) == list(plain)[:1]
    (tool,) = Tools([{"name": "f", "parameters": '{"properties": {"a": {"type": "int"}}}'}])
    assert tool.parameter("a").read("7") == ("7", None)
    assert parse('<tool_call>{"name": "f"}</tool_call>', "hermes", tools='[{"name": "f"}]').tool_calls[0].name == "f"


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("get_wether", "get_weather"),
        ("GetWeather", "get_weather"),
        ("get-weather", "get_weather"),
        ("get_weather", "get_weather"),
        ("LIST_FILE", "List_Files"),
        ("xyzzy", None),
        ("", None),
        ("get_weather" + "!" * 1_000_000, None),
    ],
)
def test_closest(wrong: str, right: str | None) -> None:
    assert Tools([{"name": "get_weather"}, {"name": "List_Files"}, {"name": "q"}]).closest(wrong) == right


def test_parameters_are_resolved_once() -> None:
    (tool,) = Tools([CHAT])
    assert tool.parameter("city") is tool.parameter("city")
    assert not tool.parameter("nowhere").declared


def test_keys_from_the_model_do_not_pile_up() -> None:
    (tool,) = Tools([{"name": "any", "parameters": {"additionalProperties": {"type": "integer"}}}])
    types = {id(tool.parameter(f"key{number}")) for number in range(5000)}
    assert len(types) == 1
    assert len(tool._types) == 1000
    assert tool.parameter("key4999").read("7") == ("7", None)


def test_declared_parameters_through_references_and_patterns() -> None:
    parameters = {
        "$ref": "#/$defs/Args",
        "$defs": {
            "Args": {"allOf": [{"properties": {"a": {"type": "integer"}}}, {"properties": {"b": {"type": "string"}}}]},
        },
        "patternProperties": {"^x-": {"type": "boolean"}},
    }
    (tool,) = Tools([{"name": "f", "parameters": parameters}])
    assert tool.keys == ("a", "b")
    assert [tool.declares(key) for key in ("a", "b", "x-ray", "c")] == [True, True, True, False]
    assert [tool.parameter(key).kinds for key in ("a", "b", "x-ray", "c")] == [("integer",), ("string",), ("boolean",), ()]


def test_parallel_tools_with_a_common_parameter_name_keep_their_own_types() -> None:
    tools = Tools(
        [{"name": name, "parameters": {"properties": {"id": {"type": kind}}}} for name, kind in (("f", "string"), ("g", "integer"))]
    )
    f, g = tools
    assert f.parameter("id").read("007") == ('"007"', None)
    assert g.parameter("id").read("7") == ("7", None)


@pytest.mark.parametrize("parameters", [{"properties": []}, {"properties": {"a": 3}}, {"type": 7}, {"$ref": 4}, {"type": "string"}])
def test_a_broken_schema_is_no_malformed_tool(parameters: dict[str, Any]) -> None:
    (tool,) = Tools([{"name": "f", "parameters": parameters}])
    assert tool.parameter("a").read("5") == ("5", None)
    assert not tool.parameter("a").declared
