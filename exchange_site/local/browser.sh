#!/usr/bin/env bash
# The browser test needs Chromium: install Debian's where we may, say so where we may not.
set -euo pipefail

if command -v chromium >/dev/null; then
  exit 0
fi

install=()
if [ "$(id -u)" = 0 ]; then
  install=(env)
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
  install=(sudo -n env)
fi

if command -v apt-get >/dev/null && [ ${#install[@]} -gt 0 ]; then
  echo "Installing Debian's Chromium for the browser test (apt-get install chromium) ..."
  SECONDS=0
  log=$(mktemp)
  if { "${install[@]}" DEBIAN_FRONTEND=noninteractive apt-get update -qq \
    && "${install[@]}" DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; } >"$log" 2>&1 \
    && command -v chromium >/dev/null; then
    echo "Installed in $SECONDS s"
    rm -f "$log"
    exit 0
  fi
  echo "That failed: $(grep -E '^E:' "$log" | head -1 || true)"
  rm -f "$log"
fi
echo "No chromium on the PATH: the browser test will be skipped."
