"""What tools return, as what models read: the one rule for results, and the tool messages of each API.

Theory of operation. A result becomes *parts*: texts and images, in their order.

    str                                      the text
    Image, image bytes, an object that       an image
      shows itself as PNG (Pillow, IPython)
    bytes that are UTF-8                     the text; other bytes: how many there are
    a list or tuple that holds an image      the parts of its items
    anything else                            JSON, as `json.dumps(..., ensure_ascii=False)` writes it: pydantic models, dataclasses,
                                             dates, decimals, enums and sets become what pydantic makes of them, `NaN` a string
    what has no JSON in it                   `str()` of it

The texts of a result are cut together at a number of characters, with a note that says so. Each API says by itself where images may
stand; where they may not, a note stands in their place.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Union

from toolparse.message import ToolCall

Api = Literal["openai", "responses", "anthropic"]
Status = Literal["ok", "failed", "timeout", "invalid", "refused"]

LARGEST_IMAGE = 5_000_000
"""Bytes of an image that is sent; APIs refuse larger ones, and with them the request."""
_SIGNATURES = ((b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"GIF87a", "image/gif"), (b"GIF89a", "image/gif"))


@dataclass(frozen=True, slots=True)
class Image:
    """An image that a tool returns: the bytes of its file.

    >>> Image(b"GIF89a...").media_type
    'image/gif'
    """

    data: bytes
    media_type: str = ""

    def __post_init__(self) -> None:
        if not self.media_type:
            object.__setattr__(self, "media_type", image_type(self.data) or "image/png")

    @property
    def base64(self) -> str:
        return base64.b64encode(self.data).decode()

    def __repr__(self) -> str:
        return f"Image({self.media_type}, {len(self.data)} bytes)"


Part = Union[str, Image]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResult:
    """What became of one call.

    `status`: `ok`; `failed` (the tool raised, or says itself that it failed); `timeout`; `invalid` (not run: the call is not complete, does
    not fit its tool, or there is no such tool); `refused` (not run: `approve` said no). `parts` is what the model is told. `call` is the
    call as the model wrote it, `ran` as it was run, None when it was not. `seconds` is how long that took.
    """

    call: ToolCall
    status: Status
    parts: tuple[Part, ...]
    ran: ToolCall | None = None
    seconds: float = 0.0

    @property
    def text(self) -> str:
        """The parts as text, with a note in the place of an image."""
        return "\n".join(part if isinstance(part, str) else _note(part) for part in self.parts)


def image_type(data: bytes) -> str | None:
    """The media type of an image's bytes, by their first ones, of the kinds that every API takes."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for signature, kind in _SIGNATURES if data.startswith(signature)), None)


def parts_of(value: Any, most: int) -> tuple[Part, ...]:
    """The parts of a tool's result, in all at most `most` characters of text. Raises what `str(value)` raises where no JSON can be made."""
    return cut(_parts(value), most)


def cut(parts: Iterable[Part], most: int) -> tuple[Part, ...]:
    """The parts with at most `most` characters of text between them, and a note where some were left out; fit to be sent."""
    whole = [_sendable(part) if isinstance(part, str) else part for part in parts]
    total = sum(len(part) for part in whole if isinstance(part, str))
    if total <= most:
        return tuple(whole)
    left = most
    shown: list[Part] = []
    for part in whole:
        if not isinstance(part, str):
            shown.append(part)
        elif left:
            shown.append(part[:left])
            left -= len(part[:left])
    shown.append(f"[cut: {most} of {total} characters are shown]")
    return tuple(shown)


def _parts(value: Any) -> list[Part]:
    if isinstance(value, str):
        return [value]
    image = _image(value)
    if image is not None:
        return [image]
    if isinstance(value, (bytes, bytearray, memoryview)):
        return [_bytes_text(bytes(value))]
    if isinstance(value, (list, tuple)) and any(_image(item) is not None for item in value):
        return [part for item in value for part in _parts(item)]
    return [json_text(value)]


def json_text(value: Any) -> str:
    """The JSON text of a value, or `str(value)` where it has none."""
    from pydantic_core import to_jsonable_python

    try:
        plain = to_jsonable_python(value, bytes_mode="base64", fallback=str)
        return json.dumps(_finite(plain), ensure_ascii=False)
    except (ValueError, TypeError, RecursionError):
        return str(value)


def _finite(value: Any) -> Any:
    """The value with `NaN` and infinities as strings, which JSON does not have."""
    if isinstance(value, float):
        return value if value - value == 0 else {"inf": "Infinity", "-inf": "-Infinity"}.get(str(value), "NaN")
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list) else value


def _image(value: Any) -> Image | None:
    if isinstance(value, Image):
        return value
    if isinstance(value, (bytes, bytearray)):
        kind = image_type(bytes(value[:16]))
        return Image(bytes(value), kind) if kind else None
    show = getattr(type(value), "_repr_png_", None)
    data = show(value) if show is not None else None
    return Image(data, "image/png") if isinstance(data, bytes) else None


def _bytes_text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return f"[{len(data)} bytes of binary data]"


def _sendable(text: str) -> str:
    """The text without lone surrogates, which no request can carry."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _note(image: Image) -> str:
    return f"[an image, {image.media_type}, {len(image.data)} bytes]"


# -- the messages of the APIs -----------------------------------------------------------------------------------------------------------


def tool_messages(results: Sequence[ToolResult], api: Api) -> list[dict[str, Any]]:
    """The messages that answer the calls, in their order.

    A `role: tool` message each for OpenAI's chat API, which takes only text from tools; a `function_call_output` item each for its
    Responses API; one user message with a `tool_result` block each for Anthropic's. No results make no message.
    """
    if api == "openai":
        return [{"role": "tool", "tool_call_id": result.call.id, "content": result.text} for result in results]
    if api == "responses":
        return [
            {"type": "function_call_output", "call_id": result.call.id, "output": _output(result, _responses_part)} for result in results
        ]
    if api == "anthropic":
        blocks = [
            {
                "type": "tool_result",
                "tool_use_id": result.call.id,
                "content": _output(result, _anthropic_part),
                **({} if result.status == "ok" else {"is_error": True}),
            }
            for result in results
        ]
        return [{"role": "user", "content": blocks}] if blocks else []
    raise ValueError(f"unknown API {api!r}: choose one of openai, responses, anthropic")


def _output(result: ToolResult, write: Any) -> str | list[dict[str, Any]]:
    """The text, or blocks where there is an image that can be sent."""
    parts = [part if isinstance(part, str) else _seen(part) for part in result.parts]
    return [write(part) for part in parts if part != ""] if any(isinstance(part, Image) for part in parts) else result.text


def _seen(image: Image) -> Image | str:
    """The image as the APIs take it, of the kind that its bytes say, or a note."""
    kind = image_type(image.data)
    return Image(image.data, kind) if kind is not None and len(image.data) <= LARGEST_IMAGE else _note(image)


def _responses_part(part: Part) -> dict[str, Any]:
    if isinstance(part, str):
        return {"type": "input_text", "text": part}
    return {"type": "input_image", "image_url": f"data:{part.media_type};base64,{part.base64}", "detail": "auto"}


def _anthropic_part(part: Part) -> dict[str, Any]:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    return {"type": "image", "source": {"type": "base64", "media_type": part.media_type, "data": part.base64}}
