"""The policies of the parser: each default and each option, read whole and by character."""

from __future__ import annotations

import pytest

from toolparse import Message, MessageBuilder, Parser

TOOLS = [{"type": "function", "function": {"name": name, "parameters": {}}} for name in ("f", "g")]
CALL = '<tool_call>{"name": "f"}</tool_call>'
BARE = '{"name": "f", "parameters": {}}'
UNKNOWN = '<tool_call>{"name": "x", "arguments": {"a": 1}}</tool_call>'


def read(text: str, fmt: str = "hermes", **options: object) -> Message:
    messages = []
    for pieces in ([text], list(text)):
        parser = Parser(fmt, **{"tools": TOOLS, "new_id": lambda: "id", "prompt": "", **options})  # type: ignore[arg-type]
        builder = MessageBuilder()
        for piece in pieces:
            for event in parser.feed(piece):
                builder.add(event)
        for event in parser.finish():
            builder.add(event)
        messages.append(builder.message)
    assert messages[0] == messages[1]
    return messages[0]


def told(message: Message) -> tuple[str | None, str | None, list[str]]:
    return message.reasoning, message.content, [call.name for call in message.tool_calls]


# -- calls in reasoning -------------------------------------------------------------------------------------------------------------------


def test_whether_a_call_ends_open_reasoning() -> None:
    text = f"<think>a{CALL}</think>b"
    assert told(read(text)) == ("a", "b", ["f"])
    assert told(read(text, calls_in_reasoning="end")) == ("a", "b", ["f"])
    assert told(read(text, calls_in_reasoning="ignore")) == (f"a{CALL}", "b", [])


def test_a_format_that_ignores_calls_in_reasoning_may_be_told_to_end_it() -> None:
    text = '<think>a\n[{"name": "f", "arguments": {}}]\n</think>b'
    assert told(read(text, "xlam")) == ('a\n[{"name": "f", "arguments": {}}]', "b", [])
    assert told(read(text, "xlam", calls_in_reasoning="end")) == ("a", "b", ["f"])


def test_a_marker_in_reasoning_must_be_confirmed() -> None:
    for policy in ("format", "end", "ignore"):
        assert told(read("<think>the <tool_call> tag</think>b", calls_in_reasoning=policy)) == ("the <tool_call> tag", "b", [])


# -- bare calls ---------------------------------------------------------------------------------------------------------------------------


def test_bare_calls_may_be_refused() -> None:
    assert told(read(BARE, "llama3_json")) == (None, None, ["f"])
    assert told(read(BARE, "llama3_json", bare_calls="never")) == (None, BARE, [])
    assert told(read(f"<|python_tag|>{BARE}", "llama3_json", bare_calls="never")) == (None, None, ["f"])


# -- calls in code ------------------------------------------------------------------------------------------------------------------------


def test_a_call_in_a_code_fence_counts_unless_told_otherwise() -> None:
    text = f"So:\n```\n{CALL}\n```\nfine"
    assert told(read(text)) == (None, "So:\n```\n\n```\nfine", ["f"])
    assert told(read(text, calls_in_code="content")) == (None, text, [])


@pytest.mark.parametrize(
    ("text", "content", "names"),
    [
        (f"```json\n{CALL}\n```\n{CALL}", f"```json\n{CALL}\n```", ["f"]),
        (f"~~~\n{CALL}\n~~~\n\n{CALL}", f"~~~\n{CALL}\n~~~", ["f"]),
        (f"use ``` so:\n{CALL}", "use ``` so:", ["f"]),
        (f"`{CALL}`", "``", ["f"]),
        (f"```\n{CALL}", f"```\n{CALL}", []),
        (f"```{CALL}", f"```{CALL}", []),
        (f"{CALL}```\n{CALL}\n```", f"```\n{CALL}\n```", ["f"]),
        (f"````\n```\n{CALL}\n````{CALL}", f"````\n```\n{CALL}\n````", ["f"]),
        (f"<think>```\n</think>{CALL}", None, ["f"]),
        (f"```\n<tool_call>\n```\n{CALL}", "```\n<tool_call>\n```", ["f"]),
    ],
)
def test_what_is_inside_a_code_fence(text: str, content: str | None, names: list[str]) -> None:
    message = read(text, calls_in_code="content")
    assert (message.content, [call.name for call in message.tool_calls]) == (content, names)


def test_a_fence_in_reasoning_and_one_that_the_prompt_opened() -> None:
    assert told(read(f"<think>```\n{CALL}\n```\n{CALL}", calls_in_code="content")) == (f"```\n{CALL}\n```", None, ["f"])
    prompt = "<|im_start|>assistant\nSo:\n```\n"
    assert told(read(f"{CALL}\n```\n{CALL}", calls_in_code="content", prompt=prompt)) == (None, f"{CALL}\n```", ["f"])


def test_bare_calls_in_code() -> None:
    text = f"```\n{BARE}\n```\n{BARE}"
    assert told(read(text, "llama3_json", calls_in_code="content")) == (None, f"```\n{BARE}\n```", ["f"])
    assert told(read(text, "llama3_json")) == (None, None, ["f", "f"])


# -- unknown tools ------------------------------------------------------------------------------------------------------------------------


def test_what_becomes_of_calls_to_unknown_tools() -> None:
    text = f"a\n{UNKNOWN}\nb"
    kept = read(text)
    assert told(kept) == (None, "a\n\nb", ["x"])
    assert [problem.kind for problem in kept.problems] == ["unknown_tool"]
    assert told(read(text, unknown_tools="content")) == (None, text, [])
    dropped = read(text, unknown_tools="drop")
    assert told(dropped) == (None, "a\n\nb", [])
    (problem,) = dropped.problems
    assert problem.kind == "dropped_call"
    assert 'x {"a": 1}' in problem.message


def test_without_tools_no_name_is_unknown() -> None:
    for policy in ("keep", "content", "drop"):
        message = read(UNKNOWN, tools=None, unknown_tools=policy)
        assert told(message) == (None, None, ["x"])
        assert not message.problems


# -- parallel calls -----------------------------------------------------------------------------------------------------------------------


def test_the_first_of_parallel_calls_may_be_the_only_one() -> None:
    second = CALL.replace('"f"', '"g", "arguments": {"b": [1, 2]}')
    message = read(f"{CALL}\n{second}\nend", parallel_tool_calls=False)
    assert told(message) == (None, "end", ["f"])
    (problem,) = message.problems
    assert 'g {"b": [1, 2]}' in problem.message


@pytest.mark.parametrize("policy", ["calls_in_reasoning", "bare_calls", "calls_in_code", "unknown_tools"])
def test_an_unknown_policy_is_an_error_that_names_the_known_ones(policy: str) -> None:
    with pytest.raises(ValueError, match=rf"^{policy} is one of .*, not 'perhaps'$"):
        Parser("hermes", **{policy: "perhaps"})  # type: ignore[arg-type]
