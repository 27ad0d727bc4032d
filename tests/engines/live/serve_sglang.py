"""SGLang's real serving layer with its tokenizer manager scripted: `serve_sglang.py MODEL PORT TOOL_PARSER [REASONING_PARSER]`.

Protocol, templates, template detection, parsers and `OpenAIServingChat` are SGLang's. What stands for the tokenizer manager gives the
text of the output that a request names (`scripted.py`), a token a step, as SGLang does: all of the text so far. Facts: sglang
0.5.23, `srt/entrypoints/openai/serving_chat.py`, `srt/managers/tokenizer_manager.py`.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

os.environ["HF_HUB_OFFLINE"] = "1"

import absent  # noqa: F401  (before the engine)
import sglang.srt.entrypoints.openai.serving_base as serving_base
import sglang.srt.entrypoints.openai.serving_chat as serving_chat
import sglang.srt.entrypoints.openai.serving_responses as serving_responses
import sglang.srt.runtime_context as runtime_context
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse
from scripted import asked_for, tokens
from sglang.srt.entrypoints.anthropic.protocol import AnthropicMessagesRequest
from sglang.srt.entrypoints.anthropic.serving import AnthropicServing
from sglang.srt.entrypoints.openai.protocol import ChatCompletionRequest, ResponsesRequest
from sglang.srt.parser.template_manager import TemplateManager
from sglang.srt.plugins import load_plugins
from sglang.srt.server_args import ServerArgs
from transformers import PreTrainedTokenizerFast

load_plugins()
MODEL, PORT, TOOL = sys.argv[1:4]
ARGUMENTS = ServerArgs(
    model_path=MODEL, device="cpu", tool_call_parser=TOOL, reasoning_parser=sys.argv[4] if len(sys.argv) > 4 else None
)  # fmt: skip
ARGUMENTS.resolve_once()
SETTINGS: dict[str, Any] = {
    "tool_call_parser": ARGUMENTS.tool_call_parser, "reasoning_parser": ARGUMENTS.reasoning_parser,
    "model_path": MODEL, "grammar_backend": "xgrammar",
    "incremental_streaming_output": False, "stream_response_default_include_usage": False, "enable_cache_report": False,
    "default_chat_template_kwargs": None,
}  # fmt: skip


class Settings:
    """The server's arguments: what is not set is None."""

    def __getattr__(self, name: str) -> Any:
        return SETTINGS.get(name)


for module in (serving_chat, serving_responses, serving_base, runtime_context):
    for getter in ("get_serving", "get_model", "get_observability", "get_structured_output", "get_disagg"):
        if hasattr(module, getter):
            setattr(module, getter, Settings)

CONFIG = json.loads((Path(MODEL) / "tokenizer_config.json").read_text(encoding="utf-8"))
TOKENIZER = PreTrainedTokenizerFast(tokenizer_file=str(Path(MODEL) / "tokenizer.json"), eos_token="<|im_end|>")
TOKENIZER.chat_template = CONFIG["chat_template"]


class Manager:
    """Stands for the tokenizer manager."""

    def __init__(self) -> None:
        described = Mock(architectures=["Qwen3ForCausalLM"], model_type="qwen3")
        described.to_dict.return_value = {}
        self.model_config = Mock(is_multimodal=False, context_len=32768, hf_config=described)
        self.model_config.get_default_sampling_params.return_value = {}
        self.server_args = Mock(**SETTINGS)
        self.model_path, self.served_model_name, self.tokenizer = MODEL, "m", TOKENIZER
        self.create_abort_task = Mock(return_value=None)
        self.request_logger = Mock(log_requests=False, log_requests_level=0)

    def config_value(self, name: str) -> Any:
        return SETTINGS.get(name)

    async def generate_request(self, request: Any, raw: Any = None) -> AsyncIterator[Any]:
        prompt = request.input_ids if request.input_ids is not None else TOKENIZER.encode(request.text)
        ids = tokens(asked_for(TOKENIZER.decode(prompt)), TOKENIZER)
        limit = request.sampling_params.get("max_new_tokens") or len(ids)
        finish: dict[str, Any] = {"type": "stop", "matched": TOKENIZER.eos_token_id}
        if len(ids) > limit:
            ids, finish = ids[:limit], {"type": "length", "length": limit}
        skip = request.sampling_params.get("skip_special_tokens", True)
        name = "chatcmpl-" + uuid.uuid4().hex

        def so_far(end: int, index: int = 0) -> dict[str, Any]:
            told = {"id": name, "prompt_tokens": len(prompt), "completion_tokens": end, "cached_tokens": 0, "weight_version": "1",
                    "reasoning_tokens": 0, "finish_reason": finish if end == len(ids) else None}  # fmt: skip
            text = TOKENIZER.decode(ids[:end], skip_special_tokens=skip)
            return {"text": text, "meta_info": told, "index": index, "output_ids": ids[:end]}

        count = request.sampling_params.get("n") or 1
        if not request.stream:
            answers = [so_far(len(ids), index) for index in range(count)]
            yield answers if count > 1 else answers[0]
            return
        for end in range(1, len(ids) + 1):
            piece = so_far(end)
            if end == len(ids) or not piece["text"].endswith("\ufffd"):  # a character of which more bytes come
                yield piece
            await asyncio.sleep(0)


manager, templates = Manager(), TemplateManager()
templates._run_template_detection(TOKENIZER.chat_template, TOKENIZER)
chat = serving_chat.OpenAIServingChat(manager, templates)
messages, responses = AnthropicServing(chat), serving_responses.OpenAIServingResponses(manager, templates)
app = FastAPI()


@app.get("/v1/models")
async def models() -> dict[str, Any]:
    return {"object": "list", "data": [{"id": "m", "object": "model", "created": 0, "owned_by": "tests"}]}


@app.post("/v1/chat/completions")
async def complete(request: ChatCompletionRequest, raw_request: Request) -> Any:
    return await chat.handle_request(request, raw_request)


@app.post("/v1/messages")
async def answer_messages(request: AnthropicMessagesRequest, raw_request: Request) -> Any:
    return await messages.handle_messages(request, raw_request)


@app.post("/v1/responses")
async def respond(request: ResponsesRequest, raw_request: Request) -> Any:
    answered = await responses.create_responses(request, raw_request)
    return StreamingResponse(answered, media_type="text/event-stream") if isinstance(answered, AsyncIterator) else answered


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(PORT), log_level="warning")
