"""Outputs that a trainer has as a whole, as token ids: their message, where it stands among the tokens, and the tokens that end a turn.

Knows tokenizers by what they can do, and no trainer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from toolparse.grammar import Format
from toolparse.message import Message, folded
from toolparse.parser import Parser
from toolparse.plugins.token_runs import TokenRuns
from toolparse.wire.spellings import spellings


def read_ids(parser: Parser, tokenizer: Any, ids: Sequence[int]) -> Message:
    """The message that these tokens are, with `output` their text and its spans; the parser must keep them."""
    text = decoded(tokenizer, ids)
    vocabulary = tokenizer.get_vocab() if hasattr(tokenizer, "get_vocab") else {}
    message = folded(TokenRuns(parser.format, vocabulary).feed(parser, text, ids) + parser.finish())
    message.output = text
    return parser.locate(message)


def presumed_prompt(fmt: Format, text: str) -> str | None:
    """What stands for the prompt of an output where a trainer gives none: "" where it is taken not to begin inside reasoning.

    That is in formats whose outputs may begin so, where nothing in the output closes any.
    """
    closers = [mark.strip() for pair in fmt.reasoning if pair.assumed for mark in spellings(pair.close)]
    return "" if closers and not any(mark in text for mark in closers) else None


def decoded(tokenizer: Any, ids: Sequence[int]) -> str:
    """The text of tokens, special ones included."""
    return str(tokenizer.decode(list(ids), skip_special_tokens=False))


def stop_ids(fmt: Format, tokenizer: Any) -> list[int]:
    """The ids of the tokens at which a model of this format hands over, as far as the tokenizer has them as one token."""
    vocabulary = tokenizer.get_vocab()
    return [vocabulary[mark] for mark in dict.fromkeys(mark.strip() for mark in fmt.stop) if mark in vocabulary]


def token_at(tokenizer: Any, ids: Sequence[int], offsets: Sequence[int]) -> list[int]:
    """For each character offset of the text, in rising order, the token in which it stands; the number of tokens for the text's end.

    Tokens are decoded together, since their texts alone need not add up to the whole: bytes of one character stand in several.
    """
    found: list[int] = []
    low = 0
    for offset in offsets:
        high = len(ids)
        while low < high:  # the last token before which no more than `offset` characters stand
            middle = (low + high + 1) // 2
            if len(decoded(tokenizer, ids[:middle]).rstrip("\ufffd")) <= offset:
                low = middle
            else:
                high = middle - 1
        found.append(low)
    return found
