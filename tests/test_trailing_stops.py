"""A stop token that ends the output inside a call is no argument, in every format; one that text follows is data."""

from __future__ import annotations

import json
from functools import cache

import pytest
import strategies

import toolparse

TOOLS = [{"name": "keep", "input_schema": {"properties": {"note": {"type": "string"}, "count": {"type": "integer"}}}}]
NOTE = "at high water"
CASES = [(fmt.name, stop.strip()) for fmt in toolparse.formats() if fmt.calls for stop in fmt.stop]


@cache
def written(name: str) -> str:
    call = toolparse.ToolCall(name="keep", arguments=json.dumps({"note": NOTE, "count": 3}))
    return toolparse.render(toolparse.Message(tool_calls=[call]), name, tools=TOOLS)


@pytest.mark.parametrize(("name", "stop"), CASES)
def test_a_stop_token_inside_a_cut_call_is_no_argument(name: str, stop: str) -> None:
    text = written(name)
    for kept, behind in (("at high", ""), ("at high", "\n"), (NOTE, ""), (NOTE, " ")):
        cut = text[: text.index(NOTE) + len(kept)] + stop + behind
        for size in (1, len(cut)):
            [call] = strategies.in_pieces(cut, name, size, tools=TOOLS, prompt="").tool_calls
            assert not call.complete
            assert stop not in call.arguments
            assert call.arguments.rstrip('"}').endswith(kept) or call.arguments in ("", "{}", "{")  # raw values may be held


@pytest.mark.parametrize(("name", "stop"), CASES)
def test_a_stop_token_inside_a_string_is_data_where_text_follows(name: str, stop: str) -> None:
    call = toolparse.ToolCall(name="keep", arguments=json.dumps({"note": f"as {stop} says", "count": 3}))
    try:
        text = toolparse.render(toolparse.Message(tool_calls=[call]), name, tools=TOOLS)
    except toolparse.CannotRender:
        return
    for size in (1, len(text)):
        [got] = strategies.in_pieces(text, name, size, tools=TOOLS, prompt="").tool_calls
        assert (got.value(), got.complete) == ({"note": f"as {stop} says", "count": 3}, True)
