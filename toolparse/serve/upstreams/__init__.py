"""The engines that the gateway can stand in front of: one module for each, which says what it is asked and how its stream is read."""

from __future__ import annotations

from toolparse.serve.upstreams.llama_cpp import LLAMA_CPP
from toolparse.serve.upstreams.ollama import OLLAMA
from toolparse.serve.upstreams.openai_chat import OPENAI_CHAT
from toolparse.serve.upstreams.openai_completions import OPENAI_COMPLETIONS
from toolparse.serve.upstreams.tgi import TGI
from toolparse.serve.upstreams.upstream import Upstream

UPSTREAMS: dict[str, Upstream] = {
    "openai-chat": OPENAI_CHAT,
    "openai-completions": OPENAI_COMPLETIONS,
    "llama.cpp": LLAMA_CPP,
    "tgi": TGI,
    "ollama": OLLAMA,
}
