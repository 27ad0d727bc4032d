"""Damaged headers and markers in the formats whose outputs are messages with headers: an example per class, and the promises."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import toolparse
from toolparse.events import CallArguments, Content, Event, Reasoning

WITH_HEADERS = [fmt.name for fmt in toolparse.formats() if fmt.channels is not None]
TOOLS: list[dict[str, Any]] = [
    {"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": {key: {"type": "string"}}}}}
    for name, key in (("find_ferry", "origin"), ("run_query", "sql"), ("Market Trends API", "trend_type"))
]
BODY = '{"origin": "Bergen"}'
FERRY = [("find_ferry", {"origin": "Bergen"})]
TRENDS = [("Market Trends API", {"trend_type": "X"})]
XML = '<rfl:parameter name="origin">\nBergen\n</rfl:parameter>'
INVOKES = '<atem:function_calls>\n<atem:invoke name="find_ferry">\n<atem:parameter name="origin">Bergen</atem:parameter>\n'
INVOKES += "</atem:invoke>\n</atem:function_calls><|eom|>"

Expected = tuple[str | None, str | None, list[tuple[str, Any]]]
READ: list[tuple[str, str, Expected]] = [
    # an end of a header cut before its bracket, lost, doubled, with other bars
    ("harmony", f"<|channel|>commentary to=functions.find_ferry <|constrain|>json<|message|{BODY}<|call|>", (None, None, FERRY)),
    ("harmony", f"<|channel|>commentary to=functions.find_ferry <|constrain|>json{BODY}<|call|>", (None, None, FERRY)),
    ("harmony", f"<|channel|>commentary to=functions.find_ferry json<|message|><|message|>{BODY}<|call|>", (None, None, FERRY)),
    ("harmony", "<｜channel｜>analysis<｜message｜>Hm.<｜end｜><｜start｜>assistant<｜channel｜>final<｜message｜>Hi.", ("Hm.", "Hi.", [])),
    ("beam", f" to=find_ferry<|channel|>analysis <|constrain|>xml{XML}<|call|>", (None, None, FERRY)),
    ("beam", f"<|start|assistant to=find_ferry<|channel|>analysis xml<|message|>{XML}<|call|>", (None, None, FERRY)),
    ("muse_glimmer", f"<|start|>assistant to=find_ferry{INVOKES}", (None, None, FERRY)),
    ("muse_glimmer", f" to=user<|message|>Hi.<|eom|><|start|><|start|>assistant to=find_ferry<|message|>{INVOKES}", (None, "Hi.", FERRY)),
    # a message whose header has no end
    ("harmony", "<|channel|>final Hello<|return|>", (None, "Hello", [])),
    ("harmony", "<|channel|>analysis I must refuse<|end|><|start|>assistant<|channel|>final<|message|>No.", ("I must refuse", "No.", [])),
    ("muse_glimmer", "<|start|>assistant to=user Hello there<|eom|>", (None, "Hello there", [])),
    # a channel's marker lost
    ("harmony", "analysis<|message|>Hm.<|end|><|start|>assistantfinal<|message|>Hi.<|return|>", ("Hm.", "Hi.", [])),
    ("beam", f"<|start|>assistant to=find_ferryanalysis <|constrain|>xml<|message|>{XML}<|call|>", (None, None, FERRY)),
    ("llm_jp", f"<|start|>assistant to=functions.find_ferrycommentary json<|message|>{BODY}<|end|>", (None, None, FERRY)),
    # a recipient with blanks
    ("harmony", '<|channel|>commentary to=functions.Market Trends API json<|message|>{"trend_type": "X"}<|call|>', (None, None, TRENDS)),
    # a start lost, and an end lost or misspelt in front of the next header
    ("beam", f"<|channel|>final<|message|>Hi.<|end|>assistant to=find_ferry<|channel|>analysis<|message|>{XML}", (None, "Hi.", FERRY)),
    ("beam", f"<|channel|>final<|message|>Hi.<|start|>assistant to=find_ferry<|channel|>analysis<|message|>{XML}", (None, "Hi.", FERRY)),
    ("harmony", f"<|channel|>final<|message|>Hi.<|end|<|start|>assistant to=find_ferry<|channel|>commentary<|message|>{BODY}",
     (None, "Hi.", FERRY)),
    # a block's opener cut or lost
    ("inkling", f'<|content_invoke_tool_json|{{"name": "find_ferry", "args": {BODY}}}<|end_message|>', (None, None, FERRY)),
    ("inkling", f'<|message_model|>{{"name": "find_ferry", "args": {BODY}}}<|end_message|>', (None, None, FERRY)),
    ("inkling", "<|content_thinking|>Hm.<|content_text|Hi.<|end_message|>", ("Hm.", "Hi.", [])),
]  # fmt: skip
PROSE = [
    ("harmony", "You write <|channel|>final and then <|message|> in this format."),
    ("harmony", "The end is written <|end| or so, and to=find_ferry is a recipient."),
    ("harmony", "final answer is 4"),
    ("harmony", "analysis shows that it is so"),
    ("muse_glimmer", "Write <|start|>assistant and to=find_ferry in front of <|message| there."),
    ("inkling", "The token <|content_text| is a marker, and <|content_invoke_tool_json| is one."),
]
TOLD = [
    ("harmony", "<|channel|>commentary to=functions.find_ferry <|constrain|>json I call it now<|call|>", "not_a_call"),
    ("harmony", '<|channel|>commentary to=functions.nobody_knows <|constrain|>json{"a": 1}<|call|>', "dropped_text"),
    ("harmony", "<|channel|>some other words here<|end|>", "dropped_text"),
]


def outcome(message: toolparse.Message) -> Expected:
    assert all(call.complete for call in message.tool_calls)
    return message.reasoning, message.content, [(call.name, json.loads(call.arguments)) for call in message.tool_calls]


def events(name: str, pieces: list[str]) -> list[tuple[str, Any]]:
    """What comes out, neighbours of one kind joined, made-up ids aside."""
    parser = toolparse.Parser(name, tools=TOOLS, prompt="")
    found: list[Event] = [event for piece in pieces for event in parser.feed(piece)] + parser.finish()
    out: list[tuple[str, Any]] = []
    for event in found:
        kind = type(event).__name__
        if isinstance(event, (Content, Reasoning, CallArguments)) and out and out[-1][0] == kind:
            out[-1] = (kind, out[-1][1] + event.text)
        elif isinstance(event, (Content, Reasoning, CallArguments)):
            out.append((kind, event.text))
        else:
            out.append((kind, {slot: getattr(event, slot) for slot in event.__slots__ if slot != "id"}))
    return out


@pytest.mark.parametrize(("name", "text", "expected"), READ)
def test_what_is_plainly_meant_is_read(name: str, text: str, expected: Expected) -> None:
    message = toolparse.parse(text, name, tools=TOOLS, prompt="")
    assert outcome(message) == expected
    assert all(problem.severity == "warning" for problem in message.problems)


@pytest.mark.parametrize(("name", "text", "expected"), READ)
def test_repairs_are_reported_and_can_be_switched_off(name: str, text: str, expected: Expected) -> None:
    message = toolparse.parse(text, name, tools=TOOLS, prompt="")
    off = toolparse.parse(text, name, tools=TOOLS, prompt="", damaged_markup="content")
    assert not any(problem.kind == "repaired_markup" and "header" in problem.message for problem in off.problems)
    if not any(problem.kind == "repaired_markup" for problem in message.problems):
        assert [(call.name, call.arguments) for call in off.tool_calls] == [(call.name, call.arguments) for call in message.tool_calls]


@pytest.mark.parametrize(("name", "text"), PROSE)
def test_prose_that_mentions_markers_stays_prose(name: str, text: str) -> None:
    message = toolparse.parse(text, name, tools=TOOLS, prompt="")
    assert (message.content, message.reasoning, message.tool_calls) == (text, None, [])
    assert not any(problem.kind == "repaired_markup" for problem in message.problems)


@pytest.mark.parametrize(("name", "text", "kind"), TOLD)
def test_a_header_that_cannot_be_read_is_an_error(name: str, text: str, kind: str) -> None:
    message = toolparse.parse(text, name, tools=TOOLS, prompt="")
    assert message.tool_calls == []
    assert [(problem.kind, problem.severity) for problem in message.problems] == [(kind, "error")]


@given(case=st.sampled_from([(name, text) for name, text, _ in (*READ, *TOLD)] + PROSE), data=st.data())
def test_the_chunking_does_not_matter(case: tuple[str, str], data: st.DataObject) -> None:
    name, text = case
    cuts = sorted(data.draw(st.sets(st.integers(1, len(text) - 1), max_size=12)))
    pieces = [text[i:j] for i, j in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    whole = events(name, [text])
    assert events(name, pieces) == whole
    assert events(name, list(text)) == whole


@given(name=st.sampled_from(WITH_HEADERS), data=st.data())
def test_headers_of_any_pieces_read_the_same_for_every_chunking(name: str, data: st.DataObject) -> None:
    fmt = toolparse.get_format(name)
    assert fmt.channels is not None
    markers = [
        *fmt.special_tokens,
        *(token[:-1] for token in fmt.special_tokens),
        *(token.replace("|", "｜") for token in fmt.special_tokens),
    ]
    words = [
        "assistant",
        "analysis",
        "final",
        " to=",
        "find_ferry",
        "run_query",
        " ",
        "\n",
        "json",
        "Hi there",
        BODY,
        XML,
        "user",
        "self",
        ">",
    ]
    text = "".join(data.draw(st.lists(st.sampled_from([*markers, *words]), min_size=1, max_size=12)))
    assert said(events(name, list(text))) == said(events(name, [text]))


def said(found: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """All but what is judged at the end of text that was not read, whose place may be off behind a framing marker."""
    return [(kind, rest) for kind, rest in found if kind != "Problem" or rest["kind"] not in ("not_a_call", "other_format")]


@pytest.mark.parametrize("name", ["harmony", "beam"])
@pytest.mark.parametrize("channel", ["commentary", "analysis"])
def test_a_message_that_ends_as_a_call_and_names_no_tool_is_told(name: str, channel: str) -> None:
    got = toolparse.parse(f'<|channel|>{channel}<|message|>{{"origin": "Kiel"}}<|call|>', name, tools=TOOLS, prompt="")
    assert [(problem.kind, problem.severity) for problem in got.problems] == [("not_a_call", "error")]
    assert [attempt.status for attempt in got.attempts] == ["no_name"]


def test_typed_text_is_no_damaged_header() -> None:
    """What the engine knows to be ordinary tokens never makes a header, however it is spelt."""
    text = "<|start|assistant to=find_ferry<|channel|commentary<|message|" + BODY
    parser = toolparse.Parser("harmony", tools=TOOLS, prompt="")
    found = [*parser.feed(text, special=False), *parser.finish()]
    assert "".join(event.text for event in found if isinstance(event, Content)) == text
