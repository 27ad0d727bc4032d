"""What a user gets wrong is told in one sentence that says what to do."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from toolparse import Parser, formats, get_format, parse


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
