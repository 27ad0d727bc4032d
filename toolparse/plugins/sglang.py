"""Registers every format with SGLang. The entry point `sglang.srt.plugins` calls `register` in each of SGLang's processes.

The detector classes are in `sglang_detectors.py`, which imports SGLang. A class is only a table entry: nothing is compiled before a
request is parsed.
"""

from __future__ import annotations

from toolparse.plugins.names import reasoning_parsers, tool_parsers


def register() -> None:
    """Make `--tool-call-parser toolparse_NAME` and `--reasoning-parser toolparse_NAME` known. May be called any number of times."""
    from sglang.srt.function_call.function_call_parser import FunctionCallParser
    from sglang.srt.parser.reasoning_parser import ReasoningParser

    from toolparse.plugins.sglang_detectors import reasoning_detector, tool_detector

    FunctionCallParser.ToolCallParserEnum.update({name: tool_detector(name, fmt) for name, fmt in tool_parsers().items()})
    ReasoningParser.DetectorMap.update({name.lower(): reasoning_detector(name, fmt) for name, fmt in reasoning_parsers().items()})
