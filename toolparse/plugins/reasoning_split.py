"""An output in two: its reasoning, and the rest as it was written, for engines that hand the rest to a tool parser of their own choice.

Knows no engine. Where one parser can read both, this is not needed.
"""

from __future__ import annotations

from toolparse.events import CallStart, Content, Event, Reasoning
from toolparse.grammar import Format
from toolparse.parser import Parser


class ReasoningSplit:
    """Takes the text in pieces; says what of it is reasoning. From the first content or call on, all text is the rest.

    >>> from toolparse import get_format
    >>> split = ReasoningSplit(get_format("hermes"))
    >>> split.feed("<think>Hm.</think>Yes <tool")
    ('Hm.', 'Yes <tool')
    """

    def __init__(self, fmt: Format, prompt: str | None = None, thinking: bool | None = None) -> None:
        self._parser = Parser(fmt, prompt=prompt, thinking=thinking)
        self._waiting = ""
        self._fed = 0
        self.ended = False

    def feed(self, text: str) -> tuple[str, str]:
        """The reasoning and the rest that are certain now."""
        if self.ended:
            return "", text
        self._waiting += text
        self._fed += len(text)
        return self._split(self._parser.feed(text))

    def finish(self) -> tuple[str, str]:
        """The output has ended: what was held back."""
        return ("", "") if self.ended else self._split(self._parser.finish())

    def whole(self, text: str) -> tuple[str, str]:
        """The reasoning and the rest of all of an output."""
        reasoning, rest = self.feed(text)
        more, end = self.finish()
        return reasoning + more, rest + end

    def _split(self, events: list[Event]) -> tuple[str, str]:
        reasoning: list[str] = []
        rest: list[str] = []
        for event in events:
            if isinstance(event, CallStart):
                self.ended = True
                begin = len(self._waiting) - (self._fed - event.start)
                content = "".join(rest)  # its text stands in front of the call, and white space between them, which is no event
                at = self._waiting.rfind(content, 0, begin) if content else begin
                return "".join(reasoning), self._waiting[at:] if at >= 0 else content + self._waiting[begin:]
            if isinstance(event, Content):
                self.ended = True
                rest.append(event.text)
            elif isinstance(event, Reasoning):
                reasoning.append(event.text)
        held = self._parser.held
        self._waiting = self._waiting[-held:] if held else ""
        if self.ended:
            rest.append(self._waiting)
        return "".join(reasoning), "".join(rest)
