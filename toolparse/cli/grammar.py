"""`toolparse grammar --format NAME --tools FILE --as LANGUAGE`: what an engine should let the model write."""

from __future__ import annotations

import json
import sys

from toolparse.cli.inputs import CommandError, read_tools
from toolparse.cli.options import FINE, Options, format_called
from toolparse.cli.output import complain
from toolparse.constrain.constraint import CannotConstrain, constrain

EXAMPLE = """\
example:
  toolparse grammar --format hermes --tools tools.json --as gbnf
"""
LANGUAGES = ("structural-tag", "ebnf", "gbnf", "lark")


def run(arguments: list[str]) -> int:
    """Carry out the command and return its exit status. What the grammar leaves out of the schemas is told on standard error."""
    parser = Options(
        prog="toolparse grammar",
        description="Print the grammar for constrained decoding of a format and some tools.",
        epilog=EXAMPLE,
    )
    parser.add_argument("-f", "--format", metavar="NAME", required=True, help="the format, by any name that `toolparse formats` lists")
    parser.add_argument("--tools", metavar="FILE", required=True, help="JSON list of the tools that the model is given")
    parser.add_argument(
        "--as", dest="language", choices=LANGUAGES, default="structural-tag",
        help="structural-tag (xgrammar, vLLM, SGLang), ebnf (xgrammar), gbnf (llama.cpp) or lark (llguidance)",
    )  # fmt: skip
    parser.add_argument("--choice", metavar="CHOICE", default="auto", help="auto, required, none, or the name of a tool")
    parser.add_argument("--no-parallel", action="store_true", help="the output ends with its first call")
    parser.add_argument("--strict", action="store_true", help="objects have all of their properties and no others")
    parser.add_argument("--reasoning", choices=("auto", "open", "none"), default="auto", help="open: the prompt has opened it")
    parser.add_argument("--no-tokens", action="store_true", help="write every marker as text, also those that are special tokens")
    options = parser.parse_args(arguments)
    choice: object = options.choice
    if choice not in ("auto", "required", "none"):
        choice = {"type": "function", "function": {"name": choice}}
    try:
        constraint = constrain(
            format_called(options.format), read_tools(options.tools), choice, not options.no_parallel, True if options.strict else None,
            options.reasoning, () if options.no_tokens else None,
        )  # fmt: skip
    except CannotConstrain as error:
        raise CommandError(str(error)) from None
    if options.language == "structural-tag":
        sys.stdout.write(json.dumps(constraint.structural_tag(), ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(getattr(constraint, options.language)())
    for line in constraint.left_out:
        complain(f"not in the grammar: {line}")
    return FINE
