"""Rows as Arrow tables, and Parquet written from blocks of them.

Each block is a table with a schema of its own, as its rows tell it; the file has one schema for all, so types that do not go together
become JSON text, as do objects, whose keys differ from row to row. Messages and calls have a fixed type.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from toolparse.data.conversation import Row, json_text
from toolparse.data.extras import needed

_LENGTH = struct.Struct("<Q")
_JSON = frozenset(("tools", "parsed_tools"))
"""Columns of tool definitions, which no type of Arrow describes."""


def packed(rows: list[Row], schema: Any = None) -> bytes:
    """A block of the file between: a length, and the rows as an Arrow stream. `schema` is that of the file that they came from."""
    pyarrow = _arrow()
    columns: dict[str, list[Any]] = {}
    for number, row in enumerate(rows):
        for key, value in row.items():
            columns.setdefault(key, [None] * number).append(value)
        for values in columns.values():
            if len(values) <= number:
                values.append(None)
    given = {} if schema is None else {field.name: field.type for field in schema}
    arrays = {key: _array(pyarrow, key, values, given.get(key)) for key, values in columns.items()}
    table = pyarrow.table(arrays)
    sink = pyarrow.BufferOutputStream()
    with pyarrow.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    data: bytes = sink.getvalue().to_pybytes()
    return _LENGTH.pack(len(data)) + data


def write_parquet(blocks: str, target: IO[bytes]) -> None:
    """Write what the file `blocks` holds as Parquet."""
    join(Path(blocks).open, target)


def join(blocks: Callable[[str], IO[bytes]], target: IO[bytes]) -> None:
    """Write packed blocks as Parquet: once over them for the schema, once for the rows. `blocks` opens the file that holds them."""
    pyarrow, parquet = _arrow(), needed("pyarrow.parquet", "writing Parquet", "data")
    types: dict[str, Any] = {}
    for schema in (table.schema for table in _tables(blocks)):
        for field in schema:
            types[field.name] = _joined(pyarrow, types.get(field.name), field.type)
    schema = pyarrow.schema([(name, pyarrow.string() if pyarrow.types.is_null(kind) else kind) for name, kind in types.items()])
    with parquet.ParquetWriter(target, schema, compression="zstd") as writer:
        for table in _tables(blocks):
            arrays = [_cast(pyarrow, table, field) for field in schema]
            writer.write_table(pyarrow.table(arrays, schema=schema))


def _arrow() -> Any:
    return needed("pyarrow", "writing Parquet", "data")


def _array(pyarrow: Any, name: str, values: list[Any], given: Any) -> Any:
    fixed = given if given is not None else _fixed(pyarrow).get(name)
    if name in _JSON and given is None:
        return _texts(pyarrow, values)
    try:
        if fixed is not None:
            return pyarrow.array(values, fixed)
        if any(isinstance(item, (dict, list)) for value in values for item in (value if isinstance(value, list) else (value,))):
            return _texts(pyarrow, values)
        return pyarrow.array(values)
    except (pyarrow.ArrowException, TypeError, ValueError, OverflowError):
        return _texts(pyarrow, values)


def _texts(pyarrow: Any, values: list[Any]) -> Any:
    """Values as JSON text; those that are text stay as they are."""
    texts = [value if value is None or isinstance(value, str) else json_text(value) for value in values]
    return pyarrow.array([_encodable(text) for text in texts], pyarrow.string())


def _encodable(text: str | None) -> str | None:
    """Arrow's text is UTF-8, which has no lone surrogates: they become their escapes."""
    return text if text is None else text.encode("utf-8", "backslashreplace").decode()


def _fixed(pyarrow: Any) -> dict[str, Any]:
    text = pyarrow.string()
    function = pyarrow.struct([("name", text), ("arguments", text)])
    calls = pyarrow.list_(pyarrow.struct([("id", text), ("type", text), ("function", function)]))
    message = pyarrow.struct(
        [("role", text), ("content", text), ("reasoning_content", text), ("tool_calls", calls), ("tool_call_id", text), ("name", text)]
    )
    problem = pyarrow.struct([("kind", text), ("message", text), ("position", pyarrow.int64()), ("severity", text)])
    return {
        "messages": pyarrow.list_(message),
        "parsed_messages": pyarrow.list_(message),
        "parsed_tool_calls": calls,
        "parsed_problems": pyarrow.list_(problem),
    }


def _joined(pyarrow: Any, one: Any, other: Any) -> Any:
    """The type that holds both."""
    if one is None or one == other or pyarrow.types.is_null(one):
        return other
    if pyarrow.types.is_null(other):
        return one
    try:
        fields = [pyarrow.schema([("value", kind)]) for kind in (one, other)]
        return pyarrow.unify_schemas(fields, promote_options="permissive").field("value").type
    except (pyarrow.ArrowException, TypeError):
        return pyarrow.string()


def _cast(pyarrow: Any, table: Any, field: Any) -> Any:
    if field.name not in table.column_names:
        return pyarrow.nulls(table.num_rows, field.type)
    column = table.column(field.name)
    if column.type == field.type:
        return column
    if pyarrow.types.is_string(field.type):
        return _texts(pyarrow, column.to_pylist())
    return column.cast(field.type)


def _tables(blocks: Callable[[str], IO[bytes]]) -> Iterator[Any]:
    pyarrow = _arrow()
    with blocks("rb") as file:
        while header := file.read(_LENGTH.size):
            with pyarrow.ipc.open_stream(file.read(*_LENGTH.unpack(header))) as reader:
                yield reader.read_all()
