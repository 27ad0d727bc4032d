"""The output itself in HTML, each stretch as what it was read as and the problems under their lines: for the page of `explain`, and for the
playground of the gateway.

Colours are never alone: stretches say what they are to a screen reader and where one points, and problems have words. Everything that a
model wrote is escaped, and no element has a style or a script of its own, which the playground's security policy would not let in.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from html import escape

from toolparse.explain.reading import KINDS, Reading, Stretch, line_starts, visible

STYLE = """
:root { color-scheme: light dark; --fg: #1c1e21; --bg: #fff; --dim: #5b6068; --line: #d8dbe0; --soft: #f5f6f8;
  --content: #1c1e21; --reasoning: #8a2a94; --name: #0b4fb8; --arguments: #19692f; --call: #0f6674; --marker: #8a5a94; --framing: #5b6068;
  --error: #b3141e; --warning: #805300; }
@media (prefers-color-scheme: dark) { :root { --fg: #e6e8eb; --bg: #15171a; --dim: #a0a6b0; --line: #363a41; --soft: #1f2226;
  --content: #e6e8eb; --reasoning: #dca0e6; --name: #8ab8ff; --arguments: #86d89b; --call: #7fcfdd; --marker: #c9a3d1; --framing: #a0a6b0;
  --error: #ff8d8d; --warning: #e8c06a; } }
* { box-sizing: border-box; }
pre, code, .mono { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: .875rem; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: var(--soft); border: 1px solid var(--line); border-radius: .4rem;
  padding: .9rem; margin: 0; }
.legend { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; margin: 0 0 .6rem; padding: 0; list-style: none; font-size: .875rem; }
.k { border-radius: 2px; outline-offset: 1px; }
.content { color: var(--content); } .reasoning { color: var(--reasoning); font-style: italic; }
.name { color: var(--name); font-weight: 700; text-decoration: underline; } .arguments { color: var(--arguments); }
.call { color: var(--call); border-bottom: 1px dotted; } .marker { color: var(--marker); border-bottom: 1px dotted; }
.framing { color: var(--framing); border-bottom: 1px dashed; }
.k:hover, .k:focus { background: color-mix(in srgb, currentColor 16%, transparent); }
.note { display: block; font-family: system-ui, sans-serif; margin: .2rem 0 .4rem 1rem; padding-left: .6rem; border-left: 3px solid; }
.error { color: var(--error); } .warning { color: var(--warning); }
.sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
#detail { position: sticky; bottom: 0; min-height: 2.2rem; padding: .4rem .9rem; font-size: .875rem; background: var(--bg);
  border: 1px solid var(--line); border-radius: .4rem; margin-top: .5rem; }
@media print { #detail { display: none; } }
"""
SCRIPT = """
for (const on of ["mouseover", "focusin"]) document.addEventListener(on, event => {
  if (!event.target.closest("#output")) return; // the detail itself, when it grows under the pointer, changes nothing
  const k = event.target.closest(".k"), detail = document.getElementById("detail");
  if (detail) detail.textContent = k ? k.title : detail.dataset.hint; });
"""
MOST_SAID = 300
"""Characters of the arguments that are said of each stretch of them."""
_HINT = "Point at a stretch, or go through them with the Tab key: here stands what it is."


def output(reading: Reading) -> str:
    """The output of a reading, under an element with the id `o` that names it."""
    kinds = [kind for kind in KINDS if any(stretch.kind == kind for stretch in reading.stretches)]
    legend = "".join(f'<li><span class="{kind}">{escape(KINDS[kind])}</span></li>' for kind in kinds)
    starts = line_starts(reading.text)
    notes: dict[int, list[str]] = {}
    for problem in reading.message.problems:
        line = bisect_right(starts, problem.position)
        behind = starts[line] if line < len(starts) else len(reading.text)
        said = f"<b>{problem.severity} {shown(problem.kind)}</b> (at {problem.position}, line {line}): {shown(problem.message)}"
        notes.setdefault(behind, []).append(f'<span class="note {problem.severity}" role="note">{said}</span>')
    places = deque(sorted(notes))
    drawn = []
    for stretch in reading.stretches:
        start = stretch.start
        while places and places[0] <= stretch.end:
            at = places.popleft()
            drawn += [span(reading, stretch, start, at), *notes[at]]
            start = at
        drawn.append(span(reading, stretch, start, stretch.end))
    for at in places:
        drawn += notes[at]
    return (
        f'<ul class="legend">{legend}</ul>\n<pre id="output" aria-labelledby="o">{"".join(drawn)}</pre>\n'
        f'<div id="detail" aria-live="polite" data-hint="{_HINT}">{_HINT}</div>'
    )


def span(reading: Reading, stretch: Stretch, start: int, end: int) -> str:
    if start == end:
        return ""
    call = "" if stretch.call is None else f" {stretch.call}"
    about = f"{KINDS[stretch.kind]}{call}, characters {stretch.start} to {stretch.end}"
    if stretch.kind == "arguments" and stretch.call is not None:
        arguments = reading.message.tool_calls[stretch.call].arguments
        about += f"; read as {arguments[:MOST_SAID]}" + "…" * (len(arguments) > MOST_SAID)
    spoken = f'<span class="sr">[{escape(KINDS[stretch.kind] + call)}]</span>'
    return f'<span class="k {stretch.kind}" tabindex="0" title="{shown(about)}">{spoken}{shown(reading.text[start:end])}</span>'


def shown(text: str) -> str:
    """What a model wrote, for HTML: what cannot be seen is drawn, what turns the direction of text does not."""
    return escape(visible(text, "\n\t"))
