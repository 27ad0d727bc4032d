"""What a user gets wrong is told in one sentence that says what to do."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

import toolparse
from toolparse import Message, MessageBuilder, Parser, Toolbox, formats, get_format, parse, repair


@pytest.mark.parametrize("text", [b"Hello", bytearray(b"Hello"), None, ["Hello"]])
def test_an_output_that_is_no_text(text: Any) -> None:
    with pytest.raises(TypeError, match=r"^the output is a str, not \w+: decode it first$"):
        parse(text, "hermes")


@pytest.mark.parametrize("fmt", [None, b"hermes", 7, get_format])
def test_a_format_that_is_none(fmt: Any) -> None:
    with pytest.raises(TypeError, match=r"^the format is a name or a Format, not [^\n]*lists them$"):
        parse("x", fmt)


@pytest.mark.parametrize("special", [None, True, False])
@pytest.mark.parametrize("fmt", [fmt.name for fmt in formats()])
def test_text_behind_the_end(fmt: str, special: bool | None) -> None:
    parser = Parser(fmt)
    parser.feed("Hello")
    parser.finish()
    for piece in (" world", "", "<"):
        with pytest.raises(ValueError, match=r"^this parser has finished: make a new Parser for each output$"):
            parser.feed(piece, special)
    assert parser.finish() == []


@pytest.mark.parametrize("wrong", ["tool", "unknown_tool", "max_depths"])
def test_an_option_that_is_none(wrong: str) -> None:
    options: dict[str, Any] = {wrong: None}
    with pytest.raises(TypeError, match=wrong):
        parse("x", "hermes", **options)


def test_parse_has_the_options_of_the_parser() -> None:
    of_parse, of_parser = inspect.signature(parse).parameters, inspect.signature(Parser).parameters
    assert {name: each for name, each in of_parse.items() if name not in ("text", "truncated", "repair")} == dict(of_parser)
    assert all(each.kind is not inspect.Parameter.VAR_KEYWORD for each in of_parse.values())


CALL = '<tool_call>{"name": "f", "arguments": {}}</tool_call>'
USES: list[tuple[Callable[[], object], str]] = [
    (lambda: Parser("hermes").feed(b"x"), "a piece of the output is a str, not bytes: decode it first"),  # type: ignore[arg-type]
    (lambda: Parser("hermes").feed(None), "a piece of the output is a str, not NoneType: decode it first"),  # type: ignore[arg-type]
    (lambda: parse(CALL, "hremes"), "no format is called 'hremes'; did you mean hermes"),
    (lambda: parse(CALL, "Qwen/Qwen3-8B"), "no format is called 'Qwen/Qwen3-8B'; did you mean hermes"),
    (lambda: parse(CALL, "hermes", prompt=[{"role": "user"}]), "the prompt is the text .*, not list: render it first"),  # type: ignore[arg-type]
    (lambda: parse(CALL, "hermes", tool_choice="always"), "unknown tool_choice 'always': use 'auto'"),
    (lambda: parse(CALL, "hermes", unknown_tools="raise"), "unknown_tools is one of keep, content, drop, not 'raise'"),  # type: ignore[arg-type]
    (lambda: parse(CALL, "hermes", max_depth="3"), "max_depth is a whole number of 0 or more, not '3'"),  # type: ignore[arg-type]
    (lambda: Parser("hermes", max_calls=None), "max_calls is a whole number of 0 or more, not None"),  # type: ignore[arg-type]
    (lambda: parse(CALL, "hermes", max_held=-1), "max_held is a whole number of 0 or more, not -1"),
    (lambda: parse(CALL, "hermes", new_id="call_1"), "new_id is a function that makes an id, not str"),  # type: ignore[arg-type]
    (lambda: parse(CALL, "hermes", reasoning=3), "reasoning is the name of a format or a Format, not int"),  # type: ignore[arg-type]
    (lambda: MessageBuilder().add(Parser("hermes").feed("x")), "one event is added at a time, not list"),  # type: ignore[arg-type]
    (lambda: Message.from_openai({"choices": []}), "a whole completion: give the message in it, `completion.choices"),
    (lambda: toolparse.align(parse(CALL, "hermes"), [(0, 1)]), "give `spans=True` to `parse`"),
    (lambda: toolparse.align(parse(CALL, "hermes", spans=True), [1, 2]), "texts or their offsets .*, not ids"),  # type: ignore[list-item]
    (
        lambda: toolparse.align(parse(CALL, "hermes", spans=True), [(0, 999)]),
        "behind the output's end at 53: give the tokens of the output",
    ),
    (lambda: parse("hermes", "On it.\n" + CALL), "by a text of 60 characters; the output goes first, then the name of its format"),
    (lambda: parse("hermes", CALL * 100), "by a text of 5300 characters; the output goes first"),
    (lambda: toolparse.detect(output=b"x"), "the output is a str, not bytes: decode it first"),  # type: ignore[arg-type]
    (lambda: toolparse.feedback("f", []), "about one call, such as message.tool_calls.0., not str"),  # type: ignore[arg-type]
    (lambda: toolparse.register({"name": "x"}), "a format is a toolparse.Format, not dict"),  # type: ignore[arg-type]
    (lambda: repair({"a": 1}), "a str of JSON-like text, not dict"),  # type: ignore[arg-type]
    (lambda: Toolbox("get_weather"), r"the tools are a list, such as \[get_weather\], not str"),
    (lambda: Toolbox(print), "the tools are a list, .* not builtin_function_or_method"),  # type: ignore[arg-type]
    (lambda: toolparse.Conversation(None, [], model="m"), "the client has the shape of openai.OpenAI or anthropic.Anthropic"),
    (lambda: toolparse.wrap(None, "hermes"), "the client is an openai.OpenAI or openai.AsyncOpenAI, not NoneType"),
]


@pytest.mark.parametrize(("use", "told"), USES, ids=[told[:40] for _, told in USES])
def test_each_is_told_in_one_line(use: Callable[[], object], told: str) -> None:
    with pytest.raises((TypeError, ValueError, LookupError), match=told) as raised:
        use()
    assert len(str(raised.value).splitlines()) == 1


@pytest.mark.parametrize("tools", [{"name": "f"}, "tools.json", ["f"], 3])
def test_tools_that_are_none_are_told_beside_the_call(tools: Any) -> None:
    """They are looked at when a call needs them, and then text may be on its way."""
    (problem,) = parse(CALL, "hermes", tools=tools).problems
    assert (problem.kind, problem.severity) == ("invalid_tools", "error")
    assert "expected a" in problem.message
