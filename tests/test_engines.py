"""The readers of other projects for `conform`, over stand-ins of the engines: what they are given, and what is made of their answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import stand_in_engines as stand_ins

from toolparse.testing import conform, engines, vectors
from toolparse.testing.conformance import NotRun, Reader

ENGINES = ("vllm", "sglang", "transformers", "openai_harmony")


@pytest.fixture(autouse=True)
def engines_are_there(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(engines, "version", lambda name: f"1 of {name}")
    engines._harmony.cache_clear()
    engines._vllm_class.cache_clear()
    with stand_ins.installed(*(getattr(stand_ins, name) for name in ENGINES)):
        yield
    engines._harmony.cache_clear()
    engines._vllm_class.cache_clear()


@pytest.mark.parametrize("make", [engines.vllm, engines.sglang], ids=["vllm", "sglang"])
def test_what_a_template_writes_is_read_by_a_pair_of_parsers(make: Callable[[], Reader]) -> None:
    """The stand-in reads calls in their template's form, in streams as well, and reasoning that the prompt has opened."""
    report = conform(make(), vectors("hermes", kinds=("canonical",)))
    assert report.not_run == {}
    assert report.count("right", "whole") == report.count("right", "by token") == len(vectors("hermes", kinds=("canonical",)))
    assert {outcome.case["prefill"] for outcome in report.outcomes} > {""}


def test_calls_that_the_engine_does_not_read_are_its_faults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stand_ins, "split_calls", lambda text: (text, []))
    cases = [case for case in vectors("hermes", kinds=("canonical",)) if case["expect"]["tool_calls"]]
    report = conform(engines.vllm(), cases)
    assert report.count("fault", "whole") == report.count("fault", "by token") == len(cases) > 3


def test_what_an_engine_raises_is_told_if_no_setting_of_it_does_better(monkeypatch: pytest.MonkeyPatch) -> None:
    def split_calls(text: str) -> Any:
        raise KeyError("it is otherwise here")

    monkeypatch.setattr(stand_ins, "split_calls", split_calls)
    report = conform(engines.vllm(), [vectors("hermes", kinds=("canonical",))[0]])
    assert [outcome.reason for outcome in report.outcomes] == ["raised KeyError"] * 2


def test_a_reasoning_parser_is_left_out_where_that_suits_a_case_better(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stand_ins, "split_reasoning", lambda text, opened: (text, ""))
    cases = [case for case in vectors("hermes", kinds=("canonical",)) if not case["expect"]["reasoning"]]
    assert conform(engines.vllm(), cases).count("right") == 2 * len(cases) > 0


@pytest.mark.parametrize(("make", "fmt"), [(engines.vllm, "hermes"), (engines.sglang, "hermes"), (engines.sglang, "glm45")])
def test_a_parser_that_cannot_be_made_is_not_run(make: Callable[[], Reader], fmt: str) -> None:
    case = {**vectors(fmt, kinds=("canonical",))[0]}
    if fmt == "hermes":
        case["tools"] = [{"name": "no function"}]
    report = conform(make(), [case])
    assert report.outcomes == []
    (why,) = report.not_run
    said = "(RuntimeError: this model's tokenizer is needed)" if fmt == "glm45" else "its API does not take the request (ValidationError: "
    assert said in why
    assert "\n" not in why


@pytest.mark.parametrize(
    ("text", "fmt", "wanted"),
    [
        ("Hi.<|im_end|>\n<|endoftext|>", "hermes", "Hi."),
        ("Hi.<|im_end|> then", "hermes", "Hi.<|im_end|> then"),
        ("<|channel|>final<|message|>Hi.<|return|>", "harmony", "<|channel|>final<|message|>Hi.<|return|>"),
    ],
)
def test_stop_tokens_are_taken_off_as_servers_do(text: str, fmt: str, wanted: str) -> None:
    assert engines.served(text, {"format": fmt}) == wanted


@pytest.mark.parametrize(
    ("fmt", "prefill", "options"),
    [
        ("hermes", "", {}),
        ("minimax_m3", "<mm:think>", {"thinking_mode": "enabled"}),
        ("minimax_m3", "", {}),
        ("k2_horizon", "<think_fast>\n", {"reasoning_effort": "medium"}),
        ("k2_horizon", None, {"reasoning_effort": "high"}),
    ],
)
def test_the_options_of_a_template_are_those_that_the_prompt_shows(fmt: str, prefill: str | None, options: dict[str, str]) -> None:
    told = engines._template_options(engines.Setting("x", "x", True), {"format": fmt, "prefill": prefill})
    assert told == {"thinking": True, "enable_thinking": True, **options}


def test_words_survive_a_round_trip_and_special_tokens_are_one_each() -> None:
    case = {"format": "mistral", "prefill": "", "text": '[TOOL_CALLS] [{"name": "f", "arguments": {}}] naïve words</s>'}
    words = engines.Words(case)
    ids = words.encode(case["text"])
    assert words.decode(ids) == case["text"]
    assert words.decode(ids[0]) == "[TOOL_CALLS]"
    assert words.convert_tokens_to_ids("[TOOL_CALLS]") == ids[0]
    assert words.convert_tokens_to_ids("[ARGS]") is None  # by which vLLM tells the generations
    assert all(words.get_vocab()[token] == words.encode(token)[0] for token in ("</s>", "[TOOL_CALLS]"))


def test_transformers_reads_the_template_that_a_case_names() -> None:
    report = conform(engines.transformers(), vectors("response_template"))
    canonical = [outcome.verdict for outcome in report.outcomes if outcome.case["kind"] == "canonical"]
    assert canonical == ["right"] * len(vectors("response_template", kinds=("canonical",)))
    assert len(canonical) > 5
    assert any(outcome.answer and outcome.answer.told for outcome in report.outcomes)
    assert {outcome.way for outcome in report.outcomes} == {"whole"}


def test_openai_harmony_reads_channels() -> None:
    report = conform(engines.openai_harmony(), vectors("harmony", kinds=("canonical", "adversarial")))
    canonical = {outcome.case["id"]: outcome.verdict for outcome in report.outcomes if outcome.case["kind"] == "canonical"}
    assert canonical.pop("harmony/two-analysis") == "policy"  # it puts nothing between two blocks
    assert set(canonical.values()) == {"right"}
    assert any(outcome.answer and outcome.answer.told for outcome in report.outcomes)


def test_harmony_is_not_run_without_its_vocabulary(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(name: str) -> Any:
        raise OSError("no network")

    monkeypatch.setitem(stand_ins.sys.modules, "openai_harmony", stand_ins.ModuleType("openai_harmony"))
    stand_ins.sys.modules["openai_harmony"].load_harmony_encoding = refused  # type: ignore[attr-defined]
    with pytest.raises(NotRun, match="the vocabulary is not at hand"):
        engines.HarmonyTokens()


def test_harmonys_tokens_are_its_own() -> None:
    tokens = engines._tokenizer({"format": "harmony", "prefill": "", "text": ""})
    assert isinstance(tokens, engines.HarmonyTokens)
    assert tokens.get_vocab() == {}
    ids = tokens.encode("é<|end|>")
    assert tokens.decode(ids) == "é<|end|>"
    assert tokens.decode(ids[0]) == "é"
