"""Random walks over the token masks of an engine: they wander for a while, and then seek the closers, until the output may end."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from toolparse import Format
from toolparse.constrain.turns import closing
from toolparse.grammar import BareKeys, Elements, Envelope, Parameters
from toolparse.rendering.writers import canonical, written_part
from toolparse.wire.spellings import spellings

LIMIT = 800
"""Tokens of a walk before it is given up."""
FILLERS = (b",", b"0", b'"', b"'", b"1", b"true", b"null", b"e", b"a", b"[", b"{")
"""What ends soonest where nothing can be closed."""
PLAIN = (b'"', b"}", b"]", b"'", b")", b">", b":", b"=")


def closers(fmt: Format) -> list[bytes]:
    """What closes calls, values and reasoning in a format, as it is written; and what closes JSON, more often, as there is more of that."""
    found: list[str] = []
    often: list[str] = []
    for how in fmt.calls:
        body = how.body
        if isinstance(body, Parameters):
            behind_key = re.split(r"\{\w+\}", "".join(map(written_part, body.open)))[1:]
            often.append(canonical(body.trim) + canonical(body.close))
            found += [*spellings(body.close), *behind_key]
        elif isinstance(body, Elements):
            often.append(body.prefix + "</")
        elif isinstance(body, BareKeys):
            often.append(body.quote)
        wrapper = "" if how.wrapper is None else canonical(how.wrapper.close)
        last = body.listed[2] if isinstance(body, Envelope) and body.listed is not None else ""
        found += [last + closing(how) + wrapper, closing(how), wrapper, *(text for part in how.close for text in spellings(part))]
    if fmt.channels is not None:
        found += fmt.channels.ends
        found.append(fmt.channels.to.partition("{name}")[0])
    found += [text for pair in fmt.reasoning for text in spellings(pair.close)]
    return [text.encode() for text in (*dict.fromkeys(found), *often * 8) if text] + list(PLAIN) * 3


class Vocabulary:
    """The texts of a tokenizer's tokens, the special ones by their text, and the token that ends an output."""

    def __init__(self, tokens: list[bytes], special: dict[str, int], stop: int) -> None:
        self.tokens, self.special, self.stop = tokens, special, stop
        self.ids: dict[bytes, list[int]] = {}
        for number, token in enumerate(tokens):
            if token and number != stop:
                self.ids.setdefault(token, []).append(number)

    def beginnings(self, text: bytes) -> Iterator[int]:
        """The tokens that a text may begin with, the longest first."""
        for end in range(len(text), 0, -1):
            yield from self.ids.get(text[:end], ())


class Walk:
    """One output. `allowed` gives the mask behind the tokens so far, an array of booleans; `accept` takes the next token."""

    def __init__(self, vocabulary: Vocabulary, ends: list[bytes], allowed: Callable[[], Any], accept: Callable[[int], object]) -> None:
        self.vocabulary, self.ends, self.allowed, self.accept = vocabulary, ends, allowed, accept
        self.out = b""
        self.ids: list[int] = []

    def walk(self, random: Random, wander: int) -> bytes | None:
        """The text of the output; None when it has not come to an end."""
        pieces = [token for end in self.ends for token in self.vocabulary.beginnings(end)]
        for step in range(LIMIT):
            mask = self.allowed()
            if mask[self.vocabulary.stop] and (step >= wander or random.random() < 0.2 or mask.sum() == 1):
                return self.out
            token = self._wandering(mask, random, pieces) if step < wander else self._seeking(mask, random)
            self.accept(token)
            self.ids.append(token)
            self.out += self.vocabulary.tokens[token]
        return None

    def _wandering(self, mask: Any, random: Random, pieces: list[int]) -> int:
        known = [token for token in pieces if mask[token]] if random.random() < 0.3 else []
        return random.choice(known) if known else self._any(mask, random)

    def _seeking(self, mask: Any, random: Random) -> int:
        """A token that closes something. What closes in one place is plain text in another, so which is left to chance."""
        tail = self.out[-64:]
        begun = [(at, end) for end in self.ends for at in range(min(len(end) - 1, len(tail)), 0, -1) if tail.endswith(end[:at])]
        if begun and random.random() < 0.98:
            random.shuffle(begun)
            for at, end in sorted(begun, key=lambda item: -item[0]):
                token = self._first(end[at:], mask)
                if token is not None:
                    return token
        known = [token for end in self.ends if (token := self._first(end, mask)) is not None]
        known = known or [token for end in FILLERS if (token := self._first(end, mask)) is not None]
        return random.choice(known) if known else self._any(mask, random)

    def _first(self, text: bytes, mask: Any) -> int | None:
        """The longest token that a text may begin with here."""
        return next((token for token in self.vocabulary.beginnings(text) if mask[token]), None)

    def _any(self, mask: Any, random: Random) -> int:
        mask[self.vocabulary.stop] = False
        known = mask.nonzero()[0]
        assert len(known), f"no token may follow {self.out!r}"
        return int(known[random.randrange(len(known))])
