"""A scripted engine as a process of its own: `engine.py PORT KIND`. For `latency` it writes PIECES; for `load` see load.py."""

from __future__ import annotations

import sys
from pathlib import Path

import uvicorn

sys.path.insert(0, str(Path(__file__).parent.parent))
from scripted_upstream import Engine, Script

PIECES = [
    *(f"word{number} " for number in range(150)),
    "<tool_call>",
    '\n{"name": "search", "arguments": {"q": "',
    *(f"term{number} " for number in range(50)),
    '"}}\n',
    "</tool_call>",
]
"""A text and a call, as a model writes them, token by token."""

if __name__ == "__main__":
    port, kind = int(sys.argv[1]), sys.argv[2]
    if kind == "load":
        from load import LoadEngine

        app: object = LoadEngine()
    else:
        app = Engine(Script(PIECES))
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="critical", lifespan="off")  # type: ignore[arg-type]
