#!/usr/bin/env bash
# Runs the stories of gateway/tests/sdk with the real SDKs: run.sh js|python [further arguments of the test runner].
#
# PLENUM_BIN names the program under test; by default target/debug/plenum, which must have been built.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
root="$(cd "$here/../../.." && pwd)"
export PLENUM_BIN="${PLENUM_BIN:-${CARGO_TARGET_DIR:-$root/target}/debug/plenum}"

if [[ ! -x "$PLENUM_BIN" ]]; then
  echo "$PLENUM_BIN is not there: cargo build -p gateway --bin plenum" >&2
  exit 1
fi

# Sockets of a few hundred phones, and both ends of each in the proxy.
ulimit -n "$(ulimit -Hn)" || true

suite="${1:-}"
shift || true
case "$suite" in
  js)
    cd "$here/js"
    if [[ ! -d node_modules || package-lock.json -nt node_modules/.installed ]]; then
      echo "npm ci: the packages of package-lock.json"
      npm ci --ignore-scripts --no-audit --no-fund
      touch node_modules/.installed
    fi
    if [[ $# -eq 0 ]]; then set -- stories/*.test.js; fi
    # One file at a time: the files start nodes of their own, and two cores carry one such story at a time.
    exec timeout --kill-after=10 1500 node --test --test-concurrency=1 --test-force-exit --test-timeout=600000 --test-reporter=spec "$@"
    ;;
  python)
    cd "$here/python"
    venv="$root/.cache/venv"
    if [[ ! -f "$venv/.installed" || requirements.txt -nt "$venv/.installed" ]]; then
      echo "pip install: the packages of requirements.txt"
      python3 -m venv "$venv"
      "$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes --requirement requirements.txt
      touch "$venv/.installed"
    fi
    exec "$venv/bin/python" -m pytest -p no:cacheprovider "$@"
    ;;
  *)
    echo "usage: run.sh js|python" >&2
    exit 2
    ;;
esac
