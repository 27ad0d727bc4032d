"""A connection to an MCP server that the box opens itself, by a command or an address.

Theory of operation. The official SDK lets a connection that fails cancel the task that opened it, and whatever else that task does. So each
connection lives in a task of its own, which does nothing else: it opens, says that it is there, and waits to be closed. What fails in it
ends that task alone, and whoever waits for an answer is told.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from importlib import import_module
from typing import Any

from toolparse.toolbox.running import forget

log = logging.getLogger("toolparse.toolbox")


def is_address(source: object) -> bool:
    """Whether this says where a server is: a URL (streamable HTTP), or the SDK's `StdioServerParameters`."""
    if isinstance(source, str):
        return source.startswith(("http://", "https://"))
    return type(source).__name__ == "StdioServerParameters"


_CLOSING = 10.0
"""Seconds that a connection has to close before it is left behind."""


class Connection:
    """One connection, which can be opened again after it was lost."""

    def __init__(self, address: Any) -> None:
        self._address = address
        self._task: asyncio.Task[None] | None = None
        self._close = asyncio.Event()
        self._up = False

    @property
    def is_open(self) -> bool:
        return self._task is not None and not self._task.done()

    async def open(self) -> Any:
        """A session, ready to be used. Raises what stands in the way."""
        self._close = asyncio.Event()
        self._up = False
        ready: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._task = asyncio.ensure_future(self._live(ready))
        try:
            return await ready
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Close it, or stop opening it."""
        task, self._task = self._task, None
        if task is None:
            return
        if self._up:
            self._close.set()
        else:
            task.cancel()  # a server that does not answer is not waited for
        await asyncio.wait({task}, timeout=_CLOSING)
        if not task.done():
            log.warning("the connection to the MCP server %s does not close", self._address)
            task.cancel()
            task.add_done_callback(forget)

    async def unless_lost(self, work: Awaitable[Any]) -> Any:
        """The result of something that is done over the connection. Raises `ConnectionError` when that is lost on the way."""
        if self._task is None:
            raise ConnectionError("not open")
        task = asyncio.ensure_future(work)
        task.add_done_callback(forget)
        try:
            await asyncio.wait({task, self._task}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            task.cancel()  # which changes nothing where it is done
        if not task.done() or task.cancelled():
            raise ConnectionError("lost")
        return task.result()

    async def _live(self, ready: asyncio.Future[Any]) -> None:
        try:
            async with AsyncExitStack() as stack:
                session = await _connected(self._address, stack)
                self._up = True
                if not ready.done():
                    ready.set_result(session)
                await self._close.wait()
        except BaseException as fault:
            if not ready.done():
                ready.set_exception(_cause(fault))
            else:
                log.warning("the connection to the MCP server %s ended: %r", self._address, _cause(fault))
            if isinstance(fault, (KeyboardInterrupt, SystemExit)):
                raise


async def _connected(address: Any, stack: AsyncExitStack) -> Any:
    try:
        sdk: Any = import_module("mcp")
    except ImportError as missing:
        raise RuntimeError("MCP servers need `pip install toolparse[mcp]`") from missing
    if hasattr(sdk, "Client"):  # the second major version
        return await stack.enter_async_context(sdk.Client(address))
    if isinstance(address, str):
        over_http: Any = import_module("mcp.client.streamable_http")
        read, write, *_ = await stack.enter_async_context(over_http.streamablehttp_client(address))
    else:
        read, write = await stack.enter_async_context(sdk.stdio_client(address))
    session = await stack.enter_async_context(sdk.ClientSession(read, write))
    session.server_info = (await session.initialize()).serverInfo  # which this version does not keep
    return session


def _cause(fault: BaseException) -> BaseException:
    """The one exception in a group, which says more than the group."""
    inner: Any = getattr(fault, "exceptions", ())
    if len(inner) == 1:
        return _cause(inner[0])
    return ConnectionError("cancelled") if isinstance(fault, asyncio.CancelledError) else fault
