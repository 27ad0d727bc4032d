#!/bin/sh
# The five starts of docs/start/, each as its page says, in a fresh environment with the wheel alone: sh tests/start/run.sh [WHEEL]
# Without a wheel, one is built. Needs Python, the network for the wheel's dependencies, and curl; takes about two minutes.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
exec "${PYTHON:-python3}" "$here/walk.py" "$@"
