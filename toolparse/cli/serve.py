"""`toolparse serve`: the options of the gateway, and what can be wrong with them."""

from __future__ import annotations

import argparse
import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from toolparse.cli.inputs import CommandError
from toolparse.cli.options import FINE, Options, positive
from toolparse.formats import UnknownFormat

if TYPE_CHECKING:
    from toolparse.serve.settings import Settings

NEEDS = ("anyio", "httpx", "jinja2", "prometheus_client", "starlette", "uvicorn")
ABOUT = """\
Stand in front of an engine that returns raw text, and give its users tool calls: OpenAI chat completions, OpenAI Responses and
Anthropic Messages, streamed or whole. / is a page to try it.
"""
MORE = """\
example:
  toolparse serve --upstream llama.cpp --url http://127.0.0.1:8081

The prompt is rendered from the model's chat template. openai-chat and llama.cpp do that themselves; the others need --template.
The keys may also be in the environment, as TOOLPARSE_API_KEY and TOOLPARSE_UPSTREAM_KEY, where no list of processes shows them.
"""


def run(arguments: list[str]) -> int:
    """Serve until told to stop; the exit status is 0 then."""
    given = serve_options().parse_args(arguments)
    missing = [name for name in NEEDS if find_spec(name) is None]
    if missing:
        raise CommandError(f"toolparse serve needs `pip install toolparse[serve]` ({', '.join(missing)} not found)")
    from toolparse.serve.prompts import UnusableTemplate
    from toolparse.serve.server import serve

    try:
        serve(settings_of(given), given.host, given.port)
    except OSError as error:
        raise CommandError(f"{error.filename or f'{given.host}:{given.port}'}: {error.strerror or error}") from None
    except (UnusableTemplate, UnknownFormat, UnicodeDecodeError) as error:
        raise CommandError(str(error)) from None
    return FINE


def settings_of(given: argparse.Namespace) -> Settings:
    """The options as the gateway takes them."""
    from toolparse.serve.settings import Settings

    if given.upstream not in ("openai-chat", "llama.cpp") and given.template is None:
        raise CommandError(f"{given.upstream} is given a prompt: name the model's chat template with --template")
    if not given.url.startswith(("http://", "https://")):
        raise CommandError(f"{given.url}: the address of the engine begins with http:// or https://")
    return Settings(
        upstream=given.upstream,
        url=given.url,
        format=given.format,
        template=given.template,
        model=given.model,
        api_key=given.api_key or os.environ.get("TOOLPARSE_API_KEY") or None,
        upstream_key=given.upstream_key or os.environ.get("TOOLPARSE_UPSTREAM_KEY") or None,
        max_tokens=given.max_tokens,
        max_body=given.max_body,
        max_requests=given.max_requests,
        timeout=given.timeout,
        stall=given.stall,
        log_text=given.log_text,
        constrain=not given.unconstrained,
    )


def serve_options() -> Options:
    parser = Options(
        prog="toolparse serve",
        usage="toolparse serve --upstream KIND --url URL [options]",
        description=ABOUT,
        epilog=MORE,
        allow_abbrev=False,
    )
    kinds = ("openai-chat", "openai-completions", "llama.cpp", "tgi", "ollama")
    parser.add_argument("--upstream", required=True, choices=kinds, help="what the engine speaks")
    parser.add_argument("--url", required=True, help="where the engine is, such as http://127.0.0.1:8000")
    parser.add_argument(
        "-f", "--format", default="auto", metavar="NAME", help="the model's format; auto (the default): by the chat template, else the name"
    )
    parser.add_argument(
        "--template", type=Path, metavar="PATH",
        help="the model's chat template: its directory, tokenizer_config.json or chat_template.jinja",
    )  # fmt: skip
    parser.add_argument("--model", metavar="NAME", help="the model to ask the engine for, whatever clients call it")
    parser.add_argument("--max-tokens", type=positive, metavar="N", help="the limit of an answer whose request names none")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default 127.0.0.1: this machine only)")
    parser.add_argument("--port", type=port, default=8080, help="the port to listen on (default 8080)")
    parser.add_argument("--api-key", metavar="KEY", help="what clients must send; without it, their keys are passed on to the engine")
    parser.add_argument("--upstream-key", metavar="KEY", help="what the engine is sent, in place of the clients' keys")
    parser.add_argument("--max-body", type=positive, default=8 * 1024 * 1024, metavar="BYTES", help="of a request (default 8 MiB)")
    parser.add_argument(
        "--max-requests", type=positive, default=512, metavar="N", help="at once; more are told to come again (default 512)"
    )
    parser.add_argument("--timeout", type=seconds, default=600.0, metavar="SECONDS", help="for an answer (default 600)")
    parser.add_argument("--stall", type=seconds, default=120.0, metavar="SECONDS", help="without a word from the engine (default 120)")
    parser.add_argument("--log-text", action="store_true", help="log prompts and outputs too; by default the log holds no text")
    parser.add_argument(
        "--unconstrained", action="store_true", help="ask for a call that must come, and send no grammar, where the engine refuses it"
    )
    return parser


def port(text: str) -> int:
    """A port, or 0 for any that is free."""
    if not (text.isdecimal() and int(text) < 65536):
        raise argparse.ArgumentTypeError(f"{text!r} is no port")
    return int(text)


def seconds(text: str) -> float:
    """A time above 0."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds above 0")
    return value
