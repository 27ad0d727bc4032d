"""For the site: state diagrams, which pages hold as mermaid's text, as pictures; mermaid's own script would come from elsewhere.

A column for each state, and a row for each transition: an arrow from one column to another.
"""

from __future__ import annotations

import re
from html import escape
from typing import Any

BLOCK = re.compile(r"^```mermaid\nstateDiagram-v2\n(.*?)^```$", re.M | re.S)
TRANSITION = re.compile(r"^ *(\S+) --> (\S+) ?:? ?(.*)$", re.M)
COLUMN, ROW, LETTER = 130, 30, 7.3


def on_page_markdown(markdown: str, **_: Any) -> str:
    return BLOCK.sub(lambda found: drawn(TRANSITION.findall(found[1])), markdown)


def drawn(transitions: list[tuple[str, str, str]]) -> str:
    states = dict.fromkeys(state for *ends, _ in transitions for state in ends)
    places = {state: COLUMN * (at + 0.5) for at, state in enumerate(states)}
    width, height = COLUMN * len(places), ROW * len(transitions) + 32
    lines = [f'<path d="M{x} 24V{height}" opacity=".25"/>' for x in places.values()]
    words = [f'<text x="{x}" y="16" text-anchor="middle" font-weight="bold">{name(state)}</text>' for state, x in places.items()]
    for row, (source, target, by) in enumerate(transitions, 1):
        x, to, y, said = places[source], places[target], ROW * row + 14, unescaped(by)
        if x == to:
            line = f"M{x} {y}h24v10H{x}m8 -4l-8 4l8 4"
        else:
            line = f"M{x} {y}H{to}m{8 if x > to else -8} -4L{to} {y}l{8 if x > to else -8} 4"
        lines.append(f'<circle cx="{x}" cy="{y}" r="2.5"/><path d="{line}"/>')
        words.append(f'<text x="{min(x, to) + 10}" y="{y - 5}">{escape(said)}</text>')
        width = max(width, round(min(x, to) + LETTER * (len(said) + 3)))
    told = "; ".join(f"from {name(source)} to {name(target)}: {escape(unescaped(by))}" for source, target, by in transitions)
    return (
        f'<div style="overflow-x: auto"><svg width="{width}" viewBox="0 0 {width} {height}" style="max-width: none" '
        f'role="img" aria-label="{told}" '
        f'font-size="12" font-family="var(--md-code-font-family, monospace)"><g fill="none" stroke="currentColor">{"".join(lines)}</g>'
        f'<g fill="currentColor">{"".join(words)}</g></svg></div>'
    )


def name(state: str) -> str:
    return "●" if state == "[*]" else escape(state.replace("_", " "))


def unescaped(text: str) -> str:
    """A label without the numbers that mermaid wants for characters that it would read as its own."""
    return re.sub(r"#(\d+);", lambda found: chr(int(found[1])), text)
