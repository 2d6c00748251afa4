#!/usr/bin/env bash
# Every test: most of them spread over TEST_WORKERS processes, then those that need the machine to themselves.
# With arguments: what they choose, in one process.
set -uo pipefail

if [ $# -gt 0 ]; then
  exec "$PYTHON" -m pytest "$@"
fi

failed=0
"$PYTHON" -m pytest -n "${TEST_WORKERS:-2}" --dist loadfile -m "not alone" || failed=1
"$PYTHON" -m pytest -m alone || failed=1
exit $failed
