"""The requests of three APIs as one: OpenAI chat completions, OpenAI Responses, Anthropic Messages.

Whatever the API, the messages become those of OpenAI's chat API, as chat templates expect them: text as one string, the arguments of
calls as objects, results of tools as messages of the role `tool` that name their tool.

What the gateway cannot do is refused in a sentence (`BadRequest`), not passed over: what a model is not given, it cannot heed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal

from toolparse.engine.tool_choice import read_choice
from toolparse.schemas.tools import InvalidTools, Tools

Api = Literal["chat", "responses", "messages"]
MOST_CHOICES = 16
MOST_LOGPROBS = 20
_SAMPLING = (
    "temperature", "top_p", "top_k", "min_p", "typical_p", "seed", "frequency_penalty", "presence_penalty", "repetition_penalty",
    "logit_bias", "ignore_eos", "min_tokens",
)  # fmt: skip
_PASSED_ON = ("response_format", "user", "metadata", "priority", "cache_salt")


class BadRequest(ValueError):
    """The request cannot be carried out as it stands. `param` is the place in it."""

    def __init__(self, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param


@dataclass(slots=True, kw_only=True)
class Request:
    """What a client wants, whichever API it speaks.

    `tools` and `messages` are those of OpenAI's chat API. `tool_choice` is "none" where there are no tools. `logprobs` is the number of
    alternatives for each token, None for no probabilities. `template_options` go to the chat template by name, `passed_on` to an upstream
    that takes messages. `echoed` is what a Responses answer repeats.
    """

    api: Api
    model: str
    messages: list[dict[str, Any]]
    tools: list[dict[str, Any]] = field(default_factory=list)
    tool_choice: str | dict[str, Any] = "auto"
    parallel: bool = True
    stream: bool = False
    counts: bool = True
    n: int = 1
    sampling: dict[str, Any] = field(default_factory=dict)
    logprobs: int | None = None
    template_options: dict[str, Any] = field(default_factory=dict)
    passed_on: dict[str, Any] = field(default_factory=dict)
    echoed: dict[str, Any] = field(default_factory=dict)


def read_request(api: Api, body: object) -> Request:
    """The request in a JSON body. Raises `BadRequest`."""
    if not isinstance(body, dict):
        raise BadRequest("the body must be a JSON object")
    request = _READ[api](body)
    if not request.messages:
        raise BadRequest("at least one message is needed", "input" if api == "responses" else "messages")
    _name_results(request.messages)
    request.stream = _flag(body, "stream", False)
    request.sampling = {name: body[name] for name in _SAMPLING if body.get(name) is not None} | request.sampling
    for name in ("temperature", "top_p", "min_p", "top_k"):
        if not isinstance(request.sampling.get(name, 0), (int, float)):
            raise BadRequest(f"{name} must be a number", name)
    options = body.get("chat_template_kwargs")
    if options is not None:
        request.template_options |= _object(options, "chat_template_kwargs")
    try:
        known = Tools(request.tools)
        choice = read_choice(request.tool_choice)
    except InvalidTools as error:
        raise BadRequest(str(error), "tools") from None
    except ValueError as error:
        raise BadRequest(str(error), "tool_choice") from None
    if choice.mode == "required" and not request.tools:
        raise BadRequest("tool_choice asks for a call, but there are no tools", "tool_choice")
    missing = sorted((choice.allowed or frozenset()).difference(known.names))
    if missing:
        raise BadRequest(f"tool_choice names {missing[0]!r}, which is none of the tools", "tool_choice")
    if choice.mode == "none" or not request.tools:
        request.tool_choice = "none"
    return request


def _chat(body: dict[str, Any]) -> Request:
    request = Request(api="chat", model=_model(body), messages=[_chat_message(given, at) for at, given in _items(body, "messages")])
    request.tools = [_chat_tool(given, at) for at, given in _items(body, "tools")]
    request.tool_choice = body.get("tool_choice") or "auto"
    request.parallel = _flag(body, "parallel_tool_calls", True)
    request.n = _count(body, "n", 1, most=MOST_CHOICES)
    options = _object(body.get("stream_options") or {}, "stream_options")
    request.counts = not body.get("stream") or options.get("include_usage") is True
    if _flag(body, "logprobs", False):
        request.logprobs = _count(body, "top_logprobs", 0, least=0, most=MOST_LOGPROBS)
    for name in ("max_completion_tokens", "max_tokens"):
        if body.get(name) is not None:
            request.sampling["max_tokens"] = _count(body, name, 1)
            break
    _stop(request, body.get("stop"), "stop")
    if (effort := body.get("reasoning_effort")) is not None:
        request.template_options["reasoning_effort"] = effort
    if body.get("functions") is not None:
        raise BadRequest("functions are the old way; send tools", "functions")
    request.passed_on = {name: body[name] for name in _PASSED_ON if body.get(name) is not None}
    return request


def _chat_message(given: object, at: str) -> dict[str, Any]:
    message = _object(given, at)
    role = message.get("role")
    if role not in ("system", "developer", "user", "assistant", "tool"):
        raise BadRequest("the role must be one of system, developer, user, assistant, tool", f"{at}.role")
    read: dict[str, Any] = {"role": role, "content": _content(message.get("content"), f"{at}.content")}
    if isinstance(message.get("name"), str):
        read["name"] = message["name"]
    if role == "tool":
        if not isinstance(message.get("tool_call_id"), str):
            raise BadRequest("a tool's result names the call that it answers", f"{at}.tool_call_id")
        read["tool_call_id"] = message["tool_call_id"]
    if role == "assistant":
        reasoning = message.get("reasoning_content", message.get("reasoning"))
        if isinstance(reasoning, str) and reasoning:
            read["reasoning_content"] = reasoning
        calls = message.get("tool_calls") or []
        if not isinstance(calls, list):
            raise BadRequest("tool_calls must be a list", f"{at}.tool_calls")
        if calls:
            read["tool_calls"] = [_chat_call(call, f"{at}.tool_calls[{index}]") for index, call in enumerate(calls)]
    return read


def _chat_call(given: object, at: str) -> dict[str, Any]:
    call = _object(given, at)
    function = _object(call.get("function"), f"{at}.function")
    return _call(call.get("id"), function.get("name"), function.get("arguments"), at)


def _chat_tool(given: object, at: str) -> dict[str, Any]:
    tool = _object(given, at)
    if tool.get("type", "function") != "function":
        raise BadRequest(f"this gateway offers tools of the type function only, not {tool['type']!r}", f"{at}.type")
    return {"type": "function", "function": _object(tool.get("function"), f"{at}.function")}


def _responses(body: dict[str, Any]) -> Request:
    for name in ("previous_response_id", "conversation", "prompt"):
        if body.get(name) is not None:
            raise BadRequest(f"this gateway keeps nothing between requests: send the whole input instead of {name}", name)
    if body.get("background"):
        raise BadRequest("this gateway keeps nothing between requests, so nothing can run in the background", "background")
    given = body.get("input")
    messages: list[dict[str, Any]] = []
    if isinstance(body.get("instructions"), str):
        messages.append({"role": "system", "content": body["instructions"]})
    if isinstance(given, str):
        messages.append({"role": "user", "content": given})
    else:
        for at, item in _items(body, "input"):
            _responses_item(messages, _object(item, at), at)
    request = Request(api="responses", model=_model(body), messages=messages)
    request.tools = [_responses_tool(tool, at) for at, tool in _items(body, "tools")]
    request.tool_choice = body.get("tool_choice") or "auto"
    request.parallel = _flag(body, "parallel_tool_calls", True)
    if body.get("max_output_tokens") is not None:
        request.sampling["max_tokens"] = _count(body, "max_output_tokens", 1)
    reasoning = _object(body.get("reasoning") or {}, "reasoning")
    if reasoning.get("effort") is not None:
        request.template_options["reasoning_effort"] = reasoning["effort"]
    text = _object(body.get("text") or {}, "text")
    if _object(text.get("format") or {}, "text.format").get("type", "text") != "text":
        raise BadRequest("this gateway gives plain text only", "text.format")
    included = body.get("include")
    if isinstance(included, list) and "message.output_text.logprobs" in included:
        request.logprobs = _count(body, "top_logprobs", 0, least=0, most=MOST_LOGPROBS)
    repeated = (
        "instructions", "max_output_tokens", "metadata", "parallel_tool_calls", "reasoning", "temperature", "tool_choice", "tools", "top_p"
    )  # fmt: skip
    request.echoed = {name: body[name] for name in repeated if body.get(name) is not None}
    return request


def _responses_item(messages: list[dict[str, Any]], item: dict[str, Any], at: str) -> None:
    kind = item.get("type", "message")
    if kind == "message":
        message = _chat_message({"role": item.get("role"), "content": item.get("content")}, at)
        if message["role"] == "assistant":
            _assistant(messages, joins=lambda last: not last["content"] and "tool_calls" not in last)["content"] = message["content"]
        else:
            messages.append(message)
    elif kind == "function_call":
        turn = _assistant(messages)
        turn.setdefault("tool_calls", []).append(_call(item.get("call_id"), item.get("name"), item.get("arguments"), at))
    elif kind == "function_call_output":
        if not isinstance(item.get("call_id"), str):
            raise BadRequest("a tool's result names the call that it answers", f"{at}.call_id")
        content = _content(item.get("output"), f"{at}.output")
        messages.append({"role": "tool", "tool_call_id": item["call_id"], "content": content})
    elif kind == "reasoning":
        parts = item.get("content") or item.get("summary") or []
        texts = (
            [part["text"] for part in parts if isinstance(part, dict) and isinstance(part.get("text"), str)]
            if isinstance(parts, list)
            else []
        )
        if texts:
            turn = _assistant(messages, joins=lambda last: not last["content"] and "tool_calls" not in last)
            turn["reasoning_content"] = "\n".join([*filter(None, [turn.get("reasoning_content")]), *texts])
    else:
        raise BadRequest(f"this gateway cannot read an item of the type {kind!r}", f"{at}.type")


def _assistant(messages: list[dict[str, Any]], joins: Callable[[dict[str, Any]], bool] = lambda last: True) -> dict[str, Any]:
    """The assistant's turn that an item belongs to: the last message, or a new one. The items of a turn come one after the other."""
    if not messages or messages[-1]["role"] != "assistant" or not joins(messages[-1]):
        messages.append({"role": "assistant", "content": ""})
    return messages[-1]


def _responses_tool(given: object, at: str) -> dict[str, Any]:
    tool = _object(given, at)
    if tool.get("type", "function") != "function":
        raise BadRequest(f"this gateway offers tools of the type function only, not {tool['type']!r}", f"{at}.type")
    return _function(tool, "parameters")


def _messages(body: dict[str, Any]) -> Request:
    messages: list[dict[str, Any]] = []
    if (system := body.get("system")) is not None:
        messages.append({"role": "system", "content": _content(system, "system")})
    for at, given in _items(body, "messages"):
        message = _object(given, at)
        role, content = message.get("role"), message.get("content")
        if role not in ("user", "assistant"):
            raise BadRequest("the role must be one of user, assistant", f"{at}.role")
        if isinstance(content, str):
            messages.append({"role": role, "content": content})
        elif not isinstance(content, list):
            raise BadRequest("the content must be a text or a list of blocks", f"{at}.content")
        elif role == "user":
            _user_blocks(messages, content, f"{at}.content")
        else:
            messages.append(_assistant_blocks(content, f"{at}.content"))
    request = Request(api="messages", model=_model(body), messages=messages)
    request.tools = [_messages_tool(tool, at) for at, tool in _items(body, "tools")]
    choice = _object(body.get("tool_choice") or {"type": "auto"}, "tool_choice")
    request.tool_choice = choice
    if choice.get("type") in ("auto", "none", "any"):
        request.tool_choice = {"any": "required"}.get(choice["type"], choice["type"])
    request.parallel = choice.get("disable_parallel_tool_use") is not True
    if body.get("max_tokens") is None:
        raise BadRequest("max_tokens is needed", "max_tokens")
    request.sampling["max_tokens"] = _count(body, "max_tokens", 1)
    _stop(request, body.get("stop_sequences"), "stop_sequences")
    thinking = _object(body.get("thinking") or {}, "thinking").get("type")
    if thinking is not None:
        # Two names for one thing, in the templates of different families.
        request.template_options.update(enable_thinking=thinking != "disabled", thinking=thinking != "disabled")
    return request


def _user_blocks(messages: list[dict[str, Any]], blocks: list[object], at: str) -> None:
    """The results of tools become messages of their own, in front of what the user says."""
    said: list[object] = []
    for index, given in enumerate(blocks):
        block = _object(given, f"{at}[{index}]")
        if block.get("type") != "tool_result":
            said.append(block)
            continue
        if not isinstance(block.get("tool_use_id"), str):
            raise BadRequest("a tool's result names the call that it answers", f"{at}[{index}].tool_use_id")
        content = _content(block.get("content"), f"{at}[{index}].content")
        if block.get("is_error") is True and isinstance(content, str):
            content = f"Error: {content}"
        messages.append({"role": "tool", "tool_call_id": block["tool_use_id"], "content": content})
    if said:
        messages.append({"role": "user", "content": _content(said, at)})


def _assistant_blocks(blocks: list[object], at: str) -> dict[str, Any]:
    said: list[object] = []
    thought: list[str] = []
    calls: list[dict[str, Any]] = []
    for index, given in enumerate(blocks):
        block = _object(given, f"{at}[{index}]")
        kind = block.get("type")
        if kind == "tool_use":
            calls.append(_call(block.get("id"), block.get("name"), block.get("input"), f"{at}[{index}]"))
        elif kind == "thinking":
            thought.append(str(block.get("thinking", "")))
        elif kind != "redacted_thinking":
            said.append(block)
    message: dict[str, Any] = {"role": "assistant", "content": _content(said, at)}
    if any(thought):
        message["reasoning_content"] = "\n".join(thought)
    if calls:
        message["tool_calls"] = calls
    return message


def _messages_tool(given: object, at: str) -> dict[str, Any]:
    tool = _object(given, at)
    if tool.get("type") not in (None, "custom"):
        raise BadRequest(f"this gateway offers tools of one's own only, not {tool['type']!r}", f"{at}.type")
    return _function(tool, "input_schema")


def _function(tool: dict[str, Any], schema: str) -> dict[str, Any]:
    """A tool as OpenAI's chat API has it."""
    function = {name: tool[name] for name in ("name", "description") if tool.get(name) is not None}
    return {"type": "function", "function": {**function, "parameters": tool.get(schema) or {"type": "object", "properties": {}}}}


def _call(id: object, name: object, arguments: object, at: str) -> dict[str, Any]:
    """A call with its arguments as an object: templates write them as their model does."""
    if not (isinstance(id, str) and isinstance(name, str)):
        raise BadRequest("a call has an id and a name", at)
    if isinstance(arguments, str):
        with suppress(ValueError, RecursionError):  # what is no JSON is shown to the model as it wrote it
            arguments = json.loads(arguments) if arguments else {}
    return {"id": id, "type": "function", "function": {"name": name, "arguments": {} if arguments is None else arguments}}


def _content(given: object, at: str) -> str | list[dict[str, Any]]:
    """Text as one string. Parts that are no text stay a list, for upstreams that take messages."""
    if given is None:
        return ""
    if isinstance(given, str):
        return given
    if not isinstance(given, list):
        raise BadRequest("the content must be a text or a list of parts", at)
    parts = []
    for index, item in enumerate(given):
        part = _object(item, f"{at}[{index}]")
        kind = part.get("type")
        if kind in ("text", "input_text", "output_text"):
            if not isinstance(part.get("text"), str):
                raise BadRequest("a part of text has text", f"{at}[{index}].text")
            parts.append({"type": "text", "text": part["text"]})
        elif kind == "image_url":
            parts.append(part)
        elif kind == "input_image" and isinstance(part.get("image_url"), str):
            parts.append({"type": "image_url", "image_url": {"url": part["image_url"]}})
        elif kind == "image":
            parts.append({"type": "image_url", "image_url": {"url": _image(part, f"{at}[{index}]")}})
        elif kind == "refusal":
            parts.append({"type": "text", "text": str(part.get("refusal", ""))})
        else:
            raise BadRequest(f"this gateway cannot read a part of the type {kind!r}", f"{at}[{index}].type")
    if all(part["type"] == "text" for part in parts):
        return "\n".join(part["text"] for part in parts)
    return parts


def _image(part: dict[str, Any], at: str) -> str:
    source = _object(part.get("source"), f"{at}.source")
    return str(source.get("url")) if source.get("type") == "url" else f"data:{source.get('media_type')};base64,{source.get('data')}"


def _name_results(messages: Iterable[dict[str, Any]]) -> None:
    """Write the tool's name into its result, which some templates print and no API carries."""
    names: dict[str, str] = {}
    for message in messages:
        for call in message.get("tool_calls", ()):
            names[call["id"]] = call["function"]["name"]
        if message["role"] == "tool" and (name := names.get(message["tool_call_id"])) is not None:
            message.setdefault("name", name)


def _model(body: Mapping[str, Any]) -> str:
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise BadRequest("model is needed", "model")
    return model


def _items(body: Mapping[str, Any], name: str) -> list[tuple[str, Any]]:
    given = body.get(name)
    if given is None:
        return []
    if not isinstance(given, list):
        raise BadRequest(f"{name} must be a list", name)
    return [(f"{name}[{index}]", item) for index, item in enumerate(given)]


def _object(given: object, at: str) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise BadRequest(f"{at} must be an object", at)
    return given


def _flag(body: Mapping[str, Any], name: str, default: bool) -> bool:
    given = body.get(name)
    if not (given is None or isinstance(given, bool)):
        raise BadRequest(f"{name} must be true or false", name)
    return default if given is None else given


def _count(body: Mapping[str, Any], name: str, default: int, least: int = 1, most: int | None = None) -> int:
    given = body.get(name)
    if given is None:
        return default
    if type(given) is not int or given < least or (most is not None and given > most):
        raise BadRequest(f"{name} must be a whole number of at least {least}" + (f" and at most {most}" if most is not None else ""), name)
    return given


def _stop(request: Request, given: object, name: str) -> None:
    if given is None:
        return
    stops = [given] if isinstance(given, str) else given
    if not (isinstance(stops, list) and all(isinstance(stop, str) and stop for stop in stops)):
        raise BadRequest(f"{name} must be a text or a list of texts", name)
    if stops:
        request.sampling["stop"] = stops


_READ: dict[Api, Callable[[dict[str, Any]], Request]] = {"chat": _chat, "responses": _responses, "messages": _messages}
