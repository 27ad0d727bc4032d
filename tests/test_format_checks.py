"""Formats are checked when they are made: what cannot work is refused in one sentence, what is accepted keeps every promise."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
import strategies
from effort import examples
from hypothesis import given
from hypothesis import strategies as st

from toolparse import Format, InvalidFormat, Parser, formats, get_format, register
from toolparse.grammar import (
    Ahead,
    BareKeys,
    Calls,
    Channels,
    Closed,
    Elements,
    Envelope,
    Frame,
    JsonText,
    OneOf,
    Parameters,
    PythonCalls,
    Reasoning,
    Wrapper,
)
from toolparse.grammar_check import checked
from toolparse.testing import (
    check_arguments,
    check_chunkings,
    check_held,
    check_spans,
    check_text,
    check_well_formed,
    chunkings,
    markers,
    read,
)

NAME = "home_made"


def made(**fields: Any) -> Format:
    return Format(name=NAME, **fields)


def with_calls(body: Any = JsonText(), **fields: Any) -> Format:  # noqa: B008
    return made(calls=(Calls(body=body, **fields),))


# -- every format of the library is fine, and what people get wrong is told -------------------------------------------------------------


@pytest.mark.parametrize("fmt", formats(), ids=lambda fmt: fmt.name)
def test_every_format_passes(fmt: Format) -> None:
    assert checked(fmt) is fmt


VALUES = Parameters(open=("<p={key}>",), close="</p>")

REFUSED = {
    "no name in the opening": (with_calls(open=("call ",)), "calls[0].open does not say where the call's name stands"),
    "no name in the opening of a message": (
        get_format("inkling").variant(name=NAME, calls=(Calls(open=("<f>",), body=JsonText()),)),
        "calls[0].open does not say where the call's name stands",
    ),
    "nothing before the name": (with_calls(open=("{name}",)), "calls[0].open must begin with a marker"),
    "no opening": (with_calls(), "calls[0].open does not say where the call's name stands"),
    "no opening of Python": (with_calls(PythonCalls()), "calls[0].open does not say"),
    "a misspelt slot": (with_calls(open=("<f {nmae}>",)), "calls[0].open[0] has the slot {nmae}"),
    "a name in one spelling": (with_calls(open=(OneOf(("<f {name}>", "<f>")),)), "calls[0].open[0] has the slot {name} in some"),
    "a slot twice": (with_calls(open=("<f {name}>", "{name}")), "calls[0].open holds a slot twice"),
    "two slots at once": (with_calls(open=("<f {name}{id}>",)), "calls[0].open[0] has two slots without a marker between them"),
    "another opening without a name": (with_calls(open=("<f={name}>",), also=(("<g>",),)), "calls[0].also[0] does not say"),
    "the name in two places": (with_calls(Envelope(), open=("<f {name}>",)), "calls[0].open holds the name"),
    "an opening that is a text": (with_calls(open="<f={name}>"), "calls[0].open is '<f={name}>', not a tuple"),
    "stop tokens that are a text": (made(stop="<end>"), "stop is '<end>', not a tuple"),
    "stop tokens in a list": (made(stop=["<end>"]), "stop is a list, not a tuple"),
    "calls that are no tuple": (made(calls=Calls(body=Envelope())), "calls is a Calls, not a tuple"),
    "a body that is none": (with_calls(Reasoning("<a>", "</a>"), open=("<f={name}>",)), "calls[0].body is a Reasoning, not"),
    "an unknown word": (with_calls(open=("<f={name}>",), where="everywhere"), "calls[0].where is 'everywhere', not one of 'anywhere'"),
    "an empty stop token": (made(stop=("\n",)), "stop holds an empty marker"),
    "an empty marker": (with_calls(open=("<f>", " ", "{name}")), "calls[0].open[1] is an empty marker"),
    "an empty closer": (with_calls(open=("<f={name}>",), close=("",)), "calls[0].close[0] is an empty marker"),
    "a closer with a slot": (with_calls(open=("<f={name}>",), close=("</{name}>",)), "calls[0].close[0] cannot hold the slot {name}"),
    "an empty wrapper": (with_calls(open=("<f={name}>",), wrapper=Wrapper("", "</w>")), "calls[0].wrapper.open is an empty marker"),
    "bare without a wrapper": (with_calls(open=("<f={name}>",), needs="nothing"), "calls[0].needs says whether"),
    "empty reasoning": (made(reasoning=(Reasoning("", "</t>"),)), "reasoning[0].open is an empty marker"),
    "one marker around reasoning": (made(reasoning=(Reasoning("<t>", "<t>"),)), "reasoning[0].close is the opener, too"),
    "no spelling": (made(reasoning=(Reasoning(OneOf(()), "</t>"),)), "reasoning[0].open is an empty marker"),
    "an empty frame": (made(frames=(Frame(" "),)), "frames[0].open is an empty marker"),
    "no key": (with_calls(replace(VALUES, open=("<p>",)), open=("<f={name}>",), close=("</f>",)), "calls[0].body.open does not say"),
    "a key at once": (with_calls(replace(VALUES, open=("{key}",)), open=("<f={name}>",), close=("</f>",)), "calls[0].body.open must begin"),
    "an empty end of a value": (with_calls(replace(VALUES, close=""), open=("<f={name}>",), close=("</f>",)), "calls[0].body.close is an"),
    "parameters without an end": (with_calls(VALUES, open=("<f={name}>",)), "calls[0].close is empty"),
    "characters that are none": (with_calls(open=("<f={name}>",), name="["), "calls[0].name must be a character class"),
    "characters that are many": (with_calls(open=("<f={name}>",), name=r"(?:\w+)"), "calls[0].name must be a character class"),
    "no keys": (with_calls(Envelope(arguments=()), open=("<f>",)), "calls[0].body.arguments is empty"),
    "one key for both": (with_calls(Envelope(name=("f",), arguments=("f",)), open=("<f>",)), "calls[0].body has one key"),
    "a lead to an object": (with_calls(Envelope(), open=("<f>",), lead=("<g>",)), "calls[0].lead stands between a name and"),
    "no quote": (with_calls(BareKeys(""), open=("<f={name}>", Ahead(("{",)))), "calls[0].body.quote is an empty marker"),
    "no brace": (with_calls(BareKeys("<q>"), open=("<f={name}>",)), "calls[0].open must end with what the arguments begin with"),
    "no prefix": (with_calls(Elements(""), open=("<f={name}>",)), "calls[0].body.prefix is an empty marker"),
    "an end in the middle": (with_calls(open=(Closed("/>"), "<f={name}>")), "calls[0].open has a Closed part"),
    "what follows in the middle": (with_calls(open=("<f={name}>", Ahead(("{",)), "x")), "calls[0].open[1] tells what follows"),
    "no name": (Format(name="--"), "name holds a name without a letter"),
    "a header without a recipient": (
        made(channels=Channels(start="<s>", close=("<m>",), to="to=", ends=("<e>",), kinds=())),
        "channels.to must hold the slot {name} once",
    ),
    "a header that begins with a word": (
        made(channels=Channels(start="call ", close=("<m>",), to="{name}", ends=("<e>",), kinds=())),
        "channels.start is a word",
    ),
    "a suffix without calls": (made(suffix=":"), "suffix needs an opening"),
    "a header without an end": (made(channels=Channels(start="<s>", close=(), to="{name}", ends=("<e>",), kinds=())), "channels.close is"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_work_is_refused(case: str) -> None:
    fmt, said = REFUSED[case]
    for made_of in (Parser, register):
        with pytest.raises(InvalidFormat, match=f"^the format .* cannot work: {re.escape(said)}") as caught:
            made_of(fmt)
        assert len(str(caught.value)) < 250
        assert "\n" not in str(caught.value)
    assert NAME not in {fmt.name for fmt in formats()}


FINE = (
    with_calls(BareKeys("<q>"), open=("<f {name}>", Ahead(("{",)))),
    with_calls(PythonCalls(), open=("call {name}(",)),
    with_calls(open=("{name}\n", Ahead(("{",))), where="line"),
    with_calls(Envelope(), open=("<f>",)),
)


@pytest.mark.parametrize("fmt", FINE)
def test_what_can_work_is_accepted(fmt: Format) -> None:
    check_text(checked(fmt), 'Hi <f get>{a:<q>x<q>}\ncall get(a="x")\nget\n{"a": 1}', tools=strategies.TOOLS)


def test_the_reasoning_of_another_format_is_checked_too() -> None:
    with pytest.raises(InvalidFormat, match=r"reasoning\[0\]\.close is an empty marker"):
        Parser("hermes", reasoning=made(reasoning=(Reasoning("<t>", ""),)))


# -- descriptions that nobody would write -----------------------------------------------------------------------------------------------

TEXTS = st.sampled_from(
    (
        "<a>",
        "<a",
        "<b>",
        "<c>",
        "<d>",
        "</a>",
        "</b>",
        "call ",
        "",
        "[[",
        "{{",
        "<|x|>",
        "xyz",
        "<a>\n",
        "\n<b>",
        "(",
        "```",
        "</a>",
        "</b>",
        "<e>",
        "]]]",
        "<|y|>",
    )
)
SLOTTED = st.one_of(
    TEXTS,
    st.sampled_from(
        ("{name}", "<f {name}>", "<f={name}", "{name}(", "<n>{name}</n>", "<i {id} {name}>", "{id}", "<c>{nmae}", "<a> {name}:")
    ),
)
KEYED = st.one_of(
    TEXTS, st.sampled_from(("{key}", "<p={key}>", "<p={key}", "{key}:", "<k>{key}</k>", "<p {key} {kind}>", "{word}=", "<p {word}>"))
)
PLAIN = st.one_of(TEXTS, TEXTS, st.builds(OneOf, st.lists(TEXTS, max_size=3).map(tuple)))


def part(texts: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    spelled = st.one_of(texts, texts, texts, st.builds(OneOf, st.lists(texts, max_size=3).map(tuple)))
    ahead = st.builds(Ahead, st.lists(texts, max_size=2).map(tuple))
    return st.one_of(spelled, spelled, spelled, st.builds(Closed, texts), ahead)


def several(of: st.SearchStrategy[Any], most: int = 2) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(of, max_size=most).map(tuple)


KEYS = several(st.sampled_from(("name", "n", "arguments", "a", "parameters", "id", "")))
BODIES = st.one_of(
    st.just(JsonText()),
    st.just(JsonText(code=(("get", "a"),))),
    st.builds(
        Envelope,
        name=st.one_of(st.just(("name",)), KEYS),
        arguments=st.one_of(st.just(("arguments",)), KEYS),
        id=KEYS,
        start=several(st.sampled_from(("{", "[{", "["))),
        waits_for_id=st.booleans(),
    ),
    st.builds(PythonCalls, st.booleans(), st.booleans()),
    st.builds(BareKeys, TEXTS),
    st.builds(Elements, TEXTS),
    st.builds(
        Parameters,
        open=st.one_of(st.sampled_from((("<p={key}>",), ("<k>{key}</k>", "<v>"))), several(part(KEYED))),
        close=PLAIN,
        ends=st.sampled_from(("closer", "structure", "line", "anywhere")),
        trim=st.sampled_from(("", "\n", OneOf(("", "\n")), "x")),
        none=st.sampled_from(("", "json", "python")),
        kinds=st.sampled_from(((), "types", (("true", "string"), ("false", "json")), (("", "json_by_schema"),))),
        object_key=st.one_of(st.none(), st.tuples(TEXTS, TEXTS)),
    ),
)
OPENINGS = (
    ("<f {name}>",),
    ("<c>", "{name}", "<n>"),
    ("<a>",),
    (),
    ("<f {name}>", Ahead(("{",))),
    ("{name}\n", Ahead(("{",))),
    ("call {name}(",),
)
CALLS = st.builds(
    Calls,
    body=BODIES,
    open=st.one_of(st.sampled_from(OPENINGS), st.sampled_from(OPENINGS), several(part(SLOTTED), 3)),
    also=st.one_of(st.just(()), several(several(part(SLOTTED), 2), 1)),
    lead=several(PLAIN, 1),
    close=several(PLAIN),
    wrapper=st.one_of(st.none(), st.builds(Wrapper, PLAIN, PLAIN, st.booleans())),
    where=st.sampled_from(("anywhere", "line", "start")),
    needs=st.sampled_from(("wrapper", "wrapper", "tool", "wrapper or tool", "nothing", "tool in reasoning")),
    between=st.sampled_from(("", "; ", ",\n", "\n")),
    name=st.sampled_from((r"[^\s<>]", r"[^\s<>]", r"\w", r"[\w.-]", "[")),
    prefix=st.sampled_from(("", "functions.")),
    id_holds_name=st.booleans(),
    escaped=st.sampled_from(("", "attributes", "xml")),
    empty=st.one_of(st.just(()), several(part(SLOTTED), 1)),
    skipped=st.one_of(st.just(()), several(part(SLOTTED), 1)),
)
CHANNELS = st.builds(
    Channels,
    start=PLAIN,
    close=several(TEXTS),
    to=st.sampled_from(("{name}", "to={name}", "to=", "")),
    ends=several(TEXTS),
    kinds=several(st.tuples(st.sampled_from(("think", "say", "<b>")), st.sampled_from(("reasoning", "content", "call", "nobody")))),
    channel=st.sampled_from(("", "<|ch|>")),
    inside=st.sampled_from(("opener", "header", "reasoning")),
)
PAIRS = st.builds(
    Reasoning,
    open=PLAIN,
    close=PLAIN,
    assumed=st.booleans(),
    where=st.sampled_from(("start", "start", "again", "anywhere")),
    calls=st.sampled_from(("end", "inside", "ignored")),
    stray=st.sampled_from(("text", "again", "anywhere")),
)
FORMATS = st.builds(
    Format,
    name=st.just(NAME),
    reasoning=several(PAIRS),
    frames=several(st.builds(Frame, PLAIN, st.one_of(st.none(), PLAIN), st.booleans()), 1),
    channels=st.one_of(st.none(), st.none(), st.none(), CHANNELS),
    calls=several(CALLS),
    stop=several(TEXTS, 1),
    fragments=several(TEXTS, 1),
    special_tokens=several(TEXTS, 1),
    turn=several(TEXTS, 1),
    suffix=st.sampled_from(("", "", "", ":")),
)


def texts_of(fmt: Format) -> st.SearchStrategy[str]:
    words = [
        *markers(fmt),
        "{",
        "}",
        "get",
        "a",
        " ",
        "\n",
        '{"a": 1}',
        '{"name": "get", "arguments": {}}',
        "get(a=1)",
        "Hello",
        "<",
        '"',
        "]",
    ]
    return st.lists(st.sampled_from(words), max_size=10).map("".join)


def hold(fmt: Format, data: st.DataObject) -> None:
    """Refused in one sentence, or every promise is kept."""
    try:
        checked(fmt)
    except InvalidFormat as fault:
        assert re.fullmatch(r"the format '\w+' cannot work: [^\n]{10,250}", str(fault))  # noqa: PT017
        return
    text = data.draw(texts_of(fmt))
    pieces = data.draw(strategies.pieces(text))

    def new() -> Parser:
        return Parser(fmt, tools=strategies.TOOLS)

    events = read(new(), [text])
    check_well_formed(events, text)
    check_arguments(events, text)
    check_chunkings(new, text, events, [*chunkings(text), pieces])
    check_held(new, text)
    if all(len(marker) > 2 for marker in markers(fmt)):  # shorter ones cannot be told from text
        check_spans(fmt, events, text)


@examples(60, 3000)
@given(fmt=FORMATS, data=st.data())
def test_any_description_is_refused_or_works(fmt: Format, data: st.DataObject) -> None:
    hold(fmt, data)


@examples(20, 2000)
@given(name=st.sampled_from([fmt.name for fmt in formats() if fmt.calls]), data=st.data())
def test_any_change_of_a_format_is_refused_or_works(name: str, data: st.DataObject) -> None:
    """Near descriptions that work, more of what is made is accepted."""
    fmt = get_format(name)
    change = data.draw(
        st.sampled_from(("open", "also", "lead", "close", "wrapper", "needs", "where", "between", "name", "escaped", "body", "reasoning"))
    )
    if change == "reasoning":
        fmt = fmt.variant(name=NAME, reasoning=data.draw(several(PAIRS)))
    else:
        other = data.draw(CALLS)
        calls = tuple(replace(calls, **{change: getattr(other, change)}) for calls in fmt.calls)
        fmt = fmt.variant(name=NAME, calls=calls)
    hold(fmt, data)
