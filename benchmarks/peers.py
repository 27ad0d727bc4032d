"""Other libraries on the same texts, each made to look like a parser; those that are not installed are left out.

Two of them read JSON only, so they get the argument text of the call, cut out for them. They have no memory of a stream: to
follow one they read everything so far again at every piece, which is quadratic, so they follow only the small text, and read the
longer ones once, at the end.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Literal

from benchmarks.measure import Stream


@dataclass(frozen=True)
class Peer:
    """`reads`: the whole output of a hermes model, or only the JSON of the arguments. `largest`: the most characters to time."""

    name: str
    reads: Literal["output", "arguments"]
    largest: int
    make: Callable[[], Stream]


class ReadAgain:
    """Follows a stream by reading everything so far at every piece."""

    def __init__(self, read: Callable[[str], Any]) -> None:
        self.read = read
        self.text = ""

    def feed(self, piece: str) -> None:
        self.text += piece
        self.read(self.text)

    def finish(self) -> None:
        pass


class ReadOnce:
    """Follows nothing: reads the whole text at the end."""

    def __init__(self, read: Callable[[str], Any]) -> None:
        self.read = read
        self.parts: list[str] = []

    def feed(self, piece: str) -> None:
        self.parts.append(piece)

    def finish(self) -> None:
        self.read("".join(self.parts))


HERMES_TEMPLATE: dict[str, Any] = {
    "start_anchor": "<|im_start|>assistant\n",
    "fields": {
        "thinking": {"open": "<think>", "close": "</think>"},
        "tool_calls": {
            "open_pattern": "\\s*<tool_call>",
            "close": "</tool_call>",
            "repeats": True,
            "content": "json",
            "transform": {"type": "function", "function": "{content}"},
        },
        "content": {"close_pattern": "\\s*(?:<\\|im_end\\|>|<\\|endoftext\\|>)"},
    },
}
"""The hermes format as a response template, for transformers."""


class Transformers:
    """The response parser of transformers, which ends with `finalize`."""

    def __init__(self, template: Any) -> None:
        self.parser = import_module("transformers.utils.chat_parsing").ResponseParser(template, prefix="")
        self.feed = self.parser.feed

    def finish(self) -> None:
        self.parser.finalize()


def installed() -> list[Peer]:
    """The peers that can be timed here; the standard library's reader is the yardstick of the ones that read once."""
    small, medium, large = 2 << 10, 1 << 17, 2 << 20
    peers = [Peer("json.loads, once", "arguments", large, lambda: ReadOnce(json.loads))]
    if find_spec("partial_json_parser"):
        loads = import_module("partial_json_parser").loads
        peers.append(Peer("partial-json-parser, every piece", "arguments", small, lambda: ReadAgain(loads)))
        peers.append(Peer("partial-json-parser, once", "arguments", large, lambda: ReadOnce(loads)))
    if find_spec("json_repair"):
        repair = import_module("json_repair").loads
        peers.append(Peer("json-repair, every piece", "arguments", small, lambda: ReadAgain(repair)))
        peers.append(Peer("json-repair, once", "arguments", medium, lambda: ReadOnce(repair)))
    if find_spec("transformers"):
        template = import_module("transformers.utils.chat_parsing.response_templates").load_response_template(HERMES_TEMPLATE)
        peers.append(Peer("transformers response parser", "output", medium, lambda: Transformers(template)))
    return peers
