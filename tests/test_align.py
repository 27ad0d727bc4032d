"""Tokens and what they are: over all formats, with tokens cut in several ways."""

from __future__ import annotations

import re
from random import Random

import pytest
import strategies
from effort import some

from toolparse import Message, MessageBuilder, Parser, align, formats, get_format, parse
from toolparse.align import FIELDS, Alignment, Piece
from toolparse.testing import markers

_WORDS = re.compile(r"\s?\w{1,6}|\s+|[^\w\s]{1,3}")


def words(name: str, text: str) -> list[str]:
    """Tokens as a tokenizer makes them: a special token is one, other text goes in pieces of words and runs of punctuation."""
    special = sorted(get_format(name).special_tokens or markers(get_format(name)), key=len, reverse=True)
    pattern = re.compile("|".join([*map(re.escape, special), _WORDS.pattern]))
    return [found[0] for found in pattern.finditer(text)]


def cuts(text: str) -> list[str]:
    random = Random(text)
    tokens = []
    at = 0
    while at < len(text):
        size = random.randint(1, 9)
        tokens.append(text[at : at + size])
        at += size
    return tokens


def check(message: Message, tokens: list[str], aligned: Alignment) -> None:
    """Every character is in one piece, every token in one place or told as split, and the masks are the pieces."""
    text = message.output
    assert text is not None
    assert "".join(text[piece.start : piece.end] for pieces in aligned.pieces for piece in pieces) == text
    assert len(aligned.pieces) == len(aligned.fields) == len(aligned.parts) == len(tokens)
    for at, pieces in enumerate(aligned.pieces):
        assert "".join(text[piece.start : piece.end] for piece in pieces) == tokens[at]
        assert (at in aligned.split) == (len(pieces) > 1)
    places: dict[tuple[str, int | None], list[Piece]] = {}
    for pieces in aligned.pieces:
        for piece in pieces:
            places.setdefault((piece.field, piece.part), []).append(piece)
    for span in message.spans:
        mine = places.get((span.field, span.part), [])
        assert any(piece.start == span.start for piece in mine)
        assert sum(piece.end - piece.start for piece in mine) >= span.end - span.start
    for field in FIELDS:
        whole, any_of = aligned.mask(field, split=False), aligned.mask(field)
        assert [at for at, marked in enumerate(any_of) if marked] == aligned.tokens(field)
        assert all(marked or not inside for marked, inside in zip(any_of, whole, strict=True))
    assert aligned.mask(*FIELDS) == [bool(token) for token in tokens]
    assert aligned.mask() == [False] * len(tokens)


@pytest.mark.parametrize("name", [fmt.name for fmt in formats()])
def test_vectors(name: str) -> None:
    for case in some(strategies.vectors(get_format(name)), 1, name):
        text = case["text"]
        message = parse(text, name, tools=case["tools"], prompt=case["prefill"] or None, spans=True)
        for tokens in (words(name, text), cuts(text), list(text), [text]):
            aligned = align(message, tokens)
            check(message, tokens, aligned)
            offsets = []
            for token in tokens:
                start = offsets[-1][1] if offsets else 0
                offsets.append((start, start + len(token)))
            assert align(message, offsets) == aligned


def test_a_special_token_in_front_and_tokens_without_text() -> None:
    message = parse("Hi 🙂", "hermes", spans=True)
    aligned = align(message, [(0, 0), (0, 2), (2, 4), (4, 4), (3, 4), (3, 4)])  # some tokenizers give a character's bytes its place
    assert aligned.mask("content") == [False, True, True, False, True, True]
    assert aligned.fields == ["framing", "content", "content", "framing", "content", "content"]


def test_wrong_uses() -> None:
    message = parse("Hi", "hermes", spans=True)
    with pytest.raises(ValueError, match="unknown field 'argument'"):
        align(message, ["Hi"]).mask("argument")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="is not the text at 1"):
        align(message, ["H", "o"])
    with pytest.raises(ValueError, match="go back"):
        align(message, [(1, 2), (0, 1)])
    with pytest.raises(ValueError, match="locate"):
        align(Message(content="Hi"), ["Hi"])


def test_a_stream_is_aligned_too() -> None:
    parser = Parser("hermes", spans=True)
    builder = MessageBuilder()
    for event in [*parser.feed("<think>a"), *parser.feed("</think>b"), *parser.finish()]:
        builder.add(event)
    aligned = align(parser.locate(builder.message), ["<think>", "a</", "think>", "b"])
    assert aligned.fields == ["framing", "framing", "framing", "content"]
    assert aligned.mask("reasoning") == [False, True, False, False]
    assert aligned.parts == [0, 0, 0, 1]
