"""What a client may take: the bytes of a body, a place among the requests that run, and whether it holds the key."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.requests import Request as HttpRequest

SLOW_BODY = 30.0
"""Seconds in which a body must have arrived."""
MOST_TEXT = 16 * 1024 * 1024
"""Characters of one answer, after which the upstream is taken for one that never ends."""


class Refused(Exception):
    """The request is not let in. `status` is that of HTTP."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class TooMany(Exception):
    """No place is free."""


class Places:
    """So many requests at once and no more: the next one is told to come again, rather than kept waiting."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.taken = 0

    @contextmanager
    def one(self) -> Iterator[None]:
        """A place, for as long as it is needed. Raises `TooMany`."""
        if self.taken >= self._most:
            raise TooMany
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1


def given_key(request: HttpRequest) -> str | None:
    """The key that a client sends, as OpenAI's clients or as Anthropic's do."""
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    return value.strip() if kind.lower() == "bearer" and value.strip() else request.headers.get("x-api-key")


def check_key(request: HttpRequest, wanted: str | None) -> None:
    """Raises `Refused` for a client that does not hold the key. How long that takes does not tell how much of it was right."""
    if wanted is None:
        return
    given = given_key(request)
    if given is None or not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), wanted.encode()):
        raise Refused(401, "the key is missing or wrong; send it as a bearer token or as x-api-key")


async def read_body(request: HttpRequest, most: int) -> bytes:
    """The body. Raises `Refused` for one that is too large, before it has been read."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        # A page of another origin can send other types without asking first.
        raise Refused(415, "the content type must be application/json")
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > most:
        raise Refused(413, f"the body has more than {most} bytes")
    parts = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise Refused(413, f"the body has more than {most} bytes")
        parts.append(part)
    return b"".join(parts)
