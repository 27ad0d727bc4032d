"""Running text as events: content and reasoning, with the white space between them.

White space beside a block is framing, unless content stands on both sides of it, and the ends of reasoning are stripped. So white space
is held until what follows it is known. This module knows nothing of markers, nor of the place in the turn; the machine tells it where
blocks begin and end.
"""

from __future__ import annotations

from toolparse.events import Content, Event, Reasoning
from toolparse.wire.call_watch import CallWatch
from toolparse.wire.fences import Fences

NOWHERE = -1
"""What `tag_space` is where no tag has been read that white space may belong to."""


class TextWriter:
    """Writes content and reasoning to `events`, which are those that have not been given out.

    `pending_space` holds the white space that what follows decides on, `outer` that in front of open reasoning, with the fences there.
    `overflowed`: there was more of it than may be held, so it is text, as is what follows directly. `tag_space` says from which
    piece of it on it is part of the next tag or header, if one follows. `said`: content has been written. `at_block`: a block borders
    what comes next. `thinking`: reasoning is open; `thought_here`: and some of it has been written; `thought`: some has been, ever.
    `fence` follows code fences where these matter, `watch` keeps text that looks like a call. `code` are
    the backticks that opened the code in which content stands, in formats whose calls have no markers: three or more a fence, fewer
    inline code, which ends with its line.
    """

    __slots__ = (
        "at_block", "code", "events", "fence", "max_held", "outer", "overflowed", "pending_length", "pending_space",
        "said", "tag_space", "thinking", "thought", "thought_here", "watch",
    )  # fmt: skip

    def __init__(self, max_held: int, follow_fences: bool) -> None:
        self.max_held = max_held
        self.events: list[Event] = []
        self.pending_space: list[str] = []
        self.pending_length = 0
        self.overflowed = False
        self.fence = Fences() if follow_fences else None
        self.outer: tuple[list[str], Fences | None] = ([], self.fence)
        self.thinking = False
        self.thought_here = False
        self.thought = False
        self.said = False
        self.at_block = False
        self.tag_space = NOWHERE
        self.watch: CallWatch | None = None
        self.code = 0

    def say(self, text: str, end: int) -> None:
        """Text of the answer, or of the reasoning block that is open; it ends at the output's offset `end`."""
        space = self.pending_space
        before = ""
        if space:
            before = "".join(space)
            space.clear()
        self.pending_length = 0
        self.overflowed = False
        event: Event
        if self.thinking:
            if self.thought_here:
                text = before + text
            elif self.thought:
                text = "\n" + text  # which joins the blocks
            self.thought_here = self.thought = True
            event = Reasoning(text)
        else:
            if before and (self.said or not self.at_block):
                text = before + text
            self.said = True
            self.at_block = False
            self.tag_space = NOWHERE
            if self.code and self.code < 3 and "\n" in text:
                self.code = 0
            event = Content(text)
        if self.fence is not None:
            self.fence.feed(text)
        self.events.append(event)
        if self.watch is not None:
            self.watch.add(text, end, self.thinking)

    def hold_space(self, text: str, end: int) -> bool:
        """White space, up to the offset `end`, whose meaning what follows decides; True if it was too much to hold, and has become text."""
        self.pending_space.append(text)
        self.pending_length += len(text)
        if not self.overflowed and self.pending_length <= self.max_held:
            return False
        text = "".join(self.pending_space)
        self.pending_space.clear()
        self.say(text, end)
        self.overflowed = True
        return True

    def say_space(self, space: str) -> None:
        """White space that has waited until the end of the output is the last of the content."""
        self.events.append(Content(space))

    def reasoning_opens(self, start: int, end: int) -> None:
        """The marker that opens reasoning stands here; who keeps places wants to know, as in `reasoning_closes`."""

    def reasoning_closes(self, end: int) -> None: ...

    def code_behind(self, run: int, on_line: bool) -> int:
        """`code` behind so many backticks in a row; `on_line`: they stand at the start of a line."""
        if self.code >= 3:
            return 0 if on_line and run >= self.code else self.code
        if run >= 3:
            return run if on_line else self.code
        return 0 if self.code == run else self.code or run

    def begin_tag_space(self) -> None:
        """White space from here on belongs to the tag or header that follows it, if one does."""
        self.tag_space = len(self.pending_space)

    def drop_tag_space(self) -> None:
        """The tag or header has come."""
        if self.tag_space >= 0:
            self.pending_length -= sum(map(len, self.pending_space[self.tag_space :]))
            del self.pending_space[self.tag_space :]

    def before_output(self, text: str) -> None:
        """Text that the prompt holds: it is not written, but the output goes on from it."""
        if self.fence is not None:
            self.fence.feed(text)
        if text.strip(" \t\r\n"):
            self.at_block = self.at_block and self.thinking

    def border(self) -> None:
        """A block begins or ends here: white space beside it is framing, unless content stands on both sides."""
        self.at_block = True
        self.overflowed = False
        self.code = 0
        if self.fence is not None:
            self.fence.end_line()
        if not self.said:
            self.pending_space.clear()

    def enter_reasoning(self) -> None:
        """A reasoning block opens."""
        self.outer, self.pending_space = (self.pending_space, self.fence), []
        if self.fence is not None:
            self.fence = Fences()
        self.thinking = True
        self.thought_here = False

    def leave_reasoning(self) -> None:
        """The reasoning block ends."""
        self.pending_space, self.fence = self.outer
        self.outer = ([], self.fence)
        self.thinking = False
        self.border()

    @property
    def flows(self) -> bool:
        """Whether text would simply be written as it is."""
        if self.pending_space or self.overflowed or self.code or self.fence is not None:
            return False
        return self.thought_here if self.thinking else self.said and not self.at_block and self.tag_space < 0
