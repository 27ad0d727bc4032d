"""Files of rows: JSON lines, JSON, Parquet and plain text, compressed or not, and standard input.

A file is given as *blocks* of rows that are not decoded yet, so that a worker may do that; each knows where its rows stand. A row that is
no JSON object is a fault with its place, never an exception.
"""

from __future__ import annotations

import glob
import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, Any

from toolparse.data.conversation import InvalidRow, Row
from toolparse.data.extras import needed
from toolparse.jsontext.partial import loaded

ROWS, BYTES = 1000, 1 << 20
"""A block ends at so many rows, or behind so many bytes."""
STANDARD_INPUT = "-"
_COMPRESSED = (".gz", ".zst")
_KINDS = {".jsonl": "lines", ".ndjson": "lines", ".json": "json", ".parquet": "parquet", ".txt": "text"}
SUFFIXES = tuple(kind + compressed for kind in _KINDS for compressed in ("", *_COMPRESSED) if kind != ".parquet" or not compressed)


class UnreadableFile(OSError):
    """A file that cannot be read as what it seems to be; the message names it and says why."""


@dataclass(slots=True)
class Block:
    """Rows of one file that stand together. `lines` are the number of each row's line, from 1; of Parquet and JSON lists, of the row.

    `rows` are bytes of JSON, or rows that are decoded already. `position` is how much of the files has been read, in bytes.
    """

    file: str
    lines: list[int]
    rows: list[bytes | Row]
    position: int = 0
    schema: Any = None  # of Arrow, where the file has one


def read(path: str | os.PathLike[str], rejected: Callable[[str, int, str], object] | None = None) -> Iterator[Row]:
    """The rows of a file, of the files in a folder, or of those that a pattern such as `data/*.jsonl` matches; `-` is standard input.

    A line that is no JSON object raises `InvalidRow`, unless `rejected` takes it: it is called with file, line and reason. Raises
    `OSError` for what cannot be opened.
    """
    for name in found(os.fspath(path)):
        for block in blocks(name):
            for line, row in zip(block.lines, block.rows, strict=True):
                try:
                    yield decoded_row(row)
                except InvalidRow as error:
                    if rejected is None:
                        raise InvalidRow(f"{name}, line {line}: {error}") from None
                    rejected(name, line, str(error))


def found(path: str) -> list[str]:
    """The files that a path, a folder or a pattern means, sorted. Raises `UnreadableFile` where there is none."""
    if path == STANDARD_INPUT:
        return [path]
    if os.path.isdir(path):
        inside = [os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names]
        files = sorted(name for name in inside if name.endswith(SUFFIXES) and not _hidden(os.path.relpath(name, path)))
        if not files:
            raise UnreadableFile(f"{path}: no file in this folder ends in {', '.join(_KINDS)}")
        return files
    if not os.path.exists(path) and glob.has_magic(path):
        files = sorted(name for name in glob.glob(path, recursive=True) if os.path.isfile(name))
        if not files:
            raise UnreadableFile(f"{path}: no file matches this pattern")
        return files
    return [path]


def _hidden(path: str) -> bool:
    """Whether a file in a folder, or a folder on the way to it, is none of the rows."""
    return any(part.startswith((".", "_")) for part in path.split(os.sep))


def blocks(name: str) -> Iterator[Block]:
    """The blocks of one file."""
    base = name.removesuffix(".gz").removesuffix(".zst")
    kind = "lines" if name == STANDARD_INPUT else _KINDS.get(os.path.splitext(base)[1].lower())
    if kind == "parquet":
        yield from _parquet(name)
        return
    with _opened(name) as (file, raw):
        buffered = file if isinstance(file, io.BufferedReader) else io.BufferedReader(_Buffer(file), BYTES)
        start = _peeked(name, buffered).lstrip(b"\xef\xbb\xbf \t\r\n")
        if kind is None and not start.startswith((b"{", b"[")):
            raise UnreadableFile(f"{name}: neither its name nor its start tells what it holds; known are {', '.join(_KINDS)}")
        if kind == "text":
            yield Block(name, [1], [_text(name, buffered.read())], raw())
        elif start.startswith(b"["):
            yield from _items(name, buffered, raw)
        elif kind == "json" and not _object_in_line(start):
            yield Block(name, [1], [buffered.read()], raw())
        else:
            yield from _lines(name, buffered, raw)


def decoded_row(row: bytes | Row) -> Row:
    """The row that bytes of JSON are. Raises `InvalidRow`."""
    if isinstance(row, dict):
        return row
    try:
        value = json.loads(row.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise InvalidRow(f"not UTF-8 text (byte 0x{row[error.start]:02x} at offset {error.start})") from None
    except json.JSONDecodeError as error:
        raise InvalidRow(f"not JSON: {error.msg} at column {error.colno}") from None
    except (ValueError, RecursionError) as error:
        raise InvalidRow(f"not JSON that can be read: {error}") from None
    if not isinstance(value, dict):
        raise InvalidRow(f"a row is a JSON object, not {type(value).__name__}")
    return value


# -- the kinds of files ------------------------------------------------------------------------------------------------------------------


def _lines(name: str, file: IO[bytes], raw: Callable[[], int]) -> Iterator[Block]:
    number = 0  # lines before those that were taken last
    while True:
        try:
            taken = file.readlines(BYTES)  # whole lines, many at once: the process that all workers wait for reads them
        except (OSError, EOFError) as error:
            raise UnreadableFile(f"{name}: cannot be read behind line {number}: {error}") from None
        if not taken:
            return
        if not number:
            taken[0] = taken[0].removeprefix(b"\xef\xbb\xbf")
        for first in range(0, len(taken), ROWS):
            rows: list[bytes | Row] = [line.strip() for line in taken[first : first + ROWS]]
            lines = list(range(number + first + 1, number + first + 1 + len(rows)))
            if not all(rows):
                lines = [line for line, row in zip(lines, rows, strict=True) if row]
                rows = list(filter(None, rows))
            if rows:
                yield Block(name, lines, rows, raw())
        number += len(taken)


def _decoded(name: str, data: bytes, last: bool) -> tuple[str, bytes]:
    """The text of a piece of a file, and the bytes at its end that are part of a character."""
    try:
        return data.decode("utf-8"), b""
    except UnicodeDecodeError as error:
        if error.reason != "unexpected end of data" or last:
            raise UnreadableFile(f"{name}: not UTF-8 text (byte 0x{data[error.start]:02x}); convert it to UTF-8") from None
        return data[: error.start].decode("utf-8"), data[error.start :]


def _items(name: str, file: IO[bytes], raw: Callable[[], int]) -> Iterator[Block]:
    """The elements of a JSON list, without holding more than a block and one element of it."""
    text, at, number, step = "", 0, 0, BYTES
    begun = ended = False
    rows: list[bytes | Row] = []
    pending = b""
    block_start = 0

    def block() -> Block:
        return Block(name, list(range(number - len(rows) + 1, number + 1)), rows, raw())

    while True:
        cut = False
        while not cut:
            at = _behind_space(text, at, "," if begun else "[")
            begun = begun or at > 0
            if text[at : at + 1] in ("", "]"):
                break
            element = _element(text, at, ended)
            cut = element is None
            if element is not None:
                value, at = element
                number += 1
                rows.append(value if isinstance(value, dict) else json.dumps(value).encode())
                if len(rows) >= ROWS or at - block_start >= BYTES:
                    yield block()
                    rows, block_start = [], at
        over = text[at : at + 1] == "]"
        if over or ended:
            if not over and (cut or text[at:].strip()):
                number += 1
                rows.append(text[at:].encode("utf-8", "surrogatepass"))
            if rows:
                yield block()
            return
        data = pending + file.read(step)
        step = step * 2 if cut else BYTES  # an element that is longer than what there is: linear work all the same
        ended = len(data) == len(pending)
        more, pending = _decoded(name, data, ended)
        text, at, block_start = text[at:] + (more if number or begun else more.lstrip("\ufeff")), 0, block_start - at


_raw_decode = json.JSONDecoder().raw_decode


def _element(text: str, at: int, ended: bool) -> tuple[Any, int] | None:
    """The element at `at` and where it ends; None when it is cut off, or broken. Unless the text has ended, a number may go on."""
    try:
        value, end = _raw_decode(text, at)
    except (ValueError, RecursionError):
        return None
    return (value, end) if end < len(text) or ended or isinstance(value, (dict, list, str)) else None


def _behind_space(text: str, at: int, mark: str) -> int:
    """The offset behind white space, and one `mark` in it."""
    while text[at : at + 1] in (" ", "\t", "\r", "\n"):
        at += 1
    if text[at : at + 1] == mark:
        at += 1
        while text[at : at + 1] in (" ", "\t", "\r", "\n"):
            at += 1
    return at


def _parquet(name: str) -> Iterator[Block]:
    parquet = needed("pyarrow.parquet", f"{name}: reading Parquet", "data")
    pyarrow = needed("pyarrow", f"{name}: reading Parquet", "data")
    try:
        with parquet.ParquetFile(name) as file:
            check_columns(name, file.schema_arrow.names)
            total, count, number = os.path.getsize(name), max(file.metadata.num_rows, 1), 0
            for batch in file.iter_batches(batch_size=rows_at_once(file)):
                rows = batch.to_pylist()
                first = number + 1
                number += len(rows)
                position = total * number // count
                yield Block(name, list(range(first, number + 1)), rows, position, batch.schema)
    except (pyarrow.ArrowException, OSError) as error:
        if isinstance(error, (FileNotFoundError, UnreadableFile)):
            raise
        raise UnreadableFile(f"{name}: cannot be read as Parquet: {' '.join(str(error).split())}") from None


def rows_at_once(file: Any) -> int:
    """How many rows of a Parquet file are a block: fewer where they are long."""
    size: int = sum(file.metadata.row_group(group).total_byte_size for group in range(file.num_row_groups))
    return max(1, min(ROWS, 4 * BYTES * int(file.metadata.num_rows) // max(size, 1)))


def check_columns(name: str, columns: list[str]) -> None:
    """Raise `UnreadableFile` where a column of Parquet would be lost: rows have each name once."""
    twice = next((column for column in columns if columns.count(column) > 1), None)
    if twice is not None:
        raise UnreadableFile(f"{name}: has the column {twice!r} twice; rename one of them")


def _text(name: str, data: bytes) -> Row | bytes:
    """A file of text is one row."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data
    return {"text": text, "file": name}


def _object_in_line(start: bytes) -> bool:
    """Whether the first line of what begins here is a JSON object: the file holds lines, whatever its name."""
    line, newline, _ = start.partition(b"\n")
    return bool(newline) and isinstance(loaded(line), dict)


# -- opening ------------------------------------------------------------------------------------------------------------------------------


class _opened:
    """A file for reading, decompressed, and a function that says how many bytes of it have been read."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> tuple[Any, Callable[[], int]]:
        if self.name == STANDARD_INPUT:
            self.raw: IO[bytes] = sys.stdin.buffer
            self.file: Any = self.raw
            return self.file, lambda: 0
        self.raw = open(self.name, "rb", BYTES)
        if self.name.endswith(".gz"):
            import gzip

            self.file = gzip.GzipFile(fileobj=self.raw, mode="rb")
        elif self.name.endswith(".zst"):
            zstandard = needed("zstandard", f"{self.name}: reading it", "data")
            self.file = zstandard.ZstdDecompressor().stream_reader(self.raw, read_across_frames=True)
        else:
            self.file = self.raw
        return self.file, self.raw.tell if self.raw.seekable() else lambda: 0

    def __exit__(self, *error: object) -> None:
        if self.name != STANDARD_INPUT:
            self.file.close()
            self.raw.close()


class _Buffer(io.RawIOBase):
    """What decompresses, as a file that can be buffered; what it cannot decompress is an `OSError`."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._file.read(len(buffer))
        except OSError:
            raise
        except Exception as error:  # zstandard and zlib have errors of their own
            raise OSError(f"damaged: {error}") from None
        buffer[: len(data)] = data
        return len(data)


def _peeked(name: str, file: Any) -> bytes:
    try:
        return bytes(file.peek(BYTES))
    except (OSError, EOFError) as error:
        raise UnreadableFile(f"{name}: cannot be read: {error}") from None
