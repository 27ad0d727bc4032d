"""Walks through docs/start/ as a new user would: every block of every page, to the letter, in a fresh environment with the wheel alone.

    python tests/start/walk.py [WHEEL]

A block that the page marks as going on running is a terminal of its own, and is ended when the page is done. Only ports are changed: free
ones stand for those of the page. Prints what was typed and what came; ends at the first thing that does not work.
"""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^(?:<!-- run by ([\w./-]+)(, goes on running)? -->\n)?```(python|sh|console)\n(.*?)^```", re.M | re.S)
AT_MOST = 300  # seconds a page
ALSO = {"gateway": ("Let me look.", "tool_calls", "get_weather", '{\\"city\\": \\"Oslo\\"}')}
"""What the page says will be seen."""


def main() -> int | str:
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        wheel = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else built(work)
        for page in sorted((ROOT / "docs" / "start").glob("*.md")):
            began = time.monotonic()
            seen = walk(page, wheel, work / page.stem)
            took = time.monotonic() - began
            print(f"-- {page.name}: {took:.0f} s, installation included\n", flush=True)
            if took > AT_MOST:
                return f"{page.name} takes longer than five minutes"
            for words in ALSO.get(page.stem, ()):
                if words not in seen:
                    return f"{page.name}: {words} was not seen"
    return 0


def built(work: Path) -> Path:
    subprocess.run([sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", work, ROOT], check=True)
    return next(work.glob("*.whl"))


def walk(page: Path, wheel: Path, home: Path) -> str:
    """Do what a page says. Returns all that was printed."""
    venv.create(home / "venv", with_pip=True)
    (home / "at").mkdir()
    (home / "wheel.txt").write_text(f"toolparse=={wheel.name.split('-')[1]}\n")
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")}
    environment = {
        **kept, "PATH": f"{home / 'venv' / 'bin'}:{os.environ['PATH']}", "PYTHONUNBUFFERED": "1",
        "PIP_CONSTRAINT": str(home / "wheel.txt"), "PIP_FIND_LINKS": str(wheel.parent),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_QUIET": "1",
    }  # fmt: skip
    text = page.read_text(encoding="utf-8")
    gateway = free_port()
    text = text.replace("8000", free_port()).replace("8080", gateway).replace("\ntoolparse serve ", f"\ntoolparse serve --port {gateway} ")
    print(f"== {page.name}", flush=True)
    seen, programs, running = "", "", []
    try:
        for _, stays, language, block in BLOCK.findall(text):
            if language == "python":
                programs += block
                continue
            typed = re.sub(r"^\$ ", "", block, flags=re.M)
            print("\n".join(f"$ {line}" for line in typed.splitlines()), flush=True)
            if stays:
                running.append(subprocess.Popen(["sh", "-c", f"exec {typed}"], cwd=home / "at", env=environment))
                wait_for(running[-1], ports_of(typed, home / "at"))
                continue
            seen += told(["sh", "-euc", typed], home / "at", environment)
        if programs:
            (home / "at" / "program.py").write_text(programs, encoding="utf-8")
            print("$ python program.py   # the page's Python", flush=True)
            seen += told(["python", "program.py"], home / "at", environment)
    finally:
        for process in running:
            process.terminate()
            process.wait(30)
    return seen


def told(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    """Run it, print what comes of it, and return that. Raises `SystemExit` where it fails."""
    if not command[-1].startswith("pip "):  # which has warnings of its own
        environment = {**environment, "PYTHONWARNINGS": "error"}
    done = subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=AT_MOST
    )
    print(done.stdout, end="" if done.stdout.endswith("\n") or not done.stdout else "\n", flush=True)
    if done.returncode:
        raise SystemExit(f"exit status {done.returncode}: {shlex.join(command)}")
    return done.stdout


def free_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


def ports_of(typed: str, folder: Path) -> str:
    """The port at which a server that is started so listens."""
    found = re.search(r"--port (\d+)", typed)
    source = typed if found else (folder / typed.split()[1]).read_text(encoding="utf-8")
    return (found or re.search(r'"127\.0\.0\.1", (\d+)', source))[1]  # type: ignore[index]


def wait_for(process: subprocess.Popen[bytes], port: str) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise SystemExit(f"exit status {process.returncode}: {process.args!r}")
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", int(port))) == 0:
                return
        time.sleep(0.1)
    raise SystemExit(f"nothing listens on {port}: {process.args!r}")


if __name__ == "__main__":
    sys.exit(main())
