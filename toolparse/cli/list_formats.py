"""`toolparse formats`: every known format."""

from __future__ import annotations

from toolparse.cli.options import FINE, Options
from toolparse.cli.output import print_formats, print_formats_json
from toolparse.formats import formats


def run(arguments: list[str]) -> int:
    parser = Options(
        prog="toolparse formats",
        description="List the formats, the models that write them and their other names.",
        epilog="example:\n  toolparse formats --json\n",
    )
    parser.add_argument("--json", action="store_true", help="as a JSON list of objects with name, models and aliases")
    show = print_formats_json if parser.parse_args(arguments).json else print_formats
    show(formats())
    return FINE
