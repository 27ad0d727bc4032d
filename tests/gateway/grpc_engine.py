"""The scripted engine in vLLM's gRPC protocol, which gives token ids and no text: `grpc_engine.py PORT FOLDER`.

FOLDER gets what stands for the model there: a tokenizer in which each of the engine's pieces is one token. The protocol is that of the
`smg-grpc-proto` package.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
from engine import PIECES
from smg_grpc_proto.generated import vllm_engine_pb2 as proto
from smg_grpc_proto.generated import vllm_engine_pb2_grpc as service
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}<|im_start|>assistant\n"
)
END = "<|im_end|>"


def write_model(folder: Path) -> Tokenizer:
    """A tokenizer of bytes, the pieces and the markers of messages, with a chat template and the model's config."""
    folder.mkdir(exist_ok=True)
    vocabulary = {character: number for number, character in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(text, special=True) for text in ("<|im_start|>", END)])
    tokenizer.add_tokens([AddedToken(text, normalized=False) for text in PIECES])
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {"chat_template": TEMPLATE, "eos_token": END, "tokenizer_class": "PreTrainedTokenizerFast"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    config = {"architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "max_position_embeddings": 4096}
    (folder / "config.json").write_text(json.dumps({**config, "eos_token_id": tokenizer.token_to_id(END)}))
    return tokenizer


class Engine(service.VllmEngineServicer):  # type: ignore[misc]
    """Says the same to everybody."""

    def __init__(self, folder: Path, tokenizer: Tokenizer) -> None:
        self._ids = [tokenizer.token_to_id(piece) for piece in PIECES]
        self._end = tokenizer.token_to_id(END)
        self._info = proto.GetModelInfoResponse(
            model_path=str(folder), tokenizer_path=str(folder), served_model_name="scripted", is_generation=True, max_context_length=4096,
            vocab_size=tokenizer.get_vocab_size(), model_type="qwen3", architectures=["Qwen3ForCausalLM"], eos_token_ids=[self._end],
        )  # fmt: skip

    async def Generate(self, request: Any, context: Any) -> AsyncIterator[Any]:
        size = len(request.tokenized.input_ids)
        for number, token in enumerate(self._ids, 1):
            chunk = proto.GenerateStreamChunk(token_ids=[token], prompt_tokens=size, completion_tokens=number)
            yield proto.GenerateResponse(chunk=chunk)
            await asyncio.sleep(0)
        last = proto.GenerateComplete(output_ids=[self._end], finish_reason="stop", prompt_tokens=size, completion_tokens=len(self._ids))
        yield proto.GenerateResponse(complete=last)

    async def HealthCheck(self, request: Any, context: Any) -> Any:
        return proto.HealthCheckResponse(healthy=True)

    async def Abort(self, request: Any, context: Any) -> Any:
        return proto.AbortResponse()

    async def GetModelInfo(self, request: Any, context: Any) -> Any:
        return self._info

    async def GetServerInfo(self, request: Any, context: Any) -> Any:
        return proto.GetServerInfoResponse(server_type="vllm-grpc", data_parallel_size=1, max_num_seqs=512)


async def main(port: str, folder: Path) -> None:
    server = grpc.aio.server()
    service.add_VllmEngineServicer_to_server(Engine(folder, write_model(folder)), server)
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]).resolve()))
