"""Readers of other projects for `conform`: the parsers of vLLM, detectors of SGLang, transformers' `parse_response`, openai-harmony.

Each function imports its engine when it is called and asks the engine's own registry what it claims. No weights and no tokenizer of a
model are needed: ids stand for words and for a format's special tokens. Stop tokens at the end of an output are taken off, as servers
do. Where an engine has several names for a format's parsers, or reads with and without reasoning, a case is read with the setting that
suits it best.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from typing import Any, NamedTuple

from toolparse.events import Reasoning
from toolparse.formats import UnknownFormat, formats, get_format
from toolparse.message import MessageBuilder
from toolparse.parser import Parser
from toolparse.plugins.names import PREFIX, reasoning_parsers
from toolparse.testing.conformance import VERDICTS, Answer, Case, NotRun, Reader, judge, reasons
from toolparse.testing.promises import suffixed


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
    from vllm.entrypoints.openai.chat_completion.stream_processor import ChatStreamProcessor
    from vllm.reasoning import ReasoningParserManager
    from vllm.tool_parsers import ToolParserManager

    tools = _by_format(ToolParserManager.list_registered(), _of_tools)
    thinking = _by_format(ReasoningParserManager.list_registered(), _of_reasoning)

    def whole(text: str, case: Case) -> Answer:
        tokenizer = _tokenizer(case)

        def read(setting: Setting) -> Answer:
            request, _, parser = _of_vllm(setting, case, tokenizer)
            parser.set_prompt_token_ids(tokenizer.encode(_prompt(case)))
            ids = tokenizer.encode(served(text, case))
            reasoning, content, calls = parser.parse(served(text, case), request, enable_auto_tools=True, model_output_token_ids=ids)
            return Answer(content, reasoning, [(call.name, call.arguments) for call in calls or ()])

        return _best(case, tools, thinking, read)

    def stream(pieces: Sequence[str], case: Case) -> Answer:
        tokenizer = _tokenizer(case)
        ids = tokenizer.encode(served("".join(pieces), case))

        def read(setting: Setting) -> Answer:
            request, kind, parser = _of_vllm(setting, case, tokenizer)
            processor = ChatStreamProcessor(request, parser, enable_auto_tools=True, parser_cls=kind)
            prompt = tokenizer.encode(_prompt(case))
            sent = _Sent()
            for at, token in enumerate(ids):
                delta = processor.step(tokenizer.decode(token), [token], "stop" if at == len(ids) - 1 else None, prompt).delta
                if delta is not None:
                    calls = [(call.index, call.function.name, call.function.arguments) for call in delta.tool_calls]
                    sent.add(delta.content, delta.reasoning, calls)
            return sent.answer()

        return _best(case, tools, thinking, read)

    return Reader("vLLM", version("vllm"), {fmt: fmt in thinking for fmt in tools}, whole, stream)


def _of_vllm(setting: Setting, case: Case, tokenizer: Words | HarmonyTokens) -> tuple[Any, Any, Any]:
    """A request to vLLM, the class of its composed parser, and a parser."""
    from vllm.entrypoints.openai.chat_completion.protocol import ChatCompletionRequest

    given = {"tools": case["tools"], "tool_choice": case.get("tool_choice", "auto")} if case["tools"] else {}
    think = _template_options(setting, case)
    with _making(case):
        request = ChatCompletionRequest(model="m", messages=[{"role": "user", "content": "?"}], chat_template_kwargs=think, **given)
        kind = _vllm_class(setting.tools, setting.reasoning, case["format"] == "harmony")
        return request, kind, kind(tokenizer, request.tools, chat_template_kwargs=think)


@cache
def _vllm_class(tool_parser: str, reasoning_parser: str | None, harmony: bool) -> Any:
    from vllm.parser import ParserManager

    return ParserManager.get_parser(
        tool_parser_name=tool_parser, reasoning_parser_name=reasoning_parser, enable_auto_tools=True, is_harmony=harmony
    )


def sglang() -> Reader:
    """SGLang's detectors: reasoning first, where it has a detector for the format, and tool calls in what is left."""
    from sglang.srt.function_call.function_call_parser import FunctionCallParser
    from sglang.srt.parser.reasoning_parser import ReasoningParser

    tools = _by_format(FunctionCallParser.ToolCallParserEnum, _of_tools)
    thinking = _by_format(ReasoningParser.DetectorMap, _of_reasoning)

    def whole(text: str, case: Case) -> Answer:
        def read(setting: Setting) -> Answer:
            thoughts, parser = _of_sglang(setting, case)
            reasoning, rest = thoughts.parse_non_stream(_detokenized(text, case)) if thoughts else (None, _detokenized(text, case))
            content, calls = parser.parse_non_stream(rest) if rest else (rest, [])
            return Answer(content, reasoning, [(call.name, call.parameters) for call in calls])

        return _best(case, tools, thinking, read)

    def stream(pieces: Sequence[str], case: Case) -> Answer:
        pieces = Words(case).pattern.findall(_detokenized("".join(pieces), case))

        def read(setting: Setting) -> Answer:
            thoughts, parser = _of_sglang(setting, case)
            sent = _Sent()

            def add(reasoning: str | None, found: tuple[str | None, list[Any]]) -> None:
                sent.add(found[0], reasoning, [(call.tool_index, call.name, call.parameters) for call in found[1]])

            for piece in pieces:
                reasoning, rest = thoughts.parse_stream_chunk(piece) if thoughts else (None, piece)
                add(reasoning, parser.parse_stream_chunk(rest) if rest else ("", []))
            if thoughts:
                reasoning, rest = thoughts.parse_stream_end()
                add(reasoning, parser.parse_stream_chunk(rest) if rest else ("", []))
            add(None, parser.parse_stream_end())
            return sent.answer()

        return _best(case, tools, thinking, read)

    return Reader("SGLang", version("sglang"), {fmt: fmt in thinking for fmt in tools}, whole, stream)


def _of_sglang(setting: Setting, case: Case) -> tuple[Any, Any]:
    """SGLang's reasoning parser, if the setting has one, and its parser of tool calls."""
    from sglang.srt.entrypoints.openai.protocol import ChatCompletionRequest, Tool
    from sglang.srt.function_call.function_call_parser import FunctionCallParser
    from sglang.srt.parser.reasoning_parser import ReasoningParser

    tokenizer = Words(case)
    with _making(case):
        given = [Tool.model_validate(tool) for tool in case["tools"] or ()]
        # Its server tells from the template whether the prompt opens reasoning; here the prefill says so.
        always = case["format"] == "k2_horizon"  # its detector refuses to be told that nothing is opened
        opened = True if _opens(case) else None if setting.thinking or always else False
        reasoning = None
        if setting.reasoning:
            think = _template_options(setting, case)
            request = ChatCompletionRequest(model="m", messages=[{"role": "user", "content": "?"}], chat_template_kwargs=think)
            reasoning = ReasoningParser(setting.reasoning, force_reasoning=opened, tokenizer=tokenizer, request=request)
        return reasoning, FunctionCallParser(given, setting.tools, tokenizer=tokenizer)


def _detokenized(text: str, case: Case) -> str:
    """SGLang's detokenizer writes a blank between special tokens where a model's tokenizer does so: the detector waits for that."""
    text = served(text, case)
    return text.replace("<|action_start|><|plugin|>", "<|action_start|> <|plugin|>") if case["format"] == "internlm" else text


def transformers() -> Reader:
    """transformers' `parse_response`, which reads the response template that a case names. It does not stream.

    A `ValueError` on a malformed output is how it tells.
    """
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.BPE(vocab={"a": 0}, merges=[])))

    def whole(text: str, case: Case) -> Answer:
        template = case["response_template"]
        try:
            found = tokenizer.parse_response(text, template, prefix=case["prefill"] or "", tools=case["tools"] or None)
        except ValueError:
            return Answer(None, None, [], told=True)
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
    from openai_harmony import HarmonyError, Role, StreamableParser

    encoding = _harmony()

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


class Setting(NamedTuple):
    """What an operator chooses, and a request: the engine's names for its two parsers, and whether the model thinks."""

    tools: str
    reasoning: str | None
    thinking: bool


def _best(case: Case, tools: Mapping[str, list[str]], thinking: Mapping[str, list[str]], read: Callable[[Setting], Answer]) -> Answer:
    """The answer under the setting that suits the case best: with each of the engine's names for the format, thinking, not thinking,
    and without the reasoning parser."""
    fmt = case["format"]
    found: list[tuple[int, int, Answer | Exception]] = []
    not_run: NotRun | None = None
    ways = [*((name, think) for think in (True, False) for name in thinking.get(fmt, ())), (None, False)]
    for name in tools[fmt]:
        for reasoning, think in ways if reasons(case) else reversed(ways):
            try:
                answer = read(Setting(name, reasoning, think))
            except NotRun as why:
                not_run = why
                continue
            except Exception as error:  # the answer, if no setting does better
                found.append((len(VERDICTS), len(found), error))
                continue
            verdict, _ = judge(case, answer)
            if verdict == "right":
                return answer
            found.append((VERDICTS.index(verdict), len(found), answer))
    if not_run is not None:  # a setting that could not be tried might have read it
        raise not_run
    best = min(found, key=lambda one: one[:2])[2]
    if isinstance(best, Exception):
        raise best
    return best


@contextmanager
def _making(case: Case) -> Iterator[None]:
    """What is raised while a parser or a request is made says nothing of how the parser reads."""
    try:
        yield
    except Exception as error:
        line = (str(error).splitlines() or [""])[0]
        what = "its API does not take the request" if type(error).__name__ == "ValidationError" else "its parser cannot be made here"
        raise NotRun(f"{case['format']}: {what} ({type(error).__name__}: {line})") from error


def _template_options(setting: Setting, case: Case) -> dict[str, Any]:
    """The options of the chat template that its reasoning parsers look at, as the prompt shows them to have been."""
    options: dict[str, Any] = {"thinking": setting.thinking, "enable_thinking": setting.thinking}
    if case["format"] == "minimax_m3" and _opens(case):
        options["thinking_mode"] = "enabled"
    if case["format"] in ("hy_v3", "hy_v4", "k2_horizon") and setting.thinking:
        efforts = {"think_fast>": "medium", "think_faster>": "low"}
        prompt = (case["prefill"] or "").rstrip()
        options["reasoning_effort"] = next((effort for end, effort in efforts.items() if prompt.endswith(end)), "high")
    return options


class Words:
    """A tokenizer for engines that ask for one: a format's special tokens and words of up to six letters. Texts survive a round trip."""

    def __init__(self, case: Case) -> None:
        known = get_format(case["format"])
        special = {*known.special_tokens, *known.stop, *known.turn, *suffixed(known, f"{case['prefill']}{case['text']}")} - {""}
        if re.search(r"\[TOOL_CALLS\]\s*\[", case["text"]):
            special -= {"[ARGS]", "[CALL_ID]"}  # by which vLLM tells Mistral's generations
        self.special = sorted(special, key=len, reverse=True)
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


class HarmonyTokens:
    """openai-harmony's own tokenizer, for engines that read its token ids."""

    def __init__(self) -> None:
        self.encoding = _harmony()

    def get_vocab(self) -> dict[str, int]:
        return {}

    def encode(self, text: str, add_special_tokens: bool = False) -> list[int]:
        ids: list[int] = self.encoding.encode(text, allowed_special="all")
        return ids

    def decode(self, ids: int | Iterable[int], skip_special_tokens: bool = False) -> str:
        text: str = self.encoding.decode([ids] if isinstance(ids, int) else list(ids))
        return text


@cache
def _harmony() -> Any:
    from openai_harmony import load_harmony_encoding

    try:
        return load_harmony_encoding("HarmonyGptOss")
    except Exception as error:
        raise NotRun("harmony: the vocabulary is not at hand (a folder with it, in TIKTOKEN_ENCODINGS_BASE)") from error


def _tokenizer(case: Case) -> Words | HarmonyTokens:
    return HarmonyTokens() if case["format"] == "harmony" else Words(case)


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
    """The text without the stop tokens at its end. In channels they say what a message is; engines leave them there."""
    if case["format"] in ("harmony", "beam"):
        return text
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


def _by_format(names: Iterable[str], format_of: Callable[[str], str | None]) -> dict[str, list[str]]:
    """For each format the engine's names for its parsers, that of the format itself first."""
    table: dict[str, list[str]] = {}
    for name in names:
        fmt = None if name.startswith(PREFIX) else format_of(name)
        if fmt is not None:
            table.setdefault(fmt, []).append(name)
    return {fmt: sorted(found, key=lambda name: name != fmt) for fmt, found in table.items()}
