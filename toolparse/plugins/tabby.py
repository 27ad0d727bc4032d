"""tabbyAPI's tool formats over `toolparse.parse`, put into its table.

tabbyAPI cuts the calls out of an output by the markers that a format names, and gives their text, markers and all, to the format at the
end. It loads nothing of other packages, so in its folder the line that starts it with toolparse is::

    python -m toolparse.plugins.tabby main.py --tool-format toolparse_hermes

Who embeds it calls `install` before a model is loaded. Facts: theroyallab/tabbyAPI e632af4, `endpoints/OAI/utils/tools.py` and
`chat_completion.py`.
"""

from __future__ import annotations

import runpy
import sys
from functools import partial
from importlib import import_module
from types import SimpleNamespace
from typing import Any

from toolparse.formats import get_format
from toolparse.grammar import Format
from toolparse.parser import parse
from toolparse.plugins.detector import calls_only
from toolparse.plugins.mlx import markers
from toolparse.plugins.names import tool_parsers
from toolparse.plugins.readable_calls import readable


def read_calls(fmt: Format, types: Any, text: str) -> list[Any]:
    """The calls of a text as tabbyAPI's. It tells a format no tools."""
    calls = readable(parse(text, calls_only(fmt), prompt=""))
    return [types.ToolCall(id=call.id, function=types.Tool(name=call.name, arguments=call.arguments)) for call in calls]


def install() -> None:
    """Put every format whose calls stand between markers into tabbyAPI's table as `toolparse_NAME`. May be called any number of times."""
    table = import_module("endpoints.OAI.utils.tools").ALL_TOOLCALL_FORMATS
    types = import_module("endpoints.OAI.types.tools")
    for name, fmt_name in tool_parsers().items():
        fmt = get_format(fmt_name)
        pair = markers(fmt)
        if pair is not None:
            table[name] = SimpleNamespace(
                TOOLCALL_START=pair[0], TOOLCALL_END=pair[1] or None, parse_toolcalls=partial(read_calls, fmt, types)
            )


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("python -m toolparse.plugins.tabby main.py [ARGUMENT...], in tabbyAPI's folder")
    sys.path.insert(0, "")
    install()
    sys.argv = sys.argv[1:]
    runpy.run_path(sys.argv[0], run_name="__main__")
