"""The promises, over every registered format at once.

`TOOLPARSE_EXAMPLES=5000 pytest --thorough tests/test_promises.py` looks furthest: that many examples per property and format.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Sequence
from typing import Any

import effort
import pytest
import strategies
from cost import calls
from effort import examples, some
from hypothesis import given
from hypothesis import strategies as st

from toolparse import CannotRender, Content, Event, Format, Message, Parser, ToolCall, Tools, formats, get_format, parse, render
from toolparse.testing import check_arguments, check_linear, check_text, check_well_formed, cut, floods, joined

NAMES = [fmt.name for fmt in formats()]
every_format = pytest.mark.parametrize("name", NAMES)


@every_format
@examples(3, 50)
@given(data=st.data())
def test_every_promise_holds_for_any_text(name: str, data: st.DataObject) -> None:
    fmt = get_format(name)
    text = data.draw(strategies.texts(fmt))
    options = data.draw(strategies.asked(fmt))
    events = check_text(fmt, text, pieces=data.draw(strategies.pieces(text)), **options)
    assert joined(Parser(fmt, **options).whole(text), text) == joined(events, text)


@every_format
@examples(3, 40)
@given(data=st.data())
def test_every_promise_holds_under_any_policy(name: str, data: st.DataObject) -> None:
    fmt = get_format(name)
    text = data.draw(strategies.texts(fmt))
    options = {**data.draw(strategies.asked(fmt)), **data.draw(strategies.policies(fmt))}
    events = check_text(fmt, text, pieces=data.draw(strategies.pieces(text)), **options)
    assert joined(Parser(fmt, **options).whole(text), text) == joined(events, text)


@every_format
@examples(2, 40)
@given(data=st.data())
def test_what_the_engine_knows_of_tokens_does_not_make_pieces_matter(name: str, data: st.DataObject) -> None:
    fmt = get_format(name)
    runs = data.draw(st.lists(st.tuples(st.sampled_from(strategies.words(fmt)), st.sampled_from((None, True, False))), max_size=10))
    text = "".join(run for run, _ in runs)
    random = data.draw(st.randoms(use_true_random=True))
    whole = feed_runs(Parser(fmt, prompt=""), runs)
    pieces = feed_runs(Parser(fmt, prompt=""), [(piece, special) for run, special in runs for piece in cut(run, random)])
    check_well_formed(whole, text)
    check_arguments(whole, text)
    assert joined(pieces, text) == joined(whole, text)


def test_a_bracket_from_a_special_token_is_text_whatever_follows_and_however_it_is_cut() -> None:
    for pieces in ([("[[", True), ('"c": {}]', None)], [("[", True), ("[", True), ('"', None), ('c": {}]', None)]):
        assert joined(feed_runs(Parser("pythonic", prompt=""), pieces), '[["c": {}]') == [Content('[["c": {}]')]


def test_what_opens_no_call_is_the_same_text_however_what_was_typed_is_cut() -> None:
    for typed in (["{}>"], ["{", "}", ">"]):
        events = feed_runs(Parser("granite", prompt=""), [("<|tool_call|>", True), *((piece, False) for piece in typed)])
        assert joined(events, "") == [Content("<|tool_call|>{}>")]


def feed_runs(parser: Parser, runs: list[tuple[str, bool | None]]) -> list[Event]:
    events = [event for run, special in runs for event in parser.feed(run, special)]
    return events + parser.finish()


# -- the last text of each fault that was found: whatever was wrong with it, it keeps every promise now ---------------------------------

FOUND: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("hermes", '<tool_call>{"name": "g", "arguments": {<|im_end|></think>', {}),
    ("llama3_json", '{"name": "g", "arguments": \\{"hi "null null{"name": "g"', {}),
    ("llama3_json", '{"name"', {}),
    ("hermes", "a<|im_end|>", {}),
    ("llama3_json", '{"name":"e"}', {"prompt": "<|start_header_id|>assistant<|end_header_id|>\n\n<|python_start|>"}),
    ("hermes", "x", {"prompt": "<|im_start|>assistant\n<|endoftext|>"}),
    ("deepseek_v3", "n\n<|tool▁call▁begin|>", {"prompt": "<｜Assistant｜><｜tool▁calls▁begin｜>"}),
    ("deepseek_v3", "\n<|tool▁calls▁begin|>", {"prompt": "<｜Assistant｜><｜tool_calls_begin｜>"}),
    ("mistral", "s", {"prompt": "[/INST][TOOL_CALLS]"}),
    ("mistral", "<think>(", {"prompt": "[/INST][TOOL_CALLS]"}),
    ("mistral", "\n</s>", {"prompt": "[/INST][TOOL_CALLS]"}),
    ("mistral", "[THINK]: [CALL_ID]", {"prompt": "[/INST][TOOL_CALLS]"}),
    ("hermes", "[e", {"prompt": "<|im_start|>assistant\n<tool_call>"}),
    ("hermes", '{"":\u00a0,', {"prompt": "<|im_start|>assistant\n<tool_call>"}),
    ("hermes", '<tool_call>{"","arguments":"{"":}"":', {}),
    ("mistral", '[TOOL_CALLS]{"","arguments":"{"\\"}"":', {}),
    ("hermes", '<tool_call>{"name":n}\n', {"prompt": "<think>\n", "max_held": 16}),
    ("llama3_json", '<|python_tag|>{"name":s};', {"max_held": 1}),
    ("llama3_json", '<|python_tag|>{"name":"""}<', {"max_held": 1}),
    ("hermes", '<tool_call>{"name":"n", "arguments":{}', {"max_depth": 1}),
    ("llama3_json", '<|python_tag|>{"name":n "parameters":{""}', {"max_depth": 1}),
    ("mistral", '[TOOL_CALLS][{"name":"e"}{"name":[]"","arguments":', {}),
    ("mistral", '[TOOL_CALLS][{"name":"x"}{[TOOL_CALLS]s[ARGS]', {}),
    ("pythonic", "[tide_e(or='Bres', dys=1), set_thersat(roo='clsius=-2", {}),
    ("pythonic", '[e(or="",ds), se(e=nen', {}),
    ("pythonic", '[tee(o="Sw"),a(e="=in\'', {}),
    ("mistral", '[TOOL_CALLS][{"name":"get", "arguments": {}, id""} {"name":"g","arguments": {"m""e" ,"tu} "d": "68I9"]', {}),
    ("llama3_json", '{"name": ', {}),
    ("hermes", '<tool_call>{""', {"prompt": "<think>\n"}),
    ("llama3_json", '<|python_tag|>{"name":"e"', {}),
    ("pythonic", '[y(e="",c', {}),
    ("mistral", "[TOOL_CALLS]{'name':'p'", {}),
    ("hermes", '<tool_call>{"<tool_call>{"name":e,', {}),
    ("llama3_json", '{"name":t "parameters":"{}}', {}),
    ("hermes", '<tool_call>{"name":e "arguments":{"","body":x "body":"', {}),
    ("hermes", '<tool_call>{"name":e "":{"","body":n "body":"', {}),
    ("hermes", '<tool_call>{"name":o "arguments":"{}"a', {}),
    ("llama3_json", '<|python_tag|>{"name":a "arguments":"{"":}"m', {}),
    ("llama3_json", '{"born": 1}', {}),
    ("qwen3_coder", "<tool_call><function=x><parameter=x><", {}),
    ("glm45", "<tool_call>x<arg_key>x</arg_key><arg_value>x", {}),
    ("ernie45", '<tool_call>{"name":x,', {}),
    ("iquest_q1", "<iquest_tool_call>x<arg_key>x</arg_key><arg_value>xx", {"max_held": 1}),
    ("ling3", "\n<tool_call>x</tool_call>\n<tool_call>x<arg_key>", {"max_held": 1}),
    ("ernie45", "<|end_of_sentence|>{\n</think>", {"max_held": 1}),
    ("step3", "<｜tool_calls_begin｜><｜tool_call_begin｜>x<｜tool_sep｜>", {}),
    ("trinity", '><tool_call>{"":x"', {}),
    ("minimax_m1", '<<tool_calls>{"name":x}}x', {"prompt": "<beginning_of_sentence>ai name=assistant\n<tool_calls>"}),
    ("hunyuan_a13b", '< <tool_calls>[{"name":x]/', {"prompt": "<|extra_0|><tool_calls>"}),
    ("gigachat3", "x", {"prompt": "assistant<|role_sep|>\n<|message_sep|>"}),
    ("apertus", '<|tools_prefix|>[{"x","x"]', {}),
    ("deepseek_v31", '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>x<｜tool▁sep｜>{""}}<｜tool▁call▁end｜><x', {}),
    ("minimax_m3", ']<]minimax[>[<tool_call>\n]<]minimax[>[<invoke name="x">\n>y ]<]minimax[>[<i> c]<]minimax[>[</j>', {}),
    ("hy_v4", "</think:\\u00e9>x", {}),
    ("lfm2", "k.[|tool_call_start|>[x()]<|tool_call_end|>", {}),
    ("lfm2", "Nothing to do.\n<|tool_call_start|>[]<|tool_call_end|>", {}),
    ("minimax_m1", '<tool_calls>\n{"name": "f", "arguments": {"u": "v"}\n{"name": "g", "arguments": {}}\n</tool_calls>', {}),
    ("lfm2", "<|tool_call_start|>x(<|tool_call_end|>", {"max_held": 1}),
    ("llama4_pythonic", '[x(x={"":"",{"":', {}),
    ("cohere_command", "x\n<|END_OF_TURN_TOKEN|>)", {"prompt": "<|START_THINKING|>"}),
    ("cohere_command", '<|START_RESPONSE|>"<|END_RESPONSE|>9\n<|START_RESPONSE|>', {}),
    ("kimi_k3", "x\n<|close|>message<|sep|>|", {}),
    ("minimax_m3", ']<]minimax[>[<tool_call>]<]minimax[>[invoke name="x">x x', {}),
    (
        "minimax_m3",
        ']<]minimax[>[<tool_call>]<]minimax[>[<invoke name="get">]<]minimax[>[<a>x</end>]<]minimax[>[<b>3]<]minimax[>[</b>',
        {"tools": strategies.TOOLS},
    ),
    ("step3", "<｜tool_calls_begin｜><｜tool_call_begin｜>x<｜tool_sep｜>", {"max_held": 16}),
    ("hermes", "<|im_end|>`\n", {"prompt": "<think>\n", "max_held": 1}),
    ("harmony", "<|channel|>x<|channel|>to=x<|message|>", {}),
    ("minimax_m2", '<minimax:tool_call>\n<invoke name="get">\n<parameter name="a"><ul>x</li></ul', {}),
    ("functionary_v32", ".call(>>>all", {"prompt": "<|start_header_id|>assistant<|end_header_id|>\n\n>>>"}),
    ("apertus", '<|tools_prefix|>[{""c": {"d": [1, 2]}clock": null}]<|tools_suffix|>', {"tools": strategies.TOOLS}),
    ("hy_v3", "Hi<｜hy_eos:zzz__eos:zzz｜>", {}),
    ("llama4_pythonic", '[b(s={\\"":', {"max_held": 0}),
    ("llama4_pythonic", '{"name": "get", "arguments": {"a": "x"}}```\n', {"tools": strategies.TOOLS, "tool_choice": strategies.NAMED}),
    ("pythonic", '[get(a="x"), g(only=[1])]', {"tools": strategies.TOOLS, "max_calls": 1}),
    ("functionary_v32", "e{s:.>>>", {"prompt": "<|start_header_id|>assistant<|end_header_id|>\n\n>>>"}),
    ("llm_jp", "to=g<|message|sto=functions.", {"prompt": "<|start|>assistant", "tools": strategies.TOOLS}),
    ("llm_jp", "<|endoftext|><|call|>", {"prompt": "<|start|>assistant", "max_held": 1}),
)


@pytest.mark.parametrize(("name", "text", "options"), [found for found in FOUND if found[0] in NAMES])
def test_a_text_that_broke_a_promise_keeps_it(name: str, text: str, options: dict[str, Any]) -> None:
    check_text(get_format(name), text, **{"prompt": "", **options})


# -- limits -----------------------------------------------------------------------------------------------------------------------------


@every_format
def test_an_envelope_around_arguments_that_is_cut_is_told(name: str) -> None:
    """Behind the arguments, too: what stands in the rest of it may have been one."""
    fmt = get_format(name)
    message = Message(tool_calls=[ToolCall(name="get", arguments='{"arguments": {"a": "x"}, "b": 12345}', id="call12345")])
    text = "".join(strategies.pieces_of(message, fmt, fmt.calls[0])) if fmt.calls else ""
    at = text.find("12345}")
    for cut_at in range(at - 3, at + 6) if at > 0 else ():
        got = parse(text[:cut_at], name, tools=strategies.TOOLS)
        lost = any(problem.severity == "error" for problem in got.problems)
        assert lost or not all(call.complete for call in got.tool_calls), text[:cut_at]


def some_floods(fmt: Format, many: int) -> Sequence[tuple[str, str]]:
    """A part of the format's floods, of which it has a hundred and more; in a thorough run so many."""
    return some(list(floods(fmt, strategies.vectors(fmt))), 1, fmt.name, many=many)


@every_format
def test_the_work_is_linear(name: str) -> None:
    fmt = get_format(name)
    for prefix, unit in some_floods(fmt, 12):
        check_linear(lambda: Parser(fmt, tools=strategies.TOOLS, prompt=""), prefix, unit)


@pytest.mark.parametrize(
    ("name", "prefix", "unit"),
    [
        ("pythonic", "[station", " "),
        ("pythonic", "[station", "\n"),
        ("pythonic", "[", "x"),
        ("deepseek_v31", "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>find_d", " "),
        ("gemma4", "<|tool_call>call:", ":"),
        ("llama4_pythonic", "[", "\n"),
    ],
)
def test_the_work_is_linear_where_it_was_not(name: str, prefix: str, unit: str) -> None:
    check_linear(lambda: Parser(name, tools=strategies.TOOLS, prompt=""), prefix, unit)


@every_format
def test_many_parameters_cost_no_more_each_than_few(name: str) -> None:
    def work(count: int) -> int:
        properties = {f"key_{number}": {"type": "integer"} for number in range(count)}
        tool = {"name": "save", "parameters": {"type": "object", "properties": properties}}
        arguments = json.dumps({key: number for number, key in enumerate(properties)})
        try:
            text = render(Message(tool_calls=[ToolCall(id="call_1", name="save", arguments=arguments)]), name, tools=[tool])
        except CannotRender:
            return count
        tools = Tools([tool])

        def read() -> None:
            parser = Parser(name, tools=tools, prompt="")
            for at in range(0, len(text), 4):
                parser.feed(text[at : at + 4])
            parser.finish()

        read()  # which compiles what is needed
        return calls(read)

    assert work(96) < 8 * work(12) * 1.5


@every_format
@pytest.mark.parametrize("begin", ["Well, ", "<x> "])
def test_what_a_parser_keeps_of_running_text_does_not_grow(name: str, begin: str) -> None:
    """Each piece ends in white space, which waits: what is in front of it has been said."""
    parser = Parser(name, tools=strategies.TOOLS, prompt="")
    kept = []
    for pieces in ([begin, *["word "] * 1000], ["word "] * 1000):
        for piece in pieces:
            parser.feed(piece)
        kept.append(len(pickle.dumps(parser)))
    assert kept[1] < kept[0] + 1000


@every_format
def test_what_is_held_stays_below_the_limit(name: str) -> None:
    """`max_held`, and what one decision may look at: an opening with its name, and a marker."""
    fmt = get_format(name)
    over = []
    for prefix, unit in some_floods(fmt, 40):
        parser = Parser(fmt, tools=strategies.TOOLS, prompt="", max_held=1000)
        text = prefix + unit * (4000 // len(unit))
        held = 0
        for at in range(0, len(text), 50):
            parser.feed(text[at : at + 50])
            held = max(held, parser.held)
        if held > 1000 + 1024 + 200:
            over.append(f"{prefix!r} + {unit!r} * n: {held} characters are held")
    assert not over, "\n".join(over)


@pytest.mark.parametrize("name", ["glm45", "poolside_v1", "ling3"])
def test_the_opener_of_a_value_that_stands_again_and_again_is_not_held(name: str) -> None:
    parser = Parser(name, tools=strategies.TOOLS, prompt="", max_held=1000)
    parser.feed("<tool_call>get\n<arg_key>a</arg_key>\n<arg_value>x</arg_value>\n<arg_key>b</arg_key>\n")
    for _ in range(400):
        parser.feed("<arg_value>")
        assert parser.held <= 2224


@pytest.mark.parametrize("prefix", ["[", "{", "[{", '{"name"', '{"name":'])
def test_blanks_are_not_held_where_an_object_may_be_a_call(prefix: str) -> None:
    parser = Parser("llama4_pythonic", tools=strategies.TOOLS, prompt="", max_held=1000)
    parser.feed(prefix)
    for _ in range(80):
        parser.feed(" " * 50)
        assert parser.held <= 2224


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("qwen3_coder", "<tool_call>\n<function=get>\n<parameter=b>\n"),
        ("qwen3_coder", '<tool_call>\n<function=get>\n<parameter=c>\n{"a":'),
        ("qwen3_coder", "<tool_call>\n<function=get>\n<parameter=unknown>\n"),
        ("hermes", '<tool_call>{"name": "get", "arguments": {"b": '),
        ("hermes", '<tool_call>{"name": "get", "arguments": ['),
        ("hermes", '<tool_call>{"arguments": {"b": "'),
        ("mistral", "[TOOL_CALLS]g[ARGS]["),
        ("pythonic", "[get(b="),
    ],
)
def test_a_value_that_waits_is_counted_and_given_out_at_the_limit(name: str, text: str) -> None:
    parser = Parser(name, tools=strategies.TOOLS, prompt="", max_held=1000)
    out = len("".join(getattr(event, "text", "") for event in parser.feed(text)))
    for fed in range(50, 8050, 50):
        out += len("".join(getattr(event, "text", "") for event in parser.feed("1" * 50)))
        assert parser.held <= 2224
        assert fed - out <= parser.held, f"{fed} digits are in, {out} characters out, and {parser.held} held"


@every_format
def test_a_dropped_call_is_told_in_a_problem(name: str) -> None:
    for case in some([case for case in strategies.vectors(get_format(name)) if case["expect"]["tool_calls"]], 8, name):
        kept = parse(case["text"], name, tools=case["tools"], prompt=case["prefill"])
        for options in ({"parallel_tool_calls": False}, {"unknown_tools": "drop"}):
            left = parse(case["text"], name, tools=case["tools"], prompt=case["prefill"], **options)
            told = "\n".join(problem.message for problem in left.problems if problem.kind == "dropped_call")
            here = [(call.name, call.arguments) for call in left.tool_calls]
            for call in kept.tool_calls:
                assert (call.name, call.arguments) in here or f"{call.name} {call.arguments}" in told, (case["id"], options)


LEVELS = ["[", "{", '{"a":', "[[{'a':", "f(", "<a>", '"{\\"a\\":', "("]


@every_format
def test_thousands_of_levels_are_no_error(name: str) -> None:
    fmt = get_format(name)
    for unit, prefix in some([(unit, prefix) for unit in LEVELS for prefix in ("", begun_call(fmt))], 3, name):
        text = unit * (10_000 if effort.THOROUGH else 1_500)
        events = feed_runs(Parser(fmt, tools=strategies.TOOLS, prompt=""), [(prefix + text, None)])
        check_well_formed(events, prefix + text)
        check_arguments(events, prefix + text)


def begun_call(fmt: Format) -> str:
    """A beginning of the shortest call of the vectors, which most often leaves its arguments open."""
    calls = [case["text"] for case in strategies.vectors(fmt) if case["kind"] == "canonical" and case["expect"]["tool_calls"]]
    text = min(calls, key=len, default="")
    return text[: len(text) * 7 // 10]
