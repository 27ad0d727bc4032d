"""Writing a chunk as a server-sent event. Knows that typed events are named by their type, and nothing else of the APIs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def encode(chunk: Mapping[str, Any]) -> str:
    r"""One chunk of any of the adapters as one server-sent event, ready to be sent as UTF-8.

    >>> encode({"type": "message_stop"})
    'event: message_stop\ndata: {"type": "message_stop"}\n\n'
    """
    # ASCII escapes, because a model may write half of a surrogate pair, which UTF-8 cannot carry.
    data = f"data: {json.dumps(chunk)}\n\n"
    return f"event: {chunk['type']}\n{data}" if "type" in chunk else data
