"""`Toolbox` with real MCP servers of the official SDK, over stdio and streamable HTTP: tests/mcp_servers/server.py, each in a process."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import openai
import pytest
from mcp import Client, ClientSession, StdioServerParameters, stdio_client
from scripted_api import client_of, scripted_api, written

from toolparse import Conversation, Image, Toolbox, ToolCall, ToolResult
from toolparse.toolbox.mcp_tools import MOST_PAGES, result_parts

SERVER = str(Path(__file__).parent / "mcp_servers" / "server.py")
OWN = ["whoami", "everything", "broken", "crash", "sleep", "grow", "dotted_name"]
PNG = b"\x89PNG\r\n\x1a\n a picture"


def server(name: str) -> StdioServerParameters:
    return StdioServerParameters(command=sys.executable, args=[SERVER, name])


@asynccontextmanager
async def over_stdio(name: str) -> AsyncIterator[ClientSession]:
    async with stdio_client(server(name)) as (read, write), ClientSession(read, write) as session:
        await session.initialize()
        yield session


@contextmanager
def http_server(name: str) -> Iterator[str]:
    """The address of a server over streamable HTTP."""
    process = subprocess.Popen([sys.executable, SERVER, name, "--http"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/mcp"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def call(name: str, arguments: str = "{}") -> ToolCall:
    return ToolCall(id=name, name=name, arguments=arguments)


async def one(box: Toolbox, name: str, arguments: str = "{}") -> ToolResult:
    (result,) = await box.results([call(name, arguments)])
    return result


def add(a: int, b: int) -> int:
    """The sum."""
    return a + b


def test_a_server_over_stdio() -> None:
    async def run() -> None:
        async with over_stdio("one") as session:
            box = Toolbox([add, session])
            with pytest.raises(RuntimeError, match=r"await box\.refresh\(\)"):
                box.to_openai()
            await box.refresh()
            assert box.tools.names == ("add", "echo", *OWN, "only_one")  # five pages of them
            assert box.tools.get("echo").description == "Does echo."  # type: ignore[union-attr]

            found = await box.run([call("echo", '{"text": "hi"}'), call("echo", '{"txt": "hi"}'), call("add", '{"a": 1, "b": 2}')])
            assert [message["content"] for message in found[::2]] == ["hi", "3"]
            assert "/txt: not expected" in found[1]["content"]

            everything = await one(box, "everything")
            assert everything.status == "ok"
            assert everything.parts == (
                "first",
                Image(PNG, "image/png"),
                f"[audio/wav, {len(PNG)} bytes]",
                "[resource memo://note]\nbuy milk",
                "[resource memo://picture]",
                Image(PNG, "image/png"),
                "[resource report, memo://report: A long one.]",
            )
            assert (await one(box, "whoami")).text.startswith('{"name": "one", "pid": ')
            assert (await one(box, "dotted_name")).text == "dotted.name of one"
            broken = await one(box, "broken")
            assert (broken.status, broken.text) == ("failed", "the disk is full")

            quick = Toolbox([session], timeout=0.1)
            assert (await one(quick, "sleep")).status == "timeout"
            assert (await one(box, "echo", '{"text": "still here"}')).text == "still here"

            await from_other_threads(box)
            await changed_tools(session)

    asyncio.run(run())


async def from_other_threads(box: Toolbox) -> None:
    """Code that is not asynchronous runs calls in the loop of the sessions, but not from inside it."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.extend(box.run_sync([call("echo", '{"text": "hi"}')])))
    thread.start()
    await asyncio.to_thread(thread.join)
    assert found == [{"role": "tool", "tool_call_id": "echo", "content": "hi"}]
    with pytest.raises(RuntimeError, match="await"):
        box.run_sync([call("echo", '{"text": "hi"}')])


async def changed_tools(session: Any) -> None:
    """The tools are listed again after a notice, by every box of the session, and only then."""
    listings = 0
    listed = session.list_tools

    async def counted(**options: Any) -> Any:
        nonlocal listings
        listings += "params" not in options
        return await listed(**options)

    session.list_tools = counted
    box, other = Toolbox([session]), Toolbox([session])
    await box.refresh()
    await box.refresh()
    await other.refresh()
    assert listings == 2
    grown = await one(box, "grow")
    assert grown.parts == ('{"grown": true}',)  # the structured content says the same
    await until_known(box, "grown_one")
    assert (await one(box, "grown_one")).text == "grown_one of one"
    await other.refresh()
    assert "grown_one" in other.tools
    assert listings == 4


async def until_known(box: Toolbox, name: str) -> None:
    """A notice takes its time."""
    async with asyncio.timeout(60) if hasattr(asyncio, "timeout") else nullcontext():
        await box.refresh()
        while name not in box.tools:
            await asyncio.sleep(0.01)
            await box.refresh()


def test_servers_over_http_until_they_die() -> None:
    with http_server("two") as url:
        asyncio.run(over_http(url, "legacy"))  # notices come
        asyncio.run(over_http(url, "auto"))  # the protocol of 2026, without notices
        in_code_that_is_not_asynchronous(url)
        asyncio.run(death_in_a_call(url))


async def over_http(url: str, mode: Any) -> None:
    async with Client(url, mode=mode) as client:
        box = Toolbox([client])
        assert (await one(box, "echo", '{"text": "hi"}')).text == "hi"
        assert (await one(box, "everything")).parts[1] == Image(PNG, "image/png")
        count = len(box.tools)
        await one(box, "grow")
        await until_known(box, f"grown_two_{count}" if count > 9 else "grown_two")
        assert len(box.tools) == count + 1


def in_code_that_is_not_asynchronous(url: str) -> None:
    with Toolbox([add, ("web", url)]) as box:
        (message,) = box.run_sync([call("echo", '{"text": "hi"}')])
        assert message["content"] == "hi"
        assert box.tools.names[:2] == ("add", "echo")
        with scripted_api(written("echo", {"text": "ho"}), "It said ho.") as server, client_of(openai, server.url) as client:
            conversation = Conversation(client, box, model="m")
            assert conversation.ask_sync("Say ho.").content == "It said ho."
        assert [result.text for result in conversation.results] == ["ho"]
    with pytest.raises(RuntimeError, match="async with box"):
        box.wait_for(box.refresh)


async def death_in_a_call(url: str) -> None:
    """Two servers, of which one dies in a call, and then the other. The box opens the connection to the first again, and leaves the session
    with the second alone."""
    async with Client(url, mode="legacy") as second, Toolbox([server("one"), second, add]) as box:
        shared = ["echo", *OWN]
        fronted = [[*(f"{name}_{tool}" for tool in shared), f"only_{name}"] for name in ("one", "two")]
        assert set(box.tools.names) > {*fronted[0], *fronted[1], "add"}
        found = await box.results([call("one_whoami"), call("two_whoami")])
        assert [result.text[:14] for result in found] == ['{"name": "one"', '{"name": "two"']
        assert "did you mean" in (await one(box, "whoami")).text

        calls = [call("two_whoami"), call("one_sleep"), call("one_crash"), call("add", '{"a": 1, "b": 2}'), call("two_everything")]
        found = await box.results(calls)
        assert [result.status for result in found] == ["ok", "failed", "failed", "ok", "ok"]
        assert found[1].text == "one_sleep failed: the connection to the MCP server one is lost"
        assert found[2].text == "one_crash failed: the connection to the MCP server one is lost"

        later = await box.results([call("one_whoami"), call("two_whoami")])
        assert [result.status for result in later] == ["failed", "ok"]
        await box.refresh()
        assert (await one(box, "one_whoami")).status == "ok"

        assert (await one(box, "two_crash")).text == "two_crash failed: the connection to the MCP server two is lost"
        for _ in range(2):
            last = await box.results([call("one_whoami"), call("two_whoami"), call("add", '{"a": 1, "b": 2}')])
            assert [result.status for result in last] == ["ok", "failed", "ok"]
            await box.refresh()
            assert "two_whoami" in box.tools  # it keeps those that it had


def test_a_server_that_cannot_be_reached() -> None:
    async def run(address: Any) -> None:
        async with Toolbox([add, address]):
            raise AssertionError("never")

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/mcp"
    with pytest.raises(Exception, match="connection attempts failed"):
        asyncio.run(run(url))
    with pytest.raises(FileNotFoundError):
        asyncio.run(run(StdioServerParameters(command="no-such-command-anywhere")))
    with pytest.raises(FileNotFoundError), Toolbox([StdioServerParameters(command="no-such-command-anywhere")]):
        raise AssertionError("never")
    with pytest.raises(RuntimeError, match="async with box"):
        Toolbox([url]).run_sync([call("echo")])


def test_a_server_that_does_not_answer_is_not_waited_for() -> None:
    async def run(url: str) -> None:
        async with Toolbox([url], timeout=0.2):
            raise AssertionError("never")

    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(TimeoutError, match=r"did not answer within 0\.2 seconds"):
        asyncio.run(run(f"http://127.0.0.1:{silent.getsockname()[1]}/mcp"))

    class Silent(Session):
        async def list_tools(self) -> Any:
            await asyncio.sleep(60)

    with pytest.raises(TimeoutError, match=r"the MCP server server did not answer within 0\.05 seconds"):
        asyncio.run(Toolbox([Silent(1, None)], timeout=0.05).refresh())


def test_what_is_no_tool_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    class Odd(Session):
        async def list_tools(self) -> Any:
            tools = [{"name": "good"}, {"name": ""}, {"name": "bad", "inputSchema": "x"}, None]
            return SimpleNamespace(tools=tools, next_cursor=None)

    box = Toolbox([Odd(1, None)])
    asyncio.run(box.refresh())
    assert box.tools.names == ("good",)
    assert [record.message.partition(":")[0] for record in caplog.records] == ["a tool of the MCP server server is left out"] * 3


def test_the_sdk_is_missed_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mcp", None)
    with pytest.raises(RuntimeError, match=r"pip install toolparse\[mcp\]"), Toolbox(["http://127.0.0.1:9/mcp"]):
        raise AssertionError("never")


@dataclass
class Session:
    """What a session looks like from outside; its tools say which one it is."""

    number: int
    server_info: Any
    names: tuple[str, ...] = ("echo",)

    async def list_tools(self) -> Any:
        return SimpleNamespace(tools=[{"name": name} for name in self.names], next_cursor=None)

    async def call_tool(self, name: str, arguments: dict[str, Any]) -> Any:
        text = SimpleNamespace(type="text", text=f"{name} of {self.number}")
        return SimpleNamespace(content=[text], is_error=False, structured_content=None)


def echo() -> str:
    return "mine"


SAME = SimpleNamespace(name="same server")


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ([Session(1, SAME)], {"echo": "echo of 1"}),
        ([echo, Session(1, SAME)], {"echo": "mine", "same_server_echo": "echo of 1"}),
        ([Session(1, SAME), Session(2, SAME)], {"same_server_echo": "echo of 1", "same_server_2_echo": "echo of 2"}),
        ([Session(1, SAME), ("my files", Session(2, SAME))], {"same_server_echo": "echo of 1", "my_files_echo": "echo of 2"}),
        ([Session(1, SAME), Session(2, None)], {"same_server_echo": "echo of 1", "server_echo": "echo of 2"}),
        ([Session(1, SAME), Toolbox([Session(2, SAME)])], {"same_server_echo": "echo of 1", "same_server_echo_2": "echo of 2"}),
        ([Session(1, SAME, ("a.b", "a_b", "a_b"))], {"same_server_a_b": "a.b of 1", "same_server_a_b_2": "a_b of 1"}),
        ([Session(1, SAME, ("n" * 100,))], {"n" * 64: f"{'n' * 100} of 1"}),
        (
            [Session(1, SAME, ("x", "server_x")), Session(2, None, ("x",))],
            {"same_server_x": "x of 1", "server_x": "server_x of 1", "server_x_2": "x of 2"},
        ),
    ],
)
def test_names_are_mapped_back(sources: list[Any], expected: dict[str, str]) -> None:
    async def run() -> dict[str, str]:
        box = Toolbox(sources)
        await box.refresh()
        return {result.call.name: result.text for result in await box.results([call(name) for name in box.tools.names])}

    assert asyncio.run(run()) == expected


def test_a_server_that_cannot_be_asked() -> None:
    class Nobody(Session):
        async def list_tools(self) -> Any:
            raise ConnectionError("nobody there")

    with pytest.raises(ConnectionError, match="nobody there"):
        asyncio.run(Toolbox([Nobody(1, None)]).run([call("echo")]))


def test_a_server_that_always_has_another_page() -> None:
    class Endless(Session):
        session: Any = None
        pages: int = 0

        async def list_tools(self, cursor: str | None = None) -> Any:
            self.pages += 1
            return SimpleNamespace(tools=[{"name": f"t{self.pages}"}], next_cursor=str(self.pages))

    endless = Endless(1, None)
    box = Toolbox([endless])
    asyncio.run(box.refresh())
    assert len(box.tools) == endless.pages == MOST_PAGES


BLOB = SimpleNamespace(uri="a://b", blob="QUJD", mimeType="text/x")


def block(type: str, **fields: Any) -> SimpleNamespace:
    return SimpleNamespace(type=type, **fields)


@pytest.mark.parametrize(
    ("content", "structured", "parts"),
    [
        ([block("text", text="plain")], {"result": "plain"}, ["plain"]),  # the SDK wraps plain values
        ([block("text", text='{"b": 1, "a": 2}')], {"a": 2, "b": 1}, ['{"b": 1, "a": 2}']),
        ([block("text", text="two things")], {"n": 2}, ["two things", '{"n": 2}']),
        ([], {"å": [1]}, ['{"å": [1]}']),
        ([], None, []),
        ([block("image", data="!!", mimeType="image/png")], None, ["[image/png that is not base64]"]),
        ([block("audio", data="QUJD", mime_type=None)], None, ["[binary data, 3 bytes]"]),
        ([block("resource_link", name="r", uri="a://b", description=None)], None, ["[resource r, a://b]"]),
        ([block("resource", resource=BLOB)], None, ["[resource a://b]", "[text/x, 3 bytes]"]),
        (None, None, []),
        (
            [block("text", text=3), None, block("image"), block("text", text="x")],
            None,
            ["3", *(f"[{it} that cannot be read]" for it in ("content", "image")), "x"],
        ),
    ],
)
@pytest.mark.parametrize("word", ["structured_content", "structuredContent"])
def test_what_a_server_answers_as_parts(content: list[Any], structured: Any, parts: list[Any], word: str) -> None:
    assert result_parts(SimpleNamespace(content=content, **{word: structured})) == parts


def test_a_box_in_a_box_is_opened_and_closed_with_it() -> None:
    class Closing(Session):
        async def list_tools(self) -> Any:
            if self.number == 2:
                raise RuntimeError("busy")
            return await super().list_tools()

    session = Closing(1, None)

    async def run() -> None:
        async with Toolbox([Toolbox([session])]) as box:
            assert box.tools.names == ("echo",)
            session.number = 2
            await box.refresh()  # it cannot be asked now, and keeps what it had
            assert (await one(box, "echo")).text == "echo of 2"

    asyncio.run(run())
