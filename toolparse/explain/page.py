"""The picture as one HTML file that needs nothing else: no script from elsewhere, no font, no image.

Colours are never alone: stretches say what they are to a screen reader, problems have words, and on paper the details stand in lists.
Everything that a model wrote is escaped.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from html import escape

from toolparse.explain.comparing import Fit
from toolparse.explain.reading import KINDS, Reading, Stretch, read_as

STYLE = """
:root { color-scheme: light dark; --fg: #1c1e21; --bg: #fff; --dim: #5b6068; --line: #d8dbe0; --soft: #f5f6f8;
  --content: #1c1e21; --reasoning: #8a2a94; --name: #0b4fb8; --arguments: #19692f; --call: #0f6674; --marker: #8a5a94; --framing: #5b6068;
  --error: #b3141e; --warning: #805300; }
@media (prefers-color-scheme: dark) { :root { --fg: #e6e8eb; --bg: #15171a; --dim: #a0a6b0; --line: #363a41; --soft: #1f2226;
  --content: #e6e8eb; --reasoning: #dca0e6; --name: #8ab8ff; --arguments: #86d89b; --call: #7fcfdd; --marker: #c9a3d1; --framing: #a0a6b0;
  --error: #ff8d8d; --warning: #e8c06a; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 1.5rem; font: 1rem/1.5 system-ui, sans-serif; color: var(--fg); background: var(--bg); }
h1 { font-size: 1.4rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
.verdict { color: var(--dim); margin: .25rem 0 1rem; overflow-wrap: anywhere; }
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
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(18rem, 1fr)); gap: .75rem; }
.pair h3, .small { font-size: .8rem; font-weight: 600; color: var(--dim); margin: 0 0 .2rem; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; }
caption { text-align: left; color: var(--dim); padding-bottom: .3rem; }
th, td { text-align: left; vertical-align: top; padding: .25rem .6rem; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.bar { display: inline-block; height: .6em; background: var(--call); vertical-align: middle; margin-right: .4rem; max-width: 8rem; }
.scroll { max-height: 34rem; overflow: auto; border: 1px solid var(--line); border-radius: .4rem; }
.scroll caption { padding: .4rem .6rem; }
.scroll th { position: sticky; top: 0; background: var(--bg); }
.sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
#detail { position: sticky; bottom: 0; min-height: 2.2rem; padding: .4rem .9rem; font-size: .875rem; background: var(--bg);
  border: 1px solid var(--line); border-radius: .4rem; margin-top: .5rem; }
@media print { body { max-width: none; padding: 0; } .scroll { max-height: none; overflow: visible; border: 0; }
  .scroll th { position: static; }
  #detail { display: none; } pre { border-color: #999; } h2 { break-after: avoid; } tr { break-inside: avoid; } }
"""
SCRIPT = """
const detail = document.getElementById("detail"), first = detail.textContent;
for (const on of ["mouseover", "focusin"]) document.getElementById("output").addEventListener(on, event => {
  const k = event.target.closest(".k"); detail.textContent = k ? k.title : first; });
"""


def page(reading: Reading | None, fits: list[Fit], name: str) -> str:
    """The whole file. `fits` are those of a comparison, if one was asked for."""
    title = f"{name} as {reading.format.name}" if reading is not None else f"{name}, compared"
    body = [f"<h1>{escape(title)}</h1>"]
    if reading is not None:
        body += [
            f'<p class="verdict">{escape(reading.verdict)}</p>',
            *output(reading),
            *calls(reading),
            *timeline(reading),
            *message(reading),
        ]
    if fits:
        body += comparison(fits)
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(body)
        + f"\n</main>\n{f'<script>{SCRIPT}</script>' if reading is not None else ''}\n</body>\n</html>\n"
    )


def output(reading: Reading) -> list[str]:
    """The output, each stretch as what it was read as, and the problems under the lines that they belong to."""
    kinds = [kind for kind in KINDS if any(stretch.kind == kind for stretch in reading.stretches)]
    legend = "".join(f'<li><span class="{kind}">{escape(KINDS[kind])}</span></li>' for kind in kinds)
    notes: dict[int, list[str]] = {}
    for problem in reading.message.problems:
        end = reading.text.find("\n", problem.position)
        at = len(reading.text) if end < 0 else end + 1
        where = f"at {problem.position}, line {reading.line_of(problem.position) + 1}"
        said = f"<b>{problem.severity} {escape(problem.kind)}</b> ({where}): {escape(problem.message)}"
        notes.setdefault(at, []).append(f'<span class="note {problem.severity}" role="note">{said}</span>')
    drawn = []
    for stretch in reading.stretches:
        start = stretch.start
        for at in sorted(at for at in notes if stretch.start < at <= stretch.end):
            drawn.append(span(reading, stretch, start, at))
            drawn += notes.pop(at)
            start = at
        drawn.append(span(reading, stretch, start, stretch.end))
    for left in notes.values():
        drawn += left
    return [
        '<h2 id="o">The output</h2>',
        f'<ul class="legend">{legend}</ul>',
        f'<pre id="output" aria-labelledby="o">{"".join(drawn)}</pre>',
        '<div id="detail" aria-live="polite">Point at a stretch, or go through them with the Tab key: here stands what it is.</div>',
    ]


def span(reading: Reading, stretch: Stretch, start: int, end: int) -> str:
    if start == end:
        return ""
    call = "" if stretch.call is None else f" {stretch.call}"
    about = f"{KINDS[stretch.kind]}{call}, characters {stretch.start} to {stretch.end}"
    if stretch.kind == "arguments" and stretch.call is not None:
        about += f"; read as {reading.message.tool_calls[stretch.call].arguments}"
    spoken = f'<span class="sr">[{escape(KINDS[stretch.kind] + call)}]</span>'
    return f'<span class="k {stretch.kind}" tabindex="0" title="{escape(about)}">{spoken}{escape(reading.text[start:end])}</span>'


def calls(reading: Reading) -> list[str]:
    """Each call beside what stood there, and the attempts that are none."""
    out = []
    for call in reading.message.tool_calls:
        span_of = call.arguments_span
        stood = "" if span_of is None else reading.text[span_of[0] : span_of[1]]
        arguments, other = read_as(reading, call)
        head = f"{call.index}: {escape(call.name)}" + ("" if call.complete else ' <span class="error">(not complete)</span>')
        out.append(f'<h3 class="mono">{head}</h3>')
        if other:
            out.append(
                f'<div class="pair"><div><p class="small">what stood there</p><pre>{escape(stood)}</pre></div>'
                f'<div><p class="small">what it was read as</p><pre>{escape(arguments)}</pre></div></div>'
            )
        else:
            out.append(f'<p class="small">as it stands</p><pre>{escape(arguments)}</pre>')
    for attempt in (problem.attempt for problem in reading.message.problems):
        if attempt is not None:
            label = f"no call: {escape(attempt.name or 'without a name')} ({escape(attempt.status)})"
            out.append(f'<h3 class="mono error">{label}</h3><pre>{escape(attempt.text)}</pre>')
    return ["<h2>Calls</h2>", *(out or ["<p>None.</p>"])]


def timeline(reading: Reading) -> list[str]:
    """What was said after each piece, and what was held."""
    most = max([step.held for step in reading.steps], default=0) or 1
    rows = []
    for at, step in enumerate(reading.steps):
        piece = escape(repr(step.text)) if step.text else "the end"
        said = "<br>".join(map(escape, step.said)) or '<span class="small">nothing yet</span>'
        bar = f'<span class="bar" style="width:{8 * step.held / most:.2f}rem"></span>' if step.held else ""
        rows.append(
            f'<tr><td class="n">{at}</td><td class="mono">{piece}</td><td class="mono">{said}</td><td class="n">{bar}{step.held}</td></tr>'
        )
    head = (
        '<th scope="col" class="n">piece</th><th scope="col">text</th><th scope="col">said at once</th><th scope="col" class="n">held</th>'
    )
    return [
        "<h2>As it arrived</h2>",
        '<div class="scroll" tabindex="0" role="region" aria-label="As it arrived"><table>'
        "<caption>What was said after each piece, and how many characters waited then.</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>",
    ]


def message(reading: Reading) -> list[str]:
    said = reading.message
    shown = {
        **said.to_openai(incomplete=True),
        "finish_reason": said.finish_reason,
        "problems": [{key: value for key, value in asdict(problem).items() if key != "attempt"} for problem in said.problems],
    }
    return ["<h2>The message as JSON</h2>", f"<pre>{escape(json.dumps(shown, ensure_ascii=False, indent=2))}</pre>"]


def comparison(fits: list[Fit]) -> list[str]:
    """Which format fits, and why the others do not."""
    rows = "".join(
        f'<tr><th scope="row" class="mono">{escape(fit.format.name)}</th><td>{"fits" if fit.fits else "no"}</td>'
        f'<td class="mono">{"<br>".join(map(escape, fit.calls)) if fit.fits else ""}</td><td>{escape(fit.why)}</td></tr>'
        for fit in fits
    )
    head = '<tr><th scope="col">format</th><th scope="col">fits</th><th scope="col">calls</th><th scope="col">why</th></tr>'
    return [
        "<h2>Every format</h2>",
        f"<table><caption>What each format makes of it, the best first.</caption><thead>{head}</thead><tbody>{rows}</tbody></table>",
    ]
