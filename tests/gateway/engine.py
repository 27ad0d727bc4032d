"""A scripted engine as a process of its own: `engine.py PORT KIND`. For `latency` it writes 200 pieces; for `load` see load.py."""

from __future__ import annotations

import sys
from pathlib import Path

import uvicorn

sys.path.insert(0, str(Path(__file__).parent.parent))
from scripted_upstream import Engine, Script

if __name__ == "__main__":
    port, kind = int(sys.argv[1]), sys.argv[2]
    if kind == "load":
        from load import LoadEngine

        app: object = LoadEngine()
    else:
        app = Engine(Script([f"word{number} " for number in range(200)]))
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="critical", lifespan="off")  # type: ignore[arg-type]
