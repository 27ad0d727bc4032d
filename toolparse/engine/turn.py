"""The states of a turn: what its text means, from marker to marker.

Theory of operation. A state is a method that takes a position in the text and returns how far it got; `~position` says that the text
behind it must wait for more.

    prose ──opening of a call──> call ──> after ──opening──> call ...
      │  (content or reasoning)            │
      ├──stop token──> stopped             └──anything else──> prose

- `prose` is running text: content, or reasoning when a block is open. One search finds the next marker or what may become one.
- `messages` is the same for formats whose messages have headers, which say what the text behind them is.
- `call` hands the text to the codec of the format's arguments. An opening without a name is a trial: its text is kept and comes
  back as prose when the codec refuses it.
- `after` is right behind a call, where closers are framing and the next call may follow at once.
- `stopped` holds a stop token with what blanks and stop tokens follow, which are text only if other text follows.

White space beside blocks is framing: it waits in `gap` until it is known what it borders. What the markers are is the lexicon's
business (`wire/markers.py`), what a call means the codecs' (`codecs/`) and `open_call.py`'s; no rule here is about one format. How the text
arrives is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from toolparse.codecs import reader_for
from toolparse.codecs.echo import Recorded
from toolparse.engine.prose import Voice
from toolparse.engine.tool_choice import ARGUMENTS, Choice
from toolparse.events import Problem
from toolparse.grammar import Calls, Format, Frame
from toolparse.grammar import Reasoning as Pair
from toolparse.wire.call_ids import name_in_id
from toolparse.wire.call_names import plain_name
from toolparse.wire.damaged import DamagedOpening, closed_object
from toolparse.wire.headers import WAIT, Header, Headers, Where, headers
from toolparse.wire.lookalikes import QUOTES
from toolparse.wire.markers import (
    HEAD_LIMIT,
    SPACE,
    Head,
    Lexicon,
    Suffixes,
    Tail,
    Watch,
    edge_openers,
    lexicon,
    longest_first,
    slot_texts,
    spellings,
    suffixed,
)
from toolparse.wire.open_call import OpenCall
from toolparse.wire.token_runs import Runs

_SPACES = re.compile(r"[ \t\r\n]*")
HELD_SPACE = 64
"""White space up to this length waits with the text instead of in the gap."""
LOOKED_AT = 4096
"""An object that may be a call without its opener is held up to this length."""
RESCAN = 1024
"""A refused opening up to this length is looked at again for other openings; this keeps floods of openings linear."""


class TurnMachine:
    """Reads the text of one turn. `_text` is what there is of it, from the offset `_base` on; `_state` the state that it is in.

    `lexicon_options` are those of `lexicon`; `sink` takes the calls, `voice` content and reasoning.
    """

    __slots__ = (
        "_base", "_before", "_begun", "_between", "_body", "_choice", "_closer", "_frame", "_head", "_headed", "_headers",
        "_late_closer", "_lex", "_lex_options", "_matched", "_max_depth", "_max_held", "_pair", "_pairs", "_prefilled", "_raw",
        "_raw_from", "_reader", "_refused", "_resume", "_runs", "_sink", "_spaces", "_state", "_stop_length", "_suffixes", "_tail",
        "_text", "_untried", "_voice", "_watch", "_wrapped", "_written", "format",
    )  # fmt: skip

    def __init__(
        self,
        fmt: Format,
        lexicon_options: tuple[bool, bool, bool | None, tuple[Calls, ...], bool],
        choice: Choice,
        sink: OpenCall,
        voice: Voice,
        max_depth: int,
    ) -> None:
        self.format = fmt
        self._written = fmt
        self._lex_options = lexicon_options
        self._lex: Lexicon = lexicon(fmt, *lexicon_options)
        self._choice = choice
        self._sink = sink
        self._voice = voice
        self._max_held = sink.max_held
        self._max_depth = max_depth
        self._suffixes: Suffixes | None = self._lex.suffixes
        self._pairs = fmt.reasoning
        self._state: Callable[[int, bool], int] = self._prose
        self._text = ""
        self._base = 0
        self._tail: list[str] = []
        self._spaces = ""
        self._pair: Pair | None = None
        self._watch: Watch = self._lex.content
        self._late_closer = False
        self._frame: Frame | None = None
        self._resume: Pair | None = None
        self._headers: Headers | None = None
        self._prefilled = False
        self._headed = False
        self._between = 0
        self._refused: int | None = None
        self._untried: tuple[Head, ...] = ()
        self._begun: Callable[[str], object] | None = None
        self._reader: Any = None
        self._head: Head | DamagedOpening | None = None
        self._raw: list[str] = []
        self._body = ""
        self._matched = 0
        self._raw_from = 0
        self._closer = 0
        self._wrapped = False
        self._stop_length = 0
        self._before: tuple[Head | DamagedOpening | None, bool] = (None, False)
        self._runs: Runs | None = None
        voice.frames = self._lex.frames
        voice.tagged = bool(self._lex.frame_openers)
        if fmt.channels is not None:
            self._headers = headers(fmt.channels)
            self._state = self._messages
            self._watch = self._lex.answer

    # -- what is said ---------------------------------------------------------------------------------------------------------------

    def _say(self, start: int, end: int) -> None:
        """The text from `start` to `end` is content, or reasoning when a block is open; what of it the prompt holds is not said."""
        if self._base < 0:
            start = self._past_prompt(start, end)
        if start < end:
            self._voice.say(self._text[start:end], self._base + end)

    def _keep(self, start: int, end: int) -> None:
        """The white space from `start` to `end` waits, but what of it the prompt holds."""
        if self._base < 0:
            start = self._past_prompt(start, end)
        if start < end:
            self._voice.keep(self._text[start:end])

    def _past_prompt(self, start: int, end: int) -> int:
        """Where the output begins in the text from `start` to `end`."""
        mine = max(start, min(end, -self._base))
        self._voice.before_output(self._text[start:mine])
        return mine

    def _problem(self, kind: str, message: str, at: int, error: bool = False) -> None:
        self._voice.events.append(Problem(kind, message, None, max(self._base + at, 0), "error" if error else "warning"))

    # -- prose ----------------------------------------------------------------------------------------------------------------------

    def _prose(self, at: int, last: bool) -> int:
        """Running text, until a marker."""
        text = self._text
        begin = _SPACES.match(text, at).end()  # type: ignore[union-attr]
        if begin > at:
            self._keep(at, begin)
            at = begin
        if at == len(text):
            return ~at
        watch = self._watch
        refused = self._refused == self._base + at
        if self._voice.line or self._voice.fresh:
            found = self._try(self._untried, at, last) if refused else self._edge(at, last)
            if found is not None:
                return found
        search = watch.search(text, at + refused)
        if search is None:
            self._say(at, len(text))
            return ~len(text)
        start = search.start()
        kind = search.lastgroup
        if kind == "hold":
            self._say(at, start)
            if not last:
                space = _SPACES.match(text, start).end()  # type: ignore[union-attr]
                if space - start >= HELD_SPACE or (space > start and (self._pair is not None) != self._voice.thinking_begun):
                    self._keep(start, space)
                    start = space
                self._begun = watch.waits
                return ~start
            space = _SPACES.match(text, start).end()  # type: ignore[union-attr]
            self._keep(start, space)
            if not self._is_fragment(text[space:], space):
                self._say(space, len(text))
            return ~len(text)
        end = at + len(text[at:start].rstrip(SPACE))
        self._say(at, end)
        if start > end:
            self._keep(end, start)
        if kind == "line":
            return start
        return self._marker(start, search.end(), search[0], last)

    def _edge(self, at: int, last: bool) -> int | None:
        """Openings that count only here: at the start of a line or of the output."""
        watch = self._watch
        text = self._text
        if watch.any_edge or text[at] in watch.edge_firsts:
            found = self._try(watch.at_edge, at, last)
            if found is not None:
                return found
        if self._voice.fresh and self._pair is None and self._lex.reads_damaged:
            found = self._lost_opener(at, last)
            if found is not None:
                return found
        if self._pair is None:
            if self._voice.frames:
                found = self._framed(at, last)
                if found is not None:
                    return found
            if not self._voice.fresh:
                return None
            for pair in self._pairs:
                if pair.label and self._prefilled is False and self._base + at == 0:
                    moved = self._take((pair.label,), at, last)
                    if moved is not None:
                        if moved >= 0:
                            self._enter(pair)
                        return moved
            openers = self._lex.opener_texts
            if self._voice.block:
                openers = tuple(text for text in openers if self._lex.openers[text].open_again and not self._voice.thought)
            if self._voice.again or not self._voice.block:
                moved = self._take(self._lex.again_texts, at, last)
                if moved is not None:
                    if moved >= 0:
                        self._voice.again = False
                        self._voice.border()
                    return moved
            if last and is_cut(text[at:], openers) and self._is_fragment(text[at:], at):
                return ~len(text)
            moved = self._take(openers, at, last)
            if moved is not None and moved >= 0:
                self._enter(self._lex.openers[text[at:moved]])
            return moved
        if self._voice.echo:
            moved = self._take(self._lex.opener_texts, at, last)
            if moved is not None and moved >= 0:
                self._pair = self._lex.openers[text[at:moved]]
                self._watch = self._lex.reasoning[self._pair]
                self._voice.echo = False
                self._voice.gap.clear()
            return moved
        return None

    def _framed(self, at: int, last: bool) -> int | None:
        """The opener of a frame, where one may stand."""
        rest = self._text[at:]
        for i, frame in enumerate(self._voice.frames):
            moved = self._take(edge_openers(frame), at, last)
            if moved is not None:
                if moved >= 0:
                    self._voice.frames = self._voice.frames[i + 1 :]
                    self._enter_frame(frame)
                return moved
            if last and frame.close is not None and is_cut(rest, spellings(frame.open)):
                self._drop_fragment(at)
                return ~len(self._text)
        return None

    def _is_fragment(self, rest: str, at: int) -> bool:
        """Whether the last of the output, which begins a marker, is dropped as the fragment of one that was cut."""
        closes = self._frame.close if self._frame is not None and self._pair is None and not self.format.fragments else None
        if rest.startswith(self.format.fragments or "\0") or (closes is not None and is_cut(rest, spellings(closes))):
            self._drop_fragment(at)
            return True
        return False

    def _drop_fragment(self, at: int) -> None:
        self._problem("cut_marker", f"the output ends inside a marker, which was dropped: {self._text[at:]}", at)
        self._voice.border()

    def _enter_frame(self, frame: Frame) -> None:
        if frame.close is not None:
            self._frame = frame
        if not frame.anywhere:
            self._voice.border()

    def _leave_frame(self) -> None:
        if self._frame is not None and not self._frame.anywhere:
            self._voice.border()
        self._frame = None
        self._between = len(self._voice.gap)
        self._voice.tagged = bool(self._lex.frame_openers)

    def _take(self, texts: tuple[str, ...], at: int, last: bool) -> int | None:
        """Where the marker at `at` ends if it is one of `texts` (longest first), `~at` if it may become one, None if it does not."""
        text = self._text
        for marker in texts:
            if text.startswith(marker, at):
                return at + len(marker) if not self._is_typed(at, at + len(marker)) else None
            if not last and marker.startswith(text[at : at + len(marker)]):
                return ~at
        return None

    def _enter(self, pair: Pair) -> None:
        """A reasoning block opens."""
        if self._text:
            self._suffixes = None
        self._voice.enter_reasoning()
        self._pair = pair
        self._watch = self._lex.reasoning[pair]
        self._late_closer = False
        self._resume = None

    def _leave(self) -> None:
        """The reasoning block ends."""
        self._pair = None
        self._watch = self._lex.content
        self._voice.leave_reasoning(self._lex.frames)

    def _fix_suffix(self, suffix: str) -> None:
        """A marker has told what this checkpoint writes behind the name in all of them."""
        self._suffixes = None
        index = -1 if self._pair is None else self._pairs.index(self._pair)
        self._written = suffixed(self.format, suffix)
        self._lex = lexicon(self._written, *self._lex_options)
        self._pairs = self._written.reasoning
        self._pair = None if index < 0 else self._pairs[index]
        self._watch = self._lex.content if self._pair is None else self._lex.reasoning[self._pair]

    def _with_suffix(self, suffixes: Suffixes, start: int, last: bool) -> int | None:
        """A marker whose suffix is not known: fix it if the marker counts. None when it does not, `~start` when more text must tell."""
        text = self._text
        found = suffixes.call.match(text, start, start + HEAD_LIMIT) if self._watch.heads else None
        if found is None and self._pair is not None:
            found = suffixes.close.match(text, start)
        elif found is None and self._voice.fresh and not self._voice.block:
            found = suffixes.open.match(text, start)
        if found is not None:
            self._fix_suffix(found[found.lastindex or 0])
            return start
        if suffixes.stop.match(text, start):
            self._state = self._stopped
            return start
        return ~start if not last and len(text) - start < HEAD_LIMIT and suffixes.partial.match(text, start) else None

    def _marker(self, start: int, end: int, marker: str, last: bool) -> int:
        """A marker in prose: an opening, a reasoning marker, a stop token, or just text."""
        watch = self._watch
        if self._suffixes is not None and marker in self._suffixes.begins:
            moved = self._with_suffix(self._suffixes, start, last)
            if moved is not None:
                return moved
        if not self._is_typed(start, end):
            if self._headers is not None:
                found = self._message_marker(self._headers, start, end, marker, last)
                if found is not None:
                    return found
            if self._pair is not None and marker in watch.closers:
                self._leave()
                self._voice.again = True
                return end
            found = self._try(watch.heads, start, last)
            if found is None and watch.heads and self._lex.reads_damaged and marker not in watch.closers:
                found = self._try_damaged(start, last, self._voice.line or self._voice.fresh)
            if found is not None:
                return found
            if marker == "`" and self._pair is None:
                return self._backticks(start, last)
            if marker in self._lex.frame_openers:
                if self._pair is not None:
                    self._leave()
                elif self._voice.tagged:
                    self._drop_between()
                self._enter_frame(self._lex.frame_openers[marker])
                return end
            if self._pair is not None and self._lex.frame_openers and marker in self._lex.frame_closers:
                self._problem("stray_marker", f"{marker} closes what has not been opened, as reasoning is open, and was dropped", start)
                return end
            if self._pair is None:
                if self._frame is not None and marker in spellings(self._frame.close or ""):
                    self._leave_frame()
                    return end
                if self._wrapped and self._head is not None and marker in self._lex.tails[id(self._head.calls)].section:
                    self._wrapped = marker not in spellings(self._head.calls.wrapper.close)  # type: ignore[union-attr]
                    self._voice.border()
                    return end
                if marker in watch.openers:
                    self._enter(self._lex.openers[marker])
                    return end
                if marker in watch.closers and (self._late_closer or any(pair.close_anywhere for pair in self._pairs)):
                    self._late_closer = False
                    self._voice.frames = self._lex.frames
                    self._voice.border()
                    return end
            if marker in watch.stops:
                if self._voice.spilled:
                    self._say(start, end)
                    self._voice.spilled = True
                    return end
                self._state = self._stopped
                return start
            if self._is_special(start, end) and self._choice.mode != "none":
                self._problem("stray_marker", f"the special token {marker} closes or wraps nothing here and was dropped", start)
                return end
        self._refused = self._base + start
        self._untried = ()
        return start

    def _backticks(self, start: int, last: bool) -> int:
        """Backticks in content, which open and close code."""
        end = start + len(self._text) - start - len(self._text[start:].lstrip("`"))
        if end == len(self._text) and not last:
            return ~start
        voice = self._voice
        code = voice.code_behind(end - start)
        self._say(start, end)
        voice.code = code
        return end

    # -- messages with headers --------------------------------------------------------------------------------------------------------

    def _messages(self, at: int, last: bool) -> int:
        """Where a header may stand: at the start of the output, behind a message and behind a call."""
        text = self._text
        headers = self._headers
        assert headers is not None
        begin = _SPACES.match(text, at).end()  # type: ignore[union-attr]
        if begin > at:
            self._keep(at, begin)
            at = begin
        if at == len(text):
            if last and self._headed:
                self._drop_between()
            return ~at
        found = headers.read(text, at, last, not self._headed)
        if found == WAIT:
            return ~at
        if found is not None and not self._is_typed(at, found.end):
            return self._begin_message(found, at)
        moved = self._take(longest_first(headers.channels.ends), at, last)
        if moved is not None:
            if moved >= 0:
                self._drop_between()
                self._to_messages()
            return moved
        moved = self._take(self._lex.stop_texts, at, last)
        if moved is not None:
            if moved >= 0:
                self._drop_between()
                self._state = self._stopped
                return at
            return moved
        self._headed = True
        self._state = self._prose
        self._watch = self._lex.outside
        self._voice.line = True
        return at

    def _to_messages(self) -> None:
        """A message has ended."""
        if self._pair is not None:
            self._leave()
        self._to_gap()
        self._headed = True
        self._between = len(self._voice.gap)
        self._state = self._messages

    def _drop_between(self) -> None:
        """White space in front of a header is part of it."""
        self._voice.drop_gap(self._between)

    def _message_marker(self, headers: Headers, start: int, end: int, marker: str, last: bool) -> int | None:
        """A marker inside a message that may end it."""
        if marker in headers.ends:
            self._to_messages()
            return end
        if marker not in headers.begins:
            return None
        where: Where = "reasoning" if self._pair is not None else "outside" if self._watch is self._lex.outside else "content"
        found = headers.inside(self._text, start, last, where, self._is_recipient)
        if found is None:
            return None
        if found == WAIT:
            return ~start
        if self._is_typed(start, found.end) or (found.kind == "call" and self._pair is not None and not self._lex.ends_reasoning):
            return None
        self._between = len(self._voice.gap)
        return self._begin_message(found, start)

    def _is_recipient(self, text: str) -> bool:
        """Whether a message may go to a declared tool under this name."""
        rules = next((calls.names for calls in self.format.calls if calls.names is not None), None)
        return self._sink.declares(text if rules is None else plain_name(text, rules, self._sink.declares))

    def _begin_message(self, header: Header, at: int) -> int:
        """Behind a header: the message that it announces begins."""
        self._headed = True
        if header.kind == "cut":
            dropped = self._text[max(at, -self._base) :]
            self._problem("cut_marker", f"the output ends inside a header, which was dropped: {dropped}", at)
            self._drop_between()
            return ~header.end
        if header.kind in ("lost", "again"):
            if header.kind == "lost":
                dropped = self._text[max(at, -self._base) : header.end]
                self._problem("dropped_text", f"a header without a message was dropped: {dropped}", at)
            self._drop_between()
            self._to_messages()
            return header.end
        if self._pair is not None:
            self._leave()
        else:
            self._drop_between()
        self._state = self._prose
        self._watch = self._lex.content if header.kind == "call" else self._lex.answer
        if header.kind == "reasoning":
            self._enter(self._pairs[0])
        head = self._lex.addressed
        if header.kind == "call" and head is not None:
            slots = {"name": header.name} if head.named else {}
            opened = self._open(head, slots, at if head.named else header.end, header.end)
            if opened is not None:
                return opened
        return header.end

    # -- calls ----------------------------------------------------------------------------------------------------------------------

    def _try(self, heads: tuple[Head, ...], at: int, last: bool) -> int | None:
        """Open the call whose opening stands at `at`. None when there is none, `~at` when more text must decide."""
        text = self._text
        if self._voice.fence is not None and self._voice.fence.inside:
            return None
        for head in heads:
            if head.where == "start" and not (self._voice.fresh and not self._voice.spoke and self._pair is None):
                continue
            if self._voice.code and not head.in_code:
                continue
            found = head.full.match(text, at, at + HEAD_LIMIT + 1) or (head.cut.match(text, at) if last and head.cut is not None else None)
            if found is not None and found.end() - at <= HEAD_LIMIT:
                slots = slot_texts(found)
                if head.calls is ARGUMENTS:
                    slots["name"] = self._choice.name or ""
                end = found.end()
                if head.joined:
                    slots["name"] = self._sink.joined_name(slots["joined"])
                    end = found.start(1) + len(slots["name"])
                elif head.any_name:
                    slots["name"] = self._sink.declared_name(slots["declared"])
                if head.skips and self._lex.reads_damaged:
                    damaged = self._try_damaged(at, last, True)
                    if damaged is not None:
                        return damaged
                if self._is_typed(at, end) or (
                    (head.declared or head.joined or head.any_name) and head.named and not self._sink.declares(slots["name"])
                ):
                    continue
                opened = self._open(head, slots, at, end)
                if opened is not None:
                    return opened
            elif not last and len(text) - at < HEAD_LIMIT:
                partial = head.partial.match(text, at)
                if partial is not None and self._may_be_named(head, partial):
                    self._begun = None if head.joined or head.any_name else head.waits
                    return ~at
        return None

    def _try_damaged(self, at: int, last: bool, at_edge: bool) -> int | None:
        """The same for an opening whose markup is damaged; `at_edge`: at a line's start or behind a call, where a marker may be missing."""
        text = self._text
        if self._voice.code or (self._voice.fence is not None and self._voice.fence.inside):
            return None
        for opening in self._lex.damaged:
            if (
                opening.named_first
                and not opening.dialect
                and not self._starts_marked(at)
                and not (at_edge and self._sink.may_be_name(text[at:]))
            ):
                continue
            if not last and len(text) - at < HEAD_LIMIT and opening.partial.match(text, at):
                return ~at
            found = opening.full.match(text, at, at + HEAD_LIMIT + 1)
            if found is None or found.end() == at or found.end() - at > HEAD_LIMIT:
                continue
            slots, end = slot_texts(found), found.end()
            if not opening.begins_own(found) and (opening.dialect or not at_edge or not self._marker_at(end)):
                continue
            if "name" in slots and not self._sink.declares(slots["name"]):
                joined = self._sink.joined_name(slots["name"])
                if joined:
                    slots["name"], end = joined, found.start("name_0") + len(joined)
            if not self._counts(opening, found, slots, opening.intact(found), at_edge):
                continue
            closes = self._closes_at(opening, end, last)
            if closes is None:
                return ~at
            if not closes:
                continue
            opened = self._open(opening, slots, at, end)
            if opened is not None:
                if not opening.empty:
                    self._sink.problem("repaired_markup", f"a call's damaged opening was read: {text[at:end]}", at)
                return opened
        return None

    def _may_be_name(self, opening: DamagedOpening, at: int) -> bool:
        """Whether a declared name may stand at `at`, behind what the format writes in front of names."""
        text = self._text[at : at + HEAD_LIMIT]
        calls = opening.calls
        prefix = calls.name_in_id or (calls.names.prefix if calls.names is not None else "")
        return prefix.startswith(text) or self._sink.may_be_name(text.removeprefix(prefix))

    def _marker_at(self, at: int) -> bool:
        """Whether a marker may begin behind `at`, blanks aside."""
        at = _SPACES.match(self._text, at).end()  # type: ignore[union-attr]
        return self._text[at : at + 1] in ("<", "[")

    def _starts_marked(self, at: int) -> bool:
        """Whether something other than a word stands behind `at`, blanks aside."""
        at = _SPACES.match(self._text, at).end()  # type: ignore[union-attr]
        return not self._text[at : at + 1].isalnum()

    def _counts(self, opening: DamagedOpening, found: re.Match[str], slots: dict[str, str], intact: bool, at_edge: bool) -> bool:
        """Whether a damaged opening is confirmed."""
        if self._runs is not None and any(
            found[f"p{i}"] is not None and self._runs.among(self._base + found.start(f"p{i}"), self._base + found.end(f"p{i}"), False)
            for i in opening.special
        ):
            return False
        if not at_edge and (opening.dialect or not (intact or opening.begins_special(found))):
            return False
        if "name" not in slots:
            return intact or not opening.named
        name, _ = self._name_of(opening, slots)
        return self._sink.declares(name or "") or (intact and self._sink.tools is None)

    def _closes_at(self, opening: DamagedOpening, end: int, last: bool) -> bool | None:
        """Whether a closer that stands right behind a damaged opening is one (true where none stands); None when more text must tell."""
        closers = self._lex.tails[id(opening.calls)].damaged
        closer = closers.closer(self._text, _SPACES.match(self._text, end).end())  # type: ignore[union-attr]
        return closer is None or closers.ends_with(self._text, closer[1], closer[0], last)

    def _name_of(self, head: Head | DamagedOpening, slots: dict[str, str]) -> tuple[str | None, str | None]:
        """The name that stands in an opening, and the call's id."""
        name, wire_id = slots.get("name"), slots.get("id")
        if name is not None and head.calls.name_in_id is not None:
            wire_id, name = name, name_in_id(name, head.calls.name_in_id, self._sink.tools)
        if name is not None and head.calls.names is not None:
            name = plain_name(name, head.calls.names, self._sink.declares)
        if name is not None and name[:1] in QUOTES and self._lex.reads_damaged and not self._sink.declares(name):
            name = name.strip(f"{QUOTES} ")
        return name, wire_id

    def _may_be_named(self, head: Head, partial: re.Match[str]) -> bool:
        """Whether the beginning of an opening that only a declared tool can have may become one."""
        if head.joined:
            return self._sink.may_be_joined(slot_texts(partial).get("joined", ""))
        return not head.any_name or self._sink.may_be_declared(slot_texts(partial).get("declared", ""))

    def _open(self, head: Head | DamagedOpening, slots: dict[str, str], at: int, end: int) -> int | None:
        """An opening has been read up to `end`: begin the call, or try it when the name is still to come."""
        sink = self._sink
        if head.skips:
            return self._open_skipped(head, at, end)
        if head.empty:
            return self._open_empty(head, at, end)
        name, wire_id = self._name_of(head, slots)
        sink.opening(self._base + at, name is None, head.declared)
        if name is not None and not (name and sink.begin(name, wire_id, at)):
            return None
        written = slots.get("declared", slots.get("name", ""))
        if name != written and written[:1] in QUOTES:
            sink.problem("repaired_markup", f"the name {written} was read as {name!r}", at)
        self._before = (self._head, self._wrapped)
        self._head = head
        wrapper = head.calls.wrapper
        inside = self._state == self._after or (wrapper is not None and wrapper.shared)
        self._wrapped = head.wrapped or (self._wrapped and inside)
        if head.closed:
            sink.write("{}")
            sink.end(True, end)
            self._closer = 0
            self._tail = []
            self._state = self._after
            return end
        tail = self._lex.tails[id(head.calls)]
        unnamed = "" if name is not None or wire_id is None else wire_id
        self._reader = reader_for(head.calls, sink, tail, self._max_depth, not head.wrapped and head.declared, unnamed)
        if tail.echoed:
            self._reader = Recorded(self._reader, self._text[at:end], self._max_held)
        self._body = ""
        self._raw = []
        self._raw_from = at
        self._state = self._lead if head.calls.lead else self._call
        return end

    def _open_empty(self, head: Head | DamagedOpening, at: int, end: int) -> int:
        """A block without calls, which is framing."""
        self._call_begun()
        self._problem("no_call", f"a block without calls was dropped: {self._text[at:end]}", at)
        self._reader = None
        self._head = head
        self._wrapped = head.wrapped
        self._closer = 0
        self._tail = []
        self._state = self._after
        return end

    def _open_skipped(self, head: Head | DamagedOpening, at: int, end: int) -> int:
        """An entry among the calls that is none begins."""
        self._call_begun()
        self._head = head
        self._wrapped = True
        self._sink.starts_at(at)
        self._tail = [self._text[at:end]]
        self._state = self._skip
        return end

    def _skip(self, at: int, last: bool) -> int:
        """Inside such an entry, up to its closer or what stands for it."""
        text = self._text
        found = self._lex.tails[id(self._head.calls)].skip_end.search(text, at)  # type: ignore[union-attr]
        end = len(text) if found is None else found.start()
        start = self._sink.start - self._base
        most = max(at, start + self._max_held)
        self._tail.append(text[at : min(end, most)])
        if end <= most and not last and (found is None or found.lastgroup == "hold"):
            return ~end
        skipped = "".join(self._tail)
        self._tail = []
        if end > most:
            self._state = self._prose
            self._voice.say(skipped, self._base + most)
            return most
        names = self._sink.tools.names if self._sink.tools is not None else ()
        self._problem("dropped_text", f"an entry that is no call was dropped: {skipped}", start, any(name in skipped for name in names))
        self._closer = 0
        self._state = self._after
        return end

    def _lead(self, at: int, last: bool) -> int:
        """Between a call's opening and its arguments, where markers may stand."""
        tail = self._lex.tails[id(self._head.calls)]  # type: ignore[union-attr]
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
        self._suffixes = None
        self._raw = []
        pair = self._pair
        if pair is not None:
            self._leave()
            self._late_closer = not pair.goes_on
            self._resume = pair if pair.goes_on else None
        self._voice.border()
        self._voice.keep(self._spaces)
        self._spaces = ""
        self._tail = []
        self._voice.fresh = False
        self._voice.frames = ()

    def _call(self, at: int, last: bool) -> int:
        """Inside a call: the codec reads."""
        reader = self._reader
        if not reader.done:
            at = reader.step(self._text, at, last)
        if reader.refused:
            return self._give_back_and_go(at)
        if self._sink.trial and self._base + at - self._sink.start > self._max_held:
            return self._give_back_and_go(at)
        if reader.done:
            self._closer = 0
            self._tail = []
            self._state = self._after
            self._sink.flush()
            return at
        return ~at

    def _give_back(self) -> str:
        """The text that was tried and is no call after all, from its opening to all that is there; positions are set back to it."""
        text = "".join(self._raw) + self._text[self._raw_from :]
        self._base = self._sink.start
        self._sink.base = self._base
        self._sink.abandon()
        self._head, self._wrapped = self._before
        self._raw = []
        self._raw_from = 0
        return text

    def _give_back_and_go(self, at: int) -> int:
        tried = self._base + at - self._sink.start
        edge = self._watch.at_edge
        self._untried = edge[edge.index(self._head) + 1 :] if self._head in edge else ()
        by_header = self._head is self._lex.addressed
        self._text = self._give_back()
        self._state = self._prose
        self._refused = None if by_header else self._base
        self._spaces = ""
        self._to_gap()
        if tried > RESCAN:
            end = min(tried, self._max_held)
            self._say(0, end)
            return end
        return 0

    def _after(self, at: int, last: bool) -> int:
        """Right behind a call: closers are framing, and the next call may follow."""
        text = self._text
        tail = self._lex.tails[id(self._head.calls)]  # type: ignore[union-attr]
        end = at
        while end < len(text) and (text[end] in SPACE or text[end] in tail.separators):
            end += 1
        if end > at:
            self._tail.append(text[at:end])
            at = end
            if sum(map(len, self._tail)) > self._max_held:
                self._state = self._prose
                self._to_gap()
                return at
        if at == len(text):
            return ~at
        if self._body and text[at] == self._body[0]:
            self._matched = 0
            self._state = self._repeat
            return at
        wait: re.Pattern[str] | None = None
        repeated = range(self._closer) if tail.reads_damaged else (i for i in tail.again if i < self._closer)
        for i in (*range(self._closer, len(tail.closers)), *repeated):
            found: re.Match[str] | None = tail.closers[i].match(text, at)
            if found is not None:
                self._closer = max(i, self._closer)
                if i == tail.wrapper_at:
                    self._wrapped = False
                if tail.echoed and self._reader is not None:
                    self._body = self._block_text(self._reader.text)
                self._tail = []
                return found.end()
            if wait is None and not last and tail.partial[i].match(text, at):
                wait = tail.partial[i]
        inside = self._wrapped
        self._spaces = "" if inside else "".join(character for piece in self._tail for character in piece if character in SPACE)
        for heads in (tail.next if inside else tail.follow, self._lex.content.heads, self._lex.content.edge_heads):
            found_at = self._try(heads, at, last)
            if found_at is not None:
                return found_at
        if tail.reads_damaged:
            damaged = self._damaged_after(tail, at, last)
            if damaged is not None:
                return damaged
        self._spaces = ""
        if wait is not None:
            self._begun = wait.match
            return ~at
        if self._headers is not None:
            self._to_messages()
            return at
        moved = self._take(self._lex.opener_texts, at, last)
        if moved is not None:
            if moved >= 0:
                self._state = self._prose
                self._to_gap()
                self._enter(self._lex.openers[text[at:moved]])
            return moved
        if self._resume is not None:
            self._tail = []
            self._state = self._prose
            self._voice.line = True
            self._enter(self._resume)
            return at
        if self._late_closer:
            moved = self._take(self._lex.closer_texts, at, last)
            if moved is not None:
                if moved >= 0:
                    self._late_closer = False
                    self._voice.frames = self._lex.frames
                    self._to_gap()
                return moved
        moved = self._take(self._lex.stop_texts, at, last)
        if moved is not None:
            if moved >= 0:
                self._state = self._stopped
                return at
            return moved
        self._state = self._prose
        self._voice.line = True
        self._to_gap()
        return at

    def _lost_opener(self, at: int, last: bool) -> int | None:
        """A call without any opener, where nothing has been said yet or right behind a call: the name of a declared tool with the right
        marker behind it, or an object that names one and has the call's closer behind it."""
        text = self._text
        if text[at] != "{":
            named = self._lex.named_first and (text[at].isalnum() or text[at] == "_") and self._sink.may_be_name(text[at:])
            return self._try_damaged(at, last, True) if named and self._state != self._after else None
        calls = self._lex.enveloped
        if calls is None or (self._sink.given is None and self._sink.tools_ is None):
            return None
        object_ = closed_object(text, at, calls.body.name, self._sink.declares)  # type: ignore[union-attr]
        if object_ is None:
            return None
        if object_ < 0:
            return ~at if not last and len(text) - at < LOOKED_AT else None
        closers = self._lex.tails[id(calls)].damaged
        end = _SPACES.match(text, object_).end()  # type: ignore[union-attr]
        if not last and (end == len(text) or closers.begins.match(text, end)):
            return ~at
        if closers.closer(text, end) is None:
            return None
        opened = self._open(Head(calls, calls.open, "anywhere", True, True), {}, at, at)
        if opened is not None:
            self._sink.problem("repaired_markup", "a call without its opener was read", at)
        return opened

    def _damaged_after(self, tail: Tail, at: int, last: bool) -> int | None:
        """Right behind a call: an opening or a closer that is damaged, or a few words in front of the call's closer."""
        text = self._text
        if text.startswith(self._lex.not_of_calls, at):
            return None
        closers = tail.damaged
        moved = self._try_damaged(at, last, True)
        if moved is None:
            moved = self._lost_opener(at, last)
        if moved is not None:
            return moved
        if not last and closers.begins.match(text, at):
            return ~at
        closer = closers.closer(text, at)
        end = closer[1] if closer is not None else closers.behind_tag(text, at, last)
        if end is not None:
            if end >= 0:
                self._sink.problem("repaired_markup", f"a damaged closer was dropped: {text[at:end]}", at)
                self._tail = []
            return end
        if self._closer < len(tail.closers):
            end = closers.behind_words(text, at, last)
            if end is not None and end >= 0:
                self._problem("dropped_text", f"text in front of a call's closer was dropped: {text[at:end].strip()}", at, error=True)
            return end
        return None

    def _block_text(self, text: str) -> str:
        """What a block holds, without its opener."""
        opener = self._head.calls.open[0]  # type: ignore[union-attr]
        return text[max((len(spelling) for spelling in spellings(opener) if text.startswith(spelling)), default=0) :].strip(SPACE)

    def _repeat(self, at: int, last: bool) -> int:
        """Behind a block, where its text may stand again: with the closer behind it, too, it is dropped."""
        text = self._text
        tail = self._lex.tails[id(self._head.calls)]  # type: ignore[union-attr]
        end = min(len(text), at + len(self._body) - self._matched)
        if self._body.startswith(text[at:end], self._matched):
            self._matched += end - at
            end = _SPACES.match(text, end).end() if self._matched == len(self._body) else end  # type: ignore[union-attr]
            self._raw.append(text[at:end])
            at = end
            found = tail.closers[-1].match(text, at) if self._matched == len(self._body) else None
            if found is not None:
                kept = "".join(self._raw)
                self._problem("dropped_text", f"a repetition of the calls was dropped: {kept}{found[0]}", at - len(kept))
                self._raw = []
                self._tail = []
                self._state = self._after
                return found.end()
            if not last and (at == len(text) or tail.partial[-1].match(text, at)):
                return ~at
        kept = "".join(self._raw)
        self._raw = []
        self._body = ""
        self._text = kept + text[at:]
        self._base += at - len(kept)
        self._sink.base = self._base
        self._state = self._after
        return 0

    def _to_gap(self) -> None:
        for text in self._tail:
            body = text.strip(SPACE)
            blanks = len(text) - len(text.lstrip(SPACE))
            self._voice.keep(text[:blanks])
            self._voice.say(body, self._base)  # separators, which begin nothing
            self._voice.keep(text[blanks + len(body) :])
        self._tail = []

    def _stopped(self, at: int, last: bool) -> int:
        """Behind a stop token: it is text only if other text follows, or if there is more of it than may be held."""
        text = self._text
        while self._stop_length <= self._max_held and (found := self._lex.stops.match(text, at)) is not None:
            opens = self._reopens(at, last)
            if opens:
                break
            if opens is None:
                return ~at
            self._tail.append(text[max(at, -self._base) : found.end()])
            self._stop_length += found.end() - at
            at = found.end()
        too_long = self._stop_length > self._max_held
        if not too_long and (at == len(text) or (not last and self._lex.stop_begins.match(text, at))):
            return ~at
        self._state = self._prose
        kept = "".join(self._tail)
        self._tail = []
        self._stop_length = 0
        body = kept.strip(SPACE)
        blanks = len(kept) - len(kept.lstrip(SPACE))
        if blanks:
            self._voice.keep(kept[:blanks])
        self._voice.say(body, self._base + at - len(kept) + blanks + len(body))
        self._voice.spilled = too_long
        if blanks + len(body) < len(kept):
            self._voice.keep(kept[blanks + len(body) :])
        return at

    def _reopens(self, at: int, last: bool) -> bool | None:
        """Whether a further stop token begins the opening of a call (families where a marker is both); None: more must tell."""
        text = self._text
        for head in self._lex.stop_heads if self._tail else ():
            if head.full.match(text, at):
                return True
            if not last and len(text) - at < HEAD_LIMIT and head.partial.match(text, at):
                return None
        return False

    # -- token knowledge ----------------------------------------------------------------------------------------------------------------

    def _is_typed(self, start: int, end: int) -> bool:
        """Whether the engine said that a special-token marker from `start` to `end` came from ordinary tokens."""
        return self._runs is not None and self._runs.typed(self._text[start:end], self._base + start)

    def _is_special(self, start: int, end: int) -> bool:
        return self._runs is not None and self._runs.among(self._base + start, self._base + end, True)


def is_cut(rest: str, tags: tuple[str, ...]) -> bool:
    """Whether `rest` is the beginning of a tag, beyond its brackets."""
    return any(character.isalnum() for character in rest) and any(tag.startswith(rest) for tag in tags)
