"""The picture of how an output was read: all of the text is in it, nothing of it is code, and it says why something is no call."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import strategies
from cost import growth
from effort import examples, some
from hypothesis import given
from hypothesis import strategies as st

from toolparse import Format, formats, get_format, parse
from toolparse.cli import main
from toolparse.explain.comparing import compare
from toolparse.explain.page import page
from toolparse.explain.reading import read, visible, why_none
from toolparse.explain.terminal import columns, comparison, picture

TAGS = frozenset(
    (
        *("html", "head", "meta", "title", "style", "body", "main", "script", "h1", "h2", "h3", "p", "ul", "li"),
        *("span", "pre", "div", "table", "caption", "thead", "tbody", "tr", "th", "td", "br", "b"),
    )
)
GOOD = '<think>Sun?</think>\n\n<tool_call>\n{"name": "get_weather", "arguments": {"city": "Oslo", days: 2,}}\n</tool_call>\n'


class Words(HTMLParser):
    """The tags of a page and the text of its output, notes and words for screen readers aside."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.output: list[str] = []
        self.skipped = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append((tag, given))
        if tag in ("meta", "br"):
            return
        about = given.get("id") or given.get("class") or ""
        self.open.append(about)

    def handle_endtag(self, tag: str) -> None:
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if "output" in self.open and not any(about == "sr" or about.startswith("note") for about in self.open):
            self.output.append(data)


def words_of(text: str) -> Words:
    found = Words()
    found.feed(text)
    assert not found.open, "every tag is closed"
    return found


@pytest.mark.parametrize("name", [fmt.name for fmt in formats()])
@examples(2, 20)
@given(data=st.data())
def test_any_text(name: str, data: st.DataObject) -> None:
    text = data.draw(strategies.texts(get_format(name)))
    options = data.draw(strategies.asked(get_format(name)))
    reading = read(text, get_format(name), **options)
    assert "".join(stretch.text for stretch in reading.stretches) == text
    assert "".join(step.text for step in reading.steps) == text
    drawn = words_of(page(reading, [], "x"))
    assert "".join(drawn.output) == visible(text, "\n\t")
    assert {tag for tag, _ in drawn.tags} <= TAGS
    for colours in (False, True):
        for line in picture(reading, 60, colours):
            plain = re.sub(r"\x1b\[[\d;]*m", "", line)
            assert plain.isprintable()
            assert columns(plain) <= 60


def test_the_terminal() -> None:
    lines = list(picture(read(GOOD, get_format("hermes"), tools=None), 80, False))
    assert lines[0] == "hermes: 1 attempt at a call: get_weather (repaired); finish reason 'tool_calls'"
    at = lines.index("   4  " + GOOD.splitlines()[3])
    assert lines[at + 1].strip() == "-" * 10 + "n" * 11 + "-" * 16 + "a" * 26 + "-"
    assert lines[at + 2].index("^") == 6 + GOOD.splitlines()[3].index("days")
    assert lines[at + 3].strip() == "warning unquoted_key: the key days was quoted"
    assert '      => call 0: get_weather {"city": "Oslo", "days": 2}  (written out afresh)' in lines


def test_wide_characters_and_what_is_said_of_a_row() -> None:
    text = "天" * 30 + '\n<tool_call>{"name": "f", "arguments": {city: "' + "x" * 40 + '", days: 2}}</tool_call>'
    lines = list(picture(read(text, get_format("hermes")), 40, False))
    assert lines.count("      " + "天" * 13) == 1
    assert "   1  " + "天" * 17 in lines
    city, days = (next(at for at, line in enumerate(lines) if f"the key {key}" in line) for key in ("city", "days"))
    for key, at in (("city", city), ("days", days)):
        assert lines[at - 3][lines[at - 1].index("^") :].startswith(key), "the mark stands under its row"


def test_what_turns_the_direction_of_text_is_seen() -> None:
    text = 'a\u202eb\r\n\0<tool_call>{"name": "f", "arguments": {"a": "\u2066",}}</tool_call>'
    reading = read(text, get_format("hermes"))
    for written in (page(reading, compare(text), "x"), "".join(picture(reading, 80, True))):
        assert not {"\u202e", "\u2066", "\r", "\0"} & set(written)
    assert "a\\u202eb\\r\\n" in page(reading, [], "x")


def test_many_problems_are_drawn_in_linear_time() -> None:
    def drawn(units: int) -> None:
        reading = read('<tool_call>{"name": "f", "arguments": {' + "'k': 1,\n" * units + "}}</tool_call>", get_format("hermes"))
        assert len(reading.message.problems) >= units
        page(reading, [], "x")
        list(picture(reading, 80, False))

    assert growth(drawn, 200) < 16


def test_a_terminals_commands_are_not_passed_on() -> None:
    lines = "".join(picture(read("a\x1b[2Jb\x07", get_format("hermes")), 80, True))
    assert "\x1b[2J" not in lines
    assert "\x07" not in lines


def test_the_page_is_one_file_that_takes_nothing_from_elsewhere() -> None:
    text = '<tool_call>{"name": "f", "arguments": {"a": "</script><script>alert(1)</script>"}}</tool_call>'
    written = page(read(text, get_format("hermes")), compare(text), "<b>.txt")
    drawn = words_of(written)
    assert not [given for _, given in drawn.tags if {"src", "href", "onclick", "onerror"} & set(given)]
    assert [tag for tag, _ in drawn.tags].count("script") == 1
    assert "prefers-color-scheme: dark" in written
    assert "@media print" in written
    assert "<b>" not in written.replace("<b>warning", "").replace("<b>error", "")
    assert ("html", {"lang": "en"}) in drawn.tags
    assert any(tag == "th" and given.get("scope") == "col" for tag, given in drawn.tags)


def attempted(case: dict[str, Any], fmt: Format) -> set[str]:
    return {attempt.status for attempt in parse(case["text"], fmt, tools=case["tools"]).attempts}


def test_comparison_finds_the_format_of_the_vectors() -> None:
    for name in ("hermes", "deepseek_v31", "qwen3_coder", "harmony", "gemma4", "kimi_k2"):
        fmt = get_format(name)
        sound = [case for case in strategies.vectors(fmt) if {"ok"} == attempted(case, fmt)]
        for case in some(sound, 1):
            fits = compare(case["text"], case["tools"])
            assert name in [fit.format.name for fit in fits if fit.score == fits[0].score]
            lines = list(comparison(fits, 80))
            assert all(fit.format.name in " ".join(lines) for fit in fits)
            assert max(map(columns, lines)) <= 80
            assert all(fit.why for fit in fits)


def test_comparison_of_calls_with_errors() -> None:
    text = '<tool_call>\n{"name": "f", "arguments": {"a": "Oslo, "b": 3, "c": 1}\n</tool_call>\nDone.'
    fits = compare(text)
    assert not fits[0].fits
    assert fits[0].format.name == "hermes"
    assert next(comparison(fits, 80)) == f"none of {len(fits)} formats reads its calls without an error; hermes comes closest"
    assert next(comparison(compare("Hi"), 80)) == f"none of {len(fits)} formats reads a call in it"
    unknown = compare('<tool_call>{"name": "g", "arguments": {}}</tool_call>', [{"type": "function", "function": {"name": "f"}}])
    assert unknown[0].fits


def test_why_there_is_no_call() -> None:
    assert why_none(get_format("hermes"), "Hi") == "a call of hermes begins with '<tool_call>', which is not in it"
    assert why_none(get_format("hermes"), "a <tool_call>") == "'<tool_call>' stands in it, but no call of hermes follows"
    assert why_none(get_format("qwq"), "Hi")
    assert read("Hi", get_format("hermes")).verdict == "no call; a call of hermes begins with '<tool_call>', which is not in it"


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "o.txt").write_text(GOOD)
    file, out = str(tmp_path / "o.txt"), tmp_path / "trace.html"
    assert main(["explain", file, "-f", "hermes"]) == 0
    assert "get_weather (repaired)" in capsys.readouterr().out
    assert main(["explain", file, "--compare", "-o", str(out)]) == 0
    written = out.read_text(encoding="utf-8")
    assert "Every format" in written
    shown = re.search(r"The message as JSON</h2>\s*<pre>(.*?)</pre>", written, re.S)
    assert shown is not None
    assert json.loads(shown[1].replace("&quot;", '"').replace("&lt;", "<").replace("&gt;", ">"))["finish_reason"] == "tool_calls"
    assert main(["explain", file]) == 2
    assert "--compare" in capsys.readouterr().err
    (tmp_path / "o.txt").write_text('<tool_call>{"name": "f", "arguments": {"a": "x')
    assert main(["explain", file, "-f", "hermes"]) == 1


def test_the_form_of_an_issue_is_filled(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output, tools = tmp_path / "output.txt", tmp_path / "tools.json"
    output.write_text('````\n<tool_call>{"name": "f", "arguments": {"a": "x', encoding="utf-8")
    tools.write_text('[{"name": "f", "input_schema": {}}]', encoding="utf-8")
    assert main(["explain", str(output), "-f", "hermes", "--tools", str(tools), "--prompt", "<x>", "--issue"]) == 1
    written = capsys.readouterr().out
    form = (Path(__file__).parent.parent / ".github" / "ISSUE_TEMPLATE" / "output.yml").read_text(encoding="utf-8")
    assert re.findall("^### (.*)$", written, re.M) == re.findall(r"label: ([^,}\n]+)", form)
    assert "`````text\n" + output.read_text(encoding="utf-8") + "\n`````" in written
    assert tools.read_text(encoding="utf-8") in written
    assert '"complete": false' in written
