"""What clients send, and what becomes of it: requests of the three APIs, chat templates, and the options of the command."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from effort import examples
from hypothesis import given
from hypothesis import strategies as st

from toolparse.cli.inputs import CommandError
from toolparse.cli.serve import serve_options, settings_of
from toolparse.serve.prompts import CannotRender, ChatTemplate, UnusableTemplate, load_template
from toolparse.serve.requests import BadRequest, read_request

ASK = [{"role": "user", "content": "Hi"}]
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}


def chat(**more: Any) -> dict[str, Any]:
    return {"model": "m", "messages": ASK, **more}


@pytest.mark.parametrize(
    ("api", "body", "param"),
    [
        ("chat", [], None),
        ("chat", {"messages": ASK}, "model"),
        ("chat", {"model": "m"}, "messages"),
        ("chat", {"model": "m", "messages": "Hi"}, "messages"),
        ("chat", {"model": "m", "messages": [{"role": "wizard", "content": "Hi"}]}, "messages[0].role"),
        ("chat", {"model": "m", "messages": [{"role": "tool", "content": "Hi"}]}, "messages[0].tool_call_id"),
        ("chat", {"model": "m", "messages": [{"role": "user", "content": [{"type": "input_audio"}]}]}, "messages[0].content[0].type"),
        ("chat", {"model": "m", "messages": [{"role": "assistant", "tool_calls": [{}]}]}, "messages[0].tool_calls[0].function"),
        ("chat", chat(n=0), "n"),
        ("chat", chat(n=1000), "n"),
        ("chat", chat(n=True), "n"),
        ("chat", chat(stream="yes"), "stream"),
        ("chat", chat(stop=[1]), "stop"),
        ("chat", chat(temperature="hot"), "temperature"),
        ("chat", chat(max_tokens=0), "max_tokens"),
        ("chat", chat(logprobs=True, top_logprobs=21), "top_logprobs"),
        ("chat", chat(tools=[{"type": "retrieval"}]), "tools[0].type"),
        ("chat", chat(tools=[TOOL, TOOL]), "tools"),
        ("chat", chat(tools=[TOOL], tool_choice="sometimes"), "tool_choice"),
        ("chat", chat(tool_choice="required"), "tool_choice"),
        ("chat", chat(tools=[TOOL], tool_choice={"type": "function", "function": {"name": "g"}}), "tool_choice"),
        ("messages", {"model": "m", "max_tokens": 9, "messages": ASK, "tool_choice": {"type": "tool", "name": "g"}}, "tool_choice"),
        ("chat", chat(functions=[]), "functions"),
        ("responses", {"model": "m", "input": "Hi", "previous_response_id": "r"}, "previous_response_id"),
        ("responses", {"model": "m", "input": "Hi", "tools": [{"type": "web_search"}]}, "tools[0].type"),
        ("responses", {"model": "m", "input": [{"type": "computer_call"}]}, "input[0].type"),
        ("responses", {"model": "m", "input": []}, "input"),
        ("responses", {"model": "m", "input": "Hi", "text": {"format": {"type": "json_schema"}}}, "text.format"),
        ("messages", {"model": "m", "messages": ASK}, "max_tokens"),
        ("messages", {"model": "m", "max_tokens": 9, "messages": [{"role": "system", "content": "Hi"}]}, "messages[0].role"),
        (
            "messages",
            {"model": "m", "max_tokens": 9, "messages": ASK, "tools": [{"type": "bash_20250124", "name": "bash"}]},
            "tools[0].type",
        ),
    ],
)
def test_what_cannot_be_done_is_refused_with_its_place(api: Any, body: Any, param: str | None) -> None:
    with pytest.raises(BadRequest) as raised:
        read_request(api, body)
    assert raised.value.param == param


def test_no_calls_are_no_calls_however_it_is_said() -> None:
    for more in ({"tool_choice": {"type": "none"}}, {"tool_choice": "none"}):
        assert read_request("chat", chat(tools=[TOOL], **more)).tool_choice == "none"
    assert read_request("chat", chat(tool_choice={"type": "auto"})).tool_choice == "none"


WORDS = [
    "model", "messages", "input", "tools", "tool_choice", "role", "content", "type", "text", "tool_calls", "function", "name", "arguments",
    "id", "call_id", "output", "tool_use_id", "max_tokens", "stop", "system", "user", "assistant", "tool", "tool_result", "tool_use",
    "function_call", "function_call_output", "message", "reasoning", "summary", "include", "thinking", "stream_options", "source", "image",
]  # fmt: skip
ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 30) | st.floats() | st.sampled_from(WORDS) | st.text(max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=5),
    max_leaves=15,
)


@pytest.mark.parametrize("api", ["chat", "responses", "messages"])
@examples(25, 1000)
@given(body=st.dictionaries(st.sampled_from(WORDS), ANY, max_size=6), usual=st.booleans())
def test_no_body_is_a_fault_of_the_gateway(api: Any, body: dict[str, Any], usual: bool) -> None:
    if usual:
        body = {"model": "m", "messages": ASK, "input": "Hi", "max_tokens": 9, **body}
    with suppress(BadRequest):
        request = read_request(api, body)
        assert all(isinstance(message["content"], (str, list)) for message in request.messages)
        assert request.tools or request.tool_choice == "none"


def test_the_turns_of_responses_become_messages() -> None:
    items: list[Any] = [
        {"role": "user", "content": [{"type": "input_text", "text": "Hi"}, {"type": "input_text", "text": "you"}]},
        {"type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "hm"}]},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Wait."}]},
        {"type": "function_call", "call_id": "1", "name": "f", "arguments": "{}"},
        {"type": "function_call", "call_id": "2", "name": "g", "arguments": "not JSON"},
        {"type": "function_call_output", "call_id": "2", "output": "two"},
        {"type": "function_call_output", "call_id": "1", "output": [{"type": "input_text", "text": "one"}]},
        {"type": "message", "role": "assistant", "content": "Done."},
    ]
    request = read_request("responses", {"model": "m", "input": items, "instructions": "Be kind."})
    calls = [
        {"id": "1", "type": "function", "function": {"name": "f", "arguments": {}}},
        {"id": "2", "type": "function", "function": {"name": "g", "arguments": "not JSON"}},
    ]
    assert request.messages == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Hi\nyou"},
        {"role": "assistant", "content": "Wait.", "reasoning_content": "hm", "tool_calls": calls},
        {"role": "tool", "tool_call_id": "2", "content": "two", "name": "g"},
        {"role": "tool", "tool_call_id": "1", "content": "one", "name": "f"},
        {"role": "assistant", "content": "Done."},
    ]


def test_the_blocks_of_messages_become_messages() -> None:
    messages: list[Any] = [
        {"role": "user", "content": "Hi"},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "hm", "signature": ""},
                {"type": "text", "text": "Wait."},
                {"type": "tool_use", "id": "1", "name": "f", "input": {"a": 1}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "And?"},
                {"type": "tool_result", "tool_use_id": "1", "content": "broken", "is_error": True},
            ],
        },
    ]
    body = {
        "model": "m",
        "max_tokens": 9,
        "messages": messages,
        "system": [{"type": "text", "text": "Be kind."}],
        "thinking": {"type": "disabled"},
    }
    body |= {"tools": [{"name": "f", "input_schema": {}}], "tool_choice": {"type": "any", "disable_parallel_tool_use": True}}
    request = read_request("messages", body)
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": {"a": 1}}}
    assert request.messages == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Wait.", "reasoning_content": "hm", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "1", "content": "Error: broken", "name": "f"},
        {"role": "user", "content": "And?"},
    ]
    assert request.tool_choice == "required"
    assert request.parallel is False
    assert request.template_options == {"enable_thinking": False, "thinking": False}
    assert request.tools[0]["function"]["name"] == "f"


def test_what_decides_how_is_read_from_every_api() -> None:
    request = read_request(
        "chat", chat(max_completion_tokens=5, max_tokens=9, stop="x", top_k=4, chat_template_kwargs={"a": 1}, reasoning_effort="low")
    )
    assert request.sampling == {"top_k": 4, "max_tokens": 5, "stop": ["x"]}
    assert request.template_options == {"reasoning_effort": "low", "a": 1}
    assert request.tool_choice == "none"  # there are no tools
    request = read_request(
        "responses", {"model": "m", "input": "Hi", "max_output_tokens": 5, "temperature": 0, "reasoning": {"effort": "low"}}
    )
    assert request.sampling == {"temperature": 0, "max_tokens": 5}
    assert request.template_options == {"reasoning_effort": "low"}
    request = read_request("messages", {"model": "m", "messages": ASK, "max_tokens": 5, "stop_sequences": ["x"], "top_p": 0.5})
    assert request.sampling == {"top_p": 0.5, "max_tokens": 5, "stop": ["x"]}


# Chat templates: the conventions of Hugging Face.


def test_json_in_a_prompt_has_no_escapes_but_those_of_json() -> None:
    assert ChatTemplate("{{ tools | tojson }}").render(ASK, [{"a": "<é> & 'x' \"y\""}]) == '[{"a": "<é> & \'x\' \\"y\\""}]'
    assert ChatTemplate("{{ tools[0] | tojson(indent=2) }}").render(ASK, [{"b": 1, "a": 2}]) == '{\n  "b": 1,\n  "a": 2\n}'


def test_blocks_are_trimmed_and_loops_can_be_left() -> None:
    source = (
        "{% for message in messages %}\n  {% if loop.index > 1 %}\n    {% break %}\n  {% endif %}\n{{ message.content }}\n{% endfor %}\n"
    )
    assert ChatTemplate(source).render([*ASK, *ASK]) == "Hi\n"


def test_generation_blocks_render_as_what_they_enclose() -> None:
    assert ChatTemplate("a{% generation %}{{ messages[0].content }}{% endgeneration %}b").render(ASK) == "aHib"


def test_special_names_of_templates() -> None:
    assert ChatTemplate("{{ strftime_now('%Y') }}").render(ASK).isdecimal()
    template = ChatTemplate(
        "{{ bos_token }}{{ add_generation_prompt }}{{ tools is none }}{{ enable_thinking }}", tokens={"bos_token": "<s>"}
    )
    assert (
        template.render(ASK, options={"enable_thinking": False, "bos_token": "no", "messages": [], "add_generation_prompt": False})
        == "<s>TrueTrueFalse"
    )


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("{{ raise_exception('Roles must alternate') }}", "refuses the messages: Roles must alternate"),
        ("{{ messages[0].content + 1 }}", "fails on the messages"),
        ("{{ messages.append(1) }}", "refuses"),
        ("{{ ''.__class__.__mro__ }}", "refuses"),
        ("{{ messages.missing.thing }}", "refuses"),
    ],
)
def test_a_template_that_refuses_or_reaches_out_is_a_sentence(source: str, says: str) -> None:
    with pytest.raises(CannotRender, match=says):
        ChatTemplate(source).render(ASK)


def test_a_file_that_is_no_template() -> None:
    with pytest.raises(UnusableTemplate, match="line 1"):
        ChatTemplate("{% for %}")


def test_templates_are_found_where_models_keep_them(tmp_path: Path) -> None:
    config = tmp_path / "tokenizer_config.json"
    own = tmp_path / "chat_template.jinja"
    config.write_text(
        json.dumps({"eos_token": "</s>", "bos_token": None, "add_bos_token": True, "extra_special_tokens": {"image_token": "<i>"}})
    )
    with pytest.raises(UnusableTemplate, match="no chat_template"):
        load_template(config)
    own.write_text("own{{ eos_token }}{{ bos_token }}{{ image_token }}", encoding="utf-8")
    for path in (tmp_path, own, config):
        assert load_template(path).render(ASK) == "own</s><i>"
    named = [{"name": "default", "template": "plain"}, {"name": "tool_use", "template": "tools"}]
    config.write_text(json.dumps({"chat_template": named}))
    assert [load_template(config).render(ASK, tools) for tools in ([], [TOOL])] == ["plain", "tools"]
    for wrong in ("{", "[]"):
        config.write_text(wrong)
        with pytest.raises(UnusableTemplate, match="JSON"):
            load_template(config)


# The command.


def options(*arguments: str) -> Any:
    return settings_of(serve_options().parse_args(arguments))


def test_the_options_and_their_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = options("--upstream", "openai-chat", "--url", "http://127.0.0.1:1")
    assert (settings.format, settings.api_key, settings.log_text, settings.max_requests) == ("auto", None, False, 512)
    assert serve_options().parse_args(["--upstream", "tgi", "--url", "x"]).host == "127.0.0.1"
    monkeypatch.setenv("TOOLPARSE_API_KEY", "one")
    monkeypatch.setenv("TOOLPARSE_UPSTREAM_KEY", "two")
    settings = options("--upstream", "openai-chat", "--url", "http://127.0.0.1:1")
    assert (settings.api_key, settings.upstream_key) == ("one", "two")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--upstream", "tgi", "--url", "http://x"], "--template"),
        (["--upstream", "openai-chat", "--url", "localhost:8000"], "http://"),
        (["--upstream", "openai-chat", "--url", "http://x", "--port", "65536"], "no port"),
        (["--upstream", "openai-chat", "--url", "http://x", "--timeout", "-1"], "seconds above 0"),
        (["--upstream", "openai-chat", "--url", "http://x", "--stall", "soon"], "seconds above 0"),
        (["--upstream", "vllm", "--url", "http://x"], "openai-chat"),
        (["--url", "http://x"], "--upstream"),
    ],
)
def test_options_that_cannot_work(arguments: list[str], says: str) -> None:
    with pytest.raises(CommandError, match=says):
        options(*arguments)


def test_what_is_wrong_at_the_start_is_one_line() -> None:
    arguments = ["serve", "--upstream", "openai-chat", "--url", "http://127.0.0.1:1", "--format", "hermse"]
    told = subprocess.run([sys.executable, "-m", "toolparse", *arguments], capture_output=True, text=True, timeout=120)
    assert told.returncode == 2
    assert "did you mean hermes" in told.stderr
    assert len(told.stderr.splitlines()) == 1
