"""What the commands' options share: their one-line errors, counts, formats by name, and what makes a result unsound."""

from __future__ import annotations

import argparse
from typing import NoReturn

from toolparse.cli.inputs import CommandError
from toolparse.events import CallEnd, Event, Problem
from toolparse.formats import UnknownFormat, get_format
from toolparse.grammar import Format

FINE, FAULTY, WRONG = 0, 1, 2  # exit statuses; see `toolparse --help`


class Options(argparse.ArgumentParser):
    """Options whose errors are one line, like every other error of the command."""

    def error(self, message: str) -> NoReturn:
        raise CommandError(f"{message}; see {self.prog} --help")


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


def is_fault(event: Event) -> bool:
    """Whether an event makes the result unsound."""
    return (isinstance(event, CallEnd) and not event.complete) or (isinstance(event, Problem) and event.severity == "error")
