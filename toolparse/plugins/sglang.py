"""Registers every format with SGLang. The entry point `sglang.srt.plugins` calls `register` in each of SGLang's processes.

The detector classes are in `sglang_detectors.py`, which imports SGLang. A class is only a table entry: nothing is compiled before a
request is parsed.
"""

from __future__ import annotations

from toolparse.plugins.names import reasoning_parsers, tool_parsers
from toolparse.plugins.reports import missing


def register() -> None:
    """Make `--tool-call-parser toolparse_NAME` and `--reasoning-parser toolparse_NAME` known. May be called any number of times.

    Never raises: SGLang calls it in servers that do not use toolparse, too. What is not where it was is one line in the log.
    """
    try:
        from toolparse.plugins import sglang_detectors as made
        from toolparse.plugins.sglang_hooks import name_parsers
    except Exception as error:
        missing("toolparse has no parsers in this SGLang, as its detectors are not as expected", error)
        return
    try:
        from sglang.srt.function_call.function_call_parser import FunctionCallParser

        FunctionCallParser.ToolCallParserEnum.update({name: made.tool_detector(name, fmt) for name, fmt in tool_parsers().items()})
    except Exception as error:
        missing("toolparse has no tool parsers in this SGLang, as FunctionCallParser is not as expected", error)
    try:
        from sglang.srt.parser.reasoning_parser import ReasoningParser

        ReasoningParser.DetectorMap.update({name.lower(): made.reasoning_detector(name, fmt) for name, fmt in reasoning_parsers().items()})
    except Exception as error:
        missing("toolparse has no reasoning parsers in this SGLang, as ReasoningParser is not as expected", error)
    try:
        name_parsers(made.own_name)
    except Exception as error:
        missing("toolparse cannot use SGLang's hooks: what it decides by a parser's name it does not do for toolparse", error)
