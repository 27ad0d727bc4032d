"""What an output comes to: a `Message` with its tool calls, and the builder that folds events into one.

Knows the events and nothing of formats or of parsing. Validation is offered here, but lives in `validate.py`, which is loaded on
first use.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Union

from toolparse.events import Attempt, AttemptStatus, CallArguments, CallEnd, CallStart, Content, Event, Problem, Reasoning, Span
from toolparse.jsontext.partial import PartialReader, read_json

if TYPE_CHECKING:
    from anthropic.types import MessageParam
    from openai.types.chat import ChatCompletionAssistantMessageParam
    from openai.types.responses import ResponseInputItemParam

    from toolparse.schemas.validate import Violation

FinishReason = Literal["tool_calls", "stop", "length"]


@dataclass(slots=True)
class TextPart:
    """A run of content between calls and reasoning. `span` is where it stands in the output, from its first character to its last."""

    text: str
    span: tuple[int, int] | None = field(default=None, repr=False, compare=False)


@dataclass(slots=True)
class ReasoningPart:
    """One block of reasoning, without the newline that joins it to the one before. `span` is where it stands, its markers included."""

    text: str
    span: tuple[int, int] | None = field(default=None, repr=False, compare=False)


@dataclass(slots=True, kw_only=True)
class ToolCall:
    """A call of a tool.

    `arguments` is JSON text: the whole of it when `complete`, otherwise as much as was certain when the output was cut. `index`
    counts the calls of the output from 0; `start` and `end` are character offsets into the output, 0 in a call made by hand. `span` is
    where it stands with all its markers, `name_span` and `arguments_span` where these do; None where that is not known, or not written.

    >>> ToolCall(name="get_weather", arguments='{"city": "Oslo"}').value()
    {'city': 'Oslo'}
    """

    index: int = 0
    id: str = ""
    name: str
    arguments: str = "{}"
    complete: bool = True
    start: int = 0
    end: int = 0
    span: tuple[int, int] | None = field(default=None, repr=False, compare=False)
    name_span: tuple[int, int] | None = field(default=None, repr=False, compare=False)
    arguments_span: tuple[int, int] | None = field(default=None, repr=False, compare=False)

    def value(self) -> Any:
        """The arguments as Python objects, a dict in all but faulty output; of arguments that break off, what is there.

        Never raises. An integer of more than 4300 digits is a `decimal.Decimal`, a number beyond a float's range a string.
        """
        return read_json(self.arguments)

    def validate(self, tools: Any) -> list[Violation]:
        """What is wrong with this call by the JSON Schema of its tool: an empty list when nothing is.

        `tools` is a `Tools`, one tool or a list of tools, in any form that `Tools` takes. Never raises on what the model wrote.
        """
        from toolparse.schemas.validate import validate_call

        return validate_call(self, tools)

    def bind(self, tool: Any) -> Any:
        """The arguments as `tool` takes them: an instance of a pydantic model class, `inspect.BoundArguments` for a function.

        Values are validated and converted by pydantic. Raises `pydantic.ValidationError` when they do not fit, `TypeError` when
        `tool` is neither.
        """
        from toolparse.schemas.validate import bind_call

        return bind_call(self, tool)

    def to_openai(self) -> dict[str, Any]:
        """The call as the OpenAI chat API writes it."""
        return {"id": self.id, "type": "function", "function": {"name": self.name, "arguments": self.arguments}}


Part = Union[TextPart, ReasoningPart, ToolCall]


@dataclass(slots=True)
class Message:
    """An assistant's turn.

    `content` and `reasoning` are None when empty. `parts` holds text, reasoning and calls in output order. A message made by hand
    takes either `parts`, from which the other three follow, or those three, which give `parts` in the order reasoning, content,
    calls. `truncated` says that the output was cut off, as by a token limit.

    >>> Message(content="Let me look.", tool_calls=[ToolCall(name="clock")]).finish_reason
    'tool_calls'
    """

    content: str | None = None
    reasoning: str | None = None
    tool_calls: list[ToolCall] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    truncated: bool = False
    output: str | None = field(default=None, repr=False, compare=False)
    """The text that the message was read from, where it is known (`parse`): the raw text of attempts comes from it."""
    spans: list[Span] = field(default_factory=list, repr=False, compare=False)
    """What each stretch of the output was read as, in its order, where that is known (`parse(spans=True)`, `Parser.locate`)."""

    def __post_init__(self) -> None:
        if self.parts:
            texts: list[str] = []
            blocks: list[str] = []
            self.tool_calls = calls = []
            for part in self.parts:
                if isinstance(part, ToolCall):
                    calls.append(part)
                else:
                    (texts if isinstance(part, TextPart) else blocks).append(part.text)
            self.content = "".join(texts) or None
            self.reasoning = "\n".join(blocks) or None
        else:
            if self.reasoning:
                self.parts.append(ReasoningPart(self.reasoning))
            if self.content:
                self.parts.append(TextPart(self.content))
            self.parts.extend(self.tool_calls)

    @property
    def finish_reason(self) -> FinishReason:
        """Why the output ended, in the words of the OpenAI API: "length" when it was cut, also when only a call shows that."""
        if self.truncated or not all(call.complete for call in self.tool_calls):
            return "length"
        return "tool_calls" if self.tool_calls else "stop"

    @property
    def attempts(self) -> list[Attempt]:
        """Every attempt at a call, good or bad, in output order; `text` is empty where the output is not known.

        >>> Message(tool_calls=[ToolCall(name="clock")]).attempts[0].status
        'ok'
        """
        found = [self._attempt(call) for call in self.tool_calls]
        found += [problem.attempt for problem in self.problems if problem.attempt is not None]
        return sorted(found, key=lambda attempt: attempt.start)

    def _attempt(self, call: ToolCall) -> Attempt:
        problems = [problem for problem in self.problems if problem.index == call.index]
        status: AttemptStatus = "ok"
        if not call.complete:
            status = "unreadable" if any(problem.severity == "error" for problem in problems) else "cut"
        elif any(problem.kind == "unknown_tool" for problem in problems):
            status = "unknown_tool"
        elif any(problem.severity == "error" for problem in problems):
            status = "unreadable"
        elif problems:
            status = "repaired"
        text = self.output[call.start : call.end] if self.output is not None else ""
        return Attempt(status, call.name, text, call.start, call.end)

    def validate(self, tools: Any) -> list[Violation]:
        """What is wrong with the calls, in their order; see `ToolCall.validate`. A violation's `index` tells the call."""
        from toolparse.schemas.validate import validate_message

        return validate_message(self, tools)

    def to_openai(self, incomplete: bool = False) -> ChatCompletionAssistantMessageParam:
        """The message as the OpenAI chat API writes it, with `reasoning_content` beside it when there is reasoning.

        A call that was cut is left out, unless `incomplete` asks for it: its arguments are not whole JSON. The order of text and
        calls is not told. The type is that of the openai package, the value a plain dict.
        """
        from toolparse.adapters.whole_messages import to_openai

        return to_openai(self, incomplete)  # type: ignore[return-value]

    def to_responses(self, incomplete: bool = False) -> list[ResponseInputItemParam]:
        """The message as input items of the OpenAI Responses API, one for each part, in their order.

        >>> Message(content="Hm.", tool_calls=[ToolCall(id="c1", name="clock")]).to_responses()[1]
        {'type': 'function_call', 'call_id': 'c1', 'name': 'clock', 'arguments': '{}'}
        """
        from toolparse.adapters.whole_messages import to_responses

        return to_responses(self, incomplete)  # type: ignore[return-value]

    def to_anthropic(self, incomplete: bool = False) -> MessageParam:
        """The message as Anthropic's Messages API writes it, a block for each part; thinking has no signature.

        >>> Message(tool_calls=[ToolCall(id="c1", name="clock")]).to_anthropic()["content"]
        [{'type': 'tool_use', 'id': 'c1', 'name': 'clock', 'input': {}}]
        """
        from toolparse.adapters.whole_messages import to_anthropic

        return to_anthropic(self, incomplete)  # type: ignore[return-value]

    @classmethod
    def from_openai(cls, message: object) -> Message:
        """The message that an assistant message of the OpenAI chat API is, a dict or the client's object. Other texts than assistant
        messages' and content that is no text are left out.

        >>> Message.from_openai({"role": "assistant", "content": "Hi."}).content
        'Hi.'

        Raises `TypeError` for what is no message and `ValueError` for a call without a name; so do the other two.
        """
        from toolparse.adapters.whole_messages import from_openai

        return from_openai(message)

    @classmethod
    def from_responses(cls, items: object) -> Message:
        """The message that the items of a turn of the Responses API are: a response, its `output`, or such a list of dicts."""
        from toolparse.adapters.whole_messages import from_responses

        return from_responses(items)

    @classmethod
    def from_anthropic(cls, message: object) -> Message:
        """The message that an assistant message of Anthropic's Messages API is, a dict or the client's object."""
        from toolparse.adapters.whole_messages import from_anthropic

        return from_anthropic(message)


class MessageBuilder:
    """Folds events into a `Message`.

    No event says that the output was cut off where no call was open: set `truncated` when it was.

    >>> builder = MessageBuilder()
    >>> builder.add(Content("It is "))
    >>> builder.add(Content("noon."))
    >>> builder.message.content
    'It is noon.'
    """

    __slots__ = ("_calls", "_parts", "_problems", "_reasoned", "truncated")

    def __init__(self) -> None:
        self.truncated = False
        self._parts: list[_Text | _Call] = []
        self._calls: dict[int, _Call] = {}
        self._problems: list[Problem] = []
        self._reasoned = False

    def __copy__(self) -> MessageBuilder:
        """A builder that goes on independently from here."""
        return deepcopy(self)

    def add(self, event: Event) -> None:
        """Take the next event."""
        if isinstance(event, CallArguments):
            self._calls[event.index].fragments.append(event.text)
        elif isinstance(event, Content):
            self._run(TextPart).append(event.text)
        elif isinstance(event, Reasoning):
            self._reason(event.text)
        elif isinstance(event, CallStart):
            call = self._calls[event.index] = _Call(event)
            self._parts.append(call)
        elif isinstance(event, CallEnd):
            call = self._calls[event.index]
            call.complete, call.end = event.complete, event.end
        elif isinstance(event, Problem):
            self._problems.append(event)
        else:
            raise TypeError(f"one event is added at a time, not {type(event).__name__}; `feed` gives a list of them")

    @property
    def message(self) -> Message:
        """The message so far, made afresh each time. A call that has not ended is in it as though the output were cut here."""
        return Message(
            parts=[part.finished() for part in self._parts],
            problems=self._problems.copy(),
            truncated=self.truncated,
        )

    def partial(self, index: int) -> Any:
        """The arguments of a call so far as Python objects, for a user interface that shows them as they come; `{}` at first.

        An open string is in them as far as it goes; keys, numbers and literals are once they are whole. The objects grow as text
        arrives: copy what shall stay as it is. However often this is asked, the work is linear in the text; never asked, it costs
        nothing. Raises IndexError when no call of that index has started.
        """
        call = self._calls.get(index)
        if call is None:
            raise IndexError(f"no call {index} has started; {len(self._calls)} have")
        return call.partial()

    def _run(self, kind: type[TextPart | ReasoningPart]) -> list[str]:
        last = self._parts[-1] if self._parts else None
        if not isinstance(last, _Text) or last.kind is not kind:
            last = _Text(kind)
            self._parts.append(last)
        return last.fragments

    def _reason(self, text: str) -> None:
        run = self._run(ReasoningPart)
        if not run and self._reasoned:
            text = text.removeprefix("\n")  # the newline between two blocks: it belongs to neither
        run.append(text)
        self._reasoned = True


class _Text:
    """Content or reasoning that may still grow."""

    __slots__ = ("fragments", "kind")

    def __init__(self, kind: type[TextPart | ReasoningPart]) -> None:
        self.kind = kind
        self.fragments: list[str] = []

    def finished(self) -> TextPart | ReasoningPart:
        return self.kind("".join(self.fragments))


class _Call:
    """A call that may still grow."""

    __slots__ = ("complete", "end", "fragments", "read", "reader", "started")

    def __init__(self, started: CallStart) -> None:
        self.started = started
        self.fragments: list[str] = []
        self.complete = False
        self.end = started.start
        self.reader: PartialReader | None = None
        self.read = 0  # fragments that the reader has

    def finished(self) -> ToolCall:
        return ToolCall(
            index=self.started.index,
            id=self.started.id,
            name=self.started.name,
            arguments="".join(self.fragments),
            complete=self.complete,
            start=self.started.start,
            end=self.end,
        )

    def partial(self) -> Any:
        if self.reader is None:
            self.reader = PartialReader()
        if self.read < len(self.fragments):
            self.reader.feed("".join(self.fragments[self.read :]))
            self.read = len(self.fragments)
        return self.reader.value


def folded(events: Iterable[Event], truncated: bool = False) -> Message:
    """The message that all events of an output come to."""
    builder = MessageBuilder()
    builder.truncated = truncated
    for event in events:
        builder.add(event)
    return builder.message
