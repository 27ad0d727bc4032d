"""The names under which the plug-ins register: `toolparse_` before every name that a format has.

Knows the registry of formats and no engine.
"""

from __future__ import annotations

from toolparse.formats import formats

PREFIX = "toolparse_"


def tool_parsers() -> dict[str, str]:
    """For each name of a tool parser, the format: `{"toolparse_hermes": "hermes", "toolparse_qwen25": "hermes", ...}`."""
    return {PREFIX + name: fmt.name for fmt in formats() if fmt.calls or fmt.channels for name in (fmt.name, *fmt.aliases)}


def reasoning_parsers() -> dict[str, str]:
    """For each name of a reasoning parser, the format. Names that only reasoning parsers have come first where both exist."""
    marked = [fmt for fmt in formats() if fmt.reasoning]
    table = {PREFIX + name: fmt.name for fmt in marked for name in (fmt.name, *fmt.aliases)}
    table |= {PREFIX + name: fmt.name for fmt in marked for name in fmt.reasoning_aliases if PREFIX + name not in table}
    return table
