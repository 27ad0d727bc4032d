"""The test kit finds what it promises to find: parsers broken on purpose, and JSON that is none."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

import effort
import jsonschema
import pytest
import strategies

from toolparse import CallArguments, CallEnd, CallStart, Content, Event, Parser, get_format, testing
from toolparse.testing import (
    Answer,
    JsonPrefix,
    NotRun,
    Reader,
    cases,
    check_format,
    check_linear,
    check_text,
    conform,
    conformance,
    engines,
    equal,
    judge,
    markers,
    promises,
    schema,
    vectors,
)

TEXT = 'Hi. <tool_call>\n{"name": "f", "arguments": {"a": "x y", "b": [1, true]}}\n</tool_call>\nBye.'


class Broken:
    """Our parser behind an adapter that changes the events of each piece."""

    def __init__(self, change: Callable[[list[Event], str], Iterable[Event]]) -> None:
        self.parser = Parser("hermes", prompt="")
        self.change = change

    def feed(self, text: str, /) -> Iterable[Event]:
        return self.change(self.parser.feed(text), text)

    def finish(self) -> Iterable[Event]:
        return self.change(self.parser.finish(), "")


def without(kind: type) -> Callable[[list[Event], str], Iterable[Event]]:
    return lambda events, text: [event for event in events if not isinstance(event, kind)]


def raises(events: list[Event], text: str) -> Iterable[Event]:
    if "}" in text:
        raise KeyError("arguments")
    return events


def shout_pieces(events: list[Event], text: str) -> Iterable[Event]:
    return [Content(event.text.upper()) if isinstance(event, Content) and len(text) == 1 else event for event in events]


def twice(events: list[Event], text: str) -> Iterable[Event]:
    return [copy for event in events for copy in ([event, event] if isinstance(event, Content) else [event])]


def python_arguments(events: list[Event], text: str) -> Iterable[Event]:
    return [
        CallArguments(event.index, event.text.replace("true", "True")) if isinstance(event, CallArguments) else event for event in events
    ]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (without(Content), "text was lost"),
        (without(CallEnd), "inside call 0"),
        (without(CallStart), "not inside call 0"),
        (without(CallArguments), "its arguments are not"),
        (raises, "raised KeyError"),
        (shout_pieces, "the chunking matters"),
        (twice, "does not hold this"),
        (python_arguments, "no JSON value begins with 'True'"),
        (lambda events, text: [*events, Content("")], "an empty text"),
    ],
)
def test_a_broken_parser_is_found(change: Callable[[list[Event], str], Iterable[Event]], told: str) -> None:
    with pytest.raises(AssertionError, match=told):
        check_text(get_format("hermes"), TEXT, make_parser=lambda fmt, **options: Broken(change))


@pytest.fixture
def few_floods(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the floods of a whole format prove nothing more, some of them by default."""
    of = promises.floods
    monkeypatch.setattr(promises, "floods", lambda fmt, cases: effort.some(list(of(fmt, cases)), 6, fmt.name))


@pytest.mark.usefixtures("few_floods")
def test_an_adapter_that_changes_nothing_passes() -> None:
    check_format("hermes", strategies.vectors(get_format("hermes"))[:1], make_parser=lambda fmt, **options: Parser(fmt, **options))


@pytest.mark.usefixtures("few_floods")
def test_a_vector_that_expects_something_else_is_told_by_its_id() -> None:
    case = {"id": "mine/1", "text": "Hello.", "kind": "canonical", "expect": {"content": "Hi.", "reasoning": None, "tool_calls": []}}
    with pytest.raises(AssertionError, match=r"mine/1: content is 'Hello\.', expected 'Hi\.'"):
        check_format("hermes", [case])


def test_quadratic_work_is_found() -> None:
    class Rescans:
        def __init__(self) -> None:
            self.text = ""

        def feed(self, text: str, /) -> list[Event]:
            self.text += text
            for _ in self.text[::50]:
                len(self.text)
            return []

        def finish(self) -> list[Event]:
            return []

    with pytest.raises(AssertionError, match="function calls for"):
        check_linear(Rescans, "", "x")


@pytest.mark.parametrize("text", ['{"a": [1, -2.5e+3, "x\\n\\u00e9 ", {}, [], null], "b": true}', "[]", '""', "-0.5", '{"": {"": [[]]}}'])
def test_every_beginning_of_json_has_a_completion(text: str) -> None:
    for end in range(len(text) + 1):
        for start in (0, end // 2):
            prefix = JsonPrefix()
            prefix.feed(text[:start])
            prefix.feed(text[start:end])
            json.loads(text[:end] + prefix.completion())
    assert prefix.completion() == ""


NO_JSON = (
    *('{"a"]', "{a", "{'a'", '{"a": 1,}', "[1,]", "01", "1.e", "NaN", "tru ", '"\n"'),
    *('"\\x', '"\\u12g', "[1 2", '{"a" 1', "[]]", "--1"),
)


@pytest.mark.parametrize("text", NO_JSON)
def test_what_is_no_beginning_of_json_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="JSON"):
        read_by_character(text + " ")


def read_by_character(text: str) -> None:
    prefix = JsonPrefix()
    for character in text:
        prefix.feed(character)
        prefix.completion()


def test_json_of_any_depth_is_read() -> None:
    prefix = JsonPrefix()
    prefix.feed('[{"a":' * 50_000)
    assert prefix.completion() == "null" + "}]" * 50_000


def test_equality_of_json_values() -> None:
    assert equal({"a": [1.0, "x"]}, {"a": [1, "x"]})
    assert not equal({"a": True}, {"a": 1})
    assert not equal(2**53 + 1, float(2**53))


def test_the_markers_of_a_format() -> None:
    assert {"<tool_call>", "</tool_call>", "<think>", "</think>", "<|im_end|>"} <= set(markers(get_format("hermes")))


def test_every_case_is_what_the_schema_says() -> None:
    check = jsonschema.Draft202012Validator(schema())
    found = vectors()
    for case in found:
        check.validate({key: value for key, value in case.items() if key != "policies"})
        assert case["kind"] == case["id"].split("/")[0] or case["kind"] not in ("report", "damaged")
    assert len({case["id"] for case in found}) == len(found)
    assert {case["kind"] for case in found} == set(testing.KINDS)


def test_every_marked_case_is_there_and_none_is_what_a_template_writes() -> None:
    kinds = {case["id"]: case["kind"] for case in vectors()}
    for policy, ids in json.loads((cases.folder() / "policies.json").read_text(encoding="utf-8")).items():
        assert "canonical" not in {kinds[case] for case in ids} or policy == conformance.DIALECT


def test_the_cases_of_a_kind_and_of_a_format() -> None:
    assert {case["format"] for case in vectors("hermes")} == {"hermes"}
    assert {case["kind"] for case in vectors("hermes", kinds=["report"])} == {"report"}
    with pytest.raises(ValueError, match="no such kind of case: quirks; there are canonical"):
        vectors(kinds=["quirks"])


def test_work_that_begins_beyond_a_limit_is_linear() -> None:
    class Waits:
        def __init__(self) -> None:
            self.length = 0

        def feed(self, text: str, /) -> list[Event]:
            self.length += len(text)
            for _ in text if self.length > 1000 else "":
                sum(range(800))
            return []

        def finish(self) -> list[Event]:
            return []

    check_linear(Waits, "", "x")


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (Answer("Hi.", None, [("f", '{"a": 1}'), ("g", '{"b": "x y"}')]), ("right", "")),
        (Answer("Hi. ", None, [("f", '{"a": "1"}'), ("g", '{"b": " x y"}')]), ("policy", "types")),
        (Answer(None, None, [("f", '{"a": 1}'), ("g", '{"b": "x y"}')]), ("policy", "text beside calls")),
        (Answer("Hi. </g>", None, [("f", '{"a": 1}'), ("g", '{"b": "x y"}')]), ("policy", "markup in content")),
        (Answer("Hi. <g> b: x y", None, [("f", '{"a": 1}')]), ("policy", "left as text")),
        (Answer("Hi.", None, [("f", '{"a": 1}')]), ("fault", "lost call")),
        (Answer("Hi.", None, [("f", '{"a": 1}')], told=True), ("policy", "told")),
        (Answer("Hi.", None, [("f", '{"a": 1}'), ("g", '{"b": ')]), ("fault", "no JSON")),
        (Answer("Hi.", None, [("f", '{"a": 1}'), ("g", '{"b": "x"}')]), ("fault", "wrong call")),
        (Answer("Hi.", None, [("f", '{"a": 1}'), ("g", '{"b": "x y"}'), ("f", "{}")]), ("fault", "extra call")),
        (Answer("Ho.", None, [("f", '{"a": 1}'), ("g", '{"b": "x y"}')]), ("fault", "text lost")),
        (Answer([{"type": "text", "text": "Hi."}], None, [("f", '{"a": 1}'), ("g", '{"b": "x y"}')]), ("fault", "no text")),  # type: ignore[arg-type]
        (Answer("Hi.", "Hi.", [("f", '{"a": 1}'), ("g", '{"b": "x y"}')]), ("policy", "reasoning elsewhere")),
    ],
)
def test_answers_are_judged(answer: Answer, verdict: tuple[str, str]) -> None:
    calls = [{"name": "f", "arguments": {"a": 1}}, {"name": "g", "arguments": {"b": "x y"}}]
    case = {"kind": "quirk", "expect": {"content": "Hi.", "reasoning": None, "tool_calls": calls}}
    assert judge(case, answer) == verdict
    if verdict == ("fault", "lost call"):
        assert judge({**case, "kind": "damaged"}, answer) == ("policy", "damaged: lost call")
        assert judge({**case, "policies": ["unknown_tools"]}, answer) == ("policy", "unknown_tools: lost call")
    if verdict[1] in ("markup in content", "left as text", "reasoning elsewhere"):
        assert judge({**case, "kind": "canonical"}, answer)[0] == "fault"


def test_a_cut_call_goes_as_far_as_the_output() -> None:
    expect = {"content": None, "tool_calls": [{"name": "f", "complete": False, "arguments_text_prefix": '{"a": "x'}]}
    case = {"kind": "truncated", "expect": expect}
    assert judge(case, Answer(None, None, [("f", '{"a":"x')])) == ("right", "")
    assert judge(case, Answer(None, None, [])) == ("policy", "cut call")
    assert judge(case, Answer(None, None, [("g", '{"a":"x')])) == ("fault", "wrong call")


def test_ours_reads_a_sample_of_the_cases_and_says_so() -> None:
    report = conform(engines.ours(), effort.some(vectors(kinds=("canonical", "quirk", "truncated")), 30, "conform"))
    assert report.count("fault") == 0
    assert report.count("right", "whole") == report.count("right", "by token") > 25
    assert "| whole | canonical |" in str(report)


def test_a_parser_is_not_charged_for_what_it_does_not_claim() -> None:
    def raises(text: str, case: object) -> Answer:
        raise KeyError(text)

    report = conform(Reader("mine", "1", {"hermes": False}, raises), vectors("hermes") + vectors("glm45"))
    assert report.not_run["it does not claim their format"] == len(vectors("glm45"))
    assert report.not_run["it claims their format, but not its reasoning"] > 5
    assert report.count("fault") == len(report.outcomes) > 50
    assert "raised KeyError" in str(report)


def test_a_case_that_a_reader_cannot_be_given_is_not_run() -> None:
    def whole(text: str, case: object) -> Answer:
        raise NotRun("no vocabulary")

    report = conform(Reader("mine", "1", {"hermes": True}, whole, lambda pieces, case: whole("", case)), vectors("hermes"))
    assert report.outcomes == []
    assert f"- {len(vectors('hermes'))} cases not run: no vocabulary" in str(report)


def test_another_generation_of_a_family_is_our_policy() -> None:
    case = {"kind": "canonical", "policies": ["dialect"], "expect": {"content": "", "tool_calls": [{"name": "f", "arguments": {}}]}}
    assert judge(case, Answer("<f>", None, [])) == ("policy", "dialect: left as text")
    assert judge(case, Answer("", None, [("f", "")])) == ("right", "")


@pytest.mark.parametrize("dropped", ["\u200b", "\\n", "# a comment", "/* one */", "/* one"])
def test_what_a_problem_says_was_dropped_behind_the_last_call_is_not_lost(dropped: str) -> None:
    check_text(get_format("xlam"), '[{"name": "write_file", "arguments": {}}' + dropped)
