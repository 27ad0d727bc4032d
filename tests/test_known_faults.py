"""Texts that were once read wrongly: what comes out of each, however it is cut, and that no promise is broken on the way."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from cost import growth

from toolparse import (
    Attempt,
    CallArguments,
    CallEnd,
    CallStart,
    Content,
    Event,
    Format,
    Message,
    Parser,
    Problem,
    Reasoning,
    ToolCall,
    formats,
    get_format,
    parse,
    render,
)  # fmt: skip
from toolparse.grammar import Envelope
from toolparse.testing import check_arguments, check_chunkings, check_linear, check_text, check_well_formed, chunkings, joined, read
from toolparse.testing.promises import steps

SECTION = "<｜tool_calls_begin｜><｜tool_call_begin｜>x<｜tool_sep｜>"
BLOCK = "<|tool_call_start|>"


def dropped(message: str, index: int | None, position: int, severity: str = "warning") -> Problem:
    return Problem("dropped_text", message, index, position, severity)


CASES: tuple[tuple[str, dict[str, Any], str, list[Event]], ...] = (
    # a stop token that the prompt ends with was said
    (
        "gigachat3",
        {"prompt": "assistant<|role_sep|>\n<|message_sep|>"},
        "assistant<|role_sep|>",
        [Content("assistant<|role_sep|>")],
    ),
    # white space behind the first text of an output whose prompt holds the beginning of a block was lost
    (
        "hunyuan_a13b",
        {"prompt": "<|extra_0|><tool_calls>"},
        '< <tool_calls>[{"name": "x", "arguments": {}}]</tool_calls>/',
        [Content("<"), CallStart(0, "", "x", 2), CallArguments(0, "{}"), CallEnd(0, True, 45), Content(" /")],
    ),
    # where a repetition of the calls was dropped
    (
        "lfm2",
        {},
        f"{BLOCK}[f(a=1)]<|tool_call_end|>[f(a=1)]<|tool_call_end|>Porch",
        [
            CallStart(0, "", "f", 0),
            CallArguments(0, '{"a": 1}'),
            CallEnd(0, True, 26),
            dropped("a repetition of the calls was dropped: [f(a=1)]<|tool_call_end|>", None, 44),
            Content("Porch"),
        ],
    ),
    # a stop token was a part of a key that is not closed, unless the text was whole
    (
        "hermes",
        {},
        '<tool_call>{"name": "f", "arguments": {"a": 1} "bc}<|im_end|>',
        [
            CallStart(0, "", "f", 0),
            CallArguments(0, '{"a": 1}'),
            Problem("missing_comma", "a missing comma was added", 0, 47, "warning"),
            dropped('a quote that is not closed begins behind the arguments, and what follows is lost: "bc}', 0, 47, "error"),
            CallEnd(0, True, 61),
        ],
    ),
    # what was read last of an object without a name was told twice, if the text was whole
    (
        "cohere_command",
        {"prompt": '<|CHATBOT_TOKEN|>|START_ACTION|>[{"tool""k"}{"'},
        "><",
        [dropped('an object without a name is no call and was dropped: {"><', None, 0, "error")],
    ),
    # a comma in a list was passed on though a marker stood behind it, unless the text was whole
    (
        "phi4_mini_json",
        {},
        'functools[{"name": "f", "arguments": {"s": ["x", functools[{"name": "g", "arguments": {}}]',
        [
            CallStart(0, "", "f", 0),
            CallArguments(0, '{"s": ["x"'),
            Problem("trailing_comma", "a trailing comma was dropped", 0, 49, "warning"),
            Problem("missing_closer", "the braces of the call were not all closed", 0, 49, "warning"),
            CallEnd(0, False, 49),
            CallStart(1, "", "g", 49),
            CallArguments(1, "{}"),
            CallEnd(1, True, 89),
        ],
    ),
    # a whole output's last line was not looked at if it may have become a marker
    (
        "internlm",
        {"tool_choice": {"type": "function", "function": {"name": "f"}}},
        ">\n{",
        [Content(">"), CallStart(0, "", "f", 2), CallArguments(0, "{"), CallEnd(0, False, 3)],
    ),
    # a call that the prompt begins and that was dropped was told in front of the output
    (
        "kimi_k3",
        {
            "tool_choice": {"type": "function", "function": {"name": "f"}},
            "prompt": '<|open|>message role="assistant"<|sep|><|open|tools<|sep|<|open|call tool=1<|sep|<|open|',
        },
        "",
        [
            Problem(
                "dropped_call",
                "a call was dropped (the request does not allow this tool): 1 {}",
                None,
                0,
                "warning",
                Attempt("dropped", "1", "1 {}", 0, 0),
            ),
            Problem("no_call", "the request wants a call and none came", None, 0, "error"),
        ],
    ),
    # a block longer than may be held raised
    (
        "lfm2",
        {"max_held": 1},
        f"{BLOCK}x(<|tool_call_end|>",
        [
            CallStart(0, "", "x", 0),
            Problem("missing_closer", "missing closers were added", 0, 21, "warning"),
            CallArguments(0, "{}"),
            CallEnd(0, True, 21),
        ],
    ),
    # how much was told of an argument that is longer than may be held hung on the pieces
    (
        "lfm2",
        {"max_held": 4},
        f"{BLOCK}[f([1, 'abcdefgh', {{'a': 'ij'}}])]<|tool_call_end|>",
        [
            CallStart(0, "", "f", 0),
            Problem("positional_argument", "an argument without a name was left out: [1, ", 0, 50, "error"),
            CallArguments(0, "{}"),
            CallEnd(0, True, 51),
        ],
    ),
    (
        "seed_oss",
        {"max_held": 4},
        "<seed:tool_call><function=f><parameter=a>x</parameter><parameter=a>abcdefghi</parameter></function></seed:tool_call>",
        [
            CallStart(0, "", "f", 0),
            CallArguments(0, '{"a": "x"'),
            Problem("repeated_key", "the parameter 'a' is given twice; the first one stands", 0, 54, "warning"),
            dropped("the second value of 'a' was dropped: abcd", 0, 76),
            CallArguments(0, "}"),
            CallEnd(0, True, 88),
        ],
    ),
    # white space in front of a stop token that turns out to be text was lost
    (
        "cohere_command",
        {"prompt": "<|START_THINKING|>"},
        "x\n<|END_OF_TURN_TOKEN|>)",
        [Reasoning("x\n<|END_OF_TURN_TOKEN|>)")],
    ),
    ("kimi_k3", {}, "x\n<|close|>message<|sep|>|", [Content("x\n<|close|>message<|sep|>|")]),
    # of the closer of a frame that was never opened, in front of the stop token, a piece alone was dropped
    (
        "kimi_k3",
        {},
        "answer<|close|>response<|sep|><|close|>message<|sep|>",
        [
            Content("answer"),
            Problem("repaired_markup", "a closer without its opener was dropped: <|close|>response<|sep|>", None, 6, "warning"),
        ],
    ),
    # but in front of one that is none it is framing
    ("cohere_command", {}, "<|START_RESPONSE|>x<|END_RESPONSE|>\n<|END_OF_TURN_TOKEN|>", [Content("x")]),
    # text behind a frame was said without ending the place where white space is framing
    ("cohere_command", {}, '<|START_RESPONSE|>"<|END_RESPONSE|>9\n<|START_RESPONSE|>', [Content('"9\n')]),
    # white space inside text that is dropped
    (
        "minimax_m3",
        {},
        ']<]minimax[>[<tool_call>]<]minimax[>[invoke name="x">x x ] y ',
        [
            CallStart(0, "", "x", 0),
            CallArguments(0, "{"),
            dropped("text between the arguments was dropped: x x ] y", 0, 53, "error"),
            CallEnd(0, False, 61),
        ],
    ),
    # an entry whose opening alone is longer than may be held came twice
    ("step3", {"max_held": 1}, SECTION + "abc", [Content(SECTION + "abc")]),
    ("step3", {"max_held": 16}, SECTION + "abc", [Content(SECTION + "abc")]),
    # white space at the end of reasoning, behind a stop token longer than may be held
    ("hermes", {"prompt": "<think>\n", "max_held": 1}, "<|im_end|>`\n", [Reasoning("<|im_end|>`")]),
)


@pytest.mark.parametrize(("name", "options", "text", "expected"), CASES)
def test_a_fault_that_was_found_is_gone(name: str, options: dict[str, Any], text: str, expected: list[Event]) -> None:
    events = joined(check_text(get_format(name), text, **{"prompt": "", **options}), text)
    mentions = [event for event in events if isinstance(event, Problem) and event.kind == "not_a_call" and event.severity == "warning"]
    assert [event for event in events if event not in mentions] == expected  # that a marker stands in the text is told beside it


FERRY = {
    "type": "function",
    "function": {
        "name": "ferry",
        "parameters": {
            "type": "object",
            "properties": {"origin": {"type": "string"}, "seats": {"type": "array"}, "night": {"type": "boolean"}},
        },
    },
}
CUTS: tuple[tuple[str, dict[str, Any], str], ...] = (
    # what a value begins with was told twice where it had to wait
    ("glm45", {}, "tool_call>ferry<argkeyorigin>"),
    ("kimi_k3", {}, "|open|>call tool=ferry<|sep|<|open|argument key=night type=>"),
    # white space in text between the arguments was lost
    ("functiongemma", {}, "<start_function_call>call:ferry{seats:[<escapei<escape>c ="),
    # whether text stood in front of a closing tag
    ("minimax_m3", {}, ']<]minimax[>[<tool_call>]<]minimax[>[invoke name="ferry"><]n[><seats><]x[><item>[</t>]<]minimax[>[<item>'),
    # text of a value that may not be held was written twice
    ("minimax_m3", {"max_held": 0}, "<toolcall]<]minimax[>[invoke name=ferry]<]minimax[>[<t>><]m[><d>"),
    # a limit of what is held did not hold for what is read at once
    ("react", {"max_held": 0}, 'Action: ferry\nAction Input: {"origin": "x", "seats": 4}'),
    ("pythonic", {"max_held": 3}, '[ferry(seats={"ty":'),
    # nor did a word go on behind text that is not kept
    ("spark25", {"max_held": 0}, "tool_call>ferry<argkey>y>night</a>"),
    # a line break that is written out, cut in two
    ("lfm2", {}, "|tool_call_start|>[ferry\\n("),
    ("mimo", {}, "function=ferry<parameter=origin><function=ferry>\\n<param"),
    # text between calls was told otherwise than it stands, a comma of another width not at all
    ("cohere_command", {}, "<|START_ACTION|>[{“name”：“ferry”}，“arguments”：{“origin”：“Oslo”}}]<|END_ACTION|>"),
    ("command_r", {}, 'Action:\n```json\n[{"tool_name": "ferry", "parameters": {}}\n"body": "one\\ntwo \\"hi\\" {x}"}\n]```\n'),
    # the sign of an assignment in front of what a key has to wait for
    ("inkling", {}, '<|contentinvoketooljson|{name:_ "l\t:"'),
    ("sarashina", {}, '<|tool_calls|>{name:r,\\"l: \\"s'),
)


@pytest.mark.parametrize(("name", "options", "text"), CUTS)
@pytest.mark.parametrize("damaged_markup", ["read", "content"])
def test_what_depended_on_the_cut_does_so_no_more(name: str, options: dict[str, Any], text: str, damaged_markup: str) -> None:
    fmt, given = get_format(name), {**options, "tools": [FERRY], "damaged_markup": damaged_markup}
    told = joined(check_text(fmt, text, **given), text)
    parser = Parser(fmt, **given)
    assert joined(parser.whole(text), text) == told


@pytest.mark.parametrize(
    ("name", "prefix", "unit"),
    [
        ("harmony", "<|channel|>commentary to=functions.f", " "),
        ("llama4_pythonic", "[", "x."),
        ("hermes", '<tool_call>\n{"name": "ping", "arg', '"'),
        ("apriel", '<tool_calls>[{"name": "ping", "arg', '"'),
        ("lfm2", "[", "x."),
    ],
)
def test_the_work_is_linear_where_it_was_not(name: str, prefix: str, unit: str) -> None:
    check_linear(lambda: Parser(name, prompt=""), prefix, unit)


def test_the_work_is_linear_in_headers_that_are_none() -> None:
    """Each is looked at in every other format, too, so that a few must do."""
    few, many = (steps(lambda: Parser("harmony", prompt=""), "<|channel|>commentary to=functions." * count, 4) for count in (64, 256))
    assert many <= 6 * few


def test_colons_behind_an_opener_do_not_backtrack() -> None:
    parse("<|tool_call>call::", "gemma4", prompt="")  # what is made once is made now
    assert growth(lambda size: parse("<|tool_call>call:" + ":" * size, "gemma4", prompt=""), 40, times=2) < 16


@pytest.mark.parametrize(
    ("name", "prefix"),
    [
        ("pythonic", "[f(a"),
        ("pythonic", "[f(a=1)"),
        ("pythonic", "[f(a=1),"),
        ("hermes", '<tool_call>{"name": "f", "arguments": {"a": 1,'),
        ("hermes", '<tool_call>{"name": "f", "arguments": {"a": 1 b'),
        ("deepseek_v3", "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>f\n"),
        ("hy_v4", "<tool_calls:x>"),
    ],
)
def test_blanks_without_end_are_not_held(name: str, prefix: str) -> None:
    parser = Parser(name, prompt="", max_held=1000)
    parser.feed(prefix)
    for _ in range(100):
        parser.feed(" " * 50)
        assert parser.held < 2224


@pytest.mark.parametrize("blanks", [31, 33, 255, 256, 257, 1023, 1024, 1025])
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pythonic", '[f(a{0}="x"), g()]'),
        ("pythonic", '[f(a="x"){0},{0}g{0}()]'),
        ("lfm2", BLOCK + '[f(a="x"),{0}]<|tool_call_end|>'),
        ("hermes", '<tool_call>{{"name": "f", "arguments": {{"a": [1,{0}2,{0}"x",{0}], "b" {0}: 1 c{0}: 2,{0}"d": ""}}}}</tool_call>'),
        ("deepseek_v3", '<｜tool▁call▁begin｜>function<｜tool▁sep｜>f\n{0}```json\n{{"a": "x"}}\n```<｜tool▁call▁end｜>'),
        ("hy_v4", "<tool_calls:x>{0}<tool_call:x>f<tool_sep:x>\n</tool_call:x></tool_calls:x>"),
    ],
)
def test_long_blanks_are_read_alike_however_they_are_cut(name: str, text: str, blanks: int) -> None:
    blank = text.format(" " * blanks)
    for max_held in (100, 1_048_576):

        def new(max_held: int = max_held) -> Parser:
            return Parser(name, prompt="", max_held=max_held)

        events = read(new(), [blank])  # not all of `check_text`: to lay blanks between spans takes their number squared
        check_well_formed(events, blank)
        check_arguments(events, blank)
        check_chunkings(new, blank, events, chunkings(blank))


def test_an_opener_that_holds_half_of_another_one_is_told() -> None:
    text = '<｜DSML｜parameter name="origin" stringDSML｜parameter name="seats" string="false">4</｜DSML｜parameter>\n'
    message = parse(
        f'<｜DSML｜tool_calls>\n<｜DSML｜invoke name="ferry">\n{text}</｜DSML｜invoke>\n</｜DSML｜tool_calls>', "deepseek_v4", tools=[FERRY]
    )
    assert [(problem.kind, problem.severity) for problem in message.problems] == [("doubtful_value", "error")]


ENVELOPES = [fmt for fmt in formats() if fmt.calls and isinstance(fmt.calls[0].body, Envelope) and fmt.calls[0].body.arguments]


@pytest.mark.parametrize("fmt", ENVELOPES, ids=lambda fmt: fmt.name)
@pytest.mark.parametrize("arguments", ["{}", '{"origin": "x"}'])
def test_arguments_behind_parameters_beside_the_name_are_not_written_into_them(fmt: Format, arguments: str) -> None:
    written = render(Message(tool_calls=[ToolCall(id="", name="ferry", arguments=arguments)]), fmt, tools=[FERRY])
    key = re.search(r'"\w+"(?=: ?' + re.escape(arguments) + ")", written)
    assert key is not None
    text = f'{written[: key.start()]}"night": true, {written[key.start() :]}'
    check_text(fmt, text, tools=[FERRY])
    message = parse(text, fmt, tools=[FERRY])
    if not message.tool_calls:  # a bare object with a strange key
        assert "error" in [problem.severity for problem in message.problems]
        return
    assert [(json.loads(call.arguments), call.complete) for call in message.tool_calls] == [({"night": True}, arguments == "{}")]


def test_some_formats_read_them() -> None:
    text = '<tool_call>\n{"name": "ferry", "night": true, "arguments": {"origin": "x"}}\n</tool_call>'
    assert [(call.arguments, call.complete) for call in parse(text, "hermes", tools=[FERRY]).tool_calls] == [('{"night": true}', False)]
