"""`constrain`: what an engine should let a model write, from the description that the parser reads and `render` writes by."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import lru_cache
from typing import Any, Literal

from toolparse.constrain.bodies import arguments, rules_for
from toolparse.constrain.tree import Grammar, Node, Rules
from toolparse.constrain.turns import Turn
from toolparse.engine.tool_choice import read_choice
from toolparse.formats import get_format
from toolparse.grammar import Calls, Format
from toolparse.message import Message, ToolCall
from toolparse.rendering.render import CannotRender, render
from toolparse.schemas.tools import Tool, Tools


class CannotConstrain(ValueError):
    """The request cannot be written in the format; the message says what is in the way."""


class Constraint:
    """What a model may write, for each engine's language. Each is made when first asked for, and then the same object.

    `grammar` is the neutral grammar, `left_out` says what the tools' schemas demand and the grammar does not hold the model to: one line
    each, with the tool and the place in its schema.
    """

    __slots__ = ("_written", "format", "grammar", "left_out", "tokens")

    def __init__(self, fmt: Format, grammar: Grammar, left_out: tuple[str, ...], tokens: Mapping[str, int] | tuple[str, ...]) -> None:
        self.format = fmt
        self.grammar = grammar
        self.left_out = left_out
        self.tokens = tokens
        self._written: dict[str, Any] = {}

    def structural_tag(self) -> dict[str, Any]:
        """The structural tag of xgrammar, vLLM and SGLang, as the JSON object that their API takes."""
        from toolparse.constrain.structural_tag import structural_tag

        tag: dict[str, Any] = self._once("structural tag", structural_tag)
        return tag

    def ebnf(self) -> str:
        """The grammar in xgrammar's EBNF. Tokens are named where `tokens` gives their ids."""
        from toolparse.constrain.ebnf import ebnf

        return str(self._once("ebnf", ebnf))

    def gbnf(self) -> str:
        """The grammar in llama.cpp's GBNF."""
        from toolparse.constrain.ebnf import gbnf

        return str(self._once("gbnf", gbnf))

    def lark(self) -> str:
        """The grammar in llguidance's dialect of Lark."""
        from toolparse.constrain.lark import lark

        return str(self._once("lark", lark))

    def _once(self, language: str, write: Callable[..., Any]) -> Any:
        if language not in self._written:
            self._written[language] = write(self.grammar, self.tokens)
        return self._written[language]

    def __repr__(self) -> str:
        return f"Constraint({self.format.name}, {len(self.grammar.rules)} rules)"


def constrain(
    fmt: str | Format,
    tools: Tools | Iterable[object],
    tool_choice: object = "auto",
    parallel: bool = True,
    strict: bool | None = None,
    reasoning: Literal["auto", "open", "none"] = "auto",
    tokens: Collection[str] | Mapping[str, int] | None = None,
) -> Constraint:
    """What the model may write in answer to a request.

    - `tool_choice`: as in the chat APIs. "auto" leaves text free until a call begins; "required", a named function and required
      allowed tools begin with a call, behind reasoning; a named function is called once.
    - `parallel=False`: the output ends with the first call.
    - `strict`: every object of the arguments has all of its properties and no others; None goes by each tool's own `strict`.
    - `reasoning`: "auto" allows a block in front, "open" says that the prompt has opened one, "none" that the engine keeps reasoning out
      of the grammar (vLLM and SGLang do), or that there is none.
    - `tokens`: the markers that are tokens of the model's tokenizer, with their ids where they are known; they are then named as tokens,
      so that no typed text opens a call. By default the format's special tokens; `()` writes every marker as text.

    >>> constrain("hermes", [{"name": "ping"}]).gbnf().startswith("root ::=")
    True

    Raises `UnknownFormat`, `InvalidTools`, `ValueError` for a `tool_choice` that is none, and `CannotConstrain`.
    """
    chosen = get_format(fmt) if isinstance(fmt, str) else fmt
    if not chosen.calls:
        raise CannotConstrain(f"{chosen.name} has no calls")
    known = Tools.of(tools)
    choice = read_choice(tool_choice)
    wanted = [tool for tool in known if choice.allowed is None or tool.name in choice.allowed]
    if choice.mode == "required" and not wanted:
        named = (
            f"tool_choice names {choice.name!r}, which is none of the tools" if choice.name else "a call is required, but there is no tool"
        )
        raise CannotConstrain(named)
    rules = Rules()
    left_out: dict[str, None] = {}
    how = way_for(chosen, wanted)
    calls: dict[str, Node] = {}
    for tool in wanted:
        schema = rules_for(how)(rules, tool.parameters, tool.strict if strict is None else strict, _note(left_out, tool))
        calls[tool.name] = rules.rule(tool.name, arguments(chosen, how, tool, schema))
        schema.finish()
    turn = Turn(rules, chosen, how, calls, parallel and choice.name is None)
    grammar = rules.grammar(turn.whole(choice.mode, reasoning))
    named_tokens: Any = chosen.special_tokens if tokens is None else tokens
    return Constraint(chosen, grammar, tuple(left_out), named_tokens if isinstance(named_tokens, Mapping) else tuple(named_tokens))


def remembered(
    fmt: Format,
    tools: Tools | Iterable[object],
    tool_choice: object,
    parallel: bool,
    reasoning: Literal["auto", "open", "none"],
    tokens: Mapping[str, int] | tuple[str, ...],
) -> Constraint:
    """As `constrain`; the constraints of the last requests are kept, as those of one client mostly bring the same tools."""
    known = Tools.of(tools)
    asked = [[[tool.name, tool.parameters, tool.strict] for tool in known], tool_choice, parallel, reasoning, tokens]
    try:
        key = json.dumps(asked)
    except (TypeError, ValueError, RecursionError):
        return constrain(fmt, known, tool_choice, parallel, None, reasoning, tokens)
    return _made(fmt, key, isinstance(tokens, Mapping))


@lru_cache(maxsize=64)
def _made(fmt: Format, key: str, numbered: bool) -> Constraint:
    definitions, tool_choice, parallel, reasoning, tokens = json.loads(key)
    tools = [{"name": name, "parameters": parameters, "strict": own} for name, parameters, own in definitions]
    return constrain(fmt, tools, tool_choice, parallel, None, reasoning, tokens if numbered else tuple(tokens))


def _note(left_out: dict[str, None], tool: Tool) -> Any:
    return lambda what: left_out.setdefault(f"{tool.name}: {what}")


def way_for(fmt: Format, tools: list[Tool]) -> Calls:
    """The way to write calls that `render` takes for these tools: the first that can write their names and keys."""
    odd = [tool for tool in tools if not all(map(is_plain, (tool.name, *tool.keys)))]
    for how in fmt.calls:
        if all(can_write(fmt, how, tool) for tool in odd):
            return how
    fault = next(tool for tool in odd if not can_write(fmt, fmt.calls[0], tool))
    raise CannotConstrain(f"{fmt.name} cannot write a call to {fault.name!r} with the keys of its schema; rename what is no plain word")


def is_plain(name: str) -> bool:
    """Whether every format can write a name: letters, digits and underlines, a letter first."""
    return name.isascii() and name.isidentifier()


def can_write(fmt: Format, how: Calls, tool: Tool) -> bool:
    """Whether a call to the tool is read back as it was written. The engine decides, as it does for `render`."""
    call = ToolCall(name=tool.name, arguments="{}")
    try:
        render(Message(tool_calls=[call]), fmt.variant(calls=(how,)), tools=Tools([tool]))
    except CannotRender:
        return False
    return True
