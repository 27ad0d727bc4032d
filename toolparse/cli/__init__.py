"""The command `toolparse`: what a shell may rely on, whatever happens inside.

Standard output holds results and nothing else, as UTF-8; every complaint is one line on standard error; nothing ends in a
traceback. The commands themselves are in `commands`, reading is in `inputs`, writing in `output`; none of them knows a format.
"""

from __future__ import annotations

import io
import os
import sys

INTERRUPTED = 130  # what a shell reports for a command that SIGINT ended
PIPE_CLOSED = 141  # the same for SIGPIPE: the reader, `head` say, had enough


def main(argv: list[str] | None = None) -> int:
    """Run the command line `argv` (default: that of the process) and return its exit status.

    0: everything was read and is sound. 1: it was read, but a call is incomplete or an error was found in it. 2: the command
    was wrong, or a file could not be read or written.

    >>> main(["fixtures/hermes.txt", "--format", "hermes"])  # doctest: +SKIP
    0
    """
    try:
        # Loaded here, so that Ctrl-C while loading is no traceback either.
        from toolparse.cli.commands import run
        from toolparse.cli.inputs import CommandError
        from toolparse.cli.output import complain

        if sys.stdout is None:
            print("toolparse: standard output is closed", file=sys.stderr)
            return 2
        if isinstance(sys.stdout, io.TextIOWrapper):
            # JSON is UTF-8 in every locale, and a lone surrogate's backslash escape is its JSON escape.
            sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")
        try:
            status = run(sys.argv[1:] if argv is None else argv)
        except CommandError as error:
            complain(str(error))
            status = 2
        except SystemExit:  # argparse's way to end after --help
            status = 0
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        discard_output()
        return PIPE_CLOSED
    except OSError as error:  # reading errors name their file and are handled where they happen; this is the output's
        discard_output()
        print(f"toolparse: cannot write to standard output: {error.strerror}", file=sys.stderr)
        return 2


def discard_output() -> None:
    """Send what is still buffered nowhere, or the interpreter would complain about it at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
