"""`toolparse convert FILE --from NAME --to NAME`: what another model would have written."""

from __future__ import annotations

import sys

from toolparse.cli.inputs import open_input, read_text, read_tools
from toolparse.cli.options import FAULTY, FINE, Options, format_called, is_fault
from toolparse.cli.output import complain
from toolparse.parser import parse
from toolparse.rendering.render import CannotRender, render


def run(arguments: list[str]) -> int:
    parser = Options(
        prog="toolparse convert",
        description="Write the message of a file in the format of another model.",
        epilog="example:\n  toolparse convert output.txt --from hermes --to llama3_json\n",
    )
    parser.add_argument("file", metavar="FILE", help="text as the model wrote it, in UTF-8")
    parser.add_argument("--from", dest="source", metavar="NAME", required=True, help="the format of the file")
    parser.add_argument("--to", dest="target", metavar="NAME", required=True, help="the format to write")
    parser.add_argument("--tools", metavar="FILE", help="JSON list of the tools that the model was given")
    parser.add_argument("--prompt", metavar="TEXT", help="the rendered prompt or its end, '' if nothing is pre-filled")
    options = parser.parse_args(arguments)
    source, target = format_called(options.source), format_called(options.target)
    tools = None if options.tools is None else read_tools(options.tools)
    with open_input(options.file) as file:
        message = parse("".join(read_text(file, options.file)), source, tools=tools, prompt=options.prompt)
    try:
        text = render(message, target, tools=tools)
    except CannotRender as error:
        complain(f"{options.file}: {error}")
        return FAULTY
    sys.stdout.write(text + "\n" * sys.stdout.isatty())
    sound = all(call.complete for call in message.tool_calls) and not any(map(is_fault, message.problems))
    return FINE if sound else FAULTY
