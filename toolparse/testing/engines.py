"""Readers of other projects for `conform`: the parsers of vLLM, detectors of SGLang, transformers' `parse_response`, openai-harmony.

Each function imports its engine when it is called and asks the engine's own registry what it claims. No weights and no tokenizer of a
model are needed: ids stand for words and for a format's special tokens. Stop tokens at the end of an output are taken off, as servers do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from importlib.metadata import version
from typing import Any

from toolparse.events import Reasoning
from toolparse.formats import UnknownFormat, formats, get_format
from toolparse.message import MessageBuilder
from toolparse.parser import Parser
from toolparse.plugins.names import PREFIX, reasoning_parsers
from toolparse.testing.conformance import Answer, Case, Reader


def ours() -> Reader:
    """toolparse itself. Calls that it says are not complete are left out of the answer, and told."""

    def stream(pieces: Sequence[str], case: Case) -> Answer:
        from toolparse.templates.response_template import from_response_template

        fmt = from_response_template(case["response_template"]) if "response_template" in case else case["format"]
        parser = Parser(fmt, tools=case["tools"] or None, prompt=case["prefill"], tool_choice=case.get("tool_choice", "auto"))
        builder = MessageBuilder()
        for event in (event for piece in pieces for event in parser.feed(piece)):
            builder.add(event)
        for event in parser.finish():
            builder.add(event)
        message = builder.message
        cut = any("arguments" not in call for call in case["expect"]["tool_calls"])
        calls = [(call.name, call.arguments) for call in message.tool_calls if call.complete or cut]
        told = any(problem.severity == "error" for problem in message.problems) or len(calls) < len(message.tool_calls)
        return Answer(message.content, message.reasoning, calls, told)

    claimed = {fmt.name: True for fmt in formats()} | {"response_template": True}
    return Reader("toolparse", version("toolparse"), claimed, lambda text, case: stream([text], case), stream)


def vllm() -> Reader:
    """vLLM's parsers as its server composes them: a tool parser, and the reasoning parser of the same format where there is one."""
    from vllm.entrypoints.openai.chat_completion.protocol import ChatCompletionRequest
    from vllm.entrypoints.openai.chat_completion.stream_processor import ChatStreamProcessor
    from vllm.parser import ParserManager
    from vllm.reasoning import ReasoningParserManager
    from vllm.tool_parsers import ToolParserManager

    tools = _by_format(ToolParserManager.list_registered(), _of_tools)
    thinking = _by_format(ReasoningParserManager.list_registered(), _of_reasoning)

    @cache
    def composed(fmt: str) -> Any:
        return ParserManager.get_parser(
            tool_parser_name=tools[fmt], reasoning_parser_name=thinking.get(fmt), enable_auto_tools=True, is_harmony=fmt == "harmony"
        )

    def made(case: Case) -> tuple[Any, Any, Any, list[int]]:
        given = {"tools": case["tools"], "tool_choice": case.get("tool_choice", "auto")} if case["tools"] else {}
        request = ChatCompletionRequest(model="m", messages=[{"role": "user", "content": "?"}], **given)
        tokenizer = Words(case["format"])
        prompt = tokenizer.encode(_prompt(case))
        return request, composed(case["format"])(tokenizer, request.tools), tokenizer, prompt

    def whole(text: str, case: Case) -> Answer:
        request, parser, tokenizer, prompt = made(case)
        parser.set_prompt_token_ids(prompt)
        text = served(text, case)
        ids = tokenizer.encode(text)
        reasoning, content, calls = parser.parse(text, request, enable_auto_tools=True, model_output_token_ids=ids)
        return Answer(content, reasoning, [(call.name, call.arguments) for call in calls or ()])

    def stream(pieces: Sequence[str], case: Case) -> Answer:
        request, parser, tokenizer, prompt = made(case)
        processor = ChatStreamProcessor(request, parser, enable_auto_tools=True, parser_cls=composed(case["format"]))
        sent = _Sent()
        pieces = tokenizer.pattern.findall(served("".join(pieces), case)) or [""]
        for at, piece in enumerate(pieces):
            delta = processor.step(piece, tokenizer.encode(piece), "stop" if at == len(pieces) - 1 else None, prompt).delta
            if delta is not None:
                calls = [(call.index, call.function.name, call.function.arguments) for call in delta.tool_calls]
                sent.add(delta.content, delta.reasoning, calls)
        return sent.answer()

    return Reader("vLLM", version("vllm"), {fmt: fmt in thinking for fmt in tools}, whole, stream)


def sglang() -> Reader:
    """SGLang's detectors: reasoning first, where it has a detector for the format, and tool calls in what is left."""
    from sglang.srt.entrypoints.openai.protocol import Tool
    from sglang.srt.function_call.function_call_parser import FunctionCallParser
    from sglang.srt.parser.reasoning_parser import ReasoningParser

    tools = _by_format(FunctionCallParser.ToolCallParserEnum, _of_tools)
    thinking = _by_format(ReasoningParser.DetectorMap, _of_reasoning)

    def made(case: Case) -> tuple[Any, Any]:
        fmt = case["format"]
        given = [Tool.model_validate(tool) for tool in case["tools"] or ()]
        # Its server tells from the template whether the prompt opens reasoning; here the prefill says so.
        opened = True if _opens(case) else None
        tokenizer = Words(fmt)
        reasoning = ReasoningParser(thinking[fmt], force_reasoning=opened, tokenizer=tokenizer) if fmt in thinking else None
        return reasoning, FunctionCallParser(given, tools[fmt], tokenizer=tokenizer)

    def whole(text: str, case: Case) -> Answer:
        thoughts, parser = made(case)
        reasoning, rest = thoughts.parse_non_stream(served(text, case)) if thoughts else (None, served(text, case))
        content, calls = parser.parse_non_stream(rest) if rest else (rest, [])
        return Answer(content, reasoning, [(call.name, call.parameters) for call in calls])

    def stream(pieces: Sequence[str], case: Case) -> Answer:
        thoughts, parser = made(case)
        sent = _Sent()

        def add(reasoning: str | None, found: tuple[str | None, list[Any]]) -> None:
            sent.add(found[0], reasoning, [(call.tool_index, call.name, call.parameters) for call in found[1]])

        for piece in Words(case["format"]).pattern.findall(served("".join(pieces), case)):
            reasoning, rest = thoughts.parse_stream_chunk(piece) if thoughts else (None, piece)
            add(reasoning, parser.parse_stream_chunk(rest) if rest else ("", []))
        if thoughts:
            reasoning, rest = thoughts.parse_stream_end()
            add(reasoning, parser.parse_stream_chunk(rest) if rest else ("", []))
        add(None, parser.parse_stream_end())
        return sent.answer()

    return Reader("SGLang", version("sglang"), {fmt: fmt in thinking for fmt in tools}, whole, stream)


def transformers() -> Reader:
    """transformers' `parse_response`, which reads the response template that a case names. It does not stream."""
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.BPE(vocab={"a": 0}, merges=[])))

    def whole(text: str, case: Case) -> Answer:
        template = case["response_template"]
        found = tokenizer.parse_response(text, template, prefix=case["prefill"] or "", tools=case["tools"] or None)
        calls = [call.get("function", call) for call in found.get("tool_calls") or ()]
        pairs = [(call.get("name"), call.get("arguments", {})) for call in calls]
        texts = [found.get(name) for name in ("content", "reasoning_content", "thinking", "reasoning")]
        written = [(name, given if isinstance(given, str) else json.dumps(given)) for name, given in pairs]
        return Answer(texts[0], next((text for text in texts[1:] if text), None), written)

    return Reader("transformers", version("transformers"), {"response_template": True}, whole)


def openai_harmony() -> Reader:
    """openai-harmony's `StreamableParser`. It needs its vocabulary: a folder that `TIKTOKEN_ENCODINGS_BASE` names, or the network.

    What it raises on a malformed output is how it tells.
    """
    from openai_harmony import HarmonyError, Role, StreamableParser, load_harmony_encoding

    encoding = load_harmony_encoding("HarmonyGptOss")

    def stream(pieces: Sequence[str], case: Case) -> Answer:
        text = "".join(pieces)
        parser = StreamableParser(encoding, Role.ASSISTANT)
        prompt = case["prefill"] or ("" if text.startswith("<|start|>") else None)
        if prompt == "":
            parser = StreamableParser(encoding, None)
        told = False
        try:
            for token in encoding.encode((case["prefill"] or "") + text, allowed_special="all"):
                parser.process(token)
            parser.process_eos()
        except HarmonyError:
            told = True
        parts: dict[str, list[str]] = {"content": [], "reasoning": []}
        calls = []
        for message in parser.messages:
            said = "".join(getattr(part, "text", "") for part in message.content)
            if (message.recipient or "").startswith("functions."):
                calls.append((message.recipient.removeprefix("functions."), said))
            else:
                parts["reasoning" if message.channel == "analysis" else "content"].append(said)
        return Answer("".join(parts["content"]), "".join(parts["reasoning"]), calls, told)

    return Reader("openai-harmony", version("openai-harmony"), {"harmony": True}, lambda text, case: stream([text], case))


READERS: dict[str, Callable[[], Reader]] = {
    "toolparse": ours,
    "vllm": vllm,
    "sglang": sglang,
    "transformers": transformers,
    "openai-harmony": openai_harmony,
}


# -- what they share ----------------------------------------------------------------------------------------------------------------------


class Words:
    """A tokenizer for engines that ask for one: a format's special tokens and words of up to six letters. Texts survive a round trip."""

    def __init__(self, fmt: str) -> None:
        known = get_format(fmt)
        self.special = sorted({*known.special_tokens, *known.stop, *known.turn} - {""}, key=len, reverse=True)
        self.pattern = re.compile("|".join([*map(re.escape, self.special), r"\s*\w{1,6}", r"\s+", r"."]), re.S)
        self.vocab = {token: number for number, token in enumerate(self.special)}
        self.texts = list(self.special)

    def get_vocab(self) -> dict[str, int]:
        return self.vocab

    def convert_tokens_to_ids(self, token: str) -> int | None:
        return self.vocab.get(token)

    def encode(self, text: str, add_special_tokens: bool = False) -> list[int]:
        return [self._id(token) for token in self.pattern.findall(text)]

    def decode(self, ids: int | Iterable[int], skip_special_tokens: bool = False) -> str:
        return "".join(self.texts[number] for number in ([ids] if isinstance(ids, int) else ids))

    def _id(self, token: str) -> int:
        if token not in self.vocab:
            self.vocab[token] = len(self.texts)
            self.texts.append(token)
        return self.vocab[token]


class _Sent:
    """The deltas of a stream, folded together."""

    def __init__(self) -> None:
        self.content = ""
        self.reasoning = ""
        self.calls: dict[int, list[str]] = {}

    def add(self, content: str | None, reasoning: str | None, calls: Iterable[tuple[int, str | None, str | None]]) -> None:
        self.content += content or ""
        self.reasoning += reasoning or ""
        for index, name, arguments in calls:
            call = self.calls.setdefault(index, ["", ""])
            call[0] = call[0] or name or ""
            call[1] += arguments or ""

    def answer(self) -> Answer:
        return Answer(self.content, self.reasoning, [(name, arguments) for name, arguments in self.calls.values()])


def served(text: str, case: Case) -> str:
    """The text without the stop tokens at its end."""
    stops = tuple(stop.strip() for stop in get_format(case["format"]).stop)
    while text.rstrip().endswith(stops):
        text = next(text.rstrip().removesuffix(stop) for stop in stops if text.rstrip().endswith(stop))
    return text


def _prompt(case: Case) -> str:
    """The end of the prompt: the opening of the assistant's turn, and what the template pre-fills."""
    turn = get_format(case["format"]).turn
    return (turn[0] if turn else "") + (case["prefill"] or "")


def _opens(case: Case) -> bool:
    """Whether the prompt leaves the output inside reasoning."""
    if not (case["prefill"] or "").strip():
        return False
    parser = Parser(case["format"], prompt=case["prefill"])
    return any(isinstance(event, Reasoning) for event in [*parser.feed("x"), *parser.finish()])


def _of_tools(name: str) -> str | None:
    try:
        return get_format(name).name
    except UnknownFormat:
        return None


def _of_reasoning(name: str) -> str | None:
    return reasoning_parsers().get(PREFIX + name)


def _by_format(names: Iterable[str], format_of: Callable[[str], str | None]) -> dict[str, str]:
    """For each format the engine's name for its parser: that of the format itself where there are several."""
    table: dict[str, str] = {}
    for name in names:
        fmt = None if name.startswith(PREFIX) else format_of(name)
        if fmt is not None and (fmt not in table or name == fmt):
            table[fmt] = name
    return table
