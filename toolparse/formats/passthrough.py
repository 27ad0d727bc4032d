"""No format at all: everything is content, reasoning tags and calls included."""

from toolparse.grammar import Format

PASSTHROUGH = Format(
    name="passthrough",
    reasoning_aliases=("minimax_m2_append_think", "minimax-append-think"),
    source="ollama/ollama model/parsers/parsers.go; vllm-project/vllm vllm/reasoning/minimax_m2_reasoning_parser.py",
    quirks=("The engines' append-think parsers put the prompt's <think> back in front of the content; this one adds nothing.",),
)
