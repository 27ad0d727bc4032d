"""LightLLM's detectors over `toolparse.Parser`, put into the table of its `FunctionCallParser`.

LightLLM has no plug-ins, and its HTTP server is a process of its own, so the one line that starts a stock LightLLM with toolparse is::

    PYTHONPATH="$(python -m toolparse.plugins.lightllm)" python -m lightllm.server.api_server --tool_call_parser qwen25 ...

`python -m toolparse.plugins.lightllm` prints the folder of a `sitecustomize` module that calls `install` in every process in which
LightLLM's table is imported. Who embeds LightLLM calls `install` instead.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from toolparse.formats import get_format
from toolparse.message import Message, MessageBuilder
from toolparse.parser import Parser
from toolparse.plugins.detector import Detector
from toolparse.plugins.names import PREFIX, tool_parsers

SITE = Path(__file__).parent / "lightllm_site"


class LightllmDetector(Detector):
    """What LightLLM adds to the shared contract.

    At the end its server writes the last arguments of a call anew, from `prev_tool_call_arr`, in a spelling of its own. All that is
    known of a call has been sent, so that list stays empty, and the server leaves the arguments as they are.
    """

    def finalize_streaming(self, tools: Any) -> Any:
        """The end of the stream, as LightLLM calls it where it does."""
        return self.finish(tools)

    def note_call(self, name: str) -> None:
        pass

    def note_arguments(self, index: int) -> None:
        pass

    def _whole(self, text: str, tools: Any) -> Message:
        """LightLLM gives the whole output, reasoning included, even when it has taken the reasoning out itself."""
        builder = MessageBuilder()
        parser = Parser(self.toolparse_format, tools=tools or None)
        for event in parser.feed(text) + parser.finish():
            builder.add(event)
        return builder.message


def install(module: Any = None) -> None:
    """Put every format into LightLLM's table, under its own names, LightLLM's among them, and `toolparse_NAME`.

    `module` is `lightllm.server.function_call_parser`, which is imported when not given. May be called any number of times.
    """
    if module is None:
        module = import_module("lightllm.server.function_call_parser")
    table = module.FunctionCallParser.ToolCallParserEnum
    # Until the summer of 2025 a whole text's result was the list of its calls; later it is the same object as a piece's.
    both = {"__len__": lambda self: len(self.calls), "__iter__": lambda self: iter(self.calls), "__bool__": lambda self: True}
    members = {"result_type": type("Result", (module.StreamingParseResult,), both), "item_type": module.ToolCallItem}
    for name, fmt in tool_parsers().items():
        made = type(f"Toolparse_{fmt}", (LightllmDetector, module.BaseFormatDetector), {**members, "toolparse_format": get_format(fmt)})
        table[name] = table[name.removeprefix(PREFIX)] = made
    # The server looks for calls in a whole output only where one of these texts is in it. The detectors know better; "" is in every text.
    if "" not in module.TOOLS_TAG_LIST:
        module.TOOLS_TAG_LIST.append("")


if __name__ == "__main__":
    print(SITE)
