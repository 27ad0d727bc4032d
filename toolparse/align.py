"""Which tokens of an output are what: the spans of a message, mapped to tokens, and masks for a loss.

Knows a message and offsets, and no tokenizer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Union

from toolparse.message import Message

TokenField = Literal["content", "reasoning", "name", "arguments", "framing"]
FIELDS = ("content", "reasoning", "name", "arguments", "framing")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a token: `start` and `end` are offsets in the output, `part` the index in `message.parts`, None outside all parts."""

    field: TokenField
    part: int | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Alignment:
    """What `align` found. `pieces` has an entry for each token: what it consists of, in order; nothing for a token without text."""

    pieces: tuple[tuple[Piece, ...], ...]

    @property
    def fields(self) -> list[TokenField]:
        """The field of each token; of one that is split, the field of most of its characters (the first of equals)."""
        return [largest.field if (largest := _largest(pieces)) is not None else "framing" for pieces in self.pieces]

    @property
    def parts(self) -> list[int | None]:
        """The part of the message that each token belongs to."""
        return [largest.part if (largest := _largest(pieces)) is not None else None for pieces in self.pieces]

    @property
    def split(self) -> list[int]:
        """The tokens that lie across the boundary of a field, such as a quote that closes the arguments and the brace behind it."""
        return [at for at, pieces in enumerate(self.pieces) if len(pieces) > 1]

    def tokens(self, field: TokenField, part: int | None = None) -> list[int]:
        """The tokens with text of a field, split ones too; `part` asks for one part of the message only."""
        return [
            at
            for at, pieces in enumerate(self.pieces)
            if any(piece.field == field and (part is None or piece.part == part) for piece in pieces)
        ]

    def mask(self, *fields: TokenField, split: bool = True) -> list[bool]:
        """For each token whether it has text of one of the fields. `split=False`: only if all of it has.

        Raises `ValueError` for what is no field.
        """
        for field in fields:
            if field not in FIELDS:
                raise ValueError(f"unknown field {field!r}: choose of {', '.join(FIELDS)}")
        enough = any if split else all
        return [bool(pieces) and enough(piece.field in fields for piece in pieces) for pieces in self.pieces]


def align(message: Message, tokens: Sequence[Union[str, tuple[int, int]]]) -> Alignment:
    """Map what a message's output consists of to its tokens.

    `tokens` are the offsets `(start, end)` that a fast tokenizer gives (`return_offsets_mapping=True`), in characters of the output,
    or the tokens' texts, which together are the output. The message is one that knows where its parts stand: of
    `parse(..., spans=True)`, or of `Parser.locate`.

    >>> from toolparse import parse
    >>> message = parse('<tool_call>{"name": "f", "arguments": {"a": 1}}</tool_call>', "hermes", spans=True)
    >>> aligned = align(message, ["<tool_call>", '{"name', '": "', "f", '", "arguments": ', '{"a', '": 1', "}}", "</tool_call>"])
    >>> aligned.mask("arguments", "name")
    [False, False, False, True, False, True, True, True, False]
    >>> aligned.split
    [7]

    Raises `ValueError` where it is not known where a part stands, where the texts are not the output, and where offsets go back or lie
    behind its end.
    """
    for part in message.parts:
        if part.span is None:
            raise ValueError(
                "it is not known where the message's parts stand: give `spans=True` to `parse`, or to `Parser` and take its `locate`"
            )
    found_in = stretches(message)
    found = []
    first = 0
    last = 0
    for start, end in _offsets(message, tokens):
        if end < start or (start < last and start < end):
            raise ValueError(f"the offsets {start}, {end} go back behind {last}: give the tokens in the order of the text")
        pieces = []
        if start < end:
            last = start
            while first and found_in[first - 1].end > start:  # tokens of one character may have one place
                first -= 1
            while first < len(found_in) and found_in[first].end <= start:
                first += 1
            at, index = start, first
            while at < end and index < len(found_in):
                stretch = found_in[index]
                stop = min(end, stretch.end)
                if stop > at:
                    pieces.append(Piece(stretch.field, stretch.part, at, stop))
                    at = stop
                index += 1
            if at < end:
                pieces.append(Piece("framing", None, at, end))
        found.append(_joined(pieces))
    return Alignment(tuple(found))


def _offsets(message: Message, tokens: Sequence[Union[str, tuple[int, int]]]) -> list[tuple[int, int]]:
    """The tokens as offsets."""
    found: list[tuple[int, int]] = []
    at = 0
    for token in tokens:
        if isinstance(token, str):
            if message.output is not None and not message.output.startswith(token, at):
                raise ValueError(f"the token {token!r} is not the text at {at}, {message.output[at : at + 20]!r}: give the offsets instead")
            found.append((at, at + len(token)))
            at += len(token)
        else:
            if isinstance(token, int):
                raise TypeError("the tokens are their texts or their offsets (start, end) in the output, not ids")
            start, end = token
            if message.output is not None and end > len(message.output):
                raise ValueError(
                    f"the offsets {start}, {end} lie behind the output's end at {len(message.output)}: give the tokens of the output alone"
                )
            found.append((start, end))
    return found


def stretches(message: Message) -> list[Piece]:
    """The output from its start on, framing included, as far as the message says."""
    found: list[Piece] = []
    at = 0

    def frame(end: int, part: int | None) -> None:
        nonlocal at
        if end > at:
            found.append(Piece("framing", part, at, end))
            at = end

    spans = iter(message.spans)
    span = next(spans, None)
    for index, part in enumerate(message.parts):
        assert part.span is not None
        frame(part.span[0], None)
        while span is not None and span.part == index:
            frame(span.start, index)
            found.append(Piece(span.field, index, span.start, span.end))
            at = span.end
            span = next(spans, None)
        frame(part.span[1], index)
    return found


def _joined(pieces: list[Piece]) -> tuple[Piece, ...]:
    """Neighbours of one field and part as one: markers of a call and the framing around it are framing all the same."""
    out: list[Piece] = []
    for piece in pieces:
        if out and out[-1].field == piece.field and (piece.field == "framing" or out[-1].part == piece.part):
            out[-1] = Piece(piece.field, out[-1].part, out[-1].start, piece.end)
        else:
            out.append(piece)
    return tuple(out)


def _largest(pieces: tuple[Piece, ...]) -> Piece | None:
    return max(pieces, key=lambda piece: piece.end - piece.start, default=None)
