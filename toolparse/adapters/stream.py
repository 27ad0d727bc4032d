"""From pieces of model output to an API's stream in one call, for synchronous and asynchronous sources.

Joins a parser and an adapter; knows nothing of what either does.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Protocol

from toolparse.events import Event

if TYPE_CHECKING:
    from toolparse.parser import Parser


class Adapter(Protocol):
    """What the three adapters have in common."""

    def start(self) -> list[dict[str, Any]]: ...

    def feed(self, events: Iterable[Event]) -> list[dict[str, Any]]: ...

    def finish(self, truncated: bool = False) -> list[dict[str, Any]]: ...


def _complete() -> bool:
    return False


def stream(parser: Parser, pieces: Iterable[str], adapter: Adapter, truncated: Callable[[], bool] = _complete) -> Iterator[dict[str, Any]]:
    """The whole stream of one answer, from its first chunk to its last.

    `truncated` is asked once, after the last piece: was the output cut by the token limit? Each chunk is yielded as soon
    as the piece that it comes from is there. Raises nothing but what `pieces` raises::

        for chunk in stream(toolparse.Parser("hermes"), pieces, ChatChunks(model="m")):
            send(encode(chunk))
    """
    yield from adapter.start()
    for piece in pieces:
        yield from adapter.feed(parser.feed(piece))
    cut = truncated()
    yield from adapter.feed(parser.finish(truncated=cut))
    yield from adapter.finish(truncated=cut)


async def astream(
    parser: Parser, pieces: AsyncIterable[str], adapter: Adapter, truncated: Callable[[], bool] = _complete
) -> AsyncIterator[dict[str, Any]]:
    """`stream` for an asynchronous source of pieces."""
    for chunk in adapter.start():
        yield chunk
    async for piece in pieces:
        for chunk in adapter.feed(parser.feed(piece)):
            yield chunk
    cut = truncated()
    for chunk in adapter.feed(parser.finish(truncated=cut)):
        yield chunk
    for chunk in adapter.finish(truncated=cut):
        yield chunk
