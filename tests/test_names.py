"""The names that inference engines give their parsers, and what each of them means here.

fixtures/engine_names.json maps each name that the registries of vLLM 0.33.0, SGLang 0.5.23, LMDeploy 0.16.0, LightLLM and Ollama hold to
the format that it finds.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from toolparse import Format, Parser, UnknownFormat, formats, get_format, parse, register
from toolparse.formats import get_reasoning
from toolparse.grammar import Reasoning

Names = dict[str, str]


ENGINES: dict[str, dict[str, Names]] = json.loads((Path(__file__).parent.parent / "fixtures" / "engine_names.json").read_text("utf-8"))
TOOLS = {engine: kinds["tool parser"] for engine, kinds in ENGINES.items() if "tool parser" in kinds}
REASONING = {engine: kinds["reasoning parser"] for engine, kinds in ENGINES.items() if "reasoning parser" in kinds}
BY_TEMPLATE = ("hf", "response_template")
"""These name no format: the checkpoint's own response template says what is written."""


def cases(engines: dict[str, Names]) -> list[object]:
    return [pytest.param(name, found, id=f"{engine}-{name}") for engine in engines for name, found in engines[engine].items()]


def test_the_lists_are_whole() -> None:
    assert len(TOOLS["vLLM"]) + 1 == 58  # with hf
    assert len(TOOLS["SGLang"]) + 1 == 44  # with response_template
    assert len(REASONING["vLLM"]) + 1 == 42
    assert len(REASONING["SGLang"]) + 1 == 36


@pytest.mark.parametrize(("name", "found"), cases(TOOLS))
def test_the_name_of_a_tool_parser(name: str, found: str) -> None:
    assert get_format(name).name == found


@pytest.mark.parametrize(("name", "found"), cases(REASONING))
def test_the_name_of_a_reasoning_parser(name: str, found: str) -> None:
    fmt = get_reasoning(name)
    assert fmt.name == found
    assert fmt.reasoning or found == "passthrough"
    get_format(name)  # alone it is a format, too


@pytest.mark.parametrize("name", BY_TEMPLATE)
def test_a_template_is_no_format(name: str) -> None:
    with pytest.raises(UnknownFormat):
        get_format(name)


def test_case_and_punctuation_do_not_matter() -> None:
    for name in ("DeepSeek-V3", "deepseek_v3", "deepseekv3", "DEEPSEEK V3"):
        assert get_format(name).name == "deepseek_v3"
    assert get_reasoning("DeepSeek-R1").name == "deepseek_r1"


def test_every_format_is_found_by_each_of_its_names() -> None:
    for fmt in formats():
        assert all(get_format(name) is fmt for name in (fmt.name, *fmt.aliases)), fmt.name
        assert all(get_reasoning(name) is fmt for name in fmt.reasoning_aliases), fmt.name


def test_an_unknown_name_is_an_error_that_names_the_closest_ones() -> None:
    with pytest.raises(UnknownFormat, match="no format is called 'deepsek_v3'; did you mean deepseek_v3"):
        get_format("deepsek_v3")
    with pytest.raises(UnknownFormat, match="did you mean deepseek_r1"):
        get_reasoning("deepseekr")
    with pytest.raises(UnknownFormat, match="`toolparse formats` lists all of them"):
        Parser("?")


def test_a_name_belongs_to_one_format() -> None:
    for taken in (Format("qwen3"), Format("mine", aliases=("Qwen-3",)), Format("mine", reasoning_aliases=("deepseek-v3",))):
        with pytest.raises(ValueError, match=r"belongs to '(hermes|deepseek_v31)' already"):
            register(taken)
    with pytest.raises(UnknownFormat):
        get_format("mine")


def test_a_format_asked_for_by_its_modules_name_loads_no_other() -> None:
    script = (
        "import sys, toolparse; toolparse.get_format('deepseek-V3'); print([m for m in sys.modules if m.startswith('toolparse.formats.')])"
    )
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "['toolparse.formats.deepseek_v3']"


# -- reasoning on its own, and combined -------------------------------------------------------------------------------------------------

CALL = '<tool_call>{"name": "f"}</tool_call>'


@pytest.mark.parametrize(
    ("name", "text", "reasoning", "content"),
    [
        ("deepseek_r1", "a\n</think>\n\nb", "a", "b"),
        ("deepseek_r1", "<think>\na</think></think>b", "a", "b"),
        ("deepseek_r1", "<think>\n<think>\na\n</think></think>\n\n</think>\n\nb", "a", "b"),
        ("deepseek-r1", f"a{CALL}</think>b", f"a{CALL}", "b"),
        ("qwen3", "<think>\na\n</think>\n\nb", "a", "b"),
        ("qwen3", "just an answer", None, "just an answer"),
        ("qwen-qwq", "a</think>b", "a", "b"),
        ("granite", "Here is my thought process:\na\nHere is my response:\nb", "a", "b"),
        ("olmo3", "<think>a</think>b</think>c", "a", "b</think>c"),
        ("holo2", "a</think>b", "a", "b"),
        ("kimi", "◁think▷a◁/think▷b", "a", "b"),
        ("minicpmv", "<think>a</think>b", "a", "b"),
        ("minimax", "b <think>a</think>", None, "b <think>a</think>"),
        ("passthrough", f"<think>a</think>{CALL}", None, f"<think>a</think>{CALL}"),
    ],
)
def test_a_reasoning_format_alone(name: str, text: str, reasoning: str | None, content: str) -> None:
    message = parse(text, name)
    assert (message.reasoning, message.content, message.tool_calls) == (reasoning, content, [])


@pytest.mark.parametrize(
    ("fmt", "reasoning", "text"),
    [
        ("hermes", "qwen3", f"<think>a</think>{CALL}b"),
        ("hermes", "deepseek_r1", f"a</think>{CALL}b"),
        ("hermes", "deepseek_r1", f"a{CALL}</think>b"),
        ("hermes", "kimi", f"◁think▷a◁/think▷{CALL}b"),
        ("granite4", "granite", f"Here's my thought process: a Here's my response: {CALL}b"),
        ("qwen3_coder", "mistral", f"[THINK]a[/THINK]{CALL}b"),
        ("hermes", "ernie45", f"a</think><response>\n{CALL}</response>b"),
    ],
)
def test_a_tool_format_with_other_reasoning(fmt: str, reasoning: str, text: str) -> None:
    message = parse(text, fmt, reasoning=reasoning)
    assert (message.reasoning, message.content, [call.name for call in message.tool_calls]) == ("a", "b", ["f"])


def test_a_name_asked_for_as_reasoning_is_looked_for_among_reasoning_parsers_first() -> None:
    assert get_format("deepseek_v3").name == "deepseek_v3"
    parser = Parser("hermes", reasoning="deepseek_v3", prompt="<｜Assistant｜></think>")
    assert not parser.in_reasoning
    assert parser.format.reasoning == get_format("deepseek_v31").reasoning


def test_combining_leaves_the_format_its_rules_and_is_done_once() -> None:
    xlam = '<think>a [{"name": "f", "arguments": {}}]</think>b'
    assert parse(xlam, "xlam", reasoning="qwen3").reasoning == 'a [{"name": "f", "arguments": {}}]'
    assert Parser("hermes", reasoning="kimi").format is Parser("hermes", reasoning="kimi").format


def test_reasoning_of_ones_own() -> None:
    mine = Format("mine", reasoning=(Reasoning("((", "))"),))
    message = parse(f"((a)){CALL}", "hermes", reasoning=mine)
    assert (message.reasoning, len(message.tool_calls)) == ("a", 1)
    assert parse("<think>a</think>", "hermes", reasoning=Format("none")).content == "<think>a</think>"
