"""Where an output starts: what the prompt left open, and what is assumed without one."""

from __future__ import annotations

import json

import pytest

from toolparse import CallArguments, CallEnd, CallStart, Content, Event, Message, MessageBuilder, Parser, Reasoning

ASSISTANT = "<|im_start|>assistant\n"
CALL = '<tool_call>\n{"name": "f", "arguments": {"a": 1}}\n</tool_call>'


def read(text: str, prompt: str | None, fmt: str = "hermes", **options: object) -> Message:
    """The message of an output; read whole and by character it must be the same one."""
    messages = []
    for pieces in ([text], list(text)):
        parser = Parser(fmt, prompt=prompt, new_id=lambda: "id", **options)  # type: ignore[arg-type]
        builder = MessageBuilder()
        for piece in pieces:
            for event in parser.feed(piece):
                builder.add(event)
            assert parser.held <= len(text)
        for event in parser.finish():
            builder.add(event)
        messages.append(builder.message)
    assert messages[0] == messages[1]
    return messages[0]


def said(text: str, prompt: str | None, fmt: str = "hermes", **options: object) -> tuple[str | None, str | None]:
    message = read(text, prompt, fmt, **options)
    assert not message.tool_calls
    return message.reasoning, message.content


@pytest.mark.parametrize(
    ("turn", "text", "reasoning", "content"),
    [
        ("", "b", None, "b"),
        ("", "\n<think>\na</think>\n\nb", "a", "b"),
        ("<think>\n", "a\n</think>\n\nb", "a", "b"),
        ("<think>", "a", "a", None),
        ("<think>\n\n</think>\n\n", "\nb <think>c</think>", None, "b <think>c</think>"),
        ("</think>", "b", None, "b"),
        ("<think>\nold</think>\n\nSo:", " b", None, " b"),
        ("<think>\nLet me", " see <think> it\n</think>b", "see <think> it", "b"),
    ],
)
def test_the_turn_in_the_prompt_tells_the_state(turn: str, text: str, reasoning: str | None, content: str | None) -> None:
    prompt = f"<|im_start|>user\nwhat is </think> or <think>?<|im_end|>\n{ASSISTANT}{turn}"
    assert said(text, prompt) == (reasoning, content)


def test_only_the_last_turn_counts() -> None:
    assert said("b", f"{ASSISTANT}<think>\nold<|im_end|>\n{ASSISTANT}") == (None, "b")
    assert said("b", f"{ASSISTANT}</think>old<|im_end|>\n{ASSISTANT}<think>\n") == ("b", None)


def test_a_tool_result_opens_the_turn_again_where_the_family_goes_on_behind_it() -> None:
    prompt = "<｜Assistant｜><think>x</think><｜tool▁calls▁begin｜>…<｜tool▁outputs▁begin｜>1<｜tool▁outputs▁end｜>"
    assert said("b", prompt, "deepseek_v3") == (None, "b")


@pytest.mark.parametrize(
    ("prompt", "text", "reasoning", "content"),
    [
        ("You think in <think> tags.", "a", None, "a"),
        ("<tool_call> and <think>\n", "a</think>b", "a", "b"),
        ("<think>\n\n</think>\n\n", "<think>a</think>", None, "<think>a</think>"),
        ("<|im_start|>assist", "a", None, "a"),
        ("", "<think>a</think>b", "a", "b"),
    ],
)
def test_without_the_turns_opener_only_the_end_of_the_prompt_counts(prompt: str, text: str, reasoning: str, content: str) -> None:
    assert said(text, prompt) == (reasoning, content)


def test_the_start_marker_opens_reasoning_behind_a_prefill_without_markers() -> None:
    assert said("<think>a</think>b", ASSISTANT + "Sure: ") == ("a", "b")
    assert said(" <think>", ASSISTANT + "</think>Sure:") == (None, " <think>")


def test_an_echo_of_the_opener_in_the_prompt_is_dropped() -> None:
    assert said("\n<think>\na</think>b", ASSISTANT + "<think>\n") == ("a", "b")
    assert said("<think>a</think>b", ASSISTANT + "<think>\nwell ") == ("<think>a", "b")


# -- markers and calls that the prompt begins ---------------------------------------------------------------------------------------------


def test_a_marker_cut_by_the_end_of_the_prompt_stays_pending() -> None:
    assert said("nk>a</think>b", ASSISTANT + "<thi") == ("a", "b")
    assert said("s is", ASSISTANT + "<thi") == (None, "s is")
    assert said("", ASSISTANT + "<thi") == (None, None)
    assert said("nk>b", ASSISTANT + "<think>\nhm</thi") == (None, "b")


def test_no_text_of_the_prompt_comes_out_when_its_opening_is_no_call() -> None:
    assert said(" hm", ASSISTANT + "<tool_call>") == (None, " hm")
    assert said('x": 1}', ASSISTANT + '<tool_call>\n{"nam') == (None, 'x": 1}')
    assert said("\nn", "<｜Assistant｜><｜tool▁calls▁begin｜>", "deepseek_v3") == (None, "\nn")
    assert said("y", ASSISTANT + "x<|im_end|>\n") == (None, "y")


@pytest.mark.parametrize("cut", range(len(CALL) + 1))
def test_a_call_that_the_prompt_begins_is_whole(cut: int) -> None:
    message = read(CALL[cut:] + "\nok", ASSISTANT + "So:\n" + CALL[:cut])
    assert message.content == "ok"
    begun = cut < CALL.index("</tool_call>") + 1  # a call is the prompt's once the prompt shows what follows its last brace
    assert [(call.index, call.name, call.value(), call.complete) for call in message.tool_calls] == [(0, "f", {"a": 1}, True)][:begun]
    assert all(0 == call.start <= call.end for call in message.tool_calls)


def test_the_calls_first_events_come_with_the_outputs() -> None:
    prompt = ASSISTANT + '<tool_call>{"name": "g"}</tool_call>\n<tool_call>{"name": "f", "arguments": {"a": "x'
    parser = Parser("hermes", prompt=prompt, new_id=str)
    events: list[Event] = [CallStart(0, "", "f", 0), CallArguments(0, '{"a": "x')]
    assert parser.feed("y") == [*events, CallArguments(0, "y")]
    assert parser.feed('"}}') + parser.feed("</tool_call>") == [CallArguments(0, '"}'), CallEnd(0, True, 4)]
    assert parser.feed('<tool_call>{"name": "h", "arguments": {') == [CallStart(1, "", "h", 16), CallArguments(1, "{")]


def test_a_call_that_the_prompt_opens_and_nothing_closes_is_cut() -> None:
    (call,) = read("", ASSISTANT + '<tool_call>{"name": "f", "arguments": {"a').tool_calls
    assert (call.index, call.complete) == (0, False)
    assert '{"a": 1}'.startswith(call.arguments)


def test_calls_that_the_prompt_holds_whole_do_not_count() -> None:
    (call,) = read("\n" + CALL, ASSISTANT + CALL, parallel_tool_calls=False).tool_calls
    assert (call.index, call.start) == (0, 1)


def test_a_call_that_the_prompt_begins_ends_the_prompts_reasoning() -> None:
    message = read('"f"}</tool_call></think>ok', ASSISTANT + '<think>\nI will <tool_call>{"name": ')
    assert (message.reasoning, message.content, len(message.tool_calls)) == (None, "ok", 1)
    assert said("x</think>ok", ASSISTANT + '<think>\nI will <tool_call>{"name": ') == ("x", "ok")


def test_parameters_and_bare_calls_go_on_too() -> None:
    prompt = ASSISTANT + "<tool_call>\n<function=f>\n<parameter=a>\nhel"
    (call,) = read("lo\n</parameter>\n</function>\n</tool_call>", prompt, "qwen3_coder").tool_calls
    assert json.loads(call.arguments) == {"a": "hello"}
    tools = [{"type": "function", "function": {"name": "f", "parameters": {}}}]
    llama = "<|start_header_id|>assistant<|end_header_id|>\n\n"
    (call,) = read('": "f", "parameters": {}}', llama + '{"name', "llama3_json", tools=tools).tool_calls
    assert (call.name, call.start, call.end) == ("f", 0, 25)
    assert said('": 1}', llama + '{"name', "llama3_json", tools=tools) == (None, '": 1}')


def test_offsets_count_from_the_start_of_the_output() -> None:
    events: list[Event] = []
    parser = Parser("hermes", prompt=ASSISTANT + "some text ", new_id=str)
    for character in "ab " + CALL:
        events += parser.feed(character)
    events += parser.finish()
    assert [event for event in events if isinstance(event, (CallStart, CallEnd))] == [CallStart(0, "", "f", 3), CallEnd(0, True, 51)]


# -- no prompt -----------------------------------------------------------------------------------------------------------------------------


def test_the_family_decides_when_nothing_is_known_of_the_prompt() -> None:
    assert said("a</think>b", None, "ernie45") == ("a", "b")
    assert said("\n<think>\na</think>b", None, "ernie45") == ("a", "b")
    assert said("a</think>b", "", "ernie45")[0] is None
    assert said("<think>a</think>b", None) == ("a", "b")
    assert said("just an answer", None) == (None, "just an answer")


def test_thinking_is_a_hint_where_there_is_no_prompt() -> None:
    assert said("a</think>b", None, thinking=True) == ("a", "b")
    assert said("<think>a</think>b", None, thinking=True) == ("a", "b")
    assert said("<think>a</think>b", None, "mistral", thinking=True) == ("a", "b")
    assert said("just an answer", None, "ernie45", thinking=False) == (None, "just an answer")
    assert said("<think>a</think>b", None, "ernie45", thinking=False) == ("a", "b")
    assert said("b", ASSISTANT, thinking=True) == (None, "b")


def test_whether_reasoning_is_open_is_known_before_any_output() -> None:
    parser = Parser("hermes", prompt=ASSISTANT + "<think>\n")
    assert parser.in_reasoning
    assert parser.feed("a </think>") == [Reasoning("a")]
    assert not parser.in_reasoning
    assert parser.feed("\nb") == [Content("b")]
