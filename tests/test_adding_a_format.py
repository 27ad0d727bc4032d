"""docs/adding-a-format.md, followed to the letter."""

import re
from pathlib import Path

import pytest

from toolparse import formats as registry

PAGE = (Path(__file__).parent.parent / "docs" / "adding-a-format.md").read_text(encoding="utf-8")


@pytest.fixture
def restored_registry(monkeypatch):
    from sys import modules

    import toolparse.formats  # noqa: F401 - the module, whose name the function has

    module = modules["toolparse.formats"]
    registry()
    monkeypatch.setattr(module, "_registered", dict(module._registered))
    monkeypatch.setattr(module, "_by_name", dict(module._by_name))


def test_the_page_works_as_it_is_written(restored_registry):
    blocks = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    assert len(blocks) == 4
    scope = {}
    for block in blocks:
        exec(compile(block, "adding-a-format.md", "exec"), scope)
    lines = [line for line in blocks[0].splitlines() if line.strip()]
    assert len(lines) <= 25
