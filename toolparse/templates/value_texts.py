"""Whole texts as values, in the ways that a response template names (`ValueText`).

For what cannot be read as it arrives: the text is all there. JSON is repaired by the machine of `json_text.py`, so no text
raises but `Unreadable`, and nothing is nested deeper than `depth`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from toolparse.codecs.codec_base import NO_ENDS
from toolparse.codecs.json_calls import Unheard
from toolparse.codecs.json_text import JsonReader, Reporter
from toolparse.codecs.python_calls import PythonReader
from toolparse.events import CallArguments, CallEnd, CallStart, Problem
from toolparse.grammar import PythonCalls, ValueText
from toolparse.jsontext import raw_values
from toolparse.jsontext.characters import quote
from toolparse.jsontext.partial import read_json
from toolparse.wire.open_call import CallRules, OpenCall

_JSON = re.compile(r"""[{\["']|(?:-?[0-9][-+.eE0-9]*|true|false|null)\Z""").match
_FIRST_CALL = re.compile(r"\[\s*(?:([^\W\d][\w.\-]{0,255})\s*\(|\]\Z)").match
_BARE_KEY = re.compile(r"(?<=[{,])(\w+):")
LONGEST_SEARCH = 16_384
"""Characters of a text that is searched with a pattern which only whole text can be searched with: it may backtrack."""


class Unreadable(ValueError):
    """A text that is no such value. Never leaves the engine."""


class Repairs:
    """A reporter that reports all but the `allowed` kinds, at one place."""

    def __init__(self, report: Reporter, at: int, allowed: str = "") -> None:
        self.report = report
        self.at = at
        self.allowed = allowed

    def problem(self, kind: str, message: str, position: int, error: bool = False) -> None:
        if kind != self.allowed:
            self.report.problem(kind, message, self.at, error)


def read_value(text: str, how: ValueText, report: Reporter, depth: int) -> Any:
    """The value of a text. Raises `Unreadable`, with a sentence, when it is none of its kind; faults in JSON are reported.

    >>> read_value(" 7\\n", ValueText("int"), report, 8)                          # doctest: +SKIP
    7
    """
    if how.kind == "text":
        return text.strip() if how.strip else text
    if how.kind == "bool":
        return text.strip().lower() in ("true", "1")
    if how.kind in ("int", "float"):
        return number(text.strip(), how.kind)
    if how.kind == "json":
        return json_value(text, how, report, depth)
    if how.kind == "python-call-list":
        return python_calls(text, report, depth)[0]
    return parameters(text, how, report, depth)


def is_whole(text: str, how: ValueText) -> bool:
    """Whether nothing is missing at the end of a text, as far as the text itself can tell."""
    if how.kind == "python-call-list":
        return python_calls(text, Repairs(Unheard(), 0), 1)[1]
    return how.kind != "json" or is_json(text.strip(), how)


def python_calls(text: str, report: Reporter, depth: int) -> tuple[list[dict[str, Any]], bool]:
    """The calls of a Python list, each a name and its arguments, and whether the last one is whole. Raises `Unreadable`."""
    text = text.strip()
    found = _FIRST_CALL(text)
    if found is None:
        raise Unreadable(f"{text[:40]!r} is no list of calls")
    if found[1] is None:
        return [], True
    calls = OpenCall(None, CallRules(str, "keep", False, None, len(text), len(text), depth, False))
    calls.begin(found[1], "", 0)
    reader = PythonReader(calls, PythonCalls(listed=True), NO_ENDS)
    end = reader.step(text, found.end(), True)
    if not reader.done:
        reader.finish(len(text))
    calls.flush()
    made: list[dict[str, Any]] = []
    arguments: list[str] = []
    whole = True
    for event in calls.events:
        if isinstance(event, CallStart):
            made.append({"name": event.name})
            arguments.append("")
        elif isinstance(event, CallArguments):
            arguments[event.index] += event.text
        elif isinstance(event, CallEnd):
            whole = event.complete
        elif isinstance(event, Problem):
            report.problem(event.kind, event.message, 0, event.severity == "error")
    for call, each in zip(made, arguments, strict=True):
        call["arguments"] = read_json(each)
    if reader.done and text[end:].strip():
        report.problem("dropped_text", f"text behind the calls was dropped: {text[end:].strip()}", 0, True)
    return made, whole


def number(text: str, kind: str) -> Any:
    try:
        found = int(text) if kind == "int" else float(text)
    except ValueError as fault:
        raise Unreadable(f"{text[:40]!r} is no {kind}") from fault
    if found != found or found in (float("inf"), float("-inf")):
        raise Unreadable(f"{text[:40]!r} is no JSON number")
    return found


def json_value(text: str, how: ValueText, report: Reporter, depth: int) -> Any:
    text = text.strip()
    plain = without_delimiters(text, how)
    if how.allow_text and not is_json(plain, how):
        return text
    if not _JSON(plain):
        raise Unreadable(f"{text[:40]!r} is no JSON")
    parts: list[str] = []
    reader = JsonReader(Repairs(report, 0, "unquoted_key" if how.unquoted_keys else ""), parts.append, depth=depth)
    rest = plain[reader.close_text(plain) :].strip()
    if rest:
        report.problem("dropped_text", f"text behind the JSON was dropped: {rest}", 0)
    return read_json("".join(parts))


def is_json(text: str, how: ValueText) -> bool:
    """Whether a text is JSON without any repair, but for its bare keys."""
    if how.unquoted_keys:
        text = _BARE_KEY.sub(r'"\1":', text)
    return any(read(text) is not None for read in (raw_values.respace, raw_values.read_string, raw_values.read_json))


def without_delimiters(text: str, how: ValueText) -> str:
    """The text with its delimited strings as JSON strings."""
    for opener, closer in how.delimiters:
        pieces: list[str] = []
        at = 0
        while (begin := text.find(opener, at)) >= 0 and (end := text.find(closer, begin + len(opener))) >= 0:
            pieces += (text[at:begin], quote(text[begin + len(opener) : end]))
            at = end + len(closer)
        text = "".join((*pieces, text[at:]))
    return text


def parameters(text: str, how: ValueText, report: Reporter, depth: int) -> dict[str, Any]:
    """The keys and values of lines or tags; of a key that comes again the last value, or all of them in a list."""
    found: dict[str, Any] = {}
    for key, raw in lines(text, how) if how.kind == "kv-lines" else tags(text, how):
        value: Any = raw
        if how.value is not None:
            try:
                value = read_value(raw, how.value, report, depth)
            except Unreadable as fault:
                report.problem("wrong_type", f"{key[:60]}: {fault}; kept as a string", 0)
        if key in found and how.merge:
            values = found[key] if isinstance(found[key], list) else [found[key]]
            found[key] = [*values, value]
        else:
            found[key] = value
    return found


def lines(text: str, how: ValueText) -> Iterator[tuple[str, str]]:
    for line in text.split(how.line):
        key, separator, value = (line.strip() if how.strip else line).partition(how.separator)
        if separator:
            yield (key.strip(), value.strip()) if how.strip else (key, value)


def tags(text: str, how: ValueText) -> Iterator[tuple[str, str]]:
    import regex

    if len(text) > LONGEST_SEARCH:
        raise Unreadable(f"a body of {len(text)} characters is too long for the pattern of its parameters")
    for found in regex.finditer(how.tag, text, flags=regex.DOTALL):
        yield found["key"] or "", found["value"] or ""
