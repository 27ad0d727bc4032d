"""Rendering messages with a model's chat template, as Hugging Face's `apply_chat_template` does.

A template is a program from a model's page, so it runs in jinja2's immutable sandbox: it reads what it is given and can do nothing
else. What templates may expect there is a convention: `raise_exception`, `strftime_now`, a `tojson` that leaves characters as they are,
`break` and `continue`, blocks marked `generation`, blocks trimmed, the special tokens by name.

Facts: src/transformers/utils/chat_template_utils.py of huggingface/transformers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

from jinja2 import TemplateError, TemplateSyntaxError, nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser as TemplateParser
from jinja2.sandbox import ImmutableSandboxedEnvironment

_OWN = ("messages", "tools", "documents", "add_generation_prompt")
"""Names of a template that a request cannot set by its template options."""


class UnusableTemplate(ValueError):
    """The file holds no chat template, or one that is none. The message says what to do."""


class CannotRender(ValueError):
    """The template refuses these messages, or fails on them."""


class Generation(Extension):
    """`{% generation %}`: marks what the model wrote, for training. It renders as what it encloses."""

    tags = {"generation"}  # noqa: RUF012  (jinja2's own declaration)

    def parse(self, parser: TemplateParser) -> nodes.Node:
        """The block as a scope of its own."""
        line = next(parser.stream).lineno
        return nodes.Scope(parser.parse_statements(("name:endgeneration",), drop_needle=True), lineno=line)


class ChatTemplate:
    """One chat template, and the one for requests with tools where the model has two. Made once, used by any number of requests.

    >>> template = ChatTemplate("{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}{{ end }}", tokens={"end": "</s>"})
    >>> template.render([{"role": "user", "content": "Hi"}])
    '<user>Hi</s>'
    """

    def __init__(self, source: str, with_tools: str | None = None, tokens: Mapping[str, str] | None = None) -> None:
        environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols])
        environment.filters["tojson"] = _tojson
        environment.globals.update(raise_exception=_raise, strftime_now=_now)
        self.source = source if with_tools is None else with_tools
        self.tokens = dict(tokens or {})
        try:
            self._plain = environment.from_string(source)
            self._with_tools = self._plain if with_tools is None else environment.from_string(with_tools)
        except TemplateSyntaxError as error:
            raise UnusableTemplate(f"the chat template is no jinja2: {error.message} (line {error.lineno})") from None

    def render(
        self, messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]] = (), options: Mapping[str, Any] | None = None
    ) -> str:
        """The prompt, up to where the model's turn begins. Raises `CannotRender`."""
        template = self._with_tools if tools else self._plain
        given = {name: value for name, value in (options or {}).items() if name not in _OWN and name not in self.tokens}
        try:
            return template.render(
                **given, **self.tokens, messages=messages, tools=list(tools) or None, documents=None, add_generation_prompt=True
            )
        except TemplateError as error:
            raise CannotRender(f"the chat template refuses the messages: {error.message or type(error).__name__}") from None
        except Exception as error:  # a template may do anything with values that it did not expect
            raise CannotRender(f"the chat template fails on the messages ({type(error).__name__}: {error})") from None


def load_template(path: Path) -> ChatTemplate:
    """The template of a model's directory, of its tokenizer_config.json, or of a file of its own.

    Beside a template's file, a tokenizer_config.json tells the special tokens. Raises `UnusableTemplate`, and `OSError` for what
    cannot be read.
    """
    if path.is_dir():
        own, config = path / "chat_template.jinja", path / "tokenizer_config.json"
        return load_template(own if own.is_file() else config)
    if path.suffix != ".json":
        config = path.with_name("tokenizer_config.json")
        tokens = special_tokens(_read_config(config)) if config.is_file() else {}
        return ChatTemplate(path.read_text(encoding="utf-8"), tokens=tokens)
    config_read = _read_config(path)
    sources = config_read.get("chat_template")
    if isinstance(sources, list):
        sources = {entry.get("name"): entry.get("template") for entry in sources if isinstance(entry, Mapping)}
    if isinstance(sources, str):
        sources = {"default": sources}
    if not (isinstance(sources, Mapping) and isinstance(plain := sources.get("default", sources.get("tool_use")), str)):
        beside = path.with_name("chat_template.jinja")
        if beside.is_file():
            return load_template(beside)
        raise UnusableTemplate(f"{path}: no chat_template in it; give the model's chat_template.jinja")
    return ChatTemplate(plain, sources.get("tool_use"), special_tokens(config_read))


def special_tokens(config: Mapping[str, Any]) -> dict[str, str]:
    """The special tokens of a tokenizer config by the names that templates use: `bos_token`, `eos_token` ..."""
    named = {name: value for name, value in config.items() if name.endswith("_token") and not name.startswith("add_")}
    extra = config.get("extra_special_tokens")
    if isinstance(extra, Mapping):
        named |= extra
    texts = {name: value.get("content") if isinstance(value, Mapping) else value for name, value in named.items()}
    return {name: text for name, text in texts.items() if isinstance(text, str)}


def _read_config(path: Path) -> Mapping[str, Any]:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        raise UnusableTemplate(f"{path}: not JSON; give a tokenizer_config.json or a jinja2 file") from None
    if not isinstance(config, dict):
        raise UnusableTemplate(f"{path}: no JSON object; give a tokenizer_config.json or a jinja2 file")
    return config


def _tojson(
    value: object, ensure_ascii: bool = False, indent: int | None = None, separators: tuple[str, str] | None = None, sort_keys: bool = False
) -> str:
    # jinja2's own writes HTML escapes, which no model has seen.
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def _raise(message: str) -> NoReturn:
    raise TemplateError(message)


def _now(format: str) -> str:
    return datetime.now().strftime(format)
