"""What the tests inside the engines share: vectors, chunkings and a tokenizer that needs no weights."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from toolparse import Message, Parser, get_format
from toolparse.message import folded
from toolparse.plugins.readable_calls import ReadableCalls, content_of, readable

FIXTURES = Path(__file__).parents[2] / "fixtures" / "vectors"
FORMATS = (
    "hermes", "llama3_json", "mistral", "deepseek_v3", "deepseek_v31", "qwen3_coder", "glm45", "kimi_k2", "minimax_m2", "pythonic",
)  # fmt: skip
CHUNKINGS = ("whole", "one delta", "by token", "by 4 characters")


def vectors(fmt: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FIXTURES / f"{fmt}.jsonl").read_text(encoding="utf-8").splitlines()]


def reports(engine: str) -> list[dict[str, Any]]:
    """What issue reports about this engine had, with what is expected."""
    lines = (FIXTURES.parent / "engine_reports.jsonl").read_text(encoding="utf-8").splitlines()
    return [case for line in lines if (case := json.loads(line))["where"] == engine]


class Tokenizer:
    """Words, and the format's special tokens as one token each. Every text survives a round trip.

    `told` says whether the vocabulary tells of the special tokens; if not, the text alone decides what a marker is.
    """

    def __init__(self, fmt: str, told: bool = True) -> None:
        self.told = told
        self.unknown: str | None = None
        """A special token that the vocabulary does not have after all."""
        known = get_format(fmt)
        self.special = sorted({*known.special_tokens, *known.stop, *known.turn}, key=len, reverse=True)
        self.pattern = re.compile("|".join([*map(re.escape, self.special), r"\s*\w{1,6}", r"\s+", r"."]), re.S)
        self.ids: dict[str, int] = {token: number for number, token in enumerate(self.special)}
        self.tokens = list(self.special)

    def get_vocab(self) -> dict[str, int]:
        return {token: number for token, number in self.ids.items() if token != self.unknown} if self.told else {}

    vocab = property(get_vocab)

    def encode(self, text: str, add_special_tokens: bool = False) -> list[int]:
        return [self._id(token) for token in self.pattern.findall(text)]

    def typed(self, text: str) -> list[int]:
        """The ids of a text that was typed: a special token's spelling is ordinary characters."""
        return [self._id("\0" + character) for character in text]

    def decode(self, ids: Any, skip_special_tokens: bool = False) -> str:
        ids = [ids] if isinstance(ids, int) else ids
        return "".join(self.tokens[number].removeprefix("\0") for number in ids)

    def _id(self, token: str) -> int:
        if token not in self.ids:
            self.ids[token] = len(self.tokens)
            self.tokens.append(token)
        return self.ids[token]


def deltas(text: str, chunking: str, tokenizer: Tokenizer) -> Iterator[tuple[str, list[int]]]:
    """The text in pieces with the ids of each; by characters, a token's id comes with its first one, as where text is held back."""
    ids = tokenizer.encode(text)
    if chunking == "by token":
        yield from ((tokenizer.decode([number]), [number]) for number in ids)
    elif chunking == "by 4 characters":
        begins: dict[int, list[int]] = {}
        at = 0
        for number in ids:
            begins.setdefault(at // 4, []).append(number)
            at += len(tokenizer.decode([number]))
        yield from ((text[at : at + 4], begins.get(at // 4, [])) for at in range(0, len(text), 4))
    else:
        yield text, ids


def result(content: str | None, reasoning: str | None, calls: list[tuple[str, str]]) -> dict[str, Any]:
    """An engine's answer in the shape in which answers are compared."""
    return {"content": content or None, "reasoning": reasoning or None, "calls": calls}


def complete(got: dict[str, Any]) -> dict[str, Any]:
    """The answer without the calls that the output has cut: in a stream they go as far as it does."""

    def whole(text: str) -> bool:
        try:
            json.loads(text)
        except ValueError:
            return False
        return True

    return {**got, "calls": [call for call in got["calls"] if whole(call[1])]}


def expected(fmt: Any, case: dict[str, Any], chunking: str = "whole", **options: Any) -> dict[str, Any]:
    """What a parser makes of a vector. Calls that are open or could not be read are content, unless a stream has passed them on."""
    if "prompt" not in options:
        options["prompt"] = prompt_of(fmt, case)
    parser = Parser(fmt, tools=case["tools"] or None, **options)
    events = parser.feed(case["text"]) + parser.finish()
    message: Message = folded(events)
    calls = [(call.name, call.arguments) for call in readable(message)]
    if chunking == "whole":
        return result(content_of(message, case["text"]), message.reasoning, calls)
    told = ReadableCalls(Parser(fmt, tools=case["tools"] or None, **options))
    return result(folded(told.feed(case["text"]) + told.finish()).content, message.reasoning, calls)


def prompt_of(fmt: str, case: dict[str, Any]) -> str:
    """A prompt's end: the opening of the assistant's turn, and what the template pre-fills."""
    turn = get_format(fmt).turn
    return (turn[0] if turn else "") + (case.get("prefill") or "")
