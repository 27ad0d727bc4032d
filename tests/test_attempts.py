"""`Message.attempts`: every try at a call, with what became of it."""

from __future__ import annotations

import re
import tracemalloc
from random import Random

import pytest
from effort import THOROUGH, seed

import toolparse
from toolparse.wire.call_watch import FOLLOWED, LOOKS, CallWatch

TOOLS = toolparse.Tools([{"name": "clock", "input_schema": {"type": "object", "properties": {"zone": {"type": "string"}}}}])
GOOD = '<tool_call>\n{"name": "clock", "arguments": {"zone": "UTC"}}\n</tool_call>'


@pytest.mark.parametrize(
    ("text", "status", "name"),
    [
        (GOOD, "ok", "clock"),
        (GOOD.replace('"UTC"}', '"UTC",}'), "repaired", "clock"),
        (GOOD.replace("clock", "sundial"), "unknown_tool", "sundial"),
        (GOOD.partition("UTC")[0], "cut", "clock"),
        (GOOD.replace('"name": "clock", ', ""), "no_name", None),
        ("[TOOL_CALLS]clock[ARGS]{}", "unreadable", "clock"),
    ],
)
def test_status(text: str, status: str, name: str | None) -> None:
    message = toolparse.parse("So: " + text, "hermes", tools=TOOLS, prompt="")
    assert [(attempt.status, attempt.name) for attempt in message.attempts] == [(status, name)]
    attempt = message.attempts[0]
    assert ("So: " + text)[attempt.start : attempt.end] == attempt.text
    assert attempt.start == 4


def test_a_dropped_call_is_an_attempt() -> None:
    message = toolparse.parse(GOOD + GOOD, "hermes", tools=TOOLS, parallel_tool_calls=False, prompt="")
    assert [attempt.status for attempt in message.attempts] == ["ok", "dropped"]


def test_a_marker_in_prose_is_a_warning_and_no_attempt() -> None:
    message = toolparse.parse("The tag <tool_call> begins a call.", "hermes", tools=TOOLS, prompt="")
    assert [(problem.kind, problem.severity) for problem in message.problems] == [("not_a_call", "warning")]
    assert not message.attempts


@pytest.mark.parametrize("before", ["", "I look.\n"])
@pytest.mark.parametrize("name", ["hermes", "harmony", "mistral", "gemma4"])
@pytest.mark.parametrize(
    "text",
    [
        'assistant to=functions.clock commentary json\n{"zone":"UTC"}',
        'assistantcommentary to=functions.clock code{"zone":"UTC"}',
        'to=functions.clock code {"zone":"UTC"}',
        '[Calling tool: clock({"zone": "UTC"})]',
        '[Tool Use: clock({"zone": "UTC"})]',
        '[Calling tool="clock" zone="UTC"]',
        '{"jsonrpc": "2.0", "method": "clock", "params": {"zone": "UTC"}}',
        '```json\n{"jsonrpc": "2.0", "method": "clock", "params": {"zone": "UTC"}}\n```',
        'invoke name="clock">\nparameter name="zone">UTCparameter>\ninvoke>',
    ],
)
def test_a_call_that_no_format_writes_is_told(before: str, name: str, text: str) -> None:
    message = toolparse.parse(before + text, name, tools=TOOLS, prompt="")
    assert (message.content, message.tool_calls) == (before + text, [])
    assert [(attempt.status, attempt.name) for attempt in message.attempts] == [("unreadable", "clock")]


@pytest.mark.parametrize(
    "text",
    [
        "The header says to=functions.<name>, as in `to=functions.clock`.",
        "See [the tool: clock(zone)] and [Calling tool: none].",
        "[Tool use: see clock()]\nroute to=functions.sundial",
    ],
)
def test_words_about_calls_are_none(text: str) -> None:
    assert toolparse.parse(text, "hermes", tools=TOOLS, prompt="").problems == []


BITS = (
    "So", ".", " ", "\n", "<", "tool", "_call>", "<function=clock>", "{", '"name": "clock"', ": ", "[", "clock(", "zone=1)", "]", "`",
    "```", "<td>", "<minimax:", "invoke>", "</think>", "x", "<|tool", "|>", "</tool_call>", "args", "}", " in words that are none of it",
)  # fmt: skip


@pytest.mark.parametrize("name", ["hermes", "pythonic", "mistral", "qwen3_coder", "kimi_k2"])
def test_what_is_told_of_a_long_text_does_not_depend_on_its_pieces(name: str) -> None:
    random = Random(f"{name} {seed()}")
    for _ in range(20 if THOROUGH else 1):
        text = "".join(random.choice(BITS) for _ in range(random.randint(200, 500)))
        told = []
        for size in (len(text), 1, 150):
            parser = toolparse.Parser(name, tools=TOOLS, prompt="")
            events = [event for at in range(0, len(text), size) for event in parser.feed(text[at : at + size])] + parser.finish()
            told.append([event for event in events if isinstance(event, toolparse.Problem)])
        assert told[1:] == told[:1] * 2


def test_each_failed_attempt_is_one_and_none_spans_a_call() -> None:
    good = '<tool_call>{"name": "f", "arguments": {}}</tool_call>'
    bad = [f'<tool_call>{{"nam": {number}}}</tool_call>' for number in range(3)]
    text = f"{bad[0]} {good} {bad[1]} {bad[2]}{good}"
    message = toolparse.parse(text, "hermes", tools=[{"name": "f"}])
    spans = [text.index(part) for part in (bad[0], good, bad[1], bad[2])] + [text.rindex(good)]
    assert [attempt.start for attempt in message.attempts] == spans
    assert [attempt.status for attempt in message.attempts] == ["no_name", "ok", "no_name", "no_name", "ok"]
    assert [attempt.text for attempt in message.attempts if attempt.status == "no_name"] == bad


@pytest.mark.parametrize("before", ["", "Let me look.\n"])
@pytest.mark.parametrize(
    "text",
    [
        '[Calling tool: read_file({"file_path": "a"})]', '<read_file>{"file_path": "a"}</read_file>', '<read_file file_path="a"/>',
        "<read_file>\n<file_path>a</file_path>\n</read_file>", '<Read file_path="a"/>', "<Read>\n<file_path>a</file_path>\n</Read>",
        '<Read>{"file_path": "a"}</use_tool>', '{"method": "read_file", "params": {"file_path": "a"}}',
        '```json\n{"method": "read_file", "params": {"file_path": "a"}}\n```',
        '{"action": "read_file", "action_input": {"file_path": "a"}}',
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["hermes", "glm45", "deepseek_v31", "pythonic"])
def test_what_other_agents_write_is_told(name: str, text: str, before: str) -> None:
    schema = {"type": "object", "properties": {"file_path": {"type": "string"}}}
    tools = [{"name": "read_file", "input_schema": schema}, {"name": "Read", "input_schema": schema}]
    message = toolparse.parse(before + text, name, tools=tools, prompt="")
    assert message.content == before + text
    assert [problem.severity for problem in message.problems] == ["error"]
    assert not toolparse.parse(before + text, name, tools=TOOLS, prompt="").problems


@pytest.mark.parametrize(
    ("text", "severity"),
    [
        ("<tool_call>\nls -l\n</tool_call>", "error"), ("So:\n<tool_call>\na\n\nb\n</tool_call>\nDone.", "error"),
        ("A call stands between <tool_call> and </tool_call>.", "warning"),
        ("<tool_call>\nopens a call, and\n</tool_call> closes it.", "warning"),
    ],
)  # fmt: skip
def test_a_block_of_calls_without_one_is_an_attempt(text: str, severity: str) -> None:
    message = toolparse.parse(text, "hermes", tools=TOOLS, prompt="")
    assert message.content == text
    assert [(problem.kind, problem.severity) for problem in message.problems] == [("not_a_call", severity)]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('<tool>\n<parameter name="zone">UTC</parameter>\n</tool>', ["error"]), ("<tvoe_calls>\n", ["error"]),
        ("Again.\n<function\n<function\n", ["error"]), ("[tool_call: clock for zone 'UTC']", ["error"]),
        ("<clock>\n<zone>UTC</zone>\n</clock>", ["error"]), ("Now: <clock><zone>UTC</zone></clock>", ["error"]),
        ("<ul>\n<li>clock</li>\n</ul>", []), ("<tool>\n<b>x</b>\n</tool>", []), ("Use <tool_box> or <func> as you like.", []),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["deepseek_v4", "minimax_m2"])
def test_what_reads_like_the_markup_of_a_call_is_told(name: str, text: str, told: list[str]) -> None:
    message = toolparse.parse(text, name, tools=TOOLS, prompt="")
    assert message.content == text
    assert [problem.severity for problem in message.problems] == told


@pytest.mark.parametrize("text", ["Use the <read_file> tag to read.", "In <a_b>x</a_b> it is <read_file>.", "<Read>\n<b>x</b>"])
def test_a_tag_that_has_the_name_of_a_tool_and_none_of_its_arguments_is_no_attempt(text: str) -> None:
    schema = {"type": "object", "properties": {"file_path": {"type": "string"}}}
    tools = [{"name": "read_file", "input_schema": schema}, {"name": "Read", "input_schema": schema}]
    assert not toolparse.parse(text, "hermes", tools=tools, prompt="").problems


def test_a_value_that_holds_the_closer_of_its_call_is_told_by_what_is_left_of_it() -> None:
    text = "<tool_call>\n<function=clock>\n<parameter=zone>\na\n</tool_call>\nb\n</parameter>\n</function>\n</tool_call>"
    message = toolparse.parse(text, "nemotron_v3", tools=TOOLS, prompt="")
    assert message.tool_calls[0].value() != {"zone": "a\n</tool_call>\nb"}
    assert [problem.severity for problem in message.problems] == ["error", "error"]
    mention = toolparse.parse("Close a value by </parameter>, the call by </function>.", "nemotron_v3", tools=TOOLS, prompt="")
    assert [problem.severity for problem in mention.problems] == ["warning"]


def test_an_attempt_whose_first_bracket_is_lost_starts_with_the_output() -> None:
    message = toolparse.parse("|tools_prefix|>{r:false<|tools_suffix|>", "glm4")
    assert [(attempt.start, problem.position) for attempt, problem in zip(message.attempts, message.problems, strict=True)] == [(0, 0)]


def test_nothing_but_what_is_said_follows_the_first_character_of_what_looks_like_a_call() -> None:
    for first, look in LOOKS.items():
        for character in map(chr, (*range(0x250), 0x2018, 0x201C, 0x201D, 0xFF5C, 0x4E00)):
            if re.fullmatch(f"[{FOLLOWED[first]}]", character) is None:
                assert not any(re.match(look, character + rest) for rest in ("", "a", "tool", '"name":', " ", "name(", "{"))


def test_of_a_long_text_only_a_part_is_held_at_once() -> None:
    text, watch = '\nname({"a"' * 20_000, CallWatch()
    tracemalloc.start()
    try:
        watch.add(text, len(text), False)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < len(text) / 2  # all of it was copied at each region


@pytest.mark.parametrize("before", ["", "```\ncode\n", "``", "`````", "x" * 1020])
def test_what_is_kept_of_a_text_does_not_depend_on_how_it_is_shown(before: str) -> None:
    text = (
        f"{before}" + "word ``` {% for x in y %}\n<td>[a]</td> " * 40 + '<tool_call>{"name": "f"}' + "`" * 7 + " word\nname\n" * 60 + "f()"
    )
    told = []
    for size in (1, 7, 400, len(text)):
        watch = CallWatch()
        for at in range(0, len(text), size):
            watch.add(text[at : at + size], min(at + size, len(text)), False)
        told.append(watch.regions())
    assert len(told[0]) > 1
    assert all(each == told[0] for each in told)


def test_what_is_left_of_markers_does_not_depend_on_the_order_of_a_set() -> None:
    """Both markers have as many characters; without the first one, what is around it is the second."""
    text = "<｜tool</steptml:invoke>_call_end｜>"
    assert [problem.severity for problem in toolparse.parse(f"Well. {text}", "step3").problems] == ["error"]
