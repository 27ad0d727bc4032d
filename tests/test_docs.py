"""The pages under docs/ say what the code does: generated ones are current, and links lead somewhere."""

import importlib.util
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parent.parent / "docs"


def test_the_format_pages_are_current():
    spec = importlib.util.spec_from_file_location("build", DOCS / "build.py")
    build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    present = {path.name: path.read_text(encoding="utf-8") for path in (DOCS / "formats").glob("*.md")}
    stale = sorted(name for name in build.pages().keys() | present.keys() if build.pages().get(name) != present.get(name))
    assert stale == [], "run `python docs/build.py`"


PAGES = [*DOCS.rglob("*.md"), *DOCS.parent.glob("*.md")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS.parent)))
def test_links_lead_somewhere(page):
    text = re.sub(r"```.*?```|`[^`]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
