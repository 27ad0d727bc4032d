"""The contract that SGLang and LightLLM share: a detector reads a text, whole or in pieces, into normal text and call items.

The engines' result types are class attributes, so this module imports no engine. State is made at first use: the constructors are the
engines' own.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, ClassVar

from toolparse.events import CallArguments, CallEnd, CallStart, Content, Event, Reasoning
from toolparse.grammar import Format, Part
from toolparse.grammar import Reasoning as ReasoningMarkers
from toolparse.message import Message, folded
from toolparse.parser import Parser
from toolparse.plugins.readable_calls import ReadableCalls, content_of, readable
from toolparse.plugins.reports import report
from toolparse.wire.spellings import may_be_missing, spellings

_SLOT = re.compile(r"\{[a-z]+\}")
COUNTED = ("kimi_k2", "kimi_k3")
"""The formats in which the engines make the id of a call of its `tool_index`, which therefore counts the calls of an output."""


@cache
def calls_only(fmt: Format) -> Format:
    """The format with reasoning as plain content: the engine has taken it out before. Channels keep theirs: they are routed by it.

    The markers of reasoning are then text even where they are tokens of their own.
    """
    if fmt.channels:
        return fmt
    markers = {text.strip() for pair in fmt.reasoning for marker in (pair.open, pair.close) for text in spellings(marker)}
    return fmt.variant(reasoning=(), special_tokens=tuple(token for token in fmt.special_tokens if token not in markers))


def marked(fmt: Format, opener: str, closer: str) -> Format:
    """The format with the reasoning that an engine's pair of markers makes."""
    known = (opener.strip(), closer.strip())
    if any(known[0] in spellings(pair.open) and known[1] in spellings(pair.close) for pair in fmt.reasoning):
        return fmt
    return fmt.variant(reasoning=(ReasoningMarkers(opener, closer),))


@cache
def asked_for(fmt: Format) -> tuple[str, ...]:
    """The characters that begin what is a call if its tool is declared, damaged markup among it: a text with such a call has one."""
    heads: set[str] = set()
    for calls in fmt.calls:
        for opening in (calls.open, *calls.also):
            heads |= {head for head in _heads(opening) if not head.isalnum()}
    if fmt.channels and "{name}" in fmt.channels.to:
        heads.add(fmt.channels.to.partition("{name}")[0].strip())
    return tuple(sorted(heads - {""}))


def _heads(opening: tuple[Part, ...]) -> set[str]:
    """The characters that an opening can begin with, names aside; those of a JSON text if it has no marker."""
    heads: set[str] = set()
    for part in opening:
        texts = [_SLOT.sub("", text).strip() for text in spellings(part)]
        heads |= {text[0] for text in texts if text}
        if all(texts) and not may_be_missing(part):
            return heads
    return heads | {"{", "["}


class Detector:
    """A detector's methods over `Parser`. Mixed into an engine's own detector class, which keeps all that is about constraints."""

    toolparse_format: ClassVar[Format]
    result_type: ClassVar[Any]
    item_type: ClassVar[Any]
    prev_tool_call_arr: list[dict[str, Any]]
    streamed_args_for_tool: list[str]
    current_tool_id: int
    current_tool_name_sent: bool
    counts_calls: ClassVar[bool] = False
    """Whether the index of a call of a whole text counts the calls, too."""
    request_tools: Any = None
    """The tools of the request, from an engine that tells them before it asks for calls."""
    _reading: ReadableCalls | None = None

    def has_tool_call(self, text: str) -> bool:
        """Whether the text is worth `detect_and_parse`. Where the tools are not known what may be a call to one of them counts."""
        if self.request_tools is not None:
            return bool(readable(self._whole(text, self.request_tools)[0]))
        return any(head in text for head in asked_for(self.toolparse_format)) or bool(self._whole(text, None)[0].tool_calls)

    def detect_and_parse(self, text: str, tools: Any) -> Any:
        """The calls of a whole text; `tool_index` is the tool's place in the request, as the engines have it here."""
        message, events = self._whole(text, tools)
        report(events)
        places = {tool.function.name: place for place, tool in enumerate(tools or ())}
        calls = [
            self.item_type(tool_index=count if self.counts_calls else places.get(call.name, -1), name=call.name, parameters=call.arguments)
            for count, call in enumerate(readable(message))
        ]
        return self.result_type(normal_text=content_of(message, text) or "", calls=calls)

    def parse_streaming_increment(self, new_text: str, tools: Any) -> Any:
        """What a piece brings; `tool_index` counts the calls of the output, as the engines have it here."""
        if self._reading is None:
            self._reading = ReadableCalls(self._parser(tools))
        return self._said(self._reading.feed(new_text))

    def finish(self, tools: Any) -> Any:
        """The stream has ended: what was held back."""
        if self._reading is None:
            return self.result_type()
        events = self._reading.finish()
        report(events)
        return self._said(events)

    def unknown_tools(self) -> Any:
        """What becomes of a call to a tool that the request does not have, in the words of `Parser`."""
        return "keep"

    def note_call(self, name: str) -> None:
        """Keep the engine's list of calls. Its serving layer adds what has not been streamed, which is nothing: no arguments are kept."""
        self.prev_tool_call_arr.append({"name": name, "arguments": ""})

    def _parser(self, tools: Any) -> Parser:
        return Parser(calls_only(self.toolparse_format), tools=tools or None, prompt="", unknown_tools=self.unknown_tools())

    def _whole(self, text: str, tools: Any) -> tuple[Message, list[Event]]:
        parser = self._parser(tools)
        events = parser.feed(text) + parser.finish()
        # Reasoning that is told here is that of channels, which no reasoning parser has taken out.
        return folded(Content(event.text) if isinstance(event, Reasoning) else event for event in events), events

    def _said(self, events: list[Event]) -> Any:
        texts: list[str] = []
        items: dict[int, dict[str, Any]] = {}
        arguments: dict[int, list[str]] = {}
        for event in events:
            match event:
                case Content(text) | Reasoning(text):
                    texts.append(text)
                case CallStart(index, _, name):
                    items[index] = {"tool_index": index, "name": name, "parameters": ""}
                    self.current_tool_id = index
                    self.current_tool_name_sent = True
                    self.streamed_args_for_tool.append("")
                    self.note_call(name)
                case CallArguments(index, text):
                    items.setdefault(index, {"tool_index": index, "parameters": ""})
                    arguments.setdefault(index, []).append(text)
                case CallEnd():
                    self.current_tool_name_sent = False
        for index, parts in arguments.items():
            items[index]["parameters"] = "".join(parts)
        return self.result_type(normal_text="".join(texts), calls=[self.item_type(**item) for item in items.values()])
