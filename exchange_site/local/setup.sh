#!/usr/bin/env bash
# Make or update .venv: `setup.sh runtime`, `setup.sh dev` with what tests and linters need too, or `setup.sh bench`
# with the peers of the benchmarks.
# Does nothing, at once, when the pinned requirements are those that were installed last.
set -euo pipefail
cd "$(dirname "$0")/../.."
kind=$1
files=(requirements.txt)
[ "$kind" = dev ] && files+=(requirements-dev.txt)
[ "$kind" = bench ] && files+=(benchmarks/requirements.txt)

find_python() {
  local name
  for name in python3.11 python3.12 python3.13 python3; do
    if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$name"
      return
    fi
  done
  echo "Bourse needs Python 3.11 or newer; found: $(python3 --version 2>&1 || echo none)." >&2
  exit 1
}

make_venv() {
  local python
  python=$(find_python)
  if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
    echo "$python cannot make virtual environments. On Debian and Ubuntu: apt install python3-venv" >&2
    exit 1
  fi
  echo "Making a virtual environment in .venv with $("$python" --version)"
  "$python" -m venv --clear .venv
}

# Two makes at once: the second waits for the first one's set-up.
if command -v flock >/dev/null; then
  mkdir -p .data
  exec 9>.data/setup.lock
  flock -n 9 || { echo "Waiting for another set-up of .venv to end"; flock 9; }
fi

# An environment that was moved, or whose Python is gone, is made anew.
.venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
  && [ "$(cat .venv/made-in 2>/dev/null)" = "$PWD" ] || { make_venv; echo "$PWD" >.venv/made-in; }

wanted=$(cat "${files[@]}" constraints.txt)
stamp=.venv/installed-$kind
[ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && exit 0

echo "Installing the pinned dependencies into .venv; the first time this takes a minute or two ..."
SECONDS=0
arguments=()
for file in "${files[@]}"; do arguments+=(-r "$file"); done
.venv/bin/python -m pip install --quiet --quiet -c constraints.txt "${arguments[@]}"
echo "Installed in $SECONDS s"
echo "$wanted" >"$stamp"
if [ "$kind" = dev ]; then (cat requirements.txt constraints.txt) >.venv/installed-runtime; fi
