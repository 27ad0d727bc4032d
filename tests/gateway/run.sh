#!/bin/sh
# The gateway against what is real: a llama.cpp server, a browser, 500 streams at once; and what it adds to an engine's time, beside smg,
# the Rust gateway of SGLang and vLLM, where there is a wheel of it.
#   tests/gateway/run.sh DIR            a new virtual environment in DIR (about 700 MB), then everything; 4 minutes
#   tests/gateway/run.sh --reuse DIR    everything, in the virtual environment that DIR holds
# The playground needs Debian's chromium, or another that CHROMIUM names, and is left out, with a word, where there is none.
# STREAMS (500) and SECONDS_OF_LOAD (60) set the load. Pictures of the playground are left in DIR.
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
    "$python" -m pip install -q --disable-pip-version-check -r "$here/requirements.txt"
    "$python" -m pip install -q --disable-pip-version-check --only-binary :all: -r "$here/smg.txt" || echo "no wheel of smg for this machine"
fi
"$python" -m pip install -q --disable-pip-version-check -e "$here/../..[serve]"

cd "$here"
status=0
check() { "$python" -m pytest -q -o filterwarnings=default -p no:cacheprovider "$1" || status=1; }

echo "## a real llama.cpp server"
check check_llama_cpp.py

echo "## the playground in a browser"
if [ -n "${CHROMIUM:-}" ] || command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null; then
    PICTURES=$venv check check_playground.py
else
    echo "left out: no Chromium here; install Debian's chromium, or name one in CHROMIUM"
fi

echo "## what a gateway adds to an engine's time"
"$python" latency.py "$venv/model" || status=1

# Two free ports, for an engine and the gateway in front of it.
ports=$("$python" -c 'import socket
held = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*[one.getsockname()[1] for one in held])')
engine=${ports% *} gateway=${ports#* }
ulimit -n 8192 2>/dev/null || ulimit -n "$(ulimit -Hn)"

echo "## load"
"$python" engine.py "$engine" load 2>/dev/null & engine_id=$!
"$python" observed_gateway.py "$gateway" "http://127.0.0.1:$engine" & gateway_id=$!
"$python" load.py "$engine" "$gateway" "${SECONDS_OF_LOAD:-60}" "${STREAMS:-500}" || status=1
kill "$engine_id" "$gateway_id"
wait "$engine_id" "$gateway_id" 2>/dev/null || true
exit $status
