"""An engine in which one thing that a plug-in touches has moved, has another name or is broken: what its own parsers do then, and ours.

What a plug-in touches is found in its source: every module of the engine that it names, and every name in it that those modules define.
Each is changed in the engine's source as it is imported, everywhere in the engine alike, as a next version would; `answers_ENGINE.py`,
which stands for the rest of the server, is changed with it. Where the engine's own parsers cannot do without the old name (it is a field
of the API, say), there is nothing to see.

    renamed.py ENGINE [CHANGE...]      prints, for each change, what came of it
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import json
import logging
import os
import subprocess
import sys
import traceback
from collections.abc import Iterator
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PLUGINS = HERE.parents[1] / "toolparse" / "plugins"
SOURCES = {
    "vllm": ("vllm.py", "vllm_parsers.py", "vllm_plugin.py"),
    "sglang": ("sglang.py", "sglang_detectors.py", "sglang_hooks.py", "detector.py"),
}
NEW = "_otherwise"


def home(engine: str) -> Path:
    spec = importlib.util.find_spec(engine)
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(next(iter(spec.submodule_search_locations)))


def file_of(engine: str, module: str) -> Path | None:
    at = home(engine).joinpath(*module.split(".")[1:])
    return next((path for path in (at.with_suffix(".py"), at / "__init__.py") if path.is_file()), None)


def touched(engine: str) -> list[str]:
    """The changes to try: `MODULE moved`, `NAME renamed`, `NAME broken`."""
    modules: set[str] = set()
    names: set[str] = set()
    for source in SOURCES[engine]:
        for node in ast.walk(ast.parse((PLUGINS / source).read_text(encoding="utf-8"))):
            match node:
                case ast.Attribute(attr=name) | ast.FunctionDef(name=name):
                    names.add(name)
                case ast.ImportFrom(module=str(module), names=imported):
                    names.update(alias.name for alias in imported)
                    modules.add(module)
                    modules.update(f"{module}.{alias.name}" for alias in imported)
                case ast.Constant(value=str(text)) if " " not in text and len(text) < 200:
                    names.update(text.split("."))
                    parts = text.split(".")
                    modules.update(".".join(parts[:end]) for end in range(2, len(parts) + 1))
    modules = {module for module in modules if module.startswith(f"{engine}.") and file_of(engine, module)}
    modules = {module for module in modules if not any(other.startswith(f"{module}.") for other in modules) or _has(engine, module, names)}
    defined: dict[str, bool] = {}  # whether it can be called
    for module in sorted(modules):
        defined |= definitions(engine, module, names)
    found = sorted(name for name in names & set(defined) if not name.startswith("__"))
    return [
        *(f"{module} moved" for module in sorted(modules)),
        *(f"{name} renamed" for name in found),
        *(f"{name} broken" for name in found if defined[name]),
    ]


def _has(engine: str, module: str, names: set[str]) -> bool:
    return bool(set(definitions(engine, module, names)) & names)


def definitions(engine: str, module: str, wanted: set[str], followed: bool = True) -> dict[str, bool]:
    """What a module defines, members of its classes among it, and what it takes from another module of the engine under a wanted name."""
    file = file_of(engine, module)
    if file is None:
        return {}
    found: dict[str, bool] = {}
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                found[name] = True
            case ast.ClassDef(name=name):
                found.setdefault(name, False)
            case ast.AnnAssign(target=ast.Name(id=name) | ast.Attribute(value=ast.Name(id="self"), attr=name)):
                found.setdefault(name, False)
            case ast.Assign(targets=targets):
                for target in targets:
                    match target:
                        case ast.Name(id=name) | ast.Attribute(value=ast.Name(id="self"), attr=name):
                            found.setdefault(name, False)
            case ast.ImportFrom(module=source, names=imported, level=level) if followed:
                absolute = _absolute(module, file.name == "__init__.py", source, level)
                if absolute.startswith(f"{engine}.") and any(alias.name in wanted for alias in imported):
                    found |= definitions(engine, absolute, wanted, followed=False)
    return found


def _absolute(module: str, package: bool, source: str | None, level: int) -> str:
    if not level:
        return source or ""
    base = module.split(".")[: (1 if package else 0) - level or None]
    return ".".join([*base, *([source] if source else [])])


class Changed(ast.NodeTransformer):
    """The engine's source with the change."""

    def __init__(self, change: str, module: str, package: bool) -> None:
        self.old, self.how = change.split(" ")
        self.module = module
        self.package = package
        self.foreign: set[str] = set()
        self.local: list[set[str]] = []
        self.parameters: set[str] = set()

    def moved(self, name: str) -> str:
        known = name == self.old or name.startswith(f"{self.old}.")
        return self.old + NEW + name.removeprefix(self.old) if self.how == "moved" and known else name

    def visit_Import(self, node: ast.Import) -> ast.AST:
        for alias in node.names:
            alias.name = self.moved(alias.name)
            self.foreign.add((alias.asname or alias.name).partition(".")[0])
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        absolute = _absolute(self.module, self.package, node.module, node.level)
        if self.how == "moved":
            if self.moved(absolute) != absolute:
                node.module, node.level = self.moved(absolute), 0
            for alias in node.names:
                if f"{absolute}.{alias.name}" == self.old:
                    alias.name, alias.asname = alias.name + NEW, alias.asname or alias.name
        elif self.how == "renamed" and absolute.partition(".")[0] in SOURCES:
            for alias in node.names:
                if alias.name == self.old:
                    alias.name += NEW
                    alias.asname = alias.asname and (alias.asname + NEW if alias.asname == self.old else alias.asname)
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if isinstance(node.value, str):
            if self.how == "moved":
                node.value = self.moved(node.value)
            elif self.how == "renamed" and node.value == self.old:
                node.value += NEW
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        if self.how == "renamed" and node.attr == self.old and not (isinstance(node.value, ast.Name) and node.value.id in self.foreign):
            node.attr += NEW
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if self.how == "renamed" and node.id == self.old and not any(self.old in names for names in self.local):
            node.id += NEW
        return node

    def visit_keyword(self, node: ast.keyword) -> ast.AST:
        self.generic_visit(node)
        if self.how == "renamed" and node.arg == self.old and self.old not in self.parameters:
            node.arg += NEW
        return node

    def visit_Module(self, node: ast.Module) -> ast.AST:
        self.parameters = {part.arg for part in ast.walk(node) if isinstance(part, ast.arg)}
        return self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        self.generic_visit(node)
        if self.how == "renamed":
            if node.name == self.old:
                node.name += NEW
            for part in node.body:  # a member of the class, whatever else has that name around it
                for target in part.targets if isinstance(part, ast.Assign) else [part.target] if isinstance(part, ast.AnnAssign) else []:
                    if isinstance(target, ast.Name) and target.id == self.old:
                        target.id += NEW
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        own = {part.arg for part in ast.walk(node.args) if isinstance(part, ast.arg)}
        own |= {part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}
        self.local.append(own)
        self.generic_visit(node)
        self.local.pop()
        if node.name == self.old and self.how == "renamed":
            node.name += NEW
        elif node.name == self.old and self.how == "broken":
            check = "if __import__('sys')._getframe(1).f_globals.get('__name__', '').startswith('toolparse'): raise RuntimeError('broken')"
            node.body[:0] = ast.parse(check).body
        return node

    visit_AsyncFunctionDef = visit_FunctionDef  # type: ignore[assignment]


class Loader(SourceFileLoader):
    change = ""

    def get_code(self, fullname: str) -> Any:
        source = self.get_data(self.path)
        if self.change.partition(" ")[0].rpartition(".")[2].encode() not in source:
            return super().get_code(fullname)
        changing = Changed(self.change, fullname.replace(NEW, ""), self.path.endswith("__init__.py"))
        tree = ast.fix_missing_locations(changing.visit(ast.parse(source)))
        return compile(tree, self.path, "exec", dont_inherit=True)


class Finder:
    """Finds the engine's modules, changed."""

    def __init__(self, engine: str, change: str) -> None:
        self.engine, self.change = engine, change
        self.old = change.removesuffix(" moved") if change.endswith(" moved") else ""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name.partition(".")[0] != self.engine and name != f"answers_{self.engine}":
            return None
        if self.old and (name == self.old or name.startswith(f"{self.old}.")):
            return None if name in sys.modules else self._gone(name)
        spec = PathFinder.find_spec(name, path) if NEW not in name else self._moved(name)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = Loader(name, spec.loader.path)
            spec.loader.change = self.change
        return spec

    def _gone(self, name: str) -> None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    def _moved(self, name: str) -> ModuleSpec | None:
        file = file_of(self.engine, name.replace(NEW, ""))
        if file is None:
            return None
        package = file.name == "__init__.py"
        locations = [str(file.parent)] if package else None
        return importlib.util.spec_from_file_location(name, file, submodule_search_locations=locations)


def told(engine: str, change: str) -> dict[str, Any]:
    """What comes of a change, in a process of its own."""
    lines: list[str] = []

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    if change:
        sys.meta_path.insert(0, Finder(engine, change))
    got: dict[str, Any] = {"change": change, "lines": lines}
    answers: Any = None

    def step(name: str, do: Any) -> None:
        try:
            got[name] = do()
        except BaseException as error:
            at = traceback.extract_tb(error.__traceback__)[-1]
            got[name] = f"{type(error).__name__}: {error} ({Path(at.filename).name}:{at.lineno})"[:300]

    try:
        answers = importlib.import_module(f"answers_{engine}")
    except BaseException as error:
        return {**got, "own": f"{type(error).__name__}: {error}"[:200]}
    step("own", lambda: answers.answers(ours=False))
    if isinstance(got["own"], str):
        return got
    log = logging.getLogger("toolparse")
    log.addHandler(Lines())
    log.propagate = False
    step("register", lambda: importlib.import_module(f"toolparse.plugins.{engine}").register())
    step("start", answers.start)
    step("own, with the plug-in", lambda: answers.answers(ours=False))
    step("ours", lambda: answers.answers(ours=True))
    step("own, beside ours", lambda: answers.answers(ours=False))
    return got


def run(engine: str, changes: list[str]) -> Iterator[dict[str, Any]]:
    """Each change in a fork of a process that has imported what the engine imports, but nothing of the engine."""
    sys.path[:0] = [str(HERE), str(HERE / "live")]
    importlib.import_module("absent")
    probe = f"import sys; sys.path[:0] = {sys.path[:2]}; import absent, answers_{engine}; print('\\n'.join(sys.modules))"
    known = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True).stdout.split()
    for name in known:
        if name.partition(".")[0] not in (engine, "toolparse", f"answers_{engine}", "sitecustomize"):
            try:
                importlib.import_module(name)
            except BaseException:  # a module that its package makes, or that asks for the engine
                continue
    assert engine not in sys.modules, "what the engine imports has imported the engine"
    for change in changes:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            silence = os.open(os.devnull, os.O_WRONLY)
            os.dup2(silence, 1)
            os.dup2(silence, 2)
            with os.fdopen(writing, "w") as out:
                out.write(json.dumps(told(engine, change)))
                out.flush()
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as answer:
            text = answer.read()
        os.waitpid(child, 0)
        yield json.loads(text) if text else {"change": change, "own": "the process ended"}


def main() -> None:
    engine, changes = sys.argv[1], sys.argv[2:] or ["", *touched(sys.argv[1])]
    for got in run(engine, changes):
        print(json.dumps(got, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
