"""The machine that reads a turn: it looks up what stands at each position in the table of the format, and does what the row says.

Theory of operation. A *state* is a method that takes a position in the text and returns how far it got; `~position` says that the text
behind it must wait for more. There are few of them:

    running ──row: a call──> (before arguments) ──> call ──> behind call ──row: a call──> call ...
       │                                              │           │
       │  <── it is no call: its text is given back ──┘           └──anything else──> running
       ├──row: stop──> stopped ──other text──> running
       └──row: end of a message──> header ──> running

- *Running* text is content, or reasoning. At its start the rows that are anchored to the place are looked up, and then one search finds
  the next marker of a row that floats there, or what may become one.
- In a *call* the codec of the format's arguments reads. A call whose name is still to come is tentative: its text is kept, and comes
  back as running text when the codec rejects it.
- *Behind a call* closers are framing, and the next call may follow at once.
- *Stopped* holds a stop token with what blanks and stop tokens follow, which are text only if other text follows.
- A *header* is read where one may stand, in formats of messages.

What stands at a position is decided in one function, `_what_stands`, from rows of the table (`engine/table.py`); a row that matches names
its action, and an action changes the *place* (which rows count from there on), the state, and what is *armed* (rows that count only
once, such as the late closer of reasoning that a call has ended). No rule here is about one format. White space beside blocks is
the writer's business (`engine/prose.py`), what a call means the codecs' (`codecs/`) and `open_call.py`'s. How the text arrives is not
known here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from toolparse.codecs import reader_for
from toolparse.codecs.echo import Recorded, Repetition
from toolparse.engine.prose import NOWHERE, TextWriter
from toolparse.engine.shortcuts import Shortcut
from toolparse.engine.table import Behind, Closer, Options, Place, Row, Rows, Table, table
from toolparse.engine.tool_choice import BY_NAME, Choice
from toolparse.events import Attempt, Problem
from toolparse.grammar import Calls, Format, Frame, Reasoning
from toolparse.jsontext.characters import SPACE, SPACES, always
from toolparse.jsontext.held_text import HeldText
from toolparse.wire.call_ids import name_in_id
from toolparse.wire.call_names import named_once, plain_name
from toolparse.wire.damaged import DamagedClosers, DamagedOpening, Found, Joined, closed_object
from toolparse.wire.damaged_headers import DamagedHeaders, damaged_headers
from toolparse.wire.headers import WAIT, Header, Where
from toolparse.wire.lookalikes import GAP, QUOTES
from toolparse.wire.markers import HEAD_LIMIT, Head, slot_texts
from toolparse.wire.open_call import OpenCall, Opening
from toolparse.wire.spellings import spellings
from toolparse.wire.token_runs import Runs

_BREAKS = always(GAP)
_PIECE = always(r"[ \t\r\n]{0,8}(\w{0,16})[ \t\r\n]{0,8}")
LONGEST_ASIDE = 192
"""A marker, and words or a comment behind it, are waited for so long."""
_ASIDE = re.compile(r"[ \t\r\n]{0,16}((?:[^<>{}\[\]()=|`\n]{1,80}|<!--[^<>]{0,120}-->)?)([ \t\r\n]{0,16})")
HELD_SPACE = 64
"""White space up to this length waits with the text instead of in the writer."""
COMMENTS = ("//", "#", "/*", "<!--")
"""What stands behind one of these is no content."""
LONGEST_OBJECT = 4096
"""An object that may be a call without its opener is held up to this length."""
RESCAN = 1024
"""A rejected opening up to this length is looked at again for other openings; this keeps floods of openings linear."""


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


class TurnMachine:
    """Reads the text of one turn. `_text` is what there is of it, from the offset `_base` on; `_state` and `_place` say where it stands.

    `options` are those of `table`; `sink` takes the calls, `writer` content and reasoning. `_armed` holds what counts once: the frame
    that is open, a late closer, reasoning that goes on behind a call, the unknown suffix, "object" behind the beginning of one that is no
    call. `_opened` is the call that was opened last. `_kept` is text that waits behind a call or a stop token. `_rejected` is where an
    opening was no call, and the rows that may still count there. `_text_first`: content came before the first call.
    """

    __slots__ = (
        "_armed", "_base", "_begins", "_choice", "_kept", "_opened", "_place", "_reader", "_rejected", "_runs", "_shortcut", "_sink",
        "_state", "_table", "_text", "_text_first", "_writer", "format",
    )  # fmt: skip

    def __init__(self, fmt: Format, options: Options, choice: Choice, sink: OpenCall, writer: TextWriter) -> None:
        self.format = fmt
        self._table: Table = table(fmt, options)
        self._choice = choice
        self._sink = sink
        self._writer = writer
        self._state: Callable[[int, bool], int] = self._running
        self._begins: Callable[[int, bool], int] = self._running
        self._place: Place = self._table.first
        self._shortcut: Shortcut | None = None
        self._text = ""
        self._base = 0
        self._armed: dict[str, Any] = {}
        self._kept = HeldText()
        self._rejected: tuple[int, Rows] | None = None
        self._reader: Any = None
        self._opened: Opened | None = None
        self._text_first = False
        self._runs: Runs | None = None
        if self._table.suffixes is not None:
            self._armed["suffix"] = True
        if self._table.tagged or self._table.headers is not None:
            writer.begin_tag_space()
        if self._table.headers is not None:
            self._state = self._first_header

    # -- what stands here -----------------------------------------------------------------------------------------------------------

    def _what_stands(self, rows: Iterable[Row], at: int, last: bool) -> int | None:
        """Do what the first row says that counts at `at`. None when none does, `~at` when more text must tell."""
        text = self._text
        for row in rows:
            if row.once and row.once not in self._armed:
                continue
            marker = row.marker
            if isinstance(marker, Head):
                done = self._opening(row, marker, at, last)
            elif isinstance(marker, Closer):
                done = self._closer_at(row, marker, at, last)
            else:
                end = at + len(marker)
                if text.startswith(marker, at):
                    if self._runs is not None and self._is_typed(at, end):
                        continue
                    done = DOES[row.does](self, row, at, end, last)
                elif not last:
                    if not marker.startswith(text[at:end]):
                        continue
                    self._shortcut = row.waiting
                    return ~at
                else:
                    done = self._cut_off(row, marker, at) if row.cut else None
            if done is not None:
                return done
        return None

    def _closer_at(self, row: Row, closer: Closer, at: int, last: bool) -> int | None:
        """The same for a closer of a call."""
        found = closer.full.match(self._text, at)
        if found is not None:
            return DOES[row.does](self, row, at, found.end(), last)
        if last or not closer.partial.match(self._text, at):
            return None
        self._shortcut = row.waiting
        return ~at

    def _cut_off(self, row: Row, marker: str, at: int) -> int | None:
        """The end of the output may cut the marker at `at`."""
        rest = self._text[at:]
        if not is_cut(rest, (marker,)):
            return None
        if row.cut == "dropped":
            self._drop_fragment(at)
        elif not self._is_fragment(rest, at):
            return None
        return ~len(self._text)

    def _opening(self, row: Row, head: Head, at: int, last: bool) -> int | None:
        """The call whose opening stands at `at`. None when there is none, `~at` when more text must decide."""
        text, sink = self._text, self._sink
        fence = self._writer.block.fence
        if (fence is not None and (fence.inside or text.startswith("```", at))) or (self._writer.code and not head.in_code):
            return None
        found = head.full.match(text, at, at + HEAD_LIMIT + 1) or (head.cut.match(text, at) if last and head.cut is not None else None)
        if found is not None and found.end() - at <= HEAD_LIMIT:
            slots, end = slot_texts(found), found.end()
            sink.name_in(found)
            if self._choice.name is not None and head.calls in BY_NAME:
                if not self._fits_choice(slots):
                    return None
                slots["name"] = self._choice.name or ""
            if head.any_name:
                slots["name"] = sink.declared_name(slots["declared"])
            if head.skips and self._table.reads_damaged:
                damaged = self._damaged_opening(at, last, True)
                if damaged is not None:
                    return damaged
            undeclared = (head.declared or head.any_name) and head.named and not sink.declares(slots["name"])
            return None if undeclared or self._is_typed(at, end) else self._open(row, head, slots, at, end)
        if not last and len(text) - at < HEAD_LIMIT:
            begun = head.partial.match(text, at)
            if begun is not None and self._may_be_named(head, begun):
                self._shortcut = row.waiting if fence is None else None  # where fences count, an opening that begins with one is none
                return ~at
        return None

    def _fits_choice(self, slots: dict[str, str]) -> bool:
        """Whether an object may be the arguments of the function that the request names: behind words, by its first key, and not behind
        the beginning of another object, in which it may stand."""
        if "key" not in slots:
            return True
        tool = self._sink.tools.get(self._choice.name or "") if self._sink.tools is not None else None
        fits = tool is not None and tool.declares(slots["key"]) and "object" not in self._armed
        if not fits:
            self._armed["object"] = True
        return fits

    def _may_be_named(self, head: Head, begun: re.Match[str]) -> bool:
        """Whether the beginning of an opening that only a declared tool can have may become one."""
        return not head.any_name or self._sink.may_be_declared(slot_texts(begun).get("declared", ""))

    # -- what is said ---------------------------------------------------------------------------------------------------------------

    def _say(self, start: int, end: int) -> None:
        """The text from `start` to `end` is content, or reasoning when a block is open; what of it the prompt holds is not said."""
        if self._base < 0:
            start = self._past_prompt(start, end)
        if start < end:
            self._writer.say(self._text[start:end], self._base + end)
            self._place = self._place.behind_text

    def _hold_space(self, start: int, end: int) -> None:
        """The white space from `start` to `end` waits, but what of it the prompt holds."""
        if self._base < 0:
            start = self._past_prompt(start, end)
        if start < end:
            self._hold(self._text[start:end], self._base + end)

    def _hold(self, space: str, end: int) -> None:
        place = self._place
        line_break = "\n" in space
        if self._writer.hold_space(space, end, self._sink.rules.max_held):
            line_break = line_break or place.on_line
            place = place.behind_text
        self._place = place.behind_break if line_break else place.behind_space

    def _write(self, text: str, start: int) -> None:
        """Text that has waited, from the offset `start` on: the white space at its ends waits on."""
        body = text.strip(SPACE)
        blanks = len(text) - len(text.lstrip(SPACE))
        if blanks:
            self._hold(text[:blanks], start + blanks)
        if body:
            self._writer.say(body, start + blanks + len(body))
            self._place = self._place.behind_text
        if blanks + len(body) < len(text):
            self._hold(text[blanks + len(body) :], start + len(text))

    def _write_kept(self, at: int) -> None:
        """What was kept behind a call, up to `at`, is no framing."""
        kept, self._kept = self._kept, HeldText()
        start = self._base + at - kept.length
        for text in kept.pieces:
            self._write(text, start)
            start += len(text)

    def _past_prompt(self, start: int, end: int) -> int:
        """Where the output begins in the text from `start` to `end`."""
        begin = max(start, min(end, -self._base))
        text = self._text[start:begin]
        self._writer.before_output(text)
        if text.strip(SPACE):
            self._place = self._place.behind_text
        elif "\n" in text:
            self._place = self._place.behind_break
        return begin

    def _problem(self, kind: str, message: str, at: int, error: bool = False) -> None:
        self._writer.events.append(Problem(kind, message, None, max(self._base + at, 0), "error" if error else "warning"))

    # -- running text ---------------------------------------------------------------------------------------------------------------

    def _running(self, at: int, last: bool) -> int:
        """Running text, until a marker."""
        text = self._text
        begin = SPACES.match(text, at).end()
        if begin > at:
            self._hold_space(at, begin)
            at = begin
        if at == len(text):
            return ~at
        place = self._place
        rejected = self._rejected
        untried = rejected[1] if rejected is not None and rejected[0] == self._base + at else None
        if place.on_line:
            rows = untried if untried is not None else place.anchored.get(text[at]) or place.anchored[""]
            done = self._what_stands(rows, at, last) if rows else None
            if done is not None:
                return done
        found = place.search(text, at + (untried is not None))
        if found is None:
            self._say(at, len(text))
            return ~len(text)
        start = found.start()
        kind, marker = found.lastgroup, found[0]
        if kind == "hold" and self._writer.code and text[start] in place.floating:
            kind, marker = "marker", text[start]  # which in code may count for nothing
        if kind == "hold":
            self._say(at, start)
            if last and text[start] in SPACE:  # a line may begin behind it
                return start
            return ~(self._end_in_marker(start) if last else self._hold_marker(start))
        end = at + len(text[at:start].rstrip(SPACE))
        self._say(at, end)
        if start > end:
            self._hold_space(end, start)
        return start if kind == "line" else self._marker(marker, start, last)

    def _hold_marker(self, start: int) -> int:
        """What begins at `start` may become a marker. Returns what must wait."""
        writer = self._writer
        space = SPACES.match(self._text, start).end()
        if space - start >= HELD_SPACE or (space > start and not writer.block.begun):
            self._hold_space(start, space)
            start = space
        self._shortcut = self._place.waiting
        return start

    def _end_in_marker(self, start: int) -> int:
        """The output ends in what may have become a marker."""
        text = self._text
        space = SPACES.match(text, start).end()
        self._hold_space(start, space)
        if not self._is_fragment(text[space:], space):
            self._say(space, len(text))
        return len(text)

    def _marker(self, marker: str, start: int, last: bool) -> int:
        """A marker that floats in running text."""
        rows = self._place.floating.get(marker) or (*self._place.look_alikes, Row(marker, "stray"))
        if self._is_typed(start, start + len(marker)):
            rows = tuple(row for row in rows if row.does == "suffix")
        done = self._what_stands(rows, start, last)
        if done is not None:
            return done
        self._rejected = (self._base + start, ())
        return start

    def _is_fragment(self, rest: str, at: int) -> bool:
        """Whether the last of the output, which begins a marker, is dropped as the fragment of one that was cut."""
        frame = self._armed.get("frame")
        closes = frame.close if frame is not None and self._place.pair is None and not self.format.fragments else None
        if rest.startswith(self.format.fragments or "\0") or (closes is not None and is_cut(rest, spellings(closes))):
            self._drop_fragment(at)
            return True
        if self._table.headers is not None and self._table.reads_damaged:
            headers = damaged_headers(self.format)
            ended = headers.end(self._text, at, True)
            return ended is not None and self._end_damaged(headers, at, ended) is not None
        return False

    def _drop_fragment(self, at: int) -> None:
        self._problem("cut_marker", f"the output ends inside a marker, which was dropped: {self._text[at:]}", at)
        self._writer.border()

    # -- what rows do: reasoning and frames ------------------------------------------------------------------------------------------

    def _think(self, row: Row, at: int, end: int, last: bool) -> int:
        """Reasoning opens; behind a prompt that opened it, it has been open."""
        if self._place.kind == "echo":
            self._writer.block.space.clear()
            self._place = self._table.thinking(row.of, "thinking line")
        else:
            self._enter_reasoning(row.of)
        self._writer.reasoning_opens(self._base + at, self._base + end)
        return end

    def _enter_reasoning(self, pair: Reasoning) -> None:
        if self._text:
            self._armed.pop("suffix", None)
        self._armed.pop("late", None)
        self._armed.pop("resume", None)
        self._writer.enter_reasoning()
        self._place = self._table.thinking(pair, "echo" if self._place.on_line else "thinking")

    def _close(self, row: Row, at: int, end: int, last: bool) -> int:
        """Reasoning closes."""
        self._writer.reasoning_closes(self._base + end)
        self._leave_reasoning("closed" if self._writer.thought else "unthought")
        return end

    def _leave_reasoning(self, kind: str = "") -> None:
        """Reasoning ends, by its own closer in the place `kind`."""
        writer = self._writer
        writer.leave_reasoning()
        kind = "resumed" if writer.answer.begun else kind or ("answer" if writer.thought else "unthought answer")
        self._place = self._table.place(self._table.ground, kind)

    def _again(self, row: Row, at: int, end: int, last: bool) -> int:
        """The closer stands again: it is framing."""
        writer = self._writer
        self._place = self._table.place(self._place.ground, "answer" if writer.thought else "unthought answer", self._place.passed)
        writer.border()
        return end

    def _late(self, row: Row, at: int, end: int, last: bool) -> int:
        """A closer of reasoning that is not open: framing, behind a call that has ended reasoning or where the format says so."""
        self._armed.pop("late", None)
        self._place = self._place.behind_closer
        self._writer.border()
        return end

    def _frame(self, row: Row, at: int, end: int, last: bool) -> int:
        """A tag around the answer."""
        frame: Frame = row.of
        if frame.anywhere:
            if self._place.pair is not None:
                self._leave_reasoning()
            else:
                self._writer.drop_tag_space()
        if frame.close is not None:
            self._armed["frame"] = frame
        if not frame.anywhere:
            self._place = self._place.behind_frame[self._table.frames.index(frame)]
            self._writer.border()
        return end

    def _close_frame(self, row: Row, at: int, end: int, last: bool) -> int | None:
        frame: Frame = row.of
        if self._armed["frame"] is not frame:
            return None
        if self._table.reads_damaged and frame.close is not None:
            marker = str(row.marker)
            if self._text.startswith(marker, end):
                self._problem("repaired_markup", f"a closer stood twice: {marker}", end)
                end += len(marker)
            elif not last and marker.startswith(self._text[end:]):
                return ~at
        del self._armed["frame"]
        if not frame.anywhere:
            self._writer.border()
            self._place = self._place.behind_border
        if self._table.tagged:
            self._writer.begin_tag_space()
        return end

    def _damaged_frame(self, row: Row, at: int, end: int, last: bool) -> int | None:
        """What reads like the closer of the frame, if a call or nothing follows."""
        text, frames = self._text, self._table.damaged_frames
        if "frame" not in self._armed:
            return None
        found = frames.full.match(text, at)
        if found is None:
            return ~at if not last and frames.begins.match(text, at) else None
        if found[0] in frames.exact:
            return None
        behind = SPACES.match(text, found.end()).end()
        if not last and (behind == len(text) or frames.next_begins.match(text, behind)):
            return ~at
        if behind < len(text) and not frames.next.match(text, behind):
            return None
        self._problem("repaired_markup", f"a damaged closer was dropped: {found[0]}", at)
        return self._close_frame(Row(found[0], "close frame", self._armed["frame"]), at, found.end(), last)

    def _closes_nothing(self, row: Row, at: int, end: int, last: bool) -> int:
        self._problem("stray_marker", f"{row.marker} closes what has not been opened, as reasoning is open, and was dropped", at)
        return end

    def _section(self, row: Row, at: int, end: int, last: bool) -> int | None:
        """The end of a section of calls, or of a call in one."""
        opened = self._opened
        if opened is None or not opened.inside or row.marker not in opened.behind.tail.section:
            return None
        opened.inside = row.marker not in spellings(opened.behind.calls.wrapper.close)  # type: ignore[union-attr]
        self._sink.closes(end)
        self._writer.border()
        self._place = self._place.behind_border
        return end

    # -- what rows do: stop tokens, stray markers, suffixes ---------------------------------------------------------------

    def _stop(self, row: Row, at: int, end: int, last: bool) -> int:
        """A stop token, which may be text; behind white space that is text it is."""
        if self._writer.block.overflowed and self._state == self._running:
            self._say(at, end)
            self._writer.block.overflowed = True
            return end
        self._state = self._stopped
        return at

    def _stray(self, row: Row, at: int, end: int, last: bool) -> int | None:
        """A marker that does nothing here is text, but not as a special token."""
        if self.format.fragments and self._table.reads_damaged and self._place.pair is None and row.marker in self._table.pieces:
            return self._stray_piece(row.marker, at, end, last)
        if self._runs is None or self._choice.mode == "none" or not self._runs.among(self._base + at, self._base + end, True):
            return None
        if end - at == 1:  # a bracket, which what follows makes a marker
            return None
        if self._rejected is not None and self._rejected[0] == self._base + at - 1:  # the rest of a marker that opened no call
            return None
        self._problem("stray_marker", f"the special token {row.marker} closes or wraps nothing here and was dropped", at)
        self._place = self._place.behind_space
        return end

    def _stray_piece(self, marker: str, at: int, end: int, last: bool) -> int | None:
        """The same where markers are several special tokens and a word: a piece, or a frame's closer made of them, is framing if another
        one follows."""
        text = self._text
        word = _PIECE.match(text, end)
        rest = text[word.end() : word.end() + HEAD_LIMIT]
        if not last and (not rest or any(token.startswith(rest) for token in self.format.special_tokens)):
            return ~at
        if word[1] not in self._table.marker_words or not rest.startswith(self.format.special_tokens):
            return None
        ends_call = any(marker in behind.tail.ends.closers for behind in self._table.behind.values())
        self._problem("repaired_markup", f"a piece of damaged markup was dropped: {marker}", at, ends_call)
        self._place = self._place.behind_space
        return end

    def _backticks(self, row: Row, at: int, end: int, last: bool) -> int:
        """Backticks in content, which open and close code."""
        end = at + len(self._text) - at - len(self._text[at:].lstrip("`"))
        if end == len(self._text) and not last:
            return ~at
        code = self._writer.code_behind(end - at, self._place.on_line)
        self._say(at, end)
        self._writer.code = code
        return end

    def _suffix(self, row: Row, at: int, end: int, last: bool) -> int | None:
        """A marker whose suffix is not known: it tells the suffix if it counts here."""
        text, place, suffixes = self._text, self._place, self._table.suffixes
        assert suffixes is not None
        found = suffixes.call.match(text, at, at + HEAD_LIMIT) if place.opens_calls else None
        if found is None and place.pair is not None:
            found = suffixes.close.match(text, at)
        elif found is None and place.kind in ("first", "start"):
            found = suffixes.open.match(text, at)
        if found is not None:
            self._fix_suffix(found[found.lastindex or 0])
            return at
        if suffixes.stop.match(text, at):
            self._state = self._stopped
            return at
        return ~at if not last and len(text) - at < HEAD_LIMIT and suffixes.partial.match(text, at) else None

    def _fix_suffix(self, suffix: str) -> None:
        """A marker has told what this checkpoint writes behind the name in all of them."""
        self._armed.pop("suffix", None)
        self._table = self._table.with_suffix(suffix)
        self._place = self._table.like(self._place)

    # -- messages with headers --------------------------------------------------------------------------------------------------------

    def _first_header(self, at: int, last: bool) -> int:
        """The start of an output of messages."""
        return self._header_or_text(at, last, True)

    def _next_header(self, at: int, last: bool) -> int:
        """Behind a message and behind a call."""
        return self._header_or_text(at, last, False)

    def _header_or_text(self, at: int, last: bool, first: bool) -> int:
        """Where a header may stand; `first`: nothing of the output stands before it."""
        text, headers = self._text, self._table.headers
        assert headers is not None
        begin = SPACES.match(text, at).end()
        if begin > at:
            self._hold_space(at, begin)
            at = begin
        if at == len(text):
            if last and not first:
                self._writer.drop_tag_space()
            return ~at
        found = headers.read(text, at, last, first)
        if self._table.reads_damaged:
            found = self._with_damage(found, at, last)
        if found == WAIT:
            return ~at
        if found is not None and not self._is_typed(at, found.end):
            return self._begin_message(found, at)
        done = self._what_stands(self._table.message_rows.get(text[at], ()), at, last)
        if done is not None:
            return done
        self._state = self._running
        self._writer.tag_space = NOWHERE
        self._place = self._table.outside(self._place)
        return at

    def _end_message(self, row: Row, at: int, end: int, last: bool) -> int:
        self._to_header(at, end)
        return end

    def _end_call_message(self, row: Row, at: int, end: int, last: bool) -> int:
        """The marker that the format writes behind a call, though no call was open: its header named no tool."""
        if self._place.ground != "outside":
            where, until = self._base + at, self._base + end
            attempt = Attempt("no_name", None, self._text[at:end], where, until)
            said = f"a message ends as a call does ({self._text[at:end]}), but its header names no tool"
            self._writer.events.append(Problem("not_a_call", said, None, where, "error", attempt))
        return self._end_message(row, at, end, last)

    def _no_message(self, row: Row, at: int, end: int, last: bool) -> int:
        """The end of a message where a header may stand."""
        self._writer.drop_tag_space()
        self._to_header(at, end)
        return end

    def _to_header(self, at: int, end: int) -> None:
        """A message has ended, by what stands from `at` to `end`."""
        if self._place.pair is not None:
            self._writer.reasoning_closes(self._base + end)
            self._leave_reasoning()
        self._write_kept(at)
        self._writer.begin_tag_space()
        self._state = self._next_header

    def _stop_message(self, row: Row, at: int, end: int, last: bool) -> int:
        self._writer.drop_tag_space()
        self._state = self._stopped
        return at

    def _header(self, row: Row, at: int, end: int, last: bool) -> int | None:
        """What may be a header inside a message, and then ends it."""
        assert self._table.headers is not None
        return self._next_message(self._table.headers.inside(self._text, at, last, self._where, self._is_recipient), at)

    @property
    def _where(self) -> Where:
        return "reasoning" if self._place.pair is not None else "outside" if self._place.ground == "outside" else "content"

    def _next_message(self, found: Header | None, at: int) -> int | None:
        """The header at `at`, inside a message, begins the next one."""
        if found is None:
            return None
        if found == WAIT:
            return ~at
        thinking = self._place.pair is not None
        if self._is_typed(at, found.end) or (found.kind == "call" and thinking and not self._table.call_ends_reasoning):
            return None
        self._writer.begin_tag_space()
        return self._begin_message(found, at)

    def _damaged_header(self, row: Row, at: int, end: int, last: bool) -> int | None:
        """What reads like a message's end or a header inside a message, if what follows confirms it."""
        headers = damaged_headers(self.format)
        ended = headers.end(self._text, at, last)
        if ended is not None:
            return self._end_damaged(headers, at, ended)
        found = headers.read(self._text, at, last, self._is_recipient, self._may_be_recipient)
        if found is None or found == WAIT:
            return self._next_message(found, at)
        if self._is_typed_header(headers, at, found.end):
            return None
        if found.kind == "call":
            begins = headers.begins_call(self._text, found.end, last) if self._is_recipient(found.name) or not found.name else False
            return self._next_message(WAIT if begins is None else found if begins else None, at)
        inside, where = headers.strict.channels.inside, self._where
        counts = where == "reasoning" or inside == "header" or (inside == "reasoning" and where == "outside")
        return self._next_message(found, at) if counts else None

    def _end_damaged(self, headers: DamagedHeaders, start: int, ended: int) -> int | None:
        """The misspelt end of a message."""
        if ended >= 0:
            if self._is_typed_header(headers, start, ended):
                return None
            self._problem("repaired_markup", f"a message's damaged end was read: {self._text[start:ended]}", start)
            self._to_header(start, ended)
        return ended

    def _is_typed_header(self, headers: DamagedHeaders, start: int, end: int) -> bool:
        """Whether the engine said that markers from `start` to `end`, in any spelling, came from ordinary tokens."""
        return self._runs is not None and any(
            self._runs.among(self._base + found.start(), self._base + found.end(), False)
            for found in headers.marker.finditer(self._text, start, end)
        )

    def _with_damage(self, found: Header | None, at: int, last: bool) -> Header | None:
        """The header at `at` where one may stand, of which `found` is what a reader of proper markup finds."""
        headers = damaged_headers(self.format)
        lost = found is None or (found != WAIT and not headers.is_closed(self._text, found.end))
        damaged = headers.read(self._text, at, last, self._is_recipient, self._may_be_recipient, lost)
        proper = not lost and found != WAIT
        if damaged is None or (proper and damaged == WAIT and not headers.is_closed(self._text, found.end, "<")):  # type: ignore[union-attr]
            return found
        if damaged == WAIT:
            return damaged
        if found is not None and found.kind == "again" and damaged.end > found.end:
            return found
        if found is not None and proper and damaged.end == found.end:
            known = found.kind != "call" or self._is_recipient(found.name) or not self._is_recipient(damaged.name)
            if known and (damaged.kind == found.kind or found.kind != "content"):
                return found
        if damaged.kind == "content" and "<" not in self._text[at : damaged.end]:
            return found  # words alone are no header
        return found if self._is_typed_header(headers, at, damaged.end) else damaged

    def _is_recipient(self, text: str) -> bool:
        """Whether a message may go to a declared tool under this name."""
        return self._sink.declares(self._plain_recipient(text))

    def _may_be_recipient(self, text: str) -> bool:
        """Whether a longer text may be such a name."""
        return self._sink.may_be_name(self._plain_recipient(text))

    def _plain_recipient(self, text: str) -> str:
        name = plain_name(text, self.format.calls[0]) if self.format.calls else text
        return named_once(name, (), self._sink.declares)

    def _begin_message(self, header: Header, at: int) -> int:
        """Behind a header: the message that it announces begins."""
        writer = self._writer
        if header.kind in ("cut", "lost", "again"):
            return self._drop_header(header, at)
        if self._place.pair is not None:
            self._leave_reasoning()
        else:
            writer.drop_tag_space()
        if header.kind == "call" and self._table.reads_damaged:
            self._check_words(header, at)
        writer.tag_space = NOWHERE
        self._state = self._running
        self._place = self._table.places[("call message" if header.kind == "call" else "answer", self._place.kind, self._place.passed)]
        if header.kind == "reasoning":
            self._writer.reasoning_opens(self._base + at, self._base + header.end)
            self._enter_reasoning(self._table.format.reasoning[0])
        row = self._table.addressed
        if header.kind == "call" and row is not None:
            head: Head = row.marker  # type: ignore[assignment]
            if not head.named:
                self._state = self._addressed
            elif self._open(row, head, {"name": header.name}, at, header.end) is None:
                return header.end
        if header.repaired:
            self._sink.problem("repaired_markup", f"a damaged header was read: {self._text[max(at, -self._base) : header.end]}", at)
        if self._table.reads_damaged:
            closed = damaged_headers(self.format).is_closed(self._text, header.end)
            self._begins = self._state if closed or header.kind != "content" else self._unclosed
            self._state = self._behind_header
        return header.end

    def _drop_header(self, header: Header, at: int) -> int:
        """A header that announces no message: the output ends in it, it lacks its end, or another one follows at once."""
        dropped = self._text[max(at, -self._base) : header.end]
        if header.kind == "cut" and header.name and "{" in dropped:  # a whole call's, of which the end is damaged
            self._problem("not_a_call", f"a call's header without its end was dropped: {dropped}", at, error=True)
        elif header.kind == "cut":
            self._problem("cut_marker", f"the output ends inside a header, which was dropped: {dropped}", at)
        elif header.kind == "lost":
            declared = bool(header.name) and self._is_recipient(header.name)
            said = "a call's header without its end was dropped" if declared else "a header without a message was dropped"
            lost = bool(header.name) or damaged_headers(self.format).speaks(dropped)
            self._problem("not_a_call" if declared else "dropped_text", f"{said}: {dropped}", at, error=lost)
        self._writer.drop_tag_space()
        if header.kind == "cut":
            return ~header.end
        self._to_header(at, header.end)
        return header.end

    def _check_words(self, header: Header, at: int) -> None:
        """Words in a call's header that belong in none are told; another tool's name there may be the one that was meant."""
        headers = damaged_headers(self.format)
        text = self._text[max(at, -self._base) : header.end]
        if headers.strict.whole.fullmatch(text) or not (words := headers.strange(text, header.name)):
            return
        others = [word for word in words if self._is_recipient(word)]
        said = f"the header of a call of {header.name!r} names {others[0]!r}, too" if others else "words in a call's header were dropped"
        self._problem("doubtful_value" if others else "dropped_text", f"{said}: {text}", at, error=bool(others) or len(words) > 1)

    def _behind_header(self, at: int, last: bool) -> int:
        """Right behind a header, whose end may stand again."""
        headers = damaged_headers(self.format)
        again = headers.again.match(self._text, at)
        if not last and headers.again_begins.match(self._text, at) and not (again and headers.is_closed(self._text, again.end())):
            return ~at
        if again is not None and not self._is_typed_header(headers, at, again.end()):
            self._sink.problem("repaired_markup", f"a header's end that stands twice was dropped: {again[0].strip()}", at)
            return again.end()
        self._state = self._begins
        return at

    def _unclosed(self, at: int, last: bool) -> int:
        """Behind a header without its end, where a call's text may begin."""
        begin = SPACES.match(self._text, at).end()
        if begin == len(self._text) and not last:
            return ~at
        self._state = self._running
        opened = self._unopened_object(begin, last) if self._text[begin : begin + 1] == "{" else None
        if opened is not None and opened < 0:
            self._state = self._unclosed
            return ~at
        return at if opened is None else opened

    def _addressed(self, at: int, last: bool) -> int:
        """A message that is a call whose name stands in its text."""
        row = self._table.addressed
        assert row is not None
        self._state = self._running
        opened = self._open(row, row.marker, {}, at, at)  # type: ignore[arg-type]
        return at if opened is None else opened

    # -- calls ----------------------------------------------------------------------------------------------------------------------

    @property
    def _inside(self) -> bool:
        """Whether the wrapper of the last call is still open."""
        return self._opened is not None and self._opened.inside

    def _open(self, row: Row, head: Head | DamagedOpening, slots: dict[str, str], at: int, end: int, declared: bool = False) -> int | None:
        """An opening has been read up to `end`: begin the call, or try it when the name is still to come. `declared`: only that of a
        declared tool."""
        sink, calls, before = self._sink, head.calls, self._opened
        if head.skips or head.is_empty:
            return self._open_no_call(row, head, at, end)
        name, wire_id = self._name_of(calls, slots)
        sink.opening = Opening(self._base + at, name is None, declared or bool(head.declared))
        sink.arguments_at(end)
        shares_wrapper = self._state == self._behind_call or (calls.wrapper is not None and calls.wrapper.shared)
        self._opened = Opened(row, head.wrapped or (self._inside and shares_wrapper), before)
        if name is not None and not (name and sink.begin(name, wire_id, at)):
            self._opened = before
            return None
        written = slots.get("declared", slots.get("name", ""))
        if name is not None and written and name != written and written[0] in f"{QUOTES}>":
            sink.problem("repaired_markup", f"the name {written} was read as {name!r}", at)
        if head.closed:
            sink.write("{}")
            sink.end(True, end)
            self._to_behind_call()
            return end
        tail = row.of.tail
        unnamed = "" if name is not None or wire_id is None else wire_id
        self._reader = reader_for(calls, sink, tail, not head.wrapped and bool(head.declared), unnamed)
        if tail.echoed:
            self._reader = Recorded(self._reader, self._text[at:end], sink.rules.max_held)
        self._state = self._before_arguments if calls.lead else self._call
        return end

    def _name_of(self, calls: Calls, slots: dict[str, str]) -> tuple[str | None, str | None]:
        """The name that stands in an opening, and the call's id."""
        name, wire_id = slots.get("name"), slots.get("id")
        if name is not None and name[0:1] == ">" and self._table.reads_damaged and len(name) > 1:
            name = name.lstrip("> ")  # of the marker in front of it
        if name is not None and calls.id_holds_name:
            wire_id, name = name, name_in_id(name, calls.prefix, self._sink.tools)
        elif name is not None:
            name = plain_name(name, calls)
        if name is not None and name[:1] in QUOTES and self._table.reads_damaged and not self._sink.declares(name):
            name = name.strip(f"{QUOTES} ")
        if name is not None and self._table.reads_damaged and not self._sink.declares(name):
            name = named_once(name, self.format.special_tokens, self._sink.declares)
        return name, wire_id

    def _damaged_call(self, row: Row, at: int, end: int, last: bool) -> int | None:
        """An opening whose markup is damaged. Only at the start of a line may a marker be missing."""
        done = self._damaged_opening(at, last, self._place.on_line)
        return done if done is not None else self._words_behind_opener(at, last)

    def _words_behind_opener(self, at: int, last: bool) -> int | None:
        """A wrapper's opener and a few words or a comment in front of a call: the words are content, and the opener is framing."""
        text, sink = self._text, self._sink
        openers, heads, keys = self._table.wrappers
        found = openers.match(text, at)
        if found is None or sink.tools is None or self._place.pair is not None or self._writer.in_code:
            return None
        words = _ASIDE.match(text, found.end())
        assert words is not None
        behind = words.end()
        if behind == len(text) or text.startswith("<!", behind) or text[behind:] == "<":
            return ~at if not last and behind - at < LONGEST_ASIDE else None
        lines = self._place.on_line or "\n" in words[2] or words[1].startswith("<!")
        if not words[1] or not lines or self._is_typed(at, found.end()):
            return None
        if text[behind] in "{[" and keys:
            closers = self._table.unopened.of.tail.damaged  # type: ignore[union-attr]
            closed = closed_object(text, behind, keys, sink.declares)
            end = SPACES.match(text, closed).end() if closed is not None and closed >= 0 else -1
            if closed is not None and (end < 0 or (not last and (end == len(text) or closers.begins.match(text, end)))):
                return ~at if not last and len(text) - at < LONGEST_OBJECT else None
            counts = closed is not None and closers.closer(text, end) is not None
        else:
            opening = ((head.full.match(text, behind, behind + HEAD_LIMIT), tail) for head, tail in heads)
            ends = [(opened.end(), tail) for opened, tail in opening if opened is not None and sink.declares(slot_texts(opened)["name"])]
            closes = self._closes_at(ends[0][1].damaged, ends[0][0], last) if ends else False
            undecided = not ends and not last and len(text) - behind < HEAD_LIMIT
            if closes is None or (undecided and any(head.partial.match(text, behind) for head, _ in heads)):
                return ~at
            counts = closes
        if not counts:
            return None
        self._problem("repaired_markup", f"words behind {found[0]} are content", at)
        self._writer.border()
        self._write(text[found.end() : behind], self._base + found.end())
        self._place = self._place.behind_break
        return behind

    def _damaged_opening(self, at: int, last: bool, at_edge: bool) -> int | None:
        """A damaged opening at `at`, if what stands in it and behind it confirms it; `at_edge`: a marker may be missing."""
        text, sink = self._text, self._sink
        if self._writer.in_code:
            return None
        if text[at] == "<" and self._table.is_nothing(text, at + 1):
            return None
        marked = self._is_marked(at)
        for opening, opens in self._table.damaged:
            if not at_edge and text[at] == "[" and not opening.bracketed:
                continue  # a bracket in prose is no marker
            if not (marked or opening.worded or (at_edge and self._may_begin(opening, at))):
                continue
            if opening.lead is not None and not opening.lead.first.match(text, at):
                continue
            if not last and len(text) - at < HEAD_LIMIT and opening.waits(text, at):
                return ~at
            found = opening.match(text, at, at + HEAD_LIMIT + 1)
            if found is None or found.end() == at or found.end() - at > HEAD_LIMIT:
                continue
            slots, end = slot_texts(found), found.end()
            sink.name_in(found.body if isinstance(found, Joined) else found)
            if not opening.begins_own(found) and (opening.dialect or not at_edge or not self._marker_at(end)):
                continue
            before = slots.pop("again", "")
            if before and before != slots["name"] and sink.declares(before):
                return self._open_unclosed(opens.row, opening, before, at, found.end("once"))
            joined = sink.joined_name(slots["name"]) if "name" in slots and not sink.declares(slots["name"]) else ""
            if joined:
                slots["name"], end = joined, found.start("name_0") + len(joined)
            if not self._is_confirmed(opening, found, slots, at_edge):
                continue
            closes = self._closes_at(opens.row.of.tail.damaged, end, last)
            if closes is None:
                return ~at
            declared = "odd" in slots or (opening.dialect and not at_edge)
            opened = self._open_damaged(opens.row, opening, slots, at, end, declared) if closes else None
            if opened is not None:
                return opened
        return None

    def _open_damaged(self, row: Row, opening: DamagedOpening, slots: dict[str, str], at: int, end: int, declared: bool) -> int | None:
        """A damaged opening is confirmed, from `at` to `end`; a line break that is written out belongs to it."""
        text = self._text
        gap = _BREAKS.match(text, end)
        if "\\" in gap[0]:
            end = gap.end()
        opened = self._open(row, opening, slots, at, end, declared)
        if opened is not None and not opening.is_empty:
            self._sink.problem("repaired_markup", f"a call's damaged opening was read: {text[at:end]}", at)
        return opened

    def _open_unclosed(self, row: Row, opening: DamagedOpening, name: str, at: int, end: int) -> int | None:
        """A call without arguments and without its closer: the next call's opening stands right behind its own."""
        opened = self._open(row, opening, {"name": name}, at, end)
        if opened is not None:
            cut = not self._text[at:end].rstrip().endswith((">", "]"))  # its opening may have held more
            lost = self._sink.may_lack_arguments
            self._sink.problem("missing_closer", "a call without arguments ends where the next one begins", end, error=cut or lost)
            self._sink.write("{}")
            self._sink.end(True, end)
            self._to_behind_call()
        return opened

    def _marker_at(self, at: int) -> bool:
        """Whether a marker may begin behind `at`, blanks aside."""
        at = SPACES.match(self._text, at).end()
        return self._text[at : at + 1] in ("<", "[")

    def _may_begin(self, opening: DamagedOpening, at: int) -> bool:
        """Whether an opening may begin with a word at `at`: a tag without its first sign, or the name of a declared tool, behind what the
        format writes in front of names."""
        text = self._text[at : at + HEAD_LIMIT]
        calls = opening.calls
        if any(tag.startswith(text[: len(tag)]) for tag in opening.unsigned):
            return True
        return (
            opening.named_first
            and not opening.dialect
            and (calls.prefix.startswith(text) or self._sink.may_be_name(text.removeprefix(calls.prefix)))
        )

    def _is_marked(self, at: int) -> bool:
        """Whether something other than a word stands behind `at`, blanks aside."""
        at = SPACES.match(self._text, at).end()
        return not self._text[at : at + 1].isalnum()

    def _closes_at(self, closers: DamagedClosers, end: int, last: bool) -> bool | None:
        """Whether a closer that stands right behind a damaged opening is one (true where none stands); None when more text must tell."""
        at = SPACES.match(self._text, end).end()
        closer = closers.closer(self._text, at)
        if closer is None:
            undecided = not last and (at == len(self._text) or closers.begins.match(self._text, at))
            return None if undecided else True
        return closers.ends_with(self._text, closer[1], closer[0], last)

    def _is_confirmed(self, opening: DamagedOpening, found: Found, slots: dict[str, str], at_edge: bool) -> bool:
        """Whether a damaged opening counts."""
        if self._runs is not None and any(
            found[f"p{i}"] is not None and self._runs.among(self._base + found.start(f"p{i}"), self._base + found.end(f"p{i}"), False)
            for i in opening.special
        ):
            return False
        intact = opening.intact(found, self._inside)
        if not at_edge and not (self._adjoins(opening, found) if opening.dialect else intact or opening.begins_special(found)):
            return False
        if "name" not in slots:
            return intact or not opening.named
        name, _ = self._name_of(opening.calls, slots)
        untold = intact and self._sink.tools is None and opening.calls.needs != "tool" and "odd" not in slots
        return self._sink.declares(name or "") or untold

    def _adjoins(self, opening: DamagedOpening, found: Found) -> bool:
        """Whether the format's own marker in front of another dialect's body is whole, and nothing but a line break stands between them."""
        if any(found[f"p{i}"] is None for i in range(opening.required)):
            return False
        end = found.end(f"p{opening.required - 1}")
        begin = SPACES.match(self._text, end).end()
        return "\n" in self._text[end:begin] or (begin == end and opening.in_line)

    def _lost_opener(self, row: Row, at: int, end: int, last: bool) -> int | None:
        """A call without any opener: an object or a list that names a declared tool, or where nothing has been said yet the name of one
        with the right marker behind it."""
        text = self._text
        if text[at] in "{[":
            return self._unopened_object(at, last)
        named = self._table.named_first and (text[at].isalnum() or text[at] == "_") and self._sink.may_be_name(text[at:])
        return self._damaged_opening(at, last, True) if named else None

    def _unopened_object(self, at: int, last: bool) -> int | None:
        """Objects that name declared tools, or a list of them, with the call's closer behind but no opener in front."""
        text, sink, row = self._text, self._sink, self._table.unopened
        if row is None or sink.request is None or self._writer.in_code:
            return None
        head: Head = row.marker  # type: ignore[assignment]
        closers = row.of.tail.damaged
        end = at
        while end == at or text.startswith("{", end):
            found = closed_object(text, end, head.calls.body.name, sink.declares)  # type: ignore[union-attr]
            if found is None:
                return None
            end = SPACES.match(text, found).end() if found >= 0 else found
            if found < 0 or (not last and (end == len(text) or closers.begins.match(text, end))):
                return ~at if not last and len(text) - at < LONGEST_OBJECT else None
        closer = closers.closer(text, end)
        if closer is None or self._is_typed(end, closer[1]):
            return None
        opened = self._open(row, head, {}, at, at)
        if opened is not None:
            sink.problem("repaired_markup", "a call without its opener was read", at)
        return opened

    def _open_no_call(self, row: Row, head: Head | DamagedOpening, at: int, end: int) -> int:
        """An entry among the calls that is none, or a block without calls, which is framing."""
        self._opened = Opened(row, head.wrapped or head.skips, self._opened)
        self._call_begun()
        if head.skips:
            self._sink.starts_at(at)
            self._kept.clear()
            self._kept.add(self._text[at:end])
            self._state = self._skipped
            return end
        self._problem("no_call", f"a block without calls was dropped: {self._text[at:end]}", at)
        self._reader = None
        self._to_behind_call()
        return end

    def _skipped(self, at: int, last: bool) -> int:
        """Inside an entry that is no call, up to its closer or what stands for it."""
        text, opened = self._text, self._opened
        assert opened is not None
        found = opened.behind.tail.skip_end.search(text, at)
        end = len(text) if found is None else found.start()
        start = self._sink.opening.start - self._base
        most = max(at, start + self._sink.rules.max_held)
        self._kept.add(text[at : min(end, most)])
        if end <= most and not last and (found is None or found.lastgroup == "hold"):
            return ~end
        skipped = self._kept.taken()
        if end > most:
            self._state = self._running
            self._writer.say(skipped, self._base + most)
            self._place = self._place.behind_text
            return most
        names = self._sink.tools.names if self._sink.tools is not None else ()
        lost = any(name in skipped for name in names) or "=" in skipped or "{" in skipped  # what arguments are written with
        self._problem("dropped_text", f"an entry that is no call was dropped: {skipped}", start, lost)
        self._to_behind_call()
        return end

    def _before_arguments(self, at: int, last: bool) -> int:
        """Between a call's opening and its arguments, where markers may stand."""
        assert self._opened is not None
        tail = self._opened.behind.tail
        undecided = not last and tail.lead_partial is not None and len(self._text) - at < HEAD_LIMIT
        if undecided and tail.lead_partial.match(self._text, at):  # type: ignore[union-attr]
            return ~at
        found = tail.lead.match(self._text, at, at + HEAD_LIMIT)
        if found is not None:
            return found.end()
        self._state = self._call
        return at

    def _call_begun(self) -> None:
        """A call's name is confirmed: it borders what stands before it, and ends open reasoning."""
        self._armed.pop("suffix", None)
        if self._sink.index < 0:
            self._text_first = self._writer.answer.begun
        pair = self._place.pair
        if pair is not None:
            self._leave_reasoning()
            self._armed.pop("late", None)
            self._armed.pop("resume", None)
            if pair.calls == "inside":
                self._armed["resume"] = pair
            else:
                self._armed["late"] = True
        self._writer.border()
        opened = self._opened
        if self._kept and not (opened is not None and opened.before is not None and opened.before.inside):
            self._hold("".join(character for character in self._kept.text if character in SPACE), 0)
        self._kept.clear()
        if opened is not None:
            opened.before = None
            opened.raw.clear()
        self._place = self._place.behind_call

    def _call(self, at: int, last: bool) -> int:
        """Inside a call: the codec reads."""
        reader, sink = self._reader, self._sink
        if not reader.done:
            at = reader.step(self._text, at, last)
        if reader.refused or (sink.trial and self._base + at - sink.opening.start > sink.rules.max_held):
            return self._backtrack(at)
        if reader.done:
            sink.closes(at)
            self._to_behind_call()
            sink.flush()
            return at
        return ~at

    def _backtrack(self, at: int) -> int:
        """What was tried is no call: its text is running text, in which other openings are looked for; positions are set back to it."""
        sink = self._sink
        opened, start = self._opened, sink.opening.start
        assert opened is not None
        tried = self._base + at - start
        self._text = "".join(opened.raw) + self._text[max(start - self._base, 0) :]
        self._base = sink.base = start
        sink.abandon()
        row = opened.row
        if row is self._table.addressed:
            self._problem("not_a_call", "a message is a call by its header and cannot be read as one, so it is content", 0, error=True)
        self._opened = opened.before
        if opened.before is not None:
            self._doubt_arguments(opened.before, 0)
        self._state = self._running
        self._write_kept(0)
        rows = self._place.anchored.get(self._text[:1], ())
        untried = tuple(other for other in rows[rows.index(row) + 1 :] if other.does == "call") if row in rows else ()
        self._rejected = None if row is self._table.addressed else (self._base, untried)
        if tried > RESCAN:
            end = min(tried, sink.rules.max_held)
            self._say(0, end)
            return end
        return 0

    # -- behind a call ----------------------------------------------------------------------------------------------------------------

    def _to_behind_call(self) -> None:
        self._kept.clear()
        self._state = self._behind_call

    def _behind_call(self, at: int, last: bool) -> int:
        """Right behind a call: closers are framing, and the next call may follow."""
        text, opened = self._text, self._opened
        assert opened is not None
        tail = opened.behind.tail
        end = at
        while end < len(text) and (text[end] in SPACE or text[end] in tail.separators):
            end += 1
        if end > at:
            length = self._kept.add(text[at:end])
            at = end
            if length > self._sink.rules.max_held:
                self._state = self._running
                self._write_kept(at)
                return at
        if at == len(text):
            return ~at
        if self._sink.unargued and text[at] in "{(":
            opened.bracket = self._base + at
        if opened.repeated is not None and opened.repeated.begin(text[at]):
            self._state = self._repetition
            return at
        if last and tail.reads_damaged and self._ends_damaged(opened, at):
            self._sink.problem("repaired_markup", f"a damaged closer was dropped: {text[at:]}", at)
            self._sink.closes(len(text))
            return len(text)
        rows = opened.behind.rows[opened.closer][opened.inside]
        done = self._what_stands(rows.get(text[at]) or rows[""], at, last)
        assert done is not None  # the last row needs no marker
        return done

    def _ends_damaged(self, opened: Opened, at: int) -> bool:
        """Whether the last of the output is what is left of a closer that is still due."""
        tail = opened.behind.tail
        return (
            not opened.closed
            and not self._text.startswith(self._table.not_of_calls, at)
            and not any(closer.match(self._text, at) for closer in tail.closers[opened.closer :])
            and tail.damaged.ends_all(self._text, at)
        )

    def _close_call(self, row: Row, at: int, end: int, last: bool) -> int:
        """A closer of the call, or of its wrapper."""
        opened = self._opened
        assert opened is not None
        tail = opened.behind.tail
        opened.closer = max(row.of, opened.closer)
        self._sink.closes(end)
        opened.closed = opened.closed or row.of == len(tail.closers) - 1
        if row.of == tail.wrapper_at:
            opened.inside = False
        if tail.echoed and self._reader is not None:
            opened.repeated = Repetition(self._reader.text, spellings(opened.behind.calls.open[0]))
        self._kept.clear()
        return end

    def _damaged_behind_call(self, row: Row, at: int, end: int, last: bool) -> int | None:
        """Right behind a call: an opening or a closer that is damaged, or a few words in front of the call's closer."""
        text, opened = self._text, self._opened
        assert opened is not None
        if text.startswith(self._table.not_of_calls, at):
            return None
        closers = opened.behind.tail.damaged
        done = self._damaged_opening(at, last, True)
        if done is None and text[at] == "{":
            done = self._unopened_object(at, last)
        if done is not None:
            return done
        if text[at] == ">" and not self._kept:
            self._problem("repaired_markup", "a > too many was dropped", at)
            return at + 1
        if text[at] == "\\":
            return self._written_break(closers, at, last)
        around = closers.around(text, at, last, opened.around)
        if around is not None:
            if around >= 0:
                opened.around = True
                self._problem("repaired_markup", f"what stands around a closer was dropped: {text[at:around]}", at)
            return around
        if closers.begins.match(text, at):
            if not last:
                return ~at
            self._drop_fragment(at)
            return len(text)
        found = self._damaged_closer(opened, at, last)
        if found is None and not opened.closed:
            found = self._words_before_closer(closers, at, last)
        if found is None:
            self._doubt_arguments(opened, at)
        return found

    def _doubt_arguments(self, opened: Opened, at: int) -> None:
        """What stands at `at` is no call: behind one without arguments, a bracket may begin them."""
        if opened.bracket == self._base + at and self._sink.may_lack_arguments:
            self._problem("doubtful_value", "the call has no arguments, and what stands behind it may be them", at, error=True)

    def _damaged_closer(self, opened: Opened, at: int, last: bool) -> int | None:
        """A damaged closer of the call that was opened last."""
        text, closers = self._text, opened.behind.tail.damaged
        closer = closers.closer(text, at)
        found = closer[1] if closer is not None else closers.behind_tag(text, at, last)
        if found is None and "`" not in text[at : at + 3]:
            found = closers.near(text, at, last)
        if found is not None and found >= 0:
            self._sink.problem("repaired_markup", f"a damaged closer was dropped: {text[at:found]}", at)
            self._sink.closes(found)
            if not closers.ranks or (closer is not None and closer[0] == len(closers.ranks) - 1):
                opened.closed = True
            self._kept.clear()
        return found

    def _words_before_closer(self, closers: DamagedClosers, at: int, last: bool) -> int | None:
        """A few words in front of the call's closer: they are content, but a comment may have been an argument."""
        text = self._text
        found = closers.behind_words(text, at, last)
        if found is not None and found >= 0:
            if text.startswith(COMMENTS, at):
                said = f"a comment in front of a call's closer was dropped: {text[at:found].strip()}"
                self._problem("dropped_text", said, at, error=True)
            elif text[at:found].replace("\\n", "").strip():
                self._write_kept(at)
                self._say(at, at + len(text[at:found].rstrip()))
        return found

    def _written_break(self, closers: DamagedClosers, at: int, last: bool) -> int | None:
        """Behind the two characters backslash and n, right behind a call, if a marker of calls or the end follows them."""
        end = _BREAKS.match(self._text, at).end()
        text = self._text[end:]
        if not text.strip(SPACE) or text == "\\":
            if not last or text == "\\":
                return None if last else ~at
        elif end == at:
            return None
        elif not last and closers.may_begin(self._text, end):
            return ~at
        elif not (closers.closer(self._text, end) or closers.next.match(self._text, end) or closers.others.match(self._text, end)):
            return None
        self._sink.problem("repaired_markup", f"a line break that is written out was dropped: {self._text[at:end]}", at)
        return end

    def _behind_message(self, row: Row, at: int, end: int, last: bool) -> int:
        self._to_header(at, at)
        return at

    def _think_behind_call(self, row: Row, at: int, end: int, last: bool) -> int:
        """Reasoning opens again."""
        self._state = self._running
        self._write_kept(at)
        self._writer.reasoning_opens(self._base + at, self._base + end)
        self._enter_reasoning(row.of)
        return end

    def _resume(self, row: Row, at: int, end: int, last: bool) -> int:
        """Reasoning that the call stood in goes on."""
        self._kept.clear()
        self._state = self._running
        self._place = self._place.behind_break
        self._enter_reasoning(self._armed["resume"])
        return at

    def _late_behind_call(self, row: Row, at: int, end: int, last: bool) -> int:
        """The closer of reasoning that the call has ended."""
        del self._armed["late"]
        self._place = self._place.behind_closer
        self._write_kept(at)
        return end

    def _go_on(self, row: Row, at: int, end: int, last: bool) -> int:
        """Nothing that belongs to the call: running text."""
        self._state = self._running
        self._place = self._place.behind_break
        self._write_kept(at)
        return at

    def _repetition(self, at: int, last: bool) -> int:
        """Behind a block, where its text may stand again: with the closer behind it, too, it is dropped."""
        text, opened = self._text, self._opened
        assert opened is not None
        repeated, tail = opened.repeated, opened.behind.tail
        assert repeated is not None
        end = repeated.read(text, at)
        if end is not None:
            if repeated.complete:
                end = SPACES.match(text, end).end()
            opened.raw.append(text[at:end])
            at = end
            found = tail.closers[-1].match(text, at) if repeated.complete else None
            if found is not None:
                dropped, opened.raw = "".join(opened.raw), []
                self._problem("dropped_text", f"a repetition of the calls was dropped: {dropped}{found[0]}", at - len(dropped))
                self._kept.clear()
                self._state = self._behind_call
                return found.end()
            if not last and (at == len(text) or tail.partial[-1].match(text, at)):
                return ~at
        given_back, opened.raw = "".join(opened.raw), []
        opened.repeated = None
        self._text = given_back + text[at:]
        self._base += at - len(given_back)
        self._sink.base = self._base
        self._state = self._behind_call
        return 0

    # -- the end ----------------------------------------------------------------------------------------------------------------------

    def _stopped(self, at: int, last: bool) -> int:
        """Behind a stop token: it is text only if other text follows, or if there is more of it than may be held."""
        text, table, most = self._text, self._table, self._sink.rules.max_held
        while self._kept.length <= most and (found := table.stop_run.match(text, at)) is not None:
            opens = self._opens_again(at, last)
            if opens:
                break
            if opens is None:
                return ~at
            self._kept.add(text[max(at, -self._base) : found.end()])
            at = found.end()
        too_long = self._kept.length > most
        if not too_long and (at == len(text) or (not last and table.stop_begins.match(text, at))):
            return ~at
        self._state = self._running
        kept = self._kept.taken()
        end = len(kept.rstrip(SPACE)) or len(kept)
        self._write(kept[:end], self._base + at - len(kept))
        self._writer.block.overflowed = too_long
        if end < len(kept):
            self._hold(kept[end:], self._base + at)
        return at

    def _opens_again(self, at: int, last: bool) -> bool | None:
        """Whether a further stop token begins the opening of a call (families where a marker is both); None: more must tell."""
        text = self._text
        for head in self._table.stop_heads if self._kept else ():
            if head.full.match(text, at):
                return True
            if not last and len(text) - at < HEAD_LIMIT and head.partial.match(text, at):
                return None
        return False

    # -- token knowledge --------------------------------------------------------------------------------------------------------------

    def _is_typed(self, start: int, end: int) -> bool:
        """Whether the engine said that a special-token marker from `start` to `end` came from ordinary tokens."""
        return self._runs is not None and self._runs.typed(self._text[start:end], self._base + start)


Action = Callable[[TurnMachine, Row, int, int, bool], "int | None"]
DOES: dict[str, Action] = {
    word: getattr(TurnMachine, "_" + word.replace(" ", "_"))
    for word in (
        "think", "close", "again", "late", "frame", "close frame", "damaged frame", "closes nothing", "section", "damaged call",
        "lost opener", "stop", "stray", "backticks", "suffix", "header", "damaged header", "end message", "end call message", "no message",
        "stop message", "close call", "damaged behind call", "behind message", "think behind call", "resume", "late behind call", "go on",
    )
}  # fmt: skip
"""What the words in `Row.does` mean: the method of this name; "call" is in `_opening`. An action gets the row, where its marker begins and
ends, and `last`; it returns where the text goes on, `~position` when more text must tell, or None when the row does not count after all."""


def is_cut(rest: str, tags: tuple[str, ...]) -> bool:
    """Whether `rest` is the beginning of a tag, beyond its brackets."""
    return any(character.isalnum() for character in rest) and any(tag.startswith(rest) for tag in tags)
