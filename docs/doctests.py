"""For the reference: examples in docstrings (`>>> ...`) become blocks of code, which Markdown does not make of them by itself."""

from __future__ import annotations

import re
from typing import Any

import griffe

EXAMPLE = re.compile(r"(?:^>>> .*\n?(?:^\S.*\n?|^ .*\n?)*)+", re.M)


class Doctests(griffe.Extension):
    """Rewrites each docstring before it is read as Markdown."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        if obj.docstring is not None:
            obj.docstring.value = EXAMPLE.sub(lambda found: f"\n```pycon\n{found[0].rstrip()}\n```\n", obj.docstring.value)
