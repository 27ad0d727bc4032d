"""What the commands' options share: their one-line errors, counts, formats by name, and what makes a result unsound."""

from __future__ import annotations

import argparse
import re
import shutil
import textwrap
from difflib import get_close_matches
from typing import Any, NoReturn

from toolparse.cli.inputs import CommandError
from toolparse.events import CallEnd, Event, Problem
from toolparse.formats import UnknownFormat, get_format
from toolparse.grammar import Format

FINE, FAULTY, WRONG = 0, 1, 2  # exit statuses; see `toolparse --help`


class Options(argparse.ArgumentParser):
    """Options whose errors are one line, like every other error of the command; examples in the help stand as they are written."""

    def __init__(self, **given: Any) -> None:
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, **given)

    def error(self, message: str) -> NoReturn:
        known = [word[2:] for word in self._option_string_actions if word.startswith("--")]
        for word in message.partition("unrecognized arguments: ")[2].split():
            option = word.partition("=")[0]
            close = get_close_matches(option.lstrip("-"), known, n=1) if word.startswith("-") else []
            if close:
                raise CommandError(f"there is no option {option}; did you mean --{close[0]}? see {self.prog} --help")
        raise CommandError(f"{message}; see {self.prog} --help")

    def format_help(self) -> str:
        """The help in lines that fit the terminal, of a description that is written in lines of its own, too."""
        width = shutil.get_terminal_size().columns
        return "".join(folded(line, width) for line in super().format_help().splitlines(keepends=True))


def folded(line: str, width: int) -> str:
    """A line of help that is too long, in several: what stands in columns goes on under its column."""
    if len(line) <= max(width, 40):
        return line
    column = re.match(r"( *\S.*?\s{2,})\S|( *)", line)
    indent = len(column[1]) if column is not None and column[1] and len(column[1]) < width // 2 else 6 if line.startswith(" ") else 0
    return "\n".join(textwrap.wrap(line, max(width, 40), subsequent_indent=" " * indent, break_on_hyphens=False)) + "\n"


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
