"""What holds an engine to a call that must come: a grammar from the format and the tools, in the engine's own words.

Only a call that the request requires is constrained. Where a format cannot be written as a grammar, or the engine takes none, the call is
asked for by the prompt alone, and an answer without one is told as a problem in the log.
"""

from __future__ import annotations

from typing import Any, Literal

from toolparse.constrain.constraint import CannotConstrain, remembered
from toolparse.engine.tool_choice import read_choice
from toolparse.events import Reasoning
from toolparse.grammar import Format
from toolparse.parser import Parser
from toolparse.serve.requests import Request
from toolparse.serve.upstreams.upstream import Upstream


def constraint(upstream: Upstream, fmt: Format, request: Request, prompt: str | None) -> dict[str, Any]:
    """What is added to the upstream's body; empty where nothing holds it."""
    if upstream.constrains is None or read_choice(request.tool_choice).mode != "required":
        return {}
    reasoning: Literal["auto", "open", "none"] = "none" if request.template_options.get("enable_thinking") is False else "auto"
    if any(isinstance(event, Reasoning) for event in Parser(fmt, prompt=prompt).feed("x")):
        reasoning = "open"  # by the prompt, as the parser sees it
    try:
        # Markers are written as text: a tokenizer need not have them as tokens, and a token of their text fits, too.
        made = remembered(fmt, request.tools, request.tool_choice, request.parallel, reasoning, ())
    except CannotConstrain:
        return {}
    return {"grammar": made.gbnf()} if upstream.constrains == "gbnf" else {"response_format": made.structural_tag()}
