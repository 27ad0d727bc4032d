"""Calls that failed: what is said at the end of an output of text that looks like a call and was not read as one.

The watch (`wire/call_watch.py`) has kept the regions that may hold one. Here each is judged: the call of another format
(`other_format`), a call of this one without its special tokens (`lost_markers`, see `missed_calls.py`), an attempt that
nothing reads (`not_a_call`, an error), or a marker that is only mentioned (a warning). What stands in a code block, in back quotes or
in quotation marks is an example.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import lru_cache
from itertools import pairwise

from toolparse.engine.other_formats import Read, Written, any_marker, call_markers, ends_with_marker, written_by
from toolparse.events import Attempt, AttemptStatus, Problem
from toolparse.grammar import Envelope, Format, OneOf, Parameters
from toolparse.jsontext.partial import loaded
from toolparse.schemas.tools import Tool, Tools
from toolparse.wire.call_watch import Region, begins
from toolparse.wire.dialects import ARGUMENTS, NAMES
from toolparse.wire.lookalikes import plain_signs
from toolparse.wire.marker_rows import is_marker
from toolparse.wire.spellings import SLOT, any_of, closing_parts, opening_parts, spellings

NEAR = 96
"""Between a marker and the body of the call there are at most so many characters."""
SHOWN = 200
"""So many characters of a failed attempt stand in the sentence about it."""
_KEYS = re.compile(
    r"""["'“](?:name|tool_name|function_name|tool|function|arguments|parameters|args|params|tool_input|action_input|input|kwargs)["'”]\s{0,4}[:=]"""
)
_BODY = re.compile(
    r"""(?i:parameter|param|function|invoke|tool|call|argument)(?:\s{1,4}(?:name|tool|key))?\s{0,4}=\s{0,4}["'“”]?\w"""
    r"|arg_(?:key|value)>"
    r"|functions\.\w"
)
_MARKER = re.compile(r"(?i:[<\[][|｜/ ]{0,3}[\w:|｜▁ .-]{0,40}?(?:tool|func|call|invoke|action|arg|param))|<[|｜]|\]<\]")
_KEY = re.compile(r"""(?:["'“]|<|[=:{,]\s{0,4}["']?)([\w-]{1,64})(?=["'”]\s{0,4}[:=>]|>|\s{0,4}[:=])""")
"""A key of arguments, in JSON, in a tag or bare."""
_OBJECT = re.compile(r"""\s{0,8}(?:```\w{0,16}\s{0,8})?(?:[\[{(]\s{0,8}["'{“]|\{\s{0,8}\})""")
_ARGUMENTS = re.compile(r"""\(\s{0,8}(?:[\w$.-]{1,64}["'”]?\s{0,4}[=:＝：]|["'“{\[(<*]|[\d-]|\)[\])}`"';]*[ ]*(?:\n|\Z|[<\[|]))""")
"""Behind a tool's name: what is no mention of it."""
_FUNCTION = r"[a-z_][\w.-]{0,64}"
_UNMARKED = re.compile(
    rf"(?:>>>|(?=[a-z0-9-]{{0,64}}(?:[_.]|[a-z][A-Z])))(?P<named>{_FUNCTION})[ ]?\n\{{|\[\s{{0,4}}(?P<called>{_FUNCTION})\("
)
"""What may be a call without any marker, and nothing else; a word on a line of its own is no name of a function."""
_NAME = re.compile(r"[\w.-]{1,64}")
_BEFORE_NAME = frozenset("\"'“>]}=:.[|｜/{(\r\n")
_BEHIND_NAME = frozenset("\"'”<({[:>|｜\r\n*`\u00a0")
_MADE_UP = re.compile(r"(?:[<\[][\w:.|｜▁-]{0,24}(?i:tool|call|func|invoke)[\w:.|｜▁-]{0,24}(?:[>\]]\s{0,8}|\s{1,8}|\Z)){1,8}")
"""Tags that speak of calls, and nothing else."""
_ELEMENT = re.compile(r"""[ ]{0,2}(?:/>|>\s{0,8}(?:\{|<(?P<child>[\w.-]{1,64})>)|\s(?P<attribute>[\w.-]{1,64})=["'])""")
"""Behind a tool's name that is the name of a tag: what the tag of an attempt has, an object or a parameter."""
_ADDRESSED = re.compile(r"(?:to=functions\.|\[[\w ]{0,24}(?:[tT]ool|[cC]all)[\w ]{0,24}: ?)\Z")
"""In front of a tool's name: what is said of a call."""
_TAGGED = re.compile(r"<[\w:.-]{1,24} {1,4}\Z")
_NAMELESS = re.compile(r"""<[^<>\s]{1,40}(?: name)?=(?:""|'')?>""")
_EXAMPLES = re.compile(r"""(?s:```.*?(?:```|\Z))|`[^`\n]{1,400}`|["'“‘][<\[][^"'“”‘’\n]{1,80}[>\]]["'”’]""")
_CLOSED = re.compile(r"""[<\[][^"'“”‘’`\n]{0,80}[>\]]["'”’](?=[\s.,;:)]|\Z)""")
_QUOTES_OF_TAGS = re.compile(r"`{1,3}(?=\]?<[^`\n])|(?<=>)`{1,3}")
_FENCE = re.compile(r"```\w{0,16}")
_BLOCK = re.compile(r"\s*```\w{0,16}\s*((?:(?!```)[\s\S])*)(?:```)?\s*")
"""A code block with nothing in front of it or behind."""


def judge(fmt: Format, regions: Iterable[Region], tools: Tools | None, read: Read, lost: str | None) -> list[Problem]:
    """What is to be said of the regions.

    `read` is how a format's parser reads a text. `lost` is what is said where this format's special tokens are missing, if they may be.
    """
    found = []
    openers = _openers(fmt)
    for piece in (piece for region in regions for piece in _pieces(region, openers)):
        problem = _judged(fmt, piece, tools, read, lost)
        if problem is None or problem.severity == "warning":
            problem = _judged_respelt(fmt, piece, tools, read) or problem
        if problem is not None:
            found.append(problem)
            lost = None
    return found if lost is None else [Problem("lost_markers", lost, None, 0, "error"), *found]


@lru_cache(maxsize=256)
def _openers(fmt: Format) -> re.Pattern[str]:
    """What each attempt of this format begins with."""
    parts = [part for calls in fmt.calls for part in opening_parts(calls)[:1]]
    texts = {SLOT.split(text)[0].strip() for part in parts if isinstance(part, (str, OneOf)) for text in spellings(part)}
    return re.compile(any_of(text for text in texts if len(text) > 2))


@lru_cache(maxsize=256)
def _block(fmt: Format) -> re.Pattern[str]:
    """What begins with the opener of calls on a line of its own and has the closer on another."""
    pairs = []
    for calls in fmt.calls:
        outermost = (*opening_parts(calls)[:1], *closing_parts(calls)[-1:])
        if len(outermost) == 2 and all(isinstance(part, (str, OneOf)) for part in outermost):
            begin, end = map(spellings, outermost)
            if all(map(is_marker, (*begin, *end))):
                pairs.append(rf"(?:{any_of(begin)})[ ]{{0,4}}\n(?s:.*)\n[ ]{{0,4}}(?:{any_of(end)})[ ]{{0,4}}$")
    return re.compile("|".join(pairs) or r"(?!)", re.M)


@lru_cache(maxsize=256)
def _ends(fmt: Format) -> re.Pattern[str]:
    """The closer of a raw value with one of its call behind it."""
    rows = []
    for calls in fmt.calls:
        if isinstance(calls.body, Parameters):
            texts = [text for part in closing_parts(calls) for text in spellings(part)]
            values = any_of(text.strip() for text in spellings(calls.body.close))
            rows.append(rf"(?:{values})\s{{0,8}}(?:{any_of(text for text in texts if len(text) > 2)})")
    return re.compile("|".join(rows) or r"(?!)")


def _pieces(region: Region, openers: re.Pattern[str]) -> Iterable[Region]:
    """A region by the attempts in it. In a code block all of it is one."""
    text = region.text
    starts = [found.start() for found in openers.finditer(text)] if "`" not in text else []
    if len(starts) < 2:
        return (region,)
    starts[0] = 0
    bounds = pairwise((*starts, len(text)))
    return [Region(region.start + start, text[start:end], region.fenced, region.first and not start) for start, end in bounds]


def _judged(fmt: Format, region: Region, tools: Tools | None, read: Read, lost: str | None) -> Problem | None:
    block = _BLOCK.fullmatch(region.text) if region.first else None
    if block is None and (block_of := _last_block(region.text, region.fenced, tools)) is not None:
        text, start = region.text, region.start
        said = f"a code block at the end holds a call of {block_of!r}, which is none in this format: {_shown(text)}"
        return Problem("not_a_call", said, None, start, "error", Attempt("unreadable", block_of, text, start, start + len(text)))
    markers = _markers(fmt)
    found = _without_examples(region, block, markers, tools)
    if found is None:
        return None
    text, plain, start = found
    name = _named(plain, tools)
    called = name is not None or _KEYS.search(plain) is not None or _BODY.search(plain) is not None
    own = any(marker in plain for marker in markers)
    begun = _MARKER.match(plain) is not None
    if begun:  # tokens that are skipped leave no marker in their place
        lost = None
    if not own and _MADE_UP.fullmatch(plain):
        said = f"this looks like the opener of calls and is none of this format, so it is content: {_shown(text)}"
        return Problem("not_a_call", said, None, start, "error", Attempt("no_name", None, text, start, start + len(text)))
    bare = _UNMARKED.match(plain) if tools is None else None
    if not called and not own and bare is None and not (tools is None and any_marker(plain)):  # without tools a whole call counts
        return None
    called = called or _is_body(plain, markers, tools, bool(fmt.fragments))
    supposed = bare and (bare["named"] or bare["called"])
    other = written_by(text, fmt, tools, read, supposed) if tools is None or (called and name is not None) else None
    if other is not None and (other.whole or not own) and (other.marked or not begun):
        return _as_other_format(fmt, other, other.lead + text, max(start - len(other.lead), 0), lost)
    status: AttemptStatus = "unreadable" if name is not None else "no_name"
    attempt = Attempt(status, name, text, start, start + len(text))
    if lost is not None and not own:
        return Problem("lost_markers", lost, None, start, "error", attempt)
    marked = own or begun or any_marker(plain)
    keyed = begun and _BODY.search(plain) is not None and _declares_key(plain, tools)
    if name is not None or (called and marked and tools is None) or (called and own) or keyed:
        what = f"a call of {name!r}" if name is not None else "a call"
        said = f"this looks like {what} and cannot be read as one, so it is content: {_shown(text)}"
        return Problem("not_a_call", said, None, start, "error", attempt)
    return _of_markers(fmt, plain, attempt) if own else None


def _of_markers(fmt: Format, plain: str, attempt: Attempt) -> Problem:
    """What is said of text in which markers of this format stand, and nothing else that belongs to a call."""
    ended = _ends(fmt).search(plain)
    if _NAMELESS.search(plain):
        said = "a call without a name stands in the text"
    elif _block(fmt).match(plain):
        said = "a block of calls holds none, so it is content"
    elif ended is not None and not _openers(fmt).search(plain, 0, ended.start()):
        said = "the end of a call's arguments stands in the text, so a value in front of it may have been ended too early"
    else:
        said = f"a marker of calls stands in the text with no call behind it: {_shown(attempt.text)}"
        return Problem("not_a_call", said, None, attempt.start)
    return Problem("not_a_call", f"{said}: {_shown(attempt.text)}", None, attempt.start, "error", attempt)


def _without_examples(
    region: Region, block: re.Match[str] | None, markers: Collection[str], tools: Tools | None
) -> tuple[str, str, int] | None:
    """A region from where a call may begin in it: its text, the same with blanks for what is an example, and where that starts; None when
    none may. `block`: all that there is, a code block, which is no example."""
    text, start = region.text, region.start
    if block is not None:
        start += block.start(1)
        text = block[1]
    elif region.fenced and ("```" in text or not any(marker in text for marker in markers)):
        start += len(text) - len(text.partition("```")[2])
        text = text.partition("```")[2]
    quoted = 0 if block is not None else _quoted(text)
    plain = " " * quoted + _EXAMPLES.sub(_without_example, text[quoted:])
    at = begins(plain, region.first)
    if at is None:
        at = min((plain.find(marker) for marker in markers if marker in plain), default=-1) if _named(plain, tools) is not None else -1
        if at < 0:
            return None
    at += len(plain[at:]) - len(plain[at:].lstrip())
    text, plain = text[at:].rstrip(), plain[at:]
    lead = next((marker[0] for marker in markers if len(marker) > 2 and text.startswith(marker[1:]) and marker[0] == "]"), "")
    return lead + text, lead + plain, max(start + at - len(lead), 0)


def _as_other_format(fmt: Format, other: Written, text: str, start: int, lost: str | None) -> Problem:
    """What is said of a call that another format writes."""
    attempt = Attempt("unreadable", other.tool, text, start, start + len(text))
    written = f"the format {other.format.name!r} writes"
    if lost is not None and not other.marked and _as_written(fmt, text):
        return Problem("lost_markers", f"{lost}; if it is not skipped, this is what {written}", None, start, "error", attempt)
    said = f"there is no call, but {_shown(text)!r}, which {written}: choose that one for this model"
    return Problem("other_format", said, None, start, "error", attempt)


def _judged_respelt(fmt: Format, region: Region, tools: Tools | None, read: Read) -> Problem | None:
    """The same of a region whose markup is escaped or written with other signs, or in which each tag stands in back quotes. Only what names
    a declared tool is one."""
    text = region.text
    plain = _QUOTES_OF_TAGS.sub("", plain_signs(text)).replace('\\"', '"').replace("\\_", "_")
    if tools is None or plain == text:
        return None
    problem = _judged(fmt, Region(region.start, plain, region.fenced, region.first), tools, read, None)
    if problem is None or problem.attempt is None or problem.attempt.name is None:
        return None
    name, end = problem.attempt.name, region.start + len(text)
    keys = getattr(tools.get(name), "keys", ())
    if "`" in text and keys and not any(re.search(rf"\b{re.escape(key)}\b", plain) for key in keys):
        return None  # documentation speaks of tools, too
    attempt = Attempt(problem.attempt.status, name, text, region.start, end)
    said = f"this looks like a call of {name!r} with its markup escaped, quoted or in other signs, so it is content: {_shown(text)}"
    return Problem("not_a_call", said, None, region.start, "error", attempt)


def _last_block(text: str, fenced: bool, tools: Tools | None) -> str | None:
    """The declared tool that the JSON in a code block calls, behind which nothing stands; None when it is another thing. `fenced`: the text
    begins in the block."""
    if not fenced:
        opened = _FENCE.search(text)
        if opened is None:
            return None
        text = text[opened.end() :]
    inner, _, behind = text.partition("```")
    if behind.strip() or tools is None:
        return None
    given = loaded(inner)
    for found in given if isinstance(given, list) else [given]:
        name = next((found[key] for key in (*NAMES, "method") if key in found), None) if isinstance(found, dict) else None
        if isinstance(name, str) and name in tools and any(isinstance(found.get(key), dict) for key in ARGUMENTS):
            return name
    return None


def _without_example(example: re.Match[str]) -> str:
    """Blanks in the place of an example; code behind a marker of calls is none."""
    is_call = example[0].startswith("```") and ends_with_marker(example.string[: example.start()].rstrip())
    return example[0] if is_call else " " * len(example[0])


@lru_cache(maxsize=256)
def _markers(fmt: Format) -> frozenset[str]:
    """The markers of a format's calls, and the special tokens of which they consist."""
    found = call_markers(fmt)
    texts = [text for calls in fmt.calls for part in calls.open for text in spellings(part)]
    return found.union(token for token in fmt.special_tokens if any(token in text for text in (*texts, *found)))


def _declares_key(text: str, tools: Tools | None) -> bool:
    """Whether a key of a declared tool stands in the text as in arguments."""
    keys = {key for tool in tools or () for key in tool.keys}
    return any(found[1] in keys for found in _KEY.finditer(text))


def _is_body(text: str, markers: Iterable[str], tools: Tools | None, in_pieces: bool) -> bool:
    """Whether what stands beside a marker of calls belongs to a call: a key of a declared tool, an object, or further markers, and whether
    there is nothing but markers. `in_pieces`: a word may stand between two of them."""
    if _declares_key(text, tools):
        return True
    ends = [(found.start(), found.end()) for found in re.finditer(any_of(markers), text)]
    if any(_OBJECT.match(text, end) or text[:start].rstrip().endswith(("}", ")", "]")) for start, end in ends):
        return True
    row = 1
    for (_, end), (start, _) in pairwise(ends):
        between = text[end:start].strip()
        row = row + 1 if not between or (in_pieces and between.isalpha()) else 1
        if row == 3:
            return True
    left = text
    for marker in sorted(markers, key=lambda marker: (-len(marker), marker)):  # removing one may leave another
        left = left.replace(marker, "")
    if in_pieces:
        words = set(re.findall(r"\w+", " ".join(markers)))
        return all(word in words for word in left.split())
    return not left.strip()


def _quoted(text: str) -> int:
    """How much of the text's start is quoted, which its opening quote in front of it does not tell but the closing one does."""
    closed = _CLOSED.match(text)
    if closed is not None:
        return closed.end()
    line = text.partition("\n")[0].replace("```", "   ")
    return line.index("`") + 1 if line.count("`") % 2 else 0


def _as_written(fmt: Format, text: str) -> bool:
    """Whether the text is as this format's own template writes it, as far as keys tell."""
    bodies = [calls.body for calls in fmt.calls]
    envelopes = [body for body in bodies if isinstance(body, Envelope)]
    if len(envelopes) < len(bodies):
        return True
    return any(any(f'"{key}"' in text for key in body.arguments) and (body.listed or not text.startswith("[")) for body in envelopes)


def _shown(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _folded(name: str) -> str:
    """A name of several words however it is written."""
    return name.replace("_", "").replace("-", "").lower()


@lru_cache(maxsize=16)
def _by_folded_name(names: tuple[str, ...]) -> dict[str, str]:
    """Those of the names that are several words, as `_folded` gives them."""
    return {_folded(name): name for name in names if not name.islower() or "_" in name}


def _is_element(text: str, at: int, tool: Tool | None) -> bool:
    """Whether a tag that has the tool's name, which ends at `at`, holds an object or one of the tool's parameters."""
    found = _ELEMENT.match(text, at)
    if found is None:
        return False
    key = found["child"] or found["attribute"]
    return key is None or (tool is not None and tool.declares(key))


def _named(text: str, tools: Tools | None) -> str | None:
    """The first declared tool whose name stands in the text as in a call: with a bracket or a quote beside it."""
    if tools is None:
        return None
    folded = _by_folded_name(tools.names)
    for found in _NAME.finditer(text):
        word = found[0].strip(".-")
        for written in (word, word.rpartition(".")[2]):
            name = written if written in tools else folded.get(_folded(written), "")
            if name:
                start = found.end() - len(written) - (len(found[0]) - len(found[0].rstrip(".-")))
                before, behind = text[:start].rstrip(" ")[-1:], text[found.end() :].lstrip(" ")[:1]
                if behind == "(" and not _ARGUMENTS.match(text, text.index("(", found.end())):
                    continue  # of which prose speaks
                ends = behind in _BEHIND_NAME or not behind or (before == "=" and behind in "])}")
                ends = ends or _ADDRESSED.search(text, max(start - 64, 0), start) is not None
                if ends and (before in _BEFORE_NAME or not before or _TAGGED.search(text, max(start - 32, 0), start)):
                    return name
                if before == "<" and _is_element(text, found.end(), tools.get(name)):
                    return name
    return None
