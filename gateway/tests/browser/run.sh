#!/usr/bin/env bash
# Runs the stories of gateway/tests/browser: the page of a real node in a real Chromium. run.sh [further arguments of the test runner].
# run.sh --screenshots takes the pictures of docs/screenshots instead.
#
# PLENUM_BIN names the program under test; by default target/debug/plenum, which must have been built after the page
# (scripts/page.sh). CHROMIUM names the browser; by default Debian's.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
root="$(cd "$here/../../.." && pwd)"
export PLENUM_BIN="${PLENUM_BIN:-${CARGO_TARGET_DIR:-$root/target}/debug/plenum}"
export CHROMIUM="${CHROMIUM:-/usr/bin/chromium}"

for program in "$PLENUM_BIN" "$CHROMIUM"; do
  if [[ ! -x "$program" ]]; then
    echo "$program is not there: cargo build -p gateway --bin plenum; scripts/prerequisites.sh" >&2
    exit 1
  fi
done

cd "$here"
if [[ ! -d node_modules || package-lock.json -nt node_modules/.installed ]]; then
  echo "npm ci: the packages of package-lock.json"
  npm ci --ignore-scripts --no-audit --no-fund
  touch node_modules/.installed
fi
if [[ "${1:-}" == --screenshots ]]; then exec timeout --kill-after=10 300 node screenshots/take.js; fi
if [[ $# -eq 0 ]]; then set -- stories/*.test.js; fi
# One file at a time: each has a node and a browser of its own, and two cores carry one such story at a time.
exec timeout --kill-after=10 900 node --test --test-concurrency=1 --test-force-exit --test-timeout=180000 --test-reporter=spec "$@"
