"""LightLLM's real HTTP server with its manager of requests scripted: `serve_lightllm.py ARGUMENT...`, the arguments of LightLLM's.

Arguments, app, prompts and serving layer are LightLLM's, from `LIGHTLLM_SOURCE`. What stands for the manager gives the text of the output
that a request names (`scripted.py`), a token a step. The parsers come in by the folder that `python -m toolparse.plugins.lightllm`
prints, in `PYTHONPATH`. Facts: ModelTC/LightLLM 87881ae, `server/api_http.py`, `server/httpserver/manager.py`.
"""

from __future__ import annotations

import asyncio
import json
import os
from argparse import ArgumentParser
from collections.abc import AsyncIterator
from dataclasses import asdict
from itertools import count
from typing import Any
from unittest.mock import MagicMock

os.environ.update(HF_HUB_OFFLINE="1", LITELLM_LOCAL_MODEL_COST_MAP="True")

import lightllm_source  # noqa: F401  (before the engine)
import uvicorn
from lightllm.server.api_cli import add_cli_args
from lightllm.server.core.objs.start_args_type import StartArgs
from scripted import asked_for, tokens

ARGUMENTS = StartArgs(**vars(add_cli_args(ArgumentParser()).parse_args()))
os.environ["LIGHTLLM_START_ARGS"] = json.dumps(asdict(ARGUMENTS))

import lightllm.server.api_http as server  # noqa: E402
import lightllm.server.build_prompt as prompts  # noqa: E402
from lightllm.server.core.objs import FinishStatus  # noqa: E402
from lightllm.server.req_id_generator import MAX_BEST_OF  # noqa: E402


class Manager:
    """Stands for the manager of requests."""

    def __init__(self, args: Any) -> None:
        self.tokenizer = prompts.tokenizer
        self.groups = count(MAX_BEST_OF, MAX_BEST_OF)

    async def handle_loop(self) -> None:
        pass

    def get_real_supported_max_req_total_len(self) -> int:
        return 8192

    async def generate(self, prompt: Any, params: Any, images: Any, request: Any = None) -> AsyncIterator[tuple[int, str, Any, Any]]:
        ids = tokens(asked_for(prompt), self.tokenizer)
        ended = FinishStatus(FinishStatus.FINISHED_STOP)
        if len(ids) > params.max_new_tokens:
            ids, ended = ids[: params.max_new_tokens], FinishStatus(FinishStatus.FINISHED_LENGTH)
        first, sent = next(self.groups), ""
        for end in range(1, len(ids) + 1):
            text = self.tokenizer.decode(ids[:end], skip_special_tokens=params.skip_special_tokens)
            if end < len(ids) and text.endswith("\ufffd"):  # a character of which more bytes come
                text = sent
            piece, sent = text[len(sent) :], text
            for choice in range(params.n):
                yield first + choice, piece, {"prompt_tokens": 1, "id": ids[end - 1]}, ended if end == len(ids) else FinishStatus()
            await asyncio.sleep(0)


server.HttpServerManager = Manager  # type: ignore[misc,assignment]
server.MetricClient = server.TokenLoad = server.get_shm_port_args = MagicMock()  # type: ignore[misc,assignment]

if __name__ == "__main__":
    uvicorn.run(server.app, host=ARGUMENTS.host, port=ARGUMENTS.port, log_level="warning")
