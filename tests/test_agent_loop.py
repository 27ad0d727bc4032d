"""The examples of docs/agent-loop.md and docs/toolbox.md, as they stand there: the real client, and a scripted server on loopback."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import openai
import pytest
from scripted_api import Cut, ScriptedApi, scripted_api, written

DOCS = Path(__file__).parent.parent / "docs"


def examples(page: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)


LOOP, BY_HAND, RAW = examples("agent-loop.md")


def run(server: ScriptedApi, *code: str) -> dict[str, Any]:
    """The names that the code leaves. Its server is the scripted one."""
    module = ModuleType("example")  # functions look their annotations up there
    names: dict[str, Any] = module.__dict__
    sys.modules["example"] = module
    try:
        for each in code:
            found = re.sub(r"http://127\.0\.0\.1:\d+", server.url, each)
            exec(compile(found, "example", "exec"), names)
    finally:
        del sys.modules["example"]
        for value in names.values():
            if isinstance(value, openai.OpenAI):
                value.close()
    return names


SCRIPT = [
    "I will look both up.\n"
    + written("get_weather", {"city": "Oslo", "days": 2})
    + "\n"
    + written("get_weather", {"city": "Bergen", "days": "two"}),
    written("get_weather", {"city": "Bergen", "days": 2}),
    "Both are sunny.",
]


@pytest.mark.parametrize("by_hand", [False, True])
def test_parallel_calls_a_correction_and_the_answer(by_hand: bool, capsys: pytest.CaptureFixture[str]) -> None:
    with scripted_api(*(["Nothing."] if by_hand else []), *SCRIPT) as server:
        run(server, LOOP, *([BY_HAND] if by_hand else []))
    assert capsys.readouterr().out.splitlines()[-1] == "Both are sunny."
    first, second, third = (request["messages"] for request in server.requests[-3:])
    assert first == [{"role": "user", "content": "How is the weather in Oslo and Bergen?"}]
    assistant, good, bad = second[1:]
    assert assistant["content"] == "I will look both up."
    names = [call["function"]["name"] for call in assistant["tool_calls"]]
    ids = [call["id"] for call in assistant["tool_calls"]]
    assert names == ["get_weather", "get_weather"]
    assert len(set(ids)) == 2
    assert good == {"role": "tool", "tool_call_id": ids[0], "content": "Oslo: sunny for 2 days"}
    assert bad["tool_call_id"] == ids[1]
    assert bad["content"] in (DOCS / "agent-loop.md").read_text(encoding="utf-8")
    assert bad["content"].splitlines()[1] == '- /days: expected an integer, found "two"'
    correction, result = third[4:]
    assert correction["tool_calls"][0]["id"] == result["tool_call_id"]
    assert result["tool_call_id"] not in ids
    assert result["content"] == "Bergen: sunny for 2 days"


def test_an_unknown_tool_is_named_and_replaced() -> None:
    script = [written("get_wether", {"city": "Oslo"}), written("get_weather", {"city": "Oslo"}), "Sunny."]
    with scripted_api(*script) as server:
        assert run(server, LOOP)["answer"].content == "Sunny."
    assert "did you mean get_weather?" in server.requests[1]["messages"][2]["content"]
    assert server.requests[2]["messages"][4]["content"] == "Oslo: sunny for 1 days"


def test_an_answer_that_was_cut() -> None:
    with scripted_api(Cut("It is sun")) as server:
        answer = run(server, LOOP)["answer"]
    assert (answer.content, answer.truncated) == ("It is sun", True)


def test_a_server_of_raw_text() -> None:
    with scripted_api("Sunny.", "Sunny.", written("get_weather", {"city": "Oslo"}), raw=True) as server:
        completion = run(server, LOOP, BY_HAND, RAW)["completion"]
    assert [call.function.name for call in completion.choices[0].message.tool_calls] == ["get_weather"]


def test_the_page_of_the_toolbox(capsys: pytest.CaptureFixture[str]) -> None:
    with scripted_api() as server:
        names = run(server, *examples("toolbox.md"))
    assert capsys.readouterr().out.split() == ["None", "None", "None", "call"]
    (told,) = names["box"].run_sync(names["message"])
    page = (DOCS / "toolbox.md").read_text(encoding="utf-8")
    assert f"'content': '{told['content']}'" in page
