"""Grammars for constrained decoding, from the same descriptions as the parser: see `constraint`."""
