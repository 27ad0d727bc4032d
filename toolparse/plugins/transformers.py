"""A streamer for `model.generate` of Hugging Face transformers that gives events instead of text.

Used as transformers' own `TextIteratorStreamer`: `generate` runs in a thread and puts tokens, the caller iterates::

    streamer = EventStreamer(tokenizer, tools=tools)
    Thread(target=model.generate, kwargs={**inputs, "streamer": streamer}).start()
    for event in streamer:
        ...

The format is the one that is named, else the tokenizer's own: its `response_template`, or what its chat template tells. Nothing of
transformers is imported: `generate` asks a streamer for `put` and `end` and for nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from queue import SimpleQueue
from typing import Any

from toolparse.events import Event
from toolparse.formats import UnknownFormat
from toolparse.grammar import Format
from toolparse.parser import Parser
from toolparse.plugins.token_runs import TokenRuns

PROMPT_TOKENS = 1024
"""How many tokens of the prompt's end are looked at for where the output starts."""
CONTEXT_TOKENS = 6
"""How many tokens stand before those that are decoded."""


def format_of(tokenizer: Any) -> Format | str:
    """The format that a tokenizer tells of itself: its `response_template`, which is a format, or what its chat template shows.

    Raises `UnknownFormat` when neither tells one, and what `from_response_template` raises.
    """
    described = getattr(tokenizer, "init_kwargs", None) or {}
    template = getattr(tokenizer, "response_template", None) or described.get("response_template")
    if template:
        from toolparse.templates.response_template import from_response_template

        return from_response_template(template)
    from toolparse.detect import detect

    guess = detect(chat_template=getattr(tokenizer, "chat_template", None), model=getattr(tokenizer, "name_or_path", None) or None)
    if guess is None:
        raise UnknownFormat("neither a response_template nor the chat template tells the format: name one, EventStreamer(tokenizer, NAME)")
    return guess.format


class EventStreamer:
    """Takes tokens from `generate` and yields events, in another thread, until the output ends.

    `options` are those of `Parser`; `prompt` is not needed, since `generate` puts the prompt first (`prompt_comes_first` is false for
    encoder-decoder models and for callers who put only new tokens). `timeout` is how many seconds to wait for a token before
    `queue.Empty` is raised; None waits as long as it takes. One sequence at a time; more raise `ValueError`.
    """

    def __init__(
        self,
        tokenizer: Any,
        fmt: str | Format | None = None,
        *,
        prompt_comes_first: bool = True,
        timeout: float | None = None,
        **options: Any,
    ) -> None:
        self.tokenizer = tokenizer
        self.timeout = timeout
        self._fmt = format_of(tokenizer) if fmt is None else fmt
        self._options = options
        self._parser: Parser | None = None if prompt_comes_first else Parser(self._fmt, **options)
        self._runs: TokenRuns | None = None
        self._pending: list[int] = []
        self._context: list[int] = []
        self._queue: SimpleQueue[Event | None] = SimpleQueue()

    def put(self, value: Any) -> None:
        """Token ids: the prompt first, then the output as it comes. Called by `generate`."""
        ids: list[Any] = value.tolist() if hasattr(value, "tolist") else list(value)
        if ids and isinstance(ids[0], list):
            if len(ids) > 1:
                raise ValueError("EventStreamer reads one sequence: give generate a batch of one")
            ids = ids[0]
        if self._parser is None:
            self._options.setdefault("prompt", self._decode(ids[-PROMPT_TOKENS:]))
            self._parser = Parser(self._fmt, **self._options)
            return
        self._pending += ids
        text = self._new_text()
        if not text.endswith("\ufffd"):  # else a character's bytes are not complete yet
            self._take(text)

    def end(self) -> None:
        """The output has ended. Called by `generate`."""
        if self._pending:
            self._take(self._new_text())
        if self._parser is not None:
            self._send(self._parser.finish())
        self._queue.put(None)

    def __iter__(self) -> Iterator[Event]:
        return self

    def __next__(self) -> Event:
        event = self._queue.get(timeout=self.timeout)
        if event is None:
            raise StopIteration
        return event

    def _take(self, text: str) -> None:
        assert self._parser is not None
        if self._runs is None:
            self._runs = TokenRuns(self._parser.format, self.tokenizer.get_vocab())
        self._send(self._runs.feed(self._parser, text, self._pending))
        self._context = (self._context + self._pending)[-CONTEXT_TOKENS:]
        self._pending = []

    def _new_text(self) -> str:
        """The text of the pending tokens; some tokenizers write a token otherwise when none comes before it."""
        return self._decode(self._context + self._pending)[len(self._decode(self._context)) :]

    def _send(self, events: list[Event]) -> None:
        for event in events:
            self._queue.put(event)

    def _decode(self, ids: list[int]) -> str:
        return str(self.tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False))
