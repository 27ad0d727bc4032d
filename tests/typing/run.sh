#!/bin/sh
# What mypy and pyright say of right.py and wrong.py, in an environment of their own: sh tests/typing/run.sh
# A wrong line is marked `type: ignore`, and a mark that is not needed is an error, so silence means that right ones are accepted and
# wrong ones refused.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
made=${TMPDIR:-/tmp}/toolparse-typing
[ -x "$made/bin/python" ] || python3 -m venv "$made"
"$made/bin/python" -m pip install -q "$here/../.." mypy pyright openai anthropic
cp "$here"/*.py "$made"
cd "$made"
bin/mypy --strict right.py wrong.py
echo '{"include": ["right.py", "wrong.py"], "typeCheckingMode": "strict", "reportUnnecessaryTypeIgnoreComment": "error"}' >pyrightconfig.json
bin/pyright --pythonpath bin/python
