"""The streamer under the real `generate` of transformers: a tiny model with random weights, and a tokenizer made here."""

from __future__ import annotations

from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from toolparse import MessageBuilder, UnknownFormat, parse
from toolparse.plugins.transformers import EventStreamer

TEXT = 'Où ? 🧭 Let me see.\n<tool_call>\n{"name": "f", "arguments": {"city": "Oslo 🇳🇴"}}\n</tool_call>'
TEMPLATE = '{% if tools %}<tool_call>\n{"name": <function-name>, "arguments": <args-json-object>}\n</tool_call>{% endif %}<|im_start|>'


@pytest.fixture
def tokenizer() -> PreTrainedTokenizerFast:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    inner = Tokenizer(models.BPE(vocab={character: number for number, character in enumerate(alphabet)}, merges=[]))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    made = PreTrainedTokenizerFast(tokenizer_object=inner)
    made.add_special_tokens({"additional_special_tokens": ["<tool_call>", "</tool_call>", "<think>", "</think>", "<|im_start|>"]})
    return made


def streamed(tokenizer: Any, prompt: str, text: str, *args: Any, **options: Any) -> Any:
    """`generate` in a thread, made to write `text` by a logits processor."""
    wanted = tokenizer.encode(text, add_special_tokens=False)
    model = LlamaForCausalLM(
        LlamaConfig(vocab_size=len(tokenizer), hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1)
    )
    given = torch.tensor([tokenizer.encode(prompt, add_special_tokens=False)])

    def force(ids: Any, scores: Any) -> Any:
        scores[:] = -1e9
        scores[:, wanted[ids.shape[1] - given.shape[1]]] = 0
        return scores

    streamer = EventStreamer(tokenizer, *args, timeout=60, **options)
    settings = GenerationConfig(max_new_tokens=len(wanted), do_sample=False, eos_token_id=None, pad_token_id=0)
    thread = Thread(
        target=model.generate,
        kwargs={"inputs": given, "streamer": streamer, "logits_processor": [force], "generation_config": settings},
    )
    thread.start()
    builder = MessageBuilder()
    for event in streamer:
        builder.add(event)
    thread.join()
    return builder.message


def test_events_from_generate(tokenizer: Any) -> None:
    message = streamed(tokenizer, "<|im_start|>assistant\n", TEXT, "hermes")
    assert message.content == "Où ? 🧭 Let me see."
    assert [(call.name, call.arguments) for call in message.tool_calls] == [("f", '{"city": "Oslo 🇳🇴"}')]


def test_the_prompt_tells_where_the_output_starts(tokenizer: Any) -> None:
    message = streamed(tokenizer, "<|im_start|>assistant\n<think>\n", "Hm.\n</think>\n\n" + TEXT, "hermes")
    assert message.reasoning == "Hm."


def test_the_tokenizers_chat_template_tells_the_format(tokenizer: Any) -> None:
    with pytest.raises(UnknownFormat, match="name one"):
        EventStreamer(tokenizer)
    tokenizer.chat_template = TEMPLATE
    message = streamed(tokenizer, "<|im_start|>assistant\n", TEXT)
    assert message.tool_calls[0].arguments == parse(TEXT, "hermes").tool_calls[0].arguments


def test_the_tokenizers_response_template_is_the_format(tokenizer: Any) -> None:
    """The same template by transformers' own reader, from a tokenizer that was saved and loaded."""
    tokenizer.add_special_tokens({"additional_special_tokens": ["<call>", "</call>", "<|end|>"]})
    tokenizer.response_template = {
        "start_anchor": "<|im_start|>assistant\n",
        "fields": {
            "content": {"close": "<|end|>"},
            "tool_calls": {
                "open": "<call>", "close": "</call>", "content": "json", "repeats": True,
                "transform": {"type": "function", "function": "{content}"},
            },
        },
    }  # fmt: skip
    with TemporaryDirectory() as folder:
        tokenizer.save_pretrained(folder)
        loaded = PreTrainedTokenizerFast.from_pretrained(folder)
    text = 'Let me see.<call>{"name": "f", "arguments": {"city": "Oslo"}}</call><|end|>'
    prompt = "<|im_start|>assistant\n"
    message = streamed(loaded, prompt, text)
    own = loaded.parse_response(text, prefix=prompt)
    assert message.content == own["content"] == "Let me see."
    calls = [{"type": "function", "function": {"name": call.name, "arguments": call.value()}} for call in message.tool_calls]
    assert calls == own["tool_calls"] != []


def test_one_sequence_at_a_time(tokenizer: Any) -> None:
    with pytest.raises(ValueError, match="a batch of one"):
        EventStreamer(tokenizer, "hermes").put(torch.tensor([[1], [2]]))
