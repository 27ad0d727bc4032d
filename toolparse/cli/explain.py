"""`toolparse explain FILE --format NAME`: how an output was read, and why something in it was no call."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import sys

from toolparse import __version__
from toolparse.cli.inputs import CommandError, open_input, read_text, read_tools
from toolparse.cli.options import FAULTY, FINE, Options, format_called, positive
from toolparse.detect import detect
from toolparse.explain.comparing import compare
from toolparse.explain.reading import Reading, read
from toolparse.explain.terminal import comparison, picture

EXAMPLE = """\
example:
  toolparse explain output.txt --format hermes --tools tools.json -o trace.html
  toolparse explain output.txt --compare
"""


def run(arguments: list[str]) -> int:
    options = explain_options().parse_args(arguments)
    if options.format is None and not options.compare:
        raise CommandError("no format given; name it with --format, or see which fits with --compare")
    tools = None if options.tools is None else read_tools(options.tools)
    with open_input(options.file) as file:
        text = "".join(read_text(file, options.file, options.encoding))
    width = shutil.get_terminal_size().columns
    fits = compare(text, tools, options.prompt) if options.compare else []
    chosen = options.format
    if chosen in (None, "auto"):
        guess = detect(output=text)
        chosen = fits[0].format.name if fits and fits[0].fits else guess.format if guess is not None else None
        if chosen is None and not fits:
            raise CommandError(f"{options.file}: the text shows no format; name it with --format, or see which fits with --compare")
    reading = None
    if chosen is not None:
        reading = read(text, format_called(chosen), tools=tools, prompt=options.prompt, size=options.chunk)
    if options.issue:
        if reading is None:
            raise CommandError(f"{options.file}: no format fits; name it with --format")
        sys.stdout.write(issue(reading, options.tools, options.prompt))
    elif options.output is not None:
        from toolparse.explain.page import page

        try:
            with open(options.output, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as out:
                out.write(page(reading, fits, options.file))
        except OSError as error:
            raise CommandError(f"{options.output}: cannot be written: {error.strerror}") from None
    else:
        colours = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        lines = list(picture(reading, width, colours)) if reading is not None else []
        if fits:
            lines += ["", *comparison(fits, width)] if lines else comparison(fits, width)
        for line in lines:
            print(line)
    return FINE if reading is not None and reading.sound else FAULTY


def issue(reading: Reading, tools: str | None, prompt: str | None) -> str:
    """The form of an issue about an output that is read wrong, filled in but for what it should be."""
    definitions = ""
    if tools is not None:
        with open_input(tools) as file:
            definitions = "".join(read_text(file, tools))
    message = reading.message
    read_as = {
        "content": message.content,
        "reasoning": message.reasoning,
        "tool_calls": [{"name": call.name, "arguments": call.arguments, "complete": call.complete} for call in message.tool_calls],
        "problems": [f"{problem.severity} {problem.kind} at {problem.position}: {problem.message}" for problem in message.problems],
    }
    shown = json.dumps(read_as, ensure_ascii=False, indent=2)
    answers = {
        "The raw output": fenced(reading.text, "text"),
        "The format": reading.format.name + ("" if prompt is None else f", behind a prompt that ends in `{prompt[-200:]!r}`"),
        "The tools": fenced(definitions, "json") if definitions else "None given.",
        "What it should be": "(Please write it here.)\n\nIt is read as:\n\n" + fenced(shown, "json"),
        "Versions": f"toolparse {__version__}, Python {platform.python_version()}, {platform.system()}",
    }
    return "\n".join(f"### {label}\n\n{answer}\n" for label, answer in answers.items())


def fenced(text: str, language: str) -> str:
    """A code block with a fence that the text does not hold."""
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence}{language}\n{text}{'' if text.endswith(chr(10)) else chr(10)}{fence}"


def explain_options() -> Options:
    parser = Options(
        prog="toolparse explain",
        description="Show how an output was read: what each stretch of it is, what is wrong where, what each call was read as.",
        epilog=EXAMPLE,
    )
    parser.add_argument("file", metavar="FILE", help='text as the model wrote it; "-" is standard input')
    parser.add_argument("-f", "--format", metavar="NAME", help="the format, by any name that `toolparse formats` lists")
    parser.add_argument("--tools", metavar="FILE", help="JSON list of the tools that the model was given")
    parser.add_argument("--prompt", metavar="TEXT", help="the rendered prompt or its end, '' if nothing is pre-filled")
    parser.add_argument("--encoding", metavar="NAME", default="utf-8", help="the encoding of the file (default: utf-8)")
    parser.add_argument("--chunk", type=positive, metavar="N", help="pieces of N characters, not about as long as tokens")
    parser.add_argument("--compare", action="store_true", help="read it with every format, and say which fits and why the others do not")
    parser.add_argument("--issue", action="store_true", help="print the form of an issue about this output, filled in, to paste")
    parser.add_argument("-o", "--output", metavar="FILE", help="write the picture as one HTML file")
    return parser
