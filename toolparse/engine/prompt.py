"""Where an output starts: what the prompt left open, or what is assumed of one that is not known."""

from __future__ import annotations

from toolparse.engine.turn import Turn
from toolparse.grammar import Format, Reasoning
from toolparse.jsontext.characters import SPACE
from toolparse.wire.spellings import spellings


def begin_without_prompt(turn: Turn, thinking: bool | None) -> None:
    """Nobody knows the prompt: the format, and `thinking` as a hint, tell whether the output starts inside reasoning."""
    pairs = turn.table.format.reasoning
    pair = next((pair for pair in pairs if pair.assumed or (thinking and turn.table.headers is None)), None)
    if pair is not None and thinking is not False:
        begin_thinking(turn, pair)


def begin_thinking(turn: Turn, pair: Reasoning) -> None:
    """The output begins inside reasoning."""
    turn.enter_reasoning(pair)
    turn.place = turn.table.thinking(pair, "echo")
    turn.writer.at_block = True


def turn_in(prompt: str, fmt: Format) -> str | None:
    """What the prompt holds of the assistant's turn; None when its opener is not there."""
    openers = [opener.strip(SPACE) for opener in fmt.turn]
    begin = max((at + len(opener) for opener in openers if (at := prompt.rfind(opener)) >= 0), default=-1)
    return prompt[begin:] if begin >= 0 else None


def begin_behind(turn: Turn, prompt: str) -> bool:
    """The output begins behind a prompt without the turn's opener: only a reasoning marker at its very end counts, or an opener behind a
    role in its last line. Returns whether the prompt has closed reasoning."""
    fmt = turn.table.format
    end = prompt.rstrip(SPACE)
    line = end.rpartition("\n")[2]
    for pair in fmt.reasoning:
        opened = max(line.rfind(text) for text in spellings(pair.open))
        begun = opened > max(map(line.rfind, spellings(pair.close))) and line[:opened].rstrip(SPACE).endswith((":", ">"))
        if end.endswith(spellings(pair.close)):
            turn.writer.at_block = True
            turn.place = turn.table.place(turn.place.ground, "unthought")
            return True
        marked = next((text for text in fmt.special_tokens if end.endswith(text)), "")  # which the template may write in the block
        if begun or end.endswith(spellings(pair.open)) or end.removesuffix(marked).endswith(spellings(pair.open)):
            begin_thinking(turn, pair)
            return False
    for frame in fmt.frames:
        if frame.anywhere and end.endswith(spellings(frame.open)):
            turn.armed["frame"] = frame
    return False
