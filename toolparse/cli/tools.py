"""`toolparse tools check FILE`: what will go wrong with tool definitions."""

from __future__ import annotations

import json

from toolparse.cli.inputs import CommandError, unreadable
from toolparse.cli.options import FAULTY, FINE, Options, format_called
from toolparse.cli.output import printer
from toolparse.schemas.lint import lint


def run(arguments: list[str]) -> int:
    """Carry out the command and return its exit status: 1 when something is found."""
    parser = Options(
        prog="toolparse tools",
        description="Tell what will go wrong with tool definitions, one line each.",
        epilog="example:\n  toolparse tools check tools.json --format hermes",
    )
    parser.add_argument("action", choices=("check",))
    parser.add_argument("file", metavar="FILE", help="JSON list of tool definitions, as a request has them under `tools`")
    parser.add_argument("-f", "--format", metavar="NAME", action="append", default=[], help="look at this format only; may be repeated")
    options = parser.parse_args(arguments)
    formats = [format_called(name) for name in options.format]
    findings = lint(read_definitions(options.file), formats or None)
    write = printer()
    for finding in findings:
        write(f"{finding}\n")
    return FAULTY if findings else FINE


def read_definitions(name: str) -> object:
    """The JSON of a file, whatever it is: what is wrong with it is for the check to say."""
    try:
        with open(name, "rb") as file:
            return json.load(file)
    except OSError as error:
        raise CommandError(unreadable(name, error)) from None
    except (ValueError, RecursionError) as error:
        raise CommandError(f"{name}: not JSON: {error}") from None
