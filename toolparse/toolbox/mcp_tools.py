"""The tools of MCP servers: listed page by page and again after a change, called, and what comes back as parts.

Knows sessions by what they do (`list_tools`, `call_tool`): `ClientSession` of the official SDK, in its first and second major version, and
the `Client` of the second. How a session is opened is its owner's business, as is how long it lives.
"""

from __future__ import annotations

import base64
import binascii
import json
import logging
import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any

from toolparse.schemas.tools import InvalidTools, Tool, Tools
from toolparse.toolbox.mcp_connection import Connection
from toolparse.toolbox.results import Image, Part, json_text

log = logging.getLogger("toolparse.toolbox")

MOST_PAGES = 1000
"""A server that always has another page is not asked for more."""
_UNFIT = re.compile(r"[^A-Za-z0-9_-]")
LONGEST_NAME = 64
"""What the APIs allow of a tool's name: this many letters, digits, `_` and `-`."""
_CONNECTION_CLOSED = -32000
_GONE = ("ClosedResourceError", "BrokenResourceError", "ConnectError", "ReadError", "RemoteProtocolError")
"""Of anyio and of the SDK's HTTP client."""
_CHANGED = "notifications/tools/list_changed"


def is_session(source: object) -> bool:
    """Whether this is a session with an MCP server."""
    return callable(getattr(source, "list_tools", None)) and callable(getattr(source, "call_tool", None))


def fit_name(name: str) -> str:
    """The name as every API takes it."""
    return _UNFIT.sub("_", name)[:LONGEST_NAME]


class Lost(Exception):
    """The server is gone, or the way to it."""


def _is_lost(fault: Exception) -> bool:
    """Whether an error of the SDK, or of what it runs on, says that there is no connection any more."""
    code = getattr(getattr(fault, "error", None), "code", None)
    return code == _CONNECTION_CLOSED or type(fault).__name__ in _GONE or isinstance(fault, ConnectionError)


class _Notices:
    """Counts what a session is told of changed tools, in front of the handler that it has. One for a session, however many ask."""

    def __init__(self, handler: Callable[[Any], Awaitable[None]]) -> None:
        self.count = 0
        self._handler = handler

    async def __call__(self, message: Any) -> None:
        if getattr(getattr(message, "root", message), "method", None) == _CHANGED:
            self.count += 1
        await self._handler(message)


class ServerTools:
    """The tools of one server. `tools` are those of the last listing, by the server's own names; their own names fit every API.

    `source` is a session, or the address of a server, to which this keeps a connection. A session whose connection is lost is not used
    again: the SDK's HTTP client, asked to send what it cannot, cancels the task that opened it, and so everybody's calls. A connection that
    is ours is opened again by `refresh`.
    """

    def __init__(self, source: Any, name: str | None = None) -> None:
        self.tools: dict[str, Tool] = {}
        self.is_listed = False
        self._name = name
        self._connection = None if is_session(source) else Connection(source)
        self._session: Any = None
        if self._connection is None:
            self._use(source)

    def _use(self, session: Any) -> None:
        self._session = session
        self._notices = _notices(session)
        self._listed = -1  # notices that had come when it was listed
        self._lost = False

    @property
    def is_open(self) -> bool:
        """Whether there is a session, though its connection may be lost."""
        return self._session is not None

    async def open(self) -> None:
        """Connect to the server, if that is for us to do."""
        if self._connection is not None and not self._connection.is_open:
            self._use(await self._connection.open())

    async def close(self) -> None:
        if self._connection is not None:
            self._session = None
            await self._connection.close()

    @property
    def name(self) -> str:
        """What the server is called: by its owner, by itself, or just "server"."""
        info = getattr(self._session, "server_info", None)
        return self._name or fit_name(getattr(info, "name", None) or "") or "server"

    async def refresh(self) -> None:
        """List the tools, unless nothing has changed since the last time; over a new connection, where ours was lost."""
        if self._connection is not None and (self._lost or not self._connection.is_open):
            await self._connection.close()
            await self.open()
        told = self._notices.count if self._notices is not None else 0
        if self._lost or (self._notices is not None and self._listed == told):
            return
        found: list[Any] = []
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            page = await self._page(cursor)
            found += page.tools
            following = _field(page, "next_cursor", "nextCursor")
            if following is None or following == cursor:
                break
            cursor = following
        self.tools = {}
        for tool in self._fit(found):
            fitting = tool if fit_name(tool.name) == tool.name else replace(tool, name=fit_name(tool.name))
            self.tools.setdefault(tool.name, fitting)  # a server may list a name twice, against the rules
        self._listed = told
        self.is_listed = True

    def _fit(self, found: list[Any]) -> Iterator[Tool]:
        """What is listed, without what is no tool."""
        for given in found:
            try:
                yield from Tools([given])
            except InvalidTools as fault:
                log.error("a tool of the MCP server %s is left out: %s", self.name, fault)

    async def call(self, name: str, arguments: dict[str, Any]) -> tuple[bool, list[Part]]:
        """Whether the tool that the server calls `name` did its work, and its answer. Raises `Lost`, and what the SDK raises."""
        lost = Lost(f"the connection to the MCP server {self.name} is lost")
        if self._lost or self._session is None:
            raise lost
        try:
            result = await self._over(self._session.call_tool(name, arguments))
        except Exception as fault:
            if not _is_lost(fault):
                raise
            self._lost = True
            raise lost from fault
        return not _field(result, "is_error", "isError"), result_parts(result)

    def _page(self, cursor: str | None) -> Awaitable[Any]:
        if cursor is None:
            return self._over(self._session.list_tools())
        if hasattr(self._session, "session"):  # a Client
            return self._over(self._session.list_tools(cursor=cursor))
        from mcp.types import PaginatedRequestParams

        return self._over(self._session.list_tools(params=PaginatedRequestParams(cursor=cursor)))

    def _over(self, work: Awaitable[Any]) -> Awaitable[Any]:
        """What is done over the connection, and ends with it where we would know."""
        return work if self._connection is None else self._connection.unless_lost(work)


def _notices(session: Any) -> _Notices | None:
    """Where notices of changed tools are counted; None where none would come, so that the tools must be listed each time.

    The SDK takes a handler only when a session is made, which is before it comes here. Since the protocol of 2026 there are no notices
    without a subscription; its client keeps a listing for as long as the server says, so it is simply asked again.
    """
    inner = getattr(session, "session", session)
    handler = getattr(inner, "_message_handler", None)
    if handler is None or getattr(inner, "discover_result", None) is not None:
        return None
    if not isinstance(handler, _Notices):
        handler = inner._message_handler = _Notices(handler)
    return handler


def result_parts(result: Any) -> list[Part]:
    """The parts of a `CallToolResult`: text, images and resources in their order, then the structured content where no text says it."""
    parts = [part for block in result.content or () for part in _readable(block)]
    structured = _field(result, "structured_content", "structuredContent")
    if structured is not None and not any(isinstance(part, str) and _says(part, structured) for part in parts):
        parts.append(json_text(structured))
    return parts


def _readable(block: Any) -> list[Part]:
    """The parts of a block, whatever a session that checks nothing lets through."""
    try:
        return [part if isinstance(part, Image) else str(part) for part in _block_parts(block)]
    except (AttributeError, TypeError):
        return [f"[{getattr(block, 'type', None) or 'content'} that cannot be read]"]


def _block_parts(block: Any) -> list[Part]:
    kind = block.type
    if kind == "text":
        return [block.text]
    if kind in ("image", "audio"):
        return [_binary(block.data, _field(block, "mime_type", "mimeType"))]
    if kind == "resource_link":
        about = f": {block.description}" if block.description else ""
        return [f"[resource {block.name}, {block.uri}{about}]"]
    if kind == "resource":
        resource = block.resource
        head = f"[resource {resource.uri}]"
        text = getattr(resource, "text", None)
        return [f"{head}\n{text}"] if text is not None else [head, _binary(resource.blob, _field(resource, "mime_type", "mimeType"))]
    return [json_text(block)]


def _binary(data: str, media_type: str | None) -> Part:
    try:
        raw = base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        return f"[{media_type or 'binary data'} that is not base64]"
    if media_type is not None and media_type.startswith("image/"):
        return Image(raw, media_type)
    return f"[{media_type or 'binary data'}, {len(raw)} bytes]"


def _says(text: str, structured: Any) -> bool:
    """Whether a text is the JSON of the structured content, or of the one `result` that the SDK wraps a plain value in."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = text
    return bool(value == structured or (isinstance(structured, dict) and list(structured) == ["result"] and value == structured["result"]))


def _field(given: Any, name: str, former: str) -> Any:
    """A field by its name in the SDK's second major version, or in the first."""
    return getattr(given, name, None) if hasattr(given, name) else getattr(given, former, None)
