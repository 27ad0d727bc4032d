"""vLLM's tool parser, reasoning parser and one-pass parser, over `toolparse.Parser`.

A class per format and kind is made when vLLM's managers ask for it: they look up `tool:hermes` or `reasoning:hermes` in this module.
Where vLLM has a structural tag for the format, that constrains calls, unless `constraints` says otherwise; else ours does.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import accumulate
from typing import Any

from toolparse.events import CallArguments, CallStart, Content, Event, Reasoning
from toolparse.formats import get_format
from toolparse.grammar import Format
from toolparse.message import ToolCall, folded
from toolparse.parser import Parser, with_reasoning
from toolparse.plugins import constraints
from toolparse.plugins.detector import calls_only
from toolparse.plugins.readable_calls import ReadableCalls, content_of, readable
from toolparse.plugins.reasoning_split import ReasoningSplit
from toolparse.plugins.reports import missing, report, unasked
from toolparse.plugins.token_runs import TokenRuns
from toolparse.plugins.vllm import first_of
from toolparse.plugins.whole_outputs import decoded
from toolparse.wire.spellings import spellings

_PLACES = ("vllm.tool_parsers.abstract_tool_parser", "vllm.entrypoints.openai.tool_parsers")  # the second before vLLM 0.13
_FIELDS = {"content", "reasoning", "tool_calls"}
_TYPES = ("DeltaMessage", "DeltaToolCall", "DeltaFunctionCall", "ExtractedToolCallInformation", "FunctionCall", "ToolCall")

try:
    ToolParser = first_of(*((place, "ToolParser") for place in _PLACES))
    ReasoningParser = first_of(("vllm.reasoning", "ReasoningParser"))
    _manager = first_of(*((place, "ToolParserManager") for place in _PLACES))
    # The module of vLLM's deltas has moved from version to version.
    _protocol: Any = sys.modules[sys.modules[ToolParser.__module__].ExtractedToolCallInformation.__module__]
    for _type in _TYPES:
        getattr(_protocol, _type)
    if not set(getattr(_protocol.DeltaMessage, "model_fields", _FIELDS)) >= _FIELDS:
        raise AttributeError(f"DeltaMessage has not all of {', '.join(sorted(_FIELDS))}")
except Exception as error:  # an operator has named one of ours, so the server does not start; vLLM says only that there is none
    missing("toolparse cannot make its parsers in this vLLM, as what they are made from is not as expected", error)
    raise

try:
    DelegatingParser = first_of(("vllm.parser.abstract_parser", "DelegatingParser"))
except (ImportError, AttributeError):  # before vLLM had one; where it has another, a parser that it composed is one anyhow
    DelegatingParser = object


def _from(module: str, name: str, without: str) -> Any:
    """What vLLM has under this name; None if it does not, and then `without` is said."""
    try:
        return first_of((module, name))
    except (ImportError, AttributeError) as error:
        missing(without, error)
        return None


_make_tool_call_id = _from("vllm.renderers.chat_utils", "make_tool_call_id", "toolparse gives calls ids of its own style")
_count_invocation = _from("vllm.parser.metrics", "record_tool_parser_invocation", "toolparse is not in vLLM's counter of tool parsers")
_function_tools = _from("vllm.tool_parsers.utils", "get_function_tools", "toolparse leaves out tools that are no functions")

_StructuralTag = _from("xgrammar", "StructuralTag", "toolparse constrains no calls itself, as xgrammar has no structural tags")
_envs = _from("vllm", "envs", "toolparse does not see vLLM's switch of strict tool calling")

_PHASED = hasattr(ReasoningParser, "has_engine_confirmed_reasoning_end")
"""Whether vLLM asks a reasoning parser whether it has ended, and for what it holds. An older vLLM takes the text behind the reasoning from
a delta's content, and writes arguments that begin the last delta of an output anew, in a spelling of its own."""
MARKER_LENGTH = 256
"""How many characters back a marker that has just been read may begin."""
PROMPT_TOKENS = 1024
"""How many tokens of the prompt's end are looked at for where the output starts."""


def __getattr__(name: str) -> Any:
    if ":" not in name:
        raise AttributeError(name)
    return class_for(name)


@cache
def class_for(name: str) -> type:
    """The parser class for `KIND:FORMAT`, where the kind is "tool" or "reasoning"."""
    kind, _, fmt_name = name.partition(":")
    fmt = get_format(fmt_name)
    ours, base = (ToolparseReasoningParser, ReasoningParser) if kind == "reasoning" else (ToolparseToolParser, ToolParser)
    unasked(_methods(ours), base, "vLLM")
    if kind == "reasoning":
        return type(f"Toolparse_{fmt.name}_reasoning", (ToolparseReasoningParser,), {"toolparse_format": fmt})
    members = {"toolparse_format": fmt, **_of_vllms_own(fmt)}
    if fmt.calls and constraints.ours(members.get("structural_tag_model") is not None):
        members.update(structural_tag_model=OUR_MODEL, get_structural_tag=_our_structural_tag)
    made = type(f"Toolparse_{fmt.name}", (ToolparseToolParser,), members)
    made.supports_required_and_named = False  # type: ignore[attr-defined]
    return made


_LOOKED_FOR = ("finish_streaming", "get_streaming_fallback_content")


def _methods(ours: type) -> list[str]:
    """What vLLM is to call, but what it looks for itself."""
    members = ((name, member) for name, member in vars(ours).items() if not name.startswith("_") and name not in _LOOKED_FOR)
    return [name for name, member in members if callable(member) or isinstance(member, property)]


def _of_vllms_own(fmt: Format) -> dict[str, Any]:
    """What vLLM reads off its own parser class of this format: the key of its structural tag, and how strictly it is applied."""
    try:
        known = _manager.lazy_parsers
    except AttributeError as error:
        missing("toolparse has no structural tags in this vLLM, as its table of parsers is not as expected", error)
        return {}
    for name in (fmt.name, *fmt.aliases):
        if name in known:
            try:
                own = _manager.get_tool_parser(name)
            except Exception as error:  # a package of its own that is not installed
                missing(f"toolparse has no structural tag for {name}, as vLLM's own tool parser of that name cannot be loaded", error)
                continue
            return {key: getattr(own, key) for key in ("structural_tag_model", "default_tool_strict_level") if hasattr(own, key)}
    return {}


OUR_MODEL = "toolparse"
"""The key of our structural tags: none of vLLM's own, so vLLM gives the tools that it shows to any model."""


def _our_structural_tag(self: Any, request: Any, **_: Any) -> Any:
    """What a request that calls tools is constrained to: in place of `ToolParser.get_structural_tag`. Reasoning is vLLM's business."""
    if not getattr(_envs, "VLLM_ENFORCE_STRICT_TOOL_CALLING", True):
        return None
    choice, parallel = _choice(request.tool_choice), getattr(request, "parallel_tool_calls", None) is not False
    tag = constraints.structural_tag(self.toolparse_format, _functions(request), choice, parallel, "none", self.vocab)
    return None if tag is None or _StructuralTag is None else _StructuralTag.model_validate(tag)


def _choice(given: Any) -> Any:
    """A request's `tool_choice`, an object of vLLM's or of openai's, as `Parser` takes it.

    One that is about tools of another kind (`web_search_preview`, `mcp`) means no functions: no call is looked for, as in vLLM.
    """
    if given is None or isinstance(given, str):
        return given or "auto"
    named = getattr(given, "function", given)
    if not isinstance(given, dict) and getattr(given, "type", "function") == "function" and getattr(named, "name", None):
        return {"type": "function", "function": {"name": named.name}}
    if not isinstance(given, dict) and not isinstance(getattr(given, "type", None), str):
        return "auto"
    plain = given if isinstance(given, dict) else given.model_dump()
    if plain.get("type") == "custom":
        return {"type": "function", "function": {"name": plain.get("name") or (plain.get("custom") or {}).get("name")}}
    return plain if plain.get("type") in ("function", "allowed_tools") else "none"


def _functions(holder: Any) -> list[Any]:
    """The tools, of a request or a parser, that the model is shown as functions: vLLM flattens namespaces; a custom tool is one, too."""
    tools = list(getattr(holder, "tools", None) or ())
    if _function_tools is not None:
        try:
            return list(_function_tools(tools))
        except Exception as error:
            missing("toolparse leaves out tools that are no functions, as vLLM's get_function_tools is not as expected", error)
    return [tool for tool in tools if getattr(tool, "type", "function") == "function"]


class Reading:
    """One output of a request: text and token ids in, events and vLLM's deltas out."""

    def __init__(
        self,
        fmt: Format,
        request: Any,
        tools: list[Any],
        tokenizer: Any,
        prompt: str | None,
        *,
        keeps_reasoning: bool,
        calls_wanted: bool,
        thinking: bool | None = None,
        new_id: Any = None,
    ) -> None:
        asked = getattr(request, "tool_choice", None)
        choice = _choice(asked)
        if choice == "none" and calls_wanted:
            choice = "auto"
        elif asked is None and not (tools or calls_wanted):  # who says "auto" is given calls, as by vLLM, with or without tools
            choice = "none"
        self.parser = Parser(
            fmt,
            tools=tools or None,
            tool_choice=choice,
            parallel_tool_calls=getattr(request, "parallel_tool_calls", None) is not False,
            prompt=prompt,
            thinking=thinking,
            new_id=None if new_id is None else lambda: "",
        )
        self.calls: list[dict[str, str]] = []  # by name; their arguments have all been streamed, so none are kept
        self._readable = ReadableCalls(self.parser)
        # Where no calls are wanted their markers are text, and special tokens that mark nothing would be dropped.
        self._runs = TokenRuns(fmt, tokenizer.get_vocab() if tokenizer is not None and choice != "none" else {})
        self._keeps_reasoning = keeps_reasoning
        self._new_id = new_id

    def feed(self, text: str, ids: Sequence[int]) -> list[Event]:
        return self._named(self._runs.feed(self._readable, text, ids))

    def whole(self, text: str, ids: Sequence[int]) -> tuple[str | None, str | None, list[ToolCall]]:
        """The reasoning and the content of a whole output, and the calls that a client may carry out."""
        events = self._runs.feed(self.parser, text, ids) + self.parser.finish()
        report(events)
        message = folded(self._named(events))
        return message.reasoning, content_of(message, text), readable(message)

    def finish(self) -> list[Event]:
        events = self._readable.finish()
        report(events)
        return self._named(events)

    def _named(self, events: Iterable[Event]) -> list[Event]:
        """The events with the server's style of ids, and without reasoning where the server wants none."""
        named: list[Event] = []
        for event in events:
            if isinstance(event, Reasoning) and not self._keeps_reasoning:
                event = Content(event.text)
            elif isinstance(event, CallStart):
                event.id = event.id or self._new_id(event.name, event.index)
                self.calls.append({"name": event.name, "arguments": ""})
            named.append(event)
        return named


_MODES = {"enabled": True, "thinking": True, "disabled": False, "chat": False}
"""What templates call `thinking_mode`."""


def _thinking(template_options: Any) -> bool | None:
    """What a request asks of the chat template."""
    options = template_options or {}
    if options.get("reasoning_effort") == "none":
        return False
    asked = options.get("enable_thinking", options.get("thinking", _MODES.get(str(options.get("thinking_mode")))))
    return asked if isinstance(asked, bool) else None


def _never_empty(request: Any) -> bool:
    """Whether a request wants reasoning as content where there is no other, as vLLM's own parsers of some formats do it."""
    return (getattr(request, "chat_template_kwargs", None) or {}).get("force_nonempty_content") is True


def delta_of(events: Iterable[Event]) -> Any:
    """The `DeltaMessage` that these events come to, None if to nothing."""
    texts: dict[str, list[str]] = {}
    calls: dict[int, dict[str, Any]] = {}
    arguments: dict[int, list[str]] = {}
    for event in events:
        match event:
            case Content(text):
                texts.setdefault("content", []).append(text)
            case Reasoning(text):
                texts.setdefault("reasoning", []).append(text)
            case CallStart(index, id, name):
                calls[index] = {"id": id, "type": "function", "index": index, "function": {"name": name}}
            case CallArguments(index, text):
                calls.setdefault(index, {"index": index, "function": {}})
                arguments.setdefault(index, []).append(text)
    for index, parts in arguments.items():
        calls[index]["function"]["arguments"] = "".join(parts)
    fields: dict[str, Any] = {key: "".join(parts) for key, parts in texts.items()}
    if calls:
        items = list(calls.values())
        if not _PHASED and "arguments" in (first := items[0]["function"]):
            items.insert(1, {"index": items[0]["index"], "function": {"arguments": first.pop("arguments")}})
        fields["tool_calls"] = [
            _protocol.DeltaToolCall(**{**item, "function": _protocol.DeltaFunctionCall(**item["function"])}) for item in items
        ]
    return _protocol.DeltaMessage(**fields) if fields else None


class ToolparseToolParser(ToolParser):  # type: ignore[misc,valid-type]
    """Calls only: reasoning has been taken out by whatever reasoning parser the server has, or is plain content."""

    toolparse_format: Format
    engine_based_streaming = True

    def __init__(self, tokenizer: Any, tools: Any = None, *args: Any, **kwargs: Any) -> None:
        try:
            super().__init__(tokenizer, tools)
        except TypeError:  # before vLLM 0.12
            super().__init__(tokenizer)
        self._tokenizer = tokenizer
        self.tools = getattr(self, "tools", tools)
        self._reading: Reading | None = None

    def adjust_request(self, request: Any) -> Any:
        # The base class constrains a forced call to bare JSON only where vLLM is to read it, too. Constrained it must be, unless there is a
        # structural tag, which the base class then leaves alone; it is read here.
        self.supports_required_and_named = True
        try:
            request = super().adjust_request(request)
        finally:
            self.supports_required_and_named = False
        if not getattr(request, "tools", None) or getattr(request, "tool_choice", None) == "none":
            return request  # no call is looked for, and the markers of reasoning are for the reasoning parser to ask for
        return _with_special_tokens(request)

    def extract_tool_calls(self, model_output: str, request: Any) -> Any:
        _, content, wanted = self._read(request).whole(model_output, ())
        calls = [
            _protocol.ToolCall(id=call.id, function=_protocol.FunctionCall(name=call.name, arguments=call.arguments)) for call in wanted
        ]
        return _protocol.ExtractedToolCallInformation(tools_called=bool(calls), tool_calls=calls, content=content)

    def extract_tool_calls_streaming(
        self,
        previous_text: str,
        current_text: str,
        delta_text: str,
        previous_token_ids: Sequence[int],
        current_token_ids: Sequence[int],
        delta_token_ids: Sequence[int],
        request: Any,
    ) -> Any:
        if self._reading is None:
            self._reading = self._read(request)
            self.prev_tool_call_arr = self._reading.calls
            if not _PHASED and decoded(self._tokenizer, delta_token_ids) != delta_text:
                delta_token_ids = ()  # the text behind the reasoning, without the ids of all of it
        return self._delta(self._reading.feed(delta_text, delta_token_ids))

    def get_remaining_unstreamed_args(self) -> str:
        return ""

    def finish_streaming(self) -> Any:
        """What was held back, at the end of the stream."""
        return None if self._reading is None else self._delta(self._reading.finish())

    def _delta(self, events: list[Event]) -> Any:
        assert self._reading is not None
        calls = self._reading.calls
        # What the serving layer reads: all that is known of the arguments has been streamed, so nothing is left to add at the end.
        self.streamed_args_for_tool.extend("" for _ in range(len(calls) - len(self.streamed_args_for_tool)))
        self.current_tool_id = len(calls) - 1
        self.current_tool_name_sent = bool(calls)
        return delta_of(events)

    def _read(self, request: Any) -> Reading:
        # vLLM asks a tool parser only where it wants calls.
        fmt, tools = calls_only(self.toolparse_format), _functions(request) or _functions(self)
        return Reading(fmt, request, tools, self._tokenizer, "", keeps_reasoning=False, calls_wanted=True)


class ToolparseReasoningParser(ReasoningParser):  # type: ignore[misc,valid-type]
    """Reasoning up to its end; what follows goes to the server's tool parser as it was written."""

    toolparse_format: Format
    engine_based_streaming = True

    def __init__(self, tokenizer: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(tokenizer, *args, **kwargs)
        self._tokenizer = tokenizer
        pair = self.toolparse_format.reasoning[0]
        self._openers = tuple(opener.strip() for opener in spellings(pair.open))
        self._closers = tuple(closer.strip() for closer in spellings(pair.close))
        self._answers = tuple(text.strip() for frame in self.toolparse_format.frames for text in spellings(frame.open))
        self._thinking = _thinking(kwargs.get("chat_template_kwargs"))
        self._prompt: str | None = None
        self._split: ReasoningSplit | None = None
        self._rest = ""
        self._delta_ids: Sequence[int] = ()
        self._delta: Any = None

    @property
    def reasoning_start_str(self) -> str | None:
        return self._openers[0] or None

    @property
    def reasoning_end_str(self) -> str | None:
        return self._closers[0] or None

    def adjust_request(self, request: Any) -> Any:
        return _with_special_tokens(request)

    def set_prompt_token_ids(self, prompt_token_ids: Sequence[int]) -> None:
        self._prompt = decoded(self._tokenizer, prompt_token_ids[-PROMPT_TOKENS:]) or None  # an empty one tells nothing

    def is_reasoning_end(self, input_ids: Sequence[int]) -> bool:
        """Whether the last reasoning block of the last assistant's turn in these tokens is closed."""
        if not _PHASED and self._split is not None and input_ids is self._delta_ids:
            return self._split.ended
        text = decoded(self._tokenizer, input_ids[-PROMPT_TOKENS:])
        turn = max((text.rfind(opener.strip()) for opener in self.toolparse_format.turn), default=-1)
        text = text[max(turn, 0) :]
        closed = max(text.rfind(closer) for closer in self._closers if closer)
        opened = max((text.rfind(opener) for opener in self._openers if opener), default=-1)
        ended = closed > opened
        if opened == closed:  # neither: no reasoning is to come where none was asked for, or where the answer has begun
            ended = self._thinking is False or any(frame in text for frame in self._answers)
        if ended and not _PHASED and self._split is not None:  # the prompt is asked about when its first delta has been read
            self._delta_ids = ()
            self._delta.content = (self._delta.content or "") + "".join(self._split.finish())
        return ended

    def is_reasoning_end_streaming(self, input_ids: Sequence[int], delta_ids: Iterable[int]) -> bool:
        new = len(list(delta_ids))
        text = decoded(self._tokenizer, input_ids[-new - max(map(len, self._closers)) :])
        # A closer in front of what opens a turn or reasoning is one of the turn before.
        openers = (*self._openers, *(opener.strip() for opener in self.toolparse_format.turn))
        begin = max((text.rfind(opener) for opener in openers if opener), default=-1)
        return any(text.find(closer, max(begin, 0)) >= 0 for closer in self._closers)

    def extract_content_ids(self, input_ids: list[int]) -> list[int]:
        """The tokens behind the marker that ends reasoning; none where it is not among them."""
        texts = [decoded(self._tokenizer, [token]) for token in input_ids]
        text = "".join(texts)
        behind = max((at + len(closer) for closer in self._closers if closer and (at := text.rfind(closer)) >= 0), default=len(text))
        return [token for token, end in zip(input_ids, accumulate(map(len, texts)), strict=True) if end > behind]

    def count_reasoning_tokens(self, token_ids: Sequence[int]) -> int:
        parser = Parser(self.toolparse_format, prompt=self._prompt, thinking=self._thinking)
        return reasoning_tokens(parser, [decoded(self._tokenizer, [token]) for token in token_ids])

    def extract_reasoning(self, model_output: str, request: Any) -> tuple[str | None, str | None]:
        reasoning, rest = self._new_split().whole(model_output)
        if _never_empty(request) and not rest.strip():
            return None, reasoning or None
        return reasoning or None, rest or None

    def get_streaming_fallback_content(self, text: str, request: Any) -> str | None:
        """The content of a stream that has ended in reasoning."""
        return (self._new_split().whole(text)[0] or None) if _never_empty(request) else None

    def extract_reasoning_streaming(
        self,
        previous_text: str,
        current_text: str,
        delta_text: str,
        previous_token_ids: Sequence[int],
        current_token_ids: Sequence[int],
        delta_token_ids: Sequence[int],
    ) -> Any:
        if self._split is None:
            self._split = self._new_split()
        reasoning, self._rest = self._split.feed(delta_text)
        if not _PHASED:
            self._delta_ids = delta_token_ids
            told = self._held(reasoning)
            if self._delta is None:
                self._delta = told = told or _protocol.DeltaMessage()
            return told
        return self._held(reasoning)

    def has_engine_confirmed_reasoning_end(self) -> bool:
        return self._split is not None and self._split.ended

    def finish_streaming(self) -> Any:
        """What is behind the end of reasoning and has not been passed on; at the end of the stream, what was held back."""
        reasoning, rest = ("", "") if self._split is None else self._split.finish()
        self._rest += rest
        return self._held(reasoning)

    def _held(self, reasoning: str) -> Any:
        rest, self._rest = self._rest, ""
        fields = {key: text for key, text in (("reasoning", reasoning), ("content", rest)) if text}
        return _protocol.DeltaMessage(**fields) if fields else None

    def _new_split(self) -> ReasoningSplit:
        return ReasoningSplit(self.toolparse_format, self._prompt, self._thinking)


def reasoning_tokens(parser: Parser, tokens: Iterable[str]) -> int:
    """How many of these tokens are reasoning, the markers around it and what ends it aside."""
    inside: list[int] = []  # where the tokens begin that were fed inside reasoning
    closers = [text.strip() for pair in parser.format.reasoning for text in spellings(pair.close)]
    tail, fed = "", 0
    for token in tokens:
        was = parser.in_reasoning
        events = parser.feed(token)
        if was:
            inside.append(fed)
        fed += len(token)
        tail = (tail + token)[-MARKER_LENGTH:]
        if was and not parser.in_reasoning:
            begun = [event.start for event in events if isinstance(event, CallStart)]
            closed = [fed - len(tail) + at for at in (tail.rfind(closer) for closer in closers if closer) if at >= 0]
            end = min(begun or closed, default=fed)
            while inside and inside[-1] >= end:
                inside.pop()
    return len(inside)


def _with_special_tokens(request: Any) -> Any:
    request.skip_special_tokens = False
    if hasattr(request, "spaces_between_special_tokens"):
        request.spaces_between_special_tokens = False
    return request


_PARTS = ("_initialize_history_tool_call_cnt", "_stream_state", "_tool_parser", "_reasoning_parser")
"""What `OnePassParser` takes from vLLM's parser."""


class OnePassParser(DelegatingParser):  # type: ignore[misc,valid-type]
    """Reasoning, content and calls from one `toolparse.Parser`. Where vLLM's parser lacks a part it needs, the pair of parsers works."""

    def __init__(self, tokenizer: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(tokenizer, *args, **kwargs)
        self._tokenizer = tokenizer
        lost = [part for part in _PARTS if not hasattr(self, part)]
        if lost:
            missing(f"toolparse reads reasoning and calls one after the other: vLLM's parser has no {', '.join(lost)}")
        self._one_pass = not lost
        self._template_options = kwargs.get("chat_template_kwargs")  # the server's own among them
        self._prompt: str | None = None
        self._reading: Reading | None = None
        self._thought: list[str] = []
        self._answered = False
        if self._one_pass:
            self._format = self._one_format()

    def _one_format(self) -> Format:
        tool: Format | None = getattr(self._tool_parser, "toolparse_format", None)
        reasoning: Format | None = getattr(self._reasoning_parser, "toolparse_format", None)
        if tool is None:
            assert reasoning is not None
            return reasoning
        if reasoning is None:
            return calls_only(tool)
        return tool if reasoning is tool else with_reasoning(tool, reasoning)

    def set_prompt_token_ids(self, prompt_token_ids: Sequence[int]) -> None:
        if hasattr(super(), "set_prompt_token_ids"):
            super().set_prompt_token_ids(prompt_token_ids)
        self._prompt = decoded(self._tokenizer, prompt_token_ids[-PROMPT_TOKENS:]) or None  # an empty one tells nothing

    def parse(self, model_output: str, request: Any, *args: Any, **options: Any) -> tuple[str | None, str | None, list[Any] | None]:
        if not self._one_pass:
            return super().parse(model_output, request, *args, **options)  # type: ignore[no-any-return]
        ids = options.get("model_output_token_ids", args[1] if len(args) > 1 else ())
        reasoning, content, wanted = self._read(request).whole(model_output, ids)
        calls = [_protocol.FunctionCall(id=call.id, name=call.name, arguments=call.arguments) for call in wanted]
        self._count(request, bool(calls), streaming=False)
        if _never_empty(request) and not calls and not (content or "").strip():
            return None, reasoning, None
        return reasoning, content, calls or None

    def parse_delta(
        self,
        delta_text: str,
        delta_token_ids: list[int],
        request: Any,
        prompt_token_ids: list[int] | None = None,
        *args: Any,
        finished: bool = False,
        **options: Any,
    ) -> Any:
        if not self._one_pass:
            return super().parse_delta(delta_text, delta_token_ids, request, prompt_token_ids, *args, finished=finished, **options)
        if self._reading is None:
            if prompt_token_ids is not None:
                self.set_prompt_token_ids(prompt_token_ids)
            self._reading = self._read(request)
            if self._tool_parser is not None:
                self._tool_parser.prev_tool_call_arr = self._reading.calls
        events = self._reading.feed(delta_text, delta_token_ids)
        if finished:
            events += self._reading.finish()
        if _never_empty(request):
            events += self._content_of_reasoning(events, finished)
        if not request.include_reasoning:
            events = [event for event in events if not isinstance(event, Reasoning)]
        told = delta_of(events)
        if not self._reading.parser.in_reasoning:
            self._count(request, bool(told and told.tool_calls), streaming=True)
        return told

    def _content_of_reasoning(self, events: list[Event], finished: bool) -> list[Event]:
        """Reasoning again, as content, at the end of an output that has nothing else."""
        self._thought += [event.text for event in events if isinstance(event, Reasoning)]
        self._answered = self._answered or any(isinstance(event, (Content, CallStart)) for event in events)
        return [Content("".join(self._thought))] if finished and self._thought and not self._answered else []

    def count_reasoning_tokens(self, token_ids: Sequence[int]) -> int:
        if not self._one_pass or self._reasoning_parser is None:
            return int(super().count_reasoning_tokens(token_ids))
        parser = Parser(self._format, prompt=self._prompt, thinking=getattr(self._reasoning_parser, "_thinking", None))
        return reasoning_tokens(parser, [decoded(self._tokenizer, [token]) for token in token_ids])

    def _count(self, request: Any, called: bool, streaming: bool) -> None:
        """Count the invocation as vLLM counts those of its own parsers."""
        if _count_invocation is not None and self._tool_parser is not None and getattr(request, "tool_choice", None) != "none":
            try:
                _count_invocation(is_tool_called=called, is_streaming=streaming, request=request)
            except Exception as error:
                missing("toolparse is not counted, as vLLM's counter of tool parser invocations is not as expected", error)

    def _read(self, request: Any) -> Reading:
        numbered = None
        try:
            self._initialize_history_tool_call_cnt(request)
            state = self._stream_state
            kind, before = state.tool_call_id_type, state.history_tool_call_cnt
        except Exception as error:
            missing("toolparse does not number calls as vLLM does, as the state of its stream is not as expected", error)
            kind, before = None, 0
        if _make_tool_call_id is not None and kind == "kimi_k2":

            def numbered(name: str, index: int) -> Any:
                return _make_tool_call_id(id_type="kimi_k2", func_name=name, idx=before + index)

        return Reading(
            self._format,
            request,
            _functions(request),
            self._tokenizer,
            self._prompt,
            keeps_reasoning=self._reasoning_parser is not None,
            calls_wanted=False,
            thinking=_thinking(self._template_options or getattr(request, "chat_template_kwargs", None)),
            new_id=numbered,
        )


def one_pass_parser(composed: type) -> type:
    """The class that vLLM composed of a pair of parsers, reading in one pass."""
    unasked(_methods(OnePassParser), composed, "vLLM")
    return type("ToolparseParser", (OnePassParser, composed), {})
