"""What public bug reports show tool-call parsers get wrong, as far as the registered formats can express it.

Each test names its reports (repositories in short form, as `vllm#123` for vllm-project/vllm). Types by schema are tested with
raw text (`test_raw_values.py`), speed in `benchmarks/`, limits over all formats in `test_promises.py`.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from toolparse import CallArguments, CallEnd, CallStart, Content, Event, Message, Parser, Reasoning, formats, get_format, parse
from toolparse.testing import check_text, joined, markers


def tool(name: str, **kinds: str) -> dict[str, Any]:
    properties = {key: {"type": kind} for key, kind in kinds.items()}
    return {"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": properties}}}


TOOLS = [tool("note", text="string", count="integer", items="array"), tool("clock"), tool("a.b-c_1", text="string")]

# How each format writes one call whose arguments are JSON text, and what stands around and between calls.
JSON_CALL = {
    "hermes": '<tool_call>\n{"name": "$name", "arguments": $json}\n</tool_call>',
    "llama3_json": '<|python_tag|>{"name": "$name", "parameters": $json}',
    "mistral": "[TOOL_CALLS]$name[ARGS]$json",
    "deepseek_v3": "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>$name\n```json\n$json\n```"
    "<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
    "deepseek_v31": "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>$name<｜tool▁sep｜>$json<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
}
# How each format writes `note(text=TEXT)`.
TEXT_CALL = {
    **{name: call.replace("$name", "note").replace("$json", '{"text": "TEXT"}') for name, call in JSON_CALL.items()},
    "qwen3_coder": "<tool_call>\n<function=note>\n<parameter=text>\nTEXT\n</parameter>\n</function>\n</tool_call>",
    "pythonic": '[note(text="TEXT")]',
}
# How each format writes `clock()`, and two calls in a row.
NO_ARGUMENTS = {
    **{name: call.replace("$name", "clock").replace("$json", "{}") for name, call in JSON_CALL.items()},
    "qwen3_coder": "<tool_call>\n<function=clock>\n</function>\n</tool_call>",
    "pythonic": "[clock()]",
}
TWO_CALLS = {
    **{name: f"{NO_ARGUMENTS[name]}\n{TEXT_CALL[name]}" for name in TEXT_CALL},
    "llama3_json": '{"name": "clock", "parameters": {}}; {"name": "note", "parameters": {"text": "TEXT"}}',
    "pythonic": '[clock(), note(text="TEXT")]',
}
# What ends a call, and what it leaves when it is missing.
CLOSER = {
    "hermes": "</tool_call>", "llama3_json": "<|python_end|>", "deepseek_v3": "<｜tool▁call▁end｜>", "deepseek_v31": "<｜tool▁call▁end｜>",
    "qwen3_coder": "</tool_call>",
}  # fmt: skip
STREAMED = sorted(TEXT_CALL)
json_formats = pytest.mark.parametrize("name", sorted(JSON_CALL))
all_formats = pytest.mark.parametrize("name", STREAMED)


def read(text: str, name: str, pieces: list[str] | None = None, **options: Any) -> Message:
    """The message, which every chunking gives."""
    options = {"tools": TOOLS, "prompt": "", **options}
    check_text(get_format(name), text, pieces=pieces or (), **options)
    return parse(text, name, **options)


def stream(pieces: list[str], name: str, **options: Any) -> list[list[Event]]:
    """The events of each piece, and those of the end."""
    parser = Parser(name, **{"tools": TOOLS, "prompt": "", **options})
    return [*(parser.feed(piece) for piece in pieces), parser.finish()]


def calls(message: Message) -> list[tuple[str, Any]]:
    assert all(call.complete for call in message.tool_calls)
    return [(call.name, json.loads(call.arguments)) for call in message.tool_calls]


def call_with(name: str, arguments: str, tool_name: str = "note") -> str:
    return JSON_CALL[name].replace("$name", tool_name).replace("$json", arguments)


# -- A: the result must not depend on the cut -------------------------------------------------------------------------------------------


@all_formats
def test_every_cut_into_two_parts_gives_the_same(name: str) -> None:
    """vllm#57490, vllm#51701, vllm#55082, vllm#55079, xorbitsai/inference#5019, vllm#56263, vllm#47137, sglang#35564, sglang#24995"""
    text = f"Before.\n{TEXT_CALL[name]}"
    whole = joined((event for events in stream([text], name) for event in events), text)
    for at in range(1, len(text)):
        parts = stream([text[:at], text[at:]], name)
        assert joined((event for events in parts for event in events), text) == whole, at


@all_formats
def test_one_delta_brings_name_and_arguments_of_every_call(name: str) -> None:
    """vllm#47907, vllm#48020, sglang#37634, vllm#47901"""
    message = read(TWO_CALLS[name], name)
    assert calls(message) == [("clock", {}), ("note", {"text": "TEXT"})]
    assert message.content is None


@all_formats
def test_one_delta_closes_a_call_and_opens_the_next(name: str) -> None:
    """vllm#41967, vllm#38274"""
    text = TWO_CALLS[name]
    first, last = text.index("clock") + 3, text.rindex("TEXT") + 2
    message = read(text, name, [text[:first], text[first:last], text[last:]])
    assert calls(message) == [("clock", {}), ("note", {"text": "TEXT"})]
    assert [call.index for call in message.tool_calls] == [0, 1]


@pytest.mark.parametrize("name", ["hermes", "qwen3_coder", "deepseek_v31", "mistral"])
def test_a_delta_holds_the_end_of_reasoning_prose_and_an_opener(name: str) -> None:
    """alibaba/rtp-llm#682, vllm#55195, vllm#41691, vllm#42781"""
    opener, call = TEXT_CALL[name].split("note", 1)
    pieces = ["<think>Let me think", f" it over.</think>\n\nI look. {opener}", f"note{call}"]
    message = read("".join(pieces), name, pieces)
    assert (message.reasoning, message.content) == ("Let me think it over.", "I look.")
    assert calls(message) == [("note", {"text": "TEXT"})]


@all_formats
@pytest.mark.parametrize("end", ["<", "[", "{", "<t", "`", "\n", " "])
def test_an_end_that_may_begin_a_marker_is_released(name: str, end: str) -> None:
    """exo-explore/exo#1775, osaurus-ai/vmlx-swift#148"""
    assert stream([f"a {end}"], name)[1] + stream([f"a {end}"], name)[0] != []
    assert read(f"a {end}", name).content == f"a {end}"
    parser = Parser(name, tools=TOOLS, prompt="")
    parser.feed(f"a {end}")
    assert "".join(event.text for event in parser.feed("zz zz") if isinstance(event, Content)).endswith("zz zz")


# -- B: look-alikes of markers ----------------------------------------------------------------------------------------------------------


@all_formats
def test_prose_that_mentions_markers_is_content_and_a_later_call_is_found(name: str) -> None:
    """vllm#56658, gty111/gLLM#285, vllm#58227"""
    stops = get_format(name).stop
    for marker in markers(get_format(name)):
        if marker in stops or "<" not in marker:
            continue
        prose = f"The word {marker} is a marker, and so on."
        assert read(prose, name).content == prose
        if name not in ("pythonic", "llama3_json"):
            message = read(f"{prose}\n{TEXT_CALL[name]}", name)
            assert (message.content, calls(message)) == (prose, [("note", {"text": "TEXT"})])


@pytest.mark.parametrize("name", sorted(JSON_CALL))
def test_an_end_marker_in_a_json_string_is_data(name: str) -> None:
    """vllm#45167, trtllm#19228, jundot/omlx#1854"""
    for value in (*markers(get_format(name)), "}} ] } {[", 'say \\"hi\\"}', "```"):
        text = call_with(name, f'{{"text": "a {value} b", "count": 1}}')
        message = read(text, name)
        assert calls(message) == [("note", {"text": f"a {value} b".replace('\\"', '"'), "count": 1})], value


def test_an_end_marker_in_a_raw_parameter_is_kept_when_the_grammar_can_tell() -> None:
    """ai-dynamo/frontend-crates UNIFIED_CASES 7-2, 12-1"""
    for value in ("a </tool_call> b", "a </function> b", "a </parameter> b", "a </think> b", "a <tool_call> b", "a <|im_end|> b"):
        message = read(TEXT_CALL["qwen3_coder"].replace("TEXT", value), "qwen3_coder")
        assert calls(message) == [("note", {"text": value})]


@all_formats
@pytest.mark.parametrize(
    "prose", ["a < b && c > d", "x &lt; y", "see [1], [2] | 3", "{x | x < 2}", "a[i] = {}", "<b>bold</b>", "|x| <= 1", "if (a) {\n}\n"]
)
def test_ordinary_signs_are_plain_content_at_once(name: str, prose: str) -> None:
    """exo-explore/exo#1775, mudler/LocalAI#10351"""
    text = f"Well: {prose} and so on"
    assert read(text, name).content == text
    parser = Parser(name, tools=TOOLS, prompt="")
    seen = "".join(event.text for character in text for event in parser.feed(character) if isinstance(event, Content))
    assert seen == text


@pytest.mark.parametrize("name", [name for name in STREAMED if name != "pythonic"])
def test_a_call_in_a_code_fence_is_a_policy_and_loses_no_text(name: str) -> None:
    """vllm#58147, blazux/qwen3.8-Flash-DGX#29"""
    text = f"Like this:\n```\n{TEXT_CALL[name]}\n```\nThat is all."
    kept = read(text, name)
    assert calls(kept) == [("note", {"text": "TEXT"})]
    assert "".join((kept.content or "").split()) == "Likethis:``````Thatisall."
    assert read(text, name, calls_in_code="content").content == text


@pytest.mark.parametrize("name", ["hermes", "mistral", "deepseek_v3", "deepseek_v31"])
def test_marker_text_from_ordinary_tokens_is_typed_text(name: str) -> None:
    """vllm#50676, vllm#58315"""
    text = TEXT_CALL[name]
    parser = Parser(name, tools=TOOLS, prompt="")
    events = joined([*parser.feed(text, special=False), *parser.finish()], text)
    assert events == [Content(text)]


@pytest.mark.parametrize("name", sorted(CLOSER))
def test_a_stray_end_marker_is_no_call_and_loses_nothing(name: str) -> None:
    """llama.cpp#20761, ai-dynamo/frontend-crates case 5-3"""
    message = read(f"Hello {CLOSER[name]} there", name)
    assert (message.content, message.tool_calls) == (f"Hello {CLOSER[name]} there", [])


@all_formats
@pytest.mark.parametrize(
    "text", ['{"answer": 42}', "[1, 2, 3]", "[see above] and more", "{x}", '["a", "b"]', '[{"x": 1}]', '{"name": "Ada", "age": 36}']
)
def test_ordinary_json_is_content(name: str, text: str) -> None:
    """vllm#55849"""
    assert read(text, name).content == text


# -- C: JSON arguments ------------------------------------------------------------------------------------------------------------------

ENVELOPES = {
    "hermes": "<tool_call>\nBODY\n</tool_call>",
    "llama3_json": "BODY",
    "mistral": "[TOOL_CALLS] [BODY]",
    "qwen3_coder": "<tool_call>\nBODY\n</tool_call>",
}
envelopes = pytest.mark.parametrize("name", sorted(ENVELOPES))


@envelopes
def test_arguments_may_stand_before_the_name(name: str) -> None:
    """vllm#9693"""
    text = ENVELOPES[name].replace("BODY", '{"arguments": {"text": "x", "items": [1, {"y": 2}]}, "name": "note"}')
    assert calls(read(text, name)) == [("note", {"text": "x", "items": [1, {"y": 2}]})]


@envelopes
def test_the_closing_brace_of_the_wrapper_is_no_part_of_the_arguments(name: str) -> None:
    """vllm#51701, vllm#10395"""
    text = ENVELOPES[name].replace("BODY", '{"name": "note", "arguments": {"text": "x"}}')
    at = text.index('"}}')
    assert read(text, name, [text[:at], text[at:]]).tool_calls[0].arguments == '{"text": "x"}'


@envelopes
@pytest.mark.parametrize("empty", ["{}", "null", '""'])
def test_empty_arguments_are_an_empty_object(name: str, empty: str) -> None:
    """trtllm#17575, vllm#21046, sglang#24995"""
    text = ENVELOPES[name].replace("BODY", f'{{"name": "clock", "arguments": {empty}}}')
    assert [(call.name, call.arguments) for call in read(text, name).tool_calls] == [("clock", "{}")]


@pytest.mark.parametrize("name", ["hermes", "mistral", "qwen3_coder"])
def test_missing_arguments_are_an_empty_object(name: str) -> None:
    """trtllm#17575"""
    assert calls(read(ENVELOPES[name].replace("BODY", '{"name": "clock"}'), name)) == [("clock", {})]


@json_formats
def test_a_nested_object_as_the_first_value_keeps_its_key(name: str) -> None:
    """vllm#21046"""
    assert calls(read(call_with(name, '{"text": {"deep": {"er": [1, {}]}}}'), name)) == [("note", {"text": {"deep": {"er": [1, {}]}}})]


REPAIRED = [
    pytest.param('{"text": "a\nb\tc\x01d"}', {"text": "a\nb\tc\x01d"}, id="controls: minpeter/ai-sdk-tool-call-middleware#298"),
    pytest.param("{'text': 'it', 'count': 2,}", {"text": "it", "count": 2}, id="single quotes, trailing comma: llama.cpp#24178"),
    pytest.param('{"text": None, "count": True}', {"text": None, "count": True}, id="Python literals: llama.cpp#24178"),
    pytest.param('{"text": "say "hi" now", "count": 1}', {"text": 'say "hi" now', "count": 1}, id="NousResearch/hermes-agent#36271"),
    pytest.param('"{\\"text\\": \\"x\\"}"', {"text": "x"}, id="a string with an object: vllm#54964, livekit/agents#5411"),
    pytest.param('[{"text": "x"}]', {"text": "x"}, id="a list of one: ollama#17638, ollama#12884"),
]


@json_formats
@pytest.mark.parametrize(("written", "meant"), REPAIRED)
def test_faults_are_repaired_and_reported(name: str, written: str, meant: object) -> None:
    message = read(call_with(name, written), name)
    assert calls(message) == [("note", meant)]
    assert message.problems or written[0] == '"'


@json_formats
@pytest.mark.parametrize("value", ['{\\"real\\": \\"string\\"}', "[1, 2]", "12", "null"])
def test_a_string_value_that_looks_like_json_stays_a_string(name: str, value: str) -> None:
    """vllm#54964"""
    assert calls(read(call_with(name, f'{{"text": "{value}"}}'), name)) == [("note", {"text": value.replace('\\"', '"')})]


@pytest.mark.parametrize("name", ["hermes", "deepseek_v3", "deepseek_v31"])
def test_missing_closers_are_added_in_the_right_order(name: str) -> None:
    """NousResearch/hermes-agent#115107, NousResearch/hermes-agent#5315"""
    message = read(JSON_CALL[name].replace("$name", "note").replace("$json}", "$json").replace("$json", '{"items": [{"a": [1, 2'), name)
    assert calls(message) == [("note", {"items": [{"a": [1, 2]}]})]
    assert "missing_closer" in {problem.kind for problem in message.problems}


@json_formats
def test_an_escape_that_the_model_wrote_is_not_escaped_again(name: str) -> None:
    """llama.cpp#24667"""
    assert read(call_with(name, '{"text": "a\\nb \\\\n c"}'), name).tool_calls[0].arguments == '{"text": "a\\nb \\\\n c"}'


@pytest.mark.parametrize("name", ["hermes", "mistral", "llama3_json"])
@pytest.mark.parametrize("junk", ["}", "]", "}]"])
def test_surplus_closers_behind_the_object_are_ignored(name: str, junk: str) -> None:
    """ollama#17638, ollama#12884"""
    message = read(ENVELOPES[name].replace("BODY", '{"name": "note", "arguments": {"text": "x"}}' + junk), name)
    assert (calls(message), message.content) == ([("note", {"text": "x"})], None)


@envelopes
@pytest.mark.parametrize("key", ["arguments", "parameters"])
def test_both_spellings_of_arguments_are_taken(name: str, key: str) -> None:
    """modelship-ai/modelship#63"""
    text = ENVELOPES[name].replace("BODY", f'{{"name": "note", "{key}": {{"text": "x"}}}}')
    assert calls(read(text, name)) == [("note", {"text": "x"})]


# -- E: white space and characters ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["  x", "x\n", "\n\tx = 1\n\n", "\u00a0x\u2003", "\u3000", " "])
def test_a_raw_value_keeps_all_but_the_newlines_of_the_template(value: str) -> None:
    """vllm#48753, vllm#49567, llama.cpp#23535, ddalcu/mlx-serve#294"""
    assert calls(read(TEXT_CALL["qwen3_coder"].replace("TEXT", value), "qwen3_coder")) == [("note", {"text": value})]


@all_formats
def test_text_beyond_ascii_is_written_as_it_is_and_once(name: str) -> None:
    """vllm#17704, vllm#46308, sglang#6174, ai-dynamo/dynamo#3034"""
    words = "Łódź 東京 🧊 é ｜"
    message = read(f"{words}\n" * (name != "pythonic") + TEXT_CALL[name].replace("TEXT", words), name, tools=TOOLS)
    assert f'"{words}"' in message.tool_calls[0].arguments
    assert message.content in (words, None)


@pytest.mark.parametrize("name", ["hermes", "qwen3_coder", "deepseek_v31"])
def test_newlines_between_reasoning_and_a_call_are_framing(name: str) -> None:
    """vllm#38227, noonghunna/club-3090#145"""
    message = read(f"<think>\nHm.\n</think>\n\n{TEXT_CALL[name]}\n", name)
    assert (message.content, message.reasoning, len(message.tool_calls)) == (None, "Hm.", 1)


# -- F: reasoning -----------------------------------------------------------------------------------------------------------------------

PREFILLED = {"hermes": "<|im_start|>assistant\n", "qwen3_coder": "<|im_start|>assistant\n", "deepseek_v31": "<｜Assistant｜>"}
thinking = pytest.mark.parametrize("name", sorted(PREFILLED))


@thinking
def test_reasoning_that_the_prompt_opened(name: str) -> None:
    """InternLM/lmdeploy#3664, ai-dynamo/frontend-crates case 10-4"""
    message = read("I see.\n</think>\n\nYes.", name, prompt=PREFILLED[name] + "<think>\n")
    assert (message.reasoning, message.content) == ("I see.", "Yes.")
    message = read("I see, but", name, prompt=PREFILLED[name] + "<think>\n")
    assert (message.reasoning, message.content) == ("I see, but", None)


@thinking
def test_an_empty_pair_in_the_prompt_ends_reasoning(name: str) -> None:
    """local-inference-lab/vllm#22"""
    message = read("Yes.", name, prompt=PREFILLED[name] + "<think>\n\n</think>\n\n")
    assert (message.reasoning, message.content) == (None, "Yes.")
    message = read("Hm.</think>Yes.", name, prompt="<think></think> as a user wrote it\n" + PREFILLED[name] + "<think>\n")
    assert (message.reasoning, message.content) == ("Hm.", "Yes.")


@thinking
def test_a_call_inside_open_reasoning_is_neither_lost_nor_run_twice(name: str) -> None:
    """vllm#39056, PrimeIntellect-ai/renderers#80"""
    text = f"I call it.\n{TEXT_CALL[name]}\n</think>\nDone."
    ended = read(text, name, prompt=PREFILLED[name] + "<think>\n", calls_in_reasoning="end")
    assert (ended.reasoning, len(ended.tool_calls), ended.content) == ("I call it.", 1, "Done.")
    ignored = read(text, name, prompt=PREFILLED[name] + "<think>\n", calls_in_reasoning="ignore")
    assert (len(ignored.tool_calls), ignored.content) == (0, "Done.")
    assert "note" in (ignored.reasoning or "")


@thinking
def test_reasoning_that_talks_about_markers_stays_reasoning(name: str) -> None:
    """lmstudio-ai/lmstudio-bug-tracker#1592"""
    opener = TEXT_CALL[name].split("\n")[0] if "\n" in TEXT_CALL[name] else "<｜tool▁calls▁begin｜>"
    message = read(f"I could write {opener} here, or not.</think>No.", name, prompt=PREFILLED[name] + "<think>")
    assert (message.reasoning, message.content) == (f"I could write {opener} here, or not.", "No.")
    assert not message.tool_calls


@thinking
def test_reasoning_and_calls_in_turn_keep_their_order(name: str) -> None:
    """ai-dynamo/frontend-crates group 11"""
    text = f"<think>One.</think>\n{TEXT_CALL[name]}\n<think>Two.</think>\n{TEXT_CALL[name]}"
    order = [type(event) for event in joined((e for es in stream([text], name) for e in es), text) if not isinstance(event, CallArguments)]
    assert order == [Reasoning, CallStart, CallEnd, Reasoning, CallStart, CallEnd]
    message = read(text, name)
    assert (message.reasoning, message.content) == ("One.\nTwo.", None)


@thinking
def test_a_forced_choice_keeps_reasoning(name: str) -> None:
    """vllm#20663"""
    choice = {"type": "function", "function": {"name": "note"}}
    message = read(f"Hm.</think>{TEXT_CALL[name]}", name, prompt=PREFILLED[name] + "<think>", tool_choice=choice)
    assert (message.reasoning, calls(message)) == ("Hm.", [("note", {"text": "TEXT"})])


# -- G: truncation and the end ----------------------------------------------------------------------------------------------------------


@all_formats
def test_a_cut_call_has_its_name_the_certain_prefix_and_no_made_up_end(name: str) -> None:
    """langchain-ai/langchain#39275, vllm#53269, vllm#9209, ollama#7963"""
    text = TEXT_CALL[name][: TEXT_CALL[name].index("TEXT") + 3]
    message = read(text, name)
    (call,) = message.tool_calls
    assert (call.name, call.complete, call.arguments) == ("note", False, '{"text": "TEX')
    assert message.finish_reason == "length"
    assert message.to_openai().get("tool_calls") is None
    assert parse(TEXT_CALL[name], name, tools=TOOLS, prompt="").finish_reason == "tool_calls"
    assert parse(TEXT_CALL[name], name, tools=TOOLS, prompt="", truncated=True).finish_reason == "length"


@all_formats
def test_a_cut_inside_the_marker_or_the_name_is_no_call(name: str) -> None:
    """mlx-lm#905, vllm#47137"""
    call = TEXT_CALL[name]
    for end in range(1, call.index("note") + 3):
        message = read(f"Hello.\n{call[:end]}" if name not in ("pythonic", "llama3_json") else call[:end], name)
        assert not message.tool_calls
        assert "".join((message.content or "").split()).endswith("".join(call[:end].split()))


@pytest.mark.parametrize("name", sorted({*CLOSER} - {"qwen3_coder"}))
def test_a_call_without_its_end_marker_counts_when_the_json_is_complete(name: str) -> None:
    """ai-dynamo/frontend-crates case 5-2"""
    text = TEXT_CALL[name].partition(CLOSER[name])[0]
    assert calls(read(text, name)) == [("note", {"text": "TEXT"})]
    assert calls(read(text + get_format(name).stop[0], name)) == [("note", {"text": "TEXT"})]


@pytest.mark.parametrize("name", sorted({*STREAMED} - {"llama3_json", "pythonic"}))
def test_text_before_between_and_after_calls_survives(name: str) -> None:
    """vllm#56263, ai-dynamo/frontend-crates group 8"""
    message = read(f"One.\n{TEXT_CALL[name]}\n\nTwo.\n{NO_ARGUMENTS[name]}\nThree.", name)
    assert calls(message) == [("note", {"text": "TEXT"}), ("clock", {})]
    assert "".join((message.content or "").split()) == "One.Two.Three."


@pytest.mark.parametrize("name", [fmt.name for fmt in formats() if fmt.stop])
def test_trailing_stop_tokens_are_never_content(name: str) -> None:
    """vllm#46224"""
    stops = get_format(name).stop
    assert parse(f"Hello.{stops[0]}", name, prompt="").content == "Hello."
    assert parse(f"Hello.{stops[0]}\n{stops[-1]}{stops[-1]}\n", name, prompt="").content == "Hello."
    if name in TEXT_CALL:
        assert read(TEXT_CALL[name] + stops[-1], name).content is None


@pytest.mark.parametrize("name", sorted(CLOSER))
def test_a_repeated_end_marker_is_ignored(name: str) -> None:
    """ai-dynamo/dynamo#10443, vllm#44280"""
    text = TEXT_CALL[name]
    close = CLOSER[name] if name == "llama3_json" else text[text.index(CLOSER[name]) :]
    message = read(f"{text}{close}{close}", name)
    assert (calls(message), message.content) == ([("note", {"text": "TEXT"})], None)


# -- H: names, ids, indices -------------------------------------------------------------------------------------------------------------


@json_formats
def test_an_unknown_name_is_a_call_and_a_problem(name: str) -> None:
    """sglang#40817, sglang#23453"""
    message = read(call_with(name, "{}", "nope"), name)
    assert (calls(message), message.content) == ([("nope", {})], None)
    assert "unknown_tool" in {problem.kind for problem in message.problems}


@all_formats
def test_the_same_tool_twice_is_two_calls(name: str) -> None:
    """sglang#35625, BerriAI/litellm#37792, ollama#15457, exo-explore/exo#1413, Hmbown/Codewhale#291"""
    text = TWO_CALLS[name].replace("TEXT", "x")
    text = {"pythonic": '[note(text="x"), note(text="x")]', "llama3_json": '{"name": "note", "parameters": {"text": "x"}}; ' * 2}.get(
        name, f"{TEXT_CALL[name]}\n{TEXT_CALL[name]}".replace("TEXT", "x")
    )
    message = read(text, name)
    assert calls(message) == [("note", {"text": "x"})] * 2
    assert [call.index for call in message.tool_calls] == [0, 1]
    assert len({call.id for call in message.tool_calls}) == 2


@envelopes
def test_an_id_on_the_wire_is_kept(name: str) -> None:
    """exo-explore/exo#1413, Hmbown/Codewhale#291"""
    text = ENVELOPES[name].replace("BODY", '{"id": "c7", "name": "note", "arguments": {}}')
    assert read(text, name).tool_calls[0].id == "c7"


@json_formats
def test_signs_and_digits_in_names(name: str) -> None:
    """llama.cpp#24178"""
    assert calls(read(call_with(name, "{}", "a.b-c_1"), name)) == [("a.b-c_1", {})]


@pytest.mark.parametrize("tool_name", ["note ", "note\\n", " note"])
@envelopes
def test_white_space_at_a_name_is_trimmed(name: str, tool_name: str) -> None:
    """vllm#32888"""
    text = ENVELOPES[name].replace("BODY", f'{{"name": "{tool_name}", "arguments": {{}}}}')
    assert calls(read(text, name)) == [("note", {})]


@json_formats
def test_an_empty_name_is_no_call(name: str) -> None:
    """vllm#32888"""
    message = read(call_with(name, "{}", ""), name)
    assert not message.tool_calls
    assert message.content == call_with(name, "{}", "")


@pytest.mark.parametrize("name", ["deepseek_v3", "qwen3_coder"])
def test_a_newline_in_a_header_loses_no_call(name: str) -> None:
    """vllm#38441"""
    text = TEXT_CALL[name].replace("note\n", "note \n\n").replace("note>\n", "note>\n\n")
    assert calls(read(text, name)) == [("note", {"text": "TEXT"})]


# -- I: the shape of the deltas ---------------------------------------------------------------------------------------------------------


@all_formats
def test_a_name_is_sent_once_and_fragments_are_sent_once(name: str) -> None:
    """maximhq/bifrost#1829, waybarrios/vllm-mlx#631, sglang#23071, BerriAI/litellm#20480, vllm#38227"""
    text = TEXT_CALL[name]
    events = [event for events in stream(list(text), name) for event in events]
    assert [event.name for event in events if isinstance(event, CallStart)] == ["note"]
    assert "".join(event.text for event in events if isinstance(event, CallArguments)) == '{"text": "TEXT"}'
    assert read(text, name).tool_calls[0].arguments == '{"text": "TEXT"}'


@all_formats
def test_long_strings_flow_while_they_are_written(name: str) -> None:
    """vllm#52846, vllm#30439, theroyallab/tabbyAPI#460"""
    before, after = TEXT_CALL[name].rsplit("TEXT", 1)
    parser = Parser(name, tools=TOOLS, prompt="")
    parser.feed(before)
    for word in ("These ", "words ", "come ", "as they are "):
        flowed = "".join(event.text for event in parser.feed(word) if isinstance(event, CallArguments))
        assert word.strip() in flowed
    assert [type(event) for event in parser.feed(after + "\n") + parser.finish()] == [CallArguments, CallEnd]


@all_formats
def test_plain_answers_stream_at_once_though_there_are_tools(name: str) -> None:
    """mudler/LocalAI#10351"""
    parser = Parser(name, tools=TOOLS, prompt="")
    assert parser.feed("It") == [Content("It")]
    assert parser.feed(" is noon.") == [Content(" is noon.")]


# -- J: special tokens ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["hermes", "qwen3_coder", "deepseek_v3", "deepseek_v31", "mistral", "llama3_json"])
def test_markers_that_are_special_tokens_are_declared(name: str) -> None:
    """vllm#25281, Blaizzy/mlx-vlm#1351, modelship-ai/modelship#63"""
    fmt = get_format(name)
    text = TEXT_CALL[name]
    assert any(token in text for token in fmt.special_tokens)
    halves = {"<think>", "</think>", "[THINK]", "[/THINK]"} & set(markers(fmt))
    assert halves & set(fmt.special_tokens) in (set(), {"<think>", "</think>"}, {"[THINK]", "[/THINK]"})


@all_formats
def test_the_text_form_of_a_special_token_works(name: str) -> None:
    """raullenchai/Rapid-MLX#978"""
    parser = Parser(name, tools=TOOLS, prompt="")
    events = [*parser.feed(TEXT_CALL[name], special=None), *parser.finish()]
    assert [event.name for event in events if isinstance(event, CallStart)] == ["note"]


# -- K: errors, limits, state -----------------------------------------------------------------------------------------------------------

MALFORMED = {
    "hermes": '<tool_call>\n{"nome": 1}\n</tool_call>\n',
    "qwen3_coder": "<tool_call>\nno function\n</tool_call>\n",
    "deepseek_v3": "<｜tool▁calls▁begin｜>junk<｜tool▁calls▁end｜>",
    "deepseek_v31": "<｜tool▁call▁begin｜><｜tool▁sep｜>{}<｜tool▁call▁end｜>",
    "mistral": "[TOOL_CALLS][ARGS]{}",
}


@pytest.mark.parametrize("name", sorted(MALFORMED))
def test_a_good_call_after_a_malformed_one_survives(name: str) -> None:
    """ai-dynamo/frontend-crates case 5-4, jundot/omlx#2142, sglang#23363"""
    message = read(MALFORMED[name] + TEXT_CALL[name], name)
    assert calls(message) == [("note", {"text": "TEXT"})]
    assert "".join((message.content or "").split()) == "".join(MALFORMED[name].split())


@all_formats
def test_a_long_call_is_within_the_default_limits(name: str) -> None:
    """vllm#37184"""
    value = "0123456789" * 30_000
    (call,) = parse(TEXT_CALL[name].replace("TEXT", value), name, tools=TOOLS, prompt="").tool_calls
    assert call.value() == {"text": value}


@all_formats
def test_parsers_share_nothing_that_changes(name: str) -> None:
    """waybarrios/vllm-mlx#649"""
    one, other = Parser(name, tools=TOOLS, prompt=""), Parser(name, tools=TOOLS, prompt="")
    mine: list[Event] = []
    theirs: list[Event] = []
    text = TEXT_CALL[name]
    for character in text:
        mine += one.feed(character)
        theirs += other.feed(character.replace("T", "t"))
    mine += one.finish()
    theirs += other.finish()
    assert "".join(event.text for event in mine if isinstance(event, CallArguments)) == '{"text": "TEXT"}'
    assert joined(mine, "") == joined((event for events in stream(list(text), name) for event in events), "")
    assert theirs


# -- M: output that models really write -------------------------------------------------------------------------------------------------


def test_qwen_call_without_its_wrapper() -> None:
    """vllm#22975, ollama#18530"""
    message = read("<function=note>\n<parameter=text>\nx\n</parameter>\n</function>\n</tool_call>", "qwen3_coder")
    assert (calls(message), message.content) == ([("note", {"text": "x"})], None)


@pytest.mark.parametrize(
    ("rest", "meant"),
    [
        ("<parameter=count>\n3\n</parameter>\n</function>\n</tool_call>", [("note", {"text": "x", "count": 3})]),
        ("</parameter>\n</tool_call>", [("note", {"text": "x"})]),
        (f"</parameter>\n</function>\n{NO_ARGUMENTS['qwen3_coder']}", [("note", {"text": "x"}), ("clock", {})]),
    ],
)
def test_qwen_call_with_missing_closers(rest: str, meant: object) -> None:
    """ai-dynamo/frontend-crates goal 5"""
    assert calls(read(f"<tool_call>\n<function=note>\n<parameter=text>\nx\n{rest}", "qwen3_coder")) == meant


@pytest.mark.parametrize(
    "text",
    [
        '[TOOL_CALLS]note[ARGS]{"text": "x"}',
        '[TOOL_CALLS]note{"text": "x"}',
        '[TOOL_CALLS]note[CALL_ID]abcdefghi[ARGS]{"text": "x"}',
        '[TOOL_CALLS] [{"name": "note", "arguments": {"text": "x"}}]',
        '[TOOL_CALLS][{"name": "note", "arguments": {"text": "x"}, "id": "abcdefghi"}]',
    ],
)
def test_mistral_in_all_its_generations(text: str) -> None:
    """vllm#30651, waybarrios/vllm-mlx#631"""
    assert calls(read(text, "mistral")) == [("note", {"text": "x"})]


def test_pythonic_literals() -> None:
    """llama.cpp#24178"""
    text = "[a.b-c_1(text='it\\'s', count=-1, items=[True, None, {'k': (1, 2)}])]"
    assert calls(read(text, "pythonic")) == [("a.b-c_1", {"text": "it's", "count": -1, "items": [True, None, {"k": [1, 2]}]})]


def test_llama_without_its_tag() -> None:
    """sglang#4320"""
    assert calls(read('{"name": "note", "parameters": {"text": "x"}}', "llama3_json")) == [("note", {"text": "x"})]
    unknown = '{"name": "nope", "parameters": {"text": "x"}}'
    assert read(unknown, "llama3_json").content == unknown


# -- what servers showed ------------------------------------------------------------------------------------------------------------------


def told(message: Message) -> list[str]:
    return [problem.kind for problem in message.problems if problem.severity == "error"]


def test_code_goes_on_behind_a_quote_and_a_parenthesis() -> None:
    """In a string of LFM2, whose template escapes nothing."""
    command = "cd /testbed && python3 -c \"from sympy import latex\nprint(latex(3*x, mul_symbol='\\,'))\""
    text = f"<|tool_call_start|>[bash(command='{command}')]<|tool_call_end|>"
    check_text(get_format("lfm2"), text)
    message = parse(text, "lfm2", tools=[tool("bash", command="string")])
    assert [(call.value(), call.complete) for call in message.tool_calls] == [({"command": command}, True)]
    assert message.content is None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "qwen3_coder",
            "<tool_call>\n<function=f>\n<parameter=city>\nParis <parameter=day>tomorrow\n</parameter>\n</function>\n</tool_call>",
        ),
        (
            "deepseek_v4",
            '<｜DSML｜tool_calls><｜DSML｜invoke name="f">\n<｜DSML｜parameter name="city" string="true">Paris '
            '<｜DSML｜parameter name="day" string="true">tomorrow</｜DSML｜parameter></｜DSML｜invoke></｜DSML｜tool_calls>',
        ),
    ],
)
def test_an_opener_in_the_middle_of_a_line_stays_in_the_value_and_is_told(name: str, text: str) -> None:
    """The value may hold markup, or have lost its closer: only where the argument is not given elsewhere it is in doubt."""
    tools = [tool("f", city="string", day="string")]
    check_text(get_format(name), text, tools=tools)
    message = parse(text, name, tools=tools)
    (call,) = message.tool_calls
    assert list(call.value()) == ["city"]
    assert told(message) == ["doubtful_value"]
    assert not told(parse(text, name, tools=[tool("f", city="string")]))


KEY_CALL = {
    "qwen3_coder": "<tool_call>\n<function=f>\n<parameter=KEY>\nraw\n</parameter>\n</function>\n</tool_call>",
    "minimax_m2": '<minimax:tool_call>\n<invoke name="f">\n<parameter name="KEY">raw</parameter>\n</invoke>\n</minimax:tool_call>',
    "glm45": "<tool_call>f\n<arg_key>KEY</arg_key>\n<arg_value>raw</arg_value>\n</tool_call>",
    "deepseek_v32": '<｜DSML｜function_calls>\n<｜DSML｜invoke name="f">\n<｜DSML｜parameter name="KEY" string="true">raw'
    "</｜DSML｜parameter>\n</｜DSML｜invoke>\n</｜DSML｜function_calls>",
    "kimi_k3": '<|open|>tools<|sep|><|open|>call tool="f" index="1"<|sep|><|open|>argument key="KEY" type="string"<|sep|>raw'
    "<|close|>argument<|sep|><|close|>call<|sep|><|close|>tools<|sep|>",
}


@pytest.mark.parametrize("key", ["foo<bar", "a>b", "a=b", "x y", "foo<bar>", "it's"])
@pytest.mark.parametrize("name", sorted(KEY_CALL))
def test_a_declared_key_is_a_key_whatever_its_characters(name: str, key: str) -> None:
    text = KEY_CALL[name].replace("KEY", key)
    tools = [tool("f", **{key: "string", "a": "string"})]
    check_text(get_format(name), text, tools=tools)
    message = parse(text, name, tools=tools)
    assert [(call.value(), call.complete) for call in message.tool_calls] == [({key: "raw"}, True)]
    assert not message.problems


def test_a_key_in_quotes_that_are_escaped_needs_no_declaration() -> None:
    for key in ("foo<bar", "a>b", "a=b"):
        (call,) = parse(KEY_CALL["kimi_k3"].replace("KEY", key), "kimi_k3").tool_calls
        assert call.value() == {key: "raw"}


def element(name: str, inner: str) -> str:
    return f"]<]minimax[>[<{name}>{inner}]<]minimax[>[</{name}>"


def test_elements_may_be_called_like_the_tags_around_a_call() -> None:
    inner = element("free", element("tool_call", "v"))
    text = f']<]minimax[>[<tool_call>\n]<]minimax[>[<invoke name="f">{inner}]<]minimax[>[</invoke>\n]<]minimax[>[</tool_call>'
    tools = [tool("f", free="object")]
    check_text(get_format("minimax_m3"), text, tools=tools)
    message = parse(text, "minimax_m3", tools=tools)
    assert [(call.value(), call.complete) for call in message.tool_calls] == [({"free": {"tool_call": "v"}}, True)]
    assert not message.problems


def test_of_equal_elements_the_first_stands_and_the_others_are_told() -> None:
    """As the format's page says: the first value has been sent."""
    inner = element("free", element("t", "x") + element("t", "y"))
    text = f']<]minimax[>[<tool_call>\n]<]minimax[>[<invoke name="f">{inner}]<]minimax[>[</invoke>\n]<]minimax[>[</tool_call>'
    message = parse(text, "minimax_m3", tools=[tool("f", free="object")])
    assert message.tool_calls[0].value() == {"free": {"t": "x"}}
    assert told(message) == ["repeated_key"]


@pytest.mark.parametrize("name", ["llama3_json", "gigachat3"])
def test_arguments_that_cannot_be_read_are_no_empty_call(name: str) -> None:
    wire = {
        "llama3_json": '{"name": "note", "parameters": {invalid json}',
        "gigachat3": '<|function_call|>{"name": "note", "arguments": {invalid json}',
    }
    message = parse(wire[name], name, tools=TOOLS)
    assert not any(call.complete for call in message.tool_calls)
    assert told(message)


def test_a_list_of_calls_behind_reasoning_that_the_format_reads() -> None:
    message = parse('<think>I\'ll help.</think>[{"name": "note", "arguments": {"text": "Dallas"}}]', "xlam", tools=TOOLS)
    assert [(call.name, call.value()) for call in message.tool_calls] == [("note", {"text": "Dallas"})]


def test_a_special_token_that_marks_nothing_is_dropped_and_told() -> None:
    """Of an engine that knows its tokens; by the text alone it is prose."""
    parser = Parser("glm45", prompt="")
    events = [event for piece in (("Tags like ", None), ("<arg_key>", True), (" are prose.", None)) for event in parser.feed(*piece)]
    events += parser.finish()
    assert "".join(event.text for event in events if isinstance(event, Content)) == "Tags like  are prose."
    assert [event.kind for event in events if not isinstance(event, Content)] == ["stray_marker"]  # type: ignore[union-attr]
    assert parse("Tags like <arg_key> are prose.", "glm45", prompt="").content == "Tags like <arg_key> are prose."
