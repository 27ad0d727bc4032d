"""Rows as Arrow tables, and Parquet written from blocks of them.

Each block is a table with a schema of its own, as its rows tell it; the file has one schema for all, so types that do not go together
become JSON text, as do objects, whose keys differ from row to row. Messages and calls have a fixed type.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator
from contextlib import suppress
from typing import IO, Any

from toolparse.data.conversation import Row, json_text
from toolparse.data.extras import needed

_LENGTH = struct.Struct("<Q")
GROUP = 16 << 20
"""Rows of so many bytes are one row group of a Parquet file, about."""
_JSON = frozenset(("tools", "parsed_tools"))
"""Columns of tool definitions, which no type of Arrow describes."""


def packed(rows: list[Row], schema: Any = None, made: Collection[str] = ()) -> bytes:
    """A block of the file between: a length, and the rows as an Arrow stream.

    `schema` is that of the file that they came from; it says nothing of the columns in `made`, which have been made anew.
    """
    pyarrow = _arrow()
    columns: dict[str, list[Any]] = {}
    for number, row in enumerate(rows):
        for key, value in row.items():
            columns.setdefault(key, [None] * number).append(value)
        for values in columns.values():
            if len(values) <= number:
                values.append(None)
    given = {} if schema is None else {field.name: field.type for field in schema if field.name not in made}
    arrays = {_encodable(key): _array(pyarrow, key, values, given.get(key)) for key, values in columns.items()}
    table = pyarrow.table(arrays)
    sink = pyarrow.BufferOutputStream()
    with pyarrow.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    data: bytes = sink.getvalue().to_pybytes()
    return _LENGTH.pack(len(data)) + data


def write_parquet(blocks: str, target: IO[bytes]) -> None:
    """Write what the file `blocks` holds as Parquet: twice over it for the schema, once for the rows."""
    pyarrow, parquet = _arrow(), needed("pyarrow.parquet", "writing Parquet", "data")
    types: dict[str, Any] = {}
    differ = set()
    for schema in (table.schema for table in _tables(blocks)):
        for field in schema:
            joined = _joined(pyarrow, types.get(field.name, field.type), field.type)
            if joined != field.type or joined != types.get(field.name, joined):
                differ.add(field.name)
            types[field.name] = joined
    for table in _tables(blocks) if differ else ():
        for name in differ.intersection(table.column_names):
            try:
                _cast(pyarrow, table, pyarrow.field(name, types[name]))
            except pyarrow.ArrowException:  # a value that the type of others cannot hold, such as a long integer among fractions
                types[name] = pyarrow.string()
    schema = pyarrow.schema([(name, pyarrow.string() if pyarrow.types.is_null(kind) else kind) for name, kind in types.items()])
    with parquet.ParquetWriter(target, schema, compression="zstd") as writer:
        waiting: list[Any] = []
        for table in _tables(blocks):
            waiting.append(pyarrow.table([_cast(pyarrow, table, field) for field in schema], schema=schema))
            if sum(part.nbytes for part in waiting) >= GROUP:
                writer.write_table(pyarrow.concat_tables(waiting))
                waiting = []
        if waiting:
            writer.write_table(pyarrow.concat_tables(waiting))


def _arrow() -> Any:
    return needed("pyarrow", "writing Parquet", "data")


def _array(pyarrow: Any, name: str, values: list[Any], given: Any) -> Any:
    refused = (pyarrow.ArrowException, TypeError, ValueError, OverflowError)
    for kind in _kinds(pyarrow, name, values, given):
        if all(_holds(pyarrow, kind, value) for value in values):
            with suppress(*refused):
                return pyarrow.array(values, kind)
    if name in _JSON or any(
        isinstance(item, (dict, list)) for value in values for item in (value if isinstance(value, list) else (value,))
    ):
        return _texts(pyarrow, values)
    try:
        return pyarrow.array(values)
    except refused:
        return _texts(pyarrow, values)


def _holds(pyarrow: Any, kind: Any, value: Any) -> bool:
    """Whether a type has a place for all keys of objects in a value: Arrow leaves out without a word what a struct does not name."""
    if isinstance(value, dict) and pyarrow.types.is_struct(kind):
        fields = {field.name: field.type for field in kind}
        return all(item is None or (key in fields and _holds(pyarrow, fields[key], item)) for key, item in value.items())
    if isinstance(value, list) and (pyarrow.types.is_list(kind) or pyarrow.types.is_large_list(kind)):
        return all(_holds(pyarrow, kind.value_type, item) for item in value)
    return True


def _kinds(pyarrow: Any, name: str, values: list[Any], given: Any) -> Iterator[Any]:
    """The types that a column may have: the file's own, ours, and ours with what else the objects in it say."""
    if given is not None:
        yield given
    fixed = _fixed(pyarrow).get(name)
    if fixed is not None:
        yield fixed
        yield _wider(pyarrow, fixed, values)


def _wider(pyarrow: Any, kind: Any, values: list[Any]) -> Any:
    """A type of lists of objects with fields for whatever else these say in one word: a weight, a mark ..."""
    named = {field.name for field in kind.value_type}
    more: dict[str, list[Any]] = {}
    for value in values:
        for item in value if isinstance(value, list) else ():
            for key in item.keys() - named if isinstance(item, dict) else ():
                more.setdefault(key, []).append(item[key])
    if any(isinstance(value, (dict, list)) for found in more.values() for value in found):
        return kind
    try:
        fields = [pyarrow.field(key, pyarrow.array(more[key]).type) for key in sorted(more)]
    except (pyarrow.ArrowException, TypeError, ValueError, OverflowError):
        return kind
    return pyarrow.list_(pyarrow.struct([*kind.value_type, *fields]))


def _texts(pyarrow: Any, values: list[Any]) -> Any:
    """Values as JSON text; those that are text stay as they are."""
    texts = [value if value is None or isinstance(value, str) else json_text(value) for value in values]
    return pyarrow.array([None if text is None else _encodable(text) for text in texts], pyarrow.string())


def _encodable(text: str) -> str:
    """Arrow's text is UTF-8, which has no lone surrogates: they become their escapes."""
    return text.encode("utf-8", "backslashreplace").decode()


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


def _tables(blocks: str) -> Iterator[Any]:
    pyarrow = _arrow()
    with open(blocks, "rb") as file:
        while header := file.read(_LENGTH.size):
            with pyarrow.ipc.open_stream(file.read(*_LENGTH.unpack(header))) as reader:
                yield reader.read_all()
