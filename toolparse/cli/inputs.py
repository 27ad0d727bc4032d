"""What the command reads: text, in pieces as it arrives, and tool definitions.

Everything that can be wrong with an input is a `CommandError` that names it. Knows nothing of parsing.
"""

from __future__ import annotations

import codecs
import json
import os
import sys
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from io import FileIO
from select import select

from toolparse.schemas.tools import InvalidTools, Tools

PIECE = 256 * 1024  # bytes asked for at once: few reads, little memory
STANDARD_INPUT = "-"
ROWS = (*(kind + compressed for kind in (".jsonl", ".ndjson") for compressed in ("", ".gz", ".zst")), ".parquet")
"""What the names of files of rows end in; each row of one is a message."""


class CommandError(Exception):
    """The command cannot be carried out as it was given. The message is one line that says what to do."""


def open_input(name: str, also: Iterable[str] = ()) -> FileIO:
    """Open a file, or standard input for `-`, for reading. `also`: words that may have been meant where no file `name` exists."""
    if name == STANDARD_INPUT:
        if sys.stdin is None:
            raise CommandError("-: standard input is closed; name a file")
        return open(sys.stdin.fileno(), "rb", buffering=0, closefd=False)
    if name.endswith(ROWS):
        raise CommandError(f"{name}: holds rows, not one message; read them with `toolparse batch {name}`")
    try:
        return open(name, "rb", buffering=0)
    except OSError as error:
        raise CommandError(unreadable(name, error, also)) from None


def read_text(file: FileIO, name: str) -> Iterator[str]:
    """Give the file's text in pieces, each as soon as it is there, newlines as they are. A byte order mark is no text."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    offset = 0
    first = True
    while True:
        try:
            data = file.read(PIECE)
        except OSError as error:
            raise CommandError(unreadable(name, error)) from None
        if data is None:  # an input that does not block, and has nothing yet
            select([file], [], [])
            continue
        if b"\0" in data:
            raise CommandError(f"{name}: not text, but binary (a NUL byte at offset {offset + data.index(0)}); give UTF-8 text")
        undecoded = len(decoder.getstate()[0])
        try:
            text = decoder.decode(data, final=not data)
        except UnicodeDecodeError as error:
            at = offset - undecoded + error.start
            byte = error.object[error.start]
            raise CommandError(f"{name}: not UTF-8 text (byte 0x{byte:02x} at offset {at}); convert it to UTF-8") from None
        offset += len(data)
        if text:
            yield text.removeprefix("\ufeff") if first else text
            first = False
        if not data:
            return


def read_tools(name: str) -> Tools:
    """Read a JSON file of tool definitions, as a chat-completion request has them under `tools`."""
    try:
        with open(name, "rb") as file:
            definitions = json.load(file)
    except OSError as error:
        raise CommandError(unreadable(name, error)) from None
    except json.JSONDecodeError as error:
        raise CommandError(f"{name}: not JSON: {error.msg} at line {error.lineno} column {error.colno}") from None
    except (ValueError, RecursionError) as error:
        raise CommandError(f"{name}: not JSON: {error}") from None
    try:
        return Tools(definitions)
    except InvalidTools as error:
        raise CommandError(f"{name}: {error}") from None


def unreadable(name: str, error: OSError, also: Iterable[str] = ()) -> str:
    """Say in one line why a file cannot be read, with the name that was probably meant."""
    directory = os.path.dirname(name)
    if isinstance(error, FileNotFoundError):
        known = {file: os.path.join(directory, file) for file in names_in(directory)} | {word: word for word in also}
        close = get_close_matches(os.path.basename(name), known, n=1)
        return f"{name}: no such file" + (f"; did you mean {known[close[0]]}?" if close else "")
    if isinstance(error, IsADirectoryError):
        files = [path for file in names_in(name) if os.path.isfile(path := os.path.join(name, file))]
        return f"{name}: a directory, not a file" + (f"; name the files in it, such as {files[0]}" if files else "")
    return f"{name}: cannot be read: {error.strerror}"


def names_in(directory: str) -> list[str]:
    """The names in a directory, sorted; none where it cannot be listed."""
    try:
        return sorted(os.listdir(directory or "."))
    except OSError:
        return []
