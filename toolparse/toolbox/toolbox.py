"""The tools of an agent in one box: what the model is told of them, and the calls of its messages run.

Theory of operation. Whatever is given becomes *entries*: a tool as the model sees it, and how a call of it is made ready. A call goes
through one gate, in this order:

    is it whole?            not cut off, JSON, no error in the parser's report
    is there such a tool?   and do the arguments fit its schema
    bound                   to the function's or the model's own types
    approved                by the owner's hook, call after call; one that it changes comes in again from the top
    run                     side by side with the others up to a limit, each with a time limit
    told                    as parts by the rule of `results.py`

What stops at the gate is not run, and the model is told why, in the words of `feedback`. Nothing that a model writes, a tool raises or a
server does makes `run` raise. The messages of the APIs are written in `results.py`, servers are asked in `mcp_tools.py`.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from inspect import isroutine
from typing import TYPE_CHECKING, Any, Union

from toolparse.message import ToolCall
from toolparse.schemas.feedback import feedback
from toolparse.schemas.tools import Tool, Tools
from toolparse.schemas.validate import Violation, shortened
from toolparse.toolbox.api_answers import is_json, message_of
from toolparse.toolbox.mcp_connection import is_address
from toolparse.toolbox.mcp_tools import LONGEST_NAME, Lost, ServerTools, fit_name, is_session
from toolparse.toolbox.results import Api, Part, Status, ToolResult, cut, parts_of, tool_messages
from toolparse.toolbox.running import Expired, run, wait_for

if TYPE_CHECKING:
    from pydantic import ValidationError

log = logging.getLogger("toolparse.toolbox")

_SHOWN_ERROR = 300  # characters of an exception's message

Verdict = Union[bool, str, ToolCall]
"""What `approve` says of a call: run it, do not (with the reason, for the model), or run this one instead."""
Approve = Callable[[ToolCall], Union[Verdict, Awaitable[Verdict]]]


class Unbound(Exception):
    """The arguments do not fit the function's or model's own types."""

    def __init__(self, violations: list[Violation]) -> None:
        self.violations = violations


@dataclass(frozen=True, slots=True)
class Entry:
    """One tool: as the model sees it, and `ready`, which binds a call of it and gives the function that then runs, or raises `Unbound`.

    The function returns what the tool returns, or a `Done`.
    """

    tool: Tool
    ready: Callable[[ToolCall], Callable[[], Any]]
    server: str | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """What a tool came to that has its own way of saying so: another box's, or a server's."""

    status: Status
    parts: Sequence[Part]


class Toolbox:
    """Tools that can be run: functions, pydantic models with a handler, MCP sessions and other boxes, mixed.

    >>> def add(a: int, b: int) -> int:
    ...     "The sum."
    ...     return a + b
    >>> box = Toolbox([add])
    >>> box.run_sync([ToolCall(id="call_1", name="add", arguments='{"a": 2, "b": 3}')])
    [{'role': 'tool', 'tool_call_id': 'call_1', 'content': '5'}]

    `tools` holds
    - functions, sync (each call in a thread of its own) or async;
    - `(Model, handler)`: a pydantic model class, whose instance the handler takes;
    - `(definition, handler)`: a tool in any form that `Tools` takes, whose arguments the handler takes by name;
    - MCP servers, as the SDK's `StdioServerParameters` or a URL: inside `async with box:`, or `with box:` in code that is not asynchronous,
      the box is connected to them, and again after a connection was lost;
    - MCP sessions of the official SDK that are open for as long as the box is used; their tools are known after `await box.refresh()`;
    - `(name, server or session)`, which says what the server is called;
    - other toolboxes, whose own rules hold for their tools.

    `approve` is asked before a call runs, sync (in a thread) or async, one call after another: True runs it, False or a reason refuses it,
    a `ToolCall` runs in its place. `at_once` calls of a message run side by side, each for `timeout` seconds at most (None: no limit), in
    which a server must have listed its tools, too.
    `max_result` is how many characters of a result the model gets. Raises `InvalidTools` or `TypeError` for what is no tool.
    """

    def __init__(
        self,
        tools: Iterable[object],
        *,
        approve: Approve | None = None,
        at_once: int = 8,
        timeout: float | None = 60.0,
        max_result: int = 32_000,
    ) -> None:
        if at_once < 1:
            raise ValueError(f"at_once is the number of calls that run side by side, at least 1, not {at_once}")
        if isinstance(tools, str) or not isinstance(tools, Iterable):
            raise TypeError(f"the tools are a list, such as [get_weather], not {type(tools).__name__}")
        self._approve = approve
        self._at_once = at_once
        self._timeout = timeout
        self._max_result = max_result
        self._sources: list[Entry | ServerTools | Toolbox] = [_source(given) for given in tools]
        self._loop: asyncio.AbstractEventLoop | None = None  # of the sessions
        self._thread: threading.Thread | None = None
        self._given: list[tuple[Tool, str | None]] = []
        self._entries: dict[str, Entry] = {}
        self._tools: Tools = Tools([])
        if self._is_listed:
            self._arrange()

    # -- what the model is told ---------------------------------------------------------------------------------------------------------

    @property
    def tools(self) -> Tools:
        """The tools, for `Parser(tools=...)` and `parse(tools=...)`. Raises `RuntimeError` before the servers' tools are known."""
        if not self._is_listed:
            raise RuntimeError("the tools of this box's MCP servers are not known yet: `await box.refresh()` first")
        return self._tools

    def to_openai(self) -> list[dict[str, Any]]:
        """The tools as OpenAI's chat API takes them."""
        return [{"type": "function", "function": definition} for definition in map(_definition, self.tools)]

    def to_responses(self) -> list[dict[str, Any]]:
        """The tools as OpenAI's Responses API takes them."""
        return [{"type": "function", "strict": False, **definition} for definition in map(_definition, self.tools)]

    def to_anthropic(self) -> list[dict[str, Any]]:
        """The tools as Anthropic's Messages API takes them."""
        return [_anthropic(tool) for tool in self.tools]

    async def refresh(self) -> None:
        """Ask the MCP servers for their tools: all of them the first time, then those that said that their tools changed.

        A server that cannot be asked keeps the tools that it had; the first time its error is raised.
        """
        servers = [source for source in self._sources if isinstance(source, ServerTools)]
        if servers:
            self._loop = asyncio.get_running_loop()
        for server in servers:
            if not server.is_open:
                raise RuntimeError(
                    "the box is not open: use it inside `async with box:` (or `with box:`), which connects to its MCP servers"
                )
            try:
                await self._list(server)
            except Exception:
                if not server.is_listed:
                    raise
                log.exception("the MCP server %s did not list its tools; it keeps those that it had", server.name)
        for source in self._sources:
            if isinstance(source, Toolbox):
                await source.refresh()
                self._loop = self._loop or source._loop
        self._arrange()

    async def __aenter__(self) -> Toolbox:
        """Connect to the MCP servers and ask for their tools. Raises what stands in the way."""
        try:
            for source in self._sources:
                if isinstance(source, ServerTools):
                    await self._open(source)
                elif isinstance(source, Toolbox):
                    await source.__aenter__()
            await self.refresh()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def _list(self, server: ServerTools) -> None:
        try:
            await run(server.refresh, self._timeout)
        except Expired as late:
            raise self._silent(server) from late

    async def _open(self, server: ServerTools) -> None:
        try:
            await asyncio.wait_for(server.open(), self._timeout)
        except (TimeoutError, asyncio.TimeoutError) as late:  # two classes before Python 3.11
            raise self._silent(server) from late

    def _silent(self, server: ServerTools) -> TimeoutError:
        return TimeoutError(f"the MCP server {server.name} did not answer within {self._timeout:g} seconds")

    async def __aexit__(self, *exception: object) -> None:
        """Close what was opened."""
        for source in self._sources:
            if isinstance(source, ServerTools):
                await source.close()
            elif isinstance(source, Toolbox):
                await source.__aexit__()

    def __enter__(self) -> Toolbox:
        """`async with` for code that is not asynchronous: the connections live in a thread."""
        loop = asyncio.new_event_loop()
        self._thread = thread = threading.Thread(target=loop.run_forever, name="toolparse-toolbox", daemon=True)
        thread.start()
        self._loop = loop
        try:
            self.wait_for(self.__aenter__)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        try:
            self.wait_for(self.__aexit__)
        finally:
            self._stop()

    def _stop(self) -> None:
        """End the thread, and with it what still runs there."""
        loop, self._loop = self._loop, None
        if loop is not None and self._thread is not None:
            loop.call_soon_threadsafe(loop.stop)
            self._thread.join()
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()
        self._thread = None

    # -- running ------------------------------------------------------------------------------------------------------------------------

    async def run(self, message: object, api: Api = "openai") -> list[dict[str, Any]]:
        """Run the calls of a message; the tool messages for `api` ("openai", "responses", "anthropic") in the order of the calls.

        `message` is a `Message`, a list of `ToolCall`s, or the answer of an API's client: a chat completion or its message, a response,
        an Anthropic message. Nothing in it is run that is not complete and valid.
        """
        return tool_messages(await self.results(message), api)

    def run_sync(self, message: object, api: Api = "openai") -> list[dict[str, Any]]:
        """`run` for code that is not asynchronous. With MCP sessions, call it from another thread than their event loop's."""
        return tool_messages(self.wait_for(partial(self.results, message)), api)

    async def results(self, message: object) -> list[ToolResult]:
        """Run the calls of a message; what became of each, in their order. `run` writes the same as tool messages."""
        if not self._is_listed:
            await self.refresh()
        read = message_of(message)
        errors = {problem.index: problem.message for problem in reversed(read.problems) if problem.severity == "error"}
        admitted = []
        for call in read.tool_calls:  # approvals are asked for in turn, before anything runs
            admitted.append(await self._admit(call, errors.get(call.index)))
        gate = asyncio.Semaphore(self._at_once)
        return list(await asyncio.gather(*(self._carry_out(each, gate) for each in admitted)))

    def wait_for(self, work: Callable[[], Any]) -> Any:
        """The result of an asynchronous function of this box, for code that is not asynchronous; with MCP sessions in their event loop."""
        if self._loop is None or not self._loop.is_running():
            return wait_for(work())
        try:
            here = asyncio.get_running_loop() is self._loop
        except RuntimeError:
            here = False
        if here:
            raise RuntimeError("the MCP sessions of this box belong to the event loop that is running here: `await` the asynchronous way")
        return asyncio.run_coroutine_threadsafe(work(), self._loop).result()

    def __repr__(self) -> str:
        return f"Toolbox({', '.join(self._tools.names)})"

    # -- the gate -----------------------------------------------------------------------------------------------------------------------

    async def _admit(self, call: ToolCall, error: str | None) -> ToolResult | tuple[ToolCall, ToolCall, Callable[[], Any]]:
        """A call that may run, with what is run in its place and how; or what it came to without being run."""
        ready = self._ready(call, error)
        if isinstance(ready, str):
            return ToolResult(call=call, status="invalid", parts=(ready,))
        if self._approve is None:
            return call, call, ready
        try:
            verdict = await run(partial(self._approve, replace(call)), None)
        except Exception as fault:
            log.exception("approve failed for a call of %s", call.name)
            verdict = f"it could not be approved ({type(fault).__name__})"
        if verdict is True:
            return call, call, ready
        if isinstance(verdict, ToolCall):
            changed = self._ready(verdict, None)
            if not isinstance(changed, str):
                return call, verdict, changed
            log.error("approve changed a call of %s to one that cannot be run: %s", call.name, changed)
            verdict = "it could not be approved"
        reason = f": {verdict}" if isinstance(verdict, str) and verdict else ""
        return ToolResult(call=call, status="refused", parts=(f"{shortened(call.name)} was not called, as this was not approved{reason}",))

    def _ready(self, call: ToolCall, error: str | None) -> Callable[[], Any] | str:
        """How the call is run; or what the model is told why it is not."""
        entry = self._entries.get(call.name)
        call = _as_written(call)
        violations = call.validate(self._tools)
        if error is not None and not violations:
            violations = [Violation(call.index, "", "unreadable", None, f"the call could not be read: {shortened(error)}")]
        if not violations and entry is not None:
            try:
                return entry.ready(call)
            except Unbound as unbound:
                violations = unbound.violations
        return str(feedback(call, violations)["content"])

    async def _carry_out(self, admitted: ToolResult | tuple[ToolCall, ToolCall, Callable[[], Any]], gate: asyncio.Semaphore) -> ToolResult:
        if isinstance(admitted, ToolResult):
            return admitted
        call, ran, ready = admitted
        name = shortened(call.name)
        async with gate:
            begun = time.monotonic()
            status: Status = "ok"
            try:
                result = await run(ready, self._timeout)
                if isinstance(result, Done):
                    status, parts = result.status, cut(result.parts, self._max_result)
                else:
                    parts = parts_of(result, self._max_result)
            except Expired:
                log.error("%s did not end within %s seconds", call.name, self._timeout)
                status, parts = "timeout", (f"{name} did not end within {self._timeout:g} seconds and was given up",)
            except Lost as fault:
                log.error("%s failed: %s", call.name, fault)
                status, parts = "failed", (f"{name} failed: {fault}",)
            except Exception as fault:
                log.exception("%s failed", call.name)
                status, parts = "failed", cut([f"{name} failed: {_told(fault)}"], self._max_result)
        return ToolResult(call=call, status=status, parts=parts, ran=ran, seconds=time.monotonic() - begun)

    # -- the entries --------------------------------------------------------------------------------------------------------------------

    @property
    def _is_listed(self) -> bool:
        return all(
            source.is_listed if isinstance(source, ServerTools) else isinstance(source, Entry) or source._is_listed
            for source in self._sources
        )

    def _arrange(self) -> None:
        """Give every tool its name: its own, or with its server's in front where another one has it."""
        servers: set[str] = set()
        entries = [entry for source in self._sources for entry in _entries_of(source, servers)]
        given = [(entry.tool, entry.server) for entry in entries]
        if given == self._given:  # which saves making their schemas ready once more
            return
        self._given = given
        shared = Counter(entry.tool.name for entry in entries)
        own = [entry for entry in entries if entry.server is None]
        Tools([entry.tool for entry in own])  # raises for functions of one name
        taken = {entry.tool.name for entry in own} | {name for name, count in shared.items() if count == 1}
        self._entries = {}
        for entry in entries:
            name = entry.tool.name
            if entry.server is not None and shared[name] > 1:
                name = _free_name(f"{entry.server}_{name}", taken)
                taken.add(name)
                entry = replace(entry, tool=replace(entry.tool, name=name))
            self._entries[name] = entry
        self._tools = Tools([entry.tool for entry in self._entries.values()])


def _source(given: object) -> Entry | ServerTools | Toolbox:
    """What a box is made of, by what its owner gave."""
    if isinstance(given, Toolbox):
        return given
    if is_session(given) or is_address(given):
        return ServerTools(given)
    if isinstance(given, tuple) and len(given) == 2:
        about, handler = given
        if isinstance(about, str) and (is_session(handler) or is_address(handler)):
            return ServerTools(handler, fit_name(about))
        if callable(handler):
            (tool,) = Tools([about])
            return Entry(tool, partial(_handled, tool, handler))
    if isroutine(given):
        (tool,) = Tools([given])
        return Entry(tool, partial(_bound, given))
    name = getattr(given, "__name__", type(given).__name__)
    raise TypeError(
        f"{name} cannot be run: a toolbox takes functions, (pydantic model, handler), (definition, handler), MCP servers and toolboxes"
    )


def _entries_of(source: Entry | ServerTools | Toolbox, servers: set[str]) -> list[Entry]:
    """The entries of a source; `servers` are the names of those before it, as two servers may call themselves the same."""
    if isinstance(source, Entry):
        return [source]
    if isinstance(source, ServerTools):
        server = _free_name(source.name, servers)
        servers.add(server)
        return [Entry(tool, partial(_sent, source, name), server) for name, tool in source.tools.items()]
    return [Entry(entry.tool, partial(_passed_on, source, name), entry.server) for name, entry in source._entries.items()]


def _free_name(name: str, taken: set[str]) -> str:
    """The name, or one with a number that is not taken."""
    free, number = name[:LONGEST_NAME], 1
    while free in taken:
        number += 1
        end = f"_{number}"
        free = name[: LONGEST_NAME - len(end)] + end
    return free


def _bound(function: Callable[..., Any], call: ToolCall) -> Callable[[], Any]:
    bound = _bind(call, function)
    return partial(function, *bound.args, **bound.kwargs)


def _handled(tool: Tool, handler: Callable[..., Any], call: ToolCall) -> Callable[[], Any]:
    if isinstance(tool.source, type):
        return partial(handler, _bind(call, tool.source))
    return partial(handler, **call.value())


def _sent(server: ServerTools, name: str, call: ToolCall) -> Callable[[], Any]:
    async def send() -> Done:
        worked, parts = await server.call(name, call.value())
        return Done("ok", parts) if worked else Done("failed", parts or [f"{name} failed"])

    return send


def _passed_on(box: Toolbox, name: str, call: ToolCall) -> Callable[[], Any]:
    async def pass_on() -> Done:
        (result,) = await box.results([replace(call, name=name)])
        return Done(result.status, result.parts)

    return pass_on


def _bind(call: ToolCall, target: Any) -> Any:
    from pydantic import ValidationError

    try:
        return call.bind(target)
    except ValidationError as fault:
        raise Unbound(_violations(call, fault)) from fault
    except Exception as fault:  # a validator of the tool's own that failed
        log.exception("the arguments of a call of %s could not be bound", call.name)
        raise Unbound([Violation(call.index, "", "value", None, f"the arguments could not be read: {_told(fault)}")]) from fault


def _violations(call: ToolCall, fault: ValidationError) -> list[Violation]:
    """What pydantic says, as violations."""
    found = []
    for error in fault.errors(include_url=False, include_context=False):
        path = "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in error["loc"])
        found.append(Violation(call.index, path, error["type"], error["input"], _short(error["msg"])))
    return found


def _as_written(call: ToolCall) -> ToolCall:
    """The call as it is to be taken: null is no arguments, and what is no JSON text is not complete, as in a message made by hand."""
    if call.complete and call.arguments.strip() == "null":
        return replace(call, arguments="{}")
    return call if not call.complete or is_json(call.arguments) else replace(call, complete=False)


def _definition(tool: Tool) -> dict[str, Any]:
    definition: dict[str, Any] = {"name": tool.name, "parameters": _schema(tool)}
    if tool.description is not None:
        definition["description"] = tool.description
    if tool.strict:
        definition["strict"] = True
    return definition


def _anthropic(tool: Tool) -> dict[str, Any]:
    definition: dict[str, Any] = {"name": tool.name, "input_schema": _schema(tool)}
    if tool.description is not None:
        definition["description"] = tool.description
    return definition


def _schema(tool: Tool) -> dict[str, Any]:
    """The parameters, of the type "object" even where the definition says nothing of it: the APIs want to see it."""
    return {"type": "object", "properties": {}, **tool.parameters}


def _told(fault: Exception) -> str:
    """An exception in a few words, without its traceback."""
    first = _short(str(fault).strip().partition("\n")[0])
    return f"{type(fault).__name__}: {first}" if first else type(fault).__name__


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN_ERROR else text[:_SHOWN_ERROR] + "…"
