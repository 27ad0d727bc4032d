"""The plug-in inside the installed TRL."""

from __future__ import annotations

from pathlib import Path

import datasets
import pytest
import torch
import transformers
from packaging.version import Version
from tokenizers_made import CALL, TOOLS, rendered, tokenizer_of, with_calls
from trl import GRPOConfig, GRPOTrainer
from trl.chat_template_utils import parse_response

import toolparse
from toolparse.plugins.trl import use_toolparse

ARGUMENTS = {"city": "Oslo ☀", "days": 3}
TOLD_THE_TOOLS = Version(transformers.__version__) >= Version("5.15")
"""To older ones TRL does not give the request's tools, without which a few formats see no call."""
FORMATS = [fmt for fmt in with_calls() if TOLD_THE_TOOLS or toolparse.parse(rendered(fmt, tool_calls=[CALL]), fmt, prompt="").tool_calls]


def test_nearly_all_formats_are_tried() -> None:
    assert len(FORMATS) >= len(with_calls()) - (0 if TOLD_THE_TOOLS else 6)


@pytest.mark.parametrize("fmt", FORMATS)
def test_trl_parses_every_format(fmt: str) -> None:
    tokenizer = use_toolparse(tokenizer_of(fmt), fmt)
    text = rendered(fmt, tool_calls=[CALL])
    ids = tokenizer.encode(text, add_special_tokens=False)
    parsed = parse_response(tokenizer, ids, prefix=tokenizer.encode("Hi", add_special_tokens=False), tools=TOOLS)
    assert parsed["tool_calls"] == [{"type": "function", "function": {"name": "get_weather", "arguments": ARGUMENTS}}]
    assert parsed["content"] == ""


def test_a_call_that_is_broken_is_content_that_a_reward_sees() -> None:
    tokenizer = use_toolparse(tokenizer_of("hermes"), "hermes")
    text = 'Look: <tool_call>\n{"name": "get_weather", "arguments": {"city": "Os'
    parsed = parse_response(tokenizer, tokenizer.encode(text, add_special_tokens=False))
    assert parsed == {"role": "assistant", "content": text}


def test_reasoning_and_a_batch() -> None:
    tokenizer = use_toolparse(tokenizer_of("hermes"), "hermes")
    parsed = tokenizer.parse_response(["<think>\nHm.\n</think>\n\nYes.", "No."])
    assert parsed == [{"role": "assistant", "content": "Yes.", "reasoning_content": "Hm."}, {"role": "assistant", "content": "No."}]


def test_the_trainer_finds_a_template_and_asks_no_further() -> None:
    """What GRPOTrainer looks at before it would add a template of its own, and raise for one that it does not know."""
    for fmt in ("hermes", "llama3_json", "harmony"):
        assert getattr(use_toolparse(tokenizer_of(fmt), fmt), "response_template", None) is not None


CHAT = (
    "{% for message in messages %}{{ '<|' + message.role + '|>' }}"
    "{% if message.content %}{{ message.content }}{% endif %}"
    "{% for call in message.tool_calls or [] %}"
    "{{ '<tool_call>\n' + ({'name': call.function.name, 'arguments': call.function.arguments} | tojson) + '\n</tool_call>' }}"
    "{% endfor %}{{ '<|eos|>' }}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)
"""A chat template that TRL does not know."""


def test_a_trainer_runs_the_tools_that_a_completion_calls(tmp_path: Path) -> None:
    """TRL's GRPOTrainer for one step, with a model of random weights whose completions are given: its calls have a fault each."""
    tokenizer = tokenizer_of("hermes")
    tokenizer.chat_template = CHAT
    called, seen = [], []

    def get_weather(city: str, days: int) -> str:
        """The weather.

        Args:
            city: City
            days: Days
        """
        called.append((city, days))
        return f"{days} degrees"

    said = [
        "<tool_call>\n{'name': 'get_weather', 'arguments': {'city': 'Oslo', 'days': 3,}}\n</tool_call><|eos|>",
        "It is cold.<|eos|>",
    ]

    class Model(transformers.Qwen2ForCausalLM):
        def generate(self, input_ids: torch.Tensor, **_: object) -> torch.Tensor:
            ids = tokenizer.encode(said[min(len(called) // len(input_ids), 1)], add_special_tokens=False)
            return torch.cat([input_ids, torch.tensor([ids] * len(input_ids))], dim=1)

    def reward(completions: list, **_: object) -> list[float]:
        seen.extend(completions)
        return [float(len(completion)) for completion in completions]

    size = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 2}
    model = Model(transformers.Qwen2Config(vocab_size=len(tokenizer), **size))
    options = GRPOConfig(
        output_dir=str(tmp_path), max_steps=1, per_device_train_batch_size=2, num_generations=2, max_completion_length=400,
        use_cpu=True, bf16=False, report_to="none", save_strategy="no", disable_tqdm=True,
    )  # fmt: skip
    rows = datasets.Dataset.from_list([{"prompt": [{"role": "user", "content": "Warm?"}]}] * 2)
    trainer = GRPOTrainer(
        model, reward, options, train_dataset=rows, processing_class=use_toolparse(tokenizer, "hermes"), tools=[get_weather]
    )
    trainer.train()
    assert called == [("Oslo", 3)] * 2
    assert [message["role"] for message in seen[0]] == ["assistant", "tool", "assistant"]
    assert (seen[0][1]["content"], seen[0][2]["content"]) == ("3 degrees", "It is cold.")
