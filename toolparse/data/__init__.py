"""Files and data sets of what models wrote: rows in, OpenAI messages or columns out. `toolparse batch` is made of it.

    from toolparse.data import messages, parse_columns, read
    for row in read("rows.jsonl"):
        print(messages(row)["messages"])
    dataset.map(parse_columns, batched=True, fn_kwargs={"format": "hermes"})

The names load with their first use; nothing of pandas, Arrow or Ray is imported before a file or a batch of theirs comes.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from toolparse.data.columns import parse_columns
    from toolparse.data.conversation import Conversation, InvalidRow
    from toolparse.data.files import read
    from toolparse.data.shapes import CannotWrite, messages, read_row, write_row

_HOMES = {
    "toolparse.data.columns": ("parse_columns",),
    "toolparse.data.conversation": ("Conversation", "InvalidRow"),
    "toolparse.data.files": ("read",),
    "toolparse.data.shapes": ("CannotWrite", "messages", "read_row", "write_row"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}
__all__ = ["CannotWrite", "Conversation", "InvalidRow", "messages", "parse_columns", "read", "read_row", "write_row"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'toolparse.data' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
