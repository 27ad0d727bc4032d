"""What the model is told about a call that was not carried out."""

import json

import pytest

from toolparse.message import ToolCall
from toolparse.schemas.feedback import feedback
from toolparse.schemas.tools import Tools

TOOLS = Tools(
    [
        {
            "name": "get_weather",
            "parameters": {
                "type": "object",
                "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
                "required": ["city"],
                "additionalProperties": False,
            },
        },
        {"name": "loop", "parameters": {"$ref": "#"}},
        {"name": "broken", "parameters": {"type": "record"}},
    ]
)


@pytest.mark.parametrize(
    ("call", "content"),
    [
        (
            ToolCall(id="c", name="get_weather", arguments='{"days": "two"}'),
            "get_weather was not called:\n"
            '- /days: expected an integer, found "two"\n'
            "- /city: expected, but missing\n"
            "Call it again with corrected arguments.",
        ),
        (
            ToolCall(id="c", name="weather"),
            "weather was not called:\n- there is no tool weather; did you mean get_weather?\nCall one of the tools that there are.",
        ),
        (
            ToolCall(id="c", name="get_weather", arguments='{"city": "Os', complete=False),
            "get_weather was not called:\n- the call was cut off before its arguments were complete\nCall it again with shorter arguments.",
        ),
        (
            ToolCall(id="c", name="get_weather", arguments='"city=Oslo"'),
            'get_weather was not called:\n- expected an object, found "city=Oslo"\nCall it again with corrected arguments.',
        ),
        (
            ToolCall(id="c", name="loop"),
            "loop was not called:\n"
            "- this could not be checked to the end: it is nested too deeply, or the schema refers to itself without end\n"
            "Call it again with smaller and simpler arguments.",
        ),
        (
            ToolCall(id="c", name="broken"),
            "broken was not called:\n"
            '- the tool\'s schema is at fault: at /type, expected one of "array", "boolean", "integer", "null", "number", '
            '"object", "string", found "record"\n'
            "Do not call it again: this is not for you to correct.",
        ),
    ],
)
def test_the_tool_message_says_what_to_correct(call: ToolCall, content: str) -> None:
    assert feedback(call, call.validate(TOOLS)) == {"role": "tool", "tool_call_id": "c", "content": content}


def test_the_message_stays_short_and_can_be_sent() -> None:
    arguments = {"city": "x", **{f"{'long' * 100_000}{at}\ud800": at for at in range(50)}}
    call = ToolCall(id="c", name="get_weather" + "\ud800" * 9, arguments=json.dumps(arguments))
    tools = Tools([{"name": call.name, "parameters": TOOLS.get("get_weather").parameters}])  # type: ignore[union-attr]
    message = feedback(call, call.validate(tools))
    assert len(json.dumps(message, ensure_ascii=False).encode()) < 2000
    assert message["content"].splitlines()[-2] == "- and 42 more"


def test_there_is_no_feedback_without_violations() -> None:
    with pytest.raises(ValueError, match="send the tool's result instead"):
        feedback(ToolCall(name="f"), [])
