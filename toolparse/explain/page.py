"""The picture as one HTML file that needs nothing else: no script from elsewhere, no font, no image.

The output itself is drawn by `output.py`; around it stand the calls, what was said when, and the message. On paper the details stand in
lists. Everything that a model wrote is escaped.
"""

from __future__ import annotations

import json
from dataclasses import asdict

from toolparse.explain.comparing import Fit
from toolparse.explain.output import SCRIPT as OUTPUT_SCRIPT
from toolparse.explain.output import STYLE as OUTPUT_STYLE
from toolparse.explain.output import output, shown
from toolparse.explain.reading import Reading, read_as, words

STYLE = """
body { margin: 0 auto; max-width: 76rem; padding: 1.5rem; font: 1rem/1.5 system-ui, sans-serif; color: var(--fg); background: var(--bg); }
h1 { font-size: 1.4rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
.verdict { color: var(--dim); margin: .25rem 0 1rem; overflow-wrap: anywhere; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(18rem, 1fr)); gap: .75rem; }
.pair h3, .small { font-size: .8rem; font-weight: 600; color: var(--dim); margin: 0 0 .2rem; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; }
caption { text-align: left; color: var(--dim); padding-bottom: .3rem; }
th, td { text-align: left; vertical-align: top; padding: .25rem .6rem; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
th { overflow-wrap: normal; white-space: nowrap; } td.piece { min-width: 8rem; } td.calls { width: 40%; }
.bar { display: inline-block; height: .6em; background: var(--call); vertical-align: middle; margin-right: .4rem; max-width: 8rem; }
.scroll { max-height: 34rem; overflow: auto; border: 1px solid var(--line); border-radius: .4rem; }
.scroll caption { padding: .4rem .6rem; }
.scroll th { position: sticky; top: 0; background: var(--bg); }
@page { margin: 1.5cm; }
@media print { .k { outline: none !important; }
  body { max-width: none; padding: 0; } .scroll { max-height: none; overflow: visible; border: 0; }
  .scroll th { position: static; }
  pre { border-color: #999; } h2 { break-after: avoid; } tr { break-inside: avoid; } }
"""


def page(reading: Reading | None, fits: list[Fit], name: str) -> str:
    """The whole file. `fits` are those of a comparison, if one was asked for."""
    title = f"{name} as {reading.format.name}" if reading is not None else f"{name}, compared"
    body = [f"<h1>{shown(title)}</h1>"]
    if reading is not None:
        body += [
            f'<p class="verdict">{shown(reading.verdict)}</p>',
            '<h2 id="o">The output</h2>',
            output(reading),
            *calls(reading),
            *timeline(reading),
            *message(reading),
        ]
    if fits:
        body += comparison(fits)
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{shown(title)}</title>\n<style>{OUTPUT_STYLE}{STYLE}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(body)
        + f"\n</main>\n{f'<script>{OUTPUT_SCRIPT}</script>' if reading is not None else ''}\n</body>\n</html>\n"
    )


def calls(reading: Reading) -> list[str]:
    """Each call beside what stood there, and the attempts that are none."""
    out = []
    for call in reading.message.tool_calls:
        span_of = call.arguments_span
        stood = "" if span_of is None else reading.text[span_of[0] : span_of[1]]
        arguments, other = read_as(reading, call)
        head = f"{call.index}: {shown(call.name)}" + ("" if call.complete else ' <span class="error">(not complete)</span>')
        out.append(f'<h3 class="mono">{head}</h3>')
        if other:
            out.append(
                f'<div class="pair"><div><p class="small">what stood there</p><pre>{shown(stood)}</pre></div>'
                f'<div><p class="small">what it was read as</p><pre>{shown(arguments)}</pre></div></div>'
            )
        else:
            out.append(f'<p class="small">as it stands</p><pre>{shown(arguments)}</pre>')
    for attempt in (problem.attempt for problem in reading.message.problems):
        if attempt is not None:
            label = f"no call: {shown(attempt.name or 'without a name')} ({shown(attempt.status)})"
            out.append(f'<h3 class="mono error">{label}</h3><pre>{shown(attempt.text)}</pre>')
    return ["<h2>Calls</h2>", *(out or ["<p>None.</p>"])]


def timeline(reading: Reading) -> list[str]:
    """What was said after each piece, and what was held."""
    most = max([step.held for step in reading.steps], default=0) or 1
    rows = []
    for at, step in enumerate(reading.steps):
        piece = shown(repr(step.text)) if step.text else "the end"
        said = "<br>".join(shown(words(event)) for event in step.events) or '<span class="small">nothing yet</span>'
        bar = f'<span class="bar" style="width:{8 * step.held / most:.2f}rem"></span>' if step.held else ""
        rows.append(
            f'<tr><td class="n">{at}</td><td class="mono piece">{piece}</td><td class="mono">{said}</td>'
            f'<td class="n">{bar}{step.held}</td></tr>'
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
    whole = {
        **said.to_openai(incomplete=True),
        "finish_reason": said.finish_reason,
        "problems": [{key: value for key, value in asdict(problem).items() if key != "attempt"} for problem in said.problems],
    }
    written = json.dumps(whole, ensure_ascii=False, indent=2)
    seen = "".join(one if one.isprintable() or one == "\n" else json.dumps(one)[1:-1] for one in written)
    return ["<h2>The message as JSON</h2>", f"<pre>{shown(seen)}</pre>"]


def comparison(fits: list[Fit]) -> list[str]:
    """Which format fits, and why the others do not."""
    rows = "".join(
        f'<tr><th scope="row" class="mono">{shown(fit.format.name)}</th>'
        + (
            f'<td>fits</td><td class="mono calls">{"<br>".join(map(shown, fit.calls))}</td><td>'
            if fit.fits
            else '<td>no</td><td colspan="2">'
        )
        + f"{shown(fit.why)}</td></tr>"
        for fit in fits
    )
    head = '<tr><th scope="col">format</th><th scope="col">fits</th><th scope="col">calls</th><th scope="col">why</th></tr>'
    return [
        "<h2>Every format</h2>",
        f"<table><caption>What each format makes of it, the best first.</caption><thead>{head}</thead><tbody>{rows}</tbody></table>",
    ]
