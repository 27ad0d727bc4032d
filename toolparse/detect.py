"""Which format does a model write? Told from its chat template, its tokenizer config, its name, or a sample of its output.

How it decides. A format's `marks` are strings that its chat templates hold. A mark is one string, or several joined by ` & ` that
must all be there. Of two marks that hold, the one that implies the other wins, so that a relative says only what it adds:
`<tool_call> & <arg_key> & <|role_end|>` beats `<tool_call> & <arg_key>`. Where marks of several formats are left, the model name
may choose among them; else there is no guess.

A model name is matched word by word, from its start, against the `models` of the formats: "Qwen3-Coder-30B" is found by
`Qwen3-Coder` rather than by `Qwen3`, and "my-qwen3-experiment" by nothing, since a fine-tune may write anything.

All knowledge of families is in the formats. A template is text here: nothing runs, renders or parses one, and no file is read.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from toolparse.formats import formats
from toolparse.grammar import Format

Confidence = Literal["certain", "likely", "possible"]


@dataclass(frozen=True, slots=True)
class Guess:
    """The format that fits, how sure that is, and why.

    `format` is a name for `Parser` and `get_format`. `confidence` is "certain" when a chat template shows the format, "likely"
    when the model's name or a response template says so, "possible" when only the vocabulary or a sample of output does.
    `reason` is meant for a log line or an error; it names evidence that says otherwise, too.
    """

    format: str
    confidence: Confidence
    reason: str


def detect(
    chat_template: str | Mapping[str, str] | None = None,
    tokenizer_config: Mapping[str, Any] | str | None = None,
    model: str | os.PathLike[str] | None = None,
    output: str | None = None,
) -> Guess | None:
    """The format that a model writes, or None where the evidence does not decide.

    `chat_template` is the template's source, or several by name. `tokenizer_config` is the content of a `tokenizer_config.json`,
    a dict or JSON text; its `chat_template`, its `response_template` and its added tokens count. `model` is a name or a path.
    `output` is text that the model wrote.

    The evidence counts in this order: chat template, response template, model name, added tokens, output. What comes later never
    overrules what comes earlier; the model name chooses where a template leaves several formats.

    Raises ValueError when `tokenizer_config` is text and not a JSON object, and TypeError for an output that is no text.

    >>> detect(model="Qwen/Qwen3-Coder-30B-A3B-Instruct-FP8")
    Guess(format='qwen3_coder', confidence='likely', reason="the model name is that of 'Qwen3-Coder'")
    """
    if output is not None and not isinstance(output, str):
        raise TypeError(f"the output is a str, not {type(output).__name__}: decode it first")
    config = _config(tokenizer_config)
    every = tuple(formats())
    named = _named(os.fspath(model), every) if model is not None else None
    templates = [*_templates(chat_template), *_templates(config.get("chat_template"))]
    for template in templates:
        if fits := _fits(template, every):
            return _verdict("the chat template", "certain", fits, named)
    if fits := _fits(_response_template(config), every):
        return _verdict("the response template", "likely", fits, named)
    if named is not None:
        silent = ", and the chat template shows no calls that a format knows" if templates else ""
        return Guess(named.format.name, "likely", f"the model name is that of {named.model!r}{silent}")
    if fits := _fits(_added_tokens(config), every):
        return _verdict("the added vocabulary", "possible", fits, None)
    if fits := _fits(output or "", every):
        return _verdict("the output", "possible", fits, None)
    return None


# Marks: which strings a text holds, and which of them say most.


@dataclass(frozen=True, slots=True)
class _Fit:
    format: Format
    mark: str

    def implies(self, other: _Fit) -> bool:
        """Whether this mark cannot hold without the other: each part of the other's stands in a part of this one's."""
        return all(any(part in own for own in _parts(self.mark)) for part in _parts(other.mark))


@dataclass(frozen=True, slots=True)
class _Named:
    format: Format
    model: str


def _parts(mark: str) -> list[str]:
    return mark.split(" & ")


def _fits(text: str, every: tuple[Format, ...]) -> list[_Fit]:
    """The marks that stand in the text, without those that another of them implies."""
    text = text.replace('\\"', '"').replace("\\'", "'").replace("\\n", "\n")
    fits = [_Fit(fmt, mark) for fmt in every for mark in fmt.marks_in(text)]
    return [fit for fit in fits if not any(other.implies(fit) and not fit.implies(other) for other in fits)]


def _verdict(source: str, confidence: Confidence, fits: list[_Fit], named: _Named | None) -> Guess | None:
    """The guess that the marks of a source and the model name make together.

    A format without marks is one that no template can show: only the model name can say it, and then it does.
    """
    marks = {fit.format.name: fit.mark for fit in fits}
    if named is not None and named.format.name not in marks and not named.format.marks:
        return Guess(named.format.name, "likely", f"the model name is that of {named.model!r}; {source} fits {_listed(marks)}")
    if len(marks) > 1:
        if named is None or named.format.name not in marks:
            return None
        reason = f"{source} fits {_listed(marks)}; of these, the model name is that of {named.model!r}"
        return Guess(named.format.name, "likely", reason)
    ((name, mark),) = marks.items()
    reason = f"{source} holds {' and '.join(map(repr, _parts(mark)))}"
    if named is not None and named.format.name == name:
        reason += f"; the model name, that of {named.model!r}, agrees"
    elif named is not None:
        reason += f"; the model name, that of {named.model!r}, would be {named.format.name}, but a template counts for more"
    return Guess(name, confidence, reason)


def _listed(marks: dict[str, str]) -> str:
    return " and ".join(sorted(marks))


# Model names: words, numbers and sizes.

_SIZE = r"(?<![a-z0-9])(?:\d+x)?[ae]?\d+(?:\.\d+)?(?:[bmke]|bit)(?![a-z0-9])"
_WORD = re.compile(rf"(?P<size>{_SIZE})|(?P<number>\d+(?:\.\d+)*)|(?P<word>[a-z]+|\+)")
_FILLER = frozenset(("instruct", "chat", "it", "hf", "v"))
"""Words that a name may hold or lack anywhere. Sizes may be held anywhere, too."""
_NO_NAME = re.compile(r"(?:model|checkpoint|snapshots?|final|latest|main|gguf|[0-9a-f]{40})(?![a-z])")
"""How a part of a path begins that names no model: a weights file, a checkpoint's number, a revision."""
_PUBLISHER = re.compile(r"models--.*--|[a-z0-9.-]+_(?=[a-z0-9.]+-)")
"""A publisher before the name: in a cache of the Hugging Face hub, or in a file that a quantiser called `Publisher_Model-…`."""


def _named(model: str, every: tuple[Format, ...]) -> _Named | None:
    """The format one of whose models begins this name with the most words; None where none does, or two formats do alike."""
    words = _words(model_name := _last_part(model))
    publisher = _PUBLISHER.match(model_name)
    candidates = [words] if publisher is None else [words, _words(model_name[publisher.end() :])]
    for name in candidates:
        known = [(_Named(fmt, of), _words(of)) for fmt in every for of in fmt.models]
        begun = [(len(own), named) for named, own in known if own and _begins(own, name)]
        most = max((length for length, _ in begun), default=0)
        best = {named.format.name: named for length, named in begun if length == most}
        if best:
            return next(iter(best.values())) if len(best) == 1 else None
    return None


def _last_part(path: str) -> str:
    """The last part of a name or path that names something: `…/Qwen3-8B/checkpoint-500` is `qwen3-8b`."""
    parts = [part for part in re.split(r"[/\\]", path.lower().strip()) if part]
    while len(parts) > 1 and _NO_NAME.match(parts[-1]):
        parts.pop()
    return parts[-1] if parts else ""


def _words(name: str) -> list[str]:
    """A name's words, numbers and sizes, spelled one way: `Qwen2p5-7B`, `qwen2_5 7b` and `Qwen2.5-7b` are `qwen 2.5 7b`."""
    name = re.sub(r"(?<=\d)[p_](?=\d)", ".", name.lower())
    return [found.group().removesuffix(".0") if found.lastgroup == "number" else found.group() for found in _WORD.finditer(name)]


def _begins(known: list[str], name: list[str]) -> bool:
    """Whether a name begins with the words of a known one, sizes and fillers apart."""
    at = 0
    for want in known:
        while at < len(name) and name[at] != want and (name[at] in _FILLER or re.fullmatch(_SIZE, name[at])):
            at += 1
        if at < len(name) and name[at] == want:
            at += 1
        elif want not in _FILLER:
            return False
    return True


# What a tokenizer config holds.


def _config(given: Mapping[str, Any] | str | None) -> Mapping[str, Any]:
    if not isinstance(given, str):
        return given or {}
    try:
        config = json.loads(given)
    except (ValueError, RecursionError) as fault:
        raise ValueError(f"tokenizer_config is not JSON; give a dict, or the text of a tokenizer_config.json ({fault})") from None
    if not isinstance(config, dict):
        raise ValueError(f"tokenizer_config must be a JSON object, not {type(config).__name__}")
    return config


def _templates(given: object) -> list[str]:
    """The templates of a `chat_template`: a text, a dict by name, or a list of names and templates; those for tools first."""
    if isinstance(given, str):
        return [given]
    if isinstance(given, Mapping):
        named = list(given.items())
    elif isinstance(given, list):
        named = [(entry.get("name"), entry.get("template")) for entry in given if isinstance(entry, Mapping)]
    else:
        return []
    return [text for name, text in sorted(named, key=lambda entry: entry[0] != "tool_use") if isinstance(text, str)]


def _response_template(config: Mapping[str, Any]) -> str:
    """The literals and patterns of a `response_template`, as text, without the patterns' backslashes."""
    return "\n".join(_strings(config.get("response_template"))).replace("\\", "")


def _added_tokens(config: Mapping[str, Any]) -> str:
    keys = ("added_tokens_decoder", "added_tokens", "additional_special_tokens", "extra_special_tokens")
    return "\n".join(_strings([config.get(key) for key in keys]))


def _strings(value: object) -> list[str]:
    found: list[str] = []
    left = [value]
    while left:
        value = left.pop()
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, Mapping):
            left.extend(value.values())
        elif isinstance(value, list):
            left.extend(value)
    return found
