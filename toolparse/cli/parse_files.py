"""`toolparse FILE... --format NAME`, the default command: it feeds a parser and hands the events on, as any caller does."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain

from toolparse import __version__
from toolparse.cli.commands import COMMANDS
from toolparse.cli.inputs import CommandError, files_named, open_input, read_text, read_tools
from toolparse.cli.options import FAULTY, FINE, WRONG, Options, format_called, is_fault, positive
from toolparse.cli.output import chunk_lines, complain, event_lines, message_lines, printer, progress_bar
from toolparse.detect import detect
from toolparse.events import CallEnd, Event, Problem
from toolparse.grammar import Format
from toolparse.message import MessageBuilder
from toolparse.parser import Parser
from toolparse.schemas.tools import Tools

SHOWN = 20
"""So many lines say what is wrong in a file."""
ABOUT = """\
Turn what a language model wrote into tool calls. The message is printed as JSON.

  toolparse FILE... --format NAME   parse files; "-" is standard input, read as it arrives
  toolparse batch PATH... -o OUT   parse files of rows: JSON lines, Parquet, folders; data sets to messages
  toolparse convert FILE --from NAME --to NAME   write the message as another model would
  toolparse explain FILE --format NAME [-o PAGE]   show how an output was read, and why something was no call
  toolparse formats [--json]        list the formats, the models that write them and their other names
  toolparse grammar --format NAME --tools FILE --as gbnf   what an engine should let the model write
  toolparse tools check FILE        what will go wrong with these tool definitions
  toolparse serve --upstream KIND --url URL      a gateway in front of an engine that returns raw text
"""

MORE = """\
With several files every line says which file it is about: {"file": ..., "message": {...}}, or with --stream {"file": ...,
"event": {...}}; with --openai a comment line stands before the chunks of each file. A file that has the name of a command is
given as ./NAME.

example:
  toolparse output.txt -f hermes --tools tools.json --validate
  some-engine | toolparse - -f qwen3_coder --stream

exit status:
  0  everything was read and is sound
  1  everything was read, but a call is incomplete, a problem of severity "error" was found (a failed attempt at a call, the
     markers of another format), or --validate found a violation
  2  the command was wrong, or an input could not be read
"""


def run(arguments: list[str]) -> int:
    """`toolparse FILE...`: one file after the other. One that cannot be read is reported and does not stop the others."""
    options = file_options().parse_intermixed_args(arguments)
    if not options.files:
        raise CommandError("no file given; see toolparse --help")
    if options.format is None:
        raise CommandError("no format given; name it with --format, see toolparse formats")
    if options.validate and options.tools is None:
        raise CommandError("--validate needs the tools; name their file with --tools")
    fmt = None if options.format == "auto" else format_called(options.format)
    if fmt is None and (options.chat_template or options.model):
        fmt = format_told(options)
    tools = None if options.tools is None else read_tools(options.tools)
    status = FINE
    options.files = files_named(options.files)
    with output_to(options.output) as write:
        for name in options.files:
            try:
                sound = parse_file(name, fmt, tools, options, write)
                status = max(status, FINE if sound else FAULTY)
            except CommandError as error:
                complain(str(error))
                status = WRONG
    return status


@contextmanager
def output_to(name: str | None) -> Iterator[Callable[[str], object]]:
    """What writes the results: to standard output, or to a file."""
    if name is None:
        yield printer()
        return
    try:
        file = open(name, "w", encoding="utf-8", errors="backslashreplace", newline="\n")  # noqa: SIM115
    except OSError as error:
        raise CommandError(f"{name}: cannot be written: {error.strerror}") from None
    with file:
        yield file.write


def parse_file(name: str, fmt: Format | None, tools: Tools | None, options: argparse.Namespace, write: Callable[[str], object]) -> bool:
    """Print what a file comes to. Returns whether it is sound. Without a format, the beginning of the file must tell it."""
    faults = Faults()
    builder = MessageBuilder() if options.validate else None
    whole = options.lines is message_lines
    parsers: list[Parser] = []  # made when the beginning of the file has been read

    def told(events: list[Event]) -> list[Event]:
        for event in filter(is_fault, events):
            faults.add(event)
        if builder is not None:
            for event in events:
                builder.add(event)
        return events

    def batches() -> Iterator[list[Event]]:
        texts = read_text(file, name, options.encoding)
        begin = next(texts, "")
        parser = Parser(fmt or format_shown(begin, name), tools=tools, prompt=options.prompt, spans=whole)
        parsers.append(parser)
        for text in chain((begin,) if begin else (), texts):
            for piece in pieces(text, options.chunk):
                yield told(parser.feed(piece))
            sys.stdout.flush()  # all that is known has been printed by now, and the next read may wait long
            advance()
        yield told(parser.finish())

    label = name if len(options.files) > 1 else None
    with open_input(name, also=COMMANDS) as file, progress_bar(file, name, not whole) as advance:
        lines = message_lines(batches(), label, lambda message: parsers[0].locate(message)) if whole else options.lines(batches(), label)
        for text in lines:
            write(text)
    for line in faults.lines():
        complain(f"{name}: {line}")
    violations = builder.message.validate(tools) if builder is not None else []
    for violation in violations:
        complain(f"{name}: call {violation.index}{violation.path and ', ' + violation.path}: {violation.message}")
    return not faults.count and not violations


class Faults:
    """What is wrong in a file. However much that is, it is a few lines, and takes the memory of these."""

    def __init__(self) -> None:
        self.count = 0
        self._told: dict[str, int] = {}  # how often each message came
        self._open: list[int] = []  # calls that are not complete
        self._explained: set[int | None] = set()  # calls about which a message is

    def add(self, event: Event) -> None:
        self.count += 1
        if isinstance(event, CallEnd):
            self._open.append(event.index)
        elif isinstance(event, Problem):
            self._explained.add(event.index)
            if event.message in self._told or len(self._told) < SHOWN:
                self._told[event.message] = self._told.get(event.message, 0) + 1

    def lines(self) -> Iterator[str]:
        """One line for each message, as many as a person reads."""
        cut = [f"call {index} is not complete: the output ends inside it" for index in self._open if index not in self._explained]
        for message, times in self._told.items():
            yield message if times == 1 else f"{message} ({times:,} times)"
        room = SHOWN - len(self._told)
        yield from cut[:room]
        left = self.count - len(self._open) - sum(self._told.values()) + len(cut[room:])
        if left:
            yield f"{left:,} more like these; --stream has each at its place"


def file_options() -> Options:
    """The options of the default command."""
    parser = Options(
        prog="toolparse",
        usage="toolparse FILE... --format NAME [options]",
        description=ABOUT,
        epilog=MORE,
        allow_abbrev=False,
    )
    parser.add_argument(
        "files", nargs="*", metavar="FILE", help="text as the model wrote it, in UTF-8; a folder, a pattern such as '*.txt', or a .gz"
    )
    parser.add_argument("--version", action="version", version=f"toolparse {__version__}")
    parser.add_argument(
        "-f", "--format", metavar="NAME",
        help="the format, by any name that `toolparse formats` lists, or auto: by what the next two or the file tell",
    )  # fmt: skip
    parser.add_argument("--chat-template", metavar="FILE", help="with --format auto: the model's chat template")
    parser.add_argument("--model", metavar="NAME", help="with --format auto: the model's name or path")
    parser.add_argument("--tools", metavar="FILE", help="JSON list of the tools that the model was given")
    parser.add_argument("--prompt", metavar="TEXT", help="the rendered prompt or its end, '' if nothing is pre-filled")
    parser.add_argument("--chunk", type=positive, metavar="N", help="feed the parser at most N characters at a time")
    parser.add_argument("--encoding", metavar="NAME", default="utf-8", help="the encoding of the files, such as utf-16 or gbk")
    parser.add_argument("--validate", action="store_true", help="with --tools: tell each violation of the tools' schemas, and exit with 1")
    parser.add_argument("-o", "--output", metavar="FILE", help="write the results to a file")
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
        raise CommandError(f"{name}: the text shows no format; name it with --format, or see which fits with toolparse explain --compare")
    return format_called(guess.format)


def pieces(text: str, size: int | None) -> Iterator[str]:
    """The text in pieces of `size` characters, or whole."""
    step = size or len(text)
    return (text[start : start + step] for start in range(0, len(text), step))
