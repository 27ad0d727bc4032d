"""A CDATA section around a raw value, in formats whose values are not escaped: models write it all the same.

Knows nothing of how values are read.
"""

from __future__ import annotations

from toolparse.wire.value_markers import SECTION_END


class XmlSection:
    """The open section. `rest` is the last of its text, which may be its end; `goes_on`: there was an end with text behind it."""

    __slots__ = ("goes_on", "rest")

    def __init__(self) -> None:
        self.rest = ""
        self.goes_on = False

    def passed(self, text: str) -> str:
        """What belongs to the value for certain, of the text that was held and some more."""
        text = self.rest + text
        end = len(text) - next((size for size in (3, 2, 1) if text.endswith(SECTION_END[:size])), 0)
        self.rest, text = text[end:], text[:end]
        self.goes_on = self.goes_on or SECTION_END in text
        return text
