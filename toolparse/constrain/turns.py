"""A whole turn: reasoning, running text and calls, as `rendering.render` writes them.

`auto` leaves text free until the first words of a call; then only a call of the request's tools may follow. `required` and a named
function begin with a call, behind reasoning. Running text holds none of the format's own markers: what would be read as something else
than text cannot be written by chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Literal as Word

from toolparse.constrain.bodies import envelope, opening
from toolparse.constrain.tree import ANY, EMPTY, Chars, Literal, Node, Repeat, Rules, Seq, Text, alt, maybe, of, seq
from toolparse.grammar import Calls, Channels, Envelope, Format, Part, PythonCalls
from toolparse.rendering.render import closing, content_header
from toolparse.rendering.writers import written_part
from toolparse.wire.spellings import canonical, spellings

Reasoning = Word["auto", "open", "none"]

GAP = Repeat(Chars(of(" \n")), 0, 4)
"""White space between blocks, where no text may stand."""
SHORT = 3
"""A trigger is at least this long: a bracket alone is no sign of a call."""


@dataclass(frozen=True, slots=True)
class Written:
    """A tool's call in pieces: what stands before the arguments, they, and what closes the call."""

    head: Node
    arguments: Node
    tail: str


class Turn:
    """The grammar of a format's turn, over the tools that may be called."""

    def __init__(self, rules: Rules, fmt: Format, how: Calls, calls: dict[str, Node], parallel: bool) -> None:
        self.rules = rules
        self.fmt = fmt
        self.how = how
        self.calls = calls
        self.parallel = parallel
        self.kept = kept(fmt)
        self.headers: Channels | None = None
        """What the openings are headers of."""

    # -- calls ------------------------------------------------------------------------------------------------------------------------

    def one(self, name: str) -> Node:
        """A call on its own, without what stands around several."""
        how, body, written = self.how, self.how.body, self.calls[name]
        if isinstance(body, Envelope) and body.listed is not None:
            return envelope(body, name, written)
        if isinstance(body, PythonCalls) and body.listed:
            return seq(opening(how.open[_named(how) :], how, name), written)
        inner = envelope(body, name, written) if isinstance(body, Envelope) else written
        head = opening(how.open, how, name)
        other = None if self.headers is None else recipient_first(self.headers, how.open)
        if other is not None:
            head = alt(head, opening(other, how, name))
        opener, closer = ("", "") if how.wrapper is None or how.wrapper.shared else (_opener(how), canonical(how.wrapper.close))
        return seq(opener, head, "".join(map(canonical, how.lead)), inner, closing(how), closer)

    def run(self, first: Sequence[str], alone: bool = False) -> Node:
        """Calls that stand together; the first is to one of `first`. `alone`: what follows it may as well be running text."""
        how, body = self.how, self.how.body
        begin, between, end = "", how.between, ""
        if isinstance(body, Envelope) and body.listed is not None:
            begin, between, end = body.listed
            begin, end = _text(opening(how.open, how, "")) + begin, end + closing(how)
        elif isinstance(body, PythonCalls) and body.listed:
            begin, between, end = _text(opening(how.open[: _named(how)], how, "")), ", ", "]" + closing(how)
        if how.wrapper is not None and (how.wrapper.shared or begin):
            begin, end = _opener(how) + begin, end + canonical(how.wrapper.close)
        if not self.parallel or (alone and not begin and not between.strip()):
            return seq(begin, factored([self.one(name) for name in first]), end)
        call = self.rules.rule("call", factored([self.one(name) for name in self.calls]))
        found = call if len(first) == len(self.calls) else factored([self.one(name) for name in first])
        return seq(begin, found, Repeat(seq(between, call)), end)

    def triggered(self) -> list[tuple[str, Node]]:
        """The words that begin calls, each with what must follow it."""
        how = self.how
        marker = _opener(how).strip() if how.wrapper is not None else _first(how)
        names = list(self.calls)
        groups = [names] if len(marker) >= SHORT and how.needs != "tool" else [[name] for name in names]
        found = []
        for group in groups:
            run = self.run(group, alone=True)
            run = without_start(run, _text(run)[: -len(_text(run).lstrip()) or None])
            start = _text(run)
            trigger = marker if len(groups) == 1 and start.startswith(marker) else start.strip()
            found.append((trigger, without_start(run, trigger)))
        return found

    # -- turns without messages -------------------------------------------------------------------------------------------------------

    def whole(self, mode: Word["auto", "none", "required"], reasoning: Reasoning) -> Node:
        if self.fmt.channels is not None:
            return self.messages(self.fmt.channels, mode, reasoning)
        think = self.reasoning(reasoning)
        frame = next((frame for frame in self.fmt.frames if frame.anywhere and frame.close is not None), None)
        if mode == "required":
            # White space may stand here though the grammar has no reasoning: what an engine keeps out of it ends at the closer.
            wrapper = "" if self.how.wrapper is None else canonical(self.how.wrapper.open)
            gap = GAP if self.fmt.reasoning or wrapper[:1].isspace() else EMPTY
            # Templates that put text into a frame may write an empty one.
            empty = EMPTY if frame is None else maybe(seq(canonical(frame.open), canonical(frame.close or ""), GAP))
            return seq(think, gap, empty, self.run(list(self.calls)))
        calls = self.triggered() if mode == "auto" and self.calls else []
        if frame is not None and frame.close is not None:
            said = seq(canonical(frame.open), self.text(()), canonical(frame.close), GAP)
            run = seq(self.run(list(self.calls)), GAP) if calls else EMPTY
            if not self.parallel and calls:
                return seq(think, GAP, Repeat(said), maybe(run))
            return seq(think, GAP, Repeat(alt(said, run) if calls else said))
        triggers = tuple(trigger for trigger, _ in calls)
        line = self.how.where == "line" and self.how.wrapper is None
        if line and self.how.between.strip():
            # Behind a call this begins another one, and text that began so would be taken for it by a lexer.
            triggers += tuple(self.how.between + trigger[0] for trigger in triggers)
        text = self.text(triggers)
        ways: list[Node] = []
        for trigger, rest in calls:
            ways.append(seq(text, "\n" if line else "", trigger, rest))
        if not calls:
            return seq(think, text)
        if line:
            start = alt(*(seq(trigger, rest) for trigger, rest in calls))
            if not self.parallel:
                return seq(think, alt(start, *ways, text))
            return seq(think, maybe(start), Repeat(alt(*ways)), text)
        return seq(think, Repeat(alt(*ways)), text) if self.parallel else seq(think, alt(*ways, text))

    def text(self, triggers: tuple[str, ...]) -> Node:
        """Running text; the trigger itself is never part of it."""
        return self.rules.rule("text", Text(_least({*self.kept, *triggers}), ANY))

    def reasoning(self, reasoning: Reasoning) -> Node:
        """A block of reasoning that the output opens, or that the prompt has opened."""
        if reasoning == "none" or not self.fmt.reasoning:
            return EMPTY
        blocks = []
        for pair in self.fmt.reasoning[: 1 if reasoning == "open" else None]:
            # Its text may hold what counts in running text only, but nothing that ends it.
            opener = "" if reasoning == "open" else canonical(pair.open).strip()
            blocks.append(
                seq(
                    opener,
                    self.rules.rule("text", Text(_least({*self.kept, *_opening_words(self.fmt)}), ANY)),
                    canonical(pair.close).strip(),
                )
            )
        return alt(*blocks) if reasoning == "open" else maybe(alt(*blocks))

    # -- turns of messages ------------------------------------------------------------------------------------------------------------

    def messages(self, channels: Channels, mode: Word["auto", "none", "required"], reasoning: Reasoning) -> Node:
        """Messages behind headers, which say by themselves what comes. The end of the last may be a stop token, which engines take away."""
        text = self.text(())
        start = canonical(channels.start)
        thought = seq(canonical(self.fmt.reasoning[0].open), text)
        closed = canonical(self.fmt.reasoning[0].close)
        said = seq(content_header(channels), text)
        end = channels.ends[0]
        headed = any(marker in "".join(map(written_part, self.how.open)) for marker in channels.close)
        bare = self.fmt.variant(channels=None)
        turn = Turn(self.rules, bare, self.how, self.calls, self.parallel and headed)
        turn.headers = channels if headed else None
        if not self.calls:
            run: Node = EMPTY
        elif headed:
            run = turn.run(list(self.calls))
        else:
            one = alt(*(seq(channels.to.replace("{name}", name) + channels.close[0], turn.run([name]), end) for name in self.calls))
            run = seq(one, Repeat(seq(start, self.rules.rule("call", one)))) if self.parallel else one
        thoughts = Repeat(seq(thought, closed, start))
        before = {"auto": thoughts, "open": seq(text, closed, start, thoughts), "none": EMPTY}
        if mode == "required":
            # An engine that keeps reasoning out of the grammar leaves off at its end, in front of the next header.
            return seq(before[reasoning] if reasoning != "none" else maybe(start), run)
        final = seq(alt(said, thought) if reasoning != "none" else said, maybe(end))
        if mode == "none" or not self.calls:
            return seq(before[reasoning], Repeat(seq(said, end, start)), final)
        ahead = seq(before[reasoning], Repeat(seq(alt(said, thought) if reasoning != "none" else said, end, start)))
        return seq(ahead, alt(final, run))


def recipient_first(channels: Channels, parts: tuple[Part, ...]) -> tuple[Part, ...] | None:
    """A header with its recipient in front of the channel, as templates write it too; None where it stands there anyhow."""
    text = "".join(map(written_part, parts))
    begin = text.find(channels.to.partition("{name}")[0])
    if not channels.channel or begin <= text.find(channels.channel):
        return None
    end = text.index("{name}") + len("{name}")
    return (text[begin:end] + text[:begin] + text[end:],)


def factored(nodes: list[Node]) -> Node:
    """One of the nodes, what they all begin with written once."""
    if len(nodes) == 1:
        return nodes[0]
    texts = [_text(node) for node in nodes]
    low, high = min(texts), max(texts)
    shared = low[: next((at for at, (one, other) in enumerate(zip(low, high, strict=False)) if one != other), len(low))]
    return seq(shared, alt(*(without_start(node, shared) for node in nodes)))


def without_start(node: Node, start: str) -> Node:
    """What follows a text that the node begins with."""
    if not start:
        return node
    if isinstance(node, Seq):
        return seq(_text(node)[len(start) :], *node.items[1:])
    return Literal(_text(node)[len(start) :])


def _text(node: Node) -> str:
    """The text that a node surely begins with."""
    first = node.items[0] if isinstance(node, Seq) else node
    return first.text if isinstance(first, Literal) else ""


def _opener(how: Calls) -> str:
    return "" if how.wrapper is None else canonical(how.wrapper.open).lstrip("\n")


def _named(how: Calls) -> int:
    return next(index for index, part in enumerate(how.open) if isinstance(part, str) and "{name}" in part)


def _first(how: Calls) -> str:
    """The first marker of an opening, up to a name."""
    parts = takewhile(lambda text: "{" not in text, map(written_part, how.open[:1]))
    first = "".join(parts).strip()
    return first or written_part(how.open[0]).partition("{")[0].strip() if how.open else ""


# -- what text may not hold ----------------------------------------------------------------------------------------------------------


def is_markup(text: str) -> bool:
    """Whether a marker is more than a word or a fence that any text may hold."""
    return len(text) >= SHORT and not text.startswith("`") and not text[:1].isalnum()


def _opening_words(fmt: Format) -> set[str]:
    """The markers that open calls."""
    found: set[str] = set()
    for how in fmt.calls:
        if how.wrapper is not None:
            found.update(spellings(how.wrapper.open))
        for parts in (how.open, *how.also):
            found.update(text.partition("{name}")[0].strip() for part in parts[:1] for text in spellings(part))
    return {text for text in found if is_markup(text)}


def kept(fmt: Format) -> set[str]:
    """The markers that running text may not hold."""
    found = {*fmt.special_tokens, *_opening_words(fmt)}
    for pair in fmt.reasoning:
        found.update((*spellings(pair.open), *spellings(pair.close)))
    for how in fmt.calls:
        found.update(text for part in how.close for text in spellings(part))
        if how.wrapper is not None:
            found.update(spellings(how.wrapper.close))
    for marker in fmt.stop:
        found.add(marker.strip())
    channels = fmt.channels
    if channels is not None:
        found.update((*spellings(channels.start), *channels.close, *channels.ends, channels.channel))
    if not any(frame.anywhere for frame in fmt.frames):
        for frame in fmt.frames:  # they may stand around text
            found.difference_update(spellings(frame.open), () if frame.close is None else spellings(frame.close))
    of_reasoning = {text for pair in fmt.reasoning for marker in (pair.open, pair.close) for text in spellings(marker)}
    return {text for text in found if is_markup(text) or text in of_reasoning}


def _least(words: set[str]) -> tuple[str, ...]:
    """The words that hold no other of them."""
    found = sorted(words - {""}, key=lambda word: (len(word), word))
    return tuple(word for index, word in enumerate(found) if not any(shorter in word for shorter in found[:index]))
