"""The commands and their options: `toolparse FILE...`, which is the default, `toolparse convert` and `toolparse formats`.

A command takes the arguments behind its name and returns the exit status; `CommandError` is for what cannot be carried out. The
default command does what any caller of the library does: it feeds a parser and hands the events on.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from itertools import chain
from typing import NoReturn

from toolparse.cli.inputs import CommandError, open_input, read_text, read_tools
from toolparse.cli.output import (
    chunk_lines,
    complain,
    event_lines,
    message_lines,
    print_formats,
    print_formats_json,
    printer,
    progress_bar,
)
from toolparse.detect import detect
from toolparse.events import CallEnd, Event, Problem
from toolparse.formats import UnknownFormat, formats, get_format
from toolparse.grammar import Format
from toolparse.parser import Parser, parse
from toolparse.rendering.render import CannotRender, render
from toolparse.schemas.tools import Tools

FINE, FAULTY, WRONG = 0, 1, 2

ABOUT = """\
Turn what a language model wrote into tool calls. The message is printed as JSON.

  toolparse FILE... --format NAME   parse files; "-" is standard input, read as it arrives
  toolparse convert FILE --from NAME --to NAME   write the message as another model would
  toolparse formats [--json]        list the formats, the models that write them and their other names
"""

MORE = """\
With several files every line says which file it is about: {"file": ..., "message": {...}}, or with --stream {"file": ...,
"event": {...}}; with --openai a comment line stands before the chunks of each file. A file that has the name of a command is
given as ./NAME.

exit status:
  0  everything was read and is sound
  1  everything was read, but a call is incomplete or a problem of severity "error" was found
  2  the command was wrong, or an input could not be read
"""


def run(arguments: list[str]) -> int:
    """Carry out a command line and return its exit status."""
    if arguments and arguments[0] in COMMANDS:
        return COMMANDS[arguments[0]](arguments[1:])
    return parse_files(arguments)


def parse_files(arguments: list[str]) -> int:
    """`toolparse FILE...`: one file after the other. One that cannot be read is reported and does not stop the others."""
    options = file_options().parse_intermixed_args(arguments)
    if not options.files:
        raise CommandError("no file given; see toolparse --help")
    if options.format is None:
        raise CommandError("no format given; name it with --format, see toolparse formats")
    fmt = None if options.format == "auto" else format_called(options.format)
    if fmt is None and (options.chat_template or options.model):
        fmt = format_told(options)
    tools = None if options.tools is None else read_tools(options.tools)
    status = FINE
    for name in options.files:
        try:
            sound = parse_file(name, fmt, tools, options)
            status = max(status, FINE if sound else FAULTY)
        except CommandError as error:
            complain(str(error))
            status = WRONG
    return status


def parse_file(name: str, fmt: Format | None, tools: Tools | None, options: argparse.Namespace) -> bool:
    """Print what a file comes to. Returns whether it is sound. Without a format, the beginning of the file must tell it."""
    faults: list[Event] = []

    def batches() -> Iterator[list[Event]]:
        texts = read_text(file, name)
        begin = next(texts, "")
        parser = Parser(fmt or format_shown(begin, name), tools=tools, prompt=options.prompt)
        for text in chain((begin,) if begin else (), texts):
            for piece in pieces(text, options.chunk):
                events = parser.feed(piece)
                faults.extend(filter(is_fault, events))
                yield events
            sys.stdout.flush()  # all that is known has been printed by now, and the next read may wait long
            advance()
        events = parser.finish()
        faults.extend(filter(is_fault, events))
        yield events

    label = name if len(options.files) > 1 else None
    write = printer()
    with open_input(name, also=COMMANDS) as file, progress_bar(file, name, options.lines is not message_lines) as advance:
        for text in options.lines(batches(), label):
            write(text)
    for fault in faults:
        if isinstance(fault, Problem):
            complain(f"{name}: {fault.message}")
    return not faults


def convert(arguments: list[str]) -> int:
    """`toolparse convert FILE --from NAME --to NAME`: what another model would have written."""
    parser = Options(prog="toolparse convert", description="Write the message of a file in the format of another model.")
    parser.add_argument("file", metavar="FILE", help="text as the model wrote it, in UTF-8")
    parser.add_argument("--from", dest="source", metavar="NAME", required=True, help="the format of the file")
    parser.add_argument("--to", dest="target", metavar="NAME", required=True, help="the format to write")
    parser.add_argument("--tools", metavar="FILE", help="JSON list of the tools that the model was given")
    parser.add_argument("--prompt", metavar="TEXT", help="the rendered prompt or its end, '' if nothing is pre-filled")
    options = parser.parse_args(arguments)
    source, target = format_called(options.source), format_called(options.target)
    tools = None if options.tools is None else read_tools(options.tools)
    with open_input(options.file, also=COMMANDS) as file:
        message = parse("".join(read_text(file, options.file)), source, tools=tools, prompt=options.prompt)
    try:
        text = render(message, target, tools=tools)
    except CannotRender as error:
        complain(f"{options.file}: {error}")
        return FAULTY
    sys.stdout.write(text + "\n" * sys.stdout.isatty())
    sound = all(call.complete for call in message.tool_calls) and not any(map(is_fault, message.problems))
    return FINE if sound else FAULTY


def list_formats(arguments: list[str]) -> int:
    """`toolparse formats`: every known format."""
    parser = Options(prog="toolparse formats", description="List the formats, the models that write them and their other names.")
    parser.add_argument("--json", action="store_true", help="as a JSON list of objects with name, models and aliases")
    show = print_formats_json if parser.parse_args(arguments).json else print_formats
    show(formats())
    return FINE


COMMANDS = {"convert": convert, "formats": list_formats}


class Options(argparse.ArgumentParser):
    """Options whose errors are one line, like every other error of the command."""

    def error(self, message: str) -> NoReturn:
        raise CommandError(f"{message}; see {self.prog} --help")


def file_options() -> Options:
    """The options of the default command."""
    parser = Options(
        prog="toolparse",
        usage="toolparse FILE... --format NAME [options]",
        description=ABOUT,
        epilog=MORE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("files", nargs="*", metavar="FILE", help="text as the model wrote it, in UTF-8")
    parser.add_argument(
        "--format", metavar="NAME",
        help="the format, by any name that `toolparse formats` lists, or auto: by what the next two or the file tell",
    )  # fmt: skip
    parser.add_argument("--chat-template", metavar="FILE", help="with --format auto: the model's chat template")
    parser.add_argument("--model", metavar="NAME", help="with --format auto: the model's name or path")
    parser.add_argument("--tools", metavar="FILE", help="JSON list of the tools that the model was given")
    parser.add_argument("--prompt", metavar="TEXT", help="the rendered prompt or its end, '' if nothing is pre-filled")
    parser.add_argument("--chunk", type=positive, metavar="N", help="feed the parser at most N characters at a time")
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument(
        "--stream", dest="lines", action="store_const", const=event_lines, default=message_lines,
        help="print each event as a line of JSON as soon as it is known",
    )  # fmt: skip
    shape.add_argument(
        "--openai", dest="lines", action="store_const", const=chunk_lines, default=message_lines,
        help="print the chunks of an OpenAI chat completion as server-sent events",
    )  # fmt: skip
    return parser


def positive(text: str) -> int:
    """A count of at least one."""
    if not (text.isdecimal() and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def format_called(name: str) -> Format:
    """The format that the user named."""
    try:
        return get_format(name)
    except UnknownFormat as error:
        raise CommandError(str(error)) from None


def format_told(options: argparse.Namespace) -> Format:
    """The format that the chat template or the model's name tells."""
    template = None
    if options.chat_template is not None:
        with open_input(options.chat_template) as file:
            template = "".join(read_text(file, options.chat_template))
    guess = detect(chat_template=template, model=options.model)
    if guess is None:
        raise CommandError("neither the chat template nor the model's name tells a format; name it with --format, see toolparse formats")
    return format_called(guess.format)


def format_shown(text: str, name: str) -> Format:
    """The format that a piece of output shows."""
    guess = detect(output=text)
    if guess is None:
        raise CommandError(f"{name}: the text shows no format; name it with --format, see toolparse formats")
    return format_called(guess.format)


def pieces(text: str, size: int | None) -> Iterator[str]:
    """The text in pieces of `size` characters, or whole."""
    step = size or len(text)
    return (text[start : start + step] for start in range(0, len(text), step))


def is_fault(event: Event) -> bool:
    """Whether an event makes the result unsound."""
    return (isinstance(event, CallEnd) and not event.complete) or (isinstance(event, Problem) and event.severity == "error")
