"""JSON with further ways to quote strings and with bare keys, where a format says so.

What stands between two delimiters is the string, verbatim: nothing in it is an escape. All else is read by the machine of
`json_text.py`, which takes bare keys anyhow and is only kept from calling them a fault. No delimiter begins with a quote: the
machine reads those itself.
"""

from __future__ import annotations

import re

from toolparse.codecs.envelopes import EnvelopeCalls
from toolparse.codecs.json_calls import NamedCall
from toolparse.codecs.json_text import JsonReader
from toolparse.grammar import Envelope, ValueText
from toolparse.jsontext.characters import SPACES, escaped
from toolparse.wire.markers import EndMarks
from toolparse.wire.open_call import OpenCall
from toolparse.wire.spellings import any_of, beginnings

_PLAIN = re.compile(r'["\\\x00-\x1f]').search


class LaxJson(JsonReader):
    """What the machine does otherwise. A string that only its own closing delimiter ends is `delimited`."""

    def speak(self, how: ValueText) -> None:
        self.pairs = dict(how.delimiters)
        self.opened = re.compile(any_of(self.pairs))
        self.opening = re.compile(beginnings(self.pairs))
        self.bare_keys = how.unquoted_keys
        self.closer = ""

    def repaired(self, kind: str, message: str, at: int) -> None:
        if kind == "unquoted_key" and self.bare_keys:
            return
        super().repaired(kind, message, at)

    def delimiter(self, at: int) -> int | None:
        """Where an opening delimiter ends that stands at `at`, blanks aside; `~at` when one may begin there, None when none
        does.
        """
        text = self.text
        here = SPACES.match(text, at).end()
        found = self.opened.match(text, here)
        if found is None:
            return ~here if not self.last and self.opening.match(text, here) else None
        self.closer = self.pairs[found[0]]
        self.begin_token(here)
        self.patch(here, found.end(), '"')
        return found.end()

    def value(self, at: int) -> int:
        end = self.delimiter(at)
        if end is None:
            return super().value(at)
        return self.delimited_begins(end)

    def delimited_begins(self, end: int) -> int:
        if end >= 0:
            self.state = self.delimited
            self.flow = _PLAIN if self.direct else None
        return end

    def before_key(self, at: int) -> int:
        end = self.delimiter(at)
        if end is None:
            return super().before_key(at)
        if end >= 0:
            self.state = self.delimited_key
            self.key_text = ""
        return end

    def delimited(self, at: int) -> int:
        end, closed = self.inside(at)
        self.patch(at, end, escaped(self.text[at:end]))
        if not closed:
            return ~end
        self.flow = None
        self.patch(end, end + len(self.closer), '"')
        self.ended()
        return end + len(self.closer)

    def delimited_key(self, at: int) -> int:
        end, closed = self.inside(at)
        key = escaped(self.text[at:end])
        self.key_text += key
        self.patch(at, end, key)
        if not closed:
            return ~end
        self.patch(end, end + len(self.closer), '"')
        self.state = self.colon
        return end + len(self.closer)

    def inside(self, at: int) -> tuple[int, bool]:
        """How far the string goes, and whether its closing delimiter follows there."""
        text = self.text
        end = text.find(self.closer, at)
        if end >= 0:
            return end, True
        if not self.last:
            for end in range(max(at, len(text) - len(self.closer) + 1), len(text)):
                if self.closer.startswith(text[end:]):
                    return end, False
        return len(text), False

    def completion(self, floor: int = 0) -> str:
        open_token = '"' if self.state == self.delimited else '": null' if self.state == self.delimited_key else ""
        return open_token + super().completion(floor)


class LaxNamedCall(LaxJson, NamedCall):
    """The arguments of one call whose name is known."""

    def __init__(self, call: OpenCall, ends: EndMarks, how: ValueText) -> None:
        NamedCall.__init__(self, call, ends)
        self.speak(how)


class LaxEnvelopeCalls(LaxJson, EnvelopeCalls):
    """Calls in an envelope."""

    def __init__(self, call: OpenCall, keys: Envelope, ends: EndMarks, how: ValueText) -> None:
        EnvelopeCalls.__init__(self, call, keys, ends, False)
        self.speak(how)
