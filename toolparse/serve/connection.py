"""The gateway's side of the wire to its upstream: what httpx says, said as `UpstreamError`."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx

from toolparse.serve.upstreams.event_stream import UpstreamError, json_object, told

_LONGEST_REFUSAL = 64 * 1024
_PASSED_ON = frozenset((400, 403, 404, 413, 422, 429))
"""Refusals that are about the request, so the client is told of them."""


class Connection:
    """One upstream's base address, and the key that it is given."""

    def __init__(self, url: str, key: str | None, stall: float) -> None:
        self._key = key
        self._client = httpx.AsyncClient(
            base_url=url.rstrip("/").removesuffix("/v1"),
            timeout=httpx.Timeout(stall, connect=min(30.0, stall)),
            # A kept connection may be closed by the engine just when it is used again, and then a good request fails. Beside the time
            # that a model takes to answer, a new one costs nothing.
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
            headers={"accept-encoding": "identity", "user-agent": "toolparse", "content-type": "application/json"},
        )

    async def close(self) -> None:
        """Let go of all connections."""
        await self._client.aclose()

    @asynccontextmanager
    async def stream(self, path: str, body: Mapping[str, Any], key: str | None) -> AsyncIterator[AsyncIterator[bytes]]:
        """Send a request and give what comes back as it arrives. `key` is the client's, used where the operator gave none."""
        try:
            async with self._client.stream("POST", path, content=_json(body), headers=self._headers(key)) as response:
                if response.status_code != 200:
                    raise await self._refused(response)
                yield response.aiter_raw()
        except httpx.HTTPError as error:
            raise _failure(error) from None

    async def json(self, path: str, key: str | None, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """A JSON object from the upstream: got, or posted for."""
        try:
            method = "GET" if body is None else "POST"
            content = None if body is None else _json(body)
            response = await self._client.request(method, path, content=content, headers=self._headers(key))
            if response.status_code != 200:
                raise await self._refused(response)
            return json_object(response.content)
        except httpx.HTTPError as error:
            raise _failure(error) from None

    def _headers(self, key: str | None) -> dict[bytes, bytes]:
        key = self._key or key
        return {b"authorization": b"Bearer " + key.encode("latin-1", "replace")} if key else {}

    async def _refused(self, response: httpx.Response) -> UpstreamError:
        text = b""
        async for part in response.aiter_bytes():
            text += part
            if len(text) > _LONGEST_REFUSAL:
                break
        try:
            json_object(text)
            reason = told(text.decode())
        except UpstreamError as error:
            reason = error.message.removeprefix("the upstream failed: ") if error.kind == "failed" else ""
        status = response.status_code
        message = f"the upstream refused the request ({status})" + (f": {reason}" if reason else "")
        if status in _PASSED_ON or (status == 401 and self._key is None):
            return UpstreamError("refused", message, 400 if status == 422 else status)
        if status == 503:
            return UpstreamError("busy", message, 503)
        return UpstreamError("refused", message)


def _json(body: Mapping[str, Any]) -> bytes:
    """A body in UTF-8. Half of a surrogate pair, which a model may have written in an earlier turn, becomes a question mark."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _failure(error: httpx.HTTPError) -> UpstreamError:
    if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)):
        return UpstreamError("unreachable", "the upstream cannot be reached")
    if isinstance(error, httpx.TimeoutException):
        return UpstreamError("stalled", "the upstream has stalled", 504)
    if isinstance(error, httpx.TransportError):
        return UpstreamError("cut", "the upstream broke the connection")
    return UpstreamError("garbage", "the upstream sent what is no HTTP answer")
