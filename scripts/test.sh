#!/usr/bin/env bash
# Everything that is checked about Plenum, step by step; `make test` calls it, and so does .ci/run.
#
# All steps run, also after one failed; the last line is the total, and the exit code says whether all was well.
# REQUIRE_AUTOBAHN=1: a machine without Python 2.7 is a failure instead of a note.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/steps.sh

note=""

# start_cql_server : SCYLLA_URI for the steps after it. A server of this run's own, on addresses that nothing uses, so that it is empty
# and disturbs nobody; removed at the end, also of a run that is interrupted.
start_cql_server() {
  if [[ -n "${SCYLLA_URI:-}" ]]; then
    step "CQL server" scripts/cql.sh start; keep
    return
  fi
  CQL_BASE="$(scripts/cql.sh free)"
  export CQL_BASE
  trap 'env -u SCYLLA_URI scripts/cql.sh wipe >/dev/null' EXIT
  scripts/cql.sh wipe >/dev/null
  step "CQL server" scripts/cql.sh start; keep
  if [[ "$STEPS_LAST_CODE" -eq 0 ]]; then SCYLLA_URI="$(scripts/cql.sh uri)"; export SCYLLA_URI; fi
}

step "what this run needs" scripts/prerequisites.sh; keep
if [[ "$STEPS_LAST_CODE" -ne 0 ]]; then summary; exit 1; fi

step "the page" scripts/page.sh; keep
step "the page: types, lint, format" scripts/page.sh check; keep
step "the page: unit tests" scripts/page.sh test; keep
step "format" cargo fmt --all --check; keep
step "clippy" cargo clippy --workspace --all-targets --all-features --locked -- -D warnings; keep
step "dependency direction" scripts/check-dependencies.sh; keep
step "licences, sources, advisories" scripts/deny.sh; keep
step "paths in the documents" scripts/check-docs.sh; keep
start_cql_server
step "cargo test" cargo test --workspace --all-features --locked --no-fail-fast; keep
step "plenum and the echo server" cargo build --locked -p gateway --bin plenum --example echo; keep
step "SDK tests, JavaScript" gateway/tests/sdk/run.sh js; keep
step "SDK tests, Python" gateway/tests/sdk/run.sh python; keep
step "the page in Chromium" gateway/tests/browser/run.sh; keep

# The echo server of `cargo test` above: no second build of everything for the release profile.
step "WebSocket conformance (Autobahn)" env ECHO_SERVER="${CARGO_TARGET_DIR:-$PWD/target}/debug/examples/echo" \
  gateway/tests/autobahn/run.sh
if [[ "$STEPS_LAST_CODE" -eq 3 && -z "${REQUIRE_AUTOBAHN:-}" ]]; then
  leave_out
  note="NOT RUN: the WebSocket conformance cases need Python 2.7. With it installed: make autobahn"
else
  keep
fi

summary "$note"
