"""A tokenizer of Hugging Face's that knows every byte, and the special tokens of a format: enough for a compiler of grammars."""

from __future__ import annotations

from functools import cache
from typing import Any

from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from toolparse import Format

END = "<end of output>"


@cache
def tokenizer_of(fmt: Format) -> Any:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    made = Tokenizer(models.BPE(vocab={character: number for number, character in enumerate(alphabet)}, merges=[]))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    made.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=made, eos_token=END)
    tokenizer.add_special_tokens({"additional_special_tokens": list(fmt.special_tokens)})
    return tokenizer


def bytes_of(tokenizer: Any) -> list[bytes]:
    """What each token stands for."""
    of_bytes = {character: bytes([code]) for code, character in _byte_characters().items()}
    return [of_bytes.get(token) or token.encode() for token in tokenizer.convert_ids_to_tokens(range(len(tokenizer)))]


def _byte_characters() -> dict[int, str]:
    """The character that stands for each byte: itself where it can be seen, else one from beyond the first 256."""
    seen = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [code for code in range(256) if code not in seen]
    return {**{code: chr(code) for code in seen}, **{code: chr(256 + at) for at, code in enumerate(others)}}
