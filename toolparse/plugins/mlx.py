"""mlx-lm's and mlx-vlm's tool parsers over `toolparse.parse`.

Both packages cut the text of a call out of the output themselves, between two markers, and give it to a module of theirs which a
tokenizer's configuration or the chat template names. They load nothing of other packages, so a server is started by::

    python -m toolparse.plugins.mlx toolparse_hermes mlx_lm.server --model MODEL
    python -m toolparse.plugins.mlx toolparse_hermes mlx_vlm.server --model MODEL

Who embeds them calls `install` first; `"tool_parser_type": "toolparse_hermes"` in `tokenizer_config.json` then names a parser, as
does the field `tool_parser` of a request to mlx-vlm.

Facts: mlx-lm 0.32.2, `tool_parsers/` and `tokenizer_utils.py`; mlx-vlm 0.7.10, `tools/`.
"""

from __future__ import annotations

import runpy
import sys
from functools import partial
from importlib import import_module
from types import ModuleType
from typing import Any

from toolparse.formats import get_format
from toolparse.grammar import Format, Part
from toolparse.message import Message
from toolparse.parser import parse
from toolparse.plugins.detector import calls_only
from toolparse.plugins.names import tool_parsers
from toolparse.plugins.readable_calls import readable
from toolparse.plugins.reports import missing
from toolparse.wire.spellings import spellings


def markers(fmt: Format) -> tuple[str, str] | None:
    """What mlx cuts the text of a call by: the first and the last marker of a block of calls. None where a call begins without one."""
    if not fmt.calls or fmt.channels is not None:
        return None
    calls = fmt.calls[0]
    opening: tuple[Part, ...] = calls.open if calls.wrapper is None else (calls.wrapper.open,)
    closing = calls.close if calls.wrapper is None else (calls.wrapper.close,)
    start = _text(opening[0]).partition("{")[0].strip() if opening else ""
    end = _text(closing[-1]).strip() if closing else ""
    # A bracket or a word alone stands in running text, too, and mlx would take what follows for a call without looking further.
    return (start, end) if len(start) > 3 and not start[0].isalnum() and "{" not in end else None


def _text(part: Any) -> str:
    return spellings(part)[0] if part else ""


def read_call(fmt: Format, text: str, tools: Any = None) -> list[dict[str, Any]]:
    """The calls in the text between the markers, as mlx takes them: name, id and the arguments as an object.

    Raises ValueError where there is none that can be carried out, which mlx logs: the output was cut, or is no call.
    """
    start, end = markers(fmt) or ("", "")
    message = _read(start + text, fmt, tools)
    if not _sound(message):
        closed = _read(start + text + end, fmt, tools)
        message = closed if _sound(closed) and not closed.problems and _only_ends(closed, message) else message
    calls = readable(message)
    if not calls:
        raise ValueError(message.problems[0].message if message.problems else "no call stands between the markers")
    return [{"id": call.id, "name": call.name, "arguments": call.value()} for call in calls]


def _read(text: str, fmt: Format, tools: Any) -> Message:
    return parse(text, calls_only(fmt), tools=tools or None, prompt="")


def _sound(message: Message) -> bool:
    return bool(message.tool_calls) and all(call.complete for call in message.tool_calls)


def _only_ends(closed: Message, cut: Message) -> bool:
    """Whether the closer that the model did not write only ended what missed nothing else: a value that it cut is no value."""
    told = [call.arguments for call in cut.tool_calls]
    told += [""] * (len(closed.tool_calls) - len(told))
    return all(call.arguments in (part, part + "}", part + "{}") for call, part in zip(closed.tool_calls, told, strict=False))


def install(chosen: str | None = None) -> None:
    """Offer a module per format to mlx-lm and mlx-vlm, as far as they are installed. `chosen` is then taken whatever the template says."""
    if chosen is not None and markers(get_format(tool_parsers().get(chosen, chosen))) is None:
        raise ValueError(f"{chosen}: mlx finds a call between two markers, and this format has none; choose another parser")
    for package, home in (("mlx_lm.tool_parsers", "mlx_lm.tokenizer_utils"), ("mlx_vlm.tools.parsers", "mlx_vlm.tools.registry")):
        try:
            import_module(package)
            registry: Any = import_module(home)
        except ImportError:
            continue
        for name, fmt_name in tool_parsers().items():
            fmt = get_format(fmt_name)
            pair = markers(fmt)
            if pair is not None:
                module: Any = ModuleType(f"{package}.{name}")
                module.tool_call_start, module.tool_call_end = pair
                module.parse_tool_call = partial(read_call, fmt)
                sys.modules[module.__name__] = module
                if hasattr(registry, "_BY_NAME"):  # the names that a request to mlx-vlm may give
                    registry._BY_NAME.setdefault(name, registry.ParserSpec(name, ()))
        if chosen is not None:
            if hasattr(registry, "_infer_tool_parser"):
                registry._infer_tool_parser = lambda *given, **options: options.get("override") or chosen
            else:
                missing(f"{home} chooses its parsers in another way: name {chosen} in tokenizer_config.json")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit("python -m toolparse.plugins.mlx toolparse_NAME MODULE [ARGUMENT...], where MODULE is mlx_lm.server or mlx_vlm.server")
    install(sys.argv[1])
    sys.argv = sys.argv[2:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
