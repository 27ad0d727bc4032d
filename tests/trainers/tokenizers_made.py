"""Tokenizers of our own making: bytes, and the special tokens of a format. No file and no hub."""

from __future__ import annotations

from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

import toolparse
from toolparse.grammar import Format

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "The weather",
            "parameters": {
                "type": "object",
                "properties": {"city": {"type": "string", "description": "City"}, "days": {"type": "integer", "description": "Days"}},
                "required": ["city"],
            },
        },
    }
]
CALL = {"function": {"name": "get_weather", "arguments": '{"city": "Oslo ☀", "days": 3}'}}


def tokenizer_of(fmt: Format | str) -> PreTrainedTokenizerFast:
    """Bytes as tokens, and as one token each whatever the format calls special or stops at."""
    chosen = toolparse.get_format(fmt) if isinstance(fmt, str) else fmt
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    inner = Tokenizer(models.BPE(vocab={character: number for number, character in enumerate(sorted(alphabet))}, merges=[]))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    inner.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=inner, eos_token="<|eos|>", pad_token="<|pad|>", clean_up_tokenization_spaces=False
    )
    special = dict.fromkeys(mark.strip() for mark in (*chosen.special_tokens, *chosen.stop) if mark.strip())
    tokenizer.add_tokens(list(special), special_tokens=True)
    return tokenizer


def rendered(fmt: str, **message: object) -> str:
    return toolparse.render({"content": None, **message}, fmt, tools=TOOLS)


def with_calls() -> list[str]:
    """Formats that can say the example's call."""
    names = []
    for fmt in toolparse.formats():
        try:
            rendered(fmt.name, tool_calls=[CALL])
        except toolparse.CannotRender:
            continue
        names.append(fmt.name)
    return names
