"""The playground in a real browser: what is streamed appears, what is wrong is shown, the keyboard suffices, both schemes can be read."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect, sync_playwright

sys.path.insert(0, str(Path(__file__).parent.parent))
from scripted_upstream import Engine, Script, serving

from toolparse.serve.app import make_app
from toolparse.serve.settings import Settings

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
expect.set_options(timeout=60_000)
PICTURES = Path(os.environ.get("PICTURES") or tempfile.mkdtemp())
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
]  # fmt: skip
CALL = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Tromsø 😀", "days": 3}}\n</tool_call>'
OUTPUT = f"<think>\nWarm?\n</think>\n\nLet me look.\n{CALL}"
ENGINE = Engine(Script([OUTPUT[at : at + 4] for at in range(0, len(OUTPUT), 4)], delay=0.02))
CONTRAST = """
() => {
  const parse = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = (color) => {
    const [r, g, b] = parse(color).map((part) => { const c = part / 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if (parse(color).length < 4 || parse(color)[3] > 0) return color;
    }
    return getComputedStyle(document.body).backgroundColor;
  };
  const poor = [];
  const texts = "h1, h2, p, label, legend, .kind, .body, .about, .k, .note, code, button, select, summary";
  for (const element of document.querySelectorAll(texts)) {
    if (!element.textContent.trim() || !element.offsetParent || element.disabled) continue;
    const [a, b] = [light(getComputedStyle(element).color), light(ground(element))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) poor.push(element.outerHTML.slice(0, 80) + " " + ((a + 0.05) / (b + 0.05)).toFixed(2));
  }
  return poor;
}
"""


@pytest.fixture(scope="module")
def gateway() -> Iterator[str]:
    with serving(ENGINE) as url, serving(make_app(Settings(upstream="openai-chat", url=url, format="hermes"))) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    assert CHROMIUM, "no Chromium found; install Debian's chromium, or name it in CHROMIUM"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Any, gateway: str) -> Iterator[Page]:
    """The page, with all that it complains of and all that it loads."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(60_000)
    complaints: list[str] = []
    loaded: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: loaded.append(request.url))
    page.goto(gateway)
    expect(page.locator("#text")).not_to_have_value("")
    yield page
    page.close()
    assert complaints == []
    assert [url for url in loaded if not url.startswith((gateway, "data:"))] == []


def watch(page: Page) -> None:
    """Keep every state of the last call's arguments."""
    page.evaluate(
        """() => { window.seen = new Set(); new MutationObserver(() => {
        const body = document.querySelector('#parts .arguments .body'); if (body) window.seen.add(body.textContent); })
        .observe(document.getElementById('parts'), { childList: true, subtree: true, characterData: true }); }"""
    )


def wait_until_done(page: Page) -> None:
    expect(page.locator("#status")).to_have_text(re.compile("^Done"))


def kinds(page: Page) -> list[str]:
    found: list[str] = page.eval_on_selector_all("#parts > li", "items => items.map((item) => item.className)")
    return found


def raw(page: Page, kind: str = ".k") -> str:
    """The output as it is drawn, without the words for a screen reader and the problems."""
    found: list[str] = page.eval_on_selector_all(f"#output {kind}", "all => all.map(each => each.lastChild.textContent)")
    return "".join(found)


def test_a_pasted_call_appears_as_it_streams(page: Page) -> None:
    watch(page)
    page.focus("#text")
    page.keyboard.press("Control+Enter")
    wait_until_done(page)
    assert kinds(page) == ["card reasoning", "card content", "card arguments"]
    assert page.text_content("#parts .arguments .kind") == "call of get_weather"
    states = sorted(page.evaluate("[...window.seen]"), key=len)
    assert len(states) > 3
    assert states[-1] == '{"city": "Tromsø", "days": 3}'
    assert all(states[-1].startswith(state) for state in states)
    assert raw(page) == page.input_value("#text")
    assert raw(page, ".name") == "get_weather"
    assert raw(page, ".content") == "Let me look."
    box = page.locator("#output .name").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert "the name of a call 0, characters" in (page.text_content("#detail") or "")
    page.screenshot(path=PICTURES / "pasted.png", full_page=True)


def test_a_problem_is_shown_with_its_place(page: Page) -> None:
    page.fill("#text", 'A 😀.\n<tool_call>{"name": "f", "arguments": {"a": 1,}}</tool_call> <tool_call>{"name": "f", "arguments": {"a"')
    page.click("#run")
    wait_until_done(page)
    assert "trailing_comma" in (page.text_content("#problems") or "")
    assert any("warning trailing_comma (at " in note for note in page.locator("#output .note").all_text_contents())
    assert page.locator("#parts .arguments .kind", has_text="not complete").count() == 1
    page.screenshot(path=PICTURES / "problem.png", full_page=True)


def test_a_question_is_answered_with_the_keyboard_alone(page: Page) -> None:
    watch(page)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.value") == "paste"
    page.keyboard.press("ArrowRight")
    for _ in range(20):
        if page.evaluate("document.activeElement.id") == "question":
            break
        page.keyboard.press("Tab")
    page.keyboard.type("Is it warm in Tromsø?")
    for _ in range(20):
        if page.evaluate("document.activeElement.id") == "run":
            break
        page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    wait_until_done(page)
    assert kinds(page) == ["card reasoning", "card content", "card arguments"]
    assert len(page.evaluate("[...window.seen]")) > 3
    assert ENGINE.requests[-1]["messages"] == [{"role": "user", "content": "Is it warm in Tromsø?"}]
    assert ENGINE.requests[-1]["tools"][0]["function"]["name"] == "get_weather"


def test_escape_stops_and_the_engine_is_let_go(page: Page) -> None:
    usual, ENGINE.script, ENGINE.left = ENGINE.script, Script(["word "] * 2000, delay=0.02), 0
    page.check("input[value=ask]")
    page.fill("#question", "Talk.")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#parts > li.content")
    page.keyboard.press("Escape")
    expect(page.locator("#status")).to_have_text("Stopped.")
    while not ENGINE.left:
        page.wait_for_timeout(20)
    ENGINE.script = usual


def test_an_engine_that_fails_is_told(page: Page) -> None:
    usual, ENGINE.script = ENGINE.script, Script(["a"] * 9, fault="drop", after=5)
    page.check("input[value=ask]")
    page.fill("#question", "Break.")
    page.click("#run")
    page.wait_for_selector("#status.error")
    ENGINE.script = usual
    assert "the upstream" in (page.text_content("#status") or "")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_schemes_can_be_read(page: Page, scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.fill("#text", OUTPUT.replace("3}", "3,}") + '<tool_call>{"name": "f", "arguments": {"a": ')
    page.click("#run")
    wait_until_done(page)
    page.screenshot(path=PICTURES / f"{scheme}.png", full_page=True)
    assert page.evaluate(CONTRAST) == []


def test_it_fits_a_small_screen(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 700})
    page.click("#run")
    wait_until_done(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.screenshot(path=PICTURES / "small.png", full_page=True)


def test_every_format_has_an_example_that_reads_back(page: Page) -> None:
    names = page.eval_on_selector_all("#format option", "options => options.map((option) => option.value)")
    assert len(names) > 60
    for name in ("mistral", "harmony", "qwen3_coder"):
        before = page.input_value("#text")
        page.select_option("#format", name)
        page.click("#example")
        expect(page.locator("#text")).not_to_have_value(before)
        page.click("#run")
        wait_until_done(page)
        assert page.text_content("#parts .arguments .kind") == "call of get_weather"
