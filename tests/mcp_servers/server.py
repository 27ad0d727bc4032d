"""A small MCP server of the official SDK, over stdio or streamable HTTP: `python server.py NAME [--http]`. With HTTP it prints its port.

Its tools come in pages of two. `crash` ends the process in the middle of a call; `grow` adds a tool and says so.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import os
import socket
from typing import Any

import anyio
import mcp.types as types
from mcp.server.lowlevel import NotificationOptions, Server
from mcp.server.stdio import stdio_server

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n a picture").decode()
TEXT = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"], "additionalProperties": False}
NOTHING: dict[str, Any] = {"type": "object", "properties": {}}
PAGE = 2


def served(name: str) -> Server[Any]:
    tools = {"echo": TEXT, "whoami": NOTHING, "everything": NOTHING, "broken": NOTHING, "crash": NOTHING, "sleep": NOTHING, "grow": NOTHING}
    tools["dotted.name"] = NOTHING
    tools[f"only_{name}"] = NOTHING

    async def list_tools(context: Any, params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        begin = int(params.cursor) if params is not None and params.cursor else 0
        known = [types.Tool(name=tool, description=f"Does {tool}.", input_schema=schema) for tool, schema in tools.items()]
        page = known[begin : begin + PAGE]
        following = str(begin + PAGE) if begin + PAGE < len(tools) else None
        return types.ListToolsResult(tools=page, next_cursor=following)

    async def call_tool(context: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
        tool, arguments = params.name, params.arguments or {}
        if tool == "echo":
            return said(types.TextContent(type="text", text=arguments["text"]))
        if tool == "whoami":
            return types.CallToolResult(content=[], structured_content={"name": name, "pid": os.getpid()})
        if tool == "everything":
            return said(
                types.TextContent(type="text", text="first"),
                types.ImageContent(type="image", data=PNG, mime_type="image/png"),
                types.AudioContent(type="audio", data=PNG, mime_type="audio/wav"),
                types.EmbeddedResource(
                    type="resource", resource=types.TextResourceContents(uri="memo://note", text="buy milk", mime_type="text/plain")
                ),
                types.EmbeddedResource(
                    type="resource", resource=types.BlobResourceContents(uri="memo://picture", blob=PNG, mime_type="image/png")
                ),
                types.ResourceLink(type="resource_link", name="report", uri="memo://report", description="A long one."),
            )
        if tool == "broken":
            return types.CallToolResult(content=[types.TextContent(type="text", text="the disk is full")], is_error=True)
        if tool == "crash":
            os._exit(3)
        if tool == "sleep":
            await anyio.sleep(30)
        if tool == "grow":
            new = f"grown_{name}"
            tools[new if new not in tools else f"{new}_{len(tools)}"] = NOTHING
            await context.session.send_tool_list_changed()
            return said(types.TextContent(type="text", text='{"grown": true}'), structured={"grown": True})
        return said(types.TextContent(type="text", text=f"{tool} of {name}"))

    return Server(name, on_list_tools=list_tools, on_call_tool=call_tool)


def said(*content: Any, structured: dict[str, Any] | None = None) -> types.CallToolResult:
    return types.CallToolResult(content=list(content), structured_content=structured)


async def over_stdio(server: Server[Any]) -> None:
    options = server.create_initialization_options(NotificationOptions(tools_changed=True))
    async with stdio_server() as (read, write):
        await server.run(read, write, options)


async def over_http(server: Server[Any]) -> None:
    import uvicorn

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()  # from here on whoever connects waits
        print(taken.getsockname()[1], flush=True)
        config = uvicorn.Config(server.streamable_http_app(), log_level="error", timeout_graceful_shutdown=1)
        await uvicorn.Server(config).serve(sockets=[taken])


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("name")
    options.add_argument("--http", action="store_true")
    chosen = options.parse_args()
    asyncio.run((over_http if chosen.http else over_stdio)(served(chosen.name)))
