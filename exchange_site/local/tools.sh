#!/usr/bin/env bash
# What the tests need and pip does not have: a browser, and what checks the files in docker/. Debian's are installed where
# we may; where we may not, it is said what is missing.
set -euo pipefail
cd "$(dirname "$0")/../.."

# command=package
installed=(chromium=chromium docker-compose=docker-compose kubectl=kubernetes-client shellcheck=shellcheck)
# Not installed but unpacked here, for installing it would start a server on this machine.
unpacked=.data/tools
prometheus() { PATH="$PATH:$unpacked/usr/bin" command -v "$1" >/dev/null; }

missing() {
  local each
  for each in "${installed[@]}"; do
    command -v "${each%=*}" >/dev/null || echo "${each#*=}"
  done
  { prometheus promtool && prometheus prometheus; } || echo prometheus
}

as_root=()
may_install() {
  command -v apt-get >/dev/null || return 1
  if [ "$(id -u)" = 0 ]; then as_root=(env); return; fi
  command -v sudo >/dev/null && sudo -n true 2>/dev/null && as_root=(sudo -n env)
}

# Each by itself: that one is not to be had must not keep the others away.
install() {
  "${as_root[@]}" DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$1"
}

unpack() {
  local at
  at=$(mktemp -d)
  chmod 755 "$at" # apt downloads as a user of its own
  (cd "$at" && apt-get download -qq "$1") && mkdir -p "$unpacked" && dpkg -x "$at"/*.deb "$unpacked"
  rm -rf "$at"
}

wanted=$(missing)
[ -n "$wanted" ] || exit 0

if may_install; then
  log=$(mktemp)
  SECONDS=0
  echo "Installing Debian's ${wanted//$'\n'/, } for the tests ..."
  "${as_root[@]}" apt-get update -qq >"$log" 2>&1 || true
  for package in $wanted; do
    if [ "$package" = prometheus ]; then unpack "$package"; else install "$package"; fi >>"$log" 2>&1 || true
  done
  wanted=$(missing)
  if [ -z "$wanted" ]; then
    echo "Installed in $SECONDS s"
    rm -f "$log"
    exit 0
  fi
  grep -E '^E:' "$log" | sort -u || true
  rm -f "$log"
fi
echo "Not on this machine: ${wanted//$'\n'/, }."
echo "The tests that need them are skipped; with EVERY_TEST set they fail."
