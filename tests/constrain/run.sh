#!/bin/sh
# Sets up the real compilers of grammars and holds every language to the neutral grammar and to the parser. No GPU; about 1.5 GB. Needs a
# compiler of C++, and npm for a tokenizer.
#   tests/constrain/run.sh DIR            a new virtual environment in DIR, llama.cpp's grammar parser compiled from its source, then everything
#   tests/constrain/run.sh --reuse DIR    everything, with what DIR holds
set -eu
reuse=no
if [ "${1:-}" = --reuse ]; then reuse=yes; shift; fi
[ $# -eq 1 ] || { sed -n 2,5p "$0" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
dir=$(cd "$1" && pwd)
python=$dir/venv/bin/python

if [ $reuse = no ]; then
    "${PYTHON:-python3}" -m venv "$dir/venv"
    pip="$python -m pip --disable-pip-version-check"
    $pip install -q ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} torch==2.13.0
    $pip install -q --no-deps xgrammar==0.2.9
    $pip install -q -r "$here/requirements.txt"
    (cd "$dir" && tar xzf "$(npm pack --silent js-tiktoken@1.0.21)" package/dist/ranks/o200k_base.cjs)
    $pip download -q --no-deps --no-binary llama-cpp-python -d "$dir" llama-cpp-python==0.3.36
    tar -xzf "$dir/llama_cpp_python-0.3.36.tar.gz" -C "$dir"
    llama=$dir/llama_cpp_python-0.3.36/vendor/llama.cpp
    c++ -std=c++17 -O2 -shared -fPIC -I"$llama/src" -I"$llama/include" -I"$llama/ggml/include" -o "$dir/libgrammar.so" \
        "$llama/src/llama-grammar.cpp" "$here/llama_grammar.cpp"
fi
cd "$here"
PYTHONPATH=../..:.. "$python" check_engines.py "$dir/libgrammar.so" "$dir/package/dist/ranks/o200k_base.cjs"
