"""What is known of the turn that is being read, and the one function that asks what stands at a position.

Theory of operation. A *state* is a function that takes a position in the text and returns how far it got; `~position` says that the text
behind it must wait for more. There are few of them:

    running ──row: a call──> (before arguments) ──> call ──> behind call ──row: a call──> call ...
       │                                              │           │
       │  <── it is no call: its text is given back ──┘           └──anything else──> running
       ├──row: stop──> stopped ──other text──> running
       └──row: end of a message──> header ──> running

- *Running* text (`running.py`) is content, or reasoning. At its start the rows that are anchored to the place are looked up, and then one
  search finds the next marker of a row that floats there, or what may become one.
- In a *call* (`openings.py`, `calls.py`) the codec of the format's arguments reads. A call whose name is still to come is tentative: its
  text is kept, and comes back as running text when the codec rejects it.
- *Behind a call* (`behind_calls.py`) closers are framing, and the next call may follow at once.
- *Stopped* holds a stop token with what blanks and stop tokens follow, which are text only if other text follows.
- A *header* (`messages.py`) is read where one may stand, in formats of messages.

What stands at a position is decided in one function, `Turn.what_stands`, from rows of the table (`table.py`); a row that matches names its
*action* (`actions.py`), and an action changes the *place* (which rows count from there on), the state, and what is *armed* (rows that
count only once, such as the late closer of reasoning that a call has ended). No rule here is about one format. White space beside blocks
is the writer's business (`prose.py`), what a call means the codecs' (`codecs/`) and `open_call.py`'s. How the text arrives is not known
here, nor what the states and the actions are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

from toolparse.codecs.echo import Repetition
from toolparse.engine.prose import TextWriter
from toolparse.engine.shortcuts import Shortcut
from toolparse.engine.table import Behind, Closer, Place, Row, Rows, Table
from toolparse.engine.tool_choice import Choice
from toolparse.events import Problem
from toolparse.grammar import Reasoning
from toolparse.jsontext.characters import SPACE
from toolparse.jsontext.held_text import HeldText
from toolparse.wire.markers import Head
from toolparse.wire.open_call import OpenCall
from toolparse.wire.spellings import spellings
from toolparse.wire.token_runs import Runs

_DAMAGED_END = (Row("", "damaged end"),)


class Opened:
    """The call that was opened last, by `row`, and how far what stands behind it has been read.

    While it is tentative, `before` is the one in front of it and `raw` its text up to the piece at hand; a repetition is kept there, too.
    `inside`: its wrapper is still open. `closer` is the place of the last of its closers that was read, `closed` says that no other is due,
    `around` that signs stand around one. `repeated` is the call's text where that may stand again, `bracket` the place of one right behind
    a call without arguments.
    """

    __slots__ = ("around", "before", "behind", "bracket", "closed", "closer", "inside", "raw", "repeated", "row")

    def __init__(self, row: Row, inside: bool, before: Opened | None) -> None:
        self.row = row
        self.before = before
        self.raw: list[str] = []
        self.behind: Behind = row.of
        self.inside = inside
        self.closer = 0
        self.closed = False
        self.around = False
        self.bracket = -1
        self.repeated: Repetition | None = None


class Turn:
    """One turn as far as it has been read: `text` from the offset `base` on; `state` and `place` say where it stands.

    `sink` takes the calls, `writer` content and reasoning. `armed` holds what counts once: the frame that is open, a late closer, reasoning
    that goes on behind a call, the unknown suffix, the state behind a header's end, "object" behind the beginning of one that is no call.
    `opened` is the call that was opened last, `reader` the codec that reads it. `kept` is text that waits behind a call or a stop token.
    `rejected` is where an opening was no call, and the rows that may still count there. `text_first`: content came before the first call.
    `runs` is what an engine said of tokens, `shortcut` that of text that only waits. `does` has the actions by their words.
    """

    __slots__ = (
        "armed", "base", "choice", "kept", "opened", "place", "reader", "rejected", "runs", "shortcut", "sink", "state", "table", "text",
        "text_first", "writer",
    )  # fmt: skip

    does: ClassVar[Mapping[str, Action]]

    def __init__(self, known: Table, choice: Choice, sink: OpenCall, writer: TextWriter, first: State) -> None:
        self.table = known
        self.choice = choice
        self.sink = sink
        self.writer = writer
        self.state = first
        self.place: Place = known.first
        self.shortcut: Shortcut | None = None
        self.text = ""
        self.base = 0
        self.armed: dict[str, Any] = {}
        self.kept = HeldText()
        self.rejected: tuple[int, Rows] | None = None
        self.reader: Any = None
        self.opened: Opened | None = None
        self.text_first = False
        self.runs: Runs | None = None
        if known.suffixes is not None:
            self.armed["suffix"] = True
        if known.tagged or known.headers is not None:
            writer.begin_tag_space()
        sink.begun = self.call_begun

    def what_stands(self, rows: Iterable[Row], at: int, last: bool) -> int | None:
        """Do what the first row says that counts at `at`. None when none does, `~at` when more text must tell."""
        text = self.text
        for row in rows:
            if row.once and row.once not in self.armed:
                continue
            marker = row.marker
            if isinstance(marker, Head):
                done = self.does[row.does](self, row, at, at, last)
            elif isinstance(marker, Closer):
                done = self.closer_at(row, marker, at, last)
            else:
                end = at + len(marker)
                if text.startswith(marker, at):
                    if self.runs is not None and self.is_typed(at, end):
                        continue
                    done = self.does[row.does](self, row, at, end, last)
                elif not last:
                    if not marker.startswith(text[at:end]):
                        continue
                    self.shortcut = row.waiting
                    return ~at
                else:
                    done = self.cut_off(row, marker, at) if row.cut else None
            if done is not None:
                return done
        return None

    def closer_at(self, row: Row, closer: Closer, at: int, last: bool) -> int | None:
        """The same for a closer of a call."""
        found = closer.full.match(self.text, at)
        if found is not None:
            return self.does[row.does](self, row, at, found.end(), last)
        if last or not closer.partial.match(self.text, at):
            return None
        self.shortcut = row.waiting
        return ~at

    def cut_off(self, row: Row, marker: str, at: int) -> int | None:
        """The end of the output may cut the marker at `at`."""
        rest = self.text[at:]
        if not is_cut(rest, (marker,)):
            return None
        if row.cut == "dropped":
            self.drop_fragment(at)
        elif not self.is_fragment(rest, at):
            return None
        return ~len(self.text)

    def say(self, start: int, end: int) -> None:
        """The text from `start` to `end` is content, or reasoning when a block is open; what of it the prompt holds is not said."""
        if self.base < 0:
            start = self.past_prompt(start, end)
        if start < end:
            self.writer.say(self.text[start:end], self.base + end)
            self.place = self.place.behind_text

    def hold_space(self, start: int, end: int) -> None:
        """The white space from `start` to `end` waits, but what of it the prompt holds."""
        if self.base < 0:
            start = self.past_prompt(start, end)
        if start < end:
            self.hold(self.text[start:end], self.base + end)

    def hold(self, space: str, end: int) -> None:
        place = self.place
        line_break = "\n" in space
        if self.writer.hold_space(space, end, self.sink.rules.max_held):
            line_break = line_break or place.on_line
            place = place.behind_text
        self.place = place.behind_break if line_break else place.behind_space

    def write(self, text: str, start: int) -> None:
        """Text that has waited, from the offset `start` on: the white space at its ends waits on."""
        body = text.strip(SPACE)
        blanks = len(text) - len(text.lstrip(SPACE))
        if blanks:
            self.hold(text[:blanks], start + blanks)
        if body:
            self.writer.say(body, start + blanks + len(body))
            self.place = self.place.behind_text
        if blanks + len(body) < len(text):
            self.hold(text[blanks + len(body) :], start + len(text))

    def write_kept(self, at: int) -> None:
        """What was kept behind a call, up to `at`, is no framing."""
        kept, self.kept = self.kept, HeldText()
        start = self.base + at - kept.length
        for text in kept.pieces:
            self.write(text, start)
            start += len(text)

    def past_prompt(self, start: int, end: int) -> int:
        """Where the output begins in the text from `start` to `end`."""
        begin = max(start, min(end, -self.base))
        text = self.text[start:begin]
        self.writer.before_output(text)
        if text.strip(SPACE):
            self.place = self.place.behind_text
        elif "\n" in text:
            self.place = self.place.behind_break
        return begin

    def problem(self, kind: str, message: str, at: int, error: bool = False) -> None:
        self.writer.events.append(Problem(kind, message, None, max(self.base + at, 0), "error" if error else "warning"))

    def enter_reasoning(self, pair: Reasoning) -> None:
        if self.text:
            self.armed.pop("suffix", None)
        self.armed.pop("late", None)
        self.armed.pop("resume", None)
        self.writer.enter_reasoning()
        self.place = self.table.thinking(pair, "echo" if self.place.on_line else "thinking")

    def leave_reasoning(self, kind: str = "") -> None:
        """Reasoning ends, by its own closer in the place `kind`."""
        writer = self.writer
        writer.leave_reasoning()
        kind = "resumed" if writer.answer.begun else kind or ("answer" if writer.thought else "unthought answer")
        self.place = self.table.place(self.table.ground, kind)

    def is_fragment(self, rest: str, at: int) -> bool:
        """Whether the last of the output, which begins a marker, is dropped as the fragment of one that was cut."""
        frame = self.armed.get("frame")
        closes = frame.close if frame is not None and self.place.pair is None and not self.table.format.fragments else None
        if rest.startswith(self.table.format.fragments or "\0") or (closes is not None and is_cut(rest, spellings(closes))):
            self.drop_fragment(at)
            return True
        if self.table.headers is not None and self.table.reads_damaged:
            return self.what_stands(_DAMAGED_END, at, True) is not None
        return False

    def drop_fragment(self, at: int) -> None:
        self.problem("cut_marker", f"the output ends inside a marker, which was dropped: {self.text[at:]}", at)
        self.writer.border()

    def is_typed(self, start: int, end: int) -> bool:
        """Whether the engine said that a special-token marker from `start` to `end` came from ordinary tokens."""
        return self.runs is not None and self.runs.typed(self.text[start:end], self.base + start)

    def call_begun(self) -> None:
        """A call's name is confirmed: it borders what stands before it, and ends open reasoning."""
        self.armed.pop("suffix", None)
        if self.sink.index < 0:
            self.text_first = self.writer.answer.begun
        pair = self.place.pair
        if pair is not None:
            self.leave_reasoning()
            self.armed.pop("late", None)
            self.armed.pop("resume", None)
            if pair.calls == "inside":
                self.armed["resume"] = pair
            else:
                self.armed["late"] = True
        self.writer.border()
        opened = self.opened
        if self.kept and not (opened is not None and opened.before is not None and opened.before.inside):
            self.hold("".join(character for character in self.kept.text if character in SPACE), 0)
        self.kept.clear()
        if opened is not None:
            opened.before = None
            opened.raw.clear()
        self.place = self.place.behind_call

    @property
    def inside(self) -> bool:
        """Whether the wrapper of the last call is still open."""
        return self.opened is not None and self.opened.inside


State = Callable[[Turn, int, bool], int]
Action = Callable[[Turn, Row, int, int, bool], "int | None"]
"""An action gets the row, where its marker begins and ends, and `last`; it returns where the text goes on, `~position` when more text must
tell, or None when the row does not count after all."""


def is_cut(rest: str, tags: tuple[str, ...]) -> bool:
    """Whether `rest` is the beginning of a tag, beyond its brackets."""
    return any(character.isalnum() for character in rest) and any(tag.startswith(rest) for tag in tags)
