"""Which parts of a piece of text came from special tokens, for engines that hand out token ids beside the text.

Knows a format's special tokens and a vocabulary; the parser decides what the answer means.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from toolparse.events import Event
from toolparse.grammar import Format
from toolparse.parser import Parser
from toolparse.plugins.readable_calls import ReadableCalls


class TokenRuns:
    """Splits the pieces of one output into runs, each with the `special` of `Parser.feed`.

    `vocabulary` gives the id of each token. If it lacks one of the format's special tokens, the tokenizer writes that one as
    ordinary text, so nothing can be told from ids and all runs are None. The same holds from the first piece on whose text lacks
    a special token that its ids have, an empty text among them: the engine holds text back, or leaves special tokens out.

    >>> from toolparse import get_format
    >>> runs = TokenRuns(get_format("dots"), {"<dots_function_call>": 7, "</dots_function_call>": 8})
    >>> runs.split("So <dots_function_call>", [1, 7])
    [('So ', None), ('<dots_function_call>', True)]
    >>> runs.split("<dots", [1, 2])
    [('<dots', False)]
    """

    def __init__(self, fmt: Format, vocabulary: Mapping[str, int]) -> None:
        tokens = fmt.special_tokens
        self._told = bool(tokens) and all(token in vocabulary for token in tokens)
        self._special = {vocabulary[token]: token for token in tokens} if self._told else {}
        self._first = frozenset(token[0] for token in tokens)

    def split(self, text: str, ids: Sequence[int]) -> list[tuple[str, bool | None]]:
        """The runs of a piece of text with the ids of its tokens."""
        if not self._told or not ids:
            return [(text, None)] if text else []
        runs: list[tuple[str, bool | None]] = []
        at = 0
        for token in [self._special[number] for number in ids if number in self._special]:
            found = text.find(token, at)
            if found < 0:
                self._told = False
                return [(text, None)] if text else []
            if found > at:
                runs.append(self._typed(text[at:found]))
            runs.append((token, True))
            at = found + len(token)
        if at < len(text):
            runs.append(self._typed(text[at:]))
        return runs

    def feed(self, parser: Parser | ReadableCalls, text: str, ids: Sequence[int]) -> list[Event]:
        """What the parser says of a piece of text with these tokens."""
        return [event for run, special in self.split(text, ids) for event in parser.feed(run, special)]

    def _typed(self, text: str) -> tuple[str, bool | None]:
        """Typed text without a character that begins a special token needs no word about it, and is read faster without."""
        return (text, None if self._first.isdisjoint(text) else False)
