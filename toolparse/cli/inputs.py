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
from glob import glob
from gzip import GzipFile
from io import FileIO
from select import select

from toolparse.schemas.tools import InvalidTools, Tools

PIECE = 256 * 1024  # bytes asked for at once: few reads, little memory
STANDARD_INPUT = "-"
ROWS = (*(kind + compressed for kind in (".jsonl", ".ndjson") for compressed in ("", ".gz", ".zst")), ".parquet")
"""What the names of files of rows end in; each row of one is a message."""


class CommandError(Exception):
    """The command cannot be carried out as it was given. The message is one line that says what to do."""


def open_input(name: str, also: Iterable[str] = ()) -> FileIO | GzipFile:
    """Open a file, or standard input for `-`, for reading; one that ends in .gz is unpacked.

    `also`: words that may have been meant where no file `name` exists.
    """
    if name == STANDARD_INPUT:
        if sys.stdin is None:
            raise CommandError("-: standard input is closed; name a file")
        return open(sys.stdin.fileno(), "rb", buffering=0, closefd=False)
    try:
        return GzipFile(name) if name.endswith(".gz") else open(name, "rb", buffering=0)
    except OSError as error:
        raise CommandError(unreadable(name, error, also)) from None


def files_named(names: Iterable[str]) -> list[str]:
    """The files that are meant: the files of a folder, in the order of their names, what a pattern matches, and the others as they are."""
    found: list[str] = []
    for name in names:
        if name != STANDARD_INPUT and os.path.isdir(name):
            inside = [path for file in names_in(name) if not file.startswith(".") and os.path.isfile(path := os.path.join(name, file))]
            if not inside:
                raise CommandError(f"{name}: a directory without files")
            found += inside
        elif any(mark in name for mark in "*?[") and not os.path.exists(name):
            matching = sorted(path for path in glob(name, recursive=True) if os.path.isfile(path))
            if not matching:
                raise CommandError(f"{name}: no file matches")
            found += matching
        else:
            found.append(name)
    return found


def read_text(file: FileIO | GzipFile, name: str, encoding: str = "utf-8") -> Iterator[str]:
    """Give the file's text in pieces, each as soon as it is there, newlines as they are. A byte order mark is no text."""
    try:
        "".encode(encoding)  # which refuses codecs that are not between text and bytes
        decoder = codecs.getincrementaldecoder(encoding)()
    except (LookupError, UnicodeError):
        raise CommandError(f"no encoding is called {encoding!r}; try utf-8, utf-16, gbk or latin-1") from None
    wide = encoding.lower().replace("_", "-").startswith(("utf-16", "utf-32"))
    offset = 0
    first = True
    while True:
        try:
            data = file.read(PIECE)
        except (OSError, EOFError) as error:
            raise CommandError(unreadable(name, error)) from None
        if data is None:  # an input that does not block, and has nothing yet
            select([file], [], [])
            continue
        if first and not offset and encoding == "utf-8":
            told = other_than_text(data, name)
            if told:
                raise CommandError(f"{name}: {told}")
        if b"\0" in data and not wide:
            raise CommandError(f"{name}: not text, but binary (a NUL byte at offset {offset + data.index(0)}); give UTF-8 text")
        undecoded = len(decoder.getstate()[0])
        try:
            text = decoder.decode(data, final=not data)
        except UnicodeDecodeError as error:
            at = offset - undecoded + error.start
            byte = error.object[error.start]
            kind = "UTF-8" if encoding == "utf-8" else encoding
            gbk = encoding == "utf-8" and is_gbk(error.object[error.start :])
            hint = "this looks like GBK: read it with --encoding gbk" if gbk else "convert it to UTF-8"
            raise CommandError(f"{name}: not {kind} text (byte 0x{byte:02x} at offset {at}); {hint}") from None
        offset += len(data)
        if text:
            yield text.removeprefix("\ufeff") if first else text
            first = False
        if not data:
            return


def other_than_text(data: bytes, name: str) -> str:
    """What a file is by its first bytes and its name, when it is no UTF-8 text to be parsed, and what to do; "" otherwise."""
    if data.startswith(b"PAR1"):
        return f"a Parquet file: read its rows with `toolparse batch {name}`"
    if name.removesuffix(".gz").removesuffix(".zst").endswith((".jsonl", ".ndjson")):
        return f"a file of JSON lines: read its rows with `toolparse batch {name}`"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "UTF-16 text: read it with --encoding utf-16"
    half = data[: len(data) // 2 * 2]
    for zeros, order in ((half[1::2], "le"), (half[::2], "be")):
        if len(half) >= 8 and zeros.count(0) > len(zeros) // 2 and half.count(0) < len(half) * 3 // 4:
            return f"UTF-16 text without a byte order mark: read it with --encoding utf-16-{order}"
    return ""


def is_gbk(data: bytes) -> bool:
    """Whether bytes that are no UTF-8 look like Chinese text in GBK: pairs that the encoding knows, mostly of common characters."""
    try:
        text = codecs.getincrementaldecoder("gbk")().decode(data)
    except UnicodeDecodeError:
        return False
    wide = [character for character in text if character > "\x7f"]
    return (
        len(wide) > 1
        and sum("\u4e00" <= character <= "\u9fff" or "\u3000" <= character <= "\uffef" for character in wide) * 10 > len(wide) * 9
    )


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


def unreadable(name: str, error: OSError | EOFError, also: Iterable[str] = ()) -> str:
    """Say in one line why a file cannot be read, with the name that was probably meant."""
    directory = os.path.dirname(name)
    if isinstance(error, FileNotFoundError):
        known = {file: os.path.join(directory, file) for file in names_in(directory)} | {word: f"the command {word}" for word in also}
        close = get_close_matches(os.path.basename(name), known, n=1)
        return f"{name}: no such file" + (f"; did you mean {known[close[0]]}?" if close else "")
    if isinstance(error, IsADirectoryError):
        files = [path for file in names_in(name) if os.path.isfile(path := os.path.join(name, file))]
        return f"{name}: a directory, not a file" + (f"; name the files in it, such as {files[0]}" if files else "")
    return f"{name}: cannot be read: {getattr(error, 'strerror', None) or error}"


def names_in(directory: str) -> list[str]:
    """The names in a directory, sorted; none where it cannot be listed."""
    try:
        return sorted(os.listdir(directory or "."))
    except OSError:
        return []
