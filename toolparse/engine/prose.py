"""What is said of running text: content and reasoning, with the white space between them.

White space beside a block is framing, unless content stands on both sides of it, and the ends of reasoning are stripped. So white space
waits in `gap` until what follows it is known. This module knows nothing of markers; the parser tells it where blocks begin and end.
"""

from __future__ import annotations

from toolparse.events import Content, Event, Reasoning
from toolparse.grammar import Frame
from toolparse.wire.call_watch import CallWatch
from toolparse.wire.fences import Fences


class Voice:
    """Says content and reasoning as events, and knows where in the turn the text stands.

    `fresh`: nothing but white space has been said since the output, or the answer behind its reasoning, began. `line`: nothing since
    the last line break. `spoke`: content has been said. `block`: a block borders what comes next. `again`: a reasoning block has just
    closed. `echo`: the prompt opened reasoning, whose opener the model may repeat. `frames` are the tags around the answer that may
    stand here. `fence` follows code fences where these matter. `code` are the backticks that opened the code in which content stands, in
    formats whose calls have no markers: three or more a fence, fewer inline code, which ends with its line.
    """

    __slots__ = (
        "again", "block", "code", "echo", "events", "fence", "frames", "fresh", "gap", "gap_length", "line", "max_held", "outer_fence",
        "outer_gap", "spilled", "spoke", "tagged", "thinking", "thinking_begun", "thought", "watch",
    )  # fmt: skip

    def __init__(self, max_held: int, follow_fences: bool) -> None:
        self.max_held = max_held
        self.events: list[Event] = []
        self.gap: list[str] = []
        self.gap_length = 0
        self.spilled = False
        self.outer_gap: list[str] = []
        self.fence = Fences() if follow_fences else None
        self.outer_fence = self.fence
        self.frames: tuple[Frame, ...] = ()
        self.thinking = False
        self.thinking_begun = False
        self.thought = False
        self.fresh = True
        self.line = True
        self.spoke = False
        self.block = False
        self.tagged = False
        self.again = False
        self.echo = False
        self.watch: CallWatch | None = None
        self.code = 0

    def say(self, text: str, end: int) -> None:
        """Text of the answer, or of the reasoning block that is open; it ends at the output's offset `end`."""
        if not text:
            return
        gap = "".join(self.gap) if self.gap else ""
        self.gap.clear()
        self.gap_length = 0
        self.spilled = False
        self.leave_edge()
        if self.thinking:
            if self.thinking_begun:
                text = gap + text
            elif self.thought:
                text = "\n" + text
            self.thinking_begun = self.thought = True
            event: Event = Reasoning(text)
        else:
            if gap and (self.spoke or not self.block):
                text = gap + text
            self.spoke = True
            self.block = self.tagged = False
            if self.code and self.code < 3 and "\n" in text:
                self.code = 0
            event = Content(text)
        if self.fence is not None:
            self.fence.feed(text)
        self.events.append(event)
        if self.watch is not None:
            self.watch.add(text, end, self.thinking)

    def leave_edge(self) -> None:
        """Text has begun: what may stand only at the start of the output or of a line may not stand here."""
        self.fresh = self.line = self.again = self.echo = False
        self.frames = ()

    def keep(self, text: str) -> None:
        """White space whose meaning what follows it decides. More of it than may be held is text, and so is all that follows directly."""
        self.gap.append(text)
        if "\n" in text:
            self.line = True
        self.gap_length += len(text)
        if self.spilled or self.gap_length > self.max_held:
            line = self.line
            text = "".join(self.gap)
            self.gap.clear()
            self.say(text, 0)
            self.line = line
            self.spilled = True

    def code_behind(self, run: int) -> int:
        """`code` behind so many backticks in a row."""
        if self.code >= 3:
            return 0 if self.line and run >= self.code else self.code
        if run >= 3:
            return run if self.line else self.code
        return 0 if self.code == run else self.code or run

    def drop_gap(self, start: int) -> None:
        """The white space from the piece `start` of the gap on is framing."""
        self.gap_length -= sum(map(len, self.gap[start:]))
        del self.gap[start:]

    def before_output(self, text: str) -> None:
        """Text that the prompt holds: it is not said, but the output goes on from it."""
        if self.fence is not None:
            self.fence.feed(text)
        if text.strip(" \t\r\n"):
            self.leave_edge()
            self.block = self.block and self.thinking
        elif "\n" in text:
            self.line = True

    def border(self) -> None:
        """A block begins or ends here: white space beside it is framing, unless content stands on both sides."""
        self.block = True
        self.spilled = False
        self.code = 0
        if self.fence is not None:
            self.fence.end_line()
        if not self.spoke:
            self.gap.clear()

    def enter_reasoning(self) -> None:
        self.outer_gap, self.gap = self.gap, []
        if self.fence is not None:
            self.outer_fence, self.fence = self.fence, Fences()
        self.thinking = True
        self.thinking_begun = False

    def leave_reasoning(self, frames: tuple[Frame, ...]) -> None:
        """The block ends; `frames` may stand behind it."""
        self.gap, self.outer_gap = self.outer_gap, []
        self.fence = self.outer_fence
        self.thinking = False
        self.fresh = not self.spoke
        self.line = True
        self.frames = frames
        self.border()

    @property
    def flows(self) -> bool:
        """Whether most text would simply be said as it is from here on."""
        if self.gap or self.spilled or self.code or self.fence is not None:
            return False
        return self.thinking_begun if self.thinking else self.spoke and not (self.fresh or self.line or self.block or self.tagged)
