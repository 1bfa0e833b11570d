#!/usr/bin/env bash
# Runs all cases of the Autobahn WebSocket test suite, compression included, against the codec (gateway/examples/echo.rs).
#
#   gateway/tests/autobahn/run.sh
#
# Exit codes: 0 all cases passed, 1 some failed or did not run, 2 something else went wrong, 3 no Python 2.7 here.
# PYTHON27 names the interpreter where it is not found by itself; ECHO_SERVER names a built echo server to use instead
# of building one. Reports stay in .cache/autobahn/reports.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
cache=$root/.cache/autobahn
reports=$cache/reports
environment=$cache/environment

readonly EXPECTED_CASES=517
readonly PROGRESS_EVERY_SECONDS=15
readonly LIMIT_SECONDS=3600
# Each group is a client of its own; together they use two cores, and take about the same time.
readonly GROUPS_OF_CASES=(
  '"1.*","2.*","3.*","4.*","5.*","6.*","7.*","9.*","10.*","12.2.*","12.3.*"'
  '"12.1.*","12.4.*","12.5.*","13.1.*"'
  '"13.2.*","13.3.*","13.4.*","13.5.*","13.6.*","13.7.*"'
)

say() { echo "autobahn: $*"; }
die() { say "$*" >&2; exit 2; }

is_python27() { "$1" -c 'import sys; sys.exit(sys.version_info[:2] != (2, 7))' >/dev/null 2>&1; }

# The interpreter itself, not a shim that stands before it.
find_python27() {
  local candidate
  for candidate in "${PYTHON27:-}" python2.7 python2 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/2.7*/bin/python2.7; do
    if [[ -n $candidate ]] && is_python27 "$candidate"; then
      "$candidate" -c 'import sys; print(sys.executable)'
      return
    fi
  done
  return 1
}

# Makes the virtual environment, or keeps one that was completed with the same requirements.
prepare_environment() {
  local python27=$1 log=$cache/environment.log
  if cmp -s "$here/requirements.txt" "$environment/complete"; then return; fi
  say "installing the suite into $environment (log: $log)"
  rm -rf "$environment" "$cache/virtualenv"
  {
    python3 -m venv "$cache/virtualenv"
    # The last line of virtualenv that makes environments for Python 2.7.
    "$cache/virtualenv/bin/pip" install --disable-pip-version-check 'virtualenv==20.21.1'
    "$cache/virtualenv/bin/virtualenv" --python "$python27" "$environment"
    "$environment/bin/pip" install --disable-pip-version-check --no-deps -r "$here/requirements.txt"
  } >"$log" 2>&1 || { tail -n 20 "$log" >&2; die "the suite could not be installed"; }
  cp "$here/requirements.txt" "$environment/complete"
}

build_server() {
  if [[ -n ${ECHO_SERVER:-} ]]; then echo "$ECHO_SERVER"; return; fi
  say "building the echo server" >&2
  (cd "$root" && cargo build --release --quiet -p gateway --example echo) >&2 || return
  echo "${CARGO_TARGET_DIR:-$root/target}/release/examples/echo"
}

processes=()
stop_processes() {
  local process
  for process in "${processes[@]}"; do kill "$process" 2>/dev/null || true; done
  wait 2>/dev/null || true
}
trap stop_processes EXIT

# Starts the server on a free port; sets `address`.
start_server() {
  local log=$cache/server.log
  # It is there before the first look at it, however late the server starts.
  : >"$log"
  "$1" 127.0.0.1:0 >"$log" 2>"$cache/server.errors" &
  processes+=($!)
  local attempt
  for attempt in {1..100}; do
    address=$(sed -n '1s/^listening on //p' "$log")
    if [[ -n $address ]]; then return; fi
    kill -0 "${processes[-1]}" 2>/dev/null || break
    sleep 0.1
  done
  cat "$cache/server.errors" >&2
  die "the echo server did not start (attempt $attempt)"
}

start_group() {
  local number=$1 cases=$2
  mkdir -p "$reports/$number"
  cat >"$reports/$number/config.json" <<CONFIG
{"outdir": "$reports/$number",
 "servers": [{"agent": "plenum", "url": "ws://$address"}],
 "cases": [$cases], "exclude-cases": [], "exclude-agent-cases": {}}
CONFIG
  (cd "$reports/$number" && exec "$environment/bin/wstest" -m fuzzingclient -s config.json >wstest.log 2>&1) &
  processes+=($!)
}

cases_begun() { cat "$reports"/*/wstest.log 2>/dev/null | grep -c '^Running test case' || true; }

# Waits for the given clients, saying how far they are.
await_clients() {
  local started=$SECONDS said=$SECONDS client running=1
  while ((running)); do
    running=0
    for client in "$@"; do
      if kill -0 "$client" 2>/dev/null; then running=1; fi
    done
    if ((SECONDS - said >= PROGRESS_EVERY_SECONDS)); then
      say "$(cases_begun) of $EXPECTED_CASES cases begun after $((SECONDS - started)) s"
      said=$SECONDS
    fi
    if ((SECONDS - started > LIMIT_SECONDS)); then die "not done after $LIMIT_SECONDS s"; fi
    if ((running)); then sleep 1; fi
  done
}

main() {
  local python27 server number
  if ! python27=$(find_python27); then
    say "no Python 2.7 on this machine (set PYTHON27 to one), so the suite was not run"
    exit 3
  fi
  mkdir -p "$cache"
  prepare_environment "$python27"
  server=$(build_server) || die "the echo server could not be built"
  rm -rf "$reports"
  start_server "$server"
  say "running against $address with $python27"
  for number in "${!GROUPS_OF_CASES[@]}"; do
    start_group "$number" "${GROUPS_OF_CASES[$number]}"
  done
  await_clients "${processes[@]:1}"
  local indexes=("$reports"/*/index.json)
  [[ ${#indexes[@]} -eq ${#GROUPS_OF_CASES[@]} ]] || {
    tail -n 5 "$reports"/*/wstest.log >&2
    die "a client ended without a report"
  }
  "$environment/bin/python" "$here/report.py" "$EXPECTED_CASES" "${indexes[@]}"
}

main "$@"
