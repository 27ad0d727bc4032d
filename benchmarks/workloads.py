"""The texts that are timed: nine named workloads, each as the output of a model of a given format.

A workload says what a turn holds (reasoning, content, the arguments of one call), and `toolparse.render` how a format writes it: the
two meet in `wrap`. Everything is made from a seed, so that every run times the same characters; the words, the numbers and
the lines of code vary, so that nothing is learnt by heart. Knows nothing of the parser.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import count
from random import Random
from typing import Any, Literal

from toolparse import CannotRender, Format, Message, ToolCall, get_format, render
from toolparse.grammar import Elements, Parameters

SIZES = {"1 KB": 1 << 10, "64 KB": 1 << 16, "1 MB": 1 << 20}
"""Column title -> characters of a text, about."""

Carrier = Literal["text", "reasoning", "call", "quoted", "raw"]
"""What a format must be able to write: text, reasoning, a call, and in it quoted values (JSON, Python) or values as raw text."""


@dataclass(frozen=True)
class Turn:
    """What a parser must find in a text: the expected reasoning, content and arguments; `tool` declares the function called."""

    reasoning: str | None = None
    content: str | None = None
    arguments: dict[str, Any] | None = None
    tool: dict[str, Any] | None = None


@dataclass(frozen=True)
class Workload:
    """One row of the table: `goal` is the most that a piece may cost, in floors; `make(random, size)` gives the turn."""

    name: str
    goal: float
    carrier: Carrier
    make: Callable[[Random, int], Turn]


def wrap(format_name: str, workload: Workload, size: int) -> str | None:
    """The workload as the output of a model of this format, about `size` characters; None where the format cannot carry it."""
    fmt = get_format(format_name)
    if not carries(fmt, workload.carrier):
        return None
    turn = turn_of(workload, size)
    calls = []
    if turn.arguments is not None:
        calls.append(ToolCall(id="0", name=TOOL, arguments=json.dumps(turn.arguments, ensure_ascii=False)))
    tools = None if turn.tool is None else [turn.tool]
    try:
        return render(Message(reasoning=turn.reasoning, content=turn.content, tool_calls=calls), fmt, tools=tools)
    except CannotRender:
        return None


def carries(fmt: Format, carrier: Carrier) -> bool:
    """Whether a format has room for the workload, by how its calls write their values: quoted, or as raw text."""
    if carrier == "text":
        return True
    if carrier == "reasoning":
        return bool(fmt.reasoning)
    if not fmt.calls:
        return False
    raw = isinstance(fmt.calls[0].body, (Parameters, Elements))
    return carrier == "call" or (carrier == "raw") is raw


@cache
def turn_of(workload: Workload, size: int) -> Turn:
    """The same turn for every format; its seed is the workload's name."""
    return workload.make(Random(workload.name), size)


# The turns

TOOL = "save"
FRAMING = 90
"""Characters that the framing of a call takes, about: the body is made that much smaller."""


def prose_content(random: Random, size: int) -> Turn:
    return Turn(content=filled(prose(random), size))


def markup_content(random: Random, size: int) -> Turn:
    return Turn(content=filled(markup(random), size))


def reasoning(random: Random, size: int) -> Turn:
    return Turn(reasoning=filled(prose(random), size - FRAMING), content="So the answer is the second one.")


def prose_string(random: Random, size: int) -> Turn:
    return calling({"title": "Report", "body": filled(prose(random), size - FRAMING)}, {"title": "string", "body": "string"})


def code_string(random: Random, size: int) -> Turn:
    escapes = 1.15  # how much longer the code gets when it is quoted
    code_text = filled(code(random), int((size - FRAMING) / escapes))
    return calling({"path": "src/main.py", "body": code_text}, {"path": "string", "body": "string"})


def raw_parameter(random: Random, size: int) -> Turn:
    return calling({"path": "src/main.py", "body": filled(code(random), size - FRAMING)}, {"path": "string", "body": "string"})


def small_objects(random: Random, size: int) -> Turn:
    rows: list[dict[str, Any]] = []
    left = size - FRAMING
    for number in count(1):
        row: dict[str, Any] = {
            "id": number,
            "name": f"{random.choice(NOUNS)} {random.choice(PLACES)}",
            "tags": random.sample(ADJECTIVES, random.randint(0, 3)),
            "active": random.random() < 0.5,
            "size": {"w": random.randint(1, 900), "h": round(random.uniform(0, 90), 1)},
        }
        if random.random() < 0.3:
            row["note"] = None
        left -= len(json.dumps(row, ensure_ascii=False)) + 2
        if left < 0 and rows:
            break
        rows.append(row)
    return calling({"rows": rows}, {"rows": "array"})


def dense_numbers(random: Random, size: int) -> Turn:
    shapes: list[Callable[[], int | float]] = [
        lambda: random.randint(-99, 99),
        lambda: random.randint(10_000, 9_999_999),
        lambda: round(random.uniform(-1, 1), 4),
        lambda: round(random.uniform(0, 4000), 2),
        lambda: random.uniform(-1, 1) * 1e-7,
    ]
    numbers: list[int | float] = []
    left = size - FRAMING
    while left > 0:
        number = random.choice(shapes)()
        left -= len(repr(number)) + 2
        numbers.append(number)
    return calling({"samples": numbers}, {"samples": "array"})


def typed_parameters(random: Random, size: int) -> Turn:
    markup_per_value = 34  # what a raw-text format writes around a value, its name included
    shapes: list[tuple[str, Callable[[], Any]]] = [
        ("integer", lambda: random.randint(-500, 90_000)),
        ("number", lambda: round(random.uniform(-90, 900), 3)),
        ("boolean", lambda: random.random() < 0.5),
        ("array", lambda: [random.randint(0, 99) for _ in range(random.randint(1, 8))]),
        ("object", lambda: {"place": random.choice(PLACES), "open": random.random() < 0.5, "rank": random.randint(1, 40)}),
    ]
    arguments: dict[str, Any] = {}
    types: dict[str, str] = {}
    left = size - FRAMING
    while left > 0:
        kind, value = random.choice(shapes)
        name = f"{random.choice(NOUNS)}_{len(arguments)}"
        arguments[name], types[name] = value(), kind
        left -= len(json.dumps(arguments[name], ensure_ascii=False)) + len(name) + markup_per_value
    return calling(arguments, types)


def calling(arguments: dict[str, Any], types: dict[str, str]) -> Turn:
    properties = {name: {"type": kind} for name, kind in types.items()}
    function = {"name": TOOL, "description": "Save it.", "parameters": {"type": "object", "properties": properties}}
    return Turn(arguments=arguments, tool={"type": "function", "function": function})


WORKLOADS = (
    Workload("prose content", 3, "text", prose_content),
    Workload("content full of < and {", 3, "text", markup_content),
    Workload("reasoning", 3, "reasoning", reasoning),
    Workload("prose string", 3, "call", prose_string),
    Workload("code string", 4, "quoted", code_string),
    Workload("raw-text parameter", 4, "raw", raw_parameter),
    Workload("small objects", 7, "quoted", small_objects),
    Workload("dense numbers", 7, "quoted", dense_numbers),
    Workload("typed parameters", 7, "raw", typed_parameters),
)


FORMATS = ("hermes", "llama3_json", "mistral", "deepseek_v3", "deepseek_v31", "pythonic", "qwen3_coder")
"""The formats that are measured when none is named: one of each shape."""


# The words


def words(text: str) -> list[str]:
    return text.split()


NOUNS = words(
    "harbour ferry tide window garden kitchen invoice ledger station platform timetable engine valve filter sensor battery river "
    "bridge market museum ticket passport suitcase blanket lantern compass chapter margin footnote sentence teacher student "
    "nurse pilot baker orchard cellar attic staircase corridor meadow glacier island lighthouse workshop hammer ladder recipe "
    "kettle spoon bicycle tram junction tunnel archive catalogue shelf drawer envelope stamp parcel courier deadline budget"
)
ADJECTIVES = words(
    "quiet narrow early late heavy light broken careful golden grey humid icy distant local northern southern plain rough "
    "sudden tidy uneven vivid warm wooden young ancient brief cheap dense empty faint generous hidden idle"
)
VERBS = words(
    "opens closes carries follows leaves reaches crosses holds keeps finds repairs counts measures paints sends returns moves "
    "covers meets joins misses needs offers records replaces shows stores takes turns watches"
)
PLACES = words("Bergen Porto Kyoto Zürich Lyon Oslo Brno Cusco Galway Izmir Jaipur Łódź Malmö Nairobi Quito Split Tartu Utrecht")
LINKS = ("because", "while", "although", "so that", "whenever", "before", "after", "unless")


def filled(lines: Iterator[str], size: int) -> str:
    """Lines joined and cut to exactly `size` characters, none of them whitespace at either end."""
    parts, length = [], 0
    while length < size:
        parts.append(next(lines))
        length += len(parts[-1])
    return "".join(parts)[:size].rstrip().ljust(size, ".")


def prose(random: Random) -> Iterator[str]:
    """Sentences in paragraphs, with numbers, a few quotes and dashes, and a word beyond ASCII now and then."""

    def clause() -> str:
        noun, other = random.choice(NOUNS), random.choice(NOUNS)
        return f"the {random.choice(ADJECTIVES)} {noun} {random.choice(VERBS)} the {other}"

    while True:
        for _ in range(random.randint(3, 7)):
            shape = random.randrange(8)
            if shape == 0:
                sentence = f"In {random.choice(PLACES)}, {clause()} at {random.randint(1, 23)}:{random.randint(0, 59):02}"
            elif shape == 1:
                sentence = f"{clause().capitalize()} — about {random.randint(2, 900)} km, or {random.randint(2, 99)} %"
            elif shape == 2:
                sentence = f'"{clause().capitalize()}," it said in {random.choice(PLACES)}'
            elif shape == 3:
                sentence = f"It's true that {clause()}, {random.choice(LINKS)} {clause()}"
            else:
                sentence = f"{clause().capitalize()} {random.choice(LINKS)} {clause()}"
            yield sentence + random.choice((". ", ". ", ". ", "; then again, not always. ", "? "))
        yield "\n\n"


def markup(random: Random) -> Iterator[str]:
    """What a coding model answers about HTML, templates, generics and JSON: nearly every line holds a `<` or a `{`."""
    while True:
        noun, other, number = random.choice(NOUNS), random.choice(NOUNS), random.randint(0, 999)
        yield random.choice(
            (
                f'<td class="{noun}">{{{{ {other}.{noun} }}}}</td>\n',
                f"<t{noun[:2]}><{other}/>{number}</t{noun[:2]}>\n",
                f"if ({noun} < {number} && {other} <= {number + 7}) {{ return <{noun.capitalize()} id={{{other}}} />; }}\n",
                f"Map<String, List<{noun.capitalize()}>> {other} = new HashMap<>();\n",
                f"    {{{noun}: {{{other}: {number}}}, f: {{}}}}\n",
                f"The set {{{noun}, {other}}} has < {number} members, see <https://example.org/{noun}/{number}>.\n",
                f"{{% for {noun} in {other} %}}<li>{{{{ {noun} }}}}</li>{{% endfor %}}\n",
                f"std::vector<std::pair<int, {noun}>> {other}{{{{{number}, {{}}}}}};  // a << {number % 31}\n",
                f'[{noun}]: {{"{other}": [{number}, {{"{noun}": "<{other}>"}}]}}\n',
            )
        )


def code(random: Random) -> Iterator[str]:
    """Python with quotes, backslashes and tabs: quoted as a string, about one character in eight is an escape."""
    while True:
        noun, other, number = random.choice(NOUNS), random.choice(NOUNS), random.randint(0, 999)
        yield random.choice(
            (
                f'    if row["{noun}"] != "{other}":\n',
                f'        print(f"{{{noun}:>{number % 20}}}\\t{{{other}!r}}\\n")\n',
                f"    {noun} = [{other} * {number} for {other} in range({number}) if {other} % 7 < 3]\n",
                f'    pattern = re.compile(r"^\\s*{noun}\\[(\\d+)\\]\\\\{other}$")\n',
                f"\n\ndef {noun}_{number}({other}: str) -> dict[str, int]:\n",
                f'    """Return the {random.choice(ADJECTIVES)} {other}, or \'{noun}\' when there is none."""\n',
                f'\treturn {{"{noun}": {number}, "{other}": None}}  # {random.choice(ADJECTIVES)} <{noun}>\n',
                f'    path = "C:\\\\{noun}\\\\{other}_{number}.txt"\n',
                "\n",
            )
        )
