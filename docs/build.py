"""Write the pages under docs/formats/ from the formats' own data: `python docs/build.py`, or `--check` to see whether they are current."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from toolparse import CannotRender, Format, Message, Parser, ToolCall, formats, render
from toolparse.grammar import BareKeys, Calls, Elements, Envelope, JsonText, Parameters, PythonCalls
from toolparse.wire.spellings import spellings

PAGES = Path(__file__).parent / "formats"
ENGINES = json.loads((Path(__file__).parent.parent / "fixtures" / "engine_names.json").read_text(encoding="utf-8"))
SAMPLE = Message(
    reasoning="The user wants the weather in two places.",
    content="Let me look.",
    tool_calls=[
        ToolCall(index=0, name="get_weather", arguments='{"city": "Bergen", "days": 2}'),
        ToolCall(index=1, name="get_weather", arguments='{"city": "Tromsø", "days": 2}'),
    ],
)
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}},
        },
    }
]
SHAPES = {
    Envelope: ("envelope", "a JSON object that holds the name and the arguments, or a list of such objects"),
    JsonText: ("named", "a header with the name, then one JSON object"),
    Parameters: ("parameters", "a header with the name, then raw values in markup, typed by the tool's schema"),
    PythonCalls: ("python", "calls as Python writes them"),
    BareKeys: ("bare-keys", "a header with the name, then an object with bare keys whose strings stand in a marker of their own"),
    Elements: ("elements", "a header with the name, then nested elements, typed by the tool's schema"),
}
DIAGRAMS = {
    "envelope": """stateDiagram-v2
    [*] --> text
    text --> held : opening
    held --> text : no name comes, so it was text
    held --> arguments : name and arguments
    held --> kept : arguments before the name
    kept --> arguments : name
    arguments --> held : next object
    arguments --> behind : the object closes
    behind --> held : next opening
    behind --> text : anything but a closer""",
    "named": """stateDiagram-v2
    [*] --> text
    text --> arguments : opening, name and separator
    text --> text : an opening that does not go on so
    arguments --> behind : the object closes, or an end marker stands there
    behind --> arguments : next opening
    behind --> text : anything but a closer""",
    "parameters": """stateDiagram-v2
    [*] --> text
    text --> between : opening and name
    between --> value : opener of a parameter
    value --> value : a closer that nothing fitting follows is data
    value --> between : its closer
    between --> behind : closer of the call
    behind --> between : next opening
    behind --> text : anything but a closer""",
    "python": """stateDiagram-v2
    [*] --> text
    text --> argument : bracket, name and parenthesis
    argument --> value : keyword and equals sign
    value --> argument : comma
    value --> behind : closing parenthesis
    argument --> behind : closing parenthesis
    behind --> argument : comma and the next name
    behind --> text : end of the list""",
    "bare-keys": """stateDiagram-v2
    [*] --> text
    text --> key : opening, name and brace
    key --> value : colon
    value --> string : the string marker
    string --> key : the string marker again
    value --> key : comma
    value --> behind : closing brace
    behind --> key : next opening
    behind --> text : anything but a closer""",
    "elements": """stateDiagram-v2
    [*] --> text
    text --> elements : opening and name
    elements --> leaf : opening tag
    leaf --> elements : another opening tag, so it holds elements
    leaf --> elements : its closing tag
    elements --> behind : closer of the call
    behind --> elements : next opening
    behind --> text : anything but a closer""",
    "messages": """stateDiagram-v2
    [*] --> header
    header --> text : what stands there is no header
    header --> reasoning : a header of that kind
    header --> content : a header of that kind
    header --> call : a header with a recipient, or of that kind
    reasoning --> header : end of the message, or a header
    content --> header : end of the message, or a header
    call --> header : end of the message
    text --> header : a complete header""",
}


def shape(calls: Calls) -> str:
    return SHAPES.get(type(calls.body), (type(calls.body).__name__.lower(), ""))[0]


def code(text: str) -> str:
    """Text as inline code, line breaks shown."""
    shown = text.replace("\n", "\\n")
    fence = "``" if "`" in shown else "`"
    pad = " " if fence == "``" else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def listing(texts: list[str] | tuple[str, ...]) -> str:
    return ", ".join(map(code, dict.fromkeys(texts)))


def sample(fmt: Format) -> str | None:
    """The sample message as the format writes it; less of it where the format has no room for all."""
    for message in (SAMPLE, Message(content=SAMPLE.content, tool_calls=SAMPLE.tool_calls), Message(tool_calls=SAMPLE.tool_calls)):
        try:
            return render(message if fmt.calls else Message(reasoning=SAMPLE.reasoning, content=SAMPLE.content), fmt, tools=TOOLS)
        except CannotRender:
            continue
    return None


def page(fmt: Format) -> Iterator[str]:
    yield f"# {fmt.name}"
    yield f"Models: {', '.join(fmt.models)}." if fmt.models else "No model is known by name to write it."
    rows = [f"| {engine} | {kind} | {listing(names)} |" for engine, kind, names in named_by(fmt)]
    if rows:
        yield "\n".join(["| engine | as | name |", "|---|---|---|", *rows])
    others = [alias for alias in fmt.aliases if all(alias not in names for _, _, names in named_by(fmt))]
    if others:
        yield f"Also found under {listing(others)}. Case and punctuation do not matter."
    written = sample(fmt)
    if written is not None:
        yield "As the model's template writes it:"
        yield f"````text\n{written}\n````"
    yield "## Markers"
    yield "\n".join(markers(fmt))
    yield f"```mermaid\n{diagram(fmt)}\n```"
    yield decided(fmt)
    if fmt.special_tokens:
        yield f"An engine must not skip these special tokens: {listing(fmt.special_tokens)}."
    if fmt.quirks:
        yield "## Seen in the wild, and what the parser does"
        yield "\n".join(f"- {quirk}" for quirk in fmt.quirks)
        if fmt.calls:
            yield "What is damaged beyond this is read or told by rules that hold in every format: [damaged markup](../damage.md)."
    if fmt.calls:
        kinds = dict.fromkeys(shape(calls) for calls in fmt.calls)
        messages = ["[messages](shapes.md#messages)"] if fmt.channels is not None else []
        yield "Shape: " + ", ".join([*messages, *(f"[{kind}](shapes.md#{kind})" for kind in kinds)]) + "."
    if fmt.source:
        yield f"Source of the facts: {fmt.source}."


def markers(fmt: Format) -> Iterator[str]:
    for pair in fmt.reasoning:
        yield f"- reasoning: {listing(spellings(pair.open))} … {listing(spellings(pair.close))}"
    for calls in fmt.calls:
        parts = [text for part in calls.open for text in spellings(part)[:1] if isinstance(text, str)]
        wrapper = calls.wrapper
        wrapped = "" if wrapper is None else f" inside {code(spellings(wrapper.open)[0])} … {code(spellings(wrapper.close)[0])}"
        closers = [spellings(part)[0] for part in calls.close]
        ends = f", closed by {listing(closers)}" if closers else ""
        yield f"- a call: {listing(parts) if parts else 'the arguments at once'}{ends}{wrapped}"
    if fmt.stop:
        yield f"- stop tokens: {listing([text.strip() for text in fmt.stop])}"


def decided(fmt: Format) -> str:
    """After how many characters `parser.decision` is known."""
    if not fmt.calls:
        return 'No calls: `parser.decision` is `"answer"` from the start.'
    call = known_after(fmt, Message(tool_calls=SAMPLE.tool_calls[:1]))
    answer = known_after(fmt, Message(content=SAMPLE.content))
    known = [f'`"call"` after {len(call)} characters of the call above ({code(call)})'] if call else []
    known += [f'`"answer"` after {len(answer)} of a text ({code(answer)})'] if answer else []
    return f"`parser.decision` is {', '.join(known)}." if known else "`parser.decision` is known at the end of the output."


def known_after(fmt: Format, message: Message) -> str:
    """The beginning of what the format writes for a message that tells what it is; "" where it cannot be written, or only the end tells."""
    try:
        written = render(message, fmt, tools=TOOLS)
    except CannotRender:
        return ""
    parser = Parser(fmt, tools=TOOLS, prompt="")
    for count, character in enumerate(written, 1):
        parser.feed(character)
        if parser.decision is not None:
            return written[:count]
    return ""


def diagram(fmt: Format) -> str:
    """The turn, as the format's markers lead through it."""
    rows = ["stateDiagram-v2", "[*] --> content" if fmt.channels is None else "[*] --> header"]
    if fmt.channels is not None:
        ends = " or ".join(map(label, fmt.channels.ends))
        for word, kind in fmt.channels.kinds:
            if kind == "nobody":
                continue
            rows += [f"header --> {kind} : {label(word)}", f"{kind} --> header : {ends}"]
        rows += [f"header --> call : {label(fmt.channels.to)}", f"call --> header : {ends}"] if fmt.channels.to else []
    for pair in fmt.reasoning if fmt.channels is None else ():
        rows += [f"content --> reasoning : {label(spellings(pair.open)[0])}", f"reasoning --> content : {label(spellings(pair.close)[0])}"]
    for calls in fmt.calls if fmt.channels is None else ():
        outside = "content"
        if calls.wrapper is not None:
            outside = "calls"
            rows += [f"content --> calls : {label(spellings(calls.wrapper.open)[0])}"]
            rows += [f"calls --> content : {label(spellings(calls.wrapper.close)[0])}"]
        body = shape(calls).replace("-", "_")
        opening = " ".join(text for part in calls.open for text in spellings(part)[:1] if isinstance(text, str))
        closing = " ".join(spellings(part)[0] for part in calls.close)
        rows += [f"{outside} --> {body} : {label(opening) or 'the arguments begin'}"]
        rows += [f"{body} --> {outside} : {label(closing) or 'the arguments end'}"]
    rows += ["content --> [*] : " + " or ".join(map(label, fmt.stop))] if fmt.stop and fmt.channels is None else []
    return "\n    ".join(dict.fromkeys(rows))


def label(text: str) -> str:
    """Text as the label of a transition: mermaid reads a colon, a semicolon, a hash and angle brackets as its own."""
    shown = text.replace("\n", "\\n").strip()
    return "".join(character if character.isalnum() or character in " _-./=|\\" else f"#{ord(character)};" for character in shown)


def named_by(fmt: Format) -> list[tuple[str, str, list[str]]]:
    """The engines that have the format, and under which names."""
    rows = []
    for engine, kinds in ENGINES.items():
        for kind, names in kinds.items():
            mine = [name for name, format_name in names.items() if format_name == fmt.name]
            if mine:
                rows.append((engine, kind, mine))
    return rows


def index() -> Iterator[str]:
    names = sum(len(known) for kinds in ENGINES.values() for known in kinds.values())
    yield "# Formats"
    yield (
        f"The {len(formats())} formats, to which {names} names of parsers in {', '.join(ENGINES)} lead, by the models that write them: "
        "search this page for a model's name. `toolparse formats` prints the same table, and `toolparse.detect` finds a format from a chat "
        "template or a model's name. The pages are written by `docs/build.py` from the formats' data."
    )
    rows = [f"| [{fmt.name}]({fmt.name}.md) | {', '.join(fmt.models) or '-'} | {listing(fmt.aliases) or '-'} |" for fmt in formats()]
    yield "\n".join(["| format | models | other names |", "|---|---|---|", *rows])
    yield "[The shapes of grammar](shapes.md), each with its state diagram."


def shapes() -> Iterator[str]:
    yield "# Shapes of grammar"
    yield "What a parser of each shape waits for. Whatever the shape, decisions wait for the text that they need and for no more."
    for name, sentence in SHAPES.values():
        users = [f"[{fmt.name}]({fmt.name}.md)" for fmt in formats() if any(shape(calls) == name for calls in fmt.calls)]
        yield f"## {name}"
        yield f"{sentence[0].upper()}{sentence[1:]}: {', '.join(users)}."
        yield f"```mermaid\n{DIAGRAMS[name]}\n```"
    users = [f"[{fmt.name}]({fmt.name}.md)" for fmt in formats() if fmt.channels is not None]
    yield "## messages"
    about = "An output of messages, each behind a header that says what it is; a call's arguments have one of the shapes above"
    yield f"{about}: {', '.join(users)}."
    yield f"```mermaid\n{DIAGRAMS['messages']}\n```"


def pages() -> dict[str, str]:
    """Every page by its file name."""
    made = {f"{fmt.name}.md": page(fmt) for fmt in formats()}
    made["index.md"] = index()
    made["shapes.md"] = shapes()
    return {name: "\n\n".join(parts) + "\n" for name, parts in made.items()}


def main() -> int:
    made = pages()
    present = {path.name: path.read_text(encoding="utf-8") for path in PAGES.glob("*.md")}
    if "--check" in sys.argv[1:]:
        stale = sorted(name for name in made.keys() | present.keys() if made.get(name) != present.get(name))
        print(f"{len(stale)} pages are not current: {', '.join(stale)}" if stale else f"{len(made)} pages are current")
        return 1 if stale else 0
    for name in present.keys() - made.keys():
        (PAGES / name).unlink()
    for name, text in made.items():
        (PAGES / name).write_text(text, encoding="utf-8")
    print(f"{len(made)} pages written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
