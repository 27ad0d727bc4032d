"""The page at `/`, and what it asks the gateway: a pasted output in steps, a question to the engine, an example of a format.

A step is a piece of the raw output and the events that it brought, as one line of JSON, so that the page shows what a parser says while
it says it. The last step has the picture of the whole output, which is that of `toolparse explain`. The page is one file without a build,
and its security policy lets it load nothing from elsewhere.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from hashlib import sha256
from importlib.resources import files
from typing import Any

from toolparse.events import Event
from toolparse.explain import output as drawing
from toolparse.explain.reading import read
from toolparse.formats import UnknownFormat, formats, get_format
from toolparse.grammar import Format
from toolparse.message import Message, Part, ReasoningPart, TextPart, ToolCall
from toolparse.rendering.render import CannotRender, render
from toolparse.schemas.tools import InvalidTools, Tools
from toolparse.serve.answers import Usage
from toolparse.serve.gateway import Sink
from toolparse.serve.requests import BadRequest, Request, read_request
from toolparse.serve.upstreams.upstream import Piece

MOST_PASTED = 200_000
"""Characters of a pasted output."""
MOST_STEPS = 2_000
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "The weather in a city.",
            "parameters": {
                "type": "object",
                "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
                "required": ["city"],
            },
        },
    }
]
_EXAMPLE: list[Part] = [
    ReasoningPart("The user wants to go out."),
    TextPart("Let me look."),
    ToolCall(name="get_weather", arguments='{"city": "Tromsø", "days": 3}'),
]


def page() -> tuple[bytes, dict[str, str]]:
    """The page and the headers that it is sent with."""
    text = files(__package__).joinpath("playground.html").read_text(encoding="utf-8")
    text = text.replace("/* the picture's style */", drawing.STYLE).replace("/* the picture's script */", drawing.SCRIPT)
    script, style = (_source(re.search(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)) for tag in ("script", "style"))
    policy = (
        f"default-src 'none'; script-src {script}; style-src {style}; img-src data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    headers = {
        "content-security-policy": policy,
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cache-control": "no-cache",
    }
    return text.encode(), headers


def known(chosen: str, models: list[str], needs_key: bool) -> dict[str, Any]:
    """What the page's menus hold."""
    listed = [{"name": fmt.name, "models": list(fmt.models)} for fmt in formats()]
    return {
        "formats": sorted(listed, key=lambda fmt: str(fmt["name"])),
        "chosen": chosen,
        "models": models,
        "tools": TOOLS,
        "needs_key": needs_key,
    }


def example(name: str) -> str:
    """An output as a model of the format writes it. Raises `BadRequest`."""
    fmt = named(name)
    for parts in (_EXAMPLE, _EXAMPLE[1:], _EXAMPLE[1:2]):
        try:
            return render(Message(parts=parts), fmt)
        except CannotRender:
            continue
    return ""


def pasted(body: object) -> list[dict[str, Any]]:
    """The steps of a pasted output. Raises `BadRequest`."""
    if not isinstance(body, dict) or not isinstance(text := body.get("text"), str):
        raise BadRequest("text is needed", "text")
    if len(text) > MOST_PASTED:
        raise BadRequest(f"the text has more than {MOST_PASTED} characters", "text")
    size = body.get("piece")
    if type(size) is not int or size < 1:
        raise BadRequest("piece must be a whole number of at least 1", "piece")
    size = max(size, len(text) // MOST_STEPS)
    tools = body.get("tools")
    fmt = named(body.get("format"))
    try:
        reading = read(text, fmt, tools=Tools(tools) if tools else None, size=size)
    except InvalidTools as error:
        raise BadRequest(str(error), "tools") from None
    steps = [step(one.text, one.events) for one in reading.steps]
    return [*steps[:-1], {**steps[-1], "picture": drawing.output(reading)}]


def asked(body: object) -> tuple[Request, Format | None]:
    """A question to the engine, and the format that the page chose. Raises `BadRequest`."""
    if not isinstance(body, dict) or not isinstance(question := body.get("question"), str) or not question:
        raise BadRequest("a question is needed", "question")
    chat = {
        "model": body.get("model"),
        "messages": [{"role": "user", "content": question}],
        "tools": body.get("tools") or None,
        "stream": True,
    }
    chosen = body.get("format")
    return read_request("chat", chat), None if chosen == "auto" else named(chosen)


def named(name: object) -> Format:
    """A format by its name. Raises `BadRequest`."""
    try:
        return get_format(name if isinstance(name, str) else "")
    except UnknownFormat as error:
        raise BadRequest(str(error), "format") from None


def step(text: str, events: list[Event]) -> dict[str, Any]:
    """A piece of output and its events, as the page reads them."""
    return {"text": text, "events": [{"type": type(event).__name__, **asdict(event)} for event in events]}


class StepSink(Sink):
    """An answer as the page's steps."""

    def __init__(self, write: Callable[[str], Awaitable[None]], request: Request) -> None:
        self._write = write
        self._request = request
        self._text: list[str] = []
        self._reasoned = False

    def begin(self, fmt: Format, prompt: str | None) -> None:
        self._format, self._prompt = fmt, prompt

    async def feed(self, index: int, said: list[tuple[Piece, list[Event]]]) -> None:
        for piece, _ in said:
            self._text.append(piece.text)
            self._reasoned = self._reasoned or bool(piece.reasoning)
        lines = [line(step(piece.text, events)) for piece, events in said if piece.text or events]
        if lines:
            await self._write("".join(lines))

    async def finish(self, index: int, events: list[Event], truncated: bool, stop: str | None) -> None:
        """The answer has ended."""
        text = "".join(self._text)
        last = step("", events)
        if len(text) <= MOST_PASTED:
            reading = read(text, self._format, tools=self._request.tools or None, prompt="" if self._reasoned else self._prompt)
            last["picture"] = drawing.output(reading)
        await self._write(line(last))

    async def end(self, usage: Usage) -> None:
        """There is nothing to add."""

    async def _open(self) -> None:
        await self._write("\n")


def line(value: object) -> str:
    """A line of JSON."""
    return json.dumps(value) + "\n"


def _source(found: re.Match[str] | None) -> str:
    assert found is not None
    return f"'sha256-{base64.b64encode(sha256(found[1].encode()).digest()).decode()}'"
