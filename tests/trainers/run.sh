#!/bin/sh
# Sets up verl, trl and renderers (CPU, no weights) and runs the plug-ins inside them. About 3 GB.
#   tests/trainers/run.sh DIR            a new virtual environment in DIR, then everything
#   tests/trainers/run.sh --reuse DIR    everything, in the virtual environment that DIR holds
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
    # CPU builds come from an index of their own, where the default one does not have them: TORCH_INDEX names it.
    "$python" -m pip install -q --disable-pip-version-check ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} torch==2.13.0
    "$python" -m pip install -q --disable-pip-version-check verl trl renderers pytest hypothesis regex pydantic jsonschema referencing attrs
    # verl's agent loop imports these and leaves them to the engines; TRL asks for jmespath where tools are used with an older transformers.
    "$python" -m pip install -q --disable-pip-version-check cachetools uvicorn fastapi jmespath
    # verl holds transformers back, and only newer ones read response templates: those are beside, for what asks for them.
    "$python" -m pip install -q --disable-pip-version-check --no-deps --target "$venv/newer" 'transformers==5.24.0' 'tokenizers>=0.23.1,<0.24'
fi
"$python" -m pip install -q --disable-pip-version-check --no-deps -e "$here/../.."

cd "$here"
echo "## versions"
"$python" -m pip list --disable-pip-version-check 2>/dev/null | grep -E '^(verl|trl|renderers|torch|transformers) '
for trainer in verl renderers trl; do
    echo "## $trainer"
    "$python" -m pytest -q -o filterwarnings=default -p no:cacheprovider "check_$trainer.py"
done
echo "## trl, with a transformers that reads response templates"
PYTHONPATH="$venv/newer" "$python" -c 'import transformers; print("transformers", transformers.__version__)'
PYTHONPATH="$venv/newer" "$python" -m pytest -q -o filterwarnings=default -p no:cacheprovider check_trl.py check_templates.py
