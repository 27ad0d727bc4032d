"""The pages under docs/ say what the code does: generated ones are current, and links lead somewhere."""

import ast
import importlib.util
import inspect
import pkgutil
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from markup_damage import DAMAGES
from sources import trees

from toolparse import Parser, parse

DOCS = Path(__file__).parent.parent / "docs"


def script(name):
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_format_pages_are_current():
    build = script("build")
    present = {path.name: path.read_text(encoding="utf-8") for path in (DOCS / "formats").glob("*.md")}
    made = build.pages()
    stale = sorted(name for name in made.keys() | present.keys() if made.get(name) != present.get(name))
    assert stale == [], "run `python docs/build.py`"


PAGES = [*DOCS.rglob("*.md"), *DOCS.parent.glob("*.md")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS.parent)))
def test_links_lead_somewhere(page):
    text = re.sub(r"```.*?```|`[^`]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", [page for page in PAGES if "```mermaid" in page.read_text(encoding="utf-8")], ids=lambda page: page.stem)
def test_the_site_draws_the_diagrams_itself(page):
    text = page.read_text(encoding="utf-8")
    drawn = script("diagrams").on_page_markdown(text)
    assert "mermaid" not in re.sub(r"`[^`]*`", "", drawn)
    pictures = [ElementTree.fromstring(found) for found in re.findall("<svg.*?</svg>", drawn)]
    assert sum(len(picture.findall(".//circle")) for picture in pictures) == text.count(" --> ")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS.parent)))
def test_the_names_in_a_page_exist(page):
    for name in re.findall(r"`(toolparse(?:\.\w+)+)", page.read_text(encoding="utf-8")):
        path, _, last = name.rpartition(".")
        assert hasattr(pkgutil.resolve_name(path), last) or importlib.util.find_spec(name) is not None, name


def kinds_reported() -> set[str]:
    """The kinds of problems that the source names: the first argument of what makes or passes on a `Problem`."""
    found = set()
    for tree in trees().values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if name in ("problem", "_problem", "repaired", "mend", "unreadable", "drop", "Problem"):
                    found.add(node.args[0].value)
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "self.left" and isinstance(node.value, ast.Tuple):
                found.add(ast.literal_eval(node.value.elts[0]))
    return found


def test_every_kind_of_problem_is_explained():
    page = (DOCS / "problems.md").read_text(encoding="utf-8")
    symptoms = (DOCS / "why-not-a-call.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\|[^|]*, `(\w+)` \|", symptoms, re.M)) <= kinds_reported()
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.M)) == kinds_reported()


@pytest.mark.parametrize("name", ["problems.md", "damage.md"])
def test_the_example_of_a_page_runs(name):
    page = (DOCS / name).read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", page, re.S)
    exec(example, {})


def test_every_option_stands_with_its_default_on_the_page_of_policies():
    page = (DOCS / "policies.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| `(\w+)` \| `([^`]*)` \|", page, re.M))
    parameters = [*inspect.signature(Parser).parameters.values(), *inspect.signature(parse).parameters.values()]
    options = {option.name: option.default for option in parameters if option.kind is option.KEYWORD_ONLY}
    assert {name: ast.literal_eval(default) for name, default in told.items()} == options


def test_the_tables_of_damaged_markup_have_every_kind():
    page = (DOCS / "damage.md").read_text(encoding="utf-8")
    kinds = page.partition("### By kind")[2].partition("### By format")[0]
    assert re.findall(r"^\| (.*?) +\| +\d", kinds, re.M) == list(DAMAGES)
