"""The names under which the plug-ins register: `toolparse_` before every name that a format has.

Knows the registry of formats and no engine.
"""

from __future__ import annotations

from toolparse.formats import formats

PREFIX = "toolparse_"


TOOL_SPELLINGS = {"granite-20b-fc": "granite_20b_fc"}
REASONING_SPELLINGS = {
    "deepseek-r1": "deepseek_r1",
    "deepseek-v3": "deepseek_v31",
    "deepseek-v4": "deepseek_v4",
    "deepseek-v41": "deepseek_v41",
}
"""Names that engines spell in ways of their own."""
INLINE = "append"
"""In the names of reasoning parsers that leave the markers in the content; those do nothing that a parser is needed for."""


def tool_parsers() -> dict[str, str]:
    """For each name of a tool parser, the format: `{"toolparse_hermes": "hermes", "toolparse_qwen25": "hermes", ...}`."""
    table = {PREFIX + name: fmt.name for fmt in formats() if fmt.calls or fmt.channels for name in (fmt.name, *fmt.aliases)}
    return {**table, **{PREFIX + name: fmt for name, fmt in TOOL_SPELLINGS.items()}}


def reasoning_parsers() -> dict[str, str]:
    """For each name of a reasoning parser, the format. Names that only reasoning parsers have come first where both exist."""
    marked = [fmt for fmt in formats() if fmt.reasoning]
    table = {PREFIX + name: fmt.name for fmt in marked for name in (fmt.name, *fmt.aliases) if INLINE not in name}
    table |= {PREFIX + name: fmt.name for fmt in marked for name in fmt.reasoning_aliases if PREFIX + name not in table}
    return {**table, **{PREFIX + name: fmt for name, fmt in REASONING_SPELLINGS.items()}}
