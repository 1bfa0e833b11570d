#!/usr/bin/env bash
# Builds everything that is measured, and measures it: `make bench` calls it.
#
# Arguments go to plenum-bench: names of rows, --list, --short, --out FILE. Without --out the result goes into
# docs/performance.md when all rows were measured in full. TMPDIR says which disk is measured; the data of the CQL server that the
# rows named …-cql start (scripts/cql.sh) is in target/cql. With SCYLLA_URI set that server is measured, and the keyspaces stay there.
set -euo pipefail
cd "$(dirname "$0")/.."

folder="${CARGO_TARGET_DIR:-$PWD/target}/release"

# One after the other: features of one build must not change what another one builds.
cargo build --release --locked -p gateway --bin plenum
cargo build --release --locked -p loadtest --bins
cargo build --release --locked -p storage --features sqlite,scylla,dump,generator --example measure

# A phone is a descriptor in the server and one in the simulator.
ulimit -n "$(ulimit -Hn)"

if [[ $# -eq 0 ]]; then set -- --out docs/performance.md; fi
exec "$folder/plenum-bench" "$@"
