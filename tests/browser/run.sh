#!/bin/sh
# See the page of `toolparse explain` in a real headless Chromium: sh tests/browser/run.sh [FOLDER for the screenshots]
# Installs playwright-core from npm into a folder of its own; Chromium is the system's (`apt-get install chromium`), or $CHROMIUM.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
shots=${1:-${TMPDIR:-/tmp}/toolparse-browser}
python=${PYTHON:-python3}
mkdir -p "$shots"
cd "$shots"
[ -d node_modules/playwright-core ] || npm install --no-fund --no-audit --silent playwright-core
cp "$here/output.txt" "$here/tools.json" "$here/look.js" .
PYTHONPATH="$root" "$python" -m toolparse explain output.txt -f hermes --tools tools.json --compare -o trace.html || [ $? = 1 ]
CHROMIUM=${CHROMIUM:-$(command -v chromium || command -v chromium-browser)} node look.js
echo "screenshots: $shots/light.png, dark.png, narrow.png, paper.pdf"
