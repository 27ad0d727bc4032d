"""Running text as events: content and reasoning, with the white space between them.

White space beside a block is framing, unless content stands on both sides of it, and the ends of reasoning are stripped. So white space
is held until what follows it is known. This module knows nothing of markers, nor of the place in the turn; the machine tells it where
blocks begin and end.
"""

from __future__ import annotations

from toolparse.events import Content, Event, Reasoning
from toolparse.jsontext.held_text import HeldText
from toolparse.wire.call_watch import CallWatch
from toolparse.wire.fences import Fences

NOWHERE = -1
"""What `tag_space` is where no tag has been read that white space may belong to."""


class Block:
    """The text of the answer, or of one block of reasoning: `begun` says that some of it has been written.

    `space` is the white space behind that, on which what follows decides. `overflowed`: there was more of it than may be held, so it is
    text, as is what follows directly. `fence` follows code fences where these matter.
    """

    __slots__ = ("begun", "fence", "overflowed", "space")

    def __init__(self, fence: Fences | None) -> None:
        self.begun = False
        self.space = HeldText()
        self.overflowed = False
        self.fence = fence


class TextWriter:
    """Writes content and reasoning to `events`, which are those that have not been given out.

    `block` is what is being written: `answer`, or the block of reasoning that is open. `at_block`: a block borders what comes next.
    `thought`: some reasoning has been written. `tag_space` says from which piece of the white space that waits on it is part of the next
    tag or header, if one follows. `watch` keeps text that looks like a call. `code` are the backticks that opened the code in which content
    stands, in formats whose calls have no markers: three or more a fence, fewer inline code, which ends with its line.
    """

    __slots__ = ("answer", "at_block", "block", "code", "events", "tag_space", "thought", "watch")

    def __init__(self, follow_fences: bool) -> None:
        self.events: list[Event] = []
        self.answer = self.block = Block(Fences() if follow_fences else None)
        self.thought = False
        self.at_block = False
        self.tag_space = NOWHERE
        self.watch: CallWatch | None = None
        self.code = 0

    @property
    def thinking(self) -> bool:
        """Whether reasoning is open."""
        return self.block is not self.answer

    @property
    def in_code(self) -> bool:
        """Whether code is open, in which no damaged markup is a call."""
        fence = self.block.fence
        return bool(self.code) or (fence is not None and fence.inside)

    @property
    def keeps_space(self) -> bool:
        """Whether the white space in front of further text is part of it."""
        return self.block.begun or not (self.at_block or self.block is not self.answer)

    def say(self, text: str, end: int, with_space: bool = False) -> None:
        """Text of the answer, or of the reasoning block that is open; it ends at the output's offset `end`. `with_space`: so is the white
        space in front of it, whatever that borders."""
        block = self.block
        if block.space.pieces:
            keeps = with_space or self.keeps_space
            space = block.space.taken()
            text = space + text if keeps else text
        block.overflowed = False
        event: Event
        thinking = block is not self.answer
        if thinking:
            if self.thought and not block.begun:
                text = "\n" + text  # which joins the blocks
            self.thought = True
            event = Reasoning(text)
        else:
            self.at_block = False
            self.tag_space = NOWHERE
            if self.code and self.code < 3 and "\n" in text:
                self.code = 0
            event = Content(text)
        block.begun = True
        if block.fence is not None:
            block.fence.feed(text)
        self.events.append(event)
        if self.watch is not None:
            self.watch.add(text, end, thinking)

    def hold_space(self, text: str, end: int, most: int) -> bool:
        """White space, up to the offset `end`, whose meaning what follows decides; True if more than `most` characters wait: all of it
        is text now."""
        block = self.block
        if not block.overflowed and block.space.length + len(text) <= most:
            block.space.add(text)
            return False
        self.say(text, end, True)
        block.overflowed = True
        return True

    def say_space(self, space: str) -> None:
        """White space that has waited until the end of the output is the last of the content."""
        self.events.append(Content(space))

    def reasoning_opens(self, start: int, end: int) -> None:
        """The marker that opens reasoning stands here; who keeps places wants to know, as in `reasoning_closes`."""

    def reasoning_closes(self, end: int) -> None:
        """The same of the marker that closes it, which ends at `end`."""
        if self.watch is not None:
            self.watch.turn_to(False)

    def code_behind(self, run: int, on_line: bool) -> int:
        """`code` behind so many backticks in a row; `on_line`: they stand at the start of a line."""
        if self.code >= 3:
            return 0 if on_line and run >= self.code else self.code
        if run >= 3:
            return run if on_line else self.code
        return 0 if self.code == run else self.code or run

    def begin_tag_space(self) -> None:
        """White space from here on belongs to the tag or header that follows it, if one does."""
        self.tag_space = len(self.block.space.pieces)

    def drop_tag_space(self) -> None:
        """The tag or header has come."""
        if self.tag_space >= 0:
            self.block.space.keep(self.tag_space)

    def before_output(self, text: str) -> None:
        """Text that the prompt holds: it is not written, but the output goes on from it."""
        if self.block.fence is not None:
            self.block.fence.feed(text)
        if text.strip(" \t\r\n"):
            self.at_block = self.at_block and self.thinking

    def border(self) -> None:
        """A block begins or ends here: white space beside it is framing, unless content stands on both sides."""
        block = self.block
        self.at_block = True
        block.overflowed = False
        self.code = 0
        if block.fence is not None:
            block.fence.end_line()
        if not self.answer.begun:
            block.space.clear()

    def enter_reasoning(self) -> None:
        """A reasoning block opens."""
        self.block = Block(Fences() if self.answer.fence is not None else None)

    def leave_reasoning(self) -> None:
        """The reasoning block ends."""
        self.block = self.answer
        self.border()

    @property
    def flows(self) -> bool:
        """Whether text would simply be written as it is."""
        block = self.block
        if not block.begun or block.space.pieces or block.overflowed or self.code or block.fence is not None:
            return False
        return block is not self.answer or (not self.at_block and self.tag_space < 0)
