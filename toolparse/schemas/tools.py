"""Tool definitions of every shape, as one: OpenAI, Anthropic and MCP tools, pydantic model classes, plain functions.

What the parameters' schemas mean is for `schema`; whether arguments are valid is for `validate`. This module knows neither
formats nor output.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from toolparse.jsontext.partial import loaded
from toolparse.schemas.types import Type

if TYPE_CHECKING:
    from toolparse.grammar import Format
    from toolparse.schemas.lint import Finding

_SCHEMAS = ("parameters", "input_schema", "inputSchema")
_MAPPINGS = (dict, Mapping)  # a dict is known for one at once, the abstract class takes its time
_REMEMBERED = 1000  # keys come from the model, so there is no end of them
_LONGEST_NAME = 100  # that is compared with known names


class InvalidTools(ValueError):
    """A tool definition that cannot be used. `tool` is its name (None when it has none), `path` the place of the fault."""

    def __init__(self, tool: str | None, path: str, fault: str) -> None:
        super().__init__(f"{path}: {fault}" if tool is None else f"tool {tool!r}, {path}: {fault}")
        self.tool = tool
        self.path = path
        self.fault = fault

    def __reduce__(self) -> tuple[type[InvalidTools], tuple[str | None, str, str]]:
        return type(self), (self.tool, self.path, self.fault)


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool, as every API's definition of it comes down to.

    `parameters` is the JSON Schema of the arguments, `{}` when there is none; `source` the pydantic model class or the function
    that the tool was made from.
    """

    name: str
    description: str | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    strict: bool = False
    source: Callable[..., Any] | None = None
    _arguments: list[Type] = field(default_factory=list, init=False, repr=False, compare=False)  # one, once it is asked for
    _keys: list[tuple[str, ...]] = field(default_factory=list, init=False, repr=False, compare=False)  # the same
    _types: dict[str, Type] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __reduce__(self) -> tuple[type[Tool], tuple[Any, ...]]:
        """Without what has been worked out: a pickle of the same tool is always the same (`datasets` names its cache by it)."""
        return type(self), (self.name, self.description, self.parameters, self.strict, self.source)

    @property
    def arguments(self) -> Type:
        """The type of the arguments object, made when first asked for."""
        if not self._arguments:
            self._arguments.append(Type(self.parameters))
        return self._arguments[0]

    @property
    def keys(self) -> tuple[str, ...]:
        """The names of the declared parameters."""
        if not self._keys:
            self._keys.append(self.arguments.keys)
        return self._keys[0]

    def declares(self, key: str) -> bool:
        """Whether there is a parameter `key`, by name or by pattern."""
        return self.arguments.declares(key)

    def strange(self, keys: Iterable[str]) -> list[str]:
        """Those of the keys that are not among the properties, if the schema lists any; without a look at all that it says."""
        listed = self.parameters.get("properties")
        return sorted(key for key in keys if key not in listed) if isinstance(listed, dict) else []

    def parameter(self, key: str) -> Type:
        """The type of the parameter `key`; unknown when nothing describes it."""
        found = self._types.get(key)
        if found is None:
            found = (self._arguments[0] if self._arguments else self.arguments).property(key)
            if len(self._types) < _REMEMBERED:
                self._types[key] = found
        return found


class Tools:
    """The tools of a request. Made once, shared by any number of parsers, never changed.

    Takes OpenAI chat and Responses tools, Anthropic tools, MCP tools (dicts, an SDK's objects, or JSON text, as data sets have
    them), pydantic model classes and functions, mixed; the list may be JSON text itself. Raises `InvalidTools`.

    >>> tools = Tools([{"name": "add", "input_schema": {"properties": {"a": {"type": "integer"}}}}])
    >>> tools.get("add").parameter("a").read("7")
    ('7', None)
    """

    __slots__ = ("_tools", "names")

    names: tuple[str, ...]

    def __init__(self, tools: Iterable[object]) -> None:
        if isinstance(tools, str):
            read = loaded(tools)
            tools = [read] if isinstance(read, dict) else tools if read is None else read
        if isinstance(tools, (str, bytes, Mapping)) or not isinstance(tools, Iterable):
            raise InvalidTools(None, "tools", f"expected a list of tools, got {_article(tools)}")
        self._tools: dict[str, Tool] = {}
        for index, given in enumerate(tools):
            tool = _normalised(given, f"tools[{index}]")
            if tool.name in self._tools:
                first = list(self._tools).index(tool.name)
                raise InvalidTools(tool.name, f"tools[{index}]", f"the name is taken by tools[{first}]; names must differ")
            self._tools[tool.name] = tool
        self.names = tuple(self._tools)

    @classmethod
    def of(cls, tools: Tools | Iterable[object]) -> Tools:
        """`tools` themselves when they are `Tools`, else `Tools(tools)`."""
        return tools if isinstance(tools, cls) else cls(tools)

    def get(self, name: str) -> Tool | None:
        """The tool called `name`."""
        return self._tools.get(name)

    def closest(self, name: str) -> str | None:
        """The name that `name` was most likely meant to be, for a message; None when none is near."""
        import difflib

        folded = {known[:_LONGEST_NAME].lower(): known for known in self.names}
        near = difflib.get_close_matches(name[:_LONGEST_NAME].lower(), folded, n=1)
        return folded[near[0]] if near else None

    def lint(self, *formats: Format) -> list[Finding]:
        """What will go wrong with these definitions in these formats, by default in all of them; `str(finding)` is one line."""
        from toolparse.schemas.lint import lint

        return lint(self, formats or None)

    def __contains__(self, name: object) -> bool:
        return name in self._tools

    def __iter__(self) -> Iterator[Tool]:
        return iter(self._tools.values())

    def __len__(self) -> int:
        return len(self._tools)

    def __repr__(self) -> str:
        return f"Tools({', '.join(self.names)})"


class RequestTools:
    """The tools that a request brings, prepared at the first need; `given` are then `Tools`, for whoever asks next."""

    __slots__ = ("given",)

    def __init__(self, given: object) -> None:
        self.given = given

    def prepared(self) -> Tools | None:
        """The tools, or None without any. Raises `InvalidTools`, also for what can be looked at only once."""
        given = self.given
        if not given:
            return None
        if not isinstance(given, Tools):
            if not isinstance(given, list):
                raise InvalidTools(None, "tools", "to be looked at once")
            self.given = given = Tools(given)
        return given


def _normalised(given: object, path: str) -> Tool:
    if isinstance(given, str):
        read = loaded(given)
        given = read if isinstance(read, dict) else given
    if not isinstance(given, _MAPPINGS):
        if isinstance(given, Tool):
            return given
        if isinstance(given, type) and hasattr(given, "model_json_schema"):
            return _from_code(given, path, given.model_json_schema)
        if inspect.isroutine(given):
            return _from_code(given, path, lambda: _signature_schema(given))
    inner = _get(given, "function")
    if inner is None:
        return _from_definition(given, path)
    return _from_definition(inner, f"{path}.function")


def _from_definition(given: object, path: str) -> Tool:
    """A tool from a dict, or from an SDK's object with attributes of the same names."""
    name = _get(given, "name")
    if name is None:
        wanted = "expected an OpenAI, Anthropic or MCP tool, a pydantic model class or a function"
        raise InvalidTools(None, f"{path}.name", f"missing in {_article(given)}; {wanted}")
    if not isinstance(name, str) or not name:
        raise InvalidTools(None, f"{path}.name", f"expected a non-empty string, got {_article(name)}")
    description = _get(given, "description")
    if not (description is None or isinstance(description, str)):
        raise InvalidTools(name, f"{path}.description", f"expected a string, got {_article(description)}")
    parameters: dict[str, Any] = {}
    for word in _SCHEMAS:
        schema = _get(given, word)
        if schema is not None:
            if isinstance(schema, str):
                schema = loaded(schema) or schema
            if not isinstance(schema, _MAPPINGS):
                raise InvalidTools(name, f"{path}.{word}", f"expected a JSON Schema object, got {_article(schema)}")
            parameters = schema if isinstance(schema, dict) else dict(schema)
            break
    return Tool(name, description, parameters, _get(given, "strict") is True)


def _from_code(given: Any, path: str, make_schema: Callable[[], dict[str, Any]]) -> Tool:
    name = given.__name__
    try:
        schema = make_schema()
    except Exception as error:  # pydantic, and the annotations that it evaluates, raise many kinds
        fault = str(error).partition("\n")[0]
        raise InvalidTools(name, path, f"no JSON Schema can be made of it ({type(error).__name__}: {fault})") from error
    if schema.get("type", "object") != "object":
        raise InvalidTools(name, path, "arguments come by name, but it takes some by position only")
    return Tool(name, inspect.getdoc(given) if given.__doc__ else None, schema, source=given)


def _signature_schema(function: Any) -> dict[str, Any]:
    from pydantic import TypeAdapter

    if not inspect.ismethod(function):
        return TypeAdapter(function).json_schema()
    # Of a bound method pydantic looks up annotations that are strings in the wrong module, so it is given the function inside.
    inner: Any = function.__func__
    schema = TypeAdapter(inner).json_schema()
    bound = next(iter(inspect.signature(inner).parameters))
    schema.get("properties", {}).pop(bound, None)
    schema["required"] = [name for name in schema.get("required", ()) if name != bound]
    return schema


def _get(given: object, key: str) -> Any:
    return given.get(key) if isinstance(given, _MAPPINGS) else getattr(given, key, None)


def _article(value: object) -> str:
    if value == "":
        return "an empty one"
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"
