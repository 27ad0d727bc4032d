"""What is constrained lies between what is written and what is read, in every format; and each engine's language says it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from random import Random

import pytest
from effort import THOROUGH, examples, seed, some
from grammar_walk import Matcher, Sampler
from hypothesis import example, given
from hypothesis import strategies as st
from schemas import VALUES, typed

import toolparse
from toolparse.constrain.bodies import structure
from toolparse.constrain.constraint import CannotConstrain, constrain
from toolparse.constrain.text_automaton import allows
from toolparse.constrain.tree import ANY, Text, references
from toolparse.constrain.turns import kept
from toolparse.formats import formats, get_format
from toolparse.message import Message, ToolCall
from toolparse.rendering.render import CannotRender, pieces, render
from toolparse.schemas.tools import Tools
from toolparse.testing import markers

FORMATS = [fmt for fmt in formats() if fmt.calls]
PLACE = {"type": "object", "properties": {"lat": {"type": "number"}, "name": {"type": "string"}}, "required": ["lat"]}
PROPERTIES = {
    "text": {"type": "string"},
    "count": {"type": "integer"},
    "ratio": {"type": ["number", "null"]},
    "unit": {"enum": ["C", "F", 3, None]},
    "tags": {"type": "array", "items": {"type": "string"}},
    "place": {"$ref": "#/$defs/place"},
}
PARAMETERS = {"type": "object", "properties": PROPERTIES, "required": ["text", "count"], "$defs": {"place": PLACE}}
TOOLS = Tools(
    [
        {"name": "get", "parameters": {**PARAMETERS, "additionalProperties": False}},
        {"name": "ping", "parameters": {"type": "object", "properties": {}}},
    ]
)
CHOICES = ("auto", "required", {"type": "function", "function": {"name": "get"}})
WORDS = [
    "a ",
    "hello ",
    "x < 3",
    "\n",
    "\n\n",
    " ",
    "it's",
    '"',
    "{",
    "}",
    "[",
    "]",
    "é🙂",
    "\\",
    ", ",
    "true",
    "12",
    "</",
    "<",
    ">",
    "|",
    ": ",
    "```",
]


def values_of(schema, text):
    """Values that a schema of the above allows."""
    numbers = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e200, max_value=1e200)
    plain = {
        "string": text,
        "integer": st.integers(-(10**20), 10**20),
        "number": numbers,
        "boolean": st.booleans(),
        "null": st.none(),
    }
    if "$ref" in schema:
        return values_of(PLACE, text)
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "anyOf" in schema:
        return st.one_of(*(values_of(branch, text) for branch in schema["anyOf"]))
    if isinstance(schema["type"], list):
        return st.one_of(*(plain[kind] for kind in schema["type"]))
    if schema["type"] == "array":
        return st.lists(values_of(schema["items"], text), max_size=3)
    if schema["type"] == "object":
        return objects_of(schema, text)
    return plain[schema["type"]]


@st.composite
def objects_of(draw, schema, text):
    """An object that the schema allows, its keys in the schema's order."""
    needed = schema.get("required", ())
    wanted = [name for name in schema["properties"] if name in needed or draw(st.booleans())]
    return {name: draw(values_of(schema["properties"][name], text)) for name in wanted}


def free_of(words):
    """Texts in which none of the words stands: values that hold a format's own markup are what a grammar leaves out."""
    pieces = st.lists(st.sampled_from(WORDS) | st.text(st.characters(exclude_categories=["Cs"]), max_size=8), max_size=4).map("".join)
    return pieces.filter(lambda text: allows(Text(words, ANY, clear_end=True), text))


@st.composite
def messages(draw, fmt, choice):
    text = free_of(structure(fmt.calls[0], fmt))
    running = free_of(tuple(kept(fmt))).map(lambda text: text.strip(" \t\r\n"))
    names = ["get"] if isinstance(choice, dict) else ["get", "ping"]
    calls = []
    for _ in range(draw(st.integers(0 if choice == "auto" else 1, 1 if isinstance(choice, dict) else 3))):
        name = draw(st.sampled_from(names))
        schema = TOOLS.get(name).parameters
        calls.append(ToolCall(name=name, arguments=json.dumps(draw(objects_of(schema, text)), ensure_ascii=False)))
    reasoning = draw(running) if fmt.reasoning else None
    content = draw(running) if choice == "auto" else None
    return Message(content=content or None, reasoning=reasoning or None, tool_calls=calls)


@pytest.mark.parametrize("fmt", FORMATS, ids=lambda fmt: fmt.name)
def test_what_is_constrained_lies_between_what_is_written_and_what_is_read(fmt):
    random = Random(f"{fmt.name}{seed()}")
    for choice in CHOICES if THOROUGH else random.sample(CHOICES, 1):
        parallel = isinstance(choice, str) or random.random() < 0.5
        reasoning = random.choice(("auto", "open")) if fmt.reasoning else "auto"
        is_constrained(fmt, choice)
        is_read(fmt, choice, parallel, reasoning, random)
        if THOROUGH:
            is_read(fmt, choice, not parallel, "none", random)


def is_constrained(fmt, choice):
    """Canonical text is within the grammar."""
    matcher = Matcher(constrain(fmt, TOOLS, choice).grammar)
    count = 0

    # The one example of a usual run is the simplest, which shall be a call.
    @examples(1, 20)
    @given(messages(fmt, choice if THOROUGH or choice != "auto" else "required"))
    def check(message):
        nonlocal count
        if not message.parts:
            return  # a turn of messages has at least one
        try:
            text = render(message, fmt, tools=TOOLS)
        except CannotRender:
            return
        if message.tool_calls and text != "".join(pieces(message, fmt, fmt.calls[0])):
            return  # what stands in front of the calls would make something else of them, so another of the format's ways was taken
        whole, far = matcher.furthest(text)
        assert whole, f"{choice}: {text[:far]!r} and then {text[far:]!r}"
        count += 1

    check()
    assert count, "nothing could be written"


def is_read(fmt, choice, parallel, reasoning, random):
    """Texts out of the grammar, their values full of pieces of markers, are calls that fit their tools."""
    own = markers(fmt)
    words = [*own, *(marker[: len(marker) // 2 + 1] for marker in own), *WORDS]
    prompt = opening(fmt) if reasoning == "open" else ""
    constraint = constrain(fmt, TOOLS, choice, parallel, reasoning=reasoning)
    # No grammar can say that keys which no schema lists differ; the constraint tells so.
    beyond = ["repeated_key"] if any("come only once" in line for line in constraint.left_out) else []
    sampler = Sampler(constraint.grammar, words, random)
    for depth in (8, 14) * (8 if THOROUGH else 1):
        text = sampler.sample(depth)
        message = toolparse.parse(text, fmt, tools=TOOLS, prompt=prompt)
        shown = f"{choice} {reasoning} {text!r}: {message}"
        # A value that begins with `>` is read right, but told.
        wrong = [problem for problem in message.problems if problem.severity == "error" and problem.kind not in beyond]
        assert all(problem.kind == "doubtful_value" and "begins with" in problem.message for problem in wrong), shown
        assert not message.validate(TOOLS), f"{shown} {message.validate(TOOLS)}"
        if choice != "auto":
            assert message.tool_calls, shown
            assert message.content is None, shown
        if not parallel or isinstance(choice, dict):
            assert len(message.tool_calls) <= 1, shown
        if isinstance(choice, dict):
            assert [call.name for call in message.tool_calls] == ["get"], shown


def opening(fmt):
    """A prompt that has opened reasoning."""
    marker = fmt.reasoning[0].open
    return "".join(fmt.turn[:1] if fmt.channels else ()) + (marker if isinstance(marker, str) else marker.spellings[0])


@pytest.mark.parametrize("name", ["hermes", "qwen3_coder", "gemma4", *(("pythonic", "deepseek_v32") if THOROUGH else ())])
def test_values_of_any_schema(name):
    """What a schema allows may be written, whatever the schema's spelling, and a sample of the grammar fits it."""
    fmt = get_format(name)
    first = fmt.variant(calls=fmt.calls[:1])  # what cannot be written that way is written in another one
    known = structure(fmt.calls[0], fmt)

    @examples(3, 80)
    @given(typed(list(VALUES)), st.integers(0, 10**6))
    @example(({"type": "object", "properties": {"v": {"type": ["object"]}}}, {"\x1f": None}), 0)
    @example(({"type": "object", "properties": {"v": {"type": ["object"]}}}, {"0": None, "é": 1, "a b": "x"}), 0)
    @example(({"type": "object", "properties": {"v": {"enum": [{"": None}]}}}, {"": None}), 0)
    def check(given_schema, number):
        schema, value = given_schema
        tools = Tools([{"name": "f", "parameters": {**schema, "required": ["v"], "additionalProperties": False}}])
        constraint = constrain(fmt, tools, "required", reasoning="none", tokens=())
        grammar = constraint.grammar
        message = Message(tool_calls=[ToolCall(name="f", arguments=json.dumps({"v": value}, ensure_ascii=False))])
        if not any(word in json.dumps(value, ensure_ascii=False) for word in (*known, "e+3")):  # e+3 may be beyond e299
            try:
                text = render(message, first, tools=tools)
            except CannotRender:
                text = None
            assert text is None or Matcher(grammar).allows(text), text
        sample = Sampler(grammar, WORDS, Random(number)).sample(12)
        read = toolparse.parse(sample, fmt, tools=tools, prompt="")
        wrong = [violation for violation in read.validate(tools) if violation.rule not in ("oneOf", "limit")]
        assert read.tool_calls, sample
        assert not wrong or any("no value of which can be written" in told for told in constraint.left_out), (sample, wrong)

    check()


def test_calls_are_written_in_another_way_where_the_first_would_be_read_as_something_else():
    message = Message(content="{", tool_calls=[ToolCall(name="ping", arguments="{}")])
    assert render(message, "llama3_json", tools=TOOLS) == '{<|python_tag|>{"name": "ping", "parameters": {}}'


def test_a_value_holds_no_token_that_markers_are_made_of():
    tools = [{"name": "f", "parameters": {"type": "object", "properties": {"v": {"type": "string"}}, "required": ["v"]}}]
    allows = Matcher(constrain("kimi_k3", tools, "required", reasoning="none", tokens=()).grammar).allows
    for value, allowed in (("x", True), ("<|x|>", True), ("<|end_of_msg|>", False)):
        text = render(Message(tool_calls=[ToolCall(name="f", arguments=json.dumps({"v": value}))]), "kimi_k3", tools=tools)
        assert allows(text) == allowed, text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("minimax_m3", "</mm:t[e~]<]minimax[><mm:think>"),  # a marker without its last sign, in front of a tag
        ("minimax_m3", "x]<]mini[>[<a>"),
        ("deepseek_v4", "<｜DSML｜parame</｜DSML｜ invoke><｜end▁of▁sentence｜></｜DSML｜invok"),  # a tag as the other way has it
        ("glm45", "x</arg_v"),  # half a closer right in front of the closer
        ("deepseek_v4", "x</｜DSML｜par"),
        ("step3", "x</steptml:p"),
    ],
)
def test_a_value_holds_nothing_that_would_be_read_as_damaged_markup(name, value):
    tools = Tools([{"name": "f", "parameters": {"type": "object", "properties": {"v": {}}, "required": ["v"]}}])
    call = Message(tool_calls=[ToolCall(name="f", arguments=json.dumps({"v": "VALUE"}))])
    text = render(call, name, tools=tools).replace("VALUE", value)
    assert toolparse.parse(text, name, tools=tools).problems
    allows = Matcher(constrain(name, tools, "required", reasoning="none", tokens=()).grammar).allows
    assert not allows(text)
    assert allows(text.replace(value, "[^<]+ x]<] [>=2"))


# -- schemas that are out to harm ------------------------------------------------------------------------------------------------------


def nested(depth):
    schema = {"type": "string"}
    for _ in range(depth):
        schema = {"type": "object", "properties": {"a": schema}, "required": ["a"]}
    return schema


def cyclic():
    schema = {"type": "object", "properties": {"a": {}}}
    schema["properties"]["a"] = schema
    return schema


ODD = ['"', "'", "</parameter>", "<|tool_call>", "a\nb", "}", "\\", "<tool_call>", "]", "\x00", "=", "", " "]
HOSTILE = {
    "deep": nested(10_000),
    "an object that holds itself": cyclic(),
    "references in a circle": {
        "properties": {"a": {"$ref": "#/$defs/x"}},
        "$defs": {"x": {"$ref": "#/$defs/y"}, "y": {"$ref": "#/$defs/x"}},
    },
    "recursive": {"properties": {"a": {"$ref": "#"}}},
    "many values": {"properties": {"a": {"enum": [f"value {number}" for number in range(10_000)]}}},
    "odd values": {"properties": {"a": {"enum": ODD}, "b": {"const": {"</parameter>": ['"']}}}},
    "odd keys": {"properties": {key: {"type": "string"} for key in ODD}},
    "many keys": {"properties": {f"key{number}": {"type": "integer"} for number in range(3_000)}},
    "nonsense": {"properties": {"a": {"type": ["no", 3], "enum": "x", "items": 7, "required": 5, "minLength": -1}}, "required": "a"},
    "nothing fits": {
        "properties": {"a": {"type": "string", "enum": [1]}, "b": False},
        "required": ["a", "b", "c"],
        "additionalProperties": False,
    },
    "wide unions": {"properties": {"a": {"allOf": [{"anyOf": [{"type": "string"}] * 50}] * 50}}},
}


@pytest.mark.parametrize(
    "name", ["hermes", "qwen3_coder", "pythonic", "gemma4", "minimax_m3", "cohere_cofl"] if THOROUGH else ["qwen3_coder"]
)
@pytest.mark.parametrize("schema", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_schema_ends_in_a_bounded_grammar(name, schema):
    tools = Tools([{"name": "f", "parameters": {"type": "object", **schema}}])
    constraint = constrain(name, tools, "required", reasoning="none", tokens=())
    assert len(constraint.grammar.rules) < 20_000
    assert {other for node in constraint.grammar.rules.values() for other in references(node)} <= constraint.grammar.rules.keys()
    if schema is HOSTILE["deep"] or schema is HOSTILE["many keys"]:
        return  # a sample would be as deep
    sampler = Sampler(constraint.grammar, [*WORDS, *ODD, *markers(get_format(name))], Random(name))
    for depth in (4, 8):
        text = sampler.sample(depth)
        read = toolparse.parse(text, name, tools=tools, prompt="")
        assert [call.name for call in read.tool_calls][:1] == ["f"], text
        assert not any(call.name != "f" for call in read.tool_calls), text
        assert read.content is None, text


# -- what the request asks for ---------------------------------------------------------------------------------------------------------


def test_auto_leaves_text_free_until_a_call_begins():
    match = Matcher(constrain("hermes", TOOLS).grammar).allows
    assert match("Anything <b>at</b> all {}")
    assert match('Hm.\n<tool_call>\n{"name": "ping", "arguments": {}}\n</tool_call>\nDone.')
    assert not match('<tool_call>\n{"name": "nope", "arguments": {}}\n</tool_call>')
    assert not match("quoting <tool_call> in prose")


def test_required_begins_with_a_call_behind_reasoning():
    match = Matcher(constrain("hermes", TOOLS, "required").grammar).allows
    call = '<tool_call>\n{"name": "ping", "arguments": {}}\n</tool_call>'
    assert match(call)
    assert match(f"<think>\nHm.\n</think>\n\n{call}\n{call}")
    assert not match("Hm." + call)
    assert not match("")


def test_one_call_is_all_when_calls_are_not_parallel():
    call = '<tool_call>\n{"name": "ping", "arguments": {}}\n</tool_call>'
    for choice in ("auto", "required"):
        match = Matcher(constrain("hermes", TOOLS, choice, parallel=False).grammar).allows
        assert match(call)
        assert not match(f"{call}\n{call}")
        assert not match(f"{call} and more")


def test_allowed_tools_are_the_only_ones():
    choice = {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [{"type": "function", "function": {"name": "ping"}}]}}
    match = Matcher(constrain("deepseek_v31", TOOLS, choice).grammar).allows
    assert match("<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>ping<｜tool▁sep｜>{}<｜tool▁call▁end｜><｜tool▁calls▁end｜>")
    assert not match(
        '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>get<｜tool▁sep｜>{"text": "", "count": 1}<｜tool▁call▁end｜><｜tool▁calls▁end｜>'
    )


def test_none_writes_no_call():
    match = Matcher(constrain("hermes", TOOLS, "none").grammar).allows
    assert match("Hm.")
    assert not match('<tool_call>\n{"name": "ping", "arguments": {}}\n</tool_call>')


def test_strict_means_all_properties_and_no_others():
    tools = [{"name": "f", "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}}}]

    def allowed(strict, arguments):
        grammar = constrain("deepseek_v31", tools, "required", strict=strict, tokens=()).grammar
        return Matcher(grammar).allows(
            f"<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>f<｜tool▁sep｜>{arguments}<｜tool▁call▁end｜><｜tool▁calls▁end｜>"
        )

    assert allowed(None, '{"a": 1, "b": 2}')
    assert allowed(None, "{}")
    assert allowed(True, '{"a": 1}')
    assert not allowed(True, '{"a": 1, "b": 2}')
    assert not allowed(True, "{}")


def test_what_a_grammar_cannot_say_is_listed():
    schema = {"type": "object", "properties": {"a": {"type": "string", "pattern": "^x", "format": "date"}, "b": {"$ref": "#/nowhere"}}}
    schema["additionalProperties"] = False
    left_out = constrain("hermes", [{"name": "f", "parameters": schema}]).left_out
    assert left_out[:3] == (
        "f: /properties/a: pattern",
        "f: /properties/a: format",
        "f: /properties/b: $ref #/nowhere, which leads nowhere",
    )


def test_closers_that_no_grammar_can_match_with_their_openers_are_listed():
    told = "f: /: that an element whose name the schema does not list is closed by that name"
    listed = {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False}
    for schema, free in ((listed, False), ({**listed, "additionalProperties": True}, True), ({**listed, "properties": {"a": {}}}, True)):
        assert (told in constrain("minimax_m3", [{"name": "f", "parameters": schema}]).left_out) == free


def test_what_cannot_be_done_is_one_sentence():
    for fmt, tools, choice, words in (
        ("hermes", [], "required", "there is no tool"),
        ("hermes", TOOLS, {"type": "function", "function": {"name": "nope"}}, "none of the tools"),
        ("qwq", TOOLS, "auto", "has no calls"),
        ("glm4", [{"name": "two words"}], "auto", "cannot write"),
    ):
        with pytest.raises(CannotConstrain, match=words):
            constrain(fmt, tools, choice)


# -- the languages ---------------------------------------------------------------------------------------------------------------------


def test_special_tokens_are_named_as_tokens():
    tools = [{"name": "ping"}]
    text = constrain("hermes", tools, tokens=())
    named = constrain("hermes", tools)
    numbered = constrain("hermes", tools, tokens={"<tool_call>": 7})
    assert '"type": "token", "token": "<tool_call>"' in json.dumps(named.structural_tag())
    assert '"token"' not in json.dumps(text.structural_tag())
    assert " <tool_call> " in named.lark()
    assert " <tool_call> " in named.gbnf()
    assert "<[7]>" in numbered.gbnf()
    assert "<[7]>" in numbered.lark()
    assert "Token(7)" in numbered.ebnf()


@pytest.mark.parametrize("fmt", some(FORMATS, 40), ids=lambda fmt: fmt.name)
def test_every_rule_of_every_language_is_there(fmt):
    """The compilers of the engines are in `constrain/run.sh`; here, that nothing is referred to that is not defined."""
    for choice in ("auto", "required") if THOROUGH else ("auto",):
        constraint = constrain(fmt, TOOLS, choice, tokens=())
        for text in (constraint.ebnf(), constraint.gbnf()):
            lines = dict(line.split(" ::= ", 1) for line in text.splitlines())
            for line in lines.values():
                assert names_in(line) <= lines.keys() | {"TagDispatch", "excludes"}
        lark = dict(line.replace("[lazy]", "").split(": ", 1) for line in constraint.lark().splitlines()[1:])
        for line in lark.values():
            assert names_in(line) <= lark.keys()
        assert json.loads(json.dumps(constraint.structural_tag()))["type"] == "structural_tag"


def names_in(line):
    """The names of rules in a line of a grammar: what is in no string, no regular expression and no character class."""
    names, name, at = set(), "", 0
    while at < len(line) + 1:
        character = line[at] if at < len(line) else " "
        if character in '"/[{' and not (character == "/" and name):
            closer = {'"': '"', "/": "/", "[": "]", "{": "}"}[character]
            at += 1
            while line[at] != closer:
                at += 2 if line[at] == "\\" else 1
        if character.isalnum() or (character in "-_" and name):
            name += character
        else:
            names.add(name)
            name = ""
        at += 1
    return {name for name in names if name[:1].isalpha() and name not in ("after", "dispatch", "false", "loop_after_dispatch")}


def test_the_examples_of_the_page_run():
    page = (Path(__file__).parent.parent / "docs" / "constrain.md").read_text(encoding="utf-8")
    found = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(found) == 5
    for shown in found:
        exec(shown, {})
