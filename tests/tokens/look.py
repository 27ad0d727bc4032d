"""Align every vector with the tokens of real tokenizers that a package ships, and count what was found."""

from __future__ import annotations

import sys
from collections import Counter
from importlib.resources import files
from pathlib import Path

from mistral_common.tokens.tokenizers.tekken import Tekkenizer

from toolparse import align, formats, parse
from toolparse.testing import read_vectors

VECTORS = Path(__file__).parent.parent.parent / "fixtures" / "vectors"


def offsets(tokenizer: Tekkenizer, text: str) -> list[tuple[int, int]]:
    """The tokens' offsets in characters. The bytes of one character may be in several tokens, which then have the same place."""
    begins = [0]
    for character in text:
        begins.append(begins[-1] + len(character.encode()))
    at_byte = {byte: at for at, byte in enumerate(begins)}
    found = []
    byte = 0
    for token in tokenizer.encode(text, bos=False, eos=False):
        stop = byte + len(tokenizer.id_to_byte_piece(token))
        first = max(at for start, at in at_byte.items() if start <= byte)
        last = min(at for start, at in at_byte.items() if start >= stop)
        found.append((first, last))
        byte = stop
    assert byte == begins[-1], text
    return found


def main() -> None:
    data = files("mistral_common") / "data"
    for name in sorted(path.name for path in data.iterdir() if path.name.startswith("tekken")):
        tokenizer = Tekkenizer.from_file(str(data / name))
        counts: Counter[str] = Counter()
        for fmt in formats():
            path = VECTORS / f"{fmt.name}.jsonl"
            for case in read_vectors(path) if path.is_file() else ():
                text = case["text"]
                if len(text) > 4000 or any("\ud800" <= character <= "\udfff" for character in text):
                    continue
                message = parse(text, fmt, tools=case["tools"], prompt=case["prefill"] or None, spans=True)
                places = offsets(tokenizer, text)
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
