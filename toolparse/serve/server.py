"""Running the gateway with uvicorn, and where its log goes."""

from __future__ import annotations

import logging
import socket
import sys
from contextlib import suppress
from typing import TextIO

import uvicorn

from toolparse.serve.app import make_app
from toolparse.serve.settings import Settings

_GOING_DOWN = 10
"""Seconds that answers have to end when the gateway is told to stop."""
_KEPT = 75
"""Seconds that an idle connection is kept: longer than clients keep theirs, so that none is closed just when it is used again."""


def serve(settings: Settings, host: str, port: int) -> None:
    """Serve until SIGINT or SIGTERM. Raises `OSError` when the port is not to be had, and what `make_app` raises."""
    app = make_app(settings)
    listener = _listener(host, port)
    _log_to(sys.stderr)
    address = f"[{host}]" if ":" in host else host
    print(
        f"toolparse: http://{address}:{listener.getsockname()[1]} in front of {settings.upstream} at {settings.url}",
        file=sys.stderr,
        flush=True,
    )
    config = uvicorn.Config(
        app, log_config=None, access_log=False, timeout_keep_alive=_KEPT, timeout_graceful_shutdown=_GOING_DOWN, server_header=False
    )
    with listener, suppress(KeyboardInterrupt):  # which uvicorn raises again when it has stopped
        uvicorn.Server(config).run(sockets=[listener])


def _listener(host: str, port: int) -> socket.socket:
    """Bound before the server runs, so that a port that is taken is an error of the command."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, kind, protocol, _, address = found[0]
    listener = socket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(2048)
    except OSError:
        listener.close()
        raise
    return listener


def _log_to(stream: TextIO) -> None:
    """The gateway's lines are JSON as they are; what the server itself has to say are words."""
    lines = logging.StreamHandler(stream)
    own = logging.getLogger("toolparse.serve")
    own.setLevel(logging.INFO)
    own.addHandler(lines)
    own.propagate = False
    logging.getLogger("uvicorn").addHandler(lines)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
