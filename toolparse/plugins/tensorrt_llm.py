"""TensorRT-LLM's tool parsers over `toolparse.Parser`, put into the table of its `ToolParserFactory`.

TensorRT-LLM loads nothing of other packages, so the line that starts its server with toolparse is::

    python -m toolparse.plugins.tensorrt_llm serve MODEL --tool_parser toolparse_hermes

Who embeds it calls `install` before the server is made. Facts: NVIDIA/TensorRT-LLM `tensorrt_llm/serve/tool_parser/` and
`serve/postprocess_handlers.py` at 01bf192; its parsers descend from SGLang's detectors, whose contract is in `detector`.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

from toolparse.formats import get_format
from toolparse.plugins.detector import Detector
from toolparse.plugins.names import PREFIX, tool_parsers


class TensorrtParser(Detector):
    """What TensorRT-LLM has besides: it detokenizes without special tokens unless its parser says that it needs them."""

    needs_raw_special_tokens = True


class Unconstrained:
    """For formats of which TensorRT-LLM has no parser: no structural tag."""

    def supports_structural_tag(self) -> bool:
        return False

    def structure_info(self) -> Any:
        raise NotImplementedError("TensorRT-LLM has no structural tag of this format")


def install() -> None:
    """Put every format into TensorRT-LLM's table as `toolparse_NAME`. May be called any number of times."""
    base = import_module("tensorrt_llm.serve.tool_parser.base_tool_parser").BaseToolParser
    types = import_module("tensorrt_llm.serve.tool_parser.core_types")
    table = import_module("tensorrt_llm.serve.tool_parser.tool_parser_factory").ToolParserFactory.parsers
    plain = {name.replace(".", "").replace("-", "_"): made for name, made in table.items() if not name.startswith(PREFIX)}
    for name, fmt_name in tool_parsers().items():
        fmt = get_format(fmt_name)
        own = next((plain[alias] for alias in (fmt.name, *fmt.aliases) if alias in plain), None)
        members = {"toolparse_format": fmt, "result_type": types.StreamingParseResult, "item_type": types.ToolCallItem}
        parents = (TensorrtParser, own) if own is not None else (TensorrtParser, Unconstrained, base)
        table[name] = type(f"Toolparse_{fmt_name}", parents, members)


if __name__ == "__main__":
    install()
    sys.argv = sys.argv[:1] + sys.argv[2:] if sys.argv[1:2] == ["serve"] else sys.argv
    sys.exit(import_module("tensorrt_llm.commands.serve").main())
