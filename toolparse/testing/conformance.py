"""Any parser on the cases: what it reads right, where it chose otherwise, and where it is at fault.

A parser is a `Reader`: two functions and the formats that it claims. A format, or the reasoning of a format, that it does not claim is not
run. How an answer is judged (`judge`) is a short list of reasons, in docs/conformance.md with what each means. Knows answers and cases;
which parser gave the answer plays no part.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

from toolparse.formats import get_format
from toolparse.jsontext.scalars import WORDS
from toolparse.testing.cases import KINDS, vectors
from toolparse.testing.promises import equal, strict_json, without_spaces
from toolparse.wire.spellings import spellings

VERDICTS = ("right", "policy", "fault")
ALWAYS_POLICY = ("blanks", "types", "text beside calls", "cut call")
"""What is a choice with any output: how blanks are kept, how a value is typed, whether text beside calls is kept, what becomes of a cut."""
POLICY_OFF_TEMPLATE = ("left as text", "markup in content", "reasoning elsewhere", "not repaired", "undeclared call", "told")
"""What is a choice where the output is not as the model's template writes it."""
GRAVE = ("raised", "no JSON", "no text")
"""What no policy excuses."""
DIALECT = "dialect"
"""The policy that one format of ours reads several generations of a family's markup: a parser of that name may claim one alone."""
INVENTED = ("wrong call", "extra call")
"""Calls that the model did not write: no way to read damage."""


class Answer(NamedTuple):
    """What a parser made of an output. `told`: it says itself that something could not be read."""

    content: str | None
    reasoning: str | None
    calls: Sequence[tuple[str, str]]
    """For each call its name, and its arguments as text."""
    told: bool = False


Case = Mapping[str, Any]


class NotRun(Exception):
    """A reader raises it for a case that it cannot be given, and says why: a parser that cannot be made here. It is no fault."""


@dataclass(frozen=True)
class Reader:
    """A parser to run. `whole` reads a text and `stream` the same in pieces; both get the case too, for its tools and its prefill."""

    name: str
    version: str
    formats: Mapping[str, bool]
    """The formats that it claims, and whether it reads the reasoning of each, too."""
    whole: Callable[[str, Case], Answer]
    stream: Callable[[Sequence[str], Case], Answer] | None = None


class Outcome(NamedTuple):
    case: Case
    way: str
    verdict: str
    reason: str
    answer: Answer | None
    """None: it raised."""


@dataclass
class Report:
    """The outcomes of a run; `str(report)` is Markdown."""

    name: str
    version: str
    outcomes: list[Outcome] = field(default_factory=list)
    not_run: Counter[str] = field(default_factory=Counter)
    """How many cases were not run, by the reason: their format, or the reasoning in them, is not claimed, or the reader said so."""

    def count(self, verdict: str, way: str | None = None) -> int:
        return sum(outcome.verdict == verdict and way in (None, outcome.way) for outcome in self.outcomes)

    def __str__(self) -> str:
        lines = [f"### {self.name} {self.version}", ""]
        lines += [f"- {count} cases not run: {why}" for why, count in self.not_run.most_common()] or ["All cases were run."]
        for way in dict.fromkeys(outcome.way for outcome in self.outcomes):
            lines += ["", *self._table(way)]
        return "\n".join([*lines, "", *self._reasons()])

    def _table(self, way: str) -> Iterator[str]:
        """A line for each format: right · policy · fault, by kind."""
        counts: dict[str, Counter[tuple[str, str]]] = {}
        for outcome in self.outcomes:
            if outcome.way == way:
                for name in (outcome.case["format"], "**all**"):
                    counts.setdefault(name, Counter())[outcome.case["kind"], outcome.verdict] += 1
        yield f"| {way} | {' | '.join(KINDS)} |"
        yield "|---" * (len(KINDS) + 1) + "|"
        for name in sorted(counts, key=lambda name: (name != "**all**", name)):
            cells = [[counts[name][kind, verdict] for verdict in VERDICTS] for kind in KINDS]
            yield f"| {name} | {' | '.join(' · '.join(map(str, cell)) if any(cell) else '' for cell in cells)} |"

    def _reasons(self) -> Iterator[str]:
        ways = list(dict.fromkeys(outcome.way for outcome in self.outcomes))
        found = Counter((outcome.verdict, outcome.reason, outcome.way) for outcome in self.outcomes)
        examples: dict[tuple[str, str], str] = {}
        for outcome in self.outcomes:
            examples.setdefault((outcome.verdict, outcome.reason), outcome.case["id"])
        yield f"| verdict | reason | {' | '.join(ways)} | for example |"
        yield "|---" * (len(ways) + 3) + "|"
        for verdict, reason in sorted(examples, key=lambda key: (VERDICTS.index(key[0]), key[1])):
            if verdict != "right":
                counts = " | ".join(str(found[verdict, reason, way]) for way in ways)
                yield f"| {verdict} | {reason} | {counts} | `{examples[verdict, reason]}` |"


def conform(reader: Reader, cases: Iterable[Case] | None = None) -> Report:
    """Run the cases (all that come with the package) that the reader claims, whole and, if it streams, token by token.

    >>> shout = Reader("shout", "1", {"hermes": False}, lambda text, case: Answer(text.upper(), None, []))
    >>> print(conform(shout, vectors("hermes", kinds=["canonical"])).count("fault"))
    6
    """
    report = Report(reader.name, reader.version)
    for case in vectors() if cases is None else cases:
        fmt = case["format"]
        if fmt not in reader.formats:
            report.not_run["it does not claim their format"] += 1
        elif not reader.formats[fmt] and reasons(case):
            report.not_run["it claims their format, but not its reasoning"] += 1
        else:
            try:
                report.outcomes.append(_outcome(case, "whole", reader.whole, case["text"]))
                if reader.stream is not None:
                    report.outcomes.append(_outcome(case, "by token", reader.stream, tokens(case)))
            except NotRun as why:
                report.not_run[str(why)] += 1
    return report


def _outcome(case: Case, way: str, read: Callable[[Any, Case], Answer], output: str | list[str]) -> Outcome:
    try:
        answer = read(output, case)
    except NotRun:
        raise
    except Exception as error:  # what a parser raises on a model's output is its answer
        return Outcome(case, way, "fault", f"raised {type(error).__name__}", None)
    return Outcome(case, way, *judge(case, answer), answer)


# -- the judgement ------------------------------------------------------------------------------------------------------------------------


def judge(case: Case, answer: Answer) -> tuple[str, str]:
    """The verdict on an answer, and the reason when it is not right.

    >>> case = {"kind": "canonical", "expect": {"content": None, "tool_calls": [{"name": "f", "arguments": {"a": 5}}]}}
    >>> judge(case, Answer(None, None, [("f", '{"a": 5}')])), judge(case, Answer(None, None, [("f", '{"a": "5"}')]))
    (('right', ''), ('policy', 'types'))
    >>> judge(case, Answer("a = 5 for f", None, [])), judge({**case, "kind": "quirk"}, Answer("a = 5 for f", None, []))
    (('fault', 'left as text'), ('policy', 'left as text'))
    """
    expect = case["expect"]
    texts = [answer.content or "", answer.reasoning or "", *(part for call in answer.calls for part in call)]
    if not all(isinstance(text, str) for text in texts):
        return "fault", "no text"
    reason = _calls(case, answer) or _texts(expect, answer)
    if reason is None:
        return "right", ""
    if reason == "text lost" and case["kind"] == "truncated" and (expect.get("content") or "").startswith((answer.content or "").strip()):
        reason = "cut call"
    if reason in ALWAYS_POLICY:
        return "policy", reason
    if DIALECT in case.get("policies", ()):
        return "policy", f"{DIALECT}: {reason}"
    template = case["kind"] == "canonical"
    if answer.told and not template:
        return "policy", "told"
    if reason in POLICY_OFF_TEMPLATE:
        return "fault" if template else "policy", reason
    if reason in GRAVE or template:
        return "fault", reason
    policies = list(case.get("policies", ()))
    damage = case["kind"] == "damaged" or "damaged_markup" in policies
    chosen = [policy for policy in policies if policy != "damaged_markup"]
    if chosen:
        return "policy", f"{chosen[0]}: {reason}"
    if damage and reason not in INVENTED:
        return "policy", f"damaged: {reason}"
    return "fault", reason


def _calls(case: Case, answer: Answer) -> str | None:
    """Why the calls are not those that are wanted."""
    wanted = case["expect"]["tool_calls"]
    whole = [call for call in wanted if call.get("complete", True)]
    got = list(answer.calls)
    reason = None
    if len(whole) < len(wanted):  # the output is cut inside the last call
        begun = got[len(whole) :]
        got = got[: len(whole)]
        if len(begun) != 1 or not _begins(wanted[-1], *begun[0]):
            if any(name != wanted[-1]["name"] for name, _ in begun) or len(begun) > 1:
                return "wrong call"
            reason = "cut call"
    values = []
    for name, text in got:
        try:
            values.append((name, strict_json(text or "{}")))  # what a client reads where no arguments came
        except AssertionError:
            return "not repaired" if _passed_on(text, case.get("text", "")) else "no JSON"
    if len(values) == len(whole) and all(name == call["name"] for (name, _), call in zip(values, whole, strict=True)):
        pairs = [(value, call["arguments"]) for (_, value), call in zip(values, whole, strict=True)]
        if all(equal(*pair) for pair in pairs):
            return reason
        return "types" if all(equal(_untyped({} if value is None else value), _untyped(other)) for value, other in pairs) else "wrong call"
    rest = _without(whole, values)
    if rest is not None:
        seen = f"{answer.content or ''}{answer.reasoning or ''}"
        return "left as text" if all(_stands(call, seen) for call in rest) else "lost call"
    if len(values) == len(whole) or not _begins_with(values, whole):
        return "wrong call"
    declared = {tool.get("function", tool).get("name") for tool in case.get("tools") or ()}
    extra = {name for name, _ in values} - {call["name"] for call in whole}
    return "undeclared call" if extra and not extra & declared else "extra call"


def _passed_on(text: str, output: str) -> bool:
    """Whether arguments that are no JSON are so in the output, and no beginning or end of some that are."""
    at = output.find(text)
    if at == -1:
        return False
    try:
        json.JSONDecoder(strict=True).raw_decode(output[at:])
    except ValueError:
        return True
    return False


def _begins(call: Case, name: str, text: str) -> bool:
    """Whether a call goes as far as the output does."""
    begin, text = without_spaces(call.get("arguments_text_prefix", "")), without_spaces(text)
    return name == call["name"] and (text.startswith(begin) or begin.startswith(text))


def _without(wanted: Sequence[Case], got: Sequence[tuple[str, Any]]) -> list[Case] | None:
    """The wanted calls that are missing, when the others are there in order."""
    missing, at = [], 0
    for call in wanted:
        if at < len(got) and got[at][0] == call["name"] and equal(got[at][1], call["arguments"]):
            at += 1
        else:
            missing.append(call)
    return missing if at == len(got) else None


def _begins_with(got: Sequence[tuple[str, Any]], wanted: Sequence[Case]) -> bool:
    return all(any(name == call["name"] and equal(value, call["arguments"]) for name, value in got) for call in wanted)


def _stands(call: Case, text: str) -> bool:
    """Whether a call is to be found in a text: its name and the words of its values."""
    words = set(re.findall(r"\w+", text))
    return all(word in words for word in re.findall(r"\w+", " ".join([call["name"], *_leaves(call["arguments"])])))


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _leaves(part)


def _untyped(value: Any) -> Any:
    """The value with its strings read as JSON or as Python's words where they are some, and without blanks at their ends."""
    if isinstance(value, dict):
        return {key: _untyped(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_untyped(part) for part in value]
    if isinstance(value, str):
        value = WORDS.get(value.strip(), value)
        try:
            read = strict_json(value)
        except AssertionError:
            return value.strip()
        return read.strip() if isinstance(read, str) else _untyped(read)
    return value


def _texts(expect: Case, answer: Answer) -> str | None:
    """Why the content or the reasoning are not what is wanted."""
    wanted = {name: expect[name] or "" for name in ("content", "reasoning") if name in expect}
    got = {"content": answer.content or "", "reasoning": answer.reasoning or ""}
    wrong = [name for name in wanted if wanted[name].strip() != got[name].strip()]
    if not wrong:
        return None
    if all(wanted[name].split() == got[name].split() for name in wrong):
        return "blanks"
    if "reasoning" in wrong:
        words, found = (Counter(re.findall(r"\w+", " ".join(texts.values()))) for texts in (wanted, got))
        return "reasoning elsewhere" if words <= found else "text lost"
    content, have = "".join(wanted["content"].split()), "".join(got["content"].split())
    if expect["tool_calls"] and _inside(have, content):
        return "text beside calls"
    return "markup in content" if _inside(content, have) else "text lost"


def _inside(short: str, long: str) -> bool:
    """Whether the characters of one text stand in the other, in order."""
    rest = iter(long)
    return all(character in rest for character in short)


# -- what is fed --------------------------------------------------------------------------------------------------------------------------


def reasons(case: Case) -> bool:
    """Whether a case has reasoning: in its answer, opened by its prompt, or as markers in its text."""
    if case["expect"].get("reasoning") or (case["prefill"] or "").strip():
        return True
    if "response_template" in case:
        return False
    own = [text for pair in get_format(case["format"]).reasoning for marker in (pair.open, pair.close) for text in spellings(marker)]
    return any(text.strip() and text.strip() in case["text"] for text in own)


def tokens(case: Case) -> list[str]:
    """The text as a tokenizer might cut it: special tokens whole, words of up to six letters with the blanks before them."""
    special = () if "response_template" in case else _special(case["format"])
    return re.findall("|".join([*map(re.escape, special), r"\s*\w{1,6}", r"\s+", r"."]), case["text"], re.S)


@cache
def _special(name: str) -> tuple[str, ...]:
    known = get_format(name)
    return tuple(sorted({*known.special_tokens, *known.stop, *known.turn} - {""}, key=len, reverse=True))
