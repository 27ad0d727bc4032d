"""The commands by name. `toolparse FILE...` is the default; each command is a module with `run(arguments) -> exit status`."""

from __future__ import annotations

import os
from difflib import get_close_matches
from importlib import import_module

from toolparse.cli.inputs import CommandError

# Loaded when called: a command may need an extra that is not installed, and `--help` must be quick.
COMMANDS = {
    "batch": "toolparse.cli.batch",
    "convert": "toolparse.cli.convert",
    "explain": "toolparse.cli.explain",
    "formats": "toolparse.cli.list_formats",
    "grammar": "toolparse.cli.grammar",
    "serve": "toolparse.cli.serve",
    "tools": "toolparse.cli.tools",
}


def run(arguments: list[str]) -> int:
    """Carry out a command line and return its exit status; `CommandError` is for what cannot be carried out."""
    if arguments == ["help"] and not os.path.exists("help"):
        arguments = ["--help"]
    named = bool(arguments) and arguments[0] in COMMANDS
    if arguments and not named and not arguments[0].startswith("-") and not os.path.exists(arguments[0]):
        close = get_close_matches(arguments[0], COMMANDS, n=1, cutoff=0.75)
        if close:
            raise CommandError(f"{arguments[0]}: no such file; did you mean the command {close[0]}?")
    module = import_module(COMMANDS[arguments[0]] if named else "toolparse.cli.parse_files")
    status: int = module.run(arguments[1:] if named else arguments)
    return status
