#!/bin/sh
# Sets up the real data libraries and runs the checks of `toolparse.data` in them, a Ray cluster on this machine among them. About 2 GB.
#   tests/data/run.sh DIR            a new virtual environment in DIR, then everything
#   tests/data/run.sh --reuse DIR    everything, in the virtual environment that DIR holds
set -eu
reuse=no
if [ "${1:-}" = --reuse ]; then reuse=yes; shift; fi
[ $# -eq 1 ] || { sed -n 2,4p "$0" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
venv=$(cd "$1" && pwd)
python=$venv/bin/python

if [ $reuse = no ]; then
    "${PYTHON:-python3}" -m venv "$venv"
    "$python" -m pip install -q --disable-pip-version-check -r "$here/requirements.txt"
fi
"$python" -m pip install -q --disable-pip-version-check --no-deps -e "$here/../.."
"$python" -m pip install -q --disable-pip-version-check regex pydantic jsonschema referencing attrs

cd "$here"
echo "## versions"
"$python" -m pip list --disable-pip-version-check 2>/dev/null | grep -iE '^(ray|datasets|pyarrow|dask|pandas|polars|numpy) '
echo "## the function in each library"
"$python" -m pytest -q -o filterwarnings=default -p no:cacheprovider check_columns.py
echo "## a Ray cluster that loses a node"
"$python" check_cluster.py
