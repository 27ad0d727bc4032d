"""vLLM's real API server with its engine core scripted: `serve_vllm.py ARGUMENT...`, the arguments of `vllm serve`.

Arguments, app, renderer, AsyncLLM, detokenizer and serving layer are vLLM's. What stands for the core takes each request and gives
the tokens of the output that it names (`scripted.py`), one a step. Facts: vllm 0.33.0, `v1/engine/core_client.py`.
"""

from __future__ import annotations

import asyncio
import os
from types import SimpleNamespace
from typing import Any

os.environ.update(HF_HUB_OFFLINE="1", VLLM_NO_USAGE_STATS="1", DO_NOT_TRACK="1")

import absent  # noqa: F401  (before the engine)
import uvloop
import vllm.platforms
from scripted import asked_for, tokens
from vllm.platforms.cpu import CpuPlatform

vllm.platforms.current_platform = CpuPlatform()  # before the modules that read it

from vllm.entrypoints.common.cli_args import make_arg_parser, validate_parsed_serve_args  # noqa: E402
from vllm.entrypoints.common.startup import cli_env_setup  # noqa: E402
from vllm.entrypoints.launchers.api_server import entry  # noqa: E402
from vllm.plugins import load_general_plugins  # noqa: E402
from vllm.utils.argparse_utils import FlexibleArgumentParser  # noqa: E402
from vllm.v1.engine import EngineCoreOutput, EngineCoreOutputs, FinishReason  # noqa: E402
from vllm.v1.engine.core_client import EngineCoreClient  # noqa: E402


class Core:
    """Stands for the client of the engine core: what it does not say is None."""

    def __init__(self, renderer: Any) -> None:
        self.tokenizer = renderer.tokenizer
        self.outputs: asyncio.Queue[EngineCoreOutputs] = asyncio.Queue()
        self.running: dict[str, asyncio.Task[None]] = {}
        self.engine_ranks_managed = [0]
        self.resources = SimpleNamespace(engine_dead=False)

    async def get_supported_tasks_async(self) -> tuple[str, ...]:
        return ("generate",)

    async def get_output_async(self) -> EngineCoreOutputs:
        return await self.outputs.get()

    async def add_request_async(self, request: Any) -> None:
        name = asked_for(self.tokenizer.decode(request.prompt_token_ids))
        limit = request.sampling_params.max_tokens
        self.running[request.request_id] = asyncio.create_task(self.write(request.request_id, tokens(name, self.tokenizer), limit))

    async def write(self, request: str, ids: list[int], limit: int) -> None:
        cut = len(ids) > limit
        ids = ids[:limit] if cut else [*ids, self.tokenizer.eos_token_id]
        for place, number in enumerate(ids):
            finish = None if place < len(ids) - 1 else FinishReason.LENGTH if cut else FinishReason.STOP
            output = EngineCoreOutput(request_id=request, new_token_ids=[number], finish_reason=finish)
            self.outputs.put_nowait(EngineCoreOutputs(outputs=[output]))
            await asyncio.sleep(0)

    async def abort_requests_async(self, requests: list[str]) -> None:
        for request in requests:
            if request in self.running:
                self.running.pop(request).cancel()

    def shutdown(self, timeout: float | None = None) -> None:
        pass

    def dp_engines_running(self) -> bool:
        return False

    def get_kv_event_sources(self) -> dict[str, Any]:
        return {}

    def __getattr__(self, name: str) -> Any:
        async def nothing(*args: Any, **options: Any) -> None:
            return None

        return nothing


EngineCoreClient.make_async_mp_client = staticmethod(lambda *, renderer=None, **options: Core(renderer))  # type: ignore[method-assign]

if __name__ == "__main__":
    load_general_plugins()
    cli_env_setup()
    arguments = make_arg_parser(FlexibleArgumentParser()).parse_args()
    validate_parsed_serve_args(arguments)
    uvloop.run(entry.run_server(arguments))
