"""LightLLM's detectors over `toolparse.Parser`, put into the table of its `FunctionCallParser`.

LightLLM has no plug-ins, and its HTTP server is a process of its own, so the one line that starts a stock LightLLM with toolparse is::

    PYTHONPATH="$(python -m toolparse.plugins.lightllm)" python -m lightllm.server.api_server --tool_call_parser qwen25 ...

`python -m toolparse.plugins.lightllm` prints the folder of a `sitecustomize` module that calls `install` and `install_reasoning` in every
process in which LightLLM's tables are imported. Who embeds LightLLM calls `install` instead.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from toolparse.formats import get_format
from toolparse.plugins.detector import COUNTED, Detector, marked
from toolparse.plugins.names import PREFIX, tool_parsers
from toolparse.plugins.reasoning_split import ReasoningSplit

SITE = Path(__file__).parent / "lightllm_site"


class LightllmDetector(Detector):
    """What LightLLM adds to the shared contract.

    At the end its server writes the last arguments of a call anew, from `prev_tool_call_arr`, in a spelling of its own. All that is
    known of a call has been sent, so that list stays empty, and the server leaves the arguments as they are.
    """

    def note_call(self, name: str) -> None:
        pass


class LightllmReasoning:
    """A reasoning detector's methods over `ReasoningSplit`, mixed into one of LightLLM's that looks for a pair of markers.

    LightLLM takes the reasoning out before it looks for calls, so a call in open reasoning would be lost: here it ends the reasoning.
    Without a tool parser on the command line nothing is a call, and LightLLM's own methods do the work.
    """

    think_start_token: str
    think_end_token: str
    result_type: Any
    _in_reasoning: bool
    _split: ReasoningSplit | None = None

    def detect_and_parse(self, text: str) -> Any:
        split = self._new_split()
        if split is None:
            return super().detect_and_parse(text)  # type: ignore[misc]
        reasoning, rest = split.whole(text)
        return self.result_type(reasoning_text=reasoning, normal_text=rest)

    def parse_streaming_increment(self, new_text: str) -> Any:
        if self._split is None:
            self._split = self._new_split()
        if self._split is None:
            return super().parse_streaming_increment(new_text)  # type: ignore[misc]
        reasoning, rest = self._split.feed(new_text)
        return self.result_type(reasoning_text=reasoning, normal_text=rest)

    def flush(self) -> Any:
        """The stream has ended: what was held back. It goes to the client, and not to the tool parser, so markup of calls is left out."""
        if self._split is None:
            return super().flush()  # type: ignore[misc]
        reasoning, rest = self._split.finish()
        return self.result_type(reasoning_text=reasoning, normal_text="" if self._split.calling else rest)

    def _new_split(self) -> ReasoningSplit | None:
        name = _started_with("tool_call_parser")
        fmt = tool_parsers().get(PREFIX + name.removeprefix(PREFIX)) if name else None
        if fmt is None:
            return None
        return ReasoningSplit(marked(get_format(fmt), self.think_start_token, self.think_end_token), thinking=self._in_reasoning)


def _started_with(argument: str) -> str | None:
    """What the command line of this process's server gives for an argument."""
    try:
        value = getattr(import_module("lightllm.utils.envs_utils").get_env_start_args(), argument, None)
    except (ImportError, KeyError):  # no server, or one of before there was a reasoning parser
        return None
    return value if isinstance(value, str) else None


def install(module: Any = None, reasoning: Any = None) -> None:
    """Put every format into LightLLM's table, under its own names, LightLLM's among them, and `toolparse_NAME`.

    `module` is `lightllm.server.function_call_parser` and `reasoning` is `lightllm.server.reasoning_parser`; without the former both are
    imported. May be called any number of times.
    """
    if module is None:
        module = import_module("lightllm.server.function_call_parser")
        try:
            reasoning = import_module("lightllm.server.reasoning_parser")
        except ImportError:  # before 2026
            reasoning = None
    table = module.FunctionCallParser.ToolCallParserEnum
    # Until the summer of 2025 a whole text's result was the list of its calls; later it is the same object as a piece's.
    both = {"__len__": lambda self: len(self.calls), "__iter__": lambda self: iter(self.calls), "__bool__": lambda self: True}
    shared = {"result_type": type("Result", (module.StreamingParseResult,), both), "item_type": module.ToolCallItem}
    for name, fmt in tool_parsers().items():
        members = {**shared, "toolparse_format": get_format(fmt), "counts_calls": fmt in COUNTED}
        made = type(f"Toolparse_{fmt}", (LightllmDetector, module.BaseFormatDetector), members)
        table[name] = table[name.removeprefix(PREFIX)] = made
    # The server looks for calls in a whole output only where one of these texts is in it. The detectors know better; "" is in every text.
    if "" not in module.TOOLS_TAG_LIST:
        module.TOOLS_TAG_LIST.append("")
    if reasoning is not None:
        install_reasoning(reasoning)


def install_reasoning(module: Any) -> None:
    """Let a call end open reasoning, for each of LightLLM's reasoning parsers that looks for a pair of markers.

    `module` is `lightllm.server.reasoning_parser`. May be called any number of times.
    """
    table = module.ReasoningParser.DetectorMap
    base = module.BaseReasoningFormatDetector
    for name, own in table.items():
        if own.parse_streaming_increment is base.parse_streaming_increment:
            table[name] = type(f"Toolparse_{own.__name__}", (LightllmReasoning, own), {"result_type": module.StreamingParseResult})


if __name__ == "__main__":
    print(SITE)
