"""What a server of vLLM makes of one output, whole and streamed, with vLLM's own parsers or ours. Stands for the server in `renamed.py`."""

from __future__ import annotations

from typing import Any

from vectors import Tokenizer
from vllm.entrypoints.openai.chat_completion.message_assembly import assemble_chat_message_fields
from vllm.entrypoints.openai.chat_completion.protocol import ChatCompletionRequest
from vllm.entrypoints.openai.chat_completion.stream_processor import ChatStreamProcessor
from vllm.parser.parser_manager import ParserManager
from vllm.plugins import load_general_plugins

TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}]
TEXT = '<think>\nHm.\n</think>\n\nLet me see.\n<tool_call>\n{"name": "f", "arguments": {"city": "Oslo"}}\n</tool_call>'
PROMPT = "<|im_start|>assistant\n"


def start() -> None:
    load_general_plugins()


def answers(ours: bool) -> Any:
    prefix = "toolparse_" if ours else ""
    made = ParserManager.get_parser(
        tool_parser_name=f"{prefix}hermes", reasoning_parser_name=f"{prefix}qwen3", enable_auto_tools=True, model_name="m"
    )
    found = []
    for choice in ("auto", "required", "none"):
        asked = ChatCompletionRequest(model="m", messages=[{"role": "user", "content": "?"}], tools=TOOLS, tool_choice=choice)
        tokenizer = Tokenizer("hermes")
        ids = tokenizer.encode(TEXT)
        parser = made(tokenizer, asked.tools)
        asked = parser.adjust_request(asked)
        parser.set_prompt_token_ids(tokenizer.encode(PROMPT))
        reasoning, content, calls = parser.parse(TEXT, asked, enable_auto_tools=True, model_output_token_ids=ids)
        fields = assemble_chat_message_fields(asked, reasoning, content, calls, enable_auto_tools=True, parser_cls=made)
        found.append([choice, (fields.reasoning or "").strip(), (fields.content or "").strip(), *map(_call, fields.tool_calls or ())])
        parser = made(tokenizer, asked.tools)
        processor = ChatStreamProcessor(asked, parser, enable_auto_tools=True, parser_cls=made)
        said = {"reasoning": "", "content": "", "name": "", "arguments": ""}
        for at, number in enumerate(ids):
            end = "stop" if at == len(ids) - 1 else None
            step = processor.step(tokenizer.decode([number]), [number], end, tokenizer.encode(PROMPT))
            if step.delta is not None:
                said["reasoning"] += step.delta.reasoning or ""
                said["content"] += step.delta.content or ""
                for call in step.delta.tool_calls or ():
                    said["name"] += call.function.name or ""
                    said["arguments"] += call.function.arguments or ""
        found.append([choice, *(text.strip() for text in said.values()), step.finish_reason])
    return found


def _call(call: Any) -> list[str]:
    return [call.function.name, call.function.arguments]
